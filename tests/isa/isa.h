/*
 * The ISA test's parts: machine state, case generator, executor.
 *
 * The test is a guest program.  It makes cases from a seed, runs each on the
 * CPU it finds itself on (the real one, or an emulated one) and prints a hash of
 * the state afterwards.  Equal output means equal behaviour.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_ISA_H
#define TESTS_ISA_H

#include "target/i386/decode.h"

/* Fixed addresses: everything a case touches is the same in every run. */
#define CODE_BASE  0x10000000ul     /* code pages */
#define CODE_PAGES 64
#define MEM_BASE   0x20000000ul     /* 2 data pages between unmapped ones */
#define MEM_SIZE   8192
#define RO_BASE    0x20010000ul     /* a read-only page behind a data page */
#define STACK_BASE 0x20020000ul     /* one page of stack */
#define SLOT_SIZE  128              /* bytes of code for one case */

/*
 * Bits of the feature mask above the CPU's features: what a configuration
 * of the emulator is known to do differently, see docs/devel/testing.rst.
 */
#define ISA_NO_APPROX  (1ull << 63) /* RCPPS and RSQRTPS are computed */
#define ISA_HALVES     (1ull << 62) /* 256-bit arithmetic is done by halves */

/* GPR numbers, as in the encoding. */
enum { R_ECX_ = 1, R_EDX_ = 2, R_EBX_ = 3, R_ESP_ = 4, R_EBP_ = 5,
       R_ESI_ = 6, R_EDI_ = 7 };

typedef struct IsaState {
    uint8_t fx[512];                /* FXSAVE image: x87, MXCSR, XMM */
    uint8_t ymmh[16][16];           /* upper halves */
    uint64_t gpr[16];               /* in encoding order */
    uint64_t rflags;
    uint64_t rip;
    uint64_t signo, code, addr;     /* 0 = ran to its end */
} __attribute__((aligned(64))) IsaState;

/* exec.S; in and out are at fixed, 32-bit addresses. */
extern IsaState isa_in, isa_out;
void isa_run(void *code, int avx);
void isa_end(void);                 /* where cases jump to at their end */
void isa_leave(void);               /* where the fault handler returns to */
extern uint64_t isa_host_rsp;

typedef struct IsaForm {
    uint16_t row;
    uint8_t vex, map, opcode, nopcode, pp, mod, reg, rm, w, b, l;
} IsaForm;
extern const IsaForm isa_forms[];
extern const unsigned isa_n_forms;

/* What one instruction of a case does to flags and faults. */
typedef struct IsaStep {
    uint8_t off;                    /* in the code */
    bool page_only;                 /* the CPU's order of accesses is its own:
                                       of a fault address the page counts */
    bool halves;                    /* 256 bits wide */
    uint32_t read, killed, written; /* EFLAGS bits */
    uint32_t undef;                 /* EFLAGS bits undefined before it */
} IsaStep;

/* One generated case. */
typedef struct IsaCase {
    uint8_t code[SLOT_SIZE];
    unsigned len;
    uint64_t pc;
    uint64_t features;
    IsaStep step[16];
    unsigned n_steps;
    uint32_t undef;                 /* EFLAGS bits that do not count */
    unsigned first_row;
    bool x87;
} IsaCase;

typedef struct IsaGen {
    uint64_t rng;
    uint64_t features;
} IsaGen;

uint64_t isa_rand(IsaGen *g);
/* An integer of interest: boundaries, small numbers, random bits. */
uint64_t isa_value(IsaGen *g);

/*
 * Make a case out of @form (or a sequence when @extra > 0) at address @pc
 * and its start state in isa_in and memory.  False when the form cannot be
 * tested this way.
 */
bool isa_generate(IsaGen *g, const IsaForm *form, unsigned extra, uint64_t pc,
                  IsaCase *c);

#endif
