/*
 * The process through system calls and through /proc.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <asm/prctl.h>
#include <dirent.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>

/* args: one two */

extern char **environ;

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

static ssize_t slurp(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0, got;

    if (fd < 0) {
        return -1;
    }
    while ((got = read(fd, buf + n, size - 1 - n)) > 0) {
        n += got;
    }
    buf[n] = 0;
    close(fd);
    return n;
}

static char text[1 << 20];

static void test_exe(char **argv)
{
    char link[4096], own[64], real[4096];
    struct stat a, b;
    int fd;
    ssize_t n = readlink("/proc/self/exe", link, sizeof(link) - 1);

    CHECK(n > 0);
    link[n] = 0;
    CHECK(realpath(argv[0], real) != NULL);
    CHECK_EQ(strcmp(link, real), 0);
    snprintf(own, sizeof(own), "/proc/%d/exe", getpid());
    CHECK_EQ(readlink(own, link, sizeof(link)), n);
    CHECK_EQ(readlink("/proc/self/exe", link, 5), 5);
    CHECK_EQ(stat("/proc/self/exe", &a), 0);
    CHECK_EQ(stat(argv[0], &b), 0);
    CHECK_EQ(a.st_ino, b.st_ino);
    fd = open("/proc/self/exe", O_RDONLY);
    CHECK_EQ(fstat(fd, &a), 0);
    CHECK_EQ(a.st_ino, b.st_ino);
    close(fd);
    fd = open("/proc/self", O_RDONLY | O_DIRECTORY);
    CHECK_EQ(readlinkat(fd, "exe", link, sizeof(link)), n);
    close(fd);
    puts("exe");
}

/* What another process sees of @pid, which runs this program, too. */
static void check_other(pid_t pid, const char *real, const char *args)
{
    char name[64], link[4096];
    struct stat a, b;
    ssize_t n;
    int fd;

    snprintf(name, sizeof(name), "/proc/%d/exe", pid);
    n = readlink(name, link, sizeof(link) - 1);
    CHECK(n > 0);
    link[n > 0 ? n : 0] = 0;
    CHECK_EQ(strcmp(link, real), 0);
    CHECK_EQ(stat(real, &a), 0);
    CHECK_EQ(stat(name, &b), 0);
    CHECK(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
    fd = open(name, O_RDONLY);
    CHECK_EQ(fstat(fd, &b), 0);
    CHECK(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
    close(fd);
    CHECK_EQ(lstat(name, &b), 0);
    CHECK(S_ISLNK(b.st_mode));
    snprintf(name, sizeof(name), "/proc/%d/task/%d", pid, pid);
    fd = open(name, O_RDONLY | O_DIRECTORY);
    CHECK_EQ(readlinkat(fd, "exe", link, sizeof(link)), n);
    close(fd);
    if (args && !nested("does not change the arguments that others see")) {
        snprintf(name, sizeof(name), "/proc/%d/cmdline", pid);
        slurp(name, text, sizeof(text));
        CHECK_EQ(strcmp(text, args), 0);
        CHECK_EQ(strcmp(text + strlen(text) + 1, "waiting"), 0);
    }
}

static void test_others(char **argv)
{
    char real[4096], c;
    int ready[2], end[2];

    CHECK(realpath(argv[0], real) != NULL);
    for (int exec = 0; exec <= 1; exec++) {
        pid_t pid;

        CHECK_EQ(pipe(ready), 0);
        CHECK_EQ(pipe(end), 0);
        pid = fork();
        if (pid == 0) {
            dup2(end[0], 0);
            dup2(ready[1], 1);
            close(end[1]);
            if (exec) {
                execl(argv[0], "other", "waiting", NULL);
            } else if (write(1, "", 1) == 1) {
                read(0, &c, 1);
            }
            _exit(0);
        }
        close(ready[1]);
        close(end[0]);
        CHECK_EQ(read(ready[0], &c, 1), 1);
        check_other(pid, real, exec ? "other" : NULL);
        close(ready[0]);
        close(end[1]);
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
    }
    puts("others");
}

static void test_args(int argc, char **argv)
{
    ssize_t n = slurp("/proc/self/cmdline", text, sizeof(text));
    char *p = text;
    char own[64];
    FILE *f;

    for (int i = 0; i < argc; i++) {
        CHECK_EQ(strcmp(p, argv[i]), 0);
        p += strlen(p) + 1;
    }
    CHECK_EQ(p - text, n);
    /* another process must see the same */
    snprintf(own, sizeof(own), "cat /proc/%d/cmdline | tr '\\0' ' '",
             getpid());
    f = popen(own, "r");
    n = fread(own, 1, sizeof(own) - 1, f);
    pclose(f);
    own[n] = 0;
    p = strrchr(own, '/');
    if (!nested("does not change the arguments that others see")) {
        puts(p ? p + 1 : own);
    }
    n = slurp("/proc/self/environ", text, sizeof(text));
    p = text;
    for (char **e = environ; *e; e++) {
        CHECK_EQ(strcmp(p, *e), 0);
        p += strlen(p) + 1;
    }
    puts("args");
}

static void test_auxv(void)
{
    ssize_t n = slurp("/proc/self/auxv", text, sizeof(text));
    ElfW(auxv_t) *av = (void *)text;
    int seen = 0;

    CHECK(n > 0 && n % 16 == 0);
    for (; av->a_type != AT_NULL; av++) {
        /* libc keeps another value for AT_HWCAP */
        if (av->a_type != AT_HWCAP && av->a_type != AT_IGNORE) {
            CHECK_EQ(getauxval(av->a_type), av->a_un.a_val);
        }
        seen++;
    }
    CHECK(seen > 10);
    CHECK_EQ(getauxval(AT_PAGESZ), 4096);
    CHECK_EQ(strcmp((char *)getauxval(AT_PLATFORM), "x86_64"), 0);
    puts("auxv");
}

static bool mapped(uint64_t addr, const char *perms, const char *name)
{
    char line[4096];
    FILE *f = fopen("/proc/self/maps", "r");
    bool found = false;

    while (fgets(line, sizeof(line), f)) {
        uint64_t start, end;
        char p[5], path[4096] = "";

        if (sscanf(line, "%lx-%lx %4s %*x %*x:%*x %*d %4095[^\n]", &start,
                   &end, p, path) < 3) {
            printf("FAIL bad line %s", line);
        }
        if (addr >= start && addr < end) {
            found = !strcmp(p, perms) && strstr(path, name) != NULL;
            if (!found) {
                printf("FAIL %lx is in %s", addr, line);
            }
        }
    }
    fclose(f);
    return found;
}

static int data_word = 1;

static void test_maps(void)
{
    void *p = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                   0);
    char here;

    mprotect((char *)p + 4096, 4096, PROT_READ | PROT_WRITE);
    CHECK(mapped((uint64_t)test_maps, "r-xp", "sys-proc"));
    CHECK(mapped((uint64_t)&data_word, "rw-p", "sys-proc"));
    CHECK(mapped((uint64_t)&here, "rw-p", "[stack]"));
    CHECK(mapped((uint64_t)p, "---p", ""));
    CHECK(mapped((uint64_t)p + 4096, "rw-p", ""));
    CHECK(mapped((uint64_t)sbrk(0) - 1, "rw-p", "[heap]") || !sbrk(0));
    CHECK(mapped(getauxval(AT_SYSINFO_EHDR), "r-xp", "[vdso]"));
    CHECK(slurp("/proc/self/smaps", text, sizeof(text)) > 1000);
    CHECK(strstr(text, "VmFlags:") != NULL);
    CHECK(strstr(text, "Private_Dirty:") != NULL);
    puts("maps");
}

static void test_mem(void)
{
    volatile int word = 1234;
    int fd = open("/proc/self/mem", O_RDWR), v = 0;

    CHECK_EQ(pread(fd, &v, sizeof(v), (off_t)&word), sizeof(v));
    CHECK_EQ(v, 1234);
    v = 99;
    CHECK_EQ(pwrite(fd, &v, sizeof(v), (off_t)&word), sizeof(v));
    CHECK_EQ(word, 99);
    close(fd);
    puts("mem");
}

/* Code changed through /proc/self/mem takes effect. */
static int __attribute__((noinline, aligned(64))) patched(void)
{
    return 1;
}

static void test_mem_code(void)
{
    static const uint8_t two[] = { 0xb8, 2, 0, 0, 0, 0xc3 };
    int (*volatile fn)(void) = patched;
    int fd = open("/proc/self/mem", O_RDWR);

    CHECK_EQ(fn(), 1);
    CHECK_EQ(pwrite(fd, two, sizeof(two), (off_t)patched), sizeof(two));
    CHECK_EQ(fn(), 2);
    close(fd);
    puts("mem code");
}

static void *idle(void *arg)
{
    pause();
    return NULL;
}

static char *line_of(const char *key)
{
    char *p = strstr(text, key), *end;

    CHECK(p != NULL);
    if (!p) {
        return "";
    }
    end = strchr(p, '\n');
    *end = 0;
    return p;
}

static unsigned long status_kib(const char *key)
{
    CHECK(slurp("/proc/self/status", text, sizeof(text)) > 0);
    return strtoul(line_of(key) + strlen(key), NULL, 10);
}

/* What the parts of memory have to do with each other. */
static void test_status_memory(void)
{
    unsigned long size = status_kib("VmSize:"), rss = status_kib("VmRSS:");
    unsigned long data = status_kib("VmData:"), sum, from, to;
    void *p;

    CHECK(rss <= size);
    CHECK(data + status_kib("VmStk:") + status_kib("VmExe:") +
          status_kib("VmLib:") <= size);
    CHECK(status_kib("VmExe:") > 0);
    sum = status_kib("RssAnon:") + status_kib("RssFile:") +
          status_kib("RssShmem:");
    CHECK(sum <= size);
    p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(status_kib("VmData:"), data + 1024);
    munmap(p, 1 << 20);
    p = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(status_kib("VmData:"), data);
    munmap(p, 1 << 20);

    CHECK(slurp("/proc/self/smaps_rollup", text, sizeof(text)) > 0);
    CHECK_EQ(sscanf(text, "%lx-%lx ---p 00000000 00:00 0", &from, &to), 2);
    CHECK(from <= (uint64_t)test_status_memory && to > (uint64_t)&from);
    CHECK(strstr(text, "[rollup]\n") != NULL);
    /* not pages of the emulator */
    CHECK(strtoul(line_of("Rss:") + 4, NULL, 10) <= size);
}

static void on_usr2(int sig)
{
}

static void test_status(void)
{
    pthread_t t;
    unsigned long v[60] = { 0 };
    char *p;
    int i = 3, tasks = 0;
    DIR *d;

    pthread_create(&t, NULL, idle, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, on_usr2);
    test_status_memory();
    CHECK(slurp("/proc/self/status", text, sizeof(text)) > 0);
    puts(line_of("Name:"));
    CHECK(slurp("/proc/self/status", text, sizeof(text)) > 0);
    puts(line_of("Threads:"));
    CHECK(slurp("/proc/self/status", text, sizeof(text)) > 0);
    /* without the C library's own: posix_spawn() leaves them ignored */
    printf("SigIgn: %lx\n", strtoul(line_of("SigIgn:") + 7, NULL, 16) &
           ~0x180000000ul);
    CHECK(slurp("/proc/self/status", text, sizeof(text)) > 0);
    puts(line_of("SigBlk:"));

    CHECK(slurp("/proc/self/stat", text, sizeof(text)) > 0);
    CHECK_EQ(atoi(text), getpid());
    p = strchr(text, '(');
    if (!nested("puts its own program into /proc/self/stat")) {
        CHECK_EQ(strncmp(p, "(sys-proc", 9), 0);
    }
    for (p = strtok(strrchr(text, ')') + 2, " "); p; p = strtok(NULL, " ")) {
        v[i++] = strtoul(p, NULL, 10);
    }
    CHECK_EQ(i, 53);
    CHECK_EQ(v[4], getppid());
    CHECK_EQ(v[20], 2);
    CHECK(v[26] <= (uint64_t)test_status && v[27] > (uint64_t)test_status);
    CHECK(v[28] > (uint64_t)&p);
    CHECK_EQ(v[32], 0);
    CHECK(v[33] & (1 << (SIGUSR1 - 1)));
    CHECK_EQ(v[34], 1 << (SIGUSR2 - 1));
    CHECK(v[24] * 4096 <= v[23]);
    CHECK(slurp("/proc/self/statm", text, sizeof(text)) > 0);
    CHECK_EQ(sscanf(text, "%lu %lu %lu", &v[0], &v[1], &v[2]), 3);
    CHECK(v[0] >= v[1] && v[1] > 0);
    d = opendir("/proc/self/task");
    while (readdir(d)) {
        tasks++;
    }
    closedir(d);
    CHECK(tasks >= 4);
    CHECK(slurp("/proc/thread-self/stat", text, sizeof(text)) > 0);
    CHECK_EQ(atoi(text), gettid());
    puts("status");
}

static void test_fd_list(void)
{
    DIR *d = opendir("/proc/self/fd");
    struct dirent *e;
    int count = 0;

    while ((e = readdir(d))) {
        if (e->d_name[0] != '.') {
            int fd = atoi(e->d_name);

            CHECK(fcntl(fd, F_GETFD) >= 0);
            CHECK(fd < 256);
            count++;
        }
    }
    printf("fds %d\n", count);
    closedir(d);
}

static void test_prctl(void)
{
    char name[17] = "";
    unsigned long v = 0;
    int i;

    CHECK_EQ(prctl(PR_SET_NAME, "a-long-thread-name"), 0);
    CHECK_EQ(prctl(PR_GET_NAME, name), 0);
    puts(name);
    CHECK(slurp("/proc/thread-self/comm", text, sizeof(text)) > 0);
    printf("%s", text);
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGTERM), 0);
    CHECK_EQ(prctl(PR_GET_PDEATHSIG, &i), 0);
    CHECK_EQ(i, SIGTERM);
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, 0), 0);
    CHECK_EQ(prctl(PR_GET_TSC, &i), 0);
    CHECK_EQ(i, PR_TSC_ENABLE);
    CHECK_EQ(syscall(SYS_set_tid_address, &i), getpid());
    /* Kernels without checkpoints do not tell. */
    if (prctl(PR_GET_TID_ADDRESS, &v) == 0) {
        CHECK_EQ(v, (unsigned long)&i);
    }
    CHECK_EQ(sc(prctl(PR_SET_NAME, 8)), -EFAULT);
    CHECK_EQ(sc(prctl(12345, 0, 0, 0, 0)), -EINVAL);
    CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_FS, &v), 0);
    CHECK_EQ(v, *(unsigned long *)v);
    CHECK_EQ(syscall(SYS_arch_prctl, ARCH_SET_GS, &i), 0);
    CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &v), 0);
    CHECK_EQ(v, (unsigned long)&i);
    CHECK_EQ(sc(syscall(SYS_arch_prctl, ARCH_SET_FS, -1ul)), -EPERM);
    CHECK_EQ(sc(syscall(SYS_arch_prctl, 0x999, 0)), -EINVAL);
    puts("prctl");
}

/* Files of /proc are open as asked. */
static void test_view_flags(void)
{
    int low = dup(0), fd;

    close(low);
    fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    CHECK_EQ(fd, low);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(sc(write(fd, "x", 1)), -EBADF);
    close(fd);
}

/* Expedited barriers only for those who asked for them. */
static void test_membarrier(void)
{
    long all = syscall(SYS_membarrier, 0, 0, 0);

    if (all >= 0 && (all & 8)) {
        CHECK_EQ(sc(syscall(SYS_membarrier, 8, 0, 0)), -EPERM);
        CHECK_EQ(syscall(SYS_membarrier, 16, 0, 0), 0);
        CHECK_EQ(syscall(SYS_membarrier, 8, 0, 0), 0);
    }
    CHECK_EQ(sc(syscall(SYS_membarrier, -1, 0, 0)), all < 0 ? all : -EINVAL);
}

static void test_limits(void)
{
    struct rlimit rl, old;
    char *p;

    CHECK_EQ(syscall(SYS_getrlimit, RLIMIT_NOFILE, &rl), 0);
    CHECK_EQ(prlimit(0, RLIMIT_NOFILE, NULL, &old), 0);
    CHECK_EQ(rl.rlim_cur, old.rlim_cur);
    rl.rlim_cur = 64;
    CHECK_EQ(syscall(SYS_setrlimit, RLIMIT_NOFILE, &rl), 0);
    CHECK_EQ(sc(fcntl(0, F_DUPFD, 64)), -EINVAL);
    setrlimit(RLIMIT_NOFILE, &old);
    rl = (struct rlimit) { 1ul << 40, RLIM_INFINITY };
    CHECK_EQ(setrlimit(RLIMIT_AS, &rl), 0);
    CHECK_EQ(getrlimit(RLIMIT_AS, &old), 0);
    CHECK_EQ(old.rlim_cur, 1ul << 40);
    rl.rlim_cur = 2ul << 30;
    CHECK_EQ(setrlimit(RLIMIT_AS, &rl), 0);
    CHECK(mmap(NULL, 3ul << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
               0) == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    p = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    CHECK(mremap(p, 1 << 20, 3ul << 30, MREMAP_MAYMOVE) == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    munmap(p, 1 << 20);
    rl.rlim_cur = 1ul << 40;
    CHECK_EQ(setrlimit(RLIMIT_AS, &rl), 0);
    rl.rlim_max = 5;
    CHECK_EQ(sc(setrlimit(RLIMIT_AS, &rl)), -EINVAL);
    CHECK_EQ(sc(getrlimit(99, &rl)), -EINVAL);
    puts("limits");
}

/* Private writable memory counts, in a program that is executed too. */
static void test_data_limit(char **argv)
{
    const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
    struct rlimit rl = { 64 << 20, RLIM_INFINITY };
    char *p;
    pid_t pid;
    int status;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        CHECK_EQ(setrlimit(RLIMIT_DATA, &rl), 0);
        p = mmap(NULL, 100 << 20, PROT_READ, anon, -1, 0);
        CHECK(p != MAP_FAILED);
        CHECK_EQ(sc(mprotect(p, 100 << 20, 3)), -ENOMEM);
        CHECK_EQ(mprotect(p, 1 << 20, 3), 0);
        CHECK(mmap(NULL, 100 << 20, 3, anon, -1, 0) == MAP_FAILED);
        CHECK_EQ(errno, ENOMEM);
        CHECK(mmap(NULL, 100 << 20, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0) !=
              MAP_FAILED);
        CHECK(sbrk(100 << 20) == (void *)-1);
        execl("/proc/self/exe", argv[0], "limited", NULL);
        _exit(1);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

static int limited(void)
{
    struct rlimit rl;

    CHECK_EQ(getrlimit(RLIMIT_DATA, &rl), 0);
    CHECK_EQ(rl.rlim_cur, 64 << 20);
    CHECK(mmap(NULL, 100 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
          MAP_FAILED);
    puts("limited");
    return 0;
}

static void test_system(void)
{
    struct utsname u;
    struct sysinfo si;
    struct rusage ru;
    struct tms tms;
    cpu_set_t set;
    unsigned cpu;
    char c[] = "abc", d[4] = "";
    struct iovec l = { d, 3 }, r = { c, 3 };

    CHECK_EQ(uname(&u), 0);
    CHECK_EQ(strcmp(u.machine, "x86_64"), 0);
    CHECK_EQ(strcmp(u.sysname, "Linux"), 0);
    CHECK_EQ(sysinfo(&si), 0);
    CHECK(si.totalram > 0 && si.mem_unit > 0);
    CHECK_EQ(getrusage(RUSAGE_SELF, &ru), 0);
    CHECK(times(&tms) != -1);
    CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
    CHECK(CPU_COUNT(&set) > 0);
    CHECK_EQ(getcpu(&cpu, NULL), 0);
    CHECK(process_vm_readv(getpid(), &l, 1, &r, 1, 0) == 3 ?
          !strcmp(d, "abc") : errno == ENOSYS);
    CHECK_EQ(sc(syscall(400)), -ENOSYS);
    CHECK_EQ(sc(syscall(100000)), -ENOSYS);
    CHECK_EQ(syscall(SYS_getpgrp), getpgid(0));
    CHECK_EQ(syscall(SYS_time, NULL) - time(NULL), 0);
    CHECK_EQ(syscall(SYS_alarm, 100), 0);
    CHECK(alarm(0) >= 99);
    CHECK(slurp("/proc/cpuinfo", text, sizeof(text)) > 0);
    CHECK(strstr(text, "\nflags\t\t: fpu ") != NULL);
    CHECK(strstr(text, "vendor_id\t: ") != NULL);
    puts("system");
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "limited")) {
        return limited();
    }
    if (argc == 2 && !strcmp(argv[1], "waiting")) {
        char c;

        return write(1, "", 1) != 1 || read(0, &c, 1) != 0;
    }
    test_fd_list();
    test_exe(argv);
    if (!nested("maps nothing beyond the end of a file, which is the mark")) {
        test_others(argv);
    }
    test_args(argc, argv);
    test_auxv();
    test_maps();
    test_mem();
    test_mem_code();
    test_status();
    test_prctl();
    test_membarrier();
    test_view_flags();
    test_limits();
    test_data_limit(argv);
    test_system();
    return 0;
}
