/*
 * Pages past the end of a file raise SIGBUS from the first 4 KiB page on,
 * whatever the host's pages are; and no more once the file has grown.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

#define PAGE  4096
#define BIG   0x10000

static sigjmp_buf jb;
static volatile int code;

static void on_fault(int sig, siginfo_t *si, void *uc)
{
    code = sig * 100 + si->si_code;
    siglongjmp(jb, 1);
}

/* 0, or signal and code of an access. */
static int touch(volatile char *p, int write)
{
    code = 0;
    if (!sigsetjmp(jb, 1)) {
        if (write) {
            *p = 'w';
        } else {
            (void)*p;
        }
    }
    return code;
}

static void show(const char *what, char *p, int pages, int write)
{
    printf("%s:", what);
    for (int i = 0; i < pages; i++) {
        printf(" %d", touch(p + i * PAGE + 17, write));
    }
    puts("");
}

/* A file of @size bytes: in the test's directory, without a name, in memory. */
static int file(int how, off_t size)
{
    char name[] = "eof-XXXXXX";
    int fd = how == 2 ? memfd_create("eof", 0) : mkstemp(name);

    if (how == 1) {
        unlink(name);
    }
    ftruncate(fd, size);
    pwrite(fd, "begin", 5, 0);
    return fd;
}

static void views(int kind, int prot, const char *name)
{
    int write = prot & PROT_WRITE, fd;
    char *p;

    if (kind == MAP_SHARED && write &&
        nested("refuses to map the end of a file shared and writable")) {
        return;
    }
    puts(name);
    fd = file(2, 5000);
    /* What a host page holds of the file, and not one more. */
    p = mmap(NULL, 4 * PAGE, prot, kind, fd, 0);
    show("end in the page", p, 4, write);
    munmap(p, 4 * PAGE);
    p = mmap(NULL, 2 * PAGE, prot, kind, fd, 2 * PAGE);
    show("begins past the end", p, 2, write);
    munmap(p, 2 * PAGE);
    p = mmap(NULL, PAGE, prot, kind, fd, 0);
    p = mremap(p, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    show("lengthened", p, 4, write);
    munmap(p, 4 * PAGE);
    p = mmap(NULL, 4 * PAGE, prot, kind, fd, 0);
    mprotect(p + PAGE, 2 * PAGE, PROT_NONE);
    show("part without access", p, 4, write);
    munmap(p, 4 * PAGE);
    close(fd);
}

static void grows(int kind, int how, const char *name)
{
    int prot = PROT_READ, fd = file(how, 5000);
    char *p = mmap(NULL, 4 * PAGE, prot, kind, fd, 0);

    show(name, p, 4, 0);
    ftruncate(fd, 3 * PAGE - 100);
    pwrite(fd, "grown", 5, 2 * PAGE + 17);
    show("  to three pages", p, 4, 0);
    printf("  %.5s %.5s\n", p, p + 2 * PAGE + 17);
    ftruncate(fd, BIG);
    show("  beyond", p, 4, 0);
    munmap(p, 4 * PAGE);
    close(fd);
}

/* The kernel meets the same end. */
static void calls(void)
{
    int fd = file(2, 5000), p[2];
    char *m = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

    pipe(p);
    printf("write %zd\n", write(p[1], m + 2 * PAGE - 100, 100));
    printf("write %zd\n", write(p[1], m + 2 * PAGE, 100) < 0 ? -errno : 0l);
    printf("read %zd\n", read(p[0], m + 2 * PAGE, 100) < 0 ? -errno : 0l);
    printf("read %zd\n", read(p[0], m + 100, 100));
}

/* Code there faults too, also where an instruction only ends there. */
static void executes(void)
{
    /* lea 0(%rsp), %rsp; ret */
    static const unsigned char insns[] = {
        0x48, 0x8d, 0x64, 0x24, 0x00, 0xc3
    };
    int fd = file(2, 5000);
    char *p;

    for (int i = 0; i < 2 * PAGE; i += sizeof(insns)) {
        pwrite(fd, insns, sizeof(insns), i);
    }
    ftruncate(fd, 2 * PAGE);
    p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    for (int at = 0; at < 3 * PAGE; at += 3 * PAGE / 4) {
        code = 0;
        if (!sigsetjmp(jb, 1)) {
            ((void (*)(void))(p + at / 6 * 6))();
        }
        printf("execute at %d: %d\n", at / 6 * 6, code);
    }
    code = 0;
    if (!sigsetjmp(jb, 1)) {
        ((void (*)(void))(p + 2 * PAGE - 2))();
    }
    printf("execute across: %d\n", code);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    handle(SIGSEGV, on_fault, SA_NODEFER);
    handle(SIGBUS, on_fault, SA_NODEFER);
    views(MAP_PRIVATE, PROT_READ, "private");
    views(MAP_PRIVATE, PROT_READ | PROT_WRITE, "private, written");
    views(MAP_SHARED, PROT_READ, "shared");
    views(MAP_SHARED, PROT_READ | PROT_WRITE, "shared, written");
    for (int how = 0; how < 3; how++) {
        grows(MAP_PRIVATE, how, "private grows");
        if (!nested("copies the end of a shared file")) {
            grows(MAP_SHARED, how, "shared grows");
        }
    }
    calls();
    executes();
    return 0;
}
