/*
 * Loops that run into a page they must not touch: the handler sees the flags of
 * the comparison at the end of the round before, however long the loop has run,
 * and how it was entered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

#define SIZE 65536              /* no host has larger pages */

static uint8_t *area;           /* and as much behind it that forbids */
static long flags, rounds;
static sigjmp_buf leave;

static void on_fault(int sig, siginfo_t *si, void *p)
{
    greg_t *g = ((ucontext_t *)p)->uc_mcontext.gregs;

    flags = g[REG_EFL] & 0x8d5;
    rounds = g[REG_R10];
    siglongjmp(leave, 1);
}

/*
 * A loop with @head first and @tail behind the step; rax walks, rdx and r8 are
 * what tails compare with.  r10 counts rounds by lea, which leaves flags alone.
 */
#define LOOP(name, head, tail, jcc)                                         \
static void name(uint8_t *from, long limit, long other)                     \
{                                                                           \
    asm volatile("xor %%r10d, %%r10d\n cmp %%eax, %%eax\n"                  \
                 " .balign 16\n1: " head "\n lea 1(%%r10), %%r10\n "        \
                 tail "\n " jcc " 1b"                                       \
                 : "+a" (from), "+d" (limit), "+r" (other)                  \
                 : : "rcx", "rdi", "r9", "r10", "r11", "xmm0", "memory", "cc");    \
}

LOOP(store_imm, "movb $0, (%%rax)", "add $1, %%rax\n cmp $0x12345678, %%eax",
     "jne")
LOOP(store_small, "movb $0, (%%rax)", "add $1, %%rax\n cmp $5, %%eax", "jne")
LOOP(store_reg, "mov %%r10, -7(%%rax)", "add $1, %%rax\n cmp %%rdx, %%rax",
     "jne")
LOOP(load_test, "movzbl (%%rax), %%ecx", "inc %%rax\n test %%ecx, %%ecx", "je")
LOOP(load_dec, "mov (%%rax), %%cl", "add $1, %%rax\n dec %%rdx", "jne")
LOOP(load_sub, "mov (%%rax), %%cl", "inc %%rax\n sub $3, %%edx", "jne")
LOOP(two, "movb $1, (%%rax)\n mov -4(%%rax), %%ecx",
     "add $1, %%rax\n cmp %%edx, %%ecx", "jne")
LOOP(changed, "mov %%r10, %%rcx\n add $1, %%rdx\n movb $1, (%%rax)",
     "inc %%rax\n cmp %%rcx, %%rdx", "jne")
LOOP(vector, "movdqu (%%rax), %%xmm0", "add $16, %%rax\n cmp %%rax, %%rdx",
     "jne")
LOOP(byte_imm, "movb $7, (%%rax)", "inc %%rax\n cmpb $0x41, %%al", "jne")
LOOP(carry, "adc %%r9d, (%%rax)", "lea 4(%%rax), %%rax\n cmp $-3, %%eax",
     "jne")
LOOP(shift, "movb $0, (%%rax)",
     "shl %%cl, %%edx\n add $1, %%rax\n cmp $0x12345678, %%eax", "jne")
LOOP(divide, "movb $0, (%%rax)",
     "mov %%rax, %%r9\n mov %%r10d, %%eax\n xor %%edx, %%edx\n "
     "mov $7, %%ecx\n div %%ecx\n lea 1(%%r9), %%rax\n "
     "cmp $0x12345678, %%edx", "jne")
LOOP(way_out, "mov (%%rax), %%ecx",
     "cmp $0x7ffffff3, %%ecx\n je 9f\n add $1, %%rax\n cmp $0x12345678, %%eax\n"
     "9:", "jne")
/* The way out has a fault of its own, after the operand has changed. */
LOOP(way_out_looks, "mov (%%rax), %%ecx",
     "cmp $0x7ffffff3, %%ecx\n je 8f\n add $1, %%rax\n cmp $0x12345678, %%eax",
     "jne 1b\n jmp 7f\n 8: mov $5, %%ecx\n movb (%%rdx), %%cl\n "
     "xor %%ecx, %%ecx\n 7: cmp %%eax, %%eax\n jne")
LOOP(middle, "movb $0, (%%rax)",
     "cmp $0x7654321, %%eax\n mov -1(%%rax), %%cl\n add $1, %%rax\n "
     "cmp $0x12345678, %%eax", "jne")
LOOP(string, "movb $0, (%%rax)",
     "add $3, %%r11d\n mov $2, %%ecx\n mov %%rsp, %%rdi\n sub $256, %%rdi\n"
     " rep stosb\n add $1, %%rax\n cmp $0x12345678, %%eax", "jne")
LOOP(branch, "cmpb $9, (%%rax)\n je 2f\n movb $3, (%%rax)\n 2:",
     "add $1, %%rax\n cmp $0x7654321, %%eax", "jne")

#define RUN(name, n, limit, other)                                          \
    do {                                                                    \
        uint8_t *from = area + SIZE - (n);                              \
        flags = rounds = -1;                                                \
        if (!sigsetjmp(leave, 1)) {                                         \
            name(from, limit, other);                                       \
        }                                                                   \
        printf("%s %d: %03lx after %ld\n", #name, (int)(n), flags, rounds); \
    } while (0)

int main(void)
{
    static const int lengths[] = { 16, 48, 160, 16, 1600, 4800, 16, 64, 16, 16,
                                   32, 48, 16, 16, 16, 8000, 16, 0 };

    area = mmap((void *)0x40000000, 2 * SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(area != MAP_FAILED);
    mprotect(area + SIZE, SIZE, PROT_NONE);
    handle(SIGSEGV, on_fault, SA_NODEFER);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        int n = lengths[i];

        memset(area, 0, SIZE);
        RUN(store_imm, n, 0, 0);
        RUN(store_small, n, 0, 0);
        RUN(store_reg, n, (long)area - 100 + i, 0);
        memset(area, 0, SIZE);
        RUN(load_test, n, 0, 0);
        RUN(load_dec, n, i & 1 ? -5 : 1l << 40, 0);
        RUN(load_sub, n, 0x7ffffffe - n, 0);
        RUN(two, n, 77, 0);
        RUN(changed, n, 1000 + i, 0);
        RUN(vector, n, 1, 0);
        RUN(byte_imm, n < 120 ? n : 120, 0, 0);
        RUN(carry, n, 0, 0);
        RUN(shift, n, 5, 0);
        RUN(divide, n, 0, 0);
        RUN(way_out, n, 0, 0);
        RUN(way_out_looks, n, 0, 0);
        RUN(middle, n, 0, 0);
        RUN(string, n, 0, 0);
        memset(area, 0, SIZE);
        area[SIZE - 5] = 9;
        RUN(branch, n, 0, 0);
    }
    return 0;
}
