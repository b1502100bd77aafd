/*
 * Threads of native code, and native code's view of a thread's end.
 *
 * A thread that native code creates while it works for the guest is made as a
 * thread of the guest: it has a guest stack and the guest's thread-local
 * storage, so callbacks can run on it.  The C library's functions that matter
 * are replaced for native libraries (kzt/interpose.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_THREAD_H
#define KZT_THREAD_H

#include "qemu/osdep.h"
#include <pthread.h>

#ifdef CONFIG_KZT

/*
 * Attributes for the host thread of a guest thread that is being created on
 * this thread; NULL: native code does not ask for it.
 */
const pthread_attr_t *kzt_thread_attr(void);
/* What the host thread returns to whoever joins it, when its guest has ended. */
void *kzt_thread_result(void);
/*
 * The guest thread is about to end, its CPU can still run: destructors of
 * native thread-local values, which may be functions of the guest.
 */
void kzt_thread_end(void);

/*
 * pthread_create() by native code.  Returns false when this has to be a thread
 * that runs no guest code; else *err is what the caller gets.
 */
bool kzt_thread_create(pthread_t *thread, const pthread_attr_t *attr,
                       void *(*fn)(void *), void *arg, int *err);
/* pthread_exit() by native code; returns if the thread is none of ours. */
void kzt_thread_exit(void *result);
/* pthread_key_create() and pthread_key_delete() by native code. */
void kzt_key_created(pthread_key_t key, void (*destructor)(void *));
void kzt_key_deleted(pthread_key_t key);
/* Call the guest's @name(@arg), which does not return; or return. */
void kzt_guest_noreturn(const char *name, uint64_t arg);

#else

static inline const pthread_attr_t *kzt_thread_attr(void)
{
    return NULL;
}
static inline void *kzt_thread_result(void)
{
    return NULL;
}
static inline void kzt_thread_end(void)
{
}

#endif
#endif
