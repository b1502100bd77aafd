/*
 * `-perfmap`: /tmp/perf-PID.map, the text form perf reads for generated code:
 * start and size in hexadecimal, then a name.
 *
 * Locking: engine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "qemu/log.h"
#include <fcntl.h>

static FILE *file;

void perfmap_init(void)
{
    char path[64];

    snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
    file = fopen(path, "we");
    if (!file) {
        error_report("cannot write %s: %s", path, strerror(errno));
        engine.cfg.perfmap = false;
        return;
    }
    setvbuf(file, NULL, _IOLBF, 0);
}

void perfmap_name(const TB *tb, char *buf, size_t len)
{
    uint64_t start = 0, size = 0;
    const char *name = engine_lookup_symbol ?
                       engine_lookup_symbol(tb->pc, &start, &size) : NULL;

    if (!name) {
        snprintf(buf, len, "guest-%#" PRIx64, tb->pc);
    } else if (start == tb->pc) {
        snprintf(buf, len, "%s", name);
    } else {
        snprintf(buf, len, "%s+%#" PRIx64, name, tb->pc - start);
    }
}

void perfmap_unit(const TB *tb)
{
    char name[256];

    if (file) {
        perfmap_name(tb, name, sizeof(name));
        fprintf(file, "%" PRIxPTR " %x %s\n", (uintptr_t)tb->code,
                tb->code_size, name);
    }
}

void perfmap_prologue(const uint8_t *rx, size_t size)
{
    if (file && size) {
        fprintf(file, "%" PRIxPTR " %zx qemu-prologue\n", (uintptr_t)rx, size);
    }
}

void perfmap_forked(void)
{
    char path[64];
    FILE *old;
    char buf[4096];
    size_t n;

    if (!file) {
        return;
    }
    /* The child's code starts out as its parent's. */
    fclose(file);
    snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getppid());
    old = fopen(path, "re");
    perfmap_init();
    while (old && file && (n = fread(buf, 1, sizeof(buf), old)) > 0) {
        fwrite(buf, 1, n, file);
    }
    if (old) {
        fclose(old);
    }
}
