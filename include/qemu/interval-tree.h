/*
 * A balanced search tree of disjoint address ranges.
 *
 * The tree knows ranges only; the user embeds an IntervalNode in its own
 * record.  Each node also keeps the bounds of its subtree and the widest hole
 * inside it, which finds room for a new range in logarithmic time.
 *
 * Locking is the user's affair.  The lookups below change nothing; a reader
 * that runs beside a writer gets a wrong answer at worst and never loops for
 * ever as long as node memory stays node memory, so a sequence counter around
 * writers is enough (linux-user/page-table.c does that).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QEMU_INTERVAL_TREE_H
#define QEMU_INTERVAL_TREE_H

#include "qemu/osdep.h"

typedef struct IntervalNode {
    struct IntervalNode *left, *right, *parent;
    uint64_t start, end;            /* [start, end), not empty */
    uint64_t sub_start, sub_end;    /* bounds of the subtree */
    uint64_t sub_gap;               /* widest hole inside these bounds */
    uint32_t priority;              /* heap order: what keeps it balanced */
} IntervalNode;

typedef struct IntervalTree {
    IntervalNode *root;
    size_t count;
    uint32_t seed;
} IntervalTree;

/* Insert @n with start and end set; it must not overlap another node. */
void interval_tree_insert(IntervalTree *t, IntervalNode *n);
void interval_tree_remove(IntervalTree *t, IntervalNode *n);

/* Change the bounds of @n in place; its order among the others must hold. */
void interval_tree_resize(IntervalTree *t, IntervalNode *n, uint64_t start,
                          uint64_t end);

/* Node that holds @addr, or NULL. */
IntervalNode *interval_tree_find(const IntervalTree *t, uint64_t addr);

/* First node (by address) that ends above @addr, or NULL. */
IntervalNode *interval_tree_first_after(const IntervalTree *t, uint64_t addr);

/* First node that overlaps [start, end), or NULL. */
static inline IntervalNode *
interval_tree_first_in(const IntervalTree *t, uint64_t start, uint64_t end)
{
    IntervalNode *n;

    if (start >= end) {
        return NULL;        /* an empty range overlaps nothing */
    }
    n = interval_tree_first_after(t, start);
    return n && n->start < end ? n : NULL;
}

IntervalNode *interval_tree_next(const IntervalNode *n);
IntervalNode *interval_tree_prev(const IntervalNode *n);

/*
 * The highest address a with [a, a + len) free, min <= a, a + len <= top and
 * a % align == phase.  @align is a power of two above @phase.  Returns false
 * when there is none.
 */
bool interval_tree_gap_down(const IntervalTree *t, uint64_t min, uint64_t top,
                            uint64_t len, uint64_t align, uint64_t phase,
                            uint64_t *addr);

/* Check every invariant, for tests. */
bool interval_tree_check(const IntervalTree *t);

#endif
