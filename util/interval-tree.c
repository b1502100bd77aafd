/*
 * Disjoint address ranges in a treap.
 *
 * Random priorities in heap order keep the tree balanced on average with two
 * rotations as the only structural operation.  Subtree bounds and gaps are
 * derived from the children, so a change is repaired on the way to the root.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/interval-tree.h"

/* Far above the depth a treap of 2^32 nodes reaches: stops torn readers. */
#define MAX_STEPS 512

static void node_update(IntervalNode *n)
{
    uint64_t gap = 0;

    n->sub_start = n->start;
    n->sub_end = n->end;
    if (n->left) {
        n->sub_start = n->left->sub_start;
        gap = MAX(n->left->sub_gap, n->start - n->left->sub_end);
    }
    if (n->right) {
        n->sub_end = n->right->sub_end;
        gap = MAX(gap, n->right->sub_gap);
        gap = MAX(gap, n->right->sub_start - n->end);
    }
    n->sub_gap = gap;
}

static void update_to_root(IntervalNode *n)
{
    for (; n; n = n->parent) {
        node_update(n);
    }
}

static void replace_child(IntervalTree *t, IntervalNode *parent,
                          IntervalNode *old, IntervalNode *new)
{
    if (!parent) {
        t->root = new;
    } else if (parent->left == old) {
        parent->left = new;
    } else {
        parent->right = new;
    }
    if (new) {
        new->parent = parent;
    }
}

/* Make @n the parent of its parent. */
static void rotate_up(IntervalTree *t, IntervalNode *n)
{
    IntervalNode *p = n->parent;

    replace_child(t, p->parent, p, n);
    if (p->left == n) {
        p->left = n->right;
        if (p->left) {
            p->left->parent = p;
        }
        n->right = p;
    } else {
        p->right = n->left;
        if (p->right) {
            p->right->parent = p;
        }
        n->left = p;
    }
    p->parent = n;
    node_update(p);
    node_update(n);
}

static uint32_t next_priority(IntervalTree *t)
{
    uint32_t x = t->seed ? t->seed : 2463534242u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    t->seed = x;
    return x;
}

void interval_tree_insert(IntervalTree *t, IntervalNode *n)
{
    IntervalNode **link = &t->root, *parent = NULL;

    while (*link) {
        parent = *link;
        link = n->start < parent->start ? &parent->left : &parent->right;
    }
    n->left = n->right = NULL;
    n->parent = parent;
    n->priority = next_priority(t);
    node_update(n);
    *link = n;
    update_to_root(parent);
    while (n->parent && n->parent->priority < n->priority) {
        rotate_up(t, n);
    }
    t->count++;
}

void interval_tree_remove(IntervalTree *t, IntervalNode *n)
{
    IntervalNode *parent;

    while (n->left && n->right) {
        rotate_up(t, n->left->priority > n->right->priority ? n->left
                                                             : n->right);
    }
    parent = n->parent;
    replace_child(t, parent, n, n->left ? n->left : n->right);
    update_to_root(parent);
    n->left = n->right = n->parent = NULL;
    t->count--;
}

void interval_tree_resize(IntervalTree *t, IntervalNode *n, uint64_t start,
                          uint64_t end)
{
    (void)t;
    n->start = start;
    n->end = end;
    update_to_root(n);
}

IntervalNode *interval_tree_find(const IntervalTree *t, uint64_t addr)
{
    IntervalNode *n = t->root;
    int steps = 0;

    while (n && steps++ < MAX_STEPS) {
        if (addr < n->start) {
            n = n->left;
        } else if (addr >= n->end) {
            n = n->right;
        } else {
            return n;
        }
    }
    return NULL;
}

IntervalNode *interval_tree_first_after(const IntervalTree *t, uint64_t addr)
{
    IntervalNode *n = t->root, *best = NULL;
    int steps = 0;

    while (n && steps++ < MAX_STEPS) {
        if (n->end > addr) {
            best = n;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    return best;
}

IntervalNode *interval_tree_next(const IntervalNode *n)
{
    IntervalNode *p;
    int steps = 0;

    if (n->right) {
        for (p = n->right; p->left && steps++ < MAX_STEPS; p = p->left) {
        }
        return p;
    }
    for (p = n->parent; p && p->right == n && steps++ < MAX_STEPS;
         p = p->parent) {
        n = p;
    }
    return p;
}

IntervalNode *interval_tree_prev(const IntervalNode *n)
{
    IntervalNode *p;

    if (n->left) {
        for (p = n->left; p->right; p = p->right) {
        }
        return p;
    }
    for (p = n->parent; p && p->left == n; p = p->parent) {
        n = p;
    }
    return p;
}

typedef struct GapSearch {
    uint64_t min, top, len, align, phase;
} GapSearch;

/* Does the hole [lo, hi) have room?  The highest fit goes to *addr. */
static bool gap_fits(const GapSearch *s, uint64_t lo, uint64_t hi,
                     uint64_t *addr)
{
    uint64_t a, off;

    lo = MAX(lo, s->min);
    hi = MIN(hi, s->top);
    if (hi < lo || hi - lo < s->len) {
        return false;
    }
    a = hi - s->len;
    off = (a - s->phase) & (s->align - 1);
    if (a < lo || a - lo < off) {
        return false;
    }
    *addr = a - off;
    return true;
}

/*
 * Search the holes of the subtree @n from the highest down; @hi is where the
 * hole right of the subtree ends: that hole is examined too.
 */
static bool gap_search(const GapSearch *s, const IntervalNode *n, uint64_t hi,
                       uint64_t *addr)
{
    while (n) {
        if (gap_fits(s, n->sub_end, hi, addr)) {
            return true;
        }
        if (n->sub_gap < s->len || n->sub_end <= s->min ||
            n->sub_start >= s->top) {
            return false;
        }
        /* The hole between this node and its right subtree is the one the
         * right subtree's search does not cover. */
        if (n->right) {
            if (gap_search(s, n->right, n->sub_end, addr)) {
                return true;
            }
            if (gap_fits(s, n->end, n->right->sub_start, addr)) {
                return true;
            }
        }
        hi = n->start;
        n = n->left;
    }
    return false;
}

bool interval_tree_gap_down(const IntervalTree *t, uint64_t min, uint64_t top,
                            uint64_t len, uint64_t align, uint64_t phase,
                            uint64_t *addr)
{
    GapSearch s = { min, top, len, align, phase };

    if (!t->root) {
        return gap_fits(&s, 0, UINT64_MAX, addr);
    }
    if (gap_search(&s, t->root, UINT64_MAX, addr)) {
        return true;
    }
    return gap_fits(&s, 0, t->root->sub_start, addr);
}

static bool check_node(const IntervalNode *n, size_t *count)
{
    IntervalNode copy;

    if (!n) {
        return true;
    }
    ++*count;
    copy = *n;
    node_update(&copy);
    if (n->start >= n->end || copy.sub_start != n->sub_start ||
        copy.sub_end != n->sub_end || copy.sub_gap != n->sub_gap) {
        return false;
    }
    if (n->left && (n->left->parent != n || n->left->sub_end > n->start ||
                    n->left->priority > n->priority)) {
        return false;
    }
    if (n->right && (n->right->parent != n || n->right->sub_start < n->end ||
                     n->right->priority > n->priority)) {
        return false;
    }
    return check_node(n->left, count) && check_node(n->right, count);
}

bool interval_tree_check(const IntervalTree *t)
{
    size_t count = 0;

    return check_node(t->root, &count) && count == t->count;
}
