/*
 * The IR's ops, one row each: the table every pass, the dumper, the
 * interpreter and the code generators read.
 *
 *   DEF(name, dsts, srcs, flags)
 *
 * Flags: S side effect (never removed), F may fault (guest memory or #DE),
 * E ends the main path (nothing falls through), B branches to label imm,
 * C carries a cc record in (kind, w, srcs), M merges below 32 bits (see tcg.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/* structure */
DEF(nop,          0, 0, 0)
DEF(insn_start,   0, 0, TCG_OPF_S)  /* imm = guest pc */
DEF(label,        0, 0, TCG_OPF_S)  /* imm = label */
DEF(br,           0, 0, TCG_OPF_S | TCG_OPF_B | TCG_OPF_E)
DEF(brcond,       0, 2, TCG_OPF_S | TCG_OPF_B)
DEF(brcc,         0, 3, TCG_OPF_S | TCG_OPF_B | TCG_OPF_C)

/* moving and extending */
DEF(mov,          1, 1, TCG_OPF_M)
DEF(extu,         1, 1, 0)          /* from width `cond` to w (32 or 64) */
DEF(exts,         1, 1, 0)
DEF(extract,      1, 1, 0)          /* imm = pos | len << 8, zero-extended */
DEF(deposit,      1, 2, 0)          /* src[0] with src[1] put in at imm */
DEF(extract2,     1, 2, 0)          /* low w bits of (src[1]:src[0] >> imm) */

/* integer arithmetic; w = 8, 16, 32 or 64 */
DEF(add,          1, 2, TCG_OPF_M)
DEF(sub,          1, 2, TCG_OPF_M)
DEF(adc,          1, 3, TCG_OPF_M)  /* src[2] = carry, 0 or 1 */
DEF(sbb,          1, 3, TCG_OPF_M)
DEF(neg,          1, 1, TCG_OPF_M)
DEF(not,          1, 1, TCG_OPF_M)
DEF(and,          1, 2, TCG_OPF_M)
DEF(or,           1, 2, TCG_OPF_M)
DEF(xor,          1, 2, TCG_OPF_M)
DEF(andn,         1, 2, 0)          /* ~src[0] & src[1]; w 32, 64 */
DEF(shl,          1, 2, TCG_OPF_M)  /* count masked as x86 does, see tcg.h */
DEF(shr,          1, 2, TCG_OPF_M)
DEF(sar,          1, 2, TCG_OPF_M)
DEF(rotl,         1, 2, TCG_OPF_M)
DEF(rotr,         1, 2, TCG_OPF_M)
DEF(shld,         1, 3, 0)          /* src[0] shifted, filled from src[1], by
                                       src[2]; w 32, 64 */
DEF(shrd,         1, 3, 0)
DEF(mul,          1, 2, TCG_OPF_M)  /* low half */
DEF(mulu2,        2, 2, 0)          /* dst[0] low, dst[1] high; w 32, 64 */
DEF(muls2,        2, 2, 0)
DEF(divu2,        2, 3, TCG_OPF_F)  /* dst[0] quotient, dst[1] remainder of */
DEF(divs2,        2, 3, TCG_OPF_F)  /* src[1]:src[0] / src[2]; #DE; w 32, 64 */
DEF(bswap,        1, 1, 0)          /* w 32, 64 */
DEF(clz,          1, 1, 0)          /* w if the source is 0; w 32, 64 */
DEF(ctz,          1, 1, 0)
DEF(popcnt,       1, 1, 0)
DEF(pdep,         1, 2, 0)
DEF(pext,         1, 2, 0)
DEF(brret,        0, 1, TCG_OPF_S | TCG_OPF_B)  /* unless src[0] is the pc of
                                       the predicted return; has_brret */
DEF(setcond,      1, 2, 0)          /* 0 or 1 */
DEF(movcond,      1, 4, 0)          /* cond(src[0], src[1]) ? src[2] : src[3];
                                       compares w bits, moves 64 */

/* condition codes */
DEF(cc_set,       0, 3, TCG_OPF_S | TCG_OPF_C)
DEF(cc_ref,       0, 0, TCG_OPF_S)  /* leave the record by reference; for the
                                       passes only, see tcg_gen_cc_ref() */
DEF(cc_get,       1, 3, TCG_OPF_C)  /* flags selected by mask imm, in place */
DEF(setcc,        1, 3, TCG_OPF_C)  /* 0 or 1 */
DEF(movcc,        1, 5, TCG_OPF_C)  /* cond ? src[3] : src[4] */

/* guest memory: src[0] base, src[1] index, scale `cond`, displacement imm */
DEF(ld,           1, 2, TCG_OPF_F)  /* zero-extended */
DEF(lds32,        1, 2, TCG_OPF_F)  /* sign-extended to 32, zero above */
DEF(lds64,        1, 2, TCG_OPF_F)
DEF(st,           0, 3, TCG_OPF_S | TCG_OPF_F)      /* value src[2] */
DEF(lea,          1, 2, 0)          /* the address itself; w 32, 64 */
DEF(xchg,         1, 3, TCG_OPF_S | TCG_OPF_F)      /* atomic, old value */
DEF(cmpxchg,      1, 4, TCG_OPF_S | TCG_OPF_F)      /* expected src[2], new
                                                       src[3]; old value */
DEF(atomic_add,   1, 3, TCG_OPF_S | TCG_OPF_F)      /* old value; operand */
DEF(atomic_and,   1, 3, TCG_OPF_S | TCG_OPF_F)      /* src[2] */
DEF(atomic_or,    1, 3, TCG_OPF_S | TCG_OPF_F)
DEF(atomic_xor,   1, 3, TCG_OPF_S | TCG_OPF_F)
DEF(mb,           0, 0, TCG_OPF_S)  /* full barrier */

/* CPU state: imm = offset */
DEF(ld_env,       1, 0, 0)          /* zero-extended */
DEF(st_env,       0, 1, TCG_OPF_S)
DEF(lea_env,      1, 0, 0)          /* host address of a field */

/* vectors: see tcg-vop.h */
DEF(v,            1, 4, 0)          /* aux = vop */
DEF(vstr,         2, 2, 0)          /* PCMPISTRI, imm = control: flags and
                                       index; has_vstr */
DEF(vld,          1, 2, TCG_OPF_F)  /* w = bytes loaded: 4, 8, 16, 32 */
DEF(vst,          0, 3, TCG_OPF_S | TCG_OPF_F)
DEF(vld_env,      1, 0, 0)
DEF(vst_env,      0, 1, TCG_OPF_S)
DEF(ld_mxcsr,     0, 1, TCG_OPF_S)  /* arm the FPU with src[0] */
DEF(st_mxcsr,     1, 0, TCG_OPF_S)  /* with the sticky flags collected */

/* helpers: imm = const TCGHelper *; src = arguments */
DEF(call,         1, 6, TCG_OPF_S)

/* leaving; all carry a cc record (src[1..3]) */
DEF(exit_direct,  0, 4, TCG_OPF_S | TCG_OPF_E | TCG_OPF_C) /* imm = pc */
DEF(exit_indirect,0, 4, TCG_OPF_S | TCG_OPF_E | TCG_OPF_C) /* src[0] = pc */
DEF(exit_ret,     0, 4, TCG_OPF_S | TCG_OPF_E | TCG_OPF_C) /* src[0] = pc,
                                                      imm = TCG_RET_* */
DEF(exit_reason,  0, 4, TCG_OPF_S | TCG_OPF_E | TCG_OPF_C) /* src[0] = rip,
                                                      imm = EXCP number */
DEF(poll,         0, 4, TCG_OPF_S | TCG_OPF_C)      /* safe point: imm = pc to
                                                       resume at */
DEF(push_ret,     0, 0, TCG_OPF_S)                  /* predict a return to imm */

#undef DEF
