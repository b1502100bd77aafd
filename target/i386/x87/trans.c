/*
 * The x87 transcendental functions in portable integer code: 128-bit
 * intermediate results (wide.h), rounded once, so that results are within one
 * unit in the last place of what CPUs compute.  Trigonometric arguments are
 * reduced by the 66-bit pi that x87 units use.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/x87/wide.h"

static const Wide ln2 = { false, -1, U128(0xb17217f7d1cf79abull,
                                          0xc9e3b39803f2f6afull) };
static const Wide two_over_ln2 = { false, 1, U128(0xb8aa3b295c17f0bbull,
                                                  0xbe87fed0691d3e89ull) };
static const Wide pi = { false, 1, U128(0xc90fdaa22168c234ull,
                                        0xc4c6628b80dc1cd1ull) };
static const Wide three_pi_over_4 = { false, 1, U128(0x96cbe3f9990e91a7ull,
                                                     0x9394c9e8a0a5159dull) };
/* atan(i / 8) */
static const Wide atan_eighth[9] = {
    { false, 0, 0 },
    { false, -4, U128(0xfeadd4d5617b6e32ull, 0xc897989f3e888ef8ull) },
    { false, -3, U128(0xfadbafc96406eb15ull, 0x6dc79ef5f7a217e6ull) },
    { false, -2, U128(0xb7b0ca0f26f78473ull, 0x8aa32122dcfe4483ull) },
    { false, -2, U128(0xed63382b0dda7b45ull, 0x6fe445ecbc3a8d03ull) },
    { false, -1, U128(0x8f005d5ef7f59f9bull, 0x5c835e1665c43748ull) },
    { false, -1, U128(0xa4bc7d1934f70924ull, 0x19a87f2a457dac9full) },
    { false, -1, U128(0xb8053e2bc2319e73ull, 0xcb2da55210a4443dull) },
    { false, -1, U128(0xc90fdaa22168c234ull, 0xc4c6628b80dc1cd1ull) },
};

/* Terms below this exponent, relative to the sum, no longer matter. */
#define TERM_LIMIT 100

/* Round @v to a register; a value that is exact cannot be told, so PE. */
static X87Reg result(X87Fpu *s, Wide v)
{
    if (!v.m) {
        return x87_reg(v.sign, 0, 0);
    }
    return x87_round_pack(s, v.sign, v.exp + X87_BIAS, v.m | 1, 64);
}

/* Arguments this small are their own sine and arc tangent, nearly. */
#define TINY -64

static Wide just_below(Wide v)
{
    return wide_norm(v.sign, v.exp, v.m - 1);
}

static Wide wide_int(int32_t n)
{
    return wide_norm(n < 0, 31, (u128)(uint32_t)(n < 0 ? -n : n) << 96);
}

/* sum of r^(2k + odd) / (2k + odd)!, signs alternating. */
static Wide sin_cos_series(Wide r, unsigned odd)
{
    Wide r2 = wide_mul(r, r), term = odd ? r : WIDE_ONE, sum = term;
    unsigned k;

    for (k = odd + 1; term.m; k += 2) {
        term = wide_div_small(wide_mul(term, r2), k * (k + 1));
        term.sign = !term.sign;
        if (term.exp < sum.exp - TERM_LIMIT) {
            break;
        }
        sum = wide_add(sum, term);
    }
    return sum;
}

/*
 * Reduce x to r in [-pi/4, pi/4] and return the quadrant.  Exact, with pi =
 * 0x3243f6a8885a308d3 / 2^64: all numbers are multiples of 2^-65.
 */
static unsigned reduce(const X87Num *x, Wide *r)
{
    const u128 half_pi = U128(3, 0x243f6a8885a308d3ull);
    int32_t e = x->exp - X87_BIAS;
    unsigned quadrant;
    bool sign = x->sign;
    u128 v;

    *r = wide_num(x);
    if (e < -1) {
        return 0;
    }
    v = (u128)x->mant << (e + 2);
    quadrant = (unsigned)(v / half_pi);
    v %= half_pi;
    if (v > half_pi >> 1) {
        v = half_pi - v;
        quadrant++;
        sign = !sign;
    }
    *r = wide_norm(sign, 62, v);
    /* v counts units of 2^-65: 2^127 stands for 2^62 */
    return x->sign ? -quadrant & 3 : quadrant & 3;
}

static Wide sine(Wide r, unsigned quadrant)
{
    Wide v = r.exp < TINY && !(quadrant & 1) ? just_below(r) :
             sin_cos_series(r, !(quadrant & 1));

    v.sign ^= quadrant >> 1 & 1;
    return v;
}

/*
 * What all trigonometric functions have in common: true if *r is the result.
 */
static bool trig_special(X87Fpu *s, X87Reg a, const X87Num *x, X87Reg *r)
{
    if (x87_nan1(s, a, x, r)) {
        return true;
    }
    if (x->cls == X87_INF) {
        *r = x87_invalid(s);
        return true;
    }
    *r = a;
    if (x->cls == X87_NORMAL && x->exp >= X87_BIAS + 63) {
        s->sw |= X87_C2;
        return true;
    }
    return x->cls == X87_NORMAL && x87_denormal(s, x);
}

X87Reg x87_soft_sin(X87Fpu *s, X87Reg a)
{
    X87Num x = x87_unpack(a);
    unsigned quadrant;
    X87Reg r;
    Wide v;

    if (trig_special(s, a, &x, &r) || x.cls == X87_ZERO) {
        return r;
    }
    quadrant = reduce(&x, &v);
    return result(s, sine(v, quadrant));
}

X87Reg x87_soft_cos(X87Fpu *s, X87Reg a)
{
    X87Num x = x87_unpack(a);
    unsigned quadrant;
    X87Reg r;
    Wide v;

    if (trig_special(s, a, &x, &r)) {
        return r;
    }
    if (x.cls == X87_ZERO) {
        return x87_one();
    }
    quadrant = reduce(&x, &v);
    return result(s, sine(v, (quadrant + 1) & 3));
}

X87Reg x87_soft_sincos(X87Fpu *s, X87Reg a, X87Reg *cos)
{
    X87Num x = x87_unpack(a);
    unsigned quadrant;
    X87Fpu c;
    X87Reg r;
    Wide v;

    if (trig_special(s, a, &x, &r)) {
        *cos = r;
        return r;
    }
    if (x.cls == X87_ZERO) {
        *cos = x87_one();
        return r;
    }
    quadrant = reduce(&x, &v);
    r = result(s, sine(v, quadrant));
    /* C1 tells about the value that ends up on top: the cosine */
    s->sw &= ~X87_C1;
    c = *s;
    *cos = result(&c, sine(v, (quadrant + 1) & 3));
    s->sw = c.sw;
    return r;
}

X87Reg x87_soft_tan(X87Fpu *s, X87Reg a)
{
    X87Num x = x87_unpack(a);
    unsigned quadrant;
    X87Reg r;
    Wide v;

    if (trig_special(s, a, &x, &r) || x.cls == X87_ZERO) {
        return r;
    }
    quadrant = reduce(&x, &v);
    if (v.exp < TINY && !(quadrant & 1)) {
        return result(s, v);
    }
    return result(s, wide_div(sine(v, quadrant),
                              sine(v, (quadrant + 1) & 3)));
}

/* atan(t) for 0 <= t <= 1. */
static Wide atan_unit(Wide t)
{
    unsigned i = 0;
    Wide c, z, z2, power, term, sum;

    if (t.exp >= -4) {
        /* nearest eighth, from sixteenths */
        i = (unsigned)((t.m >> 64) >> (59 - t.exp));
        i = (i + 1) / 2;
    }
    c = wide_norm(false, 28, (u128)i << 96);
    z = t;
    if (i) {
        /* atan(t) = atan(c) + atan((t - c) / (1 + t c)) */
        z = wide_div(wide_add(t, wide_neg(c)),
                     wide_add(WIDE_ONE, wide_mul(t, c)));
    }
    sum = z;
    power = z;
    z2 = wide_neg(wide_mul(z, z));
    for (unsigned k = 3; z.m; k += 2) {
        power = wide_mul(power, z2);
        term = wide_div_small(power, k);
        if (term.exp < sum.exp - TERM_LIMIT) {
            break;
        }
        sum = wide_add(sum, term);
    }
    return wide_add(atan_eighth[i], sum);
}

X87Reg x87_soft_patan(X87Fpu *s, X87Reg a, X87Reg b)
{
    X87Num y = x87_unpack(a), x = x87_unpack(b);
    X87Reg r;
    Wide v, wy, wx;
    bool flip;

    if (x87_nan2(s, a, &y, b, &x, &r)) {
        return r;
    }
    if (x87_denormal(s, &y) || x87_denormal(s, &x)) {
        return a;
    }
    if (y.cls == X87_INF) {
        v = pi;
        if (x.cls == X87_INF) {
            v = three_pi_over_4;
            if (!x.sign) {
                v = pi;
                v.exp -= 2;
            }
        } else {
            v.exp--;
        }
    } else if (y.cls == X87_ZERO || x.cls == X87_INF) {
        if (!x.sign) {
            return x87_reg(y.sign, 0, 0);
        }
        v = pi;
    } else if (x.cls == X87_ZERO) {
        v = pi;
        v.exp--;
    } else {
        wy = wide_num(&y);
        wx = wide_num(&x);
        wy.sign = wx.sign = false;
        flip = wy.exp > wx.exp || (wy.exp == wx.exp && wy.m > wx.m);
        v = flip ? wide_div(wx, wy) : wide_div(wy, wx);
        v = v.exp < TINY ? just_below(v) : atan_unit(v);
        if (flip) {
            Wide h = pi;

            h.exp--;
            v = wide_add(h, wide_neg(v));
        }
        if (x.sign) {
            v = wide_add(pi, wide_neg(v));
        }
    }
    v.sign = y.sign;
    return result(s, v);
}

/* 2 / ln 2 * atanh(z), |z| at most 0.18 */
static Wide log2_series(Wide z)
{
    Wide z2 = wide_mul(z, z), power = z, sum = z, term;

    for (unsigned k = 3; z.m; k += 2) {
        power = wide_mul(power, z2);
        term = wide_div_small(power, k);
        if (term.exp < sum.exp - TERM_LIMIT) {
            break;
        }
        sum = wide_add(sum, term);
    }
    return wide_mul(sum, two_over_ln2);
}

/* log2 of a positive number */
static Wide log2_wide(Wide x)
{
    int32_t n = x.exp;

    x.exp = 0;
    if ((uint64_t)(x.m >> 64) > 0xb504f333f9de6484ull) {
        x.exp = -1;     /* from sqrt(1/2) to sqrt(2) */
        n++;
    }
    return wide_add(wide_int(n),
                    log2_series(wide_div(wide_add(x, wide_neg(WIDE_ONE)),
                                         wide_add(x, WIDE_ONE))));
}

/* y times a logarithm that is known by sign, zero, infinity. */
static X87Reg times_log(X87Fpu *s, const X87Num *y, bool log_sign,
                        bool log_zero, bool log_inf)
{
    bool sign = y->sign ^ log_sign;

    if ((y->cls == X87_INF && log_zero) || (y->cls == X87_ZERO && log_inf)) {
        return x87_invalid(s);
    }
    if (y->cls == X87_INF || log_inf) {
        return x87_reg(sign, 0x7fff, X87_J);
    }
    return x87_reg(sign, 0, 0);
}

/* log2 of a power of two is an integer; CPUs report PE (and UE) all the same. */
static X87Reg times_int(X87Fpu *s, const X87Num *y, int32_t n)
{
    uint64_t m = n < 0 ? -n : n;
    u128 p = (u128)y->mant * m;
    unsigned lz = x87_clz128(p);
    X87Reg r = x87_round_pack(s, y->sign ^ (n < 0), y->exp + 64 - (int)lz,
                              p << lz, 64);

    s->sw |= X87_PE | (r.exp & 0x7fff ? 0 : X87_UE);
    return r;
}

X87Reg x87_soft_yl2x(X87Fpu *s, X87Reg a, X87Reg b)
{
    X87Num y = x87_unpack(a), x = x87_unpack(b);
    bool one, below;
    X87Reg r;

    if (x87_nan2(s, a, &y, b, &x, &r)) {
        return r;
    }
    if (x.cls != X87_ZERO && x.sign) {
        return x87_invalid(s);
    }
    if (x.cls == X87_ZERO) {
        if (y.cls == X87_NORMAL) {
            s->sw |= X87_ZE;
        }
        return times_log(s, &y, true, false, true);
    }
    one = x.cls == X87_NORMAL && x.exp == X87_BIAS && x.mant == X87_J;
    below = x.cls == X87_NORMAL && x.exp < X87_BIAS;
    if (y.cls == X87_INF && one) {
        return x87_invalid(s);
    }
    if (x87_denormal(s, &y) || x87_denormal(s, &x)) {
        return a;
    }
    if (y.cls != X87_NORMAL || x.cls != X87_NORMAL || one) {
        return times_log(s, &y, below, one, x.cls == X87_INF);
    }
    if (x.mant == X87_J) {
        return times_int(s, &y, x.exp - X87_BIAS);
    }
    return result(s, wide_mul(wide_num(&y), log2_wide(wide_num(&x))));
}

X87Reg x87_soft_yl2xp1(X87Fpu *s, X87Reg a, X87Reg b)
{
    X87Num y = x87_unpack(a), x = x87_unpack(b);
    Wide w, v;
    X87Reg r;

    if (x87_nan2(s, a, &y, b, &x, &r)) {
        return r;
    }
    if (x.cls == X87_INF && x.sign) {
        return x87_invalid(s);
    }
    if (y.cls == X87_INF && x.cls == X87_ZERO) {
        return x87_invalid(s);
    }
    if (x87_denormal(s, &y) || x87_denormal(s, &x)) {
        return a;
    }
    if (y.cls != X87_NORMAL || x.cls != X87_NORMAL) {
        return times_log(s, &y, x.sign, x.cls == X87_ZERO, x.cls == X87_INF);
    }
    w = wide_num(&x);
    if (x.exp < X87_BIAS - 2) {
        v = log2_series(wide_div(w, wide_add(w, wide_int(2))));
    } else {
        v = wide_add(w, WIDE_ONE);
        if (!v.m || v.sign) {
            return x87_invalid(s);      /* outside the function's domain */
        }
        v = log2_wide(v);
    }
    return result(s, wide_mul(wide_num(&y), v));
}

X87Reg x87_soft_f2xm1(X87Fpu *s, X87Reg a)
{
    X87Num x = x87_unpack(a);
    Wide y, term, sum;
    X87Reg r;

    if (x87_nan1(s, a, &x, &r)) {
        return r;
    }
    if (x.cls == X87_ZERO || x87_denormal(s, &x)) {
        return a;
    }
    if (x.cls == X87_INF) {
        return x.sign ? x87_reg(true, X87_BIAS, X87_J) : a;
    }
    if (x.exp > X87_BIAS || (x.exp == X87_BIAS && x.mant > X87_J)) {
        return a;       /* outside the function's domain */
    }
    if (x.exp == X87_BIAS) {
        return x.sign ? x87_reg(true, X87_BIAS - 1, X87_J) : a;
    }
    y = wide_mul(wide_num(&x), ln2);
    sum = y;
    term = y;
    for (unsigned k = 2; ; k++) {
        term = wide_div_small(wide_mul(term, y), k);
        if (!term.m || term.exp < sum.exp - TERM_LIMIT) {
            break;
        }
        sum = wide_add(sum, term);
    }
    return result(s, sum);
}
