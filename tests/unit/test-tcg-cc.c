/*
 * tcg_cc_eval() against a model that computes one bit at a time, and on
 * x86-64 against the processor's own flags.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "tcg/tcg.h"

static GRand *rnd;

static unsigned pick(unsigned n)
{
    return g_rand_int_range(rnd, 0, n);
}

static uint64_t number(void)
{
    static const uint64_t special[] = {
        0, 1, 2, 0xf, 0x10, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
        0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, 1ull << 63, UINT64_MAX,
    };

    return pick(2) ? special[pick(G_N_ELEMENTS(special))]
                   : (uint64_t)g_rand_int(rnd) << 32 | g_rand_int(rnd);
}

static bool bit(uint64_t x, unsigned n)
{
    return x >> n & 1;
}

static uint64_t low(uint64_t x, unsigned bits)
{
    return bits == 64 ? x : x & ((1ull << bits) - 1);
}

/* S, Z, P by counting. */
static uint32_t model_szp(uint64_t res, unsigned bits)
{
    unsigned ones = 0;

    for (unsigned i = 0; i < 8; i++) {
        ones += bit(res, i);
    }
    return (bit(res, bits - 1) ? TCG_CC_S : 0) |
           (low(res, bits) == 0 ? TCG_CC_Z : 0) |
           (ones % 2 == 0 ? TCG_CC_P : 0);
}

/* Add with a carry that ripples; subtraction adds the complement. */
static uint32_t model_add(uint64_t a, uint64_t b, bool carry, unsigned bits,
                          bool subtract, uint64_t *res)
{
    uint32_t f = 0;
    bool c = carry != subtract, before = false;

    *res = 0;
    for (unsigned i = 0; i < bits; i++) {
        bool x = bit(a, i), y = bit(b, i) != subtract;

        before = c;
        *res |= (uint64_t)(x ^ y ^ c) << i;
        c = (x && y) || (c && (x || y));
        if (i == 3 && c != subtract) {
            f |= TCG_CC_A;
        }
    }
    f |= c != subtract ? TCG_CC_C : 0;
    f |= c != before ? TCG_CC_O : 0;
    return f | model_szp(*res, bits);
}

static void check(TCGCCKind kind, unsigned w, uint64_t dst, uint64_t src,
                  uint64_t src2, uint32_t want)
{
    uint32_t got = tcg_cc_eval(TCG_CC_OP(kind, w), dst, src, src2);

    if (got != want) {
        g_test_message("kind %d width %u: %" PRIx64 " %" PRIx64 " %" PRIx64
                       ": %x, expected %x", kind, w, dst, src, src2, got,
                       want);
        g_test_fail();
    }
}

/* Bits above the width must not matter. */
static uint64_t dirty(uint64_t x, unsigned bits)
{
    return bits == 64 ? x : low(x, bits) | number() << bits;
}

static void test_arith(void)
{
    for (unsigned n = 0; n < 200000; n++) {
        unsigned w = pick(4), bits = 8u << w;
        uint64_t a = low(number(), bits), b = low(number(), bits), res;
        bool c = pick(2);
        uint32_t f;

        f = model_add(a, b, false, bits, false, &res);
        check(CC_KIND_ADD, w, dirty(res, bits), dirty(b, bits), number(), f);
        f = model_add(a, b, c, bits, false, &res);
        check(CC_KIND_ADC, w, dirty(res, bits), dirty(b, bits), c, f);
        f = model_add(a, b, false, bits, true, &res);
        check(CC_KIND_SUB, w, dirty(res, bits), dirty(b, bits), number(), f);
        check(CC_KIND_CMP, w, dirty(a, bits), dirty(b, bits), number(), f);
        f = model_add(a, b, c, bits, true, &res);
        check(CC_KIND_SBB, w, dirty(res, bits), dirty(b, bits), c, f);
        f = model_add(a, 1, false, bits, false, &res);
        check(CC_KIND_INC, w, dirty(res, bits), c, number(),
              (f & ~TCG_CC_C) | c);
        f = model_add(a, 1, false, bits, true, &res);
        check(CC_KIND_DEC, w, dirty(res, bits), c, number(),
              (f & ~TCG_CC_C) | c);
        check(CC_KIND_LOGIC, w, dirty(a, bits), number(), number(),
              model_szp(a, bits));
        check(CC_KIND_ANDN, w, dirty(a, bits), number(), number(),
              model_szp(a, bits));
    }
}

/* A shift, one step at a time. */
static uint32_t model_shift(TCGCCKind kind, uint64_t a, unsigned count,
                            unsigned bits, uint64_t *last, uint64_t *res)
{
    bool c = false;
    uint32_t f;

    *res = *last = a;
    for (unsigned i = 0; i < count; i++) {
        *last = *res;
        if (kind == CC_KIND_SHL) {
            c = bit(*res, bits - 1);
            *res = low(*res << 1, bits);
        } else {
            bool top = kind == CC_KIND_SAR && bit(*res, bits - 1);

            c = bit(*res, 0);
            *res = *res >> 1 | (uint64_t)top << (bits - 1);
        }
    }
    f = model_szp(*res, bits) | (c ? TCG_CC_C : 0);
    if (kind == CC_KIND_SHL) {
        f |= bit(*res, bits - 1) != c ? TCG_CC_O : 0;
    } else if (kind == CC_KIND_SHR) {
        f |= bit(*last, bits - 1) ? TCG_CC_O : 0;
    }
    return f;
}

static void test_shifts(void)
{
    static const TCGCCKind kinds[][2] = {
        { CC_KIND_SHL, CC_KIND_SHLV }, { CC_KIND_SHR, CC_KIND_SHRV },
        { CC_KIND_SAR, CC_KIND_SARV },
    };

    for (unsigned n = 0; n < 200000; n++) {
        unsigned w = pick(4), bits = 8u << w, k = pick(3);
        unsigned count = pick(bits == 64 ? 64 : 32);
        uint64_t a = low(number(), bits), last, res;
        uint32_t old = number() & TCG_CC_ALL, f;

        f = model_shift(kinds[k][0], a, count, bits, &last, &res);
        check(kinds[k][1], w, dirty(a, bits), count, old, count ? f : old);
        if (count) {
            check(kinds[k][0], w, dirty(res, bits), dirty(last, bits),
                  number(), f);
        }
    }
}

static void test_others(void)
{
    for (unsigned n = 0; n < 50000; n++) {
        unsigned w = pick(4), bits = 8u << w;
        uint64_t a = low(number(), bits), x = number() * pick(2);

        check(CC_KIND_MUL, w, dirty(a, bits), x, 0, model_szp(a, bits) |
              (x ? TCG_CC_C | TCG_CC_O : 0));
        check(CC_KIND_BLS, w, dirty(a, bits), x, 0,
              (model_szp(a, bits) & ~TCG_CC_P) | (x ? TCG_CC_C : 0));
        check(CC_KIND_Z, w, dirty(a, bits), 0, 0, a ? 0 : TCG_CC_Z);
        check(CC_KIND_ZC, w, dirty(a, bits), dirty(low(x, bits), bits), 0,
              (a ? 0 : TCG_CC_Z) | (low(x, bits) ? 0 : TCG_CC_C));
        check(CC_KIND_EFLAGS, w, x, number(), number(), x & TCG_CC_ALL);
    }
}

/* Conditions by their definitions in the SDM, volume 1, appendix B. */
static void test_conditions(void)
{
    for (uint32_t i = 0; i < 64; i++) {
        bool c = i & 1, p = i & 2, z = i & 4, s = i & 8, o = i & 16;
        uint32_t f = (c ? TCG_CC_C : 0) | (p ? TCG_CC_P : 0) |
                     (z ? TCG_CC_Z : 0) | (s ? TCG_CC_S : 0) |
                     (o ? TCG_CC_O : 0) | (i & 32 ? TCG_CC_A : 0);
        bool want[16] = {
            o, !o, c, !c, z, !z, c || z, !(c || z), s, !s, p, !p,
            s != o, s == o, z || s != o, !z && s == o,
        };

        for (unsigned cond = 0; cond < 16; cond++) {
            g_assert_cmpint(tcg_cc_test(cond, f), ==, want[cond]);
            /* flags the condition does not read make no difference */
            g_assert_cmpint(tcg_cc_test(cond, f & tcg_cc_cond_flags(cond)),
                            ==, want[cond]);
        }
    }
}

#ifdef __x86_64__
#define HOST(type, insn, a, b)                                          \
    ({                                                                  \
        type x_ = (a);                                                  \
        uint64_t f_;                                                    \
        asm(insn " %2, %0\n\tpushfq\n\tpop %1"                          \
            : "+r"(x_), "=r"(f_) : "r"((type)(b)) : "cc");              \
        host_res = x_;                                                  \
        (uint32_t)f_ & TCG_CC_ALL;                                      \
    })

static void test_host(void)
{
    for (unsigned n = 0; n < 100000; n++) {
        uint64_t a = number(), b = number(), host_res;
        uint32_t f;

#define WIDTH(type, w, suffix)                                          \
        f = HOST(type, "add" suffix, a, b);                             \
        check(CC_KIND_ADD, w, host_res, b, 0, f);                       \
        f = HOST(type, "sub" suffix, a, b);                             \
        check(CC_KIND_SUB, w, host_res, b, 0, f);                       \
        f = HOST(type, "cmp" suffix, a, b);                             \
        check(CC_KIND_CMP, w, a, b, 0, f);                              \
        f = HOST(type, "test" suffix, a, b) & ~TCG_CC_A;                \
        check(CC_KIND_LOGIC, w, a & b, 0, 0, f);
        WIDTH(uint8_t, MO_8, "b")
        WIDTH(uint16_t, MO_16, "w")
        WIDTH(uint32_t, MO_32, "l")
        WIDTH(uint64_t, MO_64, "q")
#undef WIDTH
    }
}
#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    rnd = g_rand_new_with_seed(11);
    g_test_add_func("/tcg/cc/arith", test_arith);
    g_test_add_func("/tcg/cc/shifts", test_shifts);
    g_test_add_func("/tcg/cc/others", test_others);
    g_test_add_func("/tcg/cc/conditions", test_conditions);
#ifdef __x86_64__
    g_test_add_func("/tcg/cc/host", test_host);
#endif
    return g_test_run();
}
