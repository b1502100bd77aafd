/*
 * Calls whose arguments end where the guest's memory ends, in the middle of
 * larger host pages: the kernel stops there as on 4 KiB pages, and many threads
 * that fail for good at the same time all get their answer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* env: QEMU_STRICT_PAGES=on */
/* nested: the host does not stop in the middle of a vector of buffers */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define CALLS   500
#define AREA    65536

static int wrong, a_pipe[2];
static char *forbidden;         /* whole pages of any host */

/*
 * Even threads ask for what is there, odd ones for the guard page before it;
 * all of them also for something whose size the emulator may not know.
 */
static void *caller(void *p)
{
    unsigned n = (unsigned long)p / AREA % 2;
    char *word = (char *)p - n * 4096;

    for (int i = 0; i < CALLS; i++) {
        /* the word holds 0 */
        if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 1, NULL) == 0 ||
            errno != (n ? EFAULT : EAGAIN)) {
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        }
        if (ioctl(a_pipe[0], FIONREAD, forbidden) == 0 || errno != EFAULT) {
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

static void show(const char *what, long ret)
{
    printf("%s: %ld%s%s\n", what, ret, ret < 0 ? " " : "",
           ret < 0 ? strerrorname_np(errno) : "");
}

/* Nothing from @end on may be touched. */
static void arguments(char *end, const char *kind)
{
    struct iovec v[3] = {
        { "abc", 3 }, { end - 5, 10 }, { "xyz", 3 },
    };
    struct iovec in[2] = { { end - 2, 2 }, { end, 2 } };
    struct msghdr out = { .msg_iov = v + 1, .msg_iovlen = 1 };
    int file = memfd_create("file", 0), fd[2], sock[2];
    char *at;

    printf("-- %s\n", kind);
    pipe(fd);
    socketpair(AF_UNIX, SOCK_STREAM, 0, sock);
    memcpy(end - 5, "12345", 5);
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    show("writev to a pipe", writev(fd[1], v, 3));
    show("writev to a file", writev(file, v, 3));
    show("writev of nothing there", writev(fd[1], in + 1, 1));
    show("write to a file", write(file, end - 3, 10));
    write(fd[1], "wxyz", 4);
    show("readv", readv(fd[0], in, 2));
    show("readv into nothing", readv(fd[0], in + 1, 1));
    show("preadv", preadv(file, in, 2, 0));
    show("preadv into nothing", preadv(file, in + 1, 1, 0));
    show("vector at the end", writev(fd[1], (void *)(end - 16), 2));
    show("read of a file", pread(file, end - 3, 100, 0));
    v[1].iov_base = end;
    show("sendmsg of nothing there", sendmsg(sock[0], &out, 0));
    show("sendmsg itself", sendmsg(sock[0], (void *)(end - 8), 0));
    at = end - 5;
    memcpy(at, "/etc", 5);
    show("path up to the end", open(at, O_RDONLY) >= 0);
    memcpy(at, "/etc/", 5);
    show("path without end", open(at, O_RDONLY));
    show("path in nothing", access(end, R_OK));
    memset(end - 16, 0, 16);
    show("timespec at the end", nanosleep((void *)(end - 16), NULL));
    show("timespec over the end", nanosleep((void *)(end - 8), NULL));
    show("pollfd over the end", poll((void *)(end - 4), 1, 0));
    show("select over the end", select(64, (void *)(end - 4), NULL, NULL,
                                       &(struct timeval) { 0, 0 }));
    show("stat over the end", stat("/", (void *)(end - 100)));
    show("pipe over the end", pipe((int *)(end - 4)));
    show("rlimit over the end", getrlimit(RLIMIT_CORE, (void *)(end - 8)));
    show("clock at the end", clock_gettime(CLOCK_REALTIME, (void *)(end - 16)));
    show("socket name", bind(sock[0], (void *)(end - 2), 10));
    close(file);
    close(fd[0]);
    close(fd[1]);
    close(sock[0]);
    close(sock[1]);
}

/* An empty directory has two entries of 24 bytes. */
static void directory(char *end)
{
    int fd;

    mkdir("empty", 0700);
    fd = open("empty", O_RDONLY | O_DIRECTORY);
    show("entries into nothing", syscall(SYS_getdents64, fd, end, 1000));
    show("entries up to the end", syscall(SYS_getdents64, fd, end - 30, 1000));
    show("entries at the end", syscall(SYS_getdents64, fd, end - 24, 24));
    show("no more entries", syscall(SYS_getdents64, fd, end - 24, 24));
    close(fd);
    rmdir("empty");
}

/* What such a call has taken is gone: nobody waits for it again. */
static void consumed(void *nowhere)
{
    sigset_t set;
    int status;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    show("signal into nothing", syscall(SYS_rt_sigtimedwait, &set, nowhere,
                                        NULL, 8));
    if (fork() == 0) {
        _exit(3);
    }
    show("child into nothing", syscall(SYS_wait4, -1, nowhere, 0, NULL));
    show("no more children", wait(&status));
}

int main(void)
{
    pthread_t t[THREADS];
    char *m = mmap(NULL, (THREADS + 2) * AREA, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    m = (char *)(((unsigned long)m + AREA - 1) & -AREA);
    pipe(a_pipe);
    forbidden = m + THREADS * AREA;
    mprotect(forbidden, AREA, PROT_NONE);
    for (int i = 0; i < THREADS; i++) {
        mprotect(m + i * AREA, 4096, PROT_NONE);
        munmap(m + i * AREA + 8192, 4096);
        mprotect(m + i * AREA + 7 * 4096, 4096, PROT_NONE);
    }
    arguments(m + 8192, "nothing behind");
    directory(m + 8192);
    arguments(m + 7 * 4096, "a guard page behind");
    directory(m + 7 * 4096);
    fflush(stdout);
    consumed((void *)0x1000);
    consumed(m + 8192);
    fflush(stdout);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&t[i], NULL, caller, m + i * AREA + 4096);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
    }
    printf("%d answers were wrong\n", wrong);
    return 0;
}
