/*
 * The environment that native libraries see: the guest's, as it is now.
 *
 * The emulator's own environment is another one: -E and -U edit the guest's,
 * and the program may change it at any time.  Values are the guest's strings in
 * guest memory; they live as long as they would natively.
 *
 * Locking: none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include "kzt/environment.h"

#define MAX_VARIABLES 65536
#define MAX_NAME      256

bool kzt_guest_getenv(const char *name, char **value)
{
    const KztMemory *m = kzt_session.memory;
    uint64_t variable = kzt_runtime_environ(), list, at;
    size_t len = strlen(name);
    char text[MAX_NAME + 1];

    if (!variable || len >= MAX_NAME || !kzt_read_u64(m, variable, &list)) {
        return false;
    }
    *value = NULL;
    for (unsigned i = 0; list && i < MAX_VARIABLES; i++) {
        if (!kzt_read_u64(m, list + 8 * i, &at) || !at) {
            break;
        }
        /* The string may be shorter, and end where memory ends. */
        if (kzt_read(m, at, text, 1) && text[0] == name[0] &&
            kzt_read(m, at, text, len + 1) && text[len] == '=' &&
            !memcmp(text, name, len)) {
            *value = (char *)(uintptr_t)(at + len + 1);
            break;
        }
    }
    return true;
}
