/*
 * The x87 state as a whole: reset, summary bits, tag words.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_X87_STATE_H
#define I386_X87_STATE_H

#include "target/i386/cpu.h"

/* FNINIT. */
void x87_init(CPUArchState *env);
/* Set ES and B from the flags and the masks. */
void x87_update_summary(CPUArchState *env);
/* A control word as the CPU keeps it. */
static inline uint16_t x87_valid_cw(uint16_t cw)
{
    return (cw & ~0xe080u) | 0x40;
}
/* The status word with TOP. */
static inline uint16_t x87_status(const CPUArchState *env)
{
    return (env->fpus & ~0x3800u) | (env->fpstt & 7) << 11;
}
/* Split a status word into fpus and fpstt; recompute ES. */
void x87_set_status(CPUArchState *env, uint16_t sw);
/* 16-bit tag word of FNSTENV, by physical register. */
uint16_t x87_tag_word(const CPUArchState *env);
void x87_set_tag_word(CPUArchState *env, uint16_t tw);

#endif
