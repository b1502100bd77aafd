/*
 * `-d stats`, and the log lines of `-d exec` and `-d cpu`.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "qemu/log.h"

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / b : 0;
}

void engine_print_stats(void)
{
    EngineStats st;
    CPUStats cs;
    uint64_t ops, removed, cc_removed;
    size_t used;

    if (!engine.backend) {
        return;
    }
    engine_lock();
    st = engine.stats;
    cpu_sum_stats(&cs);
    used = code_cache_used();
    ops = engine.tcg->stat_ops;
    removed = engine.tcg->stat_ops_removed;
    cc_removed = engine.tcg->stat_cc_removed;
    engine_unlock();

    qemu_log("engine: %s (%s)\n", engine.backend->name,
             engine.backend->features ? engine.backend->features() : "");
    qemu_log("units: %" PRIu64 ", %" PRIu64 " insns, %" PRIu64
             " guest bytes, %" PRIu64 " host bytes (%.1f insns a unit, %.1f "
             "host bytes an insn)\n", st.units, st.insns, st.guest_bytes,
             st.host_bytes, ratio(st.insns, st.units),
             ratio(st.host_bytes, st.insns));
    qemu_log("translation: %.3f ms, %.2f us an insn, run once %" PRIu64
             ", loops again %" PRIu64 ", brought back %" PRIu64 "\n",
             st.translate_ns / 1e6, ratio(st.translate_ns, st.insns) / 1e3,
             st.one_shots, st.rounds, st.revived);
    qemu_log("cold code: %" PRIu64 " insns in %" PRIu64 " blocks run without "
             "translation, %" PRIu64 " decoded\n", cs.cold_insns,
             cs.cold_blocks, st.cold_decoded);
    qemu_log("ir: %" PRIu64 " ops, %" PRIu64 " removed, %" PRIu64
             " flag records removed\n", ops, removed, cc_removed);
    qemu_log("entries: %" PRIu64 ", lookups %" PRIu64 ", misses %" PRIu64
             ", interrupts %" PRIu64 ", faults %" PRIu64 "\n", cs.entries,
             cs.lookups, cs.misses, cs.interrupts, cs.faults);
    qemu_log("links: %" PRIu64 ", put off after fork %" PRIu64 "\n",
             st.links, st.link_refused);
    qemu_log("code changes: %" PRIu64 " write faults, %" PRIu64
             " restarts, %" PRIu64 " units dropped, %" PRIu64
             " range invalidations, %" PRIu64 " checked pages, %" PRIu64
             " checks failed\n", st.write_faults, cs.restarts,
             st.invalidated, st.invalidate_calls, st.check_pages,
             st.check_failed);
    qemu_log("code cache: %zu of %zu KiB, %" PRIu64 " chunks opened, %" PRIu64
             " retired, %" PRIu64 " copied after %" PRIu64 " forks\n",
             used / 1024, code_cache_size() / 1024, st.chunks_opened,
             st.chunks_retired, st.chunks_copied, st.forks);
}

static void log_registers(const CPUArchState *env)
{
    static const char names[16][4] = {
        "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
        "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15",
    };
    char buf[16 * 24 + 64];
    size_t n = 0;

    for (unsigned i = 0; i < 16; i++) {
        n += snprintf(buf + n, sizeof(buf) - n, "%s=%016" PRIx64 "%c",
                      names[i], env->regs[i], i % 4 == 3 ? '\n' : ' ');
    }
    qemu_log("%sRIP=%016" PRIx64 " RFL=%08x\n", buf, env->rip,
             cpu_get_eflags(env));
}

void engine_log_entry(CPUArchState *env, const TB *tb)
{
    uint64_t start, size;
    const char *name = NULL;

    if (!qemu_log_in_filter(tb->pc)) {
        return;
    }
    if (qemu_loglevel_mask(LOG_EXEC)) {
        if (engine_lookup_symbol) {
            name = engine_lookup_symbol(tb->pc, &start, &size);
        }
        qemu_log("Trace 0: %p [%016" PRIx64 "] %s\n", (const void *)tb->code,
                 tb->pc, name ? name : "");
    }
    if (qemu_loglevel_mask(LOG_CPU)) {
        log_registers(env);
    }
}
