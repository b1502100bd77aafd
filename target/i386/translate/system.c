/*
 * Flags as a register, CPU identification, segments, state save areas, cache
 * control, fences.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

/* EFLAGS as PUSHF sees it. */
TCGv gen_eflags_image(DisasContext *s)
{
    TCGv cc = temp(s), other = temp(s), df = temp(s), bit = temp(s);
    TCGv a = temp(s), b = temp(s), c = temp(s);

    tcg_gen_cc_get(s->tcg, cc, CC_ALL);
    tcg_gen_ld_env(s->tcg, MO_32, other, ENV(eflags_other));
    tcg_gen_ld_env(s->tcg, MO_64, df, ENV(df));
    tcg_gen2(s->tcg, TCG_OP_and, MO_64, bit, df, imm64(s, DF_MASK * 2));
    tcg_gen2(s->tcg, TCG_OP_shr, MO_64, a, bit, imm64(s, 1));
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, b, cc, other);
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, c, a, b);
    bit = temp(s);
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, bit, c, imm64(s, IF_MASK | 2));
    return bit;
}

static void trans_carry(DisasContext *s, const X86Insn *insn, int op)
{
    TCGv c = temp(s);

    switch (op) {
    case 0:
    case 1:
        gen_merge_eflags(s, imm64(s, op), CC_C);
        break;
    default:
        tcg_gen_setcc(s->tcg, CCC_AE, c);
        gen_merge_eflags(s, c, CC_C);
        break;
    }
}

static void trans_direction(DisasContext *s, const X86Insn *insn, int df)
{
    tcg_gen_st_env(s->tcg, MO_64, ENV(df), imm64(s, (int64_t)df));
}

#define AH_FLAGS (CC_S | CC_Z | CC_A | CC_P | CC_C)

static void trans_lahf(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv f = temp(s), t = temp(s), rax = gpr(s, R_EAX);

    tcg_gen_cc_get(s->tcg, f, AH_FLAGS);
    tcg_gen2(s->tcg, TCG_OP_or, MO_64, t, f, imm64(s, 2));
    tcg_gen_deposit(s->tcg, rax, rax, t, 8, 8);
}

static void trans_sahf(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv ah = temp(s), f = temp(s);

    tcg_gen_extract(s->tcg, ah, gpr(s, R_EAX), 8, 8);
    tcg_gen2(s->tcg, TCG_OP_and, MO_64, f, ah, imm64(s, AH_FLAGS));
    gen_merge_eflags(s, f, AH_FLAGS);
}

static void trans_cpuid(DisasContext *s, const X86Insn *insn, int arg)
{
    gen_call0(s, &x86_helper_cpuid, TCGV_NONE);
}

/* RDTSC, and RDTSCP (@aux): edx:eax = time stamp, ecx = processor number. */
static void trans_rdtsc(DisasContext *s, const X86Insn *insn, int aux)
{
    TCGv t = temp(s), id;

    if (aux) {
        id = temp(s);
        gen_call0(s, &x86_helper_rdpid, id);
        tcg_gen_mov(s->tcg, gpr(s, R_ECX), id);
    }
    gen_call0(s, &x86_helper_rdtsc, t);
    tcg_gen_extu(s->tcg, MO_64, MO_32, gpr(s, R_EAX), t);
    tcg_gen2(s->tcg, TCG_OP_shr, MO_64, gpr(s, R_EDX), t, imm64(s, 32));
}

static void trans_rdpid(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);

    gen_call0(s, &x86_helper_rdpid, t);
    store_operand(s, insn, 0, t);
}

/* RDRAND and RDSEED always succeed. */
static void trans_rdrand(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);

    gen_call0(s, &x86_helper_rdrand, t);
    store_operand(s, insn, 0, t);
    gen_set_eflags_const(s, CC_C);
}

static void trans_xgetbv(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);

    gen_call0(s, &x86_helper_xgetbv, t);
    tcg_gen_extu(s->tcg, MO_64, MO_32, gpr(s, R_EAX), t);
    tcg_gen2(s->tcg, TCG_OP_shr, MO_64, gpr(s, R_EDX), t, imm64(s, 32));
}

static uint32_t base_offset(int seg)
{
    return seg == R_FS ? ENV(fs_base) : ENV(gs_base);
}

static void trans_rdbase(DisasContext *s, const X86Insn *insn, int seg)
{
    TCGv t = temp(s);

    tcg_gen_ld_env(s->tcg, MO_64, t, base_offset(seg));
    store_operand(s, insn, 0, t);
}

static void trans_wrbase(DisasContext *s, const X86Insn *insn, int seg)
{
    TCGv v = load_operand_zx(s, insn, 0);

    if (insn->operand[0].size == 8) {
        /* canonical: the top 17 bits are equal */
        TCGv sx = temp(s), t = temp(s);

        tcg_gen2(s->tcg, TCG_OP_shl, MO_64, t, v, imm64(s, 16));
        tcg_gen2(s->tcg, TCG_OP_sar, MO_64, sx, t, imm64(s, 16));
        gen_exception_if(s, EXCP0D_GPF, TCG_COND_NE, MO_64, sx, v);
    }
    tcg_gen_st_env(s->tcg, MO_64, base_offset(seg), v);
}

/* Descriptor tables as the kernel shows them to user mode under UMIP. */
static void trans_table_reg(DisasContext *s, const X86Insn *insn, int idt)
{
    uint64_t base = idt ? 0xffffffffffff0000ull : 0xfffffffffffe0000ull;

    tcg_gen_st(s->tcg, MO_64, mem_operand_plus(s, insn, 2), imm64(s, base));
    tcg_gen_st(s->tcg, MO_16, mem_operand(s, insn), imm64(s, 0));
}

static void trans_const_reg(DisasContext *s, const X86Insn *insn, int value)
{
    store_operand(s, insn, 0, imm64(s, (uint32_t)value));
}

/* LAR, LSL: @lsl selects.  An unusable selector leaves the register. */
static void trans_lar(DisasContext *s, const X86Insn *insn, int lsl)
{
    TCGv sel = load_operand_zx(s, insn, 1), v = temp(s), ok = temp(s);
    TCGv val = temp(s), res = temp(s), t = temp(s);
    unsigned size = insn->operand[0].size;
    TCGv old = gpr(s, insn->operand[0].reg);

    gen_call2(s, &x86_helper_segment_info, v, sel, imm64(s, lsl));
    /* bit 32: valid */
    tcg_gen_extract(s->tcg, ok, v, 32, 1);
    tcg_gen_extu(s->tcg, MO_64, MO_32, val, v);
    tcg_gen_movcond(s->tcg, TCG_COND_NE, MO_64, res, ok, imm64(s, 0), val,
                    old);
    if (size == 2) {
        store_operand(s, insn, 0, res);
    } else {
        /* without success the upper half stays, too */
        tcg_gen_mov(s->tcg, old, res);
    }
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, t, ok, imm64(s, 6));
    gen_merge_eflags(s, t, CC_Z);
}

/* VERR, VERW: @arg is what segment_info() is asked. */
static void trans_verr(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv sel = load_operand_zx(s, insn, 0), v = temp(s), ok = temp(s);
    TCGv t = temp(s);

    gen_call2(s, &x86_helper_segment_info, v, sel, imm64(s, arg));
    tcg_gen_extract(s->tcg, ok, v, 32, 1);
    tcg_gen2(s->tcg, TCG_OP_shl, MO_64, t, ok, imm64(s, 6));
    gen_merge_eflags(s, t, CC_Z);
}

/* LSS, LFS, LGS: offset first, then the selector. */
static void trans_load_far(DisasContext *s, const X86Insn *insn, int seg)
{
    unsigned size = insn->operand[0].size;
    TCGv off = temp(s), sel = temp(s);

    tcg_gen_ld(s->tcg, TCG_OP_ld, width_of(size), off, mem_operand(s, insn));
    tcg_gen_ld(s->tcg, TCG_OP_ld, MO_16, sel, mem_operand_plus(s, insn, size));
    gen_call2(s, &x86_helper_load_seg, TCGV_NONE, imm64(s, seg), sel);
    store_operand(s, insn, 0, off);
}

static void trans_fence(DisasContext *s, const X86Insn *insn, int arg)
{
    tcg_emit(s->tcg, TCG_OP_mb, MO_64);
}

/* Cache control: only the access check is visible. */
static void trans_clflush(DisasContext *s, const X86Insn *insn, int arg)
{
    tcg_gen_ld(s->tcg, TCG_OP_ld, MO_8, temp(s), mem_operand(s, insn));
}

static void trans_serialize(DisasContext *s, const X86Insn *insn, int arg)
{
    tcg_emit(s->tcg, TCG_OP_mb, MO_64);
    s->end_after = true;
}

static void trans_pause(DisasContext *s, const X86Insn *insn, int arg)
{
}

static void trans_ldmxcsr(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv v = load_operand(s, insn, 0);

    gen_exception_if(s, EXCP0D_GPF, TCG_COND_TSTNE, MO_32, v,
                     imm64(s, 0xffff0000u));
    tcg_gen1(s->tcg, TCG_OP_ld_mxcsr, MO_32, TCGV_NONE, v);
    s->end_after = true;        /* see TCGBackend.gen_code */
}

static void trans_stmxcsr(DisasContext *s, const X86Insn *insn, int arg)
{
    TCGv t = temp(s);
    TCGOp *op = tcg_emit(s->tcg, TCG_OP_st_mxcsr, MO_32);

    op->dst[0] = t;
    store_operand(s, insn, 0, t);
}

/* FXSAVE, XSAVE and relatives: helper(env, address, mode). */
static void trans_state(DisasContext *s, const X86Insn *insn, int mode)
{
    bool load = mode & STATE_LOAD;
    TCGv addr = mem_address(s, insn);

    gen_exception_if(s, EXCP0D_GPF, TCG_COND_TSTNE, MO_64, addr,
                     imm64(s, mode & STATE_FX ? 15 : 63));
    gen_call2(s, load ? &x86_helper_state_load : &x86_helper_state_save,
              TCGV_NONE, addr,
              imm64(s, mode | (insn->rex & 8 ? STATE_REXW : 0)));
    s->end_after |= load;       /* see TCGBackend.gen_code */
}

const X86TransEntry x86_trans_system[] = {
    { X86_OP_CLC, trans_carry, 0 },
    { X86_OP_STC, trans_carry, 1 },
    { X86_OP_CMC, trans_carry, 2 },
    { X86_OP_CLD, trans_direction, 1 },
    { X86_OP_STD, trans_direction, -1 },
    { X86_OP_LAHF, trans_lahf },
    { X86_OP_SAHF, trans_sahf },
    { X86_OP_CPUID, trans_cpuid },
    { X86_OP_RDTSC, trans_rdtsc, 0 },
    { X86_OP_RDTSCP, trans_rdtsc, 1 },
    { X86_OP_RDPID, trans_rdpid },
    { X86_OP_RDRAND, trans_rdrand },
    { X86_OP_RDSEED, trans_rdrand },
    { X86_OP_XGETBV, trans_xgetbv },
    { X86_OP_RDFSBASE, trans_rdbase, R_FS },
    { X86_OP_RDGSBASE, trans_rdbase, R_GS },
    { X86_OP_WRFSBASE, trans_wrbase, R_FS },
    { X86_OP_WRGSBASE, trans_wrbase, R_GS },
    { X86_OP_SGDT, trans_table_reg, 0 },
    { X86_OP_SIDT, trans_table_reg, 1 },
    { X86_OP_SMSW, trans_const_reg, (int)0x80050033 },
    { X86_OP_SLDT, trans_const_reg, 0 },
    { X86_OP_STR, trans_const_reg, 0x40 },
    { X86_OP_LAR, trans_lar, SEGINFO_RIGHTS },
    { X86_OP_LSL, trans_lar, SEGINFO_LIMIT },
    { X86_OP_VERR, trans_verr, SEGINFO_READ },
    { X86_OP_VERW, trans_verr, SEGINFO_WRITE },
    { X86_OP_LSS, trans_load_far, R_SS },
    { X86_OP_LFS, trans_load_far, R_FS },
    { X86_OP_LGS, trans_load_far, R_GS },
    { X86_OP_LFENCE, trans_fence },
    { X86_OP_MFENCE, trans_fence },
    { X86_OP_SFENCE, trans_fence },
    { X86_OP_SERIALIZE, trans_serialize },
    { X86_OP_CLFLUSH, trans_clflush },
    { X86_OP_CLFLUSHOPT, trans_clflush },
    { X86_OP_CLWB, trans_clflush },
    { X86_OP_PAUSE, trans_pause },
    { X86_OP_LDMXCSR, trans_ldmxcsr },
    { X86_OP_VLDMXCSR, trans_ldmxcsr },
    { X86_OP_STMXCSR, trans_stmxcsr },
    { X86_OP_VSTMXCSR, trans_stmxcsr },
    { X86_OP_FXSAVE, trans_state, STATE_FX },
    { X86_OP_FXRSTOR, trans_state, STATE_FX | STATE_LOAD },
    { X86_OP_XSAVE, trans_state, 0 },
    { X86_OP_XSAVEOPT, trans_state, 0 },
    { X86_OP_XSAVEC, trans_state, STATE_COMPACT },
    { X86_OP_XRSTOR, trans_state, STATE_LOAD },
    { 0 }
};
