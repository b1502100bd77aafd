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
#include "kzt/dynamic.h"
#include "target/i386/cpu.h"
#include "user/elfload.h"
#include "user/loader-sources.h"
#include "user/mmap.h"
#include "user/process.h"
#include "user/uaccess.h"

#define MAX_MAPPINGS 64     /* of one object, below an address in it */

bool loader_sources_active;

static LoaderEvents *events;
static GuestObjects *objects;
static uint32_t sources;
static uint64_t program_header;     /* ELF header of the program, or 0 */
static KztImage program;
static uint64_t debug_slot;         /* DT_DEBUG's value lies here */
static uint64_t ldso_r_debug;       /* the loader's struct r_debug, or 0 */
static uint64_t ldso_debug_ptr;     /* a pointer to it, or 0 */
static _Atomic(bool) brk_hooked;
static int entry_hook;

static bool memory_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    return copy_from_guest(buf, addr, len);
}

static int memory_flags(void *opaque, uint64_t addr, uint64_t *end)
{
    return page_get_flags(addr, end);
}

const KztMemory loader_memory = {
    .read = memory_read,
    .page_flags = memory_flags,
};

GuestObjects *loader_sources_objects(void)
{
    return objects;
}

static bool source_on(LoaderSource s)
{
    return sources >> s & 1;
}

/* The guest's struct r_debug; false while there is none. */
static bool find_r_debug(GuestRDebug *rd)
{
    uint64_t addr = 0;

    if (debug_slot && kzt_read_u64(&loader_memory, debug_slot, &addr) &&
        addr && !guest_r_debug_read(&loader_memory, addr, rd)) {
        return true;
    }
    if (ldso_r_debug &&
        !guest_r_debug_read(&loader_memory, ldso_r_debug, rd)) {
        return true;
    }
    return ldso_debug_ptr &&
           kzt_read_u64(&loader_memory, ldso_debug_ptr, &addr) && addr &&
           !guest_r_debug_read(&loader_memory, addr, rd);
}

/* l_name, or what it is where the loader has no name for it. */
static bool object_name(const GuestLinkMap *lm, char *buf, size_t size)
{
    if (!guest_string_read(&loader_memory, lm->l_name, buf, size)) {
        return false;
    }
    if (!*buf && lm->l_ld - guest_image.vdso_base < guest_image.vdso_size) {
        snprintf(buf, size, "linux-vdso.so.1");
    } else if (!*buf) {
        snprintf(buf, size, "%s", guest_image.exe_path ? guest_image.exe_path
                                                       : "program");
    }
    return true;
}

static bool event_of(LoaderEvent *ev, LoaderSource src, int64_t ns,
                     const GuestLinkMap *lm, char *name, size_t size)
{
    KztImage img;

    *ev = (LoaderEvent) {
        .source = src, .ns = ns, .link_map = lm->addr,
        .load_bias = lm->l_addr, .dynamic_addr = lm->l_ld, .name = name,
    };
    if (!lm->l_ld || !object_name(lm, name, size)) {
        return false;
    }
    if (!kzt_image_find(&img, &loader_memory, lm->l_ld, lm->l_addr)) {
        ev->start = img.start;
        ev->end = img.end;
    }
    return true;
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
    GuestRDebug rd;
    bool more = list && keep && find_r_debug(&rd);

    for (int64_t ns = 0; more && ns < LOADER_MAX_NAMESPACES; ns++) {
        const char *why;
        size_t n = guest_link_map_walk(&loader_memory, rd.map, list, &why);

        if (why) {
            qemu_log_mask(LOG_LOADER, "loader: namespace %" PRId64 ": %s\n",
                          ns, why);
        }
        for (size_t i = 0; i < n; i++) {
            bool is_new = !known(ns, &list[i]);

            keep[i] = list[i].addr;
            if (!is_new ||
                !event_of(&ev, src, ns, &list[i], name, sizeof(name))) {
                continue;
            }
            ev.kind = LOADER_OBJECT_MAPPED;
            loader_event_submit(events, &ev, NULL);
            if (relocated) {
                ev.kind = LOADER_OBJECT_RELOCATED;
                loader_event_submit(events, &ev, NULL);
            }
        }
        if (!why) {
            guest_objects_retire_missing(objects, ns, keep, n);
        }
        if (consistent && n &&
            event_of(&ev, src, ns, &list[0], name, sizeof(name))) {
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
    GuestRDebug rd;

    if (find_r_debug(&rd)) {
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
        find_r_debug(&rd)) {
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

    if (find_r_debug(&rd) && rd.map &&
        !guest_link_map_read(&loader_memory, rd.map, &lm) &&
        !event_of(&ev, src, 0, &lm, name, sizeof(name))) {
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
        .by_header = o->id.link_map == o->start,
    };

    loader_event_submit(events, &ev, NULL);
    return 0;
}

static void on_entry(CPUArchState *env, void *opaque)
{
    tb_hook_remove(entry_hook);
    scan(LOADER_ENTRY, false, false);
    guest_objects_walk(objects, submit_relocated, NULL);
    program_event(LOADER_ENTRY, LOADER_PROGRAM_ENTRY);
}

/* A loader we know is about to run constructors. */
static void on_ldso(CPUArchState *env, void *opaque)
{
    scan(LOADER_LDSO_HOOK, false, true);
}

/*
 * The image whose span holds @addr: its header begins one of the mappings at
 * or below.  Mapping by mapping, because touching every page of a large
 * library would cost more than all the rest.
 */
static bool image_around(uint64_t addr, KztImage *img)
{
    uint64_t at = addr;

    for (int i = 0; i < MAX_MAPPINGS; i++) {
        GuestMapping gm;
        uint32_t magic;
        bool found;

        mmap_lock();
        found = mmap_find(at, &gm);
        mmap_unlock();
        if (!found) {
            return false;
        }
        if (get_guest_u32(&magic, gm.start) && magic == 0x464c457f &&
            !kzt_image_read(img, &loader_memory, gm.start) &&
            addr >= img->start && addr < img->end) {
            return img->dynamic_addr != 0;
        }
        at = gm.start - 1;
    }
    return false;
}

/* The link_map of the object with this dynamic section. */
static bool find_link_map(uint64_t dynamic_addr, int64_t *ns,
                          GuestLinkMap *out)
{
    GuestLinkMap *list = malloc(LOADER_MAX_OBJECTS * sizeof(*list));
    GuestRDebug rd;
    bool more = list && find_r_debug(&rd), found = false;

    for (*ns = 0; more && *ns < LOADER_MAX_NAMESPACES; ++*ns) {
        const char *why;
        size_t n = guest_link_map_walk(&loader_memory, rd.map, list, &why);

        for (size_t i = 0; i < n && !found; i++) {
            if (list[i].l_ld == dynamic_addr) {
                *out = list[i];
                found = true;
            }
        }
        if (found) {
            break;
        }
        more = rd.next && !guest_r_debug_read(&loader_memory, rd.next, &rd);
    }
    free(list);
    return found;
}

/* Tell about @img as the loader's lists, or else its header, know it. */
static void image_event(LoaderSource src, LoaderEventKind kind,
                        const KztImage *img)
{
    LoaderEvent ev = { 0 };
    char name[LOADER_MAX_NAME];
    GuestLinkMap lm;
    GuestMapping gm;
    int64_t ns;

    if (find_link_map(img->dynamic_addr, &ns, &lm)) {
        if (!event_of(&ev, src, ns, &lm, name, sizeof(name))) {
            return;
        }
    } else {
        mmap_lock();
        snprintf(name, sizeof(name), "%s",
                 mmap_find(img->header, &gm) && gm.name ? gm.name : "");
        mmap_unlock();
        ev = (LoaderEvent) {
            .source = src, .link_map = img->header, .by_header = true,
            .load_bias = img->load_bias, .dynamic_addr = img->dynamic_addr,
            .name = name,
        };
    }
    ev.kind = kind;
    ev.start = img->start;
    ev.end = img->end;
    if (kind == LOADER_RELRO_START) {
        ev.relro_start = img->relro_start;
        ev.relro_end = img->relro_end;
    }
    loader_event_submit(events, &ev, NULL);
}

void loader_note_mmap(uint64_t addr, uint64_t len, int prot, int flags)
{
    KztImage img;

    if ((flags & TARGET_MAP_ANONYMOUS) || !(prot & PAGE_EXEC)) {
        return;
    }
    look_for_brk();
    /* Where the lists are watched, they tell more, and soon. */
    if (source_on(LOADER_MMAP) && !atomic_load(&brk_hooked) &&
        image_around(addr, &img)) {
        image_event(LOADER_MMAP, LOADER_OBJECT_MAPPED, &img);
    }
}

void loader_note_munmap(uint64_t addr, uint64_t len)
{
    if (source_on(LOADER_MMAP) && len && addr + len > addr) {
        guest_objects_retire_range(objects, addr, addr + len);
    }
}

void loader_note_mprotect(uint64_t addr, uint64_t len, int prot)
{
    KztImage img;

    if (prot != PAGE_READ) {
        return;
    }
    look_for_brk();
    if (source_on(LOADER_RELRO) && image_around(addr, &img) &&
        img.relro_start < img.relro_end &&
        (img.relro_start & TARGET_PAGE_MASK) == addr) {
        image_event(LOADER_RELRO, LOADER_RELRO_START, &img);
    }
}

static void on_gone_log(const GuestObject *o, void *opaque)
{
    void (*gone)(const GuestObject *, void *) = opaque;

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

static void fork_start(void)
{
    if (objects) {
        guest_objects_fork_start(objects);
    }
}

static void fork_end(bool child)
{
    if (objects) {
        guest_objects_fork_end(objects, child);
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
    if (source_on(LOADER_MMAP) && !atomic_load(&brk_hooked)) {
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
        ldso_r_debug = img.load_bias + sym.value;
    }
    if (kzt_dynamic_lookup(&d, "_dl_debug_addr", NULL, &sym)) {
        ldso_debug_ptr = img.load_bias + sym.value;
    }
    if (kzt_dynamic_lookup(&d, "_dl_debug_state", NULL, &sym)) {
        hook_brk(img.load_bias + sym.value);
    }
    if (source_on(LOADER_LDSO_HOOK) && !atomic_load(&brk_hooked)) {
        if (ldso_debug_ptr &&
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

    if (!image_around(guest_image.entry, &img)) {
        return;         /* a static program without a dynamic section */
    }
    program = img;
    program_header = img.header;
    kzt_dynamic_parse(&d, &loader_memory, img.dynamic_addr, img.load_bias,
                      img.start, img.end);
    debug_slot = d.debug_addr;
    kzt_dynamic_free(&d);
}

void loader_sources_start(void (*listener)(const LoaderEvent *ev,
                                           void *opaque),
                          void (*gone)(const GuestObject *obj, void *opaque))
{
    LoaderEventsConfig cfg = {
        .memory = &loader_memory, .listener = listener, .log = log_line,
    };

    cfg.sources = sources = chosen_sources();
    cfg.objects = objects = guest_objects_new();
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
}
