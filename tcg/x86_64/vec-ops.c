/*
 * Instruction selection: vector ops whose operands are of mixed kinds, or that
 * take more than one row of a table.  Each function returns false when the host
 * cannot do it; then the reference does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"

/* A merge of b into lanes of a by an encoding that wants b in a register. */
static bool gen_merge(X86Gen *g, const TCGOp *op)
{
    static const struct {
        uint8_t vop, esz;
        uint32_t reg, mem;      /* with b in memory; 0: not possible */
    } merges[] = {
        { VOP_movs, MO_32, X_0F | X_F3 | 0x10, 0 },
        { VOP_movs, MO_64, X_0F | X_F2 | 0x10, 0 },
        { VOP_movlo, 4, X_0F | X_F2 | 0x10, PS(0x12) },
        { VOP_movlh, 4, PS(0x16), PS(0x16) },
        { VOP_movhl, 4, PS(0x12), 0 },
    };

    for (unsigned k = 0; k < ARRAY_SIZE(merges); k++) {
        X86VecEnc e = { .form = VF_BIN };
        TCGv b = op->src[1];

        if (merges[k].vop != op->aux ||
            (merges[k].esz != 4 && merges[k].esz != op->cond)) {
            continue;
        }
        if (g->fold < 0 || g->s->ops[g->fold].dst[0] != b ||
            op->src[0] == b || !merges[k].mem) {
            x86_vuse(g, b);         /* a register from here on */
        }
        /* a folded load may still end up in a register */
        e.op = merges[k].reg;
        e.mem = merges[k].mem;
        if (x86_vex_style(g, op)) {
            x86_by_vex(g, op, &e, false);
        } else {
            x86_by_legacy(g, op, &e);
        }
        return true;
    }
    return false;
}

/* d = all bits alike, from no source. */
static bool gen_fill(X86Gen *g, const TCGOp *op)
{
    bool vex = x86_vex_style(g, op);
    bool ones = op->aux == VOP_ones;
    unsigned d;

    if (ones && op->w == VW_32 && !have(X86_AVX2)) {
        return false;
    }
    if (!vex && op->w == VW_32) {
        return false;
    }
    d = x86_vdst(g, TCGV_NONE, TCGV_NONE, 0);
    if (vex) {
        vop(g, ones ? X_0F | X_66 | X_VEX | (op->w == VW_32 ? X_L : 0) | 0x76
            : X_0F | X_66 | X_VEX | 0xef, d, d, x86_reg(d));
    } else {
        vop(g, X_0F | X_66 | (ones ? 0x76 : 0xef), d, 0, x86_reg(d));
    }
    x86_vbind(g, d, vex || x86_own_upper(g, d));
    return true;
}

static uint32_t fp_prefix(const TCGOp *op)
{
    return op->cond == MO_64 ? X_F2 : X_F3;
}

/*
 * d = flags but for O, without changing them; bit 1 is set.  PUSHF would be
 * shorter and slower.
 */
static void flags_to(X86Gen *g, unsigned d)
{
    x86_mov(&g->a, MO_64, d, X86_RAX);
    x86_8(&g->a, 0x9f);                             /* lahf */
    x86_8(&g->a, 0x0f);                             /* movzx eax, ah */
    x86_8(&g->a, 0xb6);
    x86_8(&g->a, 0xc4);
    x86_rr(&g->a, x86_op_w(X_XCHG, MO_64), d, X86_RAX);
}

/* The flags of a comparison, whose O is 0, as a number. */
static void flags_number(X86Gen *g, const TCGOp *op)
{
    unsigned d;

    g->ra.locked = 0;
    d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, RA_BIT(X86_RAX));
    flags_to(g, d);
    x86_rm(&g->a, X_LEA, d, x86_mem(d, -2));
    ra_bind_dst(g, 0, d);
}

/*
 * Strings end at a zero, index in rcx, where the guest has it.  The flags are
 * those of a comparison and O.
 */
void gen_vstr(X86Gen *g, const TCGOp *op)
{
    unsigned a = x86_vuse(g, op->src[0]), d, o;
    X86Rm rm = x86_voperand(g, op->src[1]);

    ra_write_pinned(&g->ra, X86_RCX);
    vop_i(g, X_0F3A | X_66 | (g->vex && have(X86_AVX) ? X_VEX : 0) | 0x63, a,
          0, rm, op->imm);
    ra_bind_dst(g, 1, X86_RCX);
    if (ra_dst_dead(&g->ra, 0)) {
        return;
    }
    g->ra.locked = 0;
    d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE,
               RA_BIT(X86_RAX) | RA_BIT(X86_RCX));
    o = ra_scratch(&g->ra, TCG_I64, RA_BIT(d));
    x86_rr(&g->a, X_SETCC | CCC_O, 0, o);
    x86_rr(&g->a, X_MOVZX8, o, o);
    for (unsigned shift = 0; shift < 9; shift += 3) {
        x86_rm(&g->a, X_LEA, o, x86_sib(X86_NOREG, o, 3, 0));
    }
    flags_to(g, d);
    x86_rm(&g->a, X_LEA, d, x86_sib(d, o, 2, -2));
    ra_bind_dst(g, 0, d);
}

/* fucomi, fcomi, ptest, testp: flags, and rarely the integer. */
static bool gen_flags_op(X86Gen *g, const TCGOp *op)
{
    bool wide = op->w == VW_32;
    uint32_t code;
    unsigned a;
    X86Rm rm;

    switch (op->aux) {
    case VOP_fucomi:
        code = PS(0x2e) | (op->cond == MO_64 ? X_66 : 0);
        break;
    case VOP_fcomi:
        code = PS(0x2f) | (op->cond == MO_64 ? X_66 : 0);
        break;
    case VOP_ptest:
        if (!have(wide ? X86_AVX : X86_SSE41)) {
            return false;
        }
        code = X_0F38 | X_66 | 0x17 | (wide ? X_VEX | X_L : 0);
        break;
    default:
        if (!have(X86_AVX)) {
            return false;
        }
        code = X_0F38 | X_66 | X_VEX | (op->cond == MO_64 ? 0x0f : 0x0e) |
               (wide ? X_L : 0);
        break;
    }
    a = x86_vuse(g, op->src[0]);
    rm = x86_voperand(g, op->src[1]);
    if (!(code & X_VEX) && g->vex && have(X86_AVX)) {
        code |= X_VEX;
    }
    vop(g, code, a, 0, rm);
    if (ra_dst_dead(&g->ra, 0)) {
        return true;
    }
    flags_number(g, op);
    return true;
}

/* Float to integer. */
static bool gen_to_int(X86Gen *g, const TCGOp *op)
{
    uint32_t code = X_0F | fp_prefix(op) |
                    (op->aux == VOP_cvttf2si ? 0x2c : 0x2d) |
                    (op->imm == MO_64 ? X_W : 0);
    X86Rm rm = x86_voperand(g, op->src[0]);
    TCGv dst = op->dst[0];
    unsigned d = ra_dst(&g->ra, dst, TCGV_NONE, TCGV_NONE, 0);

    x86_rm(&g->a, code | (g->vex && have(X86_AVX) ? X_VEX : 0), d, rm);
    ra_bind_dst(g, 0, d);
    return true;
}

/* Integer to lane 0, or to lane imm: the second operand is an integer. */
static bool int_source(X86Gen *g, const TCGOp *op, uint32_t code, bool has_i,
                       bool fp)
{
    TCGv a = op->src[0];
    bool vex = x86_vex_style(g, op);
    X86Rm rm = is_const(g, op->src[1]) ||
               (g->fold < 0 && op->aux == VOP_insert && op->cond < MO_32)
               ? x86_reg(x86_use(g, op->src[1])) : x86_operand(g, op->src[1]);
    unsigned va, d;

    if (vex) {
        va = x86_vuse(g, a);
        d = x86_vdst(g, a, TCGV_NONE, 0);
        x86_op(&g->a, code | X_VEX, d, va, rm, has_i);
    } else {
        d = x86_vdst_from(g, a, 0, fp);
        x86_op(&g->a, code, d, 0, rm, has_i);
    }
    if (has_i) {
        x86_8(&g->a, op->imm & ((16 >> op->cond) - 1));
    }
    x86_vbind(g, d, vex || x86_own_upper(g, d));
    return true;
}

static bool gen_from_int(X86Gen *g, const TCGOp *op)
{
    return int_source(g, op, X_0F | fp_prefix(op) | 0x2a |
                      (op->imm == MO_64 ? X_W : 0), false, true);
}

static bool gen_insert(X86Gen *g, const TCGOp *op)
{
    if (op->cond == MO_16) {
        return int_source(g, op, X_0F | X_66 | 0xc4, true, false);
    }
    if (!have(X86_SSE41)) {
        return false;
    }
    return int_source(g, op, X_0F3A | X_66 | (op->cond == MO_8 ? 0x20 : 0x22) |
                      (op->cond == MO_64 ? X_W : 0), true, false);
}

static bool gen_extract_lane(X86Gen *g, const TCGOp *op)
{
    unsigned lane = op->imm & ((16 >> op->cond) - 1), a, d;
    uint32_t vex = g->vex && have(X86_AVX) ? X_VEX : 0;

    if ((op->cond == MO_8 && !have(X86_SSE41)) ||
        (op->cond >= MO_32 && lane && !have(X86_SSE41))) {
        return false;
    }
    a = x86_vuse(g, op->src[0]);
    d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);
    if (op->cond == MO_16) {
        vop_i(g, X_0F | X_66 | vex | 0xc5, d, 0, x86_reg(a), lane);
    } else if (op->cond >= MO_32 && lane == 0) {
        vop(g, X_0F | X_66 | vex | 0x7e | (op->cond == MO_64 ? X_W : 0), a, 0,
            x86_reg(d));
    } else {
        vop_i(g, X_0F3A | X_66 | vex | (op->cond == MO_8 ? 0x14 : 0x16) |
              (op->cond == MO_64 ? X_W : 0), a, 0, x86_reg(d), lane);
    }
    ra_bind_dst(g, 0, d);
    return true;
}

static bool gen_movi2v(X86Gen *g, const TCGOp *op)
{
    bool vex = x86_vex_style(g, op);
    X86Rm rm;
    unsigned d;

    if (is_const(g, op->src[0]) && const_val(g, op->src[0]) == 0) {
        return gen_fill(g, op);
    }
    rm = is_const(g, op->src[0]) ? x86_reg(x86_use(g, op->src[0]))
                                 : x86_operand(g, op->src[0]);
    d = x86_vdst(g, TCGV_NONE, TCGV_NONE, 0);
    vop(g, X_0F | X_66 | 0x6e | (op->cond == MO_32 ? 0 : X_W) |
        (vex ? X_VEX : 0), d, 0, rm);
    x86_vbind(g, d, vex || x86_own_upper(g, d));
    return true;
}

static bool gen_movmsk(X86Gen *g, const TCGOp *op)
{
    bool wide = op->w == VW_32;
    uint32_t code = op->cond == MO_8 ? X_0F | X_66 | 0xd7
                    : PS(0x50) | (op->cond == MO_64 ? X_66 : 0);
    unsigned a, d;

    if (op->cond == MO_16 ||
        (wide && !have(op->cond == MO_8 ? X86_AVX2 : X86_AVX))) {
        return false;
    }
    a = x86_vuse(g, op->src[0]);
    d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);
    vop(g, code | (wide ? X_VEX | X_L : g->vex && have(X86_AVX) ? X_VEX : 0),
        d, 0, x86_reg(a));
    ra_bind_dst(g, 0, d);
    return true;
}

/* Select by the top bits of a mask register. */
static bool gen_blendv(X86Gen *g, const TCGOp *op)
{
    static const uint8_t legacy_op[4] = { 0x10, 0, 0x14, 0x15 };
    static const uint8_t vex_op[4] = { 0x4c, 0, 0x4a, 0x4b };
    bool wide = op->w == VW_32;
    unsigned a, m, d;
    X86Rm rm;
    RASet avoid = 0;
    bool merge;

    if (op->cond == MO_16 ||
        (wide && !have(op->cond == MO_8 ? X86_AVX2 : X86_AVX))) {
        return false;
    }
    if (!x86_vex_style(g, op) && have(X86_SSE41) &&
        ra_where(&g->ra, op->src[2]) == RA_VEC) {
        /* the mask is in xmm0, where the legacy form wants it */
        rm = x86_voperand(g, op->src[1]);
        d = x86_vdst_from(g, op->src[0],
                      (op->src[0] == op->src[1] ? 0 : vregs_of(rm)) |
                      (op->src[0] == op->src[2] ? 0 : RA_BIT(RA_VEC)), false);
        vop(g, X_0F38 | X_66 | legacy_op[op->cond], d, 0, rm);
        x86_vbind(g, d, x86_own_upper(g, d));
        return true;
    }
    if (!have(X86_AVX)) {
        return false;
    }
    merge = !wide && !(op->flags & TCG_F_ZERO_UPPER) &&
            is_global(g, op->dst[0]);
    if (merge && is_pinned(g, op->dst[0])) {
        avoid = RA_BIT(g->s->vals[op->dst[0]].pinned);
    }
    m = x86_vuse(g, op->src[2]);
    a = x86_vuse(g, op->src[0]);
    rm = x86_park(g, x86_voperand(g, op->src[1]), a, m);
    d = x86_vdst(g, op->src[0], op->src[2], avoid);
    vop_i(g, X_0F3A | X_66 | X_VEX | vex_op[op->cond] | (wide ? X_L : 0), d, a,
          rm, m << 4);
    x86_vbind(g, d, !merge);
    return true;
}

/* Lanes of src[1] whose mask is set: blend with zero. */
static bool gen_maskand(X86Gen *g, const TCGOp *op)
{
    bool wide = op->w == VW_32;
    unsigned m, b, z, d;

    if (!have(X86_AVX) || op->cond < MO_32 ||
        !(wide || op->flags & TCG_F_ZERO_UPPER ||
          !is_global(g, op->dst[0]))) {
        return false;
    }
    m = x86_vuse(g, op->src[0]);
    b = x86_vuse(g, op->src[1]);
    z = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
    vop(g, X_0F | X_66 | X_VEX | 0xef, z, z, x86_reg(z));
    ra_unlock(&g->ra, z + RA_VEC);
    d = x86_vdst(g, op->src[0], op->src[1], 0);
    vop_i(g, X_0F3A | X_66 | X_VEX | (op->cond == MO_64 ? 0x4b : 0x4a) |
          (wide ? X_L : 0), d, z, x86_reg(b), m << 4);
    x86_vbind(g, d, true);
    return true;
}

static bool gen_fma(X86Gen *g, const TCGOp *op)
{
    static const uint8_t base[6] = { 0x98, 0x9a, 0x9c, 0x9e, 0x96, 0x97 };
    unsigned form = op->imm & 15, kind = op->imm >> 4, a, b, d;
    bool scalar = op->flags & TCG_F_SCALAR, wide = op->w == VW_32, merge;
    TCGv dst = op->dst[0];
    RASet avoid;
    X86Rm rm;

    if (!have(X86_FMA)) {
        return false;
    }
    merge = !wide && !(op->flags & TCG_F_ZERO_UPPER) && is_global(g, dst);
    x86_vex_style(g, op);
    rm = x86_voperand(g, op->src[2]);
    b = x86_vuse(g, op->src[1]);
    a = x86_vuse(g, op->src[0]);
    rm = x86_park(g, rm, a, b);
    avoid = vregs_of(rm) | RA_BIT(b + RA_VEC);
    if (is_pinned(g, dst) && (merge || dst != op->src[0])) {
        avoid |= RA_BIT(g->s->vals[dst].pinned);
    }
    if (op->src[0] == op->src[1] || op->src[0] == op->src[2]) {
        avoid |= RA_BIT(a + RA_VEC);
    }
    d = x86_vdst(g, op->src[0], TCGV_NONE, avoid & ~(dst == op->src[0] && !merge
             ? RA_BIT(a + RA_VEC) : 0));
    if (d != a) {
        x86_rr(&g->a, PS(0x28) | X_VEX | (wide ? X_L : 0), d, a);
    }
    vop(g, X_0F38 | X_66 | X_VEX | (base[kind] + form * 0x10 + scalar) |
        (op->cond == MO_64 ? X_W : 0) | (wide ? X_L : 0), d, b, rm);
    x86_vbind(g, d, !merge);
    return true;
}

static bool gen_lanes(X86Gen *g, const TCGOp *op)
{
    unsigned a, d;

    if (!have(X86_AVX)) {
        return false;
    }
    g->vex = true;
    a = x86_vuse(g, op->src[0]);
    if (op->aux == VOP_bcast128) {
        d = x86_vdst(g, op->src[0], TCGV_NONE, 0);
        vop_i(g, X_0F3A | X_66 | X_VEX | X_L | 0x18, d, a, x86_reg(a), 1);
    } else if (!(op->flags & TCG_F_ZERO_UPPER) && is_global(g, op->dst[0])) {
        return false;
    } else {
        d = x86_vdst(g, op->src[0], TCGV_NONE, 0);
        if (op->imm & 1) {
            vop_i(g, X_0F3A | X_66 | X_VEX | X_L | 0x19, a, 0, x86_reg(d), 1);
        } else {
            vop(g, PS(0x28) | X_VEX, d, 0, x86_reg(a));
        }
    }
    x86_vbind(g, d, true);
    return true;
}

static bool gen_cvtps2ph(X86Gen *g, const TCGOp *op)
{
    bool wide = op->w == VW_32;
    unsigned a, d;

    if (!have(X86_F16C) ||
        (!(op->flags & TCG_F_ZERO_UPPER) && is_global(g, op->dst[0]))) {
        return false;
    }
    a = x86_vuse(g, op->src[0]);
    d = x86_vdst(g, op->src[0], TCGV_NONE, 0);
    vop_i(g, X_0F3A | X_66 | X_VEX | 0x1d | (wide ? X_L : 0), a, 0, x86_reg(d),
          op->imm);
    x86_vbind(g, d, true);
    return true;
}

/* `cvtps2ph; vst`: exceptions and faults in the order of the CPU. */
bool x86_try_half_store(X86Gen *g)
{
    unsigned i = g->i;
    const TCGOp *op = &g->s->ops[i], *st = op + 1;
    X86Rm m;

    if (op->aux != VOP_cvtps2ph || !g->s->fuses_half_stores ||
        i + 1 >= g->s->nb_ops || st->opc != TCG_OP_vst ||
        st->src[2] != op->dst[0] || st->w != op->w - 1 ||
        !(g->ra.dead[i + 1] & 4)) {
        return false;
    }
    g->vex = true;
    m = x86_address(g, st);
    vop_i(g, X_0F3A | X_66 | X_VEX | 0x1d | (op->w == VW_32 ? X_L : 0),
          x86_vuse(g, op->src[0]), 0, m, op->imm);
    for (unsigned k = i; k <= i + 1; k++) {
        g->ra.cur = k;
        ra_op_end(&g->ra);
    }
    g->i = i + 1;
    return true;
}

static bool gen_sha256rnds2(X86Gen *g, const TCGOp *op)
{
    X86Rm rm;
    unsigned d;

    if (!have(X86_SHA) || ra_where(&g->ra, op->src[2]) != RA_VEC ||
        (op->flags & TCG_F_ZERO_UPPER && is_global(g, op->dst[0]))) {
        return false;
    }
    rm = x86_voperand(g, op->src[1]);
    d = x86_vdst_from(g, op->src[0], vregs_of(rm) | RA_BIT(RA_VEC), false);
    vop(g, X_0F38 | 0xcb, d, 0, rm);
    x86_vbind(g, d, x86_own_upper(g, d));
    return true;
}

static bool gen_crc32(X86Gen *g, const TCGOp *op)
{
    X86Rm rm;
    unsigned d;

    if (!have(X86_SSE42)) {
        return false;
    }
    rm = is_const(g, op->src[1]) ? x86_reg(x86_use(g, op->src[1]))
                                 : x86_operand(g, op->src[1]);
    d = x86_dst_from(g, op->dst[0], op->src[0],
                     op->src[0] == op->src[1] ? 0 : x86_rm_regs(rm));
    if (op->imm == MO_16) {
        x86_8(&g->a, 0x66);         /* besides the mandatory prefix */
    }
    x86_rm(&g->a, X_0F38 | X_F2 | (op->imm == MO_8 ? 0xf0 | X_M8 : 0xf1) |
           (op->imm == MO_64 ? X_W : 0), d, rm);
    ra_bind_dst(g, 0, d);
    return true;
}

/*
 * VZEROUPPER comes as sixteen moves of a register to itself: the host's own
 * does all pinned ones.
 */
bool x86_try_vzeroupper(X86Gen *g, const TCGOp *op)
{
    const TCGOp *ops = g->s->ops;
    unsigned n = 0;

    if (!have(X86_AVX) || !(op->flags & TCG_F_ZERO_UPPER) ||
        op->w != VW_16 || op->src[0] != op->dst[0] ||
        !is_pinned(g, op->dst[0])) {
        return false;
    }
    for (unsigned k = g->i; k < g->s->nb_ops; k++, n++) {
        if (ops[k].opc != TCG_OP_v || ops[k].aux != VOP_mov ||
            ops[k].w != VW_16 || !(ops[k].flags & TCG_F_ZERO_UPPER) ||
            ops[k].dst[0] != op->dst[0] + n || ops[k].src[0] != ops[k].dst[0] ||
            !is_global(g, ops[k].dst[0])) {
            break;
        }
    }
    if (g->s->vals[op->dst[0]].pinned != RA_VEC || n < 16) {
        return false;
    }
    ra_clobber(&g->ra, g->ra.host->temps[TCG_VEC]);
    x86_vzeroupper(g);
    for (unsigned k = 0; k < 16; k++) {
        TCGv v = op->dst[0] + k;

        g->ra.info[g->i + k] |= RA_OPI_SKIP;
        if (is_homed_global(g, v)) {
            X86Rm up = env_rm(g->s->vals[v].offset + 16);

            x86_store_i(&g->a, MO_64, up, 0);
            x86_store_i(&g->a, MO_64, plus(up, 8), 0);
        }
    }
    return true;
}

/* Ops that are not in the table; false: the reference must do it. */
bool x86_written_out(X86Gen *g, const TCGOp *op, bool *handled)
{
    *handled = true;
    switch (op->aux) {
    case VOP_zero:
    case VOP_ones:
        return gen_fill(g, op);
    case VOP_movs:
    case VOP_movlo:
    case VOP_movlh:
    case VOP_movhl:
        return gen_merge(g, op);
    case VOP_fucomi:
    case VOP_fcomi:
    case VOP_ptest:
    case VOP_testp:
        return gen_flags_op(g, op);
    case VOP_cvtf2si:
    case VOP_cvttf2si:
        return gen_to_int(g, op);
    case VOP_cvtsi2f:
        return gen_from_int(g, op);
    case VOP_insert:
        return gen_insert(g, op);
    case VOP_extract:
        return gen_extract_lane(g, op);
    case VOP_movi2v:
        return gen_movi2v(g, op);
    case VOP_movmsk:
        return gen_movmsk(g, op);
    case VOP_blendv:
        return gen_blendv(g, op);
    case VOP_maskand:
        return gen_maskand(g, op);
    case VOP_fma:
        return gen_fma(g, op);
    case VOP_bcast128:
    case VOP_extract128:
        return gen_lanes(g, op);
    case VOP_cvtps2ph:
        return gen_cvtps2ph(g, op);
    case VOP_sha256rnds2:
        return gen_sha256rnds2(g, op);
    case VOP_crc32:
        return gen_crc32(g, op);
    default:
        *handled = false;
        return true;
    }
}
