/*
 * The host's code generator against the interpreter: random units are run by
 * both and must leave the same registers, vectors, flags, memory and MXCSR.
 * Every configuration of host features that is a subset of this machine's is
 * gone through, so that each way to do a vector op is taken.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "tests/unit/tcg-units.h"
#include "accel/tcg/host-signal.h"
#include <setjmp.h>
#include <sys/mman.h>
#include "tcg/tcg-backend.h"

#if defined(__x86_64__)
#define HOST "x86_64"
static const char *const configs[] = {
    "", "-gfni,-sha,-vaes,-vpclmulqdq", "-avx2", "-avx2,-fma,-f16c",
    "-avx", "-avx,-sse4.1", "-avx,-ssse3,-popcnt,-lzcnt", "-bmi1,-bmi2",
};
static const char *const fault_configs[] = { "", "-avx" };

/* Flags of MXCSR that are kept exactly, for a unit that begins with @mxcsr. */
static uint32_t kept_flags(uint32_t mxcsr)
{
    return 0x3f;
}
#elif defined(__loongarch__)
#define HOST "loongarch64"
static const char *const configs[] = { "", "-exact", "-lasx", "-lasx,-lsx",
                                       "-crc32" };
static const char *const fault_configs[] = { "", "+exact", "-lasx",
                                             "-lasx,-lsx" };

/* The FPU has no flag for denormal operands: fast code does not keep it. */
static uint32_t kept_flags(uint32_t mxcsr)
{
    return (mxcsr & 0x9fc0) == 0x1f80 ? 0x3d : 0x3f;
}
#else
#define HOST "none"
static const char *const configs[0], *const fault_configs[0];

static uint32_t kept_flags(uint32_t mxcsr)
{
    return 0x3f;
}
#endif

enum { CODE_SIZE = 4 << 20 };

static TCGContext *contexts[2], *s;     /* one per backend; the one in use */
static uint8_t *code, interp_code[1 << 20] __attribute__((aligned(16)));
static size_t prologue;
static unsigned mode;                   /* UNITS_* */
static TestEnv *running;

static void trap(void *env, int number, const void *pc)
{
    g_error("unexpected trap %d", number);
}

/* In a unit the FPU may trap for the generator, which then goes on. */
static void on_fpu_trap(int sig, siginfo_t *info, void *uc)
{
    if (!tcg_host_backend->fix_fault ||
        !tcg_host_backend->fix_fault(running, uc)) {
        signal(sig, SIG_DFL);
    }
}

static void setup(const char *features)
{
    TCGCodeBuf buf = { code, code, CODE_SIZE };

    tcg_interp_trap = trap;
    for (int host = 0; host < 2; host++) {
        tcg_context_free(contexts[host]);
        contexts[host] = units_context();
    }
    g_assert_true(tcg_interp_backend.init(contexts[0], NULL));
    g_assert_true(tcg_host_backend->init(contexts[1], features));
    s = contexts[1];
    prologue = ROUND_UP(tcg_host_backend->gen_prologue(s, buf), 64);
}

static void run(TestEnv *env, bool host)
{
    static uintptr_t cookies[TCG_MAX_EXITS];
    static TBJmpCacheEntry jmp_cache[TB_JMP_CACHE_SIZE];
    static TBReturnStack returns;
    uintptr_t cookie;
    ptrdiff_t n;

    for (unsigned i = 0; i < TCG_MAX_EXITS; i++) {
        cookies[i] = 0x1000 + i;
    }
    env->common.jmp_cache = jmp_cache;
    env->common.return_stack = returns.pc;
    if (host) {
        TCGCodeBuf buf = { code + prologue, code + prologue,
                           CODE_SIZE - prologue };

        n = tcg_host_backend->gen_code(s, buf, cookies);
        g_assert_cmpint(n, >, 0);
        for (unsigned i = 0; i < s->nb_exits; i++) {
            if (s->exits[i].pc == s->pc) {
                tcg_host_backend->patch_exit(&s->exits[i], buf.rx, buf.rw,
                                             buf.rx);
            }
        }
        running = env;
        cookie = tcg_host_backend->enter(env, buf.rx);
    } else {
        TCGCodeBuf buf = { interp_code, interp_code, sizeof(interp_code) };

        n = tcg_interp_backend.gen_code(s, buf, cookies);
        g_assert_cmpint(n, >, 0);
        do {
            cookie = tcg_interp_backend.enter(env, interp_code);
        } while (cookie && s->exits[cookie - 0x1000].pc == s->pc);
    }
    if (cookie) {
        env->rip = cookie;          /* else left by poll: rip is there */
    }
}

static uint32_t flags_of(const TestEnv *env)
{
    return tcg_cc_eval(env->cc_op, env->cc_dst, env->cc_src, env->cc_src2);
}

static void show(const TestEnv *a, const TestEnv *b)
{
    for (int i = 0; i < NREGS; i++) {
        if (a->regs[i] != b->regs[i]) {
            fprintf(stderr, "%s: interp %" PRIx64 " host %" PRIx64 "\n",
                    s->vals[R[i]].name, a->regs[i], b->regs[i]);
        }
    }
    for (int i = 0; i < NVREGS; i++) {
        if (memcmp(&a->vregs[i], &b->vregs[i], 32)) {
            fprintf(stderr, "xmm%d: interp", i);
            for (int k = 3; k >= 0; k--) {
                fprintf(stderr, " %016" PRIx64, a->vregs[i].q[k]);
            }
            fprintf(stderr, "\n         host");
            for (int k = 3; k >= 0; k--) {
                fprintf(stderr, " %016" PRIx64, b->vregs[i].q[k]);
            }
            fprintf(stderr, "\n");
        }
    }
    fprintf(stderr, "exit %x %x, flags %x %x, mxcsr %x %x\n",
            (int)a->rip, (int)b->rip, flags_of(a), flags_of(b), a->mxcsr,
            b->mxcsr);
}

static unsigned first_seed = 1;

static bool same(const TestEnv *a, const TestEnv *b, uint32_t live,
                 uint32_t kept)
{
    return a->rip == b->rip && !memcmp(a->regs, b->regs, sizeof(a->regs)) &&
           !memcmp(a->vregs, b->vregs, sizeof(a->vregs)) &&
           (flags_of(a) & live) == (flags_of(b) & live) &&
           !((a->mxcsr ^ b->mxcsr) & (kept | ~0x3f));
}

/* Flags nobody reads behind a safe point are not kept there. */
static uint32_t live_at_poll(void)
{
    for (unsigned i = 0; i < s->nb_ops; i++) {
        if (s->ops[i].opc == TCG_OP_poll) {
            return s->ops[i].flags & TCG_F_CC_STORE ? TCG_CC_ALL : 0;
        }
    }
    return 0;
}

static bool one_seed(unsigned seed, bool verbose)
{
    static TestEnv start, envs[2];
    static uint8_t m0[MEM_SIZE], m1[MEM_SIZE];
    unsigned n;

    g_rand_set_seed(rnd, seed);
    n = 1 + pick(getenv("TEST_SMALL") ? 6 : pick(4) ? 20 : 100);
    units_random_state(&start);
    for (unsigned i = 0; i < MEM_SIZE; i++) {
        m0[i] = pick(256);
    }
    for (int host = 0; host < 2; host++) {
        s = contexts[host];
        g_rand_set_seed(rnd, seed + 1000000);
        tcg_unit_start(s, 0x1000);
        units_gen(s, n, mode);
        g_assert_false(s->overflow);
        s->precise_flags = seed & 1;
        tcg_optimize(s);
        if (verbose && host) {
            fprintf(stderr, "UNIT %u.%u\n", mode, seed);
            tcg_dump_ops(s);
            fflush(stderr);
        }
        memcpy(memory, m0, sizeof(m0));
        envs[host] = start;
        run(&envs[host], host);
        tcg_cc_settle(s, &envs[host]);
        if (!host) {
            memcpy(m1, memory, sizeof(m1));
        }
    }
    /* exits that cannot be reached are gone: go by the target pc */
    bool polled = envs[0].rip == UNITS_POLL;
    uint64_t pc = polled ? 0 : s->exits[envs[0].rip - 0x1000].pc;
    uint32_t live = polled ? live_at_poll()
                    : units_live_at(pc);

    if (!same(&envs[0], &envs[1], live, kept_flags(start.mxcsr)) ||
        memcmp(memory, m1, sizeof(m1))) {
        if (verbose) {
            show(&envs[0], &envs[1]);
            fprintf(stderr, "live flags %x\n", live);
        }
        return false;
    }
    return true;
}

static void test_random(gconstpointer features)
{
    enum { ALL = UNITS_HELPERS | UNITS_VECTORS, WIDE = ALL | UNITS_WIDE };
    static const unsigned modes[] = { 0, UNITS_HELPERS, UNITS_VECTORS, ALL, WIDE,
                                      ALL | UNITS_AGAIN, WIDE | UNITS_AGAIN };
    unsigned units = g_test_thorough() ? 100000 :
                     getenv("QEMU_TEST_QUICK") ? 500 : 3000;
    const char *env = getenv("TEST_UNITS");
    static char seen[G_N_ELEMENTS(configs) + 1][200];

    if (env) {
        units = atoi(env);
    }
    setup(features);
    for (unsigned k = 0; k < G_N_ELEMENTS(seen); k++) {
        if (!seen[k][0]) {
            snprintf(seen[k], sizeof(seen[k]), "=%s",
                     tcg_host_backend->features());
            break;
        }
        if (!strcmp(seen[k] + 1, tcg_host_backend->features())) {
            g_test_skip("nothing of it is on this machine");
            return;
        }
    }
    g_test_message("host features: %s", tcg_host_backend->features());
    for (unsigned m = 0; m < G_N_ELEMENTS(modes); m++) {
        mode = modes[m];
        for (unsigned seed = first_seed; seed < first_seed + units; seed++) {
            if (!one_seed(seed, getenv("TEST_TRACE"))) {
                fprintf(stderr, "mode %u seed %u:\n", mode, seed);
                one_seed(seed, true);
                g_test_fail();
                return;
            }
        }
    }
}

/* ---- faults ---- */

static sigjmp_buf after_fault;
static TestEnv fault_env;
static uintptr_t fault_pc;
static const TCGInsnMark *fault_mark;
static const uint8_t *unit;             /* the code that is running */

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    fault_pc = host_fault_pc(uc);
    tcg_host_backend->sync_from_ucontext(&fault_env, uc);
    /* the mark at or before the host pc names the instruction */
    for (fault_mark = s->marks + s->nb_marks - 1;
         fault_mark->code_offset > fault_pc - (uintptr_t)unit; fault_mark--) {
    }
    if (fault_mark->host) {
        tcg_host_backend->settle_state(&fault_env, fault_mark->host, uc);
    }
    siglongjmp(after_fault, 1);
}

enum { BAD = 0x10 };            /* nothing is mapped there */

/* The n-th guest instruction that faults; false when there are no more. */
static bool gen_faulting(unsigned n)
{
    TCGMem m = { .disp = BAD }, near = { .base = R[13], .disp = 8 };
    TCGv t = tcg_temp(s), v = tcg_temp_vec(s);

    switch (n) {
    case 0:
        tcg_gen_pair(s, TCG_OP_divu2, MO_64, t, tcg_temp(s), R[11], R[3],
                     tcg_const(s, 0));
        break;
    case 1:
        tcg_gen_mov(s, t, tcg_const(s, 0));
        tcg_gen_pair(s, TCG_OP_divs2, MO_32, R[0], R[2], R[0], R[2], R[12]);
        break;
    case 2:
        tcg_gen_ld(s, TCG_OP_ld, MO_64, t, m);
        tcg_gen2(s, TCG_OP_add, MO_64, R[0], R[3], t);
        break;
    case 3:
        tcg_gen_ld(s, TCG_OP_ld, MO_32, t, near);
        tcg_gen3(s, TCG_OP_adc, MO_32, R[0], R[3], t, R[12]);
        break;
    case 4:
        tcg_gen_atomic(s, TCG_OP_cmpxchg, MO_64, R[0], m, R[9], R[10]);
        break;
    case 5:
        tcg_gen_atomic(s, TCG_OP_atomic_or, MO_32, R[2], m, R[0], TCGV_NONE);
        break;
    case 6:
        tcg_gen_atomic(s, TCG_OP_xchg, MO_16, R[1], m, R[2], TCGV_NONE);
        break;
    case 7:
        tcg_gen_atomic(s, TCG_OP_atomic_add, MO_64, R[7], near, R[2],
                       TCGV_NONE);
        break;
    case 8:
        tcg_gen_vld(s, VW_16, TCG_F_ALIGN, v, m);
        tcg_gen_v(s, VOP_add, VW_16, MO_32, 0, V[2], V[3], v, 0, 0);
        break;
    case 9:
        tcg_gen_vld(s, VW_8, 0, v, m);
        tcg_gen_v(s, VOP_fmul, VW_16, MO_64, TCG_F_SCALAR, V[14], V[13], v, 0,
                  0);
        break;
    case 10:
        tcg_gen_ld(s, TCG_OP_ld, MO_64, t, m);
        tcg_gen2(s, TCG_OP_xor, MO_64, tcg_temp(s), t, R[1]);
        s->ops[s->nb_ops - 1].dst[0] = t = tcg_temp(s);
        tcg_gen_st(s, MO_64, m, t);
        break;
    case 11:
        tcg_gen_v(s, VOP_fdiv, VW_16, MO_32, 0, V[1], V[4], V[5], 0, 0);
        break;
    /* V[8] has just been computed, all of it */
    case 12:
        tcg_gen_vst(s, VW_32, 0, m, V[8]);
        break;
    case 13:
        tcg_gen_vld(s, VW_32, TCG_F_ZERO_UPPER, V[8], m);
        break;
    case 14:
        tcg_gen_vld(s, VW_8, TCG_F_ZERO_UPPER, V[8], m);
        break;
    case 15:
        tcg_gen_vld(s, VW_16, 0, V[8], m);
        break;
    case 16:
        tcg_gen_v(s, VOP_fdiv, VW_16, MO_32, TCG_F_ZERO_UPPER, V[8], V[4], V[5],
                  0, 0);
        break;
    case 17:
        tcg_gen_v(s, VOP_fdiv, VW_32, MO_32, TCG_F_ZERO_UPPER, V[8], V[4], V[5],
                  0, 0);
        break;
    case 18:
        tcg_gen_v(s, VOP_fdiv, VW_16, MO_32, TCG_F_SCALAR, V[8], V[4], V[5], 0,
                  0);
        break;
    default:
        return false;
    }
    return true;
}

static void add_lanes(TCGVec *d, const TCGVec *a)
{
    for (int k = 0; k < 4; k++) {
        d->q[k] += a->q[k];
    }
}

/* A unit that goes back to its start, and faults when it does so once more. */
static void fault_in_loop(TCGCodeBuf buf)
{
    static uintptr_t cookies[TCG_MAX_EXITS];
    static TestEnv start;
    TCGv left, addr;

    tcg_unit_start(s, 0x1000);
    addr = tcg_temp(s);
    tcg_gen_insn_start(s, 0x1000);
    left = units_take_round(s);
    tcg_gen_insn_start(s, 0x1001);
    tcg_gen_v(s, VOP_add, VW_32, MO_64, TCG_F_ZERO_UPPER, V[8], V[8], V[9], 0,
              0);
    tcg_gen_insn_start(s, 0x1002);
    tcg_gen_movcond(s, TCG_COND_EQ, MO_64, addr, left, tcg_const(s, 0),
                    tcg_const(s, BAD), tcg_const(s, (uintptr_t)memory));
    tcg_gen_vst(s, VW_32, 0, (TCGMem) { .base = addr }, V[8]);
    tcg_gen_v(s, VOP_xor, VW_32, MO_64, TCG_F_ZERO_UPPER, V[7], V[7], V[8], 0,
              0);
    tcg_gen_exit_direct(s, 0x1000, 0);
    tcg_optimize(s);
    g_assert_cmpint(tcg_host_backend->gen_code(s, buf, cookies), >, 0);
    tcg_host_backend->patch_exit(&s->exits[0], buf.rx, buf.rw, buf.rx);

    units_random_state(&start);
    start.rounds = 3;
    fault_env = start;
    if (!sigsetjmp(after_fault, 1)) {
        tcg_host_backend->enter(&fault_env, buf.rx);
        g_error("no fault in the loop");
    }
    g_assert_cmphex(fault_mark->pc, ==, 0x1002);
    for (int round = 0; round < 3; round++) {
        add_lanes(&start.vregs[8], &start.vregs[9]);
        if (round < 2) {
            g_assert_cmpmem(memory, round == 1 ? 32 : 0, &start.vregs[8],
                            round == 1 ? 32 : 0);
            for (int k = 0; k < 4; k++) {
                start.vregs[7].q[k] ^= start.vregs[8].q[k];
            }
        }
    }
    g_assert_cmpmem(fault_env.vregs, sizeof(start.vregs), start.vregs,
                    sizeof(start.vregs));
    g_assert_cmpint(fault_env.rounds, ==, 0);
}

static void test_faults(gconstpointer features)
{
    struct sigaction sa = { .sa_sigaction = on_fault,
                            .sa_flags = SA_SIGINFO | SA_NODEFER }, old[4];
    static const int sigs[4] = { SIGSEGV, SIGFPE, SIGBUS, SIGTRAP };
    static uintptr_t cookies[TCG_MAX_EXITS];
    static TestEnv start;
    TCGCodeBuf buf;

    setup(features);
    buf = (TCGCodeBuf) { code + prologue, code + prologue,
                         CODE_SIZE - prologue };
    unit = buf.rx;
    for (int k = 0; k < 4; k++) {
        sigaction(sigs[k], &sa, &old[k]);
    }
    for (unsigned n = 0; ; n++) {
        tcg_unit_start(s, 0x1000);
        tcg_gen_insn_start(s, 0x1000);
        tcg_gen2(s, TCG_OP_add, MO_64, R[6], R[6], tcg_const(s, 5));
        tcg_gen_v(s, VOP_add, VW_32, MO_64, TCG_F_ZERO_UPPER, V[8], V[8], V[9],
                  0, 0);
        tcg_gen_insn_start(s, 0x1001);
        if (!gen_faulting(n)) {
            break;
        }
        tcg_gen_insn_start(s, 0x1002);
        tcg_gen_exit_direct(s, 0x2000, 0);
        tcg_optimize(s);
        g_assert_cmpint(tcg_host_backend->gen_code(s, buf, cookies), >, 0);

        g_rand_set_seed(rnd, n);
        units_random_state(&start);
        start.regs[12] = 0;
        start.regs[13] = BAD;
        start.mxcsr = 0x1f80 & ~0x200;          /* division by zero */
        for (int k = 0; k < 4; k++) {
            start.vregs[4].f[k] = 1;
            start.vregs[5].f[k] = 0;
        }
        fault_env = start;
        if (!sigsetjmp(after_fault, 1)) {
            tcg_host_backend->enter(&fault_env, buf.rx);
            g_error("fault %u did not happen", n);
        }
        start.regs[6] += 5;
        add_lanes(&start.vregs[8], &start.vregs[9]);
        g_assert_cmpmem(fault_env.regs, sizeof(start.regs), start.regs,
                        sizeof(start.regs));
        g_assert_cmpmem(fault_env.vregs, sizeof(start.vregs), start.vregs,
                        sizeof(start.vregs));
        g_assert_cmphex(fault_mark->pc, ==, 0x1001);
    }
    fault_in_loop(buf);
    for (int k = 0; k < 4; k++) {
        sigaction(sigs[k], &old[k], NULL);
    }
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_sigaction = on_fpu_trap,
                            .sa_flags = SA_SIGINFO };
    size_t page = sysconf(_SC_PAGESIZE);

    g_test_init(&argc, &argv, NULL);
    rnd = g_rand_new();
    code = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(code != MAP_FAILED);
    /* it ends where nothing is mapped: reading too much faults */
    memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(memory != MAP_FAILED &&
                  mprotect(memory + page, page, PROT_NONE) == 0);
    memory += page - MEM_SIZE;
    sigaction(SIGFPE, &sa, NULL);
    if (getenv("TEST_SEED")) {
        first_seed = atoi(getenv("TEST_SEED"));
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(configs); k++) {
        g_autofree char *path = g_strdup_printf("/tcg/" HOST "/random/host%s",
                                                configs[k]);

        g_test_add_data_func(path, configs[k], test_random);
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(fault_configs); k++) {
        g_autofree char *path = g_strdup_printf("/tcg/" HOST "/faults/host%s",
                                                fault_configs[k]);

        g_test_add_data_func(path, fault_configs[k], test_faults);
    }
    return g_test_run();
}
