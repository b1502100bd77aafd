/*
 * Code on its first runs: an emulator may execute it differently then.  What a
 * function does must not depend on how often it has run: stores into the code
 * that is running, code that changes between calls, faults, and flags that one
 * piece of code leaves to the next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* flags: -pthread */
#include "guest.h"
#include <pthread.h>
#include <sys/syscall.h>

#define CODE_SIZE 65536
#define RUNS 40

static uint8_t *code;       /* readable, writable, executable */
static size_t used;

/* Code at an address where none has been. */
static void *fresh(const void *bytes, size_t n)
{
    uint8_t *p = code + used;

    memcpy(p, bytes, n);
    used += (n + 63) & ~(size_t)63;
    return p;
}

/* movb $42, next+1(%rip); mov $1, %eax; ret */
static const uint8_t store_next[] = {
    0xc6, 0x05, 1, 0, 0, 0, 42, 0xb8, 1, 0, 0, 0, 0xc3,
};

static void test_own_store(void)
{
    for (int i = 0; i < RUNS; i++) {
        int (*f)(void) = (int (*)(void))fresh(store_next, sizeof(store_next));

        CHECK_EQ(f(), 42);
    }
    for (int i = 0; i < RUNS; i++) {
        static uint8_t *p;

        p = p ? p : fresh(store_next, sizeof(store_next));
        p[8] = 1;
        CHECK_EQ(((int (*)(void))p)(), 42);
    }
    puts("stores into the code that runs");
}

/* Bytes that change between calls, with and without a change of permission. */
static void test_rewritten(void)
{
    static const uint8_t ret_imm[] = { 0xb8, 0, 0, 0, 0, 0xc3 };
    uint8_t *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *p = fresh(ret_imm, sizeof(ret_imm));

    for (int k = 0; k < RUNS; k++) {
        p[1] = k;
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(((int (*)(void))p)(), k);
        }
        mprotect(own, 4096, PROT_READ | PROT_WRITE);
        memcpy(own, ret_imm, sizeof(ret_imm));
        own[1] = k;
        mprotect(own, 4096, PROT_READ | PROT_EXEC);
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(((int (*)(void))own)(), k);
        }
    }
    munmap(own, 4096);
    puts("code that changes");
}

static uintptr_t fault_rip, fault_rax, fault_addr;
static long fault_flags;
static int fault_skip;

static void on_fault(int sig, siginfo_t *si, void *p)
{
    greg_t *r = ((ucontext_t *)p)->uc_mcontext.gregs;

    fault_rip = r[REG_RIP];
    fault_rax = r[REG_RAX];
    fault_flags = r[REG_EFL] & 0x8d5;
    fault_addr = (uintptr_t)si->si_addr;
    r[REG_RIP] += fault_skip;
}

/*
 * mov $5, %eax; sub $7, %eax; mov %rax, (%rdi); lea 1(%rax), %rax; ret: the
 * store faults with the flags of the subtraction.
 */
static void test_fault(void)
{
    static const uint8_t bytes[] = {
        0xb8, 5, 0, 0, 0, 0x83, 0xe8, 7, 0x48, 0x89, 0x07, 0x48, 0x8d, 0x40, 1,
        0xc3,
    };
    uint8_t *p = NULL;

    handle(SIGSEGV, on_fault, 0);
    fault_skip = 3;
    for (int i = 0; i < 2 * RUNS; i++) {
        long r;

        p = i < RUNS || !p ? fresh(bytes, sizeof(bytes)) : p;
        r = ((long (*)(long))p)(24);
        CHECK_EQ(r, 0xffffffffl);
        CHECK_EQ(fault_rip - (uintptr_t)p, 8);
        CHECK_EQ(fault_rax, 0xfffffffel);
        CHECK_EQ(fault_addr, 24);
        CHECK_EQ(fault_flags, 0x91);    /* S, A, C */
    }
    signal(SIGSEGV, SIG_DFL);
    puts("faults");
}

static sigjmp_buf leave;
static void *gone;

static void on_gone(int sig, siginfo_t *si, void *uc)
{
    siglongjmp(leave, si->si_addr == gone ? 1 : 2);
}

/* A page that is taken away after its code has run a few times. */
static void test_unmapped(void)
{
    static const uint8_t bytes[] = { 0xb8, 3, 0, 0, 0, 0xc3 };
    uint8_t *p;

    for (int runs = 0; runs < RUNS; runs++) {
        p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(p, bytes, sizeof(bytes));
        for (int i = 0; i < runs; i++) {
            CHECK_EQ(((int (*)(void))p)(), 3);
        }
        if (runs & 1) {
            munmap(p, 4096);
        } else {
            mprotect(p, 4096, PROT_READ);
        }
        gone = p;
        handle(SIGSEGV, on_gone, SA_NODEFER);
        switch (sigsetjmp(leave, 1)) {
        case 0:
            ((int (*)(void))p)();
            CHECK(!"ran");
            break;
        case 2:
            CHECK(!"other address");
            break;
        }
        signal(SIGSEGV, SIG_DFL);
        munmap(p, 4096);
    }
    puts("code that went away");
}

/*
 * Flags across pieces of code: cmp, a jump to a place that has never run, there
 * setb and sete.
 */
static void test_flags(void)
{
    /* cmp %esi, %edi; jmp +2; ud2; setb %al; sete %ah; movzwl %ax, %eax; ret */
    static const uint8_t bytes[] = {
        0x39, 0xf7, 0xeb, 2, 0x0f, 0x0b, 0x0f, 0x92, 0xc0, 0x0f, 0x94, 0xc4,
        0x0f, 0xb7, 0xc0, 0xc3,
    };
    uint8_t *p = NULL;

    for (int i = 0; i < 2 * RUNS; i++) {
        p = i < RUNS || !p ? fresh(bytes, sizeof(bytes)) : p;
        CHECK_EQ(((int (*)(int, int))p)(i % 3, 1), i % 3 == 0 ? 1 :
                 i % 3 == 1 ? 256 : 0);
    }
    puts("flags");
}

static volatile int stop_changing;

static void *change_code(void *arg)
{
    static const uint8_t ret[] = { 0xc3 };

    while (!stop_changing) {
        uint8_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        memcpy(p, ret, sizeof(ret));
        for (int i = 0; i < RUNS; i++) {
            ((void (*)(void))p)();
        }
        munmap(p, 4096);
    }
    return NULL;
}

/*
 * A loop that is no longer new leads to a system call that is, while other
 * threads take code away: the call is made, and made once.
 */
static void test_call(void)
{
    /* 1: dec %edi; jnz 1b; mov $SYS_getppid, %eax; syscall; ret */
    static const uint8_t bytes[] = {
        0xff, 0xcf, 0x75, 0xfc, 0xb8, SYS_getppid, 0, 0, 0, 0x0f, 0x05, 0xc3,
    };
    const size_t size = 1 << 20;
    uint8_t *area = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t t[3];
    long parent = getppid();
    int wrong = 0;

    CHECK(area != MAP_FAILED);
    for (int i = 0; i < 3; i++) {
        pthread_create(&t[i], NULL, change_code, NULL);
    }
    for (size_t at = 0; at < size; at += 64) {
        memcpy(area + at, bytes, sizeof(bytes));
        for (int i = 0; i < 6; i++) {
            wrong += ((long (*)(int))(area + at))(RUNS) != parent;
        }
    }
    stop_changing = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
    }
    munmap(area, size);
    CHECK_EQ(wrong, 0);
    puts("system calls");
}

int main(void)
{
    code = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    test_own_store();
    test_rewritten();
    test_fault();
    test_flags();
    test_unmapped();
    test_call();
    return 0;
}
