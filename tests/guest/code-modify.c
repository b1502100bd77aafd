/*
 * Code that changes: self-modifying, written by another thread, remapped,
 * generated again and again as a JIT does, modified by a
 * system call that writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

static unsigned char *code;
typedef int Fn(void);

/* mov $n,%eax; ret */
static void gen(unsigned char *p, int n)
{
    p[0] = 0xb8;
    memcpy(p + 1, &n, 4);
    p[5] = 0xc3;
}

/* An instruction that changes the one behind it. */
static void next_instruction(void)
{
    int sum = 0;

    /* movb %dil,0x8(%rip) ... mov $imm,%eax ; ret */
    static const unsigned char t[] = {
        0x40, 0x88, 0x3d, 0x01, 0x00, 0x00, 0x00,   /* mov %dil,1(%rip) */
        0xb8, 0x00, 0x00, 0x00, 0x00,               /* mov $0,%eax */
        0xc3,
    };
    memcpy(code, t, sizeof(t));
    for (int i = 0; i < 200; i++) {
        sum += ((int (*)(int))code)(i);
    }
    printf("next instruction %d\n", sum);
}

static void jit(void)
{
    long sum = 0;

    for (int i = 0; i < 20000; i++) {
        unsigned char *p = code + (i % 64) * 64;

        gen(p, i);
        sum += ((Fn *)p)();
    }
    printf("jit %ld\n", sum);
}

static volatile int stop;
static _Atomic int version;

static void *runner(void *arg)
{
    int last = 0;

    while (!stop) {
        int v = version, got = ((Fn *)code)();

        if (got < v) {
            return (void *)1L;      /* older than what was published */
        }
        last = got;
    }
    return (void *)0L;
}

/* Another thread changes the immediate (aligned, one store). */
static void cross(void)
{
    pthread_t t[2];
    void *ret;
    unsigned char *p = code + 7;

    /* the four bytes of the immediate at an aligned address */
    memset(code, 0x90, 16);
    gen(p, 0);
    version = 0;
    stop = 0;
    for (int i = 0; i < 2; i++) {
        pthread_create(&t[i], NULL, runner, NULL);
    }
    for (int i = 1; i <= 3000; i++) {
        __atomic_store_n((int *)(p + 1), i, __ATOMIC_SEQ_CST);
        ((Fn *)code)();
        version = i;
    }
    stop = 1;
    for (int i = 0; i < 2; i++) {
        pthread_join(t[i], &ret);
        CHECK_EQ((long)ret, 0);
    }
    puts("cross");
}

static void remapped(void)
{
    int fd = memfd_create("code", 0);
    unsigned char *w, *x;

    /* An offset that hosts with large pages can map shared, too. */
    ftruncate(fd, 0x20000);
    w = mmap(NULL, 0x20000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    x = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    gen(w, 4444);
    printf("shared mapping %d\n", ((Fn *)x)());
    gen(w + 0x10000, 5555);
    mmap(x, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd,
         0x10000);
    printf("remapped %d\n", ((Fn *)x)());
    munmap(x, 4096);
    x = mmap(x, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    gen(x, 6666);
    printf("mapped again %d\n", ((Fn *)x)());
    lseek(fd, 0, SEEK_SET);
    gen(w, 7777);
    CHECK_EQ(read(fd, x, 6), 6);
    printf("read into code %d\n", ((Fn *)x)());
    mprotect(x, 4096, PROT_READ | PROT_EXEC);
    printf("read-only %d\n", ((Fn *)x)());
    mprotect(x, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    gen(x, 8888);
    printf("writable %d\n", ((Fn *)x)());
}

static sigjmp_buf env;

static void denied(int sig, siginfo_t *info, void *uc)
{
    siglongjmp(env, info->si_code);
}

static void not_executable(void)
{
    int sig;

    handle(SIGSEGV, denied, 0);
    gen(code, 1);
    CHECK_EQ(((Fn *)code)(), 1);
    mprotect(code, 4096, PROT_READ | PROT_WRITE);
    sig = sigsetjmp(env, 1);
    if (!sig) {
        ((Fn *)code)();
        puts("FAIL executed");
    }
    printf("not executable: code %d\n", sig);
    mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    CHECK_EQ(((Fn *)code)(), 1);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    code = mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    next_instruction();
    jit();
    cross();
    remapped();
    not_executable();
    return 0;
}
