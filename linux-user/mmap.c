/*
 * The guest's mmap(), munmap(), mprotect() and brk().
 *
 * The rules of Linux for placement, overlap and errors live here; the guest
 * page table (page-table.c) records the result and hostmap.c makes the host
 * follow.  Faults are in mmap-fault.c, mremap() and the advice calls in
 * mremap.c and madvise.c.
 *
 * Locking: every operation holds the recursive mmap lock from start to end.
 * Inside, the page lock (hostmap.h) covers the moment where table and host
 * protection change together.  The engine is called with the mmap lock held
 * and the page lock free.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "linux-user/code-pages.h"
#include "linux-user/hostmap.h"
#include "linux-user/mmap-internal.h"
#include "linux-user/hostmap-eof.h"
#include "linux-user/strict-pages.h"
#include "user/options.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define TARGET_PROT_SEM       0x8
#define TARGET_PROT_GROWSDOWN 0x01000000
#define TARGET_PROT_GROWSUP   0x02000000

#define MAP_32BIT_MIN 0x40000000ull
#define MAP_32BIT_MAX 0x80000000ull

/*
 * The kernel starts its own search for free addresses at most 1 TiB below the
 * end of user space; the guest's starts under that, with room between for
 * the emulator, its libraries and its code cache.
 */
#define GUEST_MMAP_TOP   0x7ee000000000ull
#define GUEST_MMAP_MIN   0x10000ull
/* Where the kernel puts position-independent programs: 2/3 of user space. */
#define GUEST_PIE_BASE   0x555555554000ull
#define GUEST_PIE_RANGE  0x10000000000ull

#define PLACE_TRIES 4096
/* What a limit sees of a stack, however far it may grow. */
#define STACK_COUNTED (132 * 1024)

uint64_t host_page_size = TARGET_PAGE_SIZE;
GuestLayout guest_layout;

static pthread_mutex_t mmap_mutex = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local unsigned mmap_lock_depth;

static uint64_t brk_start, brk_now;
static bool lock_future;            /* mlockall(MCL_FUTURE) */
static bool have_fork_advice;
/* The guest's limits: the host's would count the emulator's memory. */
static _Atomic uint64_t space_limit = UINT64_MAX;
static _Atomic uint64_t data_limit = UINT64_MAX;

void mmap_lock(void)
{
    if (mmap_lock_depth++ == 0) {
        pthread_mutex_lock(&mmap_mutex);
    }
}

void mmap_unlock(void)
{
    assert(mmap_lock_depth > 0);
    if (--mmap_lock_depth == 0) {
        pthread_mutex_unlock(&mmap_mutex);
    }
}

bool have_mmap_lock(void)
{
    return mmap_lock_depth > 0;
}

/*
 * The page lock needs no taking, in an order that would be wrong: whoever
 * changes the table has this lock or the engine's, and a fork holds both.  A
 * fault in a strict page takes it alone, so a child starts with a new one.
 */
void mmap_fork_start(void)
{
    mmap_lock();
}

/*
 * In a child: what madvise() kept from it.  A host with small pages has done
 * the work, the table follows; with larger ones it is done here, because the
 * host knows only whole pages.
 */
static void apply_fork_advice(void)
{
    bool large = host_page_size > TARGET_PAGE_SIZE;
    GuestRegion *r, *next;

    for (r = region_first_after(0); r; r = next) {
        uint64_t start = r->node.start, end = r->node.end;

        next = region_next(r);
        if (r->i.attr & REGION_DONTFORK) {
            if (large) {
                hostmap_unmap(start, end);
            }
            page_table_clear(start, end);
            hostmap_settle(start, end);
        } else if (large && (r->i.attr & REGION_WIPEONFORK)) {
            hostmap_madvise(r, start, end, MADV_DONTNEED);
        }
    }
}

void mmap_fork_end(bool child)
{
    if (child) {
        page_lock_reset();
        strict_fork_child();
        if (have_fork_advice) {
            apply_fork_advice();
        }
    }
    mmap_unlock();
}

void mmap_note_fork_advice(void)
{
    have_fork_advice = true;
}

void mmap_lock_future(bool on)
{
    lock_future = on;
}

/*
 * Where to load position-independent programs: the kernel's 1 TiB for them,
 * in the first quarter that holds neither the emulator nor its heap, so that
 * the guest's heap has room to grow.
 */
static uint64_t choose_pie_base(void)
{
    uint64_t self = (uint64_t)(uintptr_t)&guest_layout;
    uint64_t heap = (uint64_t)(uintptr_t)sbrk(0);
    uint64_t step = GUEST_PIE_RANGE / 4, base = GUEST_PIE_BASE;

    while (base < GUEST_PIE_BASE + GUEST_PIE_RANGE &&
           (self - base < step || heap - base < step)) {
        base += step;
    }
    return ROUND_UP(base, host_page_size);
}

/* Choose the guest's part of the address space. */
static void choose_layout(void)
{
    guest_layout.mmap_min = GUEST_MMAP_MIN;
    guest_layout.mmap_top = GUEST_MMAP_TOP;
    guest_layout.pie_base = choose_pie_base();
    /* A host with a smaller user space: stay in its lower half. */
    while (guest_layout.mmap_top > 1ull << 32) {
        uint64_t probe = guest_layout.mmap_top - 0x100000;
        int64_t ret = host_mmap(probe, 0x10000, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                                -1, 0);

        if (ret >= 0) {
            host_munmap(ret, 0x10000);
        }
        if (ret == (int64_t)probe) {
            break;
        }
        guest_layout.mmap_top >>= 1;
        guest_layout.pie_base = guest_layout.mmap_top / 3 * 2 & ~0xffffull;
    }
}

void mmap_init(void)
{
    uint64_t real = sysconf(_SC_PAGESIZE);

    host_page_size = MAX(user_options.host_page, MAX(real, TARGET_PAGE_SIZE));
    choose_layout();
}

/* The engine: the translated code of [start, end) is out of date. */
static void invalidate(uint64_t start, uint64_t end, bool had_exec)
{
    if (had_exec) {
        tb_invalidate_range(start, end - start);
    }
}

void mmap_log(const char *what, uint64_t start, uint64_t end, int flags)
{
    if (qemu_loglevel_mask(LOG_PAGE)) {
        qemu_log("page: %-8s %012" PRIx64 "-%012" PRIx64 " %c%c%c%c\n", what,
                 start, end, flags & PAGE_READ ? 'r' : '-',
                 flags & PAGE_WRITE ? 'w' : '-',
                 flags & PAGE_EXEC ? 'x' : '-',
                 flags & PAGE_SHARED ? 's' : 'p');
    }
}

void mmap_set_limits(uint64_t space, uint64_t data)
{
    space_limit = space;
    data_limit = data;
}

static bool is_data(int flags, unsigned attr)
{
    return (flags & (PAGE_WRITE | PAGE_SHARED)) == PAGE_WRITE &&
           !(attr & REGION_GROWSDOWN);
}

/*
 * What counts against the limits: all memory but what the stack has in
 * reserve, and what is private and writable.
 */
static void count_memory(uint64_t *space, uint64_t *data)
{
    GuestRegion *r;

    *space = *data = 0;
    for (r = region_first_after(0); r; r = region_next(r)) {
        uint64_t size = r->node.end - r->node.start;

        if (r->i.attr & REGION_GROWSDOWN) {
            size = MIN(size, STACK_COUNTED);
        }
        *space += size;
        *data += is_data(r->i.flags, r->i.attr) ? size : 0;
    }
}

bool mmap_may_expand(uint64_t bytes, int flags, unsigned attr)
{
    uint64_t space, data, space_max = space_limit, data_max = data_limit;

    if (likely(space_max == UINT64_MAX && data_max == UINT64_MAX)) {
        return true;
    }
    count_memory(&space, &data);
    return space <= space_max && bytes <= space_max - space &&
           (!is_data(flags, attr) ||
            (data <= data_max && bytes <= data_max - data));
}

/* The same for memory that is there and becomes writable. */
static bool data_may_grow(uint64_t bytes)
{
    uint64_t space, data, max = data_limit;

    if (likely(max == UINT64_MAX)) {
        return true;
    }
    count_memory(&space, &data);
    return data <= max && bytes <= max - data;
}

int mmap_map_range(const MapRequest *req, Coverage cover, RegionInfo *info)
{
    bool had_exec = cover != COVER_NONE &&
                    page_table_any(req->start, req->end, PAGE_EXEC);
    int ret;

    if (cover == COVER_NONE && !mmap_may_expand(req->end - req->start,
                                                    req->flags, info->attr)) {
        return -ENOMEM;
    }
    if (cover == COVER_PART) {
        ret = hostmap_claim(req->start, req->end);
        if (ret < 0) {
            return ret;
        }
    }
    page_lock();
    ret = hostmap_map(req, cover);
    if (ret == 0) {
        page_table_set(req->start, req->end, info);
        hostmap_settle(req->start, req->end);
        if (had_exec) {
            code_pages_forget(req->start, req->end);
        }
    }
    page_unlock();
    if (ret < 0 && cover == COVER_PART) {
        hostmap_unclaim(req->start, req->end);
    }
    invalidate(req->start, req->end, had_exec);
    if (ret == 0) {
        code_pages_new_writer(req->start, req->end);
    }
    return ret;
}

/* Is [addr, addr + len) user space that the table does not have? */
static bool range_free(uint64_t addr, uint64_t len)
{
    return addr >= guest_layout.mmap_min && addr + len <= TARGET_TASK_SIZE &&
           !region_first_in(addr, addr + len);
}

/*
 * Find a place for @req (start and end say the length) below @top and call
 * @map until the host has nothing there.  Returns the address or -errno.
 */
int64_t mmap_place(MapRequest *req, uint64_t min, uint64_t top,
                   int (*map)(MapRequest *req, void *opaque), void *opaque)
{
    uint64_t len = req->end - req->start, head, span, align, phase;
    uint64_t addr, foreign;
    int tries, ret;

    hostmap_placement(req, &align, &phase);
    span = hostmap_span(phase, len, &head);
    for (tries = 0; tries < PLACE_TRIES; tries++) {
        if (!page_table_gap(min, top, span, align, 0, &addr)) {
            /* Alignment beyond the page is a wish only. */
            if (align > host_page_size &&
                !(req->mflags & TARGET_MAP_HUGETLB)) {
                align = host_page_size;
                continue;
            }
            return -ENOMEM;
        }
        req->start = addr + phase;
        req->end = req->start + len;
        ret = map(req, opaque);
        if (ret != -EEXIST) {
            return ret < 0 ? ret : (int64_t)req->start;
        }
        if (hostmap_find_foreign(addr, addr + span, &foreign)) {
            top = foreign;
        } else {
            top = addr;
        }
        if (top <= min) {
            return -ENOMEM;
        }
    }
    return -ENOMEM;
}

static int map_free(MapRequest *req, void *opaque)
{
    return mmap_map_range(req, COVER_NONE, opaque);
}

/* A stack that grows: the lower part of the place stays free. */
static int map_free_stack(MapRequest *req, void *opaque)
{
    req->start += STACK_GUARD_GAP;
    return mmap_map_range(req, COVER_NONE, opaque);
}

/* mmap() without MAP_FIXED: the hint if it is free, else a good place. */
static int64_t map_anywhere(MapRequest *req, uint64_t hint, RegionInfo *info)
{
    uint64_t len = req->end - req->start, align, phase, base, span;
    int64_t ret;

    hint &= TARGET_PAGE_MASK;
    if (hint) {
        hint = MAX(hint, guest_layout.mmap_min);
    }
    hostmap_placement(req, &align, &phase);
    span = hostmap_span(hint, len, &base);
    if (hint && hint < TARGET_TASK_SIZE &&
        ((hint - phase) & (host_page_size - 1)) == 0 &&
        range_free(base, span) &&
        (!(req->mflags & TARGET_MAP_HUGETLB) || hint % align == 0)) {
        req->start = hint;
        req->end = hint + len;
        ret = mmap_map_range(req, COVER_NONE, info);
        if (ret != -EEXIST) {
            return ret < 0 ? ret : (int64_t)hint;
        }
        req->start = 0;
        req->end = len;
    }
    if (req->mflags & TARGET_MAP_32BIT) {
        return mmap_place(req, MAP_32BIT_MIN, MAP_32BIT_MAX, map_free, info);
    }
    if (req->mflags & TARGET_MAP_GROWSDOWN) {
        req->end += STACK_GUARD_GAP;
        return mmap_place(req, guest_layout.mmap_min, guest_layout.mmap_top,
                          map_free_stack, info);
    }
    return mmap_place(req, guest_layout.mmap_min, guest_layout.mmap_top,
                      map_free, info);
}

/*
 * Some files (io_uring) choose the address of a mapping themselves and refuse
 * one that is given.  It then lies where the host put it.
 */
static int64_t map_where_host_likes(const MapRequest *req, RegionInfo *info)
{
    uint64_t len = req->end - req->start;
    int64_t ret;

    page_lock();
    ret = host_mmap(0, ROUND_UP(len, host_page_size), host_prot(req->flags),
                    host_map_flags(req->mflags), req->fd, req->offset);
    if (ret >= 0) {
        page_table_set(ret, ret + len, info);
    }
    page_unlock();
    return ret;
}

static int64_t map_fixed(MapRequest *req, uint64_t addr, RegionInfo *info)
{
    uint64_t len = req->end - req->start;
    Coverage cover;
    int ret;

    if (addr & ~TARGET_PAGE_MASK) {
        return -EINVAL;
    }
    if (len > TARGET_TASK_SIZE || addr > TARGET_TASK_SIZE - len) {
        return -ENOMEM;
    }
    req->start = addr;
    req->end = addr + len;
    cover = page_table_coverage(req->start, req->end);
    if ((req->mflags & TARGET_MAP_FIXED_NOREPLACE) && cover != COVER_NONE) {
        return -EEXIST;
    }
    ret = mmap_map_range(req, cover, info);
    if (ret == -EEXIST && !(req->mflags & TARGET_MAP_FIXED_NOREPLACE)) {
        ret = -ENOMEM;      /* the emulator's own memory */
    }
    return ret < 0 ? ret : (int64_t)addr;
}

static int check_flags(int flags)
{
    /* What Linux has always known, with the sizes of huge pages. */
    const int known = 0x0f | TARGET_MAP_FIXED | TARGET_MAP_ANONYMOUS |
                      TARGET_MAP_32BIT | 0x80 | 0x7f900 | 0x7c000000;

    switch (flags & TARGET_MAP_TYPE) {
    case TARGET_MAP_SHARED_VALIDATE:
        if (flags & TARGET_MAP_ANONYMOUS) {
            return -EINVAL;
        }
        /* MAP_SYNC is for persistent memory. */
        if (flags & ~known) {
            return -EOPNOTSUPP;
        }
        /* fall through */
    case TARGET_MAP_SHARED:
        return flags & TARGET_MAP_GROWSDOWN ? -EINVAL : 0;
    case TARGET_MAP_PRIVATE:
        return (flags & TARGET_MAP_GROWSDOWN) &&
               !(flags & TARGET_MAP_ANONYMOUS) ? -EINVAL : 0;
    default:
        return -EINVAL;
    }
}

static unsigned attr_from_flags(int flags)
{
    return (flags & TARGET_MAP_NORESERVE ? REGION_NORESERVE : 0) |
           (flags & TARGET_MAP_HUGETLB ? REGION_HUGETLB : 0) |
           (flags & TARGET_MAP_LOCKED ? REGION_LOCKED : 0) |
           (flags & TARGET_MAP_GROWSDOWN ? REGION_GROWSDOWN : 0);
}

/* What is wrong with a mapping; a bad descriptor comes before all else. */
static int64_t refuse(int flags, int fd, int64_t err)
{
    int mode = flags & TARGET_MAP_ANONYMOUS ? 0 : fcntl(fd, F_GETFL);

    return mode < 0 || (mode & O_PATH) ? -EBADF : err;
}

int64_t target_mmap(uint64_t addr, uint64_t len, int prot, int flags, int fd,
                    uint64_t offset)
{
    MapRequest req = { .mflags = flags, .fd = fd, .offset = offset };
    RegionInfo info = { .attr = attr_from_flags(flags), .offset = offset };
    bool shared = (flags & TARGET_MAP_TYPE) != TARGET_MAP_PRIVATE;
    int64_t ret;

    if (offset & ~TARGET_PAGE_MASK) {
        return -EINVAL;
    }
    if (flags & TARGET_MAP_ANONYMOUS) {
        req.fd = -1;
        info.offset = req.offset = 0;
    } else if (fd < 0) {
        return -EBADF;
    }
    if (len == 0) {
        return refuse(flags, fd, -EINVAL);
    }
    len = TARGET_PAGE_ALIGN(len);
    if (len == 0 || len > TARGET_TASK_SIZE) {
        return refuse(flags, fd, -ENOMEM);
    }
    if (req.offset + len < req.offset) {
        return refuse(flags, fd, -EOVERFLOW);
    }
    ret = check_flags(flags);
    if (ret < 0) {
        return refuse(flags, fd, ret);
    }
    if (lock_future) {
        req.mflags |= TARGET_MAP_LOCKED;
    }
    req.end = len;
    req.flags = info.flags = (prot & PROT_BITS) | PAGE_VALID |
                             (shared ? PAGE_SHARED : 0);
    if (shared) {
        engine_set_parallel();
    }

    mmap_lock();
    if (req.fd >= 0) {
        info.file = mapped_file_get(req.fd);
        if (!info.file) {
            ret = -errno;
            mmap_unlock();
            return ret;
        }
        if (shared && (fcntl(req.fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
            info.attr |= REGION_READONLY;
        }
    }
    if (flags & (TARGET_MAP_FIXED | TARGET_MAP_FIXED_NOREPLACE)) {
        ret = map_fixed(&req, addr, &info);
    } else {
        ret = map_anywhere(&req, addr, &info);
        if (ret == -EINVAL && addr == 0 && req.fd >= 0 &&
            !(offset & (host_page_size - 1))) {
            req.start = 0;
            req.end = len;
            ret = map_where_host_likes(&req, &info);
        }
    }
    mapped_file_put(info.file);
    if (ret >= 0) {
        mmap_log("mmap", ret, ret + len, info.flags);
    }
    mmap_unlock();
    return ret;
}

/* Unmap the guest's pages of [start, end); holes may belong to the host. */
int mmap_unmap_range(uint64_t start, uint64_t end)
{
    GuestRegion *r = region_first_in(start, end);
    int ret = 0;

    while (r && r->node.start < end && ret == 0) {
        uint64_t lo = MAX(start, r->node.start);
        uint64_t hi = MIN(end, r->node.end);
        bool had_exec = r->i.flags & PAGE_EXEC;

        /* One host call for a run without holes. */
        while ((r = region_next(r)) && r->node.start == hi && hi < end) {
            had_exec |= (r->i.flags & PAGE_EXEC) != 0;
            hi = MIN(end, r->node.end);
        }
        page_lock();
        ret = hostmap_unmap(lo, hi);
        if (ret == 0) {
            page_table_clear(lo, hi);
            hostmap_settle(lo, hi);
            if (had_exec) {
                code_pages_forget(lo, hi);
            }
        }
        page_unlock();
        invalidate(lo, hi, had_exec);
        r = region_first_in(hi, end);
    }
    return ret;
}

int64_t target_munmap(uint64_t addr, uint64_t len)
{
    int ret;

    if ((addr & ~TARGET_PAGE_MASK) || len == 0 || len > TARGET_TASK_SIZE ||
        addr > TARGET_TASK_SIZE - len) {
        return -EINVAL;
    }
    len = TARGET_PAGE_ALIGN(len);
    mmap_lock();
    ret = mmap_unmap_range(addr, addr + len);
    mmap_log("munmap", addr, addr + len, 0);
    mmap_unlock();
    return ret;
}

/* Change the protection of [lo, hi), part of one region. */
static int protect_piece(uint64_t lo, uint64_t hi, int old, int prot)
{
    int ret;

    page_lock();
    page_table_protect(lo, hi, prot);
    ret = hostmap_protect(lo, hi);
    if (ret < 0) {
        page_table_protect(lo, hi, old & PROT_BITS);
        hostmap_protect(lo, hi);
    }
    page_unlock();
    if (ret == 0 && !(prot & PAGE_EXEC)) {
        invalidate(lo, hi, old & PAGE_EXEC);
    }
    if (ret == 0 && (prot & ~old & PAGE_WRITE)) {
        code_pages_new_writer(lo, hi);
    }
    return ret;
}

static int64_t protect_range(uint64_t start, uint64_t end, int prot)
{
    uint64_t at = start;

    while (at < end) {
        GuestRegion *r = region_find(at);
        uint64_t hi;
        int ret;

        if (!r) {
            return -ENOMEM;
        }
        hi = MIN(end, r->node.end);
        if ((r->i.attr & REGION_READONLY) && (prot & PAGE_WRITE)) {
            return -EACCES;
        }
        if (is_data(r->i.flags | prot, r->i.attr) && (prot & PAGE_WRITE) &&
            !(r->i.flags & PAGE_WRITE) && !data_may_grow(hi - at)) {
            return -ENOMEM;
        }
        if ((r->i.flags & PROT_BITS) != prot) {
            ret = protect_piece(at, hi, r->i.flags, prot);
            if (ret < 0) {
                return ret;
            }
        }
        at = hi;
    }
    return 0;
}

int64_t target_mprotect(uint64_t addr, uint64_t len, int prot)
{
    int grows = prot & (TARGET_PROT_GROWSDOWN | TARGET_PROT_GROWSUP);
    uint64_t end;
    int64_t ret;

    prot &= ~(TARGET_PROT_GROWSDOWN | TARGET_PROT_GROWSUP);
    if ((addr & ~TARGET_PAGE_MASK) ||
        grows == (TARGET_PROT_GROWSDOWN | TARGET_PROT_GROWSUP)) {
        return -EINVAL;
    }
    if (len == 0) {
        return 0;
    }
    end = addr + TARGET_PAGE_ALIGN(len);
    if (end <= addr) {
        return -ENOMEM;
    }
    if (prot & ~(PROT_BITS | TARGET_PROT_SEM)) {
        return -EINVAL;
    }
    mmap_lock();
    if (grows) {
        GuestRegion *r = region_first_in(addr, end);

        if (!r || !(grows & TARGET_PROT_GROWSDOWN) ||
            !(r->i.attr & REGION_GROWSDOWN)) {
            mmap_unlock();
            return r ? -EINVAL : -ENOMEM;
        }
        addr = r->node.start;
    }
    ret = protect_range(addr, end, prot & PROT_BITS);
    mmap_log("mprotect", addr, end, prot);
    mmap_unlock();
    return ret;
}

void mmap_set_name(uint64_t start, uint64_t len, const char *name)
{
    mmap_lock();
    page_lock();
    page_table_name(start, start + TARGET_PAGE_ALIGN(len), name);
    page_unlock();
    mmap_unlock();
}

void mmap_set_attr(uint64_t start, uint64_t end, unsigned set, unsigned clear)
{
    mmap_lock();
    page_lock();
    page_table_attr(start, end, set, clear);
    page_unlock();
    mmap_unlock();
}

void target_set_brk(uint64_t start)
{
    brk_start = brk_now = TARGET_PAGE_ALIGN(start);
}

uint64_t target_brk_start(void)
{
    return brk_start;
}

uint64_t target_brk_end(void)
{
    return brk_now;
}

static bool brk_grow(uint64_t from, uint64_t to)
{
    MapRequest req = {
        .start = from, .end = to, .fd = -1,
        .flags = PAGE_VALID | PAGE_READ | PAGE_WRITE,
        .mflags = TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS |
                  (lock_future ? TARGET_MAP_LOCKED : 0),
    };
    RegionInfo info = { .flags = req.flags, .name = "[heap]" };
    GuestRegion *above = region_first_after(from);

    /* Keep a page between the heap and the next mapping, as Linux does. */
    if (to > TARGET_TASK_SIZE ||
        (above && above->node.start < to + TARGET_PAGE_SIZE)) {
        return false;
    }
    return mmap_map_range(&req, COVER_NONE, &info) == 0;
}

uint64_t target_brk(uint64_t new_brk)
{
    uint64_t from, to, ret;

    mmap_lock();
    if (new_brk >= brk_start && new_brk <= TARGET_TASK_SIZE) {
        from = TARGET_PAGE_ALIGN(brk_now);
        to = TARGET_PAGE_ALIGN(new_brk);
        if (to < from) {
            if (mmap_unmap_range(to, from) == 0) {
                brk_now = new_brk;
            }
        } else if (to == from || brk_grow(from, to)) {
            brk_now = new_brk;
        }
    }
    ret = brk_now;
    mmap_unlock();
    return ret;
}
