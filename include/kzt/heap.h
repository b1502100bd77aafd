/*
 * Memory that changes sides, as native code's allocator sees it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_HEAP_H
#define KZT_HEAP_H

#include "qemu/osdep.h"

/* Is @p memory of the guest, in a process with bridges? */
bool kzt_guest_owns(const void *p);
/*
 * The guest's free() and realloc().  Where there is no way to call them (a
 * thread of native code alone) memory is left as it is, and realloc() fails.
 */
void kzt_guest_free(void *p);
void *kzt_guest_realloc(void *p, size_t size);

#endif
