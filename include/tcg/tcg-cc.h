/*
 * Lazy condition codes.
 *
 * Flags are not a register.  An op that sets them is followed by a `cc_set`
 * op that records *how* they came about: a kind, a width and up to three
 * operands.  A consumer names a condition.  The passes connect the two, drop
 * what nobody reads, and a code generator turns what is left into its
 * cheapest compare-and-branch.  At the border of a unit the record lives in
 * the CPU state as cc_op (kind and width), cc_dst, cc_src and cc_src2.
 *
 * The six flags are those of the x86 EFLAGS register, at their positions
 * there (SDM volume 1, section 3.4.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_CC_H
#define TCG_CC_H

#include "qemu/osdep.h"

#define TCG_CC_C 0x0001u
#define TCG_CC_P 0x0004u
#define TCG_CC_A 0x0010u
#define TCG_CC_Z 0x0040u
#define TCG_CC_S 0x0080u
#define TCG_CC_O 0x0800u
#define TCG_CC_ALL (TCG_CC_C | TCG_CC_P | TCG_CC_A | TCG_CC_Z | TCG_CC_S | \
                    TCG_CC_O)

/*
 * Kinds.  dst, src, src2 are the operands; only the low bits given by the
 * width count, except for MUL and BLS, where src is a 64-bit container, and
 * for what are flags or counts.  "res" is the result of the operation.
 */
typedef enum TCGCCKind {
    CC_KIND_DYNAMIC,  /* unknown at translation time: look in the CPU state */
    CC_KIND_EFLAGS,   /* dst = the flags themselves */
    CC_KIND_ADD,      /* dst = res, src = addend:     a = res - src */
    CC_KIND_ADC,      /* dst = res, src = addend, src2 = carry in (0, 1) */
    CC_KIND_SUB,      /* dst = res, src = subtrahend: a = res + src */
    CC_KIND_SBB,      /* dst = res, src = subtrahend, src2 = borrow (0, 1) */
    CC_KIND_CMP,      /* dst = a, src = b:            flags of a - b */
    CC_KIND_LOGIC,    /* dst = res: C = O = A = 0 */
    CC_KIND_INC,      /* dst = res, src = old C (0, 1) */
    CC_KIND_DEC,      /* dst = res, src = old C (0, 1) */
    CC_KIND_SHL,      /* dst = res, src = value shifted by count - 1;
                         count was not 0; C = its top bit, O = C ^ sign(res) */
    CC_KIND_SHR,      /* likewise: C = bit 0 of src, O = top two bits of
                         res/src differ, i.e. sign of (res ^ src) */
    CC_KIND_SAR,      /* likewise: C = bit 0 of src, O = 0 when src and res
                         have one sign, else as SHR */
    CC_KIND_SHLV,     /* variable count: dst = value, src = count (masked),
                         src2 = flags before, kept when count is 0 */
    CC_KIND_SHRV,
    CC_KIND_SARV,
    CC_KIND_MUL,      /* dst = low half, src = non-zero if the high half is
                         significant: C = O = (src != 0), Z S P of dst, A 0 */
    CC_KIND_ANDN,     /* dst = res: as LOGIC; kept apart for readable dumps */
    CC_KIND_BLS,      /* BLSI/BLSR/BLSMSK/BZHI: dst = res, src = non-zero if C;
                         S, Z of res, O = A = P = 0 */
    CC_KIND_ZC,       /* LZCNT, TZCNT: dst = res (Z), src = source (C = src==0),
                         others 0 */
    CC_KIND_Z,        /* BSF, BSR, POPCNT: Z = (dst == 0), others 0 */
    CC_KIND_MAX
} TCGCCKind;

/* cc_op in the CPU state: kind in bits 7..2, width (TCGWidth) in bits 1..0. */
#define TCG_CC_OP(kind, w)   (((uint32_t)(kind) << 2) | (w))
#define TCG_CC_OP_KIND(op)   ((TCGCCKind)((op) >> 2))
#define TCG_CC_OP_WIDTH(op)  ((op) & 3)

/*
 * A record by reference.  Flags that are overwritten before anybody reads them
 * are only looked at when something happens until then (a fault, a signal).
 * For that cc_op alone is stored, and tells where the operands are: operand k
 * has five bits from bit 8 + 5k: 0 = in its field, else the number of the
 * global that holds it, or TCG_CC_REF_CONST = the signed number in bits 31..23.
 * Only tcg_cc_settle() understands this, and makes a plain record of it.  Code
 * that composes flags nobody will look at may still meet one: readers of cc_op
 * take its low eight bits.
 */
#define TCG_CC_REF_SHIFT(k)     (8 + 5 * (k))
#define TCG_CC_REF_CONST        31u
#define TCG_CC_REF_MAX          30u     /* highest number of a global */
#define TCG_CC_REF_CONST_SHIFT  23
#define TCG_CC_OP_IS_REF(op)    ((op) > 0xff)

/* Conditions, numbered as in the x86 opcode map: odd = negation of even. */
typedef enum TCGCCCond {
    CCC_O, CCC_NO, CCC_B, CCC_AE, CCC_E, CCC_NE, CCC_BE, CCC_A,
    CCC_S, CCC_NS, CCC_P, CCC_NP, CCC_L, CCC_GE, CCC_LE, CCC_G,
} TCGCCCond;

/* Flags a condition reads; flags a kind's evaluation needs all operands for. */
uint32_t tcg_cc_cond_flags(TCGCCCond cond);

/* Number of operands of a kind (0 for DYNAMIC). */
unsigned tcg_cc_kind_operands(TCGCCKind kind);

/*
 * The reference: evaluate the six flags from a record.  Pure; compiled without
 * vector instructions so that generated code can call it without saving
 * vector registers.  @kind is not DYNAMIC.
 */
uint32_t tcg_cc_eval(uint32_t cc_op, uint64_t dst, uint64_t src,
                     uint64_t src2);
/* Does @cond hold for flags @eflags? */
bool tcg_cc_test(TCGCCCond cond, uint32_t eflags);

#endif
