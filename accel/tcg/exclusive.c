/*
 * Exclusive sections: one CPU alone, all others at a safe point or outside
 * translated code.
 *
 * A CPU is "running" from cpu_exec() to its return, except while a hook has
 * control.  The starter announces itself, then waits until no other CPU runs;
 * a CPU that wants to run announces itself first and then looks for a starter:
 * one of the two sees the other (fence_light() against fence_heavy()).
 * Running CPUs are told by CPU_REQ_ENGINE to pass a safe point.
 *
 * Locking: `mutex` is taken before the engine lock, never inside it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stopped = PTHREAD_COND_INITIALIZER;
static pthread_cond_t resume = PTHREAD_COND_INITIALIZER;
static _Atomic(EngineCPU *) owner;  /* changes under the mutex */
static unsigned depth;              /* of the owner's sections; mutex */

static void wait_for_turn(EngineCPU *cpu)
{
    pthread_mutex_lock(&mutex);
    for (;;) {
        EngineCPU *o = atomic_load(&owner);

        if (!o || o == cpu) {
            break;
        }
        atomic_store(&cpu->running, false);
        pthread_cond_broadcast(&stopped);
        pthread_cond_wait(&resume, &mutex);
    }
    atomic_store(&cpu->running, true);
    pthread_mutex_unlock(&mutex);
}

void exclusive_enter(EngineCPU *cpu)
{
    EngineCPU *o;

    atomic_store_explicit(&cpu->running, true, memory_order_relaxed);
    fence_light();
    o = atomic_load_explicit(&owner, memory_order_acquire);
    if (unlikely(o && o != cpu)) {
        wait_for_turn(cpu);
    }
}

void exclusive_leave(EngineCPU *cpu)
{
    atomic_store_explicit(&cpu->running, false, memory_order_release);
    fence_light();
    if (unlikely(atomic_load_explicit(&owner, memory_order_acquire))) {
        pthread_mutex_lock(&mutex);
        pthread_cond_broadcast(&stopped);
        pthread_mutex_unlock(&mutex);
    }
}

void exclusive_safe_point(EngineCPU *cpu)
{
    EngineCPU *o = atomic_load(&owner);

    if (o && o != cpu) {
        wait_for_turn(cpu);
    }
}

static bool others_run(const EngineCPU *self)
{
    bool found = false;

    fence_heavy();
    engine_lock();
    for (EngineCPU *cpu = engine.cpus; cpu && !found; cpu = cpu->next) {
        found = cpu != self && atomic_load(&cpu->running);
    }
    engine_unlock();
    return found;
}

void cpu_exclusive_start(CPUArchState *env)
{
    EngineCPU *cpu = engine_cpu(env);
    bool was_running = atomic_load(&cpu->running);

    pthread_mutex_lock(&mutex);
    if (atomic_load(&owner) != cpu) {
        while (atomic_load(&owner)) {
            atomic_store(&cpu->running, false);
            pthread_cond_broadcast(&stopped);
            pthread_cond_wait(&resume, &mutex);
        }
        atomic_store(&owner, cpu);
        atomic_store(&cpu->running, was_running);
        fence_heavy();
        engine_lock();
        cpu_kick_others();
        engine_unlock();
        while (others_run(cpu)) {
            pthread_cond_wait(&stopped, &mutex);
        }
    }
    depth++;
    pthread_mutex_unlock(&mutex);
}

void cpu_exclusive_end(CPUArchState *env)
{
    pthread_mutex_lock(&mutex);
    if (--depth == 0) {
        atomic_store(&owner, NULL);
        pthread_cond_broadcast(&resume);
    }
    pthread_mutex_unlock(&mutex);
}

void exclusive_lock(void)
{
    pthread_mutex_lock(&mutex);
}

/* @reset: in the child of a fork, where nobody else waits or owns. */
void exclusive_unlock(bool reset)
{
    if (reset) {
        EngineCPU *o = atomic_load(&owner);

        pthread_cond_init(&stopped, NULL);
        pthread_cond_init(&resume, NULL);
        if (o && o != engine_current_cpu) {
            atomic_store(&owner, NULL);
            depth = 0;
        }
    }
    pthread_mutex_unlock(&mutex);
}
