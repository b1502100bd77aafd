/*
 * The list of guest threads.
 *
 * Knows which tasks exist and which one the calling host thread runs; what a
 * task does is elsewhere (clone.c starts and ends them).  Children that share
 * memory with their parent (CLONE_VM without CLONE_THREAD) are in the list
 * too; their tgid tells them apart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "task-internal.h"
#include "user/safe-syscall.h"
#include <sys/syscall.h>

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread unsigned list_depth;    /* the lock is recursive */
static TaskState *task_head;

/* Host threads that only lend their thread pointer, see clone.c. */
#define MAX_HIDDEN 64
static _Atomic pid_t hidden_tids[MAX_HIDDEN];

/* Read by signal handlers: must not allocate on first use. */
static __thread TaskState *current
    __attribute__((tls_model("initial-exec")));

TaskState *task_current(void)
{
    return current;
}

void task_set_current(TaskState *ts)
{
    current = ts;
}

void task_list_lock(void)
{
    if (list_depth++ == 0) {
        pthread_mutex_lock(&list_lock);
    }
}

void task_list_unlock(void)
{
    if (--list_depth == 0) {
        pthread_mutex_unlock(&list_lock);
    }
}

TaskState *task_list_first(void)
{
    return task_head;
}

void task_link(TaskState *ts)
{
    task_list_lock();
    ts->next = task_head;
    ts->pprev = &task_head;
    if (task_head) {
        task_head->pprev = &ts->next;
    }
    task_head = ts;
    task_list_unlock();
}

void task_unlink(TaskState *ts)
{
    task_list_lock();
    *ts->pprev = ts->next;
    if (ts->next) {
        ts->next->pprev = ts->pprev;
    }
    ts->next = NULL;
    ts->pprev = NULL;
    task_list_unlock();
}

void task_list_keep_only(TaskState *ts, void (*drop)(TaskState *other))
{
    TaskState *t = task_head;

    while (t) {
        TaskState *next = t->next;

        if (t != ts) {
            drop(t);
        }
        t = next;
    }
    task_head = ts;
    ts->next = NULL;
    ts->pprev = &task_head;
    for (int i = 0; i < MAX_HIDDEN; i++) {
        hidden_tids[i] = 0;
    }
}

TaskState *task_find(pid_t tid)
{
    TaskState *t = task_head;

    while (t && t->tid != tid) {
        t = t->next;
    }
    return t;
}

unsigned task_count(void)
{
    pid_t tgid = current ? current->tgid : getpid();
    unsigned n = 0;

    task_list_lock();
    for (TaskState *t = task_head; t; t = t->next) {
        n += t->tgid == tgid;
    }
    task_list_unlock();
    return n;
}

bool task_unlink_unless_last(TaskState *ts)
{
    bool last;

    task_list_lock();
    last = task_count() == 1;
    if (!last) {
        task_unlink(ts);
    }
    task_list_unlock();
    return !last;
}

TaskState *task_init_main(CPUArchState *env)
{
    TaskState *ts = calloc(1, sizeof(*ts));

    assert(ts);
    ts->env = env;
    env->common.task = ts;
    ts->tid = raw_syscall(__NR_gettid);
    ts->tgid = getpid();
    ts->leader = true;
    task_link(ts);
    task_set_current(ts);
    return ts;
}

void task_hide(pid_t tid)
{
    for (int i = 0; i < MAX_HIDDEN; i++) {
        pid_t none = 0;

        if (atomic_compare_exchange_strong(&hidden_tids[i], &none, tid)) {
            return;
        }
    }
}

void task_unhide(pid_t tid)
{
    for (int i = 0; i < MAX_HIDDEN; i++) {
        pid_t old = tid;

        if (atomic_compare_exchange_strong(&hidden_tids[i], &old, 0)) {
            return;
        }
    }
}

bool task_is_hidden(pid_t host_tid)
{
    for (int i = 0; i < MAX_HIDDEN; i++) {
        if (hidden_tids[i] == host_tid) {
            return true;
        }
    }
    return false;
}
