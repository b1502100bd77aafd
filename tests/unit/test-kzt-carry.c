/*
 * Carrying calls on a real engine: this program's own code is the guest, the
 * test library is the native side.  Runs on x86-64 hosts, where the two can
 * be one process image; elsewhere guest programs test the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/bridge.h"
#include "kzt/callback.h"
#include "kzt/native.h"
#include "target/i386/cpu.h"
#include <dlfcn.h>
#include <glib.h>
#include <sys/mman.h>
#include <time.h>

#if defined(__x86_64__)
#include "tests/kzt/checks.h"

#ifndef CARRY_INTERP
#define CARRY_INTERP false
#endif

static KtApi bridged, direct;
static CPUArchState *env;
static uint64_t exit_marker;
extern char __executable_start, _end;

/* This program and the guest stack are guest pages, nothing else is. */
static uint8_t *stack;
#define STACK_SIZE 0x100000

static int page_flags(uint64_t addr, uint64_t *end)
{
    uint64_t s = (uintptr_t)stack;

    if (addr >= s && addr < s + STACK_SIZE) {
        if (end) {
            *end = s + STACK_SIZE;
        }
        return PAGE_READ | PAGE_WRITE | PAGE_VALID;
    }
    if (addr >= (uintptr_t)&__executable_start && addr < (uintptr_t)&_end) {
        if (end) {
            *end = (uintptr_t)&_end;
        }
        return PAGE_READ | PAGE_EXEC | PAGE_VALID;
    }
    return 0;
}

/* The translator may also read the C library, which the guest calls. */
static int engine_page_flags(uint64_t addr, uint64_t *end)
{
    if (end) {
        *end = (addr & GUEST_PAGE_MASK) + GUEST_PAGE_SIZE;
    }
    return PAGE_READ | PAGE_EXEC | PAGE_VALID;
}

static void page_nothing(uint64_t page)
{
}

static uint64_t map_code(size_t size, const char *name, const uint8_t fill[16])
{
    void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? 0 : (uintptr_t)p;
}

static void handle_exit(CPUArchState *e, int excp)
{
    g_assert_cmpint(excp, ==, EXCP_INTERRUPT);
}

/* Run @fn(@arg) as guest code; its result. */
static uint64_t run_guest(void *fn, const void *arg)
{
    uint64_t sp = ((uintptr_t)stack + STACK_SIZE - 64) & ~15ull;

    env->regs[R_ESP] = sp - 8;
    *(uint64_t *)(uintptr_t)(sp - 8) = exit_marker;
    env->regs[R_EDI] = (uintptr_t)arg;
    env->rip = (uintptr_t)fn;
    for (;;) {
        int excp = cpu_exec(env);

        if (excp == EXCP_HLT_BRIDGE) {
            g_assert_cmphex(env->rip, ==, exit_marker);
            return env->regs[R_EAX];
        }
        g_assert_cmpint(excp, ==, EXCP_INTERRUPT);
    }
}

static void setup(void)
{
    static const EngineUserOps user = {
        engine_page_flags, page_nothing, page_nothing,
    };
    static const KztProcessOps process = {
        .map_code = map_code, .page_flags = page_flags,
        .handle_exit = handle_exit,
    };
    const KztLibrary *lib = kzt_library_by_name("kzttest");
    EngineConfig cfg = { .user = &user, .interp = CARRY_INTERP };
    const char *why = NULL;
    char *err = NULL;
    KztNative *n;

    stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(engine_init(&cfg));
    env = cpu_create(NULL);
    env->model = x86_cpu_model("max", &err);
    cpu_x86_reset(env);
    __asm__("mov %%fs:0, %0" : "=r" (env->fs_base));
    g_assert_true(kzt_bridge_init(&process, &why));
    exit_marker = map_code(4096, "", NULL);
    g_assert_true(tb_bridge_add(exit_marker, NULL, NULL));

    n = kzt_native_open(lib, &why);
    if (!n) {
        g_test_message("%s", why);
    }
    g_assert_nonnull(n);
#define SETUP(result, name, args) do { \
        const KztFunction *f = kzt_library_function(lib, #name, NULL); \
        void *p = kzt_native_symbol(n, #name, NULL); \
        g_assert_nonnull(f); \
        g_assert_nonnull(p); \
        direct.name = (void *)p; \
        bridged.name = (void *)(uintptr_t)kzt_bridge_slot(lib, f, p, 0); \
        g_assert(!bridged.name == !!(f->flags & KZT_FN_NOT_NATIVE)); \
    } while (0);
    KT_FUNCTIONS(SETUP)
}

static void test_native(void)
{
    /* the checks are right, natively */
    g_assert_cmpint(kt_run_checks(&direct), ==, 0);
}

static void test_guest(void)
{
    g_assert_cmpint((int)run_guest(kt_run_checks, &bridged), ==, 0);
    g_assert_cmpint((int)run_guest(kt_run_checks, &bridged), ==, 0);
}

static int local_twice(int v)
{
    return 2 * v;
}

static void test_entry(void)
{
    const KztLibrary *lib = kzt_library_by_name("kzttest");
    const KztFunction *f = kzt_library_function(lib, "kt_i32", NULL);
    uint64_t addr = (uintptr_t)local_twice;
    KztBridgeInfo info;

    g_assert_cmpint((int)run_guest(local_twice, (void *)21), ==, 42);
    g_assert_true(kzt_bridge_entry_add(lib, f, (void *)direct.kt_i32, addr));
    g_assert_cmpint((int)run_guest(local_twice, (void *)21), ==, 20);
    g_assert_true(kzt_bridge_lookup(addr, &info) && info.entry);
    /* another function at the same address */
    g_assert_false(kzt_bridge_entry_add(lib, f, (void *)direct.kt_u32, addr));
    kzt_bridge_retire(addr, addr + 1);
    g_assert_cmpint((int)run_guest(local_twice, (void *)21), ==, 42);
    g_assert_false(kzt_bridge_lookup(addr, &info));
}

static void test_closures(void)
{
    const KztLibrary *lib = kzt_library_by_name("kzttest");
    const KztFunction *f = kzt_library_function(lib, "kt_same_function",
                                                NULL);
    uint64_t before = kzt_closure_count();

    /* addresses of guest functions that are never called */
    for (unsigned i = 0; i < 100000; i++) {
        env->regs[R_EDI] = (uintptr_t)stack + i;
        env->regs[R_ESI] = 0;
        f->wrapper(env, f, (void *)direct.kt_same_function);
        g_assert_cmphex(env->regs[R_EAX], ==, (uintptr_t)stack + i);
    }
    g_assert_cmpuint(kzt_closure_count() - before, ==, 100000);
    kzt_closure_retire((uintptr_t)stack, (uintptr_t)stack + STACK_SIZE);
    g_assert_cmpuint(kzt_closure_count(), <=, before);
}

static uint64_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

#define ROUNDS 1000000

static int loop_calls(const KtApi *api)
{
    int v = 0;

    for (int i = 0; i < ROUNDS; i++) {
        v = api->kt_i32(v);
    }
    return v;
}

static int loop_callbacks(const KtApi *api)
{
    return api->kt_repeat(cb_plus, ROUNDS);
}

static int __attribute__((noinline)) emulated_i32(int v)
{
    return v - 1;
}

static void test_speed(void)
{
    KtApi emulated = { .kt_i32 = emulated_i32 };
    uint64_t t0, best[4] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };

    for (int round = 0; round < 5; round++) {
        t0 = now();
        loop_calls(&direct);
        best[0] = MIN(best[0], now() - t0);
        t0 = now();
        run_guest(loop_calls, &emulated);
        best[1] = MIN(best[1], now() - t0);
        t0 = now();
        g_assert_cmpint((int)run_guest(loop_calls, &bridged), ==, -ROUNDS);
        best[2] = MIN(best[2], now() - t0);
        t0 = now();
        g_assert_cmpint((int)run_guest(loop_callbacks, &bridged), ==,
                        3 * ROUNDS);
        best[3] = MIN(best[3], now() - t0);
    }
    g_test_message("int f(int): native %.1f ns, emulated %.1f ns, bridged "
                   "%.1f ns; callback %.1f ns", best[0] * 1.0 / ROUNDS,
                   best[1] * 1.0 / ROUNDS, best[2] * 1.0 / ROUNDS,
                   best[3] * 1.0 / ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    setup();
    g_test_add_func("/kzt-carry/native", test_native);
    g_test_add_func("/kzt-carry/guest", test_guest);
    g_test_add_func("/kzt-carry/entry", test_entry);
    g_test_add_func("/kzt-carry/closures", test_closures);
    g_test_add_func("/kzt-carry/speed", test_speed);
    return g_test_run();
}

#else

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    return g_test_run();
}

#endif
