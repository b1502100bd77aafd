/*
 * Instruction selection: vectors from and to guest memory and the CPU state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"

static uint32_t load_code(unsigned w, bool align)
{
    switch (w) {
    case VW_4:
        return X_0F | X_F3 | 0x10;
    case VW_8:
        return X_0F | X_F2 | 0x10;
    default:
        return PS(align ? 0x28 : 0x10);
    }
}

/* #GP unless @m is aligned to 32 bytes: the halves check for 16. */
static void check_align32(X86Gen *g, X86Rm m)
{
    unsigned t = ra_scratch(&g->ra, TCG_I64, 0), v;
    uint8_t *aligned;

    x86_rm(&g->a, X_LEA | X_W, t, m);
    x86_test_i(&g->a, MO_32, x86_reg(t), 31);
    aligned = x86_jcc8(&g->a, CCC_E);
    v = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
    x86_rm(&g->a, PS(0x28), v, x86_mem(X86_RSP, 1));
    x86_here8(&g->a, aligned);
    ra_unlock(&g->ra, v + RA_VEC);
    ra_unlock(&g->ra, t);
}

/* 32 bytes without AVX: the lower ones in a register, the others in memory. */
static void load_halves(X86Gen *g, X86Rm m, bool align)
{
    TCGv dst = g->op->dst[0];
    uint32_t code = load_code(VW_16, align);
    RASet avoid = is_pinned(g, dst) ? RA_BIT(g->s->vals[dst].pinned) : 0;
    unsigned lo = x86_vdst(g, TCGV_NONE, TCGV_NONE, avoid), hi;

    if (align) {
        check_align32(g, m);
    }
    /* nothing is written before both have been read */
    hi = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
    x86_rm(&g->a, code, lo, m);
    x86_rm(&g->a, code, hi, plus(m, 16));
    x86_vbind(g, lo, true);
    if (!ra_dst_dead(&g->ra, 0)) {
        x86_vec_store(g, hi, x86_upper_half(g, dst));
    }
}

static void vload(X86Gen *g, const TCGOp *op, X86Rm m)
{
    bool align = op->flags & TCG_F_ALIGN, vex = x86_vex_style(g, op);
    unsigned d;

    if (op->w == VW_32 && !have(X86_AVX)) {
        load_halves(g, m, align);
        return;
    }
    d = x86_vdst(g, TCGV_NONE, TCGV_NONE, 0);
    x86_rm(&g->a, load_code(op->w, align) | (vex ? X_VEX : 0) |
           (op->w == VW_32 ? X_L : 0), d, m);
    x86_vbind(g, d, vex || x86_own_upper(g, d));
}

void gen_vld(X86Gen *g, const TCGOp *op)
{
    vload(g, op, x86_address(g, op));
}

void gen_vld_env(X86Gen *g, const TCGOp *op)
{
    vload(g, op, env_rm(op->imm));
}

static void vstore(X86Gen *g, const TCGOp *op, TCGv v, X86Rm m)
{
    bool align = op->flags & TCG_F_ALIGN;
    unsigned s = x86_vuse(g, v), t;
    uint32_t code = load_code(op->w, align) + 1;

    if (op->w == VW_32 && !have(X86_AVX)) {
        if (align) {
            check_align32(g, m);
        }
        t = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
        x86_vec_load(g, t, x86_upper_half(g, v));
        /* of two pages it is mostly the second one that is missing */
        x86_rm(&g->a, code, t, plus(m, 16));
        x86_rm(&g->a, code, s, m);
        return;
    }
    if (align && op->flags & TCG_F_NOTEMPORAL) {
        code = PS(0x2b);
    }
    x86_rm(&g->a, code | (op->w == VW_32 ? X_VEX | X_L
                          : g->vex && have(X86_AVX) ? X_VEX : 0), s, m);
}

void gen_vst(X86Gen *g, const TCGOp *op)
{
    vstore(g, op, op->src[2], x86_address(g, op));
}

void gen_vst_env(X86Gen *g, const TCGOp *op)
{
    vstore(g, op, op->src[0], env_rm(op->imm));
}
