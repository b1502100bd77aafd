/*
 * The guest process as others see it in /proc.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_PROCFS_H
#define USER_PROCFS_H

#include "qemu/osdep.h"

/*
 * Tell the host kernel the program's name and where its arguments,
 * environment, code and stack are, so that /proc/PID/comm, cmdline, environ
 * and stat show the guest to every process (ps, pgrep, a parent).  Once, when
 * guest_image is complete; kernels that refuse leave the emulator's own there.
 */
void procfs_publish(void);

/*
 * Let other emulated processes find the guest's program, see procfs-exe.c;
 * part of procfs_publish().
 */
void proc_exe_publish(void);

/*
 * If @path is /proc/PID/exe (or PID/task/TID/exe) of an emulated process, the
 * host path of the program it runs, in @buf.
 */
bool proc_exe_other(const char *path, char buf[PATH_MAX]);

#endif
