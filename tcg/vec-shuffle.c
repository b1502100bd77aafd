/*
 * Vector reference: moving lanes about, between registers and from and to
 * integers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"

/* Copy one element of 1 << esz bytes. */
static void put(Vop *v, unsigned to, const TCGVec *s, unsigned from)
{
    unsigned n = 1u << v->esz;

    memcpy(v->r.b + to * n, s->b + from * n, n);
}

void tcg_vop_movs(Vop *v)
{
    memcpy(&v->r, v->a, 16);
    put(v, 0, v->b, 0);
    v->out = 16;
}

void tcg_vop_movq(Vop *v)
{
    v->r.q[0] = v->a->q[0];
    v->out = 16;
}

void tcg_vop_pshufb(Vop *v)
{
    for (unsigned i = 0; i < v->bytes; i++) {
        uint8_t sel = v->b->b[i];

        v->r.b[i] = sel & 0x80 ? 0 : v->a->b[(i & 16) | (sel & 15)];
    }
}

void tcg_vop_pshufd(Vop *v)
{
    for (unsigned i = 0; i < v->bytes / 4; i++) {
        v->r.l[i] = v->a->l[(i & 4) | (v->imm >> 2 * (i & 3) & 3)];
    }
}

static void shuffle_words(Vop *v, unsigned half)
{
    memcpy(&v->r, v->a, v->bytes);
    for (unsigned l = 0; l < v->bytes / 2; l += 8) {
        for (unsigned i = 0; i < 4; i++) {
            v->r.w[l + half + i] = v->a->w[l + half + (v->imm >> 2 * i & 3)];
        }
    }
}

void tcg_vop_pshuflw(Vop *v)
{
    shuffle_words(v, 0);
}

void tcg_vop_pshufhw(Vop *v)
{
    shuffle_words(v, 4);
}

void tcg_vop_shufp(Vop *v)
{
    if (v->esz == MO_32) {
        for (unsigned i = 0; i < v->bytes / 4; i++) {
            const TCGVec *s = i & 2 ? v->b : v->a;

            v->r.l[i] = s->l[(i & 4) | (v->imm >> 2 * (i & 3) & 3)];
        }
    } else {
        for (unsigned i = 0; i < v->bytes / 8; i++) {
            const TCGVec *s = i & 1 ? v->b : v->a;

            v->r.q[i] = s->q[(i & 2) | (v->imm >> i & 1)];
        }
    }
}

/* Interleave one half of each 128-bit lane. */
static void interleave(Vop *v, bool high)
{
    unsigned per_lane = 16u >> v->esz;

    for (unsigned i = 0; i < v->bytes >> v->esz; i++) {
        unsigned k = i % per_lane, from = i - k + k / 2;

        put(v, i, k & 1 ? v->b : v->a, from + (high ? per_lane / 2 : 0));
    }
}

void tcg_vop_unpckl(Vop *v)
{
    interleave(v, false);
}

void tcg_vop_unpckh(Vop *v)
{
    interleave(v, true);
}

static int32_t clamp(int32_t x, int32_t lo, int32_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static void pack(Vop *v, bool sign)
{
    for (unsigned l = 0; l < v->bytes; l += 16) {
        for (unsigned i = 0; i < 16u >> (v->esz - 1); i++) {
            if (v->esz == MO_16) {
                const TCGVec *s = i < 8 ? v->a : v->b;
                int32_t x = s->sw[l / 2 + i % 8];

                v->r.b[l + i] = sign ? clamp(x, INT8_MIN, INT8_MAX)
                                     : clamp(x, 0, UINT8_MAX);
            } else {
                const TCGVec *s = i < 4 ? v->a : v->b;
                int32_t x = s->sl[l / 4 + i % 4];

                v->r.w[l / 2 + i] = sign ? clamp(x, INT16_MIN, INT16_MAX)
                                         : clamp(x, 0, UINT16_MAX);
            }
        }
    }
}

void tcg_vop_packss(Vop *v)
{
    pack(v, true);
}

void tcg_vop_packus(Vop *v)
{
    pack(v, false);
}

void tcg_vop_palignr(Vop *v)
{
    unsigned n = v->imm & 0xff;

    for (unsigned i = 0; i < v->bytes; i++) {
        unsigned lane = i & 16, at = (i & 15) + n;

        v->r.b[i] = at < 16 ? v->b->b[lane + at] :
                    at < 32 ? v->a->b[lane + at - 16] : 0;
    }
}

void tcg_vop_blendi(Vop *v)
{
    for (unsigned i = 0; i < v->bytes >> v->esz; i++) {
        put(v, i, v->imm >> (i & 7) & 1 ? v->b : v->a, i);
    }
}

/* The top bit of lane @i. */
static bool top_bit(const Vop *v, const TCGVec *s, unsigned i)
{
    return s->b[((i + 1) << v->esz) - 1] >> 7;
}

void tcg_vop_blendv(Vop *v)
{
    for (unsigned i = 0; i < v->bytes >> v->esz; i++) {
        put(v, i, top_bit(v, v->c, i) ? v->b : v->a, i);
    }
}

void tcg_vop_maskand(Vop *v)
{
    for (unsigned i = 0; i < v->bytes >> v->esz; i++) {
        if (top_bit(v, v->a, i)) {
            put(v, i, v->b, i);
        }
    }
}

void tcg_vop_movmsk(Vop *v)
{
    for (unsigned i = 0; i < v->bytes >> v->esz; i++) {
        v->r.q[0] |= (uint64_t)top_bit(v, v->a, i) << i;
    }
}

void tcg_vop_permq(Vop *v)
{
    for (unsigned i = 0; i < 4; i++) {
        v->r.q[i] = v->a->q[v->imm >> 2 * i & 3];
    }
}

void tcg_vop_permd(Vop *v)
{
    for (unsigned i = 0; i < 8; i++) {
        v->r.l[i] = v->b->l[v->a->l[i] & 7];
    }
}

void tcg_vop_perm2x128(Vop *v)
{
    for (unsigned l = 0; l < 2; l++) {
        unsigned sel = v->imm >> 4 * l;
        const TCGVec *s = sel & 2 ? v->b : v->a;

        if (!(sel & 8)) {
            memcpy(v->r.q + 2 * l, s->q + 2 * (sel & 1), 16);
        }
    }
}

void tcg_vop_permilv(Vop *v)
{
    for (unsigned i = 0; i < v->bytes >> v->esz; i++) {
        unsigned from = v->esz == MO_32 ? (i & ~3u) | (v->b->l[i] & 3)
                                        : (i & ~1u) | (v->b->q[i] >> 1 & 1);

        put(v, i, v->a, from);
    }
}

void tcg_vop_permili(Vop *v)
{
    for (unsigned i = 0; i < v->bytes >> v->esz; i++) {
        unsigned from = v->esz == MO_32
                        ? (i & ~3u) | (v->imm >> 2 * (i & 3) & 3)
                        : (i & ~1u) | (v->imm >> i & 1);

        put(v, i, v->a, from);
    }
}

void tcg_vop_insertps(Vop *v)
{
    memcpy(&v->r, v->a, 16);
    v->r.l[v->imm >> 4 & 3] = v->b->l[v->imm >> 6 & 3];
    for (unsigned i = 0; i < 4; i++) {
        if (v->imm >> i & 1) {
            v->r.l[i] = 0;
        }
    }
}

void tcg_vop_bcast(Vop *v)
{
    for (unsigned i = 0; i < v->bytes >> v->esz; i++) {
        put(v, i, v->a, 0);
    }
}

void tcg_vop_bcast128(Vop *v)
{
    memcpy(v->r.q, v->a, 16);
    memcpy(v->r.q + 2, v->a, 16);
}

void tcg_vop_insert128(Vop *v)
{
    v->r = *v->a;
    memcpy(v->r.q + 2 * (v->imm & 1), v->b, 16);
}

void tcg_vop_extract128(Vop *v)
{
    memcpy(v->r.q, v->a->q + 2 * (v->imm & 1), 16);
    v->out = 16;
}

void tcg_vop_movddup(Vop *v)
{
    for (unsigned i = 0; i < v->bytes / 8; i++) {
        v->r.q[i] = v->a->q[i & ~1u];
    }
}

void tcg_vop_movsldup(Vop *v)
{
    for (unsigned i = 0; i < v->bytes / 4; i++) {
        v->r.l[i] = v->a->l[i & ~1u];
    }
}

void tcg_vop_movshdup(Vop *v)
{
    for (unsigned i = 0; i < v->bytes / 4; i++) {
        v->r.l[i] = v->a->l[i | 1];
    }
}

void tcg_vop_movlh(Vop *v)
{
    v->r.q[0] = v->a->q[0];
    v->r.q[1] = v->b->q[0];
}

void tcg_vop_movhl(Vop *v)
{
    v->r.q[0] = v->b->q[1];
    v->r.q[1] = v->a->q[1];
}

void tcg_vop_movlo(Vop *v)
{
    v->r.q[0] = v->b->q[0];
    v->r.q[1] = v->a->q[1];
}

void tcg_vop_insert(Vop *v)
{
    unsigned lane = v->imm & ((16u >> v->esz) - 1);

    memcpy(&v->r, v->a, 16);
    memcpy(v->r.b + (lane << v->esz), v->b, 1u << v->esz);
}

void tcg_vop_extract(Vop *v)
{
    unsigned lane = v->imm & ((16u >> v->esz) - 1);

    memcpy(&v->r, v->a->b + (lane << v->esz), 1u << v->esz);
}

void tcg_vop_movi2v(Vop *v)
{
    v->r.q[0] = v->esz == MO_32 ? v->a->l[0] : v->a->q[0];
    v->out = 16;
}

/* esz = source element, imm = destination element */
static uint64_t element(const Vop *v, unsigned i)
{
    switch (v->esz) {
    case MO_8:
        return v->a->b[i];
    case MO_16:
        return v->a->w[i];
    default:
        return v->a->l[i];
    }
}

static void widen(Vop *v, bool sign)
{
    unsigned sh = 64 - tcg_width_bits(v->esz);

    for (unsigned i = 0; i < v->bytes >> v->imm; i++) {
        uint64_t x = element(v, i);

        if (sign) {
            x = (int64_t)(x << sh) >> sh;
        }
        memcpy(v->r.b + (i << v->imm), &x, 1u << v->imm);
    }
}

void tcg_vop_movsx(Vop *v)
{
    widen(v, true);
}

void tcg_vop_movzx(Vop *v)
{
    widen(v, false);
}
