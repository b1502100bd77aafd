/*
 * The engine against a toy guest: a front end of its own translates a few
 * one-letter instructions, so that every path of accel/tcg is reached without
 * depending on the x86 translator.  test-engine-interp.c builds the same tests
 * for the interpreter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "accel/tcg/internal.h"
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#ifndef ENGINE_TEST_INTERP
#define ENGINE_TEST_INTERP false
#endif

#ifdef __x86_64__
#define HOST_PLAIN_FAULTS false
#else
#define HOST_PLAIN_FAULTS true
#endif

/*
 * The toy instruction set.  Direct targets are 32-bit relative to the next
 * instruction.
 *
 *   A imm8   rax += imm8             J rel  jump
 *   L rel    if (--rcx) jump         C rel  call        R  return
 *   I        jump to rbx             S      system call
 *   W        [rdi] = rsi (8 bytes)   B      [rdi] = sil
 *   G        rdx = [rdi]             F      flags of rax - 5
 *   D        rax, rdx = rdx:rax / rbx
 */

static TCGv regs[16];
static _Atomic unsigned nb_translated;

void x86_translate_init(TCGContext *s)
{
    static const char *const names[] = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
        "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    };

    s->env_rip = offsetof(CPUArchState, rip);
    s->env_cc_op = offsetof(CPUArchState, cc_op);
    s->env_cc_dst = offsetof(CPUArchState, cc_dst);
    s->env_cc_src = offsetof(CPUArchState, cc_src);
    s->env_cc_src2 = offsetof(CPUArchState, cc_src2);
    s->env_mxcsr = offsetof(CPUArchState, mxcsr);
    s->env_vtmp = offsetof(CPUArchState, vtmp);
    s->env_common = offsetof(CPUArchState, common);
    for (unsigned i = 0; i < 16; i++) {
        regs[i] = tcg_global_new(s, TCG_I64, offsetof(CPUArchState, regs[i]),
                                 names[i]);
    }
    for (unsigned i = 0; i < 16; i++) {
        static char vnames[16][8];

        snprintf(vnames[i], sizeof(vnames[i]), "ymm%u", i);
        tcg_global_new(s, TCG_VEC, offsetof(CPUArchState, vregs[i]),
                       vnames[i]);
    }
}

static void toy_goto(TCGContext *s, uint64_t from, uint64_t to)
{
    if (to <= from) {
        tcg_gen_poll(s, to);
    }
    tcg_gen_exit_direct(s, to, TCG_CC_ALL);
}

static const uint8_t *code_at(uint64_t pc)
{
    return (const uint8_t *)(uintptr_t)pc;
}

static uint64_t rel_target(uint64_t pc)
{
    int32_t rel;

    memcpy(&rel, code_at(pc + 1), 4);
    return pc + 5 + rel;
}

static unsigned toy_len(uint8_t op)
{
    return op == 'A' ? 2 : strchr("JLC", op) ? 5 : 1;
}

static bool toy_insn(TCGContext *s, uint64_t pc)
{
    TCGMem at_rdi = { .base = regs[R_EDI] };
    TCGMem at_rsp = { .base = regs[R_ESP] };
    uint64_t next = pc + toy_len(*code_at(pc));
    TCGv t, q, r;
    unsigned label;

    tcg_gen_insn_start(s, pc);
    switch (*code_at(pc)) {
    case 'A':
        tcg_gen2(s, TCG_OP_add, MO_64, regs[R_EAX], regs[R_EAX],
                 tcg_const(s, (int8_t)code_at(pc)[1]));
        return false;
    case 'F':
        t = tcg_const(s, 5);
        tcg_gen_cc_set(s, CC_KIND_CMP, MO_64, regs[R_EAX], t, TCGV_NONE);
        return false;
    case 'W':
        tcg_gen_st(s, MO_64, at_rdi, regs[R_ESI]);
        return false;
    case 'B':
        tcg_gen_st(s, MO_8, at_rdi, regs[R_ESI]);
        return false;
    case 'G':
        tcg_gen_ld(s, TCG_OP_ld, MO_64, regs[R_EDX], at_rdi);
        return false;
    case 'D':
        q = tcg_temp(s);
        r = tcg_temp(s);
        tcg_gen_pair(s, TCG_OP_divu2, MO_64, q, r, regs[R_EAX], regs[R_EDX],
                     regs[R_EBX]);
        tcg_gen_mov(s, regs[R_EAX], q);
        tcg_gen_mov(s, regs[R_EDX], r);
        return false;
    case 'J':
        toy_goto(s, pc, rel_target(pc));
        return true;
    case 'L':
        label = tcg_label_new(s, true);
        tcg_gen2(s, TCG_OP_sub, MO_64, regs[R_ECX], regs[R_ECX],
                 tcg_const(s, 1));
        tcg_gen_brcond(s, TCG_COND_NE, MO_64, regs[R_ECX], tcg_const(s, 0),
                       label);
        toy_goto(s, pc, next);
        tcg_label_here(s, label);
        toy_goto(s, pc, rel_target(pc));
        return true;
    case 'C':
        t = tcg_temp(s);
        tcg_gen2(s, TCG_OP_sub, MO_64, t, regs[R_ESP], tcg_const(s, 8));
        at_rsp.base = t;
        tcg_gen_st(s, MO_64, at_rsp, tcg_const(s, next));
        tcg_gen_mov(s, regs[R_ESP], t);
        tcg_gen_push_ret(s, next);
        toy_goto(s, pc, rel_target(pc));
        return true;
    case 'R':
        t = tcg_temp(s);
        tcg_gen_ld(s, TCG_OP_ld, MO_64, t, at_rsp);
        tcg_gen2(s, TCG_OP_add, MO_64, regs[R_ESP], regs[R_ESP],
                 tcg_const(s, 8));
        tcg_gen_exit_ret(s, t, TCG_RET_UNKNOWN);
        return true;
    case 'I':
        t = tcg_temp(s);
        tcg_gen_mov(s, t, regs[R_EBX]);
        tcg_gen_exit_indirect(s, t);
        return true;
    case 'S':
        tcg_gen_exit_reason(s, EXCP_SYSCALL, tcg_const(s, next));
        return true;
    default:
        tcg_gen_exit_reason(s, EXCP06_ILLOP, tcg_const(s, pc));
        return true;
    }
}

bool x86_translate_unit(TCGContext *s, const TranslateRequest *rq,
                        TranslateResult *rs)
{
    uint64_t pc = rq->pc;
    bool ended = false;

    nb_translated++;
    memset(rs, 0, sizeof(*rs));
    tcg_unit_start(s, pc);
    rq->gen_entry(rq->opaque, s);
    while (!ended) {
        uint64_t first = pc & GUEST_PAGE_MASK, last;

        if (rs->insns &&
            (rs->insns == rq->max_insns || rq->has_hook(rq->opaque, pc) ||
             !rq->open_page(rq->opaque, first))) {
            toy_goto(s, pc - 1, pc);
            break;
        }
        if (!rs->insns && !rq->open_page(rq->opaque, first)) {
            rs->fetch_fault = true;
            tcg_gen_exit_reason(s, EXCP0E_PAGE, tcg_const(s, pc));
            break;
        }
        last = (pc + toy_len(*code_at(pc)) - 1) & GUEST_PAGE_MASK;
        g_assert_true(last == first || rq->open_page(rq->opaque, last));
        bool store = strchr("WBC", *code_at(pc)) != NULL;

        ended = toy_insn(s, pc);
        rs->insns++;
        pc += toy_len(*code_at(pc));
        if (!ended && store && rq->end_after_store) {
            toy_goto(s, pc - 1, pc);
            break;
        }
    }
    if (pc > rq->pc) {
        rs->nb_ranges = 1;
        rs->ranges[0].start = rq->pc;
        rs->ranges[0].len = pc - rq->pc;
    }
    return !s->overflow;
}

/*
 * The process around it: one stretch of guest memory, page flags, protection,
 * signal handlers.
 */

#define MEM_SIZE (4096 * 1024ul)
static uint8_t *mem;
static uint8_t page_exec[MEM_SIZE / 4096], page_guarded[MEM_SIZE / 4096];
static _Atomic unsigned nb_protects, nb_unprotects;
/* The host protects its own pages, which may hold several of the guest's. */
static size_t host_page;

static int test_page_flags(uint64_t addr, uint64_t *end)
{
    uint64_t off = addr - (uintptr_t)mem;

    if (end) {
        *end = (addr | 4095) + 1;
    }
    if (off >= MEM_SIZE) {
        return 0;
    }
    return PAGE_VALID | PAGE_READ | PAGE_WRITE |
           (page_exec[off / 4096] ? PAGE_EXEC : 0);
}

static void guard(uint64_t page, bool on)
{
    size_t off = page - (uintptr_t)mem, first = off & -host_page;
    bool any = false;

    page_guarded[off / 4096] = on;
    for (size_t at = first; at < first + host_page; at += 4096) {
        any |= page_guarded[at / 4096];
    }
    mprotect(mem + first, host_page,
             any ? PROT_READ : PROT_READ | PROT_WRITE);
}

static void test_protect(uint64_t page)
{
    nb_protects++;
    guard(page, true);
}

static void test_unprotect(uint64_t page)
{
    nb_unprotects++;
    guard(page, false);
}

static const EngineUserOps test_ops = {
    .page_flags = test_page_flags,
    .page_protect = test_protect,
    .page_unprotect = test_unprotect,
};

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    CPUArchState *env = cpu_current();

    switch (cpu_handle_host_fault(env, sig, info, uc)) {
    case HOST_FAULT_RETRY:
        return;
    case HOST_FAULT_GUEST:
        cpu_fault_exit(env);
    default:
        signal(sig, SIG_DFL);
    }
}

static void setup(void)
{
    EngineConfig cfg = {
        .code_cache_size = 2 << 20,
        .interp = ENGINE_TEST_INTERP,
        .user = &test_ops,
    };
    struct sigaction sa = {
        .sa_sigaction = on_fault,
        .sa_flags = SA_SIGINFO | SA_NODEFER,
    };

    mem = mmap((void *)0x10000000, MEM_SIZE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(page_exec, 1, sizeof(page_exec));
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    sigaction(SIGFPE, &sa, NULL);
    sigaction(SIGTRAP, &sa, NULL);
    g_assert_true(engine_init(&cfg));
}

/* Assembler: writes through the protection like the guest would. */
static uint8_t *put(uint8_t *p, const char *text)
{
    size_t n = strlen(text);

    memcpy(p, text, n);
    return p + n;
}

static uint8_t *put_rel(uint8_t *p, char op, const uint8_t *target)
{
    int32_t rel = target - (p + 5);

    *p = op;
    memcpy(p + 1, &rel, 4);
    return p + 5;
}

static uint8_t *put_add(uint8_t *p, int8_t imm)
{
    p[0] = 'A';
    p[1] = imm;
    return p + 2;
}

static uint64_t addr(const void *p)
{
    return (uintptr_t)p;
}

/* Each test takes fresh pages; a host page belongs to one of them. */
static uint8_t *fresh(unsigned pages)
{
    static size_t used;
    uint8_t *p;

    used = ROUND_UP(used + !used, host_page);
    p = mem + used;
    used += pages * 4096;
    g_assert_cmpuint(used, <=, MEM_SIZE);
    return p;
}

static CPUArchState *new_cpu(void)
{
    CPUArchState *env = cpu_create(NULL);

    env->mxcsr = 0x1f80;
    env->regs[R_ESP] = addr(fresh(1) + 4096);
    return env;
}

static int run(CPUArchState *env, const void *pc)
{
    int excp;

    env->rip = addr(pc);
    do {
        excp = cpu_exec(env);
    } while (excp == EXCP_INTERRUPT);
    return excp;
}

static uint64_t run_rax(CPUArchState *env, const void *pc)
{
    env->regs[R_EAX] = 0;
    g_assert_cmpint(run(env, pc), ==, EXCP_SYSCALL);
    return env->regs[R_EAX];
}

static uint64_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/*
 * Tests.
 */

static void test_basic(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(1), *p;

    p = put_add(code, 5);
    p = put_add(p, -2);
    p = put(p, "S");
    g_assert_cmpuint(run_rax(env, code), ==, 3);
    g_assert_cmphex(env->rip, ==, addr(p));
    g_assert_cmpint(run(env, p), ==, EXCP06_ILLOP);
    g_assert_cmphex(env->rip, ==, addr(p));
    cpu_destroy(env);
}

static void test_links(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(2), *p, *func = code + 2048, *tail = code + 5000;
    uint64_t entries;

    /* 1000 rounds: call func; loop; then an indirect jump to tail */
    p = put_rel(code, 'C', func);
    p = put_rel(p, 'L', code);
    p = put(p, "I");
    put(put_add(func, 2), "R");
    put(put_add(tail, 1), "S");
    env->regs[R_ECX] = 1000;
    env->regs[R_EBX] = addr(tail);
    entries = engine_cpu(env)->stats.entries;
    g_assert_cmpuint(run_rax(env, code), ==, 2001);
    entries = engine_cpu(env)->stats.entries - entries;
    g_assert_cmpuint(entries, <, 20);
    /* everything is linked or cached now */
    env->regs[R_ECX] = 100000;
    entries = engine_cpu(env)->stats.entries;
    g_assert_cmpuint(run_rax(env, code), ==, 200001);
    g_assert_cmpuint(engine_cpu(env)->stats.entries - entries, <=, 2);
    cpu_destroy(env);
}

/* A tight loop in one thread, interrupted from another. */
typedef struct Spinner {
    CPUArchState *env;
    uint8_t *code;
    _Atomic uint64_t left_at;
    _Atomic bool started;
} Spinner;

static void *spin(void *opaque)
{
    Spinner *s = opaque;

    s->env->rip = addr(s->code);
    s->started = true;
    g_assert_cmpint(cpu_exec(s->env), ==, EXCP_INTERRUPT);
    s->left_at = now();
    return NULL;
}

static void test_interrupt(void)
{
    Spinner s = { .env = new_cpu(), .code = fresh(1) };
    uint64_t worst = 0;

    put_rel(put_add(s.code, 1), 'J', s.code);
    for (unsigned i = 0; i < 50; i++) {
        pthread_t t;
        uint64_t at;

        s.started = false;
        pthread_create(&t, NULL, spin, &s);
        while (!s.started) {
            sched_yield();
        }
        g_usleep(200);
        at = now();
        cpu_interrupt(s.env);
        pthread_join(t, NULL);
        worst = MAX(worst, s.left_at > at ? s.left_at - at : 0);
    }
    g_test_message("slowest of 50 interrupts: %.1f us", worst / 1e3);
    g_assert_cmphex(s.env->rip - addr(s.code), <=, 2);
    /* a loop of indirect jumps only */
    put(put_add(s.code + 64, 1), "I");
    s.env->regs[R_EBX] = addr(s.code + 64);
    s.code += 64;
    for (unsigned i = 0; i < 50; i++) {
        pthread_t t;

        s.started = false;
        pthread_create(&t, NULL, spin, &s);
        while (!s.started) {
            sched_yield();
        }
        g_usleep(i * 3);
        cpu_interrupt(s.env);
        pthread_join(t, NULL);
    }
    g_assert_cmphex(s.env->rip, ==, addr(s.code));
    /* the flag was consumed */
    put(s.code + 100, "S");
    s.env->rip = addr(s.code + 100);
    g_assert_cmpint(cpu_exec(s.env), ==, EXCP_SYSCALL);
    /* a request before the call counts too */
    cpu_interrupt(s.env);
    g_assert_cmpint(cpu_exec(s.env), ==, EXCP_INTERRUPT);
    cpu_destroy(s.env);
}

static void test_invalidate(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(2), *p, *second = code + 4096;
    unsigned before;

    p = put_add(code, 1);
    put_rel(p, 'J', second);
    put(put_add(second, 10), "S");
    g_assert_cmpuint(run_rax(env, code), ==, 11);
    g_assert_cmpuint(run_rax(env, code), ==, 11);

    /* the host writes behind the guest's back and says so */
    g_assert_true(tb_unprotect_for_write(addr(second), 1));
    g_assert_false(tb_unprotect_for_write(addr(second), 1));
    second[1] = 20;
    g_assert_cmpuint(run_rax(env, code), ==, 21);
    before = nb_translated;
    tb_invalidate_range(addr(code), 8192);
    g_assert_cmpuint(run_rax(env, code), ==, 21);
    /* unchanged code came back without being translated */
    g_assert_cmpuint(nb_translated, ==, before);
    /* and the old version is remembered too */
    second[1] = 10;
    g_assert_cmpuint(run_rax(env, code), ==, 11);
    g_assert_cmpuint(nb_translated, ==, before);

    /* not executable any more */
    page_exec[(second - mem) / 4096] = 0;
    tb_invalidate_range(addr(second), 4096);
    env->rip = addr(code);
    g_assert_cmpint(run(env, code), ==, EXCP0E_PAGE);
    g_assert_cmphex(env->rip, ==, addr(second));
    g_assert_cmphex(env->cr2, ==, addr(second));
    g_assert_cmphex(env->error_code & PG_ERROR_I, ==, PG_ERROR_I);
    page_exec[(second - mem) / 4096] = 1;
    g_assert_cmpuint(run_rax(env, code), ==, 11);
    /* a huge range */
    tb_invalidate_range(0, 1ull << 46);
    g_assert_cmpuint(run_rax(env, code), ==, 11);
    cpu_destroy(env);
}

/* Guest code writes other guest code, in another page and in its own. */
static void test_smc_other(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(2), *p, *target = code + 4096;
    PageMode mode;

    /* [target + 1] = sil, then run target */
    p = put(code, "B");
    put_rel(p, 'J', target);
    put(put_add(target, 0), "S");
    for (unsigned i = 0; i < 200; i++) {
        env->regs[R_EDI] = addr(target + 1);
        env->regs[R_ESI] = i % 100;
        g_assert_cmpuint(run_rax(env, code), ==, i % 100);
    }
    engine_lock();
    mode = page_mode(addr(target));
    engine_unlock();
    g_assert_cmpint(mode, ==, PAGE_MODE_CHECK);
    cpu_destroy(env);
}

/* Another thread overwrites code when it has just been translated. */
static uint8_t *late_change;
static const TCGBackend *real_backend;

static ptrdiff_t gen_and_change(TCGContext *s, TCGCodeBuf buf,
                                const uintptr_t *cookies)
{
    if (late_change) {
        *late_change = 7;
        late_change = NULL;
    }
    return real_backend->gen_code(s, buf, cookies);
}

/* On a page that is not protected the unit is stale before it has run. */
static void test_smc_late(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(1);
    TCGBackend late = *engine.backend;
    uint64_t failed = engine.stats.check_failed;

    real_backend = engine.backend;
    late.gen_code = gen_and_change;
    put(put_add(code, 1), "S");
    for (unsigned i = 1; i <= 20; i++) {
        code[1] = i;
        g_assert_cmpuint(run_rax(env, code), ==, i);
    }
    engine.backend = &late;
    late_change = code + 1;
    code[1] = 99;
    g_assert_cmpuint(run_rax(env, code), ==, 7);
    engine.backend = real_backend;
    g_assert_cmpuint(engine.stats.check_failed, <, failed + 30);
    cpu_destroy(env);
}

static void test_smc_self(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(1), *p;

    /* one straight line: store into the immediate of the next instruction */
    p = put_add(code, 1);
    p = put(p, "B");
    p = put_add(p, 0);
    put(p, "S");
    for (unsigned i = 0; i < 200; i++) {
        env->regs[R_EDI] = addr(code + 4);
        env->regs[R_ESI] = i % 90;
        g_assert_cmpuint(run_rax(env, code), ==, i % 90 + 1);
    }
    /* data next to running code: a counter written in a loop */
    p = put(code + 512, "W");
    p = put_add(p, 1);
    put(put_rel(p, 'L', code + 512), "S");
    env->regs[R_EDI] = addr(code + 1024);
    env->regs[R_ESI] = 77;
    env->regs[R_ECX] = 10000;
    g_assert_cmpuint(run_rax(env, code + 512), ==, 10000);
    g_assert_cmpuint(code[1024], ==, 77);
    cpu_destroy(env);
}

static void test_faults(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(1), *p;
    uint8_t *bad = mem + MEM_SIZE + 4096 * 16;
    int excp;

    p = put_add(code, 3);
    p = put(p, "F");
    p = put_add(p, 4);
    p = put(p, "G");
    put(p, "S");
    munmap(bad, 4096);
    env->regs[R_EDI] = addr(bad) + 8;
    env->regs[R_EAX] = 0;
    env->regs[R_EDX] = 0x1234;
    g_assert_cmpint(run(env, code), ==, EXCP0E_PAGE);
    g_assert_cmphex(env->rip, ==, addr(p - 1 + 0));
    g_assert_cmphex(env->cr2, ==, addr(bad) + 8);
    g_assert_cmphex(env->error_code & PG_ERROR_W, ==, 0);
    g_assert_cmphex(env->regs[R_EAX], ==, 7);
    g_assert_cmphex(env->regs[R_EDX], ==, 0x1234);
    /* flags of 3 - 5, though 3 was overwritten: below, negative */
    g_assert_cmphex(TCG_CC_OP_KIND(env->cc_op), !=, CC_KIND_DYNAMIC);
    g_assert_cmphex(tcg_cc_eval(env->cc_op, env->cc_dst, env->cc_src,
                                env->cc_src2) &
                    (TCG_CC_C | TCG_CC_Z | TCG_CC_S), ==,
                    TCG_CC_C | TCG_CC_S);

    put(code + 64, "WS");
    g_assert_cmpint(run(env, code + 64), ==, EXCP0E_PAGE);
    g_assert_cmphex(env->rip, ==, addr(code + 64));
    g_assert_cmphex(env->error_code & PG_ERROR_W, ==, PG_ERROR_W);

    put(code + 80, "DS");
    env->regs[R_EBX] = 0;
    g_assert_cmpint(run(env, code + 80), ==, EXCP00_DIVZ);
    g_assert_cmphex(env->rip, ==, addr(code + 80));

    /* not canonical */
    env->regs[R_EDI] = 0x123456789abcdef0;
    excp = run(env, code + 64);
    /* target/i386 may take the toy's code for a push; where the host does not
     * tell such addresses from others, it needs the guest's instruction */
    g_assert_true(excp == EXCP0D_GPF || excp == EXCP0C_STACK ||
                  (HOST_PLAIN_FAULTS && excp == EXCP0E_PAGE));
    g_assert_cmpint(run(env, (void *)0x8000000000000001), ==, EXCP0D_GPF);
    g_assert_cmpint(run(env, (void *)0xffffffffff600000), ==, EXCP_VSYSCALL);
    cpu_destroy(env);
}

/* Hooks. */
typedef struct HookTest {
    unsigned calls;
    uint64_t go_to;
    int remove;
    uint8_t *nested;
    bool leave;
} HookTest;

static void hook_fn(CPUArchState *env, void *opaque)
{
    HookTest *h = opaque;

    h->calls++;
    if (h->remove) {
        tb_hook_remove(h->remove);
        h->remove = 0;
    }
    if (h->nested) {
        uint64_t rip = env->rip, rax = env->regs[R_EAX];

        env->regs[R_EAX] = 0;
        g_assert_cmpint(run(env, h->nested), ==, EXCP_SYSCALL);
        g_assert_cmpuint(env->regs[R_EAX], ==, 40);
        env->regs[R_EAX] = rax + 2;
        env->rip = rip;
    }
    if (h->go_to) {
        env->rip = h->go_to;
    }
    if (h->leave) {
        cpu_loop_exit(env, EXCP_DEBUG);
    }
}

/* A bridge doubles rax; with @opaque it runs guest code first. */
static void bridge_fn(CPUArchState *env, void *opaque)
{
    if (opaque) {
        uint64_t rip = env->rip, rsp = env->regs[R_ESP];

        g_assert_cmpint(run(env, opaque), ==, EXCP_SYSCALL);
        env->rip = rip;
        env->regs[R_ESP] = rsp;
    }
    env->regs[R_EAX] *= 2;
}

static void bridge_faults(CPUArchState *env, void *opaque)
{
    cpu_raise_exception(env, EXCP0E_PAGE, PG_ERROR_U, 0x1234);
}

static void test_bridges(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(2), *func = code + 2048, *nested = code + 3072, *p;
    uint64_t t0;

    /* add 3; call func; again; func is bridged away */
    p = put_add(code, 3);
    p = put_rel(p, 'C', func);
    p = put_rel(p, 'L', code);
    put(p, "S");
    put(put_add(func, 1), "R");
    put(put_add(nested, 10), "S");
    env->regs[R_ECX] = 2;
    g_assert_cmpuint(run_rax(env, code), ==, 8);
    g_assert_true(tb_bridge_add(addr(func), bridge_fn, NULL));
    g_assert_false(tb_bridge_add(addr(func), bridge_fn, NULL));
    env->regs[R_ECX] = 2;
    g_assert_cmpuint(run_rax(env, code), ==, 18);
    env->regs[R_ECX] = 100000;
    t0 = now();
    run_rax(env, code);
    g_test_message("a bridged call costs %.1f ns", (now() - t0) / 1e5);
    tb_bridge_remove(addr(func));
    env->regs[R_ECX] = 2;
    g_assert_cmpuint(run_rax(env, code), ==, 8);
    /* with guest code inside */
    g_assert_true(tb_bridge_add(addr(func), bridge_fn, nested));
    env->regs[R_ECX] = 2;
    g_assert_cmpuint(run_rax(env, code), ==, 78);
    tb_bridge_remove(addr(func));
    /* exceptions name the bridge */
    g_assert_true(tb_bridge_add(addr(func), bridge_faults, NULL));
    env->regs[R_ECX] = 1;
    g_assert_cmpint(run(env, code), ==, EXCP0E_PAGE);
    g_assert_cmphex(env->rip, ==, addr(func));
    g_assert_cmphex(env->cr2, ==, 0x1234);
    tb_bridge_remove(addr(func));
    cpu_destroy(env);
}

static void test_hooks(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(1), *mid, *p, *nested = code + 256;
    uint8_t *aside = code + 512;
    HookTest h = { 0 };
    int id;

    p = put_add(code, 1);
    mid = p;
    p = put_add(p, 1);
    put(p, "S");
    put(put_add(nested, 40), "S");
    put(put_add(aside, 50), "S");

    g_assert_cmpuint(run_rax(env, code), ==, 2);
    id = tb_hook_add(addr(mid), hook_fn, &h);
    g_assert_cmpuint(run_rax(env, code), ==, 2);
    g_assert_cmpuint(run_rax(env, mid), ==, 1);
    g_assert_cmpuint(h.calls, ==, 2);
    h.go_to = addr(aside);
    g_assert_cmpuint(run_rax(env, code), ==, 51);
    h.go_to = 0;
    h.nested = nested;
    g_assert_cmpuint(run_rax(env, code), ==, 4);
    h.nested = NULL;
    h.leave = true;
    env->regs[R_EAX] = 0;
    g_assert_cmpint(run(env, code), ==, EXCP_DEBUG);
    g_assert_cmphex(env->rip, ==, addr(mid));
    g_assert_cmpuint(env->regs[R_EAX], ==, 1);
    h.leave = false;
    h.remove = id;
    h.calls = 0;
    g_assert_cmpuint(run_rax(env, code), ==, 2);
    g_assert_cmpuint(run_rax(env, code), ==, 2);
    g_assert_cmpuint(h.calls, ==, 1);

    id = tb_hook_add(addr(mid), hook_fn, &h);
    h.calls = 0;
    {
        uint64_t t0 = now();

        put_rel(p, 'L', code);
        put(p + 5, "S");
        env->regs[R_ECX] = 100000;
        g_assert_cmpuint(run_rax(env, code), ==, 200000);
        g_test_message("a hook costs %.1f ns", (now() - t0) / 1e5);
    }
    g_assert_cmpuint(h.calls, ==, 100000);
    tb_hook_remove(id);
    cpu_destroy(env);
}

typedef struct WatchTest {
    uint64_t wanted;
    unsigned asked, reached;
} WatchTest;

static WatchTest watch_test;

static bool watch_wants(uint64_t pc, void *opaque)
{
    watch_test.asked++;
    return pc == watch_test.wanted;
}

static void watch_reached(CPUArchState *env, void *opaque)
{
    g_assert_cmphex(env->rip, ==, watch_test.wanted);
    watch_test.reached++;
}

/* Units that were put aside come back with the right hooks and bridges. */
static void test_put_aside(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(2), *mid = put_add(code, 3), *end = code + 512;
    uint64_t revived = engine.stats.revived, sp;
    HookTest h = { 0 };
    TBWatch *w;
    int id;

    put(put_add(mid, 1), "S");
    put(end, "S");
    g_assert_cmpuint(run_rax(env, code), ==, 4);
    for (unsigned i = 1; i <= 20; i++) {
        tb_invalidate_range(addr(code), 4096);
        id = tb_hook_add(addr(mid), hook_fn, &h);
        g_assert_cmpuint(run_rax(env, code), ==, 4);
        tb_invalidate_range(addr(code), 4096);
        g_assert_cmpuint(run_rax(env, code), ==, 4);
        g_assert_cmpuint(h.calls, ==, 2 * i);
        tb_hook_remove(id);
        tb_invalidate_range(addr(code), 4096);
        g_assert_cmpuint(run_rax(env, code), ==, 4);
        g_assert_cmpuint(h.calls, ==, 2 * i);
        /* a bridge in the middle returns to the end */
        sp = env->regs[R_ESP];
        env->regs[R_ESP] = addr(code) + 4096;
        *(uint64_t *)(code + 4096) = addr(end);
        tb_invalidate_range(addr(code), 4096);
        g_assert_true(tb_bridge_add(addr(mid), bridge_fn, NULL));
        g_assert_cmpuint(run_rax(env, code), ==, 6);
        tb_bridge_remove(addr(mid));
        env->regs[R_ESP] = sp;
        tb_invalidate_range(addr(code), 4096);
        g_assert_cmpuint(run_rax(env, code), ==, 4);
        /* a watch that wants the middle, then nothing */
        tb_invalidate_range(addr(code), 4096);
        watch_test.wanted = addr(mid);
        w = tb_watch_add(addr(code), addr(code) + 4096, watch_wants,
                         watch_reached, NULL);
        g_assert_cmpuint(run_rax(env, code), ==, 4);
        g_assert_cmpuint(watch_test.reached, ==, i);
        watch_test.wanted = 0;
        tb_watch_changed(addr(mid));
        g_assert_cmpuint(run_rax(env, code), ==, 4);
        g_assert_cmpuint(watch_test.reached, ==, i);
        tb_watch_remove(w);
    }
    g_assert_cmpuint(engine.stats.revived, >=, revived + 60);
    cpu_destroy(env);
}

/* Many more units than the cache holds. */
static void test_turnover(void)
{
    CPUArchState *env = new_cpu();
    unsigned n = 40000, pages = 100;
    uint8_t *code = fresh(pages), *p = code;
    size_t per = pages * 4096 / 8;
    uint64_t retired = engine.stats.chunks_retired;

    /* jumps all over: unit i adds 1 and jumps to the next */
    for (size_t i = 0; i < per; i++, p += 8) {
        put_add(p, 1);
        put_rel(p + 2, 'J', i + 1 == per ? code : p + 8);
    }
    p = code + (per - 1) * 8 + 2;
    put(p, "S");
    for (unsigned round = 0; round < n / per + 2; round++) {
        g_assert_cmpuint(run_rax(env, code), ==, per);
    }
    g_test_message("%" PRIu64 " chunks retired",
                   engine.stats.chunks_retired - retired);
    g_assert_cmpuint(code_cache_used(), <=, code_cache_size());
    cpu_destroy(env);
}

/* Threads run shared code while one of them keeps rewriting it. */
typedef struct Worker {
    CPUArchState *env;
    uint8_t *code, *target;
    unsigned rounds;
    _Atomic bool *stop;
    uint64_t bad;
} Worker;

static void *worker(void *opaque)
{
    Worker *w = opaque;

    while (!*w->stop) {
        uint64_t rax;

        w->env->regs[R_EBX] = addr(w->target);
        w->env->regs[R_ECX] = 50;
        w->env->regs[R_EAX] = 0;
        if (run(w->env, w->code) != EXCP_SYSCALL) {
            w->bad++;
        }
        /* Each call of the target adds 1 or 2. */
        rax = w->env->regs[R_EAX];
        if (rax < 50 || rax > 100) {
            w->bad++;
        }
        w->rounds++;
    }
    return NULL;
}

static void test_threads(void)
{
    enum { N = 6 };
    uint8_t *code = fresh(1), *target = fresh(1), *writer = fresh(1), *p;
    _Atomic bool stop = false;
    CPUArchState *env = new_cpu();
    pthread_t threads[N];
    Worker w[N];
    uint64_t end = now() + 700000000ull;
    unsigned total = 0, writes = 0;

    engine_set_parallel();
    p = put_rel(code, 'C', target);
    put(put_rel(p, 'L', code), "S");
    put(put_add(target, 1), "R");
    put(put(writer, "B"), "S");
    for (unsigned i = 0; i < N; i++) {
        w[i] = (Worker) { .env = new_cpu(), .code = code, .target = target,
                          .stop = &stop };
        pthread_create(&threads[i], NULL, worker, &w[i]);
    }
    while (now() < end) {
        switch (writes % 8) {
        case 6:
            tb_invalidate_range(addr(target), 4096);
            break;
        case 7:
            cpu_exclusive_start(env);
            cpu_exclusive_end(env);
            break;
        default:
            env->regs[R_EDI] = addr(target + 1);
            env->regs[R_ESI] = writes % 2 + 1;
            g_assert_cmpint(run(env, writer), ==, EXCP_SYSCALL);
            /* what was written is what runs next, here */
            env->regs[R_ECX] = 3;
            g_assert_cmpuint(run_rax(env, code), ==, (writes % 2 + 1) * 3);
        }
        writes++;
        g_usleep(100);
    }
    stop = true;
    for (unsigned i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        g_assert_cmpuint(w[i].bad, ==, 0);
        total += w[i].rounds;
        cpu_destroy(w[i].env);
    }
    g_test_message("%u rounds against %u changes", total, writes);
    cpu_destroy(env);
}

static void test_exclusive(void)
{
    Spinner s = { .env = new_cpu(), .code = fresh(1) };
    CPUArchState *env = new_cpu();
    uint64_t seen, t0;
    pthread_t t;

    /* rax counts in memory: [rdi] = rsi would not show; use W of rax */
    put_rel(put_add(s.code, 1), 'J', s.code);
    pthread_create(&t, NULL, spin, &s);
    while (!s.started) {
        sched_yield();
    }
    g_usleep(1000);
    t0 = now();
    cpu_exclusive_start(env);
    g_test_message("alone after %.1f us", (now() - t0) / 1e3);
    g_assert_false(atomic_load(&engine_cpu(s.env)->running));
    seen = s.env->regs[R_EAX];
    g_usleep(2000);
    g_assert_cmpuint(s.env->regs[R_EAX], ==, seen);
    cpu_exclusive_end(env);
    /* it goes on, when the host has time for it */
    for (unsigned i = 0; i < 20000 && !atomic_load(&engine_cpu(s.env)->running);
         i++) {
        g_usleep(1000);
    }
    g_assert_true(atomic_load(&engine_cpu(s.env)->running));
    cpu_interrupt(s.env);
    pthread_join(t, NULL);
    cpu_destroy(s.env);
    cpu_destroy(env);
}

static void fork_child(CPUArchState *env, uint8_t *code, uint8_t *target)
{
    bool ok = run_rax(env, code) == 11;

    tb_unprotect_for_write(addr(target), 1);
    target[1] = 30;
    for (unsigned i = 0; i < 100; i++) {
        ok &= run_rax(env, code) == 31;
    }
    _exit(ok ? 0 : 1);
}

static void test_fork(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(2), *target = code + 4096;
    uint64_t spent = 0;

    put_rel(put_add(code, 1), 'J', target);
    put(put_add(target, 10), "S");
    g_assert_cmpuint(run_rax(env, code), ==, 11);
    for (unsigned i = 0; i < 50; i++) {
        int status;
        uint64_t t0 = now();
        pid_t pid;

        engine_fork_start();
        pid = fork();
        engine_fork_end(pid == 0);
        if (pid == 0) {
            fork_child(env, code, target);
        }
        spent += now() - t0;
        /* the parent's code is its own */
        for (unsigned k = 0; k < 50; k++) {
            g_assert_cmpuint(run_rax(env, code), ==, 11);
        }
        if (i % 8 == 3) {
            tb_invalidate_range(addr(code), 8192);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpuint(run_rax(env, code), ==, 11);
    }
    g_test_message("fork: %.1f us", spent / 50e3);
    cpu_destroy(env);
}

static void test_fetch_truncated(void)
{
    CPUArchState *env = new_cpu();
    uint8_t *code = fresh(1);
    FILE *f = tmpfile();

    g_assert_nonnull(f);
    if (mmap(code, host_page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             fileno(f), 0) == MAP_FAILED) {
        g_test_skip("an emulated host cannot map behind a file's end");
        fclose(f);
        return;
    }
    g_assert_cmpint(run(env, code), ==, EXCP0E_PAGE);
    g_assert_cmphex(env->cr2, ==, addr(code));
    g_assert_cmpint(env->host_si_code, ==, BUS_ADRERR);
    g_assert_cmpint(ftruncate(fileno(f), 4096), ==, 0);
    put(put_add(code, 9), "S");
    g_assert_cmpuint(run_rax(env, code), ==, 9);
    fclose(f);
    cpu_destroy(env);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    host_page = sysconf(_SC_PAGESIZE);
    setup();
    g_test_add_func("/engine/basic", test_basic);
    g_test_add_func("/engine/links", test_links);
    g_test_add_func("/engine/interrupt", test_interrupt);
    g_test_add_func("/engine/invalidate", test_invalidate);
    g_test_add_func("/engine/smc/other", test_smc_other);
    g_test_add_func("/engine/smc/self", test_smc_self);
    g_test_add_func("/engine/smc/late", test_smc_late);
    g_test_add_func("/engine/faults", test_faults);
    g_test_add_func("/engine/hooks", test_hooks);
    g_test_add_func("/engine/bridges", test_bridges);
    g_test_add_func("/engine/put-aside", test_put_aside);
    g_test_add_func("/engine/turnover", test_turnover);
    g_test_add_func("/engine/threads", test_threads);
    g_test_add_func("/engine/exclusive", test_exclusive);
    g_test_add_func("/engine/fork", test_fork);
    g_test_add_func("/engine/fetch-truncated", test_fetch_truncated);
    return g_test_run();
}
