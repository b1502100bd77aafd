/*
 * Cold code: what has not run often enough to be worth a translation is
 * executed from its decoded form, block by block (target/i386/step.h).
 *
 * Each place where a block begins has a counter.  The first cfg.cold_runs times
 * that the execution loop wants a unit there and finds none, the block is run
 * here; then it is translated.  Places share counters when the program is
 * large, which only makes some of them hot too early.
 *
 * A block ends behind a branch, in front of a hook, a bridge or a unit, and
 * where bytes cannot be read.  One that contains an instruction the stepper
 * does not know, or that begins at a hook, is translated at once.  Nothing is
 * remembered of a block but its counter, so there is nothing to invalidate.
 *
 * Locking: decoding holds the engine lock, for the tables of hooks and for the
 * page callbacks; running takes none.  Counters are written without one: a lost
 * count does no harm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "target/i386/helper.h"
#include "target/i386/step.h"
#include "tcg/tcg-cc.h"
#include <sys/mman.h>

#define COLD_BITS       16
#define COLD_MAX_INSNS  32

static uint8_t runs[1u << COLD_BITS] QEMU_ALIGNED(4096);

/* Neighbours share cache lines. */
static uint8_t *counter(uint64_t pc)
{
    return &runs[(pc >> 1 ^ pc >> (1 + COLD_BITS)) & ((1u << COLD_BITS) - 1)];
}

void cold_init(void)
{
#ifdef MADV_POPULATE_WRITE
    /* Soon all of it is in use: cheaper than a fault for each page. */
    if (engine.cfg.cold_runs) {
        madvise(runs, sizeof(runs), MADV_POPULATE_WRITE);
    }
#endif
}

bool cold_wanted(uint64_t pc)
{
    return *counter(pc) < engine.cfg.cold_runs;
}

static void count_run(uint64_t pc, bool ran)
{
    if (engine.cfg.cold_runs != COLD_ALWAYS) {
        *counter(pc) = ran ? *counter(pc) + 1 : UINT8_MAX;
    }
}

typedef struct ColdBlock {
    X86Insn insn[COLD_MAX_INSNS];
    unsigned n;
    unsigned closing;       /* insns up to one that sets all flags, or 0 */
    uint64_t page;          /* that code may be read from, plus 1 */
} ColdBlock;

static bool page_is_code(ColdBlock *b, uint64_t pc)
{
    uint64_t page = (pc & GUEST_PAGE_MASK) + 1;

    if (b->page != page) {
        if (engine.cfg.user &&
            !(engine.cfg.user->page_flags(pc, NULL) & PAGE_EXEC)) {
            return false;
        }
        b->page = page;
    }
    return true;
}

static bool decode_at(ColdBlock *b, X86Insn *insn, uint64_t pc,
                      uint64_t features)
{
    const uint8_t *code = (const uint8_t *)(uintptr_t)pc;
    size_t room = GUEST_PAGE_SIZE - (pc & ~GUEST_PAGE_MASK);
    X86DecodeResult r;

    if (!page_is_code(b, pc)) {
        return false;
    }
    r = x86_decode(insn, code, room, pc, features);
    if (r == X86_DECODE_NEED_MORE && page_is_code(b, pc + room)) {
        r = x86_decode(insn, code, X86_MAX_INSN_LEN, pc, features);
    }
    return r == X86_DECODE_OK;
}

/* Decode the block at @pc; false when it is not for the stepper. */
static bool decode_block(ColdBlock *b, uint64_t pc, uint64_t features)
{
    b->n = b->closing = 0;
    b->page = 0;
    while (b->n < COLD_MAX_INSNS) {
        X86Insn *insn = &b->insn[b->n];

        if (hook_at(pc) || bridge_at(pc) || (b->n && tb_lookup_rare(pc))) {
            break;
        }
        if (!decode_at(b, insn, pc, features)) {
            break;
        }
        if (!x86_step_knows(insn)) {
            return false;
        }
        b->n++;
        if (!b->closing && (x86_insn_flags_killed(insn) & CC_ALL) == CC_ALL) {
            b->closing = b->n;
        }
        if (x86_insn_row(insn)->branch != X86_BR_NONE) {
            break;
        }
        pc = x86_insn_next(insn);
    }
    return b->n > 0;
}

/* The same, ready for faults. */
static bool decode_guarded(EngineCPU *cpu, ColdBlock *b, uint64_t pc)
{
    if (_setjmp(cpu->translate_jmp)) {
        /* as in tb_translate(), which will meet the same fault */
        cpu_interrupt(cpu->env);
        return false;
    }
    return decode_block(b, pc, x86_model_features(cpu->env->model));
}

static bool fetch_block(EngineCPU *cpu, ColdBlock *b, uint64_t pc)
{
    bool ok;

    cpu->bad_page = 0;
    engine_lock();
    cpu->translating = true;
    ok = decode_guarded(cpu, b, pc);
    cpu->translating = false;
    engine_unlock();
    return ok;
}

bool cold_run(EngineCPU *cpu, uint64_t pc)
{
    CPUArchState *env = cpu->env;
    X86StepBlock step;
    ColdBlock b;
    unsigned done;
    bool ok = fetch_block(cpu, &b, pc);

    count_run(pc, ok);
    if (!ok) {
        return false;
    }
    step = (X86StepBlock) {
        .insn = b.insn, .n = b.n, .start = pc,
        .end = x86_insn_next(&b.insn[b.n - 1]), .ordered = engine.tcg->tso,
    };
    tcg_cc_settle(engine.tcg, env);
    cpu->stats.cold_blocks++;
    env->common.exception_index = -1;
    cpu->stepping = cpu->in_code = true;
    done = x86_step_run(env, &step);
    cpu->stepping = cpu->in_code = false;
    cpu->stats.cold_insns += done;
    if (b.closing && done >= b.closing) {
        cpu->flags_open = false;
    }
    if (env->common.exception_index < 0) {
        env->common.exception_index = EXCP_STEPPED;
    }
    return true;
}
