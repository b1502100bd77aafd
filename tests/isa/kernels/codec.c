/*
 * Codecs and text: compression, error correction, encodings, search.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kernels.h"
#include <stdio.h>

#define LEN 8192

static uint8_t text[LEN + 64];

/* Words from a small vocabulary. */
static void make_text(uint64_t seed)
{
    static const char *const words[] = {
        "the ", "quick ", "brown ", "fox ", "jumps ", "over ", "a ", "lazy ",
        "dog, ", "and ", "then ", "some ", "more\n", "emulated ", "code ",
        "runs. ",
    };
    size_t at = 0;

    seed = seed * 2 + 1;
    while (at < LEN) {
        const char *w = words[next_random(&seed) >> 60];

        memcpy(text + at, w, strlen(w));
        at += strlen(w);
    }
}

static uint64_t base64(unsigned n)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                              "uvwxyz0123456789+/";
    static uint8_t out[LEN / 3 * 4], back[LEN], dec[256];
    uint64_t h = 1;

    for (unsigned i = 0; i < 64; i++) {
        dec[(uint8_t)set[i]] = i;
    }
    for (unsigned k = 0; k < 4 * n; k++) {
        fill_bytes(text, LEN, k);
        for (unsigned i = 0; i < LEN / 3; i++) {
            uint32_t v = text[3 * i] << 16 | text[3 * i + 1] << 8 |
                         text[3 * i + 2];

            for (unsigned j = 0; j < 4; j++) {
                out[4 * i + j] = set[v >> (18 - 6 * j) & 63];
            }
        }
        for (unsigned i = 0; i < LEN / 3; i++) {
            uint32_t v = 0;

            for (unsigned j = 0; j < 4; j++) {
                v = v << 6 | dec[out[4 * i + j]];
            }
            back[3 * i] = v >> 16;
            back[3 * i + 1] = v >> 8;
            back[3 * i + 2] = v;
        }
        h = fold(fold(h, out, sizeof(out)), back, LEN / 3 * 3);
    }
    return h;
}

static uint64_t utf8(unsigned n)
{
    static uint32_t points[LEN];
    unsigned good = 0, bad = 0;

    for (unsigned k = 0; k < 4 * n; k++) {
        fill_bytes(text, LEN + 8, k);
        for (unsigned i = 0; i < LEN;) {
            uint8_t b = text[i++];
            unsigned more = b < 0x80 ? 0 : b < 0xc2 ? 9 : b < 0xe0 ? 1 :
                            b < 0xf0 ? 2 : b < 0xf5 ? 3 : 9;
            uint32_t v = more ? b & (0x3f >> more) : b;

            if (more == 9) {
                bad++;
                continue;
            }
            while (more && (text[i] & 0xc0) == 0x80) {
                v = v << 6 | (text[i++] & 0x3f);
                more--;
            }
            if (more || v > 0x10ffff || (v & 0xfffff800) == 0xd800) {
                bad++;
            } else {
                points[good++ % LEN] = v;
            }
        }
    }
    return fold(good * 65536ull + bad, points, sizeof(points));
}

static uint64_t lz(unsigned n)
{
    static uint8_t out[2 * LEN], back[LEN + 300];
    static uint16_t heads[4096];
    uint64_t h = 1;

    for (unsigned k = 0; k < 2 * n; k++) {
        size_t o = 0, b = 0;

        make_text(k + 3);
        memset(heads, 0xff, sizeof(heads));
        for (size_t i = 0; i < LEN;) {
            uint32_t v;
            unsigned key, len = 0, from;

            memcpy(&v, text + i, 4);
            key = v * 2654435761u >> 20;
            from = heads[key];
            heads[key] = i;
            if (from < i) {
                while (len < 255 && i + len < LEN &&
                       text[from + len] == text[i + len]) {
                    len++;
                }
            }
            if (len >= 4) {
                out[o++] = len;
                out[o++] = (i - from) & 255;
                out[o++] = (i - from) >> 8;
                i += len;
            } else {
                out[o++] = 0;
                out[o++] = text[i++];
            }
        }
        for (size_t i = 0; i < o;) {
            unsigned len = out[i++];

            if (!len) {
                back[b++] = out[i++];
            } else {
                unsigned dist = out[i] | out[i + 1] << 8;

                i += 2;
                while (len--) {
                    back[b] = back[b - dist];
                    b++;
                }
            }
        }
        h = fold(fold(h, out, o), back, b) + !memcmp(back, text, LEN);
    }
    return h;
}

static uint64_t huffman(unsigned n)
{
    uint64_t h = 1;

    for (unsigned k = 0; k < 2 * n; k++) {
        uint32_t weight[512] = { 0 };
        uint16_t parent[512] = { 0 }, nodes = 256;
        uint8_t out[LEN];
        uint64_t acc = 0, bits = 0, o = 0;

        make_text(k + 9);
        for (unsigned i = 0; i < LEN; i++) {
            weight[text[i]]++;
        }
        for (;;) {
            unsigned a = 0, b = 0;

            for (unsigned i = 0; i < nodes; i++) {
                if (!weight[i] || parent[i]) {
                    continue;
                }
                if (!a || weight[i] < weight[a]) {
                    b = a;
                    a = i;
                } else if (!b || weight[i] < weight[b]) {
                    b = i;
                }
            }
            if (!b) {
                break;
            }
            weight[nodes] = weight[a] + weight[b];
            parent[a] = nodes;
            parent[b] = nodes | 0x8000;
            nodes++;
        }
        for (unsigned i = 0; i < LEN; i++) {
            for (unsigned p = text[i]; parent[p]; p = parent[p] & 0x7fff) {
                acc = acc << 1 | parent[p] >> 15;
                if (++bits % 8 == 0) {
                    out[o++] = acc;
                }
            }
        }
        h = fold(fold(h, out, o), &bits, 8);
    }
    return h;
}

static uint64_t arithmetic(unsigned n)
{
    static uint16_t prob[256][256];
    uint32_t lo = 0, hi = ~0u;
    uint64_t h = 1, out = 0;

    for (unsigned i = 0; i < 256; i++) {
        for (unsigned j = 0; j < 256; j++) {
            prob[i][j] = 2048;
        }
    }
    for (unsigned k = 0; k < n; k++) {
        make_text(k + 11);
        for (unsigned i = 1; i < LEN; i++) {
            unsigned node = 1;

            for (unsigned b = 8; b--;) {
                uint16_t *p = &prob[text[i - 1]][node];
                uint32_t mid = lo + (uint32_t)(((uint64_t)(hi - lo) * *p) >>
                                               12);
                unsigned bit = text[i] >> b & 1;

                if (bit) {
                    hi = mid;
                    *p += (4096 - *p) >> 5;
                } else {
                    lo = mid + 1;
                    *p -= *p >> 5;
                }
                node = node * 2 + bit;
                while (!((lo ^ hi) >> 24)) {
                    h = h * 31 + (hi >> 24);
                    out++;
                    lo <<= 8;
                    hi = hi << 8 | 255;
                }
            }
        }
    }
    return fold(h, &out, 8);
}

static uint8_t gf_log[256], gf_exp[512];

/* Parity of a Reed-Solomon code, 32 bytes for 223. */
static uint64_t reed_solomon(unsigned n)
{
    uint8_t gen[33] = { 1 };
    uint64_t h = 1;

    for (unsigned i = 0, x = 1; i < 255; i++) {
        gf_exp[i] = gf_exp[i + 255] = x;
        gf_log[x] = i;
        x = x << 1 ^ (x & 0x80 ? 0x11d : 0);
    }
    for (unsigned i = 0; i < 32; i++) {
        for (unsigned j = i + 1; j; j--) {
            gen[j] = gen[j - 1] ^
                     (gen[j] ? gf_exp[gf_log[gen[j]] + i] : 0);
        }
        gen[0] = gf_exp[gf_log[gen[0]] + i];
    }
    for (unsigned k = 0; k < 20 * n; k++) {
        uint8_t par[33] = { 0 };

        fill_bytes(text, 223, k);
        for (unsigned i = 0; i < 223; i++) {
            uint8_t f = text[i] ^ par[31];

            for (unsigned j = 31; j; j--) {
                par[j] = par[j - 1] ^
                         (f && gen[j] ? gf_exp[gf_log[f] + gf_log[gen[j]]]
                                      : 0);
            }
            par[0] = f ? gf_exp[gf_log[f] + gf_log[gen[0]]] : 0;
        }
        h = fold(h, par, 32);
    }
    return h;
}

static uint64_t viterbi(unsigned n)
{
    static uint8_t from[1024][64];
    uint16_t cost[64] = { 0 };

    fill_bytes(text, 2048, 17);
    for (unsigned k = 0; k < 1024 * n; k++) {
        uint16_t next[64];

        for (unsigned s = 0; s < 64; s++) {
            unsigned p0 = s >> 1, p1 = s >> 1 | 32;
            unsigned e = __builtin_popcount(s & 0x2d) & 1 ? 255 : 0;
            unsigned d = abs((int)e - text[2 * (k % 1024)]);
            unsigned c0 = cost[p0] + d, c1 = cost[p1] + 255 - d;

            from[k % 1024][s] = c1 < c0;
            next[s] = c1 < c0 ? c1 : c0;
        }
        for (unsigned s = 0; s < 64; s++) {
            cost[s] = next[s] - (next[0] > 20000 ? 10000 : 0);
        }
    }
    return fold(fold(1, from, sizeof(from)), cost, sizeof(cost));
}

static uint64_t levenshtein(unsigned n)
{
    uint16_t row[513];

    make_text(19);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned j = 0; j <= 512; j++) {
            row[j] = j;
        }
        for (unsigned i = 1; i <= 512; i++) {
            uint16_t diag = row[0];

            row[0] = i;
            for (unsigned j = 1; j <= 512; j++) {
                uint16_t v = diag + (text[i + 40 * k] != text[3000 + j]);

                diag = row[j];
                v = v < row[j] + 1 ? v : row[j] + 1;
                row[j] = v < row[j - 1] + 1 ? v : row[j - 1] + 1;
            }
        }
    }
    return fold(1, row, sizeof(row));
}

/* The C library's string functions. */
static uint64_t strings(unsigned n)
{
    uint64_t h = 1;

    for (unsigned k = 0; k < n; k++) {
        char *s = (char *)text, *p = s, word[16];

        make_text(k + 23);
        text[LEN] = 0;
        h = h * 31 + strlen(s);
        while ((p = strchr(p, 'e'))) {
            h = h * 31 + (p++ - s);
        }
        p = s;
        while ((p = strstr(p, "code runs"))) {
            h = h * 31 + (p++ - s);
        }
        h = h * 31 + strcspn(s + 3, ".,") + strspn(s, "thequick brown");
        for (char *q = s; (p = memchr(q, ' ', LEN - (q - s)));) {
            size_t len = p - q < 15 ? p - q : 15;

            strncpy(word, q, len);
            word[len] = 0;
            h = h * 31 + (strcmp(word, "lazy") > 0) + 2 * !strcmp(word, "fox");
            q = p + 1;
        }
        h = h * 31 + (memcmp(s, s + 100, 50) > 0);
        memmove(s + 7, s, 4000);
        h = fold(h, memrchr(s, 'z', 4000) ?: "none", 4);
        h = fold(h, s, LEN);
    }
    return h;
}

/* Numbers to text and back. */
static uint64_t numbers(unsigned n)
{
    static double d[64];
    uint64_t h = 1;

    for (unsigned k = 0; k < n; k++) {
        fill_double(d, 64, k + 29);
        for (unsigned i = 0; i < 64; i++) {
            char buf[80];
            double v = ldexp(d[i], (int)(i * 13) - 400), w;

            h = fold(h, buf, snprintf(buf, sizeof(buf), "%.17g %a %.3f %ld",
                                      v, v, d[i] * 1e6, lrint(d[i] * 1e9)));
            w = strtod(buf, NULL);
            h = h * 31 + (w == v) + (strtof(buf, NULL) == (float)v);
        }
    }
    return h;
}

static uint64_t varint(unsigned n)
{
    static uint8_t buf[5 * 1024];
    uint64_t h = 1, seed = 31;

    for (unsigned k = 0; k < 4 * n; k++) {
        uint8_t *p = buf;
        uint32_t prev = 0, sum = 0;

        for (unsigned i = 0; i < 1024; i++) {
            uint64_t r = next_random(&seed);
            uint32_t v = prev + (r >> 32 >> (r & 31)), d = v - prev;

            for (prev = v; d >= 128; d >>= 7) {
                *p++ = d | 128;
            }
            *p++ = d;
        }
        for (uint8_t *q = buf; q < p;) {
            uint32_t v = 0;
            unsigned s = 0;

            do {
                v |= (*q & 127u) << s;
                s += 7;
            } while (*q++ & 128);
            sum = sum * 3 + v;
        }
        h = fold(fold(h, buf, p - buf), &sum, 4);
    }
    return h;
}

const Kernel kernels_codec[] = {
    { "base64", base64 }, { "utf8", utf8 }, { "lz", lz },
    { "huffman", huffman }, { "arithmetic", arithmetic },
    { "reed-solomon", reed_solomon }, { "viterbi", viterbi },
    { "levenshtein", levenshtein }, { "strings", strings },
    { "numbers", numbers }, { "varint", varint }, { NULL, NULL },
};
