/*
 * x87 memory formats: float, double, integers and packed decimal to and from
 * 80 bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/x87/soft.h"

/*
 * From a binary format with @mbits fraction bits: @frac and @exp are its
 * fields, @emax the all-ones exponent.
 */
static X87Reg widen(X87Fpu *s, bool sign, unsigned exp, uint64_t frac,
                    unsigned mbits, unsigned emax)
{
    uint64_t mant = frac << (63 - mbits);
    unsigned bias = emax >> 1;

    if (exp == emax) {
        if (frac && !(mant & X87_QUIET)) {
            s->sw |= X87_IE;
            mant |= X87_QUIET;
        }
        return x87_reg(sign, 0x7fff, mant | X87_J);
    }
    if (exp == 0) {
        unsigned lz;

        if (!frac) {
            return x87_reg(sign, 0, 0);
        }
        s->sw |= X87_DE;
        lz = __builtin_clzll(mant);
        return x87_reg(sign, X87_BIAS - bias + 1 - lz, mant << lz);
    }
    return x87_reg(sign, exp + X87_BIAS - bias, mant | X87_J);
}

X87Reg x87_from_f32(X87Fpu *s, uint32_t v)
{
    return widen(s, v >> 31, (v >> 23) & 0xff, v & 0x7fffff, 23, 0xff);
}

X87Reg x87_from_f64(X87Fpu *s, uint64_t v)
{
    return widen(s, v >> 63, (v >> 52) & 0x7ff, v & 0xfffffffffffffull, 52,
                 0x7ff);
}

X87Reg x87_from_f32_raw(uint32_t v)
{
    X87Fpu s = { 0 };
    X87Reg r = x87_from_f32(&s, v);

    if (s.sw & X87_IE) {
        r.mant &= ~X87_QUIET;
    }
    return r;
}

X87Reg x87_from_f64_raw(uint64_t v)
{
    X87Fpu s = { 0 };
    X87Reg r = x87_from_f64(&s, v);

    if (s.sw & X87_IE) {
        r.mant &= ~X87_QUIET;
    }
    return r;
}

X87Reg x87_from_int(int64_t v)
{
    uint64_t m = v < 0 ? -(uint64_t)v : (uint64_t)v;
    unsigned lz;

    if (!m) {
        return x87_reg(false, 0, 0);
    }
    lz = __builtin_clzll(m);
    return x87_reg(v < 0, X87_BIAS + 63 - lz, m << lz);
}

X87Reg x87_from_bcd(const uint8_t bcd[10])
{
    uint64_t m = 0;
    X87Reg r;
    int i;

    for (i = 8; i >= 0; i--) {
        m = m * 100 + (bcd[i] >> 4) * 10 + (bcd[i] & 15);
    }
    r = x87_from_int(m);
    if (m >> 63) {
        r = x87_reg(false, X87_BIAS + 63, m);   /* digits beyond 9 */
    }
    r.exp |= bcd[9] & 0x80 ? 0x8000 : 0;
    return r;
}

/*
 * To a binary format with @prec significand bits and largest exponent field
 * @emax; returns the bits without the sign.
 */
static uint64_t narrow(X87Fpu *s, X87Reg a, unsigned prec, unsigned emax)
{
    X87Num x = x87_unpack(a);
    unsigned fbits = prec - 1;
    uint64_t fmask = ((uint64_t)1 << fbits) - 1;
    unsigned drop = 64 - prec, rc = x87_rc(s);
    bool up, inexact;
    uint64_t q;
    int32_t exp;
    X87Reg r;

    switch (x.cls) {
    case X87_UNSUPPORTED:
    case X87_QNAN:
    case X87_SNAN:
        x87_nan1(s, a, &x, &r);
        return (uint64_t)emax << fbits | ((r.mant >> drop) & fmask);
    case X87_INF:
        return (uint64_t)emax << fbits;
    case X87_ZERO:
        return 0;
    default:
        break;
    }
    exp = x.exp - X87_BIAS + (emax >> 1);
    q = x87_round_bits(rc, x.sign, x.mant, drop, &up, &inexact);
    if (q >> prec) {
        q >>= 1;
        exp++;
    }
    if (unlikely(exp >= (int)emax)) {
        s->sw |= X87_OE;
        if (!(s->cw & X87_OE)) {
            return 0;
        }
        s->sw |= X87_PE;
        if (rc == X87_RC_NEAREST ||
            rc == (x.sign ? X87_RC_DOWN : X87_RC_UP)) {
            s->sw |= X87_C1;
            return (uint64_t)emax << fbits;
        }
        return ((uint64_t)(emax - 1) << fbits) | fmask;
    }
    if (unlikely(exp < 1)) {
        if (!(s->cw & X87_UE)) {
            s->sw |= X87_UE;
            return 0;
        }
        exp = x.exp - X87_BIAS + (emax >> 1);
        q = x87_round_bits(rc, x.sign, x87_shr_jam((u128)x.mant << 32, 1 - exp),
                           drop + 32, &up, &inexact);
        exp = (q >> fbits) != 0;
        s->sw |= inexact ? X87_UE : 0;
    }
    s->sw |= (inexact ? X87_PE : 0) | (up ? X87_C1 : 0);
    return (uint64_t)exp << fbits | (q & fmask);
}

uint32_t x87_to_f32(X87Fpu *s, X87Reg a)
{
    bool nan = (a.exp & 0x7fff) != 0 && !(a.mant & X87_J);

    return narrow(s, a, 24, 0xff) | (nan || a.exp >> 15 ? 1u << 31 : 0);
}

uint64_t x87_to_f64(X87Fpu *s, X87Reg a)
{
    bool nan = (a.exp & 0x7fff) != 0 && !(a.mant & X87_J);

    return narrow(s, a, 53, 0x7ff) |
           (nan || a.exp >> 15 ? (uint64_t)1 << 63 : 0);
}

int64_t x87_to_int(X87Fpu *s, X87Reg a, unsigned bits, unsigned rc)
{
    X87Num x = x87_unpack(a);
    uint64_t limit = (uint64_t)1 << (bits - 1);
    bool up, inexact;
    u128 q;
    int32_t e;

    if (x.cls == X87_ZERO) {
        return 0;
    }
    e = x.exp - X87_BIAS;
    if (x.cls != X87_NORMAL || e > 63) {
        goto invalid;
    }
    q = x87_round_bits(rc, x.sign, (u128)x.mant << 63,
                       e < -1 ? 128 : 126 - e, &up, &inexact);
    if (q > limit - !x.sign) {
        goto invalid;
    }
    s->sw |= (inexact ? X87_PE : 0) | (up ? X87_C1 : 0);
    return x.sign ? -(uint64_t)q : (uint64_t)q;

invalid:
    s->sw |= X87_IE;
    return -(int64_t)(limit - 1) - 1;
}

void x87_to_bcd(X87Fpu *s, X87Reg a, uint8_t bcd[10])
{
    X87Fpu t = { .cw = s->cw };
    int64_t v = x87_to_int(&t, a, 64, x87_rc(s));
    uint64_t m = v < 0 ? -(uint64_t)v : (uint64_t)v;
    int i;

    if ((t.sw & X87_IE) || m > 999999999999999999ull) {
        static const uint8_t indefinite[10] = {
            0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff,
        };

        s->sw |= X87_IE;
        for (i = 0; i < 10; i++) {
            bcd[i] = indefinite[i];
        }
        return;
    }
    s->sw |= t.sw;
    for (i = 0; i < 9; i++) {
        unsigned d = m % 100;

        m /= 100;
        bcd[i] = d / 10 << 4 | d % 10;
    }
    bcd[9] = a.exp >> 15 ? 0x80 : 0;
}
