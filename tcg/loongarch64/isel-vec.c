/*
 * Vectors: loads, stores, moves, and calls of the reference.  See vec-reg.c for
 * where they are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

/* ---- memory ---- */

/* An address all of whose @size bytes a displacement reaches. */
static LAMem vector_address(LAGen *g, const TCGOp *op, unsigned size)
{
    LAMem m = la_address(g, op, 12, false);

    if (!la_fits_s(m.disp + (int)size, 12)) {
        la_addi_d(&g->a, LA_TMP0, m.base, m.disp);
        m = (LAMem) { LA_TMP0, 0, 0 };
    }
    return m;
}

static void check_align(LAGen *g, const TCGOp *op, LAMem m)
{
    uint32_t *aligned;

    unsigned mask = (1u << op->w) - 1, base = m.base;

    if (op->flags & TCG_F_ALIGN) {
        if (m.disp & mask) {
            la_addi_d(&g->a, LA_TMP1, base, m.disp);
            base = LA_TMP1;
        }
        la_andi(&g->a, LA_TMP1, base, mask);
        aligned = la_jcc(g, la_test(LA_T_EQ, LA_TMP1, LA_ZERO));
        la_trap(g, 13);
        la_here(g, aligned);
    }
}


/* Scratch for bytes on their way from memory to memory. */
static unsigned byte_temp(LAGen *g)
{
    unsigned t = ra_scratch(&g->ra, TCG_I64, 0);

    la_form_any(g, t);
    return t;
}

/* The first 4 bytes, or 8, or all of a part of a register. */
static void load_low(LAGen *g, const TCGOp *op, unsigned d, LAMem m)
{
    bool wide = la_vec_wide(g, op->dst[0]);

    if (op->w >= VW_16) {
        la_vec_load(g, d, m.base, m.disp);
    } else if (op->w == VW_8 && (!la_have(LA_F_LSX) || !wide)) {
        la_fld_d(&g->a, d, m.base, m.disp);
    } else if (!wide) {
        la_fld_s(&g->a, d, m.base, m.disp);
    } else {
        (op->w == VW_8 ? la_ld_d : la_ld_wu)(&g->a, LA_TMP1, m.base, m.disp);
        if (la_have(LA_F_LSX)) {
            la_vreplgr2vr_d(&g->a, d, LA_TMP1);
            la_vinsgr2vr_d(&g->a, d, LA_ZERO, 1);
        } else {
            la_movgr2fr_d(&g->a, d, LA_TMP1);
        }
    }
}

/* Everything is read before anything is written. */
static void vload(LAGen *g, const TCGOp *op, LAMem m)
{
    unsigned size = 1u << op->w, part = la_vec_part(), t[3], n = 0, d;
    LAMem place = { 0 };

    check_align(g, op, m);
    if (op->w == VW_32 && la_have(LA_F_LASX)) {
        d = la_upper_dst(g);
        if (la_have(LA_F_EXACT) ||
            g->s->vals[op->dst[0]].kind != TCG_VAL_GLOBAL) {
            la_xvld(&g->a, d, m.base, m.disp);
        } else {
            la_xvld(&g->a, LA_FT0, m.base, m.disp);
            la_xvori_b(&g->a, d, LA_FT0, 0);
        }
        la_upper_bind(g, d);
        return;
    }
    la_upper_before(g, op);
    if (op->w == VW_32 && la_have(LA_F_LSX)) {
        la_vld(&g->a, LA_FT0, m.base, m.disp + 16);
        d = la_vec_dst(g);
        la_vld(&g->a, d, m.base, m.disp);
        place = la_vec_place(g, op->dst[0]);
        la_vst(&g->a, LA_FT0, place.base, place.disp + 16);
        la_vec_bind(g, d);
        return;
    }
    for (unsigned at = part; at < size; at += 8) {
        t[n] = byte_temp(g);
        la_ld_d(&g->a, t[n++], m.base, m.disp + at);
    }
    d = la_upper_dst(g);
    load_low(g, op, d, m);
    la_upper_drop(g, d);        /* not before: the load may fault */
    if (la_vec_wide(g, op->dst[0]) && (n || size < 16 ||
                                       op->flags & TCG_F_ZERO_UPPER)) {
        place = la_vec_place(g, op->dst[0]);
        for (unsigned k = 0; k < n; k++) {
            la_st_d(&g->a, t[k], place.base, place.disp + part + k * 8);
        }
        size = MAX(size, part);
        if (size == 8 && la_vec_same(g, op->dst[0], TCGV_NONE)) {
            size = 16;
        }
        la_vec_zero_tail(g, op, place, size);
    }
    la_vec_bind(g, d);
}

void gen_vld(LAGen *g, const TCGOp *op)
{
    la_order(g, LA_ORDER_LD, false);
    vload(g, op, vector_address(g, op, 1u << op->w));
}

void gen_vld_env(LAGen *g, const TCGOp *op)
{
    vload(g, op, (LAMem) { LA_ENV, 0, op->imm });
}

/* Of two pages it is mostly the second one that is missing: the end first. */
static void vstore(LAGen *g, const TCGOp *op, TCGv v, LAMem m)
{
    unsigned size = 1u << op->w, part = la_vec_part(), s = la_vec_use(g, v), t;
    LAMem place;

    if (op->w == VW_32 && la_have(LA_F_LSX)) {
        if (!(g->forms.whole >> s & 1)) {
            place = la_vec_place(g, v);
            la_vld(&g->a, LA_FT0, place.base, place.disp + 16);
        } else if (la_have(LA_F_EXACT)) {
            la_xvst(&g->a, s, m.base, m.disp);
            return;
        } else {
            la_xvpermi_q(&g->a, LA_FT0, s, 0x01);
        }
        la_vst(&g->a, LA_FT0, m.base, m.disp + 16);
    } else if (size > part) {
        place = la_vec_place(g, v);
        t = byte_temp(g);
        for (unsigned at = size - 8; at >= part; at -= 8) {
            la_ld_d(&g->a, t, place.base, place.disp + at);
            la_st_d(&g->a, t, m.base, m.disp + at);
        }
    }
    if (size >= 16) {
        la_vec_store(g, s, m.base, m.disp);
    } else {
        (size == 8 ? la_fst_d : la_fst_s)(&g->a, s, m.base, m.disp);
    }
}

void gen_vst(LAGen *g, const TCGOp *op)
{
    LAMem m;

    la_order(g, LA_ORDER_ST, false);
    m = vector_address(g, op, 1u << op->w);
    check_align(g, op, m);
    vstore(g, op, op->src[2], m);
}

void gen_vst_env(LAGen *g, const TCGOp *op)
{
    vstore(g, op, op->src[0], (LAMem) { LA_ENV, 0, op->imm });
}

/* ---- the reference ---- */

/*
 * What slow_vop() needs: where the result and three sources are, 12 bits each
 * (bit 0: in the frame), and in scratch[2] desc and imm.
 */
static TCGVec *operand(void *env, void *frame, uint64_t places, unsigned n)
{
    unsigned at = places >> n * 12 & 0xfff;

    return (TCGVec *)((uint8_t *)(at & 1 ? frame : env) + (at & ~1u));
}

static uint64_t slow_vop(void *env, uint64_t places, void *frame)
{
    uint64_t *scratch = la_scratch(env);
    uint32_t desc = scratch[2];
    int64_t imm = (int32_t)(scratch[2] >> 32);
    uint32_t *mxcsr = (uint32_t *)((uint8_t *)env + la_context->env_mxcsr);
    bool fp = tcg_vop_defs[desc & 0xff].flags & TCG_VF_P;
    TCGVec *d = operand(env, frame, places, 0), t = *d;
    TCGFpEnv e = { *mxcsr & ~0x3fu };

    tcg_vop_ref(desc, &t, operand(env, frame, places, 1),
                operand(env, frame, places, 2),
                operand(env, frame, places, 3), imm, &e);
    scratch[3] = fp ? e.mxcsr & ~(*mxcsr >> 7) & 0x3f : 0;
    *mxcsr |= e.mxcsr & 0x3f;
    if (!scratch[3]) {
        *d = t;
    }
    return t.q[0];
}

static LAMem vtmp(LAGen *g, unsigned n)
{
    return (LAMem) { LA_ENV, 0, g->s->env_vtmp + n * 32 };
}

static uint64_t encode(LAMem m, unsigned n)
{
    return (uint64_t)(m.disp | (m.base == LA_SP)) << n * 12;
}

/*
 * Temps go to their slots for the call, but the allocator is not told: the code
 * may be one of two ways of an op.  The slow call itself takes care of guest
 * registers.
 */
static LAMem source_place(LAGen *g, TCGv v)
{
    LAMem m = la_vec_place(g, v);
    unsigned reg = ra_where(&g->ra, v);

    if (g->s->vals[v].kind == TCG_VAL_TEMP && !g->ra.vals[v].in_slot) {
        la_vec_spill(g, reg - RA_VEC, m.base, m.disp);
    }
    return m;
}

void la_vec_reference(LAGen *g, const TCGOp *op)
{
    const char *sig = tcg_vop_defs[op->aux].sig;
    bool vec = sig[0] == 'd';
    uint64_t places = encode(vec ? la_vec_place(g, op->dst[0]) : vtmp(g, 0), 0);
    uint32_t *fine;

    for (unsigned k = 0; sig[1 + k] && sig[1 + k] != 'I'; k++) {
        LAMem m = vtmp(g, 1 + k);

        if (sig[1 + k] == 'v') {
            m = source_place(g, op->src[k]);
        } else {
            unsigned r = la_use(g, op->src[k]);

            la_st_d(&g->a, r, m.base, m.disp);
        }
        places |= encode(m, 1 + k);
    }
    la_li(&g->a, LA_TMP0, VOP_DESC(op->aux, op->w, op->cond, op->flags) |
          (uint64_t)op->imm << 32);
    la_st_d(&g->a, LA_TMP0, LA_ENV, LA_SCRATCH(g, 2));
    la_li(&g->a, LA_TMP1, places);
    la_slow_call(g, slow_vop);
    if (tcg_vop_defs[op->aux].flags & TCG_VF_P) {
        la_ld_d(&g->a, LA_TMP1, LA_ENV, LA_SCRATCH(g, 3));
        fine = la_jcc(g, la_test(LA_T_EQ, LA_TMP1, LA_ZERO));
        la_trap(g, 19);
        la_here(g, fine);
    }
}

/* A result is in its memory, a number in TMP0. */
void la_vec_result(LAGen *g, const TCGOp *op)
{
    unsigned d;

    if (tcg_vop_defs[op->aux].sig[0] == 'd') {
        la_vec_written(g, op->dst[0]);
    } else if (!ra_dst_dead(&g->ra, 0)) {
        d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
        la_mov(&g->a, d, LA_TMP0);
        la_bind(g, 0, d, 64, 64);
    }
}

/* ---- moves ---- */

static void vmove(LAGen *g, const TCGOp *op)
{
    unsigned size = 1u << op->w, part = la_vec_part(), d;
    unsigned a = la_vec_use(g, op->src[0]);
    bool wide = la_vec_wide(g, op->dst[0]);
    LAMem place;

    if (wide && (size > part || op->flags & TCG_F_ZERO_UPPER)) {
        place = la_vec_place(g, op->dst[0]);
        if (part == 8 && la_vec_same(g, op->dst[0], op->src[0])) {
            part = 16;
        }
        la_vec_copy(g, place, la_vec_place(g, op->src[0]), part, size);
        if (op->flags & TCG_F_ZERO_UPPER) {
            la_vec_zero(g, place, size, 32);
        }
    }
    d = la_vec_dst(g);
    la_vec_move(g, d, a);
    la_vec_bind(g, d);
}

/* Zero, or the low 8 bytes of src[0] and zeros. */
static void vzero(LAGen *g, const TCGOp *op)
{
    unsigned part = la_vec_part(), a = 0, d;
    unsigned to = op->flags & TCG_F_ZERO_UPPER ||
                  (op->w == VW_32 && op->aux == VOP_zero) ? 32 : 16;

    if (op->aux == VOP_movq) {
        a = la_vec_use(g, op->src[0]);
    }
    if (part == 8 && la_vec_same(g, op->dst[0], TCGV_NONE)) {
        part = 16;
    }
    if (to > part && la_vec_wide(g, op->dst[0])) {
        la_vec_zero(g, la_vec_place(g, op->dst[0]), part, to);
    }
    d = la_vec_dst(g);
    if (op->aux == VOP_movq) {
        la_vec_move(g, d, a);
        if (la_have(LA_F_LSX)) {
            la_vinsgr2vr_d(&g->a, d, LA_ZERO, 1);
        }
    } else if (la_have(LA_F_LSX)) {
        la_vxor_v(&g->a, d, d, d);
    } else {
        la_movgr2fr_d(&g->a, d, LA_ZERO);
    }
    la_vec_bind(g, d);
}

void gen_v(LAGen *g, const TCGOp *op)
{
    TCGOp zero;

    if (la_vec_lasx(g, op)) {
        return;
    }
    la_upper_before(g, op);
    switch (op->aux) {
    case VOP_mov:
        if (op->flags & TCG_F_SCALAR) {
            break;
        }
        vmove(g, op);
        return;
    case VOP_zero:
    case VOP_movq:
        vzero(g, op);
        return;
    case VOP_xor:
    case VOP_sub:
        if (op->src[0] == op->src[1]) {
            zero = *op;
            zero.aux = VOP_zero;
            vzero(g, &zero);
            return;
        }
        break;
    default:
        break;
    }
    if ((la_have(LA_F_LSX) && la_vec_lsx(g, op)) || la_vec_fp(g, op) ||
        la_vec_int(g, op)) {
        return;
    }
    la_vec_reference(g, op);
    la_vec_result(g, op);
}
