/*
 * Encoder for x86-64 host instructions.
 *
 * Responsible for bytes only: prefixes, REX/VEX, ModRM, SIB, displacements.
 * It does not choose instructions and knows nothing about the IR.  Callers
 * make sure that there is room; no instruction is longer than 15 bytes.
 *
 * An instruction is named by an opcode word: opcode byte, map, mandatory
 * prefix and width bits in one integer, so that instruction tables are plain
 * arrays of integers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_X86_64_ASM_H
#define TCG_X86_64_ASM_H

#include "qemu/osdep.h"
#include "tcg/tcg.h"

enum {
    X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI,
    X86_R8, X86_R9, X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15,
    X86_NOREG = -1,
    X86_ABS = -2,       /* base: the address is `abs` */
    X86_ISREG = -3,     /* not memory: the register is `reg` */
};

/* Opcode words. */
#define X_0F      0x100u
#define X_0F38    0x200u
#define X_0F3A    0x300u
#define X_MAP(op) ((op) >> 8 & 3)
#define X_66      0x400u
#define X_F3      0x800u
#define X_F2      0xc00u
#define X_PP(op)  ((op) >> 10 & 3)
#define X_W       0x1000u   /* REX.W or VEX.W */
#define X_VEX     0x2000u
#define X_L       0x4000u   /* VEX.L: 256 bits */
#define X_R8      0x8000u   /* the reg field names a byte register */
#define X_M8      0x10000u  /* the r/m field does */
#define X_LOCK    0x20000u

/* Right-hand operand: a register or a memory location. */
typedef struct X86Rm {
    int8_t base;        /* register, X86_NOREG, X86_ABS or X86_ISREG */
    int8_t index;       /* register or X86_NOREG */
    uint8_t scale;      /* log2 */
    uint8_t reg;
    int32_t disp;
    uint64_t abs;
} X86Rm;

static inline X86Rm x86_reg(unsigned reg)
{
    return (X86Rm) { .base = X86_ISREG, .index = X86_NOREG, .reg = reg };
}

static inline X86Rm x86_mem(unsigned base, int32_t disp)
{
    return (X86Rm) { .base = base, .index = X86_NOREG, .disp = disp };
}

static inline X86Rm x86_sib(int base, int index, unsigned scale, int32_t disp)
{
    return (X86Rm) { .base = base, .index = index, .scale = scale,
                     .disp = disp };
}

static inline bool x86_is_reg(X86Rm rm)
{
    return rm.base == X86_ISREG;
}

/* Where to write: p is the writable address, p + rx_off the executed one. */
typedef struct X86Asm {
    uint8_t *p;
    ptrdiff_t rx_off;
} X86Asm;

static inline void x86_8(X86Asm *a, uint8_t v)
{
    *a->p++ = v;
}

static inline void x86_32(X86Asm *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}

static inline void x86_64(X86Asm *a, uint64_t v)
{
    memcpy(a->p, &v, 8);
    a->p += 8;
}

static inline const uint8_t *x86_rx(const X86Asm *a)
{
    return a->p + a->rx_off;
}

/*
 * One instruction: @reg goes to ModRM.reg, @vvvv to the VEX operand (ignored
 * without X_VEX), @rm to the rest.  @imm_len bytes of immediate follow, which
 * the caller appends.
 */
void x86_op(X86Asm *a, uint32_t op, unsigned reg, unsigned vvvv, X86Rm rm,
            unsigned imm_len);

static inline void x86_rr(X86Asm *a, uint32_t op, unsigned reg, unsigned rm)
{
    x86_op(a, op, reg, 0, x86_reg(rm), 0);
}

static inline void x86_rm(X86Asm *a, uint32_t op, unsigned reg, X86Rm rm)
{
    x86_op(a, op, reg, 0, rm, 0);
}

static inline void x86_rm_i8(X86Asm *a, uint32_t op, unsigned reg, X86Rm rm,
                             unsigned imm)
{
    x86_op(a, op, reg, 0, rm, 1);
    x86_8(a, imm);
}

/* Instructions that come in all integer widths: @op is the 8-bit opcode. */
static inline uint32_t x86_op_w(uint32_t op, TCGWidth w)
{
    switch (w) {
    case MO_8:
        return op | X_R8 | X_M8;
    case MO_16:
        return (op + 1) | X_66;
    case MO_32:
        return op + 1;
    default:
        return (op + 1) | X_W;
    }
}

/* Instructions that come in 16, 32 and 64 bits with one opcode. */
static inline uint32_t x86_op_w16(uint32_t op, TCGWidth w)
{
    return op | (w == MO_64 ? X_W : w == MO_16 ? X_66 : 0);
}

/* The eight of the classic group, by their number there. */
enum {
    ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP,
};
/* And of the shift group. */
enum {
    SH_ROL = 0, SH_ROR = 1, SH_RCL = 2, SH_RCR = 3, SH_SHL = 4, SH_SHR = 5,
    SH_SAR = 7,
};
/* F6/F7 group. */
enum { G3_TEST = 0, G3_NOT = 2, G3_NEG, G3_MUL, G3_IMUL, G3_DIV, G3_IDIV };

enum {
    X_MOV_LOAD   = 0x8a,        /* by x86_op_w */
    X_MOV_STORE  = 0x88,        /* by x86_op_w */
    X_TEST       = 0x84,        /* by x86_op_w */
    X_XCHG       = 0x86,        /* by x86_op_w */
    X_CMPXCHG    = X_0F | 0xb0, /* by x86_op_w */
    X_XADD       = X_0F | 0xc0, /* by x86_op_w */
    X_GROUP3     = 0xf6,        /* by x86_op_w */
    X_SHIFT_1    = 0xd0,        /* by x86_op_w */
    X_SHIFT_CL   = 0xd2,        /* by x86_op_w */
    X_SHIFT_I    = 0xc0,        /* by x86_op_w */
    X_LEA        = 0x8d,
    X_MOVSXD     = 0x63 | X_W,
    X_MOVZX8     = X_0F | 0xb6 | X_M8,
    X_MOVZX16    = X_0F | 0xb7,
    X_MOVSX8     = X_0F | 0xbe | X_M8,
    X_MOVSX16    = X_0F | 0xbf,
    X_IMUL       = X_0F | 0xaf,
    X_IMUL_I8    = 0x6b,
    X_IMUL_I32   = 0x69,
    X_SETCC      = X_0F | 0x90 | X_M8,
    X_CMOVCC     = X_0F | 0x40,
    X_SHLD_I     = X_0F | 0xa4,
    X_SHLD_CL    = X_0F | 0xa5,
    X_SHRD_I     = X_0F | 0xac,
    X_SHRD_CL    = X_0F | 0xad,
    X_BSF        = X_0F | 0xbc,
    X_BSR        = X_0F | 0xbd,
    X_TZCNT      = X_0F | X_F3 | 0xbc,
    X_LZCNT      = X_0F | X_F3 | 0xbd,
    X_POPCNT     = X_0F | X_F3 | 0xb8,
    X_GROUP8     = X_0F | 0xba, /* bt family with imm8: /4 bt */
    X_ANDN       = X_0F38 | X_VEX | 0xf2,
    X_SHLX       = X_0F38 | X_VEX | X_66 | 0xf7,
    X_SARX       = X_0F38 | X_VEX | X_F3 | 0xf7,
    X_SHRX       = X_0F38 | X_VEX | X_F2 | 0xf7,
    X_RORX       = X_0F3A | X_VEX | X_F2 | 0xf0,
    X_PDEP       = X_0F38 | X_VEX | X_F2 | 0xf5,
    X_PEXT       = X_0F38 | X_VEX | X_F3 | 0xf5,
    X_MULX       = X_0F38 | X_VEX | X_F2 | 0xf6,
    X_GROUP5     = 0xff,        /* /2 call, /4 jmp, /6 push */
    X_GROUP15    = X_0F | 0xae, /* /2 ldmxcsr, /3 stmxcsr */
    X_MOVI_RM    = 0xc7,
};

/* Condition code numbers are those of TCGCCCond. */

/* reg <- reg, 64 bits (32 bits when @w is MO_32: clears the upper half). */
static inline void x86_mov(X86Asm *a, TCGWidth w, unsigned d, unsigned s)
{
    x86_rr(a, w == MO_64 ? 0x8b | X_W : 0x8b, d, s);
}

/* Shortest load of a constant that leaves the flags alone. */
void x86_movi(X86Asm *a, unsigned d, uint64_t value);

/* ALU op with a register or memory on the right: d = d op rm. */
static inline void x86_alu(X86Asm *a, unsigned alu, TCGWidth w, unsigned d,
                           X86Rm rm)
{
    x86_op(a, x86_op_w(alu * 8 + 2, w), d, 0, rm, 0);
}

/* ALU op with memory or a register on the left and a register: rm op= s. */
static inline void x86_alu_store(X86Asm *a, unsigned alu, TCGWidth w, X86Rm rm,
                                 unsigned s)
{
    x86_op(a, x86_op_w(alu * 8, w), s, 0, rm, 0);
}

/* ALU op with an immediate that fits (sign-extended from 32 bits). */
void x86_alu_i(X86Asm *a, unsigned alu, TCGWidth w, X86Rm rm, int32_t imm);

/* test rm, imm */
void x86_test_i(X86Asm *a, TCGWidth w, X86Rm rm, int32_t imm);

/* Shift or rotate by an immediate, already reduced; 0 emits nothing. */
void x86_shift_i(X86Asm *a, unsigned sh, TCGWidth w, X86Rm rm, unsigned n);

static inline void x86_shift_cl(X86Asm *a, unsigned sh, TCGWidth w, X86Rm rm)
{
    x86_op(a, x86_op_w(X_SHIFT_CL, w), sh, 0, rm, 0);
}

static inline void x86_group3(X86Asm *a, unsigned g3, TCGWidth w, X86Rm rm)
{
    x86_op(a, x86_op_w(X_GROUP3, w), g3, 0, rm, 0);
}

/* mov rm, imm32 (sign-extended for MO_64). */
void x86_store_i(X86Asm *a, TCGWidth w, X86Rm rm, int32_t imm);

/* Jumps.  They return the address of the rel32 field. */
uint8_t *x86_jmp(X86Asm *a, const uint8_t *rx_target);
uint8_t *x86_jcc(X86Asm *a, unsigned cond, const uint8_t *rx_target);
uint8_t *x86_call(X86Asm *a, const uint8_t *rx_target);
/* Short forward jump over code to come; ends with x86_here8(). */
static inline uint8_t *x86_jcc8(X86Asm *a, unsigned cond)
{
    x86_8(a, 0x70 + cond);
    x86_8(a, 0);
    return a->p - 1;
}

static inline uint8_t *x86_jmp8(X86Asm *a)
{
    x86_8(a, 0xeb);
    x86_8(a, 0);
    return a->p - 1;
}

static inline void x86_here8(X86Asm *a, uint8_t *field)
{
    debug_assert(a->p - field - 1 < 128);
    *field = a->p - field - 1;
}

/* Backward short jump. */
static inline void x86_jcc8_back(X86Asm *a, unsigned cond, const uint8_t *to)
{
    x86_8(a, 0x70 + cond);
    x86_8(a, to - (a->p + 1));
}

/* Point a rel32 field at @target; both in the writable mapping. */
static inline void x86_fix32(uint8_t *field, const uint8_t *target)
{
    int32_t rel = target - (field + 4);
    memcpy(field, &rel, 4);
}

/* @n bytes of no-ops, n < 16. */
void x86_nop(X86Asm *a, unsigned n);

static inline bool x86_fits32(int64_t v)
{
    return v == (int32_t)v;
}

#endif
