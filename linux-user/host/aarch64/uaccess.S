/*
 * Fault-safe accesses on AArch64.
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
        .type   uaccess_copy, %function
        .balign 16
label uaccess_copy
label uaccess_copy_start
        /* Words may lie anywhere, but a store that faults writes nothing. */
1:      cmp     x2, #8
        b.lo    uaccess_bytes_start
        ldr     x3, [x1]
        str     x3, [x0]
        add     x1, x1, #8
        add     x0, x0, #8
        sub     x2, x2, #8
        b       1b
label uaccess_copy_end
label uaccess_copy_fault
        /* What is left of the failed word is tried byte by byte. */
label uaccess_bytes_start
        cbz     x2, 2f
        ldrb    w3, [x1]
        strb    w3, [x0]
        add     x1, x1, #1
        add     x0, x0, #1
        sub     x2, x2, #1
        b       uaccess_bytes_start
label uaccess_bytes_end
label uaccess_bytes_fault
2:      mov     x0, x2
        ret
        .size   uaccess_copy, . - uaccess_copy

/* long uaccess_strnlen(const void *s, size_t max) */
        .type   uaccess_strnlen, %function
        .balign 16
label uaccess_strnlen
        mov     x2, x0
        mov     x0, #0
label uaccess_strnlen_start
1:      cmp     x0, x1
        b.hs    2f
        ldrb    w3, [x2, x0]
        cbz     w3, 2f
        add     x0, x0, #1
        b       1b
2:      ret
label uaccess_strnlen_end
label uaccess_strnlen_fault
        mov     x0, #-14                /* -EFAULT */
        ret
        .size   uaccess_strnlen, . - uaccess_strnlen

/* int uaccess_cmpxchg32(void *p, uint32_t expected, uint32_t desired,
                         uint32_t *old) */
        .type   uaccess_cmpxchg32, %function
        .balign 16
label uaccess_cmpxchg32
label uaccess_cmpxchg_start
1:      ldaxr   w4, [x0]
        cmp     w4, w1
        b.ne    2f
        stlxr   w5, w2, [x0]
        cbnz    w5, 1b
2:
label uaccess_cmpxchg_end
        dmb     ish
        str     w4, [x3]
        mov     w0, #0
        ret
label uaccess_cmpxchg_fault
        mov     w0, #-14                /* -EFAULT */
        ret
        .size   uaccess_cmpxchg32, . - uaccess_cmpxchg32

        .section .note.GNU-stack, "", %progbits
