/*
 * Guest signals, as other parts of linux-user use them.
 *
 * Signal numbers, sigset bits and siginfo layouts are the same on x86-64 and
 * on every host that is supported, so no conversion happens anywhere.  The
 * host signal mask of a guest thread is its guest mask without the five
 * signals the emulator itself needs (SIGSEGV SIGBUS SIGFPE SIGILL SIGTRAP),
 * and the host kernel keeps the queue; see linux-user/signal.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_SIGNAL_H
#define USER_SIGNAL_H

#include "qemu/osdep.h"
#include "user/task.h"
#include "user/safe-syscall.h"

#define GUEST_NSIG 64
#define SIGMASK(sig) (1ull << ((sig) - 1))

/* struct sigaction as the x86-64 kernel takes it. */
typedef struct GuestSigAction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
} GuestSigAction;

#define GUEST_SIG_DFL 0
#define GUEST_SIG_IGN 1
#define GUEST_SA_NOCLDSTOP 0x00000001u
#define GUEST_SA_NOCLDWAIT 0x00000002u
#define GUEST_SA_SIGINFO   0x00000004u
#define GUEST_SA_RESTORER  0x04000000u
#define GUEST_SA_ONSTACK   0x08000000u
#define GUEST_SA_RESTART   0x10000000u
#define GUEST_SA_NODEFER   0x40000000u
#define GUEST_SA_RESETHAND 0x80000000u

/* Take over the host's signals: once, from main(), after task_init_main(). */
void signal_init(void);

/*
 * Deliver what is pending: build frames, stop, or die.  The CPU loop calls it
 * whenever signal_pending is set and the CPU state is exact.
 */
void signal_deliver_pending(CPUArchState *env);

/*
 * Raise a signal the calling thread cannot escape, as the kernel's
 * force_sig_fault() does: blocked or ignored means fatal.  Delivered by the
 * CPU loop before the next guest instruction.
 */
void signal_force_fault(CPUArchState *env, int sig, int code, uint64_t addr);
/* The same with a complete siginfo (SIGSYS from a seccomp filter ...). */
void signal_force_info(CPUArchState *env, int sig, const siginfo_t *info);

/*
 * System calls that take a temporary signal mask (ppoll, pselect6,
 * epoll_pwait, sigsuspend):
 *
 *     host_mask = signal_suspend_begin(env, guest_mask);
 *     ret = safe_syscall(__NR_ppoll, ..., &host_mask, 8);
 *     signal_suspend_end(env, ret);
 *
 * When a signal ended the call, its handler runs with the temporary mask and
 * returns to the old one, as in the kernel.
 */
uint64_t signal_suspend_begin(CPUArchState *env, uint64_t guest_mask);
void signal_suspend_end(CPUArchState *env, long ret);

/*
 * Keep every asynchronous signal out of a short critical section of the
 * calling thread (fork, thread creation).  The pairs do not nest.
 */
void signal_block_all(void);
void signal_unblock_all(void);

/* Set the guest mask of the calling thread; the host mask follows. */
void signal_set_blocked(TaskState *ts, uint64_t mask);

/* Signals that are pending for the calling thread, for /proc and ptrace. */
uint64_t signal_pending_set(TaskState *ts);
/* Masks as /proc/PID/status prints them: SigIgn and SigCgt. */
void signal_ignored_caught(TaskState *ts, uint64_t *ignored, uint64_t *caught);

/* End the process by @sig: message, guest core file, raised on ourselves. */
void signal_die(CPUArchState *env, int sig, const siginfo_t *info)
    QEMU_NORETURN;

#endif
