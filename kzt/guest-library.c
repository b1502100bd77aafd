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
#include "kzt/carry.h"
#include "qemu/log.h"
#include "target/i386/cpu.h"
#include <elf.h>

static KztGuestLibrary *libraries;

/* For `-d stats`: time for first calls, of that for host libraries. */
static uint64_t first_calls, first_ns, open_ns;

static uint64_t now(void)
{
    struct timespec ts;

    if (likely(!qemu_loglevel_mask(LOG_STATS))) {
        return 0;
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void kzt_guest_library_stats(void)
{
    qemu_log("pass-through: %" PRIu64 " functions called first, %.1f us; "
             "host libraries opened in %.1f us more\n", first_calls,
             (first_ns - open_ns) / 1e3, open_ns / 1e3);
}

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

void kzt_guest_library_walk(void (*fn)(const KztGuestLibrary *l, void *opaque),
                            void *opaque)
{
    for (KztGuestLibrary *l = libraries; l; l = l->next) {
        fn(l, opaque);
    }
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

/* The engine may be looking: the entry is there when it has a symbol. */
static void add_export(KztGuestLibrary *l, uint32_t offset, uint32_t symbol,
                       bool resolver)
{
    uint32_t i = slot_of(l, offset);

    if (l->nb_exports == l->mask) {
        return;
    }
    while (l->exports[i].symbol) {
        i = (i + 1) & l->mask;
    }
    l->exports[i].offset = offset;
    l->exports[i].resolver = resolver;
    atomic_store(&l->exports[i].symbol, symbol);
    l->nb_exports++;
}

/* The next entry for @offset from place @i on, or NULL. */
static KztExport *next_export(const KztGuestLibrary *l, uint32_t offset,
                              uint32_t *i)
{
    while (atomic_load_explicit(&l->exports[*i].symbol,
                                memory_order_acquire)) {
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
    unsigned type = ELF64_ST_TYPE(sym->info);

    return sym->shndx && sym->value &&
           (type == STT_FUNC || type == STT_GNU_IFUNC) &&
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
            add_export(l, offset, i,
                       ELF64_ST_TYPE(syms[i].info) == STT_GNU_IFUNC);
        }
    }
    free(syms);
    return l->exports != NULL;
}

/*
 * May it go native?
 */

static void log_verdict(const KztGuestLibrary *l)
{
    qemu_log_mask(LOG_KZT, "kzt: %s as a whole: %s%s%s\n", l->name,
                  kzt_reason_name(l->verdict), l->why ? ": " : "",
                  l->why ? l->why : "");
}

/* Functions whose results the guest frees need the guest's free(). */
static bool heap_is_shared(const KztLibrary *lib)
{
    return !kzt_library_has(lib, KZT_FN_ALLOCATES) || kzt_bridge_share_heap();
}

static KztReason consider(KztGuestLibrary *l)
{
    const char *why = NULL;
    uint64_t begin;
    KztReason r;

    if (!kzt_library_enabled(l->lib)) {
        return KZT_REASON_DISABLED;
    }
    if (!kzt_bridges_ready()) {
        return KZT_REASON_NO_BRIDGE;
    }
    begin = now();
    l->native = kzt_native_open(l->lib, &why);
    open_ns += now() - begin;
    if (!l->native) {
        l->why = why ? strdup(why) : NULL;
        return KZT_REASON_NO_NATIVE_LIBRARY;
    }
    atomic_store(&kzt_session.native, true);
    r = kzt_mixed_state(l, &l->why);
    if (r == KZT_REASON_NATIVE && kzt_options.mode == KZT_MODE_ON) {
        kzt_runtime_find();
        if (!heap_is_shared(l->lib)) {
            l->why = strdup("the guest has no free()");
            r = KZT_REASON_UNSUPPORTED_ABI;
        }
    }
    return r;
}

KztReason kzt_guest_library_verdict(KztGuestLibrary *l)
{
    if (!l->decided) {
        l->decided = true;
        l->verdict = consider(l);
        log_verdict(l);
    }
    return l->verdict;
}

static bool count_calls(const KztBridgeInfo *b, void *opaque)
{
    KztGuestLibrary *l = opaque;

    l->used |= b->calls && b->guest_addr >= l->dyn.start &&
               b->guest_addr < l->dyn.end;
    return !l->used;
}

/* Has native code run?  An entry bridge is made by its first call. */
static bool is_used(KztGuestLibrary *l)
{
    if (!l->used && kzt_options.choice != KZT_CHOICE_ENTRY) {
        kzt_bridge_foreach(count_calls, l);
    }
    return l->used;
}

/* All of it runs emulated from now on. */
static void take_back(KztGuestLibrary *l, KztReason verdict, char *why)
{
    free(l->why);
    l->why = why;
    l->verdict = verdict;
    kzt_bridge_retire(l->dyn.start, l->dyn.end);
    kzt_plan_undo(l->generation);
    log_verdict(l);
}

void kzt_guest_library_imports(const LoaderEvent *ev)
{
    const GuestObject *o;

    guest_objects_read_begin(kzt_session.objects);
    o = guest_objects_by_generation(kzt_session.objects, ev->generation);
    for (KztGuestLibrary *l = libraries; l && o; l = l->next) {
        char *why = NULL;

        if (!l->decided || l->verdict != KZT_REASON_NATIVE ||
            kzt_mixed_state_object(l, o, &why) == KZT_REASON_NATIVE) {
            continue;
        }
        if (!is_used(l)) {
            take_back(l, KZT_REASON_MIXED_STATE, why);
        } else {
            /* Too late: native objects exist. */
            qemu_log_mask(LOG_KZT, "kzt: %s stays native although %s\n",
                          l->name, why ? why : "");
            free(why);
        }
    }
    guest_objects_read_end(kzt_session.objects);
}

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

/*
 * What the description says about @symbol.  Another name for a function it
 * knows is as good.
 */
static const KztFunction *function_of(const KztGuestLibrary *l,
                                      const char *symbol, const char *version)
{
    const KztFunction *f = kzt_library_function(l->lib, symbol, version);
    char name[256], version_buf[128];
    uint32_t offset, i;
    KztSymbol sym;
    KztExport *e;

    if (f || !kzt_dynamic_lookup(&l->dyn, symbol, NULL, &sym)) {
        return f;
    }
    offset = l->dyn.load_bias + sym.value - l->dyn.start;
    i = slot_of(l, offset);
    while (!f && (e = next_export(l, offset, &i)) != NULL) {
        if (symbol_name(l, e->symbol, name, sizeof(name), version_buf,
                        sizeof(version_buf), &version)) {
            f = kzt_library_function(l->lib, name, version);
        }
    }
    return f;
}

static KztReason carried(const KztFunction *f)
{
    if (!f) {
        return KZT_REASON_NO_PROTOTYPE;
    }
    return f->wrapper && !(f->flags & KZT_FN_NOT_NATIVE)
           ? KZT_REASON_NATIVE : KZT_REASON_UNSUPPORTED_ABI;
}

KztReason kzt_guest_library_serves(KztGuestLibrary *l, const char *symbol,
                                   const char *version,
                                   const KztFunction **f)
{
    KztReason r = carried(*f = function_of(l, symbol, version));

    return r != KZT_REASON_NATIVE ||
           kzt_native_has(l->native, (*f)->name, version)
           ? r : KZT_REASON_NATIVE_SYMBOL_MISSING;
}

KztReason kzt_guest_library_function(KztGuestLibrary *l, const char *symbol,
                                     const char *version,
                                     const KztFunction **f, void **native)
{
    KztReason r = carried(*f = function_of(l, symbol, version));

    if (r != KZT_REASON_NATIVE) {
        return r;
    }
    *native = kzt_native_symbol(l->native, (*f)->name, version);
    return *native ? KZT_REASON_NATIVE : KZT_REASON_NATIVE_SYMBOL_MISSING;
}

/*
 * A function is about to run for the first time.
 */

static void log_entry(const KztGuestLibrary *l, uint64_t pc, const char *name,
                      const char *version, KztReason reason)
{
    qemu_log_mask(LOG_KZT, "kzt: %s: %s%s%s at %" PRIx64 " %s: %s\n", l->name,
                  name, version ? "@" : "", version ? version : "", pc,
                  reason == KZT_REASON_NATIVE ? "-> entry" : "stays",
                  kzt_reason_name(reason));
}

/* What an address of @l becomes: the bridge its symbols agree on. */
typedef struct Choice {
    const KztFunction *f;
    void *native;
    KztReason reason;
} Choice;

static Choice choose(KztGuestLibrary *l, uint64_t pc, bool final)
{
    char name[256], version_buf[128];
    uint32_t offset = pc - l->dyn.start, i = slot_of(l, offset);
    KztReason verdict = kzt_guest_library_verdict(l);
    Choice c = { .reason = verdict };
    const char *version;
    KztExport *e;

    while ((e = next_export(l, offset, &i)) != NULL) {
        const KztFunction *f;
        KztReason r = verdict;
        void *native;

        if (e->resolver || !symbol_name(l, e->symbol, name, sizeof(name),
                                        version_buf, sizeof(version_buf),
                                        &version)) {
            continue;
        }
        if (r == KZT_REASON_NATIVE) {
            r = kzt_guest_library_function(l, name, version, &f, &native);
        }
        if (r == KZT_REASON_NATIVE && c.f && c.f->wrapper != f->wrapper) {
            r = c.reason = KZT_REASON_AMBIGUOUS;
        }
        if (r == KZT_REASON_NATIVE && !c.f) {
            c.f = f;
            c.native = native;
        }
        if (final) {
            log_entry(l, pc, name, version, r);
        }
    }
    if (c.reason == KZT_REASON_AMBIGUOUS) {
        c.f = NULL;
    }
    return c;
}

/* True: the address is that of a resolver. */
static bool reach(KztGuestLibrary *l, uint64_t pc)
{
    uint32_t offset = pc - l->dyn.start, i = slot_of(l, offset);
    bool resolver = false, fresh = false;
    KztExport *e;
    Choice c;

    while ((e = next_export(l, offset, &i)) != NULL) {
        fresh |= !atomic_load(&e->done);
        resolver |= e->resolver;
    }
    if (fresh && !resolver) {
        c = choose(l, pc, true);
        if (c.f && kzt_options.mode == KZT_MODE_ON) {
            l->used |= kzt_bridge_entry_add(l->lib, c.f, c.native, pc);
        }
        if (c.reason == KZT_REASON_AMBIGUOUS) {
            kzt_plan_ambiguous();
        }
    }
    /* Not before: another thread that comes by would run the guest's code. */
    i = slot_of(l, offset);
    while ((e = next_export(l, offset, &i)) != NULL) {
        atomic_store(&e->done, true);
    }
    tb_watch_changed(pc);
    return fresh && resolver;
}

/*
 * The guest's loader is about to ask a resolver which function to take: ask it
 * before, and watch the answer.
 */
static void follow_resolver(CPUArchState *env)
{
    uint64_t pc = env->rip;
    uint64_t target = kzt_guest_call(env, pc, 0, NULL);
    KztGuestLibrary *l;
    uint32_t i, offset;
    KztExport *e;

    kzt_lock();
    l = kzt_guest_library_at(pc);
    if (l && target >= l->dyn.start && target < l->dyn.end) {
        offset = pc - l->dyn.start;
        i = slot_of(l, offset);
        while ((e = next_export(l, offset, &i)) != NULL) {
            if (e->resolver) {
                add_export(l, target - l->dyn.start, e->symbol, false);
            }
        }
        tb_watch_changed(target);
    }
    kzt_unlock();
}

static void reached(CPUArchState *env, void *opaque)
{
    KztGuestLibrary *l;
    bool resolver = false;
    uint64_t begin;

    kzt_lock();
    begin = now();
    l = kzt_guest_library_at(env->rip);
    if (l) {
        resolver = reach(l, env->rip) && kzt_bridges_ready();
        kzt_plan_poll();
    }
    first_calls++;
    first_ns += now() - begin;
    kzt_unlock();
    if (resolver) {
        follow_resolver(env);
    }
}

void kzt_guest_library_resolve(uint64_t pc)
{
    KztGuestLibrary *l;

    kzt_lock();
    l = kzt_guest_library_at(pc);
    if (l) {
        reach(l, pc);
    }
    kzt_unlock();
}

uint64_t kzt_guest_library_bridge(KztGuestLibrary *l, const KztFunction *f,
                                  uint64_t value)
{
    void *native = kzt_native_symbol(l->native, f->name, f->version);

    return native ? kzt_bridge_slot(l->lib, f, native, value) : 0;
}

bool kzt_guest_library_entry(KztGuestLibrary *l, uint64_t value,
                             const char *symbol)
{
    uint32_t offset = value - l->dyn.start, i = slot_of(l, offset);
    KztSymbol sym;
    uint32_t index;

    if (!next_export(l, offset, &i)) {
        /* What a resolver has answered before there was a watch. */
        index = kzt_dynamic_lookup(&l->dyn, symbol, NULL, &sym);
        if (index && ELF64_ST_TYPE(sym.info) == STT_GNU_IFUNC) {
            add_export(l, offset, index, false);
            tb_watch_changed(value);
        }
    }
    return choose(l, value, false).reason != KZT_REASON_AMBIGUOUS;
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
    l = lib ? calloc(1, sizeof(*l)) : NULL;
    if (!l) {
        kzt_dynamic_free(&dyn);
        return;
    }
    l->lib = lib;
    l->dyn = dyn;
    l->generation = ev->generation;
    l->ns = ev->ns;
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
