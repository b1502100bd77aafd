/*
 * The function symbols of an ELF file, for logs and profiles.
 *
 * Pure: reads through a callback, no system calls, no globals.  Every byte of
 * the file is untrusted; sizes are bounded and whatever does not fit is left
 * out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_SYMTAB_H
#define LINUX_USER_SYMTAB_H

#include "qemu/osdep.h"

/* Bytes [offset, offset + len) of the file; false when they cannot be had. */
typedef bool (*SymtabRead)(void *opaque, void *buf, size_t len,
                           uint64_t offset);

typedef struct SymtabEntry {
    uint64_t start;             /* offset in the file */
    uint64_t size;              /* never 0 */
    uint32_t name;              /* index into names */
    uint32_t rank;              /* which of several names is best: highest */
} SymtabEntry;

typedef struct Symtab {
    SymtabEntry *syms;          /* by start, one for each address */
    size_t nsyms;
    char *names;
} Symtab;

/*
 * Read .symtab, or .dynsym when there is none, of a file of @file_size bytes.
 * NULL on success: *st is filled and owned by the caller; else what is wrong
 * and *st is empty.
 */
const char *symtab_load(Symtab *st, SymtabRead read, void *opaque,
                        uint64_t file_size);
void symtab_free(Symtab *st);

/* The symbol that covers file offset @offset, or NULL.  Owned by @st. */
const SymtabEntry *symtab_find(const Symtab *st, uint64_t offset);

#endif
