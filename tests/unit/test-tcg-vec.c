/*
 * The portable reference of the vector ops against the processor.
 *
 * Each row of the table names a vop and the x86 instruction it stands for; the
 * test assembles that instruction (legacy SSE and VEX, 128 and 256 bits where
 * they exist) between loads and stores and compares registers and MXCSR on
 * random and special operands.  Other hosts check recorded results only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include <math.h>
#include <sys/mman.h>
#include "tcg/tcg-vop.h"

/* FIPS 180 and 197 examples, CRC check value, some arithmetic: everywhere. */
static void test_known(void)
{
    TCGFpEnv fp = { .mxcsr = 0x1f80 };
    TCGVec a = { .b = "123456789" }, b = { { 0 } }, d = { { 0 } };
    uint32_t crc = UINT32_MAX;

    for (int i = 0; i < 9; i++) {
        TCGVec x = { .q = { crc } }, y = { .q = { a.b[i] } };

        tcg_vop_ref(VOP_DESC(VOP_crc32, VW_16, 0, 0), &d, &x, &y, NULL, MO_8,
                    &fp);
        crc = d.q[0];
    }
    g_assert_cmphex(~crc, ==, 0xe3069283);

    /* FIPS 197, appendix B: state and key of round 1 */
    static const uint8_t state[16] = {
        0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b,
        0x9a, 0xc6, 0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08,
    };
    static const uint8_t key[16] = {
        0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1,
        0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05,
    };
    static const uint8_t next[16] = {
        0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b,
        0x6b, 0x5b, 0xea, 0x43, 0x02, 0x6a, 0x50, 0x49,
    };
    memcpy(a.b, state, 16);
    memcpy(b.b, key, 16);
    tcg_vop_ref(VOP_DESC(VOP_aesenc, VW_16, 0, 0), &d, &a, &b, NULL, 0, &fp);
    g_assert_true(!memcmp(d.b, next, 16));

    a.d[0] = 1;
    b.d[0] = 3;
    tcg_vop_ref(VOP_DESC(VOP_fdiv, VW_16, MO_64, TCG_F_SCALAR), &d, &a, &b,
                NULL, 0, &fp);
    g_assert_cmphex(d.q[0], ==, 0x3fd5555555555555);
    g_assert_cmphex(fp.mxcsr, ==, 0x1fa0);
    a.q[0] = 0x7ff0000000000001;        /* signalling */
    b.q[0] = 0xfff8000000000123;
    tcg_vop_ref(VOP_DESC(VOP_fadd, VW_16, MO_64, TCG_F_SCALAR), &d, &a, &b,
                NULL, 0, &fp);
    g_assert_cmphex(d.q[0], ==, 0x7ff8000000000001);
    g_assert_cmphex(fp.mxcsr, ==, 0x1fa1);
}

#ifdef __x86_64__

static GRand *rnd;

static uint64_t random64(void)
{
    return (uint64_t)g_rand_int(rnd) << 32 | g_rand_int(rnd);
}

static unsigned pick(unsigned n)
{
    return g_rand_int_range(rnd, 0, n);
}

typedef enum Shape {
    BIN,        /* legacy: reg = reg op rm; VEX: reg = vvvv op rm */
    UN,         /* reg = op rm, rm is src[0] */
    UNB,        /* reg = op rm, rm is src[1] */
    SHI,        /* shift by imm8, group encoding */
    TER,        /* third source: xmm0, or is4 with opcode vexop */
    FMA,        /* VEX only, destination is the first source */
    TOGPR,      /* integer in reg */
    TORM,       /* integer in rm (PEXTRx) */
    FROMGPR,    /* integer source in rm */
    FLAGS,      /* EFLAGS of reg, rm */
} Shape;

enum {
    LEG = 1,    /* has a legacy form */
    V128 = 2, V256 = 4,
    ALL = 7, SSE = LEG | V128,
    FPV = 8,    /* floating point operands, MXCSR counts */
    SCA = 16,   /* TCG_F_SCALAR */
    W1 = 32,    /* REX.W, VEX.W */
    APX = 64,   /* result is an approximation */
    VW1 = 128,  /* W in the VEX form only */
};

typedef struct Row {
    uint8_t vop, esz;
    Shape shape;
    uint8_t pp, map, opc;   /* pp: 0, 1 = 66, 2 = F3, 3 = F2; map 1..3 */
    uint8_t flags;
    const char *cpu;
    int16_t imm;            /* -1: none, -2: random, else MO_ of movsx etc. */
    uint8_t ext;            /* SHI: modrm.reg; TER: VEX opcode */
} Row;

#define N -1
#define R -2

static const Row rows[] = {
    { VOP_mov, 0, UN, 0, 1, 0x10, ALL, 0, N },
    { VOP_movs, MO_32, BIN, 2, 1, 0x10, SSE, 0, N },
    { VOP_movs, MO_64, BIN, 3, 1, 0x10, SSE, 0, N },
    { VOP_movq, 0, UN, 2, 1, 0x7e, SSE, 0, N },
    { VOP_and, 0, BIN, 1, 1, 0xdb, ALL, 0, N },
    { VOP_andn, 0, BIN, 1, 1, 0xdf, ALL, 0, N },
    { VOP_or, 0, BIN, 1, 1, 0xeb, ALL, 0, N },
    { VOP_xor, 0, BIN, 1, 1, 0xef, ALL, 0, N },
    { VOP_add, MO_8, BIN, 1, 1, 0xfc, ALL, 0, N },
    { VOP_add, MO_16, BIN, 1, 1, 0xfd, ALL, 0, N },
    { VOP_add, MO_32, BIN, 1, 1, 0xfe, ALL, 0, N },
    { VOP_add, MO_64, BIN, 1, 1, 0xd4, ALL, 0, N },
    { VOP_sub, MO_8, BIN, 1, 1, 0xf8, ALL, 0, N },
    { VOP_sub, MO_16, BIN, 1, 1, 0xf9, ALL, 0, N },
    { VOP_sub, MO_32, BIN, 1, 1, 0xfa, ALL, 0, N },
    { VOP_sub, MO_64, BIN, 1, 1, 0xfb, ALL, 0, N },
    { VOP_adds, MO_8, BIN, 1, 1, 0xec, ALL, 0, N },
    { VOP_adds, MO_16, BIN, 1, 1, 0xed, ALL, 0, N },
    { VOP_addus, MO_8, BIN, 1, 1, 0xdc, ALL, 0, N },
    { VOP_addus, MO_16, BIN, 1, 1, 0xdd, ALL, 0, N },
    { VOP_subs, MO_8, BIN, 1, 1, 0xe8, ALL, 0, N },
    { VOP_subs, MO_16, BIN, 1, 1, 0xe9, ALL, 0, N },
    { VOP_subus, MO_8, BIN, 1, 1, 0xd8, ALL, 0, N },
    { VOP_subus, MO_16, BIN, 1, 1, 0xd9, ALL, 0, N },
    { VOP_avgu, MO_8, BIN, 1, 1, 0xe0, ALL, 0, N },
    { VOP_avgu, MO_16, BIN, 1, 1, 0xe3, ALL, 0, N },
    { VOP_mins, MO_8, BIN, 1, 2, 0x38, ALL, "sse4.1", N },
    { VOP_mins, MO_16, BIN, 1, 1, 0xea, ALL, 0, N },
    { VOP_mins, MO_32, BIN, 1, 2, 0x39, ALL, "sse4.1", N },
    { VOP_minu, MO_8, BIN, 1, 1, 0xda, ALL, 0, N },
    { VOP_minu, MO_16, BIN, 1, 2, 0x3a, ALL, "sse4.1", N },
    { VOP_minu, MO_32, BIN, 1, 2, 0x3b, ALL, "sse4.1", N },
    { VOP_maxs, MO_8, BIN, 1, 2, 0x3c, ALL, "sse4.1", N },
    { VOP_maxs, MO_16, BIN, 1, 1, 0xee, ALL, 0, N },
    { VOP_maxs, MO_32, BIN, 1, 2, 0x3d, ALL, "sse4.1", N },
    { VOP_maxu, MO_8, BIN, 1, 1, 0xde, ALL, 0, N },
    { VOP_maxu, MO_16, BIN, 1, 2, 0x3e, ALL, "sse4.1", N },
    { VOP_maxu, MO_32, BIN, 1, 2, 0x3f, ALL, "sse4.1", N },
    { VOP_abs, MO_8, UN, 1, 2, 0x1c, ALL, "ssse3", N },
    { VOP_abs, MO_16, UN, 1, 2, 0x1d, ALL, "ssse3", N },
    { VOP_abs, MO_32, UN, 1, 2, 0x1e, ALL, "ssse3", N },
    { VOP_sign, MO_8, BIN, 1, 2, 0x08, ALL, "ssse3", N },
    { VOP_sign, MO_16, BIN, 1, 2, 0x09, ALL, "ssse3", N },
    { VOP_sign, MO_32, BIN, 1, 2, 0x0a, ALL, "ssse3", N },
    { VOP_mullo, MO_16, BIN, 1, 1, 0xd5, ALL, 0, N },
    { VOP_mullo, MO_32, BIN, 1, 2, 0x40, ALL, "sse4.1", N },
    { VOP_mulhs, 0, BIN, 1, 1, 0xe5, ALL, 0, N },
    { VOP_mulhu, 0, BIN, 1, 1, 0xe4, ALL, 0, N },
    { VOP_mulhrs, 0, BIN, 1, 2, 0x0b, ALL, "ssse3", N },
    { VOP_maddwd, 0, BIN, 1, 1, 0xf5, ALL, 0, N },
    { VOP_maddubs, 0, BIN, 1, 2, 0x04, ALL, "ssse3", N },
    { VOP_muludq, 0, BIN, 1, 1, 0xf4, ALL, 0, N },
    { VOP_muldq, 0, BIN, 1, 2, 0x28, ALL, "sse4.1", N },
    { VOP_sadbw, 0, BIN, 1, 1, 0xf6, ALL, 0, N },
    { VOP_mpsadbw, 0, BIN, 1, 3, 0x42, ALL, "sse4.1", R },
    { VOP_phminposuw, 0, UN, 1, 2, 0x41, SSE, "sse4.1", N },
    { VOP_cmpeq, MO_8, BIN, 1, 1, 0x74, ALL, 0, N },
    { VOP_cmpeq, MO_16, BIN, 1, 1, 0x75, ALL, 0, N },
    { VOP_cmpeq, MO_32, BIN, 1, 1, 0x76, ALL, 0, N },
    { VOP_cmpeq, MO_64, BIN, 1, 2, 0x29, ALL, "sse4.1", N },
    { VOP_cmpgt, MO_8, BIN, 1, 1, 0x64, ALL, 0, N },
    { VOP_cmpgt, MO_16, BIN, 1, 1, 0x65, ALL, 0, N },
    { VOP_cmpgt, MO_32, BIN, 1, 1, 0x66, ALL, 0, N },
    { VOP_cmpgt, MO_64, BIN, 1, 2, 0x37, ALL, "sse4.2", N },
    { VOP_hadd, MO_16, BIN, 1, 2, 0x01, ALL, "ssse3", N },
    { VOP_hadd, MO_32, BIN, 1, 2, 0x02, ALL, "ssse3", N },
    { VOP_hadds, 0, BIN, 1, 2, 0x03, ALL, "ssse3", N },
    { VOP_hsub, MO_16, BIN, 1, 2, 0x05, ALL, "ssse3", N },
    { VOP_hsub, MO_32, BIN, 1, 2, 0x06, ALL, "ssse3", N },
    { VOP_hsubs, 0, BIN, 1, 2, 0x07, ALL, "ssse3", N },
    { VOP_shli, MO_16, SHI, 1, 1, 0x71, ALL, 0, R, 6 },
    { VOP_shli, MO_32, SHI, 1, 1, 0x72, ALL, 0, R, 6 },
    { VOP_shli, MO_64, SHI, 1, 1, 0x73, ALL, 0, R, 6 },
    { VOP_shri, MO_16, SHI, 1, 1, 0x71, ALL, 0, R, 2 },
    { VOP_shri, MO_32, SHI, 1, 1, 0x72, ALL, 0, R, 2 },
    { VOP_shri, MO_64, SHI, 1, 1, 0x73, ALL, 0, R, 2 },
    { VOP_sari, MO_16, SHI, 1, 1, 0x71, ALL, 0, R, 4 },
    { VOP_sari, MO_32, SHI, 1, 1, 0x72, ALL, 0, R, 4 },
    { VOP_shl, MO_16, BIN, 1, 1, 0xf1, ALL, 0, N },
    { VOP_shl, MO_32, BIN, 1, 1, 0xf2, ALL, 0, N },
    { VOP_shl, MO_64, BIN, 1, 1, 0xf3, ALL, 0, N },
    { VOP_shr, MO_16, BIN, 1, 1, 0xd1, ALL, 0, N },
    { VOP_shr, MO_32, BIN, 1, 1, 0xd2, ALL, 0, N },
    { VOP_shr, MO_64, BIN, 1, 1, 0xd3, ALL, 0, N },
    { VOP_sar, MO_16, BIN, 1, 1, 0xe1, ALL, 0, N },
    { VOP_sar, MO_32, BIN, 1, 1, 0xe2, ALL, 0, N },
    { VOP_shlv, MO_32, BIN, 1, 2, 0x47, V128 | V256, "avx2", N },
    { VOP_shlv, MO_64, BIN, 1, 2, 0x47, V128 | V256 | W1, "avx2", N },
    { VOP_shrv, MO_32, BIN, 1, 2, 0x45, V128 | V256, "avx2", N },
    { VOP_shrv, MO_64, BIN, 1, 2, 0x45, V128 | V256 | W1, "avx2", N },
    { VOP_sarv, MO_32, BIN, 1, 2, 0x46, V128 | V256, "avx2", N },
    { VOP_bslli, 0, SHI, 1, 1, 0x73, ALL, 0, R, 7 },
    { VOP_bsrli, 0, SHI, 1, 1, 0x73, ALL, 0, R, 3 },
    { VOP_pshufb, 0, BIN, 1, 2, 0x00, ALL, "ssse3", N },
    { VOP_pshufd, 0, UN, 1, 1, 0x70, ALL, 0, R },
    { VOP_pshuflw, 0, UN, 3, 1, 0x70, ALL, 0, R },
    { VOP_pshufhw, 0, UN, 2, 1, 0x70, ALL, 0, R },
    { VOP_shufp, MO_32, BIN, 0, 1, 0xc6, ALL, 0, R },
    { VOP_shufp, MO_64, BIN, 1, 1, 0xc6, ALL, 0, R },
    { VOP_unpckl, MO_8, BIN, 1, 1, 0x60, ALL, 0, N },
    { VOP_unpckl, MO_16, BIN, 1, 1, 0x61, ALL, 0, N },
    { VOP_unpckl, MO_32, BIN, 1, 1, 0x62, ALL, 0, N },
    { VOP_unpckl, MO_64, BIN, 1, 1, 0x6c, ALL, 0, N },
    { VOP_unpckh, MO_8, BIN, 1, 1, 0x68, ALL, 0, N },
    { VOP_unpckh, MO_16, BIN, 1, 1, 0x69, ALL, 0, N },
    { VOP_unpckh, MO_32, BIN, 1, 1, 0x6a, ALL, 0, N },
    { VOP_unpckh, MO_64, BIN, 1, 1, 0x6d, ALL, 0, N },
    { VOP_packss, MO_16, BIN, 1, 1, 0x63, ALL, 0, N },
    { VOP_packss, MO_32, BIN, 1, 1, 0x6b, ALL, 0, N },
    { VOP_packus, MO_16, BIN, 1, 1, 0x67, ALL, 0, N },
    { VOP_packus, MO_32, BIN, 1, 2, 0x2b, ALL, "sse4.1", N },
    { VOP_palignr, 0, BIN, 1, 3, 0x0f, ALL, "ssse3", R },
    { VOP_blendi, MO_16, BIN, 1, 3, 0x0e, ALL, "sse4.1", R },
    { VOP_blendi, MO_32, BIN, 1, 3, 0x0c, ALL, "sse4.1", R },
    { VOP_blendi, MO_64, BIN, 1, 3, 0x0d, ALL, "sse4.1", R },
    { VOP_blendv, MO_8, TER, 1, 2, 0x10, ALL, "sse4.1", N, 0x4c },
    { VOP_blendv, MO_32, TER, 1, 2, 0x14, ALL, "sse4.1", N, 0x4a },
    { VOP_blendv, MO_64, TER, 1, 2, 0x15, ALL, "sse4.1", N, 0x4b },
    { VOP_permq, 0, UN, 1, 3, 0x00, V256 | W1, "avx2", R },
    { VOP_permd, 0, BIN, 1, 2, 0x36, V256, "avx2", N },
    { VOP_perm2x128, 0, BIN, 1, 3, 0x46, V256, "avx2", R },
    { VOP_permilv, MO_32, BIN, 1, 2, 0x0c, V128 | V256, "avx", N },
    { VOP_permilv, MO_64, BIN, 1, 2, 0x0d, V128 | V256, "avx", N },
    { VOP_permili, MO_32, UN, 1, 3, 0x04, V128 | V256, "avx", R },
    { VOP_permili, MO_64, UN, 1, 3, 0x05, V128 | V256, "avx", R },
    { VOP_insertps, 0, BIN, 1, 3, 0x21, SSE, "sse4.1", R },
    { VOP_bcast, MO_8, UN, 1, 2, 0x78, V128 | V256, "avx2", N },
    { VOP_bcast, MO_16, UN, 1, 2, 0x79, V128 | V256, "avx2", N },
    { VOP_bcast, MO_32, UN, 1, 2, 0x58, V128 | V256, "avx2", N },
    { VOP_bcast, MO_64, UN, 1, 2, 0x59, V128 | V256, "avx2", N },
    { VOP_insert128, 0, BIN, 1, 3, 0x38, V256, "avx2", R },
    { VOP_movddup, 0, UN, 3, 1, 0x12, ALL, "sse3", N },
    { VOP_movsldup, 0, UN, 2, 1, 0x12, ALL, "sse3", N },
    { VOP_movshdup, 0, UN, 2, 1, 0x16, ALL, "sse3", N },
    { VOP_movlh, 0, BIN, 0, 1, 0x16, SSE, 0, N },
    { VOP_movhl, 0, BIN, 0, 1, 0x12, SSE, 0, N },
    { VOP_insert, MO_8, FROMGPR, 1, 3, 0x20, SSE, "sse4.1", R },
    { VOP_insert, MO_16, FROMGPR, 1, 1, 0xc4, SSE, 0, R },
    { VOP_insert, MO_32, FROMGPR, 1, 3, 0x22, SSE, "sse4.1", R },
    { VOP_insert, MO_64, FROMGPR, 1, 3, 0x22, SSE | W1, "sse4.1", R },
    { VOP_extract, MO_8, TORM, 1, 3, 0x14, SSE, "sse4.1", R },
    { VOP_extract, MO_16, TOGPR, 1, 1, 0xc5, SSE, 0, R },
    { VOP_extract, MO_32, TORM, 1, 3, 0x16, SSE, "sse4.1", R },
    { VOP_extract, MO_64, TORM, 1, 3, 0x16, SSE | W1, "sse4.1", R },
    { VOP_movi2v, MO_32, FROMGPR, 1, 1, 0x6e, SSE, 0, N },
    { VOP_movi2v, MO_64, FROMGPR, 1, 1, 0x6e, SSE | W1, 0, N },
    { VOP_movmsk, MO_8, TOGPR, 1, 1, 0xd7, ALL, 0, N },
    { VOP_movmsk, MO_32, TOGPR, 0, 1, 0x50, ALL, 0, N },
    { VOP_movmsk, MO_64, TOGPR, 1, 1, 0x50, ALL, 0, N },
    { VOP_movsx, MO_8, UN, 1, 2, 0x20, ALL, "sse4.1", MO_16 },
    { VOP_movsx, MO_8, UN, 1, 2, 0x21, ALL, "sse4.1", MO_32 },
    { VOP_movsx, MO_8, UN, 1, 2, 0x22, ALL, "sse4.1", MO_64 },
    { VOP_movsx, MO_16, UN, 1, 2, 0x23, ALL, "sse4.1", MO_32 },
    { VOP_movsx, MO_16, UN, 1, 2, 0x24, ALL, "sse4.1", MO_64 },
    { VOP_movsx, MO_32, UN, 1, 2, 0x25, ALL, "sse4.1", MO_64 },
    { VOP_movzx, MO_8, UN, 1, 2, 0x30, ALL, "sse4.1", MO_16 },
    { VOP_movzx, MO_8, UN, 1, 2, 0x31, ALL, "sse4.1", MO_32 },
    { VOP_movzx, MO_8, UN, 1, 2, 0x32, ALL, "sse4.1", MO_64 },
    { VOP_movzx, MO_16, UN, 1, 2, 0x33, ALL, "sse4.1", MO_32 },
    { VOP_movzx, MO_16, UN, 1, 2, 0x34, ALL, "sse4.1", MO_64 },
    { VOP_movzx, MO_32, UN, 1, 2, 0x35, ALL, "sse4.1", MO_64 },
#define ARITH(vop, opc) \
    { vop, MO_32, BIN, 0, 1, opc, ALL | FPV, 0, N }, \
    { vop, MO_64, BIN, 1, 1, opc, ALL | FPV, 0, N }, \
    { vop, MO_32, BIN, 2, 1, opc, SSE | FPV | SCA, 0, N }, \
    { vop, MO_64, BIN, 3, 1, opc, SSE | FPV | SCA, 0, N }
    ARITH(VOP_fadd, 0x58), ARITH(VOP_fsub, 0x5c), ARITH(VOP_fmul, 0x59),
    ARITH(VOP_fdiv, 0x5e), ARITH(VOP_fmin, 0x5d), ARITH(VOP_fmax, 0x5f),
    { VOP_fsqrt, MO_32, UNB, 0, 1, 0x51, ALL | FPV, 0, N },
    { VOP_fsqrt, MO_64, UNB, 1, 1, 0x51, ALL | FPV, 0, N },
    { VOP_fsqrt, MO_32, BIN, 2, 1, 0x51, SSE | FPV | SCA, 0, N },
    { VOP_fsqrt, MO_64, BIN, 3, 1, 0x51, SSE | FPV | SCA, 0, N },
    { VOP_frcp, MO_32, UNB, 0, 1, 0x53, ALL | FPV | APX, 0, N },
    { VOP_frsqrt, MO_32, UNB, 0, 1, 0x52, ALL | FPV | APX, 0, N },
    { VOP_frcp, MO_32, BIN, 2, 1, 0x53, SSE | FPV | APX | SCA, 0, N },
    { VOP_frsqrt, MO_32, BIN, 2, 1, 0x52, SSE | FPV | APX | SCA, 0, N },
    { VOP_fcmp, MO_32, BIN, 0, 1, 0xc2, V128 | V256 | FPV, "avx", R },
    { VOP_fcmp, MO_64, BIN, 1, 1, 0xc2, V128 | V256 | FPV, "avx", R },
    { VOP_fcmp, MO_32, BIN, 2, 1, 0xc2, V128 | FPV | SCA, "avx", R },
    { VOP_fcmp, MO_64, BIN, 3, 1, 0xc2, V128 | FPV | SCA, "avx", R },
    { VOP_faddsub, MO_32, BIN, 3, 1, 0xd0, ALL | FPV, "sse3", N },
    { VOP_faddsub, MO_64, BIN, 1, 1, 0xd0, ALL | FPV, "sse3", N },
    { VOP_fhadd, MO_32, BIN, 3, 1, 0x7c, ALL | FPV, "sse3", N },
    { VOP_fhadd, MO_64, BIN, 1, 1, 0x7c, ALL | FPV, "sse3", N },
    { VOP_fhsub, MO_32, BIN, 3, 1, 0x7d, ALL | FPV, "sse3", N },
    { VOP_fhsub, MO_64, BIN, 1, 1, 0x7d, ALL | FPV, "sse3", N },
    { VOP_fround, MO_32, UNB, 1, 3, 0x08, ALL | FPV, "sse4.1", R },
    { VOP_fround, MO_64, UNB, 1, 3, 0x09, ALL | FPV, "sse4.1", R },
    { VOP_fround, MO_32, BIN, 1, 3, 0x0a, SSE | FPV | SCA, "sse4.1", R },
    { VOP_fround, MO_64, BIN, 1, 3, 0x0b, SSE | FPV | SCA, "sse4.1", R },
    { VOP_fdp, MO_32, BIN, 1, 3, 0x40, ALL | FPV, "sse4.1", R },
    { VOP_fdp, MO_64, BIN, 1, 3, 0x41, SSE | FPV, "sse4.1", R },
#define FMAS(kind, opc) \
    FMA1(kind, 0, opc), FMA1(kind, 1, opc + 0x10), FMA1(kind, 2, opc + 0x20)
#define FMA1(kind, form, opc) \
    { VOP_fma, MO_32, FMA, 1, 2, opc, V128 | V256 | FPV, "fma", \
      form | kind << 4 }, \
    { VOP_fma, MO_64, FMA, 1, 2, opc, V128 | V256 | FPV | W1, "fma", \
      form | kind << 4 }
#define FMASS(kind, opc) \
    FMA2(kind, 0, opc), FMA2(kind, 1, opc + 0x10), FMA2(kind, 2, opc + 0x20)
#define FMA2(kind, form, opc) \
    { VOP_fma, MO_32, FMA, 1, 2, opc, V128 | SCA | FPV, "fma", \
      form | kind << 4 }, \
    { VOP_fma, MO_64, FMA, 1, 2, opc, V128 | SCA | FPV | W1, "fma", \
      form | kind << 4 }
    FMAS(0, 0x98), FMAS(1, 0x9a), FMAS(2, 0x9c), FMAS(3, 0x9e),
    FMAS(4, 0x96), FMAS(5, 0x97),
    FMASS(0, 0x99), FMASS(1, 0x9b), FMASS(2, 0x9d), FMASS(3, 0x9f),
    { VOP_fucomi, MO_32, FLAGS, 0, 1, 0x2e, SSE | FPV, 0, N },
    { VOP_fucomi, MO_64, FLAGS, 1, 1, 0x2e, SSE | FPV, 0, N },
    { VOP_fcomi, MO_32, FLAGS, 0, 1, 0x2f, SSE | FPV, 0, N },
    { VOP_fcomi, MO_64, FLAGS, 1, 1, 0x2f, SSE | FPV, 0, N },
    { VOP_cvtdq2ps, MO_32, UN, 0, 1, 0x5b, ALL | FPV, 0, N },
    { VOP_cvtps2dq, MO_32, UN, 1, 1, 0x5b, ALL | FPV, 0, N },
    { VOP_cvttps2dq, MO_32, UN, 2, 1, 0x5b, ALL | FPV, 0, N },
    { VOP_cvtdq2pd, MO_32, UN, 2, 1, 0xe6, ALL | FPV, 0, N },
    { VOP_cvtps2pd, MO_32, UN, 0, 1, 0x5a, ALL | FPV, 0, N },
    { VOP_cvtpd2dq, MO_64, UN, 3, 1, 0xe6, ALL | FPV, 0, N },
    { VOP_cvttpd2dq, MO_64, UN, 1, 1, 0xe6, ALL | FPV, 0, N },
    { VOP_cvtpd2ps, MO_64, UN, 1, 1, 0x5a, ALL | FPV, 0, N },
    { VOP_cvtss2sd, MO_32, BIN, 2, 1, 0x5a, SSE | FPV, 0, N },
    { VOP_cvtsd2ss, MO_64, BIN, 3, 1, 0x5a, SSE | FPV, 0, N },
    { VOP_cvtsi2f, MO_32, FROMGPR, 2, 1, 0x2a, SSE | FPV, 0, MO_32 },
    { VOP_cvtsi2f, MO_32, FROMGPR, 2, 1, 0x2a, SSE | FPV | W1, 0, MO_64 },
    { VOP_cvtsi2f, MO_64, FROMGPR, 3, 1, 0x2a, SSE | FPV, 0, MO_32 },
    { VOP_cvtsi2f, MO_64, FROMGPR, 3, 1, 0x2a, SSE | FPV | W1, 0, MO_64 },
    { VOP_cvtf2si, MO_32, TOGPR, 2, 1, 0x2d, SSE | FPV, 0, MO_32 },
    { VOP_cvtf2si, MO_32, TOGPR, 2, 1, 0x2d, SSE | FPV | W1, 0, MO_64 },
    { VOP_cvtf2si, MO_64, TOGPR, 3, 1, 0x2d, SSE | FPV, 0, MO_32 },
    { VOP_cvtf2si, MO_64, TOGPR, 3, 1, 0x2d, SSE | FPV | W1, 0, MO_64 },
    { VOP_cvttf2si, MO_32, TOGPR, 2, 1, 0x2c, SSE | FPV, 0, MO_32 },
    { VOP_cvttf2si, MO_32, TOGPR, 2, 1, 0x2c, SSE | FPV | W1, 0, MO_64 },
    { VOP_cvttf2si, MO_64, TOGPR, 3, 1, 0x2c, SSE | FPV, 0, MO_32 },
    { VOP_cvttf2si, MO_64, TOGPR, 3, 1, 0x2c, SSE | FPV | W1, 0, MO_64 },
    { VOP_cvtph2ps, MO_16, UN, 1, 2, 0x13, V128 | V256 | FPV, "f16c", N },
    { VOP_cvtps2ph, MO_32, TORM, 1, 3, 0x1d, V128 | V256 | FPV, "f16c", R },
    { VOP_ptest, 0, FLAGS, 1, 2, 0x17, ALL, "sse4.1", N },
    { VOP_testp, MO_32, FLAGS, 1, 2, 0x0e, V128 | V256, "avx", N },
    { VOP_testp, MO_64, FLAGS, 1, 2, 0x0f, V128 | V256, "avx", N },
    { VOP_aesenc, 0, BIN, 1, 2, 0xdc, SSE, "aes", N },
    { VOP_aesenclast, 0, BIN, 1, 2, 0xdd, SSE, "aes", N },
    { VOP_aesdec, 0, BIN, 1, 2, 0xde, SSE, "aes", N },
    { VOP_aesdeclast, 0, BIN, 1, 2, 0xdf, SSE, "aes", N },
    { VOP_aesimc, 0, UN, 1, 2, 0xdb, SSE, "aes", N },
    { VOP_aeskeygen, 0, UN, 1, 3, 0xdf, SSE, "aes", R },
    { VOP_pclmul, 0, BIN, 1, 3, 0x44, SSE, "pclmul", R },
    { VOP_sha1msg1, 0, BIN, 0, 2, 0xc9, LEG, "sha", N },
    { VOP_sha1msg2, 0, BIN, 0, 2, 0xca, LEG, "sha", N },
    { VOP_sha1nexte, 0, BIN, 0, 2, 0xc8, LEG, "sha", N },
    { VOP_sha1rnds4, 0, BIN, 0, 3, 0xcc, LEG, "sha", R },
    { VOP_sha256msg1, 0, BIN, 0, 2, 0xcc, LEG, "sha", N },
    { VOP_sha256msg2, 0, BIN, 0, 2, 0xcd, LEG, "sha", N },
    { VOP_sha256rnds2, 0, TER, 0, 2, 0xcb, LEG, "sha", N, 0 },
    { VOP_gf2p8mul, 0, BIN, 1, 2, 0xcf, ALL, "gfni", N },
    { VOP_gf2p8affine, 0, BIN, 1, 3, 0xce, ALL | VW1, "gfni", R },
    { VOP_gf2p8affineinv, 0, BIN, 1, 3, 0xcf, ALL | VW1, "gfni", R },
};

static bool cpu_has(const char *name)
{
    unsigned a, b, c, d;

    if (!name) {
        return true;
    }
    if (!strcmp(name, "sha") || !strcmp(name, "gfni") ||
        !strcmp(name, "f16c")) {
        asm("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
        if (!strcmp(name, "sha")) {
            return b >> 29 & 1;
        }
        if (!strcmp(name, "gfni")) {
            return c >> 8 & 1;
        }
        asm("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
        return c >> 29 & 1;
    }
    return !strcmp(name, "sse3") ? __builtin_cpu_supports("sse3") :
           !strcmp(name, "ssse3") ? __builtin_cpu_supports("ssse3") :
           !strcmp(name, "sse4.1") ? __builtin_cpu_supports("sse4.1") :
           !strcmp(name, "sse4.2") ? __builtin_cpu_supports("sse4.2") :
           !strcmp(name, "avx") ? __builtin_cpu_supports("avx") :
           !strcmp(name, "avx2") ? __builtin_cpu_supports("avx2") :
           !strcmp(name, "fma") ? __builtin_cpu_supports("fma") :
           !strcmp(name, "aes") ? __builtin_cpu_supports("aes") :
           !strcmp(name, "pclmul") && __builtin_cpu_supports("pclmul");
}

static uint8_t *buf, *at;

static void emit(int n, const uint8_t *b)
{
    memcpy(at, b, n);
    at += n;
}
#define EMIT(...) \
    emit(sizeof((uint8_t[]){ __VA_ARGS__ }), (uint8_t[]){ __VA_ARGS__ })

/* VEX or legacy load and store of register @reg; base register in modrm */
static void mov_mem(bool vex, bool wide, bool store, int reg, int base)
{
    uint8_t op = store ? 0x11 : 0x10, modrm = reg << 3 | base;

    if (vex) {
        EMIT(0xc5, 0xf8 | wide << 2, op, modrm);
    } else {
        EMIT(0x0f, op, modrm);
    }
}

/* The instruction itself with these register numbers. */
static void insn(const Row *r, bool vex, bool wide, int reg, int vvvv, int rm,
                 uint8_t opc, unsigned map)
{
    static const uint8_t prefix[] = { 0, 0x66, 0xf3, 0xf2 };
    bool w = r->flags & W1 || (vex && r->flags & VW1);

    if (vex) {
        EMIT(0xc4, 0xe0 | map, w << 7 | (~vvvv & 15) << 3 | wide << 2 | r->pp,
             opc, 0xc0 | reg << 3 | rm);
        return;
    }
    if (r->pp) {
        EMIT(prefix[r->pp]);
    }
    if (w) {
        EMIT(0x48);
    }
    EMIT(0x0f);
    if (map > 1) {
        EMIT(map == 2 ? 0x38 : 0x3a);
    }
    EMIT(opc, 0xc0 | reg << 3 | rm);
}

typedef void Fn(TCGVec *d, const TCGVec *a, const TCGVec *b, const TCGVec *c);

/*
 * rdi = d, rsi = a, rdx = b, rcx = c.  a, b, c and the old d go to registers
 * 2, 1, 0 and 3; the result comes from 3, or rax for integers.
 */
static Fn *assemble(const Row *r, bool vex, bool wide, int imm)
{
    const char *sig = tcg_vop_defs[r->vop].sig;
    bool has_imm = strchr(sig, 'I') && r->shape != FMA &&
                   r->vop != VOP_movsx && r->vop != VOP_movzx &&
                   r->vop != VOP_cvtsi2f && r->vop != VOP_cvtf2si &&
                   r->vop != VOP_cvttf2si;
    bool to_int = sig[0] == 'i';
    int vvvv = 2;

    at = buf;
    mov_mem(vex, wide, false, 3, 7);
    mov_mem(vex, wide, false, 2, 6);
    mov_mem(vex, wide, false, 1, 2);
    mov_mem(vex, wide, false, 0, 1);
    switch (r->shape) {
    case BIN:
        if (!vex) {
            mov_mem(false, false, false, 3, 6);
        }
        insn(r, vex, wide, 3, vvvv, 1, r->opc, r->map);
        break;
    case UN:
        insn(r, vex, wide, 3, 0, 2, r->opc, r->map);
        break;
    case UNB:
        insn(r, vex, wide, 3, 0, 1, r->opc, r->map);
        break;
    case SHI:
        if (!vex) {
            mov_mem(false, false, false, 3, 6);
        }
        insn(r, vex, wide, r->ext, 3, vex ? 2 : 3, r->opc, r->map);
        break;
    case TER:
        if (vex) {
            insn(r, true, wide, 3, 2, 1, r->ext, 3);
            EMIT(0 << 4);
        } else {
            mov_mem(false, false, false, 3, 6);
            insn(r, false, false, 3, 0, 1, r->opc, r->map);
        }
        break;
    case FMA:
        /* operands 1, 2, 3 = a, b, c */
        mov_mem(true, wide, false, 3, 6);
        insn(r, true, wide, 3, 1, 0, r->opc, r->map);
        break;
    case TOGPR:
        insn(r, vex, wide, 0, 0, 2, r->opc, r->map);
        break;
    case TORM:
        insn(r, vex, wide, 2, 0, to_int ? 0 : 3, r->opc, r->map);
        break;
    case FROMGPR:
        /* the integer is src[0] or src[1] */
        EMIT(0x48, 0x8b, sig[1] == 'i' ? 0x06 : 0x02);
        if (!vex) {
            mov_mem(false, false, false, 3, 6);
        }
        insn(r, vex, wide, 3, r->vop == VOP_movi2v ? 0 : vvvv, 0, r->opc,
             r->map);
        break;
    case FLAGS:
        insn(r, vex, wide, 2, 0, 1, r->opc, r->map);
        EMIT(0x9c, 0x58);
        EMIT(0x83, 0xe0, 0x45);
        break;
    }
    if (has_imm) {
        EMIT(imm);
    }
    if (to_int) {
        EMIT(0x48, 0x89, 0x07);
    } else {
        /* all of the register: the part above a VEX.128 result is zero */
        mov_mem(vex, vex, true, 3, 7);
    }
    if (vex) {
        EMIT(0xc5, 0xf8, 0x77);
    }
    EMIT(0xc3);
    return (Fn *)buf;
}

static uint64_t special(unsigned esz)
{
    static const uint32_t f32[] = {
        0, 1, 0x7fffff, 0x800000, 0x3f800000, 0x3f800001, 0x40000000,
        0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fc12345,
        0x4f000000, 0x4effffff, 0x5f000000, 0x3f000000, 0x3effffff,
        0x3fc00000, 0x40200000, 0x00ffffff, 0x4b000001, 0x34000000,
    };
    static const uint64_t f64[] = {
        0, 1, 0xfffffffffffff, 0x10000000000000, 0x3ff0000000000000,
        0x3ff0000000000001, 0x4000000000000000, 0x7fefffffffffffff,
        0x7ff0000000000000, 0x7ff0000000000001, 0x7ff8000000000000,
        0x7ff8123456789abc, 0x43e0000000000000, 0x41dfffffffc00000,
        0x41e0000000000000, 0x3fe0000000000000, 0x3fdfffffffffffff,
        0x3ff8000000000000, 0x4004000000000000, 0x36a0000000000000,
        0x380fffffe0000000, 0x47efffffe0000000, 0x3800000000000000,
        0x3690000000000001, 0x47effffff0000000,
    };

    switch (esz) {
    case MO_16:
        return pick(2) ? pick(0x10000) : pick(2) << 15 | (pick(32) << 10);
    case MO_32:
        return f32[pick(G_N_ELEMENTS(f32))] | (uint32_t)pick(2) << 31;
    default:
        return f64[pick(G_N_ELEMENTS(f64))] | (uint64_t)pick(2) << 63;
    }
}

/* A number near 1, so that sums and products meet their borders. */
static uint64_t near_one(unsigned esz)
{
    if (esz == MO_32) {
        return (uint32_t)pick(2) << 31 | (127 - 3 + pick(7)) << 23 |
               (random64() & (pick(2) ? 0x7fffff : 0x700007));
    }
    return (uint64_t)pick(2) << 63 | (uint64_t)(1023 - 3 + pick(7)) << 52 |
           (random64() & (pick(2) ? 0xfffffffffffff : 0xe000000000007));
}

/* A result that comes out around the smallest normal number. */
static uint64_t near_tiny(unsigned esz)
{
    if (esz == MO_32) {
        return (uint32_t)pick(2) << 31 | (pick(2) ? 1 + pick(30) : 60 + pick(8))
               << 23 | (random64() & 0x7fffff);
    }
    return (uint64_t)pick(2) << 63 |
           (uint64_t)(pick(2) ? 1 + pick(60) : 505 + pick(12)) << 52 |
           (random64() & 0xfffffffffffff);
}

static void fill(TCGVec *v, const Row *r, unsigned mood)
{
    for (int i = 0; i < 4; i++) {
        v->q[i] = pick(4) ? random64() : random64() & random64() &
                                         random64();
    }
    if (!(r->flags & FPV)) {
        if (pick(8) == 0) {
            v->q[0] = pick(70);
        }
        return;
    }
    for (unsigned i = 0; i < 32u >> r->esz; i++) {
        uint64_t x = pick(4) == 0 ? special(r->esz) :
                     r->esz == MO_16 ? pick(0x10000) :
                     mood == 0 ? near_one(r->esz) :
                     mood == 1 ? near_tiny(r->esz) :
                     mood == 2 ? special(r->esz) : random64();

        memcpy(v->b + (i << r->esz), &x, 1u << r->esz);
    }
}

static bool approximately(const TCGVec *x, const TCGVec *y)
{
    for (int i = 0; i < 8; i++) {
        if (x->l[i] != y->l[i] &&
            !(fabsf(x->f[i] - y->f[i]) <= fabsf(y->f[i]) * 0x1p-10f)) {
            return false;
        }
    }
    return true;
}

static void show(const char *what, const TCGVec *v)
{
    g_test_message("%6s %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016"
                   PRIx64, what, v->q[3], v->q[2], v->q[1], v->q[0]);
}

static bool run_case(const Row *r, bool vex, bool wide, int imm, Fn *fn)
{
    const char *sig = tcg_vop_defs[r->vop].sig;
    bool to_int = sig[0] == 'i';
    uint32_t mxcsr = 0x1f80 | (pick(2) ? 0 : pick(4) << 13) |
                     (pick(3) ? 0 : 0x8000) | (pick(3) ? 0 : 0x40) |
                     (pick(2) ? 0x20 : 0);
    TCGFpEnv fp = { .mxcsr = mxcsr };
    TCGVec a, b, c, host, ref, old;
    uint32_t desc, after, saved;
    unsigned mood = pick(4);
    bool same;

    fill(&a, r, mood);
    fill(&b, r, mood);
    fill(&c, r, mood);
    fill(&old, r, mood);
    host = old;
    asm volatile("stmxcsr %0" : "=m"(saved));
    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
    fn(&host, &a, &b, &c);
    asm volatile("stmxcsr %0" : "=m"(after));
    asm volatile("ldmxcsr %0" : : "m"(saved));
    desc = VOP_DESC(r->vop, wide ? VW_32 : VW_16, r->esz,
                    (vex ? TCG_F_ZERO_UPPER : 0) |
                    (r->flags & SCA ? TCG_F_SCALAR : 0));
    ref = old;
    tcg_vop_ref(desc, &ref, &a, &b, &c, imm, &fp);
    if (to_int) {
        ref.q[1] = host.q[1];
        ref.q[2] = host.q[2];
        ref.q[3] = host.q[3];
    }
    same = r->flags & APX ? approximately(&ref, &host)
                          : !memcmp(&ref, &host, sizeof(ref));
    if (r->flags & FPV && after != fp.mxcsr) {
        same = false;
    }
    if (!same) {
        g_test_message("%s esz %u %s%s imm 0x%x mxcsr %x -> %x, here %x",
                       tcg_vop_defs[r->vop].name, r->esz,
                       vex ? "vex" : "legacy", wide ? ".256" : "", imm, mxcsr,
                       after, fp.mxcsr);
        show("a", &a);
        show("b", &b);
        show("c", &c);
        show("host", &host);
        show("ref", &ref);
    }
    return same;
}

static void test_host(void)
{
    unsigned cases = g_test_thorough() ? 100000 : 4000, total = 0, skipped = 0;

    buf = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(buf != MAP_FAILED);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Row *r = &rows[i];

        for (int form = 0; form < 3; form++) {
            bool vex = form > 0, wide = form == 2;
            Fn *fn = NULL;
            int imm = 0;

            if (!(r->flags & 1 << form)) {
                continue;
            }
            if (!cpu_has(r->cpu) || (vex && !cpu_has("avx2"))) {
                skipped++;
                continue;
            }
            for (unsigned n = 0; n < cases; n++) {
                if (n % 50 == 0) {
                    imm = r->imm == R ? (int)pick(256) : MAX(r->imm, 0);
                    if (r->vop == VOP_fcmp) {
                        imm &= 31;
                    }
                    if (r->vop == VOP_pclmul) {
                        imm &= 0x11;
                    }
                    fn = assemble(r, vex, wide, imm);
                }
                if (!run_case(r, vex, wide, imm, fn)) {
                    g_test_fail();
                    break;
                }
                total++;
            }
        }
    }
    g_test_message("%u rows, %u cases, %u forms the processor lacks",
                   (unsigned)G_N_ELEMENTS(rows), total, skipped);
}

#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/vec/known", test_known);
#ifdef __x86_64__
    rnd = g_rand_new_with_seed(7);
    g_test_add_func("/tcg/vec/host", test_host);
#endif
    return g_test_run();
}
