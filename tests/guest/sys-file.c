/*
 * File system calls: old and new forms of the same call must agree, flags must
 * arrive, structures must have the right layout.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <dirent.h>
#include <stdbool.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <utime.h>

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

static void put(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    CHECK_EQ(close(fd), 0);
}

static void test_open(void)
{
    struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS };
    int fd, pfd[2];

    put("a", "hello");
    CHECK_EQ(sc(syscall(SYS_open, "a", O_RDWR | O_CREAT | O_EXCL, 0600)),
             -EEXIST);
    fd = syscall(SYS_open, "a", O_RDWR | O_APPEND | O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
             O_RDWR | O_APPEND | O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_SETFL, O_RDWR), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK), 0);
    close(fd);
    fd = syscall(SYS_creat, "c", 0640);
    CHECK(fd >= 0);
    close(fd);
    CHECK_EQ(sc(open("a", O_DIRECTORY)), -ENOTDIR);
    symlink("a", "s");
    CHECK_EQ(sc(open("s", O_RDONLY | O_NOFOLLOW)), -ELOOP);
    fd = open("s", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    fd = syscall(SYS_openat2, AT_FDCWD, "s", &how, sizeof(how));
    if (fd >= 0 || errno != ENOSYS) {
        CHECK_EQ(sc(fd), -ELOOP);
        how.resolve = 0;
        fd = syscall(SYS_openat2, AT_FDCWD, "s", &how, sizeof(how));
        CHECK(fd >= 0);
        close(fd);
        CHECK_EQ(sc(syscall(SYS_openat2, AT_FDCWD, "s", &how, 8)), -EINVAL);
        how.flags = 1 << 30;
        CHECK_EQ(sc(syscall(SYS_openat2, AT_FDCWD, "s", &how, sizeof(how))),
                 -EINVAL);
    }
    /* What other hosts read as O_NOFOLLOW, and flags they show elsewhere. */
    fd = syscall(SYS_open, "s", O_RDONLY | 0100000 /* O_LARGEFILE */);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_DIRECTORY | O_NOFOLLOW | O_DIRECT), 0);
    CHECK_EQ(close(fd), 0);
    fd = open(".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_DIRECTORY | O_NOFOLLOW | O_DIRECT),
             O_DIRECTORY | O_NOFOLLOW);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(pipe2(pfd, O_DIRECT | O_NONBLOCK), 0);
    CHECK_EQ(fcntl(pfd[1], F_GETFL) & (O_DIRECT | O_DIRECTORY | O_NONBLOCK),
             O_DIRECT | O_NONBLOCK);
    close(pfd[0]);
    close(pfd[1]);
    fd = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK(fd >= 0 || errno == EOPNOTSUPP || errno == EISDIR);
    close(fd);
    CHECK_EQ(sc(syscall(SYS_open, (char *)8, 0)), -EFAULT);
    CHECK_EQ(sc(syscall(SYS_openat, AT_FDCWD, NULL, 0)), -EFAULT);
    {
        char big[5000];

        memset(big, 'x', sizeof(big) - 1);
        big[sizeof(big) - 1] = 0;
        CHECK_EQ(sc(open(big, 0)), -ENAMETOOLONG);
    }
    puts("open");
}

/* The raw structure of the x86-64 kernel. */
struct raw_stat {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad;
    uint64_t rdev;
    int64_t size, blksize, blocks;
    uint64_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
    int64_t unused[3];
};

static void test_stat(void)
{
    struct raw_stat a, b, c, d;
    struct statx sx;
    struct stat st;
    int fd;

    put("f", "0123456789");
    CHECK_EQ(chmod("f", 0751), 0);
    fd = open("f", O_RDONLY);
    CHECK_EQ(syscall(SYS_stat, "f", &a), 0);
    CHECK_EQ(syscall(SYS_lstat, "f", &b), 0);
    CHECK_EQ(syscall(SYS_fstat, fd, &c), 0);
    CHECK_EQ(syscall(SYS_newfstatat, fd, "", &d, AT_EMPTY_PATH), 0);
    CHECK_EQ(memcmp(&a, &b, sizeof(a)), 0);
    CHECK_EQ(memcmp(&a, &c, sizeof(a)), 0);
    CHECK_EQ(memcmp(&a, &d, sizeof(a)), 0);
    CHECK_EQ(a.size, 10);
    CHECK_EQ(a.mode, S_IFREG | 0751);
    CHECK_EQ(a.uid, getuid());
    CHECK_EQ(a.nlink, 1);
    CHECK_EQ(statx(AT_FDCWD, "f", 0, STATX_ALL, &sx), 0);
    CHECK_EQ(sx.stx_size, 10);
    CHECK_EQ(sx.stx_ino, a.ino);
    CHECK_EQ(makedev(sx.stx_dev_major, sx.stx_dev_minor), a.dev);
    CHECK_EQ(stat("/dev/null", &st), 0);
    CHECK_EQ(st.st_rdev, makedev(1, 3));
    CHECK_EQ(sc(stat("none", &st)), -ENOENT);
    CHECK_EQ(sc(syscall(SYS_stat, "f", 8)), -EFAULT);
    CHECK_EQ(lstat("s", &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    close(fd);
    puts("stat");
}

static void test_names(void)
{
    char buf[64];
    struct stat st;

    CHECK_EQ(syscall(SYS_mkdir, "d", 0755), 0);
    CHECK_EQ(sc(syscall(SYS_mkdir, "d", 0755)), -EEXIST);
    CHECK_EQ(syscall(SYS_rename, "f", "d/f"), 0);
    CHECK_EQ(sc(syscall(SYS_rmdir, "d")), -ENOTEMPTY);
    CHECK_EQ(syscall(SYS_link, "d/f", "l"), 0);
    CHECK_EQ(stat("l", &st), 0);
    CHECK_EQ(st.st_nlink, 2);
    CHECK_EQ(syscall(SYS_symlink, "d/f", "t"), 0);
    memset(buf, '#', sizeof(buf));
    CHECK_EQ(syscall(SYS_readlink, "t", buf, 64), 3);
    CHECK_EQ(memcmp(buf, "d/f#", 4), 0);
    CHECK_EQ(syscall(SYS_readlink, "t", buf, 2), 2);
    CHECK_EQ(sc(syscall(SYS_readlink, "t", buf, 0)), -EINVAL);
    CHECK_EQ(sc(readlink("l", buf, 64)), -EINVAL);
    CHECK_EQ(syscall(SYS_renameat, AT_FDCWD, "l", AT_FDCWD, "d/l"), 0);
    CHECK_EQ(sc(syscall(SYS_renameat2, AT_FDCWD, "d/l", AT_FDCWD, "d/f", 1)),
             -EEXIST);
    CHECK_EQ(syscall(SYS_unlink, "d/l"), 0);
    CHECK_EQ(syscall(SYS_unlinkat, AT_FDCWD, "d/f", 0), 0);
    CHECK_EQ(syscall(SYS_rmdir, "d"), 0);
    CHECK_EQ(syscall(SYS_mknod, "p", S_IFIFO | 0600, 0), 0);
    CHECK_EQ(stat("p", &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_EQ(syscall(SYS_access, "p", R_OK | W_OK), 0);
    CHECK_EQ(sc(syscall(SYS_access, "q", F_OK)), -ENOENT);
    CHECK_EQ(syscall(SYS_chown, "p", -1, -1), 0);
    CHECK_EQ(syscall(SYS_lchown, "t", -1, -1), 0);
    CHECK_EQ(syscall(SYS_chmod, "p", 0644), 0);
    puts("names");
}

static void test_times(void)
{
    struct utimbuf ut = { 1000, 2000 };
    struct timeval tv[2] = { { 3000, 500000 }, { 4000, 250000 } };
    struct timespec ts[2] = { { 0, UTIME_OMIT }, { 5000, 123456789 } };
    struct stat st;

    put("u", "x");
    CHECK_EQ(syscall(SYS_utime, "u", &ut), 0);
    stat("u", &st);
    CHECK_EQ(st.st_atime, 1000);
    CHECK_EQ(st.st_mtime, 2000);
    CHECK_EQ(syscall(SYS_utimes, "u", tv), 0);
    stat("u", &st);
    CHECK_EQ(st.st_atim.tv_nsec, 500000000);
    CHECK_EQ(st.st_mtim.tv_sec, 4000);
    tv[0].tv_usec = 1000000;
    CHECK_EQ(sc(syscall(SYS_utimes, "u", tv)), -EINVAL);
    tv[0].tv_usec = 0;
    CHECK_EQ(syscall(SYS_futimesat, AT_FDCWD, "u", tv), 0);
    CHECK_EQ(utimensat(AT_FDCWD, "u", ts, 0), 0);
    stat("u", &st);
    CHECK_EQ(st.st_atime, 3000);
    CHECK_EQ(st.st_mtim.tv_nsec, 123456789);
    puts("times");
}

static int entries(bool old)
{
    char buf[4096];
    int fd = open(".", O_RDONLY | O_DIRECTORY), count = 0;
    long n;

    for (;;) {
        n = syscall(old ? SYS_getdents : SYS_getdents64, fd, buf, sizeof(buf));
        if (n <= 0) {
            break;
        }
        for (long pos = 0; pos < n;) {
            uint16_t len = *(uint16_t *)(buf + pos + 16);
            const char *name = buf + pos + (old ? 18 : 19);
            int type = old ? buf[pos + len - 1] : buf[pos + 18];

            if (!strcmp(name, "a")) {
                CHECK(type == DT_REG || type == DT_UNKNOWN);
            }
            CHECK(strlen(name) > 0 && strlen(name) < len);
            count++;
            pos += len;
        }
    }
    CHECK_EQ(n, 0);
    close(fd);
    return count;
}

static void test_data(void)
{
    char buf[64];
    struct iovec v[2] = { { buf, 3 }, { buf + 10, 20 } };
    int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0644), out, n;
    loff_t off = 2;
    struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 5 };

    CHECK_EQ(write(fd, "abcdefghij", 10), 10);
    CHECK_EQ(pwrite(fd, "XY", 2, 4), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(readv(fd, v, 2), 10);
    CHECK_EQ(memcmp(buf, "abc", 3), 0);
    CHECK_EQ(memcmp(buf + 10, "dXYghij", 7), 0);
    CHECK_EQ(preadv2(fd, v, 1, 3, 0), 3);
    CHECK_EQ(memcmp(buf, "dXY", 3), 0);
    CHECK_EQ(ftruncate(fd, 7), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 7);
    CHECK_EQ(fcntl(fd, F_SETLK, &fl), 0);
    CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
    out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK_EQ(sendfile(out, fd, &off, 3), 3);
    CHECK_EQ(off, 5);
    CHECK_EQ(pread(out, buf, 10, 0), 3);
    CHECK_EQ(memcmp(buf, "cdX", 3), 0);
    off = 0;
    n = copy_file_range(fd, &off, out, NULL, 4, 0);
    CHECK(n == 4 || errno == ENOSYS || errno == EOPNOTSUPP || errno == EXDEV);
    CHECK_EQ(ioctl(fd, FIONREAD, &n), 0);
    lseek(fd, 0, SEEK_SET);
    CHECK_EQ(sc(read(fd, (void *)8, 4)), -EFAULT);
    CHECK_EQ(sc(read(-1, buf, 1)), -EBADF);
    CHECK_EQ(fsync(fd), 0);
    CHECK(fallocate(fd, 0, 0, 100) == 0 || errno == EOPNOTSUPP);
    CHECK_EQ(entries(true), entries(false));
    close(fd);
    close(out);
    puts("data");
}

static void test_descriptors(void)
{
    int p[2], fd, q;

    CHECK_EQ(syscall(SYS_pipe, p), 0);
    CHECK_EQ(fcntl(p[0], F_GETFD), 0);
    fd = syscall(SYS_dup2, p[0], 50);
    CHECK_EQ(fd, 50);
    CHECK_EQ(syscall(SYS_dup2, 50, 50), 50);
    CHECK_EQ(sc(syscall(SYS_dup2, 51, 51)), -EBADF);
    CHECK_EQ(sc(dup3(50, 50, 0)), -EINVAL);
    CHECK_EQ(dup3(p[1], 51, O_CLOEXEC), 51);
    CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(51, "x", 1), 1);
    q = fcntl(50, F_DUPFD, 60);
    CHECK_EQ(q, 60);
    if (syscall(SYS_close_range, 50, 60, 0) == 0) {
        CHECK_EQ(sc(fcntl(50, F_GETFD)), -EBADF);
        CHECK_EQ(sc(fcntl(60, F_GETFD)), -EBADF);
        CHECK_EQ(sc(syscall(SYS_close_range, 60, 50, 0)), -EINVAL);
    }
    close(p[0]);
    close(p[1]);
    CHECK_EQ(syscall(SYS_pipe2, p, O_NONBLOCK | O_CLOEXEC), 0);
    CHECK_EQ(sc(read(p[0], &q, 1)), -EAGAIN);
    CHECK(fcntl(p[0], F_SETPIPE_SZ, 65536) >= 4096);
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    CHECK_EQ(sc(write(p[1], "x", 1)), -EPIPE);
    close(p[1]);
    puts("descriptors");
}

static void test_misc(void)
{
    struct statfs sf, sg;
    char cwd[4096], buf[16];
    int fd = open(".", O_RDONLY);

    CHECK_EQ(statfs(".", &sf), 0);
    CHECK_EQ(fstatfs(fd, &sg), 0);
    CHECK_EQ(sf.f_type, sg.f_type);
    CHECK_EQ(sf.f_bsize, sg.f_bsize);
    CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
    CHECK_EQ(sc(syscall(SYS_getcwd, buf, 1)), -ERANGE);
    CHECK_EQ(chdir("/"), 0);
    CHECK_EQ(syscall(SYS_getcwd, buf, 16), 2);
    CHECK_EQ(fchdir(fd), 0);
    CHECK_EQ(umask(027) >= 0, 1);
    CHECK_EQ(umask(022), 027);
    if (setxattr("a", "user.x", "val", 3, 0) == 0) {
        CHECK_EQ(getxattr("a", "user.x", buf, 16), 3);
        CHECK_EQ(memcmp(buf, "val", 3), 0);
        CHECK_EQ(listxattr("a", cwd, sizeof(cwd)) > 0, 1);
    }
    close(fd);
    puts("misc");
}

int main(void)
{
    char dir[] = "workXXXXXX";

    CHECK_EQ(chdir(mkdtemp(dir)), 0);
    test_open();
    test_stat();
    test_names();
    test_times();
    test_data();
    test_descriptors();
    test_misc();
    return 0;
}
