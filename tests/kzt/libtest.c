/*
 * The test library from a real guest program: the checks of checks.h, and what
 * needs a process: errno, memory that changes sides, signals, faults, threads,
 * fork, streams, exit handlers.  Prints the same in every way of calling.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include "checks.h"
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static const KtApi api = {
#define SET(result, name, args) .name = name,
    KT_FUNCTIONS(SET)
#undef SET
};

static int bad;

static void say(const char *what, bool ok)
{
    printf("%s %s\n", ok ? "ok  " : "FAIL", what);
    fflush(stdout);
    bad += !ok;
}

static void errors(void)
{
    errno = 0;
    say("errno", kt_set_errno(ENOSPC) == -1 && errno == ENOSPC);
    kt_i32(1);
    say("errno stays", errno == ENOSPC);
}

static void memory(void)
{
    char *n, *g = malloc(1000);

    strcpy(g, "made here");
    kt_free(g);
    n = kt_malloc(5000);
    strcpy(n, "made there");
    say("usable size", malloc_usable_size(n) >= 5000);
    n = realloc(n, 100000);
    say("realloc here", n && !strcmp(n, "made there"));
    n = kt_realloc(n, 200000);
    say("realloc there", n && !strcmp(n, "made there"));
    free(n);
    n = kt_malloc(64);
    kt_free(n);
    g = malloc(64);
    strcpy(g, "again");
    g = kt_realloc(g, 300);
    say("realloc of ours there", g && !strcmp(g, "again"));
    free(g);
    for (int i = 0; i < 2000; i++) {
        free(kt_malloc(i * 13 % 3000));
        kt_free(malloc(i * 7 % 3000));
    }
    say("memory in four directions", true);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
    alarms++;
}

static void signals(void)
{
    struct itimerval in = { { 0, 0 }, { 0, 20000 } };
    struct sigaction sa = { .sa_handler = on_alarm };
    int r, fd[2];

    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &in, NULL);
    errno = 0;
    r = kt_sleep_ms(2000);
    say("a signal ends a sleep", r == -1 && errno == EINTR && alarms == 1);
    say("a pipe", pipe(fd) == 0);
    setitimer(ITIMER_REAL, &in, NULL);
    errno = 0;
    r = kt_read_fd(fd[0]);
    say("a signal ends a read", r == -1 && errno == EINTR && alarms == 2);
    sa.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &in, NULL);
    if (fork() == 0) {
        usleep(200000);
        _exit(write(fd[1], "x", 1) != 1);
    }
    r = kt_read_fd(fd[0]);
    wait(NULL);
    say("or does not", r == 'x' && alarms == 3);
    alarms = 1;
    setitimer(ITIMER_REAL, &in, NULL);
    for (int i = 0; i < 500000000 && alarms < 2; i++) {
        kt_i32(i);
    }
    say("a signal among calls", alarms == 2);
}

static sigjmp_buf fault_jmp;
static volatile uintptr_t fault_addr, fault_rdi, fault_ret;

static void on_fault(int sig, siginfo_t *si, void *p)
{
    ucontext_t *uc = p;

    fault_addr = (uintptr_t)si->si_addr;
    fault_rdi = uc->uc_mcontext.gregs[REG_RDI];
    fault_ret = *(uintptr_t *)uc->uc_mcontext.gregs[REG_RSP];
    siglongjmp(fault_jmp, 1);
}

static void __attribute__((noinline)) read_at(const int *p)
{
    kt_read(p);
    __asm__ volatile("" ::: "memory");
}

static void faults(void)
{
    struct sigaction sa = {
        .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO,
    };
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0);
    volatile int n = 0;

    sigaction(SIGSEGV, &sa, NULL);
    for (volatile int i = 0; i < 100; i++) {
        const int *where = i & 1 ? (int *)(page + 40) : (int *)24;

        if (!sigsetjmp(fault_jmp, 1)) {
            read_at(where);
        } else {
            n += fault_addr == (uintptr_t)where &&
                 fault_rdi == (uintptr_t)where &&
                 fault_ret - (uintptr_t)read_at < 64;
        }
        kt_i32(3);
    }
    say("faults are at the call, with its registers", n == 100);
    munmap(page, 4096);
    signal(SIGSEGV, SIG_DFL);
}

static __thread int per_thread;

static int on_thread(int v)
{
    per_thread += v;
    free(malloc(100 + v));
    return kt_i32(per_thread);
}

static void threads(void)
{
    int one = 0;

    for (int i = 0; i < 100; i++) {
        one += i * (i + 1) / 2 - 1;
    }
    say("a callback on a native thread",
        kt_call_on_thread(cb_plus, 4) == 7);
    say("callbacks on many", kt_threads(on_thread, 8, 100) == 8 * one);
    say("again", kt_threads(on_thread, 8, 100) == 8 * one);
    say("this thread's own variable", per_thread == 0);
}

static void *calls(void *opaque)
{
    int *n = opaque;

    for (int i = 0; i < 20000; i++) {
        *n += kt_call(cb_plus, i) == i + 4;
    }
    return NULL;
}

static void guest_threads(void)
{
    pthread_t t[4];
    int n[4] = { 0 };

    for (int i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, calls, &n[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
    }
    say("calls and callbacks from four threads",
        n[0] + n[1] + n[2] + n[3] == 80000);
}

#define MANY 100000

/* lea imm(%rdi), %eax; ret */
static void many_functions(void)
{
    uint8_t *code = mmap(NULL, MANY * 8, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int n = 0;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            uint8_t *p = code + i * 8;
            int32_t v = i + round;

            p[0] = 0x8d;
            p[1] = 0x87;
            memcpy(p + 2, &v, 4);
            p[6] = 0xc3;
        }
        for (int i = 0; i < MANY; i++) {
            n += kt_call((KtIntFn *)(code + i * 8), 1) == 2 + i + round;
        }
    }
    say("100000 functions, changed under way", n == 2 * MANY);
    kt_keep((KtIntFn *)code);
    munmap(code, MANY * 8);
    say("one is kept", kt_keep(cb_plus) == 1 && kt_call_kept(2) == 5);
}

static void streams(void)
{
    FILE *from = tmpfile(), *to = tmpfile();
    char line[100];

    fputs("one\ntwo\nthree\n\nrest of it\n", from);
    rewind(from);
    fputs("begin\n", to);
    say("lines copied", kt_copy(from, to) == 3);
    say("what is left", fgets(line, sizeof(line), from) &&
        !strcmp(line, "rest of it\n"));
    fputs("end\n", to);
    rewind(to);
    while (fgets(line, sizeof(line), to)) {
        printf("     %s", line);
    }
    fclose(from);
    fclose(to);
}

static void children(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        int ok = kt_call(cb_nest, 10) == 21 && kt_i32(5) == 4 &&
                 kt_call_on_thread(cb_plus, 1) == 4;

        _exit(ok ? 17 : 1);
    }
    waitpid(pid, &status, 0);
    say("calls and callbacks in a child", WIFEXITED(status) &&
        WEXITSTATUS(status) == 17);
}

static void at_exit(void)
{
    printf("at exit: %d\n", kt_i32(10));
}

int main(void)
{
    int line;

    atexit(at_exit);
    setvbuf(stdout, NULL, _IOLBF, 4096);
    line = kt_run_checks(&api);
    if (line) {
        printf("checks.h:%d\n", line);
    }
    say("checks", line == 0);
    say("again", kt_run_checks(&api) == 0);
    say("a function that stays", kt_nothing() == 42);
    errors();
    memory();
    signals();
    faults();
    streams();
    many_functions();
    threads();
    guest_threads();
    children();
    return bad != 0;
}
