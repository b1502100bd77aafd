/*
 * A sparse set of guest pages.  Pure data structure; see page-set.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "linux-user/page-set.h"

#define PAGE_SHIFT 12
#define LEAF_SHIFT 23       /* log2 of the bytes a leaf covers */
#define MID_SHIFT  34

static PageSetLeaf *find_leaf(const PageSet *s, uint64_t addr)
{
    PageSetLeaf *_Atomic *mid;

    if (addr >> 47) {
        return NULL;
    }
    mid = atomic_load_explicit(&s->top[addr >> MID_SHIFT],
                               memory_order_acquire);
    if (!mid) {
        return NULL;
    }
    return atomic_load_explicit(&mid[(addr >> LEAF_SHIFT) &
                                     (PAGE_SET_MID - 1)],
                                memory_order_acquire);
}

static PageSetLeaf *make_leaf(PageSet *s, uint64_t addr)
{
    PageSetLeaf *_Atomic *mid, *_Atomic *slot;
    PageSetLeaf *leaf;

    mid = atomic_load(&s->top[addr >> MID_SHIFT]);
    if (!mid) {
        mid = xcalloc(PAGE_SET_MID, sizeof(*mid));
        atomic_store_explicit(&s->top[addr >> MID_SHIFT], mid,
                              memory_order_release);
    }
    slot = &mid[(addr >> LEAF_SHIFT) & (PAGE_SET_MID - 1)];
    leaf = atomic_load(slot);
    if (!leaf) {
        leaf = xcalloc(1, sizeof(*leaf));
        atomic_store_explicit(slot, leaf, memory_order_release);
    }
    return leaf;
}

static unsigned page_index(uint64_t addr)
{
    return (addr >> PAGE_SHIFT) & (PAGE_SET_LEAF - 1);
}

bool page_set_test(const PageSet *s, uint64_t addr)
{
    PageSetLeaf *leaf = find_leaf(s, addr);
    unsigned i = page_index(addr);

    return leaf && (atomic_load_explicit(&leaf->bits[i / 64],
                                         memory_order_acquire) >>
                    (i % 64) & 1);
}

bool page_set_add(PageSet *s, uint64_t addr)
{
    unsigned i = page_index(addr);
    uint64_t bit = 1ull << (i % 64);

    if (addr >> 47) {
        return false;
    }
    return atomic_fetch_or(&make_leaf(s, addr)->bits[i / 64], bit) & bit;
}

bool page_set_remove(PageSet *s, uint64_t addr)
{
    PageSetLeaf *leaf = find_leaf(s, addr);
    unsigned i = page_index(addr);
    uint64_t bit = 1ull << (i % 64);

    return leaf && (atomic_fetch_and(&leaf->bits[i / 64], ~bit) & bit);
}

/* First page in [addr, end) whose membership is @want, or @end. */
static uint64_t scan(const PageSet *s, uint64_t addr, uint64_t end, bool want)
{
    uint64_t stop = MIN(end, 1ull << 47);

    addr &= ~(uint64_t)0xfff;
    while (addr < stop) {
        PageSetLeaf *leaf;
        unsigned i;
        uint64_t w;

        if (want && !atomic_load(&s->top[addr >> MID_SHIFT])) {
            addr = ((addr >> MID_SHIFT) + 1) << MID_SHIFT;
            continue;
        }
        leaf = find_leaf(s, addr);
        if (!leaf) {
            if (!want) {
                return addr;
            }
            addr = ((addr >> LEAF_SHIFT) + 1) << LEAF_SHIFT;
            continue;
        }
        i = page_index(addr);
        w = atomic_load(&leaf->bits[i / 64]);
        w = (want ? w : ~w) >> (i % 64);
        if (w) {
            addr += (uint64_t)__builtin_ctzll(w) << PAGE_SHIFT;
            return MIN(addr, end);
        }
        addr += (uint64_t)(64 - i % 64) << PAGE_SHIFT;
    }
    /* Nothing above user space is in the set. */
    return want ? end : MIN(MAX(addr, stop), end);
}

uint64_t page_set_next(const PageSet *s, uint64_t addr, uint64_t end)
{
    return scan(s, addr, end, true);
}

uint64_t page_set_run_end(const PageSet *s, uint64_t addr, uint64_t end)
{
    return scan(s, addr, end, false);
}

void page_set_remove_range(PageSet *s, uint64_t start, uint64_t end)
{
    uint64_t a = start;

    while ((a = page_set_next(s, a, end)) < end) {
        page_set_remove(s, a);
        a += 1ull << PAGE_SHIFT;
    }
}
