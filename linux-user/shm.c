/*
 * System V shared memory in the guest's address space: shmat() and shmdt().
 *
 * Locking: as mmap.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "linux-user/code-pages.h"
#include "linux-user/mmap-internal.h"
#include <sys/ipc.h>
#include <sys/shm.h>

/* SHMLBA of x86-64 is the page size. */
#define GUEST_SHMLBA TARGET_PAGE_SIZE

/*
 * Where the host attaches.  Kernels with large pages may insist on more than
 * their page (LoongArch: 64 KiB), which the C library does not know.
 */
static uint64_t host_shmlba(void)
{
    return host_page_size > TARGET_PAGE_SIZE ? MAX(host_page_size, 0x10000)
                                             : TARGET_PAGE_SIZE;
}

static int refuse_address(void)
{
    qemu_log_mask(LOG_STRACE, "# shmat: this address on a host with %" PRIu64
                  " KiB pages\n", host_page_size / 1024);
    return -EINVAL;
}

typedef struct AttachRequest {
    int shmid, flags;
    RegionInfo info;
} AttachRequest;

/* Attach at the range that @req names; @opaque an AttachRequest. */
static int attach(MapRequest *req, void *opaque)
{
    AttachRequest *a = opaque;
    bool had_exec = page_table_any(req->start, req->end, PAGE_EXEC);
    int ret = hostmap_claim(req->start, req->end);

    if (ret < 0) {
        return ret;
    }
    page_lock();
    if (shmat(a->shmid, (void *)(uintptr_t)req->start,
              (a->flags & SHM_RDONLY) | SHM_REMAP) == (void *)-1) {
        ret = -errno;
    } else {
        a->info.shm_start = req->start;
        page_table_set(req->start, req->end, &a->info);
        hostmap_settle(req->start, req->end);
        code_pages_forget(req->start, req->end);
    }
    page_unlock();
    if (ret < 0) {
        hostmap_unclaim(req->start, req->end);
    }
    if (had_exec) {
        tb_invalidate_range(req->start, req->end - req->start);
    }
    return ret;
}

int64_t target_shmat(int shmid, uint64_t addr, int flags)
{
    AttachRequest a = { .shmid = shmid, .flags = flags };
    MapRequest req = { .fd = -1, .align = host_shmlba() };
    struct shmid_ds ds;
    char name[32];
    int64_t ret;

    if (shmctl(shmid, IPC_STAT, &ds) < 0) {
        return -errno;
    }
    if (addr && (addr & (GUEST_SHMLBA - 1))) {
        if (!(flags & SHM_RND)) {
            return -EINVAL;
        }
        addr &= -GUEST_SHMLBA;
    }
    if (addr & (host_page_size - 1)) {
        return refuse_address();
    }
    if (!addr && (flags & SHM_REMAP)) {
        return -EINVAL;
    }
    req.end = TARGET_PAGE_ALIGN(ds.shm_segsz);
    if (req.end > TARGET_TASK_SIZE || addr > TARGET_TASK_SIZE - req.end) {
        return -ENOMEM;
    }
    a.info.flags = PAGE_VALID | PAGE_SHARED | PAGE_READ |
                   (flags & SHM_RDONLY ? 0 : PAGE_WRITE) |
                   (flags & SHM_EXEC ? PAGE_EXEC : 0);
    a.info.attr = REGION_SHM;
    engine_set_parallel();
    snprintf(name, sizeof(name), "/SYSV%08x", ds.shm_perm.__key);

    mmap_lock();
    a.info.file = mapped_file_new(0, shmid, name);
    if (addr) {
        req.start = addr;
        req.end += addr;
        if (!(flags & SHM_REMAP) &&
            page_table_coverage(req.start, req.end) != COVER_NONE) {
            ret = -EINVAL;
        } else {
            ret = attach(&req, &a);
            ret = ret == -EEXIST ? -EINVAL : ret < 0 ? ret : (int64_t)addr;
            if (ret == -EINVAL && (addr & (host_shmlba() - 1))) {
                refuse_address();
            }
        }
    } else {
        ret = mmap_place(&req, guest_layout.mmap_min, guest_layout.mmap_top,
                         attach, &a);
    }
    mapped_file_put(a.info.file);
    mmap_unlock();
    return ret;
}

/*
 * Detach: everything that is left of the attachment made at @addr goes away,
 * as in the kernel.
 */
int64_t target_shmdt(uint64_t addr)
{
    GuestRegion *r;
    int ret = -EINVAL;

    if (addr & ~TARGET_PAGE_MASK) {
        return -EINVAL;
    }
    mmap_lock();
    r = region_first_after(addr);
    while (r && (r->i.attr & REGION_SHM) && r->i.shm_start == addr) {
        uint64_t end = r->node.end;

        ret = mmap_unmap_range(r->node.start, end);
        if (ret < 0) {
            break;
        }
        r = region_first_after(end);
    }
    mmap_unlock();
    return ret;
}
