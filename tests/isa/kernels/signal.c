/*
 * Signals and pictures: transforms, filters, conversions, motion search.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kernels.h"
#include <immintrin.h>

#define N 1024

static void fft_pass(double *re, double *im, unsigned len, int sign)
{
    for (unsigned i = 1, j = 0; i < len; i++) {
        unsigned bit = len >> 1;

        for (; j & bit; bit >>= 1) {
            j ^= bit;
        }
        j ^= bit;
        if (i < j) {
            double t = re[i];

            re[i] = re[j];
            re[j] = t;
            t = im[i];
            im[i] = im[j];
            im[j] = t;
        }
    }
    for (unsigned half = 1; half < len; half *= 2) {
        double wr[512], wi[512];

        for (unsigned k = 0; k < half; k++) {
            wr[k] = cos(M_PI * k / half);
            wi[k] = sign * sin(M_PI * k / half);
        }
        for (unsigned i = 0; i < len; i += 2 * half) {
            for (unsigned k = 0; k < half; k++) {
                double *a = re + i + k, *b = im + i + k;
                double x = a[half] * wr[k] - b[half] * wi[k];
                double y = a[half] * wi[k] + b[half] * wr[k];

                a[half] = *a - x;
                b[half] = *b - y;
                *a += x;
                *b += y;
            }
        }
    }
}

static uint64_t fft(unsigned n)
{
    static double re[N], im[N];

    fill_double(re, N, 1);
    fill_double(im, N, 2);
    for (unsigned k = 0; k < n; k++) {
        fft_pass(re, im, N, 1);
        for (unsigned i = 0; i < N; i++) {
            re[i] *= 1.0 / N;
            im[i] *= 1.0 / N;
        }
        fft_pass(re, im, N, -1);
    }
    return fold(fold(1, re, sizeof(re)), im, sizeof(im));
}

static uint64_t dct(unsigned n)
{
    float c[8][8], in[64][8][8], out[64][8][8];

    for (unsigned i = 0; i < 8; i++) {
        for (unsigned j = 0; j < 8; j++) {
            c[i][j] = cosf((2 * j + 1) * i * (float)M_PI / 16) *
                      (i ? 0.5f : 0.35355339f);
        }
    }
    fill_float(in[0][0], 4096, 3);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned b = 0; b < 64; b++) {
            float t[8][8];

            for (unsigned i = 0; i < 8; i++) {
                for (unsigned j = 0; j < 8; j++) {
                    float s = 0;

                    for (unsigned l = 0; l < 8; l++) {
                        s += c[i][l] * in[b][l][j];
                    }
                    t[i][j] = s;
                }
            }
            for (unsigned i = 0; i < 8; i++) {
                for (unsigned j = 0; j < 8; j++) {
                    float s = 0;

                    for (unsigned l = 0; l < 8; l++) {
                        s += t[i][l] * c[j][l];
                    }
                    out[b][i][j] = s;
                }
            }
        }
        memcpy(in, out, sizeof(in));
    }
    return fold(1, out, sizeof(out));
}

static uint64_t fir(unsigned n)
{
    static float x[N + 32], y[N], c[32];

    fill_float(x, N + 32, 4);
    fill_float(c, 32, 5);
    for (unsigned k = 0; k < 4 * n; k++) {
        for (unsigned i = 0; i < N; i++) {
            float s = 0;

            for (unsigned j = 0; j < 32; j++) {
                s += c[j] * x[i + j];
            }
            y[i] = s;
        }
        memcpy(x, y, sizeof(y));
    }
    return fold(1, y, sizeof(y));
}

static uint64_t biquad(unsigned n)
{
    static float x[N];
    float a = 0, b = 0, c = 0, d = 0;

    fill_float(x, N, 6);
    for (unsigned k = 0; k < 10 * n; k++) {
        for (unsigned i = 0; i < N; i++) {
            float y = 0.2f * x[i] + 0.4f * a + 0.2f * b + 0.5f * c - 0.3f * d;

            b = a;
            a = x[i];
            d = c;
            c = y;
            x[i] = y * 1.5f;
        }
    }
    return fold(1, x, sizeof(x));
}

static uint64_t yuv(unsigned n)
{
    static uint8_t y[4096], u[4096], v[4096], out[4096][4];

    fill_bytes(y, 4096, 7);
    fill_bytes(u, 4096, 8);
    fill_bytes(v, 4096, 9);
    for (unsigned k = 0; k < 4 * n; k++) {
        for (unsigned i = 0; i < 4096; i++) {
            int c = 298 * (y[i] - 16), d = u[i] - 128, e = v[i] - 128;
            int rgb[3] = { (c + 409 * e + 128) >> 8,
                           (c - 100 * d - 208 * e + 128) >> 8,
                           (c + 516 * d + 128) >> 8 };

            for (unsigned j = 0; j < 3; j++) {
                out[i][j] = rgb[j] < 0 ? 0 : rgb[j] > 255 ? 255 : rgb[j];
            }
            out[i][3] = y[i] ^ k;
        }
        memcpy(y, out, sizeof(y));
    }
    return fold(1, out, sizeof(out));
}

static uint64_t blend(unsigned n)
{
    static uint8_t a[8192], b[8192], m[8192];

    fill_bytes(a, 8192, 10);
    fill_bytes(b, 8192, 11);
    fill_bytes(m, 8192, 12);
    for (unsigned k = 0; k < 10 * n; k++) {
        for (unsigned i = 0; i < 8192; i++) {
            unsigned t = a[i] * m[i] + b[i] * (255 - m[i]) + 128;

            a[i] = (t + (t >> 8)) >> 8;
            b[i] = b[i] > 250 ? 255 : b[i] + 5;
        }
    }
    return fold(1, a, sizeof(a));
}

static uint64_t sobel(unsigned n)
{
    static uint8_t p[64][64];
    static int16_t out[64][64];

    fill_bytes(p, 4096, 13);
    for (unsigned k = 0; k < 4 * n; k++) {
        for (unsigned y = 1; y < 63; y++) {
            for (unsigned x = 1; x < 63; x++) {
                int h = p[y - 1][x + 1] + 2 * p[y][x + 1] + p[y + 1][x + 1] -
                        p[y - 1][x - 1] - 2 * p[y][x - 1] - p[y + 1][x - 1];
                int v = p[y + 1][x - 1] + 2 * p[y + 1][x] + p[y + 1][x + 1] -
                        p[y - 1][x - 1] - 2 * p[y - 1][x] - p[y - 1][x + 1];

                out[y][x] = abs(h) + abs(v);
            }
        }
        for (unsigned y = 0; y < 64; y++) {
            for (unsigned x = 0; x < 64; x++) {
                p[y][x] += out[y][x] >> 3;
            }
        }
    }
    return fold(1, out, sizeof(out));
}

static uint64_t motion(unsigned n)
{
    static uint8_t ref[96][96], cur[16][16];
    uint32_t best = ~0u;
    uint64_t h = 1;

    fill_bytes(ref, sizeof(ref), 14);
    fill_bytes(cur, sizeof(cur), 15);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned y = 0; y < 80; y += 2) {
            for (unsigned x = 0; x < 80; x += 3) {
                uint32_t s = 0;

                for (unsigned i = 0; i < 16; i++) {
                    for (unsigned j = 0; j < 16; j++) {
                        s += abs(cur[i][j] - ref[y + i][x + j]);
                    }
                }
                best = s < best ? s : best;
                h = h * 31 + s;
            }
        }
    }
    return fold(h, &best, 4);
}

static uint64_t median(unsigned n)
{
    static uint8_t a[4096], b[4096];

    fill_bytes(a, 4096, 16);
    for (unsigned k = 0; k < 10 * n; k++) {
        for (unsigned i = 1; i < 4095; i++) {
            uint8_t x = a[i - 1], y = a[i], z = a[i + 1];
            uint8_t lo = x < y ? x : y, hi = x < y ? y : x;

            b[i] = z < lo ? lo : z > hi ? hi : z;
        }
        for (unsigned i = 0; i < 4096; i++) {
            a[i] = b[i] * 5 + i;
        }
    }
    return fold(1, a, sizeof(a));
}

static uint64_t half_floats(unsigned n)
{
    static float x[N];
    static uint16_t half[N];

    fill_float(x, N, 17);
    for (unsigned k = 0; k < 10 * n; k++) {
        for (unsigned i = 0; i < N; i += 8) {
            __m256 v = _mm256_loadu_ps(x + i);
            __m128i t = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);

            _mm_storeu_si128((__m128i *)(half + i), t);
            v = _mm256_fmadd_ps(_mm256_cvtph_ps(t), _mm256_set1_ps(1.01f), v);
            _mm256_storeu_ps(x + i, v);
        }
    }
    return fold(fold(1, x, sizeof(x)), half, sizeof(half));
}

static uint64_t rounding(unsigned n)
{
    static double x[N], y[N];
    static int32_t z[N];
    static float f[N];

    fill_double(x, N, 18);
    for (unsigned k = 0; k < 10 * n; k++) {
        double s = 1000.0 * (k + 1);

        for (unsigned i = 0; i < N; i++) {
            y[i] += floor(x[i] * s) - ceil(x[i] * 7) + trunc(x[i] * 3e9) +
                    rint(x[i] * s * s);
            z[i] = (int32_t)(x[i] * 2e9);
            f[i] = z[i];
        }
    }
    return fold(fold(fold(1, y, sizeof(y)), z, sizeof(z)), f, sizeof(f));
}

static uint64_t mixer(unsigned n)
{
    static int16_t a[N], b[N];
    static int32_t acc[N];

    fill_bytes(a, sizeof(a), 19);
    fill_bytes(b, sizeof(b), 20);
    for (unsigned k = 0; k < 10 * n; k++) {
        for (unsigned i = 0; i < N; i++) {
            int32_t t = a[i] * 3 / 4 + b[i] / 2;

            acc[i] += t * (int)(k + 1);
            a[i] = t > 32767 ? 32767 : t < -32768 ? -32768 : t;
            b[i] = b[i] * 31 + 7;
        }
    }
    return fold(fold(1, a, sizeof(a)), acc, sizeof(acc));
}

static uint64_t convolution(unsigned n)
{
    static float in[40][40], w[3][3][4], out[4][38][38];

    fill_float(in[0], 1600, 21);
    fill_float(w[0][0], 36, 22);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned c = 0; c < 4; c++) {
            for (unsigned y = 0; y < 38; y++) {
                for (unsigned x = 0; x < 38; x++) {
                    float s = out[c][y][x] * 0.5f;

                    for (unsigned i = 0; i < 3; i++) {
                        for (unsigned j = 0; j < 3; j++) {
                            s += in[y + i][x + j] * w[i][j][c];
                        }
                    }
                    out[c][y][x] = s > 0 ? s : 0;
                }
            }
        }
    }
    return fold(1, out, sizeof(out));
}

const Kernel kernels_signal[] = {
    { "fft", fft }, { "dct", dct }, { "fir", fir }, { "biquad", biquad },
    { "yuv", yuv }, { "blend", blend }, { "sobel", sobel },
    { "motion", motion }, { "median", median }, { "half", half_floats },
    { "rounding", rounding }, { "mixer", mixer },
    { "convolution", convolution }, { NULL, NULL },
};
