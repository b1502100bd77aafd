/*
 * After a fault: what an instruction with several independent accesses has
 * already done, and which address it names.
 *
 * Translated code reads all elements of a gather before it writes a register,
 * and a masked load reads whole vectors.  A CPU completes gathers element by
 * element and names the first selected element that faults.  Both are made up
 * for here, where it costs nothing unless a fault happens.
 *
 * Runs in signal handlers, in the thread of the CPU, with exact state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "exec/translator.h"
#include "exec/engine.h"
#include "target/i386/cpu.h"
#include "target/i386/decode.h"

static bool decode_at(X86Insn *insn, uint64_t pc)
{
    size_t room = GUEST_PAGE_SIZE - (pc & ~GUEST_PAGE_MASK);
    const uint8_t *code = (const uint8_t *)(uintptr_t)pc;
    X86DecodeResult r = x86_decode(insn, code, MIN(room, X86_MAX_INSN_LEN),
                                   pc, X86_FEATURES_ALL);

    if (r == X86_DECODE_NEED_MORE) {
        /* it was executed, so the next page can be read */
        r = x86_decode(insn, code, X86_MAX_INSN_LEN, pc, X86_FEATURES_ALL);
    }
    return r == X86_DECODE_OK;
}

static uint64_t address(const CPUArchState *env, const X86Insn *insn,
                        int64_t index)
{
    const X86Mem *m = &insn->mem;
    uint64_t a = m->disp + ((uint64_t)index << m->scale);

    if (m->base != X86_REG_NONE) {
        a += env->regs[m->base];
    }
    if (insn->addrsize == 4) {
        a = (uint32_t)a;
    }
    return a + (m->seg == R_FS ? env->fs_base :
                m->seg == R_GS ? env->gs_base : 0);
}

static bool non_canonical(uint64_t a)
{
    return (int64_t)(a << 16) >> 16 != (int64_t)a;
}

/* Element @i of a vector, @size 4 or 8 bytes. */
static uint64_t element(const VReg *v, unsigned i, unsigned size)
{
    return size == 8 ? v->q[i] : v->l[i];
}

static void set_element(VReg *v, unsigned i, unsigned size, uint64_t value)
{
    if (size == 8) {
        v->q[i] = value;
    } else {
        v->l[i] = value;
    }
}

static bool selected(const VReg *mask, unsigned i, unsigned size)
{
    return element(mask, i, size) >> (8 * size - 1);
}

static void fix_gather(CPUArchState *env, const X86Insn *insn, unsigned size,
                       unsigned index_size)
{
    VReg *d = &env->vregs[insn->operand[0].reg];
    VReg *mask = &env->vregs[insn->operand[2].reg];
    const VReg index = env->vregs[insn->mem.index];
    unsigned n = insn->vlen / MAX(size, index_size);

    for (unsigned i = 0; i < n; i++) {
        if (selected(mask, i, size)) {
            uint64_t raw = element(&index, i, index_size);
            uint64_t a = address(env, insn, index_size == 8 ? (int64_t)raw
                                                            : (int32_t)raw);
            uint64_t v = 0;

            if (env->common.exception_index == EXCP0D_GPF ?
                non_canonical(a) || non_canonical(a + size - 1) :
                env->cr2 - a < size) {
                return;
            }
            memcpy(&v, (const void *)(uintptr_t)a, size);
            set_element(d, i, size, v);
        }
        set_element(mask, i, size, 0);
    }
}

static void fix_masked_load(CPUArchState *env, const X86Insn *insn,
                            unsigned size)
{
    const VReg *mask = &env->vregs[insn->operand[1].reg];
    uint64_t a = address(env, insn, insn->mem.index == X86_REG_NONE ? 0 :
                         env->regs[insn->mem.index]);

    if (env->common.exception_index != EXCP0E_PAGE ||
        insn->operand[0].kind == X86_OPND_MEM) {
        return;
    }
    for (unsigned i = 0; i < insn->vlen / size; i++) {
        if (selected(mask, i, size) && a + (i + 1) * size > env->cr2) {
            env->cr2 = MAX(env->cr2, a + i * size);
            return;
        }
    }
}

void x86_fault_fixup(CPUArchState *env)
{
    X86Insn insn;

    if (!decode_at(&insn, env->rip)) {
        return;
    }
    switch (insn.op) {
    case X86_OP_VPGATHERDD:
    case X86_OP_VGATHERDPS:
        fix_gather(env, &insn, 4, 4);
        break;
    case X86_OP_VPGATHERDQ:
    case X86_OP_VGATHERDPD:
        fix_gather(env, &insn, 8, 4);
        break;
    case X86_OP_VPGATHERQD:
    case X86_OP_VGATHERQPS:
        fix_gather(env, &insn, 4, 8);
        break;
    case X86_OP_VPGATHERQQ:
    case X86_OP_VGATHERQPD:
        fix_gather(env, &insn, 8, 8);
        break;
    case X86_OP_VMASKMOVPS:
    case X86_OP_VPMASKMOVD:
        fix_masked_load(env, &insn, 4);
        break;
    case X86_OP_VMASKMOVPD:
    case X86_OP_VPMASKMOVQ:
        fix_masked_load(env, &insn, 8);
        break;
    default:
        break;
    }
}
