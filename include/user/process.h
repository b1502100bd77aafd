/*
 * The life of a guest process: its loop, fork, exec and end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_PROCESS_H
#define USER_PROCESS_H

#include "qemu/osdep.h"
#include "user/task.h"

/*
 * Run the guest thread of @env until it ends: system calls, exceptions,
 * signals.  Returns only on threads other than the leader, when the guest
 * thread has exited.
 */
void cpu_loop(CPUArchState *env);

/*
 * cpu_exec() returned @excp: act on it as cpu_loop() does, for loops that run
 * guest code inside of native calls.
 */
void cpu_loop_handle(CPUArchState *env, int excp);

/* End the whole process with exit status @code (exit_group). */
void process_exit_group(CPUArchState *env, int code) QEMU_NORETURN;

/* End the calling guest thread (exit); unwinds to its start. */
void process_exit_thread(CPUArchState *env, int code) QEMU_NORETURN;

/*
 * Callbacks around fork for rooms with locks: prepare() runs in the parent
 * before the fork, done(false) in the parent and done(true) in the child after
 * it.  prepare() runs in reverse order of registration, done() in order.
 * CLONE_VM children share memory with their parent: nothing runs for them.
 * At most 8 registrations, before the first guest thread.
 */
void process_atfork(void (*prepare)(void), void (*done)(bool child));

/*
 * What the execve() of a guest tells the emulator that runs the new program.
 * main() calls this first, unless the kernel's binfmt_misc made the command
 * line: it takes the message out of @argv and restores @envp, both in place.
 *
 * When `present`, the command line holds every option (options_for_reexec()),
 * and the environment is exactly the guest's: no variable is an option and
 * none is edited.
 */
typedef struct ExecHandover {
    bool present;
    long fd;                /* open program to load and then close, or -1:
                               load the path of the command line */
    long seccomp_fd;        /* for seccomp_import(), or -1 */
    long self_fd;           /* the emulator's own file, or -1; taken care of */
    long binfmt;            /* user_options.binfmt */
    const char *execfn;     /* AT_EXECFN; borrowed from @argv */
    const char *limits;     /* for limits_import() once the program is loaded,
                               or NULL; borrowed likewise */
} ExecHandover;
ExecHandover exec_handover_take(int *argc, char **argv, char **envp);

/*
 * The limits that the host does not hold for the guest (RLIMIT_AS and _DATA),
 * as text for the next emulator: at most LIMITS_TEXT bytes.
 */
#define LIMITS_TEXT 96
void limits_export(char *buf, size_t size);
void limits_import(const char *text);
/*
 * Make them the host's, for a program that runs without an emulator; if it
 * could not be started, as lenient as the host allows again.
 */
void limits_to_host(bool on);

/*
 * The root directory is about to change: remember the emulator's file, so that
 * programs can be executed without /proc.
 */
void exec_keep_self(void);

/* What has to be said before the process ends: statistics, reports. */
void process_before_exit(int status);

/*
 * Write a core file of the calling process (ELF, x86-64) as the limit and the
 * host's core_pattern allow.  Returns true when one was written.
 */
bool coredump_write(CPUArchState *env, int sig, const siginfo_t *info);

/*
 * The calling process is about to die of a signal that dumps core: keep the
 * host from writing one, and tell the parent whether there is one of ours.
 */
void wait_announce_core(bool written);

/* @info is about a child (SIGCHLD, waitid): CLD_DUMPED if it wrote a core. */
void wait_complete_info(siginfo_t *info);

/*
 * The instructions of the vsyscall page: emulate the call the CPU jumped to.
 * Returns false when no call lives at env->rip.
 */
bool vsyscall_emulate(CPUArchState *env);

#endif
