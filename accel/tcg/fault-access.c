/*
 * How much the guest instruction accesses that just faulted, for hosts whose
 * pages are larger than the guest's: one access may be allowed in the page it
 * begins in and forbidden in the next one, and the host sees one page.
 *
 * Runs in signal handlers, in the thread of the CPU; changes nothing of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "accel/tcg/host-signal.h"
#include "exec/translator.h"

/* Another thread may have unmapped the instruction since it ran. */
static unsigned look_at(EngineCPU *cpu, uint64_t pc)
{
    unsigned size;

    if (_setjmp(cpu->look_jmp)) {
        cpu->looking = false;
        return 0;
    }
    cpu->looking = true;
    size = x86_access_size(pc);
    cpu->looking = false;
    return size;
}

unsigned cpu_fault_access_size(CPUArchState *env, const void *ucontext)
{
    EngineCPU *cpu = engine_cpu(env);
    uintptr_t host_pc = host_fault_pc(ucontext);
    uint64_t pc = env->rip;
    TB *tb;

    if (!cpu->in_code || cpu->translating || cpu->looking) {
        return 0;
    }
    if (engine.backend->fault_pc) {
        host_pc = (uintptr_t)engine.backend->fault_pc(env);
    }
    tb = code_cache_find(host_pc);
    if (tb) {
        unwind_restore(tb, NULL, host_pc - (uintptr_t)tb->code, NULL,
                       &pc);
    }
    return look_at(cpu, pc);
}
