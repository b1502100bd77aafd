/*
 * Guest path names: the -L prefix and the guest's own program.
 *
 * Thread-safe: everything here is fixed after start-up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_PATH_H
#define USER_PATH_H

#include "qemu/osdep.h"

/*
 * Directory that stands for the guest's root (option -L), without trailing
 * slash, or NULL.  Absolute guest paths that exist below it are taken from
 * there, except those in /proc, /sys, /dev, /tmp and /run.
 */
const char *path_prefix(void);

/*
 * Host path for guest path @path, for calls that read.  Returns @path itself
 * or a string in @buf (PATH_MAX bytes).  Absolute symbolic links are followed
 * inside the prefix; the last component is not followed when @nofollow.
 */
const char *path_to_host(const char *path, char *buf, bool nofollow);

/* What readlink("/proc/self/exe") shows the guest, and where that file is on
 * the host. */
const char *path_exe(void);
const char *path_exe_host(void);
/* How the guest calls the program at host path @exe: part of @exe. */
const char *path_exe_shown(const char *exe);

/*
 * True if @path names the guest's own program through /proc (self/exe,
 * thread-self/exe, own pid): open path_exe_host() instead.
 */
bool path_is_proc_self_exe(const char *path);

/*
 * If @path is below /proc/self, /proc/thread-self or /proc/<own pid>, the rest
 * of it ("exe", "task/12/stat", ...); else NULL.
 */
const char *path_proc_self(const char *path);

#endif
