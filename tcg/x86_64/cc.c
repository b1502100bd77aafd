/*
 * Guest flags in host flags.
 *
 * A scan ahead of emission follows, along the straight line of a unit, which
 * cc record the host's EFLAGS agree with, and decides for each consumer
 * whether it may test them as they are (RA_OPI_HOST_CC).  They come from the
 * op that the record describes (RA_OPI_PRODUCER) or are made at the cc_set
 * (RA_OPI_CC_MAT); ops in between are told to keep flags (RA_OPI_KEEP).
 * Because the scan runs before liveness, operands of records that are only
 * tested this way need not be kept.
 *
 * Other consumers make the flags again from the record's operands, by the
 * shortest code for the condition at hand, or ask tcg_cc_eval().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

#define ZSP (TCG_CC_Z | TCG_CC_S | TCG_CC_P)

/* ---- the scan ---- */

/* Can the op be emitted without changing host flags? */
static bool is_neutral(X86Gen *g, const TCGOp *op)
{
    bool wide = op->w >= MO_32;
    unsigned pos = op->imm & 0xff, len = (op->imm >> 8) & 0xff;
    int32_t imm;

    switch (op->opc) {
    case TCG_OP_nop:
    case TCG_OP_insn_start:
    case TCG_OP_mov:
    case TCG_OP_extu:
    case TCG_OP_exts:
    case TCG_OP_not:
    case TCG_OP_bswap:
    case TCG_OP_ld:
    case TCG_OP_lds32:
    case TCG_OP_lds64:
    case TCG_OP_st:
    case TCG_OP_lea:
    case TCG_OP_xchg:
    case TCG_OP_ld_env:
    case TCG_OP_st_env:
    case TCG_OP_lea_env:
    case TCG_OP_vld_env:
    case TCG_OP_vst_env:
    case TCG_OP_ld_mxcsr:
    case TCG_OP_st_mxcsr:
        return true;
    case TCG_OP_vld:
    case TCG_OP_vst:
        return have(X86_AVX) || op->w != VW_32 || !(op->flags & TCG_F_ALIGN);
    case TCG_OP_v:
        return x86_vop_keeps_flags(g, op);
    case TCG_OP_extract:
        return (pos == 0 && (len == 8 || len == 16 || len == 32)) ||
               (have(X86_BMI2) && (len == 8 || len == 16));
    case TCG_OP_deposit:
        return (len == 8 || len == 16) && (pos == 0 || have(X86_BMI2));
    case TCG_OP_add:
        return wide;
    case TCG_OP_sub:
        return wide && x86_imm(g, op->src[1], op->w, &imm) && imm != INT32_MIN;
    case TCG_OP_and:
        return wide && is_const(g, op->src[1]) &&
               (const_val(g, op->src[1]) == 0xff ||
                const_val(g, op->src[1]) == 0xffff ||
                (const_val(g, op->src[1]) == 0xffffffff && op->w == MO_64));
    case TCG_OP_shl:
        if (wide && is_const(g, op->src[1])) {
            return const_val(g, op->src[1]) - 1 < 3;
        }
        /* fall through */
    case TCG_OP_shr:
    case TCG_OP_sar:
        return wide && have(X86_BMI2) && !is_const(g, op->src[1]);
    case TCG_OP_rotl:
    case TCG_OP_rotr:
        return wide && have(X86_BMI2) && is_const(g, op->src[1]);
    case TCG_OP_pdep:
    case TCG_OP_pext:
        return have(X86_BMI2);
    default:
        return false;
    }
}

/*
 * Flags that host flags share with record @cc when both come from op @p, the
 * last op that set any; 0 if the record is not about that op.
 */
static unsigned produced(const X86Gen *g, const TCGOp *p, const TCGOp *cc)
{
    uint64_t n;

    if (p->dst[0] != cc->src[0]) {
        return 0;
    }
    if (p->opc == TCG_OP_v) {
        return cc->aux == CC_KIND_EFLAGS &&
               (p->aux == VOP_fucomi || p->aux == VOP_fcomi ||
                (p->aux == VOP_ptest && have(X86_SSE41)) ||
                (p->aux == VOP_testp && have(X86_AVX))) &&
               !(p->w == VW_32 && !have(X86_AVX)) ? TCG_CC_ALL : 0;
    }
    if (p->w != cc->w) {
        return 0;
    }
    switch (p->opc) {
    case TCG_OP_add:
        if (cc->aux == CC_KIND_ADD) {
            return TCG_CC_ALL;
        }
        if (is_const(g, p->src[1])) {
            n = const_val(g, p->src[1]);
            if (cc->aux == CC_KIND_INC && n == 1) {
                return TCG_CC_ALL & ~TCG_CC_C;
            }
            if (cc->aux == CC_KIND_DEC && (int64_t)n == -1) {
                return ZSP | TCG_CC_O;
            }
            if (cc->aux == CC_KIND_SUB) {
                return ZSP;
            }
        }
        return 0;
    case TCG_OP_sub:
        if (cc->aux == CC_KIND_SUB) {
            return TCG_CC_ALL;
        }
        return cc->aux == CC_KIND_DEC && is_const(g, p->src[1]) &&
               const_val(g, p->src[1]) == 1 ? TCG_CC_ALL & ~TCG_CC_C : 0;
    case TCG_OP_neg:
        return cc->aux == CC_KIND_SUB ? TCG_CC_ALL : 0;
    case TCG_OP_adc:
        return cc->aux == CC_KIND_ADC ? TCG_CC_ALL : 0;
    case TCG_OP_sbb:
        return cc->aux == CC_KIND_SBB ? TCG_CC_ALL : 0;
    case TCG_OP_and:
    case TCG_OP_or:
    case TCG_OP_xor:
        return cc->aux == CC_KIND_LOGIC ? TCG_CC_ALL & ~TCG_CC_A : 0;
    case TCG_OP_andn:
        return cc->aux == CC_KIND_ANDN && have(X86_BMI1)
               ? TCG_CC_ALL & ~(TCG_CC_A | TCG_CC_P) : 0;
    case TCG_OP_popcnt:
        return cc->aux == CC_KIND_Z && have(X86_POPCNT) ? TCG_CC_ALL : 0;
    case TCG_OP_shl:
    case TCG_OP_shr:
    case TCG_OP_sar:
        if (!is_const(g, p->src[1]) ||
            cc->aux != CC_KIND_SHL + (p->opc - TCG_OP_shl)) {
            return 0;
        }
        n = const_val(g, p->src[1]) & (p->w == MO_64 ? 63 : 31);
        return n == 0 || n >= 8u << p->w ? 0
               : ZSP | TCG_CC_C | (n == 1 ? TCG_CC_O : 0);
    default:
        return 0;
    }
}

static bool writes(const TCGOp *op, TCGv v)
{
    for (unsigned k = 0; k < tcg_op_defs[op->opc].dsts; k++) {
        if (op->dst[k] == v) {
            return true;
        }
    }
    return false;
}

/* Can op @p be the producer of anything? */
static bool may_produce(const TCGOp *p)
{
    switch (p->opc) {
    case TCG_OP_add:
    case TCG_OP_sub:
    case TCG_OP_neg:
    case TCG_OP_adc:
    case TCG_OP_sbb:
    case TCG_OP_and:
    case TCG_OP_or:
    case TCG_OP_xor:
    case TCG_OP_andn:
    case TCG_OP_popcnt:
    case TCG_OP_shl:
    case TCG_OP_shr:
    case TCG_OP_sar:
        return true;
    case TCG_OP_v:
        return p->aux == VOP_fucomi || p->aux == VOP_fcomi ||
               p->aux == VOP_ptest || p->aux == VOP_testp;
    default:
        return false;
    }
}

/*
 * Flags that are right after making them from a record for a consumer that
 * wants @need.  0: the consumer tests something else instead.
 */
static unsigned made(unsigned kind, unsigned need)
{
    switch (kind) {
    case CC_KIND_CMP:
        return TCG_CC_ALL;
    case CC_KIND_LOGIC:
    case CC_KIND_ANDN:
        return need & TCG_CC_A ? 0 : TCG_CC_ALL & ~TCG_CC_A;
    case CC_KIND_ADD:
        if (need == TCG_CC_C) {
            return TCG_CC_C;
        }
        /* fall through */
    case CC_KIND_SUB:
    case CC_KIND_ADC:
    case CC_KIND_SBB:
        return need & ~ZSP ? TCG_CC_ALL : ZSP;
    case CC_KIND_INC:
    case CC_KIND_DEC:
        return need & TCG_CC_C ? TCG_CC_ALL
               : need & ~ZSP ? TCG_CC_ALL & ~TCG_CC_C : ZSP;
    case CC_KIND_SHL:
    case CC_KIND_SHR:
    case CC_KIND_SAR:
        return need & TCG_CC_A ? 0
               : need & ~ZSP ? TCG_CC_ALL & ~TCG_CC_A : ZSP;
    case CC_KIND_MUL:
        return need & ~ZSP ? 0 : ZSP;
    case CC_KIND_BLS:
        return need & ~(TCG_CC_Z | TCG_CC_S | TCG_CC_O)
               ? 0 : TCG_CC_Z | TCG_CC_S | TCG_CC_O;
    case CC_KIND_ZC:
    case CC_KIND_Z:
        return need & ~TCG_CC_Z ? 0 : TCG_CC_Z;
    default:
        return 0;
    }
}

static void keep_between(X86Gen *g, int after, int before)
{
    for (int k = after + 1; k < before; k++) {
        g->ra.info[k] |= RA_OPI_KEEP;
    }
}

static unsigned op_need(const TCGOp *op)
{
    return op->opc == TCG_OP_cc_get ? op->imm & TCG_CC_ALL
                                    : tcg_cc_cond_flags(op->cond);
}

static bool gets_carry(const TCGOp *op)
{
    return op->opc == TCG_OP_cc_get ? op->imm == TCG_CC_C
           : op->opc == TCG_OP_setcc && op->cond == CCC_B;
}

/* The adc or sbb that takes its carry from op @i through CF, or -1. */
static int carry_user(X86Gen *g, int i)
{
    const TCGOp *ops = g->s->ops;
    TCGv t = ops[i].dst[0];

    for (int k = i + 1; k < g->s->nb_ops && k < i + 6; k++) {
        const TCGOp *op = &ops[k];

        if ((op->opc == TCG_OP_adc || op->opc == TCG_OP_sbb) &&
            op->src[2] == t) {
            return op->src[0] == t || op->src[1] == t ? -1 : k;
        }
        if (!is_neutral(g, op)) {
            return -1;
        }
        for (unsigned n = 0; n < 6; n++) {
            if (op->src[n] == t) {
                return -1;
            }
        }
    }
    return -1;
}

/* Let op @i use host flags, if they agree with its record in @need. */
static bool take_flags(X86Gen *g, X86FlagState *f, int i, unsigned need)
{
    const TCGOp *op = &g->s->ops[i];
    uint8_t *info = g->ra.info;

    if (!op->cc_id || op->cc_id != f->cc_id || need & ~f->valid) {
        return false;
    }
    info[i] |= RA_OPI_HOST_CC;
    if (f->set >= 0) {
        /* the first one: now the flags are worth making */
        if (f->prod >= 0) {
            info[f->prod] |= RA_OPI_PRODUCER;
            keep_between(g, f->prod, f->set + 1);
        } else {
            info[f->set] |= RA_OPI_CC_MAT;
        }
        f->set = -1;
    }
    keep_between(g, f->from, i);
    f->from = i;
    return true;
}

static void scan_consumer(X86Gen *g, X86FlagState *f, int i)
{
    const TCGOp *op = &g->s->ops[i];
    uint8_t *info = g->ra.info;
    unsigned need = op_need(op);
    int user;

    if (take_flags(g, f, i, need)) {
        user = gets_carry(op) ? carry_user(g, i) : -1;
        if (user >= 0) {
            info[i] |= RA_OPI_USER;
            info[user] |= RA_OPI_USER;
            keep_between(g, i, user);
        }
        if (op->opc == TCG_OP_cc_get && op->imm != TCG_CC_C) {
            f->cc_id = 0;
        }
        return;
    }
    /* made again here; later consumers may share that */
    f->cc_id = op->opc == TCG_OP_cc_get && op->imm != TCG_CC_C ? 0 : op->cc_id;
    f->valid = made(op->aux, need);
    f->set = f->prod = -1;
    f->from = i;
    if (!f->valid) {
        f->cc_id = 0;
    }
}

void x86_cc_scan(X86Gen *g)
{
    const TCGOp *ops = g->s->ops;
    uint8_t *info = g->ra.info;
    X86FlagState f = { 0 };
    int prod = -1;

    for (unsigned l = 0; l < g->s->nb_labels; l++) {
        g->label_flags[l].cc_id = 0;
    }
    for (int i = 0; i < g->s->nb_ops; i++) {
        const TCGOp *op = &ops[i];

        switch (op->opc) {
        case TCG_OP_label:
            f = g->label_flags[op->imm];
            f.from = i;
            prod = -1;
            break;
        case TCG_OP_cc_set:
            f.cc_id = op->cc_id;
            f.set = f.from = i;
            f.prod = prod;
            f.valid = prod >= 0 && !(info[prod] & RA_OPI_KEEP)
                      ? produced(g, &ops[prod], op) : 0;
            if (!f.valid) {
                f.prod = prod = -1;     /* may be made here */
                f.valid = op->aux == CC_KIND_CMP || op->aux == CC_KIND_LOGIC ||
                          op->aux == CC_KIND_ANDN ? TCG_CC_ALL & ~TCG_CC_A
                          : 0;
            }
            break;
        case TCG_OP_brcc:
            scan_consumer(g, &f, i);
            if (g->s->labels[op->imm].side && f.cc_id) {
                g->label_flags[op->imm] = f;
            }
            if (!(info[i] & RA_OPI_HOST_CC)) {
                prod = -1;
            }
            break;
        case TCG_OP_setcc:
        case TCG_OP_movcc:
        case TCG_OP_cc_get:
            scan_consumer(g, &f, i);
            if (!(info[i] & RA_OPI_HOST_CC) || !f.cc_id ||
                (prod >= 0 && writes(op, ops[prod].dst[0]))) {
                prod = -1;
            }
            break;
        case TCG_OP_exit_direct:
        case TCG_OP_exit_indirect:
        case TCG_OP_exit_ret:
        case TCG_OP_exit_reason:
            /* a record of plain flags need not become a number before */
            if (op->flags & TCG_F_CC_STORE && op->aux == CC_KIND_EFLAGS) {
                take_flags(g, &f, i, TCG_CC_ALL);
            }
            f.cc_id = 0;
            prod = -1;
            break;
        default:
            if (!is_neutral(g, op)) {
                f.cc_id = 0;
                prod = -1;
            } else if (prod >= 0 && writes(op, ops[prod].dst[0])) {
                prod = -1;
            }
            if (may_produce(op)) {
                prod = i;
            }
            break;
        }
    }
}

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

/* Where the record's operands are; constants as base X86_NOREG. */
static unsigned record_places(X86Gen *g, const TCGOp *op, unsigned first,
                              X86Rm rec[3])
{
    unsigned n = tcg_cc_kind_operands(op->aux);

    for (unsigned k = 0; k < n; k++) {
        TCGv v = op->src[first + k];

        if (!v || is_const(g, v)) {
            rec[k] = (X86Rm) { .base = X86_NOREG, .index = X86_NOREG,
                               .abs = v ? const_val(g, v) : 0 };
        } else {
            rec[k] = x86_operand(g, v);
        }
    }
    return n;
}

/* Operands in the bit set @which, and the kind with bit 3. */
static void store_record(X86Gen *g, const TCGOp *op, X86Rm rec[3],
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
        if (which >> k & 1) {
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

/* Host flags from the record in @op, right for @need (made() != 0). */
static void make_flags(X86Gen *g, const TCGOp *op, unsigned need)
{
    TCGv dst = op->src[0], src = op->src[1], src2 = op->src[2];
    TCGWidth w = op->w;
    unsigned t;

    if (op->aux == CC_KIND_CMP) {
        if (need & TCG_CC_A && is_const(g, src)) {
            /* x86_compare() may choose test, which has no A */
            alu_v(g, ALU_CMP, w, x86_use(g, dst), src);
        } else {
            x86_compare(g, TCG_COND_EQ, w, dst, src);
        }
        return;
    }
    if (made(op->aux, need) == ZSP || op->aux >= CC_KIND_MUL ||
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
    default:        /* SHL, SHR, SAR: the last step again */
        t = copy(g, src);
        x86_shift_i(&g->a, op->aux == CC_KIND_SHL ? SH_SHL
                    : op->aux == CC_KIND_SHR ? SH_SHR : SH_SAR, w,
                    x86_reg(t), 1);
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

    if (made(op->aux, need)) {
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

void gen_cc_set(X86Gen *g, const TCGOp *op)
{
    if (op->flags & TCG_F_CC_STORE) {
        x86_store_cc(g, op, 0);
    } else if (op->cond) {
        store_parts(g, op, 0, op->cond);
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
}

/* Is the carry that op takes from host flags wanted as CF only? */
static bool stays_in_cf(X86Gen *g)
{
    return g->info & RA_OPI_USER && g->ra.dead[carry_user(g, g->i)] & 4;
}

static const uint8_t flag_cond[] = {
    [0] = CCC_B, [2] = CCC_P, [6] = CCC_E, [7] = CCC_S, [11] = CCC_O,
};

void gen_cc_get(X86Gen *g, const TCGOp *op)
{
    unsigned mask = op->imm & TCG_CC_ALL, bit = __builtin_ctz(mask | 1u << 31);
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
    } else if (host || made(op->aux, mask)) {
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
