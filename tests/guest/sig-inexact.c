/*
 * What a fault handler sees that is not exact yet: flags of one unit that the
 * next overwrites, should that fault before it does, and the place of a jump
 * to an address that is not canonical.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* known: flags dead in the next unit, the pc of a wild jump */
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
    TRY("popf", "push $0x8d5\n popf");
    asm volatile("lea 1f(%%rip), %%rcx\n mov %%rcx, %0\n"
                 "movabs $0x8000000000000000, %%rax\n"
                 "1: jmp *%%rax\n"
                 : "=m"(wild) : : "rax", "rcx", "memory");
    return 0;
}
