/*
 * What every source file includes first: feature macros, the libc headers
 * used everywhere, and the few macros the whole tree agrees on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QEMU_OSDEP_H
#define QEMU_OSDEP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef MAX
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
#define ARRAY_SIZE(x)         (sizeof(x) / sizeof((x)[0]))
#define ROUND_DOWN(n, d)      ((n) & -(0 ? (n) : (d)))
#define ROUND_UP(n, d)        ROUND_DOWN((n) + (d) - 1, (d))
#define DIV_ROUND_UP(n, d)    (((n) + (d) - 1) / (d))
#define QEMU_NORETURN         __attribute__((noreturn))
#define QEMU_PACKED           __attribute__((packed))
#define QEMU_ALIGNED(n)       __attribute__((aligned(n)))
#define QEMU_PRINTF(f, a)     __attribute__((format(printf, f, a)))
#define QEMU_BUILD_BUG_ON(x)  _Static_assert(!(x), "not expecting: " #x)
#define container_of(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))

/*
 * Invariants: checked in debug builds; a release build assumes nothing from
 * them.  Use assert() where a check in release is worth its cost.
 */
#ifdef CONFIG_DEBUG
#define debug_assert(x) assert(x)
#else
#define debug_assert(x) ((void)0)
#endif

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || \
    !defined(__LP64__)
#error "only little-endian hosts with 64-bit pointers are supported"
#endif

#endif
