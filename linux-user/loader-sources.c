/*
 * Where loader events come from in a running guest: the guest loader's calls
 * of its debugger hook, the system calls that map, seal and unmap objects, the
 * program's entry point, and for loaders without a debugger interface a hook
 * on a function of theirs.
 *
 * Each source is a moment.  What there is to tell at that moment is read from
 * the loader's lists (struct r_debug), or, where there are none, from the ELF
 * headers in memory.  Decides nothing about objects and writes no guest
 * memory.
 *
 * Runs in guest threads without locks: what is set at the start is constant,
 * the rest is atomic.  Guest memory is read with checks only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "exec/engine.h"
#include "linux-user/loader-lists.h"
#include "target/i386/cpu.h"
#include "user/elfload.h"
#include "user/loader-sources.h"
#include "user/mmap.h"
#include "user/process.h"
#include "user/uaccess.h"
#include <pthread.h>
#include <time.h>

bool loader_sources_active;

static LoaderEvents *events;
static GuestObjects *objects;
static uint32_t sources;
static uint64_t program_header;     /* ELF header of the program, or 0 */
static KztImage program;
static _Atomic(bool) brk_hooked;
static int entry_hook;

/*
 * Objects whose bindings nobody seals: a hook waits at their first
 * constructor.  Under the mutex.
 */
typedef struct Watch {
    struct Watch *next;
    uint64_t generation;
    int hook;
} Watch;

static pthread_mutex_t watch_mutex = PTHREAD_MUTEX_INITIALIZER;
static Watch *watches;

/* Time spent, for `-d stats`: in the sources, of that in the listener. */
static void (*listener_fn)(const LoaderEvent *ev, void *opaque);
static _Atomic(uint64_t) source_ns, listener_ns, entry_ns;
static __thread unsigned timer_depth;

static uint64_t now(void)
{
    struct timespec ts;

    if (likely(!qemu_loglevel_mask(LOG_STATS))) {
        return 0;
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Timers nest: the outermost counts. */
static uint64_t timer_begin(void)
{
    return timer_depth++ ? 0 : now();
}

static void timer_end(uint64_t begin)
{
    if (!--timer_depth) {
        atomic_fetch_add(&source_ns, now() - begin);
    }
}

GuestObjects *loader_sources_objects(void)
{
    if (!objects) {
        objects = guest_objects_new();
    }
    return objects;
}

static bool source_on(LoaderSource s)
{
    return sources >> s & 1;
}

/* Is this very object in the registry? */
static bool known(int64_t ns, const GuestLinkMap *lm)
{
    const GuestObject *o;
    bool same;

    guest_objects_read_begin(objects);
    o = guest_objects_find(objects, ns, lm->addr);
    same = o && o->id.load_bias == lm->l_addr &&
           o->id.dynamic_addr == lm->l_ld;
    guest_objects_read_end(objects);
    return same;
}

static void watch_constructor(uint64_t generation, const KztImage *img);

/* An object that was not known. */
static void new_object(LoaderEvent *ev, const KztImage *img, bool relocated)
{
    uint64_t gen;

    ev->kind = LOADER_OBJECT_MAPPED;
    if (loader_event_submit(events, ev, NULL) != LOADER_ACCEPTED) {
        return;
    }
    if (relocated) {
        ev->kind = LOADER_OBJECT_RELOCATED;
        loader_event_submit(events, ev, NULL);
    } else if (img->header) {
        gen = guest_objects_owner_generation(objects, img->dynamic_addr);
        watch_constructor(gen, img);
    }
}

/*
 * Bring the registry up to date from the lists of all namespaces.  With
 * @relocated, objects that are new have their bindings too.
 */
static void scan(LoaderSource src, bool consistent, bool relocated)
{
    GuestLinkMap *list = malloc(LOADER_MAX_OBJECTS * sizeof(*list));
    uint64_t *keep = malloc(LOADER_MAX_OBJECTS * sizeof(*keep));
    char name[LOADER_MAX_NAME];
    LoaderEvent ev;
    KztImage img;
    GuestRDebug rd;
    bool more = list && keep && loader_find_r_debug(&rd);

    for (int64_t ns = 0; more && ns < LOADER_MAX_NAMESPACES; ns++) {
        const char *why;
        size_t n = guest_link_map_walk(&loader_memory, rd.map, list, &why);

        if (why) {
            qemu_log_mask(LOG_LOADER, "loader: namespace %" PRId64 ": %s\n",
                          ns, why);
        }
        for (size_t i = 0; i < n; i++) {
            keep[i] = list[i].addr;
            if (!known(ns, &list[i]) &&
                loader_list_event(&ev, src, ns, &list[i], name, sizeof(name),
                                  &img)) {
                new_object(&ev, &img, relocated);
            }
        }
        if (!why) {
            guest_objects_retire_missing(objects, ns, keep, n);
        }
        if (consistent && n &&
            loader_list_event(&ev, src, ns, &list[0], name, sizeof(name),
                              NULL)) {
            ev.kind = LOADER_OBJECTS_CONSISTENT;
            loader_event_submit(events, &ev, NULL);
        }
        more = rd.next &&
               !guest_r_debug_read(&loader_memory, rd.next, &rd);
    }
    free(list);
    free(keep);
}

/* The guest's loader calls r_brk. */
static void on_brk(CPUArchState *env, void *opaque)
{
    uint64_t begin = timer_begin();
    GuestRDebug rd;

    if (loader_find_r_debug(&rd)) {
        bool busy = false;

        for (int ns = 0; ns < LOADER_MAX_NAMESPACES && !busy; ns++) {
            busy = rd.state != GUEST_RT_CONSISTENT;
            if (!rd.next ||
                guest_r_debug_read(&loader_memory, rd.next, &rd)) {
                break;
            }
        }
        if (!busy) {
            scan(LOADER_R_DEBUG, true, false);
        }
    }
    timer_end(begin);
}

static void hook_brk(uint64_t brk)
{
    if (brk && source_on(LOADER_R_DEBUG) &&
        !atomic_exchange(&brk_hooked, true)) {
        qemu_log_mask(LOG_LOADER, "loader: r_brk at %" PRIx64 "\n", brk);
        tb_hook_add(brk, on_brk, NULL);
    }
}

/* A loader that did not tell its r_brk by symbol has it in r_debug later. */
static void look_for_brk(void)
{
    GuestRDebug rd;

    if (!atomic_load(&brk_hooked) && source_on(LOADER_R_DEBUG) &&
        loader_find_r_debug(&rd)) {
        hook_brk(rd.brk);
    }
}

static void program_event(LoaderSource src, LoaderEventKind kind)
{
    LoaderEvent ev = {
        .source = src, .kind = kind, .link_map = program_header,
        .load_bias = program.load_bias, .dynamic_addr = program.dynamic_addr,
        .name = guest_image.exe_path, .start = program.start,
        .end = program.end, .by_header = true,
    };
    char name[LOADER_MAX_NAME];
    GuestRDebug rd;
    GuestLinkMap lm;

    if (loader_find_r_debug(&rd) && rd.map &&
        !guest_link_map_read(&loader_memory, rd.map, &lm) &&
        !loader_list_event(&ev, src, 0, &lm, name, sizeof(name), NULL)) {
        return;
    }
    ev.kind = kind;
    loader_event_submit(events, &ev, NULL);
}

static int submit_relocated(const GuestObject *o, void *opaque)
{
    LoaderEvent ev = {
        .source = LOADER_ENTRY, .kind = LOADER_OBJECT_RELOCATED,
        .ns = o->id.ns, .link_map = o->id.link_map,
        .load_bias = o->id.load_bias, .dynamic_addr = o->id.dynamic_addr,
        .name = o->id.name, .start = o->start, .end = o->end,
        .dev = o->id.dev, .ino = o->id.ino, .map_id = o->id.map_id,
        .by_header = guest_object_by_header(o),
    };

    loader_event_submit(events, &ev, NULL);
    return 0;
}

static void on_entry(CPUArchState *env, void *opaque)
{
    uint64_t begin = timer_begin();

    tb_hook_remove(entry_hook);
    scan(LOADER_ENTRY, false, false);
    guest_objects_walk(objects, submit_relocated, NULL);
    if (program_header) {
        program_event(LOADER_ENTRY, LOADER_PROGRAM_ENTRY);
    }
    timer_end(begin);
    atomic_store(&entry_ns, atomic_load(&source_ns));
}

/* Take the watch of @generation off the list; false: there is none. */
static bool watch_end(uint64_t generation)
{
    Watch *w = NULL;

    pthread_mutex_lock(&watch_mutex);
    for (Watch **p = &watches; *p; p = &(*p)->next) {
        if ((*p)->generation == generation) {
            w = *p;
            *p = w->next;
            break;
        }
    }
    pthread_mutex_unlock(&watch_mutex);
    if (w) {
        tb_hook_remove(w->hook);
        free(w);
    }
    return w != NULL;
}

/* The first constructor of an object: what the loader binds is bound. */
static void on_constructor(CPUArchState *env, void *opaque)
{
    uint64_t generation = (uintptr_t)opaque, begin = timer_begin();
    const GuestObject *o;

    if (watch_end(generation)) {
        guest_objects_read_begin(objects);
        o = guest_objects_by_generation(objects, generation);
        if (o) {
            submit_relocated(o, NULL);
        }
        guest_objects_read_end(objects);
    }
    timer_end(begin);
}

/* Pages that glibc and musl make read-only. */
static bool has_sealed_page(const KztImage *img)
{
    return (img->relro_start & TARGET_PAGE_MASK) <
           (img->relro_end & TARGET_PAGE_MASK);
}

/* Nobody will tell that the bindings of @img are there: wait ourselves. */
static void watch_constructor(uint64_t generation, const KztImage *img)
{
    uint64_t at;
    Watch *w;

    if (!generation || !source_on(LOADER_ENTRY) ||
        (source_on(LOADER_RELRO) && has_sealed_page(img)) ||
        img->header == program_header ||
        img->header == guest_image.interp_base) {
        return;
    }
    at = loader_constructor(img);
    w = at ? calloc(1, sizeof(*w)) : NULL;
    if (w) {
        pthread_mutex_lock(&watch_mutex);
        *w = (Watch) {
            .next = watches, .generation = generation,
            .hook = tb_hook_add(at, on_constructor,
                                (void *)(uintptr_t)generation),
        };
        watches = w;
        pthread_mutex_unlock(&watch_mutex);
    }
}

/* A loader we know is about to run constructors. */
static void on_ldso(CPUArchState *env, void *opaque)
{
    uint64_t begin = timer_begin();

    scan(LOADER_LDSO_HOOK, false, true);
    timer_end(begin);
}

/*
 * The link_map of the object with this dynamic section, as the registry has
 * it and the guest still says.
 */
static bool recorded(const KztImage *img, int64_t *ns, GuestLinkMap *lm)
{
    const GuestObject *o;
    uint64_t addr = 0;

    guest_objects_read_begin(objects);
    o = guest_objects_at(objects, img->dynamic_addr);
    if (o && !guest_object_by_header(o)) {
        addr = o->id.link_map;
        *ns = o->id.ns;
    }
    guest_objects_read_end(objects);
    return addr && !guest_link_map_read(&loader_memory, addr, lm) &&
           lm->l_ld == img->dynamic_addr && lm->l_addr == img->load_bias;
}

/* Tell about @img as the loader's lists, or else its header, know it. */
static void image_event(LoaderSource src, LoaderEventKind kind,
                        const KztImage *img)
{
    char name[LOADER_MAX_NAME];
    LoaderEvent ev;
    GuestLinkMap lm;
    bool listed;
    int64_t ns;

    listed = recorded(img, &ns, &lm);
    if (!listed) {
        scan(src, false, false);
        listed = recorded(img, &ns, &lm);
    }
    if (!listed) {
        loader_image_event(&ev, src, img, name, sizeof(name));
        if (kind == LOADER_OBJECT_MAPPED) {
            new_object(&ev, img, false);
            return;
        }
    } else if (!loader_list_event(&ev, src, ns, &lm, name, sizeof(name),
                                  NULL)) {
        return;
    }
    ev.kind = kind;
    if (kind == LOADER_RELRO_START) {
        ev.relro_start = img->relro_start;
        ev.relro_end = img->relro_end;
    }
    loader_event_submit(events, &ev, NULL);
}

/*
 * Where the lists are watched they tell more than a mapping, and soon; but
 * musl has none before it has relocated everything.
 */
static bool lists_tell(void)
{
    GuestRDebug rd;

    return atomic_load(&brk_hooked) &&
           (!loader_debug_places.pointer || loader_find_r_debug(&rd));
}

void loader_note_mmap(uint64_t addr, uint64_t len, int prot, int flags)
{
    uint64_t begin;
    KztImage img;

    if ((flags & TARGET_MAP_ANONYMOUS) || !(prot & (PAGE_EXEC | PAGE_WRITE))) {
        return;
    }
    begin = timer_begin();
    look_for_brk();
    if (prot & PAGE_EXEC) {
        loader_map_id_new(addr);
    }
    /* The dynamic section comes last, with the data. */
    if ((prot & PAGE_WRITE) && source_on(LOADER_MMAP) && !lists_tell() &&
        loader_image_around(addr, &img) && img.dynamic_addr - addr < len) {
        image_event(LOADER_MMAP, LOADER_OBJECT_MAPPED, &img);
    }
    timer_end(begin);
}

void loader_note_munmap(uint64_t addr, uint64_t len)
{
    if (!len || addr + len < addr) {
        return;
    }
    loader_map_id_drop(addr, addr + len);
    if (source_on(LOADER_MMAP)) {
        guest_objects_retire_range(objects, addr, addr + len);
    }
}

void loader_note_mprotect(uint64_t addr, uint64_t len, int prot)
{
    uint64_t begin;
    KztImage img;

    if (prot != PAGE_READ) {
        return;
    }
    begin = timer_begin();
    look_for_brk();
    if (source_on(LOADER_RELRO) && loader_image_around(addr, &img) &&
        img.relro_start < img.relro_end &&
        (img.relro_start & TARGET_PAGE_MASK) == addr) {
        image_event(LOADER_RELRO, LOADER_RELRO_START, &img);
    }
    timer_end(begin);
}

static void on_gone_log(const GuestObject *o, void *opaque)
{
    void (*gone)(const GuestObject *, void *) = opaque;

    watch_end(o->generation);
    qemu_log_mask(LOG_LOADER, "loader: gone ns %" PRId64 " gen %" PRIu64
                  " '%s'\n", o->id.ns, o->generation, o->id.name);
    if (gone) {
        gone(o, NULL);
    }
}

static void log_line(const char *line, void *opaque)
{
    if (qemu_loglevel_mask(LOG_LOADER)) {
        qemu_log("%s\n", line);
    }
}

static void on_event(const LoaderEvent *ev, void *opaque)
{
    uint64_t begin = now();

    listener_fn(ev, opaque);
    atomic_fetch_add(&listener_ns, now() - begin);
}

void loader_print_stats(void)
{
    LoaderEventsStats st;

    if (!loader_sources_active) {
        return;
    }
    loader_events_stats(events, &st);
    for (int i = 0; i < LOADER_NB_SOURCES; i++) {
        qemu_log("loader %s: %" PRIu64 " events, %" PRIu64 " known, %" PRIu64
                 " rejected\n", loader_source_name(i), st.accepted[i],
                 st.duplicate[i], st.rejected[i]);
    }
    qemu_log("loader events: %.1f us, of that %.1f us in pass-through; "
             "%.1f us before the program's entry\n",
             atomic_load(&source_ns) / 1e3, atomic_load(&listener_ns) / 1e3,
             atomic_load(&entry_ns) / 1e3);
}

static void fork_start(void)
{
    if (objects) {
        pthread_mutex_lock(&watch_mutex);
        guest_objects_fork_start(objects);
    }
}

static void fork_end(bool child)
{
    if (objects) {
        guest_objects_fork_end(objects, child);
        pthread_mutex_unlock(&watch_mutex);
    }
}

static uint32_t chosen_sources(void)
{
    const char *list = getenv("QEMU_LOADER_SOURCES");
    uint32_t mask = 0;

    if (!list || !*list) {
        return (1u << LOADER_NB_SOURCES) - 1;
    }
    while (*list) {
        size_t len = strcspn(list, ",");
        LoaderSource s = loader_source_parse(list, len);

        if (s == LOADER_NB_SOURCES) {
            error_report("QEMU_LOADER_SOURCES: no source '%.*s'", (int)len,
                         list);
            exit(1);
        }
        mask |= 1u << s;
        list += len + (list[len] == ',');
    }
    return mask;
}

/*
 * glibc's _dl_init() runs constructors at start and in dlopen().  It has no
 * dynamic symbol; ld.so's first code calls two functions, it is the second,
 * right before the address of _dl_fini goes to %rdx and the program starts.
 */
static uint64_t glibc_dl_init(uint64_t entry)
{
    uint8_t code[96];
    uint64_t found = 0;

    if (!copy_from_guest(code, entry, sizeof(code)) ||
        memcmp(code, "\x48\x89\xe7\xe8", 4)) {
        return 0;
    }
    for (unsigned i = 8; i + 18 < sizeof(code); i++) {
        int32_t rel;

        if (code[i] == 0xe8 && !memcmp(code + i + 5, "\x48\x8d\x15", 3) &&
            !memcmp(code + i + 12, "\x4c\x89\xec\x41\xff\xe4", 6)) {
            if (found) {
                return 0;
            }
            memcpy(&rel, code + i + 1, 4);
            found = entry + i + 5 + rel;
        }
    }
    return found;
}

/* The kernel, that is we, mapped it: no system call told. */
static void mapped_at_start(const KztImage *img)
{
    loader_map_id_new(img->header);
    if (source_on(LOADER_MMAP) && !lists_tell()) {
        image_event(LOADER_MMAP, LOADER_OBJECT_MAPPED, img);
    }
}

/* What the guest's loader tells about itself before it runs. */
static void examine_ldso(void)
{
    KztImage img;
    KztDynamic d;
    KztSymbol sym;
    uint64_t at = 0;
    const char *tag = NULL;

    if (kzt_image_read(&img, &loader_memory, guest_image.interp_base) ||
        !img.dynamic_addr) {
        return;
    }
    kzt_dynamic_parse(&d, &loader_memory, img.dynamic_addr, img.load_bias,
                      img.start, img.end);
    if (kzt_dynamic_lookup(&d, "_r_debug", NULL, &sym)) {
        loader_debug_places.symbol = img.load_bias + sym.value;
    }
    if (kzt_dynamic_lookup(&d, "_dl_debug_addr", NULL, &sym)) {
        loader_debug_places.pointer = img.load_bias + sym.value;
    }
    if (kzt_dynamic_lookup(&d, "_dl_debug_state", NULL, &sym)) {
        hook_brk(img.load_bias + sym.value);
    }
    if (source_on(LOADER_LDSO_HOOK) && !atomic_load(&brk_hooked)) {
        if (loader_debug_places.pointer &&
            kzt_dynamic_lookup(&d, "__libc_start_main", NULL, &sym)) {
            at = img.load_bias + sym.value;
            tag = "musl __libc_start_main";
        } else if (kzt_dynamic_lookup(&d, "__rtld_version_placeholder",
                                      "GLIBC_2.34", &sym)) {
            at = glibc_dl_init(img.entry);
            tag = "glibc 2.34+ _dl_init";
        }
        if (at >= img.start && at < img.end) {
            qemu_log_mask(LOG_LOADER, "loader: hook on %s at %" PRIx64 "\n",
                          tag, at);
            tb_hook_add(at, on_ldso, NULL);
        } else {
            qemu_log_mask(LOG_LOADER, "loader: no hook known for this "
                          "loader\n");
        }
    }
    kzt_dynamic_free(&d);
    mapped_at_start(&img);
}

static void examine_program(void)
{
    KztDynamic d;
    KztImage img;

    if (!loader_image_around(guest_image.entry, &img)) {
        return;         /* a static program without a dynamic section */
    }
    program = img;
    program_header = img.header;
    kzt_dynamic_parse(&d, &loader_memory, img.dynamic_addr, img.load_bias,
                      img.start, img.end);
    loader_debug_places.slot = d.debug_addr;
    kzt_dynamic_free(&d);
}

void loader_sources_start(void (*listener)(const LoaderEvent *ev,
                                           void *opaque),
                          void (*gone)(const GuestObject *obj, void *opaque))
{
    LoaderEventsConfig cfg = {
        .memory = &loader_memory, .listener = listener ? on_event : NULL,
        .log = log_line,
    };
    uint64_t begin = timer_begin();

    listener_fn = listener;
    cfg.sources = sources = chosen_sources();
    cfg.objects = loader_sources_objects();
    events = objects ? loader_events_new(&cfg) : NULL;
    if (!events) {
        return;
    }
    guest_objects_on_gone(objects, on_gone_log, (void *)gone);
    process_atfork(fork_start, fork_end);
    examine_program();
    if (guest_image.has_interp) {
        examine_ldso();
    }
    if (program_header) {
        mapped_at_start(&program);
    }
    if (source_on(LOADER_ENTRY)) {
        entry_hook = tb_hook_add(guest_image.entry, on_entry, NULL);
    }
    loader_sources_active = true;
    timer_end(begin);
}
