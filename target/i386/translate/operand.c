/*
 * Operands of a decoded instruction as IR values: addresses, loads, register
 * parts, and calls of helpers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

TCGMem mem_operand_plus(DisasContext *s, const X86Insn *insn, int64_t offset)
{
    const X86Mem *m = &insn->mem;
    TCGMem r = { .disp = m->disp + offset };

    if (m->base != X86_REG_NONE) {
        r.base = gpr(s, m->base);
    }
    if (m->index != X86_REG_NONE) {
        r.index = gpr(s, m->index);
        r.scale = m->scale;
    }
    if (insn->addrsize == 4) {
        TCGv t = temp(s);

        tcg_gen_lea(s->tcg, MO_32, t, r);
        r = (TCGMem) { .base = t };
    }
    if (m->seg != X86_REG_NONE) {
        TCGv seg = temp(s);

        tcg_gen_ld_env(s->tcg, MO_64, seg,
                       m->seg == R_FS ? ENV(fs_base) : ENV(gs_base));
        if (r.base && r.index) {
            TCGv t = temp(s);

            tcg_gen2(s->tcg, TCG_OP_add, MO_64, t, seg, r.base);
            r.base = t;
        } else if (r.base) {
            r.index = r.base;
            r.scale = 0;
            r.base = seg;
        } else {
            r.base = seg;
        }
    }
    return r;
}

TCGMem mem_operand(DisasContext *s, const X86Insn *insn)
{
    return mem_operand_plus(s, insn, 0);
}

TCGv mem_address(DisasContext *s, const X86Insn *insn)
{
    TCGMem m = mem_operand(s, insn);
    TCGv t;

    if (m.base && !m.index && !m.disp) {
        return m.base;
    }
    if (!m.base && !m.index) {
        return imm64(s, m.disp);
    }
    t = temp(s);
    tcg_gen_lea(s->tcg, MO_64, t, m);
    return t;
}

TCGv load_operand(DisasContext *s, const X86Insn *insn, unsigned i)
{
    const X86Operand *o = &insn->operand[i];
    TCGv t;

    switch (o->kind) {
    case X86_OPND_GPR:
        return gpr(s, o->reg);
    case X86_OPND_GPRH:
        t = temp(s);
        tcg_gen_extract(s->tcg, t, gpr(s, o->reg), 8, 8);
        return t;
    case X86_OPND_MEM:
        t = temp(s);
        tcg_gen_ld(s->tcg, TCG_OP_ld, width_of(o->size), t,
                   mem_operand(s, insn));
        return t;
    default:
        return imm64(s, o->reg ? insn->imm2 : (uint64_t)insn->imm);
    }
}

TCGv load_operand_zx(DisasContext *s, const X86Insn *insn, unsigned i)
{
    const X86Operand *o = &insn->operand[i];
    TCGv v = load_operand(s, insn, i), t;

    if (o->kind != X86_OPND_GPR || o->size == 8) {
        return v;
    }
    t = temp(s);
    tcg_gen_extu(s->tcg, MO_64, width_of(o->size), t, v);
    return t;
}

TCGv load_operand_sx(DisasContext *s, const X86Insn *insn, unsigned i)
{
    const X86Operand *o = &insn->operand[i];
    TCGv v, t;

    if (o->kind == X86_OPND_MEM && o->size < 8) {
        t = temp(s);
        tcg_gen_ld(s->tcg, TCG_OP_lds64, width_of(o->size), t,
                   mem_operand(s, insn));
        return t;
    }
    v = load_operand(s, insn, i);
    if (o->size == 8) {
        return v;
    }
    t = temp(s);
    tcg_gen_exts(s->tcg, MO_64, width_of(o->size), t, v);
    return t;
}

void store_gpr(DisasContext *s, unsigned reg, unsigned size, TCGv v)
{
    TCGv r = gpr(s, reg);

    switch (size) {
    case 8:
        tcg_gen_mov(s->tcg, r, v);
        break;
    case 4:
        tcg_gen_extu(s->tcg, MO_64, MO_32, r, v);
        break;
    case 2:
        tcg_gen2(s->tcg, TCG_OP_mov, MO_16, r, r, v);
        break;
    default:
        tcg_gen2(s->tcg, TCG_OP_mov, MO_8, r, r, v);
        break;
    }
}

void store_operand(DisasContext *s, const X86Insn *insn, unsigned i, TCGv v)
{
    const X86Operand *o = &insn->operand[i];

    if (o->kind == X86_OPND_MEM) {
        tcg_gen_st(s->tcg, width_of(o->size), mem_operand(s, insn), v);
    } else if (o->kind == X86_OPND_GPRH) {
        tcg_gen_deposit(s->tcg, gpr(s, o->reg), gpr(s, o->reg), v, 8, 8);
    } else {
        store_gpr(s, o->reg, o->size, v);
    }
}

void gen_call0(DisasContext *s, const TCGHelper *h, TCGv ret)
{
    tcg_gen_call(s->tcg, h, ret, 0, NULL);
}

void gen_call1(DisasContext *s, const TCGHelper *h, TCGv ret, TCGv a)
{
    tcg_gen_call(s->tcg, h, ret, 1, (TCGv[]) { a });
}

void gen_call2(DisasContext *s, const TCGHelper *h, TCGv ret, TCGv a, TCGv b)
{
    tcg_gen_call(s->tcg, h, ret, 2, (TCGv[]) { a, b });
}

void gen_call3(DisasContext *s, const TCGHelper *h, TCGv ret, TCGv a, TCGv b,
               TCGv c)
{
    tcg_gen_call(s->tcg, h, ret, 3, (TCGv[]) { a, b, c });
}

void gen_call4(DisasContext *s, const TCGHelper *h, TCGv ret, TCGv a, TCGv b,
               TCGv c, TCGv d)
{
    tcg_gen_call(s->tcg, h, ret, 4, (TCGv[]) { a, b, c, d });
}

void gen_set_eflags(DisasContext *s, TCGv v)
{
    tcg_gen_cc_set(s->tcg, CC_KIND_EFLAGS, MO_32, v, TCGV_NONE, TCGV_NONE);
}

void gen_set_eflags_const(DisasContext *s, uint32_t flags)
{
    gen_set_eflags(s, imm64(s, flags));
}

/* Flags @mask come from @v (in place), the others stay. */
void gen_merge_eflags(DisasContext *s, TCGv v, uint32_t mask)
{
    TCGv old = temp(s), t = temp(s);

    tcg_gen_cc_get(s->tcg, old, CC_ALL & ~mask);
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, t, old, v);
    gen_set_eflags(s, t);
}
