/*
 * What the host CPU can do, less what QEMU_HOST_FEATURES takes away.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "qemu/log.h"
#include <cpuid.h>

uint32_t x86_features;

enum { LEAF_1, LEAF_7, LEAF_EXT, NB_LEAVES };
static const uint32_t leaves[NB_LEAVES] = { 1, 7, 0x80000001 };

/*
 * Where CPUID says so, and what makes no sense without what: switching AVX
 * off also switches everything VEX-encoded off.
 */
static const struct {
    const char *name;
    uint32_t bit;
    uint32_t needs;
    uint8_t leaf;       /* index into leaves[] */
    uint8_t reg;        /* eax, ebx, ecx, edx */
    uint8_t shift;
} features[] = {
    { "sse3", X86_SSE3, 0, LEAF_1, 2, 0 },
    { "ssse3", X86_SSSE3, X86_SSE3, LEAF_1, 2, 9 },
    { "sse4.1", X86_SSE41, X86_SSSE3, LEAF_1, 2, 19 },
    { "sse4.2", X86_SSE42, X86_SSE41, LEAF_1, 2, 20 },
    { "popcnt", X86_POPCNT, 0, LEAF_1, 2, 23 },
    { "aes", X86_AES, X86_SSE41, LEAF_1, 2, 25 },
    { "pclmul", X86_PCLMUL, X86_SSE41, LEAF_1, 2, 1 },
    { "sha", X86_SHA, X86_SSE41, LEAF_7, 1, 29 },
    { "gfni", X86_GFNI, X86_SSE41, LEAF_7, 2, 8 },
    { "lzcnt", X86_LZCNT, 0, LEAF_EXT, 2, 5 },
    { "avx", X86_AVX, X86_SSE42, LEAF_1, 2, 28 },
    { "avx2", X86_AVX2, X86_AVX, LEAF_7, 1, 5 },
    { "fma", X86_FMA, X86_AVX, LEAF_1, 2, 12 },
    { "f16c", X86_F16C, X86_AVX, LEAF_1, 2, 29 },
    { "bmi1", X86_BMI1, X86_AVX, LEAF_7, 1, 3 },
    { "bmi2", X86_BMI2, X86_AVX, LEAF_7, 1, 8 },
    { "vaes", X86_VAES, X86_AVX2 | X86_AES, LEAF_7, 2, 9 },
    { "vpclmulqdq", X86_VPCLMUL, X86_AVX2 | X86_PCLMUL, LEAF_7, 2, 10 },
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
        if (r[features[k].leaf][features[k].reg] >> features[k].shift & 1) {
            x86_features |= features[k].bit;
        }
    }
    if (!os_has_ymm(r[LEAF_1][2])) {
        x86_features &= ~X86_AVX;
    }
}

/* "-avx2,+fma": + undoes an earlier -, it does not invent hardware. */
static bool override(const char *list)
{
    uint32_t host = x86_features;

    while (*list) {
        size_t len = strcspn(list, ",");
        bool off = *list == '-', found = false;
        const char *name = list + (*list == '-' || *list == '+');
        size_t n = len - (name - list);

        for (unsigned k = 0; k < ARRAY_SIZE(features); k++) {
            if (strlen(features[k].name) == n &&
                !strncmp(features[k].name, name, n)) {
                found = true;
                x86_features &= ~features[k].bit;
                x86_features |= off ? 0 : host & features[k].bit;
            }
        }
        if (!found && len) {
            error_report("QEMU_HOST_FEATURES: unknown feature '%.*s'", (int)n,
                         name);
            return false;
        }
        list += len + (list[len] == ',');
    }
    return true;
}

bool x86_features_init(const char *overrides)
{
    probe();
    if (overrides && !override(overrides)) {
        return false;
    }
    for (unsigned k = 0; k < ARRAY_SIZE(features); k++) {
        if (!have(features[k].needs)) {
            x86_features &= ~features[k].bit;
        }
    }
    return true;
}

const char *x86_features_text(void)
{
    static char text[160];
    size_t n = 0;

    text[0] = 0;
    for (unsigned k = 0; k < ARRAY_SIZE(features); k++) {
        if (have(features[k].bit)) {
            n += snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "",
                          features[k].name);
        }
    }
    return text;
}
