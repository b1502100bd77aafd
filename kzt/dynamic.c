/*
 * The dynamic section of a guest object.  The interface is in kzt/dynamic.h.
 *
 * First pass: the entries, in bulk, into one value per tag.  Second pass: each
 * pointer is brought to an address inside the object (loaders differ in which
 * pointers they relocate in memory), each table gets its bounds, counts come
 * from the hash tables, version records are collected.  Later reads go to
 * guest memory in place.
 *
 * Must not know about files, sections, or what is done with what it finds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/dynamic.h"
#include <elf.h>

#ifndef DT_RELRSZ
#define DT_RELRSZ  35
#define DT_RELR    36
#define DT_RELRENT 37
#endif
#ifndef DT_GNU_FLAGS_1
#define DT_GNU_FLAGS_1 0x6ffffdf4
#endif

#define CHUNK 64                    /* entries per bulk read */

/* Tags kept: the small ones by number, the others in places behind. */
enum {
    TAG_GNU_HASH = 40, TAG_VERSYM, TAG_VERNEED, TAG_VERNEEDNUM, TAG_VERDEF,
    TAG_VERDEFNUM, TAG_FLAGS_1, TAG_GNU_FLAGS_1, NB_TAGS
};

typedef struct Tags {
    uint64_t val[NB_TAGS];
    uint64_t have;                  /* bit mask */
} Tags;

static bool has(const Tags *t, int tag)
{
    return t->have >> tag & 1;
}

static uint64_t value(const Tags *t, int tag)
{
    return has(t, tag) ? t->val[tag] : 0;
}

static int tag_place(uint64_t tag)
{
    if (tag < TAG_GNU_HASH) {
        return tag;
    }
    switch (tag) {
    case DT_GNU_HASH:
        return TAG_GNU_HASH;
    case DT_VERSYM:
        return TAG_VERSYM;
    case DT_VERNEED:
        return TAG_VERNEED;
    case DT_VERNEEDNUM:
        return TAG_VERNEEDNUM;
    case DT_VERDEF:
        return TAG_VERDEF;
    case DT_VERDEFNUM:
        return TAG_VERDEFNUM;
    case DT_FLAGS_1:
        return TAG_FLAGS_1;
    case DT_GNU_FLAGS_1:
        return TAG_GNU_FLAGS_1;
    default:
        return -1;
    }
}

static bool add_needed(KztDynamic *d, uint64_t off)
{
    uint32_t n = d->nb_needed;

    if (n >= KZT_MAX_NEEDED || off > UINT32_MAX) {
        d->errors |= KZT_DYNERR_NEEDED;
        return true;
    }
    if ((n & (n - 1)) == 0) {
        uint32_t *more = realloc(d->needed, MAX(2 * n, 1) * sizeof(*more));

        if (!more) {
            return false;
        }
        d->needed = more;
    }
    d->needed[d->nb_needed++] = off;
    return true;
}

/*
 * As many entries as can be read at @addr, up to CHUNK: the section may end
 * shortly before memory does.
 */
static size_t read_entries(const KztMemory *m, uint64_t addr, Elf64_Dyn *buf)
{
    size_t n = CHUNK;

    while (n && !kzt_read(m, addr, buf, n * sizeof(*buf))) {
        n /= 2;
    }
    return n;
}

static void read_tags(KztDynamic *d, Tags *t)
{
    uint64_t addr = d->dynamic_addr;
    Elf64_Dyn buf[CHUNK];

    d->status = KZT_DYNAMIC_TRUNCATED;
    while (d->nb_entries < KZT_MAX_DYN_ENTRIES) {
        size_t n = read_entries(d->memory, addr, buf);

        if (n == 0) {
            break;
        }
        for (size_t i = 0; i < n; i++) {
            int place = tag_place(buf[i].d_tag);

            if (buf[i].d_tag == DT_NULL) {
                d->status = KZT_DYNAMIC_READY;
                return;
            }
            if (d->nb_entries == KZT_MAX_DYN_ENTRIES) {
                return;
            }
            d->nb_entries++;
            if (place == DT_NEEDED) {
                if (!add_needed(d, buf[i].d_un.d_val)) {
                    return;
                }
            } else if (place >= 0) {
                t->val[place] = buf[i].d_un.d_val;
                t->have |= 1ull << place;
                if (place == DT_DEBUG) {
                    d->debug_addr = addr + i * sizeof(*buf) + 8;
                }
            }
        }
        addr += n * sizeof(*buf);
    }
}

static bool inside(const KztDynamic *d, uint64_t addr, uint64_t size)
{
    return addr >= d->start && addr < d->end && size <= d->end - addr;
}

static bool mapped(const KztDynamic *d, uint64_t addr)
{
    uint8_t byte;

    return kzt_read(d->memory, addr, &byte, 1);
}

/* Tags whose pointer glibc relocates where the section is writable. */
static bool relocated_by_glibc(int tag)
{
    static const uint64_t set =
        1ull << DT_HASH | 1ull << DT_PLTGOT | 1ull << DT_STRTAB |
        1ull << DT_SYMTAB | 1ull << DT_RELA | 1ull << DT_JMPREL |
        1ull << DT_RELR | 1ull << TAG_VERSYM | 1ull << TAG_GNU_HASH;

    return set >> tag & 1;
}

/* Address of the table that tag @tag points at, or 0. */
static uint64_t pointer(KztDynamic *d, const Tags *t, int tag)
{
    uint64_t raw, rel;
    bool raw_ok, rel_ok;

    if (!has(t, tag) || !t->val[tag]) {
        return 0;
    }
    raw = t->val[tag];
    rel = raw + d->load_bias;
    if (d->start < d->end) {
        raw_ok = inside(d, raw, 1);
        rel_ok = inside(d, rel, 1);
    } else {
        raw_ok = mapped(d, raw);
        rel_ok = mapped(d, rel);
    }
    if (raw_ok && (!rel_ok || relocated_by_glibc(tag))) {
        return raw;
    }
    if (rel_ok) {
        return rel;
    }
    d->errors |= KZT_DYNERR_BOUNDS;
    return 0;
}

/* [addr, addr + size) is in the object; without a span any address goes. */
static bool bounded(KztDynamic *d, uint64_t addr, uint64_t size)
{
    bool ok = d->start < d->end ? inside(d, addr, size) : addr + size >= addr;

    if (!ok) {
        d->errors |= KZT_DYNERR_BOUNDS;
    }
    return ok;
}

static void set_table(KztDynamic *d, KztTable *tab, uint64_t addr,
                      uint64_t size, unsigned entsize)
{
    size -= size % entsize;
    if (addr && size && bounded(d, addr, size)) {
        *tab = (KztTable) { addr, size, size / entsize };
    }
}

static void set_relocs(KztDynamic *d, const Tags *t)
{
    if (has(t, DT_RELA)) {
        if (has(t, DT_RELAENT) && value(t, DT_RELAENT) != sizeof(KztRela)) {
            d->errors |= KZT_DYNERR_RELAENT;
        } else {
            set_table(d, &d->rela, pointer(d, t, DT_RELA),
                      value(t, DT_RELASZ), sizeof(KztRela));
        }
    }
    if (has(t, DT_JMPREL)) {
        if (has(t, DT_PLTREL) && value(t, DT_PLTREL) != DT_RELA) {
            d->errors |= KZT_DYNERR_PLTREL;
        } else if (value(t, DT_PLTRELSZ) % sizeof(KztRela)) {
            d->errors |= KZT_DYNERR_PLTSZ;
        } else {
            set_table(d, &d->jmprel, pointer(d, t, DT_JMPREL),
                      value(t, DT_PLTRELSZ), sizeof(KztRela));
        }
    }
    if (has(t, DT_RELR)) {
        if (has(t, DT_RELRENT) && value(t, DT_RELRENT) != 8) {
            d->errors |= KZT_DYNERR_RELENT;
        } else {
            set_table(d, &d->relr, pointer(d, t, DT_RELR),
                      value(t, DT_RELRSZ), 8);
        }
    }
}

static void set_sysv_hash(KztDynamic *d, const Tags *t)
{
    uint64_t addr = pointer(d, t, DT_HASH);
    uint32_t head[2];

    if (!has(t, DT_HASH)) {
        return;
    }
    if (!addr || !kzt_read(d->memory, addr, head, sizeof(head)) || !head[0] ||
        !bounded(d, addr, 8 + 4ull * head[0] + 4ull * head[1])) {
        d->errors |= KZT_DYNERR_HASH;
        return;
    }
    d->hash = (KztTable) { addr, 8 + 4ull * head[0] + 4ull * head[1],
                           head[0] };
    d->sysv_chains = head[1];
}

static uint64_t gnu_bloom(const KztDynamic *d)
{
    return d->gnu_hash.addr + 16;
}

static uint64_t gnu_buckets(const KztDynamic *d)
{
    return gnu_bloom(d) + 8ull * d->gnu_bloom_words;
}

static uint64_t gnu_chain(const KztDynamic *d, uint32_t sym)
{
    return gnu_buckets(d) + 4 * d->gnu_hash.count +
           4ull * (sym - d->gnu_symoffset);
}

static void set_gnu_hash(KztDynamic *d, const Tags *t)
{
    uint64_t addr = pointer(d, t, TAG_GNU_HASH), size;
    uint32_t head[4];

    if (!has(t, TAG_GNU_HASH)) {
        return;
    }
    d->errors |= KZT_DYNERR_GNU_HASH;
    if (!addr || !kzt_read(d->memory, addr, head, sizeof(head)) || !head[0] ||
        !head[2] || (head[2] & (head[2] - 1)) || head[3] > 31) {
        return;
    }
    size = 16 + 8ull * head[2] + 4ull * head[0];
    if (!bounded(d, addr, size)) {
        return;
    }
    d->errors &= ~KZT_DYNERR_GNU_HASH;
    d->gnu_hash = (KztTable) { addr, size, head[0] };
    d->gnu_symoffset = head[1];
    d->gnu_bloom_words = head[2];
    d->gnu_bloom_shift = head[3];
}

/*
 * Symbols of a GNU hash table: the chain that starts last ends the table.
 * 1 when there is no chain, 0 when the table is damaged.
 */
static uint64_t gnu_symbol_count(const KztDynamic *d)
{
    uint64_t left = d->gnu_hash.count, at = gnu_buckets(d);
    uint32_t buf[256], last = 0, steps = 0;

    if (left > KZT_MAX_HASH_STEPS) {
        return 0;
    }
    while (left) {
        size_t n = MIN(left, ARRAY_SIZE(buf));

        if (!kzt_read(d->memory, at, buf, 4 * n)) {
            return 0;
        }
        for (size_t i = 0; i < n; i++) {
            last = MAX(last, buf[i]);
        }
        at += 4 * n;
        left -= n;
    }
    if (last == 0) {
        return 1;               /* no exports: says nothing about imports */
    }
    if (last < d->gnu_symoffset) {
        return 0;
    }
    while (steps++ < KZT_MAX_HASH_STEPS) {
        if (!kzt_read(d->memory, gnu_chain(d, last), buf, 4)) {
            return 0;
        }
        if (buf[0] & 1) {
            return (uint64_t)last + 1;
        }
        last++;
    }
    return 0;
}

static void set_symbols(KztDynamic *d, const Tags *t)
{
    uint64_t addr = pointer(d, t, DT_SYMTAB), count = 0;

    if (!addr) {
        return;
    }
    if (has(t, DT_SYMENT) && value(t, DT_SYMENT) != sizeof(KztSymbol)) {
        d->errors |= KZT_DYNERR_RELENT;
        return;
    }
    if (d->hash.count) {
        count = d->sysv_chains;
    } else if (d->gnu_hash.count) {
        count = gnu_symbol_count(d);
        if (!count) {
            d->errors |= KZT_DYNERR_GNU_HASH;
            d->gnu_hash = (KztTable) { 0 };
        }
    }
    if (count <= 1 && d->strtab.addr > addr) {
        /* Nothing hashed: linkers put the strings behind the symbols. */
        count = (d->strtab.addr - addr) / sizeof(KztSymbol);
    }
    if (count > UINT32_MAX) {
        d->errors |= KZT_DYNERR_BOUNDS;
        return;
    }
    set_table(d, &d->symtab, addr, count * sizeof(KztSymbol),
              sizeof(KztSymbol));
    if (d->symtab.count && has(t, TAG_VERSYM)) {
        set_table(d, &d->versym, pointer(d, t, TAG_VERSYM), 2 * count, 2);
    }
}

static bool add_version(KztDynamic *d, const KztVersion *v)
{
    uint32_t n = d->nb_versions;

    if (n >= KZT_MAX_VERSION_RECORDS) {
        return false;
    }
    if ((n & (n - 1)) == 0) {
        KztVersion *more = realloc(d->versions,
                                   MAX(2 * n, 1) * sizeof(*more));

        if (!more) {
            return false;
        }
        d->versions = more;
    }
    d->versions[d->nb_versions++] = *v;
    return true;
}

/* Go @step bytes on to the next record; false: there is none. */
static bool next_record(uint64_t *at, uint32_t step, bool *bad)
{
    if (step && *at + step < *at) {
        *bad = true;
    }
    *at += step;
    return step && !*bad;
}

static bool read_verdef(KztDynamic *d, uint64_t at, uint64_t count)
{
    bool bad = false;
    Elf64_Verdef vd;
    Elf64_Verdaux aux;

    d->verdef.addr = at;
    for (uint64_t i = 0; i < count; i++) {
        KztVersion v = { .defined = true };

        if (!bounded(d, at, sizeof(vd)) ||
            !kzt_read(d->memory, at, &vd, sizeof(vd)) ||
            vd.vd_version != VER_DEF_CURRENT || !vd.vd_cnt ||
            !bounded(d, at + vd.vd_aux, sizeof(aux)) ||
            !kzt_read(d->memory, at + vd.vd_aux, &aux, sizeof(aux))) {
            return false;
        }
        v.index = vd.vd_ndx & ~KZT_VERSYM_HIDDEN;
        v.weak = vd.vd_flags & VER_FLG_WEAK;
        v.base = vd.vd_flags & VER_FLG_BASE;
        v.hash = vd.vd_hash;
        v.name = aux.vda_name;
        if (!add_version(d, &v)) {
            return false;
        }
        d->verdef.count++;
        if (!next_record(&at, vd.vd_next, &bad)) {
            break;
        }
    }
    return !bad;
}

static bool read_verneed(KztDynamic *d, uint64_t at, uint64_t count)
{
    bool bad = false;
    Elf64_Verneed vn;
    Elf64_Vernaux aux;

    d->verneed.addr = at;
    for (uint64_t i = 0; i < count && i < KZT_MAX_VERSION_RECORDS; i++) {
        uint64_t aux_at;

        if (!bounded(d, at, sizeof(vn)) ||
            !kzt_read(d->memory, at, &vn, sizeof(vn)) ||
            vn.vn_version != VER_NEED_CURRENT) {
            return false;
        }
        aux_at = at + vn.vn_aux;
        for (unsigned k = 0; k < vn.vn_cnt; k++) {
            KztVersion v = { .file = vn.vn_file };

            if (!bounded(d, aux_at, sizeof(aux)) ||
                !kzt_read(d->memory, aux_at, &aux, sizeof(aux))) {
                return false;
            }
            v.index = aux.vna_other & ~KZT_VERSYM_HIDDEN;
            v.weak = aux.vna_flags & VER_FLG_WEAK;
            v.hash = aux.vna_hash;
            v.name = aux.vna_name;
            if (!add_version(d, &v)) {
                return false;
            }
            if (!next_record(&aux_at, aux.vna_next, &bad)) {
                break;
            }
        }
        d->verneed.count++;
        if (!next_record(&at, vn.vn_next, &bad)) {
            break;
        }
    }
    return !bad;
}

static int compare_version(const void *a, const void *b)
{
    const KztVersion *x = a, *y = b;

    return x->index != y->index ? (int)x->index - y->index
                                : (int)y->defined - x->defined;
}

static void set_versions(KztDynamic *d, const Tags *t)
{
    uint64_t def = pointer(d, t, TAG_VERDEF);
    uint64_t need = pointer(d, t, TAG_VERNEED);

    if ((def && !read_verdef(d, def, value(t, TAG_VERDEFNUM))) ||
        (need && !read_verneed(d, need, value(t, TAG_VERNEEDNUM)))) {
        d->errors |= KZT_DYNERR_VERSIONS;
    }
    if (d->nb_versions > 1) {
        qsort(d->versions, d->nb_versions, sizeof(*d->versions),
              compare_version);
    }
}

static bool string_offset(const Tags *t, int tag, uint32_t *off)
{
    *off = value(t, tag);
    return has(t, tag) && t->val[tag] <= UINT32_MAX;
}

static void set_scalars(KztDynamic *d, const Tags *t)
{
    d->debug = value(t, DT_DEBUG);
    d->flags = value(t, DT_FLAGS);
    d->flags_1 = value(t, TAG_FLAGS_1);
    d->gnu_flags_1 = value(t, TAG_GNU_FLAGS_1);
    d->bind_now = has(t, DT_BIND_NOW) || (d->flags & DF_BIND_NOW) ||
                  (d->flags_1 & DF_1_NOW);
    d->symbolic = has(t, DT_SYMBOLIC) || (d->flags & DF_SYMBOLIC);
    d->textrel = has(t, DT_TEXTREL) || (d->flags & DF_TEXTREL);
    d->has_soname = string_offset(t, DT_SONAME, &d->soname);
    d->has_rpath = string_offset(t, DT_RPATH, &d->rpath);
    d->has_runpath = string_offset(t, DT_RUNPATH, &d->runpath);
    d->init = pointer(d, t, DT_INIT);
    d->fini = pointer(d, t, DT_FINI);
    d->pltgot = pointer(d, t, DT_PLTGOT);
}

KztDynamicStatus kzt_dynamic_parse(KztDynamic *d, const KztMemory *m,
                                   uint64_t dynamic_addr, uint64_t load_bias,
                                   uint64_t start, uint64_t end)
{
    Tags t = { .have = 0 };

    *d = (KztDynamic) {
        .memory = m, .dynamic_addr = dynamic_addr, .load_bias = load_bias,
        .start = start, .end = MAX(start, end),
    };
    read_tags(d, &t);
    if (d->nb_entries == 0) {
        d->status = KZT_DYNAMIC_EMPTY;
        return d->status;
    }
    set_table(d, &d->strtab, pointer(d, &t, DT_STRTAB), value(&t, DT_STRSZ),
              1);
    set_sysv_hash(d, &t);
    set_gnu_hash(d, &t);
    set_symbols(d, &t);
    set_relocs(d, &t);
    set_versions(d, &t);
    set_table(d, &d->init_array, pointer(d, &t, DT_INIT_ARRAY),
              value(&t, DT_INIT_ARRAYSZ), 8);
    set_table(d, &d->fini_array, pointer(d, &t, DT_FINI_ARRAY),
              value(&t, DT_FINI_ARRAYSZ), 8);
    set_table(d, &d->preinit_array, pointer(d, &t, DT_PREINIT_ARRAY),
              value(&t, DT_PREINIT_ARRAYSZ), 8);
    set_scalars(d, &t);
    return d->status;
}

void kzt_dynamic_free(KztDynamic *d)
{
    free(d->needed);
    free(d->versions);
    d->needed = NULL;
    d->versions = NULL;
    d->nb_needed = d->nb_versions = 0;
}

int64_t kzt_dynamic_string(const KztDynamic *d, uint32_t off, char *buf,
                           size_t size)
{
    char part[64];
    uint64_t at = off;

    if (size) {
        buf[0] = 0;
    }
    while (at < d->strtab.size) {
        size_t n = MIN(sizeof(part), d->strtab.size - at), done = at - off;
        char *nul;

        if (!kzt_read(d->memory, d->strtab.addr + at, part, n)) {
            return -1;
        }
        nul = memchr(part, 0, n);
        n = nul ? (size_t)(nul - part) : n;
        if (size && done < size - 1) {
            size_t take = MIN(n, size - 1 - done);

            memcpy(buf + done, part, take);
            buf[done + take] = 0;
        }
        at += n;
        if (nul) {
            return at - off;
        }
    }
    return -1;
}

bool kzt_dynamic_string_is(const KztDynamic *d, uint32_t off, const char *s)
{
    size_t len = strlen(s) + 1, done = 0;
    char part[64];

    if (off >= d->strtab.size || len > d->strtab.size - off) {
        return false;
    }
    while (done < len) {
        size_t n = MIN(sizeof(part), len - done);

        if (!kzt_read(d->memory, d->strtab.addr + off + done, part, n) ||
            memcmp(part, s + done, n)) {
            return false;
        }
        done += n;
    }
    return true;
}

bool kzt_dynamic_symbol(const KztDynamic *d, uint32_t i, KztSymbol *out)
{
    return i < d->symtab.count &&
           kzt_read(d->memory, d->symtab.addr + sizeof(*out) * i, out,
                    sizeof(*out));
}

uint16_t kzt_dynamic_versym(const KztDynamic *d, uint32_t i)
{
    uint16_t v = KZT_VER_GLOBAL;

    if (i < d->versym.count &&
        !kzt_read(d->memory, d->versym.addr + 2ull * i, &v, sizeof(v))) {
        v = KZT_VER_GLOBAL;
    }
    return v;
}

const KztVersion *kzt_dynamic_version(const KztDynamic *d, uint16_t index)
{
    uint32_t lo = 0, hi = d->nb_versions;

    index &= ~KZT_VERSYM_HIDDEN;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;

        if (d->versions[mid].index < index) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < d->nb_versions && d->versions[lo].index == index ?
           &d->versions[lo] : NULL;
}

size_t kzt_dynamic_relocs(const KztDynamic *d, const KztTable *t,
                          uint64_t first, KztRela *out, size_t n)
{
    if (first >= t->count) {
        return 0;
    }
    n = MIN(n, t->count - first);
    return kzt_read(d->memory, t->addr + first * sizeof(*out), out,
                    n * sizeof(*out)) ? n : 0;
}

/* One word of the bit map: the 63 words behind *where, then step on. */
static bool relr_bits(uint64_t word, uint64_t where,
                      bool (*fn)(uint64_t addr, void *opaque), void *opaque)
{
    for (word >>= 1; word; word >>= 1, where += 8) {
        if ((word & 1) && !fn(where, opaque)) {
            return false;
        }
    }
    return true;
}

bool kzt_dynamic_relr(const KztDynamic *d,
                      bool (*fn)(uint64_t addr, void *opaque), void *opaque)
{
    uint64_t buf[CHUNK], where = 0;
    bool started = false;

    for (uint64_t i = 0; i < d->relr.count; ) {
        size_t n = MIN(d->relr.count - i, CHUNK);

        if (!kzt_read(d->memory, d->relr.addr + 8 * i, buf, 8 * n)) {
            return false;
        }
        for (size_t k = 0; k < n; k++) {
            if (!(buf[k] & 1)) {
                where = buf[k] + d->load_bias;
                started = true;
                if (!fn(where, opaque)) {
                    return true;
                }
                where += 8;
            } else if (!started) {
                return false;
            } else {
                if (!relr_bits(buf[k], where, fn, opaque)) {
                    return true;
                }
                where += 63 * 8;
            }
        }
        i += n;
    }
    return true;
}

uint32_t kzt_gnu_hash(const char *name)
{
    uint32_t h = 5381;

    for (; *name; name++) {
        h = h * 33 + (uint8_t)*name;
    }
    return h;
}

uint32_t kzt_sysv_hash(const char *name)
{
    uint32_t h = 0;

    for (; *name; name++) {
        h = (h << 4) + (uint8_t)*name;
        h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
    }
    return h;
}

/* Is symbol @i a definition of @name in @version?  Fills *out. */
static bool matches(const KztDynamic *d, uint32_t i, const char *name,
                    const char *version, KztSymbol *out)
{
    const KztVersion *v;
    uint16_t versym;

    if (!kzt_dynamic_symbol(d, i, out) || out->shndx == SHN_UNDEF ||
        !kzt_dynamic_string_is(d, out->name, name)) {
        return false;
    }
    versym = kzt_dynamic_versym(d, i);
    if ((versym & ~KZT_VERSYM_HIDDEN) == KZT_VER_LOCAL) {
        return false;
    }
    if (!version) {
        return !(versym & KZT_VERSYM_HIDDEN);
    }
    v = kzt_dynamic_version(d, versym);
    return v && v->defined && !v->base &&
           kzt_dynamic_string_is(d, v->name, version);
}

static uint32_t lookup_gnu(const KztDynamic *d, const char *name,
                           const char *version, KztSymbol *out)
{
    uint32_t h = kzt_gnu_hash(name), chain, sym;
    uint64_t word, mask;

    mask = 1ull << (h & 63) | 1ull << (h >> d->gnu_bloom_shift & 63);
    if (!kzt_read_u64(d->memory, gnu_bloom(d) +
                      8ull * (h / 64 & (d->gnu_bloom_words - 1)), &word) ||
        (word & mask) != mask ||
        !kzt_read(d->memory, gnu_buckets(d) + 4ull * (h % d->gnu_hash.count),
                  &sym, 4) || sym < d->gnu_symoffset || !sym) {
        return 0;
    }
    for (unsigned i = 0; i < KZT_MAX_HASH_STEPS && sym < d->symtab.count;
         i++, sym++) {
        if (!kzt_read(d->memory, gnu_chain(d, sym), &chain, 4)) {
            return 0;
        }
        if ((chain | 1) == (h | 1) && matches(d, sym, name, version, out)) {
            return sym;
        }
        if (chain & 1) {
            break;
        }
    }
    return 0;
}

static uint32_t lookup_sysv(const KztDynamic *d, const char *name,
                            const char *version, KztSymbol *out)
{
    uint32_t bucket = kzt_sysv_hash(name) % d->hash.count, sym;
    uint64_t chains = d->hash.addr + 8 + 4 * d->hash.count;

    if (!kzt_read(d->memory, d->hash.addr + 8 + 4ull * bucket, &sym, 4)) {
        return 0;
    }
    for (unsigned i = 0; i < KZT_MAX_HASH_STEPS && sym; i++) {
        if (sym >= d->sysv_chains) {
            return 0;
        }
        if (matches(d, sym, name, version, out)) {
            return sym;
        }
        if (!kzt_read(d->memory, chains + 4ull * sym, &sym, 4)) {
            return 0;
        }
    }
    return 0;
}

uint32_t kzt_dynamic_lookup(const KztDynamic *d, const char *name,
                            const char *version, KztSymbol *out)
{
    if (d->gnu_hash.count) {
        return lookup_gnu(d, name, version, out);
    }
    return d->hash.count ? lookup_sysv(d, name, version, out) : 0;
}

const char *kzt_dynamic_status_name(int status)
{
    static const char *const names[] = { "empty", "ready", "truncated" };

    return status >= 0 && status < (int)ARRAY_SIZE(names) ? names[status]
                                                          : "?";
}

char *kzt_dynamic_errors_text(uint32_t errors, char *buf, size_t size)
{
    static const char *const names[] = {
        "RELENT", "RELAENT", "PLTREL", "PLTSZ", "GNU_HASH", "BOUNDS", "HASH",
        "VERSIONS", "NEEDED",
    };
    size_t used = 0;

    if (size) {
        buf[0] = 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if ((errors >> i & 1) && used < size) {
            used += snprintf(buf + used, size - used, "%s%s",
                             used ? "|" : "", names[i]);
        }
    }
    return buf;
}
