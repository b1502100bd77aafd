/*
 * Callbacks: closures (host-callable addresses of guest functions), and the
 * nested execution of guest code below native frames.
 *
 * Closures lie in one reserved area: thunks in its first half, their data at
 * the same offset in the second.  Pages of thunks are written before they
 * become executable and never again.  A thunk leaves the address of its data
 * in a thread-local word and jumps to the generated host entry of its type.
 *
 * A guest that leaves a callback by longjmp() goes on in the nested loop,
 * with native frames below it that nobody will return to.  The next bridge,
 * or the end of an outer callback, notices: rsp is above the innermost call.
 * Then cpu_loop_exit() unwinds one nested loop after the other until rsp fits.
 *
 * Locking: one mutex around making closures.  Lookup is lock-free: entries
 * are added at the head of their list and never removed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"
#include "qemu/log.h"
#include <pthread.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#include "kzt/host/x86_64/thunk.h"
#elif defined(__loongarch64)
#include "kzt/host/loongarch64/thunk.h"
#else
#error "closures need a thunk for this host (kzt/host); configure --disable-kzt"
#endif

#define AREA_SIZE   0x4000000u      /* one half */
#define THUNK_SIZE  64u
#define GROW_SIZE   0x10000u
#define HASH_BITS   16

/* The data of one closure; what the thunk reads comes first. */
typedef struct Closure {
    uint64_t pad;
    void (*entry)(void);
    uint64_t tls_offset;
    uint64_t target;                /* guest function */
    const KztCallbackType *type;
    _Atomic(struct Closure *) next;
    _Atomic bool retired;           /* the function is gone; may come back */
    uint64_t pad2;
} Closure;
QEMU_BUILD_BUG_ON(sizeof(Closure) != THUNK_SIZE);

__thread KztCall *kzt_top_call;
static __thread Closure *current_closure;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
KZT_FORK_GUARD(mutex)
static _Atomic(uint8_t *) area;
static uint32_t used, ready;        /* bytes of thunks */
static _Atomic(Closure *) closures[1u << HASH_BITS];
static _Atomic uint64_t nb_closures, nb_retired;

static unsigned hash(uint64_t v)
{
    return (v >> 4 ^ v >> (4 + HASH_BITS) ^ v) & ((1u << HASH_BITS) - 1);
}

/*
 * Closures.
 */

static void QEMU_NORETURN no_room(void)
{
    error_report("no memory for a callback into guest code");
    _exit(1);
}

static void grow(void)
{
    uint8_t *base = atomic_load(&area);

    if (!base) {
        base = mmap(NULL, 2 * AREA_SIZE, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED) {
            no_room();
        }
        atomic_store(&area, base);
    }
    if (ready == AREA_SIZE ||
        mprotect(base + ready, GROW_SIZE, PROT_READ | PROT_WRITE) ||
        mprotect(base + AREA_SIZE + ready, GROW_SIZE,
                 PROT_READ | PROT_WRITE)) {
        no_room();
    }
    for (uint32_t i = 0; i < GROW_SIZE; i += THUNK_SIZE) {
        kzt_thunk_write(base + ready + i, AREA_SIZE);
    }
    if (mprotect(base + ready, GROW_SIZE, PROT_READ | PROT_EXEC)) {
        no_room();
    }
    __builtin___clear_cache((char *)base + ready,
                            (char *)base + ready + GROW_SIZE);
    ready += GROW_SIZE;
}

static void *thunk_of(const Closure *c)
{
    return (uint8_t *)c - AREA_SIZE;
}

static Closure *find(const KztCallbackType *type, uint64_t fn)
{
    Closure *c = atomic_load_explicit(&closures[hash(fn)],
                                      memory_order_acquire);

    while (c && (c->target != fn || c->type != type)) {
        c = atomic_load_explicit(&c->next, memory_order_acquire);
    }
    return c;
}

/* Values that stand for something else: SQLITE_TRANSIENT, SIG_ERR ... */
static bool is_no_pointer(uint64_t v)
{
    return v < 4096 || v > -4096ull;
}

/*
 * The guest calls a closure that it found in a structure of native code: as if
 * it had called the function behind it.  The bridge's return goes there.
 */
static void jump_to_target(CPUArchState *env, void *opaque)
{
    const Closure *c = opaque;

    env->regs[R_ESP] -= 8;
    *kzt_stack(env, 0) = c->target;
}

void *kzt_closure(const KztCallbackType *type, uint64_t fn)
{
    Closure *c;
    void *native;

    if (is_no_pointer(fn)) {
        return (void *)(uintptr_t)fn;
    }
    c = find(type, fn);
    if (likely(c)) {
        if (unlikely(atomic_load_explicit(&c->retired,
                                          memory_order_relaxed)) &&
            atomic_exchange(&c->retired, false)) {
            atomic_fetch_sub(&nb_retired, 1);
        }
        return thunk_of(c);
    }
    native = kzt_bridge_direct(type, fn);
    if (!native) {
        kzt_guest_library_resolve(fn);
        native = kzt_bridge_direct(type, fn);
    }
    if (native) {
        return native;
    }
    if (!kzt_process->page_flags(fn, NULL)) {
        return (void *)(uintptr_t)fn;       /* a native pointer as it was */
    }
    pthread_mutex_lock(&mutex);
    c = find(type, fn);
    if (!c) {
        if (used == ready) {
            grow();
        }
        c = (Closure *)(atomic_load(&area) + AREA_SIZE + used);
        used += THUNK_SIZE;
        c->entry = type->host_entry;
        c->tls_offset = (uintptr_t)&current_closure - kzt_thread_pointer();
        c->target = fn;
        c->type = type;
        kzt_bridge_closure(thunk_of(c), jump_to_target, c);
        atomic_store(&c->next, atomic_load(&closures[hash(fn)]));
        atomic_store(&closures[hash(fn)], c);
        atomic_fetch_add(&nb_closures, 1);
    }
    pthread_mutex_unlock(&mutex);
    return thunk_of(c);
}

uint64_t kzt_closure_target(const void *p)
{
    uint8_t *base = atomic_load_explicit(&area, memory_order_acquire);
    uintptr_t offset = (uintptr_t)p - (uintptr_t)base;

    if (!base || offset >= AREA_SIZE || offset % THUNK_SIZE) {
        return 0;
    }
    return ((Closure *)((uintptr_t)p + AREA_SIZE))->target;
}

uint64_t kzt_guest_function(const KztCallbackType *type, const void *native)
{
    uint64_t target;

    if (is_no_pointer((uintptr_t)native)) {
        return (uintptr_t)native;
    }
    target = kzt_closure_target(native);
    if (target) {
        return target;
    }
    target = kzt_bridge_guest(type, native);
    if (target) {
        return target;
    }
    if (kzt_process->page_flags((uintptr_t)native, NULL)) {
        return (uintptr_t)native;           /* a guest pointer as it was */
    }
    return kzt_bridge_slot(NULL, &type->to_native, (void *)native, 0);
}

/*
 * Native code may still hold them, and a library that is loaded again at its
 * old place gets its old closures: they stay in the table.
 */
void kzt_closure_retire(uint64_t start, uint64_t end)
{
    if (!atomic_load(&nb_closures)) {
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(closures); i++) {
        Closure *c = atomic_load(&closures[i]);

        for (; c; c = atomic_load(&c->next)) {
            if (c->target >= start && c->target < end &&
                !atomic_exchange(&c->retired, true)) {
                atomic_fetch_add(&nb_retired, 1);
            }
        }
    }
}

uint64_t kzt_closure_count(void)
{
    return atomic_load(&nb_closures) - atomic_load(&nb_retired);
}

/*
 * Running guest code.
 */

static _Atomic uint64_t nb_calls;

uint64_t kzt_callback_count(void)
{
    return atomic_load(&nb_calls);
}

/* A call frame below the guest's stack pointer. */
static void push_call(KztCall *call, CPUArchState *env, unsigned stack_bytes)
{
    call->env = env;
    call->outer = kzt_top_call;
    memcpy(call->regs, env->regs, sizeof(call->regs));
    call->rip = env->rip;
    call->host_errno = errno;
    /* 16-byte aligned before the return address, behind the red zone */
    call->sp = ((env->regs[R_ESP] - 128) & ~15ull) -
               ((stack_bytes + 15) & ~15u);
    env->regs[R_ESP] = call->sp - 8;
    kzt_top_call = call;
}

CPUArchState *kzt_call_begin(KztCall *call, unsigned stack_bytes)
{
    CPUArchState *env = cpu_current();

    if (!env) {
        error_report("native code called guest code on a thread of its own");
        _exit(1);
    }
    push_call(call, env, stack_bytes);
    call->target = current_closure->target;
    return env;
}

void kzt_call(KztCall *call)
{
    CPUArchState *env = call->env;

    atomic_fetch_add_explicit(&nb_calls, 1, memory_order_relaxed);
    *kzt_stack(env, 0) = kzt_return_marker;
    env->rip = call->target;
    env->regs[R_EAX] = 8;       /* vector registers, were it variadic */
    for (;;) {
        int excp = cpu_exec(env);

        if (excp != EXCP_HLT_BRIDGE) {
            kzt_process->handle_exit(env, excp);
            continue;
        }
        if (env->rip == kzt_return_marker && env->regs[R_ESP] == call->sp) {
            return;
        }
        /* This call was left: the guest goes on in the loop outside. */
        kzt_top_call = call->outer;
        cpu_loop_exit(env, EXCP_INTERRUPT);
    }
}

uint64_t kzt_guest_call(CPUArchState *env, uint64_t fn, unsigned nargs,
                        const uint64_t *args)
{
    static const uint8_t order[] = {
        R_EDI, R_ESI, R_EDX, R_ECX, R_R8, R_R9,
    };
    KztCall call;
    uint64_t r;

    push_call(&call, env, 0);
    call.target = fn;
    for (unsigned i = 0; i < nargs; i++) {
        env->regs[order[i]] = args[i];
    }
    kzt_call(&call);
    r = env->regs[R_EAX];
    kzt_call_end(&call);
    return r;
}

void kzt_unwind_check(CPUArchState *env)
{
    uint64_t sp = env->regs[R_ESP], end = 0;

    if (kzt_process->on_altstack && kzt_process->on_altstack(env, sp)) {
        return;
    }
    /* The same stack?  Coroutines have others. */
    if (kzt_process->page_flags(kzt_top_call->sp, &end) && sp < end) {
        cpu_loop_exit(env, EXCP_HLT_BRIDGE);
    }
}
