/*
 * IEEE 754 arithmetic in integers.
 *
 * A number is taken apart into sign, exponent and a 128-bit fraction whose
 * leading one is bit 126: value = frac / 2^126 * 2^exp.  Bits that fall off
 * at the low end are or-ed into bit 0 ("sticky"), which is exact enough for
 * one rounding: no format has more than 53 bits and no result loses more than
 * one leading bit once its operands were shifted that far apart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "softfloat.h"

typedef unsigned __int128 u128;

const SfFormat sf_f16 = { 16, 5, 10 };
const SfFormat sf_f32 = { 32, 8, 23 };
const SfFormat sf_f64 = { 64, 11, 52 };

#define TOP 126

typedef enum SfClass { C_ZERO, C_FINITE, C_INF, C_NAN } SfClass;

typedef struct SfNum {
    SfClass cls;
    bool sign, snan, denormal;
    int exp;
    u128 frac;
    uint64_t bits;
} SfNum;

static int bias(const SfFormat *f)
{
    return (1 << (f->exp_bits - 1)) - 1;
}

static uint64_t frac_mask(const SfFormat *f)
{
    return (1ull << f->frac_bits) - 1;
}

static uint64_t exp_mask(const SfFormat *f)
{
    return (1ull << f->exp_bits) - 1;
}

static uint64_t signed_zero(const SfFormat *f, bool sign)
{
    return (uint64_t)sign << (f->bits - 1);
}

static uint64_t infinity(const SfFormat *f, bool sign)
{
    return signed_zero(f, sign) | exp_mask(f) << f->frac_bits;
}

uint64_t sf_default_nan(const SfFormat *f)
{
    return infinity(f, true) | 1ull << (f->frac_bits - 1);
}

static unsigned top_bit(u128 x)
{
    uint64_t hi = x >> 64;

    return hi ? 127 - __builtin_clzll(hi) : 63 - __builtin_clzll(x);
}

/* Bring the leading one to TOP. */
static void normalise(u128 *frac, int *exp)
{
    unsigned top = top_bit(*frac);

    if (top > TOP) {
        *frac = *frac >> 1 | (*frac & 1);
        *exp += 1;
    } else {
        *frac <<= TOP - top;
        *exp -= TOP - top;
    }
}

/* Shift right; what falls off stays visible in bit 0. */
static u128 shift_sticky(u128 x, unsigned n)
{
    if (n == 0) {
        return x;
    }
    if (n > 127) {
        return x != 0;
    }
    return x >> n | ((x & (((u128)1 << n) - 1)) != 0);
}

static SfNum unpack(const SfState *st, const SfFormat *f, uint64_t a)
{
    uint64_t e = a >> f->frac_bits & exp_mask(f), m = a & frac_mask(f);
    SfNum n = { .sign = a >> (f->bits - 1) & 1, .bits = a };

    if (e == exp_mask(f)) {
        n.cls = m ? C_NAN : C_INF;
        n.snan = m && !(m >> (f->frac_bits - 1));
    } else if (e == 0 && (m == 0 || st->daz)) {
        n.cls = C_ZERO;
        n.bits = signed_zero(f, n.sign);
    } else {
        n.cls = C_FINITE;
        n.denormal = e == 0;
        n.frac = (u128)(m | (e ? 1ull << f->frac_bits : 0)) <<
                 (TOP - f->frac_bits);
        n.exp = (int)(e ? e : 1) - bias(f);
        normalise(&n.frac, &n.exp);
    }
    return n;
}

bool sf_is_nan(const SfFormat *f, uint64_t a)
{
    return (a & infinity(f, false)) == infinity(f, false) &&
           (a & frac_mask(f));
}

uint64_t sf_daz(SfState *st, const SfFormat *f, uint64_t a)
{
    return unpack(st, f, a).bits;
}

/*
 * Drop the low @n bits (n >= 1, may be large) of a fraction, rounding.  The
 * result may have carried into one more bit.
 */
static u128 round_off(u128 frac, int n, bool sign, unsigned mode,
                      bool *inexact)
{
    u128 keep, rest, half;
    bool up;

    if (n > 127) {
        keep = 0;
        rest = frac != 0;
        half = 2;
    } else {
        keep = frac >> n;
        rest = frac & (((u128)1 << n) - 1);
        half = (u128)1 << (n - 1);
    }
    *inexact = rest != 0;
    switch (mode) {
    case SF_NEAREST:
        up = rest > half || (rest == half && (keep & 1));
        break;
    case SF_DOWN:
        up = sign && rest;
        break;
    case SF_UP:
        up = !sign && rest;
        break;
    default:
        up = false;
        break;
    }
    return keep + up;
}

static uint64_t overflow(SfState *st, const SfFormat *f, bool sign)
{
    bool to_inf = st->rounding == SF_NEAREST ||
                  st->rounding == (sign ? SF_DOWN : SF_UP);

    st->flags |= SF_OE | SF_PE;
    return infinity(f, sign) - !to_inf;
}

/* A result that is too small for a normal number even after rounding. */
static uint64_t tiny(SfState *st, const SfFormat *f, bool sign, int exp,
                     u128 frac)
{
    bool inexact;
    u128 r;

    if (st->ftz) {
        st->flags |= SF_UE | SF_PE;
        return signed_zero(f, sign);
    }
    r = round_off(frac, TOP - f->frac_bits + (1 - bias(f) - exp), sign,
                  st->rounding, &inexact);
    st->flags |= inexact ? SF_UE | SF_PE : 0;
    /* a carry into the smallest normal number is right as it is */
    return signed_zero(f, sign) | (uint64_t)r;
}

/* Round and encode a number that is not zero. */
static uint64_t pack(SfState *st, const SfFormat *f, bool sign, int exp,
                     u128 frac)
{
    bool inexact;
    u128 r = round_off(frac, TOP - f->frac_bits, sign, st->rounding,
                       &inexact);
    int e = exp;

    if (r >> (f->frac_bits + 1)) {
        r >>= 1;
        e++;
    }
    if (e < 1 - bias(f)) {
        if (st->underflow_masked) {
            return tiny(st, f, sign, exp, frac);
        }
        /* no result; PE tells whether the significand was rounded */
        st->flags |= SF_UE;
    } else if (e > bias(f)) {
        if (st->overflow_masked) {
            return overflow(st, f, sign);
        }
        st->flags |= SF_OE;
    }
    st->flags |= inexact ? SF_PE : 0;
    return signed_zero(f, sign) | (uint64_t)(e + bias(f)) << f->frac_bits |
           ((uint64_t)r & frac_mask(f));
}

static uint64_t invalid(SfState *st, const SfFormat *f)
{
    st->flags |= SF_IE;
    return sf_default_nan(f);
}

static uint64_t quiet(const SfFormat *f, uint64_t nan)
{
    return nan | 1ull << (f->frac_bits - 1);
}

/* At least one operand is a NaN: the first one is the result. */
static uint64_t pick_nan(SfState *st, const SfFormat *f, const SfNum *a,
                         const SfNum *b)
{
    st->flags |= a->snan || b->snan ? SF_IE : 0;
    return quiet(f, a->cls == C_NAN ? a->bits : b->bits);
}

static void denormals(SfState *st, const SfNum *a, const SfNum *b)
{
    st->flags |= a->denormal || b->denormal ? SF_DE : 0;
}

/* Sum of two finite numbers, neither zero. */
static uint64_t sum(SfState *st, const SfFormat *f, bool asign, int aexp,
                    u128 afrac, bool bsign, int bexp, u128 bfrac)
{
    u128 r;

    if (aexp < bexp || (aexp == bexp && afrac < bfrac)) {
        bool ts = asign;
        int te = aexp;
        u128 tf = afrac;

        asign = bsign;
        aexp = bexp;
        afrac = bfrac;
        bsign = ts;
        bexp = te;
        bfrac = tf;
    }
    bfrac = shift_sticky(bfrac, aexp - bexp);
    r = asign == bsign ? afrac + bfrac : afrac - bfrac;
    if (r == 0) {
        return signed_zero(f, st->rounding == SF_DOWN);
    }
    normalise(&r, &aexp);
    return pack(st, f, asign, aexp, r);
}

static uint64_t add(SfState *st, const SfFormat *f, uint64_t abits,
                    uint64_t bbits, bool negate)
{
    SfNum a = unpack(st, f, abits), b = unpack(st, f, bbits);

    if (a.cls == C_NAN || b.cls == C_NAN) {
        return pick_nan(st, f, &a, &b);
    }
    b.sign ^= negate;
    if (a.cls == C_INF && b.cls == C_INF && a.sign != b.sign) {
        return invalid(st, f);
    }
    denormals(st, &a, &b);
    if (a.cls == C_INF || b.cls == C_INF) {
        return infinity(f, a.cls == C_INF ? a.sign : b.sign);
    }
    if (a.cls == C_ZERO && b.cls == C_ZERO) {
        return signed_zero(f, a.sign == b.sign ? a.sign
                                               : st->rounding == SF_DOWN);
    }
    if (a.cls == C_ZERO) {
        return pack(st, f, b.sign, b.exp, b.frac);
    }
    if (b.cls == C_ZERO) {
        return pack(st, f, a.sign, a.exp, a.frac);
    }
    return sum(st, f, a.sign, a.exp, a.frac, b.sign, b.exp, b.frac);
}

uint64_t sf_add(SfState *st, const SfFormat *f, uint64_t a, uint64_t b)
{
    return add(st, f, a, b, false);
}

uint64_t sf_sub(SfState *st, const SfFormat *f, uint64_t a, uint64_t b)
{
    return add(st, f, a, b, true);
}

/* Product of the fractions: at most 53 bits each, so it is exact. */
static u128 product(const SfNum *a, const SfNum *b, int *exp)
{
    u128 r = (a->frac >> 63) * (b->frac >> 63);

    *exp = a->exp + b->exp;
    normalise(&r, exp);
    return r;
}

uint64_t sf_mul(SfState *st, const SfFormat *f, uint64_t abits,
                uint64_t bbits)
{
    SfNum a = unpack(st, f, abits), b = unpack(st, f, bbits);
    bool sign = a.sign ^ b.sign;
    int exp;
    u128 r;

    if (a.cls == C_NAN || b.cls == C_NAN) {
        return pick_nan(st, f, &a, &b);
    }
    if ((a.cls == C_INF && b.cls == C_ZERO) ||
        (a.cls == C_ZERO && b.cls == C_INF)) {
        return invalid(st, f);
    }
    denormals(st, &a, &b);
    if (a.cls == C_INF || b.cls == C_INF) {
        return infinity(f, sign);
    }
    if (a.cls == C_ZERO || b.cls == C_ZERO) {
        return signed_zero(f, sign);
    }
    r = product(&a, &b, &exp);
    return pack(st, f, sign, exp, r);
}

uint64_t sf_div(SfState *st, const SfFormat *f, uint64_t abits,
                uint64_t bbits)
{
    SfNum a = unpack(st, f, abits), b = unpack(st, f, bbits);
    bool sign = a.sign ^ b.sign;
    int exp;
    u128 r, d;

    if (a.cls == C_NAN || b.cls == C_NAN) {
        return pick_nan(st, f, &a, &b);
    }
    if (a.cls == b.cls && (a.cls == C_INF || a.cls == C_ZERO)) {
        return invalid(st, f);
    }
    if (b.cls == C_ZERO && a.cls == C_FINITE) {
        st->flags |= SF_ZE;
        return infinity(f, sign);
    }
    denormals(st, &a, &b);
    if (a.cls == C_INF || b.cls == C_ZERO) {
        return infinity(f, sign);
    }
    if (a.cls == C_ZERO || b.cls == C_INF) {
        return signed_zero(f, sign);
    }
    d = b.frac >> 63;
    r = a.frac / d;
    /* the quotient has at least 63 bits, room for the sticky bit below */
    r = r << 2 | (a.frac % d != 0);
    exp = a.exp - b.exp + TOP - 65;
    normalise(&r, &exp);
    return pack(st, f, sign, exp, r);
}

uint64_t sf_sqrt(SfState *st, const SfFormat *f, uint64_t abits)
{
    SfNum a = unpack(st, f, abits);
    u128 rest, root = 0, bit;
    int exp;

    if (a.cls == C_NAN) {
        return pick_nan(st, f, &a, &a);
    }
    if (a.cls == C_ZERO) {
        return a.bits;
    }
    if (a.sign) {
        return invalid(st, f);
    }
    denormals(st, &a, &a);
    if (a.cls == C_INF) {
        return a.bits;
    }
    /* an even exponent for the integer a.frac, then bit by bit */
    rest = a.exp & 1 ? a.frac << 1 : a.frac;
    for (bit = (u128)1 << TOP; bit; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = root >> 1 | bit;
        } else {
            root >>= 1;
        }
    }
    /* root^2 <= frac < 2^128: 64 bits, of which the lowest has weight 2^-63 */
    exp = (a.exp - (a.exp & 1)) / 2 + TOP - 63 - 2;
    root = root << 2 | (rest != 0);
    normalise(&root, &exp);
    return pack(st, f, false, exp, root);
}

uint64_t sf_fma(SfState *st, const SfFormat *f, uint64_t abits,
                uint64_t bbits, uint64_t cbits, bool neg_product, bool neg_c)
{
    SfNum a = unpack(st, f, abits), b = unpack(st, f, bbits);
    SfNum c = unpack(st, f, cbits);
    bool sign = a.sign ^ b.sign ^ neg_product;
    bool csign = c.sign ^ neg_c;
    int exp;
    u128 r;

    if (a.cls == C_NAN || b.cls == C_NAN || c.cls == C_NAN) {
        st->flags |= a.snan || b.snan || c.snan ? SF_IE : 0;
        return quiet(f, a.cls == C_NAN ? a.bits :
                        b.cls == C_NAN ? b.bits : c.bits);
    }
    if ((a.cls == C_INF && b.cls == C_ZERO) ||
        (a.cls == C_ZERO && b.cls == C_INF)) {
        return invalid(st, f);
    }
    if ((a.cls == C_INF || b.cls == C_INF) && c.cls == C_INF &&
        sign != csign) {
        return invalid(st, f);
    }
    denormals(st, &a, &b);
    denormals(st, &c, &c);
    if (a.cls == C_INF || b.cls == C_INF) {
        return infinity(f, sign);
    }
    if (c.cls == C_INF) {
        return infinity(f, csign);
    }
    if (a.cls == C_ZERO || b.cls == C_ZERO) {
        if (c.cls == C_ZERO) {
            return signed_zero(f, sign == csign ? sign
                                                : st->rounding == SF_DOWN);
        }
        return pack(st, f, csign, c.exp, c.frac);
    }
    r = product(&a, &b, &exp);
    if (c.cls == C_ZERO) {
        return pack(st, f, sign, exp, r);
    }
    return sum(st, f, sign, exp, r, csign, c.exp, c.frac);
}

/* Order of two numbers that are not NaN. */
static SfOrder order(const SfNum *a, const SfNum *b)
{
    int64_t x = a->bits, y = b->bits;

    if (a->cls == C_ZERO && b->cls == C_ZERO) {
        return SF_EQUAL;
    }
    if (a->sign != b->sign) {
        return a->sign ? SF_LESS : SF_GREATER;
    }
    if (x == y) {
        return SF_EQUAL;
    }
    return ((uint64_t)x < (uint64_t)y) != a->sign ? SF_LESS : SF_GREATER;
}

SfOrder sf_compare(SfState *st, const SfFormat *f, uint64_t abits,
                   uint64_t bbits, bool quiet)
{
    SfNum a = unpack(st, f, abits), b = unpack(st, f, bbits);

    if (a.cls == C_NAN || b.cls == C_NAN) {
        st->flags |= !quiet || a.snan || b.snan ? SF_IE : 0;
        return SF_UNORDERED;
    }
    denormals(st, &a, &b);
    return order(&a, &b);
}

/* The second operand unless the first is strictly on the wanted side. */
static uint64_t min_max(SfState *st, const SfFormat *f, uint64_t abits,
                        uint64_t bbits, SfOrder wanted)
{
    SfNum a = unpack(st, f, abits), b = unpack(st, f, bbits);

    if (a.cls == C_NAN || b.cls == C_NAN) {
        st->flags |= SF_IE;
        return b.bits;
    }
    denormals(st, &a, &b);
    return order(&a, &b) == wanted ? a.bits : b.bits;
}

uint64_t sf_min(SfState *st, const SfFormat *f, uint64_t a, uint64_t b)
{
    return min_max(st, f, a, b, SF_LESS);
}

uint64_t sf_max(SfState *st, const SfFormat *f, uint64_t a, uint64_t b)
{
    return min_max(st, f, a, b, SF_GREATER);
}

uint64_t sf_round(SfState *st, const SfFormat *f, uint64_t abits,
                  unsigned mode, bool inexact)
{
    SfNum a = unpack(st, f, abits);
    bool lost;
    int exp;
    u128 r;

    if (a.cls == C_NAN) {
        return pick_nan(st, f, &a, &a);
    }
    if (a.cls != C_FINITE || a.exp >= f->frac_bits) {
        return a.bits;
    }
    r = round_off(a.frac, TOP - MAX(a.exp, -2), a.sign, mode, &lost);
    st->flags |= lost && inexact ? SF_PE : 0;
    if (r == 0) {
        return signed_zero(f, a.sign);
    }
    exp = TOP;
    normalise(&r, &exp);
    return pack(st, f, a.sign, exp, r);
}

uint64_t sf_convert(SfState *st, const SfFormat *to, const SfFormat *from,
                    uint64_t abits)
{
    SfNum a = unpack(st, from, abits);
    int wider = to->frac_bits - from->frac_bits;

    switch (a.cls) {
    case C_NAN: {
        uint64_t m = quiet(from, abits) & frac_mask(from);

        st->flags |= a.snan ? SF_IE : 0;
        return infinity(to, a.sign) | (wider >= 0 ? m << wider : m >> -wider);
    }
    case C_INF:
        return infinity(to, a.sign);
    case C_ZERO:
        return signed_zero(to, a.sign);
    default:
        denormals(st, &a, &a);
        return pack(st, to, a.sign, a.exp, a.frac);
    }
}

uint64_t sf_to_int(SfState *st, const SfFormat *f, uint64_t abits,
                   unsigned mode, unsigned bits)
{
    SfNum a = unpack(st, f, abits);
    uint64_t lowest = 1ull << (bits - 1);
    bool lost;
    u128 r;

    if (a.cls == C_ZERO) {
        return 0;
    }
    if (a.cls != C_FINITE || a.exp > 64) {
        st->flags |= SF_IE;
        return lowest;
    }
    r = round_off(a.frac, TOP - MAX(a.exp, -2), a.sign, mode, &lost);
    if (r > lowest - !a.sign) {
        st->flags |= SF_IE;
        return lowest;
    }
    st->flags |= lost ? SF_PE : 0;
    return (a.sign ? -(uint64_t)r : (uint64_t)r) &
           (bits == 64 ? UINT64_MAX : UINT32_MAX);
}

uint64_t sf_from_int(SfState *st, const SfFormat *f, int64_t x)
{
    u128 frac = x < 0 ? -(uint64_t)x : (uint64_t)x;
    int exp = TOP;

    if (x == 0) {
        return 0;
    }
    normalise(&frac, &exp);
    return pack(st, f, x < 0, exp, frac);
}
