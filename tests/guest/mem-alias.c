/*
 * Code in memory that is mapped twice: written here, executed there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int Fn(void);

int main(void)
{
    unsigned char code[] = { 0xb8, 0, 0, 0, 0, 0xc3 };
    int fd = memfd_create("jit", 0), sum = 0, i;
    unsigned char *w, *x, *late;

    if (ftruncate(fd, 65536)) {
        return 1;
    }
    w = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    x = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    for (i = 0; i < 1000; i++) {
        code[1] = i;
        memcpy(w + 4096, code, sizeof(code));
        sum += ((Fn *)(x + 4096))();
    }
    printf("%d\n", sum);
    late = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
    late[1] = 77;
    printf("%d\n", ((Fn *)(x + 4096))());
    mprotect(late, 4096, PROT_READ);
    w[4097] = 78;
    printf("%d\n", ((Fn *)(x + 4096))());
    mprotect(late, 4096, PROT_READ | PROT_WRITE);
    late[1] = 79;
    printf("%d\n", ((Fn *)(x + 4096))());
    munmap(x, 8192);
    w[4097] = 80;
    x = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    printf("%d\n", ((Fn *)(x + 4096))());
    return 0;
}
