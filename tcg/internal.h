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

/*
 * Scratch memory of the passes, one per context.  Arrays indexed by value or
 * label; each pass says which it uses and leaves the rest alone.
 */
typedef struct TCGPassData {
    /* forward: op (index + 1) that wrote a value last; label counts for
     * globals and locals */
    uint16_t def[TCG_MAX_VALS];
    /* forward: a global that holds the same as a temp, since op alias_at */
    TCGv alias[TCG_MAX_VALS];
    uint16_t alias_at[TCG_MAX_VALS];
    /* forward: bits above this one are known to be zero (64: nothing known) */
    uint8_t bits[TCG_MAX_VALS];
    /* backward: a temp is read further down */
    uint8_t live[TCG_MAX_VALS];
    /* forward: labels met so far, and whether a branch goes back to one */
    bool met[TCG_MAX_LABELS];
    bool loop;
    /* backward: state at labels */
    struct {
        uint32_t cc_live;
        bool strong, ref;
        uint64_t written;
    } at_label[TCG_MAX_LABELS];
    /* resolve: record in force at the branch to a side label */
    struct {
        uint16_t set;
        uint8_t stale;
        bool in_env;
    } branch[TCG_MAX_LABELS];
} TCGPassData;

static inline TCGPassData *tcg_pass_data(const TCGContext *s)
{
    return s->pass_data;
}

static inline void tcg_op_remove(TCGOp *op)
{
    op->opc = TCG_OP_nop;
}

/* Can a record by reference hold operand @v, a constant?  One operand's. */
static inline bool tcg_cc_ref_const(const TCGContext *s, TCGv v)
{
    int64_t c = s->vals[v].value;

    return c >= -256 && c < 256;
}

/* Result of an op on constants; false when it is not one that is folded. */
bool tcg_fold(const TCGOp *op, uint64_t a, uint64_t b, uint64_t *r);
bool tcg_fold_cond(TCGCond c, unsigned w, uint64_t a, uint64_t b);

/* The passes, in the order they run. */
void tcg_pass_forward(TCGContext *s);
void tcg_pass_backward(TCGContext *s);
void tcg_pass_resolve(TCGContext *s);

#endif
