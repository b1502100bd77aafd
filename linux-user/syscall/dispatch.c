/*
 * From a guest system call to whatever serves it.
 *
 * Most calls go to the host kernel with the guest's own arguments: addresses
 * are the same on both sides and so are numbers and structures, except where
 * syscalls.tbl names a handler.  The fast path is one table lookup and one
 * indirect or assembly call; everything that watches calls (strace, seccomp,
 * statistics) sits behind one test.
 *
 * A page that holds translated code is read-only for the host, so the kernel
 * answers EFAULT where a 4 KiB x86-64 machine would write.  The table knows
 * what each call writes: such a call is repeated once the code is gone.
 *
 * Locking: none here; counters are atomic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "qemu/log.h"
#include "exec/engine.h"
#include "user/strace.h"
#include "user/options.h"
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "syscall-table.c.inc"

static _Atomic unsigned syscall_work;

typedef struct SyscallCount {
    _Atomic uint64_t calls, errors;
} SyscallCount;
static SyscallCount counts[TARGET_NR_COUNT];

void syscall_work_set(unsigned bit)
{
    atomic_fetch_or(&syscall_work, bit);
}

/* Bytes argument @i covers, for a kind whose size is in another argument. */
static uint64_t arg_extent(const SyscallArg *arg, const uint64_t *a)
{
    uint64_t n = arg->out_size;

    if (arg->ref < 6) {
        uint64_t count = a[arg->ref];

        if (arg->kind == ARG_IOARG || arg->kind == ARG_OOPT ||
            arg->kind == ARG_OSOCKADDR || arg->kind == ARG_FDSET) {
            return n;
        }
        /* No call takes more than INT_MAX elements or bytes. */
        n *= MIN(count, (uint64_t)INT_MAX);
    }
    return n;
}

#define MAX_RW_COUNT 0x7ffff000ull

/*
 * Translated code comes from executable pages only, which most buffers are
 * not: find that out without the engine's lock.
 */
bool syscall_unprotect_range(uint64_t addr, uint64_t len)
{
    uint64_t at = addr & -host_page_size, last, end;
    bool done = false;

    /* The kernel transfers no more, whatever a wild iovec says. */
    len = MIN(len, MAX_RW_COUNT);
    if (addr + len <= addr) {
        return false;
    }
    last = ROUND_UP(addr + len, host_page_size);
    while (at < last) {
        if (page_get_flags(at, &end) & PAGE_EXEC) {
            done |= tb_unprotect_for_write(at, MIN(end, last) - at);
        }
        if (end <= at) {
            break;
        }
        at = end;
    }
    mmap_open_range(addr, len);
    return done;
}

bool syscall_unprotect_iov(uint64_t iov, uint64_t count)
{
    bool any = false;

    for (uint64_t i = 0; i < count && count <= IOV_MAX; i++) {
        struct iovec v;

        if (!get_guest(v, iov + i * sizeof(v))) {
            break;
        }
        any |= syscall_unprotect_range(h2g(v.iov_base), v.iov_len);
    }
    return any;
}

static bool unprotect_msghdr(uint64_t addr)
{
    struct msghdr m;
    bool any;

    if (!get_guest(m, addr)) {
        return false;
    }
    any = syscall_unprotect_range(addr, sizeof(m));
    any |= syscall_unprotect_iov(h2g(m.msg_iov), m.msg_iovlen);
    if (m.msg_name) {
        any |= syscall_unprotect_range(h2g(m.msg_name), m.msg_namelen);
    }
    if (m.msg_control) {
        any |= syscall_unprotect_range(h2g(m.msg_control), m.msg_controllen);
    }
    return any;
}

bool syscall_unprotect(const SyscallDesc *d, const uint64_t *a, int64_t done)
{
    bool any = false;

    for (unsigned i = 0; i < d->nargs; i++) {
        const SyscallArg *arg = &d->args[i];
        uint64_t len;

        if (!a[i]) {
            continue;
        }
        switch (arg->kind) {
        case ARG_OIOV:
            any |= syscall_unprotect_iov(a[i], a[arg->ref]);
            break;
        case ARG_OMSGHDR:
            any |= unprotect_msghdr(a[i]);
            break;
        case ARG_OMMSGHDR:
            for (uint64_t k = 0; k < MIN(a[arg->ref], (uint64_t)1024); k++) {
                any |= unprotect_msghdr(a[i] + k * sizeof(struct mmsghdr));
            }
            break;
        case ARG_OMSGBUF:
            any |= syscall_unprotect_range(a[i], arg_extent(arg, a) + 8);
            break;
        default:
            len = arg_extent(arg, a);
            if (len) {
                any |= syscall_unprotect_range(a[i], len);
            }
            break;
        }
    }
    return any;
}

static inline int64_t call_once(CPUArchState *env, const SyscallDesc *d,
                                const uint64_t *a)
{
    if (d->fn) {
        return d->fn(env, a);
    }
    if (d->flags & SYSCALL_BLOCK) {
        return safe_syscall6(d->host_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    return raw_syscall6(d->host_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/*
 * The kernel stops a read at a page it cannot write and reports what it had.
 * A regular file never gives short reads otherwise, so go on for it.
 */
static int64_t finish_read(CPUArchState *env, const SyscallDesc *d,
                           const uint64_t *a, int64_t done)
{
    uint64_t rest[6];
    struct stat st;
    int64_t more;

    if (fstat(a[0], &st) < 0 || !S_ISREG(st.st_mode) ||
        !syscall_unprotect_range(a[1] + done, a[2] - done)) {
        return done;
    }
    memcpy(rest, a, sizeof(rest));
    rest[1] += done;
    rest[2] -= done;
    rest[3] += done;            /* pread64; read ignores it */
    more = call_once(env, d, rest);
    return more > 0 ? done + more : done;
}

/* The rare ends of a call that writes guest memory. */
static int64_t fix_written(CPUArchState *env, const SyscallDesc *d,
                           const uint64_t *a, int64_t ret)
{
    if (ret == -EFAULT) {
        if (syscall_unprotect(d, a, 0)) {
            ret = call_once(env, d, a);
        }
    } else if (ret > 0 && d->args[1].kind == ARG_OBUF &&
               d->args[1].ref == 2 && (uint64_t)ret < a[2] &&
               !((a[1] + ret) & (GUEST_PAGE_SIZE - 1))) {
        ret = finish_read(env, d, a, ret);
    }
    return ret;
}

static inline int64_t run_plain(CPUArchState *env, const SyscallDesc *d,
                                const uint64_t *a)
{
    int64_t ret;
    if (unlikely(d->flags & (SYSCALL_FIRST | SYSCALL_ENOSYS))) {
        if (d->flags & SYSCALL_ENOSYS) {
            qemu_log_mask(LOG_UNIMP, "system call %s is not offered\n",
                          d->name);
            return -ENOSYS;
        }
        syscall_unprotect(d, a, 0);
    }
    ret = call_once(env, d, a);
    if (d->flags & SYSCALL_WRITES) {
        ret = likely(ret == 0) ? ret : fix_written(env, d, a, ret);
    }
    return ret;
}

/*
 * On a host with large pages: the kernel may be locked out of an argument.
 * Threads whose calls fail for good would disturb each other for ever.
 */
static int64_t run_large(CPUArchState *env, const SyscallDesc *d,
                         const uint64_t *a)
{
    SyscallLimit l;
    uint64_t limited[6];
    int64_t ret = syscall_await_message(d, a);
    bool again;

    if (ret < 0) {
        return ret;
    }
    ret = -EFAULT;
    memcpy(limited, a, sizeof(limited));
    syscall_limit(&l, d, limited);
    if (!l.closed) {
        ret = run_plain(env, d, limited);
    }
    again = l.closed || (ret == -EFAULT && !l.bad && !syscall_is_wild(d, a));
    for (unsigned tries = 0; ret == -EFAULT && again; tries++) {
        mmap_open_all(tries >= 2);
        ret = run_plain(env, d, limited);
        again = mmap_close_all();
    }
    return ret;
}

static inline int64_t run_call(CPUArchState *env, const SyscallDesc *d,
                               const uint64_t *a)
{
    if (unlikely(host_page_size > GUEST_PAGE_SIZE)) {
        return d->host_nr == __NR_recvmmsg ?
               syscall_one_by_one(env, d, a, run_large) : run_large(env, d, a);
    }
    return run_plain(env, d, a);
}

static int64_t unknown_call(int num)
{
    qemu_log_mask(LOG_UNIMP, "unknown system call %d\n", num);
    return -ENOSYS;
}

/* Results that are no answer yet: the call is repeated or never happened. */
static bool is_result(int64_t ret)
{
    return ret > -QEMU_ERESTARTSYS || ret < -QEMU_ERESTARTNOHAND;
}

static int64_t do_syscall_watched(CPUArchState *env, int num,
                                  const uint64_t *a, unsigned work)
{
    const SyscallDesc *d = NULL;
    Strace st;
    int64_t ret;

    if ((unsigned)num < TARGET_NR_COUNT && syscall_table[num].name) {
        d = &syscall_table[num];
    }
    if (work & SYSCALL_WORK_STRACE) {
        strace_enter(&st, d, num, a);
    }
    if (!(work & SYSCALL_WORK_SECCOMP) || !seccomp_check(env, num, a, &ret)) {
        ret = d ? run_call(env, d, a) : unknown_call(num);
    }
    if ((work & SYSCALL_WORK_PROCMEM) && ret > 0) {
        proc_mem_written(num, a, ret);
    }
    if (work & SYSCALL_WORK_STRACE) {
        strace_leave(&st, d, a, ret);
    }
    if ((work & SYSCALL_WORK_STATS) && d) {
        atomic_fetch_add_explicit(&counts[num].calls, 1,
                                  memory_order_relaxed);
        if (ret < 0 && is_result(ret)) {
            atomic_fetch_add_explicit(&counts[num].errors, 1,
                                      memory_order_relaxed);
        }
    }
    return ret;
}

int64_t do_syscall(CPUArchState *env, int num, const uint64_t args[6])
{
    unsigned work = atomic_load_explicit(&syscall_work, memory_order_relaxed);

    if (unlikely(work)) {
        return do_syscall_watched(env, num, args, work);
    }
    if (unlikely((unsigned)num >= TARGET_NR_COUNT ||
                 !syscall_table[num].name)) {
        return unknown_call(num);
    }
    return run_call(env, &syscall_table[num], args);
}

void syscall_init(void)
{
    if (qemu_loglevel_mask(LOG_STRACE) || user_options.strace) {
        syscall_work_set(SYSCALL_WORK_STRACE);
    }
    if (qemu_loglevel_mask(LOG_STATS)) {
        syscall_work_set(SYSCALL_WORK_STATS);
    }
}

void syscall_print_stats(void)
{
    for (unsigned i = 0; i < TARGET_NR_COUNT; i++) {
        uint64_t calls = atomic_load(&counts[i].calls);

        if (calls) {
            qemu_log("syscall %-24s %10" PRIu64 " calls %8" PRIu64
                     " errors\n", syscall_table[i].name, calls,
                     atomic_load(&counts[i].errors));
        }
    }
}
