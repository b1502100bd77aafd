/*
 * Fault-safe copies on LoongArch: labels of uaccess.S and the context registers
 * of the fault handler.  The same file exists for every host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UACCESS_HOST_H
#define UACCESS_HOST_H

#include <ucontext.h>

/* Length without NUL (at most @max), or -EFAULT. */
long uaccess_strnlen(const void *s, size_t max);
/* 0 with *old set, or -EFAULT. */
int uaccess_cmpxchg32(void *p, uint32_t expected, uint32_t desired,
                      uint32_t *old);

extern const char uaccess_copy_start[], uaccess_copy_end[],
                  uaccess_copy_fault[];
extern const char uaccess_bytes_start[], uaccess_bytes_end[],
                  uaccess_bytes_fault[];
extern const char uaccess_strnlen_start[], uaccess_strnlen_end[],
                  uaccess_strnlen_fault[];
extern const char uaccess_cmpxchg_start[], uaccess_cmpxchg_end[],
                  uaccess_cmpxchg_fault[];

static inline const char *uaccess_get_pc(void *ucontext)
{
    ucontext_t *uc = ucontext;

    return (const char *)uc->uc_mcontext.__pc;
}

static inline void uaccess_set_pc(void *ucontext, const char *pc)
{
    ucontext_t *uc = ucontext;

    uc->uc_mcontext.__pc = (unsigned long)pc;
}

#endif
