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
#include "user/mmap.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

static int64_t accept_any(int fd, uint64_t addr, uint64_t len_addr, int flags)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);
    uint32_t room;
    int64_t ret, err;

    if (!addr) {
        return safe_syscall(__NR_accept4, fd, NULL, NULL, flags);
    }
    ret = safe_syscall(__NR_accept4, fd, &name, &len, flags);
    if (ret < 0) {
        return ret;
    }
    /* As in the kernel, only now: the connection is lost if this fails. */
    if (!get_guest_u32(&room, len_addr)) {
        err = -EFAULT;
    } else if ((int32_t)room < 0) {
        err = -EINVAL;
    } else {
        err = copy_to_guest(addr, &name, MIN(room, len)) &&
              put_guest_u32(len_addr, len) ? 0 : -EFAULT;
    }
    if (err) {
        close(ret);
        return err;
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

/*
 * Does reading this descriptor take a whole message?  A hash or cipher of the
 * kernel (AF_ALG) has none: it computes for whoever looks.
 */
static bool takes_messages(int fd)
{
    int type, domain;
    socklen_t len = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           type != SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
           domain != AF_ALG;
}

/* Is this an array of buffers the kernel refuses before it looks further? */
static bool iov_is_bad(uint64_t iov, uint64_t n)
{
    struct iovec last;

    return n > IOV_MAX || (n && !get_guest(last, iov + (n - 1) * sizeof(last)));
}

/* Bytes of [addr, addr + len), or of @len buffers, in pages that are closed? */
static bool any_closed(uint64_t addr, uint64_t len, bool vector)
{
    bool any = mmap_closed_in(addr, vector ? len * sizeof(struct iovec) :
                                             MIN(len, (uint64_t)INT_MAX));

    for (uint64_t i = 0; vector && i < len && !any; i++) {
        struct iovec v;

        if (!get_guest(v, addr + i * sizeof(v))) {
            break;
        }
        any = mmap_closed_in(h2g(v.iov_base), MIN(v.iov_len, INT_MAX));
    }
    return any;
}

/*
 * Events, signals, what was typed: gone as well when the kernel cannot write it.
 * Files, pipes and streams give it again.
 */
static int64_t await_event(const SyscallDesc *d, const uint64_t *a)
{
    struct pollfd p = { a[0], POLLIN };
    struct stat st;
    int64_t ret;

    if (!any_closed(a[1], a[2], d->host_nr == __NR_readv) ||
        fstat(a[0], &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ||
        S_ISBLK(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) {
        return 0;
    }
    if (!(fcntl(a[0], F_GETFL) & O_NONBLOCK)) {
        ret = safe_syscall(__NR_ppoll, &p, 1, NULL, NULL, 8);
        if (ret < 0) {
            return ret == -EINTR ? -QEMU_ERESTARTSYS : ret;
        }
    }
    syscall_unprotect(d, a, 0);
    return 0;
}

int64_t syscall_await_message(const SyscallDesc *d, const uint64_t *a)
{
    struct msghdr m;
    bool plain = false;
    int64_t ret;
    int flags;
    char byte;

    switch (d->host_nr) {
    case __NR_recvmsg:
        if (!get_guest(m, a[1]) || iov_is_bad(h2g(m.msg_iov), m.msg_iovlen)) {
            return 0;
        }
        flags = a[2];
        break;
    case __NR_recvfrom:
        if (!access_ok(a[1], a[2])) {
            return 0;
        }
        /* fall through */
    case __NR_recvmmsg:
        flags = a[3];
        break;
    case __NR_readv:
        if (iov_is_bad(a[1], a[2])) {
            return 0;
        }
        /* fall through */
    case __NR_read:
        flags = 0;
        plain = true;
        break;
    default:
        return 0;
    }
    if (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)) {
        return 0;
    }
    if (plain && !takes_messages(a[0])) {
        return await_event(d, a);
    }
    ret = safe_syscall(__NR_recvfrom, a[0], &byte, 1,
                       MSG_PEEK | (flags & MSG_DONTWAIT), NULL, NULL);
    if (ret >= 0 && plain) {
        syscall_unprotect(d, a, 0);     /* of the others it is done anyway */
    }
    /* Not every kind of socket can be looked at. */
    return ret >= 0 || ret == -EOPNOTSUPP || ret == -EINVAL ? 0 : ret;
}

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Has the time of recvmmsg() that ends at @end passed?  The guest's is told. */
static bool time_is_up(uint64_t addr, int64_t end)
{
    int64_t left = MAX(end - now_ns(), 0);
    struct timespec ts = { left / 1000000000, left % 1000000000 };

    return !put_guest(addr, ts) || !left;
}

int64_t syscall_one_by_one(CPUArchState *env, const SyscallDesc *d,
                           const uint64_t *a, SyscallRun *run)
{
    unsigned n = MIN((unsigned)a[2], IOV_MAX), done = 0;
    struct timespec limit = { 0 };
    uint64_t one[6];
    struct mmsghdr m;
    int64_t ret, end;

    if (a[4] && !get_guest(limit, a[4])) {
        return -EFAULT;
    }
    if (limit.tv_sec < 0 || (uint64_t)limit.tv_nsec >= 1000000000) {
        return -EINVAL;
    }
    end = MIN((uint64_t)limit.tv_sec, 1ull << 32) * 1000000000ll +
          limit.tv_nsec + now_ns();
    memcpy(one, a, sizeof(one));
    one[2] = MIN(n, 1);
    do {
        ret = run(env, d, one);
        if (ret != 1) {
            break;
        }
        done++;
        if ((a[4] && time_is_up(a[4], end)) || !get_guest(m, one[1]) ||
            (m.msg_hdr.msg_flags & MSG_OOB)) {
            break;
        }
        one[1] += sizeof(m);
        one[3] |= a[3] & MSG_WAITFORONE ? MSG_DONTWAIT : 0;
        one[4] = 0;
    } while (done < n);
    return done ? done : ret;
}
