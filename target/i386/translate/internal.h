/*
 * Between the files of target/i386/translate: the state of a translation,
 * operand access, exits, exceptions, and the dispatch tables.
 *
 * How to translate an operation: write a function of type X86TransFn, list it
 * in your file's table, and list the table in tables.c.  The function appends
 * IR for s->insn.  It does all faulting work (loads, alignment checks, helper
 * calls that raise) before it writes a global or sets flags.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TRANSLATE_INTERNAL_H
#define I386_TRANSLATE_INTERNAL_H

#include "qemu/osdep.h"
#include "target/i386/cpu.h"
#include "target/i386/decode.h"
#include "target/i386/helper.h"
#include "exec/translator.h"
#include "tcg/tcg.h"

struct DisasContext;
struct X86SideExit;
/* What a side path does before it leaves for its pc. */
typedef void X86SideFn(struct DisasContext *s, const struct X86SideExit *x);

typedef struct DisasContext {
    TCGContext *tcg;
    const TranslateRequest *rq;
    TranslateResult *rs;
    uint64_t features;      /* what decodes on this CPU model */
    X86Insn insn;           /* being translated */
    TCGv regs[16];          /* guest GPRs: globals */
    TCGv vregs[16];         /* XMM/YMM registers: vector globals */
    uint64_t next_pc;       /* where the main path goes on */
    bool ended;             /* the main path has left the unit */
    bool end_after;         /* leave the unit behind this instruction */
    bool long_enough;       /* the same, unless flags are read there */
    unsigned n_jumps;       /* branches the main path has passed */
    bool polled;            /* the main path has: its exits need no safe point */
    struct X86SideExit {    /* code placed behind the main path */
        unsigned label;
        int excp;           /* exception to raise at pc, or -1: go to pc */
        uint64_t pc;
        bool poll;
        X86SideFn *fn;      /* or NULL; on behalf of the instruction at insn_pc */
        uint64_t insn_pc;
        TCGv addr;          /* for fn */
        uint32_t arg[2];
    } side[64];
    unsigned n_side;
    uint64_t page[TRANSLATE_MAX_PAGES]; /* opened for reading code */
    unsigned n_pages;
    unsigned last_page;     /* asked for: an index into page[] */
    X86Insn edge;           /* decoded last where it cannot be kept */
    unsigned lookahead;     /* instructions the flag search may still decode */
} DisasContext;

typedef void X86TransFn(DisasContext *s, const X86Insn *insn, int arg);

/* One operation; @arg is passed on, so that families share a function. */
typedef struct X86TransEntry {
    uint16_t op;            /* X86_OP_*, 0 ends a table */
    X86TransFn *fn;
    int arg;
} X86TransEntry;

/* By operation, from all tables (tables.c); filled before the first unit. */
typedef struct X86Dispatch {
    X86TransFn *fn;
    int arg;
} X86Dispatch;
extern X86Dispatch x86_dispatch[X86_OP_COUNT];
void x86_fill_dispatch(void);

/* Offset of a field of the CPU state, for ld_env, st_env, vld_env... */
#define ENV(field) ((uint32_t)offsetof(CPUArchState, field))

/* Registers and temporaries. */
static inline TCGv gpr(DisasContext *s, unsigned r)
{
    return s->regs[r];
}
static inline TCGv vreg(DisasContext *s, unsigned r)
{
    return s->vregs[r];
}
static inline TCGv temp(DisasContext *s)
{
    return tcg_temp(s->tcg);
}
static inline TCGv vtemp(DisasContext *s)
{
    return tcg_temp_vec(s->tcg);
}
static inline TCGv imm64(DisasContext *s, uint64_t v)
{
    return tcg_const(s->tcg, v);
}

/* IR width of an operand of 1, 2, 4 or 8 bytes. */
static inline TCGWidth width_of(unsigned size)
{
    return size == 1 ? MO_8 : size == 2 ? MO_16 : size == 4 ? MO_32 : MO_64;
}

/*
 * The memory operand of the instruction as an IR address: segment base,
 * address size and rip-relative are taken care of.  May append ops.
 * mem_operand_plus() adds @offset bytes.  Not for VSIB.
 */
TCGMem mem_operand(DisasContext *s, const X86Insn *insn);
TCGMem mem_operand_plus(DisasContext *s, const X86Insn *insn, int64_t offset);
/* Its address as one value (a temp, or a global that must not be written). */
TCGv mem_address(DisasContext *s, const X86Insn *insn);

/*
 * Integer operand @i.  load_operand(): only the low `size` bytes of the result
 * count, the rest is garbage, and it may be a global: do not write it and do
 * not use it after writing that register.  load_operand_zx/sx() extend to 64
 * bits.  Works for GPR, GPRH, MEM and IMM operands.
 */
TCGv load_operand(DisasContext *s, const X86Insn *insn, unsigned i);
TCGv load_operand_zx(DisasContext *s, const X86Insn *insn, unsigned i);
TCGv load_operand_sx(DisasContext *s, const X86Insn *insn, unsigned i);
/*
 * Write integer operand @i: 8 bytes as they are, 4 zero-extended into the
 * register, 1 and 2 merged; or a store.
 */
void store_operand(DisasContext *s, const X86Insn *insn, unsigned i, TCGv v);
void store_gpr(DisasContext *s, unsigned reg, unsigned size, TCGv v);

static inline bool operand_is_mem(const X86Insn *insn, unsigned i)
{
    return insn->operand[i].kind == X86_OPND_MEM;
}

/*
 * Raise an exception at the start of the current instruction, and end the
 * main path.  gen_exception_if() does it when cond(a, b) holds at width w.
 */
void gen_exception(DisasContext *s, int excp, uint32_t error_code);
void gen_exception_if(DisasContext *s, int excp, TCGCond cond, TCGWidth w,
                      TCGv a, TCGv b);
static inline void gen_illegal(DisasContext *s)
{
    gen_exception(s, EXCP06_ILLOP, 0);
}
static inline void gen_gp(DisasContext *s)
{
    gen_exception(s, EXCP0D_GPF, 0);
}

/* Calls with up to five arguments (TCGV_NONE ends the list early). */
void gen_call0(DisasContext *s, const TCGHelper *h, TCGv ret);
void gen_call1(DisasContext *s, const TCGHelper *h, TCGv ret, TCGv a);
void gen_call2(DisasContext *s, const TCGHelper *h, TCGv ret, TCGv a, TCGv b);
void gen_call3(DisasContext *s, const TCGHelper *h, TCGv ret, TCGv a, TCGv b,
               TCGv c);
void gen_call4(DisasContext *s, const TCGHelper *h, TCGv ret, TCGv a, TCGv b,
               TCGv c, TCGv d);

/* The flags all come from an EFLAGS image in @v (C P A Z S O in place). */
void gen_set_eflags(DisasContext *s, TCGv v);
/* Flags in @mask come from @v, which has nothing else; the others stay. */
void gen_merge_eflags(DisasContext *s, TCGv v, uint32_t mask);
/* EFLAGS as PUSHF sees it, in a temp. */
TCGv gen_eflags_image(DisasContext *s);
/* Exactly the given constant flags. */
void gen_set_eflags_const(DisasContext *s, uint32_t flags);

/*
 * Decode at @pc and report the bytes as read.  An X86DecodeResult or one of
 * these; @fault is the address of the first byte that cannot be fetched.
 * The instruction stays where it is until the next call.
 */
enum {
    FETCH_FAULT = 100,
    FETCH_FULL,             /* no room to report it */
};
int fetch_insn(DisasContext *s, uint64_t pc, const X86Insn **insn,
               uint64_t *fault);
/* What the unit's end does: emit all side exits. */
void place_side_exits(DisasContext *s);

/* Exits; @pc is a guest address known now. */
void gen_goto(DisasContext *s, uint64_t pc);        /* end here, go to pc */
void gen_jump(DisasContext *s, uint64_t pc);        /* follow it or end here */
/* Conditional branches; the main path goes on with the likely side. */
void gen_branch_cc(DisasContext *s, unsigned cond, uint64_t target);
void gen_branch_cond(DisasContext *s, TCGCond cond, TCGWidth w, TCGv a,
                     TCGv b, uint64_t target);
/* Side label that leaves to @pc: for one brcond or brcc. */
unsigned gen_side_exit(DisasContext *s, uint64_t pc);
/* Does the instruction at @pc read flags? */
bool reads_flags_at(DisasContext *s, uint64_t pc);
/* Is there a unit at @pc that leads back to this one? */
bool in_loop(DisasContext *s, uint64_t pc);
/*
 * Side path of the current instruction: @fn emits what is left of it, with what
 * the caller puts into addr and arg; then to the next instruction.
 */
struct X86SideExit *gen_side_path(DisasContext *s, X86SideFn *fn);

#endif
