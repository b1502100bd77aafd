/*
 * The LoongArch encoder: constants by running what was written, branches that
 * are set later against those written at once, LASX made of LSX against the
 * tables.  The instructions themselves are compared with LLVM's assembler by
 * tests/encoder.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "../../tcg/loongarch64/la-asm.h"

/* What the instructions of a constant leave in their register. */
static uint64_t run(const uint32_t *p, unsigned n)
{
    uint64_t v = 0xdeadbeefcafef00dull;

    for (unsigned k = 0; k < n; k++) {
        uint32_t w = p[k];
        unsigned j = w >> 5 & 31;
        int64_t s12 = (int32_t)(w << 10) >> 20, s20 = (int32_t)(w << 7) >> 12;
        uint64_t in = j == LA_ZERO ? 0 : v;

        g_assert_cmpuint(w & 31, ==, LA_A3);
        if (w >> 25 == LA_OP_lu12i_w >> 25) {
            v = s20 * 4096;
        } else if (w >> 25 == LA_OP_lu32i_d >> 25) {
            v = (uint32_t)v | (uint64_t)s20 << 32;
        } else if (w >> 22 == LA_OP_addi_w >> 22) {
            v = (int32_t)(in + s12);
        } else if (w >> 22 == LA_OP_ori >> 22) {
            v = in | (w >> 10 & 0xfff);
        } else if (w >> 22 == LA_OP_lu52i_d >> 22) {
            v = (in & ~(0xfffull << 52)) | (uint64_t)s12 << 52;
        } else if (w >> 16 == LA_OP_slli_d >> 16) {
            v = in << (w >> 10 & 63);
        } else {
            unsigned msb = w >> 16 & 63;

            g_assert_cmpuint(w >> 22, ==, LA_OP_bstrpick_d >> 22);
            g_assert_cmpuint(w >> 10 & 63, ==, 0);
            v = msb == 63 ? in : in & (((uint64_t)1 << (msb + 1)) - 1);
        }
    }
    return v;
}

static void check_constant(uint64_t v)
{
    uint32_t code[8];
    LAAsm a = { .p = code };
    unsigned n = la_li(&a, LA_A3, v);

    g_assert_cmpuint(n, ==, a.p - code);
    g_assert_cmpuint(n, ==, la_li_len(v));
    g_assert_cmpuint(n, <=, 4);
    g_assert_cmphex(run(code, n), ==, v);
}

static void test_constants(void)
{
    for (unsigned i = 0; i < 64; i++) {
        for (unsigned j = 0; j < 64; j++) {
            uint64_t v = ((uint64_t)1 << i) - ((uint64_t)1 << j);

            check_constant(v);
            check_constant(v - 1);
            check_constant(~v);
            check_constant(v ^ 0x800);
        }
    }
    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t v = (uint64_t)(uint32_t)g_test_rand_int() << 32 |
                     (uint32_t)g_test_rand_int();

        check_constant((int64_t)v >> g_test_rand_int_range(0, 64));
        check_constant(v << g_test_rand_int_range(0, 64));
    }
}

/* A branch of each kind with the offset, and the bits that it has for that. */
static void put_b(LAAsm *a, int64_t off)
{
    la_b(a, off);
}

static void put_bl(LAAsm *a, int64_t off)
{
    la_bl(a, off);
}

#define BRANCH(name, ...) \
    static void put_##name(LAAsm *a, int64_t off) \
    { \
        la_##name(a, __VA_ARGS__, off); \
    }
BRANCH(beqz, LA_T3)
BRANCH(bnez, LA_S7)
BRANCH(bceqz, 5)
BRANCH(bcnez, 2)
BRANCH(jirl, LA_RA, LA_T8)
BRANCH(beq, LA_A0, LA_S8)
BRANCH(bne, LA_S8, LA_A0)
BRANCH(blt, LA_T0, LA_T1)
BRANCH(bge, LA_R21, LA_A7)
BRANCH(bltu, LA_FP, LA_ZERO)
BRANCH(bgeu, LA_ZERO, LA_TP)

static const struct {
    void (*put)(LAAsm *a, int64_t off);
    unsigned bits;
} branches[] = {
    { put_b, 26 }, { put_bl, 26 }, { put_beqz, 21 }, { put_bnez, 21 },
    { put_bceqz, 21 }, { put_bcnez, 21 }, { put_jirl, 16 }, { put_beq, 16 },
    { put_bne, 16 }, { put_blt, 16 }, { put_bge, 16 }, { put_bltu, 16 },
    { put_bgeu, 16 },
};

static void test_branches(void)
{
    for (unsigned k = 0; k < G_N_ELEMENTS(branches); k++) {
        int64_t edge = (int64_t)4 << (branches[k].bits - 1);
        uint32_t at_once, later, before;
        LAAsm a = { .p = &later };

        for (unsigned i = 0; i < 1000; i++) {
            int64_t off = i == 0 ? -edge : i == 1 ? edge - 4 :
                          g_test_rand_int() * 4ll % edge;

            a.p = &at_once;
            branches[k].put(&a, off);
            a.p = &later;
            branches[k].put(&a, g_test_rand_int() * 4ll % edge);
            g_assert_true(la_set_branch(&later, off));
            g_assert_cmphex(later, ==, at_once);
        }
        before = later;
        g_assert_false(la_set_branch(&later, edge));
        g_assert_false(la_set_branch(&later, -edge - 4));
        g_assert_false(la_set_branch(&later, 2));
        g_assert_cmphex(later, ==, before);
    }
}

/* Instructions of LSX and LASX as they are in the tables. */
typedef struct Row {
    const char *name;
    uint32_t op;
} Row;

#define LA(fn, name, kinds, enc, op) { name, op },
static const Row lsx[] = {
#include "../../tcg/loongarch64/la-lsx.def"
};
static const Row lasx[] = {
#include "../../tcg/loongarch64/la-lasx.def"
};
#undef LA

static const Row *lasx_row(const char *name)
{
    for (unsigned k = 0; k < G_N_ELEMENTS(lasx); k++) {
        if (lasx[k].name[0] == 'x' && !strcmp(lasx[k].name + 1, name)) {
            return &lasx[k];
        }
    }
    return NULL;
}

/* Memory accesses and numbers of elements are not for la_widen(). */
static bool is_widened(const char *name)
{
    static const char *const not[] = { "vld", "vst", "vinsgr2vr", "vpickve2gr" };

    for (unsigned k = 0; k < G_N_ELEMENTS(not); k++) {
        if (!strncmp(name, not[k], strlen(not[k]))) {
            return false;
        }
    }
    return true;
}

static void test_widen(void)
{
    unsigned n = 0;

    for (unsigned k = 0; k < G_N_ELEMENTS(lsx); k++) {
        const Row *x = lasx_row(lsx[k].name);

        if (x && is_widened(lsx[k].name)) {
            g_assert_cmphex(la_widen(lsx[k].op), ==, x->op);
            g_assert_cmphex(la_narrow(x->op), ==, lsx[k].op);
            /* registers do not matter */
            g_assert_cmphex(la_widen(lsx[k].op | 0x3ff), ==, x->op | 0x3ff);
            n++;
        }
    }
    g_assert_cmpuint(n, >, 600);
    g_assert_cmphex(la_widen(LA_OP_movfr2gr_d), ==, LA_OP_movfr2gr_d);
    g_assert_cmphex(la_widen(LA_OP_addi_d), ==, LA_OP_addi_d);
    g_assert_cmphex(la_widen(LA_OP_fmadd_d), ==, LA_OP_fmadd_d);
    g_assert_cmphex(la_narrow(LA_OP_vfadd_d), ==, LA_OP_vfadd_d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/la-asm/constants", test_constants);
    g_test_add_func("/la-asm/branches", test_branches);
    g_test_add_func("/la-asm/widen", test_widen);
    return g_test_run();
}
