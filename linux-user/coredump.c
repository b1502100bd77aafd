/*
 * Core files of the guest: what an x86-64 kernel would have written, so that a
 * debugger for x86-64 programs can open them.
 *
 * Layout: ELF header, program headers, notes (registers of every thread, the
 * dying one first; process, signal, auxiliary vector, mapped files), then the
 * memory a kernel with the default coredump_filter dumps: private writable and
 * anonymous memory, and the first page of mapped ELF files.
 *
 * The other threads are stopped at safe points.  Memory is handed to the
 * kernel's write() in place, so pages that vanish leave a hole, not a crash.
 * The limit on core files and the host's core_pattern are obeyed; a pattern
 * that pipes to a program is not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "signal-internal.h"
#include "exec/engine.h"
#include "user/elfload.h"
#include "user/mmap.h"
#include "user/process.h"
#include "user/uaccess.h"
#include <elf.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef NT_SIGINFO
#define NT_SIGINFO 0x53494749
#endif
#ifndef NT_FILE
#define NT_FILE 0x46494c45
#endif
#define GUEST_NT_X86_XSTATE 0x202

#define XSAVE_MAX 4096

/* struct elf_prstatus of x86-64; registers as in struct user_regs_struct. */
typedef struct GuestPrStatus {
    int32_t signo, code, err;
    int16_t cursig;
    uint64_t sigpend, sighold;
    int32_t pid, ppid, pgrp, sid;
    uint64_t times[8];
    uint64_t reg[27];
    int32_t fpvalid;
} GuestPrStatus;
QEMU_BUILD_BUG_ON(sizeof(GuestPrStatus) != 336);

typedef struct GuestPrPsInfo {
    char state, sname, zomb, nice;
    uint64_t flag;
    uint32_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    char fname[16];
    char psargs[80];
} GuestPrPsInfo;
QEMU_BUILD_BUG_ON(sizeof(GuestPrPsInfo) != 136);

typedef struct CoreSegment {
    uint64_t start, end, dump_size, offset;
    int prot;
    bool file;
    char *name;             /* malloc'ed, for NT_FILE; NULL when anonymous */
} CoreSegment;

typedef struct CoreFile {
    int fd;
    int pagemap;
    uint64_t limit;
    uint8_t *notes;
    size_t notes_size, notes_room;
    CoreSegment *seg;
    size_t nseg, seg_room;
    bool failed;            /* out of memory */
} CoreFile;

/*
 * Notes.
 */

static void note_bytes(CoreFile *core, const void *data, size_t size)
{
    size_t padded = ROUND_UP(size, (size_t)4);

    if (core->notes_size + padded > core->notes_room) {
        size_t room = (core->notes_size + padded) * 2;
        uint8_t *p = realloc(core->notes, room);

        if (!p) {
            core->failed = true;
            return;
        }
        core->notes = p;
        core->notes_room = room;
    }
    memset(core->notes + core->notes_size, 0, padded);
    memcpy(core->notes + core->notes_size, data, size);
    core->notes_size += padded;
}

static void note_add(CoreFile *core, const char *name, uint32_t type,
                     const void *data, size_t size)
{
    Elf64_Nhdr hdr = { .n_namesz = strlen(name) + 1, .n_descsz = size,
                       .n_type = type };

    note_bytes(core, &hdr, sizeof(hdr));
    note_bytes(core, name, hdr.n_namesz);
    note_bytes(core, data, size);
}

static void note_thread(CoreFile *core, TaskState *ts, int sig,
                        const siginfo_t *info)
{
    static const int8_t order[] = {
        R_R15, R_R14, R_R13, R_R12, R_EBP, R_EBX, R_R11, R_R10, R_R9, R_R8,
        R_EAX, R_ECX, R_EDX, R_ESI, R_EDI,
    };
    CPUArchState *env = ts->env;
    GuestPrStatus st = { .signo = sig, .cursig = sig, .pid = ts->tid,
                         .ppid = getppid(), .pgrp = getpgrp(),
                         .sid = getsid(0), .sighold = ts->blocked,
                         .fpvalid = 1 };
    uint8_t fp[XSAVE_MAX] QEMU_ALIGNED(64);
    size_t size = cpu_xsave_size(env);

    if (info) {
        st.code = info->si_code;
        st.err = info->si_errno;
    }
    for (int i = 0; i < ARRAY_SIZE(order); i++) {
        st.reg[i] = env->regs[order[i]];
    }
    st.reg[15] = -1;                    /* orig_rax: not in a system call */
    st.reg[16] = env->rip;
    st.reg[17] = 0x33;
    st.reg[18] = cpu_get_eflags(env);
    st.reg[19] = env->regs[R_ESP];
    st.reg[20] = 0x2b;
    st.reg[21] = env->fs_base;
    st.reg[22] = env->gs_base;
    note_add(core, "CORE", NT_PRSTATUS, &st, sizeof(st));

    memset(fp, 0, sizeof(fp));
    cpu_fxsave(env, fp);
    note_add(core, "CORE", NT_FPREGSET, fp, 512);
    memset(fp, 0, sizeof(fp));
    cpu_xsave(env, fp, env->xcr0);
    /* Debuggers look for XCR0 in the software-reserved bytes. */
    memcpy(fp + 464, &env->xcr0, sizeof(env->xcr0));
    note_add(core, "LINUX", GUEST_NT_X86_XSTATE, fp, MIN(size, sizeof(fp)));
}

static void note_process(CoreFile *core)
{
    GuestPrPsInfo ps = { .sname = 'R', .uid = getuid(), .gid = getgid(),
                         .pid = getpid(), .ppid = getppid(),
                         .pgrp = getpgrp(), .sid = getsid(0) };
    const char *base = guest_image.filename ? guest_image.filename : "";
    const char *slash = strrchr(base, '/');
    size_t len = 0;

    snprintf(ps.fname, sizeof(ps.fname), "%s", slash ? slash + 1 : base);
    for (int i = 0; i < guest_image.argc && len < sizeof(ps.psargs); i++) {
        len += snprintf(ps.psargs + len, sizeof(ps.psargs) - len, "%s%s",
                        i ? " " : "", guest_image.argv[i]);
    }
    note_add(core, "CORE", NT_PRPSINFO, &ps, sizeof(ps));
}

/* NT_FILE: count, page size, {start, end, page offset} each, then names. */
static void note_files(CoreFile *core)
{
    uint64_t head[2] = { 0, GUEST_PAGE_SIZE };
    size_t names = 0;
    uint8_t *buf;
    uint64_t *row;
    char *text;

    for (size_t i = 0; i < core->nseg; i++) {
        if (core->seg[i].name) {
            head[0]++;
            names += strlen(core->seg[i].name) + 1;
        }
    }
    buf = malloc(sizeof(head) + head[0] * 24 + names);
    if (!buf) {
        core->failed = true;
        return;
    }
    memcpy(buf, head, sizeof(head));
    row = (uint64_t *)(buf + sizeof(head));
    text = (char *)(row + head[0] * 3);
    for (size_t i = 0; i < core->nseg; i++) {
        CoreSegment *s = &core->seg[i];

        if (s->name) {
            *row++ = s->start;
            *row++ = s->end;
            *row++ = s->offset / GUEST_PAGE_SIZE;
            text = stpcpy(text, s->name) + 1;
        }
    }
    note_add(core, "CORE", NT_FILE, buf, (uint8_t *)text - buf);
    free(buf);
}

/*
 * Memory.
 */

/*
 * Was a private file mapping written to, relocations before it became
 * read-only, say?  /proc/self/pagemap tells: a page that is there and not the
 * file's (bit 61 clear).
 */
static bool has_private_pages(CoreFile *core, uint64_t start, uint64_t end)
{
    uint64_t entry[512];
    uint64_t pages = (end - start) / GUEST_PAGE_SIZE;
    uint64_t first = start / host_page_size;

    if (host_page_size != GUEST_PAGE_SIZE || core->pagemap < 0) {
        return false;
    }
    for (uint64_t done = 0; done < pages;) {
        size_t want = MIN(pages - done, (uint64_t)ARRAY_SIZE(entry)) * 8;
        ssize_t n = pread(core->pagemap, entry, want, (first + done) * 8);

        if (n < 8) {
            return false;
        }
        for (int i = 0; i < n / 8; i++) {
            if ((entry[i] >> 62) && !((entry[i] >> 61) & 1)) {
                return true;
            }
        }
        done += n / 8;
    }
    return false;
}

static int collect_segment(const GuestMapping *m, void *opaque)
{
    CoreFile *core = opaque;
    CoreSegment *s;

    if (core->nseg == core->seg_room) {
        size_t room = core->seg_room ? core->seg_room * 2 : 64;

        s = realloc(core->seg, room * sizeof(*s));
        if (!s) {
            core->failed = true;
            return 1;
        }
        core->seg = s;
        core->seg_room = room;
    }
    s = &core->seg[core->nseg++];
    memset(s, 0, sizeof(*s));
    s->start = m->start;
    s->end = m->end;
    s->offset = m->offset;
    s->prot = m->prot;
    s->file = m->name && m->name[0] == '/';
    s->name = s->file ? strdup(m->name) : NULL;
    if (!(m->prot & PAGE_READ) || m->dontdump) {
        s->dump_size = 0;
    } else if (!s->file ||
               (!m->shared && ((m->prot & PAGE_WRITE) ||
                               has_private_pages(core, m->start, m->end)))) {
        s->dump_size = m->end - m->start;
    } else if (m->offset == 0) {
        s->dump_size = GUEST_PAGE_SIZE;         /* an ELF header, maybe */
    }
    return 0;
}

static bool page_is_zero(uint64_t addr)
{
    uint64_t page[GUEST_PAGE_SIZE / 8];
    uint64_t any = 0;

    if (!copy_from_guest(page, addr, sizeof(page))) {
        return true;
    }
    for (int i = 0; i < ARRAY_SIZE(page); i++) {
        any |= page[i];
    }
    return any == 0;
}

static void write_segment(CoreFile *core, const CoreSegment *s, uint64_t pos)
{
    for (uint64_t done = 0; done < s->dump_size; done += GUEST_PAGE_SIZE) {
        if (pos + done + GUEST_PAGE_SIZE > core->limit) {
            return;
        }
        if (!page_is_zero(s->start + done) &&
            pwrite(core->fd, g2h(s->start + done), GUEST_PAGE_SIZE,
                   pos + done) < 0 && errno != EFAULT) {
            return;
        }
    }
}

static void write_at(CoreFile *core, const void *data, size_t size,
                     uint64_t pos)
{
    if (pos + size <= core->limit &&
        pwrite(core->fd, data, size, pos) != (ssize_t)size) {
        core->limit = 0;
    }
}

static void write_core(CoreFile *core)
{
    size_t nph = core->nseg + 1;
    Elf64_Ehdr eh = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                     ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(eh),
        .e_ehsize = sizeof(eh),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = MIN(nph, (size_t)0xfffe),
    };
    Elf64_Phdr *ph = calloc(nph, sizeof(*ph));
    uint64_t notes_pos, pos;

    if (!ph) {
        return;
    }
    nph = eh.e_phnum;
    notes_pos = sizeof(eh) + nph * sizeof(*ph);
    ph[0].p_type = PT_NOTE;
    ph[0].p_offset = notes_pos;
    ph[0].p_filesz = core->notes_size;
    ph[0].p_align = 4;
    pos = TARGET_PAGE_ALIGN(notes_pos + core->notes_size);
    for (size_t i = 1; i < nph; i++) {
        CoreSegment *s = &core->seg[i - 1];

        ph[i].p_type = PT_LOAD;
        ph[i].p_flags = (s->prot & PAGE_READ ? PF_R : 0) |
                        (s->prot & PAGE_WRITE ? PF_W : 0) |
                        (s->prot & PAGE_EXEC ? PF_X : 0);
        ph[i].p_vaddr = s->start;
        ph[i].p_memsz = s->end - s->start;
        ph[i].p_filesz = s->dump_size;
        ph[i].p_offset = pos;
        ph[i].p_align = GUEST_PAGE_SIZE;
        pos += s->dump_size;
    }
    write_at(core, &eh, sizeof(eh), 0);
    write_at(core, ph, nph * sizeof(*ph), sizeof(eh));
    write_at(core, core->notes, core->notes_size, notes_pos);
    for (size_t i = 1; i < nph; i++) {
        write_segment(core, &core->seg[i - 1], ph[i].p_offset);
    }
    /* Trailing zero pages are holes, but the file has its full length. */
    if (ftruncate(core->fd, MIN(pos, core->limit)) < 0) {
        core->limit = 0;
    }
    free(ph);
}

/*
 * The file.
 */

/* core_pattern (core(5)) with its % sequences replaced; false: no file. */
static bool core_name(char *out, size_t size, int sig)
{
    char pattern[256] = "core", comm[20] = "";
    bool with_pid = false;
    size_t n = 0;
    ssize_t len;
    int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        len = read(fd, pattern, sizeof(pattern) - 1);
        pattern[len > 0 ? len : 0] = 0;
        pattern[strcspn(pattern, "\n")] = 0;
        close(fd);
    }
    if (!pattern[0] || pattern[0] == '|') {
        return false;
    }
    fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        len = read(fd, comm, sizeof(comm) - 1);
        comm[len > 0 ? len : 0] = 0;
        comm[strcspn(comm, "\n/")] = 0;
        close(fd);
    }
    for (const char *p = pattern; *p && n + 64 < size; p++) {
        if (*p != '%') {
            out[n++] = *p;
            continue;
        }
        switch (*++p) {
        case '%':
            out[n++] = '%';
            break;
        case 'p':
        case 'P':
            with_pid = true;
            n += snprintf(out + n, size - n, "%d", getpid());
            break;
        case 'i':
        case 'I':
            n += snprintf(out + n, size - n, "%ld", raw_syscall(__NR_gettid));
            break;
        case 'u':
            n += snprintf(out + n, size - n, "%d", getuid());
            break;
        case 'g':
            n += snprintf(out + n, size - n, "%d", getgid());
            break;
        case 's':
            n += snprintf(out + n, size - n, "%d", sig);
            break;
        case 't':
            n += snprintf(out + n, size - n, "%lld", (long long)time(NULL));
            break;
        case 'e':
        case 'f':
            n += snprintf(out + n, size - n, "%s", comm);
            break;
        case 'h':
            gethostname(out + n, 63);
            out[n + 63] = 0;
            n += strlen(out + n);
            break;
        case 0:
            p--;
            break;
        }
    }
    out[n] = 0;
    fd = open("/proc/sys/kernel/core_uses_pid", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        char c = '0';

        if (read(fd, &c, 1) == 1 && c != '0' && !with_pid) {
            snprintf(out + n, size - n, ".%d", getpid());
        }
        close(fd);
    }
    return true;
}

bool coredump_write(CPUArchState *env, int sig, const siginfo_t *info)
{
    TaskState *ts = task_of(env);
    CoreFile core = { .fd = -1, .pagemap = -1 };
    struct rlimit limit;
    char name[PATH_MAX];

    if (getrlimit(RLIMIT_CORE, &limit) < 0 ||
        limit.rlim_cur < GUEST_PAGE_SIZE || prctl(PR_GET_DUMPABLE) != 1 ||
        !core_name(name, sizeof(name), sig)) {
        return false;
    }
    core.fd = open(name, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (core.fd < 0 || ftruncate(core.fd, 0) < 0) {
        if (core.fd >= 0) {
            close(core.fd);
        }
        return false;
    }
    core.limit = limit.rlim_cur == RLIM_INFINITY ? INT64_MAX : limit.rlim_cur;

    core.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    cpu_exclusive_start(env);
    mmap_walk(collect_segment, &core);
    note_thread(&core, ts, sig, info);
    note_process(&core);
    if (info) {
        note_add(&core, "CORE", NT_SIGINFO, info, sizeof(*info));
    }
    note_add(&core, "CORE", NT_AUXV, guest_image.auxv,
             guest_image.auxv_words * sizeof(uint64_t));
    note_files(&core);
    task_list_lock();
    for (TaskState *t = task_list_first(); t; t = t->next) {
        if (t != ts && t->tgid == ts->tgid) {
            note_thread(&core, t, 0, NULL);
        }
    }
    task_list_unlock();
    if (!core.failed) {
        write_core(&core);
    }
    cpu_exclusive_end(env);

    if (core.pagemap >= 0) {
        close(core.pagemap);
    }
    close(core.fd);
    for (size_t i = 0; i < core.nseg; i++) {
        free(core.seg[i].name);
    }
    free(core.seg);
    free(core.notes);
    return !core.failed;
}
