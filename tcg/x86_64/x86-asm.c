/*
 * Encoder for x86-64 host instructions: the general form and the few
 * instructions whose encoding depends on their operands.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "x86-asm.h"

/* ModRM, SIB and displacement. */
static void emit_modrm(X86Asm *a, unsigned reg, X86Rm rm, unsigned imm_len)
{
    unsigned r = (reg & 7) << 3;

    if (rm.base == X86_ISREG) {
        x86_8(a, 0xc0 | r | (rm.reg & 7));
        return;
    }
    if (rm.base == X86_ABS) {
        int64_t rel = rm.abs - (uint64_t)(x86_rx(a) + 5 + imm_len);

        if (x86_fits32(rm.abs)) {
            x86_8(a, 0x04 | r);
            x86_8(a, 0x25);
            x86_32(a, rm.abs);
        } else {
            x86_8(a, 0x05 | r);
            x86_32(a, rel);
        }
        return;
    }
    if (rm.base == X86_NOREG) {
        /* an index alone, or a plain 32-bit address */
        x86_8(a, 0x04 | r);
        x86_8(a, rm.scale << 6 | 0x05 |
              (rm.index == X86_NOREG ? 4 : rm.index & 7) << 3);
        x86_32(a, rm.disp);
        return;
    }

    unsigned mod = rm.disp == 0 && (rm.base & 7) != X86_RBP ? 0x00
                   : rm.disp == (int8_t)rm.disp ? 0x40 : 0x80;
    if (rm.index == X86_NOREG && (rm.base & 7) != X86_RSP) {
        x86_8(a, mod | r | (rm.base & 7));
    } else {
        x86_8(a, mod | r | 4);
        x86_8(a, rm.scale << 6 | (rm.base & 7) |
              (rm.index == X86_NOREG ? 4 : rm.index & 7) << 3);
    }
    if (mod == 0x40) {
        x86_8(a, rm.disp);
    } else if (mod == 0x80) {
        x86_32(a, rm.disp);
    }
}

static void any_op(X86Asm *a, uint32_t op, unsigned reg, unsigned vvvv,
                   X86Rm rm, unsigned imm_len)
{
    bool w = op & X_W;
    bool r = reg & 8;
    bool x = rm.index >= 0 && (rm.index & 8);
    bool b = x86_is_reg(rm) ? rm.reg & 8 : rm.base >= 0 && (rm.base & 8);
    unsigned map = X_MAP(op), pp = X_PP(op);

    if (op & X_VEX) {
        unsigned tail = (~vvvv & 15) << 3 | (op & X_L ? 4 : 0) | pp;

        if (map == 1 && !w && !x && !b) {
            x86_8(a, 0xc5);
            x86_8(a, (r ? 0 : 0x80) | tail);
        } else {
            x86_8(a, 0xc4);
            x86_8(a, (r ? 0 : 0x80) | (x ? 0 : 0x40) | (b ? 0 : 0x20) | map);
            x86_8(a, (w ? 0x80 : 0) | tail);
        }
    } else {
        static const uint8_t prefix[4] = { 0, 0x66, 0xf3, 0xf2 };
        unsigned rex = w << 3 | r << 2 | x << 1 | b;

        /* spl, bpl, sil and dil need an empty REX */
        if ((op & X_R8 && reg >= 4) ||
            (op & X_M8 && x86_is_reg(rm) && rm.reg >= 4)) {
            rex |= 0x40;
        }
        if (op & X_LOCK) {
            x86_8(a, 0xf0);
        }
        if (pp) {
            x86_8(a, prefix[pp]);
        }
        if (rex) {
            x86_8(a, 0x40 | rex);
        }
        if (map) {
            x86_8(a, 0x0f);
            if (map == 2) {
                x86_8(a, 0x38);
            } else if (map == 3) {
                x86_8(a, 0x3a);
            }
        }
    }
    x86_8(a, op);
    emit_modrm(a, reg, rm, imm_len);
}

/* The bulk are one-byte opcodes on registers or a base with displacement. */
void x86_op(X86Asm *a, uint32_t op, unsigned reg, unsigned vvvv, X86Rm rm,
            unsigned imm_len)
{
    unsigned rex = (op & X_W ? 8 : 0) | (reg >> 1 & 4);
    unsigned r = (reg & 7) << 3;
    uint8_t *p = a->p;

    if (op & (X_VEX | X_LOCK | X_R8 | X_M8) || X_MAP(op) || X_PP(op)) {
        any_op(a, op, reg, vvvv, rm, imm_len);
    } else if (x86_is_reg(rm)) {
        rex |= rm.reg >> 3 & 1;
        *p = 0x40 | rex;
        p += rex != 0;
        p[0] = op;
        p[1] = 0xc0 | r | (rm.reg & 7);
        a->p = p + 2;
    } else if (rm.base >= 0 && rm.index == X86_NOREG &&
               (rm.base & 7) != X86_RSP) {
        rex |= rm.base >> 3 & 1;
        r |= rm.base & 7;
        *p = 0x40 | rex;
        p += rex != 0;
        p[0] = op;
        if (rm.disp == (int8_t)rm.disp) {
            bool none = rm.disp == 0 && (rm.base & 7) != X86_RBP;

            p[1] = none ? r : 0x40 | r;
            p[2] = rm.disp;
            a->p = p + 3 - none;
        } else {
            p[1] = 0x80 | r;
            memcpy(p + 2, &rm.disp, 4);
            a->p = p + 6;
        }
    } else {
        any_op(a, op, reg, vvvv, rm, imm_len);
    }
}

void x86_movi(X86Asm *a, unsigned d, uint64_t value)
{
    int64_t rel = value - (uint64_t)(x86_rx(a) + 7);

    if (value <= UINT32_MAX) {
        if (d & 8) {
            x86_8(a, 0x41);
        }
        x86_8(a, 0xb8 | (d & 7));
        x86_32(a, value);
    } else if (x86_fits32(value)) {
        x86_rm(a, X_MOVI_RM | X_W, 0, x86_reg(d));
        x86_32(a, value);
    } else if (x86_fits32(rel)) {
        x86_rm(a, X_LEA | X_W, d, (X86Rm) { .base = X86_ABS,
                                            .index = X86_NOREG,
                                            .abs = value });
    } else {
        x86_8(a, d & 8 ? 0x49 : 0x48);
        x86_8(a, 0xb8 | (d & 7));
        x86_64(a, value);
    }
}

void x86_alu_i(X86Asm *a, unsigned alu, TCGWidth w, X86Rm rm, int32_t imm)
{
    if (w == MO_8) {
        x86_rm_i8(a, 0x80 | X_M8, alu, rm, imm);
    } else if (imm == (int8_t)imm) {
        x86_rm_i8(a, x86_op_w16(0x83, w), alu, rm, imm);
    } else if (w == MO_16) {
        x86_op(a, 0x81 | X_66, alu, 0, rm, 2);
        x86_8(a, imm);
        x86_8(a, imm >> 8);
    } else {
        x86_op(a, x86_op_w16(0x81, w), alu, 0, rm, 4);
        x86_32(a, imm);
    }
}

void x86_test_i(X86Asm *a, TCGWidth w, X86Rm rm, int32_t imm)
{
    /* a 64-bit test of low bits is a 32-bit or 8-bit one */
    if (w == MO_64 && imm >= 0) {
        w = MO_32;
    }
    if ((w == MO_32 || w == MO_16) && imm >= 0 && imm < 0x80) {
        w = MO_8;
    }
    switch (w) {
    case MO_8:
        x86_rm_i8(a, 0xf6 | X_M8, G3_TEST, rm, imm);
        break;
    case MO_16:
        x86_op(a, 0xf7 | X_66, G3_TEST, 0, rm, 2);
        x86_8(a, imm);
        x86_8(a, imm >> 8);
        break;
    default:
        x86_op(a, x86_op_w16(0xf7, w), G3_TEST, 0, rm, 4);
        x86_32(a, imm);
        break;
    }
}

void x86_shift_i(X86Asm *a, unsigned sh, TCGWidth w, X86Rm rm, unsigned n)
{
    if (n == 1) {
        x86_op(a, x86_op_w(X_SHIFT_1, w), sh, 0, rm, 0);
    } else if (n) {
        x86_rm_i8(a, x86_op_w(X_SHIFT_I, w), sh, rm, n);
    }
}

void x86_store_i(X86Asm *a, TCGWidth w, X86Rm rm, int32_t imm)
{
    unsigned len = w == MO_8 ? 1 : w == MO_16 ? 2 : 4;

    x86_op(a, x86_op_w(0xc6, w), 0, 0, rm, len);
    memcpy(a->p, &imm, len);
    a->p += len;
}

static uint8_t *rel32(X86Asm *a, const uint8_t *rx_target)
{
    uint8_t *field = a->p;

    x86_32(a, rx_target ? rx_target - (x86_rx(a) + 4) : 0);
    return field;
}

uint8_t *x86_jmp(X86Asm *a, const uint8_t *rx_target)
{
    x86_8(a, 0xe9);
    return rel32(a, rx_target);
}

uint8_t *x86_jcc(X86Asm *a, unsigned cond, const uint8_t *rx_target)
{
    x86_8(a, 0x0f);
    x86_8(a, 0x80 + cond);
    return rel32(a, rx_target);
}

uint8_t *x86_call(X86Asm *a, const uint8_t *rx_target)
{
    x86_8(a, 0xe8);
    return rel32(a, rx_target);
}

void x86_nop(X86Asm *a, unsigned n)
{
    static const uint8_t nops[9][9] = {
        { 0x90 },
        { 0x66, 0x90 },
        { 0x0f, 0x1f, 0x00 },
        { 0x0f, 0x1f, 0x40, 0x00 },
        { 0x0f, 0x1f, 0x44, 0x00, 0x00 },
        { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
        { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
        { 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
        { 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
    };

    while (n) {
        unsigned k = MIN(n, 9u);

        memcpy(a->p, nops[k - 1], k);
        a->p += k;
        n -= k;
    }
}
