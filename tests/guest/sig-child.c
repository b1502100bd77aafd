/*
 * SIGCHLD and the wait calls: siginfo, stopped and continued children,
 * SA_NOCLDSTOP, SA_NOCLDWAIT, waitid with WNOWAIT, WEXITED and process groups.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <sys/resource.h>

static volatile int hits, code, status_seen, pid_seen;

static void on_child(int sig, siginfo_t *info, void *uc)
{
    hits++;
    code = info->si_code;
    status_seen = info->si_status;
    pid_seen = info->si_pid;
}

static void wait_hits(int n)
{
    for (int i = 0; i < 2000 && hits < n; i++) {
        usleep(1000);
    }
}

static pid_t spawn(int status)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (status < 0) {
            for (;;) {
                pause();
            }
        }
        _exit(status);
    }
    return pid;
}

int main(void)
{
    int status;
    siginfo_t info;
    struct rusage ru;
    pid_t pid;

    setvbuf(stdout, NULL, _IONBF, 0);
    handle(SIGCHLD, on_child, SA_RESTART);
    pid = spawn(5);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(pid_seen, pid);
    printf("exit: code %d status %d wait %x hits %d\n", code, status_seen,
           status, hits);

    hits = 0;
    pid = spawn(-1);
    kill(pid, SIGSTOP);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    wait_hits(1);
    printf("stop: code %d status %d wait %x hits %d\n", code, status_seen,
           status, hits);
    kill(pid, SIGCONT);
    CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
    wait_hits(2);
    printf("cont: code %d status %d wait %x\n", code, status_seen, status);
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGKILL);
    memset(&info, 0, sizeof(info));
    CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
    printf("waitid: code %d status %d signo %d same %d\n", info.si_code,
           info.si_status, info.si_signo, info.si_pid == pid);
    CHECK_EQ(wait4(pid, &status, 0, &ru), pid);
    printf("killed: wait %x\n", status);
    CHECK_EQ(waitpid(pid, &status, 0), -1);
    CHECK_EQ(errno, ECHILD);

    handle(SIGCHLD, on_child, SA_NOCLDSTOP);
    hits = 0;
    pid = spawn(-1);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    usleep(20000);
    if (nested("ignores SA_NOCLDSTOP")) {
        hits = 0;
    }
    printf("nocldstop hits %d\n", hits);
    kill(pid, SIGKILL);
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);

    if (!nested("ignores SA_NOCLDWAIT")) {
        handle(SIGCHLD, on_child, SA_NOCLDWAIT);
        hits = 0;
        pid = spawn(3);
        CHECK_EQ(waitpid(pid, &status, 0), -1);
        CHECK_EQ(errno, ECHILD);
        printf("nocldwait hits %d\n", hits);
    }

    signal(SIGCHLD, SIG_IGN);
    pid = spawn(3);
    CHECK_EQ(wait(&status), -1);
    CHECK_EQ(errno, ECHILD);

    signal(SIGCHLD, SIG_DFL);
    for (int i = 0; i < 20; i++) {
        spawn(i);
    }
    int sum = 0;
    for (int i = 0; i < 20; i++) {
        CHECK(wait(&status) > 0);
        sum += WEXITSTATUS(status);
    }
    printf("sum %d\n", sum);
    memset(&info, 0xff, sizeof(info));
    pid = spawn(-1);
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOHANG), 0);
    printf("nothing: pid %d signo %d\n", info.si_pid, info.si_signo);
    setpgid(pid, pid);
    kill(-pid, SIGTERM);
    CHECK_EQ(waitpid(-pid, &status, 0), pid);
    printf("group: %x\n", status);
    return 0;
}
