/*
 * Making a unit: ask the front end for IR, run the passes, have the backend
 * emit code, record what the rest of the engine needs, publish.
 *
 * The order of protection, reading and publishing is what makes translation
 * safe against other threads that write code: a page is protected before its
 * first byte is read, a writer then faults and waits for the engine lock, and
 * finds the finished unit in the page's list.  On pages that are checked
 * instead, what is translated is a copy, which the check compares with.
 *
 * Reading guest code may fault although the page is there (a truncated file).
 * The fault handler comes back here through translate_jmp, and the page counts
 * as unreadable.
 *
 * Locking: everything runs under the engine lock, in the thread of the CPU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "qemu/log.h"
#include <time.h>

/* Bytes of guest code a checked unit may depend on. */
#define CHECK_MAX_BYTES 1024
/* Instructions that are better part of a larger unit than one of their own. */
#define SHORT_UNIT 3

typedef struct Job {
    EngineCPU *cpu;
    uint64_t pc;
    bool one_shot;
    bool rounds;                /* of a loop: TCGLoop */
    const TranslateResult *rs;  /* of the unit so far */
    /* pages opened by the front end */
    uint64_t pages[TRANSLATE_MAX_PAGES];
    unsigned nb_pages;
    PageMode mode;              /* strictest of the pages */
    /* a check to emit at the entry: the bytes at ranges, in order */
    bool check;
    TranslateResult expect;
    uint8_t bytes[CHECK_MAX_BYTES + 16];
    unsigned stale_label;       /* label + 1 */
    unsigned hook_label;        /* label + 1 */
} Job;

typedef enum GenResult {
    GEN_OK,
    GEN_TOO_BIG,        /* with fewer instructions it will fit */
    GEN_CHUNK_FULL,     /* in an empty chunk it may fit */
    GEN_AGAIN,          /* pages are not as they seemed */
    GEN_NO_ROOM,        /* wait for other CPUs */
    GEN_NO_LOOP,        /* not what the CPU has come round with */
} GenResult;

/*
 * May code be read at @pc?  The answer holds for a run of pages until some code
 * is taken away: tb_invalidate_range() is called after the pages have changed.
 */
bool page_is_code(uint64_t pc)
{
    static uint64_t start, end, changes;

    if (!engine.cfg.user) {
        return true;
    }
    if (pc - start < end - start &&
        changes == engine.stats.invalidate_calls) {
        return true;
    }
    changes = engine.stats.invalidate_calls;
    start = end = pc & GUEST_PAGE_MASK;
    if (!(engine.cfg.user->page_flags(pc, &end) & PAGE_EXEC)) {
        end = start;
        return false;
    }
    if (engine.cfg.protect_granule != GUEST_PAGE_SIZE) {
        end = start;        /* files may shrink below such pages */
    }
    return true;
}

/*
 * Callbacks of the front end.
 */

static bool job_open_page(void *opaque, uint64_t page)
{
    Job *j = opaque;
    PageMode mode;

    for (unsigned i = 0; i < j->nb_pages; i++) {
        if (j->pages[i] == page) {
            return true;
        }
    }
    if (j->nb_pages == TRANSLATE_MAX_PAGES || page + 1 == j->cpu->bad_page ||
        !page_is_code(page)) {
        return false;
    }
    j->pages[j->nb_pages++] = page;
    if (j->one_shot) {
        /* Runs at once and once: protecting would make its write fault. */
        return true;
    }
    mode = page_mode(page);
    j->mode = MAX(j->mode, mode);
    if (mode == PAGE_MODE_PROTECT) {
        page_make_protected(page);
    }
    return true;
}

static bool job_has_hook(void *opaque, uint64_t pc)
{
    return hook_at(pc) || bridge_at(pc);
}

static bool jumps_to(const TB *tb, uint64_t pc)
{
    for (unsigned i = 0; i < tb->nb_exits; i++) {
        if (tb_exits(tb)[i].e.pc == pc) {
            return true;
        }
    }
    return false;
}

/*
 * Does @tb jump to the unit being made?  Then it is the rest of a loop whose
 * head was met later than its middle; all of the loop is better in one unit.
 * To a unit that is short so far it may also lead by way of another unit.
 */
static bool closes_loop(const Job *j, const TB *tb)
{
    if (jumps_to(tb, j->pc)) {
        return true;
    }
    for (unsigned i = 0; i < tb->nb_exits && j->rs->insns <= SHORT_UNIT; i++) {
        const TB *next = tb_lookup_rare(tb_exits(tb)[i].e.pc);

        if (next && jumps_to(next, j->pc)) {
            return true;
        }
    }
    return false;
}

static bool job_has_unit(void *opaque, uint64_t pc)
{
    TB *tb = tb_lookup_rare(pc);

    return tb && !closes_loop(opaque, tb);
}

static bool job_closes_loop(void *opaque, uint64_t pc)
{
    TB *tb = tb_lookup_rare(pc);

    return tb && closes_loop(opaque, tb);
}

/* t |= [addr, addr + size) ^ value */
static TCGv gen_compare(TCGContext *s, TCGv acc, uint64_t addr, TCGWidth w,
                        uint64_t value)
{
    TCGMem m = { .disp = (int64_t)addr };
    TCGv loaded = tcg_temp(s), diff = tcg_temp(s), sum;

    tcg_gen_ld(s, TCG_OP_ld, w, loaded, m);
    tcg_gen2(s, TCG_OP_xor, MO_64, diff, loaded, tcg_const(s, value));
    if (!acc) {
        return diff;
    }
    sum = tcg_temp(s);
    tcg_gen2(s, TCG_OP_or, MO_64, sum, acc, diff);
    return sum;
}

/* Leave to the engine unless the guest code is what it was. */
static void gen_check(TCGContext *s, Job *j)
{
    const uint8_t *b = j->bytes;
    TCGv acc = TCGV_NONE;

    for (unsigned i = 0; i < j->expect.nb_ranges; i++) {
        uint64_t addr = j->expect.ranges[i].start;
        uint32_t left = j->expect.ranges[i].len;

        while (left) {
            TCGWidth w = left >= 8 ? MO_64 : left >= 4 ? MO_32 :
                         left >= 2 ? MO_16 : MO_8;
            unsigned size = 1u << w;
            uint64_t v = 0;

            memcpy(&v, b, size);
            acc = gen_compare(s, acc, addr, w, v);
            addr += size;
            b += size;
            left -= size;
        }
    }
    if (acc) {
        unsigned label = tcg_label_new(s, true);

        tcg_gen_brcond(s, TCG_COND_NE, MO_64, acc, tcg_const(s, 0), label);
        j->stale_label = label + 1;
    }
}

static void job_gen_entry(void *opaque, TCGContext *s)
{
    Job *j = opaque;
    bool hooked = !j->one_shot && hook_at(j->pc);

    j->stale_label = 0;
    j->hook_label = 0;
    if (!j->check && !hooked) {
        return;
    }
    tcg_gen_insn_start(s, j->pc);
    if (j->check) {
        gen_check(s, j);
    }
    if (hooked) {
        unsigned label = tcg_label_new(s, true);

        hook_gen_entry(s, j->pc, label);
        j->hook_label = label + 1;
    }
}

/* Side paths of job_gen_entry(), behind the unit. */
static void gen_side_exits(TCGContext *s, Job *j)
{
    if (j->stale_label) {
        tcg_label_here(s, j->stale_label - 1);
        tcg_gen_exit_reason(s, EXCP_STALE, tcg_const(s, j->pc));
    }
    if (j->hook_label) {
        TCGv rip = tcg_temp(s);

        tcg_label_here(s, j->hook_label - 1);
        tcg_gen_ld_env(s, MO_64, rip, s->env_rip);
        tcg_gen_exit_indirect(s, rip);
    }
}

static unsigned count_exits(const TCGContext *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->nb_ops; i++) {
        n += s->ops[i].opc == TCG_OP_exit_direct ||
             s->ops[i].opc == TCG_OP_push_ret;
    }
    return n;
}

/* Guest code as it is now, in the order of the ranges. */
static bool snapshot(const TranslateResult *rs, uint8_t *out)
{
    size_t n = 0;

    for (unsigned i = 0; i < rs->nb_ranges; i++) {
        if (n + rs->ranges[i].len > CHECK_MAX_BYTES) {
            return false;
        }
        memcpy(out + n, (const void *)(uintptr_t)rs->ranges[i].start,
               rs->ranges[i].len);
        n += rs->ranges[i].len;
    }
    return true;
}

static bool same_code(const Job *j, const TranslateResult *rs)
{
    uint8_t now[CHECK_MAX_BYTES];

    if (rs->nb_ranges != j->expect.nb_ranges) {
        return false;
    }
    for (unsigned i = 0; i < rs->nb_ranges; i++) {
        if (rs->ranges[i].start != j->expect.ranges[i].start ||
            rs->ranges[i].len != j->expect.ranges[i].len) {
            return false;
        }
    }
    if (!snapshot(rs, now)) {
        return false;
    }
    for (unsigned i = 0, n = 0; i < rs->nb_ranges; i++) {
        if (memcmp(now + n, j->bytes + n, rs->ranges[i].len)) {
            return false;
        }
        n += rs->ranges[i].len;
    }
    return true;
}

/* Chains of far jumps can leave what TBRange can express. */
static bool ranges_are_near(const TranslateResult *rs, uint64_t pc)
{
    for (unsigned i = 0; i < rs->nb_ranges; i++) {
        int64_t delta = rs->ranges[i].start - pc;

        if (delta != (int32_t)delta) {
            return false;
        }
    }
    return true;
}

static void log_ops(const TCGContext *s, uint32_t mask, const char *title)
{
    if (qemu_loglevel_mask(mask) && qemu_log_in_filter(s->pc)) {
        qemu_log("%s:\n", title);
        tcg_dump_ops(s);
        qemu_log("\n");
    }
}

/* The unit of a bridge: of the table in bridges.c, not of guest code. */
static bool build_bridge(Job *j, TranslateResult *rs)
{
    TCGContext *s = engine.tcg;

    j->mode = PAGE_MODE_PROTECT;
    tcg_unit_start(s, j->pc);
    job_gen_entry(j, s);
    bridge_gen(s, j->pc);
    rs->insns = 1;
    return !s->overflow;
}

/* Does the CPU state hold what the rounds of the loop do not store? */
static bool comes_round(const TCGContext *s, const void *env)
{
    const uint32_t field[3] = { s->env_cc_dst, s->env_cc_src, s->env_cc_src2 };
    const TCGLoop *l = &s->loop;

    if (!l->cc_op || memcmp((const uint8_t *)env + s->env_cc_op, &l->cc_op,
                            sizeof(l->cc_op))) {
        return false;
    }
    for (unsigned k = 0; k < 3; k++) {
        if (l->consts >> k & 1 &&
            memcmp((const uint8_t *)env + field[k], &l->value[k], 8)) {
            return false;
        }
    }
    return true;
}

/* IR of the unit, optimised, in engine.tcg. */
static GenResult build_ir(Job *j, unsigned max_insns, TranslateResult *rs)
{
    TCGContext *s = engine.tcg;
    TranslateRequest rq = {
        .pc = j->pc,
        .max_insns = max_insns,
        .model = j->cpu->env->model,
        .simple = j->mode != PAGE_MODE_PROTECT || j->one_shot,
        .rounds = j->rounds,
        .end_after_store = j->mode == PAGE_MODE_STRICT,
        .leave_after_own_store = j->mode == PAGE_MODE_CHECK,
        .open_page = job_open_page,
        .has_hook = job_has_hook,
        .has_unit = job_has_unit,
        .closes_loop = job_closes_loop,
        .symbol = engine_lookup_symbol,
        .gen_entry = job_gen_entry,
        .opaque = j,
    };
    PageMode mode = j->mode;

    j->rs = rs;
    j->check = false;
    j->nb_pages = 0;
    memset(rs, 0, sizeof(*rs));
    if (unlikely(bridge_at(j->pc))) {
        mode = PAGE_MODE_PROTECT;
        if (!build_bridge(j, rs)) {
            return GEN_TOO_BIG;
        }
    } else if (!x86_translate_unit(s, &rq, rs)) {
        return GEN_TOO_BIG;
    }
    if (j->mode != mode) {
        return GEN_AGAIN;       /* it reached a page of a stricter mode */
    }
    if (mode != PAGE_MODE_PROTECT) {
        j->expect = *rs;
        if (!snapshot(rs, j->bytes)) {
            return GEN_TOO_BIG;
        }
        j->check = true;
        /* Other threads may write and restore the code while it is read. */
        rq.bytes = j->bytes;
        rq.nbytes = rs->nb_ranges && rs->ranges[0].start == j->pc ?
                    rs->ranges[0].len : 0;
        if (!x86_translate_unit(s, &rq, rs)) {
            return GEN_TOO_BIG;
        }
        if (!same_code(j, rs)) {
            return GEN_AGAIN;
        }
    }
    gen_side_exits(s, j);
    if (s->overflow || !ranges_are_near(rs, j->pc)) {
        return GEN_TOO_BIG;
    }
    log_ops(s, LOG_OP, "OP");
    s->loop.rounds = j->rounds;
    tcg_optimize(s);
    log_ops(s, LOG_OP_OPT, "OP after optimization");
    return s->overflow ? GEN_TOO_BIG :
           j->rounds && !comes_round(s, j->cpu->env) ? GEN_NO_LOOP : GEN_OK;
}

/* The record of the unit; everything but what depends on the code. */
static TB *build_record(CodeSpace *cs, const Job *j, const TranslateResult *rs,
                        unsigned nb_exits)
{
    size_t size = tb_record_size(nb_exits, rs->nb_ranges, j->nb_pages);
    TB *tb = code_cache_alloc(cs, size);
    TBRange *ranges;

    if (!tb) {
        return NULL;
    }
    memset(tb, 0, size);
    tb->pc = j->pc;
    tb->code = cs->buf.rx;
    tb->nb_exits = nb_exits;
    tb->nb_ranges = rs->nb_ranges;
    tb->nb_pages = j->nb_pages;
    tb->insns = rs->insns;
    tb->hook_generation = hook_generation();
    tb->flags = (j->check ? TB_CHECKED : 0) |
                (j->mode == PAGE_MODE_STRICT ? TB_STRICT : 0) |
                (j->hook_label ? TB_HOOKED : 0) |
                (j->rounds ? TB_ROUNDS : 0);
    ranges = tb_ranges(tb);
    for (unsigned i = 0; i < rs->nb_ranges; i++) {
        ranges[i].delta = rs->ranges[i].start - j->pc;
        ranges[i].len = rs->ranges[i].len;
    }
    for (unsigned i = 0; i < j->nb_pages; i++) {
        tb_pages(tb)[i].page = j->pages[i];
    }
    return tb;
}

static bool attach_unwind(CodeSpace *cs, TB *tb)
{
    static uint8_t buf[32 * 1024];      /* engine lock */
    size_t n = unwind_encode(engine.tcg, buf, sizeof(buf));
    uint8_t *p = code_cache_alloc(cs, n);

    if (!p) {
        return false;
    }
    memcpy(p, buf, n);
    tb->unwind = p;
    tb->unwind_size = n;
    return true;
}

static void log_code(const TB *tb)
{
    if (qemu_loglevel_mask(LOG_OUT_ASM) && qemu_log_in_filter(tb->pc)) {
        qemu_log("OUT: pc %#" PRIx64 " [size=%u]\n", tb->pc, tb->code_size);
        if (engine.backend->disas) {
            engine.backend->disas(tb->code, tb->code_size);
        }
        qemu_log("\n");
    }
}

/* Host code and record for the IR in engine.tcg. */
static GenResult emit(Job *j, const TranslateResult *rs, bool fresh, TB **out)
{
    uintptr_t cookies[TCG_MAX_EXITS];
    TCGContext *s = engine.tcg;
    unsigned nb_exits = count_exits(s);
    ptrdiff_t size;
    CodeSpace cs;
    TB *tb;

    if (nb_exits > TCG_MAX_EXITS) {
        return GEN_TOO_BIG;
    }
    if (!code_cache_begin(&cs, fresh)) {
        return GEN_NO_ROOM;
    }
    tb = build_record(&cs, j, rs, nb_exits);
    if (!tb) {
        code_cache_abort(&cs);
        return GEN_CHUNK_FULL;
    }
    for (unsigned i = 0; i < nb_exits; i++) {
        cookies[i] = (uintptr_t)&tb_exits(tb)[i];
    }
    size = engine.backend->gen_code(s, cs.buf, cookies);
    if (size < 0 && s->overflow) {
        code_cache_abort(&cs);
        return GEN_TOO_BIG;
    }
    if (size < 0 || (tb->code_size = size, !attach_unwind(&cs, tb))) {
        code_cache_abort(&cs);
        return GEN_CHUNK_FULL;
    }
    for (unsigned i = 0; i < nb_exits; i++) {
        tb_exits(tb)[i].e = s->exits[i];
        tb_exits(tb)[i].owner = tb_ref(tb);
    }
    code_cache_commit(&cs, tb);
    *out = tb;
    return GEN_OK;
}

/*
 * What a unit compares with may have been overwritten since: a hash of the new
 * code would bring the unit back for ever.
 */
static void publish(TB *tb, const Job *j)
{
    EngineStats *st = &engine.stats;

    tb->guest_hash = tb_hash_code(tb, j->check ? j->bytes : NULL);
    tb_add_to_pages(tb);
    atomic_store_explicit(&tb->state, TB_VALID, memory_order_release);
    if (tb->flags & TB_ROUNDS) {
        st->rounds++;
    } else {
        tb_table_insert(tb);
    }
    st->units++;
    st->insns += tb->insns;
    for (unsigned i = 0; i < tb->nb_ranges; i++) {
        st->guest_bytes += tb_ranges(tb)[i].len;
    }
    st->host_bytes += tb->code_size;
    if (unlikely(engine.cfg.perfmap)) {
        perfmap_unit(tb);
    }
    if (unlikely(engine.cfg.jitdump)) {
        jitdump_unit(tb);
    }
    log_code(tb);
}

/* A unit that raises the fault of fetching from the page behind @j->pc's. */
static void note_fetch_fault(const Job *j)
{
    uint64_t next = (j->pc & GUEST_PAGE_MASK) + GUEST_PAGE_SIZE;

    j->cpu->env->host_si_code = next + 1 == j->cpu->bad_page
                                ? j->cpu->bad_si_code : 0;
}

static TB *generate(Job *j)
{
    unsigned max_insns = j->one_shot ? 1 : engine.max_insns;
    bool fresh = false;
    TranslateResult rs;
    TB *tb = NULL;

    j->mode = j->one_shot ? PAGE_MODE_PROTECT :
                            page_mode(j->pc & GUEST_PAGE_MASK);
    for (;;) {
        GenResult r = build_ir(j, max_insns, &rs);

        if (r == GEN_OK) {
            r = emit(j, &rs, fresh, &tb);
        }
        switch (r) {
        case GEN_OK:
            if (rs.fetch_fault) {
                note_fetch_fault(j);
            }
            if (j->one_shot || rs.fetch_fault) {
                engine.stats.one_shots++;
                log_code(tb);
            } else {
                publish(tb, j);
            }
            return tb;
        case GEN_CHUNK_FULL:
            if (!fresh) {
                fresh = true;
                break;
            }
            /* fall through */
        case GEN_TOO_BIG:
            if (max_insns == 1) {
                error_report("instruction at %#" PRIx64 " is too large to "
                             "translate", j->pc);
                abort();
            }
            max_insns = max_insns > 64 ? 64 : max_insns / 2;
            break;
        case GEN_AGAIN:
            break;
        case GEN_NO_ROOM:
        case GEN_NO_LOOP:
            return NULL;
        }
    }
}

/* Would a unit made now have the same hooks and bridges, that is, one at most,
 * at its beginning? */
static bool hooks_fit(const TB *tb)
{
    if (tb->hook_generation == hook_generation()) {
        return true;
    }
    if (bridge_at(tb->pc) || hook_at(tb->pc) != !!(tb->flags & TB_HOOKED)) {
        return false;
    }
    for (unsigned i = 0; i < tb->nb_ranges; i++) {
        const TBRange *r = &tb_ranges(tb)[i];

        for (uint32_t k = 0; k < r->len; k++) {
            uint64_t pc = tb->pc + r->delta + k;

            if (pc != tb->pc && (hook_at(pc) || bridge_at(pc))) {
                return false;
            }
        }
    }
    return true;
}

/*
 * A unit that was put aside and whose guest code is, or is again, what it was
 * made from.
 */
static bool may_revive(const TB *tb, const EngineCPU *cpu)
{
    if (!hooks_fit(tb)) {
        return false;
    }
    for (unsigned i = 0; i < tb->nb_pages; i++) {
        uint64_t page = tb_pages(tb)[i].page;
        PageMode mode = page_mode(page);

        if (!page_is_code(page) || page + 1 == cpu->bad_page ||
            (mode != PAGE_MODE_PROTECT && !(tb->flags & TB_CHECKED)) ||
            (mode == PAGE_MODE_STRICT && !(tb->flags & TB_STRICT))) {
            return false;
        }
    }
    return true;
}

static TB *revive(EngineCPU *cpu, uint64_t pc)
{
    TB *tb = tb_dormant_first(pc);

    for (; tb; tb = tb_dormant_next(tb)) {
        if (!may_revive(tb, cpu)) {
            continue;
        }
        for (unsigned i = 0; i < tb->nb_pages; i++) {
            page_make_protected(tb_pages(tb)[i].page);
        }
        if (tb_hash_code(tb, NULL) != tb->guest_hash) {
            continue;
        }
        tb_dormant_remove(tb);
        tb->hook_generation = hook_generation();
        tb_add_to_pages(tb);
        atomic_store_explicit(&tb->state, TB_VALID, memory_order_release);
        tb_table_insert(tb);
        engine.stats.revived++;
        return tb;
    }
    return NULL;
}

static bool page_is_mapped(uint64_t pc)
{
    return !engine.cfg.user || engine.cfg.user->page_flags(pc, NULL);
}

/* There is no code at @pc: the exception of the jump to it. */
static void raise_fetch(EngineCPU *cpu, uint64_t pc)
{
    CPUArchState *env = cpu->env;
    bool bad = (pc & GUEST_PAGE_MASK) + 1 == cpu->bad_page;

    if ((int64_t)(pc << 16) >> 16 != (int64_t)pc) {
        env->common.exception_index = EXCP0D_GPF;
        env->error_code = 0;
        return;
    }
    env->common.exception_index = EXCP0E_PAGE;
    env->error_code = PG_ERROR_I | PG_ERROR_U |
                      (page_is_mapped(pc) ? PG_ERROR_P : 0);
    env->cr2 = pc;
    env->host_si_code = bad ? cpu->bad_si_code : 0;
}

static bool fetchable(const EngineCPU *cpu, uint64_t pc)
{
    return (pc & GUEST_PAGE_MASK) + 1 != cpu->bad_page && page_is_code(pc);
}

static TB *start_job(EngineCPU *cpu, uint64_t pc, bool one_shot, bool rounds)
{
    Job job;

    job.cpu = cpu;
    job.pc = pc;
    job.one_shot = one_shot;
    job.rounds = rounds;
    job.nb_pages = 0;
    job.check = false;
    job.stale_label = job.hook_label = 0;
    return generate(&job);
}

static TB *translate_locked(EngineCPU *cpu, uint64_t pc, bool one_shot)
{
    TB *tb;

    if (!one_shot) {
        /* Somebody else may have made it while we waited for the lock. */
        tb = engine.cpus->next ? tb_lookup(pc) : NULL;
        if (tb || (tb = revive(cpu, pc))) {
            return tb;
        }
    }
    if (!fetchable(cpu, pc) && !hook_at(pc) && !bridge_at(pc)) {
        raise_fetch(cpu, pc);
        return NULL;
    }
    tb = start_job(cpu, pc, one_shot, false);
    if (!tb) {
        cpu->env->common.exception_index = EXCP_NO_ROOM;
    }
    return tb;
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static TB *translate_guarded(EngineCPU *cpu, uint64_t pc, bool one_shot)
{
    TB *tb;

    cpu->translating = true;
    if (_setjmp(cpu->translate_jmp)) {
        /*
         * Reading guest code faulted.  The handler may have left signals
         * blocked: make cpu_exec() return soon.
         */
        cpu_interrupt(cpu->env);
    }
    tb = translate_locked(cpu, pc, one_shot);
    cpu->translating = false;
    return tb;
}

TB *tb_translate(EngineCPU *cpu, uint64_t pc, bool one_shot)
{
    bool timed = qemu_loglevel_mask(LOG_STATS);
    uint64_t t0 = timed ? now_ns() : 0;
    TB *tb;

    cpu->bad_page = 0;
    engine_lock();
    tb = translate_guarded(cpu, pc, one_shot);
    if (timed) {
        engine.stats.translate_ns += now_ns() - t0;
    }
    engine_unlock();
    return tb;
}

static TB *rounds_guarded(EngineCPU *cpu, uint64_t pc)
{
    TB *tb = NULL;

    cpu->translating = true;
    if (_setjmp(cpu->translate_jmp)) {
        /* as in translate_guarded() */
        cpu_interrupt(cpu->env);
    } else {
        tb = start_job(cpu, pc, false, true);
    }
    cpu->translating = false;
    return tb;
}

TB *tb_go_round(EngineCPU *cpu, TBExit *e)
{
    TB *from = tb_deref(e->owner), *tb = NULL;

    if (engine.cfg.nochain) {
        return NULL;
    }
    cpu->bad_page = 0;
    engine_lock();
    /* Linked now or not at all: one that is not linked would be made again. */
    if (!e->target && tb_is_valid(from) && code_cache_want_link(from->code)) {
        tb = from->flags & TB_ROUNDS ? from : rounds_guarded(cpu, from->pc);
        if (tb && tb_is_valid(tb)) {
            chain_link(e, tb);
        } else {
            tb = NULL;
        }
    }
    engine_unlock();
    return tb;
}

void tb_check_failed(uint64_t pc)
{
    TB *tb;

    engine_lock();
    tb = tb_lookup(pc);
    if (tb && (tb->flags & TB_CHECKED)) {
        tb_retire(tb, true);
        tb_retire_done();
        engine.stats.check_failed++;
    }
    engine_unlock();
}
