/*
 * What the files of the IR core share among themselves: the parts of a
 * context that front and back ends do not see, and the predicates the passes
 * agree on.  Not for code generators.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_INTERNAL_H
#define TCG_INTERNAL_H

#include "tcg/tcg.h"
#include "tcg/tcg-vop.h"

#define TCG_CONST_HASH_SIZE 1024u

/*
 * The whole of a context.  const_hash maps a constant to its value index; an
 * entry is valid when the value it names is a constant of the current unit
 * with that very number, so the table needs no clearing.
 */
typedef struct TCGContextFull {
    TCGContext pub;
    TCGv const_hash[TCG_CONST_HASH_SIZE];
} TCGContextFull;

static inline bool tcg_fits_s32(int64_t x)
{
    return x == (int32_t)x;
}

static inline bool tcg_is_global(const TCGContext *s, TCGv v)
{
    return v && v <= s->nb_globals;
}

static inline unsigned tcg_width_bits(unsigned w)
{
    return 8u << w;
}

static inline uint64_t tcg_width_mask(unsigned w)
{
    return w == MO_64 ? UINT64_MAX : (1ull << (8u << w)) - 1;
}

/* Number of source operands of @op, memory and calls included. */
static inline unsigned tcg_op_srcs(const TCGOp *op)
{
    unsigned n = tcg_op_defs[op->opc].srcs;

    return op->opc == TCG_OP_mov && op->w < MO_32 ? 2 : n;
}

/* Does the op address memory with src[0], src[1], cond and imm? */
static inline bool tcg_op_is_mem(unsigned opc)
{
    return (opc >= TCG_OP_ld && opc <= TCG_OP_atomic_xor) ||
           opc == TCG_OP_vld || opc == TCG_OP_vst;
}

/* May a guest fault be raised by the op itself (helpers excluded)? */
static inline bool tcg_op_faults(const TCGOp *op)
{
    if (op->opc == TCG_OP_v) {
        return tcg_vop_defs[op->aux].flags & TCG_VF_P;
    }
    return tcg_op_defs[op->opc].flags & TCG_OPF_F;
}

/* The passes, in the order they run. */
void tcg_pass_cc(TCGContext *s);
void tcg_pass_forward(TCGContext *s);
void tcg_pass_backward(TCGContext *s);

#endif
