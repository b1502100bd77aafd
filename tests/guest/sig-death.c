/*
 * How processes die of signals and what their parent sees; default actions,
 * ignored and blocked signals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <sys/resource.h>
#include <sys/prctl.h>

#define LAST (nested("lacks the last signals") ? 62 : 64)

static int which;

static void by_kill(void)
{
    kill(getpid(), which);
}

static void by_raise_blocked(void)
{
    sigset_t set;

    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), which);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void by_fault(void)
{
    *(volatile int *)8 = 1;
}

static void fault_blocked(void)
{
    sigset_t set;

    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *(volatile int *)8 = 1;
}

static void fault_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    kill(getpid(), SIGSEGV);
    *(volatile int *)8 = 1;
}

static void on_segv(int sig, siginfo_t *info, void *uc)
{
    *(volatile int *)16 = 1;
}

static void fault_in_handler(void)
{
    handle(SIGSEGV, on_segv, 0);
    *(volatile int *)8 = 1;
}

static void by_abort(void)
{
    abort();
}

static void *thread_dies(void *arg)
{
    *(volatile int *)8 = 1;
    return NULL;
}

static void in_thread(void)
{
    pthread_t t;

    pthread_create(&t, NULL, thread_dies, NULL);
    for (;;) {
        pause();
    }
}

static void cpu_limit(void)
{
    struct rlimit lim = { 1, 2 };
    volatile long n = 0;

    setrlimit(RLIMIT_CPU, &lim);
    for (;;) {
        n++;
    }
}

static void file_limit(void)
{
    struct rlimit lim = { 100, 100 };
    int fd = memfd_create("x", 0);
    char buf[200] = { 0 };

    setrlimit(RLIMIT_FSIZE, &lim);
    write(fd, buf, 200);
    write(fd, buf, 200);
}

static void sigpipe(void)
{
    int p[2];

    pipe(p);
    close(p[0]);
    write(p[1], "x", 1);
}

static void divide(void)
{
    volatile int zero = 0, one = 7;

    printf("%d\n", one / zero);
}

static void illegal(void)
{
    asm volatile("ud2");
}

static void trap(void)
{
    asm volatile("int3");
}

int main(void)
{
    struct rlimit lim = { 0, 0 };

    setvbuf(stdout, NULL, _IONBF, 0);
    setrlimit(RLIMIT_CORE, &lim);
    for (which = 1; which <= LAST; which++) {
        if (which == SIGSTOP || which == SIGTSTP || which == SIGTTIN ||
            which == SIGTTOU || which == 32 || which == 33) {
            continue;
        }
        int a = in_child(by_kill), b = in_child(by_raise_blocked);

        printf("%d: %x %x\n", which, a, b);
    }
    printf("fault %x\n", in_child(by_fault));
    printf("fault blocked %x\n", in_child(fault_blocked));
    printf("fault ignored %x\n", in_child(fault_ignored));
    printf("fault in handler %x\n", in_child(fault_in_handler));
    printf("abort %x\n", in_child(by_abort));
    printf("in thread %x\n", in_child(in_thread));
    printf("cpu limit %x\n", in_child(cpu_limit));
    printf("file limit %x\n", in_child(file_limit));
    printf("sigpipe %x\n", in_child(sigpipe));
    printf("divide %x\n", in_child(divide));
    printf("illegal %x\n", in_child(illegal));
    printf("trap %x\n", in_child(trap));
    return 0;
}
