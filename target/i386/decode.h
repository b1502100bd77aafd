/*
 * The x86-64 instruction decoder: bytes in, X86Insn out.
 *
 * One table, insns.tbl, describes every instruction form; gen-insns.py turns
 * it into the operation enum, the mnemonics, the lookup tables and the per-row
 * properties used here.  The decoder knows encodings and legality (what the
 * CPU answers with #UD), nothing about semantics or about the translator.
 * It allocates nothing, keeps no state and may be used from any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_DECODE_H
#define I386_DECODE_H

#include "qemu/osdep.h"

/*
 * Generated: enum X86_OP_<MNEMONIC> (X86_OP_INVALID = 0, X86_OP_COUNT),
 * X86_FEAT_<NAME> (bit numbers) and X86_GRP_<NAME> (table sections).
 * Legacy and VEX forms are different operations (ADDPS, VADDPS).  Families
 * selected by a condition are one operation (JCC, SETCC, CMOVCC: see
 * X86Insn.cond), and so are string instructions of all sizes (MOVS, CMPS,
 * STOS, LODS, SCAS, INS, OUTS: see X86Insn.opsize).
 */
#include "target/i386/insns-ops.h.inc"

#define X86_MAX_INSN_LEN 15
#define X86_MAX_OPERANDS 5

/* Where an operand lives. */
enum {
    X86_OPND_NONE,
    X86_OPND_GPR,       /* reg 0..15, low `size` bytes */
    X86_OPND_GPRH,      /* reg 0..3: AH, CH, DH, BH */
    X86_OPND_MEM,       /* X86Insn.mem */
    X86_OPND_IMM,       /* X86Insn.imm (reg = 0) or .imm2 (reg = 1) */
    X86_OPND_REL,       /* branch to X86Insn.target */
    X86_OPND_VEC,       /* XMM or YMM reg 0..15 */
    X86_OPND_MMX,       /* reg 0..7 */
    X86_OPND_ST,        /* ST(reg) */
    X86_OPND_SEG,       /* R_ES .. R_GS */
    X86_OPND_CR,
    X86_OPND_DR,
};

enum { X86_ACC_R = 1, X86_ACC_W = 2, X86_ACC_RW = 3 };

typedef struct X86Operand {
    uint8_t kind;       /* X86_OPND_* */
    uint8_t reg;
    uint16_t size;      /* bytes read or written (memory: access size) */
    uint8_t access;     /* X86_ACC_*; 0 for an address that is not accessed */
    uint8_t pad;
} X86Operand;

#define X86_REG_NONE 0xff

/*
 * Effective address = base + index << scale + disp, truncated to addrsize,
 * plus the base of `seg`.  For rip-relative operands base and index are
 * X86_REG_NONE and disp is already relative to 0 (rip of the next insn added
 * and truncated to addrsize).
 */
typedef struct X86Mem {
    uint8_t base;       /* GPR or X86_REG_NONE */
    uint8_t index;      /* GPR, or vector register for VSIB, or X86_REG_NONE */
    uint8_t scale;      /* shift count 0..3 */
    uint8_t seg;        /* R_FS, R_GS or X86_REG_NONE */
    uint8_t rip_rel;
    uint8_t vsib;
    uint8_t disp_size;  /* bytes of displacement in the encoding */
    uint8_t disp_off;   /* where it is in the instruction (0: none) */
    int64_t disp;
} X86Mem;

/* X86Insn.prefixes: what was present, effective or not. */
#define X86_PFX_LOCK  0x01u
#define X86_PFX_REP   0x02u     /* F3 came last of F2/F3 */
#define X86_PFX_REPNE 0x04u     /* F2 came last of F2/F3 */
#define X86_PFX_OPSZ  0x08u     /* 66 */
#define X86_PFX_ADSZ  0x10u     /* 67 */
#define X86_PFX_SEG   0x20u
#define X86_PFX_REX   0x40u
#define X86_PFX_VEX   0x80u

enum {
    X86_MAP_1BYTE, X86_MAP_0F, X86_MAP_0F38, X86_MAP_0F3A,
};

typedef struct X86Insn {
    uint16_t op;        /* X86_OP_* */
    uint16_t row;       /* x86_rows[row] describes the form */
    uint8_t len;
    uint8_t prefixes;   /* X86_PFX_* */
    uint8_t rex;        /* W=8 R=4 X=2 B=1, also from VEX */
    uint8_t seg_prefix; /* R_FS or R_GS when overridden, else X86_REG_NONE */
    uint8_t map;        /* X86_MAP_* */
    uint8_t opcode;     /* last opcode byte */
    uint8_t modrm;      /* valid when has_modrm */
    uint8_t has_modrm;
    uint8_t opsize;     /* 1, 2, 4 or 8: width of integer operation */
    uint8_t addrsize;   /* 4 or 8 */
    uint8_t pp;         /* mandatory prefix: 0 none, 1 66, 2 F3, 3 F2 */
    uint8_t vlen;       /* vector length in bytes: 16, or 32 for VEX.L = 1 */
    uint8_t vvvv;       /* VEX.vvvv, already inverted: a register number */
    uint8_t cond;       /* JCC, SETCC, CMOVCC: 0 = O ... 15 = NLE */
    uint8_t n_operands;
    uint8_t imm_off;    /* offset of the immediate in the bytes (0: none) */
    X86Operand operand[X86_MAX_OPERANDS];
    X86Mem mem;         /* when an operand is X86_OPND_MEM; else empty */
    /*
     * Immediate: sign-extended to 64 bits where the instruction extends it,
     * otherwise zero-extended (shift counts, SSE selectors, ports, is4).
     */
    int64_t imm;
    uint32_t imm2;      /* second immediate of ENTER, EXTRQ, INSERTQ */
    uint64_t pc;        /* address of the first byte */
    uint64_t target;    /* of a direct branch */
} X86Insn;

static inline uint64_t x86_insn_next(const X86Insn *i)
{
    return i->pc + i->len;
}

/* How an instruction continues. */
enum {
    X86_BR_NONE,
    X86_BR_JMP,         /* direct, unconditional: target */
    X86_BR_JCC,         /* on cond to target, else falls through */
    X86_BR_LOOP,        /* LOOP*, JRCXZ: to target or falls through */
    X86_BR_CALL,        /* direct call */
    X86_BR_IJMP,        /* indirect jump */
    X86_BR_ICALL,       /* indirect call */
    X86_BR_RET,
    X86_BR_FAR,         /* far jump, call, return, IRET */
    X86_BR_SYSCALL,     /* leaves to the kernel, continues behind */
    X86_BR_INT,         /* INT n, INT3, INT1 */
    X86_BR_TRAP,        /* always raises an exception (UD2, HLT, ...) */
};

/* X86Row.flags */
#define X86_ROW_LOCK     0x00000001u /* LOCK is legal with a memory dest */
#define X86_ROW_PRIV     0x00000002u /* privileged: #GP(0) in user mode */
#define X86_ROW_ALIGN    0x00000004u /* memory operand must be aligned */
#define X86_ROW_FCOND    0x00000008u /* may leave all flags alone (count 0) */
#define X86_ROW_D64      0x00000010u /* operand size defaults to 64 */
#define X86_ROW_F64      0x00000020u /* operand size is always 64 */
#define X86_ROW_BYTE     0x00000040u /* operand size is 1 */
#define X86_ROW_VEX      0x00000080u
#define X86_ROW_VVVV     0x00000100u /* VEX.vvvv names an operand */
#define X86_ROW_REP      0x00000200u /* string: F2/F3 repeat it */
#define X86_ROW_MODRM    0x00000400u
#define X86_ROW_STACK    0x00000800u /* implicit access through RSP */
#define X86_ROW_UD       0x00001000u /* valid encoding that raises #UD */
#define X86_ROW_STRING   0x00002000u /* implicit memory at RSI/RDI */
#define X86_ROW_VSIB     0x00004000u
#define X86_ROW_CC       0x00008000u /* low opcode bits are a condition */
#define X86_ROW_MODREG   0x00010000u /* r/m is a register whatever mod says */
#define X86_ROW_NO66     0x00020000u /* 66 is mandatory, not operand size */
#define X86_ROW_SLOW     0x00040000u /* operands need late checks */

/* One instruction form; a row of insns.tbl. */
typedef struct X86Row {
    uint16_t op;
    uint16_t alt;       /* row to use when a feature is missing, 0 = #UD */
    uint32_t flags;     /* X86_ROW_* */
    uint64_t features;  /* mask of 1 << X86_FEAT_* that must be enabled */
    uint32_t eflags_read;   /* EFLAGS bits it depends on */
    uint32_t eflags_write;  /* EFLAGS bits it sets to a defined value */
    uint32_t eflags_undef;  /* EFLAGS bits it leaves undefined */
    uint8_t group;      /* X86_GRP_* */
    uint8_t branch;     /* X86_BR_* */
    uint8_t mem;        /* explicit memory operand: X86_ACC_*, 0 = none */
    uint8_t n_operands;
    uint8_t loc[X86_MAX_OPERANDS];      /* encoding of each operand */
    uint8_t type[X86_MAX_OPERANDS];     /* size class of each operand */
    uint8_t access[X86_MAX_OPERANDS];
    uint8_t pad;
} X86Row;

extern const X86Row x86_rows[];
extern const unsigned x86_n_rows;
/* Operation name in lower case ("addps", "jcc", "movs"). */
extern const char *const x86_op_names[X86_OP_COUNT];
extern const char *const x86_feature_names[X86_FEAT_COUNT];
extern const char *const x86_group_names[X86_GRP_COUNT];

#define X86_FEATURES_ALL (~(uint64_t)0)

typedef enum X86DecodeResult {
    X86_DECODE_OK,
    X86_DECODE_INVALID,     /* #UD */
    X86_DECODE_TOO_LONG,    /* more than 15 bytes: #GP(0) */
    X86_DECODE_NEED_MORE,   /* bytes ran out; insn->len = offset of the first
                               missing one (always == @avail) */
} X86DecodeResult;

/*
 * Decode the instruction at @bytes, of which @avail may be read.  @features
 * is a mask of enabled 1 << X86_FEAT_*; a form that needs a disabled one is
 * decoded as a CPU without it would (mostly #UD).  For results other than OK
 * only insn->pc and insn->len are meaningful (INVALID: bytes looked at).
 */
X86DecodeResult x86_decode(X86Insn *insn, const uint8_t *bytes, size_t avail,
                           uint64_t pc, uint64_t features);

static inline const X86Row *x86_insn_row(const X86Insn *insn)
{
    return &x86_rows[insn->row];
}

/*
 * EFLAGS this instruction surely overwrites without reading what was there:
 * a flag in this mask is dead before the instruction unless it is also in
 * x86_insn_flags_read().
 */
uint32_t x86_insn_flags_killed(const X86Insn *insn);
static inline uint32_t x86_insn_flags_read(const X86Insn *insn)
{
    return x86_insn_row(insn)->eflags_read;
}

/* Bytes of the memory operand that are accessed, 0 if there is none. */
unsigned x86_insn_mem_size(const X86Insn *insn);

/*
 * Mnemonic for an operand size of 1, 2, 4 or 8 bytes ("movsb", "cdqe"; for
 * most operations the size does not matter).
 */
const char *x86_op_name(unsigned op, unsigned opsize);

/* Condition names: "o", "no", "b" ... */
extern const char x86_cond_names[16][4];

enum { X86_SYNTAX_INTEL, X86_SYNTAX_ATT };

/*
 * Print @insn as assembly text without a newline; always terminates @buf.
 * Returns the length that was needed, like snprintf().
 */
size_t x86_insn_print(char *buf, size_t size, const X86Insn *insn, int syntax);

#endif
