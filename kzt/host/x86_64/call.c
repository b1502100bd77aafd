/*
 * kzt_host_call() on x86-64: registers and stack from a KztArgs, both results
 * into it.
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
    "    endbr64\n"
    "    push %rbp\n"
    "    .cfi_def_cfa_offset 16\n"
    "    .cfi_offset %rbp, -16\n"
    "    mov %rsp, %rbp\n"
    "    .cfi_def_cfa_register %rbp\n"
    "    push %rbx\n"
    "    .cfi_offset %rbx, -24\n"
    "    sub $8, %rsp\n"
    "    mov %rdi, %r11\n"
    "    mov %rsi, %rbx\n"
    "    mov 128(%rbx), %rcx\n"
    "    lea 1(%rcx), %rax\n"
    "    and $-2, %rax\n"
    "    shl $3, %rax\n"
    "    sub %rax, %rsp\n"
    "    lea 152(%rbx), %rsi\n"
    "    mov %rsp, %rdi\n"
    "    rep movsq\n"
    "    movsd 64(%rbx), %xmm0\n"
    "    movsd 72(%rbx), %xmm1\n"
    "    movsd 80(%rbx), %xmm2\n"
    "    movsd 88(%rbx), %xmm3\n"
    "    movsd 96(%rbx), %xmm4\n"
    "    movsd 104(%rbx), %xmm5\n"
    "    movsd 112(%rbx), %xmm6\n"
    "    movsd 120(%rbx), %xmm7\n"
    "    mov (%rbx), %rdi\n"
    "    mov 8(%rbx), %rsi\n"
    "    mov 16(%rbx), %rdx\n"
    "    mov 24(%rbx), %rcx\n"
    "    mov 32(%rbx), %r8\n"
    "    mov 40(%rbx), %r9\n"
    "    mov $8, %eax\n"
    "    call *%r11\n"
    "    mov %rax, 136(%rbx)\n"
    "    movsd %xmm0, 144(%rbx)\n"
    "    mov -8(%rbp), %rbx\n"
    "    leave\n"
    "    .cfi_def_cfa %rsp, 8\n"
    "    ret\n"
    "    .cfi_endproc\n"
    ".size kzt_host_call, . - kzt_host_call\n");
