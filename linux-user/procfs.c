/*
 * Files of /proc that describe the guest process or the guest CPU.
 *
 * The host's files would show the emulator, so opening one of them gives a
 * memory file with the text the guest must see.  What the host already gets
 * right (fd, mem, comm, cwd, limits ...) is left to it.  Each view is one row
 * of a table: name, scope, generator.
 *
 * Locking: generators use the mmap lock and the task list lock through their
 * owners' functions; no state is kept here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "syscall/internal.h"
#include "user/elfload.h"
#include "user/options.h"
#include "user/path.h"
#include "user/process.h"
#include "user/procfs.h"
#include "user/signal.h"
#include <ctype.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

typedef struct ViewContext {
    CPUArchState *env;
    int tid;                /* the thread a per-task view is about, or 0 */
} ViewContext;

typedef int ViewFn(FILE *out, const ViewContext *ctx);

typedef struct ProcView {
    const char *name;
    ViewFn *fn;
} ProcView;

/* Copy guest memory [start, end) to @out as far as it is readable. */
static void put_guest_bytes(FILE *out, uint64_t start, uint64_t end)
{
    char buf[4096];

    while (start < end) {
        size_t n = MIN(end - start, sizeof(buf));
        size_t left = uaccess_copy(buf, g2h(start), n);

        fwrite(buf, 1, n - left, out);
        if (left) {
            break;
        }
        start += n;
    }
}

static int view_cmdline(FILE *out, const ViewContext *ctx)
{
    put_guest_bytes(out, guest_image.arg_start, guest_image.arg_end);
    return 0;
}

static int view_environ(FILE *out, const ViewContext *ctx)
{
    put_guest_bytes(out, guest_image.env_start, guest_image.env_end);
    return 0;
}

static int view_auxv(FILE *out, const ViewContext *ctx)
{
    fwrite(guest_image.auxv, 8, guest_image.auxv_words, out);
    return 0;
}

static int put_generated(FILE *out, int (*generate)(char **, size_t *))
{
    char *text;
    size_t len;
    int ret = generate(&text, &len);

    if (!ret) {
        fwrite(text, 1, len, out);
        free(text);
    }
    return ret;
}

static int view_maps(FILE *out, const ViewContext *ctx)
{
    return put_generated(out, maps_generate);
}

static int view_smaps(FILE *out, const ViewContext *ctx)
{
    return put_generated(out, smaps_generate);
}

static int view_smaps_rollup(FILE *out, const ViewContext *ctx)
{
    return put_generated(out, smaps_rollup_generate);
}

/* Whole text of a host file of /proc/self, NUL-terminated, malloc'ed. */
static char *host_text(const ViewContext *ctx, const char *name)
{
    char path[64];
    char *text = malloc(8192);
    ssize_t n;
    int fd;

    if (ctx->tid) {
        snprintf(path, sizeof(path), "/proc/self/task/%d/%s", ctx->tid, name);
    } else {
        snprintf(path, sizeof(path), "/proc/self/%s", name);
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = text && fd >= 0 ? read(fd, text, 8191) : -1;
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = 0;
    return text;
}

/* An old or emulated host kernel may give fewer. */
#define STAT_FIELDS 52

/* What a thread's TaskState says, copied while it cannot go away. */
typedef struct TaskFacts {
    bool known;
    int seccomp;
    unsigned threads;
    uint64_t blocked, ignored, caught;
} TaskFacts;

static TaskFacts task_facts(int tid)
{
    TaskFacts f = { .threads = task_count() };
    TaskState *ts;

    task_list_lock();
    ts = task_find(tid ? tid : getpid());
    if (ts) {
        f.known = true;
        f.seccomp = seccomp_mode(ts);
        f.blocked = ts->blocked;
        signal_ignored_caught(ts, &f.ignored, &f.caught);
    }
    task_list_unlock();
    return f;
}

/* Kinds of guest memory, in bytes. */
typedef struct MemoryFacts {
    uint64_t data, stack, exec, text;
} MemoryFacts;

static int add_memory(const GuestMapping *m, void *opaque)
{
    MemoryFacts *f = opaque;
    uint64_t size = m->end - m->start;

    if (m->growsdown || !strcmp(m->name, "[stack]")) {
        f->stack += size;
    } else if ((m->prot & PAGE_WRITE) && !m->shared) {
        f->data += size;
    } else if (m->prot & PAGE_EXEC) {
        f->exec += size;
    }
    return 0;
}

static MemoryFacts memory_facts(void)
{
    MemoryFacts f = { 0 };

    mmap_walk(add_memory, &f);
    f.text = TARGET_PAGE_ALIGN(guest_image.end_code) -
             (guest_image.start_code & TARGET_PAGE_MASK);
    f.text = MIN(f.text, f.exec);
    return f;
}

/* Resident memory is the emulator's too: not more of it than the guest has. */
static uint64_t resident_pages(uint64_t host)
{
    return MIN(host * (sysconf(_SC_PAGESIZE) / TARGET_PAGE_SIZE),
               mmap_total_pages());
}

/* stat has the lower 31 signals, as a decimal number. */
static int64_t stat_signals(uint64_t set)
{
    return set & 0x7fffffff;
}

/* Fields of stat that describe the guest, by their number in proc(5). */
static bool stat_field(int field, const char *host, const TaskFacts *f,
                       int64_t *value)
{
    switch (field) {
    case 20: *value = f->threads; return true;
    case 23: *value = mmap_total_pages() * TARGET_PAGE_SIZE; return true;
    case 24: *value = resident_pages(strtoull(host, NULL, 10)); return true;
    case 26: *value = guest_image.start_code; return true;
    case 27: *value = guest_image.end_code; return true;
    case 28: *value = guest_image.start_stack; return true;
    case 32: *value = stat_signals(f->blocked); return f->known;
    case 33: *value = stat_signals(f->ignored); return f->known;
    case 34: *value = stat_signals(f->caught); return f->known;
    case 45: *value = guest_image.start_data; return true;
    case 46: *value = guest_image.end_data; return true;
    case 47: *value = target_brk_start(); return true;
    case 48: *value = guest_image.arg_start; return true;
    case 49: *value = guest_image.arg_end; return true;
    case 50: *value = guest_image.env_start; return true;
    case 51: *value = guest_image.env_end; return true;
    default: return false;
    }
}

static int view_stat(FILE *out, const ViewContext *ctx)
{
    TaskFacts facts = task_facts(ctx->tid);
    char *text = host_text(ctx, "stat");
    char *p, *save = NULL;
    int field = 3;

    if (!text) {
        return -ENOENT;
    }
    /* The name may hold anything: the last parenthesis ends it. */
    p = strrchr(text, ')');
    if (!p) {
        free(text);
        return -ENOENT;
    }
    fwrite(text, 1, p + 1 - text, out);
    p = strtok_r(p + 1, " \n", &save);
    while (p || field <= STAT_FIELDS) {
        int64_t value;

        if (stat_field(field, p ? p : "0", &facts, &value)) {
            fprintf(out, " %" PRId64, value);
        } else {
            fprintf(out, " %s", p ? p : "0");
        }
        p = p ? strtok_r(NULL, " \n", &save) : NULL;
        field++;
    }
    fputc('\n', out);
    free(text);
    return 0;
}

static int view_statm(FILE *out, const ViewContext *ctx)
{
    char *text = host_text(ctx, "statm");
    unsigned long size, resident, shared;
    MemoryFacts m = memory_facts();

    if (!text || sscanf(text, "%lu %lu %lu", &size, &resident, &shared) != 3) {
        free(text);
        return -ENOENT;
    }
    fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " 0 %" PRIu64
            " 0\n", mmap_total_pages(), resident_pages(resident),
            resident_pages(shared), m.text / TARGET_PAGE_SIZE,
            (m.data + m.stack) / TARGET_PAGE_SIZE);
    free(text);
    return 0;
}

/*
 * A line of status that tells an amount of memory: the guest's.  The parts of
 * what is resident come after the whole, of which *rest is left.
 */
static bool status_memory(FILE *out, const char *key, uint64_t host,
                          const MemoryFacts *m, uint64_t *rest)
{
    uint64_t size = mmap_total_pages() * TARGET_PAGE_SIZE / 1024, kib;

    if (!strcmp(key, "VmPeak") || !strcmp(key, "VmSize")) {
        kib = size;
    } else if (!strcmp(key, "VmHWM")) {
        kib = MIN(host, size);
    } else if (!strcmp(key, "VmRSS")) {
        kib = *rest = MIN(host, size);
    } else if (!strncmp(key, "Rss", 3)) {
        kib = MIN(host, *rest);
        *rest -= kib;
    } else if (!strcmp(key, "VmData")) {
        kib = m->data / 1024;
    } else if (!strcmp(key, "VmStk")) {
        kib = m->stack / 1024;
    } else if (!strcmp(key, "VmExe")) {
        kib = m->text / 1024;
    } else if (!strcmp(key, "VmLib")) {
        kib = (m->exec - m->text) / 1024;
    } else {
        return false;
    }
    fprintf(out, "%s:\t%8" PRIu64 " kB\n", key, kib);
    return true;
}

/* Another line of status about the guest, or false: keep the host's. */
static bool status_line(FILE *out, const char *key, const TaskFacts *f)
{
    if (!strcmp(key, "Threads")) {
        fprintf(out, "Threads:\t%u\n", f->threads);
    } else if (!f->known) {
        return false;
    } else if (!strcmp(key, "Seccomp")) {
        fprintf(out, "Seccomp:\t%d\n", f->seccomp);
    } else if (!strcmp(key, "SigBlk")) {
        fprintf(out, "SigBlk:\t%016" PRIx64 "\n", f->blocked);
    } else if (!strcmp(key, "SigIgn")) {
        fprintf(out, "SigIgn:\t%016" PRIx64 "\n", f->ignored);
    } else if (!strcmp(key, "SigCgt")) {
        fprintf(out, "SigCgt:\t%016" PRIx64 "\n", f->caught);
    } else {
        return false;
    }
    return true;
}

static int view_status(FILE *out, const ViewContext *ctx)
{
    TaskFacts facts = task_facts(ctx->tid);
    MemoryFacts memory = memory_facts();
    uint64_t rest = 0;
    char *text = host_text(ctx, "status");
    char *line, *save = NULL;

    if (!text) {
        return -ENOENT;
    }
    for (line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char key[32];
        size_t n = strcspn(line, ":");

        if (n < sizeof(key)) {
            memcpy(key, line, n);
            key[n] = 0;
            if (status_line(out, key, &facts) ||
                status_memory(out, key, strtoull(line + n + (line[n] != 0),
                                                 NULL, 10), &memory, &rest)) {
                continue;
            }
        }
        fprintf(out, "%s\n", line);
    }
    free(text);
    return 0;
}

/* Does the kernel know the guest's arguments?  Set once, at start. */
static bool arguments_published;

static const ProcView task_views[] = {
    { "auxv", view_auxv },
    { "cmdline", view_cmdline },
    { "environ", view_environ },
    { "maps", view_maps },
    { "smaps", view_smaps },
    { "smaps_rollup", view_smaps_rollup },
    { "stat", view_stat },
    { "statm", view_statm },
    { "status", view_status },
};

/* /proc/cpuinfo: the guest CPU, once for every host CPU that is online. */

static void cpuid_string(const struct X86CPUModel *m, uint32_t leaf, int regs,
                         char *out)
{
    uint32_t r[4];

    x86_cpuid(m, leaf, 0, &r[0], &r[1], &r[2], &r[3]);
    if (regs == 3) {        /* vendor: ebx, edx, ecx */
        memcpy(out, &r[1], 4);
        memcpy(out + 4, &r[3], 4);
        memcpy(out + 8, &r[2], 4);
    } else {
        memcpy(out, r, 16);
    }
}

static int view_cpuinfo(FILE *out, const ViewContext *ctx)
{
    const struct X86CPUModel *m = ctx->env->model;
    uint32_t a, b, c, d, family, model, top, ext;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    char vendor[13] = "", brand[49] = "";
    const char *name = brand;

    cpuid_string(m, 0, 3, vendor);
    x86_cpuid(m, 0, 0, &top, &b, &c, &d);
    x86_cpuid(m, 0x80000000, 0, &ext, &b, &c, &d);
    for (unsigned i = 0; i < 3 && ext >= 0x80000004; i++) {
        cpuid_string(m, 0x80000002 + i, 4, brand + 16 * i);
    }
    while (*name == ' ') {
        name++;
    }
    x86_cpuid(m, 1, 0, &a, &b, &c, &d);
    family = (a >> 8) & 15;
    model = (a >> 4) & 15;
    if (family == 6 || family == 15) {
        model |= (a >> 12) & 0xf0;
    }
    if (family == 15) {
        family += (a >> 20) & 255;
    }
    for (long i = 0; i < MAX(cpus, 1); i++) {
        fprintf(out,
                "processor\t: %ld\nvendor_id\t: %s\ncpu family\t: %u\n"
                "model\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n"
                "cpu MHz\t\t: 1000.000\ncache size\t: 4096 KB\n"
                "physical id\t: 0\nsiblings\t: %ld\ncore id\t\t: %ld\n"
                "cpu cores\t: %ld\napicid\t\t: %ld\ninitial apicid\t: %ld\n"
                "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\n"
                "wp\t\t: yes\nflags\t\t: ",
                i, vendor, family, model, name, a & 15, cpus, i, cpus, i, i,
                top);
        x86_cpu_flag_names(m, out);
        fprintf(out,
                "\nbugs\t\t:\nbogomips\t: 2000.00\nclflush size\t: 64\n"
                "cache_alignment\t: 64\n"
                "address sizes\t: 46 bits physical, 48 bits virtual\n"
                "power management:\n\n");
    }
    return 0;
}

static int view_osrelease(FILE *out, const ViewContext *ctx)
{
    if (!user_options.uname_release) {
        return -QEMU_NO_VIEW;
    }
    fprintf(out, "%s\n", user_options.uname_release);
    return 0;
}

static const ProcView global_views[] = {
    { "cpuinfo", view_cpuinfo },
    { "sys/kernel/osrelease", view_osrelease },
};

/* Finding the view a path means. */

bool proc_maybe_view(const char *path)
{
    static const char *const relative[] = {
        "auxv", "cmdline", "environ", "maps", "smaps", "smaps_rollup", "stat",
        "statm", "status", "cpuinfo", "exe", "mem",
    };

    if (path[0] == '/') {
        return !strncmp(path, "/proc/", 6);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(relative); i++) {
        const char *last = strrchr(path, '/');

        if (!strcmp(last ? last + 1 : path, relative[i])) {
            return true;
        }
    }
    return false;
}

/*
 * The absolute form of @path in @buf, or NULL when it is certainly outside
 * /proc.  Double slashes and dots are squeezed out.
 */
static const char *absolute_proc_path(int dirfd, const char *path,
                                      char buf[PATH_MAX])
{
    size_t len = 0;

    if (path[0] != '/') {
        char link[64];
        ssize_t n;

        snprintf(link, sizeof(link), dirfd == AT_FDCWD ? "/proc/self/cwd" :
                 "/proc/self/fd/%d", dirfd);
        n = readlink(link, buf, PATH_MAX - 1);
        if (n < 5 || memcmp(buf, "/proc", 5)) {
            return NULL;
        }
        len = n;
    }
    while (*path) {
        size_t n;

        while (*path == '/') {
            path++;
        }
        n = strcspn(path, "/");
        if (n == 0 || (n == 1 && path[0] == '.')) {
            path += n;
            continue;
        }
        if (n == 2 && path[0] == '.' && path[1] == '.') {
            while (len > 0 && buf[--len] != '/') {
                continue;
            }
            path += n;
            continue;
        }
        if (len + n + 2 > PATH_MAX) {
            return NULL;
        }
        buf[len++] = '/';
        memcpy(buf + len, path, n);
        len += n;
        path += n;
    }
    buf[len] = 0;
    return strncmp(buf, "/proc/", 6) ? NULL : buf;
}

/*
 * Split "task/TID/name" and tell whether a view is about one thread.  Returns
 * the name, or NULL if the thread is none of ours.
 */
static const char *split_task(const char *path, const char *rest, int *tid)
{
    *tid = 0;
    if (!strncmp(path, "/proc/thread-self/", 18)) {
        *tid = raw_syscall(__NR_gettid);
    } else if (!strncmp(rest, "task/", 5) && isdigit((uint8_t)rest[5])) {
        char *end;

        *tid = strtol(rest + 5, &end, 10);
        if (*end != '/') {
            return NULL;
        }
        rest = end + 1;
    }
    return rest;
}

/* Take the right to write from @fd, which stays the lowest that was free. */
static void reopen_for_reading(int fd, int host_flags)
{
    char link[32];
    int again;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    again = open(link, O_RDONLY | (host_flags & (O_CLOEXEC | O_NONBLOCK)));
    if (again >= 0) {
        dup3(again, fd, host_flags & O_CLOEXEC);
        close(again);
    }
}

static int view_fd(const ProcView *v, const ViewContext *ctx, int host_flags)
{
    char *text = NULL;
    size_t len = 0, done = 0;
    FILE *out;
    int fd, ret;

    if ((host_flags & O_ACCMODE) != O_RDONLY) {
        return -EACCES;
    }
    if (host_flags & O_DIRECTORY) {
        return -ENOTDIR;
    }
    out = open_memstream(&text, &len);
    if (!out) {
        return -ENOMEM;
    }
    ret = v->fn(out, ctx);
    if (fclose(out) && !ret) {
        ret = -ENOMEM;
    }
    fd = ret ? ret : memfd_create(v->name, host_flags & O_CLOEXEC ?
                                           MFD_CLOEXEC : 0);
    if (!ret && fd < 0) {
        ret = fd = -errno;
    }
    while (!ret && done < len) {
        ssize_t n = write(fd, text + done, len - done);

        if (n < 0) {
            ret = -errno;
            close(fd);
            fd = ret;
        } else {
            done += n;
        }
    }
    free(text);
    if (!ret) {
        lseek(fd, 0, SEEK_SET);
        fchmod(fd, 0444);
        reopen_for_reading(fd, host_flags);
    }
    return fd;
}

int64_t proc_open_view(CPUArchState *env, int dirfd, const char *path,
                       int host_flags)
{
    ViewContext ctx = { .env = env };
    char buf[PATH_MAX];
    const char *name, *abs;

    if (host_flags & O_PATH) {
        return -QEMU_NO_VIEW;
    }
    abs = absolute_proc_path(dirfd, path, buf);
    if (!abs) {
        return -QEMU_NO_VIEW;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(global_views); i++) {
        if (!strcmp(abs + 6, global_views[i].name)) {
            return view_fd(&global_views[i], &ctx, host_flags);
        }
    }
    name = path_proc_self(abs);
    name = name ? split_task(abs, name, &ctx.tid) : NULL;
    if (!name) {
        char exe[PATH_MAX];

        if (!(host_flags & O_NOFOLLOW) && proc_exe_other(abs, exe)) {
            return safe_syscall(__NR_openat, AT_FDCWD, exe, host_flags, 0);
        }
        return -QEMU_NO_VIEW;
    }
    if (!strcmp(name, "mem") && (host_flags & O_ACCMODE) != O_RDONLY) {
        syscall_work_set(SYSCALL_WORK_PROCMEM);
        return -QEMU_NO_VIEW;
    }
    if (!strcmp(name, "exe")) {
        if (host_flags & O_NOFOLLOW) {
            return -ELOOP;
        }
        return safe_syscall(__NR_openat, AT_FDCWD, path_exe_host(),
                            host_flags, 0);
    }
    if (arguments_published &&
        (!strcmp(name, "cmdline") || !strcmp(name, "environ"))) {
        /*
         * The kernel's file is right, and what was opened before execve shows
         * the new program's arguments, as it must.
         */
        return -QEMU_NO_VIEW;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(task_views); i++) {
        if (!strcmp(name, task_views[i].name)) {
            return view_fd(&task_views[i], &ctx, host_flags);
        }
    }
    return -QEMU_NO_VIEW;
}

int64_t proc_readlink_view(CPUArchState *env, int dirfd, const char *path,
                           char *out, size_t size)
{
    char buf[PATH_MAX], other[PATH_MAX];
    const char *abs = absolute_proc_path(dirfd, path, buf);
    const char *name = abs ? path_proc_self(abs) : NULL;
    const char *exe = path_exe();
    size_t len;
    int tid;

    name = name ? split_task(abs, name, &tid) : NULL;
    if (!name && abs && proc_exe_other(abs, other)) {
        exe = path_exe_shown(other);
    } else if (!name || strcmp(name, "exe")) {
        return -QEMU_NO_VIEW;
    }
    len = strlen(exe);
    if (len > size) {
        return -QEMU_NO_VIEW;
    }
    memcpy(out, exe, len);
    return len;
}

/*
 * Writes to /proc/self/mem go past page protections, so the engine would not
 * learn that code changed.  Called after each successful write once such a
 * file was opened.
 */
void proc_mem_written(int num, const uint64_t *a, int64_t done)
{
    char link[64], path[64], own[64];
    uint64_t offset;
    ssize_t n;

    switch (num) {
    case TARGET_NR_write:
    case TARGET_NR_writev:
        offset = lseek(a[0], 0, SEEK_CUR) - done;
        break;
    case TARGET_NR_pwrite64:
    case TARGET_NR_pwritev:
    case TARGET_NR_pwritev2:
        offset = a[3];
        break;
    default:
        return;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", (int)a[0]);
    n = readlink(link, path, sizeof(path) - 1);
    if (n > 0) {
        path[n] = 0;
        snprintf(own, sizeof(own), "/proc/%d/mem", (int)getpid());
        if (!strcmp(path, own)) {
            tb_invalidate_range(offset, done);
        }
    }
}

void procfs_publish(void)
{
    const ImageInfo *image = &guest_image;
    uint64_t brk = h2g(sbrk(0));
    struct prctl_mm_map map = {
        .start_code = image->start_code,
        .end_code = image->end_code,
        .start_data = image->start_data,
        .end_data = image->end_data,
        .start_brk = brk,           /* of the emulator: still in use */
        .brk = brk,
        .start_stack = image->start_stack,
        .arg_start = image->arg_start,
        .arg_end = image->arg_end,
        .env_start = image->env_start,
        .env_end = image->env_end,
        .exe_fd = -1,
    };

    const char *name = image->filename ? image->filename : "";
    const char *slash = strrchr(name, '/');

    name = slash ? slash + 1 : name;
    snprintf(task_current()->comm, sizeof(task_current()->comm), "%s", name);
    prctl(PR_SET_NAME, name);

    if (map.end_code <= map.start_code) {
        map.end_code = map.start_code + 1;
    }
    if (map.start_data == 0 || map.end_data < map.start_data) {
        map.start_data = map.end_data = map.end_code;
    }
    proc_exe_publish();
    arguments_published = prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map),
                                0) == 0;
}
