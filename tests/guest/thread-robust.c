/*
 * Robust mutexes: the owner ends as a thread, exits as a process, is killed,
 * executes another program; priority-inheritance mutexes; futex_waitv,
 * requeue and bitsets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* nested: the host has no set_robust_list() */
#include "guest.h"
#include <linux/futex.h>

static pthread_mutex_t *m;
static volatile int *word;

static void init(void)
{
    pthread_mutexattr_t a;

    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(m, &a);
}

static void *dies_holding(void *arg)
{
    pthread_mutex_lock(m);
    return NULL;
}

static void report(const char *name)
{
    int ret = pthread_mutex_lock(m);

    printf("%s: %s", name, ret == EOWNERDEAD ? "owner died" : strerror(ret));
    if (ret == EOWNERDEAD) {
        ret = pthread_mutex_consistent(m);
        printf(", consistent %d", ret);
    }
    pthread_mutex_unlock(m);
    ret = pthread_mutex_lock(m);
    printf(", again %d\n", ret);
    pthread_mutex_unlock(m);
}

static void child_holds(const char *name, int how)
{
    pid_t pid = fork();
    int p[2];

    if (pid == 0) {
        pthread_mutex_lock(m);
        *word = 1;
        switch (how) {
        case 0:
            _exit(0);
        case 1:
            for (;;) {
                pause();
            }
        case 2:
            execl("/bin/true", "true", NULL);
            _exit(1);
        case 3:
            *(volatile int *)8 = 1;
        }
    }
    while (!*word) {
        usleep(1000);
    }
    *word = 0;
    if (how == 1) {
        kill(pid, SIGKILL);
    }
    report(name);       /* may wait for the death */
    waitpid(pid, NULL, 0);
}

static void *late_waiter(void *arg)
{
    int ret = pthread_mutex_lock(m);

    if (ret == EOWNERDEAD) {
        pthread_mutex_consistent(m);
    }
    pthread_mutex_unlock(m);
    return (void *)(long)ret;
}

static void *holds_a_while(void *arg)
{
    pthread_mutex_lock(m);
    *word = 1;
    usleep(50000);
    return NULL;
}

static void waiter_wakes(void)
{
    pthread_t a, b;
    void *ret;

    pthread_create(&a, NULL, holds_a_while, NULL);
    while (!*word) {
        usleep(1000);
    }
    *word = 0;
    pthread_create(&b, NULL, late_waiter, NULL);
    pthread_join(a, NULL);
    pthread_join(b, &ret);
    printf("waiter: %s\n", (long)ret == EOWNERDEAD ? "owner died" : "?");
}

static int pi_shared;
static pthread_mutex_t pi;

static void *pi_thread(void *arg)
{
    for (int i = 0; i < 5000; i++) {
        pthread_mutex_lock(&pi);
        pi_shared++;
        pthread_mutex_unlock(&pi);
    }
    return NULL;
}

static void priority_inheritance(void)
{
    pthread_mutexattr_t a;
    pthread_t t[4];

    pthread_mutexattr_init(&a);
    pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&pi, &a);
    for (int i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, pi_thread, NULL);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
    }
    printf("pi %d\n", pi_shared);
}

struct waitv {
    uint64_t val, uaddr;
    uint32_t flags, reserved;
};
static int f1, f2;

static void *wake_f2(void *arg)
{
    usleep(30000);
    f2 = 1;
    syscall(SYS_futex, &f2, FUTEX_WAKE_PRIVATE, 1);
    return NULL;
}

static void wait_many(void)
{
    struct waitv w[2] = { { 0, (uint64_t)&f1, 2 | 128 },
                          { 0, (uint64_t)&f2, 2 | 128 } };
    pthread_t t;
    long ret;

    pthread_create(&t, NULL, wake_f2, NULL);
    ret = syscall(449, w, 2, 0, NULL, 0);
    if (ret < 0 && errno == EAGAIN) {
        ret = 1;
    }
    pthread_join(t, NULL);
    printf("waitv %ld\n", ret);
    f1 = 5;
    CHECK_EQ(syscall(449, w, 2, 0, NULL, 0), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(syscall(SYS_futex, &f1, FUTEX_WAIT_BITSET_PRIVATE, 4, NULL, NULL,
                     1), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(syscall(SYS_futex, 8, FUTEX_WAIT_PRIVATE, 4, NULL), -1);
    CHECK_EQ(errno, EFAULT);
}

int main(void)
{
    void *head;
    size_t len;

    setvbuf(stdout, NULL, _IONBF, 0);
    m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
             -1, 0);
    word = (int *)(m + 8);
    init();
    pthread_t t;
    pthread_create(&t, NULL, dies_holding, NULL);
    pthread_join(t, NULL);
    report("thread");
    child_holds("exit", 0);
    child_holds("killed", 1);
    child_holds("exec", 2);
    child_holds("crash", 3);
    waiter_wakes();
    priority_inheritance();
    wait_many();
    CHECK_EQ(syscall(SYS_get_robust_list, 0, &head, &len), 0);
    CHECK_EQ(len, 24);
    CHECK(head != NULL);
    return 0;
}
