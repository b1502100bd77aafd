/*
 * PCMPISTRI, PCMPISTRM, PCMPESTRI, PCMPESTRM: text comparison, and SSE4A's
 * bit fields.  Operands go through env->vtmp[] to a helper, unless the code
 * generator has the instruction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/translate/vec.h"
#include "target/i386/translate/vec-helper.h"

/* x = 1: explicit lengths; esz = MO_32 marks the index forms. */
static void trans_pcmpstr(DisasContext *s, const X86Insn *insn, int arg)
{
    bool index = varg_esz(arg) == MO_32;
    TCGv b = vec_load(s, insn, 1), r = temp(s), flags = temp(s);
    TCGv control = imm64(s, (insn->imm & 0x7f) | (index ? 0 : X86_STR_MASK));

    if (index && !varg_x(arg) && s->tcg->has_vstr) {
        TCGOp *op = tcg_emit(s->tcg, TCG_OP_vstr, MO_64);

        op->w = VW_16;
        op->dst[0] = flags;
        op->dst[1] = gpr(s, R_ECX);
        op->src[0] = vreg(s, insn->operand[0].reg);
        op->src[1] = b;
        op->imm = insn->imm & 0x7f;
        gen_set_eflags(s, flags);
        return;
    }
    vec_spill(s, 0, vreg(s, insn->operand[0].reg), VW_16);
    vec_spill(s, 1, b, VW_16);
    if (varg_x(arg)) {
        TCGv la = gpr(s, R_EAX), lb = gpr(s, R_EDX);

        if (insn->opsize != 8) {
            la = temp(s);
            tcg_gen_exts(s->tcg, MO_64, MO_32, la, gpr(s, R_EAX));
            lb = temp(s);
            tcg_gen_exts(s->tcg, MO_64, MO_32, lb, gpr(s, R_EDX));
        }
        gen_call3(s, &x86_helper_pcmpestr, r, control, la, lb);
    } else {
        gen_call1(s, &x86_helper_pcmpistr, r, control);
    }
    if (index) {
        tcg_gen_extu(s->tcg, MO_64, MO_32, gpr(s, R_ECX), r);
    } else {
        vec_reload(s, 2, vreg(s, 0), VW_16, upper_flag(insn));
    }
    tcg_gen2(s->tcg, TCG_OP_shr, MO_64, flags, r, imm64(s, 32));
    gen_set_eflags(s, flags);
}

/*
 * EXTRQ, INSERTQ (which clear the upper half): x = 1 for INSERTQ.  Length and
 * index are immediates, or bytes of the second register.
 */
static void trans_sse4a(DisasContext *s, const X86Insn *insn, int arg)
{
    bool insert = varg_x(arg);
    TCGv d = vec_dst(s, insn, 0), a = temp(s), b = a, ctl, r = temp(s);
    bool imm = insn->operand[insn->n_operands - 1].kind == X86_OPND_IMM;

    tcg_gen_v(s->tcg, VOP_extract, VW_16, MO_64, 0, a, d, TCGV_NONE,
              TCGV_NONE, 0);
    if (insert) {
        b = temp(s);
        tcg_gen_v(s->tcg, VOP_extract, VW_16, MO_64, 0, b,
                  vreg(s, insn->operand[1].reg), TCGV_NONE, TCGV_NONE, 0);
    }
    if (imm) {
        ctl = imm64(s, (insn->imm & 0x3f) | (insn->imm2 & 0x3f) << 8);
    } else {
        ctl = temp(s);
        tcg_gen_v(s->tcg, VOP_extract, VW_16, MO_64, 0, ctl,
                  vreg(s, insn->operand[1].reg), TCGV_NONE, TCGV_NONE,
                  insert);
    }
    gen_call3(s, insert ? &x86_helper_insertq : &x86_helper_extrq, r, a, b,
              ctl);
    tcg_gen_v(s->tcg, VOP_movi2v, VW_16, MO_64, 0, d, r, TCGV_NONE, TCGV_NONE,
              0);
}

#define BOTH(name, fn, arg) \
    { X86_OP_##name, fn, arg }, { X86_OP_V##name, fn, arg }

const X86TransEntry x86_trans_sse_str[] = {
    BOTH(PCMPISTRI, trans_pcmpstr, VARG(mov, MO_32, 0)),
    BOTH(PCMPISTRM, trans_pcmpstr, VARG(mov, MO_64, 0)),
    BOTH(PCMPESTRI, trans_pcmpstr, VARG(mov, MO_32, 1)),
    BOTH(PCMPESTRM, trans_pcmpstr, VARG(mov, MO_64, 1)),
    { X86_OP_EXTRQ, trans_sse4a, VARG(mov, MO_64, 0) },
    { X86_OP_INSERTQ, trans_sse4a, VARG(mov, MO_64, 1) },
    { 0 }
};
