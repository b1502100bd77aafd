/*
 * What code generators share besides register allocation: the names of host
 * features, and the numbering of a unit's exits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_HOST_H
#define TCG_HOST_H

#include "tcg/tcg.h"

typedef struct TCGHostFeature {
    const char *name;       /* in QEMU_HOST_FEATURES */
    uint32_t bit;
    uint32_t needs;         /* makes no sense without these */
    uint32_t where;         /* how the host tells; the generator's own */
} TCGHostFeature;

/*
 * Of @features, which the host has, those that remain: "-avx2,+fma" in @list
 * (may be NULL) takes away and undoes that, it does not invent hardware.
 * Returns false with a message if a name is unknown.
 */
bool tcg_host_features_choose(const TCGHostFeature *table, unsigned n,
                              const char *list, uint32_t *features);

/* Their names; valid until the next call. */
const char *tcg_host_features_text(const TCGHostFeature *table, unsigned n,
                                   uint32_t features);

/*
 * Exits to known pcs get numbers in op order, then return predictions:
 * @exit_of[op].  @label_op[label] = the op that places it.  False: too many.
 */
bool tcg_number_exits(TCGContext *s, uint8_t *exit_of, uint16_t *label_op);

#endif
