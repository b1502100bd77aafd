/*
 * Calls about descriptors themselves, and the descriptors the guest must not
 * see.
 *
 * The emulator keeps at most a few descriptors open (log file, code cache).
 * They are registered here; close, dup2, dup3 and close_range treat them as
 * not open, and listings of /proc/self/fd leave them out.
 *
 * Locking: the registry is a small array of atomics, written at start-up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "linux-user/page-table.h"
#include "openflags.h"
#include "qemu/log.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define MAX_PRIVATE 8

/* High enough to be out of the way, low enough that fork stays cheap. */
#define PRIVATE_TOP 1024

static _Atomic int private_fds[MAX_PRIVATE] = {
    -1, -1, -1, -1, -1, -1, -1, -1
};
_Atomic int fd_private_min = INT_MAX;

static void update_min(void)
{
    int min = INT_MAX;

    for (int i = 0; i < MAX_PRIVATE; i++) {
        int fd = atomic_load(&private_fds[i]);

        if (fd >= 0 && fd < min) {
            min = fd;
        }
    }
    atomic_store(&fd_private_min, min);
}

int fd_make_private(int fd)
{
    struct rlimit rl;
    int from, moved;

    if (fd < 0) {
        return fd;
    }
    from = PRIVATE_TOP;
    if (!getrlimit(RLIMIT_NOFILE, &rl) && rl.rlim_cur < PRIVATE_TOP) {
        from = rl.rlim_cur;
    }
    from = MAX(from - MAX_PRIVATE * 2, 3);
    moved = fcntl(fd, F_DUPFD_CLOEXEC, from);
    if (moved >= 0) {
        close(fd);
        fd = moved;
    } else {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    for (int i = 0; i < MAX_PRIVATE; i++) {
        int none = -1;

        if (atomic_compare_exchange_strong(&private_fds[i], &none, fd)) {
            break;
        }
    }
    update_min();
    return fd;
}

void fd_forget_private(int fd)
{
    for (int i = 0; i < MAX_PRIVATE; i++) {
        int was = fd;

        atomic_compare_exchange_strong(&private_fds[i], &was, -1);
    }
    update_min();
}

bool fd_is_private(int fd)
{
    for (int i = 0; i < MAX_PRIVATE; i++) {
        if (fd >= 0 && atomic_load(&private_fds[i]) == fd) {
            return true;
        }
    }
    return false;
}

int64_t sys_close(CPUArchState *env, const uint64_t *a)
{
    mapped_file_forget_fd();
    return fd_hidden(a[0]) ? -EBADF : raw_syscall(__NR_close, a[0]);
}

int64_t sys_dup2(CPUArchState *env, const uint64_t *a)
{
    mapped_file_forget_fd();
    if (fd_hidden(a[0]) || fd_hidden(a[1])) {
        return -EBADF;
    }
#if HOST_IS_GUEST_ABI
    return raw_syscall(__NR_dup2, a[0], a[1]);
#else
    if ((uint32_t)a[0] == (uint32_t)a[1]) {
        /* dup3 refuses this; dup2 only checks that it is open. */
        int64_t ret = raw_syscall(__NR_fcntl, a[0], F_GETFD, 0);

        return ret < 0 ? ret : (int)a[0];
    }
    return raw_syscall(__NR_dup3, a[0], a[1], 0);
#endif
}

int64_t sys_dup3(CPUArchState *env, const uint64_t *a)
{
    mapped_file_forget_fd();
    if (fd_hidden(a[0]) || fd_hidden(a[1])) {
        return -EBADF;
    }
    return raw_syscall(__NR_dup3, a[0], a[1], open_flags_to_host(a[2]));
}

static int64_t close_range_host(unsigned first, unsigned last, unsigned flags)
{
    int64_t ret;
    struct rlimit rl;

    mapped_file_forget_fd();
    ret = raw_syscall(__NR_close_range, first, last, flags);
    if (ret != -ENOSYS || (flags & ~(unsigned)CLOSE_RANGE_CLOEXEC)) {
        return ret;
    }
    /* Hosts before Linux 5.9. */
    if (!getrlimit(RLIMIT_NOFILE, &rl) && last >= rl.rlim_max) {
        last = rl.rlim_max - 1;
    }
    for (unsigned fd = first; fd <= last; fd++) {
        if (flags & CLOSE_RANGE_CLOEXEC) {
            fcntl(fd, F_SETFD, FD_CLOEXEC);
        } else {
            raw_syscall(__NR_close, fd);
        }
    }
    return 0;
}

int64_t sys_close_range(CPUArchState *env, const uint64_t *a)
{
    unsigned first = a[0], last = a[1], flags = a[2];
    int hidden[MAX_PRIVATE], n = 0;
    int64_t ret;

    if (first > last ||
        (flags & ~(unsigned)(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE))) {
        return -EINVAL;
    }
    for (int i = 0; i < MAX_PRIVATE; i++) {
        int fd = atomic_load(&private_fds[i]);
        int k = n;

        if (fd < 0 || (unsigned)fd < first || (unsigned)fd > last) {
            continue;
        }
        while (k > 0 && hidden[k - 1] > fd) {
            hidden[k] = hidden[k - 1];
            k--;
        }
        hidden[k] = fd;
        n++;
    }
    for (int i = 0; i < n; i++) {
        if (first < (unsigned)hidden[i]) {
            ret = close_range_host(first, hidden[i] - 1, flags);
            if (ret < 0) {
                return ret;
            }
        }
        first = hidden[i] + 1;
    }
    return first <= last ? close_range_host(first, last, flags) : 0;
}

int64_t sys_fcntl(CPUArchState *env, const uint64_t *a)
{
    int64_t ret;

    if (fd_hidden(a[0])) {
        return -EBADF;
    }
    switch ((int)a[1]) {
    case F_SETLKW:
    case F_OFD_SETLKW:
        return safe_syscall(__NR_fcntl, a[0], a[1], a[2]);
    case F_SETFL:
        return raw_syscall(__NR_fcntl, a[0], F_SETFL,
                           open_flags_to_host(a[2]));
    case F_GETFL:
        ret = raw_syscall(__NR_fcntl, a[0], F_GETFL, 0);
        return ret < 0 ? ret : open_flags_to_guest(ret);
    default:
        return raw_syscall(__NR_fcntl, a[0], a[1], a[2]);
    }
}

/* Directory listings. */

/* Does directory @dir of /proc have the file of our own at our own number? */
static bool shows_private_file(int dir)
{
    for (int i = 0; i < MAX_PRIVATE; i++) {
        int fd = atomic_load(&private_fds[i]);
        struct stat own, there;
        char name[16];

        snprintf(name, sizeof(name), "%d", fd);
        if (fd >= 0 && fstat(fd, &own) == 0 &&
            fstatat(dir, name, &there, 0) == 0 &&
            own.st_dev == there.st_dev && own.st_ino == there.st_ino) {
            return true;
        }
    }
    return false;
}

static bool lists_own_fds(int fd)
{
    char link[64], path[PATH_MAX];
    struct statfs sf;
    ssize_t n;

    if (atomic_load(&fd_private_min) == INT_MAX || fstatfs(fd, &sf) < 0 ||
        sf.f_type != 0x9fa0 /* PROC_SUPER_MAGIC */) {
        return false;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    if (n <= 0) {
        /* The guest has left for a root directory without /proc. */
        return shows_private_file(fd);
    }
    path[n] = 0;
    snprintf(link, sizeof(link), "/proc/%d/", (int)getpid());
    if (strncmp(path, link, strlen(link))) {
        return false;
    }
    return (n > 3 && !strcmp(path + n - 3, "/fd")) ||
           (n > 7 && !strcmp(path + n - 7, "/fdinfo"));
}

static bool names_private_fd(const char *name)
{
    char *end;
    long fd = strtol(name, &end, 10);

    return end != name && !*end && fd_is_private(fd);
}

int64_t sys_getdents64(CPUArchState *env, const uint64_t *a)
{
    int64_t n, out = 0, pos = 0;
    char *buf;

    do {
        n = raw_syscall(__NR_getdents64, a[0], a[1], a[2]);
    } while (n == -EFAULT && syscall_unprotect(
                 &syscall_table[TARGET_NR_getdents64], a, 0));
    if (n <= 0 || likely(!lists_own_fds(a[0]))) {
        return n;
    }
    buf = malloc(n);
    if (!buf || !copy_from_guest(buf, a[1], n)) {
        free(buf);
        return n;
    }
    while (pos < n) {
        GuestDirent64 *d = (GuestDirent64 *)(buf + pos);
        uint16_t reclen = d->reclen;

        if (!names_private_fd(d->name)) {
            memmove(buf + out, d, reclen);
            out += reclen;
        }
        pos += reclen;
    }
    /* Nothing but our own would read as the end of the directory. */
    n = out && !copy_to_guest(a[1], buf, out) ? -EFAULT : out;
    free(buf);
    return n ? n : sys_getdents64(env, a);
}

int64_t sys_getdents(CPUArchState *env, const uint64_t *a)
{
#if HOST_IS_GUEST_ABI
    return raw_syscall(__NR_getdents, a[0], a[1], a[2]);
#else
    /*
     * The old record has no type in front of the name but one behind it, in
     * the last byte: the record never gets longer.
     */
    size_t size = MIN((uint32_t)a[2], 1u << 20);
    int64_t n, pos = 0;
    char *buf = malloc(size ? size : 1);

    if (!buf) {
        return -ENOMEM;
    }
    n = raw_syscall(__NR_getdents64, a[0], buf, size);
    while (pos < n) {
        GuestDirent64 *d = (GuestDirent64 *)(buf + pos);
        uint16_t reclen = d->reclen;
        uint8_t type = d->type;
        size_t len = strlen(d->name);

        memmove(buf + pos + 18, d->name, len + 1);
        memset(buf + pos + 18 + len + 1, 0, reclen - 18 - len - 1);
        buf[pos + reclen - 1] = type;
        pos += reclen;
    }
    if (n > 0 && !copy_to_guest(a[1], buf, n)) {
        n = -EFAULT;
    }
    free(buf);
    return n;
#endif
}
