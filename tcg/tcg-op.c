/*
 * Builders: the vocabulary front ends write units in, and the tables of op
 * properties.  A builder checks nothing that the passes would find out anyway;
 * it only brings operands into the form the table promises (addresses with a
 * 32-bit displacement, constants folded where that takes one comparison).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"

const TCGOpDef tcg_op_defs[TCG_OP_MAX] = {
#define DEF(name, dsts, srcs, flags) \
    [TCG_OP_##name] = { #name, dsts, srcs, flags },
#include "tcg/tcg-opc.h"
};

const TCGVopDef tcg_vop_defs[VOP_MAX] = {
#define E TCG_VF_E
#define P TCG_VF_P
#define S TCG_VF_S
#define L TCG_VF_L
#define VOP(name, sig, flags) [VOP_##name] = { #name, sig, flags },
#include "tcg/tcg-vop.def"
#undef E
#undef P
#undef S
#undef L
};

void tcg_gen1(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d, TCGv a)
{
    TCGOp *op = tcg_emit(s, opc, w);

    op->dst[0] = d;
    op->src[0] = a;
}

void tcg_gen2(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d, TCGv a,
              TCGv b)
{
    TCGOp *op = tcg_emit(s, opc, w);

    op->dst[0] = d;
    op->src[0] = a;
    op->src[1] = b;
}

void tcg_gen3(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d, TCGv a,
              TCGv b, TCGv c)
{
    TCGOp *op = tcg_emit(s, opc, w);

    op->dst[0] = d;
    op->src[0] = a;
    op->src[1] = b;
    op->src[2] = c;
}

void tcg_gen_mov(TCGContext *s, TCGv d, TCGv a)
{
    if (d != a) {
        tcg_gen1(s, TCG_OP_mov, MO_64, d, a);
    }
}

void tcg_gen_movi(TCGContext *s, TCGv d, uint64_t value)
{
    tcg_gen1(s, TCG_OP_mov, MO_64, d, tcg_const(s, value));
}

void tcg_gen_extu(TCGContext *s, TCGWidth to, TCGWidth from, TCGv d, TCGv a)
{
    TCGOp *op;

    if (tcg_is_const(s, a)) {
        tcg_gen_movi(s, d, s->vals[a].value & tcg_width_mask(MIN(from, to)));
    } else if (from >= to && to == MO_64) {
        tcg_gen_mov(s, d, a);
    } else {
        op = tcg_emit(s, TCG_OP_extu, to);
        op->cond = MIN(from, to);
        op->dst[0] = d;
        op->src[0] = a;
    }
}

void tcg_gen_exts(TCGContext *s, TCGWidth to, TCGWidth from, TCGv d, TCGv a)
{
    TCGOp *op;

    if (tcg_is_const(s, a)) {
        unsigned sh = 64 - tcg_width_bits(from);
        uint64_t v = (int64_t)(s->vals[a].value << sh) >> sh;

        tcg_gen_movi(s, d, v & tcg_width_mask(to));
    } else if (from >= to) {
        tcg_gen_extu(s, to, to, d, a);
    } else {
        op = tcg_emit(s, TCG_OP_exts, to);
        op->cond = from;
        op->dst[0] = d;
        op->src[0] = a;
    }
}

void tcg_gen_extract(TCGContext *s, TCGv d, TCGv a, unsigned pos,
                     unsigned len)
{
    TCGOp *op;

    if (pos == 0 && (len == 8 || len == 16 || len == 32 || len == 64)) {
        tcg_gen_extu(s, MO_64, __builtin_ctz(len) - 3, d, a);
        return;
    }
    op = tcg_emit(s, TCG_OP_extract, MO_64);
    op->dst[0] = d;
    op->src[0] = a;
    op->imm = pos | len << 8;
}

void tcg_gen_deposit(TCGContext *s, TCGv d, TCGv a, TCGv b, unsigned pos,
                     unsigned len)
{
    TCGOp *op;

    if (pos == 0 && (len == 8 || len == 16)) {
        tcg_gen2(s, TCG_OP_mov, len == 8 ? MO_8 : MO_16, d, a, b);
        return;
    }
    op = tcg_emit(s, TCG_OP_deposit, MO_64);
    op->dst[0] = d;
    op->src[0] = a;
    op->src[1] = b;
    op->imm = pos | len << 8;
}

void tcg_gen_pair(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv lo, TCGv hi,
                  TCGv a, TCGv b, TCGv c)
{
    TCGOp *op = tcg_emit(s, opc, w);

    op->dst[0] = lo;
    op->dst[1] = hi;
    op->src[0] = a;
    op->src[1] = b;
    op->src[2] = c;
}

void tcg_gen_setcond(TCGContext *s, TCGCond c, TCGWidth w, TCGv d, TCGv a,
                     TCGv b)
{
    TCGOp *op = tcg_emit(s, TCG_OP_setcond, w);

    op->cond = c;
    op->dst[0] = d;
    op->src[0] = a;
    op->src[1] = b;
}

void tcg_gen_movcond(TCGContext *s, TCGCond c, TCGWidth w, TCGv d, TCGv a,
                     TCGv b, TCGv vtrue, TCGv vfalse)
{
    TCGOp *op = tcg_emit(s, TCG_OP_movcond, w);

    op->cond = c;
    op->dst[0] = d;
    op->src[0] = a;
    op->src[1] = b;
    op->src[2] = vtrue;
    op->src[3] = vfalse;
}

void tcg_gen_brcond(TCGContext *s, TCGCond c, TCGWidth w, TCGv a, TCGv b,
                    unsigned label)
{
    TCGOp *op = tcg_emit(s, TCG_OP_brcond, w);

    op->cond = c;
    op->src[0] = a;
    op->src[1] = b;
    op->imm = label;
    s->labels[label].refs++;
}

void tcg_gen_brret(TCGContext *s, TCGv pc, unsigned label)
{
    TCGOp *op = tcg_emit(s, TCG_OP_brret, MO_64);

    op->src[0] = pc;
    op->imm = label;
    s->labels[label].refs++;
}

void tcg_gen_br(TCGContext *s, unsigned label)
{
    tcg_emit(s, TCG_OP_br, MO_64)->imm = label;
    s->labels[label].refs++;
}

/*
 * Bring an operand into its form: constants go into the displacement, a
 * displacement that does not fit becomes the base.
 */
static TCGMem mem_form(TCGContext *s, TCGMem m)
{
    if (tcg_is_const(s, m.index)) {
        m.disp += s->vals[m.index].value << m.scale;
        m.index = TCGV_NONE;
    }
    if (tcg_is_const(s, m.base)) {
        m.disp += s->vals[m.base].value;
        m.base = TCGV_NONE;
    }
    if (!m.index) {
        m.scale = 0;
    }
    if ((m.base || m.index) && !tcg_fits_s32(m.disp)) {
        TCGv t = tcg_temp(s);

        if (m.base) {
            tcg_gen2(s, TCG_OP_add, MO_64, t, m.base, tcg_const(s, m.disp));
        } else {
            tcg_gen_movi(s, t, m.disp);
        }
        m.base = t;
        m.disp = 0;
    }
    return m;
}

static TCGOp *emit_mem(TCGContext *s, TCGOpcode opc, unsigned w, TCGMem m)
{
    TCGOp *op;

    m = mem_form(s, m);
    op = tcg_emit(s, opc, w);
    op->src[0] = m.base;
    op->src[1] = m.index;
    op->cond = m.scale;
    op->imm = m.disp;
    return op;
}

void tcg_gen_ld(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d, TCGMem m)
{
    emit_mem(s, opc, w, m)->dst[0] = d;
}

void tcg_gen_st(TCGContext *s, TCGWidth w, TCGMem m, TCGv value)
{
    emit_mem(s, TCG_OP_st, w, m)->src[2] = value;
}

void tcg_gen_lea(TCGContext *s, TCGWidth w, TCGv d, TCGMem m)
{
    m = mem_form(s, m);
    if (!m.base && !m.index) {
        tcg_gen_movi(s, d, m.disp & tcg_width_mask(w));
    } else if (!m.index && !m.disp) {
        tcg_gen_extu(s, MO_64, w, d, m.base);
    } else {
        emit_mem(s, TCG_OP_lea, w, m)->dst[0] = d;
    }
}

void tcg_gen_atomic(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d,
                    TCGMem m, TCGv v, TCGv v2)
{
    TCGOp *op = emit_mem(s, opc, w, m);

    op->dst[0] = d;
    op->src[2] = v;
    if (opc == TCG_OP_cmpxchg) {
        op->src[3] = v2;
    }
}

void tcg_gen_ld_env(TCGContext *s, TCGWidth w, TCGv d, uint32_t offset)
{
    TCGOp *op = tcg_emit(s, TCG_OP_ld_env, w);

    op->dst[0] = d;
    op->imm = offset;
}

void tcg_gen_st_env(TCGContext *s, TCGWidth w, uint32_t offset, TCGv a)
{
    TCGOp *op = tcg_emit(s, TCG_OP_st_env, w);

    op->src[0] = a;
    op->imm = offset;
}

/* Flags: the consumers' operands are filled in by the passes. */

void tcg_gen_cc_set(TCGContext *s, TCGCCKind kind, TCGWidth w, TCGv dst,
                    TCGv src, TCGv src2)
{
    TCGOp *op = tcg_emit(s, TCG_OP_cc_set, w);

    op->aux = kind;
    op->src[0] = dst;
    op->src[1] = src;
    op->src[2] = src2;
    op->cc_id = ++s->nb_cc;
}

void tcg_gen_cc_get(TCGContext *s, TCGv d, uint32_t mask)
{
    TCGOp *op = tcg_emit(s, TCG_OP_cc_get, MO_64);

    op->dst[0] = d;
    op->imm = mask;
}

void tcg_gen_setcc(TCGContext *s, TCGCCCond c, TCGv d)
{
    TCGOp *op = tcg_emit(s, TCG_OP_setcc, MO_64);

    op->cond = c;
    op->dst[0] = d;
}

void tcg_gen_movcc(TCGContext *s, TCGCCCond c, TCGv d, TCGv vtrue,
                   TCGv vfalse)
{
    TCGOp *op = tcg_emit(s, TCG_OP_movcc, MO_64);

    op->cond = c;
    op->dst[0] = d;
    op->src[3] = vtrue;
    op->src[4] = vfalse;
}

void tcg_gen_brcc(TCGContext *s, TCGCCCond c, unsigned label)
{
    TCGOp *op = tcg_emit(s, TCG_OP_brcc, MO_64);

    op->cond = c;
    op->imm = label;
    s->labels[label].refs++;
}

/* Vectors. */

TCGOp *tcg_gen_v(TCGContext *s, unsigned vop, unsigned w, TCGWidth esz,
                 unsigned flags, TCGv d, TCGv a, TCGv b, TCGv c, int64_t imm)
{
    TCGOp *op = tcg_emit(s, TCG_OP_v, w);

    op->aux = vop;
    op->cond = esz;
    op->flags = flags;
    op->dst[0] = d;
    op->src[0] = a;
    op->src[1] = b;
    op->src[2] = c;
    op->imm = imm;
    return op;
}

void tcg_gen_vld(TCGContext *s, unsigned w, unsigned flags, TCGv d, TCGMem m)
{
    TCGOp *op = emit_mem(s, TCG_OP_vld, w, m);

    op->flags = flags;
    op->dst[0] = d;
}

void tcg_gen_vst(TCGContext *s, unsigned w, unsigned flags, TCGMem m, TCGv a)
{
    TCGOp *op = emit_mem(s, TCG_OP_vst, w, m);

    op->flags = flags;
    op->src[2] = a;
}

/* Calls and leaving. */

void tcg_gen_call(TCGContext *s, const TCGHelper *h, TCGv ret, unsigned nargs,
                  const TCGv *args)
{
    TCGOp *op = tcg_emit(s, TCG_OP_call, MO_64);

    debug_assert(nargs == h->nargs && nargs + h->takes_env <= 6);
    op->helper = h;
    op->dst[0] = h->has_ret ? ret : TCGV_NONE;
    for (unsigned i = 0; i < nargs; i++) {
        op->src[i] = args[i];
    }
}

void tcg_gen_insn_start(TCGContext *s, uint64_t pc)
{
    tcg_emit(s, TCG_OP_insn_start, MO_64)->imm = pc;
}

/* Code generators number what can be linked; they start again from 0. */
static void count_exit(TCGContext *s)
{
    if (++s->nb_exits > TCG_MAX_EXITS) {
        s->overflow = true;
    }
}

void tcg_gen_cc_ref(TCGContext *s, uint64_t changed)
{
    tcg_emit(s, TCG_OP_cc_ref, MO_64)->imm = changed;
}

/* Is the last op, a poll aside, a cc_ref? */
static bool behind_cc_ref(const TCGContext *s)
{
    unsigned n = s->nb_ops;

    n -= n && s->ops[n - 1].opc == TCG_OP_poll;
    return n && s->ops[n - 1].opc == TCG_OP_cc_ref;
}

void tcg_gen_exit_direct(TCGContext *s, uint64_t pc, uint32_t cc_live)
{
    bool ref = behind_cc_ref(s);
    TCGOp *op = tcg_emit(s, TCG_OP_exit_direct, MO_64);

    op->imm = pc;
    op->dst[1] = cc_live;
    op->flags = ref ? TCG_F_CC_REF : 0;
    count_exit(s);
}

static void exit_through(TCGContext *s, TCGOpcode opc, TCGv pc, int64_t imm)
{
    TCGOp *op = tcg_emit(s, opc, MO_64);

    op->src[0] = pc;
    op->imm = imm;
    op->dst[1] = TCG_CC_ALL;
}

void tcg_gen_exit_indirect(TCGContext *s, TCGv pc)
{
    exit_through(s, TCG_OP_exit_indirect, pc, 0);
}

void tcg_gen_exit_ret(TCGContext *s, TCGv pc, int how)
{
    exit_through(s, TCG_OP_exit_ret, pc, how);
}

void tcg_gen_exit_reason(TCGContext *s, int excp, TCGv rip)
{
    exit_through(s, TCG_OP_exit_reason, rip, excp);
}

void tcg_gen_poll(TCGContext *s, uint64_t pc)
{
    TCGOp *op = tcg_emit(s, TCG_OP_poll, MO_64);

    op->imm = pc;
    op->dst[1] = TCG_CC_ALL;
}

void tcg_gen_push_ret(TCGContext *s, uint64_t pc)
{
    tcg_emit(s, TCG_OP_push_ret, MO_64)->imm = pc;
    count_exit(s);
}
