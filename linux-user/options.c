/*
 * The command line: options.def is the table, this file parses it.
 *
 * Environment variables come first, in table order, then the arguments.  A
 * bad option ends the process with one line.  Knows nothing of what the
 * options do; it fills user_options and the environment edits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "exec/engine.h"
#include "kzt/kzt.h"
#include "linux-user/options-internal.h"
#include "user/mmap.h"
#include "user/options.h"

#define MIN_STACK_SIZE     (128ull << 10)
#define MAX_STACK_SIZE     (64ull << 30)

UserOptions user_options = {
    .cpu_model = "max",
    .tso = 2,
    .cold_runs = 8,
    .execve = true,
};

static char *emulator_path;

/* Environment edits in order: "VAR=VAL" sets, "VAR" removes. */
static char **env_edits;
static unsigned env_edit_count;

typedef struct OptionRow {
    const char *name, *alias, *env, *arg;
    void (*handler)(const char *arg);
    const char *def, *help;
} OptionRow;

static void usage(FILE *out);

static QEMU_NORETURN void bad(const char *fmt, ...) QEMU_PRINTF(1, 2);
static void bad(const char *fmt, ...)
{
    char msg[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    error_report("%s", msg);
    exit(1);
}

static void opt_help(const char *arg)
{
    usage(stdout);
    exit(0);
}

static void opt_version(const char *arg)
{
    printf("qemu-x86_64 version " QEMU_VERSION "\n"
           "x86-64 Linux user-mode emulator, code generator %s, "
           "library pass-through %s\n", engine_name(),
#ifdef CONFIG_KZT
           "built in"
#else
           "not built in"
#endif
           );
    exit(0);
}

static QEMU_NORETURN void not_here(const char *what)
{
    bad("%s is not supported by this version", what);
}

static void opt_gdb(const char *arg)
{
    not_here("-g (the gdb stub)");
}

static void opt_plugin(const char *arg)
{
    not_here("-plugin");
}

static void add_edit(const char *s, size_t len)
{
    env_edits = xrealloc(env_edits,
                         (env_edit_count + 1) * sizeof(*env_edits));
    env_edits[env_edit_count++] = xstrndup(s, len);
}

#ifdef CONFIG_KZT
static void opt_kzt(const char *arg)
{
    char *err;

    if (!strcmp(arg, "list")) {
        kzt_list(stdout);
        exit(0);
    }
    err = kzt_configure(arg);
    if (err) {
        bad("-kzt: %s", err);
    }
}

static void opt_kzt_report(const char *arg)
{
    kzt_set_report(arg);
}

static void opt_kzt_check(const char *arg)
{
    kzt_set_check();
    /* The guest's loader has to bind everything before it is looked at. */
    add_edit("LD_BIND_NOW=1", strlen("LD_BIND_NOW=1"));
}
#else
static void opt_kzt(const char *arg)
{
    if (strcmp(arg, "off")) {
        bad("-kzt: this emulator was built without library pass-through");
    }
}

static void opt_kzt_report(const char *arg)
{
    bad("-kzt-report: this emulator was built without library pass-through");
}

static void opt_kzt_check(const char *arg)
{
    bad("-kzt-check: this emulator was built without library pass-through");
}
#endif

static void opt_ld_prefix(const char *arg)
{
    user_options.ld_prefix = *arg ? arg : NULL;
}

static void opt_stack_size(const char *arg)
{
    uint64_t size;

    if (!qemu_strtosz(arg, &size) || size > MAX_STACK_SIZE) {
        bad("invalid stack size '%s'", arg);
    }
    user_options.stack_size = ROUND_UP(MAX(size, MIN_STACK_SIZE),
                                       TARGET_PAGE_SIZE);
}

static void opt_cpu(const char *arg)
{
    user_options.cpu_model = arg;
}

/* End of one assignment: a comma that starts the next NAME=, or the end. */
static const char *assignment_end(const char *s)
{
    const char *p = s, *q;

    while ((p = strchr(p, ','))) {
        for (q = p + 1; *q && *q != '=' && *q != ','; q++) {
        }
        if (*q == '=' && q > p + 1) {
            return p;
        }
        p++;
    }
    return s + strlen(s);
}

static void opt_set_env(const char *arg)
{
    while (*arg) {
        const char *end = assignment_end(arg);

        if (!memchr(arg, '=', end - arg) || *arg == '=') {
            bad("'%.*s' is not of the form VAR=VAL", (int)(end - arg), arg);
        }
        add_edit(arg, end - arg);
        arg = end + (*end == ',');
    }
}

static void opt_unset_env(const char *arg)
{
    while (*arg) {
        size_t len = strcspn(arg, ",");

        if (memchr(arg, '=', len)) {
            bad("'%.*s' is not the name of a variable", (int)len, arg);
        }
        if (len) {
            add_edit(arg, len);
        }
        arg += len;
        arg += *arg == ',';
    }
}

static void opt_argv0(const char *arg)
{
    user_options.argv0 = arg;
}

static void opt_uname(const char *arg)
{
    user_options.uname_release = *arg ? arg : NULL;
}

static void opt_guest_base(const char *arg)
{
    uint64_t base;

    if (!qemu_strtou64(arg, NULL, &base)) {
        bad("invalid guest_base '%s'", arg);
    }
    if (base) {
        bad("guest_base must be 0: guest and host share one address space");
    }
}

static void opt_reserved_va(const char *arg)
{
    if (!qemu_strtosz(arg, &user_options.reserved_va)) {
        bad("invalid reserved address space size '%s'", arg);
    }
}

static void opt_host_page(const char *arg)
{
    uint64_t size;

    if (!qemu_strtosz(arg, &size) || size < TARGET_PAGE_SIZE ||
        size > 65536 || (size & (size - 1))) {
        bad("page size '%s' is not a power of two from 4096 to 65536", arg);
    }
    user_options.host_page = size;
}

static void opt_strict_pages(const char *arg)
{
    if (!qemu_strtobool(arg, &user_options.strict_pages)) {
        bad("-strict-pages takes 'on' or 'off', not '%s'", arg);
    }
}

static void opt_log(const char *arg)
{
    const QemuLogItem *it;
    const char *unknown;
    uint32_t mask;

    if (!strcmp(arg, "help") || !strcmp(arg, "?")) {
        printf("Log items (comma separated):\n");
        for (it = qemu_log_items; it->name; it++) {
            printf("%-15s %s\n", it->name, it->help);
        }
        exit(0);
    }
    if (!qemu_log_parse(arg, &mask, &unknown)) {
        bad("unknown log item '%.*s' (use -d help)",
            (int)strcspn(unknown, ","), unknown);
    }
    qemu_loglevel |= mask;
    user_options.strace |= (mask & LOG_STRACE) != 0;
}

static void opt_dfilter(const char *arg)
{
    if (!qemu_log_set_filter(arg)) {
        bad("invalid address range in '%s'", arg);
    }
}

static void opt_log_file(const char *arg)
{
    user_options.log_file = arg;
}

static void opt_strace(const char *arg)
{
    user_options.strace = true;
    qemu_loglevel |= LOG_STRACE;
}

static void opt_one_insn(const char *arg)
{
    user_options.one_insn_per_tb = true;
}

static void opt_seed(const char *arg)
{
    if (!qemu_strtou64(arg, NULL, &user_options.seed)) {
        bad("invalid seed '%s'", arg);
    }
    user_options.have_seed = true;
}

static void opt_tb_size(const char *arg)
{
    uint64_t mb;

    if (!qemu_strtou64(arg, NULL, &mb) || mb == 0 || mb > 4096) {
        bad("code cache size '%s' is not between 1 and 4096 MB", arg);
    }
    user_options.tb_size = mb << 20;
}

static void opt_perfmap(const char *arg)
{
    user_options.perfmap = true;
}

static void opt_jitdump(const char *arg)
{
    user_options.jitdump = true;
}

/* A property of -accel: @len characters, "name=value". */
static bool accel_property(const char *prop, size_t len)
{
    static const char *const tso[] = { "tso=off", "tso=on", "tso=auto" };
    char *end;

    for (size_t i = 0; i < ARRAY_SIZE(tso); i++) {
        if (len == strlen(tso[i]) && !memcmp(prop, tso[i], len)) {
            user_options.tso = i;
            return true;
        }
    }
    if (len > 5 && !memcmp(prop, "cold=", 5) && prop[5] >= '0' &&
        prop[5] <= '9') {
        unsigned long n = strtoul(prop + 5, &end, 10);

        user_options.cold_runs = MIN(n, COLD_ALWAYS);
        return end == prop + len;
    }
    return false;
}

static void opt_accel(const char *arg)
{
    const char *rest = arg + strcspn(arg, ",");
    size_t len = rest - arg;

    if (len == 6 && !memcmp(arg, "native", 6)) {
        not_here("-accel native");
    }
    user_options.interp = len == 6 && !memcmp(arg, "interp", 6);
    if (!user_options.interp && !(len == 3 && !memcmp(arg, "tcg", 3))) {
        bad("unknown accelerator '%.*s' (tcg, interp)", (int)len, arg);
    }
    if (!user_options.interp && !engine_has_generator()) {
        bad("-accel tcg: no code generator for this host: use -accel interp");
    }
    while (*rest == ',') {
        rest++;
        len = strcspn(rest, ",");
        if (!accel_property(rest, len)) {
            bad("unknown accelerator property '%.*s'", (int)len, rest);
        }
        rest += len;
    }
}

static void opt_execve(const char *arg)
{
    if (!qemu_strtobool(arg, &user_options.execve)) {
        bad("-execve takes 'on' or 'off', not '%s'", arg);
    }
}

static const OptionRow rows[] = {
#define OPTION(name, alias, env, arg, handler, def, help) \
    { name, alias, env, arg, opt_##handler, def, help },
#include "linux-user/options.def"
#undef OPTION
};

static void usage(FILE *out)
{
    const OptionRow *r;

    fprintf(out, "usage: qemu-x86_64 [options] program [arguments...]\n"
            "Run an x86-64 Linux program.\n\n"
            "%-24s %-22s %s\n", "Option", "Variable", "Meaning (default)");
    for (r = rows; r < rows + ARRAY_SIZE(rows); r++) {
        char head[64] = "";

        if (r->name) {
            snprintf(head, sizeof(head), "-%s%s%s%s%s", r->name,
                     r->alias ? ", -" : "", r->alias ? r->alias : "",
                     r->arg ? " " : "", r->arg ? r->arg : "");
        }
        fprintf(out, "%-24s %-22s %s", head, r->env ? r->env : "", r->help);
        fprintf(out, r->def[0] ? " (%s)\n" : "\n", r->def);
    }
    fprintf(out, "\nEvery variable is read before the command line, which "
            "overrides it.\n'--foo' equals '-foo'; '--' ends the options.\n");
}

/* What options_for_reexec() hands on, in order. */
static struct Applied {
    const OptionRow *row;
    const char *arg;
} *applied;
static unsigned applied_count;

/* The guest changes its directory, and the programs it executes start there. */
static char *absolute_path(const char *path)
{
    char cwd[PATH_MAX];
    StrBuf b = { 0 };

    if (*path == '/' || !getcwd(cwd, sizeof(cwd))) {
        return xstrdup(path);
    }
    strbuf_printf(&b, "%s/%s", cwd[1] ? cwd : "", path);
    return b.str;
}

static bool takes_path(const OptionRow *row)
{
    return row->arg && (!strcmp(row->arg, "DIR") || !strcmp(row->arg, "FILE"));
}

static void apply(const OptionRow *row, const char *arg)
{
    if (takes_path(row) && *arg) {
        arg = absolute_path(arg);
    }
    row->handler(arg);
    applied = xrealloc(applied, (applied_count + 1) * sizeof(*applied));
    applied[applied_count].row = row;
    applied[applied_count++].arg = arg;
}

static const OptionRow *find_row(const char *name)
{
    const OptionRow *r;

    for (r = rows; r < rows + ARRAY_SIZE(rows); r++) {
        if (r->name && (!strcmp(r->name, name) ||
                        (r->alias && !strcmp(r->alias, name)))) {
            return r;
        }
    }
    return NULL;
}

void options_parse_environment(void)
{
    const OptionRow *r;

    for (r = rows; r < rows + ARRAY_SIZE(rows); r++) {
        const char *val = r->env ? getenv(r->env) : NULL;

        if (val) {
            apply(r, val);
        }
    }
}

int options_parse_arguments(int argc, char **argv)
{
    int i = 1;

    while (i < argc && argv[i][0] == '-') {
        const char *name = argv[i] + 1;
        const OptionRow *row;

        name += *name == '-';
        i++;
        if (!strcmp(argv[i - 1], "--")) {
            break;
        }
        row = find_row(name);
        if (!row) {
            fprintf(stderr, "qemu: unknown option '%s'\n", name);
            exit(1);
        }
        if (row->arg && i == argc) {
            fprintf(stderr, "qemu: missing argument for option '%s'\n", name);
            exit(1);
        }
        apply(row, row->arg ? argv[i++] : NULL);
    }
    return i;
}

/* Is the option said again later, so that this one does not count? */
static bool overridden(unsigned i)
{
    unsigned j;

    for (j = i + 1; j < applied_count; j++) {
        if (applied[j].row->handler == applied[i].row->handler &&
            applied[i].row->handler != opt_log &&
            applied[i].row->handler != opt_kzt) {
            return true;
        }
    }
    return false;
}

static char *dash(const char *name)
{
    StrBuf b = { 0 };

    strbuf_printf(&b, "-%s", name);
    return b.str;
}

char **options_for_reexec(int *count)
{
    static char **args;
    static int n;
    unsigned i;

    if (!args) {
        args = xcalloc(applied_count * 2 + 1, sizeof(*args));
        for (i = 0; i < applied_count; i++) {
            const OptionRow *r = applied[i].row;

            if (r->handler == opt_argv0 || r->handler == opt_set_env ||
                r->handler == opt_unset_env || overridden(i)) {
                continue;
            }
            if (r->handler == opt_host_page) {
                r = find_row("p");
            }
            args[n++] = dash(r->name);
            if (r->arg) {
                args[n++] = (char *)applied[i].arg;
            }
        }
    }
    *count = n;
    return args;
}

const char *options_emulator_path(void)
{
    return emulator_path;
}

void options_init(const char *name)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (len > 0) {
        path[len] = 0;
        emulator_path = xstrdup(path);
    } else {
        emulator_path = absolute_path(name);
    }
}

static void env_remove(char **envp, const char *name, size_t len)
{
    char **out = envp;

    for (; *envp; envp++) {
        if (strncmp(*envp, name, len) || (*envp)[len] != '=') {
            *out++ = *envp;
        }
    }
    *out = NULL;
}

void options_disarm_environment(char **envp)
{
    char **out = envp;

    for (; *envp; envp++) {
        if (strncmp(*envp, "QEMU_", 5)) {
            *out++ = *envp;
        }
    }
    *out = NULL;
}

char **options_edit_environment(char **envp)
{
    size_t n = 0;
    char **env;
    unsigned i;

    while (envp[n]) {
        n++;
    }
    env = xcalloc(n + env_edit_count + 1, sizeof(*env));
    memcpy(env, envp, n * sizeof(*env));
    for (i = 0; i < env_edit_count; i++) {
        size_t len = strcspn(env_edits[i], "=");

        env_remove(env, env_edits[i], len);
        if (env_edits[i][len] == '=') {
            for (n = 0; env[n]; n++) {
            }
            env[n] = env_edits[i];
            env[n + 1] = NULL;
        }
    }
    return env;
}
