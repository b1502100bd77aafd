/*
 * Vector instructions: operand access and shapes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/translate/vec.h"

unsigned vec_operands(const X86Insn *insn)
{
    unsigned n = insn->n_operands;

    while (n && insn->operand[n - 1].kind == X86_OPND_IMM) {
        n--;
    }
    return n;
}

static bool has_imm(const X86Insn *insn)
{
    return insn->operand[insn->n_operands - 1].kind == X86_OPND_IMM;
}

static int64_t op_imm(const X86Insn *insn, int arg)
{
    return has_imm(insn) ? insn->imm : varg_x(arg);
}

static unsigned mem_width(unsigned bytes)
{
    return bytes == 4 ? VW_4 : bytes == 8 ? VW_8 :
           bytes == 16 ? VW_16 : VW_32;
}

void vec_load_mem(DisasContext *s, const X86Insn *insn, unsigned i,
                  unsigned flags, TCGv d)
{
    unsigned size = insn->operand[i].size;

    if (size < 4) {
        tcg_gen_v(s->tcg, VOP_movi2v, VW_16, MO_64, flags, d,
                  load_operand_zx(s, insn, i), TCGV_NONE, TCGV_NONE, 0);
        return;
    }
    if (size >= 16 && (x86_insn_row(insn)->flags & X86_ROW_ALIGN)) {
        flags |= TCG_F_ALIGN;
    }
    tcg_gen_vld(s->tcg, mem_width(size), flags, d, mem_operand(s, insn));
}

TCGv vec_load(DisasContext *s, const X86Insn *insn, unsigned i)
{
    TCGv t;

    if (!operand_is_mem(insn, i)) {
        return vreg(s, insn->operand[i].reg);
    }
    t = vtemp(s);
    vec_load_mem(s, insn, i, 0, t);
    return t;
}

void vec_store_mem(DisasContext *s, const X86Insn *insn, unsigned bytes,
                   TCGv v)
{
    unsigned flags = 0;

    if (bytes >= 16 && (x86_insn_row(insn)->flags & X86_ROW_ALIGN)) {
        flags |= TCG_F_ALIGN;
    }
    tcg_gen_vst(s->tcg, mem_width(bytes), flags, mem_operand(s, insn), v);
}

TCGv vec_op16(DisasContext *s, unsigned vop, TCGWidth esz, TCGv a, TCGv b,
              int64_t imm)
{
    TCGv t = vtemp(s);

    tcg_gen_v(s->tcg, vop, VW_16, esz, 0, t, a, b, TCGV_NONE, imm);
    return t;
}

void vec_spill(DisasContext *s, unsigned i, TCGv v, unsigned w)
{
    TCGOp *op = tcg_emit(s->tcg, TCG_OP_vst_env, w);

    op->src[0] = v;
    op->imm = ENV(vtmp) + i * sizeof(VReg);
}

void vec_reload(DisasContext *s, unsigned i, TCGv v, unsigned w,
                unsigned flags)
{
    TCGOp *op = tcg_emit(s->tcg, TCG_OP_vld_env, w);

    op->dst[0] = v;
    op->flags = flags;
    op->imm = ENV(vtmp) + i * sizeof(VReg);
}

void trans_vec_bin(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = vec_operands(insn);
    TCGv d, a, b;

    if (is_mmx(insn, 0)) {
        mmx_bin(s, insn, arg);
        return;
    }
    b = vec_load(s, insn, n - 1);
    d = vec_dst(s, insn, 0);
    a = n > 2 ? vreg(s, insn->operand[1].reg) : d;
    tcg_gen_v(s->tcg, varg_vop(arg), op_width(insn, arg), varg_esz(arg),
              varg_flags(arg) | upper_flag(insn), d, a, b, TCGV_NONE,
              op_imm(insn, arg));
}

void trans_vec_cmp(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = vec_operands(insn);
    TCGv b = vec_load(s, insn, n - 1);
    TCGv d = vec_dst(s, insn, 0);
    TCGv a = n > 2 ? vreg(s, insn->operand[1].reg) : d;

    tcg_gen_v(s->tcg, VOP_fcmp, op_width(insn, arg), varg_esz(arg),
              varg_flags(arg) | upper_flag(insn), d, a, b, TCGV_NONE,
              insn->imm & (is_vex(insn) ? 31 : 7));
}

void trans_vec_un(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv a;

    if (is_mmx(insn, 0)) {
        mmx_bin(s, insn, arg);
        return;
    }
    a = vec_load(s, insn, 1);
    tcg_gen_v(s->tcg, varg_vop(arg), op_width(insn, arg), varg_esz(arg),
              upper_flag(insn), vec_dst(s, insn, 0), a, TCGV_NONE, TCGV_NONE,
              op_imm(insn, arg));
}

void trans_vec_src1(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv a = vec_load(s, insn, 1);

    tcg_gen_v(s->tcg, varg_vop(arg), op_width(insn, arg), varg_esz(arg),
              upper_flag(insn), vec_dst(s, insn, 0), a, a, TCGV_NONE,
              op_imm(insn, arg));
}

/* Rows name the op with an immediate count; the other is this far away. */
#define SHIFT_BY_VECTOR (VOP_shl - VOP_shli)
QEMU_BUILD_BUG_ON(VOP_shr - VOP_shri != SHIFT_BY_VECTOR);
QEMU_BUILD_BUG_ON(VOP_sar - VOP_sari != SHIFT_BY_VECTOR);

void trans_vec_shift(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = vec_operands(insn);
    TCGv d, a, b = TCGV_NONE;
    unsigned vop = varg_vop(arg);

    if (is_mmx(insn, 0)) {
        mmx_shift(s, insn, arg);
        return;
    }
    d = vec_dst(s, insn, 0);
    if (has_imm(insn)) {
        a = vreg(s, insn->operand[n - 1].reg);
    } else {
        b = vec_load(s, insn, n - 1);
        a = n > 2 ? vreg(s, insn->operand[1].reg) : d;
        vop += SHIFT_BY_VECTOR;
    }
    tcg_gen_v(s->tcg, vop, vec_width(insn), varg_esz(arg), upper_flag(insn),
              d, a, b, TCGV_NONE, has_imm(insn) ? insn->imm & 0xff : 0);
}

void trans_vec_to_int(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv a = vec_load(s, insn, 1);

    tcg_gen_v(s->tcg, varg_vop(arg), op_width(insn, arg), varg_esz(arg), 0,
              gpr(s, insn->operand[0].reg), a, TCGV_NONE, TCGV_NONE,
              insn->operand[0].size == 8 ? MO_64 : MO_32);
}

void trans_vec_from_int(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = vec_operands(insn);
    TCGv b = load_operand(s, insn, n - 1);
    TCGv d = vec_dst(s, insn, 0);
    TCGv a = n > 2 ? vreg(s, insn->operand[1].reg) : d;

    tcg_gen_v(s->tcg, varg_vop(arg), VW_16, varg_esz(arg), upper_flag(insn),
              d, a, b, TCGV_NONE,
              insn->operand[n - 1].size == 8 ? MO_64 : MO_32);
}

void trans_vec_flags(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv b = vec_load(s, insn, 1);
    TCGv t = temp(s);

    tcg_gen_v(s->tcg, varg_vop(arg), op_width(insn, arg), varg_esz(arg), 0,
              t, vreg(s, insn->operand[0].reg), b, TCGV_NONE, 0);
    gen_set_eflags(s, t);
}

void trans_vec_rnds2(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv b = vec_load(s, insn, 1);
    TCGv d = vec_dst(s, insn, 0);

    tcg_gen_v(s->tcg, varg_vop(arg), VW_16, varg_esz(arg), 0, d, d, b,
              vreg(s, 0), 0);
}
