/*
 * Unit tests of reading program headers from memory: what is refused and why,
 * spans, RELRO, and the search for the header of a dynamic section.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/dynamic.h"
#include <glib.h>
#include <elf.h>

#define BASE  ((uint64_t)0x7f0000000000)
#define SIZE  0x8000

typedef struct Image {
    uint8_t bytes[SIZE];
    uint64_t hole;              /* nothing is readable from here on */
    KztMemory memory;
} Image;

static bool image_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    Image *m = opaque;

    if (addr < BASE || addr - BASE > m->hole || len > m->hole - (addr - BASE)) {
        return false;
    }
    memcpy(buf, m->bytes + (addr - BASE), len);
    return true;
}

static Elf64_Ehdr *header(Image *m)
{
    return (Elf64_Ehdr *)m->bytes;
}

static Elf64_Phdr *phdr(Image *m, int i)
{
    return (Elf64_Phdr *)(m->bytes + sizeof(Elf64_Ehdr)) + i;
}

/* Text, data with bss, dynamic section, RELRO, TLS. */
static Image *image_new(void)
{
    static const Elf64_Phdr ph[] = {
        { .p_type = PT_LOAD, .p_memsz = 0x1234 },
        { .p_type = PT_LOAD, .p_vaddr = 0x3e00, .p_memsz = 0x2000 },
        { .p_type = PT_DYNAMIC, .p_vaddr = 0x3e10, .p_memsz = 0x100 },
        { .p_type = PT_GNU_RELRO, .p_vaddr = 0x3e00, .p_memsz = 0x200 },
        { .p_type = PT_TLS, .p_vaddr = 0x3e00, .p_memsz = 8 },
    };
    Image *m = g_new0(Image, 1);

    m->hole = SIZE;
    m->memory = (KztMemory) { .read = image_read, .opaque = m };
    *header(m) = (Elf64_Ehdr) {
        .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
        .e_type = ET_DYN, .e_machine = EM_X86_64, .e_entry = 0x1000,
        .e_phoff = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = ARRAY_SIZE(ph),
    };
    memcpy(phdr(m, 0), ph, sizeof(ph));
    return m;
}

static void test_read(void)
{
    Image *m = image_new();
    KztImage img;

    g_assert_null(kzt_image_read(&img, &m->memory, BASE));
    g_assert_cmphex(img.header, ==, BASE);
    g_assert_cmphex(img.load_bias, ==, BASE);
    g_assert_cmphex(img.start, ==, BASE);
    g_assert_cmphex(img.end, ==, BASE + 0x6000);
    g_assert_cmphex(img.dynamic_addr, ==, BASE + 0x3e10);
    g_assert_cmphex(img.relro_start, ==, BASE + 0x3e00);
    g_assert_cmphex(img.relro_end, ==, BASE + 0x4000);
    g_assert_cmphex(img.entry, ==, BASE + 0x1000);
    g_assert_cmpuint(img.phnum, ==, 5);
    g_assert_true(img.has_tls);
    g_assert_false(img.has_interp);
    /* A program at fixed addresses: its header is not at 0. */
    for (int i = 0; i < 5; i++) {
        phdr(m, i)->p_vaddr += 0x400000;
    }
    header(m)->e_type = ET_EXEC;
    phdr(m, 4)->p_type = PT_INTERP;
    g_assert_null(kzt_image_read(&img, &m->memory, BASE));
    g_assert_cmphex(img.load_bias, ==, BASE - 0x400000);
    g_assert_cmphex(img.start, ==, BASE);
    g_assert_true(img.has_interp);
    g_free(m);
}

#define REFUSED(change, why) \
    do { \
        Image *m = image_new(); \
        KztImage img; \
        change; \
        g_assert_cmpstr(kzt_image_read(&img, &m->memory, BASE), ==, why); \
        g_free(m); \
    } while (0)

static void test_refused(void)
{
    REFUSED(m->bytes[1] = 'e', "no ELF header");
    REFUSED(m->hole = 40, "unreadable ELF header");
    REFUSED(header(m)->e_ident[EI_CLASS] = ELFCLASS32, "not for x86-64");
    REFUSED(header(m)->e_ident[EI_DATA] = ELFDATA2MSB, "not for x86-64");
    REFUSED(header(m)->e_machine = EM_AARCH64, "not for x86-64");
    REFUSED(header(m)->e_type = ET_CORE, "neither program nor library");
    REFUSED(header(m)->e_phnum = 0, "odd program headers");
    REFUSED(header(m)->e_phnum = 65, "odd program headers");
    REFUSED(header(m)->e_phentsize = 32, "odd program headers");
    REFUSED(header(m)->e_phoff = SIZE, "unreadable program headers");
    REFUSED(header(m)->e_phoff = -8ull, "unreadable program headers");
    REFUSED(m->hole = 100, "unreadable program headers");
    REFUSED(phdr(m, 1)->p_memsz = -1ull, "odd PT_LOAD");
    REFUSED(phdr(m, 1)->p_vaddr = -1ull, "odd PT_LOAD");
    REFUSED(phdr(m, 0)->p_offset = 0x1000; phdr(m, 1)->p_offset = 0x1000,
            "odd PT_LOAD");
    REFUSED(phdr(m, 0)->p_type = phdr(m, 1)->p_type = PT_NOTE, "odd PT_LOAD");
    /* Beyond what a process can have. */
    REFUSED(phdr(m, 1)->p_vaddr = 0x7fffffff0000 - BASE;
            phdr(m, 1)->p_memsz = 0x100000, "odd PT_LOAD");
}

/* A RELRO range that leaves the object is none. */
static void test_relro(void)
{
    static const struct {
        uint64_t vaddr, size;
        bool good;
    } rows[] = {
        { 0x3e00, 0x200, true }, { 0x3e00, 0x2200, true },
        { 0x3e00, 0x2201, false }, { 0x6000, 0, false },
        { -0x1000ull, 0x1000, false }, { 0x3e00, -1ull, false },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        Image *m = image_new();
        KztImage img;

        phdr(m, 3)->p_vaddr = rows[i].vaddr;
        phdr(m, 3)->p_memsz = rows[i].size;
        g_assert_null(kzt_image_read(&img, &m->memory, BASE));
        g_assert_cmpint(img.relro_start < img.relro_end, ==, rows[i].good);
        g_free(m);
    }
}

static void test_find(void)
{
    Image *m = image_new();
    KztImage img;

    g_assert_null(kzt_image_find(&img, &m->memory, BASE + 0x3e10, BASE));
    g_assert_cmphex(img.header, ==, BASE);
    /* The bias does not tell: page by page downwards. */
    g_assert_null(kzt_image_find(&img, &m->memory, BASE + 0x3e10, 0));
    g_assert_cmphex(img.header, ==, BASE);
    g_assert_null(kzt_image_find(&img, &m->memory, BASE + 0x3e10,
                                 BASE - 0x400000));
    /* Another header on the way is not the one. */
    memcpy(m->bytes + 0x2000, m->bytes, 0x400);
    g_assert_null(kzt_image_find(&img, &m->memory, BASE + 0x3e10, 0));
    g_assert_cmphex(img.header, ==, BASE);
    /* Nobody has this dynamic section. */
    g_assert_cmpstr(kzt_image_find(&img, &m->memory, BASE + 0x3e18, BASE),
                    ==, "no ELF header for this dynamic section");
    g_assert_cmphex(img.end, ==, 0);
    g_assert_cmpstr(kzt_image_find(&img, &m->memory, 0x1000, 0), ==,
                    "no ELF header for this dynamic section");
    /* Its own header says it lies outside. */
    phdr(m, 2)->p_vaddr = 0x7000;
    g_assert_nonnull(kzt_image_find(&img, &m->memory, BASE + 0x7000, BASE));
    g_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kzt-image/read", test_read);
    g_test_add_func("/kzt-image/refused", test_refused);
    g_test_add_func("/kzt-image/relro", test_relro);
    g_test_add_func("/kzt-image/find", test_find);
    return g_test_run();
}
