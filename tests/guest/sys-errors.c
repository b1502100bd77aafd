/*
 * What is wrong first?  Calls with several bad arguments, calls that write
 * although they fail, structures that end where the memory does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BAD   ((void *)1)
#define KERN  ((void *)0xffff888000000000)

static char *edge;              /* the end of memory that can be used */

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

static void test_paths(void)
{
    char buf[256], *name = edge - PATH_MAX;
    int in = inotify_init1(0);

    if (!nested("looks at the path first")) {
        CHECK_EQ(sc(syscall(SYS_access, BAD, 0x100)), -EINVAL);
        CHECK_EQ(sc(syscall(SYS_readlink, BAD, buf, 0)), -EINVAL);
        CHECK_EQ(sc(syscall(SYS_statx, AT_FDCWD, BAD, 0x20000, 0, buf)),
                 -EINVAL);
    }
    CHECK_EQ(sc(syscall(SYS_access, BAD, R_OK)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_inotify_add_watch, -1, BAD, IN_OPEN)), -EBADF);
    CHECK_EQ(sc(syscall(SYS_inotify_add_watch, in, BAD, 0)), -EINVAL);
    CHECK_EQ(sc(syscall(SYS_inotify_add_watch, in, BAD, IN_OPEN)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_openat, -1, BAD, O_RDONLY)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_open, BAD, O_WRONLY)), -EFAULT);
    /* Too long, and just not. */
    memset(name, 'x', PATH_MAX);
    if (!nested("reads a path to its end before it is too long")) {
        CHECK_EQ(sc(syscall(SYS_open, name, O_RDONLY)), -ENAMETOOLONG);
        CHECK_EQ(sc(syscall(SYS_open, name, O_RDWR)), -ENAMETOOLONG);
    }
    CHECK_EQ(sc(syscall(SYS_stat, name + 1, buf)), -EFAULT);
    edge[-1] = 0;
    CHECK_EQ(sc(syscall(SYS_stat, name, buf)), -ENAMETOOLONG);
    CHECK_EQ(sc(syscall(SYS_access, edge - 1, F_OK)), -ENOENT);
    close(in);
    puts("paths");
}

static void test_accept(void)
{
    struct sockaddr_un un = { AF_UNIX, "sys-errors-socket" };
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), c, p[2];
    char name[128];
    socklen_t len = 128;

    pipe(p);
    CHECK_EQ(sc(syscall(SYS_accept, p[0], name, NULL)), -ENOTSOCK);
    CHECK_EQ(sc(syscall(SYS_accept, -1, name, BAD)), -EBADF);
    CHECK_EQ(sc(syscall(SYS_accept4, s, name, BAD, 3)), -EINVAL);
    unlink(un.sun_path);
    CHECK_EQ(bind(s, (struct sockaddr *)&un, sizeof(un)), 0);
    CHECK_EQ(sc(syscall(SYS_accept, s, name, BAD)), -EINVAL);
    CHECK_EQ(listen(s, 5), 0);
    CHECK_EQ(sc(syscall(SYS_accept, s, name, BAD)), -EAGAIN);
    /* The connection is lost. */
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(connect(c, (struct sockaddr *)&un, sizeof(un)), 0);
    CHECK_EQ(sc(syscall(SYS_accept, s, name, BAD)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_accept, s, name, &len)), -EAGAIN);
    close(c);
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(connect(c, (struct sockaddr *)&un, sizeof(un)), 0);
    len = -1;
    CHECK_EQ(sc(syscall(SYS_accept, s, name, &len)), -EINVAL);
    close(c);
    close(s);
    close(p[0]);
    close(p[1]);
    puts("accept");
}

static void test_wait(void)
{
    unsigned int w[32];

    memset(w, 0xa5, sizeof(w));
    CHECK_EQ(sc(syscall(SYS_waitid, P_PID, getpid(), w, WEXITED, NULL)),
             -ECHILD);
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(w[i], i == 3 || i == 7 ? 0xa5a5a5a5 : 0);
    }
    memset(w, 0xa5, sizeof(w));
    CHECK_EQ(sc(syscall(SYS_waitid, 77, 1, w, WEXITED, NULL)), -EINVAL);
    CHECK_EQ(w[0], 0);
    CHECK_EQ(sc(syscall(SYS_waitid, P_ALL, 0, BAD, WEXITED, NULL)), -EFAULT);
    /* More than what is written need not be there. */
    CHECK_EQ(sc(syscall(SYS_waitid, 77, 1, edge - 32, WEXITED, NULL)),
             -EINVAL);
    CHECK_EQ(sc(syscall(SYS_waitid, 77, 1, edge - 16, WEXITED, NULL)),
             -EFAULT);
    if (fork() == 0) {
        _exit(3);
    }
    memset(w, 0xa5, sizeof(w));
    CHECK_EQ(syscall(SYS_waitid, P_ALL, 0, w, WEXITED, NULL), 0);
    CHECK_EQ(w[0], SIGCHLD);
    CHECK_EQ(w[3], 0xa5a5a5a5);
    CHECK_EQ(w[6], 3);
    CHECK_EQ(w[7], 0xa5a5a5a5);
    puts("wait");
}

static volatile int queued;

static void on_queued(int sig, siginfo_t *si, void *uc)
{
    queued = si->si_value.sival_int;
}

static void test_siginfo(void)
{
    siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
    /* What the kernel itself needs. */
    char *at = edge - (nested("reads all of a siginfo") ? sizeof(info) : 48);

    handle(SIGUSR1, on_queued, 0);
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = 71;
    memcpy(at, &info, 48);
    CHECK_EQ(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, at), 0);
    CHECK_EQ(queued, 71);
    queued = 0;
    CHECK_EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, at),
             0);
    CHECK_EQ(queued, 71);
    CHECK_EQ(sc(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, edge - 47)),
             -EFAULT);
    puts("siginfo");
}

static void test_masks(void)
{
    struct timespec soon = { 0, 1 };
    struct pollfd p = { -1 };
    uint64_t mask = 0;
    struct { void *set; size_t size; } arg = { &mask, 4 };
    int ep = epoll_create1(0);
    char ev[64];

    CHECK_EQ(sc(syscall(SYS_ppoll, &p, 1, KERN, &mask, 4)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_ppoll, &p, 1, &soon, &mask, 4)), -EINVAL);
    CHECK_EQ(sc(syscall(SYS_ppoll, &p, 1, &soon, BAD, 8)), -EFAULT);
    CHECK_EQ(syscall(SYS_ppoll, &p, 1, &soon, &mask, 8), 0);
    CHECK_EQ(sc(syscall(SYS_pselect6, 0, NULL, NULL, NULL, KERN, &arg)),
             -EFAULT);
    CHECK_EQ(sc(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &arg)),
             -EINVAL);
    arg.size = 8;
    CHECK_EQ(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &arg), 0);
    arg.set = BAD;
    CHECK_EQ(sc(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &arg)),
             -EFAULT);
    CHECK_EQ(sc(syscall(SYS_epoll_pwait, -1, ev, 0, 0, &mask, 4)), -EINVAL);
    CHECK_EQ(sc(syscall(SYS_epoll_pwait, -1, ev, 1, 0, BAD, 8)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_epoll_wait, ep, ev, 0, 0)), -EINVAL);
    CHECK_EQ(sc(syscall(SYS_epoll_wait, ep, KERN, 1, 0)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_epoll_wait, -1, BAD, 1, 0)), -EBADF);
    CHECK_EQ(sc(syscall(SYS_epoll_wait, 0, BAD, 1, 0)), -EINVAL);
    CHECK_EQ(syscall(SYS_epoll_wait, ep, BAD, 1, 0), 0);
    CHECK_EQ(sc(syscall(SYS_epoll_wait, ep, ev, 0x7fffffff, 0)), -EINVAL);
    close(ep);
    puts("masks");
}

/* Not what the C library makes of it: errors have 32 bits here. */
static long modify_ldt(long func, void *p, long n)
{
    long ret;

    __asm__ volatile("syscall" : "=a"(ret) : "0"((long)SYS_modify_ldt),
                     "D"(func), "S"(p), "d"(n) : "rcx", "r11", "memory");
    return ret;
}

static void test_other(void)
{
    char buf[200];

    memset(buf, 1, sizeof(buf));
    CHECK_EQ(sc(syscall(SYS_setrlimit, 100, BAD)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_setrlimit, 100, buf)), -EINVAL);
    CHECK_EQ(modify_ldt(100, BAD, 8), 0xffffffff - ENOSYS + 1);
    CHECK_EQ(modify_ldt(2, buf, 8), 8);
    CHECK_EQ(buf[7], 0);
    CHECK_EQ(buf[8], 1);
    CHECK_EQ(modify_ldt(2, buf, 200), 128);
    CHECK_EQ(buf[128], 1);
    CHECK_EQ(modify_ldt(2, BAD, 8), 0xffffffff - EFAULT + 1);
    puts("other");
}

/* Where other memory begins in the same page of a larger host page. */
static void test_edges(void)
{
    struct itimerval t = { .it_value = { 1000, 0 } }, *old = (void *)edge - 32;
    struct timespec soon = { 0, 1 };
    fd_set *set = (void *)edge - sizeof(fd_set);
    sigset_t mask;
    int fd, p[2];

    CHECK_EQ(syscall(SYS_setitimer, ITIMER_REAL, &t, old), 0);
    CHECK_EQ(old->it_value.tv_sec, 0);
    memset(&t, 0, sizeof(t));
    CHECK_EQ(syscall(SYS_setitimer, ITIMER_REAL, &t, old), 0);
    CHECK(old->it_value.tv_sec > 900);
    CHECK_EQ(sc(syscall(SYS_setitimer, ITIMER_REAL, &t, (char *)old + 1)),
             -EFAULT);

    fd = eventfd(5, EFD_NONBLOCK);
    CHECK_EQ(read(fd, edge - 8, 8), 8);
    CHECK_EQ(*(uint64_t *)(edge - 8), 5);
    CHECK_EQ(sc(read(fd, edge - 8, 8)), -EAGAIN);
    close(fd);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    fd = signalfd(-1, &mask, 0);
    raise(SIGUSR2);
    CHECK_EQ(read(fd, edge - 128, 128), 128);
    CHECK_EQ(*(int *)(edge - 128), SIGUSR2);
    close(fd);

    /* More descriptors than there is room for are not looked at. */
    pipe(p);
    FD_ZERO(set);
    FD_SET(p[1], set);
    if (!nested("aborts")) {
        CHECK_EQ(syscall(SYS_select, 8192, NULL, set, NULL, NULL), 1);
        CHECK_EQ(syscall(SYS_pselect6, 8192, NULL, set, NULL, &soon, NULL),
                 1);
    }
    close(p[0]);
    close(p[1]);

    /* A length of 32 bits and no more. */
    CHECK_EQ(sc(syscall(SYS_connect, 0, edge - 16, 0x1000000010)), -ENOTSOCK);
    if (!nested("looks at the messages first")) {
        CHECK_EQ(sc(syscall(SYS_recvmmsg, 0, KERN, 1, 0,
                            &(struct timespec){ -1, 0 })), -EINVAL);
    }
    puts("edges");
}

/* Addresses that no page is at. */
static void test_kernel_addresses(void)
{
    static const uint64_t where[] = { 1ull << 47, (uint64_t)KERN, -4096, -1 };

    for (int i = 0; i < 4; i++) {
        void *at = (void *)where[i];
        int fd = open("/dev/null", O_RDWR);

        CHECK_EQ(sc(syscall(SYS_uname, at)), -EFAULT);
        CHECK_EQ(sc(syscall(SYS_rt_sigpending, at, 7)), -EFAULT);
        CHECK_EQ(sc(syscall(SYS_stat, "/", at)), -EFAULT);
        CHECK_EQ(sc(syscall(SYS_pipe, at)), -EFAULT);
        CHECK_EQ(sc(syscall(SYS_getitimer, 0, at)), -EFAULT);
        CHECK_EQ(sc(syscall(SYS_gettimeofday, at, NULL)), -EFAULT);
        CHECK_EQ(sc(syscall(SYS_write, fd, at, 10)), -EFAULT);
        CHECK_EQ(sc(syscall(SYS_read, fd, at, 10)), -EFAULT);
        CHECK_EQ(sc(syscall(SYS_futex, (char *)at + 1, 0, 0, NULL)),
                 i == 3 ? -EFAULT : -EINVAL);
        close(fd);
    }
    puts("kernel addresses");
}

int main(void)
{
    /* A larger host page ends somewhere else. */
    edge = mmap(NULL, 0x20000, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(edge + 0x3000, 0x1d000);
    edge += 0x3000;
    test_paths();
    test_accept();
    test_wait();
    test_siginfo();
    test_masks();
    test_other();
    test_edges();
    test_kernel_addresses();
    return 0;
}
