/*
 * The guest page table: which 4 KiB pages the guest has mapped, how, and from
 * which file.  Internal to the memory part of linux-user.
 *
 * Writers hold the mmap lock and the page lock (hostmap.h), readers one of
 * them.  page_get_flags() and page_check_range() need no lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_PAGE_TABLE_H
#define LINUX_USER_PAGE_TABLE_H

#include "qemu/osdep.h"
#include "qemu/interval-tree.h"
#include "user/mmap.h"

/* A file that pages come from; shared by its regions, counted. */
typedef struct MappedFile {
    uint64_t dev, ino;
    unsigned refs;
    char path[];
} MappedFile;

enum {
    REGION_GROWSDOWN  = 1,
    REGION_SHM        = 2,      /* System V segment, attached as one */
    REGION_DONTFORK   = 4,
    REGION_WIPEONFORK = 8,
    REGION_HUGETLB    = 16,
    REGION_NORESERVE  = 32,
    REGION_LOCKED     = 64,
    REGION_READONLY   = 128,    /* shared, of a file open for reading only */
    REGION_DONTDUMP   = 256,    /* not into core files */
};

/* What a run of pages has in common. */
typedef struct RegionInfo {
    int flags;              /* PAGE_READ ... PAGE_SHARED */
    unsigned attr;          /* REGION_* */
    MappedFile *file;       /* NULL for anonymous memory */
    uint64_t offset;        /* in the file, of the first page */
    uint64_t shm_start;     /* REGION_SHM: where the segment was attached */
    const char *name;       /* "[heap]" ..., static, or NULL */
} RegionInfo;

typedef struct GuestRegion {
    IntervalNode node;
    RegionInfo i;
} GuestRegion;

static inline GuestRegion *region_of(IntervalNode *n)
{
    return n ? container_of(n, GuestRegion, node) : NULL;
}

GuestRegion *region_find(uint64_t addr);
/* First region that ends above @addr. */
GuestRegion *region_first_after(uint64_t addr);
GuestRegion *region_first_in(uint64_t start, uint64_t end);
GuestRegion *region_next(const GuestRegion *r);
GuestRegion *region_prev(const GuestRegion *r);
/* Description of @r as seen from @addr inside it (file offset moves along). */
RegionInfo region_info_at(const GuestRegion *r, uint64_t addr);

/* How much of [start, end) is mapped. */
typedef enum Coverage { COVER_NONE, COVER_PART, COVER_FULL } Coverage;
Coverage page_table_coverage(uint64_t start, uint64_t end);

/* Does [start, end) hold a page with all of @flags? */
bool page_table_any(uint64_t start, uint64_t end, int flags);

/*
 * Replace what is known about [start, end).  The new region takes its own
 * reference on the file.  Neighbours that fit are merged.
 */
void page_table_set(uint64_t start, uint64_t end, const RegionInfo *info);
void page_table_clear(uint64_t start, uint64_t end);
/* Change PAGE_READ, PAGE_WRITE and PAGE_EXEC of the mapped pages inside. */
void page_table_protect(uint64_t start, uint64_t end, int prot);
/* Set and clear REGION_* bits of the mapped pages inside. */
void page_table_attr(uint64_t start, uint64_t end, unsigned set,
                     unsigned clear);
void page_table_name(uint64_t start, uint64_t end, const char *name);

/* Highest free place, see interval_tree_gap_down(). */
bool page_table_gap(uint64_t min, uint64_t top, uint64_t len, uint64_t align,
                    uint64_t phase, uint64_t *addr);

uint64_t page_table_pages(void);

/* The file behind descriptor @fd with one reference for the caller. */
MappedFile *mapped_file_get(int fd);
/* A descriptor is about to be closed or replaced.  No lock. */
void mapped_file_forget_fd(void);
MappedFile *mapped_file_new(uint64_t dev, uint64_t ino, const char *path);
void mapped_file_put(MappedFile *f);
/* Is descriptor @fd this very file? */
bool mapped_file_is(const MappedFile *f, int fd);
/* Open the file again for reading; -1 if it is not at its path any more. */
int mapped_file_open(const MappedFile *f);

#endif
