/*
 * Vectors on LSX, 16 bytes at a time.
 *
 * An op that computes 32 bytes is done twice, the upper half in scratch
 * registers from and to memory.  An emitter for 16 bytes reads its sources
 * before it writes d, which may be one of them; f28 - f31 are free.  It emits
 * nothing if it returns false.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "tcg/tcg-vop.h"

enum { T0 = LA_FT4, T1 = LA_FT5, T2 = LA_FT6, T3 = LA_FT7 };

/* ---- one instruction ---- */

/* d = op(a, b), by element size; 0: there is none. */
typedef struct Row {
    uint8_t vop;
    bool swap;              /* d = op(b, a) */
    uint32_t op[4];
} Row;

#define BHWD(n) { LA_OP_##n##_b, LA_OP_##n##_h, LA_OP_##n##_w, LA_OP_##n##_d }
#define BHWDU(n) { LA_OP_##n##_bu, LA_OP_##n##_hu, LA_OP_##n##_wu, \
                   LA_OP_##n##_du }
#define ALL(n) { LA_OP_##n, LA_OP_##n, LA_OP_##n, LA_OP_##n }
#define FP(n) { 0, 0, LA_OP_##n##_s, LA_OP_##n##_d }

static const Row rows[] = {
    { VOP_and, false, ALL(vand_v) },
    { VOP_andn, false, ALL(vandn_v) },
    { VOP_or, false, ALL(vor_v) },
    { VOP_xor, false, ALL(vxor_v) },
    { VOP_add, false, BHWD(vadd) },
    { VOP_sub, false, BHWD(vsub) },
    { VOP_adds, false, BHWD(vsadd) },
    { VOP_addus, false, BHWDU(vsadd) },
    { VOP_subs, false, BHWD(vssub) },
    { VOP_subus, false, BHWDU(vssub) },
    { VOP_avgu, false, BHWDU(vavgr) },
    { VOP_mins, false, BHWD(vmin) },
    { VOP_minu, false, BHWDU(vmin) },
    { VOP_maxs, false, BHWD(vmax) },
    { VOP_maxu, false, BHWDU(vmax) },
    { VOP_sign, true, BHWD(vsigncov) },
    { VOP_mullo, false, BHWD(vmul) },
    { VOP_mulhs, false, ALL(vmuh_h) },
    { VOP_mulhu, false, ALL(vmuh_hu) },
    { VOP_muludq, false, ALL(vmulwev_d_wu) },
    { VOP_muldq, false, ALL(vmulwev_d_w) },
    { VOP_cmpeq, false, BHWD(vseq) },
    { VOP_cmpgt, true, BHWD(vslt) },
    { VOP_unpckl, true, BHWD(vilvl) },
    { VOP_unpckh, true, BHWD(vilvh) },
    { VOP_movlh, true, ALL(vpackev_d) },
    { VOP_movhl, false, ALL(vpackod_d) },
    { VOP_fadd, false, FP(vfadd) },
    { VOP_fsub, false, FP(vfsub) },
    { VOP_fmul, false, FP(vfmul) },
    { VOP_fdiv, false, FP(vfdiv) },
};

static void copy(LAGen *g, unsigned d, unsigned s)
{
    la_vec_move(g, d, s);
}

/*
 * An emulated host may have written a part of d when it traps.  So there the
 * source of an instruction that can is not its result, too.
 */
static bool may_trap(const TCGOp *op)
{
    return tcg_vop_defs[op->aux].flags & TCG_VF_P && !la_have(LA_F_EXACT);
}

static bool by_table(LAGen *g, const TCGOp *op, LARegs r)
{
    for (unsigned k = 0; k < ARRAY_SIZE(rows); k++) {
        const Row *row = &rows[k];

        if (row->vop == op->aux) {
            if (!row->op[op->cond & 3]) {
                return false;
            }
            unsigned d = may_trap(op) && (r.d == r.a || r.d == r.b) ? T0 : r.d;

            la_put_djk(&g->a, row->op[op->cond & 3], d,
                       row->swap ? r.b : r.a, row->swap ? r.a : r.b);
            copy(g, r.d, d);
            return true;
        }
    }
    return false;
}

/* d = op(a, number). */
static void by_number(LAGen *g, const uint32_t op[4], unsigned e, unsigned d,
                      unsigned a, unsigned n)
{
    la_put_dji(&g->a, op[e], d, a, n);
}

const uint32_t la_vreplvei[4] = BHWD(vreplvei);
static const uint32_t vslli[4] = BHWD(vslli), vsrli[4] = BHWD(vsrli),
    vsrai[4] = BHWD(vsrai), vslti[4] = BHWD(vslti),
    vextrins[4] = BHWD(vextrins),
    vsll[4] = BHWD(vsll), vsrl[4] = BHWD(vsrl), vsra[4] = BHWD(vsra),
    vreplgr2vr[4] = BHWD(vreplgr2vr), vinsgr2vr[4] = BHWD(vinsgr2vr),
    vpickve2gr[4] = BHWDU(vpickve2gr), vmskltz[4] = BHWD(vmskltz);

/* ---- shifts ---- */

static bool shift_const(LAGen *g, const TCGOp *op, LARegs r)
{
    unsigned bits = 8u << op->cond, n = op->imm & 0xff;

    if (op->aux == VOP_sari) {
        by_number(g, vsrai, op->cond, r.d, r.a, MIN(n, bits - 1));
    } else if (n >= bits) {
        la_vxor_v(&g->a, r.d, r.a, r.a);
    } else {
        by_number(g, op->aux == VOP_shli ? vslli : vsrli, op->cond, r.d, r.a,
                  n);
    }
    return true;
}

/* By the number in the low 64 bits of the register @count. */
void la_lsx_shift(LAGen *g, const TCGOp *op, LARegs r, unsigned count)
{
    unsigned bits = 8u << op->cond;
    LAAsm *a = &g->a;

    la_movfr2gr_d(a, LA_TMP0, count);
    la_sltui(a, LA_TMP1, LA_TMP0, bits);
    if (op->aux == VOP_sar) {
        /* too much is all but one */
        la_maskeqz(a, LA_TMP0, LA_TMP0, LA_TMP1);
        la_addi_d(a, LA_TMP1, LA_TMP1, -1);
        la_andi(a, LA_TMP1, LA_TMP1, bits - 1);
        la_or(a, LA_TMP0, LA_TMP0, LA_TMP1);
        la_put_dj(a, vreplgr2vr[op->cond], T0, LA_TMP0);
        la_put_djk(a, vsra[op->cond], r.d, r.a, T0);
        return;
    }
    la_sub_d(a, LA_TMP1, LA_ZERO, LA_TMP1);
    la_put_dj(a, vreplgr2vr[op->cond], T0, LA_TMP0);
    la_put_djk(a, (op->aux == VOP_shl ? vsll : vsrl)[op->cond], T0, r.a, T0);
    la_vreplgr2vr_d(a, T1, LA_TMP1);
    la_vand_v(a, r.d, T0, T1);
}

/* Each lane by its own number. */
static bool shift_lanes(LAGen *g, const TCGOp *op, LARegs r)
{
    unsigned bits = 8u << op->cond;
    LAAsm *a = &g->a;

    if (op->cond < MO_32) {
        return false;
    }
    la_ori(a, LA_TMP0, LA_ZERO, bits - 1);
    la_put_dj(a, vreplgr2vr[op->cond], T0, LA_TMP0);
    if (op->aux == VOP_sarv) {
        (op->cond == MO_32 ? la_vmin_wu : la_vmin_du)(a, T0, T0, r.b);
        la_put_djk(a, vsra[op->cond], r.d, r.a, T0);
        return true;
    }
    (op->cond == MO_32 ? la_vsle_wu : la_vsle_du)(a, T0, r.b, T0);
    la_put_djk(a, (op->aux == VOP_shlv ? vsll : vsrl)[op->cond], T1, r.a, r.b);
    la_vand_v(a, r.d, T1, T0);
    return true;
}

static bool shift_bytes(LAGen *g, const TCGOp *op, LARegs r)
{
    unsigned n = op->imm & 0xff;

    if (n > 15) {
        la_vxor_v(&g->a, r.d, r.a, r.a);
    } else {
        (op->aux == VOP_bslli ? la_vbsll_v : la_vbsrl_v)(&g->a, r.d, r.a, n);
    }
    return true;
}

/* ---- shuffles ---- */

static bool align_right(LAGen *g, const TCGOp *op, LARegs r)
{
    unsigned n = op->imm & 0xff;

    if (n >= 32) {
        la_vxor_v(&g->a, r.d, r.a, r.a);
    } else if (n >= 16) {
        la_vbsrl_v(&g->a, r.d, r.a, n - 16);
    } else if (n == 0) {
        copy(g, r.d, r.b);
    } else {
        la_vbsrl_v(&g->a, T0, r.b, n);
        la_vbsll_v(&g->a, T1, r.a, 16 - n);
        la_vor_v(&g->a, r.d, T0, T1);
    }
    return true;
}

static bool shuffle(LAGen *g, const TCGOp *op, LARegs r, unsigned half)
{
    LAAsm *a = &g->a;
    unsigned i = op->imm & 0xff, i64 = i >> 2 * half;

    switch (op->aux) {
    case VOP_pshufd:
        la_vshuf4i_w(a, r.d, r.a, i);
        return true;
    case VOP_pshuflw:
    case VOP_pshufhw:
        la_vshuf4i_h(a, T0, r.a, i);
        copy(g, r.d, r.a);
        la_vextrins_d(a, r.d, T0, op->aux == VOP_pshufhw ? 0x11 : 0);
        return true;
    case VOP_shufp:
        if (op->cond == MO_32) {
            copy(g, T0, r.b);
            la_vpermi_w(a, T0, r.a, i);
        } else {
            copy(g, T0, r.a);
            la_vshuf4i_d(a, T0, r.b, (i64 & 1) | (2 + (i64 >> 1 & 1)) << 2);
        }
        copy(g, r.d, T0);
        return true;
    case VOP_permili:
        if (op->cond == MO_32) {
            la_vshuf4i_w(a, r.d, r.a, i);
        } else {
            la_vshuf4i_w(a, r.d, r.a, (i64 & 1 ? 0xe : 4) |
                         (i64 & 2 ? 0xe0 : 0x40));
        }
        return true;
    case VOP_pshufb:
        la_vandi_b(a, T0, r.b, 15);
        la_vslti_b(a, T1, r.b, 0);
        la_vshuf_b(a, T0, r.a, r.a, T0);
        la_vandn_v(a, r.d, T1, T0);
        return true;
    case VOP_movddup:
        la_vreplvei_d(a, r.d, r.a, 0);
        return true;
    case VOP_movsldup:
        la_vpackev_w(a, r.d, r.a, r.a);
        return true;
    case VOP_movshdup:
        la_vpackod_w(a, r.d, r.a, r.a);
        return true;
    default:
        return false;
    }
}

/* Narrow: lanes of a, then of b. */
static bool pack(LAGen *g, const TCGOp *op, LARegs r)
{
    bool wide = op->cond == MO_32;

    copy(g, T0, r.b);
    if (op->aux == VOP_packss) {
        (wide ? la_vssrani_h_w : la_vssrani_b_h)(&g->a, T0, r.a, 0);
    } else {
        (wide ? la_vssrani_hu_w : la_vssrani_bu_h)(&g->a, T0, r.a, 0);
    }
    copy(g, r.d, T0);
    return true;
}

/* Lanes of b in a. */
static void put_lane(LAGen *g, unsigned e, LARegs r, unsigned to, unsigned from)
{
    if (r.d == r.b && r.d != r.a) {
        copy(g, T0, r.b);
        r.b = T0;
    }
    copy(g, r.d, r.a);
    by_number(g, vextrins, e, r.d, r.b, to << 4 | from);
}

static bool blend_const(LAGen *g, const TCGOp *op, LARegs r, unsigned half)
{
    unsigned lanes = 16u >> op->cond, mask = op->imm;

    if (op->cond != MO_16) {
        mask >>= half * lanes;
    }
    copy(g, T0, r.a);
    for (unsigned k = 0; k < lanes; k++) {
        if (mask >> k & 1) {
            by_number(g, vextrins, op->cond, T0, r.b, k << 4 | k);
        }
    }
    copy(g, r.d, T0);
    return true;
}

/* From the first lanes of a, which fill 16 bytes. */
static bool widen(LAGen *g, const TCGOp *op, LARegs r)
{
    unsigned from = r.a;

    for (unsigned e = op->cond; e < (unsigned)op->imm; e++) {
        static const uint32_t s[3] = { LA_OP_vsllwil_h_b, LA_OP_vsllwil_w_h,
                                       LA_OP_vsllwil_d_w };
        static const uint32_t z[3] = { LA_OP_vsllwil_hu_bu,
                                       LA_OP_vsllwil_wu_hu,
                                       LA_OP_vsllwil_du_wu };
        unsigned to = e + 1 == (unsigned)op->imm ? r.d : T0;

        la_put_dji(&g->a, (op->aux == VOP_movsx ? s : z)[e], to, from, 0);
        from = to;
    }
    return true;
}

/* ---- arithmetic ---- */

static bool several(LAGen *g, const TCGOp *op, LARegs r)
{
    LAAsm *a = &g->a;

    switch (op->aux) {
    case VOP_abs:
        la_put_djk(a, (const uint32_t[4])BHWD(vsigncov)[op->cond], r.d, r.a,
                   r.a);
        return true;
    case VOP_maddwd:
        la_vmulwev_w_h(a, T0, r.a, r.b);
        la_vmaddwod_w_h(a, T0, r.a, r.b);
        copy(g, r.d, T0);
        return true;
    case VOP_sadbw:
        la_vabsd_bu(a, T0, r.a, r.b);
        la_vhaddw_hu_bu(a, T0, T0, T0);
        la_vhaddw_wu_hu(a, T0, T0, T0);
        la_vhaddw_du_wu(a, r.d, T0, T0);
        return true;
    case VOP_hadd:
    case VOP_hsub:
        if (op->cond == MO_16) {
            la_vpickev_h(a, T0, r.b, r.a);
            la_vpickod_h(a, T1, r.b, r.a);
            (op->aux == VOP_hadd ? la_vadd_h : la_vsub_h)(a, r.d, T0, T1);
        } else {
            la_vpickev_w(a, T0, r.b, r.a);
            la_vpickod_w(a, T1, r.b, r.a);
            (op->aux == VOP_hadd ? la_vadd_w : la_vsub_w)(a, r.d, T0, T1);
        }
        return true;
    case VOP_blendv:
        by_number(g, vslti, op->cond, T0, r.c, 0);
        la_vbitsel_v(a, r.d, r.a, r.b, T0);
        return true;
    case VOP_maskand:
        by_number(g, vslti, op->cond, T0, r.a, 0);
        la_vand_v(a, r.d, T0, r.b);
        return true;
    default:
        return false;
    }
}

/* ---- floating point ---- */

static void vfcmp(LAGen *g, const TCGOp *op, bool signaling, unsigned cond,
                  unsigned d, unsigned a, unsigned b)
{
    la_put_djk(&g->a, (op->cond == MO_64 ? LA_OP_vfcmp_caf_d
                       : LA_OP_vfcmp_caf_s) | (cond | signaling) << 15, d, a,
               b);
}

static bool floating(LAGen *g, const TCGOp *op, LARegs r)
{
    const LAPredicate *p = &la_predicates[op->imm & 31];
    bool wide = op->cond == MO_64;
    LAAsm *a = &g->a;

    unsigned d = may_trap(op) && (r.d == r.a || r.d == r.b) ? T0 : r.d;

    switch (op->aux) {
    case VOP_fsqrt:
        (wide ? la_vfsqrt_d : la_vfsqrt_s)(a, d, r.b);
        break;
    case VOP_fmin:
        vfcmp(g, op, true, 2, T0, r.a, r.b);
        la_vbitsel_v(a, r.d, r.b, r.a, T0);
        return true;
    case VOP_fmax:
        vfcmp(g, op, true, 2, T0, r.b, r.a);
        la_vbitsel_v(a, r.d, r.b, r.a, T0);
        return true;
    case VOP_fcmp:
        if (p->cond == LA_PREDICATE_TRUE) {
            return false;
        }
        vfcmp(g, op, p->signaling, p->cond, d, p->swap ? r.b : r.a,
              p->swap ? r.a : r.b);
        break;
    case VOP_fhadd:
    case VOP_fhsub:
        (wide ? la_vpickev_d : la_vpickev_w)(a, T0, r.b, r.a);
        (wide ? la_vpickod_d : la_vpickod_w)(a, T1, r.b, r.a);
        if (op->aux == VOP_fhadd) {
            (wide ? la_vfadd_d : la_vfadd_s)(a, r.d, T0, T1);
        } else {
            (wide ? la_vfsub_d : la_vfsub_s)(a, r.d, T0, T1);
        }
        return true;
    case VOP_cvtdq2ps:
        la_vffint_s_w(a, d, r.a);
        break;
    case VOP_cvtps2dq:
        la_vftint_w_s(a, d, r.a);
        break;
    case VOP_cvttps2dq:
        la_vftintrz_w_s(a, d, r.a);
        break;
    default:
        return false;
    }
    copy(g, r.d, d);
    return true;
}

/* Where source and result differ in size: 16 bytes only. */
static bool floating_sized(LAGen *g, const TCGOp *op, LARegs r)
{
    LAAsm *a = &g->a;
    unsigned d = r.d == r.a ? T0 : r.d;

    switch (op->aux) {
    case VOP_cvtdq2pd:
        la_vffintl_d_w(a, r.d, r.a);
        return true;
    case VOP_cvtps2pd:
        la_vfcvtl_d_s(a, d, r.a);
        copy(g, r.d, d);
        return true;
    case VOP_cvtpd2ps:
        la_vfcvt_s_d(a, d, r.a, r.a);
        break;
    case VOP_cvtpd2dq:
        la_vftint_w_d(a, d, r.a, r.a);
        break;
    case VOP_cvttpd2dq:
        la_vftintrz_w_d(a, d, r.a, r.a);
        break;
    default:
        return false;
    }
    copy(g, r.d, d);
    la_vinsgr2vr_d(a, r.d, LA_ZERO, 1);
    return true;
}

/* ---- 16 bytes ---- */

bool la_lsx_emit(LAGen *g, const TCGOp *op, LARegs r, unsigned half)
{
    switch (op->aux) {
    case VOP_shli:
    case VOP_shri:
    case VOP_sari:
        return shift_const(g, op, r);
    case VOP_shlv:
    case VOP_shrv:
    case VOP_sarv:
        return shift_lanes(g, op, r);
    case VOP_bslli:
    case VOP_bsrli:
        return shift_bytes(g, op, r);
    case VOP_palignr:
        return align_right(g, op, r);
    case VOP_packss:
    case VOP_packus:
        return pack(g, op, r);
    case VOP_blendi:
        return blend_const(g, op, r, half);
    case VOP_ones:
        la_vseq_b(&g->a, r.d, r.d, r.d);
        return true;
    default:
        return by_table(g, op, r) || shuffle(g, op, r, half) || several(g, op, r) ||
               floating(g, op, r);
    }
}

/* Ops whose halves are not alike: for 16 bytes of result. */
static bool emit_single(LAGen *g, const TCGOp *op, LARegs r)
{
    switch (op->aux) {
    case VOP_movsx:
    case VOP_movzx:
        return widen(g, op, r);
    case VOP_movs:
        put_lane(g, op->cond, r, 0, 0);
        return true;
    case VOP_movlo:
        put_lane(g, MO_64, r, 0, 0);
        return true;
    case VOP_bcast:
        by_number(g, la_vreplvei, op->cond, r.d, r.a, 0);
        return true;
    default:
        return floating_sized(g, op, r);
    }
}

static bool is_single(const TCGOp *op)
{
    switch (op->aux) {
    case VOP_movsx:
    case VOP_movzx:
    case VOP_movs:
    case VOP_movlo:
    case VOP_bcast:
    case VOP_cvtdq2pd:
    case VOP_cvtps2pd:
    case VOP_cvtpd2ps:
    case VOP_cvtpd2dq:
    case VOP_cvttpd2dq:
        return true;
    default:
        return false;
    }
}

/* ---- general registers ---- */

static bool from_number(LAGen *g, const TCGOp *op)
{
    unsigned n = op->imm & ((16 >> op->cond) - 1), i, a, d;

    if (op->aux == VOP_insert) {
        if (op->w != VW_16) {
            return false;
        }
        a = la_vec_use(g, op->src[0]);
        i = op->cond == MO_64 ? la_use(g, op->src[1]) : la_low(g, op->src[1]);
        d = la_vec_dst(g);
        copy(g, d, a);
        by_number(g, vinsgr2vr, op->cond, d, i, n);
    } else {
        i = la_zext(g, op->src[0], op->cond, LA_TMP0);
        d = la_vec_dst(g);
        la_vreplgr2vr_d(&g->a, d, i);
        la_vinsgr2vr_d(&g->a, d, LA_ZERO, 1);
    }
    if (op->flags & TCG_F_ZERO_UPPER) {
        la_vec_zero(g, la_vec_place(g, op->dst[0]), 16, 32);
    }
    la_vec_bind(g, d);
    return true;
}

static bool to_number(LAGen *g, const TCGOp *op)
{
    unsigned a = la_vec_use(g, op->src[0]), d;
    unsigned n = op->imm & ((16 >> op->cond) - 1);
    unsigned lanes = 16u >> op->cond;
    LAMem m;

    if (ra_dst_dead(&g->ra, 0)) {
        return true;
    }
    if (op->aux == VOP_extract) {
        d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
        by_number(g, vpickve2gr, op->cond, d, a, n);
        la_bind(g, 0, d, 8u << op->cond, 64);
        return true;
    }
    la_put_dj(&g->a, vmskltz[op->cond], T0, a);
    if (op->w == VW_32) {
        m = la_vec_place(g, op->src[0]);
        la_vld(&g->a, T1, m.base, m.disp + 16);
        la_put_dj(&g->a, vmskltz[op->cond], T1, T1);
        la_movfr2gr_d(&g->a, LA_TMP1, T1);
    }
    d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
    la_movfr2gr_d(&g->a, d, T0);
    if (op->w == VW_32) {
        la_bstrins_d(&g->a, d, LA_TMP1, 2 * lanes - 1, lanes);
        lanes *= 2;
    }
    la_bind(g, 0, d, lanes, 64);
    return true;
}

/* ZF: no bit in common; CF: no bit of b outside of a. */
static bool test_bits(LAGen *g, const TCGOp *op)
{
    unsigned a, b;

    if (op->w != VW_16) {
        return false;
    }
    a = la_vec_use(g, op->src[0]);
    b = la_vec_use(g, op->src[1]);
    la_vand_v(&g->a, T0, a, b);
    la_vandn_v(&g->a, T1, a, b);
    la_vseteqz_v(&g->a, LA_FCC_TMP, T0);
    la_vseteqz_v(&g->a, LA_FCC_TMP + 1, T1);
    la_movcf2gr(&g->a, LA_TMP1, LA_FCC_TMP);
    la_movcf2gr(&g->a, LA_TMP0, LA_FCC_TMP + 1);
    la_bstrins_d(&g->a, LA_TMP0, LA_TMP1, 6, 6);
    la_vec_result(g, op);
    return true;
}

/* ---- the op ---- */

static bool shift_by_register(LAGen *g, const TCGOp *op)
{
    unsigned count = la_vec_use(g, op->src[1]);
    LARegs r = { .a = la_vec_use(g, op->src[0]) };
    LAMem m;

    r.d = la_vec_dst(g);
    if (op->w == VW_32) {
        m = la_vec_place(g, op->src[0]);
        la_vld(&g->a, T3, m.base, m.disp + 16);
        la_lsx_shift(g, op, (LARegs) { .d = T3, .a = T3 }, count);
        m = la_vec_place(g, op->dst[0]);
        la_vst(&g->a, T3, m.base, m.disp + 16);
    } else if (op->flags & TCG_F_ZERO_UPPER) {
        la_vec_zero(g, la_vec_place(g, op->dst[0]), 16, 32);
    }
    la_lsx_shift(g, op, r, count);
    la_vec_bind(g, r.d);
    return true;
}

static bool halves(LAGen *g, const TCGOp *op)
{
    const char *sig = tcg_vop_defs[op->aux].sig;
    unsigned reg[3] = { 0 };
    LARegs low, high = { LA_FT3, LA_FT0, LA_FT1, LA_FT2 };
    uint32_t *start = g->a.p;
    LAMem m;

    if (sig[0] != 'd' || (op->w == VW_32 && is_single(op))) {
        return false;
    }
    for (unsigned k = 0; sig[1 + k] && sig[1 + k] != 'I'; k++) {
        if (sig[1 + k] != 'v') {
            return false;
        }
        reg[k] = la_vec_use(g, op->src[k]);
    }
    /* does it have a form at all? */
    start = g->a.p;
    low = (LARegs) { LA_FT3, reg[0], reg[1], reg[2] };
    if (!(is_single(op) ? emit_single(g, op, low) : la_lsx_emit(g, op, low, 0))) {
        return false;
    }
    g->a.p = start;

    low.d = la_vec_dst(g);
    if (is_single(op)) {
        emit_single(g, op, low);
    } else {
        la_lsx_emit(g, op, low, 0);
    }
    m = la_vec_place(g, op->dst[0]);
    if (op->w == VW_32) {
        for (unsigned k = 0; sig[1 + k] == 'v'; k++) {
            LAMem s = la_vec_place(g, op->src[k]);

            la_vld(&g->a, LA_FT0 + k, s.base, s.disp + 16);
        }
        la_lsx_emit(g, op, high, 1);
        la_vst(&g->a, LA_FT3, m.base, m.disp + 16);
    } else if (op->flags & TCG_F_ZERO_UPPER) {
        la_vec_zero(g, m, 16, 32);
    }
    la_vec_bind(g, low.d);
    return true;
}

bool la_vec_lsx(LAGen *g, const TCGOp *op)
{
    if (tcg_vop_defs[op->aux].flags & TCG_VF_P &&
        (g->careful || op->flags & TCG_F_SCALAR)) {
        return false;
    }
    switch (op->aux) {
    case VOP_insert:
    case VOP_movi2v:
        return from_number(g, op);
    case VOP_extract:
    case VOP_movmsk:
        return to_number(g, op);
    case VOP_ptest:
        return test_bits(g, op);
    case VOP_shl:
    case VOP_shr:
    case VOP_sar:
        return shift_by_register(g, op);
    default:
        return la_vec_lsx_cross(g, op) || halves(g, op);
    }
}
