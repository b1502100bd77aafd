/*
 * Fuzz target: the ELF header parser and the #! line parser.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/elffile.h"
#include "user/elfload.h"
#include "user/mmap.h"
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char interp[256], arg[256];
    uint32_t bytes;
    uint64_t phoff;
    ElfFile ef;

    if (!elf_check_header(data, size, size, &phoff, &bytes) &&
        !elf_parse(data, data + phoff, bytes, size, TARGET_TASK_SIZE, &ef)) {
        elf_file_free(&ef);
    }
    if (fd < 0) {
        fd = memfd_create("fuzz", 0);
    }
    if (ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size) {
        exec_parse_script(fd, interp, arg);
    }
    return 0;
}
