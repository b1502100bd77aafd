/*
 * Calling C from generated code: helpers of the front end, and the slow ways
 * of ops.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

void la_goto(LAGen *g, const void *target)
{
    int64_t rel = la_rel(g, target);

    if (la_fits_s(rel >> 2, 26)) {
        la_b(&g->a, rel);
    } else {
        la_li(&g->a, LA_TMP2, (uintptr_t)target);
        la_jirl(&g->a, LA_ZERO, LA_TMP2, 0);
    }
}

void la_call(LAGen *g, const void *target)
{
    int64_t rel = la_rel(g, target);

    if (la_fits_s(rel >> 2, 26)) {
        la_bl(&g->a, rel);
    } else {
        la_li(&g->a, LA_TMP2, (uintptr_t)target);
        la_jirl(&g->a, LA_RA, LA_TMP2, 0);
    }
}

void la_slow_call(LAGen *g, LASlowFn *fn)
{
    la_upper_save(g);
    la_li(&g->a, LA_TMP0, (uintptr_t)fn);
    la_call(g, la_common.call_c);
    la_upper_restore(g);
}

uint64_t *la_scratch(void *env)
{
    CPUCommon *c = (void *)((uint8_t *)env + la_context->env_common);

    return c->scratch;
}

void la_move_gprs(LAGen *g, uint32_t set, bool store)
{
    set &= la_pinned_gprs;
    if (store) {
        la_settle(g, set);
    }
    for (TCGv v = 1; v <= g->s->nb_globals; v++) {
        const TCGVal *x = &g->s->vals[v];

        if (x->type == TCG_I64 && x->pinned != 0xff && set >> x->pinned & 1) {
            (store ? la_st_d : la_ld_d)(&g->a, x->pinned, LA_ENV, x->offset);
        }
    }
}

/* Arguments into a0 ...: registers first, all at once, then the rest. */
static void load_args(LAGen *g, unsigned first, unsigned nargs,
                      const TCGv *args)
{
    uint8_t from[8];
    unsigned todo = 0, blocked;

    for (unsigned k = 0; k < nargs; k++) {
        unsigned reg = ra_where(&g->ra, args[k]);

        if (reg != RA_NOREG && !la_is_const(g, args[k])) {
            la_settle(g, 1u << reg);
            from[k] = reg;
            todo |= 1u << k;
        }
    }
    while (todo) {
        bool moved = false;

        for (unsigned k = 0; k < nargs; k++) {
            unsigned to = LA_A0 + first + k;

            if (!(todo >> k & 1)) {
                continue;
            }
            blocked = 0;
            for (unsigned j = 0; j < nargs; j++) {
                if (j != k && todo >> j & 1 && from[j] == to) {
                    blocked |= 1u << j;
                }
            }
            if (!blocked) {
                if (from[k] != to) {
                    la_mov(&g->a, to, from[k]);
                }
                todo &= ~(1u << k);
                moved = true;
            }
        }
        if (!moved) {
            /* a ring: one of its values steps aside */
            unsigned k = __builtin_ctz(todo);
            unsigned reg = from[k];

            la_mov(&g->a, LA_TMP0, reg);
            for (unsigned j = 0; j < nargs; j++) {
                if (todo >> j & 1 && from[j] == reg) {
                    from[j] = LA_TMP0;
                }
            }
        }
    }
    for (unsigned k = 0; k < nargs; k++) {
        unsigned to = LA_A0 + first + k;
        RAHome home;

        if (la_is_const(g, args[k])) {
            la_li(&g->a, to, la_const_val(g, args[k]));
        } else if (ra_where(&g->ra, args[k]) == RA_NOREG) {
            bool ok = ra_home(&g->ra, args[k], &home);

            assert(ok);
            la_ld_d(&g->a, to, home.frame ? LA_SP : LA_ENV, home.offset);
        }
    }
}

void gen_call(LAGen *g, const TCGOp *op)
{
    const TCGHelper *h = op->helper;
    RA *ra = &g->ra;
    unsigned f = h->flags, d;
    RASet set = ra->host->temps[TCG_I64];
    uint32_t stored = f & (TCG_HF_READS_GLOBALS | TCG_HF_WRITES_GLOBALS |
                           TCG_HF_FAULTS) ? ~0u : LA_CALLER_SAVED;
    uint32_t lost = f & TCG_HF_WRITES_GLOBALS ? ~0u : LA_CALLER_SAVED;

    if (f & TCG_HF_WRITES_GLOBALS) {
        set |= la_pinned_gprs;      /* temps that share them */
    }
    set |= ra->host->temps[TCG_VEC];
    la_move_gprs(g, stored, true);
    ra_save(ra, set);
    la_upper_flush(g);
    la_call(g, la_common.to_c);
    load_args(g, h->takes_env, h->nargs, op->src);
    if (h->takes_env) {
        la_mov(&g->a, LA_A0, LA_ENV);
    }
    ra_clobber(ra, set);
    if (f & TCG_HF_FAULTS) {
        la_li(&g->a, LA_TMP0, g->guest_pc);
        la_st_d(&g->a, LA_TMP0, LA_ENV, g->s->env_rip);
    }
    if (f & TCG_HF_MXCSR) {
        la_ld_wu(&g->a, LA_TMP0, LA_ENV, g->s->env_mxcsr);
        la_st_d(&g->a, LA_TMP0, LA_ENV, LA_SCRATCH(g, 4));
    }
    la_call(g, (const void *)h->fn);
    if (f & TCG_HF_NORETURN) {
        la_trap(g, 6);
        return;
    }
    g->order = LA_ORDER_LD | LA_ORDER_ST;
    la_call(g, la_common.from_c);
    g->forms.whole = 0;
    if (g->marked) {
        la_mark_again(g);
    }
    la_move_gprs(g, lost, false);
    if (f & TCG_HF_MXCSR) {
        la_slow_call(g, la_mxcsr_restored);
    }
    if (f & TCG_HF_WRITES_GLOBALS) {
        ra_forget_globals(ra, TCG_I64);
        for (uint32_t p = la_pinned_gprs; p; p &= p - 1) {
            la_form_any(g, __builtin_ctz(p));
        }
    }
    ra->locked = 0;
    if (h->has_ret && op->dst[0] && !ra_dst_dead(ra, 0)) {
        /* all temps are free */
        d = ra_dst(ra, op->dst[0], 0, 0, ~RA_BIT(LA_A0));
        la_bind(g, 0, d, 64, 64);
    }
}
