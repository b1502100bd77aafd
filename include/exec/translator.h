/*
 * What the engine asks of a guest front end: turn the guest code at one
 * address into the IR of one unit.  accel/tcg calls this, target/i386
 * implements it.
 *
 * Guest code is read directly (guest address = host address), but only from
 * pages that open_page() allowed: that call is what makes the engine see
 * later writes to the page, so it has to come before the first byte is read.
 * Every byte a unit depends on is reported in TranslateResult.ranges, bytes
 * that were only looked at (flags a successor overwrites) included.
 *
 * Locking: both functions run with the engine's translation lock held and
 * must not call into the engine except through the request's callbacks.
 * A read of guest code may fault (a file that was truncated); the engine then
 * abandons the call, so a front end must hold no resource across reads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef EXEC_TRANSLATOR_H
#define EXEC_TRANSLATOR_H

#include "qemu/osdep.h"
#include "tcg/tcg.h"

/* Limits of a unit: the front end ends it rather than exceed them. */
#define TRANSLATE_MAX_RANGES 12
#define TRANSLATE_MAX_PAGES  4
#define TRANSLATE_MAX_INSNS  256

struct X86CPUModel;

typedef struct TranslateRequest {
    uint64_t pc;
    unsigned max_insns;         /* 1 .. TRANSLATE_MAX_INSNS */
    const struct X86CPUModel *model;
    /*
     * One basic block: do not follow jumps, build no loops, look at no bytes
     * outside the block.  Set for code that is rewritten often.
     */
    bool simple;
    /* The rounds of a loop (TCGLoop): the safe point is at the beginning. */
    bool rounds;
    /*
     * Unless NULL: the @nbytes bytes from pc on, to be decoded whatever is there
     * by now.  Another 16 behind them may be read.
     */
    const uint8_t *bytes;
    size_t nbytes;
    /* End the unit after the first instruction that may write memory. */
    bool end_after_store;
    /* Leave the unit behind an instruction that has written near its code. */
    bool leave_after_own_store;
    /*
     * May code be read from the guest page at @page (its first byte)?  False
     * when it is unmapped or not executable: the unit then ends before the
     * first instruction that needs it; when that is the first of the unit,
     * the unit becomes an EXCP0E_PAGE exit with PG_ERROR_I (and PG_ERROR_U,
     * cr2 = first byte that cannot be fetched) and fetch_fault is set.
     * Ask once per page and unit.  Also false beyond TRANSLATE_MAX_PAGES.
     */
    bool (*open_page)(void *opaque, uint64_t page);
    /* Is there a hook at @pc?  A unit runs into no hooked pc: it ends with
     * a direct exit to it.  Not asked for the first instruction. */
    bool (*has_hook)(void *opaque, uint64_t pc);
    /*
     * Is there a unit at @pc already?  Code that has one is not translated
     * again as the tail of another: the unit ends with a direct exit to it.
     * May be NULL.  Not asked for the first instruction.
     */
    bool (*has_unit)(void *opaque, uint64_t pc);
    /*
     * Is there a unit at @pc that leads back to the unit being made, that is, the
     * rest of a loop?  For that has_unit() says no.  May be NULL.
     */
    bool (*closes_loop)(void *opaque, uint64_t pc);
    /* Name of the function at @pc for `-d in_asm`, or NULL; may be NULL. */
    const char *(*symbol)(uint64_t pc, uint64_t *start, uint64_t *size);
    /*
     * Unless NULL: called right after tcg_unit_start(), emits what the engine
     * wants to run at the unit's entry (hooks, comparing code bytes).  Side
     * labels it makes are placed by the engine behind the finished unit.
     */
    void (*gen_entry)(void *opaque, TCGContext *s);
    void *opaque;
} TranslateRequest;

typedef struct TranslateRange {
    uint64_t start;
    uint32_t len;       /* may cross pages */
    uint32_t pad;
} TranslateRange;

typedef struct TranslateResult {
    unsigned insns;
    unsigned nb_ranges;
    /* In the order they were read; neighbours merged where it is easy. */
    TranslateRange ranges[TRANSLATE_MAX_RANGES];
    bool fetch_fault;   /* see open_page: such a unit is used once */
} TranslateResult;

/* Once, before the first unit: register globals and the CPU state's layout. */
void x86_translate_init(TCGContext *s);

/*
 * Build the IR of the unit at rq->pc in @s (tcg_unit_start() included, passes
 * not).  Returns false when s->overflow: ask again with fewer max_insns; one
 * instruction always fits.  Exits to a lower or equal pc are preceded by a
 * `poll`, so that every guest loop has a safe point.
 */
bool x86_translate_unit(TCGContext *s, const TranslateRequest *rq,
                        TranslateResult *rs);

/*
 * A guest memory access of the instruction at rip faulted; the state is exact
 * and the exception fields are set.  Completes what the instruction had done
 * by then, and corrects the exception.  @page_flags as in EngineUserOps, or
 * NULL.  Async-signal-safe.
 */
struct CPUArchState;
void x86_fault_fixup(struct CPUArchState *env,
                     int (*page_flags)(uint64_t addr, uint64_t *end));

/*
 * Bytes that the instruction at guest address @pc, which has been executed
 * before, accesses at once.  Async-signal-safe.
 */
unsigned x86_access_size(uint64_t pc);

#endif
