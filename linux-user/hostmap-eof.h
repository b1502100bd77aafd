/*
 * Guest pages past the end of the file that is mapped there, in host pages that
 * the host considers part of the file.  Internal to the memory part of
 * linux-user; see hostmap-eof.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_HOSTMAP_EOF_H
#define LINUX_USER_HOSTMAP_EOF_H

#include "linux-user/hostmap.h"
#include "linux-user/page-set.h"

/* The table has them, nobody may touch them.  Changed under the page lock. */
extern PageSet eof_pages;

/* Does host page @h have some of them? */
bool eof_in(uint64_t h);

/*
 * The host page of [lo, hi) whose file ends before its last guest page, for a
 * mapping that the host could make: it would show zeros there; else @hi.
 * *past becomes the first guest page of the mapping past the end.
 */
uint64_t eof_host_page(const MapRequest *r, uint64_t lo, uint64_t hi,
                       uint64_t *past);

/*
 * Remember the pages of a mapping past the end, where the host page stays what
 * it is: of shared files, so that others see what is written.
 */
void eof_note(const MapRequest *r, uint64_t lo, uint64_t hi);

/* Does the page of @addr begin behind the end of the file mapped there? */
bool eof_behind_file(uint64_t addr);

/*
 * The page of @addr has been accessed.  True when it is past the end no more
 * and shows the file.  Takes the page lock.
 */
bool eof_file_grew(uint64_t addr);

#endif
