/*
 * Helpers of integer and system instructions that are not worth IR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/guest-ptr.h"
#include "exec/engine.h"
#include "target/i386/helper.h"
#include "tcg/tcg-backend.h"
#include <sched.h>
#include <sys/random.h>
#include <time.h>

/* --- CMPXCHG16B --------------------------------------------------------- */

#if defined(__x86_64__)
static TCG_HELPER_NO_VEC bool cas16(uint64_t *p, uint64_t *lo, uint64_t *hi,
                                    uint64_t new_lo, uint64_t new_hi)
{
    bool equal;

    asm volatile("lock cmpxchg16b %1"
                 : "=@ccz" (equal), "+m" (*(struct { uint64_t q[2]; } *)p),
                   "+a" (*lo), "+d" (*hi)
                 : "b" (new_lo), "c" (new_hi)
                 : "memory");
    return equal;
}
#else
/*
 * Hosts without a 16-byte compare-and-swap: a spin lock per address hash
 * keeps CMPXCHG16B atomic against itself, and the low half is written with an
 * atomic 8-byte compare-and-swap.
 */
static bool cas16(uint64_t *p, uint64_t *lo, uint64_t *hi,
                  uint64_t new_lo, uint64_t new_hi)
{
    static atomic_flag locks[64];
    atomic_flag *l = &locks[((uintptr_t)p >> 4) & 63];
    uint64_t a, b;
    bool equal;

    /* Both halves must be writable before the lock is taken: a fault while it
     * is held would never release it. */
    __atomic_fetch_or(&p[0], 0, __ATOMIC_SEQ_CST);
    while (atomic_flag_test_and_set_explicit(l, memory_order_acquire)) {
    }
    a = __atomic_load_n(&p[0], __ATOMIC_ACQUIRE);
    b = __atomic_load_n(&p[1], __ATOMIC_ACQUIRE);
    equal = a == *lo && b == *hi;
    if (equal) {
        equal = __atomic_compare_exchange_n(&p[0], &a, new_lo, false,
                                            __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST);
        if (equal) {
            __atomic_store_n(&p[1], new_hi, __ATOMIC_SEQ_CST);
        }
    }
    atomic_flag_clear_explicit(l, memory_order_release);
    *lo = a;
    *hi = b;
    return equal;
}
#endif

static TCG_HELPER_NO_VEC uint64_t helper_cmpxchg16b(CPUArchState *env,
                                                    uint64_t addr)
{
    uint64_t lo = env->regs[R_EAX], hi = env->regs[R_EDX];
    bool equal = cas16(guest_ptr(addr), &lo, &hi,
                       env->regs[R_EBX], env->regs[R_ECX]);

    if (!equal) {
        env->regs[R_EAX] = lo;
        env->regs[R_EDX] = hi;
    }
    return equal;
}
X86_HELPER(cmpxchg16b, 1, 1, X86_HF_MEM | TCG_HF_READS_GLOBALS |
           TCG_HF_WRITES_GLOBALS);

/* --- LOCK NEG ----------------------------------------------------------- */

/*
 * Atomic negation: retried until nobody interfered.  The value that was read
 * last is the old one.
 */
static uint64_t TCG_HELPER_NO_VEC helper_lock_neg(CPUArchState *env,
                                                  uint64_t addr, uint64_t size)
{
#define NEG(type)                                                       \
    do {                                                                \
        type *p = guest_ptr(addr);                                      \
        type old = __atomic_load_n(p, __ATOMIC_RELAXED);                \
        while (!__atomic_compare_exchange_n(p, &old, (type)-old, false, \
                                            __ATOMIC_SEQ_CST,           \
                                            __ATOMIC_RELAXED)) {        \
        }                                                               \
        return old;                                                     \
    } while (0)
#ifndef __x86_64__
    if (addr & (size - 1)) {
        unsigned w = __builtin_ctzll(size);
        uint64_t guess = 0, old;

        while ((old = tcg_atomic_rmw(TCG_OP_cmpxchg, w, addr, guess,
                                     -guess)) != guess) {
            guess = old;
        }
        return old;
    }
#endif
    switch (size) {
    case 1:
        NEG(uint8_t);
    case 2:
        NEG(uint16_t);
    case 4:
        NEG(uint32_t);
    default:
        NEG(uint64_t);
    }
#undef NEG
}
X86_HELPER(lock_neg, 2, 1, X86_HF_MEM);

/* --- segments ----------------------------------------------------------- */

/* The selectors Linux gives a 64-bit program. */
#define SEL_USER32_CS 0x23
#define SEL_USER_DS   0x2b
#define SEL_USER_CS   0x33
#define SEL_CPU_NODE  0x7b

/* SS takes the stack segment only; others any that is readable, or none. */
static bool is_loadable(uint64_t seg, uint64_t sel)
{
    if (seg == R_SS) {
        return sel == SEL_USER_DS;
    }
    switch (sel | 3) {
    case 3:
    case SEL_USER_DS:
    case SEL_USER_CS:
    case SEL_USER32_CS:
    case SEL_CPU_NODE:
        return true;
    default:
        return false;
    }
}

static void helper_load_seg(CPUArchState *env, uint64_t seg, uint64_t sel)
{
    sel &= 0xffff;
    if (is_loadable(seg, sel)) {
        env->segs[seg] = sel;
        if (seg == R_FS) {
            env->fs_base = 0;
        } else if (seg == R_GS) {
            env->gs_base = 0;
        }
        return;
    }
    cpu_raise_exception(env, EXCP0D_GPF, sel & 0xfffc, 0);
}
X86_HELPER(load_seg, 2, 0, TCG_HF_FAULTS | TCG_HF_READS_GLOBALS);

static TCG_HELPER_NO_VEC uint64_t helper_segment_info(CPUArchState *env,
                                                      uint64_t sel,
                                                      uint64_t what)
{
    uint32_t rights, limit;

    switch (sel | 3) {
    case SEL_USER_CS:
        rights = 0xaffb00;
        limit = 0xffffffff;
        break;
    case SEL_USER32_CS:
        rights = 0xcffb00;
        limit = 0xffffffff;
        break;
    case SEL_USER_DS:
        rights = 0xcff300;
        limit = 0xffffffff;
        break;
    case SEL_CPU_NODE:
        rights = 0x40f500;
        limit = sched_getcpu() & 0xfff;
        break;
    default:
        return 0;
    }
    if (what == SEGINFO_WRITE && (sel | 3) != SEL_USER_DS) {
        return 0;
    }
    return UINT64_C(1) << 32 | (what == SEGINFO_LIMIT ? limit : rights);
}
X86_HELPER(segment_info, 2, 1, 0);

/* Only 64-bit user code can be entered; a return needs the right level. */
static void check_code_selector(CPUArchState *env, uint64_t sel, bool ret)
{
    sel &= 0xffff;
    if ((ret ? sel : sel | 3) != SEL_USER_CS) {
        cpu_raise_exception(env, EXCP0D_GPF, sel & 0xfffc, 0);
    }
}

static void check_canonical(CPUArchState *env, uint64_t addr)
{
    if ((uint64_t)((int64_t)(addr << 16) >> 16) != addr) {
        cpu_raise_exception(env, EXCP0D_GPF, 0, 0);
    }
}

static uint64_t read_size(uint64_t addr, unsigned size)
{
    uint64_t v = 0;

    memcpy(&v, guest_ptr(addr), size);
    return v;
}

static void write_size(uint64_t addr, unsigned size, uint64_t v)
{
    memcpy(guest_ptr(addr), &v, size);
}

static void popf(CPUArchState *env, uint64_t v, unsigned size)
{
    uint32_t mask = TF_MASK | NT_MASK | DF_MASK;

    if (size > 2) {
        mask |= AC_MASK | ID_MASK;
    }
    cpu_set_eflags(env, v, mask);
    if (unlikely(v & TF_MASK)) {
        cpu_trap_flag_set(env);
    }
}

static TCG_HELPER_NO_VEC void helper_popf(CPUArchState *env, uint64_t v,
                                          uint64_t size)
{
    popf(env, v, size);
}
X86_HELPER(popf, 2, 0, TCG_HF_NO_VEC);

/* RETF and IRET: everything is read and checked before a register changes. */
static uint64_t helper_far_return(CPUArchState *env, uint64_t size,
                                  uint64_t pop, uint64_t iret)
{
    uint64_t rsp = env->regs[R_ESP];
    uint64_t rip = read_size(rsp, size);
    uint64_t cs = read_size(rsp + size, size);

    if (iret) {
        uint64_t flags = read_size(rsp + 2 * size, size);
        uint64_t new_rsp = read_size(rsp + 3 * size, size);
        uint64_t ss = read_size(rsp + 4 * size, size);

        check_code_selector(env, cs, true);
        if ((ss & 0xffff) != SEL_USER_DS) {
            cpu_raise_exception(env, EXCP0D_GPF, ss & 0xfffc, 0);
        }
        check_canonical(env, rip);
        env->segs[R_SS] = ss;
        env->regs[R_ESP] = new_rsp;
        popf(env, flags, size);
        cpu_set_eflags(env, flags, CC_ALL);
    } else {
        check_code_selector(env, cs, true);
        check_canonical(env, rip);
        env->regs[R_ESP] = rsp + 2 * size + pop;
    }
    return rip;
}
X86_HELPER(far_return, 3, 1, X86_HF_ALL | TCG_HF_WRITES_CC);

static uint64_t helper_far_jump(CPUArchState *env, uint64_t addr,
                                uint64_t size, uint64_t ret)
{
    uint64_t rip = read_size(addr, size);
    uint64_t cs = read_size(addr + size, 2);

    check_code_selector(env, cs, false);
    check_canonical(env, rip);
    if (ret) {
        uint64_t rsp = env->regs[R_ESP];

        write_size(rsp - size, size, env->segs[R_CS]);
        write_size(rsp - 2 * size, size, ret);
        env->regs[R_ESP] = rsp - 2 * size;
    }
    return rip;
}
X86_HELPER(far_jump, 3, 1, X86_HF_ALL);

/* --- identification, time, randomness ----------------------------------- */

static void helper_cpuid(CPUArchState *env)
{
    uint32_t a, b, c, d;

    x86_cpuid(env->model, env->regs[R_EAX], env->regs[R_ECX], &a, &b, &c, &d);
    env->regs[R_EAX] = a;
    env->regs[R_EBX] = b;
    env->regs[R_ECX] = c;
    env->regs[R_EDX] = d;
}
X86_HELPER(cpuid, 0, 0, TCG_HF_READS_GLOBALS | TCG_HF_WRITES_GLOBALS);

#if defined(__x86_64__)
static TCG_HELPER_NO_VEC uint64_t helper_rdtsc(CPUArchState *env)
{
    return __builtin_ia32_rdtsc() + env->tsc_offset;
}
X86_HELPER(rdtsc, 0, 1, TCG_HF_NO_VEC);
#else
/* One tick is one nanosecond. */
static uint64_t helper_rdtsc(CPUArchState *env)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec + env->tsc_offset;
}
X86_HELPER(rdtsc, 0, 1, 0);
#endif

/* As Linux sets up IA32_TSC_AUX: node << 12 | processor. */
static uint64_t helper_rdpid(CPUArchState *env)
{
    unsigned cpu = 0, node = 0;

    getcpu(&cpu, &node);
    return cpu | node << 12;
}
X86_HELPER(rdpid, 0, 1, 0);

static uint64_t helper_rdrand(CPUArchState *env)
{
    uint64_t v = 0;

    if (env->random_seeded) {
        return qemu_random_step(&env->random_state);
    }
    while (getrandom(&v, sizeof(v), 0) != sizeof(v)) {
    }
    return v;
}
X86_HELPER(rdrand, 0, 1, 0);

static uint64_t helper_xgetbv(CPUArchState *env)
{
    uint32_t index = env->regs[R_ECX];

    switch (index) {
    case 0:
        return env->xcr0;
    case 1:
        return env->xcr0 & cpu_xinuse(env);
    default:
        cpu_raise_exception(env, EXCP0D_GPF, 0, 0);
    }
}
X86_HELPER(xgetbv, 0, 1, TCG_HF_FAULTS | TCG_HF_READS_GLOBALS |
           TCG_HF_READS_VREGS);
