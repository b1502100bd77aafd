/*
 * System calls: the one way from the CPU loop into the Linux process, and the
 * prototype every call shares.  linux-user/syscalls.tbl lists the calls; a
 * row that is not passed straight to the host kernel names a handler sys_NAME
 * of the form below, wherever in linux-user it lives.
 *
 * Results: a value, or -errno with guest (generic Linux) error numbers, or one
 * of the special codes of user/safe-syscall.h (-QEMU_ERESTARTSYS ...).
 * Guest pointers are host pointers; a handler that touches guest memory itself
 * goes through user/uaccess.h, a handler that hands pointers to the host
 * kernel lets it report EFAULT.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_SYSCALL_H
#define USER_SYSCALL_H

#include "qemu/osdep.h"

struct CPUArchState;
typedef struct CPUArchState CPUArchState;

/*
 * Run guest system call @num.  Does seccomp filters, -strace, the call
 * itself, and the retry after a kernel write hit a page that holds translated
 * code.  May not return (exit, exec).
 */
int64_t do_syscall(CPUArchState *env, int num, const uint64_t args[6]);

/* What a call is implemented by; @a has the six argument registers. */
typedef int64_t SyscallFn(CPUArchState *env, const uint64_t *a);

/* Once, before the first guest instruction. */
void syscall_init(void);

/*
 * Something looks at every call (bits of a process-wide mask): do_syscall()
 * then takes its slow path.  Bits are set once and never cleared.
 */
enum {
    SYSCALL_WORK_STRACE  = 1,
    SYSCALL_WORK_SECCOMP = 2,
    SYSCALL_WORK_PTRACE  = 4,
    SYSCALL_WORK_STATS   = 8,
    SYSCALL_WORK_PROCMEM = 16,      /* /proc/self/mem is open for writing */
};
void syscall_work_set(unsigned bit);

/*
 * A thread or process created by the calling thread starts with its seccomp
 * filters.  The creator calls seccomp_current() before, the new thread hands
 * the result to seccomp_inherit() (a forked child needs neither call).
 */
struct SeccompState;
struct SeccompState *seccomp_current(void);
void seccomp_inherit(struct SeccompState *state);

/*
 * Filters survive execve: seccomp_export() writes those of the calling thread
 * to a file, *fd (open across exec; -1 when there are none), and returns 0 or
 * -errno; the next emulator hands it to seccomp_import(), which closes it.
 */
int seccomp_export(int *fd);
void seccomp_import(int fd);

/*
 * Before a program is executed that no emulator runs: make the filters of the
 * calling thread the host kernel's.  Returns 0 or -errno: -EPERM where they
 * would not be understood, because the host's calls have other numbers.
 */
int seccomp_to_host(void);

/* `-d stats`: calls and errors per name, to the log. */
void syscall_print_stats(void);

/*
 * File descriptors of the emulator itself (log, code cache).  They live at
 * high numbers, the guest cannot close or replace them and does not see them
 * in /proc/self/fd.
 *
 * fd_make_private() moves @fd out of the way, sets close-on-exec, registers it
 * and returns the new number (or @fd itself when it cannot move).
 */
int fd_make_private(int fd);
void fd_forget_private(int fd);
bool fd_is_private(int fd);

/*
 * Handlers of other rooms.  Signals, threads and processes: signal.c, clone.c,
 * futex.c, exec.c, wait.c, ptrace.c ...
 */
SyscallFn sys_rt_sigaction, sys_rt_sigprocmask, sys_rt_sigreturn,
          sys_rt_sigpending, sys_rt_sigtimedwait, sys_rt_sigqueueinfo,
          sys_rt_tgsigqueueinfo, sys_rt_sigsuspend, sys_sigaltstack,
          sys_pause, sys_kill, sys_tkill, sys_tgkill, sys_pidfd_send_signal,
          sys_signalfd, sys_signalfd4;
SyscallFn sys_clone, sys_clone3, sys_fork, sys_vfork, sys_exit,
          sys_exit_group, sys_wait4, sys_waitid, sys_execve, sys_execveat,
          sys_set_tid_address, sys_set_robust_list, sys_get_robust_list,
          sys_futex, sys_futex_waitv, sys_futex_wake, sys_futex_wait,
          sys_futex_requeue, sys_ptrace;

#endif
