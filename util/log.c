/*
 * The log selected by -d and the one-line error messages.
 *
 * Every call formats into a buffer and hands it to the kernel in one write,
 * so lines of several threads and processes do not mix.  Nothing is buffered:
 * the log is complete when the process dies.  No lock: the mask, the file and
 * the filter are fixed before the first guest thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include <fcntl.h>
#include <sys/syscall.h>

#define MAX_FILTER 16

const QemuLogItem qemu_log_items[] = {
    { LOG_IN_ASM, "in_asm", "guest instructions of each unit translated" },
    { LOG_OP, "op", "intermediate code as the front end made it" },
    { LOG_OP_OPT, "op_opt", "intermediate code after the passes" },
    { LOG_OUT_ASM, "out_asm", "generated host code" },
    { LOG_INT, "int", "exceptions and signals in short form" },
    { LOG_EXEC, "exec", "every unit entered" },
    { LOG_CPU, "cpu", "registers before every unit" },
    { LOG_PAGE, "page", "the guest page table when it changes" },
    { LOG_NOCHAIN, "nochain", "do not chain units: exec and cpu see them all" },
    { LOG_STRACE, "strace", "system calls" },
    { LOG_UNIMP, "unimp", "what is not implemented" },
    { LOG_GUEST_ERRORS, "guest_errors", "mistakes of the guest program" },
    { LOG_TID, "tid", "begin every line with the thread id" },
    { LOG_KZT, "kzt", "library pass-through" },
    { LOG_LOADER, "loader", "program loading and loader events" },
    { LOG_STATS, "stats", "counters at exit" },
    { 0, NULL, NULL },
};

uint32_t qemu_loglevel;

static int log_fd = STDERR_FILENO;
static struct {
    uint64_t start, last;
} log_filter[MAX_FILTER];
static unsigned log_filter_count;

bool qemu_log_parse(const char *items, uint32_t *mask, const char **bad)
{
    uint32_t m = 0;

    while (*items) {
        size_t len = strcspn(items, ",");
        const QemuLogItem *it;

        for (it = qemu_log_items; it->name; it++) {
            if (strlen(it->name) == len && !memcmp(it->name, items, len)) {
                m |= it->mask;
                break;
            }
        }
        if (!it->name && len == 3 && !memcmp(items, "all", 3)) {
            for (it = qemu_log_items; it->name; it++) {
                m |= it->mask & ~(LOG_NOCHAIN | LOG_TID);
            }
        } else if (!it->name && len) {
            *bad = items;
            return false;
        }
        items += len;
        items += *items == ',';
    }
    *mask = m;
    return true;
}

int qemu_log_open(const char *path, bool append)
{
    char name[PATH_MAX], *p = name;
    int fd;

    if (!path) {
        log_fd = STDERR_FILENO;
        return 0;
    }
    while (*path && p < name + sizeof(name) - 16) {
        if (path[0] == '%' && path[1] == 'd') {
            p += snprintf(p, name + sizeof(name) - p, "%d", getpid());
            path += 2;
        } else {
            *p++ = *path++;
        }
    }
    if (*path) {
        return -ENAMETOOLONG;
    }
    *p = 0;
    fd = open(name, O_WRONLY | O_CREAT | (append ? 0 : O_TRUNC) | O_APPEND |
              O_CLOEXEC, 0666);
    if (fd < 0) {
        return -errno;
    }
    log_fd = fd;
    return 0;
}

int qemu_log_fd(void)
{
    return log_fd;
}

void qemu_log_set_fd(int fd)
{
    log_fd = fd;
}

bool qemu_log_set_filter(const char *ranges)
{
    unsigned n = 0;

    while (*ranges) {
        uint64_t start, arg, last;
        char kind;
        char *end;

        if (n == MAX_FILTER || !qemu_strtou64_hex(ranges, &end, &start)) {
            return false;
        }
        kind = *end;
        if (kind == '.') {
            if (end[1] != '.') {
                return false;
            }
            end++;
        } else if (kind != '+' && kind != '-') {
            return false;
        }
        if (!qemu_strtou64_hex(end + 1, &end, &arg)) {
            return false;
        }
        last = kind == '+' ? start + arg - 1 : kind == '-' ? start : arg;
        if (kind == '-') {
            start = start - arg + 1;
        }
        if (last < start || (*end && *end != ',')) {
            return false;
        }
        log_filter[n].start = start;
        log_filter[n++].last = last;
        ranges = end + (*end == ',');
    }
    log_filter_count = n;
    return true;
}

bool qemu_log_in_filter(uint64_t addr)
{
    unsigned i;

    for (i = 0; i < log_filter_count; i++) {
        if (addr >= log_filter[i].start && addr <= log_filter[i].last) {
            return true;
        }
    }
    return log_filter_count == 0;
}

/* A write that survives signals; a full disk or closed stderr is ignored. */
static void write_all(int fd, const char *buf, size_t len)
{
    while (len) {
        ssize_t n = write(fd, buf, len);

        if (n < 0 && errno != EINTR) {
            return;
        }
        if (n > 0) {
            buf += n;
            len -= n;
        }
    }
}

/* Format "prefix message suffix" and write it in one go. */
static void vwrite(int fd, const char *prefix, const char *suffix,
                   const char *fmt, va_list ap)
{
    char small[1024], *buf = small;
    size_t plen = strlen(prefix), slen = strlen(suffix);
    int saved = errno, len;
    va_list copy;

    va_copy(copy, ap);
    memcpy(buf, prefix, plen);
    len = vsnprintf(buf + plen, sizeof(small) - plen - slen, fmt, ap);
    if (len >= 0 && (size_t)len >= sizeof(small) - plen - slen) {
        char *big = malloc(plen + len + slen + 1);

        if (big) {
            buf = big;
            memcpy(buf, prefix, plen);
            vsnprintf(buf + plen, len + 1, fmt, copy);
        } else {
            len = sizeof(small) - plen - slen - 1;
        }
    }
    va_end(copy);
    if (len >= 0) {
        memcpy(buf + plen + len, suffix, slen);
        write_all(fd, buf, plen + len + slen);
    }
    if (buf != small) {
        free(buf);
    }
    errno = saved;
}

/* The thread id before each line of the message. */
static void log_with_id(const char *fmt, va_list ap)
{
    long tid = syscall(SYS_gettid);
    int saved = errno;
    StrBuf b = { 0 };
    char *text, *line, *end;

    if (vasprintf(&text, fmt, ap) < 0) {
        return;
    }
    for (line = text; *line; line = end) {
        end = strchrnul(line, '\n');
        end += *end == '\n';
        strbuf_printf(&b, "%ld %.*s", tid, (int)(end - line), line);
    }
    if (b.len) {
        write_all(log_fd, b.str, b.len);
    }
    free(b.str);
    free(text);
    errno = saved;
}

void qemu_logv(const char *fmt, va_list ap)
{
    if (qemu_loglevel & LOG_TID) {
        log_with_id(fmt, ap);
    } else {
        vwrite(log_fd, "", "", fmt, ap);
    }
}

void qemu_log(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    qemu_logv(fmt, ap);
    va_end(ap);
}

void error_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vwrite(STDERR_FILENO, "qemu-x86_64: ", "\n", fmt, ap);
    va_end(ap);
}
