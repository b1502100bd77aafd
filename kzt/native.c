/*
 * The host side of described libraries: dlopen() once, never dlclose().
 *
 * Locking: one mutex around opening; what is open is immutable.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/native.h"
#include "kzt/carry.h"
#include "kzt/dynamic.h"
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

struct KztNative {
    struct KztNative *next;
    const KztLibrary *lib;
    void *handle;               /* NULL: why says what happened */
    const char *why;
    const char *path;
    uintptr_t start, end;
    KztDynamic dyn;             /* of the host's library */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
KZT_FORK_GUARD(mutex)
static _Atomic(KztNative *) natives;

static int find_span(struct dl_phdr_info *info, size_t size, void *opaque)
{
    KztNative *n = opaque;
    const struct link_map *map = n->handle;

    if (info->dlpi_addr != map->l_addr ||
        strcmp(info->dlpi_name, map->l_name)) {
        return 0;
    }
    n->start = UINTPTR_MAX;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

        if (ph->p_type == PT_LOAD) {
            uintptr_t start = info->dlpi_addr + ph->p_vaddr;

            n->start = MIN(n->start, start);
            n->end = MAX(n->end, start + ph->p_memsz);
        }
    }
    return 1;
}

static bool host_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    memcpy(buf, (const void *)(uintptr_t)addr, len);
    return true;
}

static const KztMemory host_memory = { .read = host_read };

static void open_library(KztNative *n)
{
    const char *err;

    n->handle = dlopen(n->lib->host_soname, RTLD_NOW | RTLD_LOCAL);
    if (!n->handle) {
        err = dlerror();
        err = err ? strdup(err) : NULL;
        n->why = err ? err : "the host's loader refused it";
        return;
    }
    n->path = ((struct link_map *)n->handle)->l_name;
    dl_iterate_phdr(find_span, n);
    kzt_dynamic_parse(&n->dyn, &host_memory,
                      (uintptr_t)((struct link_map *)n->handle)->l_ld,
                      ((struct link_map *)n->handle)->l_addr, n->start,
                      n->end);
}

KztNative *kzt_native_open(const KztLibrary *lib, const char **why)
{
    KztNative *n;

    pthread_mutex_lock(&mutex);
    for (n = atomic_load(&natives); n && n->lib != lib; n = n->next) {
    }
    if (!n) {
        n = calloc(1, sizeof(*n));
        if (!n) {
            pthread_mutex_unlock(&mutex);
            if (why) {
                *why = "out of memory";
            }
            return NULL;
        }
        n->lib = lib;
        open_library(n);
        n->next = atomic_load(&natives);
        atomic_store(&natives, n);
    }
    pthread_mutex_unlock(&mutex);
    if (why) {
        *why = n->why;
    }
    return n->handle ? n : NULL;
}

/* glibc's version names differ between architectures. */
static bool has_versions(const KztNative *n, const char *version)
{
    const ElfW(Dyn) *d = ((struct link_map *)n->handle)->l_ld;

    if (!strncmp(version, "GLIBC_", 6)) {
        return false;
    }
    while (d->d_tag != DT_NULL && d->d_tag != DT_VERDEF) {
        d++;
    }
    return d->d_tag == DT_VERDEF;
}

void *kzt_native_symbol(KztNative *n, const char *name, const char *version)
{
    void *p = version ? dlvsym(n->handle, name, version) : NULL;

    if (!p && (!version || !has_versions(n, version))) {
        p = dlsym(n->handle, name);
    }
    /* dlsym() also looks into what the library depends on. */
    return (uintptr_t)p >= n->start && (uintptr_t)p < n->end ? p : NULL;
}

bool kzt_native_has(KztNative *n, const char *name, const char *version)
{
    KztSymbol sym;

    return (version && kzt_dynamic_lookup(&n->dyn, name, version, &sym)) ||
           ((!version || !has_versions(n, version)) &&
            kzt_dynamic_lookup(&n->dyn, name, NULL, &sym));
}

const KztLibrary *kzt_native_library_at(const void *addr)
{
    uintptr_t a = (uintptr_t)addr;

    for (KztNative *n = atomic_load(&natives); n; n = n->next) {
        if (a >= n->start && a < n->end) {
            return n->lib;
        }
    }
    return NULL;
}

const char *kzt_native_path(const KztNative *n)
{
    return n->path;
}

bool kzt_native_owns(const void *addr)
{
    return kzt_native_library_at(addr) != NULL;
}
