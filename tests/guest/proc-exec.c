/*
 * execve: arguments, environment, AT_EXECFN, descriptors, signals, scripts,
 * descriptors as programs, and every error before anything is lost.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <libgen.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>

extern char **environ;
static char self[PATH_MAX];

static uint64_t pending(void)
{
    uint64_t set = 0;

    syscall(SYS_rt_sigpending, &set, 8);
    return set;
}

static void show_status(const char *key)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");

    while (fgets(line, sizeof(line), f)) {
        if (!strncmp(line, key, strlen(key))) {
            printf("%s", line);
        }
    }
    fclose(f);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char **)a, *(char **)b);
}

/* The program executed: say everything it can see of its start. */
static int child(int argc, char **argv)
{
    char link[PATH_MAX] = "";
    uint64_t mask;
    int n = 0;

    printf("argc %d:", argc);
    for (int i = 0; i < argc; i++) {
        printf(" [%s]", argv[i]);
    }
    if (nested("turns the environment round")) {
        while (environ[n]) {
            n++;
        }
        qsort(environ, n, sizeof(*environ), by_text);
    }
    printf("\nenv:");
    for (char **e = environ; *e; e++) {
        printf(" [%s]", *e);
    }
    printf("\nexecfn %s\n", (char *)getauxval(AT_EXECFN));
    readlink("/proc/self/exe", link, sizeof(link) - 1);
    printf("exe %s\n", strcmp(link, getenv("SELF") ?: link) ? link : "self");
    if (strncmp((char *)getauxval(AT_EXECFN), "/dev/fd/", 8)) {
        /* Kernels differ in the name a descriptor gives. */
        show_status("Name:");
    }
    show_status("SigIgn:");
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
    printf("mask %llx pending %llx\n", (long long)mask, (long long)pending());
    printf("fds:");
    for (int fd = 3; fd < 40; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            printf(" %d", fd);
        }
    }
    printf("\n");
    return 0;
}

#define IN_CHILD(...)                                                       \
    do {                                                                    \
        int status_;                                                        \
        pid_t pid_;                                                         \
        fflush(stdout);                                                     \
        pid_ = fork();                                                      \
        if (pid_ == 0) {                                                    \
            __VA_ARGS__;                                                    \
            printf("failed: %s\n", strerror(errno));                        \
            fflush(stdout);                                                 \
            _exit(44);                                                      \
        }                                                                   \
        waitpid(pid_, &status_, 0);                                         \
        printf("-- %x\n", status_);                                         \
    } while (0)

static void write_file(const char *name, const char *text, int mode)
{
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0700);

    write(fd, text, strlen(text));
    fchmod(fd, mode);
    close(fd);
}

static int copy_self(int to)
{
    char buf[65536];
    ssize_t n;
    int from = open("/proc/self/exe", O_RDONLY);

    while ((n = read(from, buf, sizeof(buf))) > 0) {
        write(to, buf, n);
    }
    close(from);
    return to;
}

static void programs(void)
{
    char *env[] = { "A=1", "B=two words", "EMPTY=", NULL, NULL, NULL };
    char selfvar[PATH_MAX + 10];
    char *plain[] = { "odd name", "child", "", "--x", "-y z", NULL };
    char *none[] = { NULL };
    int fd;

    snprintf(selfvar, sizeof(selfvar), "SELF=%s", self);
    env[3] = selfvar;
    env[4] = nested("turns the environment round") ? "GUEST_NESTED=" : NULL;
    puts("by path");
    IN_CHILD(execve("./link", plain, env));
    puts("by /proc/self/exe");
    IN_CHILD(execve("/proc/self/exe", plain, env));
    puts("dash");
    plain[0] = "-dash";
    IN_CHILD(execve("./-strange", plain, env));
    plain[0] = "fd";
    puts("fexecve");
    fd = open("./link", O_RDONLY | O_CLOEXEC);
    IN_CHILD(fexecve(fd, plain, env));
    close(fd);
    puts("memfd");
    fd = copy_self(memfd_create("in memory", MFD_CLOEXEC));
    env[3] = env[4];
    env[4] = NULL;
    IN_CHILD(fexecve(fd, plain, env));
    close(fd);
    puts("script");
    write_file("script", "#!./link child  with one arg \nrest\n", 0755);
    plain[0] = "script name";
    plain[1] = "first";
    IN_CHILD(execve("./script", plain, env));
    write_file("nested", "#! ./script\n", 0755);
    IN_CHILD(execve("./nested", plain, env));
    write_file("shell", "#!/bin/sh\necho sh $0 $1 $A\n", 0755);
    IN_CHILD(execve("./shell", plain, env));
    puts("environment");
    environ = none;
    IN_CHILD(execle("/bin/sh", "sh", "-c", "echo ${A-unset} $B", NULL, env));
}

static void inherited(void)
{
    char *argv[] = { "link", "child", NULL };
    char *env[] = { NULL };
    sigset_t set;

    puts("inherited");
    IN_CHILD({
        signal(SIGQUIT, SIG_IGN);
        if (!nested("forgets an ignored SIGSEGV")) {
            signal(SIGSEGV, SIG_IGN);
        }
        signal(SIGUSR1, SIG_IGN);
        signal(SIGRTMIN + 5, SIG_IGN);
        handle(SIGUSR2, (void *)child, 0);
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGFPE);
        sigaddset(&set, SIGRTMIN + 1);
        sigprocmask(SIG_SETMASK, &set, NULL);
        raise(SIGTERM);
        dup2(1, 10);
        dup2(1, 11);
        fcntl(11, F_SETFD, FD_CLOEXEC);
        prctl(PR_SET_NAME, "renamed");
        execve("./link", argv, env);
    });
}

static void *other(void *arg)
{
    if (arg) {
        char *argv[] = { "link", "child", "from thread", NULL };
        char *env[] = { NULL };

        execve("./link", argv, env);
    }
    for (;;) {
        pause();
    }
}

static void from_threads(void)
{
    pthread_t t;

    puts("from a thread");
    IN_CHILD({
        pthread_create(&t, NULL, other, NULL);
        pthread_create(&t, NULL, other, (void *)1);
        pthread_join(t, NULL);
    });
    puts("with threads");
    IN_CHILD({
        char *argv[] = { "link", "child", NULL };
        pthread_create(&t, NULL, other, NULL);
        execve("./link", argv, argv + 2);
    });
}

static void expect(const char *name, int ret, int err)
{
    printf("%s: %d %s\n", name, ret, strerror(errno));
    CHECK_EQ(ret, -1);
    CHECK_EQ(errno, err);
}

static void errors(void)
{
    char *argv[] = { "x", NULL }, *env[] = { NULL };
    char *big = malloc(200000), longname[5000];
    char *many[3] = { "x", big, NULL };
    int fd;

    expect("missing", execve("./missing", argv, env), ENOENT);
    expect("empty", execve("", argv, env), ENOENT);
    expect("directory", execve("/tmp", argv, env), EACCES);
    expect("not a directory", execve("/etc/passwd/x", argv, env), ENOTDIR);
    write_file("noexec", "#!/bin/sh\n", 0644);
    expect("no x bit", execve("./noexec", argv, env), EACCES);
    write_file("text", "hello\n", 0755);
    expect("text", execve("./text", argv, env), ENOEXEC);
    write_file("void", "", 0755);
    expect("void", execve("./void", argv, env), ENOEXEC);
    write_file("badinterp", "#!/no/such/interp\n", 0755);
    expect("bad interpreter", execve("./badinterp", argv, env), ENOENT);
    write_file("noninterp", "#!./noexec\n", 0755);
    expect("interpreter without x", execve("./noninterp", argv, env), EACCES);
    memset(big, 'a', 199999);
    big[199999] = 0;
    expect("long argument", execve("./link", many, env), E2BIG);
    memset(longname, 'n', 4999);
    longname[4999] = 0;
    expect("long name", execve(longname, argv, env), ENAMETOOLONG);
    symlink("loop", "loop");
    expect("loop", execve("./loop", argv, env), ELOOP);
    expect("bad pointer", execve((char *)8, argv, env), EFAULT);
    expect("bad argv", execve("./link", (char **)8, env), EFAULT);
    expect("bad string", execve("./link", (char *[]) { (char *)8, NULL }, env),
           EFAULT);
    expect("execveat flags", syscall(SYS_execveat, AT_FDCWD, "./link", argv,
                                     env, 7), EINVAL);
    expect("execveat empty", syscall(SYS_execveat, AT_FDCWD, "", argv, env,
                                     0), ENOENT);
    expect("execveat bad fd", syscall(SYS_execveat, 1000, "", argv, env,
                                      AT_EMPTY_PATH), EBADF);
    expect("nofollow", syscall(SYS_execveat, AT_FDCWD, "./link", argv, env,
                               AT_SYMLINK_NOFOLLOW), ELOOP);
    fd = open(".", O_RDONLY | O_DIRECTORY);
    IN_CHILD({
        char *av[] = { "at", "child", NULL };
        syscall(SYS_execveat, fd, "link", av, env, 0);
    });
    IN_CHILD({
        char *av[] = { NULL };
        execve("./link", av, env);
    });
}

int main(int argc, char **argv)
{
    if (argc > 1 && (!strcmp(argv[1], "child") ||
                     !strncmp(argv[1], "child ", 6))) {
        return child(argc, argv);
    }
    if (argc < 1 || !*argv[0]) {
        printf("no argv: argc %d\n", argc);
        return 0;
    }
    readlink("/proc/self/exe", self, sizeof(self) - 1);
    unlink("link");
    unlink("-strange");
    symlink(self, "link");
    symlink(self, "-strange");
    programs();
    inherited();
    from_threads();
    errors();
    return 0;
}
