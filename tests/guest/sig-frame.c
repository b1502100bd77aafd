/*
 * The frame a handler gets: alignment, red zone, flags, FP state, siginfo, and
 * exact registers of an instruction that faults.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

uint64_t entry_sp;
static ucontext_t seen_uc;
static siginfo_t seen_info;
static uint32_t seen_sw[12];
static uint32_t seen_magic2;
static uint64_t seen_xstate_bv;
static uint32_t seen_mxcsr;
static uint16_t seen_fcw;
static int hits;

void handler(int sig, siginfo_t *info, void *puc)
{
    ucontext_t *uc = puc;
    uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;

    asm volatile("stmxcsr %0" : "=m"(seen_mxcsr));
    asm volatile("fnstcw %0" : "=m"(seen_fcw));
    seen_uc = *uc;
    seen_info = *info;
    memcpy(seen_sw, fp + 464, sizeof(seen_sw));
    memcpy(&seen_magic2, fp + seen_sw[4], 4);
    memcpy(&seen_xstate_bv, fp + 512, 8);
    hits++;
    if (sig == SIGSEGV) {
        uc->uc_mcontext.gregs[REG_RIP] += 3;    /* mov (%rax),%rbx */
    }
}

/* Note the stack pointer on entry, then go on in C. */
asm(".text\n"
    "entry_handler:\n"
    "    mov %rsp, entry_sp(%rip)\n"
    "    jmp handler\n");
extern void entry_handler(int, siginfo_t *, void *);

static void red_zone(void)
{
    uint64_t out;

    asm volatile(
        "movabs $0x1122334455667788, %%rax\n"
        "mov %%rax, -8(%%rsp)\n"
        "mov %%rax, -128(%%rsp)\n"
        "mov %[pid], %%edi\n"
        "mov %[sig], %%esi\n"
        "mov $62, %%eax\n"
        "syscall\n"
        "mov -8(%%rsp), %%rax\n"
        "xor -128(%%rsp), %%rax\n"
        "mov %%rax, %[out]\n"
        : [out] "=&r"(out)
        : [pid] "r"(getpid()), [sig] "i"(SIGUSR1)
        : "rax", "rdi", "rsi", "rcx", "r11", "memory");
    CHECK_EQ(out, 0);
}

static void fault_registers(void)
{
    uint64_t sp = 0, rip = 0, after[4] = { 0 };
    const long base = 0x1000100010001000;
    int order[] = { REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_R8,
                    REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
                    REG_R15 };

    asm volatile(
        "mov %%rsp, %[sp]\n"
        "lea 1f(%%rip), %%rax\n"
        "mov %%rax, %[rip]\n"
        "movabs $0x1000100010001000, %%rax\n"
        "lea 1(%%rax), %%rbx\n lea 2(%%rax), %%rcx\n lea 3(%%rax), %%rdx\n"
        "lea 4(%%rax), %%rsi\n lea 5(%%rax), %%rdi\n lea 6(%%rax), %%r8\n"
        "lea 7(%%rax), %%r9\n lea 8(%%rax), %%r10\n lea 9(%%rax), %%r11\n"
        "lea 10(%%rax), %%r12\n lea 11(%%rax), %%r13\n"
        "lea 12(%%rax), %%r14\n lea 13(%%rax), %%r15\n"
        "cmp $-1, %%rax\n"
        "mov $0x1238, %%eax\n"
        "pcmpeqd %%xmm3, %%xmm3\n"
        "movd %%eax, %%xmm4\n"
        "1: mov (%%rax), %%rbx\n"
        "mov %%rbx, %[a0]\n mov %%r15, %[a1]\n mov %%rax, %[a2]\n"
        : [sp] "=m"(sp), [rip] "=m"(rip), [a0] "=m"(after[0]),
          [a1] "=m"(after[1]), [a2] "=m"(after[2])
        :
        : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
          "r12", "r13", "r14", "r15", "xmm3", "xmm4", "cc", "memory");
    greg_t *g = seen_uc.uc_mcontext.gregs;
    for (int i = 0; i < 13; i++) {
        CHECK_EQ(g[order[i]], base + i + 1);
    }
    CHECK_EQ(g[REG_RAX], 0x1238);
    CHECK_EQ(g[REG_RSP], sp);
    CHECK_EQ(g[REG_RIP], rip);
    CHECK_EQ(g[REG_TRAPNO], 14);
    CHECK_EQ(g[REG_ERR], 4);
    CHECK_EQ(g[REG_CR2], 0x1238);
    CHECK_EQ(g[REG_EFL] & 0xc5, 0x01);
    CHECK_EQ(after[0], base + 1);
    CHECK_EQ(after[1], base + 13);
    CHECK_EQ(seen_info.si_signo, SIGSEGV);
    CHECK_EQ(seen_info.si_code, SEGV_MAPERR);
    CHECK_EQ(seen_info.si_addr, 0x1238);
    printf("efl %llx csgsfs %llx\n", (long long)g[REG_EFL] & 0x7ff,
           (long long)g[REG_CSGSFS] & 0xffff);
}

static void frame_contents(void)
{
    sigset_t mask, old;
    uint32_t mxcsr = 0x1f80 | 0x6000, back;

    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
    raise(SIGUSR1);
    asm volatile("stmxcsr %0" : "=m"(back));
    CHECK_EQ(back, mxcsr);
    mxcsr = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
    CHECK_EQ(seen_mxcsr & ~0x3f, 0x1f80);
    CHECK_EQ(seen_fcw, 0x37f);
    CHECK_EQ(seen_uc.uc_mcontext.fpregs->mxcsr, 0x1f80 | 0x6000);
    CHECK_EQ(entry_sp % 16, 8);
    CHECK_EQ(seen_uc.uc_link, 0);
    CHECK_EQ(seen_uc.uc_flags & 6, 6);
    CHECK_EQ((uint64_t)seen_uc.uc_mcontext.fpregs % 64, 0);
    CHECK_EQ(seen_sw[0], 0x46505853);
    CHECK_EQ(seen_sw[1], seen_sw[4] + 4);
    CHECK_EQ(seen_magic2, 0x46505845);
    CHECK_EQ(seen_sw[2] & 3, 3);
    CHECK_EQ(seen_xstate_bv & 3, 3);
    CHECK_EQ(seen_info.si_code, SI_TKILL);
    CHECK_EQ(seen_info.si_pid, getpid());
    CHECK_EQ(seen_info.si_uid, getuid());

    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigaddset(&mask, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &mask, &old);
    raise(SIGUSR1);
    CHECK(sigismember(&seen_uc.uc_sigmask, SIGUSR2));
    CHECK(sigismember(&seen_uc.uc_sigmask, SIGRTMIN + 3));
    CHECK(!sigismember(&seen_uc.uc_sigmask, SIGUSR1));
    CHECK_EQ(seen_uc.uc_mcontext.gregs[REG_OLDMASK],
             *(uint64_t *)&seen_uc.uc_sigmask);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* What a handler changes in its context is what the program goes on with. */
static void edit(int sig, siginfo_t *info, void *puc)
{
    ucontext_t *uc = puc;

    uc->uc_mcontext.gregs[REG_R12] = 0x5a5a;
    uc->uc_mcontext.gregs[REG_EFL] |= 1;
    uc->uc_mcontext.fpregs->_xmm[5].element[0] = 0x77;
    uc->uc_mcontext.fpregs->mxcsr = 0x1f80 | 0x2000;
}

static void edited_context(void)
{
    uint64_t r12, carry, x5;
    uint32_t mxcsr;

    handle(SIGUSR2, edit, 0);
    asm volatile(
        "xor %%r12d, %%r12d\n"
        "pxor %%xmm5, %%xmm5\n"
        "mov %[pid], %%edi\n mov %[sig], %%esi\n mov $62, %%eax\n"
        "clc\n"
        "syscall\n"
        "setc %%al\n movzx %%al, %%eax\n mov %%rax, %[carry]\n"
        "mov %%r12, %[r12]\n movq %%xmm5, %[x5]\n stmxcsr %[mxcsr]\n"
        : [carry] "=m"(carry), [r12] "=m"(r12), [x5] "=m"(x5),
          [mxcsr] "=m"(mxcsr)
        : [pid] "r"(getpid()), [sig] "i"(SIGUSR2)
        : "rax", "rdi", "rsi", "rcx", "r11", "r12", "xmm5", "memory");
    CHECK_EQ(r12, 0x5a5a);
    CHECK_EQ(carry, 1);
    CHECK_EQ(x5, 0x77);
    CHECK_EQ(mxcsr & ~0x3f, 0x1f80 | 0x2000);
    mxcsr = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
}

/* A frame that makes no sense ends in SIGSEGV, not in the emulator. */
static void bad_frame(void)
{
    asm volatile("mov $0x40, %rsp\n mov $15, %eax\n syscall\n");
}

static void ruin(int sig, siginfo_t *info, void *puc)
{
    ucontext_t *uc = puc;

    uc->uc_mcontext.fpregs->mxcsr = 0xffffffff;
}

static void bad_mxcsr(void)
{
    handle(SIGUSR1, ruin, 0);
    raise(SIGUSR1);
}

static void no_restorer(void)
{
    struct { void *h; unsigned long flags; void *r; unsigned long mask; } sa =
        { handler, SA_SIGINFO, NULL, 0 };

    syscall(SYS_rt_sigaction, SIGUSR1, &sa, NULL, 8);
    raise(SIGUSR1);
}

int main(void)
{
    handle(SIGUSR1, (void *)entry_handler, 0);
    handle(SIGSEGV, (void *)entry_handler, 0);
    frame_contents();
    red_zone();
    fault_registers();
    edited_context();
    printf("bad frame: %x\n", in_child(bad_frame));
    signal(SIGSEGV, SIG_DFL);
    printf("bad frame, default: %x\n", in_child(bad_frame));
    printf("bad mxcsr: %x\n", in_child(bad_mxcsr));
    printf("no restorer: %x\n", in_child(no_restorer));
    printf("handled %d\n", hits);
    return 0;
}
