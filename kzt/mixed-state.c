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

#define MAX_TABLE (256u << 20)
#define CHUNK     256

/* The symbols of one object, read at once. */
typedef struct Symbols {
    KztDynamic dyn;
    KztSymbol *syms;
    char *strings;
} Symbols;

static void *read_table(uint64_t addr, uint64_t size)
{
    char *p = size && size <= MAX_TABLE ? malloc(size + 1) : NULL;

    if (p && !kzt_read(kzt_session.memory, addr, p, size)) {
        free(p);
        return NULL;
    }
    if (p) {
        p[size] = 0;
    }
    return p;
}

static bool symbols_read(Symbols *s, const GuestObject *o)
{
    KztDynamic *d = &s->dyn;

    kzt_dynamic_parse(d, kzt_session.memory, o->id.dynamic_addr,
                      o->id.load_bias, o->start, o->end);
    s->syms = read_table(d->symtab.addr,
                         d->symtab.count * sizeof(*s->syms));
    s->strings = read_table(d->strtab.addr, d->strtab.size);
    return s->syms && s->strings;
}

static void symbols_free(Symbols *s)
{
    kzt_dynamic_free(&s->dyn);
    free(s->syms);
    free(s->strings);
}

/*
 * Does @o need symbol @i from elsewhere, @l perhaps?  A variable that a program
 * copies, or that replaces the one of @l, is defined in both.
 */
static bool is_import(const KztSymbol *sym, const GuestObject *o,
                      const KztGuestLibrary *l)
{
    return sym->shndx == SHN_UNDEF ||
           (ELF64_ST_TYPE(sym->info) == STT_OBJECT &&
            sym->shndx != SHN_ABS &&            /* the name of a version */
            o->generation < l->generation);
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
    void *native;
    KztReason r = kzt_guest_library_function(l, name, version, &f, &native);

    if (r == KZT_REASON_NATIVE ||
        !kzt_dynamic_lookup(&l->dyn, name, NULL, &sym)) {
        return KZT_REASON_NATIVE;
    }
    switch (ELF64_ST_TYPE(sym.info)) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
        /* Some are described as doing no harm beside native ones. */
        return f && (f->flags & KZT_FN_NOT_NATIVE) ? KZT_REASON_NATIVE : r;
    case STT_OBJECT:
        return is_listed(l->lib->data, name) ? KZT_REASON_NATIVE
                                             : KZT_REASON_NO_PROTOTYPE;
    default:
        return KZT_REASON_NO_PROTOTYPE;
    }
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

KztReason kzt_mixed_state_object(KztGuestLibrary *l, const GuestObject *o,
                                 char **detail)
{
    KztReason verdict = KZT_REASON_NATIVE;
    Symbols s = { 0 };

    if (l->lib->policy == KZT_STATELESS || o->generation == l->generation ||
        o->id.ns != l->ns || o->start >= o->end) {
        return KZT_REASON_NATIVE;
    }
    for (uint64_t i = symbols_read(&s, o) ? 1 : UINT64_MAX;
         i < s.dyn.symtab.count; i++) {
        const KztVersion *v;
        const char *version, *name;
        KztReason r;

        if (!is_import(&s.syms[i], o, l) ||
            s.syms[i].name >= s.dyn.strtab.size) {
            continue;
        }
        name = s.strings + s.syms[i].name;
        v = kzt_dynamic_version(&s.dyn, kzt_dynamic_versym(&s.dyn, i));
        version = v && !v->base && v->name < s.dyn.strtab.size
                  ? s.strings + v->name : NULL;
        r = *name ? import_verdict(l, name, version) : KZT_REASON_NATIVE;
        if (r != KZT_REASON_NATIVE) {
            *detail = text("%s needs %s: %s", o->id.name, name,
                           kzt_reason_name(r));
            verdict = KZT_REASON_MIXED_STATE;
            break;
        }
    }
    symbols_free(&s);
    return verdict;
}

/*
 * Does an object before @l in the search order define @name as well?
 */
typedef struct Search {
    const KztGuestLibrary *l;
    const char *name;
    const char *found;
} Search;

static int defines(const GuestObject *o, void *opaque)
{
    Search *s = opaque;
    KztDynamic d;
    KztSymbol sym;

    if (o->id.ns == s->l->ns && o->generation < s->l->generation &&
        o->start < o->end) {
        kzt_dynamic_parse(&d, kzt_session.memory, o->id.dynamic_addr,
                          o->id.load_bias, o->start, o->end);
        if (kzt_dynamic_lookup(&d, s->name, NULL, &sym)) {
            s->found = o->id.name;
        }
        kzt_dynamic_free(&d);
    }
    return s->found != NULL;
}

/* Who took the place of the function of @l in the slot of @r, or NULL. */
static const char *replaced_by(const KztGuestLibrary *l, const KztRela *r,
                               uint32_t index, bool jmprel, char *name,
                               size_t size)
{
    KztPlanObject self = {
        .start = l->dyn.start, .end = l->dyn.end,
    };
    Search search = { .l = l, .name = name };
    const GuestObject *o;
    KztSymbol sym;
    uint64_t value;

    if (!kzt_reloc_is_slot(kzt_rela_type(r)) || !kzt_rela_sym(r) ||
        !kzt_dynamic_symbol(&l->dyn, kzt_rela_sym(r), &sym) || !sym.shndx ||
        (ELF64_ST_TYPE(sym.info) != STT_FUNC &&
         ELF64_ST_TYPE(sym.info) != STT_GNU_IFUNC) ||
        kzt_dynamic_string(&l->dyn, sym.name, name, size) <= 0 ||
        !kzt_read_u64(kzt_session.memory, l->dyn.load_bias + r->offset,
                      &value)) {
        return NULL;
    }
    if (value < self.start || value >= self.end) {
        o = guest_objects_at(kzt_session.objects, value);
        return o ? o->id.name : NULL;
    }
    if (jmprel && kzt_slot_is_lazy(kzt_session.memory, &self, index, value)) {
        guest_objects_walk(kzt_session.objects, defines, &search);
    }
    return search.found;
}

static bool table_interposed(const KztGuestLibrary *l, const KztTable *t,
                             bool jmprel, char **detail)
{
    KztRela chunk[CHUNK];
    char name[256];
    size_t n;

    for (uint64_t i = 0; i < t->count; i += n) {
        n = kzt_dynamic_relocs(&l->dyn, t, i, chunk, CHUNK);
        for (size_t k = 0; k < n; k++) {
            const char *who = replaced_by(l, &chunk[k], i + k, jmprel, name,
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

typedef struct Imports {
    KztGuestLibrary *l;
    char **detail;
} Imports;

static int check_imports(const GuestObject *o, void *opaque)
{
    Imports *i = opaque;

    return kzt_mixed_state_object(i->l, o, i->detail) != KZT_REASON_NATIVE;
}

KztReason kzt_mixed_state(KztGuestLibrary *l, char **detail)
{
    Imports i = { l, detail };
    KztReason r = KZT_REASON_NATIVE;

    guest_objects_read_begin(kzt_session.objects);
    if (table_interposed(l, &l->dyn.rela, false, detail) ||
        table_interposed(l, &l->dyn.jmprel, true, detail)) {
        r = KZT_REASON_INTERPOSED;
    } else if (guest_objects_walk(kzt_session.objects, check_imports, &i)) {
        r = KZT_REASON_MIXED_STATE;
    }
    guest_objects_read_end(kzt_session.objects);
    return r;
}
