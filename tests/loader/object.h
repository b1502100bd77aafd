/*
 * What libobject has.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <stddef.h>
#include <features.h>

typedef const char *ObjectFn(void);

extern int object_data;
extern int object_many[64];
int object_get_data(void);
const char *object_overridden(void);
const char *object_call_overridden(void);
const char *object_preloaded(void);
const char *object_call_preloaded(void);
ObjectFn *object_pointer(void);
int object_version(void);
int object_ifunc(void);

#endif
