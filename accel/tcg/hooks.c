/*
 * Hooks: functions that run before the instruction at a guest pc.
 *
 * A unit that starts at a hooked pc begins with a call of helper_hook(); no
 * unit runs into a hooked pc from before.  Adding or removing a hook retires
 * the units that cover the pc.  A hook may change any register, rip included,
 * may run guest code in a nested cpu_exec(), may block, and may leave with
 * cpu_loop_exit().
 *
 * Locking: the table is under the engine lock.  Running hooks read the list of
 * their pc without it; entries are freed when no CPU can be in them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/pause.h"

#define HOOK_HASH_BITS 12

typedef struct TBHook {
    _Atomic(struct TBHook *) next;
    uint64_t pc;
    int id;
    TBHookFn *fn;
    void *opaque;
} TBHook;

static _Atomic(TBHook *) hooks[1u << HOOK_HASH_BITS];
/* A bit for each bucket that ever had a hook: stays in the cache. */
static uint64_t used[(1u << HOOK_HASH_BITS) / 64];
static int last_id;
static uint32_t generation;

static unsigned hook_hash(uint64_t pc)
{
    return (pc ^ pc >> HOOK_HASH_BITS) & ((1u << HOOK_HASH_BITS) - 1);
}

static _Atomic(TBHook *) *hook_bucket(uint64_t pc)
{
    return &hooks[hook_hash(pc)];
}

uint32_t hook_generation(void)
{
    return generation;
}

bool hook_at(uint64_t pc)
{
    unsigned k = hook_hash(pc);
    TBHook *h;

    /* What has become of a watched address is decided when it has a bridge. */
    if (unlikely(watch_at(pc)) && !bridge_at(pc)) {
        return true;
    }
    if (likely(!(used[k / 64] >> k % 64 & 1))) {
        return false;
    }
    h = atomic_load(&hooks[k]);
    while (h && h->pc != pc) {
        h = atomic_load(&h->next);
    }
    return h != NULL;
}

/* Returns 1 when the unit must be left because rip or the unit changed. */
static uint64_t helper_hook(void *opaque, uint64_t pc)
{
    CPUArchState *env = opaque;
    EngineCPU *cpu = engine_cpu(env);
    uint64_t log_seen = cpu->log_seen;
    bool hooked, bridge;
    uint32_t before;
    CPUPause pause;
    TBHook *h;

    if (unlikely(cpu->skip_hook)) {
        cpu->skip_hook = false;
        if (cpu->skip_hook_pc == pc) {
            return 0;
        }
    }
    before = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
    cpu_pause(cpu, &pause);
    for (h = atomic_load(hook_bucket(pc)); h; h = atomic_load(&h->next)) {
        if (h->pc == pc) {
            h->fn(env, h->opaque);
            if (env->rip != pc) {
                break;
            }
        }
    }
    if (env->rip == pc) {
        watch_run(env);
    }
    cpu_unpause(cpu, &pause);
    if (env->rip != pc) {
        return 1;
    }
    /*
     * The unit below may be gone: find the one that is right now.  A bridge may
     * have come even before this call began.
     */
    engine_lock();
    hooked = hook_at(pc);
    bridge = bridge_at(pc);
    engine_unlock();
    if (bridge || before != __atomic_load_n(&generation, __ATOMIC_ACQUIRE) ||
        (log_seen != cpu->log_seen && !tb_lookup(pc))) {
        /* The unit of a bridge may call this too. */
        cpu->skip_hook = hooked || bridge;
        cpu->skip_hook_pc = pc;
        return 1;
    }
    return 0;
}

static const TCGHelper hook_helper = {
    .name = "hook",
    .fn = (uintptr_t)helper_hook,
    .flags = TCG_HF_FAULTS | TCG_HF_READS_GLOBALS | TCG_HF_WRITES_GLOBALS |
             TCG_HF_READS_VREGS | TCG_HF_WRITES_VREGS | TCG_HF_READS_CC |
             TCG_HF_WRITES_CC | TCG_HF_MXCSR,
    .takes_env = 1,
    .nargs = 1,
    .has_ret = 1,
};

void hook_gen_entry(TCGContext *s, uint64_t pc, unsigned moved)
{
    TCGv ret = tcg_temp(s);
    TCGv arg = tcg_const(s, pc);

    tcg_gen_call(s, &hook_helper, ret, 1, &arg);
    tcg_gen_brcond(s, TCG_COND_NE, MO_64, ret, tcg_const(s, 0), moved);
}

void hooks_changed(uint64_t pc)
{
    __atomic_store_n(&generation, generation + 1, __ATOMIC_RELEASE);
    tb_retire_covering(pc);
}

int tb_hook_add(uint64_t pc, TBHookFn *fn, void *opaque)
{
    TBHook *h = calloc(1, sizeof(*h));
    _Atomic(TBHook *) *p = hook_bucket(pc);
    int id;

    if (!h) {
        return -1;
    }
    h->pc = pc;
    h->fn = fn;
    h->opaque = opaque;
    engine_lock();
    id = h->id = ++last_id;
    /* In order of addition. */
    while (atomic_load(p)) {
        p = &atomic_load(p)->next;
    }
    atomic_store(p, h);
    used[hook_hash(pc) / 64] |= UINT64_C(1) << hook_hash(pc) % 64;
    hooks_changed(pc);
    engine_unlock();
    return id;
}

void tb_hook_remove(int id)
{
    engine_lock();
    for (unsigned i = 0; i < ARRAY_SIZE(hooks); i++) {
        _Atomic(TBHook *) *p = &hooks[i];
        TBHook *h;

        while ((h = atomic_load(p)) != NULL) {
            if (h->id == id) {
                atomic_store(p, atomic_load(&h->next));
                hooks_changed(h->pc);
                engine_free_later(h);
                engine_unlock();
                return;
            }
            p = &h->next;
        }
    }
    engine_unlock();
}
