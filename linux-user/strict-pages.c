/*
 * Host pages that protect more than some of their guest pages ask for.
 *
 * A host page may hold guest pages of different permissions: a stack guard
 * beside the stack, a write barrier beside free memory, the end of a mapping.
 * Its host protection is then what *all* of them allow.  An access that the
 * host refuses and the guest page table allows opens the page to what *any* of
 * them allows, for the thread's current unit of translated code: the CPU is
 * asked to stop at its next safe point, where the page is closed again.
 *
 * That is exact for the accesses programs are caught by, and slow when busy
 * memory shares a host page with forbidden memory.  So it ends after some
 * faults, by kind: soon beside unmapped pages and private file mappings (the
 * loader protects the head of the data in a host page with the busiest
 * variables of the program), late beside PROT_NONE (stacks, heaps that grow
 * into a reservation: a program that runs down its stack for the first time
 * meets the guard page before that), never beside other read-only pages (write barriers of
 * garbage collectors).  QEMU_STRICT_PAGES=on never gives up.
 *
 * Locking: the page lock.  The list of open pages belongs to its thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/code-pages.h"
#include "linux-user/hostmap.h"
#include "linux-user/hostmap-eof.h"
#include "linux-user/strict-pages.h"
#include "user/mmap.h"
#include "user/options.h"
#include "qemu/log.h"

#define FAULTS_BESIDE_HOLE 16
#define FAULTS_BESIDE_FILE 8

/* Pages of translated code that one access may need open at once, and some. */
#define MAX_OPEN 8

static PageSet strict_pages;    /* closed, or open for some thread */

/* For `-d stats`. */
static uint64_t stat_faults, stat_given_up, stat_open_all;

/* How often a page was closed, and how often when this thread opened all. */
static uint64_t closings;
static _Thread_local uint64_t closings_before;

/* Threads for which nothing may be closed now, and whether this is one. */
static unsigned holds;
static _Thread_local bool holding;

/* Faults since the page last changed; a collision forgets the other page. */
static struct {
    uint64_t page;
    unsigned faults;
} counters[1024];

_Thread_local unsigned mmap_open_pages;
static _Thread_local uint64_t open_pages[MAX_OPEN];

/* What the guest pages of a host page have in common. */
typedef struct PageView {
    int any, all;       /* host protections: union and intersection */
    bool hole;          /* some guest page is unmapped or past the file */
    unsigned limit;     /* faults until the page is opened for good */
} PageView;

/* Every word of the host page touched once. */
static unsigned beside_none(void)
{
    return host_page_size / 4;
}

/* How long a mapping may keep its host page closed to others. */
static unsigned patience(const RegionInfo *i)
{
    if (i->file && !(i->flags & PAGE_SHARED)) {
        return FAULTS_BESIDE_FILE;
    }
    return host_prot(i->flags) ? UINT_MAX : beside_none();
}

static PageView view(uint64_t h)
{
    uint64_t end = h + host_page_size, at = h;
    PageView v = { .all = PAGE_READ | PAGE_WRITE };
    GuestRegion *r, *first = region_first_in(h, end);

    for (r = first; r && r->node.start < end; r = region_next(r)) {
        v.hole |= r->node.start > at;
        v.any |= host_prot(r->i.flags);
        v.all &= host_prot(r->i.flags);
        at = r->node.end;
    }
    v.hole |= at < end;
    v.limit = v.hole ? FAULTS_BESIDE_HOLE : 0;
    for (r = first; r && r->node.start < end; r = region_next(r)) {
        if (host_prot(r->i.flags) != v.any) {
            v.limit = MAX(v.limit, patience(&r->i));
        }
    }
    if (page_set_next(&eof_pages, h, end) < end) {
        v.hole = true;
        v.limit = MAX(v.limit, beside_none());
    }
    return v;
}

static unsigned *counter(uint64_t h)
{
    unsigned i = h / host_page_size % ARRAY_SIZE(counters);

    if (counters[i].page != h) {
        counters[i].page = h;
        counters[i].faults = 0;
    }
    return &counters[i].faults;
}

static bool is_strict(const PageView *v, uint64_t h)
{
    return v->any && v->limit &&
           (user_options.strict_pages || *counter(h) < v->limit);
}

/* Translated code that the guest may overwrite keeps writes away. */
static int guard_prot(uint64_t h, int prot)
{
    uint64_t a = h, end = h + host_page_size;

    if (!(prot & PAGE_WRITE)) {
        return prot;
    }
    while ((a = page_set_next(&guarded_pages, a, end)) < end) {
        if (page_get_flags(a, NULL) & PAGE_WRITE) {
            return prot & ~PAGE_WRITE;
        }
        a += TARGET_PAGE_SIZE;
    }
    return prot;
}

int strict_settle(uint64_t h, bool changed)
{
    PageView v = view(h);
    int prot = v.any;

    if (changed) {
        *counter(h) = 0;
    }
    if (is_strict(&v, h)) {
        page_set_add(&strict_pages, h);
        if (!holds) {
            prot = v.hole ? 0 : v.all;
            closings++;
        }
    } else {
        stat_given_up += page_set_remove(&strict_pages, h) && !changed;
    }
    return host_mprotect(h, host_page_size, guard_prot(h, prot));
}

int strict_relax(uint64_t h)
{
    if (!page_set_remove(&strict_pages, h)) {
        return 0;
    }
    return host_mprotect(h, host_page_size, guard_prot(h, view(h).any));
}

void strict_forget(uint64_t start, uint64_t end)
{
    page_set_remove_range(&strict_pages, start, end);
}

/* Close the pages this thread has open, as far as they are still ours. */
void mmap_close_pages(void)
{
    page_lock();
    while (mmap_open_pages) {
        uint64_t h = open_pages[--mmap_open_pages];

        if (page_set_test(&strict_pages, h)) {
            strict_settle(h, false);
        }
    }
    page_unlock();
}

/* Reads open it for reading only: the translator's are among them. */
static void open_page(uint64_t h, bool write)
{
    PageView v = view(h);

    host_mprotect(h, host_page_size,
                  guard_prot(h, write || holds ? v.any : v.any & PAGE_READ));
    open_pages[mmap_open_pages++] = h;
}

bool strict_open(uint64_t addr, bool write)
{
    uint64_t h = addr & -host_page_size;
    CPUArchState *env = cpu_current();
    bool done = false;

    if (mmap_open_pages == MAX_OPEN) {
        mmap_close_pages();
    }
    page_lock();
    if (page_set_test(&strict_pages, h) && !page_set_test(&eof_pages, addr)) {
        ++*counter(h);
        stat_faults++;
        open_page(h, write);
        done = true;
    }
    page_unlock();
    if (done && env) {
        cpu_interrupt(env);
    }
    return done;
}

void mmap_open_range(uint64_t addr, uint64_t len)
{
    uint64_t end = ROUND_UP(addr + len, host_page_size);
    uint64_t h = addr & -host_page_size;
    unsigned n = 0;

    if (host_page_size == TARGET_PAGE_SIZE) {
        return;
    }
    for (; (h = page_set_next(&strict_pages, h, end)) < end && n < MAX_OPEN;
         h += host_page_size) {
        n += strict_open(MAX(h, addr), true);
    }
}

bool mmap_closed_in(uint64_t addr, uint64_t len)
{
    uint64_t h = addr & -host_page_size;

    return len && page_set_next(&strict_pages, h, addr + len) < addr + len;
}

static void let_go(void)
{
    holds -= holding;
    holding = false;
}

bool mmap_open_all(bool hold)
{
    uint64_t h = 0;
    bool any = false;

    page_lock();
    stat_open_all++;
    closings_before = closings;
    if (hold && !holding) {
        holding = true;
        holds++;
    }
    while ((h = page_set_next(&strict_pages, h, 1ull << 47)) < 1ull << 47) {
        PageView v = view(h);

        host_mprotect(h, host_page_size, guard_prot(h, v.any));
        any = true;
        h += host_page_size;
    }
    if (!any) {
        let_go();
    }
    page_unlock();
    return any;
}

void strict_fork_child(void)
{
    holds = holding;
}

void strict_print_stats(void)
{
    qemu_log("large pages: %" PRIu64 " faults in mixed pages, %" PRIu64
             " pages given up, %" PRIu64 " calls with all open\n",
             stat_faults, stat_given_up, stat_open_all);
}

bool mmap_close_all(void)
{
    uint64_t h = 0;
    bool disturbed;

    page_lock();
    disturbed = closings != closings_before;
    let_go();
    while ((h = page_set_next(&strict_pages, h, 1ull << 47)) < 1ull << 47) {
        strict_settle(h, false);
        h += host_page_size;
    }
    page_unlock();
    return disturbed;
}
