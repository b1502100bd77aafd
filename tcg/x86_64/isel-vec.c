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
unsigned x86_vuse(X86Gen *g, TCGv v)
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
X86Rm x86_voperand(X86Gen *g, TCGv v)
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

X86Rm x86_vreg_operand(X86Gen *g, TCGv v)
{
    return x86_reg(x86_vuse(g, v));
}

/* ---- style and destination ---- */

/* May @op use VEX encodings for 16 bytes? */
bool x86_vex_style(X86Gen *g, const TCGOp *op)
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
void x86_vbind(X86Gen *g, unsigned reg, bool whole)
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

unsigned x86_vdst(X86Gen *g, TCGv a, TCGv b, RASet avoid)
{
    return ra_dst(&g->ra, g->op->dst[0], a, b, avoid) - RA_VEC;
}

/*
 * A register that holds src @a and may become the result, by legacy moves.
 * @fp: the op may raise an exception, so a global keeps its value for now.
 */
unsigned x86_vdst_from(X86Gen *g, TCGv a, RASet avoid, bool fp)
{
    TCGv dst = g->op->dst[0];
    unsigned ra = x86_vuse(g, a), d;

    if (is_pinned(g, dst) && (fp || g->fold >= 0) && dst != a) {
        avoid |= RA_BIT(g->s->vals[dst].pinned);
    }
    d = x86_vdst(g, a, TCGV_NONE, avoid);
    if (d != ra) {
        x86_rr(&g->a, PS(0x28), d, ra);
        if (!(avoid & RA_BIT(ra + RA_VEC))) {
            ra_unlock(&g->ra, ra + RA_VEC);
        }
    }
    return d;
}

/* Is @d, written by a legacy op, the destination with its own upper half? */
bool x86_own_upper(const X86Gen *g, unsigned d)
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
    if (vex && x86_vex_style(g, op)) {
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

void x86_by_vex(X86Gen *g, const TCGOp *op, const X86VecEnc *e, bool merge)
{
    uint32_t bits = op->w == VW_32 ? X_L : 0;
    unsigned a = 0, d;
    TCGv va, vrm;
    X86Rm rm;
    RASet avoid = 0;

    operands(op, e, &va, &vrm);
    /* shifts by an immediate have no memory form */
    rm = e->form == VF_SHI ? x86_vreg_operand(g, vrm) : x86_voperand(g, vrm);
    if (va) {
        a = x86_vuse(g, va);
    }
    if (merge && is_pinned(g, op->dst[0])) {
        avoid = RA_BIT(g->s->vals[op->dst[0]].pinned);
    }
    d = x86_vdst(g, va ? va : vrm, x86_is_reg(rm) ? vrm : TCGV_NONE, avoid);
    if (e->form == VF_BIN && x86_is_reg(rm) && rm.reg >= 8 && a < 8 &&
        commutes(op)) {
        unsigned t = a;         /* two-byte VEX prefix */

        a = rm.reg;
        rm.reg = t;
    }
    emit_vex(g, e, bits, d, a, rm, op->imm);
    x86_vbind(g, d, !merge);
}

void x86_by_legacy(X86Gen *g, const TCGOp *op, const X86VecEnc *e)
{
    bool fp = tcg_vop_defs[op->aux].flags & TCG_VF_P;
    TCGv va, vrm, dst = op->dst[0];
    unsigned d;
    X86Rm rm;

    operands(op, e, &va, &vrm);
    if (e->form == VF_SHI) {
        d = x86_vdst_from(g, vrm, 0, false);
        emit_legacy(g, e, d, x86_reg(d), op->imm);
        x86_vbind(g, d, x86_own_upper(g, d));
        return;
    }
    if (!va) {
        rm = x86_voperand(g, vrm);
        if (op->aux == VOP_mov && x86_is_reg(rm) &&
            ra_where(&g->ra, dst) == rm.reg + RA_VEC) {
            clear_upper(g, op);
            return;
        }
        d = x86_vdst(g, x86_is_reg(rm) ? vrm : TCGV_NONE, TCGV_NONE, 0);
        emit_legacy(g, e, d, rm, op->imm);
        x86_vbind(g, d, x86_own_upper(g, d));
        return;
    }
    if (commutes(op) && va != dst && (vrm == dst || (g->fold >= 0 &&
        g->s->ops[g->fold].dst[0] == va))) {
        TCGv t = va;

        va = vrm;
        vrm = t;
    }
    rm = x86_voperand(g, vrm);
    d = x86_vdst_from(g, va, va == vrm ? 0 : vregs_of(rm), fp);
    emit_legacy(g, e, d, rm, op->imm);
    x86_vbind(g, d, x86_own_upper(g, d));
}

/* ---- halves ---- */

/*
 * Operand @rm of an op with two more register operands: when all three are in
 * temps, none is left for the result, so this one goes to memory.
 */
X86Rm x86_park(X86Gen *g, X86Rm rm, unsigned a, unsigned b)
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
    b = x86_vuse(g, vrm);
    t = ra_scratch(&g->ra, TCG_VEC, 0) - RA_VEC;
    if (va) {
        a = x86_vuse(g, va);
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
    d = x86_vdst(g, va, vrm, 0);
    emit_vex(g, e, 0, d, a, x86_reg(b), op->imm);
    vop_i(g, X_0F3A | X_66 | X_VEX | X_L | 0x18, d, d, vscratch(0), 1);
    x86_vbind(g, d, true);
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
                ? x86_vreg_operand(g, vrm) : x86_upper_half(g, vrm)
                : x86_reg(t - RA_VEC), upper_imm(op));
    x86_vec_store(g, t - RA_VEC, vscratch(0));
    ra_unlock(&g->ra, t);
    /* lower half in place */
    rm = x86_vreg_operand(g, vrm);
    if (va) {
        d = x86_vdst_from(g, va, va == vrm ? 0 : vregs_of(rm), true);
    } else if (e->form == VF_SHI) {
        d = x86_vdst_from(g, vrm, 0, false);
    } else {
        d = x86_vdst(g, vrm, TCGV_NONE, 0);
    }
    emit_legacy(g, e, d, rm, op->imm);
    x86_vbind(g, d, true);
    if (!ra_dst_dead(&g->ra, 0)) {
        g->ra.locked = RA_BIT(d + RA_VEC);
        t = ra_scratch(&g->ra, TCG_VEC, 0);
        x86_vec_load(g, t - RA_VEC, vscratch(0));
        x86_vec_store(g, t - RA_VEC, x86_upper_half(g, dst));
    }
}
void gen_v(X86Gen *g, const TCGOp *op)
{
    X86VecEnc e;
    bool handled;

    if (op->aux == VOP_mov && x86_try_vzeroupper(g, op)) {
        return;
    }
    if (!x86_written_out(g, op, &handled)) {
        x86_vop_call(g, op);
        return;
    }
    if (handled) {
        return;
    }
    if (op->aux == VOP_insertps) {
        x86_vuse(g, op->src[1]);    /* in memory it would be lane 0 always */
    }
    e = x86_vec_enc(op);
    switch (way_of(g, op, &e)) {
    case WAY_LEGACY:
        x86_by_legacy(g, op, &e);
        break;
    case WAY_VEX:
        x86_by_vex(g, op, &e, false);
        break;
    case WAY_VEX_MERGE:
        x86_by_vex(g, op, &e, is_global(g, op->dst[0]));
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
    bool vex = x86_vex_style(g, op), align = ld->flags & TCG_F_ALIGN;
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
