/*
 * x86-64 instruction decoder: prefixes, opcode lookup in the generated
 * tables, ModRM, operands.  Stateless and allocation-free; see decode.h for
 * the contract and insns.tbl for what exists.
 *
 * Bytes are read from a window of at least WINDOW bytes, so that the decoder
 * itself needs no bounds checks: when fewer are available they are copied and
 * padded, and running past the end is noticed afterwards.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/cpu.h"
#include "target/i386/decode.h"

#include "target/i386/insns-tables.c.inc"

/* 15 prefixes, then the longest thing that can follow them. */
#define WINDOW 48

#define NODE_BIT 0x8000u

/* What a byte is before the opcode; the order of the enum is used below. */
enum {
    PFX_NONE, PFX_REX, PFX_VEX2, PFX_VEX3, PFX_OPSZ, PFX_ADSZ, PFX_LOCK,
    PFX_REP, PFX_REPNE, PFX_SEGNULL, PFX_SEGFS, PFX_SEGGS,
};

static const uint8_t prefix_class[256] = {
    [0x26] = PFX_SEGNULL, [0x2e] = PFX_SEGNULL,
    [0x36] = PFX_SEGNULL, [0x3e] = PFX_SEGNULL,
    [0x40 ... 0x4f] = PFX_REX,
    [0x64] = PFX_SEGFS, [0x65] = PFX_SEGGS,
    [0x66] = PFX_OPSZ, [0x67] = PFX_ADSZ,
    [0xc4] = PFX_VEX3, [0xc5] = PFX_VEX2,
    [0xf0] = PFX_LOCK, [0xf2] = PFX_REPNE, [0xf3] = PFX_REP,
};

/* Everything the steps below share. */
typedef struct Decoder {
    X86Insn *insn;
    const uint8_t *p;       /* the window */
    unsigned pos;
    unsigned space;         /* index into x86_roots */
    bool vex;
    bool vex_l;
    uint8_t reg, rm;        /* ModRM's registers, extended by REX */
} Decoder;

static inline int64_t read_signed(Decoder *d, unsigned size)
{
    const uint8_t *p = d->p + d->pos;

    d->pos += size;
    switch (size) {
    case 1:
        return (int8_t)p[0];
    case 2: {
        int16_t v;
        memcpy(&v, p, 2);
        return v;
    }
    case 4: {
        int32_t v;
        memcpy(&v, p, 4);
        return v;
    }
    default: {
        int64_t v;
        memcpy(&v, p, 8);
        return v;
    }
    }
}

/* Read prefixes up to the opcode.  Returns false for #UD. */
static inline bool decode_prefixes(Decoder *d)
{
    X86Insn *insn = d->insn;
    unsigned cls;

    while ((cls = prefix_class[d->p[d->pos]]) != PFX_NONE) {
        uint8_t byte = d->p[d->pos];

        if (cls == PFX_REX) {
            insn->prefixes |= X86_PFX_REX;
            insn->rex = byte & 15;
            d->pos++;
            if (d->pos > X86_MAX_INSN_LEN) {
                return true;
            }
            continue;
        }
        if (cls == PFX_VEX2 || cls == PFX_VEX3) {
            if (insn->prefixes & (X86_PFX_REX | X86_PFX_OPSZ | X86_PFX_LOCK |
                                  X86_PFX_REP | X86_PFX_REPNE)) {
                d->pos++;
                return false;
            }
            insn->prefixes |= X86_PFX_VEX;
            d->vex = true;
            return true;
        }
        /* A REX that is not right before the opcode is ignored. */
        insn->prefixes &= ~X86_PFX_REX;
        insn->rex = 0;
        switch (cls) {
        case PFX_OPSZ:
            insn->prefixes |= X86_PFX_OPSZ;
            break;
        case PFX_ADSZ:
            insn->prefixes |= X86_PFX_ADSZ;
            break;
        case PFX_LOCK:
            insn->prefixes |= X86_PFX_LOCK;
            break;
        case PFX_REP:
            insn->prefixes &= ~X86_PFX_REPNE;
            insn->prefixes |= X86_PFX_REP;
            break;
        case PFX_REPNE:
            insn->prefixes &= ~X86_PFX_REP;
            insn->prefixes |= X86_PFX_REPNE;
            break;
        default:
            insn->prefixes |= X86_PFX_SEG;
            if (cls != PFX_SEGNULL) {
                insn->seg_prefix = cls == PFX_SEGFS ? R_FS : R_GS;
            }
            break;
        }
        d->pos++;
        if (d->pos > X86_MAX_INSN_LEN) {
            return true;
        }
    }
    return true;
}

/* Opcode map and opcode byte, legacy encoding. */
static inline void decode_opcode(Decoder *d)
{
    X86Insn *insn = d->insn;
    uint8_t b = d->p[d->pos++];

    if (b == 0x0f) {
        b = d->p[d->pos++];
        insn->map = X86_MAP_0F;
        if (b == 0x38 || b == 0x3a) {
            insn->map = b == 0x38 ? X86_MAP_0F38 : X86_MAP_0F3A;
            b = d->p[d->pos++];
        }
    }
    insn->opcode = b;
    d->space = insn->map;
    /* F2 and F3 win over 66 as a mandatory prefix. */
    insn->pp = insn->prefixes & X86_PFX_REP ? 2 :
               insn->prefixes & X86_PFX_REPNE ? 3 :
               insn->prefixes & X86_PFX_OPSZ ? 1 : 0;
}

/* VEX prefix and the opcode behind it.  Returns false for #UD. */
static inline bool decode_vex(Decoder *d)
{
    X86Insn *insn = d->insn;
    uint8_t lead = d->p[d->pos++];
    uint8_t b = d->p[d->pos++];
    unsigned map = 1;

    if (lead == 0xc5) {
        insn->rex = ~b >> 5 & 4;
    } else {
        map = b & 31;
        insn->rex = ~b >> 5 & 7;
        b = d->p[d->pos++];
        insn->rex |= b >> 4 & 8;
    }
    insn->vvvv = ~b >> 3 & 15;
    d->vex_l = b >> 2 & 1;
    insn->vlen = 16 << d->vex_l;
    insn->pp = b & 3;
    insn->opcode = d->p[d->pos++];
    if (map < 1 || map > 3) {
        return false;
    }
    insn->map = map;
    d->space = map + 3;
    return true;
}

/* Walk from the root to a row. */
static inline unsigned find_row(Decoder *d)
{
    X86Insn *insn = d->insn;
    unsigned e = x86_roots[d->space][insn->opcode];

    while (e & NODE_BIT) {
        const uint16_t *n = &x86_nodes[e & ~NODE_BIT];
        uint8_t modrm = d->p[d->pos];
        unsigned v;

        switch (n[0]) {
        case NODE_PP:
            v = insn->pp;
            break;
        case NODE_W:
            v = insn->rex >> 3 & 1;
            break;
        case NODE_B:
            v = insn->rex & 1;
            break;
        case NODE_L:
            v = d->vex_l;
            break;
        /* The rest looks at ModRM: its absence must be noticed. */
        case NODE_MOD:
            v = modrm >= 0xc0;
            insn->has_modrm = 1;
            break;
        case NODE_REG:
            v = modrm >> 3 & 7;
            insn->has_modrm = 1;
            break;
        default:
            v = modrm & 7;
            insn->has_modrm = 1;
            break;
        }
        e = n[1 + v];
    }
    return e;
}

/* SIB and displacement of a memory operand; d->pos is behind ModRM. */
static inline void decode_mem(Decoder *d, bool vsib)
{
    X86Insn *insn = d->insn;
    X86Mem *m = &insn->mem;
    unsigned mod = insn->modrm >> 6;
    unsigned rm = insn->modrm & 7;
    unsigned disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;

    m->index = X86_REG_NONE;
    m->scale = 0;
    m->seg = insn->seg_prefix;
    m->rip_rel = 0;
    m->vsib = vsib;
    if (rm == 4) {
        uint8_t sib = d->p[d->pos++];
        unsigned index = (sib >> 3 & 7) | (insn->rex << 2 & 8);

        if (index != 4 || vsib) {
            m->index = index;
            m->scale = sib >> 6;
        }
        if ((sib & 7) == 5 && mod == 0) {
            m->base = X86_REG_NONE;
            disp = 4;
        } else {
            m->base = (sib & 7) | (insn->rex << 3 & 8);
        }
    } else if (rm == 5 && mod == 0) {
        m->base = X86_REG_NONE;
        m->rip_rel = 1;
        disp = 4;
    } else {
        m->base = rm | (insn->rex << 3 & 8);
    }
    m->disp_size = disp;
    m->disp_off = 0;
    m->disp = 0;
    if (disp) {
        m->disp_off = d->pos;
        m->disp = read_signed(d, disp);
    }
}

static inline void set_gpr(X86Insn *insn, X86Operand *o, unsigned reg)
{
    o->kind = X86_OPND_GPR;
    o->reg = reg;
    if (o->size == 1 && reg - 4 < 4u && !(insn->prefixes & X86_PFX_REX)) {
        o->kind = X86_OPND_GPRH;
        o->reg = reg - 4;
    }
}

static void decode_imm(Decoder *d, X86Operand *o, unsigned type, bool second)
{
    X86Insn *insn = d->insn;
    unsigned off = d->pos;
    int64_t v = read_signed(d, o->size);

    o->kind = X86_OPND_IMM;
    if (type == TYPE_B) {
        v = (uint8_t)v;
    } else if (type == TYPE_W) {
        v = (uint16_t)v;
    }
    if (second) {
        o->reg = 1;
        insn->imm2 = v;
    } else {
        insn->imm = v;
        insn->imm_off = off;
    }
}

static inline void decode_operand(Decoder *d, const X86Row *row, unsigned i,
                                  unsigned size_index)
{
    X86Insn *insn = d->insn;
    X86Operand *o = &insn->operand[i];
    unsigned type = row->type[i];
    unsigned rm = d->rm, reg = d->reg;
    bool is_mem = insn->modrm < 0xc0;

    o->size = x86_size_reg[type][size_index];
    o->access = row->access[i];
    o->reg = 0;
    switch (row->loc[i]) {
    case LOC_E:
        if (is_mem) {
            o->kind = X86_OPND_MEM;
            o->size = x86_size_mem[type][size_index];
        } else {
            set_gpr(insn, o, rm);
        }
        break;
    case LOC_G:
        if (type == TYPE_A) {
            o->size = insn->addrsize;
        }
        set_gpr(insn, o, reg);
        break;
    case LOC_R:
        set_gpr(insn, o, rm);
        break;
    case LOC_B:
        o->kind = X86_OPND_GPR;
        o->reg = insn->vvvv;
        break;
    case LOC_Z:
        set_gpr(insn, o, (insn->opcode & 7) | (insn->rex << 3 & 8));
        break;
    case LOC_A:
        o->kind = X86_OPND_GPR;
        o->reg = R_EAX;
        break;
    case LOC_CLreg:
        o->kind = X86_OPND_GPR;
        o->reg = R_ECX;
        break;
    case LOC_DXreg:
        o->kind = X86_OPND_GPR;
        o->reg = R_EDX;
        break;
    case LOC_M:
    case LOC_X:
        o->kind = X86_OPND_MEM;
        o->size = x86_size_mem[type][size_index];
        break;
    case LOC_O:
        o->kind = X86_OPND_MEM;
        insn->mem.base = insn->mem.index = X86_REG_NONE;
        insn->mem.scale = insn->mem.rip_rel = insn->mem.vsib = 0;
        insn->mem.seg = insn->seg_prefix;
        insn->mem.disp_size = insn->addrsize;
        insn->mem.disp_off = d->pos;
        insn->mem.disp = read_signed(d, insn->addrsize);
        if (insn->addrsize == 4) {
            insn->mem.disp = (uint32_t)insn->mem.disp;
        }
        break;
    case LOC_I:
        decode_imm(d, o, type, insn->imm_off != 0);
        break;
    case LOC_ONE:
        o->kind = X86_OPND_IMM;
        insn->imm = 1;
        break;
    case LOC_J:
        o->kind = X86_OPND_REL;
        insn->imm_off = d->pos;
        insn->imm = read_signed(d, o->size);
        break;
    case LOC_W:
        if (is_mem) {
            o->kind = X86_OPND_MEM;
            o->size = x86_size_mem[type][size_index];
            break;
        }
        /* fallthrough */
    case LOC_U:
        o->kind = X86_OPND_VEC;
        o->reg = rm;
        break;
    case LOC_V:
        o->kind = X86_OPND_VEC;
        o->reg = reg;
        break;
    case LOC_H:
        o->kind = X86_OPND_VEC;
        o->reg = insn->vvvv;
        break;
    case LOC_L:
        o->kind = X86_OPND_VEC;
        insn->imm_off = d->pos;
        insn->imm = d->p[d->pos++];
        o->reg = insn->imm >> 4;
        break;
    case LOC_Q:
        if (is_mem) {
            o->kind = X86_OPND_MEM;
            o->size = x86_size_mem[type][size_index];
            break;
        }
        /* fallthrough */
    case LOC_N:
        o->kind = X86_OPND_MMX;
        o->reg = insn->modrm & 7;
        break;
    case LOC_P:
        o->kind = X86_OPND_MMX;
        o->reg = reg & 7;
        break;
    case LOC_STi:
        o->kind = X86_OPND_ST;
        o->reg = insn->modrm & 7;
        break;
    case LOC_ST0:
        o->kind = X86_OPND_ST;
        break;
    case LOC_S:
        o->kind = X86_OPND_SEG;
        o->reg = reg & 7;
        break;
    case LOC_FS:
    case LOC_GS:
        o->kind = X86_OPND_SEG;
        o->reg = row->loc[i] == LOC_FS ? R_FS : R_GS;
        break;
    case LOC_C:
        o->kind = X86_OPND_CR;
        o->reg = reg;
        break;
    case LOC_D:
        o->kind = X86_OPND_DR;
        o->reg = reg;
        break;
    }
}

/* Rules that no table column expresses.  Returns false for #UD. */
static bool late_checks(const X86Insn *insn, const X86Row *row)
{
    if (row->flags & X86_ROW_VSIB) {
        unsigned dst = insn->operand[0].reg, mask = insn->vvvv;

        return (insn->modrm & 7) == 4 && dst != mask &&
               dst != insn->mem.index && mask != insn->mem.index;
    }
    for (unsigned i = 0; i < insn->n_operands; i++) {
        const X86Operand *o = &insn->operand[i];

        switch (o->kind) {
        case X86_OPND_SEG:
            if (o->reg > R_GS || (o->reg == R_CS && o->access & X86_ACC_W)) {
                return false;
            }
            break;
        case X86_OPND_CR:
            if (!(1u << o->reg & 0x11d)) {
                return false;
            }
            break;
        case X86_OPND_DR:
            if (o->reg > 7) {
                return false;
            }
            break;
        }
    }
    return true;
}

/* Width of the operation, from prefixes and the row's rules. */
static inline unsigned operand_size(const X86Insn *insn, uint32_t flags)
{
    if (flags & X86_ROW_BYTE) {
        return 1;
    }
    if (insn->rex & 8 || flags & X86_ROW_F64) {
        return 8;
    }
    if (insn->prefixes & X86_PFX_OPSZ && !(flags & X86_ROW_NO66)) {
        return 2;
    }
    return flags & X86_ROW_D64 ? 8 : 4;
}

/* The row is known: take the rest of the bytes apart. */
static inline bool decode_body(Decoder *d, const X86Row *row)
{
    static const uint8_t log2size[9] = { [1] = 0, [2] = 1, [4] = 2, [8] = 3 };
    X86Insn *insn = d->insn;
    unsigned size_index;

    insn->op = row->op;
    insn->opsize = operand_size(insn, row->flags);
    insn->n_operands = row->n_operands;
    insn->has_modrm = 0;
    if (row->flags & X86_ROW_CC) {
        insn->cond = insn->opcode & 15;
    }
    if (row->flags & X86_ROW_MODRM) {
        insn->has_modrm = 1;
        insn->modrm = d->p[d->pos++];
        if (row->flags & X86_ROW_MODREG) {
            insn->modrm |= 0xc0;
        } else if (insn->modrm < 0xc0) {
            decode_mem(d, row->flags & X86_ROW_VSIB);
        }
    }
    d->rm = (insn->modrm & 7) | (insn->rex << 3 & 8);
    d->reg = (insn->modrm >> 3 & 7) | (insn->rex << 1 & 8);
    size_index = log2size[insn->opsize] << 1 | d->vex_l;
    for (unsigned i = 0; i < row->n_operands; i++) {
        decode_operand(d, row, i, size_index);
    }
    /* Integer width: byte forms announce themselves by their operands. */
    if (row->n_operands && insn->operand[0].size == 1 &&
        (insn->operand[0].kind == X86_OPND_GPR ||
         insn->operand[0].kind == X86_OPND_GPRH ||
         insn->operand[0].kind == X86_OPND_MEM) && !d->vex &&
        row->group <= X86_GRP_SYSTEM) {
        insn->opsize = 1;
    }
    if (insn->prefixes & X86_PFX_LOCK &&
        (!(row->flags & X86_ROW_LOCK) ||
         insn->operand[0].kind != X86_OPND_MEM)) {
        return false;
    }
    if (d->vex && !(row->flags & X86_ROW_VVVV) && insn->vvvv != 0) {
        return false;
    }
    return !(row->flags & X86_ROW_SLOW) || late_checks(insn, row);
}

/* Everything relative to the end of the instruction. */
static inline void finish(X86Insn *insn)
{
    uint64_t next = x86_insn_next(insn);

    if (insn->mem.rip_rel) {
        insn->mem.disp += next;
        if (insn->addrsize == 4) {
            insn->mem.disp = (uint32_t)insn->mem.disp;
        }
    }
    if (insn->operand[0].kind == X86_OPND_REL) {
        insn->target = next + insn->imm;
    }
}

static const X86Row *supported_row(X86Insn *insn, unsigned index,
                                   uint64_t features)
{
    const X86Row *row = &x86_rows[index];

    while (unlikely(row->features & ~features)) {
        if (!row->alt) {
            return NULL;
        }
        index = row->alt;
        row = &x86_rows[index];
    }
    insn->row = index;
    return row;
}

X86DecodeResult x86_decode(X86Insn *insn, const uint8_t *bytes, size_t avail,
                           uint64_t pc, uint64_t features)
{
    uint8_t window[WINDOW];
    Decoder d = { .insn = insn, .p = bytes };
    const X86Row *row = NULL;
    unsigned index = 0;
    bool ok;

    if (avail < WINDOW) {
        memset(window, 0, sizeof(window));
        memcpy(window, bytes, MIN(avail, X86_MAX_INSN_LEN + 1));
        d.p = window;
    }
    /* All small fields, operands, and what finish() looks at. */
    memset(insn, 0, offsetof(X86Insn, mem));
    insn->mem = (X86Mem) {
        .base = X86_REG_NONE, .index = X86_REG_NONE, .seg = X86_REG_NONE,
    };
    insn->imm = 0;
    insn->imm2 = 0;
    insn->target = 0;
    insn->pc = pc;
    insn->seg_prefix = X86_REG_NONE;
    insn->vlen = 16;

    ok = decode_prefixes(&d);
    if (likely(ok && d.pos <= X86_MAX_INSN_LEN)) {
        insn->addrsize = insn->prefixes & X86_PFX_ADSZ ? 4 : 8;
        if (d.vex) {
            ok = decode_vex(&d);
        } else {
            decode_opcode(&d);
        }
        if (ok) {
            index = find_row(&d);
            row = index ? supported_row(insn, index, features) : NULL;
            if (row) {
                ok = decode_body(&d, row);
            } else {
                /* the byte that made it illegal must exist */
                d.pos += insn->has_modrm;
            }
        }
    }
    if (unlikely(d.pos > avail && avail < X86_MAX_INSN_LEN)) {
        insn->len = avail;
        return X86_DECODE_NEED_MORE;
    }
    if (unlikely(d.pos > X86_MAX_INSN_LEN)) {
        insn->len = X86_MAX_INSN_LEN;
        return X86_DECODE_TOO_LONG;
    }
    insn->len = d.pos;
    if (unlikely(!ok || !row)) {
        insn->op = X86_OP_INVALID;
        insn->row = 0;
        return X86_DECODE_INVALID;
    }
    finish(insn);
    return X86_DECODE_OK;
}

uint32_t x86_insn_flags_killed(const X86Insn *insn)
{
    const X86Row *row = x86_insn_row(insn);
    uint32_t mask = row->eflags_write | row->eflags_undef;

    if (unlikely(row->flags & X86_ROW_FCOND)) {
        const X86Operand *o = &insn->operand[insn->n_operands - 1];
        unsigned count_mask = insn->opsize == 8 ? 63 : 31;

        /* A count in CL, or one that is 0, may leave the flags alone. */
        if (o->kind != X86_OPND_IMM || !(insn->imm & count_mask)) {
            return 0;
        }
    }
    if (row->flags & X86_ROW_REP &&
        insn->prefixes & (X86_PFX_REP | X86_PFX_REPNE)) {
        return 0;
    }
    return mask;
}

unsigned x86_insn_mem_size(const X86Insn *insn)
{
    for (unsigned i = 0; i < insn->n_operands; i++) {
        if (insn->operand[i].kind == X86_OPND_MEM) {
            return insn->operand[i].size;
        }
    }
    return 0;
}

const char *x86_op_name(unsigned op, unsigned opsize)
{
    unsigned i = opsize == 8 ? 3 : opsize >> 1;

    for (unsigned k = 0; k < ARRAY_SIZE(x86_sized_names); k++) {
        if (x86_sized_names[k].op == op && x86_sized_names[k].name[i]) {
            return x86_sized_names[k].name[i];
        }
    }
    return x86_op_names[op];
}
