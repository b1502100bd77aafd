/*
 * Zstandard: one shot, streams, a dictionary, errors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define N 100000

static unsigned sum(const unsigned char *p, size_t n)
{
    unsigned s = 1;

    while (n--) {
        s = s * 31 + *p++;
    }
    return s;
}

int main(void)
{
    unsigned char *in = malloc(N), *back = malloc(N);
    size_t room = ZSTD_compressBound(N), n;
    unsigned char *out = malloc(room);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_DStream *d = ZSTD_createDStream();
    ZSTD_inBuffer src = { in, N, 0 };
    ZSTD_outBuffer dst = { out, room, 0 };

    for (unsigned i = 0; i < N; i++) {
        in[i] = i % 251 * (i >> 10);
    }
    for (int level = -5; level <= 19; level += 6) {
        n = ZSTD_compress(out, room, in, N, level);
        printf("%d %zu %u %llu %d\n", level, n, sum(out, n),
               ZSTD_getFrameContentSize(out, n),
               ZSTD_decompress(back, N, out, n) == N && !memcmp(in, back, N));
    }
    ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, 5);
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    while (src.pos < N) {
        src.size = src.pos + 7001 < N ? src.pos + 7001 : N;
        ZSTD_compressStream2(c, &dst, &src,
                             src.size == N ? ZSTD_e_end : ZSTD_e_continue);
    }
    printf("stream %zu %u\n", dst.pos, sum(out, dst.pos));
    src = (ZSTD_inBuffer) { out, dst.pos, 0 };
    dst = (ZSTD_outBuffer) { back, N, 0 };
    n = ZSTD_decompressStream(d, &dst, &src);
    printf("back %zu %zu %d\n", n, dst.pos, !memcmp(in, back, N));
    n = ZSTD_compress_usingDict(c, out, room, in + 500, 500, in, 1000, 3);
    printf("dictionary %zu %u\n", n, sum(out, n));
    n = ZSTD_decompress(back, N, in, N);
    printf("%d %s\n", !!ZSTD_isError(n), ZSTD_getErrorName(n));
    printf("%s %d\n", ZSTD_versionString(), ZSTD_maxCLevel());
    ZSTD_freeCCtx(c);
    ZSTD_freeDStream(d);
    return 0;
}
