/*
 * Floating point vector instructions: arithmetic, compares, shuffles and
 * conversions of SSE and their VEX forms, and FMA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/translate/vec.h"

#define BOTH(name, fn, arg) \
    { X86_OP_##name, fn, arg }, { X86_OP_V##name, fn, arg }
/* Packed and scalar, single and double. */
#define ARITH(name, vop)                                            \
    BOTH(name##PS, trans_vec_bin, VARG(vop, MO_32, 0)),             \
    BOTH(name##PD, trans_vec_bin, VARG(vop, MO_64, 0)),             \
    BOTH(name##SS, trans_vec_bin, VARGS(vop, MO_32, 0)),            \
    BOTH(name##SD, trans_vec_bin, VARGS(vop, MO_64, 0))
#define BITS(name, vop)                                             \
    BOTH(name##PS, trans_vec_bin, VARG(vop, MO_64, 0)),             \
    BOTH(name##PD, trans_vec_bin, VARG(vop, MO_64, 0))
#define PACKED(name, vop)                                           \
    BOTH(name##PS, trans_vec_bin, VARG(vop, MO_32, 0)),             \
    BOTH(name##PD, trans_vec_bin, VARG(vop, MO_64, 0))

/* CVTPI2PS, CVTPI2PD: two integers of an MMX register or memory. */
static void trans_cvt_from_mmx(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv d = vec_dst(s, insn, 0), v, t;

    if (operand_is_mem(insn, 1)) {
        v = vec_load(s, insn, 1);
    } else {
        mmx_enter(s);
        v = vec_op16(s, VOP_movi2v, MO_64, mmx_load(s, insn, 1), TCGV_NONE, 0);
        mmx_store(s, X86_REG_NONE, TCGV_NONE);
    }
    if (varg_esz(arg) == MO_64) {
        tcg_gen_v(s->tcg, VOP_cvtdq2pd, VW_16, MO_64, 0, d, v, TCGV_NONE,
                  TCGV_NONE, 0);
    } else {
        t = vec_op16(s, VOP_cvtdq2ps, MO_32, v, TCGV_NONE, 0);
        tcg_gen_v(s->tcg, VOP_movlo, VW_16, MO_64, 0, d, d, t, TCGV_NONE, 0);
    }
}

/* CVTPS2PI, CVTPD2PI and their truncating forms. */
static void trans_cvt_to_mmx(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv v, t = temp(s);

    mmx_enter(s);
    v = vec_load(s, insn, 1);
    mmx_store(s, X86_REG_NONE, TCGV_NONE);
    if (insn->operand[1].size == 8) {
        /* the other two lanes must not raise anything */
        v = vec_op16(s, VOP_movq, MO_64, v, TCGV_NONE, 0);
    }
    v = vec_op16(s, varg_vop(arg), varg_esz(arg), v, TCGV_NONE, 0);
    tcg_gen_v(s->tcg, VOP_extract, VW_16, MO_64, 0, t, v, TCGV_NONE,
              TCGV_NONE, 0);
    mmx_store(s, insn->operand[0].reg, t);
}

/* VCVTPS2PH stores half of what it reads. */
static void cvtps2ph_store(DisasContext *s, TCGMem m, unsigned reg,
                           unsigned w, int64_t imm)
{
    TCGv d = vtemp(s);

    tcg_gen_v(s->tcg, VOP_cvtps2ph, w, MO_32, TCG_F_ZERO_UPPER, d,
              vreg(s, reg), TCGV_NONE, TCGV_NONE, imm);
    tcg_gen_vst(s->tcg, w - 1, 0, m, d);
}

/* With exceptions unmasked: the store's faults come before them. */
static void cvtps2ph_unmasked(DisasContext *s, const struct X86SideExit *x)
{
    unsigned w = x->arg[0] & 0xff, last = (1u << (w - 1)) - 1;

    tcg_gen_atomic(s->tcg, TCG_OP_atomic_or, MO_8, temp(s),
                   (TCGMem) { .base = x->addr }, imm64(s, 0), TCGV_NONE);
    tcg_gen_atomic(s->tcg, TCG_OP_atomic_or, MO_8, temp(s),
                   (TCGMem) { .base = x->addr, .disp = last }, imm64(s, 0),
                   TCGV_NONE);
    cvtps2ph_store(s, (TCGMem) { .base = x->addr }, x->arg[0] >> 8, w,
                   x->arg[1]);
}

static void trans_cvtps2ph(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned reg = insn->operand[1].reg, w = vec_width(insn);
    TCGv before, masks, addr;
    struct X86SideExit *x;

    if (!operand_is_mem(insn, 0)) {
        tcg_gen_v(s->tcg, VOP_cvtps2ph, w, MO_32, upper_flag(insn),
                  vec_dst(s, insn, 0), vreg(s, reg), TCGV_NONE, TCGV_NONE,
                  insn->imm);
        return;
    }
    if (s->tcg->fuses_half_stores) {
        cvtps2ph_store(s, mem_operand(s, insn), reg, w, insn->imm);
        return;
    }
    before = temp(s);
    masks = temp(s);
    addr = mem_address(s, insn);
    /* a store that faults has raised nothing: see fault-fixup.c */
    tcg_emit(s->tcg, TCG_OP_st_mxcsr, MO_32)->dst[0] = before;
    tcg_gen_st_env(s->tcg, MO_32, ENV(mxcsr_before), before);
    tcg_gen2(s->tcg, TCG_OP_and, MO_32, masks, before, imm64(s, 0x1f80));
    x = gen_side_path(s, cvtps2ph_unmasked);
    x->addr = addr;
    x->arg[0] = w | reg << 8;
    x->arg[1] = insn->imm;
    tcg_gen_brcond(s->tcg, TCG_COND_NE, MO_32, masks, imm64(s, 0x1f80),
                   x->label);
    cvtps2ph_store(s, (TCGMem) { .base = addr }, reg, w, insn->imm);
}

/* FMA: x = form | operation << 4, see VOP_fma. */
static void trans_fma(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv c = vec_load(s, insn, 2);
    TCGv d = vec_dst(s, insn, 0);

    tcg_gen_v(s->tcg, VOP_fma, op_width(insn, arg), varg_esz(arg),
              varg_flags(arg) | TCG_F_ZERO_UPPER, d, d,
              vreg(s, insn->operand[1].reg), c, varg_x(arg));
}

#define FMA_PACKED(name, form, op)                                      \
    { X86_OP_V##name##form##PS, trans_fma, VARG(fma, MO_32, FORM_##form | (op) << 4) }, \
    { X86_OP_V##name##form##PD, trans_fma, VARG(fma, MO_64, FORM_##form | (op) << 4) }
#define FMA_SCALAR(name, form, op)                                      \
    { X86_OP_V##name##form##SS, trans_fma, VARGS(fma, MO_32, FORM_##form | (op) << 4) }, \
    { X86_OP_V##name##form##SD, trans_fma, VARGS(fma, MO_64, FORM_##form | (op) << 4) }
#define FMA_MIXED(name, op)                                             \
    FMA_PACKED(name, 132, op),                                          \
    FMA_PACKED(name, 213, op),                                          \
    FMA_PACKED(name, 231, op)
#define FMA_ALL(name, op)                                               \
    FMA_MIXED(name, op),                                                \
    FMA_SCALAR(name, 132, op),                                          \
    FMA_SCALAR(name, 213, op),                                          \
    FMA_SCALAR(name, 231, op)
enum { FORM_132, FORM_213, FORM_231 };

const X86TransEntry x86_trans_sse_fp[] = {
    ARITH(ADD, fadd),
    ARITH(SUB, fsub),
    ARITH(MUL, fmul),
    ARITH(DIV, fdiv),
    ARITH(MIN, fmin),
    ARITH(MAX, fmax),
    BITS(AND, and),
    BITS(ANDN, andn),
    BITS(OR, or),
    BITS(XOR, xor),
    BOTH(SQRTPS, trans_vec_src1, VARG(fsqrt, MO_32, 0)),
    BOTH(SQRTPD, trans_vec_src1, VARG(fsqrt, MO_64, 0)),
    BOTH(SQRTSS, trans_vec_bin, VARGS(fsqrt, MO_32, 0)),
    BOTH(SQRTSD, trans_vec_bin, VARGS(fsqrt, MO_64, 0)),
    BOTH(RCPPS, trans_vec_src1, VARG(frcp, MO_32, 0)),
    BOTH(RCPSS, trans_vec_bin, VARGS(frcp, MO_32, 0)),
    BOTH(RSQRTPS, trans_vec_src1, VARG(frsqrt, MO_32, 0)),
    BOTH(RSQRTSS, trans_vec_bin, VARGS(frsqrt, MO_32, 0)),
    PACKED(HADD, fhadd),
    PACKED(HSUB, fhsub),
    PACKED(ADDSUB, faddsub),
    PACKED(DP, fdp),

    BOTH(CMPPS, trans_vec_cmp, VARG(fcmp, MO_32, 0)),
    BOTH(CMPPD, trans_vec_cmp, VARG(fcmp, MO_64, 0)),
    BOTH(CMPSS, trans_vec_cmp, VARGS(fcmp, MO_32, 0)),
    BOTH(CMPSD, trans_vec_cmp, VARGS(fcmp, MO_64, 0)),
    BOTH(UCOMISS, trans_vec_flags, VARGS(fucomi, MO_32, 0)),
    BOTH(UCOMISD, trans_vec_flags, VARGS(fucomi, MO_64, 0)),
    BOTH(COMISS, trans_vec_flags, VARGS(fcomi, MO_32, 0)),
    BOTH(COMISD, trans_vec_flags, VARGS(fcomi, MO_64, 0)),

    BOTH(ROUNDPS, trans_vec_src1, VARG(fround, MO_32, 0)),
    BOTH(ROUNDPD, trans_vec_src1, VARG(fround, MO_64, 0)),
    BOTH(ROUNDSS, trans_vec_bin, VARGS(fround, MO_32, 0)),
    BOTH(ROUNDSD, trans_vec_bin, VARGS(fround, MO_64, 0)),

    PACKED(SHUF, shufp),
    PACKED(UNPCKL, unpckl),
    PACKED(UNPCKH, unpckh),

    BOTH(CVTDQ2PS, trans_vec_un, VARG(cvtdq2ps, MO_32, 0)),
    BOTH(CVTPS2DQ, trans_vec_un, VARG(cvtps2dq, MO_32, 0)),
    BOTH(CVTTPS2DQ, trans_vec_un, VARG(cvttps2dq, MO_32, 0)),
    BOTH(CVTDQ2PD, trans_vec_un, VARG(cvtdq2pd, MO_64, 0)),
    BOTH(CVTPS2PD, trans_vec_un, VARG(cvtps2pd, MO_64, 0)),
    BOTH(CVTPD2DQ, trans_vec_un, VARG(cvtpd2dq, MO_64, 0)),
    BOTH(CVTTPD2DQ, trans_vec_un, VARG(cvttpd2dq, MO_64, 0)),
    BOTH(CVTPD2PS, trans_vec_un, VARG(cvtpd2ps, MO_64, 0)),
    BOTH(CVTSS2SD, trans_vec_bin, VARG(cvtss2sd, MO_64, 0) | VARG_W16),
    BOTH(CVTSD2SS, trans_vec_bin, VARG(cvtsd2ss, MO_32, 0) | VARG_W16),
    BOTH(CVTSI2SS, trans_vec_from_int, VARG(cvtsi2f, MO_32, 0)),
    BOTH(CVTSI2SD, trans_vec_from_int, VARG(cvtsi2f, MO_64, 0)),
    BOTH(CVTSS2SI, trans_vec_to_int, VARGS(cvtf2si, MO_32, 0)),
    BOTH(CVTSD2SI, trans_vec_to_int, VARGS(cvtf2si, MO_64, 0)),
    BOTH(CVTTSS2SI, trans_vec_to_int, VARGS(cvttf2si, MO_32, 0)),
    BOTH(CVTTSD2SI, trans_vec_to_int, VARGS(cvttf2si, MO_64, 0)),
    { X86_OP_CVTPI2PS, trans_cvt_from_mmx, VARG(cvtdq2ps, MO_32, 0) },
    { X86_OP_CVTPI2PD, trans_cvt_from_mmx, VARG(cvtdq2pd, MO_64, 0) },
    { X86_OP_CVTPS2PI, trans_cvt_to_mmx, VARG(cvtps2dq, MO_32, 0) },
    { X86_OP_CVTTPS2PI, trans_cvt_to_mmx, VARG(cvttps2dq, MO_32, 0) },
    { X86_OP_CVTPD2PI, trans_cvt_to_mmx, VARG(cvtpd2dq, MO_64, 0) },
    { X86_OP_CVTTPD2PI, trans_cvt_to_mmx, VARG(cvttpd2dq, MO_64, 0) },
    { X86_OP_VCVTPH2PS, trans_vec_un, VARG(cvtph2ps, MO_32, 0) },
    { X86_OP_VCVTPS2PH, trans_cvtps2ph, 0 },

    FMA_ALL(FMADD, 0),
    FMA_ALL(FMSUB, 1),
    FMA_ALL(FNMADD, 2),
    FMA_ALL(FNMSUB, 3),
    FMA_MIXED(FMADDSUB, 4),
    FMA_MIXED(FMSUBADD, 5),
    { 0 }
};
