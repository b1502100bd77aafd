/*
 * Bit operations: BT and relatives, scans and counts, BSWAP, BMI, CRC32.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"
#include "tcg/tcg-vop.h"

enum { BT_TEST, BT_SET, BT_RESET, BT_COMPL };

static TCGv gen_bt_op(DisasContext *s, int op, TCGv v, TCGv mask)
{
    TCGv t = temp(s), n;

    switch (op) {
    case BT_SET:
        tcg_gen2(s->tcg, TCG_OP_or, MO_64, t, v, mask);
        break;
    case BT_RESET:
        n = temp(s);
        tcg_gen1(s->tcg, TCG_OP_not, MO_64, n, mask);
        tcg_gen2(s->tcg, TCG_OP_and, MO_64, t, v, n);
        break;
    default:
        tcg_gen2(s->tcg, TCG_OP_xor, MO_64, t, v, mask);
        break;
    }
    return t;
}

static TCGv gen_bt_locked(DisasContext *s, int op, TCGWidth w, TCGMem m,
                          TCGv mask)
{
    TCGv old = temp(s);

    if (op == BT_RESET) {
        TCGv n = temp(s);

        tcg_gen1(s->tcg, TCG_OP_not, MO_64, n, mask);
        tcg_gen_atomic(s->tcg, TCG_OP_atomic_and, w, old, m, n, TCGV_NONE);
    } else {
        tcg_gen_atomic(s->tcg, op == BT_SET ? TCG_OP_atomic_or :
                       TCG_OP_atomic_xor, w, old, m, mask, TCGV_NONE);
    }
    return old;
}

/* 32-bit addresses wrap with the offset, before a segment base comes on top. */
static TCGv bit_address32(DisasContext *s, const X86Insn *insn, TCGv off)
{
    X86Insn flat = *insn;
    TCGv sum = temp(s), addr = temp(s), base, total;

    flat.mem.seg = X86_REG_NONE;
    tcg_gen2(s->tcg, TCG_OP_add, MO_64, sum, mem_address(s, &flat), off);
    tcg_gen_extu(s->tcg, MO_64, MO_32, addr, sum);
    if (insn->mem.seg == X86_REG_NONE) {
        return addr;
    }
    base = temp(s);
    total = temp(s);
    tcg_gen_ld_env(s->tcg, MO_64, base, insn->mem.seg == R_FS ? ENV(fs_base) :
                                                                ENV(gs_base));
    tcg_gen2(s->tcg, TCG_OP_add, MO_64, total, addr, base);
    return total;
}

/*
 * The bit string instructions.  With a register count and a memory operand
 * the string is not limited to the operand: the count selects the word.
 */
static void trans_bt(DisasContext *s, const X86Insn *insn, int op)
{
    const X86Operand *o = insn->operand;
    TCGWidth w = width_of(o[0].size);
    unsigned bits = o[0].size * 8;
    bool mem = operand_is_mem(insn, 0);
    TCGv idx = temp(s), v, bit = temp(s), sh = temp(s), mask, res;
    TCGMem m = { 0 };

    if (o[1].kind == X86_OPND_IMM) {
        idx = imm64(s, insn->imm & (bits - 1));
    } else {
        tcg_gen2(s->tcg, TCG_OP_and, MO_64, idx, gpr(s, o[1].reg),
                 imm64(s, bits - 1));
    }
    if (mem) {
        m = mem_operand(s, insn);
        if (o[1].kind != X86_OPND_IMM) {
            TCGv ext = load_operand_sx(s, insn, 1), word = temp(s);
            TCGv off = temp(s), addr;

            tcg_gen2(s->tcg, TCG_OP_sar, MO_64, word, ext,
                     imm64(s, 3 + w));
            tcg_gen2(s->tcg, TCG_OP_shl, MO_64, off, word, imm64(s, w));
            if (insn->addrsize == 4) {
                addr = bit_address32(s, insn, off);
            } else {
                TCGv base = temp(s);

                addr = temp(s);
                tcg_gen_lea(s->tcg, MO_64, base, m);
                tcg_gen2(s->tcg, TCG_OP_add, MO_64, addr, base, off);
            }
            m = (TCGMem) { .base = addr };
        }
    }
    mask = temp(s);
    if (op != BT_TEST) {
        tcg_gen2(s->tcg, TCG_OP_shl, MO_64, mask, imm64(s, 1), idx);
    }
    if (mem && insn->prefixes & X86_PFX_LOCK) {
        v = gen_bt_locked(s, op, w, m, mask);
    } else {
        if (mem) {
            v = temp(s);
            tcg_gen_ld(s->tcg, TCG_OP_ld, w, v, m);
        } else {
            v = gpr(s, o[0].reg);
        }
        if (op != BT_TEST) {
            TCGv old = temp(s);

            tcg_gen_mov(s->tcg, old, v);
            v = old;
            res = gen_bt_op(s, op, v, mask);
            if (mem) {
                tcg_gen_st(s->tcg, w, m, res);
            } else {
                store_gpr(s, o[0].reg, o[0].size, res);
            }
        }
    }
    tcg_gen2(s->tcg, TCG_OP_shr, MO_64, sh, v, idx);
    tcg_gen2(s->tcg, TCG_OP_and, MO_64, bit, sh, imm64(s, 1));
    /* Z stays; O, S, A and P are undefined and become 0. */
    TCGv z = temp(s), f = temp(s);
    tcg_gen_cc_get(s->tcg, z, CC_Z);
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, f, z, bit);
    gen_set_eflags(s, f);
}

/* BSF (@reverse = 0) and BSR: a source of zero leaves the destination. */
static void trans_bitscan(DisasContext *s, const X86Insn *insn, int reverse)
{
    unsigned size = insn->operand[0].size;
    TCGWidth w = size == 8 ? MO_64 : MO_32;
    TCGv v = temp(s), n = temp(s), res = temp(s), keep;

    tcg_gen_mov(s->tcg, v, load_operand_zx(s, insn, 1));
    if (reverse) {
        TCGv z = temp(s);

        tcg_gen1(s->tcg, TCG_OP_clz, w, z, v);
        tcg_gen2(s->tcg, TCG_OP_xor, MO_64, n, z,
                 imm64(s, size == 8 ? 63 : 31));
    } else {
        tcg_gen1(s->tcg, TCG_OP_ctz, w, n, v);
    }
    keep = gpr(s, insn->operand[0].reg);
    tcg_gen_movcond(s->tcg, TCG_COND_NE, MO_64, res, v, imm64(s, 0), n, keep);
    if (size == 4) {
        /* the upper half of the destination stays, too, for a zero source */
        tcg_gen_mov(s->tcg, keep, res);
    } else {
        store_operand(s, insn, 0, res);
    }
    tcg_gen_cc_set(s->tcg, CC_KIND_Z, w, v, TCGV_NONE, TCGV_NONE);
}

static void trans_lzcnt(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->operand[0].size;
    TCGWidth w = size == 8 ? MO_64 : MO_32;
    TCGv v = temp(s), n = temp(s);

    tcg_gen_mov(s->tcg, v, load_operand_zx(s, insn, 1));
    tcg_gen1(s->tcg, TCG_OP_clz, w, n, v);
    if (size == 2) {
        TCGv t = temp(s);

        tcg_gen2(s->tcg, TCG_OP_sub, MO_64, t, n, imm64(s, 16));
        n = t;
    }
    store_operand(s, insn, 0, n);
    tcg_gen_cc_set(s->tcg, CC_KIND_ZC, w, n, v, TCGV_NONE);
}

static void trans_tzcnt(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->operand[0].size;
    TCGWidth w = size == 8 ? MO_64 : MO_32;
    TCGv v = temp(s), n = temp(s), t = v;

    tcg_gen_mov(s->tcg, v, load_operand_zx(s, insn, 1));
    if (size == 2) {
        t = temp(s);
        tcg_gen2(s->tcg, TCG_OP_or, MO_64, t, v, imm64(s, 0x10000));
    }
    tcg_gen1(s->tcg, TCG_OP_ctz, w, n, t);
    store_operand(s, insn, 0, n);
    tcg_gen_cc_set(s->tcg, CC_KIND_ZC, w, n, v, TCGV_NONE);
}

static void trans_popcnt(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = insn->operand[0].size == 8 ? MO_64 : MO_32;
    TCGv v = temp(s), n = temp(s);

    tcg_gen_mov(s->tcg, v, load_operand_zx(s, insn, 1));
    tcg_gen1(s->tcg, TCG_OP_popcnt, w, n, v);
    store_operand(s, insn, 0, n);
    tcg_gen_cc_set(s->tcg, CC_KIND_Z, w, v, TCGV_NONE, TCGV_NONE);
}

static void trans_bswap(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->operand[0].size;
    TCGv r = gpr(s, insn->operand[0].reg);

    if (size == 2) {
        /* undefined; processors clear it */
        store_gpr(s, insn->operand[0].reg, 2, imm64(s, 0));
    } else {
        tcg_gen1(s->tcg, TCG_OP_bswap, width_of(size), r, r);
    }
}

static void trans_andn(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = width_of(insn->operand[0].size);
    TCGv t = temp(s);

    tcg_gen2(s->tcg, TCG_OP_andn, w, t, load_operand(s, insn, 1),
             load_operand(s, insn, 2));
    store_operand(s, insn, 0, t);
    tcg_gen_cc_set(s->tcg, CC_KIND_ANDN, w, t, TCGV_NONE, TCGV_NONE);
}

/* BLSR, BLSMSK, BLSI: @arg is the op that combines v with v - 1 or -v. */
static void trans_bls(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = width_of(insn->operand[0].size);
    TCGv v = temp(s), t = temp(s), res = temp(s), c = temp(s);
    bool isolate = insn->op == X86_OP_BLSI;

    tcg_gen_mov(s->tcg, v, load_operand(s, insn, 1));
    if (isolate) {
        tcg_gen1(s->tcg, TCG_OP_neg, w, t, v);
    } else {
        tcg_gen2(s->tcg, TCG_OP_sub, w, t, v, imm64(s, 1));
    }
    tcg_gen2(s->tcg, arg, w, res, t, v);
    store_operand(s, insn, 0, res);
    tcg_gen_setcond(s->tcg, isolate ? TCG_COND_NE : TCG_COND_EQ, w, c, v,
                    imm64(s, 0));
    tcg_gen_cc_set(s->tcg, CC_KIND_BLS, w, res, c, TCGV_NONE);
}

/* All ones below bit @n, where n may be up to 255. */
static TCGv mask_below(DisasContext *s, TCGWidth w, TCGv n)
{
    TCGv one = temp(s), sh = temp(s), m = temp(s), big = temp(s);
    unsigned bits = 8u << w;

    tcg_gen2(s->tcg, TCG_OP_shl, w, sh, imm64(s, 1), n);
    tcg_gen2(s->tcg, TCG_OP_sub, w, one, sh, imm64(s, 1));
    tcg_gen_setcond(s->tcg, TCG_COND_LTU, MO_64, big, n, imm64(s, bits));
    tcg_gen_movcond(s->tcg, TCG_COND_NE, MO_64, m, big, imm64(s, 0), one,
                    imm64(s, -1));
    return m;
}

static void trans_bextr(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = width_of(insn->operand[0].size);
    TCGv v = load_operand(s, insn, 1), ctl = load_operand(s, insn, 2);
    TCGv start = temp(s), len = temp(s), sh = temp(s), part = temp(s);
    TCGv res = temp(s);

    tcg_gen_extract(s->tcg, start, ctl, 0, 8);
    tcg_gen_extract(s->tcg, len, ctl, 8, 8);
    tcg_gen2(s->tcg, TCG_OP_shr, w, sh, v, start);
    tcg_gen_movcond(s->tcg, TCG_COND_LTU, MO_64, part, start,
                    imm64(s, 8u << w), sh, imm64(s, 0));
    tcg_gen2(s->tcg, TCG_OP_and, w, res, part, mask_below(s, w, len));
    store_operand(s, insn, 0, res);
    tcg_gen_cc_set(s->tcg, CC_KIND_LOGIC, w, res, TCGV_NONE, TCGV_NONE);
}

static void trans_bzhi(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = width_of(insn->operand[0].size);
    TCGv v = load_operand(s, insn, 1), n = temp(s), c = temp(s);
    TCGv res = temp(s);

    tcg_gen_extract(s->tcg, n, load_operand(s, insn, 2), 0, 8);
    tcg_gen2(s->tcg, TCG_OP_and, w, res, v, mask_below(s, w, n));
    tcg_gen_setcond(s->tcg, TCG_COND_GTU, MO_64, c, n,
                    imm64(s, (8u << w) - 1));
    store_operand(s, insn, 0, res);
    tcg_gen_cc_set(s->tcg, CC_KIND_BLS, w, res, c, TCGV_NONE);
}

static void trans_pdep(DisasContext *s, const X86Insn *insn, int opc)
{
    TCGWidth w = width_of(insn->operand[0].size);
    TCGv t = temp(s);

    tcg_gen2(s->tcg, opc, w, t, load_operand_zx(s, insn, 1),
             load_operand_zx(s, insn, 2));
    store_operand(s, insn, 0, t);
}

static void trans_crc32(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv r = gpr(s, insn->operand[0].reg);

    tcg_gen_v(s->tcg, VOP_crc32, VW_16, MO_64, 0, r, r,
              load_operand(s, insn, 1), TCGV_NONE,
              width_of(insn->operand[1].size));
}

const X86TransEntry x86_trans_bit[] = {
    { X86_OP_BT, trans_bt, BT_TEST },
    { X86_OP_BTS, trans_bt, BT_SET },
    { X86_OP_BTR, trans_bt, BT_RESET },
    { X86_OP_BTC, trans_bt, BT_COMPL },
    { X86_OP_BSF, trans_bitscan, 0 },
    { X86_OP_BSR, trans_bitscan, 1 },
    { X86_OP_LZCNT, trans_lzcnt },
    { X86_OP_TZCNT, trans_tzcnt },
    { X86_OP_POPCNT, trans_popcnt },
    { X86_OP_BSWAP, trans_bswap },
    { X86_OP_ANDN, trans_andn },
    { X86_OP_BLSR, trans_bls, TCG_OP_and },
    { X86_OP_BLSMSK, trans_bls, TCG_OP_xor },
    { X86_OP_BLSI, trans_bls, TCG_OP_and },
    { X86_OP_BEXTR, trans_bextr },
    { X86_OP_BZHI, trans_bzhi },
    { X86_OP_PDEP, trans_pdep, TCG_OP_pdep },
    { X86_OP_PEXT, trans_pdep, TCG_OP_pext },
    { X86_OP_CRC32, trans_crc32 },
    { 0 }
};
