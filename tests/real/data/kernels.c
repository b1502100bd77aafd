/*
 * Small kernels with printed results: integer, float, string, matrix, hash.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t rng = 12345;

static uint32_t next(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 17;
    rng ^= rng << 5;
    return rng;
}

static int cmp(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t crc32_bits(const uint8_t *p, size_t n)
{
    uint32_t c = ~0u;

    while (n--) {
        c ^= *p++;
        for (int k = 0; k < 8; k++) {
            c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        }
    }
    return ~c;
}

int main(void)
{
    enum { N = 100000, M = 64 };
    static uint32_t v[N];
    static double a[M][M], b[M][M], c[M][M];
    static float f[N];
    double sum = 0;
    float fs = 0;
    uint64_t h = 1469598103934665603u;

    for (int i = 0; i < N; i++) {
        v[i] = next();
        f[i] = (float)(int32_t)v[i] / 1e6f;
    }
    qsort(v, N, sizeof(v[0]), cmp);
    printf("sorted %u %u %u\n", v[0], v[N / 2], v[N - 1]);
    printf("crc %08x\n", crc32_bits((uint8_t *)v, sizeof(v)));
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < M; j++) {
            a[i][j] = sin(i * 3 + j);
            b[i][j] = cos(i - j);
        }
    }
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < M; j++) {
            for (int k = 0; k < M; k++) {
                c[i][j] += a[i][k] * b[k][j];
            }
        }
    }
    for (int i = 0; i < M; i++) {
        sum += c[i][M - 1 - i];
    }
    printf("matrix %.17g\n", sum);
    for (int i = 0; i < N; i++) {
        fs += sqrtf(fabsf(f[i])) * (i & 1 ? 1 : -1);
        h = (h ^ v[i]) * 1099511628211u;
        sum += (int64_t)f[i] / 3 + v[i] % 17 - (int32_t)v[i] / 7;
    }
    printf("float %.9g hash %016llx mixed %.17g\n", fs,
           (unsigned long long)h, sum);
    printf("ld %.20Lg %.20Lg\n", sinl(0.5L), powl(1.5L, 33.25L));
    printf("libm %.17g %.17g %.17g %.17g\n", exp(1.25), log(7.5),
           tgamma(4.5), atan2(1, -3));
    return 0;
}
