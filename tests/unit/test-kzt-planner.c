/*
 * Unit tests of the planner and of transactions, on a byte buffer that plays
 * guest memory: each reason, each relocation type, versions, IFUNC,
 * interposition, methods; compare-and-swap, rollback, undo; log lines and
 * counts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/apply.h"
#include <glib.h>
#include <elf.h>

#define PROGRAM  0x400000ull
#define LIBZ     0x7f0000000000ull
#define LIBX     0x7f0000100000ull      /* described, not on this host */
#define LIBPLAIN 0x7f0000200000ull      /* not described */
#define LDSO     0x7f0000300000ull
#define OBJ_SIZE 0x1000ull
#define GOT      (PROGRAM + 0x800)
#define BRIDGE   0x7e0000000000ull

/* Guest memory: the program's page only; the rest is addresses. */
typedef struct World {
    uint8_t page[OBJ_SIZE];
    uint64_t sealed;            /* a slot that cannot be written, or 0 */
    uint64_t racer;             /* a slot the guest writes just before us */
    unsigned writes;
    bool no_bridge, entry_ambiguous;
    KztReason function_says;
    const char *asked_symbol, *asked_version;
    uint64_t asked_value;
    unsigned questions;
    KztMemory mem;
    KztPlanOps ops;
} World;

static const KztPlanObject program = {
    1, PROGRAM, PROGRAM + OBJ_SIZE, "/bin/prog", .is_program = true
};
static const KztPlanObject objects[] = {
    { 1, PROGRAM, PROGRAM + OBJ_SIZE, "/bin/prog", .is_program = true },
    { 2, LIBZ, LIBZ + OBJ_SIZE, "libz.so.1" },
    { 3, LIBX, LIBX + OBJ_SIZE, "libx.so.1" },
    { 4, LIBPLAIN, LIBPLAIN + OBJ_SIZE, "libplain.so" },
    { 5, LDSO, LDSO + OBJ_SIZE, "ld.so", .is_loader = true },
};

static uint8_t *at(World *w, uint64_t addr, size_t len)
{
    if (addr < PROGRAM || addr - PROGRAM > OBJ_SIZE ||
        len > OBJ_SIZE - (addr - PROGRAM)) {
        return NULL;
    }
    return w->page + (addr - PROGRAM);
}

static bool world_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    uint8_t *p = at(opaque, addr, len);

    if (p) {
        memcpy(buf, p, len);
    }
    return p != NULL;
}

static bool world_cas(void *opaque, uint64_t addr, uint64_t old, uint64_t val,
                      uint64_t *seen)
{
    World *w = opaque;
    uint64_t *p = (uint64_t *)at(w, addr, 8);

    if (!p || addr == w->sealed) {
        return false;
    }
    if (addr == w->racer) {
        *p = 0x1234;
        w->racer = 0;
    }
    if (seen) {
        *seen = *p;
    }
    if (*p != old) {
        return false;
    }
    *p = val;
    w->writes++;
    return true;
}

static bool world_owner(void *opaque, uint64_t addr, KztPlanObject *out)
{
    World *w = opaque;

    w->questions++;
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
        if (addr >= objects[i].start && addr < objects[i].end) {
            *out = objects[i];
            return true;
        }
    }
    return false;
}

static KztReason world_library(void *opaque, const KztPlanObject *owner,
                               KztTarget *t)
{
    World *w = opaque;

    w->questions++;
    if (owner->id == 2) {
        t->library = "z";
        t->source = "/usr/lib/libz.so.1";
        return KZT_REASON_NATIVE;
    }
    if (owner->id == 3) {
        t->library = "x";
        return KZT_REASON_NO_NATIVE_LIBRARY;
    }
    return KZT_REASON_NO_DESCRIPTION;
}

static KztReason world_function(void *opaque, const KztPlanObject *owner,
                                const char *symbol, const char *version,
                                uint64_t value, KztTarget *t)
{
    World *w = opaque;

    w->questions++;
    w->asked_symbol = symbol;
    w->asked_version = version;
    w->asked_value = value;
    t->function = "f";
    t->entry_ambiguous = w->entry_ambiguous;
    return w->function_says;
}

static uint64_t world_bridge(void *opaque, const KztPlanObject *owner,
                             uint64_t value, const KztTarget *t)
{
    World *w = opaque;

    w->questions++;
    return w->no_bridge ? 0 : BRIDGE + (value & 0xfff);
}

static void world_init(World *w)
{
    *w = (World) { .function_says = KZT_REASON_NATIVE };
    w->mem = (KztMemory) { world_read, world_cas, NULL, w };
    w->ops = (KztPlanOps) {
        w, &w->mem, world_owner, world_library, world_function, world_bridge
    };
}

static void poke(World *w, uint64_t addr, uint64_t val)
{
    memcpy(at(w, addr, 8), &val, 8);
}

static uint64_t peek(World *w, uint64_t addr)
{
    uint64_t val;

    memcpy(&val, at(w, addr, 8), 8);
    return val;
}

static KztSlot slot_of(uint32_t type, uint64_t addr)
{
    return (KztSlot) {
        .type = type, .index = 3, .jmprel = type == KZT_R_JUMP_SLOT,
        .addr = addr, .symbol = "deflate", .version = "ZLIB_1.2",
        .sym_bind = STB_GLOBAL, .sym_type = STT_FUNC,
    };
}

static KztDecision plan(World *w, KztMethodChoice choice, const KztSlot *s)
{
    KztDecision d;

    kzt_plan_slot(&w->ops, choice, &program, s, &d);
    if (d.method != KZT_METHOD_SLOT) {
        g_assert_cmphex(d.new_value, ==, d.old_value);
    }
    g_assert_cmpint(d.method == KZT_METHOD_NONE, ==,
                    d.reason != KZT_REASON_NATIVE);
    return d;
}

static KztReason reason_for(World *w, KztSlot s)
{
    return plan(w, KZT_CHOICE_AUTO, &s).reason;
}

static void test_reasons(void)
{
    World w;
    KztSlot s = slot_of(KZT_R_JUMP_SLOT, GOT);
    static const uint8_t push3[] = { 0x68, 3, 0, 0, 0, 0xe9 };

    world_init(&w);
    s.symbol = NULL;
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_LOCAL_SYMBOL);
    s.symbol = "";
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_LOCAL_SYMBOL);
    s = slot_of(KZT_R_JUMP_SLOT, GOT);
    s.sym_bind = STB_LOCAL;
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_LOCAL_SYMBOL);
    s = slot_of(KZT_R_JUMP_SLOT, PROGRAM + OBJ_SIZE);
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_UNREADABLE);
    s.addr = GOT + 4;
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_UNREADABLE);
    s.addr = GOT;
    s.sym_bind = STB_WEAK;
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_UNBOUND);
    g_assert_cmpint(w.questions, ==, 0);

    s = slot_of(KZT_R_JUMP_SLOT, GOT);
    poke(&w, GOT, 0x1000);
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NO_GUEST_OWNER);
    poke(&w, GOT, LIBZ + OBJ_SIZE);     /* half open */
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NO_GUEST_OWNER);
    memcpy(w.page + 0x106, push3, sizeof(push3));
    poke(&w, GOT, PROGRAM + 0x106);
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_SELF_PLT);
    poke(&w, GOT, LIBPLAIN);
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NO_DESCRIPTION);
    poke(&w, GOT, LIBX + 8);
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NO_NATIVE_LIBRARY);
    g_assert_cmpstr(plan(&w, KZT_CHOICE_AUTO, &s).target.library, ==, "x");

    poke(&w, GOT, LIBZ + 0x120);
    for (KztReason r = KZT_REASON_NO_PROTOTYPE; r <= KZT_REASON_DISABLED;
         r++) {
        w.function_says = r;
        g_assert_cmpint(reason_for(&w, s), ==, r);
    }
    w.function_says = KZT_REASON_NATIVE;
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NATIVE);
    w.no_bridge = true;
    g_assert_cmpint(plan(&w, KZT_CHOICE_SLOT, &s).reason, ==,
                    KZT_REASON_NO_BRIDGE);
    w.entry_ambiguous = true;
    g_assert_cmpint(plan(&w, KZT_CHOICE_ENTRY, &s).reason, ==,
                    KZT_REASON_AMBIGUOUS);
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_AMBIGUOUS);
}

static void test_relocations(void)
{
    static const uint32_t no[] = {
        0, 5 /* COPY */, KZT_R_RELATIVE, 16 /* DTPMOD64 */, 18 /* TPOFF64 */,
        36 /* TLSDESC */, KZT_R_IRELATIVE, 0xffffffff,
    };
    static const uint32_t yes[] = {
        KZT_R_64, KZT_R_GLOB_DAT, KZT_R_JUMP_SLOT
    };
    World w;
    KztSlot s;

    world_init(&w);
    poke(&w, GOT, LIBZ + 0x40);
    for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
        g_assert_false(kzt_reloc_is_slot(no[i]));
        g_assert_cmpint(reason_for(&w, slot_of(no[i], GOT)), ==,
                        KZT_REASON_NOT_A_SLOT);
    }
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        s = slot_of(yes[i], GOT);
        g_assert_true(kzt_reloc_is_slot(yes[i]));
        g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NATIVE);
        s.sym_type = STT_OBJECT;
        g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NOT_A_SLOT);
        s.sym_type = STT_TLS;
        g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NOT_A_SLOT);
        /* An undefined symbol of an assembler program has no type. */
        s.sym_type = STT_NOTYPE;
        g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NATIVE);
    }
    /* The addend: part of the value for 64, nothing for the other two. */
    s = slot_of(KZT_R_64, GOT);
    s.addend = 8;
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NOT_A_SLOT);
    s.type = KZT_R_GLOB_DAT;
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NATIVE);
    s.type = KZT_R_JUMP_SLOT;
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NATIVE);
}

static void test_methods(void)
{
    World w;
    KztSlot jump = slot_of(KZT_R_JUMP_SLOT, GOT);
    KztSlot glob = slot_of(KZT_R_GLOB_DAT, GOT);
    KztDecision d;

    world_init(&w);
    poke(&w, GOT, LIBZ + 0x40);
    d = plan(&w, KZT_CHOICE_SLOT, &jump);
    g_assert_cmpint(d.method, ==, KZT_METHOD_SLOT);
    g_assert_cmphex(d.new_value, ==, BRIDGE + 0x40);
    g_assert_cmphex(d.old_value, ==, LIBZ + 0x40);
    /* The entry covers every way to the function. */
    d = plan(&w, KZT_CHOICE_AUTO, &jump);
    g_assert_cmpint(d.method, ==, KZT_METHOD_ENTRY);
    g_assert_cmphex(d.new_value, ==, LIBZ + 0x40);
    d = plan(&w, KZT_CHOICE_AUTO, &glob);
    g_assert_cmpint(d.method, ==, KZT_METHOD_ENTRY);
    /* A pointer that may be compared keeps its value. */
    d = plan(&w, KZT_CHOICE_SLOT, &glob);
    g_assert_cmpint(d.method, ==, KZT_METHOD_ENTRY);
    d = plan(&w, KZT_CHOICE_ENTRY, &jump);
    g_assert_cmpint(d.method, ==, KZT_METHOD_ENTRY);
    /* By name a call is never ambiguous; a pointer may be compared. */
    w.entry_ambiguous = true;
    d = plan(&w, KZT_CHOICE_AUTO, &jump);
    g_assert_cmpint(d.method, ==, KZT_METHOD_SLOT);
    d = plan(&w, KZT_CHOICE_AUTO, &glob);
    g_assert_cmpint(d.reason, ==, KZT_REASON_AMBIGUOUS);
    w.no_bridge = true;
    d = plan(&w, KZT_CHOICE_AUTO, &jump);
    g_assert_cmpint(d.reason, ==, KZT_REASON_AMBIGUOUS);
    /* Nothing of this wrote anything. */
    g_assert_cmphex(peek(&w, GOT), ==, LIBZ + 0x40);
}

static void test_versions(void)
{
    World w;
    KztSlot s = slot_of(KZT_R_JUMP_SLOT, GOT);

    world_init(&w);
    poke(&w, GOT, LIBZ + 0x40);
    reason_for(&w, s);
    g_assert_cmpstr(w.asked_symbol, ==, "deflate");
    g_assert_cmpstr(w.asked_version, ==, "ZLIB_1.2");
    g_assert_cmphex(w.asked_value, ==, LIBZ + 0x40);
    s.version = NULL;
    reason_for(&w, s);
    g_assert_null(w.asked_version);
}

/* What an IFUNC resolved to counts by its owner, not by the symbol. */
static void test_ifunc(void)
{
    World w;
    KztSlot s = slot_of(KZT_R_JUMP_SLOT, GOT);

    world_init(&w);
    s.sym_type = STT_GNU_IFUNC;
    s.sym_defined = true;
    s.sym_value = PROGRAM + 0x200;
    poke(&w, GOT, LIBZ + 0x300);
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NATIVE);
    poke(&w, GOT, PROGRAM + 0x300);
    g_assert_cmpint(reason_for(&w, s), ==, KZT_REASON_NO_DESCRIPTION);
}

static void test_interposition(void)
{
    World w;
    KztSlot s = slot_of(KZT_R_JUMP_SLOT, GOT);
    KztPlanObject libz = objects[1];
    KztDecision d;

    world_init(&w);
    /* libz's own reference, which the program overrides. */
    poke(&w, GOT, PROGRAM + 0x40);
    kzt_plan_slot(&w.ops, KZT_CHOICE_AUTO, &libz, &s, &d);
    g_assert_cmpint(d.reason, ==, KZT_REASON_NO_DESCRIPTION);
    g_assert_cmpint(d.relation, ==, KZT_RELATION_PROGRAM);
    /* Its own reference to itself. */
    poke(&w, GOT, LIBZ + 0x40);
    kzt_plan_slot(&w.ops, KZT_CHOICE_AUTO, &libz, &s, &d);
    g_assert_cmpint(d.reason, ==, KZT_REASON_NATIVE);
    g_assert_cmpint(d.relation, ==, KZT_RELATION_SELF);
    d = plan(&w, KZT_CHOICE_AUTO, &s);
    g_assert_cmpint(d.relation, ==, KZT_RELATION_LIBRARY);
    poke(&w, GOT, LDSO);
    d = plan(&w, KZT_CHOICE_AUTO, &s);
    g_assert_cmpint(d.relation, ==, KZT_RELATION_LOADER);
    poke(&w, GOT, 0x10);
    d = plan(&w, KZT_CHOICE_AUTO, &s);
    g_assert_cmpint(d.relation, ==, KZT_RELATION_NONE);
    g_assert_cmpint(d.owner.id, ==, 0);
}

/* Three decisions for GOT, GOT + 8, GOT + 16. */
static void plan_three(World *w, KztDecision d[3], KztTransaction *t)
{
    kzt_transaction_begin(t, &w->mem);
    for (int i = 0; i < 3; i++) {
        KztSlot s = slot_of(KZT_R_JUMP_SLOT, GOT + 8 * i);

        poke(w, s.addr, LIBZ + 0x10 * (i + 1));
        d[i] = plan(w, KZT_CHOICE_SLOT, &s);
        kzt_transaction_add(t, &d[i]);
    }
}

static void check_guest_values(World *w)
{
    for (int i = 0; i < 3; i++) {
        g_assert_cmphex(peek(w, GOT + 8 * i), ==, LIBZ + 0x10 * (i + 1));
    }
}

static void test_commit(void)
{
    World w;
    KztDecision d[3], other = { .method = KZT_METHOD_ENTRY };
    KztDecision *all[] = { &d[0], &d[1], &d[2] };
    KztTransaction t;

    world_init(&w);
    plan_three(&w, d, &t);
    kzt_transaction_add(&t, &other);        /* writes nothing */
    g_assert_cmpint(t.nb, ==, 3);
    g_assert_cmpint(kzt_transaction_commit(&t), ==, KZT_COMMIT_DONE);
    kzt_transaction_end(&t);
    for (int i = 0; i < 3; i++) {
        g_assert_cmphex(peek(&w, GOT + 8 * i), ==, BRIDGE + 0x10 * (i + 1));
        g_assert_cmpint(d[i].reason, ==, KZT_REASON_NATIVE);
    }
    /* Undo leaves alone what the guest has written since. */
    poke(&w, GOT + 8, 0x77);
    g_assert_cmpint(kzt_transaction_undo(&w.mem, all, 3), ==, 2);
    g_assert_cmphex(peek(&w, GOT), ==, LIBZ + 0x10);
    g_assert_cmphex(peek(&w, GOT + 8), ==, 0x77);
    g_assert_cmphex(peek(&w, GOT + 16), ==, LIBZ + 0x30);

    kzt_transaction_begin(&t, &w.mem);
    g_assert_cmpint(kzt_transaction_commit(&t), ==, KZT_COMMIT_DONE);
    kzt_transaction_end(&t);
}

static void test_changed(void)
{
    World w;
    KztDecision d[3];
    KztTransaction t;

    world_init(&w);
    plan_three(&w, d, &t);
    poke(&w, GOT + 8, LIBPLAIN);
    g_assert_cmpint(kzt_transaction_commit(&t), ==, KZT_COMMIT_INVALID);
    kzt_transaction_end(&t);
    g_assert_cmpint(w.writes, ==, 0);
    g_assert_cmpint(d[0].reason, ==, KZT_REASON_ROLLED_BACK);
    g_assert_cmpint(d[1].reason, ==, KZT_REASON_CHANGED);
    g_assert_cmpint(d[2].reason, ==, KZT_REASON_ROLLED_BACK);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(d[i].method, ==, KZT_METHOD_NONE);
        g_assert_cmphex(d[i].new_value, ==, d[i].old_value);
    }
    g_assert_cmphex(peek(&w, GOT + 8), ==, LIBPLAIN);
}

static void test_rollback(void)
{
    World w;
    KztDecision d[3];
    KztTransaction t;

    world_init(&w);
    plan_three(&w, d, &t);
    w.sealed = GOT + 16;
    g_assert_cmpint(kzt_transaction_commit(&t), ==, KZT_COMMIT_ROLLED_BACK);
    kzt_transaction_end(&t);
    g_assert_cmpint(w.writes, ==, 4);       /* two there, two back */
    g_assert_cmpint(d[0].reason, ==, KZT_REASON_ROLLED_BACK);
    g_assert_cmpint(d[1].reason, ==, KZT_REASON_ROLLED_BACK);
    g_assert_cmpint(d[2].reason, ==, KZT_REASON_WRITE_FAILED);
    check_guest_values(&w);

    /* The guest writes between validation and compare-and-swap. */
    w.sealed = 0;
    plan_three(&w, d, &t);
    w.racer = GOT + 8;
    g_assert_cmpint(kzt_transaction_commit(&t), ==, KZT_COMMIT_ROLLED_BACK);
    kzt_transaction_end(&t);
    g_assert_cmpint(d[1].reason, ==, KZT_REASON_CHANGED);
    g_assert_cmphex(peek(&w, GOT), ==, LIBZ + 0x10);
    g_assert_cmphex(peek(&w, GOT + 8), ==, 0x1234);

    /* Memory that can only be read. */
    plan_three(&w, d, &t);
    w.mem.cas64 = NULL;
    g_assert_cmpint(kzt_transaction_commit(&t), ==, KZT_COMMIT_ROLLED_BACK);
    kzt_transaction_end(&t);
    g_assert_cmpint(d[0].reason, ==, KZT_REASON_WRITE_FAILED);
    check_guest_values(&w);
}

static void check_line(const KztDecision *d, const char *expect)
{
    char buf[512], small[20];
    int n = kzt_decision_format(d, buf, sizeof(buf));

    g_assert_cmpstr(buf, ==, expect);
    g_assert_cmpint(n, ==, strlen(expect));
    /* Too small: cut, terminated, the same length told. */
    g_assert_cmpint(kzt_decision_format(d, small, sizeof(small)), ==, n);
    g_assert_cmpint(strlen(small), ==, sizeof(small) - 1);
    g_assert_true(g_str_has_prefix(expect, small));
    g_assert_cmpint(kzt_decision_format(d, NULL, 0), ==, n);
}

static void test_format(void)
{
    World w;
    KztSlot s = slot_of(KZT_R_JUMP_SLOT, GOT);
    KztDecision d;

    world_init(&w);
    poke(&w, GOT, LIBZ + 0x40);
    d = plan(&w, KZT_CHOICE_SLOT, &s);
    check_line(&d, "/bin/prog: JUMP_SLOT[plt:3] deflate@ZLIB_1.2 at 400800: "
               "7f0000000040 of libz.so.1 (library) -> slot 7e0000000040, z "
               "in /usr/lib/libz.so.1: guest-owner-target");
    s.type = KZT_R_GLOB_DAT;
    s.jmprel = false;
    s.version = NULL;
    d = plan(&w, KZT_CHOICE_AUTO, &s);
    check_line(&d, "/bin/prog: GLOB_DAT[3] deflate at 400800: 7f0000000040 "
               "of libz.so.1 (library) -> entry, z in /usr/lib/libz.so.1: "
               "guest-owner-target");
    s.symbol = "de\nf\x1b[l";
    poke(&w, GOT, 0x1000);
    d = plan(&w, KZT_CHOICE_AUTO, &s);
    check_line(&d, "/bin/prog: GLOB_DAT[3] de?f?[l at 400800: 1000 stays: "
               "no-guest-owner");
    s.symbol = NULL;
    d = plan(&w, KZT_CHOICE_AUTO, &s);
    d.object.name = NULL;
    check_line(&d, "?: GLOB_DAT[3] - at 400800: 0 stays: local-symbol");
}

static void test_names(void)
{
    for (int i = 0; i < KZT_REASON_COUNT; i++) {
        g_assert_cmpstr(kzt_reason_name(i), !=, "?");
        g_assert_cmpint(strlen(kzt_reason_help(i)), >, 10);
        for (int j = 0; j < i; j++) {
            g_assert_cmpstr(kzt_reason_name(i), !=, kzt_reason_name(j));
        }
    }
    g_assert_cmpstr(kzt_reason_name(KZT_REASON_COUNT), ==, "?");
    g_assert_cmpstr(kzt_reason_name(-1), ==, "?");
    g_assert_cmpstr(kzt_method_name(KZT_METHOD_ENTRY), ==, "entry");
    g_assert_cmpstr(kzt_method_name(9), ==, "?");
    g_assert_cmpstr(kzt_relation_name(KZT_RELATION_SELF), ==, "self");
    g_assert_cmpstr(kzt_relation_name(9), ==, "?");
    g_assert_cmpstr(kzt_reloc_name(KZT_R_64), ==, "64");
    g_assert_cmpstr(kzt_reloc_name(5), ==, "other");
}

static void test_counts(void)
{
    KztCounts c = { 0 };
    KztDecision d = { .reason = KZT_REASON_UNBOUND };
    char name[20];

    g_assert_cmpint(kzt_counts_get(&c, "z", KZT_REASON_NATIVE), ==, 0);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "lib%d", i % 100);
        d.target.library = name;
        d.reason = i % 3 ? KZT_REASON_NATIVE : KZT_REASON_DISABLED;
        kzt_counts_add(&c, &d);
    }
    d.target.library = NULL;
    kzt_counts_add(&c, &d);
    g_assert_cmpint(c.nb, ==, 101);
    g_assert_cmpint(kzt_counts_total(&c, KZT_REASON_NATIVE), ==, 201);
    g_assert_cmpint(kzt_counts_total(&c, KZT_REASON_DISABLED), ==, 100);
    g_assert_cmpint(kzt_counts_get(&c, "lib7", KZT_REASON_NATIVE) +
                    kzt_counts_get(&c, "lib7", KZT_REASON_DISABLED), ==, 3);
    g_assert_cmpint(kzt_counts_get(&c, NULL, KZT_REASON_NATIVE), ==, 1);
    kzt_counts_free(&c);
    g_assert_cmpint(c.nb, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/planner/reasons", test_reasons);
    g_test_add_func("/planner/relocations", test_relocations);
    g_test_add_func("/planner/methods", test_methods);
    g_test_add_func("/planner/versions", test_versions);
    g_test_add_func("/planner/ifunc", test_ifunc);
    g_test_add_func("/planner/interposition", test_interposition);
    g_test_add_func("/planner/format", test_format);
    g_test_add_func("/planner/names", test_names);
    g_test_add_func("/planner/counts", test_counts);
    g_test_add_func("/apply/commit", test_commit);
    g_test_add_func("/apply/changed", test_changed);
    g_test_add_func("/apply/rollback", test_rollback);
    return g_test_run();
}
