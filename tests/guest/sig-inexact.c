/*
 * What a fault handler sees: flags of one piece of code that the next
 * overwrites, but faults before it does, and the place of a jump to an address
 * that is not canonical.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "flags-try.h"

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

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    handle(SIGSEGV, look, 0);
    TRY("popf", "push $0x8d5\n popf");
    TRY("jump", "cmp %%edx, %%ecx\n jl 1f\n nop\n 1:");
    TRY("test", "testb $6, %%cl\n jmp 1f\n nop\n 1:");
    TRY("inc", "stc\n inc %%edx\n jnz 1f\n nop\n 1:");
    TRY("constant", "cmp $-300, %%ecx\n jmp 1f\n nop\n 1:");
    TRY("changed", "sub %%ecx, %%edx\n jmp 1f\n nop\n 1: mov $1, %%ecx\n"
        "lea 1(%%rdx), %%edx");
    TRY("return", "call 1f\n jmp 2f\n 1: add %%edx, %%ecx\n ret\n 2:");
    asm volatile("lea 1f(%%rip), %%rcx\n mov %%rcx, %0\n"
                 "movabs $0x8000000000000000, %%rax\n"
                 "1: jmp *%%rax\n"
                 : "=m"(wild) : : "rax", "rcx", "memory");
    return 0;
}
