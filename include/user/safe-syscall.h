/*
 * Blocking system calls that no signal can slip past.
 *
 * A signal may arrive after the emulator looked for pending work and before
 * the host kernel starts to wait.  safe_syscall() closes that window: the
 * check and the system call instruction are one short assembly sequence, and
 * the host signal handler moves a thread that is inside the sequence to its
 * exit with -QEMU_ERESTARTSYS.  Host handlers are installed with SA_RESTART,
 * so a call the kernel would restart is seen at its system call instruction
 * (inside the sequence) and reported as restartable, while a call that is
 * never restarted returns -EINTR by itself.
 *
 * Use it for every call that may block; never retry on -QEMU_ERESTARTSYS,
 * return it to the CPU loop.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_SAFE_SYSCALL_H
#define USER_SAFE_SYSCALL_H

#include "qemu/osdep.h"

/*
 * Results a system call may hand to the CPU loop beside -errno.  They are
 * outside the range of errno values and never reach the guest.
 */
#define QEMU_ERESTARTSYS 512    /* deliver signals, then restart or -EINTR */
#define QEMU_ESIGRETURN  513    /* registers are set, leave them alone */
#define QEMU_ERESTARTNOINTR 514 /* deliver signals, then restart, always */
#define QEMU_ERESTARTNOHAND 515 /* -EINTR if a handler ran, else restart */

/*
 * The host system call @nr with six arguments.  Returns the kernel's result
 * (negative errno), or -QEMU_ERESTARTSYS when a signal is pending for the
 * calling guest thread.  errno is not touched.
 */
long safe_syscall6(long nr, long a1, long a2, long a3, long a4, long a5,
                   long a6);

/* safe_syscall(nr, up to six arguments): missing ones are zero. */
#define safe_syscall(...) \
    SAFE_SYSCALL_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SAFE_SYSCALL_PICK(n, a, b, c, d, e, f, ...)                         \
    safe_syscall6((long)(n), (long)(a), (long)(b), (long)(c), (long)(d),    \
                  (long)(e), (long)(f))

/*
 * A host system call that does not block: like syscall(2), but the result is
 * the kernel's (negative errno) and errno is not touched.
 */
long raw_syscall6(long nr, long a1, long a2, long a3, long a4, long a5,
                  long a6);
#define raw_syscall(...) \
    RAW_SYSCALL_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define RAW_SYSCALL_PICK(n, a, b, c, d, e, f, ...)                          \
    raw_syscall6((long)(n), (long)(a), (long)(b), (long)(c), (long)(d),     \
                 (long)(e), (long)(f))

#endif
