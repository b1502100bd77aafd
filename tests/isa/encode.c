/*
 * Bytes of instructions: instances of a form with random fields, and with
 * prefixes nobody needs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa.h"

const IsaForm isa_forms[] = {
#include "isa-forms.h.inc"
};
const unsigned isa_n_forms = ARRAY_SIZE(isa_forms);

static unsigned pick_bit(IsaGen *g, unsigned mask)
{
    unsigned n = below(g, __builtin_popcount(mask));

    while (n--) {
        mask &= mask - 1;
    }
    return __builtin_ctz(mask);
}

bool isa_excluded(unsigned op)
{
    static const uint16_t list[] = {
        X86_OP_SYSCALL, X86_OP_SYSENTER, X86_OP_INT, X86_OP_CPUID,
        X86_OP_RDTSC, X86_OP_RDTSCP, X86_OP_RDRAND, X86_OP_RDSEED,
        X86_OP_RDPID, X86_OP_XGETBV, X86_OP_XSAVES, X86_OP_XRSTORS,
        X86_OP_SGDT, X86_OP_SIDT, X86_OP_SLDT, X86_OP_STR,
        X86_OP_SMSW, X86_OP_VERR, X86_OP_VERW, X86_OP_LAR, X86_OP_LSL,
        X86_OP_RDFSBASE, X86_OP_RDGSBASE, X86_OP_WRFSBASE, X86_OP_WRGSBASE,
        X86_OP_CALLF, X86_OP_JMPF, X86_OP_RETF, X86_OP_IRET, X86_OP_LSS,
        X86_OP_LFS, X86_OP_LGS, X86_OP_RDPKRU, X86_OP_WRPKRU,
        X86_OP_POPF, X86_OP_SERIALIZE, X86_OP_RDPMC, X86_OP_INT1,
        X86_OP_SYSEXIT, X86_OP_SYSRET, X86_OP_MOVDIR64B,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
        if (op == list[i]) {
            return true;
        }
    }
    return false;
}

/*
 * Prefixes in front of what has some already: repeated, without effect, in any
 * order, or too many.  Not for opcodes whose prefixed forms are instructions
 * the decoder's table does not have, while the CPU may.
 */
static unsigned redundant_prefixes(IsaGen *g, const IsaForm *f, uint8_t *p)
{
    static const uint8_t list[] = {
        0x66, 0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x65, 0xf0,
    };
    static const uint8_t other_forms[] = {
        0x01, 0x09, 0x0d, 0x1e, 0x20, 0x22, 0xae, 0xc7,
    };
    unsigned n;

    for (unsigned i = 0; i < ARRAY_SIZE(other_forms); i++) {
        if (f->map && f->opcode == other_forms[i]) {
            return 0;
        }
    }
    /* illegal prefixes of VEX: whether #UD or the length comes first is open */
    n = below(g, 8) ? 1 + below(g, 3) : below(g, f->vex ? 4 : 15);
    for (unsigned i = 0; i < n; i++) {
        p[i] = below(g, 8) ? list[below(g, ARRAY_SIZE(list))]
                           : 0x40 | below(g, 16);
    }
    return n;
}

void isa_encode(IsaGen *g, const IsaForm *f, uint8_t *p)
{
    const X86Row *row = &x86_rows[f->row];
    unsigned pp = pick_bit(g, f->pp);
    unsigned w = pick_bit(g, f->w), b = pick_bit(g, f->b);
    unsigned rx = isa_rand(g) & 3;
    unsigned opcode = f->opcode + below(g, f->nopcode);
    unsigned mod = pick_bit(g, f->mod) ? 3 : below(g, 3);
    unsigned reg = pick_bit(g, f->reg), rm = pick_bit(g, f->rm);

    if (below(g, 24) == 0) {
        p += redundant_prefixes(g, f, p);
    }
    if (below(g, 24) == 0) {
        *p++ = 0x65;                    /* GS: its base is 0 */
    }
    if (below(g, 24) == 0) {
        *p++ = 0x67;
    }
    if (!f->vex) {
        if ((row->flags & X86_ROW_LOCK) && mod != 3 && below(g, 4) == 0) {
            *p++ = 0xf0;
        }
        if ((row->flags & X86_ROW_REP) && below(g, 2)) {
            *p++ = 0xf2 + below(g, 2);
        }
        if (pp) {
            *p++ = pp == 1 ? 0x66 : pp == 2 ? 0xf3 : 0xf2;
            if (pp > 1 && below(g, 16) == 0) {
                *p++ = 0x66;
            }
        }
        if (w || rx || b || below(g, 2)) {
            *p++ = 0x40 | w << 3 | rx << 1 | b;
        }
        if (f->map) {
            *p++ = 0x0f;
            if (f->map > 1) {
                *p++ = f->map == 2 ? 0x38 : 0x3a;
            }
        }
    } else {
        unsigned l = pick_bit(g, f->l);
        unsigned vvvv = row->flags & X86_ROW_VVVV ? below(g, 16) : 0;

        if (f->map == 1 && !w && !(rx & 1) && !b && below(g, 2)) {
            *p++ = 0xc5;
            *p++ = (rx & 2 ? 0 : 0x80) | (~vvvv & 15) << 3 | l << 2 | pp;
        } else {
            *p++ = 0xc4;
            *p++ = (rx & 2 ? 0 : 0x80) | (rx & 1 ? 0 : 0x40) |
                   (b ? 0 : 0x20) | f->map;
            *p++ = w << 7 | (~vvvv & 15) << 3 | l << 2 | pp;
        }
    }
    *p++ = opcode;
    if (row->flags & X86_ROW_MODRM) {
        if (row->flags & X86_ROW_VSIB) {
            rm = 4;
        }
        *p++ = mod << 6 | reg << 3 | rm;
    }
    /* SIB, displacement, immediate: random bytes; the decoder says how many
     * of them count. */
    for (unsigned i = 0; i < 20; i++) {
        p[i] = isa_rand(g);
    }
}

