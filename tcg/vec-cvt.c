/*
 * Vector reference: conversions between floating point formats and integers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"
#include "softfloat.h"

static void finish(Vop *v, const SfState *st)
{
    uint32_t flags = st->flags;
    uint32_t unmasked = flags & ~(v->fp->mxcsr >> SF_MASK_SHIFT);

    if (unmasked & (SF_IE | SF_DE)) {
        flags &= SF_IE | SF_DE;
    }
    v->fp->mxcsr |= flags;
}

#define CONVERT(name, field, count, expr)                               \
void tcg_vop_##name(Vop *v)                                             \
{                                                                       \
    SfState s = sf_state(v->fp->mxcsr), *st = &s;                       \
                                                                        \
    for (unsigned i = 0; i < (count); i++) {                            \
        v->r.field[i] = (expr);                                         \
    }                                                                   \
    finish(v, st);                                                      \
}

CONVERT(cvtdq2ps, l, v->bytes / 4, sf_from_int(st, &sf_f32, v->a->sl[i]))
CONVERT(cvtps2dq, l, v->bytes / 4,
        sf_to_int(st, &sf_f32, v->a->l[i], st->rounding, 32))
CONVERT(cvttps2dq, l, v->bytes / 4,
        sf_to_int(st, &sf_f32, v->a->l[i], SF_ZERO, 32))
CONVERT(cvtdq2pd, q, v->bytes / 8, sf_from_int(st, &sf_f64, v->a->sl[i]))
CONVERT(cvtps2pd, q, v->bytes / 8,
        sf_convert(st, &sf_f64, &sf_f32, v->a->l[i]))

/* Results of half the width: the rest of 16 bytes is zero. */
#define NARROW(name, field, count, expr)                                \
static CONVERT(name##_lanes, field, count, expr)                        \
void tcg_vop_##name(Vop *v)                                             \
{                                                                       \
    tcg_vop_##name##_lanes(v);                                          \
    v->out = 16;                                                        \
}
NARROW(cvtpd2dq, l, v->bytes / 8,
       sf_to_int(st, &sf_f64, v->a->q[i], st->rounding, 32))
NARROW(cvttpd2dq, l, v->bytes / 8,
       sf_to_int(st, &sf_f64, v->a->q[i], SF_ZERO, 32))
NARROW(cvtpd2ps, l, v->bytes / 8,
       sf_convert(st, &sf_f32, &sf_f64, v->a->q[i]))

void tcg_vop_cvtss2sd(Vop *v)
{
    SfState st = sf_state(v->fp->mxcsr);

    v->r.q[0] = sf_convert(&st, &sf_f64, &sf_f32, v->b->l[0]);
    v->r.q[1] = v->a->q[1];
    v->out = 16;
    finish(v, &st);
}

void tcg_vop_cvtsd2ss(Vop *v)
{
    SfState st = sf_state(v->fp->mxcsr);

    memcpy(&v->r, v->a, 16);
    v->r.l[0] = sf_convert(&st, &sf_f32, &sf_f64, v->b->q[0]);
    v->out = 16;
    finish(v, &st);
}

void tcg_vop_cvtsi2f(Vop *v)
{
    SfState st = sf_state(v->fp->mxcsr);
    int64_t x = v->imm == MO_32 ? v->b->sl[0] : v->b->sq[0];

    memcpy(&v->r, v->a, 16);
    if (v->esz == MO_32) {
        v->r.l[0] = sf_from_int(&st, &sf_f32, x);
    } else {
        v->r.q[0] = sf_from_int(&st, &sf_f64, x);
    }
    v->out = 16;
    finish(v, &st);
}

static void to_int(Vop *v, bool truncate)
{
    SfState st = sf_state(v->fp->mxcsr);
    unsigned mode = truncate ? SF_ZERO : st.rounding;
    unsigned bits = v->imm == MO_32 ? 32 : 64;

    v->r.q[0] = v->esz == MO_32
                ? sf_to_int(&st, &sf_f32, v->a->l[0], mode, bits)
                : sf_to_int(&st, &sf_f64, v->a->q[0], mode, bits);
    finish(v, &st);
}

void tcg_vop_cvtf2si(Vop *v)
{
    to_int(v, false);
}

void tcg_vop_cvttf2si(Vop *v)
{
    to_int(v, true);
}

/* Half precision: DAZ does not reach it, and its denormals raise nothing. */
void tcg_vop_cvtph2ps(Vop *v)
{
    SfState st = sf_state(v->fp->mxcsr);

    st.daz = false;
    for (unsigned i = 0; i < v->bytes / 4; i++) {
        v->r.l[i] = sf_convert(&st, &sf_f32, &sf_f16, v->a->w[i]);
    }
    st.flags &= ~SF_DE;
    finish(v, &st);
}

/* imm[1:0] = rounding, imm[2] = take MXCSR's; FTZ does not apply. */
void tcg_vop_cvtps2ph(Vop *v)
{
    SfState st = sf_state(v->fp->mxcsr);

    st.rounding = v->imm & 4 ? st.rounding : v->imm & 3;
    st.ftz = false;
    for (unsigned i = 0; i < v->bytes / 4; i++) {
        v->r.w[i] = sf_convert(&st, &sf_f16, &sf_f32, v->a->l[i]);
    }
    v->out = 16;
    finish(v, &st);
}
