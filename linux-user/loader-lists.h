/*
 * What there is to read about guest objects at any moment: the lists of the
 * guest's loader, the ELF images in memory, and the mappings they lie in.
 * Private to the sources of loader events (loader-sources.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_LOADER_LISTS_H
#define LINUX_USER_LOADER_LISTS_H

#include "qemu/osdep.h"
#include "kzt/dynamic.h"
#include "user/loader-events.h"

/*
 * Where the guest's loader may show its struct r_debug: in the value of the
 * program's DT_DEBUG at @slot, at a symbol of its own, or behind a pointer of
 * its own.  0: not there.  Before the guest runs.
 */
typedef struct LoaderDebugPlaces {
    uint64_t slot, symbol, pointer;
} LoaderDebugPlaces;
extern LoaderDebugPlaces loader_debug_places;

/* The guest's struct r_debug; false while there is none. */
bool loader_find_r_debug(GuestRDebug *rd);

/*
 * An event about the object @lm of the lists; @name (@size bytes) holds its
 * name.  *img (may be NULL) becomes its image, all zero when there is none.
 */
bool loader_list_event(LoaderEvent *ev, LoaderSource src, int64_t ns,
                       const GuestLinkMap *lm, char *name, size_t size,
                       KztImage *img);
/* An event about an image that no list names. */
void loader_image_event(LoaderEvent *ev, LoaderSource src,
                        const KztImage *img, char *name, size_t size);

/* The image, with a dynamic section, whose span holds @addr. */
bool loader_image_around(uint64_t addr, KztImage *img);

/*
 * Where the first constructor of @img begins, 0 if it has none or relocations
 * have to be known first.
 */
uint64_t loader_constructor(const KztImage *img);

/*
 * Numbers of mappings: every file of which code is mapped at @addr gets the
 * next one, kept for the address where the file begins.
 */
void loader_map_id_new(uint64_t addr);
void loader_map_id_drop(uint64_t start, uint64_t end);

#endif
