/*
 * The instruction decoder against Zydis: length, legality and every operand
 * of random bytes, of mutated instructions, of every opcode with every ModRM
 * byte, and of the code of a real library.
 *
 * TEST_DECODE_COUNT is the number of byte strings of the random and of the
 * mutated kind, TEST_SEED the seed.  From 10 million on every opcode is
 * tried with every set of prefixes.
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
        if (r == X86_DECODE_OK && insn.op != X86_OP_NOP) {
            complain(bytes, 15, "foreign, but legal here", name);
        }
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


static uint64_t rng;

static uint64_t rnd(void)
{
    uint64_t z = rng += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

#define WINDOW 32               /* bytes of a case */

static void random_bytes(uint8_t *bytes)
{
    for (unsigned i = 0; i < WINDOW; i += 8) {
        uint64_t v = rnd();

        memcpy(bytes + i, &v, 8);
    }
}

static const uint8_t prefixes[] = {
    0x66, 0xf2, 0xf3, 0xf0, 0x67, 0x64, 0x65, 0x2e, 0x40, 0x48, 0x4f, 0x41,
    0x44, 0x0f, 0xc4, 0xc5,
};

/* Mostly plausible: some prefixes, then one of the opcode maps. */
static void test_zydis_random(void)
{
    uint64_t count = env_number("TEST_DECODE_COUNT", 3000000);
    ZydisDecoder zd;

    rng = env_number("TEST_SEED", 1);
    start_compare(&zd);
    for (uint64_t n = 0; n < count; n++) {
        uint8_t bytes[WINDOW];
        uint64_t r = rnd();
        unsigned at = 0;

        random_bytes(bytes);
        for (; at < 17 && r & 1; r = r >> 1 | 1ull << 63) {
            bytes[at++] = prefixes[rnd() % 13];
        }
        switch (r >> 8 & 7) {
        case 0:
            bytes[at++] = 0x0f;
            break;
        case 1:
            bytes[at++] = 0x0f;
            bytes[at++] = r & 0x10000 ? 0x38 : 0x3a;
            break;
        case 2:
            bytes[at++] = 0xc4;
            bytes[at] = (bytes[at] & 0xe0) | (1 + (r >> 16 & 0xff) % 3);
            if (r & 0x1000000) {
                bytes[at + 1] |= 0x78;
            }
            break;
        case 3:
            bytes[at++] = 0xc5;
            if (r & 0x10000) {
                bytes[at] |= 0x78;
            }
            break;
        }
        compare(&zd, bytes, sizeof(bytes));
    }
    g_test_message("%" PRIu64 " random byte strings", count);
}

/* A bit, a byte, or the number of bytes changes. */
static void mutate(uint8_t *bytes, unsigned len)
{
    uint64_t r = rnd();
    unsigned at = (r >> 8 & 0xff) % len;

    switch (r & 7) {
    case 0:
    case 1:
    case 2:
        bytes[at] ^= 1 << (r >> 16 & 7);
        break;
    case 3:
        bytes[at] = r >> 16;
        break;
    case 4:
        bytes[at] = prefixes[(r >> 16 & 0xff) % ARRAY_SIZE(prefixes)];
        break;
    case 5:
        memmove(bytes + at, bytes + at + 1, WINDOW - 1 - at);
        break;
    case 6:
        memmove(bytes + at + 1, bytes + at, WINDOW - 1 - at);
        bytes[at] = prefixes[(r >> 16 & 0xff) % ARRAY_SIZE(prefixes)];
        break;
    default:
        memmove(bytes + 1, bytes, WINDOW - 1);
        bytes[0] = prefixes[(r >> 16 & 0xff) % 13];
        break;
    }
}

/* Instructions of the C library, changed a little. */
static void test_zydis_mutated(void)
{
    uint64_t count = env_number("TEST_DECODE_COUNT", 3000000), n = 0;
    size_t size, pos = 0;
    uint64_t addr;
    uint8_t *text = host_text(&size, &addr);
    ZydisDecoder zd;

    if (!text) {
        g_test_skip("no x86-64 C library here");
        return;
    }
    rng = env_number("TEST_SEED", 1) + 1;
    start_compare(&zd);
    while (n < count) {
        uint8_t bytes[WINDOW];
        X86Insn insn;

        if (pos + WINDOW > size) {
            pos = rnd() & 15;
        }
        if (x86_decode(&insn, text + pos, size - pos, addr + pos,
                       X86_FEATURES_ALL) != X86_DECODE_OK) {
            pos++;
            continue;
        }
        for (unsigned i = 0; i < 8; i++, n++) {
            random_bytes(bytes);
            memcpy(bytes, text + pos, insn.len);
            for (unsigned k = 0; k <= i / 3; k++) {
                mutate(bytes, insn.len);
            }
            compare(&zd, bytes, sizeof(bytes));
        }
        pos += insn.len;
    }
    g_test_message("%" PRIu64 " mutated instructions", n);
    g_free(text);
}

/* All opcodes and ModRM bytes behind @head; returns how many. */
static unsigned every_opcode(ZydisDecoder *zd, const uint8_t *head, unsigned n)
{
    uint8_t bytes[WINDOW];

    random_bytes(bytes);
    memcpy(bytes, head, n);
    for (unsigned i = 0; i < 65536; i++) {
        bytes[n] = i >> 8;
        bytes[n + 1] = i;
        compare(zd, bytes, sizeof(bytes));
    }
    return 65536;
}

static unsigned every_legacy(ZydisDecoder *zd, bool all)
{
    static const uint8_t sets[][3] = {
        { 0 }, { 0x66 }, { 0xf3 }, { 0xf2 }, { 0xf0 }, { 0x48 }, { 0x41 },
        { 0x66, 0x48 },
        { 0xf3, 0x48 }, { 0xf2, 0x48 }, { 0x66, 0xf3 }, { 0x66, 0xf2 },
        { 0xf0, 0x48 }, { 0xf0, 0x66 }, { 0x66, 0x41 }, { 0xf3, 0x41 },
        { 0x67 }, { 0x64 }, { 0x44 }, { 0x42 }, { 0x48, 0x66 },
        { 0xf2, 0xf3 }, { 0xf3, 0xf2 }, { 0xf0, 0xf3 }, { 0xf0, 0xf2 },
        { 0x66, 0x67, 0x4f }, { 0x64, 0x67, 0x66 }, { 0x2e, 0x40 },
    };
    static const uint8_t maps[][3] = {
        { 0 }, { 1, 0x0f }, { 2, 0x0f, 0x38 }, { 2, 0x0f, 0x3a },
    };
    unsigned total = 0;

    for (unsigned m = 0; m < ARRAY_SIZE(maps); m++) {
        for (unsigned i = 0; i < (all ? ARRAY_SIZE(sets) : 8); i++) {
            uint8_t head[8];
            unsigned n = 0;

            while (n < 3 && sets[i][n]) {
                head[n] = sets[i][n];
                n++;
            }
            memcpy(head + n, maps[m] + 1, maps[m][0]);
            total += every_opcode(zd, head, n + maps[m][0]);
        }
    }
    return total;
}

static unsigned every_vex(ZydisDecoder *zd, bool all)
{
    unsigned total = 0;

    for (unsigned map = 1; map <= 3; map++) {
        for (unsigned i = 0; i < 256; i++) {
            unsigned vvvv = i >> 3 & 15;
            uint8_t head[3] = { 0xc4, 0xe0 | map, i };

            if (all ? vvvv == 15 || vvvv == 0 || vvvv == 9
                    : vvvv == 15 && !(i & 0x80)) {
                total += every_opcode(zd, head, 3);
            }
            if (all && vvvv == 15) {
                head[1] = map;
                total += every_opcode(zd, head, 3);
            }
        }
    }
    return total;
}

static void test_zydis_every(void)
{
    bool all = env_number("TEST_DECODE_COUNT", 0) >= 10000000;
    ZydisDecoder zd;
    unsigned total;

    rng = env_number("TEST_SEED", 1) + 2;
    start_compare(&zd);
    total = every_legacy(&zd, all) + every_vex(&zd, all);
    g_test_message("%u combinations of prefixes, opcode and ModRM", total);
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
    g_test_add_func("/decode/speed", test_speed);
#ifdef HAVE_ZYDIS
    g_test_add_func("/decode/zydis/random", test_zydis_random);
    g_test_add_func("/decode/zydis/mutated", test_zydis_mutated);
    g_test_add_func("/decode/zydis/every", test_zydis_every);
    g_test_add_func("/decode/zydis/text", test_zydis_text);
#else
    g_test_add_func("/decode/zydis", test_no_zydis);
#endif
    return g_test_run();
}
