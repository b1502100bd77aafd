/*
 * Operands of instructions that have been encoded: registers and memory get
 * values that make sense, what cannot be compared is kept out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa.h"

/* Give registers values that put the memory operand at @where. */
static bool place_memory(IsaGen *g, IsaCase *c, X86Insn *in, uint8_t *code,
                         uint64_t where)
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
        if (m->base == X86_REG_NONE || (c->fixed >> m->base & 1)) {
            return m->base != X86_REG_NONE;
        }
        gpr[m->base] = base;
        c->fixed |= 1u << m->base;
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
        !(c->fixed >> m->index & 1)) {
        gpr[m->index] = m->base == X86_REG_NONE
            ? (where - m->disp) >> m->scale : below(g, 32) - 8;
        if (in->addrsize == 4) {
            gpr[m->index] = (uint32_t)gpr[m->index] | isa_rand(g) << 32;
        }
        c->fixed |= 1u << m->index;
    }
    if (m->base == X86_REG_NONE || (c->fixed >> m->base & 1)) {
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
    c->fixed |= 1u << m->base;
    return true;
}

uint64_t isa_place(IsaGen *g, unsigned size, bool align)
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
    uint64_t a = isa_place(g, size, false);

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
static void place_masked(IsaGen *g, const X86Insn *in)
{
    bool mmx = in->operand[0].kind == X86_OPND_MMX;
    unsigned size = mmx ? 8 : 16, reg = in->operand[1].reg;

    if (mmx) {
        isa_in.fx[32 + ((reg - (isa_in.fx[3] >> 3 & 7)) & 7) * 16 +
                  below(g, 8)] |= 0x80;
    } else {
        isa_in.fx[160 + reg * 16 + below(g, 16)] |= 0x80;
    }
    isa_in.gpr[R_EDI_] = whole_place(g, size);
}

/*
 * String operations: pointers and a count that mostly stay inside; sometimes
 * more than a page, or so that the end is in a page that faults.
 */
static void place_string(IsaGen *g, const X86Insn *in)
{
    unsigned size = in->opsize, n = below(g, 20);
    bool down = isa_in.rflags & 0x400, addr32 = in->addrsize == 4;
    uint64_t span, at[2];

    if (below(g, 12) == 0) {
        n = below(g, 5000 / size);
    }
    span = n * size;
    for (unsigned i = 0; i < 2; i++) {
        switch (below(g, 16)) {
        case 0:
            at[i] = isa_place(g, size, false);
            break;
        case 1:                             /* the last elements fault */
            at[i] = down ? MEM_BASE + below(g, span + 1)
                : MEM_BASE + MEM_SIZE - below(g, span + 1);
            break;
        case 2:                             /* into the read-only page */
            at[i] = RO_BASE - below(g, span < 4096 ? span + 1 : 4096);
            break;
        default:
            at[i] = MEM_BASE + 512 + below(g, MEM_SIZE - 1024 - span);
            if (down) {
                at[i] += span;
            }
            break;
        }
    }
    if (below(g, 6) == 0) {
        at[1] = at[0] + below(g, 24) - 12;      /* overlapping */
    }
    isa_in.gpr[R_ESI_] = at[0];
    isa_in.gpr[R_EDI_] = at[1];
    isa_in.gpr[R_ECX_] = below(g, 10) == 0 ? 0 : n;
    for (unsigned r = R_ECX_; addr32 && r <= R_EDI_; r++) {
        if (r == R_ECX_ || r >= R_ESI_) {
            isa_in.gpr[r] = (uint32_t)isa_in.gpr[r] | isa_rand(g) << 32;
        }
    }
}

/*
 * Instructions made of several accesses whose order the manuals leave open, or
 * that may check all of an operand for access before they use a part of it.
 */
static bool own_order(const X86Insn *in)
{
    switch (in->op) {
    case X86_OP_CMPS:
    case X86_OP_FLDENV: case X86_OP_FRSTOR: case X86_OP_FNSTENV:
    case X86_OP_FNSAVE: case X86_OP_FXSAVE: case X86_OP_FXRSTOR:
    case X86_OP_XSAVE: case X86_OP_XSAVEOPT: case X86_OP_XSAVEC:
    case X86_OP_XRSTOR:
    case X86_OP_MASKMOVQ: case X86_OP_MASKMOVDQU: case X86_OP_VMASKMOVDQU:
        return true;
    default:
        return false;
    }
}

void isa_add_step(IsaCase *c, const X86Insn *in)
{
    const X86Row *row = x86_insn_row(in);

    assert(c->n_steps < ARRAY_SIZE(c->step));
    c->step[c->n_steps++] = (IsaStep) {
        .off = c->len, .own_order = own_order(in), .halves = in->vlen == 32,
        .steps = in->op == X86_OP_VDPPS || in->op == X86_OP_DPPS ||
                 in->op == X86_OP_VDPPD || in->op == X86_OP_DPPD,
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
        isa_add_step(c, &mask);
        p += sizeof(and_cl_15);
    }
    return x86_decode(in, p, 15, c->pc + (p - c->code), features) ==
           X86_DECODE_OK;
}

static bool within(uint64_t a, uint64_t len, uint64_t base, uint64_t size)
{
    return a - base <= size - len;
}

/* May cases write to [@a, @a + @len)? */
static bool writable(uint64_t a, uint64_t len)
{
    return within(a, len, MEM_BASE, MEM_SIZE) ||
           within(a, len, STACK_BASE, 4096) ||
           within(a, len, RO_BASE - 4096, 4096);
}

void isa_poke(uint64_t addr, const void *bytes, unsigned len)
{
    if (writable(addr, len)) {
        memcpy((void *)addr, bytes, len);
    }
}

void isa_wipe(IsaCase *c, uint64_t addr, uint64_t len)
{
    if (c->n_wipe < ARRAY_SIZE(c->wipe) && writable(addr, len)) {
        c->wipe[c->n_wipe].addr = addr;
        c->wipe[c->n_wipe++].len = len;
    }
}

static bool is_xsave(unsigned op)
{
    return op == X86_OP_XSAVE || op == X86_OP_XSAVEOPT ||
           op == X86_OP_XSAVEC || op == X86_OP_XRSTOR;
}

/* Instructions whose operand is looked at here: it must not move. */
static bool writes_image(unsigned op)
{
    return is_xsave(op) || op == X86_OP_FXSAVE || op == X86_OP_FXRSTOR ||
           op == X86_OP_FNSTENV || op == X86_OP_FNSAVE ||
           op == X86_OP_LDMXCSR || op == X86_OP_VLDMXCSR;
}

/*
 * As far as it can be written: an operand may end in the read-only page.  Bit
 * 17 of what would be there without means something on some CPUs only.
 */
static void poke_mxcsr(uint64_t at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++, v >>= 8) {
        uint8_t byte = v;

        isa_poke(at + i, &byte, 1);
    }
}

/* What FXRSTOR and XRSTOR look at in an image, mostly acceptable. */
static void poke_image(IsaGen *g, uint64_t at)
{
    uint32_t mxcsr = isa_rand(g) & 0xffff;
    uint16_t fcw = isa_rand(g) & 0x1f7f, fsw = isa_rand(g) & 0x7f7f;
    uint64_t header[8] = { below(g, 8) };
    uint8_t ftw = isa_rand(g);

    if (below(g, 16) == 0) {
        mxcsr |= 1u << (18 + below(g, 14));     /* reserved: #GP */
    }
    if (fsw & ~fcw & 0x3f) {
        fsw |= 0x8080;
    }
    if (below(g, 16) == 0) {
        header[below(g, 3)] |= 1ull << (9 + below(g, 53));
    }
    isa_poke(at, &fcw, 2);
    isa_poke(at + 2, &fsw, 2);
    isa_poke(at + 4, &ftw, 1);
    poke_mxcsr(at + 24, mxcsr);
    isa_poke(at + 512, header, sizeof(header));
}

/* Images differ in what CPUs store into unused and history fields. */
static void wipe_image(IsaCase *c, const X86Insn *in, uint64_t at)
{
    switch (in->op) {
    case X86_OP_FNSTENV:
    case X86_OP_FNSAVE:
        isa_wipe(c, at + (in->opsize == 2 ? 6 : 12), in->opsize == 2 ? 8 : 16);
        break;
    case X86_OP_XSAVE:
    case X86_OP_FXSAVE:
        isa_wipe(c, at + 5, 19);
        isa_wipe(c, at + 28, 4);
        isa_wipe(c, at + 416, in->op == X86_OP_XSAVE ? 160 : 96);
        break;
    case X86_OP_XSAVEOPT:
    case X86_OP_XSAVEC:
        isa_wipe(c, at, 832);
        break;
    }
}

/* Where an indirect branch goes to: a few bytes into the padding. */
static void place_target(IsaGen *g, IsaCase *c, const X86Insn *in, uint64_t at)
{
    uint64_t target = x86_insn_next(in) + 1 + below(g, 4);
    const X86Operand *o = &in->operand[0];

    if (x86_insn_row(in)->branch == X86_BR_RET) {
        isa_poke(isa_in.gpr[R_ESP_], &target, 8);
    } else if (o->kind == X86_OPND_MEM) {
        isa_poke(at, &target, 8);
    } else if (o->kind == X86_OPND_GPR && !(c->fixed >> o->reg & 1)) {
        isa_in.gpr[o->reg] = target;
        c->fixed |= 1u << o->reg;
    }
}

/* A short hop forward, into the padding. */
static void place_hop(IsaGen *g, const X86Insn *in, uint8_t *p)
{
    bool wide = in->map || in->opcode == 0xe8 || in->opcode == 0xe9;
    unsigned size = wide ? 4 : 1;
    uint32_t rel = 1 + below(g, 4);

    memcpy(p + in->len - size, &rel, size);
}

static uint64_t operand_place(IsaGen *g, const X86Insn *in,
                              const X86Operand *o)
{
    const X86Row *row = x86_insn_row(in);

    switch (in->op) {
    case X86_OP_FBSTP:
    case X86_OP_FNSTENV:
    case X86_OP_FNSAVE:
        return whole_place(g, o->size);
    case X86_OP_FXSAVE:
    case X86_OP_FXRSTOR:
    case X86_OP_XSAVE:
    case X86_OP_XSAVEOPT:
    case X86_OP_XSAVEC:
    case X86_OP_XRSTOR:
        return below(g, 12) ? RO_BASE - 4096 + below(g, 48) * 64
                            : whole_place(g, 832);
    default:
        return isa_place(g, o->size, row->flags & X86_ROW_ALIGN ||
                                     below(g, 2));
    }
}

/* May register @reg get a value for an implicit operand? */
static bool claim(IsaCase *c, unsigned reg)
{
    bool ok = !(c->fixed >> reg & 1);

    c->fixed |= 1u << reg;
    return ok;
}

/* Implicit operands; false when their registers are in use. */
static bool special_registers(IsaGen *g, IsaCase *c, const X86Insn *in,
                              bool first)
{
    switch (in->op) {
    case X86_OP_XLAT:
        if (!claim(c, R_EBX_)) {
            return false;
        }
        isa_in.gpr[R_EBX_] = isa_place(g, 256, false);
        break;
    case X86_OP_MASKMOVDQU:
    case X86_OP_VMASKMOVDQU:
    case X86_OP_MASKMOVQ:
        if (!first || !claim(c, R_EDI_)) {
            return false;
        }
        place_masked(g, in);
        break;
    case X86_OP_ENTER:
    case X86_OP_LEAVE:
        if (!claim(c, R_EBP_)) {
            return false;
        }
        isa_in.gpr[R_EBP_] = STACK_BASE + 2048;
        break;
    case X86_OP_DIV:
    case X86_OP_IDIV:
        if (below(g, 4) && claim(c, R_EDX_)) {
            isa_in.gpr[R_EDX_] = below(g, 2) ? 0 : below(g, 256);
        }
        break;
    case X86_OP_BT:
    case X86_OP_BTS:
    case X86_OP_BTR:
    case X86_OP_BTC:
        /* a register bit offset moves the address */
        if (in->operand[0].kind == X86_OPND_MEM &&
            in->operand[1].kind == X86_OPND_GPR &&
            claim(c, in->operand[1].reg)) {
            isa_in.gpr[in->operand[1].reg] = below(g, 512) - 256;
        }
        break;
    default:
        break;
    }
    return true;
}

/* Does it write a register that the case relies on? */
static bool breaks_kept(const IsaCase *c, const X86Insn *in)
{
    if (c->kept >> R_ESP_ & 1 && x86_insn_row(in)->flags & X86_ROW_STACK) {
        return true;
    }
    for (unsigned i = 0; i < in->n_operands; i++) {
        const X86Operand *o = &in->operand[i];

        if (o->kind == X86_OPND_GPR && o->access & X86_ACC_W &&
            c->kept >> o->reg & 1) {
            return true;
        }
    }
    return false;
}

/* Where the memory operand of the first instruction is. */
static uint64_t effective(const X86Insn *in)
{
    const X86Mem *m = &in->mem;
    uint64_t a = m->disp;

    if (m->base != X86_REG_NONE) {
        a += isa_in.gpr[m->base];
    }
    if (m->index != X86_REG_NONE) {
        a += isa_in.gpr[m->index] << m->scale;
    }
    return in->addrsize == 4 ? (uint32_t)a : a;
}

/* What cannot be compared, or would leave the test. */
static bool unfit(const IsaCase *c, const X86Insn *in, bool first)
{
    const X86Row *row = x86_insn_row(in);

    if (isa_excluded(in->op) || (!first && (in->op == X86_OP_INT3 ||
                                            row->branch))) {
        return true;
    }
    if (in->seg_prefix == 4 /* FS */) {
        return true;            /* its base is that of the thread */
    }
    if (row->branch && (in->prefixes & X86_PFX_OPSZ)) {
        return true;            /* AMD truncates RIP, Intel does not */
    }
    return writes_image(in->op) && (!first || c->any_order);
}

/*
 * So many that what follows may exceed 15 bytes: of the two reasons to be
 * illegal each CPU has its own favourite.
 */
static bool many_prefixes(const uint8_t *p)
{
    static const uint8_t list[] = {
        0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
    };
    unsigned n = 0;

    while (n < 15 && (memchr(list, p[n], sizeof(list)) ||
                      (p[n] & 0xf0) == 0x40)) {
        n++;
    }
    return n > 4 && n < 15;
}

IsaAppend isa_append(IsaGen *g, IsaCase *c)
{
    uint8_t *p = c->code + c->len;
    bool first = !c->len;
    const X86Row *row;
    X86Insn in;

    if (x86_decode(&in, p, 15, c->pc + c->len, g->features) != X86_DECODE_OK) {
        return many_prefixes(p) ? ISA_UNFIT : ISA_ILLEGAL;
    }
    if (unfit(c, &in, first) || breaks_kept(c, &in) ||
        !tame_count(&in, p, c, g->features)) {
        return ISA_UNFIT;
    }
    p = c->code + c->len;
    row = x86_insn_row(&in);
    if (is_xsave(in.op)) {
        isa_in.gpr[0] = below(g, 8);
        isa_in.gpr[R_EDX_] = 0;
        c->fixed |= 1 | 1u << R_EDX_;
    }
    for (unsigned i = 0; i < in.n_operands; i++) {
        const X86Operand *o = &in.operand[i];

        if (o->kind == X86_OPND_SEG && (o->access & X86_ACC_W)) {
            return ISA_UNFIT;
        }
        if (o->kind == X86_OPND_MEM) {
            uint64_t at = operand_place(g, &in, o);

            if (!place_memory(g, c, &in, p, at)) {
                return ISA_UNFIT;
            }
            c->alone |= writes_image(in.op);
            if (first) {
                if (in.mem.rip_rel || in.mem.disp_size == 8 ||
                    (in.mem.base == X86_REG_NONE &&
                     in.mem.index == X86_REG_NONE)) {
                    /* as placed */
                } else if (!in.mem.vsib) {
                    at = effective(&in);
                }
            }
            wipe_image(c, &in, at);
            if (in.op == X86_OP_FXRSTOR || in.op == X86_OP_XRSTOR) {
                poke_image(g, at);
            } else if (in.op == X86_OP_LDMXCSR || in.op == X86_OP_VLDMXCSR) {
                uint32_t v = isa_rand(g) & 0xffff;

                v |= below(g, 8) ? 0 : 1u << (18 + below(g, 14));
                poke_mxcsr(at, v);
            } else if (row->branch) {
                place_target(g, c, &in, at);
            }
        } else if (o->kind == X86_OPND_REL) {
            place_hop(g, &in, p);
        }
    }
    if (row->branch && !x86_insn_mem_size(&in)) {
        place_target(g, c, &in, 0);
    }
    if (row->flags & X86_ROW_STRING) {
        place_string(g, &in);
    }
    if (!special_registers(g, c, &in, first)) {
        return ISA_UNFIT;
    }
    isa_add_step(c, &in);
    return ISA_APPENDED;
}

/* Padding for hops, then jmp *0(%rip) to isa_end. */
void isa_finish(IsaCase *c)
{
    uint64_t end = (uintptr_t)isa_end;

    memset(c->code + c->len, 0x90, 12);
    memcpy(c->code + c->len + 12, "\xff\x25\0\0\0\0", 6);
    memcpy(c->code + c->len + 18, &end, 8);
    c->len += 26;
}
