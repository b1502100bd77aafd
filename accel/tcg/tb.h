/*
 * The record of a unit (translation block) and the shared table of units.
 *
 * A record lives in the metadata memory of the chunk that holds its code and
 * dies with the chunk.  After publication all fields are constant except
 * those marked; the marked ones change under the engine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_TCG_TB_H
#define ACCEL_TCG_TB_H

#include "qemu/osdep.h"
#include "tcg/tcg.h"
#include "exec/translator.h"

typedef struct TB TB;

/* A patchable exit.  Its address is the cookie enter() returns. */
typedef struct TBExit {
    TCGExit e;
    TB *owner;
    TB *target;                         /* linked to, or NULL; locked */
    struct TBExit *next, **pprev;       /* in target->incoming; locked */
} TBExit;

/* Membership of a unit in the list of a guest page; locked. */
typedef struct TBPageLink {
    struct TBPageLink *next, **pprev;
    TB *tb;
    uint64_t page;
} TBPageLink;

typedef struct TBRange {
    uint64_t start;
    uint64_t len;
} TBRange;

typedef enum TBState {
    TB_NEW,         /* not published; also one-shot units */
    TB_VALID,
    TB_DORMANT,     /* out of use, comes back if its code is unchanged */
    TB_DEAD,
} TBState;

enum {
    TB_CHECKED = 1,     /* compares its guest code at entry */
    TB_STRICT = 2,      /* ends after a write */
    TB_HOOKED = 4,      /* runs a hook at entry */
};

struct TB {
    uint64_t pc;
    const uint8_t *code;            /* host entry (executable mapping) */
    _Atomic(TB *) hash_next;        /* locked to write */
    TB *dormant_next;               /* locked */
    _Atomic uint8_t state;          /* TBState; locked to write */
    uint8_t flags;
    uint8_t nb_ranges;
    uint8_t nb_pages;
    uint16_t nb_exits;
    uint16_t insns;
    uint32_t code_size;
    uint32_t guest_size;            /* bytes in ranges */
    uint64_t guest_hash;            /* of the bytes in ranges */
    TBExit *incoming;               /* locked */
    TBExit *exits;
    TBRange *ranges;
    TBPageLink *pages;
    const uint8_t *unwind;          /* see fault.c */
    uint32_t unwind_size;
    uint32_t hook_generation;
};

static inline bool tb_is_valid(const TB *tb)
{
    return atomic_load_explicit(&tb->state, memory_order_acquire) == TB_VALID;
}

/* The table of valid units.  Lookup needs no lock. */
void tb_table_init(void);
TB *tb_lookup(uint64_t pc);
/* Is there a valid unit at @pc?  For the translator: engine lock held. */
bool tb_exists(uint64_t pc);
void tb_table_insert(TB *tb);
void tb_table_remove(TB *tb);

/* Units that may come back, by pc; all locked. */
void tb_dormant_insert(TB *tb);
void tb_dormant_remove(TB *tb);
TB *tb_dormant_first(uint64_t pc);
TB *tb_dormant_next(const TB *tb);

/* Hash of the guest bytes a unit was made from, as they are now. */
uint64_t tb_hash_guest(const TBRange *ranges, unsigned n);

#endif
