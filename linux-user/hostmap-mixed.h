/*
 * Guest pages on hosts with larger pages: what hostmap.c does there.
 *
 * Each function has the contract of its hostmap_ namesake (hostmap.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_HOSTMAP_MIXED_H
#define LINUX_USER_HOSTMAP_MIXED_H

#include "linux-user/hostmap.h"

int mixed_claim(uint64_t start, uint64_t end);
void mixed_unclaim(uint64_t start, uint64_t end);
int mixed_map(const MapRequest *r, Coverage cover);
int mixed_unmap(uint64_t start, uint64_t end);
void mixed_settle(uint64_t start, uint64_t end);
int mixed_protect(uint64_t start, uint64_t end);
int mixed_move(uint64_t old, uint64_t old_len, uint64_t new_addr,
               uint64_t new_len, bool keep);
int mixed_grow(const GuestRegion *r, uint64_t new_end);
bool mixed_handle_fault(uint64_t addr, bool write);
bool mixed_past_eof(uint64_t addr);
bool mixed_may_straddle(uint64_t addr, bool write);
int mixed_madvise(const GuestRegion *r, uint64_t start, uint64_t end,
                  int advice);

#endif
