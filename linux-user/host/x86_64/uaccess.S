/*
 * Fault-safe accesses on x86-64.
 *
 * Between a _start and an _end label every access may fault; the handler then
 * continues at the _fault label.  The copy keeps the number of bytes that are
 * left in a register that is exact at every instruction that may fault.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
        .text

/* size_t uaccess_copy(void *dst, const void *src, size_t len) */
        .globl  uaccess_copy
        .hidden uaccess_copy
        .type   uaccess_copy, @function
        .balign 16
uaccess_copy:
        mov     %rdx, %rcx          /* bytes left */
        cmp     $512, %rdx
        jae     3f
        cmp     $8, %rdx
        jb      2f
        .globl  uaccess_copy_start
        .hidden uaccess_copy_start
uaccess_copy_start:
1:      mov     (%rsi), %rax
        mov     %rax, (%rdi)
        add     $8, %rsi
        add     $8, %rdi
        sub     $8, %rcx
        cmp     $8, %rcx
        jae     1b
2:      test    %rcx, %rcx
        jz      4f
5:      movzbl  (%rsi), %eax
        mov     %al, (%rdi)
        inc     %rsi
        inc     %rdi
        dec     %rcx
        jnz     5b
4:      xor     %eax, %eax
        ret
3:      rep movsb
        mov     %rcx, %rax
        ret
        .globl  uaccess_copy_end
        .hidden uaccess_copy_end
uaccess_copy_end:
        .globl  uaccess_copy_fault
        .hidden uaccess_copy_fault
uaccess_copy_fault:
        /*
         * An 8-byte step that failed may still move some of its bytes: go on
         * byte by byte; the next fault is final.
         */
        .globl  uaccess_bytes_start
        .hidden uaccess_bytes_start
uaccess_bytes_start:
        test    %rcx, %rcx
        jz      4b
        movzbl  (%rsi), %eax
        mov     %al, (%rdi)
        inc     %rsi
        inc     %rdi
        dec     %rcx
        jmp     uaccess_bytes_start
        .globl  uaccess_bytes_end
        .hidden uaccess_bytes_end
uaccess_bytes_end:
        .globl  uaccess_bytes_fault
        .hidden uaccess_bytes_fault
uaccess_bytes_fault:
        mov     %rcx, %rax
        ret
        .size   uaccess_copy, . - uaccess_copy

/* long uaccess_strnlen(const void *s, size_t max) */
        .globl  uaccess_strnlen
        .hidden uaccess_strnlen
        .type   uaccess_strnlen, @function
        .balign 16
uaccess_strnlen:
        xor     %eax, %eax
        .globl  uaccess_strnlen_start
        .hidden uaccess_strnlen_start
uaccess_strnlen_start:
1:      cmp     %rsi, %rax
        jae     2f
        cmpb    $0, (%rdi,%rax)
        je      2f
        inc     %rax
        jmp     1b
2:      ret
        .globl  uaccess_strnlen_end
        .hidden uaccess_strnlen_end
uaccess_strnlen_end:
        .globl  uaccess_strnlen_fault
        .hidden uaccess_strnlen_fault
uaccess_strnlen_fault:
        mov     $-14, %rax          /* -EFAULT */
        ret
        .size   uaccess_strnlen, . - uaccess_strnlen

/* int uaccess_cmpxchg32(void *p, uint32_t expected, uint32_t desired,
                         uint32_t *old) */
        .globl  uaccess_cmpxchg32
        .hidden uaccess_cmpxchg32
        .type   uaccess_cmpxchg32, @function
        .balign 16
uaccess_cmpxchg32:
        mov     %esi, %eax
        .globl  uaccess_cmpxchg_start
        .hidden uaccess_cmpxchg_start
uaccess_cmpxchg_start:
        lock cmpxchg %edx, (%rdi)
        .globl  uaccess_cmpxchg_end
        .hidden uaccess_cmpxchg_end
uaccess_cmpxchg_end:
        mov     %eax, (%rcx)
        xor     %eax, %eax
        ret
        .globl  uaccess_cmpxchg_fault
        .hidden uaccess_cmpxchg_fault
uaccess_cmpxchg_fault:
        mov     $-14, %eax
        ret
        .size   uaccess_cmpxchg32, . - uaccess_cmpxchg32

        .section .note.GNU-stack, "", @progbits
