/*
 * How wide a PT_LOAD segment may be mapped on a host with larger pages.
 *
 * Widening a segment to host pages is what lets the host map it at all, but it
 * overwrites whatever else lives in the pages at its edges: the answer is
 * "host page" only when no other segment has bytes there.  Addresses come from
 * untrusted headers, so every sum is checked; what wraps counts as overlap.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/elfload-pagesize.h"
#include <elf.h>

/* Does any other PT_LOAD with memory have a byte in [start, end)? */
static bool others_in(const ElfPagesizeSegment *segments, size_t count,
                      size_t current, uint64_t load_bias, uint64_t start,
                      uint64_t end)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const ElfPagesizeSegment *s = &segments[i];
        uint64_t lo = load_bias + s->vaddr, hi;

        if (i == current || s->p_type != PT_LOAD || s->memsz == 0) {
            continue;
        }
        if (__builtin_add_overflow(lo, s->memsz, &hi)) {
            return true;
        }
        if (lo < end && hi > start) {
            return true;
        }
    }
    return false;
}

/* Is widening to host pages worth a question for this segment? */
static bool candidate(const ElfPagesizeSegment *s, uint64_t host_page,
                      uint64_t target_page)
{
    return host_page > target_page && s->align &&
           (s->align & (host_page - 1)) == 0;
}

uint64_t elf_load_exec_pagesize(const ElfPagesizeSegment *segments,
                                size_t count, size_t current,
                                uint64_t load_bias, uint64_t host_page,
                                uint64_t target_page)
{
    const ElfPagesizeSegment *s = &segments[current];
    uint64_t addr = load_bias + s->vaddr;
    uint64_t host_start = addr & -host_page;
    uint64_t guest_start = addr & -target_page;

    if (!candidate(s, host_page, target_page)) {
        return target_page;
    }
    if (host_start != guest_start &&
        others_in(segments, count, current, load_bias, host_start,
                  guest_start)) {
        return target_page;
    }
    return host_page;
}

uint64_t elf_load_tail_pagesize(const ElfPagesizeSegment *segments,
                                size_t count, size_t current,
                                uint64_t load_bias, uint64_t host_page,
                                uint64_t target_page)
{
    const ElfPagesizeSegment *s = &segments[current];
    uint64_t end, guest_end, host_end;

    if (!candidate(s, host_page, target_page) ||
        __builtin_add_overflow(load_bias + s->vaddr, s->memsz, &end) ||
        __builtin_add_overflow(end, host_page - 1, &host_end)) {
        return target_page;
    }
    host_end &= -host_page;
    guest_end = (end + target_page - 1) & -target_page;
    if (host_end != guest_end &&
        others_in(segments, count, current, load_bias, guest_end, host_end)) {
        return target_page;
    }
    return host_page;
}
