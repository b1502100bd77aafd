/*
 * The test library.  Every result depends on every argument.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzttest.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

int8_t kt_i8(int8_t v)
{
    return v - 1;
}

uint8_t kt_u8(uint8_t v)
{
    return v + 1;
}

int16_t kt_i16(int16_t v)
{
    return v - 1;
}

uint16_t kt_u16(uint16_t v)
{
    return v + 1;
}

int kt_i32(int v)
{
    return v - 1;
}

uint32_t kt_u32(uint32_t v)
{
    return v + 1;
}

int64_t kt_i64(int64_t v)
{
    return v - 1;
}

uint64_t kt_u64(uint64_t v)
{
    return v + 1;
}

bool kt_not(bool v)
{
    return !v;
}

KtColour kt_colour(KtColour c)
{
    return c == KT_RED ? KT_GREEN : c == KT_GREEN ? KT_BLUE : KT_RED;
}

float kt_f32(float a, float b)
{
    return a - 2 * b;
}

double kt_f64(double a, double b)
{
    return a / b;
}

long double kt_f80(long double a, int i, long double b)
{
    return a * i - b;
}

void *kt_pointer(void *p, ptrdiff_t n)
{
    return (char *)p + n;
}

KtPair kt_pair(KtPair p)
{
    return (KtPair) { p.b, -p.a };
}

KtPoint kt_point(KtPoint p, double s)
{
    return (KtPoint) { p.x * s, p.y - s };
}

KtVec3 kt_vec3(KtVec3 a, KtVec3 b)
{
    return (KtVec3) { a.x + b.x, a.y - b.y, a.z * b.z };
}

KtMixed kt_mixed(int i, KtMixed m)
{
    return (KtMixed) { m.i + i, m.d * i };
}

KtBig kt_big(KtBig b, int64_t n)
{
    return (KtBig) { { b.v[2] + n, b.v[1] * n, b.v[0] - n } };
}

KtTiny kt_tiny(KtTiny t)
{
    return (KtTiny) { (int8_t)(t.c + 1) };
}

KtNested kt_nested(KtNested n)
{
    return (KtNested) { { n.p.b, n.p.a }, n.f * 2 };
}

KtLong kt_long(KtLong l)
{
    return (KtLong) { l.v / 3 };
}

int64_t kt_many_ints(int a, int64_t b, int8_t c, int d, int e, int f,
                     int8_t g, uint16_t h, int i, int64_t j)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h +
           9ll * i + 10 * j;
}

double kt_many_fps(double a, float b, double c, float d, double e, float f,
                   double g, float h, double i, float j, int k, double l)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h +
           9 * i + 10 * j + 11 * k + 12 * l;
}

int64_t kt_spill(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
                 KtMixed m, KtPair p, int64_t f)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * m.i + (int64_t)(7 * m.d) +
           8 * p.a + 9 * p.b + 10 * f;
}

int kt_call(KtIntFn *fn, int v)
{
    return fn(v) + 1;
}

double kt_call_fp(KtFpFn *fn, double v)
{
    return fn(v, (float)v / 2, (int)v) + 1;
}

KtPoint kt_call_struct(KtStructFn *fn, double v)
{
    KtPoint p = fn((KtPoint) { v, 2 * v }, (KtBig) { { 1, 2, (int64_t)v } });

    return (KtPoint) { p.y, p.x };
}

void kt_sort(int *v, size_t n, KtCompare *cmp)
{
    qsort(v, n, sizeof(*v), cmp);
}

int kt_repeat(KtIntFn *fn, int n)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        v = fn(v);
    }
    return v;
}

static int own_add(void *opaque, int a, int b)
{
    return a + b + 1000;
}

int kt_use_ops(KtOps *ops, int n)
{
    int v = 0;

    if (!ops->add) {
        ops->add = own_add;
    }
    for (int i = 0; i < n; i++) {
        ops->visit(ops->opaque, i);
        v = ops->add(ops->opaque, v, i);
    }
    return v;
}

static int twice(int v)
{
    return 2 * v;
}

static int thrice(int v)
{
    return 3 * v;
}

KtIntFn *kt_get_function(int n)
{
    return n == 0 ? NULL : n == 2 ? twice : thrice;
}

KtIntFn *kt_same_function(KtIntFn *fn)
{
    return fn;
}

int kt_set_errno(int v)
{
    errno = v;
    return -1;
}

void *kt_malloc(size_t n)
{
    return malloc(n);
}

void kt_free(void *p)
{
    free(p);
}

int kt_read(const int *p)
{
    return *p;
}

int kt_sleep_ms(int ms)
{
    struct timespec ts = { ms / 1000, ms % 1000 * 1000000l };

    return nanosleep(&ts, NULL);
}

typedef struct Job {
    KtIntFn *fn;
    int v;
} Job;

static void *run_job(void *opaque)
{
    Job *j = opaque;

    j->v = j->fn(j->v);
    return NULL;
}

int kt_call_on_thread(KtIntFn *fn, int v)
{
    Job j = { fn, v };
    pthread_t t;

    if (pthread_create(&t, NULL, run_job, &j)) {
        return -1;
    }
    pthread_join(t, NULL);
    return j.v;
}
