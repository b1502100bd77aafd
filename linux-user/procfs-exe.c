/*
 * Which program runs in another emulated process: its /proc/PID/exe.
 *
 * For the host every such process runs the emulator.  Each therefore maps a
 * page of its program's file that nobody touches, at an offset no program
 * uses: the host's /proc/PID/maps then has the path, follows renames of the
 * file as exe does, and may be read by those who may read exe.
 *
 * No state, no locks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "syscall/internal.h"
#include "user/path.h"
#include "user/procfs.h"
#include <ctype.h>
#include <fcntl.h>
#include <sys/mman.h>

/* Beyond the end of any file; a multiple of every page size. */
#define MARK_OFFSET 0x6b7a740000ull

void proc_exe_publish(void)
{
    int fd = open(path_exe_host(), O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        /* Where it fails the host's link stays what it is. */
        mmap(NULL, sysconf(_SC_PAGESIZE), PROT_NONE, MAP_PRIVATE, fd,
             MARK_OFFSET);
        close(fd);
    }
}

/* Length of @path up to its "exe" if it is /proc/PID[/task/TID]/exe, or 0. */
static size_t dir_length(const char *path)
{
    static const char *const parts[] = { "/proc/", "/task/" };
    const char *p = path;

    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
        size_t n = strlen(parts[i]);

        if (strncmp(p, parts[i], n) || !isdigit((unsigned char)p[n])) {
            break;
        }
        p += n + strspn(p + n, "0123456789");
    }
    return p != path && !strcmp(p, "/exe") ? p + 1 - path : 0;
}

/* The path that ends the line of the marked mapping, or NULL. */
static char *marked_path(char *line)
{
    uint64_t offset;
    char perms[5];
    int at = 0;

    if (sscanf(line, "%*x-%*x %4s %" SCNx64 " %*s %*s %n", perms, &offset,
               &at) != 2 || !at || offset != MARK_OFFSET ||
        strcmp(perms, "---p") || line[at] != '/') {
        return NULL;
    }
    line[at + strcspn(line + at, "\n")] = 0;
    return line + at;
}

/* What the host writes as \012 is a newline. */
static void unescape(char *s)
{
    char *to = s;

    while (*s) {
        if (!strncmp(s, "\\012", 4)) {
            *to++ = '\n';
            s += 4;
        } else {
            *to++ = *s++;
        }
    }
    *to = 0;
}

bool proc_exe_other(const char *path, char buf[PATH_MAX])
{
    size_t dir = dir_length(path), room = 0;
    char name[64], *line = NULL, *found = NULL;
    FILE *f;

    if (!dir || dir + sizeof("maps") > sizeof(name)) {
        return false;
    }
    snprintf(name, sizeof(name), "%.*smaps", (int)dir, path);
    f = fopen(name, "re");
    if (!f) {
        return false;
    }
    while (!found && getline(&line, &room, f) > 0) {
        found = marked_path(line);
    }
    fclose(f);
    if (found) {
        unescape(found);
        snprintf(buf, PATH_MAX, "%s", found);
    }
    free(line);
    return found;
}
