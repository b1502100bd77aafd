/*
 * A GLib program: main loop, timeouts, idle functions, signals, threads,
 * queues, hash tables with functions of ours, regular expressions, variants,
 * log handlers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static GMainLoop *loop;
static int ticks;

static gboolean on_tick(gpointer data)
{
    printf("tick %d %s\n", ++ticks, (const char *)data);
    if (ticks == 2) {
        raise(SIGUSR1);
    }
    return ticks < 4;
}

static gboolean on_signal(gpointer data)
{
    printf("signal, data %d\n", GPOINTER_TO_INT(data));
    return G_SOURCE_REMOVE;
}

static gboolean on_pipe(gint fd, GIOCondition cond, gpointer data)
{
    char buf[16] = "";

    printf("pipe %zd %s\n", read(fd, buf, sizeof(buf) - 1), buf);
    return G_SOURCE_REMOVE;
}

static gboolean stop(gpointer data)
{
    g_main_loop_quit(loop);
    return FALSE;
}

static void count(gpointer key, gpointer value, gpointer data)
{
    *(int *)data += GPOINTER_TO_INT(value);
}

static gint backwards(gconstpointer a, gconstpointer b, gpointer data)
{
    return g_strcmp0(b, a) * GPOINTER_TO_INT(data);
}

static gint by_length(gconstpointer a, gconstpointer b)
{
    return (int)strlen(a) - (int)strlen(b);
}

static gpointer worker(gpointer data)
{
    GAsyncQueue *q = data;

    for (int i = 1; i <= 100; i++) {
        g_async_queue_push(q, GINT_TO_POINTER(i));
    }
    return g_strdup("worker done");
}

static void on_log(const gchar *domain, GLogLevelFlags level,
                   const gchar *text, gpointer data)
{
    printf("log %s %d %s\n", domain, level, text);
}

static void containers(void)
{
    GHashTable *h = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          NULL);
    GTree *t = g_tree_new_with_data(backwards, GINT_TO_POINTER(1));
    GList *l = NULL;
    GString *s = g_string_new("s");
    int sum = 0;

    for (int i = 0; i < 100; i++) {
        g_hash_table_insert(h, g_strdup_printf("key%d", i),
                            GINT_TO_POINTER(i));
    }
    g_hash_table_foreach(h, count, &sum);
    printf("sum %d, size %u, key7 %d\n", sum, g_hash_table_size(h),
           GPOINTER_TO_INT(g_hash_table_lookup(h, "key7")));
    g_tree_insert(t, "a", "first");
    g_tree_insert(t, "b", "second");
    printf("tree %d %s\n", g_tree_nnodes(t),
           (const char *)g_tree_lookup(t, "b"));
    l = g_list_insert_sorted(l, "ccc", by_length);
    l = g_list_insert_sorted(l, "a", by_length);
    l = g_list_insert_sorted(l, "bb", by_length);
    for (GList *i = l; i; i = i->next) {
        g_string_append_printf(s, " %s/%zu/%.2f", (char *)i->data,
                               strlen(i->data), 1.5);
    }
    printf("%s\n", s->str);
    g_string_free(s, TRUE);
    g_list_free(l);
    g_tree_destroy(t);
    g_hash_table_destroy(h);
}

static void texts(void)
{
    GError *err = NULL;
    GRegex *re = g_regex_new("(\\w+)@(\\w+)", 0, 0, NULL);
    char *r = g_regex_replace(re, "a@b c@d", -1, 0, "\\2 at \\1", 0, NULL);
    char **parts = g_strsplit("x,y,z", ",", -1);
    GVariant *v = g_variant_new("(sib)", "text", 42, TRUE);
    char *p = g_variant_print(v, TRUE), *text;

    printf("%s | %s | %u | %s\n", r, parts[1], g_strv_length(parts), p);
    if (!g_file_get_contents("/no/such/file", &text, NULL, &err)) {
        printf("error %d %s\n", err->code, err->message);
        g_error_free(err);
    }
    g_variant_unref(v);
    g_strfreev(parts);
    g_regex_unref(re);
    g_free(p);
    g_free(r);
    r = g_utf8_normalize("\xc3\xa4\xc3\xb6", -1, G_NORMALIZE_ALL);
    printf("%s %s\n", r, g_checksum_type_get_length(G_CHECKSUM_SHA256) == 32
           ? "32" : "?");
    g_free(r);
}

int main(void)
{
    GAsyncQueue *q = g_async_queue_new();
    GThread *thread;
    char *done;
    int fds[2], sum = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    containers();
    texts();
    g_log_set_handler("test", G_LOG_LEVEL_MASK, on_log, NULL);
    g_log("test", G_LOG_LEVEL_WARNING, "number %d", 7);
    thread = g_thread_new("worker", worker, q);
    for (int i = 0; i < 100; i++) {
        sum += GPOINTER_TO_INT(g_async_queue_pop(q));
    }
    done = g_thread_join(thread);
    printf("queue %d, %s\n", sum, done);
    g_free(done);

    loop = g_main_loop_new(NULL, FALSE);
    if (pipe(fds) || write(fds[1], "hello", 5) != 5) {
        return 1;
    }
    g_unix_fd_add(fds[0], G_IO_IN, on_pipe, NULL);
    g_unix_signal_add(SIGUSR1, on_signal, GINT_TO_POINTER(3));
    g_timeout_add(20, on_tick, "of the clock");
    g_timeout_add(400, stop, NULL);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
    g_async_queue_unref(q);
    return 0;
}
