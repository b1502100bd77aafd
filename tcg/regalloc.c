/*
 * Register allocation shared by the code generators: see regalloc.h for the
 * model.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "regalloc.h"
#include "tcg/tcg-vop.h"

static inline TCGVal *val(const RA *ra, TCGv v)
{
    return &ra->s->vals[v];
}

static inline bool is_temp(const RA *ra, TCGv v)
{
    return val(ra, v)->kind == TCG_VAL_TEMP;
}

static inline bool is_pinned(const RA *ra, TCGv v)
{
    return val(ra, v)->kind == TCG_VAL_GLOBAL && val(ra, v)->pinned != 0xff;
}

/* Values whose memory is always right. */
static inline bool is_homed(const RA *ra, TCGv v)
{
    const TCGVal *x = val(ra, v);

    return x->kind == TCG_VAL_LOCAL ||
           (x->kind == TCG_VAL_GLOBAL && x->pinned == 0xff);
}

void ra_init(RA *ra, TCGContext *s, const RAHost *host, void *gen)
{
    ra->s = s;
    ra->host = host;
    ra->gen = gen;
    ra->pinned = 0;
    for (unsigned v = 1; v <= s->nb_globals; v++) {
        if (s->vals[v].pinned != 0xff) {
            ra->pinned |= RA_BIT(s->vals[v].pinned);
        }
    }
}

void ra_begin(RA *ra)
{
    unsigned n = ra->s->nb_vals;

    memset(ra->vals, 0, n * sizeof(ra->vals[0]));
    for (unsigned v = 0; v < n; v++) {
        ra->vals[v].reg = RA_NOREG;
    }
    memset(ra->info, 0, ra->s->nb_ops);
    memset(ra->hold, 0, sizeof(ra->hold));
    memset(ra->stamp, 0, sizeof(ra->stamp));
    memset(ra->slots, 0, sizeof(ra->slots));
    memset(ra->labels, 0, ra->s->nb_labels * sizeof(ra->labels[0]));
    ra->locked = ra->known = 0;
    ra->failed = false;
    ra->nb_sides = ra->nb_caches = ra->nb_live = 0;
}

/* ---- liveness ---- */

static void live_add(RA *ra, TCGv v)
{
    ra->live_list[ra->nb_live++] = v;
    ra->vals[v].live = ra->nb_live;
}

static void live_del(RA *ra, TCGv v)
{
    unsigned at = ra->vals[v].live - 1;
    TCGv last = ra->live_list[--ra->nb_live];

    ra->live_list[at] = last;
    ra->vals[last].live = at + 1;
    ra->vals[v].live = 0;
}

static void live_clear(RA *ra)
{
    while (ra->nb_live) {
        live_del(ra, ra->live_list[ra->nb_live - 1]);
    }
}

static void live_def(RA *ra, unsigned i, TCGv v, unsigned bit)
{
    if (v && is_temp(ra, v)) {
        if (ra->vals[v].live) {
            live_del(ra, v);
        } else {
            ra->dead[i] |= 1u << bit;
        }
    }
}

static void live_use(RA *ra, unsigned i, TCGv v, unsigned bit)
{
    if (v && is_temp(ra, v) && !ra->vals[v].live) {
        ra->dead[i] |= 1u << bit;
        live_add(ra, v);
    }
}

/* The side label's temps are needed at its branch. */
static void live_branch(RA *ra, unsigned label)
{
    RALabel *l = &ra->labels[label];

    for (unsigned k = l->first; k < l->first + l->count; k++) {
        RASide *e = &ra->sides[k];

        e->main_dead = !ra->vals[e->val].live;
        if (e->main_dead) {
            live_add(ra, e->val);
        }
    }
}

static void live_side_label(RA *ra, unsigned label)
{
    RALabel *l = &ra->labels[label];

    if (ra->nb_sides + ra->nb_live > RA_MAX_SIDES) {
        ra->failed = true;
        return;
    }
    l->first = ra->nb_sides;
    l->count = ra->nb_live;
    for (unsigned k = 0; k < ra->nb_live; k++) {
        ra->sides[ra->nb_sides++] = (RASide) { .val = ra->live_list[k] };
    }
}

/*
 * `mov G, t` or `op G, t, ...` with G pinned: let the op that makes t compute in
 * G's register.  A hint stands while walking back to that op, and falls when
 * something in between looks at G or could leave the unit.
 */
typedef struct Hint {
    TCGv temp, global;
} Hint;

#define MAX_HINTS 4

typedef struct Hints {
    Hint h[MAX_HINTS];
    unsigned n;
} Hints;

static void hints_touch(Hints *hs, TCGv v)
{
    for (unsigned k = 0; k < hs->n; k++) {
        if (hs->h[k].global == v) {
            hs->h[k--] = hs->h[--hs->n];
        }
    }
}

static void hints_def(RA *ra, Hints *hs, TCGv v)
{
    for (unsigned k = 0; k < hs->n; k++) {
        if (hs->h[k].temp == v) {
            ra->vals[v].hint = hs->h[k].global;
            hs->h[k--] = hs->h[--hs->n];
        }
    }
}

static void hints_walk(RA *ra, Hints *hs, const TCGOp *op)
{
    const TCGOpDef *def = &tcg_op_defs[op->opc];

    /* results first: the op that makes t may read G */
    for (unsigned k = 0; k < def->dsts; k++) {
        if (op->dst[k]) {
            hints_def(ra, hs, op->dst[k]);
        }
    }
    if ((def->flags & (TCG_OPF_S | TCG_OPF_F) && op->opc != TCG_OP_cc_set) ||
        (op->opc == TCG_OP_v && tcg_vop_defs[op->aux].flags & TCG_VF_P)) {
        hs->n = 0;
        return;
    }
    for (unsigned k = 0; k < def->dsts; k++) {
        hints_touch(hs, op->dst[k]);
    }
    for (unsigned k = 0; k < 6; k++) {
        hints_touch(hs, op->src[k]);
    }
}

/* The source that a two-address instruction overwrites, as an index. */
static unsigned tied_src(const TCGOp *op)
{
    return op->opc == TCG_OP_movcond ? 3 : op->opc == TCG_OP_movcc ? 4 : 0;
}

static void hints_add(RA *ra, Hints *hs, unsigned i, const TCGOp *op)
{
    TCGv g = op->dst[0], t;
    unsigned tied = tied_src(op);

    if (!g || hs->n == MAX_HINTS || !is_pinned(ra, g) ||
        val(ra, g)->type != TCG_I64 || op->opc == TCG_OP_v ||
        tcg_op_defs[op->opc].flags & (TCG_OPF_S | TCG_OPF_F) ||
        op->dst[1]) {
        return;
    }
    t = op->src[tied];
    if (!t || !is_temp(ra, t) ||
        (op->opc != TCG_OP_mov && !(ra->dead[i] >> tied & 1))) {
        return;
    }
    /* nobody else may want to see G or t */
    for (unsigned k = 0; k < 6; k++) {
        if (k != tied && (op->src[k] == g || op->src[k] == t)) {
            return;
        }
    }
    if (op->opc == TCG_OP_mov && op->w != MO_64 &&
        !(ra->dead[i] >> tied & 1)) {
        return;
    }
    hs->h[hs->n++] = (Hint) { t, g };
}

void ra_liveness(RA *ra)
{
    TCGContext *s = ra->s;
    Hints hs = { .n = 0 };

    for (unsigned i = s->nb_ops; i-- > 0; ) {
        const TCGOp *op = &s->ops[i];
        const TCGOpDef *def = &tcg_op_defs[op->opc];
        unsigned first = 0, last = def->srcs;

        ra->dead[i] = 0;
        if (op->opc == TCG_OP_nop) {
            continue;
        }
        if (op->opc == TCG_OP_insn_start) {
            hs.n = 0;
            continue;
        }
        if (hs.n) {
            hints_walk(ra, &hs, op);
        }
        if (op->opc == TCG_OP_label) {
            if (s->labels[op->imm].side) {
                live_side_label(ra, op->imm);
            }
            live_clear(ra);
            continue;
        }
        if (def->flags & TCG_OPF_E) {
            live_clear(ra);
        }
        if (def->flags & TCG_OPF_B && s->labels[op->imm].side) {
            live_branch(ra, op->imm);
        }
        for (unsigned k = 0; k < def->dsts; k++) {
            live_def(ra, i, op->dst[k], 6 + k);
        }

        switch (op->opc) {
        case TCG_OP_cc_set:
            for (unsigned k = 3; k < 6; k++) {
                live_def(ra, i, op->src[k], k);
            }
            if (!(op->flags & TCG_F_CC_STORE) &&
                !(ra->info[i] & RA_OPI_CC_MAT)) {
                for (unsigned k = 3; k-- > 0; ) {
                    if ((op->src[3 + k] && !(ra->dead[i] >> (3 + k) & 1)) ||
                        op->cond >> k & 1) {
                        live_use(ra, i, op->src[k], k);
                    }
                }
                continue;
            }
            break;
        case TCG_OP_brcc:
        case TCG_OP_setcc:
        case TCG_OP_cc_get:
        case TCG_OP_movcc:
            if (ra->info[i] & RA_OPI_HOST_CC) {
                first = 3;
            }
            break;
        case TCG_OP_exit_direct:
        case TCG_OP_exit_indirect:
        case TCG_OP_exit_ret:
        case TCG_OP_exit_reason:
        case TCG_OP_poll:
            if (!(op->flags & TCG_F_CC_STORE) ||
                ra->info[i] & RA_OPI_HOST_CC) {
                last = 1;
            }
            break;
        case TCG_OP_mov:
            last = op->w < MO_32 ? 2 : 1;
            break;
        default:
            break;
        }
        for (unsigned k = last; k-- > first; ) {
            live_use(ra, i, op->src[k], k);
        }
        hints_add(ra, &hs, i, op);
    }
}

bool ra_dies(const RA *ra, TCGv v)
{
    const TCGOp *op = &ra->s->ops[ra->cur];
    unsigned dead = ra->dead[ra->cur] & 0x3f;

    for (; dead; dead &= dead - 1) {
        if (op->src[__builtin_ctz(dead)] == v) {
            return true;
        }
    }
    return false;
}

/* ---- slots ---- */

static void slot_offset(const RA *ra, TCGv v, RAHome *home)
{
    bool vec = val(ra, v)->type == TCG_VEC;
    unsigned n = ra->vals[v].slot - 1;

    home->frame = true;
    home->offset = vec ? ra->host->vec_slots + n * 32
                       : ra->host->int_slots + n * 8;
}

static void slot_alloc(RA *ra, TCGv v)
{
    bool vec = val(ra, v)->type == TCG_VEC;
    unsigned limit = vec ? ra->host->nb_vec_slots : ra->host->nb_int_slots;

    if (ra->vals[v].slot) {
        return;
    }
    for (unsigned n = 0; n < limit; n++) {
        uint64_t *word = &ra->slots[vec][n / 64];

        if (*word == UINT64_MAX) {
            n |= 63;
            continue;
        }
        if (!(*word >> n % 64 & 1)) {
            *word |= 1ull << n % 64;
            ra->vals[v].slot = n + 1;
            return;
        }
    }
    ra->failed = true;
    ra->vals[v].slot = 1;
}

static void slot_free(RA *ra, TCGv v)
{
    bool vec = val(ra, v)->type == TCG_VEC;
    unsigned slot = ra->vals[v].slot;

    if (slot) {
        ra->slots[vec][(slot - 1) / 64] &= ~(1ull << (slot - 1) % 64);
        ra->vals[v].slot = 0;
        ra->vals[v].in_slot = false;
    }
}

bool ra_home(const RA *ra, TCGv v, RAHome *home)
{
    const TCGVal *x = val(ra, v);

    switch (x->kind) {
    case TCG_VAL_GLOBAL:
        if (x->pinned != 0xff) {
            return false;
        }
        home->frame = false;
        home->offset = x->offset;
        return true;
    case TCG_VAL_LOCAL:
        if (!ra->vals[v].slot) {
            slot_alloc((RA *)ra, v);
        }
        slot_offset(ra, v, home);
        return true;
    case TCG_VAL_TEMP:
        if (ra->vals[v].in_slot) {
            slot_offset(ra, v, home);
            return true;
        }
        return false;
    default:
        return false;
    }
}

/* ---- registers ---- */

unsigned ra_where(const RA *ra, TCGv v)
{
    return is_pinned(ra, v) ? val(ra, v)->pinned : ra->vals[v].reg;
}

static inline void touch(RA *ra, unsigned reg)
{
    ra->locked |= RA_BIT(reg);
    ra->stamp[reg] = ra->cur + 1;
}

static void unbind(RA *ra, TCGv v)
{
    unsigned reg = ra->vals[v].reg;

    if (reg != RA_NOREG) {
        ra->hold[reg] = TCGV_NONE;
        ra->vals[v].reg = RA_NOREG;
        ra->vals[v].dirty = false;
    }
}

static void bind(RA *ra, TCGv v, unsigned reg)
{
    ra->hold[reg] = v;
    ra->vals[v].reg = reg;
    ra->vals[v].partial = false;
    ra->vals[v].dirty = false;
}

/* Make sure that a value survives losing its register. */
static void save_temp(RA *ra, TCGv v)
{
    RAHome home;

    if (unlikely(ra->vals[v].dirty)) {
        ra_home(ra, v, &home);
        ra->host->store(ra->gen, ra->vals[v].reg, home);
        ra->vals[v].dirty = false;
        if (ra->host->saved) {
            ra->host->saved(ra->gen, v);
        }
        return;
    }
    if (is_temp(ra, v) && !ra->vals[v].in_slot) {
        slot_alloc(ra, v);
        slot_offset(ra, v, &home);
        ra->host->store(ra->gen, ra->vals[v].reg, home);
        ra->vals[v].in_slot = true;
    }
}

/* Cost of taking a register away from what it holds. */
static unsigned evict_cost(const RA *ra, unsigned reg)
{
    TCGv v = ra->hold[reg];

    if (!v) {
        return 0;
    }
    if (val(ra, v)->kind == TCG_VAL_CONST) {
        return 1;
    }
    if (ra->vals[v].dirty) {
        return 3;               /* written once, not read again */
    }
    return !is_temp(ra, v) || ra->vals[v].in_slot ? 2 : 4;
}

/* The cheapest register of @set, emptied; RA_NOREG if @set has none. */
static unsigned alloc(RA *ra, RASet set)
{
    unsigned best = RA_NOREG, best_cost = UINT_MAX;

    for (; set; set &= set - 1) {
        unsigned reg = __builtin_ctzll(set);
        unsigned cost = evict_cost(ra, reg);

        if (cost < best_cost || (cost == best_cost &&
                                 ra->stamp[reg] < ra->stamp[best])) {
            best = reg;
            best_cost = cost;
        }
    }
    if (best != RA_NOREG && ra->hold[best]) {
        TCGv v = ra->hold[best];

        save_temp(ra, v);
        unbind(ra, v);
    }
    return best;
}

static unsigned alloc_temp(RA *ra, TCGType type, RASet avoid)
{
    unsigned reg = alloc(ra, ra->host->temps[type] & ~ra->locked & ~avoid);

    assert(reg != RA_NOREG);
    touch(ra, reg);
    return reg;
}

unsigned ra_scratch(RA *ra, TCGType type, RASet avoid)
{
    return alloc_temp(ra, type, avoid);
}

void ra_unlock(RA *ra, unsigned reg)
{
    ra->locked &= ~RA_BIT(reg);
}

unsigned ra_use(RA *ra, TCGv v)
{
    const TCGVal *x = val(ra, v);
    unsigned reg = ra_where(ra, v);
    RAHome home;

    if (reg == RA_NOREG) {
        reg = alloc_temp(ra, x->type, 0);
        if (x->kind == TCG_VAL_CONST) {
            ra->host->movi(ra->gen, reg, x->value);
        } else {
            bool ok = ra_home(ra, v, &home);

            assert(ok);
            ra->host->load(ra->gen, reg, home);
        }
        bind(ra, v, reg);
    }
    touch(ra, reg);
    return reg;
}

void ra_evict(RA *ra, unsigned reg)
{
    TCGv v = ra->hold[reg];
    unsigned to;

    if (!v) {
        return;
    }
    if (!is_temp(ra, v) || ra->vals[v].in_slot) {
        save_temp(ra, v);
        unbind(ra, v);
        return;
    }
    /* another register if one is there for nothing, or else memory */
    RASet set = ra->host->temps[val(ra, v)->type] & ~ra->locked & ~RA_BIT(reg);
    RASet cheap = 0;

    for (RASet s = set; s; s &= s - 1) {
        unsigned r = __builtin_ctzll(s);

        if (evict_cost(ra, r) < 3) {
            cheap |= RA_BIT(r);
        }
    }
    to = alloc(ra, cheap);
    if (to == RA_NOREG) {
        save_temp(ra, v);
        unbind(ra, v);
    } else {
        ra->host->move(ra->gen, to, reg);
        unbind(ra, v);
        bind(ra, v, to);
        ra->stamp[to] = ra->cur + 1;
    }
}

/* A pinned register is about to be written: keep what shares it. */
static void prepare_write(RA *ra, unsigned reg)
{
    TCGv t = ra->hold[reg];

    ra->known &= ~RA_BIT(reg);
    if (!t) {
        return;
    }
    if (ra_dies(ra, t)) {
        unbind(ra, t);
    } else {
        ra_evict(ra, reg);
    }
}

/* May @v's register be overwritten by the result @d? */
static unsigned reusable(const RA *ra, TCGv d, TCGv v, RASet avoid)
{
    unsigned reg = v ? ra->vals[v].reg : RA_NOREG;

    if (reg == RA_NOREG || (RA_BIT(reg) & (ra->pinned | avoid))) {
        return RA_NOREG;
    }
    return v == d || (is_temp(ra, v) && ra_dies(ra, v)) ? reg : RA_NOREG;
}

unsigned ra_dst(RA *ra, TCGv v, TCGv a, TCGv b, RASet avoid)
{
    TCGv g = is_pinned(ra, v) ? v : ra->vals[v].hint;
    unsigned reg;

    if (g) {
        reg = val(ra, g)->pinned;
        if (!(avoid & RA_BIT(reg))) {
            prepare_write(ra, reg);
            touch(ra, reg);
            return reg;
        }
    }
    reg = reusable(ra, v, a, avoid);
    if (reg == RA_NOREG) {
        reg = reusable(ra, v, b, avoid);
    }
    if (reg != RA_NOREG) {
        unbind(ra, ra->hold[reg]);
        touch(ra, reg);
        return reg;
    }
    return alloc_temp(ra, val(ra, v)->type, avoid);
}

/*
 * Will global @v, just computed, get another value before anybody can look at
 * its home?  Then it need not be written there.
 */
static bool overwritten_soon(const RA *ra, TCGv v)
{
    const TCGContext *s = ra->s;

    if (val(ra, v)->kind != TCG_VAL_GLOBAL || val(ra, v)->type != TCG_I64) {
        return false;
    }
    for (unsigned i = ra->cur + 1, n = 0; i < s->nb_ops && n < 8; i++, n++) {
        const TCGOp *op = &s->ops[i];
        unsigned f = tcg_op_defs[op->opc].flags;

        if (ra->info[i] & RA_OPI_SKIP) {
            return false;
        }
        if (op->opc == TCG_OP_cc_set || op->opc == TCG_OP_insn_start) {
            continue;
        }
        if (f & (TCG_OPF_S | TCG_OPF_F | TCG_OPF_E | TCG_OPF_B) ||
            op->opc == TCG_OP_ld_env || op->opc == TCG_OP_v ||
            tcg_op_defs[op->opc].dsts > 1) {
            return false;
        }
        if (tcg_op_defs[op->opc].dsts && op->dst[0] == v) {
            return true;
        }
    }
    return false;
}

void ra_bind(RA *ra, TCGv v, unsigned reg)
{
    const TCGVal *x = val(ra, v);
    RAHome home;

    if (is_pinned(ra, v)) {
        if (reg != x->pinned) {
            touch(ra, reg);
            prepare_write(ra, x->pinned);
            ra->host->move(ra->gen, x->pinned, reg);
        }
        return;
    }
    unbind(ra, v);
    ra->vals[v].in_slot = false;
    if (is_homed(ra, v)) {
        if (!(RA_BIT(reg) & ra->pinned) && overwritten_soon(ra, v)) {
            debug_assert(!ra->hold[reg]);
            bind(ra, v, reg);
            ra->vals[v].dirty = true;
            return;
        }
        ra_home(ra, v, &home);
        ra->host->store(ra->gen, reg, home);
        if (RA_BIT(reg) & ra->pinned) {
            return;
        }
    }
    debug_assert(!ra->hold[reg]);
    bind(ra, v, reg);
}

void ra_write_pinned(RA *ra, unsigned reg)
{
    prepare_write(ra, reg);
}

RAHome ra_slot(RA *ra, TCGv v)
{
    RAHome home;

    slot_alloc(ra, v);
    slot_offset(ra, v, &home);
    return home;
}

void ra_hold_partial(RA *ra, TCGv v, unsigned reg)
{
    unbind(ra, v);
    debug_assert(is_homed(ra, v) && !ra->hold[reg]);
    bind(ra, v, reg);
    ra->vals[v].partial = true;
}

void ra_written_home(RA *ra, TCGv v)
{
    unbind(ra, v);
}

void ra_hold_dirty(RA *ra, TCGv v, unsigned reg)
{
    unbind(ra, ra->hold[reg]);
    unbind(ra, v);
    bind(ra, v, reg);
    ra->vals[v].dirty = true;
}

void ra_flush(RA *ra, TCGv v)
{
    if (ra->vals[v].dirty) {
        save_temp(ra, v);
        unbind(ra, v);
    }
}

void ra_drop(RA *ra, TCGv v)
{
    unbind(ra, v);
}

void ra_copy(RA *ra, TCGv v, TCGv a)
{
    const TCGVal *xa = val(ra, a);
    unsigned from = ra_where(ra, a), reg;
    RAHome home;

    if (is_temp(ra, v) && from != RA_NOREG && (RA_BIT(from) & ra->pinned) &&
        !ra->hold[from] && ra->vals[v].hint == 0) {
        bind(ra, v, from);              /* share */
        return;
    }
    if (is_pinned(ra, v)) {
        reg = val(ra, v)->pinned;
        if (reg == from) {
            return;                     /* computed there already */
        }
        if (from != RA_NOREG) {
            touch(ra, from);
        }
        prepare_write(ra, reg);
        if (from != RA_NOREG) {
            ra->host->move(ra->gen, reg, from);
        } else if (xa->kind == TCG_VAL_CONST) {
            ra->host->movi(ra->gen, reg, xa->value);
        } else {
            bool ok = ra_home(ra, a, &home);

            assert(ok);
            ra->host->load(ra->gen, reg, home);
        }
        return;
    }
    if (xa->kind == TCG_VAL_CONST && from == RA_NOREG && is_temp(ra, v)) {
        reg = ra_dst(ra, v, 0, 0, 0);
        ra->host->movi(ra->gen, reg, xa->value);
        ra_bind(ra, v, reg);
        return;
    }
    from = ra_use(ra, a);
    reg = reusable(ra, v, a, 0);
    if (reg != RA_NOREG) {
        unbind(ra, a);                  /* take it over */
        ra_bind(ra, v, reg);
    } else if (is_homed(ra, v)) {
        unbind(ra, v);
        ra_home(ra, v, &home);
        ra->host->store(ra->gen, from, home);
    } else {
        reg = ra_dst(ra, v, 0, 0, RA_BIT(from));
        ra->host->move(ra->gen, reg, from);
        ra_bind(ra, v, reg);
    }
}

void ra_save(RA *ra, RASet set)
{
    for (; set; set &= set - 1) {
        TCGv v = ra->hold[__builtin_ctzll(set)];

        if (v && !ra_dies(ra, v)) {
            save_temp(ra, v);
        }
    }
}

void ra_clobber(RA *ra, RASet set)
{
    ra_save(ra, set);
    for (; set; set &= set - 1) {
        TCGv v = ra->hold[__builtin_ctzll(set)];

        if (v) {
            unbind(ra, v);
        }
    }
}

void ra_forget_globals(RA *ra, TCGType type)
{
    ra->known = 0;
    for (RASet set = ra->host->temps[type]; set; set &= set - 1) {
        TCGv v = ra->hold[__builtin_ctzll(set)];

        if (v && val(ra, v)->kind == TCG_VAL_GLOBAL) {
            unbind(ra, v);
        }
    }
}

/* ---- ops and labels ---- */

void ra_op_begin(RA *ra, unsigned i)
{
    ra->cur = i;
    ra->locked = 0;
}

static void release(RA *ra, TCGv v)
{
    if (v && is_temp(ra, v)) {
        unbind(ra, v);
        slot_free(ra, v);
    }
}

void ra_op_end(RA *ra)
{
    const TCGOp *op = &ra->s->ops[ra->cur];
    unsigned dead = ra->dead[ra->cur];

    for (unsigned d = dead & 0x3f; d; d &= d - 1) {
        release(ra, op->src[__builtin_ctz(d)]);
    }
    if (dead & 0x40) {
        release(ra, op->dst[0]);
    }
    if (dead & 0x80) {
        release(ra, op->dst[1]);
    }
}

void ra_side_branch(RA *ra, unsigned label)
{
    RALabel *l = &ra->labels[label];

    for (unsigned k = l->first; k < l->first + l->count; k++) {
        RASide *e = &ra->sides[k];
        RAVal *v = &ra->vals[e->val];

        e->reg = v->reg;
        e->slot = v->slot;
        e->in_slot = v->in_slot;
    }
    l->cached = ra->nb_caches;
    for (RASet set = ra->host->temps[0] | ra->host->temps[1]; set;
         set &= set - 1) {
        unsigned reg = __builtin_ctzll(set);
        TCGv v = ra->hold[reg];

        if (v && !is_temp(ra, v) && ra->nb_caches < RA_MAX_SIDES) {
            ra->caches[ra->nb_caches++] =
                (RACached) { v, reg, ra->vals[v].partial };
        }
    }
    l->nb_cached = ra->nb_caches - l->cached;
    for (unsigned k = l->first; k < l->first + l->count; k++) {
        if (ra->sides[k].main_dead) {
            release(ra, ra->sides[k].val);
        }
    }
}

/* Registers hold pinned globals and nothing else. */
static void drop_all(RA *ra)
{
    ra->known = 0;
    for (RASet set = ra->host->temps[0] | ra->host->temps[1] | ra->pinned; set;
         set &= set - 1) {
        TCGv v = ra->hold[__builtin_ctzll(set)];

        if (v) {
            unbind(ra, v);
        }
    }
}

void ra_join_label(RA *ra)
{
    drop_all(ra);
}

void ra_side_label(RA *ra, unsigned label)
{
    RALabel *l = &ra->labels[label];

    drop_all(ra);
    for (unsigned k = l->first; k < l->first + l->count; k++) {
        RASide *e = &ra->sides[k];
        RAVal *v = &ra->vals[e->val];

        v->slot = e->slot;
        v->in_slot = e->in_slot;
        if (e->slot) {
            ra->slots[val(ra, e->val)->type == TCG_VEC][(e->slot - 1) / 64] |=
                1ull << (e->slot - 1) % 64;
        }
        if (e->reg != RA_NOREG) {
            bind(ra, e->val, e->reg);
        }
    }
    for (unsigned k = l->cached; k < l->cached + l->nb_cached; k++) {
        const RACached *c = &ra->caches[k];

        bind(ra, c->val, c->reg);
        ra->vals[c->val].partial = c->partial;
    }
}
