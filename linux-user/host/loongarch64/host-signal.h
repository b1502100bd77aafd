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
#include <signal.h>
#include <sys/ucontext.h>

/* struct sigaction of the rt_sigaction system call. */
typedef struct HostSigAction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    uint64_t mask;
} HostSigAction;

/* The kernel returns from handlers through its vDSO. */
static inline void host_sigaction_complete(HostSigAction *act)
{
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

/*
 * The kernel does not always tell (sc_flags), so look at the instruction.
 * Opcodes are those of the LoongArch reference manual, volume 1, appendix B.
 */
static inline bool host_signal_is_write(const siginfo_t *info, const void *puc)
{
    uint32_t insn = *(const uint32_t *)host_signal_pc(puc);

    switch (insn >> 24) {
    case 0x21: case 0x23:                   /* sc.w sc.d */
    case 0x25: case 0x27:                   /* stptr.w stptr.d */
    case 0x31: case 0x33:                   /* vstelm xvstelm */
        return true;
    }
    switch (insn >> 22) {
    case 0xa4: case 0xa5: case 0xa6: case 0xa7:     /* st.b ... st.d */
    case 0xad: case 0xaf:                           /* fst.s fst.d */
    case 0xb1: case 0xb3:                           /* vst xvst */
        return true;
    }
    switch (insn >> 15) {
    case 0x7020: case 0x7028: case 0x7030: case 0x7038:     /* stx */
    case 0x7070: case 0x7078:                               /* fstx */
    case 0x7088: case 0x7098:                               /* vstx xvstx */
        return true;
    }
    /* am* atomics, then the bound-checked fst and st forms. */
    return (insn >> 15 >= 0x70b0 && insn >> 15 <= 0x70e3) ||
           (insn >> 15 >= 0x70ec && insn >> 15 <= 0x70ef) ||
           (insn >> 15 >= 0x70f8 && insn >> 15 <= 0x70ff);
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
