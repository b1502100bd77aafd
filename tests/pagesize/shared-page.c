/*
 * A program whose code and data share a larger host page: checks what a wrong
 * loader breaks.  No libc; run.py lays it out and sets p_align.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define RELRO __attribute__((section(".relro"), used))
#define TAIL __attribute__((section(".tail"), noinline, used))

volatile int relro[400] RELRO = { 11, [399] = 13 };
volatile int data[500] = { 21, [499] = 23 };
volatile char bss[0x5000];

static long call(long nr, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long ret;

    __asm__ volatile("syscall" : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return ret;
}

/* The last bytes of the code segment: the place of .plt. */
TAIL int at_the_tail(int x)
{
    return x * 3 + data[0];
}

/* Does a write to @p kill a child with SIGSEGV? */
static int kills(volatile int *p)
{
    int status = -1;
    long pid = call(57, 0, 0, 0, 0);

    if (pid == 0) {
        *p = 1;
        call(231, 0, 0, 0, 0);
    }
    call(61, pid, (long)&status, 0, 0);
    return (status & 0x7f) == 11;
}

static void say(const char *s, long len)
{
    call(1, 1, (long)s, len, 0);
}
#define SAY(s) say(s, sizeof(s) - 1)

static int check(void)
{
    long page = (long)relro & -4096l, i;

    if (at_the_tail(7) != 42) {
        return 2;
    }
    if (relro[0] != 11 || relro[399] != 13 || data[499] != 23) {
        return 3;
    }
    for (i = 0; i < (long)sizeof(bss); i++) {
        if (bss[i]) {
            return 4;
        }
        bss[i] = 1;
    }
    relro[5] = 5;
    if (call(10, page, 4096, 1, 0) || !kills(&relro[0])) {
        return 5;       /* RELRO ends in the middle of a host page */
    }
    data[1] = 9;
    if (relro[5] != 5 || data[1] != 9 || kills(&data[2])) {
        return 6;
    }
    if (!kills((volatile int *)at_the_tail)) {
        return 7;       /* code is not writable, whatever is beside it */
    }
    return at_the_tail(7) == 42 ? 0 : 8;
}

void start(void)
{
    int ret = check();

    if (ret == 0) {
        SAY("shared page ok\n");
    } else {
        SAY("shared page broken\n");
    }
    call(231, ret, 0, 0, 0);
}

__asm__(".globl _start\n_start: and $-16, %rsp\n call start\n");
