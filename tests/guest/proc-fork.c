/*
 * fork in a threaded program, again and again, while the other threads
 * allocate, map memory and take signals; clone with its flags; clone3; pidfds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* nested: the host makes a plain fork of CLONE_VM, and aborts in some */
/* timeout: 90 */
#include "guest.h"
#include <poll.h>
#include <sys/prctl.h>

static volatile int stop;
static volatile int hits;

static void *noise(void *arg)
{
    unsigned seed = (unsigned)(long)arg;

    while (!stop) {
        size_t n = 16 + rand_r(&seed) % 5000;
        char *p = malloc(n), *q;

        memset(p, 1, n);
        q = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        q[0] = 1;
        munmap(q, 8192);
        free(p);
    }
    return NULL;
}

static void tick(int sig, siginfo_t *info, void *uc)
{
    hits++;
}

static void threaded(void)
{
    struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
    pthread_t t[4];
    int ok = 0, status;

    handle(SIGALRM, tick, SA_RESTART);
    setitimer(ITIMER_REAL, &it, NULL);
    for (long i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, noise, (void *)i);
    }
    for (int i = 0; i < 300; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            pthread_t c;
            void *ret;

            /* The child is a whole process: memory, threads, own children. */
            free(malloc(100000));
            pthread_create(&c, NULL, (void *)malloc, (void *)64);
            pthread_join(c, &ret);
            if (i % 10 == 0) {
                pid_t g = fork();

                if (g == 0) {
                    _exit(3);
                }
                waitpid(g, &status, 0);
                _exit(WEXITSTATUS(status) == 3 && ret ? 1 : 2);
            }
            _exit(ret ? 1 : 2);
        }
        CHECK(pid > 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        ok += status == 0x100;
    }
    stop = 1;
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
    }
    memset(&it, 0, sizeof(it));
    setitimer(ITIMER_REAL, &it, NULL);
    printf("threaded forks %d\n", ok);
}

static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;

static int vm_child(void *arg)
{
    shared = getpid() != (int)(long)arg;
    for (int i = 0; i < 1000; i++) {
        __atomic_add_fetch(&shared, 1, __ATOMIC_SEQ_CST);
    }
    return 5;
}

static void clone_vm(void)
{
    int status;

    for (int i = 0; i < 20; i++) {
        pid_t pid;

        shared = 0;
        pid = clone(vm_child, stack + sizeof(stack), CLONE_VM | SIGCHLD,
                    (void *)(long)getpid());
        CHECK(pid > 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(shared, 1001);
        CHECK_EQ(status, 0x500);
    }
    puts("clone vm");
}

static int vm_handlers(void *arg)
{
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_IGN);
    return 0;
}

/* The child's handlers are its own, whatever memory it shares. */
static void own_handlers(void)
{
    int status;
    pid_t pid;

    handle(SIGUSR1, tick, 0);
    handle(SIGUSR2, tick, 0);
    pid = clone(vm_handlers, stack + sizeof(stack),
                CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    waitpid(pid, &status, 0);
    hits = 0;
    raise(SIGUSR1);
    raise(SIGUSR2);
    printf("own handlers %d\n", hits);
}

static int plain_child(void *arg)
{
    shared = 77;
    return 6;
}

static void clone_plain(void)
{
    int status, ptid = 0;
    pid_t pid;

    shared = 1;
    pid = clone(plain_child, stack + sizeof(stack), SIGUSR2, NULL);
    CHECK_EQ(waitpid(pid, &status, __WALL), pid);
    printf("clone plain %x shared %d\n", status, shared);
    hits = 0;
    pid = clone(plain_child, stack + sizeof(stack),
                CLONE_PARENT_SETTID | SIGCHLD, NULL, &ptid);
    CHECK_EQ(ptid, pid);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(clone(plain_child, stack + sizeof(stack),
                   CLONE_SIGHAND | SIGCHLD, NULL), -1);
    CHECK_EQ(errno, EINVAL);
}

struct args3 {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
        stack_size, tls;
};

static void clone3_pidfd(void)
{
    int fd = -1, status;
    struct args3 a = { .flags = CLONE_PIDFD, .pidfd = (uint64_t)&fd,
                       .exit_signal = SIGCHLD };
    struct pollfd p;
    siginfo_t info;
    pid_t pid;

    pid = syscall(SYS_clone3, &a, sizeof(a));
    if (pid == 0) {
        for (;;) {
            pause();
        }
    }
    CHECK(pid > 0);
    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), 0);
    p.fd = fd;
    p.events = POLLIN;
    CHECK_EQ(poll(&p, 1, 5000), 1);
    CHECK_EQ(waitid(P_PIDFD, fd, &info, WEXITED), 0);
    printf("clone3 pidfd: code %d status %d\n", info.si_code, info.si_status);
    close(fd);
    CHECK_EQ(syscall(SYS_clone3, &a, 8), -1);
    CHECK_EQ(errno, EINVAL);
    a.flags = 1ull << 40;
    CHECK_EQ(syscall(SYS_clone3, &a, sizeof(a)), -1);
    CHECK_EQ(errno, EINVAL);
}

static void death_signal(void)
{
    int p[2], status;
    pid_t pid;
    char c = 0;

    pipe(p);
    pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            write(p[1], "r", 1);
            for (;;) {
                pause();
            }
        }
        read(p[0], &c, 1);
        _exit(0);
    }
    close(p[1]);
    waitpid(pid, &status, 0);
    /* The pipe ends when the grandchild dies with its parent. */
    CHECK_EQ(read(p[0], &c, 1), 0);
    puts("death signal");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    threaded();
    clone_vm();
    own_handlers();
    clone_plain();
    clone3_pidfd();
    death_signal();
    return 0;
}
