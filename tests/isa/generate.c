/*
 * Case generator: instances of the decoder's table rows with operands that
 * make sense, from a seed.  Everything here is deterministic; it must not look
 * at the CPU it runs on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa.h"

const IsaForm isa_forms[] = {
#include "isa-forms.h.inc"
};
const unsigned isa_n_forms = ARRAY_SIZE(isa_forms);

uint64_t isa_rand(IsaGen *g)
{
    uint64_t z = g->rng += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static unsigned below(IsaGen *g, unsigned n)
{
    return isa_rand(g) % n;
}

uint64_t isa_value(IsaGen *g)
{
    uint64_t r = isa_rand(g);

    switch (below(g, 8)) {
    case 0: return r & 1 ? 0 : ~0ull;
    case 1: return 1ull << (r & 63);
    case 2: return (1ull << (r & 63)) - 1;
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

static unsigned pick_bit(IsaGen *g, unsigned mask)
{
    unsigned n = below(g, __builtin_popcount(mask));

    while (n--) {
        mask &= mask - 1;
    }
    return __builtin_ctz(mask);
}

/* Operations that depend on the machine, leave the process or are control
 * flow the executor does not follow. */
static bool excluded(unsigned op)
{
    static const uint16_t list[] = {
        X86_OP_SYSCALL, X86_OP_SYSENTER, X86_OP_INT, X86_OP_CPUID,
        X86_OP_RDTSC, X86_OP_RDTSCP, X86_OP_RDRAND, X86_OP_RDSEED,
        X86_OP_RDPID, X86_OP_XGETBV, X86_OP_XSAVE, X86_OP_XRSTOR,
        X86_OP_XSAVEOPT, X86_OP_XSAVEC, X86_OP_XSAVES, X86_OP_XRSTORS,
        X86_OP_FXRSTOR, X86_OP_FXSAVE, X86_OP_FNSTENV, X86_OP_FNSAVE,
        X86_OP_SGDT, X86_OP_SIDT, X86_OP_SLDT, X86_OP_STR,
        X86_OP_SMSW, X86_OP_VERR, X86_OP_VERW, X86_OP_LAR, X86_OP_LSL,
        X86_OP_RDFSBASE, X86_OP_RDGSBASE, X86_OP_WRFSBASE, X86_OP_WRGSBASE,
        X86_OP_CALLF, X86_OP_JMPF, X86_OP_RETF, X86_OP_IRET, X86_OP_LSS,
        X86_OP_LFS, X86_OP_LGS, X86_OP_RDPKRU, X86_OP_WRPKRU,
        X86_OP_POPF, X86_OP_SERIALIZE, X86_OP_RDPMC, X86_OP_INT1,
        X86_OP_JMP, X86_OP_CALL, X86_OP_RET, X86_OP_SYSEXIT, X86_OP_SYSRET,
        X86_OP_MOVDIR64B,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
        if (op == list[i]) {
            return true;
        }
    }
    return false;
}

/* Bytes of one instance of @f; the operands come from random fields. */
static unsigned encode(IsaGen *g, const IsaForm *f, uint8_t *p)
{
    const X86Row *row = &x86_rows[f->row];
    uint8_t *start = p;
    unsigned pp = pick_bit(g, f->pp);
    unsigned w = pick_bit(g, f->w), b = pick_bit(g, f->b);
    unsigned rx = isa_rand(g) & 3;
    unsigned opcode = f->opcode + below(g, f->nopcode);
    unsigned mod = pick_bit(g, f->mod) ? 3 : below(g, 3);
    unsigned reg = pick_bit(g, f->reg), rm = pick_bit(g, f->rm);

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
    return p - start;
}

/* Give registers values that put the memory operand at @where. */
static bool place_memory(IsaGen *g, X86Insn *in, uint8_t *code,
                         uint64_t where, uint32_t *fixed)
{
    X86Mem *m = &in->mem;
    uint64_t *gpr = isa_in.gpr;
    uint64_t base = where;

    if (m->vsib) {
        /* Small multiples in the index vector. */
        unsigned size = in->op == X86_OP_VPGATHERDD ||
            in->op == X86_OP_VPGATHERDQ || in->op == X86_OP_VGATHERDPS ||
            in->op == X86_OP_VGATHERDPD ? 4 : 8;
        uint8_t *lo = isa_in.fx + 160 + 16 * m->index;
        uint8_t *hi = isa_in.ymmh[m->index];

        for (unsigned i = 0; i < 16; i += size) {
            int64_t v = (int)below(g, 64) - 16, u = below(g, 64);

            memcpy(lo + i, &v, size);
            memcpy(hi + i, &u, size);
        }
        base = where - m->disp;
        if (m->base == X86_REG_NONE || (*fixed >> m->base & 1)) {
            return m->base != X86_REG_NONE;
        }
        gpr[m->base] = base;
        *fixed |= 1u << m->base;
        return true;
    }
    if (m->rip_rel || (m->base == X86_REG_NONE && m->index == X86_REG_NONE)) {
        int64_t disp = m->rip_rel ? (int64_t)(where - x86_insn_next(in))
                                  : (int64_t)where;
        int32_t d32 = disp;

        if (m->disp_size == 8) {        /* moffs */
            memcpy(code + m->disp_off, &where, 8);
            return true;
        }
        if (m->disp_size != 4) {
            return false;
        }
        memcpy(code + m->disp_off, &d32, 4);
        return true;
    }
    if (m->index != X86_REG_NONE && m->index != m->base &&
        !(*fixed >> m->index & 1)) {
        gpr[m->index] = m->base == X86_REG_NONE
            ? (where - m->disp) >> m->scale : below(g, 32) - 8;
        *fixed |= 1u << m->index;
    }
    if (m->base == X86_REG_NONE || (*fixed >> m->base & 1)) {
        return true;
    }
    if (m->index == m->base) {
        gpr[m->base] = (where - m->disp) / (1 + (1u << m->scale));
    } else {
        base -= m->disp;
        if (m->index != X86_REG_NONE) {
            base -= gpr[m->index] << m->scale;
        }
        gpr[m->base] = base;
    }
    if (in->addrsize == 4) {
        gpr[m->base] = (uint32_t)gpr[m->base] | isa_rand(g) << 32;
    }
    *fixed |= 1u << m->base;
    return true;
}

static uint64_t memory_place(IsaGen *g, unsigned size, bool align)
{
    uint64_t a;

    if (!size) {
        size = 1;
    }
    switch (below(g, 40)) {
    case 0: /* runs into the unmapped page */
        return MEM_BASE + MEM_SIZE - below(g, size);
    case 1: /* on the read-only page */
        return RO_BASE + below(g, 4096 - size);
    case 2: /* from a writable page into the read-only one */
        return RO_BASE - below(g, size);
    case 3:
        return isa_rand(g) & 1 ? 0x8000000000000000 + isa_rand(g)
                               : isa_rand(g) & 0xffff;
    case 4: /* across the inner page border */
        return MEM_BASE + 4096 - below(g, size);
    default:
        a = MEM_BASE + 64 + below(g, MEM_SIZE - 64 - size - 64);
        return align && below(g, 8) ? a & -(uint64_t)(size > 64 ? 64 : size)
                                    : a;
    }
}

/*
 * For instructions that may write a part of their operand before a fault:
 * never from a page that works into one that does not.
 */
static uint64_t whole_place(IsaGen *g, unsigned size)
{
    uint64_t a = memory_place(g, size, false);

    if ((a < RO_BASE && a + size > RO_BASE) ||
        (a < MEM_BASE + MEM_SIZE && a + size > MEM_BASE + MEM_SIZE)) {
        a -= size;
    }
    return a;
}

/*
 * MASKMOVDQU and MASKMOVQ: a CPU may look at all bytes or only at those
 * selected.  Where all of them fault, one has to be selected.
 */
static void place_masked(IsaGen *g, const X86Insn *in, bool first)
{
    bool mmx = in->operand[0].kind == X86_OPND_MMX;
    unsigned size = mmx ? 8 : 16, reg = in->operand[1].reg;
    uint64_t a = whole_place(g, size);

    if (!first) {
        a = MEM_BASE + 64 + below(g, MEM_SIZE - 128);
    } else if (mmx) {
        isa_in.fx[32 + ((reg - (isa_in.fx[3] >> 3 & 7)) & 7) * 16 +
                  below(g, 8)] |= 0x80;
    } else {
        isa_in.fx[160 + reg * 16 + below(g, 16)] |= 0x80;
    }
    isa_in.gpr[R_EDI_] = a;
}

static void random_state(IsaGen *g)
{
    static const uint32_t rounding[] = { 0, 0x2000, 0x4000, 0x6000 };
    uint8_t *fx = isa_in.fx;
    uint32_t mxcsr = 0x1f80 | rounding[below(g, 4)];
    uint16_t fcw = 0x7f;

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
    if (below(g, 6) == 0) {
        mxcsr |= 0x8000;                        /* FTZ */
    }
    if (below(g, 6) == 0) {
        mxcsr |= 0x40;                          /* DAZ */
    }
    if (below(g, 12) == 0) {
        mxcsr &= ~(0x80u << below(g, 6));       /* unmask one exception */
    }
    mxcsr |= isa_rand(g) & 0x3f & -(mxcsr >> 7 == (mxcsr >> 7 | 0x3f));
    memcpy(fx + 24, &mxcsr, 4);
    fcw |= below(g, 4) << 10 | (below(g, 3) ? 3 : below(g, 2) * 2) << 8;
    memcpy(fx, &fcw, 2);
    fx[3] = below(g, 8) << 3;                   /* TOP */
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

/* String operations: pointers and a count that mostly stay inside. */
static void place_string(IsaGen *g, const X86Insn *in)
{
    unsigned size = in->opsize, n = below(g, 20);
    bool down = isa_in.rflags & 0x400;
    uint64_t span = n * size, at[2];

    for (unsigned i = 0; i < 2; i++) {
        at[i] = below(g, 12) == 0 ? memory_place(g, size, false)
            : MEM_BASE + 512 + below(g, MEM_SIZE - 1024 - span);
        if (down) {
            at[i] += span;
        }
    }
    if (below(g, 6) == 0) {
        at[1] = at[0] + below(g, 24) - 12;      /* overlapping */
    }
    isa_in.gpr[R_ESI_] = at[0];
    isa_in.gpr[R_EDI_] = at[1];
    isa_in.gpr[R_ECX_] = below(g, 10) == 0 ? 0 : n;
}

static bool approximate(unsigned op)
{
    return op == X86_OP_RCPPS || op == X86_OP_RCPSS || op == X86_OP_RSQRTPS ||
           op == X86_OP_RSQRTSS || op == X86_OP_VRCPPS ||
           op == X86_OP_VRCPSS || op == X86_OP_VRSQRTPS ||
           op == X86_OP_VRSQRTSS;
}

static bool testable(const IsaGen *g, const X86Row *row)
{
    if (g->features & ISA_NO_APPROX && approximate(row->op)) {
        return false;
    }
    return !(row->features & ~g->features) && !excluded(row->op) &&
           !(row->flags & X86_ROW_STACK && row->branch != X86_BR_NONE);
}

/*
 * Instructions made of several accesses whose order the manuals leave open, or
 * that may check all of an operand for access before they use a part of it.
 */
static bool own_order(const X86Insn *in)
{
    switch (in->op) {
    case X86_OP_FLDENV: case X86_OP_FRSTOR:
    case X86_OP_MASKMOVQ: case X86_OP_MASKMOVDQU: case X86_OP_VMASKMOVDQU:
        return true;
    default:
        return false;
    }
}

static void add_step(IsaCase *c, const X86Insn *in)
{
    const X86Row *row = x86_insn_row(in);

    c->step[c->n_steps++] = (IsaStep) {
        .off = c->len, .page_only = own_order(in), .halves = in->vlen == 32,
        .read = row->eflags_read, .killed = x86_insn_flags_killed(in),
        .written = row->eflags_write | row->eflags_undef,
        .undef = c->undef,
    };
    if (row->flags & X86_ROW_FCOND) {
        c->undef |= row->eflags_undef;
    } else {
        c->undef = (c->undef & ~row->eflags_write) | row->eflags_undef;
    }
    c->len += in->len;
}

/*
 * A double shift by more than the operand size leaves everything undefined.
 * Counts that come from CL are masked by an instruction put in front.
 */
static bool tame_count(X86Insn *in, uint8_t *p, IsaCase *c, uint64_t features)
{
    static const uint8_t and_cl_15[] = { 0x80, 0xe1, 0x0f };

    if ((in->op != X86_OP_SHLD && in->op != X86_OP_SHRD) || in->opsize != 2) {
        return true;
    }
    if (in->operand[2].kind == X86_OPND_IMM) {
        if ((p[in->imm_off] & 31) > 16) {
            p[in->imm_off] &= 0xef;
        }
    } else {
        X86Insn mask;

        memmove(p + sizeof(and_cl_15), p, in->len);
        memcpy(p, and_cl_15, sizeof(and_cl_15));
        x86_decode(&mask, p, 15, in->pc, features);
        add_step(c, &mask);
        p += sizeof(and_cl_15);
    }
    return x86_decode(in, p, 15, c->pc + (p - c->code), features) ==
           X86_DECODE_OK;
}

/* Padding for hops, then jmp *0(%rip) to isa_end. */
static bool finish(IsaCase *c)
{
    uint64_t end = (uintptr_t)isa_end;

    memset(c->code + c->len, 0x90, 12);
    memcpy(c->code + c->len + 12, "\xff\x25\0\0\0\0", 6);
    memcpy(c->code + c->len + 18, &end, 8);
    c->len += 26;
    return true;
}

bool isa_generate(IsaGen *g, const IsaForm *form, unsigned extra, uint64_t pc,
                  IsaCase *c)
{
    uint32_t fixed = 1u << R_ESP_;
    unsigned tries = 0;

    memset(c, 0, sizeof(*c));
    c->pc = pc;
    c->features = g->features;
    random_state(g);
    c->first_row = form->row;
    for (unsigned n = 0; n <= extra; n++) {
        uint8_t *p = c->code + c->len;
        const X86Row *row;
        X86Insn in;

        if (n) {
            form = &isa_forms[below(g, isa_n_forms)];
        }
        row = &x86_rows[form->row];
        if (!testable(g, row) ||
            (n && (row->branch != X86_BR_NONE ||
                   row->flags & (X86_ROW_PRIV | X86_ROW_UD |
                                 X86_ROW_STRING) ||
                   (row->eflags_read & c->undef)))) {
            if (!n || ++tries > 200) {
                return n > 0 && finish(c);
            }
            n--;
            continue;
        }
        encode(g, form, p);
        if (x86_decode(&in, p, 15, pc + c->len, g->features) !=
            X86_DECODE_OK) {
            /* Illegal combinations are cases too, on their own. */
            if (n || below(g, 8)) {
                if (++tries > 200) {
                    return n > 0 && finish(c);
                }
                n--;
                continue;
            }
            c->len += 15;
            break;
        }
        if (excluded(in.op) || (n && (in.op == X86_OP_INT3 ||
                                      x86_rows[in.row].branch)) ||
            (in.seg_prefix != X86_REG_NONE && p[0] != 0x65)) {
            if (++tries > 200) {
                return n > 0 && finish(c);
            }
            n--;
            continue;
        }
        if (!tame_count(&in, p, c, g->features)) {
            return n > 0 && finish(c);
        }
        p = c->code + c->len;
        row = x86_insn_row(&in);
        if (row->branch && (in.prefixes & X86_PFX_OPSZ)) {
            return false;       /* AMD truncates RIP, Intel does not */
        }
        for (unsigned i = 0; i < in.n_operands; i++) {
            const X86Operand *o = &in.operand[i];

            if (o->kind == X86_OPND_SEG && (o->access & X86_ACC_W)) {
                return n > 0 && finish(c);
            }
            if (o->kind == X86_OPND_MEM) {
                bool align = row->flags & X86_ROW_ALIGN || below(g, 2);
                uint64_t at = in.op == X86_OP_FBSTP ? whole_place(g, 10)
                    : memory_place(g, o->size, align);

                if (!place_memory(g, &in, p, at, &fixed)) {
                    return n > 0 && finish(c);
                }
            }
            if (o->kind == X86_OPND_REL) {
                /* A short hop forward, into the padding. */
                unsigned size = in.opcode >= 0xe0 || in.map == 0 ? 1 : 4;
                uint32_t rel = 1 + below(g, 4);

                memcpy(p + in.len - size, &rel, size);
            }
        }
        if (row->flags & X86_ROW_STRING) {
            place_string(g, &in);
        }
        if (in.op == X86_OP_XLAT) {
            isa_in.gpr[R_EBX_] = memory_place(g, 256, false);
        }
        if (in.op == X86_OP_MASKMOVDQU || in.op == X86_OP_VMASKMOVDQU ||
            in.op == X86_OP_MASKMOVQ) {
            place_masked(g, &in, !n);
        }
        if (in.op == X86_OP_ENTER || in.op == X86_OP_LEAVE) {
            isa_in.gpr[R_EBP_] = STACK_BASE + 2048;
        }
        if ((in.op == X86_OP_DIV || in.op == X86_OP_IDIV) && below(g, 4)) {
            isa_in.gpr[R_EDX_] = below(g, 2) ? 0 : below(g, 256);
        }
        if (in.op == X86_OP_BT || in.op == X86_OP_BTS ||
            in.op == X86_OP_BTR || in.op == X86_OP_BTC) {
            /* A register bit offset moves the address. */
            if (in.operand[0].kind == X86_OPND_MEM &&
                in.operand[1].kind == X86_OPND_GPR &&
                !(fixed >> in.operand[1].reg & 1)) {
                isa_in.gpr[in.operand[1].reg] = below(g, 512) - 256;
            }
        }
        c->x87 |= !strcmp(x86_group_names[row->group], "x87") ||
                  row->features >> X86_FEAT_MMX & 1;
        add_step(c, &in);
        if (row->branch) {
            break;
        }
        if (c->len > SLOT_SIZE - 48) {
            break;
        }
    }
    return finish(c);
}
