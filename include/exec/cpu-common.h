/*
 * The part of a guest CPU that the engine and generated code share, whatever
 * the guest architecture is.  It is the tail end of the hot area of the CPU
 * state: generated code reaches every field here with a short displacement.
 *
 * Concurrency: a CPUCommon belongs to the thread that runs the CPU.  The only
 * fields other threads (or signal handlers) write are marked; those accesses
 * are atomic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef EXEC_CPU_COMMON_H
#define EXEC_CPU_COMMON_H

#include "qemu/osdep.h"

/* Direct-mapped cache of indirect jump targets, one per CPU. */
#define TB_JMP_CACHE_BITS 12
#define TB_JMP_CACHE_SIZE (1u << TB_JMP_CACHE_BITS)

/*
 * An empty entry holds a pc that is never looked up where it stands, so that
 * one comparison of `pc` is enough; its code is NULL.
 */
typedef struct TBJmpCacheEntry {
    uint64_t pc;         /* guest pc */
    const void *code;    /* host entry point of the unit */
} TBJmpCacheEntry;

/* Index of @pc in the jump cache; generated code computes the same. */
#define TB_JMP_CACHE_HASH(pc) \
    ((uint32_t)((pc) ^ ((pc) >> TB_JMP_CACHE_BITS)) & (TB_JMP_CACHE_SIZE - 1))

/*
 * Shadow return stack: a ring whose index wraps as a byte does, and as the low
 * bits of an address in it do.
 */
#define RETURN_STACK_SIZE 256

typedef struct TBReturnStack {
    const void *code[RETURN_STACK_SIZE];    /* host entry points */
    uint64_t pc[RETURN_STACK_SIZE];         /* guest pcs */
} __attribute__((aligned(RETURN_STACK_SIZE * 8))) TBReturnStack;

/* From an element of pc[] to that of code[]. */
#define RETURN_STACK_CODE (-(RETURN_STACK_SIZE * 8))

/* Why cpu_exec() came back.  Architecture exceptions are 0..31. */
enum {
    EXCP_INTERRUPT = 0x10000,   /* cpu_interrupt(): look at pending work */
    EXCP_SYSCALL,               /* `syscall`; rip is behind it */
    EXCP_VSYSCALL,              /* jump into the vsyscall page; rip is there */
    EXCP_HLT_BRIDGE,            /* a bridge address was reached (KZT) */
    EXCP_DEBUG,                 /* breakpoint or single step for a debugger */
    EXCP_ATOMIC,                /* the instruction wants to run alone */
    EXCP_YIELD,                 /* `pause` loop, rescheduling is a good idea */
};

typedef struct CPUCommon {
    /* Non-zero: leave translated code at the next safe point.  Written by
     * other threads and signal handlers. */
    _Atomic uint32_t interrupt_request;
    uint32_t return_stack_top;          /* index */
    /*
     * TB_JMP_CACHE_SIZE entries.  Other threads and signal handlers exchange
     * it for an empty one, so that indirect jumps are safe points without
     * testing for it: generated code loads this pointer for each jump.
     */
    TBJmpCacheEntry *jmp_cache;
    uint64_t *return_stack;             /* TBReturnStack.pc */
    uint64_t host_sp;                   /* stack to return to, set on entry */
    uint64_t scratch[6];                /* free for the code generator */
    const void *helper_table;           /* helper addresses, for the generator */
    void *engine_cpu;                   /* accel/tcg's private part */
    void *task;                         /* linux-user's private part */
    int32_t exception_index;
    uint32_t exception_pad;
} CPUCommon;

#endif
