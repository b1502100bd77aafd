/*
 * Making and ending tasks: for task.c and clone.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_TASK_INTERNAL_H
#define LINUX_USER_TASK_INTERNAL_H

#include "user/task.h"

/* The calling host thread now runs @ts. */
void task_set_current(TaskState *ts);

/* Enter and leave the list; they take its lock. */
void task_link(TaskState *ts);
void task_unlink(TaskState *ts);
/* The same for a thread that ends; false: it is the last one, and stays. */
bool task_unlink_unless_last(TaskState *ts);

/* In a forked child, list lock held: @ts is the only one that is left. */
void task_list_keep_only(TaskState *ts, void (*drop)(TaskState *other));

/* Host threads the guest must not see in /proc/self/task. */
void task_hide(pid_t tid);
void task_unhide(pid_t tid);

/* Walk and clear the robust list of @ts, as the kernel does at thread exit. */
void robust_list_exit(TaskState *ts);

#endif
