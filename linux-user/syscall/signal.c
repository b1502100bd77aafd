/*
 * System calls about signals.
 *
 * The host kernel does the work wherever it can: its masks, queues and
 * dispositions mirror the guest's (see linux-user/signal.c).  A call that
 * changes what is deliverable first lets a signal that was already taken be
 * delivered, by asking to be restarted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "signal-internal.h"
#include "user/syscall.h"
#include "user/uaccess.h"
#include <sys/syscall.h>

/* sa_flags the kernel keeps; others read back as zero. */
#define GUEST_SA_KNOWN                                                      \
    (GUEST_SA_NOCLDSTOP | GUEST_SA_NOCLDWAIT | GUEST_SA_SIGINFO |           \
     GUEST_SA_ONSTACK | GUEST_SA_RESTART | GUEST_SA_NODEFER |               \
     GUEST_SA_RESETHAND | GUEST_SA_RESTORER | 0x800u)

/* True when the host's action for @sig is the same for both. */
static bool same_on_host(const GuestSigAction *a, const GuestSigAction *b)
{
    const uint64_t flags = GUEST_SA_NOCLDSTOP | GUEST_SA_NOCLDWAIT;

    return a->handler > GUEST_SIG_IGN && b->handler > GUEST_SIG_IGN &&
           (a->flags & flags) == (b->flags & flags);
}

int64_t sys_rt_sigaction(CPUArchState *env, const uint64_t *a)
{
    int sig = a[0];
    SigHand *sh = task_of(env)->sighand;
    GuestSigAction new = { 0 }, old;

    if (a[3] != sizeof(uint64_t)) {
        return -EINVAL;
    }
    if (a[1] && !get_guest(new, a[1])) {
        return -EFAULT;
    }
    if (sig < 1 || sig > GUEST_NSIG ||
        (a[1] && (SIGMASK(sig) & UNBLOCKABLE))) {
        return -EINVAL;
    }

    pthread_mutex_lock(&sh->lock);
    old = sh->act[sig];
    if (a[1]) {
        new.mask &= ~UNBLOCKABLE;
        new.flags &= GUEST_SA_KNOWN;
        sh->act[sig] = new;
        if (!same_on_host(&old, &new)) {
            sighand_install(sh, sig);
        }
    }
    pthread_mutex_unlock(&sh->lock);

    if (a[2] && !put_guest(a[2], old)) {
        return -EFAULT;
    }
    return 0;
}

int64_t sys_rt_sigprocmask(CPUArchState *env, const uint64_t *a)
{
    TaskState *ts = task_of(env);
    uint64_t old = ts->blocked, set;

    if (a[3] != sizeof(uint64_t)) {
        return -EINVAL;
    }
    if (ts->signal_pending) {
        return -QEMU_ERESTARTNOINTR;
    }
    if (a[1]) {
        if (!get_guest_u64(&set, a[1])) {
            return -EFAULT;
        }
        switch ((int)a[0]) {
        case 0:     /* SIG_BLOCK */
            set |= old;
            break;
        case 1:     /* SIG_UNBLOCK */
            set = old & ~set;
            break;
        case 2:     /* SIG_SETMASK */
            break;
        default:
            return -EINVAL;
        }
        signal_set_blocked(ts, set);
    }
    if (a[2] && !put_guest_u64(a[2], old)) {
        return -EFAULT;
    }
    return 0;
}

int64_t sys_rt_sigpending(CPUArchState *env, const uint64_t *a)
{
    TaskState *ts = task_of(env);
    uint64_t set;

    if (a[1] > sizeof(set)) {
        return -EINVAL;
    }
    set = signal_pending_set(ts) & ts->blocked;
    return copy_to_guest(a[0], &set, a[1]) ? 0 : -EFAULT;
}

int64_t sys_rt_sigreturn(CPUArchState *env, const uint64_t *a)
{
    TaskState *ts = task_of(env);
    uint64_t mask = ts->blocked;
    bool ok = signal_frame_restore(env, &mask);

    signal_set_blocked(ts, mask);
    if (!ok) {
        signal_force_fault(env, SIGSEGV, SI_KERNEL, 0);
    }
    return -QEMU_ESIGRETURN;
}

int64_t sys_rt_sigsuspend(CPUArchState *env, const uint64_t *a)
{
    uint64_t mask;
    int64_t ret;

    if (a[1] != sizeof(mask)) {
        return -EINVAL;
    }
    if (!get_guest_u64(&mask, a[0])) {
        return -EFAULT;
    }
    mask = signal_suspend_begin(env, mask);
    ret = safe_syscall(__NR_rt_sigsuspend, &mask, sizeof(mask));
    signal_suspend_end(env, ret);
    return ret == -QEMU_ERESTARTSYS ? -QEMU_ERESTARTNOHAND : ret;
}

int64_t sys_pause(CPUArchState *env, const uint64_t *a)
{
    int64_t ret = safe_syscall(__NR_ppoll, NULL, 0, NULL, NULL, 8);

    return ret == -QEMU_ERESTARTSYS ? -QEMU_ERESTARTNOHAND : ret;
}

/* One of SYNC_SIGNALS that waits in this thread and is in @set. */
static int take_local(TaskState *ts, uint64_t set, siginfo_t *info)
{
    for (int i = 0; i < ARRAY_SIZE(ts->local); i++) {
        int sig = ts->local[i].sig;

        if (sig && (set & SIGMASK(sig))) {
            *info = ts->local[i].info;
            ts->local[i].sig = 0;
            return sig;
        }
    }
    return 0;
}

int64_t sys_rt_sigtimedwait(CPUArchState *env, const uint64_t *a)
{
    TaskState *ts = task_of(env);
    struct timespec timeout;
    siginfo_t info;
    uint64_t set;
    int64_t ret;

    if (a[3] != sizeof(set)) {
        return -EINVAL;
    }
    if (!get_guest_u64(&set, a[0]) || (a[2] && !get_guest(timeout, a[2]))) {
        return -EFAULT;
    }
    set &= ~UNBLOCKABLE;
    ret = set & SYNC_SIGNALS ? take_local(ts, set, &info) : 0;
    if (!ret) {
        ret = safe_syscall(__NR_rt_sigtimedwait, &set, &info,
                           a[2] ? &timeout : NULL, sizeof(set));
        if (ret == -QEMU_ERESTARTSYS) {
            /* The kernel never restarts this call: the signal came before. */
            return -QEMU_ERESTARTNOINTR;
        }
        if (ret == -EINTR && (set & SYNC_SIGNALS)) {
            int sig = take_local(ts, set, &info);

            ret = sig ? sig : ret;
        }
    }
    if (ret > 0 && a[1] && !put_guest(a[1], info)) {
        return -EFAULT;
    }
    return ret;
}

int64_t sys_kill(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_kill, a[0], a[1]);
}

int64_t sys_tkill(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_tkill, a[0], a[1]);
}

int64_t sys_tgkill(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_tgkill, a[0], a[1], a[2]);
}

/*
 * A thread that re-raises a fault it has looked at sends itself the kernel's
 * own siginfo.  The host handler could not tell that from a fault of the
 * emulator, so it never goes through the host.
 */
static bool reraise(CPUArchState *env, int sig, const siginfo_t *info)
{
    TaskState *ts = task_of(env);
    PendingSignal *p;

    if (sig < 1 || sig > GUEST_NSIG || !(SIGMASK(sig) & SYNC_SIGNALS) ||
        info->si_code <= 0) {
        return false;
    }
    p = &ts->local[signal_local_index(sig)];
    if (!p->sig) {
        p->info = *info;
        p->info.si_signo = sig;
        atomic_signal_fence(memory_order_seq_cst);
        p->sig = sig;
    }
    ts->signal_pending = 1;
    return true;
}

int64_t sys_rt_sigqueueinfo(CPUArchState *env, const uint64_t *a)
{
    siginfo_t info;

    /* Of most kinds the kernel needs the beginning only. */
    if (!get_guest(info, a[2])) {
        return raw_syscall(__NR_rt_sigqueueinfo, a[0], a[1], a[2]);
    }
    if ((pid_t)a[0] == task_of(env)->tid && reraise(env, a[1], &info)) {
        return 0;
    }
    return raw_syscall(__NR_rt_sigqueueinfo, a[0], a[1], &info);
}

int64_t sys_rt_tgsigqueueinfo(CPUArchState *env, const uint64_t *a)
{
    siginfo_t info;

    if (!get_guest(info, a[3])) {
        return raw_syscall(__NR_rt_tgsigqueueinfo, a[0], a[1], a[2], a[3]);
    }
    if ((pid_t)a[1] == task_of(env)->tid &&
        (pid_t)a[0] == task_of(env)->tgid && reraise(env, a[2], &info)) {
        return 0;
    }
    return raw_syscall(__NR_rt_tgsigqueueinfo, a[0], a[1], a[2], &info);
}

int64_t sys_pidfd_send_signal(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_pidfd_send_signal, a[0], a[1], a[2], a[3]);
}

int64_t sys_signalfd4(CPUArchState *env, const uint64_t *a)
{
    /* The flags are O_NONBLOCK and O_CLOEXEC, the same on generic hosts. */
    return raw_syscall(__NR_signalfd4, a[0], a[1], a[2], a[3]);
}

int64_t sys_signalfd(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_signalfd4, a[0], a[1], a[2], 0);
}

int64_t sys_sigaltstack(CPUArchState *env, const uint64_t *a)
{
    TaskState *ts = task_of(env);
    uint64_t sp = env->regs[R_ESP];
    GuestStackT ss, old = {
        .sp = ts->altstack_sp,
        .size = ts->altstack_size,
        .flags = altstack_state(ts, sp) |
                 (ts->altstack_flags & GUEST_SS_AUTODISARM),
    };

    if (a[0]) {
        int ret;

        if (!get_guest(ss, a[0])) {
            return -EFAULT;
        }
        ret = altstack_set(ts, &ss, sp);
        if (ret) {
            return ret;
        }
    }
    if (a[1] && !put_guest(a[1], old)) {
        return -EFAULT;
    }
    return 0;
}
