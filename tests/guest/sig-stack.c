/*
 * Alternate stacks: SS_AUTODISARM, stack overflow handled on the alternate
 * stack, overflow of the alternate stack itself, handlers on tiny stacks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <sys/resource.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char alt[65536] __attribute__((aligned(4096)));
static sigjmp_buf env;
static volatile int on_alt, flags_inside, uc_flags, depth, code;

static int is_on_alt(void *p)
{
    return (char *)p >= alt && (char *)p < alt + sizeof(alt);
}

static void look(int sig, siginfo_t *info, void *puc)
{
    stack_t ss;
    ucontext_t *uc = puc;

    sigaltstack(NULL, &ss);
    on_alt = is_on_alt(&ss);
    flags_inside = ss.ss_flags;
    uc_flags = uc->uc_stack.ss_flags;
    ss.ss_size = sizeof(alt);
    if (on_alt && !(flags_inside & SS_DISABLE)) {
        CHECK_EQ(sigaltstack(&ss, NULL), -1);
        CHECK_EQ(errno, EPERM);
    }
}

static void overflow_handler(int sig, siginfo_t *info, void *puc)
{
    on_alt = is_on_alt(&sig);
    code = info->si_code;
    siglongjmp(env, 1);
}

static int recurse(int n)
{
    volatile char pad[512];

    pad[0] = n;
    depth = n;
    return recurse(n + 1) + pad[0];
}

static void handler(int sig, siginfo_t *info, void *uc)
{
    /* Still on the alternate stack: nest until it is full. */
    depth++;
    raise(sig);
}

static void fill_altstack(void)
{
    struct sigaction sa = { .sa_sigaction = handler,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    stack_t ss = { .ss_sp = alt, .ss_size = 16384 };

    sigaltstack(&ss, NULL);
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
}

static void *guard_thread(void *arg)
{
    stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, back;

    sigaltstack(NULL, &back);
    CHECK_EQ(back.ss_flags, SS_DISABLE);
    sigaltstack(&ss, NULL);
    if (sigsetjmp(env, 1) == 0) {
        recurse(0);
    }
    ss.ss_flags = SS_DISABLE;
    sigaltstack(&ss, NULL);
    return NULL;
}

int main(void)
{
    stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, back;
    struct rlimit lim = { 1 << 20, 8 << 20 };
    pthread_t t;

    handle(SIGUSR1, look, SA_ONSTACK);
    CHECK_EQ(sigaltstack(&ss, NULL), 0);
    raise(SIGUSR1);
    printf("plain: on %d flags %x uc %x\n", on_alt, flags_inside, uc_flags);
    sigaltstack(NULL, &back);
    CHECK(back.ss_sp == alt);
    CHECK_EQ(back.ss_size, sizeof(alt));
    CHECK_EQ(back.ss_flags, 0);

    handle(SIGUSR1, look, 0);
    raise(SIGUSR1);
    printf("without SA_ONSTACK: on %d flags %x\n", on_alt, flags_inside);

    handle(SIGUSR1, look, SA_ONSTACK);
    ss.ss_flags = SS_AUTODISARM;
    CHECK_EQ(sigaltstack(&ss, NULL), 0);
    raise(SIGUSR1);
    printf("autodisarm: on %d flags %x uc %x\n", on_alt, flags_inside,
           uc_flags);
    sigaltstack(NULL, &back);
    printf("after: flags %x size %zu\n", back.ss_flags, back.ss_size);

    ss.ss_flags = 0;
    ss.ss_size = 100;
    CHECK_EQ(sigaltstack(&ss, NULL), -1);
    CHECK_EQ(errno, ENOMEM);
    ss.ss_flags = 77;
    ss.ss_size = sizeof(alt);
    CHECK_EQ(sigaltstack(&ss, NULL), -1);
    CHECK_EQ(errno, EINVAL);
    ss.ss_flags = 0;
    CHECK_EQ(sigaltstack(&ss, NULL), 0);

    handle(SIGSEGV, overflow_handler, SA_ONSTACK);
    for (int i = 0; i < 3; i++) {
        depth = on_alt = 0;
        if (sigsetjmp(env, 1) == 0) {
            recurse(0);
        }
        CHECK(depth > 500);
        CHECK(on_alt);
    }
    printf("main stack overflow handled, code %d\n", code);
    for (int i = 0; i < 3; i++) {
        pthread_create(&t, NULL, guard_thread, NULL);
        pthread_join(t, NULL);
        CHECK(on_alt);
    }
    printf("thread guard page, code %d\n", code);
    signal(SIGSEGV, SIG_DFL);
    printf("full alternate stack: %x\n", in_child(fill_altstack));
    return 0;
}
