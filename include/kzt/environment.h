/*
 * getenv() of native libraries.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_ENVIRONMENT_H
#define KZT_ENVIRONMENT_H

#include "qemu/osdep.h"

/*
 * *value becomes what the guest's getenv(@name) would answer.  False: the
 * guest's environment is not known, ask the host's.
 */
bool kzt_guest_getenv(const char *name, char **value);

#endif
