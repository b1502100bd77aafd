/*
 * The function symbols of an ELF file.  See symtab.h.
 *
 * Symbols are kept by file offset, not by address: a mapping tells the offset
 * of a page, so nobody has to know where the file was loaded.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/symtab.h"
#include <elf.h>

#define MAX_SECTIONS    65536
#define MAX_PHDRS       1024
#define MAX_TABLE_BYTES (128u << 20)
#define MAX_NAME        1024

/* How far back a symbol may begin that encloses others. */
#define MAX_ENCLOSED    16

#define RANK_SIZED      8

typedef struct Loader {
    SymtabRead read;
    void *opaque;
    uint64_t file_size;
    Elf64_Ehdr eh;
    Elf64_Phdr *phdrs;
    size_t nphdrs;
    Elf64_Shdr *shdrs;
    size_t nshdrs;
} Loader;

/* An allocated copy of part of the file, with a NUL behind; NULL if none. */
static void *read_part(Loader *l, uint64_t offset, uint64_t len)
{
    char *buf;

    if (len == 0 || len > MAX_TABLE_BYTES || offset > l->file_size ||
        len > l->file_size - offset) {
        return NULL;
    }
    buf = malloc(len + 1);
    if (buf && !l->read(l->opaque, buf, len, offset)) {
        free(buf);
        return NULL;
    }
    if (buf) {
        buf[len] = 0;
    }
    return buf;
}

static const char *read_headers(Loader *l)
{
    Elf64_Ehdr *eh = &l->eh;
    uint64_t n;

    if (l->file_size < sizeof(*eh) ||
        !l->read(l->opaque, eh, sizeof(*eh), 0)) {
        return "the file is shorter than an ELF header";
    }
    if (memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
        eh->e_ident[EI_CLASS] != ELFCLASS64 ||
        eh->e_ident[EI_DATA] != ELFDATA2LSB || eh->e_machine != EM_X86_64) {
        return "not an x86-64 ELF file";
    }
    if (eh->e_phentsize != sizeof(Elf64_Phdr) || !eh->e_phnum ||
        eh->e_phnum > MAX_PHDRS) {
        return "bad program headers";
    }
    l->nphdrs = eh->e_phnum;
    l->phdrs = read_part(l, eh->e_phoff, l->nphdrs * sizeof(Elf64_Phdr));
    if (!l->phdrs) {
        return "program headers outside the file";
    }
    if (eh->e_shentsize != sizeof(Elf64_Shdr) || !eh->e_shoff) {
        return "no section headers";
    }
    n = eh->e_shnum;
    if (n == 0) {
        /* Too many for the field: the first section has the number. */
        Elf64_Shdr *first = read_part(l, eh->e_shoff, sizeof(*first));

        n = first ? first->sh_size : 0;
        free(first);
    }
    if (n == 0 || n > MAX_SECTIONS) {
        return "a bad number of sections";
    }
    l->nshdrs = n;
    l->shdrs = read_part(l, eh->e_shoff, n * sizeof(Elf64_Shdr));
    return l->shdrs ? NULL : "section headers outside the file";
}

/* File offset of a code address; *room is what is left of its segment. */
static bool address_to_offset(const Loader *l, uint64_t addr, uint64_t *offset,
                              uint64_t *room)
{
    for (size_t i = 0; i < l->nphdrs; i++) {
        const Elf64_Phdr *ph = &l->phdrs[i];

        if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X) &&
            ph->p_offset <= l->file_size &&
            ph->p_filesz <= l->file_size - ph->p_offset &&
            addr >= ph->p_vaddr && addr - ph->p_vaddr < ph->p_filesz) {
            *offset = addr - ph->p_vaddr + ph->p_offset;
            *room = ph->p_filesz - (addr - ph->p_vaddr);
            return true;
        }
    }
    return false;
}

/* Worth showing: not empty, and it cannot break the lines of a log. */
static bool is_good_name(const char *name)
{
    size_t n;

    for (n = 0; name[n]; n++) {
        unsigned char c = name[n];

        if (c <= ' ' || c == 0x7f || n == MAX_NAME) {
            return false;
        }
    }
    return n > 0;
}

/* Sized, function, binding: what people expect to read. */
static uint32_t rank_of(const Elf64_Sym *s)
{
    unsigned bind = ELF64_ST_BIND(s->st_info);

    return (s->st_size ? RANK_SIZED : 0) +
           (ELF64_ST_TYPE(s->st_info) != STT_NOTYPE) * 4 +
           (bind == STB_GLOBAL ? 2 : bind == STB_WEAK ? 1 : 0);
}

static bool is_code(const Elf64_Sym *s)
{
    unsigned type = ELF64_ST_TYPE(s->st_info);

    return s->st_shndx != SHN_UNDEF && s->st_shndx != SHN_ABS &&
           (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

static int by_start(const void *a, const void *b)
{
    const SymtabEntry *x = a, *y = b;

    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    if (x->rank != y->rank) {
        return x->rank > y->rank ? -1 : 1;
    }
    return x->name < y->name ? -1 : x->name > y->name;
}

/* One symbol for each address; those without a size reach to the next. */
static void settle(Symtab *st)
{
    SymtabEntry *s = st->syms;
    size_t n = 0;

    qsort(s, st->nsyms, sizeof(*s), by_start);
    for (size_t i = 0; i < st->nsyms; i++) {
        if (n == 0 || s[i].start != s[n - 1].start) {
            s[n++] = s[i];
        }
    }
    st->nsyms = n;
    for (size_t i = 0; i < n; i++) {
        if (!(s[i].rank & RANK_SIZED) && i + 1 < n) {
            s[i].size = MIN(s[i].size, s[i + 1].start - s[i].start);
        }
    }
}

static bool load_table(Loader *l, const Elf64_Shdr *sh, Symtab *st)
{
    const Elf64_Shdr *str;
    Elf64_Sym *raw;
    size_t n;

    if (sh->sh_entsize != sizeof(Elf64_Sym) || sh->sh_link >= l->nshdrs) {
        return false;
    }
    str = &l->shdrs[sh->sh_link];
    if (str->sh_type != SHT_STRTAB) {
        return false;
    }
    raw = read_part(l, sh->sh_offset, sh->sh_size);
    st->names = read_part(l, str->sh_offset, str->sh_size);
    n = sh->sh_size / sizeof(*raw);
    st->syms = raw && st->names ? calloc(n + 1, sizeof(*st->syms)) : NULL;
    for (size_t i = 0; st->syms && i < n; i++) {
        const Elf64_Sym *s = &raw[i];
        SymtabEntry *e = &st->syms[st->nsyms];
        uint64_t offset, room;

        if (is_code(s) && s->st_name < str->sh_size &&
            is_good_name(st->names + s->st_name) &&
            address_to_offset(l, s->st_value, &offset, &room)) {
            *e = (SymtabEntry) {
                .start = offset, .size = s->st_size ? MIN(s->st_size, room) : room,
                .name = s->st_name, .rank = rank_of(s),
            };
            st->nsyms++;
        }
    }
    free(raw);
    if (!st->nsyms) {
        symtab_free(st);
        return false;
    }
    settle(st);
    return true;
}

const char *symtab_load(Symtab *st, SymtabRead read, void *opaque,
                        uint64_t file_size)
{
    static const uint32_t types[] = { SHT_SYMTAB, SHT_DYNSYM };
    Loader l = { .read = read, .opaque = opaque, .file_size = file_size };
    const char *why;
    bool done = false;

    *st = (Symtab) { 0 };
    why = read_headers(&l);
    for (size_t t = 0; !why && !done && t < ARRAY_SIZE(types); t++) {
        for (size_t i = 0; i < l.nshdrs; i++) {
            if (l.shdrs[i].sh_type == types[t]) {
                /* One of each type is all a linker makes. */
                done = load_table(&l, &l.shdrs[i], st);
                break;
            }
        }
    }
    free(l.phdrs);
    free(l.shdrs);
    return why ? why : done ? NULL : "no symbols";
}

void symtab_free(Symtab *st)
{
    free(st->syms);
    free(st->names);
    *st = (Symtab) { 0 };
}

const SymtabEntry *symtab_find(const Symtab *st, uint64_t offset)
{
    size_t lo = 0, hi = st->nsyms;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (st->syms[mid].start <= offset) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    for (size_t i = 0; i < MAX_ENCLOSED && lo > 0; i++) {
        const SymtabEntry *s = &st->syms[--lo];

        if (offset - s->start < s->size) {
            return s;
        }
    }
    return NULL;
}
