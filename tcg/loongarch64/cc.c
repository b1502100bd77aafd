/*
 * Guest flags: storing records, and turning (kind, condition) into a
 * comparison of the record's operands.  What has no short form goes to
 * tcg_cc_eval() and is tested as EFLAGS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

/* ---- storing records ---- */

enum { REC_NONE = 0xff, REC_CONST = 0xfe };

static int32_t field_offset(const LAGen *g, unsigned k)
{
    const TCGContext *s = g->s;

    return k == 0 ? s->env_cc_dst : k == 1 ? s->env_cc_src : s->env_cc_src2;
}

static void store_kind(LAGen *g, const TCGOp *op)
{
    la_li(&g->a, LA_TMP0, TCG_CC_OP(op->aux, op->w));
    la_st_w(&g->a, LA_TMP0, LA_ENV, g->s->env_cc_op);
}

/* Operands in the bit set @which, and the kind with bit 3. */
static void store_parts(LAGen *g, const TCGOp *op, unsigned first,
                        unsigned which)
{
    if (op->aux == CC_KIND_DYNAMIC) {
        return;
    }
    if (which & 8) {
        store_kind(g, op);
    }
    for (unsigned k = 0; k < tcg_cc_kind_operands(op->aux); k++) {
        TCGv v = op->src[first + k];

        if (which >> k & 1 && v) {
            unsigned reg = la_use(g, v);

            la_st_d(&g->a, reg, LA_ENV, field_offset(g, k));
            if (reg != LA_ZERO) {
                ra_unlock(&g->ra, reg);
            }
        }
    }
}

void la_store_cc(LAGen *g, const TCGOp *op, unsigned first)
{
    store_parts(g, op, first, 15);
}

void la_place_cc(LAGen *g, const TCGOp *op, unsigned first, uint8_t rec[3])
{
    for (unsigned k = 0; k < tcg_cc_kind_operands(op->aux); k++) {
        TCGv v = op->src[first + k];

        rec[k] = !v ? REC_NONE : la_is_const(g, v) ? REC_CONST
                 : ra_use(&g->ra, v);
    }
}

void la_store_cc_at(LAGen *g, const TCGOp *op, unsigned first,
                    const uint8_t rec[3])
{
    if (op->aux == CC_KIND_DYNAMIC) {
        return;
    }
    store_kind(g, op);
    for (unsigned k = 0; k < tcg_cc_kind_operands(op->aux); k++) {
        unsigned reg = rec[k];

        if (reg == REC_NONE) {
            continue;
        }
        if (reg == REC_CONST) {
            reg = LA_TMP0;
            la_li(&g->a, reg, la_const_val(g, op->src[first + k]));
        }
        la_settle(g, 1u << reg);
        la_st_d(&g->a, reg, LA_ENV, field_offset(g, k));
    }
}

/* ---- tests of conditions ---- */

/* TMP0 = all six flags of the record. */
static void flags_value(LAGen *g, const TCGOp *op)
{
    store_parts(g, op, 0, 15);
    la_upper_save(g);
    la_call(g, la_common.cc_eval);
    la_upper_restore(g);
}

/* Even condition @cond of flags as a number. */
static LATest test_eflags(LAGen *g, unsigned flags, unsigned cond)
{
    static const uint16_t bits[8] = {
        TCG_CC_O, TCG_CC_C, TCG_CC_Z, TCG_CC_C | TCG_CC_Z, TCG_CC_S, TCG_CC_P,
        TCG_CC_S, TCG_CC_S | TCG_CC_Z,
    };

    if (cond >= CCC_L) {
        /* O comes over S */
        la_andi(&g->a, LA_TMP1, flags, TCG_CC_O);
        la_srli_d(&g->a, LA_TMP1, LA_TMP1, 4);
        la_xor(&g->a, LA_TMP0, LA_TMP1, flags);
        flags = LA_TMP0;
    }
    la_andi(&g->a, LA_TMP0, flags, bits[cond >> 1]);
    return la_not_zero(LA_TMP0);
}

static LATest zero_test(LAGen *g, TCGCond cond, TCGWidth w, TCGv v)
{
    return la_compare(g, cond, w, v, tcg_const(g->s, 0));
}

/* P of the low byte of a register: TMP0 is zero if it is set. */
static LATest test_parity(LAGen *g, unsigned res)
{
    la_srli_d(&g->a, LA_TMP0, res, 4);
    la_xor(&g->a, LA_TMP0, LA_TMP0, res);
    la_andi(&g->a, LA_TMP0, LA_TMP0, 15);
    la_li(&g->a, LA_TMP1, 0x6996);
    la_srl_w(&g->a, LA_TMP0, LA_TMP1, LA_TMP0);
    la_andi(&g->a, LA_TMP0, LA_TMP0, 1);
    return la_test(LA_T_EQ, LA_TMP0, LA_ZERO);
}

/* reg = op(a, b) at the width, sign-extended. */
static void sum(LAGen *g, unsigned reg, TCGWidth w, bool sub, unsigned a,
                unsigned b)
{
    if (w == MO_64) {
        (sub ? la_sub_d : la_add_d)(&g->a, reg, a, b);
    } else {
        (sub ? la_sub_w : la_add_w)(&g->a, reg, a, b);
        if (w == MO_16) {
            la_ext_w_h(&g->a, reg, reg);
        } else if (w == MO_8) {
            la_ext_w_b(&g->a, reg, reg);
        }
    }
}

static unsigned at_width(LAGen *g, TCGv v, TCGWidth w)
{
    return w == MO_64 ? la_use(g, v) : la_low(g, v);
}

/* Conditions of a - b with both sign-extended in registers. */
static bool test_order(LAGen *g, unsigned cond, unsigned a, unsigned b,
                       LATest *t)
{
    switch (cond) {
    case CCC_B:
        *t = la_test(LA_T_LTU, a, b);
        return true;
    case CCC_BE:
        *t = la_test(LA_T_GEU, b, a);
        return true;
    case CCC_L:
        *t = la_test(LA_T_LT, a, b);
        return true;
    case CCC_LE:
        *t = la_test(LA_T_GE, b, a);
        return true;
    default:
        return false;
    }
}

static bool test_cmp(LAGen *g, const TCGOp *op, unsigned cond, LATest *t)
{
    TCGv a = op->src[0], b = op->src[1];

    switch (cond) {
    case CCC_B:
        *t = la_compare(g, TCG_COND_LTU, op->w, a, b);
        return true;
    case CCC_E:
        *t = la_compare(g, TCG_COND_EQ, op->w, a, b);
        return true;
    case CCC_BE:
        *t = la_compare(g, TCG_COND_LEU, op->w, a, b);
        return true;
    case CCC_L:
        *t = la_compare(g, TCG_COND_LT, op->w, a, b);
        return true;
    case CCC_LE:
        *t = la_compare(g, TCG_COND_LE, op->w, a, b);
        return true;
    case CCC_S:
        sum(g, LA_TMP0, op->w, true, at_width(g, a, op->w),
            at_width(g, b, op->w));
        *t = la_test(LA_T_LT, LA_TMP0, LA_ZERO);
        return true;
    case CCC_P:
        la_sub_w(&g->a, LA_TMP0, la_low(g, a), la_low(g, b));
        la_mov(&g->a, LA_TMP1, LA_TMP0);
        *t = test_parity(g, LA_TMP1);
        return true;
    default:
        return false;
    }
}

static bool test_sub(LAGen *g, const TCGOp *op, unsigned cond, LATest *t)
{
    unsigned b;

    if (cond != CCC_B && cond != CCC_BE && cond < CCC_L) {
        return false;
    }
    sum(g, LA_TMP0, op->w, false, at_width(g, op->src[0], op->w),
        at_width(g, op->src[1], op->w));
    b = la_sext(g, op->src[1], op->w, LA_TMP1);
    return test_order(g, cond, LA_TMP0, b, t);
}

static bool test_add(LAGen *g, const TCGOp *op, unsigned cond, LATest *t)
{
    unsigned res, src;

    switch (cond) {
    case CCC_B:
        *t = la_compare(g, TCG_COND_LTU, op->w, op->src[0], op->src[1]);
        return true;
    case CCC_L:
    case CCC_LE:
        if (op->w == MO_64) {
            return false;
        }
        /* the sign of the sum that did not fit */
        sum(g, LA_TMP0, op->w, true, la_low(g, op->src[0]),
            la_low(g, op->src[1]));
        src = la_sext(g, op->src[1], op->w, LA_TMP1);
        la_add_d(&g->a, LA_TMP0, LA_TMP0, src);
        if (cond == CCC_L) {
            *t = la_test(LA_T_LT, LA_TMP0, LA_ZERO);
            return true;
        }
        /* or the result that did is zero */
        la_slt(&g->a, LA_TMP0, LA_TMP0, LA_ZERO);
        res = la_sext(g, op->src[0], op->w, LA_TMP1);
        la_sltui(&g->a, LA_TMP1, res, 1);
        la_or(&g->a, LA_TMP0, LA_TMP0, LA_TMP1);
        *t = la_not_zero(LA_TMP0);
        return true;
    default:
        return false;
    }
}

/* INC and DEC: L and LE by the value before. */
static bool test_step(LAGen *g, const TCGOp *op, unsigned cond, LATest *t)
{
    bool inc = op->aux == CC_KIND_INC;
    unsigned res;

    switch (cond) {
    case CCC_B:
        la_andi(&g->a, LA_TMP0, la_low(g, op->src[1]), 1);
        *t = la_not_zero(LA_TMP0);
        return true;
    case CCC_L:
    case CCC_LE:
        res = at_width(g, op->src[0], op->w);
        if (op->w == MO_64) {
            la_addi_d(&g->a, LA_TMP0, res, inc ? -1 : 1);
        } else {
            la_addi_w(&g->a, LA_TMP0, res, inc ? -1 : 1);
            if (op->w == MO_16) {
                la_ext_w_h(&g->a, LA_TMP0, LA_TMP0);
            } else if (op->w == MO_8) {
                la_ext_w_b(&g->a, LA_TMP0, LA_TMP0);
            }
        }
        la_slti(&g->a, LA_TMP0, LA_TMP0,
                (inc ? -1 : 1) + (cond == CCC_LE));
        *t = la_not_zero(LA_TMP0);
        return true;
    default:
        return false;
    }
}

/* C of kinds that have it in an operand. */
static bool test_carry(LAGen *g, const TCGOp *op, LATest *t)
{
    switch (op->aux) {
    case CC_KIND_LOGIC:
    case CC_KIND_ANDN:
        *t = la_test(LA_T_NEVER, 0, 0);
        return true;
    case CC_KIND_SHL:
        *t = zero_test(g, TCG_COND_LT, op->w, op->src[1]);
        return true;
    case CC_KIND_SHR:
    case CC_KIND_SAR:
        la_andi(&g->a, LA_TMP0, la_low(g, op->src[1]), 1);
        *t = la_not_zero(LA_TMP0);
        return true;
    case CC_KIND_MUL:
    case CC_KIND_BLS:
        *t = zero_test(g, TCG_COND_NE, MO_64, op->src[1]);
        return true;
    case CC_KIND_ZC:
        *t = zero_test(g, TCG_COND_EQ, op->w, op->src[1]);
        return true;
    default:
        return false;
    }
}

static bool has_result(unsigned kind)
{
    return kind == CC_KIND_ADD || kind == CC_KIND_ADC || kind == CC_KIND_SUB ||
           kind == CC_KIND_SBB || (kind >= CC_KIND_LOGIC &&
                                   kind <= CC_KIND_SAR) ||
           (kind >= CC_KIND_MUL && kind <= CC_KIND_BLS);
}

/* Even condition @cond from the operands of the record, if that is short. */
static bool test_direct(LAGen *g, const TCGOp *op, unsigned cond, LATest *t)
{
    unsigned kind = op->aux;
    bool logic = kind == CC_KIND_LOGIC || kind == CC_KIND_ANDN;

    if (kind == CC_KIND_CMP) {
        return test_cmp(g, op, cond, t);
    }
    if (cond == CCC_E && (has_result(kind) || kind >= CC_KIND_ZC)) {
        *t = zero_test(g, TCG_COND_EQ, op->w, op->src[0]);
        return true;
    }
    if (has_result(kind)) {
        if (cond == CCC_S) {
            *t = zero_test(g, TCG_COND_LT, op->w, op->src[0]);
            return true;
        }
        if (cond == CCC_P && kind != CC_KIND_BLS) {
            *t = test_parity(g, la_low(g, op->src[0]));
            return true;
        }
    }
    if (logic) {
        switch (cond) {
        case CCC_O:
            *t = la_test(LA_T_NEVER, 0, 0);
            return true;
        case CCC_BE:
            *t = zero_test(g, TCG_COND_EQ, op->w, op->src[0]);
            return true;
        case CCC_L:
            *t = zero_test(g, TCG_COND_LT, op->w, op->src[0]);
            return true;
        case CCC_LE:
            *t = zero_test(g, TCG_COND_LE, op->w, op->src[0]);
            return true;
        }
    }
    if (cond == CCC_B && test_carry(g, op, t)) {
        return true;
    }
    if (cond == CCC_O && kind == CC_KIND_MUL) {
        return test_carry(g, op, t);
    }
    switch (kind) {
    case CC_KIND_SUB:
        return test_sub(g, op, cond, t);
    case CC_KIND_ADD:
        return test_add(g, op, cond, t);
    case CC_KIND_INC:
    case CC_KIND_DEC:
        return test_step(g, op, cond, t);
    default:
        return false;
    }
}

static LATest test_of(LAGen *g, const TCGOp *op, unsigned cond)
{
    LATest t;

    if (la_fcc_test(g, op, cond & ~1u, &t)) {
        /* in fcc */
    } else if (op->aux == CC_KIND_EFLAGS) {
        t = test_eflags(g, la_low(g, op->src[0]), cond & ~1u);
    } else if (!test_direct(g, op, cond & ~1u, &t)) {
        flags_value(g, op);
        t = test_eflags(g, LA_TMP0, cond & ~1u);
    }
    t.op ^= cond & 1;
    return t;
}

/* ---- ops ---- */

void gen_cc_set(LAGen *g, const TCGOp *op)
{
    if (op->flags & TCG_F_CC_STORE) {
        la_store_cc(g, op, 0);
    } else if (op->cond) {
        store_parts(g, op, 0, op->cond);
    }
    for (unsigned k = 0; k < 3; k++) {
        TCGv to = op->src[3 + k], from = op->src[k];

        if (!to || g->ra.dead[g->i] >> (3 + k) & 1) {
            continue;
        }
        for (unsigned j = 0; j < k; j++) {
            if (op->src[j] == op->src[k] && op->src[3 + j] &&
                !(g->ra.dead[g->i] >> (3 + j) & 1)) {
                from = op->src[3 + j];      /* may have been taken over */
            }
        }
        g->ra.locked = 0;
        ra_copy(&g->ra, to, from);
    }
}

static int cond_of_flag(unsigned mask)
{
    switch (mask) {
    case TCG_CC_C:
        return CCC_B;
    case TCG_CC_P:
        return CCC_P;
    case TCG_CC_Z:
        return CCC_E;
    case TCG_CC_S:
        return CCC_S;
    case TCG_CC_O:
        return CCC_O;
    default:
        return -1;
    }
}

void gen_cc_get(LAGen *g, const TCGOp *op)
{
    unsigned mask = op->imm & TCG_CC_ALL, d, flags;
    int cond = cond_of_flag(mask);
    LATest t;

    if (mask && op->aux == CC_KIND_EFLAGS) {
        flags = la_low(g, op->src[0]);
        d = la_dst(g, 0, op->src[0], TCGV_NONE);
        la_andi(&g->a, d, flags, mask);
    } else if (cond >= 0 && test_direct(g, op, cond, &t)) {
        d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
        la_set_from_test(g, t, d);
        if (__builtin_ctz(mask)) {
            la_slli_d(&g->a, d, d, __builtin_ctz(mask));
        }
    } else if (mask) {
        flags_value(g, op);
        d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
        la_andi(&g->a, d, LA_TMP0, mask);
    } else {
        d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
        la_mov(&g->a, d, LA_ZERO);
    }
    la_bind(g, 0, d, 12, 64);
}

void gen_setcc(LAGen *g, const TCGOp *op)
{
    LATest t = test_of(g, op, op->cond);
    unsigned d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);

    la_set_from_test(g, t, d);
    la_bind(g, 0, d, 1, 64);
}

void gen_movcc(LAGen *g, const TCGOp *op)
{
    la_select(g, test_of(g, op, op->cond), op->src[3], op->src[4]);
}

void gen_brcc(LAGen *g, const TCGOp *op)
{
    la_branch(g, test_of(g, op, op->cond), op->imm);
}
