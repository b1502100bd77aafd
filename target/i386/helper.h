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

/* Frequent combinations of flags. */
#define X86_HF_MEM    (TCG_HF_FAULTS | TCG_HF_NO_VEC)
#define X86_HF_ALL    (TCG_HF_FAULTS | TCG_HF_READS_GLOBALS | \
                       TCG_HF_WRITES_GLOBALS)

#endif
