/*
 * x87 state in memory: FNSTENV, FLDENV, FNSAVE, FRSTOR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/guest-ptr.h"
#include "target/i386/x87/soft.h"
#include "target/i386/x87/helpers.h"
#include "target/i386/x87/state.h"

void x87_init(CPUArchState *env)
{
    env->fpuc = 0x37f;
    env->fpus = 0;
    env->fpstt = 0;
    env->fpip = env->fpdp = 0;
    env->fpop = 0;
    for (unsigned i = 0; i < 8; i++) {
        env->fptags[i] = 1;
    }
}

void x87_set_status(CPUArchState *env, uint16_t sw)
{
    env->fpstt = (sw >> 11) & 7;
    env->fpus = sw & ~0x3800u;
    x87_update_summary(env);
}

uint16_t x87_tag_word(const CPUArchState *env)
{
    uint16_t tw = 0;

    for (unsigned i = 0; i < 8; i++) {
        tw |= (env->fptags[i] ? 3 : x87_tag(env->fpregs[i])) << (2 * i);
    }
    return tw;
}

void x87_set_tag_word(CPUArchState *env, uint16_t tw)
{
    for (unsigned i = 0; i < 8; i++) {
        env->fptags[i] = (tw >> (2 * i) & 3) == 3;
    }
}

/* Guest memory is unaligned; volatile keeps accesses whole and in order. */
typedef struct QEMU_PACKED Unaligned {
    union {
        uint16_t w;
        uint32_t l;
        uint64_t q;
    };
} Unaligned;

static void put16(uint64_t addr, uint16_t v)
{
    ((volatile Unaligned *)guest_ptr(addr))->w = v;
}
static void put32(uint64_t addr, uint32_t v)
{
    ((volatile Unaligned *)guest_ptr(addr))->l = v;
}
static void put64(uint64_t addr, uint64_t v)
{
    ((volatile Unaligned *)guest_ptr(addr))->q = v;
}
static uint16_t get16(uint64_t addr)
{
    return ((volatile Unaligned *)guest_ptr(addr))->w;
}
static uint32_t get32(uint64_t addr)
{
    return ((volatile Unaligned *)guest_ptr(addr))->l;
}
static uint64_t get64(uint64_t addr)
{
    return ((volatile Unaligned *)guest_ptr(addr))->q;
}

/* Returns the size of the environment. */
static unsigned store_env(const CPUArchState *env, uint64_t addr, bool small)
{
    uint16_t tw = x87_tag_word(env), sw = x87_status(env);

    if (small) {
        put16(addr, env->fpuc);
        put16(addr + 2, sw);
        put16(addr + 4, tw);
        put16(addr + 6, env->fpip);
        put16(addr + 8, 0);
        put16(addr + 10, env->fpdp);
        put16(addr + 12, 0);
        return 14;
    }
    put32(addr, env->fpuc | 0xffff0000u);
    put32(addr + 4, sw | 0xffff0000u);
    put32(addr + 8, tw | 0xffff0000u);
    put32(addr + 12, env->fpip);
    put32(addr + 16, (uint32_t)(env->fpop & 0x7ff) << 16);
    put32(addr + 20, env->fpdp);
    put32(addr + 24, 0xffff0000u);
    return 28;
}

typedef struct EnvImage {
    uint16_t cw, sw, tw, op;
    uint32_t ip, dp;
} EnvImage;

static unsigned read_env(EnvImage *im, uint64_t addr, bool small)
{
    if (small) {
        im->cw = get16(addr);
        im->sw = get16(addr + 2);
        im->tw = get16(addr + 4);
        im->ip = get16(addr + 6);
        im->dp = get16(addr + 10);
        im->op = 0;
        (void)get16(addr + 12);
        return 14;
    }
    im->cw = get16(addr);
    im->sw = get16(addr + 4);
    im->tw = get16(addr + 8);
    im->ip = get32(addr + 12);
    im->op = get32(addr + 16) >> 16 & 0x7ff;
    im->dp = get32(addr + 20);
    (void)get32(addr + 24);
    return 28;
}

static void set_env(CPUArchState *env, const EnvImage *im)
{
    env->fpuc = x87_valid_cw(im->cw);
    env->fpip = im->ip;
    env->fpdp = im->dp;
    env->fpop = im->op;
    x87_set_status(env, im->sw);
    x87_set_tag_word(env, im->tw);
    x87_host_clear();
}

static void helper_x87_stenv(CPUArchState *env, uint64_t addr, uint64_t small)
{
    store_env(env, addr, small);
    env->fpuc |= X87_EXC;
    x87_update_summary(env);
}
X86_HELPER(x87_stenv, 2, 0, X86_HF_MEM);

static void helper_x87_ldenv(CPUArchState *env, uint64_t addr, uint64_t small)
{
    EnvImage im;

    read_env(&im, addr, small);
    set_env(env, &im);
}
X86_HELPER(x87_ldenv, 2, 0, X86_HF_MEM);

static void helper_x87_save(CPUArchState *env, uint64_t addr, uint64_t small)
{
    uint64_t regs = addr + (small ? 14 : 28);

    for (unsigned i = 0; i < 8; i++) {
        X87Reg r = env->fpregs[(env->fpstt + i) & 7];

        put64(regs + 10 * i, r.mant);
        put16(regs + 10 * i + 8, r.exp);
    }
    store_env(env, addr, small);
    x87_init(env);
    x87_host_clear();
}
X86_HELPER(x87_save, 2, 0, X86_HF_MEM);

static void helper_x87_rstor(CPUArchState *env, uint64_t addr, uint64_t small)
{
    X87Reg r[8];
    EnvImage im;
    uint64_t regs = addr + read_env(&im, addr, small);

    for (unsigned i = 0; i < 8; i++) {
        r[i] = (X87Reg) { .mant = get64(regs + 10 * i),
                          .exp = get16(regs + 10 * i + 8) };
    }
    set_env(env, &im);
    for (unsigned i = 0; i < 8; i++) {
        env->fpregs[(env->fpstt + i) & 7] = r[i];
    }
}
X86_HELPER(x87_rstor, 2, 0, X86_HF_MEM);
