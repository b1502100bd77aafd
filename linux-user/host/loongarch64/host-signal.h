/*
 * What a signal handler can learn and change on a LoongArch64 Linux host: the
 * interrupted program counter, the signal mask to return to, whether a fault
 * was a write; and the kernel's own form of sigaction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HOST_SIGNAL_H
#define HOST_SIGNAL_H

#include "qemu/osdep.h"
#include "qemu/la-insn.h"
#include <signal.h>
#include <sys/ucontext.h>

/*
 * struct sigaction of the rt_sigaction system call.  Linux has no restorer here
 * and ignores the last word; qemu-loongarch64 (7.2) takes a restorer before the
 * mask, and writes that much when it is asked.
 */
typedef struct HostSigAction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    uint64_t mask;
    uint64_t mask_after_restorer;
} HostSigAction;

/* The kernel returns from handlers through its vDSO. */
static inline void host_sigaction_complete(HostSigAction *act)
{
    act->mask_after_restorer = act->mask;
}

static inline uintptr_t host_signal_pc(const void *puc)
{
    const ucontext_t *uc = puc;

    return uc->uc_mcontext.__pc;
}

static inline void host_signal_set_pc(void *puc, uintptr_t pc)
{
    ucontext_t *uc = puc;

    uc->uc_mcontext.__pc = pc;
}

/*
 * The system call that the interrupted code is about to make (or to make again),
 * or -1; and let it fail with EINTR instead.
 */
static inline long host_signal_syscall(const void *puc)
{
    const ucontext_t *uc = puc;
    const uint32_t *insn = (const uint32_t *)uc->uc_mcontext.__pc;

    return *insn == 0x002b0000 ? (long)uc->uc_mcontext.__gregs[11] : -1;
}

static inline void host_signal_fail_syscall(void *puc)
{
    ucontext_t *uc = puc;

    uc->uc_mcontext.__gregs[4] = -EINTR;
    uc->uc_mcontext.__pc += 4;
}

static inline uintptr_t host_signal_sp(const void *puc)
{
    const ucontext_t *uc = puc;

    return uc->uc_mcontext.__gregs[LARCH_REG_SP];
}

/* The mask in force after the handler returns. */
static inline uint64_t *host_signal_mask(void *puc)
{
    ucontext_t *uc = puc;

    return (uint64_t *)&uc->uc_sigmask;
}

static inline bool host_signal_is_write(const siginfo_t *info, const void *puc)
{
    return la_insn_stores(*(const uint32_t *)host_signal_pc(puc));
}

/* Where the interrupted load or store goes, if it is one; else false. */
static inline bool host_signal_operand(const void *puc, uintptr_t *addr)
{
    const ucontext_t *uc = puc;
    uint32_t insn = *(const uint32_t *)host_signal_pc(puc);
    unsigned major = insn >> 22;
    uintptr_t base = uc->uc_mcontext.__gregs[insn >> 5 & 31];

    if (major >= 0xa0 && major <= 0xb3) {               /* ld.b ... xvst */
        *addr = base + ((int32_t)(insn << 10) >> 20);
    } else if (major >= 0x80 && major <= 0x9f) {        /* ll.w ... stptr.d */
        *addr = base + ((int32_t)(insn << 8) >> 18) * 4;
    } else if (insn >> 16 >= 0x3800 && insn >> 16 <= 0x384f) {
        *addr = base + uc->uc_mcontext.__gregs[insn >> 10 & 31];
    } else if (insn >> 16 >= 0x3857 && insn >> 16 <= 0x3871) {
        *addr = base;                                   /* am* */
    } else {
        return false;
    }
    return true;
}

/*
 * Make of a memory fault what an x86-64 kernel would tell.  An address outside
 * of user space is an address error here (SIGBUS), and an emulated host may not
 * know it at all.
 */
static inline void host_signal_complete(int *sig, siginfo_t *info,
                                        const void *puc)
{
    uintptr_t addr = (uintptr_t)info->si_addr;

    if ((*sig != SIGSEGV && *sig != SIGBUS) ||
        (!addr && !host_signal_operand(puc, &addr))) {
        return;
    }
    info->si_addr = (void *)addr;
    if (addr >> 47 && *sig == SIGBUS) {
        *sig = info->si_signo = SIGSEGV;
        info->si_code = SEGV_MAPERR;
    }
}

/* Base of the calling thread's own (host) thread-local storage. */
static inline uintptr_t host_thread_pointer(void)
{
    uintptr_t tp;

    __asm__("move %0, $tp" : "=r"(tp));
    return tp;
}

#endif
