/*
 * The end of guest threads and processes.
 *
 * A process ends with the host's exit_group: the kernel stops the other
 * threads wherever they are.  A thread unwinds to its start (clone.c) so that
 * the host libc can take its stack back; the first thread of a process cannot
 * do that and ends in the kernel directly.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "task-internal.h"
#include "exec/engine.h"
#include "kzt/kzt.h"
#include "kzt/thread.h"
#include "qemu/log.h"
#include "user/loader-sources.h"
#include "user/mmap.h"
#include "user/process.h"
#include "user/signal.h"
#include "user/syscall.h"
#include "user/uaccess.h"
#include <linux/futex.h>
#include <sys/syscall.h>

void process_before_exit(int status)
{
    TaskState *ts = task_current();

    if (ts && !ts->shares_vm) {
        kzt_exit(status);
    }

    if (qemu_loglevel_mask(LOG_STATS) && ts && !ts->shares_vm) {
        engine_print_stats();
        mmap_print_stats();
        syscall_print_stats();
        loader_print_stats();
    }
}

void process_exit_group(CPUArchState *env, int code)
{
    process_before_exit(code);
    if (!task_of(env)->shares_vm) {
        kzt_exit_handlers(code);
    }
    raw_syscall(__NR_exit_group, code);
    __builtin_unreachable();
}

/*
 * The last one to leave ends the process: its code is the status of all, and
 * helper threads of the emulator must not keep the process alive.
 */
void process_exit_thread(CPUArchState *env, int code)
{
    TaskState *ts = task_of(env);

    if (task_count() == 1) {
        process_exit_group(env, code);
    }
    if (kzt_active()) {
        kzt_thread_end();
    }
    signal_block_all();
    if (!task_unlink_unless_last(ts)) {
        process_exit_group(env, code);
    }
    robust_list_exit(ts);
    if (ts->leader) {
        uint64_t word = ts->clear_child_tid;

        if (word && put_guest_u32(word, 0)) {
            raw_syscall(__NR_futex, word, FUTEX_WAKE, 1);
        }
        raw_syscall(__NR_exit, code);
    }
    siglongjmp(ts->exit_jmp, 1);
}

int64_t sys_exit(CPUArchState *env, const uint64_t *a)
{
    signal_block_all();
    if (task_of(env)->signal_pending) {
        /* What this thread has taken from the process is not lost with it. */
        return -QEMU_ERESTARTNOINTR;
    }
    process_exit_thread(env, (a[0] & 0xff));
}

int64_t sys_exit_group(CPUArchState *env, const uint64_t *a)
{
    process_exit_group(env, (a[0] & 0xff));
}
