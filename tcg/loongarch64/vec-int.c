/*
 * Integer vectors and shuffles in general registers, 64 or 32 bits at a time,
 * where that takes few instructions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

static unsigned temp(LAGen *g)
{
    unsigned t = ra_scratch(&g->ra, TCG_I64, 0);

    la_form_any(g, t);
    return t;
}

static void done(LAGen *g, const TCGOp *op, LAMem d)
{
    la_vec_zero_tail(g, op, d, 1u << op->w);
    la_vec_result(g, op);
}

/* Lane by lane, 32 or 64 bits: TMP0 = TMP0 op TMP1. */
static bool lane_op(LAGen *g, const TCGOp *op)
{
    bool wide = op->cond == MO_64, shift = op->aux >= VOP_shli &&
                                           op->aux <= VOP_sari;
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_mem(g, op->src[0]), b = a;
    unsigned n = op->imm & 0xff;
    LAAsm *p = &g->a;

    if (op->cond < MO_32 || (shift && n >= (8u << op->cond))) {
        return false;
    }
    if (!shift) {
        b = la_vec_mem(g, op->src[1]);
    }
    for (int k = 0; k < 1 << op->w; k += wide ? 8 : 4) {
        (wide ? la_ld_d : la_ld_w)(p, LA_TMP0, a.base, a.disp + k);
        if (!shift) {
            (wide ? la_ld_d : la_ld_w)(p, LA_TMP1, b.base, b.disp + k);
        }
        switch (op->aux) {
        case VOP_add:
            la_add_d(p, LA_TMP0, LA_TMP0, LA_TMP1);
            break;
        case VOP_sub:
            la_sub_d(p, LA_TMP0, LA_TMP0, LA_TMP1);
            break;
        case VOP_cmpeq:
            la_xor(p, LA_TMP0, LA_TMP0, LA_TMP1);
            la_sltui(p, LA_TMP0, LA_TMP0, 1);
            la_sub_d(p, LA_TMP0, LA_ZERO, LA_TMP0);
            break;
        case VOP_cmpgt:
            la_slt(p, LA_TMP0, LA_TMP1, LA_TMP0);
            la_sub_d(p, LA_TMP0, LA_ZERO, LA_TMP0);
            break;
        case VOP_shli:
            (wide ? la_slli_d : la_slli_w)(p, LA_TMP0, LA_TMP0, n);
            break;
        case VOP_shri:
            (wide ? la_srli_d : la_srli_w)(p, LA_TMP0, LA_TMP0, n);
            break;
        default:
            (wide ? la_srai_d : la_srai_w)(p, LA_TMP0, LA_TMP0, n);
            break;
        }
        (wide ? la_st_d : la_st_w)(p, LA_TMP0, d.base, d.disp + k);
    }
    done(g, op, d);
    return true;
}

/* A constant of 64 bits for each size: the lanes' upper bits. */
static const uint64_t tops[2] = { 0x8080808080808080, 0x8000800080008000 };

/*
 * TMP0 = all bits of the lanes where TMP0 < TMP1, unsigned; @x = TMP0 ^ TMP1.
 * The difference without upper bits tells which is less where those are alike.
 */
static void less(LAGen *g, unsigned bits, unsigned top, unsigned x, unsigned m)
{
    LAAsm *p = &g->a;

    la_or(p, m, LA_TMP0, top);
    la_andn(p, LA_TMP0, LA_TMP1, top);
    la_sub_d(p, m, m, LA_TMP0);             /* top set: not less, if alike */
    la_nor(p, m, m, x);
    la_and(p, LA_TMP0, LA_TMP1, x);
    la_or(p, LA_TMP0, LA_TMP0, m);
    la_and(p, LA_TMP0, LA_TMP0, top);
    la_srli_d(p, m, LA_TMP0, bits - 1);
    la_sub_d(p, m, LA_TMP0, m);
    la_or(p, LA_TMP0, LA_TMP0, m);
}

/* Bytes and halfwords, 64 bits at a time, kept apart at their upper bits. */
static bool small_lanes(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_mem(g, op->src[0]);
    LAMem b = la_vec_mem(g, op->src[1]);
    unsigned top = la_const_reg(g, tops[op->cond]), x = temp(g), m = temp(g);
    unsigned bits = 8u << op->cond;
    LAAsm *p = &g->a;

    for (int k = 0; k < 1 << op->w; k += 8) {
        la_ld_d(p, LA_TMP0, a.base, a.disp + k);
        la_ld_d(p, LA_TMP1, b.base, b.disp + k);
        la_xor(p, x, LA_TMP0, LA_TMP1);
        switch (op->aux) {
        case VOP_add:
            la_andn(p, LA_TMP0, LA_TMP0, top);
            la_andn(p, LA_TMP1, LA_TMP1, top);
            la_add_d(p, LA_TMP0, LA_TMP0, LA_TMP1);
            la_and(p, x, x, top);
            la_xor(p, LA_TMP0, LA_TMP0, x);
            break;
        case VOP_sub:
            la_or(p, LA_TMP0, LA_TMP0, top);
            la_andn(p, LA_TMP1, LA_TMP1, top);
            la_sub_d(p, LA_TMP0, LA_TMP0, LA_TMP1);
            la_andn(p, x, top, x);
            la_xor(p, LA_TMP0, LA_TMP0, x);
            break;
        case VOP_cmpgt:
            /* b < a; signed: with the upper bits turned over */
            la_xor(p, m, LA_TMP0, top);
            la_xor(p, LA_TMP0, LA_TMP1, top);
            la_mov(p, LA_TMP1, m);
            less(g, bits, top, x, m);
            break;
        default:
            if (op->aux == VOP_mins || op->aux == VOP_maxs) {
                la_xor(p, LA_TMP0, LA_TMP0, top);
                la_xor(p, LA_TMP1, LA_TMP1, top);
            }
            less(g, bits, top, x, m);
            la_and(p, x, x, LA_TMP0);
            if (op->aux == VOP_mins || op->aux == VOP_minu) {
                la_ld_d(p, LA_TMP1, b.base, b.disp + k);
            } else {
                la_ld_d(p, LA_TMP1, a.base, a.disp + k);
            }
            la_xor(p, LA_TMP0, LA_TMP1, x);
            break;
        }
        la_st_d(p, LA_TMP0, d.base, d.disp + k);
    }
    done(g, op, d);
    return true;
}

/* Lanes of 64 bits that are equal: the sum finds all bits but the upper one. */
static bool equal_small(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_mem(g, op->src[0]);
    LAMem b = la_vec_mem(g, op->src[1]);
    unsigned low = la_const_reg(g, ~tops[op->cond]);
    LAAsm *p = &g->a;

    for (int k = 0; k < 1 << op->w; k += 8) {
        la_ld_d(p, LA_TMP0, a.base, a.disp + k);
        la_ld_d(p, LA_TMP1, b.base, b.disp + k);
        la_xor(p, LA_TMP0, LA_TMP0, LA_TMP1);
        la_and(p, LA_TMP1, LA_TMP0, low);
        la_add_d(p, LA_TMP1, LA_TMP1, low);
        la_or(p, LA_TMP1, LA_TMP1, LA_TMP0);
        la_nor(p, LA_TMP0, LA_TMP1, low);       /* top set where equal */
        la_srli_d(p, LA_TMP1, LA_TMP0, (8u << op->cond) - 1);
        la_sub_d(p, LA_TMP1, LA_TMP0, LA_TMP1);
        la_or(p, LA_TMP0, LA_TMP0, LA_TMP1);
        la_st_d(p, LA_TMP0, d.base, d.disp + k);
    }
    done(g, op, d);
    return true;
}

/* Top bits of bytes: a product brings those of 64 bits together. */
static bool top_bits(LAGen *g, const TCGOp *op)
{
    LAMem a = la_vec_mem(g, op->src[0]);
    unsigned ones, factor, sum, esz = 1u << op->cond;
    LAAsm *p = &g->a;

    sum = temp(g);
    la_mov(p, sum, LA_ZERO);
    if (op->cond == MO_8) {
        ones = la_const_reg(g, 0x0101010101010101ull);
        factor = la_const_reg(g, 0x0102040810204080ull);
        for (int k = 0; k < 1 << op->w; k += 8) {
            la_ld_d(p, LA_TMP0, a.base, a.disp + k);
            la_srli_d(p, LA_TMP0, LA_TMP0, 7);
            la_and(p, LA_TMP0, LA_TMP0, ones);
            la_mul_d(p, LA_TMP0, LA_TMP0, factor);
            la_srli_d(p, LA_TMP0, LA_TMP0, 56);
            la_bstrins_d(p, sum, LA_TMP0, k + 7, k);
        }
    } else {
        for (int k = 0; k < 1 << op->w; k += esz) {
            la_ld_bu(p, LA_TMP0, a.base, a.disp + k + esz - 1);
            la_srli_d(p, LA_TMP0, LA_TMP0, 7);
            la_bstrins_d(p, sum, LA_TMP0, k / esz, k / esz);
        }
    }
    la_mov(p, LA_TMP0, sum);
    la_vec_result(g, op);
    return true;
}

/*
 * Result words from words of the sources: from[k] < 4 of src[0], else of
 * src[1]; 16 bytes, all read before the first is written.
 */
static bool words(LAGen *g, const TCGOp *op, const uint8_t from[4])
{
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_mem(g, op->src[0]), b = a;
    unsigned t[4];

    if (op->w != VW_16) {
        return false;
    }
    if (op->src[1]) {
        b = la_vec_mem(g, op->src[1]);
    }
    for (unsigned k = 0; k < 4; k++) {
        LAMem m = from[k] < 4 ? a : b;

        t[k] = temp(g);
        if (k % 2 == 0 && from[k] % 2 == 0 && from[k + 1] == from[k] + 1) {
            la_ld_d(&g->a, t[k], m.base, m.disp + (from[k] & 3) * 4);
            t[++k] = RA_NOREG;
        } else {
            la_ld_w(&g->a, t[k], m.base, m.disp + (from[k] & 3) * 4);
        }
    }
    for (unsigned k = 0; k < 4; k++) {
        if (k % 2 == 0 && t[k + 1] == RA_NOREG) {
            la_st_d(&g->a, t[k], d.base, d.disp + k * 4);
        } else if (t[k] != RA_NOREG) {
            la_st_w(&g->a, t[k], d.base, d.disp + k * 4);
        }
    }
    la_vec_zero_tail(g, op, d, 16);
    la_vec_result(g, op);
    return true;
}

/* Do @n elements from @from[0] on follow each other in one source? */
static bool in_sequence(const uint8_t *from, unsigned n, unsigned lanes)
{
    for (unsigned k = 1; k < n; k++) {
        if (from[k] != from[0] + k || from[k] / lanes != from[0] / lanes) {
            return false;
        }
    }
    return from[0] / lanes < 2;
}

/*
 * The same for bytes and halfwords: 1 << @esz bytes are an element, of which
 * @from[] counts those of src[0], then those of src[1]; beyond them is 0.
 */
static bool elements(LAGen *g, const TCGOp *op, unsigned esz,
                     const uint8_t *from)
{
    LAMem d = la_vec_place(g, op->dst[0]), m[2] = { { 0 } };
    unsigned lanes = 16u >> esz, n = lanes / 2, bits = 8u << esz;
    unsigned half[2] = { temp(g), LA_TMP0 };
    LAAsm *p = &g->a;

    m[0] = la_vec_mem(g, op->src[0]);
    m[1] = op->src[1] ? la_vec_mem(g, op->src[1]) : m[0];
    for (unsigned h = 0; h < 2; h++, from += n) {
        if (la_have(LA_F_UAL) && in_sequence(from, n, lanes)) {
            const LAMem *s = &m[from[0] / lanes];

            la_ld_d(p, half[h], s->base, s->disp + (from[0] % lanes << esz));
            continue;
        }
        for (unsigned k = 0; k < n; k++) {
            unsigned r = k ? LA_TMP1 : half[h];

            if (from[k] >= 2 * lanes) {
                la_mov(p, r, LA_ZERO);
            } else {
                const LAMem *s = &m[from[k] / lanes];

                (esz ? la_ld_hu : la_ld_bu)(p, r, s->base, s->disp +
                                            (from[k] % lanes << esz));
            }
            if (k) {
                la_bstrins_d(p, half[h], r, (k + 1) * bits - 1, k * bits);
            }
        }
    }
    la_st_d(p, half[0], d.base, d.disp);
    la_st_d(p, half[1], d.base, d.disp + 8);
    la_vec_zero_tail(g, op, d, 16);
    la_vec_result(g, op);
    return true;
}

static bool interleave(LAGen *g, const TCGOp *op)
{
    unsigned lanes = 16u >> op->cond, first = op->aux == VOP_unpckh ? lanes / 2
                                                                    : 0;
    uint8_t from[16];

    for (unsigned k = 0; k < lanes; k++) {
        from[k] = first + k / 2 + (k & 1 ? lanes : 0);
    }
    return elements(g, op, op->cond, from);
}

static bool shuffle_halfwords(LAGen *g, const TCGOp *op)
{
    unsigned first = op->aux == VOP_pshufhw ? 4 : 0;
    uint8_t from[8];

    for (unsigned k = 0; k < 8; k++) {
        from[k] = k - first < 4 ? first + (op->imm >> (k - first) * 2 & 3) : k;
    }
    return elements(g, op, MO_16, from);
}

/* Bytes from @n on of src[0], or of src[1] and then src[0] (@two). */
static bool bytes_from(LAGen *g, const TCGOp *op, bool two, int n)
{
    uint8_t from[16];

    for (int k = 0; k < 16; k++) {
        int at = k + n;

        from[k] = at < 0 ? 32 : !two ? (at < 16 ? at : 32)
                  : at < 16 ? 16 + at : at < 32 ? at - 16 : 32;
    }
    return elements(g, op, MO_8, from);
}

/* An index with its top bit set makes 0. */
static bool shuffle_bytes(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_mem(g, op->src[0]);
    LAMem b = la_vec_mem(g, op->src[1]);
    unsigned base = temp(g), half[2] = { temp(g), temp(g) };
    LAAsm *p = &g->a;

    la_addi_d(p, base, a.base, a.disp);
    for (unsigned k = 0; k < 16; k++) {
        unsigned h = half[k / 8], bit = k % 8 * 8;

        la_ld_b(p, LA_TMP0, b.base, b.disp + k);
        la_andi(p, LA_TMP1, LA_TMP0, 15);
        la_ldx_bu(p, LA_TMP1, base, LA_TMP1);
        la_slt(p, LA_TMP0, LA_TMP0, LA_ZERO);
        if (bit == 0) {
            la_masknez(p, h, LA_TMP1, LA_TMP0);
        } else {
            la_masknez(p, LA_TMP1, LA_TMP1, LA_TMP0);
            la_bstrins_d(p, h, LA_TMP1, bit + 7, bit);
        }
    }
    la_st_d(p, half[0], d.base, d.disp);
    la_st_d(p, half[1], d.base, d.disp + 8);
    la_vec_zero_tail(g, op, d, 16);
    la_vec_result(g, op);
    return true;
}

static bool shuffle_parts(LAGen *g, const TCGOp *op)
{
    unsigned n = op->imm & 0xff;

    if (op->w != VW_16) {
        return false;
    }
    switch (op->aux) {
    case VOP_unpckl:
    case VOP_unpckh:
        return interleave(g, op);
    case VOP_pshuflw:
    case VOP_pshufhw:
        return shuffle_halfwords(g, op);
    case VOP_pshufb:
        return shuffle_bytes(g, op);
    case VOP_palignr:
        return bytes_from(g, op, true, n);
    case VOP_bsrli:
        return bytes_from(g, op, false, n);
    case VOP_bslli:
        return bytes_from(g, op, false, -(int)n);
    default:
        return false;
    }
}

static bool shuffle(LAGen *g, const TCGOp *op)
{
    unsigned i = op->imm;

    switch (op->aux) {
    case VOP_pshufd:
        return words(g, op, (uint8_t[]) { i & 3, i >> 2 & 3, i >> 4 & 3,
                                          i >> 6 & 3 });
    case VOP_shufp:
        if (op->cond == MO_32) {
            return words(g, op, (uint8_t[]) { i & 3, i >> 2 & 3,
                                              4 + (i >> 4 & 3),
                                              4 + (i >> 6 & 3) });
        }
        return words(g, op, (uint8_t[]) { (i & 1) * 2, (i & 1) * 2 + 1,
                                          4 + (i & 2), 5 + (i & 2) });
    case VOP_unpckl:
    case VOP_unpckh:
        i = op->aux == VOP_unpckh ? 2 : 0;
        if (op->cond == MO_64) {
            return words(g, op, (uint8_t[]) { i, i + 1, i + 4, i + 5 });
        }
        if (op->cond == MO_32) {
            return words(g, op, (uint8_t[]) { i, i + 4, i + 1, i + 5 });
        }
        return shuffle_parts(g, op);
    case VOP_movlh:
        return words(g, op, (uint8_t[]) { 0, 1, 4, 5 });
    case VOP_movhl:
        return words(g, op, (uint8_t[]) { 6, 7, 2, 3 });
    case VOP_movlo:
        return words(g, op, (uint8_t[]) { 4, 5, 2, 3 });
    case VOP_movddup:
        return words(g, op, (uint8_t[]) { 0, 1, 0, 1 });
    case VOP_movs:
        if (op->cond == MO_64) {
            return words(g, op, (uint8_t[]) { 4, 5, 2, 3 });
        }
        return op->cond == MO_32 &&
               words(g, op, (uint8_t[]) { 4, 1, 2, 3 });
    default:
        return shuffle_parts(g, op);
    }
}

static bool bitwise(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_mem(g, op->src[0]);
    LAMem b = la_vec_mem(g, op->src[1]);

    for (int k = 0; k < 1 << op->w; k += 8) {
        la_ld_d(&g->a, LA_TMP0, a.base, a.disp + k);
        la_ld_d(&g->a, LA_TMP1, b.base, b.disp + k);
        switch (op->aux) {
        case VOP_and:
            la_and(&g->a, LA_TMP0, LA_TMP0, LA_TMP1);
            break;
        case VOP_or:
            la_or(&g->a, LA_TMP0, LA_TMP0, LA_TMP1);
            break;
        case VOP_xor:
            la_xor(&g->a, LA_TMP0, LA_TMP0, LA_TMP1);
            break;
        default:
            la_andn(&g->a, LA_TMP0, LA_TMP1, LA_TMP0);
            break;
        }
        la_st_d(&g->a, LA_TMP0, d.base, d.disp + k);
    }
    done(g, op, d);
    return true;
}

static bool from_number(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]);
    unsigned r;

    if (op->cond < MO_32) {
        return false;
    }
    r = la_zext(g, op->src[0], op->cond, LA_TMP0);
    la_st_d(&g->a, r, d.base, d.disp);
    la_vec_zero_tail(g, op, d, 8);
    la_vec_result(g, op);
    return true;
}

static bool to_number(LAGen *g, const TCGOp *op)
{
    static void (*const ld[4])(LAAsm *, unsigned, unsigned, int64_t) = {
        la_ld_bu, la_ld_hu, la_ld_wu, la_ld_d,
    };
    LAMem a = la_vec_mem(g, op->src[0]);
    unsigned lane = op->imm & ((16 >> op->cond) - 1);

    ld[op->cond](&g->a, LA_TMP0, a.base, a.disp + (lane << op->cond));
    la_vec_result(g, op);
    return true;
}

static bool broadcast(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_mem(g, op->src[0]);

    la_ld_d(&g->a, LA_TMP0, a.base, a.disp);
    for (unsigned bits = 8u << op->cond; bits < 64; bits *= 2) {
        la_bstrins_d(&g->a, LA_TMP0, LA_TMP0, 2 * bits - 1, bits);
    }
    for (int k = 0; k < 1 << op->w; k += 8) {
        la_st_d(&g->a, LA_TMP0, d.base, d.disp + k);
    }
    done(g, op, d);
    return true;
}

static bool multiply(LAGen *g, const TCGOp *op)
{
    LAMem d = la_vec_place(g, op->dst[0]), a = la_vec_mem(g, op->src[0]);
    LAMem b = la_vec_mem(g, op->src[1]);

    for (int k = 0; k < 1 << op->w; k += 8) {
        la_ld_wu(&g->a, LA_TMP0, a.base, a.disp + k);
        la_ld_wu(&g->a, LA_TMP1, b.base, b.disp + k);
        la_mul_d(&g->a, LA_TMP0, LA_TMP0, LA_TMP1);
        la_st_d(&g->a, LA_TMP0, d.base, d.disp + k);
    }
    done(g, op, d);
    return true;
}

bool la_vec_int(LAGen *g, const TCGOp *op)
{
    switch (op->aux) {
    case VOP_and:
    case VOP_or:
    case VOP_xor:
    case VOP_andn:
        return bitwise(g, op);
    case VOP_cmpeq:
        return op->cond < MO_32 ? equal_small(g, op) : lane_op(g, op);
    case VOP_add:
    case VOP_sub:
    case VOP_cmpgt:
        return op->cond < MO_32 ? small_lanes(g, op) : lane_op(g, op);
    case VOP_mins:
    case VOP_minu:
    case VOP_maxs:
    case VOP_maxu:
        return op->cond < MO_32 && small_lanes(g, op);
    case VOP_shli:
    case VOP_shri:
    case VOP_sari:
        return lane_op(g, op);
    case VOP_movmsk:
        return top_bits(g, op);
    case VOP_movi2v:
        return from_number(g, op);
    case VOP_extract:
        return to_number(g, op);
    case VOP_bcast:
        return broadcast(g, op);
    case VOP_muludq:
        return multiply(g, op);
    default:
        return shuffle(g, op);
    }
}
