/*
 * A sparse set of guest pages: a three-level bitmap over 47-bit addresses.
 *
 * Membership tests are lock-free; changes are serialised by the owner.
 * Levels are never freed, so a reader never meets a dangling pointer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_PAGE_SET_H
#define LINUX_USER_PAGE_SET_H

#include "qemu/osdep.h"

#define PAGE_SET_TOP  (1u << 13)
#define PAGE_SET_MID  (1u << 11)
#define PAGE_SET_LEAF (1u << 11)        /* pages in a leaf: 8 MiB */

typedef struct PageSetLeaf {
    _Atomic uint64_t bits[PAGE_SET_LEAF / 64];
} PageSetLeaf;

typedef struct PageSet {
    PageSetLeaf *_Atomic *_Atomic top[PAGE_SET_TOP];
} PageSet;

/* Addresses are bytes; the page that holds @addr is meant. */
bool page_set_test(const PageSet *s, uint64_t addr);
/* Returns whether the page was a member before. */
bool page_set_add(PageSet *s, uint64_t addr);
bool page_set_remove(PageSet *s, uint64_t addr);

/* First member at or above @addr and below @end, or @end. */
uint64_t page_set_next(const PageSet *s, uint64_t addr, uint64_t end);
/* End of the run of members that starts at member @addr, at most @end. */
uint64_t page_set_run_end(const PageSet *s, uint64_t addr, uint64_t end);

void page_set_remove_range(PageSet *s, uint64_t start, uint64_t end);

#endif
