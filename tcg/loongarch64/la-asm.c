/*
 * Encoder for LoongArch64: constants and branches whose targets come later.
 * See la-asm.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "la-asm.h"

static int64_t sext(uint64_t v, unsigned bits)
{
    return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

/*
 * Build @v from its parts: lu12i.w and ori make a sign-extended 32-bit value,
 * lu32i.d replaces bits 63..32 by a sign-extended 20-bit one, lu52i.d bits
 * 63..52.  A part is left out where the parts below it already give the right
 * bits.
 */
static unsigned build(LAAsm *a, unsigned rd, uint64_t v)
{
    int64_t low = sext(v, 32);
    int64_t top = sext(v, 52);
    unsigned n = 0;

    if (la_fits_s(v, 12)) {
        if (a) {
            la_addi_w(a, rd, LA_ZERO, (int64_t)v);
        }
        return 1;
    }
    if (la_fits_u(v, 12)) {
        if (a) {
            la_ori(a, rd, LA_ZERO, v);
        }
        return 1;
    }
    if (sext(v, 52) == 0) {
        /* only the top twelve bits */
        if (a) {
            la_lu52i_d(a, rd, LA_ZERO, (int64_t)v >> 52);
        }
        return 1;
    }

    if (la_fits_s(low, 12)) {
        if (a) {
            la_addi_w(a, rd, LA_ZERO, low);
        }
        n++;
    } else if (la_fits_u((uint32_t)v, 12)) {
        if (a) {
            la_ori(a, rd, LA_ZERO, (uint32_t)v);
        }
        n++;
    } else {
        if (a) {
            la_lu12i_w(a, rd, low >> 12);
        }
        n++;
        if (v & 0xfff) {
            if (a) {
                la_ori(a, rd, rd, v & 0xfff);
            }
            n++;
        }
    }
    if (top != low) {
        if (a) {
            la_lu32i_d(a, rd, top >> 32);
        }
        n++;
    }
    if ((int64_t)v != top) {
        if (a) {
            la_lu52i_d(a, rd, rd, (int64_t)v >> 52);
        }
        n++;
    }
    return n;
}

/*
 * A run of ones that build() would need more than two instructions for, made
 * from -1: 0x00000000ffffffff, 0x0000ffffffffffff, 0xff00000000000000 ...
 */
static unsigned run_of_ones(LAAsm *a, unsigned rd, uint64_t v)
{
    unsigned lo, hi;
    uint64_t run;

    if (v == 0) {
        return 0;
    }
    lo = __builtin_ctzll(v);
    run = v >> lo;
    if (run & (run + 1)) {
        return 0;
    }
    hi = 63 - __builtin_clzll(v);
    if (a) {
        la_addi_w(a, rd, LA_ZERO, -1);
        if (lo == 0) {
            la_bstrpick_d(a, rd, rd, hi, 0);
        } else if (hi == 63) {
            la_slli_d(a, rd, rd, lo);
        } else {
            return 0;
        }
    }
    return lo == 0 || hi == 63 ? 2 : 0;
}

unsigned la_li_len(uint64_t value)
{
    unsigned n = build(NULL, 0, value);
    unsigned r = n > 2 ? run_of_ones(NULL, 0, value) : 0;

    return r ? r : n;
}

unsigned la_li(LAAsm *a, unsigned rd, uint64_t value)
{
    if (build(NULL, 0, value) > 2 && run_of_ones(NULL, 0, value)) {
        return run_of_ones(a, rd, value);
    }
    return build(a, rd, value);
}

bool la_set_branch(uint32_t *insn, int64_t off)
{
    uint32_t w = *insn;
    unsigned major = w >> 26;

    if (off & 3) {
        return false;
    }
    switch (major) {
    case LA_OP_b >> 26:
    case LA_OP_bl >> 26:
        if (!la_fits_s(off >> 2, 26)) {
            return false;
        }
        w = (w & ~0x03ffffffu) | la_s_split(off, 26);
        break;
    case LA_OP_beqz >> 26:
    case LA_OP_bnez >> 26:
    case LA_OP_bceqz >> 26: /* and bcnez */
        if (!la_fits_s(off >> 2, 21)) {
            return false;
        }
        w = (w & ~0x03fffc1fu) | la_s_split(off, 21);
        break;
    default:
        /* beq, bne, blt, bge, bltu, bgeu, jirl */
        if (!la_fits_s(off >> 2, 16)) {
            return false;
        }
        w = (w & ~0x03fffc00u) | la_s(off, 16, 2, 10);
        break;
    }
    *insn = w;
    return true;
}
