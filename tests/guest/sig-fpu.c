/*
 * Floating-point and vector state across handlers: a loop that computes with
 * everything in registers is interrupted again and again by a handler that
 * uses them all; both must come out right.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* flags: -O2 */
#include "guest.h"
#include <math.h>

static volatile int hits, bad;
static volatile double sink;

static void handler(int sig, siginfo_t *info, void *puc)
{
    ucontext_t *uc = puc;
    double x = 1.5;
    long double l = 0.25L;
    uint32_t mxcsr;

    asm volatile("stmxcsr %0" : "=m"(mxcsr));
    if ((mxcsr & 0xffc0) != 0x1f80 || fabs(sin(x) - 0.9974949866040544) > 1e-15) {
        bad++;
    }
    for (int i = 0; i < 20; i++) {
        x = x * 1.25 + sqrt(x);
        l = l * l + 3;
        if (l > 1e300L) {
            l = 0.5L;
        }
    }
    asm volatile("pcmpeqd %%xmm0, %%xmm0\n movaps %%xmm0, %%xmm7\n"
                 "movaps %%xmm0, %%xmm15\n fldpi\n fldpi\n fstp %%st(0)\n"
                 "fstp %%st(0)\n"
                 : : : "xmm0", "xmm7", "xmm15", "memory");
    sink = x + (double)l;
    hits++;
}

static double work(int n, uint64_t *bits)
{
    double a = 1, b = 0.5, c = 0.25, d = 3;
    float f = 1;
    long double l = 1;
    uint64_t x = 88172645463325252ull;

    for (int i = 0; i < n; i++) {
        a = a * 1.0000001 + b;
        b = b * 0.999 + c * 0.001;
        c = sqrt(c + d) - c;
        d = d / (1 + b) + 0.1;
        f = f * 0.5f + (float)d;
        l = l * 1.000001L + (long double)f;
        if (l > 1e6L) {
            l -= 1e6L;
        }
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    *bits = x;
    return a + b + c + d + f + (double)l;
}

int main(void)
{
    struct itimerval it = { { 0, 300 }, { 0, 300 } }, off = { 0 };
    uint64_t x1, x2;
    double r1, r2;
    int rounds = 0;

    r1 = work(300000, &x1);
    handle(SIGALRM, handler, SA_RESTART);
    setitimer(ITIMER_REAL, &it, NULL);
    while (hits < 300) {
        r2 = work(300000, &x2);
        if (memcmp(&r1, &r2, sizeof(r1)) || x1 != x2) {
            bad += 1000;
        }
        rounds++;
    }
    setitimer(ITIMER_REAL, &off, NULL);
    printf("%.17g %llx bad %d\n", r1, (long long)x1, bad);
    return 0;
}
