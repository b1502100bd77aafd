/*
 * Ways from one unit to the next that do not pass through C: patched direct
 * exits, and each CPU's jump cache and return stack; and how all of them
 * forget a unit that is taken out of use.
 *
 * Links are known at both ends (TBExit.target, TB.incoming), so they are
 * undone exactly.  A CPU's caches belong to its thread.  Whoever retires a
 * unit appends its pc to a log; every CPU catches up with the log at its next
 * safe point, before it uses its caches again.  A CPU that is far behind
 * forgets everything.
 *
 * An empty cache entry holds a pc that cannot match where it stands, so that
 * generated code compares once.  Memory fresh from the kernel is a valid empty
 * jump cache except for entry 0.
 *
 * Locking: engine lock for links and for appending to the log; the log is
 * read without it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include <sys/auxv.h>

#define LOG_SIZE 1024u

/*
 * In entries of return stacks that hold nothing: no address, and a number that
 * no program knows.
 */
static uint64_t no_return;

static struct {
    _Atomic uint64_t pc[LOG_SIZE];      /* engine.log_head were written */
} log;

TBJmpCacheEntry chain_no_jmp_cache[TB_JMP_CACHE_SIZE];

void chain_link(TBExit *e, TB *target)
{
    TB *from = tb_deref(e->owner);

    if (engine.cfg.nochain || e->target || !tb_is_valid(from) ||
        !tb_is_valid(target)) {
        return;
    }
    if (!code_cache_want_link(from->code)) {
        engine.stats.link_refused++;
        return;
    }
    engine.backend->patch_exit(&e->e, from->code,
                               code_cache_writable(from->code), target->code);
    e->target = tb_ref(target);
    e->prev = 0;
    e->next = target->incoming;
    if (e->next) {
        ((TBExit *)tb_deref(e->next))->prev = tb_ref(e);
    }
    target->incoming = tb_ref(e);
    engine.stats.links++;
}

static void chain_unlink(TBExit *e)
{
    const uint8_t *rx = ((TB *)tb_deref(e->owner))->code;
    TB *target = tb_deref(e->target);
    TBExit *prev = tb_deref(e->prev), *next = tb_deref(e->next);

    engine.backend->patch_exit(&e->e, rx, code_cache_writable(rx), NULL);
    if (prev) {
        prev->next = e->next;
    } else {
        target->incoming = e->next;
    }
    if (next) {
        next->prev = e->prev;
    }
    e->target = 0;
}

void chain_unlink_incoming(TB *tb)
{
    while (tb->incoming) {
        chain_unlink(tb_deref(tb->incoming));
    }
}

void chain_unlink_outgoing(TB *tb)
{
    TBExit *e = tb_exits(tb);

    for (unsigned i = 0; i < tb->nb_exits; i++) {
        if (e[i].target) {
            chain_unlink(&e[i]);
        }
    }
}

void chain_log_invalidated(uint64_t pc)
{
    uint64_t n = atomic_load_explicit(&engine.log_head, memory_order_relaxed);

    atomic_store_explicit(&log.pc[n % LOG_SIZE], pc, memory_order_relaxed);
    atomic_store_explicit(&engine.log_head, n + 1, memory_order_seq_cst);
}

static inline uint64_t empty_pc(size_t index)
{
    return index == 0;      /* 1 hashes to 1, 0 hashes to 0 */
}

static void return_stack_clear(EngineCPU *cpu)
{
    uint64_t *pc = cpu->env->common.return_stack;

    for (unsigned i = 0; i < RETURN_STACK_SIZE; i++) {
        pc[i] = no_return;
    }
}

void chain_flush_cpu(EngineCPU *cpu)
{
    TBJmpCacheEntry *jc = cpu->jmp_cache;

    for (size_t i = 0; i < TB_JMP_CACHE_SIZE; i++) {
        if (jc[i].code) {
            jc[i].pc = empty_pc(i);
            jc[i].code = NULL;
        }
    }
    return_stack_clear(cpu);
}

void chain_sync_cpu(EngineCPU *cpu)
{
    TBJmpCacheEntry *jc = cpu->jmp_cache;
    uint64_t head = atomic_load_explicit(&engine.log_head, memory_order_seq_cst);
    uint64_t seen = cpu->log_seen;

    if (seen == head) {
        return;
    }
    cpu->log_seen = head;
    if (head - seen < LOG_SIZE / 2) {
        for (uint64_t n = seen; n < head; n++) {
            uint64_t pc = atomic_load_explicit(&log.pc[n % LOG_SIZE],
                                               memory_order_relaxed);
            size_t i = TB_JMP_CACHE_HASH(pc);

            if (jc[i].pc == pc) {
                jc[i].pc = empty_pc(i);
                jc[i].code = NULL;
            }
        }
        /* Were entries overwritten while we read them? */
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&engine.log_head, memory_order_relaxed) - seen <
            LOG_SIZE) {
            return_stack_clear(cpu);
            return;
        }
    }
    chain_flush_cpu(cpu);
}

void chain_init(void)
{
    const void *random = (const void *)getauxval(AT_RANDOM);

    memcpy(&no_return, random, sizeof(no_return));
    no_return = (no_return & ~(1ull << 62)) | 1ull << 63;
    chain_no_jmp_cache[0].pc = empty_pc(0);
}

void chain_init_cpu(EngineCPU *cpu)
{
    cpu->jmp_cache[0].pc = empty_pc(0);
    return_stack_clear(cpu);
    cpu->log_seen = atomic_load(&engine.log_head);
}
