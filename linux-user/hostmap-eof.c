/*
 * Guest pages past the end of the file that is mapped there, in host pages that
 * the host considers part of the file.
 *
 * A file ends somewhere in a host page, and the host shows zeros up to the end
 * of that; the guest must get SIGBUS from the next of its own pages on.  Such
 * pages are remembered here, and strict-pages.c keeps their host page closed.
 * When one is accessed, the file may have grown since.
 *
 * Locking: the set changes under the page lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/hostmap-eof.h"
#include "linux-user/strict-pages.h"
#include "user/uaccess.h"
#include <sys/mman.h>
#include <sys/stat.h>

PageSet eof_pages;

static uint64_t down(uint64_t a)
{
    return a & -host_page_size;
}

/* Does host page @h have guest pages past the end of their file? */
bool eof_in(uint64_t h)
{
    return page_set_next(&eof_pages, h, h + host_page_size) <
           h + host_page_size;
}

/*
 * The host page of [lo, hi) whose file ends before its last guest page, for a
 * mapping that the host could make: it would show zeros there.  *past becomes
 * the first guest page of the mapping past the end.
 */
uint64_t eof_host_page(const MapRequest *r, uint64_t lo, uint64_t hi,
                       uint64_t *past)
{
    struct stat st;
    uint64_t end;

    if (r->fd < 0 || fstat(r->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        return hi;
    }
    end = r->start - r->offset + TARGET_PAGE_ALIGN(st.st_size);
    *past = MAX(end, r->start);
    return end > lo && end < MIN(hi, r->end) && (end & (host_page_size - 1)) ?
           down(end) : hi;
}

/*
 * Shared, the host page stays what it is, so that others see what is written:
 * its guest pages past the end of the file are only remembered.
 */
void eof_note(const MapRequest *r, uint64_t lo, uint64_t hi)
{
    uint64_t past, edge = eof_host_page(r, lo, hi, &past), end;

    end = MIN(edge + host_page_size, r->end);
    for (; edge < hi && past < end; past += TARGET_PAGE_SIZE) {
        page_set_add(&eof_pages, past);
    }
}

/* Does the page of @addr begin behind the end of the file mapped there? */
bool eof_behind_file(uint64_t addr)
{
    const GuestRegion *r;
    bool behind = false;
    struct stat st;
    int fd;

    page_lock();
    r = region_find(addr);
    fd = r && r->i.file ? mapped_file_open(r->i.file) : -1;
    if (fd >= 0) {
        uint64_t page = addr & TARGET_PAGE_MASK;

        behind = fstat(fd, &st) == 0 &&
                 (uint64_t)st.st_size <= region_offset(r, page);
        close(fd);
    }
    page_unlock();
    return behind;
}

/* Read @page of file @fd, or let the host show it again. */
static bool show_grown(const GuestRegion *r, int fd, uint64_t page)
{
    uint64_t at = region_offset(r, page);
    struct stat st;

    if (fstat(fd, &st) < 0 || (uint64_t)st.st_size <= at) {
        return false;
    }
    return (r->i.flags & PAGE_SHARED) ||
           (host_mprotect(down(page), host_page_size,
                          PROT_READ | PROT_WRITE) == 0 &&
            pread(fd, g2h(page), TARGET_PAGE_SIZE, at) > 0);
}

/* The file may have grown since its end was looked for. */
bool eof_file_grew(uint64_t addr)
{
    uint64_t page = addr & TARGET_PAGE_MASK;
    const GuestRegion *r;
    bool grew = false;
    int fd;

    if (!page_set_test(&eof_pages, addr)) {
        return false;
    }
    page_lock();
    r = region_find(addr);
    fd = r && r->i.file ? mapped_file_open(r->i.file) : -1;
    if (fd >= 0) {
        grew = page_set_test(&eof_pages, page) && show_grown(r, fd, page);
        if (grew) {
            page_set_remove(&eof_pages, page);
        }
        strict_settle(down(page), true);
        close(fd);
    }
    page_unlock();
    return grew;
}
