/*
 * The LoongArch64 code generator: the walk over a unit, hooks of the
 * allocator, and the backend interface.  Instruction selection is in isel-*.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "qemu/log.h"

static void gen_nothing(LAGen *g, const TCGOp *op)
{
}

static void gen_br(LAGen *g, const TCGOp *op)
{
    la_branch(g, la_test(LA_T_ALWAYS, 0, 0), op->imm);
}

/* insn_start and label are handled by the walk itself. */
static LAEmitFn *const emit_fn[TCG_OP_MAX] = {
    [TCG_OP_nop] = gen_nothing,
    [TCG_OP_br] = gen_br,
    [TCG_OP_brcond] = gen_brcond,
    [TCG_OP_brcc] = gen_brcc,
    [TCG_OP_mov] = gen_mov,
    [TCG_OP_extu] = gen_extu,
    [TCG_OP_exts] = gen_exts,
    [TCG_OP_extract] = gen_extract,
    [TCG_OP_deposit] = gen_deposit,
    [TCG_OP_extract2] = gen_extract2,
    [TCG_OP_add] = gen_addsub,
    [TCG_OP_sub] = gen_addsub,
    [TCG_OP_adc] = gen_carry,
    [TCG_OP_sbb] = gen_carry,
    [TCG_OP_neg] = gen_neg,
    [TCG_OP_not] = gen_not,
    [TCG_OP_and] = gen_logic,
    [TCG_OP_or] = gen_logic,
    [TCG_OP_xor] = gen_logic,
    [TCG_OP_andn] = gen_andn,
    [TCG_OP_shl] = gen_shift,
    [TCG_OP_shr] = gen_shift,
    [TCG_OP_sar] = gen_shift,
    [TCG_OP_rotl] = gen_rotate,
    [TCG_OP_rotr] = gen_rotate,
    [TCG_OP_shld] = gen_shxd,
    [TCG_OP_shrd] = gen_shxd,
    [TCG_OP_mul] = gen_mul,
    [TCG_OP_mulu2] = gen_mul2,
    [TCG_OP_muls2] = gen_mul2,
    [TCG_OP_divu2] = gen_div2,
    [TCG_OP_divs2] = gen_div2,
    [TCG_OP_bswap] = gen_bswap,
    [TCG_OP_clz] = gen_bits,
    [TCG_OP_ctz] = gen_bits,
    [TCG_OP_popcnt] = gen_popcnt,
    [TCG_OP_pdep] = gen_pdep,
    [TCG_OP_pext] = gen_pdep,
    [TCG_OP_setcond] = gen_setcond,
    [TCG_OP_movcond] = gen_movcond,
    [TCG_OP_cc_set] = gen_cc_set,
    [TCG_OP_cc_get] = gen_cc_get,
    [TCG_OP_setcc] = gen_setcc,
    [TCG_OP_movcc] = gen_movcc,
    [TCG_OP_ld] = gen_ld,
    [TCG_OP_lds32] = gen_ld,
    [TCG_OP_lds64] = gen_ld,
    [TCG_OP_st] = gen_st,
    [TCG_OP_lea] = gen_lea,
    [TCG_OP_xchg] = gen_xchg,
    [TCG_OP_cmpxchg] = gen_cmpxchg,
    [TCG_OP_atomic_add] = gen_atomic,
    [TCG_OP_atomic_and] = gen_atomic,
    [TCG_OP_atomic_or] = gen_atomic,
    [TCG_OP_atomic_xor] = gen_atomic,
    [TCG_OP_mb] = gen_mb,
    [TCG_OP_ld_env] = gen_ld_env,
    [TCG_OP_st_env] = gen_st_env,
    [TCG_OP_lea_env] = gen_lea_env,
    [TCG_OP_v] = gen_v,
    [TCG_OP_vld] = gen_vld,
    [TCG_OP_vst] = gen_vst,
    [TCG_OP_vld_env] = gen_vld_env,
    [TCG_OP_vst_env] = gen_vst_env,
    [TCG_OP_ld_mxcsr] = gen_ld_mxcsr,
    [TCG_OP_st_mxcsr] = gen_st_mxcsr,
    [TCG_OP_call] = gen_call,
    [TCG_OP_exit_direct] = gen_exit_direct,
    [TCG_OP_exit_indirect] = gen_exit_indirect,
    [TCG_OP_exit_ret] = gen_exit_ret,
    [TCG_OP_exit_reason] = gen_exit_reason,
    [TCG_OP_poll] = gen_poll,
    [TCG_OP_push_ret] = gen_push_ret,
};

/* ---- hooks of the allocator ---- */

static unsigned home_base(RAHome home)
{
    return home.frame ? LA_SP : LA_ENV;
}

static void hook_move(void *gen, unsigned d, unsigned s)
{
    LAGen *g = gen;

    if (d >= RA_VEC) {
        la_vec_copy_reg(g, d - RA_VEC, s - RA_VEC);
        return;
    }
    la_mov(&g->a, d, s);
    g->forms.z[d] = g->forms.z[s];
    g->forms.s[d] = g->forms.s[s];
    g->forms.dirty &= ~(1u << d);
    g->forms.dirty |= (g->forms.dirty >> s & 1) << d;
}

static void hook_load(void *gen, unsigned d, RAHome home)
{
    LAGen *g = gen;

    if (d >= RA_VEC) {
        la_vec_fill(g, d - RA_VEC, home_base(home), home.offset);
        return;
    }
    la_ld_d(&g->a, d, home_base(home), home.offset);
    la_form_any(g, d);
}

/* May come in the middle of an op, which knows what it knows of @s. */
static void hook_store(void *gen, unsigned s, RAHome home)
{
    LAGen *g = gen;

    if (s >= RA_VEC) {
        la_vec_spill(g, s - RA_VEC, home_base(home), home.offset);
        return;
    }
    if (g->forms.dirty >> s & 1) {
        la_bstrpick_d(&g->a, LA_TMP2, s, 31, 0);
        s = LA_TMP2;
    }
    la_st_d(&g->a, s, home_base(home), home.offset);
}

static void hook_movi(void *gen, unsigned d, uint64_t value)
{
    la_load_imm(gen, d, value);
}

#define GPR_TEMPS 0xff0u                    /* r4 - r11 */
#define VEC_TEMPS (0xff0000ull << RA_VEC)

static const RAHost ra_host = {
    .temps = { [TCG_I64] = GPR_TEMPS, [TCG_VEC] = VEC_TEMPS },
    .int_slots = FRAME_INT, .nb_int_slots = FRAME_NB_INT,
    .vec_slots = FRAME_VEC, .nb_vec_slots = FRAME_NB_VEC,
    .move = hook_move, .load = hook_load, .store = hook_store,
    .movi = hook_movi,
};

/* ---- init ---- */

/*
 * Registers for globals in the order the front end gives them.  What C code
 * keeps comes to those that are live across calls in guest programs as well.
 */
static const uint8_t pin_order[16] = {
    LA_FP, LA_T0, LA_T1, LA_S0, LA_S1, LA_S2, LA_T2, LA_S7,
    LA_T3, LA_T4, LA_T5, LA_T6, LA_S3, LA_S4, LA_S5, LA_S6,
};

uint32_t la_pinned_gprs;

static void pin_globals(TCGContext *s)
{
    unsigned n = 0, nv = 0;

    la_pinned_gprs = 0;
    for (unsigned v = 1; v <= s->nb_globals; v++) {
        TCGVal *x = &s->vals[v];

        x->pinned = 0xff;
        if (x->type == TCG_I64 && n < ARRAY_SIZE(pin_order)) {
            x->pinned = pin_order[n++];
            la_pinned_gprs |= 1u << x->pinned;
        } else if (x->type == TCG_VEC && nv < LA_VTEMP0) {
            x->pinned = RA_VEC + nv++;
        }
    }
}

static bool la_init(TCGContext *s, const char *overrides)
{
    LAGen *g = calloc(1, sizeof(*g));

    if (!g || !la_features_init(overrides)) {
        free(g);
        return false;
    }
    pin_globals(s);
    g->s = s;
    ra_init(&g->ra, s, &ra_host, g);
    la_fault_init(s);
    s->backend_data = g;
    return true;
}

static size_t la_prologue(TCGContext *s, TCGCodeBuf buf)
{
    return la_gen_prologue(s->backend_data, buf);
}

/* ---- the walk ---- */

/* An instruction without code needs no entry of its own. */
static TCGInsnMark *new_mark(LAGen *g)
{
    TCGContext *s = g->s;
    uint32_t at = (uint8_t *)g->a.p - (uint8_t *)g->start;

    if (s->nb_marks && s->marks[s->nb_marks - 1].code_offset == at) {
        s->nb_marks--;
    }
    if (s->nb_marks == TCG_MAX_OPS) {
        g->failed = true;
        s->nb_marks--;
    }
    return &s->marks[s->nb_marks++];
}

static void mark(LAGen *g, const TCGOp *op)
{
    g->guest_pc = op->imm;
    *new_mark(g) = (TCGInsnMark) {
        .pc = op->imm, .code_offset = (uint8_t *)g->a.p - (uint8_t *)g->start,
        .cc_kind = op->flags & TCG_F_CC_IN_ENV ? CC_KIND_DYNAMIC : op->aux,
        .cc_width = op->w,
        .cc_src = { op->src[0], op->src[1], op->src[2] },
        .host = la_mark_bits(g->forms.dirty & la_pinned_gprs, g->forms.stale),
    };
    g->marked = g->forms.stale;
}

void la_mark_again(LAGen *g)
{
    TCGContext *s = g->s;
    TCGInsnMark m;

    if (s->nb_marks) {
        m = s->marks[s->nb_marks - 1];
        m.code_offset = (uint8_t *)g->a.p - (uint8_t *)g->start;
        m.host = la_mark_bits(g->forms.dirty & la_pinned_gprs, g->forms.stale);
        *new_mark(g) = m;
    }
    g->marked = g->forms.stale;
}

static void forget_forms(LAGen *g)
{
    memset(&g->forms, 64, offsetof(LAForms, dirty));
    g->forms.dirty = g->forms.whole = g->forms.stale = g->forms.zero = 0;
}

/* The op before label @i cannot run into it. */
static bool is_cut_off(const LAGen *g, unsigned i)
{
    while (i-- > 0) {
        unsigned opc = g->s->ops[i].opc;

        if (opc != TCG_OP_nop && opc != TCG_OP_insn_start) {
            return tcg_op_defs[opc].flags & TCG_OPF_E;
        }
    }
    return false;
}

static void place_label(LAGen *g, unsigned i, unsigned label)
{
    if (g->s->labels[label].side) {
        ra_side_label(&g->ra, label);
        g->forms = g->label_forms[label];
    } else {
        if (!is_cut_off(g, i)) {
            la_settle(g, la_pinned_gprs);
            la_upper_flush(g);
        }
        ra_join_label(&g->ra);
        forget_forms(g);
    }
    la_vec_forget(g);
    g->order = LA_ORDER_LD | LA_ORDER_ST;
    g->label_at[label] = g->a.p;
    la_mark_again(g);
}

/* The code of the unit once, from where g->a.p is; false if it does not fit. */
static bool emit_unit(LAGen *g)
{
    TCGContext *s = g->s;
    RA *ra = &g->ra;

    g->nb_fixups = g->nb_stubs = 0;
    g->order = LA_ORDER_LD | LA_ORDER_ST;
    memset(g->label_at, 0, s->nb_labels * sizeof(g->label_at[0]));
    ra_begin(ra);
    la_scan_structure(g);
    ra_liveness(ra);
    forget_forms(g);
    g->vec_names = 0;
    la_vec_forget(g);
    la_upper_begin(g);

    for (unsigned i = 0; i < s->nb_ops && !g->failed; i++) {
        const TCGOp *op = &s->ops[i];

        if (g->end - g->a.p < 512) {
            return false;
        }
        if (ra->info[i] & RA_OPI_SKIP) {
            continue;
        }
        g->op = op;
        g->i = i;
        g->info = ra->info[i];
        ra_op_begin(ra, i);
        switch (op->opc) {
        case TCG_OP_nop:
            continue;
        case TCG_OP_insn_start:
            mark(g, op);
            continue;
        case TCG_OP_label:
            place_label(g, i, op->imm);
            continue;
        default:
            break;
        }
        emit_fn[op->opc](g, op);
        la_vec_track(g, op);
        ra_op_end(ra);
        if (g->failed || ra->failed) {
            return true;
        }
    }
    la_emit_stubs(g);
    for (unsigned k = 0; k < g->nb_fixups && !g->failed; k++) {
        const LAFixup *f = &g->fixups[k];

        la_set_branch(f->insn, (uint8_t *)g->label_at[f->label] -
                      (uint8_t *)f->insn);
    }
    return g->a.p <= g->end - 16;
}

/*
 * Once more if it ends where it begins with whole registers.  @careful code goes
 * by the exits of the other.
 */
static bool emit_loop(LAGen *g)
{
    uint32_t *start = g->a.p;
    bool ok;

    g->loop.keep = g->loop.old = 0;
    ok = emit_unit(g);
    if (!ok || g->failed || g->ra.failed || g->careful) {
        return ok;
    }
    g->loop.old = g->loop.stale;
    g->loop.keep = g->loop.stale | (g->loop.whole & g->loop.loaded);
    if (g->loop.keep) {
        g->a.p = start;
        g->s->nb_marks = 0;
        ok = emit_unit(g);
    }
    return ok;
}

static ptrdiff_t la_gen_code(TCGContext *s, TCGCodeBuf buf,
                             const uintptr_t *cookies)
{
    LAGen *g = s->backend_data;
    uint32_t *choose;
    bool ok;

    g->a.p = g->start = (uint32_t *)buf.rw;
    g->a.rx_off = buf.rx - buf.rw;
    g->end = (uint32_t *)(buf.rw + buf.size);
    g->cookies = cookies;
    g->failed = g->careful = false;
    s->nb_exits = s->nb_marks = 0;

    if (la_uses_fp(g)) {
        la_ld_wu(&g->a, LA_TMP0, LA_ENV, LA_CAREFUL(g));
        choose = g->a.p;
        la_bnez(&g->a, LA_TMP0, 0);
        ok = emit_loop(g);
        if (ok && !g->failed && !g->ra.failed) {
            la_set_branch(choose, (uint8_t *)g->a.p - (uint8_t *)choose);
            g->careful = true;
            ok = emit_loop(g);
        }
    } else {
        ok = emit_loop(g);
    }
    if (g->failed || g->ra.failed) {
        /* too complex for one unit */
        s->overflow = true;
        return -1;
    }
    if (!ok) {
        return -1;
    }
    __asm__ volatile("ibar 0" : : : "memory");
    return (uint8_t *)g->a.p - buf.rw;
}

static uintptr_t la_enter(void *env, const void *code)
{
    uintptr_t (*fn)(void *, const void *) = (void *)la_common.enter;

    la_set_mode(env);
    return fn(env, code);
}

static void la_disas(const uint8_t *rx, size_t len)
{
    for (size_t i = 0; i < len; i += 4) {
        uint32_t insn;

        memcpy(&insn, rx + i, 4);
        qemu_log("0x%016" PRIxPTR ":  %08x\n", (uintptr_t)rx + i, insn);
    }
}

static const TCGBackend backend = {
    .name = "loongarch64",
    .init = la_init,
    .features = la_features_text,
    .gen_prologue = la_prologue,
    .gen_code = la_gen_code,
    .enter = la_enter,
    .patch_exit = la_patch_exit,
    .sync_from_ucontext = la_sync_from_ucontext,
    .sync_to_ucontext = la_sync_to_ucontext,
    .settle_state = la_settle_state,
    .replaced = la_replaced,
    .fix_fault = la_fix_fault,
    .abandon = la_abandon,
    .disas = la_disas,
};

const TCGBackend *const tcg_host_backend = &backend;
