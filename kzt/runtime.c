/*
 * The functions of the guest's C library that carrying calls needs.
 *
 * Looked for as the guest's loader looks for symbols: in the order in which
 * it loaded the objects of the base namespace, the program first, so that a
 * program with an allocator of its own is understood.
 *
 * Locking: kzt_lock().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include <elf.h>

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    { "__errno_location", offsetof(KztGuestRuntime, errno_location) },
    { "malloc", offsetof(KztGuestRuntime, malloc) },
    { "free", offsetof(KztGuestRuntime, free) },
    { "realloc", offsetof(KztGuestRuntime, realloc) },
    { "malloc_usable_size", offsetof(KztGuestRuntime, malloc_usable_size) },
    { "pthread_create", offsetof(KztGuestRuntime, pthread_create) },
    { "exit", offsetof(KztGuestRuntime, exit) },
};

/* The first definition of each name in the order of loading. */
typedef struct Search {
    unsigned nb;
    const char *const *names;
    uint64_t *values;
    unsigned type;                          /* STT_* */
    uint64_t from[ARRAY_SIZE(functions)];   /* generation it was found in */
} Search;

static int look_into(const GuestObject *o, void *opaque)
{
    Search *s = opaque;
    KztDynamic d;

    if (o->id.ns != GUEST_NS_BASE || o->start >= o->end) {
        return 0;
    }
    kzt_dynamic_parse(&d, kzt_session.memory, o->id.dynamic_addr,
                      o->id.load_bias, o->start, o->end);
    for (unsigned i = 0; i < s->nb; i++) {
        KztSymbol sym;

        if ((!s->from[i] || o->generation < s->from[i]) &&
            kzt_dynamic_lookup(&d, s->names[i], NULL, &sym) &&
            ELF64_ST_TYPE(sym.info) == s->type) {
            s->values[i] = d.load_bias + sym.value;
            s->from[i] = o->generation;
        }
    }
    kzt_dynamic_free(&d);
    return 0;
}

static void look_for(unsigned type, unsigned nb, const char *const *names,
                     uint64_t *values)
{
    Search s = { .type = type, .nb = nb, .names = names, .values = values };

    guest_objects_read_begin(kzt_session.objects);
    guest_objects_walk(kzt_session.objects, look_into, &s);
    guest_objects_read_end(kzt_session.objects);
}

static uint64_t other_symbol(const char *name)
{
    uint64_t value = 0;

    look_for(STT_FUNC, 1, &name, &value);
    return value;
}

static _Atomic(bool) exit_called;

static void on_exit_called(CPUArchState *env, void *opaque)
{
    atomic_store(&exit_called, true);
}

bool kzt_exit_called(void)
{
    return atomic_load(&exit_called);
}

static _Atomic(uint64_t) environ_addr;

uint64_t kzt_runtime_environ(void)
{
    return atomic_load_explicit(&environ_addr, memory_order_relaxed);
}

/* A program that uses it has a copy of the C library's, which then counts. */
static void find_environ(void)
{
    const char *name = "environ";
    uint64_t value = 0;

    look_for(STT_OBJECT, 1, &name, &value);
    atomic_store(&environ_addr, value);
}

void kzt_runtime_find(void)
{
    static bool done;
    KztGuestRuntime rt = { .symbol = other_symbol };
    const char *names[ARRAY_SIZE(functions)];
    uint64_t values[ARRAY_SIZE(functions)] = { 0 };

    if (done) {
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
        names[i] = functions[i].name;
    }
    look_for(STT_FUNC, ARRAY_SIZE(functions), names, values);
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
        *(uint64_t *)((char *)&rt + functions[i].offset) = values[i];
    }
    if (rt.errno_location) {
        kzt_bridge_set_runtime(&rt);
        if (rt.exit) {
            tb_hook_add(rt.exit, on_exit_called, NULL);
        }
        find_environ();
        done = true;
    }
}
