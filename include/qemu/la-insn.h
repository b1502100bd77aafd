/*
 * LoongArch64 instructions as signal handlers see them: the kernel does not
 * always tell what kind of access has faulted.  Opcodes are those of the
 * LoongArch reference manual, volume 1, appendix B.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QEMU_LA_INSN_H
#define QEMU_LA_INSN_H

#include "qemu/osdep.h"

/* Does @insn store, or is it an atomic operation that does? */
static inline bool la_insn_stores(uint32_t insn)
{
    switch (insn >> 24) {
    case 0x21: case 0x23:                   /* sc.w sc.d */
    case 0x25: case 0x27:                   /* stptr.w stptr.d */
    case 0x31: case 0x33:                   /* vstelm xvstelm */
        return true;
    }
    switch (insn >> 22) {
    case 0xa4: case 0xa5: case 0xa6: case 0xa7:     /* st.b ... st.d */
    case 0xad: case 0xaf:                           /* fst.s fst.d */
    case 0xb1: case 0xb3:                           /* vst xvst */
        return true;
    }
    switch (insn >> 15) {
    case 0x7020: case 0x7028: case 0x7030: case 0x7038:     /* stx */
    case 0x7070: case 0x7078:                               /* fstx */
    case 0x7088: case 0x7098:                               /* vstx xvstx */
        return true;
    }
    /* am* atomics, then the bound-checked fst and st forms. */
    return (insn >> 15 >= 0x70b0 && insn >> 15 <= 0x70e3) ||
           (insn >> 15 >= 0x70ec && insn >> 15 <= 0x70ef) ||
           (insn >> 15 >= 0x70f8 && insn >> 15 <= 0x70ff);
}

/* Does @insn begin a load-and-store pair (ll.w, ll.d)? */
static inline bool la_insn_load_linked(uint32_t insn)
{
    return insn >> 24 == 0x20 || insn >> 24 == 0x22;
}

#endif
