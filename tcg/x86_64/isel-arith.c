/*
 * Instruction selection: multiplication, division, and counting and moving
 * bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

/* ---- multiplication and division ---- */

void gen_mul(X86Gen *g, const TCGOp *op)
{
    TCGv a = op->src[0], b = op->src[1];
    TCGWidth w = op->w;
    int32_t imm;
    unsigned d, t;
    X86Rm rm;

    if (is_const(g, a) && w >= MO_32) {
        TCGv x = a;
        a = b;
        b = x;
    }
    if (w == MO_8) {
        /* no two-operand form: multiply in 32 bits, take the low byte */
        t = ra_scratch(&g->ra, TCG_I64, 0);
        x86_load_to(g, t, a);
        if (x86_imm(g, b, w, &imm)) {
            x86_op(&g->a, X_IMUL_I32, t, 0, x86_reg(t), 4);
            x86_32(&g->a, imm);
        } else {
            x86_rr(&g->a, X_IMUL, t, x86_use(g, b));
        }
        g->ra.locked = RA_BIT(t);
        d = x86_dst_from(g, op->dst[0], a, RA_BIT(t));
        x86_rr(&g->a, x86_op_w(X_MOV_LOAD, MO_8), d, t);
        ra_bind_dst(g, 0, d);
        return;
    }
    if (w >= MO_32 && x86_imm(g, b, w, &imm)) {
        rm = x86_operand(g, a);
        d = ra_dst(&g->ra, op->dst[0], a, TCGV_NONE, 0);
        if (imm == (int8_t)imm) {
            x86_rm_i8(&g->a, x86_op_w16(X_IMUL_I8, w), d, rm, imm);
        } else {
            x86_op(&g->a, x86_op_w16(X_IMUL_I32, w), d, 0, rm, 4);
            x86_32(&g->a, imm);
        }
        ra_bind_dst(g, 0, d);
        return;
    }
    if (w >= MO_32 && (b == op->dst[0] ||
                       (g->fold >= 0 && a == g->s->ops[g->fold].dst[0]))) {
        TCGv x = a;
        a = b;
        b = x;
    }
    rm = x86_operand(g, b);
    d = x86_dst_from(g, op->dst[0], a, a == b ? 0 : x86_rm_regs(rm));
    x86_rm(&g->a, x86_op_w16(X_IMUL, w), d, rm);
    ra_bind_dst(g, 0, d);
}

/* Is @v a global that lives in @reg? */
static bool lives_in(const X86Gen *g, TCGv v, unsigned reg)
{
    return is_pinned(g, v) && g->s->vals[v].pinned == reg;
}

/* Is the value of @v, a global or a constant, in pinned @reg? */
static bool is_in(const X86Gen *g, TCGv v, unsigned reg)
{
    return lives_in(g, v, reg) ||
           (is_const(g, v) && g->ra.known & RA_BIT(reg) &&
            g->ra.known_value[reg] == const_val(g, v));
}

/* Will result @v be in @reg, or in nothing? */
static bool goes_to(const X86Gen *g, TCGv v, unsigned reg)
{
    return lives_in(g, v, reg) ||
           (g->ra.vals[v].hint && lives_in(g, g->ra.vals[v].hint, reg));
}

static X86Rm tmp_rm(unsigned n)
{
    return frame_rm(FRAME_TMP + n * 8);
}

static void tmp_store(X86Gen *g, unsigned n, unsigned reg)
{
    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), reg, tmp_rm(n));
}

static void tmp_load(X86Gen *g, unsigned n, unsigned reg)
{
    x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), reg, tmp_rm(n));
}

/* Value to a frame slot. */
static void tmp_put(X86Gen *g, unsigned n, TCGv v)
{
    int32_t imm;

    if (x86_imm(g, v, MO_64, &imm)) {
        x86_store_i(&g->a, MO_64, tmp_rm(n), imm);
    } else {
        tmp_store(g, n, x86_use(g, v));
    }
}

/* Frame slot to a result. */
static void tmp_get(X86Gen *g, unsigned n, unsigned slot, TCGWidth w)
{
    unsigned d;

    if (g->op->dst[n] && !ra_dst_dead(&g->ra, n)) {
        d = ra_dst(&g->ra, g->op->dst[n], TCGV_NONE, TCGV_NONE, 0);
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, w), d, tmp_rm(slot));
        ra_bind_dst(g, n, d);
    }
}

/*
 * Operands and results elsewhere than in rax and rdx: through the frame.  The
 * guest's rax and rdx wait in slots 0 and 1 (fault.c knows).
 */
static void through_frame(X86Gen *g, const TCGOp *op, unsigned group,
                          unsigned nsrc, TCGv rm_src)
{
    bool div = group >= G3_DIV;

    tmp_store(g, 0, X86_RAX);
    tmp_store(g, 1, X86_RDX);
    tmp_put(g, 2, op->src[0]);
    if (nsrc == 3) {
        tmp_put(g, 3, op->src[1]);
    }
    tmp_put(g, 4, rm_src);
    tmp_load(g, 2, X86_RAX);
    if (nsrc == 3) {
        tmp_load(g, 3, X86_RDX);
    }
    if (div) {
        x86_8(&g->a, X86_DIV_MARK);
    }
    x86_group3(&g->a, group, op->w, tmp_rm(4));
    tmp_store(g, 2, X86_RAX);
    tmp_store(g, 3, X86_RDX);
    tmp_load(g, 0, X86_RAX);
    tmp_load(g, 1, X86_RDX);
    g->ra.locked = 0;
    tmp_get(g, 0, 2, op->w);
    tmp_get(g, 1, 3, op->w);
}

/* One instruction, its operands and results in the guest's own rax and rdx. */
static void in_place(X86Gen *g, const TCGOp *op, unsigned group, TCGv rm_src)
{
    X86Rm rm = x86_operand(g, rm_src);

    ra_write_pinned(&g->ra, X86_RAX);
    ra_write_pinned(&g->ra, X86_RDX);
    x86_group3(&g->a, group, op->w, rm);
    ra_bind_dst(g, 0, X86_RAX);
    ra_bind_dst(g, 1, X86_RDX);
}

/*
 * MULX takes one factor from rdx and has no preferences for the rest.  When
 * neither factor is there, rdx waits in a frame slot, if the temps suffice.
 */
static bool try_mulx(X86Gen *g, const TCGOp *op)
{
    TCGv a = op->src[0], b = op->src[1];
    unsigned ra = X86_RDX, rb, lo, hi, temps = 0;

    if (!have(X86_BMI2) || op->opc != TCG_OP_mulu2 || op->w < MO_32 ||
        !op->dst[1] || ra_dst_dead(&g->ra, 1)) {
        return false;
    }
    if (lives_in(g, b, X86_RDX)) {
        b = a;
    } else if (!lives_in(g, a, X86_RDX)) {
        temps = !is_pinned(g, a) + !is_pinned(g, b);
        for (unsigned n = 0; n < 2; n++) {
            temps += !is_pinned(g, op->dst[n]) && !g->ra.vals[op->dst[n]].hint;
        }
        if (temps > 3) {
            return false;
        }
        ra = x86_use(g, a);
    }
    rb = x86_use(g, b);
    if (rb == X86_RDX) {
        rb = ra;
        ra = X86_RDX;
    }
    if (!op->dst[0] || ra_dst_dead(&g->ra, 0)) {
        lo = hi = ra_dst(&g->ra, op->dst[1], TCGV_NONE, TCGV_NONE, 0);
    } else {
        lo = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);
        hi = ra_dst(&g->ra, op->dst[1], TCGV_NONE, TCGV_NONE, RA_BIT(lo));
    }
    if (ra != X86_RDX) {
        tmp_store(g, 1, X86_RDX);
        x86_mov(&g->a, MO_64, X86_RDX, ra);
    }
    x86_op(&g->a, X_MULX | (op->w == MO_64 ? X_W : 0), hi, lo, x86_reg(rb), 0);
    if (ra != X86_RDX && lo != X86_RDX && hi != X86_RDX) {
        tmp_load(g, 1, X86_RDX);
    }
    if (lo != hi) {
        ra_bind_dst(g, 0, lo);
    }
    ra_bind_dst(g, 1, hi);
    return true;
}

void gen_mul2(X86Gen *g, const TCGOp *op)
{
    unsigned group = op->opc == TCG_OP_mulu2 ? G3_MUL : G3_IMUL;
    TCGv a = op->src[0], b = op->src[1];
    unsigned d;
    X86Rm rm;

    if (is_const(g, a) || lives_in(g, b, X86_RAX)) {
        TCGv t = a;
        a = b;
        b = t;
    }
    if (lives_in(g, a, X86_RAX) && !is_const(g, b) && op->dst[1] &&
        goes_to(g, op->dst[0], X86_RAX) && goes_to(g, op->dst[1], X86_RDX)) {
        in_place(g, op, group, b);
    } else if (!op->dst[1] || ra_dst_dead(&g->ra, 1)) {
        rm = x86_operand(g, b);
        d = x86_dst_from(g, op->dst[0], a, a == b ? 0 : x86_rm_regs(rm));
        x86_rm(&g->a, x86_op_w16(X_IMUL, op->w), d, rm);
        ra_bind_dst(g, 0, d);
    } else if (!try_mulx(g, op)) {
        through_frame(g, op, group, 2, op->src[1]);
    }
}

void gen_div2(X86Gen *g, const TCGOp *op)
{
    unsigned group = op->opc == TCG_OP_divu2 ? G3_DIV : G3_IDIV;

    if (is_in(g, op->src[0], X86_RAX) && is_in(g, op->src[1], X86_RDX) &&
        !is_const(g, op->src[2]) &&
        op->dst[0] && goes_to(g, op->dst[0], X86_RAX) &&
        op->dst[1] && goes_to(g, op->dst[1], X86_RDX)) {
        in_place(g, op, group, op->src[2]);
    } else {
        through_frame(g, op, group, 3, op->src[2]);
    }
}

/* ---- bits ---- */

void gen_bswap(X86Gen *g, const TCGOp *op)
{
    unsigned d = x86_dst_from(g, op->dst[0], op->src[0], 0);

    if (op->w == MO_64 || d >= 8) {
        x86_8(&g->a, 0x40 | (op->w == MO_64) << 3 | d >> 3);
    }
    x86_8(&g->a, 0x0f);
    x86_8(&g->a, 0xc8 | (d & 7));
    ra_bind_dst(g, 0, d);
}

/* Population count by adding neighbours, for hosts without popcnt. */
static uint64_t soft_popcnt(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555ull;
    x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
    return x * 0x0101010101010101ull >> 56;
}

static TCG_HELPER_NO_VEC uint64_t soft_popcnt32(uint64_t x)
{
    return soft_popcnt((uint32_t)x);
}

static TCG_HELPER_NO_VEC uint64_t soft_popcnt64(uint64_t x)
{
    return soft_popcnt(x);
}

void gen_bits(X86Gen *g, const TCGOp *op)
{
    unsigned bits = 8u << op->w, d, t;
    X86Rm rm;

    if (op->opc == TCG_OP_popcnt && !have(X86_POPCNT)) {
        x86_call_gpr(g, op->dst[0],
                     (uintptr_t)(op->w == MO_64 ? soft_popcnt64
                                 : soft_popcnt32), 1, op->src);
        return;
    }
    rm = x86_operand(g, op->src[0]);
    if (op->opc == TCG_OP_popcnt ||
        (op->opc == TCG_OP_clz && have(X86_LZCNT)) ||
        (op->opc == TCG_OP_ctz && have(X86_BMI1))) {
        d = ra_dst(&g->ra, op->dst[0], op->src[0], TCGV_NONE, 0);
        x86_rm(&g->a, x86_op_w16(op->opc == TCG_OP_popcnt ? X_POPCNT
                                 : op->opc == TCG_OP_clz ? X_LZCNT
                                 : X_TZCNT, op->w), d, rm);
        ra_bind_dst(g, 0, d);
        return;
    }
    /* bsr and bsf leave their result undefined for 0: select by ZF */
    t = ra_scratch(&g->ra, TCG_I64, 0);
    d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, x86_rm_regs(rm));
    if (op->opc == TCG_OP_ctz) {
        x86_movi(&g->a, t, bits);
        x86_rm(&g->a, x86_op_w16(X_BSF, op->w), d, rm);
        x86_rr(&g->a, x86_op_w16(X_CMOVCC | CCC_E, op->w), d, t);
    } else {
        /* bits - 1 - bsr = bsr ^ (bits - 1); 0 gives (2 bits - 1) ^ same */
        x86_movi(&g->a, t, 2 * bits - 1);
        x86_rm(&g->a, x86_op_w16(X_BSR, op->w), d, rm);
        x86_rr(&g->a, x86_op_w16(X_CMOVCC | CCC_E, op->w), d, t);
        x86_alu_i(&g->a, ALU_XOR, MO_32, x86_reg(d), bits - 1);
    }
    ra_bind_dst(g, 0, d);
}

static TCG_HELPER_NO_VEC uint64_t soft_pdep(uint64_t x, uint64_t mask)
{
    uint64_t r = 0;

    for (; mask; mask &= mask - 1, x >>= 1) {
        if (x & 1) {
            r |= mask & -mask;
        }
    }
    return r;
}

static TCG_HELPER_NO_VEC uint64_t soft_pext(uint64_t x, uint64_t mask)
{
    uint64_t r = 0;

    for (uint64_t bit = 1; mask; mask &= mask - 1, bit <<= 1) {
        if (x & mask & -mask) {
            r |= bit;
        }
    }
    return r;
}

static TCG_HELPER_NO_VEC uint64_t soft_pdep32(uint64_t x, uint64_t mask)
{
    return soft_pdep(x, (uint32_t)mask);
}

static TCG_HELPER_NO_VEC uint64_t soft_pext32(uint64_t x, uint64_t mask)
{
    return soft_pext(x, (uint32_t)mask);
}

void gen_pdep(X86Gen *g, const TCGOp *op)
{
    static uint64_t (*const soft[2][2])(uint64_t, uint64_t) = {
        { soft_pext32, soft_pext }, { soft_pdep32, soft_pdep },
    };
    bool dep = op->opc == TCG_OP_pdep;
    unsigned a, d;
    X86Rm rm;

    if (!have(X86_BMI2)) {
        x86_call_gpr(g, op->dst[0],
                     (uintptr_t)soft[dep][op->w == MO_64], 2, op->src);
        return;
    }
    a = x86_use(g, op->src[0]);
    rm = is_const(g, op->src[1]) ? x86_reg(x86_use(g, op->src[1]))
                                 : x86_operand(g, op->src[1]);
    d = ra_dst(&g->ra, op->dst[0], op->src[0], op->src[1], 0);
    x86_op(&g->a, (dep ? X_PDEP : X_PEXT) | (op->w == MO_64 ? X_W : 0), d, a,
           rm, 0);
    ra_bind_dst(g, 0, d);
}
