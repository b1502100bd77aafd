/*
 * The tables of units: valid ones by guest pc for everybody, dormant ones by
 * guest pc for the translator.  Knows nothing about code memory or pages.
 *
 * The valid table is an array of chains.  Readers take no lock: a unit is
 * linked in after it is complete, and its memory outlives every reader (see
 * internal.h).  Growing relinks the same records into a larger array; a
 * reader that meanwhile strays into another chain finds nothing, takes the
 * lock and looks again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"

#define INITIAL_BITS 11
#define INITIAL_DORMANT_BITS 12
#define DORMANT_MAX_PER_PC 8

typedef struct TBTable {
    unsigned bits;
    _Atomic TBRef buckets[];
} TBTable;

static _Atomic(TBTable *) table;
static size_t table_count;      /* engine lock */

/* Also an array of chains; engine lock. */
static TBRef *dormant;
static unsigned dormant_bits;
static size_t dormant_count;

uint8_t *tb_meta_base;

/*
 * A bit for every pc that ever had a unit, modulo the size: answers most
 * questions whether there is one without a walk through cold records.  Engine
 * lock to write.
 */
#define FILTER_BITS 22
static _Atomic uint64_t filter[(1u << FILTER_BITS) / 64];

static inline size_t hash_pc(uint64_t pc, unsigned bits)
{
    return pc * 0x9e3779b97f4a7c15ull >> (64 - bits);
}

static TBTable *table_new(unsigned bits)
{
    TBTable *t = calloc(1, sizeof(*t) + (sizeof(t->buckets[0]) << bits));

    if (t) {
        t->bits = bits;
    }
    return t;
}

void tb_table_init(void)
{
    TBTable *t = table_new(INITIAL_BITS);

    dormant_bits = INITIAL_DORMANT_BITS;
    dormant = calloc(1u << dormant_bits, sizeof(*dormant));
    if (!t || !dormant) {
        abort();
    }
    atomic_store(&table, t);
}

TB *tb_lookup(uint64_t pc)
{
    TBTable *t = atomic_load_explicit(&table, memory_order_acquire);
    TBRef r = atomic_load_explicit(&t->buckets[hash_pc(pc, t->bits)],
                                   memory_order_acquire);

    while (r) {
        TB *tb = tb_deref(r);

        if (tb->pc == pc && tb_is_valid(tb)) {
            return tb;
        }
        r = atomic_load_explicit(&tb->hash_next, memory_order_acquire);
    }
    return NULL;
}

static inline unsigned filter_bit(uint64_t pc)
{
    return (pc ^ pc >> FILTER_BITS) & ((1u << FILTER_BITS) - 1);
}

TB *tb_lookup_rare(uint64_t pc)
{
    unsigned bit = filter_bit(pc);
    uint64_t word = atomic_load_explicit(&filter[bit / 64],
                                         memory_order_relaxed);

    return word >> bit % 64 & 1 ? tb_lookup(pc) : NULL;
}

static void bucket_push(TBTable *t, TB *tb)
{
    _Atomic TBRef *b = &t->buckets[hash_pc(tb->pc, t->bits)];

    atomic_store_explicit(&tb->hash_next,
                          atomic_load_explicit(b, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(b, tb_ref(tb), memory_order_release);
}

static void table_grow(void)
{
    TBTable *old = atomic_load(&table);
    TBTable *t = table_new(old->bits + 2);

    if (!t) {
        return;     /* longer chains are no error */
    }
    for (size_t i = 0; i < (size_t)1 << old->bits; i++) {
        TB *tb = tb_deref(atomic_load(&old->buckets[i]));

        while (tb) {
            TB *next = tb_deref(atomic_load(&tb->hash_next));

            bucket_push(t, tb);
            tb = next;
        }
    }
    atomic_store_explicit(&table, t, memory_order_release);
    engine_free_later(old);
}

void tb_table_insert(TB *tb)
{
    TBTable *t = atomic_load(&table);
    unsigned bit = filter_bit(tb->pc);

    atomic_store_explicit(&filter[bit / 64],
                          atomic_load_explicit(&filter[bit / 64],
                                               memory_order_relaxed) |
                          UINT64_C(1) << bit % 64, memory_order_relaxed);
    /* each unit too many in a chain is a cache miss */
    if (table_count >= (size_t)1 << t->bits >> 1 && t->bits < 24) {
        table_grow();
        t = atomic_load(&table);
    }
    table_count++;
    bucket_push(t, tb);
}

void tb_table_remove(TB *tb)
{
    TBTable *t = atomic_load(&table);
    _Atomic TBRef *p = &t->buckets[hash_pc(tb->pc, t->bits)];
    TB *cur;

    while ((cur = tb_deref(atomic_load_explicit(p, memory_order_relaxed)))) {
        if (cur == tb) {
            /* tb keeps its own pointer: a reader may stand on it. */
            atomic_store_explicit(p, atomic_load_explicit(&tb->hash_next,
                                                    memory_order_relaxed),
                                  memory_order_release);
            table_count--;
            return;
        }
        p = &cur->hash_next;
    }
}

static TBRef *dormant_bucket(uint64_t pc)
{
    return &dormant[hash_pc(pc, dormant_bits)];
}

/* Chains keep their order: the latest version of a pc comes first. */
static void dormant_grow(void)
{
    unsigned bits = dormant_bits + 2;
    TBRef *old = dormant, *new = calloc((size_t)1 << bits, sizeof(*new));
    TBRef **end = calloc((size_t)1 << bits, sizeof(*end));

    if (new && end) {
        size_t n = (size_t)1 << dormant_bits;

        for (size_t i = 0; i < n; i++) {
            for (TB *tb = tb_deref(old[i]); tb; ) {
                TB *next = tb_deref(tb->dormant_next);
                size_t k = hash_pc(tb->pc, bits);

                *(end[k] ? end[k] : &new[k]) = tb_ref(tb);
                tb->dormant_next = 0;
                end[k] = &tb->dormant_next;
                tb = next;
            }
        }
        dormant = new;
        dormant_bits = bits;
        new = old;
    }
    free(new);      /* longer chains are no error */
    free(end);
}

/*
 * Dormant units.  A pc whose code changes all the time keeps only its latest
 * few versions.
 */
void tb_dormant_insert(TB *tb)
{
    TBRef *p;
    unsigned n = 0;

    if (dormant_count >= (size_t)1 << dormant_bits && dormant_bits < 24) {
        dormant_grow();
    }
    dormant_count++;
    p = dormant_bucket(tb->pc);
    tb->dormant_next = *p;
    *p = tb_ref(tb);
    for (p = &tb->dormant_next; *p; ) {
        TB *other = tb_deref(*p);

        if (other->pc == tb->pc && ++n >= DORMANT_MAX_PER_PC) {
            atomic_store(&other->state, TB_DEAD);
            *p = other->dormant_next;
            dormant_count--;
        } else {
            p = &other->dormant_next;
        }
    }
}

void tb_dormant_remove(TB *tb)
{
    TBRef *p = dormant_bucket(tb->pc);

    while (*p != tb_ref(tb)) {
        p = &((TB *)tb_deref(*p))->dormant_next;
    }
    *p = tb->dormant_next;
    dormant_count--;
}

static TB *dormant_match(TBRef r, uint64_t pc)
{
    TB *tb = tb_deref(r);

    while (tb && tb->pc != pc) {
        tb = tb_deref(tb->dormant_next);
    }
    return tb;
}

TB *tb_dormant_first(uint64_t pc)
{
    return dormant_match(*dormant_bucket(pc), pc);
}

TB *tb_dormant_next(const TB *tb)
{
    return dormant_match(tb->dormant_next, tb->pc);
}

/* 64 bits by multiply and fold: equal bytes matter, attackers do not. */
static uint64_t hash_bytes(uint64_t h, const uint8_t *p, uint64_t len)
{
    h ^= len;
    while (len) {
        uint64_t v = 0;
        unsigned step = len < 8 ? len : 8;
        unsigned __int128 m;

        if (likely(step == 8)) {
            memcpy(&v, p, 8);
        } else {
            memcpy(&v, p, step);
        }
        m = (unsigned __int128)(v ^ h) * 0x9e3779b97f4a7c15ull;
        h = (uint64_t)m ^ (uint64_t)(m >> 64) ^ step;
        p += step;
        len -= step;
    }
    return h;
}

uint64_t tb_hash_code(const TB *tb, const uint8_t *bytes)
{
    const TBRange *ranges = tb_ranges(tb);
    uint64_t h = 0x243f6a8885a308d3ull;

    for (unsigned i = 0; i < tb->nb_ranges; i++) {
        const uint8_t *guest = (const uint8_t *)(uintptr_t)(tb->pc +
                                                            ranges[i].delta);

        h = hash_bytes(h, bytes ? bytes : guest, ranges[i].len);
        if (bytes) {
            bytes += ranges[i].len;
        }
    }
    return h;
}
