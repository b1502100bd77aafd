/*
 * CPUs: their memory, their list, and asking them to stop.
 *
 * A CPU is one mapping: the architecture state, the engine's part, the return
 * stack and the jump cache.  It comes zeroed from the kernel and most of the
 * jump cache is never touched, so a thread costs little.
 *
 * Locking: the list is under the engine lock; the rest of a CPU belongs to its
 * thread except for the atomic fields.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "qemu/log.h"
#include <sys/mman.h>

typedef struct CPUBlock {
    CPUArchState env;
    EngineCPU cpu;
    TBReturnStack return_stack;
    TBJmpCacheEntry jmp_cache[TB_JMP_CACHE_SIZE];
} CPUBlock;

__thread EngineCPU *engine_current_cpu;

static CPUStats dead_stats;     /* of destroyed CPUs; engine lock */

CPUArchState *cpu_create(const CPUArchState *from)
{
    CPUBlock *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CPUArchState *env;
    EngineCPU *cpu;

    if (b == MAP_FAILED) {
        error_report("no memory for a CPU");
        return NULL;
    }
    env = &b->env;
    cpu = &b->cpu;
    if (from) {
        memcpy(env, from, sizeof(*env));
        memset(&env->common, 0, sizeof(env->common));
    }
    cpu->env = env;
    env->common.engine_cpu = cpu;
    env->common.return_stack = b->return_stack.pc;
    env->common.jmp_cache = cpu->jmp_cache = b->jmp_cache;
    env->common.exception_index = -1;
    chain_init_cpu(cpu);

    engine_lock();
    cpu->next = engine.cpus;
    cpu->pprev = &engine.cpus;
    if (cpu->next) {
        cpu->next->pprev = &cpu->next;
    }
    engine.cpus = cpu;
    engine_unlock();
    return env;
}

static void add_stats(CPUStats *to, const CPUStats *s)
{
    to->entries += s->entries;
    to->lookups += s->lookups;
    to->misses += s->misses;
    to->faults += s->faults;
    to->interrupts += s->interrupts;
    to->restarts += s->restarts;
    to->cold_blocks += s->cold_blocks;
    to->cold_insns += s->cold_insns;
}

void cpu_destroy(CPUArchState *env)
{
    EngineCPU *cpu = engine_cpu(env);

    engine_lock();
    if (cpu->pprev) {
        *cpu->pprev = cpu->next;
        if (cpu->next) {
            cpu->next->pprev = cpu->pprev;
        }
    }
    add_stats(&dead_stats, &cpu->stats);
    engine_unlock();
    if (engine_current_cpu == cpu) {
        engine_current_cpu = NULL;
    }
    munmap(container_of(env, CPUBlock, env), sizeof(CPUBlock));
}

/* Totals over all CPUs that ever were; lock held. */
void cpu_sum_stats(CPUStats *out)
{
    *out = dead_stats;
    for (EngineCPU *cpu = engine.cpus; cpu; cpu = cpu->next) {
        add_stats(out, &cpu->stats);
    }
}

/* After fork the other threads' CPUs exist but run no more. */
void cpu_forked(void)
{
    EngineCPU *self = engine_current_cpu;

    for (EngineCPU *cpu = engine.cpus; cpu; cpu = cpu->next) {
        if (cpu != self) {
            cpu->pprev = NULL;
            atomic_store(&cpu->epoch, 0);
        }
    }
    engine.cpus = self;
    if (self) {
        self->next = NULL;
        self->pprev = &engine.cpus;
    }
}

CPUArchState *cpu_current(void)
{
    return engine_current_cpu ? engine_current_cpu->env : NULL;
}

/*
 * Loop back-edges test interrupt_request.  Indirect jumps find nothing in the
 * empty cache and come to the execution loop.
 */
void cpu_request(EngineCPU *cpu, uint32_t bits)
{
    CPUCommon *c = &cpu->env->common;

    atomic_fetch_or(&c->interrupt_request, bits);
    __atomic_store_n(&c->jmp_cache, chain_no_jmp_cache, __ATOMIC_SEQ_CST);
}

void cpu_interrupt(CPUArchState *env)
{
    cpu_request(engine_cpu(env), CPU_REQ_INTERRUPT);
}

TCG_HELPER_NO_VEC void cpu_trap_flag_set(CPUArchState *env)
{
    CPUCommon *c = &env->common;

    atomic_fetch_or(&c->interrupt_request, CPU_REQ_ENGINE);
    __atomic_store_n(&c->jmp_cache, chain_no_jmp_cache, __ATOMIC_SEQ_CST);
}

/* All of them: one that is about to run may not be seen to, without a fence. */
void cpu_kick_others(void)
{
    for (EngineCPU *cpu = engine.cpus; cpu; cpu = cpu->next) {
        if (cpu != engine_current_cpu) {
            cpu_request(cpu, CPU_REQ_ENGINE);
        }
    }
}

/*
 * Leaving a unit from below.
 */

void cpu_loop_exit(CPUArchState *env, int excp)
{
    EngineCPU *cpu = engine_cpu(env);

    env->common.exception_index = excp;
    if (engine.backend->abandon) {
        engine.backend->abandon(env, NULL);
    }
    _longjmp(cpu->level->jmp, 1);
}

void cpu_raise_exception(CPUArchState *env, int excp, uint32_t error_code,
                         uint64_t cr2)
{
    env->error_code = error_code;
    if (excp == EXCP0E_PAGE) {
        env->cr2 = cr2;
    }
    env->host_si_code = 0;
    cpu_loop_exit(env, excp);
}

void cpu_fault_exit(CPUArchState *env)
{
    EngineCPU *cpu = engine_cpu(env);

    _longjmp(cpu->translating ? cpu->translate_jmp : cpu->level->jmp, 1);
}
