/*
 * execve(): the guest's next program.
 *
 * A new x86-64 program gets a new emulator: the host process executes the
 * emulator again, with the same options, the program's path and the guest's
 * own argument and environment strings.  What no option says travels in the
 * first word of the command line, which the new emulator takes out
 * (exec_handover_take()).  It is not in the environment: that belongs to
 * whoever started the program, and for a set-uid program he is not to be
 * believed.  Programs of other machines go to the host kernel as they are.
 *
 * Everything the kernel would refuse is refused here, before the old program
 * is gone.  The host process keeps its descriptors, mask, ignored and pending
 * signals over the host's execve, as the guest expects of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "signal-internal.h"
#include "host-signal.h"
#include "qemu/log.h"
#include "user/elfload.h"
#include "user/options.h"
#include "user/path.h"
#include "user/process.h"
#include "user/procfs.h"
#include "user/syscall.h"
#include "user/uaccess.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define HANDOVER_WORD "-exec-handover="
/*
 * Before a variable of the guest that the host's loader or libc would act on
 * while the new emulator starts (LD_PRELOAD would be loaded into it), and
 * before one that begins like this already, so that it comes back unchanged.
 */
#define HIDDEN_PREFIX "QEMU_HIDDEN_"
#define MAX_ARGS     (1u << 20)
#define MAX_SCRIPTS  5      /* interpreters that are scripts themselves */

/* The program to execute, resolved. */
typedef struct ExecTarget {
    char guest_path[PATH_MAX];  /* as the guest named it: AT_EXECFN */
    char host_buf[PATH_MAX];
    const char *host_path;
    int fd;                     /* open program when no path leads there */
} ExecTarget;

/*
 * Handing over.
 */

/*
 * The emulator's own file, opened when the guest is about to change its root
 * directory: /proc may not be there afterwards.  -1: not needed so far.
 */
static _Atomic int self_fd = -1;

static bool self_is_open(void)
{
    return self_fd >= 0 && fcntl(self_fd, F_GETFD) >= 0;
}

void exec_keep_self(void)
{
    /* After a vfork the descriptors may be others than when it was opened. */
    if (!self_is_open()) {
        int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);

        if (fd >= 0) {
            self_fd = fd_make_private(fd);
        }
    }
}

static bool parse_handover(ExecHandover *h, char *text)
{
    long *const numbers[] = { &h->fd, &h->seccomp_fd, &h->self_fd, &h->binfmt };
    char *end = text;

    for (int i = 0; i < ARRAY_SIZE(numbers); i++) {
        *numbers[i] = strtol(text, &end, 10);
        if (*end != ',') {
            return false;
        }
        text = end + 1;
    }
    h->limits = text;
    end = strchr(text, ':');
    h->execfn = end ? end + 1 : NULL;
    return end;
}

ExecHandover exec_handover_take(int *argc, char **argv, char **envp)
{
    ExecHandover h = { .fd = -1, .seccomp_fd = -1, .self_fd = -1 };
    size_t len = strlen(HANDOVER_WORD);

    if (*argc < 2 || strncmp(argv[1], HANDOVER_WORD, len) ||
        !parse_handover(&h, argv[1] + len)) {
        return (ExecHandover) { .fd = -1, .seccomp_fd = -1 };
    }
    h.present = true;
    memmove(argv + 1, argv + 2, (*argc - 1) * sizeof(*argv));
    --*argc;
    len = strlen(HIDDEN_PREFIX);
    for (char **e = envp; *e; e++) {
        if (strncmp(*e, HIDDEN_PREFIX, len) == 0) {
            *e += len;
        }
    }
    /* Closed already when the new emulator could be found without it. */
    if (fcntl(h.self_fd, F_GETFD) >= 0) {
        self_fd = fd_make_private(h.self_fd);
    }
    return h;
}

/*
 * Vectors.
 */

typedef struct StrVec {
    char **v;
    size_t n, room;
} StrVec;

static bool vec_add(StrVec *vec, const char *s)
{
    if (vec->n + 1 >= vec->room) {
        size_t room = vec->room ? vec->room * 2 : 64;
        char **v = realloc(vec->v, room * sizeof(*v));

        if (!v) {
            return false;
        }
        vec->v = v;
        vec->room = room;
    }
    vec->v[vec->n++] = (char *)s;
    vec->v[vec->n] = NULL;
    return true;
}

/*
 * Append the guest's string pointers at @addr, without the first @skip.  The
 * strings stay where they are: the host kernel reads and checks them.
 */
static int vec_add_guest(StrVec *vec, uint64_t addr, size_t skip)
{
    for (size_t i = 0; addr; i++) {
        uint64_t p;

        if (!get_guest_u64(&p, addr + i * sizeof(p))) {
            return -EFAULT;
        }
        if (!p) {
            break;
        }
        if (i >= MAX_ARGS) {
            return -E2BIG;
        }
        if (i >= skip && !vec_add(vec, g2h(p))) {
            return -ENOMEM;
        }
    }
    return 0;
}

/*
 * Finding the program.
 */

static bool is_fd_path(const char *path)
{
    return strncmp(path, "/proc/self/fd/", 14) == 0 ||
           strncmp(path, "/dev/fd/", 8) == 0;
}

static int resolve_path(ExecTarget *t)
{
    if (path_is_proc_self_exe(t->guest_path)) {
        t->host_path = path_exe_host();
        return 0;
    }
    if (proc_exe_other(t->guest_path, t->host_buf)) {
        t->host_path = t->host_buf;
        return 0;
    }
    t->host_path = path_to_host(t->guest_path, t->host_buf, false);
    if (is_fd_path(t->guest_path)) {
        /* The descriptor may close on exec, before anybody opens the path. */
        t->fd = open(t->host_path, O_RDONLY | O_CLOEXEC);
        if (t->fd < 0) {
            return -errno;
        }
    }
    return 0;
}

/* execveat() relative to a descriptor. */
static int resolve_at(ExecTarget *t, int dirfd, const char *path, int flags)
{
    if (!*path) {
        char link[32];

        if (!(flags & AT_EMPTY_PATH)) {
            return -ENOENT;
        }
        snprintf(t->guest_path, sizeof(t->guest_path), "/dev/fd/%d", dirfd);
        if (fcntl(dirfd, F_GETFD) < 0 || fd_is_private(dirfd)) {
            return -EBADF;
        }
        /* It may have been opened with O_PATH: open it once more. */
        snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
        t->fd = open(link, O_RDONLY | O_CLOEXEC);
        if (t->fd < 0) {
            t->fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
        }
    } else {
        if (snprintf(t->guest_path, sizeof(t->guest_path), "/dev/fd/%d/%s",
                     dirfd, path) >= (int)sizeof(t->guest_path)) {
            return -ENAMETOOLONG;
        }
        t->fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC |
                       (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
    }
    t->host_path = t->guest_path;
    return t->fd < 0 ? -errno : 0;
}

/* May the caller execute this file?  The checks of the kernel's open. */
static int check_file(int fd, const char *path)
{
    struct stat st;
    int flags = AT_EACCESS | (fd >= 0 ? AT_EMPTY_PATH : 0);

    if ((fd >= 0 ? fstat(fd, &st) : stat(path, &st)) < 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode)) {
        return -EACCES;
    }
    if (fd >= 0) {
        /* Not every host kernel checks a descriptor: ask for the file. */
        char link[32];

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        return faccessat(AT_FDCWD, link, X_OK, AT_EACCESS) < 0 &&
               errno == EACCES ? -EACCES : 0;
    }
    return faccessat(AT_FDCWD, path, X_OK, flags) < 0 ? -errno : 0;
}

/*
 * What kind of file it is in the end, through chains of scripts.  *native: the
 * host kernel runs it.
 */
static int classify(int fd, const char *path, bool *native, unsigned depth)
{
    char interp[256], arg[256], buf[PATH_MAX];
    ExecKind kind;
    int ret = check_file(fd, path), script;

    if (ret) {
        return ret;
    }
    ret = exec_classify(fd, path, &kind);
    if (ret) {
        return ret;
    }
    switch (kind) {
    case EXEC_GUEST_ELF:
        *native = false;
        return 0;
    case EXEC_SCRIPT:
        if (depth == 0) {
            return -ELOOP;
        }
        script = fd >= 0 ? fd : open(path, O_RDONLY | O_CLOEXEC);
        if (script < 0) {
            return -errno;
        }
        ret = exec_parse_script(script, interp, arg);
        if (script != fd) {
            close(script);
        }
        if (ret) {
            return ret;
        }
        if (path_is_proc_self_exe(interp)) {
            *native = false;
            return 0;
        }
        return classify(-1, path_to_host(interp, buf, false), native,
                        depth - 1);
    default:
        *native = true;
        return 0;
    }
}

/*
 * Doing it.
 */

/* Some signals are never ignored on the host while the emulator runs. */
static void host_signals_for_exec(TaskState *ts, bool enter)
{
    static const int caught[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
                                  32, 33 };
    HostSigAction ignore = { .handler = (void *)SIG_IGN };
    uint64_t mask = ts->blocked & SYNC_SIGNALS;
    SigHand *sh = ts->sighand;

    pthread_mutex_lock(&sh->lock);
    for (int i = 0; i < ARRAY_SIZE(caught); i++) {
        if (sh->act[caught[i]].handler == GUEST_SIG_IGN) {
            if (enter) {
                raw_syscall(__NR_rt_sigaction, caught[i], &ignore, NULL, 8);
            } else {
                sighand_install(sh, caught[i]);
            }
        }
    }
    pthread_mutex_unlock(&sh->lock);
    if (mask) {
        raw_syscall(__NR_rt_sigprocmask, enter ? SIG_BLOCK : SIG_UNBLOCK,
                    &mask, NULL, 8);
    }
}

static int64_t host_exec(TaskState *ts, const char *path, char **argv,
                         char **envp)
{
    int64_t ret;

    host_signals_for_exec(ts, true);
    ret = safe_syscall(__NR_execve, path, argv, envp);
    host_signals_for_exec(ts, false);
    return ret == -QEMU_ERESTARTSYS ? -QEMU_ERESTARTNOINTR : ret;
}

static int64_t exec_native(TaskState *ts, ExecTarget *t, uint64_t argv,
                           uint64_t envp)
{
    static char *const empty[] = { NULL };
    int64_t ret;

    limits_to_host(true);
    host_signals_for_exec(ts, true);
    /* Last of all: the filters are not made for the emulator. */
    ret = seccomp_to_host();
    if (ret == 0 && t->fd >= 0) {
        ret = safe_syscall(__NR_execveat, t->fd, "",
                           argv ? g2h(argv) : empty,
                           envp ? g2h(envp) : empty, AT_EMPTY_PATH);
    } else if (ret == 0) {
        ret = safe_syscall(__NR_execve, t->host_path, g2h(argv), g2h(envp));
    }
    host_signals_for_exec(ts, false);
    limits_to_host(false);
    return ret == -QEMU_ERESTARTSYS ? -QEMU_ERESTARTNOINTR : ret;
}

/* The emulator's command line for the new program. */
static int build_argv(StrVec *v, const ExecTarget *t, uint64_t argv,
                      const char *handover)
{
    int count;
    char **options = options_for_reexec(&count);
    uint64_t argv0 = 0;
    bool ok;

    if (argv && !get_guest_u64(&argv0, argv)) {
        return -EFAULT;
    }
    ok = vec_add(v, options_emulator_path()) && vec_add(v, handover);
    for (int i = 0; ok && i < count; i++) {
        ok = vec_add(v, options[i]);
    }
    ok = ok && vec_add(v, "-0") && vec_add(v, argv0 ? g2h(argv0) : "") &&
         vec_add(v, "--") && vec_add(v, t->host_path);
    return ok ? vec_add_guest(v, argv, 1) : -ENOMEM;
}

static bool host_libc_reads(const char *var)
{
    return !strncmp(var, "LD_", 3) || !strncmp(var, "MALLOC_", 7) ||
           !strncmp(var, "GLIBC_TUNABLES=", 15);
}

static bool to_be_hidden(const char *var)
{
    return host_libc_reads(var) ||
           !strncmp(var, HIDDEN_PREFIX, strlen(HIDDEN_PREFIX));
}

/* The hidden copies live in *block, which the caller frees. */
static bool hide_from_host(StrVec *env, char **block)
{
    size_t prefix = strlen(HIDDEN_PREFIX), size = 0;
    char *p;

    for (size_t i = 0; i < env->n; i++) {
        if (to_be_hidden(env->v[i])) {
            size += prefix + strlen(env->v[i]) + 1;
        }
    }
    if (!size) {
        return true;
    }
    p = *block = malloc(size);
    if (!p) {
        return false;
    }
    for (size_t i = 0; i < env->n; i++) {
        if (to_be_hidden(env->v[i])) {
            size_t len = strlen(env->v[i]) + 1;

            memcpy(p, HIDDEN_PREFIX, prefix);
            memcpy(p + prefix, env->v[i], len);
            env->v[i] = p;
            p += prefix + len;
        }
    }
    return true;
}

static int64_t exec_self_fd(TaskState *ts, char **argv, char **envp)
{
    int64_t ret;

    fcntl(self_fd, F_SETFD, 0);
    host_signals_for_exec(ts, true);
    ret = safe_syscall(__NR_execveat, self_fd, "", argv, envp, AT_EMPTY_PATH);
    host_signals_for_exec(ts, false);
    fcntl(self_fd, F_SETFD, FD_CLOEXEC);
    return ret == -QEMU_ERESTARTSYS ? -QEMU_ERESTARTNOINTR : ret;
}

static bool not_found(int64_t ret)
{
    return ret == -ENOENT || ret == -EACCES || ret == -ELIBBAD;
}

/* The emulator again, wherever the root directory is by now. */
static int64_t exec_emulator(TaskState *ts, char **argv, char **envp)
{
    int64_t ret = host_exec(ts, "/proc/self/exe", argv, envp);

    if (not_found(ret) && self_is_open()) {
        ret = exec_self_fd(ts, argv, envp);
    }
    if (not_found(ret)) {
        ret = host_exec(ts, options_emulator_path(), argv, envp);
    }
    return ret;
}

static int64_t exec_self(TaskState *ts, ExecTarget *t, uint64_t argv,
                         uint64_t envp, char **host_argv, char **host_envp)
{
    int64_t ret = exec_emulator(ts, host_argv, host_envp), other;

    if (not_found(ret) && user_options.binfmt) {
        /* The kernel keeps the emulator open (flag F) or knows its path. */
        other = exec_native(ts, t, argv, envp);
        ret = other == -ENOEXEC ? ret : other;
    }
    if (not_found(ret)) {
        error_report("no program can be started: neither the emulator nor its "
                     "libraries are below the root directory (a --static "
                     "build needs none)");
    }
    return ret;
}

static int64_t exec_emulated(TaskState *ts, ExecTarget *t, uint64_t argv,
                             uint64_t envp)
{
    char handover[PATH_MAX + 64 + LIMITS_TEXT], limits[LIMITS_TEXT];
    StrVec args = { 0 }, env = { 0 };
    char *hidden = NULL;
    int64_t ret;
    int fd = -1, seccomp_fd = -1;

    ret = vec_add_guest(&env, envp, 0);
    if (ret == 0 && !hide_from_host(&env, &hidden)) {
        ret = -ENOMEM;
    }
    if (ret == 0 && t->fd >= 0) {
        fd = fcntl(t->fd, F_DUPFD, 3);      /* stays open over exec */
        ret = fd < 0 ? -errno : 0;
    }
    if (ret == 0) {
        ret = seccomp_export(&seccomp_fd);
    }
    if (ret == 0) {
        limits_export(limits, sizeof(limits));
        snprintf(handover, sizeof(handover), HANDOVER_WORD
                 "%d,%d,%d,%d,%s:%s", fd, seccomp_fd,
                 self_is_open() ? self_fd : -1, user_options.binfmt, limits,
                 t->guest_path);
        ret = build_argv(&args, t, argv, handover);
    }
    ts->exec_scratch[0] = args.v;
    ts->exec_scratch[1] = env.v;
    ts->exec_scratch[2] = hidden;
    if (ret == 0) {
        ret = exec_self(ts, t, argv, envp, args.v, env.v);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (seccomp_fd >= 0) {
        close(seccomp_fd);
    }
    for (int i = 0; i < ARRAY_SIZE(ts->exec_scratch); i++) {
        free(ts->exec_scratch[i]);
        ts->exec_scratch[i] = NULL;
    }
    return ret;
}

static int64_t exec_target(CPUArchState *env, ExecTarget *t, uint64_t argv,
                           uint64_t envp)
{
    TaskState *ts = task_of(env);
    bool native = false;
    int64_t ret = classify(t->fd, t->host_path, &native, MAX_SCRIPTS);

    if (ret) {
        return ret;
    }
    if (ts->signal_pending) {
        return -QEMU_ERESTARTNOINTR;
    }
    if (native || !user_options.execve) {
        return exec_native(ts, t, argv, envp);
    }
    return exec_emulated(ts, t, argv, envp);
}

static int64_t exec_any(CPUArchState *env, int dirfd, uint64_t path,
                        uint64_t argv, uint64_t envp, int flags)
{
    /* On the stack: a vfork child leaves its heap to its parent. */
    ExecTarget target, *t = &target;
    int64_t ret;

    t->fd = -1;
    ret = strncpy_from_guest(t->guest_path, path, sizeof(t->guest_path));
    if (ret >= 0) {
        if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) {
            ret = -EINVAL;
        } else if (dirfd != AT_FDCWD && t->guest_path[0] != '/') {
            char rel[PATH_MAX];

            memcpy(rel, t->guest_path, sizeof(rel));
            ret = resolve_at(t, dirfd, rel, flags);
        } else if (!t->guest_path[0]) {
            ret = -ENOENT;
        } else {
            struct stat st;

            ret = resolve_path(t);
            if (ret == 0 && (flags & AT_SYMLINK_NOFOLLOW) &&
                lstat(t->host_path, &st) == 0 && S_ISLNK(st.st_mode)) {
                ret = -ELOOP;
            }
        }
    }
    if (ret >= 0) {
        ret = exec_target(env, t, argv, envp);
    }
    if (t->fd >= 0) {
        close(t->fd);
    }
    return ret;
}

int64_t sys_execve(CPUArchState *env, const uint64_t *a)
{
    return exec_any(env, AT_FDCWD, a[0], a[1], a[2], 0);
}

int64_t sys_execveat(CPUArchState *env, const uint64_t *a)
{
    return exec_any(env, a[0], a[1], a[2], a[3], a[4]);
}
