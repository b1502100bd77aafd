/*
 * The example `make run` shows: an ordinary x86-64 program that says what
 * CPU and libraries it sees and does a short computation.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <inttypes.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <zlib.h>

static int print_object(struct dl_phdr_info *info, size_t size, void *opaque)
{
    const char *name = info->dlpi_name[0] ? info->dlpi_name : "(the program)";

    printf("  %#14" PRIx64 "  %s\n", (uint64_t)info->dlpi_addr, name);
    return 0;
}

static void print_cpu(void)
{
    unsigned brand[12], a, b, c, d;

    for (unsigned i = 0; i < 3; i++) {
        __get_cpuid(0x80000002 + i, &brand[i * 4], &brand[i * 4 + 1],
                    &brand[i * 4 + 2], &brand[i * 4 + 3]);
    }
    __cpuid(1, a, b, c, d);
    printf("CPU: %.48s (SSE4.2 %s", (char *)brand,
           c & bit_SSE4_2 ? "yes" : "no");
    __cpuid_count(7, 0, a, b, c, d);
    printf(", AVX2 %s)\n", b & bit_AVX2 ? "yes" : "no");
}

/* Integer work: primes below a limit, by trial division. */
static unsigned count_primes(unsigned limit)
{
    unsigned n = 0;

    for (unsigned i = 2; i < limit; i++) {
        unsigned d = 2;

        while (d * d <= i && i % d) {
            d++;
        }
        n += d * d > i;
    }
    return n;
}

/* Floating point work: a sum that converges to pi. */
static double pi_sum(unsigned terms)
{
    double sum = 0;

    for (unsigned i = 0; i < terms; i++) {
        sum += (i & 1 ? -4.0 : 4.0) / (2.0 * i + 1);
    }
    return sum;
}

int main(void)
{
    struct utsname u;
    struct timespec t0, t1;
    static unsigned char text[1 << 20], packed[1 << 20];
    uLongf len = sizeof(packed);

    uname(&u);
    printf("System: %s %s\n", u.sysname, u.machine);
    print_cpu();
    printf("Objects in memory:\n");
    dl_iterate_phdr(print_object, NULL);

    clock_gettime(CLOCK_MONOTONIC, &t0);
    printf("Primes below 2000000: %u\n", count_primes(2000000));
    printf("Pi, 50 million terms: %.9f\n", pi_sum(50000000));
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = "the quick brown fox "[i * i / 7 % 20];
    }
    compress(packed, &len, text, sizeof(text));
    printf("zlib: %zu bytes -> %lu, crc %08lx\n", sizeof(text), len,
           crc32(0, packed, len));
    clock_gettime(CLOCK_MONOTONIC, &t1);
    printf("Time: %.3f s\n", t1.tv_sec - t0.tv_sec +
           (t1.tv_nsec - t0.tv_nsec) / 1e9);
    return 0;
}
