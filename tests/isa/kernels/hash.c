/*
 * Hashes, checksums and ciphers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kernels.h"
#include <immintrin.h>

#define LEN 16384

static uint8_t data[LEN];

static uint32_t ror32(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

static uint64_t ror64(uint64_t v, unsigned n)
{
    return v >> n | v << (64 - n);
}

/* The fraction of a root, as the constants of SHA-2 are made. */
static uint64_t root_bits(unsigned prime, bool cube)
{
    long double r = cube ? cbrtl(prime) : sqrtl(prime);

    return (uint64_t)((r - floorl(r)) * 0x1p64L);
}

static unsigned nth_prime(unsigned n)
{
    unsigned p = 1;

    for (n++; n; n--) {
        bool prime;

        do {
            prime = true;
            p++;
            for (unsigned d = 2; d * d <= p && prime; d++) {
                prime = p % d;
            }
        } while (!prime);
    }
    return p;
}

static uint64_t sha256(unsigned n)
{
    uint32_t k[64], h[8];

    fill_bytes(data, LEN, 1);
    for (unsigned i = 0; i < 64; i++) {
        k[i] = root_bits(nth_prime(i), true) >> 32;
    }
    for (unsigned i = 0; i < 8; i++) {
        h[i] = root_bits(nth_prime(i), false) >> 32;
    }
    for (unsigned off = 0; off < n * LEN; off += 64) {
        uint32_t w[64], s[8];

        memcpy(w, data + off % LEN, 64);
        for (unsigned i = 0; i < 16; i++) {
            w[i] = __builtin_bswap32(w[i]);
        }
        for (unsigned i = 16; i < 64; i++) {
            uint32_t a = w[i - 15], b = w[i - 2];

            w[i] = w[i - 16] + w[i - 7] +
                   (ror32(a, 7) ^ ror32(a, 18) ^ a >> 3) +
                   (ror32(b, 17) ^ ror32(b, 19) ^ b >> 10);
        }
        memcpy(s, h, 32);
        for (unsigned i = 0; i < 64; i++) {
            uint32_t e = s[4], a = s[0];
            uint32_t t = s[7] + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) +
                         ((e & s[5]) ^ (~e & s[6])) + k[i] + w[i];
            uint32_t u = (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) +
                         ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

            memmove(s + 1, s, 28);
            s[4] += t;
            s[0] = t + u;
        }
        for (unsigned i = 0; i < 8; i++) {
            h[i] += s[i];
        }
    }
    return fold(1, h, 32);
}

static uint64_t sha512(unsigned n)
{
    uint64_t k[80], h[8];

    fill_bytes(data, LEN, 2);
    for (unsigned i = 0; i < 80; i++) {
        k[i] = root_bits(nth_prime(i), true);
    }
    for (unsigned i = 0; i < 8; i++) {
        h[i] = root_bits(nth_prime(i), false);
    }
    for (unsigned off = 0; off < n * LEN; off += 128) {
        uint64_t w[80], s[8];

        memcpy(w, data + off % LEN, 128);
        for (unsigned i = 16; i < 80; i++) {
            uint64_t a = w[i - 15], b = w[i - 2];

            w[i] = w[i - 16] + w[i - 7] +
                   (ror64(a, 1) ^ ror64(a, 8) ^ a >> 7) +
                   (ror64(b, 19) ^ ror64(b, 61) ^ b >> 6);
        }
        memcpy(s, h, 64);
        for (unsigned i = 0; i < 80; i++) {
            uint64_t e = s[4], a = s[0];
            uint64_t t = s[7] + (ror64(e, 14) ^ ror64(e, 18) ^ ror64(e, 41)) +
                         ((e & s[5]) ^ (~e & s[6])) + k[i] + w[i];
            uint64_t u = (ror64(a, 28) ^ ror64(a, 34) ^ ror64(a, 39)) +
                         ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

            memmove(s + 1, s, 56);
            s[4] += t;
            s[0] = t + u;
        }
        for (unsigned i = 0; i < 8; i++) {
            h[i] += s[i];
        }
    }
    return fold(1, h, 64);
}

static uint64_t md5(unsigned n)
{
    static const uint8_t rot[4][4] = {
        { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 },
        { 6, 10, 15, 21 },
    };
    uint32_t h[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    uint32_t k[64];

    fill_bytes(data, LEN, 3);
    for (unsigned i = 0; i < 64; i++) {
        k[i] = (uint32_t)floor(fabs(sin(i + 1)) * 0x1p32);
    }
    for (unsigned off = 0; off < n * LEN; off += 64) {
        uint32_t w[16], a = h[0], b = h[1], c = h[2], d = h[3];

        memcpy(w, data + off % LEN, 64);
        for (unsigned i = 0; i < 64; i++) {
            uint32_t f, g, t = d;

            switch (i / 16) {
            case 0: f = (b & c) | (~b & d); g = i; break;
            case 1: f = (d & b) | (~d & c); g = (5 * i + 1) & 15; break;
            case 2: f = b ^ c ^ d; g = (3 * i + 5) & 15; break;
            default: f = c ^ (b | ~d); g = (7 * i) & 15; break;
            }
            f += a + k[i] + w[g];
            d = c;
            c = b;
            b += ror32(f, 32 - rot[i / 16][i & 3]);
            a = t;
        }
        h[0] += a;
        h[1] += b;
        h[2] += c;
        h[3] += d;
    }
    return fold(1, h, 16);
}

static uint64_t crc32(unsigned n)
{
    static uint32_t t[8][256];
    uint32_t c = ~0u;

    fill_bytes(data, LEN, 4);
    for (unsigned i = 0; i < 256; i++) {
        t[0][i] = i;
        for (unsigned k = 0; k < 8; k++) {
            t[0][i] = t[0][i] >> 1 ^ (t[0][i] & 1 ? 0xedb88320 : 0);
        }
    }
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned k = 1; k < 8; k++) {
            t[k][i] = t[k - 1][i] >> 8 ^ t[0][t[k - 1][i] & 255];
        }
    }
    for (unsigned off = 0; off < 4 * n * LEN; off += 8) {
        uint64_t v;

        memcpy(&v, data + off % LEN, 8);
        v ^= c;
        c = 0;
        for (unsigned k = 0; k < 8; k++) {
            c ^= t[7 - k][v >> 8 * k & 255];
        }
    }
    return c;
}

static uint64_t crc32c(unsigned n)
{
    uint64_t c = ~0u;

    fill_bytes(data, LEN, 5);
    for (unsigned off = 0; off < 8 * n * LEN; off += 8) {
        uint64_t v;

        memcpy(&v, data + off % LEN, 8);
        c = _mm_crc32_u64(c, v);
    }
    return c;
}

static uint64_t adler(unsigned n)
{
    uint32_t a = 1, b = 0;

    fill_bytes(data, LEN, 6);
    for (unsigned k = 0; k < 4 * n; k++) {
        for (unsigned i = 0; i < LEN; i += 4096) {
            for (unsigned j = 0; j < 4096; j++) {
                a += data[i + j];
                b += a;
            }
            a %= 65521;
            b %= 65521;
        }
    }
    return b << 16 | a;
}

static uint64_t xxhash(unsigned n)
{
    const uint64_t p1 = 0x9e3779b185ebca87, p2 = 0xc2b2ae3d27d4eb4f;
    uint64_t v[4] = { p1 + p2, p2, 0, -p1 };

    fill_bytes(data, LEN, 7);
    for (unsigned off = 0; off < 8 * n * LEN; off += 32) {
        for (unsigned i = 0; i < 4; i++) {
            uint64_t w;

            memcpy(&w, data + off % LEN + 8 * i, 8);
            v[i] = ror64(v[i] + w * p2, 33) * p1;
        }
    }
    return fold(1, v, 32);
}

static uint64_t siphash(unsigned n)
{
    uint64_t v[4] = { 0x736f6d6570736575, 0x646f72616e646f6d,
                      0x6c7967656e657261, 0x7465646279746573 };

    fill_bytes(data, LEN, 8);
    for (unsigned off = 0; off < 2 * n * LEN; off += 8) {
        uint64_t m;

        memcpy(&m, data + off % LEN, 8);
        v[3] ^= m;
        for (unsigned r = 0; r < 2; r++) {
            v[0] += v[1];
            v[2] += v[3];
            v[1] = ror64(v[1], 51) ^ v[0];
            v[3] = ror64(v[3], 48) ^ v[2];
            v[0] = ror64(v[0], 32);
            v[2] += v[1];
            v[0] += v[3];
            v[1] = ror64(v[1], 47) ^ v[2];
            v[3] = ror64(v[3], 43) ^ v[0];
            v[2] = ror64(v[2], 32);
        }
        v[0] ^= m;
    }
    return fold(1, v, 32);
}

static uint8_t gf_mul(uint8_t a, uint8_t b)
{
    uint8_t r = 0;

    for (; b; b >>= 1) {
        r ^= b & 1 ? a : 0;
        a = a << 1 ^ (a & 0x80 ? 0x1b : 0);
    }
    return r;
}

static uint8_t sbox[256];

static void make_sbox(void)
{
    for (unsigned i = 0; i < 256; i++) {
        uint8_t inv = 0, s;

        for (unsigned j = 1; j < 256 && i; j++) {
            if (gf_mul(i, j) == 1) {
                inv = j;
                break;
            }
        }
        s = inv;
        for (unsigned k = 1; k < 5; k++) {
            s ^= inv << k | inv >> (8 - k);
        }
        sbox[i] = s ^ 0x63;
    }
}

/* AES by the book, byte by byte; round keys are any bytes. */
static uint64_t aes_bytes(unsigned n)
{
    uint8_t s[16] = { 0 }, keys[11][16];

    make_sbox();
    fill_bytes(keys, sizeof(keys), 9);
    for (unsigned k = 0; k < 300 * n; k++) {
        for (unsigned r = 0; r < 11; r++) {
            uint8_t t[16];

            for (unsigned i = 0; i < 16; i++) {
                t[i] = sbox[s[(i * 5) & 15] ^ keys[r][(i * 5) & 15]];
            }
            for (unsigned c = 0; c < 4; c++) {
                uint8_t *b = t + 4 * c, all = b[0] ^ b[1] ^ b[2] ^ b[3];

                for (unsigned i = 0; i < 4; i++) {
                    uint8_t x = b[i] ^ b[(i + 1) & 3];

                    s[4 * c + i] = b[i] ^ all ^ x << 1 ^ (x >> 7) * 0x1b;
                }
            }
        }
    }
    return fold(1, s, 16);
}

__attribute__((target("aes")))
static uint64_t aes_ni(unsigned n)
{
    __m128i s[4], keys[11];

    fill_bytes(keys, sizeof(keys), 9);
    fill_bytes(s, sizeof(s), 10);
    for (unsigned k = 0; k < 2000 * n; k++) {
        for (unsigned r = 0; r < 10; r++) {
            for (unsigned i = 0; i < 4; i++) {
                s[i] = k & 1 ? _mm_aesdec_si128(s[i], keys[r])
                             : _mm_aesenc_si128(s[i], keys[r]);
            }
        }
        for (unsigned i = 0; i < 4; i++) {
            s[i] = _mm_aesenclast_si128(s[i], _mm_aesimc_si128(keys[10]));
        }
    }
    return fold(1, s, sizeof(s));
}

__attribute__((target("pclmul")))
static uint64_t ghash(unsigned n)
{
    __m128i acc = _mm_setzero_si128(), h;

    fill_bytes(data, LEN, 11);
    fill_bytes(&h, 16, 12);
    for (unsigned off = 0; off < 2 * n * LEN; off += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(data + off % LEN));
        __m128i lo, hi, mid;

        x = _mm_xor_si128(x, acc);
        lo = _mm_clmulepi64_si128(x, h, 0x00);
        hi = _mm_clmulepi64_si128(x, h, 0x11);
        mid = _mm_xor_si128(_mm_clmulepi64_si128(x, h, 0x10),
                            _mm_clmulepi64_si128(x, h, 0x01));
        lo = _mm_xor_si128(lo, _mm_slli_si128(mid, 8));
        hi = _mm_xor_si128(hi, _mm_srli_si128(mid, 8));
        acc = _mm_xor_si128(hi, _mm_shuffle_epi32(lo, 0x4e));
    }
    return fold(1, &acc, 16);
}

static uint64_t chacha(unsigned n)
{
    uint32_t key[16], x[16];
    uint64_t h = 1;

    fill_bytes(key, sizeof(key), 13);
    for (unsigned k = 0; k < 300 * n; k++) {
        static const uint8_t q[8][4] = {
            { 0, 4, 8, 12 }, { 1, 5, 9, 13 }, { 2, 6, 10, 14 },
            { 3, 7, 11, 15 }, { 0, 5, 10, 15 }, { 1, 6, 11, 12 },
            { 2, 7, 8, 13 }, { 3, 4, 9, 14 },
        };

        key[12] = k;
        memcpy(x, key, 64);
        for (unsigned r = 0; r < 80; r++) {
            uint32_t *a = x + q[r & 7][0], *b = x + q[r & 7][1];
            uint32_t *c = x + q[r & 7][2], *d = x + q[r & 7][3];

            *a += *b;
            *d = ror32(*d ^ *a, 16);
            *c += *d;
            *b = ror32(*b ^ *c, 20);
            *a += *b;
            *d = ror32(*d ^ *a, 24);
            *c += *d;
            *b = ror32(*b ^ *c, 25);
        }
        for (unsigned i = 0; i < 16; i++) {
            x[i] += key[i];
        }
        h = fold(h, x, 64);
    }
    return h;
}

static uint64_t poly1305(unsigned n)
{
    const uint64_t mask = (1ull << 44) - 1;
    uint64_t r[3] = { 0xffc0fffffff, 0xfffffc0ffff, 0x00ffffffc0f };
    uint64_t h[3] = { 0 };

    fill_bytes(data, LEN, 14);
    for (unsigned off = 0; off < 2 * n * LEN; off += 16) {
        unsigned __int128 d[3];
        uint64_t t[2], c;

        memcpy(t, data + off % LEN, 16);
        h[0] += t[0] & mask;
        h[1] += (t[0] >> 44 | t[1] << 20) & mask;
        h[2] += t[1] >> 24 | 1ull << 40;
        for (unsigned i = 0; i < 3; i++) {
            d[i] = 0;
            for (unsigned j = 0; j < 3; j++) {
                uint64_t m = i >= j ? r[i - j] : 20 * r[3 + i - j];

                d[i] += (unsigned __int128)h[j] * m;
            }
        }
        c = d[0] >> 44;
        h[0] = d[0] & mask;
        d[1] += c;
        c = d[1] >> 44;
        h[1] = d[1] & mask;
        d[2] += c;
        c = d[2] >> 42;
        h[2] = d[2] & (mask >> 2);
        h[0] += c * 5;
    }
    return fold(1, h, sizeof(h));
}

const Kernel kernels_hash[] = {
    { "sha256", sha256 }, { "sha512", sha512 }, { "md5", md5 },
    { "crc32", crc32 }, { "crc32c", crc32c }, { "adler", adler },
    { "xxhash", xxhash }, { "siphash", siphash }, { "aes-bytes", aes_bytes },
    { "aes-ni", aes_ni }, { "ghash", ghash }, { "chacha", chacha },
    { "poly1305", poly1305 }, { NULL, NULL },
};
