/*
 * The check-and-call sequence of safe_syscall() on LoongArch64; see the
 * x86-64 file of the same name for the rules.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
    .text
    .globl safe_syscall_asm
    .globl safe_syscall_start
    .globl safe_syscall_end
    .globl safe_syscall_interrupted
    .type safe_syscall_asm, @function
    .hidden safe_syscall_asm
    .hidden safe_syscall_start
    .hidden safe_syscall_end
    .hidden safe_syscall_interrupted

/* long safe_syscall_asm(_Atomic int *pending, nr, a1, ..., a6) */
safe_syscall_asm:
    .cfi_startproc
    move    $t0, $a0
    move    $t1, $a1
    move    $a0, $a2
    move    $a1, $a3
    move    $a2, $a4
    move    $a3, $a5
    move    $a4, $a6
    move    $a5, $a7
    move    $a7, $t1
safe_syscall_start:
    ld.w    $t2, $t0, 0
    bnez    $t2, safe_syscall_interrupted
    syscall 0
safe_syscall_end:
    jr      $ra
safe_syscall_interrupted:
    li.d    $a0, -512           /* -QEMU_ERESTARTSYS */
    jr      $ra
    .cfi_endproc
    .size safe_syscall_asm, . - safe_syscall_asm

    .globl raw_syscall6
    .type raw_syscall6, @function
    .hidden raw_syscall6
/* long raw_syscall6(nr, a1, ..., a6) */
raw_syscall6:
    .cfi_startproc
    move    $t0, $a0
    move    $a0, $a1
    move    $a1, $a2
    move    $a2, $a3
    move    $a3, $a4
    move    $a4, $a5
    move    $a5, $a6
    move    $a7, $t0
    syscall 0
    jr      $ra
    .cfi_endproc
    .size raw_syscall6, . - raw_syscall6

    .section .note.GNU-stack, "", @progbits
