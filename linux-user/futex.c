/*
 * Futexes and robust lists.
 *
 * Guest memory is host memory, so the host kernel's futexes serve the guest
 * directly; calls that sleep go through safe_syscall().  The guest's robust
 * list is registered with the host kernel (its layout is the same on every
 * 64-bit host), which walks it however the thread dies.  Only a thread that
 * ends by itself walks it here: its memory may be gone by the time the host
 * thread is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "task-internal.h"
#include "user/safe-syscall.h"
#include "user/syscall.h"
#include "user/uaccess.h"
#include <linux/futex.h>
#include <sys/syscall.h>

#define ROBUST_LIST_LIMIT 2048

/* struct robust_list_head */
typedef struct GuestRobustHead {
    uint64_t next;
    int64_t futex_offset;
    uint64_t pending;
} GuestRobustHead;

int64_t sys_futex(CPUArchState *env, const uint64_t *a)
{
    switch (a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case 13:                    /* FUTEX_LOCK_PI2 */
    case FUTEX_WAIT_REQUEUE_PI:
        return safe_syscall(__NR_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
    default:
        return raw_syscall(__NR_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

/* Calls from 424 on have the same number on every architecture. */
int64_t sys_futex_waitv(CPUArchState *env, const uint64_t *a)
{
    return safe_syscall(449, a[0], a[1], a[2], a[3], a[4]);
}

int64_t sys_futex_wake(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(454, a[0], a[1], a[2], a[3]);
}

int64_t sys_futex_wait(CPUArchState *env, const uint64_t *a)
{
    return safe_syscall(455, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int64_t sys_futex_requeue(CPUArchState *env, const uint64_t *a)
{
    return raw_syscall(456, a[0], a[1], a[2], a[3]);
}

int64_t sys_set_robust_list(CPUArchState *env, const uint64_t *a)
{
    if (a[1] != sizeof(GuestRobustHead)) {
        return -EINVAL;
    }
    task_of(env)->robust_list = a[0];
    /* A host without it leaves only robust_list_exit(). */
    raw_syscall(__NR_set_robust_list, a[0], a[1]);
    return 0;
}

int64_t sys_get_robust_list(CPUArchState *env, const uint64_t *a)
{
    pid_t pid = a[0];
    uint64_t head = 0, len = sizeof(GuestRobustHead);
    TaskState *other;
    bool found = false;

    if (pid == 0 || pid == task_of(env)->tid) {
        head = task_of(env)->robust_list;
        found = true;
    } else {
        task_list_lock();
        other = task_find(pid);
        if (other) {
            head = other->robust_list;
            found = true;
        }
        task_list_unlock();
    }
    if (!found) {
        int64_t ret = raw_syscall(__NR_get_robust_list, pid, &head, &len);

        if (ret) {
            return ret;
        }
    }
    if (!put_guest_u64(a[2], len) || !put_guest_u64(a[1], head)) {
        return -EFAULT;
    }
    return 0;
}

int64_t sys_set_tid_address(CPUArchState *env, const uint64_t *a)
{
    TaskState *ts = task_of(env);

    ts->clear_child_tid = a[0];
    return ts->tid;
}

/* The owner of the futex at @addr dies: mark it, wake one waiter. */
static bool robust_futex_death(uint64_t addr, pid_t tid, bool pi, bool pending)
{
    uint32_t val, old;

    if (addr & 3 || !get_guest_u32(&val, addr)) {
        return false;
    }
    if (pending && !pi && val == 0) {
        /* Died between unlocking and waking. */
        raw_syscall(__NR_futex, addr, FUTEX_WAKE, 1);
        return true;
    }
    for (;;) {
        if ((val & FUTEX_TID_MASK) != (uint32_t)tid) {
            return true;
        }
        if (!cmpxchg_guest_u32(addr, val, (val & FUTEX_WAITERS) |
                               FUTEX_OWNER_DIED, &old)) {
            return false;
        }
        if (old == val) {
            break;
        }
        val = old;
    }
    if (!pi && (val & FUTEX_WAITERS)) {
        raw_syscall(__NR_futex, addr, FUTEX_WAKE, 1);
    }
    return true;
}

void robust_list_exit(TaskState *ts)
{
    GuestRobustHead head;
    uint64_t entry, pending;

    if (!ts->robust_list || !get_guest(head, ts->robust_list)) {
        return;
    }
    /* Bit 0 of a pointer marks a priority-inheritance futex. */
    entry = head.next;
    pending = head.pending & ~1ull;
    for (int i = 0; (entry & ~1ull) != ts->robust_list &&
                    i < ROBUST_LIST_LIMIT; i++) {
        uint64_t node = entry & ~1ull, next;
        bool pi = entry & 1;
        bool more = get_guest_u64(&next, node);

        if (node != pending &&
            !robust_futex_death(node + head.futex_offset, ts->tid, pi,
                                false)) {
            break;
        }
        if (!more) {
            break;
        }
        entry = next;
    }
    if (pending) {
        robust_futex_death(pending + head.futex_offset, ts->tid,
                           head.pending & 1, true);
    }
    ts->robust_list = 0;
    raw_syscall(__NR_set_robust_list, 0, sizeof(GuestRobustHead));
}
