/*
 * String instructions.  Single steps are IR; repetitions are helpers, which
 * keep RCX, RSI and RDI exact at every point where they can fault or stop for
 * an interrupt request.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

/* RSI or RDI as an address: truncated to the address size, plus a segment. */
static TCGMem string_mem(DisasContext *s, const X86Insn *insn, unsigned reg,
                         unsigned seg)
{
    X86Insn mem = *insn;

    mem.mem = (X86Mem) {
        .base = reg, .index = X86_REG_NONE, .seg = seg,
    };
    return mem_operand(s, &mem);
}

static TCGMem source_mem(DisasContext *s, const X86Insn *insn)
{
    return string_mem(s, insn, R_ESI, insn->seg_prefix);
}

static TCGMem dest_mem(DisasContext *s, const X86Insn *insn)
{
    return string_mem(s, insn, R_EDI, X86_REG_NONE);
}

/* Signed distance of one element: DF times size. */
static TCGv gen_step(DisasContext *s, const X86Insn *insn)
{
    TCGv df = temp(s), step = temp(s);

    tcg_gen_ld_env(s->tcg, MO_64, df, ENV(df));
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, step, df,
             imm64(s, width_of(insn->opsize)));
    return step;
}

static void advance(DisasContext *s, const X86Insn *insn, unsigned reg,
                    TCGv step)
{
    TCGv r = gpr(s, reg);

    tcg_gen2(s->tcg, TCG_OP_add, insn->addrsize == 4 ? MO_32 : MO_64, r, r,
             step);
}

/* One step, without a repeat prefix. */
static void single(DisasContext *s, const X86Insn *insn)
{
    TCGWidth w = width_of(insn->opsize);
    TCGv a = temp(s), b = temp(s), step;

    switch (insn->op) {
    case X86_OP_MOVS:
        tcg_gen_ld(s->tcg, TCG_OP_ld, w, a, source_mem(s, insn));
        tcg_gen_st(s->tcg, w, dest_mem(s, insn), a);
        step = gen_step(s, insn);
        advance(s, insn, R_ESI, step);
        advance(s, insn, R_EDI, step);
        break;
    case X86_OP_STOS:
        tcg_gen_st(s->tcg, w, dest_mem(s, insn), gpr(s, R_EAX));
        advance(s, insn, R_EDI, gen_step(s, insn));
        break;
    case X86_OP_LODS:
        tcg_gen_ld(s->tcg, TCG_OP_ld, w, a, source_mem(s, insn));
        advance(s, insn, R_ESI, gen_step(s, insn));
        store_gpr(s, R_EAX, insn->opsize, a);
        break;
    case X86_OP_CMPS:
        tcg_gen_ld(s->tcg, TCG_OP_ld, w, a, source_mem(s, insn));
        tcg_gen_ld(s->tcg, TCG_OP_ld, w, b, dest_mem(s, insn));
        step = gen_step(s, insn);
        advance(s, insn, R_ESI, step);
        advance(s, insn, R_EDI, step);
        tcg_gen_cc_set(s->tcg, CC_KIND_CMP, w, a, b, TCGV_NONE);
        break;
    default:
        tcg_gen_ld(s->tcg, TCG_OP_ld, w, b, dest_mem(s, insn));
        advance(s, insn, R_EDI, gen_step(s, insn));
        tcg_gen_cc_set(s->tcg, CC_KIND_CMP, w, gpr(s, R_EAX), b, TCGV_NONE);
        break;
    }
}

/*
 * Repeated: the helper returns 0 when it stopped early for an interrupt; then
 * the instruction starts again where it is.
 */
static void repeated(DisasContext *s, const X86Insn *insn)
{
    const TCGHelper *h;
    TCGv seg = imm64(s, 0), done = temp(s), mode;

    switch (insn->op) {
    case X86_OP_MOVS:
        h = &x86_helper_rep_movs;
        break;
    case X86_OP_STOS:
        h = &x86_helper_rep_stos;
        break;
    case X86_OP_LODS:
        h = &x86_helper_rep_lods;
        break;
    case X86_OP_CMPS:
        h = &x86_helper_rep_cmps;
        break;
    default:
        h = &x86_helper_rep_scas;
        break;
    }
    if (insn->seg_prefix != X86_REG_NONE) {
        seg = temp(s);
        tcg_gen_ld_env(s->tcg, MO_64, seg, insn->seg_prefix == R_FS ?
                       ENV(fs_base) : ENV(gs_base));
    }
    /* size, address size, and the Z that lets CMPS and SCAS go on */
    mode = imm64(s, insn->opsize | (insn->addrsize == 4 ? REP_ADDR32 : 0) |
                 (insn->prefixes & X86_PFX_REP ? REP_WHILE_Z : 0));
    gen_call2(s, h, done, mode, seg);
    tcg_gen_brcond(s->tcg, TCG_COND_EQ, MO_64, done, imm64(s, 0),
                   gen_side_exit(s, insn->pc));
}

static void trans_string(DisasContext *s, const X86Insn *insn, int arg)
{
    if (insn->prefixes & (X86_PFX_REP | X86_PFX_REPNE)) {
        repeated(s, insn);
    } else {
        single(s, insn);
    }
}

const X86TransEntry x86_trans_string[] = {
    { X86_OP_MOVS, trans_string },
    { X86_OP_STOS, trans_string },
    { X86_OP_LODS, trans_string },
    { X86_OP_CMPS, trans_string },
    { X86_OP_SCAS, trans_string },
    { 0 }
};
