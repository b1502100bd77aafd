/*
 * The instruction decoder: hand-picked cases.  test-decode-random.c compares
 * it with another decoder.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "target/i386/cpu.h"
#include "target/i386/decode.h"

#define PC 0x401000u

typedef struct Case {
    const char *hex;
    int result;
    unsigned len;
    const char *text;   /* Intel syntax, NULL: not compared */
} Case;

static const Case cases[] = {
    { "90", X86_DECODE_OK, 1, "nop" },
    { "f390", X86_DECODE_OK, 2, "pause" },
    { "4190", X86_DECODE_OK, 2, "xchg r8d,eax" },
    { "01d8", X86_DECODE_OK, 2, "add eax,ebx" },
    { "6601d8", X86_DECODE_OK, 3, "add ax,bx" },
    { "4801d8", X86_DECODE_OK, 3, "add rax,rbx" },
    { "664801d8", X86_DECODE_OK, 4, "add rax,rbx" },
    { "486601d8", X86_DECODE_OK, 4, "add ax,bx" },
    { "00e0", X86_DECODE_OK, 2, "add al,ah" },
    { "4000e0", X86_DECODE_OK, 3, "add al,spl" },
    { "83c0ff", X86_DECODE_OK, 3, "add eax,-0x1" },
    { "48b8efcdab8967452301", X86_DECODE_OK, 10,
      "mov rax,0x123456789abcdef" },
    { "48c7c000000080", X86_DECODE_OK, 7, "mov rax,-0x80000000" },
    { "8b0500000000", X86_DECODE_OK, 6, "mov eax,dword ptr [0x401006]" },
    { "678b0500000000", X86_DECODE_OK, 7, "mov eax,dword ptr [0x401007]" },
    { "83050000000001", X86_DECODE_OK, 7, "add dword ptr [0x401007],0x1" },
    { "8b04258f000000", X86_DECODE_OK, 7, "mov eax,dword ptr [0x8f]" },
    { "8b44240c", X86_DECODE_OK, 4, "mov eax,dword ptr [rsp+0xc]" },
    { "428b44a30c", X86_DECODE_OK, 5, "mov eax,dword ptr [rbx+r12*4+0xc]" },
    { "64488b042528000000", X86_DECODE_OK, 9, "mov rax,qword ptr fs:[0x28]" },
    { "3e64488b042528000000", X86_DECODE_OK, 10, NULL },
    { "a1887766554433ff11", X86_DECODE_OK, 9,
      "mov eax,dword ptr [0x11ff334455667788]" },
    { "0f1f440000", X86_DECODE_OK, 5, "nop [rax+rax]" },
    { "f30f1efa", X86_DECODE_OK, 4, "endbr64" },
    { "f30fb8c1", X86_DECODE_OK, 4, "popcnt eax,ecx" },
    { "f30fbcc1", X86_DECODE_OK, 4, "tzcnt eax,ecx" },
    { "0fbcc1", X86_DECODE_OK, 3, "bsf eax,ecx" },
    { "f20f38f1c1", X86_DECODE_OK, 5, "crc32 eax,ecx" },
    { "66f20f38f1c1", X86_DECODE_OK, 6, "crc32 eax,cx" },
    { "7510", X86_DECODE_OK, 2, "jne 0x401012" },
    { "0f84fcffffff", X86_DECODE_OK, 6, "je 0x401002" },
    { "e8fbffffff", X86_DECODE_OK, 5, "call 0x401000" },
    { "ffd0", X86_DECODE_OK, 2, "call rax" },
    { "c3", X86_DECODE_OK, 1, "ret" },
    { "f348ab", X86_DECODE_OK, 3, "rep stosq" },
    { "f2ae", X86_DECODE_OK, 2, "repne scasb" },
    { "f3a6", X86_DECODE_OK, 2, "repe cmpsb" },
    { "f00fb10f", X86_DECODE_OK, 4, "lock cmpxchg dword ptr [rdi],ecx" },
    { "480fc70f", X86_DECODE_OK, 4, "cmpxchg16b xmmword ptr [rdi]" },
    { "0f580f", X86_DECODE_OK, 3, "addps xmm1,xmmword ptr [rdi]" },
    { "f20f580f", X86_DECODE_OK, 4, "addsd xmm1,qword ptr [rdi]" },
    { "66f20f580f", X86_DECODE_OK, 5, "addsd xmm1,qword ptr [rdi]" },
    { "c5f058c2", X86_DECODE_OK, 4, "vaddps xmm0,xmm1,xmm2" },
    { "c5f458c2", X86_DECODE_OK, 4, "vaddps ymm0,ymm1,ymm2" },
    { "c4e271900414", X86_DECODE_OK, 6, NULL },
    { "c4e3714ac230", X86_DECODE_OK, 6, "vblendvps xmm0,xmm1,xmm2,xmm3" },
    { "0f0b", X86_DECODE_OK, 2, "ud2" },
    { "dee9", X86_DECODE_OK, 2, "fsubp st(1),st(0)" },
    { "db6c2410", X86_DECODE_OK, 4, "fld tbyte ptr [rsp+0x10]" },
    { "0fc8", X86_DECODE_OK, 2, "bswap eax" },
    { "4898", X86_DECODE_OK, 2, "cdqe" },
    { "99", X86_DECODE_OK, 1, "cdq" },
    { "48634500", X86_DECODE_OK, 4, "movsxd rax,dword ptr [rbp]" },
    { "0f1833", X86_DECODE_OK, 3, NULL },
    { "c8100002", X86_DECODE_OK, 4, "enter 0x10,0x2" },
    /* illegal */
    { "06", X86_DECODE_INVALID, 1, NULL },
    { "ea", X86_DECODE_INVALID, 1, NULL },
    { "62f17c4858c0", X86_DECODE_INVALID, 1, NULL },
    { "f001d8", X86_DECODE_INVALID, 3, NULL },
    { "f08b00", X86_DECODE_INVALID, 3, NULL },
    { "f00f1f00", X86_DECODE_INVALID, 4, NULL },
    { "66c5f058c2", X86_DECODE_INVALID, 2, NULL },
    { "40c5f058c2", X86_DECODE_INVALID, 2, NULL },
    { "c5fbc5c000", X86_DECODE_INVALID, 0, NULL },
    { "c5f051c2", X86_DECODE_INVALID, 0, NULL },    /* vvvv != 1111 */
    { "8ec8", X86_DECODE_INVALID, 2, NULL },        /* mov cs, eax */
    { "0f20c8", X86_DECODE_INVALID, 3, NULL },      /* cr1 */
    { "8d c0", X86_DECODE_INVALID, 0, NULL },       /* lea reg */
    { "fff8", X86_DECODE_INVALID, 0, NULL },
    { "c4e2719004 8b", X86_DECODE_INVALID, 6, NULL }, /* index == mask */
    /* too long, exactly long enough, too few bytes */
    { "66666666666666666666666666 01d8", X86_DECODE_OK, 15, NULL },
    { "6666666666666666666666666666 01d8", X86_DECODE_TOO_LONG, 15, NULL },
    { "666666666666666666666666666666666690", X86_DECODE_TOO_LONG, 15, NULL },
    { "48", X86_DECODE_NEED_MORE, 1, NULL },
    { "4801", X86_DECODE_NEED_MORE, 2, NULL },
    { "48b8efcdab89", X86_DECODE_NEED_MORE, 6, NULL },
    { "0f", X86_DECODE_NEED_MORE, 1, NULL },
    { "c4e271", X86_DECODE_NEED_MORE, 3, NULL },
    { "ff", X86_DECODE_NEED_MORE, 1, NULL },
    { "", X86_DECODE_NEED_MORE, 0, NULL },
};

static unsigned parse_hex(const char *hex, uint8_t *out)
{
    unsigned n = 0;

    while (*hex) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        out[n++] = g_ascii_xdigit_value(hex[0]) << 4 |
                   g_ascii_xdigit_value(hex[1]);
        hex += 2;
    }
    return n;
}

static void test_cases(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        const Case *c = &cases[i];
        uint8_t bytes[32];
        unsigned n = parse_hex(c->hex, bytes);
        X86Insn insn;
        char text[128];
        int r = x86_decode(&insn, bytes, n, PC, X86_FEATURES_ALL);

        if (r != c->result || (c->len && insn.len != c->len)) {
            g_test_message("%s: result %d length %u", c->hex, r, insn.len);
            g_test_fail();
            continue;
        }
        if (r == X86_DECODE_OK) {
            x86_insn_print(text, sizeof(text), &insn, X86_SYNTAX_INTEL);
            if (c->text && strcmp(text, c->text)) {
                g_test_message("%s: '%s', expected '%s'", c->hex, text,
                               c->text);
                g_test_fail();
            }
        }
    }
}

static void check_att(const char *hex, const char *expect)
{
    uint8_t bytes[32];
    X86Insn insn;
    char text[128];
    unsigned n = parse_hex(hex, bytes);

    g_assert_cmpint(x86_decode(&insn, bytes, n, PC, X86_FEATURES_ALL), ==,
                    X86_DECODE_OK);
    x86_insn_print(text, sizeof(text), &insn, X86_SYNTAX_ATT);
    g_assert_cmpstr(text, ==, expect);
}

static void test_att(void)
{
    check_att("83c0ff", "add $-0x1,%eax");
    check_att("8b44240c", "mov 0xc(%rsp),%eax");
    check_att("428b44a30c", "mov 0xc(%rbx,%r12,4),%eax");
    check_att("64488b042528000000", "mov %fs:0x28,%rax");
    check_att("ffd0", "call *%rax");
    check_att("c70001000000", "movl $0x1,(%rax)");
    check_att("c5f458c2", "vaddps %ymm2,%ymm1,%ymm0");
}

/* Without a feature the bytes mean what an older CPU makes of them. */
static void test_features(void)
{
    static const uint8_t tzcnt[] = { 0xf3, 0x0f, 0xbc, 0xc1 };
    static const uint8_t vaddps[] = { 0xc5, 0xf4, 0x58, 0xc2 };
    X86Insn insn;

    g_assert_cmpint(x86_decode(&insn, tzcnt, 4, PC, X86_FEATURES_ALL), ==,
                    X86_DECODE_OK);
    g_assert_cmpint(insn.op, ==, X86_OP_TZCNT);
    g_assert_cmpint(x86_decode(&insn, tzcnt, 4, PC, X86_FEATURES_ALL &
                               ~(UINT64_C(1) << X86_FEAT_BMI1)), ==,
                    X86_DECODE_OK);
    g_assert_cmpint(insn.op, ==, X86_OP_BSF);
    g_assert_cmpint(x86_decode(&insn, vaddps, 4, PC, X86_FEATURES_ALL &
                               ~(UINT64_C(1) << X86_FEAT_AVX)), ==,
                    X86_DECODE_INVALID);
}

static void check_flags(const char *hex, uint32_t read, uint32_t killed)
{
    uint8_t bytes[32];
    X86Insn insn;
    unsigned n = parse_hex(hex, bytes);

    g_assert_cmpint(x86_decode(&insn, bytes, n, PC, X86_FEATURES_ALL), ==,
                    X86_DECODE_OK);
    g_assert_cmphex(x86_insn_flags_read(&insn), ==, read);
    g_assert_cmphex(x86_insn_flags_killed(&insn), ==, killed);
}

static void test_flags(void)
{
    check_flags("01d8", 0, CC_ALL);
    check_flags("11d8", CC_C, CC_ALL);
    check_flags("ffc0", 0, CC_ALL & ~CC_C);
    check_flags("c1e003", 0, CC_ALL);
    check_flags("c1e020", 0, 0);
    check_flags("48c1e020", 0, CC_ALL);
    check_flags("d3e0", 0, 0);
    check_flags("7500", CC_Z, 0);
    check_flags("7f00", CC_S | CC_O | CC_Z, 0);
    check_flags("f3a6", DF_MASK, 0);
    check_flags("a6", DF_MASK, CC_ALL);
    check_flags("4889d8", 0, 0);
}

/* Bytes decode the same whatever is behind them. */
static void test_window(void)
{
    GRand *rand = g_rand_new_with_seed(7);
    uint8_t bytes[64];
    X86Insn a, b;

    for (unsigned n = 0; n < 200000; n++) {
        for (unsigned i = 0; i < sizeof(bytes); i += 4) {
            uint32_t v = g_rand_int(rand);
            memcpy(bytes + i, &v, 4);
        }
        int r = x86_decode(&a, bytes, sizeof(bytes), PC, X86_FEATURES_ALL);
        g_assert_cmpint(r, !=, X86_DECODE_NEED_MORE);
        if (r == X86_DECODE_OK) {
            g_assert_cmpint(x86_decode(&b, bytes, a.len, PC,
                                       X86_FEATURES_ALL), ==, r);
            g_assert_cmpint(a.len, ==, b.len);
            g_assert_cmpint(a.op, ==, b.op);
            for (unsigned k = 0; k < a.len; k++) {
                g_assert_cmpint(x86_decode(&b, bytes, k, PC,
                                           X86_FEATURES_ALL), ==,
                                X86_DECODE_NEED_MORE);
                g_assert_cmpint(b.len, ==, k);
            }
        }
    }
    g_rand_free(rand);
}

/* Nothing is left of what was in the record before. */
static void test_residue(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t bytes[64] = { 0 };
        X86Insn a, b;

        parse_hex(cases[i].hex, bytes);
        memset(&a, 0xaa, sizeof(a));
        memset(&b, 0x55, sizeof(b));
        if (x86_decode(&a, bytes, sizeof(bytes), PC, X86_FEATURES_ALL) ==
            X86_DECODE_OK) {
            x86_decode(&b, bytes, sizeof(bytes), PC, X86_FEATURES_ALL);
            g_assert_cmpmem(&a.operand, sizeof(a.operand), &b.operand,
                            sizeof(b.operand));
            g_assert_cmpmem(&a.mem, sizeof(a.mem), &b.mem, sizeof(b.mem));
            g_assert_cmphex(a.imm, ==, b.imm);
            g_assert_cmphex(a.imm2, ==, b.imm2);
            g_assert_cmphex(a.target, ==, b.target);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decode/cases", test_cases);
    g_test_add_func("/decode/att", test_att);
    g_test_add_func("/decode/features", test_features);
    g_test_add_func("/decode/flags", test_flags);
    g_test_add_func("/decode/window", test_window);
    g_test_add_func("/decode/residue", test_residue);
    return g_test_run();
}
