/*
 * Headers of an ELF file, checked.
 *
 * Pure: works on bytes, no system calls, no globals.  Every field of the file
 * is untrusted; what elf_parse() accepts can be used without further checks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_ELFFILE_H
#define LINUX_USER_ELFFILE_H

#include "qemu/osdep.h"
#include <elf.h>

/* As in the kernel: program headers fill at most 64 KiB. */
#define ELF_MAX_PHDR_BYTES 65536

typedef struct ElfSegment {
    uint64_t vaddr, memsz;      /* memsz > 0, vaddr + memsz does not wrap */
    uint64_t offset, filesz;    /* inside the file; filesz <= memsz */
    uint64_t align;
    uint32_t flags;             /* PF_* */
} ElfSegment;

typedef struct ElfFile {
    uint16_t type;              /* ET_EXEC or ET_DYN */
    uint64_t entry;
    uint64_t phoff;
    uint32_t phnum;
    ElfSegment *segs;           /* PT_LOAD with memory, in file order */
    unsigned nsegs;
    uint64_t lo, hi;            /* page-rounded bounds of all segments */
    uint64_t max_align;         /* largest power of two asked for, >= 4096 */
    uint64_t phdr_vaddr;        /* where the headers will be, 0 if nowhere */
    uint64_t interp_offset;     /* PT_INTERP: string with its NUL */
    uint32_t interp_size;       /* 0 = no interpreter */
    bool exec_stack;            /* PT_GNU_STACK with PF_X */
} ElfFile;

/* Is it an ELF file at all (of whatever machine)? */
bool elf_is_elf(const void *buf, size_t len);

/* Is the ELF header one of an x86-64 program or library? */
bool elf_is_guest(const void *buf, size_t len);

/*
 * Check the ELF header in the first @len bytes of a file of @file_size bytes.
 * *phoff and *phbytes say where the program headers are.  NULL, or what is
 * wrong.
 */
const char *elf_check_header(const void *buf, size_t len, uint64_t file_size,
                             uint64_t *phoff, uint32_t *phbytes);

/*
 * Parse a header that elf_check_header() accepted, with the program headers
 * (@phbytes of them at @phdrs).  @max_addr: end of user space.  NULL on
 * success: *ef is filled and owns segs; else what is wrong.
 */
const char *elf_parse(const void *header, const void *phdrs, uint32_t phbytes,
                      uint64_t file_size, uint64_t max_addr, ElfFile *ef);
void elf_file_free(ElfFile *ef);

#endif
