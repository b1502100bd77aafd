/*
 * Inside of the portable x87 arithmetic: operands taken apart, and the one
 * place where results are rounded.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_X87_SOFT_H
#define I386_X87_SOFT_H

#include "target/i386/cpu.h"

/*
 * Keep vector registers untouched, see x87.h; before its inline functions, so
 * that they can be inlined here.
 */
#if defined(__x86_64__) && defined(__GNUC__)
#pragma GCC target("general-regs-only")
#endif

#include "target/i386/x87/x87.h"

typedef unsigned __int128 u128;

#define X87_BIAS 16383
#define X87_J 0x8000000000000000ull     /* explicit integer bit */
#define X87_QUIET 0x4000000000000000ull

typedef enum X87Class {
    X87_ZERO, X87_NORMAL, X87_INF, X87_QNAN, X87_SNAN, X87_UNSUPPORTED,
} X87Class;

/*
 * An operand taken apart.  NORMAL: value = mant / 2^63 * 2^(exp - bias) with
 * the top bit of mant set, denormals included (`denorm` is set then).
 */
typedef struct X87Num {
    uint8_t cls;
    bool sign;
    bool denorm;
    int32_t exp;
    uint64_t mant;
} X87Num;

static inline X87Num x87_unpack(X87Reg a)
{
    X87Num n = { .sign = a.exp >> 15, .exp = a.exp & 0x7fff, .mant = a.mant };

    if (likely(n.exp != 0 && n.exp != 0x7fff)) {
        n.cls = a.mant & X87_J ? X87_NORMAL : X87_UNSUPPORTED;
    } else if (n.exp == 0) {
        if (!a.mant) {
            n.cls = X87_ZERO;
        } else {
            unsigned lz = __builtin_clzll(a.mant);

            n.cls = X87_NORMAL;
            n.denorm = true;
            n.mant <<= lz;
            n.exp = 1 - (int)lz;
        }
    } else if (!(a.mant & X87_J)) {
        n.cls = X87_UNSUPPORTED;
    } else if (a.mant == X87_J) {
        n.cls = X87_INF;
    } else {
        n.cls = a.mant & X87_QUIET ? X87_QNAN : X87_SNAN;
    }
    return n;
}

static inline bool x87_is_nan(const X87Num *n)
{
    return n->cls == X87_QNAN || n->cls == X87_SNAN;
}

static inline unsigned x87_rc(const X87Fpu *s)
{
    return (s->cw >> 10) & 3;
}

static inline unsigned x87_clz128(u128 v)
{
    uint64_t hi = v >> 64;

    return hi ? __builtin_clzll(hi) : 64 + __builtin_clzll((uint64_t)v);
}

/* v >> n with every lost bit kept in bit 0; n >= 0. */
static inline u128 x87_shr_jam(u128 v, unsigned n)
{
    if (n == 0) {
        return v;
    }
    if (n > 127) {
        return v != 0;
    }
    return (v >> n) | ((v & (((u128)1 << n) - 1)) != 0);
}

/*
 * Round @v at bit @drop: returns v >> drop, rounded; *up and *inexact tell
 * what happened.
 */
u128 x87_round_bits(unsigned rc, bool sign, u128 v, unsigned drop, bool *up,
                    bool *inexact);

/*
 * Round and pack v / 2^127 * 2^(exp - bias), top bit of @v set, to @prec bits
 * of significand, raising what has to be raised.
 */
X87Reg x87_round_pack(X87Fpu *s, bool sign, int32_t exp, u128 v,
                      unsigned prec);
/* Significand bits selected by the control word. */
unsigned x87_precision(const X87Fpu *s);

/* Invalid operation: raises IE, returns the default NaN. */
X87Reg x87_invalid(X87Fpu *s);
/*
 * Results that need no arithmetic: NaNs and unsupported operands.  True if
 * *r is the result.
 */
bool x87_nan1(X87Fpu *s, X87Reg a, const X87Num *x, X87Reg *r);
bool x87_nan2(X87Fpu *s, X87Reg a, const X87Num *x, X87Reg b, const X87Num *y,
              X87Reg *r);
/* Raise DE for a denormal; true if it is not masked. */
static inline bool x87_denormal(X87Fpu *s, const X87Num *x)
{
    if (x->denorm) {
        s->sw |= X87_DE;
        return !(s->cw & X87_DE);
    }
    return false;
}

#endif
