/*
 * Names of guest code, for `-perfmap`, `-jitdump` and `-d in_asm,exec`.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_SYMBOLS_H
#define USER_SYMBOLS_H

#include "qemu/osdep.h"

/*
 * Let the engine name guest code (engine_lookup_symbol).  Once, after
 * engine_init() and before the first guest thread; symbol tables are read when
 * code of their file is first asked about.
 */
void symbols_init(void);

/*
 * The function at guest address @pc, from the symbol table of the file mapped
 * there; *start and *size are its range.  For code without a symbol it is the
 * file's base name and *start the address of the file's first byte, so that
 * pc - *start is the offset in the file.  NULL where no file is mapped.  The
 * name lives for ever.  Any thread, also with the engine's lock held.
 */
const char *symbols_lookup(uint64_t pc, uint64_t *start, uint64_t *size);

#endif
