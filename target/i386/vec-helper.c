/*
 * Helpers of vector instructions that are too irregular for a vector op: byte
 * masked stores, text comparison, SSE4A bit fields.  Integer code throughout,
 * compiled without vector instructions (see TCG_HF_NO_VEC).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/guest-ptr.h"
#include "target/i386/translate/vec-helper.h"

#if defined(__x86_64__) && defined(__GNUC__)
#pragma GCC target("general-regs-only")
#endif

/*
 * Nothing is stored when a byte cannot be: where two pages are involved, the
 * first selected byte of each is tried before.
 */
static void probe_write(uint64_t addr)
{
    __atomic_fetch_or((uint8_t *)guest_ptr(addr), 0, __ATOMIC_RELAXED);
}

static void helper_maskmov_bytes(CPUArchState *env, uint64_t addr)
{
    unsigned split = 4096 - (addr & 4095);

    if (unlikely(split < 16)) {
        bool first = true, second = true;

        for (unsigned i = 0; i < 16; i++) {
            bool *todo = i < split ? &first : &second;

            if ((env->vtmp[1].b[i] & 0x80) && *todo) {
                *todo = false;
                probe_write(addr + i);
            }
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        if (env->vtmp[1].b[i] & 0x80) {
            *(volatile uint8_t *)guest_ptr(addr + i) = env->vtmp[0].b[i];
        }
    }
}
X86_HELPER(maskmov_bytes, 1, 0, X86_HF_MEM);

/*
 * Text comparison, SDM volume 2, section 4.1.  @ctl bits: 0 words instead of
 * bytes, 1 signed, 3..2 aggregation, 5..4 polarity, 6 most significant index
 * or expanded mask.  Eight bytes at a time; a set of elements is a bit mask.
 */
enum { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };

typedef struct StrCmp {
    const VReg *a, *b;
    unsigned n;         /* elements in a register: 8 or 16 */
    unsigned la, lb;    /* valid elements */
    bool words, is_signed;
} StrCmp;

static int element(const StrCmp *c, const VReg *v, unsigned i)
{
    if (c->words) {
        return c->is_signed ? (int16_t)v->w[i] : v->w[i];
    }
    return c->is_signed ? (int8_t)v->b[i] : v->b[i];
}

/* Which bytes of @x are zero: bits 0 .. 7. */
static uint32_t zero_bytes(uint64_t x)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;

    x = ~(((x & low) + low) | x | low);
    return (x >> 7) * 0x0102040810204080 >> 56;
}

/* Which halfwords of @x are zero: bits 0 .. 3. */
static uint32_t zero_words(uint64_t x)
{
    const uint64_t low = 0x7fff7fff7fff7fff;

    x = ~(((x & low) + low) | x | low);
    return (x >> 15) * 0x0001000200040008 >> 48;
}

static uint32_t zeros(const StrCmp *c, uint64_t q0, uint64_t q1)
{
    return c->words ? zero_words(q0) | zero_words(q1) << 4
                    : zero_bytes(q0) | zero_bytes(q1) << 8;
}

/* Elements of b that are as element @i of a. */
static uint32_t equal_to(const StrCmp *c, unsigned i)
{
    uint64_t x = c->words ? c->a->w[i] * UINT64_C(0x0001000100010001)
                          : c->a->b[i] * UINT64_C(0x0101010101010101);

    return zeros(c, c->b->q[0] ^ x, c->b->q[1] ^ x);
}

static unsigned implicit_length(const StrCmp *c, const VReg *v)
{
    return __builtin_ctz(zeros(c, v->q[0], v->q[1]) | 1u << c->n);
}

static bool in_range(const StrCmp *c, unsigned j)
{
    int b = element(c, c->b, j);

    for (unsigned i = 0; i + 1 < c->la; i += 2) {
        if (b >= element(c, c->a, i) && b <= element(c, c->a, i + 1)) {
            return true;
        }
    }
    return false;
}

static uint32_t matches(const StrCmp *c, unsigned mode, uint32_t all)
{
    uint32_t valid_a = (1u << c->la) - 1, valid_b = (1u << c->lb) - 1, res = 0;
    unsigned i;

    switch (mode) {
    case EQUAL_ANY:
        for (i = 0; i < c->la; i++) {
            res |= equal_to(c, i);
        }
        return res & valid_b;
    case RANGES:
        for (i = 0; i < c->lb; i++) {
            res |= (uint32_t)in_range(c, i) << i;
        }
        return res;
    case EQUAL_EACH:
        res = zeros(c, c->a->q[0] ^ c->b->q[0], c->a->q[1] ^ c->b->q[1]);
        return (res & valid_a & valid_b) | (all & ~(valid_a | valid_b));
    default:
        /* what is beyond the register is not looked at */
        res = all;
        for (i = 0; i < c->la; i++) {
            res &= (equal_to(c, i) & valid_b) >> i | ~(all >> i);
        }
        return res;
    }
}

static void result_mask(CPUArchState *env, const StrCmp *c, bool expand,
                        uint32_t res)
{
    env->vtmp[2].q[0] = expand ? 0 : res;
    env->vtmp[2].q[1] = 0;
    for (unsigned j = 0; expand && j < c->n; j++) {
        if (c->words) {
            env->vtmp[2].w[j] = res >> j & 1 ? 0xffff : 0;
        } else {
            env->vtmp[2].b[j] = res >> j & 1 ? 0xff : 0;
        }
    }
}

static uint64_t compare(CPUArchState *env, StrCmp *c, unsigned ctl)
{
    uint32_t all = (1u << c->n) - 1, flags = 0;
    uint32_t res = matches(c, (ctl >> 2) & 3, all);
    unsigned index;

    switch ((ctl >> 4) & 3) {
    case 1:
        res ^= all;
        break;
    case 3:
        res ^= (1u << c->lb) - 1;
        break;
    default:
        break;
    }
    if (!res) {
        index = c->n;
    } else if (ctl & 0x40) {
        index = 31 - __builtin_clz(res);
    } else {
        index = __builtin_ctz(res);
    }
    if (ctl & X86_STR_MASK) {
        result_mask(env, c, ctl & 0x40, res);
    }
    flags |= res ? CC_C : 0;
    flags |= c->lb < c->n ? CC_Z : 0;
    flags |= c->la < c->n ? CC_S : 0;
    flags |= res & 1 ? CC_O : 0;
    return (uint64_t)flags << 32 | index;
}

static StrCmp setup(const CPUArchState *env, unsigned ctl)
{
    return (StrCmp) {
        .a = &env->vtmp[0], .b = &env->vtmp[1], .n = ctl & 1 ? 8 : 16,
        .words = ctl & 1, .is_signed = ctl & 2,
    };
}

static uint64_t helper_pcmpistr(CPUArchState *env, uint64_t ctl)
{
    StrCmp c = setup(env, ctl);

    if (likely(vec_host_pcmpstr())) {
        return vec_host_run_pcmpstr(env, ctl, false, !(ctl & X86_STR_MASK),
                                    0, 0);
    }
    c.la = implicit_length(&c, c.a);
    c.lb = implicit_length(&c, c.b);
    return compare(env, &c, ctl);
}
X86_HELPER(pcmpistr, 1, 1, TCG_HF_NO_VEC);

static unsigned explicit_length(int64_t len, unsigned n)
{
    uint64_t l = len < 0 ? -(uint64_t)len : (uint64_t)len;

    return MIN(l, n);
}

static uint64_t helper_pcmpestr(CPUArchState *env, uint64_t ctl, uint64_t la,
                                uint64_t lb)
{
    StrCmp c = setup(env, ctl);

    c.la = explicit_length(la, c.n);
    c.lb = explicit_length(lb, c.n);
    if (likely(vec_host_pcmpstr())) {
        return vec_host_run_pcmpstr(env, ctl, true, !(ctl & X86_STR_MASK),
                                    c.la, c.lb);
    }
    return compare(env, &c, ctl);
}
X86_HELPER(pcmpestr, 3, 1, TCG_HF_NO_VEC);

/* Bit field of @ctl: length in bits 5..0 (0 is 64), index in bits 13..8. */
static uint64_t field_mask(uint64_t ctl)
{
    unsigned len = ctl & 63;

    return len ? ((uint64_t)1 << len) - 1 : ~(uint64_t)0;
}

static uint64_t helper_extrq(uint64_t a, uint64_t unused, uint64_t ctl)
{
    return (a >> ((ctl >> 8) & 63)) & field_mask(ctl);
}
X86_HELPER_PURE(extrq, 3, TCG_HF_NO_VEC);

static uint64_t helper_insertq(uint64_t a, uint64_t b, uint64_t ctl)
{
    unsigned pos = (ctl >> 8) & 63;
    uint64_t mask = field_mask(ctl) << pos;

    return (a & ~mask) | ((b << pos) & mask);
}
X86_HELPER_PURE(insertq, 3, TCG_HF_NO_VEC);
