/*
 * Waiting for children.
 *
 * Children of the guest are children of the host process and their statuses
 * are right as the host reports them: a program that dies of a signal raises
 * it on itself.  struct rusage and siginfo have one layout on all hosts.
 *
 * Results go through local copies: a call that has consumed a child cannot be
 * repeated because a page held translated code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/safe-syscall.h"
#include "user/syscall.h"
#include "user/uaccess.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

int64_t sys_wait4(CPUArchState *env, const uint64_t *a)
{
    struct rusage usage;
    uint32_t status = 0;
    int64_t ret = safe_syscall(__NR_wait4, (int)a[0], a[1] ? &status : NULL,
                               a[2], a[3] ? &usage : NULL);

    if (ret > 0 && ((a[1] && !put_guest(a[1], status)) ||
                    (a[3] && !put_guest(a[3], usage)))) {
        return -EFAULT;
    }
    return ret;
}

int64_t sys_waitid(CPUArchState *env, const uint64_t *a)
{
    struct rusage usage;
    siginfo_t info;
    int64_t ret;
    bool got;

    /* Without a child, with WNOHANG, si_pid reads 0. */
    memset(&info, 0, sizeof(info));
    ret = safe_syscall(__NR_waitid, a[0], a[1], a[2] ? &info : NULL, a[3],
                       a[4] ? &usage : NULL);
    got = ret == 0 && (!a[2] || info.si_pid);
    if (ret == 0 && a[2] &&
        !copy_to_guest(a[2], &info, offsetof(siginfo_t, si_status) + 4)) {
        return -EFAULT;
    }
    if (got && a[4] && !put_guest(a[4], usage)) {
        return -EFAULT;
    }
    return ret;
}
