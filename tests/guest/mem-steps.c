/*
 * Random steps of all memory calls with reads, writes and expected faults.
 * Everything a 4 KiB host shows must be the same on a host with larger pages:
 * private and anonymous memory at any page, files at odd page offsets and
 * beyond their end, the break, and shared mappings at addresses and offsets
 * that every host can map.  The native run is the model; each step goes into a
 * checksum.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* timeout: 240 */
/* args: 8000 */
/* longargs: 100000 */
/* env: QEMU_STRICT_PAGES=on */
#include "guest.h"
#include "steps.h"

#define PAGE   4096
#define PAGES  64
#define BIG    0x10000
#define BIGS   4                /* shared slots above the arena */
#define TAIL   1000             /* bytes in the file's last page */
#define FPAGES 13

/*
 * What is used all the time has its host page to itself: with exact large pages
 * each access beside read-only data is a fault.
 */
static struct {
    char *arena, *slots;
    int fd, sfd;
    Steps steps;
    sigjmp_buf jb;
    volatile int code;
    volatile long where;
    uintptr_t brk0, brk_now;
    char rest[65000];
} state __attribute__((aligned(65536))) = {
    .steps = STEPS_INIT,
};
#define arena   state.arena
#define slots   state.slots
#define fd      state.fd
#define sfd     state.sfd
#define rnd(n)  steps_random(&state.steps, n)
#define mix(v)  steps_mix(&state.steps, v)
#define jb      state.jb
#define code    state.code
#define where   state.where
#define brk0    state.brk0
#define brk_now state.brk_now

static void on_fault(int sig, siginfo_t *si, void *uc)
{
    code = sig * 16 + si->si_code;
    where = (char *)si->si_addr - arena;
    siglongjmp(jb, 1);
}

static void probe(char *p, int how)
{
    uint64_t v = 0;

    code = 0;
    where = 0;
    if (!sigsetjmp(jb, 0)) {
        switch (how) {
        case 0:
            v = *(volatile uint8_t *)p;
            break;
        case 1:
            __asm__ volatile("mov (%1), %0" : "=r"(v) : "r"(p) : "memory");
            break;
        case 2:
            *(volatile uint8_t *)p = state.steps.rng;
            break;
        default:
            __asm__ volatile("mov %0, (%1)"
                             :: "r"(state.steps.rng), "r"(p) : "memory");
            break;
        }
    }
    mix(v);
    mix(code);
    mix(where);
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

/* The break moves by pages, and what is there is read and written. */
static long step_brk(void)
{
    uintptr_t want = brk0 + rnd(24) * PAGE / (1 + rnd(2));
    char *end;

    brk_now = syscall(SYS_brk, want);
    end = (char *)((brk_now + PAGE - 1) & -PAGE);
    if (end > (char *)brk0 + 8) {
        char *p = (char *)brk0 + rnd(end - (char *)brk0 - 8);

        mix(*p);
        memcpy(p, &state.steps.rng, 8);
    }
    return brk_now - brk0;
}

static long step_shared(void)
{
    char *p = slots + rnd(BIGS) * BIG;
    int n = 1 + rnd(16);

    switch (rnd(4)) {
    case 0:
        return status(mmap(p, BIG, 3, MAP_SHARED | MAP_FIXED, sfd,
                           rnd(2) * BIG));
    case 1:
        return status(mmap(p, BIG, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
                           -1, 0));
    case 2:
        return msync(p, n * PAGE, MS_SYNC) ? -errno : 0;
    default:
        probe(p + rnd(BIG), 2);
        for (int i = 0; i < BIGS; i++) {
            probe(slots + i * BIG + rnd(BIG), 0);
        }
        return 0;
    }
}

/* Not to map pages far beyond the end of the file. */
static int beyond;

/* Private, at any page of the file. */
static char *map_file(char *p, size_t len, int prot, size_t page)
{
    if (beyond) {
        len = len / PAGE + page > 16 ? (16 - page) * PAGE : len;
    }
    return mmap(p, len, prot, MAP_PRIVATE | MAP_FIXED, fd, page * PAGE);
}

static long step(int kind, char *p, size_t len)
{
    int prot = random_prot();
    char *q = arena + rnd(PAGES / 2) * PAGE;
    size_t m = (1 + rnd(16)) * PAGE, from;
    unsigned char vec[PAGES];

    beyond = nested("fails beyond the page that has the end of a file");
    switch (kind) {
    case 0:
        return status(mmap(p, len, prot, MAP_PRIVATE | MAP_ANONYMOUS |
                           MAP_FIXED, -1, 0));
    case 1:
    case 2:
        /* Often beyond the end of the file. */
        return status(map_file(p, len, prot, rnd(12)));
    case 3:
        return munmap(p, len) ? -errno : 0;
    case 4:
    case 5:
        return mprotect(p, len, prot) ? -errno : 0;
    case 6:
        mmap(p, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        return status(mremap(p, len, m, MREMAP_MAYMOVE | MREMAP_FIXED, q));
    case 7:
        q = mremap(p, len, rnd(2) || beyond ? len / 2 / PAGE * PAGE : len + m, 0);
        return q == MAP_FAILED ? -1 : q - arena;
    case 8:
        return madvise(p, len, MADV_DONTNEED) ? -errno : 0;
    case 9:
        return status(mmap(p, len, prot, MAP_PRIVATE | MAP_ANONYMOUS |
                           0x100000, -1, 0));
    case 10:
        return nested("refuses mincore() of PROT_NONE memory") ||
               mincore(p, len, vec) == 0 ? 0 : -errno;
    case 11:
        return step_brk();
    case 12:
        return step_shared();
    case 13:
        map_file(p, len, prot, rnd(4));
        m = beyond && m > len ? len : m;
        return status(mremap(p, len, m, MREMAP_MAYMOVE | MREMAP_FIXED, q));
    case 14:
        /* A system call that writes there. */
        from = rnd(PAGE);
        m = rnd(100);
        if (nested("refuses a call when the end of its buffer is not mapped") &&
            from + m > PAGE) {
            m = PAGE - from;
        }
        return pread(fd, p + from, m, 0) < 0 ? -errno : 0;
    default:
        probe(p + rnd(PAGE), 2 + rnd(2));
        /* Across two guest pages. */
        probe(p + PAGE - 1 - rnd(7), 1 + 2 * rnd(2));
        return 0;
    }
}

int main(int argc, char **argv)
{
    int steps = argc > 1 ? atoi(argv[1]) : 8000, i, j;
    char name[] = "/tmp/steps-XXXXXX", page[PAGE];

    static char out[PAGE];

    /* The heap is ours: the C library must not need it. */
    setvbuf(stdout, out, _IOLBF, sizeof(out));
    handle(SIGSEGV, on_fault, SA_NODEFER);
    handle(SIGBUS, on_fault, SA_NODEFER);
    fd = mkstemp(name);
    for (i = 0; i < FPAGES; i++) {
        memset(page, i + 1, PAGE);
        write(fd, page, i < FPAGES - 1 ||
              nested("leaves old bytes behind the end of a file") ? PAGE :
              TAIL);
    }
    sfd = memfd_create("shared", 0);
    ftruncate(sfd, 2 * BIG);
    brk0 = (syscall(SYS_brk, 0) + BIG - 1) & -BIG;
    syscall(SYS_brk, brk0);
    arena = mmap(NULL, 32 * BIG, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    arena = (char *)(((uintptr_t)arena + 8 * BIG) & -(uintptr_t)BIG);
    slots = arena + 16 * BIG;
    for (i = 1; i <= steps; i++) {
        int kind = rnd(18);
        char *p = arena + rnd(PAGES) * PAGE;
        size_t len = (1 + rnd(12)) * PAGE;
        long ret = step(kind, p, len);

        mix(ret);
        for (j = 0; j < 4; j++) {
            probe(arena + rnd(PAGES) * PAGE + rnd(PAGE), rnd(2));
        }
        if (i % 500 == 0) {
            printf("%d %d %ld %016llx\n", i, kind, ret,
                   (unsigned long long)state.steps.sum);
        }
    }
    unlink(name);
    return 0;
}
