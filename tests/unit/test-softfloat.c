/*
 * Arithmetic in integers against the host's floating-point unit: random and
 * special operands in every rounding mode, results and exception flags.
 *
 * Not compared: which NaN is returned and whether underflow is found before
 * or after rounding, because hosts differ; both are the subject of tests/isa.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "tcg/softfloat.h"
#include <fenv.h>
#include <glib.h>
#include <math.h>

#define ROUNDS 100000
#define ALL_MASKED (SF_FLAGS << SF_MASK_SHIFT)

static const int host_modes[] = {
    [SF_NEAREST] = FE_TONEAREST, [SF_DOWN] = FE_DOWNWARD,
    [SF_UP] = FE_UPWARD, [SF_ZERO] = FE_TOWARDZERO,
};

static uint64_t bits64(double x)
{
    uint64_t u;

    memcpy(&u, &x, sizeof(u));
    return u;
}

static uint32_t bits32(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof(u));
    return u;
}

static double f64(uint64_t u)
{
    double x;

    memcpy(&x, &u, sizeof(x));
    return x;
}

static float f32(uint32_t u)
{
    float x;

    memcpy(&x, &u, sizeof(x));
    return x;
}

static uint64_t random64(void)
{
    return (uint64_t)(uint32_t)g_test_rand_int() << 32 |
           (uint32_t)g_test_rand_int();
}

/* Exponents near the ends and near each other, few and many mantissa bits. */
static uint64_t operand(const SfFormat *f)
{
    unsigned top = (1u << f->exp_bits) - 1;
    uint64_t frac_mask = (UINT64_C(1) << f->frac_bits) - 1;
    uint64_t exp, frac, r = random64();

    switch (r & 7) {
    case 0:
        exp = 0;
        break;
    case 1:
        exp = top - (r >> 3 & 1);
        break;
    case 2:
        exp = r >> 3 & top;
        break;
    default:
        exp = top / 2 - 8 + (r >> 3 & 15);
        break;
    }
    frac = random64() & frac_mask;
    switch (r >> 16 & 7) {
    case 0:
        frac = 0;
        break;
    case 1:
        frac = frac_mask;
        break;
    case 2:
        frac = UINT64_C(1) << (r >> 24) % f->frac_bits;
        break;
    }
    return (r >> 63) << (f->bits - 1) | exp << f->frac_bits | frac;
}

static uint32_t host_flags(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT);

    return (e & FE_INVALID ? SF_IE : 0) | (e & FE_DIVBYZERO ? SF_ZE : 0) |
           (e & FE_OVERFLOW ? SF_OE : 0) | (e & FE_INEXACT ? SF_PE : 0);
}

static void start(SfState *st, unsigned mode)
{
    *st = sf_state(ALL_MASKED | mode << SF_RC_SHIFT);
    feclearexcept(FE_ALL_EXCEPT);
    fesetround(host_modes[mode]);
}

static void compare(const SfState *st, const SfFormat *f, const char *op,
                    uint64_t a, uint64_t b, uint64_t got, uint64_t want,
                    uint32_t flags_that_count)
{
    uint32_t host = host_flags();

    fesetround(FE_TONEAREST);
    if (sf_is_nan(f, want)) {
        g_assert_true(sf_is_nan(f, got));
    } else if (got != want) {
        g_error("%s%u(%#" PRIx64 ", %#" PRIx64 ") rounding %u: %#" PRIx64
                ", host %#" PRIx64, op, f->bits, a, b, st->rounding, got,
                want);
    }
    if ((st->flags ^ host) & flags_that_count) {
        g_error("%s%u(%#" PRIx64 ", %#" PRIx64 ") rounding %u: flags %#x, "
                "host %#x", op, f->bits, a, b, st->rounding, st->flags, host);
    }
}

#define COUNTED (SF_IE | SF_ZE | SF_OE | SF_PE)

/* The operands are volatile so that nothing is computed before its time. */
#define BINARY(NAME, OP)                                                    \
    static void test_##NAME(void)                                           \
    {                                                                       \
        for (unsigned i = 0; i < ROUNDS; i++) {                             \
            uint64_t a = operand(&sf_f64), b = operand(&sf_f64), got;       \
            uint32_t c = operand(&sf_f32), d = operand(&sf_f32);            \
            volatile double x = f64(a), y = f64(b), z;                      \
            volatile float p = f32(c), q = f32(d), r;                       \
            SfState st;                                                     \
                                                                            \
            start(&st, i & 3);                                              \
            z = x OP y;                                                     \
            got = sf_##NAME(&st, &sf_f64, a, b);                            \
            compare(&st, &sf_f64, #NAME, a, b, got, bits64(z), COUNTED);    \
            start(&st, i & 3);                                              \
            r = p OP q;                                                     \
            got = sf_##NAME(&st, &sf_f32, c, d);                            \
            compare(&st, &sf_f32, #NAME, c, d, got, bits32(r), COUNTED);    \
        }                                                                   \
    }

BINARY(add, +)
BINARY(sub, -)
BINARY(mul, *)
BINARY(div, /)

static void test_sqrt(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t a = operand(&sf_f64), got;
        uint32_t b = operand(&sf_f32);
        volatile double x = f64(a), z;
        volatile float p = f32(b), r;
        SfState st;

        start(&st, i & 3);
        z = sqrt(x);
        got = sf_sqrt(&st, &sf_f64, a);
        compare(&st, &sf_f64, "sqrt", a, 0, got, bits64(z), COUNTED);
        start(&st, i & 3);
        r = sqrtf(p);
        got = sf_sqrt(&st, &sf_f32, b);
        compare(&st, &sf_f32, "sqrt", b, 0, got, bits32(r), COUNTED);
    }
}

static void test_fma(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t a = operand(&sf_f64), b = operand(&sf_f64);
        uint64_t c = operand(&sf_f64), got;
        volatile double x = f64(a), y = f64(b), z = f64(c), r;
        SfState st;

        start(&st, i & 3);
        /* Infinity times zero plus NaN is invalid on some hosts only. */
        r = fma(x, y, z);
        got = sf_fma(&st, &sf_f64, a, b, c, false, false);
        compare(&st, &sf_f64, "fma", a, b, got, bits64(r),
                sf_is_nan(&sf_f64, c) ? 0 : SF_IE);
    }
}

static void test_compare(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t a = operand(&sf_f64);
        uint64_t b = i % 8 ? operand(&sf_f64) : a;
        double x = f64(a), y = f64(b);
        SfState st = sf_state(ALL_MASKED);
        SfOrder want = isunordered(x, y) ? SF_UNORDERED :
                       isless(x, y) ? SF_LESS :
                       isgreater(x, y) ? SF_GREATER : SF_EQUAL;

        g_assert_cmpint(sf_compare(&st, &sf_f64, a, b, false), ==, want);
        g_assert_cmpuint(st.flags & SF_IE, ==,
                         want == SF_UNORDERED ? SF_IE : 0);
    }
}

static void test_convert(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t a = operand(&sf_f64), got;
        uint32_t b = operand(&sf_f32);
        volatile double x = f64(a), z;
        volatile float p = f32(b), r;
        SfState st;

        start(&st, i & 3);
        r = x;
        got = sf_convert(&st, &sf_f32, &sf_f64, a);
        compare(&st, &sf_f32, "narrow", a, 0, got, bits32(r), COUNTED);
        start(&st, i & 3);
        z = p;
        got = sf_convert(&st, &sf_f64, &sf_f32, b);
        compare(&st, &sf_f64, "widen", b, 0, got, bits64(z), COUNTED);
    }
}

static void test_integers(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t a = operand(&sf_f64), got;
        int64_t n = (int64_t)random64() >> (random64() & 63);
        volatile double x = f64(a), z;
        volatile int64_t k = n;
        double rounded;
        SfState st;

        start(&st, i & 3);
        z = k;
        got = sf_from_int(&st, &sf_f64, n);
        compare(&st, &sf_f64, "from_int", n, 0, got, bits64(z), SF_PE);

        start(&st, i & 3);
        rounded = nearbyint(x);
        got = sf_round(&st, &sf_f64, a, i & 3, false);
        compare(&st, &sf_f64, "round", a, 0, got, bits64(rounded), 0);
        got = sf_to_int(&st, &sf_f64, a, i & 3, 64);
        if (rounded >= -0x1p63 && rounded < 0x1p63) {
            g_assert_cmpint((int64_t)got, ==, (int64_t)rounded);
        } else {
            g_assert_cmphex(got, ==, UINT64_C(1) << 63);
            g_assert_true(st.flags & SF_IE);
        }
        got = sf_to_int(&st, &sf_f64, a, i & 3, 32);
        if (rounded >= -0x1p31 && rounded < 0x1p31) {
            g_assert_cmpint((int32_t)got, ==, (int32_t)rounded);
        } else {
            g_assert_cmphex((uint32_t)got, ==, UINT32_C(1) << 31);
        }
    }
}

/* What no host does by itself: denormals as zeros, x86 minimum and maximum. */
static void test_x86(void)
{
    uint64_t denormal = 0x8000000000000001, one = bits64(1);
    uint64_t nan = UINT64_C(0x7ff8) << 48, minus_zero = UINT64_C(1) << 63;
    SfState st = sf_state(ALL_MASKED | SF_DAZ);

    g_assert_cmphex(sf_daz(&st, &sf_f64, denormal), ==, minus_zero);
    g_assert_cmphex(sf_add(&st, &sf_f64, denormal, one), ==, one);
    g_assert_cmphex(st.flags, ==, 0);
    st = sf_state(ALL_MASKED);
    g_assert_cmphex(sf_add(&st, &sf_f64, denormal, one), !=, denormal);
    g_assert_cmphex(st.flags, ==, SF_DE | SF_PE);
    st = sf_state(ALL_MASKED | SF_FTZ);
    g_assert_cmphex(sf_mul(&st, &sf_f64, bits64(0x1p-1022), bits64(-0.75)),
                    ==, minus_zero);
    g_assert_cmphex(st.flags, ==, SF_UE | SF_PE);
    /* The second operand is the answer to NaNs and to zeros. */
    g_assert_cmphex(sf_min(&st, &sf_f64, nan, one), ==, one);
    g_assert_cmphex(sf_max(&st, &sf_f64, one, nan), ==, nan);
    g_assert_cmphex(sf_min(&st, &sf_f64, minus_zero, 0), ==, 0);
    g_assert_cmphex(sf_max(&st, &sf_f64, 0, minus_zero), ==, minus_zero);
    g_assert_cmphex(sf_default_nan(&sf_f64), ==, UINT64_C(0xfff8) << 48);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/softfloat/add", test_add);
    g_test_add_func("/softfloat/sub", test_sub);
    g_test_add_func("/softfloat/mul", test_mul);
    g_test_add_func("/softfloat/div", test_div);
    g_test_add_func("/softfloat/sqrt", test_sqrt);
    g_test_add_func("/softfloat/fma", test_fma);
    g_test_add_func("/softfloat/compare", test_compare);
    g_test_add_func("/softfloat/convert", test_convert);
    g_test_add_func("/softfloat/integers", test_integers);
    g_test_add_func("/softfloat/x86", test_x86);
    return g_test_run();
}
