/*
 * The command line after parsing: environment first, then the arguments.
 *
 * Fixed before the first guest instruction; read anywhere without a lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_OPTIONS_H
#define USER_OPTIONS_H

#include "qemu/osdep.h"

typedef struct UserOptions {
    const char *ld_prefix;      /* -L, or NULL */
    uint64_t stack_size;        /* -s, bytes; 0: see stack_reserve() */
    const char *cpu_model;      /* -cpu */
    const char *argv0;          /* -0, or NULL */
    const char *uname_release;  /* -r, or NULL */
    uint64_t reserved_va;       /* -R, accepted */
    uint64_t host_page;         /* QEMU_HOST_PAGESIZE or -p; 0 = the host's */
    bool strict_pages;          /* QEMU_STRICT_PAGES: see strict-pages.c */
    const char *log_file;       /* -D, or NULL */
    bool strace;                /* -strace or -d strace */
    bool one_insn_per_tb;
    bool have_seed;
    uint64_t seed;              /* -seed */
    size_t tb_size;             /* bytes; 0 = default */
    bool perfmap, jitdump;
    bool interp;                /* -accel interp */
    int tso;                    /* 0 off, 1 on, 2 auto */
    unsigned cold_runs;         /* -accel tcg,cold=N */
    bool binfmt;                /* the kernel runs x86-64 files with us, or did
                                   so for who executed this program */
    bool execve;                /* -execve: emulate what the guest executes */
} UserOptions;

extern UserOptions user_options;

/*
 * The options in force, spelled as a command line without program name and
 * program, NULL-terminated: what a re-executed emulator must be given so that
 * it behaves the same.  -0 and the environment edits (-E, -U) are left out.
 * The strings are borrowed; the array is static.
 */
char **options_for_reexec(int *count);

/* Host path of the emulator's own executable. */
const char *options_emulator_path(void);

#endif
