/*
 * Unit tests of the registry of guest objects: every transition, generations,
 * reuse of addresses, ranges, readers beside writers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/guest-objects.h"
#include <glib.h>
#include <pthread.h>

static GuestObjectId make_id(uint64_t link_map, uint64_t bias)
{
    return (GuestObjectId) { .link_map = link_map, .load_bias = bias,
                             .dynamic_addr = bias + 0x2000, .name = "libx" };
}

static uint64_t add(GuestObjects *r, uint64_t link_map, uint64_t bias)
{
    GuestObjectId id = make_id(link_map, bias);
    uint64_t gen;

    g_assert_cmpint(guest_objects_observe(r, &id, &gen, NULL), ==,
                    GUEST_OBSERVE_NEW);
    return gen;
}

static void test_observe(void)
{
    GuestObjects *r = guest_objects_new();
    GuestObjectId id = make_id(0x1000, 0x400000), bad;
    uint64_t gen, g2;
    const char *why;
    const GuestObject *o;

    for (int i = 0; i < 3; i++) {
        bad = id;
        if (i == 0) {
            bad.link_map = 0;
        } else if (i == 1) {
            bad.name = NULL;
        } else {
            bad.dynamic_addr = 0;
        }
        gen = 7;
        g_assert_cmpint(guest_objects_observe(r, &bad, &gen, &why), ==,
                        GUEST_OBSERVE_INVALID);
        g_assert_cmpuint(gen, ==, 0);
        g_assert_nonnull(why);
    }
    g_assert_cmpuint(guest_objects_count(r), ==, 0);

    gen = add(r, 0x1000, 0x400000);
    g_assert_cmpuint(gen, !=, 0);
    g_assert_cmpint(guest_objects_observe(r, &id, &g2, &why), ==,
                    GUEST_OBSERVE_UNCHANGED);
    g_assert_cmpuint(g2, ==, gen);
    g_assert_null(why);

    /* The same link_map in another namespace is another object. */
    id.ns = 1;
    g_assert_cmpint(guest_objects_observe(r, &id, &g2, NULL), ==,
                    GUEST_OBSERVE_NEW);
    g_assert_cmpuint(g2, !=, gen);
    id.ns = 0;

    /* Learning identity and map event is no change; another one is. */
    id.dev = 5;
    id.ino = 6;
    id.map_id = 9;
    g_assert_cmpint(guest_objects_observe(r, &id, &g2, NULL), ==,
                    GUEST_OBSERVE_UNCHANGED);
    guest_objects_read_begin(r);
    o = guest_objects_find(r, 0, 0x1000);
    g_assert_cmpuint(o->id.ino, ==, 6);
    g_assert_cmpuint(o->id.map_id, ==, 9);
    g_assert_cmpuint(o->generation, ==, gen);
    guest_objects_read_end(r);
    guest_objects_free(r);
}

static void check_changed(GuestObjectId id, GuestObjectId other)
{
    GuestObjects *r = guest_objects_new();
    uint64_t gen, g2;
    const GuestObject *o;

    guest_objects_observe(r, &id, &gen, NULL);
    g_assert_cmpint(guest_objects_set_range(r, gen, 0x400000, 0x500000), ==,
                    GUEST_RANGE_SET);
    g_assert_cmpint(guest_objects_begin(r, gen), ==, GUEST_BEGIN_STARTED);
    g_assert_true(guest_objects_finish(r, gen, GUEST_OBJECT_WRAPPED));
    g_assert_cmpint(guest_objects_observe(r, &other, &g2, NULL), ==,
                    GUEST_OBSERVE_CHANGED);
    g_assert_cmpuint(g2, >, gen);
    guest_objects_read_begin(r);
    o = guest_objects_by_generation(r, g2);
    g_assert_cmpint(atomic_load(&o->state), ==, GUEST_OBJECT_DISCOVERED);
    g_assert_cmpuint(o->start, ==, o->end);
    g_assert_null(guest_objects_by_generation(r, gen));
    g_assert_null(guest_objects_at(r, 0x400000));
    guest_objects_read_end(r);
    g_assert_cmpuint(guest_objects_count(r), ==, 1);
    g_assert_cmpint(guest_objects_begin(r, gen), ==, GUEST_BEGIN_INVALID);
    g_assert_false(guest_objects_finish(r, gen, GUEST_OBJECT_FAILED));
    guest_objects_free(r);
}

static void test_changed(void)
{
    GuestObjectId id = make_id(0x1000, 0x400000), other;

    id.dev = 1;
    id.ino = 2;
    id.map_id = 3;
    other = id;
    other.load_bias++;
    check_changed(id, other);
    other = id;
    other.dynamic_addr++;
    check_changed(id, other);
    other = id;
    other.name = "liby";
    check_changed(id, other);
    other = id;
    other.ino++;
    check_changed(id, other);
    other = id;
    other.map_id++;     /* all addresses are the same: told by the mapping */
    check_changed(id, other);
}

static void test_states(void)
{
    static const GuestObjectState ends[] = {
        GUEST_OBJECT_WRAPPED, GUEST_OBJECT_EMULATED, GUEST_OBJECT_FAILED,
    };
    GuestObjects *r = guest_objects_new();
    uint64_t gen = add(r, 0x1000, 0x400000);

    g_assert_false(guest_objects_finish(r, gen, GUEST_OBJECT_WRAPPED));
    for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
        g_assert_cmpint(guest_objects_begin(r, gen), ==, GUEST_BEGIN_STARTED);
        g_assert_cmpint(guest_objects_begin(r, gen), ==,
                        GUEST_BEGIN_IN_PROGRESS);
        g_assert_false(guest_objects_reopen(r, gen));
        g_assert_false(guest_objects_finish(r, gen, GUEST_OBJECT_PROCESSING));
        g_assert_true(guest_objects_finish(r, gen, ends[i]));
        g_assert_cmpint(guest_objects_begin(r, gen), ==, GUEST_BEGIN_DONE);
        g_assert_false(guest_objects_finish(r, gen, ends[i]));
        g_assert_true(guest_objects_reopen(r, gen));
    }
    g_assert_cmpint(guest_objects_begin(r, gen), ==, GUEST_BEGIN_STARTED);
    g_assert_true(guest_objects_finish(r, gen, GUEST_OBJECT_DISCOVERED));
    g_assert_cmpint(guest_objects_begin(r, gen), ==, GUEST_BEGIN_STARTED);
    g_assert_cmpint(guest_objects_begin(r, gen + 1), ==, GUEST_BEGIN_INVALID);
    g_assert_false(guest_objects_reopen(r, gen + 1));
    g_assert_cmpstr(guest_object_state_name(GUEST_OBJECT_WRAPPED), ==,
                    "wrapped");
    g_assert_cmpstr(guest_object_state_name(99), ==, "?");
    guest_objects_free(r);
}

static void test_ranges(void)
{
    GuestObjects *r = guest_objects_new();
    uint64_t a = add(r, 0x1000, 0x10000), b = add(r, 0x2000, 0x30000);

    g_assert_cmpint(guest_objects_set_range(r, a, 5, 5), ==,
                    GUEST_RANGE_EMPTY);
    g_assert_cmpint(guest_objects_set_range(r, a, 6, 5), ==,
                    GUEST_RANGE_EMPTY);
    g_assert_cmpint(guest_objects_set_range(r, 99, 5, 6), ==,
                    GUEST_RANGE_UNKNOWN_OBJECT);
    g_assert_cmpint(guest_objects_set_range(r, a, 0x10000, 0x20000), ==,
                    GUEST_RANGE_SET);
    g_assert_cmpint(guest_objects_set_range(r, b, 0x1ffff, 0x40000), ==,
                    GUEST_RANGE_OVERLAP);
    g_assert_cmpint(guest_objects_set_range(r, b, 0x20000, 0x40000), ==,
                    GUEST_RANGE_SET);
    /* Half-open. */
    g_assert_cmpuint(guest_objects_owner_generation(r, 0xffff), ==, 0);
    g_assert_cmpuint(guest_objects_owner_generation(r, 0x10000), ==, a);
    g_assert_cmpuint(guest_objects_owner_generation(r, 0x1ffff), ==, a);
    g_assert_cmpuint(guest_objects_owner_generation(r, 0x20000), ==, b);
    g_assert_cmpuint(guest_objects_owner_generation(r, 0x40000), ==, 0);
    /* The own range may change and overlap its former self. */
    g_assert_cmpint(guest_objects_set_range(r, a, 0x8000, 0x18000), ==,
                    GUEST_RANGE_SET);
    g_assert_cmpuint(guest_objects_owner_generation(r, 0x8000), ==, a);
    g_assert_cmpuint(guest_objects_owner_generation(r, 0x18000), ==, 0);
    guest_objects_free(r);
}

static void note_gone(const GuestObject *obj, void *opaque)
{
    GuestObjects *r = ((void **)opaque)[0];
    uint64_t *sum = ((void **)opaque)[1];

    /* Not in the registry any more, which may be used here. */
    g_assert_null(guest_objects_by_generation(r, obj->generation));
    g_assert_cmpstr(obj->id.name, ==, "libx");
    *sum += obj->generation;
}

static void test_retire(void)
{
    GuestObjects *r = guest_objects_new();
    uint64_t gen[8], sum = 0, keep[] = { 0x7000, 0x6000 };
    void *opaque[] = { r, &sum };
    GuestObjectId id = make_id(0x9000, 0x900000);

    guest_objects_on_gone(r, note_gone, opaque);
    for (int i = 0; i < 8; i++) {
        gen[i] = add(r, 0x1000 * (i + 1), 0x10000 * (i + 1));
        guest_objects_set_range(r, gen[i], 0x10000 * (i + 1),
                                0x10000 * (i + 2));
    }
    id.ns = 1;
    guest_objects_observe(r, &id, NULL, NULL);
    g_assert_true(guest_objects_retire(r, 0, 0x1000));
    g_assert_false(guest_objects_retire(r, 0, 0x1000));
    g_assert_cmpuint(sum, ==, gen[0]);
    g_assert_true(guest_objects_retire_generation(r, gen[1]));
    g_assert_false(guest_objects_retire_generation(r, gen[1]));
    g_assert_cmpuint(guest_objects_retire_range(r, 0x3ffff, 0x40001), ==, 2);
    g_assert_cmpuint(guest_objects_owner_generation(r, 0x38000), ==, 0);
    g_assert_cmpuint(guest_objects_retire_range(r, 5, 5), ==, 0);
    g_assert_cmpuint(guest_objects_count(r), ==, 5);
    g_assert_cmpuint(guest_objects_retire_missing(r, 0, keep, 2), ==, 2);
    g_assert_cmpuint(guest_objects_count(r), ==, 3);
    g_assert_cmpuint(guest_objects_retire_missing(r, 0, NULL, 0), ==, 2);
    g_assert_cmpuint(guest_objects_count(r), ==, 1);
    g_assert_cmpuint(sum, ==, gen[0] + gen[1] + gen[2] + gen[3] + gen[4] +
                     gen[5] + gen[6] + gen[7]);
    guest_objects_free(r);
}

/* No list names an object known by its header: a walk does not retire it. */
static void test_by_header(void)
{
    GuestObjects *r = guest_objects_new();
    uint64_t listed = add(r, 0x1000, 0x10000);
    uint64_t by_header = add(r, 0x40000, 0x40000), keep[] = { 0x1000 };

    guest_objects_set_range(r, listed, 0x10000, 0x20000);
    guest_objects_set_range(r, by_header, 0x40000, 0x50000);
    g_assert_cmpuint(guest_objects_retire_missing(r, 0, keep, 1), ==, 0);
    g_assert_cmpuint(guest_objects_retire_missing(r, 0, NULL, 0), ==, 1);
    g_assert_cmpuint(guest_objects_count(r), ==, 1);
    g_assert_cmpuint(guest_objects_owner_generation(r, 0x4ffff), ==,
                     by_header);
    g_assert_cmpuint(guest_objects_retire_range(r, 0x41000, 0x42000), ==, 1);
    guest_objects_free(r);
}

/* dlopen and dlclose at the same addresses: new generations, no growth. */
static void test_cycles(void)
{
    GuestObjects *r = guest_objects_new();
    uint64_t last = 0;
    size_t base = 0;

    for (int i = 0; i < 20000; i++) {
        uint64_t gen = add(r, 0x1000, 0x400000);

        g_assert_cmpuint(gen, >, last);
        last = gen;
        guest_objects_set_range(r, gen, 0x400000, 0x500000);
        g_assert_cmpuint(guest_objects_owner_generation(r, 0x400000), ==, gen);
        guest_objects_retire(r, 0, 0x1000);
        if (i == 0) {
            base = guest_objects_memory(r);
        }
    }
    g_assert_cmpuint(guest_objects_memory(r), ==, base);
    guest_objects_free(r);
}

/* A section keeps what it saw, across retirement and reuse. */
static void test_section(void)
{
    GuestObjects *r = guest_objects_new();
    uint64_t gen = add(r, 0x1000, 0x400000);
    const GuestObject *o;

    guest_objects_read_begin(r);
    o = guest_objects_find(r, 0, 0x1000);
    guest_objects_retire(r, 0, 0x1000);
    add(r, 0x1000, 0x400000);
    g_assert_cmpuint(o->generation, ==, gen);
    g_assert_cmpstr(o->id.name, ==, "libx");
    guest_objects_read_end(r);
    guest_objects_free(r);
}

static int count_one(const GuestObject *obj, void *opaque)
{
    ++*(int *)opaque;
    return obj->id.link_map == 0x3000 ? 42 : 0;
}

static void test_walk(void)
{
    GuestObjects *r = guest_objects_new();
    int n = 0;

    for (int i = 8; i > 0; i--) {
        add(r, 0x1000 * i, 0x10000 * i);
    }
    g_assert_cmpint(guest_objects_walk(r, count_one, &n), ==, 42);
    g_assert_cmpint(n, ==, 3);
    guest_objects_fork_start(r);
    guest_objects_fork_end(r, false);
    g_assert_cmpuint(guest_objects_count(r), ==, 8);
    guest_objects_free(r);
}

typedef struct Shared {
    GuestObjects *r;
    _Atomic(bool) stop;
    _Atomic(unsigned) started, finished;
} Shared;

static void *reader(void *opaque)
{
    Shared *s = opaque;

    while (!atomic_load(&s->stop)) {
        for (uint64_t i = 1; i <= 16; i++) {
            const GuestObject *o;

            guest_objects_read_begin(s->r);
            o = guest_objects_at(s->r, i << 20 | 0x1234);
            if (o) {
                g_assert_true(o->start == i << 20);
                g_assert_true(o->id.link_map == i << 12);
                g_assert_true(!strcmp(o->id.name, "libx"));
            }
            guest_objects_read_end(s->r);
        }
    }
    return NULL;
}

static void *writer(void *opaque)
{
    Shared *s = opaque;

    for (int n = 0; n < 3000; n++) {
        uint64_t i = n % 16 + 1, gen;
        GuestObjectId id = make_id(i << 12, i << 20);

        guest_objects_observe(s->r, &id, &gen, NULL);
        guest_objects_set_range(s->r, gen, i << 20, (i << 20) + 0x10000);
        if (guest_objects_begin(s->r, gen) == GUEST_BEGIN_STARTED) {
            atomic_fetch_add(&s->started, 1);
            guest_objects_finish(s->r, gen, GUEST_OBJECT_WRAPPED);
        }
        if (n % 3 == 0) {
            guest_objects_retire(s->r, 0, i << 12);
        }
    }
    return NULL;
}

static void test_concurrency(void)
{
    Shared s = { .r = guest_objects_new() };
    pthread_t rd[3], wr[3];

    for (int i = 0; i < 3; i++) {
        pthread_create(&rd[i], NULL, reader, &s);
        pthread_create(&wr[i], NULL, writer, &s);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(wr[i], NULL);
    }
    atomic_store(&s.stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(rd[i], NULL);
    }
    g_assert_cmpuint(atomic_load(&s.started), >, 16);
    g_assert_cmpuint(guest_objects_count(s.r), <=, 16);
    guest_objects_retire_missing(s.r, 0, NULL, 0);
    guest_objects_free(s.r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest-objects/observe", test_observe);
    g_test_add_func("/guest-objects/changed", test_changed);
    g_test_add_func("/guest-objects/states", test_states);
    g_test_add_func("/guest-objects/ranges", test_ranges);
    g_test_add_func("/guest-objects/retire", test_retire);
    g_test_add_func("/guest-objects/by-header", test_by_header);
    g_test_add_func("/guest-objects/cycles", test_cycles);
    g_test_add_func("/guest-objects/section", test_section);
    g_test_add_func("/guest-objects/walk", test_walk);
    g_test_add_func("/guest-objects/concurrency", test_concurrency);
    return g_test_run();
}
