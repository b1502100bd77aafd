/*
 * A reservation of terabytes, as sanitizers and language runtimes make it:
 * at once, with a few pages in use.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* nested: the host keeps a record of every page: this one takes gigabytes */
#include "guest.h"

int main(void)
{
    const size_t size = 1ul << 44;
    char *p = mmap((void *)0x10000000000, size, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
                   -1, 0);

    CHECK(p == (void *)0x10000000000);
    CHECK(mprotect(p + size / 2, 4096, PROT_READ | PROT_WRITE) == 0);
    p[size / 2 + 5] = 7;
    CHECK(p[size / 2 + 5] == 7);
    CHECK(mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1,
               0) == MAP_FAILED && errno == EEXIST);
    CHECK(munmap(p, size) == 0);
    CHECK(mprotect(p, 4096, PROT_READ) == -1 && errno == ENOMEM);
    puts("huge");
    return 0;
}
