/*
 * Many threads wait on words that share a larger host page with guard pages:
 * the kernel gets at such a word whatever other threads do with the page.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* env: QEMU_STRICT_PAGES=on */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 8
#define CALLS   2000
#define AREA    65536

static int failed;

static void *waiter(void *p)
{
    for (int i = 0; i < CALLS; i++) {
        /* the word holds 0 */
        if (syscall(SYS_futex, p, FUTEX_WAIT_PRIVATE, 1, NULL) == 0 ||
            errno != EAGAIN) {
            __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS];
    char *m = mmap(NULL, THREADS * AREA, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < THREADS; i++) {
        mprotect(m + i * AREA, 4096, PROT_NONE);
        munmap(m + i * AREA + 8192, 4096);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&t[i], NULL, waiter, m + i * AREA + 4096);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
    }
    printf("%d calls failed\n", failed);
    return 0;
}
