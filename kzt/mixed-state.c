/*
 * May a library go native as a whole?
 *
 * A library whose functions share state is native or emulated, never both:
 * native objects mean nothing to emulated code.  So whoever imports a function
 * of it that cannot be carried, or a variable of it, keeps all of it emulated.
 * So does whoever replaces a function that the library itself calls: the
 * host's library would not call the replacement.
 *
 * Locking: kzt_lock().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include <elf.h>

#define CHUNK     256
#define MAX_NAME  512

static void parse(KztDynamic *d, const GuestObject *o)
{
    kzt_dynamic_parse(d, kzt_session.memory, o->id.dynamic_addr,
                      o->id.load_bias, o->start, o->end);
}

static bool is_listed(const char *const *list, const char *name)
{
    while (list && *list && strcmp(*list, name)) {
        list++;
    }
    return list && *list;
}

/* Can the import @name be served while @l is native? */
static KztReason import_verdict(KztGuestLibrary *l, const char *name,
                                const char *version)
{
    const KztFunction *f;
    KztSymbol sym;
    KztReason r = kzt_guest_library_serves(l, name, version, &f);

    /* Some are described as doing no harm beside native ones. */
    if (r == KZT_REASON_NATIVE || (f && (f->flags & KZT_FN_HARMLESS)) ||
        !kzt_dynamic_lookup(&l->dyn, name, NULL, &sym)) {
        return KZT_REASON_NATIVE;
    }
    return ELF64_ST_TYPE(sym.info) == STT_OBJECT &&
           is_listed(l->lib->data, name) ? KZT_REASON_NATIVE : r;
}

static char *text(const char *fmt, ...) QEMU_PRINTF(1, 2);
static char *text(const char *fmt, ...)
{
    va_list ap;
    char *s = NULL;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0) {
        s = NULL;
    }
    va_end(ap);
    return s;
}

/* The imports of one object. */
static KztReason check_imports(KztGuestLibrary *l, const GuestObject *o,
                               const KztDynamic *d, char **detail)
{
    char name[MAX_NAME], version_buf[MAX_NAME];
    uint64_t n = d->symtab.count;

    /*
     * Hashed symbols come last.  They are defined ones, except that a program
     * hashes functions of others whose addresses it fixes.
     */
    if (d->gnu_hash.count && !kzt_plan_object(o).is_program) {
        n = MIN(n, d->gnu_symoffset);
    }
    for (uint64_t i = 1; i < n; i++) {
        const KztVersion *v;
        const char *version;
        KztSymbol sym;
        KztReason r;

        if (!kzt_dynamic_symbol(d, i, &sym) || sym.shndx != SHN_UNDEF ||
            kzt_dynamic_string(d, sym.name, name, sizeof(name)) <= 0) {
            continue;
        }
        v = kzt_dynamic_version(d, kzt_dynamic_versym(d, i));
        version = v && !v->base &&
                  kzt_dynamic_string(d, v->name, version_buf,
                                     sizeof(version_buf)) > 0
                  ? version_buf : NULL;
        r = import_verdict(l, name, version);
        if (r != KZT_REASON_NATIVE) {
            *detail = text("%s needs %s: %s", o->id.name, name,
                           kzt_reason_name(r));
            return KZT_REASON_MIXED_STATE;
        }
    }
    return KZT_REASON_NATIVE;
}

static bool may_import(const KztGuestLibrary *l, const GuestObject *o)
{
    return o->generation != l->generation && o->id.ns == l->ns &&
           o->start < o->end;
}

KztReason kzt_mixed_state_object(KztGuestLibrary *l, const GuestObject *o,
                                 char **detail)
{
    KztReason r = KZT_REASON_NATIVE;
    KztDynamic d;

    if (l->lib->policy != KZT_STATELESS && may_import(l, o)) {
        parse(&d, o);
        r = check_imports(l, o, &d, detail);
        kzt_dynamic_free(&d);
    }
    return r;
}

/*
 * All objects of the namespace, parsed once.
 */
typedef struct Object {
    const GuestObject *o;
    KztDynamic d;
} Object;

typedef struct World {
    KztGuestLibrary *l;
    Object *objects;
    size_t nb, alloc;
} World;

static int add_object(const GuestObject *o, void *opaque)
{
    World *w = opaque;

    if (may_import(w->l, o) && w->nb < w->alloc) {
        w->objects[w->nb].o = o;
        parse(&w->objects[w->nb++].d, o);
    }
    return 0;
}

/* Who is before @l in the search order and defines @name as well, or NULL. */
static const char *defined_before(const World *w, const char *name)
{
    KztSymbol sym;

    for (size_t i = 0; i < w->nb; i++) {
        if (w->objects[i].o->generation < w->l->generation &&
            kzt_dynamic_lookup(&w->objects[i].d, name, NULL, &sym)) {
            return w->objects[i].o->id.name;
        }
    }
    return NULL;
}

/* A variable of @l that may differ between both sides? */
static bool is_variable(const KztGuestLibrary *l, const KztSymbol *sym,
                        char *name, size_t size)
{
    return ELF64_ST_TYPE(sym->info) == STT_OBJECT &&
           sym->shndx != SHN_UNDEF &&
           sym->shndx != SHN_ABS &&             /* the name of a version */
           kzt_dynamic_string(&l->dyn, sym->name, name, size) > 0 &&
           !is_listed(l->lib->data, name);
}

/*
 * A variable of @l that the program has copied, or that somebody replaces: the
 * native library has one of its own.
 */
static KztReason check_variables(const World *w, char **detail)
{
    const KztDynamic *d = &w->l->dyn;
    KztSymbol chunk[CHUNK];
    char name[MAX_NAME];

    for (uint64_t i = d->gnu_symoffset; i < d->symtab.count; i += CHUNK) {
        size_t n = MIN(CHUNK, d->symtab.count - i);

        if (!kzt_read(d->memory, d->symtab.addr + i * sizeof(*chunk), chunk,
                      n * sizeof(*chunk))) {
            break;
        }
        for (size_t k = 0; k < n; k++) {
            const char *who = is_variable(w->l, &chunk[k], name, sizeof(name))
                              ? defined_before(w, name) : NULL;

            if (who) {
                *detail = text("%s has the variable %s", who, name);
                return KZT_REASON_MIXED_STATE;
            }
        }
    }
    return KZT_REASON_NATIVE;
}

/* Who took the place of the function of @l in the slot of @r, or NULL. */
static const char *replaced_by(const World *w, const KztRela *r,
                               uint32_t index, bool jmprel, char *name,
                               size_t size)
{
    const KztGuestLibrary *l = w->l;
    KztPlanObject self = {
        .start = l->dyn.start, .end = l->dyn.end,
    };
    const GuestObject *o;
    KztSymbol sym;
    uint64_t value;
    bool inside;

    if (!kzt_reloc_is_slot(kzt_rela_type(r)) || !kzt_rela_sym(r) ||
        !kzt_read_u64(kzt_session.memory, l->dyn.load_bias + r->offset,
                      &value)) {
        return NULL;
    }
    inside = value >= self.start && value < self.end;
    if ((inside && !(jmprel && kzt_slot_is_lazy(kzt_session.memory, &self,
                                                index, value))) ||
        !kzt_dynamic_symbol(&l->dyn, kzt_rela_sym(r), &sym) || !sym.shndx ||
        (ELF64_ST_TYPE(sym.info) != STT_FUNC &&
         ELF64_ST_TYPE(sym.info) != STT_GNU_IFUNC) ||
        kzt_dynamic_string(&l->dyn, sym.name, name, size) <= 0) {
        return NULL;
    }
    if (inside) {
        return defined_before(w, name);         /* not bound yet */
    }
    o = guest_objects_at(kzt_session.objects, value);
    return o ? o->id.name : NULL;
}

static bool table_interposed(const World *w, const KztTable *t, bool jmprel,
                             char **detail)
{
    KztRela chunk[CHUNK];
    char name[256];
    size_t n;

    for (uint64_t i = 0; i < t->count; i += n) {
        n = kzt_dynamic_relocs(&w->l->dyn, t, i, chunk, CHUNK);
        for (size_t k = 0; k < n; k++) {
            const char *who = replaced_by(w, &chunk[k], i + k, jmprel, name,
                                          sizeof(name));

            if (who) {
                *detail = text("%s replaces %s", who, name);
                return true;
            }
        }
        if (!n) {
            break;
        }
    }
    return false;
}

static KztReason check_world(const World *w, char **detail)
{
    KztReason r = KZT_REASON_NATIVE;

    if (table_interposed(w, &w->l->dyn.rela, false, detail) ||
        table_interposed(w, &w->l->dyn.jmprel, true, detail)) {
        return KZT_REASON_INTERPOSED;
    }
    if (w->l->lib->policy == KZT_STATELESS) {
        return KZT_REASON_NATIVE;
    }
    for (size_t i = 0; i < w->nb && r == KZT_REASON_NATIVE; i++) {
        r = check_imports(w->l, w->objects[i].o, &w->objects[i].d, detail);
    }
    return r == KZT_REASON_NATIVE ? check_variables(w, detail) : r;
}

KztReason kzt_mixed_state(KztGuestLibrary *l, char **detail)
{
    World w = { .l = l };
    KztReason r = KZT_REASON_MIXED_STATE;

    guest_objects_read_begin(kzt_session.objects);
    w.alloc = guest_objects_count(kzt_session.objects);
    w.objects = malloc(w.alloc * sizeof(*w.objects));
    if (w.objects) {
        guest_objects_walk(kzt_session.objects, add_object, &w);
        r = check_world(&w, detail);
    }
    while (w.nb) {
        kzt_dynamic_free(&w.objects[--w.nb].d);
    }
    free(w.objects);
    guest_objects_read_end(kzt_session.objects);
    return r;
}
