/*
 * Case generator: random values and states, and cases made of random forms,
 * from a seed.  Everything here is deterministic; it must not look at the CPU
 * it runs on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa.h"

uint64_t isa_rand(IsaGen *g)
{
    uint64_t z = g->rng += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* Not 47: just below the end of user space is what differs between runs. */
static unsigned low_bits(uint64_t r)
{
    return (r & 63) == 47 ? 48 : r & 63;
}

uint64_t isa_value(IsaGen *g)
{
    uint64_t r = isa_rand(g);

    switch (below(g, 8)) {
    case 0: return r & 1 ? 0 : ~0ull;
    case 1: return 1ull << (r & 63);
    case 2: return (1ull << low_bits(r)) - 1;
    case 3: return -(r & 0xff);
    case 4: return r & 0xff;
    case 5: return r & 0xffffffff;
    default: return r;
    }
}

/* Bit patterns of doubles and floats that matter. */
static uint64_t fp_value(IsaGen *g)
{
    static const uint64_t d[] = {
        0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
        0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
        0xfff8000000000001, 0x7ff0000000000001, 0xfff4000000000000, 1,
        0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff,
        0x41dfffffffc00000, 0xc1e0000000000000, 0x43e0000000000000,
        0xc3e0000000000000, 0x4000000000000000, 0x3fe0000000000000,
        0x40091eb851eb851f, 0x4330000000000001,
    };
    static const uint32_t f[] = {
        0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
        0x7fc00000, 0xffc00001, 0x7f800001, 0xffa00000, 1, 0x807fffff,
        0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x5f000000,
        0x40000000, 0x3f000000, 0x4048f5c3, 0x4b000001,
    };
    uint64_t r = isa_rand(g);

    switch (below(g, 6)) {
    case 0:
        return d[r % ARRAY_SIZE(d)];
    case 1:
        return f[r % ARRAY_SIZE(f)] |
               (uint64_t)f[(r >> 32) % ARRAY_SIZE(f)] << 32;
    case 2: /* doubles of moderate size */
        return (r & 0x800fffffffffffff) |
               (uint64_t)(0x3ff - 20 + below(g, 40)) << 52;
    case 3: /* floats of moderate size */
        return (r & 0x807fffff807fffff) |
               (uint64_t)(127 - 12 + below(g, 24)) << 23 |
               (uint64_t)(127 - 12 + below(g, 24)) << 55;
    case 4:
        return isa_value(g);
    default:
        return r;
    }
}

static uint32_t random_mxcsr(IsaGen *g)
{
    uint32_t v = 0x1f80 | below(g, 4) << 13 | (isa_rand(g) & 0x3f);

    if (below(g, 6) == 0) {
        v |= 0x8000;                            /* FTZ */
    }
    if (below(g, 6) == 0) {
        v |= 0x40;                              /* DAZ */
    }
    switch (below(g, 24)) {
    case 0:
    case 1:
        v &= ~(0x80u << below(g, 6));           /* one is not masked */
        break;
    case 2:
        v &= ~(isa_rand(g) & 0x1f80);
        break;
    }
    return v;
}

static void random_x87(IsaGen *g)
{
    uint8_t *fx = isa_in.fx;
    uint16_t fcw = 0x7f | below(g, 4) << 10 |
                   (below(g, 3) ? 3 : below(g, 2) * 2) << 8;
    uint16_t fsw = below(g, 8) << 11 | (isa_rand(g) & 0x4700);

    if (below(g, 4) == 0) {
        fsw |= isa_rand(g) & 0x7f;
    }
    if (below(g, 12) == 0) {
        fcw &= ~(below(g, 2) ? 1 << below(g, 6) : isa_rand(g) & 0x3f);
        if (below(g, 4)) {
            fsw &= ~0x3f;                       /* mostly nothing pends */
        }
    }
    if (fsw & ~fcw & 0x3f) {
        fsw |= 0x8080;
    }
    memcpy(fx, &fcw, 2);
    memcpy(fx + 2, &fsw, 2);
    fx[4] = below(g, 4) ? 0xff : isa_rand(g);   /* which are in use */
    for (unsigned i = 0; i < 8; i++) {
        uint64_t m = isa_rand(g);
        uint16_t e = 0x3fff - 20 + below(g, 40);

        switch (below(g, 12)) {
        case 0: m = 0; e = 0; break;
        case 1: m = 1ull << 63; e = 0x7fff; break;
        case 2: m |= 3ull << 62; e = 0x7fff; break;
        case 3: m = (m | 1ull << 63) & ~(1ull << 62); e = 0x7fff; break;
        case 4: m &= ~(1ull << 63); e = 0; break;
        case 5: m = isa_value(g) | 1ull << 63; e = 0x3fff + below(g, 64);
            break;
        case 6: m |= 1ull << 63; e = isa_rand(g) & 0x7fff; break;
        default: m |= 1ull << 63; break;
        }
        e |= isa_rand(g) & 0x8000;
        memcpy(fx + 32 + i * 16, &m, 8);
        memcpy(fx + 40 + i * 16, &e, 2);
    }
}


static void random_state(IsaGen *g)
{
    uint8_t *fx = isa_in.fx;
    uint32_t mxcsr = random_mxcsr(g);

    memset(&isa_in, 0, sizeof(isa_in));
    for (unsigned i = 0; i < 16; i++) {
        isa_in.gpr[i] = isa_value(g);
        for (unsigned k = 0; k < 2; k++) {
            uint64_t v = fp_value(g), u = fp_value(g);

            memcpy(fx + 160 + i * 16 + k * 8, &v, 8);
            memcpy(isa_in.ymmh[i] + k * 8, &u, 8);
        }
    }
    isa_in.gpr[R_ESP_] = STACK_BASE + 2048 + 8 * below(g, 32);
    isa_in.rflags = (isa_rand(g) & 0x8d5) | 0x202 |
                    (below(g, 8) ? 0 : 0x400);
    memcpy(fx + 24, &mxcsr, 4);
    random_x87(g);
}

void isa_start(IsaGen *g, IsaCase *c, uint64_t pc)
{
    memset(c, 0, sizeof(*c));
    c->pc = pc;
    c->features = g->features;
    c->fixed = 1u << R_ESP_;
    random_state(g);
}

static bool approximate(unsigned op)
{
    return op == X86_OP_RCPPS || op == X86_OP_RCPSS || op == X86_OP_RSQRTPS ||
           op == X86_OP_RSQRTSS || op == X86_OP_VRCPPS ||
           op == X86_OP_VRCPSS || op == X86_OP_VRSQRTPS ||
           op == X86_OP_VRSQRTSS;
}

static bool transcendental(unsigned op)
{
    return op == X86_OP_FSIN || op == X86_OP_FCOS || op == X86_OP_FSINCOS ||
           op == X86_OP_FPTAN || op == X86_OP_FPATAN || op == X86_OP_F2XM1 ||
           op == X86_OP_FYL2X || op == X86_OP_FYL2XP1;
}

static bool testable(const IsaGen *g, const X86Row *row)
{
    if (g->features & ISA_NO_APPROX && approximate(row->op)) {
        return false;
    }
    if (g->features & ISA_NO_TRANS && transcendental(row->op)) {
        return false;
    }
    return !(row->features & ~g->features) && !isa_excluded(row->op);
}

/* May an instance of @row follow what the case has? */
static bool follows(const IsaCase *c, const X86Row *row)
{
    return row->branch == X86_BR_NONE &&
           !(row->flags & (X86_ROW_PRIV | X86_ROW_UD | X86_ROW_STRING)) &&
           !(row->eflags_read & c->undef);
}

bool isa_add_random(IsaGen *g, const IsaForm *form, IsaCase *c)
{
    for (unsigned tries = 0; tries < 200; tries++) {
        const IsaForm *f = form ? form : &isa_forms[below(g, isa_n_forms)];
        const X86Row *row = &x86_rows[f->row];

        if (!testable(g, row) || ((c->len || !form) && !follows(c, row))) {
            if (form) {
                return false;
            }
            continue;
        }
        isa_encode(g, f, c->code + c->len);
        switch (isa_append(g, c)) {
        case ISA_APPENDED:
            return true;
        case ISA_ILLEGAL:
            /* illegal combinations are cases too, on their own */
            if (!c->len && form && !below(g, 8)) {
                c->len += 15;
                return true;
            }
            break;
        case ISA_UNFIT:
            if (form) {
                return false;
            }
            break;
        }
    }
    return false;
}

bool isa_generate(IsaGen *g, const IsaForm *form, unsigned extra, uint64_t pc,
                  IsaCase *c)
{
    isa_start(g, c, pc);
    c->first_row = form->row;
    if (!isa_add_random(g, form, c)) {
        return false;
    }
    while (extra-- && !c->alone && c->len <= SLOT_SIZE - 48 && c->n_steps &&
           !x86_rows[form->row].branch && isa_add_random(g, NULL, c)) {
    }
    isa_finish(c);
    return true;
}
