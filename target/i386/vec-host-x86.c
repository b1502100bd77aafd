/*
 * PCMPxSTRx on x86-64 hosts that have SSE4.2: the guest's instruction is run
 * as it is.  The control byte is part of an instruction, so there is a stub
 * for each of its 128 values and each of the four instructions.
 *
 * The two vector registers the stubs use are saved around them: the file is
 * compiled without vector instructions and its caller keeps guest registers in
 * host ones (see TCG_HF_NO_VEC).  Legacy encodings leave upper halves alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/vec-helper.h"
#include <cpuid.h>

#pragma GCC target("general-regs-only")

#define STUB_SIZE 8

/* vec-host-x86.S */
extern const uint8_t x86_pcmpestrm_stubs[], x86_pcmpestri_stubs[];
extern const uint8_t x86_pcmpistrm_stubs[], x86_pcmpistri_stubs[];

bool vec_host_pcmpstr(void)
{
    /* not by way of libgcc, which runs a dozen CPUIDs in every process */
    static _Atomic int known;
    unsigned a, b, c, d;

    if (unlikely(!known)) {
        __cpuid(1, a, b, c, d);
        known = c & bit_SSE4_2 ? 1 : -1;
    }
    return known > 0;
}

uint64_t vec_host_run_pcmpstr(CPUArchState *env, unsigned ctl, bool is_explicit,
                              bool index, uint64_t la, uint64_t lb)
{
    const uint8_t *stub = (is_explicit ? (index ? x86_pcmpestri_stubs
                                                : x86_pcmpestrm_stubs)
                                       : (index ? x86_pcmpistri_stubs
                                                : x86_pcmpistrm_stubs));
    struct QEMU_ALIGNED(16) {
        uint8_t v[2][16];
    } saved;
    uint64_t flags, rcx;

    stub += (ctl & 0x7f) * STUB_SIZE;
    /* lengths are 64 bits wide: saturated by the caller to fit in 32 */
    asm volatile("lea -128(%%rsp), %%rsp\n\t"
                 "movups %%xmm0, (%[saved])\n\t"
                 "movups %%xmm1, 16(%[saved])\n\t"
                 "movups (%[ops]), %%xmm0\n\t"
                 "movups 32(%[ops]), %%xmm1\n\t"
                 "call *%[stub]\n\t"
                 "pushfq\n\t"
                 "popq %[flags]\n\t"
                 "movups %%xmm0, 64(%[ops])\n\t"
                 "movups (%[saved]), %%xmm0\n\t"
                 "movups 16(%[saved]), %%xmm1\n\t"
                 "lea 128(%%rsp), %%rsp"
                 : [flags] "=&r" (flags), "=&c" (rcx)
                 : [saved] "r" (&saved), [ops] "r" (env->vtmp),
                   [stub] "r" (stub), "a" (la), "d" (lb)
                 : "memory", "cc");
    flags &= CC_C | CC_Z | CC_S | CC_O;
    return flags << 32 | (uint32_t)rcx;
}
