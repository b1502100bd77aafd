/*
 * Symbol tables of ELF files: which symbol names an offset, and what becomes
 * of truncated and mutated files.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/symtab.h"
#include <elf.h>
#include <glib.h>

#define MUTATIONS 100000
#define BIAS      0x400000ull

/* Layout of the test file. */
enum {
    PHDRS = 64, CODE = 0x200, CODE_END = 0x300, SYMS = 0x300, DYNSYMS = 0x500,
    STRS = 0x580, SHDRS = 0x600, FILE_SIZE = 0x800,
};

typedef struct Image {
    unsigned char *bytes;
    size_t size;
} Image;

static const char strings[] =
    "\0outer\0inner\0alias\0asm_label\0dynamic\0bad\nname\0tail\0data\0";

static uint32_t str(const char *s)
{
    const char *p = strings + 1;

    while (strcmp(p, s)) {
        p += strlen(p) + 1;
    }
    return p - strings;
}

static Elf64_Sym sym(const char *name, unsigned bind, unsigned type,
                     uint64_t offset, uint64_t size)
{
    return (Elf64_Sym) {
        .st_name = str(name), .st_info = ELF64_ST_INFO(bind, type),
        .st_shndx = 1, .st_value = BIAS + offset, .st_size = size,
    };
}

static Image build(void)
{
    Elf64_Ehdr eh = {
        .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
        .e_phoff = PHDRS, .e_shoff = SHDRS, .e_ehsize = sizeof(eh),
        .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
        .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4,
    };
    Elf64_Phdr ph = {
        .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = CODE,
        .p_vaddr = BIAS + CODE, .p_filesz = CODE_END - CODE,
        .p_memsz = CODE_END - CODE,
    };
    Elf64_Sym syms[] = {
        { 0 },
        sym("tail", STB_LOCAL, STT_FUNC, 0x2e0, 0x1000),
        sym("alias", STB_WEAK, STT_FUNC, 0x220, 0x80),
        sym("outer", STB_GLOBAL, STT_FUNC, 0x220, 0x80),
        sym("inner", STB_LOCAL, STT_FUNC, 0x240, 0x10),
        sym("asm_label", STB_LOCAL, STT_NOTYPE, 0x2c0, 0),
        sym("bad\nname", STB_GLOBAL, STT_FUNC, 0x200, 0x10),
        sym("data", STB_GLOBAL, STT_OBJECT, 0x210, 0x10),
        sym("outer", STB_GLOBAL, STT_FUNC, 0x10000, 0x10),
    };
    Elf64_Sym dynsyms[] = {
        { 0 }, sym("dynamic", STB_GLOBAL, STT_FUNC, 0x220, 0x20),
    };
    Elf64_Shdr sh[4] = {
        { 0 },
        { .sh_type = SHT_DYNSYM, .sh_offset = DYNSYMS, .sh_link = 3,
          .sh_size = sizeof(dynsyms), .sh_entsize = sizeof(Elf64_Sym) },
        { .sh_type = SHT_SYMTAB, .sh_offset = SYMS, .sh_link = 3,
          .sh_size = sizeof(syms), .sh_entsize = sizeof(Elf64_Sym) },
        { .sh_type = SHT_STRTAB, .sh_offset = STRS,
          .sh_size = sizeof(strings) },
    };
    unsigned char *b = g_malloc0(FILE_SIZE);

    g_assert_cmpuint(SYMS + sizeof(syms), <=, DYNSYMS);
    g_assert_cmpuint(STRS + sizeof(strings), <=, SHDRS);
    memcpy(eh.e_ident, ELFMAG, SELFMAG);
    eh.e_ident[EI_CLASS] = ELFCLASS64;
    eh.e_ident[EI_DATA] = ELFDATA2LSB;
    eh.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(b, &eh, sizeof(eh));
    memcpy(b + PHDRS, &ph, sizeof(ph));
    memcpy(b + SYMS, syms, sizeof(syms));
    memcpy(b + DYNSYMS, dynsyms, sizeof(dynsyms));
    memcpy(b + STRS, strings, sizeof(strings));
    memcpy(b + SHDRS, sh, sizeof(sh));
    return (Image) { b, FILE_SIZE };
}

static bool read_image(void *opaque, void *buf, size_t len, uint64_t offset)
{
    const Image *im = opaque;

    /* The parser promises not to ask for more than there is. */
    g_assert_cmpuint(offset, <=, im->size);
    g_assert_cmpuint(len, <=, im->size - offset);
    memcpy(buf, im->bytes + offset, len);
    return true;
}

static const char *load(Symtab *st, Image im)
{
    return symtab_load(st, read_image, &im, im.size);
}

static const char *name_at(const Symtab *st, uint64_t offset)
{
    const SymtabEntry *e = symtab_find(st, offset);

    return e ? st->names + e->name : NULL;
}

/* What every table that was accepted, or refused, has to keep. */
static void check(const Symtab *st, const char *why, size_t file_size)
{
    if (why) {
        g_assert_null(st->syms);
        g_assert_null(st->names);
        g_assert_cmpuint(st->nsyms, ==, 0);
        g_assert_null(symtab_find(st, 0));
        return;
    }
    g_assert_cmpuint(st->nsyms, >, 0);
    for (size_t i = 0; i < st->nsyms; i++) {
        const SymtabEntry *e = &st->syms[i];

        g_assert_cmpuint(e->size, >, 0);
        g_assert_cmpuint(e->start, <, file_size);
        g_assert_cmpuint(e->size, <=, file_size - e->start);
        g_assert_true(i == 0 || e->start > e[-1].start);
        g_assert_cmpuint(strlen(st->names + e->name), >, 0);
        g_assert_true(symtab_find(st, e->start) == e);
    }
    for (uint64_t o = 0; o < file_size; o += 7) {
        const SymtabEntry *e = symtab_find(st, o);

        g_assert_true(!e || (o >= e->start && o - e->start < e->size));
    }
}

static void test_find(void)
{
    Image im = build();
    Symtab st;

    g_assert_null(load(&st, im));
    check(&st, NULL, im.size);
    g_assert_null(name_at(&st, 0x1ff));
    g_assert_null(name_at(&st, 0x208));         /* a newline in the name */
    g_assert_null(name_at(&st, 0x218));         /* data */
    g_assert_cmpstr(name_at(&st, 0x220), ==, "outer");
    g_assert_cmpstr(name_at(&st, 0x23f), ==, "outer");
    g_assert_cmpstr(name_at(&st, 0x240), ==, "inner");
    g_assert_cmpstr(name_at(&st, 0x24f), ==, "inner");
    g_assert_cmpstr(name_at(&st, 0x250), ==, "outer");
    g_assert_cmpstr(name_at(&st, 0x29f), ==, "outer");
    g_assert_null(name_at(&st, 0x2a0));
    g_assert_cmpstr(name_at(&st, 0x2c0), ==, "asm_label");
    g_assert_cmpstr(name_at(&st, 0x2df), ==, "asm_label");
    g_assert_cmpstr(name_at(&st, 0x2e0), ==, "tail");
    g_assert_cmpstr(name_at(&st, 0x2ff), ==, "tail");
    g_assert_null(name_at(&st, 0x300));
    g_assert_null(name_at(&st, UINT64_MAX));
    symtab_free(&st);
    g_free(im.bytes);
}

static void test_dynsym(void)
{
    Image im = build();
    Elf64_Shdr *sh = (Elf64_Shdr *)(im.bytes + SHDRS);
    Symtab st;

    sh[2].sh_type = SHT_NULL;
    g_assert_null(load(&st, im));
    g_assert_cmpstr(name_at(&st, 0x230), ==, "dynamic");
    symtab_free(&st);
    /* A damaged .symtab is as good as none. */
    sh[2].sh_type = SHT_SYMTAB;
    sh[2].sh_offset = UINT64_MAX - 8;
    g_assert_null(load(&st, im));
    g_assert_cmpstr(name_at(&st, 0x230), ==, "dynamic");
    symtab_free(&st);
    sh[1].sh_type = SHT_NULL;
    g_assert_cmpstr(load(&st, im), ==, "no symbols");
    check(&st, "", im.size);
    g_free(im.bytes);
}

static void test_truncated(void)
{
    Image im = build();

    for (size_t size = 0; size <= FILE_SIZE; size++) {
        /* A copy of exactly this size lets a sanitizer see each overrun. */
        Image cut = { g_memdup2(im.bytes, size), size };
        Symtab st;
        const char *why = load(&st, cut);

        check(&st, why, size);
        symtab_free(&st);
        g_free(cut.bytes);
    }
    g_free(im.bytes);
}

static void test_mutated(void)
{
    static const uint64_t nasty[] = {
        0, 1, 0x7f, 0xffff, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX,
        UINT64_MAX - 0x200, FILE_SIZE, FILE_SIZE - 1, BIAS,
    };
    Image im = build();
    Image copy = { g_malloc(FILE_SIZE), FILE_SIZE };
    unsigned accepted = 0;

    for (unsigned i = 0; i < MUTATIONS; i++) {
        unsigned n = g_test_rand_int_range(1, 6);
        const char *why;
        Symtab st;

        memcpy(copy.bytes, im.bytes, FILE_SIZE);
        while (n--) {
            uint64_t v = nasty[g_test_rand_int_range(0, ARRAY_SIZE(nasty))];
            unsigned at = g_test_rand_int_range(0, FILE_SIZE - 8);

            if (g_test_rand_bit()) {
                copy.bytes[at] = g_test_rand_int();
            } else {
                memcpy(copy.bytes + (at & ~7u), &v,
                       1u << g_test_rand_int_range(0, 4));
            }
        }
        why = load(&st, copy);
        accepted += !why;
        check(&st, why, FILE_SIZE);
        symtab_free(&st);
    }
    g_test_message("%u of %u mutated files accepted", accepted, MUTATIONS);
    g_assert_cmpuint(accepted, >, 0);
    g_free(copy.bytes);
    g_free(im.bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/symtab/find", test_find);
    g_test_add_func("/symtab/dynsym", test_dynsym);
    g_test_add_func("/symtab/truncated", test_truncated);
    g_test_add_func("/symtab/mutated", test_mutated);
    return g_test_run();
}
