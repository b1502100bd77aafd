/*
 * Images of the x87, SSE and AVX state: FXSAVE, XSAVE and their opposites.
 * Layout: SDM volume 1, sections 10.5.1 and 13.4.  There is one extended
 * component (the upper halves of YMM), so the standard and the compacted form
 * put it at the same place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/guest-ptr.h"
#include "exec/engine.h"
#include "target/i386/helper.h"
#include "target/i386/x87/state.h"
#include "target/i386/x87/x87.h"

#define XSTATE_X87 1u
#define XSTATE_SSE 2u
#define XSTATE_AVX 4u

#define XCOMP_COMPACT (UINT64_C(1) << 63)
#define MXCSR_MASK 0xffffu
#define MXCSR_INIT 0x1f80u

typedef struct QEMU_PACKED FxImage {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    struct QEMU_PACKED {
        uint64_t mant;
        uint16_t exp;
        uint8_t pad[6];
    } st[8];
    uint8_t xmm[16][16];
    uint8_t rest[96];
} FxImage;
QEMU_BUILD_BUG_ON(sizeof(FxImage) != 512);

typedef struct QEMU_PACKED XsaveImage {
    FxImage fx;
    uint64_t xstate_bv, xcomp_bv, reserved[6];
    uint8_t ymmh[16][16];
} XsaveImage;
QEMU_BUILD_BUG_ON(sizeof(XsaveImage) != 832);
QEMU_BUILD_BUG_ON(offsetof(XsaveImage, ymmh) != 576);

void cpu_x87_init(CPUArchState *env)
{
    memset(env->fpregs, 0, sizeof(env->fpregs));
    x87_init(env);
    x87_host_clear();
}

static void save_x87(const CPUArchState *env, FxImage *fx)
{
    fx->fcw = env->fpuc;
    fx->fsw = x87_status(env);
    fx->ftw = 0;
    for (unsigned i = 0; i < 8; i++) {
        const X87Reg *r = &env->fpregs[(env->fpstt + i) & 7];

        fx->ftw |= (env->fptags[i] ? 0 : 1) << i;
        fx->st[i].mant = r->mant;
        fx->st[i].exp = r->exp;
        memset(fx->st[i].pad, 0, sizeof(fx->st[i].pad));
    }
    fx->reserved = 0;
    fx->fop = env->fpop;
    fx->fip = env->fpip;
    fx->fdp = env->fpdp;
}

static void load_x87(CPUArchState *env, const FxImage *fx)
{
    env->fpuc = x87_valid_cw(fx->fcw);
    x87_set_status(env, fx->fsw);
    x87_host_clear();
    for (unsigned i = 0; i < 8; i++) {
        X87Reg *r = &env->fpregs[(env->fpstt + i) & 7];

        env->fptags[i] = fx->ftw >> i & 1 ? 0 : 1;
        r->mant = fx->st[i].mant;
        r->exp = fx->st[i].exp;
    }
    env->fpop = fx->fop & 0x7ff;
    env->fpip = fx->fip;
    env->fpdp = fx->fdp;
}

static void save_sse(const CPUArchState *env, FxImage *fx)
{
    for (unsigned i = 0; i < 16; i++) {
        memcpy(fx->xmm[i], env->vregs[i].b, 16);
    }
}

static void load_sse(CPUArchState *env, const FxImage *fx)
{
    for (unsigned i = 0; i < 16; i++) {
        memcpy(env->vregs[i].b, fx->xmm[i], 16);
    }
}

static void save_mxcsr(const CPUArchState *env, FxImage *fx)
{
    fx->mxcsr = env->mxcsr;
    fx->mxcsr_mask = MXCSR_MASK;
}

void cpu_fxsave(CPUArchState *env, void *buf)
{
    FxImage *fx = buf;

    save_x87(env, fx);
    save_mxcsr(env, fx);
    save_sse(env, fx);
}

bool cpu_fxrstor(CPUArchState *env, const void *buf)
{
    const FxImage *fx = buf;

    if (fx->mxcsr & ~MXCSR_MASK) {
        return false;
    }
    load_x87(env, fx);
    cpu_set_mxcsr(env, fx->mxcsr);
    load_sse(env, fx);
    return true;
}

size_t cpu_xsave_size(const CPUArchState *env)
{
    return env->xcr0 & XSTATE_AVX ? sizeof(XsaveImage) :
           offsetof(XsaveImage, ymmh);
}

uint64_t cpu_xinuse(const CPUArchState *env)
{
    uint64_t used = XSTATE_X87 | XSTATE_SSE;

    for (unsigned i = 0; i < 16; i++) {
        if (env->vregs[i].q[2] | env->vregs[i].q[3]) {
            used |= XSTATE_AVX;
            break;
        }
    }
    return used;
}

/* @skip_unused: XSAVEOPT, XSAVEC leave out what is in its initial state. */
static void xsave(CPUArchState *env, XsaveImage *x, uint64_t mask,
                  bool skip_unused, bool compact)
{
    uint64_t used = cpu_xinuse(env) & mask;
    uint64_t write = skip_unused ? used : mask;

    if (write & XSTATE_X87) {
        save_x87(env, &x->fx);
    }
    if (write & XSTATE_SSE) {
        save_sse(env, &x->fx);
    }
    if (mask & (compact ? XSTATE_SSE : XSTATE_SSE | XSTATE_AVX)) {
        save_mxcsr(env, &x->fx);
    }
    if (write & XSTATE_AVX) {
        for (unsigned i = 0; i < 16; i++) {
            memcpy(x->ymmh[i], env->vregs[i].b + 16, 16);
        }
    }
    if (compact) {
        x->xstate_bv = used;
        x->xcomp_bv = XCOMP_COMPACT | mask;
    } else {
        x->xstate_bv = (x->xstate_bv & ~mask) | used;
    }
}

void cpu_xsave(CPUArchState *env, void *buf, uint64_t mask)
{
    XsaveImage *x = buf;

    mask &= env->xcr0;
    memset(&x->xstate_bv, 0, 64);
    xsave(env, x, mask, false, false);
}

bool cpu_xrstor(CPUArchState *env, const void *buf, uint64_t mask)
{
    const XsaveImage *x = buf;
    uint64_t bv = x->xstate_bv;
    bool compact = x->xcomp_bv & XCOMP_COMPACT;
    uint64_t reserved = compact ? 0 : x->xcomp_bv;

    mask &= env->xcr0;
    for (unsigned i = 0; i < 6; i++) {
        reserved |= x->reserved[i];
    }
    if (reserved || bv & ~env->xcr0 ||
        (compact && (bv & ~x->xcomp_bv ||
                     x->xcomp_bv & ~(env->xcr0 | XCOMP_COMPACT)))) {
        return false;
    }
    if (mask & (compact ? bv & XSTATE_SSE : XSTATE_SSE | XSTATE_AVX) &&
        x->fx.mxcsr & ~MXCSR_MASK) {
        return false;
    }
    if (mask & XSTATE_X87) {
        if (bv & XSTATE_X87) {
            load_x87(env, &x->fx);
        } else {
            cpu_x87_init(env);
        }
    }
    if (!compact && mask & (XSTATE_SSE | XSTATE_AVX)) {
        cpu_set_mxcsr(env, x->fx.mxcsr);
    } else if (compact && mask & XSTATE_SSE) {
        cpu_set_mxcsr(env, bv & XSTATE_SSE ? x->fx.mxcsr : MXCSR_INIT);
    }
    for (unsigned i = 0; i < 16; i++) {
        if (mask & XSTATE_SSE) {
            memset(env->vregs[i].b, 0, 16);
        }
        if (mask & XSTATE_AVX) {
            memset(env->vregs[i].b + 16, 0, 16);
            if (bv & XSTATE_AVX) {
                memcpy(env->vregs[i].b + 16, x->ymmh[i], 16);
            }
        }
    }
    if (mask & bv & XSTATE_SSE) {
        load_sse(env, &x->fx);
    }
    return true;
}

/* --- instructions ------------------------------------------------------- */

static uint64_t requested(const CPUArchState *env)
{
    return (env->regs[R_EDX] << 32 | (uint32_t)env->regs[R_EAX]) & env->xcr0;
}

/*
 * Without REX.W the pointers are 32 bits and the selectors follow; a 64-bit
 * program has selectors of zero there.
 */
static void narrow_pointers(FxImage *fx)
{
    fx->fip = (uint32_t)fx->fip;
    fx->fdp = (uint32_t)fx->fdp;
}

static void helper_state_save(CPUArchState *env, uint64_t addr, uint64_t mode)
{
    void *p = guest_ptr(addr);
    XsaveImage x;

    if (mode & STATE_FX) {
        /* bytes 416.. belong to software */
        cpu_fxsave(env, &x);
        if (!(mode & STATE_REXW)) {
            narrow_pointers(&x.fx);
        }
        memcpy(p, &x.fx, offsetof(FxImage, rest));
        return;
    }
    xsave(env, p, requested(env), mode & STATE_COMPACT,
          mode & STATE_COMPACT);
    if (!(mode & STATE_REXW) && requested(env) & XSTATE_X87) {
        narrow_pointers(p);
    }
}

static void helper_state_load(CPUArchState *env, uint64_t addr, uint64_t mode)
{
    const void *p = guest_ptr(addr);
    XsaveImage x;
    bool ok;

    /* A copy, so that a fault comes before any register changes. */
    if (mode & STATE_FX) {
        memcpy(&x.fx, p, sizeof(x.fx));
    } else {
        uint64_t mask = requested(env);

        memcpy(&x, p, offsetof(XsaveImage, ymmh));
        if (x.xstate_bv & mask & XSTATE_AVX) {
            memcpy(x.ymmh, (const char *)p + offsetof(XsaveImage, ymmh),
                   sizeof(x.ymmh));
        }
    }
    if (!(mode & STATE_REXW)) {
        narrow_pointers(&x.fx);
    }
    ok = mode & STATE_FX ? cpu_fxrstor(env, &x) :
         cpu_xrstor(env, &x, requested(env));
    if (!ok) {
        cpu_raise_exception(env, EXCP0D_GPF, 0, 0);
    }
}

X86_HELPER(state_save, 2, 0, TCG_HF_FAULTS | TCG_HF_READS_GLOBALS |
           TCG_HF_READS_VREGS | TCG_HF_MXCSR);
X86_HELPER(state_load, 2, 0, TCG_HF_FAULTS | TCG_HF_READS_GLOBALS |
           TCG_HF_READS_VREGS | TCG_HF_WRITES_VREGS | TCG_HF_MXCSR);
