/*
 * Host faults become guest exceptions: from a host pc in a unit to the guest
 * instruction, its registers and its flags.
 *
 * Each unit carries a compressed table, one entry per guest instruction:
 *
 *     uleb128   distance of its host code from the previous one's
 *     sleb128   distance of its pc from the previous one's
 *     1 byte    flags record in force at its start: 0 = in the CPU state,
 *               127 = as for the previous entry, else kind << 2 | width,
 *               followed by its operands: 0, or 1 and uleb128 offset of a
 *               register in the CPU state, or 2 and uleb128 constant; with
 *               bit 7 set: followed by
 *     uleb128   state of the host's registers, for settle_state()
 *
 * A fault inside a helper needs no table: such helpers are called with
 * everything in the CPU state.
 *
 * Everything here runs in signal handlers, in the thread of the CPU.  The
 * engine lock may be taken: a fault while this thread holds it happens only
 * where the translator reads guest code, and that case comes first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "accel/tcg/host-signal.h"
#include "exec/translator.h"

enum { UNWIND_IN_ENV = 0, UNWIND_SAME = 127, UNWIND_HOST = 128 };
QEMU_BUILD_BUG_ON(TCG_CC_OP(CC_KIND_MAX, 0) > UNWIND_SAME);
enum { OPERAND_NONE, OPERAND_REG, OPERAND_CONST };

static uint8_t *put_uleb(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = v | 0x80;
        v >>= 7;
    }
    *p++ = v;
    return p;
}

static const uint8_t *get_uleb(const uint8_t *p, uint64_t *v)
{
    unsigned shift = 0;

    *v = 0;
    do {
        *v |= (uint64_t)(*p & 0x7f) << shift;
        shift += 7;
    } while (*p++ & 0x80);
    return p;
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1 ^ -(v & 1));
}

static bool same_record(const TCGInsnMark *a, const TCGInsnMark *b)
{
    return a->cc_kind == b->cc_kind && a->cc_width == b->cc_width &&
           !memcmp(a->cc_src, b->cc_src, sizeof(a->cc_src));
}

static uint8_t *put_operand(uint8_t *p, const TCGContext *s, TCGv v)
{
    const TCGVal *val = &s->vals[v];

    if (!v) {
        *p++ = OPERAND_NONE;
    } else if (val->kind == TCG_VAL_GLOBAL) {
        *p++ = OPERAND_REG;
        p = put_uleb(p, val->offset);
    } else {
        *p++ = OPERAND_CONST;
        p = put_uleb(p, val->value);
    }
    return p;
}

/* At most @max bytes; entries that do not fit are left out. */
size_t unwind_encode(const TCGContext *s, uint8_t *out, size_t max)
{
    enum { WORST = 10 + 10 + 1 + 3 * 11 + 5 };
    uint64_t pc = s->pc;
    uint32_t offset = 0;
    const TCGInsnMark *prev = NULL;
    uint8_t *p = out;

    for (unsigned i = 0; i < s->nb_marks; i++) {
        const TCGInsnMark *m = &s->marks[i];
        uint8_t host = m->host ? UNWIND_HOST : 0;

        if ((size_t)(p - out) + WORST > max) {
            break;
        }
        p = put_uleb(p, m->code_offset - offset);
        p = put_uleb(p, zigzag(m->pc - pc));
        if (m->cc_kind == CC_KIND_DYNAMIC) {
            *p++ = UNWIND_IN_ENV | host;
        } else if (prev && same_record(m, prev)) {
            *p++ = UNWIND_SAME | host;
        } else {
            *p++ = m->cc_kind << 2 | m->cc_width | host;
            for (unsigned k = 0; k < ARRAY_SIZE(m->cc_src); k++) {
                p = put_operand(p, s, m->cc_src[k]);
            }
        }
        if (host) {
            p = put_uleb(p, m->host);
        }
        pc = m->pc;
        offset = m->code_offset;
        prev = m;
    }
    return p - out;
}

typedef struct CCRecord {
    uint64_t host;          /* TCGInsnMark.host */
    uint8_t op;             /* cc_op, UNWIND_IN_ENV if it counts nothing */
    uint8_t kind[3];        /* OPERAND_* */
    uint64_t value[3];
} CCRecord;

static const uint8_t *get_record(const uint8_t *p, CCRecord *r)
{
    uint8_t first = *p++, op = first & ~UNWIND_HOST;

    r->host = 0;
    if (op != UNWIND_SAME) {
        r->op = op;
    }
    if (op != UNWIND_IN_ENV && op != UNWIND_SAME) {
        for (unsigned k = 0; k < 3; k++) {
            r->kind[k] = *p++;
            r->value[k] = 0;
            if (r->kind[k] != OPERAND_NONE) {
                p = get_uleb(p, &r->value[k]);
            }
        }
    }
    if (first & UNWIND_HOST) {
        p = get_uleb(p, &r->host);
    }
    return p;
}

/* An operand that is none keeps what the CPU state has. */
static uint64_t operand_value(const CPUArchState *env, const CCRecord *r,
                              unsigned k)
{
    const uint64_t field[3] = { env->cc_dst, env->cc_src, env->cc_src2 };
    uint64_t v = r->kind[k] == OPERAND_NONE ? field[k] : r->value[k];

    if (r->kind[k] == OPERAND_REG) {
        memcpy(&v, (const uint8_t *)env + v, sizeof(v));
    }
    return v;
}

/*
 * Set rip and flags of @env for the instruction whose host code contains
 * @code_offset.  The registers are in @env already, but for what the generator
 * finds in @uc (settle_state()).
 */
bool unwind_restore(const TB *tb, CPUArchState *env, uint32_t code_offset,
                    const void *uc, uint64_t *pc_out)
{
    const uint8_t *p = tb->unwind, *end = p + tb->unwind_size;
    CCRecord found = { 0 }, rec = { 0 };
    uint64_t pc = tb->pc, offset = 0, v;
    bool any = false;

    while (p < end) {
        p = get_uleb(p, &v);
        offset += v;
        if (offset > code_offset) {
            break;
        }
        p = get_uleb(p, &v);
        pc += unzigzag(v);
        p = get_record(p, &rec);
        found = rec;
        any = true;
    }
    *pc_out = pc;
    if (any && found.host && env) {
        engine.backend->settle_state(env, found.host, uc);
    }
    if (any && found.op != UNWIND_IN_ENV && env) {
        uint64_t dst = operand_value(env, &found, 0);
        uint64_t src = operand_value(env, &found, 1);
        uint64_t src2 = operand_value(env, &found, 2);

        env->cc_op = found.op;
        env->cc_dst = dst;
        env->cc_src = src;
        env->cc_src2 = src2;
    }
    return any;
}

/* Where a fault hit. */
typedef struct FaultSite {
    TB *tb;                 /* the unit, if it was in one */
    uint32_t offset;        /* in its code */
    bool guest;             /* in a unit or in a helper */
} FaultSite;

static FaultSite find_site(EngineCPU *cpu, uintptr_t host_pc)
{
    FaultSite f = { .guest = cpu->in_code };

    if (engine.backend->fault_pc) {
        host_pc = f.guest ? (uintptr_t)engine.backend->fault_pc(cpu->env) : 0;
    }
    f.tb = code_cache_find(host_pc);
    if (f.tb) {
        f.offset = host_pc - (uintptr_t)f.tb->code;
    } else if (code_cache_contains(host_pc)) {
        f.guest = false;    /* common code does not touch guest memory */
    }
    return f;
}

/* Make the CPU state exact. */
static void sync_state(EngineCPU *cpu, const FaultSite *f, const void *uc)
{
    CPUArchState *env = cpu->env;

    if (f->tb) {
        engine.backend->sync_from_ucontext(env, uc);
        unwind_restore(f->tb, env, f->offset, uc, &env->rip);
        tcg_cc_settle(engine.tcg, env);
    } else if (engine.backend->abandon && !cpu->stepping) {
        engine.backend->abandon(env, uc);
    }
}

static void fill_page_fault(CPUArchState *env, const siginfo_t *info,
                            const void *uc)
{
    uint64_t addr = (uintptr_t)info->si_addr;
    int err = host_fault_error_code(uc);

    if (err < 0) {
        int flags = engine.cfg.user ? engine.cfg.user->page_flags(addr, NULL) :
                                      0;

        /* Readable: it must have been a write. */
        err = (flags & PAGE_READ ? PG_ERROR_W : 0) |
              (flags & (PAGE_READ | PAGE_WRITE | PAGE_EXEC) ? PG_ERROR_P : 0);
    }
    env->common.exception_index = EXCP0E_PAGE;
    env->error_code = (err & ~PG_ERROR_I) | PG_ERROR_U;
    env->cr2 = addr;
}

static bool fill_exception(CPUArchState *env, int sig, const siginfo_t *info,
                           const void *uc)
{
    uint64_t addr = (uintptr_t)info->si_addr;

    env->host_si_code = info->si_code;
    switch (sig) {
    case SIGSEGV:
        if (info->si_code == SI_KERNEL ||
            (int64_t)(addr << 16) >> 16 != (int64_t)addr) {
            env->common.exception_index = EXCP0D_GPF;
            env->error_code = 0;
        } else {
            fill_page_fault(env, info, uc);
        }
        return true;
    case SIGBUS:
        if (info->si_code == SI_KERNEL) {
            /* a host #SS: the address was in a host stack register */
            env->common.exception_index = EXCP0D_GPF;
            env->error_code = 0;
        } else if (info->si_code == BUS_ADRALN) {
            env->common.exception_index = EXCP11_ALGN;
            env->error_code = 0;
        } else {
            fill_page_fault(env, info, uc);
        }
        return true;
    case SIGFPE:
        env->error_code = 0;
        env->common.exception_index =
            info->si_code == FPE_INTDIV || info->si_code == FPE_INTOVF ?
            EXCP00_DIVZ : EXCP13_SIMD;
        return true;
    case SIGILL:
    case SIGTRAP:
        /* see TCGBackend.gen_code */
        env->error_code = 0;
        env->common.exception_index = host_trap_vector(uc);
        return true;
    default:
        return false;
    }
}

/* Reading guest code faulted in the translator (which holds the lock). */
static HostFaultResult translator_fault(EngineCPU *cpu, int sig,
                                        const siginfo_t *info)
{
    uint64_t page = ((uintptr_t)info->si_addr & GUEST_PAGE_MASK) + 1;

    if ((sig != SIGSEGV && sig != SIGBUS) || cpu->bad_page == page) {
        return HOST_FAULT_FOREIGN;
    }
    cpu->bad_page = page;
    cpu->bad_si_code = info->si_code;
    return HOST_FAULT_GUEST;
}

/* Faults at one place that other threads may make void in turn. */
#define MAX_SPURIOUS 64

/*
 * A write to a page the engine had protected?  Anything else is left to the
 * caller: HOST_FAULT_FOREIGN.
 */
static HostFaultResult write_fault(EngineCPU *cpu, const FaultSite *f,
                                   const siginfo_t *info, const void *uc)
{
    uint64_t addr = (uintptr_t)info->si_addr;
    uintptr_t host_pc = host_fault_pc(uc);
    uint64_t rip = cpu && f->guest && !f->tb ? cpu->env->rip : UINT64_MAX;
    unsigned n;
    bool hit;

    engine_lock();
    n = page_write_fault(addr, 1, f->tb, rip, &hit);
    engine_unlock();
    if (!cpu) {
        return n ? HOST_FAULT_RETRY : HOST_FAULT_FOREIGN;
    }
    if (n) {
        cpu->spurious_pc = 0;
        if (!hit || !f->guest) {
            return HOST_FAULT_RETRY;
        }
        /* The code that is running was written: leave it before it goes on. */
        sync_state(cpu, f, uc);
        cpu->env->common.exception_index = EXCP_RESTART;
        return HOST_FAULT_GUEST;
    }
    /*
     * Another thread may have unprotected the page since the host raised
     * this fault.  Then the access works now, unless code is translated there
     * again and again.
     */
    if (cpu->spurious_pc != host_pc || cpu->spurious_addr != addr) {
        cpu->spurious_pc = host_pc;
        cpu->spurious_addr = addr;
        cpu->spurious = 0;
    }
    if (engine.cfg.user && (engine.cfg.user->page_flags(addr, NULL) &
                            PAGE_WRITE) && cpu->spurious++ < MAX_SPURIOUS) {
        return HOST_FAULT_RETRY;
    }
    cpu->spurious_pc = 0;
    return HOST_FAULT_FOREIGN;
}

/*
 * The instruction at rip may not be there any more: another thread has unmapped
 * its code since.  Then the exception stays as it is.
 */
static void fix_exception(EngineCPU *cpu)
{
    if (!_setjmp(cpu->look_jmp)) {
        cpu->looking = true;
        x86_fault_fixup(cpu->env, engine.cfg.user ?
                        engine.cfg.user->page_flags : NULL);
    }
    cpu->looking = false;
}

HostFaultResult cpu_handle_host_fault(CPUArchState *env, int sig,
                                      siginfo_t *info, void *ucontext)
{
    EngineCPU *cpu = env ? engine_cpu(env) : engine_current_cpu;
    FaultSite f = { 0 };

    if (cpu) {
        if (cpu->looking) {
            _longjmp(cpu->look_jmp, 1);
        }
        if (cpu->translating) {
            return translator_fault(cpu, sig, info);
        }
        f = find_site(cpu, host_fault_pc(ucontext));
    }
    if (sig == SIGSEGV && info->si_code == SEGV_ACCERR) {
        HostFaultResult r = write_fault(cpu, &f, info, ucontext);

        if (r != HOST_FAULT_FOREIGN) {
            return r;
        }
    }
    if (sig == SIGFPE && f.tb && engine.backend->fix_fault &&
        engine.backend->fix_fault(cpu->env, ucontext)) {
        return HOST_FAULT_RETRY;
    }
    if (!f.guest || ((sig == SIGILL || sig == SIGTRAP) && !f.tb)) {
        return HOST_FAULT_FOREIGN;
    }
    cpu->stats.faults++;
    sync_state(cpu, &f, ucontext);
    if (!fill_exception(cpu->env, sig, info, ucontext)) {
        return HOST_FAULT_FOREIGN;
    }
    if (cpu->env->common.exception_index == EXCP0D_GPF ||
        cpu->env->common.exception_index == EXCP0E_PAGE) {
        fix_exception(cpu);
    }
    return HOST_FAULT_GUEST;
}

bool cpu_is_translating(void)
{
    return engine_current_cpu && engine_current_cpu->translating;
}

bool cpu_in_generated_code(const void *ucontext)
{
    return !engine.cfg.interp && code_cache_contains(host_fault_pc(ucontext));
}

/* The interpreter found an exception where a host CPU would have faulted. */
void engine_interp_trap(void *opaque, int trap, const void *pc)
{
    CPUArchState *env = opaque;
    TB *tb = code_cache_find((uintptr_t)pc);

    if (tb) {
        unwind_restore(tb, env, (uintptr_t)pc - (uintptr_t)tb->code, NULL,
                       &env->rip);
        tcg_cc_settle(engine.tcg, env);
    }
    cpu_raise_exception(env, trap, 0, 0);
}
