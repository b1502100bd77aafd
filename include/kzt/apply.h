/*
 * Applying decisions: a transaction of slot writes.
 *
 * A transaction collects the decisions of one loader event.  Commit first
 * looks whether every slot still holds what the planner saw, then writes all
 * by compare-and-swap; when one write fails, those before it are taken back
 * the same way and the decisions say so.  Nothing else in KZT writes slots.
 *
 * Pure but for the allocator.  One thread at a time per transaction; other
 * threads may run guest code and write the same slots meanwhile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_APPLY_H
#define KZT_APPLY_H

#include "kzt/planner.h"

typedef struct KztTransaction {
    const KztMemory *mem;
    KztDecision **writes;       /* borrowed; those with method slot */
    size_t nb, alloc;
} KztTransaction;

typedef enum KztCommit {
    KZT_COMMIT_DONE,            /* all written (or nothing to write) */
    KZT_COMMIT_INVALID,         /* a slot had changed: nothing was written */
    KZT_COMMIT_ROLLED_BACK,     /* a write failed, earlier ones undone */
} KztCommit;

void kzt_transaction_begin(KztTransaction *t, const KztMemory *mem);
/* Add a decision; those that write nothing are ignored. */
void kzt_transaction_add(KztTransaction *t, KztDecision *d);
/*
 * Write.  Decisions that were not carried out become method none, reason
 * CHANGED, WRITE_FAILED or ROLLED_BACK, and their new_value the old one.
 */
KztCommit kzt_transaction_commit(KztTransaction *t);
void kzt_transaction_end(KztTransaction *t);

/*
 * Put old values back, for slots that still hold what was written.  Returns
 * how many were restored.
 */
size_t kzt_transaction_undo(const KztMemory *mem, KztDecision *const *d,
                            size_t nb);

#endif
