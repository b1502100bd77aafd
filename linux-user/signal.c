/*
 * Signals: from the host kernel to the guest's handlers.
 *
 * The host kernel stays the authority.  It keeps the queues, the order and the
 * dispositions; the emulator takes one signal at a time:
 *
 *  - The host mask of a guest thread is its guest mask, without the five
 *    signals that faults of generated code raise (SYNC_SIGNALS).
 *  - The host handler stores an asynchronous signal in the one-element slot of
 *    its thread, makes the thread return from the handler with everything
 *    blocked, and asks the CPU to leave translated code.  What comes later
 *    waits in the kernel, in order and without loss.
 *  - At a safe point the CPU loop builds the guest's frame, sets the new guest
 *    mask and with it the host mask; the kernel then hands over the next one.
 *  - SYNC_SIGNALS sent with kill() cannot be blocked on the host.  They are
 *    standard signals, at most one each is pending: they wait in `local`.
 *
 * A system call that would block runs through safe_syscall(); the handler
 * moves a thread out of that sequence.  Guest dispositions "ignore" and
 * "default" are installed on the host as such, so stopping, continuing and
 * most fatal signals are the kernel's own; only signals that dump core are
 * caught even then, to report and to write the guest's core file, and those
 * that end the process when something watches its end.
 *
 * Concurrency: everything in TaskState belongs to its thread and that thread's
 * signal handler.  The handler cannot run while `host_blocked` is set (except
 * for faults).  Action tables have a lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "signal-internal.h"
#include "exec/engine.h"
#include "host-signal.h"
#include "kzt/kzt.h"
#include "qemu/log.h"
#include "user/process.h"
#include "user/strace.h"
#include "user/uaccess.h"
#include <sys/resource.h>
#include <sys/syscall.h>

/* For cancellation and for setuid() in all threads. */
#define RESERVED_BY_LIBC (SIGMASK(32) | SIGMASK(33))

#define HOST_HANDLER_FLAGS (SA_SIGINFO | SA_RESTART | SA_ONSTACK)

extern long safe_syscall_asm(_Atomic int *pending, long nr, long a1, long a2,
                             long a3, long a4, long a5, long a6);
extern const char safe_syscall_start[], safe_syscall_end[];
extern const char safe_syscall_interrupted[];

long safe_syscall6(long nr, long a1, long a2, long a3, long a4, long a5,
                   long a6)
{
    return safe_syscall_asm(&task_current()->signal_pending, nr,
                            a1, a2, a3, a4, a5, a6);
}

static long host_sigmask(int how, uint64_t mask)
{
    return raw_syscall(__NR_rt_sigprocmask, how, &mask, NULL, 8);
}

int signal_local_index(int sig)
{
    switch (sig) {
    case SIGSEGV:
        return 0;
    case SIGBUS:
        return 1;
    case SIGFPE:
        return 2;
    case SIGILL:
        return 3;
    default:
        return 4;
    }
}

bool signal_dumps_core(int sig)
{
    const uint64_t core = SIGMASK(SIGQUIT) | SIGMASK(SIGILL) |
        SIGMASK(SIGTRAP) | SIGMASK(SIGABRT) | SIGMASK(SIGBUS) |
        SIGMASK(SIGFPE) | SIGMASK(SIGSEGV) | SIGMASK(SIGXCPU) |
        SIGMASK(SIGXFSZ) | SIGMASK(SIGSYS);

    return core & SIGMASK(sig);
}

static bool default_is_ignore(int sig)
{
    return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH ||
           sig == SIGCONT;
}

/*
 * Host side: the handler.
 */

/* Make @ts notice: at a safe point, or out of safe_syscall(). */
static void signal_kick(TaskState *ts, void *uc)
{
    uintptr_t pc = host_signal_pc(uc);

    ts->signal_pending = 1;
    cpu_interrupt(ts->env);
    if (pc >= (uintptr_t)safe_syscall_start &&
        pc < (uintptr_t)safe_syscall_end) {
        host_signal_set_pc(uc, (uintptr_t)safe_syscall_interrupted);
    }
}

/*
 * Native code that the guest called is in a system call which the kernel would
 * restart, because of our SA_RESTART; the guest asked for EINTR.
 */
static void interrupt_native(TaskState *ts, int sig, void *uc)
{
    static const uint16_t slow[] = {
        __NR_read, __NR_write, __NR_readv, __NR_writev, __NR_recvfrom,
        __NR_recvmsg, __NR_sendto, __NR_sendmsg, __NR_accept, __NR_accept4,
        __NR_connect, __NR_wait4, __NR_waitid, __NR_fcntl, __NR_flock,
    };
    long nr;

    if ((ts->sighand->act[sig].flags & GUEST_SA_RESTART) ||
        !kzt_in_native(ts->env)) {
        return;
    }
    nr = host_signal_syscall(uc);
    for (unsigned i = 0; i < ARRAY_SIZE(slow); i++) {
        if (nr == slow[i]) {
            host_signal_fail_syscall(uc);
            return;
        }
    }
}

/*
 * A signal reached a host thread that runs no guest code.  Such a thread keeps
 * everything blocked from now on, and the process gets the signal again; who
 * sent it with kill() only the first thread could repeat.
 */
static void signal_pass_on(int sig, siginfo_t *info, void *uc)
{
    *host_signal_mask(uc) = ~(uint64_t)SYNC_SIGNALS;
    if (raw_syscall(__NR_rt_sigqueueinfo, getpid(), sig, info) < 0) {
        raw_syscall(__NR_kill, getpid(), sig);
    }
}

/* A fault that neither the guest nor uaccess.h caused. */
static void QEMU_NORETURN host_crash(int sig, siginfo_t *info, void *uc)
{
    HostSigAction dfl = { 0 };
    uint64_t mask = SIGMASK(sig);

    error_report("internal error: host signal %d (code %d) at pc %p, "
                 "address %p", sig, info->si_code,
                 (void *)host_signal_pc(uc), info->si_addr);
    raw_syscall(__NR_rt_sigaction, sig, &dfl, NULL, 8);
    raw_syscall(__NR_tgkill, getpid(), raw_syscall(__NR_gettid), sig);
    raw_syscall(__NR_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
    _exit(128 + sig);
}

/*
 * On a host with large pages: does the access go on into a guest page that
 * forbids it, where the host would not notice?  Then it is the one at fault.
 */
static bool straddles(TaskState *ts, siginfo_t *info, const void *uc,
                      bool write)
{
    uint64_t addr = (uintptr_t)info->si_addr, next;

    if (!ts || !mmap_may_straddle(addr, write)) {
        return false;
    }
    next = TARGET_PAGE_ALIGN(addr + 1);
    if (addr + cpu_fault_access_size(ts->env, uc) <= next) {
        return false;
    }
    info->si_addr = (void *)(uintptr_t)next;
    return true;
}

static void host_fault(TaskState *ts, int sig, siginfo_t *info, void *uc)
{
    uint64_t addr;
    bool memory = sig == SIGSEGV || sig == SIGBUS;
    bool write = memory && host_signal_is_write(info, uc);

    host_signal_complete(&sig, info, uc);
    addr = (uintptr_t)info->si_addr;
    if (memory) {
        uintptr_t pc = host_signal_pc(uc);

        if (sig == SIGSEGV && !straddles(ts, info, uc, write) &&
            mmap_handle_fault(addr, write)) {
            return;
        }
        if (uaccess_fixup(uc)) {
            if (write && tb_unprotect_for_write(addr, 1)) {
                /* Only translated code was in the way. */
                host_signal_set_pc(uc, pc);
            }
            return;
        }
    }
    if (!ts) {
        host_crash(sig, info, uc);
    }
    ts->host_fault_sig = sig;
    switch (cpu_handle_host_fault(ts->env, sig, info, uc)) {
    case HOST_FAULT_RETRY:
        return;
    case HOST_FAULT_GUEST:
        /* The handler's mask stays in force until the signal is delivered. */
        ts->host_blocked = true;
        ts->signal_pending = 1;
        cpu_fault_exit(ts->env);
    case HOST_FAULT_FOREIGN:
        break;
    }
    host_crash(sig, info, uc);
}

static void host_signal_handler(int sig, siginfo_t *info, void *uc)
{
    TaskState *ts = task_current();
    bool sync = SIGMASK(sig) & SYNC_SIGNALS;

    if (sync && info->si_code > 0) {
        int saved_errno = errno;

        host_fault(ts, sig, info, uc);
        errno = saved_errno;
        return;
    }
    if (!ts) {
        signal_pass_on(sig, info, uc);
        return;
    }
    if (sync) {
        PendingSignal *p = &ts->local[signal_local_index(sig)];

        if (!p->sig) {
            p->info = *info;
            atomic_signal_fence(memory_order_seq_cst);
            p->sig = sig;
        }
        signal_kick(ts, uc);
        return;
    }
    ts->async.sig = sig;
    ts->async.info = *info;
    ts->host_blocked = true;
    *host_signal_mask(uc) = ~(uint64_t)SYNC_SIGNALS;
    signal_kick(ts, uc);
    interrupt_native(ts, sig, uc);
}

/*
 * Actions.
 */

SigHand *sighand_get(SigHand *sh)
{
    sh->refs++;
    return sh;
}

SigHand *sighand_copy(SigHand *sh)
{
    SigHand *copy = calloc(1, sizeof(*copy));

    if (copy) {
        copy->refs = 1;
        pthread_mutex_init(&copy->lock, NULL);
        pthread_mutex_lock(&sh->lock);
        memcpy(copy->act, sh->act, sizeof(copy->act));
        pthread_mutex_unlock(&sh->lock);
    }
    return copy;
}

void sighand_put(SigHand *sh)
{
    if (--sh->refs == 0) {
        free(sh);
    }
}

/*
 * glibc starts every thread with its signal for cancellation unblocked: one
 * that waits for the guest must not end the process by its default action.
 */
static bool is_unblocked_by_libc(int sig)
{
    return sig == 32;
}

/*
 * Signals that just end the process are the kernel's affair, unless there is
 * something to write then.
 */
static bool is_caught_by_default(int sig)
{
    const uint64_t others = UNBLOCKABLE | RESERVED_BY_LIBC |
        SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU);
    bool ends = !default_is_ignore(sig) && !(others & SIGMASK(sig));

    return signal_dumps_core(sig) || is_unblocked_by_libc(sig) ||
           (ends && (kzt_reports() ||
                     qemu_loglevel_mask(LOG_STRACE | LOG_STATS)));
}

/* Nor may it be dropped; glibc lets the other one through once, too. */
static bool may_ignore_on_host(int sig)
{
    return !(SIGMASK(sig) & (SYNC_SIGNALS | RESERVED_BY_LIBC));
}

int sighand_install(SigHand *sh, int sig)
{
    const GuestSigAction *act = &sh->act[sig];
    HostSigAction host = { 0 };
    bool sync = SIGMASK(sig) & SYNC_SIGNALS;

    host.flags = act->flags & (GUEST_SA_NOCLDSTOP | GUEST_SA_NOCLDWAIT);
    if (act->handler == GUEST_SIG_IGN && may_ignore_on_host(sig)) {
        host.handler = (void *)SIG_IGN;
    } else if (act->handler == GUEST_SIG_DFL && !is_caught_by_default(sig)) {
        host.handler = (void *)SIG_DFL;
    } else {
        host.handler = host_signal_handler;
        host.flags |= HOST_HANDLER_FLAGS;
        host.mask = ~(uint64_t)SYNC_SIGNALS;
        if (sync) {
            /* Faults may nest: a fault while one is looked at. */
            host.flags |= SA_NODEFER;
        }
        host_sigaction_complete(&host);
    }
    return raw_syscall(__NR_rt_sigaction, sig, &host, NULL, 8);
}

uint64_t signal_reserved_pending(void)
{
    return signal_pending_set(task_current()) & RESERVED_BY_LIBC;
}

void signal_reclaim_reserved(uint64_t waiting)
{
    SigHand *sh = task_current()->sighand;

    pthread_mutex_lock(&sh->lock);
    sighand_install(sh, 32);
    sighand_install(sh, 33);
    pthread_mutex_unlock(&sh->lock);
    waiting &= ~signal_reserved_pending();
    for (int sig = 32; sig <= 33; sig++) {
        if (waiting & SIGMASK(sig)) {
            raw_syscall(__NR_kill, getpid(), sig);
        }
    }
}

void signal_init(void)
{
    TaskState *ts = task_current();
    SigHand *sh = calloc(1, sizeof(*sh));
    uint64_t mask = 0;

    assert(sh);
    sh->refs = 1;
    pthread_mutex_init(&sh->lock, NULL);
    ts->sighand = sh;

    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        HostSigAction old = { 0 };

        /* An exec'ed program inherits what is ignored. */
        raw_syscall(__NR_rt_sigaction, sig, NULL, &old, 8);
        if (old.handler == (void *)SIG_IGN) {
            sh->act[sig].handler = GUEST_SIG_IGN;
        }
        if (is_caught_by_default(sig)) {
            sighand_install(sh, sig);
        }
    }

    raw_syscall(__NR_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8);
    ts->blocked = mask & ~UNBLOCKABLE;
    if (mask & SYNC_SIGNALS) {
        host_sigmask(SIG_UNBLOCK, SYNC_SIGNALS);
    }
}

/*
 * Masks.
 */

/*
 * Give the host the guest's mask again.  safe_syscall() does nothing when a
 * signal is taken in between: everything stays blocked then, and the CPU loop
 * comes back here after delivering it.
 */
static void host_mask_restore(TaskState *ts)
{
    uint64_t mask = ts->blocked & ~SYNC_SIGNALS;

    ts->host_blocked = false;
    if (safe_syscall(__NR_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8) ==
        -QEMU_ERESTARTSYS) {
        ts->host_blocked = true;
    }
}

void signal_set_blocked(TaskState *ts, uint64_t mask)
{
    mask &= ~UNBLOCKABLE;
    if (mask == ts->blocked && !ts->host_blocked) {
        return;
    }
    ts->blocked = mask;
    if (ts->signal_pending || ts->host_blocked) {
        /* Delivery sets the host mask when it is done. */
        ts->host_blocked = true;
        ts->signal_pending = 1;
        host_sigmask(SIG_SETMASK, ~(uint64_t)SYNC_SIGNALS);
        return;
    }
    host_mask_restore(ts);
    for (int i = 0; i < ARRAY_SIZE(ts->local); i++) {
        if (ts->local[i].sig) {
            ts->signal_pending = 1;
        }
    }
}

void signal_block_all(void)
{
    TaskState *ts = task_current();

    host_sigmask(SIG_SETMASK, ~(uint64_t)SYNC_SIGNALS);
    if (ts) {
        ts->host_blocked = true;
    }
}

void signal_unblock_all(void)
{
    TaskState *ts = task_current();

    if (!ts->signal_pending) {
        host_mask_restore(ts);
    }
}

uint64_t signal_suspend_begin(CPUArchState *env, uint64_t guest_mask)
{
    TaskState *ts = task_of(env);

    ts->suspend_mask = guest_mask & ~UNBLOCKABLE;
    ts->suspended = true;
    for (int i = 0; i < ARRAY_SIZE(ts->local); i++) {
        int sig = ts->local[i].sig;

        if (sig && !(ts->suspend_mask & SIGMASK(sig))) {
            ts->signal_pending = 1;
        }
    }
    return ts->suspend_mask & ~SYNC_SIGNALS;
}

void signal_suspend_end(CPUArchState *env, long ret)
{
    TaskState *ts = task_of(env);

    /* Interrupted: delivery uses the temporary mask and ends it. */
    if ((ret != -EINTR && ret != -QEMU_ERESTARTSYS) || !ts->signal_pending) {
        ts->suspended = false;
    }
}

uint64_t signal_pending_set(TaskState *ts)
{
    uint64_t set = 0;

    raw_syscall(__NR_rt_sigpending, &set, 8);
    if (ts->async.sig) {
        set |= SIGMASK(ts->async.sig);
    }
    for (int i = 0; i < ARRAY_SIZE(ts->local); i++) {
        if (ts->local[i].sig) {
            set |= SIGMASK(ts->local[i].sig);
        }
    }
    return set;
}

void signal_ignored_caught(TaskState *ts, uint64_t *ignored, uint64_t *caught)
{
    SigHand *sh = ts->sighand;

    *ignored = *caught = 0;
    pthread_mutex_lock(&sh->lock);
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (sh->act[sig].handler == GUEST_SIG_IGN) {
            *ignored |= SIGMASK(sig);
        } else if (sh->act[sig].handler != GUEST_SIG_DFL) {
            *caught |= SIGMASK(sig);
        }
    }
    pthread_mutex_unlock(&sh->lock);
}

void signal_fork_child(TaskState *ts)
{
    ts->async.sig = 0;
    ts->sync.sig = 0;
    memset(ts->local, 0, sizeof(ts->local));
    ts->signal_pending = 0;
    ts->suspended = false;
}

/*
 * Guest side: delivery.
 */

void signal_force_info(CPUArchState *env, int sig, const siginfo_t *info)
{
    TaskState *ts = task_of(env);

    ts->sync.info = *info;
    ts->sync.sig = sig;
    ts->signal_pending = 1;
}

void signal_force_fault(CPUArchState *env, int sig, int code, uint64_t addr)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_signo = sig;
    info.si_code = code;
    info.si_addr = (void *)(uintptr_t)addr;
    signal_force_info(env, sig, &info);
}

void signal_die(CPUArchState *env, int sig, const siginfo_t *info)
{
    uint64_t mask = SIGMASK(sig);
    HostSigAction dfl = { 0 };

    signal_block_all();
    if (signal_dumps_core(sig)) {
        char text[128];
        int len;

        /* The emulator's own memory is nobody's business. */
        wait_announce_core(coredump_write(env, sig, info));
        len = snprintf(text, sizeof(text), "qemu: uncaught target signal %d "
                       "(%s) - core dumped\n", sig, strsignal(sig));
        if (write(STDERR_FILENO, text, len) < 0) {
            /* Nobody is left to tell. */
        }
    }
    process_before_exit(128 + sig);
    raw_syscall(__NR_rt_sigaction, sig, &dfl, NULL, 8);
    raw_syscall(__NR_tgkill, getpid(), raw_syscall(__NR_gettid), sig);
    raw_syscall(__NR_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
    /* Not reached, unless the host protects us from the signal (init). */
    raw_syscall(__NR_exit_group, 128 + sig);
    __builtin_unreachable();
}

/*
 * Undo or finish the system call the signal interrupted.  @restart: no
 * handler runs, or the one that does was installed with SA_RESTART.
 */
static void restart_syscall(TaskState *ts, bool handler, bool restart)
{
    CPUArchState *env = ts->env;

    if (!ts->restart_kind) {
        return;
    }
    if (ts->restart_kind == QEMU_ERESTARTNOHAND && handler) {
        restart = false;
    }
    if (restart || ts->restart_kind == QEMU_ERESTARTNOINTR) {
        env->regs[R_EAX] = ts->restart_nr;
        env->rip -= 2;
    } else {
        env->regs[R_EAX] = -EINTR;
    }
    ts->restart_kind = 0;
}

/* The mask that decides what is deliverable. */
static uint64_t effective_mask(const TaskState *ts)
{
    return ts->suspended ? ts->suspend_mask : ts->blocked;
}

/*
 * One signal whose time has come.  @forced: raised by the guest's own
 * instruction.  A signal that turns out blocked goes back to the kernel.
 */
static void deliver_one(TaskState *ts, int sig, const siginfo_t *info,
                        bool forced)
{
    CPUArchState *env = ts->env;
    SigHand *sh = ts->sighand;
    uint64_t mask = effective_mask(ts);
    uint64_t old_mask = ts->blocked;
    siginfo_t own = *info;
    GuestSigAction act;

    if (!forced && (mask & SIGMASK(sig))) {
        /* The handler of a fault that came first blocks it. */
        raw_syscall(__NR_rt_tgsigqueueinfo, getpid(), ts->tid, sig, info);
        return;
    }

    pthread_mutex_lock(&sh->lock);
    act = sh->act[sig];
    if (forced && (act.handler == GUEST_SIG_IGN || (mask & SIGMASK(sig)))) {
        act.handler = GUEST_SIG_DFL;
    }
    if (act.handler > GUEST_SIG_IGN && (act.flags & GUEST_SA_RESETHAND)) {
        sh->act[sig].handler = GUEST_SIG_DFL;
        sighand_install(sh, sig);
    }
    pthread_mutex_unlock(&sh->lock);

    if (sig == SIGCHLD) {
        wait_complete_info(&own);
    }
    if (qemu_loglevel_mask(LOG_STRACE)) {
        strace_signal(sig, &own);
    }
    if (act.handler == GUEST_SIG_IGN) {
        return;
    }
    if (act.handler == GUEST_SIG_DFL) {
        if (default_is_ignore(sig)) {
            return;
        }
        if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
            /* The action changed under way: let the kernel stop us. */
            raw_syscall(__NR_kill, getpid(), SIGSTOP);
            return;
        }
        signal_die(env, sig, info);
    }

    qemu_log_mask(LOG_INT, "signal %d: handler %#" PRIx64 " rip %#" PRIx64
                  " rsp %#" PRIx64 "\n", sig, act.handler, env->rip,
                  env->regs[R_ESP]);
    restart_syscall(ts, true, act.flags & GUEST_SA_RESTART);
    if (!signal_frame_setup(env, sig, &own, &act, old_mask)) {
        /* No stack to run the handler on. */
        if (sig == SIGSEGV) {
            signal_die(env, sig, info);
        }
        signal_force_fault(env, SIGSEGV, SI_KERNEL, 0);
        return;
    }
    ts->suspended = false;
    ts->blocked = mask | act.mask;
    if (!(act.flags & GUEST_SA_NODEFER)) {
        ts->blocked |= SIGMASK(sig);
    }
    ts->blocked &= ~UNBLOCKABLE;
}

void signal_deliver_pending(CPUArchState *env)
{
    TaskState *ts = task_of(env);

    do {
        ts->signal_pending = 0;
        atomic_signal_fence(memory_order_seq_cst);

        while (ts->sync.sig) {
            PendingSignal s = ts->sync;

            ts->sync.sig = 0;
            deliver_one(ts, s.sig, &s.info, true);
        }
        for (int i = 0; i < ARRAY_SIZE(ts->local); i++) {
            PendingSignal s = ts->local[i];

            if (s.sig && !(effective_mask(ts) & SIGMASK(s.sig))) {
                ts->local[i].sig = 0;
                deliver_one(ts, s.sig, &s.info, false);
            }
        }
        if (ts->async.sig) {
            PendingSignal s = ts->async;

            ts->async.sig = 0;
            deliver_one(ts, s.sig, &s.info, false);
        }
        while (ts->sync.sig) {
            /* A frame could not be written. */
            PendingSignal s = ts->sync;

            ts->sync.sig = 0;
            deliver_one(ts, s.sig, &s.info, true);
        }
        ts->suspended = false;
        host_mask_restore(ts);
    } while (ts->signal_pending);

    /* No handler ran: the call starts over. */
    restart_syscall(ts, false, true);
}
