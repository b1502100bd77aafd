/*
 * Calls that take something from a socket which is gone afterwards.
 *
 * The kernel that cannot write where the guest asked for drops the connection
 * or message it has taken, and the guest's pages may be closed while the call
 * sleeps: code was translated there, or a larger host page is shared.  So
 * accept() writes to a place of ours, and on larger pages other calls sleep
 * before their pages are opened.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include <sys/socket.h>

static int64_t accept_any(int fd, uint64_t addr, uint64_t len_addr, int flags)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);
    uint32_t room;
    int64_t ret;

    if (!addr) {
        return safe_syscall(__NR_accept4, fd, NULL, NULL, flags);
    }
    if (!get_guest_u32(&room, len_addr)) {
        return -EFAULT;
    }
    if ((int32_t)room < 0) {
        return -EINVAL;
    }
    ret = safe_syscall(__NR_accept4, fd, &name, &len, flags);
    if (ret >= 0 && (!copy_to_guest(addr, &name, MIN(room, len)) ||
                     !put_guest_u32(len_addr, len))) {
        close(ret);
        return -EFAULT;
    }
    return ret;
}

int64_t sys_accept(CPUArchState *env, const uint64_t *a)
{
    return accept_any(a[0], a[1], a[2], 0);
}

int64_t sys_accept4(CPUArchState *env, const uint64_t *a)
{
    return accept_any(a[0], a[1], a[2], a[3]);
}

int64_t syscall_await_message(const SyscallDesc *d, const uint64_t *a)
{
    int flags = d->host_nr == __NR_recvmsg ? a[2] : a[3];
    int64_t ret;
    char byte;

    if ((d->host_nr != __NR_recvfrom && d->host_nr != __NR_recvmsg) ||
        (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))) {
        return 0;
    }
    ret = safe_syscall(__NR_recvfrom, a[0], &byte, 1,
                       MSG_PEEK | (flags & MSG_DONTWAIT), NULL, NULL);
    /* Not every kind of socket can be looked at. */
    return ret >= 0 || ret == -EOPNOTSUPP || ret == -EINVAL ? 0 : ret;
}
