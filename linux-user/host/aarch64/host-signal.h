/*
 * What a signal handler can learn and change on an AArch64 Linux host: the
 * interrupted program counter, the signal mask to return to, whether a fault
 * was a write; and the kernel's own form of sigaction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HOST_SIGNAL_H
#define HOST_SIGNAL_H

#include "qemu/osdep.h"
#include "qemu/a64-insn.h"
#include <signal.h>
#include <sys/ucontext.h>

/* Show the handler all of a faulting address; kernels before 5.11 ignore it. */
#define HOST_SA_EXPOSE_TAGBITS 0x800ul

/* struct sigaction of the rt_sigaction system call. */
typedef struct HostSigAction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
} HostSigAction;

/* Without a restorer the kernel returns from handlers through its vDSO. */
static inline void host_sigaction_complete(HostSigAction *act)
{
    act->flags |= HOST_SA_EXPOSE_TAGBITS;
}

static inline uintptr_t host_signal_pc(const void *puc)
{
    const ucontext_t *uc = puc;

    return uc->uc_mcontext.pc;
}

static inline void host_signal_set_pc(void *puc, uintptr_t pc)
{
    ucontext_t *uc = puc;

    uc->uc_mcontext.pc = pc;
}

/*
 * The system call that the interrupted code is about to make (or to make again),
 * or -1; and let it fail with EINTR instead.
 */
static inline long host_signal_syscall(const void *puc)
{
    const ucontext_t *uc = puc;
    const uint32_t *insn = (const uint32_t *)uc->uc_mcontext.pc;

    return *insn == 0xd4000001 ? (long)uc->uc_mcontext.regs[8] : -1;
}

static inline void host_signal_fail_syscall(void *puc)
{
    ucontext_t *uc = puc;

    uc->uc_mcontext.regs[0] = -EINTR;
    uc->uc_mcontext.pc += 4;
}

static inline uintptr_t host_signal_sp(const void *puc)
{
    const ucontext_t *uc = puc;

    return uc->uc_mcontext.sp;
}

/* The mask in force after the handler returns. */
static inline uint64_t *host_signal_mask(void *puc)
{
    ucontext_t *uc = puc;

    return (uint64_t *)&uc->uc_sigmask;
}

static inline bool host_signal_is_write(const siginfo_t *info, const void *puc)
{
    const ucontext_t *uc = puc;

    return a64_fault_is_write((const uint8_t *)uc->uc_mcontext.__reserved,
                              sizeof(uc->uc_mcontext.__reserved),
                              uc->uc_mcontext.pc);
}

/*
 * The kernel tells all there is to know of a memory fault; an emulated one may
 * not know an address outside of user space.
 */
static inline void host_signal_complete(int *sig, siginfo_t *info,
                                        const void *puc)
{
    const ucontext_t *uc = puc;
    uintptr_t addr = 0;

    if (*sig == SIGSEGV && !info->si_addr &&
        a64_insn_operand(*(const uint32_t *)uc->uc_mcontext.pc,
                         (const uint64_t *)uc->uc_mcontext.regs,
                         uc->uc_mcontext.sp, &addr) && addr >> 47) {
        info->si_addr = (void *)addr;
    }
}

/* Base of the calling thread's own (host) thread-local storage. */
static inline uintptr_t host_thread_pointer(void)
{
    return (uintptr_t)__builtin_thread_pointer();
}

#endif
