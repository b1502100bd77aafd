/*
 * What a handler sees of the flags when an instruction faults behind others.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef FLAGS_TRY_H
#define FLAGS_TRY_H

#include "guest.h"

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

#endif
