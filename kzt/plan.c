/*
 * Planning guest objects: every relocated word of an object becomes a slot,
 * kzt_plan_slot() decides about it, and what is to be written is written as
 * one transaction per object.
 *
 * Functions of described libraries go native by themselves when they first
 * run (guest-library.c).  Planning is for what that cannot do or show: words
 * that are to hold another address (method=slot, ambiguous entries), and the
 * record of every decision (-d kzt, -kzt-report, -kzt-check, shadow mode).
 * Where none of it is wanted no relocation is read.
 *
 * An object is planned when its bindings are final: when its GOT is sealed,
 * when its first constructor runs, when the program is entered.
 *
 * Locking: kzt_lock().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include "kzt/apply.h"
#include "kzt/lazy-binding.h"
#include "qemu/log.h"
#include <elf.h>

#define MAX_STRINGS (256u << 20)
#define CHUNK       256

/* A slot that was written, for taking it back. */
typedef struct Written {
    uint64_t addr, old_value, new_value;
    uint64_t library;           /* generation */
} Written;

/* An object with written or waiting slots. */
typedef struct Planned {
    struct Planned *next;
    uint64_t generation;
    char *strings;              /* names of waiting slots */
    char *name;
    Written *written;
    size_t nb_written;
} Planned;

/* One object on its way through the planner. */
typedef struct Job {
    KztPlanObject object;
    KztDynamic dyn;
    char *strings;
    bool keep_strings;
    KztDecision **writes;
    size_t nb_writes, alloc;
} Job;

bool kzt_planning;
KztCounts kzt_counts;

static KztLazy lazy;
static Planned *planned;
static bool entered;            /* the program's entry was reached */

/*
 * What the planner asks.
 */

static bool ask_owner(void *opaque, uint64_t addr, KztPlanObject *out)
{
    const GuestObject *o = guest_objects_at(kzt_session.objects, addr);

    if (!o) {
        return false;
    }
    *out = kzt_plan_object(o);
    return true;
}

static KztReason ask_library(void *opaque, const KztPlanObject *owner,
                             KztTarget *t)
{
    KztGuestLibrary *l = kzt_guest_library_at(owner->start);
    KztReason verdict;

    if (!l) {
        return KZT_REASON_NO_DESCRIPTION;
    }
    verdict = kzt_guest_library_verdict(l);
    t->library = l->lib->name;
    t->source = l->native ? kzt_native_path(l->native) : NULL;
    /* The other verdicts are answers to the next question. */
    return verdict == KZT_REASON_NO_NATIVE_LIBRARY ? verdict
                                                   : KZT_REASON_NATIVE;
}

static KztReason ask_function(void *opaque, const KztPlanObject *owner,
                              const char *symbol, const char *version,
                              uint64_t value, KztTarget *t)
{
    KztGuestLibrary *l = kzt_guest_library_at(owner->start);
    KztReason verdict = kzt_guest_library_verdict(l), reason;
    const KztFunction *f;
    void *native;

    if (verdict != KZT_REASON_NATIVE) {
        return verdict;
    }
    reason = kzt_guest_library_function(l, symbol, version, &f, &native);
    if (reason != KZT_REASON_NATIVE) {
        return reason;
    }
    t->function = f;
    t->entry_ambiguous = !kzt_guest_library_entry(l, value, symbol);
    return KZT_REASON_NATIVE;
}

static uint64_t ask_bridge(void *opaque, const KztPlanObject *owner,
                           uint64_t value, const KztTarget *t)
{
    KztGuestLibrary *l = kzt_guest_library_at(owner->start);
    const KztFunction *f = t->function;

    if (kzt_options.mode == KZT_MODE_SHADOW) {
        return value;           /* nobody writes it */
    }
    return kzt_guest_library_bridge(l, f, value);
}

static const KztPlanOps *plan_ops(void)
{
    static KztPlanOps ops = {
        .owner = ask_owner,
        .library = ask_library,
        .function = ask_function,
        .bridge = ask_bridge,
    };

    ops.mem = kzt_session.memory;
    return &ops;
}

/*
 * Records.
 */

static void log_decision(const KztDecision *d)
{
    char line[1024];

    if (qemu_loglevel_mask(LOG_KZT)) {
        kzt_decision_format(d, line, sizeof(line));
        qemu_log("kzt: %s\n", line);
    }
}

static void record(const KztDecision *d)
{
    kzt_counts_add(&kzt_counts, d);
    log_decision(d);
    kzt_check_decision(d);
}

/*
 * One object.
 */

/* All names at once; versions and symbols point into it. */
static bool read_strings(Job *j)
{
    uint64_t n = j->dyn.strtab.size;

    if (!n || n > MAX_STRINGS) {
        return false;
    }
    j->strings = malloc(n + 1);
    if (!j->strings ||
        !kzt_read(kzt_session.memory, j->dyn.strtab.addr, j->strings, n)) {
        return false;
    }
    j->strings[n] = 0;
    return true;
}

static const char *string_at(const Job *j, uint32_t off)
{
    return off < j->dyn.strtab.size ? j->strings + off : NULL;
}

/* False for what is no slot at all: most relocations, and data. */
static bool slot_of(const Job *j, const KztRela *r, uint32_t index,
                    bool jmprel, KztSlot *s)
{
    const KztVersion *v;
    KztSymbol sym;

    *s = (KztSlot) {
        .type = kzt_rela_type(r), .index = index, .jmprel = jmprel,
        .addr = j->dyn.load_bias + r->offset, .addend = r->addend,
    };
    if (!kzt_reloc_is_slot(s->type) || !kzt_rela_sym(r)) {
        return false;
    }
    if (kzt_dynamic_symbol(&j->dyn, kzt_rela_sym(r), &sym)) {
        s->symbol = string_at(j, sym.name);
        s->sym_bind = ELF64_ST_BIND(sym.info);
        s->sym_type = ELF64_ST_TYPE(sym.info);
        s->sym_defined = sym.shndx != SHN_UNDEF;
        s->sym_value = s->sym_defined ? j->dyn.load_bias + sym.value : 0;
        v = kzt_dynamic_version(&j->dyn,
                                kzt_dynamic_versym(&j->dyn, kzt_rela_sym(r)));
        s->version = v && !v->base ? string_at(j, v->name) : NULL;
    }
    return s->sym_type != STT_OBJECT && s->sym_type != STT_TLS;
}

static void remember_write(Job *j, const KztDecision *d)
{
    KztDecision *copy;

    if (j->nb_writes == j->alloc) {
        size_t alloc = j->alloc ? 2 * j->alloc : 32;
        KztDecision **w = realloc(j->writes, alloc * sizeof(*w));

        if (!w) {
            return;
        }
        j->writes = w;
        j->alloc = alloc;
    }
    copy = malloc(sizeof(*copy));
    if (copy) {
        *copy = *d;
        j->writes[j->nb_writes++] = copy;
    }
}

static void plan_one(Job *j, const KztSlot *s)
{
    KztDecision d;

    kzt_plan_slot(plan_ops(), kzt_options.choice, &j->object, s, &d);
    if (d.reason == KZT_REASON_SELF_PLT &&
        kzt_lazy_add(&lazy, &j->object, s)) {
        j->keep_strings = true;
        log_decision(&d);
    } else if (d.method == KZT_METHOD_SLOT && kzt_options.mode == KZT_MODE_ON) {
        remember_write(j, &d);
    } else {
        record(&d);
    }
}

static void plan_table(Job *j, const KztTable *t, bool jmprel)
{
    KztRela chunk[CHUNK];
    uint64_t i = 0;
    KztSlot s;

    while (i < t->count) {
        size_t n = kzt_dynamic_relocs(&j->dyn, t, i, chunk, CHUNK);

        for (size_t k = 0; k < n; k++) {
            if (slot_of(j, &chunk[k], i + k, jmprel, &s)) {
                plan_one(j, &s);
            }
        }
        if (!n) {
            break;
        }
        i += n;
    }
}

static Planned *planned_by_generation(uint64_t generation)
{
    Planned *p = planned;

    while (p && p->generation != generation) {
        p = p->next;
    }
    return p;
}

/* The record of @object, made if need be. */
static Planned *planned_of(const KztPlanObject *object)
{
    Planned *p = planned_by_generation(object->id);

    if (!p && (p = calloc(1, sizeof(*p))) != NULL) {
        p->generation = object->id;
        p->next = planned;
        planned = p;
    }
    return p;
}

static void keep_written(const KztPlanObject *object, KztDecision *const *d,
                         size_t nb)
{
    Planned *p = planned_of(object);
    Written *w = p ? realloc(p->written, (p->nb_written + nb) * sizeof(*w))
                   : NULL;

    if (!w) {
        return;
    }
    p->written = w;
    for (size_t i = 0; i < nb; i++) {
        if (d[i]->method == KZT_METHOD_SLOT) {
            p->written[p->nb_written++] = (Written) {
                .addr = d[i]->slot.addr, .old_value = d[i]->old_value,
                .new_value = d[i]->new_value, .library = d[i]->owner.id,
            };
        }
    }
}

/* Carry out, record, forget. */
static void commit(Job *j)
{
    KztTransaction t;

    kzt_transaction_begin(&t, kzt_session.memory);
    for (size_t i = 0; i < j->nb_writes; i++) {
        kzt_transaction_add(&t, j->writes[i]);
    }
    if (kzt_transaction_commit(&t) == KZT_COMMIT_DONE && j->nb_writes) {
        keep_written(&j->object, j->writes, j->nb_writes);
    }
    kzt_transaction_end(&t);
    for (size_t i = 0; i < j->nb_writes; i++) {
        record(j->writes[i]);
        free(j->writes[i]);
    }
    free(j->writes);
    j->writes = NULL;
    j->nb_writes = j->alloc = 0;
}

static GuestObjectState plan_object(const GuestObject *o)
{
    Job j = { .object = kzt_plan_object(o) };
    GuestObjectState state = GUEST_OBJECT_FAILED;
    KztGuestLibrary *l;
    Planned *p;

    kzt_dynamic_parse(&j.dyn, kzt_session.memory, o->id.dynamic_addr,
                      o->id.load_bias, o->start, o->end);
    if (read_strings(&j)) {
        plan_table(&j, &j.dyn.rela, false);
        plan_table(&j, &j.dyn.jmprel, true);
        commit(&j);
        if (j.keep_strings && (p = planned_of(&j.object)) != NULL) {
            p->strings = j.strings;
            p->name = strdup(o->id.name);
            j.strings = NULL;
        }
        l = kzt_guest_library_at(o->start);
        state = l && kzt_guest_library_verdict(l) == KZT_REASON_NATIVE
                ? GUEST_OBJECT_WRAPPED : GUEST_OBJECT_EMULATED;
    }
    kzt_dynamic_free(&j.dyn);
    free(j.strings);
    return state;
}

static int plan_if_new(const GuestObject *o, void *opaque)
{
    GuestObjectState state;

    if (o->start < o->end &&
        guest_objects_begin(kzt_session.objects,
                            o->generation) == GUEST_BEGIN_STARTED) {
        state = plan_object(o);
        guest_objects_finish(kzt_session.objects, o->generation, state);
    }
    return 0;
}

/*
 * Slots the guest binds late.
 */

static void lazy_bound(void *opaque, const KztLazyEntry *e)
{
    Planned *p = planned_by_generation(e->object.id);
    Job j = { .object = e->object };

    j.object.name = p ? p->name : NULL;
    plan_one(&j, &e->slot);
    commit(&j);
}

void kzt_plan_poll(void)
{
    if (lazy.nb) {
        guest_objects_read_begin(kzt_session.objects);
        kzt_lazy_poll(&lazy, kzt_session.memory, lazy_bound, NULL);
        guest_objects_read_end(kzt_session.objects);
    }
}

void kzt_plan_finish(void)
{
    KztDecision d = { .reason = KZT_REASON_SELF_PLT };

    kzt_plan_poll();
    for (size_t i = 0; i < lazy.nb; i++) {
        kzt_counts_add(&kzt_counts, &d);
    }
}

/*
 * Events.
 */

static void plan_all(void)
{
    guest_objects_read_begin(kzt_session.objects);
    guest_objects_walk(kzt_session.objects, plan_if_new, NULL);
    guest_objects_read_end(kzt_session.objects);
}

static void plan_generation(uint64_t generation)
{
    const GuestObject *o;

    guest_objects_read_begin(kzt_session.objects);
    o = guest_objects_by_generation(kzt_session.objects, generation);
    if (o) {
        plan_if_new(o, NULL);
    }
    guest_objects_read_end(kzt_session.objects);
}

void kzt_plan_start(void)
{
    kzt_planning = kzt_options.choice == KZT_CHOICE_SLOT ||
                   kzt_options.mode == KZT_MODE_SHADOW ||
                   kzt_options.report || kzt_options.check ||
                   qemu_loglevel_mask(LOG_KZT);
}

void kzt_plan_event(const LoaderEvent *ev)
{
    if (!kzt_planning) {
        return;
    }
    kzt_plan_poll();
    switch (ev->kind) {
    case LOADER_RELRO_START:
    case LOADER_OBJECT_RELOCATED:
        plan_generation(ev->generation);
        break;
    case LOADER_OBJECTS_CONSISTENT:
        /* At start everything is relocated by then; later nothing is. */
        if (!entered) {
            plan_all();
            kzt_check_loaded();
        }
        break;
    case LOADER_PROGRAM_ENTRY:
        entered = true;
        plan_all();
        kzt_check_loaded();
        break;
    default:
        break;
    }
}

void kzt_plan_ambiguous(void)
{
    if (!kzt_planning && kzt_options.choice == KZT_CHOICE_AUTO) {
        kzt_planning = true;
        plan_all();
    }
}

void kzt_plan_undo(uint64_t library)
{
    for (Planned *p = planned; p; p = p->next) {
        size_t kept = 0;

        for (size_t i = 0; i < p->nb_written; i++) {
            Written *w = &p->written[i];

            if (w->library != library) {
                p->written[kept++] = *w;
            } else {
                kzt_session.memory->cas64(kzt_session.memory->opaque, w->addr,
                                          w->new_value, w->old_value, NULL);
            }
        }
        p->nb_written = kept;
    }
}

void kzt_plan_gone(uint64_t generation)
{
    Planned **q = &planned, *p;

    kzt_lazy_retire(&lazy, generation);
    while (*q && (*q)->generation != generation) {
        q = &(*q)->next;
    }
    p = *q;
    if (p) {
        *q = p->next;
        free(p->strings);
        free(p->name);
        free(p->written);
        free(p);
    }
}
