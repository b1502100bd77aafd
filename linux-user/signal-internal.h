/*
 * What the parts of the signal code share: actions, delivery, frames.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_SIGNAL_INTERNAL_H
#define LINUX_USER_SIGNAL_INTERNAL_H

#include "user/signal.h"

/* The signals that faults of generated code raise on the host. */
#define SYNC_SIGNALS (SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGFPE) | \
                      SIGMASK(SIGILL) | SIGMASK(SIGTRAP))
#define UNBLOCKABLE  (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

/*
 * The signal actions of a process; shared by its threads.  @lock protects the
 * rest and is held for a few instructions and host rt_sigaction calls only.
 */
typedef struct SigHand {
    _Atomic unsigned refs;
    pthread_mutex_t lock;
    GuestSigAction act[GUEST_NSIG + 1];
} SigHand;

SigHand *sighand_get(SigHand *sh);
SigHand *sighand_copy(SigHand *sh);
void sighand_put(SigHand *sh);

/* Make the host's action for @sig match act[sig]; lock held. */
int sighand_install(SigHand *sh, int sig);

/*
 * After a fork the child keeps actions and masks but no pending signal.
 */
void signal_fork_child(TaskState *ts);

/*
 * Host libc keeps signals 32 and 33 for itself when it creates its first thread:
 * take them back.  It lets them through for a moment, and ignored ones are
 * dropped when an action is set: @waiting are those that were pending before,
 * which are sent again.
 */
uint64_t signal_reserved_pending(void);
void signal_reclaim_reserved(uint64_t waiting);

/* Index of one of SYNC_SIGNALS in TaskState.local. */
int signal_local_index(int sig);

/* True when a fatal signal of this number leaves a core. */
bool signal_dumps_core(int sig);

/*
 * Enter the guest handler @act for @sig: write the frame, set the registers.
 * @old_mask goes into the frame.  False if the stack is not writable.
 */
bool signal_frame_setup(CPUArchState *env, int sig, const siginfo_t *info,
                        const GuestSigAction *act, uint64_t old_mask);

/*
 * rt_sigreturn: registers from the frame at the stack pointer, the mask into
 * *mask.  False when the frame is not readable or not acceptable.
 */
bool signal_frame_restore(CPUArchState *env, uint64_t *mask);

/* sigaltstack() with @sp as the stack pointer of the caller. */
typedef struct GuestStackT {
    uint64_t sp;
    int32_t flags;
    int32_t pad;
    uint64_t size;
} GuestStackT;
#define GUEST_SS_ONSTACK    1
#define GUEST_SS_DISABLE    2
#define GUEST_SS_AUTODISARM (1u << 31)
int altstack_set(TaskState *ts, const GuestStackT *ss, uint64_t sp);
/* SS_ONSTACK, SS_DISABLE or 0 for a thread whose stack pointer is @sp. */
int altstack_state(const TaskState *ts, uint64_t sp);

#endif
