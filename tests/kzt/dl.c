/*
 * Guest of the dl API tests: prints what dlopen(), dlsym() and their family
 * answer, without addresses, so that runs can be compared.  The first argument
 * says what about, the second where the libraries are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include "kzttest.h"
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static const char *dir;

/* dlerror() without directories and addresses; once, then it is empty. */
static const char *err(void)
{
    static char buf[512];
    const char *e = dlerror();
    const char *at;

    if (!e) {
        return "no error";
    }
    at = !strncmp(e, dir, strlen(dir)) ? e + strlen(dir) + 1 : e;
    snprintf(buf, sizeof(buf), "'%s'", at);
    return dlerror() ? "error told twice" : buf;
}

/* The result of a call that may have failed, and what dlerror() says. */
static void result(const char *what, long v)
{
    printf("%s: %ld %s\n", what, v, err());
}

static const char *base(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path ? path : "(null)";
}

static void *open_lib(const char *name, int mode)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return dlopen(path, mode);
}

static struct link_map *map_of(void *h)
{
    struct link_map *m = NULL;

    return h && dlinfo(h, RTLD_DI_LINKMAP, &m) == 0 ? m : NULL;
}

static const char *name_of(void *h)
{
    struct link_map *m = map_of(h);

    return m ? base(m->l_name) : "(none)";
}

/* Is it on the loader's list, and how often? */
static int listed(const char *name)
{
    int n = 0;

    for (struct link_map *m = map_of(dlopen(NULL, RTLD_NOW)); m;
         m = m->l_next) {
        n += !strcmp(base(m->l_name), name);
    }
    return n;
}

static int call_int(void *fn, int v)
{
    return fn ? ((int (*)(int))fn)(v) : -999;
}

static unsigned long crc_by(void *fn)
{
    unsigned long (*f)(unsigned long, const unsigned char *, unsigned) = fn;

    return f ? f(0, (const unsigned char *)"hello", 5) : 0;
}

static void about(const char *what, void *p)
{
    Dl_info i = { 0 };
    int ok = dladdr(p, &i);

    printf("%s: %d in %s, symbol %s, its address %s\n", what, ok != 0,
           base(i.dli_fname), i.dli_sname ? i.dli_sname : "(none)",
           !i.dli_saddr ? "(none)" : i.dli_saddr == p ? "the same" : "other");
}

/* A described library: the handle is the guest's link_map. */
static void test_open(void)
{
    void *h = dlopen("libz.so.1", RTLD_NOW), *again, *k;
    struct link_map *m = map_of(h);

    printf("handle is link_map %d, name %s, listed %d\n",
           (void *)m == h, name_of(h), listed("libz.so.1"));
    again = dlopen("libz.so.1", RTLD_LAZY);
    printf("same handle %d\n", again == h);
    printf("crc %08lx\n", crc_by(dlsym(h, "crc32")));
    /* The host's may be another 1.x. */
    printf("version %.2s\n",
           ((const char *(*)(void))dlsym(h, "zlibVersion"))());
    printf("close %d %d\n", dlclose(again), dlclose(h));
    k = open_lib("libkzttest.so.1", RTLD_NOW);
    printf("kzttest %s listed %d\n", name_of(k), listed("libkzttest.so.1"));
    printf("i32 %d\n", call_int(dlsym(k, "kt_i32"), 5));
    printf("close %d listed %d\n", dlclose(k), listed("libkzttest.so.1"));
}

/* The program needs libz itself: a guest reference more, and it stays. */
static void test_dependency(void)
{
    unsigned char in[100] = "dependency", out[200];
    uLongf n = sizeof(out);
    void *h;

    printf("before %d\n", listed("libz.so.1"));
    h = dlopen("libz.so.1", RTLD_NOW | RTLD_NOLOAD);
    printf("noload %s\n", name_of(h));
    printf("close %d\n", dlclose(h));
    result("second close", dlclose(h));
    printf("compress %d", compress(out, &n, in, sizeof(in)));
    printf(" %lu, listed %d\n", n, listed("libz.so.1"));
    h = dlopen("libz.so.1", RTLD_NOW);
    printf("same function %d\n", dlsym(h, "compress") == (void *)compress);
    printf("default %d\n", dlsym(RTLD_DEFAULT, "compress") ==
           (void *)compress);
    printf("close %d, crc %08lx\n", dlclose(h),
           crc32(0, (const unsigned char *)"hello", 5));
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
    siglongjmp(fault, sig);
}

/* The final close: nothing is left, neither on the list nor to call. */
static void test_close(void)
{
    void *h = open_lib("libkzttest.so.1", RTLD_NOW);
    void *again = open_lib("libkzttest.so.1", RTLD_NOW);
    void *fn = dlsym(h, "kt_i32");
    int sig;

    signal(SIGSEGV, on_fault);
    printf("open %d, %d\n", listed("libkzttest.so.1"), call_int(fn, 1));
    printf("close %d", dlclose(again));
    printf(", %d, call %d\n", listed("libkzttest.so.1"), call_int(fn, 2));
    printf("close %d", dlclose(h));
    printf(", %d\n", listed("libkzttest.so.1"));
    sig = sigsetjmp(fault, 1);
    if (!sig) {
        printf("call of what is gone: %d\n", call_int(fn, 3));
    } else {
        printf("call of what is gone: signal %d\n", sig);
    }
    printf("noload %s\n", open_lib("libkzttest.so.1",
                                   RTLD_NOW | RTLD_NOLOAD) ? "there" : "NULL");
}

static int rounds = 200;

static void test_reopen(void)
{
    for (int i = 0; i < rounds; i++) {
        void *h = open_lib("libkzttest.so.1", i & 1 ? RTLD_NOW : RTLD_LAZY);
        void *p = open_lib("libdlplugin.so", RTLD_NOW);
        int (*plugin)(int) = dlsym(p, "plugin_call");
        int a = call_int(dlsym(h, "kt_i32"), i), b = plugin ? plugin(i) : -1;

        if (i % 50 == 0) {
            printf("round %d: %d %d\n", i, a, b);
        }
        /* either order of closing */
        dlclose(i & 2 ? h : p);
        a = i & 2 && plugin ? plugin(i) : 0;
        dlclose(i & 2 ? p : h);
        if (listed("libkzttest.so.1")) {
            printf("round %d: it stays\n", i);
            break;
        }
    }
}

/* Which object answers: a handle, the default order, the next one. */
static void test_sym(void)
{
    void *h = open_lib("libkzttest.so.1", RTLD_NOW), *z, *n;
    const char *(*next_name)(void);
    int (*next_i32)(int);

    about("kt_i32 by handle", dlsym(h, "kt_i32"));
    result("kt_i32 by default", dlsym(RTLD_DEFAULT, "kt_i32") != NULL);
    result("nosuch", dlsym(h, "nosuch") != NULL);
    result("no error", 0);
    z = dlopen("libz.so.1", RTLD_NOW);
    about("crc32 by default", dlsym(RTLD_DEFAULT, "crc32"));
    about("crc32 by next", dlsym(RTLD_NEXT, "crc32"));
    about("crc32 of the program's handle",
          dlsym(dlopen(NULL, RTLD_NOW), "crc32"));
    about("dependency by handle", dlsym(h, "pthread_create"));
    about("crc32 in the wrong library", dlsym(h, "crc32"));
    printf("%s\n", err());
    about("adler32", dlsym(z, "adler32"));
    /* A library that stands in front of another. */
    n = open_lib("libdlnext.so", RTLD_NOW | RTLD_GLOBAL);
    next_name = dlsym(n, "next_name");
    next_i32 = dlsym(n, "kt_i32");
    printf("next of the library: %s\n", next_name ? next_name() : "(none)");
    about("kt_i32 by default", dlsym(RTLD_DEFAULT, "kt_i32"));
    about("kt_i32 by handle", dlsym(h, "kt_i32"));
    printf("interposed: %d %d\n", next_i32 ? next_i32(7) : -1,
           call_int(dlsym(h, "kt_i32"), 7));
    about("main", dlsym(RTLD_DEFAULT, "main"));
    result("undefined weak", dlsym(RTLD_DEFAULT, "__gmon_start__") != NULL);
}

static void test_versions(void)
{
    void *h = open_lib("libdlversions.so", RTLD_NOW), *z, *f;
    const char *v[] = { "DL_1", "DL_2", "DL_3", "" };

    printf("default %d\n", call_int(dlsym(h, "dl_version"), 0));
    for (int i = 0; i < 4; i++) {
        f = dlvsym(h, "dl_version", v[i]);
        result(v[i], call_int(f, 0));
    }
    z = dlopen("libz.so.1", RTLD_NOW);
    f = dlvsym(z, "gzopen64", "ZLIB_1.2.3.3");
    printf("gzopen64 %d, same as unversioned %d\n", f != NULL,
           f == dlsym(z, "gzopen64"));
    f = dlvsym(z, "inflateGetDictionary", "ZLIB_1.2.0");
    result("wrong version", f != NULL);
    f = dlvsym(z, "crc32", "ZLIB_NONE");
    result("no such version", f != NULL);
    f = dlvsym(RTLD_DEFAULT, "inflateReset2", "ZLIB_1.2.3.4");
    about("inflateReset2", f);
    f = dlvsym(RTLD_NEXT, "inflateReset2", "ZLIB_1.2.3.4");
    about("next inflateReset2", f);
}

static void test_errors(void)
{
    void *h = dlopen("libz.so.1", RTLD_NOW), *volatile none = NULL;
    struct link_map *m;

    result("none", 0);
    result("nosuch", dlopen("libnosuch.so.9", RTLD_NOW) != NULL);
    result("nosuch", open_lib("libnosuch.so.9", RTLD_NOW) != NULL);
    result("no library", open_lib("dl.c.txt", RTLD_NOW) != NULL);
    result("missing symbol", open_lib("libdlmissing.so", RTLD_NOW) != NULL);
    result("missing symbol, lazy",
           open_lib("libdlmissing.so", RTLD_LAZY) != NULL);
    result("bad mode", dlopen("libz.so.1", 0) != NULL);
    result("bad mode", dlopen("libz.so.1", RTLD_NOLOAD) != NULL);
    result("close", dlclose(h));
    result("close again", dlclose(h));
    result("dlinfo", dlinfo(h, 9999, &m));
    result("dlsym", dlsym(RTLD_DEFAULT, "nosuch_symbol") != NULL);
    result("dlsym next", dlsym(RTLD_NEXT, "nosuch_symbol") != NULL);
    result("dlvsym", dlvsym(RTLD_DEFAULT, "crc32", "NONE_1") != NULL);
    result("dladdr", dladdr(NULL, &(Dl_info) { 0 }));
    result("dladdr", dladdr(&m, &(Dl_info) { 0 }));
    result("dlmopen", dlmopen(77, "libz.so.1", RTLD_NOW) != NULL);
    /* glibc does not check for NULL: what happens is the guest's own. */
    signal(SIGSEGV, on_fault);
    if (!sigsetjmp(fault, 1)) {
        result("close NULL", dlclose(none));
    } else {
        printf("close NULL: a signal\n");
    }
}

static void print_info(const char *what, void *h)
{
    char origin[4096] = "";
    struct link_map *m = NULL;
    Dl_serinfo size, *info;
    size_t tls = 77;
    Lmid_t id = -1;
    int r;

    r = dlinfo(h, RTLD_DI_LMID, &id);
    printf("%s: LMID %d %ld", what, r, (long)id);
    r = dlinfo(h, RTLD_DI_LINKMAP, &m);
    printf(", LINKMAP %d %s bias %d ld %d", r, base(m ? m->l_name : NULL),
           m && m->l_addr, m && m->l_ld);
    if (m && *m->l_name) {
        r = dlinfo(h, RTLD_DI_ORIGIN, origin);
        printf(", ORIGIN %d %d", r, strlen(origin) > 1);
    }
    r = dlinfo(h, RTLD_DI_TLS_MODID, &tls);
    printf(", TLS %d %d\n", r, tls != 0);
    r = dlinfo(h, RTLD_DI_SERINFOSIZE, &size);
    printf("%s: SERINFO %d %u", what, r, size.dls_cnt);
    info = malloc(size.dls_size);
    info->dls_size = size.dls_size;
    info->dls_cnt = size.dls_cnt;
    r = dlinfo(h, RTLD_DI_SERINFO, info);
    printf(" %d", r);
    for (unsigned i = 0; r == 0 && i < info->dls_cnt; i++) {
        printf(" %s", base(info->dls_serpath[i].dls_name));
    }
    printf("\n");
    free(info);
}

static void about1(const char *what, void *p)
{
    struct link_map *m = NULL;
    ElfW(Sym) *sym = NULL;
    Dl_info i = { 0 };
    int a = dladdr1(p, &i, (void **)&m, RTLD_DL_LINKMAP);
    int b = dladdr1(p, &i, (void **)&sym, RTLD_DL_SYMENT);

    printf("%s: %d %s, %d type %d, begins %d\n", what, a != 0,
           base(m ? m->l_name : NULL), b != 0,
           sym ? ELF64_ST_TYPE(sym->st_info) : -1,
           m && (char *)i.dli_fbase == (char *)m->l_addr);
}

static void test_info(void)
{
    void *z = dlopen("libz.so.1", RTLD_NOW);
    void *h = open_lib("libkzttest.so.1", RTLD_NOW);
    KtIntFn *(*get)(int) = (KtIntFn *(*)(int))dlsym(h, "kt_get_function");
    int (*use)(KtOps *, int) = (int (*)(KtOps *, int))dlsym(h, "kt_use_ops");
    z_stream s = { 0 };
    KtOps ops = { 0 };

    print_info("program", dlopen(NULL, RTLD_NOW));
    print_info("libz", z);
    print_info("libkzttest", h);
    about("crc32", (void *)crc32);
    about("deflate by handle", dlsym(z, "deflate"));
    about1("crc32", (void *)crc32);
    about1("deflate by handle", dlsym(z, "deflate"));
    about1("kt_i32", dlsym(h, "kt_i32"));
    about("main's", (void *)test_info);
    about("printf", dlsym(RTLD_DEFAULT, "printf"));
    /* Functions of theirs that come as pointers: */
    about("a function it returned", (void *)get(2));
    printf("call %d\n", get(2)(21));
    about1("a function it returned", (void *)get(3));
    printf("deflateInit %d\n", deflateInit(&s, 1));
    about("its allocator", (void *)s.zalloc);
    deflateEnd(&s);
    use(&ops, 0);
    about("a function in a structure", (void *)ops.add);
}

static void test_namespaces(void)
{
    void *h[3], *z[3], *data[3];
    Lmid_t id = -1;
    char path[4096];

    snprintf(path, sizeof(path), "%s/libkzttest.so.1", dir);
    h[0] = dlopen(path, RTLD_NOW);
    z[0] = dlopen("libz.so.1", RTLD_NOW);
    for (int i = 1; i < 3; i++) {
        h[i] = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
        if (!h[i]) {
            result("dlmopen", 0);
            return;
        }
        dlinfo(h[i], RTLD_DI_LMID, &id);
        z[i] = dlmopen(id, "libz.so.1", RTLD_NOW);
    }
    for (int i = 0; i < 3; i++) {
        data[i] = dlsym(h[i], "kt_i32");
        dlinfo(h[i], RTLD_DI_LMID, &id);
        printf("namespace %ld: i32 %d crc %08lx, %s %s\n", (long)id,
               call_int(data[i], i), crc_by(dlsym(z[i], "crc32")),
               name_of(h[i]), name_of(z[i]));
        about("kt_i32", data[i]);
    }
    printf("distinct %d %d %d\n", h[0] != h[1] && h[1] != h[2],
           data[0] != data[1] && data[1] != data[2], z[0] != z[1]);
    printf("base list: %d %d\n", listed("libkzttest.so.1"),
           listed("libz.so.1"));
    for (int i = 2; i >= 0; i--) {
        printf("close %d %d\n", dlclose(z[i]), dlclose(h[i]));
    }
}

static void test_modes(void)
{
    void *h, *n;

    printf("noload before: %d\n",
           open_lib("libkzttest.so.1", RTLD_NOW | RTLD_NOLOAD) != NULL);
    h = open_lib("libkzttest.so.1", RTLD_NOW | RTLD_LOCAL);
    printf("local: %d\n", dlsym(RTLD_DEFAULT, "kt_i32") != NULL);
    n = open_lib("libkzttest.so.1", RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
    printf("promoted: same %d, default %d\n", n == h,
           dlsym(RTLD_DEFAULT, "kt_i32") == dlsym(h, "kt_i32"));
    printf("by default: %d\n", call_int(dlsym(RTLD_DEFAULT, "kt_i32"), 4));
    printf("close %d %d listed %d\n", dlclose(n), dlclose(h),
           listed("libkzttest.so.1"));
    h = open_lib("libkzttest.so.1", RTLD_NOW | RTLD_NODELETE);
    n = dlsym(h, "kt_i32");
    printf("nodelete: close %d", dlclose(h));
    printf(" listed %d call %d\n", listed("libkzttest.so.1"), call_int(n, 9));
    h = open_lib("libkzttest.so.1", RTLD_NOW);
    printf("again: same %d\n", dlsym(h, "kt_i32") == n);
    h = open_lib("libdlplugin.so", RTLD_LAZY | RTLD_DEEPBIND);
    printf("deepbind: %d\n", call_int(dlsym(h, "plugin_call"), 3));
}

static int print_object(struct dl_phdr_info *i, size_t size, void *opaque)
{
    printf("  %s\n", base(i->dlpi_name));
    return 0;
}

/* Everything that is loaded, in order: nobody else loads anything. */
static void test_objects(void)
{
    void *h = open_lib("libdlplugin.so", RTLD_NOW), *z, *again;

    z = dlopen("libz.so.1", RTLD_NOW);
    printf("plugin %d, crc %08lx\n", call_int(dlsym(h, "plugin_call"), 1),
           crc_by(dlsym(z, "crc32")));
    dl_iterate_phdr(print_object, NULL);
    for (struct link_map *m = map_of(dlopen(NULL, RTLD_NOW)); m;
         m = m->l_next) {
        printf("%s ", base(m->l_name));
    }
    dlclose(h);
    printf("\nafter close\n");
    dl_iterate_phdr(print_object, NULL);
    again = open_lib("libdlplugin.so", RTLD_NOW);
    printf("again %d\n", call_int(dlsym(again, "plugin_call"), 1));
}

/* More objects than anybody's tables hold: calls are right all the same. */
static void test_many(void)
{
    void *z;
    int n = 0;

    for (int i = 0; i < 530; i++) {
        char name[64];

        snprintf(name, sizeof(name), "many/libmany%d.so", i);
        n += open_lib(name, RTLD_NOW) != NULL;
    }
    z = open_lib("libkzttest.so.1", RTLD_NOW);
    printf("%d, %s, %d\n", n, name_of(z), call_int(dlsym(z, "kt_i32"), 8));
}

#define THREADS 4

static void *open_and_call(void *opaque)
{
    int id = *(int *)opaque, *sum = opaque;

    *sum = 0;
    for (int i = 0; i < 100; i++) {
        void *h = open_lib(id & 1 ? "libkzttest.so.1" : "libdlplugin.so",
                           RTLD_NOW);
        void *fn = dlsym(h, id & 1 ? "kt_i32" : "plugin_call");
        Dl_info info;

        *sum += call_int(fn, i) + (dladdr(fn, &info) ? 1 : -1000);
        dlclose(h);
    }
    return NULL;
}

/* Threads that load and unload the same libraries. */
static void test_threads(void)
{
    pthread_t t[THREADS];
    int id[THREADS];

    for (int i = 0; i < THREADS; i++) {
        id[i] = i;
        pthread_create(&t[i], NULL, open_and_call, &id[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        printf("thread %d: %d\n", i, id[i]);
    }
    printf("listed %d\n", listed("libkzttest.so.1"));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(void);
    } tests[] = {
        { "open", test_open }, { "dependency", test_dependency },
        { "close", test_close }, { "reopen", test_reopen },
        { "sym", test_sym }, { "versions", test_versions },
        { "errors", test_errors }, { "info", test_info },
        { "namespaces", test_namespaces }, { "modes", test_modes },
        { "objects", test_objects }, { "many", test_many },
        { "threads", test_threads },
    };

    setvbuf(stdout, NULL, _IOLBF, 0);
    dir = argc > 2 ? argv[2] : ".";
    rounds = argc > 3 ? atoi(argv[3]) : rounds;
    for (unsigned i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        if (argc > 1 && !strcmp(argv[1], tests[i].name)) {
            tests[i].fn();
            return 0;
        }
    }
    return 1;
}
