/*
 * The few things the fault handler reads from a host signal context, for every
 * host: the pc, and what the CPU reports about a memory fault where it does.
 * Hosts without a code generator only need the fallbacks at the end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_TCG_HOST_SIGNAL_H
#define ACCEL_TCG_HOST_SIGNAL_H

#include "qemu/osdep.h"
#include "qemu/a64-insn.h"
#include "qemu/la-insn.h"
#include <signal.h>
#include <ucontext.h>

static inline uintptr_t host_fault_pc(const void *ucontext)
{
    const ucontext_t *uc = ucontext;

#if defined(__x86_64__)
    return uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return uc->uc_mcontext.pc;
#elif defined(__loongarch__)
    return uc->uc_mcontext.__pc;
#elif defined(__riscv)
    return uc->uc_mcontext.__gregs[REG_PC];
#else
    (void)uc;
    return 0;
#endif
}

/*
 * Page fault error code in x86 form as far as the host tells: whether the page
 * was there is for whoever knows the page table to say.  -1: it tells nothing,
 * and the caller has to conclude it from the page's permissions.
 */
static inline int host_fault_error_code(const void *ucontext)
{
#if defined(__x86_64__)
    const ucontext_t *uc = ucontext;

    return uc->uc_mcontext.gregs[REG_ERR] & 0x17;
#elif defined(__aarch64__)
    const ucontext_t *uc = ucontext;

    return a64_fault_is_write((const uint8_t *)uc->uc_mcontext.__reserved,
                              sizeof(uc->uc_mcontext.__reserved),
                              uc->uc_mcontext.pc) ? 6 : 4;
#elif defined(__loongarch__)
    uint32_t insn = *(const uint32_t *)host_fault_pc(ucontext);

    /* What x86 locks is a write from the beginning. */
    return la_insn_stores(insn) || la_insn_load_linked(insn) ? 6 : 4;
#else
    return -1;
#endif
}

/*
 * The exception that an instruction in a unit which traps or is illegal stands
 * for.  On LoongArch it is a break, and the vector in its operand.
 */
static inline int host_trap_vector(const void *ucontext)
{
#if defined(__loongarch__)
    return *(const uint32_t *)host_fault_pc(ucontext) & 31;
#else
    return 19;              /* EXCP13_SIMD */
#endif
}

#endif
