/*
 * What a fault handler sees that is not exact yet: flags nobody reads whose
 * operands are gone by the time of the fault, and the place of a jump to an
 * address that is not canonical.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* known: dead flags and the pc of a wild jump are not exact at a fault */
#include "guest.h"

static volatile uint64_t wild;

static void look(int sig, siginfo_t *info, void *puc)
{
    greg_t *g = ((ucontext_t *)puc)->uc_mcontext.gregs;

    if (wild) {
        printf("wild jump at %lld\n", g[REG_RIP] - wild);
        g[REG_RIP] = wild + 2;
        return;
    }
    printf(" %03llx", (long long)g[REG_EFL] & 0x8c5);
    g[REG_RIP] += 3;        /* mov (%rax),%rbx */
}

/* Flags by @insns on ecx = -2, edx = 5; then a fault; then overwritten. */
#define TRY(name, insns)                                                    \
    do {                                                                    \
        printf("%-12s", name);                                              \
        asm volatile("mov $-2, %%ecx\n mov $5, %%edx\n"                     \
                     insns "\n"                                             \
                     "mov $0, %%eax\n"                                      \
                     "mov (%%rax), %%rbx\n"                                 \
                     "test %%ecx, %%ecx\n"                                  \
                     : : : "rax", "rbx", "rcx", "rdx", "cc");               \
        putchar('\n');                                                      \
    } while (0)

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    handle(SIGSEGV, look, 0);
    TRY("test", "test %%edx, %%ecx");
    TRY("inc", "stc\n inc %%ecx");
    TRY("shl 1", "shl %%ecx");
    TRY("sar 1", "sar %%ecx");
    TRY("shr 0", "cmp $9, %%edx\n mov $0, %%cl\n shr %%cl, %%edx");
    TRY("rol 1", "cmp $9, %%edx\n rol %%edx");
    TRY("bt", "cmp $9, %%edx\n bt $0, %%edx");
    TRY("stc", "cmp $5, %%edx\n stc");
    TRY("clc", "cmp $9, %%edx\n clc");
    TRY("cmc", "cmp $9, %%edx\n cmc");
    TRY("sahf", "mov $0xd500, %%eax\n sahf");
    TRY("popf", "push $0x8d5\n popf");
    TRY("comisd", "pxor %%xmm0, %%xmm0\n comisd %%xmm0, %%xmm0");
    asm volatile("lea 1f(%%rip), %%rcx\n mov %%rcx, %0\n"
                 "movabs $0x8000000000000000, %%rax\n"
                 "1: jmp *%%rax\n"
                 : "=m"(wild) : : "rax", "rcx", "memory");
    return 0;
}
