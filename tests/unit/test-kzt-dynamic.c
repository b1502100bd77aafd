/*
 * Unit tests of the dynamic parser: every library installed against what its
 * section headers say, limits, damaged tables, and mutations of a small one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/dynamic.h"
#include <glib.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* An object as a loader would have it in memory, or a plain buffer. */
typedef struct Mem {
    uint64_t base;
    uint8_t *bytes;
    size_t size;
    unsigned reads;
} Mem;

static bool mem_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    Mem *m = opaque;

    m->reads++;
    if (addr < m->base || addr - m->base > m->size ||
        len > m->size - (addr - m->base)) {
        return false;
    }
    memcpy(buf, m->bytes + (addr - m->base), len);
    return true;
}

#define BIAS ((uint64_t)0x7f0000000000)

/* The reference: what the file's section headers say. */
typedef struct File {
    const uint8_t *data;
    size_t size;
    const Elf64_Ehdr *eh;
    const Elf64_Phdr *ph;
    const Elf64_Shdr *sh;
} File;

static bool file_open(File *f, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);

    *f = (File) { 0 };
    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &st) == 0 && st.st_size > (off_t)sizeof(Elf64_Ehdr)) {
        f->size = st.st_size;
        f->data = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    if (!f->data || f->data == MAP_FAILED) {
        return false;
    }
    f->eh = (const Elf64_Ehdr *)f->data;
    if (memcmp(f->data, ELFMAG, SELFMAG) || f->eh->e_machine != EM_X86_64 ||
        f->eh->e_type != ET_DYN || f->eh->e_shoff == 0 ||
        f->eh->e_shoff + 64ull * f->eh->e_shnum > f->size) {
        munmap((void *)f->data, f->size);
        return false;
    }
    f->ph = (const Elf64_Phdr *)(f->data + f->eh->e_phoff);
    f->sh = (const Elf64_Shdr *)(f->data + f->eh->e_shoff);
    return true;
}

static const Elf64_Shdr *section(const File *f, uint32_t type,
                                 const char *name)
{
    const char *names = (const char *)f->data +
                        f->sh[f->eh->e_shstrndx].sh_offset;

    for (unsigned i = 0; i < f->eh->e_shnum; i++) {
        if (f->sh[i].sh_type == type &&
            (!name || !strcmp(names + f->sh[i].sh_name, name))) {
            return &f->sh[i];
        }
    }
    return NULL;
}

/* The segments at BIAS; the dynamic section as @glibc leaves it, or not. */
static uint64_t load(const File *f, Mem *m, bool glibc)
{
    uint64_t dyn = 0, hi = 0;

    for (unsigned i = 0; i < f->eh->e_phnum; i++) {
        if (f->ph[i].p_type == PT_LOAD) {
            hi = MAX(hi, f->ph[i].p_vaddr + f->ph[i].p_memsz);
        } else if (f->ph[i].p_type == PT_DYNAMIC) {
            dyn = f->ph[i].p_vaddr;
        }
    }
    m->base = BIAS;
    m->size = ROUND_UP(hi, 4096);
    m->bytes = mmap(NULL, m->size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < f->eh->e_phnum; i++) {
        if (f->ph[i].p_type == PT_LOAD) {
            memcpy(m->bytes + f->ph[i].p_vaddr, f->data + f->ph[i].p_offset,
                   f->ph[i].p_filesz);
        }
    }
    for (Elf64_Dyn *d = (Elf64_Dyn *)(m->bytes + dyn);
         dyn && glibc && d->d_tag; d++) {
        switch (d->d_tag) {
        case DT_HASH: case DT_PLTGOT: case DT_STRTAB: case DT_SYMTAB:
        case DT_RELA: case DT_JMPREL: case 36: case DT_VERSYM:
        case DT_GNU_HASH:
            d->d_un.d_ptr += BIAS;
            break;
        }
    }
    return dyn ? dyn + BIAS : 0;
}

static void same_table(const char *path, const char *what,
                       const Elf64_Shdr *sh, const KztTable *t)
{
    uint64_t size = sh ? sh->sh_size : 0;

    if (t->size != size || (size && t->addr != sh->sh_addr + BIAS)) {
        g_error("%s: %s: %" PRIx64 "+%" PRIx64 ", the file says %" PRIx64
                "+%" PRIx64, path, what, t->addr - BIAS, t->size,
                sh ? (uint64_t)sh->sh_addr : 0, size);
    }
}

static void same_symbols(const File *f, const KztDynamic *d, const char *path)
{
    const Elf64_Shdr *dynsym = section(f, SHT_DYNSYM, NULL);
    const Elf64_Shdr *versym = section(f, SHT_GNU_versym, NULL);
    const Elf64_Sym *syms = (const Elf64_Sym *)(f->data + dynsym->sh_offset);
    const char *strs = (const char *)f->data +
                       f->sh[dynsym->sh_link].sh_offset;
    const uint16_t *vers = versym ? (const uint16_t *)(f->data +
                                    versym->sh_offset) : NULL;
    size_t n = dynsym->sh_size / sizeof(*syms);
    size_t step = MAX(n / 400, 1);
    char buf[256];

    for (size_t i = 1; i < n; i += step) {
        const char *name = strs + syms[i].st_name;
        const KztVersion *v = NULL;
        char vname[256] = "";
        KztSymbol s, found;
        int64_t len;

        g_assert_true(kzt_dynamic_symbol(d, i, &s));
        g_assert_true(!memcmp(&s, &syms[i], sizeof(s)));
        len = kzt_dynamic_string(d, s.name, buf, sizeof(buf));
        g_assert_cmpint(len, ==, strlen(name));
        g_assert_true(!strncmp(buf, name, sizeof(buf) - 1));
        g_assert_true(kzt_dynamic_string_is(d, s.name, name));
        if (vers) {
            g_assert_cmpuint(kzt_dynamic_versym(d, i), ==, vers[i]);
        }
        if (s.shndx == SHN_UNDEF || ELF64_ST_BIND(s.info) == STB_LOCAL ||
            (vers && (vers[i] & 0x7fff) == 0)) {
            continue;
        }
        if (vers && (vers[i] & 0x7fff) > 1) {
            v = kzt_dynamic_version(d, vers[i]);
            g_assert_nonnull(v);
            kzt_dynamic_string(d, v->name, vname, sizeof(vname));
        }
        if (v && v->defined && !v->base) {
            uint32_t at = kzt_dynamic_lookup(d, name, vname, &found);

            if (!at || found.value != s.value) {
                g_error("%s: %s@%s not found", path, name, vname);
            }
            g_assert_cmpuint(kzt_dynamic_lookup(d, name, "NO_SUCH_1.0",
                                                &found), ==, 0);
        }
        if (!vers || !(vers[i] & 0x8000)) {
            if (!kzt_dynamic_lookup(d, name, NULL, &found)) {
                g_error("%s: %s not found", path, name);
            }
        }
    }
}

static void same_needed(const File *f, const KztDynamic *d)
{
    const Elf64_Shdr *sh = section(f, SHT_DYNAMIC, NULL);
    const Elf64_Dyn *dyn = (const Elf64_Dyn *)(f->data + sh->sh_offset);
    uint32_t n = 0;

    for (; dyn->d_tag; dyn++) {
        if (dyn->d_tag == DT_NEEDED) {
            g_assert_cmpuint(n, <, d->nb_needed);
            g_assert_cmpuint(d->needed[n++], ==, dyn->d_un.d_val);
        } else if (dyn->d_tag == DT_SONAME) {
            g_assert_true(d->has_soname);
            g_assert_cmpuint(d->soname, ==, dyn->d_un.d_val);
        }
    }
    g_assert_cmpuint(n, ==, d->nb_needed);
}

/* Every relocation, read in pieces of odd sizes. */
static void same_relocs(const File *f, const KztDynamic *d,
                        const KztTable *t, const char *name)
{
    const Elf64_Shdr *sh = section(f, SHT_RELA, name);
    const Elf64_Rela *want = sh ? (const Elf64_Rela *)(f->data +
                                   sh->sh_offset) : NULL;
    KztRela got[37];
    uint64_t i = 0;
    size_t n;

    while (sh && (n = kzt_dynamic_relocs(d, t, i, got, 37)) != 0) {
        g_assert_cmpint(memcmp(got, want + i, n * sizeof(*got)), ==, 0);
        g_assert_cmpuint(kzt_rela_sym(&got[0]), ==,
                         ELF64_R_SYM(want[i].r_info));
        g_assert_cmpuint(kzt_rela_type(&got[0]), ==,
                         ELF64_R_TYPE(want[i].r_info));
        i += n;
    }
    g_assert_cmpuint(i, ==, sh ? sh->sh_size / sizeof(*want) : 0);
}

static void compare_file(const File *f, const char *path, bool glibc)
{
    KztMemory memory = { .read = mem_read };
    const Elf64_Shdr *sh;
    KztDynamic d;
    KztImage img;
    Mem m;

    memory.opaque = &m;
    m.reads = 0;
    uint64_t dyn = load(f, &m, glibc);

    g_assert_null(kzt_image_find(&img, &memory, dyn, BIAS));
    g_assert_cmphex(img.start, ==, BIAS);
    g_assert_cmphex(img.end, ==, BIAS + m.size);
    g_assert_cmphex(img.load_bias, ==, BIAS);
    g_assert_cmpint(kzt_dynamic_parse(&d, &memory, dyn, BIAS, img.start,
                                      img.end), ==, KZT_DYNAMIC_READY);
    if (d.errors) {
        char text[128];

        g_error("%s: %s", path,
                kzt_dynamic_errors_text(d.errors, text, sizeof(text)));
    }
    sh = section(f, SHT_DYNSYM, NULL);
    if (sh && sh->sh_size > 24) {
        same_table(path, "dynsym", sh, &d.symtab);
        same_table(path, "dynstr", &f->sh[sh->sh_link], &d.strtab);
        same_table(path, "versym", section(f, SHT_GNU_versym, NULL),
                   &d.versym);
        same_symbols(f, &d, path);
    }
    same_table(path, "rela.plt", section(f, SHT_RELA, ".rela.plt"),
               &d.jmprel);
    same_relocs(f, &d, &d.jmprel, ".rela.plt");
    sh = section(f, SHT_RELA, ".rela.dyn");
    if (sh) {
        same_table(path, "rela.dyn", sh, &d.rela);
        same_relocs(f, &d, &d.rela, ".rela.dyn");
    }
    same_table(path, "relr", section(f, 19, NULL), &d.relr);
    same_table(path, "init_array", section(f, SHT_INIT_ARRAY, NULL),
               &d.init_array);
    sh = section(f, SHT_GNU_verdef, NULL);
    g_assert_cmpuint(d.verdef.count, ==, sh ? sh->sh_info : 0);
    sh = section(f, SHT_GNU_verneed, NULL);
    g_assert_cmpuint(d.verneed.count, ==, sh ? sh->sh_info : 0);
    same_needed(f, &d);
    kzt_dynamic_free(&d);
    munmap(m.bytes, m.size);
}

static void test_libraries(void)
{
    static const char *const dirs[] = {
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib",
        "/usr/lib/x86_64-linux-gnu/gconv",
    };
    unsigned count = 0;

    for (unsigned k = 0; k < ARRAY_SIZE(dirs); k++) {
        GDir *dir = g_dir_open(dirs[k], 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *path = g_build_filename(dirs[k], name, NULL);
            struct stat st;
            File f;

            if (!strstr(name, ".so") || lstat(path, &st) ||
                !S_ISREG(st.st_mode) || !file_open(&f, path)) {
                continue;
            }
            if (section(&f, SHT_DYNAMIC, NULL)) {
                compare_file(&f, path, count & 1);
                if (f.size < 1 << 20) {
                    compare_file(&f, path, !(count & 1));
                }
                count++;
            }
            munmap((void *)f.data, f.size);
        }
        if (dir) {
            g_dir_close(dir);
        }
    }
    g_test_message("%u libraries", count);
    if (!count) {
        g_test_skip("no x86-64 libraries installed");
    }
}

/* A small object in a buffer: dynamic section at 0, tables behind. */
#define SMALL_SIZE 0x4000
enum { STR = 0x1000, SYM = 0x1800, HASH = 0x2000, GNU = 0x2400,
       RELA = 0x2800, VERDEF = 0x2c00, VERSYM = 0x3000, RELR = 0x3400,
       VERNEED = 0x3800 };

typedef struct Small {
    uint8_t bytes[SMALL_SIZE];
    Mem m;
    KztMemory memory;
    unsigned n;
} Small;

static void tag(Small *s, uint64_t tag, uint64_t val)
{
    Elf64_Dyn d = { .d_tag = tag, .d_un.d_val = val };

    memcpy(s->bytes + 16 * s->n++, &d, 16);
    memset(s->bytes + 16 * s->n, 0, 16);
}

static void words(Small *s, unsigned at, const uint32_t *w, unsigned n)
{
    memcpy(s->bytes + at, w, 4 * n);
}

static Small *small_new(void)
{
    static const char strings[] = "\0name\0V1\0libself.so\0libc.so.6";
    Small *s = g_new0(Small, 1);
    Elf64_Sym sym = { .st_name = 1, .st_shndx = 5, .st_value = 0x77 };
    Elf64_Verdef vd = { .vd_version = 1, .vd_ndx = 2, .vd_cnt = 1,
                        .vd_aux = sizeof(vd) };
    Elf64_Verdaux aux = { .vda_name = 6 };
    uint32_t h = kzt_gnu_hash("name");
    uint64_t all = ~0ull;
    uint16_t versym[2] = { 0, 2 };

    s->m = (Mem) { .base = BIAS, .bytes = s->bytes, .size = SMALL_SIZE };
    s->memory = (KztMemory) { .read = mem_read, .opaque = &s->m };
    memcpy(s->bytes + STR, strings, sizeof(strings));
    memcpy(s->bytes + SYM + 24, &sym, 24);
    words(s, HASH, (uint32_t []) { 1, 2, 1, 0, 0 }, 5);
    words(s, GNU, (uint32_t []) { 1, 1, 1, 5 }, 4);
    memcpy(s->bytes + GNU + 16, &all, 8);
    words(s, GNU + 24, (uint32_t []) { 1, h | 1 }, 2);
    memcpy(s->bytes + VERDEF, &vd, sizeof(vd));
    memcpy(s->bytes + VERDEF + sizeof(vd), &aux, sizeof(aux));
    memcpy(s->bytes + VERSYM, versym, sizeof(versym));
    tag(s, DT_STRTAB, STR);
    tag(s, DT_STRSZ, sizeof(strings));
    tag(s, DT_SYMTAB, SYM);
    tag(s, DT_SYMENT, 24);
    tag(s, DT_VERSYM, VERSYM);
    tag(s, DT_VERDEF, VERDEF);
    tag(s, DT_VERDEFNUM, 1);
    return s;
}

static uint32_t parse(Small *s, KztDynamic *d, KztDynamicStatus status)
{
    KztDynamicStatus got = kzt_dynamic_parse(d, &s->memory, BIAS, BIAS, BIAS,
                                             BIAS + SMALL_SIZE);

    g_assert_cmpint(got, ==, status);
    return d->errors;
}

static void test_lookup(void)
{
    static const uint64_t tables[] = { DT_HASH, DT_GNU_HASH };
    KztSymbol sym;
    KztDynamic d;

    for (int i = 0; i < 2; i++) {
        Small *s = small_new();

        tag(s, tables[i], i ? GNU : HASH);
        g_assert_cmpuint(parse(s, &d, KZT_DYNAMIC_READY), ==, 0);
        g_assert_cmpuint(d.symtab.count, ==, 2);
        g_assert_cmpuint(kzt_dynamic_lookup(&d, "name", NULL, &sym), ==, 1);
        g_assert_cmpuint(sym.value, ==, 0x77);
        g_assert_cmpuint(kzt_dynamic_lookup(&d, "name", "V1", &sym), ==, 1);
        g_assert_cmpuint(kzt_dynamic_lookup(&d, "name", "V2", &sym), ==, 0);
        g_assert_cmpuint(kzt_dynamic_lookup(&d, "nam", NULL, &sym), ==, 0);
        /* A hidden version is found by its name only. */
        s->bytes[VERSYM + 3] = 0x80;
        g_assert_cmpuint(kzt_dynamic_lookup(&d, "name", NULL, &sym), ==, 0);
        g_assert_cmpuint(kzt_dynamic_lookup(&d, "name", "V1", &sym), ==, 1);
        /* A local or undefined one is not found. */
        s->bytes[VERSYM + 3] = s->bytes[VERSYM + 2] = 0;
        g_assert_cmpuint(kzt_dynamic_lookup(&d, "name", NULL, &sym), ==, 0);
        kzt_dynamic_free(&d);
        g_free(s);
    }
}

static void test_strings(void)
{
    Small *s = small_new();
    KztDynamic d;
    char buf[4];

    parse(s, &d, KZT_DYNAMIC_READY);
    g_assert_cmpint(kzt_dynamic_string(&d, 9, buf, sizeof(buf)), ==, 10);
    g_assert_cmpstr(buf, ==, "lib");
    g_assert_cmpint(kzt_dynamic_string(&d, 9, NULL, 0), ==, 10);
    g_assert_cmpint(kzt_dynamic_string(&d, d.strtab.size, buf, 4), ==, -1);
    g_assert_cmpint(kzt_dynamic_string(&d, UINT32_MAX, buf, 4), ==, -1);
    /* The last string has lost its NUL. */
    d.strtab.size--;
    g_assert_cmpint(kzt_dynamic_string(&d, 20, buf, 4), ==, -1);
    g_assert_false(kzt_dynamic_string_is(&d, 20, "libc.so.6"));
    g_assert_true(kzt_dynamic_string_is(&d, 20, "libc.so.") == false);
    g_assert_true(kzt_dynamic_string_is(&d, 0, ""));
    kzt_dynamic_free(&d);
    g_free(s);
}

static void damaged(uint64_t t1, uint64_t v1, uint64_t t2, uint64_t v2,
                    uint32_t errors)
{
    Small *s = small_new();
    KztDynamic d;

    tag(s, t1, v1);
    if (t2) {
        tag(s, t2, v2);
    }
    g_assert_cmphex(parse(s, &d, KZT_DYNAMIC_READY), ==, errors);
    kzt_dynamic_free(&d);
    g_free(s);
}

static void test_damaged(void)
{
    damaged(DT_RELA, RELA, DT_RELAENT, 16, KZT_DYNERR_RELAENT);
    damaged(DT_JMPREL, RELA, DT_PLTREL, DT_REL, KZT_DYNERR_PLTREL);
    damaged(DT_JMPREL, RELA, DT_PLTRELSZ, 25, KZT_DYNERR_PLTSZ);
    damaged(DT_SYMENT, 16, 0, 0, KZT_DYNERR_RELENT);
    damaged(36, RELR, 37, 4, KZT_DYNERR_RELENT);
    damaged(DT_RELA, RELA, DT_RELASZ, SMALL_SIZE * 24, KZT_DYNERR_BOUNDS);
    damaged(DT_RELA, RELA, DT_RELASZ, -24ull, KZT_DYNERR_BOUNDS);
    damaged(DT_INIT, SMALL_SIZE, 0, 0, KZT_DYNERR_BOUNDS);
    damaged(DT_STRSZ, 1ull << 40, 0, 0, KZT_DYNERR_BOUNDS);
    damaged(DT_GNU_HASH, RELA, 0, 0, KZT_DYNERR_GNU_HASH);
    damaged(DT_GNU_HASH, SMALL_SIZE - 8, 0, 0, KZT_DYNERR_GNU_HASH);
    damaged(DT_HASH, RELA, 0, 0, KZT_DYNERR_HASH);
    damaged(DT_HASH, STR, 0, 0, KZT_DYNERR_HASH | KZT_DYNERR_BOUNDS);
    damaged(DT_VERDEF, RELA, 0, 0, KZT_DYNERR_VERSIONS);
    damaged(DT_VERNEED, RELA, DT_VERNEEDNUM, 1, KZT_DYNERR_VERSIONS);
    damaged(DT_NEEDED, 1ull << 33, 0, 0, KZT_DYNERR_NEEDED);
}

static void test_limits(void)
{
    KztMemory memory = { .read = mem_read };
    Mem m = { .base = BIAS, .size = 16 * (KZT_MAX_DYN_ENTRIES + 8) };
    Elf64_Dyn *dyn = g_malloc0(m.size);
    KztDynamic d;

    m.bytes = (uint8_t *)dyn;
    memory.opaque = &m;
    g_assert_cmpint(kzt_dynamic_parse(&d, &memory, BIAS, BIAS, 0, 0), ==,
                    KZT_DYNAMIC_EMPTY);
    kzt_dynamic_free(&d);
    g_assert_cmpint(kzt_dynamic_parse(&d, &memory, 8, 0, 0, 0), ==,
                    KZT_DYNAMIC_EMPTY);
    kzt_dynamic_free(&d);
    for (int i = 0; i < KZT_MAX_DYN_ENTRIES + 8; i++) {
        dyn[i].d_tag = DT_NEEDED;
    }
    g_assert_cmpint(kzt_dynamic_parse(&d, &memory, BIAS, BIAS, 0, 0), ==,
                    KZT_DYNAMIC_TRUNCATED);
    g_assert_cmpuint(d.nb_entries, ==, KZT_MAX_DYN_ENTRIES);
    g_assert_cmpuint(d.nb_needed, ==, KZT_MAX_NEEDED);
    g_assert_cmphex(d.errors, ==, KZT_DYNERR_NEEDED);
    kzt_dynamic_free(&d);
    /* Memory ends before DT_NULL. */
    m.size = 16 * 5 + 8;
    g_assert_cmpint(kzt_dynamic_parse(&d, &memory, BIAS, BIAS, 0, 0), ==,
                    KZT_DYNAMIC_TRUNCATED);
    g_assert_cmpuint(d.nb_entries, ==, 5);
    kzt_dynamic_free(&d);
    g_free(dyn);
}

/* Chains without an end: the walk is bounded by the table. */
static void test_cycles(void)
{
    Small *s = small_new();
    KztSymbol sym;
    KztDynamic d;

    tag(s, DT_HASH, HASH);
    words(s, HASH + 16, (uint32_t []) { 1 }, 1);    /* chain[1] = 1 */
    parse(s, &d, KZT_DYNAMIC_READY);
    g_assert_cmpuint(kzt_dynamic_lookup(&d, "other", NULL, &sym), ==, 0);
    g_assert_cmpuint(s->m.reads, <, 4 * KZT_MAX_HASH_STEPS);
    kzt_dynamic_free(&d);
    /* Version records that point at themselves are counted, not followed. */
    tag(s, DT_VERDEFNUM, 1 << 30);
    words(s, VERDEF + 16, (uint32_t []) { 0xfffffff0 }, 1);
    g_assert_cmphex(parse(s, &d, KZT_DYNAMIC_READY), ==,
                    KZT_DYNERR_VERSIONS | KZT_DYNERR_BOUNDS);
    kzt_dynamic_free(&d);
    g_free(s);
}

static bool collect(uint64_t addr, void *opaque)
{
    g_array_append_val((GArray *)opaque, addr);
    return true;
}

static void test_relr(void)
{
    const uint64_t table[] = { 0x100, 0x7, 0x8000000000000001, 0x400 };
    GArray *a = g_array_new(false, false, 8);
    Small *s = small_new();
    KztDynamic d;

    memcpy(s->bytes + RELR, table, sizeof(table));
    tag(s, 36, RELR);
    tag(s, 35, sizeof(table));
    tag(s, 37, 8);
    g_assert_cmphex(parse(s, &d, KZT_DYNAMIC_READY), ==, 0);
    g_assert_true(kzt_dynamic_relr(&d, collect, a));
    g_assert_cmpuint(a->len, ==, 5);
    g_assert_cmphex(g_array_index(a, uint64_t, 0), ==, BIAS + 0x100);
    g_assert_cmphex(g_array_index(a, uint64_t, 1), ==, BIAS + 0x108);
    g_assert_cmphex(g_array_index(a, uint64_t, 2), ==, BIAS + 0x110);
    g_assert_cmphex(g_array_index(a, uint64_t, 3), ==,
                    BIAS + 0x108 + 63 * 8 + 62 * 8);
    g_assert_cmphex(g_array_index(a, uint64_t, 4), ==, BIAS + 0x400);
    s->bytes[RELR] = 1;     /* a bit map without an address before it */
    g_assert_false(kzt_dynamic_relr(&d, collect, a));
    kzt_dynamic_free(&d);
    g_array_free(a, true);
    g_free(s);
}

static void test_text(void)
{
    char buf[64], tiny[4];

    g_assert_cmpstr(kzt_dynamic_errors_text(KZT_DYNERR_RELENT |
                                            KZT_DYNERR_BOUNDS, buf,
                                            sizeof(buf)), ==,
                    "RELENT|BOUNDS");
    g_assert_cmpstr(kzt_dynamic_errors_text(~0u, tiny, sizeof(tiny)), ==,
                    "REL");
    g_assert_cmpstr(kzt_dynamic_status_name(KZT_DYNAMIC_READY), ==, "ready");
    g_assert_cmpstr(kzt_dynamic_status_name(9), ==, "?");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kzt-dynamic/lookup", test_lookup);
    g_test_add_func("/kzt-dynamic/strings", test_strings);
    g_test_add_func("/kzt-dynamic/damaged", test_damaged);
    g_test_add_func("/kzt-dynamic/limits", test_limits);
    g_test_add_func("/kzt-dynamic/cycles", test_cycles);
    g_test_add_func("/kzt-dynamic/relr", test_relr);
    g_test_add_func("/kzt-dynamic/text", test_text);
    g_test_add_func("/kzt-dynamic/libraries", test_libraries);
    return g_test_run();
}
