/*
 * Calls that x86-64 has and newer architectures dropped, built from the ones
 * that replaced them.  Compiled only where the host lacks them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"

#if !HOST_IS_GUEST_ABI

#include "openflags.h"
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/time.h>

/* Names. */

int64_t sys_rename(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], 0);
}

int64_t sys_renameat(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_renameat2, a[0], a[1], a[2], a[3], 0);
}

int64_t sys_mkdir(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_mkdirat, AT_FDCWD, a[0], a[1]);
}

int64_t sys_rmdir(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_unlinkat, AT_FDCWD, a[0], AT_REMOVEDIR);
}

int64_t sys_link(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_linkat, AT_FDCWD, a[0], AT_FDCWD, a[1], 0);
}

int64_t sys_unlink(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_unlinkat, AT_FDCWD, a[0], 0);
}

int64_t sys_symlink(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_symlinkat, a[0], AT_FDCWD, a[1]);
}

int64_t sys_chmod(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_fchmodat, AT_FDCWD, a[0], a[1]);
}

int64_t sys_chown(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_fchownat, AT_FDCWD, a[0], a[1], a[2], 0);
}

int64_t sys_lchown(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_fchownat, AT_FDCWD, a[0], a[1], a[2],
                       AT_SYMLINK_NOFOLLOW);
}

int64_t sys_mknod(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_mknodat, AT_FDCWD, a[0], a[1], a[2]);
}

/* Descriptors. */

int64_t sys_pipe(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_pipe2, a[0], 0);
}

int64_t sys_epoll_create(CPUArchState *env, const uint64_t *a)
{
    return (int)a[0] <= 0 ? -EINVAL : raw_syscall(__NR_epoll_create1, 0);
}

int64_t sys_inotify_init(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_inotify_init1, 0);
}

int64_t sys_eventfd(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_eventfd2, a[0], 0);
}

int64_t sys_pipe2(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_pipe2, a[0], open_flags_to_host(a[1]));
}

int64_t sys_fanotify_init(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_fanotify_init, a[0], open_flags_to_host(a[1]));
}

/* Semaphores: x86-64 has holes in semid64_ds that other hosts lack. */

typedef struct HostSemidDs {
    GuestIpcPerm perm;
    int64_t otime, ctime;
    uint64_t nsems, unused3, unused4;
} HostSemidDs;

int64_t sys_semctl(CPUArchState *env, const uint64_t *a)
{
    HostSemidDs host = { 0 };
    GuestSemidDs guest;
    int64_t ret;

    switch ((int)a[2] & ~0x100 /* IPC_64 */) {
    case IPC_SET:
        if (!get_guest(guest, a[3])) {
            return -EFAULT;
        }
        host.perm = guest.perm;
        return raw_syscall(__NR_semctl, a[0], a[1], a[2], &host);
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
        ret = raw_syscall(__NR_semctl, a[0], a[1], a[2], &host);
        if (ret < 0) {
            return ret;
        }
        guest = (GuestSemidDs) {
            .perm = host.perm, .otime = host.otime, .ctime = host.ctime,
            .nsems = host.nsems,
        };
        return put_guest(a[3], guest) ? ret : -EFAULT;
    default:
        return raw_syscall(__NR_semctl, a[0], a[1], a[2], a[3]);
    }
}

int64_t sys_semop(CPUArchState *env, const uint64_t *a)
{
    return safe_syscall(__NR_semtimedop, a[0], a[1], a[2], NULL);
}

/* Processes. */

int64_t sys_getpgrp(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(__NR_getpgid, 0);
}

/* Time. */

int64_t sys_time(CPUArchState *env, const uint64_t *a)
{
    GuestTimeval tv;
    int64_t ret = raw_syscall(__NR_gettimeofday, &tv, NULL);

    if (ret < 0) {
        return ret;
    }
    return a[0] && !put_guest_u64(a[0], tv.sec) ? -EFAULT : tv.sec;
}

int64_t sys_alarm(CPUArchState *env, const uint64_t *a)
{
    struct itimerval new = { .it_value.tv_sec = (uint32_t)a[0] }, old;
    int64_t ret = raw_syscall(__NR_setitimer, ITIMER_REAL, &new, &old);

    if (ret < 0) {
        return ret;
    }
    /* Never 0 for a running timer; otherwise rounded. */
    return old.it_value.tv_sec +
           (old.it_value.tv_usec >= 500000 ||
            (!old.it_value.tv_sec && old.it_value.tv_usec));
}

static int64_t set_times(int dirfd, uint64_t path, const GuestTimeval *tv)
{
    GuestTimespec ts[2];

    for (int i = 0; tv && i < 2; i++) {
        if (tv[i].usec < 0 || tv[i].usec >= 1000000) {
            return -EINVAL;
        }
        ts[i].sec = tv[i].sec;
        ts[i].nsec = tv[i].usec * 1000;
    }
    return raw_syscall(__NR_utimensat, dirfd, path, tv ? ts : NULL, 0);
}

int64_t sys_utime(CPUArchState *env, const uint64_t *a)
{
    int64_t sec[2];
    GuestTimeval tv[2];

    if (!a[1]) {
        return set_times(AT_FDCWD, a[0], NULL);
    }
    if (!get_guest(sec, a[1])) {
        return -EFAULT;
    }
    tv[0] = (GuestTimeval) { .sec = sec[0] };
    tv[1] = (GuestTimeval) { .sec = sec[1] };
    return set_times(AT_FDCWD, a[0], tv);
}

int64_t sys_futimesat(CPUArchState *env, const uint64_t *a)
{
    GuestTimeval tv[2];

    if (a[2] && !get_guest(tv, a[2])) {
        return -EFAULT;
    }
    return set_times(a[0], a[1], a[2] ? tv : NULL);
}

int64_t sys_utimes(CPUArchState *env, const uint64_t *a)
{
    const uint64_t at[3] = { AT_FDCWD, a[0], a[1] };

    return sys_futimesat(env, at);
}

/* Gone from new architectures without a successor. */

int64_t sys_ustat(CPUArchState *env, const uint64_t *a)
{
    return -ENOSYS;
}

int64_t sys_sysfs(CPUArchState *env, const uint64_t *a)
{
    return -ENOSYS;
}

#endif
