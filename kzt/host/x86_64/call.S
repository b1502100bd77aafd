/*
 * kzt_host_call() on x86-64: registers and stack from a KztArgs, both results
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
    endbr64
    push    %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    mov     %rsp, %rbp
    .cfi_def_cfa_register %rbp
    push    %rbx
    .cfi_offset %rbx, -24
    sub     $8, %rsp
    mov     %rdi, %r11
    mov     %rsi, %rbx
    mov     KZT_ARGS_NSTACK(%rbx), %rcx
    lea     1(%rcx), %rax
    and     $-2, %rax
    shl     $3, %rax
    sub     %rax, %rsp
    lea     KZT_ARGS_STACK(%rbx), %rsi
    mov     %rsp, %rdi
    rep     movsq
    movsd   KZT_ARGS_FP(%rbx), %xmm0
    movsd   KZT_ARGS_FP + 8(%rbx), %xmm1
    movsd   KZT_ARGS_FP + 16(%rbx), %xmm2
    movsd   KZT_ARGS_FP + 24(%rbx), %xmm3
    movsd   KZT_ARGS_FP + 32(%rbx), %xmm4
    movsd   KZT_ARGS_FP + 40(%rbx), %xmm5
    movsd   KZT_ARGS_FP + 48(%rbx), %xmm6
    movsd   KZT_ARGS_FP + 56(%rbx), %xmm7
    mov     (%rbx), %rdi
    mov     8(%rbx), %rsi
    mov     16(%rbx), %rdx
    mov     24(%rbx), %rcx
    mov     32(%rbx), %r8
    mov     40(%rbx), %r9
    mov     $8, %eax
    call    *%r11
    mov     %rax, KZT_ARGS_INT_RESULT(%rbx)
    movsd   %xmm0, KZT_ARGS_FP_RESULT(%rbx)
    mov     -8(%rbp), %rbx
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size kzt_host_call, . - kzt_host_call

    .section .note.GNU-stack, "", @progbits
