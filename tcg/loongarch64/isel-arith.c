/*
 * Instruction selection: multiplication, division, and counting and moving
 * bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

static bool wanted(const LAGen *g, unsigned n)
{
    return g->op->dst[n] && !ra_dst_dead(&g->ra, n);
}

/* ---- multiplication ---- */

void gen_mul(LAGen *g, const TCGOp *op)
{
    bool wide = op->w == MO_64;
    unsigned a = wide ? la_use(g, op->src[0]) : la_low(g, op->src[0]);
    unsigned b = wide ? la_use(g, op->src[1]) : la_low(g, op->src[1]), d;

    if (op->w < MO_32) {
        la_mul_w(&g->a, LA_TMP0, a, b);
        la_merge(g, op, LA_TMP0);
        return;
    }
    d = la_dst(g, 0, op->src[0], op->src[1]);
    if (wide) {
        la_mul_d(&g->a, d, a, b);
        la_bind(g, 0, d, 64, 64);
    } else {
        la_mul_w(&g->a, d, a, b);
        la_bind_dirty(g, 0, d);
    }
}

/* Result @n from a register that is not the allocator's. */
static void result(LAGen *g, unsigned n, unsigned from, TCGWidth w)
{
    unsigned d;

    if (!wanted(g, n)) {
        return;
    }
    d = la_dst(g, n, TCGV_NONE, TCGV_NONE);
    if (w == MO_64) {
        la_mov(&g->a, d, from);
        la_bind(g, n, d, 64, 64);
    } else {
        la_slli_w(&g->a, d, from, 0);
        la_bind_dirty(g, n, d);
    }
}

void gen_mul2(LAGen *g, const TCGOp *op)
{
    bool sign = op->opc == TCG_OP_muls2;
    unsigned a, b;

    if (op->w == MO_64) {
        a = la_use(g, op->src[0]);
        b = la_use(g, op->src[1]);
        if (wanted(g, 1)) {
            (sign ? la_mulh_d : la_mulh_du)(&g->a, LA_TMP1, a, b);
        }
        if (wanted(g, 0)) {
            la_mul_d(&g->a, LA_TMP0, a, b);
        }
        result(g, 0, LA_TMP0, MO_64);
        result(g, 1, LA_TMP1, MO_64);
        return;
    }
    a = la_low(g, op->src[0]);
    b = la_low(g, op->src[1]);
    (sign ? la_mulw_d_w : la_mulw_d_wu)(&g->a, LA_TMP0, a, b);
    result(g, 0, LA_TMP0, MO_32);
    if (wanted(g, 1)) {
        unsigned d = la_dst(g, 1, TCGV_NONE, TCGV_NONE);

        la_srli_d(&g->a, d, LA_TMP0, 32);
        la_bind(g, 1, d, 32, 64);
    }
}

/* ---- division ---- */

/*
 * 128 by 64 bits, the general case: scratch[2..4] = low, high, divisor;
 * quotient to scratch[2], remainder to scratch[3].  False: #DE.
 */
static uint64_t divide128(uint64_t *p, bool sign)
{
    unsigned __int128 n = (unsigned __int128)p[3] << 64 | p[2], q, r;
    uint64_t d = p[4];
    bool nneg = sign && (int64_t)p[3] < 0, dneg = sign && (int64_t)d < 0;

    n = nneg ? -n : n;
    d = dneg ? -d : d;
    if (d == 0 || (uint64_t)(n >> 64) >= d) {
        return false;
    }
    q = n / d;
    r = n % d;
    if (sign && q > (uint64_t)INT64_MAX + (nneg != dneg)) {
        return false;
    }
    p[2] = nneg != dneg ? -q : q;
    p[3] = nneg ? -r : r;
    return true;
}

static uint64_t slow_div(void *env, uint64_t sign, void *frame)
{
    return divide128(la_scratch(env), sign);
}

static void trap_unless(LAGen *g, LATest t)
{
    uint32_t *fine = la_jcc(g, t);

    la_trap(g, 0);
    la_here(g, fine);
}

/* Who defined temp @v, if it was an op just before. */
static const TCGOp *def_of(const LAGen *g, TCGv v)
{
    for (unsigned i = g->i; i-- > 0 && g->i - i < 8; ) {
        const TCGOp *op = &g->s->ops[i];

        if (op->opc == TCG_OP_label) {
            return NULL;
        }
        if (op->dst[0] == v) {
            return op;
        }
        if (op->dst[1] == v) {
            return NULL;
        }
    }
    return NULL;
}

/* Is the high half of the dividend the extension of the low one? */
static bool plain_dividend(const LAGen *g, const TCGOp *op, bool sign)
{
    TCGv hi = op->src[1];
    const TCGOp *def;

    if (la_is_const(g, hi)) {
        return !sign && la_const_val(g, hi) == 0;
    }
    def = sign ? def_of(g, hi) : NULL;
    if (!def || def->opc != TCG_OP_sar || def->w != op->w ||
        def->src[0] != op->src[0] || !la_is_const(g, def->src[1]) ||
        la_const_val(g, def->src[1]) != (8u << op->w) - 1) {
        return false;
    }
    /* nobody may have written the low half since */
    for (const TCGOp *x = def + 1; x < op; x++) {
        if (x->dst[0] == op->src[0] || x->dst[1] == op->src[0] ||
            x->opc == TCG_OP_call) {
            return false;
        }
    }
    return true;
}

static void div32(LAGen *g, const TCGOp *op, bool sign)
{
    bool plain = plain_dividend(g, op, sign);
    unsigned n, d, t = ra_scratch(&g->ra, TCG_I64, 0);

    la_form_any(g, t);
    d = (sign ? la_sext : la_zext)(g, op->src[2], MO_32, LA_TMP1);
    if (d != LA_TMP1 && (sign ? g->forms.s[d] : g->forms.z[d]) > 32) {
        la_mov(&g->a, LA_TMP1, d);
        d = LA_TMP1;
    }
    trap_unless(g, la_not_zero(d));
    if (plain) {
        n = (sign ? la_sext : la_zext)(g, op->src[0], MO_32, LA_TMP0);
    } else {
        n = la_zext(g, op->src[0], MO_32, LA_TMP0);
        if (n != LA_TMP0) {
            la_mov(&g->a, LA_TMP0, n);
            n = LA_TMP0;
        }
        la_bstrins_d(&g->a, n, la_low(g, op->src[1]), 63, 32);
    }
    (sign ? la_div_d : la_div_du)(&g->a, LA_TMP2, n, d);
    if (!plain || sign) {
        if (sign) {
            la_slli_w(&g->a, t, LA_TMP2, 0);
        } else {
            la_bstrpick_d(&g->a, t, LA_TMP2, 31, 0);
        }
        trap_unless(g, la_test(LA_T_EQ, t, LA_TMP2));
    }
    ra_unlock(&g->ra, t);
    if (wanted(g, 1)) {
        (sign ? la_mod_d : la_mod_du)(&g->a, LA_TMP1, n, d);
    }
    /* TMP2 may be wanted for a spill */
    la_mov(&g->a, LA_TMP0, LA_TMP2);
    result(g, 0, LA_TMP0, MO_32);
    result(g, 1, LA_TMP1, MO_32);
}

static void div64(LAGen *g, const TCGOp *op, bool sign)
{
    unsigned lo = la_use(g, op->src[0]), hi = la_use(g, op->src[1]);
    unsigned d = la_use(g, op->src[2]);
    uint32_t *wide, *done, *normal;

    trap_unless(g, la_not_zero(d));
    if (sign) {
        /* -2^63 / -1 goes the long way, which finds that out */
        la_srai_d(&g->a, LA_TMP0, lo, 63);
        wide = la_jcc(g, la_test(LA_T_NE, hi, LA_TMP0));
        la_addi_d(&g->a, LA_TMP0, d, 1);
        normal = la_jcc(g, la_not_zero(LA_TMP0));
        la_here(g, wide);
    } else {
        normal = la_jcc(g, la_test(LA_T_EQ, hi, LA_ZERO));
    }
    la_st_d(&g->a, lo, LA_ENV, LA_SCRATCH(g, 2));
    la_st_d(&g->a, hi, LA_ENV, LA_SCRATCH(g, 3));
    la_st_d(&g->a, d, LA_ENV, LA_SCRATCH(g, 4));
    la_li(&g->a, LA_TMP1, sign);
    la_slow_call(g, slow_div);
    trap_unless(g, la_not_zero(LA_TMP0));
    la_ld_d(&g->a, LA_TMP0, LA_ENV, LA_SCRATCH(g, 2));
    la_ld_d(&g->a, LA_TMP1, LA_ENV, LA_SCRATCH(g, 3));
    done = la_jcc(g, la_test(LA_T_ALWAYS, 0, 0));
    la_here(g, normal);
    (sign ? la_div_d : la_div_du)(&g->a, LA_TMP0, lo, d);
    if (wanted(g, 1)) {
        (sign ? la_mod_d : la_mod_du)(&g->a, LA_TMP1, lo, d);
    }
    la_here(g, done);
    result(g, 0, LA_TMP0, MO_64);
    result(g, 1, LA_TMP1, MO_64);
}

void gen_div2(LAGen *g, const TCGOp *op)
{
    bool sign = op->opc == TCG_OP_divs2;

    if (op->w == MO_64) {
        div64(g, op, sign);
    } else {
        div32(g, op, sign);
    }
}

/* ---- bits ---- */

void gen_bswap(LAGen *g, const TCGOp *op)
{
    unsigned a, d;

    if (op->w == MO_64) {
        a = la_use(g, op->src[0]);
        d = la_dst(g, 0, op->src[0], TCGV_NONE);
        la_revb_d(&g->a, d, a);
        la_bind(g, 0, d, 64, 64);
        return;
    }
    a = la_low(g, op->src[0]);
    d = la_dst(g, 0, op->src[0], TCGV_NONE);
    la_revb_2w(&g->a, d, a);
    la_bind32(g, d, g->forms.z[a] <= 32 && a != LA_ZERO ? 32 : 64, 64);
}

void gen_bits(LAGen *g, const TCGOp *op)
{
    bool lead = op->opc == TCG_OP_clz;
    unsigned a = op->w == MO_64 ? la_use(g, op->src[0])
                                : la_low(g, op->src[0]);
    unsigned d = la_dst(g, 0, op->src[0], TCGV_NONE);

    if (op->w == MO_64) {
        (lead ? la_clz_d : la_ctz_d)(&g->a, d, a);
    } else {
        (lead ? la_clz_w : la_ctz_w)(&g->a, d, a);
    }
    la_bind(g, 0, d, 7, 64);
}

/* One result of a slow call with operands at the op's width. */
static void in_c(LAGen *g, const TCGOp *op, unsigned nargs, LASlowFn *fn)
{
    unsigned d;

    for (unsigned k = 0; k < nargs; k++) {
        unsigned r = la_zext(g, op->src[k], op->w, LA_TMP0);

        la_st_d(&g->a, r, LA_ENV, LA_SCRATCH(g, 2 + k));
    }
    la_slow_call(g, fn);
    d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
    la_mov(&g->a, d, LA_TMP0);
    la_bind(g, 0, d, op->w == MO_64 ? 64 : 32, 64);
}

static uint64_t slow_popcnt(void *env, uint64_t arg, void *frame)
{
    return __builtin_popcountll(la_scratch(env)[2]);
}

void gen_popcnt(LAGen *g, const TCGOp *op)
{
    in_c(g, op, 1, slow_popcnt);
}

static uint64_t slow_pdep(void *env, uint64_t arg, void *frame)
{
    uint64_t x = la_scratch(env)[2], mask = la_scratch(env)[3], r = 0;

    for (; mask; mask &= mask - 1, x >>= 1) {
        if (x & 1) {
            r |= mask & -mask;
        }
    }
    return r;
}

static uint64_t slow_pext(void *env, uint64_t arg, void *frame)
{
    uint64_t x = la_scratch(env)[2], mask = la_scratch(env)[3], r = 0;

    for (uint64_t bit = 1; mask; mask &= mask - 1, bit <<= 1) {
        if (x & mask & -mask) {
            r |= bit;
        }
    }
    return r;
}

void gen_pdep(LAGen *g, const TCGOp *op)
{
    in_c(g, op, 2, op->opc == TCG_OP_pdep ? slow_pdep : slow_pext);
}
