/*
 * Structures that hold function pointers, on their way across.
 *
 * Native code finds closures where the guest put its functions; the guest finds
 * its own functions again, or bridges where native code put some.  What a
 * description says about a structure decides how:
 *
 *  - in place: converted before a call and back after it, and the other way
 *    round for a callback;
 *  - forever: the library keeps a pointer to it, so closures stay in it; the
 *    guest can call them as they are;
 *  - shadow: a constant table (often in read-only memory): native code gets a
 *    copy, which is kept for ever.
 *
 * Native functions in tables of native code cannot be replaced; bridges are
 * put at their own addresses.
 *
 * Locking: one mutex around making copies; nodes are never freed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"
#include "qemu/log.h"
#include <pthread.h>

#define HASH_SIZE 256u

typedef struct Shadow {
    struct Shadow *next_guest, *next_copy;
    const KztStruct *s;
    size_t count;           /* elements, 1 if it is no array */
    void *guest;
    void *before;           /* the contents it was made from */
    void *copy;
} Shadow;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
KZT_FORK_GUARD(mutex)
static _Atomic(Shadow *) by_guest[HASH_SIZE], by_copy[HASH_SIZE];

static unsigned hash(const void *p)
{
    return ((uintptr_t)p >> 4 ^ (uintptr_t)p >> 12) % HASH_SIZE;
}

static bool is_no_pointer(const void *p)
{
    return (uintptr_t)p < 4096 || (uintptr_t)p > -4096ull;
}

static Shadow *find_copy(const void *p)
{
    Shadow *n = atomic_load(&by_copy[hash(p)]);

    while (n && n->copy != p) {
        n = n->next_copy;
    }
    return n;
}

static Shadow *find_guest(const KztStruct *s, const void *p, size_t count)
{
    Shadow *n = atomic_load(&by_guest[hash(p)]);

    while (n && (n->guest != p || n->s != s || n->count != count ||
                 memcmp(n->before, p, s->size * count))) {
        n = n->next_guest;
    }
    return n;
}

static void *field_of(void *p, const KztField *f)
{
    void *v;

    memcpy(&v, (char *)p + f->offset, sizeof(v));
    return v;
}

/* Writes only what changes: the structure may be constant. */
static void set_field(void *p, const KztField *f, void *old, void *v)
{
    if (v != old) {
        memcpy((char *)p + f->offset, &v, sizeof(v));
    }
}

void kzt_pointer_to_native(const KztCallbackType *type, void *p)
{
    void **fn = p;

    if (fn) {
        *fn = kzt_closure(type, (uintptr_t)*fn);
    }
}

void kzt_pointer_to_guest(const KztCallbackType *type, void *p)
{
    void **fn = p;

    if (fn) {
        *fn = (void *)(uintptr_t)kzt_guest_function(type, *fn);
    }
}

static size_t count_of(void *p, const KztField *f)
{
    int64_t n = 1;

    if (f->count_at >= 0) {
        memcpy(&n, (char *)p + f->count_at, sizeof(n));
    }
    return n > 0 ? n : 1;
}

static void *shadow(const KztStruct *s, void *p, size_t count);

void kzt_struct_fields_to_native(const KztStruct *s, void *p, uint64_t mask)
{
    for (unsigned i = 0; p && i < s->nb_fields; i++) {
        const KztField *f = &s->fields[i];
        void *v;

        if (i < 64 && !(mask >> i & 1)) {
            continue;
        }
        v = field_of(p, f);
        if (v && f->fn) {
            set_field(p, f, v, kzt_closure(f->fn, (uintptr_t)v));
        } else if (v) {
            set_field(p, f, v, f->sub->mode == KZT_STRUCT_SHADOW
                      ? shadow(f->sub, v, count_of(p, f))
                      : kzt_struct_to_native(f->sub, v));
        }
    }
}

static Shadow *make_shadow(const KztStruct *s, void *p, size_t count)
{
    size_t size = (s->size * count + 15) & ~(size_t)15;
    Shadow *n = calloc(1, sizeof(*n) + 2 * size);

    if (!n) {
        error_report("no memory for a table of functions");
        _exit(1);
    }
    *n = (Shadow) { .s = s, .count = count, .guest = p };
    n->before = n + 1;
    n->copy = (char *)n->before + size;
    memcpy(n->before, p, s->size * count);
    memcpy(n->copy, p, s->size * count);
    for (size_t i = 0; i < count; i++) {
        kzt_struct_fields_to_native(s, (char *)n->copy + i * s->size,
                                    UINT64_MAX);
    }
    return n;
}

static void *shadow(const KztStruct *s, void *p, size_t count)
{
    Shadow *n, *other;

    if (is_no_pointer(p)) {
        return p;
    }
    n = find_guest(s, p, count);
    if (n) {
        return n->copy;
    }
    if (!kzt_process->page_flags((uintptr_t)p, NULL)) {
        return p;               /* a table of native code */
    }
    n = make_shadow(s, p, count);
    pthread_mutex_lock(&mutex);
    other = find_guest(s, p, count);
    if (other) {
        free(n);
        n = other;
    } else {
        n->next_guest = atomic_load(&by_guest[hash(p)]);
        n->next_copy = atomic_load(&by_copy[hash(n->copy)]);
        atomic_store(&by_copy[hash(n->copy)], n);
        atomic_store(&by_guest[hash(p)], n);
    }
    pthread_mutex_unlock(&mutex);
    return n->copy;
}

void *kzt_struct_to_native(const KztStruct *s, void *p)
{
    if (is_no_pointer(p)) {
        return p;
    }
    if (s->mode == KZT_STRUCT_SHADOW) {
        return shadow(s, p, 1);
    }
    kzt_struct_fields_to_native(s, p, UINT64_MAX);
    return p;
}

void *kzt_struct_to_guest(const KztStruct *s, void *p)
{
    Shadow *n;

    if (is_no_pointer(p)) {
        return p;
    }
    n = s->mode == KZT_STRUCT_SHADOW ? find_copy(p) : NULL;
    if (n) {
        return n->guest;
    }
    for (unsigned i = 0; i < s->nb_fields; i++) {
        const KztField *f = &s->fields[i];
        void *v = field_of(p, f);

        if (!v) {
            continue;
        }
        if (!f->fn) {
            set_field(p, f, v, kzt_struct_to_guest(f->sub, v));
        } else if (s->mode == KZT_STRUCT_INPLACE) {
            set_field(p, f, v,
                      (void *)(uintptr_t)kzt_guest_function(f->fn, v));
        } else {
            kzt_bridge_publish(f->fn, v);
        }
    }
    return p;
}
