/*
 * Fault-safe copies on AArch64: the context registers of the fault
 * handler.  The same file exists for every host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UACCESS_HOST_H
#define UACCESS_HOST_H

#include <ucontext.h>

static inline const char *uaccess_get_pc(void *ucontext)
{
    ucontext_t *uc = ucontext;

    return (const char *)uc->uc_mcontext.pc;
}

static inline void uaccess_set_pc(void *ucontext, const char *pc)
{
    ucontext_t *uc = ucontext;

    uc->uc_mcontext.pc = (unsigned long)pc;
}

#endif
