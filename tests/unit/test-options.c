/*
 * The command line: values, environment, what a re-executed emulator gets,
 * and the one-line refusals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "linux-user/options-internal.h"
#include "user/options.h"
#include <glib.h>

static int parse(const char *first, ...)
{
    static char *argv[32];
    const char *s = first;
    int argc = 0;
    va_list ap;

    argv[argc++] = (char *)"qemu-x86_64";
    va_start(ap, first);
    while (s) {
        argv[argc++] = (char *)s;
        s = va_arg(ap, const char *);
    }
    va_end(ap);
    argv[argc] = NULL;
    return options_parse_arguments(argc, argv);
}

static void test_values(void)
{
    g_assert_cmpint(parse("-s", "16M", "--cpu", "Haswell", "-L", "/sys/root",
                          "-r", "5.0", "-seed", "7", "-tb-size", "64",
                          "prog", "-L", NULL), ==, 13);
    g_assert_cmpuint(user_options.stack_size, ==, 16u << 20);
    g_assert_cmpstr(user_options.cpu_model, ==, "Haswell");
    g_assert_cmpstr(user_options.ld_prefix, ==, "/sys/root");
    g_assert_cmpstr(user_options.uname_release, ==, "5.0");
    g_assert_true(user_options.have_seed && user_options.seed == 7);
    g_assert_cmpuint(user_options.tb_size, ==, 64u << 20);
    g_assert_cmpint(parse("-singlestep", "--", "-prog", NULL), ==, 3);
    g_assert_true(user_options.one_insn_per_tb);
    g_assert_cmpint(parse("-accel", "interp", NULL), ==, 3);
    g_assert_true(user_options.interp);
    g_assert_cmpint(parse("-accel", "tcg,tso=on", "p", NULL), ==, 3);
    g_assert_true(!user_options.interp && user_options.tso == 1);
    parse("-d", "in_asm,strace", "-execve", "off", "-p", "16384", NULL);
    g_assert_true(user_options.strace && !user_options.execve);
    g_assert_cmphex(qemu_loglevel, ==, LOG_IN_ASM | LOG_STRACE);
    g_assert_cmpuint(user_options.host_page, ==, 16384);
}

static void test_environment(void)
{
    g_setenv("QEMU_STACK_SIZE", "2M", true);
    g_setenv("QEMU_CPU", "max", true);
    g_setenv("QEMU_SET_ENV", "A=1,B=x,y,C=3", true);
    g_setenv("QEMU_UNSET_ENV", "GONE,ALSO", true);
    options_parse_environment();
    g_assert_cmpuint(user_options.stack_size, ==, 2u << 20);
    parse("-s", "3M", "-E", "GONE=back", NULL);
    g_assert_cmpuint(user_options.stack_size, ==, 3u << 20);
    g_assert_cmpstr(user_options.cpu_model, ==, "max");
    g_unsetenv("QEMU_STACK_SIZE");
    g_unsetenv("QEMU_CPU");
    g_unsetenv("QEMU_SET_ENV");
    g_unsetenv("QEMU_UNSET_ENV");
}

static bool has(char **env, const char *s)
{
    return g_strv_contains((const char *const *)env, s);
}

static void test_edits(void)
{
    char *before[] = {
        (char *)"GONE=1", (char *)"KEEP=2", (char *)"A=0", (char *)"ALSO=5",
        NULL,
    };
    char **env = options_edit_environment(before);

    g_assert_true(has(env, "A=1") && has(env, "B=x,y") && has(env, "C=3"));
    g_assert_true(has(env, "KEEP=2") && has(env, "GONE=back"));
    g_assert_false(has(env, "A=0") || has(env, "ALSO=5") ||
                   has(env, "GONE=1"));
    g_assert_cmpuint(g_strv_length(env), ==, 5);
    free(env);
}

static void test_reexec(void)
{
    int n, i, stacks = 0, logs = 0;
    char **v;

    parse("-0", "zero", "-d", "unimp", NULL);
    v = options_for_reexec(&n);
    g_assert_cmpuint(g_strv_length(v), ==, n);
    for (i = 0; i < n; i++) {
        g_assert_cmpstr(v[i], !=, "-0");
        g_assert_cmpstr(v[i], !=, "-E");
        if (!strcmp(v[i], "-s")) {
            g_assert_cmpstr(v[i + 1], ==, "3M");
            stacks++;
        }
        logs += !strcmp(v[i], "-d");
    }
    g_assert_cmpint(stacks, ==, 1);
    g_assert_cmpint(logs, ==, 2);
}

static const struct {
    const char *args[3], *message;
} refused[] = {
    { { "-foo" }, "qemu: unknown option 'foo'\n" },
    { { "-cpu" }, "qemu: missing argument for option 'cpu'\n" },
    { { "-g", "1" }, "qemu-x86_64: -g*not supported*\n" },
    { { "-accel", "native" }, "qemu-x86_64: -accel native*\n" },
    { { "-kzt", "no-such-library" }, "qemu-x86_64: -kzt:*\n" },
    { { "-B", "4096" }, "qemu-x86_64: guest_base must be 0*\n" },
    { { "-s", "x" }, "qemu-x86_64: invalid stack size 'x'\n" },
    { { "-p", "5000" }, "qemu-x86_64: page size '5000'*\n" },
    { { "-d", "nope" }, "qemu-x86_64: unknown log item 'nope'*\n" },
    { { "-E", "=x" }, "qemu-x86_64: '=x'*\n" },
    { { "-tb-size", "0" }, "qemu-x86_64: code cache size*\n" },
};

static void test_one_refused(const void *data)
{
    unsigned i = GPOINTER_TO_UINT(data);

    if (g_test_subprocess()) {
        parse(refused[i].args[0], refused[i].args[1], NULL);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr(refused[i].message);
}

static void test_help(void)
{
    if (g_test_subprocess()) {
        parse("-h", NULL);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stdout("*-one-insn-per-tb, -singlestep*"
                              "QEMU_ONE_INSN_PER_TB*-execve on|off*");
}

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/values", test_values);
    g_test_add_func("/options/environment", test_environment);
    g_test_add_func("/options/edits", test_edits);
    g_test_add_func("/options/reexec", test_reexec);
    g_test_add_func("/options/help", test_help);
    for (i = 0; i < ARRAY_SIZE(refused); i++) {
        char *name = g_strdup_printf("/options/refused/%u", i);

        g_test_add_data_func(name, GUINT_TO_POINTER(i), test_one_refused);
        g_free(name);
    }
    return g_test_run();
}
