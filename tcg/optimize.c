/*
 * The forward pass, and the order of all passes.
 *
 * The forward pass knows, for each value, the op that wrote it last.  From
 * that it reads copies ("the op is a mov whose source was not written since"),
 * constants, addresses that can be part of a memory operand and bits that are
 * zero.  At a label everything known about globals and locals is dropped;
 * temps are written once, so what is known about them stays true.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "qemu/log.h"

typedef struct Forward {
    TCGContext *s;
    TCGPassData *p;
    unsigned i;             /* current op */
    uint16_t last_cc;       /* op (index + 1) the cc record comes from */
    TCGv first_local, last_local;   /* among those written so far */
} Forward;

/* The op that wrote @v, if it is still what @v holds; NULL otherwise. */
static const TCGOp *def_op(const Forward *f, TCGv v)
{
    unsigned d;
    const TCGOp *op;

    if (!v || f->s->vals[v].kind == TCG_VAL_CONST || !(d = f->p->def[v])) {
        return NULL;
    }
    op = &f->s->ops[d - 1];
    return op->dst[0] == v ? op : NULL;
}

/* Has @v kept its value since op @at (index + 1)? */
static bool unchanged(const Forward *f, TCGv v, unsigned at)
{
    return f->s->vals[v].kind == TCG_VAL_CONST || f->p->def[v] < at;
}

static bool src_unchanged(const Forward *f, TCGv dst, TCGv src)
{
    return unchanged(f, src, f->p->def[dst]);
}

static bool cheap(const Forward *f, TCGv v)
{
    const TCGVal *val = &f->s->vals[v];

    return val->kind != TCG_VAL_CONST || tcg_fits_s32(val->value);
}

/*
 * The oldest value that is known to be the same as @v.  A global is not
 * replaced by a constant that would have to be loaded into a register.
 */
static TCGv resolve(const Forward *f, TCGv v)
{
    const TCGPassData *p = f->p;

    while (v && f->s->vals[v].kind != TCG_VAL_CONST) {
        TCGv g = p->alias[v];
        const TCGOp *op;

        if (g && p->def[g] == p->alias_at[v]) {
            return g;
        }
        op = def_op(f, v);
        if (!op || op->opc != TCG_OP_mov || op->w != MO_64 ||
            !src_unchanged(f, v, op->src[0]) ||
            (f->s->vals[v].kind != TCG_VAL_TEMP && !cheap(f, op->src[0]))) {
            break;
        }
        v = op->src[0];
    }
    return v;
}

/* A value with the same low @w bits that is cheaper to have. */
static TCGv resolve_low(const Forward *f, TCGv v, unsigned w)
{
    const TCGOp *op;

    v = resolve(f, v);
    while (v && (op = def_op(f, v)) &&
           (op->opc == TCG_OP_extu || op->opc == TCG_OP_exts) &&
           op->cond >= w && src_unchanged(f, v, op->src[0])) {
        v = resolve(f, op->src[0]);
    }
    return v;
}

static bool const_value(const Forward *f, TCGv v, uint64_t *x)
{
    if (tcg_is_const(f->s, v)) {
        *x = f->s->vals[v].value;
        return true;
    }
    return false;
}

static unsigned bits_of(const Forward *f, TCGv v)
{
    const TCGVal *val = &f->s->vals[v];

    return val->kind != TCG_VAL_CONST ? f->p->bits[v] :
           val->value ? 64 - __builtin_clzll(val->value) : 0;
}

/* Turn an op into a simpler one with the same result. */

static void to_mov(TCGOp *op, TCGv src)
{
    TCGv d = op->dst[0];

    memset(op, 0, sizeof(*op));
    op->opc = TCG_OP_mov;
    op->w = MO_64;
    op->dst[0] = d;
    op->src[0] = src;
}

static void to_movi(Forward *f, TCGOp *op, uint64_t x)
{
    to_mov(op, tcg_const(f->s, x));
}

/* src[0] without anything above width @from */
static void to_extu(const Forward *f, TCGOp *op, unsigned from)
{
    TCGv d = op->dst[0], a = op->src[0];

    if (bits_of(f, a) <= tcg_width_bits(from)) {
        to_mov(op, a);
        return;
    }
    memset(op, 0, sizeof(*op));
    op->opc = TCG_OP_extu;
    op->w = MO_64;
    op->cond = from;
    op->dst[0] = d;
    op->src[0] = a;
}

/* The op does nothing to the bits it computes. */
static void to_identity(const Forward *f, TCGOp *op)
{
    if (op->w == MO_32) {
        to_extu(f, op, MO_32);
    } else {
        to_mov(op, op->src[0]);
    }
}

static bool commutes(unsigned opc)
{
    return opc == TCG_OP_add || opc == TCG_OP_and || opc == TCG_OP_or ||
           opc == TCG_OP_xor || opc == TCG_OP_mul;
}

/* op with a constant second operand; the first is none. */
static void simplify_const(Forward *f, TCGOp *op, uint64_t b)
{
    uint64_t mask = tcg_width_mask(op->w);

    b &= mask;
    switch (op->opc) {
    case TCG_OP_add:
    case TCG_OP_sub:
    case TCG_OP_or:
    case TCG_OP_xor:
    case TCG_OP_rotl:
    case TCG_OP_rotr:
        if (b == 0) {
            to_identity(f, op);
        }
        break;
    case TCG_OP_shl:
    case TCG_OP_shr:
    case TCG_OP_sar:
        if ((b & (op->w == MO_64 ? 63 : 31)) == 0) {
            to_identity(f, op);
        }
        break;
    case TCG_OP_and:
        if (b == mask) {
            to_identity(f, op);
        } else if (op->w >= MO_32 && b == 0) {
            to_movi(f, op, 0);
        } else if (op->w >= MO_32 &&
                   (b == 0xff || b == 0xffff || b == 0xffffffff)) {
            to_extu(f, op, b == 0xff ? MO_8 : b == 0xffff ? MO_16 : MO_32);
        } else if (op->w >= MO_32 && b && !(b & (b + 1)) &&
                   bits_of(f, op->src[0]) <= 64u - __builtin_clzll(b)) {
            to_mov(op, op->src[0]);
        }
        break;
    case TCG_OP_mul:
        if (b == 1) {
            to_identity(f, op);
        } else if (op->w >= MO_32 && b == 0) {
            to_movi(f, op, 0);
        } else if (op->w >= MO_32 && !(b & (b - 1))) {
            op->opc = TCG_OP_shl;
            op->src[1] = tcg_const(f->s, __builtin_ctzll(b));
        }
        break;
    }
}

/* Arithmetic whose result depends on src[0], src[1] and imm alone. */
static void simplify_arith(Forward *f, TCGOp *op)
{
    uint64_t a = 0, b = 0, r;
    bool ca = const_value(f, op->src[0], &a), cb = false;
    bool unary = tcg_op_srcs(op) == 1;

    if (unary) {
        cb = true;
    } else {
        cb = const_value(f, op->src[1], &b);
    }
    if (ca && cb && tcg_fold(op, a, b, &r)) {
        to_movi(f, op, r);
        return;
    }
    if (unary) {
        return;
    }
    if (ca && op->w >= MO_32 && commutes(op->opc)) {
        TCGv t = op->src[0];

        op->src[0] = op->src[1];
        op->src[1] = t;
        b = a;
        cb = true;
    }
    if (cb) {
        simplify_const(f, op, b);
    } else if (op->src[0] == op->src[1] && op->w >= MO_32) {
        if (op->opc == TCG_OP_xor || op->opc == TCG_OP_sub) {
            to_movi(f, op, 0);
        } else if (op->opc == TCG_OP_and || op->opc == TCG_OP_or) {
            to_identity(f, op);
        }
    }
}

static void simplify_ext(Forward *f, TCGOp *op)
{
    unsigned have = bits_of(f, op->src[0]), from = tcg_width_bits(op->cond);
    uint64_t a, r;

    if (const_value(f, op->src[0], &a) && tcg_fold(op, a, 0, &r)) {
        to_movi(f, op, r);
    } else if (op->opc == TCG_OP_extu ? have <= from : have < from) {
        to_mov(op, op->src[0]);
    } else if (op->opc == TCG_OP_extu) {
        op->w = MO_64;
    }
}

static void simplify_extract(Forward *f, TCGOp *op)
{
    unsigned pos = op->imm & 0xff, len = op->imm >> 8;
    uint64_t a, r;

    if (const_value(f, op->src[0], &a) && tcg_fold(op, a, 0, &r)) {
        to_movi(f, op, r);
    } else if (pos == 0 && bits_of(f, op->src[0]) <= len) {
        to_mov(op, op->src[0]);
    }
}

static void simplify_deposit(Forward *f, TCGOp *op)
{
    uint64_t a, b, r;

    if (const_value(f, op->src[0], &a) && const_value(f, op->src[1], &b) &&
        tcg_fold(op, a, b, &r)) {
        to_movi(f, op, r);
    }
}

/* mov: copies are found by resolve(); below 32 bits it is arithmetic. */
static void simplify_mov(Forward *f, TCGOp *op)
{
    uint64_t a;

    if (op->w < MO_32) {
        simplify_arith(f, op);
    } else if (op->w == MO_32) {
        if (const_value(f, op->src[0], &a)) {
            to_movi(f, op, (uint32_t)a);
        } else {
            to_extu(f, op, MO_32);
        }
    } else if (op->src[0] == op->dst[0]) {
        tcg_op_remove(op);
    }
}

/* Comparison of the result of a comparison with zero: take the first one. */
static void fuse_condition(Forward *f, TCGOp *op)
{
    const TCGOp *d;
    uint64_t b;
    bool negate;

    if ((op->cond != TCG_COND_EQ && op->cond != TCG_COND_NE) ||
        !const_value(f, op->src[1], &b) || b != 0 ||
        !(d = def_op(f, op->src[0]))) {
        return;
    }
    negate = op->cond == TCG_COND_EQ;
    if (d->opc == TCG_OP_setcond && src_unchanged(f, d->dst[0], d->src[0]) &&
        src_unchanged(f, d->dst[0], d->src[1]) &&
        (op->opc != TCG_OP_movcond || d->w == op->w ||
         (d->w == MO_32 && bits_of(f, op->src[2]) <= 32 &&
          bits_of(f, op->src[3]) <= 32))) {
        /* conditions come in pairs of opposites, but for LE..GTU */
        static const uint8_t opposite[] = {
            TCG_COND_NE, TCG_COND_EQ, TCG_COND_GE, TCG_COND_LT, TCG_COND_GEU,
            TCG_COND_LTU, TCG_COND_GT, TCG_COND_LE, TCG_COND_GTU,
            TCG_COND_LEU, TCG_COND_TSTNE, TCG_COND_TSTEQ,
        };

        op->cond = negate ? opposite[d->cond] : d->cond;
        op->w = d->w;
        op->src[0] = d->src[0];
        op->src[1] = d->src[1];
    } else if (d->opc == TCG_OP_setcc && f->last_cc < f->p->def[d->dst[0]] &&
               op->opc != TCG_OP_setcond) {
        op->cond = d->cond ^ negate;
        if (op->opc == TCG_OP_brcond) {
            op->opc = TCG_OP_brcc;
            op->src[0] = op->src[1] = TCGV_NONE;
        } else if (op->w == MO_64) {
            op->opc = TCG_OP_movcc;
            op->src[4] = op->src[3];
            op->src[3] = op->src[2];
            op->src[0] = op->src[1] = op->src[2] = TCGV_NONE;
        } else {
            op->cond = negate ? TCG_COND_EQ : TCG_COND_NE;
        }
    }
}

static void simplify_cond(Forward *f, TCGOp *op)
{
    uint64_t a, b;
    bool r;

    fuse_condition(f, op);
    if (op->opc == TCG_OP_brcc || op->opc == TCG_OP_movcc ||
        !const_value(f, op->src[0], &a) || !const_value(f, op->src[1], &b)) {
        return;
    }
    r = tcg_fold_cond(op->cond, op->w, a, b);
    switch (op->opc) {
    case TCG_OP_brcond:
        if (r) {
            op->opc = TCG_OP_br;
            op->src[0] = op->src[1] = TCGV_NONE;
        } else {
            f->s->labels[op->imm].refs--;
            tcg_op_remove(op);
        }
        break;
    case TCG_OP_setcond:
        to_movi(f, op, r);
        break;
    default:
        to_mov(op, op->src[r ? 2 : 3]);
        break;
    }
}

/*
 * Fold what computes the base and the index of an address into it: sums,
 * other addresses, small shifts of the index.  Bounded, so that a chain of
 * additions does not make the pass quadratic.
 */
static bool fold_base(Forward *f, TCGOp *op)
{
    const TCGOp *d = def_op(f, op->src[0]);
    uint64_t c;

    if (!d || d->w != MO_64 || !src_unchanged(f, op->src[0], d->src[0])) {
        return false;
    }
    if (d->opc == TCG_OP_add || d->opc == TCG_OP_sub) {
        if (const_value(f, d->src[1], &c)) {
            int64_t imm = op->imm + (d->opc == TCG_OP_add ? c : -c);

            if (!tcg_fits_s32(imm)) {
                return false;
            }
            op->imm = imm;
            op->src[0] = d->src[0];
            return true;
        }
        if (d->opc == TCG_OP_sub || op->src[1] ||
            !src_unchanged(f, op->src[0], d->src[1])) {
            return false;
        }
        op->src[1] = d->src[1];
        op->cond = 0;
        op->src[0] = d->src[0];
        return true;
    }
    if (d->opc == TCG_OP_lea && tcg_fits_s32(op->imm + d->imm) &&
        (!d->src[1] || (!op->src[1] &&
                        src_unchanged(f, op->src[0], d->src[1])))) {
        if (d->src[1]) {
            op->src[1] = d->src[1];
            op->cond = d->cond;
        }
        op->imm += d->imm;
        op->src[0] = d->src[0];
        return true;
    }
    return false;
}

static bool fold_index(Forward *f, TCGOp *op)
{
    const TCGOp *d = def_op(f, op->src[1]);
    uint64_t c;

    if (!d || d->w != MO_64 || !src_unchanged(f, op->src[1], d->src[0]) ||
        !const_value(f, d->src[1], &c)) {
        return false;
    }
    if (d->opc == TCG_OP_shl && c + op->cond <= 3) {
        op->cond += c;
    } else if (d->opc == TCG_OP_add &&
               tcg_fits_s32(op->imm + (int64_t)(c << op->cond))) {
        op->imm += c << op->cond;
    } else {
        return false;
    }
    op->src[1] = d->src[0];
    return true;
}

static void fold_const_parts(Forward *f, TCGOp *op)
{
    uint64_t c;

    if (const_value(f, op->src[1], &c) &&
        (!op->src[0] || tcg_fits_s32(op->imm + (int64_t)(c << op->cond)))) {
        op->imm += c << op->cond;
        op->src[1] = TCGV_NONE;
        op->cond = 0;
    }
    if (const_value(f, op->src[0], &c) &&
        (!op->src[1] || tcg_fits_s32(op->imm + (int64_t)c))) {
        op->imm += c;
        op->src[0] = TCGV_NONE;
    }
    if (!op->src[0] && op->src[1] && op->cond == 0) {
        op->src[0] = op->src[1];
        op->src[1] = TCGV_NONE;
    }
}

static void fold_address(Forward *f, TCGOp *op)
{
    for (unsigned n = 0; n < 4; n++) {
        bool again = op->src[0] && fold_base(f, op);

        if (op->src[1]) {
            again |= fold_index(f, op);
        }
        op->src[0] = resolve(f, op->src[0]);
        op->src[1] = resolve(f, op->src[1]);
        if (!again) {
            break;
        }
    }
    fold_const_parts(f, op);
    if (op->opc == TCG_OP_lea) {
        if (!op->src[0] && !op->src[1]) {
            to_movi(f, op, op->imm & tcg_width_mask(op->w));
        } else if (!op->src[1] && op->imm == 0) {
            to_identity(f, op);
        }
    }
}

/*
 * Replace sources by what they are copies of.  Where only the low bits count
 * extensions are skipped, too.
 */
static void resolve_sources(Forward *f, TCGOp *op)
{
    unsigned flags = tcg_op_defs[op->opc].flags;
    bool narrow = false;
    unsigned n = tcg_op_srcs(op), first = 0;

    switch (op->opc) {
    case TCG_OP_call:
        n = op->helper->nargs;
        break;
    case TCG_OP_v:
        break;
    case TCG_OP_mulu2:
    case TCG_OP_muls2:
        /* x86 registers with a part to play: copies would have to be moved */
        first = 1;
        break;
    case TCG_OP_divu2:
    case TCG_OP_divs2:
        for (; first < 2; first++) {
            TCGv v = resolve(f, op->src[first]);

            if (tcg_is_const(f->s, v)) {
                op->src[first] = v;
            }
        }
        break;
    case TCG_OP_st:
    case TCG_OP_xchg:
    case TCG_OP_cmpxchg:
    case TCG_OP_atomic_add:
    case TCG_OP_atomic_and:
    case TCG_OP_atomic_or:
    case TCG_OP_atomic_xor:
        op->src[0] = resolve(f, op->src[0]);
        op->src[1] = resolve(f, op->src[1]);
        first = 2;
        narrow = op->w < MO_64;
        break;
    case TCG_OP_st_env:
    case TCG_OP_brcond:
    case TCG_OP_setcond:
    case TCG_OP_cc_set:
        /* not where an operand is more than the width says */
        narrow = op->w < MO_64 && op->aux != CC_KIND_EFLAGS &&
                 op->aux != CC_KIND_MUL && op->aux != CC_KIND_BLS &&
                 op->aux != CC_KIND_SHLV && op->aux != CC_KIND_SHRV &&
                 op->aux != CC_KIND_SARV;
        break;
    default:
        if (flags & TCG_OPF_M && op->w < MO_32) {
            op->src[0] = resolve(f, op->src[0]);
            first = 1;
            narrow = op->opc != TCG_OP_adc && op->opc != TCG_OP_sbb;
        } else {
            narrow = op->w == MO_32 && flags & TCG_OPF_M &&
                     op->opc != TCG_OP_adc && op->opc != TCG_OP_sbb;
        }
        break;
    }
    for (unsigned k = first; k < n; k++) {
        if (op->src[k]) {
            op->src[k] = narrow ? resolve_low(f, op->src[k], op->w)
                                : resolve(f, op->src[k]);
        }
    }
}

/* C as a value, when the record in force says what it is. */
static void simplify_carry(Forward *f, TCGOp *op)
{
    const TCGOp *set = f->last_cc ? &f->s->ops[f->last_cc - 1] : NULL;
    bool is_carry = op->opc == TCG_OP_cc_get ? op->imm == TCG_CC_C
                                             : op->cond == CCC_B;
    uint64_t c;

    if (!is_carry || !set || set->opc != TCG_OP_cc_set) {
        return;
    }
    switch (set->aux) {
    case CC_KIND_LOGIC:
    case CC_KIND_ANDN:
    case CC_KIND_Z:
        to_movi(f, op, 0);
        break;
    case CC_KIND_EFLAGS:
        if (const_value(f, set->src[0], &c)) {
            to_movi(f, op, c & TCG_CC_C);
        }
        break;
    case CC_KIND_ADD:
    case CC_KIND_SUB:
    case CC_KIND_CMP:
        if (const_value(f, set->src[1], &c) &&
            !(c & tcg_width_mask(set->w))) {
            to_movi(f, op, 0);
        }
        break;
    case CC_KIND_INC:
    case CC_KIND_DEC:
        if (bits_of(f, set->src[1]) <= 1 &&
            (tcg_is_const(f->s, set->src[1]) ||
             f->s->vals[set->src[1]].kind == TCG_VAL_TEMP)) {
            to_mov(op, set->src[1]);
        }
        break;
    }
}

static void simplify(Forward *f, TCGOp *op)
{
    switch (op->opc) {
    case TCG_OP_mov:
        simplify_mov(f, op);
        break;
    case TCG_OP_extu:
    case TCG_OP_exts:
        simplify_ext(f, op);
        break;
    case TCG_OP_extract:
        simplify_extract(f, op);
        break;
    case TCG_OP_deposit:
        simplify_deposit(f, op);
        break;
    case TCG_OP_add: case TCG_OP_sub: case TCG_OP_and: case TCG_OP_or:
    case TCG_OP_xor: case TCG_OP_mul: case TCG_OP_shl: case TCG_OP_shr:
    case TCG_OP_sar: case TCG_OP_rotl: case TCG_OP_rotr: case TCG_OP_neg:
    case TCG_OP_not: case TCG_OP_andn: case TCG_OP_bswap:
        simplify_arith(f, op);
        break;
    case TCG_OP_brcond: case TCG_OP_setcond: case TCG_OP_movcond:
        simplify_cond(f, op);
        break;
    case TCG_OP_cc_get:
    case TCG_OP_setcc:
        simplify_carry(f, op);
        break;
    default:
        if (tcg_op_is_mem(op->opc)) {
            fold_address(f, op);
        }
        break;
    }
}

/* How many low bits of the result may be other than zero. */
static unsigned result_bits(const Forward *f, const TCGOp *op)
{
    uint64_t c;

    switch (op->opc) {
    case TCG_OP_mov:
        return op->w == MO_64 ? bits_of(f, op->src[0]) :
               op->w == MO_32 ? 32 :
               MAX(bits_of(f, op->src[0]), tcg_width_bits(op->w));
    case TCG_OP_extu:
        return MIN(bits_of(f, op->src[0]), tcg_width_bits(op->cond));
    case TCG_OP_ld:
    case TCG_OP_ld_env:
    case TCG_OP_xchg: case TCG_OP_cmpxchg: case TCG_OP_atomic_add:
    case TCG_OP_atomic_and: case TCG_OP_atomic_or: case TCG_OP_atomic_xor:
        return tcg_width_bits(op->w);
    case TCG_OP_lds32:
        return 32;
    case TCG_OP_setcond:
    case TCG_OP_setcc:
        return 1;
    case TCG_OP_cc_get:
        return op->imm == TCG_CC_C ? 1 : 12;
    case TCG_OP_extract:
        return op->imm >> 8 & 0xff;
    case TCG_OP_st_mxcsr:
        return 32;
    case TCG_OP_clz: case TCG_OP_ctz: case TCG_OP_popcnt:
        return 7;
    case TCG_OP_and:
        if (op->w >= MO_32) {
            return MIN(MIN(bits_of(f, op->src[0]), bits_of(f, op->src[1])),
                       tcg_width_bits(op->w));
        }
        break;
    case TCG_OP_or: case TCG_OP_xor:
        if (op->w >= MO_32) {
            return MIN(MAX(bits_of(f, op->src[0]), bits_of(f, op->src[1])),
                       tcg_width_bits(op->w));
        }
        break;
    case TCG_OP_shr:
        if (op->w >= MO_32 && const_value(f, op->src[1], &c)) {
            unsigned bits = tcg_width_bits(op->w);

            return bits - (c & (bits - 1));
        }
        break;
    case TCG_OP_v:
        return 64;
    }
    if (tcg_op_defs[op->opc].flags & TCG_OPF_M && op->w < MO_32) {
        return MAX(bits_of(f, op->src[0]), tcg_width_bits(op->w));
    }
    switch (op->opc) {
    case TCG_OP_exts: case TCG_OP_add: case TCG_OP_sub: case TCG_OP_adc:
    case TCG_OP_sbb: case TCG_OP_neg: case TCG_OP_not: case TCG_OP_and:
    case TCG_OP_or: case TCG_OP_xor: case TCG_OP_andn: case TCG_OP_shl:
    case TCG_OP_shr: case TCG_OP_sar: case TCG_OP_rotl: case TCG_OP_rotr:
    case TCG_OP_shld: case TCG_OP_shrd: case TCG_OP_mul: case TCG_OP_mulu2:
    case TCG_OP_muls2: case TCG_OP_divu2: case TCG_OP_divs2:
    case TCG_OP_bswap: case TCG_OP_pdep: case TCG_OP_pext:
    case TCG_OP_extract2: case TCG_OP_lea:
        return op->w == MO_32 ? 32 : 64;
    default:
        return 64;
    }
}

static void written(Forward *f, TCGv v, unsigned bits)
{
    TCGPassData *p = f->p;

    if (f->s->vals[v].kind == TCG_VAL_LOCAL) {
        f->first_local = MIN(f->first_local, v);
        f->last_local = MAX(f->last_local, v);
    }
    p->def[v] = f->i + 1;
    p->alias[v] = TCGV_NONE;
    p->bits[v] = bits;
}

static void note_results(Forward *f, const TCGOp *op)
{
    const TCGOpDef *def = &tcg_op_defs[op->opc];
    TCGContext *s = f->s;
    TCGPassData *p = f->p;
    unsigned bits;

    if (op->opc == TCG_OP_nop) {
        return;
    }
    if (def->dsts) {
        bits = result_bits(f, op);
        for (unsigned k = 0; k < def->dsts; k++) {
            if (op->dst[k]) {
                written(f, op->dst[k], bits);
            }
        }
    }
    if (op->opc == TCG_OP_mov && op->w == MO_64 &&
        tcg_is_global(s, op->dst[0]) &&
        s->vals[op->src[0]].kind == TCG_VAL_TEMP) {
        p->alias[op->src[0]] = op->dst[0];
        p->alias_at[op->src[0]] = f->i + 1;
    }
    if (op->opc == TCG_OP_cc_set) {
        f->last_cc = f->i + 1;
    }
    if (op->opc == TCG_OP_call) {
        if (op->helper->flags & TCG_HF_WRITES_CC) {
            f->last_cc = f->i + 1;
        }
        if (op->helper->flags & (TCG_HF_WRITES_GLOBALS |
                                 TCG_HF_WRITES_VREGS)) {
            for (TCGv v = 1; v <= s->nb_globals; v++) {
                p->def[v] = f->i + 1;
                p->bits[v] = 64;
            }
        }
    }
}

/* Anything may have happened to what outlives a label. */
static void at_label(Forward *f)
{
    TCGPassData *p = f->p;

    for (TCGv v = 1; v <= f->s->nb_globals; v++) {
        p->def[v] = f->i + 1;
        p->bits[v] = 64;
    }
    for (TCGv v = f->first_local; v <= f->last_local; v++) {
        if (f->s->vals[v].kind == TCG_VAL_LOCAL) {
            p->def[v] = f->i + 1;
            p->bits[v] = 64;
        }
    }
    f->last_cc = f->i + 1;
}

void tcg_pass_forward(TCGContext *s)
{
    Forward f = { .s = s, .p = tcg_pass_data(s), .first_local = UINT16_MAX };
    bool reachable = true;

    f.p->loop = false;
    memset(f.p->met, 0, s->nb_labels * sizeof(f.p->met[0]));
    memset(f.p->def, 0, s->nb_vals * sizeof(f.p->def[0]));
    memset(f.p->alias, 0, s->nb_vals * sizeof(f.p->alias[0]));
    memset(f.p->bits, 64, s->nb_vals);
    for (f.i = 0; f.i < s->nb_ops; f.i++) {
        TCGOp *op = &s->ops[f.i];
        unsigned flags;

        if (op->opc == TCG_OP_label) {
            reachable |= s->labels[op->imm].refs > 0;
            if (reachable) {
                f.p->met[op->imm] = true;
                /* a side exit reads nothing, and nothing is behind it */
                if (f.i + 1 == s->nb_ops ||
                    (op[1].opc != TCG_OP_exit_direct &&
                     op[1].opc != TCG_OP_cc_ref)) {
                    at_label(&f);
                }
                continue;
            }
        }
        if (!reachable) {
            if (tcg_op_defs[op->opc].flags & TCG_OPF_B) {
                s->labels[op->imm].refs--;
            }
            tcg_op_remove(op);
            continue;
        }
        if (op->opc == TCG_OP_insn_start) {
            continue;
        }
        resolve_sources(&f, op);
        simplify(&f, op);
        note_results(&f, op);
        flags = tcg_op_defs[op->opc].flags;
        f.p->loop |= flags & TCG_OPF_B && f.p->met[op->imm];
        reachable = !(flags & TCG_OPF_E);
    }
}

void tcg_optimize(TCGContext *s)
{
    s->stat_ops += s->nb_ops;
    tcg_pass_forward(s);
    tcg_pass_backward(s);
    tcg_pass_resolve(s);
    s->nb_exits = 0;
}
