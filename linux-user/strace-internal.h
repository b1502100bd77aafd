/*
 * Shared by the parts of -strace: an output line, and the printers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef STRACE_INTERNAL_H
#define STRACE_INTERNAL_H

#include "syscall/internal.h"
#include "user/strace.h"

/* Append to the line; what does not fit is dropped. */
void st_printf(Strace *st, const char *fmt, ...) QEMU_PRINTF(2, 3);
void st_putc(Strace *st, char c);
/* @len bytes at guest address @addr as a C string, at most 32 of them. */
void st_bytes(Strace *st, uint64_t addr, uint64_t len);
/* A NUL-terminated guest string. */
void st_string(Strace *st, uint64_t addr);

/* Numbers with names. */
typedef struct StraceName {
    uint64_t value;
    const char *name;
} StraceName;

typedef struct StraceNames {
    const StraceName *names;
    unsigned count;
    bool flags;             /* bits to be joined with |, else one value */
    const char *zero;       /* how 0 prints when no name has it */
} StraceNames;

/* Names for an argument kind, or NULL. */
const StraceNames *strace_names(int kind);
extern const StraceNames strace_sa_flags, strace_poll_events;
extern const StraceNames strace_epoll_events;
/* Names of si_code values of the kind of @code. */
const StraceNames *strace_signal_codes(int sig, int code);
void st_named(Strace *st, const StraceNames *names, uint64_t value);
const char *strace_errno_name(int err);
const char *strace_signal_name(int sig);
void st_ioctl(Strace *st, uint32_t request);
void st_sockopt(Strace *st, int level, int option);
void st_mode(Strace *st, uint32_t mode);

/*
 * Print a structure of @kind at guest address @addr; @a are the arguments and
 * @ret the result (0 before the call).  False if the kind is none of these.
 */
bool st_struct(Strace *st, const SyscallArg *arg, uint64_t addr,
               const uint64_t *a, int64_t ret);
void st_sigset(Strace *st, uint64_t set);
void st_siginfo(Strace *st, const siginfo_t *info);

#endif
