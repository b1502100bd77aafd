/*
 * Guest path names.
 *
 * With -L DIR the guest's file system is the host's with DIR laid over it for
 * reading: a path that exists below DIR is taken from there.  The walk resolves
 * symbolic links itself, because an absolute link inside DIR means a place
 * inside DIR.  Directories whose content belongs to the running system are
 * never taken from DIR, even if it has empty copies of them.
 *
 * Must not know about system calls or their flags.  No locks: options and
 * image are fixed before the first guest instruction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/path.h"
#include "user/options.h"
#include "user/elfload.h"
#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#define MAX_LINKS 40

static const char *const host_only[] = {
    "/proc", "/sys", "/dev", "/tmp", "/run",
};

static size_t prefix_len(const char *prefix)
{
    size_t n = strlen(prefix);

    while (n > 0 && prefix[n - 1] == '/') {
        n--;
    }
    return n;
}

const char *path_prefix(void)
{
    const char *p = user_options.ld_prefix;

    /* "/" lays the host over itself */
    return p && p[0] && prefix_len(p) ? p : NULL;
}

static bool is_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    return !strncmp(path, dir, n) && (path[n] == '/' || path[n] == 0);
}

/*
 * Walk @path below the directory in buf[0..base).  Leaves the host path in
 * @buf and returns true if the object exists.
 */
static bool walk(char *buf, size_t base, const char *path, bool nofollow)
{
    char rest[PATH_MAX], link[PATH_MAX];
    char *p = rest;
    size_t len = base;
    int links = 0;

    if (strlen(path) >= sizeof(rest)) {
        return false;
    }
    memcpy(rest, path, strlen(path) + 1);
    for (;;) {
        size_t n, room, tail;
        ssize_t got;

        while (*p == '/') {
            p++;
        }
        if (!*p) {
            break;
        }
        n = strcspn(p, "/");
        if (n == 1 && p[0] == '.') {
            p += n;
            continue;
        }
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (len > base && buf[--len] != '/') {
                continue;
            }
            buf[len] = 0;
            p += n;
            continue;
        }
        if (len + n + 2 > PATH_MAX) {
            return false;
        }
        buf[len] = '/';
        memcpy(buf + len + 1, p, n);
        buf[len + 1 + n] = 0;
        p += n;
        if (nofollow && !*p) {
            len += n + 1;
            break;
        }
        got = readlink(buf, link, sizeof(link) - 1);
        if (got < 0) {
            if (errno != EINVAL) {
                return false;
            }
            len += n + 1;
            continue;
        }
        tail = strlen(p);
        room = sizeof(rest) - tail - 1;
        if (++links > MAX_LINKS || (size_t)got > room) {
            return false;
        }
        /* What the link says, then what is left of the path. */
        memmove(rest + got, p, tail + 1);
        memcpy(rest, link, got);
        p = rest;
        if (link[0] == '/') {
            len = base;
        }
        buf[len] = 0;
    }
    buf[len] = 0;
    return len > base && !faccessat(AT_FDCWD, buf, F_OK, AT_SYMLINK_NOFOLLOW);
}

const char *path_to_host(const char *path, char *buf, bool nofollow)
{
    const char *prefix = path_prefix();
    size_t base, len;

    if (!prefix || path[0] != '/') {
        return path;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(host_only); i++) {
        if (is_below(path, host_only[i])) {
            return path;
        }
    }
    base = prefix_len(prefix);
    if (base >= PATH_MAX) {
        return path;
    }
    /* A path that already names the prefix is a host path. */
    if (!strncmp(path, prefix, base) && (path[base] == '/' || !path[base])) {
        return path;
    }
    memcpy(buf, prefix, base);
    buf[base] = 0;
    if (!walk(buf, base, path, nofollow)) {
        return path;
    }
    /* A trailing slash asks for a directory: keep it for the kernel. */
    len = strlen(buf);
    if (path[strlen(path) - 1] == '/' && len + 1 < PATH_MAX) {
        buf[len] = '/';
        buf[len + 1] = 0;
    }
    return buf;
}

const char *path_exe_host(void)
{
    return guest_image.exe_path ? guest_image.exe_path : "";
}

const char *path_exe(void)
{
    return path_exe_shown(path_exe_host());
}

const char *path_exe_shown(const char *exe)
{
    const char *prefix = path_prefix();

    if (prefix && exe[0]) {
        size_t n = prefix_len(prefix);

        if (!strncmp(exe, prefix, n) && exe[n] == '/') {
            return exe + n;
        }
    }
    return exe;
}

const char *path_proc_self(const char *path)
{
    if (strncmp(path, "/proc/", 6)) {
        return NULL;
    }
    path += 6;
    if (!strncmp(path, "self/", 5)) {
        return path + 5;
    }
    if (!strncmp(path, "thread-self/", 12)) {
        return path + 12;
    }
    if (isdigit((unsigned char)*path)) {
        char *end;
        unsigned long pid = strtoul(path, &end, 10);

        if (*end == '/' && pid == (unsigned long)getpid()) {
            return end + 1;
        }
    }
    return NULL;
}

bool path_is_proc_self_exe(const char *path)
{
    const char *rest = path_proc_self(path);

    if (rest && !strncmp(rest, "task/", 5)) {
        rest = strchr(rest + 5, '/');
        rest = rest ? rest + 1 : NULL;
    }
    return rest && !strcmp(rest, "exe");
}
