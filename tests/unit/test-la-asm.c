/*
 * The LoongArch encoder: every row of its tables against LLVM's assembler with
 * random and extreme operands, constants by running what was written, branches
 * that are set later against those written at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "../../tcg/loongarch64/la-asm.h"

#define ROUNDS 16       /* operand sets for each row */

static const LAInsn rows[] = {
#define LA(name, text, kinds, enc, op) { text, kinds, #enc, op },
#include "../../tcg/loongarch64/la-base.def"
#include "../../tcg/loongarch64/la-lsx.def"
#include "../../tcg/loongarch64/la-lasx.def"
#undef LA
};

enum {
#define LA(name, text, kinds, enc, op) ROW_##name,
#include "../../tcg/loongarch64/la-base.def"
#include "../../tcg/loongarch64/la-lsx.def"
#include "../../tcg/loongarch64/la-lasx.def"
#undef LA
};

typedef struct Operands {
    unsigned x, y, z, ra;   /* registers, in the assembler's order */
    int64_t i, k;           /* immediates */
} Operands;

#define CALL_DJ(f)       f(a, o->x, o->y)
#define CALL_JK          CALL_DJ
#define CALL_DJK(f)      f(a, o->x, o->y, o->z)
#define CALL_DKJ         CALL_DJK
#define CALL_DJKA(f)     f(a, o->x, o->y, o->z, o->ra)
#define CALL_DJK_A2(f)   f(a, o->x, o->y, o->z, o->i)
#define CALL_DJK_U2      CALL_DJK_A2
#define CALL_DJK_U3      CALL_DJK_A2
#define CALL_DJ_ML5(f)   f(a, o->x, o->y, o->i, o->k)
#define CALL_DJ_ML6      CALL_DJ_ML5
#define CALL_DJ_U1(f)    f(a, o->x, o->y, o->i)
#define CALL_DJ_U2       CALL_DJ_U1
#define CALL_DJ_U3       CALL_DJ_U1
#define CALL_DJ_U4       CALL_DJ_U1
#define CALL_DJ_U5       CALL_DJ_U1
#define CALL_DJ_U6       CALL_DJ_U1
#define CALL_DJ_U7       CALL_DJ_U1
#define CALL_DJ_U8       CALL_DJ_U1
#define CALL_DJ_U12      CALL_DJ_U1
#define CALL_DJ_S5       CALL_DJ_U1
#define CALL_DJ_S9X8     CALL_DJ_U1
#define CALL_DJ_S10X4    CALL_DJ_U1
#define CALL_DJ_S11X2    CALL_DJ_U1
#define CALL_DJ_S12      CALL_DJ_U1
#define CALL_DJ_S14X4    CALL_DJ_U1
#define CALL_DJ_S16      CALL_DJ_U1
#define CALL_DJ_S16X4    CALL_DJ_U1
#define CALL_JD_S16X4    CALL_DJ_U1
#define CALL_DJ_S8X1_U4  CALL_DJ_ML5
#define CALL_DJ_S8X1_U5  CALL_DJ_ML5
#define CALL_DJ_S8X2_U3  CALL_DJ_ML5
#define CALL_DJ_S8X2_U4  CALL_DJ_ML5
#define CALL_DJ_S8X4_U2  CALL_DJ_ML5
#define CALL_DJ_S8X4_U3  CALL_DJ_ML5
#define CALL_DJ_S8X8_U1  CALL_DJ_ML5
#define CALL_DJ_S8X8_U2  CALL_DJ_ML5
#define CALL_J_S21X4(f)  f(a, o->x, o->i)
#define CALL_D_S13       CALL_J_S21X4
#define CALL_D_S20       CALL_J_S21X4
#define CALL_S26X4(f)    f(a, o->i)
#define CALL_U15         CALL_S26X4

static void encode(unsigned row, LAAsm *a, const Operands *o)
{
    switch (row) {
#define LA(name, text, kinds, enc, op) \
    case ROW_##name: CALL_##enc(la_##name); break;
#include "../../tcg/loongarch64/la-base.def"
#include "../../tcg/loongarch64/la-lsx.def"
#include "../../tcg/loongarch64/la-lasx.def"
#undef LA
    }
}

/* A value for an immediate that is described as "U7", "S14X4" ...; extremes
 * first.  *end is where the description ends. */
static int64_t immediate(const char *what, const char **end, unsigned round)
{
    bool is_signed = *what == 'S';
    char *p;
    unsigned bits = strtoul(what + 1, &p, 10), scale = 1;
    int64_t lo, hi, v;

    if (*p == 'X') {
        scale = strtoul(p + 1, &p, 10);
    }
    *end = p;
    if (*what == 'A') {             /* 1 to 4, in two bits */
        return 1 + round % 4;
    }
    lo = is_signed ? -((int64_t)1 << (bits - 1)) : 0;
    hi = is_signed ? -lo - 1 : ((int64_t)1 << bits) - 1;
    v = round == 0 ? lo : round == 1 ? hi :
        lo + g_test_rand_int_range(0, 1 << 30) % (hi - lo + 1);
    return v * scale;
}

/* The first operand of PRELD and PRELDX is a number in a register field. */
static bool is_hint(const LAInsn *in, const char *kind)
{
    return kind == in->kinds && kind[0] == 'I' && kind[1] == 'R';
}

static void make_operands(const LAInsn *in, unsigned round, Operands *o)
{
    unsigned *reg[4] = { &o->x, &o->y, &o->z, &o->ra }, n = 0;
    const char *p = in->enc + strcspn(in->enc, "USAM");
    bool atomic = !strcmp(in->enc, "DKJ") && in->name[0] == 'a';

    *o = (Operands) { 0 };
    for (const char *k = in->kinds; *k; k++) {
        unsigned limit = *k == 'C' ? 8 : *k == 'T' ? 4 : 32;

        if (*k != 'I' || is_hint(in, k)) {
            *reg[n++] = round == 0 ? limit - 1 :
                        g_test_rand_int_range(0, limit);
        }
    }
    if (atomic) {                   /* the result is no operand */
        o->x = g_test_rand_int_range(1, 11);
        o->y = g_test_rand_int_range(11, 21);
        o->z = g_test_rand_int_range(21, 32);
    }
    if (!strncmp(p, "ML", 2)) {
        o->i = round == 0 ? atoi(p + 2) * 32 - 129 :
               g_test_rand_int_range(0, p[2] == '5' ? 32 : 64);
        o->k = g_test_rand_int_range(0, o->i + 1);
        return;
    }
    if (!strncmp(p, "A", 1) && strcmp(in->enc, "DJK_A2")) {
        return;                     /* the register field of that name */
    }
    if (*p) {
        o->i = immediate(p, &p, round);
    }
    if (*p == '_') {
        o->k = immediate(p + 1, &p, round ^ 1);
    }
}

static void put_text(GString *out, const LAInsn *in, const Operands *o)
{
    const unsigned reg[4] = { o->x, o->y, o->z, o->ra };
    const int64_t imm[2] = { o->i, o->k };
    unsigned r = 0, n = 0;

    g_string_append(out, in->name);
    for (const char *k = in->kinds; *k; k++) {
        g_string_append(out, k == in->kinds ? " " : ", ");
        switch (*k) {
        case 'R': g_string_append_printf(out, "$r%u", reg[r++]); break;
        case 'F': g_string_append_printf(out, "$f%u", reg[r++]); break;
        case 'V': g_string_append_printf(out, "$vr%u", reg[r++]); break;
        case 'X': g_string_append_printf(out, "$xr%u", reg[r++]); break;
        case 'C': g_string_append_printf(out, "$fcc%u", reg[r++]); break;
        case 'T': g_string_append_printf(out, "$fcsr%u", reg[r++]); break;
        case 'I':
            g_string_append_printf(out, "%" PRId64, is_hint(in, k) ?
                                   (int64_t)reg[r++] : imm[n++]);
            break;
        default: g_assert_not_reached();
        }
    }
    g_string_append_c(out, '\n');
}

static void test_assembler(void)
{
    static const char prefix[] = "# encoding: [";
    unsigned nb = G_N_ELEMENTS(rows) * ROUNDS, n = 0;
    g_autofree uint32_t *code = g_new0(uint32_t, nb);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *mc = g_find_program_in_path("llvm-mc-22");
    g_autofree char *file = NULL, *out = NULL, *err = NULL;
    g_auto(GStrv) lines = NULL, asked = NULL;
    char *argv[] = { mc, (char *)"--triple=loongarch64",
                     (char *)"--mattr=+f,+d,+lsx,+lasx,+frecipe,+lam-bh,"
                             "+lamcas,+ld-seq-sa,+div32,+scq",
                     (char *)"--show-encoding", NULL, NULL };
    LAAsm a = { .p = code };
    int status, fd;

    if (!mc) {
        g_test_skip("llvm-mc-22 is not installed (package llvm-22)");
        return;
    }
    for (unsigned row = 0; row < G_N_ELEMENTS(rows); row++) {
        for (unsigned i = 0; i < ROUNDS; i++) {
            Operands o;

            make_operands(&rows[row], i, &o);
            encode(row, &a, &o);
            put_text(text, &rows[row], &o);
        }
    }
    fd = g_file_open_tmp("la-asm-XXXXXX", &file, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(file, text->str, text->len, NULL));
    argv[4] = file;
    g_assert_true(g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &out, &err,
                               &status, NULL));
    unlink(file);
    if (status) {
        g_test_message("%.2000s", err);
    }
    g_assert_cmpint(status, ==, 0);
    lines = g_strsplit(out, "\n", -1);
    asked = g_strsplit(text->str, "\n", -1);
    for (char **l = lines; *l; l++) {
        const char *e = strstr(*l, prefix);
        unsigned b[4];

        if (!e) {
            continue;
        }
        g_assert_cmpint(sscanf(e + strlen(prefix), "0x%x,0x%x,0x%x,0x%x",
                               &b[0], &b[1], &b[2], &b[3]), ==, 4);
        g_assert_cmpuint(n, <, nb);
        if (code[n] != (b[0] | b[1] << 8 | b[2] << 16 | b[3] << 24)) {
            g_test_message("%s: %08x here, %s", asked[n], code[n], e);
            g_test_fail();
        }
        n++;
    }
    g_assert_cmpuint(n, ==, nb);
    g_test_message("%zu instructions, %u encodings", G_N_ELEMENTS(rows), n);
}

/* What the instructions of a constant leave in their register. */
static uint64_t run(const uint32_t *p, unsigned n)
{
    uint64_t v = 0xdeadbeefcafef00dull;

    for (unsigned k = 0; k < n; k++) {
        uint32_t w = p[k];
        unsigned j = w >> 5 & 31;
        int64_t s12 = (int32_t)(w << 10) >> 20, s20 = (int32_t)(w << 7) >> 12;
        uint64_t in = j == LA_ZERO ? 0 : v;

        g_assert_cmpuint(w & 31, ==, LA_A3);
        if (w >> 25 == LA_OP_lu12i_w >> 25) {
            v = s20 * 4096;
        } else if (w >> 25 == LA_OP_lu32i_d >> 25) {
            v = (uint32_t)v | (uint64_t)s20 << 32;
        } else if (w >> 22 == LA_OP_addi_w >> 22) {
            v = (int32_t)(in + s12);
        } else if (w >> 22 == LA_OP_ori >> 22) {
            v = in | (w >> 10 & 0xfff);
        } else if (w >> 22 == LA_OP_lu52i_d >> 22) {
            v = (in & ~(0xfffull << 52)) | (uint64_t)s12 << 52;
        } else if (w >> 16 == LA_OP_slli_d >> 16) {
            v = in << (w >> 10 & 63);
        } else {
            unsigned msb = w >> 16 & 63;

            g_assert_cmpuint(w >> 22, ==, LA_OP_bstrpick_d >> 22);
            g_assert_cmpuint(w >> 10 & 63, ==, 0);
            v = msb == 63 ? in : in & (((uint64_t)1 << (msb + 1)) - 1);
        }
    }
    return v;
}

static void check_constant(uint64_t v)
{
    uint32_t code[8];
    LAAsm a = { .p = code };
    unsigned n = la_li(&a, LA_A3, v);

    g_assert_cmpuint(n, ==, a.p - code);
    g_assert_cmpuint(n, ==, la_li_len(v));
    g_assert_cmpuint(n, <=, 4);
    g_assert_cmphex(run(code, n), ==, v);
}

static void test_constants(void)
{
    for (unsigned i = 0; i < 64; i++) {
        for (unsigned j = 0; j < 64; j++) {
            uint64_t v = ((uint64_t)1 << i) - ((uint64_t)1 << j);

            check_constant(v);
            check_constant(v - 1);
            check_constant(~v);
            check_constant(v ^ 0x800);
        }
    }
    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t v = (uint64_t)(uint32_t)g_test_rand_int() << 32 |
                     (uint32_t)g_test_rand_int();

        check_constant((int64_t)v >> g_test_rand_int_range(0, 64));
        check_constant(v << g_test_rand_int_range(0, 64));
    }
}

static void test_branches(void)
{
    static const unsigned kinds[] = {
        ROW_b, ROW_bl, ROW_beqz, ROW_bnez, ROW_bceqz, ROW_bcnez, ROW_jirl,
        ROW_beq, ROW_bne, ROW_blt, ROW_bge, ROW_bltu, ROW_bgeu,
    };

    for (unsigned k = 0; k < G_N_ELEMENTS(kinds); k++) {
        const LAInsn *in = &rows[kinds[k]];
        const char *p = strchr(in->enc, 'S'), *end;
        unsigned bits = atoi(p + 1);

        for (unsigned i = 0; i < 1000; i++) {
            uint32_t at_once, later;
            LAAsm a = { .p = &at_once }, b = { .p = &later };
            Operands o;
            int64_t off = immediate(p, &end, i);

            make_operands(in, 2, &o);
            o.i = off;
            encode(kinds[k], &a, &o);
            o.i = immediate(p, &end, 2);
            encode(kinds[k], &b, &o);
            g_assert_true(la_set_branch(&later, off));
            g_assert_cmphex(later, ==, at_once);
        }
        for (int far = 0; far < 2; far++) {
            uint32_t w = in->op, before = w;
            int64_t edge = (int64_t)4 << (bits - 1);

            g_assert_false(la_set_branch(&w, far ? edge : -edge - 4));
            g_assert_false(la_set_branch(&w, 2));
            g_assert_cmphex(w, ==, before);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/la-asm/assembler", test_assembler);
    g_test_add_func("/la-asm/constants", test_constants);
    g_test_add_func("/la-asm/branches", test_branches);
    return g_test_run();
}
