/*
 * seccomp filters: every action, several filters, threads, fork and exec.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

/* The action for one call number, everything else is allowed. */
static int install(int nr, uint32_t action, unsigned flags)
{
    struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = { sizeof(f) / sizeof(f[0]), f };

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return sc(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog));
}

static volatile int sys_nr, sys_code, sys_errno, sys_arch;

static void on_sigsys(int sig, siginfo_t *info, void *uc)
{
    ucontext_t *ctx = uc;

    sys_nr = info->si_syscall;
    sys_code = info->si_code;
    sys_errno = info->si_errno;
    sys_arch = info->si_arch;
    CHECK_EQ(ctx->uc_mcontext.gregs[REG_RAX], info->si_syscall);
    CHECK_EQ(ctx->uc_mcontext.gregs[REG_RIP], (long)info->si_call_addr);
    ctx->uc_mcontext.gregs[REG_RAX] = 4711;
}

static void test_errno_and_trap(void)
{
    CHECK_EQ(install(SYS_getpgid, SECCOMP_RET_ERRNO | 77, 0), 0);
    CHECK_EQ(prctl(PR_GET_SECCOMP), 2);
    CHECK_EQ(sc(syscall(SYS_getpgid, 0)), -77);
    handle(SIGSYS, on_sigsys, 0);
    CHECK_EQ(install(SYS_getsid, SECCOMP_RET_TRAP | 55, 0), 0);
    CHECK_EQ(syscall(SYS_getsid, 0), 4711);
    CHECK_EQ(sys_nr, SYS_getsid);
    CHECK_EQ(sys_code, 1);
    CHECK_EQ(sys_errno, 55);
    CHECK_EQ(sys_arch, (int)AUDIT_ARCH_X86_64);
    /* the strictest of two filters wins */
    CHECK_EQ(install(SYS_getpgid, SECCOMP_RET_LOG, 0), 0);
    CHECK_EQ(sc(syscall(SYS_getpgid, 0)), -77);
    CHECK_EQ(install(SYS_getsid, SECCOMP_RET_ERRNO | 5, 0), 0);
    CHECK_EQ(syscall(SYS_getsid, 0), 4711);
    CHECK_EQ(install(SYS_getppid, SECCOMP_RET_TRACE, 0), 0);
    CHECK_EQ(sc(syscall(SYS_getppid)), -ENOSYS);
    puts("errno and trap");
}

static void status_of(const char *what, void (*fn)(void))
{
    pid_t pid;
    int st;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        fn();
        _exit(42);
    }
    waitpid(pid, &st, 0);
    printf("%s: %s %d\n", what, WIFSIGNALED(st) ? "signal" : "exit",
           WIFSIGNALED(st) ? WTERMSIG(st) : WEXITSTATUS(st));
}

static void kill_process(void)
{
    install(SYS_getuid, SECCOMP_RET_KILL_PROCESS, 0);
    syscall(SYS_getuid);
}

static void kill_only_thread(void)
{
    install(SYS_getuid, SECCOMP_RET_KILL_THREAD, 0);
    syscall(SYS_getuid);
}

static void trap_without_handler(void)
{
    signal(SIGSYS, SIG_DFL);
    install(SYS_getuid, SECCOMP_RET_TRAP, 0);
    syscall(SYS_getuid);
}

static void strict(void)
{
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    write(1, "strict\n", 7);
    syscall(SYS_exit, 9);
}

static void strict_kill(void)
{
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    syscall(SYS_getpid);
}

static void over_exec(void)
{
    install(SYS_getcwd, SECCOMP_RET_ERRNO | EPERM, 0);
    execl("/bin/sh", "sh", "-c",
          "unset PWD; grep Seccomp: /proc/self/status; exit 3", NULL);
}

static pthread_barrier_t barrier;

static void *waiter(void *arg)
{
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return (void *)(long)sc(syscall(SYS_getgid));
}

static void test_tsync(void)
{
    pthread_t t;
    void *ret;

    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&t, NULL, waiter, NULL);
    pthread_barrier_wait(&barrier);
    CHECK_EQ(install(SYS_getgid, SECCOMP_RET_ERRNO | 33,
                     SECCOMP_FILTER_FLAG_TSYNC), 0);
    pthread_barrier_wait(&barrier);
    pthread_join(t, &ret);
    CHECK_EQ((long)ret, -33);
    puts("tsync");
}

static void test_errors(void)
{
    struct sock_filter bad[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
    struct sock_fprog prog = { 1, bad };
    uint32_t action = SECCOMP_RET_ERRNO;

    CHECK_EQ(prctl(PR_GET_SECCOMP), 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    CHECK_EQ(sc(prctl(PR_SET_SECCOMP, 2, &prog)), -EINVAL);
    prog.len = 0;
    CHECK_EQ(sc(prctl(PR_SET_SECCOMP, 2, &prog)), -EINVAL);
    CHECK_EQ(sc(prctl(PR_SET_SECCOMP, 2, 8)), -EFAULT);
    CHECK_EQ(sc(prctl(PR_SET_SECCOMP, 9, 0)), -EINVAL);
    CHECK_EQ(sc(syscall(SYS_seccomp, 99, 0, 0)), -EINVAL);
    CHECK_EQ(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), 0);
    action = 0x12340000;
    CHECK_EQ(sc(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)),
             -EOPNOTSUPP);
    puts("errors");
}

int main(void)
{
    test_errors();
    status_of("kill process", kill_process);
    status_of("kill only thread", kill_only_thread);
    status_of("trap without handler", trap_without_handler);
    status_of("strict", strict);
    status_of("strict kill", strict_kill);
    status_of("over exec", over_exec);
    test_tsync();
    test_errno_and_trap();
    return 0;
}
