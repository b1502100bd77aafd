/*
 * The memory calls one by one: flags, errors, growth, sharing, /proc.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/shm.h>

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHOW(expr) printf("%s: %ld\n", #expr, (long)(expr))

/* The C library looks at some arguments itself. */
#define MMAP(...) (void *)syscall(SYS_mmap, __VA_ARGS__)

static sigjmp_buf jb;

static void on_fault(int sig, siginfo_t *si, void *uc)
{
    siglongjmp(jb, sig * 100 + si->si_code);
}

static int touch(volatile char *p)
{
    int got = sigsetjmp(jb, 1);

    if (!got) {
        *p = 1;
    }
    return got;
}

static long err(long ret)
{
    return ret == -1 ? -errno : 0;
}

static long merr(void *p)
{
    return p == MAP_FAILED ? -errno : 0;
}

static void errors(void)
{
    char *p = mmap(NULL, 16384, 3, ANON, -1, 0);

    SHOW(merr(mmap(NULL, 0, 3, ANON, -1, 0)));
    SHOW(merr(mmap(p + 1, 4096, 3, ANON | MAP_FIXED, -1, 0)));
    SHOW(merr(mmap(NULL, 4096, 3, MAP_ANONYMOUS, -1, 0)));
    SHOW(merr(mmap(NULL, 4096, 3, MAP_PRIVATE, -1, 0)));
    SHOW(merr(mmap(NULL, -4096ul, 3, ANON, -1, 0)));
    SHOW(merr(mmap(p, 4096, 3, ANON | 0x100000, -1, 0)));
    SHOW(err(munmap(p + 1, 4096)));
    SHOW(err(munmap(p, 0)));
    SHOW(err(munmap(p + 4096, 4096)));
    SHOW(err(mprotect(p, 16384, PROT_READ)));
    SHOW(touch(p));
    SHOW(err(mprotect(p, 16384, 0x40)));
    SHOW(err(mprotect(p + 1, 4096, 3)));
    SHOW(err(madvise(p, 16384, MADV_DONTNEED)));
    SHOW(err(madvise(p, 4096, 12345)));
    SHOW(err(msync(p, 16384, MS_SYNC)));
    SHOW(err(msync(p, 4096, MS_SYNC | MS_ASYNC)));
    SHOW(merr(mremap(p + 4096, 4096, 8192, MREMAP_MAYMOVE)));
    SHOW(merr(mremap(p, 4096, 0, MREMAP_MAYMOVE)));
    SHOW(merr(mremap(p, 4096, 8192, 0)));
    SHOW(err(mlock(p, 4096)));
    SHOW(err(munlock(p, 4096)));
    SHOW(err(mlock(p, 16384)));
    munmap(p, 16384);
    SHOW(touch(p));
}

/* What is looked at first, and what is done before the error. */
static void order(void)
{
    char *p = mmap(NULL, 0x40000, 3, ANON, -1, 0), *hinted;
    unsigned char vec[4] = { 8, 8, 8, 8 };

    SHOW(merr(MMAP(NULL, 4096, 3, ANON, -1, 1)));
    SHOW(merr(MMAP(NULL, 4096, 3, MAP_PRIVATE, -1, 1)));
    SHOW(merr(MMAP(NULL, 4096, 3, ANON, -1, -4096)));
    SHOW(merr(MMAP(NULL, 0, 3, MAP_PRIVATE, 99, 0)));
    SHOW(merr(MMAP(NULL, 4096, 3, 0, 99, 0)));
    SHOW(merr(MMAP(NULL, -1, 3, MAP_PRIVATE, 99, 0)));
    SHOW(merr(MMAP(NULL, 4096, 3, MAP_PRIVATE, 99, -4096)));
    munmap(p + 0x10000, 0x20000);
    hinted = MMAP(p + 0x20800, 4096, 3, ANON, -1, 0);
    SHOW(hinted - p);
    *hinted = 1;
    memset(p, 1, 0x10000);
    if (!nested("finds nothing in a part of a page")) {
        SHOW(err(syscall(SYS_mincore, p + 0xe000, 0x4000, vec)));
        printf("%d %d %d %d\n", vec[0] & 1, vec[1] & 1, vec[2], vec[3]);
        SHOW(err(syscall(SYS_mincore, p + 0xe000, 0x4000, p + 0x38000)));
        mprotect(p + 0x38000, 4096, PROT_NONE);
        SHOW(err(syscall(SYS_mincore, p + 0xe000, 0x4000, p + 0x38000)));
    }
    mprotect(p + 0x38000, 4096, PROT_NONE);
    SHOW(err(mlock(p + 0x38000, 4096)));
    SHOW(err(mlock(p + 0x39000, 4096)));
    SHOW(err(mlock((void *)-1, 10)));
    SHOW(err(munlock((void *)-4096, 0x2000)));
    SHOW(err(syscall(SYS_pkey_mprotect, p, 0, 3, 15)));
    SHOW(err(syscall(SYS_pkey_mprotect, p, 4096, 3, 15)));
    munmap(p, 0x40000);
}

static void placement(void)
{
    char *p = mmap(NULL, 4096, 3, ANON | MAP_32BIT, -1, 0);
    char *room = mmap(NULL, 4 << 20, 0, ANON, -1, 0), *g;
    void *want = (void *)0x234500000000;

    /* Nothing below it that would end its growth. */
    munmap(room, 4 << 20);
    g = mmap(room + (2 << 20), 65536, 3, ANON | MAP_GROWSDOWN | MAP_FIXED, -1,
             0);
    SHOW((uintptr_t)p < 0x80000000);
    SHOW(mmap(want, 4096, 3, ANON, -1, 0) == want);
    SHOW(mmap(want, 4096, 3, ANON, -1, 0) == want);
    SHOW(touch(g - 4096));
    SHOW(touch(g - 40 * 4096));
}

static void files(void)
{
    int fd = memfd_create("f", 0);
    char *a, *b;
    static unsigned char vec[1 << 18];  /* mincore() writes until it fails */

    if (nested("refuses to map the end of a file shared and writable")) {
        SHOW(ftruncate(fd, 65536));
    } else {
        SHOW(ftruncate(fd, 6000));
    }
    a = mmap(NULL, 12288, 3, MAP_SHARED, fd, 0);
    b = mmap(NULL, 8192, 3, MAP_SHARED, fd, 0);
    a[4100] = 42;
    SHOW(b[4100]);
    SHOW(touch(a + 6100));
    SHOW(touch(a + 8192));
    if (!nested("refuses a second view by mremap()")) {
        SHOW(merr(mremap(a, 0, 4096, MREMAP_MAYMOVE)));
    }
    if (!nested("refuses mincore() of PROT_NONE memory")) {
        SHOW(err(mincore(a, 8192, vec)));
        SHOW(vec[0] & 1);
    }
    SHOW(err(mincore(a, 1 << 30, vec)));
    SHOW(err(fcntl(fd, F_ADD_SEALS, 0)));
    close(fd);
    fd = open("/proc/self/exe", O_RDONLY);
    SHOW(merr(mmap(NULL, 4096, 3, MAP_SHARED, fd, 0)));
    SHOW(merr(mmap(NULL, 4096, 3, MAP_PRIVATE, fd, 0)));
    SHOW(merr(mmap(NULL, 4096, 1, MAP_PRIVATE, fd, 100)));
    a = mmap(NULL, 4096, 1, MAP_SHARED, fd, 0);
    SHOW(err(mprotect(a, 4096, 3)));
    SHOW(memcmp(a, "\177ELF", 4));
}

/* Each flag alone with each type, on a file and on nothing. */
static void flags(void)
{
    const unsigned placement = MAP_FIXED | MAP_ANONYMOUS | 1u << 20;
    int fd = open("flags", O_RDWR | O_CREAT, 0600);

    ftruncate(fd, 65536);
    for (int type = 0; type < 5; type++) {
        printf("type %d:", type);
        for (int bit = 4; bit < 32; bit++) {
            unsigned flag = 1u << bit;

            if (!(flag & (placement | MAP_HUGETLB | MAP_SYNC))) {
                printf(" %ld %ld",
                       merr(mmap(NULL, 65536, 3, type | flag, fd, 0)),
                       merr(mmap(NULL, 65536, 3, type | flag | MAP_ANONYMOUS,
                                 -1, 0)));
            }
        }
        puts("");
    }
    close(fd);
}

static void sharing(void)
{
    int *p = mmap(NULL, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int *w = mmap(NULL, 4096, 3, ANON, -1, 0);
    int *d = mmap(NULL, 4096, 3, ANON, -1, 0), st;
    int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600);
    char *s = shmat(id, NULL, 0), *r = shmat(id, NULL, SHM_RDONLY);

    SHOW(s != (char *)-1 && r != (char *)-1);
    s[9999] = 7;
    SHOW(r[9999]);
    SHOW(touch(r));
    *w = *d = 5;
    SHOW(err(madvise(w, 4096, MADV_WIPEONFORK)));
    SHOW(err(madvise(d, 4096, MADV_DONTFORK)));
    fflush(stdout);
    if (nested("ignores MADV_WIPEONFORK and MADV_DONTFORK")) {
        *w = 0;
        munmap(d, 4096);
    }
    if (fork() == 0) {
        *p = 77;
        s[1] = 3;
        _exit(*w * 10 + (touch((char *)d) == SIGSEGV * 100 + 1));
    }
    wait(&st);
    SHOW(WEXITSTATUS(st));
    SHOW(*p);
    SHOW(r[1]);
    SHOW(err(shmdt(s)));
    SHOW(err(shmdt(s)));
    SHOW(err(shmdt(r + 4096)));
    SHOW(err(shmctl(id, IPC_RMID, NULL)));
}

/* Two pages of shared memory, the first shown twice. */
static void nonlinear(void)
{
    int fd = memfd_create("n", 0);
    char *a, *f;

    if (nested("has pages of 16 KiB")) {
        return;
    }
    a = mmap(NULL, 8192, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ftruncate(fd, 8192);
    f = mmap(NULL, 8192, 3, MAP_SHARED, fd, 0);
    a[0] = f[0] = 1;
    a[4096] = f[4096] = 2;
    /* Not on hosts with larger pages. */
    if (remap_file_pages(a + 4096, 4096, 0, 0, 0) == 0) {
        CHECK_EQ(a[4096], 1);
        CHECK_EQ(remap_file_pages(f + 4096, 4096, 0, 0, 0), 0);
        f[4096] = 3;
        CHECK_EQ(f[0], 3);
    } else {
        CHECK_EQ(errno, EINVAL);
        CHECK(atoi(getenv("QEMU_HOST_PAGESIZE") ?: "4096") > 4096);
    }
    SHOW(err(remap_file_pages(a, 4096, 1, 0, 0)));
    SHOW(err(remap_file_pages(a, 16384, 0, 0, 0)));
    munmap(a, 8192);
    munmap(f, 8192);
    close(fd);
}

static void heap(void)
{
    char *b = sbrk(0);
    long now;

    SHOW(brk(b + 100000));
    b[99999] = 1;
    SHOW((char *)sbrk(0) - b);
    SHOW(brk(b));
    now = syscall(SYS_brk, 0);
    SHOW(syscall(SYS_brk, 4096) == now);
    SHOW(brk(b + 8192));
    SHOW(b[4096] + b[8191]);
}

/* The field @key of the mapping at @addr in smaps, in kB. */
static long smaps_field(void *addr, const char *key)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    unsigned long lo, hi;
    long value = -1;
    bool here = false;
    char line[512];

    while (value < 0 && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2) {
            here = (unsigned long)addr >= lo && (unsigned long)addr < hi;
        } else if (here && !strncmp(line, key, strlen(key))) {
            value = atol(line + strlen(key));
        }
    }
    fclose(f);
    return value;
}

/* All memory of a small program fits into 8 MiB, its stack as it is now. */
static void lock_all(void)
{
    struct rlimit lim = { 8 << 20, 8 << 20 };
    /* Not like its neighbours: a mapping of its own in smaps. */
    char *p = mmap(NULL, 1 << 16, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &lim), 0);
    if (geteuid() == 0) {
        CHECK_EQ(setresuid(65534, 65534, 65534), 0);
    }
    SHOW(err(mlockall(MCL_CURRENT)));
    SHOW(smaps_field(p, "Locked:"));
    SHOW(err(munlockall()));
    SHOW(smaps_field(p, "Locked:"));
    SHOW(err(mlockall(0)));
}

static void locked(void)
{
    char *p = mmap(NULL, 1 << 16, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK_EQ(mlock(p, 1 << 16), 0);
    SHOW(smaps_field(p, "Locked:"));
    CHECK_EQ(munlock(p, 1 << 16), 0);
    SHOW(smaps_field(p, "Locked:"));
    munmap(p, 1 << 16);
    in_child(lock_all);
}

static void maps(void)
{
    char line[512], perms[8];
    unsigned long lo, hi, off, prev = 0, here = (unsigned long)&maps;
    int heap = 0, stack = 0, vdso = 0, self = 0, order = 1;
    FILE *f = fopen("/proc/self/maps", "r");

    while (fgets(line, sizeof(line), f)) {
        order &= sscanf(line, "%lx-%lx %7s %lx", &lo, &hi, perms, &off) == 4 &&
                 lo >= prev && hi > lo;
        prev = hi;
        heap |= strstr(line, "[heap]") != NULL;
        vdso |= strstr(line, "[vdso]") && lo == getauxval(AT_SYSINFO_EHDR);
        stack |= strstr(line, "[stack]") && (unsigned long)line >= lo &&
                 (unsigned long)line < hi;
        self |= here >= lo && here < hi && !strcmp(perms, "r-xp") &&
                line[strlen(line) - 2] != ' ';
    }
    fclose(f);
    printf("%d %d %d %d %d\n", heap, stack, vdso, self, order);
}

int main(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    errors();
    order();
    placement();
    files();
    flags();
    sharing();
    nonlinear();
    heap();
    locked();
    maps();
    return 0;
}
