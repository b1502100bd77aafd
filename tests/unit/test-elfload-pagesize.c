/*
 * Widening of PT_LOAD segments to host pages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/elfload-pagesize.h"
#include <elf.h>
#include <glib.h>

#define SEG(v, m, a) { PT_LOAD, v, m, a }
#define K4  4096u
#define K16 16384u
#define K64 65536u

/* A real program: the end of the code and the data share a 16 KiB page. */
static const ElfPagesizeSegment shared_page[] = {
    SEG(0x24aa400, 0x3c41da0, 0x1000),
    SEG(0x60ed1a0, 0x8593e60, 0x4000),
};

static void test_named_cases(void)
{
    static const ElfPagesizeSegment alone[] = { SEG(0x20000, 0x1800, 0x4000) };
    static const ElfPagesizeSegment small[] = { SEG(0x20000, 0x1800, 0x1000) };
    static const ElfPagesizeSegment later[] = {
        SEG(0x2d22400, 0x3b05c70, 0x1000), SEG(0x6829070, 0x1ed518, 0x4000),
    };

    g_assert_cmpuint(elf_load_exec_pagesize(shared_page, 2, 1, 0, K16, K4),
                     ==, K4);
    g_assert_cmpuint(elf_load_exec_pagesize(later, 2, 1, 0, K16, K4), ==, K4);
    g_assert_cmpuint(elf_load_exec_pagesize(alone, 1, 0, 0, K16, K4), ==, K16);
    g_assert_cmpuint(elf_load_exec_pagesize(small, 1, 0, 0, K16, K4), ==, K4);
}

static void test_hosts_and_bias(void)
{
    /* A 4 KiB host never widens; a bias moves the segments together. */
    g_assert_cmpuint(elf_load_exec_pagesize(shared_page, 2, 1, 0, K4, K4), ==,
                     K4);
    g_assert_cmpuint(elf_load_exec_pagesize(shared_page, 2, 1, 0x3000, K16,
                                            K4), ==, K16);
    g_assert_cmpuint(elf_load_exec_pagesize(shared_page, 2, 1, 0x400000, K16,
                                            K4), ==, K4);
    /* p_align 0x4000 is no multiple of 64 KiB. */
    g_assert_cmpuint(elf_load_exec_pagesize(shared_page, 2, 1, 0, K64, K4),
                     ==, K4);
}

static void test_tail(void)
{
    static const ElfPagesizeSegment s[] = {
        SEG(0x10000, 0x1800, 0x10000), SEG(0x12000, 0x100, 0x10000),
        SEG(0x30000, 0x1800, 0x10000),
    };

    g_assert_cmpuint(elf_load_tail_pagesize(s, 3, 0, 0, K16, K4), ==, K4);
    g_assert_cmpuint(elf_load_tail_pagesize(s, 3, 1, 0, K16, K4), ==, K16);
    g_assert_cmpuint(elf_load_tail_pagesize(s, 3, 2, 0, K64, K4), ==, K64);
    g_assert_cmpuint(elf_load_exec_pagesize(s, 3, 1, 0, K16, K4), ==, K4);
    g_assert_cmpuint(elf_load_exec_pagesize(s, 3, 2, 0, K16, K4), ==, K16);
}

static void test_order_and_empty(void)
{
    static const ElfPagesizeSegment s[] = {
        SEG(0x13000, 0x800, 0x4000),        /* third in memory */
        SEG(0x10000, 0x800, 0x4000),
        SEG(0x11000, 0x800, 0x4000),
        SEG(0x12000, 0, 0x4000),            /* no memory: not in the way */
        { PT_NOTE, 0x12000, 0x800, 0x4000 },
    };

    g_assert_cmpuint(elf_load_exec_pagesize(s, 5, 0, 0, K16, K4), ==, K4);
    g_assert_cmpuint(elf_load_exec_pagesize(s, 5, 1, 0, K16, K4), ==, K16);
    g_assert_cmpuint(elf_load_exec_pagesize(s, 5, 2, 0, K16, K4), ==, K4);
    g_assert_cmpuint(elf_load_tail_pagesize(s, 5, 0, 0, K16, K4), ==, K16);
    g_assert_cmpuint(elf_load_tail_pagesize(s, 5, 2, 0, K16, K4), ==, K4);
}

static void test_absurd(void)
{
    static const ElfPagesizeSegment s[] = {
        SEG(UINT64_MAX - 0x100, 0x1000, 0x4000),    /* wraps */
        SEG(0x21000, 0x1000, 0x4000),
        SEG(0x41000, 0x1000, 0),
    };

    g_assert_cmpuint(elf_load_exec_pagesize(s, 3, 1, 0, K16, K4), ==, K4);
    g_assert_cmpuint(elf_load_tail_pagesize(s, 3, 0, 0, K16, K4), ==, K4);
    g_assert_cmpuint(elf_load_exec_pagesize(s, 3, 2, 0, K16, K4), ==, K4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/elfload-pagesize/named", test_named_cases);
    g_test_add_func("/elfload-pagesize/hosts", test_hosts_and_bias);
    g_test_add_func("/elfload-pagesize/tail", test_tail);
    g_test_add_func("/elfload-pagesize/order", test_order_and_empty);
    g_test_add_func("/elfload-pagesize/absurd", test_absurd);
    return g_test_run();
}
