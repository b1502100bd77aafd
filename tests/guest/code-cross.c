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

#define SECONDS   3
#define ELSEWHERE 64
#define FAR       0x7fffffff

static uint64_t *code;
static _Atomic uint32_t published;
static atomic_int done;

/* A value in its first instruction, or a jump to where another one is. */
static uint64_t form(uint32_t value)
{
    /* mov $value, %eax; ret; or: jmp ELSEWHERE */
    return value & 1 ? 0xc300000000b8ull | (uint64_t)value << 8 :
                       0xc300000000e9ull | (uint64_t)(ELSEWHERE - 5) << 8;
}

static void *change(void *arg)
{
    double end = now() + SECONDS;

    for (uint32_t n = 1; n % 64 || now() < end; n++) {
        atomic_store((_Atomic uint64_t *)code, form(n));
        atomic_store(&published, n);
        for (volatile unsigned i = n % 4; i; i--) {
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
    *code = form(0);
    /* mov $FAR, %eax; ret */
    code[ELSEWHERE / 8] = 0xc300000000b8ull | (uint64_t)FAR << 8;
    pthread_create(&t, NULL, change, NULL);
    while (!done) {
        uint32_t before = published, got;

        __cpuid(0, a, b, c, d);
        got = ((uint32_t (*)(void))code)();
        old += got < before;
        odd += got != FAR && (got > published + 1 || !(got & 1));
    }
    pthread_join(t, NULL);
    printf("old %ld odd %ld\n", old, odd);
    return 0;
}
