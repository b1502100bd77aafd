/*
 * Register allocation shared by the code generators.
 *
 * One backward walk finds where temps die; then the code generator walks the
 * unit forward and asks for registers as it emits, operand by operand.  There
 * is no second pass over host code and no graph: a unit costs time linear in
 * its length.
 *
 * Where a value can be:
 *   - a *pinned* global is always in its host register;
 *   - an unpinned global and a TCG_TEMP_LOCAL live in memory (*home*: CPU
 *     state or frame).  Writes go through to memory at once, so memory is
 *     always right; a register may hold a copy;
 *   - a temp is in a register, or spilled to a frame slot, or both.  A temp
 *     may also *share* the register of a pinned global: `mov t, rax` emits
 *     nothing, and an op whose result is moved to rax soon computes there.
 *     Before the global is written, a sharing temp that is still needed is
 *     moved away;
 *   - constants may be kept in a register for a while.
 *
 * Because nothing but temps is ever dirty, labels need no merging of register
 * states: at a join label registers hold pinned globals only, at a side label
 * they hold what they held at its branch.
 *
 * This file must not know any host: the code generator describes its
 * registers in RAHost and emits moves through it.  Register numbers are the
 * host's: 0..31 integer, 32..63 vector.
 *
 * Locking: as TCGContext, the translation lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_REGALLOC_H
#define TCG_REGALLOC_H

#include "tcg/tcg.h"

#define RA_NOREG    0xffu
#define RA_NREGS    64
#define RA_VEC      32          /* first vector register */

typedef uint64_t RASet;         /* set of registers */
#define RA_BIT(r)   (1ull << (r))
#define RA_ANY      UINT64_MAX

/* Memory that holds a value. */
typedef struct RAHome {
    bool frame;         /* frame slot, or else CPU state */
    uint32_t offset;
} RAHome;

/* What a code generator tells the allocator. */
typedef struct RAHost {
    RASet temps[2];     /* by TCGType: registers for anything but globals */
    uint32_t int_slots, nb_int_slots;   /* frame: 8-byte slots */
    uint32_t vec_slots, nb_vec_slots;   /* 32-byte slots */
    /* Emitters; none may change host flags. */
    void (*move)(void *gen, unsigned d, unsigned s);
    void (*load)(void *gen, unsigned d, RAHome home);
    void (*store)(void *gen, unsigned s, RAHome home);
    void (*movi)(void *gen, unsigned d, uint64_t value);
    /* The home of @v, which was dirty, has just been written; may be NULL. */
    void (*saved)(void *gen, TCGv v);
} RAHost;

/* What code generators note about an op before ra_liveness(). */
enum {
    RA_OPI_HOST_CC  = 1,    /* consumer: does not read its record */
    RA_OPI_CC_MAT   = 2,    /* cc_set: reads its record */
    RA_OPI_KEEP     = 4,    /* host flags live across the op */
    RA_OPI_PRODUCER = 8,    /* host flags of the op are wanted */
    RA_OPI_SKIP     = 16,   /* emitted with another op */
    RA_OPI_CC_DEAD  = 32,   /* cc_set: dst operand is wanted as flags only */
    RA_OPI_USER     = 64,   /* free for the code generator */
};

typedef struct RAVal {
    uint8_t reg;            /* RA_NOREG if none; unused for pinned globals */
    bool in_slot;           /* temp: its slot has the value */
    bool partial;           /* vector global: reg has the low half only */
    bool dirty;             /* unpinned global: only reg has the value */
    uint16_t slot;          /* frame slot + 1, 0 = none */
    uint16_t live;          /* liveness: place in the live list + 1 */
    TCGv hint;              /* pinned global to compute in, or 0 */
} RAVal;

/* A temp that a side label takes over from its branch. */
typedef struct RASide {
    TCGv val;
    uint8_t reg;
    bool main_dead;         /* not needed behind the branch */
    bool in_slot;
    uint16_t slot;
} RASide;

typedef struct RACached {
    TCGv val;
    uint8_t reg;
    bool partial;
} RACached;

typedef struct RALabel {
    uint16_t first, count;          /* into RA.sides */
    uint16_t cached, nb_cached;     /* into RA.caches */
} RALabel;

#define RA_MAX_SIDES 8192

typedef struct RA {
    TCGContext *s;
    const RAHost *host;
    void *gen;
    RAVal vals[TCG_MAX_VALS];
    uint8_t dead[TCG_MAX_OPS];      /* bit i: src[i] ends, 6 + i: dst[i] unused */
    uint8_t info[TCG_MAX_OPS];      /* RA_OPI_* */
    TCGv hold[RA_NREGS];            /* value in a register; of a pinned one:
                                       the temp that shares it */
    uint32_t stamp[RA_NREGS];       /* last op that touched it */
    RASet pinned, locked;
    RASet known;                    /* pinned registers that hold a constant, */
    uint64_t known_value[RA_NREGS]; /* and which */
    uint64_t slots[2][4];           /* slots in use, by TCGType */
    unsigned cur;                   /* op being emitted */
    bool failed;                    /* out of slots or side entries */
    RALabel labels[TCG_MAX_LABELS];
    RASide sides[RA_MAX_SIDES];
    RACached caches[RA_MAX_SIDES];
    unsigned nb_sides, nb_caches;
    TCGv live_list[TCG_MAX_VALS];
    unsigned nb_live;
} RA;

/* Once: pinned registers are taken from s->vals[].pinned. */
void ra_init(RA *ra, TCGContext *s, const RAHost *host, void *gen);
/* Per unit: forget everything; info[] is cleared for the generator to fill. */
void ra_begin(RA *ra);
void ra_liveness(RA *ra);

/* Around the emission of op @i. */
void ra_op_begin(RA *ra, unsigned i);
void ra_op_end(RA *ra);

/* Is this the last use of @v, or is result @n unused? */
bool ra_dies(const RA *ra, TCGv v);
static inline bool ra_dst_dead(const RA *ra, unsigned n)
{
    return ra->dead[ra->cur] >> (6 + n) & 1;
}

/* The register that holds @v right now, or RA_NOREG. */
unsigned ra_where(const RA *ra, TCGv v);
/* Memory that holds @v right now; false if there is none. */
bool ra_home(const RA *ra, TCGv v, RAHome *home);

/* @v in a register of the operand's own or shared; not to be written. */
unsigned ra_use(RA *ra, TCGv v);
/* A register for the rest of the op. */
unsigned ra_scratch(RA *ra, TCGType type, RASet avoid);
/* Give a scratch register back early. */
void ra_unlock(RA *ra, unsigned reg);
/* Do not hand out @reg during this op. */
static inline void ra_lock(RA *ra, unsigned reg)
{
    ra->locked |= RA_BIT(reg);
}

/*
 * A register to compute result @v in, none of @avoid.  If @a or @b (values or
 * 0) is in a register that may be overwritten, prefers that.  The register
 * may be that of a source otherwise only if @v is the pinned global itself.
 * Follow with ra_bind() after the code that computes the value.
 */
unsigned ra_dst(RA *ra, TCGv v, TCGv a, TCGv b, RASet avoid);
/* @v has been computed in @reg, which ra_dst() or ra_scratch() returned. */
void ra_bind(RA *ra, TCGv v, unsigned reg);
/* @v = @a without computation. */
void ra_copy(RA *ra, TCGv v, TCGv a);
/*
 * Pinned register @reg is about to be written by other means: a temp that
 * shares it is moved away if it is still needed.
 */
void ra_write_pinned(RA *ra, unsigned reg);
/* Pinned register @reg has just been set to a constant. */
static inline void ra_set_known(RA *ra, unsigned reg, uint64_t value)
{
    ra->known |= RA_BIT(reg);
    ra->known_value[reg] = value;
}
/* The frame slot of temp @v, whether its value is there or not. */
RAHome ra_slot(RA *ra, TCGv v);
/*
 * The low half of unpinned global @v is in @reg as well as at home; what else
 * is in @reg does not count.
 */
void ra_hold_partial(RA *ra, TCGv v, unsigned reg);
static inline bool ra_is_partial(const RA *ra, TCGv v)
{
    return ra->vals[v].reg != RA_NOREG && ra->vals[v].partial;
}
/* @v has just been written to its home by other means. */
void ra_written_home(RA *ra, TCGv v);
/*
 * The value in @reg, whose temp ends with this op, is that of unpinned global @v
 * from here on: it goes home when the register is wanted, or by ra_flush().
 */
void ra_hold_dirty(RA *ra, TCGv v, unsigned reg);
static inline bool ra_is_dirty(const RA *ra, TCGv v)
{
    return ra->vals[v].dirty;
}
/* Write dirty @v home and forget its register; ra_drop(): without writing. */
void ra_flush(RA *ra, TCGv v);
void ra_drop(RA *ra, TCGv v);

/* Move a temp away from @reg (pinned: the one that shares it). */
void ra_evict(RA *ra, unsigned reg);
/*
 * Before code that destroys the registers in @set: ra_save() stores temps that
 * are needed later, ra_clobber() also forgets what the registers held.
 */
void ra_save(RA *ra, RASet set);
void ra_clobber(RA *ra, RASet set);
/* Unpinned globals were changed in memory. */
void ra_forget_globals(RA *ra, TCGType type);

/* Labels: at a branch to side label, at the label, at a join label. */
void ra_side_branch(RA *ra, unsigned label);
void ra_side_label(RA *ra, unsigned label);
void ra_join_label(RA *ra);

#endif
