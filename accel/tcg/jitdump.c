/*
 * `-jitdump`: jit-PID.dump in the current directory, with the code itself, for
 * `perf inject --jit`.  The format is the one of the kernel's
 * tools/perf/Documentation/jitdump-specification.txt; perf finds the file
 * because its first page is mapped executable.
 *
 * Locking: engine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "qemu/log.h"
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

typedef struct JitHeader {
    uint32_t magic, version, total_size, elf_machine;
    uint32_t pad, pid;
    uint64_t timestamp, flags;
} JitHeader;

typedef struct JitCodeLoad {
    uint32_t id, total_size;
    uint64_t timestamp;
    uint32_t pid, tid;
    uint64_t vma, code_addr, code_size, code_index;
} JitCodeLoad;

enum { JIT_MAGIC = 0x4a695444, JIT_CODE_LOAD = 0 };

#if defined(__x86_64__)
#define HOST_ELF_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define HOST_ELF_MACHINE EM_AARCH64
#elif defined(__riscv)
#define HOST_ELF_MACHINE EM_RISCV
#else
#define HOST_ELF_MACHINE 258    /* LoongArch */
#endif

static FILE *file;
static void *marker = MAP_FAILED;
static uint64_t index_nr;

static uint64_t stamp(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void jitdump_init(void)
{
    JitHeader h = {
        .magic = JIT_MAGIC, .version = 1, .total_size = sizeof(h),
        .elf_machine = HOST_ELF_MACHINE, .pid = getpid(), .timestamp = stamp(),
    };
    char path[64];

    snprintf(path, sizeof(path), "jit-%d.dump", (int)getpid());
    file = fopen(path, "w+e");
    if (!file) {
        error_report("cannot write %s: %s", path, strerror(errno));
        engine.cfg.jitdump = false;
        return;
    }
    fwrite(&h, sizeof(h), 1, file);
    fflush(file);
    marker = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_EXEC,
                  MAP_PRIVATE, fileno(file), 0);
}

void jitdump_unit(const TB *tb)
{
    char name[256];
    JitCodeLoad r = {
        .id = JIT_CODE_LOAD, .timestamp = stamp(), .pid = getpid(),
        .tid = syscall(SYS_gettid), .vma = (uintptr_t)tb->code,
        .code_addr = (uintptr_t)tb->code, .code_size = tb->code_size,
        .code_index = index_nr++,
    };

    if (!file) {
        return;
    }
    perfmap_name(tb, name, sizeof(name));
    r.total_size = sizeof(r) + strlen(name) + 1 + tb->code_size;
    fwrite(&r, sizeof(r), 1, file);
    fwrite(name, strlen(name) + 1, 1, file);
    fwrite(tb->code, tb->code_size, 1, file);
    fflush(file);
}

void jitdump_forked(void)
{
    if (file) {
        fclose(file);
        if (marker != MAP_FAILED) {
            munmap(marker, sysconf(_SC_PAGESIZE));
        }
        jitdump_init();
    }
}
