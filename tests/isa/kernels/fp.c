/*
 * Floating point: vectors, matrices, differential equations.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kernels.h"

#define N 1024
#define M 48

static uint64_t daxpy(unsigned n)
{
    static double x[N], y[N];

    fill_double(x, N, 1);
    fill_double(y, N, 2);
    for (unsigned k = 0; k < 40 * n; k++) {
        double a = 1.0 / (k + 3);

        for (unsigned i = 0; i < N; i++) {
            y[i] += a * x[i];
        }
    }
    return fold(1, y, sizeof(y));
}

static uint64_t saxpy(unsigned n)
{
    static float x[N], y[N];

    fill_float(x, N, 3);
    fill_float(y, N, 4);
    for (unsigned k = 0; k < 40 * n; k++) {
        float a = 1.0f / (k + 3);

        for (unsigned i = 0; i < N; i++) {
            y[i] = y[i] * 0.75f - a * x[i];
        }
    }
    return fold(1, y, sizeof(y));
}

/* Four sums at once, as a compiler may not do by itself. */
static uint64_t dot(unsigned n)
{
    static double x[N], y[N];
    double s[4] = { 0 };

    fill_double(x, N, 5);
    fill_double(y, N, 6);
    for (unsigned k = 0; k < 40 * n; k++) {
        for (unsigned i = 0; i < N; i += 4) {
            for (unsigned j = 0; j < 4; j++) {
                s[j] += x[i + j] * y[i + j];
            }
        }
    }
    return fold(1, s, sizeof(s));
}

static uint64_t matmul_double(unsigned n)
{
    static double a[M][M], b[M][M], c[M][M];

    fill_double(a[0], M * M, 7);
    fill_double(b[0], M * M, 8);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned i = 0; i < M; i++) {
            for (unsigned j = 0; j < M; j++) {
                double v = a[i][j];

                for (unsigned l = 0; l < M; l++) {
                    c[i][l] += v * b[j][l];
                }
            }
        }
    }
    return fold(1, c, sizeof(c));
}

static uint64_t matmul_float(unsigned n)
{
    static float a[M][M], b[M][M], c[M][M];

    fill_float(a[0], M * M, 9);
    fill_float(b[0], M * M, 10);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned i = 0; i < M; i++) {
            for (unsigned j = 0; j < M; j++) {
                float v = a[i][j];

                for (unsigned l = 0; l < M; l++) {
                    c[i][l] += v * b[j][l];
                }
            }
        }
    }
    return fold(1, c, sizeof(c));
}

/* Gauss with pivots, and the determinant. */
static uint64_t lu(unsigned n)
{
    static double a[M][M];
    double det = 1;
    uint64_t h = 1;

    for (unsigned k = 0; k < n; k++) {
        fill_double(a[0], M * M, 11 + k);
        for (unsigned p = 0; p < M; p++) {
            unsigned best = p;

            for (unsigned i = p + 1; i < M; i++) {
                if (fabs(a[i][p]) > fabs(a[best][p])) {
                    best = i;
                }
            }
            for (unsigned j = 0; j < M && best != p; j++) {
                double t = a[p][j];

                a[p][j] = a[best][j];
                a[best][j] = t;
            }
            det *= a[p][p];
            for (unsigned i = p + 1; i < M; i++) {
                double f = a[i][p] / a[p][p];

                for (unsigned j = p; j < M; j++) {
                    a[i][j] -= f * a[p][j];
                }
            }
        }
        h = fold(h, a, sizeof(a));
    }
    return fold(h, &det, sizeof(det));
}

static uint64_t householder(unsigned n)
{
    static double a[M][M], v[M];

    for (unsigned k = 0; k < n; k++) {
        fill_double(a[0], M * M, 12 + k);
        for (unsigned p = 0; p + 1 < M; p++) {
            double norm = 0, vv = 0;

            for (unsigned i = p; i < M; i++) {
                norm += a[i][p] * a[i][p];
                v[i] = a[i][p];
            }
            v[p] += copysign(sqrt(norm), v[p]);
            for (unsigned i = p; i < M; i++) {
                vv += v[i] * v[i];
            }
            for (unsigned j = p; j < M; j++) {
                double s = 0;

                for (unsigned i = p; i < M; i++) {
                    s += v[i] * a[i][j];
                }
                s = 2 * s / vv;
                for (unsigned i = p; i < M; i++) {
                    a[i][j] -= s * v[i];
                }
            }
        }
    }
    return fold(1, a, sizeof(a));
}

static uint64_t stencil(unsigned n)
{
    static float a[66][66], b[66][66];

    fill_float(a[0], 66 * 66, 13);
    for (unsigned k = 0; k < 10 * n; k++) {
        for (unsigned i = 1; i < 65; i++) {
            for (unsigned j = 1; j < 65; j++) {
                b[i][j] = 0.2f * (a[i][j] + a[i - 1][j] + a[i + 1][j] +
                                  a[i][j - 1] + a[i][j + 1]);
            }
        }
        memcpy(a[1] + 1, b[1] + 1, sizeof(a) - 2 * 67 * sizeof(float));
    }
    return fold(1, a, sizeof(a));
}

typedef struct Body {
    double p[3], v[3], m;
} Body;

static uint64_t nbody(unsigned n)
{
    Body b[6];

    fill_double(b[0].p, 6 * 7, 14);
    for (unsigned k = 0; k < 300 * n; k++) {
        for (unsigned i = 0; i < 6; i++) {
            for (unsigned j = i + 1; j < 6; j++) {
                double d[3], r = 0.01, f;

                for (unsigned x = 0; x < 3; x++) {
                    d[x] = b[i].p[x] - b[j].p[x];
                    r += d[x] * d[x];
                }
                f = 0.001 / (r * sqrt(r));
                for (unsigned x = 0; x < 3; x++) {
                    b[i].v[x] -= d[x] * fabs(b[j].m) * f;
                    b[j].v[x] += d[x] * fabs(b[i].m) * f;
                }
            }
        }
        for (unsigned i = 0; i < 6; i++) {
            for (unsigned x = 0; x < 3; x++) {
                b[i].p[x] += 0.001 * b[i].v[x];
            }
        }
    }
    return fold(1, b, sizeof(b));
}

static uint64_t mandelbrot(unsigned n)
{
    static uint16_t out[64][64];

    for (unsigned y = 0; y < 64; y++) {
        for (unsigned x = 0; x < 64; x++) {
            double cr = x / 24.0 - 2, ci = y / 32.0 - 1, r = 0, i = 0;
            unsigned k = 0;

            while (k < 60 * n && r * r + i * i < 4) {
                double t = r * r - i * i + cr;

                i = 2 * r * i + ci;
                r = t;
                k++;
            }
            out[y][x] = k;
        }
    }
    return fold(1, out, sizeof(out));
}

static void lorenz_step(const double *s, double *d)
{
    d[0] = 10 * (s[1] - s[0]);
    d[1] = s[0] * (28 - s[2]) - s[1];
    d[2] = s[0] * s[1] - 8.0 / 3 * s[2];
}

static uint64_t runge_kutta(unsigned n)
{
    double s[3] = { 1, 1, 1 };
    uint64_t h = 1;

    for (unsigned k = 0; k < 1000 * n; k++) {
        double d[4][3], t[3];
        static const double step[] = { 0.005, 0.005, 0.01 };

        lorenz_step(s, d[0]);
        for (unsigned j = 0; j < 3; j++) {
            for (unsigned i = 0; i < 3; i++) {
                t[i] = s[i] + step[j] * d[j][i];
            }
            lorenz_step(t, d[j + 1]);
        }
        for (unsigned i = 0; i < 3; i++) {
            s[i] += 0.01 / 6 * (d[0][i] + 2 * d[1][i] + 2 * d[2][i] +
                                d[3][i]);
        }
        h = fold(h, s, sizeof(s));
    }
    return h;
}

static uint64_t horner(unsigned n)
{
    static double x[N], y[N];
    static const double c[] = {
        1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6,
        0.5, 1, 1,
    };

    fill_double(x, N, 15);
    for (unsigned k = 0; k < 20 * n; k++) {
        for (unsigned i = 0; i < N; i++) {
            double s = c[0];

            for (unsigned j = 1; j < 9; j++) {
                s = s * x[i] + c[j];
            }
            y[i] = s - y[i] * 0.5;
        }
    }
    return fold(1, y, sizeof(y));
}

static uint64_t kahan(unsigned n)
{
    static float x[4 * N];
    float s = 0, c = 0;

    fill_float(x, 4 * N, 16);
    for (unsigned k = 0; k < 8 * n; k++) {
        for (unsigned i = 0; i < 4 * N; i++) {
            float y = x[i] - c, t = s + y;

            c = t - s - y;
            s = t;
        }
    }
    return fold(fold(1, &s, 4), &c, 4);
}

static uint64_t black_scholes(unsigned n)
{
    static double s[256], out[256];

    fill_double(s, 256, 17);
    for (unsigned k = 0; k < 4 * n; k++) {
        for (unsigned i = 0; i < 256; i++) {
            double p = 100 + 20 * s[i], t = 0.5 + fabs(s[255 - i]) + k;
            double d = (log(p / 95) + (0.02 + 0.045) * t) / (0.3 * sqrt(t));

            out[i] += p * 0.5 * erfc(-d / sqrt(2)) -
                      95 * exp(-0.02 * t) * 0.5 *
                      erfc(-(d - 0.3 * sqrt(t)) / sqrt(2));
        }
    }
    return fold(1, out, sizeof(out));
}

static uint64_t softmax(unsigned n)
{
    static float x[N], y[N];
    uint64_t h = 1;

    fill_float(x, N, 18);
    for (unsigned k = 0; k < 10 * n; k++) {
        float m = -INFINITY, s = 0;

        for (unsigned i = 0; i < N; i++) {
            m = x[i] > m ? x[i] : m;
        }
        for (unsigned i = 0; i < N; i++) {
            y[i] = expf((x[i] - m) * (k + 1));
            s += y[i];
        }
        for (unsigned i = 0; i < N; i++) {
            y[i] /= s;
            x[i] += y[i] * 0.01f;
        }
        h = fold(h, y, sizeof(y));
    }
    return h;
}

typedef struct Vec {
    float x, y, z;
} Vec;

static float vdot(Vec a, Vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static uint64_t ray_sphere(unsigned n)
{
    static Vec s[32];
    static float img[32][32];

    fill_float(&s[0].x, 96, 19);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned y = 0; y < 32; y++) {
            for (unsigned x = 0; x < 32; x++) {
                Vec d = { x / 16.0f - 1, y / 16.0f - 1, 1 };
                float near = 1e9f, l = 1 / sqrtf(vdot(d, d));

                d = (Vec) { d.x * l, d.y * l, d.z * l };
                for (unsigned i = 0; i < 32; i++) {
                    Vec c = { s[i].x * 3, s[i].y * 3, s[i].z + 4 };
                    float b = vdot(c, d), q = b * b - vdot(c, c) + 0.3f;

                    if (q > 0 && b - sqrtf(q) < near) {
                        near = b - sqrtf(q);
                    }
                }
                img[y][x] += near;
            }
        }
    }
    return fold(1, img, sizeof(img));
}

static uint64_t complex_multiply(unsigned n)
{
    static double _Complex a[N / 2], b[N / 2];

    fill_double((double *)a, N, 20);
    fill_double((double *)b, N, 21);
    for (unsigned k = 0; k < 20 * n; k++) {
        for (unsigned i = 0; i < N / 2; i++) {
            a[i] = a[i] * b[i] + b[i];
        }
    }
    return fold(1, a, sizeof(a));
}

static uint64_t eigen(unsigned n)
{
    static double a[24][24];
    uint64_t h = 1;

    for (unsigned k = 0; k < n; k++) {
        fill_double(a[0], 24 * 24, 22 + k);
        for (unsigned i = 0; i < 24; i++) {
            for (unsigned j = 0; j < i; j++) {
                a[i][j] = a[j][i];
            }
        }
        for (unsigned sweep = 0; sweep < 4; sweep++) {
            for (unsigned p = 0; p < 24; p++) {
                for (unsigned q = p + 1; q < 24; q++) {
                    double t = 0.5 * atan2(2 * a[p][q], a[q][q] - a[p][p]);
                    double c = cos(t), s = sin(t);

                    for (unsigned i = 0; i < 24; i++) {
                        double x = a[i][p], y = a[i][q];

                        a[i][p] = c * x - s * y;
                        a[i][q] = s * x + c * y;
                    }
                    for (unsigned i = 0; i < 24; i++) {
                        double x = a[p][i], y = a[q][i];

                        a[p][i] = c * x - s * y;
                        a[q][i] = s * x + c * y;
                    }
                }
            }
        }
        h = fold(h, a, sizeof(a));
    }
    return h;
}

const Kernel kernels_fp[] = {
    { "daxpy", daxpy }, { "saxpy", saxpy }, { "dot", dot },
    { "matmul-double", matmul_double }, { "matmul-float", matmul_float },
    { "lu", lu }, { "householder", householder }, { "stencil", stencil },
    { "nbody", nbody }, { "mandelbrot", mandelbrot },
    { "runge-kutta", runge_kutta }, { "horner", horner }, { "kahan", kahan },
    { "black-scholes", black_scholes }, { "softmax", softmax },
    { "ray-sphere", ray_sphere }, { "complex", complex_multiply },
    { "eigen", eigen }, { NULL, NULL },
};
