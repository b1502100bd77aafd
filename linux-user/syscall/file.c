/*
 * Calls that name a file: open and its relatives, access, readlink, links,
 * directories, extended attributes.
 *
 * Reading calls look below the -L prefix and at the /proc views; calls that
 * create or change names act on the host's file system as given.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "openflags.h"
#include "user/path.h"
#include "user/procfs.h"
#include "user/process.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>

/*
 * The cheap question asked for every path: can the string at @addr matter to
 * us at all?  Without a prefix only names below /proc do, and of relative
 * names only those that a view could have.
 */
static bool path_is_plain(uint64_t addr)
{
    char head[8];

    if (path_prefix() ||
        (addr & (GUEST_PAGE_SIZE - 1)) > GUEST_PAGE_SIZE - sizeof(head) ||
        !copy_from_guest(head, addr, sizeof(head))) {
        return false;
    }
    return head[0] == '/' && memcmp(head, "/proc/", 6);
}

void guest_path_read(uint64_t addr, char buf[PATH_MAX], const char **host,
                     bool nofollow)
{
    char prefixed[PATH_MAX];

    /*
     * No path at all (AT_EMPTY_PATH), bad pointers, too long: the kernel
     * answers, after it has looked at other arguments.
     */
    if (!addr || path_is_plain(addr) ||
        strncpy_from_guest(buf, addr, PATH_MAX) < 0) {
        *host = g2h(addr);
        return;
    }
    *host = buf;
    if (path_prefix()) {
        const char *p = path_to_host(buf, prefixed, nofollow);

        if (p == prefixed) {
            memcpy(buf, prefixed, strlen(prefixed) + 1);
        }
    }
    if (!nofollow && path_is_proc_self_exe(buf)) {
        *host = path_exe_host();
    } else if (!nofollow && proc_exe_other(buf, prefixed)) {
        memcpy(buf, prefixed, strlen(prefixed) + 1);
    }
}

static int64_t do_openat(CPUArchState *env, int dirfd, uint64_t path_addr,
                         int flags, uint32_t mode)
{
    char buf[PATH_MAX];
    const char *path;
    int host_flags = open_flags_to_host(flags);
    int64_t ret;

    if (path_is_plain(path_addr)) {
        path = g2h(path_addr);
    } else {
        bool reads = (flags & TARGET_O_ACCMODE) == O_RDONLY &&
                     !(flags & (TARGET_O_CREAT | TARGET_O_TRUNC |
                                TARGET_O_TMPBIT));

        if (reads) {
            guest_path_read(path_addr, buf, &path, flags & TARGET_O_NOFOLLOW);
        } else {
            path = strncpy_from_guest(buf, path_addr, sizeof(buf)) < 0 ?
                   g2h(path_addr) : buf;
        }
        if (path == buf && proc_maybe_view(path)) {
            ret = proc_open_view(env, dirfd, path, host_flags);
            if (ret != -QEMU_NO_VIEW) {
                return ret;
            }
        }
    }
    ret = safe_syscall(__NR_openat, dirfd, path, host_flags, mode);
    if (ret == -ENOENT && !(flags & TARGET_O_CREAT) && path == buf &&
        path_prefix()) {
        /* Writing to a file that exists only below the prefix. */
        char host[PATH_MAX];

        path = path_to_host(buf, host, flags & TARGET_O_NOFOLLOW);
        if (path == host) {
            ret = safe_syscall(__NR_openat, dirfd, path, host_flags, mode);
        }
    }
    return ret;
}

int64_t sys_open(CPUArchState *env, const uint64_t *a)
{
    return do_openat(env, AT_FDCWD, a[0], a[1], a[2]);
}

int64_t sys_openat(CPUArchState *env, const uint64_t *a)
{
    return do_openat(env, a[0], a[1], a[2], a[3]);
}

int64_t sys_creat(CPUArchState *env, const uint64_t *a)
{
    return do_openat(env, AT_FDCWD, a[0],
                     TARGET_O_CREAT | TARGET_O_WRONLY | TARGET_O_TRUNC, a[1]);
}

int64_t sys_openat2(CPUArchState *env, const uint64_t *a)
{
    struct open_how how;
    char buf[PATH_MAX];
    const char *path;
    int64_t ret;

    /* A longer structure with a meaning we do not know is for the kernel. */
    if (a[3] < sizeof(how)) {
        return -EINVAL;
    }
    if (!get_guest(how, a[2])) {
        return -EFAULT;
    }
    if (a[3] > sizeof(how)) {
        return safe_syscall(__NR_openat2, (int)a[0], a[1], a[2], a[3]);
    }
    if (how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) {
        /* The path means something below dirfd: neither prefix nor view. */
        path = g2h(a[1]);
    } else {
        bool writes = (how.flags & (TARGET_O_ACCMODE | TARGET_O_CREAT |
                                    TARGET_O_TRUNC)) != O_RDONLY;

        guest_path_read(a[1], buf, &path,
                        writes || (how.flags & TARGET_O_NOFOLLOW));
        if (writes) {
            path = g2h(a[1]);
        } else if (path == buf && proc_maybe_view(path)) {
            ret = proc_open_view(env, a[0], path,
                                 open_flags_to_host(how.flags));
            if (ret != -QEMU_NO_VIEW) {
                return ret;
            }
        }
    }
    if (how.flags >> 32 == 0) {
        how.flags = (uint32_t)open_flags_to_host(how.flags);
    }
    return safe_syscall(__NR_openat2, (int)a[0], path, &how, sizeof(how));
}

int64_t sys_open_by_handle_at(CPUArchState *env, const uint64_t *a)
{
    return safe_syscall(__NR_open_by_handle_at, (int)a[0], a[1],
                        open_flags_to_host(a[2]));
}

static int64_t do_faccessat(int dirfd, uint64_t addr, int mode, int flags)
{
    char buf[PATH_MAX];
    const char *path;

    if ((mode & W_OK) && !(flags & ~AT_EACCESS)) {
        path = g2h(addr);
    } else {
        guest_path_read(addr, buf, &path, flags & AT_SYMLINK_NOFOLLOW);
    }
    if (!flags) {
        return raw_syscall(__NR_faccessat, dirfd, path, mode);
    }
    return raw_syscall(__NR_faccessat2, dirfd, path, mode, flags);
}

int64_t sys_access(CPUArchState *env, const uint64_t *a)
{
    return do_faccessat(AT_FDCWD, a[0], a[1], 0);
}

int64_t sys_faccessat(CPUArchState *env, const uint64_t *a)
{
    return do_faccessat(a[0], a[1], a[2], 0);
}

int64_t sys_faccessat2(CPUArchState *env, const uint64_t *a)
{
    return do_faccessat(a[0], a[1], a[2], a[3]);
}

static int64_t do_readlinkat(CPUArchState *env, int dirfd, uint64_t addr,
                             uint64_t out, int64_t size)
{
    char buf[PATH_MAX], link[PATH_MAX];
    const char *path;
    int64_t ret;

    guest_path_read(addr, buf, &path, true);
    if (path == buf && proc_maybe_view(path)) {
        ret = proc_readlink_view(env, dirfd, path, link, sizeof(link));
        if (ret != -QEMU_NO_VIEW) {
            if (size <= 0 || size > INT_MAX) {
                return -EINVAL;
            }
            if (ret > 0) {
                ret = MIN(ret, size);
                return copy_to_guest(out, link, ret) ? ret : -EFAULT;
            }
            return ret;
        }
    }
    return raw_syscall(__NR_readlinkat, dirfd, path, out, size);
}

int64_t sys_readlink(CPUArchState *env, const uint64_t *a)
{
    return do_readlinkat(env, AT_FDCWD, a[0], a[1], (int)a[2]);
}

int64_t sys_readlinkat(CPUArchState *env, const uint64_t *a)
{
    return do_readlinkat(env, a[0], a[1], a[2], (int)a[3]);
}

int64_t sys_chdir(CPUArchState *env, const uint64_t *a)
{
    char buf[PATH_MAX], host[PATH_MAX];
    int64_t ret = raw_syscall(__NR_chdir, a[0]);

    /* Only what the host does not have is taken from below the prefix. */
    if (ret == -ENOENT && path_prefix() &&
        strncpy_from_guest(buf, a[0], sizeof(buf)) >= 0) {
        const char *path = path_to_host(buf, host, false);

        if (path != buf) {
            ret = raw_syscall(__NR_chdir, path);
        }
    }
    return ret;
}

int64_t sys_statfs(CPUArchState *env, const uint64_t *a)
{
    char buf[PATH_MAX];
    const char *path;

    guest_path_read(a[0], buf, &path, false);
    return raw_syscall(__NR_statfs, path, a[1]);
}

int64_t sys_inotify_add_watch(CPUArchState *env, const uint64_t *a)
{
    char buf[PATH_MAX];
    const char *path;

    guest_path_read(a[1], buf, &path, a[2] & IN_DONT_FOLLOW);
    return raw_syscall(__NR_inotify_add_watch, (int)a[0], path, a[2]);
}

/* Extended attributes: reading ones look below the prefix. */

static int64_t xattr_call(long nr, const uint64_t *a, bool nofollow)
{
    char buf[PATH_MAX];
    const char *path;

    guest_path_read(a[0], buf, &path, nofollow);
    return raw_syscall(nr, path, a[1], a[2], a[3]);
}

int64_t sys_getxattr(CPUArchState *env, const uint64_t *a)
{
    return xattr_call(__NR_getxattr, a, false);
}

int64_t sys_lgetxattr(CPUArchState *env, const uint64_t *a)
{
    return xattr_call(__NR_lgetxattr, a, true);
}

int64_t sys_listxattr(CPUArchState *env, const uint64_t *a)
{
    return xattr_call(__NR_listxattr, a, false);
}

int64_t sys_llistxattr(CPUArchState *env, const uint64_t *a)
{
    return xattr_call(__NR_llistxattr, a, true);
}

/* Calls after which /proc may be out of reach. */

int64_t sys_chroot(CPUArchState *env, const uint64_t *a)
{
    exec_keep_self();
    return raw_syscall(__NR_chroot, a[0]);
}

int64_t sys_pivot_root(CPUArchState *env, const uint64_t *a)
{
    exec_keep_self();
    return raw_syscall(__NR_pivot_root, a[0], a[1]);
}

int64_t sys_umount2(CPUArchState *env, const uint64_t *a)
{
    exec_keep_self();
    return raw_syscall(__NR_umount2, a[0], a[1]);
}
