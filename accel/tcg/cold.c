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
 * does not know, or that begins at a hook, is translated at once.  Decoded
 * blocks are kept, but compared with the guest's code each time: there is
 * nothing to invalidate.  Other threads may write the code while it is decoded,
 * which nothing holds up: each instruction is copied, and decoded from that.
 *
 * Locking: decoding holds the engine lock, for the tables of hooks, the page
 * callbacks and the blocks that are kept; running takes none.  Counters are
 * written without one: a lost count does no harm.
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
/* Bytes of code that are read at once. */
#define COLD_FETCH      16
QEMU_BUILD_BUG_ON(COLD_FETCH < X86_MAX_INSN_LEN);

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
    uint64_t pc, end;
    uint32_t generation;    /* of hooks */
    uint8_t n;
    uint8_t closing;        /* insns up to one that sets all flags, or 0 */
    X86StepInsn insn[COLD_MAX_INSNS];
    /* What was decoded: the guest's own may change at any time. */
    uint8_t code[COLD_MAX_INSNS * X86_MAX_INSN_LEN + COLD_FETCH];
} ColdBlock;

static size_t block_size(unsigned n)
{
    return offsetof(ColdBlock, insn) + n * sizeof(X86StepInsn);
}

/* --- decoding ------------------------------------------------------------- */

/*
 * May code be read at @pc?  In a process with one thread the answer holds for
 * a run of pages until some code is taken away (tb_invalidate_range()).
 */
static bool page_is_code(uint64_t pc)
{
    static uint64_t start, end, changes;

    if (!engine.cfg.user) {
        return true;
    }
    if (pc - start < end - start && changes == engine.stats.invalidate_calls &&
        !engine.cpus->next) {
        return true;
    }
    changes = engine.stats.invalidate_calls;
    start = end = pc & GUEST_PAGE_MASK;
    if (!(engine.cfg.user->page_flags(pc, &end) & PAGE_EXEC)) {
        end = start;
        return false;
    }
    if (engine.cfg.protect_granule != GUEST_PAGE_SIZE) {
        end = start;        /* files may shrink below such pages */
    }
    return true;
}

/* Decode the instruction at @pc from a copy of it at @code. */
static bool decode_at(X86Insn *insn, uint8_t *code, uint64_t pc,
                      uint64_t features)
{
    const uint8_t *guest = (const uint8_t *)(uintptr_t)pc;
    size_t room = GUEST_PAGE_SIZE - (pc & ~GUEST_PAGE_MASK);
    X86DecodeResult r;

    if (likely(room >= COLD_FETCH)) {
        memcpy(code, guest, COLD_FETCH);
        return x86_decode(insn, code, COLD_FETCH, pc, features) ==
               X86_DECODE_OK;
    }
    memcpy(code, guest, room);
    r = x86_decode(insn, code, room, pc, features);
    if (r == X86_DECODE_NEED_MORE && page_is_code(pc + room)) {
        memcpy(code, guest, X86_MAX_INSN_LEN);
        r = x86_decode(insn, code, X86_MAX_INSN_LEN, pc, features);
    }
    return r == X86_DECODE_OK;
}

/* Decode the block at @pc; false when it is not for the stepper. */
static bool decode_block(ColdBlock *b, uint64_t pc, uint64_t features)
{
    uint64_t page = 0;
    X86Insn insn;

    b->pc = pc;
    b->generation = hook_generation();
    b->n = b->closing = 0;
    while (b->n < COLD_MAX_INSNS) {
        if ((pc & GUEST_PAGE_MASK) + 1 != page) {
            page = (pc & GUEST_PAGE_MASK) + 1;
            if (!page_is_code(pc)) {
                break;
            }
        }
        if (hook_at(pc) || bridge_at(pc) || (b->n && tb_lookup_rare(pc)) ||
            !decode_at(&insn, b->code + (pc - b->pc), pc, features)) {
            break;
        }
        if (!x86_step_prepare(&b->insn[b->n], &insn)) {
            return false;
        }
        b->n++;
        if (!b->closing &&
            (x86_insn_flags_killed(&insn) & CC_ALL) == CC_ALL) {
            b->closing = b->n;
        }
        pc = x86_insn_next(&insn);
        if (x86_insn_row(&insn)->branch != X86_BR_NONE) {
            break;
        }
    }
    b->end = pc;
    return b->n > 0;
}

/* --- blocks that ran more than once --------------------------------------- */

/*
 * Kept in a ring, followed by their guest code: a block is good as long as that
 * is still in its place.  Positions in the ring only grow, so what has been
 * overwritten is told from its position.  Engine lock.
 */
#define RING_SIZE   (512u * 1024)
#define KEPT_BITS   11

static uint8_t ring[RING_SIZE] QEMU_ALIGNED(8);
static uint64_t ring_pos = 2 * RING_SIZE;
static struct {
    uint64_t pc;
    uint64_t pos;
} kept[1u << KEPT_BITS];

static unsigned kept_index(uint64_t pc)
{
    return pc * 0x9e3779b97f4a7c15ull >> (64 - KEPT_BITS);
}

static void keep_block(const ColdBlock *b)
{
    size_t size = block_size(b->n), len = b->end - b->pc;
    size_t total = ROUND_UP(size + len, 8u);
    unsigned k = kept_index(b->pc);
    uint8_t *p;

    if (ring_pos % RING_SIZE + total > RING_SIZE) {
        ring_pos = ROUND_UP(ring_pos, (uint64_t)RING_SIZE);
    }
    p = &ring[ring_pos % RING_SIZE];
    kept[k].pc = b->pc;
    kept[k].pos = ring_pos;
    ring_pos += total;
    memcpy(p, b, size);
    memcpy(p + size, b->code, len);
}

static bool find_kept(ColdBlock *b, uint64_t pc)
{
    unsigned k = kept_index(pc);
    const ColdBlock *old = (const ColdBlock *)&ring[kept[k].pos % RING_SIZE];
    size_t size;

    if (kept[k].pc != pc || ring_pos - kept[k].pos > RING_SIZE ||
        old->generation != hook_generation() || !page_is_code(pc) ||
        !page_is_code(old->end - 1)) {
        return false;
    }
    size = block_size(old->n);
    if (memcmp((const uint8_t *)old + size, (const void *)(uintptr_t)pc,
               old->end - pc)) {
        return false;
    }
    memcpy(b, old, size);
    return true;
}

/* --- running -------------------------------------------------------------- */

static bool get_block(EngineCPU *cpu, ColdBlock *b, uint64_t pc)
{
    bool again = *counter(pc) || engine.cfg.cold_runs == COLD_ALWAYS;

    if (again && find_kept(b, pc)) {
        return true;
    }
    if (!decode_block(b, pc, x86_model_features(cpu->env->model))) {
        return false;
    }
    if (again) {
        keep_block(b);
    }
    return true;
}

/* The same, ready for faults. */
static bool get_block_guarded(EngineCPU *cpu, ColdBlock *b, uint64_t pc)
{
    if (_setjmp(cpu->translate_jmp)) {
        /* as in tb_translate(), which will meet the same fault */
        cpu_interrupt(cpu->env);
        return false;
    }
    return get_block(cpu, b, pc);
}

static bool fetch_block(EngineCPU *cpu, ColdBlock *b, uint64_t pc)
{
    bool ok;

    cpu->bad_page = 0;
    engine_lock();
    cpu->translating = true;
    ok = get_block_guarded(cpu, b, pc);
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
        .insn = b.insn, .n = b.n, .start = pc, .end = b.end,
        .ordered = engine.tcg->tso,
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
