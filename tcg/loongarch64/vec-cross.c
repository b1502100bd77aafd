/*
 * Vectors on LSX: 32 bytes whose halves depend on each other, and fused
 * multiplication and addition.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "tcg/tcg-vop.h"

enum { LOW = LA_FT0, HIGH = LA_FT1, T0 = LA_FT4, T1 = LA_FT5, T2 = LA_FT6,
       T3 = LA_FT7 };

/* Half @n of @v: its register, or loaded into @t. */
static unsigned half(LAGen *g, TCGv v, unsigned n, unsigned t)
{
    LAMem m;

    if (n == 0) {
        return la_vec_use(g, v);
    }
    m = la_vec_place(g, v);
    la_vld(&g->a, t, m.base, m.disp + 16);
    return t;
}

/* The result from two registers, the first of which may be that of a source. */
static void finish(LAGen *g, const TCGOp *op, unsigned low, unsigned high)
{
    LAMem m = la_vec_place(g, op->dst[0]);
    unsigned d;

    la_vst(&g->a, high, m.base, m.disp + 16);
    d = la_vec_dst(g);
    la_vec_move(g, d, low);
    la_vec_bind(g, d);
}

/* A result of 16 bytes. */
void la_vec_finish16(LAGen *g, const TCGOp *op, unsigned low)
{
    unsigned d = la_vec_dst(g);

    la_vec_move(g, d, low);
    if (op->flags & TCG_F_ZERO_UPPER) {
        la_vec_zero(g, la_vec_place(g, op->dst[0]), 16, 32);
    }
    la_vec_bind(g, d);
}

static unsigned select_half(LAGen *g, const TCGOp *op, unsigned sel,
                            unsigned t)
{
    if (sel & 8) {
        la_vxor_v(&g->a, t, t, t);
        return t;
    }
    return half(g, op->src[sel >> 1 & 1], sel & 1, t);
}

static void permute_quads(LAGen *g, const TCGOp *op)
{
    unsigned low = half(g, op->src[0], 0, 0);
    unsigned high = half(g, op->src[0], 1, T0);

    la_vec_move(g, T1, low);
    la_vec_move(g, T2, low);
    la_vshuf4i_d(&g->a, T1, high, op->imm & 15);
    la_vshuf4i_d(&g->a, T2, high, op->imm >> 4 & 15);
    finish(g, op, T1, T2);
}

/* 16 bytes or less to 32. */
static void widen(LAGen *g, const TCGOp *op)
{
    static const uint32_t s[3] = { LA_OP_vsllwil_h_b, LA_OP_vsllwil_w_h,
                                   LA_OP_vsllwil_d_w };
    static const uint32_t z[3] = { LA_OP_vsllwil_hu_bu, LA_OP_vsllwil_wu_hu,
                                   LA_OP_vsllwil_du_wu };
    unsigned low = half(g, op->src[0], 0, 0), high = T1;

    la_vbsrl_v(&g->a, T1, low, 16 >> (op->imm - op->cond));
    for (unsigned e = op->cond; e < (unsigned)op->imm; e++) {
        uint32_t insn = (op->aux == VOP_movsx ? s : z)[e];

        la_put_dji(&g->a, insn, T0, low, 0);
        la_put_dji(&g->a, insn, T1, high, 0);
        low = T0;
    }
    finish(g, op, low, high);
}

static bool convert(LAGen *g, const TCGOp *op)
{
    unsigned a = half(g, op->src[0], 0, 0), h;
    LAAsm *p = &g->a;

    switch (op->aux) {
    case VOP_cvtdq2pd:
        la_vffintl_d_w(p, T0, a);
        la_vffinth_d_w(p, T1, a);
        finish(g, op, T0, T1);
        return true;
    case VOP_cvtps2pd:
        la_vfcvtl_d_s(p, T0, a);
        la_vshuf4i_w(p, T1, a, 0xee);
        la_vfcvtl_d_s(p, T2, T1);
        finish(g, op, T0, T2);
        return true;
    default:
        break;
    }
    h = half(g, op->src[0], 1, T1);
    switch (op->aux) {
    case VOP_cvtpd2ps:
        la_vfcvt_s_d(p, T0, h, a);
        break;
    case VOP_cvtpd2dq:
        la_vftint_w_d(p, T0, h, a);
        break;
    default:
        la_vftintrz_w_d(p, T0, h, a);
        break;
    }
    la_vec_finish16(g, op, T0);
    return true;
}

/* ---- fused multiplication and addition ---- */

/* d = +-(x * y) +- z; the sign of x changes first, so that rounding is right. */
void la_lsx_fused(LAGen *g, const TCGOp *op, unsigned d, unsigned x, unsigned y,
                  unsigned z)
{
    bool wide = op->cond == MO_64;
    unsigned kind = op->imm >> 4;

    if (kind & 2) {
        if (wide) {
            la_vbitrevi_d(&g->a, d, x, 63);
        } else {
            la_vbitrevi_w(&g->a, d, x, 31);
        }
        x = d;
    }
    if (kind & 1) {
        (wide ? la_vfmsub_d : la_vfmsub_s)(&g->a, d, x, y, z);
    } else {
        (wide ? la_vfmadd_d : la_vfmadd_s)(&g->a, d, x, y, z);
    }
}

const uint8_t *la_fused_order(const TCGOp *op)
{
    static const uint8_t order[3][3] = { { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 } };

    return op->imm >> 4 > 3 || (op->imm & 3) > 2 ? NULL : order[op->imm & 3];
}

/* NaNs go to the reference. */
static bool multiply_add(LAGen *g, const TCGOp *op)
{
    const uint8_t *order = la_fused_order(op);
    bool wide = op->cond == MO_64, two = op->w == VW_32;
    unsigned x[3], d;
    uint32_t *slow, *done;
    LAMem m;

    if (!order) {
        return false;
    }
    for (unsigned k = 0; k < 3; k++) {
        x[k] = half(g, op->src[order[k]], 0, 0);
    }
    d = la_vec_dst(g);
    la_lsx_fused(g, op, T0, x[0], x[1], x[2]);
    (wide ? la_vfcmp_cun_d : la_vfcmp_cun_s)(&g->a, T2, T0, T0);
    if (two) {
        for (unsigned k = 0; k < 3; k++) {
            x[k] = half(g, op->src[order[k]], 1, LA_FT0 + k);
        }
        la_lsx_fused(g, op, T1, x[0], x[1], x[2]);
        (wide ? la_vfcmp_cun_d : la_vfcmp_cun_s)(&g->a, T3, T1, T1);
        la_vor_v(&g->a, T2, T2, T3);
    }
    la_vsetnez_v(&g->a, LA_FCC_TMP, T2);
    slow = la_jcc(g, la_test(LA_T_FCC, LA_FCC_TMP, 0));
    m = la_vec_place(g, op->dst[0]);
    la_vec_move(g, d, T0);
    if (two) {
        la_vst(&g->a, T1, m.base, m.disp + 16);
    } else if (op->flags & TCG_F_ZERO_UPPER) {
        la_vec_zero(g, m, 16, 32);
    }
    done = la_jcc(g, la_test(LA_T_ALWAYS, 0, 0));
    la_here(g, slow);
    la_vec_reference(g, op);
    if (g->s->vals[op->dst[0]].kind != TCG_VAL_GLOBAL) {
        la_vld(&g->a, d, m.base, m.disp);
    }
    la_here(g, done);
    la_vec_bind(g, d);
    return true;
}

bool la_vec_lsx_cross(LAGen *g, const TCGOp *op)
{
    unsigned low, high, i = op->imm;

    if (op->aux == VOP_fma) {
        return multiply_add(g, op);
    }
    switch (op->aux) {
    case VOP_extract128:
        la_vec_finish16(g, op, half(g, op->src[0], i & 1, T0));
        return true;
    case VOP_insert128:
        low = half(g, op->src[i & 1 ? 0 : 1], 0, 0);
        high = i & 1 ? half(g, op->src[1], 0, 0) : half(g, op->src[0], 1, T0);
        finish(g, op, low, high);
        return true;
    case VOP_bcast128:
        low = half(g, op->src[0], 0, 0);
        finish(g, op, low, low);
        return true;
    case VOP_perm2x128:
        low = select_half(g, op, i & 15, T0);
        high = select_half(g, op, i >> 4 & 15, T1);
        finish(g, op, low, high);
        return true;
    case VOP_permq:
        permute_quads(g, op);
        return true;
    default:
        break;
    }
    if (op->w != VW_32) {
        return false;
    }
    switch (op->aux) {
    case VOP_bcast:
        low = half(g, op->src[0], 0, 0);
        la_put_dji(&g->a, la_vreplvei[op->cond], T0, low, 0);
        finish(g, op, T0, T0);
        return true;
    case VOP_movsx:
    case VOP_movzx:
        widen(g, op);
        return true;
    case VOP_cvtdq2pd:
    case VOP_cvtps2pd:
    case VOP_cvtpd2ps:
    case VOP_cvtpd2dq:
    case VOP_cvttpd2dq:
        return convert(g, op);
    default:
        return false;
    }
}
