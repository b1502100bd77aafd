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

/*
 * Random layouts against a model of memory, in cells of 512 bytes: a cell holds
 * the number of the file's cell it came from, or 0 for bss.
 */
#define CELL    512u
#define CELLS   (8 * K64 / CELL)
#define MAX_SEG 5

typedef struct Layout {
    ElfPagesizeSegment seg[MAX_SEG];
    uint64_t offset[MAX_SEG], filesz[MAX_SEG];
    unsigned n;
} Layout;

static uint64_t rng = 88172645463325252ull;

static unsigned rnd(unsigned n)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (rng >> 16) % n;
}

/* Segments that share no 4 KiB page, in random order. */
static void make_layout(Layout *l)
{
    static const unsigned aligns[] = { 0, K4, K4, K16, K16, K64, K64 };
    uint64_t at = rnd(16) * K4;
    unsigned i;

    l->n = 1 + rnd(MAX_SEG);
    for (i = 0; i < l->n; i++) {
        ElfPagesizeSegment s = { PT_LOAD, at + rnd(8) * CELL, 0,
                                 aligns[rnd(7)] };
        unsigned k = rnd(i + 1);

        s.memsz = rnd(12) ? rnd(100) * CELL : 0;
        if (s.vaddr + s.memsz >= CELLS * CELL) {
            s.memsz = 0;
        }
        at = ((s.vaddr + s.memsz + K4 - 1) & -K4) + rnd(3) * rnd(6) * K4;
        if (at >= CELLS * CELL - K64) {
            l->n = i + 1;
        }
        l->seg[i] = l->seg[k];
        l->offset[i] = l->offset[k];
        l->filesz[i] = l->filesz[k];
        l->seg[k] = s;
        l->filesz[k] = rnd(3) ? s.memsz : rnd(s.memsz / CELL + 1) * CELL;
        /* Congruent to the largest page; different for each segment. */
        l->offset[k] = s.vaddr % K64 + (i + 1) * 16 * K64;
    }
}

/* Load on a host with pages of @host; @old: widen without looking around. */
static void load(const Layout *l, uint32_t host, bool old, uint32_t *mem)
{
    unsigned i;

    memset(mem, 0xff, CELLS * sizeof(*mem));
    for (i = 0; i < l->n; i++) {
        const ElfPagesizeSegment *s = &l->seg[i];
        uint64_t head, tail, a, end, file_end = s->vaddr + l->filesz[i];

        if (s->memsz == 0) {
            continue;
        }
        head = elf_load_exec_pagesize(l->seg, l->n, i, 0, host, K4);
        tail = elf_load_tail_pagesize(l->seg, l->n, i, 0, host, K4);
        if (old && s->align && s->align % host == 0) {
            head = tail = host;
        }
        end = MIN((s->vaddr + s->memsz + tail - 1) & -tail, CELLS * CELL);
        for (a = s->vaddr & -head; a < end; a += CELL) {
            mem[a / CELL] = a >= file_end ? 0 :
                            (l->offset[i] + a - s->vaddr) / CELL + 1;
        }
    }
}

static bool same_segments(const Layout *l, const uint32_t *a, const uint32_t *b)
{
    unsigned i;

    for (i = 0; i < l->n; i++) {
        uint64_t lo = l->seg[i].vaddr / CELL, n = l->seg[i].memsz / CELL;

        if (memcmp(a + lo, b + lo, n * sizeof(*a))) {
            return false;
        }
    }
    return true;
}

static void test_random(void)
{
    static const uint32_t hosts[] = { K4, K16, K64 };
    static uint32_t want[CELLS], got[CELLS];
    unsigned i, broken = 0, rounds = 1000000;
    Layout l;

    for (i = 0; i < rounds; i++) {
        uint32_t host = hosts[i % 3];

        make_layout(&l);
        load(&l, K4, false, want);
        load(&l, host, false, got);
        g_assert_true(same_segments(&l, want, got));
        if (i % 16 == 0) {
            load(&l, host, true, got);
            broken += !same_segments(&l, want, got);
        }
    }
    /* The model notices widening that does not look around. */
    g_assert_cmpuint(broken, >, rounds / 16 / 100);
    g_test_message("%u layouts, %u of %u break with the old widening", rounds,
                   broken, rounds / 16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/elfload-pagesize/named", test_named_cases);
    g_test_add_func("/elfload-pagesize/hosts", test_hosts_and_bias);
    g_test_add_func("/elfload-pagesize/tail", test_tail);
    g_test_add_func("/elfload-pagesize/order", test_order_and_empty);
    g_test_add_func("/elfload-pagesize/absurd", test_absurd);
    g_test_add_func("/elfload-pagesize/random", test_random);
    return g_test_run();
}
