/*
 * The instruction decoder: hand-picked cases, then agreement with Zydis on
 * random bytes and on the code of a real library (length, validity and every
 * operand).
 *
 * TEST_DECODE_COUNT sets the number of random cases, TEST_SEED the seed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <elf.h>
#include <glib.h>
#include <time.h>
#include "target/i386/cpu.h"
#include "target/i386/decode.h"
#ifdef HAVE_ZYDIS
#include <Zydis/Zydis.h>
#endif

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

/* .text of a shared library of the host, or NULL. */
static uint8_t *host_text(size_t *size, uint64_t *addr)
{
    static const char *const paths[] = {
        "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib64/libc.so.6",
        "/usr/lib/libc.so.6",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(paths); i++) {
        gchar *data;
        gsize len;

        if (!g_file_get_contents(paths[i], &data, &len, NULL)) {
            continue;
        }
        const Elf64_Ehdr *eh = (const Elf64_Ehdr *)data;
        if (len > sizeof(*eh) && !memcmp(eh->e_ident, ELFMAG, SELFMAG) &&
            eh->e_machine == EM_X86_64) {
            const Elf64_Shdr *sh = (const Elf64_Shdr *)(data + eh->e_shoff);
            const char *names = data + sh[eh->e_shstrndx].sh_offset;
            for (unsigned k = 0; k < eh->e_shnum; k++) {
                if (!strcmp(names + sh[k].sh_name, ".text")) {
                    *size = sh[k].sh_size;
                    *addr = sh[k].sh_addr;
                    uint8_t *text = g_memdup2(data + sh[k].sh_offset, *size);
                    g_free(data);
                    return text;
                }
            }
        }
        g_free(data);
    }
    return NULL;
}

static void test_speed(void)
{
    size_t size;
    uint64_t addr;
    uint8_t *text = host_text(&size, &addr);
    struct timespec a, b;
    unsigned insns = 0, bad = 0;

    if (!text) {
        g_test_skip("no x86-64 C library here");
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (size_t pos = 0; pos < size; insns++) {
        X86Insn insn;
        if (x86_decode(&insn, text + pos, size - pos, addr + pos,
                       X86_FEATURES_ALL) == X86_DECODE_OK) {
            pos += insn.len;
        } else {
            pos++;
            bad++;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    g_test_message("%u instructions (%u not decoded), %.1f ns each", insns,
                   bad, ((b.tv_sec - a.tv_sec) * 1e9 +
                         (b.tv_nsec - a.tv_nsec)) / insns);
    g_free(text);
}

#ifdef HAVE_ZYDIS
/* Extensions the decoder does not know on purpose. */
static bool foreign_isa(const ZydisDecodedInstruction *z)
{
    switch (z->meta.isa_ext) {
    case ZYDIS_ISA_EXT_AMD3DNOW:
    case ZYDIS_ISA_EXT_AMD_INVLPGB:
    case ZYDIS_ISA_EXT_AMX_BF16:
    case ZYDIS_ISA_EXT_AMX_INT8:
    case ZYDIS_ISA_EXT_AMX_TILE:
    case ZYDIS_ISA_EXT_AVX512EVEX:
    case ZYDIS_ISA_EXT_AVX512VEX:
    case ZYDIS_ISA_EXT_AVX_VNNI:
    case ZYDIS_ISA_EXT_CET:
    case ZYDIS_ISA_EXT_CLZERO:
    case ZYDIS_ISA_EXT_ENQCMD:
    case ZYDIS_ISA_EXT_FMA4:
    case ZYDIS_ISA_EXT_HRESET:
    case ZYDIS_ISA_EXT_KEYLOCKER:
    case ZYDIS_ISA_EXT_KEYLOCKER_WIDE:
    case ZYDIS_ISA_EXT_KNC:
    case ZYDIS_ISA_EXT_KNCE:
    case ZYDIS_ISA_EXT_KNCV:
    case ZYDIS_ISA_EXT_MCOMMIT:
    case ZYDIS_ISA_EXT_MONITOR:
    case ZYDIS_ISA_EXT_MONITORX:
    case ZYDIS_ISA_EXT_MPX:
    case ZYDIS_ISA_EXT_PADLOCK:
    case ZYDIS_ISA_EXT_PCONFIG:
    case ZYDIS_ISA_EXT_PT:
    case ZYDIS_ISA_EXT_RDPRU:
    case ZYDIS_ISA_EXT_RTM:
    case ZYDIS_ISA_EXT_SGX:
    case ZYDIS_ISA_EXT_SGX_ENCLV:
    case ZYDIS_ISA_EXT_SMAP:
    case ZYDIS_ISA_EXT_SMX:
    case ZYDIS_ISA_EXT_SNP:
    case ZYDIS_ISA_EXT_SVM:
    case ZYDIS_ISA_EXT_TBM:
    case ZYDIS_ISA_EXT_TDX:
    case ZYDIS_ISA_EXT_TSX_LDTRK:
    case ZYDIS_ISA_EXT_UINTR:
    case ZYDIS_ISA_EXT_VMFUNC:
    case ZYDIS_ISA_EXT_VTX:
    case ZYDIS_ISA_EXT_WAITPKG:
    case ZYDIS_ISA_EXT_XOP:
        return true;
    default:
        break;
    }
    return z->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX ||
           z->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
           z->encoding == ZYDIS_INSTRUCTION_ENCODING_XOP ||
           z->encoding == ZYDIS_INSTRUCTION_ENCODING_3DNOW;
}

static int reg_class(ZydisRegister r, int *num)
{
    static const struct {
        ZydisRegister first, last;
        int kind;
    } map[] = {
        { ZYDIS_REGISTER_AX, ZYDIS_REGISTER_R15W, X86_OPND_GPR },
        { ZYDIS_REGISTER_EAX, ZYDIS_REGISTER_R15D, X86_OPND_GPR },
        { ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_R15, X86_OPND_GPR },
        { ZYDIS_REGISTER_AL, ZYDIS_REGISTER_BL, X86_OPND_GPR },
        { ZYDIS_REGISTER_AH, ZYDIS_REGISTER_BH, X86_OPND_GPRH },
        { ZYDIS_REGISTER_ST0, ZYDIS_REGISTER_ST7, X86_OPND_ST },
        { ZYDIS_REGISTER_MM0, ZYDIS_REGISTER_MM7, X86_OPND_MMX },
        { ZYDIS_REGISTER_XMM0, ZYDIS_REGISTER_XMM15, X86_OPND_VEC },
        { ZYDIS_REGISTER_YMM0, ZYDIS_REGISTER_YMM15, X86_OPND_VEC },
        { ZYDIS_REGISTER_ES, ZYDIS_REGISTER_GS, X86_OPND_SEG },
        { ZYDIS_REGISTER_CR0, ZYDIS_REGISTER_CR15, X86_OPND_CR },
        { ZYDIS_REGISTER_DR0, ZYDIS_REGISTER_DR15, X86_OPND_DR },
    };

    if (r >= ZYDIS_REGISTER_SPL && r <= ZYDIS_REGISTER_R15B) {
        *num = r - ZYDIS_REGISTER_SPL + 4;
        return X86_OPND_GPR;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(map); i++) {
        if (r >= map[i].first && r <= map[i].last) {
            *num = r - map[i].first;
            return map[i].kind;
        }
    }
    return -1;
}

static const char *compare_mem(const X86Insn *insn, const X86Operand *o,
                               const ZydisDecodedOperand *z)
{
    int base = X86_REG_NONE, index = X86_REG_NONE, seg = X86_REG_NONE;
    const X86Mem *m = &insn->mem;

    if (z->mem.base == ZYDIS_REGISTER_RIP ||
        z->mem.base == ZYDIS_REGISTER_EIP) {
        if (!m->rip_rel) {
            return "rip-relative";
        }
        int64_t want = z->mem.disp.value + PC + insn->len;
        if (insn->addrsize == 4) {
            want = (uint32_t)want;
        }
        if (m->disp != want) {
            return "rip displacement";
        }
    } else {
        if (z->mem.base != ZYDIS_REGISTER_NONE) {
            reg_class(z->mem.base, &base);
        }
        if (z->mem.index != ZYDIS_REGISTER_NONE) {
            reg_class(z->mem.index, &index);
        }
        if (base != m->base || index != m->index) {
            return "base or index";
        }
        if (index != X86_REG_NONE && 1 << m->scale != z->mem.scale) {
            return "scale";
        }
        if (m->disp != (z->mem.disp.has_displacement ? z->mem.disp.value : 0)
            && insn->addrsize == 8) {
            return "displacement";
        }
    }
    if (z->mem.segment == ZYDIS_REGISTER_FS) {
        seg = R_FS;
    } else if (z->mem.segment == ZYDIS_REGISTER_GS) {
        seg = R_GS;
    }
    if (o->access && seg != m->seg) {
        return "segment";
    }
    return NULL;
}

/* NULL if @insn and Zydis agree on all visible operands. */
static const char *compare_operands(const X86Insn *insn,
                                    const ZydisDecodedInstruction *z,
                                    const ZydisDecodedOperand *ops)
{
    unsigned n = 0;

    for (unsigned i = 0; i < z->operand_count_visible; i++) {
        const ZydisDecodedOperand *zo = &ops[i];
        const X86Operand *o = &insn->operand[n];
        const char *why;
        int num = 0, kind;

        if (n >= insn->n_operands) {
            return "operand count";
        }
        n++;
        switch (zo->type) {
        case ZYDIS_OPERAND_TYPE_REGISTER:
            kind = reg_class(zo->reg.value, &num);
            if (kind != o->kind || num != o->reg) {
                return "register";
            }
            if (kind == X86_OPND_GPR && o->size * 8 != zo->size) {
                return "register size";
            }
            break;
        case ZYDIS_OPERAND_TYPE_MEMORY:
            if (o->kind != X86_OPND_MEM) {
                return "memory expected";
            }
            why = compare_mem(insn, o, zo);
            if (why) {
                return why;
            }
            if (o->access && o->size * 8 != zo->size && o->size &&
                zo->mem.type == ZYDIS_MEMOP_TYPE_MEM) {
                return "memory size";
            }
            break;
        case ZYDIS_OPERAND_TYPE_IMMEDIATE:
            if (o->kind == X86_OPND_REL) {
                if (insn->target - PC - insn->len != zo->imm.value.u) {
                    return "branch target";
                }
            } else if (o->kind != X86_OPND_IMM) {
                return "immediate expected";
            } else {
                uint64_t v = o->reg ? insn->imm2 : (uint64_t)insn->imm;
                unsigned size = MAX(o->size, insn->opsize);
                uint64_t mask = size >= 8 ? UINT64_MAX :
                                (UINT64_C(1) << size * 8) - 1;
                if ((v ^ zo->imm.value.u) & mask) {
                    return "immediate";
                }
            }
            break;
        default:
            break;
        }
    }
    return n == insn->n_operands ? NULL : "operand count";
}

/*
 * Where the two disagree on purpose.  @why is what differs, NULL when it is
 * legality.
 */
static bool known_difference(const X86Insn *insn, const char *why,
                             const ZydisDecodedInstruction *z)
{
    /* Zydis 4.0 takes R13D for a base in this encoding of "no base". */
    if (why && !strcmp(why, "base or index") && insn->addrsize == 4 &&
        z->raw.modrm.mod == 0 && z->raw.sib.base == 5 && (insn->rex & 1)) {
        return true;
    }
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_RSM:
        /* #UD outside system management mode */
        return true;
    case ZYDIS_MNEMONIC_NOP:
        /* Which bytes of a hint are an operand is a matter of taste; the
         * register forms of 0F 0D are #UD on AMD processors. */
        return why || z->opcode == 0x0d;
    case ZYDIS_MNEMONIC_PAUSE:
        /* Processors execute F3 41 90 as XCHG. */
        return insn->op == X86_OP_XCHG;
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_FCOM:
    case ZYDIS_MNEMONIC_FCOMP:
    case ZYDIS_MNEMONIC_FUCOM:
    case ZYDIS_MNEMONIC_FUCOMP:
        /* ST(0) is explicit here */
        return why != NULL;
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_PEXTRW:
    case ZYDIS_MNEMONIC_VPEXTRW:
    case ZYDIS_MNEMONIC_PMOVMSKB:
    case ZYDIS_MNEMONIC_VPMOVMSKB:
    case ZYDIS_MNEMONIC_VMOVMSKPS:
    case ZYDIS_MNEMONIC_VMOVMSKPD:
    case ZYDIS_MNEMONIC_MOVMSKPS:
    case ZYDIS_MNEMONIC_MOVMSKPD:
        /* the upper half is zero either way */
        return why && !strcmp(why, "register size");
    case ZYDIS_MNEMONIC_CLFLUSH:
    case ZYDIS_MNEMONIC_CLFLUSHOPT:
    case ZYDIS_MNEMONIC_CLWB:
        return why && !strcmp(why, "memory size");
    default:
        break;
    }
    return false;
}

static GHashTable *complaints;

static void complain(const uint8_t *bytes, unsigned len, const char *what,
                     const char *name)
{
    GString *key = g_string_new(NULL);

    g_string_printf(key, "%s: %s", name, what);
    gpointer n = g_hash_table_lookup(complaints, key->str);
    if (!n) {
        GString *hex = g_string_new(NULL);
        for (unsigned i = 0; i < len; i++) {
            g_string_append_printf(hex, "%02x", bytes[i]);
        }
        g_test_message("%s at %s", key->str, hex->str);
        g_string_free(hex, TRUE);
        g_test_fail();
    }
    g_hash_table_insert(complaints, key->str,
                        GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
    g_string_free(key, FALSE);
}

/* Returns the length to skip. */
static unsigned compare(ZydisDecoder *zd, const uint8_t *bytes, size_t avail)
{
    ZydisDecodedInstruction z;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
    X86Insn insn;
    int r = x86_decode(&insn, bytes, avail, PC, X86_FEATURES_ALL);
    ZyanStatus st = ZydisDecoderDecodeFull(zd, bytes, avail, &z, ops);
    bool zok = ZYAN_SUCCESS(st);
    const char *name = zok ? ZydisMnemonicGetString(z.mnemonic) :
                       r == X86_DECODE_OK ? x86_op_names[insn.op] : "?";

    if (zok && foreign_isa(&z)) {
        return r == X86_DECODE_OK ? insn.len : z.length;
    }
    if (zok != (r == X86_DECODE_OK)) {
        if (zok && known_difference(&insn, NULL, &z)) {
            return z.length;
        }
        complain(bytes, 15, zok ? "illegal here" : "legal here", name);
        return zok ? z.length : 1;
    }
    if (!zok) {
        bool zlong = st == ZYDIS_STATUS_INSTRUCTION_TOO_LONG;
        if (zlong && r == X86_DECODE_OK) {
            complain(bytes, 18, "not too long here", name);
        }
        return 1;
    }
    if (z.length != insn.len) {
        complain(bytes, 15, "length", name);
        return z.length;
    }
    const char *why = compare_operands(&insn, &z, ops);
    if (why && !known_difference(&insn, why, &z)) {
        complain(bytes, insn.len, why, name);
    }
    return insn.len;
}

static void start_compare(ZydisDecoder *zd)
{
    ZydisDecoderInit(zd, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(zd, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    ZydisDecoderEnableMode(zd, ZYDIS_DECODER_MODE_CET, ZYAN_FALSE);
    ZydisDecoderEnableMode(zd, ZYDIS_DECODER_MODE_CLDEMOTE, ZYAN_FALSE);
    ZydisDecoderEnableMode(zd, ZYDIS_DECODER_MODE_KNC, ZYAN_FALSE);
    complaints = g_hash_table_new(g_str_hash, g_str_equal);
}

static uint64_t env_number(const char *name, uint64_t def)
{
    const char *v = g_getenv(name);

    return v ? g_ascii_strtoull(v, NULL, 0) : def;
}

static void test_zydis_random(void)
{
    static const uint8_t prefixes[] = {
        0x66, 0xf2, 0xf3, 0xf0, 0x67, 0x64, 0x65, 0x2e, 0x40, 0x48, 0x4f,
        0x41, 0x44, 0x0f, 0xc4, 0xc5,
    };
    uint64_t count = env_number("TEST_DECODE_COUNT", 2000000);
    GRand *rand = g_rand_new_with_seed(env_number("TEST_SEED", 1));
    ZydisDecoder zd;

    start_compare(&zd);
    for (uint64_t n = 0; n < count; n++) {
        uint8_t bytes[32];
        unsigned at = 0;

        for (unsigned i = 0; i < sizeof(bytes); i += 4) {
            uint32_t v = g_rand_int(rand);
            memcpy(bytes + i, &v, 4);
        }
        /* Mostly plausible: some prefixes, then one of the opcode maps. */
        while (at < 17 && g_rand_int(rand) & 1) {
            bytes[at++] = prefixes[g_rand_int(rand) % 13];
        }
        switch (g_rand_int(rand) & 7) {
        case 0:
            bytes[at++] = 0x0f;
            break;
        case 1:
            bytes[at++] = 0x0f;
            bytes[at++] = g_rand_int(rand) & 2 ? 0x38 : 0x3a;
            break;
        case 2:
            bytes[at++] = 0xc4;
            bytes[at] = (bytes[at] & 0xe0) | (1 + g_rand_int(rand) % 3);
            if (g_rand_int(rand) & 1) {
                bytes[at + 1] |= 0x78;
            }
            break;
        case 3:
            bytes[at++] = 0xc5;
            if (g_rand_int(rand) & 1) {
                bytes[at] |= 0x78;
            }
            break;
        }
        compare(&zd, bytes, sizeof(bytes));
    }
    g_test_message("%" PRIu64 " random cases", count);
    g_rand_free(rand);
}

static void test_zydis_text(void)
{
    size_t size;
    uint64_t addr;
    uint8_t *text = host_text(&size, &addr);
    ZydisDecoder zd;
    unsigned n = 0;

    if (!text) {
        g_test_skip("no x86-64 C library here");
        return;
    }
    start_compare(&zd);
    for (size_t pos = 0; pos + 32 < size; n++) {
        pos += compare(&zd, text + pos, size - pos);
    }
    g_test_message("%u instructions of the C library", n);
    g_free(text);
}
#else
static void test_no_zydis(void)
{
    g_test_skip("built without Zydis");
}
#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decode/cases", test_cases);
    g_test_add_func("/decode/att", test_att);
    g_test_add_func("/decode/features", test_features);
    g_test_add_func("/decode/flags", test_flags);
    g_test_add_func("/decode/window", test_window);
    g_test_add_func("/decode/speed", test_speed);
#ifdef HAVE_ZYDIS
    g_test_add_func("/decode/zydis/random", test_zydis_random);
    g_test_add_func("/decode/zydis/text", test_zydis_text);
#else
    g_test_add_func("/decode/zydis", test_no_zydis);
#endif
    return g_test_run();
}
