/*
 * The sources of loader events in a running guest, and the registry they
 * feed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_LOADER_SOURCES_H
#define USER_LOADER_SOURCES_H

#include "qemu/osdep.h"
#include "user/loader-events.h"

/*
 * Watch the guest's loader: after the program is loaded, before its first
 * instruction.  @listener and @gone may be NULL (`-d loader` only logs).
 * QEMU_LOADER_SOURCES, a comma list of source names, restricts the sources.
 */
void loader_sources_start(void (*listener)(const LoaderEvent *ev,
                                           void *opaque),
                          void (*gone)(const GuestObject *obj, void *opaque));

/* False: nobody watches, the notes below need not be given. */
extern bool loader_sources_active;

/* The registry, made when first asked for (at start), and guest memory. */
GuestObjects *loader_sources_objects(void);
extern const KztMemory loader_memory;

/* After a successful mmap(), before munmap(), before mprotect(). */
void loader_note_mmap(uint64_t addr, uint64_t len, int prot, int flags);
void loader_note_munmap(uint64_t addr, uint64_t len);
void loader_note_mprotect(uint64_t addr, uint64_t len, int prot);

/* `-d stats`: events by source, and the time they took. */
void loader_print_stats(void);

#endif
