/*
 * The backward pass: dead code, dead flags, copies into globals.
 *
 * Temps are written once, so a temp is live from its definition when anything
 * further down reads it.  For globals the pass keeps the set that is surely
 * overwritten before anybody can look; an op that may fault, a branch, a label
 * and an exit look at all of them.
 *
 * Flags are live bit by bit.  A cc_set without readers, and what was computed
 * for it alone, goes away; one that needs fewer flags may change to a kind
 * with fewer operands.  A cc_set whose flags are still wanted behind a point
 * that may fault must be reconstructible there: operands that are not a global
 * at that point are marked to be written to the CPU state (TCGOp.cond).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"

#define COALESCE_WINDOW 12

typedef struct Backward {
    TCGContext *s;
    TCGPassData *p;
    uint64_t dead;          /* globals overwritten before anybody looks */
    uint32_t cc_live;       /* flags that are read further down */
    /* Since here the record in force is wanted at a fault point where flags
     * are live; `written` are the globals that change before the last one. */
    bool strong;
    bool ref;               /* ... and left by reference at an exit */
    uint64_t written;
    bool fault;             /* an op of this guest instruction may fault */
} Backward;

static uint64_t global_bit(const TCGContext *s, TCGv v)
{
    return tcg_is_global(s, v) && v <= 64 ? 1ull << (v - 1) : 0;
}

static void use(Backward *b, TCGv v)
{
    b->p->live[v] = true;
    if (v - 1u < 64) {
        b->dead &= ~(1ull << (v - 1));  /* not set for what is no global */
    }
}

/* Does the op define all that later readers of @v may see? */
static bool writes_all(const TCGOp *op)
{
    switch (op->opc) {
    case TCG_OP_v:
    case TCG_OP_vld:
    case TCG_OP_vld_env:
        return op->w == VW_32 || (op->flags & TCG_F_ZERO_UPPER);
    default:
        return true;
    }
}

static bool dst_dead(const Backward *b, TCGv v)
{
    switch (b->s->vals[v].kind) {
    case TCG_VAL_TEMP:
        return !b->p->live[v];
    case TCG_VAL_GLOBAL:
        return v == TCGV_NONE || (b->dead & global_bit(b->s, v));
    default:
        return false;
    }
}

/* Can the op go when its results are not wanted? */
static inline bool removable(const TCGOp *op)
{
    if (op->opc == TCG_OP_call) {
        return op->helper->flags & TCG_HF_PURE;
    }
    return tcg_op_defs[op->opc].dsts && !tcg_op_faults(op) &&
           !(tcg_op_defs[op->opc].flags & TCG_OPF_S);
}

static void define(Backward *b, const TCGOp *op)
{
    for (unsigned k = 0; k < tcg_op_defs[op->opc].dsts; k++) {
        uint64_t bit = global_bit(b->s, op->dst[k]);

        if (bit && writes_all(op)) {
            b->dead |= bit;
        } else {
            b->dead &= ~bit;
        }
        if (b->strong) {
            b->written |= bit;
        }
    }
}

/*
 * `global = mov t` where t is not wanted otherwise: let the op that computes t
 * write the global.  Either its result moves up (nothing in between may look
 * at the global or fault), or the op moves down here (its operands still being
 * what they were).
 */
typedef struct Window {
    unsigned from, to;      /* ops strictly between */
    TCGv t, g;
} Window;

static bool reads(const TCGOp *op, TCGv v)
{
    for (unsigned k = 0; k < 6; k++) {
        if (op->src[k] == v) {
            return true;
        }
    }
    return false;
}

static bool writes(const TCGOp *op, TCGv v)
{
    unsigned n = tcg_op_defs[op->opc].dsts;

    return (n > 0 && op->dst[0] == v) || (n > 1 && op->dst[1] == v);
}

static bool opaque(const TCGOp *op)
{
    return op->opc == TCG_OP_call || op->opc == TCG_OP_insn_start ||
           op->opc == TCG_OP_label || op->opc == TCG_OP_poll ||
           tcg_op_defs[op->opc].flags & (TCG_OPF_B | TCG_OPF_E);
}

static bool can_hoist(const TCGContext *s, const Window *w)
{
    for (unsigned i = w->from + 1; i < w->to; i++) {
        const TCGOp *op = &s->ops[i];

        if (op->opc != TCG_OP_nop &&
            (opaque(op) || tcg_op_faults(op) || reads(op, w->g) ||
             writes(op, w->g))) {
            return false;
        }
    }
    return true;
}

static bool can_sink(const TCGContext *s, const Window *w)
{
    const TCGOp *d = &s->ops[w->from];

    if (!removable(d) || tcg_op_defs[d->opc].flags & TCG_OPF_C ||
        d->opc == TCG_OP_ld_env || d->opc == TCG_OP_call || d->dst[1]) {
        return false;
    }
    for (unsigned i = w->from + 1; i < w->to; i++) {
        const TCGOp *op = &s->ops[i];

        if (op->opc == TCG_OP_nop) {
            continue;
        }
        if (op->opc == TCG_OP_label || reads(op, w->t) ||
            (op->opc == TCG_OP_call &&
             op->helper->flags & TCG_HF_WRITES_GLOBALS)) {
            return false;
        }
        for (unsigned k = 0; k < 6; k++) {
            if (d->src[k] && writes(op, d->src[k])) {
                return false;
            }
        }
    }
    return true;
}

/* Index of the op that defines @t, looking back a little; or -1. */
static int find_def(const TCGContext *s, unsigned at, TCGv t)
{
    unsigned low = at > COALESCE_WINDOW ? at - COALESCE_WINDOW : 0;

    for (unsigned i = at; i-- > low; ) {
        if (writes(&s->ops[i], t)) {
            return i;
        }
        if (s->ops[i].opc == TCG_OP_label) {
            break;
        }
    }
    return -1;
}

static void coalesce(Backward *b, unsigned i)
{
    TCGContext *s = b->s;
    TCGOp *op = &s->ops[i], *d;
    TCGv t = op->src[0], g = op->dst[0];
    Window w = { .to = i, .t = t, .g = g };
    int at;

    if (op->w != MO_64 || !tcg_is_global(s, g) ||
        s->vals[t].kind != TCG_VAL_TEMP || b->p->live[t] ||
        (at = find_def(s, i, t)) < 0) {
        return;
    }
    d = &s->ops[at];
    w.from = at;
    if (d->opc == TCG_OP_call || writes(d, g)) {
        return;
    }
    if (can_hoist(s, &w)) {
        for (unsigned k = 0; k < 2; k++) {
            if (d->dst[k] == t) {
                d->dst[k] = g;
            }
        }
        for (unsigned k = at + 1; k < i; k++) {
            for (unsigned j = 0; j < 6; j++) {
                if (s->ops[k].src[j] == t) {
                    s->ops[k].src[j] = g;
                }
            }
        }
        tcg_op_remove(op);
    } else if (can_sink(s, &w)) {
        *op = *d;
        op->dst[0] = g;
        tcg_op_remove(d);
    }
}

/* Flags. */

/* A kind that gives the same @need flags from fewer operands. */
static void narrow_kind(TCGContext *s, TCGOp *op, uint32_t need)
{
    bool result_only = !(need & (TCG_CC_C | TCG_CC_O | TCG_CC_A));

    switch (op->aux) {
    case CC_KIND_ADC:
    case CC_KIND_SBB:
    case CC_KIND_SHL:
    case CC_KIND_SHR:
    case CC_KIND_SAR:
    case CC_KIND_MUL:
        if (result_only) {
            op->aux = CC_KIND_LOGIC;
        }
        break;
    case CC_KIND_INC:
    case CC_KIND_DEC:
        if (result_only) {
            op->aux = CC_KIND_LOGIC;
        } else if (!(need & TCG_CC_C)) {
            op->src[1] = tcg_const(s, 0);
        }
        break;
    case CC_KIND_BLS:
        if (!(need & TCG_CC_C)) {
            op->src[1] = tcg_const(s, 0);
        }
        break;
    case CC_KIND_ZC:
        if (!(need & TCG_CC_C)) {
            op->aux = CC_KIND_Z;
        }
        break;
    }
    for (unsigned k = tcg_cc_kind_operands(op->aux); k < 3; k++) {
        op->src[k] = TCGV_NONE;
    }
}

/* The record in force is not wanted further up. */
static void forget_record(Backward *b)
{
    b->cc_live = 0;
    b->strong = b->ref = false;
    b->written = 0;
}

/* Must operand @v be written to the CPU state for those who look later? */
static bool must_put(const Backward *b, TCGv v, unsigned *consts)
{
    const TCGContext *s = b->s;

    if (s->vals[v].kind == TCG_VAL_CONST) {
        return b->ref && ((*consts)++ || !tcg_cc_ref_const(s, v));
    }
    return b->strong && (!tcg_is_global(s, v) ||
                         (b->written & global_bit(s, v)) ||
                         v > TCG_CC_REF_MAX);
}

static void cc_set(Backward *b, TCGOp *op)
{
    TCGContext *s = b->s;
    unsigned consts = 0;

    op->imm = b->cc_live;
    op->cond = 0;
    if (b->cc_live) {
        narrow_kind(s, op, b->cc_live);
        for (unsigned k = 0; k < 3; k++) {
            TCGv v = op->src[k];

            if (!v) {
                continue;
            }
            if (must_put(b, v, &consts)) {
                op->cond |= 1 << k;
            }
            if (s->vals[v].kind != TCG_VAL_CONST) {
                use(b, v);
            }
        }
    } else {
        s->stat_cc_removed++;
    }
    forget_record(b);
}

static void insn_start(Backward *b)
{
    if (b->fault) {
        if (b->s->precise_flags) {
            b->cc_live = TCG_CC_ALL;
        }
        b->strong |= b->cc_live != 0;
    }
    b->fault = false;
}

static void call(Backward *b, TCGOp *op)
{
    unsigned f = op->helper->flags;
    bool faults = f & (TCG_HF_FAULTS | TCG_HF_NORETURN);

    op->flags &= ~TCG_F_CC_STORE;
    if (f & TCG_HF_WRITES_CC) {
        forget_record(b);
    }
    if (f & TCG_HF_NORETURN) {
        b->cc_live = TCG_CC_ALL;
    }
    if (f & TCG_HF_READS_CC ||
        (faults && (b->cc_live || b->s->precise_flags))) {
        /* the record must be in the CPU state before the call */
        b->cc_live = TCG_CC_ALL;
        op->flags |= TCG_F_CC_STORE;
    }
    if (!(f & TCG_HF_PURE) || f & (TCG_HF_READS_GLOBALS |
                                   TCG_HF_READS_VREGS | TCG_HF_FAULTS)) {
        b->dead = 0;
    }
    if (b->strong && f & (TCG_HF_WRITES_GLOBALS | TCG_HF_WRITES_VREGS)) {
        b->written = UINT64_MAX;
    }
}

/* State at the target of a branch; a loop's head is known in round two. */
static void branch(Backward *b, const TCGOp *op)
{
    b->cc_live |= b->p->at_label[op->imm].cc_live;
    b->strong |= b->p->at_label[op->imm].strong;
    b->ref |= b->p->at_label[op->imm].ref;
    b->written |= b->p->at_label[op->imm].written;
    b->dead = 0;
}

static void at_end(Backward *b)
{
    b->dead = 0;
    forget_record(b);
    b->fault = false;
}

/* Ops that do more than read and write values. */
static const bool has_effects[TCG_OP_MAX] = {
    [TCG_OP_label] = true, [TCG_OP_br] = true,
    [TCG_OP_brcc] = true, [TCG_OP_brcond] = true, [TCG_OP_setcc] = true,
    [TCG_OP_brret] = true,
    [TCG_OP_movcc] = true, [TCG_OP_cc_get] = true,
    [TCG_OP_exit_direct] = true, [TCG_OP_exit_indirect] = true,
    [TCG_OP_exit_ret] = true, [TCG_OP_exit_reason] = true,
    [TCG_OP_poll] = true, [TCG_OP_call] = true, [TCG_OP_cc_ref] = true,
};

static void effects(Backward *b, TCGOp *op)
{
    switch (op->opc) {
    case TCG_OP_label:
        b->p->at_label[op->imm].cc_live = b->cc_live;
        b->p->at_label[op->imm].strong = b->strong;
        b->p->at_label[op->imm].ref = b->ref;
        b->p->at_label[op->imm].written = b->written;
        b->dead = 0;
        break;
    case TCG_OP_br:
        at_end(b);
        branch(b, op);
        break;
    case TCG_OP_brcc:
        b->cc_live |= tcg_cc_cond_flags(op->cond);
        branch(b, op);
        break;
    case TCG_OP_brcond:
    case TCG_OP_brret:
        branch(b, op);
        break;
    case TCG_OP_setcc:
    case TCG_OP_movcc:
        b->cc_live |= tcg_cc_cond_flags(op->cond);
        break;
    case TCG_OP_cc_get:
        b->cc_live |= op->imm;
        break;
    case TCG_OP_exit_direct:
    case TCG_OP_exit_indirect:
    case TCG_OP_exit_ret:
    case TCG_OP_exit_reason:
        at_end(b);
        b->cc_live = op->dst[1];
        break;
    case TCG_OP_poll:
        /* resumes where the unit goes on: there the same flags are live */
        if (b->s->precise_flags) {
            b->cc_live = TCG_CC_ALL;
        }
        op->dst[1] = b->cc_live;
        b->dead = 0;
        break;
    case TCG_OP_cc_ref:
        b->cc_live = TCG_CC_ALL;
        b->strong = b->ref = true;
        b->written |= op->imm;
        break;
    case TCG_OP_call:
        call(b, op);
        break;
    }
}

static void walk(Backward *b)
{
    TCGContext *s = b->s;

    at_end(b);
    for (unsigned i = s->nb_ops; i-- > 0; ) {
        TCGOp *op = &s->ops[i];
        bool dead = false;
        unsigned n;

        if (op->opc == TCG_OP_insn_start) {
            insn_start(b);
            continue;
        }
        if (op->opc == TCG_OP_mov) {
            coalesce(b, i);
        }
        if (op->opc == TCG_OP_nop) {
            continue;
        }
        if (op->opc == TCG_OP_cc_set) {
            cc_set(b, op);
            continue;
        }
        if (removable(op)) {
            dead = dst_dead(b, op->dst[0]) &&
                   (tcg_op_defs[op->opc].dsts < 2 || dst_dead(b, op->dst[1]));
        }
        if (dead) {
            tcg_op_remove(op);
            s->stat_ops_removed++;
            continue;
        }
        define(b, op);
        if (has_effects[op->opc]) {
            effects(b, op);
        }
        if (tcg_op_faults(op)) {
            b->fault = true;
            b->dead = 0;
        }
        n = op->opc == TCG_OP_call ? 6 : tcg_op_srcs(op);
        for (unsigned k = 0; k < n; k++) {
            use(b, op->src[k]);
        }
    }
}

void tcg_pass_backward(TCGContext *s)
{
    Backward b = { .s = s, .p = tcg_pass_data(s) };

    memset(b.p->live, 0, s->nb_vals);
    for (unsigned l = 0; l < s->nb_labels; l++) {
        /* until a label has been met: nothing is known about its code */
        b.p->at_label[l].cc_live = TCG_CC_ALL;
        b.p->at_label[l].strong = true;
        b.p->at_label[l].ref = true;
        b.p->at_label[l].written = UINT64_MAX;
    }
    if (b.p->loop) {
        /*
         * The first round takes everything for live at a loop's head; what it
         * finds there holds for the second one, which may then drop more.
         */
        walk(&b);
        memset(b.p->live, 0, s->nb_vals);
    }
    walk(&b);
}
