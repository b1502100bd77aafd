/*
 * Bridges: guest addresses at which a C function runs in place of guest code.
 *
 * The unit at a bridged pc is made from nothing but the table here: call the
 * function with constant arguments, then return as the guest's RET does, by
 * way of the return stack.  No guest byte is read, so the address need not be
 * mapped.  No unit runs into a bridged pc from before.  The function may
 * change any register, may block, may run guest code in a nested cpu_exec(),
 * and may leave with cpu_loop_exit(); a fault in it is a guest exception at
 * the bridged pc, with registers as the function left them.
 *
 * Locking: the table is under the engine lock.  Generated code holds a pointer
 * to its entry; entries are freed when no CPU can be in such code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/pause.h"

#define BRIDGE_HASH_BITS 12

typedef struct TBBridge {
    struct TBBridge *next;
    uint64_t pc;
    TBHookFn *fn;
    void *opaque;
} TBBridge;

static TBBridge *bridges[1u << BRIDGE_HASH_BITS];
/* No bridge is outside; never shrinks. */
static uint64_t lowest = UINT64_MAX, highest;

static TBBridge **bridge_place(uint64_t pc)
{
    TBBridge **p = &bridges[(pc >> 4 ^ pc >> (4 + BRIDGE_HASH_BITS)) &
                            ((1u << BRIDGE_HASH_BITS) - 1)];

    while (*p && (*p)->pc != pc) {
        p = &(*p)->next;
    }
    return p;
}

bool bridge_at(uint64_t pc)
{
    if (likely(pc < lowest || pc > highest)) {
        return false;
    }
    return *bridge_place(pc) != NULL;
}

/* The way of every bridged call. */
static void helper_bridge(void *opaque, uint64_t arg)
{
    const TBBridge *b = (const TBBridge *)(uintptr_t)arg;
    CPUArchState *env = opaque;
    EngineCPU *cpu = engine_cpu(env);
    CPUPause pause;

    cpu_pause(cpu, &pause);
    b->fn(env, b->opaque);
    cpu_unpause(cpu, &pause);
}

static const TCGHelper bridge_helper = {
    .name = "bridge",
    .fn = (uintptr_t)helper_bridge,
    .flags = TCG_HF_FAULTS | TCG_HF_READS_GLOBALS | TCG_HF_WRITES_GLOBALS |
             TCG_HF_READS_VREGS | TCG_HF_WRITES_VREGS | TCG_HF_READS_CC |
             TCG_HF_WRITES_CC | TCG_HF_FPU_LIVE,
    .takes_env = 1,
    .nargs = 1,
};

/* The global that is the guest's stack pointer. */
static TCGv stack_pointer(const TCGContext *s)
{
    TCGv v = 1;

    while (s->vals[v].type != TCG_I64 ||
           s->vals[v].offset != offsetof(CPUArchState, regs[R_ESP])) {
        v++;
    }
    return v;
}

void bridge_gen(TCGContext *s, uint64_t pc)
{
    TCGv arg = tcg_const(s, (uintptr_t)*bridge_place(pc));
    TCGv rsp = stack_pointer(s), to = tcg_temp(s);

    tcg_gen_insn_start(s, pc);
    if (!(*bridge_place(pc))->fn) {
        tcg_gen_exit_reason(s, EXCP_HLT_BRIDGE, tcg_const(s, pc));
        return;
    }
    tcg_gen_call(s, &bridge_helper, TCGV_NONE, 1, &arg);
    tcg_gen_ld(s, TCG_OP_ld, MO_64, to, (TCGMem) { .base = rsp });
    tcg_gen2(s, TCG_OP_add, MO_64, rsp, rsp, tcg_const(s, 8));
    tcg_gen_exit_ret(s, to, TCG_RET_UNKNOWN);
}

static void bridges_changed(uint64_t pc)
{
    TB *tb = tb_lookup(pc);

    hooks_changed(pc);
    if (tb && tb_is_valid(tb)) {
        /* a bridge's unit depends on no page */
        tb_retire(tb, false);
        tb_retire_done();
    }
}

bool tb_bridge_add(uint64_t pc, TBHookFn *fn, void *opaque)
{
    TBBridge *b = malloc(sizeof(*b)), **p;

    if (!b) {
        return false;
    }
    *b = (TBBridge) { .pc = pc, .fn = fn, .opaque = opaque };
    engine_lock();
    p = bridge_place(pc);
    if (*p) {
        engine_unlock();
        free(b);
        return false;
    }
    *p = b;
    lowest = MIN(lowest, pc);
    highest = MAX(highest, pc);
    bridges_changed(pc);
    engine_unlock();
    return true;
}

void tb_bridge_remove(uint64_t pc)
{
    TBBridge **p, *b;

    engine_lock();
    p = bridge_place(pc);
    b = *p;
    if (b) {
        *p = b->next;
        bridges_changed(pc);
        engine_free_later(b);
    }
    engine_unlock();
}
