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

/* Without the C library's: it may choose code for the host's CPU. */
static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

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

static void check_wide(void)
{
    __int128 w = kt->kt_wide(-3, (__int128)5 << 64,
                             (unsigned __int128)8 << 100);
    float _Complex cf = 2;
    double _Complex cd = 2;
    long double _Complex cl = 2;
    KtLongInt li;
    KtArrays ar;
    KtBits bi;
    KtUnion un;
    KtComplex co;

    KT_CHECK(w == -(((__int128)15 << 64) + ((__int128)1 << 100)));
    ((float *)&cf)[1] = 0.5f;
    cf = kt->kt_cfloat(cf, 3);
    KT_CHECK(((float *)&cf)[0] == 7 && ((float *)&cf)[1] == 1.5f);
    ((double *)&cd)[1] = 0.25;
    cd = kt->kt_cdouble(1, cd);
    KT_CHECK(((double *)&cd)[0] == 1 && ((double *)&cd)[1] == 0.25);
    ((long double *)&cl)[1] = -1.5L;
    cl = kt->kt_clong(cl, 4);
    KT_CHECK(((long double *)&cl)[0] == 8 && ((long double *)&cl)[1] == -6);
    li = kt->kt_long_int(3, (KtLongInt) { 1.25L, 8 }, 0.5L);
    KT_CHECK(li.a == 4.25L && li.b == 5);
    ar = kt->kt_arrays((KtArrays) { { 1, 2 }, { 3, 4, 5, 6 } },
                       (KtArrays) { { 7, 8 }, { 9, 10, 11, 12 } });
    KT_CHECK(ar.v[0] == 2 && ar.v[1] == 7 && ar.s[0] == 6 && ar.s[1] == 11 &&
             ar.s[2] == 4 && ar.s[3] == 9);
    bi = kt->kt_bits((KtBits) { 21, 1000, 50000, -100 });
    KT_CHECK(bi.a == (1000 & 31) && bi.b == (50000 & 2047) && bi.c == 21 &&
             bi.d == 100);
    un = kt->kt_union((KtUnion) { .i = 0x0102030405060708ll }, 3);
    KT_CHECK(un.i == 0x0102030406060708ll);
    co = kt->kt_complex((KtComplex) { 2, 3 });
    KT_CHECK(co.re == 0 && co.c == 5);
    KT_CHECK(kt->kt_thirty(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                           16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -26, 227,
                           -28, true, 1ll << 40) ==
             1240 + 4285 - 26 * 26 + 27 * 227 - 28 * 28 + 29 +
             30 * (1ll << 40));
}

static int vprintf_of(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = kt->kt_vprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

static void check_variadic(void)
{
    char buf[200], word[20], *p;
    int a = 0, b = 0;
    double d = 0;

    kt->kt_printf(buf, sizeof(buf), "%d %s %c|%5.2f|%*d|%-4x|%lld %%", -5,
                  "text", 'x', 3.14159, 6, 42, 255, 1ll << 50);
    KT_CHECK(same(buf, "-5 text x| 3.14|    42|ff  |1125899906842624 %"));
    kt->kt_printf(buf, sizeof(buf), "%g %g %g %g %g %g %g %g %g %g %d %d %d %d "
                  "%Lg %d", 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 1, 2, 3,
                  4, 2.5L, 5);
    KT_CHECK(same(buf, "1 2 3 4 5 6 7 8 9 10 1 2 3 4 2.5 5"));
    kt->kt_printf(buf, sizeof(buf), "%2$s %1$d %3$Lg", 7, "b", 1.5L);
    KT_CHECK(same(buf, "b 7 1.5"));
    vprintf_of(buf, sizeof(buf), "%s %d %f %Lf %d %d %d %d %.1f", "v", 1, 2.5,
               3.5L, 4, 5, 6, 7, 8.5);
    KT_CHECK(same(buf, "v 1 2.500000 3.500000 4 5 6 7 8.5"));
    KT_CHECK(kt->kt_scale(2, "%d%f%d", 1, 2.5, 3) == 13);
    KT_CHECK(kt->kt_scanf("12 abc 3.5 99", "%d %19[a-z] %lf %d", &a, word, &d,
                          &b) == 4 && a == 12 && same(word, "abc") &&
             d == 3.5 && b == 99);
    p = kt->kt_concat("a", "bc", "def", "g", "h", "i", "j", "k", NULL);
    KT_CHECK(p && same(p, "abcdefghijk"));
    kt->kt_free(p);
    KT_CHECK(kt->kt_sum(9, 1l, 2l, 3l, 4l, 5l, 6l, 7l, 8l, 9l) == 14757);
    KT_CHECK(kt->kt_sum(0) == 0);
    KT_CHECK(kt->kt_config(1, -7, 5ll << 32) == -12);
    KT_CHECK(kt->kt_config(2, cb_plus, 10) == 13);
    KT_CHECK(kt->kt_config(3, 2.5) == 20);
    KT_CHECK(kt->kt_config(4) == -1);
}

static long double cb_long(long double a, KtLong b, float _Complex c)
{
    return a * 100 + b.v + (long double)((float *)&c)[0] +
           (long double)((float *)&c)[1];
}

static __int128 cb_wide(int i, __int128 w, double _Complex c)
{
    return w * i * (int)((double *)&c)[0];
}

static int64_t cb_many(int8_t a, int b, int64_t c, uint16_t d, int e, bool f,
                       int64_t g, float h, double i, int j, KtPair k, KtBig l)
{
    return a + b * 2 + c + d + e + f * 5 + g * 6 + (int64_t)(h * 2 + i * 4) +
           j * 7 + k.a * 8 + k.b * 9 + l.v[0] * 10 + l.v[1] * 11 +
           l.v[2] * 12;
}

static int table_step(KtObject *o, int v)
{
    return o->value * 1000 + v;
}

static const KtTable table = { 50, table_step, cb_visit };

static int driver_open(KtDriver *d, KtObject *o)
{
    KtDriver *inner = kt->kt_driver(1);
    int r = inner->open(inner, o);      /* native, called by the guest */

    r += o->table->step(o, 4);
    *o = (KtObject) { &table, d->id };
    return r;
}

static void check_structs(void)
{
    static KtDriver driver = { NULL, 77, driver_open };
    KtObject o, *p;
    int seen = 5;

    KT_CHECK(kt->kt_call_long(cb_long, 2) == 207.5L);
    KT_CHECK(kt->kt_call_wide(cb_wide, 5) == -105);
    KT_CHECK(kt->kt_call_many(cb_many, 3) ==
             -3 + 6 + (3ll << 33) + 65535 - 1 + 5 + 36 + 12 + 63 + 80 - 99 +
             120 + 143 + 36);

    KT_CHECK(kt->kt_step(&table, 6) == 6056);
    KT_CHECK(kt->kt_step(&table, 6) == 6056);
    o = (KtObject) { &table, 2 };
    KT_CHECK(kt->kt_object_step(&o, 3) == 2004 && o.table == &table);
    p = kt->kt_object(30);
    KT_CHECK(p->table->version == 7 && p->table->step(p, 5) == 35);
    p->table->visit(&seen, 3);
    KT_CHECK(seen == 2 && kt->kt_object_step(p, 1) == 37);
    kt->kt_register(&driver);
    KT_CHECK(kt->kt_driver(77) == &driver);
    KT_CHECK(kt->kt_open(77, &o) == 1 + 5 + 77010 && o.table == &table);
    KT_CHECK(driver.open(&driver, &o) == 6);
    KT_CHECK(kt->kt_open(1, &o) == 1 + 11);
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
    check_wide();
    check_variadic();
    check_callbacks();
    check_structs();
    check_longjmp();
    return kt_failed;
}
