/*
 * The guest's mremap().
 *
 * Locking: as mmap.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/code-pages.h"
#include "linux-user/mmap-internal.h"
#include "user/safe-syscall.h"
#include <fcntl.h>
#include <sys/syscall.h>

#define TARGET_MREMAP_MAYMOVE   1
#define TARGET_MREMAP_FIXED     2
#define TARGET_MREMAP_DONTUNMAP 4

typedef struct MoveRequest {
    uint64_t old, old_len, new_len;
    bool keep;
    RegionInfo info;
} MoveRequest;

/* What becomes of the old range; @copied: the host still has it. */
static int leave_old(const MoveRequest *m, bool copied)
{
    uint64_t end = m->old + m->old_len;
    MapRequest fresh = {
        .start = m->old, .end = end, .fd = -1, .flags = m->info.flags,
        .mflags = TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS,
    };
    int ret = 0;

    if (m->keep) {
        return copied ? hostmap_map(&fresh, COVER_FULL) : 0;
    }
    if (m->old_len) {
        ret = copied ? hostmap_unmap(m->old, end) : 0;
        page_table_clear(m->old, end);
    }
    return ret;
}

/*
 * Other threads may have had code translated since it was dropped, which made
 * pages read-only, or have it from another view of the same file.  What is left
 * of it is dropped when the lock is free.
 */
static int forget_code(const MoveRequest *m, uint64_t new_addr)
{
    uint64_t end = m->old + m->old_len;
    int ret;

    if (page_set_next(&guarded_pages, m->old, end) >= end) {
        return 0;
    }
    code_pages_forget(m->old, end);
    ret = hostmap_protect(new_addr, new_addr + m->new_len);
    return ret == 0 && m->keep ? hostmap_protect(m->old, end) : ret;
}

/* Move to the free range that @req names. */
static int move_to(MapRequest *req, void *opaque)
{
    MoveRequest *m = opaque;
    bool code = (m->info.flags & PAGE_EXEC) && m->old_len;
    int ret = hostmap_claim(req->start, req->end);

    if (ret < 0) {
        return ret;
    }
    page_lock();
    ret = hostmap_move(m->old, m->old_len, req->start, m->new_len, m->keep);
    if (ret >= 0) {
        page_table_set(req->start, req->end, &m->info);
        ret = leave_old(m, ret == HOSTMAP_COPIED);
        hostmap_settle(req->start, req->end);
        if (m->old_len) {
            hostmap_settle(m->old, m->old + m->old_len);
        }
        if (ret >= 0 && m->old_len) {
            ret = forget_code(m, req->start);
        }
    }
    page_unlock();
    /* Other threads may have looked for code there meanwhile. */
    if (code) {
        tb_invalidate_range(m->old, m->old_len);
    }
    if (ret >= 0) {
        code_pages_new_writer(req->start, req->end);
    }
    if (ret < 0) {
        hostmap_unclaim(req->start, req->end);
    }
    return ret == -EEXIST ? -ENOMEM : ret;
}

static int64_t move(GuestRegion *r, MoveRequest *m, bool fixed,
                    uint64_t new_addr)
{
    MapRequest req = {
        .end = m->new_len, .flags = r->i.flags,
        .mflags = r->i.attr & REGION_HUGETLB ? TARGET_MAP_HUGETLB : 0,
        .fd = r->i.file ? 0 : -1,
    };
    int ret;

    m->info = region_info_at(r, m->old);
    req.offset = m->info.offset;
    if (m->info.file) {
        m->info.file->refs++;
    }
    /*
     * Code is dropped first: the host then has one mapping again where pages
     * were write-protected one by one.
     */
    if (m->info.flags & PAGE_EXEC) {
        tb_invalidate_range(m->old, MAX(m->old_len, TARGET_PAGE_SIZE));
    }
    if (fixed) {
        ret = mmap_unmap_range(new_addr, new_addr + m->new_len);
        if (ret == 0) {
            req.start = new_addr;
            req.end = new_addr + m->new_len;
            ret = move_to(&req, m);
        }
        if (ret == -EEXIST) {
            ret = -ENOMEM;
        }
    } else {
        int64_t addr = mmap_place(&req, guest_layout.mmap_min,
                                  guest_layout.mmap_top, move_to, m);

        new_addr = addr;
        ret = addr < 0 ? addr : 0;
    }
    mapped_file_put(m->info.file);
    return ret < 0 ? ret : (int64_t)new_addr;
}

/* Lengthen [addr, addr + old_len) where it is, if it ends its region. */
static bool grow_in_place(GuestRegion *r, uint64_t addr, uint64_t old_len,
                          uint64_t new_len)
{
    RegionInfo info = region_info_at(r, addr);
    uint64_t end = addr + new_len;
    bool ok;

    if (r->node.end != addr + old_len || end > TARGET_TASK_SIZE ||
        end < addr || region_first_in(r->node.end, end)) {
        return false;
    }
    page_lock();
    ok = hostmap_grow(r, addr, end) == 0;
    if (ok) {
        if (info.file) {
            info.file->refs++;
        }
        page_table_set(addr, end, &info);
        hostmap_settle(addr, end);
        mapped_file_put(info.file);
    }
    page_unlock();
    return ok;
}

static int64_t remap_locked(uint64_t old, uint64_t old_len, uint64_t new_len,
                            uint64_t flags, uint64_t new_addr)
{
    bool fixed = flags & TARGET_MREMAP_FIXED;
    bool keep = flags & TARGET_MREMAP_DONTUNMAP;
    MoveRequest m = { .old = old, .old_len = old_len, .new_len = new_len,
                      .keep = keep };
    GuestRegion *r = region_find(old);
    int ret;

    if (!r) {
        return -EFAULT;
    }
    if (!fixed && !keep && old_len >= new_len && old_len) {
        ret = new_len < old_len ? mmap_unmap_range(old + new_len,
                                                   old + old_len) : 0;
        return ret < 0 ? ret : (int64_t)old;
    }
    if (old_len == 0 && !(r->i.flags & PAGE_SHARED)) {
        return -EINVAL;
    }
    if (fixed && old_len > new_len) {
        ret = mmap_unmap_range(old + new_len, old + old_len);
        if (ret < 0) {
            return ret;
        }
        m.old_len = old_len = new_len;
        r = region_find(old);
    }
    if (old_len > r->node.end - old) {
        return -EFAULT;
    }
    if (new_len > old_len && !mmap_may_expand(new_len - old_len, r->i.flags, r->i.attr)) {
        return -ENOMEM;
    }
    if (!fixed && !keep && old_len &&
        grow_in_place(r, old, old_len, new_len)) {
        return old;
    }
    if (!(flags & TARGET_MREMAP_MAYMOVE)) {
        return -ENOMEM;
    }
    return move(r, &m, fixed, new_addr);
}

int64_t target_mremap(uint64_t old_addr, uint64_t old_len, uint64_t new_len,
                      uint64_t flags, uint64_t new_addr)
{
    bool fixed = flags & TARGET_MREMAP_FIXED;
    bool keep = flags & TARGET_MREMAP_DONTUNMAP;
    int64_t ret;

    if ((flags & ~7ull) || (old_addr & ~TARGET_PAGE_MASK) ||
        ((fixed || keep) && !(flags & TARGET_MREMAP_MAYMOVE)) ||
        (keep && old_len != new_len)) {
        return -EINVAL;
    }
    old_len = TARGET_PAGE_ALIGN(old_len);
    new_len = TARGET_PAGE_ALIGN(new_len);
    if (new_len == 0 || new_len > TARGET_TASK_SIZE ||
        old_len > TARGET_TASK_SIZE) {
        return -EINVAL;
    }
    if (fixed) {
        if ((new_addr & ~TARGET_PAGE_MASK) ||
            new_addr > TARGET_TASK_SIZE - new_len ||
            (old_addr + old_len > new_addr && new_addr + new_len > old_addr)) {
            return -EINVAL;
        }
    }
    mmap_lock();
    ret = remap_locked(old_addr, old_len, new_len, flags, new_addr);
    if (ret >= 0) {
        mmap_log("mremap", old_addr, old_addr + old_len, 0);
        mmap_log("  to", ret, ret + new_len, 0);
    }
    mmap_unlock();
    return ret;
}

/*
 * Another part of the file of [start, end), by mapping it again: for hosts
 * whose pages are larger.  What has no path any more, or never had one, stays.
 */
static int64_t remap_by_path(GuestRegion *r, uint64_t start, uint64_t end,
                             uint64_t offset)
{
    int prot = r->i.flags & (PAGE_READ | PAGE_WRITE | PAGE_EXEC);
    int fd = r->i.file ? open(r->i.file->path, O_CLOEXEC |
                              (prot & PAGE_WRITE ? O_RDWR : O_RDONLY)) : -1;
    int64_t ret = -EINVAL;

    if (fd >= 0) {
        ret = target_mmap(start, end - start, prot,
                          TARGET_MAP_SHARED | TARGET_MAP_FIXED, fd, offset);
        close(fd);
    }
    return ret < 0 ? ret : 0;
}

/* The same by the host's own call. */
static int64_t remap_by_host(GuestRegion *r, uint64_t start, uint64_t end,
                             uint64_t offset)
{
    RegionInfo info = r->i;
    int64_t ret;

    page_lock();
    ret = raw_syscall(__NR_remap_file_pages, start, end - start, 0,
                      offset >> TARGET_PAGE_BITS, 0);
    if (ret == 0) {
        info.offset = offset;
        if (info.file) {
            info.file->refs++;
        }
        page_table_set(start, end, &info);
        code_pages_forget(start, end);
        hostmap_protect(start, end);
        mapped_file_put(info.file);
    }
    page_unlock();
    if (info.flags & PAGE_EXEC) {
        tb_invalidate_range(start, end - start);
    }
    if (ret == 0) {
        code_pages_new_writer(start, end);
    }
    return ret;
}

/* Nonlinear file mappings: what the kernel itself does since 4.0. */
int64_t target_remap_file_pages(uint64_t addr, uint64_t size, uint64_t prot,
                                uint64_t pgoff)
{
    GuestRegion *r;
    int64_t ret;
    uint64_t start = addr & TARGET_PAGE_MASK;

    size &= TARGET_PAGE_MASK;
    if (prot || start + size <= start ||
        pgoff + (size >> TARGET_PAGE_BITS) < pgoff) {
        return -EINVAL;
    }
    mmap_lock();
    r = region_find(start);
    if (!r || !(r->i.flags & PAGE_SHARED) || start + size > r->node.end) {
        ret = -EINVAL;
    } else if (host_page_size == TARGET_PAGE_SIZE) {
        ret = remap_by_host(r, start, start + size,
                            pgoff << TARGET_PAGE_BITS);
    } else {
        ret = remap_by_path(r, start, start + size,
                            pgoff << TARGET_PAGE_BITS);
    }
    mmap_unlock();
    return ret;
}
