/*
 * kzt_host_call() on LoongArch: registers and stack from a KztArgs, both results
 * into it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "../call-layout.h"

    .text
    .p2align 4
    .globl kzt_host_call
    .hidden kzt_host_call
    .type kzt_host_call, @function
kzt_host_call:
    .cfi_startproc
    addi.d  $sp, $sp, -32
    .cfi_def_cfa_offset 32
    st.d    $ra, $sp, 24
    st.d    $fp, $sp, 16
    st.d    $s0, $sp, 8
    .cfi_offset 1, -8
    .cfi_offset 22, -16
    .cfi_offset 23, -24
    addi.d  $fp, $sp, 32
    .cfi_def_cfa 22, 0
    move    $t0, $a0
    move    $s0, $a1
    ld.d    $t1, $s0, KZT_ARGS_NSTACK
    addi.d  $t2, $t1, 1
    srli.d  $t2, $t2, 1
    slli.d  $t2, $t2, 4
    sub.d   $sp, $sp, $t2
    addi.d  $t3, $s0, KZT_ARGS_STACK
    move    $t4, $sp
1:  beqz    $t1, 2f
    ld.d    $t5, $t3, 0
    st.d    $t5, $t4, 0
    addi.d  $t3, $t3, 8
    addi.d  $t4, $t4, 8
    addi.d  $t1, $t1, -1
    b       1b
2:  fld.d   $fa0, $s0, KZT_ARGS_FP
    fld.d   $fa1, $s0, KZT_ARGS_FP + 8
    fld.d   $fa2, $s0, KZT_ARGS_FP + 16
    fld.d   $fa3, $s0, KZT_ARGS_FP + 24
    fld.d   $fa4, $s0, KZT_ARGS_FP + 32
    fld.d   $fa5, $s0, KZT_ARGS_FP + 40
    fld.d   $fa6, $s0, KZT_ARGS_FP + 48
    fld.d   $fa7, $s0, KZT_ARGS_FP + 56
    ld.d    $a0, $s0, 0
    ld.d    $a1, $s0, 8
    ld.d    $a2, $s0, 16
    ld.d    $a3, $s0, 24
    ld.d    $a4, $s0, 32
    ld.d    $a5, $s0, 40
    ld.d    $a6, $s0, 48
    ld.d    $a7, $s0, 56
    jirl    $ra, $t0, 0
    st.d    $a0, $s0, KZT_ARGS_INT_RESULT
    fst.d   $fa0, $s0, KZT_ARGS_FP_RESULT
    addi.d  $sp, $fp, -32
    ld.d    $ra, $sp, 24
    ld.d    $fp, $sp, 16
    ld.d    $s0, $sp, 8
    addi.d  $sp, $sp, 32
    jr      $ra
    .cfi_endproc
    .size kzt_host_call, . - kzt_host_call

    .section .note.GNU-stack, "", @progbits
