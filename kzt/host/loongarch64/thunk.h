/*
 * Closure thunks on LoongArch hosts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_HOST_THUNK_H
#define KZT_HOST_THUNK_H

#define KZT_HAVE_THUNKS 1

static inline uintptr_t kzt_thread_pointer(void)
{
    uintptr_t p;

    __asm__("move %0, $tp" : "=r" (p));
    return p;
}

/*
 * Thread-local word at data[2] = data; jump to data[1], where data lies
 * @distance bytes (a multiple of 4096) behind the thunk.
 */
static inline void kzt_thunk_write(uint8_t *p, uint32_t distance)
{
    const uint32_t code[] = {
        0x1c000000 | (distance >> 12) << 5 | 12,    /* pcaddu12i $t0, .. */
        0x28c00000 | 16 << 10 | 12 << 5 | 13,       /* ld.d $t1, $t0, 16 */
        0x381c0000 | 2 << 10 | 13 << 5 | 12,        /* stx.d $t0, $t1, $tp */
        0x28c00000 | 8 << 10 | 12 << 5 | 13,        /* ld.d $t1, $t0, 8 */
        0x4c000000 | 13 << 5,                       /* jr $t1 */
    };

    memcpy(p, code, sizeof(code));
}

#endif
