/*
 * The loop of a guest thread: run the CPU until it stops for a reason, and act
 * on the reason: a system call, an exception that becomes a signal, pending
 * signals.
 *
 * Exceptions are translated to siginfo as an x86-64 Linux kernel does
 * (arch/x86 trap numbers, asm-generic/siginfo.h codes).
 *
 * Runs in the guest's thread, without locks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "syscall/internal.h"
#include "user/process.h"
#include "user/signal.h"
#include "user/syscall.h"
#include "user/uaccess.h"
#include "exec/engine.h"
#include "qemu/log.h"
#include <sched.h>

/* si_code of an x87 or SSE exception, from unmasked status bits. */
static int fpe_code(unsigned unmasked)
{
    if (unmasked & 0x01) {
        return FPE_FLTINV;
    }
    if (unmasked & 0x04) {
        return FPE_FLTDIV;
    }
    if (unmasked & 0x08) {
        return FPE_FLTOVF;
    }
    if (unmasked & 0x12) {      /* denormal operand, underflow */
        return FPE_FLTUND;
    }
    if (unmasked & 0x20) {
        return FPE_FLTRES;
    }
    return 0;
}

static void page_fault(CPUArchState *env, TaskState *ts)
{
    bool write = env->error_code & PG_ERROR_W;
    uint32_t err = env->error_code;
    int host_sig = env->host_si_code ? ts->host_fault_sig : SIGSEGV;
    int code = SEGV_MAPERR;
    int sig;

    sig = mmap_fault_info(env->cr2, write, host_sig, env->host_si_code,
                          &code, &err);
    err |= PG_ERROR_U | (env->error_code & PG_ERROR_I);
    if (sig == SIGBUS) {
        err &= ~PG_ERROR_P;
    } else if (env->cr2 >= TARGET_TASK_SIZE) {
        /* The kernel does not tell what is mapped in its half. */
        err |= PG_ERROR_P;
    } else if (HOST_IS_GUEST_ABI && env->host_si_code &&
               host_page_size == TARGET_PAGE_SIZE &&
               !(env->error_code & (PG_ERROR_I | PG_ERROR_P))) {
        /* The host knows of pages that nobody has touched yet. */
        err &= ~PG_ERROR_P;
    }
    ts->trap_err = err;
    ts->trap_cr2 = env->cr2;
    env->host_si_code = 0;
    signal_force_fault(env, sig, code, env->cr2);
}

/* Error code of `int 0x80`, whose gate is not for the programs run here. */
#define GATE_32BIT_CALL (0x80 * 8 + 2)

static void report_32bit_call(uint64_t rip)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&said)) {
        error_report("32-bit system call (int 0x80) at %#" PRIx64
                     ": only 64-bit programs are supported", rip);
    }
}

/* Architecture exception @excp: remember it for the frame, raise a signal. */
static void exception_to_signal(CPUArchState *env, int excp)
{
    TaskState *ts = task_of(env);
    uint64_t rip = env->rip;

    ts->trap_nr = excp;
    ts->trap_err = env->error_code;
    switch (excp) {
    case EXCP00_DIVZ:
        signal_force_fault(env, SIGFPE, FPE_INTDIV, rip);
        break;
    case EXCP01_DB:
        signal_force_fault(env, SIGTRAP, TRAP_TRACE, rip);
        break;
    case EXCP03_INT3:
        signal_force_fault(env, SIGTRAP, SI_KERNEL, 0);
        break;
    case EXCP04_INTO:
        signal_force_fault(env, SIGSEGV, SI_KERNEL, 0);
        break;
    case EXCP06_ILLOP:
        signal_force_fault(env, SIGILL, ILL_ILLOPN, rip);
        break;
    case EXCP0B_NOSEG:
    case EXCP0C_STACK:
        signal_force_fault(env, SIGBUS, SI_KERNEL, 0);
        break;
    case EXCP0E_PAGE:
        page_fault(env, ts);
        break;
    case EXCP10_COPR:
        signal_force_fault(env, SIGFPE, fpe_code(env->fpus & ~env->fpuc & 0x3f),
                           rip);
        break;
    case EXCP11_ALGN:
        signal_force_fault(env, SIGBUS, BUS_ADRALN, 0);
        break;
    case EXCP13_SIMD:
        signal_force_fault(env, SIGFPE,
                           fpe_code(env->mxcsr & ~(env->mxcsr >> 7) & 0x3f),
                           rip);
        break;
    default:
        if (env->error_code == GATE_32BIT_CALL) {
            report_32bit_call(rip);
        }
        /* Everything else is a general protection fault to a program. */
        ts->trap_nr = EXCP0D_GPF;
        signal_force_fault(env, SIGSEGV, SI_KERNEL, 0);
        break;
    }
    env->error_code = 0;
}

static inline void run_syscall(CPUArchState *env, TaskState *ts)
{
    uint64_t nr = env->regs[R_EAX];
    uint64_t args[6] = {
        env->regs[R_EDI], env->regs[R_ESI], env->regs[R_EDX],
        env->regs[R_R10], env->regs[R_R8], env->regs[R_R9],
    };
    int64_t ret;

    if (unlikely(ts->signal_pending)) {
        /* The signal came first: the call starts after its handler. */
        env->rip -= 2;
        return;
    }
    env->regs[R_ECX] = env->rip;
    env->regs[R_R11] = cpu_get_eflags(env);
    ret = do_syscall(env, nr, args);
    if (likely(ret > -QEMU_ERESTARTSYS || ret < -QEMU_ERESTARTNOHAND)) {
        env->regs[R_EAX] = ret;
    } else if (ret != -QEMU_ESIGRETURN) {
        ts->restart_kind = -ret;
        ts->restart_nr = nr;
        ts->signal_pending = 1;
    }
}

bool vsyscall_emulate(CPUArchState *env)
{
    static const uint16_t numbers[] = {
        96,     /* gettimeofday */
        201,    /* time */
        309,    /* getcpu */
    };
    uint64_t offset = env->rip & ~GUEST_PAGE_MASK;
    uint64_t args[6] = {
        env->regs[R_EDI], env->regs[R_ESI], env->regs[R_EDX],
        env->regs[R_R10], env->regs[R_R8], env->regs[R_R9],
    };
    uint64_t caller;
    int64_t ret;

    if ((offset & 0x3ff) || offset / 0x400 >= ARRAY_SIZE(numbers) ||
        !get_guest_u64(&caller, env->regs[R_ESP])) {
        return false;
    }
    ret = do_syscall(env, numbers[offset / 0x400], args);
    if (ret == -EFAULT) {
        return false;
    }
    env->regs[R_EAX] = ret;
    env->rip = caller;
    env->regs[R_ESP] += 8;
    return true;
}

static inline void handle_exit(CPUArchState *env, TaskState *ts, int excp)
{
    switch (excp) {
    case EXCP_SYSCALL:
        run_syscall(env, ts);
        break;
    case EXCP_INTERRUPT:
        break;
    case EXCP_YIELD:
        sched_yield();
        break;
    case EXCP_VSYSCALL:
        if (!vsyscall_emulate(env)) {
            ts->trap_nr = EXCP0E_PAGE;
            ts->trap_err = PG_ERROR_U | PG_ERROR_I | PG_ERROR_P;
            ts->trap_cr2 = env->rip;
            signal_force_fault(env, SIGSEGV, SEGV_MAPERR, env->rip);
        }
        break;
    case EXCP_DEBUG:
        signal_force_fault(env, SIGTRAP, TRAP_BRKPT, env->rip);
        break;
    default:
        qemu_log_mask(LOG_INT, "exception %d error %#x rip %#" PRIx64
                      " cr2 %#" PRIx64 "\n", excp, env->error_code,
                      env->rip, env->cr2);
        exception_to_signal(env, excp);
        break;
    }
    if (unlikely(ts->signal_pending)) {
        signal_deliver_pending(env);
    }
}

void cpu_loop_handle(CPUArchState *env, int excp)
{
    handle_exit(env, task_of(env), excp);
    mmap_safe_point();
}

void cpu_loop(CPUArchState *env)
{
    TaskState *ts = task_of(env);

    if (sigsetjmp(ts->exit_jmp, 0)) {
        return;
    }
    for (;;) {
        mmap_safe_point();
        handle_exit(env, ts, cpu_exec(env));
    }
}
