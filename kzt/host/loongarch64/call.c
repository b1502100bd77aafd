/*
 * kzt_host_call() on LoongArch: registers and stack from a KztArgs, both
 * results into it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"

QEMU_BUILD_BUG_ON(offsetof(KztArgs, fp) != 64 ||
                  offsetof(KztArgs, nstack) != 128 ||
                  offsetof(KztArgs, int_result) != 136 ||
                  offsetof(KztArgs, fp_result) != 144 ||
                  offsetof(KztArgs, stack) != 152);

__asm__(
    ".text\n"
    ".p2align 4\n"
    ".globl kzt_host_call\n"
    ".hidden kzt_host_call\n"
    ".type kzt_host_call, @function\n"
    "kzt_host_call:\n"
    "    .cfi_startproc\n"
    "    addi.d $sp, $sp, -32\n"
    "    .cfi_def_cfa_offset 32\n"
    "    st.d $ra, $sp, 24\n"
    "    st.d $fp, $sp, 16\n"
    "    st.d $s0, $sp, 8\n"
    "    .cfi_offset 1, -8\n"
    "    .cfi_offset 22, -16\n"
    "    .cfi_offset 23, -24\n"
    "    addi.d $fp, $sp, 32\n"
    "    .cfi_def_cfa 22, 0\n"
    "    move $t0, $a0\n"
    "    move $s0, $a1\n"
    "    ld.d $t1, $s0, 128\n"
    "    addi.d $t2, $t1, 1\n"
    "    srli.d $t2, $t2, 1\n"
    "    slli.d $t2, $t2, 4\n"
    "    sub.d $sp, $sp, $t2\n"
    "    addi.d $t3, $s0, 152\n"
    "    move $t4, $sp\n"
    "1:  beqz $t1, 2f\n"
    "    ld.d $t5, $t3, 0\n"
    "    st.d $t5, $t4, 0\n"
    "    addi.d $t3, $t3, 8\n"
    "    addi.d $t4, $t4, 8\n"
    "    addi.d $t1, $t1, -1\n"
    "    b 1b\n"
    "2:  fld.d $fa0, $s0, 64\n"
    "    fld.d $fa1, $s0, 72\n"
    "    fld.d $fa2, $s0, 80\n"
    "    fld.d $fa3, $s0, 88\n"
    "    fld.d $fa4, $s0, 96\n"
    "    fld.d $fa5, $s0, 104\n"
    "    fld.d $fa6, $s0, 112\n"
    "    fld.d $fa7, $s0, 120\n"
    "    ld.d $a0, $s0, 0\n"
    "    ld.d $a1, $s0, 8\n"
    "    ld.d $a2, $s0, 16\n"
    "    ld.d $a3, $s0, 24\n"
    "    ld.d $a4, $s0, 32\n"
    "    ld.d $a5, $s0, 40\n"
    "    ld.d $a6, $s0, 48\n"
    "    ld.d $a7, $s0, 56\n"
    "    jirl $ra, $t0, 0\n"
    "    st.d $a0, $s0, 136\n"
    "    fst.d $fa0, $s0, 144\n"
    "    addi.d $sp, $fp, -32\n"
    "    ld.d $ra, $sp, 24\n"
    "    ld.d $fp, $sp, 16\n"
    "    ld.d $s0, $sp, 8\n"
    "    addi.d $sp, $sp, 32\n"
    "    jr $ra\n"
    "    .cfi_endproc\n"
    ".size kzt_host_call, . - kzt_host_call\n");
