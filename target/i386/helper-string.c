/*
 * REP string instructions.
 *
 * Work is done in pieces that lie in one page of each operand: then a piece
 * either faults at its first byte or not at all, and the registers, updated
 * after each piece, are exact when it does.  An element that crosses a page is
 * a piece of its own.  Compiled without vector instructions, so that the
 * caller keeps the guest's vector registers where they are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/guest-ptr.h"
#include "exec/engine.h"
#include "target/i386/helper.h"

#define NOVEC TCG_HELPER_NO_VEC

/* Elements between two looks at interrupt_request. */
#define MAX_PIECE 16384

typedef struct Rep {
    CPUArchState *env;
    unsigned size;          /* of an element */
    unsigned shift;
    bool addr32;
    bool down;              /* DF is set */
    uint64_t seg;           /* base for RSI */
    uint64_t count;
    uint64_t piece;         /* elements between two looks */
} Rep;

static inline NOVEC uint64_t addr_mask(const Rep *r)
{
    return r->addr32 ? UINT32_MAX : UINT64_MAX;
}

static inline NOVEC Rep rep_start(CPUArchState *env, uint64_t mode,
                                  uint64_t seg)
{
    Rep r = {
        .env = env, .size = mode & 15, .addr32 = mode & REP_ADDR32,
        .down = env->df < 0, .seg = seg,
        /* with the trap flag each element is a step */
        .piece = env->eflags_other & TF_MASK ? 1 : MAX_PIECE,
    };

    r.shift = __builtin_ctz(r.size);
    r.count = env->regs[R_ECX] & addr_mask(&r);
    return r;
}

/* Elements from @addr on in DF's direction that stay in its page. */
static inline NOVEC uint64_t in_page(const Rep *r, uint64_t addr)
{
    uint64_t off = addr & ~GUEST_PAGE_MASK;

    if (r->down) {
        /* the element at addr must itself not leave the page */
        return off + r->size > GUEST_PAGE_SIZE ? 0 : (off >> r->shift) + 1;
    }
    return (GUEST_PAGE_SIZE - off) >> r->shift;
}

/* Account for @n elements that are done. */
static inline NOVEC void advance(Rep *r, unsigned reg, uint64_t n)
{
    uint64_t by = r->down ? -(n << r->shift) : n << r->shift;

    r->env->regs[reg] = (r->env->regs[reg] + by) & addr_mask(r);
}

static inline NOVEC void consume(Rep *r, uint64_t n)
{
    r->count -= n;
    r->env->regs[R_ECX] = r->count;
}

static inline NOVEC bool interrupted(const Rep *r)
{
    return r->count && (r->piece == 1 ||
           atomic_load_explicit(&r->env->common.interrupt_request,
                                memory_order_relaxed));
}

static inline NOVEC uint64_t load(const Rep *r, uint64_t addr)
{
    const void *p = guest_ptr(addr);

    switch (r->size) {
    case 1:
        return *(const volatile uint8_t *)p;
    case 2:
        return *(const volatile uint16_t *)p;
    case 4:
        return *(const volatile uint32_t *)p;
    default:
        return *(const volatile uint64_t *)p;
    }
}

static inline NOVEC void store(const Rep *r, uint64_t addr, uint64_t v)
{
    void *p = guest_ptr(addr);

    switch (r->size) {
    case 1:
        *(volatile uint8_t *)p = v;
        break;
    case 2:
        *(volatile uint16_t *)p = v;
        break;
    case 4:
        *(volatile uint32_t *)p = v;
        break;
    default:
        *(volatile uint64_t *)p = v;
        break;
    }
}

static inline NOVEC uint64_t source(const Rep *r)
{
    return (r->env->regs[R_ESI] & addr_mask(r)) + r->seg;
}

static inline NOVEC uint64_t dest(const Rep *r)
{
    return r->env->regs[R_EDI] & addr_mask(r);
}

/* Copy @len bytes upwards; the ranges may overlap only with dst < src. */
static inline NOVEC void copy_up(uint64_t dst, uint64_t src, uint64_t len)
{
#if defined(__x86_64__)
    void *d = (void *)(uintptr_t)dst;
    const void *s = (const void *)(uintptr_t)src;

    asm volatile("rep movsb" : "+D" (d), "+S" (s), "+c" (len) : : "memory");
#else
    memmove(guest_ptr(dst), guest_ptr(src), len);
#endif
}

static NOVEC uint64_t helper_rep_movs(CPUArchState *env, uint64_t mode,
                                      uint64_t seg)
{
    Rep r = rep_start(env, mode, seg);

    while (r.count) {
        uint64_t src = source(&r), dst = dest(&r), n = r.count;

        n = MIN(n, r.piece);
        n = MIN(n, in_page(&r, src));
        n = MIN(n, in_page(&r, dst));
        if (n <= 1) {
            n = 1;
            store(&r, dst, load(&r, src));
        } else if (!r.down && dst - src >= n << r.shift) {
            copy_up(dst, src, n << r.shift);
        } else {
            /* overlapping: what is copied first is read again, as on a CPU */
            int64_t step = r.down ? -(int64_t)r.size : r.size;

            for (uint64_t i = 0; i < n; i++) {
                store(&r, dst, load(&r, src));
                src += step;
                dst += step;
            }
        }
        advance(&r, R_ESI, n);
        advance(&r, R_EDI, n);
        consume(&r, n);
        if (unlikely(interrupted(&r))) {
            return 0;
        }
    }
    return 1;
}

static inline NOVEC void fill_up(const Rep *r, uint64_t dst, uint64_t v,
                                 uint64_t n)
{
#if defined(__x86_64__)
    void *d = (void *)(uintptr_t)dst;

    switch (r->size) {
    case 1:
        asm volatile("rep stosb" : "+D" (d), "+c" (n) : "a" (v) : "memory");
        break;
    case 2:
        asm volatile("rep stosw" : "+D" (d), "+c" (n) : "a" (v) : "memory");
        break;
    case 4:
        asm volatile("rep stosl" : "+D" (d), "+c" (n) : "a" (v) : "memory");
        break;
    default:
        asm volatile("rep stosq" : "+D" (d), "+c" (n) : "a" (v) : "memory");
        break;
    }
#else
    for (uint64_t i = 0; i < n; i++) {
        store(r, dst + (i << r->shift), v);
    }
#endif
}

static NOVEC uint64_t helper_rep_stos(CPUArchState *env, uint64_t mode,
                                      uint64_t seg)
{
    Rep r = rep_start(env, mode, 0);
    uint64_t v = env->regs[R_EAX];

    while (r.count) {
        uint64_t dst = dest(&r), n = r.count;

        n = MIN(n, r.piece);
        n = MIN(n, in_page(&r, dst));
        if (n <= 1) {
            n = 1;
            store(&r, dst, v);
        } else if (r.down) {
            store(&r, dst, v);      /* faults here or not at all */
            fill_up(&r, dst - ((n - 1) << r.shift), v, n);
        } else {
            fill_up(&r, dst, v, n);
        }
        advance(&r, R_EDI, n);
        consume(&r, n);
        if (unlikely(interrupted(&r))) {
            return 0;
        }
    }
    return 1;
}

static NOVEC uint64_t helper_rep_lods(CPUArchState *env, uint64_t mode,
                                      uint64_t seg)
{
    Rep r = rep_start(env, mode, seg);

    while (r.count) {
        uint64_t v = load(&r, source(&r));

        switch (r.size) {
        case 1:
            env->regs[R_EAX] = (env->regs[R_EAX] & ~UINT64_C(0xff)) | v;
            break;
        case 2:
            env->regs[R_EAX] = (env->regs[R_EAX] & ~UINT64_C(0xffff)) | v;
            break;
        default:
            env->regs[R_EAX] = v;
            break;
        }
        advance(&r, R_ESI, 1);
        consume(&r, 1);
        if (unlikely(interrupted(&r))) {
            return 0;
        }
    }
    return 1;
}

/* The record of the last comparison a - b. */
static inline NOVEC void set_cmp(const Rep *r, uint64_t a, uint64_t b)
{
    r->env->cc_op = TCG_CC_OP(CC_KIND_CMP, r->shift);
    r->env->cc_dst = a;
    r->env->cc_src = b;
}

/*
 * CMPS and SCAS stop at the first element that decides; @a is the element of
 * RAX for SCAS.  The flags are set when something was compared, also before a
 * fault: the instruction starts again with the same answer.
 */
static inline NOVEC uint64_t compare(Rep *r, uint64_t mode, bool scan)
{
    bool while_equal = mode & REP_WHILE_Z;
    uint64_t mask = r->size == 8 ? UINT64_MAX :
                    (UINT64_C(1) << r->size * 8) - 1;
    uint64_t a = r->env->regs[R_EAX] & mask, b;

    while (r->count) {
        uint64_t dst = dest(r), src = 0, n, i;
        int64_t step = r->down ? -(int64_t)r->size : r->size;
        bool stop = false;

        n = MIN(r->count, r->piece);
        n = MIN(n, in_page(r, dst));
        if (!scan) {
            src = source(r);
            n = MIN(n, in_page(r, src));
        }
        n = MAX(n, 1);
        for (i = 0; i < n && !stop; i++) {
            if (!scan) {
                a = load(r, src);
                src += step;
            }
            b = load(r, dst);
            dst += step;
            stop = (a == b) != while_equal;
        }
        if (!scan) {
            advance(r, R_ESI, i);
        }
        advance(r, R_EDI, i);
        consume(r, i);
        set_cmp(r, a, b);
        if (stop) {
            return 1;
        }
        if (unlikely(interrupted(r))) {
            return 0;
        }
    }
    return 1;
}

static NOVEC uint64_t helper_rep_cmps(CPUArchState *env, uint64_t mode,
                                      uint64_t seg)
{
    Rep r = rep_start(env, mode, seg);

    return compare(&r, mode, false);
}

static NOVEC uint64_t helper_rep_scas(CPUArchState *env, uint64_t mode,
                                      uint64_t seg)
{
    Rep r = rep_start(env, mode, seg);

    return compare(&r, mode, true);
}

#if defined(__x86_64__)
#define REP_FLAGS (X86_HF_ALL | TCG_HF_NO_VEC)
#else
#define REP_FLAGS X86_HF_ALL
#endif

X86_HELPER(rep_movs, 2, 1, REP_FLAGS);
X86_HELPER(rep_stos, 2, 1, REP_FLAGS);
X86_HELPER(rep_lods, 2, 1, REP_FLAGS);
X86_HELPER(rep_cmps, 2, 1, REP_FLAGS | TCG_HF_READS_CC | TCG_HF_WRITES_CC);
X86_HELPER(rep_scas, 2, 1, REP_FLAGS | TCG_HF_READS_CC | TCG_HF_WRITES_CC);
