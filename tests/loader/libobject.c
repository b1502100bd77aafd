/*
 * Library of the loader tests: everything the binding of symbols knows.  With
 * PRELOAD it is the one that comes before the others.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "object.h"

#ifdef PRELOAD

const char *object_preloaded(void)
{
    return "preloaded";
}

#else

int object_data = 5;
int object_many[64] = { 1, 2, 3 };

int object_get_data(void)
{
    return object_data + object_many[2];
}

const char *object_overridden(void)
{
    return "library";
}

const char *object_call_overridden(void)
{
    return object_overridden();
}

const char *object_preloaded(void)
{
    return "library";
}

const char *object_call_preloaded(void)
{
    return object_preloaded();
}

ObjectFn *object_pointer(void)
{
    return object_overridden;
}

#ifdef __GLIBC__
int object_old(void);
int object_new(void);

int object_old(void)
{
    return 1;
}

int object_new(void)
{
    return 2;
}
__asm__(".symver object_old, object_version@OBJECT_1");
__asm__(".symver object_new, object_version@@OBJECT_2");

static int ifunc_taken(void)
{
    return 77;
}

static int (*ifunc_resolve(void))(void)
{
    return ifunc_taken;
}

int object_ifunc(void) __attribute__((ifunc("ifunc_resolve")));
#endif
#endif
