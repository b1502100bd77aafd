/*
 * Policy and state of lazy JUMP_SLOTs: the interface is in
 * kzt/lazy-binding.h.
 *
 * Knows slots and what they hold, nothing of descriptions or bridges.  A slot
 * is only read here; GOT[1] and GOT[2] are never touched.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/lazy-binding.h"

static const char *const class_names[] = {
    [KZT_LAZY_BOUND] = "bound",
    [KZT_LAZY_UNBOUND] = "unbound",
    [KZT_LAZY_EMPTY] = "empty",
    [KZT_LAZY_UNREADABLE] = "unreadable",
};

static const char *const policy_names[] = {
    [KZT_LAZY_GUEST_FALLBACK] = "guest-fallback",
    [KZT_LAZY_DIRECT_BRIDGE] = "direct-bridge",
};

static const char *const action_names[] = {
    [KZT_LAZY_PATCH] = "patch",
    [KZT_LAZY_DEFER] = "defer",
    [KZT_LAZY_IGNORE] = "ignore",
};

const char *kzt_lazy_class_name(KztLazyClass class)
{
    return (unsigned)class < ARRAY_SIZE(class_names) ? class_names[class]
                                                     : "?";
}

const char *kzt_lazy_policy_name(KztLazyPolicy policy)
{
    return (unsigned)policy < ARRAY_SIZE(policy_names) ? policy_names[policy]
                                                       : "?";
}

const char *kzt_lazy_action_name(KztLazyAction action)
{
    return (unsigned)action < ARRAY_SIZE(action_names) ? action_names[action]
                                                       : "?";
}

KztLazyClass kzt_lazy_classify(const KztMemory *mem,
                               const KztPlanObject *object,
                               const KztSlot *slot)
{
    uint64_t value;

    if (slot->addr % sizeof(uint64_t) ||
        !kzt_read_u64(mem, slot->addr, &value)) {
        return KZT_LAZY_UNREADABLE;
    }
    if (!value) {
        return KZT_LAZY_EMPTY;
    }
    /* Only the PLT's own relocations are ever bound late. */
    if (slot->type == KZT_R_JUMP_SLOT &&
        kzt_slot_is_lazy(mem, object, slot->index, value)) {
        return KZT_LAZY_UNBOUND;
    }
    return KZT_LAZY_BOUND;
}

KztLazyAction kzt_lazy_action(const KztLazy *lazy, KztLazyClass class)
{
    switch (class) {
    case KZT_LAZY_BOUND:
        return KZT_LAZY_PATCH;
    case KZT_LAZY_UNBOUND:
        return lazy->policy == KZT_LAZY_DIRECT_BRIDGE ? KZT_LAZY_PATCH
                                                      : KZT_LAZY_DEFER;
    case KZT_LAZY_EMPTY:
    case KZT_LAZY_UNREADABLE:
        break;
    }
    return KZT_LAZY_IGNORE;
}

bool kzt_lazy_add(KztLazy *lazy, const KztPlanObject *object,
                  const KztSlot *slot)
{
    if (lazy->nb == lazy->alloc) {
        size_t alloc = lazy->alloc ? lazy->alloc * 2 : 64;
        KztLazyEntry *p = NULL;

        if (lazy->nb < KZT_LAZY_MAX_PENDING) {
            alloc = MIN(alloc, KZT_LAZY_MAX_PENDING);
            p = realloc(lazy->pending, alloc * sizeof(*p));
        }
        if (!p) {
            lazy->dropped++;
            return false;
        }
        lazy->pending = p;
        lazy->alloc = alloc;
    }
    lazy->pending[lazy->nb++] = (KztLazyEntry) { *object, *slot };
    lazy->deferred++;
    return true;
}

size_t kzt_lazy_poll(KztLazy *lazy, const KztMemory *mem,
                     void (*bound)(void *opaque, const KztLazyEntry *e),
                     void *opaque)
{
    size_t kept = 0, offered = 0;

    for (size_t i = 0; i < lazy->nb; i++) {
        KztLazyEntry *e = &lazy->pending[i];

        switch (kzt_lazy_classify(mem, &e->object, &e->slot)) {
        case KZT_LAZY_UNBOUND:
            if (kept != i) {
                lazy->pending[kept] = *e;
            }
            kept++;
            break;
        case KZT_LAZY_BOUND:
            bound(opaque, e);
            lazy->bound++;
            offered++;
            break;
        case KZT_LAZY_EMPTY:
        case KZT_LAZY_UNREADABLE:
            lazy->retired++;
            break;
        }
    }
    lazy->nb = kept;
    return offered;
}

void kzt_lazy_retire(KztLazy *lazy, uint64_t object_id)
{
    size_t kept = 0;

    for (size_t i = 0; i < lazy->nb; i++) {
        if (lazy->pending[i].object.id == object_id) {
            lazy->retired++;
        } else {
            lazy->pending[kept++] = lazy->pending[i];
        }
    }
    lazy->nb = kept;
}

void kzt_lazy_free(KztLazy *lazy)
{
    free(lazy->pending);
    *lazy = (KztLazy) { .policy = lazy->policy };
}
