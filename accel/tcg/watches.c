/*
 * Watches: ranges of guest code in which somebody chooses hooked addresses
 * when they are about to run for the first time.
 *
 * To the rest of the engine an address that a watch wants is a hooked address
 * (see hooks.c).  A library with thousands of functions costs nothing but its
 * range until one of them is translated.
 *
 * Locking: the list is under the engine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"

struct TBWatch {
    TBWatch *next;
    uint64_t start, end;
    TBWatchFn *wants;
    TBHookFn *reached;
    void *opaque;
};

static TBWatch *watches;
/* No watch is outside; never shrinks. */
static uint64_t lowest = UINT64_MAX, highest;

static TBWatch *watch_find(uint64_t pc)
{
    for (TBWatch *w = watches; w; w = w->next) {
        if (pc >= w->start && pc < w->end && w->wants(pc, w->opaque)) {
            return w;
        }
    }
    return NULL;
}

bool watch_at(uint64_t pc)
{
    return unlikely(pc >= lowest && pc < highest) && watch_find(pc) != NULL;
}

void watch_run(CPUArchState *env)
{
    TBHookFn *reached = NULL;
    TBWatch *w;

    engine_lock();
    w = watch_find(env->rip);
    if (w) {
        reached = w->reached;
    }
    engine_unlock();
    if (reached) {
        reached(env, NULL);
    }
}

TBWatch *tb_watch_add(uint64_t start, uint64_t end, TBWatchFn *wants,
                      TBHookFn *reached, void *opaque)
{
    TBWatch *w = malloc(sizeof(*w));

    if (!w) {
        return NULL;
    }
    *w = (TBWatch) {
        .start = start, .end = end, .wants = wants, .reached = reached,
        .opaque = opaque,
    };
    engine_lock();
    w->next = watches;
    watches = w;
    lowest = MIN(lowest, start);
    highest = MAX(highest, end);
    /* Units of that place which were put aside know nothing of it. */
    hooks_changed(start);
    engine_unlock();
    return w;
}

void tb_watch_remove(TBWatch *w)
{
    engine_lock();
    for (TBWatch **p = &watches; *p; p = &(*p)->next) {
        if (*p == w) {
            *p = w->next;
            break;
        }
    }
    engine_unlock();
    free(w);
}

void tb_watch_changed(uint64_t pc)
{
    engine_lock();
    hooks_changed(pc);
    engine_unlock();
}
