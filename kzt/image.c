/*
 * The program headers of a guest object in memory: its span, its RELRO range
 * and its dynamic section.  The interface is in kzt/dynamic.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/dynamic.h"
#include <elf.h>

#define PAGE       4096ull
#define MAX_PHDRS  64
#define TASK_END   0x7ffffffff000ull
#define MAX_SEARCH 65536            /* pages below the dynamic section */

static const char *check_header(const Elf64_Ehdr *eh)
{
    if (memcmp(eh->e_ident, ELFMAG, SELFMAG)) {
        return "no ELF header";
    }
    if (eh->e_ident[EI_CLASS] != ELFCLASS64 ||
        eh->e_ident[EI_DATA] != ELFDATA2LSB || eh->e_machine != EM_X86_64) {
        return "not for x86-64";
    }
    if (eh->e_type != ET_DYN && eh->e_type != ET_EXEC) {
        return "neither program nor library";
    }
    if (eh->e_phentsize != sizeof(Elf64_Phdr) || !eh->e_phnum ||
        eh->e_phnum > MAX_PHDRS) {
        return "odd program headers";
    }
    return NULL;
}

/* Span of the PT_LOADs in the object's own addresses; false: damaged. */
static bool load_span(const Elf64_Phdr *ph, unsigned n, uint64_t *lo,
                      uint64_t *hi, uint64_t *header_vaddr)
{
    bool have_header = false;

    *lo = UINT64_MAX;
    *hi = 0;
    for (unsigned i = 0; i < n; i++) {
        if (ph[i].p_type != PT_LOAD) {
            continue;
        }
        if (ph[i].p_vaddr >= TASK_END ||
            ph[i].p_memsz > TASK_END - ph[i].p_vaddr) {
            return false;
        }
        *lo = MIN(*lo, ph[i].p_vaddr & -PAGE);
        *hi = MAX(*hi, ROUND_UP(ph[i].p_vaddr + ph[i].p_memsz, PAGE));
        if (ph[i].p_offset == 0 && !have_header) {
            *header_vaddr = ph[i].p_vaddr;
            have_header = true;
        }
    }
    return *lo < *hi && have_header;
}

const char *kzt_image_read(KztImage *img, const KztMemory *m, uint64_t header)
{
    Elf64_Phdr ph[MAX_PHDRS];
    uint64_t lo, hi, header_vaddr = 0;
    const char *why;
    Elf64_Ehdr eh;

    *img = (KztImage) { .header = header };
    if (!kzt_read(m, header, &eh, sizeof(eh))) {
        return "unreadable ELF header";
    }
    why = check_header(&eh);
    if (why) {
        return why;
    }
    if (eh.e_phoff > TASK_END ||
        !kzt_read(m, header + eh.e_phoff, ph, eh.e_phnum * sizeof(*ph))) {
        return "unreadable program headers";
    }
    if (!load_span(ph, eh.e_phnum, &lo, &hi, &header_vaddr)) {
        return "odd PT_LOAD";
    }
    img->load_bias = header - header_vaddr;
    img->start = img->load_bias + lo;
    img->end = img->load_bias + hi;
    if (img->start >= img->end || img->end > TASK_END) {
        return "odd PT_LOAD";
    }
    img->entry = eh.e_entry ? eh.e_entry + img->load_bias : 0;
    img->phdr = header + eh.e_phoff;
    img->phnum = eh.e_phnum;
    img->type = eh.e_type;
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        uint64_t at = ph[i].p_vaddr + img->load_bias;

        switch (ph[i].p_type) {
        case PT_DYNAMIC:
            img->dynamic_addr = at;
            break;
        case PT_GNU_RELRO:
            if (at >= img->start && ph[i].p_memsz <= img->end - at &&
                at < img->end) {
                img->relro_start = at;
                img->relro_end = at + ph[i].p_memsz;
            }
            break;
        case PT_TLS:
            img->has_tls = true;
            break;
        case PT_INTERP:
            img->has_interp = true;
            break;
        }
    }
    return NULL;
}

static bool is_the_image(KztImage *img, const KztMemory *m, uint64_t header,
                         uint64_t dynamic_addr)
{
    return !kzt_image_read(img, m, header) &&
           img->dynamic_addr == dynamic_addr && dynamic_addr >= img->start &&
           dynamic_addr < img->end;
}

const char *kzt_image_find(KztImage *img, const KztMemory *m,
                           uint64_t dynamic_addr, uint64_t load_bias)
{
    uint64_t page = dynamic_addr & -PAGE;
    uint32_t magic;

    if (load_bias && is_the_image(img, m, load_bias, dynamic_addr)) {
        return NULL;
    }
    for (unsigned i = 0; i < MAX_SEARCH && page; i++, page -= PAGE) {
        if (!kzt_read(m, page, &magic, sizeof(magic))) {
            break;
        }
        if (!memcmp(&magic, ELFMAG, SELFMAG) &&
            is_the_image(img, m, page, dynamic_addr)) {
            return NULL;
        }
    }
    *img = (KztImage) { 0 };
    return "no ELF header for this dynamic section";
}
