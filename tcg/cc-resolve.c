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
 * On the way ops that became nop are squeezed out, and cc_set ops nobody needs
 * with them.  The record of such a cc_set is still good for the fault table.
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
    TCGOp gone;             /* the cc_set when `set` is SET_GONE */
    TCGOp *cur;             /* the cc_set */
    unsigned nb_direct;     /* exit_direct ops so far */
    unsigned loop_set;      /* `set` at the exit that goes round */
    unsigned loop_at;       /* index of that exit's cc_ref, in the result */
    bool goes_round;        /* the next exit_direct is that exit */
} Resolve;

#define SET_GONE UINT16_MAX

static TCGOp *current(const Resolve *r)
{
    return r->cur;
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

static void attach(Resolve *r, TCGOp *op, unsigned first, bool stores)
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
    for (unsigned k = 0, n = tcg_cc_kind_operands(set->aux); k < n; k++) {
        /* what the cc_set has put into its field need not be kept for that */
        op->src[first + k] = stores && set->cond >> k & 1 ? TCGV_NONE
                                                          : operand(r, k);
    }
    if (r->in_env) {
        op->flags |= TCG_F_CC_IN_ENV;
    }
}

/* Exits are numbered in op order over exit_direct, then push_ret. */
static void note_exit(Resolve *r, const TCGOp *op)
{
    TCGExit *e = &r->s->exits[r->nb_direct];

    if (r->nb_direct < TCG_MAX_EXITS) {
        r->nb_direct++;
        e->flags_open = op->dst[1] != TCG_CC_ALL &&
                        !(op->flags & TCG_F_CC_REF);
        e->loop = r->goes_round;
    }
    r->goes_round = false;
}

static void attach_exit(Resolve *r, TCGOp *op)
{
    if (r->set && !r->in_env && !op->dst[1]) {
        op->aux = CC_KIND_DYNAMIC;      /* flags nobody will read */
    } else if (r->set && r->in_env) {
        op->aux = CC_KIND_DYNAMIC;
        op->flags |= TCG_F_CC_IN_ENV;
    } else {
        attach(r, op, 1, true);
        if (r->set) {
            op->flags |= TCG_F_CC_STORE;
        }
    }
}

/* The exit_direct that comes next, a poll aside, behind index @i, or NULL. */
static const TCGOp *next_exit(const TCGContext *s, unsigned i)
{
    while (++i < s->nb_ops && (s->ops[i].opc == TCG_OP_nop ||
                               s->ops[i].opc == TCG_OP_poll)) {
    }
    return i < s->nb_ops && s->ops[i].opc == TCG_OP_exit_direct ?
           &s->ops[i] : NULL;
}

/* Does the cc_ref at index @i of the source lead to the unit's own pc? */
static bool leads_back(const TCGContext *s, unsigned i)
{
    const TCGOp *exit = next_exit(s, i);

    return exit && exit->imm == s->pc;
}

/* The record goes round by @cc_op: is it left out?  See TCGLoop. */
static bool go_round(Resolve *r, unsigned n, uint32_t cc_op)
{
    TCGLoop *l = &r->s->loop;
    TCGOp *set = current(r);

    if (l->cc_op || r->set == SET_GONE) {
        return false;           /* a second one stores */
    }
    r->goes_round = true;
    r->loop_set = r->set;
    r->loop_at = n;
    l->cc_op = cc_op;
    l->consts = 0;
    for (unsigned k = 0, m = tcg_cc_kind_operands(set->aux); k < m; k++) {
        if (set->cond >> k & 1 && tcg_is_const(r->s, set->src[k])) {
            l->consts |= 1 << k;
            l->value[k] = r->s->vals[set->src[k]].value;
        }
    }
    if (l->rounds) {
        set->cond &= ~l->consts;
    }
    return l->rounds;
}

/* May the record in the CPU state change on the way round? */
static bool loop_is_clean(const Resolve *r)
{
    const TCGContext *s = r->s;

    for (unsigned i = 0; i < r->loop_at; i++) {
        const TCGOp *op = &s->ops[i];

        if (op->opc == TCG_OP_call ||
            (op->opc == TCG_OP_cc_set && i + 1 != r->loop_set &&
             (op->cond || op->flags & TCG_F_CC_STORE)) ||
            (op->opc == TCG_OP_st_env && !next_exit(s, i) &&
             (op->imm == s->env_cc_op || op->imm == s->env_cc_dst ||
              op->imm == s->env_cc_src || op->imm == s->env_cc_src2))) {
            return false;
        }
    }
    return !(s->ops[r->loop_set - 1].flags & TCG_F_CC_STORE);
}

/*
 * Before an exit: the record by reference, as a store of cc_op.  What is not
 * named there the CPU state has (TCGOp.cond of the cc_set).  False: there is
 * nothing to do.  @i, @n: indices of the cc_ref before and in the result.
 */
static bool leave_by_reference(Resolve *r, TCGOp *op, unsigned i, unsigned n)
{
    TCGContext *s = r->s;
    const TCGOp *set;
    uint64_t changed = op->imm;
    uint32_t ref;
    bool has_const = false;

    if (!r->set || r->in_env) {
        return false;
    }
    set = current(r);
    ref = TCG_CC_OP(set->aux, set->w);
    for (unsigned k = 0, n = tcg_cc_kind_operands(set->aux); k < n; k++) {
        TCGv v = set->src[k];

        if (tcg_is_const(s, v)) {
            if (!has_const && tcg_cc_ref_const(s, v)) {
                ref |= TCG_CC_REF_CONST << TCG_CC_REF_SHIFT(k) |
                       (uint32_t)s->vals[v].value << TCG_CC_REF_CONST_SHIFT;
            }
            has_const = true;
        } else if (tcg_is_global(s, v) && v <= TCG_CC_REF_MAX &&
                   !(r->stale >> k & 1) && !(changed >> (v - 1) & 1)) {
            ref |= (uint32_t)v << TCG_CC_REF_SHIFT(k);
        }
    }
    if (leads_back(s, i) && go_round(r, n, ref)) {
        r->in_env = true;
        return false;
    }
    *op = (TCGOp) { .opc = TCG_OP_st_env, .w = MO_32, .imm = s->env_cc_op };
    op->src[0] = tcg_const(s, ref);
    r->in_env = true;
    return true;
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
    for (unsigned k = 0, n = tcg_cc_kind_operands(set->aux); k < n; k++) {
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
    r->p->branch[l].set = r->set == SET_GONE ? 0 : r->set;
    r->p->branch[l].stale = r->stale;
    r->p->branch[l].in_env = r->in_env;
}

static void label(Resolve *r, const TCGOp *op, bool falls_in)
{
    unsigned l = op->imm;

    if (r->s->labels[l].side) {
        r->set = r->p->branch[l].set;
        r->cur = r->set ? &r->s->ops[r->set - 1] : NULL;
        r->stale = r->p->branch[l].stale;
        r->in_env = r->p->branch[l].in_env;
        return;
    }
    if (falls_in && r->p->at_label[l].cc_live) {
        store_at_set(r);
    }
    r->set = 0;
}

/* A cc_set that goes to index @n, if it is needed at all. */
static bool cc_set(Resolve *r, const TCGOp *op, unsigned n)
{
    bool needed = op->imm || op->cond;

    r->stale = 0;
    r->in_env = false;
    if (needed) {
        r->set = n + 1;
        r->cur = &r->s->ops[n];
    } else {
        r->set = SET_GONE;
        r->gone = *op;
        r->cur = &r->gone;
    }
    return needed;
}

enum { PLAIN, LABEL, SET, READER, EXIT, CALL, BRANCH, NOP, REFERENCE };

static const uint8_t classes[TCG_OP_MAX] = {
    [TCG_OP_nop] = NOP, [TCG_OP_label] = LABEL,
    [TCG_OP_cc_set] = SET, [TCG_OP_brcc] = READER, [TCG_OP_setcc] = READER,
    [TCG_OP_movcc] = READER, [TCG_OP_cc_get] = READER,
    [TCG_OP_exit_direct] = EXIT, [TCG_OP_exit_indirect] = EXIT,
    [TCG_OP_exit_ret] = EXIT, [TCG_OP_exit_reason] = EXIT,
    [TCG_OP_poll] = EXIT, [TCG_OP_call] = CALL, [TCG_OP_br] = BRANCH,
    [TCG_OP_brcond] = BRANCH, [TCG_OP_brret] = BRANCH, [TCG_OP_cc_ref] = REFERENCE,
};

/* False when the op is not wanted in the result. */
static bool special(Resolve *r, TCGOp *op, unsigned i, unsigned n,
                    bool falls_in)
{
    switch (classes[op->opc]) {
    case NOP:
        return false;
    case LABEL:
        label(r, op, falls_in);
        break;
    case SET:
        return cc_set(r, op, n);
    case READER:
        attach(r, op, 0, false);
        if (op->opc == TCG_OP_brcc) {
            branch(r, op);
        }
        break;
    case EXIT:
        if (op->opc == TCG_OP_exit_direct) {
            note_exit(r, op);
        }
        attach_exit(r, op);
        break;
    case CALL:
        call(r, op);
        break;
    case BRANCH:
        branch(r, op);
        break;
    case REFERENCE:
        return leave_by_reference(r, op, i, n);
    }
    return true;
}

void tcg_pass_resolve(TCGContext *s)
{
    Resolve r = { .s = s, .p = tcg_pass_data(s) };
    bool falls_in = true;
    unsigned n = 0;

    s->loop.cc_op = 0;
    for (unsigned i = 0; i < s->nb_ops; i++) {
        TCGOp *op = &s->ops[i];
        const TCGOpDef *def = &tcg_op_defs[op->opc];

        if (n != i) {
            s->ops[n] = *op;
            op = &s->ops[n];
        }
        if (op->opc == TCG_OP_insn_start) {
            attach_insn(&r, op);
            falls_in = true;
            n++;
            continue;
        }
        if (classes[op->opc] != PLAIN && !special(&r, op, i, n, falls_in)) {
            continue;
        }
        if (r.set) {
            for (unsigned k = 0; k < def->dsts; k++) {
                if (op->dst[k]) {
                    written(&r, op->dst[k]);
                }
            }
        }
        falls_in = !(def->flags & TCG_OPF_E);
        n++;
    }
    s->nb_ops = n;
    if (s->loop.cc_op && !loop_is_clean(&r)) {
        s->loop.cc_op = 0;
    }
    for (unsigned i = r.nb_direct; i < MIN(s->nb_exits, TCG_MAX_EXITS); i++) {
        /* predictions of returns */
        s->exits[i].flags_open = s->exits[i].loop = false;
    }
}
