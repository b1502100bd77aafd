/*
 * ELF headers: what is accepted, what is refused and why, and mutated headers
 * of a real program.  Everything accepted must keep its promises.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/elffile.h"
#include "linux-user/loader.h"
#include "user/mmap.h"
#include "user/uaccess.h"
#include "host-signal.h"
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/mman.h>

#define MAX_ADDR 0x7ffffffff000ull
#define MUTATIONS 200000
#define LOADS     50000

static unsigned char *image;
static gsize image_size;

/* A small valid program: two segments, an interpreter, a stack note. */
static void build_image(void)
{
    Elf64_Ehdr eh = { 0 };
    Elf64_Phdr ph[5] = {
        { .p_type = PT_PHDR, .p_offset = 64, .p_vaddr = 64, .p_filesz = 280,
          .p_memsz = 280, .p_flags = PF_R, .p_align = 8 },
        { .p_type = PT_INTERP, .p_offset = 0x200, .p_vaddr = 0x200,
          .p_filesz = 16, .p_memsz = 16, .p_flags = PF_R, .p_align = 1 },
        { .p_type = PT_LOAD, .p_filesz = 0x1800, .p_memsz = 0x1800,
          .p_flags = PF_R | PF_X, .p_align = 0x1000 },
        { .p_type = PT_LOAD, .p_offset = 0x1800, .p_vaddr = 0x3800,
          .p_filesz = 0x400, .p_memsz = 0x9000, .p_flags = PF_R | PF_W,
          .p_align = 0x200000 },
        { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16 },
    };

    image_size = 0x2000;
    image = g_malloc0(image_size);
    memcpy(eh.e_ident, ELFMAG, SELFMAG);
    eh.e_ident[EI_CLASS] = ELFCLASS64;
    eh.e_ident[EI_DATA] = ELFDATA2LSB;
    eh.e_ident[EI_VERSION] = EV_CURRENT;
    eh.e_type = ET_DYN;
    eh.e_machine = EM_X86_64;
    eh.e_entry = 0x1000;
    eh.e_phoff = 64;
    eh.e_phentsize = sizeof(ph[0]);
    eh.e_phnum = ARRAY_SIZE(ph);
    memcpy(image, &eh, sizeof(eh));
    memcpy(image + 64, ph, sizeof(ph));
    strcpy((char *)image + 0x200, "/lib64/loader.so");
}

static const char *parse(const unsigned char *buf, gsize len, ElfFile *ef)
{
    const char *why;
    uint64_t phoff;
    uint32_t bytes;

    why = elf_check_header(buf, len, len, &phoff, &bytes);
    if (why) {
        return why;
    }
    g_assert_cmpuint(bytes, <=, ELF_MAX_PHDR_BYTES);
    g_assert_cmpuint(phoff, <=, len);
    g_assert_cmpuint(bytes, <=, len - phoff);
    return elf_parse(buf, buf + phoff, bytes, len, MAX_ADDR, ef);
}

static void test_valid(void)
{
    ElfFile ef;

    g_assert_true(elf_is_elf(image, image_size));
    g_assert_true(elf_is_guest(image, image_size));
    g_assert_null(parse(image, image_size, &ef));
    g_assert_cmpuint(ef.nsegs, ==, 2);
    g_assert_cmphex(ef.lo, ==, 0);
    g_assert_cmphex(ef.hi, ==, 0xd000);
    g_assert_cmphex(ef.max_align, ==, 0x200000);
    g_assert_cmphex(ef.phdr_vaddr, ==, 64);
    g_assert_cmpuint(ef.interp_size, ==, 16);
    g_assert_false(ef.exec_stack);
    elf_file_free(&ef);
}

/* One damaged field each: what must be refused. */
static void test_refused(void)
{
    static const struct {
        unsigned offset, size;
        uint64_t value;
    } cases[] = {
        { EI_CLASS, 1, 1 }, { EI_DATA, 1, 2 }, { 16, 2, 1 }, { 16, 2, 4 },
        { 18, 2, 0xb7 }, { 32, 8, UINT64_MAX }, { 32, 8, 0x1fff },
        { 54, 2, 55 }, { 56, 2, 0 }, { 56, 2, 0xffff },
        /* PT_LOAD 2: offset, vaddr, filesz, memsz */
        { 64 + 2 * 56 + 8, 8, 0x100 }, { 64 + 2 * 56 + 16, 8, 0x10 },
        { 64 + 2 * 56 + 16, 8, MAX_ADDR }, { 64 + 2 * 56 + 32, 8, 0x1900 },
        { 64 + 3 * 56 + 32, 8, UINT64_MAX }, { 64 + 3 * 56 + 40, 8, 0x3ff },
        { 64 + 3 * 56 + 40, 8, UINT64_MAX - 0x3000 },
        /* PT_INTERP: offset and size */
        { 64 + 56 + 8, 8, UINT64_MAX - 4 }, { 64 + 56 + 32, 8, 1 },
        { 64 + 56 + 32, 8, 5000 },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned char *copy = g_memdup2(image, image_size);
        ElfFile ef;

        memcpy(copy + cases[i].offset, &cases[i].value, cases[i].size);
        g_test_message("case %u", i);
        g_assert_nonnull(parse(copy, image_size, &ef));
        g_free(copy);
    }
}

static void test_truncated(void)
{
    gsize len;

    for (len = 0; len < image_size; len++) {
        /* A copy of exactly this size, so that tools see an overrun. */
        unsigned char *copy = g_memdup2(image, len ? len : 1);
        ElfFile ef;

        if (!parse(copy, len, &ef)) {
            g_assert_cmpuint(len, >=, 0x1c00);
            elf_file_free(&ef);
        }
        g_free(copy);
    }
}

/* What the loader relies on. */
static void check_promises(const ElfFile *ef, gsize len)
{
    unsigned i;

    g_assert_cmpuint(ef->nsegs, >, 0);
    g_assert_cmpuint(ef->nsegs, <=, ef->phnum);
    for (i = 0; i < ef->nsegs; i++) {
        const ElfSegment *s = &ef->segs[i];

        g_assert_cmpuint(s->memsz, >, 0);
        g_assert_cmpuint(s->filesz, <=, s->memsz);
        g_assert_cmpuint(s->vaddr, <=, MAX_ADDR);
        g_assert_cmpuint(s->memsz, <=, MAX_ADDR - s->vaddr);
        g_assert_cmpuint(s->offset, <=, len);
        g_assert_cmpuint(s->filesz, <=, len - s->offset);
        g_assert_true(!s->filesz || ((s->vaddr ^ s->offset) & 4095) == 0);
        g_assert_cmpuint(ef->lo, <=, s->vaddr);
        g_assert_cmpuint(ef->hi, >=, s->vaddr + s->memsz);
    }
    g_assert_cmpuint(ef->max_align & (ef->max_align - 1), ==, 0);
    if (ef->interp_size) {
        g_assert_cmpuint(ef->interp_size, <=, PATH_MAX);
        g_assert_cmpuint(ef->interp_offset + ef->interp_size, <=, len);
    }
}

static void mutate(unsigned char *copy)
{
    static const uint64_t special[] = {
        0, 1, 0x7f, 0xff, 0xfff, 0x1000, 0x7fffffff, 0xffffffff,
        0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX, UINT64_MAX - 4095,
        MAX_ADDR, MAX_ADDR - 4096,
    };
    int n = g_test_rand_int_range(1, 5);

    memcpy(copy, image, image_size);
    while (n--) {
        unsigned at = g_test_rand_int_range(0, 64 + 5 * 56 - 8);
        uint64_t v = special[g_test_rand_int_range(0, ARRAY_SIZE(special))];

        if (g_test_rand_bit()) {
            memcpy(copy + (at & ~7u), &v, 8);
        } else {
            copy[at] = g_test_rand_int();
        }
    }
}

static void test_mutated(void)
{
    unsigned char *copy = g_malloc(image_size);
    unsigned i, accepted = 0;

    for (i = 0; i < MUTATIONS; i++) {
        gsize len = i % 7 ? image_size : (gsize)g_test_rand_int_range(0, 0x2000);
        ElfFile ef;

        mutate(copy);
        if (!parse(copy, len, &ef)) {
            accepted++;
            check_promises(&ef, len);
            elf_file_free(&ef);
        }
    }
    g_test_message("%u of %u mutated headers were acceptable", accepted,
                   MUTATIONS);
    g_assert_cmpuint(accepted, >, 0);
    g_free(copy);
}

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    if (sig == SIGSEGV &&
        mmap_handle_fault((uintptr_t)info->si_addr,
                          host_signal_is_write(info, uc))) {
        return;
    }
    if (!uaccess_fixup(uc)) {
        signal(sig, SIG_DFL);
    }
}

/* Bytes of [addr, addr + len) in guest memory are those of @want. */
static void check_bytes(uint64_t addr, const unsigned char *want, gsize len)
{
    g_autofree unsigned char *got = g_malloc(len);

    g_assert_true(copy_from_guest(got, addr, len));
    g_assert_cmpmem(got, len, want, len);
}

/*
 * Mutated files through the whole loader, program and interpreter at once:
 * the answer is loaded or an exit status, and nothing is left behind.
 */
static void test_loaded(const void *data)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    unsigned char *copy = g_malloc(image_size);
    int memfd = memfd_create("elf", 0), err = dup(2), count = 0, i;
    int fd = fcntl(memfd, F_DUPFD, 10);     /* two digits */
    int null = open("/dev/null", O_WRONLY);
    GuestLayout layout;
    char name[32];

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    if (!guest_layout.mmap_top) {
        mmap_init();
    }
    host_page_size = GPOINTER_TO_UINT(data);
    layout = guest_layout;
    /* The program is its own interpreter. */
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    memcpy(image + 0x200, name, 16);
    image[0x210] = 0;
    image[64 + 56 + 32] = 17;
    dup2(null, 2);
    for (i = 0; i < LOADS; i++) {
        LoadRequest req = { .path = "test", .fd = dup(fd) };
        LoadArgs args;
        int ret;

        if (i) {
            mutate(copy);
        } else {
            memcpy(copy, image, image_size);
        }
        g_assert_cmpint(pwrite(fd, copy, image_size, 0), ==, image_size);
        ret = loader_map(&req, &args);
        g_assert_true(ret == 0 || ret == 1 || ret == 255);
        if (i == 0) {
            g_assert_cmpint(ret, ==, 0);
            check_bytes(guest_image.load_bias, image, 0x1800);
            check_bytes(guest_image.load_bias + 0x3800, image + 0x1800, 0x400);
        }
        count += ret == 0;
        g_assert_cmpint(target_munmap(0, TARGET_TASK_SIZE), ==, 0);
        g_assert_cmpuint(mmap_total_pages(), ==, 0);
        guest_layout = layout;
    }
    dup2(err, 2);
    g_test_message("%d of %d mutated files were loaded", count, LOADS);
    close(memfd);
    close(fd);
    close(err);
    close(null);
    g_free(copy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    build_image();
    g_test_add_func("/elfload/valid", test_valid);
    g_test_add_func("/elfload/refused", test_refused);
    g_test_add_func("/elfload/truncated", test_truncated);
    g_test_add_func("/elfload/mutated", test_mutated);
    /* Larger pages are simulated on 4 KiB ones. */
    if (sysconf(_SC_PAGESIZE) == 4096) {
        g_test_add_data_func("/elfload/loaded/4k", GUINT_TO_POINTER(4096),
                             test_loaded);
        g_test_add_data_func("/elfload/loaded/16k", GUINT_TO_POINTER(16384),
                             test_loaded);
    }
    return g_test_run();
}
