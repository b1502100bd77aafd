/*
 * Multiplication and division.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

/*
 * Flags of a multiplication: @lo is the result, @high is not zero when the
 * product does not fit.
 */
static void mul_cc(DisasContext *s, TCGWidth w, TCGv lo, TCGv high)
{
    tcg_gen_cc_set(s->tcg, CC_KIND_MUL, w, lo, high, TCGV_NONE);
}

/* What is left above @w when the low part of a 64-bit product is extended. */
static TCGv mul_excess(DisasContext *s, TCGWidth w, TCGv prod, bool is_signed)
{
    TCGv ext = temp(s), x = temp(s);

    if (is_signed) {
        tcg_gen_exts(s->tcg, MO_64, w, ext, prod);
    } else {
        tcg_gen_extu(s->tcg, MO_64, w, ext, prod);
    }
    tcg_gen2(s->tcg, TCG_OP_xor, MO_64, x, ext, prod);
    return x;
}

/* High half of a 64-bit signed product that is not the sign of the low. */
static TCGv signed_excess(DisasContext *s, TCGv lo, TCGv hi)
{
    TCGv sign = temp(s), x = temp(s);

    tcg_gen2(s->tcg, TCG_OP_sar, MO_64, sign, lo, imm64(s, 63));
    tcg_gen2(s->tcg, TCG_OP_xor, MO_64, x, hi, sign);
    return x;
}

/* MUL and one-operand IMUL: the double-width product goes to rDX:rAX. */
static void trans_mul(DisasContext *s, const X86Insn *insn, bool is_signed)
{
    unsigned size = insn->operand[0].size;
    TCGWidth w = width_of(size);
    TCGv rax = gpr(s, R_EAX), rdx = gpr(s, R_EDX);
    TCGv lo = temp(s), hi = temp(s), a, b;

    if (size == 8) {
        tcg_gen_pair(s->tcg, is_signed ? TCG_OP_muls2 : TCG_OP_mulu2, MO_64,
                     lo, hi, rax, load_operand(s, insn, 0), TCGV_NONE);
        tcg_gen_mov(s->tcg, rax, lo);
        tcg_gen_mov(s->tcg, rdx, hi);
        mul_cc(s, w, lo, is_signed ? signed_excess(s, lo, hi) : hi);
        return;
    }
    a = temp(s);
    if (is_signed) {
        tcg_gen_exts(s->tcg, MO_64, w, a, rax);
        b = load_operand_sx(s, insn, 0);
    } else {
        tcg_gen_extu(s->tcg, MO_64, w, a, rax);
        b = load_operand_zx(s, insn, 0);
    }
    tcg_gen2(s->tcg, TCG_OP_mul, MO_64, lo, a, b);
    if (size == 1) {
        store_gpr(s, R_EAX, 2, lo);
    } else {
        store_gpr(s, R_EAX, size, lo);
        if (size == 4) {
            tcg_gen2(s->tcg, TCG_OP_shr, MO_64, rdx, lo, imm64(s, 32));
        } else {
            tcg_gen_extract(s->tcg, hi, lo, 16, 16);
            store_gpr(s, R_EDX, 2, hi);
        }
    }
    mul_cc(s, w, lo, mul_excess(s, w, lo, is_signed));
}

/* IMUL with two or three operands. */
static void trans_imul2(DisasContext *s, const X86Insn *insn)
{
    unsigned size = insn->operand[0].size;
    TCGWidth w = width_of(size);
    unsigned first = insn->n_operands - 2;
    TCGv a, b, lo = temp(s), x;

    if (size == 8) {
        TCGv lo2 = temp(s), hi = temp(s);

        a = load_operand(s, insn, first);
        b = load_operand(s, insn, first + 1);
        /*
         * Two multiplications: mostly the flags are dead and the second one
         * disappears with them.
         */
        tcg_gen2(s->tcg, TCG_OP_mul, MO_64, lo, a, b);
        tcg_gen_pair(s->tcg, TCG_OP_muls2, MO_64, lo2, hi, a, b, TCGV_NONE);
        x = signed_excess(s, lo2, hi);
    } else {
        TCGv prod = temp(s);

        if (insn->operand[first].kind == X86_OPND_MEM ||
            insn->operand[first + 1].kind == X86_OPND_MEM) {
            /* one load for both */
            TCGv la = load_operand(s, insn, first);
            TCGv lb = load_operand(s, insn, first + 1);

            a = temp(s);
            b = temp(s);
            tcg_gen2(s->tcg, TCG_OP_mul, w, lo, la, lb);
            tcg_gen_exts(s->tcg, MO_64, w, a, la);
            tcg_gen_exts(s->tcg, MO_64, w, b, lb);
        } else {
            tcg_gen2(s->tcg, TCG_OP_mul, w, lo, load_operand(s, insn, first),
                     load_operand(s, insn, first + 1));
            a = load_operand_sx(s, insn, first);
            b = load_operand_sx(s, insn, first + 1);
        }
        tcg_gen2(s->tcg, TCG_OP_mul, MO_64, prod, a, b);
        x = mul_excess(s, w, prod, true);
    }
    store_operand(s, insn, 0, lo);
    mul_cc(s, w, lo, x);
}

static void trans_imul(DisasContext *s, const X86Insn *insn, int arg)
{
    if (insn->n_operands == 1) {
        trans_mul(s, insn, true);
    } else {
        trans_imul2(s, insn);
    }
}

static void trans_mul1(DisasContext *s, const X86Insn *insn, int arg)
{
    trans_mul(s, insn, false);
}

static void trans_mulx(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = width_of(insn->operand[0].size);
    TCGv lo = temp(s), hi = temp(s);

    tcg_gen_pair(s->tcg, TCG_OP_mulu2, w, lo, hi, gpr(s, R_EDX),
                 load_operand(s, insn, 2), TCGV_NONE);
    /* one register for both: the high half stays */
    store_operand(s, insn, 1, lo);
    store_operand(s, insn, 0, hi);
}

/* Quotient does not fit into @bits: #DE. */
static void check_quotient(DisasContext *s, TCGv q, unsigned bits,
                           bool is_signed)
{
    if (is_signed) {
        TCGv ext = temp(s);

        tcg_gen_exts(s->tcg, MO_64, bits == 8 ? MO_8 : MO_16, ext, q);
        gen_exception_if(s, EXCP00_DIVZ, TCG_COND_NE, MO_32, ext, q);
    } else {
        gen_exception_if(s, EXCP00_DIVZ, TCG_COND_GTU, MO_32, q,
                         imm64(s, (1u << bits) - 1));
    }
}

static void trans_div(DisasContext *s, const X86Insn *insn, int is_signed)
{
    unsigned size = insn->operand[0].size;
    TCGOpcode opc = is_signed ? TCG_OP_divs2 : TCG_OP_divu2;
    TCGv rax = gpr(s, R_EAX), rdx = gpr(s, R_EDX);
    TCGv q = temp(s), r = temp(s), lo, hi, d;

    if (size >= 4) {
        tcg_gen_pair(s->tcg, opc, width_of(size), rax, rdx, rax, rdx,
                     load_operand(s, insn, 0));
        goto flags;
    }
    /* the dividend (AX, or DX:AX) as a 32-bit value and its extension */
    lo = temp(s);
    if (size == 1) {
        if (is_signed) {
            tcg_gen_exts(s->tcg, MO_32, MO_16, lo, rax);
        } else {
            tcg_gen_extu(s->tcg, MO_32, MO_16, lo, rax);
        }
    } else {
        TCGv t = temp(s);

        tcg_gen_extu(s->tcg, MO_64, MO_16, t, rax);
        tcg_gen_deposit(s->tcg, lo, t, rdx, 16, 16);
    }
    if (is_signed) {
        hi = temp(s);
        tcg_gen2(s->tcg, TCG_OP_sar, MO_32, hi, lo, imm64(s, 31));
        d = load_operand_sx(s, insn, 0);
    } else {
        hi = imm64(s, 0);
        d = load_operand_zx(s, insn, 0);
    }
    tcg_gen_pair(s->tcg, opc, MO_32, q, r, lo, hi, d);
    check_quotient(s, q, size * 8, is_signed);
    if (size == 1) {
        TCGv ax = temp(s);

        tcg_gen_deposit(s->tcg, ax, q, r, 8, 8);
        store_gpr(s, R_EAX, 2, ax);
    } else {
        store_gpr(s, R_EAX, 2, q);
        store_gpr(s, R_EDX, 2, r);
    }
flags:
    /* all undefined: a constant lets the record before them die */
    gen_set_eflags_const(s, 0);
}

const X86TransEntry x86_trans_muldiv[] = {
    { X86_OP_MUL, trans_mul1 },
    { X86_OP_IMUL, trans_imul },
    { X86_OP_MULX, trans_mulx },
    { X86_OP_DIV, trans_div, 0 },
    { X86_OP_IDIV, trans_div, 1 },
    { 0 }
};
