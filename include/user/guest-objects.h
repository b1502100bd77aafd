/*
 * Registry of guest objects: which ELF images the guest's loader has in
 * memory, who owns an address, and how far pass-through got with each.
 *
 * Pure logic on an explicit context: no globals, no system calls, no files.
 *
 * An object is known by (namespace, link_map address).  Both that address and
 * the load address are reused after dlclose(), so each appearance gets a
 * generation: a number that no other object of this registry ever had.  What
 * refers to an object over time keeps the generation, not a pointer.
 *
 * Concurrency: changes take a mutex inside; readers take no lock and never
 * wait.  A reader brackets its look-ups with guest_objects_read_begin() and
 * guest_objects_read_end(); pointers it got (names included) stay valid
 * between the two.  Records do not change after they are published, except
 * `state`; a change publishes a new record.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_GUEST_OBJECTS_H
#define USER_GUEST_OBJECTS_H

#include "qemu/osdep.h"

/* Namespaces are numbered as dlinfo(RTLD_DI_LMID) numbers them. */
#define GUEST_NS_BASE 0

typedef enum GuestObjectState {
    GUEST_OBJECT_DISCOVERED,    /* nobody has looked at its bindings */
    GUEST_OBJECT_PROCESSING,    /* begin() was called */
    GUEST_OBJECT_WRAPPED,       /* something of it goes native */
    GUEST_OBJECT_EMULATED,      /* looked at; all of it stays emulated */
    GUEST_OBJECT_FAILED,        /* could not be looked at */
} GuestObjectState;

/* What an event says about an object; strings are borrowed for the call. */
typedef struct GuestObjectId {
    int64_t ns;
    uint64_t link_map;
    uint64_t load_bias;         /* l_addr */
    uint64_t dynamic_addr;      /* l_ld */
    const char *name;           /* l_name; "" is a name, NULL is none */
    uint64_t dev, ino;          /* of the mapping; 0, 0 when unknown */
    uint64_t map_id;            /* of the map event; 0 when unknown */
} GuestObjectId;

typedef struct GuestObject {
    GuestObjectId id;           /* name: storage of the record */
    uint64_t generation;        /* never 0 */
    uint64_t start, end;        /* [start, end); equal when unknown */
    _Atomic(int) state;         /* GuestObjectState */
} GuestObject;

/*
 * Known by its ELF header, not by a link_map: no list of a loader names it,
 * and none tells when it goes.
 */
static inline bool guest_object_by_header(const GuestObject *o)
{
    return o->start < o->end && o->id.link_map == o->start;
}

typedef struct GuestObjects GuestObjects;

GuestObjects *guest_objects_new(void);
/* No reader may be inside. */
void guest_objects_free(GuestObjects *r);

/* Around fork(): hold the mutex across it; in the child no reader is left. */
void guest_objects_fork_start(GuestObjects *r);
void guest_objects_fork_end(GuestObjects *r, bool child);

typedef enum GuestObserve {
    GUEST_OBSERVE_NEW,          /* first seen: a new generation */
    GUEST_OBSERVE_CHANGED,      /* same key, another object: range and state
                                   are cleared, a new generation */
    GUEST_OBSERVE_UNCHANGED,
    GUEST_OBSERVE_INVALID,      /* *why says what is wrong */
} GuestObserve;

/*
 * An event source saw @id.  *generation (may be NULL) becomes the object's,
 * 0 when INVALID; *why (may be NULL) a static string when INVALID.  Unknown
 * dev/inode or map_id (0) never make a difference; learning them later is
 * UNCHANGED.
 */
GuestObserve guest_objects_observe(GuestObjects *r, const GuestObjectId *id,
                                   uint64_t *generation, const char **why);

typedef enum GuestRange {
    GUEST_RANGE_SET,
    GUEST_RANGE_UNKNOWN_OBJECT, /* no object has this generation (any more) */
    GUEST_RANGE_EMPTY,          /* start >= end */
    GUEST_RANGE_OVERLAP,        /* another object has part of it */
    GUEST_RANGE_NO_MEMORY,
} GuestRange;

/* The object occupies [start, end). */
GuestRange guest_objects_set_range(GuestObjects *r, uint64_t generation,
                                   uint64_t start, uint64_t end);

typedef enum GuestBegin {
    GUEST_BEGIN_STARTED,        /* the caller has it now: finish() it */
    GUEST_BEGIN_IN_PROGRESS,    /* somebody else has it */
    GUEST_BEGIN_DONE,           /* wrapped, emulated or failed already */
    GUEST_BEGIN_INVALID,        /* unknown generation */
} GuestBegin;

GuestBegin guest_objects_begin(GuestObjects *r, uint64_t generation);
/*
 * @state: WRAPPED, EMULATED or FAILED, or DISCOVERED to give it back.  False
 * when the object is gone or was not in processing.
 */
bool guest_objects_finish(GuestObjects *r, uint64_t generation,
                          GuestObjectState state);
/* A finished object has new bindings to look at: back to DISCOVERED. */
bool guest_objects_reopen(GuestObjects *r, uint64_t generation);

/*
 * The object with this key or generation is gone (dlclose(), unmapping);
 * false: there was none.
 */
bool guest_objects_retire(GuestObjects *r, int64_t ns, uint64_t link_map);
bool guest_objects_retire_generation(GuestObjects *r, uint64_t generation);
/* Every object that overlaps [start, end); how many. */
size_t guest_objects_retire_range(GuestObjects *r, uint64_t start,
                                  uint64_t end);
/* The same, but not the object of @keep. */
size_t guest_objects_retire_range_except(GuestObjects *r, uint64_t start,
                                         uint64_t end, uint64_t keep);
/*
 * A walk over namespace @ns was complete: objects of it that are not among
 * the @n link_maps at @keep are gone, those known by their header excepted;
 * how many.
 */
size_t guest_objects_retire_missing(GuestObjects *r, int64_t ns,
                                    const uint64_t *keep, size_t n);

/*
 * Call @fn for each record that goes: retired, or replaced by another object
 * at the same key (CHANGED).  It runs in the thread that made the change,
 * after it, without a lock, inside a reader section: @obj stays valid.  Set
 * before the registry is shared.
 */
void guest_objects_on_gone(GuestObjects *r,
                           void (*fn)(const GuestObject *obj, void *opaque),
                           void *opaque);

/* Readers.  Sections nest and may be long; they only delay frees. */
void guest_objects_read_begin(GuestObjects *r);
void guest_objects_read_end(GuestObjects *r);

/* Inside a section; NULL when there is none.  O(log n). */
const GuestObject *guest_objects_at(GuestObjects *r, uint64_t addr);
const GuestObject *guest_objects_find(GuestObjects *r, int64_t ns,
                                      uint64_t link_map);
const GuestObject *guest_objects_by_generation(GuestObjects *r,
                                               uint64_t generation);
size_t guest_objects_count(GuestObjects *r);
/* Call @fn for each object, by key, until it returns non-zero, which is the result. */
int guest_objects_walk(GuestObjects *r,
                       int (*fn)(const GuestObject *obj, void *opaque),
                       void *opaque);

/* Outside of sections: does an object (range known) hold @addr? */
uint64_t guest_objects_owner_generation(GuestObjects *r, uint64_t addr);

/* "discovered", "processing", ... */
const char *guest_object_state_name(int state);

/* Bytes held, retired records that wait for readers included (tests). */
size_t guest_objects_memory(GuestObjects *r);

#endif
