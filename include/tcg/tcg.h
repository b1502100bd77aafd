/*
 * The intermediate representation of one translation unit, and how to build
 * it.  docs/devel/ir.rst is the reference; this header is the contract.
 *
 * Shape.  A unit is a linear list of ops with one main path.  Values are
 * guest registers (*globals*), *temps*, and constants.  A temp is written
 * once (exception: TCG_TEMP_LOCAL) and dies in the unit.
 *
 * Integer widths.  Every integer value is a 64-bit container.  An op of width
 * 32 reads the low halves of its operands and writes its result zero-extended
 * to 64 bits; width 64 is plain.  Ops marked M also exist in widths 8 and 16:
 * they compute in the low bits and *take all higher bits of the result from
 * src[0]* (`mov.8 d, a, b` therefore has the value in src[1]; mov has two
 * sources below 32 bits).  So `add.8 rax, rax, rbx` is exactly `add al, bl`.
 * Loads and extensions always write all 64 bits.
 *
 * Shift counts.  shl, shr, sar: masked to 6 bits for width 64, to 5 bits
 * otherwise; at widths 8 and 16 a count beyond the width shifts everything
 * out (sar: fills with the sign).  rotl, rotr: count modulo width.
 *
 * Memory operands.  address = src[0] + (src[1] << cond) + imm, either source
 * may be 0 (TCGV_NONE).  imm fits in 32 bits signed, or both sources are none.
 * Guest address = host address.
 *
 * Precision.  A guest instruction does all its faulting work before it writes
 * any global or emits cc_set; then a fault sees exact registers.  Passes never
 * move a global's write across an op that may fault.
 *
 * Labels.  A *join* label may have several predecessors: no temp except
 * TCG_TEMP_LOCAL ones is live there, and the cc record is in the CPU state
 * unless it is the same on all edges.  A *side* label has exactly one
 * predecessor, an earlier brcond/brcc; temps that are live at the branch are
 * live at the label.  Side exits are side labels placed behind the main path.
 *
 * Concurrency: a TCGContext belongs to the thread that holds the translation
 * lock.  No globals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_TCG_H
#define TCG_TCG_H

#include "qemu/osdep.h"
#include "tcg/tcg-cc.h"

typedef uint16_t TCGv;      /* index into TCGContext.vals; 0 = none */
#define TCGV_NONE 0

typedef enum TCGWidth { MO_8, MO_16, MO_32, MO_64 } TCGWidth;
/* widths of vector ops and of vector memory: log2 of bytes */
enum { VW_4 = 2, VW_8 = 3, VW_16 = 4, VW_32 = 5 };

typedef enum TCGType { TCG_I64, TCG_VEC } TCGType;

typedef enum TCGValKind {
    TCG_VAL_GLOBAL,     /* guest register, home at env + offset */
    TCG_VAL_TEMP,       /* dies at the next join label */
    TCG_VAL_LOCAL,      /* survives join labels, may be written repeatedly */
    TCG_VAL_CONST,      /* 64-bit integer constant */
} TCGValKind;

typedef struct TCGVal {
    uint8_t kind;           /* TCGValKind */
    uint8_t type;           /* TCGType */
    uint8_t pinned;         /* for the code generator: its register, or 0xff */
    uint8_t pad;
    uint32_t offset;        /* global: offset in the CPU state */
    union {
        uint64_t value;     /* constant */
        const char *name;   /* global */
    };
} TCGVal;

/* Plain conditions of brcond, setcond, movcond, at the op's width. */
typedef enum TCGCond {
    TCG_COND_EQ, TCG_COND_NE, TCG_COND_LT, TCG_COND_GE,
    TCG_COND_LTU, TCG_COND_GEU, TCG_COND_LE, TCG_COND_GT,
    TCG_COND_LEU, TCG_COND_GTU,
    TCG_COND_TSTEQ, TCG_COND_TSTNE,     /* (a & b) == 0, != 0 */
} TCGCond;

typedef enum TCGOpcode {
#define DEF(name, dsts, srcs, flags) TCG_OP_##name,
#include "tcg/tcg-opc.h"
    TCG_OP_MAX
} TCGOpcode;

enum {
    TCG_OPF_S = 1, TCG_OPF_F = 2, TCG_OPF_E = 4, TCG_OPF_B = 8,
    TCG_OPF_C = 16, TCG_OPF_M = 32,
};

typedef struct TCGOpDef {
    const char *name;
    uint8_t dsts, srcs, flags;
} TCGOpDef;
extern const TCGOpDef tcg_op_defs[TCG_OP_MAX];

/* TCGOp.flags */
enum {
    TCG_F_CC_STORE   = 1,   /* exits, poll, cc_set: write the record to the CPU
                               state (set by the passes) */
    TCG_F_CC_IN_ENV  = 2,   /* insn_start, C ops: the record is in the CPU
                               state already (set by the passes) */
    TCG_F_ZERO_UPPER = 4,   /* vector result: clear everything above w;
                               otherwise bytes above w keep their value */
    TCG_F_SCALAR     = 8,   /* vector op on lane 0; other lanes (up to 16
                               bytes) from src[0] */
    TCG_F_ALIGN      = 16,  /* vld, vst: #GP unless aligned to its size */
    TCG_F_ATOMIC     = 32,  /* ld, st: acquire/release even on one thread */
    TCG_F_NOTEMPORAL = 64,
    TCG_F_CC_REF     = 128, /* exit_direct: a cc_ref comes before it */
    TCG_F_CC_OF_NEG  = 128, /* cc_set: CMP of 0; a neg of the same guest
                               instruction has these flags, too */
};

/*
 * One op.  Which fields count is in tcg-opc.h.  `cc_id` numbers cc_set ops of
 * a unit from 1 (0: the flags at entry).  The passes fill in, for each
 * consumer, aux = kind, w = width and src[0..2] (exits, poll: src[1..3]) =
 * operands that are valid at that point, or kind DYNAMIC = in the CPU state.
 */
typedef struct TCGOp {
    uint8_t opc;
    uint8_t w;          /* TCGWidth, or VW_* */
    uint8_t cond;       /* TCGCond, TCGCCCond, scale, element size (MO_*) */
    uint8_t flags;
    uint16_t aux;       /* vop, or cc kind */
    uint16_t cc_id;
    TCGv dst[2];
    TCGv src[6];
    union {
        int64_t imm;
        const struct TCGHelper *helper;
    };
} TCGOp;
QEMU_BUILD_BUG_ON(sizeof(TCGOp) != 32);

/*
 * Exits and poll: dst[1] is not a value but the mask of flags that may be
 * read behind the exit (exit_direct: @cc_live; poll: after the passes, those
 * that are live behind it; others: all six).
 *
 * cmpxchg and the other atomics return the old value zero-extended, as loads
 * do; below 64 bits only the low bits of the operands count.
 *
 * For brcc, setcc, movcc and cc_set the width field is the width of the flags
 * record; movcc moves 64 bits (its front-end user extends first if needed).
 * cc_set: src[0..2] operands, src[3..5] temps that receive copies of operands
 * the passes must preserve; imm = mask of flags that are read (passes).
 *
 * After the passes:
 * - a C op with aux = DYNAMIC takes its flags from the CPU state; otherwise
 *   aux, w and the operands are the record and cc_id names its cc_set (also
 *   when IN_ENV says that the CPU state has the same record);
 * - an exit or poll with TCG_F_CC_STORE writes the record (cc_op and the
 *   operands of the kind) to the CPU state, a poll only when it leaves; an
 *   operand that is none is in its field already;
 * - cc_set with TCG_F_CC_STORE writes the record at once.  Without it, each bit
 *   k set in `cond` asks to write operand k alone to its field (0 cc_dst,
 *   1 cc_src, 2 cc_src2), for the fault table; writing the whole record does
 *   as well;
 * - insn_start: aux/w/src[0..2] = the record in force at its start, for the
 *   fault table: DYNAMIC when the CPU state has it.  An operand is a global, a
 *   constant, or none: then the field in the CPU state counts as it is;
 * - cc_set whose flags nobody reads (imm 0) and that stores nothing is gone, as
 *   are nops and code that cannot be reached.
 */

/* TCGOp.imm of exit_ret: is the predicted return the right one? */
enum { TCG_RET_UNKNOWN, TCG_RET_HIT, TCG_RET_MISS };

/* Helpers: C functions called from generated code. */
enum {
    TCG_HF_READS_GLOBALS  = 1,  /* sees guest GPRs in the CPU state */
    TCG_HF_WRITES_GLOBALS = 2,  /* changes guest GPRs there */
    TCG_HF_READS_VREGS    = 4,
    TCG_HF_WRITES_VREGS   = 8,
    TCG_HF_FAULTS         = 16, /* may fault or raise: rip, flags and all
                                   globals are in the CPU state before it */
    TCG_HF_NO_VEC         = 32, /* compiled without vector instructions: host
                                   vector registers survive (mark the function
                                   with TCG_HELPER_NO_VEC) */
    TCG_HF_PURE           = 64, /* no side effect, result may be dropped */
    TCG_HF_READS_CC       = 128,  /* reads cc_* in the CPU state */
    TCG_HF_WRITES_CC      = 256,  /* leaves new flags in cc_* */
    TCG_HF_NORETURN       = 512,
    TCG_HF_MXCSR          = 1024, /* uses env->mxcsr: sync before and re-arm
                                     the FPU after */
    TCG_HF_FPU_LIVE       = 2048, /* leaves the guest's MXCSR in the FPU: what
                                     C code raises there counts */
};

#if defined(__x86_64__)
#define TCG_HELPER_NO_VEC __attribute__((target("general-regs-only")))
#else
#define TCG_HELPER_NO_VEC
#endif

/* All arguments and the result are 64-bit integers (pointers included). */
typedef struct TCGHelper {
    const char *name;
    uintptr_t fn;           /* first argument: env if takes_env */
    uint16_t flags;         /* TCG_HF_* */
    uint8_t takes_env;
    uint8_t nargs;          /* without env, at most 6 with env at most 5 */
    uint8_t has_ret;
} TCGHelper;

#define TCG_MAX_OPS     4096
#define TCG_MAX_VALS    4096
#define TCG_MAX_LABELS  512
#define TCG_MAX_EXITS   64

typedef struct TCGLabelInfo {
    bool side;          /* one predecessor, see above */
    bool placed;
    uint16_t refs;
} TCGLabelInfo;

/* One place where a unit is left to a known guest pc; patchable. */
typedef struct TCGExit {
    uint64_t pc;            /* guest target */
    uint32_t jump_offset;   /* in the unit's code: see tcg-backend.h */
    uint32_t stub_offset : 29;
    uint32_t flags_open : 1;    /* the CPU state lacks flags nobody reads */
    uint32_t loop : 1;          /* to the unit's own pc, see TCGLoop */
    uint32_t shortcut : 1;      /* for the code generator: there is a shorter way
                                   to the unit's own start */
} TCGExit;

/*
 * A unit that jumps to itself and leaves its record by reference each time
 * stores the same constants again and again, for faults at its beginning.  It may
 * be translated once more as the *rounds* of the loop: entered only with those
 * constants in the CPU state, it does not store them.
 */
typedef struct TCGLoop {
    bool rounds;            /* in: make that version */
    uint32_t cc_op;         /* out: the constants, 0: it cannot be had */
    uint8_t consts;         /* operands that are constant, by bit ... */
    uint64_t value[3];      /* ... what their fields hold */
} TCGLoop;

/* One guest instruction in the host code, for mapping faults back. */
typedef struct TCGInsnMark {
    uint64_t pc;
    uint32_t code_offset;   /* first byte of host code */
    uint16_t cc_kind;       /* CC_KIND_DYNAMIC: the CPU state is right */
    uint8_t cc_width;
    uint32_t host;          /* for the code generator: settle_state() */
    TCGv cc_src[3];         /* global or constant; none: keep the field in the
                               CPU state */
} TCGInsnMark;

typedef struct TCGContext {
    /* the unit */
    uint64_t pc;
    TCGOp *ops;             /* TCG_MAX_OPS */
    unsigned nb_ops;
    TCGVal *vals;           /* globals first, then temps and constants */
    unsigned nb_vals;
    unsigned nb_globals;    /* vals[1 .. nb_globals] */
    TCGLabelInfo *labels;
    unsigned nb_labels;
    unsigned nb_cc;         /* cc_set ops so far */
    bool overflow;          /* a limit was hit: translate a smaller unit */

    /* layout of the CPU state, set once by the front end */
    uint32_t env_cc_op, env_cc_dst, env_cc_src, env_cc_src2;
    uint32_t env_rip, env_common, env_mxcsr, env_vtmp;
    bool tso;               /* emit ordering for plain loads and stores */
    bool has_brret;         /* set by a code generator that has the op */
    bool has_vstr;          /* likewise */
    bool fuses_half_stores; /* set by a code generator that makes one instruction
                               of cvtps2ph and a vst of its result: a store
                               that faults has raised nothing */
    bool precise_flags;     /* keep flags exact at faults even where the unit
                               overwrites them unread; costs about 4 % */

    TCGLoop loop;

    /* filled by the code generator */
    TCGExit exits[TCG_MAX_EXITS];
    unsigned nb_exits;
    TCGInsnMark *marks;
    unsigned nb_marks;

    /* how often passes did something, for -d stats */
    uint64_t stat_ops, stat_ops_removed, stat_cc_removed;
    void *pass_data;        /* scratch memory of the passes */
    void *backend_data;     /* scratch memory of the code generator */
} TCGContext;

/* Allocate a context; globals are registered once, before the first unit. */
TCGContext *tcg_context_new(void);
void tcg_context_free(TCGContext *s);
/*
 * Register a global.  Order matters: code generators pin the first ones, so
 * the most used come first.  @name is borrowed.
 */
TCGv tcg_global_new(TCGContext *s, TCGType type, uint32_t offset,
                    const char *name);

/* Begin a unit: drops temps, constants, labels and ops. */
void tcg_unit_start(TCGContext *s, uint64_t pc);

TCGv tcg_temp(TCGContext *s);
TCGv tcg_temp_local(TCGContext *s);
TCGv tcg_temp_vec(TCGContext *s);
TCGv tcg_const(TCGContext *s, uint64_t value);      /* interned */
unsigned tcg_label_new(TCGContext *s, bool side);
void tcg_label_here(TCGContext *s, unsigned label);

static inline bool tcg_is_const(const TCGContext *s, TCGv v)
{
    return v && s->vals[v].kind == TCG_VAL_CONST;
}

/* Append a zeroed op; never NULL (past the limit it returns a dummy and sets
 * s->overflow). */
TCGOp *tcg_emit(TCGContext *s, TCGOpcode opc, TCGWidth w);

static inline TCGOp *tcg_last_op(TCGContext *s)
{
    return &s->ops[s->nb_ops - 1];
}

/* Builders.  They fold constants on the spot where that is free. */
void tcg_gen1(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d, TCGv a);
void tcg_gen2(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d, TCGv a,
              TCGv b);
void tcg_gen3(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d, TCGv a,
              TCGv b, TCGv c);
void tcg_gen_mov(TCGContext *s, TCGv d, TCGv a);            /* 64 bits */
void tcg_gen_movi(TCGContext *s, TCGv d, uint64_t value);
void tcg_gen_extu(TCGContext *s, TCGWidth to, TCGWidth from, TCGv d, TCGv a);
void tcg_gen_exts(TCGContext *s, TCGWidth to, TCGWidth from, TCGv d, TCGv a);
void tcg_gen_extract(TCGContext *s, TCGv d, TCGv a, unsigned pos,
                     unsigned len);
void tcg_gen_deposit(TCGContext *s, TCGv d, TCGv a, TCGv b, unsigned pos,
                     unsigned len);
void tcg_gen_pair(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv lo, TCGv hi,
                  TCGv a, TCGv b, TCGv c);
void tcg_gen_setcond(TCGContext *s, TCGCond c, TCGWidth w, TCGv d, TCGv a,
                     TCGv b);
void tcg_gen_movcond(TCGContext *s, TCGCond c, TCGWidth w, TCGv d, TCGv a,
                     TCGv b, TCGv vtrue, TCGv vfalse);
void tcg_gen_brcond(TCGContext *s, TCGCond c, TCGWidth w, TCGv a, TCGv b,
                    unsigned label);
void tcg_gen_br(TCGContext *s, unsigned label);
/* Branch to a side label unless the predicted return is one to @pc. */
void tcg_gen_brret(TCGContext *s, TCGv pc, unsigned label);

/* A memory operand of an op. */
typedef struct TCGMem {
    TCGv base, index;
    uint8_t scale;
    int64_t disp;
} TCGMem;
void tcg_gen_ld(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d, TCGMem m);
void tcg_gen_st(TCGContext *s, TCGWidth w, TCGMem m, TCGv value);
void tcg_gen_lea(TCGContext *s, TCGWidth w, TCGv d, TCGMem m);
void tcg_gen_atomic(TCGContext *s, TCGOpcode opc, TCGWidth w, TCGv d,
                    TCGMem m, TCGv v, TCGv v2);
void tcg_gen_ld_env(TCGContext *s, TCGWidth w, TCGv d, uint32_t offset);
void tcg_gen_st_env(TCGContext *s, TCGWidth w, uint32_t offset, TCGv a);

/* Flags. */
void tcg_gen_cc_set(TCGContext *s, TCGCCKind kind, TCGWidth w, TCGv dst,
                    TCGv src, TCGv src2);
void tcg_gen_cc_get(TCGContext *s, TCGv d, uint32_t mask);
void tcg_gen_setcc(TCGContext *s, TCGCCCond c, TCGv d);
void tcg_gen_movcc(TCGContext *s, TCGCCCond c, TCGv d, TCGv vtrue,
                   TCGv vfalse);
void tcg_gen_brcc(TCGContext *s, TCGCCCond c, unsigned label);
/*
 * Before an exit_direct (or a poll and an exit_direct) behind which no flag is
 * read before it is overwritten, but a fault handler may look until then.
 * @changed: globals (bit v - 1) that change before the last such point.
 */
void tcg_gen_cc_ref(TCGContext *s, uint64_t changed);
/*
 * Make a record that was left by reference a plain one; the registers it names
 * are in the CPU state.  Nothing happens to plain records.
 */
void tcg_cc_settle(const TCGContext *s, void *env);

/* Vectors: @w is VW_16 or VW_32; see tcg-vop.h for what each vop takes. */
TCGOp *tcg_gen_v(TCGContext *s, unsigned vop, unsigned w, TCGWidth esz,
                 unsigned flags, TCGv d, TCGv a, TCGv b, TCGv c, int64_t imm);
void tcg_gen_vld(TCGContext *s, unsigned w, unsigned flags, TCGv d, TCGMem m);
void tcg_gen_vst(TCGContext *s, unsigned w, unsigned flags, TCGMem m, TCGv a);

/* Calls and leaving. */
void tcg_gen_call(TCGContext *s, const TCGHelper *h, TCGv ret, unsigned nargs,
                  const TCGv *args);
void tcg_gen_insn_start(TCGContext *s, uint64_t pc);
/*
 * @cc_live: flags that may be read at the target (TCG_CC_*): the record is
 * stored only for those.
 */
void tcg_gen_exit_direct(TCGContext *s, uint64_t pc, uint32_t cc_live);
void tcg_gen_exit_indirect(TCGContext *s, TCGv pc);
void tcg_gen_exit_ret(TCGContext *s, TCGv pc, int how);
void tcg_gen_exit_reason(TCGContext *s, int excp, TCGv rip);
void tcg_gen_poll(TCGContext *s, uint64_t pc);
void tcg_gen_push_ret(TCGContext *s, uint64_t pc);

/* Run the passes; @log_* dump to the log before and after. */
void tcg_optimize(TCGContext *s);

/* Dumps: text of an op ("add.32 t5, rax, $0x10"), and of a whole unit. */
int tcg_op_print(const TCGContext *s, const TCGOp *op, char *buf, size_t len);
void tcg_dump_ops(const TCGContext *s);

#endif
