/*
 * -strace: system calls as lines of text.
 *
 * The table of calls says what each argument is; this file walks the arguments
 * and prints scalars and strings, strace-flags.c knows names of numbers and
 * strace-struct.c the structures.  A line is written with one qemu_log() call
 * when the call is done, except for calls that may not return.  A call that is
 * about to sleep shows its first half before: where a program hangs is what
 * many look for.  Whole lines, because processes share the log.
 *
 * No state outside the Strace object of a call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "strace-internal.h"
#include "qemu/log.h"
#include "user/uaccess.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define STRING_MAX_SHOWN 32
#define PATH_MAX_SHOWN   256

void st_printf(Strace *st, const char *fmt, ...)
{
    size_t room = sizeof(st->text) - st->len;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(st->text + st->len, room, fmt, ap);
    va_end(ap);
    if (n > 0) {
        st->len += MIN((size_t)n, room - 1);
    }
}

void st_putc(Strace *st, char c)
{
    if (st->len + 1 < sizeof(st->text)) {
        st->text[st->len++] = c;
        st->text[st->len] = 0;
    }
}

static void put_escaped(Strace *st, uint8_t c, uint8_t next)
{
    static const char plain[] = "\n\t\r\"\\\v\f";
    static const char letters[] = "ntr\"\\vf";
    const char *p = c ? strchr(plain, c) : NULL;

    if (p) {
        st_putc(st, '\\');
        st_putc(st, letters[p - plain]);
    } else if (c >= 32 && c < 127) {
        st_putc(st, c);
    } else if (next >= '0' && next <= '9') {
        st_printf(st, "\\%03o", c);
    } else {
        st_printf(st, "\\%o", c);
    }
}

void st_bytes(Strace *st, uint64_t addr, uint64_t len)
{
    uint8_t buf[STRING_MAX_SHOWN + 1] = { 0 };
    size_t n = MIN(len, (uint64_t)STRING_MAX_SHOWN);

    if (!addr) {
        st_printf(st, "NULL");
        return;
    }
    if (!copy_from_guest(buf, addr, n)) {
        st_printf(st, "0x%" PRIx64, addr);
        return;
    }
    st_putc(st, '"');
    for (size_t i = 0; i < n; i++) {
        put_escaped(st, buf[i], i + 1 < n ? buf[i + 1] : 0);
    }
    st_putc(st, '"');
    if (len > n) {
        st_printf(st, "...");
    }
}

void st_string(Strace *st, uint64_t addr)
{
    char buf[PATH_MAX_SHOWN];
    int64_t n;

    if (!addr) {
        st_printf(st, "NULL");
        return;
    }
    n = strncpy_from_guest(buf, addr, sizeof(buf));
    if (n == -EFAULT) {
        st_printf(st, "0x%" PRIx64, addr);
        return;
    }
    buf[sizeof(buf) - 1] = 0;
    st_putc(st, '"');
    for (size_t i = 0; buf[i]; i++) {
        put_escaped(st, buf[i], buf[i + 1]);
    }
    st_putc(st, '"');
    if (n < 0) {
        st_printf(st, "...");
    }
}

/* Who it is; `-d tid` says so already. */
static void put_id(Strace *st)
{
    TaskState *ts = task_current();

    if (!qemu_loglevel_mask(LOG_TID)) {
        st_printf(st, "%d ", ts ? (int)ts->tid : (int)getpid());
    }
}

static void put_string_vector(Strace *st, uint64_t addr)
{
    uint64_t p;

    if (!addr) {
        st_printf(st, "NULL");
        return;
    }
    st_putc(st, '{');
    for (int i = 0; get_guest_u64(&p, addr + i * 8) && p; i++) {
        if (i) {
            st_putc(st, ',');
        }
        if (i == 32) {
            st_printf(st, "...");
            break;
        }
        st_string(st, p);
    }
    st_putc(st, '}');
}

static void put_environment(Strace *st, uint64_t addr)
{
    uint64_t p;
    int n = 0;

    while (addr && get_guest_u64(&p, addr + n * 8) && p) {
        n++;
    }
    st_printf(st, "0x%" PRIx64 " /* %d vars */", addr, n);
}

/* One argument; @ret is meaningful for kinds the kernel writes. */
static void put_arg(Strace *st, const SyscallDesc *d, unsigned i,
                    const uint64_t *a, int64_t ret)
{
    const SyscallArg *arg = &d->args[i];
    const StraceNames *names = strace_names(arg->kind);
    uint64_t v = a[i];

    if (names) {
        st_named(st, names, v);
        return;
    }
    switch (arg->kind) {
    case ARG_D:
    case ARG_FD:
    case ARG_IPCKEY:
    case ARG_PROTO:
        st_printf(st, "%d", (int)v);
        break;
    case ARG_ID:
        if ((int32_t)v == -1) {
            st_printf(st, "-1");
            break;
        }
        /* fall through */
    case ARG_U:
        st_printf(st, "%u", (unsigned)v);
        break;
    case ARG_ATFD:
        if ((int)v == AT_FDCWD) {
            st_printf(st, "AT_FDCWD");
        } else {
            st_printf(st, "%d", (int)v);
        }
        break;
    case ARG_L:
        st_printf(st, "%" PRId64, v);
        break;
    case ARG_Z:
        st_printf(st, "%" PRIu64, v);
        break;
    case ARG_XI:
        st_printf(st, (uint32_t)v ? "0x%x" : "%x", (uint32_t)v);
        break;
    case ARG_X:
    case ARG_XL:
        st_printf(st, v ? "0x%" PRIx64 : "%" PRIx64, v);
        break;
    case ARG_MODE:
        st_mode(st, v);
        break;
    case ARG_SIG:
        st_printf(st, "%s", strace_signal_name(v));
        break;
    case ARG_IOCTL:
        st_ioctl(st, v);
        break;
    case ARG_SOCKOPT:
        st_sockopt(st, a[arg->ref], v);
        break;
    case ARG_FCNTLARG:
        st_printf(st, v < 4096 ? "%" PRIu64 : "0x%" PRIx64, v);
        break;
    case ARG_PATH:
    case ARG_STR:
        st_string(st, v);
        break;
    case ARG_STRV:
        if (i + 1 < d->nargs && d->args[i + 1].kind == ARG_STRV) {
            put_string_vector(st, v);
        } else {
            put_environment(st, v);
        }
        break;
    case ARG_BUF:
        st_bytes(st, v, a[arg->ref]);
        break;
    case ARG_OBUF:
        if (ret >= 0) {
            st_bytes(st, v, MIN((uint64_t)ret, a[arg->ref]));
        } else {
            st_printf(st, v ? "0x%" PRIx64 : "NULL", v);
        }
        break;
    case ARG_OSTR:
        if (ret > 0) {
            st_bytes(st, v, ret);
        } else {
            st_printf(st, v ? "0x%" PRIx64 : "NULL", v);
        }
        break;
    default:
        if (!v) {
            st_printf(st, "NULL");
        } else if (!st_struct(st, arg, v, a, ret)) {
            st_printf(st, "0x%" PRIx64, v);
        }
        break;
    }
}

/* The kernel stores through this argument: print it after the call. */
static bool is_output(const SyscallArg *arg)
{
    return arg->out_size || arg->kind == ARG_OIOV ||
           arg->kind == ARG_OMSGHDR || arg->kind == ARG_OMMSGHDR;
}

/* open's mode says nothing unless a file may be created. */
static bool is_hidden_mode(const SyscallDesc *d, unsigned i,
                           const uint64_t *a)
{
    return i > 0 && d->args[i].kind == ARG_MODE &&
           d->args[i - 1].kind == ARG_OFLAGS &&
           !(a[i - 1] & (TARGET_O_CREAT | TARGET_O_TMPBIT));
}

static void put_args(Strace *st, const SyscallDesc *d, const uint64_t *a,
                     int64_t ret, bool before)
{
    for (; st->done < d->nargs; st->done++) {
        if (before && is_output(&d->args[st->done])) {
            return;
        }
        if (is_hidden_mode(d, st->done, a)) {
            continue;
        }
        if (st->done) {
            st_putc(st, ',');
        }
        put_arg(st, d, st->done, a, ret);
    }
}

static bool fd_blocks(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && !(flags & O_NONBLOCK);
}

/* Would poll() wait for @events of the descriptor? */
static bool fd_waits(int fd, int events)
{
    struct pollfd p = { .fd = fd, .events = events };

    return fd_blocks(fd) && poll(&p, 1, 0) == 0;
}

static bool is_socket(int fd)
{
    int type;
    socklen_t len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

/* No timeout, or one that is not over at once. */
static bool timeout_waits(uint64_t addr)
{
    uint64_t t[2];

    return !addr || !copy_from_guest(t, addr, sizeof(t)) || t[0] || t[1];
}

/* Will the call sleep, as far as that can be told before? */
static bool sleeps(int num, const uint64_t *a)
{
    switch (num) {
    case TARGET_NR_read:
    case TARGET_NR_readv:
    case TARGET_NR_recvfrom:
    case TARGET_NR_recvmsg:
    case TARGET_NR_recvmmsg:
    case TARGET_NR_accept:
    case TARGET_NR_accept4:
        return fd_waits(a[0], POLLIN);
    case TARGET_NR_write:
    case TARGET_NR_writev:
    case TARGET_NR_sendto:
    case TARGET_NR_sendmsg:
    case TARGET_NR_sendmmsg:
        return fd_waits(a[0], POLLOUT);
    case TARGET_NR_poll:
        return (int)a[2] != 0;
    case TARGET_NR_epoll_wait:
    case TARGET_NR_epoll_pwait:
        return (int)a[3] != 0;
    case TARGET_NR_epoll_pwait2:
        return timeout_waits(a[3]);
    case TARGET_NR_ppoll:
    case TARGET_NR_rt_sigtimedwait:
        return timeout_waits(a[2]);
    case TARGET_NR_select:
    case TARGET_NR_pselect6:
        return timeout_waits(a[4]);
    case TARGET_NR_nanosleep:
        return timeout_waits(a[0]);
    case TARGET_NR_clock_nanosleep:
        return timeout_waits(a[2]);
    case TARGET_NR_wait4:
        return !(a[2] & WNOHANG);
    case TARGET_NR_waitid:
        return !(a[3] & WNOHANG);
    case TARGET_NR_futex:
        return (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT ||
               (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET ||
               (a[1] & FUTEX_CMD_MASK) == FUTEX_LOCK_PI;
    case TARGET_NR_fcntl:
        return a[1] == F_SETLKW || a[1] == F_OFD_SETLKW;
    case TARGET_NR_flock:
        return !(a[1] & LOCK_NB);
    case TARGET_NR_msgrcv:
        return !(a[4] & IPC_NOWAIT);
    case TARGET_NR_connect:
        return is_socket(a[0]) && fd_blocks(a[0]);
    case TARGET_NR_pause:
    case TARGET_NR_rt_sigsuspend:
    case TARGET_NR_semop:
    case TARGET_NR_semtimedop:
    case TARGET_NR_futex_waitv:
        return true;
    default:
        return false;
    }
}

void strace_enter(Strace *st, const SyscallDesc *d, int num,
                  const uint64_t *a)
{
    st->len = 0;
    st->done = 0;
    st->shown = st->unfinished = false;
    put_id(st);
    if (!d) {
        st_printf(st, "syscall_%d(0x%" PRIx64 ",0x%" PRIx64 ",0x%" PRIx64
                  ",0x%" PRIx64 ",0x%" PRIx64 ",0x%" PRIx64,
                  num, a[0], a[1], a[2], a[3], a[4], a[5]);
        return;
    }
    st_printf(st, "%s(", d->name);
    put_args(st, d, a, 0, true);
    if ((d->flags & SYSCALL_RESULT_V) || num == TARGET_NR_execve ||
        num == TARGET_NR_execveat) {
        put_args(st, d, a, 0, false);
        qemu_log("%s)%s\n", st->text,
                 d->flags & SYSCALL_RESULT_V ? " = ?" : "");
        st->shown = true;
    } else if (sleeps(num, a)) {
        qemu_log("%s <unfinished ...>\n", st->text);
        st->unfinished = true;
    }
}

static void put_result(Strace *st, const SyscallDesc *d, int64_t ret)
{
    if (ret == -QEMU_ESIGRETURN) {
        st_putc(st, '?');
    } else if (ret <= -QEMU_ERESTARTSYS && ret >= -QEMU_ERESTARTNOHAND) {
        st_printf(st, "? ERESTARTSYS (to be restarted)");
    } else if (ret < 0 && ret >= -4095) {
        st_printf(st, "-1 errno=%d %s (%s)", (int)-ret,
                  strace_errno_name(-ret), strerror(-ret));
    } else if (d && (d->flags & SYSCALL_RESULT_X)) {
        st_printf(st, "0x%" PRIx64, ret);
    } else {
        st_printf(st, "%" PRId64, ret);
    }
}

void strace_leave(Strace *st, const SyscallDesc *d, const uint64_t *a,
                  int64_t ret)
{
    if (st->shown) {
        st->len = 0;
        put_id(st);
        st_printf(st, "%s", d->name);
    } else {
        if (st->unfinished) {
            st->len = 0;
            put_id(st);
            st_printf(st, "<... %s resumed>", d->name);
        }
        if (d) {
            put_args(st, d, a, ret, false);
        }
        st_putc(st, ')');
    }
    st_printf(st, " = ");
    put_result(st, d, ret);
    qemu_log("%s\n", st->text);
}

void strace_signal(int sig, const siginfo_t *info)
{
    Strace st = { 0 };

    put_id(&st);
    st_printf(&st, "--- %s ", strace_signal_name(sig));
    st_siginfo(&st, info);
    qemu_log("%s ---\n", st.text);
}
