/*
 * The list of translation tables: one line per file that translates
 * something.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

extern const X86TransEntry x86_trans_alu[];
extern const X86TransEntry x86_trans_shift[];
extern const X86TransEntry x86_trans_muldiv[];
extern const X86TransEntry x86_trans_bit[];
extern const X86TransEntry x86_trans_move[];
extern const X86TransEntry x86_trans_string[];
extern const X86TransEntry x86_trans_control[];
extern const X86TransEntry x86_trans_system[];

const X86TransEntry *const x86_trans_tables[] = {
    x86_trans_alu,
    x86_trans_shift,
    x86_trans_muldiv,
    x86_trans_bit,
    x86_trans_move,
    x86_trans_string,
    x86_trans_control,
    x86_trans_system,
    NULL
};
