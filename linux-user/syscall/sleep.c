/*
 * Sleeping for a time.  Whoever is woken by a signal is told how much is left,
 * also when the signal came before the host's call began.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include <time.h>

/* The end of a sleep of @want (guest address) that left @rem. */
static int64_t tell_left(int64_t ret, uint64_t want, GuestTimespec rem,
                         uint64_t left)
{
    if (!left) {
        return ret;
    }
    if (ret == -QEMU_ERESTARTSYS) {
        if (!get_guest(rem, want) || rem.sec < 0 ||
            (uint64_t)rem.nsec >= 1000000000) {
            return ret;
        }
    } else if (ret != -EINTR) {
        return ret;
    }
    return put_guest(left, rem) ? ret : -EFAULT;
}

int64_t sys_nanosleep(CPUArchState *env, const uint64_t *a)
{
    GuestTimespec rem = { 0 };
    int64_t ret = safe_syscall(__NR_nanosleep, a[0], a[1] ? &rem : NULL);

    return tell_left(ret, a[0], rem, a[1]);
}

int64_t sys_clock_nanosleep(CPUArchState *env, const uint64_t *a)
{
    uint64_t left = a[1] & TIMER_ABSTIME ? 0 : a[3];
    GuestTimespec rem = { 0 };
    int64_t ret = safe_syscall(__NR_clock_nanosleep, a[0], a[1], a[2],
                               left ? &rem : NULL);

    return tell_left(ret, a[2], rem, left);
}
