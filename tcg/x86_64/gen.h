/*
 * The x86-64 code generator: what its files share.
 *
 * gen.c walks a unit and dispatches; isel-*.c and vec-*.c choose
 * instructions; cc-scan.c and cc.c keep guest flags in host flags; call.c
 * calls C; exit.c leaves units and holds the common entry and exit code;
 * fault.c reads signal frames; host-features.c says what this CPU has.
 *
 * Registers: RBP = CPU state + ENV_BIAS, RSP = frame (below), the globals
 * pinned by pin_globals(), the rest for temps.
 *
 * Locking: as TCGContext, the translation lock.  x86_common and x86_features
 * are written by init and gen_prologue before the first guest thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_X86_64_GEN_H
#define TCG_X86_64_GEN_H

#include "exec/cpu-common.h"
#include "tcg/tcg-backend.h"
#include "tcg/tcg-vop.h"
#include "tcg/regalloc.h"
#include "x86-asm.h"

/* RBP points this far into the CPU state: 256 bytes are one displacement. */
#define ENV_BIAS 128

/* The frame, from RSP up. */
enum {
    FRAME_INT       = 0,                    /* spilled integers */
    FRAME_NB_INT    = 128,
    FRAME_VEC       = FRAME_NB_INT * 8,     /* spilled vectors */
    FRAME_NB_VEC    = 48,
    FRAME_VTMP      = FRAME_VEC + FRAME_NB_VEC * 32,    /* within one op */
    FRAME_TMP       = FRAME_VTMP + 32,                  /* likewise */
    FRAME_NB_TMP    = 8,
    FRAME_MXCSR     = FRAME_TMP + FRAME_NB_TMP * 8,     /* the host's own */
    FRAME_RSP       = FRAME_MXCSR + 8,      /* stack pointer of the caller */
    FRAME_SIZE      = FRAME_RSP + 56,
};
QEMU_BUILD_BUG_ON(FRAME_SIZE % 32 || FRAME_VEC % 32);

/* Host features. */
enum {
    X86_SSSE3 = 1u << 0, X86_SSE41 = 1u << 1, X86_SSE42 = 1u << 2,
    X86_POPCNT = 1u << 3, X86_LZCNT = 1u << 4, X86_BMI1 = 1u << 5,
    X86_BMI2 = 1u << 6, X86_AVX = 1u << 7, X86_AVX2 = 1u << 8,
    X86_FMA = 1u << 9, X86_F16C = 1u << 10, X86_AES = 1u << 11,
    X86_PCLMUL = 1u << 12, X86_SHA = 1u << 13, X86_GFNI = 1u << 14,
    X86_VAES = 1u << 15, X86_VPCLMUL = 1u << 16, X86_SSE3 = 1u << 17,
    X86_NEVER = 1u << 31,       /* no such instruction */
};
extern uint32_t x86_features;

static inline bool have(uint32_t features)
{
    return (x86_features & features) == features;
}

bool x86_features_init(const char *overrides);
const char *x86_features_text(void);

/* Code emitted once by gen_prologue (executable addresses). */
typedef struct X86Common {
    const uint8_t *enter;
    const uint8_t *exit_cookie;     /* r10 = what enter() returns */
    const uint8_t *exit_state;      /* enter() returns 0 */
    const uint8_t *exit_pc;         /* r10 = guest pc to go on at */
    const uint8_t *cc_eval;         /* r10 = flags of the record in the CPU
                                       state; all other registers survive */
    const uint8_t *cc_flags;        /* EFLAGS of that record; changes r10 */
    const uint8_t *ret_miss;        /* r10 = pc, r11, r13: see exit.c */
    const uint8_t *vec_save;        /* pinned vectors to the CPU state */
    const uint8_t *vec_load;        /* and back */
} X86Common;
extern X86Common x86_common;

/* Something to emit behind the unit. */
typedef enum X86StubKind {
    STUB_EXIT,          /* exit @n is not linked */
    STUB_POLL,          /* op @n wants to stop */
} X86StubKind;

typedef struct X86Stub {
    uint8_t kind;
    uint16_t n;
    uint8_t *field;     /* rel32 that leads here */
    X86Rm rec[3];       /* POLL: where the operands of the record are */
} X86Stub;

typedef struct X86Fixup {
    uint8_t *field;
    uint16_t label;
} X86Fixup;

/* Host flags while scanning a unit, see cc-scan.c. */
typedef struct X86FlagState {
    uint16_t cc_id;     /* record the host flags agree with, 0 = none */
    uint16_t valid;     /* in these flags */
    int set;            /* op that makes them, -1 when taken over */
    int prod;           /* op that makes them for it, or -1 */
    int from;           /* flags are known to be kept up to here */
} X86FlagState;

#define X86_MAX_STUBS  1024
#define X86_MAX_FIXUPS 2048

typedef struct X86Gen {
    X86Asm a;           /* must be first: emitters take X86Gen as X86Asm */
    TCGContext *s;
    RA ra;
    uint8_t *start, *end;
    const TCGOp *op;
    unsigned i;         /* index of op */
    uint8_t info;       /* RA_OPI_* of op */
    bool failed;
    int fold;           /* ld or vld to fold into the next op, or -1 */
    uint64_t guest_pc;  /* of the instruction being emitted */
    bool vex;           /* vector code around here uses VEX encodings */
    const uintptr_t *cookies;
    /*
     * The fields of the flags record as globals, 0 = not in this unit: an
     * operand wanted by fault handlers alone stays in its temp as long as that
     * is free, see gen_cc_set().
     */
    TCGv cc_field[3];
    unsigned brret;     /* the last one, and its temps */
    unsigned brret_top, brret_ring;
    uint8_t exit_of[TCG_MAX_OPS];       /* exit number of an op */
    uint16_t label_op[TCG_MAX_LABELS];  /* op index of a placed label */
    uint8_t *label_at[TCG_MAX_LABELS];
    X86FlagState label_flags[TCG_MAX_LABELS];
    X86Fixup fixups[X86_MAX_FIXUPS];
    unsigned nb_fixups;
    X86Stub stubs[X86_MAX_STUBS];
    unsigned nb_stubs;
} X86Gen;

/* ---- operands (gen.c) ---- */

static inline bool is_const(const X86Gen *g, TCGv v)
{
    return g->s->vals[v].kind == TCG_VAL_CONST;
}

static inline uint64_t const_val(const X86Gen *g, TCGv v)
{
    return g->s->vals[v].value;
}

static inline bool is_pinned(const X86Gen *g, TCGv v)
{
    return g->s->vals[v].kind == TCG_VAL_GLOBAL &&
           g->s->vals[v].pinned != 0xff;
}

static inline X86Rm env_rm(uint32_t offset)
{
    return x86_mem(X86_RBP, (int32_t)offset - ENV_BIAS);
}

static inline X86Rm common_rm(const X86Gen *g, size_t field)
{
    return env_rm(g->s->env_common + field);
}
#define COMMON(g, field) common_rm(g, offsetof(CPUCommon, field))

static inline X86Rm frame_rm(uint32_t offset)
{
    return x86_mem(X86_RSP, offset);
}

static inline X86Rm home_rm(RAHome h)
{
    return h.frame ? frame_rm(h.offset) : env_rm(h.offset);
}

/* Is @v a constant usable as an immediate at width @w? */
bool x86_imm(const X86Gen *g, TCGv v, TCGWidth w, int32_t *imm);
/* @v as a register or memory operand; a folded load as its address. */
X86Rm x86_operand(X86Gen *g, TCGv v);
/* @v in a register. */
unsigned x86_use(X86Gen *g, TCGv v);
/* Memory operand of @op. */
X86Rm x86_address(X86Gen *g, const TCGOp *op);
/* Registers an operand is made of. */
RASet x86_rm_regs(X86Rm rm);
/* dst = a, ready to be modified in place; not in @avoid.  Follow with
 * ra_bind(). */
unsigned x86_dst_from(X86Gen *g, TCGv dst, TCGv a, RASet avoid);
/* @v to register @reg, which the allocator does not manage (keeps flags). */
void x86_load_to(X86Gen *g, unsigned reg, TCGv v);
/* reg = value, flags kept. */
void x86_load_imm(X86Gen *g, unsigned reg, uint64_t value);

static inline void ra_bind_dst(X86Gen *g, unsigned n, unsigned reg)
{
    if (!ra_dst_dead(&g->ra, n)) {
        ra_bind(&g->ra, g->op->dst[n], reg);
    }
}

static inline bool x86_keep(const X86Gen *g)
{
    return g->info & RA_OPI_KEEP;
}

static inline bool x86_wants_flags(const X86Gen *g)
{
    return g->info & RA_OPI_PRODUCER;
}

void x86_stub(X86Gen *g, X86StubKind kind, unsigned n, uint8_t *field);
void x86_jump_label(X86Gen *g, uint8_t *field, unsigned label);

/* ---- per-op emitters ---- */

typedef void X86EmitFn(X86Gen *g, const TCGOp *op);

X86EmitFn gen_mov, gen_extu, gen_exts, gen_extract, gen_deposit, gen_extract2,
    gen_alu2, gen_carry, gen_unary, gen_andn, gen_shift, gen_shxd, gen_mul,
    gen_mul2, gen_div2, gen_bswap, gen_bits, gen_pdep, gen_setcond,
    gen_movcond, gen_brcond;
X86EmitFn gen_ld, gen_st, gen_lea, gen_xchg, gen_cmpxchg, gen_atomic, gen_mb,
    gen_ld_env, gen_st_env, gen_lea_env, gen_ld_mxcsr, gen_st_mxcsr;
X86EmitFn gen_v, gen_vstr, gen_vld, gen_vst, gen_vld_env, gen_vst_env;
X86EmitFn gen_cc_set, gen_cc_get, gen_setcc, gen_movcc, gen_brcc;
X86EmitFn gen_call;
X86EmitFn gen_exit_direct, gen_exit_indirect, gen_exit_ret, gen_exit_reason,
    gen_poll, gen_push_ret, gen_brret;

/* isel-int.c: cmp a, b (or test for TSTEQ/NE); returns the x86 condition. */
unsigned x86_compare(X86Gen *g, TCGCond cond, TCGWidth w, TCGv a, TCGv b);
/* ALU op of @op, or -1. */
int x86_alu_of(unsigned opc);
/* isel-mem.c: `ld; op; st` to one place in one instruction at g->i. */
bool x86_try_rmw(X86Gen *g);

/* cc-scan.c */
#define CC_ZSP (TCG_CC_Z | TCG_CC_S | TCG_CC_P)
void x86_cc_scan(X86Gen *g);
/*
 * Flags that are right after making them from a record for a consumer that
 * wants @need.  0: the consumer tests something else instead.
 */
unsigned x86_cc_made(unsigned kind, unsigned need);
/* The adc or sbb that takes its carry from op @i through CF, or -1. */
int x86_carry_user(X86Gen *g, int i);

/* cc.c */
void x86_store_cc(X86Gen *g, const TCGOp *op, unsigned first);
void x86_gen_cc_flags(X86Gen *g);
/* Operands that wait in temps to the CPU state; as TCGInsnMark.host. */
void x86_flush_cc(X86Gen *g);
unsigned x86_waiting_cc(const X86Gen *g);
void x86_place_cc(X86Gen *g, const TCGOp *op, unsigned first, X86Rm rec[3]);
void x86_store_cc_at(X86Gen *g, const TCGOp *op, X86Rm rec[3]);

/* isel-vec.c */
void x86_vec_init(void);
bool x86_vop_keeps_flags(X86Gen *g, const TCGOp *op);
/* Can @ld be src[@src] of @op, the next one, in memory? */
bool x86_vec_can_fold(X86Gen *g, const TCGOp *ld, const TCGOp *op,
                      unsigned src);
/* vec-ops.c: `cvtps2ph; vst` in one instruction at g->i. */
bool x86_try_half_store(X86Gen *g);
void x86_vec_move(X86Gen *g, unsigned d, unsigned s);
void x86_vec_load(X86Gen *g, unsigned d, X86Rm m);
void x86_vec_store(X86Gen *g, unsigned s, X86Rm m);

static inline void x86_vzeroupper(X86Gen *g)
{
    x86_8(&g->a, 0xc5);
    x86_8(&g->a, 0xf8);
    x86_8(&g->a, 0x77);
}

/* call.c */
/* Call @fn(args...) that touches general registers only; result in @ret. */
void x86_call_fn(X86Gen *g, uintptr_t fn);
/* Integer globals pinned in @set to or from their homes. */
void x86_move_gprs(X86Gen *g, RASet set, bool store);
void x86_call_gpr(X86Gen *g, TCGv ret, uintptr_t fn, unsigned nargs,
                  const TCGv *args);

/* exit.c */
size_t x86_gen_prologue(X86Gen *g, TCGCodeBuf buf);
void x86_scan_structure(X86Gen *g);
void x86_emit_stubs(X86Gen *g);
/* jcc to a label; leaves the unit itself if that is all the label does. */
void x86_branch(X86Gen *g, unsigned cond, unsigned label);

/* fault.c */
void x86_sync_from_ucontext(void *env, const void *uc);
void x86_sync_to_ucontext(const void *env, void *uc);
void x86_abandon(void *env, const void *uc);
void x86_fpu_save(void *env);
void x86_fpu_load(const void *env);
void x86_fault_init(const TCGContext *s);
void x86_settle_state(void *env, unsigned state, const void *uc);

/*
 * A division whose operands are not the guest's own rax and rdx starts with
 * this prefix; the guest's values are in the first two FRAME_TMP slots.
 */
#define X86_DIV_MARK 0x3e

#endif
