/*
 * Timers, and how soon a loop without system calls is interrupted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

static volatile int hits, overrun;
static volatile double when;
static volatile pid_t tid_seen;
static volatile int value_seen, code_seen;

static void tick(int sig, siginfo_t *info, void *uc)
{
    when = now();
    hits++;
    tid_seen = syscall(SYS_gettid);
    value_seen = info->si_value.sival_int;
    code_seen = info->si_code;
}

static pthread_t main_thread;
static volatile double sent;
static volatile int ready, round_no;

/* Wait until the main thread spins, then send; it must notice at once. */
static void *sender(void *arg)
{
    for (int i = 0; i < 200; i++) {
        while (ready != i + 1) {
            sched_yield();
        }
        usleep(200);
        sent = now();
        pthread_kill(main_thread, SIGUSR1);
    }
    return NULL;
}

static int measure(double *best_of)
{
    pthread_t t;
    double best = 1;
    int late = 0;

    main_thread = pthread_self();
    handle(SIGUSR1, tick, 0);
    hits = 0;
    pthread_create(&t, NULL, sender, NULL);
    for (int i = 0; i < 200; i++) {
        uint64_t n = 0;

        ready = i + 1;
        while (hits == i) {
            n++;
        }
        double d = when - sent;
        best = d < best ? d : best;
        late += d > 0.001;
    }
    pthread_join(t, NULL);
    *best_of = best;
    return late;
}

/* Other work on the machine may delay a few, and now and then many. */
static void latency(void)
{
    double best = 1;
    int late = 200;

    for (int tries = 0; tries < 20 && late > 150; tries++) {
        late = measure(&best);
    }
    printf("latency: best below 1 ms %d, many below 1 ms %d\n", best < 0.001,
           late <= 150);
}

/* The tightest loop there is. */
static void tight(void)
{
    struct itimerval it = { { 0, 0 }, { 0, 2000 } };
    static sigjmp_buf env;

    hits = 0;
    handle(SIGALRM, tick, 0);
    for (int i = 0; i < 20; i++) {
        setitimer(ITIMER_REAL, &it, NULL);
        asm volatile("1: cmpl %[n], %[hits]\n je 1b\n"
                     : : [hits] "m"(hits), [n] "r"(i) : "cc", "memory");
    }
    printf("tight loop %d\n", hits);
}

static void posix_timers(void)
{
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
                           .sigev_signo = SIGRTMIN + 4 };
    struct itimerspec its = { { 0, 1000000 }, { 0, 1000000 } }, left;
    timer_t t;

    handle(SIGRTMIN + 4, tick, SA_RESTART);
    ev.sigev_value.sival_int = 99;
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &t), 0);
    hits = 0;
    CHECK_EQ(timer_settime(t, 0, &its, NULL), 0);
    while (hits < 20) {
    }
    CHECK_EQ(timer_gettime(t, &left), 0);
    CHECK_EQ(left.it_interval.tv_nsec, 1000000);
    timer_delete(t);
    printf("timer: value %d code %d\n", value_seen, code_seen);

    ev.sigev_notify = SIGEV_THREAD_ID;
    ev._sigev_un._tid = syscall(SYS_gettid);
    CHECK_EQ(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &t), 0);
    hits = 0;
    timer_settime(t, 0, &its, NULL);
    while (hits < 3) {
    }
    CHECK_EQ(tid_seen, getpid());
    timer_delete(t);
}

static volatile int thread_hits;

static void in_thread(union sigval v)
{
    thread_hits += v.sival_int;
}

static void thread_timer(void)
{
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD };
    struct itimerspec its = { { 0, 0 }, { 0, 1000000 } };
    timer_t t;

    ev.sigev_notify_function = in_thread;
    ev.sigev_value.sival_int = 3;
    CHECK_EQ(timer_create(CLOCK_REALTIME, &ev, &t), 0);
    timer_settime(t, 0, &its, NULL);
    for (int i = 0; i < 20000 && !thread_hits; i++) {
        usleep(1000);
    }
    timer_delete(t);
    printf("thread timer %d\n", thread_hits);
}

static void alarms(void)
{
    struct itimerval it;

    handle(SIGALRM, tick, 0);
    hits = 0;
    alarm(100);
    printf("alarm left %d\n", (int)alarm(0) >= 99);
    alarm(1);
    pause();
    printf("alarm hits %d\n", hits);
    handle(SIGVTALRM, tick, 0);
    it.it_interval.tv_sec = 0;
    it.it_interval.tv_usec = 0;
    it.it_value.tv_sec = 0;
    it.it_value.tv_usec = 10000;
    hits = 0;
    setitimer(ITIMER_VIRTUAL, &it, NULL);
    while (!hits) {
    }
    puts("virtual");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    tight();
    latency();
    posix_timers();
    thread_timer();
    alarms();
    return 0;
}
