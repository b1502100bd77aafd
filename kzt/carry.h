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
#include "kzt/host/call-layout.h"
#include "target/i386/cpu.h"
#include <pthread.h>

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

/* The same in place; nothing where long double has 80 bits. */
void kzt_f80_to_host(void *p);
void kzt_f80_to_guest(void *p);

/* A function pointer in memory, in place; NULL for @p is nothing. */
void kzt_pointer_to_native(const KztCallbackType *type, void *p);
void kzt_pointer_to_guest(const KztCallbackType *type, void *p);

/*
 * Structures with function pointers (structs.c).
 */
typedef enum KztStructMode {
    KZT_STRUCT_INPLACE,     /* native functions for the time of a call */
    KZT_STRUCT_FOREVER,     /* the library keeps it: stays converted */
    KZT_STRUCT_SHADOW,      /* a constant table: native code gets a copy */
} KztStructMode;

typedef struct KztStruct KztStruct;
typedef struct KztField {
    uint32_t offset;
    int32_t count_at;               /* an array: a long here has its length */
    const KztCallbackType *fn;      /* a function pointer, or */
    const KztStruct *sub;           /* a pointer to another of these */
} KztField;

struct KztStruct {
    const char *name;
    KztStructMode mode;
    uint32_t size;
    uint32_t nb_fields;
    const KztField *fields;
};

/* Each returns the pointer that the other side is to see. */
void *kzt_struct_to_native(const KztStruct *s, void *p);
void *kzt_struct_to_guest(const KztStruct *s, void *p);
/* Only the fields whose bit is set: the others hold nothing yet. */
void kzt_struct_fields_to_native(const KztStruct *s, void *p, uint64_t mask);

/*
 * FILE * of the guest's C library (files.c): a host stream that reads and
 * writes by means of the guest's functions.
 */
void *kzt_file(CPUArchState *env, uint64_t guest_file);
/* After the native call: what it read ahead goes back. */
void kzt_file_done(CPUArchState *env, void *file);

/*
 * Calls with a list of arguments that is known at run time (variadic.c).
 */
#define KZT_MAX_VARIADIC 128

typedef struct KztArgs {
    uint64_t gp[8];         /* layout: kzt/host/call-layout.h */
    uint64_t fp[8];
    uint64_t nstack;
    uint64_t int_result;
    double fp_result;
    uint64_t stack[KZT_MAX_VARIADIC * 2 + 16];
    unsigned ngp, nfp;
} KztArgs;

QEMU_BUILD_BUG_ON(offsetof(KztArgs, fp) != KZT_ARGS_FP ||
                  offsetof(KztArgs, nstack) != KZT_ARGS_NSTACK ||
                  offsetof(KztArgs, int_result) != KZT_ARGS_INT_RESULT ||
                  offsetof(KztArgs, fp_result) != KZT_ARGS_FP_RESULT ||
                  offsetof(KztArgs, stack) != KZT_ARGS_STACK);

void kzt_args_begin(KztArgs *args);
/* @named: declared by the prototype, not behind the "..." */
void kzt_arg_int(KztArgs *args, uint64_t v);
void kzt_arg_double(KztArgs *args, double v, bool named);
void kzt_arg_long_double(KztArgs *args, long double v, bool named);
/* kzt/host: call @fn and keep both possible results. */
void kzt_host_call(void *fn, KztArgs *args);

/* Where the guest's variable arguments come from. */
typedef struct KztVaSource {
    const uint8_t *save;    /* register save area of the psABI */
    uint8_t own[176];
    unsigned gp, fp;        /* offsets in it */
    uint64_t overflow;      /* guest address */
} KztVaSource;

/* Behind @ints and @sses named arguments in registers, @stack on the stack. */
void kzt_va_begin(KztVaSource *va, CPUArchState *env, unsigned ints,
                  unsigned sses, unsigned stack);
uint64_t kzt_va_int(KztVaSource *va);
double kzt_va_double(KztVaSource *va);
/* Move them: as a format says, up to NULL, counted, a number of words. */
void kzt_va_printf(KztArgs *args, KztVaSource *va, const void *format);
void kzt_va_scanf(KztArgs *args, KztVaSource *va, const void *format);
void kzt_va_sentinel(KztArgs *args, KztVaSource *va, const void *first);
/* A GVariant format string; what goes in, or pointers to what comes out. */
void kzt_va_variant(KztArgs *args, KztVaSource *va, const void *format);
void kzt_va_variant_out(KztArgs *args, KztVaSource *va, const void *format);
void kzt_va_count(KztArgs *args, KztVaSource *va, int64_t count);
void kzt_va_words(KztArgs *args, KztVaSource *va, unsigned count);

/* A va_list of the guest becomes one of the host. */
typedef struct KztVaList {
    uint64_t words[KZT_MAX_VARIADIC * 2] QEMU_ALIGNED(16);
    struct {
        uint32_t gp, fp;
        const void *overflow, *save;
    } tag;
} KztVaList;

void kzt_va_list_printf(KztVaList *list, uint64_t guest, const void *format);
void kzt_va_list_scanf(KztVaList *list, uint64_t guest, const void *format);
/* To be passed where the prototype says va_list. */
void *kzt_va_host(KztVaList *list);

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

/*
 * kzt.c: a mutex of this room, outside of which there are only kzt_lock() and
 * others of these: held across fork().  From constructors.
 */
void kzt_fork_guard(pthread_mutex_t *mutex);
#define KZT_FORK_GUARD(mutex)                                       \
    static void __attribute__((constructor)) fork_guard(void)       \
    {                                                               \
        kzt_fork_guard(&(mutex));                                   \
    }

/* bridge.c */
extern const KztProcessOps *kzt_process;
/* Guest address that callbacks return to. */
extern uint64_t kzt_return_marker;
extern KztGuestRuntime kzt_runtime;
/* Native function behind a slot bridge, or NULL if @addr is none.  No lock. */
void *kzt_bridge_native(uint64_t addr);
/*
 * What native code may call directly in place of the guest address @fn: the
 * function behind a slot bridge, or behind an entry bridge whose wrapper is
 * that of @type.  NULL if there is none.  No lock.
 */
void *kzt_bridge_direct(const KztCallbackType *type, uint64_t fn);
/* The guest address that stands for @native already, or 0.  No lock. */
uint64_t kzt_bridge_guest(const KztCallbackType *type, const void *native);
/* Make @native callable for the guest at its own address. */
void kzt_bridge_publish(const KztCallbackType *type, void *native);
/* A bridge on a closure: the guest goes on at the closure's target. */
bool kzt_bridge_closure(const void *thunk, TBHookFn *fn, void *opaque);

/*
 * guest-library.c: the guest function @pc is about to go to native code.  If it
 * is one of a described library, decide about it now.
 */
void kzt_guest_library_resolve(uint64_t pc);

/* thread.c: the CPU, if this thread is in native code that the guest called. */
CPUArchState *kzt_calling_cpu(void);

/* callback.c: call @fn(args...) in the guest; rax. */
uint64_t kzt_guest_call(CPUArchState *env, uint64_t fn, unsigned nargs,
                        const uint64_t *args);
/*
 * The guest has left the innermost callback with longjmp(): unwind native
 * frames.  Returns if it has not.
 */
void kzt_unwind_check(CPUArchState *env);

#endif
