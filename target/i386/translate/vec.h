/*
 * Between the files that translate vector instructions (vec*.c, sse-*.c,
 * avx*.c, mmx.c): operand access and the shapes that most instructions have.
 *
 * Most instructions are one vector op.  A table row names the shape (the
 * function) and packs the op, its element size and flags into `arg`; legacy
 * and VEX forms, XMM and MMX registers share the row.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TRANSLATE_VEC_H
#define I386_TRANSLATE_VEC_H

#include "target/i386/translate/internal.h"
#include "tcg/tcg-vop.h"

/* Row argument: vop, element size, TCG_F_SCALAR or 0, and a small number. */
#define VARG(vop, esz, x) \
    (VOP_##vop | (esz) << 8 | (x) << 16)
#define VARGS(vop, esz, x) (VARG(vop, esz, x) | VARG_SCALAR)
#define VARG_SCALAR (1 << 12)   /* TCG_F_SCALAR */
#define VARG_W16 (1 << 13)      /* 16 bytes whatever VEX.L says */

static inline unsigned varg_vop(int arg)
{
    return arg & 0xff;
}
static inline TCGWidth varg_esz(int arg)
{
    return (arg >> 8) & 3;
}
static inline unsigned varg_flags(int arg)
{
    return arg & VARG_SCALAR ? TCG_F_SCALAR : 0;
}
static inline int varg_x(int arg)
{
    return arg >> 16;
}

static inline bool is_vex(const X86Insn *insn)
{
    return insn->prefixes & X86_PFX_VEX;
}
static inline bool is_mmx(const X86Insn *insn, unsigned i)
{
    return insn->operand[i].kind == X86_OPND_MMX;
}

/* Width of the operation: 16 or 32 bytes; scalars are 16. */
static inline unsigned vec_width(const X86Insn *insn)
{
    return insn->vlen == 32 ? VW_32 : VW_16;
}
static inline unsigned op_width(const X86Insn *insn, int arg)
{
    return arg & (VARG_SCALAR | VARG_W16) ? VW_16 : vec_width(insn);
}
/* VEX forms clear the destination above the operation's width. */
static inline unsigned upper_flag(const X86Insn *insn)
{
    return is_vex(insn) ? TCG_F_ZERO_UPPER : 0;
}

/* Number of operands that are not immediates. */
unsigned vec_operands(const X86Insn *insn);

/*
 * Vector operand @i as a source: its register, or a temp loaded from memory
 * (2 to 32 bytes, zero above up to 16).  vec_load_mem() wants a destination.
 */
TCGv vec_load(DisasContext *s, const X86Insn *insn, unsigned i);
void vec_load_mem(DisasContext *s, const X86Insn *insn, unsigned i,
                  unsigned flags, TCGv d);
/* Store @bytes (4, 8, 16, 32) of @v to the memory operand @i. */
void vec_store_mem(DisasContext *s, const X86Insn *insn, unsigned bytes,
                   TCGv v);
/* Destination register @i of a vector instruction. */
static inline TCGv vec_dst(DisasContext *s, const X86Insn *insn, unsigned i)
{
    return vreg(s, insn->operand[i].reg);
}
/* One 16-byte op into a temp. */
TCGv vec_op16(DisasContext *s, unsigned vop, TCGWidth esz, TCGv a, TCGv b,
              int64_t imm);

/* Move @v (@w: VW_16 or VW_32) to and from env->vtmp[@i], for helpers. */
void vec_spill(DisasContext *s, unsigned i, TCGv v, unsigned w);
void vec_reload(DisasContext *s, unsigned i, TCGv v, unsigned w,
                unsigned flags);

/*
 * Shapes.  The last immediate operand of the instruction is the op's
 * immediate; without one it is varg_x().
 */
X86TransFn trans_vec_bin;       /* d = op(a, b); legacy: a = d */
X86TransFn trans_vec_un;        /* d = op(a) */
X86TransFn trans_vec_src1;      /* d = op(-, a): source is src[1] */
X86TransFn trans_vec_shift;     /* count is an immediate or a register */
X86TransFn trans_vec_cmp;       /* imm is a predicate */
X86TransFn trans_vec_to_int;    /* GPR = op(a), x = imm: MO_32/64 by size */
X86TransFn trans_vec_from_int;  /* d = op(a, GPR or integer memory) */
X86TransFn trans_vec_flags;     /* flags = op(a, b) */
X86TransFn trans_vec_rnds2;     /* d = op(d, a, XMM0) */

/* MMX versions of the above: registers are in the x87 state. */
TCGv mmx_load(DisasContext *s, const X86Insn *insn, unsigned i);
void mmx_store(DisasContext *s, unsigned reg, TCGv v);
/* Before the first access: pending x87 exceptions; after: the new tags. */
void mmx_enter(DisasContext *s);
void mmx_bin(DisasContext *s, const X86Insn *insn, int arg);
void mmx_shift(DisasContext *s, const X86Insn *insn, int arg);

/* Pending x87 exception: raises #MF if there is one (x87.c). */
void gen_x87_check(DisasContext *s);

#endif
