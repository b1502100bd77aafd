/*
 * Guest pages on hosts with larger pages.
 *
 * A host page whose guest pages belong to one mapping that the host can make
 * is mapped directly.  Any other host page is *mixed*: private anonymous
 * memory whose contents are put together here; strict-pages.c chooses its
 * protection.  `mixed_pages` remembers which host pages
 * are such memory whatever the table says about the guest pages in them.
 *
 * What cannot be made (a shared mapping at an offset the host cannot map, or
 * sharing a host page with something else) is refused with EINVAL and a line
 * in the -strace log.
 *
 * Locking: the mmap lock; the page lock where hostmap.h says so.  While the
 * contents of a live host page move, the page is read-only: a thread that
 * writes faults, waits for the mmap lock in mmap_handle_fault() and repeats.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "linux-user/code-pages.h"
#include "linux-user/hostmap-eof.h"
#include "linux-user/hostmap-mixed.h"
#include "linux-user/strict-pages.h"
#include "user/uaccess.h"
#include <fcntl.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Host pages (by their first address) that are private anonymous memory. */
static PageSet mixed_pages;

static uint64_t down(uint64_t a)
{
    return a & -host_page_size;
}

static uint64_t up(uint64_t a)
{
    return (a + host_page_size - 1) & -host_page_size;
}

static void set_mixed(uint64_t start, uint64_t end, bool on)
{
    uint64_t h;

    if (!on) {
        page_set_remove_range(&mixed_pages, start, end);
        return;
    }
    for (h = start; h < end; h += host_page_size) {
        page_set_add(&mixed_pages, h);
    }
}

static int refuse(const char *why)
{
    qemu_log_mask(LOG_STRACE, "# mmap: %s on a host with %" PRIu64
                  " KiB pages\n", why, host_page_size / 1024);
    return -EINVAL;
}

/* First run of host pages in [at, end) that hold no guest page. */
static bool next_hole(uint64_t at, uint64_t end, uint64_t *lo, uint64_t *hi)
{
    GuestRegion *r;

    while (at < end) {
        r = region_first_in(at, end);
        *lo = at;
        *hi = r ? down(r->node.start) : end;
        if (*hi > *lo) {
            return true;
        }
        at = up(r->node.end);
    }
    return false;
}

int mixed_claim(uint64_t start, uint64_t end)
{
    uint64_t at = down(start), lo, hi;
    int64_t ret;

    for (end = up(end); next_hole(at, end, &lo, &hi); at = hi) {
        ret = host_mmap(lo, hi - lo, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                        MAP_FIXED_NOREPLACE, -1, 0);
        if (ret < 0) {
            mixed_unclaim(start, lo);
            return ret;
        }
    }
    return 0;
}

void mixed_unclaim(uint64_t start, uint64_t end)
{
    uint64_t at = down(start), lo, hi;

    if (start >= end) {
        return;
    }
    for (end = up(end); next_hole(at, end, &lo, &hi); at = hi) {
        host_munmap(lo, hi - lo);
    }
}

/* Union of the guest's protections in host page @h, outside [start, end). */
static int union_flags(uint64_t h, uint64_t start, uint64_t end)
{
    GuestRegion *r;
    int flags = 0;

    for (r = region_first_in(h, h + host_page_size);
         r && r->node.start < h + host_page_size; r = region_next(r)) {
        uint64_t lo = MAX(r->node.start, h);
        uint64_t hi = MIN(r->node.end, h + host_page_size);

        if (lo < start || hi > end) {
            flags |= r->i.flags;
        }
    }
    return flags;
}

/* Must writes to host page @h fault because of translated code in it? */
static bool holds_code(uint64_t h)
{
    uint64_t a = h, end = h + host_page_size;

    while ((a = page_set_next(&guarded_pages, a, end)) < end) {
        /* What the guest may not write anyway needs no protection. */
        if (page_get_flags(a, NULL) & PAGE_WRITE) {
            return true;
        }
        a += TARGET_PAGE_SIZE;
    }
    return false;
}

static int protect_page(uint64_t h, int flags)
{
    int prot = host_prot(flags);

    if ((prot & PROT_WRITE) && holds_code(h)) {
        prot &= ~PROT_WRITE;
    }
    return host_mprotect(h, host_page_size, prot);
}

/* Replace host page @h by anonymous memory with the same contents. */
static int copy_page(uint64_t h)
{
    /* Twice the size: a simulated page size gives no alignment by itself. */
    int64_t room = host_mmap(0, 2 * host_page_size, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t tmp = up(room), at;
    int64_t ret;

    if (room < 0) {
        return room;
    }
    ret = host_mprotect(h, host_page_size, PROT_READ);
    if (ret == 0) {
        for (at = 0; at < host_page_size; at += TARGET_PAGE_SIZE) {
            if (uaccess_copy(g2h(tmp + at), g2h(h + at), TARGET_PAGE_SIZE) &&
                page_get_flags(h + at, NULL)) {
                page_set_add(&eof_pages, h + at);
            }
        }
        ret = host_mremap(tmp, host_page_size, host_page_size,
                          MREMAP_MAYMOVE | MREMAP_FIXED, h);
    }
    /* After the move there is a hole where the page was: not ours. */
    if (tmp > (uint64_t)room) {
        munmap(g2h(room), tmp - room);
    }
    if (ret < 0) {
        munmap(g2h(tmp), host_page_size);
    }
    munmap(g2h(tmp + host_page_size), room + host_page_size - tmp);
    return ret < 0 ? ret : 0;
}

/*
 * Turn host page @h into private anonymous memory with the same contents.
 * The page is ours, and some of its guest pages may be in use.
 */
static int make_mixed(uint64_t h)
{
    GuestRegion *r;
    bool file = false;
    int ret;

    if (page_set_test(&mixed_pages, h)) {
        return 0;
    }
    for (r = region_first_in(h, h + host_page_size);
         r && r->node.start < h + host_page_size; r = region_next(r)) {
        if (r->i.flags & PAGE_SHARED) {
            return refuse("a shared mapping has part of this host page");
        }
        file |= r->i.file != NULL;
    }
    ret = file ? copy_page(h) : 0;
    if (ret < 0) {
        return ret;
    }
    page_set_add(&mixed_pages, h);
    return 0;
}

/* Put the contents of a new mapping into anonymous writable memory. */
static int fill(const MapRequest *r, uint64_t start, uint64_t end)
{
    uint64_t at = start, offset = r->offset + (start - r->start);

    while (r->fd >= 0 && at < end) {
        ssize_t n = pread(r->fd, g2h(at), end - at, offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        if (n == 0) {
            break;
        }
        at += n;
        offset += n;
    }
    memset(g2h(at), 0, end - at);
    for (at = TARGET_PAGE_ALIGN(at); r->fd >= 0 && at < end;
         at += TARGET_PAGE_SIZE) {
        page_set_add(&eof_pages, at);
    }
    return 0;
}

/* Part of a new mapping that shares host page @h with other guest pages. */
static int map_edge(const MapRequest *r, uint64_t h)
{
    uint64_t start = MAX(r->start, h);
    uint64_t end = MIN(r->end, h + host_page_size);
    int others = union_flags(h, r->start, r->end);
    int ret;

    if (r->flags & PAGE_SHARED) {
        return refuse("a shared mapping would share this host page");
    }
    ret = make_mixed(h);
    page_set_remove_range(&eof_pages, start, end);
    if (ret == 0) {
        ret = host_mprotect(h, host_page_size, PROT_READ | PROT_WRITE);
    }
    if (ret == 0) {
        ret = fill(r, start, end);
    }
    if (ret == 0) {
        ret = protect_page(h, others | r->flags);
    }
    return ret;
}

/* Host pages [lo, hi) of one mapping; @mixed: not mapped directly. */
static int map_run(const MapRequest *r, uint64_t lo, uint64_t hi, bool mixed)
{
    int flags = host_map_flags(r->mflags) | MAP_FIXED;
    bool congruent = r->fd < 0 ||
                     ((r->start - r->offset) & (host_page_size - 1)) == 0;
    int64_t ret;

    if (lo >= hi) {
        return 0;
    }
    if (congruent && !mixed) {
        ret = host_mmap(lo, hi - lo, host_prot(r->flags), flags, r->fd,
                        r->fd < 0 ? 0 : r->offset + (lo - r->start));
        if (ret >= 0) {
            set_mixed(lo, hi, false);
        }
        return ret < 0 ? ret : 0;
    }
    if (r->flags & PAGE_SHARED) {
        return refuse("a shared file mapping at this offset");
    }
    ret = host_mmap(lo, hi - lo, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
                    (flags & MAP_NORESERVE), -1, 0);
    if (ret >= 0) {
        set_mixed(lo, hi, true);
        ret = fill(r, MAX(lo, r->start), MIN(hi, r->end));
    }
    if (ret == 0) {
        ret = host_mprotect(lo, hi - lo, host_prot(r->flags));
    }
    return ret < 0 ? ret : 0;
}

/* Host pages [lo, hi) that belong to the new mapping alone. */
static int map_whole(const MapRequest *r, uint64_t lo, uint64_t hi)
{
    uint64_t edge, past;
    int ret = map_run(r, lo, hi, false);

    if (ret < 0) {
        return ret;
    }
    if (r->flags & PAGE_SHARED) {
        eof_note(r, lo, hi);
        return 0;
    }
    edge = eof_host_page(r, lo, hi, &past);
    return edge < hi ? map_run(r, edge, edge + host_page_size, true) : 0;
}

/*
 * Does host page @h, now directly mapped, already show what @r would put
 * there?  Then a shared file mapping can be continued in place.
 */
static bool continues_shared(const MapRequest *r, uint64_t h)
{
    GuestRegion *o = region_first_in(h, h + host_page_size);

    return o && r->fd >= 0 && (r->flags & PAGE_SHARED) &&
           (o->i.flags & PAGE_SHARED) && o->i.file &&
           o->i.offset - o->node.start == r->offset - r->start &&
           mapped_file_is(o->i.file, r->fd);
}

static int map_part(const MapRequest *r, uint64_t h)
{
    if (continues_shared(r, h)) {
        eof_note(r, h, h + host_page_size);
        return protect_page(h, union_flags(h, r->start, r->end) | r->flags);
    }
    return map_edge(r, h);
}

int mixed_map(const MapRequest *r, Coverage cover)
{
    uint64_t first = down(r->start), last = down(r->end - 1);
    uint64_t lo = first, hi = last + host_page_size;
    int ret = 0;

    page_set_remove_range(&eof_pages, r->start, r->end);
    if (cover == COVER_NONE) {
        ret = mixed_claim(r->start, r->end);
        if (ret < 0) {
            return ret;
        }
    }
    if (region_first_in(first, r->start) ||
        (first == last && region_first_in(r->end, hi))) {
        ret = map_part(r, first);
        lo += host_page_size;
    }
    if (ret == 0 && lo <= last && region_first_in(r->end, hi)) {
        ret = map_part(r, last);
        hi -= host_page_size;
    }
    if (ret == 0) {
        ret = map_whole(r, lo, hi);
    }
    if (ret < 0 && cover == COVER_NONE) {
        mixed_unclaim(r->start, r->end);
    }
    return ret;
}

/* The host pages of [start, end) that hold nothing else of the guest. */
static void own_pages(uint64_t start, uint64_t end, uint64_t *lo, uint64_t *hi)
{
    *lo = down(start);
    *hi = up(end);
    if (region_first_in(*lo, start) ||
        (down(end - 1) == *lo && region_first_in(end, *hi))) {
        *lo += host_page_size;
    }
    if (*lo < *hi && region_first_in(end, *hi)) {
        *hi -= host_page_size;
    }
}

int mixed_unmap(uint64_t start, uint64_t end)
{
    uint64_t lo, hi;
    int ret = 0;

    page_set_remove_range(&eof_pages, start, end);
    own_pages(start, end, &lo, &hi);
    if (lo < hi) {
        ret = host_munmap(lo, hi - lo);
        set_mixed(lo, hi, false);
    }
    if (ret == 0 && down(start) < lo) {
        ret = protect_page(down(start), union_flags(down(start), start, end));
    }
    if (ret == 0 && up(end) > hi && lo <= hi && hi > down(start)) {
        ret = protect_page(hi, union_flags(hi, start, end));
    }
    return ret;
}

int mixed_protect(uint64_t start, uint64_t end)
{
    uint64_t at = down(start);
    int ret = 0;

    end = up(end);
    while (at < end && ret == 0) {
        GuestRegion *r = region_first_in(at, end);
        uint64_t stop;

        if (!r) {
            return 0;
        }
        if (r->node.start > at || r->node.end < at + host_page_size ||
            eof_in(at)) {
            ret = strict_settle(at, true);
            at += host_page_size;
            continue;
        }
        /* A run of host pages inside one region, up to the next code. */
        stop = MIN(end, down(r->node.end));
        stop = MIN(stop, down(page_set_next(&eof_pages, at, stop)));
        if (r->i.flags & PAGE_WRITE) {
            stop = MIN(stop, down(page_set_next(&guarded_pages, at, stop)));
            if (stop == at) {
                ret = protect_page(at, r->i.flags);
                at += host_page_size;
                continue;
            }
        }
        strict_forget(at, stop);
        ret = host_mprotect(at, stop - at, host_prot(r->i.flags));
        at = stop;
    }
    return ret;
}

/* Host page @h at the edge of a change: nothing to do if it is all gone. */
static void settle_edge(uint64_t h)
{
    if (region_first_in(h, h + host_page_size)) {
        strict_settle(h, true);
    } else {
        strict_forget(h, h + host_page_size);
    }
}

void mixed_settle(uint64_t start, uint64_t end)
{
    uint64_t lo = down(start), hi = up(end);

    if (start > lo || (end < lo + host_page_size)) {
        settle_edge(lo);
        lo += host_page_size;
    }
    if (hi > end && hi > lo) {
        hi -= host_page_size;
        settle_edge(hi);
    }
    if (lo < hi) {
        strict_forget(lo, hi);
        while ((lo = page_set_next(&eof_pages, lo, hi)) < hi) {
            strict_settle(down(lo), true);
            lo = down(lo) + host_page_size;
        }
    }
}

/* Map fresh anonymous memory with the permissions of @flags. */
static int map_anonymous(uint64_t start, uint64_t end, int flags,
                         Coverage cover)
{
    MapRequest r = {
        .start = start, .end = end, .fd = -1, .flags = flags,
        .mflags = TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS,
    };

    return mixed_map(&r, cover);
}

/*
 * The host has moved or lengthened a file mapping as it is, and @start..@end
 * is new of it or all of it: where in that does the file end?
 */
static int find_end(const GuestRegion *r, uint64_t offset, uint64_t start,
                    uint64_t end)
{
    MapRequest req = {
        .start = start, .end = end, .offset = offset, .flags = r->i.flags,
        .mflags = TARGET_MAP_PRIVATE,
    };
    uint64_t edge, past;
    int ret = 0;

    if (!r->i.file || start >= end) {
        return 0;
    }
    req.fd = mapped_file_open(r->i.file);
    if (req.fd < 0) {
        return 0;               /* nobody can make it longer any more */
    }
    if (r->i.flags & PAGE_SHARED) {
        page_set_remove_range(&eof_pages, start, end);
        eof_note(&req, down(start), up(end));
    } else {
        edge = eof_host_page(&req, start, up(end), &past);
        if (edge < up(end)) {
            ret = map_run(&req, edge, edge + host_page_size, true);
        }
    }
    close(req.fd);
    return ret;
}

/* mremap() of a shared mapping with no old length: a second view. */
static int duplicate(uint64_t old, uint64_t new_addr, uint64_t new_len,
                     bool alone)
{
    int64_t ret;

    if (((old | new_addr) & (host_page_size - 1)) || !alone ||
        page_set_test(&mixed_pages, old)) {
        return refuse("a second view of this mapping");
    }
    ret = host_mremap(old, 0, up(new_len), MREMAP_MAYMOVE | MREMAP_FIXED,
                      new_addr);
    if (ret < 0) {
        return ret;
    }
    set_mixed(new_addr, up(new_addr + new_len), false);
    return find_end(region_find(old), region_offset(region_find(old), old),
                    new_addr, new_addr + new_len);
}

/*
 * Private memory that was copied from @old to @new_addr takes along what is
 * past the end of its file; a longer mapping goes on in the file.
 */
static int complete_copy(const GuestRegion *r, uint64_t old, uint64_t old_len,
                         uint64_t new_addr, uint64_t new_len)
{
    MapRequest req = {
        .start = new_addr, .end = new_addr + new_len, .fd = -1,
        .offset = region_offset(r, old),
    };
    uint64_t at = old, end = old + MIN(old_len, new_len);
    int ret;

    while ((at = page_set_next(&eof_pages, at, end)) < end) {
        page_set_add(&eof_pages, new_addr + (at - old));
        at += TARGET_PAGE_SIZE;
    }
    if (!r->i.file || new_len <= old_len) {
        return 0;
    }
    req.fd = mapped_file_open(r->i.file);
    if (req.fd < 0) {
        return refuse("lengthening a mapping whose file is gone");
    }
    ret = fill(&req, new_addr + old_len, new_addr + new_len);
    close(req.fd);
    return ret;
}

int mixed_move(uint64_t old, uint64_t old_len, uint64_t new_addr,
               uint64_t new_len, bool keep)
{
    const GuestRegion *r = region_find(old);
    int flags = r->i.flags;
    bool file = r->i.file;
    bool alone = !region_first_in(down(new_addr), up(new_addr + new_len));
    uint64_t lo, hi;
    int64_t ret;

    if (old_len == 0) {
        return duplicate(old, new_addr, new_len, alone);
    }
    own_pages(old, old + old_len, &lo, &hi);
    if (lo == old && hi == up(old + old_len) && alone &&
        (new_addr & (host_page_size - 1)) == 0 && !keep &&
        (!file || (page_set_next(&mixed_pages, lo, hi) == hi &&
                   ((flags & PAGE_SHARED) || new_len <= old_len ||
                    !(old_len & (host_page_size - 1)))))) {
        uint64_t span = hi - lo, h;

        ret = strict_relax(hi - host_page_size);
        if (ret == 0) {
            ret = host_mremap(old, span, up(new_len),
                              MREMAP_MAYMOVE | MREMAP_FIXED, new_addr);
        }
        if (ret < 0) {
            return ret;
        }
        set_mixed(new_addr, up(new_addr + new_len), false);
        for (h = 0; h < MIN(span, up(new_len)); h += host_page_size) {
            if (page_set_remove(&mixed_pages, old + h)) {
                page_set_add(&mixed_pages, new_addr + h);
            }
        }
        /* What lies between the old end and its host page's is new. */
        if (!file && new_len > old_len && (old_len & (host_page_size - 1))) {
            uint64_t a = new_addr + old_len;
            uint64_t end = MIN(up(a), new_addr + new_len);

            ret = host_mprotect(down(a), host_page_size,
                                PROT_READ | PROT_WRITE);
            if (ret == 0) {
                memset(g2h(a), 0, end - a);
                ret = protect_page(down(a), flags);
            }
        }
        if (ret < 0) {
            return ret;
        }
        lo = flags & PAGE_SHARED ? 0 : old_len;
        return find_end(r, region_offset(r, old) + lo, new_addr + lo,
                        new_addr + new_len);
    }
    if (flags & PAGE_SHARED) {
        return refuse("moving this mapping");
    }
    ret = map_anonymous(new_addr, new_addr + new_len, flags | PAGE_WRITE,
                        COVER_FULL);
    if (ret < 0) {
        return ret;
    }
    /*
     * The old pages may be strict, and old and new may share a host page: all
     * are settled by the caller.
     */
    ret = host_mprotect(down(old), up(old + old_len) - down(old),
                        PROT_READ | PROT_WRITE);
    if (ret < 0) {
        return ret;
    }
    uaccess_copy(g2h(new_addr), g2h(old), MIN(old_len, new_len));
    ret = complete_copy(r, old, old_len, new_addr, new_len);
    if (ret < 0) {
        return ret;
    }
    for (lo = down(new_addr); lo < new_addr + new_len; lo += host_page_size) {
        int others = union_flags(lo, new_addr, new_addr + new_len);

        page_set_add(&mixed_pages, lo);
        ret = protect_page(lo, others | flags);
        if (ret < 0) {
            return ret;
        }
    }
    return HOSTMAP_COPIED;
}

int mixed_grow(const GuestRegion *r, uint64_t new_end)
{
    uint64_t old_end = r->node.end, h = down(old_end - 1);
    MapRequest req = {
        .start = old_end, .end = new_end, .flags = r->i.flags, .fd = -1,
        .mflags = r->i.flags & PAGE_SHARED ? TARGET_MAP_SHARED
                                           : TARGET_MAP_PRIVATE,
        .offset = region_offset(r, old_end),
    };
    bool shared = r->i.flags & PAGE_SHARED;
    int64_t ret;

    if (!r->i.file && !shared) {
        return map_anonymous(old_end, new_end, r->i.flags, COVER_NONE);
    }
    if ((shared || !(old_end & (host_page_size - 1))) &&
        !page_set_test(&mixed_pages, h)) {
        /* The host has the file open, whatever has become of its name. */
        ret = host_mremap(h, host_page_size, up(new_end) - h, 0, 0);
        return ret < 0 ? ret : find_end(r, req.offset, old_end, new_end);
    }
    if (r->i.file && !shared) {
        req.fd = mapped_file_open(r->i.file);
    }
    if (req.fd < 0) {
        return -ENOMEM;
    }
    ret = mixed_map(&req, COVER_NONE);
    close(req.fd);
    return ret;
}

bool mixed_past_eof(uint64_t addr)
{
    return page_set_test(&eof_pages, addr);
}

bool mixed_may_straddle(uint64_t addr, bool write)
{
    uint64_t next = TARGET_PAGE_ALIGN(addr + 1);
    int flags = page_get_flags(addr, NULL);

    /* The longest operand but one is a vector, the longest a state image. */
    if (next - addr >= 64 || !(next & (host_page_size - 1)) ||
        !(host_prot(flags) & (write ? PAGE_WRITE : PAGE_READ)) ||
        page_set_test(&eof_pages, addr)) {
        return false;
    }
    flags = host_prot(page_get_flags(next, NULL));
    return (!(flags & (write ? PAGE_WRITE : PAGE_READ)) ||
            page_set_test(&eof_pages, next)) && !eof_behind_file(addr);
}

/*
 * The host page is strict, or a write to a page without code faulted because
 * a neighbour in the same host page has code that the guest may overwrite:
 * that code goes.
 */
bool mixed_handle_fault(uint64_t addr, bool write)
{
    uint64_t h = down(addr), end = h + host_page_size, a;

    if (!write || !holds_code(h)) {
        return eof_file_grew(addr) || strict_open(addr, write);
    }
    for (a = page_set_next(&guarded_pages, h, end); a < end;
         a = page_set_next(&guarded_pages, a + TARGET_PAGE_SIZE, end)) {
        if (!code_pages_write_fault(a)) {
            tb_invalidate_range(a, TARGET_PAGE_SIZE);
        }
    }
    return true;
}

/* Bring part of a host page back to its first contents. */
static int refill(const GuestRegion *r, uint64_t start, uint64_t end)
{
    MapRequest req = {
        .start = start, .end = end, .fd = -1, .flags = r->i.flags,
        .mflags = TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS,
    };
    int ret;

    if (r->i.flags & PAGE_SHARED) {
        return 0;
    }
    if (r->i.file) {
        req.fd = mapped_file_open(r->i.file);
        if (req.fd < 0) {
            return refuse("MADV_DONTNEED of a file that is gone");
        }
        req.offset = region_offset(r, start);
    }
    page_set_remove_range(&eof_pages, start, end);
    ret = map_edge(&req, down(start));
    if (ret == 0) {
        ret = strict_settle(down(start), true);
    }
    if (req.fd >= 0) {
        close(req.fd);
    }
    return ret;
}

int mixed_madvise(const GuestRegion *r, uint64_t start, uint64_t end,
                  int advice)
{
    uint64_t lo = up(start), hi = down(end), h;
    int ret = 0;

    if (advice == MADV_DONTFORK || advice == MADV_DOFORK ||
        advice == MADV_WIPEONFORK || advice == MADV_KEEPONFORK) {
        return 0;           /* mmap_fork_end() sees to it */
    }
    if (advice != MADV_DONTNEED) {
        return lo < hi ? host_madvise(lo, hi - lo, advice) : 0;
    }
    if (lo > hi) {
        return refill(r, start, end);       /* inside one host page */
    }
    if (start < lo) {
        ret = refill(r, start, lo);
    }
    for (h = lo; h < hi && ret == 0;) {
        uint64_t stop = h;

        /* Mixed pages of a file are read again, all others the host drops. */
        while (stop < hi &&
               !(r->i.file && page_set_test(&mixed_pages, stop))) {
            stop += host_page_size;
        }
        if (stop > h) {
            ret = host_madvise(h, stop - h, advice);
        } else {
            stop += host_page_size;
            ret = refill(r, h, stop);
        }
        h = stop;
    }
    if (ret == 0 && hi < end) {
        ret = refill(r, hi, end);
    }
    return ret;
}
