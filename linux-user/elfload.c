/*
 * The program loader: maps the guest's ELF file and its interpreter.
 *
 * Headers are parsed and checked by elffile.c; mapping goes through the
 * guest's own mmap(), so that the page table, host pages of any size and
 * addresses that are taken are handled in one place.  Segments are mapped,
 * never read, whatever their size.
 *
 * Runs once, before the first guest thread.  Signal handlers are in place, so
 * a file that shrinks meanwhile becomes an error of uaccess, not a crash.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "linux-user/elffile.h"
#include "linux-user/elfload-pagesize.h"
#include "linux-user/loader.h"
#include "user/mmap.h"
#include "user/options.h"
#include "user/path.h"
#include "user/uaccess.h"
#include <fcntl.h>
#include <sys/stat.h>

#define EXIT_CANNOT_LOAD 1
#define EXIT_BAD_ELF     255
#define MAX_SCRIPTS      5

ImageInfo guest_image;

/* One ELF file on its way into memory. */
typedef struct Image {
    const char *name;       /* for messages */
    int fd;
    ElfFile ef;
    uint64_t bias;
} Image;

static int cannot_load(const char *path, int err)
{
    fprintf(stderr, "Error while loading %s: %s\n", path, strerror(-err));
    return EXIT_CANNOT_LOAD;
}

static int bad_elf(const char *path, const char *why)
{
    error_report("%s: Invalid ELF image for this architecture (%s)", path,
                 why);
    return EXIT_BAD_ELF;
}

/* Read and check the headers.  0, the exit status, or -errno and no message. */
static int read_headers(Image *img)
{
    char start[1024];
    const char *why;
    struct stat st;
    uint32_t bytes;
    uint64_t phoff;
    void *phdrs;
    ssize_t n;

    if (fstat(img->fd, &st) < 0) {
        return -errno;
    }
    n = pread(img->fd, start, sizeof(start), 0);
    if (n < 0) {
        return -errno;
    }
    if (!elf_is_elf(start, n)) {
        return -ENOEXEC;
    }
    why = elf_check_header(start, n, st.st_size, &phoff, &bytes);
    if (why) {
        return bad_elf(img->name, why);
    }
    if (phoff + bytes <= (uint64_t)n) {
        why = elf_parse(start, start + phoff, bytes, st.st_size,
                        TARGET_TASK_SIZE, &img->ef);
    } else {
        phdrs = xmalloc(bytes);
        if (pread_full(img->fd, phdrs, bytes, phoff) < 0) {
            why = "program headers cannot be read";
        } else {
            why = elf_parse(start, phdrs, bytes, st.st_size, TARGET_TASK_SIZE,
                            &img->ef);
        }
        free(phdrs);
    }
    return why ? bad_elf(img->name, why) : 0;
}

static int segment_prot(const ElfSegment *s)
{
    return (s->flags & PF_R ? PAGE_READ : 0) |
           (s->flags & PF_W ? PAGE_WRITE : 0) |
           (s->flags & PF_X ? PAGE_EXEC : 0);
}

/*
 * For the test of this matter only (QEMU_TEST_WIDEN=1): map every segment from
 * the beginning of its host page, whatever else lives there.
 */
static bool widen_blindly;

/* Map one segment at its place.  0 or -errno. */
static int map_segment(const Image *img, const ElfSegment *s)
{
    uint64_t addr = img->bias + s->vaddr;
    uint64_t start = addr & TARGET_PAGE_MASK;
    uint64_t head = addr - start;
    uint64_t file_end = addr + s->filesz, mem_end = addr + s->memsz;
    uint64_t zero = start;
    int prot = segment_prot(s);
    int64_t ret;

    if (unlikely(widen_blindly) && s->align && s->filesz &&
        s->align % host_page_size == 0) {
        head = addr & (host_page_size - 1);
        zero = start = addr - head;
    }

    if (s->filesz) {
        ret = target_mmap(start, s->filesz + head, prot,
                          TARGET_MAP_PRIVATE | TARGET_MAP_FIXED, img->fd,
                          s->offset - head);
        if (ret < 0) {
            return ret;
        }
        zero = TARGET_PAGE_ALIGN(file_end);
        if (s->memsz > s->filesz && (prot & PAGE_WRITE) && zero > file_end &&
            !clear_guest(file_end, zero - file_end)) {
            return -EFAULT;
        }
    }
    if (s->memsz > s->filesz && TARGET_PAGE_ALIGN(mem_end) > zero) {
        /* As the kernel does: the rest of the bss can always be written. */
        ret = target_mmap(zero, TARGET_PAGE_ALIGN(mem_end) - zero,
                          PAGE_READ | PAGE_WRITE | (prot & PAGE_EXEC),
                          TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS |
                          TARGET_MAP_FIXED, -1, 0);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}

static int by_address(const void *a, const void *b)
{
    const ElfSegment *x = a, *y = b;

    return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

/* Give back the parts of a reservation that no segment covers. */
static void unmap_gaps(const Image *img)
{
    const ElfFile *ef = &img->ef;
    ElfSegment *sorted = xmalloc(ef->nsegs * sizeof(*sorted));
    uint64_t at = ef->lo;
    unsigned i;

    memcpy(sorted, ef->segs, ef->nsegs * sizeof(*sorted));
    qsort(sorted, ef->nsegs, sizeof(*sorted), by_address);
    for (i = 0; i < ef->nsegs; i++) {
        uint64_t lo = sorted[i].vaddr & TARGET_PAGE_MASK;
        uint64_t hi = TARGET_PAGE_ALIGN(sorted[i].vaddr + sorted[i].memsz);

        if (lo > at) {
            target_munmap(img->bias + at, lo - at);
        }
        at = MAX(at, hi);
    }
    free(sorted);
}

/*
 * Reserve memory for a position-independent file near @hint and set the bias.
 * The bias keeps the alignment that the segments ask for, at least the host's
 * page, so that file offsets and addresses agree.
 */
static int reserve(Image *img, uint64_t hint)
{
    uint64_t align = MAX(img->ef.max_align, host_page_size);
    uint64_t phase = img->ef.lo & (align - 1);
    uint64_t len = img->ef.hi - img->ef.lo;
    const int flags = TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS |
                      TARGET_MAP_NORESERVE;
    uint64_t want, room = len;
    int64_t base;

    want = hint ? ROUND_UP(hint, align) + phase : 0;
    if (!hint && align > host_page_size) {
        room = len + align;
    }
    base = target_mmap(want, room, 0, flags, -1, 0);
    if (base >= 0 && ((base - phase) & (align - 1)) && room == len) {
        target_munmap(base, room);
        room = len + align;
        base = target_mmap(0, room, 0, flags, -1, 0);
    }
    if (base < 0) {
        return base;
    }
    want = ROUND_UP(base - phase, align) + phase;
    if (want > (uint64_t)base) {
        target_munmap(base, want - base);
    }
    if (base + room > want + len) {
        target_munmap(want + len, base + room - want - len);
    }
    img->bias = want - img->ef.lo;
    return 0;
}

static void log_segments(const Image *img)
{
    const ElfFile *ef = &img->ef;
    ElfPagesizeSegment *ps = xcalloc(ef->nsegs, sizeof(*ps));
    unsigned i;

    for (i = 0; i < ef->nsegs; i++) {
        const ElfSegment *s = &ef->segs[i];

        ps[i] = (ElfPagesizeSegment) { PT_LOAD, s->vaddr, s->memsz, s->align };
    }
    for (i = 0; i < ef->nsegs; i++) {
        const ElfSegment *s = &ef->segs[i];

        qemu_log("loader: %s %012" PRIx64 "-%012" PRIx64 " %c%c%c offset %"
                 PRIx64 ", pages of %" PRIu64 " and %" PRIu64 " at the edges\n",
                 img->name, img->bias + s->vaddr,
                 img->bias + s->vaddr + s->memsz, s->flags & PF_R ? 'r' : '-',
                 s->flags & PF_W ? 'w' : '-', s->flags & PF_X ? 'x' : '-',
                 s->offset,
                 elf_load_exec_pagesize(ps, ef->nsegs, i, img->bias,
                                        host_page_size, TARGET_PAGE_SIZE),
                 elf_load_tail_pagesize(ps, ef->nsegs, i, img->bias,
                                        host_page_size, TARGET_PAGE_SIZE));
    }
    free(ps);
}

/* Map all of @img.  0 or the exit status. */
static int map_image(Image *img, uint64_t hint)
{
    unsigned i;
    int ret;

    widen_blindly = getenv("QEMU_TEST_WIDEN") != NULL;
    if (img->ef.type == ET_DYN) {
        ret = reserve(img, hint);
        if (ret < 0) {
            error_report("%s: no room for the program (%" PRIu64 " MiB): %s",
                         img->name, (img->ef.hi - img->ef.lo) >> 20,
                         strerror(-ret));
            return EXIT_BAD_ELF;
        }
    }
    for (i = 0; i < img->ef.nsegs; i++) {
        const ElfSegment *s = &img->ef.segs[i];

        ret = map_segment(img, s);
        if (ret < 0) {
            error_report("%s: cannot map %" PRIu64 " bytes at 0x%" PRIx64
                         ": %s", img->name, s->memsz, img->bias + s->vaddr,
                         strerror(-ret));
            return EXIT_BAD_ELF;
        }
    }
    if (img->ef.type == ET_DYN) {
        unmap_gaps(img);
    }
    if (qemu_loglevel_mask(LOG_LOADER)) {
        log_segments(img);
    }
    return 0;
}

/* Open and map PT_INTERP.  0 or the exit status. */
static int load_interpreter(const Image *prog, Image *interp)
{
    char name[PATH_MAX], buf[PATH_MAX];
    const char *host;
    int ret;

    ret = pread_full(prog->fd, name, prog->ef.interp_size,
                     prog->ef.interp_offset);
    if (ret < 0 || name[prog->ef.interp_size - 1]) {
        return bad_elf(prog->name, "a bad interpreter name");
    }
    guest_image.interp_path = xstrdup(name);
    host = path_to_host(name, buf, false);
    interp->fd = open(host, O_RDONLY | O_CLOEXEC);
    if (interp->fd < 0) {
        ret = errno;
        error_report("Could not open '%s': %s%s", name, strerror(ret),
                     ret == ENOENT ? " (use -L DIR to name the directory that "
                     "holds the guest's system)" : "");
        return EXIT_BAD_ELF;
    }
    interp->name = guest_image.interp_path;
    ret = read_headers(interp);
    if (ret < 0) {
        ret = bad_elf(interp->name, strerror(-ret));
    }
    return ret ? ret : map_image(interp, guest_layout.interp_base);
}

/* What /proc and the auxiliary vector say about the image. */
static void describe(const Image *img)
{
    ImageInfo *info = &guest_image;
    uint64_t brk = 0;
    unsigned i;

    info->load_bias = img->bias;
    info->load_addr = img->bias + img->ef.lo;
    info->entry = info->start_pc = img->bias + img->ef.entry;
    info->phdr = img->ef.phdr_vaddr ? img->bias + img->ef.phdr_vaddr : 0;
    info->phnum = img->ef.phnum;
    info->exec_stack = img->ef.exec_stack;
    info->start_code = info->start_data = UINT64_MAX;
    for (i = 0; i < img->ef.nsegs; i++) {
        const ElfSegment *s = &img->ef.segs[i];
        uint64_t addr = img->bias + s->vaddr;

        if (s->flags & PF_X) {
            info->start_code = MIN(info->start_code, addr);
            info->end_code = MAX(info->end_code, addr + s->filesz);
        }
        if (s->flags & PF_W || info->start_data == UINT64_MAX) {
            info->start_data = addr;
            info->end_data = MAX(info->end_data, addr + s->filesz);
        }
        brk = MAX(brk, addr + s->memsz);
    }
    if (info->start_code == UINT64_MAX) {
        info->start_code = 0;
    }
    /* The heap starts in a host page of its own. */
    info->start_brk = ROUND_UP(brk, host_page_size);
    target_set_brk(info->start_brk);
}

/* The real path of an open file: /proc/self/exe. */
static char *path_of_fd(int fd)
{
    char link[40], path[PATH_MAX];
    ssize_t len;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof(path) - 1);
    return len < 0 ? xstrdup("") : xstrndup(path, len);
}

/* Load the ELF file @prog->fd.  0 or the exit status. */
static int load_elf(Image *prog)
{
    Image interp = { .fd = -1 };
    int ret = read_headers(prog);

    if (ret < 0) {
        ret = cannot_load(prog->name, ret);
    }
    if (ret) {
        return ret;
    }
    ret = map_image(prog, guest_layout.pie_base);
    if (ret == 0) {
        describe(prog);
        guest_image.exe_path = path_of_fd(prog->fd);
        if (prog->ef.interp_size) {
            ret = load_interpreter(prog, &interp);
        }
    }
    if (ret == 0 && prog->ef.interp_size) {
        guest_image.has_interp = true;
        guest_image.interp_base = interp.bias;
        guest_image.interp_end = interp.bias + interp.ef.hi;
        guest_image.start_pc = interp.bias + interp.ef.entry;
    }
    if (interp.fd >= 0) {
        close(interp.fd);
        elf_file_free(&interp.ef);
    }
    elf_file_free(&prog->ef);
    return ret;
}

/* argv of a script: interpreter, its argument, the script, the rest. */
static void script_args(LoadArgs *a, const char *interp, const char *arg,
                        const char *script)
{
    char **v = xcalloc(a->argc + 4, sizeof(*v));
    int n = 0, i;

    v[n++] = xstrdup(interp);
    if (*arg) {
        v[n++] = xstrdup(arg);
    }
    v[n++] = xstrdup(script);
    for (i = 1; i < a->argc; i++) {
        v[n++] = a->argv[i];
    }
    a->argc = n;
    a->argv = v;
}

/*
 * Follow #! lines from the open file *fd until something else comes.  0 or the
 * exit status.  *name is the path of what is in *fd then.
 */
static int follow_scripts(const LoadRequest *req, int *fd, const char **name,
                          LoadArgs *args)
{
    char interp[256], arg[256], start[2], buf[PATH_MAX];
    const char *script = req->execfn ? req->execfn : req->path;
    int depth;

    for (depth = 0; pread(*fd, start, 2, 0) == 2 && !memcmp(start, "#!", 2);
         depth++) {
        int ret = exec_parse_script(*fd, interp, arg), next;

        if (depth == MAX_SCRIPTS) {
            ret = -ELOOP;
        }
        if (ret < 0) {
            return cannot_load(req->path, ret);
        }
        script_args(args, interp, arg, script);
        next = exec_open(path_to_host(interp, buf, false), false);
        if (next < 0) {
            return cannot_load(req->path, next);
        }
        close(*fd);
        *fd = next;
        *name = script = args->argv[0];
    }
    return 0;
}

int loader_map(const LoadRequest *req, LoadArgs *args)
{
    Image prog = { .name = req->path, .fd = req->fd };
    int ret;

    args->argc = req->argc;
    args->argv = req->argv;
    if (prog.fd < 0) {
        prog.fd = exec_open(req->path, req->checked);
        if (prog.fd < 0) {
            return cannot_load(req->path, prog.fd);
        }
    }
    ret = follow_scripts(req, &prog.fd, &prog.name, args);
    if (ret == 0) {
        ret = load_elf(&prog);
    }
    close(prog.fd);
    return ret;
}

int loader_exec(const LoadRequest *req, CPUArchState *env)
{
    LoadArgs args;
    int ret;

    guest_image.filename = xstrdup(req->execfn ? req->execfn : req->path);
    ret = stack_reserve(user_options.stack_size);
    if (ret < 0) {
        error_report("no room for the stack: %s (use -s)", strerror(-ret));
        return EXIT_BAD_ELF;
    }
    ret = loader_map(req, &args);
    if (ret == 0) {
        guest_image.vdso_base = vdso_map(&guest_image.vdso_size);
        ret = stack_build(req, args.argc, args.argv, env);
        if (ret < 0) {
            ret = cannot_load(req->path, ret);
        }
    }
    return ret;
}
