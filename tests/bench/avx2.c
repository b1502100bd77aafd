/*
 * Loops of 256-bit instructions, for tests/bench/lasx.py: `avx2 NAME ROUNDS`.
 * Without a name nothing is computed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
enum { N = 4096 };

static float x[N], y[N];
static uint8_t a[N], b[N];
static int32_t v[N];
static double m[3][16];

static NOINLINE void saxpy(float k)
{
    for (int i = 0; i < N; i++) {
        y[i] = k * x[i] + y[i];
    }
}

static NOINLINE float dot(void)
{
    __m256 s = _mm256_setzero_ps();
    float lane[8], sum = 0;

    for (int i = 0; i < N; i += 8) {
        s = _mm256_fmadd_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i), s);
    }
    _mm256_storeu_ps(lane, s);
    for (int i = 0; i < 8; i++) {
        sum += lane[i];
    }
    return sum;
}

static NOINLINE int compare(void)
{
    for (int i = 0; i < N; i += 32) {
        __m256i e = _mm256_cmpeq_epi8(_mm256_loadu_si256((void *)(a + i)),
                                      _mm256_loadu_si256((void *)(b + i)));
        unsigned mask = _mm256_movemask_epi8(e);

        if (mask != 0xffffffff) {
            return i + __builtin_ctz(~mask);
        }
    }
    return N;
}

static NOINLINE void blend(unsigned alpha)
{
    for (int i = 0; i < N; i++) {
        a[i] = (b[i] * alpha + a[i] * (255 - alpha) + 128) >> 8;
    }
}

static NOINLINE int32_t sum(void)
{
    int32_t s = 0;

    for (int i = 0; i < N; i++) {
        s += v[i];
    }
    return s;
}

static NOINLINE void matrix(double *c, const double *p, const double *q)
{
    for (int i = 0; i < 4; i++) {
        __m256d r = _mm256_mul_pd(_mm256_broadcast_sd(p + 4 * i),
                                  _mm256_loadu_pd(q));

        for (int k = 1; k < 4; k++) {
            r = _mm256_fmadd_pd(_mm256_broadcast_sd(p + 4 * i + k),
                                _mm256_loadu_pd(q + 4 * k), r);
        }
        _mm256_storeu_pd(c + 4 * i, r);
    }
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[1] : "";
    int rounds = argc > 2 ? atoi(argv[2]) : 0;
    unsigned seed = 1;

    for (int i = 0; i < N; i++) {
        seed = seed * 1103515245 + 12345;
        x[i] = (int)(seed >> 16) % 100 * 0.25f;
        y[i] = (int)(seed >> 8) % 77 * 0.5f;
        a[i] = b[i] = seed >> 20;
        v[i] = seed >> 3;
    }
    for (int i = 0; i < 16; i++) {
        m[0][i] = i * 0.5;
        m[1][i] = 16 - i;
    }
    for (int i = 0; i < rounds; i++) {
        if (!strcmp(name, "saxpy")) {
            saxpy(0.5f);
        } else if (!strcmp(name, "dot")) {
            x[i] += dot();
        } else if (!strcmp(name, "compare")) {
            v[i & 7] += compare();
        } else if (!strcmp(name, "blend")) {
            blend(77);
        } else if (!strcmp(name, "sum")) {
            v[i & 7] += sum();
        } else if (!strcmp(name, "matrix")) {
            for (int k = 0; k < 64; k++) {
                matrix(m[2], m[0], m[1]);
            }
        }
    }
    printf("%g %g %d %d %g\n", x[3], y[5], a[7], v[2], m[2][5]);
    return 0;
}
