/*
 * Guest registers in the signal frame of a host fault inside generated code.
 *
 * Knows the layout of Linux's LoongArch signal frames: general registers, then
 * a list of records, one of which has the FPU's, LSX's or LASX's registers.
 *
 * Async-signal-safe: reads what la_fault_init() prepared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include <ucontext.h>

const TCGContext *la_context;
static uint8_t pinned[16];          /* register of global 1 + i */
static unsigned nb_pinned;

void la_fault_init(const TCGContext *s)
{
    la_context = s;
    nb_pinned = 0;
    for (TCGv v = 1; v <= s->nb_globals && nb_pinned < 16; v++) {
        if (s->vals[v].type == TCG_I64 && s->vals[v].pinned != 0xff) {
            pinned[nb_pinned++] = s->vals[v].pinned;
        }
    }
}

uint32_t la_mark_bits(uint32_t set, uint32_t stale)
{
    uint32_t bits = stale << 16;

    for (unsigned i = 0; set && i < nb_pinned; i++) {
        bits |= (set >> pinned[i] & 1) << i;
    }
    return bits;
}

/* Home of the i-th pinned global; they are the first globals. */
static uint8_t *home(const void *env, unsigned i)
{
    return (uint8_t *)env + la_context->vals[1 + i].offset;
}

/* Records of a frame, from the kernel's asm/sigcontext.h. */
typedef struct FrameRecord {
    uint32_t magic, size;
    uint64_t padding;
} FrameRecord;

enum { FPU_MAGIC = 0x46505501, LSX_MAGIC = 0x53580001, LASX_MAGIC = 0x41535801 };

bool la_fp_context(const void *p, LAFpContext *f)
{
    const ucontext_t *uc = p;
    const uint8_t *at = (const uint8_t *)uc->uc_mcontext.__extcontext;

    for (;;) {
        const FrameRecord *r = (const FrameRecord *)at;

        switch (r->magic) {
        case FPU_MAGIC:
        case LSX_MAGIC:
        case LASX_MAGIC:
            f->size = r->magic == FPU_MAGIC ? 8
                      : r->magic == LSX_MAGIC ? 16 : 32;
            f->regs = (uint64_t *)(r + 1);
            f->first = 0;
            f->fcc = f->regs + 32 * f->size / 8;
            f->fcsr = (uint32_t *)(f->fcc + 1);
            return true;
        case 0:
            return false;
        default:
            break;
        }
        at += r->size;
    }
}

static void sync_vectors(void *env, const LAFpContext *f, bool to_frame)
{
    for (TCGv v = 1; v <= la_context->nb_globals; v++) {
        const TCGVal *x = &la_context->vals[v];
        uint8_t *mem = (uint8_t *)env + x->offset, *reg;

        if (x->type == TCG_VEC && x->pinned != 0xff) {
            reg = (uint8_t *)f->regs + (x->pinned - RA_VEC) * f->size;
            /* upper halves: those that are not in use do no harm */
            memcpy(to_frame ? reg : mem, to_frame ? mem : reg,
                   to_frame && la_have(LA_F_LASX) ? f->size : la_vec_part());
        }
    }
}

/* FCSR's flags I U O Z V as MXCSR's. */
static uint32_t flags_of(uint32_t fcsr)
{
    return (fcsr >> 16 & 1) << 5 | (fcsr >> 17 & 1) << 4 |
           (fcsr >> 18 & 1) << 3 | (fcsr >> 19 & 1) << 2 | (fcsr >> 20 & 1);
}

static void collect_flags(void *env, uint32_t fcsr)
{
    uint32_t *mxcsr = (uint32_t *)((uint8_t *)env + la_context->env_mxcsr);

    *mxcsr |= flags_of(fcsr);
    __builtin_loongarch_movgr2fcsr(0, 0);
}

/* A helper is left: it runs with the host's FCSR, MXCSR is complete. */
void la_abandon(void *env, const void *p)
{
    __builtin_loongarch_movgr2fcsr(0, 0);
}

void la_sync_from_ucontext(void *env, const void *p)
{
    const ucontext_t *uc = p;
    LAFpContext f;

    if (la_fp_context(uc, &f)) {
        sync_vectors(env, &f, false);
        collect_flags(env, *f.fcsr);
    }

    for (unsigned i = 0; i < nb_pinned; i++) {
        memcpy(home(env, i), &uc->uc_mcontext.__gregs[pinned[i]], 8);
    }
}

void la_sync_to_ucontext(const void *env, void *p)
{
    ucontext_t *uc = p;
    LAFpContext f;

    if (la_fp_context(uc, &f)) {
        sync_vectors((void *)env, &f, true);
    }
    for (unsigned i = 0; i < nb_pinned; i++) {
        memcpy(&uc->uc_mcontext.__gregs[pinned[i]], home(env, i), 8);
    }
}

static void settle_uppers(void *env, unsigned set, const void *uc)
{
    LAFpContext f;

    if (!la_fp_context(uc, &f) || f.size < 32) {
        return;
    }
    for (TCGv v = 1; v <= la_context->nb_globals; v++) {
        const TCGVal *x = &la_context->vals[v];

        if (x->type == TCG_VEC && x->pinned != 0xff &&
            set >> (x->pinned - RA_VEC) & 1) {
            memcpy((uint8_t *)env + x->offset + 16,
                   (uint8_t *)f.regs + (x->pinned - RA_VEC) * 32 + 16, 16);
        }
    }
}

void la_settle_state(void *env, unsigned state, const void *uc)
{
    if (state >> 16) {
        settle_uppers(env, state >> 16, uc);
    }
    for (unsigned i = 0; i < nb_pinned; i++) {
        if (state >> i & 1) {
            memset(home(env, i) + 4, 0, 4);
        }
    }
}
