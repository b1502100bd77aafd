/*
 * The checks of the test library, as guest code: through a table of pointers,
 * so that the same text runs in a unit test and in a guest program.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzttest.h"
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

static const KtApi *kt;
static int kt_failed;           /* line of the first failure */

#define KT_CHECK(x) do { \
        if (!(x) && !kt_failed) { \
            kt_failed = __LINE__; \
        } \
    } while (0)

static int cb_plus(int v)
{
    return v + 3;
}

static double cb_fp(double a, float b, int c)
{
    return a * 100 + (double)b * 10 + c;
}

static KtPoint cb_struct(KtPoint p, KtBig b)
{
    return (KtPoint) { p.x + (double)b.v[0], p.y + (double)b.v[2] };
}

static int cb_compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int cb_nest(int v)
{
    return v <= 0 ? 0 : kt->kt_call(cb_nest, v - 1) + 1;
}

static void cb_visit(void *opaque, int v)
{
    *(int *)opaque += v;
}

static int cb_add(void *opaque, int a, int b)
{
    return a + b;
}

static jmp_buf kt_jmp;

static int cb_jump(int v)
{
    longjmp(kt_jmp, v);
}

static void check_values(void)
{
    int local = 5;
    KtPair pr;
    KtPoint pt;
    KtVec3 v3;
    KtMixed mx;
    KtBig bg;
    KtNested ne;

    KT_CHECK(kt->kt_i8(-128) == 127);
    KT_CHECK(kt->kt_u8(255) == 0);
    KT_CHECK(kt->kt_i16(-5) == -6);
    KT_CHECK(kt->kt_u16(65535) == 0);
    KT_CHECK(kt->kt_i32(-1) == -2);
    KT_CHECK(kt->kt_u32(0xfffffffe) == 0xffffffff);
    KT_CHECK(kt->kt_i64(INT64_MIN + 1) == INT64_MIN);
    KT_CHECK(kt->kt_u64(UINT64_MAX) == 0);
    KT_CHECK(kt->kt_not(false) && !kt->kt_not(true));
    KT_CHECK(kt->kt_colour(KT_GREEN) == KT_BLUE);
    KT_CHECK(kt->kt_f32(1.5f, 0.25f) == 1.0f);
    KT_CHECK(kt->kt_f64(1, 3) == 1.0 / 3);
    KT_CHECK(kt->kt_f80(1.25L, 3, 0.5L) == 3.25L);
    KT_CHECK(kt->kt_pointer(&local, 4) == (char *)&local + 4);
    pr = kt->kt_pair((KtPair) { 3, 4 });
    KT_CHECK(pr.a == 4 && pr.b == -3);
    pt = kt->kt_point((KtPoint) { 2, 3 }, 5);
    KT_CHECK(pt.x == 10 && pt.y == -2);
    v3 = kt->kt_vec3((KtVec3) { 1, 2, 3 }, (KtVec3) { 4, 5, 6 });
    KT_CHECK(v3.x == 5 && v3.y == -3 && v3.z == 18);
    mx = kt->kt_mixed(3, (KtMixed) { 10, 1.5 });
    KT_CHECK(mx.i == 13 && mx.d == 4.5);
    bg = kt->kt_big((KtBig) { { 1, 2, 3 } }, 10);
    KT_CHECK(bg.v[0] == 13 && bg.v[1] == 20 && bg.v[2] == -9);
    KT_CHECK(kt->kt_tiny((KtTiny) { 9 }).c == 10);
    ne = kt->kt_nested((KtNested) { { 1, 2 }, 1.5f });
    KT_CHECK(ne.p.a == 2 && ne.p.b == 1 && ne.f == 3);
    KT_CHECK(kt->kt_long((KtLong) { 7.5L }).v == 2.5L);
    KT_CHECK(kt->kt_many_ints(1, 2, -3, 4, 5, 6, -7, 8, 9, 1ll << 40) ==
             1 + 4 - 9 + 16 + 25 + 36 - 49 + 64 + 81 + 10 * (1ll << 40));
    KT_CHECK(kt->kt_many_fps(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) == 650);
    KT_CHECK(kt->kt_spill(1, 2, 3, 4, 5, (KtMixed) { 6, 7 },
                          (KtPair) { 8, 9 }, 10) == 385);
}

static void check_callbacks(void)
{
    int v[50], sum = 0;
    KtPoint pt;
    KtOps ops = { &sum, cb_visit, cb_add };
    KtIntFn *fn;

    KT_CHECK(kt->kt_call(cb_plus, 4) == 8);
    KT_CHECK(kt->kt_call_fp(cb_fp, 4) == 425);
    pt = kt->kt_call_struct(cb_struct, 3);
    KT_CHECK(pt.x == 9 && pt.y == 4);
    for (int i = 0; i < 50; i++) {
        v[i] = i * 37 % 50;
    }
    kt->kt_sort(v, 50, cb_compare);
    for (int i = 0; i < 50; i++) {
        KT_CHECK(v[i] == i);
    }
    KT_CHECK(kt->kt_call(cb_nest, 30) == 61);
    KT_CHECK(kt->kt_repeat(cb_plus, 100) == 300);

    KT_CHECK(kt->kt_use_ops(&ops, 5) == 10 && sum == 10);
    KT_CHECK(ops.visit == cb_visit && ops.add == cb_add);
    ops.add = NULL;
    KT_CHECK(kt->kt_use_ops(&ops, 2) == 2001 && ops.add);
    KT_CHECK(ops.add && ops.add(NULL, 1, 2) == 1003);
    KT_CHECK(kt->kt_use_ops(&ops, 2) == 2001);

    fn = kt->kt_get_function(2);
    KT_CHECK(fn && fn(21) == 42);
    KT_CHECK(kt->kt_call(fn, 4) == 9);
    KT_CHECK(kt->kt_same_function(fn) == fn);
    KT_CHECK(kt->kt_same_function(cb_plus) == cb_plus);
    KT_CHECK(!kt->kt_get_function(0) && !kt->kt_same_function(NULL));
}

/* Out of callbacks across native frames, many times. */
static void check_longjmp(void)
{
    volatile int n = 0;

    for (volatile int i = 1; i <= 2000; i++) {
        int r = setjmp(kt_jmp);

        if (r == 0) {
            kt->kt_call(cb_jump, i);
            KT_CHECK(false);
        } else {
            KT_CHECK(r == i);
            n++;
        }
        KT_CHECK(kt->kt_i32(7) == 6);
    }
    KT_CHECK(n == 2000 && kt->kt_call(cb_nest, 5) == 11);
}

/* Line of the first failure, or 0. */
static int kt_run_checks(const KtApi *api)
{
    kt = api;
    kt_failed = 0;
    check_values();
    check_callbacks();
    check_longjmp();
    return kt_failed;
}
