/*
 * Guest of the loader tests: what it does is the first argument.  Marks on
 * standard error tell the log apart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void mark(const char *s)
{
    dprintf(2, "mark: %s\n", s);
}

static void *must(void *p)
{
    if (!p) {
        dprintf(2, "%s\n", dlerror());
        _exit(1);
    }
    return p;
}

int main(int argc, char **argv)
{
    const char *what = argv[1], *lib = argv[2];
    void *h;

    mark("main");
    if (!strcmp(what, "dlopen")) {
        mark("dlopen");
        h = must(dlopen(lib, RTLD_NOW));
        mark("opened");
        ((int (*)(void))must(dlsym(h, "plugin_value")))();
        dlclose(h);
        mark("closed");
    } else if (!strcmp(what, "cycles")) {
        int n = atoi(argv[3]);

        for (int i = 0; i < n; i++) {
            h = must(dlopen(lib, RTLD_NOW));
            if (((int (*)(void))must(dlsym(h, "plugin_value")))() != 42) {
                return 1;
            }
            dlclose(h);
        }
#ifdef __GLIBC__
    } else if (!strcmp(what, "dlmopen")) {
        Lmid_t id = -1;

        h = must(dlmopen(LM_ID_NEWLM, lib, RTLD_NOW));
        dlinfo(h, RTLD_DI_LMID, &id);
        dprintf(2, "mark: namespace %ld\n", (long)id);
        dlclose(h);
        mark("closed");
#endif
    }
    mark("end");
    return 0;
}
