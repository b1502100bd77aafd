/*
 * Plugin of the loader tests: a constructor that tells when it runs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <unistd.h>

int plugin_value(void)
{
    return 42;
}

__attribute__((constructor)) static void construct(void)
{
    static const char text[] = "mark: constructor\n";

    if (write(2, text, sizeof(text) - 1) < 0) {
        _exit(1);
    }
}
