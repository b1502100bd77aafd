/*
 * The small libraries of the dl API tests, one per macro.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include "kzttest.h"
#include <dlfcn.h>
#include <string.h>

#if defined(PLUGIN)
/* Needs libkzttest by its dynamic section. */
int plugin_call(int v)
{
    return kt_i32(v) + kt_call(kt_i32, v);
}
#elif defined(NEXT)
/* Stands in front of libkzttest and calls what it hides. */
int kt_i32(int v)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "kt_i32");

    return next ? 10000 + next(v) : -1;
}

const char *next_name(void)
{
    void *p = dlsym(RTLD_NEXT, "kt_i64");
    const char *slash;
    Dl_info i;

    if (!p || !dladdr(p, &i)) {
        return NULL;
    }
    slash = strrchr(i.dli_fname, '/');
    return slash ? slash + 1 : i.dli_fname;
}
#elif defined(VERSIONS)
int version_1(int v);
int version_2(int v);

int version_1(int v)
{
    return 1;
}

int version_2(int v)
{
    return 2;
}
__asm__(".symver version_1, dl_version@DL_1");
__asm__(".symver version_2, dl_version@@DL_2");
#elif defined(MISSING)
int nobody_has_this(int v);

int missing_call(int v)
{
    return nobody_has_this(v);
}
#elif defined(MANY)
int many_value(void)
{
    return MANY;
}
#endif
