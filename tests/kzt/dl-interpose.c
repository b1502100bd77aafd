/*
 * Guest of the dl API tests: functions of a described library that somebody
 * else provides.  The guest's loader decides who is called.  With PRELOAD, the
 * library that does so from outside.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#ifdef PRELOAD

int compress(Bytef *dest, uLongf *len, const Bytef *in, uLong n)
{
    int (*next)(Bytef *, uLongf *, const Bytef *, uLong) =
        (int (*)(Bytef *, uLongf *, const Bytef *, uLong))
        dlsym(RTLD_NEXT, "compress");

    printf("preloaded compress\n");
    return next(dest, len, in, n);
}

#else

static int calls;

#ifdef OWN_CRC32
/* zlib itself calls this one. */
uLong crc32(uLong crc, const Bytef *buf, uInt len)
{
    calls++;
    return buf ? 0x1234 : 0;
}
#endif

#ifdef OWN_COMBINE
/* This one is for callers only. */
uLong adler32_combine(uLong a, uLong b, z_off_t len)
{
    calls++;
    return 77;
}
#endif

int main(void)
{
    unsigned char in[1000] = "interposed", out[2000], back[1000];
    uLongf n = sizeof(out), m = sizeof(back);
    z_stream s = { 0 };
    Dl_info info;

    printf("compress %d", compress(out, &n, in, sizeof(in)));
    printf(" uncompress %d", uncompress(back, &m, out, n));
    printf(" same %d\n", m == sizeof(in) && !memcmp(in, back, m));
    printf("combine %lu\n", adler32_combine(1, 2, 3));
    printf("crc %lx\n", crc32(0, in, sizeof(in)));
    deflateInit2(&s, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    s.next_in = in;
    s.avail_in = sizeof(in);
    s.next_out = out;
    s.avail_out = sizeof(out);
    printf("gzip %d", deflate(&s, Z_FINISH));
    n = s.total_out;
    deflateEnd(&s);
    printf(" trailer %02x%02x%02x%02x\n", out[n - 8], out[n - 7], out[n - 6],
           out[n - 5]);
    printf("own calls %s\n", calls > 1 ? "from the library too" :
           calls ? "from here" : "none");
    dladdr(dlsym(RTLD_DEFAULT, "compress"), &info);
    printf("compress of %s\n", strrchr(info.dli_fname, '/') + 1);
    return 0;
}
#endif
