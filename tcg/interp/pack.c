/*
 * From optimised ops to the interpreter's code.
 *
 * One pass.  Temps get frame slots when they are written and give them back
 * after their last use in list order: control only moves forward past a temp,
 * so list order is enough.  Constants that an instruction cannot hold are
 * moved to a slot, which stays valid until the next label.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "interp.h"

typedef struct Fixup {
    uint32_t insn;
    uint16_t label;
    bool short_form;        /* target in d instead of imm */
} Fixup;

typedef struct PushRet {
    uint32_t insn;
    uint64_t pc;
} PushRet;

typedef struct Packer {
    TCGContext *s;
    InterpInsn *code;
    unsigned n;                         /* instructions so far */
    const uintptr_t *cookies;
    unsigned nb_direct;
    uint64_t pc;                        /* guest pc of the current op */

    uint16_t slot[TCG_MAX_VALS];        /* 0: none yet */
    uint16_t last[TCG_MAX_VALS];        /* op of the last use */
    uint16_t free_int[INTERP_SLOTS], free_vec[INTERP_VSLOTS];
    unsigned nb_free_int, nb_free_vec;
    TCGv consts[INTERP_SLOTS];          /* constants that are in slots */
    unsigned nb_consts;

    uint32_t label_at[TCG_MAX_LABELS];
    Fixup fixups[TCG_MAX_OPS];
    unsigned nb_fixups;
    PushRet push_rets[TCG_MAX_EXITS];
    unsigned nb_push_rets;
} Packer;

#define NEED_FREE 32            /* slots one op may need */
#define NEED_ROOM 16            /* instructions one op may need */

static InterpInsn *ins(Packer *k, InterpHandler h)
{
    InterpInsn *p = &k->code[k->n++];

    memset(p, 0, sizeof(*p));
    p->handler = interp_handlers[h];
    return p;
}

static InterpExt *ext(Packer *k)
{
    InterpExt *x = (InterpExt *)&k->code[k->n++];

    memset(x, 0, sizeof(*x));
    return x;
}

/* Slots. */

static void slots_init(Packer *k)
{
    TCGContext *s = k->s;
    unsigned regs = interp_layout.nb_regs, next = 1;

    memset(k->slot, 0, s->nb_vals * sizeof(k->slot[0]));
    memset(k->last, 0, s->nb_vals * sizeof(k->last[0]));
    for (TCGv v = 1; v <= s->nb_globals; v++) {
        k->slot[v] = s->vals[v].type == TCG_I64 ? next++ :
                     INTERP_VSLOT_ENV | s->vals[v].offset / 8;
    }
    k->nb_free_int = k->nb_free_vec = 0;
    for (unsigned i = INTERP_SLOTS - 1; i > regs; i--) {
        k->free_int[k->nb_free_int++] = i;
    }
    for (unsigned i = INTERP_VSLOTS; i-- > 0; ) {
        k->free_vec[k->nb_free_vec++] = i * 4;
    }
    k->nb_consts = 0;
    for (unsigned i = 0; i < s->nb_ops; i++) {
        const TCGOp *op = &s->ops[i];
        unsigned dsts = tcg_op_defs[op->opc].dsts;

        for (unsigned j = 0; j < 6; j++) {
            k->last[op->src[j]] = i;
        }
        for (unsigned j = 0; j < dsts; j++) {
            k->last[op->dst[j]] = i;
        }
    }
}

/* Slot of an integer operand that is read; moves constants into one. */
static uint16_t rd(Packer *k, TCGv v)
{
    if (v && !k->slot[v]) {
        assert(k->nb_free_int);
        k->slot[v] = k->free_int[--k->nb_free_int];
        if (tcg_is_const(k->s, v)) {
            InterpInsn *p = ins(k, H_movi);

            p->d = k->slot[v];
            p->q = k->s->vals[v].value;
            k->consts[k->nb_consts++] = v;
        }
    }
    return k->slot[v];
}

/*
 * Slot of an integer result.  A result nobody wants goes to a slot of its own
 * that is free again after the op.
 */
static uint16_t wr(Packer *k, TCGv v)
{
    return v ? rd(k, v) : k->free_int[0];
}

static uint16_t vslot(Packer *k, TCGv v)
{
    /* +1 so that 0 can mean "none yet": slots are multiples of 4 */
    if (!tcg_is_global(k->s, v) && !k->slot[v]) {
        assert(k->nb_free_vec);
        k->slot[v] = k->free_vec[--k->nb_free_vec] + 1;
    }
    return tcg_is_global(k->s, v) ? k->slot[v] : k->slot[v] - 1;
}

static void forget_consts(Packer *k)
{
    while (k->nb_consts) {
        TCGv v = k->consts[--k->nb_consts];

        k->free_int[k->nb_free_int++] = k->slot[v];
        k->slot[v] = 0;
    }
}

static void release(Packer *k, TCGv v, unsigned i)
{
    const TCGVal *val = &k->s->vals[v];

    if (!v || k->last[v] != i || !k->slot[v] || val->kind != TCG_VAL_TEMP) {
        return;
    }
    if (val->type == TCG_I64) {
        k->free_int[k->nb_free_int++] = k->slot[v];
    } else {
        k->free_vec[k->nb_free_vec++] = k->slot[v] - 1;
    }
    k->slot[v] = 0;
}

static bool const_s32(const Packer *k, TCGv v, int32_t *imm)
{
    if (v == TCGV_NONE) {
        *imm = 0;
        return true;
    }
    if (tcg_is_const(k->s, v) && tcg_fits_s32(k->s->vals[v].value)) {
        *imm = k->s->vals[v].value;
        return true;
    }
    return false;
}

/* Simple shapes. */

static InterpInsn *pack3(Packer *k, InterpHandler h, TCGv d, TCGv a, TCGv b,
                         TCGv c)
{
    uint16_t ra = rd(k, a), rb = rd(k, b), rc = rd(k, c);
    InterpInsn *p = ins(k, h);

    p->d = wr(k, d);
    p->a = ra;
    p->b = rb;
    p->c = rc;
    return p;
}

/* Forms rr and ri follow each other, widths likewise. */
static void pack_alu(Packer *k, InterpHandler first, const TCGOp *op)
{
    int32_t imm;

    if (const_s32(k, op->src[1], &imm)) {
        pack3(k, first + op->w * 2 + 1, op->dst[0], op->src[0], 0, 0)->imm =
            imm;
    } else {
        pack3(k, first + op->w * 2, op->dst[0], op->src[0], op->src[1], 0);
    }
}

static void branch_to(Packer *k, bool short_form, unsigned label)
{
    k->fixups[k->nb_fixups++] = (Fixup) {
        .insn = k->n - 1, .label = label, .short_form = short_form,
    };
}

static void pack_br(Packer *k, TCGCond c, unsigned w, TCGv a, TCGv b,
                    unsigned label)
{
    unsigned h = H_brEQ_8rr + c * 8 + w * 2;
    int32_t imm;

    if (const_s32(k, b, &imm)) {
        uint16_t ra = rd(k, a);
        InterpInsn *p = ins(k, h + 1);

        p->a = ra;
        p->imm = imm;
        branch_to(k, true, label);
    } else {
        uint16_t ra = rd(k, a), rb = rd(k, b);
        InterpInsn *p = ins(k, h);

        p->a = ra;
        p->b = rb;
        branch_to(k, false, label);
    }
}

static void pack_setcond(Packer *k, TCGCond c, unsigned w, TCGv d, TCGv a,
                         TCGv b)
{
    unsigned h = H_setEQ_8rr + c * 8 + w * 2;
    int32_t imm;

    if (const_s32(k, b, &imm)) {
        pack3(k, h + 1, d, a, 0, 0)->imm = imm;
    } else {
        pack3(k, h, d, a, b, 0);
    }
}

static void pack_sel(Packer *k, TCGCond c, unsigned w, TCGv d, TCGv a, TCGv b,
                     TCGv t, TCGv f)
{
    uint16_t rf = rd(k, f);

    pack3(k, H_selEQ_8 + c * 4 + w, d, a, b, t)->imm = rf;
}

/* Memory operands. */

typedef struct Address {
    uint16_t base, index;
    uint8_t scale;
    int32_t imm;
} Address;

static Address address(Packer *k, const TCGOp *op)
{
    Address a = { .scale = op->cond };

    if (!op->src[0] && !op->src[1] && !tcg_fits_s32(op->imm)) {
        unsigned nb_vals = k->s->nb_vals;
        TCGv v = tcg_const(k->s, op->imm);

        if (v >= nb_vals) {
            k->slot[v] = 0;
        }
        a.base = rd(k, v);
    } else {
        a.base = rd(k, op->src[0]);
        a.index = rd(k, op->src[1]);
        a.imm = op->imm;
    }
    return a;
}

static InterpInsn *pack_mem(Packer *k, InterpHandler h, uint16_t d, Address a)
{
    InterpInsn *p = ins(k, h);

    p->d = d;
    p->a = a.base;
    p->b = a.index;
    p->c = a.scale;
    p->imm = a.imm;
    return p;
}

static void pack_ldst(Packer *k, InterpHandler first, const TCGOp *op)
{
    Address a = address(k, op);
    bool ordered = k->s->tso || (op->flags & TCG_F_ATOMIC);
    uint16_t d = op->opc == TCG_OP_st ? rd(k, op->src[2]) : wr(k, op->dst[0]);

    pack_mem(k, first + (ordered ? 2 : 0) + (a.index ? 1 : 0), d, a);
}

static void pack_atomic(Packer *k, const TCGOp *op)
{
    Address a = address(k, op);
    uint16_t x0 = rd(k, op->src[2]), x1 = rd(k, op->src[3]);
    InterpExt *x;

    pack_mem(k, H_atomic, wr(k, op->dst[0]), a);
    x = ext(k);
    x->arg[0] = x0;
    x->arg[1] = x1;
    x->desc = op->opc << 8 | op->w;
}

/* Bytes above a vector load that become zero. */
static unsigned zero_behind(const TCGOp *op)
{
    unsigned n = 1u << op->w;

    return op->flags & TCG_F_ZERO_UPPER ? 32 - n : n < 16 ? 16 - n : 0;
}

static void pack_vmem(Packer *k, const TCGOp *op)
{
    bool load = op->opc == TCG_OP_vld;
    Address a = address(k, op);
    InterpExt *x;

    pack_mem(k, load ? H_vld : H_vst,
             vslot(k, load ? op->dst[0] : op->src[2]), a);
    x = ext(k);
    x->arg[0] = op->w;
    x->arg[1] = load ? zero_behind(op) : 0;
    x->desc = (op->flags & TCG_F_ALIGN ? ((1u << op->w) - 1) << 1 : 0) |
              (k->s->tso || (op->flags & TCG_F_ATOMIC));
}

/* A handler of its own for frequent vops; H_MAX: none. */
static unsigned vop_handler(const TCGOp *op)
{
    static const uint16_t scalar[VOP_MAX][2] = {
        [VOP_fadd] = { H_fadd32, H_fadd64 },
        [VOP_fsub] = { H_fsub32, H_fsub64 },
        [VOP_fmul] = { H_fmul32, H_fmul64 },
        [VOP_fdiv] = { H_fdiv32, H_fdiv64 },
    };
    unsigned h = op->flags & TCG_F_SCALAR ? scalar[op->aux][op->cond & 1] : 0;

    return h ? h : H_MAX;
}

static bool pack_logic(Packer *k, const TCGOp *op, const uint16_t *arg)
{
    static const uint16_t handlers[VOP_MAX] = {
        [VOP_and] = H_vand16, [VOP_andn] = H_vandn16, [VOP_or] = H_vor16,
        [VOP_xor] = H_vxor16,
    };
    unsigned h = handlers[op->aux];
    InterpInsn *p;

    if (!h || op->w != VW_16 || op->flags & TCG_F_ZERO_UPPER) {
        return false;
    }
    p = ins(k, h);
    p->d = vslot(k, op->dst[0]);
    p->a = arg[0];
    p->b = arg[1];
    return true;
}

static void pack_vop(Packer *k, const TCGOp *op)
{
    const TCGVopDef *def = &tcg_vop_defs[op->aux];
    bool to_int = def->sig[0] == 'i';
    uint16_t arg[3] = { 0 };
    unsigned ints = 0, h;
    InterpInsn *p;
    InterpExt *x;

    for (unsigned i = 0; i < 3 && def->sig[i + 1] && def->sig[i + 1] != 'I';
         i++) {
        if (def->sig[i + 1] == 'i') {
            arg[i] = rd(k, op->src[i]);
            ints |= 1 << i;
        } else {
            arg[i] = vslot(k, op->src[i]);
        }
    }
    if (op->aux == VOP_mov && !(op->flags & TCG_F_SCALAR) &&
        (op->w == VW_32 || !(op->flags & TCG_F_ZERO_UPPER))) {
        p = ins(k, op->w == VW_32 ? H_vmov32 : H_vmov16);
        p->d = vslot(k, op->dst[0]);
        p->a = arg[0];
        return;
    }
    if (pack_logic(k, op, arg)) {
        return;
    }
    h = vop_handler(op);
    if (h == H_MAX) {
        h = def->flags & TCG_VF_P ? to_int ? H_v_fp_to_int : H_v_fp
                                  : to_int ? H_v_to_int : H_v;
    }
    p = ins(k, h);
    p->a = ints;
    p->d = to_int ? wr(k, op->dst[0]) : vslot(k, op->dst[0]);
    p->q = op->imm;
    x = ext(k);
    memcpy(x->arg, arg, sizeof(arg));
    x->desc = VOP_DESC(op->aux, op->w, op->cond, op->flags);
}

/* Condition codes. */

static void cc_store(Packer *k, const TCGOp *op, const TCGv *src)
{
    const uint32_t field[3] = { k->s->env_cc_dst, k->s->env_cc_src,
                                k->s->env_cc_src2 };
    unsigned n = tcg_cc_kind_operands(op->aux);
    InterpInsn *p;
    bool all = true;

    for (unsigned i = 0; i < n; i++) {
        all &= src[i] != TCGV_NONE;
    }
    if (!all) {
        for (unsigned i = 0; i < n; i++) {
            if (src[i]) {
                pack3(k, H_st_env64, 0, src[i], 0, 0)->imm = field[i];
            }
        }
        p = ins(k, H_movi);
        p->d = k->free_int[0];
        p->q = TCG_CC_OP(op->aux, op->w);
        p = ins(k, H_st_env32);
        p->a = k->free_int[0];
        p->imm = k->s->env_cc_op;
        forget_consts(k);
        return;
    }
    pack3(k, H_cc_store, 0, src[0], n > 1 ? src[1] : 0, n > 2 ? src[2] : 0)
        ->imm = TCG_CC_OP(op->aux, op->w);
}

/* A condition on a record as one comparison: a `c` b at the record's width. */
typedef struct Compare {
    TCGCond c;
    TCGv a, b;
    bool minuend;       /* a is still to be computed: a + b */
    bool wide;          /* all 64 bits count, whatever the width */
} Compare;

static const int8_t compare_cond[16] = {
    -1, -1, TCG_COND_LTU, TCG_COND_GEU, TCG_COND_EQ, TCG_COND_NE,
    TCG_COND_LEU, TCG_COND_GTU, -1, -1, -1, -1,
    TCG_COND_LT, TCG_COND_GE, TCG_COND_LE, TCG_COND_GT,
};

/* Conditions of a result when C and O are clear. */
static const int8_t zero_cond[16] = {
    -1, -1, -1, -1, TCG_COND_EQ, TCG_COND_NE, TCG_COND_EQ, TCG_COND_NE,
    TCG_COND_LT, TCG_COND_GE, -1, -1,
    TCG_COND_LT, TCG_COND_GE, TCG_COND_LE, TCG_COND_GT,
};

static bool lower(const TCGOp *op, TCGCCCond ccc, Compare *r)
{
    bool on_result = (ccc >> 1) == CCC_E >> 1 || (ccc >> 1) == CCC_S >> 1;
    bool on_carry = (ccc >> 1) == CCC_B >> 1;
    int c = -1;

    *r = (Compare) { .a = op->src[0] };
    switch (op->aux) {
    case CC_KIND_CMP:
        c = compare_cond[ccc];
        r->b = op->src[1];
        break;
    case CC_KIND_SUB:
        if (on_result) {
            c = zero_cond[ccc];
        } else {
            c = compare_cond[ccc];
            r->b = op->src[1];
            r->minuend = true;
        }
        break;
    case CC_KIND_LOGIC:
    case CC_KIND_ANDN:
        c = zero_cond[ccc];
        break;
    case CC_KIND_ADD:
        c = on_result ? zero_cond[ccc] : on_carry ? compare_cond[ccc] : -1;
        r->b = on_carry ? op->src[1] : TCGV_NONE;
        break;
    case CC_KIND_ADC:
    case CC_KIND_SBB:
    case CC_KIND_INC:
    case CC_KIND_DEC:
    case CC_KIND_SHL:
    case CC_KIND_SHR:
    case CC_KIND_SAR:
        c = on_result ? zero_cond[ccc] : -1;
        break;
    case CC_KIND_MUL:
    case CC_KIND_BLS:
        if (on_carry) {
            r->a = op->src[1];
            r->wide = true;
            c = ccc & 1 ? TCG_COND_EQ : TCG_COND_NE;
        } else if (on_result) {
            c = zero_cond[ccc];
        }
        break;
    case CC_KIND_ZC:
        if (on_carry) {
            r->a = op->src[1];
            c = ccc & 1 ? TCG_COND_NE : TCG_COND_EQ;
        } else if ((ccc >> 1) == CCC_E >> 1) {
            c = zero_cond[ccc];
        }
        break;
    case CC_KIND_Z:
        c = (ccc >> 1) == CCC_E >> 1 ? zero_cond[ccc] : -1;
        break;
    }
    r->c = c;
    return c >= 0;
}

/* The truth of the condition in a scratch slot, 0 or 1. */
static uint16_t cc_test(Packer *k, const TCGOp *op)
{
    unsigned n = tcg_cc_kind_operands(op->aux);
    InterpInsn *p;

    if (op->aux == CC_KIND_DYNAMIC) {
        p = ins(k, H_cc_test_env);
    } else {
        p = pack3(k, H_cc_test, 0, op->src[0], n > 1 ? op->src[1] : 0,
                  n > 2 ? op->src[2] : 0);
    }
    p->d = k->free_int[0];
    p->imm = op->cond << 16 | TCG_CC_OP(op->aux, op->w);
    return p->d;
}

static void pack_cc(Packer *k, const TCGOp *op)
{
    Compare r;
    bool known = lower(op, op->cond, &r);
    unsigned w = r.wide ? MO_64 : op->w;
    uint16_t ra, rb, rc, rf;
    InterpInsn *p;
    int32_t imm = 0;
    bool short_form;

    if (known && !r.minuend) {
        switch (op->opc) {
        case TCG_OP_brcc:
            pack_br(k, r.c, w, r.a, r.b, op->imm);
            return;
        case TCG_OP_setcc:
            pack_setcond(k, r.c, w, op->dst[0], r.a, r.b);
            return;
        default:
            pack_sel(k, r.c, w, op->dst[0], r.a, r.b, op->src[3],
                     op->src[4]);
            return;
        }
    }
    rc = op->opc == TCG_OP_movcc ? rd(k, op->src[3]) : 0;
    rf = op->opc == TCG_OP_movcc ? rd(k, op->src[4]) : 0;
    if (known) {
        /* a = result + subtrahend in a scratch slot, then as a compare */
        short_form = const_s32(k, r.b, &imm);
        rb = short_form && op->opc != TCG_OP_movcc ? 0 : rd(k, r.b);
        ra = rd(k, r.a);
        p = ins(k, short_form ? H_add_64ri : H_add_64rr);
        p->a = ra;
        if (short_form) {
            p->imm = imm;
        } else {
            p->b = rb;
        }
        ra = p->d = k->free_int[0];
    } else {
        ra = cc_test(k, op);
        rb = 0;
        short_form = true;
        r.c = TCG_COND_NE;
        w = MO_64;
    }
    switch (op->opc) {
    case TCG_OP_brcc:
        p = ins(k, H_brEQ_8rr + r.c * 8 + w * 2 + short_form);
        break;
    case TCG_OP_setcc:
        p = ins(k, H_setEQ_8rr + r.c * 8 + w * 2 + short_form);
        p->d = wr(k, op->dst[0]);
        break;
    default:
        p = ins(k, H_selEQ_8 + r.c * 4 + w);
        p->d = wr(k, op->dst[0]);
        break;
    }
    p->a = ra;
    if (op->opc == TCG_OP_movcc) {
        p->b = rb;
        p->c = rc;
        p->imm = rf;
    } else if (short_form) {
        p->imm = imm;
    } else {
        p->b = rb;
    }
    if (op->opc == TCG_OP_brcc) {
        branch_to(k, short_form, op->imm);
    }
}

static void pack_cc_get(Packer *k, const TCGOp *op)
{
    unsigned n = tcg_cc_kind_operands(op->aux);

    if (op->aux == CC_KIND_DYNAMIC) {
        pack3(k, H_cc_get_env, op->dst[0], 0, 0, 0)->imm =
            (uint32_t)op->imm << 16;
    } else {
        pack3(k, H_cc_get, op->dst[0], op->src[0], n > 1 ? op->src[1] : 0,
              n > 2 ? op->src[2] : 0)->imm =
            (uint32_t)op->imm << 16 | TCG_CC_OP(op->aux, op->w);
    }
}

static void pack_cc_set(Packer *k, const TCGOp *op)
{
    const uint32_t field[3] = {
        interp_layout.cc_dst, interp_layout.cc_src, interp_layout.cc_src2,
    };

    for (unsigned i = 0; i < 3; i++) {
        if (op->src[3 + i]) {
            pack3(k, H_mov, op->src[3 + i], op->src[i], 0, 0);
        }
    }
    if (op->flags & TCG_F_CC_STORE) {
        cc_store(k, op, op->src);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (op->cond >> i & 1) {
            pack3(k, H_st_env64, 0, op->src[i], 0, 0)->imm = field[i];
        }
    }
}

/* Calls and exits. */

static void pack_call(Packer *k, const TCGOp *op)
{
    const TCGHelper *h = op->helper;
    bool sync = h->flags & (TCG_HF_READS_GLOBALS | TCG_HF_WRITES_GLOBALS |
                            TCG_HF_FAULTS | TCG_HF_NORETURN);
    uint16_t arg[6] = { 0 };
    InterpInsn *p;

    for (unsigned i = 0; i < h->nargs; i++) {
        arg[i] = rd(k, op->src[i]);
    }
    if (h->flags & (TCG_HF_FAULTS | TCG_HF_NORETURN)) {
        ins(k, H_set_rip)->q = k->pc;
    }
    p = ins(k, sync ? H_call_sync : H_call);
    p->d = op->dst[0] ? wr(k, op->dst[0]) : 0;
    p->q = (uintptr_t)h;
    memcpy(ext(k)->arg, arg, sizeof(arg));
}

static void pack_direct(Packer *k, uint64_t pc, unsigned n)
{
    TCGExit *e = &k->s->exits[n];

    e->stub_offset = k->n * sizeof(InterpInsn);
    ins(k, H_exit_direct)->q = pc;
    e->pc = pc;
    e->jump_offset = k->n * sizeof(InterpInsn) +
                     offsetof(InterpExt, target);
    ext(k)->cookie = k->cookies[n];
}

static void pack_exit(Packer *k, const TCGOp *op)
{
    unsigned poll_at = k->n;
    uint16_t ra;
    InterpInsn *p;

    if (op->opc == TCG_OP_poll) {
        /* what the slow path moves to slots is not there on the fast path */
        forget_consts(k);
        poll_at = k->n;
        ins(k, H_poll);
    }
    if (op->flags & TCG_F_CC_STORE) {
        cc_store(k, op, op->src + 1);
    }
    switch (op->opc) {
    case TCG_OP_exit_direct:
        pack_direct(k, op->imm, k->nb_direct++);
        break;
    case TCG_OP_exit_indirect:
    case TCG_OP_exit_ret:
        ra = rd(k, op->src[0]);
        ins(k, op->opc == TCG_OP_exit_ret ? H_exit_ret
                                          : H_exit_indirect)->a = ra;
        break;
    case TCG_OP_exit_reason:
        ra = rd(k, op->src[0]);
        p = ins(k, H_exit_reason);
        p->a = ra;
        p->imm = op->imm;
        break;
    default:
        p = ins(k, H_movi);
        p->d = k->free_int[0];
        p->q = op->imm;
        p = ins(k, H_exit_reason);
        p->a = k->free_int[0];
        p->imm = EXCP_INTERRUPT;
        k->code[poll_at].imm = k->n - poll_at - 1;
        forget_consts(k);
        break;
    }
}

static void pack_push_ret(Packer *k, const TCGOp *op)
{
    k->push_rets[k->nb_push_rets++] = (PushRet) { k->n, op->imm };
    ins(k, H_push_ret)->q = op->imm;
    ext(k);
}

static void pack_insn_start(Packer *k, const TCGOp *op)
{
    TCGInsnMark *m = &k->s->marks[k->s->nb_marks++];

    k->pc = op->imm;
    *m = (TCGInsnMark) {
        .pc = op->imm, .code_offset = k->n * sizeof(InterpInsn),
        .cc_kind = op->aux, .cc_width = op->w,
    };
    memcpy(m->cc_src, op->src, sizeof(m->cc_src));
}

static void pack_ext(Packer *k, const TCGOp *op)
{
    static const uint16_t s32[4] = { H_exts8_32, H_exts16_32, H_extu32,
                                     H_extu32 };
    static const uint16_t s64[4] = { H_exts8_64, H_exts16_64, H_exts32_64,
                                     H_mov };
    static const uint16_t u[4] = { H_extu8, H_extu16, H_extu32, H_mov };
    unsigned h = op->opc == TCG_OP_extu ? u[MIN(op->cond, op->w)] :
                 op->w == MO_64 ? s64[op->cond] : s32[op->cond];

    pack3(k, h, op->dst[0], op->src[0], 0, 0);
}

static void pack_ld(Packer *k, const TCGOp *op)
{
    static const uint16_t u[4] = { H_ld8_b, H_ld16_b, H_ld32_b, H_ld64_b };
    static const uint16_t s32[4] = { H_lds8_32_b, H_lds16_32_b, H_ld32_b,
                                     H_ld32_b };
    static const uint16_t s64[4] = { H_lds8_64_b, H_lds16_64_b, H_lds32_64_b,
                                     H_ld64_b };

    pack_ldst(k, op->opc == TCG_OP_ld ? u[op->w] :
                 op->opc == TCG_OP_lds32 ? s32[op->w] : s64[op->w], op);
}

/* First handler of ops whose handlers are numbered by width alone. */
static const uint16_t simple[TCG_OP_MAX] = {
#define X(n) [TCG_OP_##n] = H_##n##_8rr,
    INTERP_ALU(X)
#undef X
#define X(n) [TCG_OP_##n] = H_##n##_8,
    INTERP_UNARY(X)
    INTERP_CARRY(X)
#undef X
#define X(n) [TCG_OP_##n] = H_##n##_32,
    INTERP_WIDE(X)
#undef X
};

static void pack_op(Packer *k, const TCGOp *op)
{
    const TCGv *src = op->src, *dst = op->dst;
    InterpInsn *p;
    Address addr;

    switch ((TCGOpcode)op->opc) {
    case TCG_OP_nop: case TCG_OP_cc_ref:
        break;
    case TCG_OP_insn_start:
        pack_insn_start(k, op);
        break;
    case TCG_OP_label:
        forget_consts(k);
        k->label_at[op->imm] = k->n;
        break;
    case TCG_OP_br:
        ins(k, H_br);
        branch_to(k, false, op->imm);
        break;
    case TCG_OP_brcond:
        pack_br(k, op->cond, op->w, src[0], src[1], op->imm);
        break;
    case TCG_OP_mov:
        if (op->w < MO_32) {
            pack3(k, op->w == MO_8 ? H_mov8 : H_mov16, dst[0], src[0],
                  src[1], 0);
        } else if (tcg_is_const(k->s, src[0]) && !k->slot[src[0]]) {
            p = ins(k, H_movi);
            p->d = wr(k, dst[0]);
            p->q = k->s->vals[src[0]].value & tcg_width_mask(op->w);
        } else {
            pack3(k, op->w == MO_64 ? H_mov : H_extu32, dst[0], src[0], 0, 0);
        }
        break;
    case TCG_OP_extu:
    case TCG_OP_exts:
        pack_ext(k, op);
        break;
    case TCG_OP_extract:
        p = pack3(k, H_extract, dst[0], src[0], 0, 0);
        p->b = op->imm & 0xff;
        p->c = op->imm >> 8;
        break;
    case TCG_OP_deposit:
        p = pack3(k, H_deposit, dst[0], src[0], src[1], 0);
        p->c = op->imm & 0xff;
        p->imm = op->imm >> 8;
        break;
    case TCG_OP_extract2:
        pack3(k, simple[op->opc] + op->w - MO_32, dst[0], src[0], src[1], 0)
            ->imm = op->imm;
        break;
    case TCG_OP_add: case TCG_OP_sub: case TCG_OP_and: case TCG_OP_or:
    case TCG_OP_xor: case TCG_OP_mul: case TCG_OP_shl: case TCG_OP_shr:
    case TCG_OP_sar: case TCG_OP_rotl: case TCG_OP_rotr:
        pack_alu(k, simple[op->opc], op);
        break;
    case TCG_OP_neg: case TCG_OP_not: case TCG_OP_adc: case TCG_OP_sbb:
        pack3(k, simple[op->opc] + op->w, dst[0], src[0], src[1], src[2]);
        break;
    case TCG_OP_andn: case TCG_OP_shld: case TCG_OP_shrd:
    case TCG_OP_bswap: case TCG_OP_clz: case TCG_OP_ctz:
    case TCG_OP_popcnt: case TCG_OP_pdep: case TCG_OP_pext:
        pack3(k, simple[op->opc] + op->w - MO_32, dst[0], src[0], src[1],
              src[2]);
        break;
    case TCG_OP_mulu2: case TCG_OP_muls2:
        p = pack3(k, simple[op->opc] + op->w - MO_32, dst[0], src[0], src[1],
                  0);
        p->c = dst[1] ? wr(k, dst[1]) : k->free_int[1];
        break;
    case TCG_OP_divu2: case TCG_OP_divs2:
        p = pack3(k, simple[op->opc] + op->w - MO_32, dst[0], src[0], src[1],
                  src[2]);
        p->imm = dst[1] ? wr(k, dst[1]) : k->free_int[1];
        break;
    case TCG_OP_setcond:
        pack_setcond(k, op->cond, op->w, dst[0], src[0], src[1]);
        break;
    case TCG_OP_movcond:
        pack_sel(k, op->cond, op->w, dst[0], src[0], src[1], src[2], src[3]);
        break;
    case TCG_OP_cc_set:
        pack_cc_set(k, op);
        break;
    case TCG_OP_cc_get:
        pack_cc_get(k, op);
        break;
    case TCG_OP_brcc: case TCG_OP_setcc: case TCG_OP_movcc:
        pack_cc(k, op);
        break;
    case TCG_OP_ld: case TCG_OP_lds32: case TCG_OP_lds64:
        pack_ld(k, op);
        break;
    case TCG_OP_st:
        pack_ldst(k, H_st8_b + 4 * op->w, op);
        break;
    case TCG_OP_lea:
        addr = address(k, op);
        pack_mem(k, op->w == MO_64 ? H_lea_64 : H_lea_32, wr(k, dst[0]),
                 addr);
        break;
    case TCG_OP_xchg: case TCG_OP_cmpxchg: case TCG_OP_atomic_add:
    case TCG_OP_atomic_and: case TCG_OP_atomic_or: case TCG_OP_atomic_xor:
        pack_atomic(k, op);
        break;
    case TCG_OP_mb:
        ins(k, H_mb);
        break;
    case TCG_OP_ld_env:
        pack3(k, H_ld_env8 + op->w, dst[0], 0, 0, 0)->imm = op->imm;
        break;
    case TCG_OP_st_env:
        pack3(k, H_st_env8 + op->w, 0, src[0], 0, 0)->imm = op->imm;
        break;
    case TCG_OP_lea_env:
        pack3(k, H_lea_env, dst[0], 0, 0, 0)->imm = op->imm;
        break;
    case TCG_OP_v:
        pack_vop(k, op);
        break;
    case TCG_OP_vld: case TCG_OP_vst:
        pack_vmem(k, op);
        break;
    case TCG_OP_vld_env: case TCG_OP_vst_env:
        p = ins(k, op->opc == TCG_OP_vld_env ? H_vld_env : H_vst_env);
        p->d = vslot(k, op->opc == TCG_OP_vld_env ? dst[0] : src[0]);
        p->b = 1u << op->w;
        p->c = zero_behind(op);
        p->imm = op->imm;
        break;
    case TCG_OP_ld_mxcsr:
        pack3(k, H_st_env32, 0, src[0], 0, 0)->imm = interp_layout.mxcsr;
        break;
    case TCG_OP_st_mxcsr:
        pack3(k, H_ld_env32, dst[0], 0, 0, 0)->imm = interp_layout.mxcsr;
        break;
    case TCG_OP_call:
        pack_call(k, op);
        break;
    case TCG_OP_exit_direct: case TCG_OP_exit_indirect:
    case TCG_OP_exit_ret: case TCG_OP_exit_reason: case TCG_OP_poll:
        pack_exit(k, op);
        break;
    case TCG_OP_push_ret:
        pack_push_ret(k, op);
        break;
    case TCG_OP_brret:          /* not announced */
    case TCG_OP_vstr:
    case TCG_OP_MAX:
        break;
    }
}

static void finish(Packer *k)
{
    for (unsigned i = 0; i < k->nb_push_rets; i++) {
        PushRet *r = &k->push_rets[i];

        ((InterpExt *)&k->code[r->insn + 1])->desc =
            (k->n - r->insn) * sizeof(InterpInsn);
        pack_direct(k, r->pc, k->nb_direct + i);
    }
    k->s->nb_exits = k->nb_direct + k->nb_push_rets;
    for (unsigned i = 0; i < k->nb_fixups; i++) {
        Fixup *x = &k->fixups[i];
        InterpInsn *p = &k->code[x->insn];
        int32_t rel = (int32_t)k->label_at[x->label] - (int32_t)x->insn;

        if (x->short_form) {
            debug_assert(rel == (int16_t)rel);
            p->d = rel;
        } else {
            p->imm = rel;
        }
    }
}

ptrdiff_t interp_pack(TCGContext *s, TCGCodeBuf buf, const uintptr_t *cookies)
{
    Packer *k = s->backend_data;
    size_t room = buf.size / sizeof(InterpInsn);

    k->s = s;
    k->code = (InterpInsn *)buf.rw;
    k->n = 0;
    k->cookies = cookies;
    k->nb_direct = k->nb_push_rets = k->nb_fixups = 0;
    k->pc = s->pc;
    s->nb_marks = 0;
    slots_init(k);
    for (unsigned i = 0; i < s->nb_ops; i++) {
        const TCGOp *op = &s->ops[i];

        if (k->n + NEED_ROOM > room) {
            return -1;
        }
        if (k->nb_free_int < NEED_FREE) {
            forget_consts(k);
        }
        pack_op(k, op);
        for (unsigned j = 0; j < 6; j++) {
            release(k, op->src[j], i);
        }
        for (unsigned j = 0; j < tcg_op_defs[op->opc].dsts; j++) {
            release(k, op->dst[j], i);
        }
    }
    if (k->n + 2 * k->nb_push_rets > room) {
        return -1;
    }
    finish(k);
    return (ptrdiff_t)k->n * sizeof(InterpInsn);
}

size_t interp_packer_size(void)
{
    return sizeof(Packer);
}
