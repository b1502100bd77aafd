/*
 * The stepper: vector instructions that string functions and struct copies are
 * made of.  Integer elements only: nothing here touches MXCSR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/guest-ptr.h"
#include "target/i386/step-internal.h"

typedef enum VecKind {
    VEC_UNKNOWN,
    VEC_MOV, VEC_MOVQ, VEC_MOVD, VEC_MOVLO, VEC_MOVHI,
    VEC_AND, VEC_ANDN, VEC_OR, VEC_XOR,
    VEC_CMPEQ8, VEC_CMPEQ16, VEC_CMPEQ32, VEC_CMPEQ64, VEC_CMPGT8,
    VEC_CMPGT32,
    VEC_ADD8, VEC_ADD32, VEC_ADD64, VEC_SUB8, VEC_SUB32, VEC_SUB64,
    VEC_MINU8, VEC_MAXU8,
    VEC_UNPCKL8, VEC_UNPCKL16, VEC_UNPCKL32, VEC_UNPCKL64, VEC_UNPCKH16,
    VEC_UNPCKH64,
    VEC_SHUF32, VEC_SLLDQ, VEC_SRLDQ, VEC_ALIGNR,
    VEC_MOVMSK8, VEC_ZEROUPPER,
} VecKind;

#define BOTH(op, kind) [X86_OP_##op] = kind, [X86_OP_V##op] = kind

static const uint8_t vec_kind[X86_OP_COUNT] = {
    BOTH(MOVUPS, VEC_MOV), BOTH(MOVUPD, VEC_MOV), BOTH(MOVAPS, VEC_MOV),
    BOTH(MOVAPD, VEC_MOV), BOTH(MOVDQA, VEC_MOV), BOTH(MOVDQU, VEC_MOV),
    BOTH(LDDQU, VEC_MOV), BOTH(MOVQ, VEC_MOVQ), BOTH(MOVD, VEC_MOVD),
    BOTH(MOVLPS, VEC_MOVLO), BOTH(MOVLPD, VEC_MOVLO),
    BOTH(MOVHPS, VEC_MOVHI), BOTH(MOVHPD, VEC_MOVHI),
    BOTH(PAND, VEC_AND), BOTH(ANDPS, VEC_AND), BOTH(ANDPD, VEC_AND),
    BOTH(PANDN, VEC_ANDN), BOTH(ANDNPS, VEC_ANDN), BOTH(ANDNPD, VEC_ANDN),
    BOTH(POR, VEC_OR), BOTH(ORPS, VEC_OR), BOTH(ORPD, VEC_OR),
    BOTH(PXOR, VEC_XOR), BOTH(XORPS, VEC_XOR), BOTH(XORPD, VEC_XOR),
    BOTH(PCMPEQB, VEC_CMPEQ8), BOTH(PCMPEQW, VEC_CMPEQ16),
    BOTH(PCMPEQD, VEC_CMPEQ32), BOTH(PCMPEQQ, VEC_CMPEQ64),
    BOTH(PCMPGTB, VEC_CMPGT8), BOTH(PCMPGTD, VEC_CMPGT32),
    BOTH(PADDB, VEC_ADD8), BOTH(PADDD, VEC_ADD32), BOTH(PADDQ, VEC_ADD64),
    BOTH(PSUBB, VEC_SUB8), BOTH(PSUBD, VEC_SUB32), BOTH(PSUBQ, VEC_SUB64),
    BOTH(PMINUB, VEC_MINU8), BOTH(PMAXUB, VEC_MAXU8),
    BOTH(PUNPCKLBW, VEC_UNPCKL8), BOTH(PUNPCKLWD, VEC_UNPCKL16),
    BOTH(PUNPCKLDQ, VEC_UNPCKL32), BOTH(PUNPCKLQDQ, VEC_UNPCKL64),
    BOTH(PUNPCKHWD, VEC_UNPCKH16), BOTH(PUNPCKHQDQ, VEC_UNPCKH64),
    BOTH(PSHUFD, VEC_SHUF32), BOTH(PSLLDQ, VEC_SLLDQ),
    BOTH(PSRLDQ, VEC_SRLDQ), BOTH(PALIGNR, VEC_ALIGNR),
    BOTH(PMOVMSKB, VEC_MOVMSK8), [X86_OP_VZEROUPPER] = VEC_ZEROUPPER,
};

unsigned x86_step_vec_kind(const X86Insn *insn)
{
    for (unsigned i = 0; i < insn->n_operands; i++) {
        switch (insn->operand[i].kind) {
        case X86_OPND_VEC:
        case X86_OPND_MEM:
        case X86_OPND_GPR:
        case X86_OPND_IMM:
            break;
        default:
            return VEC_UNKNOWN; /* MMX shares the x87's registers */
        }
    }
    return vec_kind[insn->op];
}

/* --- memory --------------------------------------------------------------- */

/* Copy a size the compiler knows, so that it is one access where possible. */
static inline void copy(void *d, const void *s, unsigned size)
{
    switch (size) {
    case 4:
        memcpy(d, s, 4);
        break;
    case 8:
        memcpy(d, s, 8);
        break;
    case 16:
        memcpy(d, s, 16);
        break;
    default:
        memcpy(d, s, 32);
        break;
    }
}

/* Address of the memory operand; false when it raised. */
static bool vec_address(Step *s, const X86StepInsn *insn, unsigned i,
                        uint64_t *addr)
{
    *addr = step_address(s->env, insn);
    if (insn->form & STEP_ALIGN && unlikely(*addr & (insn->operand[i].size - 1))) {
        step_raise(s, EXCP0D_GPF);
        return false;
    }
    return true;
}

/* Operand @i, zero above its size; false when it raised. */
static bool vec_get(Step *s, const X86StepInsn *insn, unsigned i, VReg *v)
{
    unsigned reg = insn->operand[i].reg, size = insn->operand[i].size;
    uint64_t addr;

    switch (insn->operand[i].kind) {
    case X86_OPND_VEC:
        *v = s->env->vregs[reg];
        return true;
    case X86_OPND_GPR:
        memset(v, 0, sizeof(*v));
        v->q[0] = size == 8 ? s->env->regs[reg]
                            : (uint32_t)s->env->regs[reg];
        return true;
    default:
        if (!vec_address(s, insn, i, &addr)) {
            return false;
        }
        memset(v, 0, sizeof(*v));
        step_barrier();
        copy(v, guest_ptr(addr), size);
        step_after_load(s);
        return true;
    }
}

/*
 * Nothing is written when a part of it faults.  Only a store that is made of
 * several ones needs help, and that only across pages.
 */
static void probe_store(uint64_t addr, unsigned size)
{
    uint64_t last = addr + size - 1;

    if (unlikely((addr ^ last) >> 12)) {
        __atomic_fetch_or((uint8_t *)guest_ptr(addr), 0, __ATOMIC_RELAXED);
        __atomic_fetch_or((uint8_t *)guest_ptr(last), 0, __ATOMIC_RELAXED);
    }
}

static bool vec_store(Step *s, const X86StepInsn *insn, const void *v)
{
    unsigned size = insn->operand[0].size;
    uint64_t addr;

    if (!vec_address(s, insn, 0, &addr)) {
        return false;
    }
    step_before_store(s, addr, size);
    if (size > 8) {
        probe_store(addr, size);
        step_barrier();
    }
    copy(guest_ptr(addr), v, size);
    step_after_store(s, addr, size);
    return true;
}

/* --- registers ------------------------------------------------------------ */

/* @v, of the instruction's length: legacy forms leave what is above. */
static void vec_put(Step *s, const X86StepInsn *insn, const VReg *v)
{
    VReg *d = &s->env->vregs[insn->operand[0].reg];

    if (insn->vlen == 32) {
        *d = *v;
        return;
    }
    d->q[0] = v->q[0];
    d->q[1] = v->q[1];
    if (insn->form & STEP_VEX) {
        d->q[2] = d->q[3] = 0;
    }
}

#define LANES(field, n, expr)               \
    do {                                    \
        for (unsigned i = 0; i < n; i++) {  \
            r->field[i] = expr;             \
        }                                   \
    } while (0)

/* Interleave the low or high halves of each 16 bytes. */
#define UNPCK(field, n, high)                                           \
    do {                                                                \
        for (unsigned i = 0; i < 2 * n; i++) {                          \
            unsigned lane = i / n * n;                                  \
            unsigned from = lane + (high ? n / 2 : 0) + i % n / 2;      \
            r->field[i] = i & 1 ? b->field[from] : a->field[from];      \
        }                                                               \
    } while (0)

/* Bytes @n and up of hi:lo, for each 16 bytes. */
static void align_bytes(VReg *r, const VReg *hi, const VReg *lo, unsigned n)
{
    for (unsigned lane = 0; lane < 32; lane += 16) {
        for (unsigned i = 0; i < 16; i++) {
            unsigned k = i + n;

            r->b[lane + i] = k < 16 ? lo->b[lane + k] :
                             k < 32 ? hi->b[lane + k - 16] : 0;
        }
    }
}

static void compute(VecKind k, unsigned imm, VReg *r, const VReg *a,
                    const VReg *b)
{
    static const VReg zero;

    switch (k) {
    case VEC_AND:
        LANES(q, 4, a->q[i] & b->q[i]);
        break;
    case VEC_ANDN:
        LANES(q, 4, ~a->q[i] & b->q[i]);
        break;
    case VEC_OR:
        LANES(q, 4, a->q[i] | b->q[i]);
        break;
    case VEC_XOR:
        LANES(q, 4, a->q[i] ^ b->q[i]);
        break;
    case VEC_CMPEQ8:
        LANES(b, 32, a->b[i] == b->b[i] ? 0xff : 0);
        break;
    case VEC_CMPEQ16:
        LANES(w, 16, a->w[i] == b->w[i] ? 0xffff : 0);
        break;
    case VEC_CMPEQ32:
        LANES(l, 8, a->l[i] == b->l[i] ? UINT32_MAX : 0);
        break;
    case VEC_CMPEQ64:
        LANES(q, 4, a->q[i] == b->q[i] ? UINT64_MAX : 0);
        break;
    case VEC_CMPGT8:
        LANES(b, 32, (int8_t)a->b[i] > (int8_t)b->b[i] ? 0xff : 0);
        break;
    case VEC_CMPGT32:
        LANES(l, 8, (int32_t)a->l[i] > (int32_t)b->l[i] ? UINT32_MAX : 0);
        break;
    case VEC_ADD8:
        LANES(b, 32, a->b[i] + b->b[i]);
        break;
    case VEC_ADD32:
        LANES(l, 8, a->l[i] + b->l[i]);
        break;
    case VEC_ADD64:
        LANES(q, 4, a->q[i] + b->q[i]);
        break;
    case VEC_SUB8:
        LANES(b, 32, a->b[i] - b->b[i]);
        break;
    case VEC_SUB32:
        LANES(l, 8, a->l[i] - b->l[i]);
        break;
    case VEC_SUB64:
        LANES(q, 4, a->q[i] - b->q[i]);
        break;
    case VEC_MINU8:
        LANES(b, 32, MIN(a->b[i], b->b[i]));
        break;
    case VEC_MAXU8:
        LANES(b, 32, MAX(a->b[i], b->b[i]));
        break;
    case VEC_UNPCKL8:
        UNPCK(b, 16, false);
        break;
    case VEC_UNPCKL16:
        UNPCK(w, 8, false);
        break;
    case VEC_UNPCKL32:
        UNPCK(l, 4, false);
        break;
    case VEC_UNPCKL64:
        UNPCK(q, 2, false);
        break;
    case VEC_UNPCKH16:
        UNPCK(w, 8, true);
        break;
    case VEC_UNPCKH64:
        UNPCK(q, 2, true);
        break;
    case VEC_SHUF32:
        LANES(l, 8, b->l[(i & 4) | (imm >> 2 * (i & 3) & 3)]);
        break;
    case VEC_SLLDQ:
        align_bytes(r, a, &zero, 16 - MIN(imm, 16u));
        break;
    case VEC_SRLDQ:
        align_bytes(r, &zero, a, MIN(imm, 16u));
        break;
    default:
        align_bytes(r, a, b, imm);
        break;
    }
}

static bool step_move(Step *s, const X86StepInsn *insn, VecKind k)
{
    unsigned last = insn->n_operands - 1;
    VReg v, r;

    if (insn->operand[0].kind == X86_OPND_MEM) {
        v = s->env->vregs[insn->operand[1].reg];
        return vec_store(s, insn, k == VEC_MOVHI ? &v.q[1] : &v.q[0]);
    }
    if (!vec_get(s, insn, last, &v)) {
        return false;
    }
    switch (k) {
    case VEC_MOVQ:
    case VEC_MOVD:
        if (insn->operand[0].kind == X86_OPND_GPR) {
            s->env->regs[insn->operand[0].reg] = insn->operand[0].size == 8 ? v.q[0] : v.l[0];
            return true;
        }
        v.q[1] = v.q[2] = v.q[3] = 0;
        break;
    case VEC_MOVLO:
    case VEC_MOVHI:
        r = s->env->vregs[insn->operand[last > 1 ? 1 : 0].reg];
        r.q[k == VEC_MOVHI] = v.q[0];
        v = r;
        break;
    default:
        break;
    }
    vec_put(s, insn, &v);
    return true;
}

static void step_movmsk(Step *s, const X86StepInsn *insn)
{
    const VReg *v = &s->env->vregs[insn->operand[1].reg];
    uint32_t mask = 0;

    for (unsigned i = 0; i < insn->vlen; i++) {
        mask |= (uint32_t)(v->b[i] >> 7) << i;
    }
    s->env->regs[insn->operand[0].reg] = mask;
}

/* First source, when the last one is not an immediate. */
static unsigned first_source(const X86StepInsn *insn, bool imm)
{
    return insn->n_operands - imm > 2 ? 1 : 0;
}

bool x86_step_vec(Step *s, const X86StepInsn *insn)
{
    VecKind k = insn->vec;
    bool imm = k >= VEC_SHUF32 && k <= VEC_ALIGNR;
    VReg a, b, r;

    switch (k) {
    case VEC_MOV:
    case VEC_MOVQ:
    case VEC_MOVD:
    case VEC_MOVLO:
    case VEC_MOVHI:
        return step_move(s, insn, k);
    case VEC_MOVMSK8:
        step_movmsk(s, insn);
        return true;
    case VEC_ZEROUPPER:
        for (unsigned i = 0; i < 16; i++) {
            s->env->vregs[i].q[2] = s->env->vregs[i].q[3] = 0;
        }
        return true;
    case VEC_SLLDQ:
    case VEC_SRLDQ:
        a = b = s->env->vregs[insn->operand[insn->n_operands - 2].reg];
        break;
    default:
        if (!vec_get(s, insn, insn->n_operands - 1 - imm, &b)) {
            return false;
        }
        a = s->env->vregs[insn->operand[first_source(insn, imm)].reg];
        break;
    }
    compute(k, insn->imm, &r, &a, &b);
    vec_put(s, insn, &r);
    return true;
}
