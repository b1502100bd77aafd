/*
 * The guest CPU's architecture registers as functions of its state: EFLAGS,
 * MXCSR, reset.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/cpu.h"
#include "target/i386/helper.h"
#include "tcg/tcg-cc.h"

#define OTHER_MASK (TF_MASK | NT_MASK | RF_MASK | AC_MASK | ID_MASK)

uint32_t TCG_HELPER_NO_VEC cpu_get_eflags(const CPUArchState *env)
{
    uint32_t cc = tcg_cc_eval(env->cc_op, env->cc_dst, env->cc_src,
                              env->cc_src2);

    return cc | env->eflags_other | (env->df < 0 ? DF_MASK : 0) | IF_MASK | 2;
}

void TCG_HELPER_NO_VEC cpu_set_eflags(CPUArchState *env, uint32_t eflags,
                                      uint32_t mask)
{
    uint32_t other = mask & OTHER_MASK;

    if (mask & CC_ALL) {
        uint32_t cc = eflags & CC_ALL;

        if ((mask & CC_ALL) != CC_ALL) {
            uint32_t old = tcg_cc_eval(env->cc_op, env->cc_dst, env->cc_src,
                                       env->cc_src2);
            cc = (old & ~mask) | (cc & mask);
        }
        env->cc_op = TCG_CC_OP(CC_KIND_EFLAGS, MO_32);
        env->cc_dst = cc;
    }
    if (mask & DF_MASK) {
        env->df = eflags & DF_MASK ? -1 : 1;
    }
    env->eflags_other = (env->eflags_other & ~other) | (eflags & other);
}

void cpu_set_mxcsr(CPUArchState *env, uint32_t mxcsr)
{
    /* Entering translated code arms the host FPU with it. */
    env->mxcsr = mxcsr & 0xffff;
}

void cpu_sync_mxcsr(CPUArchState *env)
{
    /* Leaving translated code, and helpers that ask for it, have done it. */
}

void cpu_x86_reset(CPUArchState *env)
{
    memset(env->regs, 0, sizeof(env->regs));
    env->rip = 0;
    env->cc_op = TCG_CC_OP(CC_KIND_EFLAGS, MO_32);
    env->cc_dst = env->cc_src = env->cc_src2 = 0;
    env->eflags_other = 0;
    env->df = 1;
    env->fs_base = env->gs_base = 0;
    memset(env->segs, 0, sizeof(env->segs));
    env->segs[R_CS] = 0x33;
    env->segs[R_SS] = 0x2b;
    env->error_code = 0;
    env->cr2 = 0;
    env->host_si_code = 0;
    memset(env->vregs, 0, sizeof(env->vregs));
    cpu_set_mxcsr(env, 0x1f80);
    cpu_x87_init(env);
    env->xcr0 = x86_model_xcr0(env->model);
}
