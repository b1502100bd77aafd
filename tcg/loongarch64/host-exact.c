/*
 * Does a vector instruction that traps leave everything as it was?
 *
 * A CPU does not change a register or memory by an instruction that traps.  An
 * emulated host may have done it for some elements when it comes to the one that
 * traps, and then what it was is lost.  So it is tried once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { FCSR_TRAP_INVALID = 0x10 };

/* Register 0 when an instruction traps, and what it is divided by. */
static const double numbers[8] = { 2, 0, 3, 5, 4, 0, 4, 4 };
static bool exact;

/* Look at register 0 and go on behind the instruction. */
static void on_trap(int sig, siginfo_t *info, void *p)
{
    ucontext_t *uc = p;
    LAFpContext f;

    if (!la_fp_context(uc, &f) ||
        memcmp(f.regs, numbers, la_have(LA_F_LASX) ? 32 : 16)) {
        exact = false;
    }
    uc->uc_mcontext.__pc += 4;
}

/* void(numbers, address of which the first half can be accessed) */
static void emit(LAAsm *a)
{
    bool wide = la_have(LA_F_LASX);
    void (*load)(LAAsm *, unsigned, unsigned, int64_t) = wide ? la_xvld : la_vld;

    la_ori(a, LA_T0, LA_ZERO, FCSR_TRAP_INVALID);
    la_movgr2fcsr(a, 0, LA_T0);
    load(a, 0, LA_A0, 0);
    load(a, 1, LA_A0, 32);
    (wide ? la_xvfdiv_d : la_vfdiv_d)(a, 0, 0, 1);  /* 0 / 0 traps, 2 / 4 not */
    la_movgr2fcsr(a, 0, LA_ZERO);
    load(a, 0, LA_A0, 0);
    load(a, 0, LA_A1, 0);
    load(a, 0, LA_A0, 0);
    (wide ? la_xvst : la_vst)(a, 0, LA_A1, 0);
    la_jirl(a, LA_ZERO, LA_RA, 0);
}

bool la_host_exact(TCGCodeBuf buf)
{
    struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
    struct sigaction old[2];
    size_t page = getpagesize();
    void (*fn)(const double *, double *) = (void *)buf.rx;
    LAAsm a = { .p = (uint32_t *)buf.rw };
    double *at;
    uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    exact = pages != MAP_FAILED;
    if (!exact) {
        return false;
    }
    mprotect(pages + page, page, PROT_NONE);
    at = (double *)(pages + page - (la_have(LA_F_LASX) ? 16 : 8));
    pages[page - 1] = *(uint8_t *)at = 0x55;
    emit(&a);
    la_replaced(buf.rx, (uint8_t *)a.p - buf.rw);
    sigaction(SIGFPE, &sa, &old[0]);
    sigaction(SIGSEGV, &sa, &old[1]);
    fn(numbers, at);
    sigaction(SIGFPE, &old[0], NULL);
    sigaction(SIGSEGV, &old[1], NULL);
    exact &= pages[page - 1] == 0x55 && *(uint8_t *)at == 0x55;
    munmap(pages, 2 * page);
    return exact;
}
