/*
 * Loader events: the check of an event, its way into the registry and to the
 * listener, and the bounded walk over the lists of the guest's loader.  The
 * interface is in user/loader-events.h.
 *
 * Must not know which host calls or hooks an event comes from, nor what
 * pass-through makes of it.  No lock of its own: the registry orders changes,
 * counters are atomic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/loader-events.h"

#define PAGE 4096u

struct LoaderEvents {
    LoaderEventsConfig cfg;
    _Atomic(uint64_t) accepted[LOADER_NB_SOURCES];
    _Atomic(uint64_t) duplicate[LOADER_NB_SOURCES];
    _Atomic(uint64_t) rejected[LOADER_NB_SOURCES];
};

static const char *const source_names[LOADER_NB_SOURCES] = {
    [LOADER_R_DEBUG] = "r_debug",
    [LOADER_RELRO] = "relro",
    [LOADER_MMAP] = "mmap",
    [LOADER_ENTRY] = "entry",
    [LOADER_LDSO_HOOK] = "ldso-hook",
};

static const char *const kind_names[LOADER_NB_KINDS] = {
    [LOADER_OBJECT_MAPPED] = "mapped",
    [LOADER_RELRO_START] = "relro-start",
    [LOADER_OBJECT_RELOCATED] = "relocated",
    [LOADER_OBJECTS_CONSISTENT] = "consistent",
    [LOADER_OBJECT_GOING] = "going",
    [LOADER_PROGRAM_ENTRY] = "entry",
};

const char *loader_source_name(int source)
{
    return source >= 0 && source < LOADER_NB_SOURCES ? source_names[source]
                                                     : "?";
}

LoaderSource loader_source_parse(const char *name, size_t len)
{
    int i;

    for (i = 0; i < LOADER_NB_SOURCES; i++) {
        if (strlen(source_names[i]) == len &&
            !memcmp(source_names[i], name, len)) {
            break;
        }
    }
    return i;
}

const char *loader_kind_name(int kind)
{
    return kind >= 0 && kind < LOADER_NB_KINDS ? kind_names[kind] : "?";
}

LoaderEvents *loader_events_new(const LoaderEventsConfig *cfg)
{
    LoaderEvents *le = calloc(1, sizeof(*le));

    if (le) {
        le->cfg = *cfg;
    }
    return le;
}

void loader_events_free(LoaderEvents *le)
{
    free(le);
}

/* The snapshot must be what the guest's memory says at this moment. */
static const char *check_memory(const KztMemory *m, const LoaderEvent *ev)
{
    GuestLinkMap lm;
    uint8_t magic[4];

    if (ev->by_header) {
        if (!kzt_read(m, ev->link_map, magic, sizeof(magic))) {
            return "unreadable ELF header";
        }
        return memcmp(magic, "\177ELF", 4) ? "no ELF header" : NULL;
    }
    if (guest_link_map_read(m, ev->link_map, &lm)) {
        return "unreadable link_map";
    }
    if (lm.l_addr != ev->load_bias || lm.l_ld != ev->dynamic_addr) {
        return "link_map holds another object";
    }
    return NULL;
}

const char *loader_event_check(const KztMemory *m, const LoaderEvent *ev)
{
    if ((unsigned)ev->source >= LOADER_NB_SOURCES) {
        return "unknown source";
    }
    if ((unsigned)ev->kind >= LOADER_NB_KINDS) {
        return "unknown kind";
    }
    if (ev->ns < 0 || ev->ns >= LOADER_MAX_NAMESPACES) {
        return "bad namespace";
    }
    if (!ev->link_map) {
        return "link_map is NULL";
    }
    if (!ev->name || !*ev->name) {
        return "no name";
    }
    if (!ev->dynamic_addr) {
        return "no dynamic section";
    }
    if (ev->start > ev->end || ev->relro_start > ev->relro_end) {
        return "bad range";
    }
    return check_memory(m, ev);
}

/*
 * Bring the registry up to date with what @ev says about its object.  A range
 * that others are still recorded in is theirs no more: they were unmapped
 * without a word.
 */
static LoaderVerdict record(LoaderEvents *le, LoaderEvent *ev,
                            const char **why)
{
    GuestObjects *r = le->cfg.objects;
    GuestObjectId id = {
        .ns = ev->ns, .link_map = ev->link_map, .load_bias = ev->load_bias,
        .dynamic_addr = ev->dynamic_addr, .name = ev->name,
        .dev = ev->dev, .ino = ev->ino, .map_id = ev->map_id,
    };
    GuestObserve seen = guest_objects_observe(r, &id, &ev->generation, why);

    if (seen == GUEST_OBSERVE_INVALID) {
        return LOADER_REJECTED;
    }
    if (ev->start < ev->end &&
        guest_objects_set_range(r, ev->generation, ev->start, ev->end) ==
        GUEST_RANGE_OVERLAP) {
        guest_objects_retire_range_except(r, ev->start, ev->end,
                                          ev->generation);
        guest_objects_set_range(r, ev->generation, ev->start, ev->end);
    }
    if (ev->kind == LOADER_OBJECT_MAPPED && seen == GUEST_OBSERVE_UNCHANGED) {
        *why = "known already";
        return LOADER_DUPLICATE;
    }
    return LOADER_ACCEPTED;
}

static LoaderVerdict find_going(LoaderEvents *le, LoaderEvent *ev,
                                const char **why)
{
    const GuestObject *o;

    guest_objects_read_begin(le->cfg.objects);
    o = guest_objects_find(le->cfg.objects, ev->ns, ev->link_map);
    ev->generation = o ? o->generation : 0;
    guest_objects_read_end(le->cfg.objects);
    if (!ev->generation) {
        *why = "not known";
        return LOADER_DUPLICATE;
    }
    return LOADER_ACCEPTED;
}

static void log_event(LoaderEvents *le, const LoaderEvent *ev,
                      LoaderVerdict verdict, const char *why)
{
    char line[LOADER_MAX_NAME + 512];

    if (le->cfg.log) {
        loader_event_format(line, sizeof(line), ev, verdict, why);
        le->cfg.log(line, le->cfg.opaque);
    }
}

LoaderVerdict loader_event_submit(LoaderEvents *le, const LoaderEvent *event,
                                  const char **why)
{
    LoaderVerdict verdict = LOADER_REJECTED;
    LoaderEvent ev = *event;
    const char *reason = loader_event_check(le->cfg.memory, &ev);

    ev.generation = 0;
    if (!reason && !(le->cfg.sources & 1u << ev.source)) {
        reason = "source is off";
    }
    if (!reason) {
        verdict = ev.kind == LOADER_OBJECT_GOING ? find_going(le, &ev, &reason)
                                                 : record(le, &ev, &reason);
    }
    if ((unsigned)ev.source < LOADER_NB_SOURCES) {
        atomic_fetch_add(verdict == LOADER_ACCEPTED ? &le->accepted[ev.source] :
                         verdict == LOADER_DUPLICATE ?
                         &le->duplicate[ev.source] : &le->rejected[ev.source],
                         1);
    }
    log_event(le, &ev, verdict, reason);
    if (verdict == LOADER_ACCEPTED) {
        if (le->cfg.listener) {
            le->cfg.listener(&ev, le->cfg.opaque);
        }
        if (ev.kind == LOADER_OBJECT_GOING) {
            guest_objects_retire_generation(le->cfg.objects, ev.generation);
        }
    }
    if (why) {
        *why = reason;
    }
    return verdict;
}

int loader_event_format(char *buf, size_t size, const LoaderEvent *ev,
                        LoaderVerdict verdict, const char *why)
{
    static const char *const verdicts[] = { "", " duplicate", " rejected" };
    char range[80] = "", relro[80] = "";

    if (ev->start < ev->end) {
        snprintf(range, sizeof(range), " range %" PRIx64 "-%" PRIx64,
                 ev->start, ev->end);
    }
    if (ev->relro_start < ev->relro_end) {
        snprintf(relro, sizeof(relro), " relro %" PRIx64 "-%" PRIx64,
                 ev->relro_start, ev->relro_end);
    }
    return snprintf(buf, size, "loader: %s %s ns %" PRId64 " %s %" PRIx64
                    " bias %" PRIx64 " dyn %" PRIx64 "%s%s gen %" PRIu64
                    " '%s'%s%s%s", loader_source_name(ev->source),
                    loader_kind_name(ev->kind), ev->ns,
                    ev->by_header ? "header" : "map", ev->link_map,
                    ev->load_bias, ev->dynamic_addr, range, relro,
                    ev->generation, ev->name ? ev->name : "(none)",
                    (unsigned)verdict < ARRAY_SIZE(verdicts) ?
                    verdicts[verdict] : "",
                    why ? ": " : "", why ? why : "");
}

void loader_events_stats(LoaderEvents *le, LoaderEventsStats *st)
{
    for (int i = 0; i < LOADER_NB_SOURCES; i++) {
        st->accepted[i] = atomic_load(&le->accepted[i]);
        st->duplicate[i] = atomic_load(&le->duplicate[i]);
        st->rejected[i] = atomic_load(&le->rejected[i]);
    }
}

const char *guest_r_debug_read(const KztMemory *m, uint64_t addr,
                               GuestRDebug *out)
{
    uint64_t raw[6];
    bool have_next = kzt_read(m, addr, raw, sizeof(raw));

    if (!have_next && !kzt_read(m, addr, raw, 5 * sizeof(raw[0]))) {
        return "unreadable r_debug";
    }
    *out = (GuestRDebug) {
        .addr = addr, .version = (int32_t)raw[0], .map = raw[1],
        .brk = raw[2], .state = (int32_t)raw[3], .ldbase = raw[4],
    };
    if (out->version < 1 || out->version > 16) {
        return "r_debug has no usable version";
    }
    if (out->state < GUEST_RT_CONSISTENT || out->state > GUEST_RT_DELETE) {
        return "r_debug has no usable state";
    }
    if (out->version >= 2 && have_next) {
        out->next = raw[5];
    }
    return NULL;
}

const char *guest_link_map_read(const KztMemory *m, uint64_t addr,
                                GuestLinkMap *out)
{
    uint64_t raw[5];

    if ((addr & 7) || !kzt_read(m, addr, raw, sizeof(raw))) {
        return "unreadable link_map";
    }
    *out = (GuestLinkMap) {
        .addr = addr, .l_addr = raw[0], .l_name = raw[1], .l_ld = raw[2],
        .l_next = raw[3], .l_prev = raw[4],
    };
    return NULL;
}

/* Never reads into a page that the string does not reach. */
bool guest_string_read(const KztMemory *m, uint64_t addr, char *buf,
                       size_t size)
{
    size_t done = 0;

    while (addr && done < size) {
        size_t n = MIN(MIN(size - done, 64), PAGE - (addr & (PAGE - 1)));

        if (!kzt_read(m, addr, buf + done, n)) {
            return false;
        }
        if (memchr(buf + done, 0, n)) {
            return true;
        }
        done += n;
        addr += n;
    }
    return false;
}

/* Constant memory for cycle detection: a marker follows at growing steps. */
size_t guest_link_map_walk(const KztMemory *m, uint64_t first,
                           GuestLinkMap *out, const char **why)
{
    uint64_t addr = first, prev = 0, marker = 0, next_mark = 1;
    size_t n = 0;

    *why = NULL;
    while (addr) {
        if (addr == marker) {
            *why = "cycle";
            break;
        }
        if (n == LOADER_MAX_OBJECTS) {
            *why = "too many objects";
            break;
        }
        *why = guest_link_map_read(m, addr, &out[n]);
        if (*why) {
            break;
        }
        if (out[n].l_prev != prev) {
            *why = "l_prev does not point back";
            break;
        }
        n++;
        if (n == next_mark) {
            marker = addr;
            next_mark *= 2;
        }
        prev = addr;
        addr = out[n - 1].l_next;
    }
    return n;
}
