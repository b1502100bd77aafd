/*
 * Benchmark kernels: `kernels NAME` runs one of them and prints a checksum.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t rng_state = 2463534242u;

static uint32_t rng(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 17;
    rng_state ^= rng_state << 5;
    return rng_state;
}

/* ---- integer ---- */

static uint64_t k_sieve(void)
{
    enum { N = 4000000 };
    static uint8_t s[N];
    uint64_t n = 0;

    for (int r = 0; r < 3; r++) {
        memset(s, 1, N);
        for (int i = 2; i * i < N; i++) {
            for (int j = s[i] ? i * i : N; j < N; j += i) {
                s[j] = 0;
            }
        }
        for (int i = 2; i < N; i++) {
            n += s[i];
        }
    }
    return n;
}

static int cmp_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint64_t k_qsort(void)
{
    enum { N = 1000000 };
    uint32_t *v = malloc(N * 4);
    uint64_t h;

    for (int i = 0; i < N; i++) {
        v[i] = rng();
    }
    qsort(v, N, 4, cmp_u32);
    h = v[0] + v[N / 2] * 3ull + v[N - 1] * 5ull;
    free(v);
    return h;
}

static uint64_t k_crc(void)
{
    static uint32_t t[256];
    static uint8_t buf[1 << 20];
    uint32_t c = ~0u;

    for (int i = 0; i < 256; i++) {
        uint32_t x = i;

        for (int k = 0; k < 8; k++) {
            x = x >> 1 ^ (x & 1 ? 0xedb88320u : 0);
        }
        t[i] = x;
    }
    for (size_t i = 0; i < sizeof(buf); i++) {
        buf[i] = rng();
    }
    for (int r = 0; r < 40; r++) {
        for (size_t i = 0; i < sizeof(buf); i++) {
            c = t[(c ^ buf[i]) & 255] ^ c >> 8;
        }
    }
    return c;
}

/* A hash table with chains. */
struct node { struct node *next; uint32_t key, val; };

static uint64_t k_hash(void)
{
    enum { B = 1 << 16, N = 1500000 };
    static struct node *tab[B];
    static struct node pool[N / 4];
    uint32_t used = 0;
    uint64_t sum = 0;

    memset(tab, 0, sizeof(tab));
    for (int i = 0; i < N; i++) {
        uint32_t k = rng() % (N / 5), h = k * 2654435761u >> 16;
        struct node *n = tab[h];

        while (n && n->key != k) {
            n = n->next;
        }
        if (!n) {
            n = &pool[used++];
            n->key = k;
            n->val = 0;
            n->next = tab[h];
            tab[h] = n;
        }
        sum += ++n->val;
    }
    return sum;
}

/* A bytecode interpreter: indirect branches. */
static uint64_t k_interp(void)
{
    enum { PUSH, ADD, MUL, DUP, SWAP, DEC, JNZ, POP, END };
    static const uint8_t code[] = {
        PUSH, 1, PUSH, 200, SWAP, DUP, PUSH, 3, MUL, ADD, PUSH, 7, ADD, SWAP,
        DEC, DUP, JNZ, 4, POP, END,
    };
    static const void *const go[] = {
        &&l_push, &&l_add, &&l_mul, &&l_dup, &&l_swap, &&l_dec, &&l_jnz,
        &&l_pop, &&l_end,
    };
    uint64_t total = 0;

    for (int r = 0; r < 40000; r++) {
        uint64_t st[16], *sp = st - 1, x;
        const uint8_t *pc = code;

        goto *go[*pc];
l_push: *++sp = pc[1]; pc += 2; goto *go[*pc];
l_add:  sp[-1] += *sp; sp--; pc++; goto *go[*pc];
l_mul:  sp[-1] *= *sp; sp--; pc++; goto *go[*pc];
l_dup:  sp[1] = sp[0]; sp++; pc++; goto *go[*pc];
l_swap: x = sp[0]; sp[0] = sp[-1]; sp[-1] = x; pc++; goto *go[*pc];
l_dec:  --*sp; pc++; goto *go[*pc];
l_jnz:  pc = *sp-- ? code + pc[1] : pc + 2; goto *go[*pc];
l_pop:  sp--; pc++; goto *go[*pc];
l_end:  total += *sp;
    }
    return total;
}

/* Recursion: calls and returns. */
static __attribute__((noinline)) uint64_t fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint64_t k_fib(void)
{
    return fib(35);
}

static uint64_t k_string(void)
{
    char buf[256], *p;
    uint64_t h = 0;

    for (int i = 0; i < 300000; i++) {
        snprintf(buf, sizeof(buf), "line %d: key%x=value%u;", i, i * 7, rng());
        for (p = strtok(buf, " :=;"); p; p = strtok(NULL, " :=;")) {
            h = h * 31 + strlen(p) + (strchr(p, '7') ? 1 : 0);
        }
    }
    return h;
}

static uint64_t k_sha256(void)
{
    static const uint32_t k0 = 0x428a2f98;
    uint32_t s[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, w[64];

#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))
    for (int r = 0; r < 150000; r++) {
        uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
        uint32_t e = s[4], f = s[5], g = s[6], h = s[7];

        for (int i = 0; i < 16; i++) {
            w[i] = r * 16 + i;
        }
        for (int i = 16; i < 64; i++) {
            uint32_t x = w[i - 15], y = w[i - 2];

            w[i] = w[i - 16] + w[i - 7] + (ROR(x, 7) ^ ROR(x, 18) ^ x >> 3) +
                   (ROR(y, 17) ^ ROR(y, 19) ^ y >> 10);
        }
        for (int i = 0; i < 64; i++) {
            uint32_t t1 = h + (ROR(e, 6) ^ ROR(e, 11) ^ ROR(e, 25)) +
                          ((e & f) ^ (~e & g)) + k0 * (i + 1) + w[i];
            uint32_t t2 = (ROR(a, 2) ^ ROR(a, 13) ^ ROR(a, 22)) +
                          ((a & b) ^ (a & c) ^ (b & c));

            h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
        }
        s[0] += a; s[1] += b; s[2] += c; s[3] += d;
        s[4] += e; s[5] += f; s[6] += g; s[7] += h;
    }
    return (uint64_t)s[0] << 32 | s[7];
}

/* ---- floating point ---- */

static uint64_t bits(double d)
{
    uint64_t u;

    memcpy(&u, &d, 8);
    return u;
}

static uint64_t k_nbody(void)
{
    enum { N = 5 };
    double p[N][3], v[N][3], m[N], e = 0;

    for (int i = 0; i < N; i++) {
        m[i] = 1.0 / (i + 1);
        for (int k = 0; k < 3; k++) {
            p[i][k] = (i * 7 + k * 3) % 11 - 4.5;
            v[i][k] = ((i + k) % 3 - 1) * 0.1;
        }
    }
    for (int s = 0; s < 1000000; s++) {
        for (int i = 0; i < N; i++) {
            for (int j = i + 1; j < N; j++) {
                double dx = p[i][0] - p[j][0], dy = p[i][1] - p[j][1];
                double dz = p[i][2] - p[j][2];
                double d2 = dx * dx + dy * dy + dz * dz + 0.01;
                double mag = 0.001 / (d2 * sqrt(d2));

                v[i][0] -= dx * m[j] * mag; v[j][0] += dx * m[i] * mag;
                v[i][1] -= dy * m[j] * mag; v[j][1] += dy * m[i] * mag;
                v[i][2] -= dz * m[j] * mag; v[j][2] += dz * m[i] * mag;
            }
        }
        for (int i = 0; i < N; i++) {
            for (int k = 0; k < 3; k++) {
                p[i][k] += 0.001 * v[i][k];
            }
        }
    }
    for (int i = 0; i < N; i++) {
        e += m[i] * (v[i][0] * v[i][0] + p[i][1]);
    }
    return bits(e);
}

static uint64_t k_spectral(void)
{
    enum { N = 400 };
    static double u[N], v[N];
    double s = 0;

    for (int i = 0; i < N; i++) {
        u[i] = 1;
    }
    for (int r = 0; r < 40; r++) {
        for (int i = 0; i < N; i++) {
            double t = 0;

            for (int j = 0; j < N; j++) {
                t += u[j] / ((i + j) * (i + j + 1) / 2 + i + 1);
            }
            v[i] = t;
        }
        memcpy(u, v, sizeof(u));
    }
    for (int i = 0; i < N; i++) {
        s += u[i];
    }
    return bits(s);
}

static uint64_t k_mandel(void)
{
    uint64_t n = 0;

    for (int y = 0; y < 400; y++) {
        for (int x = 0; x < 400; x++) {
            double cr = x / 200.0 - 1.5, ci = y / 200.0 - 1, r = 0, i = 0;
            int k = 0;

            while (k < 100 && r * r + i * i < 4) {
                double t = r * r - i * i + cr;

                i = 2 * r * i + ci;
                r = t;
                k++;
            }
            n += k;
        }
    }
    return n;
}

static uint64_t k_libm(void)
{
    double s = 0;

    for (int i = 1; i < 1500000; i++) {
        s += sin(i) * exp(-i * 1e-6) + log(i) + pow(i, 0.3);
    }
    return bits(s);
}

/* ---- vectors ---- */

static uint64_t k_matrix(void)
{
    enum { N = 256 };
    static double a[N][N], b[N][N], c[N][N];
    double s = 0;

    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = i - j;
            b[i][j] = i * j % 7;
        }
    }
    for (int r = 0; r < 4; r++) {
        for (int i = 0; i < N; i++) {
            for (int k = 0; k < N; k++) {
                double x = a[i][k];

                for (int j = 0; j < N; j++) {
                    c[i][j] += x * b[k][j];
                }
            }
        }
    }
    for (int i = 0; i < N; i++) {
        s += c[i][i];
    }
    return bits(s);
}

static uint64_t k_saxpy(void)
{
    enum { N = 16384 };
    static float x[N], y[N];
    float s = 0;

    for (int i = 0; i < N; i++) {
        x[i] = i * 0.5f;
        y[i] = i % 13;
    }
    for (int r = 0; r < 10000; r++) {
        for (int i = 0; i < N; i++) {
            y[i] = y[i] * 0.999f + x[i] * 0.25f;
        }
    }
    for (int i = 0; i < N; i++) {
        s += y[i];
    }
    return bits(s);
}

static uint64_t k_pixels(void)
{
    enum { N = 1 << 16 };
    static uint8_t a[N], b[N], c[N];
    uint64_t s = 0;

    for (int i = 0; i < N; i++) {
        a[i] = rng();
        b[i] = rng();
    }
    for (int r = 0; r < 3000; r++) {
        for (int i = 0; i < N; i++) {
            int v = a[i] + b[i] - (c[i] >> 1);

            c[i] = v > 255 ? 255 : v < 0 ? 0 : v;
        }
    }
    for (int i = 0; i < N; i++) {
        s = s * 31 + c[i];
    }
    return s;
}

/* Compression: the longest of recent matches, or a byte as it is. */
static uint64_t k_lz(void)
{
    enum { N = 1 << 20, H = 1 << 14 };
    static uint8_t in[N], out[N + N / 8];
    static int32_t head[H], prev[N];
    size_t n = 0;
    uint64_t sum = 0;

    for (int i = 0; i < N; i++) {
        in[i] = i > 300 && rng() % 8 ? in[i - 1 - rng() % 3 * 97] :
                                       'a' + rng() % 26;
    }
    memset(head, -1, sizeof(head));
    for (int i = 0; i + 4 < N; ) {
        uint32_t w = in[i] | in[i + 1] << 8 | in[i + 2] << 16;
        uint32_t h = w * 2654435761u >> 18;
        int best = 0, at = 0;

        for (int p = head[h], tries = 8; p >= 0 && tries--; p = prev[p]) {
            int len = 0;

            while (len < 255 && i + len < N && in[p + len] == in[i + len]) {
                len++;
            }
            if (len > best) {
                best = len;
                at = p;
            }
        }
        prev[i] = head[h];
        head[h] = i;
        if (best > 3) {
            out[n++] = best;
            out[n++] = (i - at) >> 8;
            out[n++] = i - at;
            i += best;
        } else {
            out[n++] = in[i++];
        }
    }
    for (size_t i = 0; i < n; i++) {
        sum = sum * 31 + out[i];
    }
    return sum + n;
}

/* JSON: write a document, and read it by recursive descent. */
static const char *json_at;

static uint64_t json_value(void)
{
    uint64_t h = *json_at, n = 0;

    if (*json_at == '[' || *json_at == '{') {
        char end = *json_at == '[' ? ']' : '}';

        json_at++;
        while (*json_at != end) {
            h = h * 33 + json_value();
            json_at += *json_at == ',' || *json_at == ':';
        }
        json_at++;
    } else if (*json_at == '"') {
        while (*++json_at != '"') {
            h = h * 33 + (*json_at == '\\' ? *++json_at : *json_at);
        }
        json_at++;
    } else {
        while (*json_at >= '0' && *json_at <= '9') {
            n = n * 10 + (*json_at++ - '0');
        }
        h = h * 33 + n;
    }
    return h;
}

static uint64_t k_json(void)
{
    static char text[1 << 20];
    uint64_t h = 0;
    char *p = text;

    *p++ = '[';
    for (int i = 0; i < 8000; i++) {
        p += sprintf(p, "%s{\"id\":%d,\"name\":\"n%x\\\"q\",\"list\":"
                     "[%u,%u,[]]}", i ? "," : "", i, i * 77, rng() % 1000,
                     rng());
    }
    *p++ = ']';
    for (int r = 0; r < 40; r++) {
        json_at = text;
        h = h * 31 + json_value();
    }
    return h;
}

static const struct {
    const char *name;
    uint64_t (*fn)(void);
} kernels[] = {
    { "sieve", k_sieve }, { "qsort", k_qsort }, { "crc", k_crc },
    { "hash", k_hash }, { "interp", k_interp }, { "fib", k_fib },
    { "string", k_string }, { "sha256", k_sha256 }, { "nbody", k_nbody },
    { "spectral", k_spectral }, { "mandel", k_mandel }, { "libm", k_libm },
    { "matrix", k_matrix }, { "saxpy", k_saxpy }, { "pixels", k_pixels },
    { "lz", k_lz }, { "json", k_json },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        if (argc > 1 && !strcmp(argv[1], kernels[i].name)) {
            int count = argc > 2 ? atoi(argv[2]) : 1;
            unsigned long long h = 0;

            while (count-- > 0) {
                h = h * 31 + kernels[i].fn();
            }
            printf("%s %016llx\n", argv[1], h);
            return 0;
        }
    }
    fprintf(stderr, "usage: kernels NAME [COUNT]\n");
    return 1;
}
