/*
 * long double across the bridge: the guest has the 80-bit format, the host
 * has that or IEEE binary128.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"
#include <float.h>

#if LDBL_MANT_DIG == 64

static long double unpack(uint64_t mant, uint16_t exp)
{
    long double v = 0;

    memcpy(&v, &mant, 8);
    memcpy((char *)&v + 8, &exp, 2);
    return v;
}

static void pack(long double v, uint64_t *mant, uint16_t *exp)
{
    memcpy(mant, &v, 8);
    memcpy(exp, (char *)&v + 8, 2);
}

#elif LDBL_MANT_DIG == 113

typedef unsigned __int128 Bits;

#define FRAC_BITS 112
#define FRAC_MASK (((Bits)1 << FRAC_BITS) - 1)

static long double unpack(uint64_t mant, uint16_t exp)
{
    Bits sign = (Bits)(exp >> 15) << 127, b;
    unsigned e = exp & 0x7fff;
    long double v;

    if (e == 0 && mant) {
        /* subnormal: the value is mant * 2^-16445 */
        if (mant >> 63) {
            b = sign | (Bits)1 << FRAC_BITS | (Bits)(mant << 1) << 48;
        } else {
            b = sign | (Bits)mant << 49;
        }
    } else {
        b = sign | (Bits)e << FRAC_BITS | (Bits)(mant << 1) << 48;
    }
    memcpy(&v, &b, 16);
    return v;
}

static void pack(long double v, uint64_t *mant, uint16_t *exp)
{
    unsigned e;
    Bits b, rest;
    uint64_t m;

    memcpy(&b, &v, 16);
    e = (unsigned)(b >> FRAC_BITS) & 0x7fff;
    m = (uint64_t)((b & FRAC_MASK) >> 49);
    rest = b & (((Bits)1 << 49) - 1);
    if (e) {
        m |= 1ull << 63;
    }
    if (e == 0x7fff) {
        if (rest && m == 1ull << 63) {
            m |= 1;             /* a NaN stays one */
        }
    } else if (rest > (Bits)1 << 48 ||
               (rest == (Bits)1 << 48 && (m & 1))) {
        m++;
        if (m == 0) {
            m = 1ull << 63;
            e++;
        } else if (e == 0 && m >> 63) {
            e = 1;
        }
    }
    *mant = m;
    *exp = (uint16_t)((unsigned)(b >> 127) << 15 | e);
}

#else
#error "unknown format of long double"
#endif

long double kzt_get_f80(const void *p)
{
    uint64_t mant;
    uint16_t exp;

    memcpy(&mant, p, 8);
    memcpy(&exp, (const char *)p + 8, 2);
    return unpack(mant, exp);
}

void kzt_set_f80(void *p, long double v)
{
    uint64_t mant;
    uint16_t exp;

    pack(v, &mant, &exp);
    memcpy(p, &mant, 8);
    memcpy((char *)p + 8, &exp, 2);
}

void kzt_f80_to_host(void *p)
{
#if LDBL_MANT_DIG != 64
    long double v = kzt_get_f80(p);

    memcpy(p, &v, sizeof(v));
#endif
}

void kzt_f80_to_guest(void *p)
{
#if LDBL_MANT_DIG != 64
    long double v;

    memcpy(&v, p, sizeof(v));
    memset(p, 0, sizeof(v));
    kzt_set_f80(p, v);
#endif
}

void kzt_push_f80(CPUArchState *env, long double v)
{
    X87Reg *r;

    env->fpstt = (env->fpstt - 1) & 7;
    r = &env->fpregs[env->fpstt];
    pack(v, &r->mant, &r->exp);
    env->fptags[env->fpstt] = 0;
}

long double kzt_pop_f80(CPUArchState *env)
{
    const X87Reg *r = &env->fpregs[env->fpstt];
    long double v = unpack(r->mant, r->exp);

    env->fptags[env->fpstt] = 1;
    env->fpstt = (env->fpstt + 1) & 7;
    return v;
}
