/*
 * IEEE 754 arithmetic in integers, with the rules of the SSE unit: which NaN
 * is returned, when flags are set, DAZ and FTZ.  Formats are 16, 32 and 64
 * bits wide; values travel as bit patterns in the low bits of a uint64_t.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_SOFTFLOAT_H
#define TCG_SOFTFLOAT_H

#include "qemu/osdep.h"

/* MXCSR bits. */
enum {
    SF_IE = 0x01, SF_DE = 0x02, SF_ZE = 0x04, SF_OE = 0x08, SF_UE = 0x10,
    SF_PE = 0x20, SF_FLAGS = 0x3f,
    SF_DAZ = 0x40, SF_MASK_SHIFT = 7, SF_RC_SHIFT = 13, SF_FTZ = 0x8000,
};

/* Rounding modes as in MXCSR.RC. */
enum { SF_NEAREST, SF_DOWN, SF_UP, SF_ZERO };

typedef struct SfFormat {
    uint8_t bits, exp_bits, frac_bits;
} SfFormat;

extern const SfFormat sf_f16, sf_f32, sf_f64;

typedef struct SfState {
    uint8_t rounding;
    bool daz, ftz;          /* ftz: only when underflow is masked */
    bool underflow_masked, overflow_masked;
    uint32_t flags;         /* SF_*E, accumulated */
} SfState;

static inline SfState sf_state(uint32_t mxcsr)
{
    bool um = mxcsr & SF_UE << SF_MASK_SHIFT;

    return (SfState) {
        .rounding = mxcsr >> SF_RC_SHIFT & 3,
        .daz = mxcsr & SF_DAZ,
        .ftz = um && (mxcsr & SF_FTZ),
        .underflow_masked = um,
        .overflow_masked = mxcsr & SF_OE << SF_MASK_SHIFT,
    };
}

/*
 * May the host's FPU do a basic operation?  Rounding to nearest, every
 * exception masked, and inexact flagged already: then the operation changes
 * nothing but its result, if its operands are sf_normal and the result is
 * sf_safe (a result next to the denormals may have been one).
 */
static inline bool sf_host_allowed(uint32_t mxcsr)
{
    return (mxcsr & (3 << SF_RC_SHIFT | SF_FLAGS << SF_MASK_SHIFT | SF_PE)) ==
           (SF_FLAGS << SF_MASK_SHIFT | SF_PE);
}

/* Neither zero, denormal, infinite nor NaN. */
static inline bool sf_normal32(uint32_t u)
{
    return (((u >> 23) + 1) & 0xff) >= 2;
}

static inline bool sf_normal64(uint64_t u)
{
    return (((u >> 52) + 1) & 0x7ff) >= 2;
}

static inline bool sf_safe32(uint32_t u)
{
    return (((u >> 23) + 1) & 0xff) >= 3;
}

static inline bool sf_safe64(uint64_t u)
{
    return (((u >> 52) + 1) & 0x7ff) >= 3;
}

uint64_t sf_default_nan(const SfFormat *f);
bool sf_is_nan(const SfFormat *f, uint64_t a);
/* A denormal becomes a zero of its sign when DAZ is set. */
uint64_t sf_daz(SfState *st, const SfFormat *f, uint64_t a);

uint64_t sf_add(SfState *st, const SfFormat *f, uint64_t a, uint64_t b);
uint64_t sf_sub(SfState *st, const SfFormat *f, uint64_t a, uint64_t b);
uint64_t sf_mul(SfState *st, const SfFormat *f, uint64_t a, uint64_t b);
uint64_t sf_div(SfState *st, const SfFormat *f, uint64_t a, uint64_t b);
uint64_t sf_sqrt(SfState *st, const SfFormat *f, uint64_t a);
uint64_t sf_min(SfState *st, const SfFormat *f, uint64_t a, uint64_t b);
uint64_t sf_max(SfState *st, const SfFormat *f, uint64_t a, uint64_t b);
/* +-(a * b) +- c in one rounding. */
uint64_t sf_fma(SfState *st, const SfFormat *f, uint64_t a, uint64_t b,
                uint64_t c, bool neg_product, bool neg_c);

typedef enum SfOrder { SF_LESS, SF_EQUAL, SF_GREATER, SF_UNORDERED } SfOrder;
/* @quiet: a quiet NaN is no invalid operation. */
SfOrder sf_compare(SfState *st, const SfFormat *f, uint64_t a, uint64_t b,
                   bool quiet);

/* Round to an integral value; inexact is not flagged unless @inexact. */
uint64_t sf_round(SfState *st, const SfFormat *f, uint64_t a, unsigned mode,
                  bool inexact);
uint64_t sf_convert(SfState *st, const SfFormat *to, const SfFormat *from,
                    uint64_t a);
/* Signed integer of @bits (32, 64); out of range gives the lowest one. */
uint64_t sf_to_int(SfState *st, const SfFormat *f, uint64_t a, unsigned mode,
                   unsigned bits);
uint64_t sf_from_int(SfState *st, const SfFormat *f, int64_t x);

#endif
