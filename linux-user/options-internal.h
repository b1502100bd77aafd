/*
 * The option parser, as main() drives it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_OPTIONS_INTERNAL_H
#define LINUX_USER_OPTIONS_INTERNAL_H

#include "qemu/osdep.h"

/* Before anything else; @name is the emulator's when /proc cannot tell. */
void options_init(const char *name);

/*
 * Who calls a set-uid program must not command its emulator, nor those of the
 * programs it executes: take the QEMU_ variables out of @envp, in place, as
 * the loaders of libcs do with theirs.
 */
void options_disarm_environment(char **envp);

/* Both print one line and exit when something is wrong. */
void options_parse_environment(void);
/* Returns the index of the program in @argv (argc when there is none). */
int options_parse_arguments(int argc, char **argv);

/*
 * The guest's environment: a new array with the edits of -E and -U applied to
 * @envp, whose strings it borrows.
 */
char **options_edit_environment(char **envp);

#endif
