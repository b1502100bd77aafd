/*
 * The interpreter and the passes: random units run twice, as written with
 * every flags record going through the CPU state, and optimised.  Registers,
 * flags and memory must agree.  Then a few units with known results.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "tcg/tcg-backend.h"
#include "tcg/tcg-vop.h"
#include "exec/cpu-common.h"

enum { NREGS = 8, NVREGS = 4, NMEM = 64 };

typedef struct TestEnv {
    uint64_t regs[NREGS];
    uint64_t rip, cc_dst, cc_src, cc_src2;
    uint32_t cc_op, mxcsr;
    CPUCommon common;
    TCGVec vregs[NVREGS] __attribute__((aligned(32)));
    uint64_t scratch;
} TestEnv;

static TCGContext *s;
static uint8_t code[1 << 20] __attribute__((aligned(16)));
static uint8_t memory[NMEM * 8] __attribute__((aligned(64)));
static TCGv R[NREGS], V[NVREGS];

static void trap(void *env, int number, const void *pc)
{
    g_error("unexpected trap %d", number);
}

static void setup(void)
{
    static const char *const names[NREGS] = {
        "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7",
    };
    static const char *const vnames[NVREGS] = { "v0", "v1", "v2", "v3" };

    s = tcg_context_new();
    for (int i = 0; i < NREGS; i++) {
        R[i] = tcg_global_new(s, TCG_I64, offsetof(TestEnv, regs[i]),
                              names[i]);
    }
    for (int i = 0; i < NVREGS; i++) {
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
    tcg_interp_trap = trap;
    g_assert_true(tcg_interp_backend.init(s, NULL));
}

/* What the passes do, done the simplest way. */
static void naive(void)
{
    for (unsigned i = 0; i < s->nb_ops; i++) {
        TCGOp *op = &s->ops[i];

        if (op->opc == TCG_OP_cc_set) {
            op->flags |= TCG_F_CC_STORE;
        } else if (tcg_op_defs[op->opc].flags & TCG_OPF_C ||
                   op->opc == TCG_OP_insn_start) {
            op->aux = CC_KIND_DYNAMIC;
            op->flags |= TCG_F_CC_IN_ENV;
        }
    }
    s->nb_exits = 0;
}

static void run(TestEnv *env)
{
    static const uintptr_t cookies[TCG_MAX_EXITS] = { 1, 2, 3, 4, 5, 6, 7 };
    static TBJmpCacheEntry jmp_cache[TB_JMP_CACHE_SIZE];
    static TBJmpCacheEntry returns[RETURN_STACK_SIZE];
    TCGCodeBuf buf = { code, code, sizeof(code) };
    ptrdiff_t n = tcg_interp_backend.gen_code(s, buf, cookies);

    g_assert_cmpint(n, >, 0);
    env->common.jmp_cache = jmp_cache;
    env->common.return_stack = returns;
    env->scratch = tcg_interp_backend.enter(env, code);
}

/* Random units. */

static GRand *rnd;

static unsigned pick(unsigned n)
{
    return g_rand_int_range(rnd, 0, n);
}

static uint64_t number(void)
{
    static const uint64_t special[] = {
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000,
        0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX, 3, 8,
    };

    return pick(3) ? special[pick(G_N_ELEMENTS(special))]
                   : (uint64_t)g_rand_int(rnd) << 32 | g_rand_int(rnd);
}

static TCGv temps[400];
static unsigned nb_temps;

static TCGv value(void)
{
    switch (pick(8)) {
    case 0:
        return tcg_const(s, number());
    case 1:
    case 2:
    case 3:
        if (nb_temps) {
            return temps[pick(2) ? nb_temps - 1 : pick(nb_temps)];
        }
        /* fall through */
    default:
        return R[pick(NREGS)];
    }
}

/* A result: noted as readable only after its op. */
static TCGv result(void)
{
    return pick(3) ? R[pick(NREGS)] : tcg_temp(s);
}

static void made(TCGv v)
{
    if (s->vals[v].kind == TCG_VAL_TEMP &&
        nb_temps < G_N_ELEMENTS(temps)) {
        temps[nb_temps++] = v;
    }
}

static TCGMem memref(void)
{
    TCGv base = tcg_temp(s), off = tcg_temp(s);
    TCGMem m = { 0 };

    /* an offset inside the test memory, in several shapes */
    tcg_gen2(s, TCG_OP_and, MO_64, off, value(),
             tcg_const(s, (NMEM - 8) * 4));
    switch (pick(4)) {
    case 0:
        tcg_gen2(s, TCG_OP_add, MO_64, base, off,
                 tcg_const(s, (uintptr_t)memory));
        m.base = base;
        m.disp = pick(16);
        break;
    case 1:
        tcg_gen_movi(s, base, (uintptr_t)memory + 16);
        m.base = base;
        m.index = off;
        m.disp = -(int)pick(16);
        break;
    case 2:
        tcg_gen2(s, TCG_OP_shr, MO_64, base, off, tcg_const(s, 2));
        m.index = base;
        m.scale = pick(3);
        m.disp = (uintptr_t)memory;
        break;
    default:
        m.disp = (uintptr_t)memory + pick(NMEM * 4);
        break;
    }
    return m;
}

static void gen_alu(void)
{
    static const TCGOpcode two[] = {
        TCG_OP_add, TCG_OP_sub, TCG_OP_and, TCG_OP_or, TCG_OP_xor, TCG_OP_shl,
        TCG_OP_shr, TCG_OP_sar, TCG_OP_rotl, TCG_OP_rotr, TCG_OP_mul,
        TCG_OP_mov,
    };
    static const TCGOpcode wide[] = {
        TCG_OP_andn, TCG_OP_pdep, TCG_OP_pext, TCG_OP_clz, TCG_OP_ctz,
        TCG_OP_popcnt, TCG_OP_bswap,
    };
    TCGv d = result(), a = value(), b = value(), e;
    unsigned w = pick(4);

    switch (pick(12)) {
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
        tcg_gen_extract(s, d, a, pick(32), 1 + pick(32));
        break;
    case 5:
        tcg_gen_deposit(s, d, a, b, pick(32), 1 + pick(32));
        break;
    case 6:
        tcg_gen_setcond(s, pick(12), w, d, a, b);
        break;
    case 7:
        tcg_gen_movcond(s, pick(12), MO_64, d, a, b, value(), value());
        break;
    case 8:
        tcg_gen_mov(s, d, a);
        break;
    case 9:
        e = result();
        tcg_gen_pair(s, pick(2) ? TCG_OP_mulu2 : TCG_OP_muls2,
                     MO_32 + pick(2), d, d == e ? tcg_temp(s) : e, a, b,
                     TCGV_NONE);
        if (d != e) {
            made(e);
        }
        break;
    default:
        tcg_gen2(s, two[pick(G_N_ELEMENTS(two))], w, d, a, b);
        break;
    }
    made(d);
}

static void gen_flags(void)
{
    static const TCGCCKind kinds[] = {
        CC_KIND_ADD, CC_KIND_SUB, CC_KIND_CMP, CC_KIND_LOGIC, CC_KIND_INC,
        CC_KIND_DEC, CC_KIND_SHL, CC_KIND_SHR, CC_KIND_SAR, CC_KIND_MUL,
        CC_KIND_BLS, CC_KIND_ZC, CC_KIND_Z, CC_KIND_EFLAGS, CC_KIND_ADC,
        CC_KIND_SBB, CC_KIND_SHLV, CC_KIND_SHRV, CC_KIND_SARV,
    };
    TCGCCKind kind = kinds[pick(G_N_ELEMENTS(kinds))];
    TCGv d = value(), a = value(), b = TCGV_NONE, t;

    switch (kind) {
    case CC_KIND_INC:
    case CC_KIND_DEC:
        a = tcg_temp(s);
        tcg_gen_setcc(s, CCC_B, a);
        break;
    case CC_KIND_ADC:
    case CC_KIND_SBB:
        b = tcg_temp(s);
        tcg_gen_setcc(s, CCC_B, b);
        break;
    case CC_KIND_SHLV:
    case CC_KIND_SHRV:
    case CC_KIND_SARV:
        b = tcg_temp(s);
        t = tcg_temp(s);
        tcg_gen_cc_get(s, b, TCG_CC_ALL);
        tcg_gen2(s, TCG_OP_and, MO_64, t, a, tcg_const(s, 31));
        a = t;
        break;
    default:
        break;
    }
    tcg_gen_cc_set(s, kind, pick(4), d, a, b);
}

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
        switch (pick(14)) {
        case 0:
            d = result();
            tcg_gen_ld(s, TCG_OP_ld + pick(3), pick(3), d, memref());
            made(d);
            break;
        case 1:
            tcg_gen_st(s, pick(4), memref(), value());
            break;
        case 2:
        case 3:
            gen_flags();
            break;
        case 4:
            d = result();
            tcg_gen_setcc(s, pick(16), d);
            made(d);
            break;
        case 5:
            d = result();
            tcg_gen_movcc(s, pick(16), d, value(), value());
            made(d);
            break;
        case 6:
            if (nb_side < G_N_ELEMENTS(side)) {
                l = side[nb_side++] = tcg_label_new(s, true);
                if (pick(2)) {
                    tcg_gen_brcc(s, pick(16), l);
                } else {
                    tcg_gen_brcond(s, pick(12), pick(4), value(), value(), l);
                }
            }
            break;
        case 7:
            d = result();
            tcg_gen_cc_get(s, d, pick(2) ? TCG_CC_ALL : TCG_CC_C | TCG_CC_Z);
            made(d);
            break;
        default:
            gen_alu();
            break;
        }
    }
}

/* Flags are compared only when somebody may read them behind the exit. */
static uint32_t live_at_exit[64];

static void gen_unit(unsigned n)
{
    TCGv local = tcg_temp_local(s);
    unsigned loop = 0, x = 0;
    bool with_loop = pick(3) == 0;

    nb_temps = nb_side = 0;
    gen_some(n);
    if (with_loop) {
        loop = tcg_label_new(s, false);
        tcg_gen_movi(s, local, 3);
        tcg_label_here(s, loop);
        nb_temps = 0;
        gen_some(n / 2);
        tcg_gen2(s, TCG_OP_sub, MO_64, local, local, tcg_const(s, 1));
        tcg_gen_brcond(s, TCG_COND_NE, MO_64, local, tcg_const(s, 0), loop);
        gen_some(n / 2);
    }
    live_at_exit[x] = pick(2) ? TCG_CC_ALL : TCG_CC_C;
    tcg_gen_exit_direct(s, 0x2000, live_at_exit[x++]);
    for (unsigned i = 0; i < nb_side; i++) {
        tcg_label_here(s, side[i]);
        live_at_exit[x] = pick(2) ? TCG_CC_ALL : TCG_CC_Z;
        tcg_gen_exit_direct(s, 0x3000 + i, live_at_exit[x++]);
    }
}

static uint32_t flags_of(const TestEnv *env)
{
    return tcg_cc_eval(env->cc_op, env->cc_dst, env->cc_src, env->cc_src2);
}

static void random_state(TestEnv *env)
{
    memset(env, 0, sizeof(*env));
    for (int i = 0; i < NREGS; i++) {
        env->regs[i] = number();
    }
    env->cc_op = TCG_CC_OP(CC_KIND_EFLAGS, MO_32);
    env->cc_dst = number() & TCG_CC_ALL;
    env->mxcsr = 0x1f80;
}

static void test_random(void)
{
    unsigned units = g_test_thorough() ? 200000 : 20000;
    uint64_t before = 0, after = 0;

    for (unsigned seed = 1; seed <= units; seed++) {
        static TestEnv start, naive_env, opt_env;
        static uint8_t m0[sizeof(memory)], m1[sizeof(memory)];
        unsigned n, exit_no;
        uint32_t live;

        g_rand_set_seed(rnd, seed);
        n = 1 + pick(60);
        random_state(&start);
        for (unsigned i = 0; i < sizeof(memory); i++) {
            m0[i] = pick(256);
        }
        for (int round = 0; round < 2; round++) {
            TestEnv *env = round ? &opt_env : &naive_env;

            g_rand_set_seed(rnd, seed + 1000000);
            tcg_unit_start(s, 0x1000);
            gen_unit(n);
            g_assert_false(s->overflow);
            if (round) {
                s->precise_flags = seed & 1;
                before += s->nb_ops;
                if (g_test_verbose()) {
                    tcg_dump_ops(s);
                }
                tcg_optimize(s);
                after += s->nb_ops;
                if (g_test_verbose()) {
                    tcg_dump_ops(s);
                }
            } else {
                naive();
            }
            memcpy(memory, m0, sizeof(m0));
            *env = start;
            run(env);
            if (round == 0) {
                memcpy(m1, memory, sizeof(m1));
            }
        }
        /* exits that cannot be reached are gone, so go by the target */
        exit_no = naive_env.rip == 0x2000 ? 0 : naive_env.rip - 0x3000 + 1;
        live = live_at_exit[exit_no];
        if (naive_env.rip != opt_env.rip ||
            memcmp(naive_env.regs, opt_env.regs, sizeof(start.regs)) ||
            memcmp(memory, m1, sizeof(m1)) ||
            (flags_of(&naive_env) & live) != (flags_of(&opt_env) & live)) {
            for (int i = 0; i < NREGS; i++) {
                g_test_message("r%d %" PRIx64 " %" PRIx64, i,
                               naive_env.regs[i], opt_env.regs[i]);
            }
            g_test_message("seed %u: exit %x %x, flags %x %x, live %x", seed,
                           (int)naive_env.rip, (int)opt_env.rip,
                           flags_of(&naive_env), flags_of(&opt_env), live);
            g_test_message("the passes changed the meaning of a unit");
            tcg_unit_start(s, 0x1000);
            g_rand_set_seed(rnd, seed + 1000000);
            gen_unit(n);
            tcg_dump_ops(s);
            fprintf(stderr, "=====\n");
            tcg_optimize(s);
            tcg_dump_ops(s);
            g_test_fail();
            return;
        }
    }
    g_test_message("%u units, %" PRIu64 " ops, %" PRIu64 " after the passes",
                   units, before, after);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    rnd = g_rand_new();
    setup();
    g_test_add_func("/tcg/interp/random", test_random);
    return g_test_run();
}
