/*
 * x87 operations on the x87 unit of an x86-64 host.
 *
 * The host's control word keeps the ABI's default (64-bit precision, nearest,
 * everything masked) between operations; only guests that change precision or
 * rounding pay for loading it.  Host exception flags stay set as long as the
 * guest's are (clearing them is slow), so a flag that shows up here and not in
 * the guest's status word is new.  If it is not masked in the guest, the
 * operation is done again by the portable code, which knows what an unmasked
 * exception leaves behind.  (Unmasked underflow goes there at once: an exact
 * tiny result raises it only when unmasked.)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/x87/soft.h"

#define HOST_CW 0x037f
#define CW_MODE 0x0f00      /* precision and rounding */

/* X87_UE, or 0 when everything is to be done by the portable code. */
static uint16_t host_ue = X87_UE;

void x87_host_init(const char *how)
{
    host_ue = how && !strcmp(how, "soft") ? 0 : X87_UE;
}

void x87_host_clear(void)
{
    asm volatile("fnclex");
}

static inline void host_begin(const X87Fpu *s)
{
    if (unlikely((s->cw & CW_MODE) != (HOST_CW & CW_MODE))) {
        uint16_t cw = (HOST_CW & ~CW_MODE) | (s->cw & CW_MODE);

        asm volatile("fldcw %0" : : "m" (cw));
    }
}

/* True if the result counts; false: redo it in software. */
static inline bool host_end(X87Fpu *s, uint16_t hsw, unsigned keep)
{
    if (unlikely((s->cw & CW_MODE) != (HOST_CW & CW_MODE))) {
        uint16_t cw = HOST_CW;

        asm volatile("fldcw %0" : : "m" (cw));
    }
    hsw &= X87_EXC | keep;
    if (unlikely(hsw & ~s->sw & ~s->cw & X87_EXC)) {
        asm volatile("fnclex");
        return false;
    }
    s->sw |= hsw;
    return true;
}

/* The part of X87Reg that fldt and fstpt touch. */
typedef struct QEMU_PACKED Raw80 {
    uint64_t mant;
    uint16_t exp;
} Raw80;

static inline Raw80 to_raw(X87Reg a)
{
    return (Raw80) { a.mant, a.exp };
}

static inline X87Reg from_raw(Raw80 a)
{
    return (X87Reg) { .mant = a.mant, .exp = a.exp };
}

/* st(0) = b, st(1) = a, insn leaves one register. */
#define BINARY(insn, a, b, r, hsw)                                      \
    do {                                                                \
        Raw80 ra_ = to_raw(a), rb_ = to_raw(b), rr_;                    \
        asm volatile("fldt %2\n\tfldt %3\n\t" insn "\n\t"               \
                     "fnstsw %1\n\tfstpt %0"                            \
                     : "=m" (rr_), "=a" (hsw) : "m" (ra_), "m" (rb_));  \
        r = from_raw(rr_);                                              \
    } while (0)

#define UNARY(insn, a, r, hsw)                                          \
    do {                                                                \
        Raw80 ra_ = to_raw(a), rr_;                                     \
        asm volatile("fldt %2\n\t" insn "\n\tfnstsw %1\n\tfstpt %0"     \
                     : "=m" (rr_), "=a" (hsw) : "m" (ra_));             \
        r = from_raw(rr_);                                              \
    } while (0)

/* st(0) = a; insn leaves two: st(0) = first, st(1) = second. */
#define UNARY2(insn, a, first, second, hsw)                             \
    do {                                                                \
        Raw80 ra_ = to_raw(a), r0_, r1_;                                \
        asm volatile("fldt %3\n\t" insn "\n\tfnstsw %2\n\t"             \
                     "fstpt %0\n\tfstpt %1"                             \
                     : "=m" (r0_), "=m" (r1_), "=a" (hsw)               \
                     : "m" (ra_));                                      \
        first = from_raw(r0_);                                          \
        second = from_raw(r1_);                                         \
    } while (0)

/* Instructions that leave both operands: the result is st(0), drop st(1). */
X87Reg x87_scale(X87Fpu *s, X87Reg a, X87Reg b)
{
    Raw80 ra = to_raw(a), rb = to_raw(b), r;
    uint16_t hsw;

    if (unlikely(!(s->cw & host_ue))) {
        return x87_soft_scale(s, a, b);
    }
    host_begin(s);
    asm volatile("fldt %3\n\tfldt %2\n\tfscale\n\tfnstsw %1\n\t"
                 "fstpt %0\n\tfstp %%st(0)"
                 : "=m" (r), "=a" (hsw) : "m" (ra), "m" (rb));
    return likely(host_end(s, hsw, X87_C1)) ? from_raw(r) :
           x87_soft_scale(s, a, b);
}

/* Operands for which condition codes may keep their value from before. */
static inline bool prem_special(X87Reg a)
{
    return !(a.mant & X87_J) || (a.exp & 0x7fff) == 0x7fff;
}

X87Reg x87_prem(X87Fpu *s, X87Reg a, X87Reg b)
{
    Raw80 ra = to_raw(a), rb = to_raw(b), r;
    uint16_t hsw;

    if (unlikely(!(s->cw & host_ue) || prem_special(a) || prem_special(b))) {
        return x87_soft_prem(s, a, b);
    }
    host_begin(s);
    asm volatile("fldt %3\n\tfldt %2\n\tfprem\n\tfnstsw %1\n\t"
                 "fstpt %0\n\tfstp %%st(0)"
                 : "=m" (r), "=a" (hsw) : "m" (ra), "m" (rb));
    if (unlikely(!host_end(s, hsw, 0))) {
        return x87_soft_prem(s, a, b);
    }
    s->sw = (s->sw & ~X87_CC) | (hsw & X87_CC);
    return from_raw(r);
}

X87Reg x87_prem1(X87Fpu *s, X87Reg a, X87Reg b)
{
    Raw80 ra = to_raw(a), rb = to_raw(b), r;
    uint16_t hsw;

    if (unlikely(!(s->cw & host_ue) || prem_special(a) || prem_special(b))) {
        return x87_soft_prem1(s, a, b);
    }
    host_begin(s);
    asm volatile("fldt %3\n\tfldt %2\n\tfprem1\n\tfnstsw %1\n\t"
                 "fstpt %0\n\tfstp %%st(0)"
                 : "=m" (r), "=a" (hsw) : "m" (ra), "m" (rb));
    if (unlikely(!host_end(s, hsw, 0))) {
        return x87_soft_prem1(s, a, b);
    }
    s->sw = (s->sw & ~X87_CC) | (hsw & X87_CC);
    return from_raw(r);
}

X87Reg x87_sqrt(X87Fpu *s, X87Reg a)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_sqrt(s, a);
    }
    host_begin(s);
    UNARY("fsqrt", a, r, hsw);
    return likely(host_end(s, hsw, X87_C1)) ? r : x87_soft_sqrt(s, a);
}

X87Reg x87_rndint(X87Fpu *s, X87Reg a)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_rndint(s, a);
    }
    host_begin(s);
    UNARY("frndint", a, r, hsw);
    return likely(host_end(s, hsw, X87_C1)) ? r : x87_soft_rndint(s, a);
}

X87Reg x87_xtract(X87Fpu *s, X87Reg a, X87Reg *exp)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_xtract(s, a, exp);
    }
    host_begin(s);
    UNARY2("fxtract", a, r, *exp, hsw);
    return likely(host_end(s, hsw, 0)) ? r : x87_soft_xtract(s, a, exp);
}

/*
 * Basic arithmetic straight on the register file: the 80-bit load that follows
 * an 80-bit store of the same place is the fast case of CPUs.  @insn leaves
 * the result in st(0), which is then stored or dropped.
 */
#define ARITH(insn, operand)                                            \
    asm volatile("fldt %1\n\t" insn "\n\tfnstsw %0"                     \
                 : "=a" (hsw) : "m" (*r), "m" (operand))

static inline bool arith_end(X87Fpu *s, X87Reg *r, uint16_t hsw)
{
    if (unlikely(hsw & ~s->sw & ~s->cw & X87_EXC)) {
        asm volatile("fstp %%st(0)" : : : "memory");
        host_end(s, hsw, 0);
        return false;
    }
    asm volatile("fstpt %0" : "=m" (*r));
    return host_end(s, hsw, X87_C1);
}

bool x87_arith(X87Fpu *s, unsigned op, X87Reg *r, const X87Reg *b)
{
    uint16_t hsw;

    if (unlikely(!(s->cw & host_ue))) {
        return x87_soft_arith(s, op, r, b);
    }
    host_begin(s);
    /* de e9 is st(1) - st(0), whatever assemblers call it */
    switch (op) {
    case X87_ADD:
        ARITH("fldt %2\n\tfaddp", *b);
        break;
    case X87_MUL:
        ARITH("fldt %2\n\tfmulp", *b);
        break;
    case X87_SUB:
        ARITH("fldt %2\n\t.byte 0xde, 0xe9", *b);
        break;
    case X87_SUBR:
        ARITH("fldt %2\n\t.byte 0xde, 0xe1", *b);
        break;
    case X87_DIV:
        ARITH("fldt %2\n\t.byte 0xde, 0xf9", *b);
        break;
    default:
        ARITH("fldt %2\n\t.byte 0xde, 0xf1", *b);
        break;
    }
    return likely(arith_end(s, r, hsw)) ? true : x87_soft_arith(s, op, r, b);
}

#define ARITH_MEM(suffix, type)                                         \
    do {                                                                \
        type v_ = value;                                                \
        switch (op) {                                                   \
        case X87_ADD:                                                   \
            ARITH("f" suffix("add") " %2", v_);                         \
            break;                                                      \
        case X87_MUL:                                                   \
            ARITH("f" suffix("mul") " %2", v_);                         \
            break;                                                      \
        case X87_SUB:                                                   \
            ARITH("f" suffix("sub") " %2", v_);                         \
            break;                                                      \
        case X87_SUBR:                                                  \
            ARITH("f" suffix("subr") " %2", v_);                        \
            break;                                                      \
        case X87_DIV:                                                   \
            ARITH("f" suffix("div") " %2", v_);                         \
            break;                                                      \
        default:                                                        \
            ARITH("f" suffix("divr") " %2", v_);                        \
            break;                                                      \
        }                                                               \
    } while (0)
#define AS_F32(name) name "s"
#define AS_F64(name) name "l"
#define AS_INT(name) "i" name "l"

bool x87_arith_mem(X87Fpu *s, unsigned op, X87Reg *r, unsigned src,
                   uint64_t value)
{
    uint16_t hsw;

    if (unlikely(!(s->cw & host_ue))) {
        return x87_soft_arith_mem(s, op, r, src, value);
    }
    host_begin(s);
    switch (src) {
    case X87_SRC_F32:
        ARITH_MEM(AS_F32, uint32_t);
        break;
    case X87_SRC_F64:
        ARITH_MEM(AS_F64, uint64_t);
        break;
    default:
        /* 16-bit integers come extended */
        ARITH_MEM(AS_INT, int32_t);
        break;
    }
    return likely(arith_end(s, r, hsw)) ? true :
           x87_soft_arith_mem(s, op, r, src, value);
}

/*
 * Transcendental functions.  What they compute exactly is the CPU's own, so
 * when an exception is not masked they are redone on the host as well, with
 * the guest's masks; FNSAVE picks up the state without waiting.
 */
typedef struct QEMU_PACKED Image {
    uint32_t cw, sw, tw, ip, op, dp, ds;
    Raw80 st[8];
} Image;

#define UNMASKED(insn, y, x, im)                                        \
    do {                                                                \
        Raw80 ry_ = to_raw(y), rx_ = to_raw(x);                         \
        uint16_t cw_ = s->cw;                                           \
        asm volatile("fninit\n\tfldt %1\n\tfldt %2\n\tfldcw %3\n\t"     \
                     insn "\n\tfnsave %0"                               \
                     : "=m" (im) : "m" (ry_), "m" (rx_), "m" (cw_));    \
        s->sw |= (im).sw & (X87_EXC | X87_C1 | X87_C2);                 \
    } while (0)

X87Reg x87_f2xm1(X87Fpu *s, X87Reg a)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_f2xm1(s, a);
    }
    host_begin(s);
    UNARY("f2xm1", a, r, hsw);
    if (unlikely(!host_end(s, hsw, X87_C1))) {
        Image im;

        UNMASKED("f2xm1", a, a, im);
        return from_raw(im.st[0]);
    }
    return r;
}

X87Reg x87_yl2x(X87Fpu *s, X87Reg y, X87Reg x)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_yl2x(s, y, x);
    }
    host_begin(s);
    BINARY("fyl2x", y, x, r, hsw);
    if (unlikely(!host_end(s, hsw, X87_C1))) {
        Image im;

        UNMASKED("fyl2x", y, x, im);
        return from_raw(im.st[0]);
    }
    return r;
}

X87Reg x87_yl2xp1(X87Fpu *s, X87Reg y, X87Reg x)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_yl2xp1(s, y, x);
    }
    host_begin(s);
    BINARY("fyl2xp1", y, x, r, hsw);
    if (unlikely(!host_end(s, hsw, X87_C1))) {
        Image im;

        UNMASKED("fyl2xp1", y, x, im);
        return from_raw(im.st[0]);
    }
    return r;
}

X87Reg x87_patan(X87Fpu *s, X87Reg y, X87Reg x)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_patan(s, y, x);
    }
    host_begin(s);
    BINARY("fpatan", y, x, r, hsw);
    if (unlikely(!host_end(s, hsw, X87_C1))) {
        Image im;

        UNMASKED("fpatan", y, x, im);
        return from_raw(im.st[0]);
    }
    return r;
}

X87Reg x87_sin(X87Fpu *s, X87Reg a)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_sin(s, a);
    }
    host_begin(s);
    UNARY("fsin", a, r, hsw);
    if (unlikely(!host_end(s, hsw, X87_C1 | X87_C2))) {
        Image im;

        UNMASKED("fsin", a, a, im);
        return from_raw(im.st[0]);
    }
    return r;
}

X87Reg x87_cos(X87Fpu *s, X87Reg a)
{
    X87Reg r;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_cos(s, a);
    }
    host_begin(s);
    UNARY("fcos", a, r, hsw);
    if (unlikely(!host_end(s, hsw, X87_C1 | X87_C2))) {
        Image im;

        UNMASKED("fcos", a, a, im);
        return from_raw(im.st[0]);
    }
    return r;
}

/* FPTAN and FSINCOS push a second value, but not when C2 is set. */
X87Reg x87_tan(X87Fpu *s, X87Reg a)
{
    Raw80 ra = to_raw(a), r0, r1;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_tan(s, a);
    }
    host_begin(s);
    asm volatile("fldt %3\n\tfptan\n\tfnstsw %2\n\t"
                 "fstpt %0\n\t"
                 "testb $4, %%ah\n\tjnz 1f\n\tfstpt %1\n1:"
                 : "=m" (r0), "=m" (r1), "=&a" (hsw) : "m" (ra) : "cc");
    if (unlikely(!host_end(s, hsw, X87_C1 | X87_C2))) {
        Image im;

        UNMASKED("fptan", a, a, im);
        return from_raw(im.st[s->sw & X87_C2 ? 0 : 1]);
    }
    return hsw & X87_C2 ? a : from_raw(r1);
}

X87Reg x87_sincos(X87Fpu *s, X87Reg a, X87Reg *cos)
{
    Raw80 ra = to_raw(a), r0, r1;
    uint16_t hsw;

    if (unlikely(!host_ue)) {
        return x87_soft_sincos(s, a, cos);
    }
    host_begin(s);
    asm volatile("fldt %3\n\tfsincos\n\tfnstsw %2\n\t"
                 "fstpt %0\n\t"
                 "testb $4, %%ah\n\tjnz 1f\n\tfstpt %1\n1:"
                 : "=m" (r0), "=m" (r1), "=&a" (hsw) : "m" (ra) : "cc");
    if (unlikely(!host_end(s, hsw, X87_C1 | X87_C2))) {
        Image im;

        UNMASKED("fsincos", a, a, im);
        *cos = from_raw(im.st[0]);
        return from_raw(im.st[s->sw & X87_C2 ? 0 : 1]);
    }
    if (hsw & X87_C2) {
        return a;
    }
    *cos = from_raw(r0);
    return from_raw(r1);
}
