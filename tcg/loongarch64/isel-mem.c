/*
 * Instruction selection: guest memory, atomics, and fields of the CPU state.
 *
 * Atomics of 32 and 64 bits are the host's when the address is aligned, those
 * of 8 and 16 bits change the aligned word around them.  The rest is done in C,
 * behind a probe of both ends that faults in the unit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

typedef void LoadFn(LAAsm *a, unsigned d, unsigned j, int64_t disp);
typedef void IndexFn(LAAsm *a, unsigned d, unsigned j, unsigned k);

static LoadFn *const load_u[4] = { la_ld_bu, la_ld_hu, la_ld_wu, la_ld_d };
static LoadFn *const load_s[4] = { la_ld_b, la_ld_h, la_ld_w, la_ld_d };
static IndexFn *const loadx_u[4] = { la_ldx_bu, la_ldx_hu, la_ldx_wu,
                                     la_ldx_d };
static IndexFn *const loadx_s[4] = { la_ldx_b, la_ldx_h, la_ldx_w, la_ldx_d };
static LoadFn *const store[4] = { la_st_b, la_st_h, la_st_w, la_st_d };
static IndexFn *const storex[4] = { la_stx_b, la_stx_h, la_stx_w, la_stx_d };

void gen_ld(LAGen *g, const TCGOp *op)
{
    bool sign = op->opc != TCG_OP_ld;
    unsigned bits = 8u << op->w, d;
    LAMem m;

    la_order(g, LA_ORDER_LD, op->flags & TCG_F_ATOMIC);
    m = la_address(g, op, 12, true);
    d = la_dst(g, 0, op->src[0], op->src[1]);
    if (m.index) {
        (sign ? loadx_s : loadx_u)[op->w](&g->a, d, m.base, m.index);
    } else {
        (sign ? load_s : load_u)[op->w](&g->a, d, m.base, m.disp);
    }
    if (!sign) {
        la_bind(g, 0, d, bits, 64);
    } else if (op->opc == TCG_OP_lds64) {
        la_bind(g, 0, d, 64, bits);
    } else {
        la_bind32(g, d, 64, MIN(bits, 32));
    }
}

void gen_st(LAGen *g, const TCGOp *op)
{
    unsigned v;
    LAMem m;

    la_order(g, LA_ORDER_ST, op->flags & TCG_F_ATOMIC);
    v = op->w == MO_64 ? la_use(g, op->src[2]) : la_low(g, op->src[2]);
    m = la_address(g, op, 12, true);
    if (m.index) {
        storex[op->w](&g->a, v, m.base, m.index);
    } else {
        store[op->w](&g->a, v, m.base, m.disp);
    }
}

void gen_lea(LAGen *g, const TCGOp *op)
{
    bool wide = op->w == MO_64;
    LAMem m;
    unsigned d;

    if (wide && op->src[0] && op->src[1] && op->cond && op->imm == 0 &&
        !la_is_const(g, op->src[0]) && !la_is_const(g, op->src[1])) {
        unsigned j = la_use(g, op->src[0]), k = la_use(g, op->src[1]);

        d = la_dst(g, 0, op->src[0], op->src[1]);
        la_alsl_d(&g->a, d, k, j, op->cond);
        la_bind(g, 0, d, 64, 64);
        return;
    }
    m = la_address(g, op, 12, true);
    d = la_dst(g, 0, op->src[0], op->src[1]);
    if (m.index) {
        (wide ? la_add_d : la_add_w)(&g->a, d, m.base, m.index);
    } else {
        (wide ? la_addi_d : la_addi_w)(&g->a, d, m.base, m.disp);
    }
    if (wide) {
        la_bind(g, 0, d, 64, 64);
    } else {
        la_bind_dirty(g, 0, d);
    }
}

/* ---- atomics ---- */

/* scratch[2..4] = address, operands; @arg = op | width << 8. */
static uint64_t slow_atomic(void *env, uint64_t arg, void *frame)
{
    const uint64_t *p = la_scratch(env);

    return tcg_atomic_rmw(arg & 0xff, arg >> 8, p[2], p[3], p[4]);
}

/* The address in a register that stays as it is, not TMP0 and TMP1. */
static unsigned atomic_address(LAGen *g, const TCGOp *op)
{
    RASet locked = g->ra.locked;
    LAMem m = la_address(g, op, 0, false);
    unsigned t;

    if (m.base != LA_TMP0) {
        return m.base;
    }
    /* its parts are needed no more: an atomic op takes many registers */
    g->ra.locked = locked;
    t = ra_scratch(&g->ra, TCG_I64, 0);
    la_form_any(g, t);
    la_mov(&g->a, t, LA_TMP0);
    return t;
}

/* Fault here, in the unit, if the operand is not readable and writable. */
static void probe(LAGen *g, unsigned addr, TCGWidth w)
{
    LAAsm *a = &g->a;

    la_mov(a, LA_TMP0, addr);
    for (unsigned end = 0; end < (w == MO_8 ? 1u : 2u); end++) {
        if (end) {
            la_addi_d(a, LA_TMP0, addr, (1 << w) - 1);
        }
        la_ld_b(a, LA_TMP1, LA_TMP0, 0);
        la_bstrins_d(a, LA_TMP0, LA_ZERO, 2, 0);
        la_amor_db_d(a, LA_TMP1, LA_ZERO, LA_TMP0);
    }
}

/* TMP0 = old value; the operands in registers. */
static void atomic_in_c(LAGen *g, const TCGOp *op, unsigned addr, unsigned a,
                        unsigned b)
{
    probe(g, addr, op->w);
    la_st_d(&g->a, addr, LA_ENV, LA_SCRATCH(g, 2));
    la_st_d(&g->a, a, LA_ENV, LA_SCRATCH(g, 3));
    la_st_d(&g->a, b, LA_ENV, LA_SCRATCH(g, 4));
    la_li(&g->a, LA_TMP1, op->opc | op->w << 8);
    la_slow_call(g, slow_atomic);
}

/* The old value, zero-extended from the width but for 32 bits, is in TMP0. */
static void take_old(LAGen *g, const TCGOp *op)
{
    unsigned d;

    if (!op->dst[0] || ra_dst_dead(&g->ra, 0)) {
        return;
    }
    d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
    if (op->w == MO_32) {
        la_slli_w(&g->a, d, LA_TMP0, 0);
        la_bind_dirty(g, 0, d);
    } else {
        la_mov(&g->a, d, LA_TMP0);
        la_bind(g, 0, d, 8u << op->w, 64);
    }
}

/* Leave for the stub unless the address is aligned. */
static LAStub *check_aligned(LAGen *g, const TCGOp *op, unsigned addr,
                             unsigned a, unsigned b)
{
    LAStub *stub;

    la_upper_spill(g);
    la_andi(&g->a, LA_TMP0, addr, (1 << op->w) - 1);
    stub = la_stub(g, STUB_ATOMIC, g->i, g->a.p);
    stub->addr = addr;
    stub->a = a;
    stub->b = b;
    stub->mark = g->s->nb_marks - 1;
    la_bnez(&g->a, LA_TMP0, 0);
    return stub;
}

void la_emit_atomic_stub(LAGen *g, LAStub *stub)
{
    TCGContext *s = g->s;
    TCGInsnMark m = s->marks[stub->mark];

    m.code_offset = (uint8_t *)g->a.p - (uint8_t *)g->start;
    s->marks[s->nb_marks++] = m;
    atomic_in_c(g, &s->ops[stub->n], stub->addr, stub->a, stub->b);
    la_b(&g->a, (uint8_t *)stub->back - (uint8_t *)g->a.p);
}

/* Leave for the stub if 16 bits at @addr are in two words. */
static LAStub *check_in_word(LAGen *g, const TCGOp *op, unsigned addr,
                             unsigned a, unsigned b)
{
    LAStub *stub;

    if (op->w == MO_8) {
        return NULL;
    }
    la_upper_spill(g);
    la_andi(&g->a, LA_TMP0, addr, 3);
    la_addi_d(&g->a, LA_TMP0, LA_TMP0, -3);
    stub = la_stub(g, STUB_ATOMIC, g->i, g->a.p);
    stub->addr = addr;
    stub->a = a;
    stub->b = b;
    stub->mark = g->s->nb_marks - 1;
    la_beqz(&g->a, LA_TMP0, 0);
    return stub;
}

/* TMP1 = what TMP0 (and bits above the width) becomes, changed bits only. */
static void narrow_change(LAGen *g, const TCGOp *op, unsigned v)
{
    LAAsm *a = &g->a;

    switch (op->opc) {
    case TCG_OP_xchg:
    case TCG_OP_cmpxchg:
        la_xor(a, LA_TMP1, LA_TMP0, v);
        break;
    case TCG_OP_atomic_xor:
        la_mov(a, LA_TMP1, v);
        break;
    case TCG_OP_atomic_add:
        la_add_d(a, LA_TMP1, LA_TMP0, v);
        la_xor(a, LA_TMP1, LA_TMP1, LA_TMP0);
        break;
    case TCG_OP_atomic_and:
        la_andn(a, LA_TMP1, LA_TMP0, v);
        break;
    default:
        la_andn(a, LA_TMP1, v, LA_TMP0);
        break;
    }
}

/*
 * 8 or 16 bits: TMP0 = old value.  @v is the operand or new value; @expected that
 * of cmpxchg, zero-extended, or RA_NOREG.
 */
static void narrow_atomic(LAGen *g, const TCGOp *op, unsigned addr,
                          unsigned expected, unsigned v)
{
    LAAsm *a = &g->a;
    unsigned bits = 8u << op->w, word, shift;
    bool compare = expected != RA_NOREG;
    LAStub *stub = check_in_word(g, op, addr, compare ? expected : v,
                                 compare ? v : LA_ZERO);
    uint32_t *again, *out = NULL, *done;

    word = ra_scratch(&g->ra, TCG_I64, 0);
    la_form_any(g, word);
    shift = ra_scratch(&g->ra, TCG_I64, 0);
    la_form_any(g, shift);
    la_mov(a, word, addr);
    la_bstrins_d(a, word, LA_ZERO, 1, 0);
    la_slli_d(a, shift, addr, 3);
    if (g->s->tso) {
        la_dbar(a, 0);
    }
    again = a->p;
    la_ll_w(a, LA_TMP2, word, 0);
    la_srl_w(a, LA_TMP0, LA_TMP2, shift);
    if (compare) {
        la_bstrpick_d(a, LA_TMP0, LA_TMP0, bits - 1, 0);
        out = la_jcc(g, la_test(LA_T_NE, LA_TMP0, expected));
    }
    narrow_change(g, op, v);
    la_bstrpick_d(a, LA_TMP1, LA_TMP1, bits - 1, 0);
    la_sll_w(a, LA_TMP1, LA_TMP1, shift);
    la_xor(a, LA_TMP1, LA_TMP1, LA_TMP2);
    la_sc_w(a, LA_TMP1, word, 0);
    la_beqz(a, LA_TMP1, (uint8_t *)again - (uint8_t *)a->p);
    if (compare) {
        done = la_jcc(g, la_test(LA_T_ALWAYS, 0, 0));
        la_here(g, out);
        /* x86 writes even so: fault if that is not allowed */
        la_amor_db_w(a, LA_TMP1, LA_ZERO, word);
        la_here(g, done);
    } else {
        la_bstrpick_d(a, LA_TMP0, LA_TMP0, bits - 1, 0);
    }
    if (g->s->tso) {
        la_dbar(a, 0);
    }
    if (stub) {
        stub->back = a->p;
    }
}

/* TMP0 = old value by an instruction of the host. */
static void am_insn(LAGen *g, const TCGOp *op, unsigned v, unsigned addr)
{
    bool wide = op->w == MO_64;

    switch (op->opc) {
    case TCG_OP_xchg:
        (wide ? la_amswap_db_d : la_amswap_db_w)(&g->a, LA_TMP0, v, addr);
        break;
    case TCG_OP_atomic_add:
        (wide ? la_amadd_db_d : la_amadd_db_w)(&g->a, LA_TMP0, v, addr);
        break;
    case TCG_OP_atomic_and:
        (wide ? la_amand_db_d : la_amand_db_w)(&g->a, LA_TMP0, v, addr);
        break;
    case TCG_OP_atomic_or:
        (wide ? la_amor_db_d : la_amor_db_w)(&g->a, LA_TMP0, v, addr);
        break;
    default:
        (wide ? la_amxor_db_d : la_amxor_db_w)(&g->a, LA_TMP0, v, addr);
        break;
    }
}

void gen_atomic(LAGen *g, const TCGOp *op)
{
    unsigned addr = atomic_address(g, op);
    unsigned v = op->w == MO_64 ? la_use(g, op->src[2])
                                : la_low(g, op->src[2]);
    LAStub *stub;

    if (op->w < MO_32) {
        narrow_atomic(g, op, addr, RA_NOREG, v);
    } else {
        stub = check_aligned(g, op, addr, v, LA_ZERO);
        am_insn(g, op, v, addr);
        stub->back = g->a.p;
    }
    g->order = 0;
    take_old(g, op);
}

void gen_xchg(LAGen *g, const TCGOp *op)
{
    gen_atomic(g, op);
}

void gen_cmpxchg(LAGen *g, const TCGOp *op)
{
    LAAsm *a = &g->a;
    bool wide = op->w == MO_64;
    unsigned addr = atomic_address(g, op), t, expected, new;
    uint32_t *again, *out, *done;
    LAStub *stub;

    if (op->w < MO_32) {
        t = ra_scratch(&g->ra, TCG_I64, 0);
        la_form_any(g, t);
        expected = la_zext(g, op->src[2], op->w, t);
        new = la_low(g, op->src[3]);
        narrow_atomic(g, op, addr, expected, new);
        g->order = 0;
        take_old(g, op);
        return;
    }
    t = ra_scratch(&g->ra, TCG_I64, 0);
    la_form_any(g, t);
    expected = la_sext(g, op->src[2], op->w, t);
    new = wide ? la_use(g, op->src[3]) : la_low(g, op->src[3]);
    stub = check_aligned(g, op, addr, expected, new);
    if (g->s->tso) {
        la_dbar(a, 0);
    }
    again = a->p;
    (wide ? la_ll_d : la_ll_w)(a, LA_TMP0, addr, 0);
    out = la_jcc(g, la_test(LA_T_NE, LA_TMP0, expected));
    la_mov(a, LA_TMP1, new);
    (wide ? la_sc_d : la_sc_w)(a, LA_TMP1, addr, 0);
    la_beqz(a, LA_TMP1, (uint8_t *)again - (uint8_t *)a->p);
    done = la_jcc(g, la_test(LA_T_ALWAYS, 0, 0));
    la_here(g, out);
    /* x86 writes even so: fault if that is not allowed */
    (wide ? la_amor_db_d : la_amor_db_w)(a, LA_TMP1, LA_ZERO, addr);
    la_here(g, done);
    if (g->s->tso) {
        la_dbar(a, 0);
    }
    stub->back = a->p;
    g->order = 0;
    take_old(g, op);
}

void gen_mb(LAGen *g, const TCGOp *op)
{
    la_dbar(&g->a, 0);
    g->order = 0;
}

/* ---- CPU state ---- */

/* A field of the CPU state, wherever it is. */
static LAMem field(LAGen *g, int64_t offset)
{
    if (la_fits_s(offset, 12)) {
        return (LAMem) { LA_ENV, 0, offset };
    }
    la_li(&g->a, LA_TMP0, offset);
    la_add_d(&g->a, LA_TMP0, LA_TMP0, LA_ENV);
    return (LAMem) { LA_TMP0, 0, 0 };
}

void gen_ld_env(LAGen *g, const TCGOp *op)
{
    LAMem m = field(g, op->imm);
    unsigned d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);

    load_u[op->w](&g->a, d, m.base, m.disp);
    la_bind(g, 0, d, 8u << op->w, 64);
}

void gen_st_env(LAGen *g, const TCGOp *op)
{
    unsigned v = op->w == MO_64 ? la_use(g, op->src[0])
                                : la_low(g, op->src[0]);
    LAMem m = field(g, op->imm);

    store[op->w](&g->a, v, m.base, m.disp);
}

void gen_lea_env(LAGen *g, const TCGOp *op)
{
    unsigned d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);

    if (la_fits_s(op->imm, 12)) {
        la_addi_d(&g->a, d, LA_ENV, op->imm);
    } else {
        la_li(&g->a, LA_TMP0, op->imm);
        la_add_d(&g->a, d, LA_TMP0, LA_ENV);
    }
    la_bind(g, 0, d, 64, 64);
}
