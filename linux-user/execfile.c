/*
 * What kind of file an executable is, before anything is mapped: ELF for this
 * guest, ELF for another machine, script, or something else.
 *
 * No state.  Files are untrusted: everything read is bounded and checked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "linux-user/elffile.h"
#include "linux-user/loader.h"
#include "user/mmap.h"
#include "user/path.h"
#include <fcntl.h>
#include <sys/stat.h>

/* The kernel looks at this much of a file. */
#define BINPRM_SIZE 256

int exec_open(const char *path, bool checked)
{
    struct stat st;
    int fd;

    if (stat(path, &st) < 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode)) {
        return -EACCES;
    }
    if (!checked && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
        return -errno;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Up to @size bytes from the start of the file; their number or -errno. */
static ssize_t read_start(int fd, void *buf, size_t size)
{
    ssize_t n;

    do {
        n = pread(fd, buf, size, 0);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int exec_parse_script(int fd, char interp[256], char arg[256])
{
    char buf[BINPRM_SIZE + 1];
    ssize_t n = read_start(fd, buf, BINPRM_SIZE);
    char *p, *end, *name;

    if (n < 3 || buf[0] != '#' || buf[1] != '!') {
        return -ENOEXEC;
    }
    buf[n] = 0;
    end = memchr(buf, '\n', n);
    if (!end) {
        /*
         * The line was cut: fine if the interpreter's name is complete, which
         * means that something follows it or the file ends here.
         */
        end = buf + n;
        for (p = buf + 2; p < end && is_blank(*p); p++) {
        }
        for (; p < end && *p && !is_blank(*p); p++) {
        }
        if (p == end && n == BINPRM_SIZE) {
            return -ENOEXEC;
        }
    }
    while (end > buf + 2 && is_blank(end[-1])) {
        end--;
    }
    *end = 0;
    for (p = buf + 2; is_blank(*p); p++) {
    }
    if (!*p) {
        return -ENOEXEC;
    }
    name = p;
    while (*p && !is_blank(*p)) {
        p++;
    }
    memcpy(interp, name, p - name);
    interp[p - name] = 0;
    while (is_blank(*p)) {
        p++;
    }
    memcpy(arg, p, end - p + 1);       /* with its NUL */
    return 0;
}

/* Would the loader take this guest ELF file?  0 or -errno as execve(). */
static int check_guest_elf(int fd, const char *start, ssize_t n)
{
    char interp[PATH_MAX], buf[PATH_MAX];
    const char *why = NULL;
    struct stat st;
    uint32_t bytes;
    uint64_t phoff;
    ElfFile ef;
    void *phdrs;
    int ret = 0;

    if (fstat(fd, &st) < 0) {
        return -errno;
    }
    if (elf_check_header(start, n, st.st_size, &phoff, &bytes)) {
        return -ENOEXEC;
    }
    phdrs = malloc(bytes);
    if (!phdrs) {
        return -ENOMEM;
    }
    if (pread_full(fd, phdrs, bytes, phoff) < 0) {
        why = "";
    } else {
        why = elf_parse(start, phdrs, bytes, st.st_size, TARGET_TASK_SIZE,
                        &ef);
    }
    free(phdrs);
    if (why) {
        return -ENOEXEC;
    }
    if (ef.interp_size) {
        if (pread_full(fd, interp, ef.interp_size, ef.interp_offset) < 0 ||
            interp[ef.interp_size - 1]) {
            ret = -ENOEXEC;
        } else if (access(path_to_host(interp, buf, false), R_OK) < 0) {
            ret = -errno;
        }
    }
    elf_file_free(&ef);
    return ret;
}

int exec_classify(int fd, const char *path, ExecKind *kind)
{
    char start[BINPRM_SIZE];
    int own = -1, ret = 0;
    ssize_t n;

    *kind = EXEC_NONE;
    if (fd < 0) {
        fd = own = exec_open(path, false);
        if (fd < 0) {
            return fd;
        }
    }
    n = read_start(fd, start, sizeof(start));
    if (n < 0) {
        ret = n;
    } else if (n >= 2 && start[0] == '#' && start[1] == '!') {
        *kind = EXEC_SCRIPT;
    } else if (elf_is_guest(start, n)) {
        *kind = EXEC_GUEST_ELF;
        ret = check_guest_elf(fd, start, n);
    } else if (elf_is_elf(start, n)) {
        *kind = EXEC_OTHER_ELF;
    } else {
        *kind = EXEC_OTHER;
    }
    if (own >= 0) {
        close(own);
    }
    return ret;
}
