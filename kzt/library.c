/*
 * Looking up library descriptions.  The tables are generated.
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

const KztFunction *kzt_library_function(const KztLibrary *lib,
                                        const char *name,
                                        const char *version)
{
    unsigned low = 0, high = lib->nb_functions;
    const KztFunction *any = NULL;

    while (low < high) {
        unsigned mid = (low + high) / 2;

        if (strcmp(lib->functions[mid].name, name) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    for (; low < lib->nb_functions &&
           !strcmp(lib->functions[low].name, name); low++) {
        const KztFunction *f = &lib->functions[low];

        if (!version || (f->version && !strcmp(f->version, version))) {
            return f;
        }
        if (!f->version && !any) {
            any = f;
        }
    }
    return any;
}
