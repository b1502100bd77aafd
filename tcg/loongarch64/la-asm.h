/*
 * Encoder for LoongArch64 host instructions.
 *
 * Responsible for bits only: it does not choose instructions and knows nothing
 * of the IR.  Every instruction of the tables la-base.def, la-lsx.def and
 * la-lasx.def becomes an inline function la_<name>(a, operands...) with the
 * operands in the assembler's order; dots in the name are underscores
 * ("fcmp.clt.d" is la_fcmp_clt_d).  Immediates are what the assembler would be
 * given: offsets in bytes, the shift of ALSL 1 to 4.  Callers make sure that
 * there is room and that immediates fit (asserted in debug builds).
 *
 * Encodings, named by the fields in the assembler's order.  D, J, K, A are the
 * register fields at bits 0, 5, 10 and 15; Un and Sn immediates of n bits
 * (signed: S), at bit 10 or in the free register field; X4: a multiple of 4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_LOONGARCH64_ASM_H
#define TCG_LOONGARCH64_ASM_H

#include "qemu/osdep.h"

/* General registers by number and by the role the ABI gives them. */
enum {
    LA_ZERO, LA_RA, LA_TP, LA_SP, LA_A0, LA_A1, LA_A2, LA_A3,
    LA_A4, LA_A5, LA_A6, LA_A7, LA_T0, LA_T1, LA_T2, LA_T3,
    LA_T4, LA_T5, LA_T6, LA_T7, LA_T8, LA_R21, LA_FP, LA_S0,
    LA_S1, LA_S2, LA_S3, LA_S4, LA_S5, LA_S6, LA_S7, LA_S8,
};

/* Where to write: p is the writable address, p + rx_off the executed one. */
typedef struct LAAsm {
    uint32_t *p;
    ptrdiff_t rx_off;
} LAAsm;

static inline void la_put(LAAsm *a, uint32_t insn)
{
    *a->p++ = insn;
}

/*
 * The instruction of LASX that does with both halves of its registers what @insn
 * of LSX does; what is none of LSX stays.  Not for those that name an element by
 * its number within the register (VINSGR2VR, VPICKVE2GR, VREPLVEI, VSTELM).
 */
static inline uint32_t la_widen(uint32_t insn)
{
    uint32_t op = insn >> 20;

    return op >= 0x700 && op < 0x740 ? insn + 0x04000000    /* most */
           : op >= 0x090 && op < 0x0a0 ? insn + 0x01000000  /* fused */
           : op >= 0x0c5 && op < 0x0c7 ? insn + 0x00400000  /* vfcmp */
           : op == 0x0d1 || op == 0x0d5 ? insn + 0x00100000 /* vbitsel, vshuf.b */
           : insn;
}

/* The opposite; @insn itself if it is none of LASX. */
static inline uint32_t la_narrow(uint32_t insn)
{
    uint32_t op = insn >> 20;

    return op >= 0x740 && op < 0x780 ? insn - 0x04000000
           : op >= 0x0a0 && op < 0x0b0 ? insn - 0x01000000
           : op >= 0x0c9 && op < 0x0cb ? insn - 0x00400000
           : op == 0x0d2 || op == 0x0d6 ? insn - 0x00100000
           : insn;
}

/* The address the next instruction will be executed at. */
static inline const uint8_t *la_rx(const LAAsm *a)
{
    return (const uint8_t *)a->p + a->rx_off;
}

static inline bool la_fits_s(int64_t v, unsigned bits)
{
    return v >= -((int64_t)1 << (bits - 1)) && v < (int64_t)1 << (bits - 1);
}

static inline bool la_fits_u(uint64_t v, unsigned bits)
{
    return v >> bits == 0;
}

/* Fields. */
static inline uint32_t la_f(unsigned reg, unsigned pos)
{
    debug_assert(reg < 32);
    return (uint32_t)reg << pos;
}

static inline uint32_t la_u(int64_t v, unsigned bits, unsigned pos)
{
    debug_assert(la_fits_u(v, bits));
    return ((uint32_t)v & ((1u << bits) - 1)) << pos;
}

static inline uint32_t la_s(int64_t v, unsigned bits, unsigned scale,
                            unsigned pos)
{
    debug_assert(v % (1 << scale) == 0 && la_fits_s(v >> scale, bits));
    return ((uint32_t)(v >> scale) & ((1u << bits) - 1)) << pos;
}

/* Branch offsets in two parts: 16 low bits at bit 10, the rest at bit 0. */
static inline uint32_t la_s_split(int64_t v, unsigned bits)
{
    uint32_t u = la_s(v, bits, 2, 0);

    return (u & 0xffff) << 10 | u >> 16;
}

/* Encodings: parameters and the bits they become. */
#define LA_FN(name, op, bits, ...) \
    static inline void la_##name(LAAsm *a, __VA_ARGS__) \
    { \
        la_put(a, (op) | (bits)); \
    }
#define LA_R1 unsigned x
#define LA_R2 unsigned x, unsigned y
#define LA_R3 unsigned x, unsigned y, unsigned z
#define LA_D  la_f(x, 0)
#define LA_DJ (la_f(x, 0) | la_f(y, 5))

#define LA_DJ_U(n, op, w) LA_FN(n, op, LA_DJ | la_u(i, w, 10), LA_R2, unsigned i)
#define LA_DJ_S(n, op, w, sc) \
    LA_FN(n, op, LA_DJ | la_s(i, w, sc, 10), LA_R2, int64_t i)
#define LA_VSTELM(n, op, sc, w) \
    LA_FN(n, op, LA_DJ | la_s(i, 8, sc, 10) | la_u(idx, w, 18), \
          LA_R2, int64_t i, unsigned idx)

#define LA_ENC_DJ(n, op)     LA_FN(n, op, LA_DJ, LA_R2)
#define LA_ENC_JK(n, op)     LA_FN(n, op, la_f(x, 5) | la_f(y, 10), LA_R2)
#define LA_ENC_DJK(n, op)    LA_FN(n, op, LA_DJ | la_f(z, 10), LA_R3)
#define LA_ENC_DKJ(n, op) \
    LA_FN(n, op, LA_D | la_f(y, 10) | la_f(z, 5), LA_R3)
#define LA_ENC_DJKA(n, op) \
    LA_FN(n, op, LA_DJ | la_f(z, 10) | la_f(ra, 15), LA_R3, unsigned ra)
#define LA_ENC_DJK_A2(n, op) \
    LA_FN(n, op, LA_DJ | la_f(z, 10) | la_u(i - 1, 2, 15), LA_R3, int i)
#define LA_ENC_DJK_U2(n, op) \
    LA_FN(n, op, LA_DJ | la_f(z, 10) | la_u(i, 2, 15), LA_R3, unsigned i)
#define LA_ENC_DJK_U3(n, op) \
    LA_FN(n, op, LA_DJ | la_f(z, 10) | la_u(i, 3, 15), LA_R3, unsigned i)
/* bit-field instructions: rd, rj, highest bit, lowest bit */
#define LA_ENC_DJ_ML5(n, op) \
    LA_FN(n, op, LA_DJ | la_u(msb, 5, 16) | la_u(lsb, 5, 10), LA_R2, \
          unsigned msb, unsigned lsb)
#define LA_ENC_DJ_ML6(n, op) \
    LA_FN(n, op, LA_DJ | la_u(msb, 6, 16) | la_u(lsb, 6, 10), LA_R2, \
          unsigned msb, unsigned lsb)
#define LA_ENC_DJ_U1(n, op)  LA_DJ_U(n, op, 1)
#define LA_ENC_DJ_U2(n, op)  LA_DJ_U(n, op, 2)
#define LA_ENC_DJ_U3(n, op)  LA_DJ_U(n, op, 3)
#define LA_ENC_DJ_U4(n, op)  LA_DJ_U(n, op, 4)
#define LA_ENC_DJ_U5(n, op)  LA_DJ_U(n, op, 5)
#define LA_ENC_DJ_U6(n, op)  LA_DJ_U(n, op, 6)
#define LA_ENC_DJ_U7(n, op)  LA_DJ_U(n, op, 7)
#define LA_ENC_DJ_U8(n, op)  LA_DJ_U(n, op, 8)
#define LA_ENC_DJ_U12(n, op) LA_DJ_U(n, op, 12)
#define LA_ENC_DJ_S5(n, op)  LA_DJ_S(n, op, 5, 0)
#define LA_ENC_DJ_S9X8(n, op)  LA_DJ_S(n, op, 9, 3)
#define LA_ENC_DJ_S10X4(n, op) LA_DJ_S(n, op, 10, 2)
#define LA_ENC_DJ_S11X2(n, op) LA_DJ_S(n, op, 11, 1)
#define LA_ENC_DJ_S12(n, op)   LA_DJ_S(n, op, 12, 0)
#define LA_ENC_DJ_S14X4(n, op) LA_DJ_S(n, op, 14, 2)
#define LA_ENC_DJ_S16(n, op)   LA_DJ_S(n, op, 16, 0)
#define LA_ENC_DJ_S16X4(n, op) LA_DJ_S(n, op, 16, 2)
/* element stores: register, base, offset, element */
#define LA_ENC_DJ_S8X1_U4(n, op) LA_VSTELM(n, op, 0, 4)
#define LA_ENC_DJ_S8X1_U5(n, op) LA_VSTELM(n, op, 0, 5)
#define LA_ENC_DJ_S8X2_U3(n, op) LA_VSTELM(n, op, 1, 3)
#define LA_ENC_DJ_S8X2_U4(n, op) LA_VSTELM(n, op, 1, 4)
#define LA_ENC_DJ_S8X4_U2(n, op) LA_VSTELM(n, op, 2, 2)
#define LA_ENC_DJ_S8X4_U3(n, op) LA_VSTELM(n, op, 2, 3)
#define LA_ENC_DJ_S8X8_U1(n, op) LA_VSTELM(n, op, 3, 1)
#define LA_ENC_DJ_S8X8_U2(n, op) LA_VSTELM(n, op, 3, 2)
/* compare and branch: rj, rd, offset */
#define LA_ENC_JD_S16X4(n, op) \
    LA_FN(n, op, la_f(x, 5) | la_f(y, 0) | la_s(i, 16, 2, 10), LA_R2, \
          int64_t i)
#define LA_ENC_J_S21X4(n, op) \
    LA_FN(n, op, la_f(x, 5) | la_s_split(i, 21), LA_R1, int64_t i)
#define LA_ENC_S26X4(n, op)  LA_FN(n, op, la_s_split(i, 26), int64_t i)
#define LA_ENC_U15(n, op)    LA_FN(n, op, la_u(i, 15, 0), unsigned i)
#define LA_ENC_D_S13(n, op) \
    LA_FN(n, op, LA_D | la_s(i, 13, 0, 5), LA_R1, int64_t i)
#define LA_ENC_D_S20(n, op) \
    LA_FN(n, op, LA_D | la_s(i, 20, 0, 5), LA_R1, int64_t i)

#define LA(name, text, kinds, enc, op) LA_ENC_##enc(name, op)
#include "la-base.def"
#include "la-lsx.def"
#include "la-lasx.def"
#undef LA

/* The assembler's short names that matter here. */
static inline void la_nop(LAAsm *a)
{
    la_andi(a, LA_ZERO, LA_ZERO, 0);
}

static inline void la_mov(LAAsm *a, unsigned rd, unsigned rj)
{
    la_or(a, rd, rj, LA_ZERO);
}

/*
 * The shortest sequence (1 to 4 instructions) that loads @value; returns how
 * many instructions that was.
 */
unsigned la_li(LAAsm *a, unsigned rd, uint64_t value);
/* The same without writing. */
unsigned la_li_len(uint64_t value);

/*
 * Put the byte offset @off into the branch at @insn, whatever its kind (b, bl,
 * beqz ..., beq ..., bceqz).  False if it does not fit: nothing is written.
 */
bool la_set_branch(uint32_t *insn, int64_t off);

/* Names of the opcodes: LA_OP_add_d and so on. */
enum {
#define LA(name, text, kinds, enc, op) LA_OP_##name = (int)(op),
#include "la-base.def"
#include "la-lsx.def"
#include "la-lasx.def"
#undef LA
};

/* By opcode, for code that takes the instruction from a table. */
static inline void la_put_dj(LAAsm *a, uint32_t op, unsigned d, unsigned j)
{
    la_put(a, op | la_f(d, 0) | la_f(j, 5));
}

static inline void la_put_djk(LAAsm *a, uint32_t op, unsigned d, unsigned j,
                              unsigned k)
{
    la_put(a, op | la_f(d, 0) | la_f(j, 5) | la_f(k, 10));
}

static inline void la_put_djka(LAAsm *a, uint32_t op, unsigned d, unsigned j,
                               unsigned k, unsigned ra)
{
    la_put(a, op | la_f(d, 0) | la_f(j, 5) | la_f(k, 10) | la_f(ra, 15));
}

static inline void la_put_dji(LAAsm *a, uint32_t op, unsigned d, unsigned j,
                              unsigned field)
{
    la_put(a, op | la_f(d, 0) | la_f(j, 5) | field << 10);
}

#endif
