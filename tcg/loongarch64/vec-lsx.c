/*
 * Vectors on LSX.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"

bool la_vec_lsx(LAGen *g, const TCGOp *op)
{
    return false;
}
