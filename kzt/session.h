/*
 * What the parts of a running pass-through share: options, the described
 * libraries the guest has loaded, records for reports.  Private to this room;
 * kzt.c owns the life of it.
 *
 * Locking: kzt_lock() covers everything here that changes.  It is taken in
 * guest threads only, never while guest code runs, and nests outside of all
 * other locks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_SESSION_H
#define KZT_SESSION_H

#include "kzt/bridge.h"
#include "kzt/dynamic.h"
#include "kzt/kzt.h"
#include "kzt/native.h"
#include "kzt/planner.h"

/* options.c */

typedef enum KztMode { KZT_MODE_OFF, KZT_MODE_ON, KZT_MODE_SHADOW } KztMode;

typedef struct KztOptions {
    KztMode mode;
    KztMethodChoice choice;
    const char *report;         /* file, or NULL */
    bool check;
} KztOptions;
extern KztOptions kzt_options;

/* Did the user leave @lib on? */
bool kzt_library_enabled(const KztLibrary *lib);

/* kzt.c */

typedef struct KztSession {
    bool active;
    KztStart start;
    GuestObjects *objects;
    const KztMemory *memory;
    _Atomic(bool) native;       /* a native library was opened */
} KztSession;
extern KztSession kzt_session;

void kzt_lock(void);
void kzt_unlock(void);

/*
 * Guest memory for bridges, when the first is wanted: a program that calls no
 * described library has nothing of it.  Lock held.
 */
bool kzt_bridges_ready(void);

/* Inside a reader section, like the result's name. */
KztPlanObject kzt_plan_object(const GuestObject *o);

/* guest-library.c: a described library in the guest. */

/* One exported function: where it is, which symbol. */
typedef struct KztExport {
    uint32_t offset;            /* from the object's start */
    _Atomic(uint32_t) symbol;   /* 0: no entry here */
    bool resolver;              /* of an indirect function, not the function */
    _Atomic(bool) done;         /* decided: nothing more to do */
} KztExport;

typedef struct KztGuestLibrary {
    struct KztGuestLibrary *next;
    const KztLibrary *lib;
    uint64_t generation;
    int64_t ns;
    char *name;
    KztDynamic dyn;
    KztExport *exports;         /* hash table by offset */
    uint32_t nb_exports, mask;
    TBWatch *watch;

    /* Decided when the first function is wanted. */
    bool decided;
    KztReason verdict;          /* NATIVE, or why all of it stays emulated */
    char *why;                  /* more about the verdict, or NULL */
    KztNative *native;
    bool used;                  /* native code has run, or soon will */
} KztGuestLibrary;

/*
 * The object of @ev may be a described library: remember it and watch its
 * functions.  Lock held.
 */
void kzt_guest_library_note(const LoaderEvent *ev);
/* The object is gone.  Lock held. */
void kzt_guest_library_gone(uint64_t generation);
/* The library whose object holds @addr, or NULL.  Lock held. */
KztGuestLibrary *kzt_guest_library_at(uint64_t addr);
void kzt_guest_library_walk(void (*fn)(const KztGuestLibrary *l, void *opaque),
                            void *opaque);
/* For `-d stats`. */
void kzt_guest_library_stats(void);
/* Is everything of it emulated, and why?  Decides now.  Lock held. */
KztReason kzt_guest_library_verdict(KztGuestLibrary *l);
/*
 * The function that library @l exports as @symbol in @version (NULL: any):
 * NATIVE and *f and *native, or a reason.  Lock held.
 */
KztReason kzt_guest_library_function(KztGuestLibrary *l, const char *symbol,
                                     const char *version,
                                     const KztFunction **f, void **native);
/* The same answer without looking where the native function is. */
KztReason kzt_guest_library_serves(KztGuestLibrary *l, const char *symbol,
                                   const char *version,
                                   const KztFunction **f);
/*
 * Slot bridge for @f of @l, whose guest function is at @value; 0: none can be
 * made.  Lock held.
 */
uint64_t kzt_guest_library_bridge(KztGuestLibrary *l, const KztFunction *f,
                                  uint64_t value);
/*
 * @value is where the guest finds @symbol of @l: see to it that it goes native
 * when it runs.  False: functions with different prototypes share the address.
 * Lock held.
 */
bool kzt_guest_library_entry(KztGuestLibrary *l, uint64_t value,
                             const char *symbol);
/* An object came after @l was decided: does it import what cannot go native?
 * Lock held. */
void kzt_guest_library_imports(const LoaderEvent *ev);

/* mixed-state.c: may all of @l go native?  NATIVE, or why not, with more
 * about it in *detail (to be freed).  Lock held. */
KztReason kzt_mixed_state(KztGuestLibrary *l, char **detail);
/* The same question about one object that came later. */
KztReason kzt_mixed_state_object(KztGuestLibrary *l, const GuestObject *o,
                                 char **detail);

/* plan.c: decisions about slots.  Lock held. */

/* Relocations are read: for slots to write or for the record. */
extern bool kzt_planning;
extern KztCounts kzt_counts;
void kzt_plan_start(void);
void kzt_plan_event(const LoaderEvent *ev);
/* Slots that were not bound may be by now. */
void kzt_plan_poll(void);
/* Functions share an entry: those that can be reached by slot shall be. */
void kzt_plan_ambiguous(void);
/* Take back the slots that lead to the library of that generation. */
void kzt_plan_undo(uint64_t library);
void kzt_plan_gone(uint64_t generation);
/* The process ends: what has not been bound by now will not be. */
void kzt_plan_finish(void);

/* runtime.c: find the guest's C library for kzt_bridge_set_runtime(). */
void kzt_runtime_find(void);
/* Address of the guest's variable environ, 0 while it is not known. */
uint64_t kzt_runtime_environ(void);
/* Did the guest call exit(), so that exit handlers are to run? */
bool kzt_exit_called(void);

/* check.c: the preflight; nothing happens without -kzt-check. */
void kzt_check_decision(const KztDecision *d);
/* Everything is bound, nothing has run: print and end the process. */
void kzt_check_loaded(void);
void kzt_check_static(void) QEMU_NORETURN;
/* The process ends. */
void kzt_check_exit(void);

/* report.c */
void kzt_report_write(int status);

/* The library of the guest that @lib describes, or NULL.  Lock held. */
KztGuestLibrary *kzt_guest_library_of(const KztLibrary *lib);

/* dl-bridge.c: beside the guest's dl functions; lock held */

/* The object of @ev may be the one with dladdr(). */
void kzt_dl_note(const LoaderEvent *ev);
void kzt_dl_gone(uint64_t generation);
/*
 * @addr, or for a bridge to a native function the address by which the guest
 * knows that function or its library.  Takes the lock.
 */
uint64_t kzt_dl_guest_address(uint64_t addr);

#endif
