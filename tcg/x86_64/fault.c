/*
 * Guest registers in the signal frame of a host fault inside generated code.
 *
 * Knows the layout of Linux's x86-64 signal frames: general registers, the
 * FXSAVE image and, where the kernel saved it, the XSAVE area behind it.
 * Async-signal-safe: reads what x86_fault_init() prepared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include <cpuid.h>
#include <ucontext.h>

/* Magic number at offset 464 of the FXSAVE image when an XSAVE area follows. */
#define FP_XSTATE_MAGIC 0x46505853u
#define XSTATE_YMM      4u
#define MXCSR_FLAGS     0x3fu
#define MXCSR_DEFAULT   0x1f80u

/* Index into gregs[] of each host register. */
static const uint8_t greg_of[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

static const TCGContext *ctx;

void x86_fault_init(const TCGContext *s)
{
    ctx = s;
}

/*
 * Where the YMM halves are in an XSAVE area, or 0.  Not asked for before it is
 * needed: CPUID is slow under a hypervisor.
 */
static unsigned get_ymm_offset(void)
{
    static _Atomic unsigned offset;
    unsigned a, b, c, d;

    if (have(X86_AVX) && !offset && __get_cpuid_count(13, 2, &a, &b, &c, &d)) {
        offset = b;
    }
    return offset;
}

/* The YMM halves, or NULL when they are not in the frame (all zero). */
static uint8_t *ymm_halves(const ucontext_t *uc, bool *have_area)
{
    unsigned ymm_offset = get_ymm_offset();
    uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
    uint32_t magic;
    uint64_t xstate_bv;

    memcpy(&magic, fp + 464, 4);
    *have_area = ymm_offset && magic == FP_XSTATE_MAGIC;
    if (!*have_area) {
        return NULL;
    }
    memcpy(&xstate_bv, fp + 512, 8);
    return xstate_bv & XSTATE_YMM ? fp + ymm_offset : NULL;
}

/* Are the guest's rax and rdx in the frame of generated code? */
static bool borrowed(const ucontext_t *uc)
{
    const greg_t *r = uc->uc_mcontext.gregs;

    return *(const uint8_t *)r[REG_RIP] == X86_DIV_MARK;
}

static uint64_t *frame_slot(const ucontext_t *uc, unsigned n)
{
    return (uint64_t *)(uc->uc_mcontext.gregs[REG_RSP] + FRAME_TMP + n * 8);
}

/* The place of a pinned general register. */
static uint64_t *gpr_place(const ucontext_t *uc, unsigned reg)
{
    if ((reg == X86_RAX || reg == X86_RDX) && borrowed(uc)) {
        return frame_slot(uc, reg == X86_RDX);
    }
    return (uint64_t *)&uc->uc_mcontext.gregs[greg_of[reg]];
}

/* Temps, for x86_settle_state(). */
static uint64_t *temps_of(void *env)
{
    return (uint64_t *)((uint8_t *)env + ctx->env_common +
                        offsetof(CPUCommon, scratch));
}

/* @state is x86_waiting_cc(). */
void x86_settle_state(void *env, unsigned state, const void *uc)
{
    const uint32_t field[3] = { ctx->env_cc_dst, ctx->env_cc_src,
                                ctx->env_cc_src2 };

    for (unsigned k = 0; k < 3; k++) {
        unsigned t = state >> 2 * k & 3;

        if (t) {
            memcpy((uint8_t *)env + field[k], &temps_of(env)[t - 1], 8);
        }
    }
}

void x86_sync_from_ucontext(void *env, const void *p)
{
    const ucontext_t *uc = p;
    const greg_t *r = uc->uc_mcontext.gregs;
    bool have_area;
    const uint8_t *ymm = ymm_halves(uc, &have_area);

    for (TCGv v = 1; v <= ctx->nb_globals; v++) {
        const TCGVal *x = &ctx->vals[v];
        uint8_t *home = (uint8_t *)env + x->offset;

        if (x->pinned == 0xff) {
            continue;
        }
        if (x->type == TCG_I64) {
            memcpy(home, gpr_place(uc, x->pinned), 8);
            continue;
        }

        unsigned n = x->pinned - RA_VEC;

        memcpy(home, &uc->uc_mcontext.fpregs->_xmm[n], 16);
        if (!have(X86_AVX)) {
            continue;           /* the upper half lives in the CPU state */
        }
        if (ymm) {
            memcpy(home + 16, ymm + n * 16, 16);
        } else {
            memset(home + 16, 0, 16);
        }
    }
    memcpy((uint8_t *)env + ctx->env_mxcsr, &uc->uc_mcontext.fpregs->mxcsr, 4);
    temps_of(env)[0] = r[REG_R10];
    temps_of(env)[1] = r[REG_R11];
    temps_of(env)[2] = r[REG_R13];
}

void x86_abandon(void *env, const void *p)
{
    uint32_t *mxcsr = (uint32_t *)((uint8_t *)env + ctx->env_mxcsr);
    const ucontext_t *uc = p;
    uint32_t now, own = MXCSR_DEFAULT;

    if (uc) {
        now = uc->uc_mcontext.fpregs->mxcsr;
    } else {
        __asm__ volatile("stmxcsr %0" : "=m" (now));
    }
    *mxcsr |= now & MXCSR_FLAGS;
    __asm__ volatile("ldmxcsr %0" : : "m" (own));
}

void x86_fpu_save(void *env)
{
    uint32_t *mxcsr = (uint32_t *)((uint8_t *)env + ctx->env_mxcsr);
    uint32_t now;

    __asm__ volatile("stmxcsr %0" : "=m" (now));
    *mxcsr |= now & MXCSR_FLAGS;
}

void x86_fpu_load(const void *env)
{
    const uint32_t *mxcsr = (uint32_t *)((uint8_t *)env + ctx->env_mxcsr);

    __asm__ volatile("ldmxcsr %0" : : "m" (*mxcsr));
}

void x86_sync_to_ucontext(const void *env, void *p)
{
    ucontext_t *uc = p;
    bool have_area;
    uint8_t *ymm = ymm_halves(uc, &have_area);

    if (have_area && !ymm) {
        uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
        uint64_t xstate_bv;

        ymm = fp + get_ymm_offset();
        memset(ymm, 0, 256);
        memcpy(&xstate_bv, fp + 512, 8);
        xstate_bv |= XSTATE_YMM;
        memcpy(fp + 512, &xstate_bv, 8);
    }
    for (TCGv v = 1; v <= ctx->nb_globals; v++) {
        const TCGVal *x = &ctx->vals[v];
        const uint8_t *home = (const uint8_t *)env + x->offset;

        if (x->pinned == 0xff) {
            continue;
        }
        if (x->type == TCG_I64) {
            memcpy(gpr_place(uc, x->pinned), home, 8);
            continue;
        }

        unsigned n = x->pinned - RA_VEC;

        memcpy(&uc->uc_mcontext.fpregs->_xmm[n], home, 16);
        if (ymm) {
            memcpy(ymm + n * 16, home + 16, 16);
        }
    }
    memcpy(&uc->uc_mcontext.fpregs->mxcsr, (const uint8_t *)env +
           ctx->env_mxcsr, 4);
}
