/*
 * Lazy JUMP_SLOTs: what to do with a slot the guest has not bound yet.
 *
 * Until its first call such a slot leads back into its own object's PLT, and
 * from there to the guest's resolver through GOT[1] and GOT[2], which stay
 * the guest loader's.  The policy decides whether to leave the slot to the
 * resolver and look at it again later (guest-fallback), or to have it bound
 * by a bridge at once (direct-bridge).  What waits is kept in a KztLazy.
 *
 * Pure: no globals, no system calls.  The caller serialises calls that take
 * the same KztLazy.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_LAZY_BINDING_H
#define KZT_LAZY_BINDING_H

#include "qemu/osdep.h"
#include "kzt/memory.h"
#include "kzt/planner.h"

typedef enum KztLazyClass {
    KZT_LAZY_BOUND,         /* holds a symbol's address */
    KZT_LAZY_UNBOUND,       /* leads into its own object's PLT */
    KZT_LAZY_EMPTY,         /* holds 0 */
    KZT_LAZY_UNREADABLE,
} KztLazyClass;

typedef enum KztLazyPolicy {
    KZT_LAZY_GUEST_FALLBACK,    /* the guest's resolver binds first */
    KZT_LAZY_DIRECT_BRIDGE,     /* the planner may replace it unbound */
} KztLazyPolicy;

typedef enum KztLazyAction {
    KZT_LAZY_PATCH,         /* plan it like any other slot */
    KZT_LAZY_DEFER,         /* remembered; kzt_lazy_poll() will offer it */
    KZT_LAZY_IGNORE,        /* nothing can become of it */
} KztLazyAction;

#define KZT_LAZY_MAX_PENDING (1u << 20)

typedef struct KztLazyEntry {
    KztPlanObject object;
    KztSlot slot;           /* strings as given to kzt_lazy_add(): they live
                               in guest memory as long as the object does */
} KztLazyEntry;

/* Zero-initialised is empty, with policy guest-fallback. */
typedef struct KztLazy {
    KztLazyPolicy policy;
    KztLazyEntry *pending;
    size_t nb, alloc;
    uint64_t deferred, bound, retired, dropped;     /* counts, for reports */
} KztLazy;

KztLazyClass kzt_lazy_classify(const KztMemory *mem,
                               const KztPlanObject *object,
                               const KztSlot *slot);
KztLazyAction kzt_lazy_action(const KztLazy *lazy, KztLazyClass class);

/*
 * Remember an unbound slot.  False (and counted as dropped) when too many
 * wait: the slot then stays the guest's.
 */
bool kzt_lazy_add(KztLazy *lazy, const KztPlanObject *object,
                  const KztSlot *slot);

/*
 * Look at the waiting slots.  Each that has been bound leaves the list and is
 * offered to @bound; an unreadable or emptied one just leaves.  @bound must
 * not change @lazy.  Returns how many were offered.
 */
size_t kzt_lazy_poll(KztLazy *lazy, const KztMemory *mem,
                     void (*bound)(void *opaque, const KztLazyEntry *e),
                     void *opaque);

/* The object goes away: forget its slots. */
void kzt_lazy_retire(KztLazy *lazy, uint64_t object_id);
void kzt_lazy_free(KztLazy *lazy);

const char *kzt_lazy_class_name(KztLazyClass class);
const char *kzt_lazy_policy_name(KztLazyPolicy policy);
const char *kzt_lazy_action_name(KztLazyAction action);

#endif
