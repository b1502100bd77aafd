/*
 * Guest flags in host flags: who may use what is in EFLAGS.
 *
 * A scan ahead of emission follows, along the straight line of a unit, which
 * cc record the host's EFLAGS agree with, and decides for each consumer
 * whether it may test them as they are (RA_OPI_HOST_CC).  They come from the
 * op that the record describes (RA_OPI_PRODUCER) or are made at the cc_set
 * (RA_OPI_CC_MAT); ops in between are told to keep flags (RA_OPI_KEEP).
 * Because the scan runs before liveness, operands of records that are only
 * tested this way need not be kept.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

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

    if (cc->flags & TCG_F_CC_OF_NEG) {
        for (const TCGOp *op = cc - 1; op > p; op--) {
            if (op->opc == TCG_OP_insn_start) {
                return 0;       /* another neg; its own is gone */
            }
        }
        return p->opc == TCG_OP_neg && p->w == cc->w ? TCG_CC_ALL : 0;
    }
    if (p->dst[0] != cc->src[0]) {
        return 0;
    }
    if (p->opc == TCG_OP_vstr) {
        return cc->aux == CC_KIND_EFLAGS ? TCG_CC_ALL : 0;
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
                return CC_ZSP | TCG_CC_O;
            }
            if (cc->aux == CC_KIND_SUB) {
                return CC_ZSP;
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
               : CC_ZSP | TCG_CC_C | (n == 1 ? TCG_CC_O : 0);
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
    case TCG_OP_vstr:
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
unsigned x86_cc_made(unsigned kind, unsigned need)
{
    switch (kind) {
    case CC_KIND_CMP:
    case CC_KIND_DYNAMIC:
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
        return need & ~CC_ZSP ? TCG_CC_ALL : CC_ZSP;
    case CC_KIND_INC:
    case CC_KIND_DEC:
        return need & TCG_CC_C ? TCG_CC_ALL
               : need & ~CC_ZSP ? TCG_CC_ALL & ~TCG_CC_C : CC_ZSP;
    case CC_KIND_SHL:
    case CC_KIND_SHR:
    case CC_KIND_SAR:
        return need & TCG_CC_A ? 0
               : need & ~CC_ZSP ? TCG_CC_ALL & ~TCG_CC_A : CC_ZSP;
    case CC_KIND_MUL:
        return need & ~CC_ZSP ? 0 : CC_ZSP;
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
int x86_carry_user(X86Gen *g, int i)
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

/* Flags that come from the CPU state have one name until something sets it. */
static unsigned record_id(const TCGOp *op)
{
    return op->aux == CC_KIND_DYNAMIC ? UINT16_MAX : op->cc_id;
}

/* Let op @i use host flags, if they agree with its record in @need. */
static bool take_flags(X86Gen *g, X86FlagState *f, int i, unsigned need)
{
    const TCGOp *op = &g->s->ops[i];
    uint8_t *info = g->ra.info;

    if (!record_id(op) || record_id(op) != f->cc_id || need & ~f->valid) {
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
        user = gets_carry(op) ? x86_carry_user(g, i) : -1;
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
    f->cc_id = op->opc == TCG_OP_cc_get && op->imm != TCG_CC_C
               ? 0 : record_id(op);
    f->valid = x86_cc_made(op->aux, need);
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
        case TCG_OP_insn_start:
            break;
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
