/*
 * Random steps that are the same in every run, and a checksum over them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef STEPS_H
#define STEPS_H

#include <stdint.h>

typedef struct Steps {
    uint64_t sum, rng;
} Steps;

#define STEPS_INIT { 14695981039346656037ull, 88172645463325252ull }

/* xorshift; 0 .. n - 1 */
static inline unsigned steps_random(Steps *s, unsigned n)
{
    s->rng ^= s->rng << 13;
    s->rng ^= s->rng >> 7;
    s->rng ^= s->rng << 17;
    return (s->rng >> 16) % n;
}

/* FNV-1a by words */
static inline void steps_mix(Steps *s, uint64_t v)
{
    s->sum = (s->sum ^ v) * 1099511628211ull;
}

#endif
