/*
 * Guest flags: storing records, and making flags for consumers that cc-scan.c
 * did not find in EFLAGS, from the record's operands by the shortest code for
 * the condition at hand, or by tcg_cc_eval().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

/* ---- storing records ---- */

/* Field of the CPU state = value at @from. */
static void store_at(X86Gen *g, X86Rm to, X86Rm from, unsigned scratch)
{
    unsigned reg = scratch;

    if (from.base == X86_NOREG) {
        if (x86_fits32(from.abs)) {
            x86_store_i(&g->a, MO_64, to, from.abs);
            return;
        }
        x86_movi(&g->a, scratch, from.abs);
    } else if (x86_is_reg(from)) {
        reg = from.reg;
    } else {
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), scratch, from);
    }
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), reg, to);
}

/*
 * Where the record's operands are; constants as base X86_NOREG.  None is what
 * its field has already: index X86_ABS.
 */
static unsigned record_places(X86Gen *g, const TCGOp *op, unsigned first,
                              X86Rm rec[3])
{
    unsigned n = tcg_cc_kind_operands(op->aux);

    for (unsigned k = 0; k < n; k++) {
        TCGv v = op->src[first + k];

        if (!v) {
            rec[k] = (X86Rm) { .base = X86_NOREG, .index = X86_ABS };
        } else if (is_const(g, v)) {
            rec[k] = (X86Rm) { .base = X86_NOREG, .index = X86_NOREG,
                               .abs = const_val(g, v) };
        } else {
            rec[k] = x86_operand(g, v);
        }
    }
    return n;
}

/* Operands in the bit set @which, and the kind with bit 3. */
static void store_record(X86Gen *g, const TCGOp *op, const X86Rm rec[3],
                         unsigned which, unsigned scratch)
{
    const TCGContext *s = g->s;
    const uint32_t field[3] = { s->env_cc_dst, s->env_cc_src, s->env_cc_src2 };

    if (op->aux == CC_KIND_DYNAMIC) {
        return;
    }
    if (which & 8) {
        x86_store_i(&g->a, MO_32, env_rm(s->env_cc_op),
                    TCG_CC_OP(op->aux, op->w));
    }
    for (unsigned k = 0; k < tcg_cc_kind_operands(op->aux); k++) {
        if (which >> k & 1 && rec[k].index != X86_ABS) {
            store_at(g, env_rm(field[k]), rec[k], scratch);
        }
    }
}

/* Parts of the record of @op, operands from src[first], to the CPU state. */
static void store_parts(X86Gen *g, const TCGOp *op, unsigned first,
                        unsigned which)
{
    X86Rm rec[3];
    unsigned n = record_places(g, op, first, rec), scratch = X86_R10;
    bool needs = false;

    for (unsigned k = 0; k < n; k++) {
        needs |= which >> k & 1 && !x86_is_reg(rec[k]) &&
                 !(rec[k].base == X86_NOREG && x86_fits32(rec[k].abs));
    }
    if (needs) {
        scratch = ra_scratch(&g->ra, TCG_I64, 0);
    }
    store_record(g, op, rec, which, scratch);
    if (needs) {
        ra_unlock(&g->ra, scratch);
    }
}

/* Host flags to the CPU state as a record. */
static void store_host_flags(X86Gen *g)
{
    unsigned t = ra_scratch(&g->ra, TCG_I64, 0);

    x86_8(&g->a, 0x9c);                             /* pushf; pop t */
    if (t & 8) {
        x86_8(&g->a, 0x41);
    }
    x86_8(&g->a, 0x58 + (t & 7));
    x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(t), TCG_CC_ALL);
    x86_store_i(&g->a, MO_32, env_rm(g->s->env_cc_op),
                TCG_CC_OP(CC_KIND_EFLAGS, MO_32));
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), t, env_rm(g->s->env_cc_dst));
    ra_unlock(&g->ra, t);
}

void x86_store_cc(X86Gen *g, const TCGOp *op, unsigned first)
{
    if (g->info & RA_OPI_HOST_CC) {
        store_host_flags(g);
    } else {
        store_parts(g, op, first, 15);
    }
}

/* In two steps, for code out of line. */
void x86_place_cc(X86Gen *g, const TCGOp *op, unsigned first, X86Rm rec[3])
{
    record_places(g, op, first, rec);
}

void x86_store_cc_at(X86Gen *g, const TCGOp *op, X86Rm rec[3])
{
    unsigned n = tcg_cc_kind_operands(op->aux), scratch = X86_R10;
    RASet used = 0;

    for (unsigned k = 0; k < n; k++) {
        used |= x86_rm_regs(rec[k]);
    }
    /* when all three temps are operands, none of them needs a scratch */
    if (used & RA_BIT(scratch)) {
        scratch = used & RA_BIT(X86_R11) ? X86_R13 : X86_R11;
    }
    store_record(g, op, rec, 15, scratch);
}

/* ---- making flags ---- */

/* reg = reg op v */
static void alu_v(X86Gen *g, unsigned alu, TCGWidth w, unsigned reg, TCGv v)
{
    int32_t imm;

    if (x86_imm(g, v, w, &imm)) {
        x86_alu_i(&g->a, alu, w, x86_reg(reg), imm);
    } else {
        x86_alu(&g->a, alu, w, reg, x86_operand(g, v));
    }
}

static void carry_from(X86Gen *g, TCGv v)
{
    if (is_const(g, v)) {
        x86_8(&g->a, const_val(g, v) & 1 ? 0xf9 : 0xf8);
    } else {
        x86_rm_i8(&g->a, X_GROUP8, 4, x86_operand(g, v), 0);
    }
}

static void test_self(X86Gen *g, TCGWidth w, TCGv v)
{
    X86Rm rm = x86_operand(g, v);

    if (x86_is_reg(rm)) {
        x86_rr(&g->a, x86_op_w(X_TEST, w), rm.reg, rm.reg);
    } else {
        x86_alu_i(&g->a, ALU_CMP, w, rm, 0);
    }
}

/* A copy of @v to compute with. */
static unsigned copy(X86Gen *g, TCGv v)
{
    unsigned t = ra_scratch(&g->ra, TCG_I64, 0);

    x86_load_to(g, t, v);
    return t;
}

/*
 * The last step of a shift to the right, @reg holding what was shifted: host
 * S, Z, P and no C are those of the result, whose sign comes in (SHRD's may be
 * set).  For the left the bit that comes in is bit 0 of the result.
 */
static void shift_in_sign(X86Gen *g, TCGWidth w, unsigned reg)
{
    uint8_t *positive = x86_jcc8(&g->a, CCC_NS);

    x86_8(&g->a, 0xf9);                             /* stc */
    x86_here8(&g->a, positive);
    x86_shift_i(&g->a, SH_RCR, w, x86_reg(reg), 1);
}

/* Host flags from the record in @op, right for @need (x86_cc_made() != 0). */
static void make_flags(X86Gen *g, const TCGOp *op, unsigned need)
{
    TCGv dst = op->src[0], src = op->src[1], src2 = op->src[2];
    TCGWidth w = op->w;
    unsigned t;

    if (op->aux == CC_KIND_DYNAMIC) {
        g->ra.locked = RA_BIT(X86_R10);
        ra_evict(&g->ra, X86_R10);
        x86_call(&g->a, x86_common.cc_flags);
        return;
    }
    if (op->aux == CC_KIND_CMP) {
        if (need & TCG_CC_A && is_const(g, src)) {
            /* x86_compare() may choose test, which has no A */
            alu_v(g, ALU_CMP, w, x86_use(g, dst), src);
        } else {
            x86_compare(g, TCG_COND_EQ, w, dst, src);
        }
        return;
    }
    if (x86_cc_made(op->aux, need) == CC_ZSP || op->aux >= CC_KIND_MUL ||
        op->aux == CC_KIND_LOGIC) {
        test_self(g, w, dst);
        return;
    }
    switch (op->aux) {
    case CC_KIND_ADD:
        if (need == TCG_CC_C) {
            x86_compare(g, TCG_COND_LTU, w, dst, src);
            return;
        }
        t = copy(g, dst);
        alu_v(g, ALU_SUB, w, t, src);
        alu_v(g, ALU_ADD, w, t, src);
        break;
    case CC_KIND_SUB:
        t = copy(g, dst);
        alu_v(g, ALU_ADD, w, t, src);
        alu_v(g, ALU_CMP, w, t, src);
        break;
    case CC_KIND_ADC:
        t = copy(g, dst);
        alu_v(g, ALU_SUB, w, t, src);
        alu_v(g, ALU_SUB, w, t, src2);
        carry_from(g, src2);
        alu_v(g, ALU_ADC, w, t, src);
        break;
    case CC_KIND_SBB:
        t = copy(g, dst);
        alu_v(g, ALU_ADD, w, t, src);
        alu_v(g, ALU_ADD, w, t, src2);
        carry_from(g, src2);
        alu_v(g, ALU_SBB, w, t, src);
        break;
    case CC_KIND_INC:
    case CC_KIND_DEC:
        t = copy(g, dst);
        x86_alu_i(&g->a, op->aux == CC_KIND_INC ? ALU_SUB : ALU_ADD, MO_64,
                  x86_reg(t), 1);
        if (need & TCG_CC_C) {
            carry_from(g, src);
        }
        x86_op(&g->a, x86_op_w(0xfe, w), op->aux == CC_KIND_DEC, 0,
               x86_reg(t), 0);
        break;
    case CC_KIND_SHL:
        t = copy(g, src);
        carry_from(g, dst);
        x86_alu(&g->a, ALU_ADC, w, t, x86_reg(t));
        break;
    case CC_KIND_SHR:
        t = copy(g, src);
        test_self(g, w, dst);
        shift_in_sign(g, w, t);
        break;
    default:        /* SAR: the last step again */
        t = copy(g, src);
        x86_shift_i(&g->a, SH_SAR, w, x86_reg(t), 1);
        break;
    }
}

/* All six flags of the record as a number, in a register for this op. */
static unsigned flags_value(X86Gen *g, const TCGOp *op)
{
    if (op->aux == CC_KIND_EFLAGS) {
        return x86_use(g, op->src[0]);
    }
    /* the record is, or may as well be, in the CPU state */
    store_parts(g, op, 0, 15);
    g->ra.locked = RA_BIT(X86_R10);
    ra_evict(&g->ra, X86_R10);
    x86_call(&g->a, x86_common.cc_eval);
    return X86_R10;
}

/*
 * Flags for condition @cond from the record in @op; returns the condition to
 * test, which may be another one.
 */
static unsigned make_cond(X86Gen *g, const TCGOp *op, unsigned cond)
{
    static const uint16_t bits[8] = {
        TCG_CC_O, TCG_CC_C, TCG_CC_Z, TCG_CC_C | TCG_CC_Z, TCG_CC_S, TCG_CC_P,
        TCG_CC_S, TCG_CC_S | TCG_CC_Z,
    };
    unsigned need = tcg_cc_cond_flags(cond), value, t, mask = bits[cond >> 1];

    if (x86_cc_made(op->aux, need)) {
        make_flags(g, op, need);
        return cond;
    }
    switch (op->aux) {
    case CC_KIND_MUL:
        if (need == TCG_CC_C || need == TCG_CC_O) {
            test_self(g, MO_64, op->src[1]);
            return CCC_NE ^ (cond & 1);
        }
        break;
    case CC_KIND_BLS:
        if (need == TCG_CC_C) {
            test_self(g, MO_64, op->src[1]);
            return CCC_NE ^ (cond & 1);
        }
        break;
    case CC_KIND_ZC:
        if (need == TCG_CC_C) {
            test_self(g, op->w, op->src[1]);
            return CCC_E ^ (cond & 1);
        }
        break;
    default:
        break;
    }
    value = flags_value(g, op);
    if (cond >= CCC_L) {
        /* O comes over S, a zero over Z */
        t = ra_scratch(&g->ra, TCG_I64, 0);
        x86_mov(&g->a, MO_32, t, value);
        x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(t), TCG_CC_O);
        x86_shift_i(&g->a, SH_SHR, MO_32, x86_reg(t), 4);
        x86_alu(&g->a, ALU_XOR, MO_32, t, x86_reg(value));
        value = t;
    }
    x86_test_i(&g->a, MO_32, x86_reg(value), mask);
    return CCC_NE ^ (cond & 1);
}

static unsigned consume(X86Gen *g, const TCGOp *op)
{
    unsigned cond = op->cond;

    if (!(g->info & RA_OPI_HOST_CC)) {
        cond = make_cond(g, op, cond);
    }
    /* what follows reads flags and moves values only */
    g->ra.locked = 0;
    return cond;
}

/* ---- ops ---- */

void x86_flush_cc(X86Gen *g)
{
    for (unsigned k = 0; k < 3; k++) {
        ra_flush(&g->ra, g->cc_field[k]);
    }
}

unsigned x86_waiting_cc(const X86Gen *g)
{
    unsigned state = 0;

    for (unsigned k = 0; k < 3; k++) {
        TCGv v = g->cc_field[k];

        if (ra_is_dirty(&g->ra, v)) {
            unsigned reg = ra_where(&g->ra, v);

            state |= (reg == X86_R10 ? 1 : reg == X86_R11 ? 2 : 3) << 2 * k;
        }
    }
    return state;
}

/* Can operand @k, a temp that is not needed otherwise, wait in its register? */
static bool can_wait(const X86Gen *g, const TCGOp *op, unsigned k)
{
    TCGv v = op->src[k];
    unsigned reg = ra_where(&g->ra, v);

    if (!g->cc_field[k] || g->s->vals[v].kind != TCG_VAL_TEMP ||
        op->src[3 + k] || !(g->ra.dead[g->i] >> k & 1) || reg == RA_NOREG ||
        !(g->ra.host->temps[TCG_I64] & RA_BIT(reg))) {
        return false;
    }
    for (unsigned j = 0; j < 3; j++) {
        if (j != k && op->src[j] == v) {
            return false;
        }
    }
    return true;
}

/*
 * What fault handlers want of the record: operands that wait in their temps are
 * stored only if the temp is needed, or at the next branch.
 */
static void keep_parts(X86Gen *g, const TCGOp *op)
{
    unsigned wait = 0;

    for (unsigned k = 0; k < 3; k++) {
        if (op->cond >> k & 1 && can_wait(g, op, k)) {
            wait |= 1u << k;
        }
    }
    if (op->cond & ~wait) {
        store_parts(g, op, 0, op->cond & ~wait);
    }
    for (; wait; wait &= wait - 1) {
        unsigned k = __builtin_ctz(wait);

        ra_hold_dirty(&g->ra, g->cc_field[k], ra_where(&g->ra, op->src[k]));
    }
}

void gen_cc_set(X86Gen *g, const TCGOp *op)
{
    for (unsigned k = 0; k < 3; k++) {
        ra_drop(&g->ra, g->cc_field[k]);        /* of the record before */
    }
    if (op->flags & TCG_F_CC_STORE) {
        x86_store_cc(g, op, 0);
    }
    if (g->info & RA_OPI_CC_MAT) {
        make_flags(g, op, TCG_CC_ALL & ~TCG_CC_A);
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
    if (op->cond && !(op->flags & TCG_F_CC_STORE)) {
        g->ra.locked = 0;
        keep_parts(g, op);
    }
}

/* Is the carry that op takes from host flags wanted as CF only? */
static bool stays_in_cf(X86Gen *g)
{
    return g->info & RA_OPI_USER && g->ra.dead[x86_carry_user(g, g->i)] & 4;
}

static const uint8_t flag_cond[] = {
    [0] = CCC_B, [2] = CCC_P, [6] = CCC_E, [7] = CCC_S, [11] = CCC_O,
};

/* Kinds whose A is 0 by definition, while the host's is anything. */
static bool has_no_a(unsigned kind)
{
    return kind == CC_KIND_LOGIC || kind == CC_KIND_ANDN ||
           (kind >= CC_KIND_SHL && kind <= CC_KIND_SAR);
}

void gen_cc_get(X86Gen *g, const TCGOp *op)
{
    unsigned mask = op->imm & (has_no_a(op->aux) ? TCG_CC_ALL & ~TCG_CC_A
                                                 : TCG_CC_ALL);
    unsigned bit = __builtin_ctz(mask | 1u << 31);
    bool single = mask && !(mask & (mask - 1)) && mask != TCG_CC_A;
    bool host = g->info & RA_OPI_HOST_CC;
    unsigned d, cond, value;

    if (stays_in_cf(g)) {
        return;
    }
    if (!mask) {
        d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);
        x86_movi(&g->a, d, 0);
    } else if (single) {
        cond = host ? flag_cond[bit] : make_cond(g, op, flag_cond[bit]);
        g->ra.locked = 0;
        d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);
        x86_rr(&g->a, X_SETCC | cond, 0, d);
        x86_rr(&g->a, X_MOVZX8, d, d);
        x86_shift_i(&g->a, SH_SHL, MO_32, x86_reg(d), bit);
    } else if (host || x86_cc_made(op->aux, mask)) {
        if (!host) {
            make_flags(g, op, mask);
        }
        g->ra.locked = 0;
        d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);
        x86_8(&g->a, 0x9c);                         /* pushf; pop d */
        if (d & 8) {
            x86_8(&g->a, 0x41);
        }
        x86_8(&g->a, 0x58 + (d & 7));
        x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(d), mask);
    } else {
        value = flags_value(g, op);
        d = ra_dst(&g->ra, op->dst[0], op->src[0], TCGV_NONE, 0);
        x86_mov(&g->a, MO_32, d, value);
        x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(d), mask);
    }
    ra_bind_dst(g, 0, d);
}

void gen_setcc(X86Gen *g, const TCGOp *op)
{
    unsigned cond, d;

    if (stays_in_cf(g)) {
        return;
    }
    cond = consume(g, op);
    d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);
    x86_rr(&g->a, X_SETCC | cond, 0, d);
    x86_rr(&g->a, X_MOVZX8, d, d);
    ra_bind_dst(g, 0, d);
}

void gen_movcc(X86Gen *g, const TCGOp *op)
{
    TCGv vt = op->src[3], vf = op->src[4];
    unsigned cond = consume(g, op), d;
    X86Rm rm;

    if (vt == op->dst[0] || is_const(g, vt)) {
        TCGv t = vt;
        vt = vf;
        vf = t;
        cond ^= 1;
    }
    rm = x86_operand(g, vt);
    d = x86_dst_from(g, op->dst[0], vf, vt == vf ? 0 : x86_rm_regs(rm));
    x86_rm(&g->a, X_CMOVCC | X_W | cond, d, rm);
    ra_bind_dst(g, 0, d);
}

void gen_brcc(X86Gen *g, const TCGOp *op)
{
    x86_branch(g, consume(g, op), op->imm);
}

/* ---- flags of the record in the CPU state ---- */

static X86Rm field_rm(X86Gen *g, unsigned k)
{
    const TCGContext *s = g->s;

    return env_rm(k == 0 ? s->env_cc_dst : k == 1 ? s->env_cc_src
                                                  : s->env_cc_src2);
}

static void r10_op(X86Gen *g, unsigned alu, TCGWidth w, unsigned field)
{
    x86_alu(&g->a, alu, w, X86_R10, field_rm(g, field));
}

/* EFLAGS of one kind of record, by way of r10; false: ask tcg_cc_eval(). */
static bool gen_kind(X86Gen *g, TCGCCKind kind, TCGWidth w)
{
    bool shift = kind == CC_KIND_SHL || kind == CC_KIND_SHR ||
                 kind == CC_KIND_SAR;

    switch (kind) {
    case CC_KIND_CMP: case CC_KIND_SUB: case CC_KIND_ADD: case CC_KIND_ADC:
    case CC_KIND_SBB: case CC_KIND_LOGIC: case CC_KIND_ANDN: case CC_KIND_INC:
    case CC_KIND_DEC: case CC_KIND_SHL: case CC_KIND_SHR: case CC_KIND_SAR:
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_R10,
               field_rm(g, shift));
        break;
    default:
        return false;
    }
    switch (kind) {
    case CC_KIND_CMP:
        r10_op(g, ALU_CMP, w, 1);
        break;
    case CC_KIND_SUB:
        r10_op(g, ALU_ADD, MO_64, 1);
        r10_op(g, ALU_CMP, w, 1);
        break;
    case CC_KIND_ADD:
        r10_op(g, ALU_SUB, MO_64, 1);
        r10_op(g, ALU_ADD, w, 1);
        break;
    case CC_KIND_ADC:
        r10_op(g, ALU_SUB, MO_64, 1);
        r10_op(g, ALU_SUB, MO_64, 2);
        x86_rm_i8(&g->a, X_GROUP8, 4, field_rm(g, 2), 0);
        r10_op(g, ALU_ADC, w, 1);
        break;
    case CC_KIND_SBB:
        r10_op(g, ALU_ADD, MO_64, 1);
        r10_op(g, ALU_ADD, MO_64, 2);
        x86_rm_i8(&g->a, X_GROUP8, 4, field_rm(g, 2), 0);
        r10_op(g, ALU_SBB, w, 1);
        break;
    case CC_KIND_INC:
    case CC_KIND_DEC:
        x86_alu_i(&g->a, kind == CC_KIND_INC ? ALU_SUB : ALU_ADD, MO_64,
                  x86_reg(X86_R10), 1);
        x86_rm_i8(&g->a, X_GROUP8, 4, field_rm(g, 1), 0);
        x86_op(&g->a, x86_op_w(0xfe, w), kind == CC_KIND_DEC, 0,
               x86_reg(X86_R10), 0);
        break;
    case CC_KIND_SHL:
        x86_rm_i8(&g->a, X_GROUP8, 4, field_rm(g, 0), 0);
        x86_alu(&g->a, ALU_ADC, w, X86_R10, x86_reg(X86_R10));
        break;
    case CC_KIND_SHR:
        x86_alu_i(&g->a, ALU_CMP, w, field_rm(g, 0), 0);
        shift_in_sign(g, w, X86_R10);
        break;
    case CC_KIND_SAR:
        x86_shift_i(&g->a, SH_SAR, w, x86_reg(X86_R10), 1);
        break;
    default:
        /* not test: that leaves A undefined */
        x86_alu_i(&g->a, ALU_CMP, w, x86_reg(X86_R10), 0);
        break;
    }
    return true;
}

/* EFLAGS with A clear. */
static void gen_clear_a(X86Gen *g)
{
    x86_8(&g->a, 0x50);                             /* push rax; lahf */
    x86_8(&g->a, 0x9f);
    x86_rr(&g->a, X_SETCC | CCC_O, 0, X86_RAX);
    x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(X86_RAX), ~(TCG_CC_A << 8));
    x86_alu_i(&g->a, ALU_ADD, MO_8, x86_reg(X86_RAX), 0x7f);
    x86_8(&g->a, 0x9e);                             /* sahf; pop rax */
    x86_8(&g->a, 0x58);
}

/* EFLAGS = r10, without popf, which is slow: O by an addition, the rest by sahf. */
static void gen_flags_of_r10(X86Gen *g)
{
    x86_8(&g->a, 0x50);                             /* push rax */
    x86_mov(&g->a, MO_32, X86_RAX, X86_R10);
    x86_shift_i(&g->a, SH_SHL, MO_32, x86_reg(X86_RAX), 8);
    x86_shift_i(&g->a, SH_SHR, MO_32, x86_reg(X86_R10), 11);
    x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(X86_R10), 1);
    x86_rr(&g->a, x86_op_w(X_MOV_LOAD, MO_8), X86_RAX, X86_R10);
    x86_alu_i(&g->a, ALU_ADD, MO_8, x86_reg(X86_RAX), 0x7f);
    x86_8(&g->a, 0x9e);                             /* sahf; pop rax */
    x86_8(&g->a, 0x58);
}

static void gen_flags_return(X86Gen *g)
{
    x86_8(&g->a, 0x41);                             /* pop r11; ret */
    x86_8(&g->a, 0x5b);
    x86_8(&g->a, 0xc3);
}

/*
 * A common routine: host flags from the record in the CPU state.
 * Changes r10 only.  One jump through a table of kinds and widths.
 */
void x86_gen_cc_flags(X86Gen *g)
{
    enum { N = 256 };          /* kinds there are none of included */
    uint8_t *lea, *table;
    const uint8_t *tail;
    uint64_t plain, generic;

    x86_common.cc_flags = x86_rx(&g->a);
    x86_rm(&g->a, X_MOVZX8, X86_R10, env_rm(g->s->env_cc_op));
    x86_8(&g->a, 0x41);                             /* push r11 */
    x86_8(&g->a, 0x53);
    x86_8(&g->a, 0x4c);                             /* lea r11, [rip + table] */
    x86_8(&g->a, X_LEA);
    x86_8(&g->a, 0x1d);
    lea = g->a.p;
    x86_32(&g->a, 0);
    x86_rm(&g->a, X_GROUP5, 4, x86_sib(X86_R11, X86_R10, 3, 0));

    x86_nop(&g->a, -(uintptr_t)g->a.p & 7);
    table = g->a.p;
    g->a.p += N * 8;
    x86_fix32(lea, table);

    plain = (uintptr_t)x86_rx(&g->a);
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_R10, field_rm(g, 0));
    tail = x86_rx(&g->a);
    gen_flags_of_r10(g);
    gen_flags_return(g);
    generic = (uintptr_t)x86_rx(&g->a);
    x86_call(&g->a, x86_common.cc_eval);
    x86_jmp(&g->a, tail);

    for (unsigned k = 0; k < N; k++) {
        uint64_t to = (uintptr_t)x86_rx(&g->a);

        if (TCG_CC_OP_KIND(k) == CC_KIND_EFLAGS) {
            to = plain;
        } else if (gen_kind(g, TCG_CC_OP_KIND(k), TCG_CC_OP_WIDTH(k))) {
            if (TCG_CC_OP_KIND(k) >= CC_KIND_SHL &&
                TCG_CC_OP_KIND(k) <= CC_KIND_SAR) {
                gen_clear_a(g);
            }
            gen_flags_return(g);
        } else {
            to = generic;
        }
        memcpy(table + k * 8, &to, 8);
    }
}
