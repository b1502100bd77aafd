/*
 * x87 arithmetic: pure functions from operands, control word and status word
 * to a result.  The register stack, tags, pointers and the #MF exception are
 * not known here; see stack.c for those.
 *
 * Most operations exist twice: x87_soft_* in portable integer code (soft.c,
 * trans.c), and x87_*, which on x86-64 hosts runs the host's own x87 unit and
 * falls back to the former whenever an unmasked exception is raised.
 *
 * All of this is compiled without vector instructions, so that generated code
 * may call it while guest vector registers live in host ones.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_X87_H
#define I386_X87_H

#include "target/i386/cpu.h"

/* Status word, SDM volume 1, section 8.1.3. */
#define X87_IE 0x0001u
#define X87_DE 0x0002u
#define X87_ZE 0x0004u
#define X87_OE 0x0008u
#define X87_UE 0x0010u
#define X87_PE 0x0020u
#define X87_EXC 0x003fu     /* the six above; same bits mask them in fpuc */
#define X87_SF 0x0040u
#define X87_ES 0x0080u
#define X87_C0 0x0100u
#define X87_C1 0x0200u
#define X87_C2 0x0400u
#define X87_C3 0x4000u
#define X87_B  0x8000u
#define X87_CC (X87_C0 | X87_C1 | X87_C2 | X87_C3)

/* Exceptions that, unmasked, leave the destination and the stack alone. */
#define X87_EXC_PRE (X87_IE | X87_DE | X87_ZE)
/* The same for stores to memory. */
#define X87_EXC_STORE (X87_EXC_PRE | X87_OE | X87_UE)

enum { X87_RC_NEAREST, X87_RC_DOWN, X87_RC_UP, X87_RC_ZERO };

/*
 * Control and status of an operation.  Operations add exception flags to sw
 * and set the condition codes they define; C1 must be clear on entry.
 */
typedef struct X87Fpu {
    uint16_t cw;
    uint16_t sw;
} X87Fpu;

/* Did @s collect an exception in @which that is not masked? */
static inline bool x87_unmasked(const X87Fpu *s, unsigned which)
{
    return (s->sw & ~s->cw & which) != 0;
}

typedef X87Reg X87Unary(X87Fpu *s, X87Reg a);
typedef X87Reg X87Binary(X87Fpu *s, X87Reg a, X87Reg b);

static inline X87Reg x87_reg(bool sign, unsigned exp, uint64_t mant)
{
    return (X87Reg) { .mant = mant, .exp = exp | (sign ? 0x8000 : 0) };
}

/* The default NaN: "real indefinite". */
static inline X87Reg x87_indefinite(void)
{
    return x87_reg(true, 0x7fff, 0xc000000000000000ull);
}

static inline X87Reg x87_one(void)
{
    return x87_reg(false, 0x3fff, 0x8000000000000000ull);
}

/* FXAM's C3, C2, C0 and C1 for a register that is in use. */
uint16_t x87_examine(X87Reg a);
/* Tag of a register in the 16-bit tag word: 0 valid, 1 zero, 2 special. */
unsigned x87_tag(X87Reg a);
/* Constants of FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ (0..6). */
X87Reg x87_constant(unsigned n, unsigned rc);

/* Copies what counts; the padding would defeat store forwarding. */
static inline void x87_copy(X87Reg *d, const X87Reg *s)
{
    d->mant = s->mant;
    d->exp = s->exp;
}

/* Arithmetic, numbered as in the opcode map. */
enum {
    X87_ADD, X87_MUL, X87_COM, X87_COMP, X87_SUB, X87_SUBR, X87_DIV, X87_DIVR,
};
/* Where the other operand comes from. */
enum { X87_SRC_ST, X87_SRC_F32, X87_SRC_F64, X87_SRC_INT };

/* soft.c */
/*
 * *r = *r op the operand (not compares).  False if an unmasked exception
 * leaves *r alone.  _mem: from memory; @value as loaded, integers extended.
 */
bool x87_soft_arith(X87Fpu *s, unsigned op, X87Reg *r, const X87Reg *b);
bool x87_soft_arith_mem(X87Fpu *s, unsigned op, X87Reg *r, unsigned src,
                        uint64_t value);
/* Compare with memory, as x87_soft_compare(). */
uint16_t x87_soft_compare_mem(X87Fpu *s, X87Reg a, unsigned src,
                              uint64_t value);
X87Binary x87_soft_add, x87_soft_sub, x87_soft_mul, x87_soft_div;
X87Binary x87_soft_scale;               /* a * 2^trunc(b) */
X87Binary x87_soft_prem, x87_soft_prem1;  /* set C0..C3 */
X87Unary x87_soft_sqrt, x87_soft_rndint;
/* Significand is returned, the exponent goes to *exp. */
X87Reg x87_soft_xtract(X87Fpu *s, X87Reg a, X87Reg *exp);
/* C3, C2, C0 of a comparison; @quiet: FUCOM, which lets quiet NaNs pass. */
uint16_t x87_soft_compare(X87Fpu *s, X87Reg a, X87Reg b, bool quiet);

/* convert.c: memory formats, used on every host */
X87Reg x87_from_f32(X87Fpu *s, uint32_t v);
X87Reg x87_from_f64(X87Fpu *s, uint64_t v);
/* Exactly the value, signalling NaNs kept: for arithmetic on memory. */
X87Reg x87_from_f32_raw(uint32_t v);
X87Reg x87_from_f64_raw(uint64_t v);
X87Reg x87_from_int(int64_t v);
X87Reg x87_from_bcd(const uint8_t bcd[10]);
uint32_t x87_to_f32(X87Fpu *s, X87Reg a);
uint64_t x87_to_f64(X87Fpu *s, X87Reg a);
/* @bits: 16, 32 or 64; @rc: rounding mode (FISTTP: X87_RC_ZERO). */
int64_t x87_to_int(X87Fpu *s, X87Reg a, unsigned bits, unsigned rc);
void x87_to_bcd(X87Fpu *s, X87Reg a, uint8_t bcd[10]);

/* trans.c */
X87Unary x87_soft_f2xm1;
X87Binary x87_soft_yl2x, x87_soft_yl2xp1;   /* (y, x) */
X87Binary x87_soft_patan;                   /* atan2(y, x) */
/* These set C2 and return @a unchanged when |a| >= 2^63. */
X87Unary x87_soft_sin, x87_soft_cos, x87_soft_tan;
X87Reg x87_soft_sincos(X87Fpu *s, X87Reg a, X87Reg *cos);

#ifdef __x86_64__
/* host-x86.c */
/* @how: "soft": the portable code does everything (for tests); NULL. */
void x87_host_init(const char *how);
X87Binary x87_scale, x87_prem, x87_prem1;
X87Binary x87_yl2x, x87_yl2xp1, x87_patan;
X87Unary x87_sqrt, x87_rndint, x87_f2xm1, x87_sin, x87_cos, x87_tan;
X87Reg x87_xtract(X87Fpu *s, X87Reg a, X87Reg *exp);
X87Reg x87_sincos(X87Fpu *s, X87Reg a, X87Reg *cos);
bool x87_arith(X87Fpu *s, unsigned op, X87Reg *r, const X87Reg *b);
bool x87_arith_mem(X87Fpu *s, unsigned op, X87Reg *r, unsigned src,
                   uint64_t value);
/*
 * The guest cleared exception flags: forget them on the host too.  (Sticky
 * host flags are always a subset of the guest's.)
 */
void x87_host_clear(void);
#else
#define x87_arith x87_soft_arith
#define x87_arith_mem x87_soft_arith_mem
#define x87_scale x87_soft_scale
#define x87_prem x87_soft_prem
#define x87_prem1 x87_soft_prem1
#define x87_yl2x x87_soft_yl2x
#define x87_yl2xp1 x87_soft_yl2xp1
#define x87_patan x87_soft_patan
#define x87_sqrt x87_soft_sqrt
#define x87_rndint x87_soft_rndint
#define x87_f2xm1 x87_soft_f2xm1
#define x87_sin x87_soft_sin
#define x87_cos x87_soft_cos
#define x87_tan x87_soft_tan
#define x87_xtract x87_soft_xtract
#define x87_sincos x87_soft_sincos
static inline void x87_host_clear(void) {}
static inline void x87_host_init(const char *how) {}
#endif

#endif
