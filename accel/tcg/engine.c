/*
 * The engine as a whole: configuration, start, the lock, fork.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "qemu/log.h"
#include <linux/membarrier.h>
#include <sys/syscall.h>

Engine engine;
const char *(*engine_lookup_symbol)(uint64_t pc, uint64_t *start,
                                    uint64_t *size);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void engine_lock(void)
{
    pthread_mutex_lock(&lock);
}

void engine_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

static int membarrier(int cmd)
{
    return syscall(__NR_membarrier, cmd, 0, 0);
}

void fence_heavy(void)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (engine.have_membarrier && engine.cpus && engine.cpus->next &&
        membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {
        /* The registration is not there (any more): renew it. */
        if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) ||
            membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {
            abort();
        }
    }
}

/* Plain loads and stores of these hosts are ordered as the guest expects. */
static bool host_is_tso(void)
{
#if defined(__x86_64__)
    return true;
#else
    return false;
#endif
}

static void update_tso(void)
{
    engine.tcg->tso = !host_is_tso() &&
                      (engine.cfg.tso == 1 ||
                       (engine.cfg.tso == 2 && atomic_load(&engine.parallel)));
}

bool engine_init(const EngineConfig *cfg)
{
    TCGCodeBuf buf;
    size_t used;

    engine.cfg = *cfg;
    if (!engine.cfg.protect_granule) {
        engine.cfg.protect_granule = sysconf(_SC_PAGESIZE);
    }
    if (!tcg_host_backend) {
        engine.cfg.interp = true;
    }
    engine.backend = engine.cfg.interp ? &tcg_interp_backend :
                                         tcg_host_backend;
    engine.max_insns = engine.cfg.one_insn_per_tb ? 1 : TRANSLATE_MAX_INSNS;
    engine.cfg.nochain |= !!(qemu_loglevel & LOG_NOCHAIN);
    if (engine.cfg.interp || engine.cfg.one_insn_per_tb ||
        qemu_loglevel_mask(LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM |
                           LOG_EXEC | LOG_CPU)) {
        engine.cfg.cold_runs = 0;       /* show, or do, nothing but units */
    }
    atomic_store(&engine.epoch, 1);
    engine.have_membarrier =
        membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;

    tcg_interp_trap = engine_interp_trap;
    engine.tcg = tcg_context_new();
    if (!engine.tcg) {
        error_report("no memory for the translator");
        return false;
    }
    engine.tcg->precise_flags = true;
    x86_translate_init(engine.tcg);
    update_tso();
    if (!engine.backend->init(engine.tcg, getenv("QEMU_HOST_FEATURES"))) {
        return false;
    }
    tb_table_init();
    chain_init();
    if (engine.cfg.perfmap) {
        perfmap_init();
    }
    if (engine.cfg.jitdump) {
        jitdump_init();
    }
    if (!code_cache_init(engine.cfg.code_cache_size)) {
        return false;
    }
    buf = code_cache_permanent();
    if (!buf.rw) {
        return false;
    }
    used = engine.backend->gen_prologue(engine.tcg, buf);
    code_cache_permanent_used(used);
    if (qemu_loglevel_mask(LOG_OUT_ASM) && used && engine.backend->disas) {
        qemu_log("PROLOGUE: [size=%zu]\n", used);
        engine.backend->disas(buf.rx, used);
        qemu_log("\n");
    }
    return true;
}

bool engine_has_generator(void)
{
    return tcg_host_backend;
}

const char *engine_name(void)
{
    return engine.backend ? engine.backend->name :
           tcg_host_backend ? tcg_host_backend->name : tcg_interp_backend.name;
}

bool engine_parallel(void)
{
    return atomic_load_explicit(&engine.parallel, memory_order_relaxed);
}

void engine_set_parallel(void)
{
    bool before;

    if (engine_parallel()) {
        return;
    }
    engine_lock();
    atomic_store(&engine.parallel, true);
    before = engine.tcg->tso;
    update_tso();
    if (engine.tcg->tso != before) {
        /* Code without ordering must not be entered any more. */
        code_cache_retire_all();
    }
    engine_unlock();
}

/*
 * Fork.  Order of locks: exclusive section, engine.  The child inherits a
 * consistent engine; its own copies of code are made when it writes any (see
 * code-cache.c), its perf files carry its own process id.
 */
void engine_fork_start(void)
{
    exclusive_lock();
    engine_lock();
}

void engine_fork_end(bool child)
{
    code_cache_forked();
    if (child) {
        cpu_forked();
        perfmap_forked();
        jitdump_forked();
    }
    engine_unlock();
    exclusive_unlock(child);
}
