/*
 * The memory calls against a simple model, with host pages of 4, 16 and
 * 64 KiB.
 *
 * The model is one record per guest page and a copy of its contents.  After
 * every step the page table must agree, and everything readable must have the
 * model's contents.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/page-set.h"
#include "user/mmap.h"
#include "user/uaccess.h"
#include "host-signal.h"
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#define PAGES 96
#define PAGE  4096u
#define ANON  (TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS)

typedef struct Page {
    bool mapped;
    int prot;
    unsigned char fill[PAGE];
} Page;

static Page model[PAGES + 64];
static uint64_t arena;
static int file_fd;             /* PAGES pages, page n filled with 0x80 + n */

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

static uint64_t at(unsigned page)
{
    return arena + (uint64_t)page * PAGE;
}

static void check_page(unsigned p)
{
    static unsigned char buf[PAGE];
    int flags = page_get_flags(at(p), NULL);

    if (!model[p].mapped) {
        g_assert_cmpint(flags, ==, 0);
        if (host_page_size == PAGE) {
            g_assert_false(copy_from_guest(buf, at(p), 1));
        }
        return;
    }
    g_assert_cmpint(flags, ==, model[p].prot | PAGE_VALID);
    if (model[p].prot & PAGE_READ) {
        g_assert_true(copy_from_guest(buf, at(p), PAGE));
        g_assert_cmpmem(buf, PAGE, model[p].fill, PAGE);
    } else if (host_page_size == PAGE && !model[p].prot) {
        g_assert_false(copy_from_guest(buf, at(p), 1));
    }
}

/* The host has a mapping exactly where a host page holds guest pages. */
static void check_host(void)
{
    static bool host[PAGES];
    unsigned ratio = host_page_size / PAGE, p, q;
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512];

    memset(host, 0, sizeof(host));
    while (fgets(line, sizeof(line), f)) {
        uint64_t lo = 0, hi = 0;

        sscanf(line, "%" SCNx64 "-%" SCNx64, &lo, &hi);
        for (p = 0; p < PAGES; p++) {
            host[p] |= at(p) >= lo && at(p) < hi;
        }
    }
    fclose(f);
    for (p = 0; p < PAGES; p += ratio) {
        bool want = false;

        for (q = p; q < p + ratio; q++) {
            want |= model[q].mapped;
        }
        g_assert_cmpint(host[p], ==, want);
    }
}

static void check_all(void)
{
    unsigned p;

    check_host();

    for (p = 0; p < PAGES; p++) {
        check_page(p);
    }
}

static int random_prot(void)
{
    static const int prots[] = {
        PAGE_READ | PAGE_WRITE, PAGE_READ | PAGE_WRITE, PAGE_READ, 0,
    };

    return prots[g_test_rand_int_range(0, ARRAY_SIZE(prots))];
}

static void model_map(unsigned p, unsigned n, int prot, bool file,
                      unsigned file_page)
{
    for (; n--; p++, file_page++) {
        model[p].mapped = true;
        model[p].prot = prot;
        memset(model[p].fill, file && file_page < PAGES ? 0x80 + file_page : 0,
               PAGE);
    }
}

static void step_mmap(unsigned p, unsigned n)
{
    int prot = random_prot();
    bool file = g_test_rand_bit();
    unsigned file_page = g_test_rand_int_range(0, PAGES - n);
    int64_t ret;

    ret = target_mmap(at(p), n * PAGE, prot, TARGET_MAP_FIXED |
                      (file ? TARGET_MAP_PRIVATE : ANON),
                      file ? file_fd : -1, file ? file_page * PAGE : 0);
    g_assert_cmpint(ret, ==, at(p));
    model_map(p, n, prot, file, file_page);
}

static void step_noreplace(unsigned p, unsigned n)
{
    bool taken = false;
    unsigned i;
    int64_t ret;

    for (i = p; i < p + n; i++) {
        taken |= model[i].mapped;
    }
    ret = target_mmap(at(p), n * PAGE, PAGE_READ,
                      ANON | TARGET_MAP_FIXED_NOREPLACE, -1, 0);
    g_assert_cmpint(ret, ==, taken ? -EEXIST : (int64_t)at(p));
    if (!taken) {
        model_map(p, n, PAGE_READ, false, 0);
    }
}

static void step_munmap(unsigned p, unsigned n)
{
    g_assert_cmpint(target_munmap(at(p), n * PAGE), ==, 0);
    while (n--) {
        model[p++].mapped = false;
    }
}

static void step_mprotect(unsigned p, unsigned n)
{
    int prot = random_prot();
    int64_t ret = target_mprotect(at(p), n * PAGE, prot);
    unsigned i;

    for (i = 0; i < n && model[p + i].mapped; i++) {
        model[p + i].prot = prot;
    }
    g_assert_cmpint(ret, ==, i == n ? 0 : -ENOMEM);
}

static void step_write(unsigned p)
{
    unsigned char c = g_test_rand_int();

    if (model[p].mapped && (model[p].prot & PAGE_WRITE)) {
        memset(model[p].fill, c, PAGE);
        g_assert_true(copy_to_guest(at(p), model[p].fill, PAGE));
    }
}

static void step_dontneed(unsigned p, unsigned n)
{
    unsigned i;

    /* Only anonymous, mapped and readable-writable: first map it so. */
    g_assert_cmpint(target_mmap(at(p), n * PAGE, PAGE_READ | PAGE_WRITE,
                                ANON | TARGET_MAP_FIXED, -1, 0), ==, at(p));
    model_map(p, n, PAGE_READ | PAGE_WRITE, false, 0);
    for (i = p; i < p + n; i++) {
        step_write(i);
    }
    g_assert_cmpint(target_madvise(at(p), n * PAGE, MADV_DONTNEED), ==, 0);
    model_map(p, n, PAGE_READ | PAGE_WRITE, false, 0);
}

static void step_mremap(unsigned p, unsigned n)
{
    unsigned to = g_test_rand_int_range(0, PAGES - 2 * n);
    unsigned m = g_test_rand_int_range(1, 2 * n + 1);
    unsigned i;
    static Page saved[64];

    if (to + m > p && p + n > to) {
        return;
    }
    step_dontneed(p, n);
    for (i = p; i < p + n; i++) {
        step_write(i);
    }
    memcpy(saved, model + p, n * sizeof(Page));
    g_assert_cmpint(target_mremap(at(p), n * PAGE, m * PAGE, 3, at(to)), ==,
                    at(to));
    for (i = 0; i < n; i++) {
        model[p + i].mapped = false;
    }
    model_map(to, m, PAGE_READ | PAGE_WRITE, false, 0);
    memcpy(model + to, saved, MIN(n, m) * sizeof(Page));
}

static void run_random(unsigned host_page, int steps)
{
    int i;

    host_page_size = host_page;
    memset(model, 0, sizeof(model));
    arena = 0x700000000000ull;
    for (i = 0; i < steps; i++) {
        unsigned p = g_test_rand_int_range(0, PAGES - 16);
        unsigned n = g_test_rand_int_range(1, 13);

        switch (g_test_rand_int_range(0, 8)) {
        case 0:
        case 1:
            step_mmap(p, n);
            break;
        case 2:
            step_munmap(p, n);
            break;
        case 3:
            step_mprotect(p, n);
            break;
        case 4:
            step_noreplace(p, n);
            break;
        case 5:
            step_dontneed(p, n);
            break;
        case 6:
            step_mremap(p, n);
            break;
        default:
            step_write(p);
        }
        check_all();
    }
    step_munmap(0, PAGES);
    check_all();
}

static void test_random(const void *data)
{
    run_random(GPOINTER_TO_UINT(data), 3000);
}

static void test_errors(void)
{
    host_page_size = PAGE;
    g_assert_cmpint(target_mmap(0, 0, 3, ANON, -1, 0), ==, -EINVAL);
    g_assert_cmpint(target_mmap(0, PAGE, 3, TARGET_MAP_ANONYMOUS, -1, 0), ==,
                    -EINVAL);
    g_assert_cmpint(target_mmap(1, PAGE, 3, ANON | TARGET_MAP_FIXED, -1, 0),
                    ==, -EINVAL);
    g_assert_cmpint(target_mmap(0, UINT64_MAX - 5000, 3, ANON, -1, 0), ==,
                    -ENOMEM);
    g_assert_cmpint(target_mmap(TARGET_TASK_SIZE, PAGE, 3,
                                ANON | TARGET_MAP_FIXED, -1, 0), ==, -ENOMEM);
    g_assert_cmpint(target_mmap(0, PAGE, 3, TARGET_MAP_PRIVATE, -1, 0), ==,
                    -EBADF);
    g_assert_cmpint(target_mmap(0, PAGE, 3, TARGET_MAP_PRIVATE, file_fd, 5),
                    ==, -EINVAL);
    g_assert_cmpint(target_munmap(1, PAGE), ==, -EINVAL);
    g_assert_cmpint(target_munmap(PAGE, 0), ==, -EINVAL);
    g_assert_cmpint(target_mprotect(arena, PAGE, 3), ==, -ENOMEM);
    g_assert_cmpint(target_mprotect(arena, 0, 3), ==, 0);
    g_assert_cmpint(target_madvise(arena, PAGE, MADV_DONTNEED), ==, -ENOMEM);
    g_assert_cmpint(target_madvise(arena, PAGE, 77), ==, -EINVAL);
    g_assert_cmpint(target_mremap(arena, PAGE, PAGE, 1, 0), ==, -EFAULT);
    g_assert_cmpint(target_mremap(arena, PAGE, 0, 1, 0), ==, -EINVAL);
    g_assert_cmpint(target_mremap(arena, PAGE, PAGE, 2, 0), ==, -EINVAL);
}

/* The emulator's own memory cannot be mapped over or unmapped. */
static void test_own_memory(void)
{
    static char mine[3 * PAGE];
    uint64_t page = ((uint64_t)(uintptr_t)mine + PAGE) & TARGET_PAGE_MASK;

    host_page_size = PAGE;
    mine[PAGE] = 7;
    g_assert_cmpint(target_mmap(page, PAGE, 3, ANON | TARGET_MAP_FIXED, -1,
                                0), ==, -ENOMEM);
    g_assert_cmpint(target_mmap(page, PAGE, 3,
                                ANON | TARGET_MAP_FIXED_NOREPLACE, -1, 0), ==,
                    -EEXIST);
    g_assert_cmpint(target_munmap(page, PAGE), ==, 0);
    g_assert_cmpint(target_mprotect(page, PAGE, 0), ==, -ENOMEM);
    g_assert_cmpint(mine[PAGE], ==, 7);
}

static void test_placement(void)
{
    int64_t a, b, low, hint;

    host_page_size = PAGE;
    a = target_mmap(0, PAGE, 3, ANON, -1, 0);
    b = target_mmap(0, PAGE, 3, ANON, -1, 0);
    g_assert_cmpint(a, >, b);
    low = target_mmap(0, PAGE, 3, ANON | TARGET_MAP_32BIT, -1, 0);
    g_assert_cmpint(low, >, 0);
    g_assert_cmpint(low, <, 0x80000000);
    hint = target_mmap(0x123456789000, PAGE, 3, ANON, -1, 0);
    g_assert_cmpint(hint, ==, 0x123456789000);
    hint = target_mmap(0x123456789000, PAGE, 3, ANON, -1, 0);
    g_assert_cmpint(hint, !=, 0x123456789000);
    target_munmap(0x123456789000, PAGE);
    target_munmap(hint, PAGE);
    target_munmap(low, PAGE);
    target_munmap(a, PAGE);
    target_munmap(b, PAGE);
    g_assert_cmpuint(mmap_total_pages(), ==, 0);
}

/* Reservations of terabytes cost nothing. */
static void test_reservation(void)
{
#ifdef __SANITIZE_ADDRESS__
    /* 0x7fff8000 is where the sanitizer's own shadow lies */
    const uint64_t at = 0x300000000000, size = 1ull << 43;
#else
    const uint64_t at = 0x7fff8000, size = 1ull << 44;
#endif
    int64_t start = g_get_monotonic_time();
    int64_t a = target_mmap(at, size, 0,
                            ANON | TARGET_MAP_FIXED | TARGET_MAP_NORESERVE,
                            -1, 0);

    g_assert_cmpint(a, ==, at);
    g_assert_cmpint(target_mprotect(a + size / 2, PAGE, 3), ==, 0);
    g_assert_cmpint(target_munmap(a, size), ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 1000000);
}

static void test_brk(void)
{
    uint64_t base = 0x300000000000ull;

    host_page_size = PAGE;
    target_set_brk(base);
    g_assert_cmphex(target_brk(0), ==, base);
    g_assert_cmphex(target_brk(base + 100), ==, base + 100);
    g_assert_cmpint(page_get_flags(base, NULL), ==,
                    PAGE_READ | PAGE_WRITE | PAGE_VALID);
    g_assert_cmphex(target_brk(base + 5 * PAGE), ==, base + 5 * PAGE);
    g_assert_cmpint(target_mmap(base + 8 * PAGE, PAGE, 3,
                                ANON | TARGET_MAP_FIXED, -1, 0), >, 0);
    g_assert_cmphex(target_brk(base + 9 * PAGE), ==, base + 5 * PAGE);
    g_assert_cmphex(target_brk(base - PAGE), ==, base + 5 * PAGE);
    g_assert_cmphex(target_brk(base), ==, base);
    g_assert_cmpint(page_get_flags(base, NULL), ==, 0);
    target_munmap(base + 8 * PAGE, PAGE);
}

static void test_maps_text(void)
{
    int64_t a = target_mmap(0x500000000000, 2 * PAGE, PAGE_READ,
                            TARGET_MAP_PRIVATE | TARGET_MAP_FIXED, file_fd,
                            PAGE);
    char *text;
    size_t len;

    g_assert_cmpint(a, >, 0);
    mmap_set_name(a + PAGE, PAGE, "[heap]");
    g_assert_cmpint(maps_generate(&text, &len), ==, 0);
    g_assert_cmpuint(strlen(text), ==, len);
    g_assert_true(g_str_has_prefix(text, "500000000000-500000001000 r--p "
                                   "00001000 "));
    g_assert_nonnull(strstr(text, "[heap]\n"));
    g_assert_nonnull(strstr(text, "[vsyscall]\n"));
    free(text);
    target_munmap(a, 2 * PAGE);
}

static void test_uaccess(void)
{
    uint64_t a = 0x510000000000ull;
    char buf[2 * PAGE], *s;
    uint32_t old;
    unsigned n;

    host_page_size = PAGE;
    target_mmap(a, PAGE, 3, ANON | TARGET_MAP_FIXED, -1, 0);
    memset(buf, 'x', sizeof(buf));
    for (n = 1; n < PAGE; n = n * 3 + 1) {
        /* Exactly what fits before the end is copied. */
        g_assert_cmpuint(uaccess_copy(g2h(a + PAGE - n), buf, n), ==, 0);
        g_assert_cmpuint(uaccess_copy(g2h(a + PAGE - n), buf, n + 13), ==, 13);
        g_assert_cmpuint(uaccess_copy(buf, g2h(a + PAGE - n), n + 700), ==,
                         700);
    }
    g_assert_cmpint(strnlen_guest(a + PAGE - 5, 5), ==, 5);
    g_assert_cmpint(strnlen_guest(a + PAGE - 5, 6), ==, -EFAULT);
    g_assert_true(put_guest_u8(a + PAGE - 1, 0));
    g_assert_cmpint(strnlen_guest(a + PAGE - 5, 100), ==, 4);
    g_assert_cmpint(strncpy_from_guest(buf, a + PAGE - 5, 5), ==, 4);
    g_assert_cmpint(strncpy_from_guest(buf, a + PAGE - 5, 4), ==,
                    -ENAMETOOLONG);
    g_assert_cmpint(strdup_from_guest(&s, a + PAGE - 5, 64), ==, 4);
    g_assert_cmpstr(s, ==, "xxxx");
    free(s);
    g_assert_true(put_guest_u32(a, 5));
    g_assert_true(cmpxchg_guest_u32(a, 5, 6, &old) && old == 5);
    g_assert_true(cmpxchg_guest_u32(a, 5, 7, &old) && old == 6);
    g_assert_false(cmpxchg_guest_u32(a + PAGE, 5, 7, &old));
    g_assert_false(cmpxchg_guest_u32(a + 2, 5, 7, &old));
    g_assert_false(put_guest_u64(a + PAGE - 4, 1));
    g_assert_false(clear_guest(a, PAGE + 1));
    g_assert_false(copy_from_guest(buf, UINT64_MAX - 4, 8));
    g_assert_null(lock_user(a, PAGE + 1, false));
    g_assert_nonnull(lock_user(a, PAGE, true));
    target_munmap(a, PAGE);
}

static void test_page_set(void)
{
    PageSet *s = g_new0(PageSet, 1);
    uint64_t a = 0x7f0012345000ull;

    g_assert_false(page_set_test(s, a));
    g_assert_cmphex(page_set_next(s, 0, 1ull << 47), ==, 1ull << 47);
    g_assert_false(page_set_add(s, a));
    g_assert_true(page_set_add(s, a + 5));
    page_set_add(s, a + PAGE);
    page_set_add(s, 0x1000);
    g_assert_true(page_set_test(s, a + 4095));
    g_assert_cmphex(page_set_next(s, 0, 1ull << 47), ==, 0x1000);
    g_assert_cmphex(page_set_next(s, 0x2000, 1ull << 47), ==, a);
    g_assert_cmphex(page_set_next(s, 0x2000, a), ==, a);
    g_assert_cmphex(page_set_run_end(s, a, 1ull << 47), ==, a + 2 * PAGE);
    /* There is nothing above user space, and a search there ends. */
    page_set_add(s, (1ull << 47) - PAGE);
    g_assert_cmphex(page_set_next(s, 1ull << 47, 1ull << 48), ==, 1ull << 48);
    g_assert_cmphex(page_set_run_end(s, 1ull << 47, 1ull << 48), ==,
                    1ull << 47);
    g_assert_cmphex(page_set_run_end(s, (1ull << 47) - PAGE, 1ull << 48), ==,
                    1ull << 47);
    page_set_remove_range(s, 0, a + PAGE);
    g_assert_false(page_set_test(s, 0x1000) || page_set_test(s, a));
    g_assert_true(page_set_remove(s, a + PAGE));
    g_assert_false(page_set_remove(s, a + PAGE));
}

/* Another thread opens all closed pages and closes them again. */
static void *open_and_close(void *unused)
{
    g_assert_true(mmap_open_all(false));
    mmap_close_all();
    return NULL;
}

/* Whoever holds the pages open is not disturbed by anybody else. */
static void test_hold(void)
{
    const uint64_t a = 0x720000000000ull;
    pthread_t other;

    host_page_size = 65536;
    g_assert_cmphex(target_mmap(a, 65536, PAGE_READ | PAGE_WRITE,
                                ANON | TARGET_MAP_FIXED, -1, 0), ==, a);
    g_assert_cmpint(target_mprotect(a, PAGE, 0), ==, 0);
    g_assert_true(mmap_closed_in(a + PAGE, 1));
    for (int hold = 0; hold < 2; hold++) {
        g_assert_true(mmap_open_all(hold));
        pthread_create(&other, NULL, open_and_close, NULL);
        pthread_join(other, NULL);
        g_assert_cmpint(mmap_close_all(), ==, !hold);
    }
    g_assert_cmpint(target_munmap(a, 65536), ==, 0);
    g_assert_false(mmap_closed_in(a + PAGE, 1));
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    unsigned char buf[PAGE];
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    file_fd = memfd_create("test", 0);
    for (i = 0; i < PAGES; i++) {
        memset(buf, 0x80 + i, sizeof(buf));
        g_assert_cmpint(write(file_fd, buf, sizeof(buf)), ==, sizeof(buf));
    }
    mmap_init();
    if (host_page_size == PAGE) {
        g_test_add_func("/mmap/errors", test_errors);
        g_test_add_func("/mmap/own-memory", test_own_memory);
        g_test_add_func("/mmap/placement", test_placement);
        g_test_add_func("/mmap/reservation", test_reservation);
        g_test_add_func("/mmap/brk", test_brk);
        g_test_add_func("/mmap/maps", test_maps_text);
        g_test_add_func("/mmap/uaccess", test_uaccess);
        g_test_add_data_func("/mmap/random/4k", GUINT_TO_POINTER(4096),
                             test_random);
    }
    g_test_add_func("/mmap/page-set", test_page_set);
    g_test_add_func("/mmap/hold", test_hold);
    g_test_add_data_func("/mmap/random/16k", GUINT_TO_POINTER(16384),
                         test_random);
    g_test_add_data_func("/mmap/random/64k", GUINT_TO_POINTER(65536),
                         test_random);
    return g_test_run();
}
