/*
 * The list of translation tables, one line per file that translates
 * something, and the dispatch table made of them.
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

static const X86TransEntry *const x86_trans_tables[] = {
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

X86Dispatch x86_dispatch[X86_OP_COUNT];

void x86_fill_dispatch(void)
{
    for (unsigned t = 0; x86_trans_tables[t]; t++) {
        for (const X86TransEntry *e = x86_trans_tables[t]; e->op; e++) {
            x86_dispatch[e->op].fn = e->fn;
            x86_dispatch[e->op].arg = e->arg;
        }
    }
}

uint64_t x86_translate_supported(void)
{
    uint64_t missing = 0;

    x86_fill_dispatch();
    for (unsigned i = 1; i < x86_n_rows; i++) {
        const X86Row *row = &x86_rows[i];

        if (!x86_dispatch[row->op].fn && !(row->flags & X86_ROW_PRIV)) {
            uint64_t own = row->features;

            /* of two features the second one ("+avx") is not at fault */
            if (own & (own - 1)) {
                own &= ~(UINT64_C(1) << X86_FEAT_AVX);
            }
            missing |= own;
        }
    }
    return ~missing;
}
