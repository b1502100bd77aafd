/*
 * Between the files of the stepper: the state of a run, operands, memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_STEP_INTERNAL_H
#define I386_STEP_INTERNAL_H

#include "qemu/osdep.h"
#include "qemu/guest-ptr.h"
#include "target/i386/step.h"

typedef struct Step {
    CPUArchState *env;
    const X86StepBlock *block;
    uint64_t next;          /* rip behind the instruction */
    bool stop;              /* leave the block behind the instruction */
} Step;

/* Between the CPU state and an access: a fault handler looks at the state. */
static inline void step_barrier(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void step_before_store(const Step *s, uint64_t addr,
                                     unsigned size)
{
    step_barrier();
    if (s->block->ordered) {
        atomic_thread_fence(memory_order_release);
    }
}

static inline void step_after_store(Step *s, uint64_t addr, unsigned size)
{
    step_barrier();
    /* what comes next may have been overwritten */
    s->stop |= addr < s->block->end && addr + size > s->block->start;
}

static inline void step_after_load(const Step *s)
{
    if (s->block->ordered) {
        atomic_thread_fence(memory_order_acquire);
    }
    step_barrier();
}

/* Any address; aligned accesses are single. */
#define STEP_AT(type, addr) \
    (((volatile struct QEMU_PACKED { type v; } *)guest_ptr(addr))->v)

static inline uint64_t step_load(const Step *s, uint64_t addr, unsigned size)
{
    uint64_t v;

    step_barrier();
    switch (size) {
    case 1:
        v = STEP_AT(uint8_t, addr);
        break;
    case 2:
        v = STEP_AT(uint16_t, addr);
        break;
    case 4:
        v = STEP_AT(uint32_t, addr);
        break;
    default:
        v = STEP_AT(uint64_t, addr);
        break;
    }
    step_after_load(s);
    return v;
}

static inline void step_store(Step *s, uint64_t addr, unsigned size,
                              uint64_t v)
{
    step_before_store(s, addr, size);
    switch (size) {
    case 1:
        STEP_AT(uint8_t, addr) = v;
        break;
    case 2:
        STEP_AT(uint16_t, addr) = v;
        break;
    case 4:
        STEP_AT(uint32_t, addr) = v;
        break;
    default:
        STEP_AT(uint64_t, addr) = v;
        break;
    }
    step_after_store(s, addr, size);
}

/* Offset of the memory operand in its segment. */
static inline uint64_t step_offset(const CPUArchState *env,
                                   const X86StepInsn *insn)
{
    uint64_t a = insn->disp;

    if (insn->mem.base != X86_REG_NONE) {
        a += env->regs[insn->mem.base];
    }
    if (insn->mem.index != X86_REG_NONE) {
        a += env->regs[insn->mem.index] << insn->mem.scale;
    }
    return unlikely(insn->form & STEP_ADDR32) ? (uint32_t)a : a;
}

static inline uint64_t step_address(const CPUArchState *env,
                                    const X86StepInsn *insn)
{
    uint64_t a = step_offset(env, insn);

    if (unlikely(insn->mem.seg != X86_REG_NONE)) {
        a += insn->mem.seg == R_FS ? env->fs_base : env->gs_base;
    }
    return a;
}

/* An exception of the instruction at rip. */
static inline void step_raise(Step *s, int excp)
{
    CPUArchState *env = s->env;

    env->error_code = 0;
    env->host_si_code = 0;
    env->common.exception_index = excp;
}

/*
 * Vectors, step-vec.c: X86StepInsn.vec of an instruction, 0 if it is none that
 * is known; running returns false when it raised.
 */
unsigned x86_step_vec_kind(const X86Insn *insn);
bool x86_step_vec(Step *s, const X86StepInsn *insn);

#endif
