/*
 * Several threads compress and decompress with allocators of ours, while
 * others fork.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static _Atomic long balance;
static _Atomic int bad;

static void *get(void *opaque, unsigned items, unsigned size)
{
    balance++;
    return calloc(items, size);
}

static void put(void *opaque, void *p)
{
    balance--;
    free(p);
}

static int round_trip(unsigned seed)
{
    static const int n = 20000;
    unsigned char *in = malloc(n), *out = malloc(2 * n), *back = malloc(n);
    z_stream s = { .zalloc = get, .zfree = put };
    int ok;

    for (int i = 0; i < n; i++) {
        seed = seed * 1103515245 + 12345;
        in[i] = seed >> 28;
    }
    deflateInit(&s, 1 + seed % 9);
    s.next_in = in;
    s.avail_in = n;
    s.next_out = out;
    s.avail_out = 2 * n;
    ok = deflate(&s, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&s);
    s.next_in = out;
    s.avail_in = s.total_out;
    inflateInit(&s);
    s.next_out = back;
    s.avail_out = n;
    ok &= inflate(&s, Z_FINISH) == Z_STREAM_END && !memcmp(in, back, n);
    inflateEnd(&s);
    free(in);
    free(out);
    free(back);
    return ok;
}

static void *worker(void *arg)
{
    for (int i = 0; i < 20; i++) {
        bad += !round_trip((long)arg * 100 + i);
    }
    return NULL;
}

int main(void)
{
    pthread_t t[4];
    int status;

    for (long i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, worker, (void *)i);
    }
    for (int i = 0; i < 8; i++) {
        pid_t pid = fork();

        if (!pid) {
            _exit(round_trip(i) ? 7 : 8);
        }
        waitpid(pid, &status, 0);
        bad += status != 7 << 8;
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
    }
    printf("bad %d, balance %ld\n", bad, balance);
    return 0;
}
