/*
 * Ordinary loops, compiled for x86-64-v3 at -O3, whose results must be the same
 * to the last bit natively and emulated.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_ISA_KERNELS_H
#define TESTS_ISA_KERNELS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* @run does its work @n times (more or less) and returns a hash of it. */
typedef struct Kernel {
    const char *name;
    uint64_t (*run)(unsigned n);
} Kernel;

/* Tables, ended by a row without a name. */
extern const Kernel kernels_fp[], kernels_signal[], kernels_hash[],
    kernels_codec[], kernels_misc[];

/* main.c: hash @len bytes; @h: what was hashed before. */
uint64_t fold(uint64_t h, const void *p, size_t len);
/* Numbers from a seed: in [-1, 1), any bytes. */
void fill_double(double *d, size_t n, uint64_t seed);
void fill_float(float *f, size_t n, uint64_t seed);
void fill_bytes(void *p, size_t n, uint64_t seed);

static inline uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

#endif
