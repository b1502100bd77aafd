/*
 * Memory and streams of the guest in the hands of native code, as the functions
 * see it that are interposed for native libraries.
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

/* If @f stands for a stream of the guest: the guest's fflush() and fileno(). */
bool kzt_file_flush(FILE *f, int *result);
bool kzt_file_number(FILE *f, int *result);

#endif
