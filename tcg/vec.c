/*
 * The reference of the vector ops: entry point, and completion of results.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"

static void (*const functions[VOP_MAX])(Vop *v) = {
#define VOP(name, sig, flags) [VOP_##name] = tcg_vop_##name,
#include "tcg/tcg-vop.def"
};

void tcg_vop_ref(uint32_t desc, TCGVec *d, const TCGVec *a, const TCGVec *b,
                 const TCGVec *c, int64_t imm, TCGFpEnv *fp)
{
    unsigned vop = desc & 0xff;
    unsigned flags = desc >> 16;
    const TCGVopDef *def = &tcg_vop_defs[vop];
    unsigned esz = desc >> 12 & 15, lane;
    Vop v = {
        .a = a, .b = b, .c = c, .imm = imm, .fp = fp, .esz = esz,
        .bytes = 1u << (desc >> 8 & 15),
        .scalar = (flags & TCG_F_SCALAR) && (def->flags & TCG_VF_S),
    };

    v.out = v.bytes;
    functions[vop](&v);
    if (def->sig[0] == 'i') {
        d->q[0] = v.r.q[0];
        return;
    }
    if (v.scalar) {
        lane = def->flags & TCG_VF_E ? 1u << esz : 4;
        memcpy(v.r.b + lane, a->b + lane, 16 - lane);
        v.out = 16;
    }
    if (flags & TCG_F_ZERO_UPPER) {
        /* functions leave zeros behind what they write */
        if (v.out == 16) {
            v.r.q[2] = v.r.q[3] = 0;
        }
        *d = v.r;
    } else if (likely(v.out == 16)) {
        memcpy(d->b, v.r.b, 16);
    } else {
        memcpy(d->b, v.r.b, v.out);
    }
}
