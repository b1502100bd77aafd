/*
 * Threads that map, protect, move and unmap at once, with faults on purpose
 * and forks in between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* flags: -pthread */
/* timeout: 120 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 6
#define ROUNDS  1500

static __thread sigjmp_buf jb;
static __thread volatile int armed;
static int bad;

static void on_fault(int sig, siginfo_t *si, void *uc)
{
    if (!armed) {
        _exit(99);
    }
    siglongjmp(jb, 1);
}

static int faults(char *p)
{
    int got = 0;

    armed = 1;
    if (sigsetjmp(jb, 0)) {
        got = 1;
    } else {
        *(volatile char *)p = 1;
    }
    armed = 0;
    return got;
}

static void check(int ok)
{
    if (!ok) {
        __atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
    }
}

static void *worker(void *arg)
{
    static const unsigned char ret_code[] = { 0xb8, 0, 0, 0, 0, 0xc3 };
    unsigned n = (unsigned long)arg;

    for (int i = 0; i < ROUNDS; i++) {
        size_t len = 4096 * (1 + (i * 7 + n) % 20);
        char *p = mmap(NULL, len, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char *q;

        check(p != MAP_FAILED && p[0] == 0 && p[len - 1] == 0);
        memset(p, i, len);
        mprotect(p, 4096, PROT_READ);
        check(faults(p + 100));
        mprotect(p, len, 7);
        memcpy(p, ret_code, 6);
        p[1] = i;
        check(((int (*)(void))p)() == (i & 255));
        p[1] = i + 1;
        check(((int (*)(void))p)() == ((i + 1) & 255));
        q = mremap(p, len, len * 2, MREMAP_MAYMOVE);
        check(q != MAP_FAILED && ((int (*)(void))q)() == ((i + 1) & 255));
        check(len == 4096 || (unsigned char)q[len - 1] == (i & 255));
        munmap(q, len * 2);
        if (n == 0 && i % 100 == 0) {
            pid_t pid = fork();
            int st;

            if (pid == 0) {
                p = mmap(NULL, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                p[4096] = 1;
                _exit(munmap(p, 8192) == 0 ? 5 : 6);
            }
            check(waitpid(pid, &st, 0) == pid && WEXITSTATUS(st) == 5);
        }
    }
    return NULL;
}

int main(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault,
                            .sa_flags = SA_SIGINFO | SA_NODEFER };
    pthread_t t[THREADS];

    sigaction(SIGSEGV, &sa, NULL);
    for (long i = 0; i < THREADS; i++) {
        pthread_create(&t[i], NULL, worker, (void *)i);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
    }
    printf("bad %d\n", bad);
    return bad != 0;
}
