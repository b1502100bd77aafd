/*
 * /proc/self/maps and smaps as the guest must see them, made from the guest
 * page table.
 *
 * Locking: the mmap lock for the length of a walk.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "linux-user/mmap-internal.h"
#include <sys/mman.h>
#include <sys/sysmacros.h>

#define VSYSCALL_START 0xffffffffff600000ull

static void describe(const GuestRegion *r, GuestMapping *m)
{
    m->start = r->node.start;
    m->end = r->node.end;
    m->offset = r->i.file ? r->i.offset : 0;
    m->dev = r->i.file ? r->i.file->dev : 0;
    m->ino = r->i.file ? r->i.file->ino : 0;
    m->prot = r->i.flags & (PAGE_READ | PAGE_WRITE | PAGE_EXEC);
    m->shared = r->i.flags & PAGE_SHARED;
    m->growsdown = r->i.attr & REGION_GROWSDOWN;
    m->locked = r->i.attr & REGION_LOCKED;
    m->dontdump = r->i.attr & REGION_DONTDUMP;
    m->name = r->i.name ? r->i.name : r->i.file ? r->i.file->path :
              m->shared ? "/dev/zero (deleted)" : "";
}

int mmap_walk(int (*fn)(const GuestMapping *m, void *opaque), void *opaque)
{
    GuestMapping m;
    GuestRegion *r;
    int ret = 0;

    mmap_lock();
    for (r = region_first_after(0); r && ret == 0; r = region_next(r)) {
        describe(r, &m);
        ret = fn(&m, opaque);
    }
    mmap_unlock();
    return ret;
}

bool mmap_find(uint64_t addr, GuestMapping *m)
{
    GuestRegion *r;

    mmap_lock();
    r = region_find(addr);
    if (r) {
        describe(r, m);
    }
    mmap_unlock();
    return r != NULL;
}

static void print_head(StrBuf *b, const GuestMapping *m)
{
    size_t begin = b->len;

    strbuf_printf(b, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64
                  " %02x:%02x %" PRIu64 " ", m->start, m->end,
                  m->prot & PAGE_READ ? 'r' : '-',
                  m->prot & PAGE_WRITE ? 'w' : '-',
                  m->prot & PAGE_EXEC ? 'x' : '-', m->shared ? 's' : 'p',
                  m->offset, major(m->dev), minor(m->dev), m->ino);
    if (m->name[0]) {
        const char *p;

        /* Names start in column 73; newlines are spelled as octal. */
        while (b->len - begin < 73) {
            strbuf_append(b, " ", 1);
        }
        for (p = m->name; *p; p++) {
            if (*p == '\n') {
                strbuf_append(b, "\\012", 4);
            } else {
                strbuf_append(b, p, 1);
            }
        }
    }
    strbuf_append(b, "\n", 1);
}

static const GuestMapping vsyscall_mapping = {
    .start = VSYSCALL_START, .end = VSYSCALL_START + TARGET_PAGE_SIZE,
    .prot = PAGE_EXEC, .name = "[vsyscall]",
};

static int add_maps(const GuestMapping *m, void *opaque)
{
    print_head(opaque, m);
    return 0;
}

int maps_generate(char **buf, size_t *len)
{
    StrBuf b = { 0 };

    mmap_walk(add_maps, &b);
    add_maps(&vsyscall_mapping, &b);
    *buf = b.str;
    *len = b.len;
    return 0;
}

/* Resident pages of a mapping, in bytes, from the host's mincore(). */
static uint64_t resident(const GuestMapping *m)
{
    unsigned char vec[1024];
    uint64_t at, count = 0;
    uint64_t end = ROUND_UP(m->end, host_page_size);

    for (at = m->start & -host_page_size; at < end;) {
        /* Room for 4 KiB pages: a host that is emulated itself counts those. */
        uint64_t len = MIN(end - at, sizeof(vec) * TARGET_PAGE_SIZE);
        uint64_t i;

        if (mincore((void *)(uintptr_t)at, len, vec) < 0) {
            break;
        }
        for (i = 0; i < len / host_page_size; i++) {
            count += vec[i] & 1;
        }
        at += len;
    }
    return MIN(count * host_page_size, m->end - m->start);
}

/* What smaps counts of one mapping, smaps_rollup of all; in KiB. */
typedef struct SmapsCounts {
    uint64_t rss, anon, locked;
} SmapsCounts;

static SmapsCounts smaps_count(const GuestMapping *m)
{
    SmapsCounts c = { 0 };

    /* Reservations of terabytes are not walked page by page. */
    if (m->prot && m->end - m->start < 1ull << 40) {
        c.rss = resident(m) / 1024;
    }
    c.anon = m->ino == 0 ? c.rss : 0;
    c.locked = m->locked ? c.rss : 0;
    return c;
}

static void print_counts(StrBuf *b, const SmapsCounts *c, bool rollup)
{
    uint64_t file = c->rss - c->anon;

    strbuf_printf(b, "Rss:            %8" PRIu64 " kB\n"
                  "Pss:            %8" PRIu64 " kB\n", c->rss, c->rss);
    if (rollup) {
        strbuf_printf(b, "Pss_Anon:       %8" PRIu64 " kB\n"
                      "Pss_File:       %8" PRIu64 " kB\n"
                      "Pss_Shmem:      %8u kB\n", c->anon, file, 0);
    }
    strbuf_printf(b, "Shared_Clean:   %8u kB\n"
                  "Shared_Dirty:   %8u kB\n"
                  "Private_Clean:  %8" PRIu64 " kB\n"
                  "Private_Dirty:  %8" PRIu64 " kB\n"
                  "Referenced:     %8" PRIu64 " kB\n"
                  "Anonymous:      %8" PRIu64 " kB\n",
                  0, 0, file, c->anon, c->rss, c->anon);
    strbuf_printf(b, "LazyFree:       %8u kB\n"
                  "AnonHugePages:  %8u kB\n"
                  "ShmemPmdMapped: %8u kB\n"
                  "FilePmdMapped:  %8u kB\n"
                  "Shared_Hugetlb: %8u kB\n"
                  "Private_Hugetlb:%8u kB\n"
                  "Swap:           %8u kB\n"
                  "SwapPss:        %8u kB\n"
                  "Locked:         %8" PRIu64 " kB\n",
                  0, 0, 0, 0, 0, 0, 0, 0, c->locked);
}

static int add_smaps(const GuestMapping *m, void *opaque)
{
    StrBuf *b = opaque;
    SmapsCounts c = smaps_count(m);

    print_head(b, m);
    strbuf_printf(b, "Size:           %8" PRIu64 " kB\n"
                  "KernelPageSize: %8u kB\n"
                  "MMUPageSize:    %8u kB\n", (m->end - m->start) / 1024,
                  GUEST_PAGE_SIZE / 1024, GUEST_PAGE_SIZE / 1024);
    print_counts(b, &c, false);
    strbuf_printf(b, "THPeligible:    %8u\n"
                  "VmFlags: %s%s%s%smr mw me %s%s%s\n", 0,
                  m->prot & PAGE_READ ? "rd " : "",
                  m->prot & PAGE_WRITE ? "wr " : "",
                  m->prot & PAGE_EXEC ? "ex " : "", m->shared ? "sh " : "",
                  m->growsdown ? "gd " : "", m->locked ? "lo " : "",
                  m->dontdump ? "dd " : "");
    return 0;
}

int smaps_generate(char **buf, size_t *len)
{
    StrBuf b = { 0 };

    mmap_walk(add_smaps, &b);
    *buf = b.str;
    *len = b.len;
    return 0;
}

typedef struct SmapsRollup {
    GuestMapping all;
    SmapsCounts sum;
} SmapsRollup;

static int add_rollup(const GuestMapping *m, void *opaque)
{
    SmapsRollup *r = opaque;
    SmapsCounts c = smaps_count(m);

    if (!r->all.end) {
        r->all.start = m->start;
    }
    r->all.end = m->end;
    r->sum.rss += c.rss;
    r->sum.anon += c.anon;
    r->sum.locked += c.locked;
    return 0;
}

int smaps_rollup_generate(char **buf, size_t *len)
{
    SmapsRollup r = { .all.name = "[rollup]" };
    StrBuf b = { 0 };

    mmap_walk(add_rollup, &r);
    print_head(&b, &r.all);
    print_counts(&b, &r.sum, true);
    *buf = b.str;
    *len = b.len;
    return 0;
}
