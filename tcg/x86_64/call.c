/*
 * Calling C from generated code.
 *
 * The C convention destroys most host registers, so pinned globals in them
 * go to their homes in the CPU state and come back afterwards.  What else
 * must be exact there during the call, and what the callee may have changed,
 * is in TCGHelper.flags.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

#define CALLER_SAVED (RA_BIT(X86_RAX) | RA_BIT(X86_RCX) | RA_BIT(X86_RDX) | \
                      RA_BIT(X86_RSI) | RA_BIT(X86_RDI) | RA_BIT(X86_R8) | \
                      RA_BIT(X86_R9) | RA_BIT(X86_R10) | RA_BIT(X86_R11))
#define ALL_VEC      (0xffffull << RA_VEC)

static const uint8_t arg_regs[6] = {
    X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9,
};

void x86_move_gprs(X86Gen *g, RASet set, bool store)
{
    for (TCGv v = 1; v <= g->s->nb_globals; v++) {
        const TCGVal *x = &g->s->vals[v];

        if (x->type == TCG_I64 && x->pinned != 0xff &&
            set & RA_BIT(x->pinned)) {
            x86_rm(&g->a, x86_op_w(store ? X_MOV_STORE : X_MOV_LOAD, MO_64),
                   x->pinned, env_rm(x->offset));
        }
    }
}

/* Home of the global pinned in @reg. */
static X86Rm pinned_home(X86Gen *g, unsigned reg)
{
    for (TCGv v = 1; v <= g->s->nb_globals; v++) {
        if (g->s->vals[v].pinned == reg) {
            return env_rm(g->s->vals[v].offset);
        }
    }
    return x86_reg(reg);
}

/*
 * Arguments into place.  Sources in registers that an earlier argument has
 * taken are read from their homes, where they were just saved.
 */
static void load_args(X86Gen *g, unsigned first, unsigned nargs,
                      const TCGv *args)
{
    RASet taken = first ? RA_BIT(X86_RDI) : 0;

    for (unsigned k = 0; k < nargs; k++) {
        unsigned to = arg_regs[first + k], from = ra_where(&g->ra, args[k]);

        if (from != RA_NOREG && from < RA_NREGS && taken & RA_BIT(from)) {
            x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), to,
                   pinned_home(g, from));
        } else {
            x86_load_to(g, to, args[k]);
        }
        taken |= RA_BIT(to);
    }
}

void x86_call_fn(X86Gen *g, uintptr_t fn)
{
    int64_t rel = fn - (uintptr_t)(x86_rx(&g->a) + 5);

    if (x86_fits32(rel)) {
        x86_call(&g->a, (const uint8_t *)fn);
    } else {
        x86_movi(&g->a, X86_RAX, fn);
        x86_rm(&g->a, X_GROUP5, 2, x86_reg(X86_RAX));
    }
}

/* Registers whose temps and copies do not survive the call. */
static RASet destroyed(const X86Gen *g, unsigned flags)
{
    const RA *ra = &g->ra;
    RASet set = ra->host->temps[TCG_I64] & CALLER_SAVED;

    if (!(flags & TCG_HF_NO_VEC)) {
        set |= ra->host->temps[TCG_VEC];
    }
    /* temps that share the register of a global the callee changes */
    if (flags & TCG_HF_WRITES_GLOBALS) {
        set |= ra->pinned & ~ALL_VEC;
    }
    if (flags & TCG_HF_WRITES_VREGS) {
        set |= ra->pinned & ALL_VEC;
    }
    return set;
}

/* Result from rax to @ret; the other pinned registers in @lost come back. */
static void take_result(X86Gen *g, TCGv ret, RASet lost)
{
    RA *ra = &g->ra;
    unsigned d;

    ra->locked = 0;
    if (ret) {
        /* a sharing temp must be moved while its register is lost: reload */
        d = is_pinned(g, ret) ? g->s->vals[ret].pinned : RA_NOREG;
        if (d != RA_NOREG && !ra->hold[d]) {
            ra_write_pinned(ra, d);
            if (d != X86_RAX) {
                x86_mov(&g->a, MO_64, d, X86_RAX);
            }
            x86_move_gprs(g, lost & ~RA_BIT(d), false);
            return;
        }
        d = ra_scratch(ra, TCG_I64, 0);
        x86_mov(&g->a, MO_64, d, X86_RAX);
        x86_move_gprs(g, lost, false);
        ra_bind(ra, ret, d);
        return;
    }
    x86_move_gprs(g, lost, false);
}

void x86_call_gpr(X86Gen *g, TCGv ret, uintptr_t fn, unsigned nargs,
                  const TCGv *args)
{
    RASet set = destroyed(g, TCG_HF_NO_VEC);

    for (unsigned k = 0; k < nargs; k++) {
        x86_use(g, args[k]);
    }
    x86_move_gprs(g, CALLER_SAVED, true);
    ra_save(&g->ra, set);
    load_args(g, 0, nargs, args);
    ra_clobber(&g->ra, set);
    x86_call_fn(g, fn);
    take_result(g, ret, CALLER_SAVED);
}

/* Everything a fault in the callee, or the callee itself, wants to see. */
static void sync_state(X86Gen *g, unsigned flags)
{
    TCGContext *s = g->s;

    if ((flags & (TCG_HF_MXCSR | TCG_HF_FAULTS)) &&
        !(flags & TCG_HF_FPU_LIVE)) {
        x86_rm(&g->a, X_GROUP15, 3, env_rm(s->env_mxcsr));
    }
    if (!(flags & TCG_HF_FAULTS)) {
        return;
    }
    if (x86_fits32(g->guest_pc)) {
        x86_store_i(&g->a, MO_64, env_rm(s->env_rip), g->guest_pc);
    } else {
        /* rax is the last register a call needs */
        x86_movi(&g->a, X86_RAX, g->guest_pc);
        x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), X86_RAX,
               env_rm(s->env_rip));
    }
}

void gen_call(X86Gen *g, const TCGOp *op)
{
    const TCGHelper *h = op->helper;
    unsigned f = h->flags;
    bool vec = !(f & TCG_HF_NO_VEC);
    RASet set = destroyed(g, f), lost = CALLER_SAVED;

    x86_move_gprs(g, f & (TCG_HF_READS_GLOBALS | TCG_HF_WRITES_GLOBALS |
                      TCG_HF_FAULTS) ? ~0ull : CALLER_SAVED, true);
    ra_save(&g->ra, set);
    if (vec || f & (TCG_HF_READS_VREGS | TCG_HF_WRITES_VREGS |
                    TCG_HF_FAULTS)) {
        x86_call(&g->a, x86_common.vec_save);
    }
    if (vec && have(X86_AVX)) {
        x86_vzeroupper(g);
    }
    load_args(g, h->takes_env, h->nargs, op->src);
    if (h->takes_env) {
        x86_rm(&g->a, X_LEA | X_W, X86_RDI, x86_mem(X86_RBP, -ENV_BIAS));
    }
    ra_clobber(&g->ra, set);
    sync_state(g, f);
    x86_call_fn(g, h->fn);
    if (f & TCG_HF_NORETURN) {
        x86_8(&g->a, 0x0f);
        x86_8(&g->a, 0x0b);         /* ud2 */
        return;
    }
    if (f & TCG_HF_MXCSR) {
        x86_rm(&g->a, X_GROUP15, 2, env_rm(g->s->env_mxcsr));
    }
    if (vec || f & TCG_HF_WRITES_VREGS) {
        x86_call(&g->a, x86_common.vec_load);
        ra_forget_globals(&g->ra, TCG_VEC);
    }
    if (f & TCG_HF_WRITES_GLOBALS) {
        lost = ~0ull;
        ra_forget_globals(&g->ra, TCG_I64);
    }
    take_result(g, h->has_ret && op->dst[0] && !ra_dst_dead(&g->ra, 0)
                ? op->dst[0] : TCGV_NONE, lost);
}
