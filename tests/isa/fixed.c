/*
 * Cases written down as text: bytes of code and what the state has to be.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa.h"

static const char *const reg_names[16] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                                 : -1;
}

/* Bytes of hex digits in text order; returns how many, 0 when malformed. */
static unsigned parse_bytes(const char *s, uint8_t *out, unsigned max)
{
    unsigned n = 0;

    for (; *s; s += 2) {
        if (n == max || digit(s[0]) < 0 || digit(s[1]) < 0) {
            return 0;
        }
        out[n++] = digit(s[0]) << 4 | digit(s[1]);
    }
    return n;
}

/* A register image, most significant byte first as in a dump. */
static bool parse_reversed(const char *s, uint8_t *out, unsigned size)
{
    uint8_t b[32];

    if (parse_bytes(s, b, sizeof(b)) != size) {
        return false;
    }
    for (unsigned i = 0; i < size; i++) {
        out[i] = b[size - 1 - i];
    }
    return true;
}

static bool set_vector(const char *value, unsigned n, bool ymm)
{
    uint8_t b[32];

    if (n > 15 || !parse_reversed(value, b, ymm ? 32 : 16)) {
        return false;
    }
    memcpy(isa_in.fx + 160 + n * 16, b, 16);
    if (ymm) {
        memcpy(isa_in.ymmh[n], b + 16, 16);
    }
    return true;
}

static bool set_memory(char *value)
{
    char *colon = strchr(value, ':');
    uint8_t b[256];
    unsigned n;

    if (!colon || !(n = parse_bytes(colon + 1, b, sizeof(b)))) {
        return false;
    }
    isa_poke(strtoull(value, NULL, 0), b, n);
    return true;
}

static bool set_option(IsaCase *c, const char *name, char *value)
{
    uint64_t v = strtoull(value, NULL, 0);
    unsigned n = 16;

    if (!strcmp(name, "seed")) {
        return true;
    }
    for (unsigned i = 0; i < 16; i++) {
        if (!strcmp(name, reg_names[i])) {
            isa_in.gpr[i] = v;
            c->fixed |= 1u << i;
            return true;
        }
    }
    if (!strcmp(name, "rflags")) {
        isa_in.rflags = v;
    } else if (!strcmp(name, "mxcsr")) {
        memcpy(isa_in.fx + 24, &v, 4);
    } else if (!strcmp(name, "fcw")) {
        memcpy(isa_in.fx, &v, 2);
    } else if (!strcmp(name, "fsw")) {
        memcpy(isa_in.fx + 2, &v, 2);
    } else if (!strcmp(name, "ftw")) {
        isa_in.fx[4] = v;
    } else if (!strcmp(name, "mem")) {
        return set_memory(value);
    } else if (sscanf(name, "xmm%u", &n) == 1) {
        return set_vector(value, n, false);
    } else if (sscanf(name, "ymm%u", &n) == 1) {
        return set_vector(value, n, true);
    } else if (sscanf(name, "st%u", &n) == 1 && n < 8) {
        return parse_reversed(value, isa_in.fx + 32 + n * 16, 10);
    } else {
        return false;
    }
    return true;
}

static bool set_options(IsaCase *c, const char *options)
{
    char text[1024], *save = NULL;

    snprintf(text, sizeof(text), "%s", options);
    for (char *t = strtok_r(text, " \t", &save); t;
         t = strtok_r(NULL, " \t", &save)) {
        char *eq = strchr(t, '=');

        if (!eq) {
            return false;
        }
        *eq = '\0';
        if (!set_option(c, t, eq + 1)) {
            return false;
        }
    }
    return true;
}

/* The code, one instruction after the other; memory operands get a place. */
static void append_code(IsaGen *g, IsaCase *c, const uint8_t *code, unsigned n)
{
    while (c->len < n) {
        uint8_t *p = c->code + c->len;
        X86Insn in;

        memcpy(p, code + c->len, n - c->len);
        memset(c->code + n, 0x90, 15);
        if (isa_append(g, c) == ISA_APPENDED) {
            continue;
        }
        if (x86_decode(&in, p, 15, c->pc + c->len, g->features) !=
            X86_DECODE_OK) {
            c->len = n;
            break;
        }
        isa_add_step(c, &in);
    }
}

bool isa_fixed(const char *line, uint64_t features, uint64_t pc, IsaCase *c)
{
    uint8_t code[SLOT_SIZE - 48];
    const char *options = line + strcspn(line, " \t");
    const char *seed = strstr(options, "seed=");
    char hex[2 * sizeof(code) + 1] = "";
    IsaGen g = { seed ? strtoull(seed + 5, NULL, 0) : 1, features };
    unsigned n;

    if ((size_t)(options - line) < sizeof(hex)) {
        memcpy(hex, line, options - line);
    }
    n = parse_bytes(hex, code, sizeof(code));
    isa_start(&g, c, pc);
    if (!n || !set_options(c, options)) {
        fprintf(stderr, "isa-test: cannot read '%s'\n", line);
        return false;
    }
    append_code(&g, c, code, n);
    /* what is written down counts, wherever operands were placed */
    set_options(c, options);
    c->first_row = ISA_FIXED_ROW;
    isa_finish(c);
    return true;
}
