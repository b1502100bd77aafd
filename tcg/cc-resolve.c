/*
 * Connect the readers of flags with the cc_set in force.
 *
 * A forward walk keeps the current record: the cc_set it comes from, which of
 * its operands have been overwritten since ("stale"), and whether the CPU
 * state holds it.  A reader gets the operands themselves; for a stale one the
 * cc_set is told to save a copy in a temp.  At the entry of a unit and behind
 * a join label the record is in the CPU state; behind a side label it is that
 * of the branch.
 *
 * At the end ops that became nop are squeezed out, and cc_set ops nobody needs
 * with them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"

typedef struct Resolve {
    TCGContext *s;
    TCGPassData *p;
    unsigned set;           /* op (index + 1) of the cc_set; 0: in CPU state */
    unsigned stale;         /* operands overwritten since, by bit */
    bool in_env;            /* the CPU state has the record, too */
} Resolve;

static TCGOp *current(const Resolve *r)
{
    return &r->s->ops[r->set - 1];
}

static void store_at_set(Resolve *r)
{
    if (r->set) {
        current(r)->flags |= TCG_F_CC_STORE;
        r->in_env = true;
    }
}

/* Operand @k of the record, valid here. */
static TCGv operand(Resolve *r, unsigned k)
{
    TCGOp *set = current(r);

    if (!(r->stale >> k & 1)) {
        return set->src[k];
    }
    if (!set->src[3 + k]) {
        set->src[3 + k] = tcg_temp(r->s);
    }
    return set->src[3 + k];
}

static void attach(Resolve *r, TCGOp *op, unsigned first)
{
    const TCGOp *set;

    if (!r->set) {
        op->aux = CC_KIND_DYNAMIC;
        op->flags |= TCG_F_CC_IN_ENV;
        return;
    }
    set = current(r);
    op->aux = set->aux;
    op->w = set->w;
    op->cc_id = set->cc_id;
    for (unsigned k = 0; k < tcg_cc_kind_operands(set->aux); k++) {
        op->src[first + k] = operand(r, k);
    }
    if (r->in_env) {
        op->flags |= TCG_F_CC_IN_ENV;
    }
}

static void attach_exit(Resolve *r, TCGOp *op)
{
    if (r->set && !r->in_env && !op->dst[1]) {
        op->aux = CC_KIND_DYNAMIC;      /* flags nobody will read */
    } else if (r->set && r->in_env) {
        op->aux = CC_KIND_DYNAMIC;
        op->flags |= TCG_F_CC_IN_ENV;
    } else {
        attach(r, op, 1);
        if (r->set) {
            op->flags |= TCG_F_CC_STORE;
        }
    }
}

/*
 * The record for the fault table.  What is neither a constant nor a global
 * that kept its value is none: then the CPU state has it, or nobody needs it.
 */
static void attach_insn(Resolve *r, TCGOp *op)
{
    const TCGOp *set;

    if (!r->set || r->in_env) {
        op->aux = CC_KIND_DYNAMIC;
        op->flags |= TCG_F_CC_IN_ENV;
        return;
    }
    set = current(r);
    op->aux = set->aux;
    op->w = set->w;
    for (unsigned k = 0; k < tcg_cc_kind_operands(set->aux); k++) {
        TCGv v = set->src[k];

        if (tcg_is_const(r->s, v) ||
            (tcg_is_global(r->s, v) && !(r->stale >> k & 1))) {
            op->src[k] = v;
        }
    }
}

static void written(Resolve *r, TCGv v)
{
    const TCGOp *set = current(r);

    for (unsigned k = 0; k < 3; k++) {
        if (set->src[k] == v) {
            r->stale |= 1 << k;
        }
    }
}

static void call(Resolve *r, TCGOp *op)
{
    unsigned f = op->helper->flags;

    if (op->flags & TCG_F_CC_STORE) {
        store_at_set(r);
        op->flags &= ~TCG_F_CC_STORE;
    }
    if (f & TCG_HF_WRITES_CC) {
        r->set = 0;
    } else if (r->set && f & (TCG_HF_WRITES_GLOBALS | TCG_HF_WRITES_VREGS)) {
        for (unsigned k = 0; k < 3; k++) {
            if (tcg_is_global(r->s, current(r)->src[k])) {
                r->stale |= 1 << k;
            }
        }
    }
}

/* Leaving for a label: its code finds the record as it was here. */
static void branch(Resolve *r, const TCGOp *op)
{
    unsigned l = op->imm;

    if (!r->s->labels[l].side) {
        if (r->p->at_label[l].cc_live) {
            store_at_set(r);
        }
        return;
    }
    r->p->branch[l].set = r->set;
    r->p->branch[l].stale = r->stale;
    r->p->branch[l].in_env = r->in_env;
}

static void label(Resolve *r, const TCGOp *op, bool falls_in)
{
    unsigned l = op->imm;

    if (r->s->labels[l].side) {
        r->set = r->p->branch[l].set;
        r->stale = r->p->branch[l].stale;
        r->in_env = r->p->branch[l].in_env;
        return;
    }
    if (falls_in && r->p->at_label[l].cc_live) {
        store_at_set(r);
    }
    r->set = 0;
}

static void resolve(Resolve *r)
{
    TCGContext *s = r->s;
    bool falls_in = true;

    for (unsigned i = 0; i < s->nb_ops; i++) {
        TCGOp *op = &s->ops[i];
        const TCGOpDef *def = &tcg_op_defs[op->opc];

        switch (op->opc) {
        case TCG_OP_nop:
            continue;
        case TCG_OP_label:
            label(r, op, falls_in);
            break;
        case TCG_OP_insn_start:
            attach_insn(r, op);
            break;
        case TCG_OP_cc_set:
            r->set = i + 1;
            r->stale = 0;
            r->in_env = false;
            break;
        case TCG_OP_brcc:
        case TCG_OP_setcc:
        case TCG_OP_movcc:
        case TCG_OP_cc_get:
            attach(r, op, 0);
            break;
        case TCG_OP_exit_direct:
        case TCG_OP_exit_indirect:
        case TCG_OP_exit_ret:
        case TCG_OP_exit_reason:
        case TCG_OP_poll:
            attach_exit(r, op);
            break;
        case TCG_OP_call:
            call(r, op);
            break;
        }
        if (def->flags & TCG_OPF_B) {
            branch(r, op);
        }
        if (r->set) {
            for (unsigned k = 0; k < def->dsts; k++) {
                if (op->dst[k]) {
                    written(r, op->dst[k]);
                }
            }
        }
        falls_in = !(def->flags & TCG_OPF_E);
    }
}

static void squeeze(TCGContext *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->nb_ops; i++) {
        const TCGOp *op = &s->ops[i];

        if (op->opc == TCG_OP_nop ||
            (op->opc == TCG_OP_cc_set && !op->imm && !op->cond &&
             !(op->flags & TCG_F_CC_STORE))) {
            continue;
        }
        if (n != i) {
            s->ops[n] = *op;
        }
        n++;
    }
    s->nb_ops = n;
}

void tcg_pass_resolve(TCGContext *s)
{
    Resolve r = { .s = s, .p = tcg_pass_data(s) };

    resolve(&r);
    squeeze(s);
}
