/*
 * Waiting for descriptors, in all forms, with and without signal masks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

/* also: -strace */

static volatile sig_atomic_t hits;

static void on_signal(int sig)
{
    hits++;
}

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

static void test_poll(void)
{
    struct pollfd p[2];
    struct timespec ts = { 0, 1000000 };
    int fds[2];

    pipe(fds);
    p[0] = (struct pollfd) { fds[0], POLLIN, 0x7fff };
    p[1] = (struct pollfd) { fds[1], POLLOUT, 0x7fff };
    CHECK_EQ(syscall(SYS_poll, p, 2, 100), 1);
    CHECK_EQ(p[0].revents, 0);
    CHECK_EQ(p[1].revents, POLLOUT);
    CHECK_EQ(syscall(SYS_poll, p, 1, 0), 0);
    CHECK_EQ(syscall(SYS_poll, p, 1, 2), 0);
    write(fds[1], "x", 1);
    CHECK_EQ(syscall(SYS_poll, p, 1, -1), 1);
    CHECK_EQ(p[0].revents, POLLIN);
    CHECK_EQ(ppoll(p, 1, &ts, NULL), 1);
    close(fds[1]);
    CHECK_EQ(ppoll(p, 1, &ts, NULL), 1);
    CHECK_EQ(p[0].revents, POLLIN | POLLHUP);
    p[0].fd = 99;
    CHECK_EQ(poll(p, 1, 0), 1);
    CHECK_EQ(p[0].revents, POLLNVAL);
    close(fds[0]);
    puts("poll");
}

static void test_select(void)
{
    struct timeval tv = { 0, 2000 };
    struct timespec ts = { 0, 2000000 };
    fd_set r, w;
    int fds[2];

    pipe(fds);
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(fds[0], &r);
    FD_SET(fds[1], &w);
    CHECK_EQ(syscall(SYS_select, fds[1] + 1, &r, &w, NULL, NULL), 1);
    CHECK(!FD_ISSET(fds[0], &r));
    CHECK(FD_ISSET(fds[1], &w));
    FD_SET(fds[0], &r);
    CHECK_EQ(syscall(SYS_select, fds[0] + 1, &r, NULL, NULL, &tv), 0);
    CHECK_EQ(tv.tv_sec, 0);
    CHECK_EQ(tv.tv_usec, 0);
    tv = (struct timeval) { 5, 0 };
    write(fds[1], "x", 1);
    FD_SET(fds[0], &r);
    CHECK_EQ(syscall(SYS_select, fds[0] + 1, &r, NULL, NULL, &tv), 1);
    CHECK(tv.tv_sec == 4 || tv.tv_sec == 5);
    FD_ZERO(&r);
    CHECK_EQ(pselect(0, NULL, NULL, NULL, &ts, NULL), 0);
    /* below 64: the kernel ignores what lies behind its descriptor table */
    FD_SET(60, &r);
    CHECK_EQ(sc(select(61, &r, NULL, NULL, NULL)), -EBADF);
    close(fds[0]);
    close(fds[1]);
    puts("select");
}

static void test_masks(void)
{
    sigset_t block, none, now;
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    struct timespec ts = { 5, 0 };
    struct epoll_event ev;
    int ep = epoll_create1(0);

    sigaction(SIGUSR1, &sa, NULL);
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);

    kill(getpid(), SIGUSR1);
    CHECK_EQ(hits, 0);
    CHECK_EQ(sc(ppoll(NULL, 0, &ts, &none)), -EINTR);
    CHECK_EQ(hits, 1);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(sc(pselect(0, NULL, NULL, NULL, &ts, &none)), -EINTR);
    CHECK_EQ(hits, 2);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(sc(epoll_pwait(ep, &ev, 1, 5000, &none)), -EINTR);
    CHECK_EQ(hits, 3);
    /* still blocked afterwards */
    kill(getpid(), SIGUSR1);
    ts = (struct timespec) { 0, 1000000 };
    CHECK_EQ(ppoll(NULL, 0, &ts, NULL), 0);
    CHECK_EQ(hits, 3);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    CHECK_EQ(hits, 4);
    close(ep);
    puts("masks");
}

static void test_epoll(void)
{
    struct epoll_event ev[4], in;
    struct timespec ts = { 0, 1000000 };
    int ep = syscall(SYS_epoll_create, 10), fds[2], n;

    CHECK(ep >= 0);
    CHECK_EQ(sc(syscall(SYS_epoll_create, 0)), -EINVAL);
    pipe(fds);
    in = (struct epoll_event) { EPOLLIN, { .u64 = 0x1122334455667788ull } };
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &in), 0);
    CHECK_EQ(sc(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &in)), -EEXIST);
    in = (struct epoll_event) { EPOLLOUT, { .u64 = 0x99aabbccddeeff00ull } };
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &in), 0);
    CHECK_EQ(syscall(SYS_epoll_wait, ep, ev, 4, 10), 1);
    CHECK_EQ(ev[0].data.u64, 0x99aabbccddeeff00ull);
    write(fds[1], "x", 1);
    n = epoll_wait(ep, ev, 4, -1);
    CHECK_EQ(n, 2);
    CHECK_EQ(ev[0].data.u64 ^ ev[1].data.u64,
             0x1122334455667788ull ^ 0x99aabbccddeeff00ull);
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, fds[1], NULL), 0);
    CHECK_EQ(epoll_wait(ep, ev, 4, -1), 1);
    CHECK_EQ(ev[0].events, EPOLLIN);
    in.events = EPOLLIN | EPOLLET;
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &in), 0);
    CHECK_EQ(epoll_wait(ep, ev, 4, 0), 1);
    CHECK_EQ(epoll_wait(ep, ev, 4, 0), 0);
    CHECK_EQ(sc(epoll_wait(ep, ev, 0, 0)), -EINVAL);
    n = syscall(441, ep, ev, 4, &ts, NULL, 0);
    CHECK(n == 0 || errno == ENOSYS);
    close(ep);
    puts("epoll");
}

static void test_fds(void)
{
    struct itimerspec it = { .it_value = { 0, 2000000 } }, cur;
    struct signalfd_siginfo si;
    struct inotify_event *ie;
    char buf[512];
    sigset_t set;
    uint64_t v;
    int fd;

    fd = syscall(SYS_eventfd, 3);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 3);
    close(fd);
    fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
    CHECK_EQ(sc(read(fd, &v, 8)), -EAGAIN);
    v = 2;
    write(fd, &v, 8);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    close(fd);

    fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    CHECK_EQ(timerfd_settime(fd, 0, &it, NULL), 0);
    CHECK_EQ(timerfd_gettime(fd, &cur), 0);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    close(fd);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_NONBLOCK);
    CHECK_EQ(sc(read(fd, &si, sizeof(si))), -EAGAIN);
    kill(getpid(), SIGUSR2);
    CHECK_EQ(read(fd, &si, sizeof(si)), sizeof(si));
    CHECK_EQ(si.ssi_signo, SIGUSR2);
    CHECK_EQ(si.ssi_pid, getpid());
    close(fd);

    fd = syscall(SYS_inotify_init);
    CHECK(inotify_add_watch(fd, ".", IN_CREATE) > 0);
    close(open("watched", O_CREAT | O_WRONLY, 0600));
    CHECK(read(fd, buf, sizeof(buf)) > 16);
    ie = (struct inotify_event *)buf;
    CHECK_EQ(strcmp(ie->name, "watched"), 0);
    CHECK_EQ(ie->mask, IN_CREATE);
    close(fd);
    puts("fds");
}

static atomic_int stop;

static void on_poke(int sig, siginfo_t *si, void *uc)
{
}

static void *poke(void *arg)
{
    while (!stop) {
        syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
        sched_yield();
    }
    return NULL;
}

/* Whenever the signal comes, EINTR says how much is left. */
static void test_sleep(void)
{
    const struct timespec want = { 5, 500 };
    struct timespec left;
    pthread_t thread;
    int silent = 0;

    handle(SIGUSR1, on_poke, 0);
    pthread_create(&thread, NULL, poke, NULL);
    for (int i = 0; i < 4000; i++) {
        left.tv_sec = -1;
        if (i & 1) {
            CHECK_EQ(sc(syscall(SYS_nanosleep, &want, &left)), -EINTR);
        } else {
            CHECK_EQ(sc(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &want,
                                &left)), -EINTR);
        }
        silent += left.tv_sec != 5 && left.tv_sec != 4;
    }
    stop = 1;
    pthread_join(thread, NULL);
    CHECK_EQ(silent, 0);
    left.tv_sec = -1;
    CHECK_EQ(sc(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME,
                        &(struct timespec){ 1, 0 }, &left)), 0);
    CHECK_EQ(left.tv_sec, -1);
    puts("sleep");
}

int main(void)
{
    char dir[] = "workXXXXXX";

    CHECK_EQ(chdir(mkdtemp(dir)), 0);
    test_poll();
    test_select();
    test_masks();
    test_epoll();
    test_fds();
    test_sleep();
    return 0;
}
