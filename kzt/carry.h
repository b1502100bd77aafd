/*
 * What generated wrappers and host entries are made of, and what bridges and
 * callbacks share.  Private to this room.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_CARRY_H
#define KZT_CARRY_H

#include "kzt/bridge.h"
#include "kzt/callback.h"
#include "target/i386/cpu.h"

/* Word at rsp + @offset: stack arguments begin at 8. */
static inline uint64_t *kzt_stack(CPUArchState *env, unsigned offset)
{
    return (uint64_t *)(uintptr_t)(env->regs[R_ESP] + offset);
}

static inline float kzt_f32(uint64_t bits)
{
    uint32_t low = bits;
    float f;

    memcpy(&f, &low, 4);
    return f;
}

static inline double kzt_f64(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, 8);
    return d;
}

static inline uint64_t kzt_bits32(float f)
{
    uint32_t low;

    memcpy(&low, &f, 4);
    return low;
}

static inline uint64_t kzt_bits64(double d)
{
    uint64_t bits;

    memcpy(&bits, &d, 8);
    return bits;
}

static inline void kzt_put_f32(CPUArchState *env, float f)
{
    env->vregs[0].q[0] = kzt_bits32(f);
    env->vregs[0].q[1] = 0;
}

static inline void kzt_put_f64(CPUArchState *env, double d)
{
    env->vregs[0].q[0] = kzt_bits64(d);
    env->vregs[0].q[1] = 0;
}

/* The guest's 80-bit format in memory, and on the x87 stack. */
long double kzt_get_f80(const void *p);
void kzt_set_f80(void *p, long double v);
void kzt_push_f80(CPUArchState *env, long double v);
long double kzt_pop_f80(CPUArchState *env);

/* A field that holds a function pointer, before and after a native call. */
void kzt_field_to_native(const KztCallbackType *type, void *field);
void kzt_field_to_guest(const KztCallbackType *type, void *field);

/*
 * A call of guest code by native code.  Between begin and call the host entry
 * puts arguments into the CPU state; between call and end it takes results.
 */
typedef struct KztCall {
    struct KztCall *outer;
    CPUArchState *env;
    uint64_t regs[16];
    uint64_t rip;
    uint64_t target;        /* guest function */
    uint64_t sp;            /* rsp when it has returned */
    int host_errno;
} KztCall;
CPUArchState *kzt_call_begin(KztCall *call, unsigned stack_bytes);
void kzt_call(KztCall *call);
static inline void kzt_call_end(KztCall *call);

/* Innermost call of the thread. */
extern __thread KztCall *kzt_top_call;

static inline void kzt_call_end(KztCall *call)
{
    CPUArchState *env = call->env;

    memcpy(env->regs, call->regs, sizeof(call->regs));
    env->rip = call->rip;
    kzt_top_call = call->outer;
    errno = call->host_errno;
}

/* bridge.c */
extern const KztProcessOps *kzt_process;
/* Guest address that callbacks return to. */
extern uint64_t kzt_return_marker;
extern KztGuestRuntime kzt_runtime;
/* Native function behind a slot bridge, or NULL if @addr is none. */
void *kzt_bridge_native(uint64_t addr);

/* callback.c: call @fn(args...) in the guest; rax. */
uint64_t kzt_guest_call(CPUArchState *env, uint64_t fn, unsigned nargs,
                        const uint64_t *args);
/*
 * The guest has left the innermost callback with longjmp(): unwind native
 * frames.  Returns if it has not.
 */
void kzt_unwind_check(CPUArchState *env);

#endif
