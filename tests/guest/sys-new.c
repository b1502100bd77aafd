/*
 * Younger system calls.  Where the kernel is older than the call, the answer
 * ENOSYS is accepted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <linux/close_range.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

/* @ret, or the expected value when the kernel does not know the call. */
#define CHECK_NEW(call, want)                                           \
    do {                                                                \
        int r_ = sc(call);                                              \
        if (r_ != -ENOSYS) {                                            \
            CHECK_EQ(r_, want);                                         \
        }                                                               \
    } while (0)

static void test_pidfd(void)
{
    pid_t pid = fork();
    struct pollfd p;
    siginfo_t si;
    int fd, got;

    if (pid == 0) {
        for (;;) {
            pause();
        }
    }
    fd = syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) {
        kill(pid, SIGKILL);
        wait(NULL);
        return;
    }
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    got = syscall(SYS_pidfd_getfd, fd, 1, 0);
    CHECK(got >= 0 || errno == EPERM);
    close(got);
    CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), 0);
    p = (struct pollfd) { fd, POLLIN };
    CHECK_EQ(poll(&p, 1, 5000), 1);
    CHECK_EQ(waitid(P_PIDFD, fd, &si, WEXITED), 0);
    CHECK_EQ(si.si_pid, pid);
    CHECK_EQ(si.si_code, CLD_KILLED);
    CHECK_EQ(si.si_status, SIGTERM);
    close(fd);
    puts("pidfd");
}

static void test_files(void)
{
    int a = open("new-a", O_RDWR | O_CREAT | O_TRUNC, 0600);
    int b = open("new-b", O_RDWR | O_CREAT | O_TRUNC, 0600), m;
    struct iovec v = { "vector", 6 };
    struct stat st;
    char buf[16];

    CHECK_EQ(pwritev2(a, &v, 1, 0, 0), 6);
    v.iov_base = buf;
    CHECK_EQ(preadv2(a, &v, 1, 0, RWF_HIPRI & 0), 6);
    CHECK_EQ(sc(preadv2(a, &v, 1, 0, 0x40000000)), -EOPNOTSUPP);
    lseek(a, 0, SEEK_SET);
    CHECK_EQ(copy_file_range(a, NULL, b, NULL, 6, 0), 6);
    CHECK_NEW(syscall(439, AT_FDCWD, "new-a", R_OK, AT_EACCESS), 0);
    CHECK_NEW(syscall(452, AT_FDCWD, "new-a", 0640, 0), 0);
    m = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(m >= 0);
    CHECK_EQ(ftruncate(m, 100), 0);
    CHECK_EQ(fcntl(m, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    CHECK_EQ(sc(ftruncate(m, 10)), -EPERM);
    CHECK_EQ(fcntl(m, F_GET_SEALS), F_SEAL_SHRINK);
    CHECK_EQ(fstat(m, &st), 0);
    CHECK_EQ(st.st_size, 100);
    CHECK_NEW(syscall(SYS_close_range, 500, 600, CLOSE_RANGE_CLOEXEC), 0);
    CHECK_EQ(fallocate(m, 0, 0, 200), 0);
    CHECK_EQ(splice(a, &(loff_t){ 0 }, b, NULL, 1, 0), -1);
    close(a);
    close(b);
    close(m);
    puts("files");
}

static void test_system(void)
{
    char buf[64] = "";
    unsigned cpu = 99, node = 99;
    struct winsize ws;
    struct termios t;
    int i, zero = 0, p[2];

    CHECK_EQ(getrandom(buf, 64, 0), 64);
    for (i = 0; i < 64; i++) {
        zero += !buf[i];
    }
    CHECK(zero < 20);
    CHECK_EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
    CHECK(cpu < 4096 && node < 1024);
    i = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    CHECK(i >= 0 || errno == ENOSYS);
    if (i > 0 && (i & MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)) {
        CHECK_EQ(syscall(SYS_membarrier,
                         MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
        CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
                         0), 0);
    }
    pipe(p);
    CHECK_EQ(sc(ioctl(p[0], TIOCGWINSZ, &ws)), -ENOTTY);
    CHECK_EQ(sc(tcgetattr(p[0], &t)), -ENOTTY);
    CHECK_EQ(personality(0xffffffff) & 0xff, 0);
    CHECK_EQ(sc(syscall(SYS_iopl, 3)) < 0 || getuid() == 0, 1);
    CHECK_EQ(syscall(SYS_modify_ldt, 0, buf, 64), 0);
    CHECK_EQ(sc(syscall(SYS_pkey_free, 17)), -EINVAL);
    puts("system");
}

static void test_tty(void)
{
    int m = posix_openpt(O_RDWR | O_NOCTTY), s;
    struct winsize ws = { 24, 80 }, got;
    struct termios t;
    char buf[16], *name;
    int n;

    if (m < 0) {
        return;
    }
    grantpt(m);
    unlockpt(m);
    name = ptsname(m);
    s = open(name, O_RDWR | O_NOCTTY);
    CHECK(s >= 0);
    CHECK_EQ(isatty(s), 1);
    CHECK_EQ(ioctl(m, TIOCSWINSZ, &ws), 0);
    CHECK_EQ(ioctl(s, TIOCGWINSZ, &got), 0);
    CHECK_EQ(got.ws_col, 80);
    CHECK_EQ(tcgetattr(s, &t), 0);
    CHECK(t.c_lflag & ICANON);
    cfmakeraw(&t);
    cfsetspeed(&t, B9600);
    CHECK_EQ(tcsetattr(s, TCSANOW, &t), 0);
    CHECK_EQ(tcgetattr(s, &t), 0);
    CHECK(!(t.c_lflag & (ICANON | ECHO)));
    CHECK_EQ(cfgetospeed(&t), B9600);
    CHECK_EQ(write(m, "hi", 2), 2);
    CHECK_EQ(read(s, buf, 16), 2);
    CHECK_EQ(write(s, "ok", 2), 2);
    CHECK_EQ(read(m, buf, 16), 2);
    CHECK_EQ(ioctl(m, FIONREAD, &n), 0);
    CHECK_EQ(n, 0);
    close(s);
    close(m);
    puts("tty");
}

int main(void)
{
    test_pidfd();
    test_files();
    test_system();
    test_tty();
    return 0;
}
