/*
 * Scenarios about instructions: shift counts one by one, compare and exchange
 * that succeeds, random numbers, long runs of one kind, state images.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "scenario.h"
#include "target/i386/cpu.h"


enum { ROL, ROR, RCL, RCR, SHL, SHR, SAL, SAR, SHLD, SHRD };

static unsigned shift_count(IsaGen *g, unsigned bits)
{
    switch (below(g, 6)) {
    case 0:
        return below(g, 3);
    case 1:
        return bits - 1 + below(g, 3);
    default:
        return below(g, 256);
    }
}

/* Flags that are undefined behind a shift of @bits by @count. */
static uint32_t shift_undefined(unsigned op, unsigned bits, unsigned count)
{
    uint32_t undef = op < SHL ? 0 : CC_A;

    count &= bits == 64 ? 63 : 31;
    if (count != 1) {
        undef |= CC_O;
    }
    return count ? undef : 0;
}

static void push_flags(IsaGen *g, IsaCase *c)
{
    RAW(c, 0x68);                                   /* push imm32; popf */
    raw32(c, (isa_rand(g) & CC_ALL) | 0x202);
    RAW(c, 0x9d);
}

/*
 * One shift or rotate: op r/m, r, count.  The operand is EBX or a register
 * of that number, the second of a double shift EDX.
 */
static void one_shift(IsaGen *g, IsaCase *c, unsigned op, unsigned size,
                      unsigned count)
{
    unsigned how = count == 1 && op < SHLD ? below(g, 3) : below(g, 2);
    uint8_t rm = R_EBX_, last = count;

    if (how == 0) {
        RAW(c, 0xb1, last);                         /* mov cl, count */
    }
    if (size == 2) {
        RAW(c, 0x66);
    } else if (size == 8) {
        RAW(c, 0x48);
    }
    if (op >= SHLD) {
        RAW(c, 0x0f, (op == SHLD ? 0xa4 : 0xac) + (how == 0),
            0xc0 | R_EDX_ << 3 | rm);
    } else {
        static const uint8_t opcodes[] = { 0xd2, 0xc0, 0xd0 };

        RAW(c, opcodes[how] + (size > 1), 0xc0 | op << 3 | rm);
    }
    if (how == 1) {
        RAW(c, last);
    }
}

/*
 * Shifts and rotates by any count, each with all flags known before it; what
 * it leaves is folded into R9.
 */
void isa_scenario_shift(IsaGen *g, IsaCase *c)
{
    isa_wipe(c, isa_in.gpr[R_ESP_] - 8, 8);         /* all flags */
    for (unsigned n = 1 + below(g, 8); n; n--) {
        unsigned op = below(g, 10), size = 1u << below(g, 4);
        unsigned count = shift_count(g, size * 8), from = c->len;

        if (op >= SHLD) {
            size = size == 1 ? 2 : size;
            if (size == 2 && (count & 31) > 16) {
                count &= 15;                        /* else undefined */
            }
        }
        push_flags(g, c);
        one_shift(g, c, op, size, count);
        RAW(c, 0x9c, 0x41, 0x58);                   /* pushf; pop r8 */
        RAW(c, 0x41, 0x81, 0xe0);                   /* and r8d, known ones */
        raw32(c, ~shift_undefined(op, size * 8, count));
        RAW(c, 0x49, 0xc1, 0xc1, 0x07);             /* rol r9, 7 */
        RAW(c, 0x4d, 0x01, 0xc1);                   /* add r9, r8 */
        RAW(c, 0x4c, 0x31, 0xcb);                   /* xor rbx, r9 */
        isa_emitted(c, from);
    }
    isa_some(g, c, 2);
}

/* What is compared is equal in half of the cases. */
void isa_scenario_cmpxchg(IsaGen *g, IsaCase *c)
{
    unsigned size = 1u << below(g, 5);
    uint64_t at = isa_place(g, size, below(g, 2));
    uint64_t old[2] = { isa_value(g), isa_value(g) };
    uint8_t lock = 0xf0;

    isa_poke(at, old, size);
    c->fixed |= 1u << R_EDI_ | 1 | 1u << R_EDX_;
    isa_in.gpr[R_EDI_] = at;
    isa_in.gpr[0] = below(g, 2) ? old[0] : isa_value(g);
    if (size == 8 && below(g, 2)) {                 /* cmpxchg8b */
        isa_in.gpr[0] = below(g, 2) ? old[0] : isa_rand(g);
        isa_in.gpr[R_EDX_] = old[0] >> 32 | isa_rand(g) << 32;
        raw(c, &lock, below(g, 2));
        RAW(c, 0x0f, 0xc7, 0x0f);
    } else if (size == 16) {
        if (!(c->features >> X86_FEAT_CX16 & 1)) {
            return;
        }
        isa_in.gpr[R_EDX_] = below(g, 4) ? old[1] : isa_rand(g);
        raw(c, &lock, below(g, 2));
        RAW(c, 0x48, 0x0f, 0xc7, 0x0f);
    } else {
        uint8_t reg = below(g, 8), other = below(g, 16);

        /* sometimes the bits above are not those of the operand */
        if (below(g, 2) && size < 8) {
            isa_in.gpr[0] ^= isa_rand(g) << (8 * size);
        }
        if (size == 2) {
            RAW(c, 0x66);
        }
        raw(c, &lock, below(g, 2));
        RAW(c, (size == 8 ? 0x48 : 0x40) | (other & 5), 0x0f,
            0xb0 + (size > 1), 0x07 | reg << 3);
        if (other & 1) {
            isa_in.gpr[15] = at;
        }
        if (other & 1) {
            c->code[c->len - 1] |= 7;               /* [r15] */
            c->fixed |= 1u << 15;
        }
    }
    RAW(c, 0x9c, 0x41, 0x58);                       /* pushf; pop r8 */
    isa_emitted(c, 0);
    isa_some(g, c, 3);
}

/*
 * RDRAND, RDSEED and RDPID: not the number counts, but the flags and what
 * happens to the rest of the register.
 */
void isa_scenario_random(IsaGen *g, IsaCase *c)
{
    unsigned size = 2u << below(g, 3), from;
    bool seed = below(g, 2);
    uint8_t reg = R_EDX_, again = size == 4 ? 0xfb : 0xfa;

    c->kept = 1u << R_ESP_;
    isa_some(g, c, 2);
    from = c->len;
    c->any_order = true;
    if (c->features >> X86_FEAT_RDPID & 1 && below(g, 4) == 0) {
        RAW(c, 0xf3, 0x0f, 0xc7, 0xf8 | reg);       /* rdpid; shr edx, 12 */
        RAW(c, 0xc1, 0xea, 0x0c);
        isa_emitted(c, from);
        isa_define_flags(c);
        return;
    }
    if (!(c->features >> (seed ? X86_FEAT_RDSEED : X86_FEAT_RDRAND) & 1)) {
        return;
    }
    /* L: rdrand; jnc L */
    if (size != 4) {
        RAW(c, size == 2 ? 0x66 : 0x48);
    }
    RAW(c, 0x0f, 0xc7, (seed ? 0xf8 : 0xf0) | reg, 0x73, again);
    RAW(c, 0x9c, 0x41, 0x58);                       /* pushf; pop r8 */
    switch (size) {
    case 2:                                         /* the bits above stay */
        RAW(c, 0x66, 0xba, 0x34, 0x12);
        break;
    case 4:                                         /* ... are zero */
        RAW(c, 0x48, 0xc1, 0xea, 0x20);
        break;
    default:
        RAW(c, 0x31, 0xd2);
        break;
    }
    isa_emitted(c, from);
    isa_define_flags(c);
    isa_some(g, c, 2);
}

/* Many instructions of one kind. */
void isa_scenario_group(IsaGen *g, IsaCase *c)
{
    static const uint8_t groups[] = {
        X86_GRP_X87, X86_GRP_X87, X86_GRP_X87, X86_GRP_SSE, X86_GRP_AVX,
        X86_GRP_MMXINT, X86_GRP_SSE34, X86_GRP_ALU, X86_GRP_BIT,
        X86_GRP_FMA, X86_GRP_MOVE,
    };
    unsigned group = groups[below(g, ARRAY_SIZE(groups))];
    unsigned want = 4 + below(g, 16), most = SLOT_SIZE - 80;

    for (unsigned tries = 0; tries < 4000 && want && c->len < most; tries++) {
        const IsaForm *f = &isa_forms[below(g, isa_n_forms)];

        if (x86_rows[f->row].group == group &&
            !(x86_rows[f->row].features & ~g->features)) {
            want -= isa_add_random(g, f, c);
            if (c->alone) {
                break;
            }
        }
    }
}

/* An image is saved, changed over, and loaded again. */
void isa_scenario_images(IsaGen *g, IsaCase *c)
{
    static const struct {
        uint8_t feature, opcode, reg;
    } kinds[] = {
        { X86_FEAT_FXSR, 0xae, 0 }, { X86_FEAT_XSAVE, 0xae, 4 },
        { X86_FEAT_XSAVEOPT, 0xae, 6 }, { X86_FEAT_XSAVEC, 0xc7, 4 },
    };
    uint32_t at = RO_BASE - 4096 + 1024;    /* nobody else looks there */
    unsigned from, k = below(g, ARRAY_SIZE(kinds));
    static const uint8_t zero[832];
    uint8_t wide = below(g, 2) ? 0x48 : 0x40;

    if (!(c->features >> kinds[k].feature & 1)) {
        k = 0;
    }
    isa_poke(at, zero, sizeof(zero));
    isa_wipe(c, at, 832);
    isa_in.gpr[0] = below(g, 2) ? 7 : below(g, 8);
    isa_in.gpr[R_EDX_] = 0;
    c->fixed |= 1 | 1u << R_EDX_;
    RAW(c, wide, 0x0f, kinds[k].opcode, kinds[k].reg << 3 | 4, 0x25);
    raw32(c, at);
    isa_emitted(c, 0);
    isa_some(g, c, 4);
    from = c->len;
    RAW(c, 0xb8);                                   /* mov eax, mask */
    raw32(c, below(g, 8));
    RAW(c, 0x31, 0xd2);                             /* xor edx, edx */
    RAW(c, wide, 0x0f, 0xae, k ? 0x2c : 0x0c, 0x25);
    raw32(c, at);
    if (k) {                                        /* xgetbv: 7 of it */
        RAW(c, 0x31, 0xc9, 0x0f, 0x01, 0xd0, 0x83, 0xe0, 0x07);
    }
    isa_emitted(c, from);
    isa_define_flags(c);
    isa_some(g, c, 2);
}
