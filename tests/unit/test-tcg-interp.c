/*
 * The interpreter and the passes: random units run twice, as written with
 * every flags record going through the CPU state, and optimised.  Registers,
 * vectors, flags and memory must agree.  Then a few units with known results.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "tests/unit/tcg-exit.h"
#include "tests/unit/tcg-units.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include "tcg/tcg-backend.h"

static TCGContext *s;
static uint8_t code[1 << 20] __attribute__((aligned(16)));
static uint8_t area[MEM_SIZE] __attribute__((aligned(64)));

static int trap_number;
static const void *trap_pc;
static jmp_buf trap_jmp;

static void trap(void *env, int number, const void *pc)
{
    trap_number = number;
    trap_pc = pc;
    longjmp(trap_jmp, 1);
}

static void setup(void)
{
    memory = area;
    s = units_context();
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

/* Returns the cookie of the exit that was taken. */
static uintptr_t run(TestEnv *env)
{
    static const uintptr_t cookies[TCG_MAX_EXITS] = { 1, 2, 3, 4, 5, 6, 7 };
    static TBJmpCacheEntry jmp_cache[TB_JMP_CACHE_SIZE];
    static TBReturnStack returns;
    TCGCodeBuf buf = { code, code, sizeof(code) };
    ptrdiff_t n = tcg_interp_backend.gen_code(s, buf, cookies);

    g_assert_cmpint(n, >, 0);
    env->common.jmp_cache = jmp_cache;
    env->common.return_stack = returns.pc;
    return tcg_interp_backend.enter(env, code);
}

/* Random units. */

static uint32_t flags_of(const TestEnv *env)
{
    return tcg_cc_eval(env->cc_op, env->cc_dst, env->cc_src, env->cc_src2);
}

static void test_random(void)
{
    unsigned units = g_test_thorough() ? 200000 : 20000;
    uint64_t before = 0, after = 0;

    for (unsigned seed = 1; seed <= units; seed++) {
        static TestEnv start, naive_env, opt_env;
        static uint8_t m0[MEM_SIZE], m1[MEM_SIZE];
        unsigned n;
        uint32_t live;

        g_rand_set_seed(rnd, seed);
        n = 1 + pick(60);
        units_random_state(&start);
        start.common.interrupt_request = 0;
        for (unsigned i = 0; i < MEM_SIZE; i++) {
            m0[i] = pick(256);
        }
        for (int round = 0; round < 2; round++) {
            TestEnv *env = round ? &opt_env : &naive_env;

            g_rand_set_seed(rnd, seed + 1000000);
            tcg_unit_start(s, 0x1000);
            units_gen(s, n, UNITS_VECTORS);
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
            tcg_cc_settle(s, env);
            if (round == 0) {
                memcpy(m1, memory, sizeof(m1));
            }
        }
        live = units_live_at(naive_env.rip);
        if (naive_env.rip != opt_env.rip ||
            memcmp(naive_env.regs, opt_env.regs, sizeof(start.regs)) ||
            memcmp(naive_env.vregs, opt_env.vregs, sizeof(start.vregs)) ||
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
            units_gen(s, n, UNITS_VECTORS);
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

/* Units with known results. */

static TestEnv e;

static void begin(uint64_t pc)
{
    tcg_unit_start(s, pc);
    s->precise_flags = false;
    tcg_gen_insn_start(s, pc);
}

static TCGv c(uint64_t x)
{
    return tcg_const(s, x);
}

static void reset(void)
{
    memset(&e, 0, sizeof(e));
    e.cc_op = TCG_CC_OP(CC_KIND_EFLAGS, MO_32);
    e.mxcsr = 0x1f80;
    for (int i = 0; i < NREGS; i++) {
        e.regs[i] = 0x1111111111111111ull * i;
    }
}

static uintptr_t go(void)
{
    tcg_optimize(s);
    return run(&e);
}

static uint64_t sum5(TestEnv *env, uint64_t a, uint64_t b, uint64_t x,
                     uint64_t y, uint64_t z)
{
    g_assert_true(env == &e);
    return a + 2 * b + 3 * x + 4 * y + 5 * z;
}

static uint64_t swap_regs(TestEnv *env)
{
    uint64_t t = env->regs[1];

    env->regs[1] = env->regs[2];
    env->regs[2] = t;
    return env->rip;
}

static uint64_t seven(void)
{
    return 7;
}

static void test_calls(void)
{
    static const TCGHelper h5 = { "sum5", (uintptr_t)sum5, 0, 1, 5, 1 };
    static const TCGHelper hs = {
        "swap_regs", (uintptr_t)swap_regs,
        TCG_HF_WRITES_GLOBALS | TCG_HF_READS_GLOBALS | TCG_HF_FAULTS, 1, 0, 1,
    };
    static const TCGHelper h7 = { "seven", (uintptr_t)seven, TCG_HF_PURE, 0,
                                  0, 1 };
    TCGv args[5];

    reset();
    begin(0x4444);
    args[0] = R[1];
    args[1] = c(10);
    args[2] = R[0];
    args[3] = c(1ull << 40);
    args[4] = c(1);
    tcg_gen_call(s, &h5, R[3], 5, args);
    tcg_gen_call(s, &h7, R[4], 0, NULL);
    tcg_gen_call(s, &h7, tcg_temp(s), 0, NULL);
    tcg_gen2(s, TCG_OP_add, MO_64, R[1], R[1], c(1));
    tcg_gen_call(s, &hs, R[5], 0, NULL);
    tcg_gen2(s, TCG_OP_add, MO_64, R[2], R[2], c(1));
    tcg_gen_exit_reason(s, 42, c(0x5555));
    g_assert_cmpint(go(), ==, 0);
    g_assert_cmphex(e.regs[3], ==,
                    0x1111111111111111 + 20 + (4ull << 40) + 5);
    g_assert_cmpint(e.regs[4], ==, 7);
    g_assert_cmphex(e.regs[1], ==, 0x2222222222222222);
    g_assert_cmphex(e.regs[2], ==, 0x1111111111111113);
    g_assert_cmphex(e.regs[5], ==, 0x4444);
    g_assert_cmphex(e.rip, ==, 0x5555);
    g_assert_cmpint(e.common.exception_index, ==, 42);
}

/* Linking, indirect exits, returns, interruption. */
static void test_exits(void)
{
    static TBJmpCacheEntry cache[TB_JMP_CACHE_SIZE];
    static TBReturnStack returns;
    const TCGBackend *b = &tcg_interp_backend;
    static const uintptr_t cookies[3] = { 11, 22, 33 };
    uint8_t *second = code + 4096, *third = code + 8192;
    TCGCodeBuf buf = { code, code, 4096 };
    TCGExit direct, push;
    uint64_t target = 0x7000;

    reset();
    e.common.jmp_cache = cache;
    e.common.return_stack = returns.pc;
    /* the second unit: to where r2 says */
    begin(0x2000);
    tcg_gen2(s, TCG_OP_add, MO_64, R[1], R[1], c(1));
    tcg_gen_exit_indirect(s, R[2]);
    tcg_optimize(s);
    buf.rx = buf.rw = second;
    g_assert_cmpint(b->gen_code(s, buf, cookies), >, 0);
    /* the third unit: return to r3 */
    begin(0x3000);
    tcg_gen_exit_ret(s, R[3], TCG_RET_UNKNOWN);
    tcg_optimize(s);
    buf.rx = buf.rw = third;
    g_assert_cmpint(b->gen_code(s, buf, cookies), >, 0);
    /* the first: a call */
    begin(0x1000);
    tcg_gen_push_ret(s, 0x1005);
    tcg_gen_poll(s, 0x2000);
    tcg_gen_exit_direct(s, 0x2000, 0);
    tcg_optimize(s);
    buf.rx = buf.rw = code;
    g_assert_cmpint(b->gen_code(s, buf, cookies), >, 0);
    g_assert_cmpint(s->nb_exits, ==, 2);
    direct = s->exits[0];
    push = s->exits[1];
    g_assert_cmphex(direct.pc, ==, 0x2000);
    g_assert_cmphex(push.pc, ==, 0x1005);

    g_assert_cmpint(b->enter(&e, code), ==, 11);
    g_assert_cmphex(e.rip, ==, 0x2000);
    b->patch_exit(&direct, code, code, second);
    e.regs[1] = 0;
    e.regs[2] = target;
    g_assert_cmpint(b->enter(&e, code), ==, 0);
    g_assert_cmpint(e.regs[1], ==, 1);
    g_assert_cmphex(e.rip, ==, target);
    g_assert_cmpint(e.common.exception_index, ==, -1);
    /* now the jump cache knows the third unit, which returns */
    cache[TB_JMP_CACHE_HASH(target)] = (TBJmpCacheEntry) { target, third };
    e.regs[3] = 0x1005;
    g_assert_cmpint(b->enter(&e, code), ==, 22);
    g_assert_cmphex(e.rip, ==, 0x1005);
    b->patch_exit(&push, code, code, second);
    cache[TB_JMP_CACHE_HASH(target)].pc = UINT64_MAX;
    /* an earlier call is still to return; its exit is linked now */
    g_assert_cmpint(b->enter(&e, third), ==, 0);
    g_assert_cmphex(e.rip, ==, target);
    b->patch_exit(&direct, code, code, NULL);
    g_assert_cmpint(b->enter(&e, code), ==, 11);
    e.common.interrupt_request = 1;
    g_assert_cmpint(b->enter(&e, code), ==, 0);
    g_assert_cmpint(e.common.exception_index, ==, EXCP_INTERRUPT);
    g_assert_cmphex(e.rip, ==, 0x2000);
}

static sigjmp_buf fault_jmp;
static const void *fault_pc;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    fault_pc = tcg_interp_backend.fault_pc(&e);
    tcg_interp_backend.sync_from_ucontext(&e, uc);
    siglongjmp(fault_jmp, 1);
}

static uint64_t guest_pc(const void *pc)
{
    uint32_t offset = (const uint8_t *)pc - code;
    uint64_t found = 0;

    for (unsigned i = 0; i < s->nb_marks; i++) {
        if (s->marks[i].code_offset <= offset) {
            found = s->marks[i].pc;
        }
    }
    return found;
}

static void test_fault(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    struct sigaction old;
    void *bad = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                     0);

    reset();
    sigaction(SIGSEGV, &sa, &old);
    begin(0x1000);
    tcg_gen_movi(s, R[1], 0x99);
    tcg_gen_insn_start(s, 0x1004);
    tcg_gen_movi(s, R[2], (uintptr_t)bad);
    tcg_gen_insn_start(s, 0x1008);
    tcg_gen_ld(s, TCG_OP_ld, MO_32, R[3], (TCGMem) { .base = R[2] });
    tcg_gen_movi(s, R[1], 0x77);
    tcg_gen_exit_direct(s, 0x2000, 0);
    if (sigsetjmp(fault_jmp, 1) == 0) {
        go();
        g_assert_not_reached();
    }
    sigaction(SIGSEGV, &old, NULL);
    g_assert_nonnull(fault_pc);
    g_assert_cmphex(guest_pc(fault_pc), ==, 0x1008);
    g_assert_cmphex(e.regs[1], ==, 0x99);
    g_assert_cmphex(e.regs[2], ==, (uintptr_t)bad);
    g_assert_cmphex(e.regs[3], ==, 0x3333333333333333);
    munmap(bad, 65536);
}

static void test_traps(void)
{
    TCGv t;

    /* division */
    reset();
    begin(0x1000);
    tcg_gen_insn_start(s, 0x1003);
    tcg_gen_pair(s, TCG_OP_divu2, MO_32, R[1], R[2], R[1], R[2], R[0]);
    tcg_gen_exit_direct(s, 0x2000, 0);
    if (setjmp(trap_jmp) == 0) {
        go();
        g_assert_not_reached();
    }
    g_assert_cmpint(trap_number, ==, TCG_TRAP_DIV);
    g_assert_cmphex(guest_pc(trap_pc), ==, 0x1003);
    g_assert_cmphex(e.regs[1], ==, 0x1111111111111111);

    /* INT64_MIN / -1 */
    reset();
    e.regs[1] = 1ull << 63;
    e.regs[2] = UINT64_MAX;
    begin(0x1000);
    tcg_gen_pair(s, TCG_OP_divs2, MO_64, R[1], R[2], R[1], R[2], c(-1ull));
    tcg_gen_exit_direct(s, 0x2000, 0);
    if (setjmp(trap_jmp) == 0) {
        go();
        g_assert_not_reached();
    }

    /* alignment */
    reset();
    begin(0x1000);
    tcg_gen_vld(s, VW_16, TCG_F_ALIGN, V[0],
                (TCGMem) { .disp = (uintptr_t)memory + 8 });
    tcg_gen_exit_direct(s, 0x2000, 0);
    if (setjmp(trap_jmp) == 0) {
        go();
        g_assert_not_reached();
    }
    g_assert_cmpint(trap_number, ==, TCG_TRAP_ALIGN);

    /* an unmasked floating point exception leaves the destination alone */
    reset();
    e.mxcsr = 0x1f80 & ~0x200;
    e.vregs[0].d[0] = 3;
    begin(0x1000);
    tcg_gen_v(s, VOP_fdiv, VW_16, MO_64, TCG_F_SCALAR, V[0], V[0], V[1], 0,
              0);
    tcg_gen_exit_direct(s, 0x2000, 0);
    if (setjmp(trap_jmp) == 0) {
        go();
        g_assert_not_reached();
    }
    g_assert_cmpint(trap_number, ==, TCG_TRAP_FP);
    g_assert_cmphex(e.mxcsr, ==, (0x1f80 & ~0x200) | 4);
    g_assert_true(e.vregs[0].d[0] == 3);

    /* and a good division */
    reset();
    e.regs[2] = 1;
    begin(0x1000);
    t = tcg_temp(s);
    tcg_gen_pair(s, TCG_OP_divu2, MO_64, R[3], t, R[1], R[2], c(0x10));
    tcg_gen_mov(s, R[4], t);
    tcg_gen_exit_direct(s, 0x2000, 0);
    go();
    g_assert_cmphex(e.regs[3], ==, 0x1111111111111111);
    g_assert_cmphex(e.regs[4], ==, 1);
}

static void test_vectors(void)
{
    TCGv v;

    reset();
    memset(e.vregs, 0x11, sizeof(e.vregs));
    memset(memory, 0xee, MEM_SIZE);
    begin(0x1000);
    v = tcg_temp_vec(s);
    tcg_gen_vld(s, VW_4, 0, V[0], (TCGMem) { .disp = (uintptr_t)memory });
    tcg_gen_vld(s, VW_8, TCG_F_ZERO_UPPER, V[1],
                (TCGMem) { .disp = (uintptr_t)memory });
    tcg_gen_vld(s, VW_16, 0, v, (TCGMem) { .disp = (uintptr_t)memory });
    tcg_gen_v(s, VOP_add, VW_16, MO_8, TCG_F_ZERO_UPPER, V[2], v, v, 0, 0);
    tcg_gen_v(s, VOP_movmsk, VW_16, MO_8, 0, R[1], v, 0, 0, 0);
    tcg_gen_vst(s, VW_16, 0, (TCGMem) { .disp = (uintptr_t)memory + 64 },
                V[2]);
    tcg_gen_v(s, VOP_movi2v, VW_16, MO_64, 0, V[3], R[5], 0, 0, 0);
    tcg_gen_exit_direct(s, 0x2000, 0);
    go();
    g_assert_cmphex(e.vregs[0].q[0], ==, 0xeeeeeeee);
    g_assert_cmphex(e.vregs[0].q[1], ==, 0);
    g_assert_cmphex(e.vregs[0].q[2], ==, 0x1111111111111111);
    g_assert_cmphex(e.vregs[1].q[0], ==, 0xeeeeeeeeeeeeeeee);
    g_assert_cmphex(e.vregs[1].q[1], ==, 0);
    g_assert_cmphex(e.vregs[1].q[3], ==, 0);
    g_assert_cmphex(e.vregs[2].q[1], ==, 0xdcdcdcdcdcdcdcdc);
    g_assert_cmphex(e.vregs[2].q[2], ==, 0);
    g_assert_cmphex(e.regs[1], ==, 0xffff);
    g_assert_cmphex(*(uint64_t *)(memory + 64), ==, 0xdcdcdcdcdcdcdcdc);
    g_assert_cmphex(*(uint64_t *)(memory + 80), ==, 0xeeeeeeeeeeeeeeee);
    g_assert_cmphex(e.vregs[3].q[0], ==, 0x5555555555555555);
    g_assert_cmphex(e.vregs[3].q[1], ==, 0);
    g_assert_cmphex(e.vregs[3].q[2], ==, 0x1111111111111111);
}

static void test_atomics(void)
{
    static const TCGOpcode opcs[] = {
        TCG_OP_xchg, TCG_OP_atomic_add, TCG_OP_atomic_and, TCG_OP_atomic_or,
        TCG_OP_atomic_xor,
    };

    for (unsigned n = 0; n < 2000; n++) {
        TCGOpcode opc = opcs[pick(G_N_ELEMENTS(opcs))];
        unsigned w = pick(4), at = pick(40);
        uint64_t mask = w == MO_64 ? UINT64_MAX : (1ull << (8 << w)) - 1;
        uint64_t a = number(), b = number(), want, now = 0;
        bool cas = pick(3) == 0;

        reset();
        memset(memory, 0x5a, MEM_SIZE);
        memcpy(memory + at, &a, 8);
        begin(0x1000);
        if (cas) {
            e.regs[2] = pick(2) ? a : b;
            e.regs[3] = b;
            tcg_gen_atomic(s, TCG_OP_cmpxchg, w, R[1],
                           (TCGMem) { .disp = (uintptr_t)memory + at }, R[2],
                           R[3]);
            want = ((e.regs[2] ^ a) & mask) ? a : b;
        } else {
            e.regs[2] = b;
            tcg_gen_atomic(s, opc, w, R[1],
                           (TCGMem) { .disp = (uintptr_t)memory + at }, R[2],
                           TCGV_NONE);
            want = opc == TCG_OP_xchg ? b : opc == TCG_OP_atomic_add ? a + b :
                   opc == TCG_OP_atomic_and ? a & b :
                   opc == TCG_OP_atomic_or ? a | b : a ^ b;
        }
        tcg_gen_exit_direct(s, 0x2000, 0);
        s->tso = pick(2);
        go();
        s->tso = false;
        memcpy(&now, memory + at, 8);
        g_assert_cmphex(e.regs[1], ==, a & mask);
        g_assert_cmphex(now, ==, (a & ~mask) | (want & mask));
        g_assert_cmphex(memory[at + 8], ==, 0x5a);
        g_assert_true(at == 0 || memory[at - 1] == 0x5a);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    rnd = g_rand_new();
    setup();
    g_test_add_func("/tcg/interp/random", test_random);
    g_test_add_func("/tcg/interp/calls", test_calls);
    g_test_add_func("/tcg/interp/exits", test_exits);
    g_test_add_func("/tcg/interp/fault", test_fault);
    g_test_add_func("/tcg/interp/traps", test_traps);
    g_test_add_func("/tcg/interp/vectors", test_vectors);
    g_test_add_func("/tcg/interp/atomics", test_atomics);
    return g_test_run();
}
