/*
 * A million queued signals under load: another process sends real-time signals
 * with a running number while this one computes.  None may be lost, doubled or
 * out of order, and the computation must come out right.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* flags: -O2 */
/* timeout: 120 */
#include "guest.h"

#define COUNT 1000000

static volatile int next;
static volatile int wrong;

static void receive(int sig, siginfo_t *info, void *uc)
{
    if (info->si_value.sival_int != next || info->si_pid == 0) {
        wrong++;
    }
    next = info->si_value.sival_int + 1;
}

int main(void)
{
    sigset_t set;
    pid_t parent = getpid(), child;
    uint64_t x = 1, y = 0, n = 0;
    double f = 0;
    int status;

    handle(SIGRTMIN + 2, receive, SA_RESTART);
    child = fork();
    if (child == 0) {
        for (int i = 0; i < COUNT; i++) {
            union sigval v = { .sival_int = i };

            while (sigqueue(parent, SIGRTMIN + 2, v) < 0) {
                if (errno != EAGAIN) {
                    _exit(1);
                }
                sched_yield();
            }
        }
        _exit(0);
    }
    while (next < COUNT) {
        for (int i = 0; i < 1000; i++) {
            x = x * 6364136223846793005ull + 1442695040888963407ull;
            y ^= x >> 33;
            f += (double)(x & 0xff) * 0.5 - 63.75;
        }
        n++;
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    printf("received %d wrong %d\n", next, wrong);

    /* The same computation without signals. */
    uint64_t x2 = 1, y2 = 0;
    double f2 = 0;
    for (uint64_t k = 0; k < n; k++) {
        for (int i = 0; i < 1000; i++) {
            x2 = x2 * 6364136223846793005ull + 1442695040888963407ull;
            y2 ^= x2 >> 33;
            f2 += (double)(x2 & 0xff) * 0.5 - 63.75;
        }
    }
    printf("same %d %d %d\n", x == x2, y == y2, f == f2);
    return 0;
}
