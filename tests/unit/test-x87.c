/*
 * The portable x87 arithmetic against the host's x87 unit: random and special
 * operands, every precision and rounding mode, masked and unmasked
 * exceptions.  The host runs the real instruction with the guest's control
 * word and dumps its state with FNSAVE, which raises nothing.
 *
 * Hosts without an x87 check known values only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "target/i386/x87/x87.h"

/* Values computed with 200 bits elsewhere; runs on every host. */
static void test_known(void)
{
    X87Fpu s = { .cw = 0x37f };
    const X87Reg one = x87_one();
    const X87Reg half = x87_reg(false, 0x3ffe, 0x8000000000000000ull);
    const X87Reg two = x87_reg(false, 0x4000, 0x8000000000000000ull);
    const X87Reg three = x87_reg(false, 0x4000, 0xc000000000000000ull);
    const X87Reg eighth = x87_reg(false, 0x3ffc, 0x8000000000000000ull);
    const struct {
        X87Reg r;
        uint16_t exp;
        uint64_t mant;
    } v[] = {
        { x87_soft_div(&s, one, three), 0x3ffd, 0xaaaaaaaaaaaaaaabull },
        { x87_soft_sqrt(&s, two), 0x3fff, 0xb504f333f9de6484ull },
        { x87_soft_sin(&s, one), 0x3ffe, 0xd76aa47848677021ull },
        { x87_soft_cos(&s, three), 0xbffe, 0xfd7025f42f2e9308ull },
        { x87_soft_tan(&s, half), 0x3ffe, 0x8bda7adf9a3a5219ull },
        { x87_soft_patan(&s, one, three), 0x3ffd, 0xa4bc7d1934f70924ull },
        { x87_soft_yl2x(&s, one, three), 0x3fff, 0xcae00d1cfdeb43d0ull },
        { x87_soft_f2xm1(&s, half), 0x3ffd, 0xd413cccfe7799211ull },
        { x87_soft_yl2xp1(&s, three, eighth), 0x3ffe,
          0x82809d5be7072dbeull },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
        g_assert_cmphex(v[i].r.exp, ==, v[i].exp);
        g_assert_cmphex(v[i].r.mant, ==, v[i].mant);
    }
    g_assert_cmphex(s.sw & X87_EXC, ==, X87_PE);
}

#ifdef __x86_64__

static uint64_t rng_state = 0x9e3779b97f4a7c15ull;

static uint64_t rnd(void)
{
    uint64_t z = (rng_state += 0x9e3779b97f4a7c15ull);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static X87Reg special(unsigned n)
{
    static const struct {
        uint16_t exp;
        uint64_t mant;
    } v[] = {
        { 0, 0 },
        { 0x3fff, 0x8000000000000000ull },      /* 1 */
        { 0x3ffe, 0x8000000000000000ull },      /* 1/2 */
        { 0x4000, 0x8000000000000000ull },      /* 2 */
        { 0x7fff, 0x8000000000000000ull },      /* inf */
        { 0x7fff, 0xc000000000000000ull },      /* QNaN */
        { 0x7fff, 0xc000000000000123ull },
        { 0x7fff, 0xa000000000000000ull },      /* SNaN */
        { 0x7fff, 0x8000000000000001ull },
        { 0, 1 },                               /* denormals */
        { 0, 0x7fffffffffffffffull },
        { 0, 0x0000040000000000ull },
        { 0, 0x8000000000000000ull },           /* pseudo-denormal */
        { 0, 0xffffffffffffffffull },
        { 1, 0x8000000000000000ull },           /* least normal */
        { 0x7ffe, 0xffffffffffffffffull },      /* largest */
        { 0x7ffe, 0x8000000000000000ull },
        { 0x7fff, 0x4000000000000000ull },      /* pseudo-NaN */
        { 0x7fff, 0 },                          /* pseudo-infinity */
        { 0x3fff, 0x4000000000000000ull },      /* unnormal */
        { 0x403e, 0x8000000000000000ull },      /* 2^63 */
        { 0x403e, 0xffffffffffffffffull },
        { 0x403d, 0xfffffffffffffffeull },
        { 0x401e, 0x8000000000000000ull },      /* 2^31 */
        { 0x400e, 0x8000000000000000ull },      /* 2^15 */
        { 0x3ffe, 0xffffffffffffffffull },
        { 0x3fff, 0x8000000000000001ull },
        { 0x3fff, 0xc000000000000000ull },      /* 1.5 */
        { 0x4000, 0xa000000000000000ull },      /* 2.5 */
    };
    X87Reg r = { 0 };

    n %= ARRAY_SIZE(v) * 2;
    r.mant = v[n / 2].mant;
    r.exp = v[n / 2].exp | (n & 1 ? 0x8000 : 0);
    return r;
}

/* An operand near @near in exponent now and then. */
static X87Reg operand(X87Reg near)
{
    X87Reg r = { 0 };
    uint64_t k = rnd();

    if (k % 8 == 0) {
        return special(k >> 8);
    }
    r.mant = rnd() | 0x8000000000000000ull;
    switch ((k >> 3) % 8) {
    case 0:
        r.mant &= ~(uint64_t)0 << (rnd() & 63);
        break;
    case 1:
        r.mant = near.mant ^ (rnd() & 7);
        break;
    case 2:
        r.mant |= ~(uint64_t)0 >> (rnd() & 63);
        break;
    default:
        break;
    }
    r.exp = k >> 48;
    switch ((k >> 6) % 8) {
    case 0:
    case 1:
    case 2:
        r.exp = (near.exp + (k >> 40) % 8 - 4) & 0x7fff;
        break;
    case 3:
    case 4:
        r.exp = (near.exp + (k >> 40) % 160 - 80) & 0x7fff;
        break;
    case 5:
        r.exp = 0x3fff + (k >> 40) % 200 - 100;
        break;
    default:
        break;
    }
    r.exp |= k >> 63 << 15;
    return r;
}

/* All precisions and rounding modes; mostly masked, else random masks. */
static uint16_t control(unsigned i)
{
    static const uint8_t pc[3] = { 0, 2, 3 };
    uint16_t cw = (i & 3) << 10 | pc[i / 4 % 3] << 8 | 0x40;

    return cw | ((i / 12) & 1 ? rnd() & 0x3f : 0x3f);
}

typedef struct QEMU_PACKED Image {
    uint32_t cw, sw, tw, ip, cs_op, dp, ds;
    struct QEMU_PACKED {
        uint64_t mant;
        uint16_t exp;
    } st[8];
} Image;

typedef struct QEMU_PACKED Raw {
    uint64_t mant;
    uint16_t exp;
} Raw;

#define HOST(insn)                                                      \
    asm volatile("fninit\n\tfldt %2\n\tfldt %1\n\tfldcw %3\n\t" insn    \
                 "\n\tfnsave %0\n\tfninit"                              \
                 : "=m" (im) : "m" (a), "m" (b), "m" (cw) : "memory")

enum {
    OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_SQRT, OP_RNDINT, OP_SCALE, OP_PREM,
    OP_PREM1, OP_XTRACT, OP_COM, OP_UCOM, OP_XAM, OP_F2XM1, OP_YL2X,
    OP_YL2XP1, OP_PATAN, OP_SIN, OP_COS, OP_TAN, OP_SINCOS, OP_COUNT,
};

static const char *const op_names[OP_COUNT] = {
    "fadd", "fsub", "fmul", "fdiv", "fsqrt", "frndint", "fscale", "fprem",
    "fprem1", "fxtract", "fcom", "fucom", "fxam", "f2xm1", "fyl2x",
    "fyl2xp1", "fpatan", "fsin", "fcos", "fptan", "fsincos",
};

static Image host_op(unsigned op, Raw a, Raw b, uint16_t cw)
{
    Image im;

    switch (op) {
    case OP_ADD: HOST("fadd %%st(1), %%st"); break;
    case OP_SUB: HOST(".byte 0xd8, 0xe1"); break;
    case OP_MUL: HOST("fmul %%st(1), %%st"); break;
    case OP_DIV: HOST(".byte 0xd8, 0xf1"); break;
    case OP_SQRT: HOST("fsqrt"); break;
    case OP_RNDINT: HOST("frndint"); break;
    case OP_SCALE: HOST("fscale"); break;
    case OP_PREM: HOST("fprem"); break;
    case OP_PREM1: HOST("fprem1"); break;
    case OP_XTRACT: HOST("fxtract"); break;
    case OP_COM: HOST("fcom %%st(1)"); break;
    case OP_UCOM: HOST("fucom %%st(1)"); break;
    case OP_XAM: HOST("fxam"); break;
    case OP_F2XM1: HOST("f2xm1"); break;
    case OP_YL2X: HOST("fyl2x"); break;
    case OP_YL2XP1: HOST("fyl2xp1"); break;
    case OP_PATAN: HOST("fpatan"); break;
    case OP_SIN: HOST("fsin"); break;
    case OP_COS: HOST("fcos"); break;
    case OP_TAN: HOST("fptan"); break;
    default: HOST("fsincos"); break;
    }
    return im;
}

static bool same(X87Reg r, const Image *im, unsigned i)
{
    return r.mant == im->st[i].mant && r.exp == im->st[i].exp;
}

static uint16_t strip(uint16_t sw)
{
    return sw & (X87_EXC | X87_CC);
}

static unsigned failures;

static void report(const char *name, X87Reg a, X87Reg b, uint16_t cw,
                   X87Reg r, uint16_t sw, const Image *im)
{
    if (failures++ < 20) {
        g_test_message("%s cw %04x a %04x:%016" PRIx64 " b %04x:%016" PRIx64
                       ": %04x:%016" PRIx64 " sw %04x, host %04x:%016" PRIx64
                       " sw %04x", name, cw, a.exp, a.mant, b.exp, b.mant,
                       r.exp, r.mant, sw, im->st[0].exp, im->st[0].mant,
                       im->sw);
    }
}

static const uint8_t arith_op[] = {
    [OP_ADD] = X87_ADD, [OP_SUB] = X87_SUB, [OP_MUL] = X87_MUL,
    [OP_DIV] = X87_DIV,
};

/* Exact operations: everything must agree. */
static void check_exact(unsigned op, X87Reg a, X87Reg b, uint16_t cw,
                        bool host)
{
    Image im = host_op(op, (Raw) { a.mant, a.exp }, (Raw) { b.mant, b.exp },
                       cw);
    X87Fpu s = { .cw = cw };
    X87Reg r = a, r2 = { 0 };
    bool push = false;

    switch (op) {
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_DIV:
        (host ? x87_arith : x87_soft_arith)(&s, arith_op[op], &r, &b);
        break;
    case OP_SQRT: r = host ? x87_sqrt(&s, a) : x87_soft_sqrt(&s, a); break;
    case OP_RNDINT:
        r = host ? x87_rndint(&s, a) : x87_soft_rndint(&s, a);
        break;
    case OP_SCALE:
        r = host ? x87_scale(&s, a, b) : x87_soft_scale(&s, a, b);
        break;
    case OP_PREM:
        r = host ? x87_prem(&s, a, b) : x87_soft_prem(&s, a, b);
        break;
    case OP_PREM1:
        r = host ? x87_prem1(&s, a, b) : x87_soft_prem1(&s, a, b);
        break;
    case OP_XTRACT:
        r = host ? x87_xtract(&s, a, &r2) : x87_soft_xtract(&s, a, &r2);
        push = true;
        break;
    case OP_COM:
    case OP_UCOM:
        s.sw |= x87_soft_compare(&s, a, b, op == OP_UCOM);
        break;
    case OP_XAM:
        s.sw |= x87_examine(a);
        break;
    default:
        g_assert_not_reached();
    }
    if (x87_unmasked(&s, X87_EXC_PRE)) {
        r = a;
        push = false;
    }
    if (op >= OP_COM && op <= OP_XAM) {
        r = a;
    }
    if (strip(s.sw) != strip(im.sw) || !same(r, &im, 0)) {
        if (push && same(r, &im, 0) && same(r2, &im, 1)) {
            return;
        }
        report(op_names[op], a, b, cw, r, s.sw, &im);
    }
    x87_host_clear();
}

static unsigned iterations(void)
{
    return g_test_slow() ? 4000000 : 400000;
}

static void run_exact(unsigned op, bool host)
{
    unsigned i, n = iterations();

    failures = 0;
    for (i = 0; i < n; i++) {
        X87Reg b = operand(x87_one()), a = operand(b);

        check_exact(op, a, b, control(i), host);
    }
    for (i = 0; i < 58 * 58 * 24; i++) {
        check_exact(op, special(i % 58), special(i / 58 % 58),
                    control(i / (58 * 58)), host);
    }
    g_test_message("%s: %u cases", op_names[op], n + 58 * 58 * 24);
    g_assert_cmpuint(failures, ==, 0);
}

static void test_soft(gconstpointer p)
{
    run_exact(GPOINTER_TO_UINT(p), false);
}

static void test_host(gconstpointer p)
{
    run_exact(GPOINTER_TO_UINT(p), true);
}

/* Stores: format, instruction, and what may be compared. */
typedef union Memory {
    uint8_t b[10];
    uint64_t q;
    uint32_t l;
    uint16_t w;
} Memory;

enum {
    ST_F32, ST_F64, ST_I16, ST_I32, ST_I64, ST_T16, ST_T32, ST_T64, ST_BCD,
    ST_COUNT,
};

#define HOST_ST(insn)                                                   \
    asm volatile("fninit\n\tfldt %2\n\tfldcw %3\n\t" insn " %1"         \
                 "\n\tfnsave %0\n\tfninit"                              \
                 : "=m" (im), "+m" (*m) : "m" (a), "m" (cw) : "memory")

static Image host_store(unsigned fmt, Raw a, uint16_t cw, Memory *m)
{
    Image im;

    switch (fmt) {
    case ST_F32: HOST_ST("fstps"); break;
    case ST_F64: HOST_ST("fstpl"); break;
    case ST_I16: HOST_ST("fistps"); break;
    case ST_I32: HOST_ST("fistpl"); break;
    case ST_I64: HOST_ST("fistpll"); break;
    case ST_T16: HOST_ST("fisttps"); break;
    case ST_T32: HOST_ST("fisttpl"); break;
    case ST_T64: HOST_ST("fisttpll"); break;
    default: HOST_ST("fbstp"); break;
    }
    return im;
}

static void test_store(gconstpointer p)
{
    unsigned fmt = GPOINTER_TO_UINT(p), n = iterations(), bad = 0;

    for (unsigned i = 0; i < n; i++) {
        X87Reg a = i < 58 * 24 ? special(i % 58) : operand(x87_one());
        uint16_t cw = control(i < 58 * 24 ? i / 58 : i);
        unsigned rc = cw >> 10 & 3;
        Memory want, got;
        X87Fpu s = { .cw = cw };
        Image im;

        memset(&want, 0x55, sizeof(want));
        got = want;
        im = host_store(fmt, (Raw) { a.mant, a.exp }, cw, &want);
        switch (fmt) {
        case ST_F32: got.l = x87_to_f32(&s, a); break;
        case ST_F64: got.q = x87_to_f64(&s, a); break;
        case ST_I16: got.w = x87_to_int(&s, a, 16, rc); break;
        case ST_I32: got.l = x87_to_int(&s, a, 32, rc); break;
        case ST_I64: got.q = x87_to_int(&s, a, 64, rc); break;
        case ST_T16: got.w = x87_to_int(&s, a, 16, X87_RC_ZERO); break;
        case ST_T32: got.l = x87_to_int(&s, a, 32, X87_RC_ZERO); break;
        case ST_T64: got.q = x87_to_int(&s, a, 64, X87_RC_ZERO); break;
        default: x87_to_bcd(&s, a, got.b); break;
        }
        if (x87_unmasked(&s, X87_EXC_STORE)) {
            memset(&got, 0x55, sizeof(got));
        }
        if (memcmp(&want, &got, 10) || strip(s.sw) != strip(im.sw)) {
            if (bad++ < 10) {
                g_test_message("store %u cw %04x a %04x:%016" PRIx64 ": %016"
                               PRIx64 " sw %04x, host %016" PRIx64 " sw %04x",
                               fmt, cw, a.exp, a.mant, got.q, s.sw, want.q,
                               im.sw);
            }
        }
    }
    g_assert_cmpuint(bad, ==, 0);
}

/* Loads of float, double, integers and packed decimal. */
static void test_load(void)
{
    unsigned bad = 0;

    for (unsigned i = 0; i < iterations(); i++) {
        uint16_t cw = 0x37f;
        Memory m;
        X87Fpu s = { .cw = cw };
        Image im;
        X87Reg r;

        m.q = rnd();
        if (i & 16) {
            m.q &= 0x800fffff807fffffull;   /* denormals, zeros */
        } else if (i & 32) {
            m.q |= 0x7ff000007f800000ull;   /* NaNs, infinities */
        }
        m.b[8] = m.b[0];
        m.b[9] = m.b[1];
        switch (i % 4) {
        case 0:
            asm volatile("fninit\n\tflds %1\n\tfnsave %0"
                         : "=m" (im) : "m" (m));
            r = x87_from_f32(&s, m.l);
            break;
        case 1:
            asm volatile("fninit\n\tfldl %1\n\tfnsave %0"
                         : "=m" (im) : "m" (m));
            r = x87_from_f64(&s, m.q);
            break;
        case 2:
            asm volatile("fninit\n\tfildll %1\n\tfnsave %0"
                         : "=m" (im) : "m" (m));
            r = x87_from_int(m.q);
            break;
        default:
            for (unsigned k = 0; k < 9; k++) {
                m.b[k] = (m.b[k] >> 4) % 10 << 4 | (m.b[k] & 15) % 10;
            }
            asm volatile("fninit\n\tfbld %1\n\tfnsave %0"
                         : "=m" (im) : "m" (m));
            r = x87_from_bcd(m.b);
            break;
        }
        bad += !same(r, &im, 0) || strip(s.sw) != strip(im.sw);
    }
    g_assert_cmpuint(bad, ==, 0);
}

/* Distance of two results in units of the last place; -1: incomparable. */
static int64_t ulps(X87Reg a, uint16_t bexp, uint64_t bmant)
{
    int d = MAX(a.exp & 0x7fff, 1) - MAX(bexp & 0x7fff, 1);
    uint64_t diff;

    if (a.exp == bexp && a.mant == bmant) {
        return 0;
    }
    if ((a.exp ^ bexp) >> 15) {
        return (a.mant | bmant) <= 1 && !((a.exp | bexp) & 0x7fff) ? 1 : -1;
    }
    if ((a.exp & 0x7fff) == 0x7fff || (bexp & 0x7fff) == 0x7fff) {
        return -1;
    }
    if (d == 0) {
        diff = a.mant > bmant ? a.mant - bmant : bmant - a.mant;
        return diff > 1000 ? 1000 : diff;
    }
    if (d == 1) {
        diff = (a.mant - 0x8000000000000000ull) * 2 - bmant;
    } else if (d == -1) {
        diff = (bmant - 0x8000000000000000ull) * 2 - a.mant;
    } else {
        return 1000;
    }
    return diff > 1000 ? 1000 : diff;
}

/*
 * Transcendental functions: special operands and flags exactly, other results
 * within one unit.
 */
static int64_t check_trans(unsigned op, X87Reg a, X87Reg b, uint16_t cw)
{
    Image im = host_op(op, (Raw) { a.mant, a.exp }, (Raw) { b.mant, b.exp },
                       cw);
    X87Fpu s = { .cw = cw };
    X87Reg r, r2 = { 0 };
    bool pushes = op == OP_TAN || op == OP_SINCOS;
    int64_t d, d2 = 0;
    uint16_t ignore = X87_C1;

    switch (op) {
    case OP_F2XM1: r = x87_soft_f2xm1(&s, a); break;
    case OP_YL2X: r = x87_soft_yl2x(&s, b, a); break;
    case OP_YL2XP1: r = x87_soft_yl2xp1(&s, b, a); break;
    case OP_PATAN: r = x87_soft_patan(&s, b, a); break;
    case OP_SIN: r = x87_soft_sin(&s, a); break;
    case OP_COS: r = x87_soft_cos(&s, a); break;
    case OP_TAN: r = x87_soft_tan(&s, a); break;
    default: r = x87_soft_sincos(&s, a, &r2); break;
    }
    if (x87_unmasked(&s, X87_EXC_PRE)) {
        r = a;
        pushes = false;
    }
    if (s.sw & X87_C2) {
        pushes = false;
    }
    if (pushes) {
        d = ulps(r, im.st[1].exp, im.st[1].mant);
        if (op == OP_SINCOS) {
            d2 = ulps(r2, im.st[0].exp, im.st[0].mant);
        }
    } else {
        d = ulps(r, im.st[0].exp, im.st[0].mant);
    }
    if (d2 < 0 || d2 > d) {
        d = d2;
    }
    if (((strip(s.sw) ^ strip(im.sw)) & ~ignore) || d < 0 || d > 1) {
        report(op_names[op], a, b, cw, r, s.sw, &im);
    }
    return d;
}

/* Bring an operand into the documented domain of @op. */
static X87Reg domain(unsigned op, X87Reg a)
{
    if (op == OP_F2XM1 && (a.exp & 0x7fff) > 0x3ffe &&
        (a.exp & 0x7fff) != 0x7fff) {
        a.exp = (a.exp & 0x8000) | (0x3ffe - (rnd() & 15));
    }
    if (op == OP_YL2XP1 && (a.exp & 0x7fff) > 0x3ffc) {
        a.exp = (a.exp & 0x8000) | (0x3ffc - (rnd() & 15));
    }
    return a;
}

static void test_trans(gconstpointer p)
{
    unsigned op = GPOINTER_TO_UINT(p), i, n = iterations() / 10;
    unsigned histogram[2] = { 0 };

    failures = 0;
    for (i = 0; i < n; i++) {
        X87Reg b = operand(x87_one()), a = domain(op, operand(x87_one()));
        int64_t d = check_trans(op, a, b, control(i));

        if (d == 0 || d == 1) {
            histogram[d]++;
        }
    }
    for (i = 0; i < 58 * 58 * 24; i++) {
        check_trans(op, domain(op, special(i % 58)), special(i / 58 % 58),
                    control(i / (58 * 58)));
    }
    g_test_message("%s: %u cases, %u equal, %u off by one", op_names[op],
                   n + 58 * 58 * 24, histogram[0], histogram[1]);
    g_assert_cmpuint(failures, ==, 0);
}

#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/x87/soft/known", test_known);
#ifdef __x86_64__
    for (unsigned op = OP_ADD; op <= OP_XAM; op++) {
        g_autofree char *soft = g_strdup_printf("/x87/soft/%s", op_names[op]);
        g_autofree char *host = g_strdup_printf("/x87/host/%s", op_names[op]);

        g_test_add_data_func(soft, GUINT_TO_POINTER(op), test_soft);
        g_test_add_data_func(host, GUINT_TO_POINTER(op), test_host);
    }
    for (unsigned fmt = 0; fmt < ST_COUNT; fmt++) {
        g_autofree char *name = g_strdup_printf("/x87/soft/store%u", fmt);

        g_test_add_data_func(name, GUINT_TO_POINTER(fmt), test_store);
    }
    g_test_add_func("/x87/soft/load", test_load);
    for (unsigned op = OP_F2XM1; op < OP_COUNT; op++) {
        g_autofree char *soft = g_strdup_printf("/x87/soft/%s", op_names[op]);

        g_test_add_data_func(soft, GUINT_TO_POINTER(op), test_trans);
    }
#endif
    return g_test_run();
}
