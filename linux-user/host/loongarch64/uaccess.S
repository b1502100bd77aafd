/*
 * Fault-safe accesses on LoongArch.
 *
 * Between a _start and an _end label every access may fault; the handler then
 * continues at the _fault label.  The copy keeps the number of bytes that are
 * left in a register that is exact at every instruction that may fault.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
        .macro  label name
        .globl  \name
        .hidden \name
\name:
        .endm

        .text

/* size_t uaccess_copy(void *dst, const void *src, size_t len) */
        .type   uaccess_copy, @function
        .balign 16
label uaccess_copy
        ori     $t0, $zero, 8
        /* Words only when both sides are aligned the same way. */
        xor     $t1, $a0, $a1
        andi    $t1, $t1, 7
        bnez    $t1, uaccess_bytes_start
        bltu    $a2, $t0, uaccess_bytes_start
label uaccess_copy_start
1:      andi    $t1, $a0, 7
        beqz    $t1, 2f
        ld.bu   $t2, $a1, 0
        st.b    $t2, $a0, 0
        addi.d  $a1, $a1, 1
        addi.d  $a0, $a0, 1
        addi.d  $a2, $a2, -1
        b       1b
2:      bltu    $a2, $t0, uaccess_bytes_start
        ld.d    $t2, $a1, 0
        st.d    $t2, $a0, 0
        addi.d  $a1, $a1, 8
        addi.d  $a0, $a0, 8
        addi.d  $a2, $a2, -8
        b       2b
label uaccess_copy_end
label uaccess_copy_fault
        /* What is left of the failed word is tried byte by byte. */
label uaccess_bytes_start
        beqz    $a2, 3f
        ld.bu   $t2, $a1, 0
        st.b    $t2, $a0, 0
        addi.d  $a1, $a1, 1
        addi.d  $a0, $a0, 1
        addi.d  $a2, $a2, -1
        b       uaccess_bytes_start
label uaccess_bytes_end
label uaccess_bytes_fault
3:      move    $a0, $a2
        jr      $ra
        .size   uaccess_copy, . - uaccess_copy

/* long uaccess_strnlen(const void *s, size_t max) */
        .type   uaccess_strnlen, @function
        .balign 16
label uaccess_strnlen
        move    $t0, $a0
        move    $a0, $zero
label uaccess_strnlen_start
1:      bgeu    $a0, $a1, 2f
        ld.bu   $t1, $t0, 0
        beqz    $t1, 2f
        addi.d  $t0, $t0, 1
        addi.d  $a0, $a0, 1
        b       1b
2:      jr      $ra
label uaccess_strnlen_end
label uaccess_strnlen_fault
        addi.d  $a0, $zero, -14         /* -EFAULT */
        jr      $ra
        .size   uaccess_strnlen, . - uaccess_strnlen

/* int uaccess_cmpxchg32(void *p, uint32_t expected, uint32_t desired,
                         uint32_t *old) */
        .type   uaccess_cmpxchg32, @function
        .balign 16
label uaccess_cmpxchg32
        slli.w  $a1, $a1, 0
        dbar    0
label uaccess_cmpxchg_start
1:      ll.w    $t0, $a0, 0
        bne     $t0, $a1, 2f
        move    $t1, $a2
        sc.w    $t1, $a0, 0
        beqz    $t1, 1b
2:
label uaccess_cmpxchg_end
        dbar    0
        st.w    $t0, $a3, 0
        move    $a0, $zero
        jr      $ra
label uaccess_cmpxchg_fault
        addi.d  $a0, $zero, -14
        jr      $ra
        .size   uaccess_cmpxchg32, . - uaccess_cmpxchg32

        .section .note.GNU-stack, "", @progbits
