/*
 * Queues: order and number of real-time signals, standard signals coalesce,
 * all 64 numbers, values, pending sets, signalfd, sigwaitinfo, masks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <sys/signalfd.h>
#include <poll.h>

#define MAX_SEEN 20000
#define LAST (nested("lacks the last signals") ? 62 : 64)

static int seen_sig[MAX_SEEN], seen_val[MAX_SEEN], seen_code[MAX_SEEN];
static volatile int seen;

static void note(int sig, siginfo_t *info, void *uc)
{
    seen_sig[seen] = sig;
    seen_val[seen] = info->si_value.sival_int;
    seen_code[seen] = info->si_code;
    seen++;
}

/* All signals by the raw call: the libc keeps 32 and 33 to itself. */
static void raw_handle(int sig)
{
    struct { void *h; unsigned long flags; void *r; unsigned long mask; } sa,
        old;

    syscall(SYS_rt_sigaction, SIGUSR1, NULL, &sa, 8);
    sa.h = note;
    sa.flags |= SA_SIGINFO;
    CHECK_EQ(syscall(SYS_rt_sigaction, sig, &sa, NULL, 8), 0);
    CHECK_EQ(syscall(SYS_rt_sigaction, sig, NULL, &old, 8), 0);
    CHECK(old.h == (void *)note);
}

static void every_number(void)
{
    handle(SIGUSR1, note, 0);
    for (int sig = 1; sig <= LAST; sig++) {
        if (sig == SIGKILL || sig == SIGSTOP) {
            continue;
        }
        raw_handle(sig);
        seen = 0;
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
        CHECK_EQ(seen, 1);
        CHECK_EQ(seen_sig[0], sig);
        CHECK_EQ(seen_code[0], SI_TKILL);
    }
}

static void queue_raw(int sig, int val)
{
    siginfo_t info = { .si_code = SI_QUEUE };

    info.si_value.sival_int = val;
    while (syscall(SYS_rt_sigqueueinfo, getpid(), sig, &info) < 0) {
        /* The queue has a limit that all processes of a user share. */
        CHECK_EQ(errno, EAGAIN);
        usleep(1000);
    }
}

static void order(void)
{
    uint64_t all = ~0ull, old, pending = 0;

    seen = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
    for (int i = 0; i < 100; i++) {
        for (int sig = LAST; sig >= 32; sig--) {
            queue_raw(sig, i);
        }
        queue_raw(SIGUSR1, i);
        queue_raw(SIGTERM, i);
        queue_raw(SIGSEGV, i);
    }
    syscall(SYS_rt_sigpending, &pending, 8);
    printf("pending %llx\n", (long long)pending);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
    CHECK_EQ(seen, (LAST - 31) * 100 + 3);

    /*
     * Handlers nest as all are unblocked at once: the kernel stacks frames in
     * ascending order, so the highest number runs first; one signal keeps its
     * own order.
     */
    int last[65], count[65] = { 0 };
    for (int i = 0; i < seen; i++) {
        int sig = seen_sig[i];

        if (sig >= 32) {
            CHECK_EQ(seen_val[i], count[sig]);
        }
        count[sig]++;
    }
    for (int sig = 32; sig <= LAST; sig++) {
        CHECK_EQ(count[sig], 100);
    }
    CHECK_EQ(count[SIGUSR1], 1);
    CHECK_EQ(count[SIGTERM], 1);
    CHECK_EQ(count[SIGSEGV], 1);
    syscall(SYS_rt_sigpending, &pending, 8);
    CHECK_EQ(pending, 0);
}

/* With everything blocked in the handler, one after the other. */
static void order_blocked(void)
{
    struct sigaction sa = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
    sigset_t all, old;

    sigfillset(&sa.sa_mask);
    for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
        sigaction(sig, &sa, NULL);
    }
    seen = 0;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    for (int i = 0; i < 200; i++) {
        queue_raw(SIGRTMIN + i * 7 % 29, i);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    CHECK_EQ(seen, 200);
    long sum = 0;
    for (int i = 0; i < seen; i++) {
        sum = sum * 31 + seen_sig[i] * 1000 + seen_val[i];
        if (i) {
            CHECK(seen_sig[i] >= seen_sig[i - 1]);
        }
    }
    printf("order %lx\n", sum);
}

static void waiting(void)
{
    sigset_t set, old, pend;
    siginfo_t info;
    struct timespec ts = { 0, 1000000 };
    double start;
    struct signalfd_siginfo fdi;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, &old);
    start = now();
    CHECK_EQ(sigtimedwait(&set, &info, &ts), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK(now() - start >= 0.001);
    queue_raw(SIGRTMIN + 1, 5);
    queue_raw(SIGRTMIN + 1, 6);
    kill(getpid(), SIGUSR2);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR2);
    CHECK_EQ(info.si_code, SI_USER);
    CHECK_EQ(info.si_pid, getpid());
    CHECK_EQ(sigtimedwait(&set, &info, &ts), SIGRTMIN + 1);
    CHECK_EQ(info.si_value.sival_int, 5);
    CHECK_EQ(info.si_code, SI_QUEUE);

    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK_EQ(read(fd, &fdi, sizeof(fdi)), sizeof(fdi));
    CHECK_EQ(fdi.ssi_signo, SIGRTMIN + 1);
    CHECK_EQ(fdi.ssi_int, 6);
    CHECK_EQ(read(fd, &fdi, sizeof(fdi)), -1);
    CHECK_EQ(errno, EAGAIN);
    raise(SIGUSR2);
    struct pollfd pfd = { fd, POLLIN };
    CHECK_EQ(poll(&pfd, 1, 1000), 1);
    CHECK_EQ(read(fd, &fdi, sizeof(fdi)), sizeof(fdi));
    CHECK_EQ(fdi.ssi_signo, SIGUSR2);
    close(fd);

    /* A signal the emulator needs for itself, blocked and waited for. */
    kill(getpid(), SIGSEGV);
    sigpending(&pend);
    CHECK(sigismember(&pend, SIGSEGV));
    CHECK_EQ(sigtimedwait(&set, &info, &ts), SIGSEGV);
    CHECK_EQ(info.si_code, SI_USER);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void *sender(void *arg)
{
    pthread_t to = *(pthread_t *)arg;

    usleep(20000);
    pthread_kill(to, SIGUSR1);
    return NULL;
}

static void suspending(void)
{
    sigset_t set, old, none;
    pthread_t self = pthread_self(), t;

    handle(SIGUSR1, note, 0);
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    seen = 0;
    raise(SIGUSR1);
    CHECK_EQ(seen, 0);
    CHECK_EQ(sigsuspend(&none), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(seen, 1);
    pthread_create(&t, NULL, sender, &self);
    CHECK_EQ(sigsuspend(&none), -1);
    CHECK_EQ(seen, 2);
    pthread_join(t, NULL);
    raise(SIGUSR1);
    struct timespec ts = { 5, 0 };
    CHECK_EQ(ppoll(NULL, 0, &ts, &none), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(seen, 3);
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    CHECK(sigismember(&set, SIGUSR1));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void arguments(void)
{
    struct sigaction sa = { .sa_handler = SIG_IGN };
    uint64_t set = 0;

    CHECK_EQ(sigaction(SIGKILL, &sa, NULL), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_rt_sigaction, 0, NULL, &set, 8), -1);
    CHECK_EQ(syscall(SYS_rt_sigaction, 65, NULL, &set, 8), -1);
    CHECK_EQ(syscall(SYS_rt_sigaction, 5, NULL, NULL, 4), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_rt_sigaction, 5, 8, NULL, 8), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(syscall(SYS_rt_sigprocmask, 7, &set, NULL, 8), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(kill(getpid(), 65), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(kill(getpid(), 0), 0);
    set = ~0ull;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &set, 8);
    printf("unblockable %llx\n", (long long)~set);
    set = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    every_number();
    order();
    order_blocked();
    waiting();
    suspending();
    arguments();
    puts("done");
    return 0;
}
