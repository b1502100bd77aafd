/*
 * Packed integer instructions: one row each, for MMX, SSE and AVX forms.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/i386/translate/vec.h"

#define BOTH(name, fn, arg) \
    { X86_OP_##name, fn, arg }, { X86_OP_V##name, fn, arg }
#define BIN(name, vop, esz) BOTH(name, trans_vec_bin, VARG(vop, esz, 0))
#define UN(name, vop, esz)  BOTH(name, trans_vec_un, VARG(vop, esz, 0))
#define SHIFT(name, vop, esz) BOTH(name, trans_vec_shift, VARG(vop, esz, 0))
#define EXTEND(name, vop, from, to) \
    BOTH(name, trans_vec_un, VARG(vop, from, to))

/* PSLLDQ and PSRLDQ: a count in bytes; legacy forms have one operand. */
static void trans_shift_bytes(DisasContext *s, const X86Insn *insn, int arg)
{
    unsigned n = vec_operands(insn);

    tcg_gen_v(s->tcg, varg_vop(arg), vec_width(insn), MO_8, upper_flag(insn),
              vec_dst(s, insn, 0), vreg(s, insn->operand[n - 1].reg),
              TCGV_NONE, TCGV_NONE, insn->imm & 0xff);
}

/* Blends with a register as mask: legacy forms use XMM0. */
static void trans_blendv(DisasContext *s, const X86Insn *insn, int arg)
{
    bool vex = is_vex(insn);
    TCGv b = vec_load(s, insn, vex ? 2 : 1);
    TCGv d = vec_dst(s, insn, 0);

    tcg_gen_v(s->tcg, VOP_blendv, vec_width(insn), varg_esz(arg),
              upper_flag(insn), d, vex ? vreg(s, insn->operand[1].reg) : d, b,
              vreg(s, vex ? insn->operand[3].reg : 0), 0);
}

const X86TransEntry x86_trans_sse_int[] = {
    BIN(PAND, and, MO_64),
    BIN(PANDN, andn, MO_64),
    BIN(POR, or, MO_64),
    BIN(PXOR, xor, MO_64),

    BIN(PADDB, add, MO_8),
    BIN(PADDW, add, MO_16),
    BIN(PADDD, add, MO_32),
    BIN(PADDQ, add, MO_64),
    BIN(PSUBB, sub, MO_8),
    BIN(PSUBW, sub, MO_16),
    BIN(PSUBD, sub, MO_32),
    BIN(PSUBQ, sub, MO_64),
    BIN(PADDSB, adds, MO_8),
    BIN(PADDSW, adds, MO_16),
    BIN(PADDUSB, addus, MO_8),
    BIN(PADDUSW, addus, MO_16),
    BIN(PSUBSB, subs, MO_8),
    BIN(PSUBSW, subs, MO_16),
    BIN(PSUBUSB, subus, MO_8),
    BIN(PSUBUSW, subus, MO_16),
    BIN(PAVGB, avgu, MO_8),
    BIN(PAVGW, avgu, MO_16),
    BIN(PMINSB, mins, MO_8),
    BIN(PMINSW, mins, MO_16),
    BIN(PMINSD, mins, MO_32),
    BIN(PMINUB, minu, MO_8),
    BIN(PMINUW, minu, MO_16),
    BIN(PMINUD, minu, MO_32),
    BIN(PMAXSB, maxs, MO_8),
    BIN(PMAXSW, maxs, MO_16),
    BIN(PMAXSD, maxs, MO_32),
    BIN(PMAXUB, maxu, MO_8),
    BIN(PMAXUW, maxu, MO_16),
    BIN(PMAXUD, maxu, MO_32),
    UN(PABSB, abs, MO_8),
    UN(PABSW, abs, MO_16),
    UN(PABSD, abs, MO_32),
    BIN(PSIGNB, sign, MO_8),
    BIN(PSIGNW, sign, MO_16),
    BIN(PSIGND, sign, MO_32),
    BIN(PMULLW, mullo, MO_16),
    BIN(PMULLD, mullo, MO_32),
    BIN(PMULHW, mulhs, MO_16),
    BIN(PMULHUW, mulhu, MO_16),
    BIN(PMULHRSW, mulhrs, MO_16),
    BIN(PMADDWD, maddwd, MO_16),
    BIN(PMADDUBSW, maddubs, MO_8),
    BIN(PMULUDQ, muludq, MO_32),
    BIN(PMULDQ, muldq, MO_32),
    BIN(PSADBW, sadbw, MO_8),
    BIN(MPSADBW, mpsadbw, MO_8),
    UN(PHMINPOSUW, phminposuw, MO_16),
    BIN(PHADDW, hadd, MO_16),
    BIN(PHADDD, hadd, MO_32),
    BIN(PHADDSW, hadds, MO_16),
    BIN(PHSUBW, hsub, MO_16),
    BIN(PHSUBD, hsub, MO_32),
    BIN(PHSUBSW, hsubs, MO_16),

    BIN(PCMPEQB, cmpeq, MO_8),
    BIN(PCMPEQW, cmpeq, MO_16),
    BIN(PCMPEQD, cmpeq, MO_32),
    BIN(PCMPEQQ, cmpeq, MO_64),
    BIN(PCMPGTB, cmpgt, MO_8),
    BIN(PCMPGTW, cmpgt, MO_16),
    BIN(PCMPGTD, cmpgt, MO_32),
    BIN(PCMPGTQ, cmpgt, MO_64),
    BOTH(PTEST, trans_vec_flags, VARG(ptest, MO_64, 0)),

    SHIFT(PSLLW, shli, MO_16),
    SHIFT(PSLLD, shli, MO_32),
    SHIFT(PSLLQ, shli, MO_64),
    SHIFT(PSRLW, shri, MO_16),
    SHIFT(PSRLD, shri, MO_32),
    SHIFT(PSRLQ, shri, MO_64),
    SHIFT(PSRAW, sari, MO_16),
    SHIFT(PSRAD, sari, MO_32),
    BOTH(PSLLDQ, trans_shift_bytes, VARG(bslli, MO_8, 0)),
    BOTH(PSRLDQ, trans_shift_bytes, VARG(bsrli, MO_8, 0)),

    BIN(PSHUFB, pshufb, MO_8),
    UN(PSHUFD, pshufd, MO_32),
    UN(PSHUFLW, pshuflw, MO_16),
    UN(PSHUFHW, pshufhw, MO_16),
    { X86_OP_PSHUFW, trans_vec_un, VARG(pshuflw, MO_16, 0) },
    BIN(PUNPCKLBW, unpckl, MO_8),
    BIN(PUNPCKLWD, unpckl, MO_16),
    BIN(PUNPCKLDQ, unpckl, MO_32),
    BIN(PUNPCKLQDQ, unpckl, MO_64),
    BIN(PUNPCKHBW, unpckh, MO_8),
    BIN(PUNPCKHWD, unpckh, MO_16),
    BIN(PUNPCKHDQ, unpckh, MO_32),
    BIN(PUNPCKHQDQ, unpckh, MO_64),
    BIN(PACKSSWB, packss, MO_16),
    BIN(PACKSSDW, packss, MO_32),
    BIN(PACKUSWB, packus, MO_16),
    BIN(PACKUSDW, packus, MO_32),
    BIN(PALIGNR, palignr, MO_8),
    BIN(PBLENDW, blendi, MO_16),
    BIN(BLENDPS, blendi, MO_32),
    BIN(BLENDPD, blendi, MO_64),
    BOTH(PBLENDVB, trans_blendv, VARG(blendv, MO_8, 0)),
    BOTH(BLENDVPS, trans_blendv, VARG(blendv, MO_32, 0)),
    BOTH(BLENDVPD, trans_blendv, VARG(blendv, MO_64, 0)),

    EXTEND(PMOVSXBW, movsx, MO_8, MO_16),
    EXTEND(PMOVSXBD, movsx, MO_8, MO_32),
    EXTEND(PMOVSXBQ, movsx, MO_8, MO_64),
    EXTEND(PMOVSXWD, movsx, MO_16, MO_32),
    EXTEND(PMOVSXWQ, movsx, MO_16, MO_64),
    EXTEND(PMOVSXDQ, movsx, MO_32, MO_64),
    EXTEND(PMOVZXBW, movzx, MO_8, MO_16),
    EXTEND(PMOVZXBD, movzx, MO_8, MO_32),
    EXTEND(PMOVZXBQ, movzx, MO_8, MO_64),
    EXTEND(PMOVZXWD, movzx, MO_16, MO_32),
    EXTEND(PMOVZXWQ, movzx, MO_16, MO_64),
    EXTEND(PMOVZXDQ, movzx, MO_32, MO_64),

    UN(AESIMC, aesimc, MO_64),
    BIN(AESENC, aesenc, MO_64),
    BIN(AESENCLAST, aesenclast, MO_64),
    BIN(AESDEC, aesdec, MO_64),
    BIN(AESDECLAST, aesdeclast, MO_64),
    UN(AESKEYGENASSIST, aeskeygen, MO_64),
    BIN(PCLMULQDQ, pclmul, MO_64),
    { X86_OP_SHA1NEXTE, trans_vec_bin, VARG(sha1nexte, MO_32, 0) },
    { X86_OP_SHA1MSG1, trans_vec_bin, VARG(sha1msg1, MO_32, 0) },
    { X86_OP_SHA1MSG2, trans_vec_bin, VARG(sha1msg2, MO_32, 0) },
    { X86_OP_SHA1RNDS4, trans_vec_bin, VARG(sha1rnds4, MO_32, 0) },
    { X86_OP_SHA256RNDS2, trans_vec_rnds2, VARG(sha256rnds2, MO_32, 0) },
    { X86_OP_SHA256MSG1, trans_vec_bin, VARG(sha256msg1, MO_32, 0) },
    { X86_OP_SHA256MSG2, trans_vec_bin, VARG(sha256msg2, MO_32, 0) },
    BIN(GF2P8MULB, gf2p8mul, MO_8),
    BIN(GF2P8AFFINEQB, gf2p8affine, MO_8),
    BIN(GF2P8AFFINEINVQB, gf2p8affineinv, MO_8),
    { 0 }
};
