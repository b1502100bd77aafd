/*
 * Signal frames: the guest's registers on the guest's stack, laid out as an
 * x86-64 Linux kernel does (asm/ucontext.h, asm/sigcontext.h), and back.
 *
 * From high to low addresses: the interrupted stack with its red zone (or the
 * top of the alternate stack), the XSAVE image on a 64-byte boundary with
 * software-reserved bytes and a magic word behind it, the frame proper.  The
 * handler is entered with RSP % 16 == 8.
 *
 * Runs in the guest thread, at a safe point; knows nothing about queues.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "signal-internal.h"
#include "qemu/log.h"
#include "user/uaccess.h"

#define RED_ZONE 128

#define UC_FP_XSTATE         1
#define UC_SIGCONTEXT_SS     2
#define UC_STRICT_RESTORE_SS 4

#define GUEST_XSTATE_MAGIC1 0x46505853u
#define GUEST_XSTATE_MAGIC2 0x46505845u

#define USER_CS 0x33
#define USER_DS 0x2b

/* Flags that sigreturn takes from the frame. */
#define SIGRETURN_EFLAGS (CC_ALL | TF_MASK | DF_MASK | AC_MASK | RF_MASK)

#define FXSAVE_SIZE     512
#define FXSAVE_SW_BYTES 464
#define XSAVE_HEADER    512     /* offset of XSTATE_BV */
#define XSAVE_MAX       4096
#define FRAME_ROOM      512     /* frame and padding below the FP image */

typedef struct GuestSigContext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
    uint64_t eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2;
    uint64_t fpstate;
    uint64_t reserved[8];
} GuestSigContext;

typedef struct GuestUContext {
    uint64_t flags;
    uint64_t link;
    GuestStackT stack;
    GuestSigContext mc;
    uint64_t sigmask;
} GuestUContext;

typedef struct GuestSigFrame {
    uint64_t pretcode;
    GuestUContext uc;
    siginfo_t info;
} GuestSigFrame;

/* The bytes the kernel keeps in the unused part of the FXSAVE image. */
typedef struct GuestFpxSwBytes {
    uint32_t magic1;
    uint32_t extended_size;
    uint64_t xfeatures;
    uint32_t xstate_size;
    uint32_t padding[7];
} GuestFpxSwBytes;

QEMU_BUILD_BUG_ON(sizeof(siginfo_t) != 128);
QEMU_BUILD_BUG_ON(sizeof(GuestSigContext) != 256);
QEMU_BUILD_BUG_ON(sizeof(GuestSigFrame) != 440);
QEMU_BUILD_BUG_ON(sizeof(GuestFpxSwBytes) != 48);

/* Where rt_sigframe members go in the register array, in frame order. */
static const uint8_t frame_regs[] = {
    R_R8, R_R9, R_R10, R_R11, R_R12, R_R13, R_R14, R_R15,
    R_EDI, R_ESI, R_EBP, R_EBX, R_EDX, R_EAX, R_ECX, R_ESP,
};

/*
 * The alternate stack.
 */

static bool on_altstack(const TaskState *ts, uint64_t sp)
{
    return sp > ts->altstack_sp && sp - ts->altstack_sp <= ts->altstack_size;
}

int altstack_state(const TaskState *ts, uint64_t sp)
{
    if (!ts->altstack_size) {
        return GUEST_SS_DISABLE;
    }
    if (ts->altstack_flags & GUEST_SS_AUTODISARM) {
        return 0;
    }
    return on_altstack(ts, sp) ? GUEST_SS_ONSTACK : 0;
}

/* Smallest alternate stack that holds a frame; AT_MINSIGSTKSZ says so too. */
static uint64_t altstack_minimum(const TaskState *ts)
{
    return 2048;
}

int altstack_set(TaskState *ts, const GuestStackT *ss, uint64_t sp)
{
    uint32_t mode = ss->flags & ~GUEST_SS_AUTODISARM;

    if (altstack_state(ts, sp) == GUEST_SS_ONSTACK) {
        return -EPERM;
    }
    if (mode != GUEST_SS_DISABLE && mode != GUEST_SS_ONSTACK && mode != 0) {
        return -EINVAL;
    }
    if (mode == GUEST_SS_DISABLE) {
        ts->altstack_sp = 0;
        ts->altstack_size = 0;
        ts->altstack_flags = ss->flags;
        return 0;
    }
    if (ss->size < altstack_minimum(ts)) {
        return -ENOMEM;
    }
    ts->altstack_sp = ss->sp;
    ts->altstack_size = ss->size;
    ts->altstack_flags = ss->flags;
    return 0;
}

/*
 * Building.
 */

/* Registers a handler starts with: empty x87 stack, default MXCSR, zeroes. */
static void reset_fpu(CPUArchState *env)
{
    static const struct {
        uint8_t fx[FXSAVE_SIZE];
        uint8_t rest[XSAVE_MAX - FXSAVE_SIZE];
    } QEMU_ALIGNED(64) init = {
        .fx = { [0] = 0x7f, [1] = 0x03, [24] = 0x80, [25] = 0x1f },
    };

    cpu_xrstor(env, &init, env->xcr0);
}

static void fill_context(CPUArchState *env, GuestSigContext *mc,
                         uint64_t fpstate, uint64_t old_mask)
{
    TaskState *ts = task_of(env);
    uint64_t *reg = &mc->r8;

    for (int i = 0; i < ARRAY_SIZE(frame_regs); i++) {
        reg[i] = env->regs[frame_regs[i]];
    }
    mc->rip = env->rip;
    mc->eflags = cpu_get_eflags(env);
    mc->cs = USER_CS;
    mc->ss = USER_DS;
    mc->gs = 0;
    mc->fs = 0;
    mc->err = ts->trap_err;
    mc->trapno = ts->trap_nr;
    mc->cr2 = ts->trap_cr2;
    mc->oldmask = old_mask;
    mc->fpstate = fpstate;
    memset(mc->reserved, 0, sizeof(mc->reserved));
}

/*
 * The stack pointer the frame starts from.  False when it would run over the
 * end of the alternate stack: overwriting what lies below helps nobody.
 */
static bool choose_stack(CPUArchState *env, const GuestSigAction *act,
                         size_t xsave_size, uint64_t *fp_addr,
                         uint64_t *frame_addr)
{
    TaskState *ts = task_of(env);
    uint64_t sp = env->regs[R_ESP];
    bool alt = ts->altstack_size && on_altstack(ts, sp) &&
               !(ts->altstack_flags & GUEST_SS_AUTODISARM);

    sp -= RED_ZONE;
    if ((act->flags & GUEST_SA_ONSTACK) && altstack_state(ts, sp) == 0) {
        sp = ts->altstack_sp + ts->altstack_size;
        alt = true;
    }
    sp = ROUND_DOWN(sp - xsave_size - sizeof(uint32_t), (uint64_t)64);
    *fp_addr = sp;
    sp -= sizeof(GuestSigFrame);
    sp = ROUND_DOWN(sp, (uint64_t)16) - 8;
    *frame_addr = sp;
    return !alt || on_altstack(ts, sp);
}

bool signal_frame_setup(CPUArchState *env, int sig, const siginfo_t *info,
                        const GuestSigAction *act, uint64_t old_mask)
{
    TaskState *ts = task_of(env);
    size_t xsave_size = cpu_xsave_size(env);
    uint64_t fp_addr, frame_addr;
    uint8_t buf[FRAME_ROOM + XSAVE_MAX + 64] QEMU_ALIGNED(64);
    GuestSigFrame *frame;
    GuestFpxSwBytes *sw;
    uint8_t *fp;
    uint32_t magic2 = GUEST_XSTATE_MAGIC2;
    uint64_t xstate_bv;
    size_t total;

    assert(xsave_size <= XSAVE_MAX);
    if (!(act->flags & GUEST_SA_RESTORER) ||
        !choose_stack(env, act, xsave_size, &fp_addr, &frame_addr)) {
        return false;
    }

    /* Frame and FP image are neighbours: one buffer, one copy. */
    fp = buf + FRAME_ROOM;
    frame = (GuestSigFrame *)(fp - (fp_addr - frame_addr));
    memset(frame, 0, fp - (uint8_t *)frame);
    memset(fp, 0, xsave_size);
    cpu_xsave(env, fp, env->xcr0);
    /* Handlers edit x87 and SSE state, so it counts as in use. */
    memcpy(&xstate_bv, fp + XSAVE_HEADER, sizeof(xstate_bv));
    if (~xstate_bv & 3) {
        cpu_fxsave(env, fp);
        xstate_bv |= 3;
        memcpy(fp + XSAVE_HEADER, &xstate_bv, sizeof(xstate_bv));
    }
    sw = (GuestFpxSwBytes *)(fp + FXSAVE_SW_BYTES);
    memset(sw, 0, sizeof(*sw));
    sw->magic1 = GUEST_XSTATE_MAGIC1;
    sw->extended_size = xsave_size + sizeof(magic2);
    sw->xfeatures = env->xcr0;
    sw->xstate_size = xsave_size;
    memcpy(fp + xsave_size, &magic2, sizeof(magic2));

    frame->pretcode = act->restorer;
    frame->uc.flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    frame->uc.stack.sp = ts->altstack_sp;
    frame->uc.stack.flags = ts->altstack_flags;
    frame->uc.stack.size = ts->altstack_size;
    fill_context(env, &frame->uc.mc, fp_addr, old_mask);
    frame->uc.sigmask = old_mask;
    if (act->flags & GUEST_SA_SIGINFO) {
        frame->info = *info;
    }

    total = fp + xsave_size + sizeof(magic2) - (uint8_t *)frame;
    if (!copy_to_guest(frame_addr, frame, total)) {
        return false;
    }

    if (ts->altstack_flags & GUEST_SS_AUTODISARM) {
        ts->altstack_sp = 0;
        ts->altstack_size = 0;
        ts->altstack_flags = GUEST_SS_DISABLE;
    }

    env->regs[R_EDI] = sig;
    env->regs[R_ESI] = frame_addr + offsetof(GuestSigFrame, info);
    env->regs[R_EDX] = frame_addr + offsetof(GuestSigFrame, uc);
    env->regs[R_EAX] = 0;
    env->regs[R_ESP] = frame_addr;
    env->rip = act->handler;
    cpu_set_eflags(env, 0, DF_MASK | RF_MASK | TF_MASK);
    reset_fpu(env);
    return true;
}

/*
 * Restoring.
 */

/*
 * The FP image of a frame is the program's to change, so every field is
 * checked.  An image without intact magic words counts as a plain FXSAVE
 * image, as in the kernel.
 */
static bool restore_fpu(CPUArchState *env, uint64_t addr)
{
    size_t full = cpu_xsave_size(env);
    uint8_t buf[XSAVE_MAX] QEMU_ALIGNED(64);
    GuestFpxSwBytes sw;
    uint32_t magic2 = 0;
    uint64_t xstate_bv;

    if (!addr) {
        reset_fpu(env);
        return true;
    }
    if (!copy_from_guest(buf, addr, FXSAVE_SIZE)) {
        return false;
    }
    memcpy(&sw, buf + FXSAVE_SW_BYTES, sizeof(sw));
    if (sw.magic1 == GUEST_XSTATE_MAGIC1 &&
        sw.xstate_size >= XSAVE_HEADER + 64 && sw.xstate_size <= full &&
        sw.xstate_size <= sw.extended_size &&
        get_guest_u32(&magic2, addr + sw.xstate_size) &&
        magic2 == GUEST_XSTATE_MAGIC2) {
        memset(buf + FXSAVE_SIZE, 0, full - FXSAVE_SIZE);
        if (!copy_from_guest(buf + FXSAVE_SIZE, addr + FXSAVE_SIZE,
                             sw.xstate_size - FXSAVE_SIZE)) {
            return false;
        }
        memcpy(&xstate_bv, buf + XSAVE_HEADER, sizeof(xstate_bv));
        xstate_bv &= sw.xfeatures;
        memcpy(buf + XSAVE_HEADER, &xstate_bv, sizeof(xstate_bv));
        return cpu_xrstor(env, buf, env->xcr0);
    }
    if (env->xcr0 & ~3ull) {
        reset_fpu(env);
    }
    return cpu_fxrstor(env, buf);
}

bool signal_frame_restore(CPUArchState *env, uint64_t *mask)
{
    TaskState *ts = task_of(env);
    uint64_t frame_addr = env->regs[R_ESP] - 8;
    GuestUContext uc;
    const uint64_t *reg = &uc.mc.r8;

    if (!copy_from_guest(&uc, frame_addr + offsetof(GuestSigFrame, uc),
                         sizeof(uc))) {
        return false;
    }
    *mask = uc.sigmask & ~UNBLOCKABLE;
    if (!restore_fpu(env, uc.mc.fpstate)) {
        return false;
    }
    for (int i = 0; i < ARRAY_SIZE(frame_regs); i++) {
        env->regs[frame_regs[i]] = reg[i];
    }
    env->rip = uc.mc.rip;
    cpu_set_eflags(env, uc.mc.eflags, SIGRETURN_EFLAGS);
    /* Nothing to say about a bad alternate stack: the kernel is silent too. */
    altstack_set(ts, &uc.stack, env->regs[R_ESP]);
    return true;
}
