/*
 * The passes over a unit, in order.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "qemu/log.h"

/* Every record goes to the CPU state, every consumer looks there. */
static void cc_through_env(TCGContext *s)
{
    for (unsigned i = 0; i < s->nb_ops; i++) {
        TCGOp *op = &s->ops[i];

        if (op->opc == TCG_OP_cc_set) {
            op->flags |= TCG_F_CC_STORE;
            op->imm = TCG_CC_ALL;
        } else if (tcg_op_defs[op->opc].flags & TCG_OPF_C ||
                   op->opc == TCG_OP_insn_start) {
            op->aux = CC_KIND_DYNAMIC;
            op->flags |= TCG_F_CC_IN_ENV;
        }
    }
}

void tcg_optimize(TCGContext *s)
{
    cc_through_env(s);
    s->nb_exits = 0;
}
