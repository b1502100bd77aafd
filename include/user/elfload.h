/*
 * The guest program image: what the loader put into memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_ELFLOAD_H
#define USER_ELFLOAD_H

#include "qemu/osdep.h"

/* Written once by the loader before the first guest instruction (except by
 * prctl(PR_SET_MM), under the mmap lock), read anywhere. */
typedef struct ImageInfo {
    uint64_t load_bias;         /* of the program */
    uint64_t load_addr;         /* lowest mapped address of the program */
    uint64_t entry;             /* program entry point: AT_ENTRY */
    uint64_t start_pc;          /* first instruction (loader's, if any) */
    uint64_t interp_base;       /* AT_BASE: load bias of the interpreter */
    uint64_t interp_end;
    uint64_t phdr;              /* AT_PHDR: address of program headers */
    uint32_t phnum;
    uint64_t start_code, end_code;
    uint64_t start_data, end_data;
    uint64_t start_brk;
    uint64_t stack_base;        /* lowest address of the main stack */
    uint64_t stack_top;         /* exclusive end */
    uint64_t start_stack;       /* initial stack pointer */
    uint64_t arg_start, arg_end;
    uint64_t env_start, env_end;
    uint64_t auxv_addr;         /* guest address of the auxiliary vector */
    uint64_t auxv[64];          /* copy: pairs of type and value, AT_NULL too */
    unsigned auxv_words;
    uint64_t vdso_base, vdso_size;
    bool exec_stack;            /* PT_GNU_STACK asks for it */
    bool has_interp;
    char *filename;             /* as typed: AT_EXECFN */
    char *exe_path;             /* real path: /proc/self/exe, host view */
    char *interp_path;          /* guest path of PT_INTERP or NULL */
    char **argv;                /* what the guest got, NULL-terminated */
    int argc;
    char **envp;
} ImageInfo;

/* The running program. */
extern ImageInfo guest_image;

/*
 * Why a file cannot be run, as execve() would say it, without loading it:
 * 0, -ENOENT, -EACCES, -ENOEXEC (not ELF, not a script), -ELIBBAD ...
 * *kind says which loader takes it.  @fd: open file, or -1 to open @path.
 */
typedef enum ExecKind {
    EXEC_NONE,
    EXEC_GUEST_ELF,     /* x86-64 ELF executable: the emulator */
    EXEC_SCRIPT,        /* starts with #! */
    EXEC_OTHER_ELF,     /* ELF of another machine: the host kernel decides */
    EXEC_OTHER,         /* something else: binfmt_misc may know it */
} ExecKind;
int exec_classify(int fd, const char *path, ExecKind *kind);

/*
 * First line of a script: interpreter and optional single argument, as the
 * kernel splits them.  Buffers hold 256 bytes; arg[0] is 0 when absent.
 * Returns 0 or -ENOEXEC.
 */
int exec_parse_script(int fd, char interp[256], char arg[256]);

/* The synthesised guest vDSO: maps it, returns its base or 0. */
uint64_t vdso_map(uint64_t *size);
/* Address of the sigreturn-free symbols, for tests: 0 if unknown. */
uint64_t vdso_symbol(const char *name);

#endif
