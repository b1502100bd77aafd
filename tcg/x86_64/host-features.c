/*
 * What the host CPU can do, less what QEMU_HOST_FEATURES takes away.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "../host.h"
#include <cpuid.h>

uint32_t x86_features;

enum { LEAF_1, LEAF_7, LEAF_EXT, NB_LEAVES };
static const uint32_t leaves[NB_LEAVES] = { 1, 7, 0x80000001 };

/*
 * Where CPUID says so, and what makes no sense without what: switching AVX
 * off also switches everything VEX-encoded off.
 */
#define AT(leaf, reg, shift) ((leaf) << 16 | (reg) << 8 | (shift))
static const TCGHostFeature features[] = {
    { "sse3", X86_SSE3, 0, AT(LEAF_1, 2, 0) },
    { "ssse3", X86_SSSE3, X86_SSE3, AT(LEAF_1, 2, 9) },
    { "sse4.1", X86_SSE41, X86_SSSE3, AT(LEAF_1, 2, 19) },
    { "sse4.2", X86_SSE42, X86_SSE41, AT(LEAF_1, 2, 20) },
    { "popcnt", X86_POPCNT, 0, AT(LEAF_1, 2, 23) },
    { "aes", X86_AES, X86_SSE41, AT(LEAF_1, 2, 25) },
    { "pclmul", X86_PCLMUL, X86_SSE41, AT(LEAF_1, 2, 1) },
    { "sha", X86_SHA, X86_SSE41, AT(LEAF_7, 1, 29) },
    { "gfni", X86_GFNI, X86_SSE41, AT(LEAF_7, 2, 8) },
    { "lzcnt", X86_LZCNT, 0, AT(LEAF_EXT, 2, 5) },
    { "avx", X86_AVX, X86_SSE42, AT(LEAF_1, 2, 28) },
    { "avx2", X86_AVX2, X86_AVX, AT(LEAF_7, 1, 5) },
    { "fma", X86_FMA, X86_AVX, AT(LEAF_1, 2, 12) },
    { "f16c", X86_F16C, X86_AVX, AT(LEAF_1, 2, 29) },
    { "bmi1", X86_BMI1, X86_AVX, AT(LEAF_7, 1, 3) },
    { "bmi2", X86_BMI2, X86_AVX, AT(LEAF_7, 1, 8) },
    { "vaes", X86_VAES, X86_AVX2 | X86_AES, AT(LEAF_7, 2, 9) },
    { "vpclmulqdq", X86_VPCLMUL, X86_AVX2 | X86_PCLMUL, AT(LEAF_7, 2, 10) },
};

/* Does the kernel save YMM registers?  @leaf1_c: from CPUID. */
static bool os_has_ymm(uint32_t leaf1_c)
{
    uint32_t lo, hi;

    if (!(leaf1_c & bit_OSXSAVE)) {
        return false;
    }
    __asm__ volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
    return (lo & 6) == 6;
}

static void probe(void)
{
    unsigned r[NB_LEAVES][4] = { 0 };
    unsigned last = __get_cpuid_max(0, NULL);

    /*
     * CPUID takes microseconds under a hypervisor: each leaf once.  Every
     * x86-64 CPU has LEAF_EXT.
     */
    for (unsigned k = 0; k < NB_LEAVES; k++) {
        if (k == LEAF_EXT || leaves[k] <= last) {
            __cpuid_count(leaves[k], 0, r[k][0], r[k][1], r[k][2], r[k][3]);
        }
    }
    x86_features = 0;
    for (unsigned k = 0; k < ARRAY_SIZE(features); k++) {
        uint32_t at = features[k].where;

        if (r[at >> 16][at >> 8 & 0xff] >> (at & 0xff) & 1) {
            x86_features |= features[k].bit;
        }
    }
    if (!os_has_ymm(r[LEAF_1][2])) {
        x86_features &= ~X86_AVX;
    }
}

bool x86_features_init(const char *overrides)
{
    probe();
    return tcg_host_features_choose(features, ARRAY_SIZE(features), overrides,
                                    &x86_features);
}

const char *x86_features_text(void)
{
    return tcg_host_features_text(features, ARRAY_SIZE(features),
                                  x86_features);
}
