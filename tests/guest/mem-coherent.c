/*
 * Shared memory is the same memory for everybody, at addresses and offsets
 * that hosts with pages of up to 64 KiB can map, and stays so when parts of
 * 4 KiB of it are protected, unmapped or moved.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

#define PAGE 4096
#define BIG  0x10000

static sigjmp_buf jb;
static int turn[2][2];

static void on_fault(int sig, siginfo_t *si, void *uc)
{
    siglongjmp(jb, sig);
}

static int touch(volatile char *p)
{
    int sig = sigsetjmp(jb, 1);

    if (!sig) {
        (*p)++;
    }
    return sig;
}

/* Parent and child take turns. */
static void pass(int me)
{
    char c = 'x';

    write(turn[me][1], &c, 1);
}

static void await(int me)
{
    char c;

    read(turn[!me][0], &c, 1);
}

/* Each side counts in every page of the other's view. */
static void exchange(int me, char *p, int pages, const char *what)
{
    int bad = 0;

    if (me == 0) {
        for (int i = 0; i < pages; i++) {
            p[i * PAGE + 100] = 0;
        }
    }
    for (int round = 0; round < 50; round++) {
        if (me != round % 2) {
            await(me);
        } else {
            for (int i = 0; i < pages; i++) {
                p[i * PAGE + 100] += round + i;
            }
            pass(me);
        }
    }
    if (me == 1) {
        await(me);
        return;
    }
    for (int i = 0; i < pages; i++) {
        bad += p[i * PAGE + 100] != (char)(49 * 25 + 50 * i);
    }
    printf("%s: %d of %d pages wrong\n", what, bad, pages);
    pass(me);
}

static char *map(const char *name, off_t offset, size_t len)
{
    int fd = open(name, O_RDWR);
    char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

    close(fd);
    return p;
}

static void holes(int me, const char *name)
{
    char *p = map(name, BIG, BIG), *q;

    mprotect(p + PAGE, PAGE, PROT_NONE);
    mprotect(p + 2 * PAGE, PAGE, PROT_READ);
    munmap(p + 7 * PAGE, PAGE);
    CHECK_EQ(touch(p + PAGE), SIGSEGV);
    CHECK_EQ(touch(p + 2 * PAGE), SIGSEGV);
    CHECK_EQ(touch(p + 7 * PAGE), SIGSEGV);
    exchange(me, p + 3 * PAGE, 4, "between holes");
    mprotect(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE);
    exchange(me, p, 3, "opened again");
    q = mmap(NULL, 3 * BIG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    q = (char *)(((uintptr_t)q + BIG - 1) & -(uintptr_t)BIG);
    p = map(name, BIG, BIG);
    q = mremap(p, BIG, BIG, MREMAP_MAYMOVE | MREMAP_FIXED, q);
    exchange(me, q + 8 * PAGE, 8, "moved");
}

static void file_and_memory(const char *name)
{
    int fd = open(name, O_RDWR);
    char *p = map(name, 0, 4 * BIG), c;
    char *own = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
                     2 * BIG);

    pwrite(fd, "F", 1, 2 * BIG + 5 * PAGE);
    CHECK_EQ(p[2 * BIG + 5 * PAGE], 'F');
    p[2 * BIG + 6 * PAGE] = 'M';
    CHECK_EQ(pread(fd, &c, 1, 2 * BIG + 6 * PAGE), 1);
    CHECK_EQ(c, 'M');
    own[7 * PAGE] = 'O';
    CHECK_EQ(p[2 * BIG + 7 * PAGE], 0);
    close(fd);
    puts("file and memory");
}

int main(void)
{
    char name[] = "coherent-XXXXXX", *anon;
    int fd = mkstemp(name), me;
    pid_t pid;

    setvbuf(stdout, NULL, _IONBF, 0);
    handle(SIGSEGV, on_fault, SA_NODEFER);
    handle(SIGBUS, on_fault, SA_NODEFER);
    ftruncate(fd, 4 * BIG);
    pipe(turn[0]);
    pipe(turn[1]);
    anon = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    pid = fork();
    me = pid == 0;
    exchange(me, map(name, 0, BIG), 16, "file");
    exchange(me, map(name, 3 * BIG, BIG), 16, "file at an offset");
    /* An odd page of the file, at an address of the kernel's choice. */
    exchange(me, map(name, BIG + 5 * PAGE, 3 * PAGE), 3, "odd page");
    exchange(me, anon, 16, "anonymous");
    holes(me, name);
    if (me) {
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    file_and_memory(name);
    return 0;
}
