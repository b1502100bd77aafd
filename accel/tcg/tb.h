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

/*
 * Records refer to each other by their offset in the metadata memory, which
 * halves their size; 0 is none.
 */
typedef uint32_t TBRef;
extern uint8_t *tb_meta_base;

static inline void *tb_deref(TBRef r)
{
    return r ? tb_meta_base + r : NULL;
}

static inline TBRef tb_ref(const void *p)
{
    return p ? (const uint8_t *)p - tb_meta_base : 0;
}

/* A patchable exit.  Its address is the cookie enter() returns. */
typedef struct TBExit {
    TCGExit e;
    TBRef owner;            /* TB */
    TBRef target;           /* TB it is linked to; locked */
    TBRef next, prev;       /* TBExit, in the target's incoming list; locked */
} TBExit;

/* Membership of a unit in the list of a guest page; locked. */
typedef struct TBPageLink {
    uint64_t page;
    TBRef next, prev;       /* TBPageLink */
    TBRef tb;
    uint32_t pad;
} TBPageLink;

/* Guest code the unit depends on. */
typedef struct TBRange {
    int32_t delta;          /* start - pc of the unit */
    uint32_t len;
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
    TB_ROUNDS = 8,      /* entered by loop exits only, not in the table: TCGLoop */
};

/* Followed in memory by its exits, ranges, page links and unwind table. */
struct TB {
    uint64_t pc;
    const uint8_t *code;            /* host entry (executable mapping) */
    _Atomic TBRef hash_next;        /* TB; locked to write */
    _Atomic uint8_t state;          /* TBState; locked to write */
    uint8_t flags;
    uint8_t nb_ranges;
    uint8_t nb_pages;
    uint32_t code_size;
    uint16_t insns;
    uint8_t nb_exits;
    uint8_t pad;
    uint64_t guest_hash;            /* of the bytes in ranges */
    const uint8_t *unwind;          /* see fault.c */
    uint32_t unwind_size;
    uint32_t hook_generation;
    TBRef dormant_next;             /* TB; locked */
    TBRef incoming;                 /* TBExit; locked */
};
QEMU_BUILD_BUG_ON(sizeof(TB) != 64 || sizeof(TBExit) != 32);

static inline TBExit *tb_exits(const TB *tb)
{
    return (TBExit *)(tb + 1);
}

static inline TBRange *tb_ranges(const TB *tb)
{
    return (TBRange *)(tb_exits(tb) + tb->nb_exits);
}

static inline TBPageLink *tb_pages(const TB *tb)
{
    return (TBPageLink *)(tb_ranges(tb) + tb->nb_ranges);
}

/* Size of a record with that much behind it. */
static inline size_t tb_record_size(unsigned exits, unsigned ranges,
                                    unsigned pages)
{
    return sizeof(TB) + exits * sizeof(TBExit) + ranges * sizeof(TBRange) +
           pages * sizeof(TBPageLink);
}

static inline bool tb_is_valid(const TB *tb)
{
    return atomic_load_explicit(&tb->state, memory_order_acquire) == TB_VALID;
}

/* The table of valid units.  Lookup needs no lock. */
void tb_table_init(void);
TB *tb_lookup(uint64_t pc);
/* The same, quicker where mostly none is found. */
TB *tb_lookup_rare(uint64_t pc);
void tb_table_insert(TB *tb);
void tb_table_remove(TB *tb);

/* Units that may come back, by pc; all locked. */
void tb_dormant_insert(TB *tb);
void tb_dormant_remove(TB *tb);
TB *tb_dormant_first(uint64_t pc);
TB *tb_dormant_next(const TB *tb);

/*
 * Hash of the guest code in the ranges of a unit: of @bytes, which are those of
 * all ranges in order, or of what is there now (NULL).
 */
uint64_t tb_hash_code(const TB *tb, const uint8_t *bytes);

#endif
