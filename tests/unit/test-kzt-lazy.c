/*
 * Unit tests of lazy slots: what counts as unbound, policies, the list of
 * those that wait.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/lazy-binding.h"
#include <glib.h>

#define BASE 0x10000ull
#define PLT  (BASE + 0x100)
#define GOT  (BASE + 0x800)

static uint8_t page[0x1000];

static bool page_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    if (addr < BASE || addr - BASE > sizeof(page) ||
        len > sizeof(page) - (addr - BASE)) {
        return false;
    }
    memcpy(buf, page + (addr - BASE), len);
    return true;
}

static const KztMemory mem = { .read = page_read };
static const KztPlanObject object = { 7, BASE, BASE + sizeof(page), "o" };

static void set(uint64_t addr, uint64_t val)
{
    memcpy(page + (addr - BASE), &val, 8);
}

/* PLT entry @i, with or without endbr64; returns where a slot leads. */
static uint64_t plt_entry(uint32_t i, bool ibt)
{
    uint64_t addr = PLT + 16 * i;
    uint8_t *p = page + (addr - BASE);

    if (ibt) {
        memcpy(p, "\xf3\x0f\x1e\xfa", 4);
        p += 4;
    }
    *p = 0x68;
    memcpy(p + 1, &i, 4);
    p[5] = 0xe9;
    return addr;
}

static KztSlot slot_of(uint32_t i)
{
    return (KztSlot) {
        .type = KZT_R_JUMP_SLOT, .index = i, .jmprel = true,
        .addr = GOT + 8 * i, .symbol = "f",
    };
}

static void test_classify(void)
{
    KztSlot s = slot_of(2);

    memset(page, 0, sizeof(page));
    g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==, KZT_LAZY_EMPTY);
    for (int ibt = 0; ibt < 2; ibt++) {
        set(s.addr, plt_entry(2, ibt));
        g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==,
                        KZT_LAZY_UNBOUND);
    }
    /* The PLT entry of another slot is a function like any other. */
    set(s.addr, plt_entry(3, false));
    g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==, KZT_LAZY_BOUND);
    set(s.addr, 0x99999);
    g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==, KZT_LAZY_BOUND);
    /* Code cut off by the end of memory. */
    page[0xffb] = 0x68;
    memcpy(page + 0xffc, &s.index, 4);
    set(s.addr, BASE + 0xffb);
    g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==,
                    KZT_LAZY_UNBOUND);
    set(s.addr, BASE + 0xffc);
    g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==, KZT_LAZY_BOUND);
    set(s.addr, plt_entry(2, false));
    s.type = KZT_R_GLOB_DAT;
    g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==, KZT_LAZY_BOUND);
    s.addr = GOT + 1;
    g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==,
                    KZT_LAZY_UNREADABLE);
    s.addr = BASE + 0x1000;
    g_assert_cmpint(kzt_lazy_classify(&mem, &object, &s), ==,
                    KZT_LAZY_UNREADABLE);
}

static void test_action(void)
{
    KztLazy lazy = { 0 };

    g_assert_cmpint(kzt_lazy_action(&lazy, KZT_LAZY_BOUND), ==,
                    KZT_LAZY_PATCH);
    g_assert_cmpint(kzt_lazy_action(&lazy, KZT_LAZY_UNBOUND), ==,
                    KZT_LAZY_DEFER);
    g_assert_cmpint(kzt_lazy_action(&lazy, KZT_LAZY_EMPTY), ==,
                    KZT_LAZY_IGNORE);
    g_assert_cmpint(kzt_lazy_action(&lazy, KZT_LAZY_UNREADABLE), ==,
                    KZT_LAZY_IGNORE);
    lazy.policy = KZT_LAZY_DIRECT_BRIDGE;
    g_assert_cmpint(kzt_lazy_action(&lazy, KZT_LAZY_UNBOUND), ==,
                    KZT_LAZY_PATCH);
    g_assert_cmpstr(kzt_lazy_class_name(KZT_LAZY_UNBOUND), ==, "unbound");
    g_assert_cmpstr(kzt_lazy_class_name(99), ==, "?");
    g_assert_cmpstr(kzt_lazy_policy_name(KZT_LAZY_DIRECT_BRIDGE), ==,
                    "direct-bridge");
    g_assert_cmpstr(kzt_lazy_policy_name(99), ==, "?");
    g_assert_cmpstr(kzt_lazy_action_name(KZT_LAZY_DEFER), ==, "defer");
    g_assert_cmpstr(kzt_lazy_action_name(99), ==, "?");
}

static void collect(void *opaque, const KztLazyEntry *e)
{
    GString *s = opaque;

    g_string_append_printf(s, " %u", e->slot.index);
}

static void test_poll(void)
{
    KztLazy lazy = { 0 };
    GString *got = g_string_new(NULL);
    KztPlanObject other = object;
    KztSlot s;

    memset(page, 0, sizeof(page));
    for (uint32_t i = 0; i < 20; i++) {
        s = slot_of(i);
        set(s.addr, plt_entry(i, false));
        g_assert_true(kzt_lazy_add(&lazy, &object, &s));
    }
    g_assert_cmpint(kzt_lazy_poll(&lazy, &mem, collect, got), ==, 0);
    g_assert_cmpint(lazy.nb, ==, 20);
    set(GOT + 8 * 5, 0x77770);
    set(GOT + 8 * 19, 0x77770);
    set(GOT + 8 * 0, 0);
    g_assert_cmpint(kzt_lazy_poll(&lazy, &mem, collect, got), ==, 2);
    g_assert_cmpstr(got->str, ==, " 5 19");
    g_assert_cmpint(lazy.nb, ==, 17);
    /* Offered once only. */
    g_assert_cmpint(kzt_lazy_poll(&lazy, &mem, collect, got), ==, 0);

    other.id = 8;
    s = slot_of(1);
    g_assert_true(kzt_lazy_add(&lazy, &other, &s));
    kzt_lazy_retire(&lazy, object.id);
    g_assert_cmpint(lazy.nb, ==, 1);
    g_assert_cmpint(lazy.pending[0].object.id, ==, 8);
    g_assert_cmpint(lazy.deferred, ==, 21);
    g_assert_cmpint(lazy.bound, ==, 2);
    g_assert_cmpint(lazy.retired, ==, 18);
    kzt_lazy_free(&lazy);
    g_string_free(got, true);
}

static void test_limit(void)
{
    KztLazy lazy = { .nb = KZT_LAZY_MAX_PENDING,
                     .alloc = KZT_LAZY_MAX_PENDING };
    KztSlot s = slot_of(1);

    g_assert_false(kzt_lazy_add(&lazy, &object, &s));
    g_assert_cmpint(lazy.dropped, ==, 1);
    g_assert_cmpint(lazy.nb, ==, KZT_LAZY_MAX_PENDING);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lazy/classify", test_classify);
    g_test_add_func("/lazy/action", test_action);
    g_test_add_func("/lazy/poll", test_poll);
    g_test_add_func("/lazy/limit", test_limit);
    return g_test_run();
}
