/*
 * A library with every class of arguments and results, for tests of the
 * pass-through.  Built for the guest and for the host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZTTEST_H
#define KZTTEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct { int32_t a, b; } KtPair;            /* one INTEGER */
typedef struct { double x, y; } KtPoint;            /* two SSE */
typedef struct { float x, y, z; } KtVec3;           /* two SSE, packed */
typedef struct { int64_t i; double d; } KtMixed;    /* INTEGER, SSE */
typedef struct { int64_t v[3]; } KtBig;             /* MEMORY */
typedef struct { int8_t c; } KtTiny;
typedef struct { KtPair p; float f; } KtNested;
typedef struct { long double v; } KtLong;
typedef struct { long double a; int b; } KtLongInt; /* MEMORY, with an x87 */
typedef struct { float v[2]; int16_t s[4]; } KtArrays;
typedef struct { uint32_t a : 5, b : 11, c : 16; int8_t d; } KtBits;
typedef union { int64_t i; double d; uint8_t b[8]; } KtUnion;
typedef struct { float re; float _Complex c; } KtComplex;
typedef enum { KT_RED, KT_GREEN = 7, KT_BLUE = -1 } KtColour;

typedef int KtIntFn(int);
typedef double KtFpFn(double, float, int);
typedef KtPoint KtStructFn(KtPoint, KtBig);
typedef int KtCompare(const void *, const void *);
typedef void KtVisit(void *opaque, int value);
typedef long double KtLongFn(long double, KtLong, float _Complex);
typedef __int128 KtWideFn(int, __int128, double _Complex);
typedef int64_t KtManyFn(int8_t, int, int64_t, uint16_t, int, bool, int64_t,
                         float, double, int, KtPair, KtBig);
typedef struct KtTable KtTable;
typedef struct KtObject {       /* methods in a table behind a pointer */
    const KtTable *table;
    int value;
} KtObject;
struct KtTable {                /* constant: native code keeps it */
    int version;
    int (*step)(KtObject *, int);
    KtVisit *visit;
};
typedef struct KtDriver {       /* registered: native code changes it */
    struct KtDriver *next;
    int id;
    int (*open)(struct KtDriver *, KtObject *);
} KtDriver;
typedef struct KtOps {
    void *opaque;
    KtVisit *visit;
    int (*add)(void *opaque, int a, int b);
} KtOps;

/*
 * KT_FUNCTIONS(X): X(result, name, arguments)
 */
#define KT_FUNCTIONS(X) \
    X(int8_t, kt_i8, (int8_t)) \
    X(uint8_t, kt_u8, (uint8_t)) \
    X(int16_t, kt_i16, (int16_t)) \
    X(uint16_t, kt_u16, (uint16_t)) \
    X(int, kt_i32, (int)) \
    X(uint32_t, kt_u32, (uint32_t)) \
    X(int64_t, kt_i64, (int64_t)) \
    X(uint64_t, kt_u64, (uint64_t)) \
    X(bool, kt_not, (bool)) \
    X(KtColour, kt_colour, (KtColour)) \
    X(float, kt_f32, (float, float)) \
    X(double, kt_f64, (double, double)) \
    X(long double, kt_f80, (long double, int, long double)) \
    X(void *, kt_pointer, (void *, ptrdiff_t)) \
    X(KtPair, kt_pair, (KtPair)) \
    X(KtPoint, kt_point, (KtPoint, double)) \
    X(KtVec3, kt_vec3, (KtVec3, KtVec3)) \
    X(KtMixed, kt_mixed, (int, KtMixed)) \
    X(KtBig, kt_big, (KtBig, int64_t)) \
    X(KtTiny, kt_tiny, (KtTiny)) \
    X(KtNested, kt_nested, (KtNested)) \
    X(KtLong, kt_long, (KtLong)) \
    X(int64_t, kt_many_ints, (int, int64_t, int8_t, int, int, int, int8_t, \
                              uint16_t, int, int64_t)) \
    X(double, kt_many_fps, (double, float, double, float, double, float, \
                            double, float, double, float, int, double)) \
    X(int64_t, kt_spill, (int64_t, int64_t, int64_t, int64_t, int64_t, \
                          KtMixed, KtPair, int64_t)) \
    X(int, kt_call, (KtIntFn *, int)) \
    X(double, kt_call_fp, (KtFpFn *, double)) \
    X(KtPoint, kt_call_struct, (KtStructFn *, double)) \
    X(void, kt_sort, (int *, size_t, KtCompare *)) \
    X(int, kt_repeat, (KtIntFn *, int)) \
    X(int, kt_use_ops, (KtOps *, int)) \
    X(KtIntFn *, kt_get_function, (int)) \
    X(KtIntFn *, kt_same_function, (KtIntFn *)) \
    X(int, kt_set_errno, (int)) \
    X(void *, kt_malloc, (size_t)) \
    X(void, kt_free, (void *)) \
    X(int, kt_read, (const int *)) \
    X(int, kt_sleep_ms, (int)) \
    X(int, kt_call_on_thread, (KtIntFn *, int)) \
    X(__int128, kt_wide, (int, __int128, unsigned __int128)) \
    X(float _Complex, kt_cfloat, (float _Complex, float)) \
    X(double _Complex, kt_cdouble, (double, double _Complex)) \
    X(long double _Complex, kt_clong, (long double _Complex, int)) \
    X(KtLongInt, kt_long_int, (int, KtLongInt, long double)) \
    X(KtArrays, kt_arrays, (KtArrays, KtArrays)) \
    X(KtBits, kt_bits, (KtBits)) \
    X(KtUnion, kt_union, (KtUnion, int)) \
    X(KtComplex, kt_complex, (KtComplex)) \
    X(int64_t, kt_thirty, (int, int, int, int, int, int, int, int, int, int, \
                           int64_t, int64_t, int64_t, int64_t, int64_t, \
                           double, double, double, double, double, double, \
                           double, double, double, double, int8_t, uint8_t, \
                           int16_t, bool, int64_t)) \
    X(long double, kt_call_long, (KtLongFn *, double)) \
    X(int64_t, kt_call_wide, (KtWideFn *, int64_t)) \
    X(int64_t, kt_call_many, (KtManyFn *, int)) \
    X(int, kt_printf, (char *, size_t, const char *, ...)) \
    X(int, kt_vprintf, (char *, size_t, const char *, va_list)) \
    X(double, kt_scale, (double, const char *, ...)) \
    X(int, kt_scanf, (const char *, const char *, ...)) \
    X(char *, kt_concat, (const char *, ...)) \
    X(int64_t, kt_sum, (int, ...)) \
    X(int, kt_config, (int, ...)) \
    X(int, kt_step, (const KtTable *, int)) \
    X(KtObject *, kt_object, (int)) \
    X(int, kt_object_step, (KtObject *, int)) \
    X(void, kt_register, (KtDriver *)) \
    X(KtDriver *, kt_driver, (int)) \
    X(int, kt_open, (int, KtObject *)) \
    X(int, kt_copy, (FILE *, FILE *)) \
    X(int, kt_keep, (KtIntFn *)) \
    X(int, kt_call_kept, (int)) \
    X(void *, kt_realloc, (void *, size_t)) \
    X(int, kt_threads, (KtIntFn *, int, int)) \
    X(int, kt_read_fd, (int)) \
    X(int, kt_nothing, (void))

#define KT_DECLARE(result, name, args) result name args;
KT_FUNCTIONS(KT_DECLARE)
#undef KT_DECLARE

/* The same as pointers. */
typedef struct KtApi {
#define KT_MEMBER(result, name, args) result (*name) args;
    KT_FUNCTIONS(KT_MEMBER)
#undef KT_MEMBER
} KtApi;

#endif
