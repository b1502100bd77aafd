/*
 * Rounds of everything that comes and goes in a process: children, threads,
 * signals, libraries, memory, generated code.  A line after each round, until
 * standard input ends.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = 40, SPAWNS = 10, THREADS = 100, SIGNALS = 5000, LIBRARIES = 20,
       PAGES = 64 };

static volatile sig_atomic_t taken;

static void must(int ok, const char *what)
{
    if (!ok) {
        printf("FAIL %s\n", what);
        exit(1);
    }
}

static void on_signal(int sig)
{
    taken++;
}

static void processes(void)
{
    char *argv[] = { "true", NULL };
    int status;
    pid_t pid;

    for (int i = 0; i < FORKS + SPAWNS; i++) {
        if (i < FORKS) {
            pid = fork();
            if (pid == 0) {
                _exit(i);
            }
        } else {
            must(posix_spawn(&pid, "/bin/true", NULL, NULL, argv,
                             environ) == 0, "posix_spawn");
        }
        must(pid > 0 && waitpid(pid, &status, 0) == pid, "child");
        must(WEXITSTATUS(status) == (i < FORKS ? i : 0), "status");
    }
}

static void *thread(void *arg)
{
    char *p = malloc(10000 + (uintptr_t)arg);

    memset(p, 1, 10000);
    raise(SIGUSR1);
    free(p);
    return arg;
}

static void threads(void)
{
    pthread_t t[8];
    void *ret;

    for (int i = 0; i < THREADS; i += 8) {
        for (int k = 0; k < 8; k++) {
            must(pthread_create(&t[k], NULL, thread,
                                (void *)(uintptr_t)k) == 0, "thread");
        }
        for (int k = 0; k < 8; k++) {
            must(pthread_join(t[k], &ret) == 0 && ret == (void *)(uintptr_t)k,
                 "join");
        }
    }
}

static void signals(void)
{
    int before = taken;

    for (int i = 0; i < SIGNALS; i++) {
        kill(getpid(), SIGUSR1);
    }
    must(taken == before + SIGNALS, "signals");
}

static void libraries(void)
{
    static const char *const names[] = { "libz.so.1", "liblzma.so.5",
                                         "libbz2.so.1.0", "libzstd.so.1" };
    unsigned long (*crc)(unsigned long, const char *, unsigned);

    for (int i = 0; i < LIBRARIES; i++) {
        for (unsigned k = 0; k < 4; k++) {
            void *h = dlopen(names[k], RTLD_NOW | RTLD_LOCAL);

            if (h && k == 0) {
                crc = (void *)dlsym(h, "crc32");
                must(crc && crc(0, "123456789", 9) == 0xcbf43926, "crc32");
            }
            if (h) {
                dlclose(h);
            }
        }
    }
}

/* Functions that return their number: new ones, rewritten ones, moved ones. */
static void code(unsigned round)
{
    for (unsigned i = 0; i < PAGES; i++) {
        uint8_t *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        must(p != MAP_FAILED, "mmap");
        for (unsigned k = 0; k < 40; k++) {
            uint32_t n = round + i * 64 + k;
            uint8_t *f = p + k % 20 * 16;

            f[0] = 0xb8;                        /* mov $n, %eax; ret */
            memcpy(f + 1, &n, 4);
            f[5] = 0xc3;
            for (unsigned m = 0; m < 20; m++) {
                must(((uint32_t (*)(void))f)() == n, "code");
            }
        }
        must(munmap(p, 8192) == 0, "munmap");
    }
}

int main(void)
{
    struct pollfd in = { 0, POLLIN, 0 };

    signal(SIGUSR1, on_signal);
    for (unsigned round = 1; poll(&in, 1, 0) == 0; round++) {
        processes();
        threads();
        signals();
        libraries();
        code(round);
        printf("round %u\n", round);
        fflush(stdout);
    }
    return 0;
}
