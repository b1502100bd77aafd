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

/* vec-ops.c: false when the reference has to do it. */
bool x86_written_out(X86Gen *g, const TCGOp *op, bool *handled);
bool x86_try_vzeroupper(X86Gen *g, const TCGOp *op);

/* ---- operands and results (isel-vec.c) ---- */

/* No prefix, map 0F: the packed single forms. */
#define PS(op) (X_0F | (op))

static inline X86Rm plus(X86Rm m, int32_t n)
{
    if (m.base == X86_ABS) {
        m.abs += n;
    } else {
        m.disp += n;
    }
    return m;
}

static inline bool is_global(const X86Gen *g, TCGv v)
{
    return g->s->vals[v].kind == TCG_VAL_GLOBAL;
}

static inline bool is_homed_global(const X86Gen *g, TCGv v)
{
    return is_global(g, v) && g->s->vals[v].pinned == 0xff;
}

/* The registers of an operand, numbered as the allocator does. */
static inline RASet vregs_of(X86Rm rm)
{
    return x86_is_reg(rm) ? RA_BIT(rm.reg + RA_VEC) : 0;
}

static inline void vop(X86Gen *g, uint32_t op, unsigned d, unsigned v, X86Rm rm)
{
    x86_op(&g->a, op, d, v, rm, 0);
}

static inline void vop_i(X86Gen *g, uint32_t op, unsigned d, unsigned v, X86Rm rm,
                  unsigned imm)
{
    x86_op(&g->a, op, d, v, rm, 1);
    x86_8(&g->a, imm);
}

static inline X86Rm vscratch(unsigned n)
{
    return frame_rm(FRAME_VTMP + n * 32);
}

/* @v in a register, 16 or 32 bytes of it as the op wants. */
unsigned x86_vuse(X86Gen *g, TCGv v);
/* A vector operand; memory only where the encoding reads no more than that. */
X86Rm x86_voperand(X86Gen *g, TCGv v);
X86Rm x86_vreg_operand(X86Gen *g, TCGv v);
/* May @op use VEX encodings for 16 bytes? */
bool x86_vex_style(X86Gen *g, const TCGOp *op);
unsigned x86_vdst(X86Gen *g, TCGv a, TCGv b, RASet avoid);
/*
 * A register that holds src @a and may become the result, by legacy moves.
 * @fp: the op may raise an exception, so a global keeps its value for now.
 */
unsigned x86_vdst_from(X86Gen *g, TCGv a, RASet avoid, bool fp);
/* Is @d, written by a legacy op, the destination with its own upper half? */
bool x86_own_upper(const X86Gen *g, unsigned d);
/*
 * The result is in @reg.  @whole: so is what belongs above it, or nothing
 * does; otherwise the upper half of a global has to stay as it is.
 */
void x86_vbind(X86Gen *g, unsigned reg, bool whole);
/* One instruction in either style; @merge: see x86_vbind(). */
void x86_by_vex(X86Gen *g, const TCGOp *op, const X86VecEnc *e, bool merge);
void x86_by_legacy(X86Gen *g, const TCGOp *op, const X86VecEnc *e);
/*
 * Operand @rm of an op with two more register operands: when all three are in
 * temps, none is left for the result, so this one goes to memory.
 */
X86Rm x86_park(X86Gen *g, X86Rm rm, unsigned a, unsigned b);

#endif
