/*
 * Threads of native code as threads of the guest.
 *
 * The creating thread is in the middle of a bridged call, so it can call the
 * guest's pthread_create() with a bridge as start routine.  The guest's C
 * library makes the thread; linux-user gives it a host thread with the
 * attributes native code asked for, joinable if it wants to join.  In the
 * bridge the native start routine runs.
 *
 * A native pthread_exit() makes the guest return from that bridge: guest and
 * native frames are left as by longjmp().
 *
 * Destructors of thread-specific values run before the guest thread ends:
 * later there is no CPU to call a guest function on.
 *
 * Locking: one mutex around the table of keys.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"
#include "kzt/kzt.h"
#include "kzt/thread.h"
#include <limits.h>
#include <semaphore.h>

typedef struct Thread {
    void *(*fn)(void *);
    void *arg;
    void *result;
    pthread_t host;
    uint64_t sp;            /* rsp in the bridge */
    sem_t started;
    _Atomic unsigned refs;  /* the thread and its creator */
} Thread;

static __thread Thread *current;
static __thread const pthread_attr_t *wanted_attr;
static __thread void *last_result;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
KZT_FORK_GUARD(mutex)
static struct {
    _Atomic bool used;
    void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];

const pthread_attr_t *kzt_thread_attr(void)
{
    return wanted_attr;
}

void *kzt_thread_result(void)
{
    return last_result;
}

CPUArchState *kzt_calling_cpu(void)
{
    CPUArchState *env = cpu_current();

    return env && kzt_in_native(env) ? env : NULL;
}

static uint64_t libc_function(const char *name)
{
    return kzt_runtime.symbol ? kzt_runtime.symbol(name) : 0;
}

static void put_thread(Thread *t)
{
    if (atomic_fetch_sub(&t->refs, 1) == 1) {
        sem_destroy(&t->started);
        free(t);
    }
}

/*
 * Creating.
 */

/* Nobody of the guest joins this thread. */
static void detach_guest_thread(CPUArchState *env)
{
    uint64_t self = libc_function("pthread_self");
    uint64_t detach = libc_function("pthread_detach");

    if (self && detach) {
        uint64_t id = kzt_guest_call(env, self, 0, NULL);

        kzt_guest_call(env, detach, 1, &id);
    }
}

static void run_thread(CPUArchState *env, const KztFunction *f, void *native)
{
    Thread *t = (Thread *)(uintptr_t)env->regs[R_EDI];
    void *(*fn)(void *) = t->fn;
    void *arg = t->arg;

    current = t;
    last_result = NULL;
    t->sp = env->regs[R_ESP];
    detach_guest_thread(env);
    t->host = pthread_self();
    sem_post(&t->started);
    last_result = fn(arg);
    current = NULL;
    put_thread(t);
    env->regs[R_EAX] = 0;
}

/* Where a thread goes on that called pthread_exit(): its start returns. */
static void end_thread(CPUArchState *env, const KztFunction *f, void *native)
{
    put_thread(current);
    current = NULL;
    env->regs[R_EAX] = 0;
}

static const KztFunction run_function = {
    "(thread)", NULL, "p(p)", run_thread, NULL, 0,
};
static const KztFunction end_function = {
    "(end of a thread)", NULL, "p(p)", end_thread, NULL, 0,
};

bool kzt_thread_create(pthread_t *thread, const pthread_attr_t *attr,
                       void *(*fn)(void *), void *arg, int *err)
{
    CPUArchState *env = kzt_calling_cpu();
    uint64_t start, id = 0;
    pthread_attr_t plain;
    Thread *t;

    if (!env || !kzt_runtime.pthread_create) {
        return false;
    }
    start = kzt_bridge_slot(NULL, &run_function, run_thread, 0);
    t = start ? calloc(1, sizeof(*t)) : NULL;
    if (!t) {
        return false;
    }
    *t = (Thread) { .fn = fn, .arg = arg, .refs = 2 };
    sem_init(&t->started, 0, 0);
    pthread_attr_init(&plain);
    wanted_attr = attr ? attr : &plain;
    *err = (int)kzt_guest_call(env, kzt_runtime.pthread_create, 4,
                               (uint64_t[]) {
        (uintptr_t)&id, 0, start, (uintptr_t)t
    });
    wanted_attr = NULL;
    pthread_attr_destroy(&plain);
    if (*err) {
        free(t);
        return true;
    }
    while (sem_wait(&t->started)) {
    }
    *thread = t->host;
    put_thread(t);
    return true;
}

void kzt_thread_exit(void *result)
{
    CPUArchState *env = current ? cpu_current() : NULL;
    uint64_t to = env ? kzt_bridge_slot(NULL, &end_function, end_thread, 0) : 0;

    if (!to) {
        return;
    }
    last_result = result;
    env->regs[R_ESP] = current->sp;
    env->rip = to;
    cpu_loop_exit(env, EXCP_INTERRUPT);
}

/*
 * Keys.
 */

void kzt_key_created(pthread_key_t key, void (*destructor)(void *))
{
    if (key < ARRAY_SIZE(keys)) {
        pthread_mutex_lock(&mutex);
        keys[key].destructor = destructor;
        atomic_store(&keys[key].used, destructor != NULL);
        pthread_mutex_unlock(&mutex);
    }
}

void kzt_key_deleted(pthread_key_t key)
{
    if (key < ARRAY_SIZE(keys)) {
        atomic_store(&keys[key].used, false);
    }
}

/* One round; false when there was nothing. */
static bool run_destructors(void)
{
    bool found = false;

    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        void *value = atomic_load(&keys[i].used) ? pthread_getspecific(i)
                                                 : NULL;

        if (value) {
            found = true;
            pthread_setspecific(i, NULL);
            keys[i].destructor(value);
        }
    }
    return found;
}

void kzt_thread_end(void)
{
    for (unsigned round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS &&
                             run_destructors(); round++) {
    }
}

void kzt_guest_noreturn(const char *name, uint64_t arg)
{
    CPUArchState *env = kzt_calling_cpu();
    uint64_t fn = env ? libc_function(name) : 0;

    if (fn) {
        kzt_guest_call(env, fn, 1, &arg);
    }
}
