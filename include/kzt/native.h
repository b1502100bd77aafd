/*
 * The host side of a described library: is it there, where are its functions.
 *
 * Handles are opened once per library and never closed, because native code
 * may have left threads, exit handlers and pointers behind.  Any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_NATIVE_H
#define KZT_NATIVE_H

#include "kzt/library.h"

typedef struct KztNative KztNative;

/*
 * The host library for @lib, opened now if it has to be.  NULL when it cannot
 * be loaded: *why (may be NULL) becomes the reason, valid for ever.
 */
KztNative *kzt_native_open(const KztLibrary *lib, const char **why);

/*
 * Address of the host's @name, NULL if it exports none.  With @version that
 * version must exist if the host library has versions at all; a library
 * without versions on the host side answers by name alone.
 */
void *kzt_native_symbol(KztNative *n, const char *name, const char *version);

/*
 * Would kzt_native_symbol() find it?  Much faster, for looking at many.
 */
bool kzt_native_has(KztNative *n, const char *name, const char *version);

/* The path the host loader found, for reports. */
const char *kzt_native_path(const KztNative *n);

/* The library whose host object, opened here, holds @addr; or NULL. */
const KztLibrary *kzt_native_library_at(const void *addr);

/* Is @addr inside a host object that was opened here? */
bool kzt_native_owns(const void *addr);

#endif
