/*
 * Host mappings behind the guest page table.  Internal to the memory part of
 * linux-user.
 *
 * The functions take ranges of 4 KiB guest pages; how they become host pages
 * of another size is decided here and nowhere else.  All need the mmap lock;
 * those that say so also the page lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_HOSTMAP_H
#define LINUX_USER_HOSTMAP_H

#include "qemu/osdep.h"
#include "linux-user/page-table.h"

/*
 * The page lock makes a change of the page table and of the host's protection
 * one step for the engine's page_protect() and page_unprotect(), which arrive
 * with the engine's lock held and so cannot take the mmap lock.  A leaf lock.
 */
void page_lock(void);
void page_unlock(void);
/* In a child: a thread that is not there any more may have had it. */
void page_lock_reset(void);

/* A mapping about to be made. */
typedef struct MapRequest {
    uint64_t start, end;
    int flags;              /* PAGE_* */
    int mflags;             /* the guest's mmap() flags */
    int fd;                 /* -1 for anonymous memory */
    uint64_t offset;
    uint64_t align;         /* of a free address: what the host insists on */
} MapRequest;

/*
 * Alignment and phase a mapping wants when the address is free to choose, so
 * that it shares no host page with others and files map directly.
 */
void hostmap_placement(const MapRequest *r, uint64_t *align, uint64_t *phase);
/*
 * The whole host pages around [addr, addr + len): *base becomes the first
 * address, the result is the length.
 */
uint64_t hostmap_span(uint64_t addr, uint64_t len, uint64_t *base);

/*
 * Make the part of [start, end) that the guest does not have ours: -EEXIST if
 * the emulator or a host library has some of it.  The caller maps it next or
 * gives it back with hostmap_unclaim().
 */
int hostmap_claim(uint64_t start, uint64_t end);
void hostmap_unclaim(uint64_t start, uint64_t end);

/*
 * Map over a range.  COVER_NONE: nothing of it is the guest's, the host is
 * asked not to replace anything (-EEXIST).  Else all of it is claimed.
 * Returns 0 or -errno.  Page lock held.
 */
int hostmap_map(const MapRequest *r, Coverage cover);

/* The guest gave up [start, end); the table still has it.  Page lock held. */
int hostmap_unmap(uint64_t start, uint64_t end);

/*
 * The table has been changed after hostmap_map(), hostmap_unmap() or
 * hostmap_move(): the edges may need another protection.  Page lock held.
 */
void hostmap_settle(uint64_t start, uint64_t end);

/*
 * Make the host's protection of [start, end), all of it mapped, follow the
 * table.  Page lock held.
 */
int hostmap_protect(uint64_t start, uint64_t end);

/*
 * Move [old, old + old_len) to new_addr (claimed) with new_len, as mremap()
 * does; @keep leaves an empty mapping behind (MREMAP_DONTUNMAP).  The range is
 * one region.  HOSTMAP_COPIED: the old range is still as it was, because it
 * may share host pages with the new one; the caller replaces it when the table
 * has the new one.  Page lock held.
 */
#define HOSTMAP_COPIED 1
int hostmap_move(uint64_t old, uint64_t old_len, uint64_t new_addr,
                 uint64_t new_len, bool keep);

/* Lengthen a region in place; the new part is claimed by nobody. */
int hostmap_grow(const GuestRegion *r, uint64_t start, uint64_t new_end);

/*
 * An access to @addr that the table allows has faulted.  True when the cause
 * was another guest page in the same host page and is gone.
 */
bool hostmap_handle_fault(uint64_t addr, bool write);

/*
 * Is @addr mapped, but beyond the end of its file, in a host page that the
 * host does not watch itself?  Async-signal-safe.
 */
bool hostmap_past_eof(uint64_t addr);

/*
 * An access at @addr that the table allows has faulted.  May it have bytes in
 * the next guest page, which the table forbids and the host page would let it
 * reach once it is open?  Async-signal-safe.
 */
bool hostmap_may_straddle(uint64_t addr, bool write);

/* madvise() on mapped guest pages of one region.  Page lock held. */
int hostmap_madvise(const GuestRegion *r, uint64_t start, uint64_t end,
                    int advice);

/*
 * A foreign host mapping inside [start, end), found after -EEXIST: the start
 * of the highest one.  False when it cannot be told.
 */
bool hostmap_find_foreign(uint64_t start, uint64_t end, uint64_t *foreign);

/* Where in its file the mapping is at @addr. */
static inline uint64_t region_offset(const GuestRegion *r, uint64_t addr)
{
    return r->i.offset + (addr - r->node.start);
}

/* Guest mmap() flags as the host takes them, without placement flags. */
int host_map_flags(int mflags);

/* The only doors to the host: alignment is asserted. Return -errno. */
int64_t host_mmap(uint64_t addr, uint64_t len, int prot, int flags, int fd,
                  uint64_t offset);
int host_munmap(uint64_t addr, uint64_t len);
int host_mprotect(uint64_t addr, uint64_t len, int prot);
int64_t host_mremap(uint64_t old, uint64_t old_len, uint64_t new_len,
                    int flags, uint64_t new_addr);
int host_madvise(uint64_t addr, uint64_t len, int advice);

/* Host protection that lets the guest do what @flags (PAGE_*) allow. */
static inline int host_prot(int flags)
{
    int prot = 0;

    /* x86 cannot forbid reading what may be written or executed. */
    if (flags & (PAGE_READ | PAGE_WRITE | PAGE_EXEC)) {
        prot |= PAGE_READ;
    }
    return prot | (flags & PAGE_WRITE);
}

#endif
