/*
 * What a signal handler can learn and change on an x86-64 Linux host: the
 * interrupted program counter, the signal mask to return to, whether a fault
 * was a write; and the kernel's own form of sigaction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HOST_SIGNAL_H
#define HOST_SIGNAL_H

#include "qemu/osdep.h"
#include <signal.h>
#include <sys/ucontext.h>

#define HOST_SA_RESTORER 0x04000000ul

/* struct sigaction of the rt_sigaction system call. */
typedef struct HostSigAction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
} HostSigAction;

void host_sigreturn(void) __attribute__((visibility("hidden")));

/* The kernel refuses handlers that do not bring their return address. */
static inline void host_sigaction_complete(HostSigAction *act)
{
    act->flags |= HOST_SA_RESTORER;
    act->restorer = host_sigreturn;
}

static inline uintptr_t host_signal_pc(const void *puc)
{
    const ucontext_t *uc = puc;

    return uc->uc_mcontext.gregs[REG_RIP];
}

static inline void host_signal_set_pc(void *puc, uintptr_t pc)
{
    ucontext_t *uc = puc;

    uc->uc_mcontext.gregs[REG_RIP] = pc;
}

/*
 * The system call that the interrupted code is about to make (or to make again),
 * or -1; and let it fail with EINTR instead.
 */
static inline long host_signal_syscall(const void *puc)
{
    const ucontext_t *uc = puc;
    const uint16_t *insn = (const uint16_t *)uc->uc_mcontext.gregs[REG_RIP];

    return *insn == 0x050f ? uc->uc_mcontext.gregs[REG_RAX] : -1;
}

static inline void host_signal_fail_syscall(void *puc)
{
    ucontext_t *uc = puc;

    uc->uc_mcontext.gregs[REG_RAX] = -EINTR;
    uc->uc_mcontext.gregs[REG_RIP] += 2;
}

static inline uintptr_t host_signal_sp(const void *puc)
{
    const ucontext_t *uc = puc;

    return uc->uc_mcontext.gregs[REG_RSP];
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

    /* Page fault error code, bit 1; trap 14 is a page fault. */
    return uc->uc_mcontext.gregs[REG_TRAPNO] == 14 &&
           (uc->uc_mcontext.gregs[REG_ERR] & 2);
}

/* The kernel tells all there is to know of a memory fault. */
static inline void host_signal_complete(int *sig, siginfo_t *info,
                                        const void *puc)
{
}

/* Base of the calling thread's own (host) thread-local storage. */
static inline uintptr_t host_thread_pointer(void)
{
    return (uintptr_t)__builtin_thread_pointer();
}

#endif
