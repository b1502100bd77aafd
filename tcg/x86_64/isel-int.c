/*
 * Instruction selection: integer operations.
 *
 * Two rules run through this file.  An op whose host flags a cc record relies
 * on (x86_wants_flags) uses the instruction that sets them as the guest's
 * would; an op in the middle of such a range (x86_keep) uses one that leaves
 * flags alone: cc-scan.c only marks ops that can (see is_neutral() there).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

/* ---- moves and extensions ---- */

/* d = value */
static void load_const(X86Gen *g, unsigned d, uint64_t value)
{
    if (value == 0 && !x86_keep(g)) {
        x86_rr(&g->a, x86_op_w(0x32, MO_32), d, d);
    } else {
        x86_load_imm(g, d, value);
    }
}

/* Narrow move: low 8 or 16 bits of src[1] into a copy of src[0]. */
static void mov_low(X86Gen *g, const TCGOp *op)
{
    int32_t imm;
    unsigned d;

    if (x86_imm(g, op->src[1], op->w, &imm)) {
        d = x86_dst_from(g, op->dst[0], op->src[0], 0);
        x86_store_i(&g->a, op->w, x86_reg(d), imm);
    } else {
        X86Rm b = x86_operand(g, op->src[1]);

        d = x86_dst_from(g, op->dst[0], op->src[0], x86_rm_regs(b));
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, op->w), d, b);
    }
    ra_bind_dst(g, 0, d);
}

void gen_mov(X86Gen *g, const TCGOp *op)
{
    TCGv dst = op->dst[0], src = op->src[0];
    RAHome home;
    unsigned d;

    if (op->w < MO_32) {
        mov_low(g, op);
    } else if (is_const(g, src)) {
        uint64_t value = const_val(g, src);

        if (op->w == MO_32) {
            value = (uint32_t)value;
        }
        if (x86_fits32(value) && !is_pinned(g, dst) &&
            g->s->vals[dst].kind != TCG_VAL_TEMP &&
            ra_home(&g->ra, dst, &home)) {
            x86_store_i(&g->a, MO_64, home_rm(home), value);
            ra_written_home(&g->ra, dst);
            return;
        }
        d = ra_dst(&g->ra, dst, TCGV_NONE, TCGV_NONE, 0);
        load_const(g, d, value);
        ra_bind_dst(g, 0, d);
        if (RA_BIT(d) & g->ra.pinned) {
            ra_set_known(&g->ra, d, value);
        }
    } else if (op->w == MO_64) {
        if (!ra_dst_dead(&g->ra, 0)) {
            ra_copy(&g->ra, dst, src);
        }
    } else {
        X86Rm a = x86_operand(g, src);

        d = ra_dst(&g->ra, dst, src, TCGV_NONE, 0);
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_32), d, a);
        ra_bind_dst(g, 0, d);
    }
}

/* Zero-extending load or move of the low 8 << from bits. */
static uint32_t op_extu(unsigned from)
{
    return from == MO_8 ? X_MOVZX8 : from == MO_16 ? X_MOVZX16
           : x86_op_w(X_MOV_LOAD, from);
}

static void extend(X86Gen *g, const TCGOp *op, uint32_t opcode)
{
    X86Rm a = x86_operand(g, op->src[0]);
    unsigned d = ra_dst(&g->ra, op->dst[0], op->src[0], TCGV_NONE, 0);

    x86_rm(&g->a, opcode, d, a);
    ra_bind_dst(g, 0, d);
}

void gen_extu(X86Gen *g, const TCGOp *op)
{
    extend(g, op, op_extu(MIN(op->cond, op->w)));
}

void gen_exts(X86Gen *g, const TCGOp *op)
{
    uint32_t w = op->w == MO_64 ? X_W : 0;

    if (op->cond >= op->w) {
        extend(g, op, op_extu(op->w));
    } else {
        extend(g, op, op->cond == MO_8 ? X_MOVSX8 | w
               : op->cond == MO_16 ? X_MOVSX16 | w : X_MOVSXD);
    }
}

void gen_extract(X86Gen *g, const TCGOp *op)
{
    unsigned pos = op->imm & 0xff, len = op->imm >> 8;
    unsigned d;

    if (pos == 0 && (len == 8 || len == 16 || len == 32)) {
        extend(g, op, op_extu(__builtin_ctz(len) - 3));
        return;
    }
    if (have(X86_BMI2) && pos && len <= 16 && !(len & 7)) {
        /* flag-neutral: bring the field down, extend it */
        X86Rm a = x86_operand(g, op->src[0]);

        d = ra_dst(&g->ra, op->dst[0], op->src[0], TCGV_NONE, 0);
        x86_rm_i8(&g->a, X_RORX | X_W, d, a, pos);
        x86_rr(&g->a, op_extu(len == 8 ? MO_8 : MO_16), d, d);
        ra_bind_dst(g, 0, d);
        return;
    }
    if (pos + len == 32) {
        X86Rm a = x86_operand(g, op->src[0]);

        d = ra_dst(&g->ra, op->dst[0], op->src[0], TCGV_NONE, 0);
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_32), d, a);
        x86_shift_i(&g->a, SH_SHR, MO_32, x86_reg(d), pos);
        ra_bind_dst(g, 0, d);
        return;
    }
    d = x86_dst_from(g, op->dst[0], op->src[0], 0);
    if (pos + len == 64) {
        x86_shift_i(&g->a, SH_SHR, MO_64, x86_reg(d), pos);
    } else if (len == 8 || len == 16 || len == 32) {
        x86_shift_i(&g->a, SH_SHR, MO_64, x86_reg(d), pos);
        x86_rr(&g->a, op_extu(__builtin_ctz(len) - 3), d, d);
    } else if (pos + len <= 31 || len < 31) {
        x86_shift_i(&g->a, SH_SHR, MO_64, x86_reg(d), pos);
        x86_alu_i(&g->a, ALU_AND, MO_32, x86_reg(d), (1u << len) - 1);
    } else {
        x86_shift_i(&g->a, SH_SHL, MO_64, x86_reg(d), 64 - pos - len);
        x86_shift_i(&g->a, SH_SHR, MO_64, x86_reg(d), 64 - len);
    }
    ra_bind_dst(g, 0, d);
}

static void rotate(X86Gen *g, unsigned d, unsigned n)
{
    if (!n) {
        return;
    }
    if (have(X86_BMI2)) {
        x86_rm_i8(&g->a, X_RORX | X_W, d, x86_reg(d), n);
    } else {
        x86_shift_i(&g->a, SH_ROR, MO_64, x86_reg(d), n);
    }
}

void gen_deposit(X86Gen *g, const TCGOp *op)
{
    unsigned pos = op->imm & 0xff, len = op->imm >> 8;
    unsigned d, t;
    int32_t imm;

    if (len == 8 || len == 16) {
        /* turn the field to the bottom, write it, turn back */
        TCGWidth w = len == 8 ? MO_8 : MO_16;

        if (x86_imm(g, op->src[1], w, &imm)) {
            d = x86_dst_from(g, op->dst[0], op->src[0], 0);
            rotate(g, d, pos);
            x86_store_i(&g->a, w, x86_reg(d), imm);
        } else {
            t = x86_use(g, op->src[1]);
            d = x86_dst_from(g, op->dst[0], op->src[0], RA_BIT(t));
            rotate(g, d, pos);
            x86_rr(&g->a, x86_op_w(X_MOV_LOAD, w), d, t);
        }
        rotate(g, d, 64 - pos);
        ra_bind_dst(g, 0, d);
        return;
    }

    /* the field in t, the rest in d; both in the place of the field */
    t = ra_scratch(&g->ra, TCG_I64, 0);
    x86_load_to(g, t, op->src[1]);
    x86_shift_i(&g->a, SH_SHL, MO_64, x86_reg(t), 64 - len);
    if (64 - len != pos) {
        x86_shift_i(&g->a, SH_SHR, MO_64, x86_reg(t), 64 - len - pos);
    }
    d = x86_dst_from(g, op->dst[0], op->src[0], RA_BIT(t));
    rotate(g, d, pos);
    if (len == 64) {
        x86_rr(&g->a, x86_op_w(0x32, MO_32), d, d);
    } else {
        x86_shift_i(&g->a, SH_SHR, MO_64, x86_reg(d), len);
        x86_shift_i(&g->a, SH_SHL, MO_64, x86_reg(d), len);
    }
    rotate(g, d, (64 - pos) & 63);
    x86_alu(&g->a, ALU_OR, MO_64, d, x86_reg(t));
    ra_bind_dst(g, 0, d);
}

void gen_extract2(X86Gen *g, const TCGOp *op)
{
    unsigned n = op->imm & 63, b = x86_use(g, op->src[1]);
    unsigned d = x86_dst_from(g, op->dst[0], op->src[0], RA_BIT(b));

    if (op->w == MO_32) {
        if (n == 0) {
            x86_mov(&g->a, MO_32, d, d);
        } else if (n >= 32) {
            x86_mov(&g->a, MO_32, d, b);
            x86_shift_i(&g->a, SH_SHR, MO_32, x86_reg(d), n - 32);
        } else {
            x86_rm_i8(&g->a, X_SHRD_I, b, x86_reg(d), n);
        }
    } else if (n) {
        x86_rm_i8(&g->a, X_SHRD_I | X_W, b, x86_reg(d), n);
    }
    ra_bind_dst(g, 0, d);
}

/* ---- two-operand arithmetic ---- */

int x86_alu_of(unsigned opc)
{
    switch (opc) {
    case TCG_OP_add:
        return ALU_ADD;
    case TCG_OP_sub:
        return ALU_SUB;
    case TCG_OP_and:
        return ALU_AND;
    case TCG_OP_or:
        return ALU_OR;
    case TCG_OP_xor:
        return ALU_XOR;
    case TCG_OP_adc:
        return ALU_ADC;
    case TCG_OP_sbb:
        return ALU_SBB;
    default:
        return -1;
    }
}

/* d = a + imm without touching flags, or when d is another register. */
static bool add_by_lea(X86Gen *g, const TCGOp *op, TCGv a, int64_t imm)
{
    unsigned ra, d;

    if (op->w < MO_32 || x86_wants_flags(g) || !x86_fits32(imm)) {
        return false;
    }
    ra = ra_where(&g->ra, a);
    if (ra == RA_NOREG) {
        if (!x86_keep(g)) {
            return false;
        }
        ra = x86_use(g, a);
    }
    ra_lock(&g->ra, ra);
    d = ra_dst(&g->ra, op->dst[0], a, TCGV_NONE, 0);
    if (d == ra && !x86_keep(g)) {
        x86_alu_i(&g->a, ALU_ADD, op->w, x86_reg(d), imm);
    } else {
        x86_rm(&g->a, x86_op_w16(X_LEA, op->w), d, x86_mem(ra, imm));
    }
    ra_bind_dst(g, 0, d);
    return true;
}

/* d = a + b by lea, when that saves a move or flags are to be kept. */
static bool sum_by_lea(X86Gen *g, const TCGOp *op)
{
    TCGv a = op->src[0], b = op->src[1], dst = op->dst[0];
    unsigned ra, rb, d;

    if (op->w < MO_32 || x86_wants_flags(g)) {
        return false;
    }
    ra = ra_where(&g->ra, a);
    rb = ra_where(&g->ra, b);
    if (x86_keep(g)) {
        ra = x86_use(g, a);
        rb = x86_use(g, b);
    } else if (ra == RA_NOREG || rb == RA_NOREG || dst == a || dst == b) {
        return false;
    }
    ra_lock(&g->ra, ra);
    ra_lock(&g->ra, rb);
    d = ra_dst(&g->ra, dst, a, b, 0);
    if (d == ra && !x86_keep(g)) {
        x86_alu(&g->a, ALU_ADD, op->w, d, x86_reg(rb));
    } else if (d == rb && !x86_keep(g)) {
        x86_alu(&g->a, ALU_ADD, op->w, d, x86_reg(ra));
    } else {
        x86_rm(&g->a, x86_op_w16(X_LEA, op->w), d, x86_sib(ra, rb, 0, 0));
    }
    ra_bind_dst(g, 0, d);
    return true;
}

/* `and` with a mask that is an extension. */
static bool and_by_ext(X86Gen *g, const TCGOp *op, TCGv a, uint64_t mask)
{
    unsigned from = mask == 0xff ? MO_8 : mask == 0xffff ? MO_16
                    : mask == 0xffffffff ? MO_32 : MO_64;
    X86Rm rm;
    unsigned d;

    if (op->w < MO_32 || from >= op->w || x86_wants_flags(g)) {
        return false;
    }
    rm = x86_operand(g, a);
    d = ra_dst(&g->ra, op->dst[0], a, TCGV_NONE, 0);
    x86_rm(&g->a, op_extu(from), d, rm);
    ra_bind_dst(g, 0, d);
    return true;
}

/* The general form: copy a to d, d op= b. */
static void alu_general(X86Gen *g, const TCGOp *op, int alu, TCGv a, TCGv b)
{
    TCGWidth w = op->w;
    int32_t imm;
    unsigned d;

    if (x86_imm(g, b, w, &imm)) {
        d = x86_dst_from(g, op->dst[0], a, 0);
        if (alu == ALU_AND && w == MO_64 && imm >= 0) {
            w = MO_32;
        }
        x86_alu_i(&g->a, alu, w, x86_reg(d), imm);
    } else {
        X86Rm rm = x86_operand(g, b);

        d = x86_dst_from(g, op->dst[0], a, x86_rm_regs(rm) &
                         ~(a == b ? UINT64_MAX : 0));
        x86_alu(&g->a, alu, w, d, rm);
    }
    ra_bind_dst(g, 0, d);
}

/*
 * Does op reduce a count that the shift behind it, its only user, would reduce
 * itself?
 */
static bool is_shift_mask(const X86Gen *g, const TCGOp *op)
{
    const TCGOp *next = op + 1;
    uint64_t need = next->w == MO_64 ? 63 : 31;

    return g->i + 1 < g->s->nb_ops && !x86_wants_flags(g) &&
           next->opc >= TCG_OP_shl && next->opc <= TCG_OP_sar &&
           next->src[1] == op->dst[0] && next->src[0] != op->dst[0] &&
           g->ra.dead[g->i + 1] & 2 && is_const(g, op->src[1]) &&
           (const_val(g, op->src[1]) & need) == need;
}

void gen_alu2(X86Gen *g, const TCGOp *op)
{
    TCGv a = op->src[0], b = op->src[1], dst = op->dst[0];
    int alu = x86_alu_of(op->opc);
    bool commutes = alu != ALU_SUB && op->w >= MO_32;
    int32_t imm;
    unsigned d;

    if (commutes && (is_const(g, a) || (b == dst && a != dst && !is_const(g, b)) ||
                     (g->fold >= 0 && a == g->s->ops[g->fold].dst[0]))) {
        TCGv t = a;
        a = b;
        b = t;
    }
    if (alu == ALU_ADD) {
        if (x86_imm(g, b, op->w, &imm)
            ? add_by_lea(g, op, a, imm) : g->fold < 0 && sum_by_lea(g, op)) {
            return;
        }
    } else if (alu == ALU_SUB) {
        if (x86_imm(g, b, op->w, &imm) && add_by_lea(g, op, a, -(int64_t)imm)) {
            return;
        }
    } else if (alu == ALU_AND && is_shift_mask(g, op)) {
        ra_copy(&g->ra, dst, a);
        return;
    } else if (alu == ALU_AND && ra_dst_dead(&g->ra, 0) &&
               !(op->w == MO_64 && is_const(g, b) &&
                 (uint32_t)const_val(g, b) >> 31)) {
        x86_compare(g, TCG_COND_TSTEQ, op->w, a, b);    /* for its flags */
        return;
    } else if (alu == ALU_AND && is_const(g, b)) {
        if (and_by_ext(g, op, a, const_val(g, b))) {
            return;
        }
    } else if (alu == ALU_XOR && a == b && op->w >= MO_32) {
        d = ra_dst(&g->ra, dst, TCGV_NONE, TCGV_NONE, 0);
        x86_rr(&g->a, x86_op_w(0x32, MO_32), d, d);
        ra_bind_dst(g, 0, d);
        return;
    }
    alu_general(g, op, alu, a, b);
}

/*
 * adc, sbb.  The carry is a value, 0 or 1, unless cc-scan.c found it is the
 * host's CF already (RA_OPI_USER).
 */
void gen_carry(X86Gen *g, const TCGOp *op)
{
    int alu = x86_alu_of(op->opc);
    TCGv a = op->src[0], b = op->src[1], c = op->src[2];
    X86Rm rm = { 0 };
    unsigned d;
    int32_t imm;
    bool is_imm = x86_imm(g, b, op->w, &imm);

    if (!is_imm) {
        rm = x86_operand(g, b);
    }
    if (g->info & RA_OPI_USER) {
        /* nothing to do */
    } else if (is_const(g, c)) {
        x86_8(&g->a, const_val(g, c) & 1 ? 0xf9 : 0xf8);    /* stc, clc */
    } else {
        x86_rm_i8(&g->a, X_GROUP8, 4, x86_operand(g, c), 0);    /* bt */
    }
    /* only moves from here to the op */
    g->ra.locked = is_imm ? 0 : x86_rm_regs(rm);
    d = x86_dst_from(g, op->dst[0], a, is_imm || a == b ? 0
                     : x86_rm_regs(rm));
    if (is_imm) {
        x86_alu_i(&g->a, alu, op->w, x86_reg(d), imm);
    } else {
        x86_alu(&g->a, alu, op->w, d, rm);
    }
    ra_bind_dst(g, 0, d);
}

void gen_unary(X86Gen *g, const TCGOp *op)
{
    unsigned d = x86_dst_from(g, op->dst[0], op->src[0], 0);

    x86_group3(&g->a, op->opc == TCG_OP_neg ? G3_NEG : G3_NOT, op->w,
               x86_reg(d));
    ra_bind_dst(g, 0, d);
}

void gen_andn(X86Gen *g, const TCGOp *op)
{
    TCGv a = op->src[0], b = op->src[1];
    unsigned d;
    X86Rm rm;

    if (have(X86_BMI1)) {
        unsigned ra = x86_use(g, a);

        rm = x86_operand(g, b);
        if (is_const(g, b)) {
            rm = x86_reg(x86_use(g, b));
        }
        d = ra_dst(&g->ra, op->dst[0], a, b, 0);
        x86_op(&g->a, X_ANDN | (op->w == MO_64 ? X_W : 0), d, ra, rm, 0);
    } else {
        rm = x86_operand(g, b);
        d = x86_dst_from(g, op->dst[0], a, x86_rm_regs(rm));
        x86_group3(&g->a, G3_NOT, op->w, x86_reg(d));
        x86_alu(&g->a, ALU_AND, op->w, d, rm);
    }
    ra_bind_dst(g, 0, d);
}

/* ---- shifts ---- */

static const uint8_t shift_of[] = {
    [TCG_OP_shl - TCG_OP_shl] = SH_SHL,
    [TCG_OP_shr - TCG_OP_shl] = SH_SHR,
    [TCG_OP_sar - TCG_OP_shl] = SH_SAR,
    [TCG_OP_rotl - TCG_OP_shl] = SH_ROL,
    [TCG_OP_rotr - TCG_OP_shl] = SH_ROR,
};

static void shift_const(X86Gen *g, const TCGOp *op, unsigned sh, unsigned n)
{
    unsigned bits = 8u << op->w, d;
    bool rot = sh <= SH_ROR;

    n &= op->w == MO_64 ? 63 : 31;
    if (rot) {
        n &= bits - 1;
    }
    if (n == 0 && op->w == MO_32) {
        X86Rm a = x86_operand(g, op->src[0]);

        d = ra_dst(&g->ra, op->dst[0], op->src[0], TCGV_NONE, 0);
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_32), d, a);
        ra_bind_dst(g, 0, d);
        return;
    }
    if (rot && op->w >= MO_32 && have(X86_BMI2) && !x86_wants_flags(g)) {
        X86Rm a = x86_operand(g, op->src[0]);

        d = ra_dst(&g->ra, op->dst[0], op->src[0], TCGV_NONE, 0);
        if (n == 0 && x86_is_reg(a) && a.reg == d) {
            ra_bind_dst(g, 0, d);
            return;
        }
        x86_rm_i8(&g->a, X_RORX | (op->w == MO_64 ? X_W : 0), d, a,
                  sh == SH_ROL ? (bits - n) & (bits - 1) : n);
        ra_bind_dst(g, 0, d);
        return;
    }
    if (sh == SH_SHL && n >= 1 && n <= 3 && op->w >= MO_32 &&
        !x86_wants_flags(g)) {
        unsigned ra = ra_where(&g->ra, op->src[0]);

        if (ra == RA_NOREG && x86_keep(g)) {
            ra = x86_use(g, op->src[0]);
        }
        if (ra != RA_NOREG && (x86_keep(g) || op->dst[0] != op->src[0])) {
            ra_lock(&g->ra, ra);
            d = ra_dst(&g->ra, op->dst[0], op->src[0], TCGV_NONE, 0);
            if (d == ra && !x86_keep(g)) {
                x86_shift_i(&g->a, SH_SHL, op->w, x86_reg(d), n);
            } else if (n == 1) {
                x86_rm(&g->a, x86_op_w16(X_LEA, op->w), d,
                       x86_sib(ra, ra, 0, 0));
            } else {
                x86_rm(&g->a, x86_op_w16(X_LEA, op->w), d,
                       x86_sib(X86_NOREG, ra, n, 0));
            }
            ra_bind_dst(g, 0, d);
            return;
        }
    }
    d = x86_dst_from(g, op->dst[0], op->src[0], 0);
    x86_shift_i(&g->a, sh, op->w, x86_reg(d), n);
    ra_bind_dst(g, 0, d);
}

/*
 * A count that is in cl, or is brought there for the length of @emit's one
 * instruction.  @d is what is shifted.
 */
static void shift_by_cl(X86Gen *g, const TCGOp *op, unsigned d, TCGv count,
                        void (*emit)(X86Gen *, const TCGOp *, unsigned d,
                                     unsigned aux), unsigned aux)
{
    unsigned c = ra_where(&g->ra, count);

    if (c == X86_RCX) {
        emit(g, op, d, aux);
        return;
    }
    /* exchange rcx with the count's register, or with a scratch one */
    unsigned t = ra_scratch(&g->ra, TCG_I64, 0);

    x86_mov(&g->a, MO_64, t, X86_RCX);
    x86_load_to(g, X86_RCX, count);
    emit(g, op, d == X86_RCX ? t : d, aux == X86_RCX ? t : aux);
    x86_mov(&g->a, MO_64, X86_RCX, t);
}

static void emit_shift_cl(X86Gen *g, const TCGOp *op, unsigned d, unsigned aux)
{
    x86_shift_cl(&g->a, shift_of[op->opc - TCG_OP_shl], op->w, x86_reg(d));
}

void gen_shift(X86Gen *g, const TCGOp *op)
{
    TCGv a = op->src[0], count = op->src[1];
    unsigned sh = shift_of[op->opc - TCG_OP_shl];
    unsigned d, c;

    if (is_const(g, count)) {
        shift_const(g, op, sh, const_val(g, count));
        return;
    }
    if (sh >= SH_SHL && op->w >= MO_32 && have(X86_BMI2)) {
        uint32_t opcode = sh == SH_SHL ? X_SHLX : sh == SH_SHR ? X_SHRX
                          : X_SARX;
        X86Rm rm;

        c = x86_use(g, count);
        rm = x86_operand(g, a);
        d = ra_dst(&g->ra, op->dst[0], a, count, 0);
        x86_op(&g->a, opcode | (op->w == MO_64 ? X_W : 0), d, c, rm, 0);
        ra_bind_dst(g, 0, d);
        return;
    }
    c = ra_where(&g->ra, count);
    if (c != RA_NOREG) {
        ra_lock(&g->ra, c);
    }
    d = x86_dst_from(g, op->dst[0], a, RA_BIT(X86_RCX) |
                     (c != RA_NOREG ? RA_BIT(c) : 0));
    shift_by_cl(g, op, d, count, emit_shift_cl, 0);
    if (op->w == MO_32) {
        /* a count of 0 leaves the upper half alone */
        x86_mov(&g->a, MO_32, d, d);
    }
    ra_bind_dst(g, 0, d);
}

static void emit_shxd_cl(X86Gen *g, const TCGOp *op, unsigned d, unsigned b)
{
    uint32_t opcode = op->opc == TCG_OP_shld ? X_SHLD_CL : X_SHRD_CL;

    x86_rr(&g->a, x86_op_w16(opcode, op->w), b, d);
}

void gen_shxd(X86Gen *g, const TCGOp *op)
{
    TCGv count = op->src[2];
    unsigned b = x86_use(g, op->src[1]), d, n;

    if (is_const(g, count)) {
        n = const_val(g, count) & (op->w == MO_64 ? 63 : 31);
        d = x86_dst_from(g, op->dst[0], op->src[0], RA_BIT(b));
        if (n) {
            x86_rm_i8(&g->a, x86_op_w16(op->opc == TCG_OP_shld ? X_SHLD_I
                                        : X_SHRD_I, op->w), b, x86_reg(d), n);
        } else if (op->w == MO_32) {
            x86_mov(&g->a, MO_32, d, d);
        }
        ra_bind_dst(g, 0, d);
        return;
    }

    unsigned c = ra_where(&g->ra, count), t;
    bool parked = c != RA_NOREG && !(RA_BIT(c) & g->ra.pinned);

    if (parked) {
        /* operands, result and count would be one temp too many */
        x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), c, frame_rm(FRAME_TMP));
    }
    d = x86_dst_from(g, op->dst[0], op->src[0], RA_BIT(X86_RCX) | RA_BIT(b) |
                     (c != RA_NOREG && !parked ? RA_BIT(c) : 0));
    if (parked) {
        t = ra_scratch(&g->ra, TCG_I64, 0);
        x86_mov(&g->a, MO_64, t, X86_RCX);
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), X86_RCX,
               frame_rm(FRAME_TMP));
        emit_shxd_cl(g, op, d, b == X86_RCX ? t : b);
        x86_mov(&g->a, MO_64, X86_RCX, t);
    } else {
        shift_by_cl(g, op, d, count, emit_shxd_cl, b);
    }
    if (op->w == MO_32) {
        x86_mov(&g->a, MO_32, d, d);
    }
    ra_bind_dst(g, 0, d);
}

/* ---- comparisons ---- */

static const uint8_t cond_of[] = {
    [TCG_COND_EQ] = CCC_E, [TCG_COND_NE] = CCC_NE,
    [TCG_COND_LT] = CCC_L, [TCG_COND_GE] = CCC_GE,
    [TCG_COND_LTU] = CCC_B, [TCG_COND_GEU] = CCC_AE,
    [TCG_COND_LE] = CCC_LE, [TCG_COND_GT] = CCC_G,
    [TCG_COND_LEU] = CCC_BE, [TCG_COND_GTU] = CCC_A,
    [TCG_COND_TSTEQ] = CCC_E, [TCG_COND_TSTNE] = CCC_NE,
};

unsigned x86_compare(X86Gen *g, TCGCond cond, TCGWidth w, TCGv a, TCGv b)
{
    bool test = cond >= TCG_COND_TSTEQ;
    X86Rm rm;
    int32_t imm;

    if (test && is_const(g, a)) {
        TCGv t = a;
        a = b;
        b = t;
    }
    if (x86_imm(g, b, w, &imm) ||
        (test && w == MO_64 && is_const(g, b) &&
         const_val(g, b) <= UINT32_MAX && (imm = const_val(g, b), true))) {
        if (test && w == MO_64 && const_val(g, b) <= UINT32_MAX) {
            w = MO_32;      /* the upper half does not matter */
        }
        rm = is_const(g, a) ? x86_reg(x86_use(g, a)) : x86_operand(g, a);
        if (test) {
            x86_test_i(&g->a, w, rm, imm);
        } else if (imm == 0 && x86_is_reg(rm)) {
            x86_rr(&g->a, x86_op_w(X_TEST, w), rm.reg, rm.reg);
        } else {
            x86_alu_i(&g->a, ALU_CMP, w, rm, imm);
        }
        return cond_of[cond];
    }
    if (g->fold >= 0 && b == g->s->ops[g->fold].dst[0]) {
        /* the address first: it may need two registers for a moment */
        rm = x86_operand(g, b);
        if (test) {
            x86_rm(&g->a, x86_op_w(X_TEST, w), x86_use(g, a), rm);
        } else {
            x86_alu(&g->a, ALU_CMP, w, x86_use(g, a), rm);
        }
        return cond_of[cond];
    }
    rm = is_const(g, a) ? x86_reg(x86_use(g, a)) : x86_operand(g, a);
    if (test) {
        x86_rm(&g->a, x86_op_w(X_TEST, w), x86_use(g, b), rm);
    } else if (x86_is_reg(rm)) {
        X86Rm rb = x86_operand(g, b);

        x86_alu(&g->a, ALU_CMP, w, rm.reg, rb);
    } else {
        x86_alu_store(&g->a, ALU_CMP, w, rm, x86_use(g, b));
    }
    return cond_of[cond];
}

void gen_brcond(X86Gen *g, const TCGOp *op)
{
    unsigned cond = x86_compare(g, op->cond, op->w, op->src[0], op->src[1]);

    x86_branch(g, cond, op->imm);
}

void gen_setcond(X86Gen *g, const TCGOp *op)
{
    unsigned cond = x86_compare(g, op->cond, op->w, op->src[0], op->src[1]);
    unsigned d;

    g->ra.locked = 0;
    d = ra_dst(&g->ra, op->dst[0], op->src[0], op->src[1], 0);
    x86_rr(&g->a, X_SETCC | cond, 0, d);
    x86_rr(&g->a, X_MOVZX8, d, d);
    ra_bind_dst(g, 0, d);
}

void gen_movcond(X86Gen *g, const TCGOp *op)
{
    TCGv vt = op->src[2], vf = op->src[3];
    unsigned cond = x86_compare(g, op->cond, op->w, op->src[0], op->src[1]);
    unsigned d;
    X86Rm rm;

    g->ra.locked = 0;
    if (vt == op->dst[0] || is_const(g, vt)) {
        TCGv t = vt;
        vt = vf;
        vf = t;
        cond ^= 1;
    }
    rm = is_const(g, vt) ? x86_reg(x86_use(g, vt)) : x86_operand(g, vt);
    d = x86_dst_from(g, op->dst[0], vf, vt == vf ? 0 : x86_rm_regs(rm));
    x86_rm(&g->a, X_CMOVCC | X_W | cond, d, rm);
    ra_bind_dst(g, 0, d);
}
