/*
 * Waiting for children.
 *
 * Children of the guest are children of the host process and their statuses
 * are right as the host reports them: a program that dies of a signal raises
 * it on itself.  struct rusage and siginfo have one layout on all hosts.
 *
 * One bit is missing: the host knows nothing of a core file that the emulator
 * wrote.  The child leaves a limit that nobody sets otherwise, which can be
 * read until it has been waited for: waiting is looking first and then taking
 * the child.
 *
 * Results go through local copies: a call that has consumed a child cannot be
 * repeated because a page held translated code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/process.h"
#include "user/safe-syscall.h"
#include "user/syscall.h"
#include "user/uaccess.h"
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* RLIMIT_CORE of a dead process that wrote a core; the host writes none. */
#define CORE_WRITTEN 0xc0

void wait_announce_core(bool written)
{
    struct rlimit limit = { 0, 0 };

    if (written) {
        limit.rlim_cur = limit.rlim_max = CORE_WRITTEN;
    }
    setrlimit(RLIMIT_CORE, &limit);
}

static bool wrote_core(pid_t pid)
{
    struct rlimit limit;

    return prlimit(pid, RLIMIT_CORE, NULL, &limit) == 0 &&
           limit.rlim_cur == CORE_WRITTEN && limit.rlim_max == CORE_WRITTEN;
}

void wait_complete_info(siginfo_t *info)
{
    if (info->si_code == CLD_KILLED && wrote_core(info->si_pid)) {
        info->si_code = CLD_DUMPED;
    }
}

/*
 * Wait without taking the child: its id, 0 if there is none yet (WNOHANG), or
 * an error.
 */
static int64_t look(int type, pid_t id, int options, siginfo_t *info)
{
    int64_t ret;

    memset(info, 0, sizeof(*info));
    ret = safe_syscall(__NR_waitid, type, id, info, options | WNOWAIT, NULL);
    wait_complete_info(info);
    return ret < 0 ? ret : info->si_pid;
}

static int64_t wait4_looking(pid_t pid, int options, uint32_t *status,
                             struct rusage *usage)
{
    int type = pid > 0 ? P_PID : pid == -1 ? P_ALL : P_PGID;
    pid_t id = pid > 0 ? pid : pid == 0 ? getpgrp() : -pid;
    siginfo_t info;
    int64_t ret;

    do {
        ret = look(type, id, options | WEXITED, &info);
        if (ret <= 0) {
            return ret;
        }
        /* Nothing comes back when another thread was faster. */
        ret = raw_syscall(__NR_wait4, info.si_pid, status, options | WNOHANG,
                          usage);
    } while (ret == 0 || ret == -ECHILD);
    if (info.si_code == CLD_DUMPED && WIFSIGNALED(*status)) {
        *status |= WCOREFLAG;
    }
    return ret;
}

int64_t sys_wait4(CPUArchState *env, const uint64_t *a)
{
    const int known = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL |
                      __WCLONE;
    struct rusage usage;
    uint32_t status = 0;
    pid_t pid = a[0];
    int64_t ret;

    if (a[1] && !((int)a[2] & ~known) && pid != INT_MIN) {
        ret = wait4_looking(pid, a[2], &status, &usage);
    } else {
        ret = safe_syscall(__NR_wait4, pid, a[1] ? &status : NULL, a[2],
                           a[3] ? &usage : NULL);
    }
    if (ret > 0 && ((a[1] && !put_guest(a[1], status)) ||
                    (a[3] && !put_guest(a[3], usage)))) {
        return -EFAULT;
    }
    return ret;
}

static int64_t waitid_looking(int type, pid_t id, siginfo_t *info, int options,
                              struct rusage *usage)
{
    siginfo_t seen;
    int64_t ret;

    do {
        ret = look(type, id, options, &seen);
        if (ret <= 0) {
            return ret;
        }
        memset(info, 0, sizeof(*info));
        ret = raw_syscall(__NR_waitid, P_PID, seen.si_pid, info,
                          options | WNOHANG, usage);
    } while ((ret == 0 && info->si_pid == 0) || ret == -ECHILD);
    if (seen.si_code == CLD_DUMPED && info->si_code == CLD_KILLED) {
        info->si_code = CLD_DUMPED;
    }
    return ret;
}

/*
 * Six words, as the kernel does it: whatever the result, and not what is
 * between them.
 */
static bool put_info(uint64_t addr, const siginfo_t *info)
{
    const size_t pid = offsetof(siginfo_t, si_pid);

    return copy_to_guest(addr, info, 3 * sizeof(int)) &&
           copy_to_guest(addr + pid, &info->si_pid, 3 * sizeof(int));
}

int64_t sys_waitid(CPUArchState *env, const uint64_t *a)
{
    struct rusage usage;
    siginfo_t info;
    int64_t ret;
    bool got;

    /* Without a child, with WNOHANG, si_pid reads 0. */
    memset(&info, 0, sizeof(info));
    if (a[2] && (a[3] & (WEXITED | WNOWAIT)) == WEXITED) {
        ret = waitid_looking(a[0], a[1], &info, a[3], a[4] ? &usage : NULL);
    } else {
        ret = safe_syscall(__NR_waitid, a[0], a[1], a[2] ? &info : NULL, a[3],
                           a[4] ? &usage : NULL);
        if (ret == 0 && (a[3] & WNOWAIT)) {
            wait_complete_info(&info);
        }
    }
    got = ret == 0 && (!a[2] || info.si_pid);
    if (got && a[4] && !put_guest(a[4], usage)) {
        return -EFAULT;
    }
    return a[2] && !put_info(a[2], &info) ? -EFAULT : ret;
}
