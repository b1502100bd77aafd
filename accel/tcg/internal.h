/*
 * What the files of the engine share: its global state, the private part of a
 * CPU, and the internal functions of each file.
 *
 * Locking.  One mutex, engine_lock(), covers translation, the unit tables,
 * page descriptors, links between units, hooks and chunk states.  It is a
 * leaf except for the page callbacks of EngineUserOps.  Without it one may
 * look up units by guest pc or by host address and read published units,
 * because a unit's memory is not reused while a CPU could still hold a
 * pointer to it (see "Quiescence" below).
 *
 * Quiescence.  engine.epoch grows whenever something is retired.  A CPU that
 * runs announces, at points where it holds no pointer to a unit, the epoch it
 * has seen; a CPU outside cpu_exec() announces 0.  What was retired at epoch R
 * may be reused when every CPU announces 0 or at least R.  Code suspended
 * below a hook or nested cpu_exec() pins what existed then: [pin_start,
 * pin_end].
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_TCG_INTERNAL_H
#define ACCEL_TCG_INTERNAL_H

#include "qemu/osdep.h"
#include "exec/engine.h"
#include "exec/translator.h"
#include "target/i386/cpu.h"
#include "tcg/tcg-backend.h"
#include "accel/tcg/tb.h"
#include <pthread.h>
#include <setjmp.h>

/* Bits of CPUCommon.interrupt_request. */
enum {
    CPU_REQ_INTERRUPT = 1,  /* cpu_interrupt(): return EXCP_INTERRUPT */
    CPU_REQ_ENGINE    = 2,  /* look at the engine: caches, exclusive section */
};

/* exception_index values that never leave the engine. */
enum {
    EXCP_RESTART = 0x20000, /* run the instruction at rip alone, then go on */
    EXCP_STALE,             /* the code check of the unit at rip failed */
    EXCP_NO_ROOM,           /* no code memory until other CPUs have moved on */
    EXCP_STEPPED,           /* cold code has run; go on at rip */
};

/* One activation of cpu_exec(). */
typedef struct ExecLevel {
    jmp_buf jmp;
    struct ExecLevel *outer;
    uint64_t epoch, pin_start, pin_end;     /* of the outer level */
    uint64_t own_pin_start, own_pin_end;
    uint64_t host_sp;
    uint64_t scratch[6];
    bool outer_in_code, outer_running;
} ExecLevel;

/* Counters a CPU keeps without locking; summed for -d stats. */
typedef struct CPUStats {
    uint64_t entries, lookups, misses, faults, interrupts, restarts;
    uint64_t cold_blocks, cold_insns;
} CPUStats;

/* The engine's private part of a CPU; written by its own thread only, except
 * where noted. */
typedef struct EngineCPU {
    CPUArchState *env;
    TBJmpCacheEntry *jmp_cache;             /* the real one */
    struct EngineCPU *next, **pprev;        /* engine lock */
    _Atomic uint64_t epoch;                 /* read by reclaim */
    _Atomic uint64_t pin_start, pin_end;    /* read by reclaim; 0 = none */
    _Atomic uint32_t pin_changes;           /* read by reclaim */
    _Atomic bool running;                   /* see exclusive.c */
    bool in_code;           /* between enter() and its return, or below it;
                               and while cold code runs */
    bool stepping;          /* cold code runs */
    bool flags_open;        /* the flags were left undefined, because they are
                               set before somebody can look: no interrupts */
    uint64_t log_seen;      /* invalidation log position */
    ExecLevel *level;
    uint64_t one_shot_pc;   /* run this instruction alone, unprotected */
    bool one_shot;
    bool skip_hook;         /* do not run the hook at skip_hook_pc again */
    uint64_t skip_hook_pc;
    /* Write faults in a row, at one place, that found nothing to unprotect. */
    uint64_t spurious_addr, spurious_pc;
    unsigned spurious;
    unsigned room_waits;
    /* Fault while the translator reads guest code. */
    bool translating;
    jmp_buf translate_jmp;
    uint64_t bad_page;      /* page that could not be read, plus 1; 0 = none */
    int bad_si_code;
    /* Fault while a fault handler reads guest code. */
    bool looking;
    jmp_buf look_jmp;
    CPUStats stats;
} EngineCPU;

typedef struct EngineStats {
    uint64_t units, insns, guest_bytes, host_bytes, translate_ns;
    uint64_t one_shots, rounds, revived, links, link_refused;
    uint64_t invalidated, invalidate_calls, write_faults;
    uint64_t cold_decoded;
    uint64_t check_pages, check_failed;
    uint64_t chunks_opened, chunks_retired, chunks_copied, forks;
} EngineStats;

typedef struct Engine {
    EngineConfig cfg;
    const TCGBackend *backend;
    TCGContext *tcg;                    /* engine lock */
    _Atomic uint64_t epoch;             /* grows under the engine lock */
    _Atomic uint64_t log_head;          /* invalidation log, see chain.c */
    _Atomic bool parallel;
    unsigned max_insns;
    bool have_membarrier;
    EngineCPU *cpus;                    /* engine lock */
    EngineStats stats;                  /* engine lock */
} Engine;

extern Engine engine;
extern __thread EngineCPU *engine_current_cpu;

static inline EngineCPU *engine_cpu(CPUArchState *env)
{
    return env->common.engine_cpu;
}

/*
 * One side of these protocols runs all the time (a CPU says what it does, then
 * looks whether somebody waits), the other hardly ever (somebody says that he
 * waits, then looks what the CPUs do).  The frequent side gets the cheap
 * fence; the rare side makes up for it with membarrier(2).
 */
static inline void fence_light(void)
{
    if (likely(engine.have_membarrier)) {
        atomic_signal_fence(memory_order_seq_cst);
    } else {
        atomic_thread_fence(memory_order_seq_cst);
    }
}

/* engine.c */
void fence_heavy(void);
void engine_lock(void);
void engine_unlock(void);

/*
 * cpu.c: leave generated code at the next safe point.  Async-signal-safe, any
 * thread.  cpu_rearm() undoes it, before the requests are looked at.
 */
void cpu_request(EngineCPU *cpu, uint32_t bits);
static inline void cpu_rearm(EngineCPU *cpu)
{
    TBJmpCacheEntry **p = &cpu->env->common.jmp_cache;

    if (unlikely(__atomic_load_n(p, __ATOMIC_RELAXED) != cpu->jmp_cache)) {
        __atomic_store_n(p, cpu->jmp_cache, __ATOMIC_SEQ_CST);
    }
}

/* Ask every other CPU to pass its safe point (lock held). */
void cpu_kick_others(void);
void cpu_forked(void);
void cpu_sum_stats(CPUStats *out);

/* translate-all.c: host entry of a unit at @pc, or NULL with the exception
 * fields set.  Takes the lock. */
TB *tb_translate(EngineCPU *cpu, uint64_t pc, bool one_shot);
/*
 * A unit has jumped to its own pc by @e, marked as a loop exit and not linked: the
 * unit that goes on from there, made if need be, with @e linked to it.  NULL: the
 * one of the table has to do.  Takes the lock.
 */
TB *tb_go_round(EngineCPU *cpu, TBExit *e);
bool page_is_code(uint64_t pc);     /* lock held */
/* The unit at @pc failed its check (see EXCP_STALE). */
void tb_check_failed(uint64_t pc);

/*
 * cold.c: has the code at @pc run so seldom that it is not to be translated
 * yet?  Then cold_run() may run some of it and return true with an exception
 * set; it returns false when a unit is needed after all.
 */
bool cold_wanted(uint64_t pc);
bool cold_run(EngineCPU *cpu);

/* code-cache.c */
typedef struct CodeSpace {
    TCGCodeBuf buf;
    unsigned chunk;
    uint32_t meta_mark;
} CodeSpace;
bool code_cache_init(size_t size);
/* Permanent code (the prologue). */
TCGCodeBuf code_cache_permanent(void);
void code_cache_permanent_used(size_t bytes);
/* Room for one more unit; @fresh asks for an empty chunk.  Lock held. */
bool code_cache_begin(CodeSpace *cs, bool fresh);
/* Memory that lives as long as the chunk; NULL when the chunk is full. */
void *code_cache_alloc(CodeSpace *cs, size_t size);
/* Give back what was allocated since code_cache_begin(). */
void code_cache_abort(CodeSpace *cs);
void code_cache_commit(CodeSpace *cs, TB *tb);
/* Unit whose code contains @host_pc, or NULL.  Async-signal-safe. */
TB *code_cache_find(uintptr_t host_pc);
bool code_cache_contains(uintptr_t host_pc);
/* Writable alias of @rx; the chunk is made private to this process first. */
uint8_t *code_cache_writable(const uint8_t *rx);
/* Is a link from the unit at @rx worth making (see fork)? */
bool code_cache_want_link(const uint8_t *rx);
/* Drop all units; memory follows when no CPU uses it any more. */
void code_cache_retire_all(void);
/* Every chunk is shared with another process from now on. */
void code_cache_forked(void);
size_t code_cache_used(void);
size_t code_cache_size(void);
/* free() @p when no CPU can hold a pointer to it any more.  Lock held. */
void engine_free_later(void *p);

/* chain.c */
void chain_link(TBExit *e, TB *target);
void chain_unlink_incoming(TB *tb);
void chain_unlink_outgoing(TB *tb);
void chain_log_invalidated(uint64_t pc);
/* Forget what the log says is gone.  The CPU's own thread only. */
void chain_sync_cpu(EngineCPU *cpu);
void chain_init_cpu(EngineCPU *cpu);
static inline bool chain_cpu_is_current(const EngineCPU *cpu)
{
    return cpu->log_seen == atomic_load_explicit(&engine.log_head,
                                                 memory_order_acquire);
}
void chain_init(void);
/* A jump cache in which nothing is found; never written. */
extern TBJmpCacheEntry chain_no_jmp_cache[TB_JMP_CACHE_SIZE];
void chain_flush_cpu(EngineCPU *cpu);

/* invalidate.c; all with the lock held */
typedef enum PageMode {
    PAGE_MODE_PROTECT,      /* writes fault */
    PAGE_MODE_CHECK,        /* units compare the code they came from */
    PAGE_MODE_STRICT,       /* and end after a write */
} PageMode;
PageMode page_mode(uint64_t page);
/* Called before code is read from a page. */
void page_make_protected(uint64_t page);
void tb_add_to_pages(TB *tb);
/* Take a unit out of use; @keep: it may come back if its code is the same. */
void tb_retire(TB *tb, bool keep);
/* After a batch of tb_retire(): caches of this CPU, safe points of others. */
void tb_retire_done(void);
void tb_retire_covering(uint64_t pc);
/*
 * The host write-protected code at [addr, addr + len): drop what is there.
 * Returns the number of pages that were unprotected; *hit_rip is set when a
 * unit that covers @rip (or @running) was dropped.
 */
unsigned page_write_fault(uint64_t addr, uint64_t len, const TB *running,
                          uint64_t rip, bool *hit_rip);

/* fault.c */
size_t unwind_encode(const TCGContext *s, uint8_t *out, size_t max);
bool unwind_restore(const TB *tb, CPUArchState *env, uint32_t code_offset,
                    const void *uc, uint64_t *pc);

void engine_interp_trap(void *env, int trap, const void *pc);

/* exclusive.c; the frequent part is in pause.h */
void exclusive_safe_point(EngineCPU *cpu);
void exclusive_lock(void);
void exclusive_unlock(bool reset);

/* hooks.c */
bool hook_at(uint64_t pc);
/* Call the hooks of @pc; go to side label @moved when they changed rip. */
void hook_gen_entry(TCGContext *s, uint64_t pc, unsigned moved);
/* Changes whenever a hook or bridge is added or removed. */
uint32_t hook_generation(void);
/* Retire what was made before the hooks at @pc changed.  Lock held. */
void hooks_changed(uint64_t pc);

/* watches.c */
bool watch_at(uint64_t pc);         /* lock held */
void watch_run(CPUArchState *env);

/* bridges.c; lock held */
bool bridge_at(uint64_t pc);
/* The IR of a bridge's unit, from its insn_start on. */
void bridge_gen(TCGContext *s, uint64_t pc);

/* perfmap.c, jitdump.c: lock held */
void perfmap_init(void);
void perfmap_unit(const TB *tb);
void perfmap_prologue(const uint8_t *rx, size_t size);
void perfmap_forked(void);
void perfmap_name(const TB *tb, char *buf, size_t len);
void jitdump_init(void);
void jitdump_unit(const TB *tb);
void jitdump_forked(void);

/* stats.c: `-d exec`, `-d cpu` */
void engine_log_entry(CPUArchState *env, const TB *tb);

#endif
