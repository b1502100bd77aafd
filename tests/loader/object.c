/*
 * Guest of the loader tests: what its symbols are bound to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include "object.h"
#include <dlfcn.h>
#include <stdio.h>

/* Stronger than the library's. */
const char *object_overridden(void)
{
    return "program";
}

#ifdef __GLIBC__
int old_version(void);
__asm__(".symver old_version, object_version@OBJECT_1");

static int call(void *p)
{
    return p ? ((int (*)(void))p)() : -1;
}

static void versions(void)
{
    printf("version: %d %d, dlsym %d, dlvsym %d %d %d\n", object_version(),
           old_version(), call(dlsym(RTLD_DEFAULT, "object_version")),
           call(dlvsym(RTLD_DEFAULT, "object_version", "OBJECT_1")),
           call(dlvsym(RTLD_DEFAULT, "object_version", "OBJECT_2")),
           call(dlvsym(RTLD_DEFAULT, "object_version", "OBJECT_3")));
    printf("ifunc: %d, dlsym %d, same %d\n", object_ifunc(),
           call(dlsym(RTLD_DEFAULT, "object_ifunc")),
           (void *)object_ifunc == dlsym(RTLD_DEFAULT, "object_ifunc"));
}
#endif

int main(void)
{
    printf("overridden: %s %s\n", object_overridden(),
           object_call_overridden());
    printf("pointer: %s, same %d\n", object_pointer()(),
           object_pointer() == object_overridden);
    printf("preloaded: %s %s\n", object_preloaded(),
           object_call_preloaded());
    object_data = 40;
    object_many[2] = 2;
    printf("data: %d\n", object_get_data());
#ifdef __GLIBC__
    versions();
#endif
    return 0;
}
