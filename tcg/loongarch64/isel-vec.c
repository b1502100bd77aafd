/*
 * Vectors.  Their values live in memory: guest registers in the CPU state,
 * temps in their slots of the frame.  Loads, stores, moves and bitwise logic
 * are done here in general registers, the rest by the reference.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

/* ---- places ---- */

LAMem la_vec_place(LAGen *g, TCGv v)
{
    const TCGVal *x = &g->s->vals[v];

    if (x->kind == TCG_VAL_GLOBAL) {
        return (LAMem) { LA_ENV, 0, x->offset };
    }
    return (LAMem) { LA_SP, 0, ra_slot(&g->ra, v).offset };
}

/* Result @v is where la_vec_place() says. */
void la_vec_written(LAGen *g, TCGv v)
{
    if (g->s->vals[v].kind == TCG_VAL_TEMP && !ra_dst_dead(&g->ra, 0)) {
        g->ra.vals[v].in_slot = true;
    }
}

/* Bytes of a result from @from on become zero, up to 16, or 32 on demand. */
void la_vec_zero_tail(LAGen *g, const TCGOp *op, LAMem d, unsigned from)
{
    unsigned to = op->flags & TCG_F_ZERO_UPPER ? 32 : 16;

    for (; from < to; from += 8) {
        la_st_d(&g->a, LA_ZERO, d.base, d.disp + from);
    }
}

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

    if (op->flags & TCG_F_ALIGN) {
        la_addi_d(&g->a, LA_TMP1, m.base, m.disp);
        la_andi(&g->a, LA_TMP1, LA_TMP1, (1 << op->w) - 1);
        aligned = la_jcc(g, la_test(LA_T_EQ, LA_TMP1, LA_ZERO));
        la_trap(g, 13);
        la_here(g, aligned);
    }
}

/*
 * Copy, everything read before anything is written, and the end first: of two
 * pages it is mostly the second one that is missing.
 */
static void copy(LAGen *g, LAMem d, LAMem s, unsigned size)
{
    unsigned n = MAX(size / 8, 1u), t[4];

    for (unsigned k = 0; k < n; k++) {
        t[k] = ra_scratch(&g->ra, TCG_I64, 0);
        la_form_any(g, t[k]);
        (size == 4 ? la_ld_wu : la_ld_d)(&g->a, t[k], s.base, s.disp + k * 8);
    }
    for (unsigned k = n; k-- > 0; ) {
        (size == 4 ? la_st_w : la_st_d)(&g->a, t[k], d.base, d.disp + k * 8);
        ra_unlock(&g->ra, t[k]);
    }
}

static void vload(LAGen *g, const TCGOp *op, LAMem m)
{
    unsigned size = 1u << op->w, t;
    LAMem d = la_vec_place(g, op->dst[0]);

    check_align(g, op, m);
    if (size < 8) {
        t = ra_scratch(&g->ra, TCG_I64, 0);
        la_form_any(g, t);
        la_ld_wu(&g->a, t, m.base, m.disp);
        la_st_d(&g->a, t, d.base, d.disp);
    } else {
        copy(g, d, m, size);
    }
    la_vec_zero_tail(g, op, d, MAX(size, 8u));
    la_vec_written(g, op->dst[0]);
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

void gen_vst(LAGen *g, const TCGOp *op)
{
    LAMem m;

    la_order(g, LA_ORDER_ST, false);
    m = vector_address(g, op, 1u << op->w);
    check_align(g, op, m);
    copy(g, m, la_vec_place(g, op->src[2]), 1u << op->w);
}

void gen_vst_env(LAGen *g, const TCGOp *op)
{
    copy(g, (LAMem) { LA_ENV, 0, op->imm }, la_vec_place(g, op->src[0]),
         1u << op->w);
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

/* The result is in its place, a number in TMP0. */
void la_vec_reference(LAGen *g, const TCGOp *op)
{
    const char *sig = tcg_vop_defs[op->aux].sig;
    bool vec = sig[0] == 'd';
    uint64_t places = encode(vec ? la_vec_place(g, op->dst[0]) : vtmp(g, 0), 0);
    uint32_t *fine;

    for (unsigned k = 0; sig[1 + k] && sig[1 + k] != 'I'; k++) {
        LAMem m = vtmp(g, 1 + k);

        if (sig[1 + k] == 'v') {
            m = la_vec_place(g, op->src[k]);
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

/* What is computed goes to the op's result; a number is in TMP0. */
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

/* ---- in general registers ---- */

static void bitwise(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_place(g, op->src[0]);
    LAMem b = la_vec_place(g, op->src[1]);
    unsigned size = 1u << op->w;

    for (unsigned k = 0; k < size; k += 8) {
        la_ld_d(&g->a, LA_TMP0, a.base, a.disp + k);
        la_ld_d(&g->a, LA_TMP1, b.base, b.disp + k);
        switch (op->aux) {
        case VOP_and:
            la_and(&g->a, LA_TMP0, LA_TMP0, LA_TMP1);
            break;
        case VOP_or:
            la_or(&g->a, LA_TMP0, LA_TMP0, LA_TMP1);
            break;
        case VOP_xor:
            la_xor(&g->a, LA_TMP0, LA_TMP0, LA_TMP1);
            break;
        default:
            la_andn(&g->a, LA_TMP0, LA_TMP1, LA_TMP0);
            break;
        }
        la_st_d(&g->a, LA_TMP0, d.base, d.disp + k);
    }
    la_vec_zero_tail(g, op, d, size);
    la_vec_written(g, op->dst[0]);
}

void gen_v(LAGen *g, const TCGOp *op)
{
    unsigned size = 1u << op->w;
    LAMem d;

    switch (op->aux) {
    case VOP_and:
    case VOP_or:
    case VOP_xor:
    case VOP_andn:
        bitwise(g, op);
        return;
    case VOP_mov:
        if (op->flags & TCG_F_SCALAR) {
            break;
        }
        d = la_vec_place(g, op->dst[0]);
        copy(g, d, la_vec_place(g, op->src[0]), size);
        if (op->flags & TCG_F_ZERO_UPPER) {
            la_vec_zero_tail(g, op, d, size);
        }
        la_vec_written(g, op->dst[0]);
        return;
    case VOP_zero:
        d = la_vec_place(g, op->dst[0]);
        la_vec_zero_tail(g, op, d, 0);
        if (size == 32 && !(op->flags & TCG_F_ZERO_UPPER)) {
            la_st_d(&g->a, LA_ZERO, d.base, d.disp + 16);
            la_st_d(&g->a, LA_ZERO, d.base, d.disp + 24);
        }
        la_vec_written(g, op->dst[0]);
        return;
    case VOP_movq:
        d = la_vec_place(g, op->dst[0]);
        copy(g, d, la_vec_place(g, op->src[0]), 8);
        la_vec_zero_tail(g, op, d, 8);
        la_vec_written(g, op->dst[0]);
        return;
    default:
        break;
    }
    if (la_vec_int(g, op) || la_vec_fp(g, op)) {
        return;
    }
    la_vec_reference(g, op);
    la_vec_result(g, op);
}
