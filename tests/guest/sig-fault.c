/*
 * What each kind of fault looks like: signal, si_code, si_addr, trapno, err,
 * cr2 and the instruction pointer.  The handler steps over the instruction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

static volatile uint64_t resume;
static volatile int hits;
static char *expect_base;

static void report(int sig, siginfo_t *info, void *puc)
{
    greg_t *g = ((ucontext_t *)puc)->uc_mcontext.gregs;
    long addr = (long)info->si_addr;
    extern char fault_pc[];

    hits++;
    if (addr == g[REG_RIP]) {
        printf("sig %d code %d addr rip", sig, info->si_code);
    } else if (expect_base && (char *)addr >= expect_base &&
               (char *)addr < expect_base + 0x10000) {
        printf("sig %d code %d addr +%lx", sig, info->si_code,
               (char *)addr - expect_base);
    } else {
        printf("sig %d code %d addr %lx", sig, info->si_code, addr);
    }
    printf(" trap %lld err %llx", g[REG_TRAPNO], g[REG_ERR]);
    if (g[REG_TRAPNO] == 14) {
        printf(" cr2 %s", g[REG_CR2] == addr ? "addr" : "other");
    }
    if ((uint64_t)g[REG_RIP] - resume < 16) {
        printf(" rip+%lld\n", g[REG_RIP] - (long)resume);
    } else {
        printf(" rip elsewhere\n");
    }
    g[REG_RIP] = *(volatile uint64_t *)&resume + 16;
    g[REG_EFL] &= ~0x40100ll;
}

/* Run one instruction in a 16-byte slot the handler can step over. */
#define TRY(name, insn, ...)                                                \
    do {                                                                    \
        printf("%s: ", name);                                               \
        fflush(stdout);                                                     \
        asm volatile(                                                       \
            "lea 1f(%%rip), %%rax\n mov %%rax, %0\n"                        \
            "mov %[arg], %%rax\n"                                           \
            ".balign 16\n 1: " insn "\n .balign 16\n"                       \
            : "=m"(resume) : __VA_ARGS__                                    \
            : "rax", "rcx", "rdx", "xmm0", "xmm1", "cc", "memory");         \
    } while (0)
#define ARG(x) [arg] "r"((uint64_t)(x))

int main(void)
{
    int fd, shared;
    char *p, *file;
    uint32_t mxcsr;
    uint16_t fcw;
    static const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 0; i < 5; i++) {
        handle(sigs[i], report, 0);
    }
    p = mmap(NULL, 0x4000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect_base = p;
    /* Present pages: error codes tell them from absent ones. */
    for (int i = 0; i < 0x4000; i += 0x1000) {
        *(volatile char *)(p + i);
    }
    mprotect(p + 0x1000, 0x1000, PROT_NONE);
    munmap(p + 0x2000, 0x1000);

    /* Elsewhere the emulator does not know who has touched a page. */
    if (!nested("is no x86") && !getenv("QEMU_HOST_PAGESIZE")) {
        char *q = mmap(NULL, 0x4000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);

        expect_base = q;
        TRY("write untouched", "movb $1, (%%rax)", ARG(q + 0x1010));
        TRY("read it", "movb (%%rax), %%cl", ARG(q + 0x1010));
        TRY("write touched", "movb $1, (%%rax)", ARG(q + 0x1010));
        expect_base = p;
    }
    TRY("read unmapped", "mov (%%rax), %%rcx", ARG(p + 0x2008));
    TRY("write unmapped", "mov %%rcx, (%%rax)", ARG(p + 0x2008));
    TRY("read none", "mov (%%rax), %%rcx", ARG(p + 0x1123));
    TRY("write read-only", "movb $1, (%%rax)", ARG(p + 0x10));
    TRY("rmw read-only", "lock incl (%%rax)", ARG(p + 0x20));
    TRY("across", "mov (%%rax), %%rcx", ARG(p + 0xffd));
    TRY("vector across", "movups (%%rax), %%xmm0", ARG(p + 0xff5));
    TRY("misaligned vector", "movaps (%%rax), %%xmm0", ARG(p + 8));
    TRY("non-canonical", "mov (%%rax), %%rcx", ARG(0x8000000000000000));
    TRY("kernel half", "mov (%%rax), %%rcx", ARG(0xffff888000000000));
    TRY("null", "mov 8(%%rax), %%rcx", ARG(0));
    TRY("ud2", "ud2", ARG(0));
    TRY("hlt", "hlt", ARG(0));
    TRY("cli", "cli", ARG(0));
    TRY("in", "inb $0x80", ARG(0));
    TRY("int3", "int3", ARG(0));
    TRY("int 0x50", "int $0x50", ARG(0));
    TRY("divide by zero", "xor %%edx, %%edx\n div %%edx", ARG(1));
    TRY("divide overflow", "cqo\n mov $-1, %%rcx\n idiv %%rcx",
        ARG(0x8000000000000000));
    TRY("single step", "pushf\n orl $0x100, (%%rsp)\n popf\n nop", ARG(0));
    TRY("jump to none", "jmp *%%rax", ARG(p + 0x1000));
    TRY("jump to data", "jmp *%%rax", ARG(p));

    fd = memfd_create("f", 0);
    ftruncate(fd, 0x1800);
    shared = !nested("refuses to map the end of a file shared and writable");
    file = mmap(NULL, 0x4000, PROT_READ | PROT_WRITE,
                shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
    expect_base = file;
    TRY("file tail", "movb $1, (%%rax)", ARG(file + 0x1fff));
    printf("no fault\n");
    TRY("past end read", "mov (%%rax), %%rcx", ARG(file + 0x2010));
    TRY("past end write", "mov %%rcx, (%%rax)", ARG(file + 0x2010));
    if (shared) {
        ftruncate(fd, 0);
        TRY("truncated", "mov (%%rax), %%rcx", ARG(file));
    }

    mxcsr = 0x1f80 & ~(1 << 9);
    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
    TRY("sse divide", "pxor %%xmm1, %%xmm1\n divsd %%xmm1, %%xmm0",
        ARG(0), "x"(1.0));
    mxcsr = 0x1f80 & ~(1 << 7);
    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
    TRY("sse invalid", "pxor %%xmm1, %%xmm1\n divsd %%xmm1, %%xmm1", ARG(0));
    mxcsr = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
    fcw = 0x37f & ~4;
    asm volatile("fldcw %0" : : "m"(fcw));
    TRY("x87 divide", "fld1\n fldz\n fdivrp\n fwait", ARG(0));
    asm volatile("fninit");
    fcw = 0x37f & ~1;
    asm volatile("fldcw %0" : : "m"(fcw));
    TRY("x87 stack", "fstp %%st(0)\n fwait", ARG(0));
    asm volatile("fninit");
    printf("hits %d\n", hits);
    return 0;
}
