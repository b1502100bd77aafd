/*
 * Loading the guest program, as main() drives it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_LOADER_H
#define LINUX_USER_LOADER_H

#include "target/i386/cpu.h"
#include "user/elfload.h"

/* A program to start. */
typedef struct LoadRequest {
    const char *path;       /* as typed */
    const char *execfn;     /* AT_EXECFN; NULL: the same as path */
    int fd;                 /* open file, or -1; closed by the loader */
    bool checked;           /* the kernel has checked permissions already */
    int argc;
    char **argv;            /* with argv[0] */
    char **envp;
} LoadRequest;

/*
 * Map the program and its interpreter, build the initial stack and fill
 * guest_image.  Failures print one line; the result is the exit status for
 * the emulator, 0 on success.  Called once, with the signal handlers in place.
 */
int loader_exec(const LoadRequest *req, CPUArchState *env);

/* The arguments of what runs in the end: a script's interpreter has more. */
typedef struct LoadArgs {
    int argc;
    char **argv;
} LoadArgs;

/*
 * The first half of loader_exec(): files into memory and into guest_image,
 * without stack and vDSO.
 */
int loader_map(const LoadRequest *req, LoadArgs *args);

/*
 * stack.c: reserve the main stack (0 or -errno), then fill it and set the
 * registers a new process starts with.
 */
int stack_reserve(uint64_t size);
int stack_build(const LoadRequest *req, int argc, char **argv,
                CPUArchState *env);

/* execfile.c: open and check the file of an executable.  fd or -errno. */
int exec_open(const char *path, bool checked);

#endif
