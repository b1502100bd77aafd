/*
 * Where vectors are: the first bytes in registers, the rest in memory (see
 * gen.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "tcg/tcg-vop.h"

/* ---- registers ---- */

void la_vec_move(LAGen *g, unsigned d, unsigned s)
{
    if (d == s) {
        return;
    }
    if (la_have(LA_F_LSX)) {
        la_vori_b(&g->a, d, s, 0);
    } else {
        la_fmov_d(&g->a, d, s);
    }
}

void la_vec_load(LAGen *g, unsigned d, unsigned base, int32_t off)
{
    (la_have(LA_F_LSX) ? la_vld : la_fld_d)(&g->a, d, base, off);
}

void la_vec_store(LAGen *g, unsigned s, unsigned base, int32_t off)
{
    (la_have(LA_F_LSX) ? la_vst : la_fst_d)(&g->a, s, base, off);
}

void la_vec_copy_reg(LAGen *g, unsigned d, unsigned s)
{
    if (g->forms.whole >> s & 1) {
        la_xvori_b(&g->a, d, s, 0);
        g->forms.whole |= 1u << d;
        g->forms.stale |= d < LA_VTEMP0 ? 1u << d : 0;
    } else {
        la_vec_move(g, d, s);
        la_upper_drop(g, d);
    }
}

void la_vec_fill(LAGen *g, unsigned d, unsigned base, int32_t off)
{
    if (la_have(LA_F_LASX)) {
        la_xvld(&g->a, d, base, off);
        g->forms.whole |= 1u << d;
    } else {
        la_vec_load(g, d, base, off);
    }
}

void la_vec_spill(LAGen *g, unsigned s, unsigned base, int32_t off)
{
    if (g->forms.whole >> s & 1) {
        la_xvst(&g->a, s, base, off);
    } else {
        la_vec_store(g, s, base, off);
    }
}

unsigned la_vec_use(LAGen *g, TCGv v)
{
    return ra_use(&g->ra, v) - RA_VEC;
}

unsigned la_vec_dst(LAGen *g)
{
    unsigned d = ra_dst(&g->ra, g->op->dst[0], 0, 0, 0) - RA_VEC;

    la_upper_drop(g, d);
    return d;
}

void la_vec_bind(LAGen *g, unsigned d)
{
    if (!ra_dst_dead(&g->ra, 0)) {
        ra_bind(&g->ra, g->op->dst[0], d + RA_VEC);
    }
}

void la_vec_move_pinned(LAGen *g, bool store)
{
    for (TCGv v = 1; v <= g->s->nb_globals; v++) {
        const TCGVal *x = &g->s->vals[v];

        if (x->type == TCG_VEC && x->pinned != 0xff) {
            (store ? la_vec_store : la_vec_load)(g, x->pinned - RA_VEC, LA_ENV,
                                                 x->offset);
        }
    }
}

/* ---- memory ---- */

LAMem la_vec_place(LAGen *g, TCGv v)
{
    const TCGVal *x = &g->s->vals[v];

    if (x->kind == TCG_VAL_GLOBAL) {
        return (LAMem) { LA_ENV, 0, x->offset };
    }
    return (LAMem) { LA_SP, 0, ra_slot(&g->ra, v).offset };
}

LAMem la_vec_mem(LAGen *g, TCGv v)
{
    const TCGVal *x = &g->s->vals[v];
    LAMem m = la_vec_place(g, v);
    unsigned reg = ra_where(&g->ra, v);

    if (x->kind == TCG_VAL_GLOBAL ||
        (x->kind == TCG_VAL_TEMP && !g->ra.vals[v].in_slot)) {
        assert(reg != RA_NOREG);
        la_vec_spill(g, reg - RA_VEC, m.base, m.disp);
        if (x->kind == TCG_VAL_TEMP) {
            g->ra.vals[v].in_slot = true;
        }
    }
    return m;
}

void la_vec_written(LAGen *g, TCGv v)
{
    const TCGVal *x = &g->s->vals[v];
    LAMem m = la_vec_place(g, v);

    if (x->kind == TCG_VAL_GLOBAL) {
        la_upper_drop(g, x->pinned - RA_VEC);
        la_vec_load(g, x->pinned - RA_VEC, m.base, m.disp);
    } else {
        ra_written_home(&g->ra, v);
        g->ra.vals[v].in_slot = x->kind == TCG_VAL_TEMP &&
                                !ra_dst_dead(&g->ra, 0);
    }
}

/* Is @d that of a guest register whose upper half is zero already? */
static bool zero_above(const LAGen *g, LAMem d)
{
    const TCGVal *x = &g->s->vals[g->op->dst[0]];

    return x->kind == TCG_VAL_GLOBAL && d.base == LA_ENV &&
           d.disp == (int32_t)x->offset &&
           g->forms.zero >> (x->pinned - RA_VEC) & 1;
}

void la_vec_zero(LAGen *g, LAMem d, unsigned from, unsigned to)
{
    if (to == 32 && zero_above(g, d)) {
        to = 16;
    }
    for (; from < to; from += 8) {
        la_st_d(&g->a, LA_ZERO, d.base, d.disp + from);
    }
}

void la_vec_copy(LAGen *g, LAMem d, LAMem a, unsigned from, unsigned to)
{
    if (d.base == a.base && d.disp == a.disp) {
        return;
    }
    for (; from < to; from += 8) {
        la_ld_d(&g->a, LA_TMP0, a.base, a.disp + from);
        la_st_d(&g->a, LA_TMP0, d.base, d.disp + from);
    }
}

void la_vec_zero_tail(LAGen *g, const TCGOp *op, LAMem d, unsigned from)
{
    la_vec_zero(g, d, from, op->flags & TCG_F_ZERO_UPPER ? 32 : 16);
}

/* ---- bytes 8 - 15 of guest registers ---- */

/*
 * Those that are known to be equal have the same name; 0 is the name of zero.
 * That saves copies in memory on hosts without LSX.
 */
static bool has_name(const LAGen *g, TCGv v)
{
    return v < ARRAY_SIZE(g->vec_high) &&
           g->s->vals[v].kind == TCG_VAL_GLOBAL &&
           g->s->vals[v].type == TCG_VEC;
}

bool la_vec_same(const LAGen *g, TCGv a, TCGv b)
{
    return has_name(g, a) && (!b || has_name(g, b)) &&
           g->vec_high[a] == (b ? g->vec_high[b] : 0);
}

void la_vec_forget(LAGen *g)
{
    for (unsigned v = 0; v < ARRAY_SIZE(g->vec_high); v++) {
        g->vec_high[v] = ++g->vec_names;
    }
}

void la_vec_track(LAGen *g, const TCGOp *op)
{
    TCGv d = op->dst[0], a = op->src[0];

    if (op->opc == TCG_OP_call) {
        la_vec_forget(g);
        g->forms.zero = 0;
        return;
    }
    if (!d || !has_name(g, d)) {
        return;
    }
    if (op->w == VW_32) {
        g->forms.zero &= ~(1u << (g->s->vals[d].pinned - RA_VEC));
    } else if (op->flags & TCG_F_ZERO_UPPER) {
        g->forms.zero |= 1u << (g->s->vals[d].pinned - RA_VEC);
    }
    if (op->opc == TCG_OP_v && (op->flags & TCG_F_SCALAR ||
                                op->aux == VOP_mov) && has_name(g, a)) {
        g->vec_high[d] = g->vec_high[a];
    } else if ((op->opc == TCG_OP_v && (op->aux == VOP_zero ||
                                        op->aux == VOP_movq ||
                                        op->aux == VOP_movi2v)) ||
               (op->opc != TCG_OP_v && op->w < VW_16)) {
        g->vec_high[d] = 0;
    } else {
        g->vec_high[d] = ++g->vec_names;
    }
}

/* ---- what is read of temps ---- */

/* Does the op look at more than the low 8 bytes of src[k]? */
static bool reads_wide(const TCGOp *op, unsigned k)
{
    switch (op->opc) {
    case TCG_OP_vst:
    case TCG_OP_vst_env:
        return op->w > VW_8;
    case TCG_OP_v:
        break;
    default:
        return true;
    }
    switch (op->aux) {
    case VOP_fadd:
    case VOP_fsub:
    case VOP_fmul:
    case VOP_fdiv:
    case VOP_fmin:
    case VOP_fmax:
    case VOP_fsqrt:
    case VOP_fcmp:
    case VOP_fround:
        return !(op->flags & TCG_F_SCALAR) || k != 1;
    case VOP_fma:
        return !(op->flags & TCG_F_SCALAR) || k == 0;
    case VOP_cvtss2sd:
    case VOP_cvtsd2ss:
    case VOP_movs:
    case VOP_movlo:
    case VOP_movlh:
        return k != 1;
    case VOP_fcomi:
    case VOP_fucomi:
    case VOP_cvttf2si:
    case VOP_cvtf2si:
    case VOP_movq:
    case VOP_movddup:
    case VOP_bcast:
        return op->w > VW_16 && op->aux == VOP_movddup;
    default:
        return true;
    }
}

enum { READ_WIDE = 1, READ_8 = 2 };

bool la_vec_wide(LAGen *g, TCGv v)
{
    return g->s->vals[v].kind != TCG_VAL_TEMP || g->vec_read[v] & READ_WIDE;
}

bool la_vec_more_than(LAGen *g, TCGv v, TCGWidth e)
{
    return la_vec_wide(g, v) || (e == MO_32 && g->vec_read[v] & READ_8);
}

/* Conditions that are tested of a comparison; see la_fcc_test(). */
enum { FCC_NUMBER = 0x80, FCC_TESTED = 0x40 };

static unsigned fcc_bit(unsigned cond)
{
    switch (cond & ~1u) {
    case CCC_B:
        return 1u << LA_FCC_B;
    case CCC_E:
    case CCC_LE:
        return 1u << LA_FCC_E;
    case CCC_BE:
        return 1u << LA_FCC_BE;
    case CCC_P:
        return 1u << LA_FCC_P;
    default:
        return 0;
    }
}

/* May fcc change in the code of the op? */
static bool keeps_fcc(const TCGOp *op)
{
    switch (op->opc) {
    case TCG_OP_nop:
    case TCG_OP_insn_start:
    case TCG_OP_brcc:
    case TCG_OP_setcc:
    case TCG_OP_movcc:
    case TCG_OP_cc_set:
    case TCG_OP_mov:
    case TCG_OP_add:
    case TCG_OP_sub:
    case TCG_OP_and:
    case TCG_OP_or:
    case TCG_OP_xor:
    case TCG_OP_deposit:
    case TCG_OP_extu:
    case TCG_OP_exts:
    case TCG_OP_ld:
    case TCG_OP_st:
    case TCG_OP_lea:
    case TCG_OP_vld:
    case TCG_OP_vst:
        return true;
    case TCG_OP_v:
        return op->aux == VOP_mov || op->aux == VOP_zero ||
               op->aux == VOP_movq;
    default:
        return false;
    }
}

void la_vec_scan(LAGen *g)
{
    TCGContext *s = g->s;
    TCGv flags = TCGV_NONE;     /* comparison that is in fcc */

    memset(g->vec_read, 0, s->nb_vals);
    memset(g->fcc_used, 0, s->nb_vals);
    for (unsigned i = 0; i < s->nb_ops; i++) {
        const TCGOp *op = &s->ops[i];
        bool test = op->opc == TCG_OP_brcc || op->opc == TCG_OP_setcc ||
                    op->opc == TCG_OP_movcc;

        if (op->opc == TCG_OP_insn_start || op->opc == TCG_OP_nop) {
            continue;
        }
        for (unsigned k = 0; k < 6; k++) {
            TCGv v = op->src[k];

            if (!v) {
                continue;
            }
            if (s->vals[v].type == TCG_VEC) {
                g->vec_read[v] |= reads_wide(op, k) ? READ_WIDE
                                  : (op->opc == TCG_OP_v ? op->cond : op->w) ==
                                    MO_32 ? 0 : READ_8;
            } else if (k == 0 && v == flags && test &&
                       op->aux == CC_KIND_EFLAGS) {
                g->fcc_used[v] |= fcc_bit(op->cond) | FCC_TESTED;
            } else if (op->opc != TCG_OP_cc_set || k != 0 || op->cond & 1 ||
                       op->flags & TCG_F_CC_STORE || op->src[3]) {
                g->fcc_used[v] |= FCC_NUMBER;
            }
        }
        if (op->opc == TCG_OP_v && (op->aux == VOP_fcomi ||
                                    op->aux == VOP_fucomi)) {
            flags = op->dst[0];
            if (s->vals[flags].kind != TCG_VAL_TEMP) {
                g->fcc_used[flags] |= FCC_NUMBER;
            }
        } else if (!keeps_fcc(op)) {
            flags = TCGV_NONE;
        }
    }
}

bool la_fcc_test(LAGen *g, const TCGOp *op, unsigned cond, LATest *t)
{
    TCGv v = op->src[0];
    unsigned used = g->fcc_used[v], bit;

    if (g->careful || op->aux != CC_KIND_EFLAGS || !used ||
        used & FCC_NUMBER || g->s->vals[v].kind != TCG_VAL_TEMP) {
        return false;
    }
    bit = fcc_bit(cond);
    *t = bit ? la_test(LA_T_FCC, __builtin_ctz(bit), 0)
             : la_test(LA_T_NEVER, 0, 0);
    return true;
}
