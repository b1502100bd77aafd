/*
 * How wide a PT_LOAD segment may be mapped on a host whose pages are larger
 * than the guest's.
 *
 * Pure: program headers in, an answer out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_ELFLOAD_PAGESIZE_H
#define LINUX_USER_ELFLOAD_PAGESIZE_H

#include "qemu/osdep.h"

typedef struct ElfPagesizeSegment {
    uint32_t p_type;
    uint64_t vaddr, memsz, align;
} ElfPagesizeSegment;

/*
 * Granularity for mapping the leading edge of segment @current of @count:
 * @host_page when the host page that holds its first byte may be mapped for it
 * from the page's beginning, else @target_page.  Both sizes are powers of two.
 * @load_bias is added to every address.
 */
uint64_t elf_load_exec_pagesize(const ElfPagesizeSegment *segments,
                                size_t count, size_t current,
                                uint64_t load_bias, uint64_t host_page,
                                uint64_t target_page);

/*
 * The same question for the trailing edge: @host_page when the mapping may
 * reach the end of the host page that holds the segment's last byte (and the
 * bss in it may be zeroed up to there), else @target_page.
 */
uint64_t elf_load_tail_pagesize(const ElfPagesizeSegment *segments,
                                size_t count, size_t current,
                                uint64_t load_bias, uint64_t host_page,
                                uint64_t target_page);

#endif
