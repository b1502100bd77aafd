/*
 * FILE * of the guest's C library in the hands of native code.
 *
 * The guest's stream is an object of the guest's libc, which native code cannot
 * touch.  It gets an unbuffered host stream instead, whose read, write and seek
 * functions call the guest's fread(), fwrite() and fseeko(): position, buffer
 * and end-of-file state stay the guest's.  One host stream for each guest
 * stream, kept until native code closes it (an address used again is a stream
 * again).  fflush() and fileno() of native code are interposed.
 *
 * Locking: one mutex around making streams.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"
#include "kzt/heap.h"
#include "qemu/log.h"
#include <pthread.h>
#include <stdio_ext.h>

#define HASH_SIZE 64u

typedef struct Stream {
    struct Stream *next;
    uint64_t guest;
    FILE *host;
} Stream;

typedef enum StdioFn {
    FN_FREAD, FN_FWRITE, FN_FSEEKO, FN_FTELLO, FN_FEOF, FN_UNGETC, FN_FCLOSE,
    FN_FFLUSH, FN_FILENO, FN_COUNT
} StdioFn;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
KZT_FORK_GUARD(mutex)
static Stream *streams[HASH_SIZE];
static _Atomic uint64_t functions[FN_COUNT];

/* Call a stdio function of the guest; its rax. */
static uint64_t guest_stdio(StdioFn fn, unsigned nargs, const uint64_t *args)
{
    static const char *const names[] = {
        "fread", "fwrite", "fseeko", "ftello", "feof", "ungetc", "fclose",
        "fflush", "fileno",
    };
    uint64_t addr = atomic_load(&functions[fn]);

    if (!addr) {
        addr = kzt_runtime.symbol ? kzt_runtime.symbol(names[fn]) : 0;
        if (!addr) {
            error_report("a native library was given a FILE of a C library "
                         "without %s (-kzt off runs the program)", names[fn]);
            _exit(1);
        }
        atomic_store(&functions[fn], addr);
    }
    return kzt_guest_call(cpu_current(), addr, nargs, args);
}

static ssize_t stream_read(void *cookie, char *buf, size_t size)
{
    const Stream *s = cookie;

    return guest_stdio(FN_FREAD, 4, (uint64_t[]) {
        (uintptr_t)buf, 1, size, s->guest
    });
}

static ssize_t stream_write(void *cookie, const char *buf, size_t size)
{
    const Stream *s = cookie;

    return guest_stdio(FN_FWRITE, 4, (uint64_t[]) {
        (uintptr_t)buf, 1, size, s->guest
    });
}

static int stream_seek(void *cookie, off64_t *offset, int whence)
{
    const Stream *s = cookie;

    if ((int)guest_stdio(FN_FSEEKO, 3, (uint64_t[]) {
            s->guest, *offset, whence })) {
        return -1;
    }
    *offset = guest_stdio(FN_FTELLO, 1, (uint64_t[]) { s->guest });
    return 0;
}

/* Native code closes the guest's stream. */
static int stream_close(void *cookie)
{
    Stream *s = cookie, **p;
    int r;

    pthread_mutex_lock(&mutex);
    p = &streams[(s->guest >> 4) % HASH_SIZE];
    while (*p != s) {
        p = &(*p)->next;
    }
    *p = s->next;
    pthread_mutex_unlock(&mutex);
    r = (int)guest_stdio(FN_FCLOSE, 1, &s->guest);
    free(s);
    return r;
}

/* Mutex held. */
static Stream *make(uint64_t guest)
{
    static const cookie_io_functions_t io = {
        stream_read, stream_write, stream_seek, stream_close,
    };
    Stream *s = calloc(1, sizeof(*s));

    if (s) {
        s->guest = guest;
        s->host = fopencookie(s, "r+", io);
    }
    if (!s || !s->host) {
        error_report("no memory for a stream");
        _exit(1);
    }
    setvbuf(s->host, NULL, _IONBF, 0);
    return s;
}

void *kzt_file(CPUArchState *env, uint64_t guest)
{
    Stream **p = &streams[(guest >> 4) % HASH_SIZE], *s;

    if (!guest) {
        return NULL;
    }
    pthread_mutex_lock(&mutex);
    while (*p && (*p)->guest != guest) {
        p = &(*p)->next;
    }
    if (!*p) {
        *p = make(guest);
    }
    s = *p;
    pthread_mutex_unlock(&mutex);
    if (feof_unlocked(s->host) &&
        !(int)guest_stdio(FN_FEOF, 1, &s->guest)) {
        clearerr(s->host);
    }
    return s->host;
}

/* The guest stream behind @f, or 0.  Nothing is looked at unless some exist. */
static uint64_t guest_stream(const FILE *f)
{
    uint64_t guest = 0;

    pthread_mutex_lock(&mutex);
    for (unsigned i = 0; i < HASH_SIZE && !guest; i++) {
        for (Stream *s = streams[i]; s && !guest; s = s->next) {
            guest = s->host == f ? s->guest : 0;
        }
    }
    pthread_mutex_unlock(&mutex);
    return guest;
}

bool kzt_file_flush(FILE *f, int *result)
{
    uint64_t guest = f && kzt_calling_cpu() ? guest_stream(f) : 0;

    if (guest) {
        *result = (int)guest_stdio(FN_FFLUSH, 1, &guest);
    }
    return guest != 0;
}

bool kzt_file_number(FILE *f, int *result)
{
    uint64_t guest = f && kzt_calling_cpu() ? guest_stream(f) : 0;

    if (guest) {
        *result = (int)guest_stdio(FN_FILENO, 1, &guest);
    }
    return guest != 0;
}

void kzt_file_done(CPUArchState *env, void *file)
{
    FILE *f = file;
    uint64_t guest = f ? guest_stream(f) : 0;

    if (!guest) {
        return;                 /* none, or the call has closed it */
    }
#ifdef __GLIBC__
    if (likely(f->_IO_read_ptr >= f->_IO_read_end)) {
        return;
    }
    while (f->_IO_read_end > f->_IO_read_ptr) {
        unsigned char c = *--f->_IO_read_end;

        guest_stdio(FN_UNGETC, 2, (uint64_t[]) { c, guest });
    }
    __fpurge(f);
#endif
}
