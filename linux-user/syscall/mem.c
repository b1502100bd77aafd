/*
 * The memory calls, in front of user/mmap.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "user/loader-sources.h"

int64_t sys_mmap(CPUArchState *env, const uint64_t *a)
{
    int64_t ret;

    if (!(a[3] & TARGET_MAP_ANONYMOUS) && fd_hidden(a[4])) {
        return -EBADF;
    }
    ret = target_mmap(a[0], a[1], a[2], a[3], a[4], a[5]);
    if (loader_sources_active && ret >= 0) {
        loader_note_mmap(ret, a[1], a[2], a[3]);
    }
    return ret;
}

int64_t sys_munmap(CPUArchState *env, const uint64_t *a)
{
    if (loader_sources_active) {
        loader_note_munmap(a[0], a[1]);
    }
    return target_munmap(a[0], a[1]);
}

int64_t sys_mprotect(CPUArchState *env, const uint64_t *a)
{
    if (loader_sources_active) {
        loader_note_mprotect(a[0], a[1], a[2]);
    }
    return target_mprotect(a[0], a[1], a[2]);
}

int64_t sys_mremap(CPUArchState *env, const uint64_t *a)
{
    return target_mremap(a[0], a[1], a[2], a[3], a[4]);
}

int64_t sys_brk(CPUArchState *env, const uint64_t *a)
{
    return target_brk(a[0]);
}

int64_t sys_madvise(CPUArchState *env, const uint64_t *a)
{
    return target_madvise(a[0], a[1], a[2]);
}

int64_t sys_mincore(CPUArchState *env, const uint64_t *a)
{
    return target_mincore(a[0], a[1], a[2]);
}

int64_t sys_msync(CPUArchState *env, const uint64_t *a)
{
    return target_msync(a[0], a[1], a[2]);
}

int64_t sys_mlock(CPUArchState *env, const uint64_t *a)
{
    return target_mlock(a[0], a[1], 0);
}

int64_t sys_mlock2(CPUArchState *env, const uint64_t *a)
{
    return target_mlock(a[0], a[1], a[2]);
}

int64_t sys_munlock(CPUArchState *env, const uint64_t *a)
{
    return target_munlock(a[0], a[1]);
}

int64_t sys_mlockall(CPUArchState *env, const uint64_t *a)
{
    return target_mlockall(a[0]);
}

int64_t sys_munlockall(CPUArchState *env, const uint64_t *a)
{
    return target_munlockall();
}

int64_t sys_remap_file_pages(CPUArchState *env, const uint64_t *a)
{
    return target_remap_file_pages(a[0], a[1], a[2], a[3]);
}

int64_t sys_shmat(CPUArchState *env, const uint64_t *a)
{
    return target_shmat(a[0], a[1], a[2]);
}

int64_t sys_shmdt(CPUArchState *env, const uint64_t *a)
{
    return target_shmdt(a[0]);
}

/* Protection keys: as on a CPU without them, where only key -1 exists. */

int64_t sys_pkey_mprotect(CPUArchState *env, const uint64_t *a)
{
    if ((int)a[3] == -1) {
        return target_mprotect(a[0], a[1], a[2]);
    }
    /* Nothing is not looked at any closer. */
    return a[1] || (a[0] & ~TARGET_PAGE_MASK) ? -EINVAL : 0;
}

int64_t sys_pkey_alloc(CPUArchState *env, const uint64_t *a)
{
    return a[0] || a[1] & ~3ull ? -EINVAL : -ENOSPC;
}

int64_t sys_pkey_free(CPUArchState *env, const uint64_t *a)
{
    return -EINVAL;
}
