/*
 * Integer arithmetic and logic: ADD ... CMP, TEST, INC, DEC, NEG, NOT, XADD,
 * CMPXCHG, ADCX, ADOX, with their LOCK forms.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR };

static const struct {
    TCGOpcode opc;
    TCGOpcode atomic;       /* 0: through a helper */
    TCGCCKind kind;
} alu_ops[] = {
    [ALU_ADD] = { TCG_OP_add, TCG_OP_atomic_add, CC_KIND_ADD },
    [ALU_OR]  = { TCG_OP_or,  TCG_OP_atomic_or,  CC_KIND_LOGIC },
    [ALU_ADC] = { TCG_OP_adc, 0, CC_KIND_ADC },
    [ALU_SBB] = { TCG_OP_sbb, 0, CC_KIND_SBB },
    [ALU_AND] = { TCG_OP_and, TCG_OP_atomic_and, CC_KIND_LOGIC },
    [ALU_SUB] = { TCG_OP_sub, TCG_OP_atomic_add, CC_KIND_SUB },
    [ALU_XOR] = { TCG_OP_xor, TCG_OP_atomic_xor, CC_KIND_LOGIC },
};

static inline bool is_locked(const X86Insn *insn)
{
    return insn->prefixes & X86_PFX_LOCK;
}

static TCGv copy(DisasContext *s, TCGv v)
{
    TCGv t = temp(s);

    tcg_gen_mov(s->tcg, t, v);
    return t;
}

/* Old carry as 0 or 1. */
static TCGv carry_in(DisasContext *s)
{
    TCGv c = temp(s);

    tcg_gen_setcc(s->tcg, CCC_B, c);
    return c;
}

static void gen_alu_op(DisasContext *s, int alu, TCGWidth w, TCGv d, TCGv a,
                       TCGv b, TCGv c)
{
    if (c) {
        tcg_gen3(s->tcg, alu_ops[alu].opc, w, d, a, b, c);
    } else {
        tcg_gen2(s->tcg, alu_ops[alu].opc, w, d, a, b);
    }
}

static void gen_alu_cc(DisasContext *s, int alu, TCGWidth w, TCGv res, TCGv b,
                       TCGv c)
{
    bool logic = alu_ops[alu].kind == CC_KIND_LOGIC;

    tcg_gen_cc_set(s->tcg, alu_ops[alu].kind, w, res,
                   logic ? TCGV_NONE : b, c);
}

/* LOCK with a memory destination; returns the old value. */
static TCGv gen_locked(DisasContext *s, const X86Insn *insn, int alu,
                       TCGWidth w, TCGv b, TCGv c)
{
    TCGv old = temp(s);

    if (alu_ops[alu].atomic) {
        TCGv v = b;

        if (alu == ALU_SUB) {
            v = temp(s);
            tcg_gen1(s->tcg, TCG_OP_neg, MO_64, v, b);
        }
        tcg_gen_atomic(s->tcg, alu_ops[alu].atomic, w, old,
                       mem_operand(s, insn), v, TCGV_NONE);
    } else {
        /* carry in: the operand is b + c */
        TCGv v = temp(s);

        tcg_gen2(s->tcg, TCG_OP_add, MO_64, v, b, c);
        if (alu == ALU_SBB) {
            TCGv n = temp(s);

            tcg_gen1(s->tcg, TCG_OP_neg, MO_64, n, v);
            v = n;
        }
        tcg_gen_atomic(s->tcg, TCG_OP_atomic_add, w, old,
                       mem_operand(s, insn), v, TCGV_NONE);
    }
    return old;
}

static void trans_alu(DisasContext *s, const X86Insn *insn, int alu)
{
    const X86Operand *o = insn->operand;
    TCGWidth w = width_of(o[0].size);
    bool same = o[0].kind == X86_OPND_GPR && o[1].kind == X86_OPND_GPR &&
                o[0].reg == o[1].reg;
    TCGv a, b, c = TCGV_NONE, res;

    if (same && (alu == ALU_XOR || alu == ALU_SUB)) {
        /* the idiom for zero */
        store_gpr(s, o[0].reg, o[0].size, imm64(s, 0));
        tcg_gen_cc_set(s->tcg, CC_KIND_LOGIC, w, imm64(s, 0), TCGV_NONE,
                       TCGV_NONE);
        return;
    }
    b = load_operand(s, insn, 1);
    if (alu == ALU_ADC || alu == ALU_SBB) {
        c = carry_in(s);
    }
    if (is_locked(insn)) {
        a = gen_locked(s, insn, alu, w, b, c);
        res = temp(s);
        gen_alu_op(s, alu, w, res, a, b, c);
    } else if (o[0].kind == X86_OPND_GPR) {
        res = gpr(s, o[0].reg);
        if (same) {
            b = copy(s, b);
        }
        gen_alu_op(s, alu, w, res, res, b, c);
    } else {
        a = load_operand(s, insn, 0);
        res = temp(s);
        gen_alu_op(s, alu, w, res, a, b, c);
        store_operand(s, insn, 0, res);
        /* e.g. add ah, al: the store changed b's register, above bit 7 */
    }
    gen_alu_cc(s, alu, w, res, b, c);
}

static void trans_cmp(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv a = load_operand(s, insn, 0);
    TCGv b = load_operand(s, insn, 1);

    tcg_gen_cc_set(s->tcg, CC_KIND_CMP, width_of(insn->operand[0].size), a, b,
                   TCGV_NONE);
}

static void trans_test(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = insn->operand;
    TCGWidth w = width_of(o[0].size);
    TCGv a = load_operand(s, insn, 0), t = a;

    if (o[1].kind != o[0].kind || o[1].reg != o[0].reg) {
        t = temp(s);
        tcg_gen2(s->tcg, TCG_OP_and, w, t, a, load_operand(s, insn, 1));
    }
    tcg_gen_cc_set(s->tcg, CC_KIND_LOGIC, w, t, TCGV_NONE, TCGV_NONE);
}

/* INC and DEC: @arg is 1 or -1. */
static void trans_incdec(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = insn->operand;
    TCGWidth w = width_of(o[0].size);
    TCGv c = carry_in(s), one = imm64(s, arg), res;

    if (is_locked(insn)) {
        TCGv old = temp(s);

        tcg_gen_atomic(s->tcg, TCG_OP_atomic_add, w, old,
                       mem_operand(s, insn), one, TCGV_NONE);
        res = temp(s);
        tcg_gen2(s->tcg, TCG_OP_add, w, res, old, one);
    } else if (o[0].kind == X86_OPND_GPR) {
        res = gpr(s, o[0].reg);
        tcg_gen2(s->tcg, TCG_OP_add, w, res, res, one);
    } else {
        res = temp(s);
        tcg_gen2(s->tcg, TCG_OP_add, w, res, load_operand(s, insn, 0), one);
        store_operand(s, insn, 0, res);
    }
    tcg_gen_cc_set(s->tcg, arg > 0 ? CC_KIND_INC : CC_KIND_DEC, w, res, c,
                   TCGV_NONE);
}

static void trans_neg(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = insn->operand;
    TCGWidth w = width_of(o[0].size);
    TCGv old, res = temp(s);

    if (is_locked(insn)) {
        old = temp(s);
        gen_call2(s, &x86_helper_lock_neg, old, mem_address(s, insn),
                  imm64(s, o[0].size));
        tcg_gen1(s->tcg, TCG_OP_neg, w, res, old);
    } else if (o[0].kind == X86_OPND_GPR) {
        old = copy(s, gpr(s, o[0].reg));
        res = gpr(s, o[0].reg);
        tcg_gen1(s->tcg, TCG_OP_neg, w, res, res);
    } else {
        old = load_operand(s, insn, 0);
        tcg_gen1(s->tcg, TCG_OP_neg, w, res, old);
        store_operand(s, insn, 0, res);
    }
    /* 0 - old, without the result: that is one operand to keep */
    tcg_gen_cc_set(s->tcg, CC_KIND_CMP, w, imm64(s, 0), old, TCGV_NONE);
    tcg_last_op(s->tcg)->flags |= TCG_F_CC_OF_NEG;
}

static void trans_not(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = insn->operand;
    TCGWidth w = width_of(o[0].size);

    if (is_locked(insn)) {
        tcg_gen_atomic(s->tcg, TCG_OP_atomic_xor, w, temp(s),
                       mem_operand(s, insn), imm64(s, -1), TCGV_NONE);
    } else if (o[0].kind == X86_OPND_GPR) {
        TCGv r = gpr(s, o[0].reg);

        tcg_gen1(s->tcg, TCG_OP_not, w, r, r);
    } else {
        TCGv t = temp(s);

        tcg_gen1(s->tcg, TCG_OP_not, w, t, load_operand(s, insn, 0));
        store_operand(s, insn, 0, t);
    }
}

static void trans_xadd(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = insn->operand;
    TCGWidth w = width_of(o[0].size);
    TCGv b = copy(s, load_operand(s, insn, 1)), old, res = temp(s);

    if (operand_is_mem(insn, 0) && is_locked(insn)) {
        old = temp(s);
        tcg_gen_atomic(s->tcg, TCG_OP_atomic_add, w, old,
                       mem_operand(s, insn), b, TCGV_NONE);
        tcg_gen2(s->tcg, TCG_OP_add, w, res, old, b);
        store_operand(s, insn, 1, old);
    } else {
        old = copy(s, load_operand(s, insn, 0));
        tcg_gen2(s->tcg, TCG_OP_add, w, res, old, b);
        if (operand_is_mem(insn, 0)) {
            store_operand(s, insn, 0, res);
            store_operand(s, insn, 1, old);
        } else {
            store_operand(s, insn, 1, old);
            store_operand(s, insn, 0, res);
        }
    }
    tcg_gen_cc_set(s->tcg, CC_KIND_ADD, w, res, b, TCGV_NONE);
}

static void trans_cmpxchg(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = insn->operand;
    TCGWidth w = width_of(o[0].size);
    TCGv rax = gpr(s, R_EAX), expect = copy(s, rax);
    TCGv src = load_operand(s, insn, 1), old, z = temp(s), acc = temp(s);
    TCGv merged = temp(s), zero = imm64(s, 0);

    if (operand_is_mem(insn, 0) && is_locked(insn)) {
        old = temp(s);
        tcg_gen_atomic(s->tcg, TCG_OP_cmpxchg, w, old, mem_operand(s, insn),
                       expect, src);
        tcg_gen_setcond(s->tcg, TCG_COND_EQ, w, z, old, expect);
    } else {
        TCGv val = temp(s);

        old = copy(s, load_operand(s, insn, 0));
        tcg_gen_setcond(s->tcg, TCG_COND_EQ, w, z, old, expect);
        if (o[0].kind == X86_OPND_GPR && w == MO_32) {
            /* the upper half is cleared only when they are equal */
            TCGv zx = temp(s);

            tcg_gen_extu(s->tcg, MO_64, MO_32, zx, src);
            src = zx;
        }
        tcg_gen_movcond(s->tcg, TCG_COND_NE, MO_64, val, z, zero, src, old);
        if (o[0].kind == X86_OPND_GPR && w == MO_32) {
            tcg_gen_mov(s->tcg, gpr(s, o[0].reg), val);
        } else {
            /* the destination is written either way */
            store_operand(s, insn, 0, val);
        }
    }
    /*
     * The accumulator changes only when they differ.  It may share a register
     * with the destination, so merge into what is there now.
     */
    if (w >= MO_32) {
        tcg_gen_extu(s->tcg, MO_64, w, merged, old);
    } else {
        tcg_gen2(s->tcg, TCG_OP_mov, w, merged, rax, old);
    }
    tcg_gen_movcond(s->tcg, TCG_COND_NE, MO_64, acc, z, zero, rax, merged);
    tcg_gen_mov(s->tcg, rax, acc);
    tcg_gen_cc_set(s->tcg, CC_KIND_CMP, w, expect, old, TCGV_NONE);
}

/* CMPXCHG8B is a 64-bit compare and exchange of register pairs. */
static void trans_cmpxchg8b(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv expect = temp(s), new = temp(s), old = temp(s), z = temp(s);
    TCGv lo = temp(s), hi = temp(s), t = temp(s);

    tcg_gen_extu(s->tcg, MO_64, MO_32, lo, gpr(s, R_EAX));
    tcg_gen_deposit(s->tcg, expect, lo, gpr(s, R_EDX), 32, 32);
    tcg_gen_extu(s->tcg, MO_64, MO_32, hi, gpr(s, R_EBX));
    tcg_gen_deposit(s->tcg, new, hi, gpr(s, R_ECX), 32, 32);
    tcg_gen_atomic(s->tcg, TCG_OP_cmpxchg, MO_64, old, mem_operand(s, insn),
                   expect, new);
    lo = temp(s);
    hi = temp(s);
    tcg_gen_extu(s->tcg, MO_64, MO_32, lo, old);
    tcg_gen_extract(s->tcg, hi, old, 32, 32);
    tcg_gen_setcond(s->tcg, TCG_COND_EQ, MO_64, z, old, expect);
    tcg_gen_movcond(s->tcg, TCG_COND_NE, MO_64, gpr(s, R_EAX), z,
                    imm64(s, 0), gpr(s, R_EAX), lo);
    tcg_gen_movcond(s->tcg, TCG_COND_NE, MO_64, gpr(s, R_EDX), z,
                    imm64(s, 0), gpr(s, R_EDX), hi);
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, t, z, imm64(s, 6));
    gen_merge_eflags(s, t, CC_Z);
}

static void trans_cmpxchg16b(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv addr = mem_address(s, insn), z = temp(s), t = temp(s);

    gen_exception_if(s, EXCP0D_GPF, TCG_COND_TSTNE, MO_64, addr,
                     imm64(s, 15));
    gen_call1(s, &x86_helper_cmpxchg16b, z, addr);
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, t, z, imm64(s, 6));
    gen_merge_eflags(s, t, CC_Z);
}

/* ADCX, ADOX: add with a carry that lives in flag @arg, and only that one. */
static void trans_adcx(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = width_of(insn->operand[0].size);
    bool of = arg == CC_O;
    TCGv c = temp(s), a = load_operand_zx(s, insn, 0), sum = temp(s);
    TCGv b = load_operand_zx(s, insn, 1), res = temp(s);
    TCGv c1 = temp(s), c2 = temp(s), out = temp(s), f = temp(s);

    tcg_gen_setcc(s->tcg, of ? CCC_O : CCC_B, c);
    tcg_gen2(s->tcg, TCG_OP_add, w, sum, a, b);
    tcg_gen_setcond(s->tcg, TCG_COND_LTU, w, c1, sum, b);
    tcg_gen2(s->tcg, TCG_OP_add, w, res, sum, c);
    tcg_gen_setcond(s->tcg, TCG_COND_LTU, w, c2, res, c);
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, out, c1, c2);
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, f, out, imm64(s, of ? 11 : 0));
    store_operand(s, insn, 0, res);
    gen_merge_eflags(s, f, arg);
}

const X86TransEntry x86_trans_alu[] = {
    { X86_OP_ADD, trans_alu, ALU_ADD },
    { X86_OP_OR, trans_alu, ALU_OR },
    { X86_OP_ADC, trans_alu, ALU_ADC },
    { X86_OP_SBB, trans_alu, ALU_SBB },
    { X86_OP_AND, trans_alu, ALU_AND },
    { X86_OP_SUB, trans_alu, ALU_SUB },
    { X86_OP_XOR, trans_alu, ALU_XOR },
    { X86_OP_CMP, trans_cmp },
    { X86_OP_TEST, trans_test },
    { X86_OP_INC, trans_incdec, 1 },
    { X86_OP_DEC, trans_incdec, -1 },
    { X86_OP_NEG, trans_neg },
    { X86_OP_NOT, trans_not },
    { X86_OP_XADD, trans_xadd },
    { X86_OP_CMPXCHG, trans_cmpxchg },
    { X86_OP_CMPXCHG8B, trans_cmpxchg8b },
    { X86_OP_CMPXCHG16B, trans_cmpxchg16b },
    { X86_OP_ADCX, trans_adcx, CC_C },
    { X86_OP_ADOX, trans_adcx, CC_O },
    { 0 }
};
