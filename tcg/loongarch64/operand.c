/*
 * The LoongArch64 code generator: values in registers in the form that an
 * instruction wants, constants, memory operands, ordering of accesses.
 *
 * Everything that is known of the upper bits of a register is kept here (see
 * "Forms" in gen.h): whoever writes a register says what it holds, whoever reads
 * one says what it needs, and extensions are emitted in between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

/* ---- what is known of registers ---- */

void la_form(LAGen *g, unsigned reg, unsigned z, unsigned s)
{
    if (z < 64) {
        s = MIN(s, z + 1);
    }
    g->forms.z[reg] = z;
    g->forms.s[reg] = s;
    g->forms.dirty &= ~(1u << reg);
}

void la_form_dirty(LAGen *g, unsigned reg)
{
    la_form(g, reg, 64, 32);
    g->forms.dirty |= 1u << reg;
}

static bool is_dirty(const LAGen *g, unsigned reg)
{
    return g->forms.dirty >> reg & 1;
}

void la_settle(LAGen *g, uint32_t set)
{
    for (set &= g->forms.dirty; set; set &= set - 1) {
        unsigned reg = __builtin_ctz(set);

        la_bstrpick_d(&g->a, reg, reg, 31, 0);
        la_form(g, reg, 32, 64);
    }
}

/* What a constant's register looks like. */
static void form_const(LAGen *g, unsigned reg, uint64_t value)
{
    int64_t v = value;
    unsigned z = value ? 64 - __builtin_clzll(value) : 0;

    la_form(g, reg, MAX(z, 1u), v < 0 ? 65 - __builtin_clzll(~value | 1)
                                      : 64);
}

/* ---- values ---- */

bool la_const_at(const LAGen *g, TCGv v, TCGWidth w, int64_t *value)
{
    if (!v || !la_is_const(g, v)) {
        return false;
    }
    switch (w) {
    case MO_8:
        *value = (int8_t)la_const_val(g, v);
        break;
    case MO_16:
        *value = (int16_t)la_const_val(g, v);
        break;
    case MO_32:
        *value = (int32_t)la_const_val(g, v);
        break;
    default:
        *value = la_const_val(g, v);
        break;
    }
    return true;
}

unsigned la_low(LAGen *g, TCGv v)
{
    if (la_is_const(g, v)) {
        uint64_t c = la_const_val(g, v);

        if (c == 0) {
            return LA_ZERO;
        }
        /* a negative 32-bit number is shorter with its upper half set */
        if (c >> 31 == 1 && ra_where(&g->ra, v) == RA_NOREG) {
            return la_const_reg(g, (int32_t)c);
        }
    }
    return ra_use(&g->ra, v);
}

unsigned la_use(LAGen *g, TCGv v)
{
    unsigned reg;

    if (la_is_const(g, v) && la_const_val(g, v) == 0) {
        return LA_ZERO;
    }
    reg = ra_use(&g->ra, v);
    la_settle(g, 1u << reg);
    return reg;
}

unsigned la_const_reg(LAGen *g, uint64_t value)
{
    TCGv c;
    unsigned n = g->s->nb_vals, reg;

    if (value == 0) {
        return LA_ZERO;
    }
    if (n >= TCG_MAX_VALS - 1) {
        reg = ra_scratch(&g->ra, TCG_I64, 0);
        la_load_imm(g, reg, value);
        return reg;
    }
    c = tcg_const(g->s, value);
    if (c >= n) {
        g->ra.vals[c] = (RAVal) { .reg = RA_NOREG };
    }
    return ra_use(&g->ra, c);
}

unsigned la_zext(LAGen *g, TCGv v, TCGWidth w, unsigned tmp)
{
    unsigned bits = 8u << w, reg;
    int64_t c;

    if (w == MO_64) {
        return la_use(g, v);
    }
    if (la_const_at(g, v, w, &c)) {
        return la_const_reg(g, (uint64_t)c & (UINT64_MAX >> (64 - bits)));
    }
    reg = ra_use(&g->ra, v);
    if (g->forms.z[reg] <= bits) {
        return reg;
    }
    if (w == MO_32 && is_dirty(g, reg)) {
        la_settle(g, 1u << reg);
        return reg;
    }
    la_bstrpick_d(&g->a, tmp, reg, bits - 1, 0);
    return tmp;
}

unsigned la_sext(LAGen *g, TCGv v, TCGWidth w, unsigned tmp)
{
    unsigned bits = 8u << w, reg;
    int64_t c;

    if (w == MO_64) {
        return la_use(g, v);
    }
    if (la_const_at(g, v, w, &c)) {
        return la_const_reg(g, c);
    }
    reg = ra_use(&g->ra, v);
    if (g->forms.s[reg] <= bits) {
        return reg;
    }
    switch (w) {
    case MO_8:
        la_ext_w_b(&g->a, tmp, reg);
        break;
    case MO_16:
        la_ext_w_h(&g->a, tmp, reg);
        break;
    default:
        la_slli_w(&g->a, tmp, reg, 0);
        break;
    }
    return tmp;
}

/* A register holding a constant so near @value that @bits bits reach it. */
static unsigned near_const(LAGen *g, uint64_t value, unsigned bits,
                           int32_t *disp)
{
    RA *ra = &g->ra;

    for (RASet set = ra->host->temps[TCG_I64] | ra->known; set;
         set &= set - 1) {
        unsigned reg = __builtin_ctzll(set);
        TCGv v = ra->hold[reg];
        int64_t d;

        if (ra->known & RA_BIT(reg)) {
            d = value - ra->known_value[reg];
        } else if (!(ra->pinned & RA_BIT(reg)) && v && la_is_const(g, v)) {
            d = value - la_const_val(g, v);
        } else {
            continue;
        }
        if (la_fits_s(d, bits)) {
            *disp = d;
            return reg;
        }
    }
    return RA_NOREG;
}

void la_load_imm(LAGen *g, unsigned reg, uint64_t value)
{
    int32_t disp;
    unsigned near;

    if (la_li_len(value) > 1 &&
        (near = near_const(g, value, 12, &disp)) != RA_NOREG) {
        if (disp == 0) {
            la_mov(&g->a, reg, near);
        } else {
            la_addi_d(&g->a, reg, near, disp);
        }
    } else {
        la_li(&g->a, reg, value);
    }
    form_const(g, reg, value);
}

void la_load_to(LAGen *g, unsigned reg, TCGv v)
{
    unsigned from = ra_where(&g->ra, v);
    RAHome home;

    if (from != RA_NOREG) {
        la_settle(g, 1u << from);
        if (from != reg) {
            la_mov(&g->a, reg, from);
        }
    } else if (la_is_const(g, v)) {
        la_load_imm(g, reg, la_const_val(g, v));
    } else if (ra_home(&g->ra, v, &home)) {
        la_load(g, MO_64, reg, home.frame ? LA_SP : LA_ENV, home.offset);
    } else {
        assert(!"value without a place");
    }
}

/* ---- results ---- */

unsigned la_dst(LAGen *g, unsigned n, TCGv a, TCGv b)
{
    return ra_dst(&g->ra, g->op->dst[n], a, b, 0);
}

static void bind(LAGen *g, unsigned n, unsigned reg)
{
    TCGv v = g->op->dst[n];

    if (v && !ra_dst_dead(&g->ra, n)) {
        ra_bind(&g->ra, v, reg);
    }
}

void la_bind(LAGen *g, unsigned n, unsigned reg, unsigned z, unsigned s)
{
    la_form(g, reg, z, s);
    bind(g, n, reg);
}

void la_bind_dirty(LAGen *g, unsigned n, unsigned reg)
{
    la_form_dirty(g, reg);
    bind(g, n, reg);
}

/* ---- memory ---- */

void la_load(LAGen *g, TCGWidth w, unsigned reg, unsigned base, int32_t off)
{
    switch (w) {
    case MO_8:
        la_ld_bu(&g->a, reg, base, off);
        break;
    case MO_16:
        la_ld_hu(&g->a, reg, base, off);
        break;
    case MO_32:
        la_ld_wu(&g->a, reg, base, off);
        break;
    default:
        la_ld_d(&g->a, reg, base, off);
        break;
    }
}

void la_store(LAGen *g, TCGWidth w, unsigned reg, unsigned base, int32_t off)
{
    switch (w) {
    case MO_8:
        la_st_b(&g->a, reg, base, off);
        break;
    case MO_16:
        la_st_h(&g->a, reg, base, off);
        break;
    case MO_32:
        la_st_w(&g->a, reg, base, off);
        break;
    default:
        la_st_d(&g->a, reg, base, off);
        break;
    }
}

/* Does @disp fit the instruction? */
static bool fits_disp(int64_t disp, unsigned bits)
{
    return disp == 0 || (bits && la_fits_s(disp, MIN(bits, 12u))) ||
           (bits == 16 && disp % 4 == 0 && la_fits_s(disp, 16));
}

/* base + disp where disp is not zero and does not fit. */
static LAMem far_address(LAGen *g, unsigned base, int64_t disp, unsigned bits,
                         bool indexed)
{
    int64_t low = (int16_t)disp, high = (disp - low) >> 16;
    int32_t d = 0;
    unsigned reg;

    if (bits == 0 && la_fits_s(disp, 12)) {
        la_addi_d(&g->a, LA_TMP0, base, disp);
        return (LAMem) { LA_TMP0, 0, 0 };
    }
    if (indexed && la_li_len(disp) == 1) {
        la_li(&g->a, LA_TMP1, disp);
        return (LAMem) { base, LA_TMP1, 0 };
    }
    if (la_fits_s(high, 16) && fits_disp(low, bits)) {
        la_addu16i_d(&g->a, LA_TMP0, base, high);
        return (LAMem) { LA_TMP0, 0, low };
    }
    if (la_fits_s(disp, 31)) {
        low = (disp & 0xfff) - ((disp & 0x800) << 1);
        la_lu12i_w(&g->a, LA_TMP1, (disp - low) >> 12);
        la_add_d(&g->a, LA_TMP0, LA_TMP1, base);
        if (!fits_disp(low, bits)) {
            la_addi_d(&g->a, LA_TMP0, LA_TMP0, low);
            low = 0;
        }
        return (LAMem) { LA_TMP0, 0, low };
    }
    reg = near_const(g, disp, MIN(bits, 12u) ? 12 : 1, &d);
    if (reg == RA_NOREG || !fits_disp(d, bits)) {
        reg = la_const_reg(g, disp);
        d = 0;
    } else {
        ra_lock(&g->ra, reg);
    }
    if (d == 0 && indexed) {
        return (LAMem) { base, reg, 0 };
    }
    la_add_d(&g->a, LA_TMP0, reg, base);
    return (LAMem) { LA_TMP0, 0, d };
}

LAMem la_address(LAGen *g, const TCGOp *op, unsigned disp_bits, bool indexed)
{
    TCGv base = op->src[0], index = op->src[1];
    int64_t disp = op->imm;
    int32_t d = 0;
    unsigned rb, ri;

    if (index && la_is_const(g, index)) {
        disp += la_const_val(g, index) << op->cond;
        index = TCGV_NONE;
    }
    if (base && la_is_const(g, base)) {
        disp += la_const_val(g, base);
        base = TCGV_NONE;
    }
    if (!base && !index) {
        rb = near_const(g, disp, disp_bits ? 12 : 1, &d);
        if (rb != RA_NOREG && fits_disp(d, disp_bits)) {
            ra_lock(&g->ra, rb);
        } else {
            rb = la_const_reg(g, disp);
            d = 0;
        }
        return (LAMem) { rb, 0, d };
    }
    if (!index) {
        rb = la_use(g, base);
    } else if (!base) {
        rb = la_use(g, index);
        if (op->cond) {
            la_slli_d(&g->a, LA_TMP0, rb, op->cond);
            rb = LA_TMP0;
        }
    } else {
        rb = la_use(g, base);
        ri = la_use(g, index);
        if (op->cond) {
            la_alsl_d(&g->a, LA_TMP0, ri, rb, op->cond);
            rb = LA_TMP0;
        } else if (disp == 0 && indexed) {
            return (LAMem) { rb, ri, 0 };
        } else {
            la_add_d(&g->a, LA_TMP0, rb, ri);
            rb = LA_TMP0;
        }
    }
    if (disp == 0 || fits_disp(disp, disp_bits)) {
        return (LAMem) { rb, 0, disp };
    }
    return far_address(g, rb, disp, disp_bits, indexed);
}

/* ---- ordering ---- */

/*
 * Hints of dbar: bit 4 "not a full barrier", then which of earlier loads and
 * stores wait for which of later loads and stores (0 = takes part).
 */
enum {
    DBAR_LD_ALL = 0x14,     /* loads before everything */
    DBAR_ALL_ST = 0x12,     /* everything before stores */
    DBAR_ST_ST = 0x1a,
};

/*
 * x86 orders everything but a store before a load.  `order` says which kinds of
 * accesses have happened since the last barrier that covers them.
 */
void la_order(LAGen *g, unsigned kind, bool atomic)
{
    if (!g->s->tso && !atomic) {
        return;
    }
    if (kind == LA_ORDER_LD) {
        if (g->order & LA_ORDER_LD) {
            la_dbar(&g->a, DBAR_LD_ALL);
        }
        g->order |= LA_ORDER_LD;
    } else {
        switch (g->order) {
        case LA_ORDER_LD:
            la_dbar(&g->a, DBAR_LD_ALL);
            g->order = LA_ORDER_ST;
            break;
        case LA_ORDER_ST:
            la_dbar(&g->a, DBAR_ST_ST);
            break;
        case LA_ORDER_LD | LA_ORDER_ST:
            la_dbar(&g->a, DBAR_ALL_ST);
            break;
        default:
            g->order |= LA_ORDER_ST;
            break;
        }
    }
}
