/*
 * Waiting for descriptors: poll, select and epoll in all their forms.
 *
 * A call with a temporary signal mask goes through signal_suspend_begin() and
 * signal_suspend_end(), so that the handler that ends it runs as in the kernel.
 * Other hosts lack poll, select and epoll_wait and do not pack epoll_event.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "user/signal.h"
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

static int64_t call_as_is(long nr, const uint64_t *a)
{
    return safe_syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/*
 * Run safe_syscall6(nr, a...) with the mask at guest address @set (may be 0)
 * as argument @mask_arg (0..5) of the call.  A mask that is no good is left to
 * the kernel, which looks at some arguments before it and at some after.
 */
static int64_t call_with_mask(CPUArchState *env, long nr, const uint64_t *a,
                              int mask_arg, uint64_t set, uint64_t set_size)
{
    uint64_t args[6], mask;
    int64_t ret;

    memcpy(args, a, sizeof(args));
    if (!set) {
        args[mask_arg] = 0;
        return call_as_is(nr, args);
    }
    args[mask_arg] = set;
    if (set_size != sizeof(mask) || !get_guest_u64(&mask, set)) {
        return call_as_is(nr, args);
    }
    mask = signal_suspend_begin(env, mask);
    args[mask_arg] = h2g(&mask);
    ret = safe_syscall6(nr, args[0], args[1], args[2], args[3], args[4],
                        args[5]);
    signal_suspend_end(env, ret);
    return ret;
}

int64_t sys_ppoll(CPUArchState *env, const uint64_t *a)
{
    return call_with_mask(env, __NR_ppoll, a, 3, a[3], a[4]);
}

/* pselect6: the mask hides behind a pointer to { set, size }. */
int64_t sys_pselect6(CPUArchState *env, const uint64_t *a)
{
    uint64_t args[6], mask;
    GuestSigsetArg arg = { 0 }, host;
    int64_t ret;

    if (a[5] && !get_guest(arg, a[5])) {
        return -EFAULT;
    }
    if (!arg.set) {
        return safe_syscall6(__NR_pselect6, a[0], a[1], a[2], a[3], a[4], 0);
    }
    if (arg.size != sizeof(mask) || !get_guest_u64(&mask, arg.set)) {
        return call_as_is(__NR_pselect6, a);
    }
    memcpy(args, a, sizeof(args));
    mask = signal_suspend_begin(env, mask);
    host = (GuestSigsetArg) { h2g(&mask), sizeof(mask) };
    ret = safe_syscall6(__NR_pselect6, args[0], args[1], args[2], args[3],
                        args[4], h2g(&host));
    signal_suspend_end(env, ret);
    return ret;
}

int64_t sys_io_pgetevents(CPUArchState *env, const uint64_t *a)
{
    GuestSigsetArg arg = { 0 }, host;
    uint64_t mask;
    int64_t ret;

    if (a[5] && !get_guest(arg, a[5])) {
        return call_as_is(__NR_io_pgetevents, a);
    }
    if (!arg.set) {
        return safe_syscall6(__NR_io_pgetevents, a[0], a[1], a[2], a[3], a[4],
                             0);
    }
    if (arg.size != sizeof(mask) || !get_guest_u64(&mask, arg.set)) {
        return call_as_is(__NR_io_pgetevents, a);
    }
    mask = signal_suspend_begin(env, mask);
    host = (GuestSigsetArg) { h2g(&mask), sizeof(mask) };
    ret = safe_syscall6(__NR_io_pgetevents, a[0], a[1], a[2], a[3], a[4],
                        h2g(&host));
    signal_suspend_end(env, ret);
    return ret;
}

/* io_uring_enter: a plain mask, or a structure of our own to point to it. */
int64_t sys_io_uring_enter(CPUArchState *env, const uint64_t *a)
{
    enum { GETEVENTS = 1, EXT_ARG = 8 };
    struct {
        uint64_t sigmask;
        uint32_t sigmask_sz, min_wait_usec;
        uint64_t ts;
    } ext;
    uint64_t mask;
    int64_t ret;

    if ((a[3] & EXT_ARG) && a[4]) {
        if (a[5] != sizeof(ext) || !get_guest(ext, a[4]) || !ext.sigmask ||
            ext.sigmask_sz != sizeof(mask) ||
            !get_guest_u64(&mask, ext.sigmask)) {
            return call_as_is(__NR_io_uring_enter, a);
        }
        mask = signal_suspend_begin(env, mask);
        ext.sigmask = h2g(&mask);
        ret = safe_syscall6(__NR_io_uring_enter, a[0], a[1], a[2], a[3],
                            h2g(&ext), sizeof(ext));
        signal_suspend_end(env, ret);
        return ret;
    }
    return call_with_mask(env, __NR_io_uring_enter, a, 4,
                          (a[3] & GETEVENTS) ? a[4] : 0, a[5]);
}

/* epoll: guest and host events differ only in packing. */

#if HOST_IS_GUEST_ABI

int64_t sys_epoll_pwait(CPUArchState *env, const uint64_t *a)
{
    return call_with_mask(env, __NR_epoll_pwait, a, 4, a[4], a[5]);
}

int64_t sys_epoll_pwait2(CPUArchState *env, const uint64_t *a)
{
    return call_with_mask(env, __NR_epoll_pwait2, a, 4, a[4], a[5]);
}

#else

#define MAX_EVENTS_AT_ONCE 256

static int64_t epoll_wait_converted(CPUArchState *env, long nr,
                                    const uint64_t *a)
{
    struct epoll_event events[MAX_EVENTS_AT_ONCE];
    int max = a[2];
    uint64_t args[6];
    int64_t n;

    memcpy(args, a, sizeof(args));
    if (max > 0 && max <= INT_MAX / (int)sizeof(GuestEpollEvent)) {
        /* The kernel says EFAULT to an address that is none, in its order. */
        args[1] = access_ok(a[1], max * sizeof(GuestEpollEvent)) ?
                  h2g(events) : UINT64_MAX;
        args[2] = MIN(max, MAX_EVENTS_AT_ONCE);
    } else {
        args[2] = 0;                            /* EINVAL */
    }
    n = call_with_mask(env, nr, args, 4, a[4], a[5]);
    for (int64_t i = 0; i < n; i++) {
        GuestEpollEvent g = {
            .events = events[i].events,
            .data = events[i].data.u64,
        };

        if (!put_guest(a[1] + i * sizeof(g), g)) {
            return i ? i : -EFAULT;
        }
    }
    return n;
}

int64_t sys_epoll_pwait(CPUArchState *env, const uint64_t *a)
{
    return epoll_wait_converted(env, __NR_epoll_pwait, a);
}

int64_t sys_epoll_pwait2(CPUArchState *env, const uint64_t *a)
{
    return epoll_wait_converted(env, __NR_epoll_pwait2, a);
}

int64_t sys_epoll_wait(CPUArchState *env, const uint64_t *a)
{
    const uint64_t args[6] = { a[0], a[1], a[2], a[3], 0, 0 };

    return epoll_wait_converted(env, __NR_epoll_pwait, args);
}

int64_t sys_epoll_ctl(CPUArchState *env, const uint64_t *a)
{
    struct epoll_event ev = { 0 };

    if ((int)a[1] != EPOLL_CTL_DEL) {
        GuestEpollEvent g;

        if (!get_guest(g, a[3])) {
            return -EFAULT;
        }
        ev.events = g.events;
        ev.data.u64 = g.data;
    }
    return raw_syscall(__NR_epoll_ctl, a[0], a[1], a[2], &ev);
}

static GuestTimespec time_left(const struct timespec *end)
{
    struct timespec now;
    GuestTimespec left;

    clock_gettime(CLOCK_MONOTONIC, &now);
    left.sec = end->tv_sec - now.tv_sec;
    left.nsec = end->tv_nsec - now.tv_nsec;
    if (left.nsec < 0) {
        left.nsec += 1000000000;
        left.sec--;
    }
    if (left.sec < 0) {
        left = (GuestTimespec) { 0, 0 };
    }
    return left;
}

int64_t sys_poll(CPUArchState *env, const uint64_t *a)
{
    int ms = a[2];
    GuestTimespec ts = { ms / 1000, (ms % 1000) * 1000000l };

    /* Not restarted with the full time: a signal ends it. */
    int64_t ret = safe_syscall(__NR_ppoll, a[0], a[1], ms < 0 ? NULL : &ts,
                               NULL, 8);

    return ret;
}

int64_t sys_select(CPUArchState *env, const uint64_t *a)
{
    GuestTimeval tv;
    GuestTimespec ts;
    struct timespec end;
    int64_t ret;

    if (!a[4]) {
        return safe_syscall(__NR_pselect6, a[0], a[1], a[2], a[3], NULL,
                            NULL);
    }
    if (!get_guest(tv, a[4])) {
        return -EFAULT;
    }
    /* More than a million microseconds are allowed here. */
    ts.sec = tv.sec + tv.usec / 1000000;
    ts.nsec = tv.usec % 1000000 * 1000;
    if (ts.sec < 0 || ts.nsec < 0) {
        return -EINVAL;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ts.sec;
    end.tv_nsec += ts.nsec;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    ret = safe_syscall(__NR_pselect6, a[0], a[1], a[2], a[3], &ts, NULL);
    if (ret >= 0) {
        ts = time_left(&end);
        tv = (GuestTimeval) { ts.sec, ts.nsec / 1000 };
        /* As in the kernel, a read-only timeout is no error. */
        (void)put_guest(a[4], tv);
    }
    return ret;
}

#endif
