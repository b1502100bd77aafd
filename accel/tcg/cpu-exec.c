/*
 * The execution loop: find the unit at rip, run it, act on why it was left.
 *
 * cpu_exec() costs one _setjmp() per call; what happens between units costs a
 * load of interrupt_request and of the epoch.  Nothing here knows what an
 * instruction does.
 *
 * Every iteration begins at a safe point: the CPU holds no pointer to a unit,
 * its caches have caught up with the invalidation log, and it takes part in
 * exclusive sections.
 *
 * Locking: none; tb_translate() and linking take the engine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/pause.h"
#include "qemu/log.h"
#include <time.h>

#define VSYSCALL_PAGE 0xffffffffff600000ull

static inline bool is_up_to_date(EngineCPU *cpu)
{
    return atomic_load_explicit(&cpu->epoch, memory_order_relaxed) ==
           atomic_load_explicit(&engine.epoch, memory_order_acquire) &&
           chain_cpu_is_current(cpu);
}

/* Announce the current epoch and forget what was retired before it. */
static inline void safe_point(EngineCPU *cpu)
{
    uint64_t now = atomic_load_explicit(&engine.epoch, memory_order_acquire);

    if (unlikely(!chain_cpu_is_current(cpu))) {
        chain_sync_cpu(cpu);
    }
    if (unlikely(atomic_load_explicit(&cpu->epoch, memory_order_relaxed) !=
                 now)) {
        atomic_store_explicit(&cpu->epoch, now, memory_order_release);
    }
}

static void exec_enter(EngineCPU *cpu, ExecLevel *l)
{
    CPUCommon *c = &cpu->env->common;

    l->outer = cpu->level;
    if (l->outer) {
        /* Nested: the outer unit's scratch values must survive. */
        l->epoch = atomic_load(&cpu->epoch);
        l->pin_start = atomic_load(&cpu->pin_start);
        l->pin_end = atomic_load(&cpu->pin_end);
        l->outer_in_code = cpu->in_code;
        l->outer_running = atomic_load(&cpu->running);
        l->host_sp = c->host_sp;
        memcpy(l->scratch, c->scratch, sizeof(l->scratch));
        memset(c->scratch, 0, sizeof(c->scratch));
        if (engine.backend->fpu_save) {
            engine.backend->fpu_save(cpu->env);
        }
        if (l->epoch) {
            /* Called from a helper that is not a hook. */
            cpu_pin_below(cpu);
        }
    }
    l->own_pin_start = atomic_load(&cpu->pin_start);
    l->own_pin_end = atomic_load(&cpu->pin_end);
    cpu->level = l;
    cpu->in_code = cpu->flags_open = false;
    engine_current_cpu = cpu;
    exclusive_enter(cpu);
    cpu_announce(cpu, atomic_load(&engine.epoch));
}

/* Everything called from units of this level was abandoned. */
static void exec_resume(EngineCPU *cpu, ExecLevel *l)
{
    cpu->in_code = cpu->stepping = cpu->flags_open = false;
    memset(cpu->env->common.scratch, 0, sizeof(cpu->env->common.scratch));
    exclusive_enter(cpu);
    cpu_announce(cpu, atomic_load(&engine.epoch));
    cpu_set_pins(cpu, l->own_pin_start, l->own_pin_end);
}

static void exec_leave(EngineCPU *cpu, ExecLevel *l)
{
    CPUCommon *c = &cpu->env->common;

    cpu->in_code = false;
    cpu->level = l->outer;
    if (likely(!l->outer)) {
        atomic_store_explicit(&cpu->epoch, 0, memory_order_release);
        exclusive_leave(cpu);
        return;
    }
    c->host_sp = l->host_sp;
    memcpy(c->scratch, l->scratch, sizeof(l->scratch));
    /* The old epoch: what the outer unit may use has to stay. */
    cpu_announce(cpu, l->epoch);
    cpu_set_pins(cpu, l->pin_start, l->pin_end);
    cpu->in_code = l->outer_in_code;
    if (engine.backend->fpu_load) {
        engine.backend->fpu_load(cpu->env);
    }
    if (!l->outer_running) {
        exclusive_leave(cpu);
    }
}

/*
 * Does somebody want something of this CPU?  A requester sets the bits before
 * it takes the jump cache away, so giving it back first loses nothing.
 */
static inline bool has_requests(EngineCPU *cpu)
{
    cpu_rearm(cpu);
    return unlikely(atomic_load_explicit(
                        &cpu->env->common.interrupt_request,
                        memory_order_acquire));
}

/* Returns true when cpu_exec() has to return. */
static bool take_requests(EngineCPU *cpu)
{
    CPUCommon *c = &cpu->env->common;
    uint32_t req = atomic_exchange(&c->interrupt_request, 0);

    if (req & CPU_REQ_ENGINE) {
        atomic_store_explicit(&cpu->epoch, 0, memory_order_release);
        exclusive_safe_point(cpu);
        cpu_announce(cpu, atomic_load(&engine.epoch));
    }
    if (req & CPU_REQ_INTERRUPT) {
        cpu->stats.interrupts++;
        return true;
    }
    return false;
}

/* The unit at @pc, found or made; NULL with an exception set. */
static TB *find_tb(EngineCPU *cpu, uint64_t pc)
{
    CPUArchState *env = cpu->env;
    TB *tb;

    cpu->stats.lookups++;
    tb = tb_lookup_rare(pc);
    if (unlikely(!tb)) {
        if (unlikely((pc & GUEST_PAGE_MASK) == VSYSCALL_PAGE)) {
            env->common.exception_index = EXCP_VSYSCALL;
            return NULL;
        }
        cpu->stats.misses++;
        if (cold_wanted(pc) && cold_run(cpu)) {
            return NULL;
        }
        tb = tb_translate(cpu, pc, false);
    }
    return tb;
}

/* The same, and have the next indirect jump to @pc find it by itself. */
static TB *find_indirect(EngineCPU *cpu, uint64_t pc)
{
    TB *tb = find_tb(cpu, pc);

    if (likely(tb) && atomic_load_explicit(&tb->state, memory_order_relaxed) !=
        TB_NEW) {
        TBJmpCacheEntry *e = &cpu->jmp_cache[TB_JMP_CACHE_HASH(pc)];

        e->code = tb->code;
        e->pc = pc;
        if (unlikely(!chain_cpu_is_current(cpu))) {
            /* Retired by another CPU meanwhile?  The log may name it. */
            chain_sync_cpu(cpu);
        }
    }
    return tb;
}

/*
 * A direct exit was taken that is not linked: link it to its target, so that
 * it is not seen here again, and return the target.
 */
static TB *follow_exit(EngineCPU *cpu, TBExit *e)
{
    TB *tb = unlikely(e->e.loop) ? tb_go_round(cpu, e) : NULL;

    if (tb) {
        return tb;
    }
    tb = find_tb(cpu, e->e.pc);
    if (tb && !engine.cfg.nochain && atomic_load(&tb->state) == TB_VALID) {
        engine_lock();
        chain_link(e, tb);
        engine_unlock();
    }
    return tb;
}

/* Run the instruction at rip by itself, from a unit nobody else sees. */
static TB *one_shot_tb(EngineCPU *cpu)
{
    uint64_t pc = cpu->env->rip;

    cpu->one_shot = false;
    return cpu->one_shot_pc == pc ? tb_translate(cpu, pc, true) :
                                    find_tb(cpu, pc);
}

/*
 * All code memory is taken by units that other CPUs may still be in.  They
 * were asked to move on; give them time.
 */
static void wait_for_room(EngineCPU *cpu)
{
    struct timespec ts = { .tv_nsec = 100000 };

    if (++cpu->room_waits > 100000) {
        error_report("the code cache is full and none of it can be freed "
                     "(-tb-size gives it more room)");
        abort();
    }
    atomic_store_explicit(&cpu->epoch, 0, memory_order_release);
    nanosleep(&ts, NULL);
    cpu_announce(cpu, atomic_load(&engine.epoch));
}

/*
 * exception_index is set: returns true when it is for the caller of
 * cpu_exec().
 */
static bool leave_for(EngineCPU *cpu, int *excp)
{
    CPUArchState *env = cpu->env;

    *excp = env->common.exception_index;
    env->common.exception_index = -1;
    switch (*excp) {
    case EXCP_RESTART:
        /*
         * The caller's fault handler may have left signals blocked, which
         * ends when cpu_exec() returns.
         */
        cpu->one_shot = true;
        cpu->one_shot_pc = env->rip;
        cpu->stats.restarts++;
        *excp = EXCP_INTERRUPT;
        return true;
    case EXCP_INTERRUPT:
        /* A poll: exec_loop() looks at the request next. */
    case EXCP_STEPPED:
        return false;
    case EXCP_STALE:
        tb_check_failed(env->rip);
        return false;
    case EXCP_NO_ROOM:
        wait_for_room(cpu);
        return false;
    default:
        return true;
    }
}

/*
 * EFLAGS.TF is set: run the instruction at rip alone, then trap.  An exception
 * of the instruction itself comes first.
 */
static int single_step(EngineCPU *cpu)
{
    CPUArchState *env = cpu->env;
    TB *tb;

    cpu->one_shot = false;
    tcg_cc_settle(engine.tcg, env);
    for (;;) {
        int excp = EXCP01_DB;

        safe_point(cpu);
        tb = (env->rip & GUEST_PAGE_MASK) == VSYSCALL_PAGE ? NULL :
             tb_translate(cpu, env->rip, true);
        if (!tb && env->common.exception_index < 0) {
            return EXCP_VSYSCALL;
        }
        if (tb) {
            uintptr_t cookie;

            env->common.exception_index = -1;
            cpu->in_code = true;
            cookie = engine.backend->enter(env, tb->code);
            cpu->in_code = false;
            if (cookie) {
                env->rip = ((TBExit *)cookie)->e.pc;
            }
        }
        if (env->common.exception_index < 0 ||
            env->common.exception_index == EXCP_INTERRUPT) {
            env->common.exception_index = -1;
            return excp;
        }
        if (leave_for(cpu, &excp)) {
            return excp;
        }
    }
}

static int exec_loop(EngineCPU *cpu)
{
    CPUArchState *env = cpu->env;
    CPUCommon *c = &env->common;
    uintptr_t cookie = 0;
    int excp;
    TB *tb;

    for (;;) {
        if (unlikely(env->eflags_other & TF_MASK)) {
            return single_step(cpu);
        }
        if (cookie) {
            /* Not a safe point: the exit belongs to the unit just left. */
            tb = follow_exit(cpu, (TBExit *)cookie);
            cookie = 0;
            if (unlikely(tb && !is_up_to_date(cpu))) {
                continue;
            }
        } else {
            safe_point(cpu);
            tb = unlikely(cpu->one_shot) ? one_shot_tb(cpu) :
                                           find_indirect(cpu, env->rip);
        }
        if (unlikely(!tb)) {
            if (leave_for(cpu, &excp)) {
                return excp;
            }
            if (!cpu->flags_open && has_requests(cpu) && take_requests(cpu)) {
                return EXCP_INTERRUPT;
            }
            continue;
        }
        if (qemu_loglevel_mask(LOG_EXEC | LOG_CPU)) {
            tcg_cc_settle(engine.tcg, env);
            engine_log_entry(env, tb);
        }
        cpu->stats.entries++;
        cpu->room_waits = 0;
        cpu->flags_open = false;
        c->exception_index = -1;
        cpu->in_code = true;
        cookie = engine.backend->enter(env, tb->code);
        cpu->in_code = false;
        if (cookie) {
            env->rip = ((TBExit *)cookie)->e.pc;
        } else if (c->exception_index >= 0) {
            if (leave_for(cpu, &excp)) {
                return excp;
            }
        }
        if (cookie && ((TBExit *)cookie)->e.flags_open) {
            cpu->flags_open = true;
            continue;       /* interrupts wait until the flags are known */
        }
        if (has_requests(cpu)) {
            cookie = 0;
            if (take_requests(cpu)) {
                return EXCP_INTERRUPT;
            }
        }
    }
}

int cpu_exec(CPUArchState *env)
{
    EngineCPU *const cpu = engine_cpu(env);
    ExecLevel level;
    int excp;

    exec_enter(cpu, &level);
    if (_setjmp(level.jmp)) {
        /* From a helper or a fault handler, with exact state. */
        exec_resume(cpu, &level);
        if (leave_for(cpu, &excp)) {
            tcg_cc_settle(engine.tcg, env);
            exec_leave(cpu, &level);
            return excp;
        }
    }
    if (has_requests(cpu) && take_requests(cpu)) {
        excp = EXCP_INTERRUPT;
    } else {
        excp = exec_loop(cpu);
    }
    tcg_cc_settle(engine.tcg, env);
    exec_leave(cpu, &level);
    return excp;
}
