/*
 * MXCSR and the FPU: rounding mode and exception flags, the two modes of units
 * (see gen.h), and what the FPU does otherwise than SSE.
 *
 * In generated code FCSR has the guest's rounding mode and gathers the guest's
 * exception flags, and an invalid operation traps: it is here that x86 makes
 * other numbers (negative default NaNs, the first of two NaNs, the "indefinite"
 * integer).  The trap ends in la_fix_fault(), which does the one instruction by
 * the reference and goes on behind it.  C code runs with the host's FCSR and
 * finds MXCSR complete.
 *
 * The flag for denormal operands is the one thing fast code does not keep.  The
 * guest shows that it looks at flags by loading MXCSR for another purpose than
 * to change the rounding mode: from then on everything is exact.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "tcg/tcg-vop.h"
#include <ucontext.h>

enum {
    MX_FLAGS = 0x3f, MX_IE = 1, MX_DAZ = 0x40, MX_MASKS = 0x1f80,
    MX_RC = 0x6000, MX_FTZ = 0x8000,
};
enum { FCSR_TRAP_INVALID = 0x10 };

/* The guest cares about exception flags.  Never becomes false again. */
static _Atomic bool exact;

static uint32_t *mxcsr_of(void *env)
{
    return (uint32_t *)((uint8_t *)env + la_context->env_mxcsr);
}

/* ---- code ---- */

void la_fcsr_collect(LAGen *g, unsigned t0, unsigned t1)
{
    LAAsm *a = &g->a;
    uint32_t *none;

    la_movfcsr2gr(a, t0, 0);
    la_bstrpick_d(a, t0, t0, 20, 16);
    none = la_jcc(g, la_test(LA_T_EQ, t0, LA_ZERO));
    /* I U O Z V from bit 0 on become V - Z O U I */
    la_bitrev_w(a, t0, t0);
    la_srli_w(a, t0, t0, 26);
    la_srli_d(a, t1, t0, 1);
    la_andi(a, t1, t1, 1);
    la_bstrins_d(a, t0, LA_ZERO, 1, 1);
    la_or(a, t0, t0, t1);
    la_ld_wu(a, t1, LA_ENV, g->s->env_mxcsr);
    la_or(a, t0, t0, t1);
    la_st_w(a, t0, LA_ENV, g->s->env_mxcsr);
    la_here(g, none);
    la_ld_wu(a, t0, LA_SP, FRAME_FCSR);
    la_movgr2fcsr(a, 0, t0);
}

void la_fcsr_arm(LAGen *g, unsigned t0)
{
    LAAsm *a = &g->a;

    /* nearest, down, up, zero are 0 3 2 1 here */
    la_ld_wu(a, t0, LA_ENV, g->s->env_mxcsr);
    la_bstrpick_d(a, t0, t0, 14, 13);
    la_sub_d(a, t0, LA_ZERO, t0);
    la_andi(a, t0, t0, 3);
    la_slli_d(a, t0, t0, 8);
    la_ori(a, t0, t0, FCSR_TRAP_INVALID);
    la_movgr2fcsr(a, 0, t0);
}

void gen_ld_mxcsr(LAGen *g, const TCGOp *op)
{
    unsigned v = la_low(g, op->src[0]);

    la_mov(&g->a, LA_TMP1, v);
    la_slow_call(g, la_mxcsr_changed);
}

void gen_st_mxcsr(LAGen *g, const TCGOp *op)
{
    unsigned d = la_dst(g, 0, TCGV_NONE, TCGV_NONE);

    la_fcsr_collect(g, LA_TMP0, LA_TMP1);
    la_fcsr_arm(g, LA_TMP0);
    la_ld_wu(&g->a, d, LA_ENV, g->s->env_mxcsr);
    la_bind(g, 0, d, 32, 64);
}

/* Does an op of the unit depend on MXCSR or the FPU? */
bool la_uses_fp(const LAGen *g)
{
    const TCGContext *s = g->s;

    for (unsigned i = 0; i < s->nb_ops; i++) {
        if (s->ops[i].opc == TCG_OP_v &&
            tcg_vop_defs[s->ops[i].aux].flags & TCG_VF_P) {
            return true;
        }
    }
    return false;
}

/* ---- modes ---- */

void la_set_mode(void *env)
{
    uint32_t mxcsr = *mxcsr_of(env);

    la_scratch(env)[5] = exact || (mxcsr & MX_MASKS) != MX_MASKS ||
                         mxcsr & (MX_DAZ | MX_FTZ);
}

/* MXCSR becomes @arg. */
uint64_t la_mxcsr_changed(void *env, uint64_t arg, void *frame)
{
    uint32_t *mxcsr = mxcsr_of(env), now = arg & 0xffff;
    bool flags = (*mxcsr ^ now) & MX_FLAGS;

    if (flags || !((*mxcsr ^ now) & MX_RC)) {
        exact = true;
    }
    *mxcsr = now;
    la_set_mode(env);
    return 0;
}

/* A helper may have changed MXCSR; what it was is in scratch[4]. */
uint64_t la_mxcsr_restored(void *env, uint64_t arg, void *frame)
{
    if ((*mxcsr_of(env) ^ la_scratch(env)[4]) & MX_FLAGS) {
        exact = true;
    }
    la_set_mode(env);
    return 0;
}

/* ---- traps ---- */

/* An instruction that may trap as a vop. */
typedef struct FpInsn {
    uint32_t op, mask;
    uint8_t vop, esz;
    uint8_t kind;
} FpInsn;

enum { K_BINARY, K_UNARY, K_FCMP, K_TO_INT, K_FMA, K_VCMP, K_VBINARY, K_VUNARY,
       K_VNARROW, K_VFMA };

#define DJK_MASK 0xffff8000u
#define DJ_MASK  0xfffffc00u
#define BOTH(name, vop, kind) \
    { LA_OP_##name##_s, DJK_MASK, vop, MO_32, kind }, \
    { LA_OP_##name##_d, DJK_MASK, vop, MO_64, kind }
#define BOTH1(name, vop, kind) \
    { LA_OP_##name##_s, DJ_MASK, vop, MO_32, kind }, \
    { LA_OP_##name##_d, DJ_MASK, vop, MO_64, kind }
#define ONE(name, vop, esz, kind) { LA_OP_##name, DJ_MASK, vop, esz, kind }

static const FpInsn insns[] = {
    BOTH(fadd, VOP_fadd, K_BINARY), BOTH(fsub, VOP_fsub, K_BINARY),
    BOTH(fmul, VOP_fmul, K_BINARY), BOTH(fdiv, VOP_fdiv, K_BINARY),
    BOTH1(fsqrt, VOP_fsqrt, K_UNARY), BOTH1(frint, VOP_fround, K_UNARY),
    ONE(fcvt_s_d, VOP_cvtsd2ss, MO_64, K_UNARY),
    ONE(fcvt_d_s, VOP_cvtss2sd, MO_32, K_UNARY),
    ONE(ftint_w_s, VOP_cvtf2si, MO_32, K_TO_INT),
    ONE(ftint_w_d, VOP_cvtf2si, MO_64, K_TO_INT),
    ONE(ftintrz_w_s, VOP_cvttf2si, MO_32, K_TO_INT),
    ONE(ftintrz_w_d, VOP_cvttf2si, MO_64, K_TO_INT),
    ONE(ftint_l_s, VOP_cvtf2si, MO_32, K_TO_INT),
    ONE(ftint_l_d, VOP_cvtf2si, MO_64, K_TO_INT),
    ONE(ftintrz_l_s, VOP_cvttf2si, MO_32, K_TO_INT),
    ONE(ftintrz_l_d, VOP_cvttf2si, MO_64, K_TO_INT),
    { LA_OP_fcmp_caf_s, 0xfff00000u, 0, MO_32, K_FCMP },
    { LA_OP_fcmp_caf_d, 0xfff00000u, 0, MO_64, K_FCMP },
    { 0x08000000, 0xff000000u, 0, 0, K_FMA },           /* fmadd ... */
    { 0x09000000, 0xff000000u, 0, 0, K_VFMA },
    { LA_OP_vfcmp_caf_s, 0xfff00000u, 0, MO_32, K_VCMP },
    { LA_OP_vfcmp_caf_d, 0xfff00000u, 0, MO_64, K_VCMP },
    BOTH(vfadd, VOP_fadd, K_VBINARY), BOTH(vfsub, VOP_fsub, K_VBINARY),
    BOTH(vfmul, VOP_fmul, K_VBINARY), BOTH(vfdiv, VOP_fdiv, K_VBINARY),
    BOTH1(vfsqrt, VOP_fsqrt, K_VUNARY), BOTH1(vfrint, VOP_fround, K_VUNARY),
    ONE(vfcvtl_d_s, VOP_cvtps2pd, MO_32, K_VUNARY),
    ONE(vftint_w_s, VOP_cvtps2dq, MO_32, K_VUNARY),
    ONE(vftintrz_w_s, VOP_cvttps2dq, MO_32, K_VUNARY),
    { LA_OP_vfcvt_s_d, DJK_MASK, VOP_cvtpd2ps, MO_64, K_VNARROW },
    { LA_OP_vftint_w_d, DJK_MASK, VOP_cvtpd2dq, MO_64, K_VNARROW },
    { LA_OP_vftintrz_w_d, DJK_MASK, VOP_cvttpd2dq, MO_64, K_VNARROW },
};

static bool is_nan(const TCGVec *v, unsigned esz, unsigned lane)
{
    return esz == MO_64 ? (v->q[lane] << 1) > 0xffe0000000000000ull
                        : (v->l[lane] << 1) > 0xff000000u;
}

static bool is_signaling(const TCGVec *v, unsigned esz, unsigned lane)
{
    return is_nan(v, esz, lane) && !(esz == MO_64 ? v->q[lane] >> 51 & 1
                                                  : v->l[lane] >> 22 & 1);
}

/* Do the predicates of fcmp and vfcmp hold, whose number is @cond? */
static bool predicate(unsigned cond, const TCGVec *a, const TCGVec *b,
                      unsigned esz, unsigned lane)
{
    double x, y;

    if (is_nan(a, esz, lane) || is_nan(b, esz, lane)) {
        return cond & 8;
    }
    x = esz == MO_64 ? a->d[lane] : a->f[lane];
    y = esz == MO_64 ? b->d[lane] : b->f[lane];
    return (cond & 2 && x < y) || (cond & 4 && x == y) ||
           (cond & 16 && x != y);
}

static bool invalid(bool signaling, const TCGVec *a, const TCGVec *b,
                    unsigned esz, unsigned lane)
{
    return signaling ? is_nan(a, esz, lane) || is_nan(b, esz, lane)
                     : is_signaling(a, esz, lane) ||
                       is_signaling(b, esz, lane);
}

/* Registers from byte @f->first on, at most 16 bytes. */
static void read_reg(const LAFpContext *f, unsigned reg, TCGVec *v)
{
    memset(v, 0, sizeof(*v));
    memcpy(v, (uint8_t *)f->regs + reg * f->size + f->first,
           MIN(f->size, 16u));
}

static void write_reg(const LAFpContext *f, unsigned reg, const TCGVec *v,
                      unsigned size)
{
    memcpy((uint8_t *)f->regs + reg * f->size + f->first, v, size);
}

static void vector_compare(uint32_t insn, unsigned esz, TCGVec *d,
                           const TCGVec *a, const TCGVec *b, TCGFpEnv *fp)
{
    unsigned cond = insn >> 15 & 31;

    for (unsigned k = 0; k < 16u >> esz; k++) {
        bool yes = predicate(cond, a, b, esz, k);

        if (invalid(cond & 1, a, b, esz, k)) {
            fp->mxcsr |= MX_IE;
        }
        if (esz == MO_64) {
            d->q[k] = -(uint64_t)yes;
        } else {
            d->l[k] = -(uint32_t)yes;
        }
    }
}

static void emulate(const FpInsn *i, uint32_t insn, const LAFpContext *f,
                    TCGFpEnv *fp)
{
    unsigned d = insn & 31;
    TCGVec a, b, r = { .q = { 0 } };

    read_reg(f, insn >> 5 & 31, &a);
    read_reg(f, insn >> 10 & 31, &b);
    switch (i->kind) {
    case K_BINARY:
        tcg_vop_ref(VOP_DESC(i->vop, VW_16, i->esz, TCG_F_SCALAR), &r, &a, &b,
                    &b, 0, fp);
        write_reg(f, d, &r, 1u << i->esz);
        break;
    case K_UNARY:
        tcg_vop_ref(VOP_DESC(i->vop, VW_16, i->esz, TCG_F_SCALAR), &r, &r, &a,
                    &a, 4, fp);
        write_reg(f, d, &r, i->vop == VOP_cvtsd2ss ? 4 :
                            i->vop == VOP_cvtss2sd ? 8 : 1u << i->esz);
        break;
    case K_TO_INT:
        r.q[0] = insn & 0x2000 ? 1ull << 63 : 1ull << 31;
        fp->mxcsr |= MX_IE;
        write_reg(f, d, &r, 8);
        break;
    case K_FCMP:
        memset((uint8_t *)f->fcc + (insn & 7),
               predicate(insn >> 15 & 31, &a, &b, i->esz, 0), 1);
        fp->mxcsr |= MX_IE;
        break;
    case K_FMA:
    case K_VFMA:
        /* The code behind it finds a NaN and asks the reference. */
        for (unsigned k = 0; k < 4; k++) {
            r.l[k] = 0x7fffffff;
        }
        write_reg(f, d, &r, i->kind == K_FMA ? 8 : 16);
        break;
    case K_VCMP:
        vector_compare(insn, i->esz, &r, &a, &b, fp);
        write_reg(f, d, &r, 16);
        break;
    case K_VBINARY:
        tcg_vop_ref(VOP_DESC(i->vop, VW_16, i->esz, 0), &r, &a, &b, &b, 0, fp);
        write_reg(f, d, &r, 16);
        break;
    case K_VNARROW:
        tcg_vop_ref(VOP_DESC(i->vop, VW_16, i->esz, 0), &b, &b, &b, &b, 0, fp);
        tcg_vop_ref(VOP_DESC(i->vop, VW_16, i->esz, 0), &a, &a, &a, &a, 0, fp);
        b.q[1] = a.q[0];
        write_reg(f, d, &b, 16);
        break;
    default:
        tcg_vop_ref(VOP_DESC(i->vop, VW_16, i->esz, 0), &r, &a, &a, &a, 4, fp);
        write_reg(f, d, &r, 16);
        break;
    }
}

bool la_fix_fault(void *env, void *p)
{
    ucontext_t *uc = p;
    uint32_t insn = *(const uint32_t *)uc->uc_mcontext.__pc;
    uint32_t narrow = la_narrow(insn);
    uint32_t *mxcsr = mxcsr_of(env);
    TCGFpEnv fp;
    LAFpContext f;

    __builtin_loongarch_movgr2fcsr(0, 0);
    if (!la_fp_context(uc, &f)) {
        return false;
    }
    for (unsigned k = 0; k < ARRAY_SIZE(insns); k++) {
        if ((narrow & insns[k].mask) == insns[k].op) {
            fp.mxcsr = *mxcsr & ~MX_FLAGS;
            emulate(&insns[k], narrow, &f, &fp);
            if (narrow != insn) {
                f.first = 16;
                emulate(&insns[k], narrow, &f, &fp);
            }
            *mxcsr |= fp.mxcsr & MX_FLAGS;
            uc->uc_mcontext.__pc += 4;
            return true;
        }
    }
    return false;
}
