/*
 * Headers of an ELF file, checked.  See elffile.h.
 *
 * The checks are those of a Linux kernel plus what a mapping needs: nothing
 * may wrap, leave the file or leave user space.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/elffile.h"

#define PAGE 4096ull

bool elf_is_elf(const void *buf, size_t len)
{
    return len >= SELFMAG && !memcmp(buf, ELFMAG, SELFMAG);
}

bool elf_is_guest(const void *buf, size_t len)
{
    Elf64_Ehdr eh;

    if (!elf_is_elf(buf, len) || len < sizeof(eh)) {
        return false;
    }
    memcpy(&eh, buf, sizeof(eh));
    return eh.e_ident[EI_CLASS] == ELFCLASS64 &&
           eh.e_ident[EI_DATA] == ELFDATA2LSB && eh.e_machine == EM_X86_64 &&
           (eh.e_type == ET_EXEC || eh.e_type == ET_DYN);
}

const char *elf_check_header(const void *buf, size_t len, uint64_t file_size,
                             uint64_t *phoff, uint32_t *phbytes)
{
    Elf64_Ehdr eh;

    if (len < sizeof(eh)) {
        return "the file is shorter than an ELF header";
    }
    memcpy(&eh, buf, sizeof(eh));
    if (eh.e_ident[EI_CLASS] != ELFCLASS64) {
        return "not a 64-bit file";
    }
    if (eh.e_ident[EI_DATA] != ELFDATA2LSB) {
        return "not a little-endian file";
    }
    if (eh.e_machine != EM_X86_64) {
        return "not for x86-64";
    }
    if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN) {
        return "neither an executable nor a shared object";
    }
    if (eh.e_phentsize != sizeof(Elf64_Phdr)) {
        return "program headers of an unknown size";
    }
    if (eh.e_phnum == 0) {
        return "no program headers";
    }
    *phbytes = (uint32_t)eh.e_phnum * sizeof(Elf64_Phdr);
    if (*phbytes > ELF_MAX_PHDR_BYTES) {
        return "too many program headers";
    }
    *phoff = eh.e_phoff;
    if (eh.e_phoff > file_size || file_size - eh.e_phoff < *phbytes) {
        return "program headers outside the file";
    }
    return NULL;
}

static const char *check_load(const Elf64_Phdr *ph, uint64_t file_size,
                              uint64_t max_addr)
{
    if (ph->p_filesz > ph->p_memsz) {
        return "a segment is larger in the file than in memory";
    }
    if (ph->p_offset > file_size || ph->p_filesz > file_size - ph->p_offset) {
        return "a segment lies outside the file";
    }
    if (ph->p_vaddr > max_addr || ph->p_memsz > max_addr - ph->p_vaddr) {
        return "a segment lies outside user space";
    }
    if (ph->p_filesz && ((ph->p_vaddr - ph->p_offset) & (PAGE - 1))) {
        return "a segment's address and file offset do not match";
    }
    return NULL;
}

static void add_load(ElfFile *ef, const Elf64_Phdr *ph, const Elf64_Ehdr *eh)
{
    ElfSegment *s = &ef->segs[ef->nsegs++];
    uint64_t align = ph->p_align;

    s->vaddr = ph->p_vaddr;
    s->memsz = ph->p_memsz;
    s->offset = ph->p_offset;
    s->filesz = ph->p_filesz;
    s->align = align;
    s->flags = ph->p_flags;
    ef->lo = MIN(ef->lo, s->vaddr & ~(PAGE - 1));
    ef->hi = MAX(ef->hi, (s->vaddr + s->memsz + PAGE - 1) & ~(PAGE - 1));
    /* Beyond 1 GiB an alignment is damage, not a wish. */
    if (!(align & (align - 1)) && align <= 1ull << 30) {
        ef->max_align = MAX(ef->max_align, align);
    }
    if (!ef->phdr_vaddr && eh->e_phoff >= s->offset &&
        eh->e_phoff - s->offset < s->filesz) {
        ef->phdr_vaddr = eh->e_phoff - s->offset + s->vaddr;
    }
}

const char *elf_parse(const void *header, const void *phdrs, uint32_t phbytes,
                      uint64_t file_size, uint64_t max_addr, ElfFile *ef)
{
    const char *why = NULL;
    Elf64_Ehdr eh;
    uint32_t i;

    memcpy(&eh, header, sizeof(eh));
    memset(ef, 0, sizeof(*ef));
    ef->type = eh.e_type;
    ef->entry = eh.e_entry;
    ef->phoff = eh.e_phoff;
    ef->phnum = phbytes / sizeof(Elf64_Phdr);
    ef->lo = UINT64_MAX;
    ef->max_align = PAGE;
    ef->segs = calloc(ef->phnum, sizeof(*ef->segs));
    if (!ef->segs) {
        return "out of memory";
    }
    for (i = 0; i < ef->phnum && !why; i++) {
        Elf64_Phdr ph;

        memcpy(&ph, (const char *)phdrs + i * sizeof(ph), sizeof(ph));
        switch (ph.p_type) {
        case PT_LOAD:
            why = check_load(&ph, file_size, max_addr);
            if (!why && ph.p_memsz) {
                add_load(ef, &ph, &eh);
            }
            break;
        case PT_INTERP:
            if (ef->interp_size) {
                break;          /* the first one counts */
            }
            if (ph.p_filesz < 2 || ph.p_filesz > PATH_MAX ||
                ph.p_offset > file_size ||
                ph.p_filesz > file_size - ph.p_offset) {
                why = "a bad interpreter name";
                break;
            }
            ef->interp_offset = ph.p_offset;
            ef->interp_size = ph.p_filesz;
            break;
        case PT_GNU_STACK:
            ef->exec_stack = ph.p_flags & PF_X;
            break;
        }
    }
    if (!why && ef->nsegs == 0) {
        why = "nothing to load";
    }
    if (why) {
        elf_file_free(ef);
    }
    return why;
}

void elf_file_free(ElfFile *ef)
{
    free(ef->segs);
    ef->segs = NULL;
}
