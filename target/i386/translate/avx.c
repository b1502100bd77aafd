/*
 * AVX and AVX2 instructions without an SSE form: permutes, broadcasts, lane
 * inserts, variable shifts, masked moves, gathers, and clearing upper halves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/translate/vec.h"

/* One element of memory or a register to all elements. */
static void trans_bcast(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv a = vec_load(s, insn, 1);

    tcg_gen_v(s->tcg, varg_vop(arg), vec_width(insn), varg_esz(arg),
              TCG_F_ZERO_UPPER, vec_dst(s, insn, 0), a, TCGV_NONE, TCGV_NONE,
              0);
}

/* VEXTRACTF128 and VEXTRACTI128. */
static void trans_extract128(DisasContext *s, const X86Insn *insn, int arg)
{
    bool mem = operand_is_mem(insn, 0), high = insn->imm & 1;
    TCGv v = vreg(s, insn->operand[1].reg), d;

    if (mem && !high) {
        vec_store_mem(s, insn, 16, v);
        return;
    }
    d = mem ? vtemp(s) : vec_dst(s, insn, 0);
    tcg_gen_v(s->tcg, VOP_extract128, VW_32, MO_64, TCG_F_ZERO_UPPER, d, v,
              TCGV_NONE, TCGV_NONE, high);
    if (mem) {
        vec_store_mem(s, insn, 16, d);
    }
}

/* VPERMILPS and VPERMILPD: control in a register or in the immediate. */
static void trans_permil(DisasContext *s, const X86Insn *insn, int arg)
{
    if (insn->operand[2].kind == X86_OPND_IMM) {
        trans_vec_un(s, insn, VARG(permili, varg_esz(arg), 0));
    } else {
        trans_vec_bin(s, insn, VARG(permilv, varg_esz(arg), 0));
    }
}

/* VZEROUPPER and VZEROALL (x = 1). */
static void trans_vzero(DisasContext *s, const X86Insn *insn, int arg)
{
    for (unsigned i = 0; i < 16; i++) {
        TCGv v = vreg(s, i);

        if (varg_x(arg)) {
            tcg_gen_v(s->tcg, VOP_zero, VW_16, MO_64, TCG_F_ZERO_UPPER, v,
                      TCGV_NONE, TCGV_NONE, TCGV_NONE, 0);
        } else {
            tcg_gen_v(s->tcg, VOP_mov, VW_16, MO_64, TCG_F_ZERO_UPPER, v, v,
                      TCGV_NONE, TCGV_NONE, 0);
        }
    }
}

/*
 * A host address that may be read and written without meaning anything, for
 * elements that are masked off.
 */
static TCGv scratch_address(DisasContext *s)
{
    TCGv t = temp(s);
    TCGOp *op = tcg_emit(s->tcg, TCG_OP_lea_env, MO_64);

    op->dst[0] = t;
    op->imm = ENV(vtmp[3]);
    return t;
}

/* @addr if bit @i of @bits is set, else the scratch address. */
static TCGMem element_address(DisasContext *s, TCGv bits, unsigned i,
                              TCGv addr, TCGv scratch)
{
    TCGv t = temp(s);

    tcg_gen_movcond(s->tcg, TCG_COND_TSTNE, MO_32, t, bits,
                    imm64(s, 1u << i), addr, scratch);
    return (TCGMem) { .base = t };
}

static TCGv extract(DisasContext *s, TCGWidth esz, TCGv v, unsigned i)
{
    TCGv t = temp(s);

    tcg_gen_v(s->tcg, VOP_extract, VW_16, esz, 0, t, v, TCGV_NONE, TCGV_NONE,
              i);
    return t;
}

static TCGv high_lane(DisasContext *s, TCGv v)
{
    TCGv t = vtemp(s);

    tcg_gen_v(s->tcg, VOP_extract128, VW_32, MO_64, 0, t, v, TCGV_NONE,
              TCGV_NONE, 1);
    return t;
}

/* A vector of @n integers @e[]; more than 16 bytes: 32. */
static TCGv collect(DisasContext *s, TCGWidth esz, const TCGv *e, unsigned n)
{
    unsigned per_lane = 16 >> esz, i;
    TCGv lane[2], t;

    for (i = 0; i < n; i++) {
        TCGv *l = &lane[i / per_lane];

        *l = i % per_lane == 0 ?
             vec_op16(s, VOP_movi2v, esz, e[i], TCGV_NONE, 0) :
             vec_op16(s, VOP_insert, esz, *l, e[i], i % per_lane);
    }
    if (n <= per_lane) {
        return lane[0];
    }
    t = vtemp(s);
    tcg_gen_v(s->tcg, VOP_insert128, VW_32, MO_64, 0, t, lane[0], lane[1],
              TCGV_NONE, 1);
    return t;
}

static TCGv mask_bits(DisasContext *s, TCGv mask, unsigned w, TCGWidth esz)
{
    TCGv bits = temp(s);

    tcg_gen_v(s->tcg, VOP_movmsk, w, esz, 0, bits, mask, TCGV_NONE, TCGV_NONE,
              0);
    return bits;
}

/* Would the selected elements' stores work?  Raises the fault if not. */
static void probe_elements(DisasContext *s, TCGv addr, TCGv bits, unsigned w,
                           TCGWidth esz)
{
    TCGv scratch = scratch_address(s);

    for (unsigned i = 0; i < (1u << w) >> esz; i++) {
        TCGv a = temp(s);

        tcg_gen_lea(s->tcg, MO_64, a, (TCGMem) { .base = addr,
                                                 .disp = i << esz });
        tcg_gen_atomic(s->tcg, TCG_OP_atomic_or, esz, temp(s),
                       element_address(s, bits, i, a, scratch), imm64(s, 0),
                       TCGV_NONE);
    }
}

/* Element by element; those that are masked off go to the scratch address. */
static void maskmov_elements(DisasContext *s, TCGv addr, TCGv bits, TCGv data,
                             bool store, unsigned w, TCGWidth esz)
{
    unsigned per_lane = 16 >> esz, n = (1u << w) >> esz, i;
    TCGv scratch = scratch_address(s), high = TCGV_NONE, e[8] = { 0 };

    if (store && n > per_lane) {
        high = high_lane(s, data);
    }
    for (i = 0; i < n; i++) {
        TCGv a = temp(s);
        TCGMem m;

        tcg_gen_lea(s->tcg, MO_64, a, (TCGMem) { .base = addr,
                                                 .disp = i << esz });
        m = element_address(s, bits, i, a, scratch);
        if (store) {
            tcg_gen_st(s->tcg, esz, m,
                       extract(s, esz, i < per_lane ? data : high,
                               i % per_lane));
        } else {
            TCGv v = temp(s);

            tcg_gen_ld(s->tcg, TCG_OP_ld, esz, v, m);
            e[i] = temp(s);
            tcg_gen_movcond(s->tcg, TCG_COND_TSTNE, MO_32, e[i], bits,
                            imm64(s, 1u << i), v, imm64(s, 0));
        }
    }
    if (!store) {
        tcg_gen_v(s->tcg, VOP_mov, w, MO_64, TCG_F_ZERO_UPPER, data,
                  collect(s, esz, e, n), TCGV_NONE, TCGV_NONE, 0);
    }
}

/*
 * VMASKMOVPS, VPMASKMOVD and their 64-bit forms.  Only elements selected by
 * the mask may touch memory.  A load that stays in the page of a selected
 * element takes everything and masks it; a store with a full mask is a plain
 * store.  Everything else goes element by element, off the main path.
 */
static void trans_maskmov(DisasContext *s, const X86Insn *insn, int arg)
{
    bool store = operand_is_mem(insn, 0);
    unsigned w = vec_width(insn), bytes = insn->vlen;
    TCGWidth esz = varg_esz(arg);
    TCGv mask = vreg(s, insn->operand[1].reg);
    TCGv data = vreg(s, insn->operand[store ? 2 : 0].reg);
    TCGv addr = temp(s), bits, off, sel, t;
    TCGMem m = { .base = addr };
    unsigned slow = tcg_label_new(s->tcg, true), split = 0;

    tcg_gen_lea(s->tcg, MO_64, addr, mem_operand(s, insn));
    bits = mask_bits(s, mask, w, esz);
    if (store) {
        tcg_gen_brcond(s->tcg, TCG_COND_NE, MO_32, bits,
                       imm64(s, (1u << (bytes >> esz)) - 1), slow);
        tcg_gen_vst(s->tcg, w, 0, m, data);
    } else {
        off = temp(s);
        sel = temp(s);
        tcg_gen2(s->tcg, TCG_OP_and, MO_32, off, addr, imm64(s, 0xfff));
        tcg_gen_movcond(s->tcg, TCG_COND_EQ, MO_32, sel, bits, imm64(s, 0),
                        imm64(s, 0x1000), off);
        tcg_gen_brcond(s->tcg, TCG_COND_GTU, MO_32, sel,
                       imm64(s, 0x1000 - bytes), slow);
        t = vtemp(s);
        tcg_gen_vld(s->tcg, w, 0, t, m);
        tcg_gen_v(s->tcg, VOP_maskand, w, esz, TCG_F_ZERO_UPPER, data, mask,
                  t, TCGV_NONE, 0);
    }
    gen_goto(s, x86_insn_next(insn));
    tcg_label_here(s->tcg, slow);
    if (store) {
        /* in two pages, one of which may be missing: no partial store */
        split = tcg_label_new(s->tcg, true);
        off = temp(s);
        tcg_gen2(s->tcg, TCG_OP_and, MO_32, off, addr, imm64(s, 0xfff));
        tcg_gen_brcond(s->tcg, TCG_COND_GTU, MO_32, off,
                       imm64(s, 0x1000 - bytes), split);
    }
    maskmov_elements(s, addr, bits, data, store, w, esz);
    tcg_gen_exit_direct(s->tcg, x86_insn_next(insn), TCG_CC_ALL);
    if (store) {
        tcg_label_here(s->tcg, split);
        probe_elements(s, addr, bits, w, esz);
        maskmov_elements(s, addr, bits, data, store, w, esz);
        tcg_gen_exit_direct(s->tcg, x86_insn_next(insn), TCG_CC_ALL);
    }
}

/*
 * Gathers: elements that are masked off are read from the scratch address.
 * Either all elements have been read or the instruction has had no effect.
 * x = 1: the indices are 64 bits wide.
 */
static void trans_gather(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth esz = varg_esz(arg), isz = varg_x(arg) ? MO_64 : MO_32;
    unsigned n = insn->vlen >> MAX(esz, isz);
    unsigned w = n << esz > 16 ? VW_32 : VW_16;
    TCGWidth aw = insn->addrsize == 4 ? MO_32 : MO_64;
    TCGv d = vec_dst(s, insn, 0), mask = vreg(s, insn->operand[2].reg);
    TCGv index = vreg(s, insn->mem.index), scratch = scratch_address(s);
    TCGv base = TCGV_NONE, bits, e[8] = { 0 }, g, r;
    unsigned i;

    if (insn->mem.seg != X86_REG_NONE) {
        base = temp(s);
        tcg_gen_ld_env(s->tcg, MO_64, base, insn->mem.seg == R_FS ?
                       ENV(fs_base) : ENV(gs_base));
    }
    bits = mask_bits(s, mask, w, esz);
    for (i = 0; i < n; i++) {
        TCGMem m = { .scale = insn->mem.scale, .disp = insn->mem.disp };
        TCGv a = temp(s), x;

        if (i == (16u >> isz)) {
            index = high_lane(s, index);
        }
        x = extract(s, isz, index, i % (16 >> isz));
        if (isz == MO_32) {
            TCGv sx = temp(s);

            tcg_gen_exts(s->tcg, MO_64, MO_32, sx, x);
            x = sx;
        }
        m.index = x;
        m.base = insn->mem.base == X86_REG_NONE ? TCGV_NONE :
                 gpr(s, insn->mem.base);
        tcg_gen_lea(s->tcg, aw, a, m);
        if (base) {
            TCGv sum = temp(s);

            tcg_gen2(s->tcg, TCG_OP_add, MO_64, sum, a, base);
            a = sum;
        }
        e[i] = temp(s);
        tcg_gen_ld(s->tcg, TCG_OP_ld, esz, e[i],
                   element_address(s, bits, i, a, scratch));
    }
    g = collect(s, esz, e, n);
    r = n << esz == 8 ? vtemp(s) : d;
    tcg_gen_v(s->tcg, VOP_blendv, w, esz, TCG_F_ZERO_UPPER, r, d, g, mask, 0);
    if (r != d) {
        tcg_gen_v(s->tcg, VOP_movq, VW_16, MO_64, TCG_F_ZERO_UPPER, d, r,
                  TCGV_NONE, TCGV_NONE, 0);
    }
    tcg_gen_v(s->tcg, VOP_zero, VW_16, MO_64, TCG_F_ZERO_UPPER, mask,
              TCGV_NONE, TCGV_NONE, TCGV_NONE, 0);
}

#define ONE(name, fn, vop, esz, x) { X86_OP_##name, fn, VARG(vop, esz, x) }

const X86TransEntry x86_trans_avx[] = {
    ONE(VBROADCASTSS, trans_bcast, bcast, MO_32, 0),
    ONE(VBROADCASTSD, trans_bcast, bcast, MO_64, 0),
    ONE(VPBROADCASTB, trans_bcast, bcast, MO_8, 0),
    ONE(VPBROADCASTW, trans_bcast, bcast, MO_16, 0),
    ONE(VPBROADCASTD, trans_bcast, bcast, MO_32, 0),
    ONE(VPBROADCASTQ, trans_bcast, bcast, MO_64, 0),
    ONE(VBROADCASTF128, trans_bcast, bcast128, MO_64, 0),
    ONE(VBROADCASTI128, trans_bcast, bcast128, MO_64, 0),
    ONE(VEXTRACTF128, trans_extract128, extract128, MO_64, 0),
    ONE(VEXTRACTI128, trans_extract128, extract128, MO_64, 0),
    ONE(VINSERTF128, trans_vec_bin, insert128, MO_64, 0),
    ONE(VINSERTI128, trans_vec_bin, insert128, MO_64, 0),
    ONE(VPERM2F128, trans_vec_bin, perm2x128, MO_64, 0),
    ONE(VPERM2I128, trans_vec_bin, perm2x128, MO_64, 0),
    ONE(VPERMILPS, trans_permil, permili, MO_32, 0),
    ONE(VPERMILPD, trans_permil, permili, MO_64, 0),
    ONE(VPERMPS, trans_vec_bin, permd, MO_32, 0),
    ONE(VPERMD, trans_vec_bin, permd, MO_32, 0),
    ONE(VPERMQ, trans_vec_un, permq, MO_64, 0),
    ONE(VPERMPD, trans_vec_un, permq, MO_64, 0),
    ONE(VPBLENDD, trans_vec_bin, blendi, MO_32, 0),
    ONE(VPSLLVD, trans_vec_bin, shlv, MO_32, 0),
    ONE(VPSLLVQ, trans_vec_bin, shlv, MO_64, 0),
    ONE(VPSRLVD, trans_vec_bin, shrv, MO_32, 0),
    ONE(VPSRLVQ, trans_vec_bin, shrv, MO_64, 0),
    ONE(VPSRAVD, trans_vec_bin, sarv, MO_32, 0),
    ONE(VTESTPS, trans_vec_flags, testp, MO_32, 0),
    ONE(VTESTPD, trans_vec_flags, testp, MO_64, 0),
    ONE(VMASKMOVPS, trans_maskmov, maskand, MO_32, 0),
    ONE(VMASKMOVPD, trans_maskmov, maskand, MO_64, 0),
    ONE(VPMASKMOVD, trans_maskmov, maskand, MO_32, 0),
    ONE(VPMASKMOVQ, trans_maskmov, maskand, MO_64, 0),
    ONE(VPGATHERDD, trans_gather, blendv, MO_32, 0),
    ONE(VPGATHERDQ, trans_gather, blendv, MO_64, 0),
    ONE(VPGATHERQD, trans_gather, blendv, MO_32, 1),
    ONE(VPGATHERQQ, trans_gather, blendv, MO_64, 1),
    ONE(VGATHERDPS, trans_gather, blendv, MO_32, 0),
    ONE(VGATHERDPD, trans_gather, blendv, MO_64, 0),
    ONE(VGATHERQPS, trans_gather, blendv, MO_32, 1),
    ONE(VGATHERQPD, trans_gather, blendv, MO_64, 1),
    ONE(VZEROUPPER, trans_vzero, mov, MO_64, 0),
    ONE(VZEROALL, trans_vzero, zero, MO_64, 1),
    { 0 }
};
