/*
 * Getting into units and out of them: the code emitted once, exits and their
 * stubs, the jump cache probe and the shadow return stack.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "../host.h"

X86Common x86_common;

/* ---- exits to known pcs ---- */

/* The numbers of exits, labels. */
void x86_scan_structure(X86Gen *g)
{
    g->failed |= !tcg_number_exits(g->s, g->exit_of, g->label_op);
}

/*
 * Pad so that a 4-byte field @ahead bytes from here stays inside an aligned
 * 8-byte block: then its store is atomic for threads that run the code.
 */
static void place_field(X86Gen *g, unsigned ahead)
{
    unsigned off = ((uintptr_t)x86_rx(&g->a) + ahead) & 7;

    /* by prefixes that mean nothing: no-ops would be executed */
    while (off > 4 && off++ < 8) {
        x86_8(&g->a, 0x2e);
    }
}

/* Jump (@cond: CCC_*, or -1 for always) out of the unit by exit @n. */
static void exit_jump(X86Gen *g, unsigned n, int cond)
{
    TCGExit *e = &g->s->exits[n];
    uint8_t *field;

    place_field(g, cond < 0 ? 1 : 2);
    field = cond < 0 ? x86_jmp(&g->a, NULL) : x86_jcc(&g->a, cond, NULL);
    e->jump_offset = field - g->start;
    x86_stub(g, STUB_EXIT, n, field);
}

void gen_exit_direct(X86Gen *g, const TCGOp *op)
{
    if (op->flags & TCG_F_CC_STORE) {
        x86_store_cc(g, op, 1);
    }
    exit_jump(g, g->exit_of[g->i], -1);
}

void x86_branch(X86Gen *g, unsigned cond, unsigned label)
{
    const TCGOp *ops = g->s->ops;
    unsigned at = g->label_op[label], k = at + 1;

    if (g->s->labels[label].side && at > g->i) {
        while (k < g->s->nb_ops && (ops[k].opc == TCG_OP_nop ||
                                    ops[k].opc == TCG_OP_insn_start)) {
            k++;
        }
        if (k < g->s->nb_ops && ops[k].opc == TCG_OP_exit_direct &&
            !(ops[k].flags & TCG_F_CC_STORE)) {
            g->ra.info[at] |= RA_OPI_SKIP;
            g->ra.info[k] |= RA_OPI_SKIP;
            exit_jump(g, g->exit_of[k], cond);
            return;
        }
    }
    x86_jump_label(g, x86_jcc(&g->a, cond, NULL), label);
}

/* ---- indirect exits ---- */

/* Field of CPUCommon, 32 or 64 bits. */
#define LOAD(g, w, reg, field) \
    x86_rm(&(g)->a, x86_op_w(X_MOV_LOAD, w), reg, COMMON(g, field))
#define STORE(g, w, reg, field) \
    x86_rm(&(g)->a, x86_op_w(X_MOV_STORE, w), reg, COMMON(g, field))

/* The target in r10, everything else is done for. */
static void leave_with_pc(X86Gen *g, const TCGOp *op)
{
    if (op->flags & TCG_F_CC_STORE) {
        x86_store_cc(g, op, 1);
    }
    x86_load_to(g, X86_R10, op->src[0]);
}

/* Go on at the guest pc in r10 if the jump cache knows it. */
static void probe_jmp_cache(X86Gen *g, const uint8_t *miss)
{
    x86_mov(&g->a, MO_32, X86_R11, X86_R10);
    x86_shift_i(&g->a, SH_SHR, MO_32, x86_reg(X86_R11), TB_JMP_CACHE_BITS);
    x86_alu(&g->a, ALU_XOR, MO_32, X86_R11, x86_reg(X86_R10));
    x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(X86_R11), TB_JMP_CACHE_SIZE - 1);
    x86_shift_i(&g->a, SH_SHL, MO_32, x86_reg(X86_R11),
                __builtin_ctz(sizeof(TBJmpCacheEntry)));
    x86_alu(&g->a, ALU_ADD, MO_64, X86_R11, COMMON(g, jmp_cache));
    x86_alu(&g->a, ALU_CMP, MO_64, X86_R10,
            x86_mem(X86_R11, offsetof(TBJmpCacheEntry, pc)));
    x86_jcc(&g->a, CCC_NE, miss);
    x86_rm(&g->a, X_GROUP5, 4,
           x86_mem(X86_R11, offsetof(TBJmpCacheEntry, code)));
}

void gen_exit_indirect(X86Gen *g, const TCGOp *op)
{
    leave_with_pc(g, op);
    probe_jmp_cache(g, x86_common.exit_pc);
}

/* @top = index of the top entry, @ring = where pc[] is. */
static void load_return(X86Gen *g, unsigned top, unsigned ring)
{
    LOAD(g, MO_32, top, return_stack_top);
    LOAD(g, MO_64, ring, return_stack);
}

static X86Rm return_pc(unsigned top, unsigned ring)
{
    return x86_sib(ring, top, 3, 0);
}

static X86Rm return_code(unsigned top, unsigned ring)
{
    return x86_sib(ring, top, 3, RETURN_STACK_CODE);
}

void gen_brret(X86Gen *g, const TCGOp *op)
{
    unsigned pc = x86_use(g, op->src[0]);
    unsigned top = ra_scratch(&g->ra, TCG_I64, 0);
    unsigned ring = ra_scratch(&g->ra, TCG_I64, 0);

    load_return(g, top, ring);
    x86_alu(&g->a, ALU_CMP, MO_64, pc, return_pc(top, ring));
    x86_branch(g, CCC_NE, op->imm);
    g->brret = g->i;
    g->brret_top = top;
    g->brret_ring = ring;
}

/* Jump to the top entry and pop it. */
static void take_return(X86Gen *g, unsigned top, unsigned ring)
{
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), ring, return_code(top, ring));
    x86_alu_i(&g->a, ALU_SUB, MO_8, x86_reg(top), 1);
    STORE(g, MO_32, top, return_stack_top);
    x86_rm(&g->a, X_GROUP5, 4, x86_reg(ring));
}

/* Does @reg hold what the last brret has put there? */
static bool since_brret(const X86Gen *g, unsigned reg)
{
    return !g->ra.hold[reg] && g->ra.stamp[reg] == g->brret + 1;
}

void gen_exit_ret(X86Gen *g, const TCGOp *op)
{
    unsigned top = X86_R11, ring = X86_R13;

    if (op->imm == TCG_RET_HIT) {
        if (op->flags & TCG_F_CC_STORE) {
            x86_store_cc(g, op, 1);
        }
        if (g->i - g->brret <= 4 && since_brret(g, g->brret_top) &&
            since_brret(g, g->brret_ring)) {
            top = g->brret_top;
            ring = g->brret_ring;
        } else {
            load_return(g, top, ring);
        }
        take_return(g, top, ring);
        return;
    }
    leave_with_pc(g, op);
    load_return(g, top, ring);
    if (op->imm == TCG_RET_MISS) {
        x86_jmp(&g->a, x86_common.ret_miss);
        return;
    }
    x86_alu(&g->a, ALU_CMP, MO_64, X86_R10, return_pc(top, ring));
    x86_jcc(&g->a, CCC_NE, x86_common.ret_miss);
    take_return(g, top, ring);
}

/*
 * The top entry, whose index is in r11, is for another return: calls without
 * returns (setjmp, a read of the program counter) left some behind.  Look a few
 * entries further down, then in the jump cache.
 */
static void gen_ret_miss(X86Gen *g)
{
    enum { DEPTH = 6 };
    uint8_t *hit[DEPTH];

    for (unsigned k = 0; k < DEPTH; k++) {
        x86_alu_i(&g->a, ALU_SUB, MO_8, x86_reg(X86_R11), 1);
        x86_alu(&g->a, ALU_CMP, MO_64, X86_R10, return_pc(X86_R11, X86_R13));
        hit[k] = x86_jcc(&g->a, CCC_E, NULL);
    }
    probe_jmp_cache(g, x86_common.exit_pc);
    for (unsigned k = 0; k < DEPTH; k++) {
        x86_fix32(hit[k], g->a.p);
    }
    take_return(g, X86_R11, X86_R13);
}

/* @value in a register, also for later ops; RA_NOREG: as an immediate. */
static unsigned const_reg(X86Gen *g, uint64_t value)
{
    unsigned n = g->s->nb_vals, t;
    TCGv c;

    if (x86_fits32(value)) {
        return RA_NOREG;
    }
    if (n == TCG_MAX_VALS) {
        t = ra_scratch(&g->ra, TCG_I64, 0);
        x86_movi(&g->a, t, value);
        return t;
    }
    c = tcg_const(g->s, value);
    if (c >= n) {
        g->ra.vals[c] = (RAVal) { .reg = RA_NOREG };
    }
    return x86_use(g, c);
}

void gen_push_ret(X86Gen *g, const TCGOp *op)
{
    unsigned n = g->exit_of[g->i], pc = const_reg(g, op->imm);
    unsigned t = ra_scratch(&g->ra, TCG_I64, 0);
    unsigned ring = ra_scratch(&g->ra, TCG_I64, 0);
    uint8_t *field;

    load_return(g, t, ring);
    x86_alu_i(&g->a, ALU_ADD, MO_8, x86_reg(t), 1);
    STORE(g, MO_32, t, return_stack_top);
    x86_rm(&g->a, X_LEA | X_W, ring, return_pc(t, ring));
    if (pc == RA_NOREG) {
        x86_store_i(&g->a, MO_64, x86_mem(ring, 0), op->imm);
    } else {
        x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), pc, x86_mem(ring, 0));
    }
    /* lea t, [rip + field]: where the callee returns to */
    place_field(g, 3);
    x86_8(&g->a, t & 8 ? 0x4c : 0x48);
    x86_8(&g->a, X_LEA);
    x86_8(&g->a, 0x05 | (t & 7) << 3);
    field = g->a.p;
    x86_32(&g->a, 0);
    g->s->exits[n].jump_offset = field - g->start;
    x86_stub(g, STUB_EXIT, n, field);
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), t,
           x86_mem(ring, RETURN_STACK_CODE));
}

/* ---- leaving for the engine ---- */

static void set_state(X86Gen *g, int exception)
{
    x86_store_i(&g->a, MO_32, COMMON(g, exception_index), exception);
    x86_jmp(&g->a, x86_common.exit_state);
}

void gen_exit_reason(X86Gen *g, const TCGOp *op)
{
    int32_t imm;

    if (op->flags & TCG_F_CC_STORE) {
        x86_store_cc(g, op, 1);
    }
    if (x86_imm(g, op->src[0], MO_64, &imm)) {
        x86_store_i(&g->a, MO_64, env_rm(g->s->env_rip), imm);
    } else {
        x86_load_to(g, X86_R10, op->src[0]);
        x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), X86_R10,
               env_rm(g->s->env_rip));
    }
    set_state(g, op->imm);
}

void gen_poll(X86Gen *g, const TCGOp *op)
{
    X86Rm rec[3] = { 0 };

    if (op->flags & TCG_F_CC_STORE) {
        x86_place_cc(g, op, 1, rec);
    }
    x86_alu_i(&g->a, ALU_CMP, MO_32, COMMON(g, interrupt_request), 0);
    x86_stub(g, STUB_POLL, g->i, x86_jcc(&g->a, CCC_NE, NULL));
    if (!g->failed) {
        memcpy(g->stubs[g->nb_stubs - 1].rec, rec, sizeof(rec));
    }
}

void x86_emit_stubs(X86Gen *g)
{
    for (unsigned k = 0; k < g->nb_stubs; k++) {
        X86Stub *stub = &g->stubs[k];
        const TCGOp *op = &g->s->ops[stub->n];

        if (g->end - g->a.p < 256) {
            return;
        }
        x86_fix32(stub->field, g->a.p);
        switch (stub->kind) {
        case STUB_EXIT:
            g->s->exits[stub->n].stub_offset = g->a.p - g->start;
            x86_movi(&g->a, X86_R10, g->cookies[stub->n]);
            x86_jmp(&g->a, x86_common.exit_cookie);
            break;
        case STUB_POLL:
            if (op->flags & TCG_F_CC_STORE) {
                x86_store_cc_at(g, op, stub->rec);
            }
            if (x86_fits32(op->imm)) {
                x86_store_i(&g->a, MO_64, env_rm(g->s->env_rip), op->imm);
            } else {
                x86_movi(&g->a, X86_R10, op->imm);
                x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), X86_R10,
                       env_rm(g->s->env_rip));
            }
            set_state(g, EXCP_INTERRUPT);
            break;
        }
    }
}

/* ---- the code emitted once ---- */

static const uint8_t callee_saved[] = {
    X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15,
};

static void push(X86Gen *g, unsigned reg)
{
    if (reg & 8) {
        x86_8(&g->a, 0x41);
    }
    x86_8(&g->a, 0x50 + (reg & 7));
}

static void pop(X86Gen *g, unsigned reg)
{
    if (reg & 8) {
        x86_8(&g->a, 0x41);
    }
    x86_8(&g->a, 0x58 + (reg & 7));
}

static void ret(X86Gen *g)
{
    x86_8(&g->a, 0xc3);
}

/* All pinned registers of @type to or from the CPU state. */
static void move_pinned(X86Gen *g, TCGType type, bool store)
{
    for (TCGv v = 1; v <= g->s->nb_globals; v++) {
        const TCGVal *x = &g->s->vals[v];
        X86Rm m = env_rm(x->offset);

        if (x->pinned == 0xff || x->type != type) {
            continue;
        }
        if (type == TCG_VEC) {
            (store ? x86_vec_store : x86_vec_load)(g, x->pinned - RA_VEC, m);
        } else {
            x86_rm(&g->a, x86_op_w(store ? X_MOV_STORE : X_MOV_LOAD, MO_64),
                   x->pinned, m);
        }
    }
}

static void gen_vec_moves(X86Gen *g)
{
    x86_common.vec_save = x86_rx(&g->a);
    move_pinned(g, TCG_VEC, true);
    ret(g);
    x86_common.vec_load = x86_rx(&g->a);
    move_pinned(g, TCG_VEC, false);
    ret(g);
}

static void gen_enter(X86Gen *g)
{
    x86_common.enter = x86_rx(&g->a);
    for (unsigned k = 0; k < ARRAY_SIZE(callee_saved); k++) {
        push(g, callee_saved[k]);
    }
    x86_mov(&g->a, MO_64, X86_RAX, X86_RSP);
    x86_alu_i(&g->a, ALU_SUB, MO_64, x86_reg(X86_RSP), FRAME_SIZE);
    x86_alu_i(&g->a, ALU_AND, MO_64, x86_reg(X86_RSP), -32);
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), X86_RAX, frame_rm(FRAME_RSP));
    x86_rm(&g->a, X_LEA | X_W, X86_RBP, x86_mem(X86_RDI, ENV_BIAS));
    x86_mov(&g->a, MO_64, X86_R10, X86_RSI);
    x86_rm(&g->a, X_GROUP15, 3, frame_rm(FRAME_MXCSR));
    x86_rm(&g->a, X_GROUP15, 2, env_rm(g->s->env_mxcsr));
    x86_call(&g->a, x86_common.vec_load);
    move_pinned(g, TCG_I64, false);
    x86_rm(&g->a, X_GROUP5, 4, x86_reg(X86_R10));
}

static void gen_leave(X86Gen *g)
{
    x86_common.exit_pc = x86_rx(&g->a);
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), X86_R10,
           env_rm(g->s->env_rip));
    x86_store_i(&g->a, MO_32, COMMON(g, exception_index), -1);
    x86_common.exit_state = x86_rx(&g->a);
    x86_movi(&g->a, X86_R10, 0);
    x86_common.exit_cookie = x86_rx(&g->a);
    move_pinned(g, TCG_I64, true);
    x86_call(&g->a, x86_common.vec_save);
    if (have(X86_AVX)) {
        x86_vzeroupper(g);          /* C code runs legacy encodings */
    }
    x86_rm(&g->a, X_GROUP15, 3, env_rm(g->s->env_mxcsr));
    x86_rm(&g->a, X_GROUP15, 2, frame_rm(FRAME_MXCSR));
    x86_mov(&g->a, MO_64, X86_RAX, X86_R10);
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_RSP, frame_rm(FRAME_RSP));
    for (unsigned k = ARRAY_SIZE(callee_saved); k-- > 0; ) {
        pop(g, callee_saved[k]);
    }
    ret(g);
}

static void gen_cc_eval(X86Gen *g)
{
    static const uint8_t saved[] = {
        X86_RAX, X86_RCX, X86_RDX, X86_RSI, X86_RDI, X86_R8, X86_R9, X86_R11,
    };
    const TCGContext *s = g->s;

    x86_common.cc_eval = x86_rx(&g->a);
    for (unsigned k = 0; k < ARRAY_SIZE(saved); k++) {
        push(g, saved[k]);
    }
    x86_alu_i(&g->a, ALU_SUB, MO_64, x86_reg(X86_RSP), 8);
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_32), X86_RDI, env_rm(s->env_cc_op));
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_RSI, env_rm(s->env_cc_dst));
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_RDX, env_rm(s->env_cc_src));
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_RCX,
           env_rm(s->env_cc_src2));
    x86_movi(&g->a, X86_RAX, (uintptr_t)tcg_cc_eval);
    x86_rm(&g->a, X_GROUP5, 2, x86_reg(X86_RAX));
    x86_mov(&g->a, MO_32, X86_R10, X86_RAX);
    x86_alu_i(&g->a, ALU_ADD, MO_64, x86_reg(X86_RSP), 8);
    for (unsigned k = ARRAY_SIZE(saved); k-- > 0; ) {
        pop(g, saved[k]);
    }
    ret(g);
}

size_t x86_gen_prologue(X86Gen *g, TCGCodeBuf buf)
{
    g->a.p = g->start = buf.rw;
    g->a.rx_off = buf.rx - buf.rw;
    g->end = buf.rw + buf.size;
    assert(buf.size >= 8192);
    gen_vec_moves(g);
    gen_enter(g);
    gen_leave(g);
    gen_cc_eval(g);
    x86_gen_cc_flags(g);
    x86_common.ret_miss = x86_rx(&g->a);
    gen_ret_miss(g);
    return g->a.p - g->start;
}
