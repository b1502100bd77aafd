/*
 * x87 arithmetic in portable integer code: the basic operations, exact in
 * value, rounding, exception flags and condition codes, for every control
 * word.  Where the manuals leave a choice it follows what CPUs do, which the
 * unit test compares.
 *
 * No state, no locking.  It must not know the register stack.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/x87/soft.h"

/* Results that overflow or underflow unmasked are scaled by this. */
#define EXP_WRAP 24576

unsigned x87_precision(const X87Fpu *s)
{
    static const uint8_t bits[4] = { 24, 64, 53, 64 };

    return bits[(s->cw >> 8) & 3];
}

u128 x87_round_bits(unsigned rc, bool sign, u128 v, unsigned drop, bool *up,
                    bool *inexact)
{
    u128 one = 1;
    u128 rem, q, half;

    if (drop == 0) {
        *up = *inexact = false;
        return v;
    }
    if (drop > 127) {
        /* only "something below" is left */
        rem = v != 0;
        q = 0;
        half = 2;
    } else {
        rem = v & ((one << drop) - 1);
        q = v >> drop;
        half = one << (drop - 1);
    }
    *inexact = rem != 0;
    switch (rc) {
    case X87_RC_NEAREST:
        *up = rem > half || (rem == half && (q & 1));
        break;
    case X87_RC_DOWN:
        *up = sign && rem;
        break;
    case X87_RC_UP:
        *up = !sign && rem;
        break;
    default:
        *up = false;
        break;
    }
    return q + *up;
}

static X87Reg overflow_masked(X87Fpu *s, bool sign, unsigned prec)
{
    unsigned rc = x87_rc(s);
    bool inf = rc == X87_RC_NEAREST || rc == (sign ? X87_RC_DOWN : X87_RC_UP);

    s->sw |= X87_OE | X87_PE;
    if (inf) {
        s->sw |= X87_C1;
        return x87_reg(sign, 0x7fff, X87_J);
    }
    s->sw &= ~X87_C1;
    return x87_reg(sign, 0x7ffe, ~(uint64_t)0 << (64 - prec));
}

X87Reg x87_round_pack(X87Fpu *s, bool sign, int32_t exp, u128 v, unsigned prec)
{
    unsigned drop = 128 - prec;
    bool up, inexact;
    u128 q = x87_round_bits(x87_rc(s), sign, v, drop, &up, &inexact);
    int32_t rexp = exp;

    if (q >> prec) {
        q >>= 1;
        rexp++;
    }
    if (unlikely(rexp >= 0x7fff)) {
        if (s->cw & X87_OE) {
            return overflow_masked(s, sign, prec);
        }
        s->sw |= X87_OE;
        rexp -= EXP_WRAP;
        if (rexp >= 0x7fff) {
            /* only scaling gets this far: no adjusted result exists */
            s->sw |= X87_PE | X87_C1;
            return x87_reg(sign, 0x7fff, X87_J);
        }
    } else if (unlikely(rexp < 1)) {
        if (s->cw & X87_UE) {
            q = x87_round_bits(x87_rc(s), sign,
                               x87_shr_jam(v, 1 - exp), drop, &up, &inexact);
            rexp = (q >> (prec - 1)) != 0;
            s->sw |= inexact ? X87_UE : 0;
        } else {
            s->sw |= X87_UE;
            rexp += EXP_WRAP;
            if (rexp < 1) {
                s->sw |= X87_PE;
                return x87_reg(sign, 0, 0);
            }
        }
    }
    if (inexact) {
        s->sw |= X87_PE;
    }
    if (up) {
        s->sw |= X87_C1;
    }
    return x87_reg(sign, rexp, (uint64_t)q << (64 - prec));
}

X87Reg x87_invalid(X87Fpu *s)
{
    s->sw |= X87_IE;
    return x87_indefinite();
}

static X87Reg quieted(X87Reg a)
{
    a.mant |= X87_QUIET;
    return a;
}

bool x87_nan1(X87Fpu *s, X87Reg a, const X87Num *x, X87Reg *r)
{
    if (x->cls == X87_UNSUPPORTED) {
        *r = x87_invalid(s);
        return true;
    }
    if (x87_is_nan(x)) {
        if (x->cls == X87_SNAN) {
            s->sw |= X87_IE;
        }
        *r = quieted(a);
        return true;
    }
    return false;
}

/*
 * Two operands, SDM volume 1, table 4-7: a quiet NaN beats a signalling one,
 * otherwise the larger significand wins, then the positive one.
 */
bool x87_nan2(X87Fpu *s, X87Reg a, const X87Num *x, X87Reg b, const X87Num *y,
              X87Reg *r)
{
    if (x->cls == X87_UNSUPPORTED || y->cls == X87_UNSUPPORTED) {
        *r = x87_invalid(s);
        return true;
    }
    if (!x87_is_nan(x) && !x87_is_nan(y)) {
        return false;
    }
    if (x->cls == X87_SNAN || y->cls == X87_SNAN) {
        s->sw |= X87_IE;
    }
    if (!x87_is_nan(y) || (x->cls == X87_QNAN && y->cls == X87_SNAN)) {
        *r = quieted(a);
    } else if (!x87_is_nan(x) || (y->cls == X87_QNAN && x->cls == X87_SNAN)) {
        *r = quieted(b);
    } else if (x->mant != y->mant) {
        *r = quieted(x->mant > y->mant ? a : b);
    } else {
        *r = quieted(x->sign ? b : a);
    }
    return true;
}

static X87Reg add_signed(X87Fpu *s, X87Reg a, X87Reg b, bool negate)
{
    X87Num x = x87_unpack(a), y = x87_unpack(b);
    X87Reg r;
    u128 p, q;
    unsigned lz;

    if (unlikely(x.cls > X87_INF || y.cls > X87_INF)) {
        x87_nan2(s, a, &x, b, &y, &r);
        return r;
    }
    y.sign ^= negate;
    if (unlikely(x.cls == X87_INF && y.cls == X87_INF && x.sign != y.sign)) {
        return x87_invalid(s);
    }
    if (unlikely(x.denorm | y.denorm)) {
        s->sw |= X87_DE;
        if (!(s->cw & X87_DE)) {
            return a;
        }
    }
    if (x.cls == X87_INF || y.cls == X87_INF) {
        return x87_reg(x.cls == X87_INF ? x.sign : y.sign, 0x7fff, X87_J);
    }
    if (x.cls == X87_ZERO && y.cls == X87_ZERO) {
        bool sign = x.sign == y.sign ? x.sign : x87_rc(s) == X87_RC_DOWN;
        return x87_reg(sign, 0, 0);
    }
    if (x.cls == X87_ZERO || (y.cls != X87_ZERO &&
                              (x.exp < y.exp ||
                               (x.exp == y.exp && x.mant < y.mant)))) {
        X87Num t = x;
        x = y;
        y = t;
    }
    p = (u128)x.mant << 63;
    q = y.cls == X87_ZERO ? 0 :
        x87_shr_jam((u128)y.mant << 63, x.exp - y.exp);
    p = x.sign == y.sign ? p + q : p - q;
    if (!p) {
        return x87_reg(x87_rc(s) == X87_RC_DOWN, 0, 0);
    }
    lz = x87_clz128(p);
    return x87_round_pack(s, x.sign, x.exp + 1 - (int)lz, p << lz,
                          x87_precision(s));
}

X87Reg x87_soft_add(X87Fpu *s, X87Reg a, X87Reg b)
{
    return add_signed(s, a, b, false);
}

X87Reg x87_soft_sub(X87Fpu *s, X87Reg a, X87Reg b)
{
    return add_signed(s, a, b, true);
}

X87Reg x87_soft_mul(X87Fpu *s, X87Reg a, X87Reg b)
{
    X87Num x = x87_unpack(a), y = x87_unpack(b);
    bool sign = x.sign ^ y.sign;
    X87Reg r;
    u128 p;
    unsigned lz;

    if (unlikely(x.cls > X87_INF || y.cls > X87_INF)) {
        x87_nan2(s, a, &x, b, &y, &r);
        return r;
    }
    if ((x.cls == X87_INF && y.cls == X87_ZERO) ||
        (x.cls == X87_ZERO && y.cls == X87_INF)) {
        return x87_invalid(s);
    }
    if (unlikely(x.denorm | y.denorm)) {
        s->sw |= X87_DE;
        if (!(s->cw & X87_DE)) {
            return a;
        }
    }
    if (x.cls == X87_INF || y.cls == X87_INF) {
        return x87_reg(sign, 0x7fff, X87_J);
    }
    if (x.cls == X87_ZERO || y.cls == X87_ZERO) {
        return x87_reg(sign, 0, 0);
    }
    p = (u128)x.mant * y.mant;
    lz = x87_clz128(p);
    return x87_round_pack(s, sign, x.exp + y.exp - X87_BIAS + 1 - (int)lz,
                          p << lz, x87_precision(s));
}

X87Reg x87_soft_div(X87Fpu *s, X87Reg a, X87Reg b)
{
    X87Num x = x87_unpack(a), y = x87_unpack(b);
    bool sign = x.sign ^ y.sign;
    bool less;
    X87Reg r;
    u128 n, rem;
    uint64_t q, lo = 0;

    if (unlikely(x.cls > X87_INF || y.cls > X87_INF)) {
        x87_nan2(s, a, &x, b, &y, &r);
        return r;
    }
    if (x.cls == y.cls && x.cls != X87_NORMAL) {
        return x87_invalid(s);      /* 0 / 0, inf / inf */
    }
    if (y.cls == X87_ZERO && x.cls == X87_NORMAL) {
        s->sw |= X87_ZE;
        return x87_reg(sign, 0x7fff, X87_J);
    }
    if (unlikely(x.denorm | y.denorm)) {
        s->sw |= X87_DE;
        if (!(s->cw & X87_DE)) {
            return a;
        }
    }
    if (x.cls == X87_INF) {
        return x87_reg(sign, 0x7fff, X87_J);
    }
    if (x.cls == X87_ZERO || y.cls == X87_INF) {
        return x87_reg(sign, 0, 0);
    }
    less = x.mant < y.mant;
    n = (u128)x.mant << (less ? 64 : 63);
    q = n / y.mant;
    rem = (n - (u128)q * y.mant) << 1;
    if (rem >= y.mant) {
        lo = X87_J;
        rem -= y.mant;
    }
    lo |= rem != 0;
    return x87_round_pack(s, sign, x.exp - y.exp + X87_BIAS - less,
                          (u128)q << 64 | lo, x87_precision(s));
}

/* floor(sqrt(v)), one bit of the root at a time. */
static uint64_t isqrt128(u128 v)
{
    uint64_t root = 0;
    int i;

    for (i = 63; i >= 0; i--) {
        uint64_t t = root | (uint64_t)1 << i;

        if ((u128)t * t <= v) {
            root = t;
        }
    }
    return root;
}

X87Reg x87_soft_sqrt(X87Fpu *s, X87Reg a)
{
    X87Num x = x87_unpack(a);
    X87Reg r;
    int32_t e;
    u128 v, rem;
    uint64_t root;

    if (x87_nan1(s, a, &x, &r)) {
        return r;
    }
    if (x.cls == X87_ZERO) {
        return a;
    }
    if (x.sign) {
        return x87_invalid(s);
    }
    if (x87_denormal(s, &x) || x.cls == X87_INF) {
        return a;
    }
    e = x.exp - X87_BIAS;
    v = (u128)x.mant << (e & 1 ? 64 : 63);
    root = isqrt128(v);
    rem = v - (u128)root * root;
    return x87_round_pack(s, false, (e - (e & 1)) / 2 + X87_BIAS,
                          (u128)root << 64 |
                          (rem > root ? X87_J | 1 : rem != 0),
                          x87_precision(s));
}

X87Reg x87_soft_rndint(X87Fpu *s, X87Reg a)
{
    X87Num x = x87_unpack(a);
    X87Reg r;
    bool up, inexact;
    uint64_t q;
    int32_t e;

    if (x87_nan1(s, a, &x, &r)) {
        return r;
    }
    if (x.cls != X87_NORMAL || x87_denormal(s, &x)) {
        return a;
    }
    e = x.exp - X87_BIAS;
    if (e >= 63) {
        return a;
    }
    q = x87_round_bits(x87_rc(s), x.sign, (u128)x.mant << 63,
                       e < -1 ? 128 : 126 - e, &up, &inexact);
    if (inexact) {
        s->sw |= X87_PE | (up ? X87_C1 : 0);
    }
    if (!q) {
        return x87_reg(x.sign, 0, 0);
    }
    r = x87_from_int(q);
    if (q >> 63) {
        r = x87_reg(false, X87_BIAS + 63, q);
    }
    r.exp |= x.sign ? 0x8000 : 0;
    return r;
}

X87Reg x87_soft_scale(X87Fpu *s, X87Reg a, X87Reg b)
{
    X87Num x = x87_unpack(a), y = x87_unpack(b);
    X87Reg r;
    int32_t n, e;

    if (x87_nan2(s, a, &x, b, &y, &r)) {
        return r;
    }
    if (y.cls == X87_INF) {
        if (x.cls == (y.sign ? X87_INF : X87_ZERO)) {
            return x87_invalid(s);
        }
        if (x87_denormal(s, &x)) {
            return a;
        }
        return y.sign ? x87_reg(x.sign, 0, 0) : x87_reg(x.sign, 0x7fff, X87_J);
    }
    if (x87_denormal(s, &x) || x87_denormal(s, &y) || x.cls != X87_NORMAL) {
        return a;
    }
    if (y.cls == X87_ZERO) {
        n = 0;
    } else {
        e = y.exp - X87_BIAS;
        n = e < 0 ? 0 : e > 16 ? 0x20000 : (int32_t)(y.mant >> (63 - e));
    }
    return x87_round_pack(s, x.sign, x.exp + (y.sign ? -n : n),
                          (u128)x.mant << 64, 64);
}

/*
 * FPREM and FPREM1.  One step reduces the exponent difference by less than
 * 64; what is left over is reported in C2 and the program loops.
 */
static X87Reg partial_rem(X87Fpu *s, X87Reg a, X87Reg b, bool nearest)
{
    X87Num x = x87_unpack(a), y = x87_unpack(b);
    X87Reg r;
    uint64_t q = 0, rem;
    bool sign, frac = false;
    int32_t d, exp;
    u128 v;
    unsigned lz;

    s->sw &= ~(X87_C2 | X87_C1);
    if (x87_nan2(s, a, &x, b, &y, &r)) {
        return r;
    }
    if (x.cls == X87_INF || y.cls == X87_ZERO) {
        return x87_invalid(s);
    }
    if (x87_denormal(s, &x) || x87_denormal(s, &y)) {
        return a;
    }
    s->sw &= ~(X87_C3 | X87_C0);
    if (x.cls == X87_ZERO) {
        return a;
    }
    if (y.cls == X87_INF) {
        return x87_round_pack(s, x.sign, x.exp, (u128)x.mant << 64, 64);
    }
    sign = x.sign;
    d = x.exp - y.exp;
    if (d >= 64) {
        /* leave a multiple of 32 for the next round */
        unsigned n = (d & 31) | 32;

        v = (u128)x.mant;
        /* x.mant * 2^n mod y.mant, n < 64 */
        if (x.mant >= y.mant) {
            v = x.mant - y.mant;
        }
        v = (v << n) % y.mant;
        s->sw |= X87_C2;
        if (!v) {
            return x87_reg(sign, 0, 0);
        }
        lz = x87_clz128(v);
        return x87_round_pack(s, sign, x.exp - (int)n + 64 - (int)lz, v << lz,
                              64);
    }
    if (d < -1 || (d < 0 && !nearest)) {
        return x87_round_pack(s, x.sign, x.exp, (u128)x.mant << 64, 64);
    }
    if (d < 0) {
        /* |x| is between y / 4 and y: the quotient is 0 or 1; double units */
        rem = x.mant;
        exp = x.exp;
        frac = true;
    } else {
        bool top = x.mant >= y.mant;
        uint64_t m = x.mant - (top ? y.mant : 0);

        v = (u128)m << d;
        q = (uint64_t)(v / y.mant) + (top ? (uint64_t)1 << d : 0);
        rem = v % y.mant;
        exp = y.exp;
    }
    if (nearest) {
        /* compare 2 * rem with y */
        u128 twice = frac ? (u128)rem : (u128)rem << 1;

        if (twice > y.mant || (twice == y.mant && (q & 1))) {
            q++;
            sign = !sign;
            v = ((u128)y.mant << frac) - rem;
        } else {
            v = rem;
        }
    } else {
        v = rem;
    }
    s->sw |= (q & 4 ? X87_C0 : 0) | (q & 2 ? X87_C3 : 0) |
             (q & 1 ? X87_C1 : 0);
    if (!v) {
        return x87_reg(x.sign, 0, 0);
    }
    lz = x87_clz128(v);
    return x87_round_pack(s, sign, exp + 64 - (int)lz, v << lz, 64);
}

X87Reg x87_soft_prem(X87Fpu *s, X87Reg a, X87Reg b)
{
    return partial_rem(s, a, b, false);
}

X87Reg x87_soft_prem1(X87Fpu *s, X87Reg a, X87Reg b)
{
    return partial_rem(s, a, b, true);
}

X87Reg x87_soft_xtract(X87Fpu *s, X87Reg a, X87Reg *exp)
{
    X87Num x = x87_unpack(a);
    X87Reg r;

    if (x87_nan1(s, a, &x, &r)) {
        *exp = r;
        return r;
    }
    if (x.cls == X87_ZERO) {
        s->sw |= X87_ZE;
        *exp = x87_reg(true, 0x7fff, X87_J);
        return a;
    }
    if (x.cls == X87_INF) {
        *exp = x87_reg(false, 0x7fff, X87_J);
        return a;
    }
    x87_denormal(s, &x);
    *exp = x87_from_int(x.exp - X87_BIAS);
    return x87_reg(x.sign, X87_BIAS, x.mant);
}

uint16_t x87_soft_compare(X87Fpu *s, X87Reg a, X87Reg b, bool quiet)
{
    X87Num x = x87_unpack(a), y = x87_unpack(b);
    bool less;

    if (unlikely(x.cls > X87_INF || y.cls > X87_INF)) {
        if (!quiet || x.cls > X87_QNAN || y.cls > X87_QNAN) {
            s->sw |= X87_IE;
        }
        return X87_C3 | X87_C2 | X87_C0;
    }
    if (x.denorm | y.denorm) {
        s->sw |= X87_DE;
    }
    if (x.cls == X87_ZERO && y.cls == X87_ZERO) {
        return X87_C3;
    }
    if (x.cls == X87_ZERO) {
        return y.sign ? 0 : X87_C0;
    }
    if (y.cls == X87_ZERO || x.sign != y.sign) {
        return x.sign ? X87_C0 : 0;
    }
    if (x.exp == y.exp && x.mant == y.mant) {
        return X87_C3;
    }
    less = x.exp != y.exp ? x.exp < y.exp : x.mant < y.mant;
    return less != x.sign ? X87_C0 : 0;
}

static X87Reg operate(X87Fpu *s, unsigned op, X87Reg a, X87Reg b)
{
    switch (op) {
    case X87_ADD:
        return x87_soft_add(s, a, b);
    case X87_MUL:
        return x87_soft_mul(s, a, b);
    case X87_SUB:
        return x87_soft_sub(s, a, b);
    case X87_SUBR:
        return x87_soft_sub(s, b, a);
    case X87_DIV:
        return x87_soft_div(s, a, b);
    default:
        return x87_soft_div(s, b, a);
    }
}

bool x87_soft_arith(X87Fpu *s, unsigned op, X87Reg *r, const X87Reg *b)
{
    X87Reg v = operate(s, op, *r, *b);

    if (unlikely(x87_unmasked(s, X87_EXC_PRE))) {
        return false;
    }
    x87_copy(r, &v);
    return true;
}

static bool is_denormal(unsigned src, uint64_t value)
{
    switch (src) {
    case X87_SRC_F32:
        return !(value & 0x7f800000) && (value & 0x7fffff);
    case X87_SRC_F64:
        return !(value & 0x7ff0000000000000ull) &&
               (value & 0xfffffffffffffull);
    default:
        return false;
    }
}

static X87Reg memory_value(unsigned src, uint64_t value)
{
    return src == X87_SRC_F32 ? x87_from_f32_raw(value) :
           src == X87_SRC_F64 ? x87_from_f64_raw(value) :
           x87_from_int(value);
}

/*
 * A denormal in memory is a normal number once widened: its exception is
 * raised here.
 */
bool x87_soft_arith_mem(X87Fpu *s, unsigned op, X87Reg *r, unsigned src,
                        uint64_t value)
{
    X87Reg b = memory_value(src, value);
    X87Num x = x87_unpack(*r);

    if (unlikely(is_denormal(src, value)) && x.cls <= X87_INF &&
        !(op == X87_DIVR && x.cls == X87_ZERO)) {
        s->sw |= X87_DE;
        if (!(s->cw & X87_DE)) {
            return false;
        }
    }
    return x87_soft_arith(s, op, r, &b);
}

uint16_t x87_soft_compare_mem(X87Fpu *s, X87Reg a, unsigned src,
                              uint64_t value)
{
    if (unlikely(is_denormal(src, value)) &&
        x87_unpack(a).cls <= X87_INF) {
        s->sw |= X87_DE;
    }
    return x87_soft_compare(s, a, memory_value(src, value), false);
}

uint16_t x87_examine(X87Reg a)
{
    X87Num x = x87_unpack(a);
    uint16_t c1 = x.sign ? X87_C1 : 0;

    switch (x.cls) {
    case X87_ZERO:
        return c1 | X87_C3;
    case X87_NORMAL:
        return c1 | (x.denorm ? X87_C3 | X87_C2 : X87_C2);
    case X87_INF:
        return c1 | X87_C2 | X87_C0;
    case X87_UNSUPPORTED:
        return c1;
    default:
        return c1 | X87_C0;
    }
}

unsigned x87_tag(X87Reg a)
{
    unsigned exp = a.exp & 0x7fff;

    if (exp == 0 && a.mant == 0) {
        return 1;
    }
    return exp == 0 || exp == 0x7fff || !(a.mant & X87_J) ? 2 : 0;
}

X87Reg x87_constant(unsigned n, unsigned rc)
{
    /* significand rounded down, and whether nearest rounds it up */
    static const struct {
        uint64_t mant;
        uint16_t exp;
        uint8_t nearest_up;
    } k[7] = {
        { 0x8000000000000000ull, 0x3fff, 0 },
        { 0xd49a784bcd1b8afeull, 0x4000, 0 },   /* log2(10) */
        { 0xb8aa3b295c17f0bbull, 0x3fff, 1 },   /* log2(e) */
        { 0xc90fdaa22168c234ull, 0x4000, 1 },   /* pi */
        { 0x9a209a84fbcff798ull, 0x3ffd, 1 },   /* log10(2) */
        { 0xb17217f7d1cf79abull, 0x3ffe, 1 },   /* ln(2) */
        { 0, 0, 0 },
    };
    bool inexact = n != 0 && n != 6;
    bool up = inexact && (rc == X87_RC_UP ||
                          (rc == X87_RC_NEAREST && k[n].nearest_up));

    return x87_reg(false, k[n].exp, k[n].mant + up);
}
