/*
 * Shifts and rotates.
 *
 * With a constant count the flags are a record of the result and of the value
 * shifted by one bit less.  With a count in CL the record keeps value, count
 * and the flags before, because a count of zero changes no flag.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

enum { SH_SHL, SH_SHR, SH_SAR };

static const struct {
    TCGOpcode opc;
    TCGCCKind kind, var_kind;
} sh_ops[] = {
    [SH_SHL] = { TCG_OP_shl, CC_KIND_SHL, CC_KIND_SHLV },
    [SH_SHR] = { TCG_OP_shr, CC_KIND_SHR, CC_KIND_SHRV },
    [SH_SAR] = { TCG_OP_sar, CC_KIND_SAR, CC_KIND_SARV },
};

static inline unsigned count_mask(unsigned size)
{
    return size == 8 ? 63 : 31;
}

/* The masked count: CL as a temp. */
static TCGv count_cl(DisasContext *s, unsigned size)
{
    TCGv c = temp(s);

    tcg_gen2(s->tcg, TCG_OP_and, MO_64, c, gpr(s, R_ECX),
             imm64(s, count_mask(size)));
    return c;
}

static bool count_is_cl(const X86Insn *insn)
{
    return insn->operand[insn->n_operands - 1].kind == X86_OPND_GPR;
}

/* A constant count of zero: only the upper half of a register is cleared. */
static void shift_by_zero(DisasContext *s, const X86Insn *insn)
{
    TCGv v = load_operand(s, insn, 0);

    if (insn->operand[0].kind == X86_OPND_MEM ||
        insn->operand[0].size == 4) {
        store_operand(s, insn, 0, v);
    }
}

static void trans_shift(DisasContext *s, const X86Insn *insn, int sh)
{
    unsigned size = insn->operand[0].size;
    TCGWidth w = width_of(size);
    TCGOpcode opc = sh_ops[sh].opc;
    TCGv v = temp(s), res = temp(s), part;

    if (count_is_cl(insn)) {
        TCGv c = count_cl(s, size), old = temp(s);

        tcg_gen_mov(s->tcg, v, load_operand(s, insn, 0));
        tcg_gen_cc_get(s->tcg, old, CC_ALL);
        tcg_gen2(s->tcg, opc, w, res, v, c);
        store_operand(s, insn, 0, res);
        tcg_gen_cc_set(s->tcg, sh_ops[sh].var_kind, w, v, c, old);
        return;
    }
    unsigned count = insn->imm & count_mask(size);

    if (count == 0) {
        shift_by_zero(s, insn);
        return;
    }
    part = load_operand(s, insn, 0);
    if (count == 1) {
        tcg_gen_mov(s->tcg, v, part);
        part = v;
    } else {
        tcg_gen2(s->tcg, opc, w, v, part, imm64(s, count - 1));
    }
    if (insn->operand[0].kind == X86_OPND_GPR) {
        res = gpr(s, insn->operand[0].reg);
        tcg_gen2(s->tcg, opc, w, res, res, imm64(s, count));
    } else {
        tcg_gen2(s->tcg, opc, w, res, part, imm64(s, count));
        store_operand(s, insn, 0, res);
    }
    tcg_gen_cc_set(s->tcg, sh_ops[sh].kind, w, res, v, TCGV_NONE);
}

/*
 * Flags of a rotation: C from the end of the result the bits went to, O as
 * for a count of one.
 */
static TCGv rotate_flags(DisasContext *s, TCGv res, unsigned bits, bool left)
{
    TCGv c = temp(s), top = temp(s), o = temp(s), sh = temp(s), f = temp(s);

    tcg_gen_extract(s->tcg, top, res, bits - 1, 1);
    if (left) {
        tcg_gen_extract(s->tcg, c, res, 0, 1);
        tcg_gen2(s->tcg, TCG_OP_xor, MO_64, o, top, c);
    } else {
        TCGv next = temp(s);

        c = top;
        tcg_gen_extract(s->tcg, next, res, bits - 2, 1);
        tcg_gen2(s->tcg, TCG_OP_xor, MO_64, o, top, next);
    }
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, sh, o, imm64(s, 11));
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, f, sh, c);
    return f;
}

/* Set C and O to @f unless @count (NONE: known not to be zero) is zero. */
static void set_rotate_flags(DisasContext *s, TCGv f, TCGv count)
{
    TCGv old = temp(s), keep = temp(s), t = temp(s), new = temp(s);

    if (!count) {
        gen_merge_eflags(s, f, CC_C | CC_O);
        return;
    }
    tcg_gen_cc_get(s->tcg, old, CC_ALL);
    tcg_gen2(s->tcg, TCG_OP_and, MO_64, keep, old,
             imm64(s, CC_ALL & ~(CC_C | CC_O)));
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, t, keep, f);
    tcg_gen_movcond(s->tcg, TCG_COND_NE, MO_64, new, count, imm64(s, 0), t,
                    old);
    gen_set_eflags(s, new);
}

/* ROL (@left) and ROR. */
static void trans_rotate(DisasContext *s, const X86Insn *insn, int left)
{
    unsigned size = insn->operand[0].size;
    TCGWidth w = width_of(size);
    TCGOpcode opc = left ? TCG_OP_rotl : TCG_OP_rotr;
    TCGv count = TCGV_NONE, c, res = temp(s);

    if (count_is_cl(insn)) {
        c = count = count_cl(s, size);
    } else if (insn->imm & count_mask(size)) {
        c = imm64(s, insn->imm & count_mask(size));
    } else {
        shift_by_zero(s, insn);
        return;
    }
    tcg_gen2(s->tcg, opc, w, res, load_operand(s, insn, 0), c);
    store_operand(s, insn, 0, res);
    set_rotate_flags(s, rotate_flags(s, res, size * 8, left), count);
}

/*
 * RCL and RCR: a rotation of size * 8 + 1 bits.  desc = carry in | size << 8 |
 * left << 16 | old flags << 32; the second helper returns the new flags.
 */
static TCG_HELPER_NO_VEC uint64_t rotate_carry(uint64_t v, uint64_t count,
                                               uint64_t desc, unsigned *carry)
{
    unsigned bits = (desc >> 8 & 0xff) * 8;
    uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    unsigned c = desc & 1, n = count % (bits + 1);

    v &= mask;
    if (n) {
        unsigned left = desc >> 16 & 1 ? n : bits + 1 - n;
        /* left is 1 .. bits; the bit that ends up in C */
        unsigned out = v >> (bits - left) & 1;
        uint64_t hi = left == bits ? 0 : v << left;
        uint64_t lo = left == 1 ? 0 : v >> (bits + 1 - left);

        v = (hi | (uint64_t)c << (left - 1) | lo) & mask;
        c = out;
    }
    *carry = c;
    return v;
}

static TCG_HELPER_NO_VEC uint64_t helper_rotate_carry(uint64_t v,
                                                      uint64_t count,
                                                      uint64_t desc)
{
    unsigned c;

    return rotate_carry(v, count, desc, &c);
}
static X86_HELPER_PURE(rotate_carry, 3, TCG_HF_NO_VEC);

static TCG_HELPER_NO_VEC uint64_t helper_rotate_carry_flags(uint64_t v,
                                                            uint64_t count,
                                                            uint64_t desc)
{
    unsigned bits = (desc >> 8 & 0xff) * 8, c, o;
    uint64_t res = rotate_carry(v, count, desc, &c);
    uint32_t flags = desc >> 32;

    if (!count) {
        return flags;
    }
    o = desc >> 16 & 1 ? (res >> (bits - 1) & 1) ^ c :
        (res >> (bits - 1) & 1) ^ (res >> (bits - 2) & 1);
    return (flags & ~(CC_C | CC_O)) | (c ? CC_C : 0) | (o ? CC_O : 0);
}
static X86_HELPER_PURE(rotate_carry_flags, 3, TCG_HF_NO_VEC);

static void trans_rotate_carry(DisasContext *s, const X86Insn *insn, int left)
{
    unsigned size = insn->operand[0].size;
    TCGv v = temp(s), count, old = temp(s), cin = temp(s), sh = temp(s);
    TCGv d1 = temp(s), d2 = temp(s), res = temp(s), flags = temp(s);
    TCGv fixed = imm64(s, size << 8 | left << 16);

    if (count_is_cl(insn)) {
        count = count_cl(s, size);
    } else if (insn->imm & count_mask(size)) {
        count = imm64(s, insn->imm & count_mask(size));
    } else {
        shift_by_zero(s, insn);
        return;
    }
    tcg_gen_mov(s->tcg, v, load_operand(s, insn, 0));
    tcg_gen_setcc(s->tcg, CCC_B, cin);
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, d1, cin, fixed);
    if (!count_is_cl(insn) && insn->imm == 1) {
        /* the frequent case, without a helper */
        unsigned bits = size * 8;
        TCGv a = temp(s), b = temp(s), f = temp(s);

        if (left) {
            tcg_gen2(s->tcg, TCG_OP_shl, MO_64, a, v, imm64(s, 1));
            tcg_gen2(s->tcg, TCG_OP_or, MO_64, res, a, cin);
            tcg_gen_extract(s->tcg, b, v, bits - 1, 1);
        } else {
            TCGv t = temp(s);

            tcg_gen_extract(s->tcg, t, v, 1, bits - 1);
            tcg_gen_deposit(s->tcg, res, t, cin, bits - 1, 1);
            tcg_gen_extract(s->tcg, b, v, 0, 1);
        }
        store_operand(s, insn, 0, res);
        f = rotate_flags(s, res, bits, false);
        /* O: top two bits of the result (right), or top bit and C (left) */
        TCGv o = temp(s), o2 = temp(s), f2 = temp(s);
        if (left) {
            TCGv top = temp(s);

            tcg_gen_extract(s->tcg, top, res, bits - 1, 1);
            tcg_gen2(s->tcg, TCG_OP_xor, MO_64, o, top, b);
            tcg_gen2(s->tcg, TCG_OP_shl, MO_64, o2, o, imm64(s, 11));
        } else {
            tcg_gen2(s->tcg, TCG_OP_and, MO_64, o2, f, imm64(s, CC_O));
        }
        tcg_gen2(s->tcg, TCG_OP_or, MO_64, f2, o2, b);
        gen_merge_eflags(s, f2, CC_C | CC_O);
        return;
    }
    gen_call3(s, &x86_helper_rotate_carry, res, v, count, d1);
    store_operand(s, insn, 0, res);
    tcg_gen_cc_get(s->tcg, old, CC_ALL);
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, sh, old, imm64(s, 32));
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, d2, d1, sh);
    gen_call3(s, &x86_helper_rotate_carry_flags, flags, v, count, d2);
    gen_set_eflags(s, flags);
}

/*
 * Flags of SHLD and SHRD by CL: from a record of SHL or SHR kind, or the old
 * ones.  desc = count | width << 8 | left << 16 | old flags << 32.
 */
static TCG_HELPER_NO_VEC uint64_t helper_shxd_flags(uint64_t res,
                                                    uint64_t part,
                                                    uint64_t desc)
{
    unsigned w = desc >> 8 & 0xff;

    if (!(desc & 0xff)) {
        return desc >> 32;
    }
    return tcg_cc_eval(TCG_CC_OP(desc >> 16 & 1 ? CC_KIND_SHL : CC_KIND_SHR,
                                 w), res, part, 0);
}
static X86_HELPER_PURE(shxd_flags, 3, TCG_HF_NO_VEC);

/* a:b shifted by @c; also used with a count of one less, for the flags. */
static TCGv gen_shxd(DisasContext *s, int left, unsigned size, TCGv a, TCGv b,
                     TCGv c)
{
    TCGv res = temp(s);

    if (size > 2) {
        tcg_gen3(s->tcg, left ? TCG_OP_shld : TCG_OP_shrd, width_of(size),
                 res, a, b, c);
        return res;
    }
    /* 16 bits: undefined for counts above 16; processors take b twice */
    TCGv x = temp(s), y = temp(s), z = temp(s), sh = temp(s);

    tcg_gen_extu(s->tcg, MO_64, MO_16, x, left ? b : a);
    tcg_gen_deposit(s->tcg, y, x, b, 16, 16);
    tcg_gen_deposit(s->tcg, z, y, left ? a : b, 32, 16);
    tcg_gen2(s->tcg, left ? TCG_OP_shl : TCG_OP_shr, MO_64, sh, z, c);
    if (!left) {
        return sh;
    }
    tcg_gen_extract(s->tcg, res, sh, 32, 16);
    return res;
}

/* A count of zero: flags stay, and a 32-bit register loses its upper half. */
static void shxd_by_zero(DisasContext *s, const struct X86SideExit *x)
{
    if (x->arg[1] == 4) {
        store_gpr(s, x->arg[0], 4, gpr(s, x->arg[0]));
    }
}

/* Register @insn->operand[0] by CL: a count of zero is for a path of its own. */
static void shxd_reg_cl(DisasContext *s, const X86Insn *insn, int left)
{
    unsigned size = insn->operand[0].size;
    TCGv a = temp(s), b = load_operand(s, insn, 1), less = temp(s), res, part;
    TCGv c;
    struct X86SideExit *x = gen_side_path(s, shxd_by_zero);

    tcg_gen_mov(s->tcg, a, gpr(s, insn->operand[0].reg));
    x->arg[0] = insn->operand[0].reg;
    x->arg[1] = size;
    c = count_cl(s, size);
    tcg_gen_brcond(s->tcg, TCG_COND_EQ, MO_32, c, imm64(s, 0), x->label);
    tcg_gen2(s->tcg, TCG_OP_sub, MO_64, less, c, imm64(s, 1));
    part = gen_shxd(s, left, size, a, b, less);
    res = gen_shxd(s, left, size, a, b, c);
    store_operand(s, insn, 0, res);
    tcg_gen_cc_set(s->tcg, left ? CC_KIND_SHL : CC_KIND_SHR, width_of(size),
                   res, part, TCGV_NONE);
}

static void trans_shxd(DisasContext *s, const X86Insn *insn, int left)
{
    unsigned size = insn->operand[0].size;
    TCGWidth w = width_of(size);
    TCGv a = temp(s), b = load_operand(s, insn, 1), res, part, c;

    if (!count_is_cl(insn) && !(insn->imm & count_mask(size))) {
        shift_by_zero(s, insn);
        return;
    }
    if (count_is_cl(insn) && size > 2 &&
        insn->operand[0].kind == X86_OPND_GPR) {
        shxd_reg_cl(s, insn, left);
        return;
    }
    tcg_gen_mov(s->tcg, a, load_operand(s, insn, 0));
    if (!count_is_cl(insn)) {
        unsigned count = insn->imm & count_mask(size);

        part = gen_shxd(s, left, size, a, b, imm64(s, count - 1));
        res = gen_shxd(s, left, size, a, b, imm64(s, count));
        store_operand(s, insn, 0, res);
        tcg_gen_cc_set(s->tcg, left ? CC_KIND_SHL : CC_KIND_SHR, w, res, part,
                       TCGV_NONE);
        return;
    }
    TCGv less = temp(s), old = temp(s), sh = temp(s), d1 = temp(s);
    TCGv d2 = temp(s), flags = temp(s);

    c = count_cl(s, size);
    /* for a count of zero this is garbage that the helper ignores */
    tcg_gen2(s->tcg, TCG_OP_sub, MO_64, less, c, imm64(s, 1));
    part = gen_shxd(s, left, size, a, b, less);
    res = gen_shxd(s, left, size, a, b, c);
    store_operand(s, insn, 0, res);
    tcg_gen_cc_get(s->tcg, old, CC_ALL);
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, sh, old, imm64(s, 32));
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, d1, sh, c);
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, d2, d1,
             imm64(s, w << 8 | left << 16));
    gen_call3(s, &x86_helper_shxd_flags, flags, res, part, d2);
    gen_set_eflags(s, flags);
}

/* SHLX, SHRX, SARX: no flags, any count register. */
static void trans_shiftx(DisasContext *s, const X86Insn *insn, int sh)
{
    TCGv res = temp(s);

    tcg_gen2(s->tcg, sh_ops[sh].opc, width_of(insn->operand[0].size), res,
             load_operand(s, insn, 1), load_operand(s, insn, 2));
    store_operand(s, insn, 0, res);
}

static void trans_rorx(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->operand[0].size;
    TCGv res = temp(s);

    tcg_gen2(s->tcg, TCG_OP_rotr, width_of(size), res,
             load_operand(s, insn, 1),
             imm64(s, insn->imm & count_mask(size)));
    store_operand(s, insn, 0, res);
}

const X86TransEntry x86_trans_shift[] = {
    { X86_OP_SHL, trans_shift, SH_SHL },
    { X86_OP_SHR, trans_shift, SH_SHR },
    { X86_OP_SAR, trans_shift, SH_SAR },
    { X86_OP_ROL, trans_rotate, 1 },
    { X86_OP_ROR, trans_rotate, 0 },
    { X86_OP_RCL, trans_rotate_carry, 1 },
    { X86_OP_RCR, trans_rotate_carry, 0 },
    { X86_OP_SHLD, trans_shxd, 1 },
    { X86_OP_SHRD, trans_shxd, 0 },
    { X86_OP_SHLX, trans_shiftx, SH_SHL },
    { X86_OP_SHRX, trans_shiftx, SH_SHR },
    { X86_OP_SARX, trans_shiftx, SH_SAR },
    { X86_OP_RORX, trans_rorx },
    { 0 }
};
