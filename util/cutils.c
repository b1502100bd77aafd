/*
 * Small helpers on strings and numbers; no state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include <ctype.h>

static bool parse_u64(const char *s, char **end, int base, uint64_t *val)
{
    char *e;
    unsigned long v;
    int saved = errno;

    if (!isxdigit((unsigned char)*s)) {
        return false;
    }
    errno = 0;
    v = strtoul(s, &e, base);
    if (errno || e == s || (!end && *e)) {
        errno = saved;
        return false;
    }
    errno = saved;
    if (end) {
        *end = e;
    }
    *val = v;
    return true;
}

bool qemu_strtou64(const char *s, char **end, uint64_t *val)
{
    return isdigit((unsigned char)*s) && parse_u64(s, end, 0, val);
}

bool qemu_strtou64_hex(const char *s, char **end, uint64_t *val)
{
    return parse_u64(s, end, 16, val);
}

bool qemu_strtosz(const char *s, uint64_t *val)
{
    char *end;
    uint64_t v;
    int shift;

    if (!qemu_strtou64(s, &end, &v)) {
        return false;
    }
    switch (*end) {
    case 0:
        *val = v;
        return true;
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
        break;
    default:
        return false;
    }
    if (end[1] || v > UINT64_MAX >> shift) {
        return false;
    }
    *val = v << shift;
    return true;
}

uint64_t qemu_random_step(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

bool qemu_strtobool(const char *s, bool *val)
{
    static const char names[][2][6] = {
        { "on", "off" }, { "yes", "no" }, { "true", "false" }, { "1", "0" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(s, names[i][0]) || !strcmp(s, names[i][1])) {
            *val = !strcmp(s, names[i][0]);
            return true;
        }
    }
    return false;
}

static void *check_alloc(void *p)
{
    if (!p) {
        error_report("out of memory");
        exit(1);
    }
    return p;
}

void *xmalloc(size_t size)
{
    return check_alloc(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
    return check_alloc(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *ptr, size_t size)
{
    return check_alloc(realloc(ptr, size ? size : 1));
}

char *xstrdup(const char *s)
{
    return check_alloc(strdup(s));
}

char *xstrndup(const char *s, size_t len)
{
    return check_alloc(strndup(s, len));
}

static void strbuf_reserve(StrBuf *b, size_t extra)
{
    if (b->len + extra + 1 > b->size) {
        b->size = MAX(b->size * 2, b->len + extra + 1 + 256);
        b->str = xrealloc(b->str, b->size);
    }
}

void strbuf_printf(StrBuf *b, const char *fmt, ...)
{
    va_list ap;
    int len;

    strbuf_reserve(b, 0);
    va_start(ap, fmt);
    len = vsnprintf(b->str + b->len, b->size - b->len, fmt, ap);
    va_end(ap);
    if (len < 0) {
        return;
    }
    if ((size_t)len >= b->size - b->len) {
        strbuf_reserve(b, len);
        va_start(ap, fmt);
        vsnprintf(b->str + b->len, b->size - b->len, fmt, ap);
        va_end(ap);
    }
    b->len += len;
}

void strbuf_append(StrBuf *b, const char *data, size_t len)
{
    strbuf_reserve(b, len);
    memcpy(b->str + b->len, data, len);
    b->len += len;
    b->str[b->len] = 0;
}

int pread_full(int fd, void *buf, size_t len, uint64_t offset)
{
    char *p = buf;

    while (len) {
        ssize_t n = pread(fd, p, len, offset);

        if (n == 0) {
            return -EIO;
        }
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0) {
            p += n;
            offset += n;
            len -= n;
        }
    }
    return 0;
}
