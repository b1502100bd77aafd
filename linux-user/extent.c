/*
 * How far the guest's own permissions reach, where host pages are larger.
 *
 * Locking: none; the page table and the page sets are read without.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/mmap.h"

/*
 * Is unmapped @addr in a host page with memory of the guest?  Other memory that
 * the table does not have is the host's, and the guest may know of it.
 */
static bool shares_host_page(uint64_t addr)
{
    uint64_t at = addr & -host_page_size, end = at + host_page_size;

    for (; at < end; at += GUEST_PAGE_SIZE) {
        if (page_get_flags(at, NULL) & PAGE_VALID) {
            return true;
        }
    }
    return false;
}

uint64_t mmap_extent(uint64_t addr, uint64_t len, bool write)
{
    int prot = write ? PAGE_WRITE : PAGE_READ | PAGE_WRITE | PAGE_EXEC;
    uint64_t at = addr, stop = addr + len, end;

    while (at < stop && at < TARGET_TASK_SIZE) {
        int flags = page_get_flags(at, &end);

        if (flags & PAGE_VALID ? !(flags & prot) : shares_host_page(at)) {
            break;
        }
        end = MIN(end, stop);
        at = mmap_next_past_eof(at, end);
        if (at < end) {
            break;
        }
    }
    return MIN(at, stop) - addr;
}
