/*
 * Functions of the C library that native libraries must not call directly
 * while they work for the guest.  Part of the emulator's executable, so that
 * the host's loader binds native libraries to these.
 *
 *  - exit() and abort() are the guest's: its exit handlers run, its buffers are
 *    flushed, its handler for SIGABRT is called.
 *  - free() and realloc() of the guest's memory are the guest's, and so are
 *    fflush() and fileno() of its streams (kzt/heap.h).
 *  - getenv() looks into the guest's environment (kzt/environment.h).
 *  - Threads are made so that guest functions can run on them (kzt/thread.h).
 *
 * The emulator's own calls, and those of native code outside bridged calls, go
 * to the host's C library.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/environment.h"
#include "kzt/heap.h"
#include "kzt/thread.h"
#include <dlfcn.h>
#include <sys/auxv.h>

extern const char __executable_start[], etext[];

/* Called by the emulator itself? */
#define FROM_EMULATOR \
    ((uintptr_t)__builtin_return_address(0) - (uintptr_t)__executable_start < \
     (uintptr_t)(etext - __executable_start))

/* The C library's own @name. */
#define NEXT(name) ({                                               \
        static typeof(&name) real;                                  \
        if (!real) {                                                \
            real = (typeof(&name))dlsym(RTLD_NEXT, #name);          \
        }                                                           \
        real; })

/*
 * Memory.  The host's own allocator is reached by its other names: looking
 * them up would allocate.
 */
void __libc_free(void *p);
void *__libc_realloc(void *p, size_t size);

void free(void *p)
{
    if (unlikely(p && !FROM_EMULATOR && kzt_guest_owns(p))) {
        kzt_guest_free(p);
    } else {
        __libc_free(p);
    }
}

void *realloc(void *p, size_t size)
{
    if (unlikely(p && !FROM_EMULATOR && kzt_guest_owns(p))) {
        return kzt_guest_realloc(p, size);
    }
    return __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    if (unlikely(p && !FROM_EMULATOR && kzt_guest_owns(p))) {
        return kzt_guest_realloc(p, bytes);
    }
    return __libc_realloc(p, bytes);
}

/*
 * The environment.
 */

char *getenv(const char *name)
{
    char *value;

    if (!FROM_EMULATOR && kzt_guest_getenv(name, &value)) {
        return value;
    }
    return NEXT(getenv)(name);
}

char *secure_getenv(const char *name)
{
    char *value;

    if (!FROM_EMULATOR && kzt_guest_getenv(name, &value)) {
        return getauxval(AT_SECURE) ? NULL : value;
    }
    return NEXT(secure_getenv)(name);
}

/*
 * Streams of the guest.
 */

int fflush(FILE *f)
{
    int r;

    if (!FROM_EMULATOR && kzt_file_flush(f, &r)) {
        return r;
    }
    return NEXT(fflush)(f);
}

int fileno(FILE *f)
{
    int r;

    if (!FROM_EMULATOR && kzt_file_number(f, &r)) {
        return r;
    }
    return NEXT(fileno)(f);
}

/*
 * Ends.
 */

void exit(int status)
{
    if (!FROM_EMULATOR) {
        kzt_guest_noreturn("exit", status);
    }
    NEXT(exit)(status);
    __builtin_unreachable();
}

void abort(void)
{
    if (!FROM_EMULATOR) {
        kzt_guest_noreturn("abort", 0);
    }
    NEXT(abort)();
    __builtin_unreachable();
}

/*
 * Threads.
 */

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                   void *(*fn)(void *), void *arg)
{
    int err;

    if (!FROM_EMULATOR && kzt_thread_create(thread, attr, fn, arg, &err)) {
        return err;
    }
    return NEXT(pthread_create)(thread, attr, fn, arg);
}

void pthread_exit(void *result)
{
    if (!FROM_EMULATOR) {
        kzt_thread_exit(result);
    }
    NEXT(pthread_exit)(result);
    __builtin_unreachable();
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    int err = NEXT(pthread_key_create)(key, destructor);

    if (!err && !FROM_EMULATOR) {
        kzt_key_created(*key, destructor);
    }
    return err;
}

int pthread_key_delete(pthread_key_t key)
{
    kzt_key_deleted(key);
    return NEXT(pthread_key_delete)(key);
}
