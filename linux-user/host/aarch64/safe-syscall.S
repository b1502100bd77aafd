/*
 * The check-and-call sequence of safe_syscall() on AArch64; see the
 * x86-64 file of the same name for the rules.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
    .text
    .globl safe_syscall_asm
    .globl safe_syscall_start
    .globl safe_syscall_end
    .globl safe_syscall_interrupted
    .type safe_syscall_asm, %function
    .hidden safe_syscall_asm
    .hidden safe_syscall_start
    .hidden safe_syscall_end
    .hidden safe_syscall_interrupted

/* long safe_syscall_asm(_Atomic int *pending, nr, a1, ..., a6) */
safe_syscall_asm:
    .cfi_startproc
    mov     x9, x0
    mov     x8, x1
    mov     x0, x2
    mov     x1, x3
    mov     x2, x4
    mov     x3, x5
    mov     x4, x6
    mov     x5, x7
safe_syscall_start:
    ldr     w10, [x9]
    cbnz    w10, safe_syscall_interrupted
    svc     #0
safe_syscall_end:
    ret
safe_syscall_interrupted:
    mov     x0, #-512           /* -QEMU_ERESTARTSYS */
    ret
    .cfi_endproc
    .size safe_syscall_asm, . - safe_syscall_asm

    .globl raw_syscall6
    .type raw_syscall6, %function
    .hidden raw_syscall6
/* long raw_syscall6(nr, a1, ..., a6) */
raw_syscall6:
    .cfi_startproc
    mov     x8, x0
    mov     x0, x1
    mov     x1, x2
    mov     x2, x3
    mov     x3, x4
    mov     x4, x5
    mov     x5, x6
    svc     #0
    ret
    .cfi_endproc
    .size raw_syscall6, . - raw_syscall6

    .section .note.GNU-stack, "", %progbits
