/*
 * How the reference of the vector ops is put together: tcg_vop_ref() fills a
 * Vop, calls the op's function and completes the result.  One function per
 * row of tcg-vop.def, spread over the vec-*.c files by subject.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_VEC_H
#define TCG_VEC_H

#include "internal.h"

typedef struct Vop {
    TCGVec r;               /* result; zero when the function is called */
    const TCGVec *a, *b, *c;
    unsigned bytes;         /* 1 << w */
    unsigned out;           /* bytes of r that are written; starts as bytes */
    unsigned esz;           /* MO_* */
    bool scalar;            /* only lane 0 is wanted */
    int64_t imm;
    TCGFpEnv *fp;
} Vop;

#define VOP(name, sig, flags) void tcg_vop_##name(Vop *v);
#include "tcg/tcg-vop.def"

/* Lanes of a field of TCGVec that the op computes. */
#define VOP_N(v, field) \
    ((v)->scalar ? 1u : (v)->bytes / (unsigned)sizeof((v)->r.field[0]))
/* r[i] = expr for each lane; A, B, C are the operands' lanes. */
#define VOP_EACH(v, field, expr)                                        \
    for (unsigned i = 0; i < VOP_N(v, field); i++) {                    \
        (v)->r.field[i] = (expr);                                       \
    }

#endif
