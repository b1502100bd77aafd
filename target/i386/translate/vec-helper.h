/*
 * Helpers of vector instructions that are too irregular for a vector op.
 * Operands travel through env->vtmp[]; any vector op may overwrite that, so
 * nothing but the spills comes between an operand and the call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TRANSLATE_VEC_HELPER_H
#define I386_TRANSLATE_VEC_HELPER_H

#include "target/i386/helper.h"

/* Bytes of vtmp[0] selected by the top bits of vtmp[1] to memory. */
extern const TCGHelper x86_helper_maskmov_bytes;
/*
 * PCMPxSTRx (control | X86_STR_MASK for the mask forms, and two lengths):
 * vtmp[0], vtmp[1] are the operands; returns the index in bits 31..0 and
 * EFLAGS in bits 63..32; the mask form leaves its mask in vtmp[2].
 */
#define X86_STR_MASK 0x80u
extern const TCGHelper x86_helper_pcmpistr, x86_helper_pcmpestr;
/* EXTRQ and INSERTQ: (value, other, length | index << 8). */
extern const TCGHelper x86_helper_extrq, x86_helper_insertq;

#ifdef __x86_64__
/* vec-host-x86.c: can the host do it, and do it (results in vtmp[2]). */
bool vec_host_pcmpstr(void);
uint64_t vec_host_run_pcmpstr(CPUArchState *env, unsigned ctl, bool is_explicit,
                              bool index, uint64_t la, uint64_t lb);
#else
static inline bool vec_host_pcmpstr(void)
{
    return false;
}
static inline uint64_t vec_host_run_pcmpstr(CPUArchState *env, unsigned ctl,
                                            bool is_explicit, bool index,
                                            uint64_t la, uint64_t lb)
{
    return 0;
}
#endif

#endif
