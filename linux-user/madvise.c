/*
 * Calls on guest memory that do not change the page table: madvise(), msync(),
 * mincore(), mlock() and relatives.
 *
 * The table says which parts of a range exist; the host does the work on
 * those.  Locking: as mmap.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/mmap-internal.h"
#include "user/uaccess.h"
#include <sys/mman.h>
#include <sys/syscall.h>

/* Numbers of the x86-64 (generic) interface. */
enum {
    TARGET_MADV_DONTNEED = 4,
    TARGET_MADV_FREE = 8,
    TARGET_MADV_REMOVE = 9,
    TARGET_MADV_DONTFORK = 10,
    TARGET_MADV_DOFORK = 11,
    TARGET_MADV_DONTDUMP = 16,
    TARGET_MADV_DODUMP = 17,
    TARGET_MADV_WIPEONFORK = 18,
    TARGET_MADV_KEEPONFORK = 19,
    TARGET_MADV_COLLAPSE = 25,
    TARGET_MADV_HWPOISON = 100,
    TARGET_MADV_SOFT_OFFLINE = 101,
    TARGET_MADV_GUARD_INSTALL = 102,
    TARGET_MADV_GUARD_REMOVE = 103,
};

static bool advice_known(int advice)
{
    return (advice >= 0 && advice <= TARGET_MADV_DONTNEED) ||
           (advice >= TARGET_MADV_FREE && advice <= TARGET_MADV_COLLAPSE) ||
           (advice >= TARGET_MADV_HWPOISON &&
            advice <= TARGET_MADV_GUARD_REMOVE);
}

/* Does the advice change what reads return? */
static bool advice_changes_content(int advice)
{
    return advice == TARGET_MADV_DONTNEED || advice == TARGET_MADV_FREE ||
           advice == TARGET_MADV_REMOVE || advice == 24 ||
           advice == TARGET_MADV_GUARD_INSTALL;
}

static void record_advice(uint64_t start, uint64_t end, int advice)
{
    switch (advice) {
    case TARGET_MADV_DONTFORK:
        mmap_note_fork_advice();
        mmap_set_attr(start, end, REGION_DONTFORK, 0);
        break;
    case TARGET_MADV_DOFORK:
        mmap_set_attr(start, end, 0, REGION_DONTFORK);
        break;
    case TARGET_MADV_DONTDUMP:
        mmap_set_attr(start, end, REGION_DONTDUMP, 0);
        break;
    case TARGET_MADV_DODUMP:
        mmap_set_attr(start, end, 0, REGION_DONTDUMP);
        break;
    case TARGET_MADV_WIPEONFORK:
        mmap_note_fork_advice();
        mmap_set_attr(start, end, REGION_WIPEONFORK, 0);
        break;
    case TARGET_MADV_KEEPONFORK:
        mmap_set_attr(start, end, 0, REGION_WIPEONFORK);
        break;
    }
}

/*
 * Call @fn for the mapped parts of [start, end), one region at a time, until
 * it fails.  -ENOMEM when there were holes.
 */
static int for_mapped(uint64_t start, uint64_t end,
                      int (*fn)(const GuestRegion *r, uint64_t start,
                                uint64_t end, int arg), int arg)
{
    uint64_t at = start;
    int ret = 0, err;

    while (at < end) {
        GuestRegion *r = region_first_in(at, end);
        uint64_t hi;

        if (!r) {
            return -ENOMEM;
        }
        if (r->node.start > at) {
            ret = -ENOMEM;
            at = r->node.start;
        }
        hi = MIN(end, r->node.end);
        err = fn(r, at, hi, arg);
        if (err < 0) {
            return err;
        }
        at = hi;
    }
    return ret;
}

static int advise_region(const GuestRegion *r, uint64_t start, uint64_t end,
                         int advice)
{
    bool exec = r->i.flags & PAGE_EXEC;
    int ret;

    page_lock();
    ret = hostmap_madvise(r, start, end, advice);
    page_unlock();
    if (ret == 0) {
        if (exec && advice_changes_content(advice)) {
            tb_invalidate_range(start, end - start);
        }
        record_advice(start, end, advice);
    }
    return ret;
}

int64_t target_madvise(uint64_t addr, uint64_t len, int advice)
{
    int ret;

    if ((addr & ~TARGET_PAGE_MASK) || !advice_known(advice)) {
        return -EINVAL;
    }
    if (len > TARGET_TASK_SIZE || addr > TARGET_TASK_SIZE) {
        return -EINVAL;
    }
    if (len == 0) {
        return 0;
    }
    mmap_lock();
    ret = for_mapped(addr, addr + TARGET_PAGE_ALIGN(len), advise_region,
                     advice);
    mmap_unlock();
    return ret;
}

static uint64_t host_down(uint64_t a)
{
    return a & -host_page_size;
}

static uint64_t host_up(uint64_t a)
{
    return (a + host_page_size - 1) & -host_page_size;
}

static int sync_region(const GuestRegion *r, uint64_t start, uint64_t end,
                       int flags)
{
    if (!r->i.file || !(r->i.flags & PAGE_SHARED)) {
        return 0;
    }
    start = host_down(start);
    return msync(g2h(start), host_up(end) - start, flags) < 0 ? -errno : 0;
}

int64_t target_msync(uint64_t addr, uint64_t len, int flags)
{
    int ret;

    if ((flags & ~7) || (addr & ~TARGET_PAGE_MASK) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC)) {
        return -EINVAL;
    }
    len = TARGET_PAGE_ALIGN(len);
    if (addr + len < addr) {
        return -ENOMEM;
    }
    if (len == 0) {
        return 0;
    }
    mmap_lock();
    ret = for_mapped(addr, addr + len, sync_region, flags);
    mmap_unlock();
    return ret;
}

int64_t target_mincore(uint64_t addr, uint64_t len, uint64_t vec)
{
    unsigned char host[512], guest[512];
    unsigned ratio = host_page_size / TARGET_PAGE_SIZE;
    uint64_t end, at = addr;

    if (addr & ~TARGET_PAGE_MASK) {
        return -EINVAL;
    }
    len = TARGET_PAGE_ALIGN(len);
    if (!access_ok(addr, len) ||
        !access_ok(vec, len >> TARGET_PAGE_BITS)) {
        return access_ok(addr, len) ? -EFAULT : -ENOMEM;
    }
    end = addr + len;
    /* What comes before a hole is told. */
    while (at < end) {
        uint64_t base = host_down(at);
        uint64_t stop = MIN(end, at + TARGET_PAGE_SIZE * 256);
        unsigned n = 0;
        GuestRegion *r;
        bool ok;

        mmap_lock();
        r = region_find(at);
        stop = r ? MIN(stop, r->node.end) : at;
        ok = r && mincore(g2h(base), host_up(stop) - base, host) == 0;
        mmap_unlock();
        if (!ok) {
            return -ENOMEM;
        }
        for (; at < stop; at += TARGET_PAGE_SIZE) {
            guest[n++] = host[(at - base) / TARGET_PAGE_SIZE / ratio];
        }
        if (!copy_to_guest(vec, guest, n)) {
            return -EFAULT;
        }
        vec += n;
    }
    return 0;
}

static int host_mlock(uint64_t start, uint64_t end, int flags)
{
    long ret = flags ? syscall(SYS_mlock2, start, end - start, flags) : -1;

    if (!flags || (ret < 0 && errno == ENOSYS)) {
        ret = mlock(g2h(start), end - start);
    }
    return ret < 0 ? -errno : 0;
}

static int lock_region(const GuestRegion *r, uint64_t start, uint64_t end,
                       int flags)
{
    int ret;

    ret = host_mlock(host_down(start), host_up(end), flags);
    if (ret == -ENOMEM && host_page_size > TARGET_PAGE_SIZE &&
        mmap_open_all(true)) {
        /* Pages that nobody may access cannot be filled. */
        ret = host_mlock(host_down(start), host_up(end), flags);
        mmap_close_all();
        if (!flags && !(r->i.flags & (PAGE_READ | PAGE_WRITE | PAGE_EXEC))) {
            ret = -ENOMEM;      /* unless it is the guest who may not */
        }
    }
    return ret;
}

static int unlock_region(const GuestRegion *r, uint64_t start, uint64_t end,
                         int arg)
{
    (void)r;
    (void)arg;
    start = host_down(start);
    return munlock(g2h(start), host_up(end) - start) < 0 ? -errno : 0;
}

/* mlock() and munlock() take unaligned addresses. */
static int64_t lock_range(uint64_t addr, uint64_t len, bool lock, int flags)
{
    uint64_t start = addr & TARGET_PAGE_MASK;
    uint64_t end = TARGET_PAGE_ALIGN(addr + len);
    int ret;

    if (end < start) {
        return -EINVAL;
    }
    if (end > TARGET_TASK_SIZE) {
        return -ENOMEM;
    }
    mmap_lock();
    ret = for_mapped(start, end, lock ? lock_region : unlock_region, flags);
    if (ret == 0) {
        mmap_set_attr(start, end, lock ? REGION_LOCKED : 0,
                      lock ? 0 : REGION_LOCKED);
    }
    mmap_unlock();
    return ret;
}

int64_t target_mlock(uint64_t addr, uint64_t len, int flags)
{
    if (flags & ~1) {
        return -EINVAL;
    }
    return lock_range(addr, len, true, flags);
}

int64_t target_munlock(uint64_t addr, uint64_t len)
{
    return lock_range(addr, len, false, 0);
}

/*
 * Where to begin in region @r: of the stack, which is as large as it may get,
 * only what has been used and the little more that Linux gives it.
 */
static uint64_t lock_start(const GuestRegion *r)
{
    const uint64_t step = MAX(host_page_size, 65536), room = 128 * 1024;
    unsigned char vec[16];
    uint64_t at = r->node.end;

    if (!r->i.name || strcmp(r->i.name, "[stack]")) {
        return r->node.start;
    }
    while (at - r->node.start > step) {
        uint64_t lower = host_down(at - step);

        if (mincore(g2h(lower), step, vec) < 0 ||
            !memchr(vec, 1, step / host_page_size)) {
            break;
        }
        at = lower;
    }
    return MAX(r->node.start, at - MIN(at, room));
}

/*
 * Only guest memory is locked: the host's mlockall() would also fill the
 * whole code cache.
 */
int64_t target_mlockall(int flags)
{
    GuestRegion *r;
    int ret = 0;

    if (!flags || (flags & ~7) || flags == MCL_ONFAULT) {
        return -EINVAL;
    }
    mmap_lock();
    if (flags & MCL_CURRENT) {
        for (r = region_first_after(0); r && ret == 0; r = region_next(r)) {
            uint64_t from = lock_start(r);

            /* The limit counts; pages that cannot be filled do not. */
            ret = lock_region(r, from, r->node.end, 1);
            if (ret == 0 && !(flags & MCL_ONFAULT)) {
                lock_region(r, from, r->node.end, 0);
            }
        }
    }
    if (ret == 0) {
        if (flags & MCL_CURRENT) {
            mmap_set_attr(0, TARGET_TASK_SIZE, REGION_LOCKED, 0);
        }
        mmap_lock_future(flags & MCL_FUTURE);
    }
    mmap_unlock();
    return ret;
}

int64_t target_munlockall(void)
{
    GuestRegion *r;

    mmap_lock();
    mmap_lock_future(false);
    for (r = region_first_after(0); r; r = region_next(r)) {
        unlock_region(r, r->node.start, r->node.end, 0);
    }
    mmap_set_attr(0, TARGET_TASK_SIZE, 0, REGION_LOCKED);
    mmap_unlock();
    return 0;
}
