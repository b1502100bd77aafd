/*
 * Which units depend on which guest pages, and what happens when a page
 * changes.
 *
 * Pages of code are write-protected through EngineUserOps before the first
 * byte is read.  A write to one of them arrives as a host fault: all units of
 * the page are put aside (dormant), the page becomes writable and the write is
 * repeated.  When such a unit is wanted again and its guest bytes are the same,
 * it comes back without being translated, so that data next to code costs a
 * fault and a hash, not a translation.
 *
 * A page that is written again and again stops being protected: its units
 * compare the guest bytes they were made from when they are entered, and are
 * left behind a write into themselves (PAGE_MODE_CHECK).  If it was the page's
 * own code that wrote, units also end after each instruction that writes
 * (PAGE_MODE_STRICT).  A page starts anew when the process maps, unmaps or
 * reprotects it.
 *
 * Page descriptors are grouped in regions of 64 pages with a bitmap of the
 * pages that matter, so that unmapping large areas without code is cheap.
 *
 * Locking: engine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include <sys/mman.h>

#define REGION_PAGES 64u
#define REGION_SHIFT (GUEST_PAGE_BITS + 6)
#define REGION_HASH_BITS 10

/* Write faults until a page is checked instead of protected. */
#define WRITE_FAULT_LIMIT 8

typedef struct PageDesc {
    TBRef units;            /* TBPageLink */
    uint16_t faults;
    bool protected;
    uint8_t mode;           /* PageMode */
} PageDesc;

typedef struct Region {
    struct Region *next;
    uint64_t key;           /* address >> REGION_SHIFT */
    uint64_t used;          /* bit per page whose PageDesc is not all zero */
    PageDesc pages[REGION_PAGES];
} Region;

static Region *regions[1u << REGION_HASH_BITS];
static size_t nb_regions;

static size_t region_hash(uint64_t key)
{
    return (key ^ key >> REGION_HASH_BITS) & ((1u << REGION_HASH_BITS) - 1);
}

static Region *region_find(uint64_t key)
{
    Region *r = regions[region_hash(key)];

    while (r && r->key != key) {
        r = r->next;
    }
    return r;
}

static PageDesc *page_find(uint64_t page)
{
    Region *r = region_find(page >> REGION_SHIFT);
    unsigned i = (page >> GUEST_PAGE_BITS) % REGION_PAGES;

    return r && (r->used >> i & 1) ? &r->pages[i] : NULL;
}

static PageDesc *page_get(uint64_t page)
{
    uint64_t key = page >> REGION_SHIFT;
    unsigned i = (page >> GUEST_PAGE_BITS) % REGION_PAGES;
    Region *r = region_find(key);

    if (!r) {
        Region **head = &regions[region_hash(key)];

        r = calloc(1, sizeof(*r));
        if (!r) {
            abort();
        }
        r->key = key;
        r->next = *head;
        *head = r;
        nb_regions++;
    }
    r->used |= 1ull << i;
    return &r->pages[i];
}

PageMode page_mode(uint64_t page)
{
    PageDesc *p = page_find(page);

    return p ? p->mode : PAGE_MODE_PROTECT;
}

void page_make_protected(uint64_t page)
{
    PageDesc *p = page_get(page);

    if (!p->protected && p->mode == PAGE_MODE_PROTECT) {
        p->protected = true;
        if (engine.cfg.user) {
            engine.cfg.user->page_protect(page);
        }
    }
}

void tb_add_to_pages(TB *tb)
{
    TBPageLink *l = tb_pages(tb);

    for (unsigned i = 0; i < tb->nb_pages; i++, l++) {
        PageDesc *p = page_get(l->page);

        l->tb = tb_ref(tb);
        l->prev = 0;
        l->next = p->units;
        if (l->next) {
            ((TBPageLink *)tb_deref(l->next))->prev = tb_ref(l);
        }
        p->units = tb_ref(l);
    }
}

static void tb_remove_from_pages(TB *tb)
{
    TBPageLink *l = tb_pages(tb);

    for (unsigned i = 0; i < tb->nb_pages; i++, l++) {
        TBPageLink *prev = tb_deref(l->prev), *next = tb_deref(l->next);

        if (prev) {
            prev->next = l->next;
        } else {
            page_find(l->page)->units = l->next;
        }
        if (next) {
            next->prev = l->prev;
        }
    }
}

/* First unit of a page. */
static TB *page_first(const PageDesc *p)
{
    TBPageLink *l = tb_deref(p->units);

    return l ? tb_deref(l->tb) : NULL;
}

void tb_retire(TB *tb, bool keep)
{
    keep &= !(tb->flags & TB_ROUNDS);
    switch (atomic_load(&tb->state)) {
    case TB_VALID:
        atomic_store(&tb->state, keep ? TB_DORMANT : TB_DEAD);
        tb_table_remove(tb);
        chain_unlink_incoming(tb);
        chain_unlink_outgoing(tb);
        tb_remove_from_pages(tb);
        chain_log_invalidated(tb->pc);
        engine.stats.invalidated++;
        if (keep) {
            tb_dormant_insert(tb);
        }
        break;
    case TB_DORMANT:
        if (!keep) {
            tb_dormant_remove(tb);
            atomic_store(&tb->state, TB_DEAD);
        }
        break;
    default:
        break;
    }
}

void tb_retire_done(void)
{
    if (engine_current_cpu) {
        chain_sync_cpu(engine_current_cpu);
    }
    cpu_kick_others();
}

static unsigned page_drop_units(PageDesc *p)
{
    unsigned n = 0;

    for (; p->units; n++) {
        tb_retire(page_first(p), true);
    }
    return n;
}

static void page_release(PageDesc *p, uint64_t page)
{
    if (p->protected) {
        p->protected = false;
        if (engine.cfg.user) {
            engine.cfg.user->page_unprotect(page);
        }
    }
}

/* The mapping of these pages changed: drop their units, start afresh. */
static unsigned region_reset(Region *r, uint64_t first, uint64_t last)
{
    uint64_t base = r->key << REGION_SHIFT;
    unsigned from = first > base ? (first - base) >> GUEST_PAGE_BITS : 0;
    uint64_t bits = r->used & (~0ull << from);
    unsigned n = 0;

    if (last - base < REGION_PAGES << GUEST_PAGE_BITS) {
        bits &= ~0ull >> (63 - ((last - base) >> GUEST_PAGE_BITS));
    }
    for (; bits; bits &= bits - 1) {
        unsigned i = __builtin_ctzll(bits);
        PageDesc *p = &r->pages[i];

        n += page_drop_units(p);
        page_release(p, base + ((uint64_t)i << GUEST_PAGE_BITS));
        memset(p, 0, sizeof(*p));
        r->used &= ~(1ull << i);
    }
    return n;
}

void tb_invalidate_range(uint64_t start, uint64_t len)
{
    uint64_t last = start + len - 1;
    uint64_t k0 = start >> REGION_SHIFT;
    uint64_t k1;
    unsigned n = 0;

    if (!len) {
        return;
    }
    if (last < start) {
        last = UINT64_MAX;
    }
    k1 = last >> REGION_SHIFT;
    start &= GUEST_PAGE_MASK;

    engine_lock();
    engine.stats.invalidate_calls++;
    if (k1 - k0 < nb_regions) {
        for (uint64_t k = k0; k <= k1; k++) {
            Region *r = region_find(k);

            if (r && r->used) {
                n += region_reset(r, start, last);
            }
        }
    } else if (nb_regions) {
        for (unsigned i = 0; i < ARRAY_SIZE(regions); i++) {
            for (Region *r = regions[i]; r; r = r->next) {
                if (r->used && r->key >= k0 && r->key <= k1) {
                    n += region_reset(r, start, last);
                }
            }
        }
    }
    if (n) {
        tb_retire_done();
    }
    engine_unlock();
}

static bool tb_covers(const TB *tb, uint64_t pc)
{
    const TBRange *r = tb_ranges(tb);

    for (unsigned i = 0; i < tb->nb_ranges; i++) {
        if (pc - (tb->pc + r[i].delta) < r[i].len) {
            return true;
        }
    }
    return false;
}

void tb_retire_covering(uint64_t pc)
{
    PageDesc *p = page_find(pc & GUEST_PAGE_MASK);
    TBPageLink *l, *next;

    for (l = p ? tb_deref(p->units) : NULL; l; l = next) {
        TB *tb = tb_deref(l->tb);

        next = tb_deref(l->next);
        if (tb->pc == pc || tb_covers(tb, pc)) {
            tb_retire(tb, true);
        }
    }
    tb_retire_done();
}

/* A page was written while protected: drop its units, let writes through. */
static void page_written(uint64_t page, PageDesc *p, const TB *running,
                         uint64_t rip, bool *hit_rip)
{
    unsigned dropped = 0;
    bool self = false;

    while (p->units) {
        TB *tb = page_first(p);

        self |= tb == running || tb_covers(tb, rip);
        tb_retire(tb, true);
        dropped++;
    }
    *hit_rip |= self;
    page_release(p, page);
    if (!dropped) {
        return;
    }
    engine.stats.write_faults++;
    if (++p->faults >= WRITE_FAULT_LIMIT && p->mode == PAGE_MODE_PROTECT) {
        p->mode = self ? PAGE_MODE_STRICT : PAGE_MODE_CHECK;
        engine.stats.check_pages++;
    } else if (self && p->mode == PAGE_MODE_CHECK) {
        p->mode = PAGE_MODE_STRICT;
    }
}

unsigned page_write_fault(uint64_t addr, uint64_t len, const TB *running,
                          uint64_t rip, bool *hit_rip)
{
    /* One host page is protected or writable as a whole. */
    uint64_t granule = engine.cfg.protect_granule;
    uint64_t page = addr & -granule;
    uint64_t last = (addr + len - 1) | (granule - 1);
    unsigned n = 0;

    *hit_rip = false;
    for (; page < last; page += GUEST_PAGE_SIZE) {
        PageDesc *p = page_find(page);

        if (p && p->protected) {
            page_written(page, p, running, rip, hit_rip);
            n++;
        }
        if (page + GUEST_PAGE_SIZE < page) {
            break;
        }
    }
    if (n) {
        tb_retire_done();
    }
    return n;
}

bool tb_unprotect_for_write(uint64_t addr, uint64_t len)
{
    unsigned n;
    bool hit;

    if (!len) {
        return false;
    }
    engine_lock();
    n = page_write_fault(addr, len, NULL, 0, &hit);
    engine_unlock();
    return n != 0;
}
