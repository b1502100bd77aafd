/*
 * For the random tests of the IR: the ways a unit may leave its flags behind.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_TCG_EXIT_H
#define TESTS_TCG_EXIT_H

#include "tcg/tcg.h"

/*
 * An exit of kind @how (0 .. 2); returns the flags that must be right behind
 * it, after tcg_cc_settle().  @some: a part of the flags.
 */
static inline uint32_t tcg_test_exit(TCGContext *s, uint64_t pc, uint32_t some,
                                     unsigned how)
{
    switch (how) {
    case 0:
        tcg_gen_exit_direct(s, pc, TCG_CC_ALL);
        return TCG_CC_ALL;
    case 1:
        tcg_gen_exit_direct(s, pc, some);
        return some;
    default:
        tcg_gen_cc_ref(s, 0);
        tcg_gen_exit_direct(s, pc, 0);
        return TCG_CC_ALL;
    }
}

#endif
