/*
 * The translator as the engine sees it: guest code at a pc in, IR out.
 *
 * Concurrency: everything here runs under the engine's translation lock,
 * except x86_context_new(), which is called once at start.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TRANSLATE_H
#define I386_TRANSLATE_H

#include "qemu/osdep.h"
#include "tcg/tcg.h"

/* A TCGContext that knows the guest registers and the CPU state's layout. */
TCGContext *x86_context_new(void);

/* What the engine asks for. */
typedef struct X86TransIn {
    uint64_t pc;
    unsigned max_insns;     /* 0: the translator's own limit */
    uint64_t features;      /* x86_model_features(): what decodes */
    /*
     * Exclusive end of the executable guest memory that starts at @pc and
     * has one permission, 0 if @pc itself is not executable.  The bytes up
     * to there are read directly.
     */
    uint64_t (*exec_end)(void *opaque, uint64_t pc);
    /*
     * True if a unit must not run into @pc (a hook or breakpoint is there):
     * the unit ends with a jump to it.  Not asked for the unit's own pc.
     * May be NULL.
     */
    bool (*stop_before)(void *opaque, uint64_t pc);
    /*
     * Called with (env, hook_arg) before the first instruction; afterwards
     * the unit is left if rip has changed.  May be NULL.  Flags of the helper:
     * FAULTS and READS/WRITES of everything.
     */
    const TCGHelper *hook;
    uint64_t hook_arg;
    void *opaque;
} X86TransIn;

#define X86_UNIT_MAX_RANGES 8
#define X86_UNIT_MAX_PAGES  4

typedef struct X86TransRange {
    uint64_t start, end;    /* [start, end) */
} X86TransRange;

/* What a unit covers.  Every byte the decoder looked at is in a range. */
typedef struct X86TransOut {
    unsigned n_insns;
    unsigned n_ranges;
    X86TransRange ranges[X86_UNIT_MAX_RANGES];
} X86TransOut;

/*
 * Translate the unit at in->pc into @s (tcg_unit_start() is done here).  The
 * result is not optimised yet.  Always yields a valid unit: code that cannot
 * be fetched or decoded becomes an exit with the right exception.  @out has at
 * most X86_UNIT_MAX_PAGES different pages.
 */
void x86_translate(TCGContext *s, const X86TransIn *in, X86TransOut *out);

/* Decode features (1 << X86_FEAT_*) of a CPU model. */
struct X86CPUModel;
uint64_t x86_model_features(const struct X86CPUModel *m);

#endif
