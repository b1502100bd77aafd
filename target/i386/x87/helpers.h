/*
 * Helpers of x87 instructions, called from translated code.  None of them
 * touches guest memory except those that say so; none raises: an unmasked
 * exception sets ES in the status word and the next waiting instruction
 * raises #MF (translate/x87.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_X87_HELPERS_H
#define I386_X87_HELPERS_H

#include "target/i386/helper.h"

/* Instructions without operands. */
enum {
    X87_CHS, X87_ABS, X87_TST, X87_XAM, X87_F2XM1, X87_YL2X, X87_TAN,
    X87_ATAN, X87_XTRACT, X87_PREM1, X87_DECSTP, X87_INCSTP, X87_PREM,
    X87_YL2XP1, X87_SQRT, X87_SINCOS, X87_RNDINT, X87_SCALE, X87_SIN, X87_COS,
    X87_COMPP, X87_UCOMPP,
};
/* Formats of stores. */
enum {
    X87_FMT_F32, X87_FMT_F64, X87_FMT_F80, X87_FMT_I16, X87_FMT_I32,
    X87_FMT_I64, X87_FMT_BCD,
};
#define X87_FMT_TRUNC 0x10      /* FISTTP */

/* (bits) or (sign-extended integer) or (significand, exponent): push. */
extern const TCGHelper x86_helper_x87_ld_f32, x86_helper_x87_ld_f64;
extern const TCGHelper x86_helper_x87_ld_int, x86_helper_x87_ld_f80;
/* (two words of packed decimal) */
extern const TCGHelper x86_helper_x87_ld_bcd;
/* (n): ST(n), or constant n */
extern const TCGHelper x86_helper_x87_ld_st, x86_helper_x87_ld_const;
/*
 * Stores come in two steps around the store itself.  st(format) returns the
 * value (80-bit formats leave it in vtmp[3]) and prepares the status word in
 * env->fpus_next; env->fp_skip is 1 when an unmasked exception forbids the
 * store.  st_done(pop) makes it final.
 */
extern const TCGHelper x86_helper_x87_st, x86_helper_x87_st_done;
/* (op | dst << 4 | src << 8 | pop << 12) on registers */
extern const TCGHelper x86_helper_x87_arith;
/* (op | source << 4, value): ST(0) with memory, compares included */
extern const TCGHelper x86_helper_x87_arith_mem;
/* (i | quiet << 4 | pop << 8) */
extern const TCGHelper x86_helper_x87_com;
/* (i | quiet << 4 | pop << 8): flags */
extern const TCGHelper x86_helper_x87_comi;
/* (which) */
extern const TCGHelper x86_helper_x87_misc;
extern const TCGHelper x86_helper_x87_xch;          /* (i) */
/* (i | pop << 4 | lenient << 8): lenient ignores an empty ST(0) */
extern const TCGHelper x86_helper_x87_st_st;
extern const TCGHelper x86_helper_x87_free;         /* (i | pop << 4) */
extern const TCGHelper x86_helper_x87_cmov;         /* (i, condition) */
extern const TCGHelper x86_helper_x87_init, x86_helper_x87_clex;
extern const TCGHelper x86_helper_x87_ldcw;         /* (control word) */
/* (address, 1 for the 16-bit format): guest memory */
extern const TCGHelper x86_helper_x87_stenv, x86_helper_x87_ldenv;
extern const TCGHelper x86_helper_x87_save, x86_helper_x87_rstor;

#endif
