/*
 * The options of pass-through: -kzt, -kzt-report, -kzt-check, and the list of
 * descriptions.
 *
 * Fixed before the guest runs; read anywhere after that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include "qemu/cutils.h"

#define MAX_LIBRARIES 256

KztOptions kzt_options = { .mode = KZT_MODE_ON };

/* What the user said about each library, by its place in kzt_libraries. */
static enum { BY_STABILITY, SWITCHED_ON, SWITCHED_OFF } said[MAX_LIBRARIES];
static bool experimental;

static unsigned place_of(const KztLibrary *lib)
{
    unsigned i = 0;

    while (kzt_libraries[i] != lib) {
        i++;
    }
    return i;
}

bool kzt_library_enabled(const KztLibrary *lib)
{
    switch (said[place_of(lib)]) {
    case SWITCHED_ON:
        return true;
    case SWITCHED_OFF:
        return false;
    default:
        return lib->stable || experimental;
    }
}

static void say_all(int what)
{
    for (unsigned i = 0; kzt_libraries[i]; i++) {
        said[i] = what;
    }
}

static bool item_is(const char *item, size_t len, const char *word)
{
    return len == strlen(word) && !memcmp(item, word, len);
}

static const KztLibrary *find_library(const char *name, size_t len)
{
    for (unsigned i = 0; kzt_libraries[i]; i++) {
        if (item_is(name, len, kzt_libraries[i]->name)) {
            return kzt_libraries[i];
        }
    }
    return NULL;
}

static bool set_method(const char *item, size_t len)
{
    static const char *const names[] = {
        [KZT_CHOICE_AUTO] = "method=auto",
        [KZT_CHOICE_SLOT] = "method=slot",
        [KZT_CHOICE_ENTRY] = "method=entry",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (item_is(item, len, names[i])) {
            kzt_options.choice = i;
            return true;
        }
    }
    return false;
}

static char *complain(const char *fmt, const char *item, size_t len)
{
    StrBuf b = { 0 };

    strbuf_printf(&b, fmt, (int)len, item);
    return b.str;
}

/* A name or a group, with its sign.  *only: names stand for themselves. */
static char *set_library(const char *item, size_t len, bool *only)
{
    char sign = *item == '-' || *item == '+' ? *item : 0;
    const char *name = item + (sign != 0);
    size_t n = len - (sign != 0);
    const KztLibrary *lib = find_library(name, n);

    if (lib) {
        if (!sign && !*only) {
            say_all(SWITCHED_OFF);
            *only = true;
        }
        said[place_of(lib)] = sign == '-' ? SWITCHED_OFF : SWITCHED_ON;
        return NULL;
    }
    if (item_is(name, n, "experimental")) {
        experimental = sign != '-';
        return NULL;
    }
    return complain("no library '%.*s' (-kzt list prints them)", name, n);
}

char *kzt_configure(const char *arg)
{
    bool only = false;

    while (*arg) {
        size_t len = strcspn(arg, ",");
        char *err = NULL;

        if (item_is(arg, len, "off")) {
            kzt_options.mode = KZT_MODE_OFF;
        } else if (item_is(arg, len, "shadow")) {
            kzt_options.mode = KZT_MODE_SHADOW;
        } else if (item_is(arg, len, "on") || item_is(arg, len, "all")) {
            if (kzt_options.mode == KZT_MODE_OFF || item_is(arg, len, "on")) {
                kzt_options.mode = KZT_MODE_ON;
            }
            say_all(BY_STABILITY);
            only = true;
        } else if (len > 7 && !memcmp(arg, "method=", 7)) {
            if (!set_method(arg, len)) {
                err = complain("'%.*s': the methods are slot, entry and auto",
                               arg, len);
            }
        } else if (len) {
            if (kzt_options.mode == KZT_MODE_OFF) {
                kzt_options.mode = KZT_MODE_ON;
            }
            err = set_library(arg, len, &only);
        }
        if (err) {
            return err;
        }
        arg += len + (arg[len] == ',');
    }
    return NULL;
}

void kzt_list(FILE *out)
{
    static const char *const policies[] = {
        [KZT_STATELESS] = "stateless",
        [KZT_OPAQUE] = "opaque",
        [KZT_SHARED_STRUCT] = "shared-struct",
    };

    fprintf(out, "%-12s %-13s %-14s %9s %-20s %s\n", "Library", "Stability",
            "State", "Functions", "Host library", "Description");
    for (unsigned i = 0; kzt_libraries[i]; i++) {
        const KztLibrary *lib = kzt_libraries[i];
        unsigned n = kzt_library_carried(lib);

        fprintf(out, "%-12s %-13s %-14s %9u %-20s %s\n", lib->name,
                lib->stable ? "stable" : "experimental",
                policies[lib->policy], n, lib->host_soname, lib->summary);
    }
}

void kzt_set_report(const char *file)
{
    kzt_options.report = *file ? file : NULL;
}

bool kzt_reports(void)
{
    return kzt_options.report;
}

void kzt_set_check(void)
{
    kzt_options.check = true;
    if (kzt_options.mode == KZT_MODE_OFF) {
        kzt_options.mode = KZT_MODE_ON;
    }
}
