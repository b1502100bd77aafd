/*
 * Library pass-through as the process sees it: the one interface between
 * linux-user and kzt.  Configure, start, hand over loader events, exit.
 *
 * Without CONFIG_KZT everything here is an empty inline function.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_KZT_H
#define KZT_KZT_H

#include "qemu/osdep.h"
#include "exec/engine.h"
#include "kzt/memory.h"
#include "user/guest-objects.h"
#include "user/loader-events.h"

#ifdef CONFIG_KZT

struct KztProcessOps;

typedef struct KztStart {
    GuestObjects *objects;
    const KztMemory *memory;
    const struct KztProcessOps *process;
    const char *program;        /* path, for the report */
    uint64_t entry;             /* an address in the program */
    uint64_t loader;            /* an address in the guest's loader, or 0 */
} KztStart;

/*
 * Parse `-kzt ARG`: off, on, shadow or a comma list of all, NAME, -NAME,
 * +experimental, method=slot|entry|auto.  Cumulative.  NULL, or what is wrong
 * (caller frees).
 */
char *kzt_configure(const char *arg);
/* `-kzt list`: the descriptions, one line each. */
void kzt_list(FILE *out);
/* `-kzt-report FILE`: JSON when the process exits; %d becomes the pid. */
void kzt_set_report(const char *file);
/* `-kzt-check`: print what would go native, and do not run the program. */
void kzt_set_check(void);

/*
 * Before the guest runs, after the options.  False when pass-through is off
 * or impossible: then none of the other functions does anything, and the
 * caller need not look for loader events.
 */
bool kzt_start(const KztStart *s);
bool kzt_active(void);
/* Is the thread of @env in native code the guest called?  For its signal
 * handlers. */
bool kzt_in_native(CPUArchState *env);

/* LoaderEventsConfig.listener: an accepted event (any thread). */
void kzt_loader_event(const LoaderEvent *ev);
/* LoaderEventsConfig.gone: the object's record is about to go. */
void kzt_object_gone(const GuestObject *obj);

/* Can the file of -kzt-report be written?  Else a message says why not. */
bool kzt_report_check(void);
/* Before the process ends: the report. */
void kzt_exit(int status);
/* Will there be one? */
bool kzt_reports(void);
/*
 * The last thing before the process ends without a signal: where the guest
 * called exit() and native libraries are there, their exit handlers and
 * destructors run, and it does not return.
 */
void kzt_exit_handlers(int status);
/* Around fork(): hold the locks; let go of them on both sides. */
void kzt_fork_start(void);
void kzt_fork_end(bool child);

#else

static inline bool kzt_in_native(CPUArchState *env)
{
    return false;
}
static inline bool kzt_active(void)
{
    return false;
}
static inline void kzt_loader_event(const LoaderEvent *ev)
{
}
static inline void kzt_object_gone(const GuestObject *obj)
{
}
static inline bool kzt_report_check(void)
{
    return true;
}
static inline void kzt_exit(int status)
{
}
static inline bool kzt_reports(void)
{
    return false;
}
static inline void kzt_exit_handlers(int status)
{
}
static inline void kzt_fork_start(void)
{
}
static inline void kzt_fork_end(bool child)
{
}

#endif
#endif
