/*
 * Code that other threads unmap while it is looked at: branches that are never
 * taken lead to it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* flags: -pthread */
/* also: -accel tcg,cold=0 */
#include "guest.h"

#define SIZE  (1 << 19)
#define CALLS 10

static uint8_t *target;
static volatile int stop;

/* Code with a place it never goes to. */
static void write_code(uint8_t *p, const void *never)
{
    /* xor %eax, %eax; je 1f; jmp never; 1: mov $7, %eax; ret */
    static const uint8_t bytes[] = {
        0x31, 0xc0, 0x74, 0x05, 0xe9, 0, 0, 0, 0, 0xb8, 7, 0, 0, 0, 0xc3,
    };
    int32_t rel = (const uint8_t *)never - (p + 9);

    memcpy(p, bytes, sizeof(bytes));
    memcpy(p + 5, &rel, sizeof(rel));
}

static void *map_and_unmap(void *arg)
{
    while (!stop) {
        uint8_t *p = mmap(target, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

        CHECK(p == target);
        p[0] = 0xc3;
        for (volatile int i = 0; i < 300; i++) {
        }
        munmap(p, 4096);
    }
    return NULL;
}

int main(void)
{
    uint8_t *code = mmap(NULL, SIZE + 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t t;
    int wrong = 0;

    CHECK(code != MAP_FAILED);
    target = code + SIZE;
    for (size_t at = 0; at < SIZE; at += 32) {
        write_code(code + at, target);
    }
    pthread_create(&t, NULL, map_and_unmap, NULL);
    for (size_t at = 0; at < SIZE; at += 32) {
        for (int i = 0; i < CALLS; i++) {
            wrong += ((int (*)(void))(code + at))() != 7;
        }
    }
    stop = 1;
    pthread_join(t, NULL);
    printf("wrong %d\n", wrong);
    return 0;
}
