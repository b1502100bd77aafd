/*
 * Code that moves away while another thread runs it: what comes to its place
 * is what runs there then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* flags: -pthread */
/* also: -accel tcg,cold=0 */
#include "guest.h"

#define ROUNDS 3000
#define RWX    (PROT_READ | PROT_WRITE | PROT_EXEC)

static uint8_t *place;
static volatile int stop;
static __thread sigjmp_buf away;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    siglongjmp(away, 1);
}

/* mov $value, %eax; ret */
static void write_code(uint8_t *p, int value)
{
    p[0] = 0xb8;
    memcpy(p + 1, &value, 4);
    p[5] = 0xc3;
}

static void *runs(void *arg)
{
    while (!stop) {
        if (!sigsetjmp(away, 0)) {
            for (int i = 0; i < 100 && !stop; i++) {
                ((int (*)(void))place)();
            }
        }
    }
    return NULL;
}

int main(void)
{
    int wrong = 0, wrong_moved = 0;
    uint8_t *other;
    pthread_t t;

    place = mmap(NULL, 3 * 65536, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    other = place + 131072;
    handle(SIGSEGV, on_fault, SA_NODEFER);
    write_code(place, -1);
    pthread_create(&t, NULL, runs, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t *p;

        write_code(place, i);
        p = mremap(place, 65536, 65536, MREMAP_MAYMOVE | MREMAP_FIXED, other);
        CHECK(p == other);
        wrong_moved += ((int (*)(void))other)() != i;
        write_code(other, i + 1);
        wrong_moved += ((int (*)(void))other)() != i + 1;
        p = mmap(place, 65536, RWX, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                 -1, 0);
        CHECK(p == place);
        write_code(place, i + 2);
        wrong += ((int (*)(void))place)() != i + 2;
    }
    stop = 1;
    pthread_join(t, NULL);
    printf("wrong %d, moved %d\n", wrong, wrong_moved);
    return 0;
}
