/*
 * Vectors on LASX, 32 bytes at a time.
 *
 * Most instructions of LASX do with each half of a register what one of LSX does
 * with its register, as AVX2's do, and differ from that in a few bits.  So an op
 * is emitted by the code for LSX and then widened (la_widen()).  What moves bytes
 * between halves has instructions of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "tcg/tcg-vop.h"

enum { F0 = LA_FT0, F1 = LA_FT1, T0 = LA_FT4, T1 = LA_FT5, T2 = LA_FT6 };

static void move(LAGen *g, unsigned d, unsigned s)
{
    if (d != s) {
        la_xvori_b(&g->a, d, s, 0);
    }
}

static void widen_from(LAGen *g, uint32_t *start)
{
    for (uint32_t *p = start; p < g->a.p; p++) {
        *p = la_widen(*p);
    }
}

static bool emit(LAGen *g, const TCGOp *op, LARegs r, unsigned half)
{
    uint32_t *start = g->a.p;
    bool done = la_lsx_emit(g, op, r, half);

    widen_from(g, start);
    return done;
}

/* Has the immediate other bits for the upper half, and are they different? */
static bool uneven(const TCGOp *op)
{
    unsigned i = op->imm;

    switch (op->aux) {
    case VOP_blendi:
        return op->cond == MO_32 ? (i & 15) != (i >> 4 & 15)
               : op->cond == MO_64 && (i & 3) != (i >> 2 & 3);
    case VOP_shufp:
    case VOP_permili:
        return op->cond == MO_64 && (i & 3) != (i >> 2 & 3);
    default:
        return false;
    }
}

static bool by_lsx(LAGen *g, const TCGOp *op)
{
    const char *sig = tcg_vop_defs[op->aux].sig;
    uint32_t *start = g->a.p;
    unsigned reg[3] = { 0 };

    if (sig[0] != 'd') {
        return false;
    }
    for (unsigned k = 0; sig[1 + k] && sig[1 + k] != 'I'; k++) {
        if (sig[1 + k] != 'v') {
            return false;
        }
    }
    /* does it have a form at all? */
    if (!la_lsx_emit(g, op, (LARegs) { T0, F0, F0, F0 }, 0)) {
        return false;
    }
    g->a.p = start;
    for (unsigned k = 0; sig[1 + k] == 'v'; k++) {
        reg[k] = op->src[k] ? la_upper_use(g, op->src[k]) : 0;
    }
    LARegs r = { la_upper_dst(g), reg[0], reg[1], reg[2] };
    unsigned d = r.d;

    if (uneven(op)) {
        r.d = F0;
        emit(g, op, r, 0);
        r.d = F1;
        emit(g, op, r, 1);
        la_xvpermi_q(&g->a, F1, F0, 0x30);
        move(g, d, F1);
    } else {
        emit(g, op, r, 0);
    }
    la_upper_bind(g, d);
    return true;
}

/* ---- between halves ---- */

static void finish(LAGen *g, unsigned from)
{
    unsigned d = la_upper_dst(g);

    move(g, d, from);
    la_upper_bind(g, d);
}

static void extract_half(LAGen *g, const TCGOp *op)
{
    unsigned a = op->imm & 1 ? la_upper_use(g, op->src[0])
                             : la_vec_use(g, op->src[0]);

    la_upper_before(g, op);
    if (op->imm & 1) {
        la_xvpermi_q(&g->a, T0, a, 0x01);
        a = T0;
    }
    la_vec_finish16(g, op, a);
}

static void insert_half(LAGen *g, const TCGOp *op)
{
    bool high = op->imm & 1;
    unsigned a = high ? la_vec_use(g, op->src[0]) : la_upper_use(g, op->src[0]);
    unsigned b = la_vec_use(g, op->src[1]), d = la_upper_dst(g);
    unsigned t = d == b ? T0 : d;

    move(g, t, a);
    la_xvpermi_q(&g->a, t, b, high ? 0x02 : 0x30);
    move(g, d, t);
    la_upper_bind(g, d);
}

/* Halves of src[0] are 0 and 1, of src[1] 2 and 3; 8: zero. */
static void permute_halves(LAGen *g, const TCGOp *op)
{
    unsigned a = la_upper_use(g, op->src[0]), b = la_upper_use(g, op->src[1]);
    unsigned i = op->imm;

    move(g, T0, b);
    la_xvpermi_q(&g->a, T0, a, i & 0x33);
    if (i & 0x88) {
        la_xvxor_v(&g->a, T1, T1, T1);
        la_xvpermi_q(&g->a, T0, T1, (i & 8 ? 0 : 2) | (i & 0x80 ? 0 : 0x30));
    }
    finish(g, T0);
}

static void broadcast(LAGen *g, const TCGOp *op)
{
    static const uint32_t insn[4] = { LA_OP_xvreplve0_b, LA_OP_xvreplve0_h,
                                      LA_OP_xvreplve0_w, LA_OP_xvreplve0_d };
    unsigned a = la_vec_use(g, op->src[0]), d = la_upper_dst(g);

    la_put_dj(&g->a, op->aux == VOP_bcast128 ? LA_OP_xvreplve0_q
              : insn[op->cond], d, a);
    la_upper_bind(g, d);
}

/* 16 bytes or less to 32. */
static void extend(LAGen *g, const TCGOp *op)
{
    static const uint32_t s[3][4] = {
        { 0, LA_OP_vext2xv_h_b, LA_OP_vext2xv_w_b, LA_OP_vext2xv_d_b },
        { 0, 0, LA_OP_vext2xv_w_h, LA_OP_vext2xv_d_h },
        { 0, 0, 0, LA_OP_vext2xv_d_w },
    };
    static const uint32_t z[3][4] = {
        { 0, LA_OP_vext2xv_hu_bu, LA_OP_vext2xv_wu_bu, LA_OP_vext2xv_du_bu },
        { 0, 0, LA_OP_vext2xv_wu_hu, LA_OP_vext2xv_du_hu },
        { 0, 0, 0, LA_OP_vext2xv_du_wu },
    };
    unsigned a = la_vec_use(g, op->src[0]), d = la_upper_dst(g);

    la_put_dj(&g->a, (op->aux == VOP_movsx ? s : z)[op->cond][op->imm], d, a);
    la_upper_bind(g, d);
}

/* Two words of the source belong to each half of the result, or back. */
static void convert(LAGen *g, const TCGOp *op)
{
    LAAsm *p = &g->a;
    unsigned a, d;

    if (op->aux == VOP_cvtdq2pd || op->aux == VOP_cvtps2pd) {
        a = la_vec_use(g, op->src[0]);
        d = la_upper_dst(g);
        la_xvpermi_d(p, T0, a, 0x10);
        (op->aux == VOP_cvtdq2pd ? la_xvffintl_d_w : la_xvfcvtl_d_s)(p, d, T0);
        la_upper_bind(g, d);
        return;
    }
    a = la_upper_use(g, op->src[0]);
    la_upper_before(g, op);
    (op->aux == VOP_cvtpd2ps ? la_xvfcvt_s_d
     : op->aux == VOP_cvtpd2dq ? la_xvftint_w_d
                               : la_xvftintrz_w_d)(p, T0, a, a);
    la_xvpermi_d(p, T0, T0, 0x08);
    la_vec_finish16(g, op, T0);
}

/* NaNs go to the reference. */
static bool multiply_add(LAGen *g, const TCGOp *op)
{
    const uint8_t *order = la_fused_order(op);
    uint32_t *start, *numbers;
    unsigned x[3], d;
    LAMem m;

    if (!order) {
        return false;
    }
    for (unsigned k = 0; k < 3; k++) {
        x[k] = la_upper_use(g, op->src[order[k]]);
    }
    d = la_upper_dst(g);
    start = g->a.p;
    la_lsx_fused(g, op, T0, x[0], x[1], x[2]);
    (op->cond == MO_64 ? la_vfcmp_cun_d : la_vfcmp_cun_s)(&g->a, T2, T0, T0);
    la_vsetnez_v(&g->a, LA_FCC_TMP, T2);
    widen_from(g, start);
    numbers = la_jcc(g, la_test(LA_T_NFCC, LA_FCC_TMP, 0));
    la_vec_reference(g, op);
    m = la_vec_place(g, op->dst[0]);
    la_xvld(&g->a, T0, m.base, m.disp);
    la_here(g, numbers);
    move(g, d, T0);
    la_upper_bind(g, d);
    return true;
}

/* ---- numbers ---- */

static bool to_mask(LAGen *g, const TCGOp *op)
{
    static const uint32_t insn[4] = { LA_OP_xvmskltz_b, LA_OP_xvmskltz_h,
                                      LA_OP_xvmskltz_w, LA_OP_xvmskltz_d };
    unsigned lanes = 16u >> op->cond, a, d;

    if (ra_dst_dead(&g->ra, 0)) {
        return true;
    }
    a = la_upper_use(g, op->src[0]);
    la_put_dj(&g->a, insn[op->cond], T0, a);
    d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
    la_xvpickve2gr_wu(&g->a, d, T0, 0);
    la_xvpickve2gr_wu(&g->a, LA_TMP1, T0, 4);
    la_bstrins_d(&g->a, d, LA_TMP1, 2 * lanes - 1, lanes);
    la_bind(g, 0, d, 2 * lanes, 64);
    return true;
}

/* ZF: no bit in common; CF: no bit of b outside of a. */
static bool test_bits(LAGen *g, const TCGOp *op)
{
    unsigned a = la_upper_use(g, op->src[0]), b = la_upper_use(g, op->src[1]);

    la_xvand_v(&g->a, T0, a, b);
    la_xvandn_v(&g->a, T1, a, b);
    la_xvseteqz_v(&g->a, LA_FCC_TMP, T0);
    la_xvseteqz_v(&g->a, LA_FCC_TMP + 1, T1);
    la_movcf2gr(&g->a, LA_TMP1, LA_FCC_TMP);
    la_movcf2gr(&g->a, LA_TMP0, LA_FCC_TMP + 1);
    la_bstrins_d(&g->a, LA_TMP0, LA_TMP1, 6, 6);
    la_vec_result(g, op);
    return true;
}

static void shift_by_register(LAGen *g, const TCGOp *op)
{
    unsigned count = la_vec_use(g, op->src[1]);
    unsigned a = la_upper_use(g, op->src[0]), d = la_upper_dst(g);
    uint32_t *start = g->a.p;

    la_lsx_shift(g, op, (LARegs) { .d = d, .a = a }, count);
    widen_from(g, start);
    la_upper_bind(g, d);
}

/* ---- the op ---- */

static bool is_zero(const TCGOp *op)
{
    return op->aux == VOP_zero || ((op->aux == VOP_xor || op->aux == VOP_sub) &&
                                   op->src[0] == op->src[1]);
}

bool la_vec_lasx(LAGen *g, const TCGOp *op)
{
    unsigned d, a;

    if (!la_have(LA_F_LASX) || op->w != VW_32 ||
        (tcg_vop_defs[op->aux].flags & TCG_VF_P && g->careful)) {
        return false;
    }
    if (is_zero(op)) {
        d = la_upper_dst(g);
        la_xvxor_v(&g->a, d, d, d);
        la_upper_bind(g, d);
        return true;
    }
    switch (op->aux) {
    case VOP_mov:
        a = la_upper_use(g, op->src[0]);
        finish(g, a);
        return true;
    case VOP_extract128:
        extract_half(g, op);
        return true;
    case VOP_insert128:
        insert_half(g, op);
        return true;
    case VOP_perm2x128:
        permute_halves(g, op);
        return true;
    case VOP_bcast:
    case VOP_bcast128:
        broadcast(g, op);
        return true;
    case VOP_permq:
        a = la_upper_use(g, op->src[0]);
        d = la_upper_dst(g);
        la_xvpermi_d(&g->a, d, a, op->imm & 0xff);
        la_upper_bind(g, d);
        return true;
    case VOP_permd:
        a = la_upper_use(g, op->src[1]);
        la_xvperm_w(&g->a, T0, a, la_upper_use(g, op->src[0]));
        finish(g, T0);
        return true;
    case VOP_movsx:
    case VOP_movzx:
        extend(g, op);
        return true;
    case VOP_cvtdq2pd:
    case VOP_cvtps2pd:
    case VOP_cvtpd2ps:
    case VOP_cvtpd2dq:
    case VOP_cvttpd2dq:
        convert(g, op);
        return true;
    case VOP_fma:
        return multiply_add(g, op);
    case VOP_movmsk:
        return to_mask(g, op);
    case VOP_ptest:
        return test_bits(g, op);
    case VOP_shl:
    case VOP_shr:
    case VOP_sar:
        shift_by_register(g, op);
        return true;
    default:
        return by_lsx(g, op);
    }
}
