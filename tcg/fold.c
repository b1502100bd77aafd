/*
 * Operations on constants, for the forward pass.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"

static int64_t sext(uint64_t x, unsigned bits)
{
    return (int64_t)(x << (64 - bits)) >> (64 - bits);
}

bool tcg_fold_cond(TCGCond c, unsigned w, uint64_t a, uint64_t b)
{
    unsigned bits = tcg_width_bits(w);
    int64_t sa = sext(a, bits), sb = sext(b, bits);

    a &= tcg_width_mask(w);
    b &= tcg_width_mask(w);
    switch (c) {
    case TCG_COND_EQ:
        return a == b;
    case TCG_COND_NE:
        return a != b;
    case TCG_COND_LT:
        return sa < sb;
    case TCG_COND_GE:
        return sa >= sb;
    case TCG_COND_LTU:
        return a < b;
    case TCG_COND_GEU:
        return a >= b;
    case TCG_COND_LE:
        return sa <= sb;
    case TCG_COND_GT:
        return sa > sb;
    case TCG_COND_LEU:
        return a <= b;
    case TCG_COND_GTU:
        return a > b;
    case TCG_COND_TSTEQ:
        return (a & b) == 0;
    default:
        return (a & b) != 0;
    }
}

/* Shifts of a value without bits above the width; the count is masked. */
static uint64_t fold_shift(const TCGOp *op, uint64_t a, uint64_t n)
{
    unsigned bits = tcg_width_bits(op->w);

    switch (op->opc) {
    case TCG_OP_shl:
        n &= op->w == MO_64 ? 63 : 31;
        return n >= bits ? 0 : a << n;
    case TCG_OP_shr:
        n &= op->w == MO_64 ? 63 : 31;
        return n >= bits ? 0 : a >> n;
    case TCG_OP_sar:
        n &= op->w == MO_64 ? 63 : 31;
        return sext(a, bits) >> MIN(n, bits - 1);
    case TCG_OP_rotl:
        n &= bits - 1;
        return n ? a << n | a >> (bits - n) : a;
    default:
        n &= bits - 1;
        return n ? a >> n | a << (bits - n) : a;
    }
}

bool tcg_fold(const TCGOp *op, uint64_t a, uint64_t b, uint64_t *r)
{
    uint64_t mask = tcg_width_mask(op->w), x;
    unsigned pos = op->imm & 0xff, len = op->imm >> 8 & 0xff;

    switch (op->opc) {
    case TCG_OP_mov:
        x = op->w < MO_32 ? b : a;
        break;
    case TCG_OP_add:
        x = a + b;
        break;
    case TCG_OP_sub:
        x = a - b;
        break;
    case TCG_OP_and:
        x = a & b;
        break;
    case TCG_OP_or:
        x = a | b;
        break;
    case TCG_OP_xor:
        x = a ^ b;
        break;
    case TCG_OP_mul:
        x = a * b;
        break;
    case TCG_OP_andn:
        x = ~a & b;
        break;
    case TCG_OP_neg:
        x = -a;
        break;
    case TCG_OP_not:
        x = ~a;
        break;
    case TCG_OP_shl:
    case TCG_OP_shr:
    case TCG_OP_sar:
    case TCG_OP_rotl:
    case TCG_OP_rotr:
        x = fold_shift(op, a & mask, b);
        break;
    case TCG_OP_bswap:
        x = op->w == MO_64 ? __builtin_bswap64(a) : __builtin_bswap32(a);
        break;
    case TCG_OP_extu:
        x = a & tcg_width_mask(op->cond);
        break;
    case TCG_OP_exts:
        x = sext(a, tcg_width_bits(op->cond));
        break;
    case TCG_OP_extract:
        *r = a >> pos & (UINT64_MAX >> (64 - len));
        return true;
    case TCG_OP_deposit:
        x = UINT64_MAX >> (64 - len) << pos;
        *r = (a & ~x) | (b << pos & x);
        return true;
    case TCG_OP_setcond:
        *r = tcg_fold_cond(op->cond, op->w, a, b);
        return true;
    default:
        return false;
    }
    *r = op->w < MO_32 ? (a & ~mask) | (x & mask) : x & mask;
    return true;
}
