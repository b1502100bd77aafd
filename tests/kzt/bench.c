/*
 * What pass-through costs: one measurement a run, in nanoseconds of CPU time
 * for one unit of work.  Run natively and in the emulator by bench.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzttest.h"
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pixman.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define SIZE (4 << 20)

static uint8_t *text, *out;

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static int plus(int v)
{
    return v + 3;
}

static int own(int v) __attribute__((noinline, noclone));
static int own(int v)
{
    __asm__ volatile("" : "+r" (v));
    return v - 1;
}

static double do_call(void)
{
    int v = 0;

    for (int i = 0; i < 1000000; i++) {
        v = kt_i32(v);
    }
    return v == -1000000 ? 1e6 : 0;
}

static double do_own(void)
{
    int v = 0;

    for (int i = 0; i < 1000000; i++) {
        v = own(v);
    }
    return v == -1000000 ? 1e6 : 0;
}

static double do_callback(void)
{
    return kt_repeat(plus, 1000000) == 3000000 ? 1e6 : 0;
}

static double do_struct(void)
{
    KtPoint p = { 1, 2 };

    for (int i = 0; i < 1000000; i++) {
        p = kt_point(p, 1);
    }
    return p.x == 1 ? 1e6 : 0;
}

static double do_deflate(void)
{
    uLongf n = SIZE + 1000;

    return compress2(out, &n, text, SIZE, 6) == Z_OK ? SIZE : 0;
}

static double do_inflate(void)
{
    static uLongf packed;
    uLongf n = SIZE;

    if (!packed) {
        packed = SIZE;
        compress2(out, &packed, text, SIZE, 6);
    }
    return uncompress(text, &n, out, packed) == Z_OK ? SIZE : 0;
}

static double do_sha256(void)
{
    unsigned char md[32];

    SHA256(text, SIZE, md);
    return SIZE;
}

/* As a program does it: in pieces. */
static double do_evp(void)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    unsigned char md[64];
    unsigned n;

    EVP_DigestInit_ex(c, EVP_sha256(), NULL);
    for (int i = 0; i < SIZE; i += 4096) {
        EVP_DigestUpdate(c, text + i, 4096);
    }
    EVP_DigestFinal_ex(c, md, &n);
    EVP_MD_CTX_free(c);
    return SIZE;
}

static double do_composite(void)
{
    pixman_image_t *src, *dst;

    src = pixman_image_create_bits(PIXMAN_a8r8g8b8, 512, 512,
                                   (uint32_t *)text, 2048);
    dst = pixman_image_create_bits(PIXMAN_a8r8g8b8, 512, 512,
                                   (uint32_t *)out, 2048);
    for (int i = 0; i < 40; i++) {
        pixman_image_composite32(PIXMAN_OP_OVER, src, NULL, dst, 0, 0, 0, 0,
                                 i, i, 480, 480);
    }
    pixman_image_unref(src);
    pixman_image_unref(dst);
    return 40 * 480 * 480.;
}

static const struct {
    const char *name;
    double (*fn)(void);
} rows[] = {
    { "own", do_own }, { "call", do_call }, { "callback", do_callback },
    { "struct", do_struct }, { "deflate", do_deflate },
    { "inflate", do_inflate }, { "sha256", do_sha256 }, { "evp", do_evp },
    { "composite", do_composite },
};

int main(int argc, char **argv)
{
    text = malloc(SIZE);
    out = malloc(SIZE + 100000);
    memset(out, 1, SIZE + 100000);
    for (int i = 0; i < SIZE; i++) {
        text[i] = "the quick brown fox "[i * (i >> 9) % 20] + (i % 97 == 0);
    }
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double best = 1e99;

        if (strcmp(argv[1], rows[i].name)) {
            continue;
        }
        for (int round = 0; round < 6; round++) {
            double t = now(), units = rows[i].fn();

            if (!units) {
                return 1;
            }
            t = (now() - t) / units;
            best = t < best ? t : best;
        }
        printf("%.4f\n", best);
        return 0;
    }
    return 2;
}
