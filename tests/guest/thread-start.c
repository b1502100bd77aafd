/*
 * A new thread inherits the mask of its creator from its first moment on:
 * signals that wait for the process, those of the C library's own among them,
 * go on waiting.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

#define ROUNDS 50

static char stack[65536] __attribute__((aligned(16)));
static uint64_t seen_mask;

static int child(void *arg)
{
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &seen_mask, 8);
    syscall(SYS_exit, 0);
    return 0;
}

/* Without the C library, which takes a few signals out of the mask. */
static void start_thread(void)
{
    static volatile pid_t alive;
    pid_t tid;

    alive = 1;
    tid = clone(child, stack + sizeof(stack),
                CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID,
                NULL, NULL, NULL, &alive);
    CHECK(tid > 0);
    while (alive) {
        syscall(SYS_futex, &alive, 0 /* FUTEX_WAIT */, 1, NULL, NULL, 0);
    }
}

static void ignore(int sig)
{
    struct {
        void *handler;
        uint64_t flags, restorer, mask;
    } act = { SIG_IGN, 0, 0, 0 };

    syscall(SYS_rt_sigaction, sig, &act, NULL, 8);
}

static void try(int ignored)
{
    uint64_t all = ~0ull, pending = 0;

    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
    for (int sig = 32; ignored && sig <= 34; sig++) {
        ignore(sig);
    }
    for (int sig = 32; sig <= 34; sig++) {
        syscall(SYS_kill, getpid(), sig);
    }
    for (int i = 0; i < ROUNDS; i++) {
        seen_mask = 0;
        start_thread();
        CHECK_EQ(seen_mask, ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1)));
    }
    syscall(SYS_rt_sigpending, &pending, 8);
    printf("pending %#lx\n", pending >> 31 & 7);
}

/* Each in a process that has had no thread. */
int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            try(i);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    return 0;
}
