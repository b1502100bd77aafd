/*
 * Control flow: jumps, calls, returns, loops, software interrupts, system
 * calls.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

static void push_return(DisasContext *s, uint64_t next)
{
    TCGv rsp = gpr(s, R_ESP);

    tcg_gen_st(s->tcg, MO_64, (TCGMem) { .base = rsp, .disp = -8 },
               imm64(s, next));
    tcg_gen2(s->tcg, TCG_OP_add, MO_64, rsp, rsp, imm64(s, -8));
    tcg_gen_push_ret(s->tcg, next);
}

/* #GP at this instruction unless @t is a canonical address: bits 63..47 agree. */
static void check_target(DisasContext *s, TCGv t)
{
    TCGv top = temp(s), sum = temp(s);

    tcg_gen2(s->tcg, TCG_OP_sar, MO_64, top, t, imm64(s, 47));
    tcg_gen2(s->tcg, TCG_OP_add, MO_64, sum, top, imm64(s, 1));
    gen_exception_if(s, EXCP0D_GPF, TCG_COND_GTU, MO_64, sum, imm64(s, 1));
}

/* A jump or call (return address @arg) out of the lower half: mostly #GP. */
static void jump_far_away(DisasContext *s, const struct X86SideExit *x)
{
    check_target(s, x->addr);
    if (x->arg[0]) {
        push_return(s, x->arg[0]);
    }
    tcg_gen_exit_indirect(s->tcg, x->addr);
}

static void check_jump(DisasContext *s, TCGv t, uint64_t next)
{
    struct X86SideExit *x = gen_side_path(s, jump_far_away);
    TCGv top = temp(s);

    x->addr = t;
    x->arg[0] = next;
    tcg_gen2(s->tcg, TCG_OP_shr, MO_64, top, t, imm64(s, 47));
    tcg_gen_brcond(s->tcg, TCG_COND_NE, MO_64, top, imm64(s, 0), x->label);
}

/* Target of an indirect branch, safe from a change of RSP. */
static TCGv branch_target(DisasContext *s, const X86Insn *insn)
{
    TCGv v = load_operand(s, insn, 0), t;

    if (insn->operand[0].kind == X86_OPND_GPR &&
        insn->operand[0].reg == R_ESP) {
        t = temp(s);
        tcg_gen_mov(s->tcg, t, v);
        return t;
    }
    return v;
}

static void trans_jcc(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_branch_cc(s, insn->cond, insn->target);
}

static void trans_jmp(DisasContext *s, const X86Insn *insn, int arg)
{
    if (insn->operand[0].kind == X86_OPND_REL) {
        gen_jump(s, insn->target);
    } else {
        TCGv t = load_operand(s, insn, 0);

        check_jump(s, t, 0);
        tcg_gen_exit_indirect(s->tcg, t);
        s->ended = true;
    }
}

static void trans_call(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = TCGV_NONE;

    if (insn->operand[0].kind != X86_OPND_REL) {
        t = branch_target(s, insn);
        check_jump(s, t, x86_insn_next(insn));
    }
    push_return(s, x86_insn_next(insn));
    if (t) {
        tcg_gen_exit_indirect(s->tcg, t);
        s->ended = true;
    } else {
        gen_goto(s, insn->target);
    }
}

/* A return that was not predicted, or one out of the lower half. */
static void ret_elsewhere(DisasContext *s, const struct X86SideExit *x)
{
    TCGv rsp = gpr(s, R_ESP);

    check_target(s, x->addr);
    tcg_gen2(s->tcg, TCG_OP_add, MO_64, rsp, rsp, imm64(s, x->arg[0]));
    tcg_gen_exit_ret(s->tcg, x->addr, TCG_RET_MISS);
}

static void trans_ret(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s), high = temp(s), rsp = gpr(s, R_ESP);
    uint64_t n = insn->n_operands ? insn->imm : 0;
    struct X86SideExit *x = gen_side_path(s, ret_elsewhere);

    x->addr = t;
    x->arg[0] = 8 + n;
    tcg_gen_ld(s->tcg, TCG_OP_ld, MO_64, t, (TCGMem) { .base = rsp });
    if (s->tcg->has_brret) {
        /* what was predicted is an address: it need not be checked */
        tcg_gen_brret(s->tcg, t, x->label);
        tcg_gen2(s->tcg, TCG_OP_add, MO_64, rsp, rsp, imm64(s, 8 + n));
        tcg_gen_exit_ret(s->tcg, t, TCG_RET_HIT);
        s->ended = true;
        return;
    }
    /* the upper half once more, because it can be compared in place */
    tcg_gen_ld(s->tcg, TCG_OP_ld, MO_32, high,
               (TCGMem) { .base = rsp, .disp = 4 });
    tcg_gen_brcond(s->tcg, TCG_COND_GTU, MO_32, high, imm64(s, 0x7fff),
                   x->label);
    tcg_gen2(s->tcg, TCG_OP_add, MO_64, rsp, rsp, imm64(s, 8 + n));
    tcg_gen_exit_ret(s->tcg, t, TCG_RET_UNKNOWN);
    s->ended = true;
}

/* LOOP, LOOPE, LOOPNE: RCX - 1 is not zero, and Z as @arg says (-1: any). */
static void trans_loop(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGWidth w = insn->addrsize == 4 ? MO_32 : MO_64;
    TCGv rcx = gpr(s, R_ECX), go = temp(s), z = temp(s), both = temp(s);

    tcg_gen2(s->tcg, TCG_OP_sub, w, rcx, rcx, imm64(s, 1));
    if (arg < 0) {
        gen_branch_cond(s, TCG_COND_NE, w, rcx, imm64(s, 0), insn->target);
        return;
    }
    tcg_gen_setcond(s->tcg, TCG_COND_NE, w, go, rcx, imm64(s, 0));
    tcg_gen_setcc(s->tcg, arg ? CCC_E : CCC_NE, z);
    tcg_gen2(s->tcg, TCG_OP_and, MO_64, both, go, z);
    gen_branch_cond(s, TCG_COND_NE, MO_64, both, imm64(s, 0), insn->target);
}

static void trans_jrcxz(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_branch_cond(s, TCG_COND_EQ, insn->addrsize == 4 ? MO_32 : MO_64,
                    gpr(s, R_ECX), imm64(s, 0), insn->target);
}

static void trans_syscall(DisasContext *s, const X86Insn *insn, int arg)
{
    tcg_gen_exit_reason(s->tcg, EXCP_SYSCALL, imm64(s, x86_insn_next(insn)));
    s->ended = true;
}

/* INT3, INT1 and INT 4 are traps: rip is behind them. */
static void trans_trap(DisasContext *s, const X86Insn *insn, int excp)
{
    tcg_gen_st_env(s->tcg, MO_32, ENV(error_code), imm64(s, 0));
    tcg_gen_exit_reason(s->tcg, excp, imm64(s, x86_insn_next(insn)));
    s->ended = true;
}

static void trans_int(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = insn->imm;

    if (n == EXCP03_INT3 || n == EXCP04_INTO) {
        trans_trap(s, insn, n);
        return;
    }
    /* The gate is not for user mode. */
    gen_exception(s, EXCP0D_GPF, n * 8 + 2);
}

static void trans_illegal(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_illegal(s);
}

/* Far transfers: the helper checks the selector and sets rip. */
static void gen_far(DisasContext *s, const TCGHelper *h, TCGv a, TCGv b,
                    TCGv c)
{
    TCGv rip = temp(s);

    gen_call3(s, h, rip, a, b, c);
    tcg_gen_exit_indirect(s->tcg, rip);
    s->ended = true;
}

static void trans_far_ret(DisasContext *s, const X86Insn *insn, int iret)
{
    gen_far(s, &x86_helper_far_return, imm64(s, insn->opsize),
            imm64(s, insn->n_operands ? insn->imm : 0), imm64(s, iret));
}

static void trans_far_jump(DisasContext *s, const X86Insn *insn, int call)
{
    gen_far(s, &x86_helper_far_jump, mem_address(s, insn),
            imm64(s, insn->opsize),
            imm64(s, call ? x86_insn_next(insn) : 0));
}

const X86TransEntry x86_trans_control[] = {
    { X86_OP_JCC, trans_jcc },
    { X86_OP_JMP, trans_jmp },
    { X86_OP_CALL, trans_call },
    { X86_OP_RET, trans_ret },
    { X86_OP_LOOP, trans_loop, -1 },
    { X86_OP_LOOPE, trans_loop, 1 },
    { X86_OP_LOOPNE, trans_loop, 0 },
    { X86_OP_JRCXZ, trans_jrcxz },
    { X86_OP_SYSCALL, trans_syscall },
    { X86_OP_SYSENTER, trans_illegal },
    { X86_OP_INT3, trans_trap, EXCP03_INT3 },
    { X86_OP_INT1, trans_trap, EXCP01_DB },
    { X86_OP_INT, trans_int },
    { X86_OP_UD0, trans_illegal },
    { X86_OP_UD1, trans_illegal },
    { X86_OP_UD2, trans_illegal },
    { X86_OP_RETF, trans_far_ret, 0 },
    { X86_OP_IRET, trans_far_ret, 1 },
    { X86_OP_JMPF, trans_far_jump, 0 },
    { X86_OP_CALLF, trans_far_jump, 1 },
    { 0 }
};
