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
extern const X86TransEntry x86_trans_sse_mov[];
extern const X86TransEntry x86_trans_sse_int[];
extern const X86TransEntry x86_trans_sse_fp[];
extern const X86TransEntry x86_trans_sse_str[];
extern const X86TransEntry x86_trans_avx[];
extern const X86TransEntry x86_trans_mmx[];
extern const X86TransEntry x86_trans_x87[];

const X86TransEntry *const x86_trans_tables[] = {
    x86_trans_alu,
    x86_trans_shift,
    x86_trans_muldiv,
    x86_trans_bit,
    x86_trans_move,
    x86_trans_string,
    x86_trans_control,
    x86_trans_system,
    x86_trans_sse_mov,
    x86_trans_sse_int,
    x86_trans_sse_fp,
    x86_trans_sse_str,
    x86_trans_avx,
    x86_trans_mmx,
    x86_trans_x87,
    NULL
};
