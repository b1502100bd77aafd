/*
 * Looking up library descriptions.  The tables are generated.
 *
 * Locking: none; a function is made when it is asked for first, and stays.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/library.h"

const KztLibrary *kzt_library_by_name(const char *name)
{
    for (unsigned i = 0; kzt_libraries[i]; i++) {
        if (!strcmp(kzt_libraries[i]->name, name)) {
            return kzt_libraries[i];
        }
    }
    return NULL;
}

const KztLibrary *kzt_library_by_soname(const char *soname)
{
    for (unsigned i = 0; kzt_libraries[i]; i++) {
        const char *const *s = kzt_libraries[i]->sonames;

        for (; *s; s++) {
            if (!strcmp(*s, soname)) {
                return kzt_libraries[i];
            }
        }
    }
    return NULL;
}

unsigned kzt_library_carried(const KztLibrary *lib)
{
    unsigned n = 0;

    for (unsigned i = 0; i < lib->nb_functions; i++) {
        n += lib->rows[i].wrapper != 0;
    }
    return n;
}

bool kzt_library_has(const KztLibrary *lib, uint32_t flag)
{
    for (unsigned i = 0; i < lib->nb_functions; i++) {
        if (lib->rows[i].flags & flag) {
            return true;
        }
    }
    return false;
}

static const char *string_at(const KztLibrary *lib, uint32_t offset)
{
    return offset ? lib->strings + offset : NULL;
}

/* Two threads may make the same one; the first counts. */
static const KztFunction *function_at(const KztLibrary *lib, unsigned i)
{
    const KztRow *r = &lib->rows[i];
    KztFunction *f = atomic_load(&lib->functions[i]), *made;

    if (f) {
        return f;
    }
    made = malloc(sizeof(*made));
    if (!made) {
        return NULL;
    }
    *made = (KztFunction) {
        .name = string_at(lib, r->name),
        .signature = string_at(lib, r->signature),
        .wrapper = kzt_wrappers[r->wrapper],
        .why_not = string_at(lib, r->why_not),
        .flags = r->flags,
    };
    if (!atomic_compare_exchange_strong(&lib->functions[i], &f, made)) {
        free(made);
        return f;
    }
    return made;
}

const KztFunction *kzt_library_function(const KztLibrary *lib,
                                        const char *name,
                                        const char *version)
{
    unsigned low = 0, high = lib->nb_functions;

    while (low < high) {
        unsigned mid = (low + high) / 2;

        if (strcmp(string_at(lib, lib->rows[mid].name), name) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < lib->nb_functions &&
           !strcmp(string_at(lib, lib->rows[low].name), name)
           ? function_at(lib, low) : NULL;
}
