/*
 * Upper halves of vectors in registers (LASX).
 *
 * An instruction of LSX or of the FPU leaves the upper half of its result's
 * register undefined, so that a register cannot be relied on to hold all of a
 * guest register.  Memory is where the upper half of a value belongs, in the CPU
 * state or in a temp's slot; between units it is there.  Within a unit a register
 * may be *whole*: it holds all 32 bytes as well.  It becomes whole when an
 * instruction of LASX writes it, or when one reads it (the half is loaded), and
 * ceases to be when another instruction writes it.  A whole guest register whose
 * half in memory is old is *stale*.
 *
 * So what LSX does is as if there were no LASX, but that la_upper_before() brings
 * memory up to date first.  Stale registers are stored before the unit is left
 * and before C looks; a mark tells faults which ones are.
 *
 * A unit that ends where it begins jumps behind its beginning (*head*), where some
 * registers are whole: those that are whole at the jump and either stale, or
 * loaded within the unit.  They are found by emitting the unit without that first.
 * The jump is patched (la_patch_exit()): when the way back leads to another unit,
 * or nowhere, it falls through to the stores and an ordinary exit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "tcg/tcg-vop.h"

enum { GUEST = (1u << LA_VTEMP0) - 1, TEMPS = 0xff << LA_VTEMP0 };

/* The value in vector register @reg; none: that of a guest register, or nothing. */
static TCGv held(const LAGen *g, unsigned reg)
{
    return g->ra.hold[RA_VEC + reg];
}

static int32_t home(const LAGen *g, unsigned reg)
{
    for (TCGv v = 1; v <= g->s->nb_globals; v++) {
        const TCGVal *x = &g->s->vals[v];

        if (x->type == TCG_VEC && x->pinned == RA_VEC + reg) {
            return x->offset;
        }
    }
    assert(false);
    return 0;
}

static bool is_guest(const LAGen *g, TCGv v)
{
    return g->s->vals[v].kind == TCG_VAL_GLOBAL;
}

static bool is_whole(const LAGen *g, unsigned reg)
{
    return g->forms.whole >> reg & 1;
}

/* Make @reg whole; f24 is lost. */
static void load_upper(LAGen *g, unsigned reg, LAMem m)
{
    la_vld(&g->a, LA_FT0, m.base, m.disp + 16);
    la_xvpermi_q(&g->a, reg, LA_FT0, 0x02);
}

static void store_whole(LAGen *g, unsigned reg)
{
    la_xvst(&g->a, reg, LA_ENV, home(g, reg));
}

unsigned la_upper_use(LAGen *g, TCGv v)
{
    unsigned reg = la_vec_use(g, v);

    if (!is_whole(g, reg)) {
        load_upper(g, reg, la_vec_place(g, v));
        g->forms.whole |= 1u << reg;
        g->loop.loaded |= 1u << reg;
    }
    return reg;
}

unsigned la_upper_dst(LAGen *g)
{
    return ra_dst(&g->ra, g->op->dst[0], 0, 0, 0) - RA_VEC;
}

void la_upper_bind(LAGen *g, unsigned d)
{
    g->forms.whole |= 1u << d;
    if (is_guest(g, g->op->dst[0])) {
        g->forms.stale |= 1u << d;
    }
    la_vec_bind(g, d);
}

void la_upper_drop(LAGen *g, unsigned reg)
{
    g->forms.whole &= ~(1u << reg);
    g->forms.stale &= ~(1u << reg);
    if (g->marked >> reg & 1) {
        la_mark_again(g);
    }
}

/* Memory of a source becomes right. */
static void update(LAGen *g, TCGv v)
{
    unsigned reg = ra_where(&g->ra, v);

    if (reg == RA_NOREG || !is_whole(g, reg - RA_VEC)) {
        return;
    }
    reg -= RA_VEC;
    if (!is_guest(g, v)) {
        la_vec_mem(g, v);
    } else if (g->forms.stale >> reg & 1) {
        store_whole(g, reg);
        g->forms.stale &= ~(1u << reg);
    }
}

void la_upper_before(LAGen *g, const TCGOp *op)
{
    if (!la_upper_any(g)) {
        return;
    }
    if (op->w == VW_32 || op->opc != TCG_OP_v) {
        for (unsigned k = 0; k < 6; k++) {
            if (op->src[k] && g->s->vals[op->src[k]].type == TCG_VEC) {
                update(g, op->src[k]);
            }
        }
    }
    if (op->dst[0] && is_guest(g, op->dst[0]) &&
        g->s->vals[op->dst[0]].type == TCG_VEC &&
        !(op->flags & TCG_F_ZERO_UPPER)) {
        update(g, op->dst[0]);
    }
}

void la_upper_flush(LAGen *g)
{
    for (uint32_t set = g->forms.stale; set; set &= set - 1) {
        store_whole(g, __builtin_ctz(set));
    }
    g->forms.stale = 0;
}

/* ---- calls ---- */

/* Temps go to their slots, but the allocator is not told: see source_place(). */
void la_upper_save(LAGen *g)
{
    for (uint32_t set = g->forms.whole; set; set &= set - 1) {
        unsigned reg = __builtin_ctz(set);
        TCGv v = held(g, reg);

        if (g->forms.stale >> reg & 1) {
            store_whole(g, reg);
        } else if (v && !g->ra.vals[v].in_slot && reg >= LA_VTEMP0) {
            LAMem m = la_vec_place(g, v);

            la_xvst(&g->a, reg, m.base, m.disp);
        }
    }
}

void la_upper_restore(LAGen *g)
{
    for (uint32_t set = g->forms.whole; set; set &= set - 1) {
        unsigned reg = __builtin_ctz(set);
        TCGv v = held(g, reg);
        LAMem m = { LA_ENV, 0, 0 };

        if (reg < LA_VTEMP0) {
            m.disp = home(g, reg);
        } else if (v) {
            m = la_vec_place(g, v);
        } else {
            continue;
        }
        la_xvld(&g->a, reg, m.base, m.disp);
    }
}

void la_upper_spill(LAGen *g)
{
    RASet set = (RASet)(g->forms.whole & TEMPS) << RA_VEC;

    if (set) {
        ra_save(&g->ra, set);
        ra_clobber(&g->ra, set);
        g->forms.whole &= GUEST;
    }
}

/* ---- the loop ---- */

void la_upper_begin(LAGen *g)
{
    g->loop.loaded = g->loop.whole = g->loop.stale = 0;
    for (unsigned n = 0; n < g->s->nb_exits && !g->careful; n++) {
        g->s->exits[n].shortcut = false;
    }
    for (uint32_t set = g->loop.keep; set; set &= set - 1) {
        unsigned reg = __builtin_ctz(set);

        load_upper(g, reg, (LAMem) { LA_ENV, 0, home(g, reg) });
    }
    g->forms.whole = g->loop.keep;
    g->forms.stale = g->loop.old;
    g->loop.head = (uint8_t *)g->a.p - (uint8_t *)g->start;
}

/* What is at the end of the code of exit @n, behind its jump. */
typedef struct LoopNote {
    uint32_t head : 20;         /* offset of the head */
    uint32_t back : 12;         /* from the jump to the shorter one */
} LoopNote;

void la_upper_back(LAGen *g, unsigned n)
{
    TCGExit *e = &g->s->exits[n];
    LAForms *f = &g->forms;
    uint32_t keep = g->loop.keep;

    if (g->careful || e->pc != g->s->pc) {
        return;
    }
    g->loop.whole |= f->whole & GUEST;
    g->loop.stale |= f->stale;
    if (!keep || g->loop.head >= 1u << 20) {
        return;
    }
    for (uint32_t set = keep & ~f->whole; set; set &= set - 1) {
        unsigned reg = __builtin_ctz(set);

        load_upper(g, reg, (LAMem) { LA_ENV, 0, home(g, reg) });
    }
    for (uint32_t set = f->stale & ~g->loop.old; set; set &= set - 1) {
        store_whole(g, __builtin_ctz(set));
    }
    f->whole = keep;
    f->stale = g->loop.old;
    e->shortcut = true;
    g->loop.jump = (uint8_t *)g->a.p - (uint8_t *)g->start;
    la_b(&g->a, 4);
}

void la_upper_note(LAGen *g, unsigned n)
{
    const TCGExit *e = &g->s->exits[n];
    LoopNote note = { g->loop.head, e->jump_offset - g->loop.jump };
    uint32_t word;

    if (e->shortcut) {
        memcpy(&word, &note, sizeof(word));
        la_put(&g->a, word);
    }
}

void la_upper_patch(const uint8_t *rx, uint8_t *rw, const TCGExit *e, bool loop)
{
    uint32_t at;
    LoopNote note;

    memcpy(&note, rw + e->jump_offset + 4, sizeof(note));
    at = e->jump_offset - note.back;
    la_patch(rx, rw, at, loop ? (int64_t)note.head - at : 4);
}
