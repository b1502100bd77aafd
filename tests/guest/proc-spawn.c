/*
 * vfork and posix_spawn: errors of the child's exec reach the parent, memory
 * is shared while the parent waits, file actions and attributes; system() and
 * popen().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* nested: the host makes a plain fork of CLONE_VM */
#include "guest.h"
#include <spawn.h>
#include <sys/stat.h>

extern char **environ;
static volatile int shared;

static void spawn_errors(void)
{
    char *argv[] = { "x", NULL };
    pid_t pid;
    int fd;

    CHECK_EQ(posix_spawn(&pid, "/no/such/file", NULL, NULL, argv, environ),
             ENOENT);
    CHECK_EQ(posix_spawn(&pid, "/tmp", NULL, NULL, argv, environ), EACCES);
    CHECK_EQ(posix_spawn(&pid, "/etc/passwd", NULL, NULL, argv, environ),
             EACCES);
    CHECK_EQ(posix_spawnp(&pid, "no-such-program", NULL, NULL, argv, environ),
             ENOENT);
    CHECK_EQ(posix_spawn(&pid, "/etc/passwd/x", NULL, NULL, argv, environ),
             ENOTDIR);
    fd = open("garbage", O_CREAT | O_WRONLY | O_TRUNC, 0755);
    write(fd, "\177ELFgarbage", 11);
    close(fd);
    CHECK_EQ(posix_spawn(&pid, "./garbage", NULL, NULL, argv, environ),
             ENOEXEC);
    CHECK_EQ(waitpid(-1, NULL, 0), -1);
    CHECK_EQ(errno, ECHILD);
    puts("spawn errors");
}

static void spawn_output(void)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t set;
    char *argv[] = { "sh", "-c", "echo $0 $1 $X; exit 9", "a0", "a1", NULL };
    char *env[] = { "X=spawned", NULL };
    char buf[100] = "";
    int p[2], status;
    pid_t pid;

    pipe(p);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, p[1], 1);
    posix_spawn_file_actions_addclose(&fa, p[0]);
    posix_spawn_file_actions_addclose(&fa, p[1]);
    posix_spawnattr_init(&attr);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attr, &set);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
                             POSIX_SPAWN_SETPGROUP);
    CHECK_EQ(posix_spawn(&pid, "/bin/sh", &fa, &attr, argv, env), 0);
    close(p[1]);
    read(p[0], buf, sizeof(buf) - 1);
    close(p[0]);
    waitpid(pid, &status, 0);
    printf("spawned %x %s", status, buf);
}

static int run_vfork(int how)
{
    int status;
    pid_t pid = vfork();

    if (pid == 0) {
        shared++;
        switch (how) {
        case 0:
            _exit(3);
        case 1:
            execl("/bin/sh", "sh", "-c", "exit 4", NULL);
            _exit(99);
        case 2:
            execl("/no/such", "x", NULL);
            shared += 100 + errno;
            _exit(5);
        case 3:
            kill(getpid(), SIGKILL);
        }
    }
    CHECK(pid > 0);
    waitpid(pid, &status, 0);
    return status;
}

static void vforks(void)
{
    for (int how = 0; how < 4; how++) {
        shared = 0;
        int status = run_vfork(how);

        printf("vfork %d: %x shared %d\n", how, status, shared);
    }
    for (int i = 0; i < 100; i++) {
        shared = 0;
        CHECK_EQ(run_vfork(0), 0x300);
        CHECK_EQ(shared, 1);
    }
}

/* The parent does not go on before the child has executed or ended. */
static void vfork_waits(void)
{
    double start = now();
    pid_t pid = vfork();

    if (pid == 0) {
        usleep(50000);
        shared = 1234;
        _exit(0);
    }
    CHECK(now() - start >= 0.05);
    CHECK_EQ(shared, 1234);
    waitpid(pid, NULL, 0);
}

/* After a vfork there is one thread: some calls insist on that. */
static void vfork_alone(void)
{
    struct stat st;

    for (int i = 0; i < 200; i++) {
        CHECK_EQ(run_vfork(0), 0x300);
        CHECK_EQ(stat("/proc/self/task", &st), 0);
        CHECK_EQ(st.st_nlink, 3);
    }
}

static volatile int stop;

static void *busy(void *arg)
{
    while (!stop) {
        free(malloc(100));
    }
    return NULL;
}

/* Spawning from several threads at once while others compute. */
static void *spawner(void *arg)
{
    long ok = 0;

    for (int i = 0; i < 20; i++) {
        char *argv[] = { "true", NULL };
        pid_t pid;
        int status = -1;

        if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0) {
            waitpid(pid, &status, 0);
            ok += status == 0;
        }
        ok += posix_spawn(&pid, "/nope", NULL, NULL, argv, environ) == ENOENT;
    }
    return (void *)ok;
}

static void threaded(void)
{
    pthread_t b, t[3];
    long sum = 0;
    void *ret;

    pthread_create(&b, NULL, busy, NULL);
    for (int i = 0; i < 3; i++) {
        pthread_create(&t[i], NULL, spawner, NULL);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], &ret);
        sum += (long)ret;
    }
    stop = 1;
    pthread_join(b, NULL);
    printf("threaded spawns %ld\n", sum);
}

int main(void)
{
    char buf[100] = "";
    FILE *f;

    setvbuf(stdout, NULL, _IONBF, 0);
    spawn_errors();
    spawn_output();
    vforks();
    vfork_waits();
    vfork_alone();
    threaded();
    printf("system %x\n", system("exit 7"));
    f = popen("echo from popen", "r");
    fgets(buf, sizeof(buf), f);
    printf("%s%x\n", buf, pclose(f));
    return 0;
}
