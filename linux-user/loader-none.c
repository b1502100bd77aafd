/*
 * Stands for loader-sources.c in builds without pass-through: nobody watches
 * the guest's loader.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/loader-sources.h"

bool loader_sources_active;

void loader_note_mmap(uint64_t addr, uint64_t len, int prot, int flags)
{
}

void loader_note_munmap(uint64_t addr, uint64_t len)
{
}

void loader_note_mprotect(uint64_t addr, uint64_t len, int prot)
{
}

void loader_print_stats(void)
{
}
