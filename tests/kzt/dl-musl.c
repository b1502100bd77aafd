/*
 * Guest of the dl API tests for musl, whose loader binds at once, never
 * unloads and knows one namespace.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include "kzttest.h"
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void about(const char *what, void *p)
{
    Dl_info i = { 0 };
    int ok = dladdr(p, &i);
    const char *slash = i.dli_fname ? strrchr(i.dli_fname, '/') : NULL;

    printf("%s: %d in %s, symbol %s\n", what, ok != 0,
           slash ? slash + 1 : i.dli_fname ? i.dli_fname : "(null)",
           i.dli_sname ? i.dli_sname : "(none)");
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int increment(int v)
{
    return v + 1;
}

static int fail(int v)
{
    errno = v;
    return v;
}

static void *on_thread(void *opaque)
{
    int *v = opaque;

    *v = kt_repeat(increment, *v);
    errno = 3;
    kt_set_errno(*v);
    *v = errno;
    return NULL;
}

int main(int argc, char **argv)
{
    void *h = dlopen(argv[1], RTLD_NOW), *again, *mem;
    int v[] = { 5, 3, 9, 1 }, n[4] = { 10, 20, 30, 40 };
    struct link_map *m = NULL;
    pthread_t t[4];

    printf("handle %d linkmap %d same %d\n", h != NULL,
           dlinfo(h, RTLD_DI_LINKMAP, &m), (void *)m == h);
    about("kt_i32", dlsym(h, "kt_i32"));
    printf("identity %d\n", dlsym(h, "kt_i32") == (void *)kt_i32);
    printf("nosuch %d, error %d", dlsym(h, "nosuch") != NULL,
           dlerror() != NULL);
    printf(" %d\n", dlerror() != NULL);
    printf("i32 %d\n", kt_i32(5));
    kt_sort(v, 4, compare);
    printf("sort %d %d %d %d\n", v[0], v[1], v[2], v[3]);
    printf("repeat %d\n", kt_repeat(increment, 7));
    about("a function it returned", (void *)kt_get_function(2));
    printf("call %d\n", kt_get_function(3)(14));
    printf("errno %d", kt_set_errno(EPERM));
    printf(" %d\n", errno);
    kt_call(fail, 17);
    printf("errno of a callback %d\n", errno);
    mem = kt_malloc(100);
    memset(mem, 1, 100);
    mem = realloc(mem, 100000);
    printf("realloc %d\n", ((char *)mem)[99]);
    free(mem);
    for (int i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, on_thread, &n[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        printf("thread %d\n", n[i]);
    }
    printf("close %d", dlclose(h));
    again = dlopen(argv[1], RTLD_NOW);
    printf(" same %d call %d\n", again == h, kt_i32(9));
    return 0;
}
