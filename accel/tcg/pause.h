/*
 * What a CPU does at every call of foreign code and at every entry to
 * cpu_exec(): say where it is, and look whether somebody waits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_TCG_PAUSE_H
#define ACCEL_TCG_PAUSE_H

#include "accel/tcg/internal.h"

/* exclusive.c */
extern _Atomic(EngineCPU *) exclusive_owner;
void exclusive_wait(EngineCPU *cpu);
void exclusive_tell(void);

static inline void exclusive_enter(EngineCPU *cpu)
{
    EngineCPU *o;

    atomic_store_explicit(&cpu->running, true, memory_order_relaxed);
    fence_light();
    o = atomic_load_explicit(&exclusive_owner, memory_order_acquire);
    if (unlikely(o && o != cpu)) {
        exclusive_wait(cpu);
    }
}

static inline void exclusive_leave(EngineCPU *cpu)
{
    atomic_store_explicit(&cpu->running, false, memory_order_release);
    fence_light();
    if (unlikely(atomic_load_explicit(&exclusive_owner,
                                      memory_order_acquire))) {
        exclusive_tell();
    }
}

/* Say which epoch this CPU has seen, then look at what was retired. */
static inline void cpu_announce(EngineCPU *cpu, uint64_t epoch)
{
    atomic_store_explicit(&cpu->epoch, epoch, memory_order_release);
    fence_light();
    if (unlikely(!chain_cpu_is_current(cpu))) {
        chain_sync_cpu(cpu);
    }
}

/* At any time a CPU with a unit below has its epoch or its pins set. */
static inline void cpu_set_pins(EngineCPU *cpu, uint64_t start, uint64_t end)
{
    uint32_t n = atomic_load_explicit(&cpu->pin_changes,
                                      memory_order_relaxed);

    atomic_store_explicit(&cpu->pin_changes, n + 1, memory_order_release);
    atomic_store_explicit(&cpu->pin_start, start, memory_order_release);
    atomic_store_explicit(&cpu->pin_end, end, memory_order_release);
}

/*
 * The unit a CPU is in was entered after cpu->epoch was announced and is not
 * younger than the epoch now.
 */
static inline void cpu_pin_below(EngineCPU *cpu)
{
    uint64_t start = atomic_load_explicit(&cpu->pin_start,
                                          memory_order_relaxed);

    if (!start) {
        start = atomic_load_explicit(&cpu->epoch, memory_order_relaxed);
    }
    cpu_set_pins(cpu, start, atomic_load(&engine.epoch));
}

/*
 * Foreign code: it may take any time, and the unit that called it stays where
 * it is.
 */
typedef struct CPUPause {
    uint64_t epoch, pin_start, pin_end;
    bool in_code;
} CPUPause;

static inline void cpu_pause(EngineCPU *cpu, CPUPause *p)
{
    p->epoch = atomic_load_explicit(&cpu->epoch, memory_order_relaxed);
    p->pin_start = atomic_load_explicit(&cpu->pin_start,
                                        memory_order_relaxed);
    p->pin_end = atomic_load_explicit(&cpu->pin_end, memory_order_relaxed);
    p->in_code = cpu->in_code;
    cpu_pin_below(cpu);
    atomic_store_explicit(&cpu->epoch, 0, memory_order_release);
    exclusive_leave(cpu);
}

static inline void cpu_unpause(EngineCPU *cpu, const CPUPause *p)
{
    exclusive_enter(cpu);
    /* The old epoch: what the unit may use next has to stay. */
    cpu_announce(cpu, p->epoch);
    cpu_set_pins(cpu, p->pin_start, p->pin_end);
    cpu->in_code = p->in_code;
}

#endif
