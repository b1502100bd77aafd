/*
 * The stat family.  An x86-64 host fills the guest's structure itself; other
 * hosts are asked with statx(), which every architecture has and which loses
 * nothing, and the result is laid out for the guest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* dev_t as user space sees it: 12 low bits of the minor around the major. */
static uint64_t guest_dev(uint32_t major, uint32_t minor)
{
    return (minor & 0xff) | (uint64_t)(major & 0xfff) << 8 |
           (uint64_t)(minor & ~0xffu) << 12 |
           (uint64_t)(major & ~0xfffu) << 32;
}

void statx_to_guest(GuestStat *g, const struct statx *sx)
{
    *g = (GuestStat) {
        .st_dev = guest_dev(sx->stx_dev_major, sx->stx_dev_minor),
        .st_ino = sx->stx_ino,
        .st_nlink = sx->stx_nlink,
        .st_mode = sx->stx_mode,
        .st_uid = sx->stx_uid,
        .st_gid = sx->stx_gid,
        .st_rdev = guest_dev(sx->stx_rdev_major, sx->stx_rdev_minor),
        .st_size = sx->stx_size,
        .st_blksize = sx->stx_blksize,
        .st_blocks = sx->stx_blocks,
        .st_atime_sec = sx->stx_atime.tv_sec,
        .st_atime_nsec = sx->stx_atime.tv_nsec,
        .st_mtime_sec = sx->stx_mtime.tv_sec,
        .st_mtime_nsec = sx->stx_mtime.tv_nsec,
        .st_ctime_sec = sx->stx_ctime.tv_sec,
        .st_ctime_nsec = sx->stx_ctime.tv_nsec,
    };
}

/* fstatat() for the guest; @path is a host path or a guest pointer. */
static int64_t stat_call(int dirfd, const char *path, uint64_t out, int flags)
{
#if HOST_IS_GUEST_ABI
    return raw_syscall(__NR_newfstatat, dirfd, path, out, flags);
#else
    struct statx sx;
    GuestStat g;
    int64_t ret = raw_syscall(__NR_statx, dirfd, path,
                              flags | AT_STATX_SYNC_AS_STAT,
                              STATX_BASIC_STATS, &sx);

    if (ret < 0) {
        return ret;
    }
    statx_to_guest(&g, &sx);
    return put_guest(out, g) ? 0 : -EFAULT;
#endif
}

static int64_t do_fstatat(int dirfd, uint64_t addr, uint64_t out, int flags)
{
    char buf[PATH_MAX];
    const char *path;

    guest_path_read(addr, buf, &path, flags & AT_SYMLINK_NOFOLLOW);
    return stat_call(dirfd, path, out, flags);
}

int64_t sys_stat(CPUArchState *env, const uint64_t *a)
{
    return do_fstatat(AT_FDCWD, a[0], a[1], 0);
}

int64_t sys_lstat(CPUArchState *env, const uint64_t *a)
{
    return do_fstatat(AT_FDCWD, a[0], a[1], AT_SYMLINK_NOFOLLOW);
}

int64_t sys_newfstatat(CPUArchState *env, const uint64_t *a)
{
    return do_fstatat(a[0], a[1], a[2], a[3]);
}

int64_t sys_statx(CPUArchState *env, const uint64_t *a)
{
    char buf[PATH_MAX];
    const char *path;

    guest_path_read(a[1], buf, &path, a[2] & AT_SYMLINK_NOFOLLOW);
    return raw_syscall(__NR_statx, (int)a[0], path, a[2], a[3], a[4]);
}

#if !HOST_IS_GUEST_ABI
int64_t sys_fstat(CPUArchState *env, const uint64_t *a)
{
    return stat_call(a[0], "", a[1], AT_EMPTY_PATH);
}
#endif
