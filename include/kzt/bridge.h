/*
 * Bridges: guest-callable addresses that run native functions.
 *
 * A slot bridge is an address of its own, in a small range the guest sees as
 * read-only code; it goes into GOT slots.  An entry bridge sits on a guest
 * function: whoever calls that function, by whatever pointer, runs the native
 * one.  Both are units of the engine that call a wrapper and return.
 *
 * All functions here are thread-safe.  A call through a bridge takes no lock
 * and makes no system call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_BRIDGE_H
#define KZT_BRIDGE_H

#include "kzt/library.h"
#include "exec/engine.h"

/* What bridges and callbacks need of the process that runs the guest. */
typedef struct KztProcessOps {
    /*
     * A new guest mapping of @size bytes (a multiple of 64 KiB), readable and
     * executable for the guest, that shows up as [@name] in its maps; filled
     * with @fill repeated.  0 on failure.
     */
    uint64_t (*map_code)(size_t size, const char *name, const uint8_t fill[16]);
    /* EngineUserOps.page_flags */
    int (*page_flags)(uint64_t addr, uint64_t *end);
    /*
     * cpu_exec() returned @excp in a callback: do what the CPU loop does
     * (system call, exception, pending signals) and come back.
     */
    void (*handle_exit)(CPUArchState *env, int excp);
    /* A signal waits for the guest on this CPU's thread. */
    bool (*signal_pending)(CPUArchState *env);
    /* Is the guest on its alternate signal stack at @sp? */
    bool (*on_altstack)(CPUArchState *env, uint64_t sp);
} KztProcessOps;

/*
 * Once, when the guest's address space exists.  False: no pass-through is
 * possible here (*why says it, valid for ever).
 */
bool kzt_bridge_init(const KztProcessOps *ops, const char **why);

/*
 * Guest address that calls @native with @f's wrapper.  The same triple gives
 * the same address as long as it is not retired.  @guest_addr is the guest's
 * own function, or 0; it is what dladdr() and reports name.  0 when there is
 * no room.  Addresses stay valid until kzt_bridge_retire().
 */
uint64_t kzt_bridge_slot(const KztLibrary *lib, const KztFunction *f,
                         void *native, uint64_t guest_addr);

/*
 * Run the native function whenever the guest executes @guest_addr.  False when
 * there is a bridge of another function already (ambiguous) or no memory.
 */
bool kzt_bridge_entry_add(const KztLibrary *lib, const KztFunction *f,
                          void *native, uint64_t guest_addr);
void kzt_bridge_entry_remove(uint64_t guest_addr);

/*
 * The guest object [start, end) is going away: entry bridges inside it are
 * removed; slot bridges whose guest_addr is inside keep working for stale
 * callers but are not handed out again.
 */
void kzt_bridge_retire(uint64_t start, uint64_t end);

/* What a guest address is, if it is a bridge. */
typedef struct KztBridgeInfo {
    const KztLibrary *lib;          /* NULL: a native function pointer that was
                                       handed to the guest */
    const KztFunction *function;
    void *native;
    uint64_t guest_addr;            /* 0: none */
    bool entry;
    uint64_t calls;                 /* counted only after kzt_bridge_count() */
} KztBridgeInfo;
bool kzt_bridge_lookup(uint64_t addr, KztBridgeInfo *info);

/* Count calls from now on (-kzt-report): costs one addition a call.  Before
 * the first bridge is made. */
void kzt_bridge_count_calls(void);
/* Every bridge, in order of creation; stops when @fn returns false. */
void kzt_bridge_foreach(bool (*fn)(const KztBridgeInfo *, void *), void *opaque);

/*
 * Functions of the guest's C library that carrying a call needs.  The planner
 * sets them when it has found the guest's libc; 0 = not there.  Everything
 * works without, minus what is noted.
 */
typedef struct KztGuestRuntime {
    uint64_t errno_location;        /* __errno_location: errno is not set */
    uint64_t malloc, free, realloc, malloc_usable_size;
                                    /* memory cannot change sides */
    uint64_t pthread_create;        /* native threads cannot call back */
    uint64_t exit;                  /* native destructors do not run */
    /*
     * Any other function of the C library by its name, 0 if there is none; may
     * be NULL.  Asked from guest threads, for what few programs need: FILE *
     * arguments, threads of native code.
     */
    uint64_t (*symbol)(const char *name);
} KztGuestRuntime;
void kzt_bridge_set_runtime(const KztGuestRuntime *rt);

/*
 * The guest may now get memory from native allocators and free() it: its
 * free(), realloc() and malloc_usable_size() look at the owner first.  Called
 * by the planner when a library with such functions goes native.
 */
bool kzt_bridge_share_heap(void);

#endif
