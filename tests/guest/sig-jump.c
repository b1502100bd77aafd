/*
 * Leaving handlers by longjmp, handlers that fault, nested handlers, flags
 * SA_NODEFER and SA_RESETHAND.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

static sigjmp_buf env, inner;
static volatile int count, depth, max_depth, budget = 100;

static void jump(int sig, siginfo_t *info, void *uc)
{
    count++;
    siglongjmp(env, sig);
}

static void fault_inside(int sig, siginfo_t *info, void *uc)
{
    if (sigsetjmp(inner, 1) == 0) {
        *(volatile int *)0x10 = 1;
    }
    count++;
}

static void jump_inner(int sig, siginfo_t *info, void *uc)
{
    siglongjmp(inner, 1);
}

static void nest(int sig, siginfo_t *info, void *uc)
{
    depth++;
    max_depth = depth > max_depth ? depth : max_depth;
    if (depth < 50 && budget-- > 0) {
        raise(sig);
    }
    depth--;
    count++;
}

static void once(int sig, siginfo_t *info, void *uc)
{
    count++;
}

static void twice_reset(void)
{
    handle(SIGUSR2, once, SA_RESETHAND);
    raise(SIGUSR2);
    CHECK_EQ(count, 1);
    fflush(stdout);
    raise(SIGUSR2);
}

int main(void)
{
    volatile long sum = 0;

    handle(SIGSEGV, jump, 0);
    handle(SIGFPE, jump, 0);
    handle(SIGILL, jump, 0);
    handle(SIGUSR1, jump, 0);
    for (int i = 0; i < 40000; i++) {
        int sig = sigsetjmp(env, 1);

        if (sig == 0) {
            volatile int zero = 0, seven = 7;

            switch (i & 3) {
            case 0:
                *(volatile int *)(long)(i + 1) = 1;
                break;
            case 1:
                sum += seven / zero;
                break;
            case 2:
                asm volatile("ud2");
                break;
            default:
                raise(SIGUSR1);
            }
            puts("FAIL not reached");
        }
        sum = sum * 3 + sig;
    }
    printf("jumps %d sum %lx\n", count, sum);

    count = 0;
    handle(SIGUSR1, fault_inside, 0);
    handle(SIGSEGV, jump_inner, 0);
    for (int i = 0; i < 1000; i++) {
        raise(SIGUSR1);
    }
    printf("faults inside %d\n", count);

    count = 0;
    handle(SIGUSR1, nest, SA_NODEFER);
    raise(SIGUSR1);
    printf("nodefer depth %d count %d\n", max_depth, count);
    max_depth = count = depth = 0;
    handle(SIGUSR1, nest, 0);
    budget = 5;
    raise(SIGUSR1);
    printf("deferred depth %d count %d\n", max_depth, count);
    count = 0;
    printf("resethand %x\n", in_child(twice_reset));
    return 0;
}
