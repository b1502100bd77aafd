/*
 * Random units: see tcg-units.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "tests/unit/tcg-exit.h"
#include "tests/unit/tcg-units.h"

GRand *rnd;
uint8_t *memory;
TCGv R[NREGS], V[NVREGS];

static TCGContext *s;       /* the one in use */

TCGContext *units_context(void)
{
    static const char *const names[NREGS] = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
        "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    };
    static char vnames[NVREGS][8];

    s = tcg_context_new();
    for (int i = 0; i < NREGS; i++) {
        R[i] = tcg_global_new(s, TCG_I64, offsetof(TestEnv, regs[i]),
                              names[i]);
    }
    for (int i = 0; i < NVREGS; i++) {
        sprintf(vnames[i], "xmm%d", i);
        V[i] = tcg_global_new(s, TCG_VEC, offsetof(TestEnv, vregs[i]),
                              vnames[i]);
    }
    s->env_cc_op = offsetof(TestEnv, cc_op);
    s->env_cc_dst = offsetof(TestEnv, cc_dst);
    s->env_cc_src = offsetof(TestEnv, cc_src);
    s->env_cc_src2 = offsetof(TestEnv, cc_src2);
    s->env_rip = offsetof(TestEnv, rip);
    s->env_common = offsetof(TestEnv, common);
    s->env_mxcsr = offsetof(TestEnv, mxcsr);
    s->env_vtmp = offsetof(TestEnv, vtmp);
    return s;
}

/* ---- random units ---- */

unsigned pick(unsigned n)
{
    return g_rand_int_range(rnd, 0, n);
}

uint64_t number(void)
{
    static const uint64_t special[] = {
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000,
        0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX, 3, 8,
    };

    return pick(3) ? special[pick(G_N_ELEMENTS(special))]
                   : (uint64_t)g_rand_int(rnd) << 32 | g_rand_int(rnd);
}

static TCGv temps[400], vtemps[100];
static bool vtemp_wide[100];
static unsigned nb_temps, nb_vtemps;
static TCGv locals[3];

static TCGv value(void)
{
    switch (pick(10)) {
    case 0:
        return tcg_const(s, number());
    case 1:
        return locals[pick(3)];
    case 2:
    case 3:
    case 4:
        if (nb_temps) {
            return temps[pick(2) ? nb_temps - 1 : pick(nb_temps)];
        }
        /* fall through */
    default:
        return R[pick(NREGS)];
    }
}

static TCGv result(void)
{
    return pick(12) == 0 ? locals[pick(3)]
           : pick(3) ? R[pick(NREGS)] : tcg_temp(s);
}

static void made(TCGv v)
{
    if (s->vals[v].kind == TCG_VAL_TEMP && nb_temps < G_N_ELEMENTS(temps)) {
        temps[nb_temps++] = v;
    }
}

/* Memory for an access of 1 << @w bytes. */
static TCGMem memref(unsigned w)
{
    TCGv base = tcg_temp(s), off = tcg_temp(s);
    TCGMem m = { 0 };

    tcg_gen2(s, TCG_OP_and, MO_64, off, value(), tcg_const(s, 0xf0));
    switch (pick(6)) {
    case 0:
        tcg_gen2(s, TCG_OP_add, MO_64, base, off,
                 tcg_const(s, (uintptr_t)memory));
        m.base = base;
        m.disp = pick(4) * 16;
        break;
    case 1:
        tcg_gen_movi(s, base, (uintptr_t)memory + 16);
        m.base = base;
        m.index = off;
        m.disp = -16 * (int)pick(2);
        break;
    case 2:
        tcg_gen2(s, TCG_OP_shr, MO_64, base, off, tcg_const(s, 3));
        m.index = base;
        m.scale = 3;
        m.disp = (uintptr_t)memory;
        break;
    case 3:
    case 4:
        m.disp = (uintptr_t)memory + MEM_SIZE - (1u << w);
        break;
    default:
        m.disp = (uintptr_t)memory + pick(MEM_SIZE / 32) * 16;
        break;
    }
    return m;
}

static void gen_alu(void)
{
    static const TCGOpcode two[] = {
        TCG_OP_add, TCG_OP_sub, TCG_OP_and, TCG_OP_or, TCG_OP_xor, TCG_OP_shl,
        TCG_OP_shr, TCG_OP_sar, TCG_OP_rotl, TCG_OP_rotr, TCG_OP_mul,
        TCG_OP_mov, TCG_OP_add, TCG_OP_add,
    };
    static const TCGOpcode wide[] = {
        TCG_OP_andn, TCG_OP_pdep, TCG_OP_pext, TCG_OP_clz, TCG_OP_ctz,
        TCG_OP_popcnt, TCG_OP_bswap,
    };
    TCGv d = result(), a = value(), b = value(), e;
    unsigned w = pick(4);
    TCGMem m;

    switch (pick(16)) {
    case 0:
        tcg_gen2(s, wide[pick(G_N_ELEMENTS(wide))], MO_32 + pick(2), d, a, b);
        break;
    case 1:
        tcg_gen1(s, pick(2) ? TCG_OP_neg : TCG_OP_not, w, d, a);
        break;
    case 2:
        tcg_gen_extu(s, MO_32 + pick(2), pick(3), d, a);
        break;
    case 3:
        tcg_gen_exts(s, MO_32 + pick(2), pick(3), d, a);
        break;
    case 4:
        tcg_gen_extract(s, d, a, pick(2) ? 8 : pick(32),
                        pick(2) ? 8 : 1 + pick(32));
        break;
    case 5:
        tcg_gen_deposit(s, d, a, b, pick(2) ? 8 : pick(32),
                        pick(2) ? 8 : 1 + pick(32));
        break;
    case 6:
        tcg_gen_setcond(s, pick(12), w, d, a, b);
        break;
    case 7:
        tcg_gen_movcond(s, pick(12), MO_32 + pick(2), d, a, b, value(),
                        value());
        break;
    case 8:
        tcg_gen_mov(s, d, a);
        break;
    case 9:
        e = result();
        if (d == e) {
            e = tcg_temp(s);
        }
        tcg_gen_pair(s, pick(2) ? TCG_OP_mulu2 : TCG_OP_muls2,
                     MO_32 + pick(2), d, e, a, b, TCGV_NONE);
        made(e);
        break;
    case 10:
        tcg_gen3(s, pick(2) ? TCG_OP_shld : TCG_OP_shrd, MO_32 + pick(2), d,
                 a, b, value());
        break;
    case 11:
        e = tcg_temp(s);
        tcg_gen_setcc(s, CCC_B, e);
        if (pick(2)) {
            a = d;
            if (s->vals[d].kind == TCG_VAL_TEMP) {
                d = a = R[pick(NREGS)];
            }
        }
        tcg_gen3(s, pick(2) ? TCG_OP_adc : TCG_OP_sbb, w, d, a, b, e);
        break;
    case 12:
        m = (TCGMem) { .base = value(), .index = value(), .scale = pick(4),
                       .disp = (int32_t)number() };
        tcg_gen_lea(s, MO_32 + pick(2), d, m);
        break;
    case 13:
        /* divide something small by something that is not zero */
        e = tcg_temp(s);
        tcg_gen2(s, TCG_OP_or, MO_64, e, b, tcg_const(s, 1));
        TCGv hi = tcg_temp(s), q = result();
        unsigned dw = MO_32 + pick(2);

        if (q == d) {
            q = tcg_temp(s);
        }
        if (pick(2)) {
            tcg_gen_pair(s, TCG_OP_divu2, dw, d, q, a, tcg_const(s, 0), e);
        } else {
            TCGv lo = tcg_temp(s), pos = tcg_temp(s);

            tcg_gen2(s, TCG_OP_and, MO_64, lo, a, tcg_const(s, 0x7ffffff));
            tcg_gen2(s, TCG_OP_sar, dw, hi, lo,
                     tcg_const(s, dw == MO_64 ? 63 : 31));
            tcg_gen_extu(s, MO_64, MO_16, pos, e);
            tcg_gen_pair(s, TCG_OP_divs2, dw, d, q, lo, hi, pos);
        }
        made(q);
        break;
    default:
        tcg_gen2(s, two[pick(G_N_ELEMENTS(two))], w, d, a, b);
        break;
    }
    made(d);
}

/* An op and the record of its flags, as front ends emit them. */
static void gen_flags(void)
{
    static const struct {
        TCGOpcode opc;
        TCGCCKind kind;
    } ops[] = {
        { TCG_OP_add, CC_KIND_ADD }, { TCG_OP_sub, CC_KIND_SUB },
        { TCG_OP_and, CC_KIND_LOGIC }, { TCG_OP_or, CC_KIND_LOGIC },
        { TCG_OP_xor, CC_KIND_LOGIC },
    };
    unsigned w = pick(4), k = pick(G_N_ELEMENTS(ops)), n;
    TCGv d = pick(3) ? R[pick(NREGS)] : tcg_temp(s), a = value(), b, c, t, u;

    if (s->vals[d].kind == TCG_VAL_GLOBAL && pick(3)) {
        a = d;
    }
    switch (pick(10)) {
    case 0:
        tcg_gen_cc_set(s, CC_KIND_CMP, w, a, value(), TCGV_NONE);
        return;
    case 1:
        t = tcg_temp(s);
        tcg_gen2(s, TCG_OP_and, w, t, a, value());
        tcg_gen_cc_set(s, CC_KIND_LOGIC, w, t, TCGV_NONE, TCGV_NONE);
        return;
    case 2:
        c = tcg_temp(s);
        tcg_gen_setcc(s, CCC_B, c);
        n = pick(2);
        tcg_gen2(s, TCG_OP_add, w, d, a, tcg_const(s, n ? 1 : -1ull));
        tcg_gen_cc_set(s, n ? CC_KIND_INC : CC_KIND_DEC, w, d, c, TCGV_NONE);
        break;
    case 3:
        t = tcg_temp(s);
        c = tcg_temp(s);
        b = tcg_temp(s);
        tcg_gen_mov(s, b, value());
        tcg_gen_setcc(s, CCC_B, c);
        n = pick(2);
        tcg_gen3(s, n ? TCG_OP_adc : TCG_OP_sbb, w, d, a, b, c);
        tcg_gen_cc_set(s, n ? CC_KIND_ADC : CC_KIND_SBB, w, d, b, c);
        break;
    case 4:
        /* shift by a constant: the step before the last is in t */
        n = 1 + pick(w == MO_64 ? 20 : 7);
        k = pick(3);
        t = tcg_temp(s);
        tcg_gen2(s, TCG_OP_shl + k, w, t, a, tcg_const(s, n - 1));
        tcg_gen2(s, TCG_OP_shl + k, w, d, a, tcg_const(s, n));
        tcg_gen_cc_set(s, CC_KIND_SHL + k, w, d, t, TCGV_NONE);
        break;
    case 5:
        t = tcg_temp(s);
        u = tcg_temp(s);
        k = pick(3);
        tcg_gen_cc_get(s, u, TCG_CC_ALL);
        tcg_gen2(s, TCG_OP_and, MO_64, t, value(), tcg_const(s, 31));
        tcg_gen_cc_set(s, CC_KIND_SHLV + k, w, a, t, u);
        return;
    case 6:
        static const TCGCCKind rest[] = {
            CC_KIND_MUL, CC_KIND_BLS, CC_KIND_ZC, CC_KIND_Z, CC_KIND_ANDN,
            CC_KIND_EFLAGS, CC_KIND_LOGIC, CC_KIND_LOGIC,
        };
        tcg_gen_cc_set(s, rest[pick(G_N_ELEMENTS(rest))], w, a, value(),
                       TCGV_NONE);
        return;
    case 7:
        t = tcg_temp(s);
        tcg_gen_mov(s, t, a);
        tcg_gen1(s, TCG_OP_neg, w, d, a);
        tcg_gen_cc_set(s, CC_KIND_SUB, w, d, t, TCGV_NONE);
        break;
    default:
        b = value();
        if (b == d) {
            b = tcg_temp(s);
            tcg_gen_mov(s, b, d);
        }
        tcg_gen2(s, ops[k].opc, w, d, a, b);
        tcg_gen_cc_set(s, ops[k].kind, w, d, b, TCGV_NONE);
        break;
    }
    made(d);
}

static void gen_memory(void)
{
    unsigned w = pick(4), kind = pick(8);
    TCGMem m = memref(w);
    TCGv d, t;

    switch (kind) {
    case 0:
    case 1:
        d = result();
        tcg_gen_ld(s, w == MO_64 ? TCG_OP_ld : TCG_OP_ld + pick(3), w, d, m);
        made(d);
        break;
    case 2:
        tcg_gen_st(s, w, m, value());
        break;
    case 3:
        d = result();
        tcg_gen_atomic(s, TCG_OP_atomic_add + pick(4), w, d, m, value(),
                       TCGV_NONE);
        made(d);
        break;
    case 4:
        d = result();
        if (pick(2)) {
            tcg_gen_atomic(s, TCG_OP_xchg, w, d, m, value(), TCGV_NONE);
        } else {
            tcg_gen_atomic(s, TCG_OP_cmpxchg, w, d, m, value(), value());
        }
        made(d);
        break;
    case 5:
        /* read, modify, write */
        t = tcg_temp(s);
        d = tcg_temp(s);
        TCGv b = value();

        tcg_gen_ld(s, TCG_OP_ld, w, t, m);
        tcg_gen2(s, pick(2) ? TCG_OP_add : TCG_OP_xor, w, d, t, b);
        tcg_gen_st(s, w, m, d);
        break;
    case 6:
        t = tcg_temp(s);
        d = R[pick(NREGS)];
        tcg_gen_ld(s, TCG_OP_ld, w, t, m);
        tcg_gen2(s, TCG_OP_add, w, d, pick(2) ? d : value(), t);
        tcg_gen_cc_set(s, CC_KIND_ADD, w, d, t, TCGV_NONE);
        break;
    default:
        t = tcg_temp(s);
        tcg_gen_ld(s, TCG_OP_ld, w, t, m);
        tcg_gen_cc_set(s, CC_KIND_CMP, w, pick(2) ? value() : t,
                       pick(2) ? value() : t, TCGV_NONE);
        break;
    }
}

/* ---- vectors ---- */

static TCGv vvalue(unsigned w)
{
    if (nb_vtemps && pick(3) == 0) {
        unsigned k = pick(nb_vtemps);

        if (vtemp_wide[k] || w == VW_16) {
            return vtemps[k];
        }
    }
    return V[pick(NVREGS)];
}

/* Element sizes a vop is defined for, as a bit set of MO_*. */
static unsigned sizes(unsigned vop)
{
    switch (vop) {
    case VOP_adds: case VOP_addus: case VOP_subs: case VOP_subus:
    case VOP_avgu:
        return 3;
    case VOP_mins: case VOP_minu: case VOP_maxs: case VOP_maxu: case VOP_abs:
    case VOP_sign: case VOP_movsx: case VOP_movzx:
        return 7;
    case VOP_mullo: case VOP_hadd: case VOP_hsub: case VOP_packss:
    case VOP_packus: case VOP_sari: case VOP_sar:
        return 6;
    case VOP_shli: case VOP_shri: case VOP_shl: case VOP_shr:
    case VOP_blendi:
        return 14;
    case VOP_shlv: case VOP_shrv: case VOP_shufp: case VOP_permilv:
    case VOP_permili: case VOP_testp: case VOP_movi2v: case VOP_maskand:
    case VOP_movs:
        return 12;
    case VOP_sarv:
        return 4;
    case VOP_blendv: case VOP_movmsk:
        return 13;
    default:
        return tcg_vop_defs[vop].flags & TCG_VF_P ? 12 : 15;
    }
}

static bool only_16(unsigned vop)
{
    switch (vop) {
    case VOP_movs: case VOP_movq: case VOP_insert: case VOP_extract:
    case VOP_movi2v: case VOP_insertps: case VOP_movlh: case VOP_movhl:
    case VOP_movlo: case VOP_phminposuw: case VOP_cvtss2sd: case VOP_cvtsd2ss:
    case VOP_cvtsi2f: case VOP_cvtf2si: case VOP_cvttf2si: case VOP_aesimc:
    case VOP_aeskeygen: case VOP_sha1msg1: case VOP_sha1msg2:
    case VOP_sha1nexte: case VOP_sha1rnds4: case VOP_sha256msg1:
    case VOP_sha256msg2: case VOP_sha256rnds2: case VOP_fucomi: case VOP_fcomi:
    case VOP_crc32:
        return true;
    default:
        return false;
    }
}

static bool only_32(unsigned vop)
{
    return vop == VOP_permq || vop == VOP_permd || vop == VOP_perm2x128 ||
           vop == VOP_bcast128 || vop == VOP_insert128 ||
           vop == VOP_extract128;
}

/* Ops that only have VEX encodings on the guest clear the upper half. */
static bool always_zero_upper(unsigned vop)
{
    return only_32(vop) || vop == VOP_shlv || vop == VOP_shrv ||
           vop == VOP_sarv || vop == VOP_permilv || vop == VOP_permili ||
           vop == VOP_bcast || vop == VOP_maskand || vop == VOP_fma ||
           vop == VOP_cvtph2ps || vop == VOP_cvtps2ph;
}

static unsigned mode;       /* UNITS_* */

static void gen_vop(void)
{
    unsigned vop = pick(VOP_MAX), esz, w, flags = 0, k;
    const TCGVopDef *def = &tcg_vop_defs[vop];
    TCGv src[3] = { 0 }, d, u;
    int64_t imm = pick(256);

    if (vop == VOP_frcp || vop == VOP_frsqrt) {
        return;             /* approximations */
    }
    do {
        esz = pick(4);
    } while (!(sizes(vop) >> esz & 1));
    if (vop == VOP_blendi && esz == MO_16 && pick(2)) {
        imm &= 0xff;
    }
    w = only_32(vop) ? VW_32 : only_16(vop) ? VW_16
        : mode & UNITS_WIDE && pick(2) ? VW_32 : VW_16 + pick(2);
    if (def->flags & TCG_VF_S && pick(2)) {
        flags |= TCG_F_SCALAR;
        w = VW_16;
    }
    if (vop == VOP_fdp && esz == MO_64) {
        w = VW_16;
    }
    if (pick(2) || w == VW_32 || always_zero_upper(vop)) {
        flags |= TCG_F_ZERO_UPPER;
    }
    switch (vop) {
    case VOP_movsx:
    case VOP_movzx:
        imm = esz + 1 + pick(MO_64 - esz);
        break;
    case VOP_fcmp:
        imm &= flags & TCG_F_ZERO_UPPER ? 31 : 7;
        break;
    case VOP_fma:
        imm = pick(3) | pick(flags & TCG_F_SCALAR ? 4 : 6) << 4;
        break;
    case VOP_cvtsi2f:
    case VOP_cvtf2si:
    case VOP_cvttf2si:
        imm = MO_32 + pick(2);
        break;
    case VOP_crc32:
        imm = pick(4);
        break;
    case VOP_insert:
    case VOP_extract:
        imm &= (16 >> esz) - 1;
        break;
    case VOP_insert128:
    case VOP_extract128:
        imm &= 1;
        break;
    case VOP_fround:
        imm &= 15;
        break;
    case VOP_cvtps2ph:
        imm &= 7;
        break;
    case VOP_perm2x128:
        imm &= 0xbb;
        break;
    default:
        break;
    }
    for (k = 0; def->sig[1 + k] && def->sig[1 + k] != 'I'; k++) {
        src[k] = def->sig[1 + k] == 'v' ? vvalue(w) : value();
    }
    if ((vop == VOP_blendv || vop == VOP_sha256rnds2) &&
        !(flags & TCG_F_ZERO_UPPER)) {
        src[2] = V[0];
    }
    if (vop == VOP_sha256rnds2) {
        flags &= ~TCG_F_ZERO_UPPER;
    }
    /* an operand in memory, where that is usual */
    if (k >= 2 && def->sig[k] == 'v' && pick(3) == 0) {
        unsigned mw = flags & TCG_F_SCALAR ? esz : w;

        u = tcg_temp_vec(s);
        tcg_gen_vld(s, mw, flags & TCG_F_ZERO_UPPER ? 0 : TCG_F_ALIGN, u,
                    memref(mw));
        if (!(flags & TCG_F_SCALAR) || esz >= MO_32) {
            src[k - 1] = u;
        }
    }
    if (def->sig[0] == 'i') {
        d = result();
        tcg_gen_v(s, vop, w, esz, 0, d, src[0], src[1], src[2], imm);
        made(d);
        if ((vop == VOP_fucomi || vop == VOP_fcomi || vop == VOP_ptest ||
             vop == VOP_testp) && pick(4)) {
            tcg_gen_cc_set(s, CC_KIND_EFLAGS, MO_32, d, TCGV_NONE, TCGV_NONE);
        }
        return;
    }
    if (pick(3)) {
        d = V[pick(NVREGS)];
        if (!(flags & TCG_F_ZERO_UPPER) && pick(2) &&
            s->vals[src[0]].kind == TCG_VAL_GLOBAL && def->sig[1] == 'v') {
            d = src[0];
        }
    } else {
        d = tcg_temp_vec(s);
    }
    tcg_gen_v(s, vop, w, esz, flags, d, src[0], src[1], src[2], imm);
    if (s->vals[d].kind == TCG_VAL_TEMP && nb_vtemps < 100) {
        vtemp_wide[nb_vtemps] = w == VW_32;
        vtemps[nb_vtemps++] = d;
    }
}

static void gen_vmem(void)
{
    unsigned w = VW_4 + pick(4), k;
    TCGMem m = memref(w);

    switch (pick(4)) {
    case 0:
        tcg_gen_vst(s, w, 0, m, vvalue(w == VW_32 ? VW_32 : VW_16));
        break;
    case 1:
        for (k = 0; k < 16; k++) {
            tcg_gen_v(s, VOP_mov, VW_16, MO_64, TCG_F_ZERO_UPPER, V[k], V[k],
                      0, 0, 0);
        }
        break;
    default:
        tcg_gen_vld(s, w, pick(2) ? TCG_F_ZERO_UPPER : 0, V[pick(NVREGS)], m);
        break;
    }
}

/* ---- helpers ---- */

static TCG_HELPER_NO_VEC uint64_t helper_mix(uint64_t a, uint64_t b,
                                             uint64_t c)
{
    return a * 3 + b * 5 + c * 7;
}

static uint64_t helper_env(TestEnv *env, uint64_t a, uint64_t b)
{
    uint64_t sum = a + b;

    for (int i = 0; i < NREGS; i++) {
        sum += env->regs[i] * (i + 1);
        env->regs[i] ^= sum;
    }
    for (int i = 0; i < NVREGS; i++) {
        for (int k = 0; k < 4; k++) {
            env->vregs[i].q[k] += sum ^ k;
        }
    }
    return sum;
}

/* As C code may: leaves nothing in registers of the caller. */
static void clobber(void)
{
#if defined(__x86_64__)
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tmovaps %%xmm0, %%xmm1\n\t"
                     "movaps %%xmm0, %%xmm2\n\tmovaps %%xmm0, %%xmm9\n\t"
                     "movaps %%xmm0, %%xmm12\n\tmovaps %%xmm0, %%xmm13\n\t"
                     "movaps %%xmm0, %%xmm14\n\tmovaps %%xmm0, %%xmm15\n\t"
                     "xor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\t"
                     "xor %%r10d, %%r10d\n\txor %%r11d, %%r11d\n\t"
                     "xor %%ecx, %%ecx\n\txor %%edx, %%edx"
                     : : : "xmm0", "xmm1", "xmm2", "xmm9", "xmm12", "xmm13",
                     "xmm14", "xmm15", "r8", "r9", "r10", "r11", "rcx", "rdx",
                     "cc");
#elif defined(__loongarch__)
    __asm__ volatile("li.d $t0, -1\n\tmove $t1, $t0\n\tmove $t2, $t0\n\t"
                     "move $t3, $t0\n\tmove $t4, $t0\n\tmove $t5, $t0\n\t"
                     "move $t6, $t0\n\tmove $t7, $t0\n\tmove $t8, $t0\n\t"
                     "move $a7, $t0\n\tmovgr2fr.d $fa0, $t0\n\t"
                     "movgr2fr.d $fa1, $t0\n\tmovgr2fr.d $fa7, $t0\n\t"
                     "movgr2fr.d $ft0, $t0\n\tmovgr2fr.d $ft7, $t0\n\t"
                     "movgr2fr.d $ft8, $t0\n\tmovgr2fr.d $ft15, $t0\n\t"
                     "movgr2cf $fcc0, $t0\n\tmovgr2cf $fcc3, $zero"
                     : : : "$r12", "$r13", "$r14", "$r15", "$r16", "$r17",
                     "$r18", "$r19", "$r20", "$r11", "$f0", "$f1", "$f7",
                     "$f8", "$f15", "$f16", "$f23", "$fcc0", "$fcc3");
#endif
}

static uint64_t helper_sum(TestEnv *env, uint64_t a)
{
    clobber();
    return env->regs[3] + env->rip + a;
}

static const TCGHelper mix = {
    "mix", (uintptr_t)helper_mix, TCG_HF_NO_VEC | TCG_HF_PURE, 0, 3, 1,
};
static const TCGHelper change = {
    "change", (uintptr_t)helper_env,
    TCG_HF_READS_GLOBALS | TCG_HF_WRITES_GLOBALS | TCG_HF_READS_VREGS |
    TCG_HF_WRITES_VREGS, 1, 2, 1,
};
static const TCGHelper sum = {
    "sum", (uintptr_t)helper_sum, TCG_HF_READS_GLOBALS | TCG_HF_FAULTS, 1, 1,
    1,
};

static void gen_helper(void)
{
    TCGv d = result(), args[3] = { value(), value(), value() };

    switch (pick(3)) {
    case 0:
        tcg_gen_call(s, &mix, d, 3, args);
        break;
    case 1:
        tcg_gen_call(s, &change, d, 2, args);
        break;
    default:
        tcg_gen_insn_start(s, 0x1000 + pick(16));
        tcg_gen_call(s, &sum, d, 1, args);
        break;
    }
    made(d);
}

/* ---- units ---- */

static unsigned nb_side;
static unsigned side[40];

static void gen_some(unsigned n)
{
    TCGv d;
    unsigned l;

    for (unsigned i = 0; i < n; i++) {
        if (pick(3) == 0) {
            tcg_gen_insn_start(s, 0x1000 + i);
        }
        if (mode & UNITS_WIDE && pick(3)) {
            (pick(4) ? gen_vop : gen_vmem)();
            continue;
        }
        switch (pick(18)) {
        case 0:
        case 1:
            gen_memory();
            break;
        case 2:
        case 3:
        case 4:
            gen_flags();
            break;
        case 5:
            d = result();
            tcg_gen_setcc(s, pick(16), d);
            made(d);
            break;
        case 6:
            d = result();
            tcg_gen_movcc(s, pick(16), d, value(), value());
            made(d);
            break;
        case 7:
        case 8:
            if (nb_side < G_N_ELEMENTS(side)) {
                l = side[nb_side++] = tcg_label_new(s, true);
                if (pick(3)) {
                    tcg_gen_brcc(s, pick(16), l);
                } else {
                    tcg_gen_brcond(s, pick(12), pick(4), value(), value(), l);
                }
            }
            break;
        case 9:
            d = result();
            tcg_gen_cc_get(s, d, pick(2) ? TCG_CC_ALL
                           : pick(2) ? TCG_CC_C : TCG_CC_C | TCG_CC_Z);
            made(d);
            break;
        case 10:
            if (mode & UNITS_HELPERS) {
                gen_helper();
            }
            break;
        case 11:
        case 12:
        case 13:
            if (mode & UNITS_VECTORS) {
                (pick(5) ? gen_vop : gen_vmem)();
                break;
            }
            /* fall through */
        default:
            gen_alu();
            break;
        }
    }
}

static uint32_t live_at_exit[64];

TCGv units_take_round(TCGContext *context)
{
    TCGv n = tcg_temp(context), left = tcg_temp(context);
    TCGOp *op = tcg_emit(context, TCG_OP_ld_env, MO_64);

    op->dst[0] = n;
    op->imm = offsetof(TestEnv, rounds);
    tcg_gen2(context, TCG_OP_sub, MO_64, left, n, tcg_const(context, 1));
    op = tcg_emit(context, TCG_OP_st_env, MO_64);
    op->src[0] = left;
    op->imm = offsetof(TestEnv, rounds);
    return left;
}

/* To the start of the unit, unless that has been often enough. */
static void gen_again(void)
{
    TCGOp *op;
    TCGv left, asked = tcg_temp(s);
    unsigned enough = tcg_label_new(s, true);

    tcg_gen_insn_start(s, 0x1fff);
    left = units_take_round(s);
    tcg_gen_brcond(s, TCG_COND_EQ, MO_64, left, tcg_const(s, 0), enough);
    if (pick(2)) {
        if (pick(2)) {
            /* somebody asks for it in the last round but one */
            tcg_gen_setcond(s, TCG_COND_EQ, MO_64, asked, left,
                            tcg_const(s, 1));
            op = tcg_emit(s, TCG_OP_st_env, MO_32);
            op->src[0] = asked;
            op->imm = offsetof(TestEnv, common.interrupt_request);
        }
        tcg_gen_poll(s, UNITS_POLL);
    }
    tcg_gen_exit_direct(s, s->pc, TCG_CC_ALL);
    tcg_label_here(s, enough);
}

void units_gen(TCGContext *context, unsigned n, unsigned features)
{
    TCGv count = tcg_temp_local(context);
    bool with_loop = pick(3) == 0;
    unsigned loop, x = 0;

    s = context;
    mode = features;
    tcg_gen_insn_start(s, 0xfff);       /* as front ends begin */
    nb_temps = nb_vtemps = nb_side = 0;
    for (int i = 0; i < 3; i++) {
        locals[i] = tcg_temp_local(s);
        tcg_gen_movi(s, locals[i], number());
    }
    gen_some(n);
    if (with_loop) {
        loop = tcg_label_new(s, false);
        tcg_gen_movi(s, count, 3);
        tcg_label_here(s, loop);
        nb_temps = nb_vtemps = 0;
        gen_some(n / 2);
        if (pick(2)) {
            tcg_gen_poll(s, UNITS_POLL);
        }
        tcg_gen2(s, TCG_OP_sub, MO_64, count, count, tcg_const(s, 1));
        tcg_gen_brcond(s, TCG_COND_NE, MO_64, count, tcg_const(s, 0), loop);
        gen_some(n / 2);
    }
    if (mode & UNITS_AGAIN) {
        gen_again();
    }
    live_at_exit[x] = tcg_test_exit(s, UNITS_EXIT, TCG_CC_C, pick(3));
    x++;
    for (unsigned i = 0; i < nb_side; i++) {
        tcg_label_here(s, side[i]);
        nb_temps = nb_vtemps = 0;
        if (pick(3) == 0) {
            /* flags and registers on the side path, too */
            TCGv d = R[pick(NREGS)];

            tcg_gen_setcc(s, pick(16), d);
            tcg_gen2(s, TCG_OP_add, MO_64, R[pick(NREGS)], d, value());
        }
        live_at_exit[x] = tcg_test_exit(s, UNITS_SIDE + i, TCG_CC_Z, pick(3));
        x++;
    }
}

uint32_t units_live_at(uint64_t pc)
{
    return live_at_exit[pc == UNITS_EXIT ? 0 : pc - UNITS_SIDE + 1];
}

static float small_float(void)
{
    static const float f[] = { 0, -0.f, 1, -1.5f, 3e38f, 1e-39f, 0.1f, 7, };

    return f[pick(G_N_ELEMENTS(f))];
}

void units_random_state(TestEnv *env)
{
    memset(env, 0, sizeof(*env));
    for (int i = 0; i < NREGS; i++) {
        env->regs[i] = number();
    }
    for (int i = 0; i < NVREGS; i++) {
        for (int k = 0; k < 4; k++) {
            switch (pick(4)) {
            case 0:
                env->vregs[i].d[k] = small_float();
                break;
            case 1:
                env->vregs[i].f[2 * k] = small_float();
                env->vregs[i].f[2 * k + 1] = small_float();
                break;
            default:
                env->vregs[i].q[k] = number();
                break;
            }
        }
    }
    env->cc_op = TCG_CC_OP(CC_KIND_EFLAGS, MO_32);
    env->cc_dst = number() & TCG_CC_ALL;
    env->common.interrupt_request = pick(4) == 0;
    env->rounds = 1 + pick(4);
    env->mxcsr = 0x1f80 | pick(4) << 13 | (pick(4) == 0 ? 0x8000 : 0) |
                 (pick(4) == 0 ? 0x40 : 0);
}

