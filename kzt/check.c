/*
 * The preflight of -kzt-check: the guest's loader loads the program and binds
 * everything; then, before any of it runs, this says what would go native,
 * what would not, and what can be done about it.
 *
 * Locking: kzt_lock().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include "qemu/log.h"

#define MAX_NAMED 8     /* functions that are named, for each reason */

/* Functions of one library that stay emulated for one reason. */
typedef struct Stays {
    struct Stays *next;
    const char *library;
    KztReason reason;
    unsigned nb;
    char *names[MAX_NAMED];
} Stays;

/* Functions of one library that go native. */
typedef struct Goes {
    struct Goes *next;
    const char *library;
    unsigned nb;
} Goes;

static Stays *all_stays;
static Goes *all_goes;
static bool program_loaded;

static const char *const remedies[KZT_REASON_COUNT] = {
    [KZT_REASON_NO_NATIVE_LIBRARY] =
        "install the host's own package of this library",
    [KZT_REASON_DISABLED] =
        "switch it on with -kzt on,+NAME (-kzt list tells the names)",
    [KZT_REASON_NO_PROTOTYPE] =
        "the description in kzt/libs does not know the function",
    [KZT_REASON_UNSUPPORTED_ABI] =
        "the description cannot carry the function; it runs emulated",
    [KZT_REASON_NATIVE_SYMBOL_MISSING] =
        "install a newer version of the host's library",
    [KZT_REASON_MIXED_STATE] =
        "nothing: the library runs emulated, as that function has to",
    [KZT_REASON_INTERPOSED] =
        "start the program without that object, if you can do without it",
    [KZT_REASON_AMBIGUOUS] =
        "try -kzt method=slot",
};

static Goes *goes_of(const char *library)
{
    Goes *g = all_goes;

    while (g && strcmp(g->library, library)) {
        g = g->next;
    }
    if (!g && (g = calloc(1, sizeof(*g))) != NULL) {
        g->library = library;
        g->next = all_goes;
        all_goes = g;
    }
    return g;
}

void kzt_check_decision(const KztDecision *d)
{
    const char *name = d->slot.symbol ? d->slot.symbol : "?";
    Stays *s = all_stays;
    Goes *g;

    if (!kzt_options.check || !d->target.library ||
        d->relation == KZT_RELATION_SELF) {
        return;
    }
    if (d->reason == KZT_REASON_NATIVE) {
        g = goes_of(d->target.library);
        if (g) {
            g->nb++;
        }
        return;
    }
    while (s && (s->reason != d->reason ||
                 strcmp(s->library, d->target.library))) {
        s = s->next;
    }
    if (!s) {
        s = calloc(1, sizeof(*s));
        if (!s) {
            return;
        }
        s->library = d->target.library;
        s->reason = d->reason;
        s->next = all_stays;
        all_stays = s;
    }
    for (unsigned i = 0; i < MIN(s->nb, MAX_NAMED); i++) {
        if (s->names[i] && !strcmp(s->names[i], name)) {
            return;
        }
    }
    if (s->nb < MAX_NAMED) {
        s->names[s->nb] = strdup(name);
    }
    s->nb++;
}

static void print_stays(const KztGuestLibrary *l)
{
    for (const Stays *s = all_stays; s; s = s->next) {
        if (strcmp(s->library, l->lib->name)) {
            continue;
        }
        printf("    %u emulated, %s:", s->nb, kzt_reason_name(s->reason));
        for (unsigned i = 0; i < MIN(s->nb, MAX_NAMED); i++) {
            printf(" %s", s->names[i] ? s->names[i] : "?");
        }
        printf("%s\n", s->nb > MAX_NAMED ? " ..." : "");
        if (remedies[s->reason]) {
            printf("      remedy: %s\n", remedies[s->reason]);
        }
    }
}

static void print_library(const KztGuestLibrary *l, void *opaque)
{
    KztReason verdict = kzt_guest_library_verdict((KztGuestLibrary *)l);
    Goes *g = goes_of(l->lib->name);
    unsigned *n = opaque;

    ++*n;
    printf("\n%s (%s): %s\n", l->name, l->lib->name,
           verdict == KZT_REASON_NATIVE ? "goes native" : "stays emulated");
    if (l->native) {
        printf("    host library: %s\n", kzt_native_path(l->native));
    }
    printf("    imports that go native: %u\n", g ? g->nb : 0);
    if (verdict != KZT_REASON_NATIVE) {
        printf("    reason: %s (%s)%s%s\n", kzt_reason_name(verdict),
               kzt_reason_help(verdict), l->why ? ": " : "",
               l->why ? l->why : "");
        if (remedies[verdict]) {
            printf("    remedy: %s\n", remedies[verdict]);
        }
    }
    print_stays(l);
}

static int print_other(const GuestObject *o, void *opaque)
{
    if (!kzt_guest_library_at(o->start)) {
        printf("    %s\n", o->id.name);
    }
    return 0;
}

static QEMU_NORETURN void done(int status)
{
    fflush(stdout);
    _exit(status);
}

static void print_program(void)
{
    printf("program: %s\n", kzt_session.start.program
           ? kzt_session.start.program : "?");
}

void kzt_check_loaded(void)
{
    unsigned n = 0;

    if (!kzt_options.check) {
        return;
    }
    program_loaded = true;
    print_program();
    kzt_guest_library_walk(print_library, &n);
    if (!n) {
        printf("\nThe program is linked to no described library "
               "(-kzt list prints them).\n");
    }
    printf("\nemulated, not described:\n");
    guest_objects_read_begin(kzt_session.objects);
    guest_objects_walk(kzt_session.objects, print_other, NULL);
    guest_objects_read_end(kzt_session.objects);
    printf("\nLibraries that the program opens while it runs are not listed: "
           "run it with\n-kzt-report FILE to see them.\n");
    done(0);
}

void kzt_check_static(void)
{
    print_program();
    printf("\nThe program is linked statically: no library of it can go "
           "native.\n");
    done(0);
}

void kzt_check_exit(void)
{
    if (kzt_options.check && !program_loaded) {
        print_program();
        printf("\nThe guest's loader could not load the program; its message "
               "names what is missing.\n    remedy: install the x86-64 "
               "library, in the folder of -L where there is one\n");
        fflush(stdout);
    }
}
