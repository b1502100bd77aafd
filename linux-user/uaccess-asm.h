/*
 * What host/<arch>/uaccess.S has: copies that may fault, and the labels that
 * tell the fault handler where they do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LINUX_USER_UACCESS_ASM_H
#define LINUX_USER_UACCESS_ASM_H

#include <stddef.h>
#include <stdint.h>

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

#endif
