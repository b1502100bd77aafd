/*
 * Host pages that protect more than some of their guest pages ask for.
 * Internal to the memory part of linux-user; see strict-pages.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_STRICT_PAGES_H
#define LINUX_USER_STRICT_PAGES_H

#include "qemu/osdep.h"
#include "linux-user/page-set.h"

/*
 * Give host page @h the protection that the table asks for now.  @changed:
 * its guest pages were changed, counting of faults starts again.  Page lock held.
 * Returns 0 or -errno.
 */
int strict_settle(uint64_t h, bool changed);

/* Host page @h is about to move as it is: no longer strict.  Page lock. */
int strict_relax(uint64_t h);

/* Host pages [start, end) hold one kind of guest page each.  Page lock. */
void strict_forget(uint64_t start, uint64_t end);

/*
 * An access to @addr that the table allows has faulted: if the host page is
 * strict, open it for that kind of access until the next safe point of this
 * thread.  Takes only the page lock.
 */
bool strict_open(uint64_t addr, bool write);

/* The other threads did not come along: what they hold open is closed again. */
void strict_fork_child(void);

/* A line for `-d stats`. */
void strict_print_stats(void);

#endif
