/*
 * Guest pages with translated code, and other mappings of the same memory.
 *
 * The engine asks for a write fault on every page it translated code from.  A
 * program may write the same memory through a second mapping (just-in-time
 * compilers that never have one mapping both writable and executable): pages
 * of shared file mappings are therefore guarded together with all their
 * writable aliases, found by file and offset.
 *
 * Locking: the sets change under the page lock.  The engine's callbacks come
 * with the engine's lock held and take only the page lock, so nothing here
 * calls the engine with it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/code-pages.h"
#include "linux-user/hostmap.h"
#include "user/mmap.h"

/* More mappings of one page than this are not looked for. */
#define MAX_ALIASES 8

PageSet guarded_pages;          /* the union of the two below */
static PageSet code_pages;      /* the engine has code from the page */
static PageSet alias_pages;     /* another mapping of such a page */

/* Code was translated from a shared file mapping: aliases matter. */
static _Atomic bool shared_code;

static void guard(uint64_t page)
{
    if (!page_set_add(&guarded_pages, page) &&
        (page_get_flags(page, NULL) & PAGE_WRITE)) {
        hostmap_protect(page, page + TARGET_PAGE_SIZE);
    }
}

/* Lift the guard of a page that is in neither set any more. */
static void unguard(uint64_t page)
{
    if (!page_set_test(&code_pages, page) &&
        !page_set_test(&alias_pages, page) &&
        page_set_remove(&guarded_pages, page) &&
        (page_get_flags(page, NULL) & PAGE_WRITE)) {
        hostmap_protect(page, page + TARGET_PAGE_SIZE);
    }
}

/*
 * Other pages that show the same file page as @page in shared mappings with
 * all of @flags.  Page lock held.  Returns their number.
 */
static unsigned find_aliases(uint64_t page, int flags,
                             uint64_t found[MAX_ALIASES])
{
    const GuestRegion *r = region_find(page), *q;
    unsigned n = 0;
    uint64_t offset;

    if (!r || !r->i.file || !(r->i.flags & PAGE_SHARED)) {
        return 0;
    }
    offset = r->i.offset + (page - r->node.start);
    for (q = region_first_after(0); q && n < MAX_ALIASES;
         q = region_next(q)) {
        uint64_t delta = offset - q->i.offset;

        if (q->i.file && (q->i.flags & PAGE_SHARED) &&
            (q->i.flags & flags) == flags && q->i.file->dev == r->i.file->dev &&
            q->i.file->ino == r->i.file->ino && offset >= q->i.offset &&
            delta < q->node.end - q->node.start &&
            q->node.start + delta != page) {
            found[n++] = q->node.start + delta;
        }
    }
    return n;
}

static void page_protect(uint64_t page)
{
    uint64_t aliases[MAX_ALIASES];
    unsigned n;

    page &= TARGET_PAGE_MASK;
    page_lock();
    if (!page_set_add(&code_pages, page)) {
        guard(page);
        if (page_get_flags(page, NULL) & PAGE_SHARED) {
            shared_code = true;
            n = find_aliases(page, PAGE_WRITE, aliases);
            while (n--) {
                page_set_add(&alias_pages, aliases[n]);
                guard(aliases[n]);
            }
        }
    }
    page_unlock();
}

static void page_unprotect(uint64_t page)
{
    uint64_t aliases[MAX_ALIASES];
    unsigned n;

    page &= TARGET_PAGE_MASK;
    page_lock();
    if (page_set_remove(&code_pages, page)) {
        unguard(page);
        if (shared_code) {
            n = find_aliases(page, PAGE_WRITE, aliases);
            while (n--) {
                page_set_remove(&alias_pages, aliases[n]);
                unguard(aliases[n]);
            }
        }
    }
    page_unlock();
}

/* For the engine a page past the end of its file is one nobody can access. */
static int usable_flags(uint64_t addr, uint64_t *end)
{
    int flags = page_get_flags(addr, end);

    if (unlikely(hostmap_past_eof(addr))) {
        flags &= ~(PAGE_READ | PAGE_WRITE | PAGE_EXEC);
        if (end) {
            *end = (addr & TARGET_PAGE_MASK) + TARGET_PAGE_SIZE;
        }
    } else if (end && host_page_size > TARGET_PAGE_SIZE) {
        *end = mmap_next_past_eof(addr, *end);
    }
    return flags;
}

const EngineUserOps mmap_engine_ops = {
    .page_flags = usable_flags,
    .page_protect = page_protect,
    .page_unprotect = page_unprotect,
};

void code_pages_forget(uint64_t start, uint64_t end)
{
    page_set_remove_range(&guarded_pages, start, end);
    page_set_remove_range(&code_pages, start, end);
    page_set_remove_range(&alias_pages, start, end);
}

/* Drop the code of every mapping that shows the same memory as @page. */
static void drop_aliased_code(uint64_t page)
{
    uint64_t code[MAX_ALIASES];
    unsigned n;

    page_lock();
    n = find_aliases(page, PAGE_EXEC, code);
    page_unlock();
    while (n--) {
        tb_invalidate_range(code[n], TARGET_PAGE_SIZE);
    }
}

void code_pages_new_writer(uint64_t start, uint64_t end)
{
    const GuestRegion *r = shared_code ? region_find(start) : NULL;
    uint64_t page;

    if (!r || !r->i.file ||
        (~r->i.flags & (PAGE_SHARED | PAGE_WRITE)) != 0) {
        return;
    }
    for (page = start; page < end; page += TARGET_PAGE_SIZE) {
        drop_aliased_code(page);
    }
}

bool code_pages_write_fault(uint64_t addr)
{
    uint64_t page = addr & TARGET_PAGE_MASK;

    if (!page_set_test(&alias_pages, page)) {
        return false;
    }
    drop_aliased_code(page);
    page_lock();
    page_set_remove(&alias_pages, page);
    unguard(page);
    page_unlock();
    return !page_set_test(&code_pages, page);
}
