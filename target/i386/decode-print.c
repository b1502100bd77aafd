/*
 * Print a decoded instruction, Intel or AT&T syntax.  For logs and tests: it
 * favours a uniform look over an assembler's abbreviations.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/cpu.h"
#include "target/i386/decode.h"

const char x86_cond_names[16][4] = {
    "o", "no", "b", "ae", "e", "ne", "be", "a",
    "s", "ns", "p", "np", "l", "ge", "le", "g",
};

typedef struct Printer {
    char *buf;
    size_t size, len;
    bool att;
} Printer;

static void QEMU_PRINTF(2, 3) put(Printer *p, const char *fmt, ...)
{
    va_list ap;
    size_t at = MIN(p->len, p->size);

    va_start(ap, fmt);
    int n = vsnprintf(p->buf ? p->buf + at : NULL, p->size - at, fmt, ap);
    va_end(ap);
    p->len += n > 0 ? n : 0;
}

static void put_gpr(Printer *p, unsigned reg, unsigned size)
{
    static const char names[8][3] = {
        "ax", "cx", "dx", "bx", "sp", "bp", "si", "di"
    };
    const char *pct = p->att ? "%" : "";

    if (reg >= 8) {
        put(p, "%sr%u%s", pct, reg, size == 1 ? "b" : size == 2 ? "w" :
            size == 4 ? "d" : "");
    } else {
        put(p, "%s%s%s", pct, size == 8 ? "r" : size == 4 ? "e" : "",
            names[reg]);
    }
}

static void put_byte_gpr(Printer *p, unsigned reg)
{
    static const char names[8][4] = {
        "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"
    };

    if (reg < 8) {
        put(p, "%s%s", p->att ? "%" : "", names[reg]);
    } else {
        put_gpr(p, reg, 1);
    }
}

static void put_hex(Printer *p, int64_t v)
{
    if (v < 0) {
        put(p, "-0x%" PRIx64, -(uint64_t)v);
    } else {
        put(p, "0x%" PRIx64, v);
    }
}

static void put_index(Printer *p, const X86Insn *insn)
{
    const X86Mem *m = &insn->mem;

    if (m->vsib) {
        put(p, "%s%cmm%u", p->att ? "%" : "", insn->vlen == 32 ? 'y' : 'x',
            m->index);
    } else {
        put_gpr(p, m->index, insn->addrsize);
    }
}

static void put_mem(Printer *p, const X86Insn *insn, const X86Operand *o)
{
    static const char segs[6][3] = { "es", "cs", "ss", "ds", "fs", "gs" };
    const X86Mem *m = &insn->mem;
    bool regs = m->base != X86_REG_NONE || m->index != X86_REG_NONE;

    if (!p->att) {
        const char *size = o->access == 0 ? "" : o->size == 1 ? "byte ptr " :
            o->size == 2 ? "word ptr " : o->size == 4 ? "dword ptr " :
            o->size == 8 ? "qword ptr " : o->size == 10 ? "tbyte ptr " :
            o->size == 16 ? "xmmword ptr " : o->size == 32 ? "ymmword ptr " :
            "";
        put(p, "%s", size);
    }
    if (m->seg != X86_REG_NONE) {
        put(p, p->att ? "%%%s:" : "%s:", segs[m->seg]);
    }
    if (p->att) {
        if (m->disp || !regs) {
            put_hex(p, m->disp);
        }
        if (regs) {
            put(p, "(");
            if (m->base != X86_REG_NONE) {
                put_gpr(p, m->base, insn->addrsize);
            }
            if (m->index != X86_REG_NONE) {
                put(p, ",");
                put_index(p, insn);
                put(p, ",%u", 1u << m->scale);
            }
            put(p, ")");
        }
        return;
    }
    put(p, "[");
    if (m->base != X86_REG_NONE) {
        put_gpr(p, m->base, insn->addrsize);
    }
    if (m->index != X86_REG_NONE) {
        put(p, m->base != X86_REG_NONE ? "+" : "");
        put_index(p, insn);
        if (m->scale) {
            put(p, "*%u", 1u << m->scale);
        }
    }
    if (m->disp || !regs) {
        put(p, regs && m->disp >= 0 ? "+" : "");
        put_hex(p, m->disp);
    }
    put(p, "]");
}

static void put_operand(Printer *p, const X86Insn *insn, unsigned i)
{
    static const char high[4][3] = { "ah", "ch", "dh", "bh" };
    static const char segs[6][3] = { "es", "cs", "ss", "ds", "fs", "gs" };
    const X86Operand *o = &insn->operand[i];
    const char *pct = p->att ? "%" : "";
    bool indirect = p->att && i == 0 && o->kind != X86_OPND_REL &&
                    (insn->op == X86_OP_JMP || insn->op == X86_OP_CALL);

    if (indirect) {
        put(p, "*");
    }
    switch (o->kind) {
    case X86_OPND_GPR:
        if (o->size == 1) {
            put_byte_gpr(p, o->reg);
        } else {
            put_gpr(p, o->reg, o->size);
        }
        break;
    case X86_OPND_GPRH:
        put(p, "%s%s", pct, high[o->reg]);
        break;
    case X86_OPND_MEM:
        put_mem(p, insn, o);
        break;
    case X86_OPND_IMM:
        put(p, "%s", p->att ? "$" : "");
        put_hex(p, o->reg ? insn->imm2 : insn->imm);
        break;
    case X86_OPND_REL:
        put(p, "0x%" PRIx64, insn->target);
        break;
    case X86_OPND_VEC:
        put(p, "%s%cmm%u", pct, o->size == 32 ? 'y' : 'x', o->reg);
        break;
    case X86_OPND_MMX:
        put(p, "%smm%u", pct, o->reg);
        break;
    case X86_OPND_ST:
        put(p, "%sst(%u)", pct, o->reg);
        break;
    case X86_OPND_SEG:
        put(p, "%s%s", pct, segs[o->reg]);
        break;
    case X86_OPND_CR:
        put(p, "%scr%u", pct, o->reg);
        break;
    case X86_OPND_DR:
        put(p, "%sdr%u", pct, o->reg);
        break;
    }
}

static void put_mnemonic(Printer *p, const X86Insn *insn)
{
    const char *name = x86_op_name(insn->op, insn->opsize);
    const X86Row *row = x86_insn_row(insn);
    bool sized = false;

    if (insn->prefixes & X86_PFX_LOCK) {
        put(p, "lock ");
    }
    if (row->flags & X86_ROW_REP) {
        bool test = insn->op == X86_OP_CMPS || insn->op == X86_OP_SCAS;

        if (insn->prefixes & X86_PFX_REPNE) {
            put(p, "repne ");
        } else if (insn->prefixes & X86_PFX_REP) {
            put(p, test ? "repe " : "rep ");
        }
    }
    if (row->flags & X86_ROW_CC) {
        put(p, "%.*s%s", (int)strlen(name) - 2, name,
            x86_cond_names[insn->cond]);
    } else {
        put(p, "%s", name);
    }
    /* AT&T: a suffix when only memory and immediates could tell the size. */
    for (unsigned i = 0; i < insn->n_operands; i++) {
        uint8_t k = insn->operand[i].kind;

        sized |= k != X86_OPND_MEM && k != X86_OPND_IMM;
    }
    if (p->att && !sized && row->mem && row->group <= X86_GRP_STACK) {
        unsigned size = x86_insn_mem_size(insn);

        put(p, "%s", size == 1 ? "b" : size == 2 ? "w" : size == 4 ? "l" :
            size == 8 ? "q" : "");
    }
}

size_t x86_insn_print(char *buf, size_t size, const X86Insn *insn, int syntax)
{
    Printer p = { .buf = buf, .size = size, .att = syntax == X86_SYNTAX_ATT };

    put_mnemonic(&p, insn);
    for (unsigned i = 0; i < insn->n_operands; i++) {
        put(&p, i ? "," : " ");
        put_operand(&p, insn, p.att ? insn->n_operands - 1 - i : i);
    }
    return p.len;
}
