/*
 * The kernels of tests/isa/kernels: "kernels [COUNT [NAME]]" prints a line for
 * each, its name and the hash of what it computed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kernels.h"
#include <stdio.h>

uint64_t fold(uint64_t h, const void *p, size_t len)
{
    const uint8_t *b = p;

    for (; len >= 8; b += 8, len -= 8) {
        uint64_t v;

        memcpy(&v, b, 8);
        h = (h ^ v) * 0x9fb21c651e98df25ull;
        h ^= h >> 29;
    }
    while (len--) {
        h = (h ^ *b++) * 0x100000001b3ull;
    }
    return h;
}

void fill_double(double *d, size_t n, uint64_t seed)
{
    seed = seed * 2 + 0x9e3779b97f4a7c15ull;
    for (size_t i = 0; i < n; i++) {
        d[i] = (int64_t)next_random(&seed) * 0x1p-63;
    }
}

void fill_float(float *f, size_t n, uint64_t seed)
{
    seed = seed * 2 + 0x9e3779b97f4a7c15ull;
    for (size_t i = 0; i < n; i++) {
        f[i] = (int32_t)(next_random(&seed) >> 32) * 0x1p-31f;
    }
}

void fill_bytes(void *p, size_t n, uint64_t seed)
{
    uint8_t *b = p;

    seed = seed * 2 + 0x9e3779b97f4a7c15ull;
    for (size_t i = 0; i < n; i++) {
        b[i] = next_random(&seed) >> 56;
    }
}

int main(int argc, char **argv)
{
    static const Kernel *const all[] = {
        kernels_fp, kernels_signal, kernels_hash, kernels_codec, kernels_misc,
    };
    unsigned n = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;

    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        for (const Kernel *k = all[i]; k->name; k++) {
            if (argc < 3 || !strcmp(argv[2], k->name)) {
                printf("%-16s %016llx\n", k->name,
                       (unsigned long long)k->run(n));
                fflush(stdout);
            }
        }
    }
    return 0;
}
