/*
 * What the guest test programs share: checks that print FAIL with a place, so
 * that the native run proves the expectation and the emulated one is compared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GUEST_H
#define GUEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define CHECK(cond)                                                         \
    do {                                                                    \
        if (!(cond)) {                                                      \
            printf("FAIL %s:%d: %s (errno %d)\n", __FILE_NAME__, __LINE__,  \
                   #cond, errno);                                           \
            fflush(stdout);                                                 \
        }                                                                   \
    } while (0)

#define CHECK_EQ(a, b)                                                      \
    do {                                                                    \
        long a_ = (long)(a), b_ = (long)(b);                                \
        if (a_ != b_) {                                                     \
            printf("FAIL %s:%d: %s = %ld, %s = %ld (errno %d)\n",           \
                   __FILE_NAME__, __LINE__, #a, a_, #b, b_, errno);         \
            fflush(stdout);                                                 \
        }                                                                   \
    } while (0)

static inline void handle(int sig, void (*fn)(int, siginfo_t *, void *),
                          int flags)
{
    struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, NULL);
}

/* Run @fn in a child; its wait status. */
static inline int in_child(void (*fn)(void))
{
    int status = -1;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        fn();
        fflush(stdout);
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status & ~0x80;      /* whether there was a core is not our topic */
}

/*
 * Is the kernel below the emulator itself emulated (qemu-loongarch64)?  @what
 * that one does instead of what Linux does; run.py --nested.
 */
static inline int nested(const char *what)
{
    static int answer = -1;

    if (answer < 0) {
        answer = getenv("GUEST_NESTED") != NULL;
    }
    return answer;
}

static inline double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

#endif
