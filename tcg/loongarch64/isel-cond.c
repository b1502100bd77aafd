/*
 * Instruction selection: comparisons, branches, selection.
 *
 * A comparison becomes an LATest first, two registers and an operator, which
 * can then be branched on, set from, or selected by.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

/* ---- tests ---- */

static LATest negate(LATest t)
{
    t.op ^= 1;
    return t;
}

/* A register that is zero if and only if @v is, at the width. */
static unsigned zero_like(LAGen *g, TCGv v, TCGWidth w, unsigned tmp)
{
    unsigned bits = 8u << w, reg;

    if (w == MO_64 || la_is_const(g, v)) {
        return la_zext(g, v, w, tmp);
    }
    reg = ra_use(&g->ra, v);
    if (g->forms.z[reg] <= bits || g->forms.s[reg] <= bits) {
        return reg;
    }
    if (w == MO_8) {
        la_andi(&g->a, tmp, reg, 0xff);
    } else if (w == MO_32) {
        la_slli_w(&g->a, tmp, reg, 0);
    } else {
        la_bstrpick_d(&g->a, tmp, reg, bits - 1, 0);
    }
    return tmp;
}

/* A register that is zero if and only if a & b is, at the width. */
static unsigned and_zero(LAGen *g, TCGWidth w, TCGv a, TCGv b)
{
    unsigned bits = 8u << w, lo, ra, rb;
    uint64_t mask = UINT64_MAX >> (64 - bits), c;

    if (la_is_const(g, a)) {
        TCGv t = a;
        a = b;
        b = t;
    }
    if (a == b) {
        return zero_like(g, a, w, LA_TMP0);
    }
    if (la_is_const(g, b)) {
        c = la_const_val(g, b) & mask;
        if (c == mask) {
            return zero_like(g, a, w, LA_TMP0);
        }
        ra = c >> 32 ? la_use(g, a) : la_low(g, a);
        if (c == 0) {
            return LA_ZERO;
        }
        lo = __builtin_ctzll(c);
        if (la_fits_u(c, 12)) {
            la_andi(&g->a, LA_TMP0, ra, c);
        } else if (!((c >> lo) & ((c >> lo) + 1))) {
            la_bstrpick_d(&g->a, LA_TMP0, ra, 63 - __builtin_clzll(c), lo);
        } else {
            la_and(&g->a, LA_TMP0, ra, la_const_reg(g, c));
        }
        return LA_TMP0;
    }
    ra = w == MO_64 ? la_use(g, a) : ra_use(&g->ra, a);
    rb = w == MO_64 ? la_use(g, b) : ra_use(&g->ra, b);
    la_and(&g->a, LA_TMP0, ra, rb);
    if (w != MO_64 && MIN(g->forms.z[ra], g->forms.z[rb]) > bits &&
        MAX(g->forms.s[ra], g->forms.s[rb]) > bits) {
        la_bstrpick_d(&g->a, LA_TMP0, LA_TMP0, bits - 1, 0);
    }
    return LA_TMP0;
}

static bool is_zero_const(LAGen *g, TCGv v, TCGWidth w)
{
    int64_t c;

    return la_const_at(g, v, w, &c) && c == 0;
}

/* Instructions it takes to extend @v. */
static unsigned extension_cost(LAGen *g, TCGv v, TCGWidth w, bool sign)
{
    unsigned bits = 8u << w, reg;

    if (w == MO_64 || la_is_const(g, v)) {
        return 0;
    }
    reg = ra_where(&g->ra, v);
    return reg == RA_NOREG ||
           (sign ? g->forms.s[reg] : g->forms.z[reg]) > bits;
}

LATest la_compare(LAGen *g, TCGCond cond, TCGWidth w, TCGv a, TCGv b)
{
    bool neg = false, sign;
    unsigned j, k;
    LATest t = { 0 };

    switch (cond) {
    case TCG_COND_TSTEQ:
    case TCG_COND_TSTNE:
        j = and_zero(g, w, a, b);
        return la_test(cond == TCG_COND_TSTEQ ? LA_T_EQ : LA_T_NE, j, LA_ZERO);
    case TCG_COND_LE:
    case TCG_COND_GT:
    case TCG_COND_LEU:
    case TCG_COND_GTU: {
            TCGv x = a;
            a = b;
            b = x;
        }
        cond = cond == TCG_COND_LE ? TCG_COND_GE
               : cond == TCG_COND_GT ? TCG_COND_LT
               : cond == TCG_COND_LEU ? TCG_COND_GEU : TCG_COND_LTU;
        break;
    default:
        break;
    }
    neg = cond & 1;
    if (cond <= TCG_COND_NE && (is_zero_const(g, a, w) ||
                                is_zero_const(g, b, w))) {
        j = zero_like(g, is_zero_const(g, b, w) ? a : b, w, LA_TMP0);
        return la_test(LA_T_EQ + neg, j, LA_ZERO);
    }
    if (cond >= TCG_COND_LTU && is_zero_const(g, b, w)) {
        return la_test(LA_T_NEVER + neg, 0, 0);
    }
    if (cond >= TCG_COND_LTU && is_zero_const(g, a, w)) {
        j = zero_like(g, b, w, LA_TMP0);
        return negate(la_test(LA_T_EQ + neg, j, LA_ZERO));
    }
    /* both extended the same way; signed order wants the sign */
    sign = cond == TCG_COND_LT || cond == TCG_COND_GE ||
           extension_cost(g, a, w, true) + extension_cost(g, b, w, true) <=
           extension_cost(g, a, w, false) + extension_cost(g, b, w, false);
    j = (sign ? la_sext : la_zext)(g, a, w, LA_TMP0);
    k = (sign ? la_sext : la_zext)(g, b, w, LA_TMP1);
    t.op = (cond <= TCG_COND_NE ? LA_T_EQ : cond <= TCG_COND_GE ? LA_T_LT
            : LA_T_LTU) + neg;
    t.j = j;
    t.k = k;
    return t;
}

/* ---- branches ---- */

/* Branch with offset 0. */
static uint32_t *emit_branch(LAGen *g, LATest t)
{
    uint32_t *at = g->a.p;

    switch (t.op) {
    case LA_T_EQ:
        if (t.k == LA_ZERO) {
            la_beqz(&g->a, t.j, 0);
        } else {
            la_beq(&g->a, t.j, t.k, 0);
        }
        break;
    case LA_T_NE:
        if (t.k == LA_ZERO) {
            la_bnez(&g->a, t.j, 0);
        } else {
            la_bne(&g->a, t.j, t.k, 0);
        }
        break;
    case LA_T_LT:
        la_blt(&g->a, t.j, t.k, 0);
        break;
    case LA_T_GE:
        la_bge(&g->a, t.j, t.k, 0);
        break;
    case LA_T_LTU:
        la_bltu(&g->a, t.j, t.k, 0);
        break;
    case LA_T_GEU:
        la_bgeu(&g->a, t.j, t.k, 0);
        break;
    case LA_T_FCC:
        la_bcnez(&g->a, t.j, 0);
        break;
    case LA_T_NFCC:
        la_bceqz(&g->a, t.j, 0);
        break;
    case LA_T_ALWAYS:
        la_b(&g->a, 0);
        break;
    default:
        return NULL;
    }
    return at;
}

uint32_t *la_jcc(LAGen *g, LATest t)
{
    return emit_branch(g, t);
}

void la_here(LAGen *g, uint32_t *branch)
{
    if (branch) {
        la_set_branch(branch, (uint8_t *)g->a.p - (uint8_t *)branch);
    }
}

/* The exit that is all there is behind @label, or -1. */
static int only_exit(LAGen *g, unsigned label)
{
    const TCGOp *ops = g->s->ops;
    unsigned at = g->label_op[label], k = at + 1;

    if (!g->s->labels[label].side || at < g->i) {
        return -1;
    }
    while (k < g->s->nb_ops && (ops[k].opc == TCG_OP_nop ||
                                ops[k].opc == TCG_OP_insn_start)) {
        k++;
    }
    if (k == g->s->nb_ops || ops[k].opc != TCG_OP_exit_direct ||
        ops[k].flags & TCG_F_CC_STORE) {
        return -1;
    }
    g->ra.info[at] |= RA_OPI_SKIP;
    g->ra.info[k] |= RA_OPI_SKIP;
    return g->exit_of[k];
}

void la_branch(LAGen *g, LATest t, unsigned label)
{
    bool side = g->s->labels[label].side;
    uint32_t *over = NULL;
    LAForms before = g->forms;
    int exit;

    if (t.op == LA_T_NEVER) {
        if (side) {
            ra_side_branch(&g->ra, label);
            g->label_forms[label] = g->forms;
        }
        return;
    }
    exit = t.op == LA_T_ALWAYS ? -1 : only_exit(g, label);
    if (exit >= 0) {
        la_stub(g, STUB_SIDE, exit, emit_branch(g, t));
        return;
    }
    if (!side && (g->forms.dirty & la_pinned_gprs || g->forms.stale)) {
        /* only the path that jumps needs canonical registers */
        if (t.op != LA_T_ALWAYS) {
            over = emit_branch(g, negate(t));
        }
        la_settle(g, la_pinned_gprs);
        la_upper_flush(g);
        la_jump_label(g, emit_branch(g, la_test(LA_T_ALWAYS, 0, 0)), label);
        g->forms = before;
        la_here(g, over);
        return;
    }
    la_jump_label(g, emit_branch(g, t), label);
}

void gen_brcond(LAGen *g, const TCGOp *op)
{
    if (g->info & RA_OPI_USER) {
        /* see la_scan_structure() */
        la_srli_d(&g->a, LA_TMP0, la_use(g, op[-2].dst[0]), 47);
        la_branch(g, la_not_zero(LA_TMP0), op->imm);
        return;
    }
    la_branch(g, la_compare(g, op->cond, op->w, op->src[0], op->src[1]),
              op->imm);
}

/* ---- values ---- */

void la_set_from_test(LAGen *g, LATest t, unsigned reg)
{
    switch (t.op) {
    case LA_T_EQ:
    case LA_T_NE:
        if (t.k != LA_ZERO) {
            la_xor(&g->a, LA_TMP0, t.j, t.k);
            t.j = LA_TMP0;
        }
        if (t.op == LA_T_EQ) {
            la_sltui(&g->a, reg, t.j, 1);
        } else {
            la_sltu(&g->a, reg, LA_ZERO, t.j);
        }
        break;
    case LA_T_LT:
    case LA_T_GE:
        la_slt(&g->a, reg, t.j, t.k);
        if (t.op == LA_T_GE) {
            la_xori(&g->a, reg, reg, 1);
        }
        break;
    case LA_T_LTU:
    case LA_T_GEU:
        la_sltu(&g->a, reg, t.j, t.k);
        if (t.op == LA_T_GEU) {
            la_xori(&g->a, reg, reg, 1);
        }
        break;
    case LA_T_FCC:
    case LA_T_NFCC:
        la_movcf2gr(&g->a, reg, t.j);
        if (t.op == LA_T_NFCC) {
            la_xori(&g->a, reg, reg, 1);
        }
        break;
    default:
        la_li(&g->a, reg, t.op == LA_T_ALWAYS);
        break;
    }
}

void gen_setcond(LAGen *g, const TCGOp *op)
{
    LATest t = la_compare(g, op->cond, op->w, op->src[0], op->src[1]);
    unsigned d = la_dst(g, 0, op->src[0], op->src[1]);

    la_set_from_test(g, t, d);
    la_bind(g, 0, d, 1, 64);
}

/* A register that is not zero if the test holds, or if it does not (*neg). */
static unsigned truth(LAGen *g, LATest t, bool *neg)
{
    *neg = false;
    switch (t.op) {
    case LA_T_EQ:
    case LA_T_NE:
        *neg = t.op == LA_T_EQ;
        if (t.k == LA_ZERO) {
            return t.j;
        }
        la_xor(&g->a, LA_TMP0, t.j, t.k);
        return LA_TMP0;
    case LA_T_GE:
    case LA_T_GEU:
    case LA_T_NFCC:
        *neg = true;
        t = negate(t);
        break;
    default:
        break;
    }
    la_set_from_test(g, t, LA_TMP0);
    return LA_TMP0;
}

static unsigned use_any(LAGen *g, TCGv v)
{
    return la_is_const(g, v) ? la_use(g, v) : ra_use(&g->ra, v);
}

void la_select(LAGen *g, LATest t, TCGv vt, TCGv vf)
{
    unsigned rt = use_any(g, vt), rf = use_any(g, vf), c, d;
    LAForms *f = &g->forms;
    bool neg, dirty;

    dirty = (f->dirty >> rt | f->dirty >> rf) & 1;
    if (dirty && !(f->dirty >> rt & f->dirty >> rf & 1)) {
        /* one of them: the copy that is selected from is extended */
        c = f->dirty >> rt & 1 ? rt : rf;
        la_bstrpick_d(&g->a, LA_TMP2, c, 31, 0);
        f->z[LA_TMP2] = 32;
        f->s[LA_TMP2] = 64;
        rt = rt == c ? LA_TMP2 : rt;
        rf = rf == c ? LA_TMP2 : rf;
        dirty = false;
    }
    c = truth(g, t, &neg);
    if (c == LA_TMP1) {
        la_mov(&g->a, LA_TMP0, c);
        c = LA_TMP0;
    }
    if (neg) {
        unsigned x = rt;

        rt = rf;
        rf = x;
    }
    if ((rt == LA_ZERO || rf == LA_ZERO) && rt != LA_TMP2 && rf != LA_TMP2) {
        d = ra_dst(&g->ra, g->op->dst[0], vt, vf, 0);
        if (rf == LA_ZERO) {
            la_maskeqz(&g->a, d, rt, c);
        } else {
            la_masknez(&g->a, d, rf, c);
        }
    } else {
        la_maskeqz(&g->a, LA_TMP1, rt, c);
        la_masknez(&g->a, LA_TMP0, rf, c);
        d = ra_dst(&g->ra, g->op->dst[0], vt, vf, 0);
        la_or(&g->a, d, LA_TMP0, LA_TMP1);
    }
    if (dirty) {
        la_bind_dirty(g, 0, d);
    } else {
        la_bind(g, 0, d, MAX(rt == LA_ZERO ? 1 : f->z[rt],
                             rf == LA_ZERO ? 1 : f->z[rf]), 64);
    }
}

void gen_movcond(LAGen *g, const TCGOp *op)
{
    la_select(g, la_compare(g, op->cond, op->w, op->src[0], op->src[1]),
              op->src[2], op->src[3]);
}
