/*
 * Callbacks: native code calls guest functions.
 *
 * A guest function pointer that goes to native code becomes a closure: a host
 * address with the C interface of the described prototype.  Calling it runs
 * the guest function in a nested cpu_exec() on the CPU of the calling thread;
 * a thread that was created by native code gets a guest thread of its own for
 * it.  A native pointer that goes to the guest becomes a bridge; both
 * directions give the original back when it returns to its side.
 *
 * Prototypes are generated (KztCallbackType).  Conversion of a pointer takes a
 * lock only when it is new; the call itself takes none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_CALLBACK_H
#define KZT_CALLBACK_H

#include "kzt/library.h"
#include "exec/engine.h"

/* One prototype of function pointers. */
typedef struct KztCallbackType {
    const char *signature;
    void (*host_entry)(void);       /* C function of that type, for closures */
    KztFunction to_native;          /* for native pointers the guest calls */
} KztCallbackType;

/*
 * Host-callable address for the guest function @fn; NULL for 0; the original
 * for a bridge.  Never fails: without memory the process ends with a message.
 */
void *kzt_closure(const KztCallbackType *type, uint64_t fn);

/* Guest-callable address for a native function pointer; 0 for NULL. */
uint64_t kzt_guest_function(const KztCallbackType *type, const void *native);

/* The guest function behind a closure, or 0 if @p is none. */
uint64_t kzt_closure_target(const void *p);

/* Guest code in [start, end) is going away: its closures are given back. */
void kzt_closure_retire(uint64_t start, uint64_t end);

/* Closures alive, and callbacks made (counted with kzt_bridge_count_calls). */
uint64_t kzt_closure_count(void);
uint64_t kzt_callback_count(void);

#endif
