/*
 * ptrace: refused.
 *
 * The host's ptrace would show a tracer the registers and the memory of the
 * emulator instead of the guest's.  The answer is that of a kernel that
 * forbids tracing, so that debuggers say so.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "user/syscall.h"

int64_t sys_ptrace(CPUArchState *env, const uint64_t *a)
{
    qemu_log_mask(LOG_UNIMP, "ptrace request %#" PRIx64 " refused: tracing "
                  "emulated programs is not supported\n", a[0]);
    return -EPERM;
}
