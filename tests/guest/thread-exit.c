/*
 * How threads and processes end: exit_group from any thread, the first thread
 * leaving early, the last one leaving, raw clone with CLONE_CHILD_CLEARTID.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <linux/futex.h>

static void *exits(void *arg)
{
    usleep(10000);
    exit(23);
}

static void exit_from_thread(void)
{
    pthread_t t;

    pthread_create(&t, NULL, exits, NULL);
    for (;;) {
        pause();
    }
}

static void *spin(void *arg)
{
    for (;;) {
    }
}

static void exit_while_others_run(void)
{
    pthread_t t;

    for (int i = 0; i < 4; i++) {
        pthread_create(&t, NULL, spin, NULL);
    }
    usleep(5000);
    _exit(24);
}

static void *outlives(void *arg)
{
    usleep(30000);
    puts("after the first thread");
    return NULL;
}

static void first_thread_leaves(void)
{
    pthread_t t;

    pthread_create(&t, NULL, outlives, NULL);
    pthread_exit(NULL);
}

static void *raw_last(void *arg)
{
    usleep(20000);
    syscall(SYS_exit, 9);
    return NULL;
}

static void raw_exits(void)
{
    pthread_t t;

    pthread_create(&t, NULL, raw_last, NULL);
    syscall(SYS_exit, 26);
}

static void raw_single(void)
{
    syscall(SYS_exit, 27);
}

static atomic_int leaving;

static void *leaves(void *arg)
{
    atomic_fetch_add(&leaving, 1);
    while (leaving < 2) {
    }
    syscall(SYS_exit, 7);
    return NULL;
}

/* Whichever is the last one: its status counts. */
static void both_leave(void)
{
    pthread_t t;

    leaving = 0;
    pthread_create(&t, NULL, leaves, NULL);
    leaves(NULL);
}

static char stack[65536] __attribute__((aligned(16)));
static volatile int tid_word = -1, seen_tid, seen_child;

static int raw_thread(void *arg)
{
    seen_tid = syscall(SYS_gettid);
    seen_child = tid_word;
    syscall(SYS_exit, 0);
    return 0;
}

static void raw_clone(void)
{
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
                CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    int ptid = 0, tid, val;

    tid = clone(raw_thread, stack + sizeof(stack), flags, NULL, &ptid, NULL,
                &tid_word);
    CHECK(tid > 0);
    CHECK_EQ(ptid, tid);
    while ((val = tid_word) != 0) {
        syscall(SYS_futex, &tid_word, FUTEX_WAIT, val, NULL);
    }
    CHECK_EQ(seen_tid, tid);
    CHECK_EQ(seen_child, tid);
    puts("cleared");
}

#define SIGNALS 10000
#define LEAVERS 4

static atomic_int caught, sent_all;
static char stacks[LEAVERS][16384] __attribute__((aligned(16)));
static volatile int alive[LEAVERS];
static sigset_t counted;

static void on_signal(int sig)
{
    atomic_fetch_add(&caught, 1);
}

static int leaves_at_once(void *arg)
{
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &counted, NULL, 8);
    syscall(SYS_exit, 0);
    return 0;
}

static void *sends(void *arg)
{
    union sigval value = { 0 };

    for (int i = 0; i < SIGNALS; i++) {
        CHECK_EQ(sigqueue(getpid(), SIGRTMIN, value), 0);
        while (caught < i - 10) {
            sched_yield();
        }
    }
    sent_all = 1;
    return NULL;
}

/* Signals for the process reach threads that are about to end. */
static void signals_and_exits(void)
{
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    pthread_t t;

    sigaction(SIGRTMIN, &sa, NULL);
    sigemptyset(&counted);
    sigaddset(&counted, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &counted, NULL);
    pthread_create(&t, NULL, sends, NULL);
    while (!sent_all) {
        for (int i = 0; i < LEAVERS; i++) {
            if (!alive[i]) {
                alive[i] = 1;
                clone(leaves_at_once, stacks[i] + sizeof(stacks[i]), flags,
                      NULL, NULL, NULL, &alive[i]);
            }
        }
    }
    pthread_join(t, NULL);
    for (int i = 0; i < LEAVERS; i++) {
        while (alive[i]) {
            sched_yield();
        }
    }
    pthread_sigmask(SIG_UNBLOCK, &counted, NULL);
    printf("caught %d\n", caught);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("exit from thread %x\n", in_child(exit_from_thread));
    printf("exit while others run %x\n", in_child(exit_while_others_run));
    printf("first thread leaves %x\n", in_child(first_thread_leaves));
    printf("raw exits %x\n", in_child(raw_exits));
    for (int i = 0; i < 300; i++) {
        CHECK_EQ(in_child(both_leave), 7 << 8);
    }
    printf("raw single %x\n", in_child(raw_single));
    for (int i = 0; i < 20; i++) {
        tid_word = -1;
        raw_clone();
    }
    signals_and_exits();
    return 0;
}
