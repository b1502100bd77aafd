/*
 * The process as library pass-through needs it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_KZT_PROCESS_H
#define USER_KZT_PROCESS_H

#include "qemu/osdep.h"

/*
 * After the program is loaded, before its first instruction: start
 * pass-through and, if that works or `-d loader` asks, the sources of loader
 * events.
 */
void kzt_process_start(void);

#endif
