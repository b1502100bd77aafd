/*
 * Running guest instructions one by one, without translating them.
 *
 * Most code of a process runs once or a few times; executing it from its
 * decoded form costs a small part of what its translation would.  Only frequent
 * instructions are known here, and of them only the frequent forms: whatever
 * x86_step_prepare() refuses has to be translated.
 *
 * The CPU state is exact at all times: rip is that of the instruction, and an
 * instruction writes registers and flags after its last access to memory.  So
 * a host fault in here is a guest fault, as in a helper.  Flags are left as
 * the records that translated code would leave.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_STEP_H
#define I386_STEP_H

#include "target/i386/cpu.h"
#include "target/i386/decode.h"

/* X86StepInsn.form */
enum {
    STEP_ADDR32 = 1,
    STEP_VEX = 2,
    STEP_ALIGN = 4,         /* memory must be aligned to its size */
};

/* What is left of an instruction to be run. */
typedef struct X86StepInsn {
    uint8_t kind, vec;      /* what it does: step.c, step-vec.c */
    uint8_t len;
    uint8_t opsize;
    uint8_t cond;
    uint8_t n_operands;
    uint8_t vlen;
    uint8_t form;           /* STEP_* below */
    struct {
        uint8_t kind;       /* X86_OPND_* */
        uint8_t reg;
        uint8_t size;
    } operand[3];           /* more are immediates */
    struct {
        uint8_t base, index, scale, seg;
    } mem;
    int64_t disp;
    int64_t imm;            /* of a direct branch: the target */
} X86StepInsn;

/* Make @s of @insn; false when the stepper does not know it. */
bool x86_step_prepare(X86StepInsn *s, const X86Insn *insn);

/* Instructions that follow each other; a branch is the last one. */
typedef struct X86StepBlock {
    const X86StepInsn *insn;
    unsigned n;             /* at least 1 */
    uint64_t start, end;    /* their bytes */
    bool ordered;           /* memory accesses in the order of an x86 CPU */
} X86StepBlock;

/*
 * Run @b from its beginning, where rip is.  Afterwards rip is where the guest
 * goes on: behind the block, at the target of its branch, or behind an
 * instruction that wrote into the block.  exception_index is set when one was
 * raised (rip as the exception wants it), or else unchanged.  Returns the
 * number of instructions that were run to their end.
 */
unsigned x86_step_run(CPUArchState *env, const X86StepBlock *b);

#endif
