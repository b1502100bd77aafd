/*
 * Closure thunks on x86-64 hosts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_HOST_THUNK_H
#define KZT_HOST_THUNK_H

#define KZT_HAVE_THUNKS 1

static inline uintptr_t kzt_thread_pointer(void)
{
    uintptr_t p;

    __asm__("mov %%fs:0, %0" : "=r" (p));
    return p;
}

/*
 * Thread-local word at data[2] = data; jump to data[1], where data lies
 * @distance bytes behind the thunk.
 */
static inline void kzt_thunk_write(uint8_t *p, uint32_t distance)
{
    static const uint8_t code[] = {
        0xf3, 0x0f, 0x1e, 0xfa,             /* endbr64 */
        0x4c, 0x8d, 0x1d, 0, 0, 0, 0,       /* lea data(%rip), %r11 */
        0x4d, 0x8b, 0x53, 0x10,             /* mov 16(%r11), %r10 */
        0x64, 0x4d, 0x89, 0x1a,             /* mov %r11, %fs:(%r10) */
        0x41, 0xff, 0x63, 0x08,             /* jmp *8(%r11) */
    };

    memcpy(p, code, sizeof(code));
    distance -= 11;
    memcpy(p + 7, &distance, 4);
}

#endif
