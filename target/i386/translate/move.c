/*
 * Moving data: MOV, extensions, LEA, XCHG, conditional moves, the stack.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

static void trans_mov(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *d = &insn->operand[0], *o = &insn->operand[1];
    TCGv t;

    if (o->kind == X86_OPND_SEG) {
        t = temp(s);
        tcg_gen_ld_env(s->tcg, MO_16, t, ENV(segs[0]) + 2 * o->reg);
        store_operand(s, insn, 0, t);
        return;
    }
    if (d->kind == X86_OPND_SEG) {
        gen_call2(s, &x86_helper_load_seg, TCGV_NONE, imm64(s, d->reg),
                  load_operand_zx(s, insn, 1));
        return;
    }
    if (o->kind == X86_OPND_MEM && d->kind == X86_OPND_GPR && d->size >= 4) {
        /* loads write all 64 bits */
        tcg_gen_ld(s->tcg, TCG_OP_ld, width_of(d->size), gpr(s, d->reg),
                   mem_operand(s, insn));
        return;
    }
    store_operand(s, insn, 0, load_operand(s, insn, 1));
}

static void trans_movzx(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *d = &insn->operand[0], *o = &insn->operand[1];

    if (o->kind == X86_OPND_MEM && d->size >= 4) {
        tcg_gen_ld(s->tcg, TCG_OP_ld, width_of(o->size), gpr(s, d->reg),
                   mem_operand(s, insn));
        return;
    }
    store_operand(s, insn, 0, load_operand_zx(s, insn, 1));
}

/* MOVSX and MOVSXD. */
static void trans_movsx(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *d = &insn->operand[0], *o = &insn->operand[1];
    TCGWidth from = width_of(o->size), to = width_of(d->size);

    if (o->kind == X86_OPND_MEM && d->size >= 4 && o->size < d->size) {
        tcg_gen_ld(s->tcg, d->size == 8 ? TCG_OP_lds64 : TCG_OP_lds32, from,
                   gpr(s, d->reg), mem_operand(s, insn));
    } else if (d->size >= 4 && o->size < d->size) {
        tcg_gen_exts(s->tcg, to, from, gpr(s, d->reg),
                     load_operand(s, insn, 1));
    } else if (o->size >= d->size) {
        store_operand(s, insn, 0, load_operand(s, insn, 1));
    } else {
        store_operand(s, insn, 0, load_operand_sx(s, insn, 1));
    }
}

static void trans_lea(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *d = &insn->operand[0];
    X86Insn flat = *insn;
    TCGMem m;

    flat.mem.seg = X86_REG_NONE;
    if (d->size == 4) {
        /* truncated anyway */
        flat.addrsize = 8;
    }
    m = mem_operand(s, &flat);
    if (d->size >= 4) {
        tcg_gen_lea(s->tcg, width_of(d->size), gpr(s, d->reg), m);
    } else {
        TCGv t = temp(s);

        tcg_gen_lea(s->tcg, MO_64, t, m);
        store_operand(s, insn, 0, t);
    }
}

static void trans_xchg(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv a = temp(s), b = load_operand(s, insn, 1), t;

    if (operand_is_mem(insn, 0)) {
        tcg_gen_atomic(s->tcg, TCG_OP_xchg, width_of(insn->operand[0].size),
                       a, mem_operand(s, insn), b, TCGV_NONE);
        store_operand(s, insn, 1, a);
        return;
    }
    t = temp(s);
    tcg_gen_mov(s->tcg, t, b);
    tcg_gen_mov(s->tcg, a, load_operand(s, insn, 0));
    store_operand(s, insn, 0, t);
    store_operand(s, insn, 1, a);
}

static void trans_cmov(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *d = &insn->operand[0];
    TCGv v = load_operand(s, insn, 1), r = gpr(s, d->reg), t, old;

    if (d->size == 8) {
        tcg_gen_movcc(s->tcg, insn->cond, r, v, r);
        return;
    }
    t = temp(s);
    if (d->size == 4) {
        TCGv zx = v;

        if (insn->operand[1].kind == X86_OPND_GPR) {
            zx = temp(s);
            tcg_gen_extu(s->tcg, MO_64, MO_32, zx, v);
        }
        old = temp(s);
        tcg_gen_extu(s->tcg, MO_64, MO_32, old, r);
        tcg_gen_movcc(s->tcg, insn->cond, r, zx, old);
        return;
    }
    tcg_gen_movcc(s->tcg, insn->cond, t, v, r);
    store_operand(s, insn, 0, t);
}

static void trans_setcc(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);

    tcg_gen_setcc(s->tcg, insn->cond, t);
    store_operand(s, insn, 0, t);
}

/* CBW, CWDE, CDQE */
static void trans_cbw(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv rax = gpr(s, R_EAX), t;

    switch (insn->opsize) {
    case 8:
        tcg_gen_exts(s->tcg, MO_64, MO_32, rax, rax);
        break;
    case 4:
        tcg_gen_exts(s->tcg, MO_32, MO_16, rax, rax);
        break;
    default:
        t = temp(s);
        tcg_gen_exts(s->tcg, MO_64, MO_8, t, rax);
        store_gpr(s, R_EAX, 2, t);
        break;
    }
}

/* CWD, CDQ, CQO */
static void trans_cwd(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = width_of(insn->opsize);
    TCGv rax = gpr(s, R_EAX), rdx = gpr(s, R_EDX), t;

    if (w >= MO_32) {
        tcg_gen2(s->tcg, TCG_OP_sar, w, rdx, rax,
                 imm64(s, w == MO_64 ? 63 : 31));
        return;
    }
    t = temp(s);
    tcg_gen2(s->tcg, TCG_OP_sar, MO_16, t, rax, imm64(s, 15));
    store_gpr(s, R_EDX, 2, t);
}

static TCGv gen_byte_swap(DisasContext *s, unsigned size, TCGv v)
{
    TCGv t = temp(s), r;

    tcg_gen1(s->tcg, TCG_OP_bswap, size == 8 ? MO_64 : MO_32, t, v);
    if (size > 2) {
        return t;
    }
    r = temp(s);
    tcg_gen2(s->tcg, TCG_OP_shr, MO_32, r, t, imm64(s, 16));
    return r;
}

static void trans_movbe(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->operand[0].size;

    store_operand(s, insn, 0,
                  gen_byte_swap(s, size, load_operand(s, insn, 1)));
}

static void trans_movnti(DisasContext *s, const X86Insn *insn, int arg)
{
    store_operand(s, insn, 0, load_operand(s, insn, 1));
}

static void trans_movdir64b(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv dst = load_operand_zx(s, insn, 0), v[8];

    for (unsigned i = 0; i < 8; i++) {
        v[i] = temp(s);
        tcg_gen_ld(s->tcg, TCG_OP_ld, MO_64, v[i],
                   mem_operand_plus(s, insn, 8 * i));
    }
    gen_exception_if(s, EXCP0D_GPF, TCG_COND_TSTNE, MO_64, dst,
                     imm64(s, 63));
    for (unsigned i = 0; i < 8; i++) {
        tcg_gen_st(s->tcg, MO_64, (TCGMem) { .base = dst, .disp = 8 * i },
                   v[i]);
    }
}

static void trans_xlat(DisasContext *s, const X86Insn *insn, int arg)
{
    X86Insn mem = *insn;
    TCGv al = temp(s), t = temp(s), a = temp(s);
    TCGMem m;

    tcg_gen_extu(s->tcg, MO_64, MO_8, al, gpr(s, R_EAX));
    m = (TCGMem) { .base = gpr(s, R_EBX), .index = al };
    if (insn->addrsize == 4 || insn->seg_prefix != X86_REG_NONE) {
        tcg_gen_lea(s->tcg, insn->addrsize == 4 ? MO_32 : MO_64, a, m);
        m = (TCGMem) { .base = a };
    }
    if (insn->seg_prefix != X86_REG_NONE) {
        mem.mem = (X86Mem) {
            .base = X86_REG_NONE, .index = X86_REG_NONE,
            .seg = insn->seg_prefix,
        };
        mem.addrsize = 8;
        m.index = mem_operand(s, &mem).base;
    }
    tcg_gen_ld(s->tcg, TCG_OP_ld, MO_8, t, m);
    store_gpr(s, R_EAX, 1, t);
}

static void trans_nop(DisasContext *s, const X86Insn *insn, int arg)
{
}

/* --- stack ------------------------------------------------------------- */

static TCGMem stack_mem(DisasContext *s, int64_t offset)
{
    return (TCGMem) { .base = gpr(s, R_ESP), .disp = offset };
}

static void gen_add_rsp(DisasContext *s, int64_t n)
{
    TCGv rsp = gpr(s, R_ESP);

    tcg_gen2(s->tcg, TCG_OP_add, MO_64, rsp, rsp, imm64(s, n));
}

static void trans_push(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = &insn->operand[0];
    unsigned size = insn->opsize;
    TCGv v;

    if (o->kind == X86_OPND_SEG) {
        v = temp(s);
        tcg_gen_ld_env(s->tcg, MO_16, v, ENV(segs[0]) + 2 * o->reg);
    } else {
        v = load_operand(s, insn, 0);
    }
    tcg_gen_st(s->tcg, width_of(size), stack_mem(s, -(int)size), v);
    gen_add_rsp(s, -(int)size);
}

static void trans_pop(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = &insn->operand[0];
    unsigned size = insn->opsize;
    TCGv v;

    if (o->kind == X86_OPND_GPR && size == 8) {
        TCGv r = gpr(s, o->reg);

        if (o->reg == R_ESP) {
            tcg_gen_ld(s->tcg, TCG_OP_ld, MO_64, r, stack_mem(s, 0));
        } else {
            tcg_gen_ld(s->tcg, TCG_OP_ld, MO_64, r, stack_mem(s, 0));
            gen_add_rsp(s, 8);
        }
        return;
    }
    v = temp(s);
    tcg_gen_ld(s->tcg, TCG_OP_ld, width_of(size), v, stack_mem(s, 0));
    if (o->kind == X86_OPND_MEM) {
        /* an address based on RSP sees the incremented one */
        tcg_gen_st(s->tcg, width_of(size),
                   mem_operand_plus(s, insn, insn->mem.base == R_ESP ? size :
                                    0), v);
        gen_add_rsp(s, size);
    } else if (o->kind == X86_OPND_SEG) {
        gen_call2(s, &x86_helper_load_seg, TCGV_NONE, imm64(s, o->reg), v);
        gen_add_rsp(s, size);
    } else {
        gen_add_rsp(s, size);
        store_operand(s, insn, 0, v);
    }
}

static void trans_enter(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->opsize, level = insn->imm2 & 31;
    TCGWidth w = width_of(size);
    TCGv rbp = gpr(s, R_EBP), frame = temp(s), t;
    int64_t off = -(int64_t)size;

    tcg_gen2(s->tcg, TCG_OP_add, MO_64, frame, gpr(s, R_ESP),
             imm64(s, -(int64_t)size));
    tcg_gen_st(s->tcg, w, stack_mem(s, off), rbp);
    for (unsigned i = 1; i < level; i++) {
        t = temp(s);
        tcg_gen_ld(s->tcg, TCG_OP_ld, w, t, (TCGMem) {
            .base = rbp, .disp = -(int64_t)(i * size),
        });
        off -= size;
        tcg_gen_st(s->tcg, w, stack_mem(s, off), t);
    }
    if (level) {
        off -= size;
        tcg_gen_st(s->tcg, w, stack_mem(s, off), frame);
    }
    /* the end of the new frame must be writable, too */
    tcg_gen_atomic(s->tcg, TCG_OP_atomic_or, MO_8, temp(s),
                   stack_mem(s, off - insn->imm), imm64(s, 0), TCGV_NONE);
    store_gpr(s, R_EBP, size, frame);
    gen_add_rsp(s, off - insn->imm);
}

static void trans_leave(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->opsize;
    TCGv t = temp(s), rbp = gpr(s, R_EBP);

    tcg_gen_ld(s->tcg, TCG_OP_ld, width_of(size), t,
               (TCGMem) { .base = rbp });
    tcg_gen2(s->tcg, TCG_OP_add, MO_64, gpr(s, R_ESP), rbp, imm64(s, size));
    store_gpr(s, R_EBP, size, t);
}

static void trans_pushf(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->opsize;
    TCGv v = gen_eflags_image(s);

    tcg_gen_st(s->tcg, width_of(size), stack_mem(s, -(int)size), v);
    gen_add_rsp(s, -(int)size);
}

static void trans_popf(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->opsize;
    TCGv v = temp(s), f = temp(s);

    tcg_gen_ld(s->tcg, TCG_OP_ld, width_of(size), v, stack_mem(s, 0));
    gen_add_rsp(s, size);
    gen_call2(s, &x86_helper_popf, TCGV_NONE, v, imm64(s, size));
    tcg_gen2(s->tcg, TCG_OP_and, MO_64, f, v, imm64(s, CC_ALL));
    gen_set_eflags(s, f);
    /* TF takes effect with the next instruction. */
    tcg_gen_poll(s->tcg, s->next_pc);
    s->end_after = true;
}

const X86TransEntry x86_trans_move[] = {
    { X86_OP_MOV, trans_mov },
    { X86_OP_MOVZX, trans_movzx },
    { X86_OP_MOVSX, trans_movsx },
    { X86_OP_MOVSXD, trans_movsx },
    { X86_OP_LEA, trans_lea },
    { X86_OP_XCHG, trans_xchg },
    { X86_OP_CMOVCC, trans_cmov },
    { X86_OP_SETCC, trans_setcc },
    { X86_OP_CBW, trans_cbw },
    { X86_OP_CWD, trans_cwd },
    { X86_OP_MOVBE, trans_movbe },
    { X86_OP_MOVNTI, trans_movnti },
    { X86_OP_MOVDIRI, trans_movnti },
    { X86_OP_MOVDIR64B, trans_movdir64b },
    { X86_OP_XLAT, trans_xlat },
    { X86_OP_NOP, trans_nop },
    { X86_OP_ENDBR64, trans_nop },
    { X86_OP_ENDBR32, trans_nop },
    { X86_OP_PREFETCH, trans_nop },
    { X86_OP_PREFETCHW, trans_nop },
    { X86_OP_PREFETCHWT1, trans_nop },
    { X86_OP_PREFETCHNTA, trans_nop },
    { X86_OP_PREFETCHT0, trans_nop },
    { X86_OP_PREFETCHT1, trans_nop },
    { X86_OP_PREFETCHT2, trans_nop },
    { X86_OP_PUSH, trans_push },
    { X86_OP_POP, trans_pop },
    { X86_OP_PUSHF, trans_pushf },
    { X86_OP_POPF, trans_popf },
    { X86_OP_ENTER, trans_enter },
    { X86_OP_LEAVE, trans_leave },
    { 0 }
};
