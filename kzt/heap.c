/*
 * Memory that changes sides: allocated by native code, freed by the guest.
 *
 * Whoever owns an address frees it.  An address without a guest page is the
 * host's; hooks on the guest's free(), realloc() and malloc_usable_size() send
 * such calls to the host's functions and let all others through.  Native code
 * has free() and realloc() from interpose.c, which send the guest's memory to
 * the guest's functions.
 *
 * Locking: none; kzt_bridge_share_heap() works once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"
#include "kzt/heap.h"
#include <malloc.h>

static bool is_native(uint64_t addr)
{
    return addr && !kzt_process->page_flags(addr, NULL);
}

/* Return to the guest's caller with @result. */
static void answer(CPUArchState *env, uint64_t result)
{
    env->regs[R_EAX] = result;
    env->rip = *kzt_stack(env, 0);
    env->regs[R_ESP] += 8;
}

static void *native_pointer(CPUArchState *env)
{
    return (void *)(uintptr_t)env->regs[R_EDI];
}

static void hook_free(CPUArchState *env, void *opaque)
{
    if (unlikely(is_native(env->regs[R_EDI]))) {
        free(native_pointer(env));
        answer(env, 0);
    }
}

static void hook_realloc(CPUArchState *env, void *opaque)
{
    if (unlikely(is_native(env->regs[R_EDI]))) {
        answer(env, (uintptr_t)realloc(native_pointer(env),
                                       env->regs[R_ESI]));
    }
}

static void hook_usable_size(CPUArchState *env, void *opaque)
{
    if (unlikely(is_native(env->regs[R_EDI]))) {
        answer(env, malloc_usable_size(native_pointer(env)));
    }
}

bool kzt_bridge_share_heap(void)
{
    static _Atomic bool done;
    const struct {
        uint64_t addr;
        TBHookFn *fn;
    } hooks[] = {
        { kzt_runtime.free, hook_free },
        { kzt_runtime.realloc, hook_realloc },
        { kzt_runtime.malloc_usable_size, hook_usable_size },
    };

    if (!kzt_runtime.free) {
        return false;
    }
    if (atomic_exchange(&done, true)) {
        return true;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(hooks); i++) {
        if (hooks[i].addr && tb_hook_add(hooks[i].addr, hooks[i].fn,
                                         NULL) < 0) {
            return false;
        }
    }
    return true;
}

bool kzt_guest_owns(const void *p)
{
    return kzt_process && kzt_process->page_flags((uintptr_t)p, NULL);
}

void kzt_guest_free(void *p)
{
    CPUArchState *env = kzt_calling_cpu();
    uint64_t addr = (uintptr_t)p;
    int saved_errno = errno;

    if (env && kzt_runtime.free) {
        kzt_guest_call(env, kzt_runtime.free, 1, &addr);
    }
    errno = saved_errno;
}

void *kzt_guest_realloc(void *p, size_t size)
{
    CPUArchState *env = kzt_calling_cpu();

    if (!env || !kzt_runtime.realloc) {
        errno = ENOMEM;
        return NULL;
    }
    return (void *)(uintptr_t)kzt_guest_call(
        env, kzt_runtime.realloc, 2, (uint64_t[]) { (uintptr_t)p, size });
}
