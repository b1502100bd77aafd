/*
 * The x86-64 code generator: the walk over a unit, operands, and the backend
 * interface.  Instruction selection is in isel-*.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "qemu/log.h"

static void gen_nothing(X86Gen *g, const TCGOp *op)
{
}

static void gen_br(X86Gen *g, const TCGOp *op)
{
    x86_jump_label(g, x86_jmp(&g->a, NULL), op->imm);
}

/* insn_start and label are handled by the walk itself. */
static X86EmitFn *const emit_fn[TCG_OP_MAX] = {
    [TCG_OP_nop] = gen_nothing,
    [TCG_OP_br] = gen_br,
    [TCG_OP_brcond] = gen_brcond,
    [TCG_OP_brcc] = gen_brcc,
    [TCG_OP_brret] = gen_brret,
    [TCG_OP_mov] = gen_mov,
    [TCG_OP_extu] = gen_extu,
    [TCG_OP_exts] = gen_exts,
    [TCG_OP_extract] = gen_extract,
    [TCG_OP_deposit] = gen_deposit,
    [TCG_OP_extract2] = gen_extract2,
    [TCG_OP_add] = gen_alu2,
    [TCG_OP_sub] = gen_alu2,
    [TCG_OP_adc] = gen_carry,
    [TCG_OP_sbb] = gen_carry,
    [TCG_OP_neg] = gen_unary,
    [TCG_OP_not] = gen_unary,
    [TCG_OP_and] = gen_alu2,
    [TCG_OP_or] = gen_alu2,
    [TCG_OP_xor] = gen_alu2,
    [TCG_OP_andn] = gen_andn,
    [TCG_OP_shl] = gen_shift,
    [TCG_OP_shr] = gen_shift,
    [TCG_OP_sar] = gen_shift,
    [TCG_OP_rotl] = gen_shift,
    [TCG_OP_rotr] = gen_shift,
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
    [TCG_OP_popcnt] = gen_bits,
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
    [TCG_OP_vstr] = gen_vstr,
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

/* ---- operands ---- */

bool x86_imm(const X86Gen *g, TCGv v, TCGWidth w, int32_t *imm)
{
    uint64_t value;

    if (!is_const(g, v)) {
        return false;
    }
    value = const_val(g, v);
    switch (w) {
    case MO_8:
        *imm = (int8_t)value;
        return true;
    case MO_16:
        *imm = (int16_t)value;
        return true;
    case MO_32:
        *imm = (int32_t)value;
        return true;
    default:
        *imm = (int32_t)value;
        return x86_fits32(value);
    }
}

static bool is_folded(const X86Gen *g, TCGv v)
{
    return g->fold >= 0 && g->s->ops[g->fold].dst[0] == v;
}

unsigned x86_use(X86Gen *g, TCGv v)
{
    if (is_folded(g, v)) {
        /* not as memory after all: load it now */
        const TCGOp *save = g->op;
        int fold = g->fold;
        unsigned cur = g->ra.cur;

        g->fold = -1;
        g->ra.cur = fold;
        g->op = &g->s->ops[fold];
        emit_fn[g->op->opc](g, g->op);
        ra_op_end(&g->ra);
        g->ra.cur = cur;
        g->op = save;
    }
    return ra_use(&g->ra, v);
}

X86Rm x86_operand(X86Gen *g, TCGv v)
{
    RAHome home;
    unsigned reg;

    if (is_folded(g, v)) {
        RASet locked = g->ra.locked;
        X86Rm m = x86_address(g, &g->s->ops[g->fold]);

        if (__builtin_popcountll(x86_rm_regs(m) & ~g->ra.pinned) < 2) {
            return m;
        }
        /* two temps for one operand are too many: load it */
        g->ra.locked = locked;
        reg = x86_use(g, v);
        g->ra.locked = locked | RA_BIT(reg);
        return x86_reg(reg);
    }
    reg = ra_where(&g->ra, v);
    if (reg != RA_NOREG || is_const(g, v)) {
        return x86_reg(ra_use(&g->ra, v));
    }
    if (ra_home(&g->ra, v, &home)) {
        return home_rm(home);
    }
    return x86_reg(ra_use(&g->ra, v));
}

/* A register holding a constant within 2 GiB of @value, and the distance. */
static unsigned near_const(X86Gen *g, uint64_t value, int32_t *disp)
{
    RA *ra = &g->ra;

    for (RASet set = ra->host->temps[TCG_I64] | ra->known; set;
         set &= set - 1) {
        unsigned reg = __builtin_ctzll(set);
        TCGv v = ra->hold[reg];
        uint64_t c;

        if (ra->known & RA_BIT(reg)) {
            c = ra->known_value[reg];
        } else if (!(ra->pinned & RA_BIT(reg)) && v && is_const(g, v)) {
            c = const_val(g, v);
        } else {
            continue;
        }
        if (x86_fits32((int64_t)(value - c))) {
            *disp = value - c;
            return reg;
        }
    }
    return RA_NOREG;
}

void x86_load_imm(X86Gen *g, unsigned d, uint64_t value)
{
    int32_t disp;
    unsigned near;

    /* a sum is shorter than eight bytes of constant */
    if (value > UINT32_MAX && !x86_fits32(value) &&
        (near = near_const(g, value, &disp)) != RA_NOREG) {
        x86_rm(&g->a, X_LEA | X_W, d, x86_mem(near, disp));
    } else {
        x86_movi(&g->a, d, value);
    }
}

X86Rm x86_address(X86Gen *g, const TCGOp *op)
{
    TCGv base = op->src[0], index = op->src[1];
    int64_t disp = op->imm;
    unsigned rb, ri;

    if (index && is_const(g, index)) {
        disp += const_val(g, index) << op->cond;
        index = TCGV_NONE;
    }
    if (base && is_const(g, base)) {
        disp += const_val(g, base);
        base = TCGV_NONE;
    }
    if (!base && !index) {
        int64_t rel = disp - (int64_t)(uintptr_t)x86_rx(&g->a);
        int32_t d = 0;
        TCGv c;

        if (x86_fits32(disp) || (x86_fits32(rel - 4096) &&
                                 x86_fits32(rel + 4096))) {
            return (X86Rm) { .base = X86_ABS, .index = X86_NOREG,
                             .abs = disp };
        }
        rb = near_const(g, disp, &d);
        if (rb != RA_NOREG) {
            ra_lock(&g->ra, rb);
        } else {
            if (g->s->nb_vals < TCG_MAX_VALS) {
                unsigned n = g->s->nb_vals;

                c = tcg_const(g->s, disp);
                if (c >= n) {
                    g->ra.vals[c] = (RAVal) { .reg = RA_NOREG };
                }
                rb = ra_use(&g->ra, c);
            } else {
                rb = ra_scratch(&g->ra, TCG_I64, 0);
                x86_movi(&g->a, rb, disp);
            }
        }
        return x86_mem(rb, d);
    }
    if (!x86_fits32(disp)) {
        /* constants folded to more than a displacement */
        rb = ra_scratch(&g->ra, TCG_I64, 0);
        x86_movi(&g->a, rb, disp);
        if (base && index) {
            ri = x86_use(g, index);
            x86_rm(&g->a, X_LEA | X_W, rb, x86_sib(rb, ri, op->cond, 0));
            ra_unlock(&g->ra, ri);
            return x86_sib(rb, x86_use(g, base), 0, 0);
        }
        return base ? x86_sib(rb, x86_use(g, base), 0, 0)
                    : x86_sib(rb, x86_use(g, index), op->cond, 0);
    }
    if (!index) {
        return x86_mem(x86_use(g, base), disp);
    }
    ri = x86_use(g, index);
    if (!base) {
        return op->cond == 0 ? x86_mem(ri, disp)
               : op->cond == 1 ? x86_sib(ri, ri, 0, disp)
               : x86_sib(X86_NOREG, ri, op->cond, disp);
    }
    rb = x86_use(g, base);
    return x86_sib(rb, ri, op->cond, disp);
}

RASet x86_rm_regs(X86Rm rm)
{
    RASet set = 0;

    if (x86_is_reg(rm)) {
        return RA_BIT(rm.reg);
    }
    if (rm.base >= 0) {
        set |= RA_BIT(rm.base);
    }
    if (rm.index >= 0) {
        set |= RA_BIT(rm.index);
    }
    return set;
}

void x86_load_to(X86Gen *g, unsigned reg, TCGv v)
{
    unsigned from = ra_where(&g->ra, v);
    RAHome home;

    if (from == reg) {
        return;
    }
    if (from != RA_NOREG) {
        x86_mov(&g->a, MO_64, reg, from);
    } else if (is_const(g, v)) {
        x86_movi(&g->a, reg, const_val(g, v));
    } else if (is_folded(g, v)) {
        x86_mov(&g->a, MO_64, reg, x86_use(g, v));
    } else if (ra_home(&g->ra, v, &home)) {
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), reg, home_rm(home));
    } else {
        assert(!"value without a place");
    }
}

unsigned x86_dst_from(X86Gen *g, TCGv dst, TCGv a, RASet avoid)
{
    unsigned reg = ra_where(&g->ra, a), d;
    TCGv g_dst = is_pinned(g, dst) ? dst : g->ra.vals[dst].hint;

    if (g->fold >= 0 && g_dst && reg != g->s->vals[g_dst].pinned) {
        /* the operand in memory may fault: leave the global alone so long */
        avoid |= RA_BIT(g->s->vals[g_dst].pinned);
    }
    if (reg != RA_NOREG) {
        ra_lock(&g->ra, reg);
    }
    d = ra_dst(&g->ra, dst, a, TCGV_NONE, avoid);
    if (reg != RA_NOREG) {
        /* ra_dst() may have taken the register over: it holds a still */
        if (d != reg) {
            x86_mov(&g->a, MO_64, d, reg);
            if (!(avoid & RA_BIT(reg))) {
                ra_unlock(&g->ra, reg);
            }
        }
    } else {
        x86_load_to(g, d, a);
    }
    return d;
}

/* ---- hooks of the allocator; none changes host flags ---- */

static void hook_move(void *gen, unsigned d, unsigned s)
{
    X86Gen *g = gen;

    if (d >= RA_VEC) {
        x86_vec_move(g, d - RA_VEC, s - RA_VEC);
    } else {
        x86_mov(&g->a, MO_64, d, s);
    }
}

static void hook_load(void *gen, unsigned d, RAHome home)
{
    X86Gen *g = gen;

    if (d >= RA_VEC) {
        x86_vec_load(g, d - RA_VEC, home_rm(home));
    } else {
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), d, home_rm(home));
    }
}

static void hook_store(void *gen, unsigned s, RAHome home)
{
    X86Gen *g = gen;

    if (s >= RA_VEC) {
        x86_vec_store(g, s - RA_VEC, home_rm(home));
    } else {
        x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), s, home_rm(home));
    }
}

static void hook_movi(void *gen, unsigned d, uint64_t value)
{
    x86_load_imm(gen, d, value);
}

/* In the middle of an instruction: an operand of the record has gone home. */
static void hook_saved(void *gen, TCGv v)
{
    X86Gen *g = gen;
    TCGContext *s = g->s;
    TCGInsnMark m;

    if (s->nb_marks && (v == g->cc_field[0] || v == g->cc_field[1] ||
                        v == g->cc_field[2])) {
        m = s->marks[s->nb_marks - 1];
        m.code_offset = g->a.p - g->start;
        m.host = x86_waiting_cc(g);
        if (s->nb_marks < TCG_MAX_OPS) {
            s->marks[s->nb_marks++] = m;
        } else {
            g->failed = true;
        }
    }
}

#define GPR_TEMPS (RA_BIT(X86_R10) | RA_BIT(X86_R11) | RA_BIT(X86_R13))
#define VEC_TEMPS (7ull << (RA_VEC + 13))
#define NB_VEC_PINNED 13

static const RAHost ra_host = {
    .temps = { [TCG_I64] = GPR_TEMPS, [TCG_VEC] = VEC_TEMPS },
    .int_slots = FRAME_INT, .nb_int_slots = FRAME_NB_INT,
    .vec_slots = FRAME_VEC, .nb_vec_slots = FRAME_NB_VEC,
    .move = hook_move, .load = hook_load, .store = hook_store,
    .movi = hook_movi, .saved = hook_saved,
};

/* ---- init ---- */

/*
 * A global with the name of a host register wants that very register: then
 * instructions with fixed operands (mul, shifts by cl, cmpxchg) need no moves.
 * rsp and rbp are in use here, so their namesakes go elsewhere; what is left
 * over stays in memory.
 */
static const struct {
    const char *name;
    uint8_t reg;
} namesakes[] = {
    { "rax", X86_RAX }, { "rcx", X86_RCX }, { "rdx", X86_RDX },
    { "rbx", X86_RBX }, { "rsp", X86_R15 }, { "rbp", X86_R14 },
    { "rsi", X86_RSI }, { "rdi", X86_RDI }, { "r8", X86_R8 },
    { "r9", X86_R9 }, { "r12", X86_R12 },
};

static void pin_globals(TCGContext *s)
{
    unsigned nvec = 0;

    for (unsigned v = 1; v <= s->nb_globals; v++) {
        TCGVal *x = &s->vals[v];

        x->pinned = 0xff;
        if (x->type == TCG_VEC) {
            if (nvec < NB_VEC_PINNED) {
                x->pinned = RA_VEC + nvec++;
            }
            continue;
        }
        for (unsigned k = 0; k < ARRAY_SIZE(namesakes); k++) {
            if (!strcmp(x->name, namesakes[k].name)) {
                x->pinned = namesakes[k].reg;
            }
        }
    }
}

static bool x86_init(TCGContext *s, const char *overrides)
{
    X86Gen *g = calloc(1, sizeof(*g));

    if (!g || !x86_features_init(overrides)) {
        free(g);
        return false;
    }
    pin_globals(s);
    x86_vec_init();
    s->fuses_half_stores = have(X86_F16C);
    s->has_brret = true;
    s->has_vstr = have(X86_SSE42);
    g->s = s;
    ra_init(&g->ra, s, &ra_host, g);
    x86_fault_init(s);
    s->backend_data = g;
    return true;
}

static size_t x86_prologue(TCGContext *s, TCGCodeBuf buf)
{
    return x86_gen_prologue(s->backend_data, buf);
}

/* ---- the walk ---- */

void x86_stub(X86Gen *g, X86StubKind kind, unsigned n, uint8_t *field)
{
    if (g->nb_stubs == X86_MAX_STUBS) {
        g->failed = true;
        return;
    }
    g->stubs[g->nb_stubs++] = (X86Stub) { .kind = kind, .n = n,
                                          .field = field };
}

void x86_jump_label(X86Gen *g, uint8_t *field, unsigned label)
{
    if (g->s->labels[label].side) {
        ra_side_branch(&g->ra, label);
    }
    if (g->label_at[label]) {
        x86_fix32(field, g->label_at[label]);
    } else if (g->nb_fixups == X86_MAX_FIXUPS) {
        g->failed = true;
    } else {
        g->fixups[g->nb_fixups++] = (X86Fixup) { field, label };
    }
}

static void mark(X86Gen *g, const TCGOp *op)
{
    TCGContext *s = g->s;
    TCGInsnMark *m;

    g->guest_pc = op->imm;
    /* an instruction without code needs no entry of its own */
    if (s->nb_marks &&
        s->marks[s->nb_marks - 1].code_offset == g->a.p - g->start) {
        s->nb_marks--;
    }
    m = &s->marks[s->nb_marks++];
    *m = (TCGInsnMark) {
        .pc = op->imm, .code_offset = g->a.p - g->start,
        .cc_kind = op->flags & TCG_F_CC_IN_ENV ? CC_KIND_DYNAMIC : op->aux,
        .cc_width = op->w,
        .cc_src = { op->src[0], op->src[1], op->src[2] },
        .host = x86_waiting_cc(g),
    };
}

/* Ops behind which the CPU state has to have the record's operands. */
static bool wants_record(const TCGOp *op)
{
    return tcg_op_defs[op->opc].flags & (TCG_OPF_E | TCG_OPF_B) ||
           op->opc == TCG_OP_poll || op->opc == TCG_OP_call ||
           op->opc == TCG_OP_label;
}

/* The fields of the record as values behind the unit's own. */
static void make_cc_fields(X86Gen *g)
{
    TCGContext *s = g->s;
    const uint32_t offset[3] = { s->env_cc_dst, s->env_cc_src, s->env_cc_src2 };

    memset(g->cc_field, 0, sizeof(g->cc_field));
    if (s->nb_vals + 3 > TCG_MAX_VALS) {
        return;
    }
    for (unsigned k = 0; k < 3; k++) {
        g->cc_field[k] = s->nb_vals++;
        s->vals[g->cc_field[k]] = (TCGVal) {
            .kind = TCG_VAL_GLOBAL, .type = TCG_I64, .pinned = 0xff,
            .offset = offset[k],
        };
    }
}

/* Operand of the next op that may be memory, as a bit set of src[]. */
static unsigned foldable_srcs(const TCGOp *op)
{
    switch (op->opc) {
    case TCG_OP_add:
    case TCG_OP_and:
    case TCG_OP_or:
    case TCG_OP_xor:
        return op->w < MO_32 ? 2 : 3;
    case TCG_OP_sub:
    case TCG_OP_adc:
    case TCG_OP_sbb:
    case TCG_OP_mul:
        return 2;
    case TCG_OP_cc_set:
        return op->aux == CC_KIND_CMP ? 3 : 0;
    case TCG_OP_brcond:
    case TCG_OP_setcond:
        return 3;
    case TCG_OP_popcnt:
    case TCG_OP_clz:
    case TCG_OP_ctz:
        return 1;
    default:
        return 0;
    }
}

/* Can op @i, a load, be an operand of the op behind it? */
static bool can_fold(X86Gen *g, unsigned i)
{
    const TCGOp *op = &g->s->ops[i], *next = op + 1;
    const RA *ra = &g->ra;
    unsigned want, uses = 0;

    if (i + 1 >= g->s->nb_ops || ra->info[i + 1] & RA_OPI_SKIP ||
        op->flags & TCG_F_ATOMIC ||
        g->s->vals[op->dst[0]].kind != TCG_VAL_TEMP) {
        return false;
    }
    if (next->opc == TCG_OP_v) {
        want = 7;
    } else if (next->w != op->w || op->opc != TCG_OP_ld ||
               ra->info[i + 1] & RA_OPI_KEEP) {
        return false;
    } else {
        want = foldable_srcs(next);
    }
    if (next->opc == TCG_OP_cc_set &&
        (!(ra->info[i + 1] & RA_OPI_CC_MAT) || next->src[3] || next->src[4] ||
         next->flags & TCG_F_CC_STORE || next->cond)) {
        return false;
    }
    for (unsigned k = 0; k < 6; k++) {
        if (next->src[k] == op->dst[0]) {
            uses |= 1u << k;
        }
    }
    /* exactly one use, its last */
    if (!uses || uses & (uses - 1) || !(uses & want) ||
        !(ra->dead[i + 1] & uses)) {
        return false;
    }
    if (next->opc == TCG_OP_v) {
        unsigned at = __builtin_ctz(uses);

        return op->opc == TCG_OP_vld
               ? x86_vec_can_fold(g, op, next, at)
               : next->aux == VOP_cvtsi2f && op->w == next->imm;
    }
    return true;
}

static ptrdiff_t x86_gen_code(TCGContext *s, TCGCodeBuf buf,
                              const uintptr_t *cookies)
{
    X86Gen *g = s->backend_data;
    RA *ra = &g->ra;

    g->a.p = g->start = buf.rw;
    g->a.rx_off = buf.rx - buf.rw;
    g->end = buf.rw + buf.size;
    g->cookies = cookies;
    g->failed = false;
    g->nb_fixups = g->nb_stubs = 0;
    g->fold = -1;
    s->nb_exits = s->nb_marks = 0;
    memset(g->label_at, 0, s->nb_labels * sizeof(g->label_at[0]));

    make_cc_fields(g);
    ra_begin(ra);
    x86_scan_structure(g);
    x86_cc_scan(g);
    g->vex = false;
    ra_liveness(ra);

    for (unsigned i = 0; i < s->nb_ops && !g->failed; i++) {
        const TCGOp *op = &s->ops[i];

        if (g->end - g->a.p < 2048) {
            return -1;
        }
        if (ra->info[i] & RA_OPI_SKIP) {
            continue;
        }
        g->op = op;
        g->i = i;
        g->info = ra->info[i];
        ra_op_begin(ra, i);
        if (wants_record(op)) {
            x86_flush_cc(g);
        }
        switch (op->opc) {
        case TCG_OP_nop:
            continue;
        case TCG_OP_insn_start:
            mark(g, op);
            continue;
        case TCG_OP_label:
            if (s->labels[op->imm].side) {
                ra_side_label(ra, op->imm);
            } else {
                ra_join_label(ra);
            }
            g->label_at[op->imm] = g->a.p;
            continue;
        case TCG_OP_ld:
            if (x86_try_rmw(g)) {
                i = g->i;
                continue;
            }
            /* fall through */
        case TCG_OP_vld:
            if (can_fold(g, i)) {
                g->fold = i;
                continue;
            }
            break;
        case TCG_OP_v:
            if (op->aux == VOP_cvtps2ph && x86_try_half_store(g)) {
                i = g->i;
                continue;
            }
            break;
        default:
            break;
        }
        emit_fn[op->opc](g, op);
        ra_op_end(ra);
        if (g->fold >= 0) {
            ra->cur = g->fold;
            ra_op_end(ra);
            g->fold = -1;
        }
        if (g->failed || ra->failed) {
            break;
        }
    }
    if (!g->failed && !ra->failed) {
        x86_emit_stubs(g);
    }
    if (g->failed || ra->failed) {
        /* too complex for one unit */
        s->overflow = true;
        return -1;
    }
    if (g->a.p > g->end - 64) {
        return -1;
    }
    for (unsigned k = 0; k < g->nb_fixups; k++) {
        x86_fix32(g->fixups[k].field, g->label_at[g->fixups[k].label]);
    }
    return g->a.p - g->start;
}

static uintptr_t x86_enter(void *env, const void *code)
{
    uintptr_t (*fn)(void *, const void *) = (void *)x86_common.enter;

    return fn(env, code);
}

static void x86_patch_exit(const TCGExit *e, const uint8_t *rx, uint8_t *rw,
                           const void *target)
{
    const uint8_t *to = target ? target : rx + e->stub_offset;
    int32_t rel = to - (rx + e->jump_offset + 4);

    /* the field does not cross an 8-byte line: see place_field() */
    __atomic_store_n((int32_t *)(rw + e->jump_offset), rel, __ATOMIC_RELEASE);
}

static void x86_disas(const uint8_t *rx, size_t len)
{
    char line[160];

    for (size_t i = 0; i < len; i += 16) {
        int n = snprintf(line, sizeof(line), "0x%016" PRIxPTR ": ",
                         (uintptr_t)rx + i);

        for (size_t k = i; k < MIN(i + 16, len); k++) {
            n += snprintf(line + n, sizeof(line) - n, " %02x", rx[k]);
        }
        qemu_log("%s\n", line);
    }
}

static const TCGBackend backend = {
    .name = "x86_64",
    .init = x86_init,
    .features = x86_features_text,
    .gen_prologue = x86_prologue,
    .gen_code = x86_gen_code,
    .enter = x86_enter,
    .patch_exit = x86_patch_exit,
    .sync_from_ucontext = x86_sync_from_ucontext,
    .sync_to_ucontext = x86_sync_to_ucontext,
    .settle_state = x86_settle_state,
    .abandon = x86_abandon,
    .fpu_save = x86_fpu_save,
    .fpu_load = x86_fpu_load,
    .disas = x86_disas,
};

const TCGBackend *const tcg_host_backend = &backend;
