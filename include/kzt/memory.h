/*
 * Guest memory as pass-through sees it: a few operations behind one pointer,
 * so that every decision can be tested on plain byte buffers.
 *
 * Guest memory may vanish at any moment; each operation reports that as its
 * result and never faults.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_MEMORY_H
#define KZT_MEMORY_H

#include "qemu/osdep.h"

typedef struct KztMemory {
    /* All of [addr, addr + len) into @buf, or false. */
    bool (*read)(void *opaque, uint64_t addr, void *buf, size_t len);
    /*
     * Compare-and-swap of an aligned 8-byte word, through the page table: a
     * page the guest sealed is opened for it without the guest noticing.
     * *seen (may be NULL) becomes the value found.  True when it was @old and
     * is now @val.  May be NULL where nothing is written.
     */
    bool (*cas64)(void *opaque, uint64_t addr, uint64_t old, uint64_t val,
                  uint64_t *seen);
    /*
     * PAGE_* flags (exec/engine.h) of the guest page that holds @addr, 0 if
     * none; *end (may be NULL) is the end of the run with the same answer.
     * May be NULL: then only read() tells what is there.
     */
    int (*page_flags)(void *opaque, uint64_t addr, uint64_t *end);
    void *opaque;
} KztMemory;

static inline bool kzt_read(const KztMemory *m, uint64_t addr, void *buf,
                            size_t len)
{
    return m->read(m->opaque, addr, buf, len);
}

static inline bool kzt_read_u64(const KztMemory *m, uint64_t addr,
                                uint64_t *val)
{
    return m->read(m->opaque, addr, val, sizeof(*val));
}

#endif
