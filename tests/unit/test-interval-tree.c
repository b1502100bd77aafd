/*
 * The interval tree against a plain array.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/interval-tree.h"
#include <glib.h>

#define SLOTS 512           /* addresses are slot numbers */

static IntervalNode *owner[SLOTS];

static void model_check(const IntervalTree *t)
{
    uint64_t i;

    for (i = 0; i < SLOTS; i++) {
        IntervalNode *n = interval_tree_find(t, i);
        uint64_t j = i;

        g_assert_true(n == owner[i]);
        while (j < SLOTS && !owner[j]) {
            j++;
        }
        g_assert_true(interval_tree_first_after(t, i) ==
                      (j < SLOTS ? owner[j] : NULL));
    }
}

static bool model_gap(uint64_t min, uint64_t top, uint64_t len, uint64_t align,
                      uint64_t phase, uint64_t *addr)
{
    int64_t a;

    for (a = (int64_t)top - (int64_t)len; a >= (int64_t)min; a--) {
        uint64_t i;

        if ((a & (align - 1)) != phase) {
            continue;
        }
        for (i = 0; i < len && !owner[a + i]; i++) {
        }
        if (i == len) {
            *addr = a;
            return true;
        }
    }
    return false;
}

static void test_random(void)
{
    IntervalTree t = { 0 };
    int i;

    for (i = 0; i < 60000; i++) {
        uint64_t start = g_test_rand_int_range(0, SLOTS);
        uint64_t end = start + g_test_rand_int_range(1, 12);
        uint64_t a = 0, b = 0, len, align, phase, min, top;
        IntervalNode *n;

        end = MIN(end, SLOTS);
        n = interval_tree_first_in(&t, start, end);
        if (n) {
            if (n->end - n->start > 2 && i % 3 == 0) {
                owner[n->start] = owner[n->end - 1] = NULL;
                interval_tree_resize(&t, n, n->start + 1, n->end - 1);
            } else {
                for (a = n->start; a < n->end; a++) {
                    owner[a] = NULL;
                }
                interval_tree_remove(&t, n);
                g_free(n);
            }
        } else {
            n = g_new0(IntervalNode, 1);
            n->start = start;
            n->end = end;
            interval_tree_insert(&t, n);
            for (a = start; a < end; a++) {
                owner[a] = n;
            }
        }
        len = g_test_rand_int_range(1, 24);
        align = 1u << g_test_rand_int_range(0, 5);
        phase = g_test_rand_int_range(0, align);
        min = g_test_rand_int_range(0, SLOTS / 2);
        top = g_test_rand_int_range(SLOTS / 2, SLOTS + 1);
        if (model_gap(min, top, len, align, phase, &a)) {
            g_assert_true(interval_tree_gap_down(&t, min, top, len, align,
                                                 phase, &b));
            g_assert_cmpuint(a, ==, b);
        } else {
            g_assert_false(interval_tree_gap_down(&t, min, top, len, align,
                                                  phase, &b));
        }
        if (i % 64 == 0) {
            g_assert_true(interval_tree_check(&t));
            model_check(&t);
        }
    }
}

static void test_order(void)
{
    IntervalTree t = { 0 };
    IntervalNode *nodes = g_new0(IntervalNode, 100000), *n;
    uint64_t expect = 0;
    int i;

    for (i = 0; i < 100000; i++) {
        nodes[i].start = (uint64_t)i * 16;
        nodes[i].end = nodes[i].start + 8;
        interval_tree_insert(&t, &nodes[i]);
    }
    g_assert_true(interval_tree_check(&t));
    for (n = interval_tree_first_after(&t, 0); n; n = interval_tree_next(n)) {
        g_assert_cmpuint(n->start, ==, expect);
        expect += 16;
    }
    g_assert_cmpuint(expect, ==, 1600000);
    for (n = &nodes[99999]; n; n = interval_tree_prev(n)) {
        expect -= 16;
        g_assert_cmpuint(n->start, ==, expect);
    }
    g_assert_cmpuint(expect, ==, 0);
    g_free(nodes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interval-tree/random", test_random);
    g_test_add_func("/interval-tree/order", test_order);
    return g_test_run();
}
