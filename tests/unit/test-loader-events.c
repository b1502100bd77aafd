/*
 * Unit tests of loader events: the check, the way into the registry, the walk
 * over damaged lists.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/loader-events.h"
#include <glib.h>

#define BASE 0x10000ull
#define SIZE 0x20000u

typedef struct World {
    uint8_t mem[SIZE];
    KztMemory memory;
    GuestObjects *objects;
    LoaderEvents *events;
    int heard;
    LoaderEvent last;
    char line[512];
} World;

static bool read_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
    World *w = opaque;

    if (addr < BASE || addr - BASE > SIZE || len > SIZE - (addr - BASE)) {
        return false;
    }
    memcpy(buf, w->mem + (addr - BASE), len);
    return true;
}

static void listen(const LoaderEvent *ev, void *opaque)
{
    World *w = opaque;

    w->heard++;
    w->last = *ev;
}

static void log_line(const char *line, void *opaque)
{
    World *w = opaque;

    g_strlcpy(w->line, line, sizeof(w->line));
}

static World *world_new(void)
{
    World *w = g_new0(World, 1);
    LoaderEventsConfig cfg = {
        .memory = &w->memory, .listener = listen, .log = log_line,
        .opaque = w, .sources = ~(1u << LOADER_LDSO_HOOK),
    };

    w->memory = (KztMemory) { .read = read_mem, .opaque = w };
    w->objects = cfg.objects = guest_objects_new();
    w->events = loader_events_new(&cfg);
    return w;
}

static void world_free(World *w)
{
    loader_events_free(w->events);
    guest_objects_free(w->objects);
    g_free(w);
}

static void put(World *w, uint64_t addr, uint64_t val)
{
    memcpy(w->mem + (addr - BASE), &val, 8);
}

/* Link map @i of a list of @n at BASE + 0x100 * i. */
static uint64_t map_at(unsigned i)
{
    return BASE + 0x40 * i;
}

static void make_list(World *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        put(w, map_at(i), 0x400000 * (i + 1));
        put(w, map_at(i) + 8, BASE + 0x1f000);
        put(w, map_at(i) + 16, 0x400000 * (i + 1) + 0x3000);
        put(w, map_at(i) + 24, i + 1 < n ? map_at(i + 1) : 0);
        put(w, map_at(i) + 32, i ? map_at(i - 1) : 0);
    }
}

static LoaderEvent event(unsigned i)
{
    return (LoaderEvent) {
        .source = LOADER_R_DEBUG, .kind = LOADER_OBJECT_MAPPED,
        .link_map = map_at(i), .load_bias = 0x400000 * (i + 1),
        .dynamic_addr = 0x400000 * (i + 1) + 0x3000, .name = "/lib/libx.so",
        .start = 0x400000 * (i + 1), .end = 0x400000 * (i + 1) + 0x10000,
    };
}

static void refused(World *w, LoaderEvent ev, const char *reason)
{
    const char *why = NULL;

    g_assert_cmpint(loader_event_submit(w->events, &ev, &why), ==,
                    LOADER_REJECTED);
    g_assert_cmpstr(why, ==, reason);
    g_assert_cmpint(w->heard, ==, 0);
    g_assert_cmpuint(guest_objects_count(w->objects), ==, 0);
    g_assert_nonnull(strstr(w->line, reason));
}

static void test_check(void)
{
    World *w = world_new();
    LoaderEvent ev;
    LoaderEventsStats st;

    make_list(w, 2);
#define REFUSED(field, value, reason)   \
    ev = event(0);                      \
    ev.field = value;                   \
    refused(w, ev, reason)
    REFUSED(source, 77, "unknown source");
    REFUSED(kind, 77, "unknown kind");
    REFUSED(ns, -1, "bad namespace");
    REFUSED(ns, LOADER_MAX_NAMESPACES, "bad namespace");
    REFUSED(link_map, 0, "link_map is NULL");
    REFUSED(link_map, BASE + SIZE - 32, "unreadable link_map");
    REFUSED(link_map, BASE + 1, "unreadable link_map");
    REFUSED(link_map, 0x123456789000, "unreadable link_map");
    REFUSED(link_map, map_at(1), "link_map holds another object");
    REFUSED(name, NULL, "no name");
    REFUSED(name, "", "no name");
    REFUSED(dynamic_addr, 0, "no dynamic section");
    REFUSED(dynamic_addr, 8, "link_map holds another object");
    REFUSED(load_bias, 8, "link_map holds another object");
    REFUSED(end, 8, "bad range");
    REFUSED(relro_start, 8, "bad range");
    REFUSED(by_header, true, "no ELF header");
    REFUSED(source, LOADER_LDSO_HOOK, "source is off");
    ev = event(0);
    ev.by_header = true;
    ev.link_map = 0x500;
    refused(w, ev, "unreadable ELF header");
    loader_events_stats(w->events, &st);
    g_assert_cmpuint(st.rejected[LOADER_LDSO_HOOK], ==, 1);
    g_assert_cmpuint(st.rejected[LOADER_R_DEBUG], ==, 17);
    world_free(w);
}

static void test_life(void)
{
    World *w = world_new();
    LoaderEvent ev = event(0);
    uint64_t gen;
    const char *why;

    make_list(w, 2);
    g_assert_cmpint(loader_event_submit(w->events, &ev, &why), ==,
                    LOADER_ACCEPTED);
    g_assert_null(why);
    gen = w->last.generation;
    g_assert_cmpuint(gen, !=, 0);
    g_assert_cmpuint(guest_objects_owner_generation(w->objects, 0x400000), ==,
                     gen);
    /* A second source sees the same. */
    ev.source = LOADER_RELRO;
    g_assert_cmpint(loader_event_submit(w->events, &ev, &why), ==,
                    LOADER_DUPLICATE);
    g_assert_cmpstr(why, ==, "known already");
    g_assert_cmpint(w->heard, ==, 1);
    ev.kind = LOADER_RELRO_START;
    g_assert_cmpint(loader_event_submit(w->events, &ev, &why), ==,
                    LOADER_ACCEPTED);
    g_assert_cmpuint(w->last.generation, ==, gen);
    /* Another object at the same link_map, without a word in between. */
    put(w, map_at(0), 0x500000);
    put(w, map_at(0) + 16, 0x503000);
    ev.load_bias = ev.start = 0x500000;
    ev.dynamic_addr = 0x503000;
    ev.end = 0x508000;
    ev.kind = LOADER_OBJECT_MAPPED;
    g_assert_cmpint(loader_event_submit(w->events, &ev, &why), ==,
                    LOADER_ACCEPTED);
    g_assert_cmpuint(w->last.generation, >, gen);
    g_assert_cmpuint(guest_objects_owner_generation(w->objects, 0x400000), ==,
                     0);
    /* It goes: the listener hears it while the record is there. */
    gen = w->last.generation;
    ev.kind = LOADER_OBJECT_GOING;
    g_assert_cmpint(loader_event_submit(w->events, &ev, &why), ==,
                    LOADER_ACCEPTED);
    g_assert_cmpuint(w->last.generation, ==, gen);
    g_assert_cmpuint(guest_objects_count(w->objects), ==, 0);
    g_assert_cmpint(loader_event_submit(w->events, &ev, &why), ==,
                    LOADER_DUPLICATE);
    world_free(w);
}

/* A new object where an old one is recorded: the old one must be gone. */
static void test_overlap(void)
{
    World *w = world_new();
    LoaderEvent a = event(0), b = event(1);

    make_list(w, 2);
    a.end = b.start + 0x1000;
    loader_event_submit(w->events, &a, NULL);
    loader_event_submit(w->events, &b, NULL);
    g_assert_cmpuint(guest_objects_count(w->objects), ==, 1);
    g_assert_cmpuint(guest_objects_owner_generation(w->objects, b.start), ==,
                     w->last.generation);
    world_free(w);
}

static void test_format(void)
{
    LoaderEvent ev = event(0);
    char buf[512], small[8];

    ev.relro_start = 0x402000;
    ev.relro_end = 0x403000;
    ev.generation = 3;
    loader_event_format(buf, sizeof(buf), &ev, LOADER_REJECTED, "because");
    g_assert_cmpstr(buf, ==,
                    "loader: r_debug mapped ns 0 map 10000 bias 400000 dyn "
                    "403000 range 400000-410000 relro 402000-403000 gen 3 "
                    "'/lib/libx.so' rejected: because");
    g_assert_cmpint(loader_event_format(small, sizeof(small), &ev, 0, NULL),
                    >, (int)sizeof(small));
    for (int i = 0; i < LOADER_NB_SOURCES; i++) {
        const char *name = loader_source_name(i);

        g_assert_cmpint(loader_source_parse(name, strlen(name)), ==, i);
    }
    g_assert_cmpint(loader_source_parse("relr", 4), ==, LOADER_NB_SOURCES);
    g_assert_cmpstr(loader_source_name(-1), ==, "?");
    g_assert_cmpstr(loader_kind_name(LOADER_NB_KINDS), ==, "?");
    g_assert_cmpstr(loader_kind_name(LOADER_OBJECT_GOING), ==, "going");
}

static void walk(World *w, uint64_t first, size_t n, const char *reason)
{
    static GuestLinkMap out[LOADER_MAX_OBJECTS];
    const char *why;

    g_assert_cmpuint(guest_link_map_walk(&w->memory, first, out, &why), ==,
                     n);
    g_assert_cmpstr(why, ==, reason);
}

static void test_walk(void)
{
    World *w = world_new();

    walk(w, 0, 0, NULL);
    make_list(w, 20);
    walk(w, map_at(0), 20, NULL);
    walk(w, map_at(1), 0, "l_prev does not point back");
    put(w, map_at(7) + 32, map_at(5));
    walk(w, map_at(0), 7, "l_prev does not point back");
    make_list(w, 20);
    put(w, map_at(19) + 24, 0x10);
    walk(w, map_at(0), 20, "unreadable link_map");
    /* A cycle whose l_prev agrees. */
    put(w, map_at(19) + 24, map_at(19));
    put(w, map_at(19) + 32, map_at(18));
    walk(w, map_at(0), 20, "l_prev does not point back");
    make_list(w, LOADER_MAX_OBJECTS + 1);
    walk(w, map_at(0), LOADER_MAX_OBJECTS, "too many objects");
    make_list(w, LOADER_MAX_OBJECTS);
    walk(w, map_at(0), LOADER_MAX_OBJECTS, NULL);
    world_free(w);
}

static void test_r_debug(void)
{
    World *w = world_new();
    uint64_t at = BASE + 0x100;
    GuestRDebug rd;
    char buf[8];

    g_assert_nonnull(guest_r_debug_read(&w->memory, 8, &rd));
    g_assert_cmpstr(guest_r_debug_read(&w->memory, at, &rd), ==,
                    "r_debug has no usable version");
    put(w, at, 2);
    put(w, at + 8, 0x1111);
    put(w, at + 16, 0x2222);
    put(w, at + 24, GUEST_RT_ADD);
    put(w, at + 32, 0x3333);
    put(w, at + 40, 0x4444);
    g_assert_null(guest_r_debug_read(&w->memory, at, &rd));
    g_assert_cmphex(rd.map, ==, 0x1111);
    g_assert_cmphex(rd.brk, ==, 0x2222);
    g_assert_cmpint(rd.state, ==, GUEST_RT_ADD);
    g_assert_cmphex(rd.ldbase, ==, 0x3333);
    g_assert_cmphex(rd.next, ==, 0x4444);
    put(w, at, 1);
    g_assert_null(guest_r_debug_read(&w->memory, at, &rd));
    g_assert_cmphex(rd.next, ==, 0);
    put(w, at + 24, 3);
    g_assert_cmpstr(guest_r_debug_read(&w->memory, at, &rd), ==,
                    "r_debug has no usable state");

    memcpy(w->mem + SIZE - 4, "abc", 4);
    g_assert_true(guest_string_read(&w->memory, BASE + SIZE - 4, buf, 8));
    g_assert_cmpstr(buf, ==, "abc");
    g_assert_false(guest_string_read(&w->memory, BASE + SIZE - 4, buf, 3));
    w->mem[SIZE - 1] = 'd';
    g_assert_false(guest_string_read(&w->memory, BASE + SIZE - 4, buf, 8));
    g_assert_false(guest_string_read(&w->memory, 0, buf, 8));
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loader-events/check", test_check);
    g_test_add_func("/loader-events/life", test_life);
    g_test_add_func("/loader-events/overlap", test_overlap);
    g_test_add_func("/loader-events/format", test_format);
    g_test_add_func("/loader-events/walk", test_walk);
    g_test_add_func("/loader-events/r-debug", test_r_debug);
    return g_test_run();
}
