/*
 * Faults of the host on guest memory: what becomes of them, and what a 4 KiB
 * kernel would have said.
 *
 * A fault is resolved by growing a stack, by giving the page back what the table
 * allows (translated code, larger host pages), or by waiting for another thread
 * that is changing the mapping.  The rest is the guest's.
 *
 * Locking: the mmap lock where a mapping grows, which no code is read from; the
 * page lock at most on the other ways, because the thread may be the translator.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "linux-user/code-pages.h"
#include "linux-user/hostmap.h"
#include "linux-user/hostmap-eof.h"
#include "linux-user/mmap-internal.h"
#include "linux-user/strict-pages.h"
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

/* Extend the growing stack @r down to the page of @addr if that is allowed. */
static bool grow_stack(GuestRegion *r, uint64_t addr)
{
    /* Whole pages of the host, if they are free: the rest would not fault. */
    uint64_t host_page = addr & -host_page_size;
    uint64_t page = region_first_in(host_page, r->node.start) ?
                    addr & TARGET_PAGE_MASK : host_page;
    GuestRegion *below = region_prev(r);
    RegionInfo info = r->i;
    MapRequest req = {
        .start = page, .end = r->node.start, .fd = -1, .flags = info.flags,
        .mflags = TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS,
    };
    struct rlimit lim;

    if (page < guest_layout.mmap_min ||
        (getrlimit(RLIMIT_STACK, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY &&
         r->node.end - page > lim.rlim_cur)) {
        return false;
    }
    if (below && !(below->i.attr & REGION_GROWSDOWN) &&
        (below->i.flags & PROT_BITS) &&
        page - below->node.end < STACK_GUARD_GAP) {
        return false;
    }
    return mmap_map_range(&req, COVER_NONE, &info) == 0;
}

/* Faults of this thread at one address, nothing else in between. */
typedef struct FaultRun {
    uint64_t addr;
    unsigned repeats;
} FaultRun;

/*
 * The table allows the access that just faulted: another thread was changing
 * the mapping.  Wait a little and try again, but not for ever: the host may
 * have reasons the table does not know.  Takes no lock, because the thread
 * may be the translator reading code, with the engine's lock held.
 */
static bool wait_for_change(FaultRun *run, uint64_t addr)
{
    static const struct timespec pause = { 0, 1000000 };

    run->repeats = run->addr == addr ? run->repeats + 1 : 0;
    run->addr = addr;
    if (run->repeats < 64) {
        sched_yield();
        return true;
    }
    nanosleep(&pause, NULL);
    return run->repeats < 256;
}

/* As the table has it when it has @addr; *wait: it should not have faulted. */
static bool handle_mapped(uint64_t addr, bool write, int flags, bool *wait)
{
    if (!(flags & PROT_BITS) || (write && !(flags & PAGE_WRITE))) {
        return false;
    }
    if (write && page_set_test(&guarded_pages, addr)) {
        return code_pages_write_fault(addr);
    }
    if (hostmap_handle_fault(addr, write)) {
        return true;
    }
    *wait = !hostmap_past_eof(addr);
    return false;
}

/*
 * The translator follows branches to where nobody has been, and another thread
 * may have unmapped that since it looked.  That thread has the mmap lock and
 * waits for the engine's.
 */
static bool handle_unmapped(uint64_t addr)
{
    GuestRegion *r;
    bool done = false;

    if (cpu_is_translating()) {
        return false;
    }
    mmap_lock();
    r = region_first_after(addr);
    if (r && r->node.start <= addr) {
        done = true;            /* it has appeared meanwhile */
    } else if (r && (r->i.attr & REGION_GROWSDOWN)) {
        done = grow_stack(r, addr);
    }
    mmap_unlock();
    return done;
}

bool mmap_handle_fault(uint64_t addr, bool write)
{
    static _Thread_local FaultRun run;
    bool done, wait = false;
    int flags;

    if (addr >= TARGET_TASK_SIZE) {
        return false;
    }
    flags = page_get_flags(addr, NULL);
    done = flags & PAGE_VALID ? handle_mapped(addr, write, flags, &wait)
                              : handle_unmapped(addr);
    if (wait) {
        return wait_for_change(&run, addr);
    }
    run.addr = 0;
    return done;
}

uint64_t mmap_next_past_eof(uint64_t addr, uint64_t end)
{
    uint64_t page = page_set_next(&eof_pages, addr & TARGET_PAGE_MASK, end);

    return MAX(addr, MIN(page, end));
}

void mmap_print_stats(void)
{
    if (host_page_size > TARGET_PAGE_SIZE) {
        strict_print_stats();
    }
}

bool mmap_may_straddle(uint64_t addr, bool write)
{
    return hostmap_may_straddle(addr, write);
}

int mmap_fault_info(uint64_t addr, bool write, int host_sig, int host_code,
                    int *si_code, uint32_t *error_code)
{
    int flags = page_get_flags(addr, NULL);

    /* Bits of the page fault error code: present, write, user. */
    *error_code = 4 | (write ? 2 : 0) | (flags & PROT_BITS ? 1 : 0);
    if (addr >= 1ull << 47 && addr < ~0ull << 47) {
        *error_code = 0;
        *si_code = SI_KERNEL;
        return SIGSEGV;
    }
    if (host_sig == SIGSEGV && (flags & PROT_BITS) &&
        (!write || (flags & PAGE_WRITE)) && hostmap_past_eof(addr)) {
        *si_code = BUS_ADRERR;
        return SIGBUS;
    }
    if (host_sig == SIGBUS) {
        *si_code = host_code > 0 ? host_code : BUS_ADRERR;
        return SIGBUS;
    }
    *si_code = flags & PAGE_VALID ? SEGV_ACCERR : SEGV_MAPERR;
    return SIGSEGV;
}
