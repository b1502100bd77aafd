/*
 * Sorting, bits, big numbers, tables, grids.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kernels.h"
#include <immintrin.h>

#define N 2048

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint64_t quick_sort(unsigned n)
{
    static uint32_t a[N];
    uint64_t h = 1;

    for (unsigned k = 0; k < n; k++) {
        fill_bytes(a, sizeof(a), k + 1);
        qsort(a, N, 4, compare_u32);
        h = fold(h, a, sizeof(a));
    }
    return h;
}

static uint64_t radix_sort(unsigned n)
{
    static uint32_t a[N], b[N];
    uint64_t h = 1;

    for (unsigned k = 0; k < 4 * n; k++) {
        fill_bytes(a, sizeof(a), k + 2);
        for (unsigned shift = 0; shift < 32; shift += 8) {
            unsigned at[257] = { 0 };

            for (unsigned i = 0; i < N; i++) {
                at[(a[i] >> shift & 255) + 1]++;
            }
            for (unsigned i = 0; i < 256; i++) {
                at[i + 1] += at[i];
            }
            for (unsigned i = 0; i < N; i++) {
                b[at[a[i] >> shift & 255]++] = a[i];
            }
            memcpy(a, b, sizeof(a));
        }
        h = fold(h, a, sizeof(a));
    }
    return h;
}

static uint64_t bitonic_sort(unsigned n)
{
    static int32_t a[N];
    uint64_t h = 1;

    for (unsigned k = 0; k < n; k++) {
        fill_bytes(a, sizeof(a), k + 3);
        for (unsigned size = 2; size <= N; size *= 2) {
            for (unsigned gap = size / 2; gap; gap /= 2) {
                for (unsigned b = 0; b < N; b += 2 * gap) {
                    bool up = !(b & size);

                    for (unsigned i = b; i < b + gap; i++) {
                        int32_t x = a[i], y = a[i + gap];
                        int32_t lo = x < y ? x : y, hi = x < y ? y : x;

                        a[i] = up ? lo : hi;
                        a[i + gap] = up ? hi : lo;
                    }
                }
            }
        }
        h = fold(h, a, sizeof(a));
    }
    return h;
}

static uint64_t sieve(unsigned n)
{
    static uint8_t composite[65536];
    uint64_t h = 1;

    for (unsigned k = 0; k < n; k++) {
        memset(composite, 0, sizeof(composite));
        for (unsigned i = 2; i < 256; i++) {
            for (unsigned j = i * i; !composite[i] && j < 65536; j += i) {
                composite[j] = 1;
            }
        }
        h = fold(h, composite, sizeof(composite));
    }
    return h;
}

static uint64_t morton(unsigned n)
{
    uint64_t h = 1, s = 7;

    for (unsigned k = 0; k < 4000 * n; k++) {
        uint64_t r = next_random(&s);
        uint64_t z = _pdep_u64(r, 0x5555555555555555) |
                     _pdep_u64(r >> 32, 0xaaaaaaaaaaaaaaaa);

        h = h * 31 + (z ^ _pext_u64(z * r, 0x0f0f0f0f0f0f0f0f));
    }
    return h;
}

static uint64_t bits(unsigned n)
{
    static uint64_t a[N];
    uint64_t h = 1;

    for (unsigned k = 0; k < 4 * n; k++) {
        fill_bytes(a, sizeof(a), k + 4);
        for (unsigned i = 1; i < N; i++) {
            uint64_t v = a[i], w = a[i - 1];

            h += __builtin_popcountll(v) * __builtin_ctzll(v | 1ull << 63) +
                 __builtin_clzll(w | 1);
            h ^= (v & -v) + (v & (v - 1)) + (v ^ (v - 1)) + (~v & w) +
                 __builtin_bswap64(w) + (v >> (w & 63)) + (v << (w & 31)) +
                 (uint64_t)((int64_t)v >> (w >> 8 & 63));
        }
    }
    return h;
}

static uint64_t popcounts(unsigned n)
{
    static uint64_t a[N];
    uint64_t s = 0;

    fill_bytes(a, sizeof(a), 5);
    for (unsigned k = 0; k < 10 * n; k++) {
        for (unsigned i = 0; i < N; i++) {
            s += __builtin_popcountll(a[i] ^ k);
        }
    }
    return s;
}

static uint64_t gcd(unsigned n)
{
    uint64_t h = 1, s = 9;

    for (unsigned k = 0; k < 500 * n; k++) {
        uint64_t a = next_random(&s) >> 8, b = next_random(&s) >> 20 | 1;

        while (b) {
            uint64_t t = a % b;

            a = b;
            b = t;
        }
        h = h * 31 + a;
    }
    return h;
}

static uint64_t mod_power(unsigned n)
{
    uint64_t h = 1, s = 11;

    for (unsigned k = 0; k < 60 * n; k++) {
        uint64_t m = next_random(&s) | 1, b = next_random(&s) % m, r = 1;

        for (uint64_t e = next_random(&s); e; e >>= 1) {
            if (e & 1) {
                r = (unsigned __int128)r * b % m;
            }
            b = (unsigned __int128)b * b % m;
        }
        h = h * 31 + r;
    }
    return h;
}

static uint64_t big_multiply(unsigned n)
{
    uint64_t a[32], b[32], r[64];
    uint64_t h = 1;

    fill_bytes(a, sizeof(a), 12);
    fill_bytes(b, sizeof(b), 13);
    for (unsigned k = 0; k < 20 * n; k++) {
        memset(r, 0, sizeof(r));
        for (unsigned i = 0; i < 32; i++) {
            uint64_t carry = 0;

            for (unsigned j = 0; j < 32; j++) {
                unsigned __int128 t = (unsigned __int128)a[i] * b[j] +
                                      r[i + j] + carry;

                r[i + j] = t;
                carry = t >> 64;
            }
            r[i + 32] = carry;
        }
        memcpy(a, r + 16, sizeof(a));
        h = fold(h, r, sizeof(r));
    }
    return h;
}

static uint64_t big_add(unsigned n)
{
    unsigned long long a[64], b[64];
    unsigned char c = 0;

    fill_bytes(a, sizeof(a), 14);
    fill_bytes(b, sizeof(b), 15);
    for (unsigned k = 0; k < 400 * n; k++) {
        for (unsigned i = 0; i < 64; i++) {
            c = k & 1 ? _subborrow_u64(c, a[i], b[i], &a[i])
                      : _addcarry_u64(c, a[i], b[i], &a[i]);
        }
        b[k & 63] ^= a[63 - (k & 63)];
    }
    return fold(c, a, sizeof(a));
}

static uint64_t life(unsigned n)
{
    static uint8_t a[66][66], b[66][66];

    fill_bytes(a, sizeof(a), 16);
    for (unsigned i = 0; i < 66; i++) {
        for (unsigned j = 0; j < 66; j++) {
            a[i][j] &= 1;
        }
    }
    for (unsigned k = 0; k < 10 * n; k++) {
        for (unsigned y = 1; y < 65; y++) {
            for (unsigned x = 1; x < 65; x++) {
                unsigned s = a[y - 1][x - 1] + a[y - 1][x] + a[y - 1][x + 1] +
                             a[y][x - 1] + a[y][x + 1] + a[y + 1][x - 1] +
                             a[y + 1][x] + a[y + 1][x + 1];

                b[y][x] = s == 3 || (s == 2 && a[y][x]);
            }
        }
        memcpy(a, b, sizeof(a));
    }
    return fold(1, a, sizeof(a));
}

static uint64_t gather(unsigned n)
{
    static uint32_t table[N], index[N], out[N];
    static double values[N], sum[N];

    fill_bytes(table, sizeof(table), 17);
    fill_bytes(index, sizeof(index), 18);
    fill_double(values, N, 19);
    for (unsigned k = 0; k < 4 * n; k++) {
        for (unsigned i = 0; i < N; i++) {
            out[i] += table[index[i] % N];
        }
        for (unsigned i = 0; i < N; i++) {
            sum[i] += values[index[i] % N] * (k + 1);
        }
        for (unsigned i = 0; i < N; i++) {
            index[i] = index[i] * 1664525 + 1013904223;
        }
    }
    return fold(fold(1, out, sizeof(out)), sum, sizeof(sum));
}

static uint64_t prefix_sum(unsigned n)
{
    static uint32_t a[N];

    fill_bytes(a, sizeof(a), 20);
    for (unsigned k = 0; k < 20 * n; k++) {
        for (unsigned i = 1; i < N; i++) {
            a[i] += a[i - 1];
        }
    }
    return fold(1, a, sizeof(a));
}

static uint64_t histogram(unsigned n)
{
    static uint8_t a[4 * N];
    uint32_t h[4][256] = { 0 };

    fill_bytes(a, sizeof(a), 21);
    for (unsigned k = 0; k < 4 * n; k++) {
        for (unsigned i = 0; i < 4 * N; i++) {
            h[i & 3][(uint8_t)(a[i] + k)]++;
        }
    }
    return fold(1, h, sizeof(h));
}

static uint64_t int8_dot(unsigned n)
{
    static int8_t a[64][64], b[64][64];
    static int32_t c[64][64];

    fill_bytes(a, sizeof(a), 22);
    fill_bytes(b, sizeof(b), 23);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned i = 0; i < 64; i++) {
            for (unsigned j = 0; j < 64; j++) {
                int32_t s = 0;

                for (unsigned l = 0; l < 64; l++) {
                    s += a[i][l] * b[j][l];
                }
                c[i][j] += s >> k % 8;
            }
        }
    }
    return fold(1, c, sizeof(c));
}

/* A hash table with open addressing. */
static uint64_t table(unsigned n)
{
    static uint64_t keys[4096];
    static uint32_t counts[4096];
    uint64_t s = 25, probes = 0;

    for (unsigned k = 0; k < 20000 * n; k++) {
        uint64_t key = (next_random(&s) >> 40) % 3000 + 1;
        unsigned i = key * 0x9e3779b97f4a7c15ull >> 52;

        while (keys[i] && keys[i] != key) {
            i = (i + 1) & 4095;
            probes++;
        }
        keys[i] = key;
        counts[i]++;
    }
    return fold(probes, counts, sizeof(counts));
}

/* A small machine with a switch. */
static uint64_t machine(unsigned n)
{
    uint8_t code[256];
    uint32_t r[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    fill_bytes(code, sizeof(code), 26);
    for (unsigned k = 0, pc = 0; k < 20000 * n; k++, pc++) {
        uint8_t op = code[pc & 255];
        uint32_t *d = &r[op >> 3 & 7], v = r[(op >> 1) & 7];

        switch ((op ^ k) & 7) {
        case 0: *d += v; break;
        case 1: *d ^= v << 3; break;
        case 2: *d -= v >> 1; break;
        case 3: *d *= v | 1; break;
        case 4: pc += v & 15; break;
        case 5: *d = *d << (v & 31) | *d >> (-v & 31); break;
        case 6: *d = (int32_t)*d > (int32_t)v ? v : *d + 1; break;
        default: *d /= (v & 255) + 1; break;
        }
    }
    return fold(1, r, sizeof(r));
}

const Kernel kernels_misc[] = {
    { "quick-sort", quick_sort }, { "radix-sort", radix_sort },
    { "bitonic-sort", bitonic_sort }, { "sieve", sieve },
    { "morton", morton }, { "bits", bits }, { "popcounts", popcounts },
    { "gcd", gcd }, { "mod-power", mod_power },
    { "big-multiply", big_multiply }, { "big-add", big_add }, { "life", life },
    { "gather", gather }, { "prefix-sum", prefix_sum },
    { "histogram", histogram }, { "int8-dot", int8_dot }, { "table", table },
    { "machine", machine }, { NULL, NULL },
};
