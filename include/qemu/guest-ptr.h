/*
 * From a guest address to the pointer that accesses it.  They are the same
 * number, and what is not mapped faults; but not every host looks at all of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QEMU_GUEST_PTR_H
#define QEMU_GUEST_PTR_H

#include "qemu/osdep.h"

static inline void *guest_ptr(uint64_t addr)
{
#ifdef __aarch64__
    /*
     * User space addresses (bit 55 clear) are taken without their top byte.
     * x86-64 finds such an address non-canonical: make it one that this host
     * does not have either.
     */
    if (unlikely(addr >> 56) && !(addr & 1ull << 55)) {
        addr = (addr | 1ull << 55) & ~(1ull << 47);
    }
#endif
    return (void *)(uintptr_t)addr;
}

#endif
