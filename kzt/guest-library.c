/*
 * Described libraries in the guest: which object is one, which functions it
 * exports and where, and whether they may run as the host's.
 *
 * Noticing a library costs a table of its exported addresses; nothing else
 * happens until the guest is about to run the first of them.  Then the host's
 * library is opened and it is decided, once, whether this one may go native;
 * after that each function is looked up when it is about to run.
 *
 * Locking: kzt_lock(), except wants(), which the engine calls with its own
 * lock held: it reads the table, which does not change while the watch is
 * there, and the `done` marks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/session.h"
#include "qemu/log.h"
#include "target/i386/cpu.h"
#include <elf.h>

static KztGuestLibrary *libraries;

KztGuestLibrary *kzt_guest_library_at(uint64_t addr)
{
    KztGuestLibrary *l = libraries;

    while (l && (addr < l->dyn.start || addr >= l->dyn.end)) {
        l = l->next;
    }
    return l;
}

KztGuestLibrary *kzt_guest_library_of(const KztLibrary *lib)
{
    KztGuestLibrary *l = libraries;

    while (l && l->lib != lib) {
        l = l->next;
    }
    return l;
}

static KztGuestLibrary *by_generation(uint64_t generation)
{
    KztGuestLibrary *l = libraries;

    while (l && l->generation != generation) {
        l = l->next;
    }
    return l;
}

/*
 * The table of exports.
 */

static uint32_t slot_of(const KztGuestLibrary *l, uint32_t offset)
{
    return offset * 2654435761u >> 7 & l->mask;
}

static void add_export(KztGuestLibrary *l, uint32_t offset, uint32_t symbol)
{
    uint32_t i = slot_of(l, offset);

    while (l->exports[i].symbol) {
        i = (i + 1) & l->mask;
    }
    l->exports[i].offset = offset;
    l->exports[i].symbol = symbol;
    l->nb_exports++;
}

/* The next entry for @offset from place @i on, or NULL. */
static KztExport *next_export(const KztGuestLibrary *l, uint32_t offset,
                              uint32_t *i)
{
    while (l->exports[*i].symbol) {
        KztExport *e = &l->exports[*i];

        *i = (*i + 1) & l->mask;
        if (e->offset == offset) {
            return e;
        }
    }
    return NULL;
}

static bool wants(uint64_t pc, void *opaque)
{
    const KztGuestLibrary *l = opaque;
    uint32_t offset = pc - l->dyn.start, i = slot_of(l, offset);
    KztExport *e = next_export(l, offset, &i);

    return e && !atomic_load_explicit(&e->done, memory_order_relaxed);
}

static bool is_function(const KztSymbol *sym)
{
    return sym->shndx && sym->value && ELF64_ST_TYPE(sym->info) == STT_FUNC &&
           ELF64_ST_BIND(sym->info) != STB_LOCAL;
}

static bool read_exports(KztGuestLibrary *l)
{
    uint64_t n = l->dyn.symtab.count, size = 16;
    KztSymbol *syms = malloc(n * sizeof(*syms) + 1);
    bool ok = syms && kzt_read(kzt_session.memory, l->dyn.symtab.addr, syms,
                               n * sizeof(*syms));

    while (size < 2 * n) {
        size *= 2;
    }
    l->mask = size - 1;
    l->exports = ok ? calloc(size, sizeof(*l->exports)) : NULL;
    for (uint64_t i = 1; l->exports && i < n; i++) {
        uint64_t offset = l->dyn.load_bias + syms[i].value - l->dyn.start;

        if (is_function(&syms[i]) && offset < l->dyn.end - l->dyn.start) {
            add_export(l, offset, i);
        }
    }
    free(syms);
    return l->exports != NULL;
}

/*
 * May it go native?
 */

static void decide(KztGuestLibrary *l)
{
    const char *why = NULL;

    l->decided = true;
    l->verdict = KZT_REASON_NATIVE;
    if (!kzt_library_enabled(l->lib)) {
        l->verdict = KZT_REASON_DISABLED;
        return;
    }
    l->native = kzt_native_open(l->lib, &why);
    if (!l->native) {
        l->verdict = KZT_REASON_NO_NATIVE_LIBRARY;
        l->why = why ? strdup(why) : NULL;
    }
    qemu_log_mask(LOG_KZT, "kzt: %s: %s%s%s\n", l->name,
                  kzt_reason_name(l->verdict), l->why ? ": " : "",
                  l->why ? l->why : "");
}

KztReason kzt_guest_library_verdict(KztGuestLibrary *l)
{
    if (!l->decided) {
        decide(l);
    }
    return l->verdict;
}

KztReason kzt_guest_library_function(KztGuestLibrary *l, const char *symbol,
                                     const char *version,
                                     const KztFunction **f, void **native)
{
    *f = kzt_library_function(l->lib, symbol, version);
    if (!*f) {
        return KZT_REASON_NO_PROTOTYPE;
    }
    if (!(*f)->wrapper || ((*f)->flags & KZT_FN_NOT_NATIVE)) {
        return KZT_REASON_UNSUPPORTED_ABI;
    }
    *native = kzt_native_symbol(l->native, symbol, version);
    return *native ? KZT_REASON_NATIVE : KZT_REASON_NATIVE_SYMBOL_MISSING;
}

/*
 * A function is about to run for the first time.
 */

/* Its name, and its version unless that is the library's own. */
static bool symbol_name(const KztGuestLibrary *l, uint32_t symbol,
                        char *name, size_t size, char *version,
                        size_t version_size, const char **versioned)
{
    const KztVersion *v;
    KztSymbol sym;

    if (!kzt_dynamic_symbol(&l->dyn, symbol, &sym) ||
        kzt_dynamic_string(&l->dyn, sym.name, name, size) < 0) {
        return false;
    }
    v = kzt_dynamic_version(&l->dyn, kzt_dynamic_versym(&l->dyn, symbol));
    *versioned = v && v->defined && !v->base &&
                 kzt_dynamic_string(&l->dyn, v->name, version,
                                    version_size) >= 0 ? version : NULL;
    return true;
}

static void log_entry(const KztGuestLibrary *l, uint64_t pc, const char *name,
                      const char *version, KztReason reason)
{
    qemu_log_mask(LOG_KZT, "kzt: %s: %s%s%s at %" PRIx64 " %s: %s\n", l->name,
                  name, version ? "@" : "", version ? version : "", pc,
                  reason == KZT_REASON_NATIVE ? "-> entry" : "stays",
                  kzt_reason_name(reason));
}

static void reach(KztGuestLibrary *l, uint64_t pc)
{
    char name[256], version_buf[128];
    uint32_t offset = pc - l->dyn.start, i = slot_of(l, offset);
    const KztFunction *chosen = NULL;
    void *chosen_native = NULL;
    KztReason reason = kzt_guest_library_verdict(l);
    const char *version;
    KztExport *e;

    while ((e = next_export(l, offset, &i)) != NULL) {
        const KztFunction *f;
        KztReason r = reason;
        void *native;

        atomic_store_explicit(&e->done, true, memory_order_relaxed);
        if (!symbol_name(l, e->symbol, name, sizeof(name), version_buf,
                         sizeof(version_buf), &version)) {
            continue;
        }
        if (r == KZT_REASON_NATIVE) {
            r = kzt_guest_library_function(l, name, version, &f, &native);
        }
        if (r == KZT_REASON_NATIVE && chosen &&
            chosen->wrapper != f->wrapper) {
            r = reason = KZT_REASON_AMBIGUOUS;
            chosen = NULL;
        }
        if (r == KZT_REASON_NATIVE && !chosen) {
            chosen = f;
            chosen_native = native;
        }
        log_entry(l, pc, name, version, r);
    }
    if (chosen && kzt_options.mode == KZT_MODE_ON) {
        l->used |= kzt_bridge_entry_add(l->lib, chosen, chosen_native, pc);
    }
    tb_watch_changed(pc);
}

static void reached(CPUArchState *env, void *opaque)
{
    KztGuestLibrary *l;

    kzt_lock();
    l = kzt_guest_library_at(env->rip);
    if (l) {
        reach(l, env->rip);
    }
    kzt_unlock();
}

/*
 * Coming and going.
 */

static void drop(KztGuestLibrary *l)
{
    if (l->watch) {
        tb_watch_remove(l->watch);
    }
    kzt_dynamic_free(&l->dyn);
    free(l->exports);
    free(l->name);
    free(l->why);
    free(l);
}

static const KztLibrary *described(const LoaderEvent *ev, const KztDynamic *d)
{
    const char *file = strrchr(ev->name, '/');
    const KztLibrary *lib = NULL;
    char soname[256];

    if (d->has_soname &&
        kzt_dynamic_string(d, d->soname, soname, sizeof(soname)) > 0) {
        lib = kzt_library_by_soname(soname);
    }
    return lib ? lib : kzt_library_by_soname(file ? file + 1 : ev->name);
}

void kzt_guest_library_note(const LoaderEvent *ev)
{
    const KztLibrary *lib;
    KztGuestLibrary *l;
    KztDynamic dyn;

    if (ev->start >= ev->end || ev->end - ev->start > UINT32_MAX ||
        by_generation(ev->generation)) {
        return;
    }
    kzt_dynamic_parse(&dyn, kzt_session.memory, ev->dynamic_addr,
                      ev->load_bias, ev->start, ev->end);
    lib = described(ev, &dyn);
    l = lib && kzt_library_enabled(lib) ? calloc(1, sizeof(*l)) : NULL;
    if (!l) {
        kzt_dynamic_free(&dyn);
        return;
    }
    l->lib = lib;
    l->dyn = dyn;
    l->generation = ev->generation;
    l->name = strdup(ev->name);
    if (!l->name || !read_exports(l) ||
        !(l->watch = tb_watch_add(dyn.start, dyn.end, wants, reached, l))) {
        drop(l);
        return;
    }
    l->next = libraries;
    libraries = l;
    qemu_log_mask(LOG_KZT, "kzt: %s is %s: %u exported functions\n", l->name,
                  lib->name, l->nb_exports);
}

void kzt_guest_library_gone(uint64_t generation)
{
    KztGuestLibrary **p = &libraries, *l;

    while (*p && (*p)->generation != generation) {
        p = &(*p)->next;
    }
    l = *p;
    if (l) {
        *p = l->next;
        drop(l);
    }
}
