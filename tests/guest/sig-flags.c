/*
 * The flags a handler sees are those of the last instruction before the fault
 * that set them, although nothing in the program reads them afterwards.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "flags-try.h"

static void look(int sig, siginfo_t *info, void *puc)
{
    greg_t *g = ((ucontext_t *)puc)->uc_mcontext.gregs;

    printf(" %03llx", (long long)g[REG_EFL] & 0x8c5);
    g[REG_RIP] += 3;        /* mov (%rax),%rbx */
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    handle(SIGSEGV, look, 0);
    TRY("add", "add $2, %%ecx");
    TRY("add8", "add $2, %%cl");
    TRY("adc", "stc\n adc $1, %%ecx");
    TRY("sub", "sub $7, %%edx");
    TRY("sbb", "stc\n sbb %%ecx, %%edx");
    TRY("cmp", "cmp %%ecx, %%edx");
    TRY("and", "and %%ecx, %%edx");
    TRY("xor", "xor %%ecx, %%ecx");
    TRY("dec", "clc\n dec %%edx");
    TRY("neg", "neg %%edx");
    TRY("shr 1", "shr %%edx");
    TRY("shl cl", "mov $1, %%cl\n shl %%cl, %%edx");
    TRY("cmpxchg", "mov $5, %%eax\n cmpxchg %%ecx, %%edx");
    TRY("jcc", "cmp $9, %%edx\n jae 1f\n nop\n 1:");
    TRY("setcc", "cmp $9, %%edx\n setb %%bl");
    TRY("loop", "mov $3, %%ecx\n 1: add $0x7fffffff, %%edx\n loop 1b");
    TRY("call", "cmp $9, %%edx\n call 1f\n jmp 2f\n 1: ret\n 2:");
    TRY("test", "test %%edx, %%ecx");
    TRY("inc", "stc\n inc %%ecx");
    TRY("shl 1", "shl %%ecx");
    TRY("sar 1", "sar %%ecx");
    TRY("shr 0", "cmp $9, %%edx\n mov $0, %%cl\n shr %%cl, %%edx");
    TRY("rol 1", "cmp $9, %%edx\n rol %%edx");
    TRY("stc", "cmp $5, %%edx\n stc");
    TRY("clc", "cmp $9, %%edx\n clc");
    TRY("cmc", "cmp $9, %%edx\n cmc");
    TRY("sahf", "mov $0xd500, %%eax\n sahf");
    TRY("comisd", "pxor %%xmm0, %%xmm0\n comisd %%xmm0, %%xmm0");
    return 0;
}
