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

/* Libraries DIR/libpluginN.so come and go in changing order. */
static void many(const char *dir, int n, int rounds)
{
    void **h = calloc(n, sizeof(*h));
    unsigned seed = 1;
    char name[4096];

    for (int k = 0; k < rounds * n; k++) {
        int i;

        seed = seed * 1103515245 + 12345;
        i = (seed >> 16) % n;
        if (h[i]) {
            dlclose(h[i]);
            h[i] = NULL;
            continue;
        }
        snprintf(name, sizeof(name), "%s/libplugin%d.so", dir, i);
        h[i] = must(dlopen(name, RTLD_NOW));
        if (((int (*)(void))must(dlsym(h[i], "plugin_value")))() != 42) {
            _exit(1);
        }
    }
    free(h);
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
    } else if (!strncmp(what, "many", 4)) {
        many(lib, atoi(what + 4), atoi(argv[3]));
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
