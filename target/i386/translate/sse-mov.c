/*
 * Vector moves: whole registers, halves, scalars, to and from general
 * registers, inserts and extracts, non-temporal and masked stores, MXCSR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/translate/vec.h"
#include "target/i386/translate/vec-helper.h"

/* MOVAPS, MOVUPS, MOVDQA, MOVNTPS...: a whole register, either way. */
static void trans_mov(DisasContext *s, const X86Insn *insn, int arg)
{
    if (operand_is_mem(insn, 0)) {
        vec_store_mem(s, insn, insn->vlen, vreg(s, insn->operand[1].reg));
    } else if (operand_is_mem(insn, 1)) {
        vec_load_mem(s, insn, 1, upper_flag(insn), vec_dst(s, insn, 0));
    } else if (is_vex(insn) ||
               insn->operand[0].reg != insn->operand[1].reg) {
        tcg_gen_v(s->tcg, VOP_mov, vec_width(insn), MO_64, upper_flag(insn),
                  vec_dst(s, insn, 0), vreg(s, insn->operand[1].reg),
                  TCGV_NONE, TCGV_NONE, 0);
    }
}

/* MOVSS, MOVSD, MOVNTSS, MOVNTSD. */
static void trans_mov_scalar(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = insn->n_operands;
    TCGv d;

    if (operand_is_mem(insn, 0)) {
        vec_store_mem(s, insn, 1u << varg_esz(arg),
                      vreg(s, insn->operand[1].reg));
        return;
    }
    d = vec_dst(s, insn, 0);
    if (operand_is_mem(insn, 1)) {
        vec_load_mem(s, insn, 1, upper_flag(insn), d);
        return;
    }
    tcg_gen_v(s->tcg, VOP_movs, VW_16, varg_esz(arg), upper_flag(insn), d,
              n > 2 ? vreg(s, insn->operand[1].reg) : d,
              vreg(s, insn->operand[n - 1].reg), TCGV_NONE, 0);
}

/* MOVLPS, MOVLPD, MOVHPS, MOVHPD: x = 1 for the high half. */
static void trans_mov_half(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = insn->n_operands;

    if (operand_is_mem(insn, 0)) {
        TCGv v = vreg(s, insn->operand[1].reg);

        if (varg_x(arg)) {
            v = vec_op16(s, VOP_movhl, MO_64, v, v, 0);
        }
        vec_store_mem(s, insn, 8, v);
    } else {
        TCGv b = vec_load(s, insn, n - 1);
        TCGv d = vec_dst(s, insn, 0);

        tcg_gen_v(s->tcg, varg_x(arg) ? VOP_movlh : VOP_movlo, VW_16, MO_64,
                  upper_flag(insn), d,
                  n > 2 ? vreg(s, insn->operand[1].reg) : d, b, TCGV_NONE, 0);
    }
}

/* MOVQ, all forms. */
static void trans_movq(DisasContext *s, const X86Insn *insn, int arg)
{
    if (is_mmx(insn, 0) || is_mmx(insn, 1)) {
        mmx_enter(s);
        if (operand_is_mem(insn, 0)) {
            tcg_gen_st(s->tcg, MO_64, mem_operand(s, insn),
                       mmx_load(s, insn, 1));
            mmx_store(s, X86_REG_NONE, TCGV_NONE);
        } else {
            mmx_store(s, insn->operand[0].reg, mmx_load(s, insn, 1));
        }
    } else if (operand_is_mem(insn, 0)) {
        vec_store_mem(s, insn, 8, vreg(s, insn->operand[1].reg));
    } else if (operand_is_mem(insn, 1)) {
        vec_load_mem(s, insn, 1, upper_flag(insn), vec_dst(s, insn, 0));
    } else {
        tcg_gen_v(s->tcg, VOP_movq, VW_16, MO_64, upper_flag(insn),
                  vec_dst(s, insn, 0), vreg(s, insn->operand[1].reg),
                  TCGV_NONE, TCGV_NONE, 0);
    }
}

/* MOVD and its 64-bit form, both directions, XMM and MMX. */
static void trans_movd(DisasContext *s, const X86Insn *insn, int arg)
{
    if (is_mmx(insn, 0)) {
        mmx_enter(s);
        mmx_store(s, insn->operand[0].reg, load_operand_zx(s, insn, 1));
    } else if (is_mmx(insn, 1)) {
        mmx_enter(s);
        store_operand(s, insn, 0, mmx_load(s, insn, 1));
        mmx_store(s, X86_REG_NONE, TCGV_NONE);
    } else if (insn->operand[0].kind == X86_OPND_VEC) {
        TCGv d = vec_dst(s, insn, 0);

        if (operand_is_mem(insn, 1)) {
            vec_load_mem(s, insn, 1, upper_flag(insn), d);
        } else {
            tcg_gen_v(s->tcg, VOP_movi2v, VW_16,
                      width_of(insn->operand[1].size), upper_flag(insn), d,
                      gpr(s, insn->operand[1].reg), TCGV_NONE, TCGV_NONE, 0);
        }
    } else if (operand_is_mem(insn, 0)) {
        vec_store_mem(s, insn, insn->operand[0].size,
                      vreg(s, insn->operand[1].reg));
    } else {
        tcg_gen_v(s->tcg, VOP_extract, VW_16, width_of(insn->operand[0].size),
                  0, gpr(s, insn->operand[0].reg),
                  vreg(s, insn->operand[1].reg), TCGV_NONE, TCGV_NONE, 0);
    }
}

static void trans_movq2dq(DisasContext *s, const X86Insn *insn, int arg)
{
    mmx_enter(s);
    tcg_gen_v(s->tcg, VOP_movi2v, VW_16, MO_64, 0, vec_dst(s, insn, 0),
              mmx_load(s, insn, 1), TCGV_NONE, TCGV_NONE, 0);
    mmx_store(s, X86_REG_NONE, TCGV_NONE);
}

static void trans_movdq2q(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);

    mmx_enter(s);
    tcg_gen_v(s->tcg, VOP_extract, VW_16, MO_64, 0, t,
              vreg(s, insn->operand[1].reg), TCGV_NONE, TCGV_NONE, 0);
    mmx_store(s, insn->operand[0].reg, t);
}

/* PEXTRx, EXTRACTPS: zero-extended into a register, or exactly to memory. */
static void trans_pextr(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth esz = varg_esz(arg);
    TCGv t;

    if (esz == MO_32 && insn->opsize == 8 && !varg_x(arg)) {
        esz = MO_64;
    }
    if (is_mmx(insn, 1)) {
        mmx_enter(s);
        tcg_gen_extract(s->tcg, gpr(s, insn->operand[0].reg),
                        mmx_load(s, insn, 1), (insn->imm & 3) * 16, 16);
        mmx_store(s, X86_REG_NONE, TCGV_NONE);
        return;
    }
    t = operand_is_mem(insn, 0) ? temp(s) : gpr(s, insn->operand[0].reg);
    tcg_gen_v(s->tcg, VOP_extract, VW_16, esz, 0, t,
              vreg(s, insn->operand[1].reg), TCGV_NONE, TCGV_NONE,
              insn->imm & ((16 >> esz) - 1));
    if (operand_is_mem(insn, 0)) {
        tcg_gen_st(s->tcg, esz, mem_operand(s, insn), t);
    }
}

static void trans_pinsr(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = vec_operands(insn);
    TCGWidth esz = varg_esz(arg);
    TCGv v, d;

    if (esz == MO_32 && insn->opsize == 8) {
        esz = MO_64;
    }
    if (is_mmx(insn, 0)) {
        TCGv t = temp(s);

        mmx_enter(s);
        v = load_operand(s, insn, n - 1);
        tcg_gen_deposit(s->tcg, t, mmx_load(s, insn, 0), v,
                        (insn->imm & 3) * 16, 16);
        mmx_store(s, insn->operand[0].reg, t);
        return;
    }
    v = load_operand(s, insn, n - 1);
    d = vec_dst(s, insn, 0);
    tcg_gen_v(s->tcg, VOP_insert, VW_16, esz, upper_flag(insn), d,
              n > 2 ? vreg(s, insn->operand[1].reg) : d, v, TCGV_NONE,
              insn->imm & ((16 >> esz) - 1));
}

static void trans_insertps(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = vec_operands(insn);
    TCGv b = vec_load(s, insn, n - 1);
    TCGv d = vec_dst(s, insn, 0);

    tcg_gen_v(s->tcg, VOP_insertps, VW_16, MO_32, upper_flag(insn), d,
              n > 2 ? vreg(s, insn->operand[1].reg) : d, b, TCGV_NONE,
              insn->imm & (operand_is_mem(insn, n - 1) ? 0x3f : 0xff));
}

/* MOVMSKPS, MOVMSKPD, PMOVMSKB. */
static void trans_movmsk(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv d = gpr(s, insn->operand[0].reg);

    if (is_mmx(insn, 1)) {
        mmx_enter(s);
        tcg_gen_v(s->tcg, VOP_movmsk, VW_16, MO_8, 0, d,
                  vec_op16(s, VOP_movi2v, MO_64, mmx_load(s, insn, 1),
                           TCGV_NONE, 0), TCGV_NONE, TCGV_NONE, 0);
        mmx_store(s, X86_REG_NONE, TCGV_NONE);
        return;
    }
    tcg_gen_v(s->tcg, VOP_movmsk, vec_width(insn), varg_esz(arg), 0, d,
              vreg(s, insn->operand[1].reg), TCGV_NONE, TCGV_NONE, 0);
}

static void trans_movntq(DisasContext *s, const X86Insn *insn, int arg)
{
    mmx_enter(s);
    tcg_gen_st(s->tcg, MO_64, mem_operand(s, insn), mmx_load(s, insn, 1));
    mmx_store(s, X86_REG_NONE, TCGV_NONE);
}

/* MASKMOVDQU, MASKMOVQ: bytes of operand 0 selected by operand 1 to [RDI]. */
static void trans_maskmov_bytes(DisasContext *s, const X86Insn *insn, int arg)
{
    bool mmx = is_mmx(insn, 0);
    TCGMem m = { .base = gpr(s, R_EDI) };
    TCGv addr = temp(s), v[2];
    unsigned i;

    if (mmx) {
        mmx_enter(s);
    }
    tcg_gen_lea(s->tcg, insn->addrsize == 4 ? MO_32 : MO_64, addr, m);
    if (insn->seg_prefix != X86_REG_NONE) {
        TCGv base = temp(s), sum = temp(s);

        tcg_gen_ld_env(s->tcg, MO_64, base, insn->seg_prefix == R_FS ?
                       ENV(fs_base) : ENV(gs_base));
        tcg_gen2(s->tcg, TCG_OP_add, MO_64, sum, addr, base);
        addr = sum;
    }
    for (i = 0; i < 2; i++) {
        v[i] = mmx ? vec_op16(s, VOP_movi2v, MO_64, mmx_load(s, insn, i),
                              TCGV_NONE, 0)
                   : vreg(s, insn->operand[i].reg);
    }
    vec_spill(s, 0, v[0], VW_16);
    vec_spill(s, 1, v[1], VW_16);
    if (mmx) {
        mmx_store(s, X86_REG_NONE, TCGV_NONE);
    }
    gen_call1(s, &x86_helper_maskmov_bytes, TCGV_NONE, addr);
}

static void trans_ldmxcsr(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv v = load_operand_zx(s, insn, 0);
    TCGOp *op;

    gen_exception_if(s, EXCP0D_GPF, TCG_COND_TSTNE, MO_32, v,
                     imm64(s, 0xffff0000u));
    op = tcg_emit(s->tcg, TCG_OP_ld_mxcsr, MO_32);
    op->src[0] = v;
    s->end_after = true;        /* see TCGBackend.gen_code */
}

static void trans_stmxcsr(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);

    tcg_emit(s->tcg, TCG_OP_st_mxcsr, MO_32)->dst[0] = t;
    tcg_gen_st(s->tcg, MO_32, mem_operand(s, insn), t);
}

#define BOTH(name, fn, arg) \
    { X86_OP_##name, fn, arg }, { X86_OP_V##name, fn, arg }

const X86TransEntry x86_trans_sse_mov[] = {
    BOTH(MOVAPS, trans_mov, 0),
    BOTH(MOVAPD, trans_mov, 0),
    BOTH(MOVUPS, trans_mov, 0),
    BOTH(MOVUPD, trans_mov, 0),
    BOTH(MOVDQA, trans_mov, 0),
    BOTH(MOVDQU, trans_mov, 0),
    BOTH(LDDQU, trans_mov, 0),
    BOTH(MOVNTPS, trans_mov, 0),
    BOTH(MOVNTPD, trans_mov, 0),
    BOTH(MOVNTDQ, trans_mov, 0),
    BOTH(MOVNTDQA, trans_mov, 0),
    BOTH(MOVSS, trans_mov_scalar, VARG(movs, MO_32, 0)),
    BOTH(MOVSD, trans_mov_scalar, VARG(movs, MO_64, 0)),
    { X86_OP_MOVNTSS, trans_mov_scalar, VARG(movs, MO_32, 0) },
    { X86_OP_MOVNTSD, trans_mov_scalar, VARG(movs, MO_64, 0) },
    BOTH(MOVLPS, trans_mov_half, VARG(mov, 0, 0)),
    BOTH(MOVLPD, trans_mov_half, VARG(mov, 0, 0)),
    BOTH(MOVHPS, trans_mov_half, VARG(mov, 0, 1)),
    BOTH(MOVHPD, trans_mov_half, VARG(mov, 0, 1)),
    BOTH(MOVLHPS, trans_vec_bin, VARG(movlh, MO_64, 0)),
    BOTH(MOVHLPS, trans_vec_bin, VARG(movhl, MO_64, 0)),
    BOTH(MOVDDUP, trans_vec_un, VARG(movddup, MO_64, 0)),
    BOTH(MOVSLDUP, trans_vec_un, VARG(movsldup, MO_32, 0)),
    BOTH(MOVSHDUP, trans_vec_un, VARG(movshdup, MO_32, 0)),
    BOTH(MOVQ, trans_movq, 0),
    BOTH(MOVD, trans_movd, 0),
    { X86_OP_MOVQ2DQ, trans_movq2dq, 0 },
    { X86_OP_MOVDQ2Q, trans_movdq2q, 0 },
    { X86_OP_MOVNTQ, trans_movntq, 0 },
    BOTH(PEXTRB, trans_pextr, VARG(extract, MO_8, 0)),
    BOTH(PEXTRW, trans_pextr, VARG(extract, MO_16, 0)),
    BOTH(PEXTRD, trans_pextr, VARG(extract, MO_32, 0)),
    BOTH(EXTRACTPS, trans_pextr, VARG(extract, MO_32, 1)),
    BOTH(PINSRB, trans_pinsr, VARG(insert, MO_8, 0)),
    BOTH(PINSRW, trans_pinsr, VARG(insert, MO_16, 0)),
    BOTH(PINSRD, trans_pinsr, VARG(insert, MO_32, 0)),
    BOTH(INSERTPS, trans_insertps, 0),
    BOTH(MOVMSKPS, trans_movmsk, VARG(movmsk, MO_32, 0)),
    BOTH(MOVMSKPD, trans_movmsk, VARG(movmsk, MO_64, 0)),
    BOTH(PMOVMSKB, trans_movmsk, VARG(movmsk, MO_8, 0)),
    BOTH(MASKMOVDQU, trans_maskmov_bytes, 0),
    { X86_OP_MASKMOVQ, trans_maskmov_bytes, 0 },
    BOTH(LDMXCSR, trans_ldmxcsr, 0),
    BOTH(STMXCSR, trans_stmxcsr, 0),
    { 0 }
};
