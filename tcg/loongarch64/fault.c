/*
 * Guest registers in the signal frame of a host fault inside generated code.
 * Vectors and MXCSR are always in the CPU state.
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

uint16_t la_mark_bits(uint32_t set)
{
    uint16_t bits = 0;

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

void la_sync_from_ucontext(void *env, const void *p)
{
    const ucontext_t *uc = p;

    for (unsigned i = 0; i < nb_pinned; i++) {
        memcpy(home(env, i), &uc->uc_mcontext.__gregs[pinned[i]], 8);
    }
}

void la_sync_to_ucontext(const void *env, void *p)
{
    ucontext_t *uc = p;

    for (unsigned i = 0; i < nb_pinned; i++) {
        memcpy(&uc->uc_mcontext.__gregs[pinned[i]], home(env, i), 8);
    }
}

void la_settle_state(void *env, unsigned state)
{
    for (unsigned i = 0; i < nb_pinned; i++) {
        if (state >> i & 1) {
            memset(home(env, i) + 4, 0, 4);
        }
    }
}
