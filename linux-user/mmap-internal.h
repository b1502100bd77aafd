/*
 * What the files of the memory room share beside the table and the host map.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_MMAP_INTERNAL_H
#define LINUX_USER_MMAP_INTERNAL_H

#include "linux-user/hostmap.h"

#define PROT_BITS (PAGE_READ | PAGE_WRITE | PAGE_EXEC)

/* Distance the kernel keeps between a growing stack and what is below. */
#define STACK_GUARD_GAP (256 * TARGET_PAGE_SIZE)

/*
 * Map @req over a range with the given coverage and record it as @info.  Undoes
 * the claim of a partly covered range on failure.  Returns 0 or -errno.  mmap
 * lock held.
 */
int mmap_map_range(const MapRequest *req, Coverage cover, RegionInfo *info);

/*
 * Do the guest's RLIMIT_AS and RLIMIT_DATA allow @bytes more of memory with
 * these PAGE_* and REGION_* flags?
 */
bool mmap_may_expand(uint64_t bytes, int flags, unsigned attr);

/*
 * Find a free place of the right alignment between @min and @top for the
 * length of @req and let @map take it; @map answers -EEXIST when the host has
 * something there.  Returns the address or -errno.  mmap lock held.
 */
int64_t mmap_place(MapRequest *req, uint64_t min, uint64_t top,
                   int (*map)(MapRequest *req, void *opaque), void *opaque);

/* Unmap what the guest has of [start, end).  mmap lock held. */
int mmap_unmap_range(uint64_t start, uint64_t end);

/* Set and clear REGION_* bits of the guest's pages in [start, end). */
void mmap_set_attr(uint64_t start, uint64_t end, unsigned set, unsigned clear);

/* Some memory is not to be inherited by future children. */
void mmap_note_fork_advice(void);
/* New mappings are locked from now on (MCL_FUTURE), or no longer. */
void mmap_lock_future(bool on);

/* A line for `-d page`. */
void mmap_log(const char *what, uint64_t start, uint64_t end, int flags);

#endif
