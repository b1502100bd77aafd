/*
 * Access to guest memory that may fault: the part that is the same on all
 * hosts.  The copy loops are assembly (host/<arch>/uaccess.S), because the
 * fault handler must know exactly which instructions may fault and how far a
 * copy got.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "user/uaccess.h"
#include "linux-user/uaccess-asm.h"
#include "host-signal.h"

bool clear_guest(uint64_t addr, size_t len)
{
    static const char zeros[4096];

    if (!guest_may(addr, len, true)) {
        return false;
    }
    while (len) {
        size_t n = MIN(len, sizeof(zeros));

        if (uaccess_copy(g2h(addr), zeros, n)) {
            return false;
        }
        addr += n;
        len -= n;
    }
    return true;
}

bool cmpxchg_guest_u32(uint64_t addr, uint32_t expected, uint32_t desired,
                       uint32_t *old)
{
    if ((addr & 3) || !guest_may(addr, 4, true)) {
        return false;
    }
    return uaccess_cmpxchg32(g2h(addr), expected, desired, old) == 0;
}

int64_t strnlen_guest(uint64_t addr, size_t max)
{
    if (addr >= TARGET_TASK_SIZE) {
        return -EFAULT;
    }
    max = MIN(max, TARGET_TASK_SIZE - addr);
    if (host_page_size > TARGET_PAGE_SIZE) {
        uint64_t ok = mmap_extent(addr, max, false);
        int64_t len = uaccess_strnlen(g2h(addr), ok);

        return ok < max && len == (int64_t)ok ? -EFAULT : len;
    }
    return uaccess_strnlen(g2h(addr), max);
}

int64_t strncpy_from_guest(char *buf, uint64_t addr, size_t size)
{
    int64_t len = strnlen_guest(addr, size);

    if (len < 0) {
        return len;
    }
    if ((size_t)len >= size) {
        return -ENAMETOOLONG;
    }
    if (uaccess_copy(buf, g2h(addr), len)) {
        return -EFAULT;
    }
    buf[len] = 0;
    return len;
}

int64_t strdup_from_guest(char **out, uint64_t addr, size_t max)
{
    int64_t len = strnlen_guest(addr, max);
    char *s;

    if (len < 0) {
        return len;
    }
    if ((size_t)len >= max) {
        return -ENAMETOOLONG;
    }
    s = malloc(len + 1);
    if (!s) {
        return -ENOMEM;
    }
    if (uaccess_copy(s, g2h(addr), len)) {
        free(s);
        return -EFAULT;
    }
    s[len] = 0;
    *out = s;
    return len;
}

void *lock_user(uint64_t addr, size_t len, bool write)
{
    if (!access_ok(addr, len) ||
        !page_check_range(addr, len, write ? PAGE_WRITE : PAGE_READ)) {
        return NULL;
    }
    return g2h(addr);
}

/* Where each assembly function may fault and how it then returns. */
static const struct {
    const char *start, *end, *landing;
} fixups[] = {
    { uaccess_copy_start, uaccess_copy_end, uaccess_copy_fault },
    { uaccess_bytes_start, uaccess_bytes_end, uaccess_bytes_fault },
    { uaccess_strnlen_start, uaccess_strnlen_end, uaccess_strnlen_fault },
    { uaccess_cmpxchg_start, uaccess_cmpxchg_end, uaccess_cmpxchg_fault },
};

bool uaccess_fixup(void *ucontext)
{
    const char *pc = (const char *)host_signal_pc(ucontext);
    size_t i;

    for (i = 0; i < ARRAY_SIZE(fixups); i++) {
        if (pc >= fixups[i].start && pc < fixups[i].end) {
            host_signal_set_pc(ucontext, (uintptr_t)fixups[i].landing);
            return true;
        }
    }
    return false;
}
