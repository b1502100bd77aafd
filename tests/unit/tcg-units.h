/*
 * Random units for the tests of code generators: a toy CPU, units made of every
 * op by a seeded generator, and the states they start from.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_TCG_UNITS_H
#define TESTS_TCG_UNITS_H

#include "exec/cpu-common.h"
#include "tcg/tcg.h"
#include "tcg/tcg-vop.h"
#include <glib.h>

enum { NREGS = 16, NVREGS = 16, MEM_SIZE = 44 * 8 };

typedef struct TestEnv {
    uint64_t regs[NREGS];
    uint64_t rip, cc_dst, cc_src, cc_src2;
    uint32_t cc_op, mxcsr;
    CPUCommon common;
    TCGVec vregs[NVREGS] __attribute__((aligned(32)));
    TCGVec vtmp[4];
    uint64_t rounds;        /* UNITS_AGAIN: left to go */
} __attribute__((aligned(64))) TestEnv;

/* Where the numbers come from. */
extern GRand *rnd;
/* MEM_SIZE bytes, what units may access. */
extern uint8_t *memory;
/* The globals of a context of units_context(): the same ones in each. */
extern TCGv R[NREGS], V[NVREGS];

/*
 * What units may have besides integers.  WIDE: mostly vectors of 32 bytes.  AGAIN:
 * the unit goes back to its own start until TestEnv.rounds is 0.
 */
enum { UNITS_HELPERS = 1, UNITS_VECTORS = 2, UNITS_WIDE = 4, UNITS_AGAIN = 8 };

/* Exits go to UNITS_EXIT, UNITS_SIDE + n, or stop at a safe point. */
enum { UNITS_EXIT = 0x2000, UNITS_SIDE = 0x3000, UNITS_POLL = 0x5000 };

/* A context with the toy CPU's globals. */
TCGContext *units_context(void);

/* Below @n. */
unsigned pick(unsigned n);
/* Any number, often a special one. */
uint64_t number(void);

/* Registers, vectors, flags and MXCSR to start with. */
void units_random_state(TestEnv *env);

/*
 * A unit of about @n ops, @features of UNITS_*, in @s (started).  Which flags
 * must be right at an exit is told by units_live_at().
 */
void units_gen(TCGContext *s, unsigned n, unsigned features);
uint32_t units_live_at(uint64_t pc);

/* Code in @s that takes one from TestEnv.rounds: a temp of what is left. */
TCGv units_take_round(TCGContext *s);

#endif
