/*
 * Unit tests of -strace: lines for calls on plain memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "strace-internal.h"
#include "qemu/log.h"
#include "user/signal.h"
#include <signal.h>

static char *log_path;

/* Without process ids: digits and a space where a line begins. */
static char *without_ids(const char *text)
{
    char *out = g_malloc(strlen(text) + 1), *to = out;
    bool begins = true;

    while (*text) {
        size_t id = begins ? strspn(text, "0123456789") : 0;

        if (id && text[id] == ' ') {
            text += id + 1;
        }
        begins = *text == '\n';
        if (*text) {
            *to++ = *text++;
        }
    }
    *to = 0;
    return out;
}

/* The line for one call, or its two, without the process id. */
static char *line(int num, int64_t ret, uint64_t a0, uint64_t a1, uint64_t a2,
                  uint64_t a3, uint64_t a4, uint64_t a5)
{
    const uint64_t a[6] = { a0, a1, a2, a3, a4, a5 };
    const SyscallDesc *d = num < TARGET_NR_COUNT && syscall_table[num].name ?
                           &syscall_table[num] : NULL;
    char *text, *out;
    Strace st;

    g_assert_cmpint(truncate(log_path, 0), ==, 0);
    g_assert_cmpint(qemu_log_open(log_path, false), ==, 0);
    strace_enter(&st, d, num, a);
    strace_leave(&st, d, a, ret);
    g_assert_true(g_file_get_contents(log_path, &text, NULL, NULL));
    out = without_ids(text);
    g_assert_cmpint(strlen(out), <, strlen(text));
    out[strlen(out) - 1] = 0;
    g_free(text);
    return out;
}

#define CHECK(want, num, ret, a0, a1, a2, a3, a4, a5)                       \
    do {                                                                    \
        char *got_ = line(num, ret, (uint64_t)(a0), (uint64_t)(a1),         \
                          (uint64_t)(a2), (uint64_t)(a3), (uint64_t)(a4),   \
                          (uint64_t)(a5));                                  \
        g_assert_cmpstr(got_, ==, want);                                    \
        g_free(got_);                                                       \
    } while (0)

static void test_scalars(void)
{
    CHECK("getpid() = 42", TARGET_NR_getpid, 42, 0, 0, 0, 0, 0, 0);
    CHECK("close(-1) = -1 errno=9 EBADF (Bad file descriptor)",
          TARGET_NR_close, -EBADF, -1, 0, 0, 0, 0, 0);
    CHECK("lseek(3,-5,SEEK_END) = 7", TARGET_NR_lseek, 7, 3, -5, SEEK_END, 0,
          0, 0);
    CHECK("mmap(NULL,4096,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0)"
          " = 0x7f0000000000", TARGET_NR_mmap, 0x7f0000000000, 0, 4096, 3,
          0x22, -1, 0);
    CHECK("kill(1,SIGKILL) = -1 errno=1 EPERM (Operation not permitted)",
          TARGET_NR_kill, -EPERM, 1, 9, 0, 0, 0, 0);
    CHECK("pause( <unfinished ...>\n<... pause resumed>) = ? ERESTARTSYS "
          "(to be restarted)", TARGET_NR_pause, -QEMU_ERESTARTSYS, 0, 0, 0, 0,
          0, 0);
    CHECK("syscall_999(0x1,0x2,0x3,0x4,0x5,0x6) = -1 errno=38 ENOSYS "
          "(Function not implemented)", 999, -ENOSYS, 1, 2, 3, 4, 5, 6);
}

static void test_strings(void)
{
    CHECK("openat(AT_FDCWD,\"/etc/x\",O_RDONLY|O_CLOEXEC) = 3",
          TARGET_NR_openat, 3, AT_FDCWD, "/etc/x", 02000000, 0, 0, 0);
    CHECK("open(\"a\\\"b\\n\",O_WRONLY|O_CREAT|O_TRUNC,0644) = 4",
          TARGET_NR_open, 4, "a\"b\n", 01101, 0644, 0, 0, 0);
    CHECK("write(1,\"hi\\n\\0\\0019\\377\",7) = 7", TARGET_NR_write, 7, 1,
          "hi\n\0\0019\377", 7, 0, 0, 0);
    CHECK("write(1,\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"...,40) = 40",
          TARGET_NR_write, 40, 1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          40, 0, 0, 0);
    CHECK("read(-1,\"abc\",100) = 3", TARGET_NR_read, 3, -1, "abcdef", 100, 0,
          0, 0);
    CHECK("access(NULL,F_OK) = -1 errno=14 EFAULT (Bad address)",
          TARGET_NR_access, -EFAULT, 0, 0, 0, 0, 0, 0);
}

static void test_structs(void)
{
    struct sockaddr_in sin = {
        .sin_family = AF_INET, .sin_port = htons(80),
        .sin_addr.s_addr = htonl(0x7f000001),
    };
    struct iovec iov[2] = { { (void *)"ab", 2 }, { (void *)"cde", 3 } };
    struct pollfd pfd = { .fd = 5, .events = 1, .revents = 0x11 };
    GuestEpollEvent ev = { .events = EPOLLIN | EPOLLET, .data = 7 };
    GuestSigAction act = {
        .handler = GUEST_SIG_IGN,
        .flags = GUEST_SA_RESTORER | GUEST_SA_RESTART,
    };
    int64_t ts[2] = { 1, 500 };
    int fds[2] = { 3, 4 };

    CHECK("connect(3,{sa_family=AF_INET,sin_port=htons(80),"
          "sin_addr=inet_addr(\"127.0.0.1\")},16) = 0", TARGET_NR_connect, 0,
          3, &sin, sizeof(sin), 0, 0, 0);
    CHECK("writev(1,[{iov_base=\"ab\",iov_len=2},{iov_base=\"cde\",iov_len=3}]"
          ",2) = 5", TARGET_NR_writev, 5, 1, iov, 2, 0, 0, 0);
    CHECK("readv(-1,[{iov_base=\"ab\",iov_len=2},{iov_base=\"c\",iov_len=3}],2)"
          " = 3", TARGET_NR_readv, 3, -1, iov, 2, 0, 0, 0);
    CHECK("poll([{fd=5,events=POLLIN,revents=POLLIN|POLLHUP}],1,0) = 1",
          TARGET_NR_poll, 1, &pfd, 1, 0, 0, 0, 0);
    CHECK("epoll_ctl(3,EPOLL_CTL_ADD,4,{events=EPOLLIN|EPOLLET,data=0x7}) = 0",
          TARGET_NR_epoll_ctl, 0, 3, EPOLL_CTL_ADD, 4, &ev, 0, 0);
    CHECK("rt_sigaction(SIGUSR1,{sa_handler=SIG_IGN,sa_mask=[],"
          "sa_flags=SA_RESTORER|SA_RESTART},NULL,8) = 0",
          TARGET_NR_rt_sigaction, 0, SIGUSR1, &act, 0, 8, 0, 0);
    CHECK("nanosleep({tv_sec=1,tv_nsec=500} <unfinished ...>\n"
          "<... nanosleep resumed>,NULL) = 0", TARGET_NR_nanosleep, 0, ts, 0, 0,
          0, 0, 0);
    CHECK("pipe2([3,4],O_CLOEXEC) = 0", TARGET_NR_pipe2, 0, fds, 02000000, 0,
          0, 0, 0);
}

/* No argument whatever may crash the printer. */
static void test_wild(void)
{
    static const uint64_t values[] = {
        0, 1, 8, 4095, 4096, UINT32_MAX, INT64_MAX, UINT64_MAX,
        0x7fffffffeffc, 0xdeadbeef000,
    };
    GRand *rand = g_rand_new_with_seed(1);

    for (int i = 0; i < 50000; i++) {
        int num = g_rand_int_range(rand, 0, TARGET_NR_COUNT);
        uint64_t a[6];
        Strace st;
        const SyscallDesc *d = syscall_table[num].name ?
                               &syscall_table[num] : NULL;

        for (int k = 0; k < 6; k++) {
            a[k] = values[g_rand_int_range(rand, 0, ARRAY_SIZE(values))];
        }
        strace_enter(&st, d, num, a);
        strace_leave(&st, d, a, g_rand_boolean(rand) ? -EINVAL : 64);
    }
    g_rand_free(rand);
}

/* The part of the emulator's fault handler that uaccess needs. */
static void on_fault(int sig, siginfo_t *info, void *ucontext)
{
    if (!uaccess_fixup(ucontext)) {
        signal(sig, SIG_DFL);
    }
}

int main(int argc, char **argv)
{
    struct sigaction sa = {
        .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO,
    };
    int fd;

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);

    g_test_init(&argc, &argv, NULL);
    fd = g_file_open_tmp("strace-XXXXXX", &log_path, NULL);
    close(fd);
    g_test_add_func("/strace/scalars", test_scalars);
    g_test_add_func("/strace/strings", test_strings);
    g_test_add_func("/strace/structs", test_structs);
    g_test_add_func("/strace/wild", test_wild);
    return g_test_run();
}
