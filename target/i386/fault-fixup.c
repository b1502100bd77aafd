/*
 * After a fault: what depends on the instruction that raised it.  That is what
 * an instruction with several independent accesses has already done, which
 * address it names, and whether #GP is #SS.
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

unsigned x86_access_size(uint64_t pc)
{
    unsigned size;
    X86Insn insn;

    if (!decode_at(&insn, pc)) {
        return 0;
    }
    size = x86_insn_mem_size(&insn);
    if (insn.mem.vsib) {
        return MIN(size, 8);
    }
    return size ? size : insn.opsize;       /* by RSP, RSI or RDI */
}

/* Address for the index @index, @offset bytes on. */
static uint64_t address(const CPUArchState *env, const X86Insn *insn,
                        int64_t index, int64_t offset)
{
    const X86Mem *m = &insn->mem;
    uint64_t a = m->disp + offset + ((uint64_t)index << m->scale);

    if (m->base != X86_REG_NONE) {
        a += env->regs[m->base];
    }
    if (insn->addrsize == 4) {
        a = (uint32_t)a;
    }
    return a + (m->seg == R_FS ? env->fs_base :
                m->seg == R_GS ? env->gs_base : 0);
}

static uint64_t operand_address(const CPUArchState *env, const X86Insn *insn,
                                int64_t offset)
{
    unsigned index = insn->mem.index;

    return address(env, insn, index == X86_REG_NONE ? 0 : env->regs[index],
                   offset);
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
                                                            : (int32_t)raw, 0);
            uint64_t v = 0;

            if (env->common.exception_index == EXCP0E_PAGE ?
                env->cr2 - a < size :
                non_canonical(a) || non_canonical(a + size - 1)) {
                return;
            }
            memcpy(&v, (const void *)(uintptr_t)a, size);
            set_element(d, i, size, v);
        }
        set_element(mask, i, size, 0);
    }
}

/* Masked moves name the first selected element in the page that faults. */
static void fix_masked(CPUArchState *env, const X86Insn *insn, unsigned size)
{
    const VReg *mask = &env->vregs[insn->operand[1].reg];
    uint64_t page = env->cr2 & GUEST_PAGE_MASK;
    uint64_t a = operand_address(env, insn, 0);

    if (env->common.exception_index != EXCP0E_PAGE) {
        return;
    }
    for (unsigned i = 0; i < insn->vlen / size; i++) {
        if (selected(mask, i, size) && a + (i + 1) * size - 1 >= page) {
            env->cr2 = MAX(page, a + i * size);
            return;
        }
    }
}

static const X86Operand *memory_operand(const X86Insn *insn)
{
    for (unsigned i = 0; i < insn->n_operands; i++) {
        if (insn->operand[i].kind == X86_OPND_MEM) {
            return &insn->operand[i];
        }
    }
    return NULL;
}

/* A bit string instruction goes on from its operand by a register. */
static int64_t bit_offset(const CPUArchState *env, const X86Insn *insn)
{
    const X86Operand *o = &insn->operand[1];
    int64_t bit;

    if ((insn->op != X86_OP_BT && insn->op != X86_OP_BTS &&
         insn->op != X86_OP_BTR && insn->op != X86_OP_BTC) ||
        o->kind != X86_OPND_GPR) {
        return 0;
    }
    bit = insn->opsize == 8 ? (int64_t)env->regs[o->reg] :
          insn->opsize == 4 ? (int32_t)env->regs[o->reg] :
                              (int16_t)env->regs[o->reg];
    return (bit >> 3) & -(int64_t)insn->opsize;
}

/*
 * Where an access that is not canonical raises #SS instead of #GP: relative to
 * the stack segment, which RSP and RBP as base imply.  Alignment comes first.
 */
static bool in_stack_segment(const CPUArchState *env, const X86Insn *insn)
{
    const X86Mem *m = &insn->mem;
    const X86Operand *o = memory_operand(insn);
    const X86Row *row = x86_insn_row(insn);
    bool stack = m->seg == X86_REG_NONE &&
                 (m->base == R_ESP || m->base == R_EBP);
    uint64_t first;

    if (insn->op == X86_OP_POP && non_canonical(env->regs[R_ESP])) {
        return true;            /* it reads the stack first */
    }
    if (o && o->access) {
        if (m->vsib) {
            return stack;
        }
        first = operand_address(env, insn, bit_offset(env, insn));
        if (row->flags & X86_ROW_ALIGN && first & (o->size - 1)) {
            return false;
        }
        if (non_canonical(first) ||
            non_canonical(first + MAX(o->size, 1) - 1)) {
            return stack;
        }
    }
    return row->flags & X86_ROW_STACK;
}

typedef int PageFlagsFn(uint64_t addr, uint64_t *end);

/* Would an access like the one that faulted work at @a? */
static bool accessible(const CPUArchState *env, uint64_t a,
                       PageFlagsFn *page_flags)
{
    return page_flags(a, NULL) &
           (env->error_code & PG_ERROR_W ? PAGE_WRITE : PAGE_READ);
}

/*
 * An access may have been made in pieces, in any order.  The address is that of
 * its first byte, or of its first byte in the second page when the first page
 * works.
 */
static void fix_address(CPUArchState *env, const X86Insn *insn,
                        PageFlagsFn *page_flags)
{
    const X86Operand *o = memory_operand(insn);
    uint64_t a;

    if (!o || !o->access || o->size > 32) {
        return;
    }
    a = operand_address(env, insn, bit_offset(env, insn));
    if (env->cr2 - a < o->size) {
        uint64_t second = env->cr2 & GUEST_PAGE_MASK;

        if (second > a && page_flags && !accessible(env, a, page_flags)) {
            second = a;         /* the first page would have faulted, too */
            env->host_si_code = 0;
        }
        env->cr2 = MAX(a, second);
    } else if (a - env->cr2 < 8 && !((a ^ env->cr2) & GUEST_PAGE_MASK)) {
        env->cr2 = a;           /* an aligned cell around it */
    }
}

/* The last byte ENTER touches, where an aligned cell around it was. */
static void fix_enter(CPUArchState *env, const X86Insn *insn)
{
    uint64_t end = env->regs[R_ESP] - insn->imm -
                   insn->opsize * (uint64_t)(1 + (insn->imm2 & 31));

    if (end - env->cr2 < 8) {
        env->cr2 = end;
    }
}

void x86_fault_fixup(CPUArchState *env, PageFlagsFn *page_flags)
{
    X86Insn insn;

    if (!decode_at(&insn, env->rip)) {
        return;
    }
    if (env->common.exception_index == EXCP0D_GPF &&
        in_stack_segment(env, &insn)) {
        env->common.exception_index = EXCP0C_STACK;
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
        fix_masked(env, &insn, 4);
        break;
    case X86_OP_VMASKMOVPD:
    case X86_OP_VPMASKMOVQ:
        fix_masked(env, &insn, 8);
        break;
    case X86_OP_ENTER:
        if (env->common.exception_index == EXCP0E_PAGE) {
            fix_enter(env, &insn);
        }
        break;
    case X86_OP_VCVTPS2PH:
        /* a store that faults has raised nothing; none: the host took care */
        if (insn.operand[0].kind == X86_OPND_MEM && env->mxcsr_before) {
            env->mxcsr = env->mxcsr_before;
        }
        /* fall through */
    default:
        if (env->common.exception_index == EXCP0E_PAGE) {
            fix_address(env, &insn, page_flags);
        }
        break;
    }
}
