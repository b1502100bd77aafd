/*
 * The x87 register stack: helpers that combine the arithmetic of x87.h with
 * the stack, its tags and the status word.
 *
 * Concurrency: a helper works on the CPU of the calling thread only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/x87/soft.h"
#include "target/i386/x87/helpers.h"
#include "target/i386/x87/state.h"

static inline X87Reg *st(CPUArchState *env, unsigned i)
{
    return &env->fpregs[(env->fpstt + i) & 7];
}

static inline bool empty(const CPUArchState *env, unsigned i)
{
    return env->fptags[(env->fpstt + i) & 7];
}

static inline void pop(CPUArchState *env, unsigned n)
{
    while (n--) {
        env->fptags[env->fpstt] = 1;
        env->fpstt = (env->fpstt + 1) & 7;
    }
}

static inline X87Fpu begin(const CPUArchState *env)
{
    return (X87Fpu) { .cw = env->fpuc, .sw = env->fpus & ~X87_C1 };
}

/* Summarise: ES and B follow the unmasked exceptions. */
static inline uint16_t summary(const X87Fpu *f)
{
    return likely(!x87_unmasked(f, X87_EXC)) ? f->sw : f->sw | X87_ES | X87_B;
}

static inline void end(CPUArchState *env, const X87Fpu *f)
{
    env->fpus = summary(f);
}

void x87_update_summary(CPUArchState *env)
{
    env->fpus &= ~(X87_ES | X87_B);
    if (env->fpus & ~env->fpuc & X87_EXC) {
        env->fpus |= X87_ES | X87_B;
    }
}

/* Stack fault; true if it is masked, so that the default NaN results. */
static bool stack_fault(X87Fpu *f, bool overflow)
{
    f->sw |= X87_IE | X87_SF | (overflow ? X87_C1 : 0);
    return f->cw & X87_IE;
}

static void push_raw(CPUArchState *env, X87Reg v)
{
    env->fpstt = (env->fpstt - 1) & 7;
    env->fptags[env->fpstt] = 0;
    x87_copy(st(env, 0), &v);
}

/*
 * Push @v, which a conversion just made and recorded in @f.  A denormal is
 * loaded even when its exception is not masked.
 */
static void push(CPUArchState *env, X87Fpu *f, X87Reg v)
{
    if (unlikely(!empty(env, 7))) {
        *f = begin(env);
        if (stack_fault(f, true)) {
            push_raw(env, x87_indefinite());
        }
    } else if (likely(!x87_unmasked(f, X87_IE))) {
        push_raw(env, v);
    }
    end(env, f);
}

/* Push @v, which raised nothing. */
static inline void push_exact(CPUArchState *env, X87Reg v)
{
    if (likely(empty(env, 7))) {
        env->fpus &= ~X87_C1;
        push_raw(env, v);
    } else {
        X87Fpu f = begin(env);

        push(env, &f, v);
    }
}

static void helper_x87_ld_f32(CPUArchState *env, uint64_t v)
{
    X87Fpu f = begin(env);

    push(env, &f, x87_from_f32(&f, v));
}
X86_HELPER(x87_ld_f32, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_ld_f64(CPUArchState *env, uint64_t v)
{
    X87Fpu f = begin(env);

    push(env, &f, x87_from_f64(&f, v));
}
X86_HELPER(x87_ld_f64, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_ld_int(CPUArchState *env, uint64_t v)
{
    push_exact(env, x87_from_int(v));
}
X86_HELPER(x87_ld_int, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_ld_f80(CPUArchState *env, uint64_t mant, uint64_t exp)
{
    push_exact(env, (X87Reg) { .mant = mant, .exp = exp });
}
X86_HELPER(x87_ld_f80, 2, 0, TCG_HF_NO_VEC);

static void helper_x87_ld_bcd(CPUArchState *env, uint64_t low, uint64_t high)
{
    uint8_t bcd[10];

    for (unsigned i = 0; i < 8; i++) {
        bcd[i] = low >> (8 * i);
    }
    bcd[8] = high;
    bcd[9] = high >> 8;
    push_exact(env, x87_from_bcd(bcd));
}
X86_HELPER(x87_ld_bcd, 2, 0, TCG_HF_NO_VEC);

static void helper_x87_ld_st(CPUArchState *env, uint64_t i)
{
    if (unlikely(empty(env, i))) {
        X87Fpu f = begin(env);

        /* beats an overflow */
        if (stack_fault(&f, false)) {
            push_raw(env, x87_indefinite());
        }
        end(env, &f);
        return;
    }
    push_exact(env, (X87Reg) { .mant = st(env, i)->mant,
                               .exp = st(env, i)->exp });
}
X86_HELPER(x87_ld_st, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_ld_const(CPUArchState *env, uint64_t n)
{
    push_exact(env, x87_constant(n, (env->fpuc >> 10) & 3));
}
X86_HELPER(x87_ld_const, 1, 0, TCG_HF_NO_VEC);

static uint64_t store_value(CPUArchState *env, X87Fpu *f, X87Reg v,
                            unsigned fmt)
{
    switch (fmt) {
    case X87_FMT_F32:
        return x87_to_f32(f, v);
    case X87_FMT_F64:
        return x87_to_f64(f, v);
    case X87_FMT_F80:
        env->vtmp[3].q[0] = v.mant;
        env->vtmp[3].w[4] = v.exp;
        return 0;
    case X87_FMT_I16:
        return x87_to_int(f, v, 16, x87_rc(f));
    case X87_FMT_I32:
        return x87_to_int(f, v, 32, x87_rc(f));
    case X87_FMT_I64:
        return x87_to_int(f, v, 64, x87_rc(f));
    case X87_FMT_I16 | X87_FMT_TRUNC:
        return x87_to_int(f, v, 16, X87_RC_ZERO);
    case X87_FMT_I32 | X87_FMT_TRUNC:
        return x87_to_int(f, v, 32, X87_RC_ZERO);
    case X87_FMT_I64 | X87_FMT_TRUNC:
        return x87_to_int(f, v, 64, X87_RC_ZERO);
    default:
        x87_to_bcd(f, v, env->vtmp[3].b);
        return 0;
    }
}

static uint64_t helper_x87_st(CPUArchState *env, uint64_t fmt)
{
    X87Fpu f = begin(env);
    X87Reg v = *st(env, 0);
    uint64_t r;

    if (unlikely(empty(env, 0))) {
        X87Fpu t = { .cw = f.cw };

        stack_fault(&f, false);
        r = store_value(env, &t, x87_indefinite(), fmt);
    } else {
        r = store_value(env, &f, v, fmt);
    }
    env->fpus_next = summary(&f);
    env->fp_skip = x87_unmasked(&f, X87_EXC_STORE);
    return r;
}
X86_HELPER(x87_st, 1, 1, TCG_HF_NO_VEC);

static void helper_x87_st_done(CPUArchState *env, uint64_t n)
{
    env->fpus = env->fpus_next;
    if (likely(!env->fp_skip)) {
        pop(env, n);
    }
}
X86_HELPER(x87_st_done, 1, 0, TCG_HF_NO_VEC);

static void set_compare(X87Fpu *f, uint16_t cc)
{
    f->sw = (f->sw & ~X87_CC) | cc;
}

#define UNORDERED (X87_C3 | X87_C2 | X87_C0)

static void helper_x87_arith(CPUArchState *env, uint64_t desc)
{
    unsigned op = desc & 15, d = (desc >> 4) & 7, s = (desc >> 8) & 7;
    X87Fpu f = begin(env);
    bool done;

    if (unlikely(empty(env, d) || empty(env, s))) {
        done = stack_fault(&f, false);
        if (done) {
            *st(env, d) = x87_indefinite();
            env->fptags[(env->fpstt + d) & 7] = 0;
        }
    } else {
        done = x87_arith(&f, op, st(env, d), st(env, s));
    }
    if (likely(done)) {
        pop(env, desc >> 12);
    }
    end(env, &f);
}
X86_HELPER(x87_arith, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_arith_mem(CPUArchState *env, uint64_t desc,
                                 uint64_t value)
{
    unsigned op = desc & 15, src = desc >> 4;
    X87Fpu f = begin(env);

    if (likely(!empty(env, 0))) {
        if (op == X87_COM || op == X87_COMP) {
            set_compare(&f, x87_soft_compare_mem(&f, *st(env, 0), src, value));
        } else {
            x87_arith_mem(&f, op, st(env, 0), src, value);
        }
    } else if (op == X87_COM || op == X87_COMP) {
        stack_fault(&f, false);
        set_compare(&f, UNORDERED);
    } else if (stack_fault(&f, false)) {
        *st(env, 0) = x87_indefinite();
        env->fptags[env->fpstt] = 0;
    }
    if (op == X87_COMP && likely(!x87_unmasked(&f, X87_EXC_PRE))) {
        pop(env, 1);
    }
    end(env, &f);
}
X86_HELPER(x87_arith_mem, 2, 0, TCG_HF_NO_VEC);

static void compare_st(CPUArchState *env, unsigned i, bool quiet, unsigned n)
{
    X87Fpu f = begin(env);

    if (unlikely(empty(env, 0) || empty(env, i))) {
        stack_fault(&f, false);
        set_compare(&f, UNORDERED);
    } else {
        set_compare(&f, x87_soft_compare(&f, *st(env, 0), *st(env, i), quiet));
    }
    if (likely(!x87_unmasked(&f, X87_EXC_PRE))) {
        pop(env, n);
    }
    end(env, &f);
}

static void helper_x87_com(CPUArchState *env, uint64_t desc)
{
    compare_st(env, desc & 7, (desc >> 4) & 1, desc >> 8);
}
X86_HELPER(x87_com, 1, 0, TCG_HF_NO_VEC);

/* Unlike all others these leave C1 alone. */
static uint64_t helper_x87_comi(CPUArchState *env, uint64_t desc)
{
    unsigned i = desc & 7;
    X87Fpu f = begin(env);
    uint16_t cc;

    if (unlikely(empty(env, 0) || empty(env, i))) {
        stack_fault(&f, false);
        cc = UNORDERED;
    } else {
        cc = x87_soft_compare(&f, *st(env, 0), *st(env, i), (desc >> 4) & 1);
        f.sw |= env->fpus & X87_C1;
    }
    end(env, &f);
    if (likely(!x87_unmasked(&f, X87_EXC_PRE))) {
        pop(env, desc >> 8);
    }
    return (cc & X87_C3 ? CC_Z : 0) | (cc & X87_C2 ? CC_P : 0) |
           (cc & X87_C0 ? CC_C : 0);
}
X86_HELPER(x87_comi, 1, 1, TCG_HF_NO_VEC);

/* r replaces ST(0). */
static void finish_unary(CPUArchState *env, const X87Fpu *f, X87Reg r)
{
    if (likely(!x87_unmasked(f, X87_EXC_PRE))) {
        x87_copy(st(env, 0), &r);
        env->fptags[env->fpstt] = 0;
    }
    end(env, f);
}

/* ST(1) = r, pop. */
static void finish_binary_pop(CPUArchState *env, const X87Fpu *f, X87Reg r)
{
    if (likely(!x87_unmasked(f, X87_EXC_PRE))) {
        *st(env, 1) = r;
        env->fptags[(env->fpstt + 1) & 7] = 0;
        pop(env, 1);
    }
    end(env, f);
}

/* ST(0) = r, then push second. */
static void finish_push(CPUArchState *env, const X87Fpu *f, X87Reg r,
                        X87Reg second)
{
    if (likely(!x87_unmasked(f, X87_EXC_PRE))) {
        *st(env, 0) = r;
        env->fptags[env->fpstt] = 0;
        push_raw(env, second);
    }
    end(env, f);
}

static void push_pair(CPUArchState *env, unsigned which)
{
    X87Fpu f = begin(env);
    X87Reg a = *st(env, 0), r, second = x87_indefinite();

    if (which != X87_XTRACT) {
        f.sw &= ~X87_C2;
    }
    if (unlikely(empty(env, 0) || !empty(env, 7))) {
        stack_fault(&f, !empty(env, 0));
        finish_push(env, &f, x87_indefinite(), second);
        return;
    }
    if (which == X87_XTRACT) {
        X87Reg exp;

        second = x87_xtract(&f, a, &exp);
        finish_push(env, &f, exp, second);
        return;
    }
    if (which == X87_TAN) {
        r = x87_tan(&f, a);
        /* a NaN is pushed instead of 1.0 */
        second = (r.exp & 0x7fff) == 0x7fff ? r : x87_one();
    } else {
        r = x87_sincos(&f, a, &second);
    }
    if (f.sw & X87_C2) {
        end(env, &f);
    } else {
        finish_push(env, &f, r, second);
    }
}

static void unary(CPUArchState *env, unsigned which)
{
    X87Fpu f = begin(env);
    X87Reg a = *st(env, 0), r = a;

    if (which == X87_SIN || which == X87_COS) {
        f.sw &= ~X87_C2;
    }
    if (unlikely(empty(env, 0))) {
        stack_fault(&f, false);
        finish_unary(env, &f, x87_indefinite());
        return;
    }
    switch (which) {
    case X87_CHS:
        r.exp ^= 0x8000;
        break;
    case X87_ABS:
        r.exp &= 0x7fff;
        break;
    case X87_F2XM1:
        r = x87_f2xm1(&f, a);
        break;
    case X87_SQRT:
        r = x87_sqrt(&f, a);
        break;
    case X87_RNDINT:
        r = x87_rndint(&f, a);
        break;
    case X87_SIN:
        r = x87_sin(&f, a);
        break;
    default:
        r = x87_cos(&f, a);
        break;
    }
    finish_unary(env, &f, r);
}

static void binary(CPUArchState *env, unsigned which)
{
    X87Fpu f = begin(env);
    X87Reg a = *st(env, 0), b = *st(env, 1), r;
    bool fault = empty(env, 0) || empty(env, 1);

    if (which == X87_PREM || which == X87_PREM1) {
        f.sw &= ~X87_C2;
    }
    r = x87_indefinite();
    if (unlikely(fault)) {
        stack_fault(&f, false);
    }
    switch (which) {
    case X87_YL2X:
        finish_binary_pop(env, &f, fault ? r : x87_yl2x(&f, b, a));
        break;
    case X87_YL2XP1:
        finish_binary_pop(env, &f, fault ? r : x87_yl2xp1(&f, b, a));
        break;
    case X87_ATAN:
        finish_binary_pop(env, &f, fault ? r : x87_patan(&f, b, a));
        break;
    case X87_PREM:
        finish_unary(env, &f, fault ? r : x87_prem(&f, a, b));
        break;
    case X87_PREM1:
        finish_unary(env, &f, fault ? r : x87_prem1(&f, a, b));
        break;
    default:
        finish_unary(env, &f, fault ? r : x87_scale(&f, a, b));
        break;
    }
}

static void helper_x87_misc(CPUArchState *env, uint64_t which)
{
    X87Fpu f;

    switch (which) {
    case X87_CHS:
    case X87_ABS:
    case X87_F2XM1:
    case X87_SQRT:
    case X87_RNDINT:
    case X87_SIN:
    case X87_COS:
        unary(env, which);
        break;
    case X87_YL2X:
    case X87_YL2XP1:
    case X87_ATAN:
    case X87_PREM:
    case X87_PREM1:
    case X87_SCALE:
        binary(env, which);
        break;
    case X87_TAN:
    case X87_XTRACT:
    case X87_SINCOS:
        push_pair(env, which);
        break;
    case X87_TST:
        f = begin(env);
        if (empty(env, 0)) {
            stack_fault(&f, false);
            set_compare(&f, UNORDERED);
        } else {
            set_compare(&f, x87_soft_compare(&f, *st(env, 0),
                                        x87_reg(false, 0, 0), false));
        }
        end(env, &f);
        break;
    case X87_XAM:
        f = begin(env);
        set_compare(&f, empty(env, 0) ? X87_C3 | X87_C0 |
                    (st(env, 0)->exp >> 15 ? X87_C1 : 0) :
                    x87_examine(*st(env, 0)));
        end(env, &f);
        break;
    case X87_COMPP:
        compare_st(env, 1, false, 2);
        break;
    case X87_UCOMPP:
        compare_st(env, 1, true, 2);
        break;
    case X87_DECSTP:
    default:
        env->fpstt = (env->fpstt + (which == X87_DECSTP ? 7 : 1)) & 7;
        env->fpus &= ~X87_C1;
        break;
    }
}
X86_HELPER(x87_misc, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_xch(CPUArchState *env, uint64_t i)
{
    X87Reg *a = st(env, 0), *b = st(env, i), t;

    if (unlikely(empty(env, 0) || empty(env, i))) {
        X87Fpu f = begin(env);

        if (stack_fault(&f, false)) {
            if (empty(env, 0)) {
                *a = x87_indefinite();
            }
            if (empty(env, i)) {
                *b = x87_indefinite();
            }
            env->fptags[env->fpstt] = 0;
            env->fptags[(env->fpstt + i) & 7] = 0;
            t = *a;
            *a = *b;
            *b = t;
        }
        end(env, &f);
        return;
    }
    env->fpus &= ~X87_C1;
    t = *a;
    x87_copy(a, b);
    x87_copy(b, &t);
}
X86_HELPER(x87_xch, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_st_st(CPUArchState *env, uint64_t desc)
{
    unsigned i = desc & 7;
    X87Reg v = *st(env, 0);

    env->fpus &= ~X87_C1;
    if (unlikely(empty(env, 0))) {
        X87Fpu f = begin(env);
        bool masked;

        if (desc >> 8) {
            pop(env, 1);
            return;
        }
        masked = stack_fault(&f, false);

        end(env, &f);
        if (!masked) {
            return;
        }
        v = x87_indefinite();
    }
    x87_copy(st(env, i), &v);
    env->fptags[(env->fpstt + i) & 7] = 0;
    pop(env, (desc >> 4) & 1);
}
X86_HELPER(x87_st_st, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_free(CPUArchState *env, uint64_t desc)
{
    env->fpus &= ~X87_C1;
    env->fptags[(env->fpstt + desc) & 7] = 1;
    pop(env, desc >> 4);
}
X86_HELPER(x87_free, 1, 0, TCG_HF_NO_VEC);

static void helper_x87_cmov(CPUArchState *env, uint64_t i, uint64_t cond)
{
    if (unlikely(empty(env, 0) || empty(env, i))) {
        X87Fpu f = begin(env);

        if (stack_fault(&f, false)) {
            *st(env, 0) = x87_indefinite();
            env->fptags[env->fpstt] = 0;
        }
        end(env, &f);
    } else if (cond) {
        x87_copy(st(env, 0), st(env, i));
    }
}
X86_HELPER(x87_cmov, 2, 0, TCG_HF_NO_VEC);

static void helper_x87_init(CPUArchState *env)
{
    x87_init(env);
    x87_host_clear();
}
X86_HELPER(x87_init, 0, 0, TCG_HF_NO_VEC);

static void helper_x87_clex(CPUArchState *env)
{
    env->fpus &= ~(X87_EXC | X87_SF | X87_ES | X87_B);
    x87_host_clear();
}
X86_HELPER(x87_clex, 0, 0, TCG_HF_NO_VEC);

static void helper_x87_ldcw(CPUArchState *env, uint64_t cw)
{
    env->fpuc = x87_valid_cw(cw);
    x87_update_summary(env);
}
X86_HELPER(x87_ldcw, 1, 0, TCG_HF_NO_VEC);
