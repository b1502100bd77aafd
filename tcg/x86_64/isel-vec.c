/*
 * Instruction selection: vectors.
 *
 * An op is done in the first of these ways that the host allows:
 *   - natively (vec-table.c, or written out here);
 *   - at 32 bytes, as two 16-byte halves;
 *   - by tcg_vop_ref() through the CPU state (vec-call.c).
 *
 * Encodings.  A legacy encoding keeps the upper half of its destination, as
 * TCG_F_ZERO_UPPER's absence demands; a VEX encoding clears it.  Temps do not
 * care and follow the style of the code around them.
 *
 * On a host without AVX, registers hold the low 16 bytes.  The upper half of a
 * global is at home in the CPU state, that of a temp in its frame slot.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"

#define PS(op) (X_0F | (op))

/* ---- whole registers ---- */

/* All 32 bytes, where the host has them. */
void x86_vec_move(X86Gen *g, unsigned d, unsigned s)
{
    x86_rr(&g->a, have(X86_AVX) ? PS(0x28) | X_VEX | X_L : PS(0x28), d, s);
}

void x86_vec_load(X86Gen *g, unsigned d, X86Rm m)
{
    x86_rm(&g->a, have(X86_AVX) ? PS(0x28) | X_VEX | X_L : PS(0x28), d, m);
}

void x86_vec_store(X86Gen *g, unsigned s, X86Rm m)
{
    x86_rm(&g->a, have(X86_AVX) ? PS(0x29) | X_VEX | X_L : PS(0x29), s, m);
}

static X86Rm plus(X86Rm m, int32_t n)
{
    if (m.base == X86_ABS) {
        m.abs += n;
    } else {
        m.disp += n;
    }
    return m;
}

static bool is_global(const X86Gen *g, TCGv v)
{
    return g->s->vals[v].kind == TCG_VAL_GLOBAL;
}

static bool is_homed_global(const X86Gen *g, TCGv v)
{
    return is_global(g, v) && g->s->vals[v].pinned == 0xff;
}

/* Without AVX: memory of the upper half of @v. */
X86Rm x86_upper_half(X86Gen *g, TCGv v)
{
    if (is_global(g, v)) {
        return env_rm(g->s->vals[v].offset + 16);
    }
    return plus(home_rm(ra_slot(&g->ra, v)), 16);
}

/*
 * Does a register copy of unpinned global @v lack the half that this op wants?
 * With AVX, ops of 16 bytes move only as much to and from such globals: a load
 * of 32 bytes behind a store of 16 would wait for the store to retire.
 */
static bool lacks_half(const X86Gen *g, TCGv v)
{
    return g->op->w == VW_32 && ra_is_partial(&g->ra, v);
}

/* @v in a register, 16 or 32 bytes of it as the op wants. */
static unsigned vuse(X86Gen *g, TCGv v)
{
    unsigned reg;

    if (lacks_half(g, v)) {
        ra_written_home(&g->ra, v);
    }
    if (have(X86_AVX) && g->op->w != VW_32 && is_homed_global(g, v) &&
        ra_where(&g->ra, v) == RA_NOREG) {
        reg = ra_scratch(&g->ra, TCG_VEC, 0);
        x86_rm(&g->a, PS(0x28) | (g->vex ? X_VEX : 0), reg - RA_VEC,
               env_rm(g->s->vals[v].offset));
        ra_hold_partial(&g->ra, v, reg);
        return reg - RA_VEC;
    }
    return x86_use(g, v) - RA_VEC;
}

unsigned x86_vec_whole(X86Gen *g, TCGv v)
{
    if (ra_is_partial(&g->ra, v)) {
        ra_written_home(&g->ra, v);
    }
    return x86_use(g, v);
}

/* A vector operand; memory only where the encoding reads no more than that. */
static X86Rm voperand(X86Gen *g, TCGv v)
{
    X86Rm rm;

    if (lacks_half(g, v)) {
        ra_written_home(&g->ra, v);
    }
    rm = x86_operand(g, v);
    if (x86_is_reg(rm)) {
        rm.reg -= RA_VEC;
    }
    return rm;
}

static X86Rm vreg_operand(X86Gen *g, TCGv v)
{
    return x86_reg(vuse(g, v));
}

/* The registers of an operand, numbered as the allocator does. */
static RASet vregs_of(X86Rm rm)
{
    return x86_is_reg(rm) ? RA_BIT(rm.reg + RA_VEC) : 0;
}

static void vop(X86Gen *g, uint32_t op, unsigned d, unsigned v, X86Rm rm)
{
    x86_op(&g->a, op, d, v, rm, 0);
}

static void vop_i(X86Gen *g, uint32_t op, unsigned d, unsigned v, X86Rm rm,
                  unsigned imm)
{
    x86_op(&g->a, op, d, v, rm, 1);
    x86_8(&g->a, imm);
}

/* ---- style and destination ---- */

/* May @op use VEX encodings for 16 bytes? */
static bool vex_style(X86Gen *g, const TCGOp *op)
{
    if (!have(X86_AVX)) {
        return false;
    }
    if (op->flags & TCG_F_ZERO_UPPER || op->w == VW_32) {
        g->vex = true;
    } else if (op->dst[0] && g->s->vals[op->dst[0]].type == TCG_VEC &&
               is_global(g, op->dst[0])) {
        g->vex = false;
    }
    return g->vex;
}

/* Without AVX: an upper half that becomes zero is in memory. */
static void clear_upper(X86Gen *g, const TCGOp *op)
{
    if (!have(X86_AVX) && op->flags & TCG_F_ZERO_UPPER && op->w != VW_32 &&
        is_global(g, op->dst[0])) {
        X86Rm up = x86_upper_half(g, op->dst[0]);

        x86_store_i(&g->a, MO_64, up, 0);
        x86_store_i(&g->a, MO_64, plus(up, 8), 0);
    }
}

/*
 * The result is in @reg.  @whole: so is what belongs above it, or nothing
 * does; otherwise the upper half of a global has to stay as it is.
 */
static void vbind(X86Gen *g, unsigned reg, bool whole)
{
    const TCGOp *op = g->op;
    TCGv dst = op->dst[0];
    const TCGVal *x = &g->s->vals[dst];

    if (ra_dst_dead(&g->ra, 0)) {
        return;
    }
    if (is_pinned(g, dst) && x->pinned != reg + RA_VEC && have(X86_AVX) &&
        !whole) {
        ra_write_pinned(&g->ra, x->pinned);
        x86_rr(&g->a, PS(0x28), x->pinned - RA_VEC, reg);
    } else if (is_homed_global(g, dst) && have(X86_AVX) && !whole) {
        x86_rm(&g->a, PS(0x29), reg, env_rm(x->offset));
        ra_hold_partial(&g->ra, dst, reg + RA_VEC);
    } else {
        ra_bind(&g->ra, dst, reg + RA_VEC);
    }
    clear_upper(g, op);
}

static unsigned vdst(X86Gen *g, TCGv a, TCGv b, RASet avoid)
{
    return ra_dst(&g->ra, g->op->dst[0], a, b, avoid) - RA_VEC;
}

/*
 * A register that holds src @a and may become the result, by legacy moves.
 * @fp: the op may raise an exception, so a global keeps its value for now.
 */
static unsigned vdst_from(X86Gen *g, TCGv a, RASet avoid, bool fp)
{
    TCGv dst = g->op->dst[0];
    unsigned ra = vuse(g, a), d;

    if (is_pinned(g, dst) && (fp || g->fold >= 0) && dst != a) {
        avoid |= RA_BIT(g->s->vals[dst].pinned);
    }
    d = vdst(g, a, TCGV_NONE, avoid);
    if (d != ra) {
        x86_rr(&g->a, PS(0x28), d, ra);
        if (!(avoid & RA_BIT(ra + RA_VEC))) {
            ra_unlock(&g->ra, ra + RA_VEC);
        }
    }
    return d;
}

/* Is @d, written by a legacy op, the destination with its own upper half? */
static bool own_upper(const X86Gen *g, unsigned d)
{
    TCGv dst = g->op->dst[0];

    return !is_global(g, dst) || !have(X86_AVX) ||
           (is_pinned(g, dst) && g->s->vals[dst].pinned == d + RA_VEC);
}

/* ---- how an op can be done ---- */

typedef enum Way { WAY_LEGACY, WAY_VEX, WAY_VEX_MERGE, WAY_HALVES, WAY_CALL }
Way;

/* Forms that two halves can do one after the other. */
static bool by_lanes(const X86VecEnc *e)
{
    return e->form != VF_NONE && e->form != VF_UNX && e->form != VF_BINX;
}

static Way way_of(X86Gen *g, const TCGOp *op, const X86VecEnc *e)
{
    bool legacy = have(e->sse) && !(op->aux == VOP_fcmp && op->imm > 7);
    bool vex = have(X86_AVX | e->vex);

    if (op->w == VW_32) {
        if (have(X86_AVX | e->wide)) {
            return WAY_VEX;
        }
        return by_lanes(e) && (have(X86_AVX) ? vex : legacy) ? WAY_HALVES
                                                             : WAY_CALL;
    }
    if (vex && vex_style(g, op)) {
        return WAY_VEX;
    }
    if (legacy) {
        /* a legacy op into a register that wants a clear upper half */
        return op->flags & TCG_F_ZERO_UPPER && have(X86_AVX) &&
               is_global(g, op->dst[0]) ? WAY_CALL : WAY_LEGACY;
    }
    return vex ? WAY_VEX_MERGE : WAY_CALL;
}

/* ---- one instruction ---- */

static bool has_imm(unsigned form)
{
    return form == VF_BINI || form == VF_UNI || form == VF_UN1I ||
           form == VF_SHI || form == VF_BINX;
}

static bool is_unary(unsigned form)
{
    return form == VF_UN || form == VF_UNI || form == VF_UNX ||
           form == VF_UN1 || form == VF_UN1I;
}

static uint32_t opcode(const X86VecEnc *e, X86Rm rm)
{
    return e->mem && !x86_is_reg(rm) ? e->mem : e->op;
}

/* d = op a, rm in VEX form; for unary forms a is ignored. */
static void emit_vex(X86Gen *g, const X86VecEnc *e, uint32_t bits, unsigned d,
                     unsigned a, X86Rm rm, unsigned imm)
{
    uint32_t op = opcode(e, rm) | X_VEX | bits;

    if (e->form == VF_SHI) {
        vop_i(g, op, e->ext, d, rm, imm);
    } else if (has_imm(e->form)) {
        vop_i(g, op, d, is_unary(e->form) ? 0 : a, rm, imm);
    } else {
        vop(g, op, d, is_unary(e->form) ? 0 : a, rm);
    }
}

/* d = op d, rm in legacy form. */
static void emit_legacy(X86Gen *g, const X86VecEnc *e, unsigned d, X86Rm rm,
                        unsigned imm)
{
    uint32_t op = opcode(e, rm) & ~X_W;

    if (e->form == VF_SHI) {
        vop_i(g, op, e->ext, 0, x86_reg(d), imm);
    } else if (has_imm(e->form)) {
        vop_i(g, op, d, 0, rm, imm);
    } else {
        vop(g, op, d, 0, rm);
    }
}

static bool commutes(const TCGOp *op)
{
    switch (op->aux) {
    case VOP_and: case VOP_or: case VOP_xor: case VOP_add: case VOP_adds:
    case VOP_addus: case VOP_avgu: case VOP_mins: case VOP_minu: case VOP_maxs:
    case VOP_maxu: case VOP_mullo: case VOP_mulhs: case VOP_mulhu:
    case VOP_maddwd: case VOP_muludq: case VOP_muldq: case VOP_cmpeq:
    case VOP_sadbw: case VOP_mulhrs:
        return true;
    default:
        return false;
    }
}

/* The operand that may be memory, and the other one or 0. */
static void operands(const TCGOp *op, const X86VecEnc *e, TCGv *a, TCGv *rm)
{
    *a = TCGV_NONE;
    switch (e->form) {
    case VF_UN:
    case VF_UNI:
    case VF_UNX:
    case VF_SHI:
        *rm = op->src[0];
        break;
    case VF_UN1:
    case VF_UN1I:
        *rm = op->src[1];
        break;
    default:
        *a = op->src[0];
        *rm = op->src[1];
        break;
    }
}

static void by_vex(X86Gen *g, const TCGOp *op, const X86VecEnc *e, bool merge)
{
    uint32_t bits = op->w == VW_32 ? X_L : 0;
    unsigned a = 0, d;
    TCGv va, vrm;
    X86Rm rm;
    RASet avoid = 0;

    operands(op, e, &va, &vrm);
    /* shifts by an immediate have no memory form */
    rm = e->form == VF_SHI ? vreg_operand(g, vrm) : voperand(g, vrm);
    if (va) {
        a = vuse(g, va);
    }
    if (merge && is_pinned(g, op->dst[0])) {
        avoid = RA_BIT(g->s->vals[op->dst[0]].pinned);
    }
    d = vdst(g, va ? va : vrm, x86_is_reg(rm) ? vrm : TCGV_NONE, avoid);
    if (e->form == VF_BIN && x86_is_reg(rm) && rm.reg >= 8 && a < 8 &&
        commutes(op)) {
        unsigned t = a;         /* two-byte VEX prefix */

        a = rm.reg;
        rm.reg = t;
    }
    emit_vex(g, e, bits, d, a, rm, op->imm);
    vbind(g, d, !merge);
}

static void by_legacy(X86Gen *g, const TCGOp *op, const X86VecEnc *e)
{
    bool fp = tcg_vop_defs[op->aux].flags & TCG_VF_P;
    TCGv va, vrm, dst = op->dst[0];
    unsigned d;
    X86Rm rm;

    operands(op, e, &va, &vrm);
    if (e->form == VF_SHI) {
        d = vdst_from(g, vrm, 0, false);
        emit_legacy(g, e, d, x86_reg(d), op->imm);
        vbind(g, d, own_upper(g, d));
        return;
    }
    if (!va) {
        rm = voperand(g, vrm);
        if (op->aux == VOP_mov && x86_is_reg(rm) &&
            ra_where(&g->ra, dst) == rm.reg + RA_VEC) {
            clear_upper(g, op);
            return;
        }
        d = vdst(g, x86_is_reg(rm) ? vrm : TCGV_NONE, TCGV_NONE, 0);
        emit_legacy(g, e, d, rm, op->imm);
        vbind(g, d, own_upper(g, d));
        return;
    }
    if (commutes(op) && va != dst && (vrm == dst || (g->fold >= 0 &&
        g->s->ops[g->fold].dst[0] == va))) {
        TCGv t = va;

        va = vrm;
        vrm = t;
    }
    rm = voperand(g, vrm);
    d = vdst_from(g, va, va == vrm ? 0 : vregs_of(rm), fp);
    emit_legacy(g, e, d, rm, op->imm);
    vbind(g, d, own_upper(g, d));
}

/* ---- halves ---- */

static X86Rm vscratch(unsigned n)
{
    return frame_rm(FRAME_VTMP + n * 32);
}

/*
 * Operand @rm of an op with two more register operands: when all three are in
 * temps, none is left for the result, so this one goes to memory.
 */
static X86Rm park(X86Gen *g, X86Rm rm, unsigned a, unsigned b)
{
    RASet regs = (vregs_of(rm) | RA_BIT(a + RA_VEC) | RA_BIT(b + RA_VEC)) &
                 ~g->ra.pinned;

    if (!x86_is_reg(rm) || __builtin_popcountll(regs) < 3) {
        return rm;
    }
    x86_vec_store(g, rm.reg, vscratch(0));
    ra_unlock(&g->ra, rm.reg + RA_VEC);
    return vscratch(0);
}

/* Immediate of the upper half. */
static unsigned upper_imm(const TCGOp *op)
{
    switch (op->aux) {
    case VOP_shufp:
    case VOP_permili:
        return op->cond == MO_64 ? op->imm >> 2 : op->imm;
    case VOP_blendi:
        return op->cond == MO_32 ? op->imm >> 4
               : op->cond == MO_64 ? op->imm >> 2 : op->imm;
    case VOP_mpsadbw:
        return op->imm >> 3;
    default:
        return op->imm;
    }
}

/* AVX without the 256-bit form. */
static void halves_avx(X86Gen *g, const TCGOp *op, const X86VecEnc *e)
{
    TCGv va, vrm;
    unsigned a = 0, b, t, d;
    X86Rm up;

    operands(op, e, &va, &vrm);
    b = vuse(g, vrm);
    t = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
    if (va) {
        a = vuse(g, va);
        if (e->form == VF_SHV) {
            up = x86_reg(b);
        } else {
            x86_vec_store(g, b, vscratch(0));
            up = plus(vscratch(0), 16);
        }
        vop_i(g, X_0F3A | X_66 | X_VEX | X_L | 0x19, a, 0, x86_reg(t), 1);
    } else {
        vop_i(g, X_0F3A | X_66 | X_VEX | X_L | 0x19, b, 0, x86_reg(t), 1);
        up = x86_reg(t);
    }
    emit_vex(g, e, 0, t, t, up, upper_imm(op));
    x86_vec_store(g, t, vscratch(0));
    ra_unlock(&g->ra, t + RA_VEC);
    d = vdst(g, va, vrm, 0);
    emit_vex(g, e, 0, d, a, x86_reg(b), op->imm);
    vop_i(g, X_0F3A | X_66 | X_VEX | X_L | 0x18, d, d, vscratch(0), 1);
    vbind(g, d, true);
}

/* Without AVX: upper halves are in memory. */
static void halves_sse(X86Gen *g, const TCGOp *op, const X86VecEnc *e)
{
    TCGv va, vrm, dst = op->dst[0];
    unsigned t = ra_scratch(&g->ra, TCG_VEC, 0), d;
    X86Rm rm;

    operands(op, e, &va, &vrm);
    /* upper half to the frame */
    x86_vec_load(g, t - RA_VEC, x86_upper_half(g, va ? va : vrm));
    emit_legacy(g, e, t - RA_VEC, va ? e->form == VF_SHV
                ? vreg_operand(g, vrm) : x86_upper_half(g, vrm)
                : x86_reg(t - RA_VEC), upper_imm(op));
    x86_vec_store(g, t - RA_VEC, vscratch(0));
    ra_unlock(&g->ra, t);
    /* lower half in place */
    rm = vreg_operand(g, vrm);
    if (va) {
        d = vdst_from(g, va, va == vrm ? 0 : vregs_of(rm), true);
    } else if (e->form == VF_SHI) {
        d = vdst_from(g, vrm, 0, false);
    } else {
        d = vdst(g, vrm, TCGV_NONE, 0);
    }
    emit_legacy(g, e, d, rm, op->imm);
    vbind(g, d, true);
    if (!ra_dst_dead(&g->ra, 0)) {
        g->ra.locked = RA_BIT(d + RA_VEC);
        t = ra_scratch(&g->ra, TCG_VEC, 0);
        x86_vec_load(g, t - RA_VEC, vscratch(0));
        x86_vec_store(g, t - RA_VEC, x86_upper_half(g, dst));
    }
}

/* ---- ops written out ---- */

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
            vuse(g, b);         /* a register from here on */
        }
        /* a folded load may still end up in a register */
        e.op = merges[k].reg;
        e.mem = merges[k].mem;
        if (vex_style(g, op)) {
            by_vex(g, op, &e, false);
        } else {
            by_legacy(g, op, &e);
        }
        return true;
    }
    return false;
}

/* d = all bits alike, from no source. */
static bool gen_fill(X86Gen *g, const TCGOp *op)
{
    bool vex = vex_style(g, op);
    bool ones = op->aux == VOP_ones;
    unsigned d;

    if (ones && op->w == VW_32 && !have(X86_AVX2)) {
        return false;
    }
    if (!vex && op->w == VW_32) {
        return false;
    }
    d = vdst(g, TCGV_NONE, TCGV_NONE, 0);
    if (vex) {
        vop(g, ones ? X_0F | X_66 | X_VEX | (op->w == VW_32 ? X_L : 0) | 0x76
            : X_0F | X_66 | X_VEX | 0xef, d, d, x86_reg(d));
    } else {
        vop(g, X_0F | X_66 | (ones ? 0x76 : 0xef), d, 0, x86_reg(d));
    }
    vbind(g, d, vex || own_upper(g, d));
    return true;
}

static uint32_t fp_prefix(const TCGOp *op)
{
    return op->cond == MO_64 ? X_F2 : X_F3;
}

/* fucomi, fcomi, ptest, testp: flags, and rarely the integer. */
static bool gen_flags_op(X86Gen *g, const TCGOp *op)
{
    bool wide = op->w == VW_32;
    uint32_t code;
    unsigned a, d;
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
    a = vuse(g, op->src[0]);
    rm = voperand(g, op->src[1]);
    if (!(code & X_VEX) && g->vex && have(X86_AVX)) {
        code |= X_VEX;
    }
    vop(g, code, a, 0, rm);
    if (ra_dst_dead(&g->ra, 0)) {
        return true;
    }
    d = ra_dst(&g->ra, op->dst[0], TCGV_NONE, TCGV_NONE, 0);
    x86_8(&g->a, 0x9c);                         /* pushf; pop d */
    if (d & 8) {
        x86_8(&g->a, 0x41);
    }
    x86_8(&g->a, 0x58 + (d & 7));
    x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(d),
              TCG_CC_Z | TCG_CC_P | TCG_CC_C);
    ra_bind_dst(g, 0, d);
    if (x86_wants_flags(g)) {
        vop(g, code, a, 0, rm);
    }
    return true;
}

/* Float to integer. */
static bool gen_to_int(X86Gen *g, const TCGOp *op)
{
    uint32_t code = X_0F | fp_prefix(op) |
                    (op->aux == VOP_cvttf2si ? 0x2c : 0x2d) |
                    (op->imm == MO_64 ? X_W : 0);
    X86Rm rm = voperand(g, op->src[0]);
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
    bool vex = vex_style(g, op);
    X86Rm rm = is_const(g, op->src[1]) ||
               (g->fold < 0 && op->aux == VOP_insert && op->cond < MO_32)
               ? x86_reg(x86_use(g, op->src[1])) : x86_operand(g, op->src[1]);
    unsigned va, d;

    if (vex) {
        va = vuse(g, a);
        d = vdst(g, a, TCGV_NONE, 0);
        x86_op(&g->a, code | X_VEX, d, va, rm, has_i);
    } else {
        d = vdst_from(g, a, 0, fp);
        x86_op(&g->a, code, d, 0, rm, has_i);
    }
    if (has_i) {
        x86_8(&g->a, op->imm & ((16 >> op->cond) - 1));
    }
    vbind(g, d, vex || own_upper(g, d));
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
    a = vuse(g, op->src[0]);
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
    bool vex = vex_style(g, op);
    X86Rm rm;
    unsigned d;

    if (is_const(g, op->src[0]) && const_val(g, op->src[0]) == 0) {
        return gen_fill(g, op);
    }
    rm = is_const(g, op->src[0]) ? x86_reg(x86_use(g, op->src[0]))
                                 : x86_operand(g, op->src[0]);
    d = vdst(g, TCGV_NONE, TCGV_NONE, 0);
    vop(g, X_0F | X_66 | 0x6e | (op->cond == MO_32 ? 0 : X_W) |
        (vex ? X_VEX : 0), d, 0, rm);
    vbind(g, d, vex || own_upper(g, d));
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
    a = vuse(g, op->src[0]);
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
    if (!vex_style(g, op) && have(X86_SSE41) &&
        ra_where(&g->ra, op->src[2]) == RA_VEC) {
        /* the mask is in xmm0, where the legacy form wants it */
        rm = voperand(g, op->src[1]);
        d = vdst_from(g, op->src[0],
                      (op->src[0] == op->src[1] ? 0 : vregs_of(rm)) |
                      (op->src[0] == op->src[2] ? 0 : RA_BIT(RA_VEC)), false);
        vop(g, X_0F38 | X_66 | legacy_op[op->cond], d, 0, rm);
        vbind(g, d, own_upper(g, d));
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
    m = vuse(g, op->src[2]);
    a = vuse(g, op->src[0]);
    rm = park(g, voperand(g, op->src[1]), a, m);
    d = vdst(g, op->src[0], op->src[2], avoid);
    vop_i(g, X_0F3A | X_66 | X_VEX | vex_op[op->cond] | (wide ? X_L : 0), d, a,
          rm, m << 4);
    vbind(g, d, !merge);
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
    m = vuse(g, op->src[0]);
    b = vuse(g, op->src[1]);
    z = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
    vop(g, X_0F | X_66 | X_VEX | 0xef, z, z, x86_reg(z));
    ra_unlock(&g->ra, z + RA_VEC);
    d = vdst(g, op->src[0], op->src[1], 0);
    vop_i(g, X_0F3A | X_66 | X_VEX | (op->cond == MO_64 ? 0x4b : 0x4a) |
          (wide ? X_L : 0), d, z, x86_reg(b), m << 4);
    vbind(g, d, true);
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
    vex_style(g, op);
    rm = voperand(g, op->src[2]);
    b = vuse(g, op->src[1]);
    a = vuse(g, op->src[0]);
    rm = park(g, rm, a, b);
    avoid = vregs_of(rm) | RA_BIT(b + RA_VEC);
    if (is_pinned(g, dst) && (merge || dst != op->src[0])) {
        avoid |= RA_BIT(g->s->vals[dst].pinned);
    }
    if (op->src[0] == op->src[1] || op->src[0] == op->src[2]) {
        avoid |= RA_BIT(a + RA_VEC);
    }
    d = vdst(g, op->src[0], TCGV_NONE, avoid & ~(dst == op->src[0] && !merge
             ? RA_BIT(a + RA_VEC) : 0));
    if (d != a) {
        x86_rr(&g->a, PS(0x28) | X_VEX | (wide ? X_L : 0), d, a);
    }
    vop(g, X_0F38 | X_66 | X_VEX | (base[kind] + form * 0x10 + scalar) |
        (op->cond == MO_64 ? X_W : 0) | (wide ? X_L : 0), d, b, rm);
    vbind(g, d, !merge);
    return true;
}

static bool gen_lanes(X86Gen *g, const TCGOp *op)
{
    unsigned a, d;

    if (!have(X86_AVX)) {
        return false;
    }
    g->vex = true;
    a = vuse(g, op->src[0]);
    if (op->aux == VOP_bcast128) {
        d = vdst(g, op->src[0], TCGV_NONE, 0);
        vop_i(g, X_0F3A | X_66 | X_VEX | X_L | 0x18, d, a, x86_reg(a), 1);
    } else if (!(op->flags & TCG_F_ZERO_UPPER) && is_global(g, op->dst[0])) {
        return false;
    } else {
        d = vdst(g, op->src[0], TCGV_NONE, 0);
        if (op->imm & 1) {
            vop_i(g, X_0F3A | X_66 | X_VEX | X_L | 0x19, a, 0, x86_reg(d), 1);
        } else {
            vop(g, PS(0x28) | X_VEX, d, 0, x86_reg(a));
        }
    }
    vbind(g, d, true);
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
    a = vuse(g, op->src[0]);
    d = vdst(g, op->src[0], TCGV_NONE, 0);
    vop_i(g, X_0F3A | X_66 | X_VEX | 0x1d | (wide ? X_L : 0), a, 0, x86_reg(d),
          op->imm);
    vbind(g, d, true);
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
    rm = voperand(g, op->src[1]);
    d = vdst_from(g, op->src[0], vregs_of(rm) | RA_BIT(RA_VEC), false);
    vop(g, X_0F38 | 0xcb, d, 0, rm);
    vbind(g, d, own_upper(g, d));
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
static bool try_vzeroupper(X86Gen *g, const TCGOp *op)
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
static bool written_out(X86Gen *g, const TCGOp *op, bool *handled)
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

void gen_v(X86Gen *g, const TCGOp *op)
{
    X86VecEnc e;
    bool handled;

    if (op->aux == VOP_mov && try_vzeroupper(g, op)) {
        return;
    }
    if (!written_out(g, op, &handled)) {
        x86_vop_call(g, op);
        return;
    }
    if (handled) {
        return;
    }
    if (op->aux == VOP_insertps) {
        vuse(g, op->src[1]);    /* in memory it would be lane 0 always */
    }
    e = x86_vec_enc(op);
    switch (way_of(g, op, &e)) {
    case WAY_LEGACY:
        by_legacy(g, op, &e);
        break;
    case WAY_VEX:
        by_vex(g, op, &e, false);
        break;
    case WAY_VEX_MERGE:
        by_vex(g, op, &e, is_global(g, op->dst[0]));
        break;
    case WAY_HALVES:
        (have(X86_AVX) ? halves_avx : halves_sse)(g, op, &e);
        break;
    case WAY_CALL:
        x86_vop_call(g, op);
        break;
    }
}

bool x86_vop_keeps_flags(X86Gen *g, const TCGOp *op)
{
    X86VecEnc e;

    switch (op->aux) {
    case VOP_movs:
    case VOP_movlo:
    case VOP_movlh:
    case VOP_movhl:
    case VOP_cvtf2si:
    case VOP_cvttf2si:
    case VOP_cvtsi2f:
    case VOP_movi2v:
        return true;
    case VOP_zero:
    case VOP_insert:
    case VOP_extract:
        return have(X86_SSE41) && (op->w == VW_16 || have(X86_AVX));
    default:
        break;
    }
    e = x86_vec_enc(op);
    if (e.form == VF_NONE) {
        return false;
    }
    return way_of(g, op, &e) != WAY_CALL;
}

/* Bytes (log2) that an operand in memory has. */
static unsigned mem_width(const TCGOp *op)
{
    switch (op->aux) {
    case VOP_fucomi:
    case VOP_fcomi:
    case VOP_cvtf2si:
    case VOP_cvttf2si:
    case VOP_bcast:
        return op->cond;
    case VOP_cvtss2sd:
        return VW_4;
    case VOP_cvtsd2ss:
    case VOP_movlo:
    case VOP_movlh:
    case VOP_movq:
        return VW_8;
    case VOP_cvtdq2pd:
    case VOP_cvtps2pd:
    case VOP_cvtph2ps:
        return op->w - 1;
    case VOP_movsx:
    case VOP_movzx:
        return op->w - (op->imm - op->cond);
    case VOP_movddup:
        return op->w == VW_16 ? VW_8 : VW_32;
    case VOP_shl:
    case VOP_shr:
    case VOP_sar:
        return VW_16;
    case VOP_frcp:
    case VOP_frsqrt:
        return op->flags & TCG_F_SCALAR ? VW_4 : op->w;
    default:
        return op->flags & TCG_F_SCALAR ? op->cond : op->w;
    }
}

bool x86_vec_can_fold(X86Gen *g, const TCGOp *ld, const TCGOp *op,
                      unsigned src)
{
    bool vex = vex_style(g, op), align = ld->flags & TCG_F_ALIGN;
    X86VecEnc e;
    unsigned at = 1;
    Way way;

    if (ld->w != mem_width(op)) {
        return false;
    }
    switch (op->aux) {
    case VOP_cvtf2si:
    case VOP_cvttf2si:
        at = 0;
        break;
    case VOP_fucomi:
    case VOP_fcomi:
    case VOP_movlo:
    case VOP_movlh:
        break;
    case VOP_fma:
        return have(X86_FMA) && src == 2 && !align;
    case VOP_insertps:
        return false;
    default:
        e = x86_vec_enc(op);
        way = way_of(g, op, &e);
        if (e.form == VF_NONE || e.form == VF_SHI ||
            (way != WAY_LEGACY && way != WAY_VEX)) {
            return false;
        }
        vex = way == WAY_VEX;
        if (is_unary(e.form) && e.form != VF_UN1 && e.form != VF_UN1I) {
            at = 0;
        }
        break;
    }
    /* legacy forms demand alignment of 16 bytes, VEX forms do not */
    return src == at && (ld->w < VW_16 || align != vex);
}

/* ---- memory ---- */

static uint32_t load_code(unsigned w, bool align)
{
    switch (w) {
    case VW_4:
        return X_0F | X_F3 | 0x10;
    case VW_8:
        return X_0F | X_F2 | 0x10;
    default:
        return PS(align ? 0x28 : 0x10);
    }
}

/* #GP unless @m is aligned to 32 bytes: the halves check for 16. */
static void check_align32(X86Gen *g, X86Rm m)
{
    unsigned t = ra_scratch(&g->ra, TCG_I64, 0), v;
    uint8_t *aligned;

    x86_rm(&g->a, X_LEA | X_W, t, m);
    x86_test_i(&g->a, MO_32, x86_reg(t), 31);
    aligned = x86_jcc8(&g->a, CCC_E);
    v = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
    x86_rm(&g->a, PS(0x28), v, x86_mem(X86_RSP, 1));
    x86_here8(&g->a, aligned);
    ra_unlock(&g->ra, v + RA_VEC);
    ra_unlock(&g->ra, t);
}

/* 32 bytes without AVX: the lower ones in a register, the others in memory. */
static void load_halves(X86Gen *g, X86Rm m, bool align)
{
    TCGv dst = g->op->dst[0];
    uint32_t code = load_code(VW_16, align);
    RASet avoid = is_pinned(g, dst) ? RA_BIT(g->s->vals[dst].pinned) : 0;
    unsigned lo = vdst(g, TCGV_NONE, TCGV_NONE, avoid), hi;

    if (align) {
        check_align32(g, m);
    }
    /* nothing is written before both have been read */
    hi = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
    x86_rm(&g->a, code, lo, m);
    x86_rm(&g->a, code, hi, plus(m, 16));
    vbind(g, lo, true);
    if (!ra_dst_dead(&g->ra, 0)) {
        x86_vec_store(g, hi, x86_upper_half(g, dst));
    }
}

static void vload(X86Gen *g, const TCGOp *op, X86Rm m)
{
    bool align = op->flags & TCG_F_ALIGN, vex = vex_style(g, op);
    unsigned d;

    if (op->w == VW_32 && !have(X86_AVX)) {
        load_halves(g, m, align);
        return;
    }
    d = vdst(g, TCGV_NONE, TCGV_NONE, 0);
    x86_rm(&g->a, load_code(op->w, align) | (vex ? X_VEX : 0) |
           (op->w == VW_32 ? X_L : 0), d, m);
    vbind(g, d, vex || own_upper(g, d));
}

void gen_vld(X86Gen *g, const TCGOp *op)
{
    vload(g, op, x86_address(g, op));
}

void gen_vld_env(X86Gen *g, const TCGOp *op)
{
    vload(g, op, env_rm(op->imm));
}

static void vstore(X86Gen *g, const TCGOp *op, TCGv v, X86Rm m)
{
    bool align = op->flags & TCG_F_ALIGN;
    unsigned s = vuse(g, v), t;
    uint32_t code = load_code(op->w, align) + 1;

    if (op->w == VW_32 && !have(X86_AVX)) {
        if (align) {
            check_align32(g, m);
        }
        t = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
        x86_vec_load(g, t, x86_upper_half(g, v));
        /* of two pages it is mostly the second one that is missing */
        x86_rm(&g->a, code, t, plus(m, 16));
        x86_rm(&g->a, code, s, m);
        return;
    }
    if (align && op->flags & TCG_F_NOTEMPORAL) {
        code = PS(0x2b);
    }
    x86_rm(&g->a, code | (op->w == VW_32 ? X_VEX | X_L
                          : g->vex && have(X86_AVX) ? X_VEX : 0), s, m);
}

void gen_vst(X86Gen *g, const TCGOp *op)
{
    vstore(g, op, op->src[2], x86_address(g, op));
}

void gen_vst_env(X86Gen *g, const TCGOp *op)
{
    vstore(g, op, op->src[0], env_rm(op->imm));
}
