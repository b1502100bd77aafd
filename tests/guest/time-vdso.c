/*
 * The vDSO: found through the auxiliary vector, its symbols, its answers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void *lookup(const char *name)
{
    const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
    const Elf64_Ehdr *eh = (const void *)base;
    const Elf64_Phdr *ph = (const void *)(base + eh->e_phoff);
    const Elf64_Sym *sym = NULL;
    const uint32_t *hash = NULL;
    const char *str = NULL;
    unsigned i;

    for (i = 0; i < eh->e_phnum; i++) {
        const Elf64_Dyn *d = (const void *)(base + ph[i].p_offset);

        for (; ph[i].p_type == PT_DYNAMIC && d->d_tag; d++) {
            const void *p = base + d->d_un.d_ptr;

            sym = d->d_tag == DT_SYMTAB ? p : sym;
            hash = d->d_tag == DT_HASH ? p : hash;
            str = d->d_tag == DT_STRTAB ? p : str;
        }
    }
    for (i = 0; hash && i < hash[1]; i++) {
        if (!strcmp(str + sym[i].st_name, name)) {
            return (void *)(base + sym[i].st_value);
        }
    }
    return NULL;
}

static long diff_us(long sec, long usec, const struct timespec *b)
{
    return (b->tv_sec - sec) * 1000000 + b->tv_nsec / 1000 - usec;
}

int main(void)
{
    int (*gettime)(clockid_t, struct timespec *) =
        lookup("__vdso_clock_gettime");
    int (*getres)(clockid_t, struct timespec *) =
        lookup("__vdso_clock_getres");
    int (*gettod)(struct timeval *, void *) = lookup("__vdso_gettimeofday");
    time_t (*gettime1)(time_t *) = lookup("__vdso_time");
    int (*cpu)(unsigned *, unsigned *, void *) = lookup("__vdso_getcpu");
    struct timespec a, b, r;
    struct timeval tv;
    unsigned c = 99999, n = 99999;
    time_t t = 0;
    int backwards = 0, i;

    printf("%d %d %d %d %d\n", gettime != NULL, getres != NULL,
           gettod != NULL, gettime1 != NULL, cpu != NULL);
    printf("%d\n", gettime(CLOCK_MONOTONIC, &a));
    for (i = 0; i < 100000; i++) {
        gettime(CLOCK_MONOTONIC, &b);
        backwards += b.tv_sec < a.tv_sec ||
                     (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec);
        a = b;
    }
    printf("backwards %d\n", backwards);
    gettime(CLOCK_REALTIME, &a);
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &b);
    i = diff_us(a.tv_sec, a.tv_nsec / 1000, &b);
    printf("near %d\n", i >= 0 && i < 1000000);
    printf("%d\n", gettod(&tv, NULL));
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &b);
    i = diff_us(tv.tv_sec, tv.tv_usec, &b);
    printf("near %d\n", i >= 0 && i < 1000000);
    printf("%d %d\n", gettime1(&t) == t, t - b.tv_sec < 2);
    printf("%d %d\n", cpu(&c, &n, NULL), c < 4096 && n < 1024);
    printf("%d %ld\n", getres(CLOCK_MONOTONIC, &r), r.tv_nsec);
    printf("%d\n", gettime(12345, &a));
    printf("%d\n", getres(CLOCK_REALTIME, NULL));
    return 0;
}
