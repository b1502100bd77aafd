/*
 * The test library.  Every result depends on every argument.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzttest.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

__int128 kt_wide(int i, __int128 a, unsigned __int128 b)
{
    return a * i - (__int128)(b >> 3);
}

float _Complex kt_cfloat(float _Complex c, float f)
{
    return c * f + 1;
}

double _Complex kt_cdouble(double d, double _Complex c)
{
    return c - d;
}

long double _Complex kt_clong(long double _Complex c, int i)
{
    return c * i;
}

KtLongInt kt_long_int(int i, KtLongInt l, long double v)
{
    return (KtLongInt) { l.a * i + v, l.b - i };
}

KtArrays kt_arrays(KtArrays a, KtArrays b)
{
    return (KtArrays) {
        { a.v[1], b.v[0] }, { a.s[3], b.s[2], a.s[1], b.s[0] }
    };
}

KtBits kt_bits(KtBits b)
{
    return (KtBits) { b.b & 31, b.c & 2047, b.a, (int8_t)-b.d };
}

KtUnion kt_union(KtUnion u, int i)
{
    u.b[i & 7]++;
    return u;
}

KtComplex kt_complex(KtComplex c)
{
    float im = ((float *)&c.c)[1];

    return (KtComplex) { im, c.c + c.re };
}

int64_t kt_thirty(int a, int b, int c, int d, int e, int f, int g, int h,
                  int i, int j, int64_t k, int64_t l, int64_t m, int64_t n,
                  int64_t o, double p, double q, double r, double s, double t,
                  double u, double v, double w, double x, double y, int8_t z,
                  uint8_t aa, int16_t ab, bool ac, int64_t ad)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i +
           10 * j + 11 * k + 12 * l + 13 * m + 14 * n + 15 * o +
           (int64_t)(16 * p + 17 * q + 18 * r + 19 * s + 20 * t + 21 * u +
                     22 * v + 23 * w + 24 * x + 25 * y) +
           26 * z + 27 * aa + 28 * ab + 29 * ac + 30 * ad;
}

long double kt_call_long(KtLongFn *fn, double v)
{
    float _Complex c = (float)v;

    ((float *)&c)[1] = 0.5f;
    return fn(v, (KtLong) { v * 2 }, c) + 1;
}

int64_t kt_call_wide(KtWideFn *fn, int64_t v)
{
    double _Complex c = 3;
    __int128 r = fn(-7, (__int128)v << 40, c);

    return (int64_t)(r >> 40);
}

int64_t kt_call_many(KtManyFn *fn, int v)
{
    return fn((int8_t)-v, v, (int64_t)v << 33, 65535, -1, true, 6, 1.5f, 2.25,
              9, (KtPair) { 10, -11 }, (KtBig) { { 12, 13, v } });
}

int kt_vprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    return vsnprintf(buf, size, fmt, ap);
}

int kt_printf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

/* A named double before the format: "i" int, "d" double. */
double kt_scale(double f, const char *fmt, ...)
{
    double sum = 0;
    va_list ap;

    va_start(ap, fmt);
    for (; *fmt; fmt++) {
        if (*fmt == 'd') {
            sum += va_arg(ap, int);
        } else if (*fmt == 'f') {
            sum += va_arg(ap, double);
        }
    }
    va_end(ap);
    return sum * f;
}

int kt_scanf(const char *text, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsscanf(text, fmt, ap);
    va_end(ap);
    return n;
}

char *kt_concat(const char *first, ...)
{
    char *r = calloc(1, 1000);
    va_list ap;

    va_start(ap, first);
    for (const char *s = first; r && s; s = va_arg(ap, const char *)) {
        strncat(r, s, 999 - strlen(r));
    }
    va_end(ap);
    return r;
}

int64_t kt_sum(int n, ...)
{
    int64_t sum = 0;
    va_list ap;

    va_start(ap, n);
    for (int i = 0; i < n; i++) {
        sum = 3 * sum + va_arg(ap, int64_t);
    }
    va_end(ap);
    return sum;
}

/* op 1: (int, int64_t); op 2: (function, int); op 3: (double). */
int kt_config(int op, ...)
{
    int r = -1;
    va_list ap;

    va_start(ap, op);
    if (op == 1) {
        r = va_arg(ap, int);
        r -= (int)(va_arg(ap, int64_t) >> 32);
    } else if (op == 2) {
        KtIntFn *fn = va_arg(ap, KtIntFn *);

        r = fn(va_arg(ap, int));
    } else if (op == 3) {
        r = (int)(va_arg(ap, double) * 8);
    }
    va_end(ap);
    return r;
}

int kt_step(const KtTable *t, int v)
{
    int seen = t->version;
    KtObject o = { t, v };

    t->visit(&seen, v);
    return t->step(&o, seen);
}

static int own_step(KtObject *o, int v)
{
    o->value += v;
    return o->value;
}

static void own_visit(void *opaque, int v)
{
    *(int *)opaque -= v;
}

static const KtTable own_table = { 7, own_step, own_visit };

KtObject *kt_object(int value)
{
    static KtObject o;

    o = (KtObject) { &own_table, value };
    return &o;
}

int kt_object_step(KtObject *o, int v)
{
    return o->table->step(o, v) + 1;
}

static KtDriver *drivers;

static int own_open(KtDriver *d, KtObject *o)
{
    *o = (KtObject) { &own_table, d->id };
    return d->id;
}

static KtDriver own_driver = { NULL, 1, own_open };

void kt_register(KtDriver *d)
{
    for (KtDriver **p = &drivers; *p; p = &(*p)->next) {
        if (*p == d) {
            *p = d->next;
            break;
        }
    }
    d->next = drivers;
    drivers = d;
}

KtDriver *kt_driver(int id)
{
    for (KtDriver *d = drivers; d; d = d->next) {
        if (d->id == id) {
            return d;
        }
    }
    return &own_driver;
}

int kt_open(int id, KtObject *o)
{
    KtDriver *d = kt_driver(id);
    int r = d->open(d, o);

    return r + o->table->step(o, 10);
}

/* Lines; what is behind the first empty one stays unread. */
int kt_copy(FILE *from, FILE *to)
{
    char line[100];
    int c, n = 0;

    while (fgets(line, sizeof(line), from) && line[0] != '\n') {
        fprintf(to, "%d: %s", ++n, line);
    }
    c = fgetc(from);
    if (c != EOF) {
        ungetc(c, from);
    }
    return ferror(from) || ferror(to) ? -1 : n;
}

static KtIntFn *kept;

int kt_keep(KtIntFn *fn)
{
    int r = kept != NULL;

    kept = fn;
    return r;
}

int kt_call_kept(int v)
{
    return kept ? kept(v) : -1;
}

void *kt_realloc(void *p, size_t n)
{
    return realloc(p, n);
}

typedef struct Work {
    pthread_t thread;
    KtIntFn *fn;
    int rounds, sum;
} Work;

static void *work(void *opaque)
{
    Work *w = opaque;

    for (int i = 0; i < w->rounds; i++) {
        w->sum += w->fn(i);
    }
    return (void *)(intptr_t)(w->sum & 0xff);
}

/* Sum of what @n threads got from @rounds calls each; -1 on trouble. */
int kt_threads(KtIntFn *fn, int n, int rounds)
{
    Work *w = calloc(n, sizeof(*w));
    int sum = 0;

    for (int i = 0; w && i < n; i++) {
        w[i].fn = fn;
        w[i].rounds = rounds;
        if (pthread_create(&w[i].thread, NULL, work, &w[i])) {
            return -1;
        }
    }
    for (int i = 0; w && i < n; i++) {
        void *r = NULL;

        if (pthread_join(w[i].thread, &r) ||
            (intptr_t)r != (w[i].sum & 0xff)) {
            return -1;
        }
        sum += w[i].sum;
    }
    free(w);
    return sum;
}

/* A byte, or -1. */
int kt_read_fd(int fd)
{
    unsigned char c;

    return read(fd, &c, 1) == 1 ? c : -1;
}

int kt_nothing(void)
{
    return 42;
}
