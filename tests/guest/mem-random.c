/*
 * Random memory calls in a small arena, each with its result, the contents of
 * every page and the signal of forbidden accesses.  The native run is the
 * model: only a checksum and the last states are printed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* timeout: 120 */
/* args: 5000 */
/* longargs: 100000 */
/* env: QEMU_STRICT_PAGES=on */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "steps.h"

/* mem-random-shared.c: file mappings are shared and longer than the file. */
#ifndef VIEW
#define VIEW MAP_PRIVATE
#define FILE_PAGES 32
#endif

#define PAGES 64
#define PAGE  4096

/*
 * What is used all the time has its host page to itself: with exact large pages
 * each access beside read-only data is a fault.
 */
static struct {
    char *arena;
    int fd;
    Steps steps;
    sigjmp_buf jb;
    volatile int code;
    char rest[65000];
} state __attribute__((aligned(65536))) = {
    .steps = STEPS_INIT,
};
#define arena state.arena
#define fd    state.fd
#define rnd(n) steps_random(&state.steps, n)
#define mix(v) steps_mix(&state.steps, v)
#define jb    state.jb
#define code  state.code

static void on_fault(int sig, siginfo_t *si, void *uc)
{
    code = sig * 16 + si->si_code;
    siglongjmp(jb, 1);
}

static int probe(char *p, int write)
{
    code = 0;
    if (!sigsetjmp(jb, 0)) {
        if (write) {
            *(volatile char *)p = state.steps.rng;
        } else {
            mix(*(volatile char *)p);
        }
    }
    return code;
}

static int random_prot(void)
{
    static const int prots[] = { 0, 1, 3, 3, 3, 5, 7 };

    return prots[rnd(7)];
}

static long status(void *p)
{
    return p == MAP_FAILED ? -errno : (char *)p - arena;
}

static long step(int kind, char *p, size_t len)
{
    int prot = random_prot();
    char *q = arena + rnd(PAGES / 2) * PAGE;
    size_t m = (1 + rnd(16)) * PAGE;

    switch (kind) {
    case 0:
        return status(mmap(p, len, prot, MAP_PRIVATE | MAP_ANONYMOUS |
                           MAP_FIXED, -1, 0));
    case 1:
        return status(mmap(p, len, prot, MAP_PRIVATE | MAP_FIXED, fd,
                           rnd(8) * PAGE));
    case 2:
        return status(mmap(p, len, prot, VIEW | MAP_FIXED, fd,
                           rnd(8) * PAGE));
    case 3:
        return munmap(p, len) ? -errno : 0;
    case 4:
    case 5:
        return mprotect(p, len, prot) ? -errno : 0;
    case 6:
        /* One mapping: kernels differ in what they do with several. */
        mmap(p, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        return status(mremap(p, len, m, MREMAP_MAYMOVE | MREMAP_FIXED, q));
    case 7:
        /* Which error depends on how the kernel merges mappings. */
        q = mremap(p, len, rnd(2) ? len / 2 / PAGE * PAGE : len + m, 0);
        return q == MAP_FAILED ? -1 : q - arena;
    case 8:
        return madvise(p, len, MADV_DONTNEED) ? -errno : 0;
    case 9:
        return status(mmap(p, len, prot, MAP_PRIVATE | MAP_ANONYMOUS |
                           0x100000, -1, 0));
    case 10:
        return msync(p, len, MS_ASYNC) ? -errno : 0;
    default:
        return probe(p + rnd(PAGE), 1);
    }
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_sigaction = on_fault,
                            .sa_flags = SA_SIGINFO | SA_NODEFER };
    char page[PAGE], name[] = "/tmp/arena-XXXXXX";
    int steps = argc > 1 ? atoi(argv[1]) : 20000, i, j;

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    fd = mkstemp(name);
    for (i = 0; i < FILE_PAGES; i++) {
        memset(page, i + 1, PAGE);
        if (write(fd, page, PAGE) != PAGE) {
            return 1;
        }
    }
    /* Room on both sides that nobody else takes. */
    arena = mmap(NULL, 4 * PAGES * PAGE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    arena += PAGES * PAGE;
    for (i = 0; i < steps; i++) {
        int kind = rnd(14);
        char *p = arena + rnd(PAGES) * PAGE;
        size_t len = (1 + rnd(12)) * PAGE;
        long ret = step(kind, p, len);

        mix(ret);
        for (j = 0; j < PAGES; j += 1 + rnd(4)) {
            mix(probe(arena + j * PAGE + rnd(PAGE), 0));
        }
        if (i % 1000 == 999) {
            printf("%d %d %ld %016llx\n", i, kind, ret,
                   (unsigned long long)state.steps.sum);
        }
    }
    unlink(name);
    return 0;
}
