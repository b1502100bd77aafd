/*
 * What library pass-through needs of the process: guest memory for bridges,
 * writes to sealed slots, the CPU loop for callbacks, and loader events.
 *
 * Decides nothing.  Runs in guest threads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "kzt/bridge.h"
#include "kzt/kzt.h"
#include "user/elfload.h"
#include "user/kzt-process.h"
#include "user/loader-sources.h"
#include "user/mmap.h"
#include "user/process.h"
#include "user/task.h"
#include "user/uaccess.h"

static uint64_t map_code(size_t size, const char *name,
                         const uint8_t fill[16])
{
    uint8_t page[GUEST_PAGE_SIZE];
    char label[64];
    int64_t at = target_mmap(0, size, PAGE_READ | PAGE_WRITE,
                             TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS, -1,
                             0);

    if (at < 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(page); i += 16) {
        memcpy(page + i, fill, 16);
    }
    for (size_t i = 0; i < size; i += sizeof(page)) {
        if (!copy_to_guest(at + i, page, sizeof(page))) {
            target_munmap(at, size);
            return 0;
        }
    }
    target_mprotect(at, size, PAGE_READ | PAGE_EXEC);
    snprintf(label, sizeof(label), "[%s]", name);
    /* A handful in a process, for as long as it lives. */
    mmap_set_name(at, size, xstrdup(label));
    return at;
}

static bool signal_pending(CPUArchState *env)
{
    return task_of(env)->signal_pending;
}

static bool on_altstack(CPUArchState *env, uint64_t sp)
{
    TaskState *ts = task_of(env);

    return sp - ts->altstack_sp < ts->altstack_size;
}

static const KztProcessOps process_ops = {
    .map_code = map_code,
    .page_flags = page_get_flags,
    .handle_exit = cpu_loop_handle,
    .signal_pending = signal_pending,
    .on_altstack = on_altstack,
};

static bool memory_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    return copy_from_guest(buf, addr, len);
}

static int memory_flags(void *opaque, uint64_t addr, uint64_t *end)
{
    return page_get_flags(addr, end);
}

static bool swap(uint64_t addr, uint64_t old, uint64_t val, uint64_t *seen)
{
    bool done = __atomic_compare_exchange_n((uint64_t *)g2h(addr), &old, val,
                                            false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST);

    if (seen) {
        *seen = old;
    }
    return done;
}

/* The lock keeps the mapping where it is: the access cannot fail. */
static bool memory_cas64(void *opaque, uint64_t addr, uint64_t old,
                         uint64_t val, uint64_t *seen)
{
    uint64_t page = addr & GUEST_PAGE_MASK;
    bool done = false;
    int flags;

    if (addr % 8) {
        return false;
    }
    mmap_lock();
    flags = page_get_flags(addr, NULL);
    if ((flags & PAGE_READ) && (flags & PAGE_WRITE)) {
        done = swap(addr, old, val, seen);
    } else if ((flags & PAGE_READ) && !(flags & (PAGE_EXEC | PAGE_SHARED)) &&
               !target_mprotect(page, GUEST_PAGE_SIZE,
                                PAGE_READ | PAGE_WRITE)) {
        done = swap(addr, old, val, seen);
        target_mprotect(page, GUEST_PAGE_SIZE, PAGE_READ);
    }
    mmap_unlock();
    return done;
}

static const KztMemory guest_memory = {
    .read = memory_read,
    .cas64 = memory_cas64,
    .page_flags = memory_flags,
};

static void on_event(const LoaderEvent *ev, void *opaque)
{
    kzt_loader_event(ev);
}

static void on_gone(const GuestObject *obj, void *opaque)
{
    kzt_object_gone(obj);
}

void kzt_process_start(void)
{
    KztStart start = {
        .objects = loader_sources_objects(),
        .memory = &guest_memory,
        .process = &process_ops,
        .program = guest_image.exe_path,
        .entry = guest_image.entry,
        .loader = guest_image.has_interp ? guest_image.interp_base : 0,
    };

    if (kzt_start(&start)) {
        loader_sources_start(on_event, on_gone);
        process_atfork(kzt_fork_start, kzt_fork_end);
    } else if (qemu_loglevel_mask(LOG_LOADER)) {
        loader_sources_start(NULL, NULL);
    }
}
