/*
 * Unit tests of the system call layer: the table, conversions, the prefix
 * walk, private descriptors, seccomp programs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "syscall/internal.h"
#include "syscall/openflags.h"
#include "syscall/bpf.h"
#include "user/options.h"
#include "user/path.h"

/* The table. */

static void test_table(void)
{
    unsigned rows = 0;

    for (unsigned i = 0; i < TARGET_NR_COUNT; i++) {
        const SyscallDesc *d = &syscall_table[i];

        if (!d->name) {
            continue;
        }
        rows++;
        g_assert_cmpint(d->nargs, <=, 6);
        /* Exactly one way to serve the call. */
        g_assert_cmpint(!!d->fn + (d->host_nr >= 0) +
                        !!(d->flags & SYSCALL_ENOSYS), ==, 1);
        for (unsigned k = 0; k < d->nargs; k++) {
            g_assert_cmpint(d->args[k].kind, <, ARG_KIND_COUNT);
            g_assert(d->args[k].ref == 7 || d->args[k].ref < d->nargs);
        }
#ifdef __x86_64__
        if (!d->fn && d->host_nr >= 0) {
            g_assert_cmpint(d->host_nr, ==, i);
        }
#endif
    }
    g_assert_cmpint(rows, >, 370);
    g_assert_cmpstr(syscall_table[0].name, ==, "read");
    g_assert_cmpstr(syscall_table[231].name, ==, "exit_group");
    g_assert_cmpstr(syscall_table[334].name, ==, "rseq");
    g_assert_cmpstr(syscall_table[437].name, ==, "openat2");
    g_assert_null(syscall_table[400].name);
}

/* Numbers and structures. */

static void test_open_flags(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(open_flag_pairs); i++) {
        int guest = open_flag_pairs[i].guest;

        g_assert_cmphex(open_flags_to_host(guest), ==,
                        open_flag_pairs[i].host);
        g_assert_cmphex(open_flags_to_guest(open_flag_pairs[i].host) & guest,
                        ==, guest);
    }
    g_assert_cmphex(open_flags_to_host(TARGET_O_SYNCBIT | TARGET_O_DSYNC), ==,
                    O_SYNC);
    g_assert_cmphex(open_flags_to_host(TARGET_O_TMPBIT | TARGET_O_DIRECTORY),
                    ==, O_TMPFILE);
    g_assert_cmphex(open_flags_to_host(TARGET_O_RDWR), ==, O_RDWR);
}

static void test_stat(void)
{
    struct statx sx = {
        .stx_ino = 0x123456789abcull, .stx_nlink = 3, .stx_mode = 0100644,
        .stx_uid = 1, .stx_gid = 2, .stx_size = 1ull << 40,
        .stx_blksize = 4096, .stx_blocks = 8,
        .stx_dev_major = 0x1234, .stx_dev_minor = 0x56789,
        .stx_rdev_major = 4, .stx_rdev_minor = 64,
        .stx_mtime = { .tv_sec = -5, .tv_nsec = 7 },
    };
    GuestStat g;
    uint8_t *raw = (uint8_t *)&g;

    statx_to_guest(&g, &sx);
    g_assert_cmpint(g.st_ino, ==, sx.stx_ino);
    g_assert_cmphex(g.st_dev, ==, 0x0000100056723489ull);
    g_assert_cmphex(g.st_rdev, ==, 0x440);
    g_assert_cmpint((int64_t)g.st_mtime_sec, ==, -5);
    /* offsets of the x86-64 structure */
    g_assert_cmpint(*(uint32_t *)(raw + 24), ==, 0100644);
    g_assert_cmpint(*(uint64_t *)(raw + 48), ==, 1ull << 40);
    g_assert_cmpint(*(uint64_t *)(raw + 96), ==, 7);
#ifdef __x86_64__
    {
        struct statx own;
        struct stat st;

        g_assert_cmpint(statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &own), ==,
                        0);
        g_assert_cmpint(stat("/", &st), ==, 0);
        statx_to_guest(&g, &own);
        g_assert_cmpmem(&g, 120, &st, 120);
    }
#endif
}

/* The prefix. */

static char *prefix;

static void make(const char *name, const char *link)
{
    char *path = g_strconcat(prefix, name, NULL);

    if (!link) {
        g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
    } else if (link[0]) {
        g_assert_cmpint(symlink(link, path), ==, 0);
    } else {
        g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    }
    g_free(path);
}

/* @want NULL: the path is not below the prefix; else its place there. */
static void check_path(const char *path, const char *want, bool nofollow)
{
    char buf[PATH_MAX];
    const char *got = path_to_host(path, buf, nofollow);
    char *full = want ? g_strconcat(prefix, want, NULL) : g_strdup(path);

    g_assert_cmpstr(got, ==, full);
    g_free(full);
}

static void test_prefix(void)
{
    char *slash;

    prefix = g_dir_make_tmp("prefix-XXXXXX", NULL);
    slash = g_strconcat(prefix, "//", NULL);
    make("/usr/lib", NULL);
    make("/opt", NULL);
    make("/tmp", NULL);
    make("/usr/lib/libz.so.1", "");
    make("/lib", "usr/lib");
    make("/lib64", "/usr/lib");
    make("/opt/abs", "/lib64/libz.so.1");
    make("/opt/up", "../../../usr");
    make("/opt/loop", "loop");
    make("/opt/dangling", "/nowhere");

    user_options.ld_prefix = NULL;
    check_path("/usr/lib/libz.so.1", NULL, false);
    user_options.ld_prefix = prefix;
    check_path("/usr/lib/libz.so.1", "/usr/lib/libz.so.1", false);
    check_path("/lib/libz.so.1", "/usr/lib/libz.so.1", false);
    check_path("/lib64/libz.so.1", "/usr/lib/libz.so.1", false);
    check_path("/opt/abs", "/usr/lib/libz.so.1", false);
    check_path("/opt/abs", "/opt/abs", true);
    check_path("/opt/up/lib", "/usr/lib", false);
    check_path("/opt/../../usr/./lib//libz.so.1", "/usr/lib/libz.so.1",
               false);
    check_path("/usr/lib/", "/usr/lib/", false);
    check_path("/opt/loop", NULL, false);
    check_path("/opt/dangling", NULL, false);
    check_path("/opt/dangling", "/opt/dangling", true);
    check_path("/usr/lib/none", NULL, false);
    check_path("/tmp", NULL, false);
    check_path("/", NULL, false);
    check_path("relative", NULL, false);
    user_options.ld_prefix = slash;
    check_path("/lib/libz.so.1", "/usr/lib/libz.so.1", false);
    user_options.ld_prefix = "/";
    check_path("/usr", NULL, false);
    user_options.ld_prefix = NULL;
    g_free(slash);
}

static void test_proc_self(void)
{
    char *own = g_strdup_printf("/proc/%d/maps", (int)getpid());

    g_assert_cmpstr(path_proc_self("/proc/self/exe"), ==, "exe");
    g_assert_cmpstr(path_proc_self("/proc/thread-self/stat"), ==, "stat");
    g_assert_cmpstr(path_proc_self(own), ==, "maps");
    g_assert_null(path_proc_self("/proc/1/maps"));
    g_assert_null(path_proc_self("/proc/selfish"));
    g_assert_null(path_proc_self("/proc/cpuinfo"));
    g_assert_true(path_is_proc_self_exe("/proc/self/exe"));
    g_assert_true(path_is_proc_self_exe("/proc/self/task/7/exe"));
    g_assert_false(path_is_proc_self_exe("/proc/self/exec"));
    g_assert_false(path_is_proc_self_exe("/usr/bin/exe"));
    g_free(own);
}

/* Private descriptors. */

static void test_private_fds(void)
{
    int fd = fd_make_private(open("/dev/null", O_RDONLY));
    int low = open("/dev/null", O_RDONLY), high;
    uint64_t a[6] = { 0 };

    g_assert_cmpint(fd, >, 100);
    g_assert_true(fd_is_private(fd));
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
    a[0] = fd;
    g_assert_cmpint(sys_close(NULL, a), ==, -EBADF);
    g_assert_cmpint(sys_fcntl(NULL, a), ==, -EBADF);
    a[0] = low;
    a[1] = fd;
    g_assert_cmpint(sys_dup2(NULL, a), ==, -EBADF);
    high = fcntl(low, F_DUPFD, fd + 1);
    g_assert_cmpint(high, >, fd);
    a[0] = low;
    a[1] = ~0u;
    a[2] = 0;
    g_assert_cmpint(sys_close_range(NULL, a), ==, 0);
    g_assert_cmpint(fcntl(low, F_GETFD), ==, -1);
    g_assert_cmpint(fcntl(high, F_GETFD), ==, -1);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
    fd_forget_private(fd);
    g_assert_false(fd_is_private(fd));
    a[0] = fd;
    g_assert_cmpint(sys_close(NULL, a), ==, 0);
}

/* Classic BPF. */

static void test_bpf_valid(void)
{
    struct sock_filter ret = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_filter bad[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof(struct seccomp_data)),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0),
        BPF_STMT(BPF_LD | BPF_MEM, BPF_MEMWORDS),
        BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0),
        BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32),
        BPF_STMT(BPF_JMP | BPF_JA, 1),
        BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(0xffff, 0),
    };

    g_assert_true(bpf_valid(&ret, 1));
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        struct sock_filter f[2] = { bad[i], ret };

        g_assert_false(bpf_valid(f, 2));
    }
    {
        struct sock_filter f[1] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };

        g_assert_false(bpf_valid(f, 1));
    }
}

static void test_bpf_run(void)
{
    const struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 100, 5, 0),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 3),
        BPF_STMT(BPF_ST, 4),
        BPF_STMT(BPF_LDX | BPF_MEM, 4),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args[1]) + 4),
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 0xf),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct seccomp_data data = { .nr = 7, .args = { 0, 0xab00000000ull } };

    g_assert_true(bpf_valid(f, ARRAY_SIZE(f)));
    g_assert_cmpint(bpf_run(f, &data), ==, 42);
    data.nr = 100;
    g_assert_cmphex(bpf_run(f, &data), ==, 0xa4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/syscall/table", test_table);
    g_test_add_func("/syscall/open-flags", test_open_flags);
    g_test_add_func("/syscall/stat", test_stat);
    g_test_add_func("/syscall/prefix", test_prefix);
    g_test_add_func("/syscall/proc-self", test_proc_self);
    g_test_add_func("/syscall/private-fds", test_private_fds);
    g_test_add_func("/syscall/bpf-valid", test_bpf_valid);
    g_test_add_func("/syscall/bpf-run", test_bpf_run);
    return g_test_run();
}
