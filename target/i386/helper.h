/*
 * Helpers: C functions that translated code calls, with what the code
 * generator must know about each (TCG_HF_* in tcg/tcg.h).
 *
 * Every helper `foo` is a function helper_foo() plus a descriptor
 * x86_helper_foo, defined next to each other with X86_HELPER(); arguments and
 * results are uint64_t.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_HELPER_H
#define I386_HELPER_H

#include "qemu/osdep.h"
#include "target/i386/cpu.h"
#include "tcg/tcg.h"

/*
 * X86_HELPER(name, args without env, has result, flags): a helper whose first
 * parameter is the CPU.  X86_HELPER_PURE() ones do not take it.
 */
#define X86_HELPER(name_, nargs_, ret_, flags_)                             \
    const TCGHelper x86_helper_##name_ = {                                  \
        .name = #name_, .fn = (uintptr_t)helper_##name_, .flags = (flags_), \
        .takes_env = 1, .nargs = (nargs_), .has_ret = (ret_),               \
    }
#define X86_HELPER_PURE(name_, nargs_, flags_)                              \
    const TCGHelper x86_helper_##name_ = {                                  \
        .name = #name_, .fn = (uintptr_t)helper_##name_,                    \
        .flags = (flags_) | TCG_HF_PURE,                                    \
        .takes_env = 0, .nargs = (nargs_), .has_ret = 1,                    \
    }

/* Decode features (1 << X86_FEAT_*) of a CPU model. */
struct X86CPUModel;
uint64_t x86_model_features(const struct X86CPUModel *m);

/* XCR0 of a CPU model: state components XSAVE manages. */
uint64_t x86_model_xcr0(const struct X86CPUModel *m);
/* Features that translate completely, as a mask of 1 << X86_FEAT_*. */
uint64_t x86_translate_supported(void);

/* FNINIT, and the state of the x87 when a program starts. */
void cpu_x87_init(CPUArchState *env);
/* State components that are not in their initial state. */
uint64_t cpu_xinuse(const CPUArchState *env);

/* Modes of helpers below. */
enum { REP_ADDR32 = 16, REP_WHILE_Z = 32 };     /* | element size */
enum { STATE_FX = 1, STATE_LOAD = 2, STATE_COMPACT = 4, STATE_REXW = 8 };
enum { SEGINFO_RIGHTS, SEGINFO_LIMIT, SEGINFO_READ, SEGINFO_WRITE };

extern const TCGHelper x86_helper_cmpxchg16b;   /* (address) -> Z */
extern const TCGHelper x86_helper_lock_neg;     /* (address, size) -> old */
extern const TCGHelper x86_helper_load_seg;     /* (segment, selector) */
extern const TCGHelper x86_helper_segment_info; /* (selector, SEGINFO_*) ->
                                                   valid << 32 | value */
extern const TCGHelper x86_helper_popf;         /* (value, size): not CC_ALL */
extern const TCGHelper x86_helper_far_return;   /* (size, pop, iret) -> rip */
extern const TCGHelper x86_helper_far_jump;     /* (address, size, return
                                                   address or 0) -> rip */
extern const TCGHelper x86_helper_cpuid;        /* () */
extern const TCGHelper x86_helper_rdtsc;        /* () -> time stamp */
extern const TCGHelper x86_helper_rdpid;        /* () -> processor number */
extern const TCGHelper x86_helper_rdrand;       /* () -> 64 random bits */
extern const TCGHelper x86_helper_xgetbv;       /* () -> XCR[ecx] */
extern const TCGHelper x86_helper_state_save;   /* (address, STATE_*) */
extern const TCGHelper x86_helper_state_load;   /* (address, STATE_*) */
/* (REP_* | size, segment base) -> 0 when interrupted, else 1 */
extern const TCGHelper x86_helper_rep_movs;
extern const TCGHelper x86_helper_rep_stos;
extern const TCGHelper x86_helper_rep_lods;
extern const TCGHelper x86_helper_rep_cmps;
extern const TCGHelper x86_helper_rep_scas;

/* Frequent combinations of flags. */
#define X86_HF_MEM    (TCG_HF_FAULTS | TCG_HF_NO_VEC)
#define X86_HF_ALL    (TCG_HF_FAULTS | TCG_HF_READS_GLOBALS | \
                       TCG_HF_WRITES_GLOBALS)

#endif
