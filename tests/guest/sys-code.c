/*
 * System calls that write over code which has run: the kernel stores into the
 * page, and the new code must run next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* also: -accel interp */

static uint8_t *page;

/* mov eax, imm32; ret */
static void encode(uint8_t *p, uint32_t value)
{
    p[0] = 0xb8;
    memcpy(p + 1, &value, 4);
    p[5] = 0xc3;
}

static int run(size_t offset)
{
    int (*fn)(void) = (void *)(page + offset);

    return fn();
}

/* Code at @offset has run and gives 1; the caller then replaces it. */
static void prepare(size_t offset)
{
    encode(page + offset, 1);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(run(offset), 1);
    }
}

static void on_alarm(int sig, siginfo_t *si, void *uc)
{
}

static uint32_t next = 100;

static const uint8_t *fresh(void)
{
    static uint8_t code[6];

    encode(code, ++next);
    return code;
}

static int file_with(const void *data, size_t len, off_t at)
{
    char name[] = "codeXXXXXX";
    int fd = mkstemp(name);

    unlink(name);
    CHECK_EQ(pwrite(fd, data, len, at), len);
    return fd;
}

/* A result beside code that was never written over and has run often. */
static void *beside_code(void)
{
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    prepare(0);
    return page + 64;
}

/* What has happened before the result is written happens once. */
static void once(void)
{
    struct itimerval t = { .it_value = { 1000 } }, *old;
    struct timespec *left, want = { 0, 300000000 };
    uint8_t *saved = page;
    int fds[2], fd, n;
    double start;
    off_t *at;

    handle(SIGALRM, on_alarm, 0);
    old = beside_code();
    CHECK_EQ(setitimer(ITIMER_REAL, &t, old), 0);
    CHECK_EQ(old->it_value.tv_sec, 0);

    pipe(fds);
    fd = file_with("abcdef", 6, 0);
    at = beside_code();
    CHECK_EQ(sendfile(fds[1], fd, at, 3), 3);
    CHECK_EQ(ioctl(fds[0], FIONREAD, &n), 0);
    CHECK_EQ(n, 3);
    CHECK_EQ(*at, 3);
    at = beside_code();
    CHECK_EQ(splice(fd, at, fds[1], NULL, 3, 0), 3);
    CHECK_EQ(ioctl(fds[0], FIONREAD, &n), 0);
    CHECK_EQ(n, 6);
    CHECK_EQ(*at, 3);
    close(fd);

    left = beside_code();
    t.it_value = (struct timeval) { 0, 100000 };
    setitimer(ITIMER_REAL, &t, NULL);
    start = now();
    CHECK_EQ(nanosleep(&want, left), -1);
    CHECK_EQ(errno, EINTR);
    CHECK(now() - start < 0.29);
    CHECK(left->tv_nsec > 0 && left->tv_nsec < 210000000);
    page = saved;
}

int main(void)
{
    struct iovec v[2];
    struct msghdr m = { .msg_iov = v, .msg_iovlen = 1 };
    int fds[2], fd;
    uint8_t *big;

    page = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    prepare(0);
    fd = file_with(fresh(), 6, 0);
    CHECK_EQ(read(fd, page, 6), 6);
    CHECK_EQ(run(0), next);

    prepare(64);
    CHECK_EQ(pread(fd, page + 64, 6, 0), 6);
    CHECK_EQ(run(64), next);
    close(fd);

    prepare(128);
    fresh();
    pipe(fds);
    write(fds[1], fresh(), 6);
    v[0] = (struct iovec) { page + 128, 1 };
    v[1] = (struct iovec) { page + 129, 5 };
    CHECK_EQ(readv(fds[0], v, 2), 6);
    CHECK_EQ(run(128), next);

    /* A datagram is gone after a failed attempt. */
    prepare(192);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
    write(fds[1], fresh(), 6);
    CHECK_EQ(recv(fds[0], page + 192, 6, 0), 6);
    CHECK_EQ(run(192), next);

    prepare(256);
    write(fds[1], fresh(), 6);
    v[0] = (struct iovec) { page + 256, 6 };
    CHECK_EQ(recvmsg(fds[0], &m, 0), 6);
    CHECK_EQ(run(256), next);

    /* A long read over several pages with code in the middle. */
    big = calloc(1, 4 * 4096);
    encode(big + 2 * 4096 + 32, ++next);
    big[4 * 4096 - 1] = 77;
    fd = file_with(big, 4 * 4096, 0);
    prepare(4 * 4096 + 32);
    CHECK_EQ(read(fd, page + 2 * 4096, 4 * 4096), 4 * 4096);
    CHECK_EQ(run(4 * 4096 + 32), next);
    CHECK_EQ(page[6 * 4096 - 1], 77);
    prepare(4 * 4096 + 32);
    CHECK_EQ(pread(fd, page + 2 * 4096, 4 * 4096, 0), 4 * 4096);
    CHECK_EQ(run(4 * 4096 + 32), next);
    close(fd);

    /* Small results next to code. */
    prepare(512);
    CHECK_EQ(pipe((int *)(page + 512 + 64)), 0);
    CHECK(*(int *)(page + 512 + 64) > 0);
    CHECK_EQ(run(512), 1);
    prepare(512);
    CHECK_EQ(clock_gettime(CLOCK_REALTIME, (void *)(page + 512 + 64)), 0);
    prepare(512);
    CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_REALTIME, page + 512 + 64), 0);
    prepare(512);
    CHECK_EQ(syscall(SYS_stat, "/", page + 512 + 64), 0);
    CHECK_EQ(run(512), 1);
    prepare(512);
    CHECK_EQ(syscall(SYS_uname, page + 512 + 64), 0);
    CHECK_EQ(strcmp((char *)page + 512 + 64, "Linux"), 0);
    prepare(512);
    CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, page + 512 + 64, 8),
             0);
    prepare(512);
    fd = open("/", O_RDONLY | O_DIRECTORY);
    if (!nested("has read the entries when it finds that it cannot write")) {
        CHECK(syscall(SYS_getdents64, fd, page + 512 + 64, 2048) > 0);
        CHECK_EQ(run(512), 1);
    }

    once();

    /* Read-only for the guest stays read-only. */
    prepare(0);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    fd = file_with(fresh(), 6, 0);
    CHECK_EQ(read(fd, page, 6), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(run(0), 1);
    puts("done");
    return 0;
}
