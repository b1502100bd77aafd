/*
 * SSE arithmetic on special values, in a program that never looks at exception
 * flags before its end: a code generator may do then without what keeps them
 * exact for denormal operands (see docs/devel/loongarch.rst).  Every
 * bit of every result counts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* flags: -O1 -static */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef double V2 __attribute__((vector_size(16)));

static const uint64_t doubles[] = {
    0, 1ull << 63, 0x3ff0000000000000, 0xbff8000000000000, 0x4000000000000000,
    0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001,
    0xfff8000000001234, 0x7ff0000000000001, 0xfff4000000000002,
    0x0010000000000000, 0x8010000000000001, 0x7fefffffffffffff,
    0x3fd5555555555555, 0x43e0000000000000, 0xc3e0000000000001,
    0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000200000,
    0x4330000000000001, 0x3fe0000000000000, 0x400921fb54442d18,
    0x36a0000000000000, 0x47efffffe0000000, 0x7e37e43c8800759c,
    0x01a56e1fc2f8f359, 0x0000000000000001, 0x800fffffffffffff,
};
static const uint32_t singles[] = {
    0, 1u << 31, 0x3f800000, 0xbfc00000, 0x40000000, 0x7f800000, 0xff800000,
    0x7fc00001, 0xffc01234, 0x7f800001, 0xffa00002, 0x00800000, 0x80800001,
    0x7f7fffff, 0x3eaaaaab, 0x4f000000, 0xcf000001, 0x5f000000, 0xdf000001,
    0x4b000001, 0x3f000000, 0x40490fdb, 0x00000001, 0x807fffff,
};
enum { ND = sizeof(doubles) / 8, NS = sizeof(singles) / 4 };

static uint64_t hash;

static void add(const void *p, unsigned n)
{
    const uint8_t *b = p;

    while (n--) {
        hash = (hash ^ *b++) * 0x100000001b3ull;
    }
}

static V2 pair(unsigned i, unsigned j)
{
    V2 v;
    uint64_t q[2] = { doubles[i], doubles[j] };

    memcpy(&v, q, 16);
    return v;
}

static V2 quad(unsigned i, unsigned j)
{
    V2 v;
    uint32_t l[4] = { singles[i], singles[j], singles[(i + j) % NS],
                      singles[(i * 7 + 3) % NS] };

    memcpy(&v, l, 16);
    return v;
}

#define LOOP(name, make, n, body) \
    hash = 1; \
    for (unsigned i = 0; i < n; i++) { \
        for (unsigned j = 0; j < n; j++) { \
            V2 a = make(i, i), b = make(j, i); \
            body; \
            add(&a, 16); \
        } \
        if (i % 4 == 3) { \
            printf("%s %u %016lx\n", name, i, hash); \
        } \
    } \
    printf("%s %016lx\n", name, hash)

#define TWO(op, make, n) \
    LOOP(#op, make, n, __asm__ volatile(#op " %1, %0" : "+x" (a) : "x" (b))); \
    LOOP(#op " (memory)", make, n, \
         __asm__ volatile(#op " %1, %0" : "+x" (a) : "m" (b)))
#define D(op) TWO(op, pair, ND)
#define S(op) TWO(op, quad, NS)
#define BOTH(op) D(op##sd); D(op##pd); S(op##ss); S(op##ps)

#define INT(op, make, n, w) \
    LOOP(#op, make, n, \
         uint64_t r = 0; \
         __asm__ volatile(#op " %1, %" w "0" : "=r" (r) : "x" (b)); \
         add(&r, 8))

#define FLAGS(op, make, n) \
    LOOP(#op, make, n, \
         uint8_t f[6]; \
         __asm__ volatile(#op " %7, %6\n setb %0\n setbe %1\n sete %2\n" \
                          "setp %3\n setl %4\n setle %5" \
                          : "=m" (f[0]), "=m" (f[1]), "=m" (f[2]), \
                            "=m" (f[3]), "=m" (f[4]), "=m" (f[5]) \
                          : "x" (a), "x" (b) : "cc"); \
         add(f, 6); \
         __asm__ volatile goto(#op " %1, %0\n jp %l2\n ja %l3" : : "x" (a), \
                               "x" (b) : "cc" : unordered, above); \
         add("n", 1); \
         goto done; \
    unordered: \
         add("u", 1); \
         goto done; \
    above: \
         add("a", 1); \
    done: ;)

#define PREDICATE(op, make, n, p) \
    LOOP(#op " " #p, make, n, \
         __asm__ volatile(#op " $" #p ", %1, %0" : "+x" (a) : "x" (b)))
#define PREDICATES(op, make, n) \
    PREDICATE(op, make, n, 0); PREDICATE(op, make, n, 1); \
    PREDICATE(op, make, n, 2); PREDICATE(op, make, n, 3); \
    PREDICATE(op, make, n, 4); PREDICATE(op, make, n, 5); \
    PREDICATE(op, make, n, 6); PREDICATE(op, make, n, 7)

static __attribute__((noinline)) void flags_double(void)
{
    FLAGS(ucomisd, pair, ND);
}

static __attribute__((noinline)) void flags_double_signaling(void)
{
    FLAGS(comisd, pair, ND);
}

static __attribute__((noinline)) void flags_single(void)
{
    FLAGS(ucomiss, quad, NS);
}

/* 32 bytes: a op b, and with a third operand. */
#define WIDE(op, make, n, ...) \
    hash = 1; \
    for (unsigned i = 0; i < n; i++) { \
        for (unsigned j = 0; j < n; j++) { \
            V2 a[2] = { make(i, j), make(j, j) }; \
            V2 b[2] = { make(j, i), make((i + j) % n, i) }; \
            V2 c[2] = { make((i * 5 + j) % n, i), make(j, (i * 3) % n) }; \
            __asm__ volatile("vmovupd %0, %%ymm0\n vmovupd %1, %%ymm1\n" \
                             "vmovupd %2, %%ymm2\n" #op " " __VA_ARGS__ "\n" \
                             "vmovupd %%ymm0, %0\n vzeroupper" \
                             : "+m" (a) : "m" (b), "m" (c) \
                             : "xmm0", "xmm1", "xmm2"); \
            add(a, 32); \
        } \
    } \
    printf(#op " (256) %016lx\n", hash)
#define WIDE2(op, make, n) WIDE(op, make, n, "%%ymm1, %%ymm0, %%ymm0")
#define WIDE3(op, make, n) WIDE(op, make, n, "%%ymm2, %%ymm1, %%ymm0")

static void wide(void)
{
    WIDE2(vaddpd, pair, ND);
    WIDE2(vmulps, quad, NS);
    WIDE2(vdivpd, pair, ND);
    WIDE2(vminps, quad, NS);
    WIDE2(vmaxpd, pair, ND);
    WIDE2(vhaddps, quad, NS);
    WIDE(vsqrtpd, pair, ND, "%%ymm1, %%ymm0");
    WIDE(vcvtpd2ps, pair, ND, "%%ymm1, %%xmm0");
    WIDE(vcvtpd2dq, pair, ND, "%%ymm1, %%xmm0");
    WIDE(vcvttpd2dq, pair, ND, "%%ymm1, %%xmm0");
    WIDE(vcvtps2pd, quad, NS, "%%xmm1, %%ymm0");
    WIDE(vcvtdq2pd, quad, NS, "%%xmm1, %%ymm0");
    WIDE(vcvtps2dq, quad, NS, "%%ymm1, %%ymm0");
    WIDE(vcmpnltpd, pair, ND, "%%ymm2, %%ymm1, %%ymm0");
    WIDE(vcmpeq_usps, quad, NS, "%%ymm2, %%ymm1, %%ymm0");
    if (__builtin_cpu_supports("fma")) {
        WIDE3(vfmadd231pd, pair, ND);
        WIDE3(vfmsub213ps, quad, NS);
        WIDE3(vfnmadd132pd, pair, ND);
        WIDE3(vfnmsub231ps, quad, NS);
        WIDE3(vfmaddsub213pd, pair, ND);
    }
}

static void all(void)
{
    BOTH(add);
    BOTH(sub);
    BOTH(mul);
    BOTH(div);
    BOTH(min);
    BOTH(max);
    BOTH(sqrt);
    D(cvtsd2ss);
    S(cvtss2sd);
    D(cvtpd2ps);
    S(cvtps2pd);
    D(cvttpd2dq);
    D(cvtpd2dq);
    S(cvttps2dq);
    S(cvtps2dq);
    S(cvtdq2ps);
    S(cvtdq2pd);
    D(haddpd);
    S(hsubps);
    S(addsubps);
    S(movss);
    D(movsd);
    D(unpcklpd);
    INT(cvttsd2si, pair, ND, "k");
    INT(cvttsd2si, pair, ND, "q");
    INT(cvtsd2si, pair, ND, "k");
    INT(cvtsd2si, pair, ND, "q");
    INT(cvttss2si, quad, NS, "k");
    INT(cvtss2si, quad, NS, "q");
    PREDICATES(cmpsd, pair, ND);
    PREDICATES(cmpps, quad, NS);
    LOOP("cvtsi2sd", pair, ND,
         __asm__ volatile("cvtsi2sdq %1, %0" : "+x" (a) : "r" (doubles[j])));
    LOOP("cvtsi2ss", quad, NS,
         __asm__ volatile("cvtsi2ssl %1, %0" : "+x" (a) : "r" (singles[j])));
    if (__builtin_cpu_supports("avx")) {
        wide();
    }
    flags_double();
    flags_double_signaling();
    flags_single();
    if (__builtin_cpu_supports("fma")) {
        LOOP("vfmadd213sd", pair, ND, V2 c = pair(j, (i + j) % ND);
             __asm__ volatile("vfmadd213sd %2, %1, %0" : "+x" (a)
                              : "x" (b), "x" (c)));
        LOOP("vfnmadd231pd", pair, ND, V2 c = pair(j, (i + j) % ND);
             __asm__ volatile("vfnmadd231pd %2, %1, %0" : "+x" (a)
                              : "x" (b), "x" (c)));
        LOOP("vfnmsub132ss", quad, NS, V2 c = quad(j, (i + j) % NS);
             __asm__ volatile("vfnmsub132ss %2, %1, %0" : "+x" (a)
                              : "x" (b), "x" (c)));
        LOOP("vaddsd", pair, ND,
             __asm__ volatile("vaddsd %1, %1, %0" : "=x" (a) : "x" (b)));
        LOOP("vdivps", quad, NS, V2 c = quad(j, (i + j) % NS);
             __asm__ volatile("vdivps %2, %1, %0" : "=x" (a) : "x" (b),
                              "x" (c)));
    }
}

static void round_to(unsigned rc)
{
    uint32_t mxcsr;

    __asm__ volatile("stmxcsr %0" : "=m" (mxcsr));
    mxcsr = (mxcsr & ~0x6000u) | rc << 13;
    __asm__ volatile("ldmxcsr %0" : : "m" (mxcsr));
}

int main(void)
{
    uint32_t mxcsr;

    all();
    __asm__ volatile("stmxcsr %0" : "=m" (mxcsr));
    printf("mxcsr %x\n", mxcsr & ~2u);
    for (unsigned rc = 1; rc < 4; rc++) {
        printf("rounding %u\n", rc);
        round_to(rc);
        all();
    }
    __asm__ volatile("stmxcsr %0" : "=m" (mxcsr));
    printf("mxcsr %x\n", mxcsr & ~2u);
    return 0;
}
