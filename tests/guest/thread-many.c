/*
 * Threads: a thousand at once, thread-local storage, joins, detached threads,
 * mutexes and conditions under contention, cancellation, directed signals,
 * identity changes (the libc's internal signals).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* timeout: 90 */
#include "guest.h"
#include <semaphore.h>

#define MANY 1000

static __thread long tls = 42;
static __thread char tls_big[1000];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int running, go;
static long total;
static _Atomic long atomic_total;

static void *one_of_many(void *arg)
{
    long n = (long)arg;

    CHECK_EQ(tls, 42);
    tls += n;
    tls_big[n] = 1;
    pthread_mutex_lock(&lock);
    running++;
    pthread_cond_broadcast(&cond);
    while (!go) {
        pthread_cond_wait(&cond, &lock);
    }
    total += tls - 42;
    pthread_mutex_unlock(&lock);
    return (void *)tls;
}

static int count_tasks(void)
{
    char buf[4096];
    int fd = open("/proc/self/status", O_RDONLY), n = 0;
    ssize_t len = read(fd, buf, sizeof(buf) - 1);
    char *p;

    close(fd);
    buf[len > 0 ? len : 0] = 0;
    p = strstr(buf, "Threads:");
    return p ? atoi(p + 8) : -1;
}

static void many(void)
{
    pthread_t t[MANY];
    pthread_attr_t attr;
    long sum = 0;
    void *ret;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    for (long i = 0; i < MANY; i++) {
        CHECK_EQ(pthread_create(&t[i], &attr, one_of_many, (void *)i), 0);
    }
    pthread_mutex_lock(&lock);
    while (running < MANY) {
        pthread_cond_wait(&cond, &lock);
    }
    printf("threads at once %d\n", count_tasks());
    go = 1;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&lock);
    for (long i = 0; i < MANY; i++) {
        CHECK_EQ(pthread_join(t[i], &ret), 0);
        sum += (long)ret;
    }
    printf("many: total %ld sum %ld\n", total, sum);
}

static void *contender(void *arg)
{
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&lock);
        total++;
        pthread_mutex_unlock(&lock);
        atomic_total++;
        asm volatile("lock incq %0" : "+m"(go));
    }
    return NULL;
}

static void contention(void)
{
    pthread_t t[8];

    total = 0;
    for (int i = 0; i < 8; i++) {
        pthread_create(&t[i], NULL, contender, NULL);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], NULL);
    }
    printf("contention %ld %ld\n", total, (long)atomic_total);
}

static void *short_life(void *arg)
{
    atomic_total++;
    return arg;
}

/* Many short lives one after another: nothing may pile up. */
static void turnover(void)
{
    pthread_attr_t attr;
    pthread_t t;

    atomic_total = 0;
    for (int i = 0; i < 3000; i++) {
        CHECK_EQ(pthread_create(&t, NULL, short_life, NULL), 0);
        pthread_join(t, NULL);
    }
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 1000; i++) {
        while (pthread_create(&t, &attr, short_life, NULL)) {
            usleep(1000);
        }
    }
    while (atomic_total < 4000) {
        usleep(1000);
    }
    for (int i = 0; i < 1000 && count_tasks() > 1; i++) {
        usleep(1000);
    }
    printf("turnover %ld left %d\n", (long)atomic_total, count_tasks());
}

static void cleanup(void *arg)
{
    total += (long)arg;
}

static void *cancelled(void *arg)
{
    pthread_cleanup_push(cleanup, (void *)7);
    for (;;) {
        if (arg) {
            pthread_testcancel();
        } else {
            sleep(100);
        }
    }
    pthread_cleanup_pop(0);
    return NULL;
}

static void *async_cancelled(void *arg)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;) {
    }
}

static void cancellation(void)
{
    pthread_t t;
    void *ret;

    total = 0;
    for (long i = 0; i < 2; i++) {
        pthread_create(&t, NULL, cancelled, (void *)i);
        usleep(20000);
        pthread_cancel(t);
        pthread_join(t, &ret);
        CHECK(ret == PTHREAD_CANCELED);
    }
    pthread_create(&t, NULL, async_cancelled, NULL);
    usleep(20000);
    pthread_cancel(t);
    pthread_join(t, &ret);
    CHECK(ret == PTHREAD_CANCELED);
    printf("cancelled %ld\n", total);
}

static __thread volatile int my_hits;
static volatile int stop;


static _Atomic int all_hits;

static void directed(int sig, siginfo_t *info, void *uc)
{
    my_hits++;
    all_hits++;
}

static void *target(void *arg)
{
    volatile long n = 0;

    while (!stop) {
        n++;
    }
    return (void *)(long)my_hits;
}

static void directed_signals(void)
{
    pthread_t t[4];
    void *ret;

    handle(SIGRTMIN + 1, directed, SA_RESTART);
    for (int i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, target, NULL);
    }
    usleep(10000);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k <= i; k++) {
            /* The queue has a limit that all processes of a user share. */
            while (pthread_kill(t[i], SIGRTMIN + 1) == EAGAIN) {
                usleep(1000);
            }
        }
    }
    while (all_hits < 10) {
        usleep(1000);
    }
    stop = 1;
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], &ret);
        printf("thread %d got %ld\n", i, (long)ret);
    }
}

static sem_t done;

static void *identity(void *arg)
{
    sem_wait(&done);
    return (void *)(long)(getuid() + getgid());
}

static void identities(void)
{
    pthread_t t[3];
    void *ret;

    sem_init(&done, 0, 0);
    for (int i = 0; i < 3; i++) {
        pthread_create(&t[i], NULL, identity, NULL);
    }
    CHECK_EQ(setgid(getgid()), 0);
    CHECK_EQ(setuid(getuid()), 0);
    for (int i = 0; i < 3; i++) {
        sem_post(&done);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], &ret);
    }
    puts("identities");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    many();
    contention();
    turnover();
    cancellation();
    directed_signals();
    identities();
    return 0;
}
