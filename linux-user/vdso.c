/*
 * The guest's vDSO: a small shared object made at start-up whose functions
 * tell the time without a system call.
 *
 * The guest calls a function, the engine runs a hook at its first instruction
 * and the hook asks the host's own vDSO; the guest code is a bare `ret`.  Where
 * a hook cannot be had, the function is the system call instead.
 *
 * One page, written once by vdso_map() before the first guest thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "exec/engine.h"
#include "target/i386/cpu.h"
#include "user/elfload.h"
#include "user/mmap.h"
#include "user/uaccess.h"
#include <elf.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#define VERSION_NAME "LINUX_2.6"
#define SONAME       "linux-vdso.so.1"

/* Guest structures: two 64-bit words, the same on all 64-bit hosts. */
QEMU_BUILD_BUG_ON(sizeof(struct timespec) != 16);
QEMU_BUILD_BUG_ON(sizeof(struct timeval) != 16);

static void finish(CPUArchState *env, bool ok)
{
    env->regs[R_EAX] = ok ? 0 : (uint64_t)-EFAULT;
}

static void do_clock_gettime(CPUArchState *env, void *opaque)
{
    struct timespec ts;

    if (clock_gettime((clockid_t)env->regs[R_EDI], &ts) < 0) {
        env->regs[R_EAX] = (uint64_t)-errno;
        return;
    }
    finish(env, put_guest(env->regs[R_ESI], ts));
}

static void do_clock_getres(CPUArchState *env, void *opaque)
{
    struct timespec ts;

    if (clock_getres((clockid_t)env->regs[R_EDI], &ts) < 0) {
        env->regs[R_EAX] = (uint64_t)-errno;
        return;
    }
    finish(env, !env->regs[R_ESI] || put_guest(env->regs[R_ESI], ts));
}

static void do_gettimeofday(CPUArchState *env, void *opaque)
{
    struct timezone tz = { 0, 0 };
    struct timeval tv;

    gettimeofday(&tv, &tz);
    finish(env, (!env->regs[R_EDI] || put_guest(env->regs[R_EDI], tv)) &&
                (!env->regs[R_ESI] || put_guest(env->regs[R_ESI], tz)));
}

static void do_time(CPUArchState *env, void *opaque)
{
    time_t now = time(NULL);

    finish(env, !env->regs[R_EDI] || put_guest(env->regs[R_EDI], now));
    if (!env->regs[R_EAX]) {
        env->regs[R_EAX] = now;
    }
}

static void do_getcpu(CPUArchState *env, void *opaque)
{
    unsigned cpu = 0, node = 0;

    if (syscall(SYS_getcpu, &cpu, &node, NULL) < 0) {
        env->regs[R_EAX] = (uint64_t)-errno;
        return;
    }
    finish(env, (!env->regs[R_EDI] || put_guest(env->regs[R_EDI], cpu)) &&
                (!env->regs[R_ESI] || put_guest(env->regs[R_ESI], node)));
}

/* The functions, with the x86-64 system call that does the same. */
static const struct {
    const char *name;           /* also exported without "__vdso_" */
    TBHookFn *fn;
    uint32_t syscall;
} functions[] = {
    { "__vdso_clock_gettime", do_clock_gettime, 228 },
    { "__vdso_gettimeofday", do_gettimeofday, 96 },
    { "__vdso_time", do_time, 201 },
    { "__vdso_getcpu", do_getcpu, 309 },
    { "__vdso_clock_getres", do_clock_getres, 229 },
};

#define PREFIX_LEN 7            /* "__vdso_" */
#define NFUNC      ARRAY_SIZE(functions)
#define NSYM       (1 + 2 * NFUNC)
#define FUNC_SIZE  16
#define STR_SIZE   320
#define EH_SIZE    64

/*
 * The image.  Everything has its place at compile time; `code` is executable
 * like the rest, as the kernel's vDSO is one segment.
 */
typedef struct VdsoImage {
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr[3];
    struct {
        uint32_t nbucket, nchain, bucket[1], chain[NSYM];
    } hash QEMU_ALIGNED(8);
    Elf64_Sym sym[NSYM];
    uint16_t versym[NSYM] QEMU_ALIGNED(8);
    struct {
        Elf64_Verdef def;
        Elf64_Verdaux aux;
    } verdef[2] QEMU_ALIGNED(8);
    Elf64_Dyn dyn[10];
    char str[STR_SIZE];
    struct {
        uint8_t version, ptr_enc, count_enc, table_enc;
        int32_t eh_frame;
        uint32_t count;
        int32_t loc, fde;
    } eh_hdr QEMU_ALIGNED(8);
    uint8_t eh_frame[EH_SIZE] QEMU_ALIGNED(8);
    uint8_t code[NFUNC][FUNC_SIZE] QEMU_ALIGNED(64);
} VdsoImage;

QEMU_BUILD_BUG_ON(sizeof(VdsoImage) > GUEST_PAGE_SIZE);

#define OFF(member) ((uint64_t)offsetof(VdsoImage, member))

static uint64_t vdso_base;

static uint32_t elf_hash(const char *s)
{
    uint32_t h = 0, g;

    for (; *s; s++) {
        h = (h << 4) + (unsigned char)*s;
        g = h & 0xf0000000u;
        h = (h ^ (g >> 24)) & ~g;
    }
    return h;
}

/* Append a string; its offset.  Strings never repeat. */
static uint32_t add_str(VdsoImage *v, uint32_t *used, const char *s)
{
    uint32_t at = *used;
    size_t size = strlen(s) + 1;

    assert(at + size <= STR_SIZE);
    memcpy(v->str + at, s, size);
    *used += size;
    return at;
}

static void fill_headers(VdsoImage *v)
{
    static const uint8_t ident[EI_NIDENT] = {
        ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
        EV_CURRENT,
    };
    uint64_t dyn_size = sizeof(v->dyn);

    memcpy(v->ehdr.e_ident, ident, sizeof(ident));
    v->ehdr.e_type = ET_DYN;
    v->ehdr.e_machine = EM_X86_64;
    v->ehdr.e_version = EV_CURRENT;
    v->ehdr.e_phoff = OFF(phdr);
    v->ehdr.e_ehsize = sizeof(v->ehdr);
    v->ehdr.e_phentsize = sizeof(v->phdr[0]);
    v->ehdr.e_phnum = ARRAY_SIZE(v->phdr);
    v->ehdr.e_shentsize = sizeof(Elf64_Shdr);
    v->phdr[0] = (Elf64_Phdr) {
        PT_LOAD, PF_R | PF_X, 0, 0, 0, sizeof(*v), sizeof(*v), GUEST_PAGE_SIZE
    };
    v->phdr[1] = (Elf64_Phdr) {
        PT_DYNAMIC, PF_R, OFF(dyn), OFF(dyn), OFF(dyn), dyn_size, dyn_size, 8
    };
    v->phdr[2] = (Elf64_Phdr) {
        PT_GNU_EH_FRAME, PF_R, OFF(eh_hdr), OFF(eh_hdr), OFF(eh_hdr),
        sizeof(v->eh_hdr), sizeof(v->eh_hdr), 4
    };
}

static void add_version(VdsoImage *v, unsigned i, const char *name,
                        uint32_t str, unsigned flags)
{
    v->verdef[i].def = (Elf64_Verdef) {
        VER_DEF_CURRENT, flags, i + 1, 1, elf_hash(name),
        sizeof(Elf64_Verdef),
        i + 1 < ARRAY_SIZE(v->verdef) ? sizeof(v->verdef[0]) : 0
    };
    v->verdef[i].aux.vda_name = str;
}

static void fill_symbols(VdsoImage *v, uint32_t *used)
{
    unsigned i, n = 1;
    uint32_t str;

    v->hash.nbucket = 1;
    v->hash.nchain = NSYM;
    v->hash.bucket[0] = 1;
    for (i = 0; i < NFUNC; i++) {
        str = add_str(v, used, functions[i].name);
        v->sym[n] = (Elf64_Sym) {
            .st_name = str, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
            .st_shndx = 1, .st_value = OFF(code) + i * FUNC_SIZE,
            .st_size = FUNC_SIZE,
        };
        v->sym[n + 1] = v->sym[n];
        v->sym[n + 1].st_name = str + PREFIX_LEN;
        v->sym[n + 1].st_info = ELF64_ST_INFO(STB_WEAK, STT_FUNC);
        n += 2;
    }
    for (i = 1; i < NSYM; i++) {
        v->hash.chain[i] = i + 1 < NSYM ? i + 1 : 0;
        v->versym[i] = 2;
    }
}

static void fill_dynamic(VdsoImage *v, uint32_t soname, uint32_t str_size)
{
    const Elf64_Dyn dyn[] = {
        { DT_SONAME, { soname } },
        { DT_HASH, { OFF(hash) } },
        { DT_SYMTAB, { OFF(sym) } },
        { DT_SYMENT, { sizeof(Elf64_Sym) } },
        { DT_STRTAB, { OFF(str) } },
        { DT_STRSZ, { str_size } },
        { DT_VERSYM, { OFF(versym) } },
        { DT_VERDEF, { OFF(verdef) } },
        { DT_VERDEFNUM, { ARRAY_SIZE(v->verdef) } },
        { DT_NULL, { 0 } },
    };

    QEMU_BUILD_BUG_ON(sizeof(dyn) != sizeof(v->dyn));
    memcpy(v->dyn, dyn, sizeof(dyn));
}

/*
 * Unwind information: every function is a leaf whose return address is on top
 * of the stack at each of its instructions.
 */
static void fill_unwind(VdsoImage *v)
{
    static const uint8_t cie[24] = {
        20, 0, 0, 0,                    /* length */
        0, 0, 0, 0,                     /* this is a CIE */
        1, 'z', 'R', 0,                 /* version, augmentation */
        1, 0x78, 16,                    /* code 1, data -8, return column */
        1, 0x1b,                        /* pointers: pc-relative, 4 bytes */
        0x0c, 7, 8,                     /* CFA = rsp + 8 */
        0x90, 1,                        /* rip at CFA - 8 */
        0, 0,
    };
    uint8_t *fde = v->eh_frame + sizeof(cie);
    uint64_t fde_off = OFF(eh_frame) + sizeof(cie);
    uint32_t word;

    memcpy(v->eh_frame, cie, sizeof(cie));
    word = 20;
    memcpy(fde, &word, 4);
    word = sizeof(cie) + 4;             /* back to the CIE */
    memcpy(fde + 4, &word, 4);
    word = OFF(code) - (fde_off + 8);
    memcpy(fde + 8, &word, 4);
    word = sizeof(v->code);
    memcpy(fde + 12, &word, 4);
    /* augmentation length 0, padding; a zero length ends the section */

    v->eh_hdr.version = 1;
    v->eh_hdr.ptr_enc = 0x1b;           /* pc-relative, 4 bytes */
    v->eh_hdr.count_enc = 0x03;         /* 4 bytes */
    v->eh_hdr.table_enc = 0x3b;         /* relative to this header */
    v->eh_hdr.eh_frame = OFF(eh_frame) - (OFF(eh_hdr) + 4);
    v->eh_hdr.count = 1;
    v->eh_hdr.loc = OFF(code) - OFF(eh_hdr);
    v->eh_hdr.fde = fde_off - OFF(eh_hdr);
}

static void fill_code(VdsoImage *v, uint64_t base)
{
    unsigned i;

    memset(v->code, 0xcc, sizeof(v->code));
    for (i = 0; i < NFUNC; i++) {
        uint8_t *p = v->code[i];
        uint64_t addr = base + OFF(code) + i * FUNC_SIZE;

        if (tb_hook_add(addr, functions[i].fn, NULL) < 0) {
            *p++ = 0xb8;                /* mov $number, %eax */
            memcpy(p, &functions[i].syscall, 4);
            p += 4;
            *p++ = 0x0f;                /* syscall */
            *p++ = 0x05;
        }
        *p = 0xc3;                      /* ret */
    }
}

uint64_t vdso_map(uint64_t *size)
{
    const int flags = TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS;
    uint32_t used = 1, soname, version;
    VdsoImage v;
    int64_t base;

    *size = 0;
    base = target_mmap(0, GUEST_PAGE_SIZE, PAGE_READ | PAGE_WRITE, flags, -1,
                       0);
    if (base < 0) {
        return 0;
    }
    memset(&v, 0, sizeof(v));
    fill_headers(&v);
    soname = add_str(&v, &used, SONAME);
    version = add_str(&v, &used, VERSION_NAME);
    add_version(&v, 0, SONAME, soname, VER_FLG_BASE);
    add_version(&v, 1, VERSION_NAME, version, 0);
    fill_symbols(&v, &used);
    fill_dynamic(&v, soname, used);
    fill_unwind(&v);
    fill_code(&v, base);
    if (!put_guest((uint64_t)base, v)) {
        return 0;
    }
    target_mprotect(base, GUEST_PAGE_SIZE, PAGE_READ | PAGE_EXEC);
    mmap_set_name(base, GUEST_PAGE_SIZE, "[vdso]");
    vdso_base = base;
    *size = GUEST_PAGE_SIZE;
    return base;
}

uint64_t vdso_symbol(const char *name)
{
    unsigned i;

    for (i = 0; vdso_base && i < NFUNC; i++) {
        if (!strcmp(name, functions[i].name) ||
            !strcmp(name, functions[i].name + PREFIX_LEN)) {
            return vdso_base + OFF(code) + i * FUNC_SIZE;
        }
    }
    return 0;
}
