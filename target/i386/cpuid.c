/*
 * CPU models: what CPUID says, which instructions decode, and the names in
 * /proc/cpuinfo.  One table lists every feature bit with its CPUID position,
 * the decoder feature behind it and the models that have it.  A feature whose
 * instructions do not all translate is never announced.
 *
 * Models are built once, at start, and immutable afterwards.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/cpu.h"
#include "target/i386/decode.h"
#include "target/i386/helper.h"
#include <sched.h>

/* Words of feature bits. */
typedef enum CpuidWord {
    W_1_EDX, W_1_ECX, W_7_EBX, W_7_ECX, W_7_EDX, W_8_EDX, W_8_ECX, W_D1_EAX,
    W_COUNT
} CpuidWord;

enum { M_QEMU64 = 1, M_NEHALEM = 2, M_HASWELL = 4, M_MAX = 8 };
#define M_ALL (M_QEMU64 | M_NEHALEM | M_HASWELL | M_MAX)
#define M_NHM (M_NEHALEM | M_HASWELL | M_MAX)
#define M_HSW (M_HASWELL | M_MAX)

#define NONE 0xff

/*
 * @feat: the X86_FEAT_* it enables, NONE if it gates no instruction here.
 * @name is Linux's and QEMU's name for it.
 */
typedef struct FeatureBit {
    const char *name;
    uint8_t word, bit, feat, models;
} FeatureBit;

static const FeatureBit feature_bits[] = {
    { "fpu",        W_1_EDX, 0, X86_FEAT_FPU, M_ALL },
    { "tsc",        W_1_EDX, 4, X86_FEAT_TSC, M_ALL },
    { "msr",        W_1_EDX, 5, NONE, M_ALL },
    { "pae",        W_1_EDX, 6, NONE, M_ALL },
    { "cx8",        W_1_EDX, 8, X86_FEAT_CX8, M_ALL },
    { "apic",       W_1_EDX, 9, NONE, M_ALL },
    { "sep",        W_1_EDX, 11, X86_FEAT_SYSENTER, 0 },
    { "cmov",       W_1_EDX, 15, X86_FEAT_CMOV, M_ALL },
    { "pat",        W_1_EDX, 16, NONE, M_ALL },
    { "clflush",    W_1_EDX, 19, X86_FEAT_CLFLUSH, M_ALL },
    { "mmx",        W_1_EDX, 23, X86_FEAT_MMX, M_ALL },
    { "fxsr",       W_1_EDX, 24, X86_FEAT_FXSR, M_ALL },
    { "sse",        W_1_EDX, 25, X86_FEAT_SSE, M_ALL },
    { "sse2",       W_1_EDX, 26, X86_FEAT_SSE2, M_ALL },
    { "syscall",    W_8_EDX, 11, X86_FEAT_SYSCALL, M_ALL },
    { "nx",         W_8_EDX, 20, NONE, M_ALL },
    { "mmxext",     W_8_EDX, 22, NONE, M_MAX },
    { "fxsr_opt",   W_8_EDX, 25, NONE, 0 },
    { "rdtscp",     W_8_EDX, 27, X86_FEAT_RDTSCP, M_NHM },
    { "lm",         W_8_EDX, 29, NONE, M_ALL },
    { "pni",        W_1_ECX, 0, X86_FEAT_SSE3, M_ALL },
    { "pclmulqdq",  W_1_ECX, 1, X86_FEAT_PCLMULQDQ, M_HSW },
    { "ssse3",      W_1_ECX, 9, X86_FEAT_SSSE3, M_NHM },
    { "fma",        W_1_ECX, 12, X86_FEAT_FMA, M_HSW },
    { "cx16",       W_1_ECX, 13, X86_FEAT_CX16, M_ALL },
    { "sse4_1",     W_1_ECX, 19, X86_FEAT_SSE41, M_NHM },
    { "sse4_2",     W_1_ECX, 20, X86_FEAT_SSE42, M_NHM },
    { "movbe",      W_1_ECX, 22, X86_FEAT_MOVBE, M_HSW },
    { "popcnt",     W_1_ECX, 23, X86_FEAT_POPCNT, M_NHM },
    { "aes",        W_1_ECX, 25, X86_FEAT_AES, M_HSW },
    { "xsave",      W_1_ECX, 26, X86_FEAT_XSAVE, M_HSW },
    { "osxsave",    W_1_ECX, 27, X86_FEAT_XSAVE, M_HSW },
    { "avx",        W_1_ECX, 28, X86_FEAT_AVX, M_HSW },
    { "f16c",       W_1_ECX, 29, X86_FEAT_F16C, M_HSW },
    { "rdrand",     W_1_ECX, 30, X86_FEAT_RDRAND, M_HSW },
    { "lahf_lm",    W_8_ECX, 0, X86_FEAT_LAHF, M_ALL },
    { "abm",        W_8_ECX, 5, X86_FEAT_LZCNT, M_HSW },
    { "sse4a",      W_8_ECX, 6, X86_FEAT_SSE4A, M_MAX },
    { "3dnowprefetch", W_8_ECX, 8, NONE, M_MAX },
    { "fsgsbase",   W_7_EBX, 0, X86_FEAT_FSGSBASE, M_HSW },
    { "bmi1",       W_7_EBX, 3, X86_FEAT_BMI1, M_HSW },
    { "avx2",       W_7_EBX, 5, X86_FEAT_AVX2, M_HSW },
    { "bmi2",       W_7_EBX, 8, X86_FEAT_BMI2, M_HSW },
    { "erms",       W_7_EBX, 9, NONE, M_HSW },
    { "rdseed",     W_7_EBX, 18, X86_FEAT_RDSEED, M_MAX },
    { "adx",        W_7_EBX, 19, X86_FEAT_ADX, M_MAX },
    { "clflushopt", W_7_EBX, 23, X86_FEAT_CLFLUSHOPT, M_MAX },
    { "clwb",       W_7_EBX, 24, X86_FEAT_CLWB, M_MAX },
    { "sha_ni",     W_7_EBX, 29, X86_FEAT_SHA, M_MAX },
    { "xsaveopt",   W_D1_EAX, 0, X86_FEAT_XSAVEOPT, M_HSW },
    { "xsavec",     W_D1_EAX, 1, X86_FEAT_XSAVEC, M_MAX },
    { "xgetbv1",    W_D1_EAX, 2, NONE, M_MAX },
    { "umip",       W_7_ECX, 2, NONE, M_MAX },
    { "gfni",       W_7_ECX, 8, X86_FEAT_GFNI, M_MAX },
    { "vaes",       W_7_ECX, 9, X86_FEAT_VAES, M_MAX },
    { "vpclmulqdq", W_7_ECX, 10, X86_FEAT_VPCLMULQDQ, M_MAX },
    { "rdpid",      W_7_ECX, 22, X86_FEAT_RDPID, M_MAX },
    { "movdiri",    W_7_ECX, 27, X86_FEAT_MOVDIRI, M_MAX },
    { "movdir64b",  W_7_ECX, 28, X86_FEAT_MOVDIR64B, M_MAX },
    { "fsrm",       W_7_EDX, 4, NONE, M_MAX },
    { "serialize",  W_7_EDX, 14, X86_FEAT_SERIALIZE, M_MAX },
};

/* Other spellings people use on a command line. */
static const char *const aliases[][2] = {
    { "sse3", "pni" }, { "sse4.1", "sse4_1" }, { "sse4.2", "sse4_2" },
    { "sse41", "sse4_1" }, { "sse42", "sse4_2" }, { "lzcnt", "abm" },
    { "sha", "sha_ni" }, { "sha-ni", "sha_ni" }, { "pclmul", "pclmulqdq" },
    { "lahf-lm", "lahf_lm" }, { "cmpxchg16b", "cx16" }, { "bmi", "bmi1" },
};

/* A feature is worth nothing without another one. */
static const uint8_t implies[][2] = {
    { X86_FEAT_SSE2, X86_FEAT_SSE }, { X86_FEAT_SSE3, X86_FEAT_SSE2 },
    { X86_FEAT_SSSE3, X86_FEAT_SSE3 }, { X86_FEAT_SSE41, X86_FEAT_SSSE3 },
    { X86_FEAT_SSE42, X86_FEAT_SSE41 }, { X86_FEAT_AES, X86_FEAT_SSE2 },
    { X86_FEAT_PCLMULQDQ, X86_FEAT_SSE2 }, { X86_FEAT_SHA, X86_FEAT_SSE2 },
    { X86_FEAT_SSE4A, X86_FEAT_SSE3 }, { X86_FEAT_GFNI, X86_FEAT_SSE2 },
    { X86_FEAT_XSAVEOPT, X86_FEAT_XSAVE },
    { X86_FEAT_XSAVEC, X86_FEAT_XSAVE }, { X86_FEAT_AVX, X86_FEAT_XSAVE },
    { X86_FEAT_AVX, X86_FEAT_SSE42 }, { X86_FEAT_AVX2, X86_FEAT_AVX },
    { X86_FEAT_FMA, X86_FEAT_AVX }, { X86_FEAT_F16C, X86_FEAT_AVX },
    { X86_FEAT_VAES, X86_FEAT_AVX2 }, { X86_FEAT_VAES, X86_FEAT_AES },
    { X86_FEAT_VPCLMULQDQ, X86_FEAT_AVX2 },
    { X86_FEAT_VPCLMULQDQ, X86_FEAT_PCLMULQDQ },
};

typedef struct ModelDef {
    const char *name, *about, *vendor, *brand;
    uint8_t mask, family, model, stepping;
    uint32_t max_leaf;
} ModelDef;

static const ModelDef model_defs[] = {
    { "qemu64", "x86-64-v1, the oldest a 64-bit program may expect",
      "AuthenticAMD", "QEMU compatible 64-bit processor",
      M_QEMU64, 15, 107, 1, 0xd },
    { "Nehalem", "x86-64-v2", "GenuineIntel",
      "Intel Core i7 9xx compatible (Nehalem class, emulated)",
      M_NEHALEM, 6, 26, 3, 0xb },
    { "Haswell", "x86-64-v3", "GenuineIntel",
      "Intel Core compatible (Haswell class, emulated)",
      M_HASWELL, 6, 60, 4, 0xd },
    { "max", "everything that is implemented (default)", "AuthenticAMD",
      "Emulated x86-64 processor (max)", M_MAX, 23, 49, 0, 0xd },
};

struct X86CPUModel {
    const ModelDef *def;
    uint64_t features;
    uint32_t words[W_COUNT];
};

static void set_bit(struct X86CPUModel *m, const FeatureBit *f, bool on)
{
    uint32_t bit = 1u << f->bit;

    m->words[f->word] = on ? m->words[f->word] | bit :
                        m->words[f->word] & ~bit;
    if (f->feat != NONE) {
        uint64_t feat = UINT64_C(1) << f->feat;

        m->features = on ? m->features | feat : m->features & ~feat;
    }
}

static bool has_feature(const struct X86CPUModel *m, unsigned feat)
{
    return m->features >> feat & 1;
}

/* Drop what lacks its prerequisites or cannot be translated. */
static void settle(struct X86CPUModel *m)
{
    bool changed = true;

    m->features &= x86_translate_supported();
    while (changed) {
        changed = false;
        for (unsigned i = 0; i < ARRAY_SIZE(implies); i++) {
            if (has_feature(m, implies[i][0]) &&
                !has_feature(m, implies[i][1])) {
                m->features &= ~(UINT64_C(1) << implies[i][0]);
                changed = true;
            }
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(feature_bits); i++) {
        const FeatureBit *f = &feature_bits[i];

        if (f->feat != NONE && !has_feature(m, f->feat)) {
            m->words[f->word] &= ~(1u << f->bit);
        }
    }
    if (!has_feature(m, X86_FEAT_XSAVE)) {
        m->words[W_D1_EAX] = 0;
    }
}

static const FeatureBit *find_feature(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (!strcmp(name, aliases[i][0])) {
            name = aliases[i][1];
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(feature_bits); i++) {
        if (!strcmp(name, feature_bits[i].name)) {
            return &feature_bits[i];
        }
    }
    return NULL;
}

/* "+feat", "-feat", "feat", "feat=on", "feat=off"; false: unknown. */
static bool apply_option(struct X86CPUModel *m, char *opt)
{
    bool on = opt[0] != '-';
    const FeatureBit *f;
    char *eq;

    if (opt[0] == '+' || opt[0] == '-') {
        opt++;
    }
    eq = strchr(opt, '=');
    if (eq) {
        *eq = 0;
        if (!strcmp(eq + 1, "off")) {
            on = false;
        } else if (strcmp(eq + 1, "on")) {
            *eq = '=';
            return false;
        }
    }
    f = find_feature(opt);
    if (!f) {
        return false;
    }
    set_bit(m, f, on);
    if (f->feat == X86_FEAT_XSAVE) {
        set_bit(m, find_feature("xsave"), on);
        set_bit(m, find_feature("osxsave"), on);
    }
    return true;
}

const struct X86CPUModel *x86_cpu_model(const char *spec, char **err)
{
    struct X86CPUModel *m = calloc(1, sizeof(*m));
    char *copy = strdup(spec), *save = NULL;
    /* strtok_r() would look for a name behind a first comma. */
    char *name = copy && *copy != ',' ? strtok_r(copy, ",", &save) : NULL;

    if (!m || !copy) {
        abort();
    }
    for (unsigned i = 0; name && i < ARRAY_SIZE(model_defs); i++) {
        if (!strcmp(name, model_defs[i].name)) {
            m->def = &model_defs[i];
        }
    }
    if (!m->def) {
        if (asprintf(err, "unable to find CPU model '%s'",
                     name ? name : "") < 0) {
            abort();
        }
        goto fail;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(feature_bits); i++) {
        if (feature_bits[i].models & m->def->mask) {
            set_bit(m, &feature_bits[i], true);
        }
    }
    for (char *o; (o = strtok_r(NULL, ",", &save)) != NULL;) {
        if (!apply_option(m, o)) {
            if (asprintf(err, "unknown CPU feature '%s' (see -cpu help)",
                         o) < 0) {
                abort();
            }
            goto fail;
        }
    }
    settle(m);
    free(copy);
    return m;

fail:
    free(copy);
    free(m);
    return NULL;
}

void x86_cpu_list(FILE *out)
{
    fprintf(out, "Available CPUs:\n");
    for (unsigned i = 0; i < ARRAY_SIZE(model_defs); i++) {
        fprintf(out, "  %-10s %s\n", model_defs[i].name, model_defs[i].about);
    }
    fprintf(out, "\nFeatures (model,+feature,-feature):\n ");
    for (unsigned i = 0, col = 1; i < ARRAY_SIZE(feature_bits); i++) {
        if (col + strlen(feature_bits[i].name) > 76) {
            fprintf(out, "\n ");
            col = 1;
        }
        col += fprintf(out, " %s", feature_bits[i].name);
    }
    fprintf(out, "\n");
}

uint64_t x86_model_features(const struct X86CPUModel *m)
{
    return m->features;
}

uint64_t x86_model_xcr0(const struct X86CPUModel *m)
{
    if (m && !has_feature(m, X86_FEAT_XSAVE)) {
        return 3;
    }
    return !m || has_feature(m, X86_FEAT_AVX) ? 7 : 3;
}

static bool is_amd(const struct X86CPUModel *m)
{
    return m->def->vendor[0] == 'A';
}

static unsigned nr_cpus(void)
{
    static _Atomic long known;      /* sysconf() reads a file in sysfs */
    long n = known;

    if (!n) {
        n = sysconf(_SC_NPROCESSORS_ONLN);
        n = known = n < 1 ? 1 : n > 254 ? 254 : n;
    }
    return n;
}

static uint32_t signature(const ModelDef *d)
{
    unsigned family = d->family > 15 ? 15 : d->family;

    return d->stepping | (d->model & 15) << 4 | family << 8 |
           (d->model >> 4) << 16 | (d->family - family) << 20;
}

/* Deterministic cache parameters, leaves 4 and 0x8000001d. */
static void cache_leaf(unsigned index, uint32_t *r)
{
    static const struct {
        uint8_t type, level, ways;
        uint32_t kib;
    } caches[] = {
        { 1, 1, 8, 32 }, { 2, 1, 8, 32 }, { 3, 2, 8, 512 },
        { 3, 3, 16, 16384 },
    };

    if (index >= ARRAY_SIZE(caches)) {
        return;
    }
    unsigned shared = caches[index].level == 3 ? nr_cpus() - 1 : 0;

    r[0] = caches[index].type | caches[index].level << 5 | 1 << 8 |
           shared << 14;
    r[1] = 63 | (caches[index].ways - 1) << 22;
    r[2] = caches[index].kib * 1024 / 64 / caches[index].ways - 1;
}

static void topology_leaf(unsigned index, uint32_t *r)
{
    unsigned n = nr_cpus(), bits = 0;

    while (1u << bits < n) {
        bits++;
    }
    r[2] = index;
    r[3] = MAX(sched_getcpu(), 0);
    if (index == 0) {
        r[0] = 0;
        r[1] = 1;
        r[2] |= 1 << 8;
    } else if (index == 1) {
        r[0] = bits;
        r[1] = n;
        r[2] |= 2 << 8;
    }
}

static void xsave_leaf(const struct X86CPUModel *m, unsigned index,
                       uint32_t *r)
{
    uint64_t xcr0 = x86_model_xcr0(m);
    uint32_t size = xcr0 & 4 ? 832 : 576;

    if (!has_feature(m, X86_FEAT_XSAVE)) {
        return;
    }
    switch (index) {
    case 0:
        r[0] = xcr0;
        r[1] = r[2] = size;
        break;
    case 1:
        r[0] = m->words[W_D1_EAX];
        r[1] = m->words[W_D1_EAX] & 2 ? size : 0;
        break;
    case 2:
        if (xcr0 & 4) {
            r[0] = 256;
            r[1] = 576;
        }
        break;
    }
}

static void basic_leaf(const struct X86CPUModel *m, uint32_t leaf,
                       uint32_t subleaf, uint32_t *r)
{
    unsigned cpu = MAX(sched_getcpu(), 0);

    switch (leaf) {
    case 0:
        r[0] = m->def->max_leaf;
        memcpy(&r[1], m->def->vendor, 4);
        memcpy(&r[3], m->def->vendor + 4, 4);
        memcpy(&r[2], m->def->vendor + 8, 4);
        break;
    case 1:
        r[0] = signature(m->def);
        /* CLFLUSH line of 8 quadwords, processors, APIC id */
        r[1] = 8 << 8 | nr_cpus() << 16 | cpu << 24;
        r[2] = m->words[W_1_ECX];
        r[3] = m->words[W_1_EDX];
        break;
    case 2:
        if (!is_amd(m)) {
            /* one descriptor: see leaf 4 */
            r[0] = 0x00feff01;
        }
        break;
    case 4:
        if (!is_amd(m)) {
            cache_leaf(subleaf, r);
            r[0] |= r[0] ? (nr_cpus() - 1) << 26 : 0;
        }
        break;
    case 7:
        if (subleaf == 0) {
            r[1] = m->words[W_7_EBX];
            r[2] = m->words[W_7_ECX];
            r[3] = m->words[W_7_EDX];
        }
        break;
    case 0xb:
        topology_leaf(subleaf, r);
        break;
    case 0xd:
        xsave_leaf(m, subleaf, r);
        break;
    }
}

static void extended_leaf(const struct X86CPUModel *m, uint32_t leaf,
                          uint32_t subleaf, uint32_t *r)
{
    char brand[48] = { 0 };

    switch (leaf) {
    case 0x80000000:
        r[0] = is_amd(m) ? 0x8000001e : 0x80000008;
        if (is_amd(m)) {
            memcpy(&r[1], m->def->vendor, 4);
            memcpy(&r[3], m->def->vendor + 4, 4);
            memcpy(&r[2], m->def->vendor + 8, 4);
        }
        break;
    case 0x80000001:
        r[0] = signature(m->def);
        r[2] = m->words[W_8_ECX];
        r[3] = m->words[W_8_EDX];
        if (is_amd(m)) {
            /* AMD repeats the common bits of leaf 1 here */
            r[3] |= m->words[W_1_EDX] & 0x0183f3ff;
        }
        break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
        snprintf(brand, sizeof(brand), "%s", m->def->brand);
        memcpy(r, brand + 16 * (leaf - 0x80000002), 16);
        break;
    case 0x80000005:
        if (is_amd(m)) {
            r[2] = r[3] = 32 << 24 | 8 << 16 | 1 << 8 | 64;
        }
        break;
    case 0x80000006:
        r[2] = 512 << 16 | 6 << 12 | 1 << 8 | 64;
        if (is_amd(m)) {
            r[3] = (16384 / 512) << 18 | 8 << 12 | 1 << 8 | 64;
        }
        break;
    case 0x80000007:
        r[3] = 1 << 8;      /* invariant time stamp counter */
        break;
    case 0x80000008:
        r[0] = 48 << 8 | 48;
        r[2] = is_amd(m) ? nr_cpus() - 1 : 0;
        break;
    case 0x8000001d:
        cache_leaf(subleaf, r);
        break;
    }
}

void x86_cpuid(const struct X86CPUModel *m, uint32_t leaf, uint32_t subleaf,
               uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
    uint32_t r[4] = { 0 };

    if (leaf >= 0x80000000) {
        extended_leaf(m, leaf, subleaf, r);
    } else if (leaf <= m->def->max_leaf) {
        basic_leaf(m, leaf, subleaf, r);
    } else if (!is_amd(m)) {
        /* Intel: as the highest basic leaf */
        basic_leaf(m, m->def->max_leaf, subleaf, r);
    }
    *eax = r[0];
    *ebx = r[1];
    *ecx = r[2];
    *edx = r[3];
}

uint32_t x86_cpu_hwcap(const struct X86CPUModel *m)
{
    return m->words[W_1_EDX];
}

uint32_t x86_cpu_hwcap2(const struct X86CPUModel *m)
{
    /* bit 1: FSGSBASE may be used */
    return has_feature(m, X86_FEAT_FSGSBASE) ? 2 : 0;
}

void x86_cpu_flag_names(const struct X86CPUModel *m, FILE *out)
{
    const char *sep = "";

    for (unsigned i = 0; i < ARRAY_SIZE(feature_bits); i++) {
        const FeatureBit *f = &feature_bits[i];

        if (m->words[f->word] >> f->bit & 1 && strcmp(f->name, "osxsave")) {
            fprintf(out, "%s%s", sep, f->name);
            sep = " ";
        }
    }
}
