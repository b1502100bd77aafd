/*
 * SQLite with functions, collations, hooks and destructors of ours.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int destroyed, updates, steps;

static void twice(sqlite3_context *c, int n, sqlite3_value **v)
{
    sqlite3_result_double(c, 2 * sqlite3_value_double(v[0]));
}

static void text(sqlite3_context *c, int n, sqlite3_value **v)
{
    char *s = malloc(32);

    snprintf(s, 32, "<%s>", sqlite3_value_text(v[0]));
    sqlite3_result_text(c, s, -1, free);
}

static void on_destroy(void *p)
{
    destroyed++;
}

static int backwards(void *p, int n, const void *a, int m, const void *b)
{
    return -strncmp(a, b, n < m ? n : m);
}

static void on_update(void *p, int op, const char *db, const char *table,
                      sqlite3_int64 row)
{
    updates += op == SQLITE_INSERT && row > 0;
}

static int on_progress(void *p)
{
    steps++;
    return 0;
}

static int on_row(void *p, int n, char **values, char **names)
{
    for (int i = 0; i < n; i++) {
        printf("%s=%s ", names[i], values[i] ? values[i] : "NULL");
    }
    printf("\n");
    return 0;
}

int main(void)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    char *err = NULL;

    sqlite3_open(":memory:", &db);
    sqlite3_create_function_v2(db, "twice", 1, SQLITE_UTF8, NULL, twice, NULL,
                               NULL, on_destroy);
    sqlite3_create_function(db, "bracket", 1, SQLITE_UTF8, NULL, text, NULL,
                            NULL);
    sqlite3_create_collation(db, "back", SQLITE_UTF8, NULL, backwards);
    sqlite3_update_hook(db, on_update, NULL);
    sqlite3_progress_handler(db, 10, on_progress, NULL);
    sqlite3_exec(db, "create table t(a, b)", NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "insert into t values(?, ?)", -1, &st, NULL);
    for (int i = 0; i < 50; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n%02d", i);
        sqlite3_bind_int(st, 1, i);
        sqlite3_bind_text(st, 2, name, -1, SQLITE_TRANSIENT);
        sqlite3_step(st);
        sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    sqlite3_exec(db, "select sum(twice(a)), max(bracket(b)) from t", on_row,
                 NULL, NULL);
    sqlite3_exec(db, "select b from t order by b collate back limit 3",
                 on_row, NULL, NULL);
    if (sqlite3_exec(db, "select nothing", on_row, NULL, &err)) {
        printf("%s\n", err);
        sqlite3_free(err);
    }
    err = sqlite3_mprintf("%Q %d %.1f", "it's", 7, 2.5);
    printf("%s\n", err);
    sqlite3_free(err);
    sqlite3_close(db);
    printf("destroyed %d, updates %d, progress %d\n", destroyed, updates,
           steps > 0);
    return 0;
}
