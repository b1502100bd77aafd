/*
 * Floating point on the FPU: scalars, and vectors lane by lane on hosts without
 * LSX.
 *
 * Fast code is one instruction per operation: what x86 does otherwise the FPU
 * traps on (fp-env.c).  Careful code makes sure that there is no difference at
 * all: operands must be normal numbers, results must not be next to the
 * denormals, and where a result may be inexact MXCSR must round to nearest,
 * mask everything and have the inexact flag set already.  Everything else goes
 * to the reference, which is emitted behind the fast way.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "tcg/tcg-vop.h"

enum { FA = LA_FT0, FB = LA_FT1, FC = LA_FT2, FD = LA_FT3 };
enum { MAX_SLOW = 8 };

/* Branches that lead to the slow way. */
typedef struct Slow {
    uint32_t *insn[MAX_SLOW];
    unsigned n;
} Slow;

static void slow_if(LAGen *g, Slow *s, LATest t)
{
    s->insn[s->n++] = la_jcc(g, t);
}

/* ---- careful code ---- */

/* May a result be rounded? */
static void check_mode(LAGen *g, Slow *s)
{
    if (!g->careful) {
        return;
    }
    /* bits 5..14: PE, DAZ (any), the six masks, rounding */
    la_ld_wu(&g->a, LA_TMP0, LA_ENV, g->s->env_mxcsr);
    la_bstrpick_d(&g->a, LA_TMP0, LA_TMP0, 14, 5);
    la_ori(&g->a, LA_TMP0, LA_TMP0, 2);
    la_addi_d(&g->a, LA_TMP0, LA_TMP0, -0xff);
    slow_if(g, s, la_not_zero(LA_TMP0));
}

static unsigned max_exponent(TCGWidth e)
{
    return e == MO_64 ? 0x7fe : 0xfe;
}

/* The exponent of @f must be from @low to @high. */
static void check_exponent(LAGen *g, Slow *s, TCGWidth e, unsigned f,
                           unsigned low, unsigned high)
{
    if (!g->careful) {
        return;
    }
    if (e == MO_64) {
        la_movfr2gr_d(&g->a, LA_TMP1, f);
        la_bstrpick_d(&g->a, LA_TMP1, LA_TMP1, 62, 52);
    } else {
        la_movfr2gr_s(&g->a, LA_TMP1, f);
        la_bstrpick_d(&g->a, LA_TMP1, LA_TMP1, 30, 23);
    }
    la_addi_d(&g->a, LA_TMP1, LA_TMP1, -(int)low);
    la_sltui(&g->a, LA_TMP1, LA_TMP1, high - low + 1);
    slow_if(g, s, la_test(LA_T_EQ, LA_TMP1, LA_ZERO));
}

static void check_operand(LAGen *g, Slow *s, TCGWidth e, unsigned f)
{
    check_exponent(g, s, e, f, 1, max_exponent(e));
}

static void check_result(LAGen *g, Slow *s, TCGWidth e, unsigned f)
{
    check_exponent(g, s, e, f, 2, max_exponent(e));
}

/* ---- results ---- */

/* A scalar result on its way into the rest of src[0]. */
typedef struct Scalar {
    unsigned d;         /* register of the result */
    unsigned rest;      /* of what the rest is from */
    unsigned f;         /* compute here */
    bool wide;
} Scalar;

static Scalar begin(LAGen *g, const TCGOp *op, TCGWidth e)
{
    Scalar r = { .wide = la_vec_more_than(g, op->dst[0], e) };

    r.rest = r.wide ? la_vec_use(g, op->src[0]) : 0;
    r.d = la_vec_dst(g);
    r.f = r.d;
    if (g->careful || (r.wide && (la_have(LA_F_LSX) || e == MO_32))) {
        r.f = FD;
    }
    return r;
}

static void end(LAGen *g, const TCGOp *op, TCGWidth e, Scalar r, const Slow *s)
{
    LAMem d, a;
    uint32_t *done = NULL;

    if (!r.wide) {
        if (r.f != r.d) {
            la_fmov_d(&g->a, r.d, r.f);
        }
    } else {
        d = la_vec_place(g, op->dst[0]);
        if (la_have(LA_F_LSX)) {
            la_vec_move(g, r.d, r.rest);
            (e == MO_64 ? la_vextrins_d : la_vextrins_w)(&g->a, r.d, r.f, 0);
        } else {
            a = la_vec_place(g, op->src[0]);
            if (e == MO_32) {
                la_movfrh2gr_s(&g->a, LA_TMP0, r.rest);
            }
            if (r.f != r.d) {
                la_fmov_d(&g->a, r.d, r.f);
            }
            if (e == MO_32) {
                la_movgr2frh_w(&g->a, r.d, LA_TMP0);
            }
            la_vec_copy(g, d, a, 8, 16);
        }
        if (op->flags & TCG_F_ZERO_UPPER) {
            la_vec_zero(g, d, 16, 32);
        }
    }
    if (s && s->n) {
        done = la_jcc(g, la_test(LA_T_ALWAYS, 0, 0));
        for (unsigned k = 0; k < s->n; k++) {
            la_here(g, s->insn[k]);
        }
        la_vec_reference(g, op);
        if (g->s->vals[op->dst[0]].kind != TCG_VAL_GLOBAL) {
            d = la_vec_place(g, op->dst[0]);
            la_vec_load(g, r.d, d.base, d.disp);
        }
        la_here(g, done);
    }
    la_vec_bind(g, r.d);
}

/* A number is in TMP0. */
static void end_number(LAGen *g, const TCGOp *op, const Slow *s)
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

/* ---- arithmetic ---- */

static void operate(LAGen *g, unsigned vop, TCGWidth e, unsigned d, unsigned j,
                    unsigned k)
{
    bool wide = e == MO_64;
    LAAsm *a = &g->a;

    switch (vop) {
    case VOP_fadd:
        (wide ? la_fadd_d : la_fadd_s)(a, d, j, k);
        break;
    case VOP_fsub:
        (wide ? la_fsub_d : la_fsub_s)(a, d, j, k);
        break;
    case VOP_fmul:
        (wide ? la_fmul_d : la_fmul_s)(a, d, j, k);
        break;
    case VOP_fdiv:
        (wide ? la_fdiv_d : la_fdiv_s)(a, d, j, k);
        break;
    case VOP_fsqrt:
        (wide ? la_fsqrt_d : la_fsqrt_s)(a, d, k);
        break;
    case VOP_fmin:
        /* the second one unless the first is less */
        (wide ? la_fcmp_slt_d : la_fcmp_slt_s)(a, LA_FCC_TMP, j, k);
        la_fsel(a, d, k, j, LA_FCC_TMP);
        break;
    default:
        (wide ? la_fcmp_slt_d : la_fcmp_slt_s)(a, LA_FCC_TMP, k, j);
        la_fsel(a, d, k, j, LA_FCC_TMP);
        break;
    }
}

/* Two or four doubles, the first of which are in registers. */
static void packed_double(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), a = d;
    LAMem b = la_vec_place(g, op->src[1]);
    unsigned rb = la_vec_use(g, op->src[1]), ra = rb, rd;
    bool two = op->aux != VOP_fsqrt;

    if (two) {
        a = la_vec_place(g, op->src[0]);
        ra = la_vec_use(g, op->src[0]);
    }
    operate(g, op->aux, MO_64, FC, ra, rb);
    for (unsigned k = 8; k < 1u << op->w; k += 8) {
        if (two) {
            la_fld_d(&g->a, FA, a.base, a.disp + k);
        }
        la_fld_d(&g->a, FB, b.base, b.disp + k);
        operate(g, op->aux, MO_64, FD, FA, FB);
        la_fst_d(&g->a, FD, d.base, d.disp + k);
    }
    la_vec_zero_tail(g, op, d, 1u << op->w);
    rd = la_vec_dst(g);
    la_vec_move(g, rd, FC);
    la_vec_bind(g, rd);
}

/* Lane by lane in memory. */
static bool packed(LAGen *g, const TCGOp *op)
{
    bool wide = op->cond == MO_64;
    unsigned size = 1u << op->w, step = wide ? 8 : 4;
    LAMem a, b, d = la_vec_place(g, op->dst[0]);

    if (g->careful) {
        return false;
    }
    if (wide && !la_have(LA_F_LSX)) {
        packed_double(g, op);
        return true;
    }
    a = op->aux == VOP_fsqrt ? d : la_vec_mem(g, op->src[0]);
    b = la_vec_mem(g, op->src[1]);
    for (unsigned k = 0; k < size; k += step) {
        if (op->aux != VOP_fsqrt) {
            (wide ? la_fld_d : la_fld_s)(&g->a, FA, a.base, a.disp + k);
        }
        (wide ? la_fld_d : la_fld_s)(&g->a, FB, b.base, b.disp + k);
        operate(g, op->aux, op->cond, FD, FA, FB);
        (wide ? la_fst_d : la_fst_s)(&g->a, FD, d.base, d.disp + k);
    }
    la_vec_zero_tail(g, op, d, size);
    la_vec_written(g, op->dst[0]);
    return true;
}

static bool arithmetic(LAGen *g, const TCGOp *op)
{
    TCGWidth e = op->cond;
    bool order = op->aux == VOP_fmin || op->aux == VOP_fmax;
    bool two = op->aux != VOP_fsqrt;
    unsigned a = 0, b;
    Slow s = { .n = 0 };
    Scalar r;

    if (!(op->flags & TCG_F_SCALAR)) {
        return packed(g, op);
    }
    b = la_vec_use(g, op->src[1]);
    if (two) {
        a = la_vec_use(g, op->src[0]);
    }
    r = begin(g, op, e);
    if (!order) {
        check_mode(g, &s);
    }
    if (two) {
        check_operand(g, &s, e, a);
    }
    check_operand(g, &s, e, b);
    operate(g, op->aux, e, r.f, a, b);
    if (!order) {
        check_result(g, &s, e, r.f);
    }
    end(g, op, e, r, &s);
    return true;
}

/*
 * d = +-(x * y) +- z.  Careful results are not zero, so that the sign of a sum
 * may be changed behind it.  NaNs always go to the reference.
 */
static bool multiply_add(LAGen *g, const TCGOp *op)
{
    static const uint8_t order[3][3] = { { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 } };
    unsigned form = op->imm & 3, kind = op->imm >> 4, x[3];
    bool wide = op->cond == MO_64;
    Slow s = { .n = 0 };
    Scalar r;

    if (!(op->flags & TCG_F_SCALAR) || kind > 3 || form > 2) {
        return false;
    }
    for (unsigned k = 0; k < 3; k++) {
        x[k] = la_vec_use(g, op->src[order[form][k]]);
    }
    r = begin(g, op, op->cond);
    r.f = FD;
    check_mode(g, &s);
    for (unsigned k = 0; k < 3; k++) {
        check_operand(g, &s, op->cond, x[k]);
    }
    switch (kind) {
    case 0:
        (wide ? la_fmadd_d : la_fmadd_s)(&g->a, FD, x[0], x[1], x[2]);
        break;
    case 1:
        (wide ? la_fmsub_d : la_fmsub_s)(&g->a, FD, x[0], x[1], x[2]);
        break;
    case 2:
        /* z - xy: a zero must not change its sign */
        if (g->careful) {
            (wide ? la_fnmsub_d : la_fnmsub_s)(&g->a, FD, x[0], x[1], x[2]);
        } else {
            (wide ? la_fneg_d : la_fneg_s)(&g->a, FA, x[0]);
            (wide ? la_fmadd_d : la_fmadd_s)(&g->a, FD, FA, x[1], x[2]);
        }
        break;
    default:
        if (g->careful) {
            (wide ? la_fnmadd_d : la_fnmadd_s)(&g->a, FD, x[0], x[1], x[2]);
        } else {
            (wide ? la_fneg_d : la_fneg_s)(&g->a, FA, x[0]);
            (wide ? la_fmsub_d : la_fmsub_s)(&g->a, FD, FA, x[1], x[2]);
        }
        break;
    }
    check_result(g, &s, op->cond, FD);
    if (!g->careful) {
        (wide ? la_fcmp_cun_d : la_fcmp_cun_s)(&g->a, LA_FCC_TMP, FD, FD);
        slow_if(g, &s, la_test(LA_T_FCC, LA_FCC_TMP, 0));
    }
    end(g, op, op->cond, r, &s);
    return true;
}

/* ---- comparison ---- */

/* fcmp by predicate: c quiet, s signaling. */
static void fcmp(LAGen *g, TCGWidth e, bool signaling, unsigned cond,
                 unsigned fcc, unsigned a, unsigned b)
{
    uint32_t op = e == MO_64 ? LA_OP_fcmp_caf_d : LA_OP_fcmp_caf_s;

    la_put(&g->a, op | (cond | signaling) << 15 | la_f(b, 10) | la_f(a, 5) |
           fcc);
}

enum { P_LT = 2, P_EQ = 4, P_LE = 6, P_UN = 8, P_NE = 16 };

static bool compare(LAGen *g, const TCGOp *op)
{
    static const uint8_t predicates[] = {
        [LA_FCC_B] = P_LT | P_UN, [LA_FCC_E] = P_EQ | P_UN,
        [LA_FCC_BE] = P_LE | P_UN, [LA_FCC_P] = P_UN,
    };
    bool signaling = op->aux == VOP_fcomi, any = false;
    unsigned a = la_vec_use(g, op->src[0]), b = la_vec_use(g, op->src[1]);
    unsigned used = g->fcc_used[op->dst[0]];
    Slow s = { .n = 0 };

    if (g->careful) {
        check_operand(g, &s, op->cond, a);
        check_operand(g, &s, op->cond, b);
        used = 0x80;
    }
    if (used & 0x80) {
        /* both mean unordered */
        fcmp(g, op->cond, signaling, predicates[LA_FCC_B], LA_FCC_TMP, a, b);
        fcmp(g, op->cond, signaling, predicates[LA_FCC_E], LA_FCC_TMP + 1, a,
             b);
        la_movcf2gr(&g->a, LA_TMP0, LA_FCC_TMP);
        la_movcf2gr(&g->a, LA_TMP1, LA_FCC_TMP + 1);
        la_and(&g->a, LA_TMP2, LA_TMP0, LA_TMP1);
        la_bstrins_d(&g->a, LA_TMP0, LA_TMP2, 2, 2);
        la_bstrins_d(&g->a, LA_TMP0, LA_TMP1, 6, 6);
        end_number(g, op, &s);
        return true;
    }
    for (unsigned f = 0; f <= LA_FCC_P; f++) {
        if (used >> f & 1) {
            fcmp(g, op->cond, signaling, predicates[f], f, a, b);
            any = true;
        }
    }
    if (!any) {
        /* for the exception alone */
        fcmp(g, op->cond, signaling, P_UN, LA_FCC_TMP, a, b);
    }
    return true;
}

/* CMPSD: predicates 0 - 31; those from 8 on are not with swapped operands. */
const LAPredicate la_predicates[32] = {
    { P_EQ, 0, 0 }, { P_LT, 1, 0 }, { P_LE, 1, 0 }, { P_UN, 0, 0 },
    { P_NE | P_UN, 0, 0 }, { P_LE | P_UN, 1, 1 }, { P_LT | P_UN, 1, 1 },
    { P_EQ | P_NE, 0, 0 },
    { P_EQ | P_UN, 0, 0 }, { P_LT | P_UN, 1, 0 }, { P_LE | P_UN, 1, 0 },
    { 0, 0, 0 },
    { P_NE, 0, 0 }, { P_LE, 1, 1 }, { P_LT, 1, 1 }, { LA_PREDICATE_TRUE, 0, 0 },
    { P_EQ, 1, 0 }, { P_LT, 0, 0 }, { P_LE, 0, 0 }, { P_UN, 1, 0 },
    { P_NE | P_UN, 1, 0 }, { P_LE | P_UN, 0, 1 }, { P_LT | P_UN, 0, 1 },
    { P_EQ | P_NE, 1, 0 },
    { P_EQ | P_UN, 1, 0 }, { P_LT | P_UN, 0, 0 }, { P_LE | P_UN, 0, 0 },
    { 0, 1, 0 },
    { P_NE, 1, 0 }, { P_LE, 0, 1 }, { P_LT, 0, 1 }, { LA_PREDICATE_TRUE, 1, 0 },
};

static bool compare_mask(LAGen *g, const TCGOp *op)
{
    const LAPredicate *p = &la_predicates[op->imm & 31];
    unsigned a, b;
    Scalar r;

    if (!(op->flags & TCG_F_SCALAR) || g->careful ||
        p->cond == LA_PREDICATE_TRUE) {
        return false;
    }
    a = la_vec_use(g, op->src[0]);
    b = la_vec_use(g, op->src[1]);
    r = begin(g, op, op->cond);
    fcmp(g, op->cond, p->signaling, p->cond, LA_FCC_TMP, p->swap ? b : a,
         p->swap ? a : b);
    la_movcf2gr(&g->a, LA_TMP1, LA_FCC_TMP);
    la_sub_d(&g->a, LA_TMP1, LA_ZERO, LA_TMP1);
    la_movgr2fr_d(&g->a, FD, LA_TMP1);
    r.f = FD;
    end(g, op, op->cond, r, NULL);
    return true;
}

/* ---- conversion ---- */

static bool from_int(LAGen *g, const TCGOp *op)
{
    bool wide = op->cond == MO_64, exact = wide && op->imm == MO_32;
    unsigned i = op->imm == MO_32 ? la_low(g, op->src[1])
                                  : la_use(g, op->src[1]);
    Slow s = { .n = 0 };
    Scalar r = begin(g, op, op->cond);

    if (!exact) {
        check_mode(g, &s);
    }
    if (op->imm == MO_32) {
        la_movgr2fr_w(&g->a, FA, i);
        (wide ? la_ffint_d_w : la_ffint_s_w)(&g->a, r.f, FA);
    } else {
        la_movgr2fr_d(&g->a, FA, i);
        (wide ? la_ffint_d_l : la_ffint_s_l)(&g->a, r.f, FA);
    }
    end(g, op, op->cond, r, &s);
    return true;
}

static bool to_int(LAGen *g, const TCGOp *op)
{
    bool wide = op->cond == MO_64, cut = op->aux == VOP_cvttf2si;
    unsigned bias = wide ? 1023 : 127, a = la_vec_use(g, op->src[0]), d;
    Slow s = { .n = 0 };

    check_mode(g, &s);
    check_exponent(g, &s, op->cond, a, 1, bias + (op->imm == MO_32 ? 29 : 61));
    if (op->imm == MO_32) {
        (cut ? (wide ? la_ftintrz_w_d : la_ftintrz_w_s)
             : (wide ? la_ftint_w_d : la_ftint_w_s))(&g->a, FD, a);
    } else {
        (cut ? (wide ? la_ftintrz_l_d : la_ftintrz_l_s)
             : (wide ? la_ftint_l_d : la_ftint_l_s))(&g->a, FD, a);
    }
    if (!s.n && !ra_dst_dead(&g->ra, 0)) {
        d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
        if (op->imm == MO_32) {
            la_movfr2gr_s(&g->a, d, FD);
            la_bind_dirty(g, 0, d);
        } else {
            la_movfr2gr_d(&g->a, d, FD);
            la_bind(g, 0, d, 64, 64);
        }
        return true;
    }
    la_movfr2gr_d(&g->a, LA_TMP0, FD);
    if (op->imm == MO_32) {
        la_bstrpick_d(&g->a, LA_TMP0, LA_TMP0, 31, 0);
    }
    end_number(g, op, &s);
    return true;
}

/* Between single and double. */
static bool convert(LAGen *g, const TCGOp *op)
{
    TCGWidth from = op->aux == VOP_cvtss2sd ? MO_32 : MO_64, to = from ^ 1;
    unsigned b = la_vec_use(g, op->src[1]);
    Slow s = { .n = 0 };
    Scalar r = begin(g, op, to);

    if (to == MO_32) {
        check_mode(g, &s);
    }
    check_operand(g, &s, from, b);
    (to == MO_64 ? la_fcvt_d_s : la_fcvt_s_d)(&g->a, r.f, b);
    check_result(g, &s, to, r.f);
    end(g, op, to, r, &s);
    return true;
}

/* ---- moves of one lane ---- */

static bool move_lane(LAGen *g, const TCGOp *op)
{
    unsigned b;
    Scalar r;

    if (op->cond < MO_32 || op->w != VW_16) {
        return false;
    }
    b = la_vec_use(g, op->src[1]);
    r = begin(g, op, op->cond);
    r.f = b;
    if (r.d == b && !la_have(LA_F_LSX) && op->cond == MO_32) {
        return false;
    }
    if (r.d == b && la_have(LA_F_LSX)) {
        la_vec_move(g, FD, b);
        r.f = FD;
    }
    end(g, op, op->cond, r, NULL);
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
    case VOP_fsqrt:
        return arithmetic(g, op);
    case VOP_fma:
        return multiply_add(g, op);
    case VOP_fcomi:
    case VOP_fucomi:
        return compare(g, op);
    case VOP_fcmp:
        return compare_mask(g, op);
    case VOP_cvtsi2f:
        return from_int(g, op);
    case VOP_cvttf2si:
    case VOP_cvtf2si:
        return to_int(g, op);
    case VOP_cvtss2sd:
    case VOP_cvtsd2ss:
        return convert(g, op);
    case VOP_movs:
        return move_lane(g, op);
    default:
        return false;
    }
}
