/*
 * Small helpers on strings and numbers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QEMU_CUTILS_H
#define QEMU_CUTILS_H

#include "qemu/osdep.h"

/*
 * Parse an unsigned number: decimal, 0x hexadecimal or 0 octal.  No sign, no
 * leading space, no overflow.  *end (may be NULL: then nothing may follow)
 * points behind it.
 */
bool qemu_strtou64(const char *s, char **end, uint64_t *val);

/* The same for hexadecimal, with or without 0x. */
bool qemu_strtou64_hex(const char *s, char **end, uint64_t *val);

/* A size with an optional K, M or G suffix (any case), nothing after it. */
bool qemu_strtosz(const char *s, uint64_t *val);

/* "on", "yes", "true", "1" or "off", "no", "false", "0". */
bool qemu_strtobool(const char *s, bool *val);

/* The next number of a generator: for what is to be reproducible, not secret. */
uint64_t qemu_random_step(uint64_t *state);

/* malloc family that ends the process instead of returning NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

/* A string that grows; the text is NUL-terminated and owned by the user. */
typedef struct StrBuf {
    char *str;
    size_t len, size;
} StrBuf;
void strbuf_printf(StrBuf *b, const char *fmt, ...) QEMU_PRINTF(2, 3);
void strbuf_append(StrBuf *b, const char *data, size_t len);

/* pread() until @len bytes are there; 0, -errno, or -EIO at end of file. */
int pread_full(int fd, void *buf, size_t len, uint64_t offset);

#endif
