/*
 * System calls that a signal interrupts: SA_RESTART, calls that never restart,
 * remaining times, and no wake-up lost between check and sleep.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <poll.h>
#include <semaphore.h>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

static volatile int hits;
static pthread_t main_thread;
static int pipefd[2];

static void hit(int sig, siginfo_t *info, void *uc)
{
    hits++;
}

/* Interrupt the main thread after a while, then maybe feed the pipe. */
static void *poke(void *arg)
{
    usleep(30000);
    pthread_kill(main_thread, SIGUSR1);
    if (arg) {
        usleep(30000);
        write(pipefd[1], "x", 1);
    }
    return NULL;
}

static void with_poke(const char *name, long (*fn)(void), int feed)
{
    pthread_t t;
    long ret;

    hits = 0;
    pthread_create(&t, NULL, poke, (void *)(long)feed);
    errno = 0;
    ret = fn();
    printf("%s: %ld %s hits %d\n", name, ret < 0 ? -1 : ret,
           ret < 0 ? strerror(errno) : "", hits);
    pthread_join(t, NULL);
    if (feed && ret < 0) {
        char c;

        read(pipefd[0], &c, 1);
    }
}

static long do_read(void)
{
    char c;

    return read(pipefd[0], &c, 1);
}

static long do_poll(void)
{
    struct pollfd p = { pipefd[0], POLLIN };

    return poll(&p, 1, 5000);
}

static long do_select(void)
{
    fd_set set;
    struct timeval tv = { 5, 0 };

    FD_ZERO(&set);
    FD_SET(pipefd[0], &set);
    return select(pipefd[0] + 1, &set, NULL, NULL, &tv);
}

static long do_epoll(void)
{
    struct epoll_event ev = { EPOLLIN };
    int fd = epoll_create1(0), ret, e;

    epoll_ctl(fd, EPOLL_CTL_ADD, pipefd[0], &ev);
    ret = epoll_wait(fd, &ev, 1, 5000);
    e = errno;
    close(fd);
    errno = e;
    return ret;
}

static long do_nanosleep(void)
{
    struct timespec ts = { 5, 0 }, rem = { 0 };
    int ret = nanosleep(&ts, &rem);

    CHECK(rem.tv_sec == 4 && rem.tv_nsec > 800000000);
    return ret;
}

static long do_pause(void)
{
    return pause();
}

static long do_wait(void)
{
    pid_t pid = fork();
    int ret, e;

    if (pid == 0) {
        usleep(100000);
        _exit(7);
    }
    ret = waitpid(pid, NULL, 0);
    e = errno;
    if (ret < 0) {
        hits += 10;
        while (waitpid(pid, NULL, 0) < 0) {
        }
        errno = e;
        return ret;
    }
    return ret == pid;
}

static long do_sem(void)
{
    sem_t sem;
    struct timespec ts;

    sem_init(&sem, 0, 0);
    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec += 150000000;
    if (ts.tv_nsec >= 1000000000) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000;
    }
    return sem_timedwait(&sem, &ts);
}

static long do_futex(void)
{
    int word = 1;
    struct timespec ts = { 0, 150000000 };

    return syscall(SYS_futex, &word, FUTEX_WAIT, 1, &ts);
}

static long do_recv(void)
{
    int sv[2];
    char c;
    struct timeval tv = { 0, 150000 };
    long ret;
    int e;

    socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    ret = recv(sv[0], &c, 1, 0);
    e = errno;
    close(sv[0]);
    close(sv[1]);
    errno = e;
    return ret;
}

static void all(int flags)
{
    handle(SIGUSR1, hit, flags);
    with_poke("read", do_read, 1);
    with_poke("poll", do_poll, 0);
    with_poke("select", do_select, 0);
    with_poke("epoll_wait", do_epoll, 0);
    with_poke("nanosleep", do_nanosleep, 0);
    with_poke("pause", do_pause, 0);
    with_poke("waitpid", do_wait, 0);
    with_poke("sem_timedwait", do_sem, 0);
    with_poke("futex", do_futex, 0);
    with_poke("recv", do_recv, 0);
}

/*
 * Ping-pong by signals and sigsuspend: a wake-up lost once would stop it.
 */
static void ping_pong(void)
{
    sigset_t set, none;
    pid_t child, parent = getpid();
    int status, n = 20000;

    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    handle(SIGUSR2, hit, 0);
    hits = 0;
    child = fork();
    if (child == 0) {
        for (int i = 0; i < n; i++) {
            sigsuspend(&none);
            kill(parent, SIGUSR2);
        }
        _exit(hits == n ? 0 : 1);
    }
    for (int i = 0; i < n; i++) {
        kill(child, SIGUSR2);
        sigsuspend(&none);
    }
    waitpid(child, &status, 0);
    printf("ping-pong %d %x\n", hits, status);
}

/* A self-pipe: the reader must wake for every signal. */
static void pipe_write(int sig, siginfo_t *info, void *uc)
{
    hits++;
    write(pipefd[1], "s", 1);
}

static void self_pipe(void)
{
    struct itimerval it = { { 0, 200 }, { 0, 200 } };
    int got = 0;
    char c;

    handle(SIGALRM, pipe_write, SA_RESTART);
    hits = 0;
    setitimer(ITIMER_REAL, &it, NULL);
    while (got < 2000) {
        CHECK_EQ(read(pipefd[0], &c, 1), 1);
        got++;
    }
    memset(&it, 0, sizeof(it));
    setitimer(ITIMER_REAL, &it, NULL);
    CHECK(hits >= 2000);
    printf("self-pipe %d\n", got);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    main_thread = pthread_self();
    pipe(pipefd);
    puts("without SA_RESTART");
    all(0);
    puts("with SA_RESTART");
    all(SA_RESTART);
    ping_pong();
    self_pipe();
    return 0;
}
