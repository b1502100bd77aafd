/*
 * The LoongArch64 code generator: what its files share.
 *
 * gen.c walks a unit and dispatches; operand.c puts values into registers in
 * the form an instruction wants; isel-*.c choose instructions; cc.c turns flags
 * records into comparisons; call.c calls C; exit.c leaves units and holds the
 * common entry and exit code; fault.c reads signal frames; host-features.c says
 * what this CPU has.
 *
 * Registers: r31 = CPU state, r21 = top of the return stack, sp = frame (below),
 * the guest's sixteen general registers in r22 - r30 and r12 - r18, temps in
 * r4 - r11.  r19, r20 and r1 belong to the code of one op.
 *
 * Vectors: guest registers in f0 - f15, temps in f16 - f23; f24 - f31 belong to
 * the code of one op.  A register holds the first la_vec_part() bytes of a
 * value, 8 on the FPU alone and 16 with LSX; the rest is in memory, at home in
 * the CPU state or in the temp's slot of the frame.  With LASX a register may
 * hold all 32 bytes for a while (vec-upper.c).
 *
 * Modes.  The FPU lacks two things of MXCSR: flushing of denormals, and the flag
 * for denormal operands.  A thread is in *careful* mode when its MXCSR asks for
 * the first or unmasks an exception, or when the guest has shown that it looks
 * at exception flags (see fp-env.c).  A unit that computes floating point is
 * emitted twice, and its entry chooses.
 *
 * Forms.  32-bit instructions of LoongArch sign-extend their results, the IR
 * zero-extends.  So a register may hold a value whose upper half is only
 * formally zero: it is *dirty*, its content is the sign extension of the low
 * half, and it is extended when somebody needs 64 bits of it, and before the
 * unit is left.  Besides, what is known of upper bits is kept per register.
 *
 * Locking: as TCGContext, the translation lock.  la_common and la_features are
 * written by init and gen_prologue before the first guest thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_LOONGARCH64_GEN_H
#define TCG_LOONGARCH64_GEN_H

#include "exec/cpu-common.h"
#include "tcg/tcg-backend.h"
#include "tcg/tcg-vop.h"
#include "tcg/regalloc.h"
#include "la-asm.h"

enum {
    LA_ENV = LA_S8,         /* points to the CPU state */
    LA_RING = LA_R21,       /* top of the return stack; C never touches r21 */
    LA_TMP0 = LA_T7,        /* free within one op */
    LA_TMP1 = LA_T8,
    LA_TMP2 = LA_RA,        /* likewise, but for calls of common code */
};

/* The frame, from SP up.  All of it is within a 12-bit displacement. */
enum {
    FRAME_INT       = 0,                    /* spilled integers */
    FRAME_NB_INT    = 64,
    FRAME_VEC       = FRAME_NB_INT * 8,     /* spilled vectors, 32 bytes each */
    FRAME_NB_VEC    = 32,
    FRAME_TMP       = FRAME_VEC + FRAME_NB_VEC * 32,    /* within one op */
    FRAME_NB_TMP    = 16,
    FRAME_SAVED     = FRAME_TMP + FRAME_NB_TMP * 8,     /* the caller's */
    FRAME_NB_SAVED  = 12,
    FRAME_FCSR      = FRAME_SAVED + FRAME_NB_SAVED * 8, /* the host's own */
    FRAME_SAVED_F   = FRAME_FCSR + 16,                  /* the caller's f24 ... */
    FRAME_VTEMP     = FRAME_SAVED_F + 8 * 8,    /* f16 ... during slow calls */
    FRAME_SIZE      = FRAME_VTEMP + 8 * 16,
};
QEMU_BUILD_BUG_ON(FRAME_SIZE % 16 || FRAME_VEC % 32 || FRAME_SIZE > 2047);

/* Vector registers, by number. */
enum { LA_VTEMP0 = 16, LA_FT0 = 24, LA_FT1, LA_FT2, LA_FT3, LA_FT4, LA_FT5,
       LA_FT6, LA_FT7 };

/* Condition flags: 0 - 3 keep a comparison (see isel-cond.c), the others belong
 * to the code of one op. */
enum { LA_FCC_B, LA_FCC_E, LA_FCC_BE, LA_FCC_P, LA_FCC_TMP };

/* Host features. */
enum {
    LA_F_LSX = 1u << 0, LA_F_LASX = 1u << 1, LA_F_UAL = 1u << 2,
    LA_F_LAM_BH = 1u << 3, LA_F_LAMCAS = 1u << 4, LA_F_CRC32 = 1u << 5,
    LA_F_EXACT = 1u << 6,       /* vector instructions that trap change nothing */
};
extern uint32_t la_features;

static inline bool la_have(uint32_t features)
{
    return (la_features & features) == features;
}

bool la_features_init(const char *overrides);
const char *la_features_text(void);
/* What has to be tried, with code in @buf: of them, LA_F_EXACT. */
void la_features_try(TCGCodeBuf buf);
bool la_host_exact(TCGCodeBuf buf);

/* Code emitted once by gen_prologue (executable addresses). */
typedef struct LACommon {
    const uint8_t *enter;
    const uint8_t *exit_cookie;     /* TMP0 = what enter() returns */
    const uint8_t *exit_state;      /* enter() returns 0 */
    const uint8_t *exit_pc;         /* TMP0 = guest pc to go on at */
    const uint8_t *cc_eval;         /* TMP0 = flags of the record in the CPU
                                       state; changes TMP1 and ra only */
    const uint8_t *call_c;          /* TMP0 = TMP0(env, TMP1, frame), an
                                       LASlowFn; likewise */
    const uint8_t *ret_miss;        /* see exit.c */
    const uint8_t *to_c;            /* vectors and FCSR to the CPU state, before */
    const uint8_t *from_c;          /* and after a call of C; change TMP0, TMP1,
                                       ra */
} LACommon;
extern LACommon la_common;

/* What is known of the content of general registers. */
typedef struct LAForms {
    uint8_t z[32];          /* content < 2^z; 64: nothing known */
    uint8_t s[32];          /* content is s bits, sign-extended */
    uint32_t dirty;         /* the value is the low half, zero-extended */
    /* vector registers, by number: */
    uint32_t whole;         /* all 32 bytes are in the register */
    uint32_t stale;         /* besides, those of the CPU state are old */
    uint32_t zero;          /* the upper half in the CPU state is 0 */
} LAForms;

/*
 * A comparison that is ready to be branched on or set from.  Odd = the opposite
 * of even.  FCC: floating-point condition flag j is set.
 */
typedef enum LATestOp {
    LA_T_EQ, LA_T_NE, LA_T_LT, LA_T_GE, LA_T_LTU, LA_T_GEU, LA_T_FCC,
    LA_T_NFCC, LA_T_NEVER, LA_T_ALWAYS,
} LATestOp;

typedef struct LATest {
    uint8_t op;
    uint8_t j, k;           /* registers */
} LATest;

/* Something to emit behind the unit. */
typedef enum LAStubKind {
    STUB_EXIT,          /* exit @n is not linked */
    STUB_SIDE,          /* a conditional branch leaves by exit @n */
    STUB_RETURN,        /* where a return to exit @n arrives */
    STUB_POLL,          /* op @n wants to stop */
    STUB_ATOMIC,        /* op @n on a misaligned address */
} LAStubKind;

typedef struct LAStub {
    uint8_t kind;
    uint16_t n;
    uint32_t *insn;         /* branch that leads here */
    uint32_t *back;         /* where the stub returns to */
    LAForms forms;
    uint8_t rec[3];         /* POLL: registers of the record's operands */
    uint8_t addr, a, b;     /* ATOMIC: address, operands */
    unsigned mark;          /* ATOMIC: the mark of its instruction */
} LAStub;

typedef struct LAFixup {
    uint32_t *insn;
    uint16_t label;
} LAFixup;

/*
 * A unit that goes back to its own start, as far as vector registers are kept
 * whole over that: see vec-upper.c.
 */
typedef struct LALoop {
    uint32_t keep, old;     /* registers that are whole, and stale, at the head */
    uint32_t head;          /* offset of the code behind their loading */
    uint32_t loaded;        /* upper halves that had to be loaded */
    uint32_t whole, stale;  /* at the way back */
    uint32_t jump;          /* offset of the last jump back */
} LALoop;

#define LA_MAX_STUBS  512
#define LA_MAX_FIXUPS 2048

typedef struct LAGen {
    LAAsm a;            /* must be first: emitters take LAGen as LAAsm */
    TCGContext *s;
    RA ra;
    uint32_t *start, *end;
    const TCGOp *op;
    unsigned i;         /* index of op */
    uint8_t info;       /* RA_OPI_* of op */
    bool failed;
    bool careful;       /* emitting the second code of the unit */
    LAForms forms;
    uint64_t guest_pc;  /* of the instruction being emitted */
    uint8_t order;      /* kinds of accesses since the last barrier (tso) */
    uint32_t marked;    /* forms.stale of the last mark */
    LALoop loop;
    const uintptr_t *cookies;
    uint8_t exit_of[TCG_MAX_OPS];       /* exit number of an op */
    uint16_t label_op[TCG_MAX_LABELS];  /* op index of a placed label */
    uint32_t *label_at[TCG_MAX_LABELS];
    LAForms label_forms[TCG_MAX_LABELS];
    uint16_t vec_high[33];      /* names of bytes 8 - 15 of vector globals */
    uint16_t vec_names;
    uint8_t vec_read[TCG_MAX_VALS];     /* are more than the low 8, or than the
                                           low 4 bytes read? */
    uint8_t fcc_used[TCG_MAX_VALS];     /* conditions of a comparison that are
                                           tested, and whether it is a number */
    LAFixup fixups[LA_MAX_FIXUPS];
    unsigned nb_fixups;
    LAStub stubs[LA_MAX_STUBS];
    unsigned nb_stubs;
} LAGen;

/* Byte offset of @target from the next instruction. */
static inline int64_t la_rel(const LAGen *g, const uint8_t *target)
{
    return target - la_rx(&g->a);
}

static inline bool la_is_const(const LAGen *g, TCGv v)
{
    return g->s->vals[v].kind == TCG_VAL_CONST;
}

static inline uint64_t la_const_val(const LAGen *g, TCGv v)
{
    return g->s->vals[v].value;
}

static inline bool la_is_pinned(const LAGen *g, TCGv v)
{
    return g->s->vals[v].kind == TCG_VAL_GLOBAL &&
           g->s->vals[v].pinned != 0xff;
}

/* A constant as a signed number of the width; false if @v is none. */
bool la_const_at(const LAGen *g, TCGv v, TCGWidth w, int64_t *value);

/* ---- operand.c: values in registers ---- */

/* Nothing is known of what is in @reg now, or it is as given. */
void la_form(LAGen *g, unsigned reg, unsigned z, unsigned s);
static inline void la_form_any(LAGen *g, unsigned reg)
{
    la_form(g, reg, 64, 64);
}
/* @reg holds a 32-bit result, sign-extended: dirty. */
void la_form_dirty(LAGen *g, unsigned reg);
/* Extend dirty registers of @set in place. */
void la_settle(LAGen *g, uint32_t set);

/* @v as the IR means it, all 64 bits. */
unsigned la_use(LAGen *g, TCGv v);
/* @v with its low 32 bits right. */
unsigned la_low(LAGen *g, TCGv v);
/* The low 8 << @w bits of @v extended; computed in @tmp where needed. */
unsigned la_zext(LAGen *g, TCGv v, TCGWidth w, unsigned tmp);
unsigned la_sext(LAGen *g, TCGv v, TCGWidth w, unsigned tmp);
/* A constant in a register that the allocator knows. */
unsigned la_const_reg(LAGen *g, uint64_t value);
/* reg = value, from a register that holds one near it if there is one. */
void la_load_imm(LAGen *g, unsigned reg, uint64_t value);
/* @v to register @reg, which the allocator does not manage. */
void la_load_to(LAGen *g, unsigned reg, TCGv v);

/* Register for result @n of the op, which no instruction before the last one
 * of a sequence may write if it is a source. */
unsigned la_dst(LAGen *g, unsigned n, TCGv a, TCGv b);
/* The result is in @reg: canonical with what la_form() said; or dirty. */
void la_bind(LAGen *g, unsigned n, unsigned reg, unsigned z, unsigned s);
void la_bind_dirty(LAGen *g, unsigned n, unsigned reg);
/*
 * Result 0, a 32-bit one whose low half is right in @reg and whose content has
 * these forms: in the better of the two good forms.
 */
void la_bind32(LAGen *g, unsigned reg, unsigned z, unsigned s);
/* Result 0 = src[0] with bits below 8 << w from @from. */
void la_merge(LAGen *g, const TCGOp *op, unsigned from);

/* Memory operand: [base + disp], or [base + index] when index is not zero. */
typedef struct LAMem {
    uint8_t base, index;
    int32_t disp;
} LAMem;
/*
 * The operand of @op for an instruction that takes @disp_bits signed bits of
 * displacement (12; 16 for multiples of 4 and ldptr, stptr; 0: none) and, if
 * @indexed, an index.  May use TMP0 and, without an index, TMP1.
 */
LAMem la_address(LAGen *g, const TCGOp *op, unsigned disp_bits, bool indexed);

/* Load or store a register at an offset of the CPU state or the frame. */
void la_load(LAGen *g, TCGWidth w, unsigned reg, unsigned base, int32_t off);
void la_store(LAGen *g, TCGWidth w, unsigned reg, unsigned base, int32_t off);
#define LA_COMMON(g, field) \
    ((int32_t)((g)->s->env_common + offsetof(CPUCommon, field)))

/* tso: barriers before an access of this kind; mark the access. */
enum { LA_ORDER_LD = 1, LA_ORDER_ST = 2 };
void la_order(LAGen *g, unsigned kind, bool atomic);

/* ---- per-op emitters ---- */

typedef void LAEmitFn(LAGen *g, const TCGOp *op);

LAEmitFn gen_mov, gen_extu, gen_exts, gen_extract, gen_deposit, gen_extract2,
    gen_addsub, gen_logic, gen_carry, gen_neg, gen_not, gen_andn, gen_shift,
    gen_rotate, gen_shxd, gen_mul, gen_mul2, gen_div2, gen_bswap, gen_bits,
    gen_popcnt, gen_pdep, gen_setcond, gen_movcond, gen_brcond;
LAEmitFn gen_ld, gen_st, gen_lea, gen_xchg, gen_cmpxchg, gen_atomic, gen_mb,
    gen_ld_env, gen_st_env, gen_lea_env;
LAEmitFn gen_cc_set, gen_cc_get, gen_setcc, gen_movcc, gen_brcc;
LAEmitFn gen_call;
LAEmitFn gen_exit_direct, gen_exit_indirect, gen_exit_ret, gen_exit_reason,
    gen_poll, gen_push_ret;
/* vectors */
LAEmitFn gen_v, gen_vld, gen_vst, gen_vld_env, gen_vst_env, gen_ld_mxcsr,
    gen_st_mxcsr;

/* ---- isel-cond.c ---- */

/* a cond b at width w. */
LATest la_compare(LAGen *g, TCGCond cond, TCGWidth w, TCGv a, TCGv b);
static inline LATest la_test(LATestOp op, unsigned j, unsigned k)
{
    return (LATest) { op, j, k };
}
/* Branch to @label, or out of the unit when that is all the label does. */
void la_branch(LAGen *g, LATest t, unsigned label);
/* A branch within an op's code, to be set later with la_here(). */
uint32_t *la_jcc(LAGen *g, LATest t);
/* One of the two tests that branch on a register alone. */
static inline LATest la_not_zero(unsigned j)
{
    return (LATest) { LA_T_NE, j, LA_ZERO };
}
void la_here(LAGen *g, uint32_t *branch);
/* reg = the test as 0 or 1. */
void la_set_from_test(LAGen *g, LATest t, unsigned reg);
/* d = t ? vt : vf; the test does not use TMP0 and TMP1 for anything else. */
void la_select(LAGen *g, LATest t, TCGv vt, TCGv vf);

/* ---- cc.c ---- */

void la_store_cc(LAGen *g, const TCGOp *op, unsigned first);
/* In two steps, for code out of line. */
void la_place_cc(LAGen *g, const TCGOp *op, unsigned first, uint8_t rec[3]);
void la_store_cc_at(LAGen *g, const TCGOp *op, unsigned first,
                    const uint8_t rec[3]);

/* ---- call.c ---- */

/* Jump to common code, or call it; the call changes TMP2. */
void la_goto(LAGen *g, const void *target);
void la_call(LAGen *g, const void *target);
/*
 * Rare things in C.  All registers but TMP0 - TMP2 survive, guest registers
 * included; it must not fault.  @arg is in TMP1, the result in TMP0.
 */
typedef uint64_t LASlowFn(void *env, uint64_t arg, void *frame);
void la_slow_call(LAGen *g, LASlowFn *fn);
/* Operands of slow calls. */
#define LA_SCRATCH(g, n) (LA_COMMON(g, scratch) + (int32_t)(n) * 8)
uint64_t *la_scratch(void *env);
/* Pinned general registers of @set to or from the CPU state. */
void la_move_gprs(LAGen *g, uint32_t set, bool store);
#define LA_CALLER_SAVED 0x001ffff2u     /* r1, r4 - r20 */
extern uint32_t la_pinned_gprs;

/*
 * Guest exceptions that are found by comparison: a break with the vector in
 * its operand, by a number the kernel has no use for.  accel/tcg/host-signal.h
 * knows.
 */
static inline void la_trap(LAGen *g, unsigned vector)
{
    la_break(&g->a, 256 + vector);
}

/* ---- exit.c ---- */

size_t la_gen_prologue(LAGen *g, TCGCodeBuf buf);
void la_scan_structure(LAGen *g);
void la_emit_stubs(LAGen *g);
LAStub *la_stub(LAGen *g, LAStubKind kind, unsigned n, uint32_t *insn);
void la_jump_label(LAGen *g, uint32_t *insn, unsigned label);
/* The jump at @offset of a unit goes to @rel from there. */
void la_patch(const uint8_t *rx, uint8_t *rw, uint32_t offset, int64_t rel);
void la_patch_exit(const TCGExit *e, const uint8_t *rx, uint8_t *rw,
                   const void *target);
/* Code at @rx, which may have run, was replaced by other code. */
void la_replaced(const void *rx, size_t size);

/* ---- isel-mem.c ---- */

void la_emit_atomic_stub(LAGen *g, LAStub *stub);

/* ---- vec-reg.c: where vectors are ---- */

/* Bytes of a vector that are in its register. */
static inline unsigned la_vec_part(void)
{
    return la_have(LA_F_LSX) ? 16 : 8;
}
/* The register (0 - 31) of a source; of result 0, which becomes valid by
 * la_vec_bind() or la_vec_written(). */
unsigned la_vec_use(LAGen *g, TCGv v);
unsigned la_vec_dst(LAGen *g);
void la_vec_bind(LAGen *g, unsigned d);
/* Are bytes of @v above the first 8 wanted; above a scalar of @e? */
bool la_vec_wide(LAGen *g, TCGv v);
bool la_vec_more_than(LAGen *g, TCGv v, TCGWidth e);
/* Are bytes 8 - 15 of two guest registers the same, or those of one zero? */
bool la_vec_same(const LAGen *g, TCGv a, TCGv b);
/* Behind the code of @op, or of any code: what is known of them. */
void la_vec_track(LAGen *g, const TCGOp *op);
void la_vec_forget(LAGen *g);
void la_vec_scan(LAGen *g);
/* Memory of a vector value: as it is; with all of the value in it. */
LAMem la_vec_place(LAGen *g, TCGv v);
LAMem la_vec_mem(LAGen *g, TCGv v);
/* All of result 0 has been written to its memory. */
void la_vec_written(LAGen *g, TCGv v);
/* Register and memory. */
void la_vec_move(LAGen *g, unsigned d, unsigned s);
void la_vec_load(LAGen *g, unsigned d, unsigned base, int32_t off);
void la_vec_store(LAGen *g, unsigned s, unsigned base, int32_t off);
/* The same with as much of the value as the register has, or can have. */
void la_vec_copy_reg(LAGen *g, unsigned d, unsigned s);
void la_vec_fill(LAGen *g, unsigned d, unsigned base, int32_t off);
void la_vec_spill(LAGen *g, unsigned s, unsigned base, int32_t off);
/* Bytes from @from to @to of a result: zero, those of @a. */
void la_vec_zero(LAGen *g, LAMem d, unsigned from, unsigned to);
void la_vec_copy(LAGen *g, LAMem d, LAMem a, unsigned from, unsigned to);
/* Bytes of a result from @from on become zero, up to 16, or 32 on demand. */
void la_vec_zero_tail(LAGen *g, const TCGOp *op, LAMem d, unsigned from);
/* Pinned registers to or from the CPU state. */
void la_vec_move_pinned(LAGen *g, bool store);

/* ---- vec-upper.c: upper halves in registers (LASX) ---- */

/* Is any register whole? */
static inline bool la_upper_any(const LAGen *g)
{
    return g->forms.whole != 0;
}
/* Register @reg with all of @v in it. */
unsigned la_upper_use(LAGen *g, TCGv v);
/* Result 0 of 32 bytes: its register, which becomes valid by la_upper_bind(). */
unsigned la_upper_dst(LAGen *g);
void la_upper_bind(LAGen *g, unsigned d);
/* Before code that has upper halves in memory: those of sources that it may read,
 * that of the result if it keeps it. */
void la_upper_before(LAGen *g, const TCGOp *op);
/* @reg is about to hold, or holds, the low half alone; memory has the rest. */
void la_upper_drop(LAGen *g, unsigned reg);
/* The CPU state becomes right. */
void la_upper_flush(LAGen *g);
/* Around a call that changes the upper halves of all registers. */
void la_upper_save(LAGen *g);
void la_upper_restore(LAGen *g);
/* No temp is in a register. */
void la_upper_spill(LAGen *g);
/* The head of the loop; the way back to it, before the way out by exit @n; behind
 * the jump of that. */
void la_upper_begin(LAGen *g);
void la_upper_back(LAGen *g, unsigned n);
void la_upper_note(LAGen *g, unsigned n);
void la_upper_patch(const uint8_t *rx, uint8_t *rw, const TCGExit *e, bool loop);

/* ---- isel-vec.c, vec-int.c, vec-fp.c, vec-lsx.c, vec-cross.c ---- */

/* By tcg_vop_ref(); a number is in TMP0. */
void la_vec_reference(LAGen *g, const TCGOp *op);
void la_vec_result(LAGen *g, const TCGOp *op);
/* CMPSD's predicates as those of fcmp. */
typedef struct LAPredicate {
    uint8_t cond, signaling, swap;
} LAPredicate;
extern const LAPredicate la_predicates[32];
enum { LA_PREDICATE_TRUE = 0xff };
/* On LSX, on the FPU, in general registers; false: not done. */
bool la_vec_lsx(LAGen *g, const TCGOp *op);
bool la_vec_lsx_cross(LAGen *g, const TCGOp *op);
bool la_vec_lasx(LAGen *g, const TCGOp *op);
extern const uint32_t la_vreplvei[4];
/* 16 bytes on LSX; @half of the op is computed.  Reads its sources before it writes
 * d, which may be one of them, and emits nothing if it returns false. */
typedef struct LARegs {
    unsigned d, a, b, c;
} LARegs;
bool la_lsx_emit(LAGen *g, const TCGOp *op, LARegs r, unsigned half);
void la_lsx_shift(LAGen *g, const TCGOp *op, LARegs r, unsigned count);
/* d = the fused multiplication and addition @op of x, y and z. */
void la_lsx_fused(LAGen *g, const TCGOp *op, unsigned d, unsigned x, unsigned y,
                  unsigned z);
/* The registers x, y, z of a fused operation as numbers of sources; NULL: LSX has
 * none that does @op. */
const uint8_t *la_fused_order(const TCGOp *op);
/* A result of 16 bytes. */
void la_vec_finish16(LAGen *g, const TCGOp *op, unsigned low);
bool la_vec_fp(LAGen *g, const TCGOp *op);
bool la_vec_int(LAGen *g, const TCGOp *op);
/* Flags of a comparison of floating-point numbers in fcc. */
bool la_fcc_test(LAGen *g, const TCGOp *op, unsigned cond, LATest *t);

/* ---- fp-env.c ---- */

/* FCSR to MXCSR's flags, MXCSR to FCSR; the arguments are free registers. */
void la_fcsr_collect(LAGen *g, unsigned t0, unsigned t1);
void la_fcsr_arm(LAGen *g, unsigned t0);
/* Which of the two codes of a unit the thread runs. */
#define LA_CAREFUL(g) LA_SCRATCH(g, 5)
void la_set_mode(void *env);
LASlowFn la_mxcsr_changed, la_mxcsr_restored;
bool la_uses_fp(const LAGen *g);
/* The FPU found something that it does not do as SSE does. */
bool la_fix_fault(void *env, void *uc);
void la_abandon(void *env, const void *uc);

/* ---- fault.c ---- */

void la_sync_from_ucontext(void *env, const void *uc);
void la_sync_to_ucontext(const void *env, void *uc);
void la_settle_state(void *env, unsigned state, const void *uc);
void la_fault_init(const TCGContext *s);
/* Pinned general registers as TCGInsnMark.host; stale vectors are above them. */
uint32_t la_mark_bits(uint32_t set, uint32_t stale);
/* The state of registers at a fault has changed in the middle of an instruction. */
void la_mark_again(LAGen *g);
extern const TCGContext *la_context;
/* Floating-point registers in a signal frame. */
typedef struct LAFpContext {
    uint64_t *regs;         /* of @size bytes each */
    unsigned size;
    unsigned first;         /* byte to begin at */
    uint64_t *fcc;
    uint32_t *fcsr;
} LAFpContext;
bool la_fp_context(const void *uc, LAFpContext *f);

#endif
