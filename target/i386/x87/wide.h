/*
 * Floating point with 128 bits of significand, for intermediate results of
 * the transcendental functions.  Results are truncated: errors are a few
 * units in the last of 128 bits, which leaves some 60 bits to round from.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_X87_WIDE_H
#define I386_X87_WIDE_H

#include "target/i386/x87/soft.h"

/* m / 2^127 * 2^exp, top bit of m set; m = 0: zero. */
typedef struct Wide {
    bool sign;
    int32_t exp;
    u128 m;
} Wide;

#define U128(hi, lo) ((u128)(hi) << 64 | (lo))
#define WIDE_ONE ((Wide) { false, 0, U128(X87_J, 0) })

static inline Wide wide_norm(bool sign, int32_t exp, u128 m)
{
    unsigned lz;

    if (!m) {
        return (Wide) { sign, 0, 0 };
    }
    lz = x87_clz128(m);
    return (Wide) { sign, exp - (int)lz, m << lz };
}

static inline Wide wide_num(const X87Num *x)
{
    return (Wide) { x->sign, x->exp - X87_BIAS, (u128)x->mant << 64 };
}

static inline Wide wide_neg(Wide a)
{
    a.sign = !a.sign;
    return a;
}

static inline Wide wide_mul(Wide a, Wide b)
{
    uint64_t ah = a.m >> 64, al = a.m, bh = b.m >> 64, bl = b.m;
    u128 hl = (u128)ah * bl, lh = (u128)al * bh;
    u128 mid = (u128)(uint64_t)hl + (uint64_t)lh + (((u128)al * bl) >> 64);
    u128 m = (u128)ah * bh + (hl >> 64) + (lh >> 64) + (mid >> 64);

    return wide_norm(a.sign ^ b.sign, a.exp + b.exp + 1, m);
}

static inline Wide wide_add(Wide a, Wide b)
{
    int32_t d;

    if (!a.m || !b.m) {
        return a.m ? a : b;
    }
    if (a.exp < b.exp || (a.exp == b.exp && a.m < b.m)) {
        Wide t = a;
        a = b;
        b = t;
    }
    d = a.exp - b.exp;
    b.m = d > 127 ? 0 : b.m >> d;
    if (a.sign != b.sign) {
        return wide_norm(a.sign, a.exp, a.m - b.m);
    }
    if (a.m + b.m < a.m) {
        a.m = ((a.m + b.m) >> 1) | U128(X87_J, 0);
        a.exp++;
    } else {
        a.m += b.m;
    }
    return a;
}

/* @n below 2^32. */
static inline Wide wide_div_small(Wide a, uint32_t n)
{
    uint64_t hi = a.m >> 64;
    u128 t = (u128)(hi % n) << 64 | (uint64_t)a.m;
    u128 m = ((u128)(hi / n) << 64) + t / n;
    unsigned lz;

    if (!m) {
        return a;
    }
    /* the quotient lost as many bits as n has: the remainder supplies them */
    lz = x87_clz128(m);
    m = (m << lz) + ((t % n << lz) / n);
    return (Wide) { a.sign, a.exp - (int)lz, m };
}

/* Long division, one bit at a time, on 127 bits so that nothing overflows. */
static inline Wide wide_div(Wide a, Wide b)
{
    u128 rem = a.m >> 1, d = b.m >> 1, q = 0;

    for (unsigned i = 0; i < 128; i++) {
        q <<= 1;
        if (rem >= d) {
            rem -= d;
            q |= 1;
        }
        rem <<= 1;
    }
    return wide_norm(a.sign ^ b.sign, a.exp - b.exp, q);
}

#endif
