/*
 * Guest pages with translated code.  Internal to the memory part of
 * linux-user.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_CODE_PAGES_H
#define LINUX_USER_CODE_PAGES_H

#include "linux-user/page-set.h"

/*
 * Pages that the host must not let anybody write, whatever the guest may do:
 * they hold translated code, or show the same file page as one that does.
 * Changed under the page lock, read without.
 */
extern PageSet guarded_pages;

/* [start, end) gets new contents or goes away.  Page lock held. */
void code_pages_forget(uint64_t start, uint64_t end);

/*
 * The guest can now write [start, end) (mmap lock held, page lock free): if
 * code was translated from another mapping of the same file, it goes.
 */
void code_pages_new_writer(uint64_t start, uint64_t end);

/*
 * A write to guarded page @addr faulted.  True when it was guarded for the
 * sake of another mapping, whose code is dropped now; false: the engine has
 * code from this very page.  Called without locks, by the fault handler.
 */
bool code_pages_write_fault(uint64_t addr);

#endif
