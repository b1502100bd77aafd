/*
 * seccomp for the guest.
 *
 * A filter sees the guest's calls, never the emulator's own, so it is not
 * given to the host kernel: the classic BPF program is checked as the kernel
 * would and run here before the call is dispatched.
 *
 * Locking: programs are immutable once installed and stay allocated for the
 * life of the process.  A thread's state pointer is changed by the thread
 * itself and, for SECCOMP_FILTER_FLAG_TSYNC, by another one under
 * task_list_lock(); every access is atomic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "bpf.h"
#include "qemu/log.h"
#include "user/process.h"
#include "user/signal.h"
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* Instructions of all filters of a thread together, as in the kernel. */
#define MAX_TOTAL_INSNS 32768

/* One installed program, newest first; never changes. */
typedef struct SeccompState {
    struct SeccompState *prev;
    unsigned total;             /* instructions here and in prev */
    bool strict;                /* no program: SECCOMP_MODE_STRICT */
    bool log;
    uint16_t len;
    struct sock_filter insns[];
} SeccompState;

typedef SeccompState *_Atomic StatePtr;

static StatePtr *state_of(TaskState *ts)
{
    return (StatePtr *)&ts->syscall_private;
}

struct SeccompState *seccomp_current(void)
{
    TaskState *ts = task_current();

    return ts ? atomic_load(state_of(ts)) : NULL;
}

void seccomp_inherit(struct SeccompState *state)
{
    atomic_store(state_of(task_current()), state);
}

int seccomp_mode(TaskState *ts)
{
    SeccompState *s = ts ? atomic_load(state_of(ts)) : NULL;

    return !s ? SECCOMP_MODE_DISABLED :
           s->strict ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER;
}

/* What happens to a call. */

static void raise_sigsys(CPUArchState *env, int num, int data)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_signo = SIGSYS;
    info.si_code = TARGET_SYS_SECCOMP;
    info.si_errno = data;
    info.si_call_addr = g2h(env->rip);
    info.si_syscall = num;
    info.si_arch = TARGET_AUDIT_ARCH;
    signal_force_info(env, SIGSYS, &info);
}

static bool act(CPUArchState *env, int num, uint32_t result, bool log,
                int64_t *ret)
{
    int data = result & SECCOMP_RET_DATA;

    switch (result & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
        return false;
    case SECCOMP_RET_LOG:
        qemu_log_mask(LOG_GUEST_ERRORS, "seccomp: call %d logged\n", num);
        return false;
    case SECCOMP_RET_ERRNO:
        *ret = -MIN(data, 4095);
        return true;
    case SECCOMP_RET_TRAP:
        raise_sigsys(env, num, data);
        /* rax still holds the call number, and stays for the handler */
        *ret = -QEMU_ESIGRETURN;
        return true;
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_USER_NOTIF:
        /* as with no tracer or listener attached */
        *ret = -ENOSYS;
        return true;
    case SECCOMP_RET_KILL_THREAD:
        if (task_count() > 1) {
            process_exit_thread(env, SIGSYS);
        }
        /* fall through */
    default:
        signal_die(env, SIGSYS, NULL);
    }
}

static bool strict_allows(int num)
{
    return num == TARGET_NR_read || num == TARGET_NR_write ||
           num == TARGET_NR_exit || num == TARGET_NR_rt_sigreturn;
}

bool seccomp_check(CPUArchState *env, int num, const uint64_t *a,
                   int64_t *ret)
{
    SeccompState *s = atomic_load(state_of(task_of(env)));
    struct seccomp_data data;
    uint32_t worst = SECCOMP_RET_ALLOW;
    bool log = false;

    if (!s) {
        return false;
    }
    data = (struct seccomp_data) {
        .nr = num,
        .arch = TARGET_AUDIT_ARCH,
        .instruction_pointer = env->rip,
        .args = { a[0], a[1], a[2], a[3], a[4], a[5] },
    };
    for (; s; s = s->prev) {
        uint32_t result;

        if (s->strict) {
            if (!strict_allows(num)) {
                signal_die(env, SIGKILL, NULL);
            }
            continue;
        }
        result = bpf_run(s->insns, &data);
        log |= s->log;
        /* The strictest action wins; as signed numbers they are in order. */
        if ((int32_t)(result & SECCOMP_RET_ACTION_FULL) <
            (int32_t)(worst & SECCOMP_RET_ACTION_FULL)) {
            worst = result;
        }
    }
    return act(env, num, worst, log, ret);
}

/* Installing. */

static bool may_install(void)
{
    struct __user_cap_header_struct hdr = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct caps[2];

    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
        return true;
    }
    return raw_syscall(__NR_capget, &hdr, caps) == 0 &&
           (caps[0].effective & (1u << CAP_SYS_ADMIN));
}

/* True if @base is @s or one of those before it. */
static bool descends_from(const SeccompState *s, const SeccompState *base)
{
    while (s && s != base) {
        s = s->prev;
    }
    return s == base;
}

/* Give every thread the state @new; -tid of one that has another history. */
static int64_t sync_threads(TaskState *self, SeccompState *new)
{
    int64_t ret = 0;

    task_list_lock();
    for (TaskState *t = task_list_first(); t && !ret; t = t->next) {
        if (t->tgid == self->tgid &&
            !descends_from(new->prev, atomic_load(state_of(t)))) {
            ret = t->tid;
        }
    }
    for (TaskState *t = task_list_first(); t && !ret; t = t->next) {
        if (t->tgid == self->tgid) {
            atomic_store(state_of(t), new);
        }
    }
    task_list_unlock();
    return ret;
}

static int64_t install(CPUArchState *env, uint64_t flags, uint64_t prog_addr)
{
    TaskState *ts = task_of(env);
    SeccompState *prev = atomic_load(state_of(ts)), *s;
    struct sock_fprog prog;
    int64_t ret = 0;

    if (flags & ~(uint64_t)(SECCOMP_FILTER_FLAG_TSYNC |
                            SECCOMP_FILTER_FLAG_LOG |
                            SECCOMP_FILTER_FLAG_SPEC_ALLOW |
                            SECCOMP_FILTER_FLAG_TSYNC_ESRCH)) {
        return -EINVAL;
    }
    if (prev && prev->strict) {
        return -EINVAL;
    }
    if (!get_guest(prog, prog_addr)) {
        return -EFAULT;
    }
    if (prog.len == 0 || prog.len > BPF_MAXINSNS) {
        return -EINVAL;
    }
    if (!may_install()) {
        return -EACCES;
    }
    if ((prev ? prev->total : 0) + prog.len > MAX_TOTAL_INSNS) {
        return -ENOMEM;
    }
    s = calloc(1, sizeof(*s) + prog.len * sizeof(s->insns[0]));
    if (!s) {
        return -ENOMEM;
    }
    s->prev = prev;
    s->len = prog.len;
    s->total = prog.len + (prev ? prev->total : 0);
    s->log = flags & SECCOMP_FILTER_FLAG_LOG;
    if (!copy_from_guest(s->insns, h2g(prog.filter),
                         prog.len * sizeof(s->insns[0]))) {
        free(s);
        return -EFAULT;
    }
    if (!bpf_valid(s->insns, s->len)) {
        free(s);
        return -EINVAL;
    }
    syscall_work_set(SYSCALL_WORK_SECCOMP);
    if (flags & SECCOMP_FILTER_FLAG_TSYNC) {
        ret = sync_threads(ts, s);
        if (ret) {
            free(s);
            return flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : ret;
        }
    } else {
        atomic_store(state_of(ts), s);
    }
    return 0;
}

static int64_t install_strict(CPUArchState *env)
{
    TaskState *ts = task_of(env);
    SeccompState *s;

    if (atomic_load(state_of(ts))) {
        return -EINVAL;
    }
    s = calloc(1, sizeof(*s));
    if (!s) {
        return -ENOMEM;
    }
    s->strict = true;
    syscall_work_set(SYSCALL_WORK_SECCOMP);
    atomic_store(state_of(ts), s);
    return 0;
}

int64_t seccomp_prctl_set(CPUArchState *env, uint64_t mode, uint64_t prog)
{
    switch (mode) {
    case SECCOMP_MODE_STRICT:
        return install_strict(env);
    case SECCOMP_MODE_FILTER:
        return install(env, 0, prog);
    default:
        return -EINVAL;
    }
}

static int64_t action_available(uint64_t addr)
{
    uint32_t action;

    if (!get_guest_u32(&action, addr)) {
        return -EFAULT;
    }
    switch (action) {
    case SECCOMP_RET_KILL_PROCESS:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_TRAP:
    case SECCOMP_RET_ERRNO:
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_ALLOW:
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

int64_t sys_seccomp(CPUArchState *env, const uint64_t *a)
{
    switch ((uint32_t)a[0]) {
    case SECCOMP_SET_MODE_STRICT:
        return a[1] || a[2] ? -EINVAL : install_strict(env);
    case SECCOMP_SET_MODE_FILTER:
        return install(env, a[1], a[2]);
    case SECCOMP_GET_ACTION_AVAIL:
        return a[1] ? -EINVAL : action_available(a[2]);
    default:
        return -EINVAL;
    }
}

/*
 * Over execve.  The file holds the programs oldest first, each behind a
 * header; a strict state is a header without instructions.
 */
typedef struct SavedFilter {
    uint16_t len;
    uint8_t strict, log;
} SavedFilter;

static bool export_one(int fd, const SeccompState *s)
{
    SavedFilter h = { .len = s->len, .strict = s->strict, .log = s->log };
    ssize_t size = s->len * sizeof(s->insns[0]);

    if (s->prev && !export_one(fd, s->prev)) {
        return false;
    }
    return write(fd, &h, sizeof(h)) == sizeof(h) &&
           write(fd, s->insns, size) == size;
}

int seccomp_export(int *fd)
{
    SeccompState *s = seccomp_current();

    *fd = -1;
    if (!s) {
        return 0;
    }
    *fd = memfd_create("seccomp", 0);
    if (*fd < 0) {
        return -errno;
    }
    if (!export_one(*fd, s)) {
        close(*fd);
        *fd = -1;
        return -ENOMEM;
    }
    lseek(*fd, 0, SEEK_SET);
    return 0;
}

void seccomp_import(int fd)
{
    SeccompState *s = NULL;
    SavedFilter h;

    while (read(fd, &h, sizeof(h)) == sizeof(h)) {
        ssize_t size = h.len * sizeof(struct sock_filter);
        SeccompState *next = calloc(1, sizeof(*next) + size);

        if (!next || read(fd, next->insns, size) != size ||
            (!h.strict && (!h.len || !bpf_valid(next->insns, h.len)))) {
            error_report("seccomp filters of the previous program are damaged");
            abort();
        }
        next->prev = s;
        next->len = h.len;
        next->total = h.len + (s ? s->total : 0);
        next->strict = h.strict;
        next->log = h.log;
        s = next;
    }
    close(fd);
    if (s) {
        syscall_work_set(SYSCALL_WORK_SECCOMP);
        seccomp_inherit(s);
    }
}

#if HOST_IS_GUEST_ABI
/* Oldest first: a filter may forbid to install another one. */
static int install_on_host(const SeccompState *s)
{
    struct sock_fprog prog = { .len = s->len };
    int ret = s->prev ? install_on_host(s->prev) : 0;

    if (ret) {
        return ret;
    }
    if (s->strict) {
        return raw_syscall(__NR_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
    }
    prog.filter = (struct sock_filter *)s->insns;
    return raw_syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
                       s->log ? SECCOMP_FILTER_FLAG_LOG : 0, &prog);
}
#endif

int seccomp_to_host(void)
{
    const SeccompState *s = seccomp_current();

    if (!s) {
        return 0;
    }
#if HOST_IS_GUEST_ABI
    return install_on_host(s);
#else
    error_report("a program of the host is not executed: it would be free of "
                 "the seccomp filters");
    return -EPERM;
#endif
}
