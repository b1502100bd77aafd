/*
 * Load a complete register state, jump to a case, store what it left.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define FX    0
#define YMMH  512
#define GPR   768
#define FLAGS 896

        .bss
        .balign 64
        .globl isa_in, isa_out, isa_host_rsp, isa_fs_base, isa_fsgsbase
isa_in: .skip 1024
isa_out: .skip 1024
isa_host_rsp: .skip 8
isa_fs_base: .skip 8
isa_fsgsbase: .skip 8
avx:    .skip 8
target: .skip 8
        .balign 64
fxhost: .skip 512

        .text
        .globl isa_run, isa_end, isa_leave
        .type isa_run, @function
isa_run:
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        sub $8, %rsp
        mov %rdi, target
        movslq %esi, %rsi
        mov %rsi, avx
        fxsave64 fxhost
        mov %rsp, isa_host_rsp
        fxrstor64 isa_in+FX
        test %rsi, %rsi
        jz 1f
        .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vinsertf128 $1, isa_in+YMMH+16*\n, %ymm\n, %ymm\n
        .endr
1:      mov isa_in+GPR+8*1, %rcx
        mov isa_in+GPR+8*2, %rdx
        mov isa_in+GPR+8*3, %rbx
        mov isa_in+GPR+8*5, %rbp
        mov isa_in+GPR+8*6, %rsi
        mov isa_in+GPR+8*7, %rdi
        mov isa_in+GPR+8*8, %r8
        mov isa_in+GPR+8*9, %r9
        mov isa_in+GPR+8*10, %r10
        mov isa_in+GPR+8*11, %r11
        mov isa_in+GPR+8*12, %r12
        mov isa_in+GPR+8*13, %r13
        mov isa_in+GPR+8*14, %r14
        mov isa_in+GPR+8*15, %r15
        mov isa_in+GPR+8*0, %rax
        pushq isa_in+FLAGS
        popfq
        mov isa_in+GPR+8*4, %rsp
        jmp *target

isa_end:
        mov %rsp, isa_out+GPR+8*4
        mov isa_host_rsp, %rsp
        pushfq
        popq isa_out+FLAGS
        mov %rax, isa_out+GPR+8*0
        mov %rcx, isa_out+GPR+8*1
        mov %rdx, isa_out+GPR+8*2
        mov %rbx, isa_out+GPR+8*3
        mov %rbp, isa_out+GPR+8*5
        mov %rsi, isa_out+GPR+8*6
        mov %rdi, isa_out+GPR+8*7
        mov %r8, isa_out+GPR+8*8
        mov %r9, isa_out+GPR+8*9
        mov %r10, isa_out+GPR+8*10
        mov %r11, isa_out+GPR+8*11
        mov %r12, isa_out+GPR+8*12
        mov %r13, isa_out+GPR+8*13
        mov %r14, isa_out+GPR+8*14
        mov %r15, isa_out+GPR+8*15
        fxsave64 isa_out+FX
        cmpq $0, avx
        jz isa_leave
        .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vextractf128 $1, %ymm\n, isa_out+YMMH+16*\n
        .endr
isa_leave:
        mov isa_host_rsp, %rsp
        cld
        call segments
        cmpq $0, avx
        jz 2f
        vzeroupper
2:      fninit
        fxrstor64 fxhost
        add $8, %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret
        .size isa_run, . - isa_run

        /* Segments as the C library wants them. */
segments:
        xor %eax, %eax
        mov %eax, %ds
        mov %eax, %es
        cmpq $0, isa_fsgsbase
        jz 1f
        mov %eax, %fs
        mov %eax, %gs
        wrgsbase %rax
        mov isa_fs_base, %rax
        wrfsbase %rax
1:      ret

        .globl isa_fault
isa_fault:
        call segments
        jmp isa_on_fault
        .section .note.GNU-stack, "", @progbits
