/*
 * The interpreter's code: what the packer (pack.c) writes and the loop
 * (exec.c) runs.
 *
 * Code is a sequence of 16-byte instructions.  Operands are slot numbers of
 * a frame on the C stack of enter(); slots of guest registers come first and
 * are filled on entry and written back on every way out, vector registers stay
 * in the CPU state.  Slot 0 always reads zero.  Constants that do not fit an
 * instruction are moved into a slot first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_INTERP_H
#define TCG_INTERP_H

#include "../internal.h"
#include "tcg/tcg-backend.h"
#include "exec/cpu-common.h"

/* Slots of 8 and of 32 bytes that a unit may use at once. */
#define INTERP_SLOTS  1024
#define INTERP_VSLOTS 256

typedef struct InterpInsn {
    uint32_t handler;           /* code address, relative to the loop's base */
    uint16_t d, a;
    union {
        struct {
            uint16_t b, c;
            int32_t imm;
        };
        uint64_t q;
    };
} InterpInsn;
QEMU_BUILD_BUG_ON(sizeof(InterpInsn) != 16);

/* What follows instructions that need more room. */
typedef union InterpExt {
    struct {
        uint64_t target;        /* exit: InterpInsn * of a unit, or 0 */
        uintptr_t cookie;
    };
    struct {
        uint16_t arg[6];        /* call, vector op, atomic op: slots */
        uint32_t desc;
    };
} InterpExt;
QEMU_BUILD_BUG_ON(sizeof(InterpExt) != 16);

/*
 * A vector slot: an offset in units of 8 bytes, from the CPU state when the
 * top bit is set (guest registers), else from the frame's vectors.
 */
#define INTERP_VSLOT_ENV 0x8000

/* Where things are in the CPU state; written once, by init(). */
typedef struct InterpLayout {
    uint32_t common, rip, mxcsr;
    uint32_t cc_op, cc_dst, cc_src, cc_src2;
    unsigned nb_regs;           /* slots 1.. that mirror guest registers */
    uint32_t reg_offset[64];
} InterpLayout;
extern InterpLayout interp_layout;

/* For each pair (w, immediate): _8rr _8ri _16rr _16ri _32rr ... */
#define INTERP_ALU(X) \
    X(add) X(sub) X(and) X(or) X(xor) X(mul) \
    X(shl) X(shr) X(sar) X(rotl) X(rotr)
/* For widths 8, 16, 32, 64 */
#define INTERP_UNARY(X) X(neg) X(not)
#define INTERP_CARRY(X) X(adc) X(sbb)
/* For widths 32, 64 */
#define INTERP_WIDE(X) \
    X(andn) X(shld) X(shrd) X(mulu2) X(muls2) X(divu2) X(divs2) \
    X(bswap) X(clz) X(ctz) X(popcnt) X(pdep) X(pext) X(extract2) X(lea)
/* In the order of TCGCond, each with the eight forms of INTERP_ALU */
#define INTERP_COND(X) \
    X(EQ) X(NE) X(LT) X(GE) X(LTU) X(GEU) X(LE) X(GT) X(LEU) X(GTU) \
    X(TSTEQ) X(TSTNE)
/* Each with base only and base + index, plain and ordered */
#define INTERP_MEM(X) \
    X(ld8) X(ld16) X(ld32) X(ld64) X(lds8_32) X(lds16_32) \
    X(lds8_64) X(lds16_64) X(lds32_64) X(st8) X(st16) X(st32) X(st64)
#define INTERP_OTHER(X) \
    X(mov) X(mov8) X(mov16) X(movi) \
    X(extu8) X(extu16) X(extu32) \
    X(exts8_32) X(exts16_32) X(exts8_64) X(exts16_64) X(exts32_64) \
    X(extract) X(deposit) \
    X(br) X(cc_store) X(cc_test) X(cc_test_env) X(cc_get) X(cc_get_env) \
    X(atomic) X(mb) \
    X(ld_env8) X(ld_env16) X(ld_env32) X(ld_env64) \
    X(st_env8) X(st_env16) X(st_env32) X(st_env64) X(lea_env) \
    X(v) X(v_to_int) X(v_fp) X(v_fp_to_int) \
    X(fadd32) X(fsub32) X(fmul32) X(fdiv32) \
    X(fadd64) X(fsub64) X(fmul64) X(fdiv64) \
    X(vand16) X(vandn16) X(vor16) X(vxor16) X(vmov16) X(vmov32) \
    X(vld) X(vst) X(vld_env) X(vst_env) \
    X(set_rip) X(call) X(call_sync) \
    X(exit_direct) X(exit_indirect) X(exit_ret) X(exit_reason) X(poll) \
    X(push_ret)

typedef enum InterpHandler {
#define X(n) H_##n##_8rr, H_##n##_8ri, H_##n##_16rr, H_##n##_16ri, \
             H_##n##_32rr, H_##n##_32ri, H_##n##_64rr, H_##n##_64ri,
    INTERP_ALU(X)
#undef X
#define X(n) H_set##n##_8rr, H_set##n##_8ri, H_set##n##_16rr, \
             H_set##n##_16ri, H_set##n##_32rr, H_set##n##_32ri, \
             H_set##n##_64rr, H_set##n##_64ri,
    INTERP_COND(X)
#undef X
#define X(n) H_br##n##_8rr, H_br##n##_8ri, H_br##n##_16rr, \
             H_br##n##_16ri, H_br##n##_32rr, H_br##n##_32ri, \
             H_br##n##_64rr, H_br##n##_64ri,
    INTERP_COND(X)
#undef X
#define X(n) H_sel##n##_8, H_sel##n##_16, H_sel##n##_32, H_sel##n##_64,
    INTERP_COND(X)
#undef X
#define X(n) H_##n##_8, H_##n##_16, H_##n##_32, H_##n##_64,
    INTERP_UNARY(X)
    INTERP_CARRY(X)
#undef X
#define X(n) H_##n##_32, H_##n##_64,
    INTERP_WIDE(X)
#undef X
#define X(n) H_##n##_b, H_##n##_bi, H_##n##_b_tso, H_##n##_bi_tso,
    INTERP_MEM(X)
#undef X
#define X(n) H_##n,
    INTERP_OTHER(X)
#undef X
    H_MAX
} InterpHandler;

/* Code addresses of the handlers relative to the loop's base; by init(). */
extern int32_t interp_handlers[H_MAX];

/*
 * Run from @code; with code == NULL only fill in interp_handlers.  Returns
 * as TCGBackend.enter does.
 */
uintptr_t interp_exec(void *env, const void *code);

/* Copy the guest registers of the running frame to or from the CPU state. */
void interp_sync(void *env, bool to_env);

size_t interp_packer_size(void);     /* of backend_data */
ptrdiff_t interp_pack(TCGContext *s, TCGCodeBuf buf,
                      const uintptr_t *cookies);

#endif
