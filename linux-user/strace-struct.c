/*
 * -strace: structures that system calls take and fill.
 *
 * Every printer copies its structure out of guest memory first, so a bad
 * pointer prints as a number.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "strace-internal.h"
#include "user/signal.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <linux/sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#define MAX_ELEMENTS 16

/* Copy the structure or print its address and leave. */
#define FETCH(st, var, addr)                        \
    do {                                            \
        if (!get_guest(var, addr)) {                \
            st_printf(st, "0x%" PRIx64, (uint64_t)(addr)); \
            return;                                 \
        }                                           \
    } while (0)

void st_sigset(Strace *st, uint64_t set)
{
    bool invert = __builtin_popcountll(set) > 32;
    bool first = true;

    if (invert) {
        set = ~set;
        st_putc(st, '~');
    }
    st_putc(st, '[');
    for (int sig = 1; sig <= 64; sig++) {
        if (set & SIGMASK(sig)) {
            const char *name = strace_signal_name(sig);

            st_printf(st, "%s%s", first ? "" : " ",
                      strncmp(name, "SIG", 3) ? name : name + 3);
            first = false;
        }
    }
    st_putc(st, ']');
}

void st_siginfo(Strace *st, const siginfo_t *info)
{
    st_printf(st, "{si_signo=%s, si_code=",
              strace_signal_name(info->si_signo));
    st_named(st, strace_signal_codes(info->si_signo, info->si_code),
             (uint32_t)info->si_code);
    if (info->si_code == SI_TIMER) {
        st_printf(st, ", si_timerid=%d, si_overrun=%d", info->si_timerid,
                  info->si_overrun);
    } else if (info->si_code <= 0) {
        st_printf(st, ", si_pid=%d, si_uid=%u", (int)info->si_pid,
                  (unsigned)info->si_uid);
    } else if (info->si_code == SI_KERNEL) {
        /* The kernel's own: nobody sent it, no address is known. */
    } else if (info->si_signo == SIGCHLD) {
        st_printf(st, ", si_pid=%d, si_uid=%u, si_status=%d",
                  (int)info->si_pid, (unsigned)info->si_uid,
                  info->si_status);
    } else if (info->si_signo == SIGSEGV || info->si_signo == SIGBUS ||
               info->si_signo == SIGFPE || info->si_signo == SIGILL ||
               info->si_signo == SIGTRAP) {
        st_printf(st, ", si_addr=%p", info->si_addr);
    }
    st_putc(st, '}');
}

static void put_timespec(Strace *st, uint64_t addr, int n)
{
    GuestTimespec ts[2];

    if (!copy_from_guest(ts, addr, n * sizeof(ts[0]))) {
        st_printf(st, "0x%" PRIx64, addr);
        return;
    }
    for (int i = 0; i < n; i++) {
        const char *special = ts[i].nsec == 0x3fffffff ? "UTIME_NOW" :
                              ts[i].nsec == 0x3ffffffe ? "UTIME_OMIT" : NULL;

        if (special && n == 2) {
            st_printf(st, "%s%s", i ? "," : "[", special);
        } else {
            st_printf(st, "%s{tv_sec=%" PRId64 ",tv_nsec=%" PRId64 "}",
                      n == 1 ? "" : i ? "," : "[", ts[i].sec, ts[i].nsec);
        }
    }
    if (n == 2) {
        st_putc(st, ']');
    }
}

static void put_timeval(Strace *st, uint64_t addr, int n)
{
    GuestTimeval tv[2];

    if (!copy_from_guest(tv, addr, n * sizeof(tv[0]))) {
        st_printf(st, "0x%" PRIx64, addr);
        return;
    }
    for (int i = 0; i < n; i++) {
        st_printf(st, "%s{tv_sec=%" PRId64 ",tv_usec=%" PRId64 "}",
                  n == 1 ? "" : i ? "," : "[", tv[i].sec, tv[i].usec);
    }
    if (n == 2) {
        st_putc(st, ']');
    }
}

/* itimerval and itimerspec: interval, then value */
static void put_itimer(Strace *st, uint64_t addr, const char *part)
{
    int64_t v[4];

    FETCH(st, v, addr);
    st_printf(st, "{it_interval={tv_sec=%" PRId64 ",%s=%" PRId64
              "},it_value={tv_sec=%" PRId64 ",%s=%" PRId64 "}}",
              v[0], part, v[1], v[2], part, v[3]);
}

static void put_sockaddr(Strace *st, uint64_t addr, uint64_t len)
{
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_nl nl;
    } u;
    char text[INET6_ADDRSTRLEN];

    memset(&u, 0, sizeof(u));
    if (len < 2 || !copy_from_guest(&u, addr, MIN(len, sizeof(u)))) {
        st_printf(st, "0x%" PRIx64, addr);
        return;
    }
    switch (u.sa.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &u.in.sin_addr, text, sizeof(text));
        st_printf(st, "{sa_family=AF_INET,sin_port=htons(%d),"
                  "sin_addr=inet_addr(\"%s\")}", ntohs(u.in.sin_port), text);
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &u.in6.sin6_addr, text, sizeof(text));
        st_printf(st, "{sa_family=AF_INET6,sin6_port=htons(%d),"
                  "sin6_addr=\"%s\"}", ntohs(u.in6.sin6_port), text);
        break;
    case AF_UNIX:
        st_printf(st, "{sa_family=AF_UNIX");
        if (len > 2) {
            int n = MIN(len - 2, sizeof(u.un.sun_path));
            bool abstract = u.un.sun_path[0] == 0;

            st_printf(st, ",sun_path=%s\"%.*s\"", abstract ? "@" : "",
                      n - abstract, u.un.sun_path + abstract);
        }
        st_putc(st, '}');
        break;
    case AF_NETLINK:
        st_printf(st, "{sa_family=AF_NETLINK,nl_pid=%u,nl_groups=0x%x}",
                  u.nl.nl_pid, u.nl.nl_groups);
        break;
    default:
        st_printf(st, "{sa_family=%d}", u.sa.sa_family);
        break;
    }
}

/* @limit: bytes that are worth showing over all elements, -1 for all. */
static void put_iov(Strace *st, uint64_t addr, uint64_t count, int64_t limit)
{
    st_putc(st, '[');
    for (uint64_t i = 0; i < count; i++) {
        struct iovec v;
        uint64_t n;

        if (i == MAX_ELEMENTS || !get_guest(v, addr + i * sizeof(v))) {
            st_printf(st, "...");
            break;
        }
        n = v.iov_len;
        if (limit >= 0) {
            n = MIN(n, (uint64_t)limit);
            limit -= n;
        }
        st_printf(st, "%s{iov_base=", i ? "," : "");
        st_bytes(st, h2g(v.iov_base), n);
        st_printf(st, ",iov_len=%zu}", v.iov_len);
    }
    st_putc(st, ']');
}

static void put_msghdr(Strace *st, uint64_t addr, int64_t limit)
{
    struct msghdr m;

    FETCH(st, m, addr);
    st_printf(st, "{msg_name=");
    if (m.msg_name && m.msg_namelen) {
        put_sockaddr(st, h2g(m.msg_name), m.msg_namelen);
    } else {
        st_printf(st, "NULL");
    }
    st_printf(st, ",msg_namelen=%u,msg_iov=", m.msg_namelen);
    put_iov(st, h2g(m.msg_iov), m.msg_iovlen, limit);
    st_printf(st, ",msg_iovlen=%zu,msg_controllen=%zu,msg_flags=0x%x}",
              (size_t)m.msg_iovlen, (size_t)m.msg_controllen, m.msg_flags);
}

static void put_mmsghdr(Strace *st, uint64_t addr, uint64_t count, bool out,
                        int64_t ret)
{
    if (out) {
        count = ret > 0 ? MIN(count, (uint64_t)ret) : 0;
    }
    st_putc(st, '[');
    for (uint64_t i = 0; i < MIN(count, (uint64_t)MAX_ELEMENTS); i++) {
        uint32_t len = 0;

        st_printf(st, "%s{msg_hdr=", i ? "," : "");
        get_guest_u32(&len, addr + i * 64 + 56);
        put_msghdr(st, addr + i * 64, out ? (int64_t)len : -1);
        st_printf(st, ",msg_len=%u}", len);
    }
    st_putc(st, ']');
}

static void put_stat(Strace *st, uint64_t addr)
{
    GuestStat s;

    FETCH(st, s, addr);
    st_printf(st, "{st_mode=");
    st_mode(st, s.st_mode);
    if (S_ISCHR(s.st_mode) || S_ISBLK(s.st_mode)) {
        st_printf(st, ",st_rdev=0x%" PRIx64 ",...}", s.st_rdev);
    } else {
        st_printf(st, ",st_size=%" PRId64 ",...}", s.st_size);
    }
}

static void put_statx(Strace *st, uint64_t addr)
{
    struct statx s;

    FETCH(st, s, addr);
    st_printf(st, "{stx_mask=0x%x,stx_mode=", s.stx_mask);
    st_mode(st, s.stx_mode);
    st_printf(st, ",stx_size=%" PRIu64 ",...}", (uint64_t)s.stx_size);
}

static void put_statfs(Strace *st, uint64_t addr)
{
    struct statfs s;

    FETCH(st, s, addr);
    st_printf(st, "{f_type=0x%lx,f_bsize=%ld,f_blocks=%" PRIu64
              ",f_bfree=%" PRIu64 ",...}", (long)s.f_type, (long)s.f_bsize,
              (uint64_t)s.f_blocks, (uint64_t)s.f_bfree);
}

static void put_rlimit(Strace *st, uint64_t addr)
{
    uint64_t r[2];

    FETCH(st, r, addr);
    for (int i = 0; i < 2; i++) {
        st_printf(st, i ? ",rlim_max=" : "{rlim_cur=");
        if (r[i] == UINT64_MAX) {
            st_printf(st, "RLIM64_INFINITY");
        } else {
            st_printf(st, "%" PRIu64, r[i]);
        }
    }
    st_putc(st, '}');
}

static void put_rusage(Strace *st, uint64_t addr)
{
    struct rusage r;

    FETCH(st, r, addr);
    st_printf(st, "{ru_utime={tv_sec=%ld,tv_usec=%ld},ru_stime={tv_sec=%ld,"
              "tv_usec=%ld},...}", (long)r.ru_utime.tv_sec,
              (long)r.ru_utime.tv_usec, (long)r.ru_stime.tv_sec,
              (long)r.ru_stime.tv_usec);
}

static void put_sigaction(Strace *st, uint64_t addr)
{
    GuestSigAction act;

    FETCH(st, act, addr);
    if (act.handler <= 1) {
        st_printf(st, "{sa_handler=%s", act.handler ? "SIG_IGN" : "SIG_DFL");
    } else {
        st_printf(st, "{sa_handler=0x%" PRIx64, act.handler);
    }
    st_printf(st, ",sa_mask=");
    st_sigset(st, act.mask);
    st_printf(st, ",sa_flags=");
    st_named(st, &strace_sa_flags, act.flags);
    st_putc(st, '}');
}

static void put_pollfds(Strace *st, uint64_t addr, uint64_t count,
                        int64_t ret)
{
    st_putc(st, '[');
    for (uint64_t i = 0; i < count; i++) {
        struct pollfd p;

        if (i == MAX_ELEMENTS || !get_guest(p, addr + i * sizeof(p))) {
            st_printf(st, "...");
            break;
        }
        st_printf(st, "%s{fd=%d,events=", i ? "," : "", p.fd);
        st_named(st, &strace_poll_events, (uint16_t)p.events);
        if (ret > 0 && p.revents) {
            st_printf(st, ",revents=");
            st_named(st, &strace_poll_events, (uint16_t)p.revents);
        }
        st_putc(st, '}');
    }
    st_putc(st, ']');
}

static void put_fdset(Strace *st, uint64_t addr, int count)
{
    bool first = true;

    st_putc(st, '[');
    for (int fd = 0; fd < MIN(count, 1024); fd++) {
        uint8_t byte;

        if (!get_guest_u8(&byte, addr + fd / 8)) {
            break;
        }
        if (byte >> (fd % 8) & 1) {
            st_printf(st, "%s%d", first ? "" : " ", fd);
            first = false;
        }
    }
    st_putc(st, ']');
}

static void put_epoll(Strace *st, uint64_t addr, int64_t count)
{
    if (count != 1) {
        st_putc(st, '[');
    }
    for (int64_t i = 0; i < count; i++) {
        GuestEpollEvent ev;

        if (i == MAX_ELEMENTS || !get_guest(ev, addr + i * sizeof(ev))) {
            st_printf(st, "...");
            break;
        }
        st_printf(st, "%s{events=", i ? "," : "");
        st_named(st, &strace_epoll_events, ev.events);
        st_printf(st, ",data=0x%" PRIx64 "}", (uint64_t)ev.data);
    }
    if (count != 1) {
        st_putc(st, ']');
    }
}

static void put_u32s(Strace *st, uint64_t addr, int64_t count)
{
    st_putc(st, '[');
    for (int64_t i = 0; i < count; i++) {
        uint32_t v;

        if (i == MAX_ELEMENTS || !get_guest_u32(&v, addr + i * 4)) {
            st_printf(st, "...");
            break;
        }
        st_printf(st, "%s%u", i ? "," : "", v);
    }
    st_putc(st, ']');
}

static void put_int(Strace *st, uint64_t addr)
{
    int32_t v;

    FETCH(st, v, addr);
    st_printf(st, "[%d]", v);
}

static void put_long(Strace *st, uint64_t addr)
{
    int64_t v;

    FETCH(st, v, addr);
    st_printf(st, "[%" PRId64 "]", v);
}

static void put_status(Strace *st, uint64_t addr)
{
    int32_t v;

    FETCH(st, v, addr);
    if (WIFEXITED(v)) {
        st_printf(st, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]",
                  WEXITSTATUS(v));
    } else if (WIFSIGNALED(v)) {
        st_printf(st, "[{WIFSIGNALED(s) && WTERMSIG(s) == %s%s}]",
                  strace_signal_name(WTERMSIG(v)),
                  WCOREDUMP(v) ? " && WCOREDUMP(s)" : "");
    } else if (WIFSTOPPED(v)) {
        st_printf(st, "[{WIFSTOPPED(s) && WSTOPSIG(s) == %s}]",
                  strace_signal_name(WSTOPSIG(v)));
    } else {
        st_printf(st, "[0x%x]", v);
    }
}

static void put_utsname(Strace *st, uint64_t addr)
{
    GuestUtsname u;

    FETCH(st, u, addr);
    st_printf(st, "{sysname=\"%.65s\",nodename=\"%.65s\",release=\"%.65s\","
              "machine=\"%.65s\",...}", u.sysname, u.nodename, u.release,
              u.machine);
}

static void put_sysinfo(Strace *st, uint64_t addr)
{
    struct sysinfo s;

    FETCH(st, s, addr);
    st_printf(st, "{uptime=%ld,totalram=%lu,freeram=%lu,procs=%u,...}",
              s.uptime, s.totalram, s.freeram, s.procs);
}

static void put_stack(Strace *st, uint64_t addr)
{
    struct { uint64_t sp; uint32_t flags, pad; uint64_t size; } s;

    FETCH(st, s, addr);
    st_printf(st, "{ss_sp=0x%" PRIx64 ",ss_flags=0x%x,ss_size=%" PRIu64 "}",
              s.sp, s.flags, s.size);
}

static void put_cloneargs(Strace *st, uint64_t addr, uint64_t size)
{
    uint64_t c[11] = { 0 };

    if (!copy_from_guest(c, addr, MIN(size, sizeof(c)))) {
        st_printf(st, "0x%" PRIx64, addr);
        return;
    }
    st_printf(st, "{flags=");
    st_named(st, strace_names(ARG_CLONEFLAGS), c[0]);
    st_printf(st, ",exit_signal=%s,stack=0x%" PRIx64 ",stack_size=0x%" PRIx64
              ",tls=0x%" PRIx64 "}", strace_signal_name(c[4]), c[5], c[6],
              c[7]);
}

static void put_openhow(Strace *st, uint64_t addr)
{
    uint64_t how[3];

    FETCH(st, how, addr);
    st_printf(st, "{flags=");
    st_named(st, strace_names(ARG_OFLAGS), how[0]);
    st_printf(st, ",mode=0%" PRIo64 ",resolve=0x%" PRIx64 "}", how[1],
              how[2]);
}

static void put_osiginfo(Strace *st, uint64_t addr, int64_t ret)
{
    siginfo_t info;

    FETCH(st, info, addr);
    if (ret < 0) {
        st_printf(st, "0x%" PRIx64, addr);
    } else {
        st_siginfo(st, &info);
    }
}

static void put_sigset_at(Strace *st, uint64_t addr)
{
    uint64_t set;

    FETCH(st, set, addr);
    st_sigset(st, set);
}

static void put_sembuf(Strace *st, uint64_t addr, uint64_t count)
{
    st_putc(st, '[');
    for (uint64_t i = 0; i < count; i++) {
        struct { uint16_t num; int16_t op, flags; } s;

        if (i == MAX_ELEMENTS || !get_guest(s, addr + i * sizeof(s))) {
            st_printf(st, "...");
            break;
        }
        st_printf(st, "%s{%u,%d,0x%x}", i ? "," : "", s.num, s.op,
                  (uint16_t)s.flags);
    }
    st_putc(st, ']');
}

bool st_struct(Strace *st, const SyscallArg *arg, uint64_t addr,
               const uint64_t *a, int64_t ret)
{
    uint64_t size = arg->ref < 6 ? a[arg->ref] : 0;
    bool filled = !arg->out_size || ret >= 0;

    switch (arg->kind) {
    case ARG_IOV:
        put_iov(st, addr, size, -1);
        return true;
    case ARG_OIOV:
        put_iov(st, addr, size, MAX(ret, 0));
        return true;
    case ARG_MSGHDR:
        put_msghdr(st, addr, -1);
        return true;
    case ARG_OMSGHDR:
        put_msghdr(st, addr, MAX(ret, 0));
        return true;
    case ARG_MMSGHDR:
    case ARG_OMMSGHDR:
        put_mmsghdr(st, addr, size, arg->kind == ARG_OMMSGHDR, ret);
        return true;
    case ARG_POLLFD:
        put_pollfds(st, addr, size, ret);
        return true;
    case ARG_FDSET:
        put_fdset(st, addr, size);
        return true;
    case ARG_IOTIMESPEC:
        put_timespec(st, addr, 1);
        return true;
    case ARG_IOTIMEVAL:
        put_timeval(st, addr, 1);
        return true;
    default:
        break;
    }
    if (!filled) {
        return false;
    }
    switch (arg->kind) {
    case ARG_TIMESPEC:
    case ARG_OTIMESPEC:
        put_timespec(st, addr, 1);
        return true;
    case ARG_TIMEOUT:
        /* futex: a time for the waiting operations, else a number */
        if (addr < 4096) {
            return false;
        }
        put_timespec(st, addr, 1);
        return true;
    case ARG_TIMESPECS:
        put_timespec(st, addr, 2);
        return true;
    case ARG_TIMEVAL:
    case ARG_OTIMEVAL:
        put_timeval(st, addr, 1);
        return true;
    case ARG_TIMEVALS:
        put_timeval(st, addr, 2);
        return true;
    case ARG_ITIMERVAL:
    case ARG_OITIMERVAL:
        put_itimer(st, addr, "tv_usec");
        return true;
    case ARG_ITIMERSPEC:
    case ARG_OITIMERSPEC:
        put_itimer(st, addr, "tv_nsec");
        return true;
    case ARG_SOCKADDR:
        put_sockaddr(st, addr, size);
        return true;
    case ARG_OSOCKADDR: {
        uint32_t len;

        if (!get_guest_u32(&len, size)) {
            return false;
        }
        put_sockaddr(st, addr, len);
        return true;
    }
    case ARG_OSTAT:
        put_stat(st, addr);
        return true;
    case ARG_OSTATX:
        put_statx(st, addr);
        return true;
    case ARG_OSTATFS:
        put_statfs(st, addr);
        return true;
    case ARG_IRLIMIT:
    case ARG_ORLIMIT:
        put_rlimit(st, addr);
        return true;
    case ARG_ORUSAGE:
        put_rusage(st, addr);
        return true;
    case ARG_SIGACT:
    case ARG_OSIGACT:
        put_sigaction(st, addr);
        return true;
    case ARG_SIGSET:
    case ARG_OSIGSET:
        put_sigset_at(st, addr);
        return true;
    case ARG_SIGINFO:
    case ARG_OSIGINFO:
        put_osiginfo(st, addr, ret);
        return true;
    case ARG_STACKT:
    case ARG_OSTACKT:
        put_stack(st, addr);
        return true;
    case ARG_EPOLLEV:
        put_epoll(st, addr, 1);
        return true;
    case ARG_OEPOLL:
        put_epoll(st, addr, ret);
        return true;
    case ARG_OFDPAIR:
        put_u32s(st, addr, 2);
        return true;
    case ARG_IDS:
        put_u32s(st, addr, (int)size);
        return true;
    case ARG_OIDS:
        put_u32s(st, addr, (int)size ? ret : 0);
        return true;
    case ARG_OINT:
    case ARG_SCHEDPARAM:
    case ARG_OSCHEDPARAM:
        put_int(st, addr);
        return true;
    case ARG_OLONG:
    case ARG_IOOFF:
        put_long(st, addr);
        return true;
    case ARG_OSTATUS:
        put_status(st, addr);
        return true;
    case ARG_OUTSNAME:
        put_utsname(st, addr);
        return true;
    case ARG_OSYSINFO:
        put_sysinfo(st, addr);
        return true;
    case ARG_CLONEARGS:
        put_cloneargs(st, addr, size);
        return true;
    case ARG_OPENHOW:
        put_openhow(st, addr);
        return true;
    case ARG_SEMBUF:
        put_sembuf(st, addr, size);
        return true;
    default:
        return false;
    }
}
