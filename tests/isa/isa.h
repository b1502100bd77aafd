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
#include <signal.h>

/* Fixed addresses: everything a case touches is the same in every run. */
#define CODE_BASE  0x10000000ul     /* code pages */
#define CODE_PAGES 64
/*
 * What is mapped comes in pieces of AREA bytes, so that the host refuses what
 * lies beside them even where its pages have 16 KiB.
 */
#define AREA       16384
#define MEM_BASE   0x20000000ul     /* data pages between unmapped ones */
#define MEM_SIZE   AREA
#define RO_BASE    0x20010000ul     /* read-only pages behind data pages */
#define STACK_BASE 0x20020000ul     /* of the stack one page is looked at */
#define EDGE_BASE  0x20030000ul     /* a page of code before an unmapped one */
#define EDGE_NX_BASE 0x20040000ul   /* ... before one that is only data */
#define SLOT_SIZE  512              /* bytes of code for one case */

/*
 * Bits of the feature mask above the CPU's features: what a configuration
 * of the emulator is known to do differently, see docs/devel/testing.rst.
 */
#define ISA_NO_APPROX  (1ull << 63) /* RCPPS and RSQRTPS are computed */
#define ISA_HALVES     (1ull << 62) /* 256-bit arithmetic is done by halves */
#define ISA_NO_TRANS   (1ull << 61) /* FSIN and the like are computed */

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
void isa_fault(int sig, siginfo_t *si, void *p);    /* goes to isa_on_fault() */
void isa_on_fault(int sig, siginfo_t *si, void *p);
extern uint64_t isa_fs_base, isa_fsgsbase;  /* what FS has to be, if it can be
                                               written */

typedef struct IsaForm {
    uint16_t row;
    uint8_t vex, map, opcode, nopcode, pp, mod, reg, rm, w, b, l;
} IsaForm;
extern const IsaForm isa_forms[];
extern const unsigned isa_n_forms;

/* What one instruction of a case does to flags and faults. */
typedef struct IsaStep {
    uint32_t off;                   /* from the start of the code */
    bool own_order;                 /* the CPU's order of accesses is its own:
                                       address and code of a fault do not
                                       count */
    bool halves;                    /* 256 bits wide */
    bool steps;                     /* which flags it has raised when one of
                                       its steps is not masked is its own */
    uint32_t undef;                 /* EFLAGS bits undefined before it */
} IsaStep;

/* One generated case. */
typedef struct IsaCase {
    uint8_t code[SLOT_SIZE];
    unsigned len;
    uint64_t pc;
    uint64_t features;
    IsaStep step[96];
    unsigned n_steps;
    bool any_order;                 /* steps do not run one after another */
    bool alone;                     /* nothing may follow */
    uint32_t undef;                 /* EFLAGS bits that do not count */
    uint32_t fixed;                 /* GPRs whose start value is needed */
    uint32_t kept;                  /* GPRs nothing may write, RSP: nor move */
    struct {
        uint64_t addr, len;
    } wipe[8];                      /* memory that does not count */
    unsigned n_wipe;
    unsigned first_row;             /* or ISA_SCENARIO_ROW + number */
} IsaCase;
#define ISA_FIXED_ROW 59999
#define ISA_SCENARIO_ROW 60000

typedef struct IsaGen {
    uint64_t rng;
    uint64_t features;
} IsaGen;

uint64_t isa_rand(IsaGen *g);
static inline unsigned below(IsaGen *g, unsigned n)
{
    return isa_rand(g) % n;
}
/* An integer of interest: boundaries, small numbers, random bits. */
uint64_t isa_value(IsaGen *g);

/* generate.c: start a case at @pc, with a random state in isa_in. */
void isa_start(IsaGen *g, IsaCase *c, uint64_t pc);
/*
 * Make a case out of @form (or a sequence when @extra > 0) at address @pc
 * and its start state in isa_in and memory.  False when the form cannot be
 * tested this way.
 */
bool isa_generate(IsaGen *g, const IsaForm *form, unsigned extra, uint64_t pc,
                  IsaCase *c);

/* Append an instance of @form, or of any.  False when none was found. */
bool isa_add_random(IsaGen *g, const IsaForm *form, IsaCase *c);

/* encode.c: bytes of an instance, padded with 20 random ones. */
void isa_encode(IsaGen *g, const IsaForm *f, uint8_t *p);
/* Operations that depend on the machine or leave the process. */
bool isa_excluded(unsigned op);

/*
 * place.c: decode what lies at the end of the case's code, give its operands
 * values that make sense, and append it.
 */
typedef enum IsaAppend {
    ISA_APPENDED,
    ISA_ILLEGAL,                    /* does not decode */
    ISA_UNFIT,                      /* cannot be tested here */
} IsaAppend;
IsaAppend isa_append(IsaGen *g, IsaCase *c);
/* Record a step; its bytes are at the end of the case's code. */
void isa_add_step(IsaCase *c, const X86Insn *in);
/* The end of the code. */
void isa_finish(IsaCase *c);
/* An address for an operand of @size bytes. */
uint64_t isa_place(IsaGen *g, unsigned size, bool align);
/* Write memory, where a case may write. */
void isa_poke(uint64_t addr, const void *bytes, unsigned len);
void isa_wipe(IsaCase *c, uint64_t addr, uint64_t len);

/* scenario.c: sequences with a purpose. */
extern const unsigned isa_n_scenarios;
const char *isa_scenario_name(unsigned which);
void isa_scenario(IsaGen *g, unsigned which, uint64_t pc, IsaCase *c);

/* runner.c: run the case that isa_in and memory have been set up for. */
void isa_run_case(const IsaCase *c);

/*
 * model.c: are exactly those forms legal that @features, what CPUID says,
 * promises?  Prints those that are not and returns an exit status.
 */
int isa_check_model(uint64_t features);

/*
 * fixed.c: a case from a line of text (see the file "regressions").  False
 * with a message when it cannot be understood.
 */
bool isa_fixed(const char *line, uint64_t features, uint64_t pc, IsaCase *c);

#endif
