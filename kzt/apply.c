/*
 * Carrying decisions out: slot writes as one transaction, and taking them
 * back.  The interface is in kzt/apply.h.
 *
 * Opening sealed pages is the business of KztMemory.cas64, which goes through
 * the emulator's page table.  Decides nothing.  The caller has the decisions
 * to itself; the slots are shared with running guest threads, hence nothing
 * but compare-and-swap.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/apply.h"

void kzt_transaction_begin(KztTransaction *t, const KztMemory *mem)
{
    *t = (KztTransaction) { .mem = mem };
}

static void refuse(KztDecision *d, KztReason reason)
{
    d->method = KZT_METHOD_NONE;
    d->reason = reason;
    d->new_value = d->old_value;
}

void kzt_transaction_add(KztTransaction *t, KztDecision *d)
{
    if (d->method != KZT_METHOD_SLOT || d->new_value == d->old_value) {
        return;
    }
    if (t->nb == t->alloc) {
        size_t alloc = t->alloc ? t->alloc * 2 : 64;
        KztDecision **writes = realloc(t->writes, alloc * sizeof(*writes));

        if (!writes) {
            refuse(d, KZT_REASON_WRITE_FAILED);
            return;
        }
        t->writes = writes;
        t->alloc = alloc;
    }
    t->writes[t->nb++] = d;
}

static bool swap(const KztMemory *mem, uint64_t addr, uint64_t old,
                 uint64_t val, uint64_t *seen)
{
    return mem->cas64 && mem->cas64(mem->opaque, addr, old, val, seen);
}

/* All but writes[bad], which has its own reason, were not carried out. */
static void refuse_all(KztTransaction *t, size_t bad, KztReason reason)
{
    for (size_t i = 0; i < t->nb; i++) {
        refuse(t->writes[i], i == bad ? reason : KZT_REASON_ROLLED_BACK);
    }
}

static bool validate(KztTransaction *t)
{
    for (size_t i = 0; i < t->nb; i++) {
        uint64_t now;

        if (!kzt_read_u64(t->mem, t->writes[i]->slot.addr, &now)) {
            refuse_all(t, i, KZT_REASON_WRITE_FAILED);
            return false;
        }
        if (now != t->writes[i]->old_value) {
            refuse_all(t, i, KZT_REASON_CHANGED);
            return false;
        }
    }
    return true;
}

KztCommit kzt_transaction_commit(KztTransaction *t)
{
    if (!validate(t)) {
        return KZT_COMMIT_INVALID;
    }
    for (size_t i = 0; i < t->nb; i++) {
        KztDecision *d = t->writes[i];
        /* Stays what was planned when the write never got to the slot. */
        uint64_t seen = d->old_value;

        if (!swap(t->mem, d->slot.addr, d->old_value, d->new_value, &seen)) {
            kzt_transaction_undo(t->mem, t->writes, i);
            refuse_all(t, i, seen != d->old_value ? KZT_REASON_CHANGED
                                                  : KZT_REASON_WRITE_FAILED);
            return KZT_COMMIT_ROLLED_BACK;
        }
    }
    return KZT_COMMIT_DONE;
}

void kzt_transaction_end(KztTransaction *t)
{
    free(t->writes);
    *t = (KztTransaction) { 0 };
}

size_t kzt_transaction_undo(const KztMemory *mem, KztDecision *const *d,
                            size_t nb)
{
    size_t restored = 0;

    /* Last first: should one slot be there twice, the oldest value stays. */
    for (size_t i = nb; i-- > 0;) {
        if (d[i]->method == KZT_METHOD_SLOT &&
            swap(mem, d[i]->slot.addr, d[i]->new_value, d[i]->old_value,
                 NULL)) {
            restored++;
        }
    }
    return restored;
}
