/*
 * Vector ops and the host instructions that do exactly that: one row per op
 * and element size.  isel-vec.c reads it; ops that are not here, or whose
 * operands are of mixed kinds, are written out there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"

#define NP   X_0F
#define P66  (X_0F | X_66)
#define PF3  (X_0F | X_F3)
#define PF2  (X_0F | X_F2)
#define P38  (X_0F38 | X_66)
#define P3A  (X_0F3A | X_66)

/* op at any element size */
#define ANY 4

typedef struct Row {
    uint8_t vop, esz;
    X86VecEnc enc;
} Row;

/* vop, element, opcode, form; what SSE, VEX.128 and VEX.256 forms need. */
#define R(vop, esz, op, form, sse, vex, wide) \
    { VOP_##vop, esz, { op, VF_##form, sse, vex, wide } }
#define INT(vop, esz, op, sse)  R(vop, esz, op, BIN, sse, 0, X86_AVX2)
#define FP(vop, op, sse)        R(vop, ANY, X_0F | (op), FP, sse, 0, 0)
#define FMIX(vop, op, sse) \
    R(vop, MO_32, X_F2 | X_0F | (op), BIN, sse, 0, 0), \
    R(vop, MO_64, X_66 | X_0F | (op), BIN, sse, 0, 0)

static const Row rows[] = {
    R(mov, ANY, NP | 0x28, UN, 0, 0, 0),
    R(movq, ANY, PF3 | 0x7e, UN, 0, 0, X86_NEVER),
    INT(and, ANY, P66 | 0xdb, 0),
    INT(andn, ANY, P66 | 0xdf, 0),
    INT(or, ANY, P66 | 0xeb, 0),
    INT(xor, ANY, P66 | 0xef, 0),

    INT(add, MO_8, P66 | 0xfc, 0),
    INT(add, MO_16, P66 | 0xfd, 0),
    INT(add, MO_32, P66 | 0xfe, 0),
    INT(add, MO_64, P66 | 0xd4, 0),
    INT(sub, MO_8, P66 | 0xf8, 0),
    INT(sub, MO_16, P66 | 0xf9, 0),
    INT(sub, MO_32, P66 | 0xfa, 0),
    INT(sub, MO_64, P66 | 0xfb, 0),
    INT(adds, MO_8, P66 | 0xec, 0),
    INT(adds, MO_16, P66 | 0xed, 0),
    INT(addus, MO_8, P66 | 0xdc, 0),
    INT(addus, MO_16, P66 | 0xdd, 0),
    INT(subs, MO_8, P66 | 0xe8, 0),
    INT(subs, MO_16, P66 | 0xe9, 0),
    INT(subus, MO_8, P66 | 0xd8, 0),
    INT(subus, MO_16, P66 | 0xd9, 0),
    INT(avgu, MO_8, P66 | 0xe0, 0),
    INT(avgu, MO_16, P66 | 0xe3, 0),
    INT(mins, MO_8, P38 | 0x38, X86_SSE41),
    INT(mins, MO_16, P66 | 0xea, 0),
    INT(mins, MO_32, P38 | 0x39, X86_SSE41),
    INT(minu, MO_8, P66 | 0xda, 0),
    INT(minu, MO_16, P38 | 0x3a, X86_SSE41),
    INT(minu, MO_32, P38 | 0x3b, X86_SSE41),
    INT(maxs, MO_8, P38 | 0x3c, X86_SSE41),
    INT(maxs, MO_16, P66 | 0xee, 0),
    INT(maxs, MO_32, P38 | 0x3d, X86_SSE41),
    INT(maxu, MO_8, P66 | 0xde, 0),
    INT(maxu, MO_16, P38 | 0x3e, X86_SSE41),
    INT(maxu, MO_32, P38 | 0x3f, X86_SSE41),
    R(abs, MO_8, P38 | 0x1c, UN, X86_SSSE3, 0, X86_AVX2),
    R(abs, MO_16, P38 | 0x1d, UN, X86_SSSE3, 0, X86_AVX2),
    R(abs, MO_32, P38 | 0x1e, UN, X86_SSSE3, 0, X86_AVX2),
    INT(sign, MO_8, P38 | 0x08, X86_SSSE3),
    INT(sign, MO_16, P38 | 0x09, X86_SSSE3),
    INT(sign, MO_32, P38 | 0x0a, X86_SSSE3),
    INT(mullo, MO_16, P66 | 0xd5, 0),
    INT(mullo, MO_32, P38 | 0x40, X86_SSE41),
    INT(mulhs, ANY, P66 | 0xe5, 0),
    INT(mulhu, ANY, P66 | 0xe4, 0),
    INT(mulhrs, ANY, P38 | 0x0b, X86_SSSE3),
    INT(maddwd, ANY, P66 | 0xf5, 0),
    INT(maddubs, ANY, P38 | 0x04, X86_SSSE3),
    INT(muludq, ANY, P66 | 0xf4, 0),
    INT(muldq, ANY, P38 | 0x28, X86_SSE41),
    INT(sadbw, ANY, P66 | 0xf6, 0),
    R(mpsadbw, ANY, P3A | 0x42, BINI, X86_SSE41, 0, X86_AVX2),
    R(phminposuw, ANY, P38 | 0x41, UN, X86_SSE41, 0, X86_NEVER),
    INT(cmpeq, MO_8, P66 | 0x74, 0),
    INT(cmpeq, MO_16, P66 | 0x75, 0),
    INT(cmpeq, MO_32, P66 | 0x76, 0),
    INT(cmpeq, MO_64, P38 | 0x29, X86_SSE41),
    INT(cmpgt, MO_8, P66 | 0x64, 0),
    INT(cmpgt, MO_16, P66 | 0x65, 0),
    INT(cmpgt, MO_32, P66 | 0x66, 0),
    INT(cmpgt, MO_64, P38 | 0x37, X86_SSE42),
    INT(hadd, MO_16, P38 | 0x01, X86_SSSE3),
    INT(hadd, MO_32, P38 | 0x02, X86_SSSE3),
    INT(hadds, ANY, P38 | 0x03, X86_SSSE3),
    INT(hsub, MO_16, P38 | 0x05, X86_SSSE3),
    INT(hsub, MO_32, P38 | 0x06, X86_SSSE3),
    INT(hsubs, ANY, P38 | 0x07, X86_SSSE3),

    /* shifts by an immediate: ModRM.reg is in `ext` */
    { VOP_shli, MO_16, { P66 | 0x71, VF_SHI, 0, 0, X86_AVX2, 6 } },
    { VOP_shli, MO_32, { P66 | 0x72, VF_SHI, 0, 0, X86_AVX2, 6 } },
    { VOP_shli, MO_64, { P66 | 0x73, VF_SHI, 0, 0, X86_AVX2, 6 } },
    { VOP_shri, MO_16, { P66 | 0x71, VF_SHI, 0, 0, X86_AVX2, 2 } },
    { VOP_shri, MO_32, { P66 | 0x72, VF_SHI, 0, 0, X86_AVX2, 2 } },
    { VOP_shri, MO_64, { P66 | 0x73, VF_SHI, 0, 0, X86_AVX2, 2 } },
    { VOP_sari, MO_16, { P66 | 0x71, VF_SHI, 0, 0, X86_AVX2, 4 } },
    { VOP_sari, MO_32, { P66 | 0x72, VF_SHI, 0, 0, X86_AVX2, 4 } },
    { VOP_bslli, ANY, { P66 | 0x73, VF_SHI, 0, 0, X86_AVX2, 7 } },
    { VOP_bsrli, ANY, { P66 | 0x73, VF_SHI, 0, 0, X86_AVX2, 3 } },
    R(shl, MO_16, P66 | 0xf1, SHV, 0, 0, X86_AVX2),
    R(shl, MO_32, P66 | 0xf2, SHV, 0, 0, X86_AVX2),
    R(shl, MO_64, P66 | 0xf3, SHV, 0, 0, X86_AVX2),
    R(shr, MO_16, P66 | 0xd1, SHV, 0, 0, X86_AVX2),
    R(shr, MO_32, P66 | 0xd2, SHV, 0, 0, X86_AVX2),
    R(shr, MO_64, P66 | 0xd3, SHV, 0, 0, X86_AVX2),
    R(sar, MO_16, P66 | 0xe1, SHV, 0, 0, X86_AVX2),
    R(sar, MO_32, P66 | 0xe2, SHV, 0, 0, X86_AVX2),
    R(shlv, MO_32, P38 | 0x47, BIN, X86_NEVER, X86_AVX2, X86_AVX2),
    R(shlv, MO_64, P38 | X_W | 0x47, BIN, X86_NEVER, X86_AVX2, X86_AVX2),
    R(shrv, MO_32, P38 | 0x45, BIN, X86_NEVER, X86_AVX2, X86_AVX2),
    R(shrv, MO_64, P38 | X_W | 0x45, BIN, X86_NEVER, X86_AVX2, X86_AVX2),
    R(sarv, MO_32, P38 | 0x46, BIN, X86_NEVER, X86_AVX2, X86_AVX2),

    INT(pshufb, ANY, P38 | 0x00, X86_SSSE3),
    R(pshufd, ANY, P66 | 0x70, UNI, 0, 0, X86_AVX2),
    R(pshuflw, ANY, PF2 | 0x70, UNI, 0, 0, X86_AVX2),
    R(pshufhw, ANY, PF3 | 0x70, UNI, 0, 0, X86_AVX2),
    R(shufp, MO_32, NP | 0xc6, BINI, 0, 0, 0),
    R(shufp, MO_64, P66 | 0xc6, BINI, 0, 0, 0),
    INT(unpckl, MO_8, P66 | 0x60, 0),
    INT(unpckl, MO_16, P66 | 0x61, 0),
    R(unpckl, MO_32, NP | 0x14, BIN, 0, 0, 0),
    R(unpckl, MO_64, P66 | 0x14, BIN, 0, 0, 0),
    INT(unpckh, MO_8, P66 | 0x68, 0),
    INT(unpckh, MO_16, P66 | 0x69, 0),
    R(unpckh, MO_32, NP | 0x15, BIN, 0, 0, 0),
    R(unpckh, MO_64, P66 | 0x15, BIN, 0, 0, 0),
    INT(packss, MO_16, P66 | 0x63, 0),
    INT(packss, MO_32, P66 | 0x6b, 0),
    INT(packus, MO_16, P66 | 0x67, 0),
    INT(packus, MO_32, P38 | 0x2b, X86_SSE41),
    R(palignr, ANY, P3A | 0x0f, BINI, X86_SSSE3, 0, X86_AVX2),
    R(blendi, MO_16, P3A | 0x0e, BINI, X86_SSE41, 0, X86_AVX2),
    R(blendi, MO_32, P3A | 0x0c, BINI, X86_SSE41, 0, 0),
    R(blendi, MO_64, P3A | 0x0d, BINI, X86_SSE41, 0, 0),
    R(permq, ANY, P3A | X_W | 0x00, UNI, X86_NEVER, X86_NEVER, X86_AVX2),
    R(permd, ANY, P38 | 0x36, BIN, X86_NEVER, X86_NEVER, X86_AVX2),
    R(perm2x128, ANY, P3A | 0x06, BINI, X86_NEVER, X86_NEVER, 0),
    R(permilv, MO_32, P38 | 0x0c, BIN, X86_NEVER, 0, 0),
    R(permilv, MO_64, P38 | 0x0d, BIN, X86_NEVER, 0, 0),
    R(permili, MO_32, P3A | 0x04, UNI, X86_NEVER, 0, 0),
    R(permili, MO_64, P3A | 0x05, UNI, X86_NEVER, 0, 0),
    R(insertps, ANY, P3A | 0x21, BINI, X86_SSE41, 0, X86_NEVER),
    R(bcast, MO_8, P38 | 0x78, UNX, X86_NEVER, X86_AVX2, X86_AVX2),
    R(bcast, MO_16, P38 | 0x79, UNX, X86_NEVER, X86_AVX2, X86_AVX2),
    R(bcast, MO_32, P38 | 0x58, UNX, X86_NEVER, X86_AVX2, X86_AVX2),
    R(bcast, MO_64, P38 | 0x59, UNX, X86_NEVER, X86_AVX2, X86_AVX2),
    R(insert128, ANY, P3A | 0x18, BINX, X86_NEVER, X86_NEVER, 0),
    R(movddup, ANY, PF2 | 0x12, UN, X86_SSE3, 0, 0),
    R(movsldup, ANY, PF3 | 0x12, UN, X86_SSE3, 0, 0),
    R(movshdup, ANY, PF3 | 0x16, UN, X86_SSE3, 0, 0),

    R(movsx, MO_8, P38 | 0x20, EXT, X86_SSE41, 0, X86_AVX2),
    R(movsx, MO_16, P38 | 0x22, EXT, X86_SSE41, 0, X86_AVX2),
    R(movsx, MO_32, P38 | 0x22, EXT, X86_SSE41, 0, X86_AVX2),
    R(movzx, MO_8, P38 | 0x30, EXT, X86_SSE41, 0, X86_AVX2),
    R(movzx, MO_16, P38 | 0x32, EXT, X86_SSE41, 0, X86_AVX2),
    R(movzx, MO_32, P38 | 0x32, EXT, X86_SSE41, 0, X86_AVX2),

    FP(fadd, 0x58, 0),
    FP(fsub, 0x5c, 0),
    FP(fmul, 0x59, 0),
    FP(fdiv, 0x5e, 0),
    FP(fmin, 0x5d, 0),
    FP(fmax, 0x5f, 0),
    R(fsqrt, ANY, X_0F | 0x51, FP1, 0, 0, 0),
    R(frcp, ANY, X_0F | 0x53, FP1, 0, 0, 0),
    R(frsqrt, ANY, X_0F | 0x52, FP1, 0, 0, 0),
    R(fcmp, ANY, X_0F | 0xc2, FPI, 0, 0, 0),
    FMIX(faddsub, 0xd0, X86_SSE3),
    FMIX(fhadd, 0x7c, X86_SSE3),
    FMIX(fhsub, 0x7d, X86_SSE3),
    R(fround, ANY, P3A | 0x08, ROUND, X86_SSE41, 0, 0),
    R(fdp, MO_32, P3A | 0x40, BINI, X86_SSE41, 0, 0),
    R(fdp, MO_64, P3A | 0x41, BINI, X86_SSE41, 0, X86_NEVER),

    R(cvtdq2ps, ANY, NP | 0x5b, UN, 0, 0, 0),
    R(cvtps2dq, ANY, P66 | 0x5b, UN, 0, 0, 0),
    R(cvttps2dq, ANY, PF3 | 0x5b, UN, 0, 0, 0),
    R(cvtdq2pd, ANY, PF3 | 0xe6, UNX, 0, 0, 0),
    R(cvtps2pd, ANY, NP | 0x5a, UNX, 0, 0, 0),
    R(cvtpd2dq, ANY, PF2 | 0xe6, UNX, 0, 0, 0),
    R(cvttpd2dq, ANY, P66 | 0xe6, UNX, 0, 0, 0),
    R(cvtpd2ps, ANY, P66 | 0x5a, UNX, 0, 0, 0),
    R(cvtss2sd, ANY, PF3 | 0x5a, BIN, 0, 0, X86_NEVER),
    R(cvtsd2ss, ANY, PF2 | 0x5a, BIN, 0, 0, X86_NEVER),
    R(cvtph2ps, ANY, P38 | 0x13, UNX, X86_NEVER, X86_F16C, X86_F16C),

    INT(aesenc, ANY, P38 | 0xdc, X86_AES),
    INT(aesenclast, ANY, P38 | 0xdd, X86_AES),
    INT(aesdec, ANY, P38 | 0xde, X86_AES),
    INT(aesdeclast, ANY, P38 | 0xdf, X86_AES),
    R(aesimc, ANY, P38 | 0xdb, UN, X86_AES, X86_AES, X86_NEVER),
    R(aeskeygen, ANY, P3A | 0xdf, UNI, X86_AES, X86_AES, X86_NEVER),
    R(pclmul, ANY, P3A | 0x44, BINI, X86_PCLMUL, X86_PCLMUL, X86_VPCLMUL),
    R(sha1msg1, ANY, X_0F38 | 0xc9, BIN, X86_SHA, X86_NEVER, X86_NEVER),
    R(sha1msg2, ANY, X_0F38 | 0xca, BIN, X86_SHA, X86_NEVER, X86_NEVER),
    R(sha1nexte, ANY, X_0F38 | 0xc8, BIN, X86_SHA, X86_NEVER, X86_NEVER),
    R(sha1rnds4, ANY, X_0F3A | 0xcc, BINI, X86_SHA, X86_NEVER, X86_NEVER),
    R(sha256msg1, ANY, X_0F38 | 0xcc, BIN, X86_SHA, X86_NEVER, X86_NEVER),
    R(sha256msg2, ANY, X_0F38 | 0xcd, BIN, X86_SHA, X86_NEVER, X86_NEVER),
    R(gf2p8mul, ANY, P38 | 0xcf, BIN, X86_GFNI, X86_GFNI, X86_GFNI),
    R(gf2p8affine, ANY, P3A | 0xce, BINIW, X86_GFNI, X86_GFNI, X86_GFNI),
    R(gf2p8affineinv, ANY, P3A | 0xcf, BINIW, X86_GFNI, X86_GFNI, X86_GFNI),
};

/* By vop and element size; filled once. */
static X86VecEnc table[VOP_MAX][4];

void x86_vec_init(void)
{
    for (unsigned v = 0; v < VOP_MAX; v++) {
        for (unsigned e = 0; e < 4; e++) {
            table[v][e] = (X86VecEnc) { 0, VF_NONE, X86_NEVER, X86_NEVER,
                                        X86_NEVER, 0 };
        }
    }
    for (unsigned k = 0; k < ARRAY_SIZE(rows); k++) {
        const Row *r = &rows[k];

        for (unsigned e = 0; e < 4; e++) {
            if (r->esz == ANY || r->esz == e) {
                table[r->vop][e] = r->enc;
            }
        }
    }
    /* AES and carry-less multiplication have wide forms of their own */
    for (unsigned e = 0; e < 4; e++) {
        for (unsigned v = VOP_aesenc; v <= VOP_aesdeclast; v++) {
            table[v][e].vex = X86_AES;
            table[v][e].wide = X86_VAES;
        }
    }
    if (have(X86_AVX) && !have(X86_AVX2)) {
        /* 256-bit logic exists for floats */
        static const uint8_t ps[4] = { 0x54, 0x55, 0x56, 0x57 };

        for (unsigned e = 0; e < 4; e++) {
            for (unsigned v = VOP_and; v <= VOP_xor; v++) {
                table[v][e].op = X_0F | ps[v - VOP_and];
                table[v][e].wide = 0;
            }
        }
    }
}

X86VecEnc x86_vec_enc(const TCGOp *op)
{
    X86VecEnc e = table[op->aux][op->cond & 3];
    bool scalar = op->flags & TCG_F_SCALAR, dbl = op->cond == MO_64;

    switch (e.form) {
    case VF_FP:
    case VF_FPI:
    case VF_FP1:
        if (op->aux == VOP_frcp || op->aux == VOP_frsqrt) {
            dbl = false;
        }
        e.op |= scalar ? (dbl ? X_F2 : X_F3) : dbl ? X_66 : 0;
        e.form = e.form == VF_FPI ? VF_BINI
                 : e.form == VF_FP || scalar ? VF_BIN : VF_UN1;
        break;
    case VF_ROUND:
        e.op += scalar * 2 + dbl;
        e.form = scalar ? VF_BINI : VF_UN1I;
        break;
    case VF_EXT:
        /* opcodes follow the destination element */
        e.op += op->cond == MO_8 ? op->imm - MO_16
                : op->cond == MO_16 ? op->imm - MO_32 + 1 : 3;
        e.form = VF_UNX;
        break;
    case VF_BINIW:
        e.op |= X_W;
        e.form = VF_BINI;
        break;
    default:
        break;
    }
    return e;
}
