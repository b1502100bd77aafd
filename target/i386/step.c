/*
 * The stepper: integer instructions and control flow.
 *
 * A switch over what an operation does; operands are looked at each time.
 * What translate/ says about an instruction holds here as well, down to the
 * kind of its flags record.  Values have garbage above the operand's size,
 * which nobody looks at.
 *
 * Locking: none; a CPU belongs to its thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/step-internal.h"
#include "tcg/tcg-cc.h"

typedef enum StepKind {
    STEP_UNKNOWN,
    STEP_NOP, STEP_MOV, STEP_MOVZX, STEP_MOVSX, STEP_LEA, STEP_XCHG,
    STEP_CMOV, STEP_SETCC, STEP_CBW, STEP_CWD, STEP_PUSH, STEP_POP,
    STEP_LEAVE,
    STEP_ADD, STEP_OR, STEP_ADC, STEP_SBB, STEP_AND, STEP_SUB, STEP_XOR,
    STEP_CMP, STEP_TEST, STEP_INC, STEP_DEC, STEP_NEG, STEP_NOT,
    STEP_SHL, STEP_SHR, STEP_SAR, STEP_ROL, STEP_ROR, STEP_MUL, STEP_IMUL,
    STEP_BT, STEP_BTS, STEP_BTR, STEP_BTC, STEP_BSF, STEP_BSR, STEP_TZCNT,
    STEP_BSWAP,
    STEP_JCC, STEP_JMP, STEP_CALL, STEP_RET, STEP_SYSCALL,
} StepKind;

static const uint8_t step_kind[X86_OP_COUNT] = {
    [X86_OP_NOP] = STEP_NOP, [X86_OP_ENDBR64] = STEP_NOP,
    [X86_OP_MOV] = STEP_MOV, [X86_OP_MOVZX] = STEP_MOVZX,
    [X86_OP_MOVSX] = STEP_MOVSX, [X86_OP_MOVSXD] = STEP_MOVSX,
    [X86_OP_LEA] = STEP_LEA, [X86_OP_XCHG] = STEP_XCHG,
    [X86_OP_CMOVCC] = STEP_CMOV, [X86_OP_SETCC] = STEP_SETCC,
    [X86_OP_CBW] = STEP_CBW, [X86_OP_CWD] = STEP_CWD,
    [X86_OP_PUSH] = STEP_PUSH, [X86_OP_POP] = STEP_POP,
    [X86_OP_LEAVE] = STEP_LEAVE,
    [X86_OP_ADD] = STEP_ADD, [X86_OP_OR] = STEP_OR, [X86_OP_ADC] = STEP_ADC,
    [X86_OP_SBB] = STEP_SBB, [X86_OP_AND] = STEP_AND, [X86_OP_SUB] = STEP_SUB,
    [X86_OP_XOR] = STEP_XOR, [X86_OP_CMP] = STEP_CMP,
    [X86_OP_TEST] = STEP_TEST, [X86_OP_INC] = STEP_INC,
    [X86_OP_DEC] = STEP_DEC, [X86_OP_NEG] = STEP_NEG, [X86_OP_NOT] = STEP_NOT,
    [X86_OP_SHL] = STEP_SHL, [X86_OP_SHR] = STEP_SHR, [X86_OP_SAR] = STEP_SAR,
    [X86_OP_ROL] = STEP_ROL, [X86_OP_ROR] = STEP_ROR,
    [X86_OP_MUL] = STEP_MUL, [X86_OP_IMUL] = STEP_IMUL,
    [X86_OP_BT] = STEP_BT, [X86_OP_BTS] = STEP_BTS, [X86_OP_BTR] = STEP_BTR,
    [X86_OP_BTC] = STEP_BTC, [X86_OP_BSF] = STEP_BSF,
    [X86_OP_BSR] = STEP_BSR, [X86_OP_TZCNT] = STEP_TZCNT,
    [X86_OP_BSWAP] = STEP_BSWAP,
    [X86_OP_JCC] = STEP_JCC, [X86_OP_JMP] = STEP_JMP,
    [X86_OP_CALL] = STEP_CALL, [X86_OP_RET] = STEP_RET,
    [X86_OP_SYSCALL] = STEP_SYSCALL,
};

/* Operands that step_one() can handle. */
static inline bool operand_is_known(unsigned kind)
{
    return 1u << kind & (1u << X86_OPND_GPR | 1u << X86_OPND_GPRH |
                         1u << X86_OPND_MEM | 1u << X86_OPND_IMM |
                         1u << X86_OPND_REL);
}

static inline bool form_is_known(StepKind k, const X86Insn *insn)
{
    const X86Operand *o = insn->operand;

    for (unsigned i = 0; i < insn->n_operands; i++) {
        if (!operand_is_known(o[i].kind)) {
            return false;
        }
    }
    switch (k) {
    case STEP_XCHG:         /* with memory it is atomic */
    case STEP_POP:          /* to memory: the address may use RSP */
        return o[0].kind != X86_OPND_MEM;
    case STEP_BT:           /* a bit string in memory has no end */
    case STEP_BTS:
    case STEP_BTR:
    case STEP_BTC:
        return o[0].kind == X86_OPND_GPR || o[1].kind == X86_OPND_IMM;
    default:
        return true;
    }
}

bool x86_step_prepare(X86StepInsn *s, const X86Insn *insn)
{
    const X86Row *row = x86_insn_row(insn);
    StepKind k = step_kind[insn->op];

    if (insn->prefixes & X86_PFX_LOCK ||
        row->flags & (X86_ROW_PRIV | X86_ROW_UD)) {
        return false;
    }
    s->kind = k;
    s->vec = 0;
    s->len = insn->len;
    s->opsize = insn->opsize;
    s->cond = insn->cond;
    s->n_operands = insn->n_operands;
    s->vlen = insn->vlen;
    s->form = (insn->addrsize == 4 ? STEP_ADDR32 : 0) |
              (insn->prefixes & X86_PFX_VEX ? STEP_VEX : 0) |
              (row->flags & X86_ROW_ALIGN ? STEP_ALIGN : 0);
    for (unsigned i = 0; i < 3; i++) {
        s->operand[i].kind = insn->operand[i].kind;
        s->operand[i].reg = insn->operand[i].reg;
        s->operand[i].size = insn->operand[i].size;
    }
    s->mem.base = insn->mem.base;
    s->mem.index = insn->mem.index;
    s->mem.scale = insn->mem.scale;
    s->mem.seg = insn->mem.seg;
    s->disp = insn->mem.disp;
    s->imm = insn->operand[0].kind == X86_OPND_REL ? insn->target
                                                   : (uint64_t)insn->imm;
    if (k == STEP_UNKNOWN) {
        return (s->vec = x86_step_vec_kind(insn)) != 0;
    }
    return form_is_known(k, insn);
}

/* --- registers and operands ---------------------------------------------- */

static inline unsigned width_of(unsigned size)
{
    return __builtin_ctz(size);
}

static inline uint64_t mask_of(unsigned size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

static inline uint64_t zero_extend(uint64_t v, unsigned size)
{
    return v & mask_of(size);
}

static inline int64_t sign_extend(uint64_t v, unsigned size)
{
    unsigned sh = 64 - 8 * size;

    return (int64_t)(v << sh) >> sh;
}

static inline void set_gpr(CPUArchState *env, unsigned reg, unsigned size,
                           uint64_t v)
{
    uint64_t *r = &env->regs[reg];

    switch (size) {
    case 8:
        *r = v;
        break;
    case 4:
        *r = (uint32_t)v;
        break;
    case 2:
        *r = (*r & ~UINT64_C(0xffff)) | (uint16_t)v;
        break;
    default:
        *r = (*r & ~UINT64_C(0xff)) | (uint8_t)v;
        break;
    }
}

static inline uint64_t get(const Step *s, const X86StepInsn *insn, unsigned i)
{
    unsigned reg = insn->operand[i].reg;

    switch (insn->operand[i].kind) {
    case X86_OPND_GPR:
        return s->env->regs[reg];
    case X86_OPND_GPRH:
        return s->env->regs[reg] >> 8;
    case X86_OPND_MEM:
        return step_load(s, step_address(s->env, insn),
                         insn->operand[i].size);
    default:
        return insn->imm;
    }
}

static inline void put(Step *s, const X86StepInsn *insn, unsigned i, uint64_t v)
{
    unsigned kind = insn->operand[i].kind, reg = insn->operand[i].reg;
    unsigned size = insn->operand[i].size;

    if (kind == X86_OPND_GPR) {
        set_gpr(s->env, reg, size, v);
    } else if (kind == X86_OPND_MEM) {
        step_store(s, step_address(s->env, insn), size, v);
    } else {
        uint64_t *r = &s->env->regs[reg];

        *r = (*r & ~UINT64_C(0xff00)) | (v & 0xff) << 8;
    }
}

/* --- flags --------------------------------------------------------------- */

static inline void set_cc(CPUArchState *env, TCGCCKind kind, unsigned size,
                          uint64_t dst, uint64_t src)
{
    env->cc_op = TCG_CC_OP(kind, width_of(size));
    env->cc_dst = dst;
    env->cc_src = src;
}

static uint32_t all_flags(const CPUArchState *env)
{
    return tcg_cc_eval(env->cc_op, env->cc_dst, env->cc_src, env->cc_src2);
}

static void set_flags(CPUArchState *env, uint32_t flags)
{
    set_cc(env, CC_KIND_EFLAGS, 4, flags, 0);
}

static bool condition(const CPUArchState *env, unsigned cond)
{
    unsigned kind = TCG_CC_OP_KIND(env->cc_op);
    unsigned sh = 64 - (8u << TCG_CC_OP_WIDTH(env->cc_op));
    uint64_t a = env->cc_dst, b = env->cc_src;
    bool r;

    if (kind == CC_KIND_LOGIC) {
        b = 0;
    } else if (kind == CC_KIND_SUB) {
        a += b;
    } else if (kind != CC_KIND_CMP) {
        return tcg_cc_test(cond, all_flags(env));
    }
    /* compare in the upper bits, where signs are in place */
    a <<= sh;
    b <<= sh;
    switch (cond >> 1) {
    case CCC_B >> 1:
        r = a < b;
        break;
    case CCC_E >> 1:
        r = a == b;
        break;
    case CCC_BE >> 1:
        r = a <= b;
        break;
    case CCC_S >> 1:
        r = (int64_t)(a - b) < 0;
        break;
    case CCC_L >> 1:
        r = (int64_t)a < (int64_t)b;
        break;
    case CCC_LE >> 1:
        r = (int64_t)a <= (int64_t)b;
        break;
    default:
        return tcg_cc_test(cond, all_flags(env));
    }
    return r != (cond & 1);
}

/* --- groups of instructions ---------------------------------------------- */

static inline void step_alu(Step *s, const X86StepInsn *insn, StepKind k)
{
    unsigned size = insn->operand[0].size;
    uint64_t b = get(s, insn, 1), a = get(s, insn, 0), c, r;

    switch (k) {
    case STEP_ADD:
        r = a + b;
        put(s, insn, 0, r);
        set_cc(s->env, CC_KIND_ADD, size, r, b);
        break;
    case STEP_SUB:
        r = a - b;
        put(s, insn, 0, r);
        set_cc(s->env, CC_KIND_SUB, size, r, b);
        break;
    case STEP_ADC:
    case STEP_SBB:
        c = condition(s->env, CCC_B);
        r = k == STEP_ADC ? a + b + c : a - b - c;
        put(s, insn, 0, r);
        set_cc(s->env, k == STEP_ADC ? CC_KIND_ADC : CC_KIND_SBB, size, r, b);
        s->env->cc_src2 = c;
        break;
    default:
        r = k == STEP_AND ? a & b : k == STEP_OR ? a | b : a ^ b;
        put(s, insn, 0, r);
        set_cc(s->env, CC_KIND_LOGIC, size, r, 0);
        break;
    }
}

static void step_incdec(Step *s, const X86StepInsn *insn, bool inc)
{
    uint64_t c = condition(s->env, CCC_B);
    uint64_t r = get(s, insn, 0) + (inc ? 1 : -1);

    put(s, insn, 0, r);
    set_cc(s->env, inc ? CC_KIND_INC : CC_KIND_DEC, insn->operand[0].size, r,
           c);
}

static unsigned shift_count(const Step *s, const X86StepInsn *insn)
{
    return get(s, insn, insn->n_operands - 1) &
           (insn->operand[0].size == 8 ? 63 : 31);
}

static void step_shift(Step *s, const X86StepInsn *insn, StepKind k)
{
    unsigned size = insn->operand[0].size, n = shift_count(s, insn);
    uint64_t v = get(s, insn, 0), last, r;

    if (n == 0) {
        put(s, insn, 0, v);     /* no flags, but an upper half is cleared */
        return;
    }
    switch (k) {
    case STEP_SHL:
        last = v << (n - 1);
        r = last << 1;
        break;
    case STEP_SHR:
        last = zero_extend(v, size) >> (n - 1);
        r = last >> 1;
        break;
    default:
        last = sign_extend(v, size) >> (n - 1);
        r = (int64_t)last >> 1;
        break;
    }
    put(s, insn, 0, r);
    set_cc(s->env, k == STEP_SHL ? CC_KIND_SHL : k == STEP_SHR ? CC_KIND_SHR :
           CC_KIND_SAR, size, r, last);
}

static void step_rotate(Step *s, const X86StepInsn *insn, bool left)
{
    unsigned size = insn->operand[0].size, bits = 8 * size;
    unsigned n = shift_count(s, insn), by = n & (bits - 1), top;
    uint64_t v = zero_extend(get(s, insn, 0), size), r = v;
    uint32_t c, o;

    if (by) {
        r = left ? v << by | v >> (bits - by) : v >> by | v << (bits - by);
    }
    put(s, insn, 0, r);
    if (n == 0) {
        return;
    }
    top = r >> (bits - 1) & 1;
    if (left) {
        c = r & 1;
        o = top ^ c;
    } else {
        c = top;
        o = top ^ (r >> (bits - 2) & 1);
    }
    set_flags(s->env, (all_flags(s->env) & ~(CC_C | CC_O)) |
              (c ? CC_C : 0) | (o ? CC_O : 0));
}

/* The double-width product goes to rDX:rAX. */
static void step_mul1(Step *s, const X86StepInsn *insn, bool is_signed)
{
    unsigned size = insn->operand[0].size;
    CPUArchState *env = s->env;
    uint64_t a = env->regs[R_EAX], b = get(s, insn, 0), lo, hi, excess;

    if (size == 8) {
        unsigned __int128 p = is_signed
            ? (unsigned __int128)((__int128)(int64_t)a * (int64_t)b)
            : (unsigned __int128)a * b;

        lo = p;
        hi = p >> 64;
        excess = is_signed ? hi ^ (uint64_t)((int64_t)lo >> 63) : hi;
        env->regs[R_EAX] = lo;
        env->regs[R_EDX] = hi;
    } else {
        lo = is_signed ? (uint64_t)(sign_extend(a, size) *
                                    sign_extend(b, size))
                       : zero_extend(a, size) * zero_extend(b, size);
        excess = lo ^ (is_signed ? (uint64_t)sign_extend(lo, size)
                                 : zero_extend(lo, size));
        if (size == 1) {
            set_gpr(env, R_EAX, 2, lo);
        } else {
            set_gpr(env, R_EAX, size, lo);
            set_gpr(env, R_EDX, size, lo >> 8 * size);
        }
    }
    set_cc(env, CC_KIND_MUL, size, lo, excess);
}

static void step_imul(Step *s, const X86StepInsn *insn)
{
    unsigned size = insn->operand[0].size, first = insn->n_operands - 2;
    uint64_t a, b, lo, excess;

    if (insn->n_operands == 1) {
        step_mul1(s, insn, true);
        return;
    }
    a = get(s, insn, first);
    b = get(s, insn, first + 1);
    if (size == 8) {
        __int128 p = (__int128)(int64_t)a * (int64_t)b;

        lo = p;
        excess = (uint64_t)(p >> 64) ^ (uint64_t)((int64_t)lo >> 63);
    } else {
        lo = sign_extend(a, size) * sign_extend(b, size);
        excess = lo ^ (uint64_t)sign_extend(lo, size);
    }
    put(s, insn, 0, lo);
    set_cc(s->env, CC_KIND_MUL, size, lo, excess);
}

static void step_bt(Step *s, const X86StepInsn *insn, StepKind k)
{
    unsigned n = get(s, insn, 1) & (8 * insn->operand[0].size - 1);
    uint64_t v = get(s, insn, 0), bit = UINT64_C(1) << n;

    if (k != STEP_BT) {
        put(s, insn, 0, k == STEP_BTS ? v | bit : k == STEP_BTR ? v & ~bit :
            v ^ bit);
    }
    set_flags(s->env, (all_flags(s->env) & CC_Z) | (v >> n & 1));
}

static void step_bits(Step *s, const X86StepInsn *insn, StepKind k)
{
    unsigned size = insn->operand[0].size, cc_size = MAX(size, 4);
    uint64_t v = zero_extend(get(s, insn, 1), size), n;

    if (k == STEP_TZCNT) {
        n = v ? __builtin_ctzll(v) : 8 * size;
        put(s, insn, 0, n);
        set_cc(s->env, CC_KIND_ZC, cc_size, n, v);
        return;
    }
    if (v) {        /* or else the destination stays as it is */
        n = k == STEP_BSF ? __builtin_ctzll(v) : 63 - __builtin_clzll(v);
        put(s, insn, 0, n);
    }
    set_cc(s->env, CC_KIND_Z, cc_size, v, 0);
}

static void step_bswap(Step *s, const X86StepInsn *insn)
{
    unsigned size = insn->operand[0].size;
    uint64_t v = get(s, insn, 0);

    /* 16 bits: undefined; processors clear it */
    put(s, insn, 0, size == 8 ? __builtin_bswap64(v) :
        size == 4 ? __builtin_bswap32(v) : 0);
}

/* CBW, CWDE, CDQE; CWD, CDQ, CQO */
static void step_widen(Step *s, const X86StepInsn *insn, bool to_rdx)
{
    unsigned size = insn->opsize;
    uint64_t rax = s->env->regs[R_EAX];

    if (to_rdx) {
        set_gpr(s->env, R_EDX, size, sign_extend(rax, size) >> 63);
    } else {
        set_gpr(s->env, R_EAX, size, sign_extend(rax, size / 2));
    }
}

static void step_cmov(Step *s, const X86StepInsn *insn)
{
    uint64_t v = get(s, insn, 1);

    if (condition(s->env, insn->cond)) {
        put(s, insn, 0, v);
    } else if (insn->operand[0].size == 4) {
        put(s, insn, 0, s->env->regs[insn->operand[0].reg]);
    }
}

/* --- control flow --------------------------------------------------------- */

static bool canonical(uint64_t addr)
{
    return (int64_t)(addr << 16) >> 16 == (int64_t)addr;
}

/* Target of a jump or call, into s->next; false when it raised. */
static bool jump_target(Step *s, const X86StepInsn *insn)
{
    uint64_t t;

    if (insn->operand[0].kind == X86_OPND_REL) {
        s->next = (uint64_t)insn->imm;
        return true;
    }
    t = get(s, insn, 0);
    if (unlikely(!canonical(t))) {
        step_raise(s, EXCP0D_GPF);
        return false;
    }
    s->next = t;
    return true;
}

static bool step_call(Step *s, const X86StepInsn *insn)
{
    uint64_t ret = s->next, rsp = s->env->regs[R_ESP];

    if (!jump_target(s, insn)) {
        return false;
    }
    step_store(s, rsp - 8, 8, ret);
    s->env->regs[R_ESP] = rsp - 8;
    return true;
}

static bool step_ret(Step *s, const X86StepInsn *insn)
{
    uint64_t rsp = s->env->regs[R_ESP], t = step_load(s, rsp, 8);

    if (unlikely(!canonical(t))) {
        step_raise(s, EXCP0D_GPF);
        return false;
    }
    s->env->regs[R_ESP] = rsp + 8 + (insn->n_operands ? insn->imm : 0);
    s->next = t;
    return true;
}

/* Returns false when the instruction raised an exception. */
static inline bool step_one(Step *s, const X86StepInsn *insn)
{
    CPUArchState *env = s->env;
    StepKind k = insn->kind;
    unsigned size;
    uint64_t v;

    switch (k) {
    case STEP_NOP:
        break;
    case STEP_MOV:
        put(s, insn, 0, get(s, insn, 1));
        break;
    case STEP_MOVZX:
        put(s, insn, 0, zero_extend(get(s, insn, 1), insn->operand[1].size));
        break;
    case STEP_MOVSX:
        put(s, insn, 0, sign_extend(get(s, insn, 1), insn->operand[1].size));
        break;
    case STEP_LEA:
        put(s, insn, 0, step_offset(env, insn));
        break;
    case STEP_XCHG:
        v = get(s, insn, 0);
        put(s, insn, 0, get(s, insn, 1));
        put(s, insn, 1, v);
        break;
    case STEP_CMOV:
        step_cmov(s, insn);
        break;
    case STEP_SETCC:
        put(s, insn, 0, condition(env, insn->cond));
        break;
    case STEP_CBW:
    case STEP_CWD:
        step_widen(s, insn, k == STEP_CWD);
        break;
    case STEP_PUSH:
        size = insn->opsize;
        v = get(s, insn, 0);
        step_store(s, env->regs[R_ESP] - size, size, v);
        env->regs[R_ESP] -= size;
        break;
    case STEP_POP:
        size = insn->opsize;
        v = step_load(s, env->regs[R_ESP], size);
        env->regs[R_ESP] += size;
        put(s, insn, 0, v);
        break;
    case STEP_LEAVE:
        size = insn->opsize;
        v = step_load(s, env->regs[R_EBP], size);
        env->regs[R_ESP] = env->regs[R_EBP] + size;
        set_gpr(env, R_EBP, size, v);
        break;
    case STEP_ADD:
    case STEP_OR:
    case STEP_ADC:
    case STEP_SBB:
    case STEP_AND:
    case STEP_SUB:
    case STEP_XOR:
        step_alu(s, insn, k);
        break;
    case STEP_CMP:
        v = get(s, insn, 0);
        set_cc(env, CC_KIND_CMP, insn->operand[0].size, v, get(s, insn, 1));
        break;
    case STEP_TEST:
        v = get(s, insn, 0) & get(s, insn, 1);
        set_cc(env, CC_KIND_LOGIC, insn->operand[0].size, v, 0);
        break;
    case STEP_INC:
    case STEP_DEC:
        step_incdec(s, insn, k == STEP_INC);
        break;
    case STEP_NEG:
        v = get(s, insn, 0);
        put(s, insn, 0, -v);
        set_cc(env, CC_KIND_SUB, insn->operand[0].size, -v, v);
        break;
    case STEP_NOT:
        put(s, insn, 0, ~get(s, insn, 0));
        break;
    case STEP_SHL:
    case STEP_SHR:
    case STEP_SAR:
        step_shift(s, insn, k);
        break;
    case STEP_ROL:
    case STEP_ROR:
        step_rotate(s, insn, k == STEP_ROL);
        break;
    case STEP_MUL:
        step_mul1(s, insn, false);
        break;
    case STEP_IMUL:
        step_imul(s, insn);
        break;
    case STEP_BT:
    case STEP_BTS:
    case STEP_BTR:
    case STEP_BTC:
        step_bt(s, insn, k);
        break;
    case STEP_BSF:
    case STEP_BSR:
    case STEP_TZCNT:
        step_bits(s, insn, k);
        break;
    case STEP_BSWAP:
        step_bswap(s, insn);
        break;
    case STEP_JCC:
        if (condition(env, insn->cond)) {
            s->next = (uint64_t)insn->imm;
        }
        break;
    case STEP_JMP:
        return jump_target(s, insn);
    case STEP_CALL:
        return step_call(s, insn);
    case STEP_RET:
        return step_ret(s, insn);
    case STEP_SYSCALL:
        env->common.exception_index = EXCP_SYSCALL;
        break;
    case STEP_UNKNOWN:
        return x86_step_vec(s, insn);
    }
    return true;
}

unsigned x86_step_run(CPUArchState *env, const X86StepBlock *b)
{
    Step s = { .env = env, .block = b };

    s.next = b->start;
    for (unsigned i = 0; i < b->n; i++) {
        const X86StepInsn *insn = &b->insn[i];

        s.next += insn->len;
        if (unlikely(!step_one(&s, insn))) {
            return i;
        }
        env->rip = s.next;
        if (unlikely(s.stop)) {
            return i + 1;
        }
    }
    return b->n;
}
