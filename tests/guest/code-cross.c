/*
 * Code that one thread changes while another one runs it: eight aligned bytes
 * at a time, as just-in-time compilers do it.  Whoever knows of a change and
 * has serialised runs the new code or newer, and nobody runs a mixture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* flags: -pthread */
/* also: -accel tcg,cold=0 */
/* also: -accel tcg,cold=255 */
#include "guest.h"
#include <cpuid.h>

#define SECONDS 4
#define PLACES  2

static uint64_t *code;
static _Atomic uint32_t published[PLACES];
static atomic_int done;
static atomic_uint calls;

/* The same function in two forms that have no instruction in common. */
static uint64_t form(uint32_t value)
{
    /* mov $value, %eax; ret; or: nop; nop; mov $value, %eax; ret */
    return value & 1 ? 0xc300000000b8ull | (uint64_t)value << 8 :
                       0xc300000000b89090ull | (uint64_t)value << 24;
}

static void *change(void *arg)
{
    double end = now() + SECONDS;

    for (uint32_t n = 1; n % 16 || now() < end; n++) {
        unsigned k = n % PLACES;

        atomic_store((_Atomic uint64_t *)&code[k * 8], form(n));
        atomic_store(&published[k], n);
        /* The other thread runs it a few times, and meets the next change
         * wherever it is then. */
        for (unsigned i = 1, from = calls; calls - from < n % 4; i++) {
            if (i % 1024 == 0) {
                sched_yield();
            }
        }
        for (volatile unsigned i = n * 7 % 64; i; i--) {
        }
    }
    done = 1;
    return NULL;
}

int main(void)
{
    unsigned a, b, c, d;
    long old = 0, odd = 0;
    pthread_t t;

    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    for (unsigned k = 0; k < PLACES; k++) {
        code[k * 8] = form(0);
    }
    pthread_create(&t, NULL, change, NULL);
    for (unsigned i = 0; !done; i++) {
        unsigned k = i % PLACES;
        uint32_t before = published[k], got;

        __cpuid(0, a, b, c, d);
        got = ((uint32_t (*)(void))&code[k * 8])();
        calls++;
        old += got < before;
        odd += got && got % PLACES != k;
    }
    pthread_join(t, NULL);
    printf("old %ld odd %ld\n", old, odd);
    return 0;
}
