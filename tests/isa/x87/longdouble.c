/*
 * Long double: the instructions of the x87, the functions of the C library
 * built on them, printing and scanning, for many random arguments.
 *
 *   longdouble COUNT [SEED]
 *
 * prints a line for each function: its kind, its name and what it returned.
 * Kinds: "text" and "exact" must be the same everywhere, "insn" is what a CPU
 * approximates, "libm" is made of such.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t rng;

static uint64_t rnd(void)
{
    uint64_t z = rng += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* A number of a moderate size, of any size, or a special one. */
static long double any(void)
{
    static const long double special[] = {
        0.0L, -0.0L, 1.0L, -1.0L, 0.5L, 2.0L, 10.0L, INFINITY, -INFINITY,
        NAN, 0x1p-16445L, 0x1.fffffffffffffffep16383L, 0x1p-16382L,
        0x1.921fb54442d1846ap0L, 1e4931L, 1e-4940L, 0x1p63L, 0x1p31L,
    };
    uint64_t m = rnd(), k = rnd();
    int e;

    switch (k % 16) {
    case 0:
        return special[(k >> 8) % (sizeof(special) / sizeof(special[0]))];
    case 1:
        return (int64_t)m >> (k >> 8 & 63);
    case 2:
        e = (int)(k >> 16 & 0x7fff) - 0x3fff;
        break;
    case 3:
    case 4:
        e = (int)(k >> 16 & 127) - 64;
        break;
    default:
        e = (int)(k >> 16 & 15) - 11;
        break;
    }
    return copysignl(ldexpl(m | 1ull << 63, e - 63), k >> 63 ? -1 : 1);
}

/* In the domain the instructions and functions are made for. */
static long double within(long double lo, long double hi)
{
    return lo + (hi - lo) * (rnd() * 0x1p-64L);
}

static void put(long double v)
{
    uint64_t m;
    uint16_t e;

    memcpy(&m, &v, 8);
    memcpy(&e, (char *)&v + 8, 2);
    printf(" %04x%016llx", e, (unsigned long long)m);
}

#define UNARY_INSN(name, insn)                                          \
    static long double name(long double x)                              \
    {                                                                   \
        __asm__ volatile(insn : "+t" (x));                              \
        return x;                                                       \
    }
#define BINARY_INSN(name, insn)                                         \
    static long double name(long double y, long double x)               \
    {                                                                   \
        __asm__ volatile(insn : "+t" (x) : "u" (y) : "st(1)");          \
        return x;                                                       \
    }
UNARY_INSN(insn_sin, "fsin")
UNARY_INSN(insn_cos, "fcos")
UNARY_INSN(insn_tan, "fptan\n\tfstp %%st(0)")
UNARY_INSN(insn_sincos_sin, "fsincos\n\tfstp %%st(0)")
UNARY_INSN(insn_sincos_cos, "fsincos\n\tfstp %%st(1)")
UNARY_INSN(insn_f2xm1, "f2xm1")
BINARY_INSN(insn_patan, "fpatan")
BINARY_INSN(insn_yl2x, "fyl2x")
BINARY_INSN(insn_yl2xp1, "fyl2xp1")

typedef struct Unary {
    const char *kind, *name;
    long double (*fn)(long double x);
    long double lo, hi;                 /* both 0: any argument */
} Unary;

static const Unary unary[] = {
    { "insn", "fsin", insn_sin, 0, 0 },
    { "insn", "fcos", insn_cos, 0, 0 },
    { "insn", "fptan", insn_tan, 0, 0 },
    { "insn", "fsincos-sin", insn_sincos_sin, 0, 0 },
    { "insn", "fsincos-cos", insn_sincos_cos, 0, 0 },
    { "insn", "fsin-near", insn_sin, -10, 10 },
    { "insn", "fcos-near", insn_cos, -10, 10 },
    { "insn", "f2xm1", insn_f2xm1, -1, 1 },
    { "exact", "sqrtl", sqrtl, 0, 0 }, { "exact", "floorl", floorl, 0, 0 },
    { "exact", "ceill", ceill, 0, 0 }, { "exact", "truncl", truncl, 0, 0 },
    { "exact", "rintl", rintl, 0, 0 }, { "exact", "roundl", roundl, 0, 0 },
    { "exact", "nearbyintl", nearbyintl, 0, 0 },
    { "exact", "fabsl", fabsl, 0, 0 }, { "exact", "logbl", logbl, 0, 0 },
    { "exact", "cbrtl", cbrtl, 0, 0 }, { "exact", "asinl", asinl, -1, 1 },
    { "exact", "sinl", sinl, 0, 0 }, { "exact", "cosl", cosl, 0, 0 },
    { "exact", "tanl", tanl, 0, 0 }, { "exact", "erfcl-0", erfcl, -0.8L, 0.8L },
    { "libm", "acosl", acosl, -1, 1 }, { "libm", "atanl", atanl, 0, 0 },
    { "libm", "sinhl", sinhl, -30, 30 }, { "libm", "coshl", coshl, -30, 30 },
    { "libm", "tanhl", tanhl, -3, 3 }, { "libm", "asinhl", asinhl, 0, 0 },
    { "libm", "acoshl", acoshl, 1, 100 }, { "libm", "atanhl", atanhl, -1, 1 },
    { "libm", "expl", expl, -11000, 11000 }, { "libm", "exp2l", exp2l, -90, 90 },
    { "libm", "exp10l", exp10l, -60, 60 }, { "libm", "expm1l", expm1l, -3, 3 },
    { "libm", "logl", logl, 0, 0 }, { "libm", "logl-near", logl, 0.5L, 2 },
    { "libm", "log2l", log2l, 0, 0 }, { "libm", "log10l", log10l, 0, 0 },
    { "libm", "log1pl", log1pl, -0.9L, 3 }, { "libm", "erfl", erfl, -3, 3 },
    { "libm", "erfcl", erfcl, -3, 12 }, { "libm", "lgammal", lgammal, 0, 60 },
    { "libm", "tgammal", tgammal, 0.1L, 60 }, { "libm", "j0l", j0l, 0, 40 },
    { "libm", "y1l", y1l, 0, 40 },
};

typedef struct Binary {
    const char *kind, *name;
    long double (*fn)(long double x, long double y);
    long double lo, hi, lo2, hi2;
} Binary;

static long double remquo_bits(long double x, long double y)
{
    int q;
    long double r = remquol(x, y, &q);

    return isfinite(r) ? r + (q & 7) : r;
}

static const Binary binary[] = {
    { "insn", "fpatan", insn_patan, 0, 0, 0, 0 },
    { "insn", "fyl2x", insn_yl2x, -50, 50, 0, 100 },
    { "insn", "fyl2x-near", insn_yl2x, -1, 1, 0.9L, 1.1L },
    { "insn", "fyl2xp1", insn_yl2xp1, -50, 50, -0.29L, 0.41L },
    { "exact", "fmodl", fmodl, 0, 0, 0, 0 },
    { "exact", "remainderl", remainderl, 0, 0, 0, 0 },
    { "exact", "remquol", remquo_bits, 0, 0, 0, 0 },
    { "exact", "nextafterl", nextafterl, 0, 0, 0, 0 },
    { "exact", "fmaxl", fmaxl, 0, 0, 0, 0 },
    { "exact", "fdiml", fdiml, 0, 0, 0, 0 },
    { "exact", "hypotl", hypotl, 0, 0, 0, 0 },
    { "libm", "atan2l", atan2l, 0, 0, 0, 0 },
    { "libm", "powl", powl, 0, 100, -30, 30 },
    { "libm", "powl-any", powl, 0, 0, -4, 4 },
};

/* Arithmetic and conversions in all rounding modes. */
static void arithmetic(unsigned n)
{
    static const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD,
                                 FE_TOWARDZERO };

    for (unsigned m = 0; m < 4; m++) {
        printf("exact arithmetic-%u", m);
        for (unsigned i = 0; i < n; i++) {
            volatile long double x = any(), y = any();
            volatile double d;
            volatile float f;

            fesetround(modes[m]);
            put(x + y);
            put(x * y);
            put(x / y);
            put(x - y * 3);
            d = x;
            f = y;
            put(d);
            put(f);
            put(fmal(x, y, d));
            put(llrintl(x));
            put((unsigned)fetestexcept(FE_ALL_EXCEPT));
            feclearexcept(FE_ALL_EXCEPT);
            fesetround(FE_TONEAREST);
            put((long double)(int64_t)rnd());
            put((long double)rnd());
            put(fabsl(x) < 1e18L ? (int64_t)x : 0);
        }
        printf("\n");
    }
}

static void parts(unsigned n)
{
    printf("exact parts");
    for (unsigned i = 0; i < n; i++) {
        long double x = any(), ip;
        int e = 0;

        put(frexpl(x, &e));
        put(isfinite(x) && x ? e : 0);
        put(modfl(x, &ip));
        put(ip);
        put(ldexpl(x, (int)(rnd() % 40000) - 20000));
        put(scalbnl(x, (int)(rnd() % 200) - 100));
        put(ilogbl(x));
    }
    printf("\n");
}

/* Printing and scanning. */
static void text(unsigned n)
{
    char buf[12000];
    uint64_t h = 1;
    unsigned wrong = 0;

    for (unsigned i = 0; i < n; i++) {
        long double x = any();
        static const char *const formats[] = {
            "%.21Lg", "%La", "%.36Le", "%.3Lf", "%+025.7LG", "%.0Lf",
        };

        for (unsigned k = 0; k < 6; k++) {
            int len = snprintf(buf, sizeof(buf), formats[k], x);
            long double y = strtold(buf, NULL);

            for (int j = 0; j < len; j++) {
                h = (h ^ (uint8_t)buf[j]) * 0x100000001b3ull;
            }
            if (k < 3 && memcmp(&x, &y, 10) && !isnan(x)) {
                wrong++;
            }
            memcpy(&h, &(uint64_t) { h * 31 + (uint64_t)(y == x) }, 8);
        }
        snprintf(buf, 400, "%.*Lg", 1 + (int)(rnd() % 30), x);
        if (i < 8) {
            printf("text print-%u %s\n", i, buf);
        }
    }
    printf("text round-trips %u lost, hash %016llx\n", wrong,
           (unsigned long long)h);
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? strtoul(argv[1], NULL, 0) : 100;

    rng = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    text(n);
    arithmetic(n);
    parts(n);
    for (unsigned k = 0; k < sizeof(unary) / sizeof(unary[0]); k++) {
        const Unary *u = &unary[k];

        printf("%s %s", u->kind, u->name);
        for (unsigned i = 0; i < n; i++) {
            put(u->fn(u->lo == u->hi ? any() : within(u->lo, u->hi)));
        }
        printf("\n");
    }
    for (unsigned k = 0; k < sizeof(binary) / sizeof(binary[0]); k++) {
        const Binary *b = &binary[k];

        printf("%s %s", b->kind, b->name);
        for (unsigned i = 0; i < n; i++) {
            long double x = b->lo == b->hi ? any() : within(b->lo, b->hi);
            long double y = b->lo2 == b->hi2 ? any() : within(b->lo2, b->hi2);

            put(b->fn(x, y));
        }
        printf("\n");
    }
    return 0;
}
