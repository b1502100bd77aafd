/*
 * GLib with functions of the program on threads of GLib: threads, a pool, a
 * main loop elsewhere, sources, destructors of thread-specific values.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>

static GAsyncQueue *queue;
static GMutex mutex;
static int done;

static void gone(gpointer p)
{
    g_mutex_lock(&mutex);
    done += 100 * GPOINTER_TO_INT(p);
    g_mutex_unlock(&mutex);
}

static GPrivate text = G_PRIVATE_INIT(g_free);
static GPrivate number = G_PRIVATE_INIT(gone);

static gpointer worker(gpointer opaque)
{
    int n = 0;

    g_private_set(&text, g_strdup("text"));
    g_private_set(&number, GINT_TO_POINTER(1));
    for (int i = 0; i < 1000; i++) {
        g_async_queue_push(queue, GINT_TO_POINTER(i + 1));
        n += i;
    }
    g_mutex_lock(&mutex);
    done++;
    g_mutex_unlock(&mutex);
    return GINT_TO_POINTER(n);
}

static void threads(void)
{
    GThread *t[4];
    int sum = 0, results = 0;

    queue = g_async_queue_new();
    for (int i = 0; i < 4; i++) {
        t[i] = g_thread_new("worker", worker, NULL);
    }
    for (int i = 0; i < 4000; i++) {
        sum += GPOINTER_TO_INT(g_async_queue_pop(queue));
    }
    for (int i = 0; i < 4; i++) {
        results += GPOINTER_TO_INT(g_thread_join(t[i]));
    }
    printf("threads: %d %d %d\n", sum, results, done);
}

static gpointer leave(gpointer opaque)
{
    g_thread_exit(GINT_TO_POINTER(77));
    return NULL;
}

static void add(gpointer data, gpointer opaque)
{
    g_atomic_int_add((int *)opaque, GPOINTER_TO_INT(data));
}

static void pool(void)
{
    int n = 0;
    GThreadPool *p = g_thread_pool_new(add, &n, 3, FALSE, NULL);

    for (int i = 0; i < 500; i++) {
        g_thread_pool_push(p, GINT_TO_POINTER(i + 1), NULL);
    }
    g_thread_pool_free(p, FALSE, TRUE);
    printf("pool: %d\n", n);
    printf("exit: %d\n", GPOINTER_TO_INT(
        g_thread_join(g_thread_new("leave", leave, NULL))));
}

static gboolean prepare(GSource *s, gint *timeout)
{
    *timeout = 0;
    return TRUE;
}

static gboolean check(GSource *s)
{
    return TRUE;
}

static gboolean dispatch(GSource *s, GSourceFunc fn, gpointer data)
{
    return fn(data);
}

static void finalize(GSource *s)
{
    printf("finalized\n");
}

static GSourceFuncs funcs = { prepare, check, dispatch, finalize };

static gboolean tick(gpointer opaque)
{
    int *n = opaque;

    return ++*n < 5;
}

static gboolean quit(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gpointer run(gpointer loop)
{
    g_main_loop_run(loop);
    return NULL;
}

static void loop_elsewhere(void)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GSource *s = g_source_new(&funcs, sizeof(GSource));
    int n = 0;

    g_source_set_callback(s, tick, &n, NULL);
    g_source_attach(s, NULL);
    g_source_unref(s);
    g_timeout_add(50, quit, loop);
    g_thread_join(g_thread_new("loop", run, loop));
    g_main_loop_unref(loop);
    printf("loop: %d\n", n);
}

static gint compare(gconstpointer a, gconstpointer b, gpointer opaque)
{
    return strcmp(a, b);
}

static gboolean show(gpointer key, gpointer value, gpointer opaque)
{
    printf(" %s=%s", (char *)key, (char *)value);
    return FALSE;
}

static void containers(void)
{
    GTree *t = g_tree_new_full(compare, NULL, g_free, g_free);
    GHashTable *h = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          NULL);
    GError *e = NULL;
    char *contents;

    for (int i = 0; i < 8; i++) {
        g_tree_insert(t, g_strdup_printf("k%d", i * 5 % 8),
                      g_strdup_printf("%.2f", i * 1.5));
    }
    g_tree_foreach(t, show, NULL);
    g_tree_unref(t);
    for (int i = 0; i < 1000; i++) {
        g_hash_table_insert(h, g_strdup_printf("%d", i % 300),
                            GINT_TO_POINTER(i));
    }
    printf("\n%u %d\n", g_hash_table_size(h),
           GPOINTER_TO_INT(g_hash_table_lookup(h, "17")));
    g_hash_table_unref(h);
    g_file_get_contents("/nonexistent/x", &contents, NULL, &e);
    printf("%s\n", e->message);
    g_clear_error(&e);
}

int main(void)
{
    threads();
    pool();
    loop_elsewhere();
    containers();
    return 0;
}
