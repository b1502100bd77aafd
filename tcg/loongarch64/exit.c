/*
 * Getting into units and out of them: the code emitted once, exits and their
 * stubs, the jump cache probe and the shadow return stack.
 *
 * Behind the end of a unit's main path temps are dead: a0 ... are free there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "../host.h"
#include <sys/mman.h>

LACommon la_common;

/* ---- code that changes ---- */

/*
 * An emulated host may go on with its translation of what was at an address
 * when the write came through the other mapping; it drops that when the page
 * becomes writable.  Real CPUs need nothing but the barrier.
 */
static bool stale_alias;

static void probe_alias(TCGCodeBuf buf)
{
    uint64_t (*fn)(void) = (void *)buf.rx;
    LAAsm a = { .p = (uint32_t *)buf.rw };

    la_ori(&a, LA_A0, LA_ZERO, 1);
    la_jirl(&a, LA_ZERO, LA_RA, 0);
    __asm__ volatile("ibar 0" : : : "memory");
    fn();
    a.p = (uint32_t *)buf.rw;
    la_ori(&a, LA_A0, LA_ZERO, 2);
    __asm__ volatile("ibar 0" : : : "memory");
    stale_alias = fn() != 2;
}

void la_replaced(const void *rx, size_t size)
{
    uintptr_t page = getpagesize(), start = (uintptr_t)rx & -page;

    if (stale_alias) {
        size = ROUND_UP((uintptr_t)rx + size, page) - start;
        mprotect((void *)start, size, PROT_READ | PROT_WRITE | PROT_EXEC);
        mprotect((void *)start, size, PROT_READ | PROT_EXEC);
    }
    __asm__ volatile("ibar 0" : : : "memory");
}

void la_patch(const uint8_t *rx, uint8_t *rw, uint32_t offset, int64_t rel)
{
    uint32_t insn;
    LAAsm a = { .p = &insn };

    la_b(&a, rel);
    __atomic_store_n((uint32_t *)(rw + offset), insn, __ATOMIC_RELEASE);
    la_replaced(rx + offset, 4);
}

void la_patch_exit(const TCGExit *e, const uint8_t *rx, uint8_t *rw,
                   const void *target)
{
    const uint8_t *at = rx + e->jump_offset;
    int64_t rel = target ? (const uint8_t *)target - at : 0;

    if (!target || !la_fits_s(rel >> 2, 26)) {
        /* too far: the engine finds the way each time */
        rel = (int64_t)e->stub_offset - e->jump_offset;
    }
    la_patch(rx, rw, e->jump_offset, rel);
    if (e->shortcut) {
        la_upper_patch(rx, rw, e, target == rx);
    }
}

/* ---- exits to known pcs ---- */

/*
 * `ld.64 t, [m]; ld.32 h, [m + 4]; brcond h > 0x7fff`, as returns begin, is a test
 * of t here.
 */
static void join_halves(LAGen *g, unsigned i)
{
    const TCGOp *ops = &g->s->ops[i];

    if (i + 2 < g->s->nb_ops && ops[0].opc == TCG_OP_ld &&
        ops[0].w == MO_64 && ops[1].opc == TCG_OP_ld && ops[1].w == MO_32 &&
        ops[0].src[0] == ops[1].src[0] && !ops[0].src[1] && !ops[1].src[1] &&
        ops[0].src[0] != ops[0].dst[0] && ops[1].imm == ops[0].imm + 4 &&
        ops[2].opc == TCG_OP_brcond && ops[2].w == MO_32 &&
        ops[2].cond == TCG_COND_GTU && ops[2].src[0] == ops[1].dst[0] &&
        la_is_const(g, ops[2].src[1]) &&
        la_const_val(g, ops[2].src[1]) == 0x7fff &&
        g->s->vals[ops[0].dst[0]].kind == TCG_VAL_TEMP) {
        g->ra.info[i + 1] |= RA_OPI_SKIP;
        g->ra.info[i + 2] |= RA_OPI_USER;
    }
}

void la_scan_structure(LAGen *g)
{
    la_vec_scan(g);
    for (unsigned i = 0; i < g->s->nb_ops; i++) {
        if (g->s->ops[i].opc == TCG_OP_ld) {
            join_halves(g, i);
        }
    }
    g->failed |= !tcg_number_exits(g->s, g->exit_of, g->label_op);
}

static uint32_t offset_here(const LAGen *g)
{
    return (uint8_t *)g->a.p - (uint8_t *)g->start;
}

LAStub *la_stub(LAGen *g, LAStubKind kind, unsigned n, uint32_t *insn)
{
    LAStub *stub;

    if (g->nb_stubs == LA_MAX_STUBS) {
        g->failed = true;
        g->nb_stubs = 0;
    }
    stub = &g->stubs[g->nb_stubs++];
    memset(stub, 0, offsetof(LAStub, forms));
    stub->kind = kind;
    stub->n = n;
    stub->insn = insn;
    stub->forms = g->forms;
    return stub;
}

void la_jump_label(LAGen *g, uint32_t *insn, unsigned label)
{
    if (g->s->labels[label].side) {
        ra_side_branch(&g->ra, label);
        g->label_forms[label] = g->forms;
    }
    if (g->label_at[label]) {
        la_set_branch(insn, (uint8_t *)g->label_at[label] - (uint8_t *)insn);
    } else if (g->nb_fixups == LA_MAX_FIXUPS) {
        g->failed = true;
    } else {
        g->fixups[g->nb_fixups++] = (LAFixup) { insn, label };
    }
}

/* Careful code leaves by the exits of the fast code, which are patched. */
static void goto_exit(LAGen *g, unsigned n)
{
    la_b(&g->a, (int64_t)g->s->exits[n].jump_offset - offset_here(g));
}

/* Guest registers as other units want them. */
static void canonical(LAGen *g)
{
    la_settle(g, la_pinned_gprs);
    la_upper_flush(g);
}

void gen_exit_direct(LAGen *g, const TCGOp *op)
{
    unsigned n = g->exit_of[g->i];

    if (op->flags & TCG_F_CC_STORE) {
        la_store_cc(g, op, 1);
    }
    la_settle(g, la_pinned_gprs);
    la_upper_back(g, n);
    la_upper_flush(g);
    if (g->careful) {
        goto_exit(g, n);
        return;
    }
    g->s->exits[n].jump_offset = offset_here(g);
    la_stub(g, STUB_EXIT, n, g->a.p);
    la_b(&g->a, 0);
    la_upper_note(g, n);
}

/* ---- indirect exits ---- */

/* The register of the target; everything else is done for. */
static unsigned leave_with_pc(LAGen *g, const TCGOp *op)
{
    unsigned pc;

    if (op->flags & TCG_F_CC_STORE) {
        la_store_cc(g, op, 1);
    }
    pc = la_use(g, op->src[0]);
    canonical(g);
    return pc;
}

/* To common code that wants the target in TMP0, unless the test holds. */
static void unless(LAGen *g, LATest t, unsigned pc, const void *target)
{
    uint32_t *hit = la_jcc(g, t);

    if (pc != LA_TMP0) {
        la_mov(&g->a, LA_TMP0, pc);
    }
    la_goto(g, target);
    la_here(g, hit);
}

/* Go on at the guest pc in @pc, not TMP0 or TMP1, if the jump cache knows it. */
static void probe_jmp_cache(LAGen *g, unsigned pc)
{
    LAAsm *a = &g->a;

    la_ld_d(a, LA_TMP1, LA_ENV, LA_COMMON(g, jmp_cache));
    la_srli_d(a, LA_TMP0, pc, TB_JMP_CACHE_BITS);
    la_xor(a, LA_TMP0, LA_TMP0, pc);
    la_bstrpick_d(a, LA_TMP0, LA_TMP0, TB_JMP_CACHE_BITS - 1, 0);
    la_alsl_d(a, LA_TMP0, LA_TMP0, LA_TMP1,
              __builtin_ctz(sizeof(TBJmpCacheEntry)));
    la_ld_d(a, LA_TMP1, LA_TMP0, offsetof(TBJmpCacheEntry, pc));
    unless(g, la_test(LA_T_EQ, LA_TMP1, pc), pc, la_common.exit_pc);
    la_ld_d(a, LA_TMP1, LA_TMP0, offsetof(TBJmpCacheEntry, code));
    la_jirl(a, LA_ZERO, LA_TMP1, 0);
}

void gen_exit_indirect(LAGen *g, const TCGOp *op)
{
    probe_jmp_cache(g, leave_with_pc(g, op));
}

/*
 * The shadow return stack is a ring that is aligned to its size.  LA_RING points
 * to its top entry; adding to the low bits alone wraps around.
 */
#define RING_BITS __builtin_ctz(RETURN_STACK_SIZE * 8)

static void move_top(LAGen *g, int entries)
{
    la_addi_d(&g->a, LA_TMP0, LA_RING, entries * 8);
    la_bstrins_d(&g->a, LA_RING, LA_TMP0, RING_BITS - 1, 0);
}

/* Jump to the top entry and pop it. */
static void take_return(LAGen *g)
{
    la_ld_d(&g->a, LA_TMP1, LA_RING, RETURN_STACK_CODE);
    move_top(g, -1);
    la_jirl(&g->a, LA_ZERO, LA_TMP1, 0);
}

void gen_exit_ret(LAGen *g, const TCGOp *op)
{
    unsigned pc = leave_with_pc(g, op);

    la_ld_d(&g->a, LA_TMP1, LA_RING, 0);
    unless(g, la_test(LA_T_EQ, LA_TMP1, pc), pc, la_common.ret_miss);
    take_return(g);
}

/*
 * The top entry is for another return: calls without returns (setjmp, a read
 * of the program counter) left some behind.  Look a few entries further down,
 * then in the jump cache.
 */
static void gen_ret_miss(LAGen *g)
{
    enum { DEPTH = 6 };
    LAAsm *a = &g->a;
    uint32_t *hit[DEPTH];

    la_mov(a, LA_A0, LA_TMP0);
    la_mov(a, LA_A1, LA_RING);
    for (unsigned k = 0; k < DEPTH; k++) {
        move_top(g, -1);
        la_ld_d(a, LA_TMP1, LA_RING, 0);
        hit[k] = la_jcc(g, la_test(LA_T_EQ, LA_TMP1, LA_A0));
    }
    la_mov(a, LA_RING, LA_A1);
    probe_jmp_cache(g, LA_A0);
    for (unsigned k = 0; k < DEPTH; k++) {
        la_here(g, hit[k]);
    }
    take_return(g);
}

void gen_push_ret(LAGen *g, const TCGOp *op)
{
    unsigned pc = la_const_reg(g, op->imm);

    move_top(g, 1);
    la_st_d(&g->a, pc, LA_RING, 0);
    /* where the callee returns to */
    la_stub(g, STUB_RETURN, g->exit_of[g->i], g->a.p);
    la_pcaddi(&g->a, LA_TMP1, 0);
    la_st_d(&g->a, LA_TMP1, LA_RING, RETURN_STACK_CODE);
}

/* Between the register and the CPU state. */
static void load_ring(LAGen *g, unsigned t)
{
    la_ld_wu(&g->a, t, LA_ENV, LA_COMMON(g, return_stack_top));
    la_ld_d(&g->a, LA_RING, LA_ENV, LA_COMMON(g, return_stack));
    la_slli_d(&g->a, t, t, 3);
    la_or(&g->a, LA_RING, LA_RING, t);
}

static void store_ring(LAGen *g, unsigned t)
{
    la_bstrpick_d(&g->a, t, LA_RING, RING_BITS - 1, 3);
    la_st_w(&g->a, t, LA_ENV, LA_COMMON(g, return_stack_top));
}

/* ---- leaving for the engine ---- */

static void set_state(LAGen *g, int exception)
{
    la_li(&g->a, LA_TMP0, exception);
    la_st_w(&g->a, LA_TMP0, LA_ENV, LA_COMMON(g, exception_index));
    la_goto(g, la_common.exit_state);
}

void gen_exit_reason(LAGen *g, const TCGOp *op)
{
    if (op->flags & TCG_F_CC_STORE) {
        la_store_cc(g, op, 1);
    }
    la_st_d(&g->a, la_use(g, op->src[0]), LA_ENV, g->s->env_rip);
    canonical(g);
    set_state(g, op->imm);
}

void gen_poll(LAGen *g, const TCGOp *op)
{
    uint8_t rec[3] = { 0 };
    LAStub *stub;

    if (op->flags & TCG_F_CC_STORE) {
        la_place_cc(g, op, 1, rec);
    }
    la_ld_wu(&g->a, LA_TMP0, LA_ENV, LA_COMMON(g, interrupt_request));
    stub = la_stub(g, STUB_POLL, g->i, g->a.p);
    memcpy(stub->rec, rec, sizeof(rec));
    la_bnez(&g->a, LA_TMP0, 0);
}

static void emit_poll_stub(LAGen *g, const LAStub *stub)
{
    const TCGOp *op = &g->s->ops[stub->n];

    if (op->flags & TCG_F_CC_STORE) {
        la_store_cc_at(g, op, 1, stub->rec);
    }
    la_li(&g->a, LA_TMP0, op->imm);
    la_st_d(&g->a, LA_TMP0, LA_ENV, g->s->env_rip);
    canonical(g);
    set_state(g, EXCP_INTERRUPT);
}

void la_emit_stubs(LAGen *g)
{
    for (unsigned k = 0; k < g->nb_stubs; k++) {
        LAStub *stub = &g->stubs[k];
        TCGExit *e = &g->s->exits[stub->n];
        int64_t rel = (uint8_t *)g->a.p - (uint8_t *)stub->insn;
        uint32_t *at;

        if (g->end - g->a.p < 128) {
            return;
        }
        g->forms = stub->forms;
        if (stub->kind == STUB_RETURN) {
            *stub->insn = LA_OP_pcaddi | la_f(LA_TMP1, 0) |
                          la_s(rel >> 2, 20, 0, 5);
        } else {
            la_set_branch(stub->insn, rel);
        }
        switch (stub->kind) {
        case STUB_SIDE:
            la_settle(g, la_pinned_gprs);
            la_upper_back(g, stub->n);
            la_upper_flush(g);
            if (g->careful) {
                goto_exit(g, stub->n);
                break;
            }
            /* fall through */
        case STUB_RETURN:
            if (g->careful) {
                rel = (int64_t)e->jump_offset -
                      ((uint8_t *)stub->insn - (uint8_t *)g->start);
                *stub->insn = LA_OP_pcaddi | la_f(LA_TMP1, 0) |
                              la_s(rel >> 2, 20, 0, 5);
                break;
            }
            e->jump_offset = offset_here(g);
            at = g->a.p;
            la_b(&g->a, 0);
            la_upper_note(g, stub->n);
            la_here(g, at);
            /* fall through */
        case STUB_EXIT:
            e->stub_offset = offset_here(g);
            la_li(&g->a, LA_TMP0, g->cookies[stub->n]);
            la_goto(g, la_common.exit_cookie);
            break;
        case STUB_POLL:
            emit_poll_stub(g, stub);
            break;
        case STUB_ATOMIC:
            la_emit_atomic_stub(g, stub);
            break;
        }
    }
}

/* ---- the code emitted once ---- */

/* What C wants back: ra, fp, s0 - s8, f24 - f31. */
static void move_callee_saved(LAGen *g, bool store)
{
    unsigned n = 0;

    for (unsigned reg = LA_RA; reg < 32; reg++) {
        if (reg == LA_RA || reg >= LA_FP) {
            (store ? la_st_d : la_ld_d)(&g->a, reg, LA_SP,
                                        FRAME_SAVED + n++ * 8);
        }
    }
    for (unsigned k = 0; k < 8; k++) {
        (store ? la_fst_d : la_fld_d)(&g->a, LA_FT0 + k, LA_SP,
                                      FRAME_SAVED_F + k * 8);
    }
}

static void gen_enter(LAGen *g)
{
    LAAsm *a = &g->a;

    la_common.enter = la_rx(a);
    la_addi_d(a, LA_SP, LA_SP, -FRAME_SIZE);
    move_callee_saved(g, true);
    la_movfcsr2gr(a, LA_TMP0, 0);
    la_st_w(a, LA_TMP0, LA_SP, FRAME_FCSR);
    la_mov(a, LA_ENV, LA_A0);
    la_fcsr_arm(g, LA_TMP0);
    load_ring(g, LA_TMP0);
    la_mov(a, LA_TMP0, LA_A1);
    la_vec_move_pinned(g, false);
    la_move_gprs(g, ~0u, false);
    la_jirl(a, LA_ZERO, LA_TMP0, 0);
}

static void gen_leave(LAGen *g)
{
    LAAsm *a = &g->a;

    la_common.exit_pc = la_rx(a);
    la_st_d(a, LA_TMP0, LA_ENV, g->s->env_rip);
    la_li(a, LA_TMP1, -1);
    la_st_w(a, LA_TMP1, LA_ENV, LA_COMMON(g, exception_index));
    la_common.exit_state = la_rx(a);
    la_mov(a, LA_TMP0, LA_ZERO);
    la_common.exit_cookie = la_rx(a);
    la_move_gprs(g, ~0u, true);
    la_vec_move_pinned(g, true);
    la_mov(a, LA_A0, LA_TMP0);
    store_ring(g, LA_A1);
    la_fcsr_collect(g, LA_A1, LA_A2);
    move_callee_saved(g, false);
    la_addi_d(a, LA_SP, LA_SP, FRAME_SIZE);
    la_jirl(a, LA_ZERO, LA_RA, 0);
}

static uint64_t slow_cc_eval(void *env, uint64_t arg, void *frame)
{
    const TCGContext *s = la_context;
    uint8_t *e = env;
    uint64_t dst, src, src2;
    uint32_t op;

    memcpy(&op, e + s->env_cc_op, 4);
    memcpy(&dst, e + s->env_cc_dst, 8);
    memcpy(&src, e + s->env_cc_src, 8);
    memcpy(&src2, e + s->env_cc_src2, 8);
    return tcg_cc_eval(op, dst, src, src2);
}

/* r4 - r18, ra and vectors to memory or back. */
static void move_caller_saved(LAGen *g, bool store)
{
    for (unsigned reg = LA_A0; reg <= LA_T6; reg++) {
        (store ? la_st_d : la_ld_d)(&g->a, reg, LA_SP,
                                    FRAME_TMP + (reg - LA_A0) * 8);
    }
    (store ? la_st_d : la_ld_d)(&g->a, LA_RA, LA_SP,
                                FRAME_TMP + (FRAME_NB_TMP - 1) * 8);
    la_vec_move_pinned(g, store);
    for (unsigned k = 0; k < 8; k++) {
        (store ? la_vec_store : la_vec_load)(g, LA_VTEMP0 + k, LA_SP,
                                             FRAME_VTEMP + (int)k * 16);
    }
}

static void gen_call_c(LAGen *g)
{
    LAAsm *a = &g->a;

    la_common.cc_eval = la_rx(a);
    la_li(a, LA_TMP0, (uintptr_t)slow_cc_eval);
    la_common.call_c = la_rx(a);
    move_caller_saved(g, true);
    la_fcsr_collect(g, LA_A0, LA_A1);
    la_mov(a, LA_A0, LA_ENV);
    la_mov(a, LA_A1, LA_TMP1);
    la_mov(a, LA_A2, LA_SP);
    la_jirl(a, LA_RA, LA_TMP0, 0);
    la_mov(a, LA_TMP0, LA_A0);
    la_fcsr_arm(g, LA_A0);
    move_caller_saved(g, false);
    la_jirl(a, LA_ZERO, LA_RA, 0);

    la_common.to_c = la_rx(a);
    la_vec_move_pinned(g, true);
    la_fcsr_collect(g, LA_TMP0, LA_TMP1);
    la_jirl(a, LA_ZERO, LA_RA, 0);
    la_common.from_c = la_rx(a);
    la_fcsr_arm(g, LA_TMP0);
    la_vec_move_pinned(g, false);
    la_jirl(a, LA_ZERO, LA_RA, 0);
}

size_t la_gen_prologue(LAGen *g, TCGCodeBuf buf)
{
    probe_alias(buf);
    la_features_try(buf);
    g->a.p = g->start = (uint32_t *)buf.rw;
    g->a.rx_off = buf.rx - buf.rw;
    g->end = (uint32_t *)(buf.rw + buf.size);
    assert(buf.size >= 4096);
    memset(&g->forms, 64, offsetof(LAForms, dirty));
    g->forms.dirty = 0;
    gen_enter(g);
    gen_leave(g);
    gen_call_c(g);
    la_common.ret_miss = la_rx(&g->a);
    gen_ret_miss(g);
    la_replaced(buf.rx, offset_here(g));
    return offset_here(g);
}
