/*
 * PCMPxSTRx with each control byte: operands xmm0 and xmm1, then return.  Eight
 * bytes each (STUB_SIZE of vec-host-x86.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
    .text

/* 66 0f 3a op /r ib; ret; nop */
    .macro stubs name, op
    .globl \name
    .hidden \name
    .type \name, @object
    .balign 16
\name:
    .set control, 0
    .rept 128
    .byte 0x66, 0x0f, 0x3a, \op, 0xc1, control, 0xc3, 0x90
    .set control, control + 1
    .endr
    .size \name, . - \name
    .endm

    stubs x86_pcmpestrm_stubs, 0x60
    stubs x86_pcmpestri_stubs, 0x61
    stubs x86_pcmpistrm_stubs, 0x62
    stubs x86_pcmpistri_stubs, 0x63

    .section .note.GNU-stack, "", @progbits
