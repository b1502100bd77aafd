/*
 * x87 instructions: D8 to DF, and WAIT.
 *
 * The register stack lives in the CPU state and is addressed through TOP at
 * run time, so nearly everything is a call of a helper that knows no guest
 * memory; memory operands are loaded and stored here, by ordinary ops, which
 * keeps faults precise.  A pending exception is tested inline before every
 * waiting instruction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/translate/vec.h"
#include "target/i386/x87/helpers.h"
#include "target/i386/x87/x87.h"

void gen_x87_check(DisasContext *s)
{
    TCGv t = temp(s);

    tcg_gen_ld_env(s->tcg, MO_16, t, ENV(fpus));
    gen_exception_if(s, EXCP10_COPR, TCG_COND_TSTNE, MO_32, t,
                     imm64(s, X87_ES));
}

/* Pending exceptions, and the pointers to this instruction and operand. */
static void enter(DisasContext *s, const X86Insn *insn)
{
    gen_x87_check(s);
    tcg_gen_st_env(s->tcg, MO_64, ENV(fpip), imm64(s, insn->pc));
}

static TCGv load(DisasContext *s, TCGOpcode opc, TCGWidth w, TCGMem m)
{
    TCGv t = temp(s);

    tcg_gen_ld(s->tcg, opc, w, t, m);
    return t;
}

static void trans_fld(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = &insn->operand[insn->n_operands - 1];
    TCGv v;

    enter(s, insn);
    if (o->kind == X86_OPND_ST) {
        gen_call1(s, &x86_helper_x87_ld_st, TCGV_NONE, imm64(s, o->reg));
    } else if (o->size == 10) {
        v = load(s, TCG_OP_ld, MO_64, mem_operand(s, insn));
        gen_call2(s, &x86_helper_x87_ld_f80, TCGV_NONE, v,
                  load(s, TCG_OP_ld, MO_16, mem_operand_plus(s, insn, 8)));
    } else {
        v = load(s, TCG_OP_ld, width_of(o->size), mem_operand(s, insn));
        gen_call1(s, o->size == 4 ? &x86_helper_x87_ld_f32 :
                  &x86_helper_x87_ld_f64, TCGV_NONE, v);
    }
}

static void trans_fild(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv v;

    enter(s, insn);
    v = load(s, TCG_OP_lds64, width_of(insn->operand[0].size),
             mem_operand(s, insn));
    gen_call1(s, &x86_helper_x87_ld_int, TCGV_NONE, v);
}

static void trans_fbld(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv v;

    enter(s, insn);
    v = load(s, TCG_OP_ld, MO_64, mem_operand(s, insn));
    gen_call2(s, &x86_helper_x87_ld_bcd, TCGV_NONE, v,
              load(s, TCG_OP_ld, MO_16, mem_operand_plus(s, insn, 8)));
}

/* FLD1 ... FLDZ. */
static void trans_fldconst(DisasContext *s, const X86Insn *insn, int arg)
{
    enter(s, insn);
    gen_call1(s, &x86_helper_x87_ld_const, TCGV_NONE, imm64(s, arg));
}

/* A store that must not happen faults all the same. */
static void skipped_store(DisasContext *s, const struct X86SideExit *x)
{
    unsigned last = x->arg[0] - 1;

    tcg_gen_atomic(s->tcg, TCG_OP_atomic_or, MO_8, temp(s),
                   (TCGMem) { .base = x->addr }, imm64(s, 0), TCGV_NONE);
    tcg_gen_atomic(s->tcg, TCG_OP_atomic_or, MO_8, temp(s),
                   (TCGMem) { .base = x->addr, .disp = last }, imm64(s, 0),
                   TCGV_NONE);
    gen_call1(s, &x86_helper_x87_st_done, TCGV_NONE, imm64(s, x->arg[1]));
}

/* Store to memory and pop @pops.  An unmasked exception may forbid it. */
static void store_mem(DisasContext *s, const X86Insn *insn, unsigned fmt,
                      unsigned pops)
{
    unsigned size = insn->operand[0].size;
    TCGv v = temp(s), skip = temp(s), addr = mem_address(s, insn), hi, tail;
    struct X86SideExit *x;
    TCGOp *op;

    gen_call1(s, &x86_helper_x87_st, v, imm64(s, fmt));
    tcg_gen_ld_env(s->tcg, MO_8, skip, ENV(fp_skip));
    x = gen_side_path(s, skipped_store);
    x->addr = addr;
    x->arg[0] = size;
    x->arg[1] = pops;
    tcg_gen_brcond(s->tcg, TCG_COND_NE, MO_32, skip, imm64(s, 0), x->label);
    if (size == 10) {
        /*
         * Bytes 2 to 9 first: that store touches the second page, if there is
         * one, so that nothing is written when it is missing.
         */
        hi = temp(s);
        tail = temp(s);
        tcg_gen_ld_env(s->tcg, MO_64, v, ENV(vtmp[3].q[0]));
        tcg_gen_ld_env(s->tcg, MO_16, hi, ENV(vtmp[3].w[4]));
        op = tcg_emit(s->tcg, TCG_OP_extract2, MO_64);
        op->dst[0] = tail;
        op->src[0] = v;
        op->src[1] = hi;
        op->imm = 16;
        tcg_gen_st(s->tcg, MO_64, (TCGMem) { .base = addr, .disp = 2 }, tail);
        tcg_gen_st(s->tcg, MO_64, (TCGMem) { .base = addr }, v);
    } else {
        tcg_gen_st(s->tcg, width_of(size), (TCGMem) { .base = addr }, v);
    }
    gen_call1(s, &x86_helper_x87_st_done, TCGV_NONE, imm64(s, pops));
}

/*
 * FST, FSTP (arg = 1).  The alias D9 /3 of FSTP ST(i) has no stack fault.
 */
static void trans_fst(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = &insn->operand[0];

    enter(s, insn);
    if (o->kind == X86_OPND_ST) {
        gen_call1(s, &x86_helper_x87_st_st, TCGV_NONE,
                  imm64(s, o->reg | arg << 4 |
                        (insn->opcode == 0xd9) << 8));
    } else {
        store_mem(s, insn, o->size == 4 ? X87_FMT_F32 :
                  o->size == 8 ? X87_FMT_F64 : X87_FMT_F80, arg);
    }
}

/* FIST, FISTP, FISTTP: arg = pops | format flags. */
static void trans_fist(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned size = insn->operand[0].size;
    unsigned fmt = size == 2 ? X87_FMT_I16 : size == 4 ? X87_FMT_I32 :
                   X87_FMT_I64;

    enter(s, insn);
    store_mem(s, insn, fmt | (arg & X87_FMT_TRUNC), arg & 1);
}

static void trans_fbstp(DisasContext *s, const X86Insn *insn, int arg)
{
    enter(s, insn);
    store_mem(s, insn, X87_FMT_BCD, 1);
}

/* FADD ... FDIVR with registers or memory; arg = operation. */
static void trans_farith(DisasContext *s, const X86Insn *insn, int arg)
{
    const X86Operand *o = &insn->operand[0];

    enter(s, insn);
    if (o->kind == X86_OPND_MEM) {
        TCGv v = load(s, TCG_OP_ld, width_of(o->size), mem_operand(s, insn));

        gen_call2(s, &x86_helper_x87_arith_mem, TCGV_NONE,
                  imm64(s, arg | (o->size == 4 ? X87_SRC_F32 :
                                  X87_SRC_F64) << 4), v);
    } else {
        gen_call1(s, &x86_helper_x87_arith, TCGV_NONE,
                  imm64(s, arg | o->reg << 4 | insn->operand[1].reg << 8));
    }
}

static void trans_farith_pop(DisasContext *s, const X86Insn *insn, int arg)
{
    enter(s, insn);
    gen_call1(s, &x86_helper_x87_arith, TCGV_NONE,
              imm64(s, arg | insn->operand[0].reg << 4 |
                    insn->operand[1].reg << 8 | 1 << 12));
}

static void trans_fiarith(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv v;

    enter(s, insn);
    v = load(s, TCG_OP_lds64, width_of(insn->operand[0].size),
             mem_operand(s, insn));
    gen_call2(s, &x86_helper_x87_arith_mem, TCGV_NONE,
              imm64(s, arg | X87_SRC_INT << 4), v);
}

/* FCOM, FCOMP, FUCOM, FUCOMP: arg = quiet << 4 | pops. */
static void trans_fcom(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned pops = arg & 15;

    if (insn->operand[0].kind == X86_OPND_MEM) {
        trans_farith(s, insn, pops ? X87_COMP : X87_COM);
        return;
    }
    enter(s, insn);
    gen_call1(s, &x86_helper_x87_com, TCGV_NONE,
              imm64(s, insn->operand[1].reg | (arg & 0x10) | pops << 8));
}

static void trans_fcomi(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv flags = temp(s);

    enter(s, insn);
    gen_call1(s, &x86_helper_x87_comi, flags,
              imm64(s, insn->operand[1].reg | (arg & 0x10) |
                    (arg & 15) << 8));
    gen_set_eflags(s, flags);
}

static void trans_fcmov(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);

    enter(s, insn);
    tcg_gen_setcc(s->tcg, arg, t);
    gen_call2(s, &x86_helper_x87_cmov, TCGV_NONE,
              imm64(s, insn->operand[1].reg), t);
}

static void trans_fxch(DisasContext *s, const X86Insn *insn, int arg)
{
    enter(s, insn);
    gen_call1(s, &x86_helper_x87_xch, TCGV_NONE,
              imm64(s, insn->operand[0].reg));
}

/* FFREE, FFREEP (arg = 1). */
static void trans_ffree(DisasContext *s, const X86Insn *insn, int arg)
{
    enter(s, insn);
    gen_call1(s, &x86_helper_x87_free, TCGV_NONE,
              imm64(s, insn->operand[0].reg | arg << 4));
}

static void trans_fmisc(DisasContext *s, const X86Insn *insn, int arg)
{
    enter(s, insn);
    gen_call1(s, &x86_helper_x87_misc, TCGV_NONE, imm64(s, arg));
}

/* FWAIT, FNOP. */
static void trans_fwait(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_x87_check(s);
}

/* FNENI, FNDISI, FNSETPM: nothing since the 80387. */
static void trans_fnothing(DisasContext *s, const X86Insn *insn, int arg)
{
}

static void trans_fninit(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_call0(s, &x86_helper_x87_init, TCGV_NONE);
}

static void trans_fnclex(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_call0(s, &x86_helper_x87_clex, TCGV_NONE);
}

static void trans_fldcw(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_x87_check(s);
    gen_call1(s, &x86_helper_x87_ldcw, TCGV_NONE,
              load(s, TCG_OP_ld, MO_16, mem_operand(s, insn)));
}

static void trans_fnstcw(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);

    tcg_gen_ld_env(s->tcg, MO_16, t, ENV(fpuc));
    tcg_gen_st(s->tcg, MO_16, mem_operand(s, insn), t);
}

static void trans_fnstsw(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv sw = temp(s), top = temp(s), t = temp(s), r = temp(s);

    tcg_gen_ld_env(s->tcg, MO_16, sw, ENV(fpus));
    tcg_gen_ld_env(s->tcg, MO_32, top, ENV(fpstt));
    tcg_gen2(s->tcg, TCG_OP_shl, MO_32, t, top, imm64(s, 11));
    tcg_gen2(s->tcg, TCG_OP_or, MO_32, r, sw, t);
    store_operand(s, insn, 0, r);
}

/* FLDENV, FNSTENV, FNSAVE, FRSTOR. */
static void env_image(DisasContext *s, const X86Insn *insn,
                      const TCGHelper *h)
{
    gen_call2(s, h, TCGV_NONE, mem_address(s, insn),
              imm64(s, insn->opsize == 2));
}

static void trans_fnstenv(DisasContext *s, const X86Insn *insn, int arg)
{
    env_image(s, insn, &x86_helper_x87_stenv);
}

static void trans_fnsave(DisasContext *s, const X86Insn *insn, int arg)
{
    env_image(s, insn, &x86_helper_x87_save);
}

static void trans_fldenv(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_x87_check(s);
    env_image(s, insn, &x86_helper_x87_ldenv);
}

static void trans_frstor(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_x87_check(s);
    env_image(s, insn, &x86_helper_x87_rstor);
}

const X86TransEntry x86_trans_x87[] = {
    { X86_OP_FLD, trans_fld, 0 },
    { X86_OP_FILD, trans_fild, 0 },
    { X86_OP_FBLD, trans_fbld, 0 },
    { X86_OP_FLD1, trans_fldconst, 0 },
    { X86_OP_FLDL2T, trans_fldconst, 1 },
    { X86_OP_FLDL2E, trans_fldconst, 2 },
    { X86_OP_FLDPI, trans_fldconst, 3 },
    { X86_OP_FLDLG2, trans_fldconst, 4 },
    { X86_OP_FLDLN2, trans_fldconst, 5 },
    { X86_OP_FLDZ, trans_fldconst, 6 },
    { X86_OP_FST, trans_fst, 0 },
    { X86_OP_FSTP, trans_fst, 1 },
    { X86_OP_FIST, trans_fist, 0 },
    { X86_OP_FISTP, trans_fist, 1 },
    { X86_OP_FISTTP, trans_fist, 1 | X87_FMT_TRUNC },
    { X86_OP_FBSTP, trans_fbstp, 0 },

    { X86_OP_FADD, trans_farith, X87_ADD },
    { X86_OP_FMUL, trans_farith, X87_MUL },
    { X86_OP_FSUB, trans_farith, X87_SUB },
    { X86_OP_FSUBR, trans_farith, X87_SUBR },
    { X86_OP_FDIV, trans_farith, X87_DIV },
    { X86_OP_FDIVR, trans_farith, X87_DIVR },
    { X86_OP_FADDP, trans_farith_pop, X87_ADD },
    { X86_OP_FMULP, trans_farith_pop, X87_MUL },
    { X86_OP_FSUBP, trans_farith_pop, X87_SUB },
    { X86_OP_FSUBRP, trans_farith_pop, X87_SUBR },
    { X86_OP_FDIVP, trans_farith_pop, X87_DIV },
    { X86_OP_FDIVRP, trans_farith_pop, X87_DIVR },
    { X86_OP_FIADD, trans_fiarith, X87_ADD },
    { X86_OP_FIMUL, trans_fiarith, X87_MUL },
    { X86_OP_FICOM, trans_fiarith, X87_COM },
    { X86_OP_FICOMP, trans_fiarith, X87_COMP },
    { X86_OP_FISUB, trans_fiarith, X87_SUB },
    { X86_OP_FISUBR, trans_fiarith, X87_SUBR },
    { X86_OP_FIDIV, trans_fiarith, X87_DIV },
    { X86_OP_FIDIVR, trans_fiarith, X87_DIVR },

    { X86_OP_FCOM, trans_fcom, 0 },
    { X86_OP_FCOMP, trans_fcom, 1 },
    { X86_OP_FUCOM, trans_fcom, 0x10 },
    { X86_OP_FUCOMP, trans_fcom, 0x11 },
    { X86_OP_FCOMPP, trans_fmisc, X87_COMPP },
    { X86_OP_FUCOMPP, trans_fmisc, X87_UCOMPP },
    { X86_OP_FCOMI, trans_fcomi, 0 },
    { X86_OP_FCOMIP, trans_fcomi, 1 },
    { X86_OP_FUCOMI, trans_fcomi, 0x10 },
    { X86_OP_FUCOMIP, trans_fcomi, 0x11 },
    { X86_OP_FTST, trans_fmisc, X87_TST },
    { X86_OP_FXAM, trans_fmisc, X87_XAM },

    { X86_OP_FCMOVB, trans_fcmov, CCC_B },
    { X86_OP_FCMOVE, trans_fcmov, CCC_E },
    { X86_OP_FCMOVBE, trans_fcmov, CCC_BE },
    { X86_OP_FCMOVU, trans_fcmov, CCC_P },
    { X86_OP_FCMOVNB, trans_fcmov, CCC_AE },
    { X86_OP_FCMOVNE, trans_fcmov, CCC_NE },
    { X86_OP_FCMOVNBE, trans_fcmov, CCC_A },
    { X86_OP_FCMOVNU, trans_fcmov, CCC_NP },

    { X86_OP_FXCH, trans_fxch, 0 },
    { X86_OP_FFREE, trans_ffree, 0 },
    { X86_OP_FFREEP, trans_ffree, 1 },
    { X86_OP_FDECSTP, trans_fmisc, X87_DECSTP },
    { X86_OP_FINCSTP, trans_fmisc, X87_INCSTP },

    { X86_OP_FCHS, trans_fmisc, X87_CHS },
    { X86_OP_FABS, trans_fmisc, X87_ABS },
    { X86_OP_F2XM1, trans_fmisc, X87_F2XM1 },
    { X86_OP_FYL2X, trans_fmisc, X87_YL2X },
    { X86_OP_FYL2XP1, trans_fmisc, X87_YL2XP1 },
    { X86_OP_FPTAN, trans_fmisc, X87_TAN },
    { X86_OP_FPATAN, trans_fmisc, X87_ATAN },
    { X86_OP_FXTRACT, trans_fmisc, X87_XTRACT },
    { X86_OP_FPREM, trans_fmisc, X87_PREM },
    { X86_OP_FPREM1, trans_fmisc, X87_PREM1 },
    { X86_OP_FSQRT, trans_fmisc, X87_SQRT },
    { X86_OP_FSINCOS, trans_fmisc, X87_SINCOS },
    { X86_OP_FRNDINT, trans_fmisc, X87_RNDINT },
    { X86_OP_FSCALE, trans_fmisc, X87_SCALE },
    { X86_OP_FSIN, trans_fmisc, X87_SIN },
    { X86_OP_FCOS, trans_fmisc, X87_COS },

    { X86_OP_FWAIT, trans_fwait, 0 },
    { X86_OP_FNOP, trans_fwait, 0 },
    { X86_OP_FNENI, trans_fnothing, 0 },
    { X86_OP_FNDISI, trans_fnothing, 0 },
    { X86_OP_FNSETPM, trans_fnothing, 0 },
    { X86_OP_FNINIT, trans_fninit, 0 },
    { X86_OP_FNCLEX, trans_fnclex, 0 },
    { X86_OP_FLDCW, trans_fldcw, 0 },
    { X86_OP_FNSTCW, trans_fnstcw, 0 },
    { X86_OP_FNSTSW, trans_fnstsw, 0 },
    { X86_OP_FLDENV, trans_fldenv, 0 },
    { X86_OP_FNSTENV, trans_fnstenv, 0 },
    { X86_OP_FNSAVE, trans_fnsave, 0 },
    { X86_OP_FRSTOR, trans_frstor, 0 },
    { 0 }
};
