/*
 * Instruction selection: guest memory, atomics, and fields of the CPU state.
 *
 * An instruction that can fault must find the guest's registers in place.
 * Where the host needs rax for something else at that moment, the guest's rax
 * and rdx are in the frame and the instruction starts with X86_DIV_MARK, which
 * fault.c looks for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

static uint32_t load_op(const TCGOp *op)
{
    uint32_t w = op->opc == TCG_OP_lds64 ? X_W : 0;

    if (op->opc == TCG_OP_ld) {
        return op->w == MO_8 ? X_MOVZX8 : op->w == MO_16 ? X_MOVZX16
               : x86_op_w(X_MOV_LOAD, op->w);
    }
    switch (op->w) {
    case MO_8:
        return X_MOVSX8 | w;
    case MO_16:
        return X_MOVSX16 | w;
    case MO_32:
        return w ? X_MOVSXD : x86_op_w(X_MOV_LOAD, MO_32);
    default:
        return x86_op_w(X_MOV_LOAD, MO_64);
    }
}

void gen_ld(X86Gen *g, const TCGOp *op)
{
    X86Rm m = x86_address(g, op);
    unsigned d = ra_dst(&g->ra, op->dst[0], op->src[0], op->src[1], 0);

    x86_rm(&g->a, load_op(op), d, m);
    ra_bind_dst(g, 0, d);
}

void gen_st(X86Gen *g, const TCGOp *op)
{
    X86Rm m = x86_address(g, op);
    int32_t imm;

    if (x86_imm(g, op->src[2], op->w, &imm)) {
        x86_store_i(&g->a, op->w, m, imm);
    } else {
        x86_rm(&g->a, x86_op_w(X_MOV_STORE, op->w), x86_use(g, op->src[2]), m);
    }
}

void gen_lea(X86Gen *g, const TCGOp *op)
{
    X86Rm m = x86_address(g, op);
    unsigned d = ra_dst(&g->ra, op->dst[0], op->src[0], op->src[1], 0);

    if (m.base >= 0 && m.index == X86_NOREG && m.disp == 0) {
        if (m.base != d || op->w == MO_32) {
            x86_mov(&g->a, op->w, d, m.base);
        }
    } else {
        x86_rm(&g->a, x86_op_w16(X_LEA, op->w), d, m);
    }
    ra_bind_dst(g, 0, d);
}

/* ---- read-modify-write ---- */

/* Number of the src that is @v, if exactly one is; else -1. */
static int only_src(const TCGOp *op, TCGv v)
{
    int at = -1;

    for (unsigned k = 0; k < 6; k++) {
        if (op->src[k] == v) {
            if (at >= 0) {
                return -1;
            }
            at = k;
        }
    }
    return at;
}

bool x86_try_rmw(X86Gen *g)
{
    unsigned i = g->i;
    const TCGOp *ld = &g->s->ops[i], *op = ld + 1, *st = ld + 2;
    RA *ra = &g->ra;
    TCGv t = ld->dst[0], x = TCGV_NONE;
    int alu, at;
    int32_t imm = 0;
    X86Rm m;

    if (i + 2 >= g->s->nb_ops || st->opc != TCG_OP_st || st->w != ld->w ||
        op->w != ld->w || st->src[0] != ld->src[0] ||
        st->src[1] != ld->src[1] || st->imm != ld->imm ||
        st->cond != ld->cond || (ld->flags | st->flags) & TCG_F_ATOMIC ||
        st->src[2] != op->dst[0] ||
        (ra->info[i] | ra->info[i + 1] | ra->info[i + 2]) & RA_OPI_SKIP ||
        ra->info[i + 1] & RA_OPI_KEEP || !(ra->dead[i + 2] & 4) ||
        g->s->vals[t].kind != TCG_VAL_TEMP) {
        return false;
    }
    at = only_src(op, t);
    if (at < 0 || !(ra->dead[i + 1] >> at & 1)) {
        return false;
    }
    alu = x86_alu_of(op->opc);
    switch (op->opc) {
    case TCG_OP_add:
    case TCG_OP_and:
    case TCG_OP_or:
    case TCG_OP_xor:
        if (at == 1 && op->w < MO_32) {
            return false;
        }
        x = op->src[1 - at];
        break;
    case TCG_OP_sub:
        if (at) {
            return false;
        }
        x = op->src[1];
        break;
    case TCG_OP_neg:
    case TCG_OP_not:
        break;
    default:
        return false;
    }

    m = x86_address(g, st);
    if (!x) {
        x86_group3(&g->a, op->opc == TCG_OP_neg ? G3_NEG : G3_NOT, op->w, m);
    } else if (x86_imm(g, x, op->w, &imm)) {
        x86_alu_i(&g->a, alu, op->w, m, imm);
    } else {
        x86_alu_store(&g->a, alu, op->w, m, x86_use(g, x));
    }
    for (unsigned k = i; k <= i + 2; k++) {
        ra->cur = k;
        ra_op_end(ra);
    }
    g->i = i + 2;
    return true;
}

/* ---- atomics ---- */

/* The pinned register result @n will be in, as a set. */
static RASet pinned_dst(const X86Gen *g, unsigned n)
{
    TCGv v = g->op->dst[n];

    if (v && !is_pinned(g, v)) {
        v = g->ra.vals[v].hint;
    }
    return v && is_pinned(g, v) ? RA_BIT(g->s->vals[v].pinned) : 0;
}

/* As x86_dst_from(), but a guest register keeps its value for now. */
static unsigned safe_dst_from(X86Gen *g, TCGv a, RASet avoid)
{
    RASet dst = pinned_dst(g, 0);

    if (!(ra_where(&g->ra, a) < RA_NREGS &&
          dst & RA_BIT(ra_where(&g->ra, a)))) {
        avoid |= dst;
    }
    return x86_dst_from(g, g->op->dst[0], a, avoid);
}

static void zero_extend(X86Gen *g, unsigned d, unsigned s, TCGWidth w)
{
    if (w < MO_32) {
        x86_rr(&g->a, w == MO_8 ? X_MOVZX8 : X_MOVZX16, d, s);
    } else if (d != s || w == MO_32) {
        x86_mov(&g->a, w, d, s);
    }
}

/* The operand's address in a form that needs at most one temp, not @not. */
static X86Rm one_temp(X86Gen *g, X86Rm m, unsigned not)
{
    RASet regs = x86_rm_regs(m);
    unsigned t;

    if (!(regs & RA_BIT(not)) &&
        __builtin_popcountll(regs & ~g->ra.pinned) <= 1) {
        return m;
    }
    t = ra_scratch(&g->ra, TCG_I64, 0);
    x86_rm(&g->a, X_LEA | X_W, t, m);
    g->ra.locked = RA_BIT(t);
    return x86_mem(t, 0);
}

void gen_xchg(X86Gen *g, const TCGOp *op)
{
    X86Rm m = x86_address(g, op);
    unsigned d;

    m = one_temp(g, m, RA_NREGS - 1);
    d = safe_dst_from(g, op->src[2], x86_rm_regs(m));
    x86_rm(&g->a, x86_op_w(X_XCHG, op->w), d, m);
    if (!ra_dst_dead(&g->ra, 0)) {
        if (op->w < MO_32) {
            zero_extend(g, d, d, op->w);
        }
        ra_bind(&g->ra, op->dst[0], d);
    }
}

static X86Rm tmp_rm(unsigned n)
{
    return frame_rm(FRAME_TMP + n * 8);
}

/* The guest's rax and rdx to the frame: rax is free, faults are marked. */
static void borrow_rax(X86Gen *g)
{
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), X86_RAX, tmp_rm(0));
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), X86_RDX, tmp_rm(1));
}

/* The old value is in rax: give rax back and bind the result. */
static void return_rax(X86Gen *g, TCGWidth w)
{
    unsigned d;

    if (ra_dst_dead(&g->ra, 0)) {
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_RAX, tmp_rm(0));
        return;
    }
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), X86_RAX, tmp_rm(2));
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_RAX, tmp_rm(0));
    g->ra.locked = 0;
    d = ra_dst(&g->ra, g->op->dst[0], TCGV_NONE, TCGV_NONE, 0);
    x86_rm(&g->a, w == MO_8 ? X_MOVZX8 : w == MO_16 ? X_MOVZX16
           : x86_op_w(X_MOV_LOAD, w), d, tmp_rm(2));
    ra_bind(&g->ra, g->op->dst[0], d);
}

void gen_cmpxchg(X86Gen *g, const TCGOp *op)
{
    TCGv expected = op->src[2], new = op->src[3];
    X86Rm m = x86_address(g, op);
    bool in_rax = ra_where(&g->ra, expected) == X86_RAX;
    unsigned r, d, t;

    m = one_temp(g, m, in_rax ? RA_NREGS - 1 : X86_RAX);
    r = x86_use(g, new);
    if (in_rax) {
        RASet dst = pinned_dst(g, 0);

        if (dst == RA_BIT(X86_RAX)) {
            ra_write_pinned(&g->ra, X86_RAX);
            x86_rm(&g->a, x86_op_w(X_CMPXCHG, op->w) | X_LOCK, r, m);
            if (op->w != MO_64) {
                zero_extend(g, X86_RAX, X86_RAX, op->w);
            }
            ra_bind_dst(g, 0, X86_RAX);
            return;
        }
        t = ra_scratch(&g->ra, TCG_I64, 0);
        x86_mov(&g->a, MO_64, t, X86_RAX);
        x86_rm(&g->a, x86_op_w(X_CMPXCHG, op->w) | X_LOCK, r, m);
        if (ra_dst_dead(&g->ra, 0)) {
            x86_mov(&g->a, MO_64, X86_RAX, t);
            return;
        }
        /* old value to t, the guest's rax back */
        x86_rr(&g->a, X_XCHG | 1 | X_W, t, X86_RAX);
        g->ra.locked = RA_BIT(t);
        zero_extend(g, t, t, op->w);
        d = t;
        ra_bind(&g->ra, op->dst[0], d);
        return;
    }
    if (r == X86_RAX) {
        r = ra_scratch(&g->ra, TCG_I64, 0);
        x86_mov(&g->a, MO_64, r, X86_RAX);
    }
    borrow_rax(g);
    x86_load_to(g, X86_RAX, expected);
    x86_8(&g->a, X86_DIV_MARK);
    x86_rm(&g->a, x86_op_w(X_CMPXCHG, op->w) | X_LOCK, r, m);
    return_rax(g, op->w);
}

/* lock op [m], v */
static void locked_alu(X86Gen *g, const TCGOp *op, unsigned alu, X86Rm m)
{
    int32_t imm;

    if (x86_imm(g, op->src[2], op->w, &imm)) {
        x86_8(&g->a, 0xf0);
        x86_alu_i(&g->a, alu, op->w, m, imm);
    } else {
        unsigned r = x86_use(g, op->src[2]);

        x86_op(&g->a, x86_op_w(alu * 8, op->w) | X_LOCK, r, 0, m, 0);
    }
}

void gen_atomic(X86Gen *g, const TCGOp *op)
{
    static const uint8_t alus[] = { ALU_ADD, ALU_AND, ALU_OR, ALU_XOR };
    unsigned alu = alus[op->opc - TCG_OP_atomic_add], d, t, v = 0;
    X86Rm m = x86_address(g, op);
    uint8_t *again;
    int32_t imm;
    bool is_imm;

    if (!op->dst[0] || ra_dst_dead(&g->ra, 0)) {
        locked_alu(g, op, alu, m);
        return;
    }
    if (alu == ALU_ADD) {
        m = one_temp(g, m, RA_NREGS - 1);
        d = safe_dst_from(g, op->src[2], x86_rm_regs(m));
        x86_rm(&g->a, x86_op_w(X_XADD, op->w) | X_LOCK, d, m);
        if (op->w < MO_32) {
            zero_extend(g, d, d, op->w);
        }
        ra_bind(&g->ra, op->dst[0], d);
        return;
    }
    /* compare and exchange until nobody was in between */
    m = one_temp(g, m, X86_RAX);
    is_imm = x86_imm(g, op->src[2], op->w, &imm);
    if (!is_imm) {
        v = x86_use(g, op->src[2]);
        if (v == X86_RAX) {
            v = ra_scratch(&g->ra, TCG_I64, 0);
            x86_mov(&g->a, MO_64, v, X86_RAX);
        }
    }
    t = ra_scratch(&g->ra, TCG_I64, 0);
    borrow_rax(g);
    x86_8(&g->a, X86_DIV_MARK);
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, op->w), X86_RAX, m);
    again = g->a.p;
    x86_mov(&g->a, MO_64, t, X86_RAX);
    if (is_imm) {
        x86_alu_i(&g->a, alu, op->w, x86_reg(t), imm);
    } else {
        x86_alu(&g->a, alu, op->w, t, x86_reg(v));
    }
    x86_8(&g->a, X86_DIV_MARK);
    x86_rm(&g->a, x86_op_w(X_CMPXCHG, op->w) | X_LOCK, t, m);
    x86_jcc8_back(&g->a, CCC_NE, again);
    return_rax(g, op->w);
}

void gen_mb(X86Gen *g, const TCGOp *op)
{
    /* a locked operation on the stack: a full barrier, cheaper than mfence */
    x86_8(&g->a, 0xf0);
    x86_alu_i(&g->a, ALU_OR, MO_32, frame_rm(FRAME_TMP), 0);
}

/* ---- CPU state ---- */

void gen_ld_env(X86Gen *g, const TCGOp *op)
{
    unsigned d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);

    x86_rm(&g->a, op->w == MO_8 ? X_MOVZX8 : op->w == MO_16 ? X_MOVZX16
           : x86_op_w(X_MOV_LOAD, op->w), d, env_rm(op->imm));
    ra_bind_dst(g, 0, d);
}

void gen_st_env(X86Gen *g, const TCGOp *op)
{
    int32_t imm;

    if (x86_imm(g, op->src[0], op->w, &imm)) {
        x86_store_i(&g->a, op->w, env_rm(op->imm), imm);
    } else {
        x86_rm(&g->a, x86_op_w(X_MOV_STORE, op->w), x86_use(g, op->src[0]),
               env_rm(op->imm));
    }
}

void gen_lea_env(X86Gen *g, const TCGOp *op)
{
    unsigned d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);

    x86_rm(&g->a, X_LEA | X_W, d, env_rm(op->imm));
    ra_bind_dst(g, 0, d);
}

void gen_ld_mxcsr(X86Gen *g, const TCGOp *op)
{
    X86Rm m = env_rm(g->s->env_mxcsr);

    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_32), x86_use(g, op->src[0]), m);
    x86_rm(&g->a, X_GROUP15, 2, m);
}

void gen_st_mxcsr(X86Gen *g, const TCGOp *op)
{
    X86Rm m = env_rm(g->s->env_mxcsr);
    unsigned d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);

    x86_rm(&g->a, X_GROUP15, 3, m);
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_32), d, m);
    ra_bind_dst(g, 0, d);
}
