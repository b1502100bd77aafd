/*
 * The check-and-call sequence of safe_syscall() on x86-64.
 *
 * A host signal handler that finds its thread between safe_syscall_start and
 * safe_syscall_end moves it to safe_syscall_interrupted.  Nothing but the test
 * and the system call may stand in between: at safe_syscall_end the call is
 * done and its result must not be thrown away.
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
    mov     %rdi, %r11
    mov     %rsi, %rax
    mov     %rdx, %rdi
    mov     %rcx, %rsi
    mov     %r8, %rdx
    mov     %r9, %r10
    mov     8(%rsp), %r8
    mov     16(%rsp), %r9
safe_syscall_start:
    cmpl    $0, (%r11)
    jnz     safe_syscall_interrupted
    syscall
safe_syscall_end:
    ret
safe_syscall_interrupted:
    mov     $-512, %rax         /* -QEMU_ERESTARTSYS */
    ret
    .cfi_endproc
    .size safe_syscall_asm, . - safe_syscall_asm

    .globl raw_syscall6
    .type raw_syscall6, @function
    .hidden raw_syscall6
/* long raw_syscall6(nr, a1, ..., a6) */
raw_syscall6:
    .cfi_startproc
    mov     %rdi, %rax
    mov     %rsi, %rdi
    mov     %rdx, %rsi
    mov     %rcx, %rdx
    mov     %r8, %r10
    mov     %r9, %r8
    mov     8(%rsp), %r9
    syscall
    ret
    .cfi_endproc
    .size raw_syscall6, . - raw_syscall6

    .globl host_sigreturn
    .type host_sigreturn, @function
    .hidden host_sigreturn
/* Return address of host signal handlers installed with raw rt_sigaction. */
    nop
host_sigreturn:
    mov     $15, %eax           /* __NR_rt_sigreturn */
    syscall
    .size host_sigreturn, . - host_sigreturn

    .section .note.GNU-stack, "", @progbits
