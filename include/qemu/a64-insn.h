/*
 * AArch64 memory accesses as signal handlers see them: what the kernel's record
 * of a fault tells, and what the instruction does where there is none.
 * Encodings are those of the Arm Architecture Reference Manual, C4.1, "Loads
 * and Stores", and D24.2.40, ESR_EL1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QEMU_A64_INSN_H
#define QEMU_A64_INSN_H

#include "qemu/osdep.h"

/* A record in the part of the signal frame behind the registers. */
typedef struct A64FrameRecord {
    uint32_t magic, size;
    uint64_t esr;               /* of an A64_ESR_MAGIC record */
} A64FrameRecord;

#define A64_ESR_MAGIC 0x45535201u

/* The syndrome of a fault; 0 where the (emulated) kernel leaves none. */
static inline uint64_t a64_frame_esr(const uint8_t *at, size_t room)
{
    const uint8_t *end = at + room;

    while (at + sizeof(A64FrameRecord) <= end) {
        const A64FrameRecord *r = (const void *)at;

        if (r->magic == A64_ESR_MAGIC) {
            return r->esr;
        }
        if (r->size < 8 || r->size > end - at) {
            break;
        }
        at += r->size;
    }
    return 0;
}

/* Is @insn in the group that begins and ends exclusive access, and CAS? */
static inline bool a64_insn_exclusive(uint32_t insn)
{
    return (insn & 0x3f800000) == 0x08000000 ||         /* ldxr stxr casp */
           (insn & 0x3fa00000) == 0x08a00000;           /* cas */
}

/* An atomic operation on memory: ldadd, swp and their like. */
static inline bool a64_insn_atomic(uint32_t insn)
{
    return (insn & 0x3f200c00) == 0x38200000 &&
           (insn & 0xf000) != 0xc000;                   /* ldapr */
}

/*
 * Does @insn write where x86 would: does it store, or read in order to store?
 */
static inline bool a64_insn_writes(uint32_t insn)
{
    bool load = insn & 1u << 22, vector = insn & 1u << 26;

    if ((insn & ~0x1fu) == 0xd50b7420) {                /* dc zva */
        return true;
    }
    if ((insn & 0x0a000000) != 0x08000000) {            /* no load or store */
        return false;
    }
    switch (insn >> 28 & 3) {
    case 0:                             /* structures; exclusive, ordered */
        return !load || (!vector && a64_insn_exclusive(insn));
    case 1:                             /* literals; unscaled and ordered */
        return (insn & 0x3f200000) == 0x19000000 && !(insn >> 22 & 3);
    case 2:                             /* pairs */
        return !load;
    default:                            /* one register */
        if (a64_insn_atomic(insn)) {
            return true;
        }
        return vector ? !load : !(insn >> 22 & 3);
    }
}

/*
 * Where a load or store goes, for the simple forms: the base with a register or
 * an immediate.  Others go to where their base points.
 */
static inline bool a64_insn_operand(uint32_t insn, const uint64_t regs[31],
                                    uint64_t sp, uintptr_t *addr)
{
    unsigned rn = insn >> 5 & 31, rm = insn >> 16 & 31, size = insn >> 30;
    bool vector = insn & 1u << 26;

    if ((insn & 0x0a000000) != 0x08000000 ||
        (insn & 0x3b000000) == 0x18000000) {            /* literals */
        return false;
    }
    *addr = rn == 31 ? sp : regs[rn];
    if (vector && (insn & 0x20800000) == 0x20800000) {
        size += 4;                                      /* q registers */
    }
    if ((insn & 0x3b000000) == 0x39000000) {            /* scaled immediate */
        *addr += (insn >> 10 & 0xfff) << size;
    } else if ((insn & 0x3b200c00) == 0x38200800) {     /* register */
        uint64_t index = rm == 31 ? 0 : regs[rm];
        unsigned option = insn >> 13 & 7;

        index = option == 2 ? (uint32_t)index :
                option == 6 ? (uint64_t)(int32_t)index : index;
        *addr += index << (insn & 0x1000 ? size : 0);
    } else if ((insn & 0x3b200400) == 0x38000000 ||     /* unscaled */
               (insn & 0x3f200c00) == 0x19000000 ||     /* and ordered */
               (insn & 0x3b200c00) == 0x38000c00) {     /* before use */
        *addr += (int32_t)(insn << 11) >> 23;
    }
    return true;
}

/* Was a memory fault a write?  @frame and @room: where its records are. */
static inline bool a64_fault_is_write(const uint8_t *frame, size_t room,
                                      uintptr_t pc)
{
    uint64_t esr = a64_frame_esr(frame, room);
    unsigned class = esr >> 26 & 63;

    if (class == 0x20 || class == 0x21) {               /* instruction abort */
        return false;
    }
    if ((class == 0x24 || class == 0x25) &&
        (esr & 0x140) == 0x40) {        /* data abort: WnR without CM */
        return true;
    }
    return a64_insn_writes(*(const uint32_t *)pc);
}

#endif
