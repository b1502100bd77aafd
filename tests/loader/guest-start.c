/*
 * Guest of the loader tests: a program with the plugin among its libraries.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
int plugin_value(void);

int main(void)
{
    return plugin_value() == 42 ? 0 : 1;
}
