/*
 * Library pass-through as a whole: start, what happens to guest objects, end.
 *
 * Called by linux-user (include/kzt/kzt.h); hands the work to the parts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include "kzt/carry.h"
#include "qemu/log.h"
#include <pthread.h>
#include <sched.h>

KztSession kzt_session;

static pthread_mutex_t session_mutex = PTHREAD_MUTEX_INITIALIZER;

void kzt_lock(void)
{
    pthread_mutex_lock(&session_mutex);
}

void kzt_unlock(void)
{
    pthread_mutex_unlock(&session_mutex);
}

bool kzt_active(void)
{
    return kzt_session.active;
}

bool kzt_start(const KztStart *s)
{
    if (kzt_options.mode == KZT_MODE_OFF) {
        return false;
    }
    if (kzt_options.check && !s->loader) {
        kzt_session.start = *s;
        kzt_check_static();
    }
    if (!s->loader) {
        qemu_log_mask(LOG_KZT, "kzt: off: the program is static\n");
        return false;
    }
    kzt_session = (KztSession) {
        .active = true, .objects = s->objects, .memory = s->memory,
        .start = *s,
    };
    kzt_plan_start();
    return true;
}

bool kzt_bridges_ready(void)
{
    static enum { NOT_YET, READY, IMPOSSIBLE } state;
    const char *why;

    if (state == NOT_YET) {
        state = kzt_bridge_init(kzt_session.start.process, &why)
                ? READY : IMPOSSIBLE;
        if (state == IMPOSSIBLE) {
            qemu_log_mask(LOG_KZT, "kzt: no bridges: %s\n", why);
        } else if (kzt_options.report ||
                   kzt_options.choice == KZT_CHOICE_SLOT) {
            /* Who was called cannot be taken back: see is_used(). */
            kzt_bridge_count_calls();
        }
    }
    return state == READY;
}

KztPlanObject kzt_plan_object(const GuestObject *o)
{
    return (KztPlanObject) {
        .id = o->generation, .start = o->start, .end = o->end,
        .name = o->id.name,
        .is_program = kzt_session.start.entry - o->start < o->end - o->start,
        .is_loader = kzt_session.start.loader - o->start < o->end - o->start,
    };
}

/* The first event of an object: what is it to us? */
static void first_seen(const LoaderEvent *ev)
{
    kzt_guest_library_note(ev);
    kzt_dl_note(ev);
    kzt_guest_library_imports(ev);
}

void kzt_loader_event(const LoaderEvent *ev)
{
    static uint64_t seen;       /* generations go up */

    kzt_lock();
    if (ev->kind != LOADER_OBJECT_GOING && ev->generation > seen) {
        seen = ev->generation;
        first_seen(ev);
    }
    kzt_plan_event(ev);
    kzt_unlock();
}

void kzt_object_gone(const GuestObject *obj)
{
    kzt_lock();
    kzt_guest_library_gone(obj->generation);
    kzt_dl_gone(obj->generation);
    kzt_plan_gone(obj->generation);
    if (obj->start < obj->end) {
        kzt_bridge_retire(obj->start, obj->end);
        kzt_closure_retire(obj->start, obj->end);
    }
    kzt_unlock();
}

/* A thread that dies of a signal may have the lock itself. */
static bool lock_at_exit(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    return !pthread_mutex_timedlock(&session_mutex, &until);
}

void kzt_exit(int status)
{
    bool stats = qemu_loglevel_mask(LOG_STATS);

    if (!kzt_session.active ||
        (!kzt_options.report && !kzt_options.check && !stats) ||
        !lock_at_exit()) {
        return;
    }
    if (stats) {
        kzt_guest_library_stats();
    }
    kzt_check_exit();
    if (kzt_options.report) {
        kzt_plan_finish();
        kzt_report_write(status);
    }
    kzt_unlock();
}

void kzt_exit_handlers(int status)
{
    if (kzt_exit_called() && kzt_session.native) {
        exit(status);
    }
}

static pthread_mutex_t *guarded[8];
static unsigned nb_guarded;

void kzt_fork_guard(pthread_mutex_t *mutex)
{
    assert(nb_guarded < ARRAY_SIZE(guarded));
    guarded[nb_guarded++] = mutex;
}

/* All or none: they have no order among themselves. */
static bool lock_guarded(void)
{
    for (unsigned i = 0; i < nb_guarded; i++) {
        if (pthread_mutex_trylock(guarded[i])) {
            while (i--) {
                pthread_mutex_unlock(guarded[i]);
            }
            return false;
        }
    }
    return true;
}

void kzt_fork_start(void)
{
    kzt_lock();
    while (!lock_guarded()) {
        sched_yield();
    }
}

void kzt_fork_end(bool child)
{
    for (unsigned i = 0; i < nb_guarded; i++) {
        pthread_mutex_unlock(guarded[i]);
    }
    if (child && kzt_options.report && !strstr(kzt_options.report, "%d")) {
        /* One file: that of the process the user started. */
        kzt_options.report = NULL;
    }
    kzt_unlock();
}
