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
#include "accel/tcg/pause.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stopped = PTHREAD_COND_INITIALIZER;
static pthread_cond_t resume = PTHREAD_COND_INITIALIZER;
_Atomic(EngineCPU *) exclusive_owner;      /* changes under the mutex */
static unsigned depth;              /* of the owner's sections; mutex */

void exclusive_wait(EngineCPU *cpu)
{
    pthread_mutex_lock(&mutex);
    for (;;) {
        EngineCPU *o = atomic_load(&exclusive_owner);

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

void exclusive_tell(void)
{
    pthread_mutex_lock(&mutex);
    pthread_cond_broadcast(&stopped);
    pthread_mutex_unlock(&mutex);
}

void exclusive_safe_point(EngineCPU *cpu)
{
    EngineCPU *o = atomic_load(&exclusive_owner);

    if (o && o != cpu) {
        exclusive_wait(cpu);
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
    if (atomic_load(&exclusive_owner) != cpu) {
        while (atomic_load(&exclusive_owner)) {
            atomic_store(&cpu->running, false);
            pthread_cond_broadcast(&stopped);
            pthread_cond_wait(&resume, &mutex);
        }
        atomic_store(&exclusive_owner, cpu);
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
        atomic_store(&exclusive_owner, NULL);
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
        EngineCPU *o = atomic_load(&exclusive_owner);

        pthread_cond_init(&stopped, NULL);
        pthread_cond_init(&resume, NULL);
        if (o && o != engine_current_cpu) {
            atomic_store(&exclusive_owner, NULL);
            depth = 0;
        }
    }
    pthread_mutex_unlock(&mutex);
}
