/*
 * The guest page table: disjoint regions of equal pages in an interval tree.
 *
 * Responsible for what the guest believes about its memory; knows nothing of
 * host mappings (hostmap.c approximates this table with them).
 *
 * Locking: writers hold the mmap lock and the page lock, and bump a sequence
 * counter around each change of the tree.  page_get_flags() runs without a lock, also in signal
 * handlers of synchronous faults, and repeats when the counter moved.  Nodes
 * live in memory that is never given back, so a reader that loses the race
 * reads stale nodes but no foreign memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "linux-user/page-table.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#define REGION_CHUNK 128
#define PROT_FLAGS (PAGE_READ | PAGE_WRITE | PAGE_EXEC)

static IntervalTree table;
static _Atomic uint64_t table_seq;
static uint64_t table_pages;
static GuestRegion *free_regions;       /* linked through node.right */
static MappedFile *last_file;           /* one reference held */

/*
 * The descriptor last_file was found by, for loaders that map a file piece by
 * piece: looking up its name is slow.  A renamed file has another ctime.
 */
static _Atomic int last_fd = -1;
static struct timespec last_ctime;

static void write_begin(void)
{
    atomic_store_explicit(&table_seq, table_seq + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
}

static void write_end(void)
{
    atomic_store_explicit(&table_seq, table_seq + 1, memory_order_release);
}

static uint64_t read_begin(void)
{
    uint64_t seq;
    int spins = 0;

    while ((seq = atomic_load_explicit(&table_seq, memory_order_acquire)) &
           1) {
        if (++spins > 64) {
            sched_yield();
        }
    }
    return seq;
}

static bool read_retry(uint64_t seq)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&table_seq, memory_order_relaxed) != seq;
}

MappedFile *mapped_file_new(uint64_t dev, uint64_t ino, const char *path)
{
    size_t len = strlen(path) + 1;
    MappedFile *f;

    if (last_file && last_file->dev == dev && last_file->ino == ino &&
        !strcmp(last_file->path, path)) {
        last_file->refs++;
        return last_file;
    }
    f = xmalloc(sizeof(*f) + len);
    f->dev = dev;
    f->ino = ino;
    f->refs = 2;
    memcpy(f->path, path, len);
    mapped_file_put(last_file);
    last_file = f;
    return f;
}

MappedFile *mapped_file_get(int fd)
{
    char link[40], path[PATH_MAX + 1];
    struct stat st;
    ssize_t len;

    if (fstat(fd, &st) < 0) {
        return NULL;
    }
    if (fd == last_fd && last_file->dev == st.st_dev &&
        last_file->ino == st.st_ino &&
        !memcmp(&last_ctime, &st.st_ctim, sizeof(last_ctime))) {
        last_file->refs++;
        return last_file;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, PATH_MAX);
    path[MAX(len, 0)] = 0;
    last_ctime = st.st_ctim;
    last_fd = fd;
    return mapped_file_new(st.st_dev, st.st_ino, path);
}

void mapped_file_forget_fd(void)
{
    last_fd = -1;
}

bool mapped_file_is(const MappedFile *f, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_dev == f->dev && st.st_ino == f->ino;
}

/* A file without a name (memfd, deleted) may still be open somewhere. */
static int find_open_file(const MappedFile *f)
{
    enum { MAX_FD = 1024 };

    for (int fd = 0; fd < MAX_FD; fd++) {
        if (mapped_file_is(f, fd) &&
            (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY) {
            return fcntl(fd, F_DUPFD_CLOEXEC, 0);
        }
    }
    return -1;
}

int mapped_file_open(const MappedFile *f)
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd >= 0 && mapped_file_is(f, fd)) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return find_open_file(f);
}

void mapped_file_put(MappedFile *f)
{
    if (f && --f->refs == 0) {
        free(f);
    }
}

static GuestRegion *region_new(uint64_t start, uint64_t end,
                               const RegionInfo *info)
{
    GuestRegion *r = free_regions;

    if (!r) {
        int i;

        r = xcalloc(REGION_CHUNK, sizeof(*r));
        for (i = 1; i < REGION_CHUNK; i++) {
            r[i].node.right = &r[i + 1 < REGION_CHUNK ? i + 1 : 0].node;
        }
        r[REGION_CHUNK - 1].node.right = NULL;
        free_regions = r + 1;
    } else {
        free_regions = region_of(r->node.right);
    }
    r->node.start = start;
    r->node.end = end;
    r->i = *info;
    if (r->i.file) {
        r->i.file->refs++;
    }
    return r;
}

static void region_free(GuestRegion *r)
{
    mapped_file_put(r->i.file);
    r->node.right = free_regions ? &free_regions->node : NULL;
    free_regions = r;
}

GuestRegion *region_find(uint64_t addr)
{
    return region_of(interval_tree_find(&table, addr));
}

GuestRegion *region_first_after(uint64_t addr)
{
    return region_of(interval_tree_first_after(&table, addr));
}

GuestRegion *region_first_in(uint64_t start, uint64_t end)
{
    return region_of(interval_tree_first_in(&table, start, end));
}

GuestRegion *region_next(const GuestRegion *r)
{
    return region_of(interval_tree_next(&r->node));
}

GuestRegion *region_prev(const GuestRegion *r)
{
    return region_of(interval_tree_prev(&r->node));
}

RegionInfo region_info_at(const GuestRegion *r, uint64_t addr)
{
    RegionInfo info = r->i;

    if (info.file) {
        info.offset += addr - r->node.start;
    }
    return info;
}

Coverage page_table_coverage(uint64_t start, uint64_t end)
{
    GuestRegion *r = region_first_in(start, end);

    if (!r) {
        return COVER_NONE;
    }
    if (r->node.start > start) {
        return COVER_PART;
    }
    while (r->node.end < end) {
        uint64_t at = r->node.end;

        r = region_next(r);
        if (!r || r->node.start != at) {
            return COVER_PART;
        }
    }
    return COVER_FULL;
}

bool page_table_any(uint64_t start, uint64_t end, int flags)
{
    GuestRegion *r;

    for (r = region_first_in(start, end); r && r->node.start < end;
         r = region_next(r)) {
        if ((r->i.flags & flags) == flags) {
            return true;
        }
    }
    return false;
}

static bool can_merge(const GuestRegion *a, const GuestRegion *b)
{
    return a->node.end == b->node.start && a->i.flags == b->i.flags &&
           a->i.attr == b->i.attr && a->i.file == b->i.file &&
           a->i.name == b->i.name && a->i.shm_start == b->i.shm_start &&
           (!a->i.file ||
            a->i.offset + (a->node.end - a->node.start) == b->i.offset);
}

/* Merge @r with the region behind it if they are alike. */
static bool merge_next(GuestRegion *r)
{
    GuestRegion *n = region_next(r);
    uint64_t end;

    if (!n || !can_merge(r, n)) {
        return false;
    }
    end = n->node.end;
    interval_tree_remove(&table, &n->node);
    region_free(n);
    interval_tree_resize(&table, &r->node, r->node.start, end);
    return true;
}

static void merge_around(GuestRegion *r)
{
    GuestRegion *p;

    merge_next(r);
    p = region_prev(r);
    if (p) {
        merge_next(p);
    }
}

/* Make sure a region boundary lies at @addr. */
static void split_at(uint64_t addr)
{
    GuestRegion *r = region_find(addr), *tail;
    RegionInfo info;
    uint64_t end;

    if (!r || r->node.start == addr) {
        return;
    }
    info = region_info_at(r, addr);
    end = r->node.end;
    interval_tree_resize(&table, &r->node, r->node.start, addr);
    tail = region_new(addr, end, &info);
    interval_tree_insert(&table, &tail->node);
}

static void remove_range(uint64_t start, uint64_t end)
{
    GuestRegion *r, *next;

    split_at(start);
    split_at(end);
    for (r = region_first_in(start, end); r && r->node.start < end; r = next) {
        next = region_next(r);
        table_pages -= (r->node.end - r->node.start) >> TARGET_PAGE_BITS;
        interval_tree_remove(&table, &r->node);
        region_free(r);
    }
}

/* The file reference is taken before old regions drop theirs. */
void page_table_set(uint64_t start, uint64_t end, const RegionInfo *info)
{
    GuestRegion *r = region_new(start, end, info);

    write_begin();
    remove_range(start, end);
    interval_tree_insert(&table, &r->node);
    table_pages += (end - start) >> TARGET_PAGE_BITS;
    merge_around(r);
    write_end();
}

void page_table_clear(uint64_t start, uint64_t end)
{
    write_begin();
    remove_range(start, end);
    write_end();
}

/* Apply @change to every region inside [start, end), split as needed. */
static void for_range(uint64_t start, uint64_t end,
                      void (*change)(GuestRegion *r, const void *arg),
                      const void *arg)
{
    GuestRegion *r;

    write_begin();
    split_at(start);
    split_at(end);
    for (r = region_first_in(start, end); r && r->node.start < end;
         r = region_next(r)) {
        change(r, arg);
    }
    /* Merge from the neighbour below to the one above. */
    r = region_first_after(start ? start - 1 : 0);
    while (r && r->node.start <= end) {
        if (!merge_next(r)) {
            r = region_next(r);
        }
    }
    write_end();
}

static void change_prot(GuestRegion *r, const void *arg)
{
    r->i.flags = (r->i.flags & ~PROT_FLAGS) | *(const int *)arg;
}

void page_table_protect(uint64_t start, uint64_t end, int prot)
{
    for_range(start, end, change_prot, &prot);
}

static void change_attr(GuestRegion *r, const void *arg)
{
    const unsigned *a = arg;

    r->i.attr = (r->i.attr & ~a[1]) | a[0];
}

void page_table_attr(uint64_t start, uint64_t end, unsigned set,
                     unsigned clear)
{
    unsigned a[2] = { set, clear };

    for_range(start, end, change_attr, a);
}

static void change_name(GuestRegion *r, const void *arg)
{
    r->i.name = arg;
}

void page_table_name(uint64_t start, uint64_t end, const char *name)
{
    for_range(start, end, change_name, name);
}

bool page_table_gap(uint64_t min, uint64_t top, uint64_t len, uint64_t align,
                    uint64_t phase, uint64_t *addr)
{
    return interval_tree_gap_down(&table, min, top, len, align, phase, addr);
}

uint64_t page_table_pages(void)
{
    return table_pages;
}

uint64_t mmap_total_pages(void)
{
    return table_pages;
}

int page_get_flags(uint64_t addr, uint64_t *end)
{
    const IntervalNode *n, *m;
    uint64_t seq, e;
    int flags, steps;

    do {
        seq = read_begin();
        n = interval_tree_first_after(&table, addr);
        if (!n) {
            flags = 0;
            e = UINT64_MAX & TARGET_PAGE_MASK;
        } else if (n->start > addr) {
            flags = 0;
            e = n->start;
        } else {
            flags = container_of(n, GuestRegion, node)->i.flags;
            e = n->end;
            for (steps = 0; end && steps < 64; steps++) {
                m = interval_tree_next(n);
                if (!m || m->start != e ||
                    container_of(m, GuestRegion, node)->i.flags != flags) {
                    break;
                }
                e = m->end;
                n = m;
            }
        }
    } while (read_retry(seq));
    if (end) {
        *end = e;
    }
    return flags;
}

bool page_check_range(uint64_t addr, uint64_t len, int flags)
{
    uint64_t end, last;

    if (len == 0) {
        return true;
    }
    last = addr + len - 1;
    if (last < addr) {
        return false;
    }
    for (;;) {
        if ((page_get_flags(addr, &end) & flags) != flags ||
            !(page_get_flags(addr, NULL) & PAGE_VALID)) {
            return false;
        }
        if (end > last) {
            return true;
        }
        addr = end;
    }
}
