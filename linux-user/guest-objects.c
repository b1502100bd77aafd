/*
 * Registry of guest objects.  The interface and its rules are in
 * user/guest-objects.h.
 *
 * Everything a reader sees is one immutable snapshot: three sorted arrays (by
 * key, by generation, by address) of pointers to immutable records.  A change
 * builds the next snapshot under the mutex and publishes it with one store.
 * There are tens to hundreds of objects, and they change when a program
 * loads a library, so copying a few pointers is cheaper than any structure
 * that changes in place, and look-ups are plain binary searches.
 *
 * What a snapshot replaces is freed when no reader is inside: a reader counts
 * itself in before it loads the snapshot, a writer looks at the count after
 * it stored the new one, so a reader that comes later cannot find the old one.
 *
 * Must not know where events come from or what pass-through does with objects.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/guest-objects.h"
#include <pthread.h>

#define MAX_OBJECTS 32768

typedef struct Snapshot {
    size_t n, nranges;
    GuestObject **by_key;       /* (namespace, link_map) */
    GuestObject **by_gen;
    GuestObject **by_addr;      /* those with a range, disjoint */
} Snapshot;

/* Memory that waits until no reader can have it. */
typedef struct Retired {
    struct Retired *next;
    size_t size;
} Retired;

struct GuestObjects {
    _Atomic(Snapshot *) snap;
    _Atomic(unsigned) readers;
    pthread_mutex_t mutex;
    /* The rest is under the mutex. */
    uint64_t last_generation;
    Retired *retired;
    size_t bytes;
    void (*gone)(const GuestObject *obj, void *opaque);
    void *gone_opaque;
};

static void *block_new(GuestObjects *r, size_t size)
{
    Retired *b = malloc(sizeof(*b) + size);

    if (!b) {
        return NULL;
    }
    b->size = sizeof(*b) + size;
    r->bytes += b->size;
    return b + 1;
}

static void block_free_now(GuestObjects *r, void *p)
{
    Retired *b = (Retired *)p - 1;

    r->bytes -= b->size;
    free(b);
}

static void block_retire(GuestObjects *r, void *p)
{
    Retired *b = (Retired *)p - 1;

    b->next = r->retired;
    r->retired = b;
}

/* Free what waits, if nobody can be reading it.  Mutex held. */
static void collect(GuestObjects *r)
{
    if (atomic_load(&r->readers) != 0) {
        return;
    }
    while (r->retired) {
        Retired *b = r->retired;

        r->retired = b->next;
        r->bytes -= b->size;
        free(b);
    }
}

static Snapshot *snapshot_alloc(GuestObjects *r, size_t n, size_t nranges)
{
    Snapshot *s = block_new(r, sizeof(*s) +
                            (2 * n + nranges) * sizeof(GuestObject *));

    if (s) {
        s->n = n;
        s->nranges = nranges;
        s->by_key = (GuestObject **)(s + 1);
        s->by_gen = s->by_key + n;
        s->by_addr = s->by_gen + n;
    }
    return s;
}

static GuestObject *object_alloc(GuestObjects *r, const GuestObjectId *id)
{
    size_t len = strlen(id->name) + 1;
    GuestObject *o = block_new(r, sizeof(*o) + len);

    if (o) {
        *o = (GuestObject) { .id = *id };
        memcpy(o + 1, id->name, len);
        o->id.name = (char *)(o + 1);
    }
    return o;
}

static bool has_range(const GuestObject *o)
{
    return o->start < o->end;
}

static int cmp_key(int64_t ns, uint64_t link_map, const GuestObject *o)
{
    if (ns != o->id.ns) {
        return ns < o->id.ns ? -1 : 1;
    }
    return link_map == o->id.link_map ? 0 : link_map < o->id.link_map ? -1 : 1;
}

/* First place whose object is not before the key. */
static size_t place_key(const Snapshot *s, int64_t ns, uint64_t link_map)
{
    size_t lo = 0, hi = s->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (cmp_key(ns, link_map, s->by_key[mid]) > 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static size_t place_gen(const Snapshot *s, uint64_t gen)
{
    size_t lo = 0, hi = s->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (s->by_gen[mid]->generation < gen) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* First place whose range ends above @addr. */
static size_t place_addr(const Snapshot *s, uint64_t addr)
{
    size_t lo = 0, hi = s->nranges;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (s->by_addr[mid]->end <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static GuestObject *find_key(const Snapshot *s, int64_t ns, uint64_t link_map)
{
    size_t i = place_key(s, ns, link_map);

    return i < s->n && cmp_key(ns, link_map, s->by_key[i]) == 0 ?
           s->by_key[i] : NULL;
}

static GuestObject *find_gen(const Snapshot *s, uint64_t gen)
{
    size_t i = place_gen(s, gen);

    return i < s->n && s->by_gen[i]->generation == gen ? s->by_gen[i] : NULL;
}

/*
 * The array @src of @n pointers without @out and with @in before the first
 * element at or behind @at, into @dst.
 */
static void splice(GuestObject **dst, GuestObject *const *src, size_t n,
                   const GuestObject *out, GuestObject *in, size_t at)
{
    for (size_t i = 0; i < n; i++) {
        if (in && i == at) {
            *dst++ = in;
        }
        if (src[i] != out) {
            *dst++ = src[i];
        }
    }
    if (in && at >= n) {
        *dst = in;
    }
}

/*
 * Publish the snapshot without @out and with @in (either may be NULL).  The
 * old snapshot is retired, @out is not: callbacks may have to see it first.
 */
static bool replace(GuestObjects *r, GuestObject *out, GuestObject *in)
{
    Snapshot *old = atomic_load(&r->snap), *s;

    s = snapshot_alloc(r, old->n - !!out + !!in,
                       old->nranges - (out && has_range(out)) +
                       (in && has_range(in)));
    if (!s) {
        return false;
    }
    splice(s->by_key, old->by_key, old->n, out, in,
           in ? place_key(old, in->id.ns, in->id.link_map) : 0);
    splice(s->by_gen, old->by_gen, old->n, out, in,
           in ? place_gen(old, in->generation) : 0);
    splice(s->by_addr, old->by_addr, old->nranges, out,
           in && has_range(in) ? in : NULL,
           in ? place_addr(old, in->start) : 0);
    atomic_store(&r->snap, s);
    block_retire(r, old);
    return true;
}

GuestObjects *guest_objects_new(void)
{
    GuestObjects *r = calloc(1, sizeof(*r));
    Snapshot *s;

    if (!r) {
        return NULL;
    }
    s = snapshot_alloc(r, 0, 0);
    if (!s) {
        free(r);
        return NULL;
    }
    pthread_mutex_init(&r->mutex, NULL);
    atomic_store(&r->snap, s);
    return r;
}

void guest_objects_free(GuestObjects *r)
{
    Snapshot *s;

    if (!r) {
        return;
    }
    s = atomic_load(&r->snap);
    for (size_t i = 0; i < s->n; i++) {
        block_free_now(r, s->by_key[i]);
    }
    block_free_now(r, s);
    atomic_store(&r->readers, 0);
    collect(r);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

void guest_objects_fork_start(GuestObjects *r)
{
    pthread_mutex_lock(&r->mutex);
}

void guest_objects_fork_end(GuestObjects *r, bool child)
{
    if (child) {
        atomic_store(&r->readers, 0);
    }
    pthread_mutex_unlock(&r->mutex);
}

void guest_objects_on_gone(GuestObjects *r,
                           void (*fn)(const GuestObject *obj, void *opaque),
                           void *opaque)
{
    r->gone = fn;
    r->gone_opaque = opaque;
}

void guest_objects_read_begin(GuestObjects *r)
{
    atomic_fetch_add(&r->readers, 1);
}

void guest_objects_read_end(GuestObjects *r)
{
    atomic_fetch_sub(&r->readers, 1);
}

/* A change begins: from here on nothing that goes is freed. */
static void change_begin(GuestObjects *r)
{
    guest_objects_read_begin(r);
    pthread_mutex_lock(&r->mutex);
}

/*
 * Tell about @gone objects of @list, then give them up.  The list is chained
 * through the block headers, which records in use do not need.
 */
static void change_end(GuestObjects *r, Retired *list)
{
    pthread_mutex_unlock(&r->mutex);
    if (r->gone) {
        for (Retired *b = list; b; b = b->next) {
            r->gone((GuestObject *)(b + 1), r->gone_opaque);
        }
    }
    guest_objects_read_end(r);
    pthread_mutex_lock(&r->mutex);
    while (list) {
        Retired *b = list;

        list = b->next;
        block_retire(r, b + 1);
    }
    collect(r);
    pthread_mutex_unlock(&r->mutex);
}

static void list_push(Retired **list, GuestObject *o)
{
    Retired *b = (Retired *)o - 1;

    b->next = *list;
    *list = b;
}

static const char *id_problem(const GuestObjectId *id)
{
    if (!id->link_map) {
        return "link_map is NULL";
    }
    if (!id->name) {
        return "no name";
    }
    if (!id->dynamic_addr) {
        return "no dynamic section";
    }
    return NULL;
}

static bool differs(uint64_t a, uint64_t b)
{
    return a && b && a != b;
}

static bool same_object(const GuestObjectId *a, const GuestObjectId *b)
{
    if (differs(a->map_id, b->map_id)) {
        return false;
    }
    if ((a->dev || a->ino) && (b->dev || b->ino) &&
        (a->dev != b->dev || a->ino != b->ino)) {
        return false;
    }
    return a->load_bias == b->load_bias &&
           a->dynamic_addr == b->dynamic_addr && !strcmp(a->name, b->name);
}

/* Does @id know more than the record? */
static bool learns(const GuestObjectId *old, const GuestObjectId *id)
{
    return (!old->map_id && id->map_id) ||
           (!old->dev && !old->ino && (id->dev || id->ino));
}

/*
 * The same object with more known about it: a new record of the generation.
 * Without memory the old knowledge has to do.
 */
static void learn(GuestObjects *r, GuestObject *o, const GuestObjectId *id)
{
    GuestObject *n = object_alloc(r, &o->id);

    if (!n) {
        return;
    }
    n->generation = o->generation;
    n->start = o->start;
    n->end = o->end;
    atomic_store(&n->state, atomic_load(&o->state));
    if (id->map_id) {
        n->id.map_id = id->map_id;
    }
    if (id->dev || id->ino) {
        n->id.dev = id->dev;
        n->id.ino = id->ino;
    }
    if (replace(r, o, n)) {
        block_retire(r, o);
    } else {
        block_free_now(r, n);
    }
}

GuestObserve guest_objects_observe(GuestObjects *r, const GuestObjectId *id,
                                   uint64_t *generation, const char **why)
{
    const char *problem = id_problem(id);
    GuestObserve ret = GUEST_OBSERVE_INVALID;
    GuestObject *o, *n;
    Retired *gone = NULL;
    uint64_t gen = 0;
    Snapshot *s;

    if (problem) {
        goto out;
    }
    change_begin(r);
    s = atomic_load(&r->snap);
    o = find_key(s, id->ns, id->link_map);
    if (o && same_object(&o->id, id)) {
        gen = o->generation;
        if (learns(&o->id, id)) {
            learn(r, o, id);
        }
        ret = GUEST_OBSERVE_UNCHANGED;
    } else if (!o && s->n >= MAX_OBJECTS) {
        problem = "too many objects";
    } else {
        n = object_alloc(r, id);
        if (n) {
            n->generation = r->last_generation + 1;
        }
        if (!n || !replace(r, o, n)) {
            if (n) {
                block_free_now(r, n);
            }
            problem = "out of memory";
        } else {
            gen = ++r->last_generation;
            ret = o ? GUEST_OBSERVE_CHANGED : GUEST_OBSERVE_NEW;
            if (o) {
                list_push(&gone, o);
            }
        }
    }
    change_end(r, gone);
out:
    if (generation) {
        *generation = gen;
    }
    if (why) {
        *why = problem;
    }
    return ret;
}

GuestRange guest_objects_set_range(GuestObjects *r, uint64_t generation,
                                   uint64_t start, uint64_t end)
{
    GuestRange ret = GUEST_RANGE_SET;
    GuestObject *o, *n;
    Snapshot *s;
    size_t i;

    if (start >= end) {
        return GUEST_RANGE_EMPTY;
    }
    change_begin(r);
    s = atomic_load(&r->snap);
    o = find_gen(s, generation);
    if (!o) {
        ret = GUEST_RANGE_UNKNOWN_OBJECT;
    } else if (o->start == start && o->end == end) {
        ret = GUEST_RANGE_SET;
    } else {
        for (i = place_addr(s, start);
             i < s->nranges && s->by_addr[i]->start < end; i++) {
            if (s->by_addr[i] != o) {
                ret = GUEST_RANGE_OVERLAP;
            }
        }
        n = ret == GUEST_RANGE_SET ? object_alloc(r, &o->id) : NULL;
        if (n) {
            n->generation = generation;
            n->start = start;
            n->end = end;
            atomic_store(&n->state, atomic_load(&o->state));
            if (replace(r, o, n)) {
                block_retire(r, o);
            } else {
                block_free_now(r, n);
                n = NULL;
            }
        }
        if (!n && ret == GUEST_RANGE_SET) {
            ret = GUEST_RANGE_NO_MEMORY;
        }
    }
    change_end(r, NULL);
    return ret;
}

GuestBegin guest_objects_begin(GuestObjects *r, uint64_t generation)
{
    GuestBegin ret = GUEST_BEGIN_DONE;
    GuestObject *o;

    pthread_mutex_lock(&r->mutex);
    o = find_gen(atomic_load(&r->snap), generation);
    if (!o) {
        ret = GUEST_BEGIN_INVALID;
    } else if (atomic_load(&o->state) == GUEST_OBJECT_DISCOVERED) {
        atomic_store(&o->state, GUEST_OBJECT_PROCESSING);
        ret = GUEST_BEGIN_STARTED;
    } else if (atomic_load(&o->state) == GUEST_OBJECT_PROCESSING) {
        ret = GUEST_BEGIN_IN_PROGRESS;
    }
    pthread_mutex_unlock(&r->mutex);
    return ret;
}

bool guest_objects_finish(GuestObjects *r, uint64_t generation,
                          GuestObjectState state)
{
    GuestObject *o;
    bool ok;

    pthread_mutex_lock(&r->mutex);
    o = find_gen(atomic_load(&r->snap), generation);
    ok = o && atomic_load(&o->state) == GUEST_OBJECT_PROCESSING &&
         state != GUEST_OBJECT_PROCESSING;
    if (ok) {
        atomic_store(&o->state, state);
    }
    pthread_mutex_unlock(&r->mutex);
    return ok;
}

bool guest_objects_reopen(GuestObjects *r, uint64_t generation)
{
    GuestObject *o;
    bool ok;

    pthread_mutex_lock(&r->mutex);
    o = find_gen(atomic_load(&r->snap), generation);
    ok = o && atomic_load(&o->state) != GUEST_OBJECT_PROCESSING;
    if (ok) {
        atomic_store(&o->state, GUEST_OBJECT_DISCOVERED);
    }
    pthread_mutex_unlock(&r->mutex);
    return ok;
}

/* Take @o out and put it on @gone.  Mutex held. */
static bool take_out(GuestObjects *r, GuestObject *o, Retired **gone)
{
    if (!o || !replace(r, o, NULL)) {
        return false;
    }
    list_push(gone, o);
    return true;
}

bool guest_objects_retire(GuestObjects *r, int64_t ns, uint64_t link_map)
{
    Retired *gone = NULL;
    bool ok;

    change_begin(r);
    ok = take_out(r, find_key(atomic_load(&r->snap), ns, link_map), &gone);
    change_end(r, gone);
    return ok;
}

bool guest_objects_retire_generation(GuestObjects *r, uint64_t generation)
{
    Retired *gone = NULL;
    bool ok;

    change_begin(r);
    ok = take_out(r, find_gen(atomic_load(&r->snap), generation), &gone);
    change_end(r, gone);
    return ok;
}

size_t guest_objects_retire_range_except(GuestObjects *r, uint64_t start,
                                         uint64_t end, uint64_t keep)
{
    Retired *gone = NULL;
    size_t count = 0, i;
    Snapshot *s;

    change_begin(r);
    /* The snapshot stays readable while the next ones are made. */
    s = atomic_load(&r->snap);
    for (i = place_addr(s, start); start < end && i < s->nranges; i++) {
        GuestObject *o = s->by_addr[i];

        if (o->start >= end) {
            break;
        }
        if (o->generation != keep) {
            count += take_out(r, o, &gone);
        }
    }
    change_end(r, gone);
    return count;
}

size_t guest_objects_retire_range(GuestObjects *r, uint64_t start,
                                  uint64_t end)
{
    return guest_objects_retire_range_except(r, start, end, 0);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

size_t guest_objects_retire_missing(GuestObjects *r, int64_t ns,
                                    const uint64_t *keep, size_t n)
{
    uint64_t *sorted = malloc((n + 1) * sizeof(*sorted));
    Retired *gone = NULL;
    Snapshot *s;
    size_t count = 0;

    if (!sorted) {
        return 0;
    }
    if (n) {
        memcpy(sorted, keep, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), compare_u64);
    }
    change_begin(r);
    s = atomic_load(&r->snap);
    for (size_t i = place_key(s, ns, 0); i < s->n; i++) {
        GuestObject *o = s->by_key[i];

        if (o->id.ns != ns) {
            break;
        }
        if (!guest_object_by_header(o) &&
            !bsearch(&o->id.link_map, sorted, n, sizeof(*sorted),
                     compare_u64)) {
            count += take_out(r, o, &gone);
        }
    }
    change_end(r, gone);
    free(sorted);
    return count;
}

const GuestObject *guest_objects_at(GuestObjects *r, uint64_t addr)
{
    const Snapshot *s = atomic_load(&r->snap);
    size_t i = place_addr(s, addr);

    return i < s->nranges && s->by_addr[i]->start <= addr ? s->by_addr[i]
                                                          : NULL;
}

const GuestObject *guest_objects_find(GuestObjects *r, int64_t ns,
                                      uint64_t link_map)
{
    return find_key(atomic_load(&r->snap), ns, link_map);
}

const GuestObject *guest_objects_by_generation(GuestObjects *r,
                                               uint64_t generation)
{
    return find_gen(atomic_load(&r->snap), generation);
}

size_t guest_objects_count(GuestObjects *r)
{
    size_t n;

    guest_objects_read_begin(r);
    n = atomic_load(&r->snap)->n;
    guest_objects_read_end(r);
    return n;
}

int guest_objects_walk(GuestObjects *r,
                       int (*fn)(const GuestObject *obj, void *opaque),
                       void *opaque)
{
    const Snapshot *s;
    int ret = 0;

    guest_objects_read_begin(r);
    s = atomic_load(&r->snap);
    for (size_t i = 0; i < s->n && ret == 0; i++) {
        ret = fn(s->by_key[i], opaque);
    }
    guest_objects_read_end(r);
    return ret;
}

uint64_t guest_objects_owner_generation(GuestObjects *r, uint64_t addr)
{
    const GuestObject *o;
    uint64_t gen;

    guest_objects_read_begin(r);
    o = guest_objects_at(r, addr);
    gen = o ? o->generation : 0;
    guest_objects_read_end(r);
    return gen;
}

const char *guest_object_state_name(int state)
{
    static const char *const names[] = {
        "discovered", "processing", "wrapped", "emulated", "failed",
    };

    return state >= 0 && state < (int)ARRAY_SIZE(names) ? names[state] : "?";
}

size_t guest_objects_memory(GuestObjects *r)
{
    size_t bytes;

    pthread_mutex_lock(&r->mutex);
    bytes = r->bytes;
    pthread_mutex_unlock(&r->mutex);
    return bytes;
}
