/*
 * Loader events: the one boundary through which everybody learns that guest
 * objects or their bindings changed.
 *
 * Several sources (user/loader-events.h: LoaderSource) see the same facts at
 * different moments; each submits immutable snapshots to the same function.
 * It checks the snapshot, logs it (`-d loader`), brings the registry of guest
 * objects up to date and calls the listener.  A bad snapshot is refused with
 * a reason and changes nothing.
 *
 * Pure logic on an explicit context: no globals, no system calls, guest memory
 * only through KztMemory.  Submitting is thread-safe; the listener runs in the
 * submitting thread, without a lock held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_LOADER_EVENTS_H
#define USER_LOADER_EVENTS_H

#include "qemu/osdep.h"
#include "kzt/memory.h"
#include "user/guest-objects.h"

typedef enum LoaderSource {
    LOADER_R_DEBUG,     /* struct r_debug and the guest's call of r_brk */
    LOADER_RELRO,       /* the mprotect() that seals a GOT */
    LOADER_MMAP,        /* objects mapped from files, and their removal */
    LOADER_ENTRY,       /* the program's entry point was reached */
    LOADER_LDSO_HOOK,   /* hook on a function of a loader we know */
    LOADER_NB_SOURCES,
} LoaderSource;

typedef enum LoaderEventKind {
    LOADER_OBJECT_MAPPED,       /* registration: slots are not bound yet */
    LOADER_RELRO_START,         /* bound; slots about to become read-only,
                                   still writable by right */
    LOADER_OBJECT_RELOCATED,    /* bindings final, constructors not yet run
                                   (as far as the source can tell) */
    LOADER_OBJECTS_CONSISTENT,  /* the list of a namespace is complete; the
                                   event names its first object */
    LOADER_OBJECT_GOING,        /* destructors have run; unmapped next */
    LOADER_PROGRAM_ENTRY,       /* the event names the program */
    LOADER_NB_KINDS,
} LoaderEventKind;

/*
 * One event.  Strings are borrowed for the call.  @generation is filled in by
 * loader_event_submit() for the listener (the object's in the registry).
 */
typedef struct LoaderEvent {
    LoaderSource source;
    LoaderEventKind kind;
    int64_t ns;
    uint64_t link_map;
    uint64_t load_bias;
    uint64_t dynamic_addr;
    const char *name;           /* path; of the main program too */
    /* What the source may know besides. */
    uint64_t start, end;        /* the object's span; equal when unknown */
    uint64_t relro_start, relro_end;    /* RELRO_START: the range sealed */
    uint64_t dev, ino, map_id;
    /* The key is the object's ELF header: no link_map is known (a source that
     * sees no loader lists). */
    bool by_header;
    uint64_t generation;
} LoaderEvent;

typedef enum LoaderVerdict {
    LOADER_ACCEPTED,
    LOADER_DUPLICATE,           /* known; the listener was not called */
    LOADER_REJECTED,
} LoaderVerdict;

typedef struct LoaderEvents LoaderEvents;

typedef struct LoaderEventsConfig {
    GuestObjects *objects;
    const KztMemory *memory;
    /* Accepted events, `generation` filled in.  May be NULL.  (Who has to
     * know what went uses guest_objects_on_gone().) */
    void (*listener)(const LoaderEvent *ev, void *opaque);
    /* One formatted line for the log, without newline.  May be NULL. */
    void (*log)(const char *line, void *opaque);
    void *opaque;
    /* Bit mask of 1 << LoaderSource: others are refused ("source is off"). */
    uint32_t sources;
} LoaderEventsConfig;

LoaderEvents *loader_events_new(const LoaderEventsConfig *cfg);
void loader_events_free(LoaderEvents *le);

/*
 * The boundary.  *why (may be NULL) becomes a static string unless accepted.
 */
LoaderVerdict loader_event_submit(LoaderEvents *le, const LoaderEvent *ev,
                                  const char **why);

/* Only the check: NULL when @ev is good, else what is wrong with it. */
const char *loader_event_check(const KztMemory *m, const LoaderEvent *ev);

/* "r_debug", "relro", ... and back (LOADER_NB_SOURCES when unknown). */
const char *loader_source_name(int source);
LoaderSource loader_source_parse(const char *name, size_t len);
const char *loader_kind_name(int kind);

/* The line that is logged; returns its length as snprintf() does. */
int loader_event_format(char *buf, size_t size, const LoaderEvent *ev,
                        LoaderVerdict verdict, const char *why);

/* Counters for reports. */
typedef struct LoaderEventsStats {
    uint64_t accepted[LOADER_NB_SOURCES];
    uint64_t duplicate[LOADER_NB_SOURCES];
    uint64_t rejected[LOADER_NB_SOURCES];
} LoaderEventsStats;
void loader_events_stats(LoaderEvents *le, LoaderEventsStats *st);

/* The lists of the guest's loader, read with bounds and checks. */

#define LOADER_MAX_OBJECTS    512       /* of one namespace */
#define LOADER_MAX_NAMESPACES 64
#define LOADER_MAX_NAME       4096

/* The public fields of struct link_map. */
typedef struct GuestLinkMap {
    uint64_t addr;              /* where it lies */
    uint64_t l_addr, l_name, l_ld, l_next, l_prev;
} GuestLinkMap;

/* struct r_debug (r_version 2: struct r_debug_extended). */
typedef struct GuestRDebug {
    uint64_t addr;
    int32_t version;
    uint64_t map, brk;
    int32_t state;              /* RT_CONSISTENT, RT_ADD, RT_DELETE */
    uint64_t ldbase;
    uint64_t next;              /* 0 unless version >= 2 */
} GuestRDebug;

enum { GUEST_RT_CONSISTENT, GUEST_RT_ADD, GUEST_RT_DELETE };

/* NULL on success, else what is wrong. */
const char *guest_r_debug_read(const KztMemory *m, uint64_t addr,
                               GuestRDebug *out);
const char *guest_link_map_read(const KztMemory *m, uint64_t addr,
                                GuestLinkMap *out);
/* A NUL-terminated string of at most size - 1 bytes; false otherwise. */
bool guest_string_read(const KztMemory *m, uint64_t addr, char *buf,
                       size_t size);

/*
 * The list that starts at @first into @out (LOADER_MAX_OBJECTS entries).
 * Returns how many were good; *why is NULL when the list ended by itself, else
 * what stopped the walk ("cycle", "l_prev does not point back", "too many
 * objects", "unreadable link_map").
 */
size_t guest_link_map_walk(const KztMemory *m, uint64_t first,
                           GuestLinkMap *out, const char **why);

#endif
