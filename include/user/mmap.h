/*
 * The guest's address space: the page table that is the truth about 4 KiB
 * guest pages, and the memory system calls that change it.
 *
 * Guest address = host address.  Addresses are uint64_t, results are a value
 * or -errno.  prot and flags are those of the x86-64 system call interface
 * (they equal the generic Linux numbers except MAP_32BIT).
 *
 * Locking: the functions take the mmap lock themselves.  The lock is
 * recursive, so a caller that needs several steps to be one may hold it.  It
 * is never held while guest memory is accessed or while the caller waits for
 * another guest thread.  It nests outside the engine's locks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_MMAP_H
#define USER_MMAP_H

#include "qemu/osdep.h"
#include "exec/engine.h"

#define TARGET_PAGE_BITS GUEST_PAGE_BITS
#define TARGET_PAGE_SIZE ((uint64_t)GUEST_PAGE_SIZE)
#define TARGET_PAGE_MASK GUEST_PAGE_MASK
#define TARGET_PAGE_ALIGN(a) (((a) + TARGET_PAGE_SIZE - 1) & TARGET_PAGE_MASK)

/* First address that is not user space on x86-64 with 4-level paging. */
#define TARGET_TASK_SIZE 0x7ffffffff000ull

/* x86-64 mmap() flags, whatever the host calls them. */
#define TARGET_MAP_SHARED           0x01
#define TARGET_MAP_PRIVATE          0x02
#define TARGET_MAP_SHARED_VALIDATE  0x03
#define TARGET_MAP_TYPE             0x0f
#define TARGET_MAP_FIXED            0x10
#define TARGET_MAP_ANONYMOUS        0x20
#define TARGET_MAP_32BIT            0x40
#define TARGET_MAP_GROWSDOWN        0x0100
#define TARGET_MAP_DENYWRITE        0x0800
#define TARGET_MAP_EXECUTABLE       0x1000
#define TARGET_MAP_LOCKED           0x2000
#define TARGET_MAP_NORESERVE        0x4000
#define TARGET_MAP_POPULATE         0x8000
#define TARGET_MAP_NONBLOCK         0x10000
#define TARGET_MAP_STACK            0x20000
#define TARGET_MAP_HUGETLB          0x40000
#define TARGET_MAP_SYNC             0x80000
#define TARGET_MAP_FIXED_NOREPLACE  0x100000

/* Page size of the host kernel, or the one simulated; a power of two. */
extern uint64_t host_page_size;

/* Where the loader and brk() may place things; set by mmap_init(). */
typedef struct GuestLayout {
    uint64_t mmap_min;      /* lowest address that may be mapped */
    uint64_t mmap_top;      /* search for free ranges goes down from here */
    uint64_t pie_base;      /* load address of position-independent programs */
    uint64_t interp_base;   /* hint for the guest's dynamic loader, or 0 */
} GuestLayout;
extern GuestLayout guest_layout;

/* Once, before anything else here. */
void mmap_init(void);

void mmap_lock(void);
void mmap_unlock(void);
bool have_mmap_lock(void);

/* Around fork(): take the locks; release them on both sides. */
void mmap_fork_start(void);
void mmap_fork_end(bool child);

int64_t target_mmap(uint64_t addr, uint64_t len, int prot, int flags, int fd,
                    uint64_t offset);
int64_t target_munmap(uint64_t addr, uint64_t len);
int64_t target_mprotect(uint64_t addr, uint64_t len, int prot);
int64_t target_mremap(uint64_t old_addr, uint64_t old_len, uint64_t new_len,
                      uint64_t flags, uint64_t new_addr);
int64_t target_madvise(uint64_t addr, uint64_t len, int advice);
int64_t target_msync(uint64_t addr, uint64_t len, int flags);
/* Fills (len + 4095) / 4096 bytes at guest address @vec. */
int64_t target_mincore(uint64_t addr, uint64_t len, uint64_t vec);
int64_t target_mlock(uint64_t addr, uint64_t len, int flags);   /* mlock2 */
int64_t target_munlock(uint64_t addr, uint64_t len);
int64_t target_mlockall(int flags);
int64_t target_munlockall(void);
/* The break after the call: the new one, or the old one on failure. */
uint64_t target_brk(uint64_t new_brk);
int64_t target_shmat(int shmid, uint64_t addr, int flags);
int64_t target_shmdt(uint64_t addr);
int64_t target_remap_file_pages(uint64_t addr, uint64_t size, uint64_t prot,
                                uint64_t pgoff);

/* The break starts at @start (page-aligned by the callee), from the loader. */
void target_set_brk(uint64_t start);
uint64_t target_brk_start(void);
uint64_t target_brk_end(void);

/*
 * Permissions (PAGE_*) of the page holding @addr, 0 if unmapped; *end (may be
 * NULL) is the exclusive end of the run with the same answer.  Lock-free,
 * async-signal-safe.
 */
int page_get_flags(uint64_t addr, uint64_t *end);

/* True if every page of [addr, addr + len) has all of @flags. */
bool page_check_range(uint64_t addr, uint64_t len, int flags);

/* The engine's callbacks (include/exec/engine.h). */
extern const EngineUserOps mmap_engine_ops;

/*
 * A host fault on @addr, from the SIGSEGV handler, before the engine sees it:
 * grow a stack, wait for a mapping that is being changed.  True: return from
 * the handler, the access will now work.  @write: the access was a store.
 * Async-signal-safe as far as a synchronous fault needs.
 */
bool mmap_handle_fault(uint64_t addr, bool write);

/*
 * Before mmap_handle_fault(): on a host with large pages, may this access go
 * on into a guest page of the same host page that forbids it?  Then its length
 * matters.
 */
bool mmap_may_straddle(uint64_t addr, bool write);

/*
 * First address in [addr, end) beyond the end of the file that is mapped there,
 * as far as the host does not watch it itself; else @end.
 */
uint64_t mmap_next_past_eof(uint64_t addr, uint64_t end);

/*
 * Bytes from @addr on, at most @len, that the kernel may read or write for the
 * guest by the guest's own table.  Memory of the host that shares no page with
 * the guest counts.  Lock-free.
 */
uint64_t mmap_extent(uint64_t addr, uint64_t len, bool write);

/* Counters of the large pages, for `-d stats`. */
void mmap_print_stats(void);

/*
 * On hosts with large pages, a page opened for one access (strict-pages.c) is
 * closed at the next safe point: the CPU loop calls this before it runs guest
 * code.
 */
extern _Thread_local unsigned mmap_open_pages;
void mmap_close_pages(void);
static inline void mmap_safe_point(void)
{
    if (unlikely(mmap_open_pages)) {
        mmap_close_pages();
    }
}

/*
 * The kernel is about to write [addr, addr + len), and the call cannot be tried
 * twice: open the pages there that protect more than the guest asked for, until
 * the next safe point.
 */
void mmap_open_range(uint64_t addr, uint64_t len);

/* Does [addr, addr + len) touch a page that keeps the kernel away for now? */
bool mmap_closed_in(uint64_t addr, uint64_t len);

/*
 * A system call failed with EFAULT on a host with large pages: open all pages
 * that protect more than the guest asked for, so that the call can be tried
 * again, and close them afterwards.  False: there are none.
 *
 * mmap_close_all() is true when another thread has closed some in between: a
 * call that failed again deserves another try.  With @hold no thread closes any
 * until then, so the next failure is the answer.
 */
bool mmap_open_all(bool hold);
bool mmap_close_all(void);

/*
 * The siginfo a 4 KiB-page x86-64 kernel would report for a fault on @addr
 * that nobody resolved: returns the signal (SIGSEGV or SIGBUS) and fills
 * *si_code and the page-fault error code.
 */
int mmap_fault_info(uint64_t addr, bool write, int host_sig, int host_code,
                    int *si_code, uint32_t *error_code);

/* One run of pages of the guest page table, as /proc/self/maps shows it. */
typedef struct GuestMapping {
    uint64_t start, end;
    uint64_t offset;
    uint64_t dev, ino;
    int prot;               /* PAGE_READ | PAGE_WRITE | PAGE_EXEC */
    bool shared;
    bool growsdown, locked, dontdump;
    const char *name;       /* path, "[heap]"..., "" when anonymous */
} GuestMapping;

/*
 * Call @fn for every mapping in address order until it returns non-zero, which
 * is then the result.  Runs with the mmap lock held: @fn must not touch guest
 * memory.  *m is valid during the call.
 */
int mmap_walk(int (*fn)(const GuestMapping *m, void *opaque), void *opaque);

/* The mapping that holds @addr; name points to static or table storage and is
 * valid while the mmap lock is held.  False if unmapped. */
bool mmap_find(uint64_t addr, GuestMapping *m);

/*
 * The guest's RLIMIT_AS and RLIMIT_DATA in bytes, UINT64_MAX for none: no
 * mapping beyond @space in all, and beyond @data of private writable memory.
 */
void mmap_set_limits(uint64_t space, uint64_t data);

/* Totals for /proc/self/statm and limits: pages mapped by the guest. */
uint64_t mmap_total_pages(void);

/*
 * Text of /proc/self/maps, smaps and smaps_rollup as the guest must see it.
 * *buf becomes a malloc'ed string, *len its length.  Returns 0 or -errno.
 */
int maps_generate(char **buf, size_t *len);
int smaps_generate(char **buf, size_t *len);
int smaps_rollup_generate(char **buf, size_t *len);

/* Name a mapping "[stack]", "[vdso]", "[heap]"; @name must be static. */
void mmap_set_name(uint64_t start, uint64_t len, const char *name);

#endif
