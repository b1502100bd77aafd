/*
 * New guest threads and processes.
 *
 *  - CLONE_VM | CLONE_THREAD: a host thread.
 *  - No CLONE_VM: a host fork.
 *  - CLONE_VM without CLONE_THREAD (vfork among them): a host process that
 *    shares our memory, with a CPU and a host stack of its own.  It must not
 *    share the thread-local storage of the host libc with its creator, so a
 *    helper thread, the donor, is created first; the child runs with the
 *    donor's thread pointer while the donor sleeps in the kernel, and the
 *    donor cleans up when the child has exited or executed a program.  The
 *    creator itself makes the child, so that parent-death signals and vfork
 *    waiting are the kernel's own.  After a vfork it waits for the end of the
 *    donor: the kernel refuses some calls to processes with several threads.
 *
 * Locking: signals are blocked from the first allocation to the moment both
 * sides are consistent.  A fork takes every lock of the emulator, in the order
 * registered rooms (mmap), tasks, actions, engine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "signal-internal.h"
#include "task-internal.h"
#include "host-signal.h"
#include "exec/engine.h"
#include "kzt/kzt.h"
#include "kzt/thread.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "user/process.h"
#include "user/syscall.h"
#include "user/uaccess.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Room for system call handlers and translation; touched pages only. */
#define THREAD_STACK_SIZE (512 * 1024)
/* The same with libraries of the host: what their authors are used to. */
#define NATIVE_STACK_SIZE (8 * 1024 * 1024)

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#endif

#define CLONE_NEW_ANY (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |       \
                       CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
                       CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */)

/* Flags a plain fork() can give the guest. */
#define FORK_FLAGS (CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |              \
                    CLONE_CHILD_CLEARTID | CLONE_SETTLS | CLONE_PIDFD |     \
                    CLONE_CLEAR_SIGHAND)

/* struct clone_args, and what we remember beside it. */
typedef struct CloneArgs {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
    uint64_t stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
    bool extra;             /* only the host's clone3 can do this */
} CloneArgs;

#define CLONE_ARGS_MIN_SIZE    64
#define CLONE_ARGS_KERNEL_SIZE offsetof(CloneArgs, extra)

static void futex_wait_word(_Atomic int *word, int while_value)
{
    while (atomic_load(word) == while_value) {
        raw_syscall(__NR_futex, word, FUTEX_WAIT, while_value, NULL);
    }
}

static void futex_set_word(_Atomic int *word, int value)
{
    atomic_store(word, value);
    raw_syscall(__NR_futex, word, FUTEX_WAKE, INT_MAX);
}

/*
 * Tasks.
 */

/* CPU and task for a child of @parent, with the registers clone() gives it. */
static TaskState *task_new(TaskState *parent, const CloneArgs *c)
{
    TaskState *ts = calloc(1, sizeof(*ts));
    CPUArchState *env = ts ? cpu_create(parent->env) : NULL;

    if (!env) {
        free(ts);
        return NULL;
    }
    ts->env = env;
    env->common.task = ts;
    env->random_state = qemu_random_step(&parent->env->random_state);
    env->regs[R_EAX] = 0;
    if (c->stack) {
        env->regs[R_ESP] = c->stack;
    }
    if (c->flags & CLONE_SETTLS) {
        env->fs_base = c->tls;
    }
    ts->blocked = parent->blocked;
    if ((c->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM) {
        ts->altstack_flags = GUEST_SS_DISABLE;
    } else {
        ts->altstack_sp = parent->altstack_sp;
        ts->altstack_size = parent->altstack_size;
        ts->altstack_flags = parent->altstack_flags;
    }
    ts->trap_nr = parent->trap_nr;
    ts->trap_err = parent->trap_err;
    ts->trap_cr2 = parent->trap_cr2;
    ts->stack_top = c->stack;
    memcpy(ts->comm, parent->comm, sizeof(ts->comm));
    if (c->flags & CLONE_CHILD_CLEARTID) {
        ts->clear_child_tid = c->child_tid;
    }
    if (c->flags & CLONE_SIGHAND) {
        ts->sighand = sighand_get(parent->sighand);
    } else {
        ts->sighand = sighand_copy(parent->sighand);
        if (!ts->sighand) {
            cpu_destroy(env);
            free(ts);
            return NULL;
        }
    }
    return ts;
}

static void task_free(TaskState *ts)
{
    sighand_put(ts->sighand);
    cpu_destroy(ts->env);
    for (unsigned i = 0; i < ARRAY_SIZE(ts->exec_scratch); i++) {
        free(ts->exec_scratch[i]);
    }
    free(ts);
}

/* First steps of a child in its own host thread: identity, list, tid words. */
static void task_start(TaskState *ts, const CloneArgs *c)
{
    task_set_current(ts);
    ts->tid = raw_syscall(__NR_gettid);
    ts->tgid = getpid();
    ts->host_blocked = true;
    ts->signal_pending = 1;
    task_link(ts);
    if (c->flags & CLONE_CHILD_SETTID) {
        put_guest_u32(c->child_tid, ts->tid);
    }
    if (c->flags & CLONE_PARENT_SETTID) {
        put_guest_u32(c->parent_tid, ts->tid);
    }
}

/* CLONE_CLEAR_SIGHAND: handlers do not survive, ignored signals do. */
static void clear_handlers(SigHand *sh)
{
    pthread_mutex_lock(&sh->lock);
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (sh->act[sig].handler > GUEST_SIG_IGN) {
            memset(&sh->act[sig], 0, sizeof(sh->act[sig]));
            sighand_install(sh, sig);
        }
    }
    pthread_mutex_unlock(&sh->lock);
}

/* What the creator gets, and the words it wants filled. */
static int64_t clone_result(const CloneArgs *c, int64_t pid, int pidfd)
{
    if (pid < 0) {
        return pid;
    }
    if (((c->flags & CLONE_PARENT_SETTID) &&
         !put_guest_u32(c->parent_tid, pid)) ||
        ((c->flags & CLONE_PIDFD) && !put_guest_u32(c->pidfd, pidfd))) {
        return -EFAULT;
    }
    return pid;
}

/*
 * Threads.
 */

typedef struct ThreadStart {
    TaskState *ts;
    const CloneArgs *c;
    struct SeccompState *seccomp;
    _Atomic int ready;
    pid_t tid;
} ThreadStart;

/* The guest thread has ended: tell whoever waits for it, last of all. */
static void thread_end(TaskState *ts)
{
    uint64_t word = ts->clear_child_tid;

    task_set_current(NULL);
    task_free(ts);
    if (word && put_guest_u32(word, 0)) {
        raw_syscall(__NR_futex, word, FUTEX_WAKE, 1);
    }
}

static void *thread_main(void *arg)
{
    ThreadStart *start = arg;
    TaskState *ts = start->ts;
    CPUArchState *env = ts->env;
    /* What a thread does not share it gets a copy of. */
    uint64_t unshared = ~start->c->flags &
                        (CLONE_FS | CLONE_FILES | CLONE_SYSVSEM);

    signal_block_all();     /* the libc has let one through */
    task_start(ts, start->c);
    if (unshared) {
        raw_syscall(__NR_unshare, unshared);
    }
    seccomp_inherit(start->seccomp);
    start->tid = ts->tid;
    futex_set_word(&start->ready, 1);
    /* *start belongs to the creator's stack and is gone now. */

    signal_deliver_pending(env);
    cpu_loop(env);
    thread_end(ts);
    return kzt_thread_result();
}

/*
 * A host thread, detached and with a small stack unless native code wants it
 * otherwise.  Returns 0 or an errno.
 */
static int host_thread(void *(*fn)(void *), void *arg)
{
    static _Atomic bool reclaimed;
    const pthread_attr_t *wanted = kzt_thread_attr();
    uint64_t waiting = 0;
    pthread_attr_t attr;
    pthread_t thread;
    int err;

    if (!atomic_load(&reclaimed)) {
        waiting = signal_reserved_pending();
    }
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, kzt_active() ? NATIVE_STACK_SIZE :
                                                    THREAD_STACK_SIZE);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    err = pthread_create(&thread, wanted ? wanted : &attr, fn, arg);
    pthread_attr_destroy(&attr);
    if (!err && !atomic_exchange(&reclaimed, true)) {
        signal_reclaim_reserved(waiting);
    }
    return err;
}

static int64_t clone_thread(TaskState *parent, const CloneArgs *c)
{
    ThreadStart start = { .c = c };
    int err;

    start.ts = task_new(parent, c);
    if (!start.ts) {
        return -ENOMEM;
    }
    start.seccomp = seccomp_current();
    engine_set_parallel();

    signal_block_all();
    err = host_thread(thread_main, &start);
    if (!err) {
        futex_wait_word(&start.ready, 0);
    } else {
        task_free(start.ts);
    }
    signal_unblock_all();
    return err ? -EAGAIN : start.tid;
}

/*
 * Processes that share memory.
 */

typedef struct VmChild {
    TaskState *ts;
    CloneArgs c;
    uintptr_t thread_pointer;   /* the donor's, once ready */
    _Atomic int ready;
    _Atomic int alive;          /* cleared by the kernel (CLEARTID) */
    pid_t donor;
    void *stack;
    struct SeccompState *seccomp;
} VmChild;

static void vm_child_free(VmChild *vc)
{
    if (vc->ts) {
        task_free(vc->ts);
    }
    if (vc->stack) {
        munmap(vc->stack, THREAD_STACK_SIZE);
    }
    free(vc);
}

/*
 * The donor.  Between `ready` and the end of the child it must not touch its
 * thread-local storage: raw system calls only.
 */
static void *donor_main(void *arg)
{
    VmChild *vc = arg;
    pid_t tid = raw_syscall(__NR_gettid);

    signal_block_all();
    task_hide(tid);
    vc->donor = tid;
    vc->thread_pointer = host_thread_pointer();
    futex_set_word(&vc->ready, 1);
    futex_wait_word(&vc->alive, 1);

    task_set_current(NULL);
    if (vc->ts->pprev) {
        task_unlink(vc->ts);
    }
    vm_child_free(vc);
    task_unhide(tid);
    return NULL;
}

static int vm_child_main(void *arg)
{
    VmChild *vc = arg;
    TaskState *ts = vc->ts;

    ts->leader = true;
    ts->shares_vm = true;
    task_start(ts, &vc->c);
    if (vc->c.flags & CLONE_CLEAR_SIGHAND) {
        clear_handlers(ts->sighand);
    }
    seccomp_inherit(vc->seccomp);
    signal_deliver_pending(ts->env);
    cpu_loop(ts->env);
    __builtin_unreachable();
}

/*
 * Does the host kernel share memory when asked to?  Every real one does; an
 * emulated one (qemu-user) makes a plain fork of CLONE_VFORK.  Asked once.
 */
#ifdef __x86_64__
static bool host_shares_vm(void)
{
    return true;
}
#else
static int probe_child(void *arg)
{
    *(volatile int *)arg = 1;
    raw_syscall(__NR_exit, 0);
    return 0;
}

static bool host_shares_vm(void)
{
    static _Atomic int answer;      /* 0 unknown, 1 yes, -1 no */
    char stack[4096] QEMU_ALIGNED(16);
    volatile int word = 0;
    pid_t pid;

    if (!answer) {
        pid = clone(probe_child, stack + sizeof(stack),
                    CLONE_VM | CLONE_VFORK, (void *)&word);
        if (pid > 0) {
            raw_syscall(__NR_wait4, pid, NULL, __WALL, NULL);
        }
        /* The emulated one may refuse what has no signal for its parent. */
        answer = pid > 0 ? (word ? 1 : -1) : errno == EINVAL ? -1 : 1;
    }
    return answer > 0;
}
#endif

static VmChild *vm_child_new(TaskState *parent, const CloneArgs *c)
{
    VmChild *vc = calloc(1, sizeof(*vc));

    if (!vc) {
        return NULL;
    }
    vc->c = *c;
    vc->alive = 1;
    vc->seccomp = seccomp_current();
    vc->ts = task_new(parent, c);
    vc->stack = mmap(NULL, THREAD_STACK_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
                     -1, 0);
    if (vc->stack == MAP_FAILED) {
        vc->stack = NULL;
    }
    if (!vc->ts || !vc->stack) {
        vm_child_free(vc);
        return NULL;
    }
    return vc;
}

/* The child of a vfork is on its own; thread @tid is about to end. */
static void wait_for_donor(pid_t tid)
{
    static const struct timespec pause = { 0, 50000 };
    pid_t pid = getpid();

    for (int i = 0; i < 4000 && raw_syscall(__NR_tgkill, pid, tid, 0) == 0;
         i++) {
        if (i < 100) {
            sched_yield();
        } else {
            nanosleep(&pause, NULL);
        }
    }
}

static int64_t clone_vm_process(TaskState *parent, const CloneArgs *c)
{
    int flags = (c->flags & ~(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                              CLONE_CLEAR_SIGHAND)) | c->exit_signal |
                CLONE_SETTLS | CLONE_CHILD_CLEARTID;
    VmChild *vc = vm_child_new(parent, c);
    pid_t pidfd = -1, pid, donor;

    if (!vc) {
        return -ENOMEM;
    }
    if (!(c->flags & CLONE_VFORK)) {
        engine_set_parallel();
    }

    signal_block_all();
    if (host_thread(donor_main, vc)) {
        vm_child_free(vc);
        signal_unblock_all();
        return -EAGAIN;
    }
    futex_wait_word(&vc->ready, 0);
    donor = vc->donor;
    pid = clone(vm_child_main, (char *)vc->stack + THREAD_STACK_SIZE, flags,
                vc, &pidfd, (void *)vc->thread_pointer, &vc->alive);
    if (pid < 0) {
        pid = -errno;
        futex_set_word(&vc->alive, 0);
    }
    /* From here on *vc belongs to the donor. */
    if (c->flags & CLONE_VFORK) {
        wait_for_donor(donor);
    }
    signal_unblock_all();
    return clone_result(c, pid, pidfd);
}

/*
 * Processes with memory of their own.
 */

#define MAX_ATFORK 8

static struct {
    void (*prepare)(void);
    void (*done)(bool child);
} atfork[MAX_ATFORK];
static unsigned atfork_count;

void process_atfork(void (*prepare)(void), void (*done)(bool child))
{
    assert(atfork_count < MAX_ATFORK);
    atfork[atfork_count].prepare = prepare;
    atfork[atfork_count].done = done;
    atfork_count++;
}

static void fork_prepare(TaskState *ts)
{
    for (unsigned i = atfork_count; i-- > 0;) {
        atfork[i].prepare();
    }
    task_list_lock();
    pthread_mutex_lock(&ts->sighand->lock);
    engine_fork_start();
}

/* In the child: the threads of the parent are not here. */
static void drop_other_task(TaskState *other)
{
    if (other->sighand == task_current()->sighand) {
        other->sighand->refs++;
    }
    task_free(other);
}

static void fork_done(TaskState *ts, bool child)
{
    engine_fork_end(child);
    if (child) {
        ts->sighand->refs = 1;
    }
    pthread_mutex_unlock(&ts->sighand->lock);
    if (child) {
        task_list_keep_only(ts, drop_other_task);
    }
    task_list_unlock();
    for (unsigned i = 0; i < atfork_count; i++) {
        atfork[i].done(child);
    }
}

static void fork_child(TaskState *ts, const CloneArgs *c)
{
    CPUArchState *env = ts->env;

    ts->tid = raw_syscall(__NR_gettid);
    ts->tgid = getpid();
    ts->leader = true;
    ts->shares_vm = false;
    ts->robust_list = 0;
    ts->clear_child_tid = c->flags & CLONE_CHILD_CLEARTID ? c->child_tid : 0;
    signal_fork_child(ts);
    if (c->flags & CLONE_CLEAR_SIGHAND) {
        clear_handlers(ts->sighand);
    }
    if (c->stack) {
        env->regs[R_ESP] = c->stack;
    }
    if (c->flags & CLONE_SETTLS) {
        env->fs_base = c->tls;
    }
    if (c->flags & CLONE_CHILD_SETTID) {
        put_guest_u32(c->child_tid, ts->tid);
    }
}

/*
 * fork() of the host libc when it can do what the guest wants: it keeps the
 * libc's own state right in the child.  Everything else is the kernel's clone.
 */
static int64_t host_fork(const CloneArgs *c, pid_t *pidfd)
{
    pid_t pid;

    if (!(c->flags & ~(uint64_t)FORK_FLAGS) && c->exit_signal == SIGCHLD &&
        !c->extra) {
        pid = fork();
        if (pid > 0 && (c->flags & CLONE_PIDFD)) {
            *pidfd = raw_syscall(__NR_pidfd_open, pid, 0);
        }
        return pid < 0 ? -errno : pid;
    }
    if (c->extra) {
        CloneArgs host = *c;

        host.flags &= ~(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                        CLONE_CHILD_CLEARTID | CLONE_SETTLS);
        host.pidfd = (uintptr_t)pidfd;
        host.stack = host.stack_size = host.tls = 0;
        host.parent_tid = host.child_tid = 0;
        return raw_syscall(__NR_clone3, &host, CLONE_ARGS_KERNEL_SIZE);
    }
    return raw_syscall(__NR_clone,
                       (c->flags & ~(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                                     CLONE_CHILD_CLEARTID | CLONE_SETTLS |
                                     CLONE_CLEAR_SIGHAND)) | c->exit_signal,
                       0, pidfd, 0, 0);
}

static int64_t clone_fork(TaskState *ts, const CloneArgs *c)
{
    uint64_t random = qemu_random_step(&ts->env->random_state);
    pid_t pidfd = -1;
    int64_t pid;

    signal_block_all();
    fork_prepare(ts);
    pid = host_fork(c, &pidfd);
    fork_done(ts, pid == 0);
    if (pid == 0) {
        ts->env->random_state = random;
        fork_child(ts, c);
    }
    signal_unblock_all();
    return pid == 0 ? 0 : clone_result(c, pid, pidfd);
}

/*
 * vfork on a host that cannot share memory: a fork, and the creator waits
 * until the child has executed a program or ended, which closes a pipe.
 */
static int64_t clone_fake_vfork(TaskState *ts, const CloneArgs *c)
{
    CloneArgs plain = *c;
    int64_t pid;
    int fd[2];
    char byte;

    plain.flags &= FORK_FLAGS;
    if (pipe2(fd, O_CLOEXEC) < 0) {
        return clone_fork(ts, &plain);
    }
    fd[1] = fd_make_private(fd[1]);
    pid = clone_fork(ts, &plain);
    if (pid == 0) {
        close(fd[0]);
        return 0;
    }
    fd_forget_private(fd[1]);
    close(fd[1]);
    while (pid > 0 && raw_syscall(__NR_read, fd[0], &byte, 1) == -EINTR) {
    }
    close(fd[0]);
    return pid;
}

/*
 * The system calls.
 */

/* What the kernel refuses before it does anything. */
static int clone_check(const CloneArgs *c)
{
    uint64_t f = c->flags;

    if (((f & CLONE_SIGHAND) && !(f & CLONE_VM)) ||
        ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND)) ||
        ((f & CLONE_FS) && (f & (CLONE_NEWNS | CLONE_NEWUSER))) ||
        ((f & CLONE_SIGHAND) && (f & CLONE_CLEAR_SIGHAND)) ||
        ((f & (CLONE_THREAD | CLONE_PARENT)) &&
         (f & (CLONE_NEWUSER | CLONE_NEWPID))) ||
        ((f & CLONE_PIDFD) && (f & CLONE_DETACHED)) ||
        c->exit_signal > GUEST_NSIG) {
        return -EINVAL;
    }
    if ((f & CLONE_THREAD) && ((f & CLONE_PIDFD) || (f & CLONE_NEW_ANY))) {
        return -EINVAL;
    }
    if (c->extra && (f & CLONE_VM)) {
        qemu_log_mask(LOG_UNIMP, "clone3: set_tid and cgroup need a child "
                      "with memory of its own\n");
        return -EINVAL;
    }
    return 0;
}

static int64_t clone_any(CPUArchState *env, const CloneArgs *c)
{
    TaskState *ts = task_of(env);
    int err = clone_check(c);

    if (err) {
        return err;
    }
    if (ts->signal_pending) {
        return -QEMU_ERESTARTNOINTR;
    }
    if (!(c->flags & CLONE_VM)) {
        return clone_fork(ts, c);
    }
    if ((c->flags & CLONE_VFORK) && !host_shares_vm()) {
        return clone_fake_vfork(ts, c);
    }
    return c->flags & CLONE_THREAD ? clone_thread(ts, c) :
                                     clone_vm_process(ts, c);
}

int64_t sys_clone(CPUArchState *env, const uint64_t *a)
{
    CloneArgs c = {
        .flags = (uint32_t)a[0] & ~0xffull,
        .exit_signal = a[0] & 0xff,
        .stack = a[1],
        .parent_tid = a[2],
        .child_tid = a[3],
        .tls = a[4],
    };

    if (c.flags & CLONE_PIDFD) {
        if (c.flags & CLONE_PARENT_SETTID) {
            return -EINVAL;
        }
        c.pidfd = a[2];
    }
    return clone_any(env, &c);
}

int64_t sys_clone3(CPUArchState *env, const uint64_t *a)
{
    uint64_t size = a[1], byte;
    CloneArgs c = { 0 };

    if (size < CLONE_ARGS_MIN_SIZE) {
        return -EINVAL;
    }
    if (size > GUEST_PAGE_SIZE) {
        return -E2BIG;
    }
    if (!copy_from_guest(&c, a[0], MIN(size, CLONE_ARGS_KERNEL_SIZE))) {
        return -EFAULT;
    }
    for (uint64_t i = CLONE_ARGS_KERNEL_SIZE; i < size; i++) {
        byte = 0;
        if (!copy_from_guest(&byte, a[0] + i, 1)) {
            return -EFAULT;
        }
        if (byte) {
            return -E2BIG;
        }
    }
    if ((c.flags & (0x7f | CLONE_DETACHED)) || c.flags >> 34 ||
        !c.stack != !c.stack_size ||
        ((c.flags & (CLONE_THREAD | CLONE_PARENT)) && c.exit_signal)) {
        return -EINVAL;
    }
    c.extra = c.set_tid_size || c.flags >> 33;
    c.stack += c.stack_size;
    return clone_any(env, &c);
}

int64_t sys_fork(CPUArchState *env, const uint64_t *a)
{
    CloneArgs c = { .exit_signal = SIGCHLD };

    return clone_any(env, &c);
}

int64_t sys_vfork(CPUArchState *env, const uint64_t *a)
{
    CloneArgs c = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

    return clone_any(env, &c);
}
