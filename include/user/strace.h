/*
 * -strace: one line per system call, "PID name(arguments) = result"; two when
 * it sleeps, "PID name(arguments <unfinished ...>" and then
 * "PID <... name resumed>) = result".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_STRACE_H
#define USER_STRACE_H

#include "qemu/osdep.h"
#include <signal.h>

struct SyscallDesc;

/* One call on its way; lives on the stack of do_syscall(). */
typedef struct Strace {
    size_t len;
    unsigned done;          /* arguments printed so far */
    bool shown;             /* the line was written before the call */
    bool unfinished;        /* its first half was: the call sleeps */
    char text[4000];
} Strace;

/*
 * Around the call.  @d is NULL for an unknown number.  What the kernel reads
 * is printed before the call, what it writes after it.
 */
void strace_enter(Strace *st, const struct SyscallDesc *d, int num,
                  const uint64_t *a);
void strace_leave(Strace *st, const struct SyscallDesc *d, const uint64_t *a,
                  int64_t ret);

/* A signal is delivered: "--- SIGUSR1 {si_signo=SIGUSR1, ...} ---". */
void strace_signal(int sig, const siginfo_t *info);

#endif
