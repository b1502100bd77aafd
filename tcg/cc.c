/*
 * Condition codes: what each kind of flags record means.  This is the
 * reference for code generators and what they call when a condition has no
 * cheap form.  On x86-64 hosts everything here is compiled without vector
 * instructions: generated code calls it with guest values in vector registers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"

static const uint16_t cond_flags[8] = {
    TCG_CC_O,
    TCG_CC_C,
    TCG_CC_Z,
    TCG_CC_C | TCG_CC_Z,
    TCG_CC_S,
    TCG_CC_P,
    TCG_CC_S | TCG_CC_O,
    TCG_CC_S | TCG_CC_O | TCG_CC_Z,
};

static const uint8_t kind_operands[CC_KIND_MAX] = {
    [CC_KIND_DYNAMIC] = 0, [CC_KIND_EFLAGS] = 1,
    [CC_KIND_ADD] = 2, [CC_KIND_ADC] = 3, [CC_KIND_SUB] = 2,
    [CC_KIND_SBB] = 3, [CC_KIND_CMP] = 2, [CC_KIND_LOGIC] = 1,
    [CC_KIND_INC] = 2, [CC_KIND_DEC] = 2, [CC_KIND_SHL] = 2,
    [CC_KIND_SHR] = 2, [CC_KIND_SAR] = 2, [CC_KIND_SHLV] = 3,
    [CC_KIND_SHRV] = 3, [CC_KIND_SARV] = 3, [CC_KIND_MUL] = 2,
    [CC_KIND_ANDN] = 1, [CC_KIND_BLS] = 2, [CC_KIND_ZC] = 2, [CC_KIND_Z] = 1,
};

TCG_HELPER_NO_VEC uint32_t tcg_cc_cond_flags(TCGCCCond cond)
{
    return cond_flags[cond >> 1];
}

TCG_HELPER_NO_VEC unsigned tcg_cc_kind_operands(TCGCCKind kind)
{
    return kind_operands[kind];
}

/* S, Z and P of a result that has no bits above the width. */
static inline TCG_HELPER_NO_VEC uint32_t szp(uint64_t res, unsigned bits)
{
    uint32_t p = res & 0xff;

    p ^= p >> 4;
    /* bit n of 0x6996: parity of the nibble n, 1 for an odd number of ones */
    return (res >> (bits - 1) & 1 ? TCG_CC_S : 0) | (res ? 0 : TCG_CC_Z) |
           (0x6996 >> (p & 15) & 1 ? 0 : TCG_CC_P);
}

/* All six flags of a + b + carry = res. */
static inline TCG_HELPER_NO_VEC uint32_t add_flags(uint64_t a, uint64_t b,
                                                   uint64_t res,
                                                   unsigned bits)
{
    uint64_t carries = (a & b) | ((a | b) & ~res);
    uint64_t over = (a ^ res) & (b ^ res);

    return szp(res, bits) | (carries >> (bits - 1) & 1) |
           ((a ^ b ^ res) & TCG_CC_A) |
           (over >> (bits - 1) & 1 ? TCG_CC_O : 0);
}

/* All six flags of a - b - borrow = res. */
static inline TCG_HELPER_NO_VEC uint32_t sub_flags(uint64_t a, uint64_t b,
                                                   uint64_t res,
                                                   unsigned bits)
{
    uint64_t borrows = (~a & b) | ((~a | b) & res);
    uint64_t over = (a ^ b) & (a ^ res);

    return szp(res, bits) | (borrows >> (bits - 1) & 1) |
           ((a ^ b ^ res) & TCG_CC_A) |
           (over >> (bits - 1) & 1 ? TCG_CC_O : 0);
}

/* Flags of a shift whose last step moved @last to @res. */
static inline TCG_HELPER_NO_VEC uint32_t shl_flags(uint64_t last,
                                                   uint64_t res,
                                                   unsigned bits)
{
    uint64_t c = last >> (bits - 1) & 1;

    return szp(res, bits) | c |
           ((res >> (bits - 1) & 1) != c ? TCG_CC_O : 0);
}

static inline TCG_HELPER_NO_VEC uint32_t shr_flags(uint64_t last,
                                                   uint64_t res,
                                                   unsigned bits)
{
    return szp(res, bits) | (last & 1) |
           ((res ^ last) >> (bits - 1) & 1 ? TCG_CC_O : 0);
}

/* Shift by a count that is known only now; 1 <= n <= 63. */
static TCG_HELPER_NO_VEC uint32_t shiftv_flags(TCGCCKind kind, uint64_t value,
                                               unsigned n, unsigned bits,
                                               uint64_t mask)
{
    int64_t sext = (int64_t)(value << (64 - bits)) >> (64 - bits);

    switch (kind) {
    case CC_KIND_SHLV:
        return shl_flags((value << (n - 1)) & mask, (value << n) & mask, bits);
    case CC_KIND_SHRV:
        return shr_flags(value >> (n - 1), value >> n, bits);
    default:
        return shr_flags((sext >> (n - 1)) & mask, (sext >> n) & mask, bits);
    }
}

TCG_HELPER_NO_VEC uint32_t tcg_cc_eval(uint32_t cc_op, uint64_t dst,
                                       uint64_t src, uint64_t src2)
{
    TCGCCKind kind = TCG_CC_OP_KIND(cc_op & 0xff);
    unsigned w = TCG_CC_OP_WIDTH(cc_op);
    unsigned bits = tcg_width_bits(w);
    uint64_t mask = tcg_width_mask(w);
    uint64_t sign = 1ull << (bits - 1);
    uint64_t d = dst & mask, x = src & mask;

    switch (kind) {
    case CC_KIND_EFLAGS:
        return dst & TCG_CC_ALL;
    case CC_KIND_ADD:
        return add_flags((d - x) & mask, x, d, bits);
    case CC_KIND_ADC:
        return add_flags((d - x - (src2 & 1)) & mask, x, d, bits);
    case CC_KIND_SUB:
        return sub_flags((d + x) & mask, x, d, bits);
    case CC_KIND_SBB:
        return sub_flags((d + x + (src2 & 1)) & mask, x, d, bits);
    case CC_KIND_CMP:
        return sub_flags(d, x, (d - x) & mask, bits);
    case CC_KIND_LOGIC:
    case CC_KIND_ANDN:
        return szp(d, bits);
    case CC_KIND_INC:
        return szp(d, bits) | (x & 1) | ((d & 15) == 0 ? TCG_CC_A : 0) |
               (d == sign ? TCG_CC_O : 0);
    case CC_KIND_DEC:
        return szp(d, bits) | (x & 1) | ((d & 15) == 15 ? TCG_CC_A : 0) |
               (d == sign - 1 ? TCG_CC_O : 0);
    case CC_KIND_SHL:
        return shl_flags(x, d, bits);
    case CC_KIND_SHR:
    case CC_KIND_SAR:
        return shr_flags(x, d, bits);
    case CC_KIND_SHLV:
    case CC_KIND_SHRV:
    case CC_KIND_SARV:
        if ((x & 63) == 0) {
            return src2 & TCG_CC_ALL;
        }
        return shiftv_flags(kind, d, x & 63, bits, mask);
    case CC_KIND_MUL:
        return szp(d, bits) | (src ? TCG_CC_C | TCG_CC_O : 0);
    case CC_KIND_BLS:
        return (szp(d, bits) & ~TCG_CC_P) | (src ? TCG_CC_C : 0);
    case CC_KIND_ZC:
        return (d ? 0 : TCG_CC_Z) | (x ? 0 : TCG_CC_C);
    case CC_KIND_Z:
        return d ? 0 : TCG_CC_Z;
    default:
        debug_assert(!"flags of an unknown record");
        return 0;
    }
}

TCG_HELPER_NO_VEC bool tcg_cc_test(TCGCCCond cond, uint32_t f)
{
    bool lt = !(f & TCG_CC_S) != !(f & TCG_CC_O);
    bool r;

    switch (cond >> 1) {
    case CCC_L >> 1:
        r = lt;
        break;
    case CCC_LE >> 1:
        r = lt || (f & TCG_CC_Z);
        break;
    default:
        r = f & cond_flags[cond >> 1];
        break;
    }
    return r != (cond & 1);
}

void tcg_cc_settle(const TCGContext *s, void *env)
{
    const uint32_t field[3] = { s->env_cc_dst, s->env_cc_src,
                                s->env_cc_src2 };
    uint32_t op;

    memcpy(&op, (uint8_t *)env + s->env_cc_op, sizeof(op));
    if (likely(!TCG_CC_OP_IS_REF(op))) {
        return;
    }
    for (unsigned k = 0; k < 3; k++) {
        unsigned where = op >> TCG_CC_REF_SHIFT(k) & 31;
        uint64_t v = (int64_t)((int32_t)op >> TCG_CC_REF_CONST_SHIFT);

        if (where && where != TCG_CC_REF_CONST) {
            memcpy(&v, (uint8_t *)env + s->vals[where].offset, sizeof(v));
        }
        if (where) {
            memcpy((uint8_t *)env + field[k], &v, sizeof(v));
        }
    }
    op &= 0xff;
    memcpy((uint8_t *)env + s->env_cc_op, &op, sizeof(op));
}
