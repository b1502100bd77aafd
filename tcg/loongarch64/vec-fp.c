/*
 * Floating point on the FPU, where that is exact.
 *
 * x86 differs from this FPU in NaNs, in flushing denormals and in the flag for
 * denormal operands.  So operands must be normal numbers, results must not be
 * next to the denormals, and where a result may be inexact MXCSR must round to
 * nearest, mask everything and have the inexact flag set already: then there
 * is nothing left to differ.  Everything else goes to the reference, which is
 * emitted behind the fast way.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

enum { FA = 16, FB = 17, FC = 18, FD = 19 };    /* free FPRs */
enum { MAX_SLOW = 8 * 5 };

/* Branches that lead to the slow way. */
typedef struct Slow {
    uint32_t *insn[MAX_SLOW];
    unsigned n;
} Slow;

static void slow_if(LAGen *g, Slow *s, LATest t)
{
    s->insn[s->n++] = la_jcc(g, t);
}

/* May a result be rounded? */
static void check_mode(LAGen *g, Slow *s)
{
    /* bits 5..14: PE, DAZ (any), the six masks, rounding */
    la_ld_wu(&g->a, LA_TMP0, LA_ENV, g->s->env_mxcsr);
    la_bstrpick_d(&g->a, LA_TMP0, LA_TMP0, 14, 5);
    la_ori(&g->a, LA_TMP0, LA_TMP0, 2);
    la_addi_d(&g->a, LA_TMP0, LA_TMP0, -0xff);
    slow_if(g, s, la_not_zero(LA_TMP0));
}

/* The exponent in TMP1 of @reg must be from @low to @high. */
static void check_exponent(LAGen *g, Slow *s, TCGWidth e, unsigned reg,
                           unsigned low, unsigned high)
{
    if (e == MO_64) {
        la_bstrpick_d(&g->a, LA_TMP1, reg, 62, 52);
    } else {
        la_bstrpick_d(&g->a, LA_TMP1, reg, 30, 23);
    }
    la_addi_d(&g->a, LA_TMP1, LA_TMP1, -(int)low);
    la_sltui(&g->a, LA_TMP1, LA_TMP1, high - low + 1);
    slow_if(g, s, la_test(LA_T_EQ, LA_TMP1, LA_ZERO));
}

static unsigned max_exponent(TCGWidth e)
{
    return e == MO_64 ? 0x7fe : 0xfe;
}

/* FPR @f = a normal number from memory. */
static void load(LAGen *g, Slow *s, TCGWidth e, unsigned f, LAMem m,
                 unsigned lane)
{
    if (e == MO_64) {
        la_ld_d(&g->a, LA_TMP0, m.base, m.disp + lane * 8);
        la_movgr2fr_d(&g->a, f, LA_TMP0);
    } else {
        la_ld_w(&g->a, LA_TMP0, m.base, m.disp + lane * 4);
        la_movgr2fr_w(&g->a, f, LA_TMP0);
    }
    check_exponent(g, s, e, LA_TMP0, 1, max_exponent(e));
}

static void check_result(LAGen *g, Slow *s, TCGWidth e, unsigned f)
{
    if (e == MO_64) {
        la_movfr2gr_d(&g->a, LA_TMP0, f);
    } else {
        la_movfr2gr_s(&g->a, LA_TMP0, f);
    }
    check_exponent(g, s, e, LA_TMP0, 2, max_exponent(e));
}

static void store(LAGen *g, TCGWidth e, unsigned f, LAMem m, unsigned lane)
{
    if (e == MO_64) {
        la_fst_d(&g->a, f, m.base, m.disp + lane * 8);
    } else {
        la_fst_s(&g->a, f, m.base, m.disp + lane * 4);
    }
}

/* The rest of a scalar result: of src[0], and zeros on demand. */
static void scalar_rest(LAGen *g, const TCGOp *op, LAMem d, LAMem a,
                        TCGWidth e)
{
    if (d.base != a.base || d.disp != a.disp) {
        if (e == MO_32) {
            la_ld_w(&g->a, LA_TMP0, a.base, a.disp + 4);
            la_st_w(&g->a, LA_TMP0, d.base, d.disp + 4);
        }
        la_ld_d(&g->a, LA_TMP0, a.base, a.disp + 8);
        la_st_d(&g->a, LA_TMP0, d.base, d.disp + 8);
    }
    la_vec_zero_tail(g, op, d, 16);
}

/* Behind the fast way: the slow one, and the result of both. */
static void finish(LAGen *g, const TCGOp *op, const Slow *s)
{
    uint32_t *done;

    if (s->n) {
        done = la_jcc(g, la_test(LA_T_ALWAYS, 0, 0));
        for (unsigned k = 0; k < s->n; k++) {
            la_here(g, s->insn[k]);
        }
        la_vec_reference(g, op);
        la_here(g, done);
    }
    la_vec_result(g, op);
}

static void operate(LAGen *g, unsigned vop, TCGWidth e, unsigned d)
{
    bool wide = e == MO_64;
    LAAsm *a = &g->a;

    switch (vop) {
    case VOP_fadd:
        (wide ? la_fadd_d : la_fadd_s)(a, d, FA, FB);
        break;
    case VOP_fsub:
        (wide ? la_fsub_d : la_fsub_s)(a, d, FA, FB);
        break;
    case VOP_fmul:
        (wide ? la_fmul_d : la_fmul_s)(a, d, FA, FB);
        break;
    case VOP_fdiv:
        (wide ? la_fdiv_d : la_fdiv_s)(a, d, FA, FB);
        break;
    case VOP_fmin:
        (wide ? la_fmin_d : la_fmin_s)(a, d, FA, FB);
        break;
    default:
        (wide ? la_fmax_d : la_fmax_s)(a, d, FA, FB);
        break;
    }
}

/* Two operands, one or all lanes. */
static bool arithmetic(LAGen *g, const TCGOp *op)
{
    bool scalar = op->flags & TCG_F_SCALAR;
    bool order = op->aux == VOP_fmin || op->aux == VOP_fmax;
    TCGWidth e = op->cond;
    LAMem a = la_vec_place(g, op->src[0]), b = la_vec_place(g, op->src[1]);
    LAMem d = la_vec_place(g, op->dst[0]);
    unsigned lanes = scalar ? 1 : (1u << op->w) >> e;
    Slow s = { .n = 0 };

    if (lanes > 4) {
        return false;
    }
    if (!order) {
        check_mode(g, &s);
    }
    for (unsigned k = 0; k < lanes; k++) {
        load(g, &s, e, FA, a, k);
        load(g, &s, e, FB, b, k);
        operate(g, op->aux, e, FD + k);
        if (!order) {
            check_result(g, &s, e, FD + k);
        }
    }
    for (unsigned k = 0; k < lanes; k++) {
        store(g, e, FD + k, d, k);
    }
    if (scalar) {
        scalar_rest(g, op, d, a, e);
    } else {
        la_vec_zero_tail(g, op, d, 1u << op->w);
    }
    finish(g, op, &s);
    return true;
}

/*
 * d = +-(x * y) +- z.  Results are not zero, so that the sign of a sum may be
 * changed behind it.
 */
static bool multiply_add(LAGen *g, const TCGOp *op)
{
    static const uint8_t order[3][3] = { { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 } };
    unsigned form = op->imm & 3, kind = op->imm >> 4;
    bool wide = op->cond == MO_64;
    LAMem d = la_vec_place(g, op->dst[0]);
    Slow s = { .n = 0 };

    if (!(op->flags & TCG_F_SCALAR) || kind > 3 || form > 2) {
        return false;
    }
    check_mode(g, &s);
    for (unsigned k = 0; k < 3; k++) {
        load(g, &s, op->cond, FA + k, la_vec_place(g, op->src[order[form][k]]), 0);
    }
    switch (kind) {
    case 0:
        (wide ? la_fmadd_d : la_fmadd_s)(&g->a, FD, FA, FB, FC);
        break;
    case 1:
        (wide ? la_fmsub_d : la_fmsub_s)(&g->a, FD, FA, FB, FC);
        break;
    case 2:
        (wide ? la_fnmsub_d : la_fnmsub_s)(&g->a, FD, FA, FB, FC);
        break;
    default:
        (wide ? la_fnmadd_d : la_fnmadd_s)(&g->a, FD, FA, FB, FC);
        break;
    }
    check_result(g, &s, op->cond, FD);
    store(g, op->cond, FD, d, 0);
    scalar_rest(g, op, d, la_vec_place(g, op->src[0]), op->cond);
    finish(g, op, &s);
    return true;
}

static bool compare(LAGen *g, const TCGOp *op)
{
    bool wide = op->cond == MO_64;
    Slow s = { .n = 0 };

    load(g, &s, op->cond, FA, la_vec_place(g, op->src[0]), 0);
    load(g, &s, op->cond, FB, la_vec_place(g, op->src[1]), 0);
    (wide ? la_fcmp_clt_d : la_fcmp_clt_s)(&g->a, 0, FA, FB);
    (wide ? la_fcmp_ceq_d : la_fcmp_ceq_s)(&g->a, 1, FA, FB);
    la_movcf2gr(&g->a, LA_TMP0, 0);
    la_movcf2gr(&g->a, LA_TMP1, 1);
    la_bstrins_d(&g->a, LA_TMP0, LA_TMP1, 6, 6);
    finish(g, op, &s);
    return true;
}

static bool from_int(LAGen *g, const TCGOp *op)
{
    bool wide = op->cond == MO_64, exact = wide && op->imm == MO_32;
    LAMem d = la_vec_place(g, op->dst[0]);
    unsigned r = la_use(g, op->src[1]);
    Slow s = { .n = 0 };

    if (!exact) {
        check_mode(g, &s);
    }
    if (op->imm == MO_32) {
        la_movgr2fr_w(&g->a, FA, r);
        (wide ? la_ffint_d_w : la_ffint_s_w)(&g->a, FD, FA);
    } else {
        la_movgr2fr_d(&g->a, FA, r);
        (wide ? la_ffint_d_l : la_ffint_s_l)(&g->a, FD, FA);
    }
    store(g, op->cond, FD, d, 0);
    scalar_rest(g, op, d, la_vec_place(g, op->src[0]), op->cond);
    finish(g, op, &s);
    return true;
}

static bool to_int(LAGen *g, const TCGOp *op)
{
    bool wide = op->cond == MO_64, cut = op->aux == VOP_cvttf2si;
    unsigned bias = wide ? 1023 : 127;
    LAMem m = la_vec_place(g, op->src[0]);
    Slow s = { .n = 0 };

    check_mode(g, &s);
    if (wide) {
        la_ld_d(&g->a, LA_TMP0, m.base, m.disp);
        la_movgr2fr_d(&g->a, FA, LA_TMP0);
    } else {
        la_ld_w(&g->a, LA_TMP0, m.base, m.disp);
        la_movgr2fr_w(&g->a, FA, LA_TMP0);
    }
    check_exponent(g, &s, op->cond, LA_TMP0, 1,
                   bias + (op->imm == MO_32 ? 29 : 61));
    if (op->imm == MO_32) {
        (cut ? (wide ? la_ftintrz_w_d : la_ftintrz_w_s)
             : (wide ? la_ftintrne_w_d : la_ftintrne_w_s))(&g->a, FD, FA);
        la_movfr2gr_s(&g->a, LA_TMP0, FD);
        la_bstrpick_d(&g->a, LA_TMP0, LA_TMP0, 31, 0);
    } else {
        (cut ? (wide ? la_ftintrz_l_d : la_ftintrz_l_s)
             : (wide ? la_ftintrne_l_d : la_ftintrne_l_s))(&g->a, FD, FA);
        la_movfr2gr_d(&g->a, LA_TMP0, FD);
    }
    finish(g, op, &s);
    return true;
}

/* Between single and double, and square roots. */
static bool convert(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), b = la_vec_place(g, op->src[1]);
    TCGWidth from = op->aux == VOP_cvtss2sd ? MO_32 : MO_64, to = from ^ 1;
    Slow s = { .n = 0 };

    if (op->aux == VOP_fsqrt) {
        from = to = op->cond;
        if (!(op->flags & TCG_F_SCALAR)) {
            return false;
        }
    }
    if (op->aux != VOP_cvtss2sd) {
        check_mode(g, &s);
    }
    load(g, &s, from, FB, b, 0);
    if (op->aux == VOP_cvtss2sd) {
        la_fcvt_d_s(&g->a, FD, FB);
    } else if (op->aux == VOP_cvtsd2ss) {
        la_fcvt_s_d(&g->a, FD, FB);
    } else {
        (to == MO_64 ? la_fsqrt_d : la_fsqrt_s)(&g->a, FD, FB);
    }
    check_result(g, &s, to, FD);
    store(g, to, FD, d, 0);
    scalar_rest(g, op, d, la_vec_place(g, op->src[0]), to);
    finish(g, op, &s);
    return true;
}

bool la_vec_fp(LAGen *g, const TCGOp *op)
{
    switch (op->aux) {
    case VOP_fadd:
    case VOP_fsub:
    case VOP_fmul:
    case VOP_fdiv:
    case VOP_fmin:
    case VOP_fmax:
        return arithmetic(g, op);
    case VOP_fma:
        return multiply_add(g, op);
    case VOP_fcomi:
    case VOP_fucomi:
        return compare(g, op);
    case VOP_cvtsi2f:
        return from_int(g, op);
    case VOP_cvttf2si:
    case VOP_cvtf2si:
        return to_int(g, op);
    case VOP_cvtss2sd:
    case VOP_cvtsd2ss:
    case VOP_fsqrt:
        return convert(g, op);
    default:
        return false;
    }
}
