/*
 * Reading the guest's loader and the images in memory, for the sources of
 * loader events.  The interface is in loader-lists.h.
 *
 * Reads guest memory with checks and the page table; knows no moments, no
 * registry, and writes nothing.  Any thread.  Numbers of mappings are under
 * the mmap lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/loader-lists.h"
#include "user/elfload.h"
#include "user/loader-sources.h"
#include "user/mmap.h"
#include "user/uaccess.h"

#define MAX_MAPPINGS 64     /* of one object, below an address in it */
#define RELOCS       64     /* read at once */

LoaderDebugPlaces loader_debug_places;

/* A mapped image and its number; sorted by nothing, few. */
typedef struct MapId {
    uint64_t header, id;
} MapId;

static MapId *map_ids;
static size_t nb_map_ids, alloc_map_ids;
static uint64_t last_map_id;

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

bool loader_find_r_debug(GuestRDebug *rd)
{
    const LoaderDebugPlaces *p = &loader_debug_places;
    const KztMemory *m = &loader_memory;
    uint64_t addr = 0;

    if (p->slot && kzt_read_u64(m, p->slot, &addr) && addr &&
        !guest_r_debug_read(m, addr, rd)) {
        return true;
    }
    if (p->symbol && !guest_r_debug_read(m, p->symbol, rd)) {
        return true;
    }
    return p->pointer && kzt_read_u64(m, p->pointer, &addr) && addr &&
           !guest_r_debug_read(m, addr, rd);
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

static MapId *find_map_id(uint64_t header)
{
    for (size_t i = 0; i < nb_map_ids; i++) {
        if (map_ids[i].header == header) {
            return &map_ids[i];
        }
    }
    return NULL;
}

/* Where the file that is mapped at @addr begins; 0 if that is unknown. */
static uint64_t file_start(uint64_t addr)
{
    GuestMapping gm, first;

    if (!mmap_find(addr, &gm)) {
        return 0;
    }
    first = gm;
    for (int i = 0; i < MAX_MAPPINGS && gm.offset; i++) {
        if (!mmap_find(gm.start - 1, &gm) || gm.ino != first.ino ||
            gm.dev != first.dev) {
            return 0;
        }
    }
    return gm.offset ? 0 : gm.start;
}

void loader_map_id_new(uint64_t addr)
{
    uint64_t header;
    MapId *m;

    mmap_lock();
    header = file_start(addr);
    m = header ? find_map_id(header) : NULL;
    if (header && !m && nb_map_ids == alloc_map_ids) {
        size_t alloc = alloc_map_ids ? 2 * alloc_map_ids : 64;
        MapId *p = realloc(map_ids, alloc * sizeof(*p));

        if (p) {
            map_ids = p;
            alloc_map_ids = alloc;
        }
    }
    if (header && !m && nb_map_ids < alloc_map_ids) {
        m = &map_ids[nb_map_ids++];
    }
    if (m) {
        *m = (MapId) { header, ++last_map_id };
    }
    mmap_unlock();
}

void loader_map_id_drop(uint64_t start, uint64_t end)
{
    size_t kept = 0;

    mmap_lock();
    for (size_t i = 0; i < nb_map_ids; i++) {
        if (map_ids[i].header < start || map_ids[i].header >= end) {
            map_ids[kept++] = map_ids[i];
        }
    }
    nb_map_ids = kept;
    mmap_unlock();
}

/* What the image, and the mapping that its header lies in, add to @ev. */
static void describe(LoaderEvent *ev, const KztImage *img)
{
    const MapId *id;
    GuestMapping gm;

    ev->start = img->start;
    ev->end = img->end;
    mmap_lock();
    if (mmap_find(img->header, &gm)) {
        ev->dev = gm.dev;
        ev->ino = gm.ino;
    }
    id = find_map_id(img->header);
    ev->map_id = id ? id->id : 0;
    mmap_unlock();
}

/*
 * The image with the dynamic section of @lm.  Without a bias (a program at
 * fixed addresses) its header can be far below.
 */
static bool image_of(const GuestLinkMap *lm, KztImage *img)
{
    if (!lm->l_addr) {
        return loader_image_around(lm->l_ld, img) &&
               img->dynamic_addr == lm->l_ld;
    }
    return !kzt_image_find(img, &loader_memory, lm->l_ld, lm->l_addr);
}

bool loader_list_event(LoaderEvent *ev, LoaderSource src, int64_t ns,
                       const GuestLinkMap *lm, char *name, size_t size,
                       KztImage *img)
{
    KztImage found;

    *ev = (LoaderEvent) {
        .source = src, .ns = ns, .link_map = lm->addr,
        .load_bias = lm->l_addr, .dynamic_addr = lm->l_ld, .name = name,
    };
    if (!lm->l_ld || !object_name(lm, name, size)) {
        return false;
    }
    if (image_of(lm, &found)) {
        describe(ev, &found);
    } else {
        found = (KztImage) { 0 };
    }
    if (img) {
        *img = found;
    }
    return true;
}

void loader_image_event(LoaderEvent *ev, LoaderSource src,
                        const KztImage *img, char *name, size_t size)
{
    GuestMapping gm;

    mmap_lock();
    snprintf(name, size, "%s",
             mmap_find(img->header, &gm) && gm.name ? gm.name : "");
    mmap_unlock();
    *ev = (LoaderEvent) {
        .source = src, .link_map = img->header, .by_header = true,
        .load_bias = img->load_bias, .dynamic_addr = img->dynamic_addr,
        .name = name,
    };
    describe(ev, img);
}

/*
 * The header begins one of the mappings at or below.  Mapping by mapping,
 * because touching every page of a large library would cost more than all the
 * rest.
 */
bool loader_image_around(uint64_t addr, KztImage *img)
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

/* What the word at @addr will be when it is relocated; 0 if unknown. */
static uint64_t relocated_word(const KztDynamic *d, uint64_t addr)
{
    KztRela r[RELOCS];
    uint64_t word;

    for (uint64_t i = 0; i < d->rela.count; ) {
        size_t n = kzt_dynamic_relocs(d, &d->rela, i, r, RELOCS);

        for (size_t k = 0; k < n; k++) {
            if (r[k].offset + d->load_bias == addr) {
                /* R_X86_64_RELATIVE */
                return kzt_rela_type(&r[k]) == 8 ?
                       d->load_bias + r[k].addend : 0;
            }
        }
        if (!n) {
            return 0;
        }
        i += n;
    }
    if (!kzt_read_u64(d->memory, addr, &word)) {
        return 0;
    }
    return word >= d->start && word < d->end ? word : word + d->load_bias;
}

uint64_t loader_constructor(const KztImage *img)
{
    uint64_t at;
    KztDynamic d;

    kzt_dynamic_parse(&d, &loader_memory, img->dynamic_addr, img->load_bias,
                      img->start, img->end);
    at = d.init;
    if (!at && d.init_array.count) {
        at = relocated_word(&d, d.init_array.addr);
    }
    kzt_dynamic_free(&d);
    return at >= img->start && at < img->end ? at : 0;
}
