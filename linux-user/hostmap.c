/*
 * Host mappings behind the guest page table, on hosts whose pages are as
 * large as the guest's; larger ones are handed to hostmap-mixed.c.
 *
 * Responsible for every mmap(), munmap(), mprotect() and mremap() of guest
 * memory.  Nothing is ever mapped executable: guest code is read and
 * translated.  Foreign memory (the emulator, its libraries, their heaps) is
 * never replaced: what the table does not own is taken with
 * MAP_FIXED_NOREPLACE first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/code-pages.h"
#include "linux-user/hostmap.h"
#include "linux-user/hostmap-mixed.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define HUGE_2M 0x200000ull

static pthread_mutex_t page_mutex = PTHREAD_MUTEX_INITIALIZER;

QEMU_BUILD_BUG_ON(PROT_READ != PAGE_READ || PROT_WRITE != PAGE_WRITE);

void page_lock(void)
{
    pthread_mutex_lock(&page_mutex);
}

void page_unlock(void)
{
    pthread_mutex_unlock(&page_mutex);
}

void page_lock_reset(void)
{
    pthread_mutex_init(&page_mutex, NULL);
}

static bool small_pages(void)
{
    return likely(host_page_size == TARGET_PAGE_SIZE);
}

static void check_aligned(uint64_t a, uint64_t b)
{
    assert(((a | b) & (host_page_size - 1)) == 0);
}

int64_t host_mmap(uint64_t addr, uint64_t len, int prot, int flags, int fd,
                  uint64_t offset)
{
    void *p;

    check_aligned(addr | len, fd >= 0 ? offset : 0);
    assert(!(prot & PROT_EXEC));
    p = mmap((void *)(uintptr_t)addr, len, prot, flags, fd, offset);
    if (p == MAP_FAILED) {
        return -errno;
    }
    if ((flags & MAP_FIXED_NOREPLACE) && (uintptr_t)p != addr) {
        /* A kernel that takes the address as a hint only. */
        munmap(p, len);
        return -EEXIST;
    }
    return (int64_t)(uintptr_t)p;
}

int host_munmap(uint64_t addr, uint64_t len)
{
    check_aligned(addr, len);
    return munmap((void *)(uintptr_t)addr, len) < 0 ? -errno : 0;
}

int host_mprotect(uint64_t addr, uint64_t len, int prot)
{
    check_aligned(addr, len);
    return mprotect((void *)(uintptr_t)addr, len, prot) < 0 ? -errno : 0;
}

int64_t host_mremap(uint64_t old, uint64_t old_len, uint64_t new_len,
                    int flags, uint64_t new_addr)
{
    void *p;

    check_aligned(old | old_len, new_len | new_addr);
    p = mremap((void *)(uintptr_t)old, old_len, new_len, flags,
               (void *)(uintptr_t)new_addr);
    return p == MAP_FAILED ? -errno : (int64_t)(uintptr_t)p;
}

int host_madvise(uint64_t addr, uint64_t len, int advice)
{
    check_aligned(addr, len);
    return madvise((void *)(uintptr_t)addr, len, advice) < 0 ? -errno : 0;
}

/*
 * Guest mmap() flags for the host.  Growing stacks and low addresses are our
 * own business; the rest has one number on all hosts.
 */
int host_map_flags(int mflags)
{
    /* The flags have been checked; those of placement would not pass. */
    if ((mflags & TARGET_MAP_TYPE) == TARGET_MAP_SHARED_VALIDATE) {
        mflags ^= TARGET_MAP_SHARED_VALIDATE ^ TARGET_MAP_SHARED;
    }
    return mflags & (TARGET_MAP_TYPE | TARGET_MAP_ANONYMOUS |
                     TARGET_MAP_NORESERVE | TARGET_MAP_POPULATE |
                     TARGET_MAP_NONBLOCK | TARGET_MAP_STACK |
                     TARGET_MAP_HUGETLB | TARGET_MAP_LOCKED |
                     TARGET_MAP_SYNC |
                     (TARGET_MAP_HUGETLB & mflags ? (int)0xfc000000u : 0));
}

void hostmap_placement(const MapRequest *r, uint64_t *align, uint64_t *phase)
{
    uint64_t len = r->end - r->start;

    *align = MAX(host_page_size, r->align);
    *phase = 0;
    if (r->mflags & TARGET_MAP_HUGETLB) {
        int shift = (r->mflags >> 26) & 0x3f;

        *align = shift ? 1ull << shift : HUGE_2M;
    } else if (r->fd >= 0) {
        *phase = r->offset & (host_page_size - 1);
    } else if (len >= HUGE_2M && len % HUGE_2M == 0) {
        *align = HUGE_2M;
    }
}

uint64_t hostmap_span(uint64_t addr, uint64_t len, uint64_t *base)
{
    *base = addr & -host_page_size;
    return ROUND_UP(addr + len - *base, host_page_size);
}

/* Reserve one free range: no memory, no access. */
static int reserve(uint64_t start, uint64_t end)
{
    int64_t ret = host_mmap(start, end - start, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                            MAP_FIXED_NOREPLACE, -1, 0);

    return ret < 0 ? ret : 0;
}

/* First hole of the table in [at, end): false when there is none. */
static bool next_hole(uint64_t at, uint64_t end, uint64_t *start,
                      uint64_t *stop)
{
    GuestRegion *r = region_first_after(at);

    while (r && r->node.start <= at && at < end) {
        at = r->node.end;
        r = region_next(r);
    }
    if (at >= end) {
        return false;
    }
    *start = at;
    *stop = r ? MIN(r->node.start, end) : end;
    return true;
}

int hostmap_claim(uint64_t start, uint64_t end)
{
    uint64_t at, lo, hi;
    int ret;

    if (!small_pages()) {
        return mixed_claim(start, end);
    }
    for (at = start; next_hole(at, end, &lo, &hi); at = hi) {
        ret = reserve(lo, hi);
        if (ret < 0) {
            hostmap_unclaim(start, lo);
            return ret;
        }
    }
    return 0;
}

void hostmap_unclaim(uint64_t start, uint64_t end)
{
    uint64_t at, lo, hi;

    if (!small_pages()) {
        mixed_unclaim(start, end);
        return;
    }
    for (at = start; next_hole(at, end, &lo, &hi); at = hi) {
        host_munmap(lo, hi - lo);
    }
}

int hostmap_map(const MapRequest *r, Coverage cover)
{
    int flags = host_map_flags(r->mflags);
    int64_t ret;

    if (!small_pages()) {
        return mixed_map(r, cover);
    }
    flags |= cover == COVER_NONE ? MAP_FIXED_NOREPLACE : MAP_FIXED;
    ret = host_mmap(r->start, r->end - r->start, host_prot(r->flags), flags,
                    r->fd, r->offset);
    return ret < 0 ? ret : 0;
}

int hostmap_unmap(uint64_t start, uint64_t end)
{
    if (!small_pages()) {
        return mixed_unmap(start, end);
    }
    return host_munmap(start, end - start);
}

void hostmap_settle(uint64_t start, uint64_t end)
{
    if (!small_pages()) {
        mixed_settle(start, end);
    }
}

/*
 * One protection for [start, end), minus write permission on guarded pages.
 */
static int protect_run(uint64_t start, uint64_t end, int flags)
{
    uint64_t a = start, stop;
    int prot = host_prot(flags), ret;

    if (!(prot & PROT_WRITE)) {
        return host_mprotect(start, end - start, prot);
    }
    while (a < end) {
        stop = page_set_next(&guarded_pages, a, end);
        if (stop > a) {
            ret = host_mprotect(a, stop - a, prot);
        } else {
            stop = page_set_run_end(&guarded_pages, a, end);
            ret = host_mprotect(a, stop - a, PROT_READ);
        }
        if (ret < 0) {
            return ret;
        }
        a = stop;
    }
    return 0;
}

int hostmap_protect(uint64_t start, uint64_t end)
{
    GuestRegion *r;
    int ret;

    if (!small_pages()) {
        return mixed_protect(start, end);
    }
    for (r = region_first_in(start, end); r && r->node.start < end;
         r = region_next(r)) {
        ret = protect_run(MAX(start, r->node.start), MIN(end, r->node.end),
                          r->i.flags);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}

/*
 * The host may see several mappings where the guest has one (a fork between
 * two changes of protection is enough) and refuse to move them in one go:
 * move private memory by copying it.
 */
static int copy_move(uint64_t old, uint64_t old_len, uint64_t new_addr,
                     uint64_t new_len, bool keep)
{
    const GuestRegion *r = region_find(old);
    int64_t ret;

    if (r->i.flags & PAGE_SHARED) {
        return -EFAULT;
    }
    ret = host_mmap(new_addr, new_len, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (ret < 0) {
        return ret;
    }
    ret = host_mprotect(old, old_len, PROT_READ);
    if (ret < 0) {
        return ret;
    }
    memcpy((void *)(uintptr_t)new_addr, (void *)(uintptr_t)old,
           MIN(old_len, new_len));
    ret = host_mprotect(new_addr, new_len, host_prot(r->i.flags));
    if (ret < 0) {
        return ret;
    }
    if (keep) {
        ret = host_mmap(old, old_len, host_prot(r->i.flags),
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        return ret < 0 ? ret : 0;
    }
    return host_munmap(old, old_len);
}

int hostmap_move(uint64_t old, uint64_t old_len, uint64_t new_addr,
                 uint64_t new_len, bool keep)
{
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0);
    int64_t ret;

    if (!small_pages()) {
        return mixed_move(old, old_len, new_addr, new_len, keep);
    }
    ret = host_mremap(old, old_len, new_len, flags, new_addr);
    if (ret == -EFAULT && old_len) {
        return copy_move(old, old_len, new_addr, new_len, keep);
    }
    return ret < 0 ? ret : 0;
}

int hostmap_grow(const GuestRegion *r, uint64_t start, uint64_t new_end)
{
    int64_t ret;

    if (!small_pages()) {
        return mixed_grow(r, new_end);
    }
    ret = host_mremap(start, r->node.end - start, new_end - start, 0, 0);
    return ret < 0 ? ret : 0;
}

bool hostmap_handle_fault(uint64_t addr, bool write)
{
    return !small_pages() && mixed_handle_fault(addr, write);
}

bool hostmap_past_eof(uint64_t addr)
{
    return !small_pages() && mixed_past_eof(addr);
}

bool hostmap_may_straddle(uint64_t addr, bool write)
{
    return !small_pages() && mixed_may_straddle(addr, write);
}

int hostmap_madvise(const GuestRegion *r, uint64_t start, uint64_t end,
                    int advice)
{
    if (!small_pages()) {
        return mixed_madvise(r, start, end, advice);
    }
    return host_madvise(start, end - start, advice);
}

bool hostmap_find_foreign(uint64_t start, uint64_t end, uint64_t *foreign)
{
    FILE *f = fopen("/proc/self/maps", "re");
    char line[PATH_MAX + 128];
    bool found = false;
    uint64_t lo, hi;

    if (!f) {
        return false;
    }
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%" SCNx64 "-%" SCNx64, &lo, &hi) == 2 &&
            lo < end && hi > start) {
            *foreign = MAX(lo, start);
            found = true;
        }
    }
    fclose(f);
    return found;
}
