/*
 * Classic BPF as seccomp uses it: check and run a program.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSCALL_BPF_H
#define SYSCALL_BPF_H

#include "qemu/osdep.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

/* Would the kernel accept these @len (at least 1) instructions? */
bool bpf_valid(const struct sock_filter *f, unsigned len);

/* Run a valid program; its result is an action, SECCOMP_RET_*. */
uint32_t bpf_run(const struct sock_filter *f,
                 const struct seccomp_data *data);

#endif
