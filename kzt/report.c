/*
 * The report of -kzt-report: what pass-through did, as JSON, when the process
 * ends.
 *
 * Locking: kzt_lock().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include "kzt/callback.h"
#include "qemu/cutils.h"
#include "qemu/log.h"

/* A JSON text under construction: commas come by themselves. */
typedef struct Json {
    FILE *f;
    bool comma;
} Json;

static void put_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        unsigned char c = *s;

        if (c == '"' || c == '\\') {
            fputc('\\', f);
        }
        if (c < 0x20 || c == 0x7f) {
            fprintf(f, "\\u%04x", c);
        } else {
            fputc(c, f);
        }
    }
    fputc('"', f);
}

static void key(Json *j, const char *name)
{
    fputs(j->comma ? ", " : "", j->f);
    j->comma = true;
    if (name) {
        put_string(j->f, name);
        fputs(": ", j->f);
    }
}

static void open_value(Json *j, const char *name, char bracket)
{
    key(j, name);
    fputc(bracket, j->f);
    j->comma = false;
}

static void close_value(Json *j, char bracket)
{
    fputc(bracket, j->f);
    j->comma = true;
}

static void string(Json *j, const char *name, const char *value)
{
    key(j, name);
    if (value) {
        put_string(j->f, value);
    } else {
        fputs("null", j->f);
    }
}

static void number(Json *j, const char *name, uint64_t value)
{
    key(j, name);
    fprintf(j->f, "%" PRIu64, value);
}

static void address(Json *j, const char *name, uint64_t value)
{
    key(j, name);
    fprintf(j->f, "\"%#" PRIx64 "\"", value);
}

static void line(Json *j)
{
    fputs(j->comma ? ",\n" : "\n", j->f);
    j->comma = false;
}

/*
 * The parts.
 */

static int put_object(const GuestObject *o, void *opaque)
{
    KztGuestLibrary *l = kzt_guest_library_at(o->start);
    Json *j = opaque;

    line(j);
    open_value(j, NULL, '{');
    string(j, "name", o->id.name);
    number(j, "namespace", o->id.ns);
    number(j, "generation", o->generation);
    address(j, "start", o->start);
    address(j, "end", o->end);
    string(j, "state", guest_object_state_name(o->state));
    string(j, "library", l && l->generation == o->generation ? l->lib->name
                                                             : NULL);
    close_value(j, '}');
    return 0;
}

static void put_library(const KztGuestLibrary *l, void *opaque)
{
    Json *j = opaque;

    line(j);
    open_value(j, NULL, '{');
    string(j, "name", l->lib->name);
    string(j, "object", l->name);
    number(j, "generation", l->generation);
    string(j, "verdict", l->decided ? kzt_reason_name(l->verdict)
                                    : "not-called");
    string(j, "detail", l->why);
    string(j, "native", l->native ? kzt_native_path(l->native) : NULL);
    close_value(j, '}');
}

static void put_reasons(Json *j, const char *name, const char *library)
{
    open_value(j, name, '{');
    for (int r = 0; r < KZT_REASON_COUNT; r++) {
        uint64_t n = library ? kzt_counts_get(&kzt_counts, library, r)
                             : kzt_counts_total(&kzt_counts, r);

        if (n) {
            number(j, kzt_reason_name(r), n);
        }
    }
    close_value(j, '}');
}

static bool put_function(const KztBridgeInfo *b, void *opaque)
{
    Json *j = opaque;

    line(j);
    open_value(j, NULL, '{');
    string(j, "library", b->lib ? b->lib->name : NULL);
    string(j, "name", b->function->name);
    string(j, "signature", b->function->signature);
    string(j, "method", b->entry ? "entry" : "slot");
    address(j, "guest", b->guest_addr);
    number(j, "calls", b->calls);
    close_value(j, '}');
    return true;
}

static bool add_calls(const KztBridgeInfo *b, void *opaque)
{
    *(uint64_t *)opaque += b->calls;
    return true;
}

static void put_all(Json *j, int status)
{
    static const char *const modes[] = { "off", "on", "shadow" };
    static const char *const methods[] = { "auto", "slot", "entry" };
    uint64_t calls = 0;

    kzt_bridge_foreach(add_calls, &calls);
    open_value(j, NULL, '{');
    string(j, "program", kzt_session.start.program);
    number(j, "pid", getpid());
    key(j, "status");
    fprintf(j->f, "%d", status);
    string(j, "mode", modes[kzt_options.mode]);
    string(j, "method", methods[kzt_options.choice]);
    line(j);
    number(j, "calls", calls);
    number(j, "callbacks", kzt_callback_count());
    number(j, "closures", kzt_closure_count());
    number(j, "registry_bytes", guest_objects_memory(kzt_session.objects));
    line(j);
    open_value(j, "objects", '[');
    guest_objects_read_begin(kzt_session.objects);
    guest_objects_walk(kzt_session.objects, put_object, j);
    guest_objects_read_end(kzt_session.objects);
    close_value(j, ']');
    line(j);
    open_value(j, "libraries", '[');
    kzt_guest_library_walk(put_library, j);
    close_value(j, ']');
    line(j);
    put_reasons(j, "decisions", NULL);
    line(j);
    open_value(j, "decisions_by_library", '{');
    for (size_t i = 0; i < kzt_counts.nb; i++) {
        line(j);
        put_reasons(j, kzt_counts.rows[i].library,
                    kzt_counts.rows[i].library);
    }
    close_value(j, '}');
    line(j);
    open_value(j, "functions", '[');
    kzt_bridge_foreach(put_function, j);
    close_value(j, ']');
    close_value(j, '}');
    fputc('\n', j->f);
}

static char *file_name(const char *pattern)
{
    const char *at = strstr(pattern, "%d");
    StrBuf b = { 0 };

    if (at) {
        strbuf_printf(&b, "%.*s%d%s", (int)(at - pattern), pattern, getpid(),
                      at + 2);
    } else {
        strbuf_printf(&b, "%s", pattern);
    }
    return b.str;
}

static FILE *open_report(const char *mode)
{
    char *name = file_name(kzt_options.report);
    FILE *f = fopen(name, mode);

    if (!f) {
        error_report("cannot write the report '%s': %s", name,
                     strerror(errno));
    }
    free(name);
    return f;
}

bool kzt_report_check(void)
{
    /* What is in the file stays until there is something to say. */
    FILE *f = kzt_options.report ? open_report("ae") : NULL;

    if (f) {
        fclose(f);
    }
    return f || !kzt_options.report;
}

void kzt_report_write(int status)
{
    Json j = { .f = open_report("we") };

    if (j.f) {
        put_all(&j, status);
        fclose(j.f);
    }
}
