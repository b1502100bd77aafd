/*
 * Vector ops the host has no instruction for: operands to env->vtmp[], a call
 * of the reference, the result back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vec.h"

#define CALLER_GPRS (RA_BIT(X86_RAX) | RA_BIT(X86_RCX) | RA_BIT(X86_RDX) | \
                     RA_BIT(X86_RSI) | RA_BIT(X86_RDI) | RA_BIT(X86_R8) | \
                     RA_BIT(X86_R9) | RA_BIT(X86_R10) | RA_BIT(X86_R11))

/*
 * vtmp[0] = old and new value of the result, vtmp[1..3] = sources; afterwards
 * vtmp[1].l[0] = exceptions that are not masked.
 */
static void call_reference(TCGVec *vtmp, uint32_t desc, int64_t imm)
{
    TCGFpEnv fp;
    uint32_t quiet = 0x1f80, before;

    __asm__ volatile("stmxcsr %0" : "=m" (before));
    __asm__ volatile("ldmxcsr %0" : : "m" (quiet));
    fp.mxcsr = before & ~0x3fu;
    tcg_vop_ref(desc, &vtmp[0], &vtmp[1], &vtmp[2], &vtmp[3], imm, &fp);
    vtmp[1].l[0] = fp.mxcsr & ~(before >> 7) & 0x3f;
    fp.mxcsr |= before;
    __asm__ volatile("ldmxcsr %0" : : "m" (fp.mxcsr));
}

static X86Rm vtmp(X86Gen *g, unsigned n, unsigned byte)
{
    return env_rm(g->s->env_vtmp + n * 32 + byte);
}

/* Raise what call_reference() found; registers are as before the op. */
static void check_exceptions(X86Gen *g)
{
    uint8_t *none;

    x86_alu_i(&g->a, ALU_CMP, MO_8, vtmp(g, 1, 0), 0);
    none = x86_jcc8(&g->a, CCC_E);
    x86_8(&g->a, 0x0f);
    x86_8(&g->a, 0x0b);             /* ud2: see TCGBackend */
    x86_here8(&g->a, none);
}

/* All of vector @v to vtmp[@n]. */
static void put_vec(X86Gen *g, unsigned n, TCGv v)
{
    unsigned reg = x86_vec_whole(g, v), t;

    x86_vec_store(g, reg - RA_VEC, vtmp(g, n, 0));
    if (!have(X86_AVX)) {
        t = ra_scratch(&g->ra, TCG_VEC, 0);
        x86_vec_load(g, t - RA_VEC, x86_upper_half(g, v));
        x86_vec_store(g, t - RA_VEC, vtmp(g, n, 16));
        ra_unlock(&g->ra, t);
    }
    ra_unlock(&g->ra, reg);
}

static void put_int(X86Gen *g, unsigned n, TCGv v)
{
    unsigned reg = x86_use(g, v);

    x86_rm(&g->a, x86_op_w(X_MOV_STORE, MO_64), reg, vtmp(g, n, 0));
    ra_unlock(&g->ra, reg);
}

static void get_vec(X86Gen *g, TCGv dst)
{
    unsigned d = ra_scratch(&g->ra, TCG_VEC, 0), t;

    x86_vec_load(g, d - RA_VEC, vtmp(g, 0, 0));
    ra_bind(&g->ra, dst, d);
    if (!have(X86_AVX)) {
        g->ra.locked = RA_BIT(d);
        t = ra_scratch(&g->ra, TCG_VEC, 0);
        x86_vec_load(g, t - RA_VEC, vtmp(g, 0, 16));
        x86_vec_store(g, t - RA_VEC, x86_upper_half(g, dst));
    }
}

void x86_vop_call(X86Gen *g, const TCGOp *op)
{
    const char *sig = tcg_vop_defs[op->aux].sig;
    TCGv dst = op->dst[0];
    RASet temps = (g->ra.host->temps[TCG_I64] & CALLER_GPRS) |
                  g->ra.host->temps[TCG_VEC];
    unsigned d;

    for (unsigned k = 0; sig[1 + k] && sig[1 + k] != 'I'; k++) {
        if (sig[1 + k] == 'v') {
            put_vec(g, 1 + k, op->src[k]);
        } else {
            put_int(g, 1 + k, op->src[k]);
        }
    }
    if (sig[0] == 'd' && g->s->vals[dst].kind == TCG_VAL_GLOBAL &&
        !(op->flags & TCG_F_ZERO_UPPER)) {
        put_vec(g, 0, dst);
    }
    x86_move_gprs(g, CALLER_GPRS, true);
    ra_clobber(&g->ra, temps);
    x86_call(&g->a, x86_common.vec_save);
    if (have(X86_AVX)) {
        x86_vzeroupper(g);
    }
    x86_rm(&g->a, X_LEA | X_W, X86_RDI, vtmp(g, 0, 0));
    x86_movi(&g->a, X86_RSI, VOP_DESC(op->aux, op->w, op->cond, op->flags));
    x86_movi(&g->a, X86_RDX, op->imm);
    x86_call_fn(g, (uintptr_t)call_reference);
    x86_call(&g->a, x86_common.vec_load);
    x86_move_gprs(g, CALLER_GPRS, false);
    if (tcg_vop_defs[op->aux].flags & TCG_VF_P) {
        check_exceptions(g);
    }
    g->ra.locked = 0;
    if (ra_dst_dead(&g->ra, 0)) {
        return;
    }
    if (sig[0] == 'd') {
        get_vec(g, dst);
    } else {
        d = ra_dst(&g->ra, dst, TCGV_NONE, TCGV_NONE, 0);
        x86_rm(&g->a, x86_op_w(X_MOV_LOAD, MO_64), d, vtmp(g, 0, 0));
        ra_bind(&g->ra, dst, d);
    }
}
