/*
 * Vector operations of the IR (op `v`): the list, and the portable reference
 * that defines them.  A code generator maps the vops its host has onto host
 * instructions and lets the reference do the rest.
 *
 * Registers.  A vector value has 32 bytes; `w` (VW_16 or VW_32) says how many
 * an op computes.  With TCG_F_ZERO_UPPER the bytes above become zero (VEX
 * encodings), without it a *global* keeps them (legacy SSE encodings); above w
 * a temp's contents are unspecified.  `cvtpd2*`, `cvtps2ph`, `extract128`
 * write half of w and zero up to 16 bytes, as do loads (vld, vld_env) of fewer
 * than 16 bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_VOP_H
#define TCG_VOP_H

#include "tcg/tcg.h"

enum { TCG_VF_E = 1, TCG_VF_P = 2, TCG_VF_S = 4, TCG_VF_L = 8 };

typedef enum TCGVop {
#define VOP(name, sig, flags) VOP_##name,
#include "tcg/tcg-vop.def"
    VOP_MAX
} TCGVop;

typedef struct TCGVopDef {
    const char *name;
    const char *sig;
    uint8_t flags;
} TCGVopDef;
extern const TCGVopDef tcg_vop_defs[VOP_MAX];

/* 32 bytes of vector register, as the reference sees them. */
typedef union TCGVec {
    uint8_t b[32]; int8_t sb[32];
    uint16_t w[16]; int16_t sw[16];
    uint32_t l[8]; int32_t sl[8];
    uint64_t q[4]; int64_t sq[4];
    float f[8];
    double d[4];
} TCGVec;

/* FPU control for the reference: MXCSR as in the SDM, volume 1, 10.2.3. */
typedef struct TCGFpEnv {
    uint32_t mxcsr;     /* sticky flags are added */
} TCGFpEnv;

/*
 * The reference.  @desc packs vop, w, element size and flags (VOP_DESC).
 * Computes into *d (integer results: d->q[0]); *d is complete (all 32 bytes:
 * bytes above w are copied from the old *d, or cleared with ZERO_UPPER).
 * Operands may alias d.  Integer sources are passed in q[0].
 * Unmasked exceptions are only recorded in fp->mxcsr; the caller raises.
 */
#define VOP_DESC(vop, w, esz, flags) \
    ((uint32_t)(vop) | (uint32_t)(w) << 8 | (uint32_t)(esz) << 12 | \
     (uint32_t)(flags) << 16)
void tcg_vop_ref(uint32_t desc, TCGVec *d, const TCGVec *a, const TCGVec *b,
                 const TCGVec *c, int64_t imm, TCGFpEnv *fp);

#endif
