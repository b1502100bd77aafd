/*
 * A guest thread: what linux-user knows about it beside its registers.
 *
 * One TaskState belongs to one host thread and is reachable from its CPU
 * (env->common.task) and from task_current().  Only the owning thread touches
 * it, except where a field says otherwise.  Guest thread ids are host thread
 * ids.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_TASK_H
#define USER_TASK_H

#include "qemu/osdep.h"
#include "target/i386/cpu.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

struct SigHand;             /* signal actions of a process, signal.h */

/* A signal on its way to the guest.  siginfo has one layout on all hosts. */
typedef struct PendingSignal {
    int sig;                /* 0 = empty */
    siginfo_t info;
} PendingSignal;

typedef struct TaskState {
    CPUArchState *env;
    struct TaskState *next, **pprev;    /* all tasks; task_list_lock() */
    pid_t tid;
    pid_t tgid;             /* differs from the list head's for CLONE_VM
                               children that are processes of their own */
    bool leader;            /* the first thread of its process */
    bool shares_vm;         /* a process in its creator's memory (vfork) */

    /*
     * Signals; see linux-user/signal.c.  signal_pending is written by the
     * host signal handler of this thread and read by safe_syscall().
     */
    _Atomic int signal_pending;
    struct SigHand *sighand;
    uint64_t blocked;           /* guest mask: bit n-1 is signal n */
    uint64_t suspend_mask;      /* mask of a running sigsuspend, ppoll ... */
    bool suspended;             /* suspend_mask is in force */
    int restart_kind;           /* QEMU_ERESTART* of the last call, or 0 */
    uint64_t restart_nr;        /* its number */
    int host_fault_sig;         /* host signal of the last host fault */
    bool host_blocked;          /* host mask blocks everything right now */
    PendingSignal async;        /* the one the host handler took */
    PendingSignal sync;         /* fault of this thread, comes first */
    PendingSignal local[5];     /* SEGV BUS FPE ILL TRAP sent by kill() and
                                   blocked: the host cannot block them */
    uint64_t altstack_sp, altstack_size;
    int altstack_flags;
    /* The last fault, as signal frames report it. */
    uint64_t trap_nr, trap_err, trap_cr2;

    /* Threads. */
    uint64_t clear_child_tid;   /* guest address or 0 */
    uint64_t robust_list;       /* guest address or 0 */
    sigjmp_buf exit_jmp;        /* where a thread ends, stack unwound */
    uint64_t stack_top;         /* initial stack pointer, for /proc */
    char comm[16];              /* PR_SET_NAME, as the guest set it */
    void *exec_scratch[3];  /* what an execve() in progress allocated */
    void *ptrace;               /* linux-user/ptrace.c, or NULL */
    void *syscall_private;      /* linux-user/syscall, or NULL */
} TaskState;

static inline TaskState *task_of(const CPUArchState *env)
{
    return env->common.task;
}

/* The task of the calling thread, NULL on threads that run no guest. */
TaskState *task_current(void);

/*
 * Make the calling thread the main guest thread, running @env (created by
 * cpu_create()).  Once, before signal_init().  Never fails.
 */
TaskState *task_init_main(CPUArchState *env);

/*
 * The list of all tasks.  The lock is recursive and nests inside the mmap
 * lock; do not block with it held.
 */
void task_list_lock(void);
void task_list_unlock(void);
TaskState *task_list_first(void);           /* lock held */
/* Task with host thread id @tid or NULL; lock held. */
TaskState *task_find(pid_t tid);
/* Number of guest threads in the calling process. */
unsigned task_count(void);

/* True when @host_tid is a helper thread the guest must not see. */
bool task_is_hidden(pid_t host_tid);

#endif
