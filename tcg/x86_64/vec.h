/*
 * Between vec-table.c and isel-vec.c: how a vector op is encoded.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_X86_64_VEC_H
#define TCG_X86_64_VEC_H

#include "gen.h"

/*
 * Shapes: BIN d = a op b; UN d = op a; ...1 the source is src[1]; ...I with
 * imm8; SHI shift by imm8; SHV count in the low half of b; ...X works across
 * 128-bit lanes.  FP..BINIW are resolved by x86_vec_enc().
 */
typedef enum X86VecForm {
    VF_NONE, VF_BIN, VF_BINI, VF_BINX, VF_UN, VF_UNI, VF_UNX, VF_UN1,
    VF_UN1I, VF_SHI, VF_SHV,
    VF_FP, VF_FPI, VF_FP1, VF_ROUND, VF_EXT, VF_BINIW,
} X86VecForm;

typedef struct X86VecEnc {
    uint32_t op;
    uint8_t form;
    uint32_t sse, vex, wide;    /* features; AVX is implied by the last two */
    uint8_t ext;                /* SHI: ModRM.reg */
    uint32_t mem;               /* opcode with a memory operand, 0: the same */
} X86VecEnc;

X86VecEnc x86_vec_enc(const TCGOp *op);

/* Without AVX: memory of the upper half of @v. */
X86Rm x86_upper_half(X86Gen *g, TCGv v);

/* All 32 bytes of @v in a register (numbered as the allocator does). */
unsigned x86_vec_whole(X86Gen *g, TCGv v);

/* vec-call.c */
void x86_vop_call(X86Gen *g, const TCGOp *op);

#endif
