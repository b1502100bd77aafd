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

#endif
