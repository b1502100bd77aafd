/*
 * Instruction selection: moves, extensions, bit fields, addition, logic and
 * shifts.  Results of 32-bit instructions stay sign-extended as long as nobody
 * minds (see "Forms" in gen.h).
 *
 * Where a sequence has more than one instruction, all but the last one work in
 * TMP0 and TMP1: the register of the result may be that of a source.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

static unsigned z_of(const LAGen *g, unsigned reg)
{
    return reg == LA_ZERO ? 1 : g->forms.z[reg];
}

static unsigned s_of(const LAGen *g, unsigned reg)
{
    return reg == LA_ZERO ? 1 : g->forms.s[reg];
}

static bool dirty(const LAGen *g, unsigned reg)
{
    return g->forms.dirty >> reg & 1;
}

/*
 * The result of a 32-bit op is in @reg with these forms of the content, and its
 * low half is right: bind it as it is if that is one of the two good forms,
 * else make it one.
 */
void la_bind32(LAGen *g, unsigned reg, unsigned z, unsigned s)
{
    if (z <= 32) {
        la_bind(g, 0, reg, z, s);
        return;
    }
    if (s > 32) {
        la_slli_w(&g->a, reg, reg, 0);
        s = 32;
    }
    la_form_dirty(g, reg);
    g->forms.s[reg] = s;
    if (!ra_dst_dead(&g->ra, 0)) {
        ra_bind(&g->ra, g->op->dst[0], reg);
    }
}

/* What a part is put into: as it is, with its form.  la_low() may give a
 * constant another upper half, which no form tells. */
static unsigned base(LAGen *g, TCGv v)
{
    return la_is_const(g, v) ? la_use(g, v) : la_low(g, v);
}

/* Result = src[0] with bits below 8 << w from @from: 8- and 16-bit ops. */
void la_merge(LAGen *g, const TCGOp *op, unsigned from)
{
    unsigned bits = 8u << op->w, a = base(g, op->src[0]), d;
    unsigned z = z_of(g, a), s = s_of(g, a);
    bool was_dirty = dirty(g, a);

    if (a == LA_ZERO || from == a) {
        z = s = 1;
    }
    d = la_dst(g, 0, op->src[0], TCGV_NONE);
    if (d == from && d != a) {
        la_mov(&g->a, LA_TMP0, from);
        from = LA_TMP0;
    }
    if (d != a) {
        la_mov(&g->a, d, a);
    }
    if (from != d) {
        la_bstrins_d(&g->a, d, from, bits - 1, 0);
    }
    if (from == a) {
        z = z_of(g, a);
        s = s_of(g, a);
    }
    la_form(g, d, MAX(z, bits), s > bits ? s : 64);
    if (was_dirty) {
        g->forms.dirty |= 1u << d;
        g->forms.s[d] = MIN(g->forms.s[d], 32);
    }
    if (!ra_dst_dead(&g->ra, 0)) {
        ra_bind(&g->ra, op->dst[0], d);
    }
}

/* ---- moves and extensions ---- */

void gen_mov(LAGen *g, const TCGOp *op)
{
    TCGv src = op->src[0];
    unsigned a, d;

    if (op->w < MO_32) {
        la_merge(g, op, la_low(g, op->src[1]));
    } else if (la_is_const(g, src)) {
        uint64_t value = la_const_val(g, src);

        if (op->w == MO_32) {
            value = (uint32_t)value;
        }
        d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);
        la_load_imm(g, d, value);
        if (!ra_dst_dead(&g->ra, 0)) {
            ra_bind(&g->ra, op->dst[0], d);
        }
        if (RA_BIT(d) & g->ra.pinned) {
            ra_set_known(&g->ra, d, value);
        }
    } else if (op->w == MO_64) {
        if (!ra_dst_dead(&g->ra, 0)) {
            ra_copy(&g->ra, op->dst[0], src);
        }
    } else {
        a = la_low(g, src);
        d = la_dst(g, 0, src, TCGV_NONE);
        if (z_of(g, a) <= 32 || s_of(g, a) <= 32) {
            unsigned z = z_of(g, a), s = s_of(g, a);

            if (d != a) {
                la_mov(&g->a, d, a);
            }
            la_bind32(g, d, z, s);
        } else {
            la_bstrpick_d(&g->a, d, a, 31, 0);
            la_bind(g, 0, d, 32, 64);
        }
    }
}

static void zero_extend(LAGen *g, const TCGOp *op, unsigned bits)
{
    unsigned a = bits > 32 ? la_use(g, op->src[0]) : la_low(g, op->src[0]), d;
    unsigned z = z_of(g, a), s = s_of(g, a);

    d = la_dst(g, 0, op->src[0], TCGV_NONE);
    if (z <= bits) {
        if (d != a) {
            la_mov(&g->a, d, a);
        }
    } else {
        la_bstrpick_d(&g->a, d, a, bits - 1, 0);
        z = bits;
        s = 64;
    }
    la_bind(g, 0, d, z, s);
}

void gen_extu(LAGen *g, const TCGOp *op)
{
    if (op->cond == MO_32 && op->w == MO_64) {
        TCGOp mov = *op;

        mov.w = MO_32;
        gen_mov(g, &mov);
    } else {
        zero_extend(g, op, 8u << MIN(op->cond, op->w));
    }
}

void gen_exts(LAGen *g, const TCGOp *op)
{
    unsigned bits = 8u << op->cond, a, d, s;

    if (op->cond >= op->w) {
        zero_extend(g, op, 8u << op->w);
        return;
    }
    a = la_low(g, op->src[0]);
    s = s_of(g, a);
    d = la_dst(g, 0, op->src[0], TCGV_NONE);
    if (s <= bits) {
        if (d != a) {
            la_mov(&g->a, d, a);
        }
    } else {
        if (op->cond == MO_8) {
            la_ext_w_b(&g->a, d, a);
        } else if (op->cond == MO_16) {
            la_ext_w_h(&g->a, d, a);
        } else {
            la_slli_w(&g->a, d, a, 0);
        }
        s = bits;
    }
    if (op->w == MO_64) {
        la_bind(g, 0, d, 64, s);
    } else {
        la_bind32(g, d, 64, s);
    }
}

void gen_extract(LAGen *g, const TCGOp *op)
{
    unsigned pos = op->imm & 0xff, len = op->imm >> 8, a, d;

    if (pos == 0) {
        zero_extend(g, op, len);
        return;
    }
    a = pos + len > 32 ? la_use(g, op->src[0]) : la_low(g, op->src[0]);
    d = la_dst(g, 0, op->src[0], TCGV_NONE);
    la_bstrpick_d(&g->a, d, a, pos + len - 1, pos);
    la_bind(g, 0, d, len, 64);
}

void gen_deposit(LAGen *g, const TCGOp *op)
{
    unsigned pos = op->imm & 0xff, len = op->imm >> 8, a, b, d, z, s;
    bool was_dirty;

    if (len == 64) {
        b = la_use(g, op->src[1]);
        d = la_dst(g, 0, op->src[1], TCGV_NONE);
        if (d != b) {
            la_mov(&g->a, d, b);
        }
        la_bind(g, 0, d, z_of(g, b), s_of(g, b));
        return;
    }
    a = pos + len > 31 ? la_use(g, op->src[0]) : base(g, op->src[0]);
    b = len > 32 ? la_use(g, op->src[1]) : la_low(g, op->src[1]);
    z = z_of(g, a);
    s = s_of(g, a);
    was_dirty = dirty(g, a);
    d = la_dst(g, 0, op->src[0], TCGV_NONE);
    if (d == b && d != a) {
        la_mov(&g->a, LA_TMP0, b);
        b = LA_TMP0;
    }
    if (d != a) {
        la_mov(&g->a, d, a);
    }
    la_bstrins_d(&g->a, d, b, pos + len - 1, pos);
    la_form(g, d, MAX(z, pos + len), s > pos + len ? s : 64);
    if (was_dirty) {
        g->forms.dirty |= 1u << d;
        g->forms.s[d] = MIN(g->forms.s[d], 32);
    }
    if (!ra_dst_dead(&g->ra, 0)) {
        ra_bind(&g->ra, op->dst[0], d);
    }
}

/* ---- sums ---- */

/* d = a + c with as few instructions as that takes; 64 bits. */
static void add_const64(LAGen *g, unsigned d, unsigned a, int64_t c)
{
    if (la_fits_s(c, 12)) {
        la_addi_d(&g->a, d, a, c);
    } else if (!(c & 0xffff) && la_fits_s(c >> 16, 16)) {
        la_addu16i_d(&g->a, d, a, c >> 16);
    } else if (la_fits_s(c, 28) && la_fits_s((int16_t)c, 12)) {
        la_addu16i_d(&g->a, LA_TMP0, a, (c - (int16_t)c) >> 16);
        la_addi_d(&g->a, d, LA_TMP0, (int16_t)c);
    } else {
        la_add_d(&g->a, d, a, la_const_reg(g, c));
    }
}

void gen_addsub(LAGen *g, const TCGOp *op)
{
    bool sub = op->opc == TCG_OP_sub;
    TCGv va = op->src[0], vb = op->src[1];
    unsigned a, b, d;
    int64_t c;

    if (!sub && la_is_const(g, va)) {
        TCGv t = va;

        if (op->w >= MO_32) {
            va = vb;
            vb = t;
        }
    }
    if (la_const_at(g, vb, op->w, &c)) {
        c = sub ? -(uint64_t)c : c;
        if (op->w == MO_64) {
            a = la_use(g, va);
            if (!la_fits_s(c, 12) && (c & 0xffff ||
                                      !la_fits_s(c >> 16, 16))) {
                b = la_const_reg(g, c);
                d = la_dst(g, 0, va, TCGV_NONE);
                la_add_d(&g->a, d, a, b);
            } else {
                d = la_dst(g, 0, va, TCGV_NONE);
                add_const64(g, d, a, c);
            }
            la_bind(g, 0, d, 64, 64);
            return;
        }
        if (la_fits_s(c, 12)) {
            a = la_low(g, va);
            if (op->w == MO_32) {
                d = la_dst(g, 0, va, TCGV_NONE);
                la_addi_w(&g->a, d, a, c);
                la_bind_dirty(g, 0, d);
            } else {
                la_addi_w(&g->a, LA_TMP0, a, c);
                la_merge(g, op, LA_TMP0);
            }
            return;
        }
    }
    if (op->w == MO_64) {
        a = la_use(g, va);
        b = la_use(g, vb);
        d = la_dst(g, 0, va, vb);
        (sub ? la_sub_d : la_add_d)(&g->a, d, a, b);
        la_bind(g, 0, d, 64, 64);
        return;
    }
    a = la_low(g, va);
    b = la_low(g, vb);
    d = op->w == MO_32 ? la_dst(g, 0, va, vb) : LA_TMP0;
    (sub ? la_sub_w : la_add_w)(&g->a, d, a, b);
    if (op->w == MO_32) {
        la_bind_dirty(g, 0, d);
    } else {
        la_merge(g, op, d);
    }
}

void gen_carry(LAGen *g, const TCGOp *op)
{
    bool sub = op->opc == TCG_OP_sbb;
    unsigned a, b, c, d;
    int64_t none;

    if (op->w >= MO_32 && la_const_at(g, op->src[1], op->w, &none) && !none) {
        TCGOp two = *op;

        two.opc = sub ? TCG_OP_sub : TCG_OP_add;
        two.src[1] = op->src[2];
        gen_addsub(g, &two);
        return;
    }
    if (op->w == MO_64) {
        a = la_use(g, op->src[0]);
        b = la_use(g, op->src[1]);
        c = la_use(g, op->src[2]);
        (sub ? la_sub_d : la_add_d)(&g->a, LA_TMP0, a, b);
        d = la_dst(g, 0, op->src[0], op->src[1]);
        (sub ? la_sub_d : la_add_d)(&g->a, d, LA_TMP0, c);
        la_bind(g, 0, d, 64, 64);
        return;
    }
    a = la_low(g, op->src[0]);
    b = la_low(g, op->src[1]);
    c = la_low(g, op->src[2]);
    (sub ? la_sub_w : la_add_w)(&g->a, LA_TMP0, a, b);
    d = op->w == MO_32 ? la_dst(g, 0, op->src[0], op->src[1]) : LA_TMP0;
    (sub ? la_sub_w : la_add_w)(&g->a, d, LA_TMP0, c);
    if (op->w == MO_32) {
        la_bind_dirty(g, 0, d);
    } else {
        la_merge(g, op, d);
    }
}

void gen_neg(LAGen *g, const TCGOp *op)
{
    unsigned a, d;

    if (op->w == MO_64) {
        a = la_use(g, op->src[0]);
        d = la_dst(g, 0, op->src[0], TCGV_NONE);
        la_sub_d(&g->a, d, LA_ZERO, a);
        la_bind(g, 0, d, 64, 64);
        return;
    }
    a = la_low(g, op->src[0]);
    d = op->w == MO_32 ? la_dst(g, 0, op->src[0], TCGV_NONE) : LA_TMP0;
    la_sub_w(&g->a, d, LA_ZERO, a);
    if (op->w == MO_32) {
        la_bind_dirty(g, 0, d);
    } else {
        la_merge(g, op, d);
    }
}

/* ---- logic ---- */

void gen_not(LAGen *g, const TCGOp *op)
{
    unsigned a = op->w == MO_64 ? la_use(g, op->src[0])
                                : la_low(g, op->src[0]), d, s = s_of(g, a);

    d = op->w < MO_32 ? LA_TMP0 : la_dst(g, 0, op->src[0], TCGV_NONE);
    la_nor(&g->a, d, a, LA_ZERO);
    if (op->w < MO_32) {
        la_merge(g, op, d);
    } else if (op->w == MO_32) {
        la_bind32(g, d, 64, s);
    } else {
        la_bind(g, 0, d, 64, s);
    }
}

void gen_andn(LAGen *g, const TCGOp *op)
{
    bool wide = op->w == MO_64;
    unsigned a = wide ? la_use(g, op->src[0]) : la_low(g, op->src[0]);
    unsigned b = wide ? la_use(g, op->src[1]) : la_low(g, op->src[1]);
    unsigned z = z_of(g, b), s = MAX(s_of(g, a), s_of(g, b));
    unsigned d = la_dst(g, 0, op->src[0], op->src[1]);

    la_andn(&g->a, d, b, a);
    if (wide) {
        la_bind(g, 0, d, z, s);
    } else {
        la_bind32(g, d, z, s);
    }
}

/* d = a op c for a constant that has a form of its own; false if it has not. */
static bool logic_const(LAGen *g, unsigned opc, unsigned d, unsigned a,
                        uint64_t c, TCGWidth w)
{
    unsigned bits = 8u << w, lo;
    uint64_t mask = UINT64_MAX >> (64 - bits), hole;

    if (la_fits_u(c & mask, 12)) {
        c &= mask;
        if (opc == TCG_OP_and) {
            la_andi(&g->a, d, a, c);
        } else if (opc == TCG_OP_or) {
            la_ori(&g->a, d, a, c);
        } else {
            la_xori(&g->a, d, a, c);
        }
        return true;
    }
    if (opc == TCG_OP_xor && (int64_t)c == -1) {
        la_nor(&g->a, d, a, LA_ZERO);
        return true;
    }
    if (opc != TCG_OP_and) {
        return false;
    }
    if (!(c & (c + 1))) {
        la_bstrpick_d(&g->a, d, a, 63 - __builtin_clzll(c), 0);
        return true;
    }
    /* one run of zeros to clear */
    hole = ~c;
    lo = __builtin_ctzll(hole);
    hole >>= lo;
    if (hole & (hole + 1)) {
        return false;
    }
    if (d != a) {
        la_mov(&g->a, d, a);
    }
    la_bstrins_d(&g->a, d, LA_ZERO, lo + 63 - __builtin_clzll(hole), lo);
    return true;
}

void gen_logic(LAGen *g, const TCGOp *op)
{
    TCGv va = op->src[0], vb = op->src[1];
    bool narrow = op->w < MO_32, wide = op->w == MO_64;
    unsigned a, b = LA_ZERO, d = LA_TMP0, za, zb, z, s;
    int64_t c = 0;
    bool is_const = false;

    if (la_is_const(g, va) && !la_is_const(g, vb) && !narrow) {
        va = op->src[1];
        vb = op->src[0];
    }
    a = wide ? la_use(g, va) : la_low(g, va);
    za = z_of(g, a);
    s = s_of(g, a);
    if (la_const_at(g, vb, op->w, &c)) {
        if (!wide && op->opc == TCG_OP_and && c < 0 && za <= 32) {
            c &= 0xffffffff;    /* either will do */
        }
        d = narrow ? LA_TMP0 : ra_dst(&g->ra, op->dst[0], va, 0, 0);
        is_const = logic_const(g, op->opc, d, a, c, op->w);
        if (is_const) {
            uint64_t m = c & (UINT64_MAX >> (64 - (8u << op->w)));
            unsigned zc = m ? 64 - __builtin_clzll(m) : 1;

            if (la_fits_u(m, 12)) {
                c = m;
            }
            if (op->opc == TCG_OP_and) {
                z = c < 0 ? za : MIN(za, zc);
                s = c < 0 ? MAX(s, 32) : MIN(MAX(s, zc + 1), 64);
            } else if (c < 0) {
                z = 64;
                s = MAX(s, 32);
            } else {
                z = MAX(za, zc);
                s = MAX(s, zc + 1);
            }
        } else {
            b = la_const_reg(g, c);
        }
    }
    if (!is_const) {
        if (!la_is_const(g, vb)) {
            b = wide ? la_use(g, vb) : la_low(g, vb);
            d = narrow ? LA_TMP0 : ra_dst(&g->ra, op->dst[0], va, vb, 0);
        }
        zb = z_of(g, b);
        s = MAX(s, s_of(g, b));
        if (op->opc == TCG_OP_and) {
            la_and(&g->a, d, a, b);
            z = MIN(za, zb);
        } else {
            z = MAX(za, zb);
            (op->opc == TCG_OP_or ? la_or : la_xor)(&g->a, d, a, b);
        }
    }
    if (narrow) {
        la_merge(g, op, LA_TMP0);
    } else if (wide) {
        la_bind(g, 0, d, z, s);
    } else {
        la_bind32(g, d, z, s);
    }
}

/* ---- shifts ---- */

static void shift_const(LAGen *g, const TCGOp *op, unsigned n)
{
    TCGv v = op->src[0];
    unsigned bits = 8u << op->w, a, d;

    n &= op->w == MO_64 ? 63 : 31;
    if (op->w >= MO_32) {
        a = op->w == MO_64 ? la_use(g, v) : la_low(g, v);
        d = la_dst(g, 0, v, TCGV_NONE);
        if (op->w == MO_64) {
            unsigned z = z_of(g, a);

            switch (op->opc) {
            case TCG_OP_shl:
                la_slli_d(&g->a, d, a, n);
                la_bind(g, 0, d, MIN(z + n, 64), 64);
                break;
            case TCG_OP_shr:
                la_srli_d(&g->a, d, a, n);
                la_bind(g, 0, d, z > n ? MIN(z, 64) - n : 1, 64);
                break;
            default:
                la_srai_d(&g->a, d, a, n);
                la_bind(g, 0, d, 64, 64 - n);
                break;
            }
            return;
        }
        switch (op->opc) {
        case TCG_OP_shl:
            if (z_of(g, a) + n <= 32) {
                /* nothing is lost: stays zero-extended */
                unsigned z = z_of(g, a) + n;

                la_slli_d(&g->a, d, a, n);
                la_bind(g, 0, d, z, 64);
            } else {
                la_slli_w(&g->a, d, a, n);
                la_bind_dirty(g, 0, d);
            }
            break;
        case TCG_OP_shr:
            la_srli_w(&g->a, d, a, n);
            if (n) {
                la_bind(g, 0, d, 32 - n, 64);
            } else {
                la_bind_dirty(g, 0, d);
            }
            break;
        default:
            la_srai_w(&g->a, d, a, n);
            la_bind32(g, d, 64, MAX(32 - n, 1u));
            break;
        }
        return;
    }
    if (op->opc == TCG_OP_shl) {
        la_slli_w(&g->a, LA_TMP0, la_low(g, v), n);
    } else if (op->opc == TCG_OP_shr) {
        if (n < bits) {
            la_bstrpick_d(&g->a, LA_TMP0, la_low(g, v), bits - 1, n);
        } else {
            la_mov(&g->a, LA_TMP0, LA_ZERO);
        }
    } else {
        a = la_sext(g, v, op->w, LA_TMP0);
        la_srai_w(&g->a, LA_TMP0, a, n);
    }
    la_merge(g, op, LA_TMP0);
}

void gen_shift(LAGen *g, const TCGOp *op)
{
    TCGv v = op->src[0], count = op->src[1];
    unsigned a, c, d;

    if (la_is_const(g, count)) {
        shift_const(g, op, la_const_val(g, count));
        return;
    }
    c = la_low(g, count);
    switch (op->w) {
    case MO_64:
        a = la_use(g, v);
        d = la_dst(g, 0, v, count);
        (op->opc == TCG_OP_shl ? la_sll_d : op->opc == TCG_OP_shr ? la_srl_d
         : la_sra_d)(&g->a, d, a, c);
        la_bind(g, 0, d, 64, 64);
        return;
    case MO_32:
        a = la_low(g, v);
        d = la_dst(g, 0, v, count);
        break;
    default:
        a = op->opc == TCG_OP_shl ? la_low(g, v)
            : op->opc == TCG_OP_shr ? la_zext(g, v, op->w, LA_TMP0)
            : la_sext(g, v, op->w, LA_TMP0);
        d = LA_TMP0;
        break;
    }
    (op->opc == TCG_OP_shl ? la_sll_w : op->opc == TCG_OP_shr ? la_srl_w
     : la_sra_w)(&g->a, d, a, c);
    if (op->w == MO_32) {
        la_bind_dirty(g, 0, d);
    } else {
        la_merge(g, op, LA_TMP0);
    }
}

/* A number of less than 32 bits repeated to fill 32, so that it rotates. */
static unsigned repeat(LAGen *g, TCGv v, TCGWidth w)
{
    la_mov(&g->a, LA_TMP0, la_low(g, v));
    if (w == MO_8) {
        la_bstrins_w(&g->a, LA_TMP0, LA_TMP0, 15, 8);
    }
    la_bstrins_w(&g->a, LA_TMP0, LA_TMP0, 31, 16);
    return LA_TMP0;
}

void gen_rotate(LAGen *g, const TCGOp *op)
{
    TCGv v = op->src[0], count = op->src[1];
    bool left = op->opc == TCG_OP_rotl;
    unsigned a, c = LA_ZERO, d, n;

    if (!la_is_const(g, count)) {
        c = la_low(g, count);
        if (left) {
            la_sub_w(&g->a, LA_TMP1, LA_ZERO, c);
            c = LA_TMP1;
        }
    }
    a = op->w == MO_64 ? la_use(g, v) : op->w == MO_32 ? la_low(g, v)
        : repeat(g, v, op->w);
    d = op->w < MO_32 ? LA_TMP0 : la_dst(g, 0, v, TCGV_NONE);
    if (la_is_const(g, count)) {
        n = la_const_val(g, count);
        n = left ? -n : n;
        if (op->w == MO_64) {
            la_rotri_d(&g->a, d, a, n & 63);
        } else {
            la_rotri_w(&g->a, d, a, n & 31);
        }
    } else {
        (op->w == MO_64 ? la_rotr_d : la_rotr_w)(&g->a, d, a, c);
    }
    if (op->w == MO_64) {
        la_bind(g, 0, d, 64, 64);
    } else if (op->w == MO_32) {
        la_bind_dirty(g, 0, d);
    } else {
        la_merge(g, op, LA_TMP0);
    }
}

/* Low @w bits of high:low >> n, 0 < n < w; may be in a new register or TMP0. */
static void funnel(LAGen *g, const TCGOp *op, TCGv low, TCGv high, unsigned n)
{
    unsigned l, h, d;

    if (op->w == MO_64) {
        l = la_use(g, low);
        h = la_use(g, high);
        d = la_dst(g, 0, low, high);
        if (d == h) {
            la_srli_d(&g->a, LA_TMP0, l, n);
            la_bstrins_d(&g->a, LA_TMP0, h, 63, 64 - n);
            la_mov(&g->a, d, LA_TMP0);
        } else {
            la_srli_d(&g->a, d, l, n);
            la_bstrins_d(&g->a, d, h, 63, 64 - n);
        }
        la_bind(g, 0, d, 64, 64);
    } else {
        l = la_low(g, low);
        h = la_low(g, high);
        d = la_dst(g, 0, low, high);
        if (d == h) {
            la_srli_w(&g->a, LA_TMP0, l, n);
            la_bstrins_w(&g->a, LA_TMP0, h, 31, 32 - n);
            la_mov(&g->a, d, LA_TMP0);
        } else {
            la_srli_w(&g->a, d, l, n);
            la_bstrins_w(&g->a, d, h, 31, 32 - n);
        }
        la_bind_dirty(g, 0, d);
    }
}

static void copy_width(LAGen *g, const TCGOp *op)
{
    TCGOp mov = *op;

    mov.opc = TCG_OP_mov;
    gen_mov(g, &mov);
}

void gen_extract2(LAGen *g, const TCGOp *op)
{
    unsigned n = op->imm & (op->w == MO_64 ? 63 : 31);

    if (n) {
        funnel(g, op, op->src[0], op->src[1], n);
    } else {
        copy_width(g, op);
    }
}

void gen_shxd(LAGen *g, const TCGOp *op)
{
    TCGv va = op->src[0], vb = op->src[1], count = op->src[2];
    bool left = op->opc == TCG_OP_shld, wide = op->w == MO_64;
    unsigned bits = wide ? 64 : 32, a, b, c, d, n;

    if (la_is_const(g, count)) {
        n = la_const_val(g, count) & (bits - 1);
        if (n == 0) {
            copy_width(g, op);
        } else if (left) {
            funnel(g, op, vb, va, bits - n);
        } else {
            funnel(g, op, va, vb, n);
        }
        return;
    }
    a = wide ? la_use(g, va) : la_low(g, va);
    b = wide ? la_use(g, vb) : la_low(g, vb);
    c = la_low(g, count);
    /* the other half goes the other way by one and then by ~count */
    la_nor(&g->a, LA_TMP0, c, LA_ZERO);
    if (wide) {
        if (left) {
            la_srli_d(&g->a, LA_TMP1, b, 1);
            la_srl_d(&g->a, LA_TMP0, LA_TMP1, LA_TMP0);
            la_sll_d(&g->a, LA_TMP1, a, c);
        } else {
            la_slli_d(&g->a, LA_TMP1, b, 1);
            la_sll_d(&g->a, LA_TMP0, LA_TMP1, LA_TMP0);
            la_srl_d(&g->a, LA_TMP1, a, c);
        }
        d = la_dst(g, 0, va, vb);
        la_or(&g->a, d, LA_TMP0, LA_TMP1);
        la_bind(g, 0, d, 64, 64);
        return;
    }
    if (left) {
        la_srli_w(&g->a, LA_TMP1, b, 1);
        la_srl_w(&g->a, LA_TMP0, LA_TMP1, LA_TMP0);
        la_sll_w(&g->a, LA_TMP1, a, c);
    } else {
        la_slli_w(&g->a, LA_TMP1, b, 1);
        la_sll_w(&g->a, LA_TMP0, LA_TMP1, LA_TMP0);
        la_srl_w(&g->a, LA_TMP1, a, c);
    }
    d = la_dst(g, 0, va, vb);
    la_or(&g->a, d, LA_TMP0, LA_TMP1);
    la_bind_dirty(g, 0, d);
}
