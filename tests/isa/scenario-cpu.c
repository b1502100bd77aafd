/*
 * Scenarios about what surrounds the instructions: segment bases and
 * selectors, software interrupts, single steps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "scenario.h"

/* A base for FS or GS: moderate, anything canonical, or not. */
static uint64_t segment_base(IsaGen *g, uint64_t where)
{
    uint64_t r = isa_rand(g);

    switch (below(g, 8)) {
    case 0:
        return (int64_t)(r << 16) >> 16;
    case 1:
        return r & 0xff ? r >> 17 : r;
    default:
        return where - (uint32_t)r;
    }
}

/* An access through [RDI + 8] or [RBP + 8]; @seg and @small are prefixes. */
static void segment_access(IsaGen *g, IsaCase *c, uint8_t seg, bool small)
{
    static const uint8_t list[][5] = {
        /* length, bytes up to the opcode; ModRM.reg */
        { 1, 0x8a, 0, 0, 3 }, { 1, 0x8b, 0, 0, 3 }, { 2, 0x48, 0x8b, 0, 3 },
        { 1, 0x88, 0, 0, 2 }, { 2, 0x48, 0x89, 0, 2 }, { 1, 0x01, 0, 0, 3 },
        { 2, 0x0f, 0xc1, 0, 3 }, { 2, 0x0f, 0x10, 0, 4 },
        { 2, 0x0f, 0x11, 0, 5 }, { 2, 0x0f, 0x28, 0, 6 },
        { 2, 0x48, 0x8d, 0, 3 }, { 1, 0xdd, 0, 0, 0 }, { 2, 0x0f, 0xb6, 0, 3 },
        { 1, 0xff, 0, 0, 6 }, { 1, 0x8f, 0, 0, 0 }, { 2, 0x0f, 0xc7, 0, 1 },
        { 2, 0x0f, 0xab, 0, 3 },
    };
    const uint8_t *l = list[below(g, ARRAY_SIZE(list))];

    RAW(c, seg);
    if (small) {
        RAW(c, 0x67);
    }
    raw(c, l + 1, l[0]);
    RAW(c, 0x40 | l[4] << 3 | (below(g, 3) ? R_EDI_ : R_EBP_), 0x08);
}

/* FS and GS with a base. */
void isa_scenario_segment(IsaGen *g, IsaCase *c)
{
    uint64_t where = isa_place(g, 16, true);
    uint64_t base = segment_base(g, where);
    bool gs = below(g, 2), small = below(g, 4) == 0;
    uint8_t seg = gs ? 0x65 : 0x64, reg = gs << 3;

    if (!(c->features >> X86_FEAT_FSGSBASE & 1)) {
        return;
    }
    c->fixed = ~0u;
    isa_in.gpr[R_EDI_] = isa_in.gpr[R_EBP_] = where - base - 8;
    isa_in.gpr[R_ESI_] = where - base;
    if (small) {
        isa_in.gpr[R_EDI_] |= isa_rand(g) << 32;
    }
    isa_in.gpr[R_EBX_] &= 511;              /* an offset of BTS */
    RAW(c, 0x48, 0xb8);                             /* mov rax, base */
    raw64(c, base);
    RAW(c, 0xf3, below(g, 6) ? 0x48 : 0x40, 0x0f, 0xae, 0xd0 | reg);
    RAW(c, 0xf3, below(g, 2) ? 0x48 : 0x40, 0x0f, 0xae, 0xc1 | reg);
    for (unsigned n = 1 + below(g, 4); n; n--) {
        switch (below(g, 8)) {
        case 0:                                     /* lodsb */
            RAW(c, seg, 0xac);
            break;
        case 1:                                     /* mov al, [offset] */
            RAW(c, seg, 0xa0);
            raw64(c, where - base);
            break;
        case 2:                                     /* rep movsb */
            RAW(c, 0xbf);
            raw32(c, MEM_BASE + 1024);
            RAW(c, 0xb9);
            raw32(c, below(g, 20));
            RAW(c, 0xf3, seg, 0xa4);
            goto end;                               /* RDI is another one */
        default:
            segment_access(g, c, seg, small);
            break;
        }
    }
end:
    isa_emitted(c, 0);
    isa_define_flags(c);
}

/*
 * What raises an exception on purpose.  Not INT1: a virtual machine may make
 * something of its own of it.
 */
void isa_scenario_traps(IsaGen *g, IsaCase *c)
{
    static const uint8_t vectors[] = { 0, 1, 3, 4, 5, 13, 14, 0x20, 0x2e,
                                       0x7f, 0x81, 0xff };
    unsigned from;

    isa_some(g, c, 3);
    from = c->len;
    switch (below(g, 5)) {
    case 0:
        RAW(c, 0xcc);
        break;
    case 1:
        RAW(c, 0x0f, 0x0b);
        break;
    default:
        RAW(c, 0xcd, vectors[below(g, ARRAY_SIZE(vectors))]);
        break;
    }
    isa_emitted(c, from);
}

/* The trap flag: SIGTRAP behind the first instruction. */
void isa_scenario_trace(IsaGen *g, IsaCase *c)
{
    unsigned from;

    isa_some(g, c, 2);
    isa_define_flags(c);
    from = c->len;
    RAW(c, 0x68);                                   /* push; popf */
    raw32(c, (isa_rand(g) & 0xcd5) | 0x302);
    RAW(c, 0x9d);
    switch (below(g, 8)) {
    case 0:                                         /* every iteration */
        RAW(c, 0xf3, 0xa4);
        isa_in.gpr[R_ESI_] = MEM_BASE + 256;
        isa_in.gpr[R_EDI_] = MEM_BASE + 512;
        isa_in.gpr[R_ECX_] = below(g, 4);
        c->fixed |= 1u << R_ECX_ | 1u << R_ESI_ | 1u << R_EDI_;
        break;
    case 1:
        RAW(c, 0x9c);                               /* pushf */
        break;
    case 2:
        RAW(c, 0x68);                               /* off again */
        raw32(c, 0x202);
        RAW(c, 0x9d);
        break;
    case 3:
        RAW(c, 0x75, 0x01, 0x90);                   /* jnz */
        break;
    case 4:
        RAW(c, 0xe8, 0x01, 0, 0, 0, 0x90);          /* call */
        break;
    case 5:
        RAW(c, 0x0f, 0x0b);                         /* the fault wins */
        break;
    default:
        break;
    }
    isa_emitted(c, from);
    isa_some(g, c, 2);
}

/* Selectors: what may be loaded, and what LAR, LSL, VERR, VERW say. */
void isa_scenario_selectors(IsaGen *g, IsaCase *c)
{
    static const uint16_t list[] = {
        0, 1, 2, 3, 4, 0x08, 0x0b, 0x10, 0x13, 0x18, 0x1b, 0x20, 0x23, 0x28,
        0x2b, 0x2a, 0x30, 0x33, 0x38, 0x40, 0x43, 0x48, 0x50, 0x63, 0x6b,
        0x73, 0x80, 0xff, 0x100, 0xfff8, 0xffff, 0x2f, 0x37,
    };
    uint32_t pointer[2] = { isa_rand(g) }, selector;
    unsigned from, how;

    isa_define_flags(c);
    for (unsigned n = 1 + below(g, 5); n; n--) {
        from = c->len;
        selector = list[below(g, ARRAY_SIZE(list))];
        how = below(g, c->features >> X86_FEAT_FSGSBASE & 1 ? 8 : 6);
        if (how > 3 && selector < 4) {
            selector = 0;       /* a kernel may turn 1 to 3 into it */
        }
        RAW(c, 0xb9);                               /* mov ecx, selector */
        raw32(c, selector | (below(g, 4) ? 0 : isa_rand(g) << 16));
        switch (how) {
        case 0:
            RAW(c, 0x0f, 0x02, 0xd1);               /* lar edx, ecx */
            break;
        case 1:
            RAW(c, 0x48, 0x0f, 0x03, 0xd1);         /* lsl rdx, ecx */
            break;
        case 2:
            RAW(c, 0x66, 0x0f, 0x02 + below(g, 2), 0xd1);
            break;
        case 3:                                     /* verr, verw */
            RAW(c, 0x0f, 0x00, (below(g, 2) ? 0xe0 : 0xe8) | 1);
            break;
        case 4:                                     /* mov es or ds, ecx */
            RAW(c, 0x8e, 0xc1 | (below(g, 2) ? 0 : 3) << 3);
            break;
        case 5:
            RAW(c, 0x8e, 0xd1);                     /* mov ss, ecx */
            break;
        case 6:                                     /* push; pop fs or gs */
            RAW(c, 0x51, 0x0f, below(g, 2) ? 0xa1 : 0xa9);
            break;
        default:                                    /* lss, lfs, lgs */
            pointer[1] = selector;
            isa_poke(MEM_BASE + 64 + 8 * n, pointer, 6);
            RAW(c, 0xbf);
            raw32(c, MEM_BASE + 64 + 8 * n);
            RAW(c, 0x0f, below(g, 2) ? 0xb2 : 0xb4 + below(g, 2), 0x1f);
            break;
        }
        RAW(c, 0x8c, 0xe1, 0x41, 0x8c, 0xe8);       /* mov ecx, fs; r8d, gs */
        RAW(c, 0x8c, 0xd8 | 3, 0x8c, 0xc0 | 6, 0x8c, 0xd0 | 5);
        isa_emitted(c, from);
    }
}
