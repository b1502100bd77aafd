/*
 * Cold code: what has not run often enough to be worth a translation is
 * executed from its decoded form, block by block (target/i386/step.h).
 *
 * Each place where a block begins has a counter.  The first cfg.cold_runs times
 * that the execution loop wants a unit there and finds none, the block is run
 * here; then it is translated.  Places share counters when the program is very
 * large, which only makes some of them hot too early.
 *
 * A block ends behind a branch, in front of a hook, a bridge or a unit, and
 * where bytes cannot be read.  One that contains an instruction the stepper
 * does not know, or that begins at a hook, is translated at once.  Decoded
 * blocks are kept, but compared with the guest's code each time: there is
 * nothing to invalidate.  Other threads may write the code while it is decoded,
 * which nothing holds up: each instruction is copied, and decoded from that.
 *
 * Locking: decoding and counting hold the engine lock, for the tables of hooks,
 * the page callbacks and the blocks that are kept; running takes none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "target/i386/helper.h"
#include "target/i386/step.h"
#include "tcg/tcg-cc.h"

#define PLACE_BITS      20
#define COLD_MAX_INSNS  32
/* Bytes of code that are read at once. */
#define COLD_FETCH      16
QEMU_BUILD_BUG_ON(COLD_FETCH < X86_MAX_INSN_LEN);
/* From less than this the decoder makes a copy of its own. */
#define COLD_WINDOW     64

/*
 * What is known about a place: in the low byte how often it has run, above it
 * where its block is kept, in units of eight bytes, or 0.  Neighbours share
 * cache lines, and a program touches only what it has code for.  Blocks are
 * rarely less than four bytes apart.
 */
static _Atomic uint32_t places[1u << PLACE_BITS] QEMU_ALIGNED(4096);

static _Atomic uint32_t *place_of(uint64_t pc)
{
    return &places[(pc >> 2 ^ pc >> (2 + PLACE_BITS)) &
                   ((1u << PLACE_BITS) - 1)];
}

static uint32_t place_get(uint64_t pc)
{
    return atomic_load_explicit(place_of(pc), memory_order_relaxed);
}

static void place_set(uint64_t pc, uint32_t v)
{
    atomic_store_explicit(place_of(pc), v, memory_order_relaxed);
}

bool cold_wanted(uint64_t pc)
{
    return (uint8_t)place_get(pc) < engine.cfg.cold_runs;
}

static void count_run(uint64_t pc, bool ran)
{
    if (engine.cfg.cold_runs != COLD_ALWAYS) {
        uint32_t v = place_get(pc);

        place_set(pc, ran ? v + 1 : v | UINT8_MAX);
    }
}

typedef struct ColdBlock {
    uint64_t pc, end;
    uint32_t generation;    /* of hooks */
    uint8_t n;
    uint8_t closing;        /* insns up to one that sets all flags, or 0 */
    X86StepInsn insn[COLD_MAX_INSNS];
    /* What was decoded: the guest's own may change at any time. */
    uint8_t code[COLD_MAX_INSNS * X86_MAX_INSN_LEN + COLD_WINDOW];
} ColdBlock;

static size_t block_size(unsigned n)
{
    return offsetof(ColdBlock, insn) + n * sizeof(X86StepInsn);
}

/* --- decoding ------------------------------------------------------------- */

/* Decode the instruction at @pc from a copy of it at @code. */
static bool decode_at(X86Insn *insn, uint8_t *code, uint64_t pc,
                      uint64_t features)
{
    const uint8_t *guest = (const uint8_t *)(uintptr_t)pc;
    size_t room = GUEST_PAGE_SIZE - (pc & ~GUEST_PAGE_MASK);
    X86DecodeResult r;

    if (likely(room >= COLD_FETCH)) {
        memcpy(code, guest, COLD_FETCH);
        return x86_decode(insn, code, COLD_WINDOW, pc, features) ==
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

/* --- blocks that have run ------------------------------------------------- */

/*
 * Kept in a ring, followed by their guest code: a block is good as long as that
 * is still in its place.  When the ring is full, the oldest make room; between
 * `oldest` and `old_end` are those that were there before it began anew.
 * Engine lock.
 */
#define RING_SIZE   (8u * 1024 * 1024)

static uint8_t ring[RING_SIZE] QEMU_ALIGNED(8);
static uint32_t ring_pos = 8, oldest, old_end;

static ColdBlock *block_at(uint32_t pos)
{
    return (ColdBlock *)&ring[pos];
}

static uint32_t kept_size(const ColdBlock *b)
{
    return ROUND_UP(block_size(b->n) + (b->end - b->pc), 8u);
}

static uint32_t kept_at(uint64_t pc)
{
    return place_get(pc) >> 8 << 3;
}

/* Forget old blocks in front of @end. */
static void drop_old(uint32_t end)
{
    while (oldest < old_end && oldest < end) {
        const ColdBlock *b = block_at(oldest);

        if (kept_at(b->pc) == oldest) {
            place_set(b->pc, place_get(b->pc) & UINT8_MAX);
        }
        oldest += kept_size(b);
    }
}

static void keep_block(const ColdBlock *b)
{
    size_t size = block_size(b->n);
    uint32_t total = kept_size(b);

    if (ring_pos + total > RING_SIZE) {
        drop_old(RING_SIZE);
        old_end = ring_pos;
        ring_pos = oldest = 8;
    }
    drop_old(ring_pos + total);
    memcpy(&ring[ring_pos], b, size);
    memcpy(&ring[ring_pos + size], b->code, b->end - b->pc);
    place_set(b->pc, (place_get(b->pc) & UINT8_MAX) | ring_pos >> 3 << 8);
    ring_pos += total;
}

static bool find_kept(ColdBlock *b, uint64_t pc)
{
    uint32_t pos = kept_at(pc);
    const ColdBlock *old = block_at(pos);
    size_t size;

    if (!pos || old->pc != pc || old->generation != hook_generation() ||
        !page_is_code(pc) || !page_is_code(old->end - 1)) {
        return false;
    }
    size = block_size(old->n);
    /* memcmp() may look twice at what another thread is writing. */
    memcpy(b->code, (const void *)(uintptr_t)pc, old->end - pc);
    if (memcmp(&ring[pos + size], b->code, old->end - pc)) {
        return false;
    }
    memcpy(b, old, size);
    return true;
}

/* --- running -------------------------------------------------------------- */

static bool get_block(EngineCPU *cpu, ColdBlock *b, uint64_t pc)
{
    if (find_kept(b, pc)) {
        return true;
    }
    if (!decode_block(b, pc, x86_model_features(cpu->env->model))) {
        return false;
    }
    engine.stats.cold_decoded++;
    keep_block(b);
    return true;
}

static bool fetch_block(EngineCPU *cpu, ColdBlock *b, uint64_t pc)
{
    bool ok;

    cpu->bad_page = 0;
    engine_lock();
    cpu->translating = true;
    ok = get_block(cpu, b, pc);
    count_run(pc, ok);
    cpu->translating = false;
    engine_unlock();
    return ok;
}

static void run_block(EngineCPU *cpu, const ColdBlock *b)
{
    CPUArchState *env = cpu->env;
    X86StepBlock step = {
        .insn = b->insn, .n = b->n, .start = b->pc, .end = b->end,
        .ordered = engine.tcg->tso,
    };
    unsigned done;

    cpu->stats.cold_blocks++;
    cpu->stepping = cpu->in_code = true;
    done = x86_step_run(env, &step);
    cpu->stepping = cpu->in_code = false;
    cpu->stats.cold_insns += done;
    if (b->closing && done >= b->closing) {
        cpu->flags_open = false;
    }
}

/* Does cold code follow, and does nobody want something of the CPU? */
static bool goes_on(const EngineCPU *cpu)
{
    const CPUCommon *c = &cpu->env->common;

    return c->exception_index < 0 &&
           !atomic_load_explicit(&c->interrupt_request,
                                 memory_order_relaxed) &&
           cold_wanted(cpu->env->rip) && !tb_lookup_rare(cpu->env->rip);
}

/* Run blocks from rip on, where one is wanted. */
static void run_blocks(EngineCPU *cpu)
{
    CPUArchState *env = cpu->env;
    ColdBlock b;

    if (_setjmp(cpu->translate_jmp)) {
        /* as in tb_translate(), which will meet the same fault */
        count_run(env->rip, false);
        cpu->translating = false;
        engine_unlock();
        cpu_interrupt(env);
        return;
    }
    do {
        if (!fetch_block(cpu, &b, env->rip)) {
            break;
        }
        run_block(cpu, &b);
    } while (goes_on(cpu));
}

bool cold_run(EngineCPU *cpu)
{
    CPUArchState *env = cpu->env;
    uint64_t before = cpu->stats.cold_blocks;

    tcg_cc_settle(engine.tcg, env);
    env->common.exception_index = -1;
    run_blocks(cpu);
    if (cpu->stats.cold_blocks == before) {
        return false;
    }
    if (env->common.exception_index < 0) {
        env->common.exception_index = EXCP_STEPPED;
    }
    return true;
}
