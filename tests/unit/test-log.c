/*
 * Log items, filters, numbers, growing strings.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include <fcntl.h>
#include <glib.h>

static void test_parse(void)
{
    const QemuLogItem *it;
    const char *bad = NULL;
    uint32_t mask = 42;

    g_assert_true(qemu_log_parse("in_asm,op", &mask, &bad));
    g_assert_cmphex(mask, ==, LOG_IN_ASM | LOG_OP);
    g_assert_false(qemu_log_parse("in_asm,nope,op", &mask, &bad));
    g_assert_cmphex(mask, ==, LOG_IN_ASM | LOG_OP);
    g_assert_true(g_str_has_prefix(bad, "nope"));
    g_assert_false(qemu_log_parse("op_op", &mask, &bad));
    for (it = qemu_log_items; it->name; it++) {
        g_assert_true(qemu_log_parse(it->name, &mask, &bad));
        g_assert_cmphex(mask, ==, it->mask);
    }
}

static void test_filter(void)
{
    g_assert_true(qemu_log_in_filter(12345));
    g_assert_true(qemu_log_set_filter("0x1000+0x100,2000..2fff,0x5000-0x10"));
    g_assert_true(qemu_log_in_filter(0x1000));
    g_assert_true(qemu_log_in_filter(0x10ff));
    g_assert_false(qemu_log_in_filter(0x1100));
    g_assert_true(qemu_log_in_filter(0x2fff));
    g_assert_false(qemu_log_in_filter(0x3000));
    g_assert_true(qemu_log_in_filter(0x5000));
    g_assert_true(qemu_log_in_filter(0x4ff1));
    g_assert_false(qemu_log_in_filter(0x4ff0));
    g_assert_false(qemu_log_set_filter("0x1000"));
    g_assert_false(qemu_log_set_filter("x+1"));
    g_assert_false(qemu_log_set_filter("2000..1000"));
    g_assert_false(qemu_log_set_filter("1000+10;"));
    g_assert_true(qemu_log_set_filter(""));
}

static void test_output(void)
{
    char *path = NULL, *text = NULL, *lines;
    char *name = g_strdup_printf("%s/log-%%d", g_get_tmp_dir());
    char *big = g_strnfill(5000, 'x');
    gsize len, more;

    g_assert_cmpint(qemu_log_open(name, false), ==, 0);
    qemu_log("one %d\n", 1);
    qemu_log("%s\n", big);
    path = g_strdup_printf("%s/log-%d", g_get_tmp_dir(), getpid());
    g_assert_true(g_file_get_contents(path, &text, &len, NULL));
    g_assert_true(g_str_has_prefix(text, "one 1\nxxx"));
    g_assert_cmpuint(len, ==, 6 + 5001);
    qemu_loglevel = LOG_TID;
    qemu_log("a\nb %s\n", "c");
    qemu_loglevel = 0;
    g_free(text);
    g_assert_true(g_file_get_contents(path, &text, &more, NULL));
    lines = g_strdup_printf("%d a\n%d b c\n", getpid(), getpid());
    g_assert_cmpstr(text + len, ==, lines);
    g_free(lines);
    close(qemu_log_fd());
    g_free(text);
    for (int append = 1; append >= 0; append--) {
        g_assert_cmpint(qemu_log_open(name, append), ==, 0);
        qemu_log("more\n");
        g_assert_true(g_file_get_contents(path, &text, &len, NULL));
        g_assert_cmpuint(len, ==, append ? more + 5 : 5);
        close(qemu_log_fd());
        g_free(text);
    }
    qemu_log_open(NULL, false);
    unlink(path);
    g_assert_cmpint(qemu_log_open("/nonexistent/x", false), ==, -ENOENT);
    g_free(path);
    g_free(big);
    g_free(name);
}

static void test_numbers(void)
{
    uint64_t v = 0;
    char *end;
    bool b;

    g_assert_true(qemu_strtou64("0x10", NULL, &v) && v == 16);
    g_assert_true(qemu_strtou64("12z", &end, &v) && v == 12 && *end == 'z');
    g_assert_false(qemu_strtou64("12z", NULL, &v));
    g_assert_false(qemu_strtou64("-1", NULL, &v));
    g_assert_false(qemu_strtou64(" 1", NULL, &v));
    g_assert_false(qemu_strtou64("", NULL, &v));
    g_assert_false(qemu_strtou64("99999999999999999999", NULL, &v));
    g_assert_true(qemu_strtosz("8M", &v) && v == 8u << 20);
    g_assert_true(qemu_strtosz("1g", &v) && v == 1u << 30);
    g_assert_false(qemu_strtosz("8MB", &v));
    g_assert_false(qemu_strtosz("99999999999999999G", &v));
    g_assert_true(qemu_strtobool("on", &b) && b);
    g_assert_true(qemu_strtobool("no", &b) && !b);
    g_assert_false(qemu_strtobool("maybe", &b));
}

static void test_strbuf(void)
{
    StrBuf s = { 0 };
    int i;

    for (i = 0; i < 1000; i++) {
        strbuf_printf(&s, "%04d,", i);
    }
    strbuf_append(&s, "end", 3);
    g_assert_cmpuint(s.len, ==, 5003);
    g_assert_cmpuint(strlen(s.str), ==, 5003);
    g_assert_true(g_str_has_suffix(s.str, "0998,0999,end"));
    free(s.str);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/parse", test_parse);
    g_test_add_func("/log/filter", test_filter);
    g_test_add_func("/log/output", test_output);
    g_test_add_func("/cutils/numbers", test_numbers);
    g_test_add_func("/cutils/strbuf", test_strbuf);
    return g_test_run();
}
