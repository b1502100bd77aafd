/*
 * Vector reference: floating point arithmetic and comparison.
 *
 * The rules are in softfloat.c.  The host's FPU is used for the common case
 * where it cannot differ, see sf_host_allowed(); the host's own control
 * register may then be the guest's, as generated code calls this.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include "vec.h"
#include "softfloat.h"

/* What an op needs at hand: format, state, and whether the FPU may be used. */
typedef struct Fp {
    const SfFormat *f;
    SfState st;
    bool host;
} Fp;

static Fp fp_begin(const Vop *v)
{
    uint32_t mxcsr = v->fp->mxcsr;

    return (Fp) {
        .f = v->esz == MO_32 ? &sf_f32 : &sf_f64,
        .st = sf_state(mxcsr),
        .host = sf_host_allowed(mxcsr),
    };
}

/*
 * Add the flags.  A pre-computation exception that is not masked hides those
 * that are found when rounding (SDM volume 1, section 11.5.2.2).
 */
static void fp_end(Vop *v, const Fp *fp)
{
    uint32_t flags = fp->st.flags;
    uint32_t unmasked = flags & ~(v->fp->mxcsr >> SF_MASK_SHIFT);

    if (unmasked & (SF_IE | SF_DE | SF_ZE)) {
        flags &= SF_IE | SF_DE | SF_ZE;
    }
    v->fp->mxcsr |= flags;
}

static uint64_t get(const Vop *v, const TCGVec *s, unsigned i)
{
    return v->esz == MO_32 ? s->l[i] : s->q[i];
}

static void put(Vop *v, unsigned i, uint64_t x)
{
    if (v->esz == MO_32) {
        v->r.l[i] = x;
    } else {
        v->r.q[i] = x;
    }
}

static unsigned lanes(const Vop *v)
{
    return v->scalar ? 1 : v->bytes >> v->esz;
}

typedef union F32 {
    uint32_t u;
    float f;
} F32;

typedef union F64 {
    uint64_t u;
    double f;
} F64;

#define BINARY(name, op)                                                \
static inline uint64_t do_##name(Fp *fp, uint64_t a, uint64_t b)        \
{                                                                       \
    if (!fp->host) {                                                    \
    } else if (fp->f == &sf_f64 && sf_normal64(a) && sf_normal64(b)) {  \
        F64 x = { .u = a }, y = { .u = b }, r;                          \
                                                                        \
        r.f = x.f op y.f;                                               \
        if (sf_safe64(r.u)) {                                           \
            return r.u;                                                 \
        }                                                               \
    } else if (fp->f == &sf_f32 && sf_normal32(a) && sf_normal32(b)) {  \
        F32 x = { .u = a }, y = { .u = b }, r;                          \
                                                                        \
        r.f = x.f op y.f;                                               \
        if (sf_safe32(r.u)) {                                           \
            return r.u;                                                 \
        }                                                               \
    }                                                                   \
    return sf_##name(&fp->st, fp->f, a, b);                             \
}                                                                       \
                                                                        \
void tcg_vop_f##name(Vop *v)                                            \
{                                                                       \
    Fp fp = fp_begin(v);                                                \
                                                                        \
    for (unsigned i = 0; i < lanes(v); i++) {                           \
        put(v, i, do_##name(&fp, get(v, v->a, i), get(v, v->b, i)));    \
    }                                                                   \
    fp_end(v, &fp);                                                     \
}
BINARY(add, +)
BINARY(sub, -)
BINARY(mul, *)
BINARY(div, /)
#undef BINARY

void tcg_vop_fmin(Vop *v)
{
    Fp fp = fp_begin(v);

    for (unsigned i = 0; i < lanes(v); i++) {
        put(v, i, sf_min(&fp.st, fp.f, get(v, v->a, i), get(v, v->b, i)));
    }
    fp_end(v, &fp);
}

void tcg_vop_fmax(Vop *v)
{
    Fp fp = fp_begin(v);

    for (unsigned i = 0; i < lanes(v); i++) {
        put(v, i, sf_max(&fp.st, fp.f, get(v, v->a, i), get(v, v->b, i)));
    }
    fp_end(v, &fp);
}

static uint64_t do_sqrt(Fp *fp, uint64_t a)
{
    if (fp->host && fp->f == &sf_f64 && sf_normal64(a) && !(a >> 63)) {
        F64 x = { .u = a };

        x.f = sqrt(x.f);
        return x.u;
    }
    if (fp->host && fp->f == &sf_f32 && sf_normal32(a) && !(a >> 31)) {
        F32 x = { .u = a };

        x.f = sqrtf(x.f);
        return x.u;
    }
    return sf_sqrt(&fp->st, fp->f, a);
}

void tcg_vop_fsqrt(Vop *v)
{
    Fp fp = fp_begin(v);

    for (unsigned i = 0; i < lanes(v); i++) {
        put(v, i, do_sqrt(&fp, get(v, v->b, i)));
    }
    fp_end(v, &fp);
}

/*
 * RCPPS, RSQRTPS.  The SDM gives an error bound only (1.5 * 2^-12) and
 * processors differ; this is the exact result rounded to 12 bits.  Denormals
 * count as zero in operand and result, no flag is touched.
 */
static uint32_t approximate(uint32_t a, bool root)
{
    SfState st = { .rounding = SF_NEAREST, .daz = true, .ftz = true,
                   .underflow_masked = true,
                   .overflow_masked = true };
    uint64_t r;

    if (sf_is_nan(&sf_f32, a)) {
        return a | 0x400000;
    }
    if (root) {
        a = sf_sqrt(&st, &sf_f32, a);
        if (sf_is_nan(&sf_f32, a)) {
            return a;
        }
    }
    r = sf_div(&st, &sf_f32, 0x3f800000, a);
    return sf_normal32(r) ? (r + 0x400) & ~0x7ffu : r;
}

void tcg_vop_frcp(Vop *v)
{
    VOP_EACH(v, l, approximate(v->b->l[i], false))
}

void tcg_vop_frsqrt(Vop *v)
{
    VOP_EACH(v, l, approximate(v->b->l[i], true))
}

/*
 * CMPPS predicates: which orders (bit SF_LESS ... SF_UNORDERED) give true,
 * and whether a quiet NaN is an invalid operation.  Predicates 16..31 are the
 * same with the answer to the second question reversed.
 */
static const struct {
    uint8_t orders;
    bool signals;
} predicates[16] = {
#define L (1 << SF_LESS)
#define E (1 << SF_EQUAL)
#define G (1 << SF_GREATER)
#define U (1 << SF_UNORDERED)
    { E, false }, { L, true }, { L | E, true }, { U, false },
    { L | G | U, false }, { E | G | U, true }, { G | U, true },
    { L | E | G, false },
    { E | U, false }, { L | U, true }, { L | E | U, true }, { 0, false },
    { L | G, false }, { E | G, true }, { G, true }, { L | E | G | U, false },
#undef L
#undef E
#undef G
#undef U
};

void tcg_vop_fcmp(Vop *v)
{
    Fp fp = fp_begin(v);
    unsigned p = v->imm & 15;
    bool signals = predicates[p].signals != (v->imm >> 4 & 1);

    for (unsigned i = 0; i < lanes(v); i++) {
        SfOrder o = sf_compare(&fp.st, fp.f, get(v, v->a, i),
                               get(v, v->b, i), !signals);

        put(v, i, predicates[p].orders >> o & 1 ? UINT64_MAX : 0);
    }
    fp_end(v, &fp);
}

static void compare(Vop *v, bool quiet)
{
    static const uint8_t flags[] = {
        [SF_LESS] = TCG_CC_C, [SF_EQUAL] = TCG_CC_Z, [SF_GREATER] = 0,
        [SF_UNORDERED] = TCG_CC_C | TCG_CC_P | TCG_CC_Z,
    };
    Fp fp = fp_begin(v);

    v->r.q[0] = flags[sf_compare(&fp.st, fp.f, get(v, v->a, 0),
                                 get(v, v->b, 0), quiet)];
    fp_end(v, &fp);
}

void tcg_vop_fucomi(Vop *v)
{
    compare(v, true);
}

void tcg_vop_fcomi(Vop *v)
{
    compare(v, false);
}

void tcg_vop_faddsub(Vop *v)
{
    Fp fp = fp_begin(v);

    for (unsigned i = 0; i < lanes(v); i++) {
        uint64_t a = get(v, v->a, i), b = get(v, v->b, i);

        put(v, i, i & 1 ? do_add(&fp, a, b) : do_sub(&fp, a, b));
    }
    fp_end(v, &fp);
}

static void horizontal(Vop *v, bool subtract)
{
    Fp fp = fp_begin(v);
    unsigned per_lane = 16u >> v->esz;

    for (unsigned i = 0; i < lanes(v); i++) {
        unsigned k = i % per_lane;
        const TCGVec *s = k < per_lane / 2 ? v->a : v->b;
        unsigned at = i - k + 2 * (k % (per_lane / 2));
        uint64_t x = get(v, s, at), y = get(v, s, at + 1);

        put(v, i, subtract ? do_sub(&fp, x, y) : do_add(&fp, x, y));
    }
    fp_end(v, &fp);
}

void tcg_vop_fhadd(Vop *v)
{
    horizontal(v, false);
}

void tcg_vop_fhsub(Vop *v)
{
    horizontal(v, true);
}

/* imm[1:0] = mode, imm[2] = take MXCSR's, imm[3] = inexact is not flagged */
void tcg_vop_fround(Vop *v)
{
    Fp fp = fp_begin(v);
    unsigned mode = v->imm & 4 ? fp.st.rounding : v->imm & 3;

    for (unsigned i = 0; i < lanes(v); i++) {
        put(v, i, sf_round(&fp.st, fp.f, get(v, v->b, i), mode,
                           !(v->imm & 8)));
    }
    fp_end(v, &fp);
}

/* imm[7:4] selects products, imm[3:0] where the sum goes */
void tcg_vop_fdp(Vop *v)
{
    Fp fp = fp_begin(v);
    unsigned n = 16u >> v->esz;

    for (unsigned l = 0; l < v->bytes >> v->esz; l += n) {
        uint64_t p[4] = { 0 };

        for (unsigned i = 0; i < n; i++) {
            if (v->imm >> (4 + i) & 1) {
                p[i] = do_mul(&fp, get(v, v->a, l + i), get(v, v->b, l + i));
            }
        }
        p[0] = do_add(&fp, p[0], p[1]);
        if (n == 4) {
            p[2] = do_add(&fp, p[2], p[3]);
            p[0] = do_add(&fp, p[0], p[2]);
        }
        for (unsigned i = 0; i < n; i++) {
            put(v, l + i, v->imm >> i & 1 ? p[0] : 0);
        }
    }
    fp_end(v, &fp);
}

void tcg_vop_fma(Vop *v)
{
    Fp fp = fp_begin(v);
    unsigned form = v->imm & 3, kind = v->imm >> 4 & 7;

    for (unsigned i = 0; i < lanes(v); i++) {
        uint64_t o1 = get(v, v->a, i), o2 = get(v, v->b, i);
        uint64_t o3 = get(v, v->c, i), r;
        bool neg_product = kind == 2 || kind == 3;
        /* maddsub subtracts in even lanes, msubadd in odd ones */
        bool neg_c = kind == 4 ? !(i & 1) : kind == 5 ? i & 1 : kind & 1;

        if (form == 0) {
            r = sf_fma(&fp.st, fp.f, o1, o3, o2, neg_product, neg_c);
        } else if (form == 1) {
            r = sf_fma(&fp.st, fp.f, o2, o1, o3, neg_product, neg_c);
        } else {
            r = sf_fma(&fp.st, fp.f, o2, o3, o1, neg_product, neg_c);
        }
        put(v, i, r);
    }
    fp_end(v, &fp);
}
