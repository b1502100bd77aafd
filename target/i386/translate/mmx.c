/*
 * MMX: 64-bit registers that are the significands of the x87 registers.
 *
 * Values travel as integers; an operation moves them into the low half of a
 * vector temp and uses the vector op of the XMM form.  Ops that mix the two
 * operands across halves get them side by side in one register first.
 *
 * Every MMX instruction resets TOP; all but EMMS mark all registers in use, and
 * set the exponent of the register they write to all ones.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/translate/vec.h"

void mmx_enter(DisasContext *s)
{
    gen_x87_check(s);
}

TCGv mmx_load(DisasContext *s, const X86Insn *insn, unsigned i)
{
    TCGv t = temp(s);

    if (operand_is_mem(insn, i)) {
        tcg_gen_ld(s->tcg, TCG_OP_ld, MO_64, t, mem_operand(s, insn));
    } else {
        tcg_gen_ld_env(s->tcg, MO_64, t, ENV(fpregs[0].mant) +
                       insn->operand[i].reg * sizeof(X87Reg));
    }
    return t;
}

void mmx_store(DisasContext *s, unsigned reg, TCGv v)
{
    if (reg != X86_REG_NONE) {
        tcg_gen_st_env(s->tcg, MO_64, ENV(fpregs[0].mant) +
                       reg * sizeof(X87Reg), v);
        tcg_gen_st_env(s->tcg, MO_16, ENV(fpregs[0].exp) +
                       reg * sizeof(X87Reg), imm64(s, 0xffff));
    }
    tcg_gen_st_env(s->tcg, MO_32, ENV(fpstt), imm64(s, 0));
    tcg_gen_st_env(s->tcg, MO_64, ENV(fptags), imm64(s, 0));
}

static TCGv to_vec(DisasContext *s, TCGv v)
{
    return vec_op16(s, VOP_movi2v, MO_64, v, TCGV_NONE, 0);
}

static TCGv low_half(DisasContext *s, TCGv v)
{
    TCGv t = temp(s);

    tcg_gen_v(s->tcg, VOP_extract, VW_16, MO_64, 0, t, v, TCGV_NONE,
              TCGV_NONE, 0);
    return t;
}

/* Plain 64-bit logic needs no vector unit. */
static bool mmx_logic(DisasContext *s, unsigned vop, TCGv d, TCGv a, TCGv b)
{
    TCGOpcode opc;

    switch (vop) {
    case VOP_and:
        opc = TCG_OP_and;
        break;
    case VOP_or:
        opc = TCG_OP_or;
        break;
    case VOP_xor:
        opc = TCG_OP_xor;
        break;
    case VOP_andn:
        opc = TCG_OP_andn;
        break;
    default:
        return false;
    }
    tcg_gen2(s->tcg, opc, MO_64, d, a, b);
    return true;
}

/* Bytes that punpckl* reads from memory: half of the register. */
static TCGv load_source(DisasContext *s, const X86Insn *insn, unsigned i,
                        unsigned vop)
{
    TCGv t;

    if (operand_is_mem(insn, i) && vop == VOP_unpckl) {
        t = temp(s);
        tcg_gen_ld(s->tcg, TCG_OP_ld, MO_32, t, mem_operand(s, insn));
        return t;
    }
    return mmx_load(s, insn, i);
}

void mmx_bin(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned vop = varg_vop(arg);
    TCGWidth esz = varg_esz(arg);
    unsigned reg = insn->operand[0].reg;
    TCGv a, b, t = temp(s), v;

    mmx_enter(s);
    b = load_source(s, insn, 1, vop);
    if (tcg_vop_defs[vop].sig[2] != 'v') {
        /* one operand: PABSx, PSHUFW */
        v = vec_op16(s, vop, esz, to_vec(s, b), TCGV_NONE, insn->imm & 0xff);
        mmx_store(s, reg, low_half(s, v));
        return;
    }
    a = mmx_load(s, insn, 0);
    if (mmx_logic(s, vop, t, a, b)) {
        mmx_store(s, reg, t);
        return;
    }
    switch (vop) {
    case VOP_packss:
    case VOP_packus:
    case VOP_hadd:
    case VOP_hadds:
    case VOP_hsub:
    case VOP_hsubs:
        v = vec_op16(s, VOP_movlh, MO_64, to_vec(s, a), to_vec(s, b), 0);
        v = vec_op16(s, vop, esz, v, v, 0);
        break;
    case VOP_unpckh:
        v = vec_op16(s, VOP_unpckl, esz, to_vec(s, a), to_vec(s, b), 0);
        v = vec_op16(s, VOP_bsrli, MO_8, v, TCGV_NONE, 8);
        break;
    case VOP_pshufb:
        tcg_gen2(s->tcg, TCG_OP_and, MO_64, t, b,
                 imm64(s, 0x8787878787878787ull));
        v = vec_op16(s, VOP_pshufb, MO_8, to_vec(s, a), to_vec(s, t), 0);
        break;
    case VOP_palignr:
        v = vec_op16(s, VOP_movlh, MO_64, to_vec(s, b), to_vec(s, a), 0);
        v = vec_op16(s, VOP_bsrli, MO_8, v, TCGV_NONE, insn->imm & 0xff);
        break;
    default:
        v = vec_op16(s, vop, esz, to_vec(s, a), to_vec(s, b), 0);
        break;
    }
    mmx_store(s, reg, low_half(s, v));
}

void mmx_shift(DisasContext *s, const X86Insn *insn, int arg)
{
    bool by_imm = insn->operand[1].kind == X86_OPND_IMM;
    unsigned vop = varg_vop(arg) + (by_imm ? 0 : VOP_shl - VOP_shli);
    TCGv a, b = TCGV_NONE, v;

    mmx_enter(s);
    if (!by_imm) {
        b = to_vec(s, mmx_load(s, insn, 1));
    }
    a = to_vec(s, mmx_load(s, insn, 0));
    v = vec_op16(s, vop, varg_esz(arg), a, b, by_imm ? insn->imm & 0xff : 0);
    mmx_store(s, insn->operand[0].reg, low_half(s, v));
}

static void trans_emms(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_x87_check(s);
    tcg_gen_st_env(s->tcg, MO_32, ENV(fpstt), imm64(s, 0));
    tcg_gen_st_env(s->tcg, MO_64, ENV(fptags),
                   imm64(s, 0x0101010101010101ull));
}

const X86TransEntry x86_trans_mmx[] = {
    { X86_OP_EMMS, trans_emms, 0 },
    { 0 }
};
