/*
 * Vector reference: logic, integer arithmetic, shifts, comparisons.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"

#define A(field) (v->a->field[i])
#define B(field) (v->b->field[i])

/* One case per element size; the expression sees `u` and `s` lanes. */
#define CASE(mo, field, expr) case mo: VOP_EACH(v, field, expr) break;

void tcg_vop_mov(Vop *v)
{
    memcpy(&v->r, v->a, v->bytes);
}

void tcg_vop_zero(Vop *v)
{
}

void tcg_vop_ones(Vop *v)
{
    VOP_EACH(v, q, UINT64_MAX)
}

void tcg_vop_and(Vop *v)
{
    VOP_EACH(v, q, A(q) & B(q))
}

void tcg_vop_andn(Vop *v)
{
    VOP_EACH(v, q, ~A(q) & B(q))
}

void tcg_vop_or(Vop *v)
{
    VOP_EACH(v, q, A(q) | B(q))
}

void tcg_vop_xor(Vop *v)
{
    VOP_EACH(v, q, A(q) ^ B(q))
}

/* Modular arithmetic in all four element sizes. */
#define MODULAR(name, op)                                               \
void tcg_vop_##name(Vop *v)                                             \
{                                                                       \
    switch (v->esz) {                                                   \
    CASE(MO_8, b, A(b) op B(b))                                         \
    CASE(MO_16, w, A(w) op B(w))                                        \
    CASE(MO_32, l, A(l) op B(l))                                        \
    CASE(MO_64, q, A(q) op B(q))                                        \
    }                                                                   \
}
MODULAR(add, +)
MODULAR(sub, -)

static int sat(int x, int lo, int hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

void tcg_vop_adds(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, sb, sat(A(sb) + B(sb), INT8_MIN, INT8_MAX))
    CASE(MO_16, sw, sat(A(sw) + B(sw), INT16_MIN, INT16_MAX))
    }
}

void tcg_vop_addus(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, b, sat(A(b) + B(b), 0, UINT8_MAX))
    CASE(MO_16, w, sat(A(w) + B(w), 0, UINT16_MAX))
    }
}

void tcg_vop_subs(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, sb, sat(A(sb) - B(sb), INT8_MIN, INT8_MAX))
    CASE(MO_16, sw, sat(A(sw) - B(sw), INT16_MIN, INT16_MAX))
    }
}

void tcg_vop_subus(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, b, sat(A(b) - B(b), 0, UINT8_MAX))
    CASE(MO_16, w, sat(A(w) - B(w), 0, UINT16_MAX))
    }
}

void tcg_vop_avgu(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, b, (A(b) + B(b) + 1) >> 1)
    CASE(MO_16, w, (A(w) + B(w) + 1) >> 1)
    }
}

void tcg_vop_mins(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, sb, MIN(A(sb), B(sb)))
    CASE(MO_16, sw, MIN(A(sw), B(sw)))
    CASE(MO_32, sl, MIN(A(sl), B(sl)))
    }
}

void tcg_vop_minu(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, b, MIN(A(b), B(b)))
    CASE(MO_16, w, MIN(A(w), B(w)))
    CASE(MO_32, l, MIN(A(l), B(l)))
    }
}

void tcg_vop_maxs(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, sb, MAX(A(sb), B(sb)))
    CASE(MO_16, sw, MAX(A(sw), B(sw)))
    CASE(MO_32, sl, MAX(A(sl), B(sl)))
    }
}

void tcg_vop_maxu(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, b, MAX(A(b), B(b)))
    CASE(MO_16, w, MAX(A(w), B(w)))
    CASE(MO_32, l, MAX(A(l), B(l)))
    }
}

void tcg_vop_abs(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, sb, A(sb) < 0 ? -A(sb) : A(sb))
    CASE(MO_16, sw, A(sw) < 0 ? -A(sw) : A(sw))
    CASE(MO_32, sl, A(sl) < 0 ? -A(sl) : A(sl))
    }
}

void tcg_vop_sign(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, sb, B(sb) < 0 ? -A(sb) : B(sb) ? A(sb) : 0)
    CASE(MO_16, sw, B(sw) < 0 ? -A(sw) : B(sw) ? A(sw) : 0)
    CASE(MO_32, sl, B(sl) < 0 ? -A(sl) : B(sl) ? A(sl) : 0)
    }
}

void tcg_vop_mullo(Vop *v)
{
    switch (v->esz) {
    CASE(MO_16, sw, A(sw) * B(sw))
    CASE(MO_32, l, A(l) * B(l))
    }
}

void tcg_vop_mulhs(Vop *v)
{
    VOP_EACH(v, sw, (A(sw) * B(sw)) >> 16)
}

void tcg_vop_mulhu(Vop *v)
{
    VOP_EACH(v, w, ((uint32_t)A(w) * B(w)) >> 16)
}

void tcg_vop_mulhrs(Vop *v)
{
    VOP_EACH(v, sw, (((A(sw) * B(sw)) >> 14) + 1) >> 1)
}

void tcg_vop_maddwd(Vop *v)
{
    VOP_EACH(v, sl, (int32_t)((uint32_t)(v->a->sw[2 * i] * v->b->sw[2 * i]) +
                              v->a->sw[2 * i + 1] * v->b->sw[2 * i + 1]))
}

void tcg_vop_maddubs(Vop *v)
{
    VOP_EACH(v, sw, sat(v->a->b[2 * i] * v->b->sb[2 * i] +
                        v->a->b[2 * i + 1] * v->b->sb[2 * i + 1],
                        INT16_MIN, INT16_MAX))
}

void tcg_vop_muludq(Vop *v)
{
    VOP_EACH(v, q, (uint64_t)v->a->l[2 * i] * v->b->l[2 * i])
}

void tcg_vop_muldq(Vop *v)
{
    VOP_EACH(v, sq, (int64_t)v->a->sl[2 * i] * v->b->sl[2 * i])
}

void tcg_vop_sadbw(Vop *v)
{
    for (unsigned i = 0; i < v->bytes; i++) {
        v->r.q[i / 8] += abs(v->a->b[i] - v->b->b[i]);
    }
}

void tcg_vop_mpsadbw(Vop *v)
{
    for (unsigned l = 0; l < v->bytes; l += 16) {
        unsigned sel = v->imm >> (l ? 3 : 0);
        const uint8_t *a = v->a->b + l + (sel & 4);
        const uint8_t *b = v->b->b + l + (sel & 3) * 4;

        for (unsigned i = 0; i < 8; i++) {
            unsigned sum = 0;

            for (unsigned j = 0; j < 4; j++) {
                sum += abs(a[i + j] - b[j]);
            }
            v->r.w[l / 2 + i] = sum;
        }
    }
}

void tcg_vop_phminposuw(Vop *v)
{
    unsigned best = 0;

    for (unsigned i = 1; i < 8; i++) {
        if (v->a->w[i] < v->a->w[best]) {
            best = i;
        }
    }
    v->r.w[0] = v->a->w[best];
    v->r.w[1] = best;
}

void tcg_vop_cmpeq(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, sb, -(A(b) == B(b)))
    CASE(MO_16, sw, -(A(w) == B(w)))
    CASE(MO_32, sl, -(A(l) == B(l)))
    CASE(MO_64, sq, -(int64_t)(A(q) == B(q)))
    }
}

void tcg_vop_cmpgt(Vop *v)
{
    switch (v->esz) {
    CASE(MO_8, sb, -(A(sb) > B(sb)))
    CASE(MO_16, sw, -(A(sw) > B(sw)))
    CASE(MO_32, sl, -(A(sl) > B(sl)))
    CASE(MO_64, sq, -(int64_t)(A(sq) > B(sq)))
    }
}

/*
 * Horizontal: in each 128-bit lane the low half of the result comes from
 * pairs of a, the high half from pairs of b.
 */
#define HORIZONTAL(field, per_lane, expr)                               \
    for (unsigned i = 0; i < v->bytes / sizeof(v->r.field[0]); i++) {   \
        unsigned lane = i / per_lane * per_lane, k = i % per_lane;      \
        const TCGVec *s = k < per_lane / 2 ? v->a : v->b;               \
        unsigned at = lane + 2 * (k % (per_lane / 2));                  \
        int32_t x = s->field[at], y = s->field[at + 1];                 \
                                                                        \
        v->r.field[i] = (expr);                                         \
    }

void tcg_vop_hadd(Vop *v)
{
    if (v->esz == MO_16) {
        HORIZONTAL(sw, 8, x + y)
    } else {
        HORIZONTAL(sl, 4, (uint32_t)x + y)
    }
}

void tcg_vop_hadds(Vop *v)
{
    HORIZONTAL(sw, 8, sat(x + y, INT16_MIN, INT16_MAX))
}

void tcg_vop_hsub(Vop *v)
{
    if (v->esz == MO_16) {
        HORIZONTAL(sw, 8, x - y)
    } else {
        HORIZONTAL(sl, 4, (uint32_t)x - y)
    }
}

void tcg_vop_hsubs(Vop *v)
{
    HORIZONTAL(sw, 8, sat(x - y, INT16_MIN, INT16_MAX))
}

/* Shifts: counts past the element's width give 0, or the sign. */

static void shift_left(Vop *v, uint64_t n)
{
    switch (v->esz) {
    CASE(MO_16, w, n > 15 ? 0 : A(w) << n)
    CASE(MO_32, l, n > 31 ? 0 : A(l) << n)
    CASE(MO_64, q, n > 63 ? 0 : A(q) << n)
    }
}

static void shift_right(Vop *v, uint64_t n)
{
    switch (v->esz) {
    CASE(MO_16, w, n > 15 ? 0 : A(w) >> n)
    CASE(MO_32, l, n > 31 ? 0 : A(l) >> n)
    CASE(MO_64, q, n > 63 ? 0 : A(q) >> n)
    }
}

static void shift_right_signed(Vop *v, uint64_t n)
{
    switch (v->esz) {
    CASE(MO_16, sw, A(sw) >> MIN(n, 15))
    CASE(MO_32, sl, A(sl) >> MIN(n, 31))
    CASE(MO_64, sq, A(sq) >> MIN(n, 63))
    }
}

void tcg_vop_shli(Vop *v)
{
    shift_left(v, v->imm & 0xff);
}

void tcg_vop_shri(Vop *v)
{
    shift_right(v, v->imm & 0xff);
}

void tcg_vop_sari(Vop *v)
{
    shift_right_signed(v, v->imm & 0xff);
}

void tcg_vop_shl(Vop *v)
{
    shift_left(v, v->b->q[0]);
}

void tcg_vop_shr(Vop *v)
{
    shift_right(v, v->b->q[0]);
}

void tcg_vop_sar(Vop *v)
{
    shift_right_signed(v, v->b->q[0]);
}

void tcg_vop_shlv(Vop *v)
{
    switch (v->esz) {
    CASE(MO_32, l, B(l) > 31 ? 0 : A(l) << B(l))
    CASE(MO_64, q, B(q) > 63 ? 0 : A(q) << B(q))
    }
}

void tcg_vop_shrv(Vop *v)
{
    switch (v->esz) {
    CASE(MO_32, l, B(l) > 31 ? 0 : A(l) >> B(l))
    CASE(MO_64, q, B(q) > 63 ? 0 : A(q) >> B(q))
    }
}

void tcg_vop_sarv(Vop *v)
{
    switch (v->esz) {
    CASE(MO_32, sl, A(sl) >> MIN(B(l), 31))
    CASE(MO_64, sq, A(sq) >> MIN(B(q), 63))
    }
}

void tcg_vop_bslli(Vop *v)
{
    unsigned n = v->imm & 0xff;

    for (unsigned i = 0; i < v->bytes; i++) {
        v->r.b[i] = (i & 15) >= n ? v->a->b[i - n] : 0;
    }
}

void tcg_vop_bsrli(Vop *v)
{
    unsigned n = v->imm & 0xff;

    for (unsigned i = 0; i < v->bytes; i++) {
        v->r.b[i] = (i & 15) + n < 16 ? v->a->b[i + n] : 0;
    }
}

/* Tests: the answer is EFLAGS bits. */

void tcg_vop_ptest(Vop *v)
{
    uint64_t both = 0, only = 0;

    for (unsigned i = 0; i < v->bytes / 8; i++) {
        both |= A(q) & B(q);
        only |= ~A(q) & B(q);
    }
    v->r.q[0] = (both ? 0 : TCG_CC_Z) | (only ? 0 : TCG_CC_C);
}

void tcg_vop_testp(Vop *v)
{
    uint64_t sign = v->esz == MO_32 ? 0x8000000080000000ull : 1ull << 63;
    uint64_t both = 0, only = 0;

    for (unsigned i = 0; i < v->bytes / 8; i++) {
        both |= A(q) & B(q) & sign;
        only |= ~A(q) & B(q) & sign;
    }
    v->r.q[0] = (both ? 0 : TCG_CC_Z) | (only ? 0 : TCG_CC_C);
}

/* CRC-32C, reflected polynomial 0x82f63b78: one nibble at a time. */
void tcg_vop_crc32(Vop *v)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
        0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    uint32_t crc = v->a->q[0];
    uint64_t data = v->b->q[0];

    for (unsigned n = 0; n < 1u << v->imm; n++, data >>= 8) {
        crc ^= data & 0xff;
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    v->r.q[0] = crc;
}
