/*
 * The part of GLib that the unit tests use, for cross builds whose toolchain
 * has no GLib.  Where there is one it is used; this is no replacement for it.
 * Semantics and names are GLib's (its reference manual, chapters Testing,
 * Random Numbers, Strings); output is TAP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_FOREIGN_GLIB_H
#define TESTS_UNIT_FOREIGN_GLIB_H

#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef int gint, gboolean;
typedef unsigned guint;
typedef char gchar;
typedef size_t gsize;
typedef void *gpointer;
typedef const void *gconstpointer;
typedef uint8_t guint8;
typedef uint32_t guint32;
typedef int64_t gint64;
typedef uint64_t guint64;

#define GPOINTER_TO_UINT(p) ((guint)(uintptr_t)(p))
#define GUINT_TO_POINTER(u) ((gpointer)(uintptr_t)(u))
#define TRUE  1
#define FALSE 0
#define G_N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define G_GNUC_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define G_GNUC_UNUSED __attribute__((unused))

/* --- memory and strings ------------------------------------------------ */

#define g_free free
#define g_new(type, n)  ((type *)g_malloc(sizeof(type) * (n)))
#define g_new0(type, n) ((type *)g_malloc0(sizeof(type) * (n)))

static inline void g_lite_autofree(void *p)
{
    free(*(void **)p);
}
#define g_autofree __attribute__((cleanup(g_lite_autofree)))

static inline void *g_malloc(size_t n)
{
    void *p = malloc(n ? n : 1);

    if (!p) {
        abort();
    }
    return p;
}

static inline void *g_malloc0(size_t n)
{
    return memset(g_malloc(n), 0, n);
}

static inline void *g_memdup2(const void *p, size_t n)
{
    return p && n ? memcpy(g_malloc(n), p, n) : NULL;
}

static inline char *g_strdup(const char *s)
{
    return s ? strdup(s) : NULL;
}

static inline char *g_strnfill(size_t n, char c)
{
    char *s = g_malloc0(n + 1);

    return memset(s, c, n);
}

static inline G_GNUC_PRINTF(1, 2) char *g_strdup_printf(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0) {
        abort();
    }
    va_end(ap);
    return s;
}

static inline char *g_strconcat(const char *first, ...)
{
    char *out = g_strdup(first);
    const char *s;
    va_list ap;

    va_start(ap, first);
    while ((s = va_arg(ap, const char *)) != NULL) {
        char *longer = g_strdup_printf("%s%s", out, s);

        free(out);
        out = longer;
    }
    va_end(ap);
    return out;
}

static inline bool g_str_has_prefix(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

static inline bool g_str_has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && !strcmp(s + n - m, suffix);
}

static inline int g_ascii_xdigit_value(char c)
{
    return isdigit(c) ? c - '0' :
           isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

#define g_ascii_strtoull strtoull
#define g_getenv getenv
#define g_setenv setenv
#define g_unsetenv unsetenv
#define g_usleep usleep

static inline size_t g_strlcpy(char *out, const char *s, size_t size)
{
    snprintf(out, size, "%s", s);
    return strlen(s);
}

static inline unsigned g_strv_length(char **v)
{
    unsigned n = 0;

    while (v[n]) {
        n++;
    }
    return n;
}

static inline bool g_strv_contains(const char *const *v, const char *s)
{
    while (*v && strcmp(*v, s)) {
        v++;
    }
    return *v;
}

static inline const char *g_get_tmp_dir(void)
{
    const char *dir = getenv("TMPDIR");

    return dir ? dir : "/tmp";
}

static inline gint64 g_get_monotonic_time(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * (gint64)1000000 + ts.tv_nsec / 1000;
}

/* --- files; nobody here looks at the GError ---------------------------- */

static inline bool g_file_get_contents(const char *name, char **out,
                                       gsize *len, void *error)
{
    FILE *f = fopen(name, "r");
    size_t size = 0, n = 0;
    char *s = NULL;

    if (!f) {
        return false;
    }
    do {
        size += 65536;
        s = realloc(s, size + 1);
        n += fread(s + n, 1, size - n, f);
    } while (n == size);
    fclose(f);
    s[n] = 0;
    *out = s;
    if (len) {
        *len = n;
    }
    return true;
}

static inline bool g_file_set_contents(const char *name, const char *s,
                                       ssize_t len, void *error)
{
    FILE *f = fopen(name, "w");
    size_t n = len < 0 ? strlen(s) : len;
    bool ok = f && fwrite(s, 1, n, f) == n;

    return f && fclose(f) == 0 && ok;
}

static inline int g_file_open_tmp(const char *pattern, char **name, void *error)
{
    *name = g_strdup_printf("%s/%s", g_get_tmp_dir(),
                            pattern ? pattern : ".XXXXXX");
    return mkstemp(*name);
}

static inline char *g_dir_make_tmp(const char *pattern, void *error)
{
    return mkdtemp(g_strdup_printf("%s/%s", g_get_tmp_dir(),
                                   pattern ? pattern : ".XXXXXX"));
}

static inline int g_mkdir_with_parents(const char *path, int mode)
{
    g_autofree char *s = g_strdup(path);

    for (char *p = s + 1; *p; p++) {
        if (*p == '/') {
            *p = 0;
            mkdir(s, mode);
            *p = '/';
        }
    }
    return mkdir(s, mode) && access(s, F_OK) ? -1 : 0;
}

typedef struct GString {
    char *str;
    size_t len;
} GString;

static inline GString *g_string_new(const char *s)
{
    GString *g = g_malloc(sizeof(*g));

    g->str = g_strdup(s ? s : "");
    g->len = strlen(g->str);
    return g;
}

static inline char *g_string_free(GString *g, bool all)
{
    char *s = g->str;

    if (all) {
        free(s);
        s = NULL;
    }
    free(g);
    return s;
}

static inline void g_lite_string_set(GString *g, bool append, const char *fmt,
                                     va_list ap)
{
    char *s, *t = NULL;

    if (vasprintf(&s, fmt, ap) < 0 ||
        (append && asprintf(&t, "%s%s", g->str, s) < 0)) {
        abort();
    }
    if (append) {
        free(s);
        s = t;
    }
    free(g->str);
    g->str = s;
    g->len = strlen(s);
}

static inline G_GNUC_PRINTF(2, 3) void g_string_printf(GString *g,
                                                       const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_lite_string_set(g, false, fmt, ap);
    va_end(ap);
}

static inline G_GNUC_PRINTF(2, 3)
void g_string_append_printf(GString *g, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_lite_string_set(g, true, fmt, ap);
    va_end(ap);
}

/* --- random numbers (not GLib's sequence) ------------------------------ */

typedef struct GRand {
    uint64_t state;
} GRand;

static inline guint32 g_rand_int(GRand *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline void g_rand_set_seed(GRand *r, guint32 seed)
{
    r->state = seed;
}

static inline GRand *g_rand_new_with_seed(guint32 seed)
{
    GRand *r = g_malloc(sizeof(*r));

    g_rand_set_seed(r, seed);
    return r;
}

static inline GRand *g_rand_new(void)
{
    return g_rand_new_with_seed(g_get_monotonic_time());
}

#define g_rand_free free
#define g_rand_boolean(r) (g_rand_int(r) & 1)

static inline int g_rand_int_range(GRand *r, int begin, int end)
{
    return begin + g_rand_int(r) % ((unsigned)end - begin);
}

/* The only form that is used. */
static inline char *g_build_filename(const char *dir, const char *name,
                                     const void *end)
{
    return g_strdup_printf("%s/%s", dir, name);
}

/* --- folders, arrays ---------------------------------------------------- */

typedef DIR GDir;
#define g_dir_open(path, flags, error) opendir(path)
#define g_dir_close closedir

static inline const char *g_dir_read_name(GDir *dir)
{
    struct dirent *e;

    do {
        e = readdir(dir);
    } while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
    return e ? e->d_name : NULL;
}

typedef struct GArray {
    char *data;
    guint len;
    size_t size;
} GArray;

static inline GArray *g_array_new(bool zero_end, bool clear, size_t size)
{
    GArray *a = g_new0(GArray, 1);

    a->size = size;
    return a;
}

static inline void g_lite_array_append(GArray *a, const void *v)
{
    a->data = realloc(a->data, (a->len + 1) * a->size);
    if (!a->data) {
        abort();
    }
    memcpy(a->data + a->len++ * a->size, v, a->size);
}
#define g_array_append_val(a, v) g_lite_array_append(a, &(v))
#define g_array_index(a, type, i) (((type *)(a)->data)[i])

static inline void g_array_free(GArray *a, bool data)
{
    free(a->data);
    free(a);
}

/* --- tests ------------------------------------------------------------- */

typedef struct GLiteTest {
    const char *path;
    void (*fn)(gconstpointer data);
    gconstpointer data;
} GLiteTest;

static struct {
    GLiteTest test[256];
    unsigned nb, number;
    bool failed, skipped;
    const char *only;           /* -p: the test to run */
    GRand rand;
    const GLiteTest *current;
    bool in_child;              /* of g_test_trap_subprocess() */
    int status;                 /* of the last one, and what it wrote */
    char out[2][1 << 16];
} g_lite;

static inline void g_test_init(int *argc, char ***argv, void *end)
{
    const char *seed = getenv("QEMU_TEST_SEED");

    for (int i = 1; i + 1 < *argc; i++) {
        if (!strcmp((*argv)[i], "-p")) {
            g_lite.only = (*argv)[i + 1];
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    g_rand_set_seed(&g_lite.rand, seed ? strtoul(seed, NULL, 0)
                                       : g_get_monotonic_time());
    printf("# random seed: %u\n", (unsigned)g_lite.rand.state);
}

static inline void g_lite_add(const char *path, void (*fn)(gconstpointer),
                              gconstpointer data)
{
    if (g_lite.nb == G_N_ELEMENTS(g_lite.test)) {
        abort();
    }
    if (g_lite.only && strcmp(path, g_lite.only)) {
        return;
    }
    g_lite.test[g_lite.nb++] = (GLiteTest) { strdup(path), fn, data };
}
#define g_test_add_func(path, fn) \
    g_lite_add(path, (void (*)(gconstpointer))(void (*)(void))(fn), NULL)
#define g_test_add_data_func(path, data, fn) g_lite_add(path, fn, data)

static inline int g_test_run(void)
{
    unsigned failed = 0;

    printf("1..%u\n", g_lite.nb);
    for (unsigned i = 0; i < g_lite.nb; i++) {
        g_lite.failed = g_lite.skipped = false;
        g_lite.current = &g_lite.test[i];
        g_lite.current->fn(g_lite.current->data);
        printf("%s %u %s%s\n", g_lite.failed ? "not ok" : "ok", i + 1,
               g_lite.test[i].path, g_lite.skipped ? " # SKIP" : "");
        failed += g_lite.failed;
    }
    return failed != 0;
}

static inline void g_test_fail(void)
{
    g_lite.failed = true;
}

static inline void g_test_skip(const char *why)
{
    g_lite.skipped = true;
    printf("# %s\n", why);
}

static inline G_GNUC_PRINTF(1, 2) void g_test_message(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    printf("# ");
    vprintf(fmt, ap);
    putchar('\n');
    va_end(ap);
}

#define g_test_verbose()  false
#define g_test_thorough() false
#define g_test_slow()     false
#define g_test_quick()    true
#define g_test_set_nonfatal_assertions() ((void)0)
#define g_test_rand_int() ((gint)g_rand_int(&g_lite.rand))
#define g_test_rand_bit() (g_rand_int(&g_lite.rand) & 1)
#define g_test_rand_int_range(a, b) g_rand_int_range(&g_lite.rand, a, b)

static inline G_GNUC_PRINTF(3, 4) __attribute__((noreturn))
void g_lite_die(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    printf("Bail out! %s:%d: ", file, line);
    vprintf(fmt, ap);
    putchar('\n');
    fflush(stdout);
    va_end(ap);
    abort();
}
#define g_error(...) g_lite_die(__FILE__, __LINE__, __VA_ARGS__)

/* The test once more in a child, which only differs in g_test_subprocess(). */
#define g_test_subprocess() (g_lite.in_child)

static inline void g_test_trap_subprocess(const char *path, unsigned timeout,
                                          unsigned flags)
{
    FILE *file[2] = { tmpfile(), tmpfile() };
    pid_t pid;

    if (path || !file[0] || !file[1]) {
        g_error("no subprocess");
    }
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        g_lite.in_child = true;
        dup2(fileno(file[0]), 1);
        dup2(fileno(file[1]), 2);
        g_lite.current->fn(g_lite.current->data);
        exit(0);
    }
    if (pid < 0 || waitpid(pid, &g_lite.status, 0) != pid) {
        g_error("no subprocess");
    }
    for (unsigned k = 0; k < 2; k++) {
        size_t n;

        rewind(file[k]);
        n = fread(g_lite.out[k], 1, sizeof(g_lite.out[k]) - 1, file[k]);
        g_lite.out[k][n] = 0;
        fclose(file[k]);
    }
}

#define g_lite_check(e, text) \
    ((e) ? (void)0 : g_lite_die(__FILE__, __LINE__, "assertion failed: %s", \
                                text))
#define g_assert(e)         g_lite_check(e, #e)
#define g_assert_true(e)    g_lite_check(e, #e)
#define g_assert_false(e)   g_lite_check(!(e), "!(" #e ")")
#define g_assert_null(e)    g_lite_check((e) == NULL, #e " == NULL")
#define g_assert_nonnull(e) g_lite_check((e) != NULL, #e " != NULL")
#define g_assert_not_reached() g_lite_die(__FILE__, __LINE__, "reached")

#define g_test_trap_assert_passed() g_assert(g_lite.status == 0)
#define g_test_trap_assert_failed() g_assert(g_lite.status != 0)
#define g_test_trap_assert_stdout(pattern) \
    g_lite_check(fnmatch(pattern, g_lite.out[0], 0) == 0, g_lite.out[0])
#define g_test_trap_assert_stderr(pattern) \
    g_lite_check(fnmatch(pattern, g_lite.out[1], 0) == 0, g_lite.out[1])

#define g_lite_compare(type, fmt, a, op, b) do { \
        type g_a = (a), g_b = (b); \
        if (!(g_a op g_b)) { \
            g_lite_die(__FILE__, __LINE__, "assertion failed: %s: %" fmt \
                       " and %" fmt, #a " " #op " " #b, g_a, g_b); \
        } \
    } while (0)
#define g_assert_cmpint(a, op, b)  g_lite_compare(int64_t, PRId64, a, op, b)
#define g_assert_cmpuint(a, op, b) g_lite_compare(uint64_t, PRIu64, a, op, b)
#define g_assert_cmphex(a, op, b)  g_lite_compare(uint64_t, PRIx64, a, op, b)
#define g_assert_cmpstr(a, op, b) do { \
        const char *g_a = (a), *g_b = (b); \
        int g_order = g_a && g_b ? strcmp(g_a, g_b) : (g_a != NULL) - \
                      (g_b != NULL); \
        if (!(g_order op 0)) { \
            g_lite_die(__FILE__, __LINE__, "assertion failed: %s: \"%s\" " \
                       "and \"%s\"", #a " " #op " " #b, \
                       g_a ? g_a : "NULL", g_b ? g_b : "NULL"); \
        } \
    } while (0)
#define g_assert_cmpmem(a, na, b, nb) do { \
        size_t g_na = (na), g_nb = (nb); \
        if (g_na != g_nb || (g_na && memcmp(a, b, g_na))) { \
            g_lite_die(__FILE__, __LINE__, "memory differs: %s", \
                       #a ", " #b); \
        } \
    } while (0)

#endif
