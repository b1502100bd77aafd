/*
 * Access to guest memory that may fault.
 *
 * Guest memory may be unmapped, protected or truncated at any moment by
 * another guest thread, so the emulator itself reads and writes it only with
 * these functions; a fault inside them becomes a result, never a crash.  Host
 * memory that the guest knows about (pass-through) is accepted as well.
 *
 * Writes to pages that hold translated code are handled by the SIGSEGV handler
 * and simply succeed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_UACCESS_H
#define USER_UACCESS_H

#include "qemu/osdep.h"
#include "user/mmap.h"

/* Host pointer for a guest address; no check. */
static inline void *g2h(uint64_t addr)
{
    return (void *)(uintptr_t)addr;
}

static inline uint64_t h2g(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

/* [addr, addr + len) is inside user space.  Says nothing about mappings. */
static inline bool access_ok(uint64_t addr, uint64_t len)
{
    return len <= TARGET_TASK_SIZE && addr <= TARGET_TASK_SIZE - len;
}

/* As far as is known before the access: a larger host page shows too much. */
static inline bool guest_may(uint64_t addr, uint64_t len, bool write)
{
    return likely(access_ok(addr, len)) &&
           (likely(host_page_size == TARGET_PAGE_SIZE) ||
            mmap_extent(addr, len, write) == len);
}

/*
 * The primitive: copy and return how many bytes were NOT copied (the tail),
 * 0 for complete success.  Either side may fault.
 */
size_t uaccess_copy(void *dst, const void *src, size_t len);

/* True on success; on a fault part of the bytes may have been copied. */
static inline bool copy_from_guest(void *dst, uint64_t src, size_t len)
{
    return likely(guest_may(src, len, false)) &&
           likely(uaccess_copy(dst, g2h(src), len) == 0);
}

static inline bool copy_to_guest(uint64_t dst, const void *src, size_t len)
{
    return likely(guest_may(dst, len, true)) &&
           likely(uaccess_copy(g2h(dst), src, len) == 0);
}

static inline bool copy_in_guest(uint64_t dst, uint64_t src, size_t len)
{
    return likely(guest_may(dst, len, true)) &&
           likely(guest_may(src, len, false)) &&
           likely(uaccess_copy(g2h(dst), g2h(src), len) == 0);
}

/* Zero guest memory; true on success. */
bool clear_guest(uint64_t addr, size_t len);

/* Fixed-size accesses; true on success. */
#define UACCESS_DEFINE(bits)                                                \
static inline bool get_guest_u##bits(uint##bits##_t *val, uint64_t addr)    \
{                                                                           \
    return copy_from_guest(val, addr, sizeof(*val));                        \
}                                                                           \
static inline bool put_guest_u##bits(uint64_t addr, uint##bits##_t val)     \
{                                                                           \
    return copy_to_guest(addr, &val, sizeof(val));                          \
}
UACCESS_DEFINE(8)
UACCESS_DEFINE(16)
UACCESS_DEFINE(32)
UACCESS_DEFINE(64)
#undef UACCESS_DEFINE

/* Whole objects: `struct foo f; if (!get_guest(f, addr)) return -EFAULT;` */
#define get_guest(var, addr)  copy_from_guest(&(var), (addr), sizeof(var))
#define put_guest(addr, var)  copy_to_guest((addr), &(var), sizeof(var))

/*
 * Atomic read-modify-write of a guest word (futex words): *old becomes the
 * previous value.  True unless a fault happened.  @addr must be aligned.
 */
bool cmpxchg_guest_u32(uint64_t addr, uint32_t expected, uint32_t desired,
                       uint32_t *old);

/*
 * Length of the string at @addr, without its NUL: at most @max.  A result
 * equal to @max means no NUL in the first @max bytes.  -EFAULT on a fault.
 */
int64_t strnlen_guest(uint64_t addr, size_t max);

/*
 * Copy a string with its NUL into @buf of @size bytes.  Returns its length,
 * -EFAULT, or -ENAMETOOLONG when it does not fit.
 */
int64_t strncpy_from_guest(char *buf, uint64_t addr, size_t size);

/*
 * A malloc'ed copy of the string at @addr (at most @max bytes with NUL) in
 * *out.  Returns its length, -EFAULT, -ENAMETOOLONG or -ENOMEM.
 */
int64_t strdup_from_guest(char **out, uint64_t addr, size_t max);

/*
 * Structures used in place: a pointer to [addr, addr + len) after checking
 * that it is mapped readable (and writable for @write), else NULL.  The check
 * holds only until another guest thread unmaps the range, so these are for
 * arguments handed on to the host kernel, which checks again; code that loads
 * and stores itself uses the copying functions.
 */
void *lock_user(uint64_t addr, size_t len, bool write);
static inline void unlock_user(void *ptr)
{
    (void)ptr;
}

/*
 * From the SIGSEGV and SIGBUS handlers: if @ucontext stopped inside one of the
 * functions above, make it return its failure and answer true.
 */
bool uaccess_fixup(void *ucontext);

#endif
