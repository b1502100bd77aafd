/*
 * The interpreter loop: direct threaded code, one label per handler.
 *
 * Guest memory is accessed in place.  Before an access the address of the
 * instruction goes to CPUCommon.scratch[0], and scratch[1] holds the frame:
 * that is all a fault handler needs to name the guest instruction and to bring
 * the guest registers into the CPU state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "interp.h"
#include "../softfloat.h"
#include "qemu/guest-ptr.h"

InterpLayout interp_layout;
int32_t interp_handlers[H_MAX];
void (*tcg_interp_trap)(void *env, int trap, const void *pc);

typedef struct Frame {
    uint64_t r[INTERP_SLOTS];
    TCGVec v[INTERP_VSLOTS];
} Frame;

#define L interp_layout
#define ENV(type, off) (*(type *)((uint8_t *)env + (off)))

static inline CPUCommon *common(void *env)
{
    return &ENV(CPUCommon, L.common);
}

static void regs_in(void *env, Frame *f)
{
    for (unsigned i = 0; i < L.nb_regs; i++) {
        f->r[i + 1] = ENV(uint64_t, L.reg_offset[i]);
    }
}

static void regs_out(void *env, const Frame *f)
{
    for (unsigned i = 0; i < L.nb_regs; i++) {
        ENV(uint64_t, L.reg_offset[i]) = f->r[i + 1];
    }
}

static inline TCGVec *vec(void *env, Frame *f, uint16_t slot)
{
    return slot & INTERP_VSLOT_ENV
           ? &ENV(TCGVec, (slot & ~INTERP_VSLOT_ENV) * 8u)
           : (TCGVec *)((uint8_t *)f->v + slot * 8u);
}

/* Copy 1 << @w bytes; sizes the compiler knows, so no call. */
static inline void copy_vec(void *d, const void *s, unsigned w)
{
    switch (w) {
    case VW_4:
        memcpy(d, s, 4);
        break;
    case VW_8:
        memcpy(d, s, 8);
        break;
    case VW_16:
        memcpy(d, s, 16);
        break;
    default:
        memcpy(d, s, 32);
        break;
    }
}

static void QEMU_NORETURN trap(void *env, Frame *f, int number,
                               const InterpInsn *p)
{
    regs_out(env, f);
    common(env)->scratch[0] = 0;
    tcg_interp_trap(env, number, p);
    abort();
}

/*
 * Integer arithmetic the host language lacks.  Shift counts come masked.
 */

#define SHIFT_OPS(bits, u, s, cmask)                                    \
static inline u shl##bits(u a, uint64_t n)                              \
{                                                                       \
    n &= cmask;                                                         \
    return n >= bits ? 0 : a << n;                                      \
}                                                                       \
static inline u shr##bits(u a, uint64_t n)                              \
{                                                                       \
    n &= cmask;                                                         \
    return n >= bits ? 0 : a >> n;                                      \
}                                                                       \
static inline u sar##bits(u a, uint64_t n)                              \
{                                                                       \
    n &= cmask;                                                         \
    return (s)a >> (n >= bits ? bits - 1 : n);                          \
}                                                                       \
static inline u rotl##bits(u a, uint64_t n)                             \
{                                                                       \
    n &= bits - 1;                                                      \
    return a << n | a >> (-n & (bits - 1));                             \
}                                                                       \
static inline u rotr##bits(u a, uint64_t n)                             \
{                                                                       \
    return rotl##bits(a, -n);                                           \
}
SHIFT_OPS(8, uint8_t, int8_t, 31)
SHIFT_OPS(16, uint16_t, int16_t, 31)
SHIFT_OPS(32, uint32_t, int32_t, 31)
SHIFT_OPS(64, uint64_t, int64_t, 63)
#undef SHIFT_OPS

static uint64_t pdep(uint64_t a, uint64_t mask)
{
    uint64_t r = 0;

    for (; mask; mask &= mask - 1, a >>= 1) {
        if (a & 1) {
            r |= mask & -mask;
        }
    }
    return r;
}

static uint64_t pext(uint64_t a, uint64_t mask)
{
    uint64_t r = 0, bit = 1;

    for (; mask; mask &= mask - 1, bit <<= 1) {
        if (a & mask & -mask) {
            r |= bit;
        }
    }
    return r;
}

/* false: #DE */
static bool div64(uint64_t *q, uint64_t *r, uint64_t lo, uint64_t hi,
                  uint64_t d, bool sign)
{
    unsigned __int128 n = (unsigned __int128)hi << 64 | lo;
    bool nneg = sign && (int64_t)hi < 0, dneg = sign && (int64_t)d < 0;
    unsigned __int128 quo;

    n = nneg ? -n : n;
    d = dneg ? -d : d;
    if (d == 0 || (uint64_t)(n >> 64) >= d) {
        return false;
    }
    quo = n / d;
    if (sign && quo > ((uint64_t)INT64_MAX + (nneg != dneg))) {
        return false;
    }
    *q = nneg != dneg ? -(uint64_t)quo : (uint64_t)quo;
    *r = nneg ? -(uint64_t)(n % d) : (uint64_t)(n % d);
    return true;
}

static bool div32(uint64_t *q, uint64_t *r, uint64_t lo, uint64_t hi,
                  uint64_t d, bool sign)
{
    uint64_t n = (uint64_t)(uint32_t)hi << 32 | (uint32_t)lo;

    if ((uint32_t)d == 0) {
        return false;
    }
    if (sign) {
        int64_t sn = n, sd = (int32_t)d, sq;

        if (sn == INT64_MIN && sd == -1) {
            return false;
        }
        sq = sn / sd;
        if (sq != (int32_t)sq) {
            return false;
        }
        *q = (uint32_t)sq;
        *r = (uint32_t)(sn % sd);
    } else {
        if ((uint32_t)hi >= (uint32_t)d) {
            return false;
        }
        *q = n / (uint32_t)d;
        *r = n % (uint32_t)d;
    }
    return true;
}

/*
 * Atomic read-modify-write.  Naturally aligned operands use the host's atomics;
 * everything else inside one aligned 8-byte cell is a compare-and-swap of the
 * cell.  What crosses a cell is done as a compare and
 * swap of both cells under a lock, atomic among such operations only.
 */
#define GUEST_PAGE 4096u

static atomic_flag split_lock = ATOMIC_FLAG_INIT;

static uint64_t rmw_new(const TCGOpcode opc, uint64_t old, uint64_t a,
                        uint64_t b, uint64_t mask)
{
    switch (opc) {
    case TCG_OP_xchg:
        return a;
    case TCG_OP_cmpxchg:
        return (old & mask) == (a & mask) ? b : old;
    case TCG_OP_atomic_add:
        return old + a;
    case TCG_OP_atomic_and:
        return old & a;
    case TCG_OP_atomic_or:
        return old | a;
    default:
        return old ^ a;
    }
}

#define RMW_ALIGNED(type) do {                                          \
        type *p = guest_ptr(addr), o, n;                                \
        o = __atomic_load_n(p, __ATOMIC_RELAXED);                       \
        do {                                                            \
            n = rmw_new(opc, o, a, b, mask);                            \
        } while (!__atomic_compare_exchange_n(p, &o, n, false,          \
                                              __ATOMIC_SEQ_CST,         \
                                              __ATOMIC_SEQ_CST));       \
        return o;                                                       \
    } while (0)

uint64_t tcg_atomic_rmw(TCGOpcode opc, unsigned w, uint64_t addr, uint64_t a,
                        uint64_t b)
{
    uint64_t mask = tcg_width_mask(w), *cell, old, new, val;
    unsigned size = 1u << w, sh = (addr & 7) * 8;
    uint8_t *first, *last;

    if (!(addr & (size - 1))) {
        switch (w) {
        case MO_8:
            RMW_ALIGNED(uint8_t);
        case MO_16:
            RMW_ALIGNED(uint16_t);
        case MO_32:
            RMW_ALIGNED(uint32_t);
        default:
            RMW_ALIGNED(uint64_t);
        }
    }
    if ((addr & 7) + size <= 8) {
        cell = guest_ptr(addr & ~7ull);
        old = __atomic_load_n(cell, __ATOMIC_RELAXED);
        do {
            val = old >> sh & mask;
            new = rmw_new(opc, val, a, b, mask) & mask;
            new = (old & ~(mask << sh)) | new << sh;
        } while (!__atomic_compare_exchange_n(cell, &old, new, false,
                                              __ATOMIC_SEQ_CST,
                                              __ATOMIC_SEQ_CST));
        return old >> sh & mask;
    }
    /* Touch both ends first: a fault must not leave the lock taken. */
    first = guest_ptr(addr);
    last = guest_ptr(addr + size - 1);
    (void)*(volatile uint8_t *)first;
    val = *(volatile uint8_t *)last;
    __atomic_fetch_or(first, 0, __ATOMIC_SEQ_CST);
    __atomic_fetch_or(last, 0, __ATOMIC_SEQ_CST);
    while (atomic_flag_test_and_set(&split_lock)) {
    }
    val = 0;
    memcpy(&val, guest_ptr(addr), size);
    new = rmw_new(opc, val, a, b, mask);
    memcpy(guest_ptr(addr), &new, size);
    atomic_flag_clear(&split_lock);
    return val;
}

static uint64_t do_call(void *env, Frame *f, const InterpInsn *p,
                        const TCGHelper *h)
{
    const InterpExt *x = (const InterpExt *)(p + 1);
    uint64_t a[6];
    unsigned n = 0;

    if (h->takes_env) {
        a[n++] = (uintptr_t)env;
    }
    for (unsigned i = 0; i < h->nargs; i++) {
        a[n++] = f->r[x->arg[i]];
    }
    switch (n) {
    case 0:
        return ((uint64_t (*)(void))h->fn)();
    case 1:
        return ((uint64_t (*)(uint64_t))h->fn)(a[0]);
    case 2:
        return ((uint64_t (*)(uint64_t, uint64_t))h->fn)(a[0], a[1]);
    case 3:
        return ((uint64_t (*)(uint64_t, uint64_t, uint64_t))h->fn)
               (a[0], a[1], a[2]);
    case 4:
        return ((uint64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t))h->fn)
               (a[0], a[1], a[2], a[3]);
    case 5:
        return ((uint64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t,
                              uint64_t))h->fn)(a[0], a[1], a[2], a[3], a[4]);
    default:
        return ((uint64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t,
                              uint64_t, uint64_t))h->fn)
               (a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

/*
 * A vector op: d is a slot, the extension holds the sources' slots and the
 * descriptor, q the immediate; a has a bit for each source that is an integer.
 */
static inline void do_vop(void *env, Frame *f, const InterpInsn *p, TCGVec *d,
                          TCGFpEnv *fp)
{
    const InterpExt *x = (const InterpExt *)(p + 1);
    TCGVec tmp[3];
    const TCGVec *src[3];

    for (unsigned i = 0; i < 3; i++) {
        if (unlikely(p->a >> i & 1)) {
            tmp[i].q[0] = f->r[x->arg[i]];
            src[i] = &tmp[i];
        } else {
            src[i] = vec(env, f, x->arg[i]);
        }
    }
    tcg_vop_ref(x->desc, d, src[0], src[1], src[2], (int64_t)p->q, fp);
}

/*
 * The same for ops that raise floating point flags: nothing may be written
 * when an exception is unmasked.
 */
static __attribute__((noinline)) void do_vop_fp(void *env, Frame *f, const InterpInsn *p, TCGVec *d)
{
    uint32_t mxcsr = ENV(uint32_t, L.mxcsr);
    TCGFpEnv fp = { .mxcsr = mxcsr };
    TCGVec out;
    uint32_t raised;

    if (likely((~mxcsr & 0x1f80) == 0)) {
        do_vop(env, f, p, d, &fp);
        ENV(uint32_t, L.mxcsr) = fp.mxcsr;
        return;
    }
    fp.mxcsr &= ~0x3fu;
    out = *d;
    do_vop(env, f, p, &out, &fp);
    raised = fp.mxcsr & 0x3f;
    ENV(uint32_t, L.mxcsr) = mxcsr | raised;
    if (unlikely(raised & ~(mxcsr >> 7))) {
        trap(env, f, TCG_TRAP_FP, p);
    }
    *d = out;
}

static uint32_t env_flags(void *env)
{
    return tcg_cc_eval(ENV(uint32_t, L.cc_op), ENV(uint64_t, L.cc_dst),
                       ENV(uint64_t, L.cc_src), ENV(uint64_t, L.cc_src2));
}

static const void *find_code(void *env, uint64_t pc)
{
    TBJmpCacheEntry *e = &common(env)->jmp_cache[TB_JMP_CACHE_HASH(pc)];
    const void *code = __atomic_load_n(&e->code, __ATOMIC_ACQUIRE);

    return __atomic_load_n(&e->pc, __ATOMIC_RELAXED) == pc ? code : NULL;
}

static bool interrupted(void *env)
{
    return atomic_load_explicit(&common(env)->interrupt_request,
                                memory_order_relaxed) != 0;
}

void interp_sync(void *env, bool to_env)
{
    Frame *f = (Frame *)(uintptr_t)common(env)->scratch[1];

    if (to_env) {
        regs_out(env, f);
    } else {
        regs_in(env, f);
    }
}

uintptr_t interp_exec(void *env, const void *code)
{
    Frame frame;
    Frame *const f = &frame;
    uint64_t *const r = frame.r;
    const InterpInsn *p = code;
    uintptr_t result = 0;

    if (unlikely(!code)) {
#define SET(n) interp_handlers[H_##n] = (int32_t)((char *)&&L_##n - \
                                                  (char *)&&base);
#define X(n) SET(n##_8rr) SET(n##_8ri) SET(n##_16rr) SET(n##_16ri) \
             SET(n##_32rr) SET(n##_32ri) SET(n##_64rr) SET(n##_64ri)
        INTERP_ALU(X)
#undef X
#define X(n) SET(set##n##_8rr) SET(set##n##_8ri) SET(set##n##_16rr) \
             SET(set##n##_16ri) SET(set##n##_32rr) SET(set##n##_32ri) \
             SET(set##n##_64rr) SET(set##n##_64ri) \
             SET(br##n##_8rr) SET(br##n##_8ri) SET(br##n##_16rr) \
             SET(br##n##_16ri) SET(br##n##_32rr) SET(br##n##_32ri) \
             SET(br##n##_64rr) SET(br##n##_64ri) \
             SET(sel##n##_8) SET(sel##n##_16) SET(sel##n##_32) \
             SET(sel##n##_64)
        INTERP_COND(X)
#undef X
#define X(n) SET(n##_8) SET(n##_16) SET(n##_32) SET(n##_64)
        INTERP_UNARY(X)
        INTERP_CARRY(X)
#undef X
#define X(n) SET(n##_32) SET(n##_64)
        INTERP_WIDE(X)
#undef X
#define X(n) SET(n##_b) SET(n##_bi) SET(n##_b_tso) SET(n##_bi_tso)
        INTERP_MEM(X)
#undef X
#define X(n) SET(n)
        INTERP_OTHER(X)
#undef X
        return 0;
    }

#define DISPATCH goto *((char *)&&base + p->handler)
#define NEXT do { p++; DISPATCH; } while (0)
#define NEXT2 do { p += 2; DISPATCH; } while (0)
#define RD r[p->d]
#define RA r[p->a]
#define RB r[p->b]
#define RC r[p->c]

    r[0] = 0;
    regs_in(env, f);
    common(env)->scratch[1] = (uintptr_t)f;
    common(env)->exception_index = -1;
    DISPATCH;
base:

    /* Arithmetic: MERGE keeps what an 8 or 16-bit op does not compute. */
#define MERGE8(v)  ((RA & ~0xffull) | (uint8_t)(v))
#define MERGE16(v) ((RA & ~0xffffull) | (uint16_t)(v))
#define MERGE32(v) ((uint32_t)(v))
#define MERGE64(v) (v)
#define ALU1(n, bits, u, expr)                                          \
    L_##n##_##bits##rr: {                                               \
        u a = RA; uint64_t b = RB;                                      \
        RD = MERGE##bits(expr);                                         \
        NEXT;                                                           \
    }                                                                   \
    L_##n##_##bits##ri: {                                               \
        u a = RA; uint64_t b = (int64_t)p->imm;                         \
        RD = MERGE##bits(expr);                                         \
        NEXT;                                                           \
    }
#define ALU(n, expr) ALU1(n, 8, uint8_t, expr) ALU1(n, 16, uint16_t, expr) \
                     ALU1(n, 32, uint32_t, expr) ALU1(n, 64, uint64_t, expr)
#define SHIFT(n) ALU1(n, 8, uint8_t, n##8(a, b)) \
                 ALU1(n, 16, uint16_t, n##16(a, b)) \
                 ALU1(n, 32, uint32_t, n##32(a, b)) \
                 ALU1(n, 64, uint64_t, n##64(a, b))
    ALU(add, a + b)
    ALU(sub, a - b)
    ALU(and, a & b)
    ALU(or, a | b)
    ALU(xor, a ^ b)
    ALU(mul, a * b)
    SHIFT(shl)
    SHIFT(shr)
    SHIFT(sar)
    SHIFT(rotl)
    SHIFT(rotr)

#define COND1(n, bits, t, expr)                                         \
    L_set##n##_##bits##rr: {                                            \
        t a = RA, b = RB; RD = (expr); NEXT;                            \
    }                                                                   \
    L_set##n##_##bits##ri: {                                            \
        t a = RA, b = p->imm; RD = (expr); NEXT;                        \
    }                                                                   \
    L_br##n##_##bits##rr: {                                             \
        t a = RA, b = RB; p += (expr) ? p->imm : 1; DISPATCH;           \
    }                                                                   \
    L_br##n##_##bits##ri: {                                             \
        t a = RA, b = p->imm; p += (expr) ? (int16_t)p->d : 1; DISPATCH; \
    }                                                                   \
    L_sel##n##_##bits: {                                                \
        t a = RA, b = RB; RD = (expr) ? RC : r[p->imm]; NEXT;           \
    }
#define COND_S(n, expr) COND1(n, 8, int8_t, expr) COND1(n, 16, int16_t, expr) \
                        COND1(n, 32, int32_t, expr) COND1(n, 64, int64_t, expr)
#define COND_U(n, expr) COND1(n, 8, uint8_t, expr) \
                        COND1(n, 16, uint16_t, expr) \
                        COND1(n, 32, uint32_t, expr) \
                        COND1(n, 64, uint64_t, expr)
    COND_U(EQ, a == b)
    COND_U(NE, a != b)
    COND_S(LT, a < b)
    COND_S(GE, a >= b)
    COND_U(LTU, a < b)
    COND_U(GEU, a >= b)
    COND_S(LE, a <= b)
    COND_S(GT, a > b)
    COND_U(LEU, a <= b)
    COND_U(GTU, a > b)
    COND_U(TSTEQ, (a & b) == 0)
    COND_U(TSTNE, (a & b) != 0)

#define WIDTHS(n, expr)                                                 \
    L_##n##_8: RD = MERGE8(expr); NEXT;                                 \
    L_##n##_16: RD = MERGE16(expr); NEXT;                               \
    L_##n##_32: RD = MERGE32(expr); NEXT;                               \
    L_##n##_64: RD = MERGE64(expr); NEXT;
    WIDTHS(neg, -RA)
    WIDTHS(not, ~RA)
    WIDTHS(adc, RA + RB + (RC & 1))
    WIDTHS(sbb, RA - RB - (RC & 1))

L_mov:   RD = RA; NEXT;
L_mov8:  RD = MERGE8(RB); NEXT;
L_mov16: RD = MERGE16(RB); NEXT;
L_movi:  RD = p->q; NEXT;
L_extu8:     RD = (uint8_t)RA; NEXT;
L_extu16:    RD = (uint16_t)RA; NEXT;
L_extu32:    RD = (uint32_t)RA; NEXT;
L_exts8_32:  RD = (uint32_t)(int8_t)RA; NEXT;
L_exts16_32: RD = (uint32_t)(int16_t)RA; NEXT;
L_exts8_64:  RD = (int8_t)RA; NEXT;
L_exts16_64: RD = (int16_t)RA; NEXT;
L_exts32_64: RD = (int32_t)RA; NEXT;
    /* b = position, c = length */
L_extract: RD = RA >> p->b & (UINT64_MAX >> (64 - p->c)); NEXT;
L_deposit: {
        uint64_t m = UINT64_MAX >> (64 - p->imm) << p->c;

        RD = (RA & ~m) | (RB << p->c & m);
        NEXT;
    }
L_extract2_32:
    RD = (uint32_t)(((uint64_t)(uint32_t)RB << 32 | (uint32_t)RA) >> p->imm);
    NEXT;
L_extract2_64:
    RD = p->imm ? RA >> p->imm | RB << (64 - p->imm) : RA;
    NEXT;
L_andn_32: RD = (uint32_t)(~RA & RB); NEXT;
L_andn_64: RD = ~RA & RB; NEXT;
L_shld_32: {
        unsigned n = RC & 31;

        RD = n ? (uint32_t)((uint32_t)RA << n | (uint32_t)RB >> (32 - n))
               : (uint32_t)RA;
        NEXT;
    }
L_shld_64: {
        unsigned n = RC & 63;

        RD = n ? RA << n | RB >> (64 - n) : RA;
        NEXT;
    }
L_shrd_32: {
        unsigned n = RC & 31;

        RD = n ? (uint32_t)RA >> n | (uint32_t)((uint32_t)RB << (32 - n))
               : (uint32_t)RA;
        NEXT;
    }
L_shrd_64: {
        unsigned n = RC & 63;

        RD = n ? RA >> n | RB << (64 - n) : RA;
        NEXT;
    }
    /* d = low, c = high */
L_mulu2_32: {
        uint64_t m = (uint64_t)(uint32_t)RA * (uint32_t)RB;

        RD = (uint32_t)m;
        RC = m >> 32;
        NEXT;
    }
L_mulu2_64: {
        unsigned __int128 m = (unsigned __int128)RA * RB;

        RD = (uint64_t)m;
        RC = (uint64_t)(m >> 64);
        NEXT;
    }
L_muls2_32: {
        int64_t m = (int64_t)(int32_t)RA * (int32_t)RB;

        RD = (uint32_t)m;
        RC = (uint64_t)m >> 32;
        NEXT;
    }
L_muls2_64: {
        __int128 m = (__int128)(int64_t)RA * (int64_t)RB;

        RD = (uint64_t)m;
        RC = (uint64_t)((unsigned __int128)m >> 64);
        NEXT;
    }
    /* d = quotient, imm = remainder; a, b = dividend, c = divisor */
#define DIV(n, fn, sign)                                                \
    L_##n: {                                                            \
        uint64_t quo, rem;                                              \
                                                                        \
        if (!fn(&quo, &rem, RA, RB, RC, sign)) {                        \
            trap(env, f, TCG_TRAP_DIV, p);                              \
        }                                                               \
        RD = quo;                                                       \
        r[p->imm] = rem;                                                \
        NEXT;                                                           \
    }
    DIV(divu2_32, div32, false)
    DIV(divu2_64, div64, false)
    DIV(divs2_32, div32, true)
    DIV(divs2_64, div64, true)
L_bswap_32: RD = __builtin_bswap32(RA); NEXT;
L_bswap_64: RD = __builtin_bswap64(RA); NEXT;
L_clz_32: RD = (uint32_t)RA ? __builtin_clz(RA) : 32; NEXT;
L_clz_64: RD = RA ? __builtin_clzll(RA) : 64; NEXT;
L_ctz_32: RD = (uint32_t)RA ? __builtin_ctz(RA) : 32; NEXT;
L_ctz_64: RD = RA ? __builtin_ctzll(RA) : 64; NEXT;
L_popcnt_32: RD = __builtin_popcount(RA); NEXT;
L_popcnt_64: RD = __builtin_popcountll(RA); NEXT;
L_pdep_32: RD = pdep((uint32_t)RA, (uint32_t)RB); NEXT;
L_pdep_64: RD = pdep(RA, RB); NEXT;
L_pext_32: RD = pext((uint32_t)RA, (uint32_t)RB); NEXT;
L_pext_64: RD = pext(RA, RB); NEXT;

L_br: p += p->imm; DISPATCH;

    /* Flags.  a, b, c = operands; imm = cc_op, d selects below. */
L_cc_store:
    ENV(uint32_t, L.cc_op) = p->imm;
    ENV(uint64_t, L.cc_dst) = RA;
    ENV(uint64_t, L.cc_src) = RB;
    ENV(uint64_t, L.cc_src2) = RC;
    NEXT;
    /* imm = condition << 16 | cc_op */
L_cc_test:
    RD = tcg_cc_test(p->imm >> 16, tcg_cc_eval(p->imm & 0xffff, RA, RB, RC));
    NEXT;
L_cc_test_env:
    RD = tcg_cc_test(p->imm >> 16, env_flags(env));
    NEXT;
    /* imm = mask << 16 | cc_op */
L_cc_get:
    RD = p->imm >> 16 & tcg_cc_eval(p->imm & 0xffff, RA, RB, RC);
    NEXT;
L_cc_get_env:
    RD = p->imm >> 16 & env_flags(env);
    NEXT;

    /* Memory: a = base, b = index, c = scale; d = result or value. */
#define ADDR_b  (RA + (int64_t)p->imm)
#define ADDR_bi (RA + (RB << p->c) + (int64_t)p->imm)
#define HERE (common(env)->scratch[0] = (uintptr_t)p)
    /*
     * In the guest's order, by fences: the host's own ordered instructions may
     * want aligned addresses.
     */
#define LOAD1(n, t, via, form)                                          \
    L_##n##_##form: {                                                   \
        t v;                                                            \
                                                                        \
        HERE;                                                           \
        memcpy(&v, guest_ptr(ADDR_##form), sizeof(v));                  \
        RD = (via)v;                                                    \
        NEXT;                                                           \
    }                                                                   \
    L_##n##_##form##_tso: {                                             \
        t v;                                                            \
                                                                        \
        HERE;                                                           \
        memcpy(&v, guest_ptr(ADDR_##form), sizeof(v));                  \
        __atomic_thread_fence(__ATOMIC_ACQUIRE);                        \
        RD = (via)v;                                                    \
        NEXT;                                                           \
    }
#define LOAD(n, t, via) LOAD1(n, t, via, b) LOAD1(n, t, via, bi)
#define STORE1(n, t, form)                                              \
    L_##n##_##form: {                                                   \
        t v = RD;                                                       \
                                                                        \
        HERE;                                                           \
        memcpy(guest_ptr(ADDR_##form), &v, sizeof(v));                  \
        NEXT;                                                           \
    }                                                                   \
    L_##n##_##form##_tso: {                                             \
        t v = RD;                                                       \
                                                                        \
        HERE;                                                           \
        __atomic_thread_fence(__ATOMIC_RELEASE);                        \
        memcpy(guest_ptr(ADDR_##form), &v, sizeof(v));                  \
        NEXT;                                                           \
    }
#define STORE(n, t) STORE1(n, t, b) STORE1(n, t, bi)
    LOAD(ld8, uint8_t, uint64_t)
    LOAD(ld16, uint16_t, uint64_t)
    LOAD(ld32, uint32_t, uint64_t)
    LOAD(ld64, uint64_t, uint64_t)
    LOAD(lds8_32, int8_t, uint32_t)
    LOAD(lds16_32, int16_t, uint32_t)
    LOAD(lds8_64, int8_t, uint64_t)
    LOAD(lds16_64, int16_t, uint64_t)
    LOAD(lds32_64, int32_t, uint64_t)
    STORE(st8, uint8_t)
    STORE(st16, uint16_t)
    STORE(st32, uint32_t)
    STORE(st64, uint64_t)
L_lea_32: RD = (uint32_t)ADDR_bi; NEXT;
L_lea_64: RD = ADDR_bi; NEXT;
    /* arg[0..1] = operands, desc = opcode << 8 | width */
L_atomic: {
        const InterpExt *x = (const InterpExt *)(p + 1);

        HERE;
        RD = tcg_atomic_rmw(x->desc >> 8, x->desc & 0xff, ADDR_bi,
                        r[x->arg[0]], r[x->arg[1]]);
        NEXT2;
    }
L_mb: __atomic_thread_fence(__ATOMIC_SEQ_CST); NEXT;

L_ld_env8:  RD = ENV(uint8_t, p->imm); NEXT;
L_ld_env16: RD = ENV(uint16_t, p->imm); NEXT;
L_ld_env32: RD = ENV(uint32_t, p->imm); NEXT;
L_ld_env64: RD = ENV(uint64_t, p->imm); NEXT;
L_st_env8:  ENV(uint8_t, p->imm) = RA; NEXT;
L_st_env16: ENV(uint16_t, p->imm) = RA; NEXT;
L_st_env32: ENV(uint32_t, p->imm) = RA; NEXT;
L_st_env64: ENV(uint64_t, p->imm) = RA; NEXT;
L_lea_env:  RD = (uintptr_t)env + p->imm; NEXT;

L_v:
    do_vop(env, f, p, vec(env, f, p->d), NULL);
    NEXT2;
L_v_to_int: {
        TCGVec d;

        do_vop(env, f, p, &d, NULL);
        RD = d.q[0];
        NEXT2;
    }
L_v_fp:
    do_vop_fp(env, f, p, vec(env, f, p->d));
    NEXT2;
L_v_fp_to_int: {
        TCGVec d;

        memset(&d, 0, sizeof(d));
        do_vop_fp(env, f, p, &d);
        RD = d.q[0];
        NEXT2;
    }
    /* Scalar arithmetic where the FPU gives what the reference gives. */
#define SCALAR(n, bits, lane, u, op)                                    \
    L_##n##bits: {                                                      \
        const InterpExt *x = (const InterpExt *)(p + 1);                \
        TCGVec *d = vec(env, f, p->d);                                  \
        const TCGVec *a = vec(env, f, x->arg[0]);                       \
        const TCGVec *b = vec(env, f, x->arg[1]);                       \
        TCGVec v = *a;                                                  \
                                                                        \
        v.lane[0] = a->lane[0] op b->lane[0];                           \
        if (likely(sf_host_allowed(ENV(uint32_t, L.mxcsr)) &&           \
                   sf_normal##bits(a->u[0]) &&                          \
                   sf_normal##bits(b->u[0]) && sf_safe##bits(v.u[0]))) { \
            memcpy(d, &v, 16);                                          \
            if (x->desc >> 16 & TCG_F_ZERO_UPPER) {                     \
                memset(d->b + 16, 0, 16);                               \
            }                                                           \
        } else {                                                        \
            do_vop_fp(env, f, p, d);                                    \
        }                                                               \
        NEXT2;                                                          \
    }
#define SCALARS(n, op) SCALAR(n, 32, f, l, op) \
                       SCALAR(n, 64, d, q, op)
    SCALARS(fadd, +)
    SCALARS(fsub, -)
    SCALARS(fmul, *)
    SCALARS(fdiv, /)

#define LOGIC16(n, expr)                                                \
    L_##n: {                                                            \
        TCGVec *d = vec(env, f, p->d);                                  \
        const TCGVec *a = vec(env, f, p->a), *b = vec(env, f, p->b);    \
                                                                        \
        for (unsigned i = 0; i < 2; i++) {                              \
            d->q[i] = (expr);                                           \
        }                                                               \
        NEXT;                                                           \
    }
    LOGIC16(vand16, a->q[i] & b->q[i])
    LOGIC16(vandn16, ~a->q[i] & b->q[i])
    LOGIC16(vor16, a->q[i] | b->q[i])
    LOGIC16(vxor16, a->q[i] ^ b->q[i])
L_vmov16:
    memcpy(vec(env, f, p->d), vec(env, f, p->a), 16);
    NEXT;
L_vmov32:
    *vec(env, f, p->d) = *vec(env, f, p->a);
    NEXT;
    /*
     * arg[0] = VW_*, arg[1] = bytes that become zero behind it,
     * desc = alignment mask << 1 | ordered
     */
L_vld: {
        const InterpExt *x = (const InterpExt *)(p + 1);
        uint64_t addr = ADDR_bi;
        TCGVec *d = vec(env, f, p->d);
        TCGVec v;
        unsigned n = 1u << x->arg[0];

        HERE;
        if (unlikely(addr & x->desc >> 1)) {
            trap(env, f, TCG_TRAP_ALIGN, p);
        }
        memset(&v, 0, sizeof(v));
        copy_vec(&v, guest_ptr(addr), x->arg[0]);
        if (x->desc & 1) {
            __atomic_thread_fence(__ATOMIC_ACQUIRE);
        }
        memcpy(d, &v, 16);
        if (n + x->arg[1] == 32) {
            memcpy(d->b + 16, v.b + 16, 16);
        }
        NEXT2;
    }
L_vst: {
        const InterpExt *x = (const InterpExt *)(p + 1);
        uint64_t addr = ADDR_bi;

        HERE;
        if (unlikely(addr & x->desc >> 1)) {
            trap(env, f, TCG_TRAP_ALIGN, p);
        }
        if (x->desc & 1) {
            __atomic_thread_fence(__ATOMIC_RELEASE);
        }
        if (unlikely((addr & (GUEST_PAGE - 1)) >
                     GUEST_PAGE - (1u << x->arg[0]))) {
            /* nothing is written when one of the pages cannot be */
            uint64_t last = addr + (1u << x->arg[0]) - 1;

            __atomic_fetch_or((uint8_t *)guest_ptr(addr), 0, __ATOMIC_RELAXED);
            __atomic_fetch_or((uint8_t *)guest_ptr(last), 0, __ATOMIC_RELAXED);
        }
        copy_vec(guest_ptr(addr), vec(env, f, p->d), x->arg[0]);
        NEXT2;
    }
    /* b = size, c = bytes that become zero behind it */
L_vld_env: {
        TCGVec *d = vec(env, f, p->d);

        memmove(d, &ENV(uint8_t, p->imm), p->b);
        memset(d->b + p->b, 0, p->c);
        NEXT;
    }
L_vst_env:
    memmove(&ENV(uint8_t, p->imm), vec(env, f, p->d), p->b);
    NEXT;

L_set_rip:
    ENV(uint64_t, L.rip) = p->q;
    NEXT;
L_call:
    RD = do_call(env, f, p, (const TCGHelper *)(uintptr_t)p->q);
    r[0] = 0;
    NEXT2;
L_call_sync: {
        const TCGHelper *h = (const TCGHelper *)(uintptr_t)p->q;
        uint64_t ret;

        regs_out(env, f);
        common(env)->scratch[0] = 0;
        ret = do_call(env, f, p, h);
        if (h->flags & TCG_HF_WRITES_GLOBALS) {
            regs_in(env, f);
        }
        /* the helper may have run a nested loop */
        common(env)->scratch[1] = (uintptr_t)f;
        RD = ret;
        r[0] = 0;
        NEXT2;
    }

    /* Leaving. */
L_exit_direct: {
        const InterpExt *x = (const InterpExt *)(p + 1);
        /* relaxed: what it points to is reached through the pointer */
        uint64_t target = __atomic_load_n(&x->target, __ATOMIC_RELAXED);

        if (likely(target)) {
            p = (const InterpInsn *)(uintptr_t)target;
            DISPATCH;
        }
        ENV(uint64_t, L.rip) = p->q;
        result = x->cookie;
        goto leave;
    }
L_exit_ret: {
        CPUCommon *c = common(env);
        uint32_t top = c->return_stack_top;
        TBReturnStack *ring = container_of(c->return_stack, TBReturnStack,
                                           pc[0]);

        c->return_stack_top = (top - 1) % RETURN_STACK_SIZE;
        if (ring->pc[top] == RA && ring->code[top] && !interrupted(env)) {
            p = ring->code[top];
            DISPATCH;
        }
    }
    /* fall through */
L_exit_indirect: {
        uint64_t pc = RA;
        const void *next;

        if (likely(!interrupted(env)) && (next = find_code(env, pc))) {
            p = next;
            DISPATCH;
        }
        ENV(uint64_t, L.rip) = pc;
        if (interrupted(env)) {
            common(env)->exception_index = EXCP_INTERRUPT;
        }
        goto leave;
    }
L_exit_reason:
    ENV(uint64_t, L.rip) = RA;
    common(env)->exception_index = p->imm;
    goto leave;
    /* imm = instructions that make up the slow path */
L_poll:
    p += likely(!interrupted(env)) ? p->imm + 1 : 1;
    DISPATCH;
    /* The next instruction but one is the exit of the predicted target. */
L_push_ret: {
        const InterpExt *x = (const InterpExt *)(p + 1);
        CPUCommon *c = common(env);
        uint32_t top = (c->return_stack_top + 1) % RETURN_STACK_SIZE;
        TBReturnStack *ring = container_of(c->return_stack, TBReturnStack,
                                           pc[0]);

        ring->pc[top] = p->q;
        ring->code[top] = (const char *)p + (int32_t)x->desc;
        c->return_stack_top = top;
        NEXT2;
    }

leave:
    regs_out(env, f);
    common(env)->scratch[0] = 0;
    return result;
}
