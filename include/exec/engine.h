/*
 * The engine as the process sees it: create CPUs, run them, tell the engine
 * about memory, and be told by it about pages.  accel/tcg implements this;
 * linux-user drives it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef EXEC_ENGINE_H
#define EXEC_ENGINE_H

#include "qemu/osdep.h"
#include <signal.h>

struct CPUArchState;
typedef struct CPUArchState CPUArchState;

#define GUEST_PAGE_BITS 12
#define GUEST_PAGE_SIZE 4096u
#define GUEST_PAGE_MASK (~(uint64_t)(GUEST_PAGE_SIZE - 1))

/* Page permissions, numerically PROT_READ, PROT_WRITE, PROT_EXEC. */
#define PAGE_READ  1
#define PAGE_WRITE 2
#define PAGE_EXEC  4
#define PAGE_VALID 8
#define PAGE_SHARED 16

/* What the engine needs from the process.  All callbacks are thread-safe. */
typedef struct EngineUserOps {
    /*
     * Permissions (PAGE_*) of the guest page holding @addr as the guest set
     * them, 0 if unmapped.  *end (may be NULL) becomes the exclusive end of
     * the run of pages with the same answer.  Never blocks on a lock that is
     * held while calling into the engine.
     */
    int (*page_flags)(uint64_t addr, uint64_t *end);
    /*
     * Translated code now depends on guest page @page: make writes to it
     * fault.  Called with the engine's translation lock held.
     */
    void (*page_protect)(uint64_t page);
    /* Nothing depends on @page any more: give it back its permissions. */
    void (*page_unprotect)(uint64_t page);
} EngineUserOps;

#define COLD_ALWAYS 255     /* for tests: translate only what needs it */

typedef struct EngineConfig {
    size_t code_cache_size;     /* bytes; 0 = default */
    bool interp;                /* run the IR, generate no code */
    bool one_insn_per_tb;
    bool nochain;
    unsigned cold_runs;         /* translate code when it has run that often;
                                   0 = at once, or COLD_ALWAYS */
    int tso;                    /* 0 off, 1 on, 2 auto */
    bool perfmap, jitdump;
    const EngineUserOps *user;
    /* Bytes that page_protect() affects at once: the host's page size, real
     * or simulated; 0 = the real one. */
    size_t protect_granule;
} EngineConfig;

/* Once, before the first CPU.  On failure prints why and returns false. */
bool engine_init(const EngineConfig *cfg);

/*
 * A CPU for the calling or a new thread.  cpu_create() returns a zeroed state
 * with engine parts ready (@from: copy guest registers from it, or NULL).
 * cpu_destroy() frees it; no thread may be running it.
 */
CPUArchState *cpu_create(const CPUArchState *from);
void cpu_destroy(CPUArchState *env);

/*
 * Run until something happens that the engine does not handle; returns
 * EXCP_* and leaves the state exact.  Re-entrant (a callback may run a nested
 * loop on the same CPU); every nested call must return or be left with
 * cpu_loop_exit() in stack order.
 */
int cpu_exec(CPUArchState *env);

/* CPU the calling thread is running, or NULL. */
CPUArchState *cpu_current(void);

/*
 * Ask a CPU to leave cpu_exec() with EXCP_INTERRUPT soon (well below a
 * millisecond of its running time).  Async-signal-safe, any thread.
 */
void cpu_interrupt(CPUArchState *env);

/*
 * From a helper that set EFLAGS.TF: leave generated code at the next safe
 * point, which the front end puts right behind the instruction.  cpu_exec()
 * then returns EXCP01_DB after each instruction that started with TF set.
 * Uses no vector registers.
 */
void cpu_trap_flag_set(CPUArchState *env);

/* From a helper: abandon the current unit; cpu_exec() returns @excp.  State
 * must be exact (the helper is one that syncs).  Not async-signal-safe. */
void cpu_loop_exit(CPUArchState *env, int excp) QEMU_NORETURN;

/* cpu_loop_exit() for an x86 exception raised at env->rip. */
void cpu_raise_exception(CPUArchState *env, int excp, uint32_t error_code,
                         uint64_t cr2) QEMU_NORETURN;

/*
 * What to do with a host SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP.  Called
 * from the process's handler with its siginfo and ucontext.
 */
typedef enum HostFaultResult {
    HOST_FAULT_RETRY,    /* fixed up (e.g. write to translated code): return */
    HOST_FAULT_GUEST,    /* state is exact and the exception fields are set:
                            call cpu_fault_exit() to leave the handler */
    HOST_FAULT_FOREIGN,  /* not caused by guest code */
} HostFaultResult;
HostFaultResult cpu_handle_host_fault(CPUArchState *env, int sig,
                                      siginfo_t *info, void *ucontext);
/*
 * Unwind from the handler to cpu_exec(), which returns the exception (or
 * EXCP_INTERRUPT: the fault was the engine's own business, but the signal mask
 * of the handler is still in force).  Restoring the mask is up to the caller
 * of cpu_exec().
 */
void cpu_fault_exit(CPUArchState *env) QEMU_NORETURN;

/*
 * A guest memory access faulted at @ucontext: how many bytes its instruction
 * accesses at once, 0 if that is unknown.  Async-signal-safe.
 */
unsigned cpu_fault_access_size(CPUArchState *env, const void *ucontext);

/*
 * Is the calling thread reading guest code, with the engine's lock held?  What
 * nests outside that lock is not for it then.  Async-signal-safe.
 */
bool cpu_is_translating(void);

/* True if a signal at @ucontext interrupted generated code of this CPU. */
bool cpu_in_generated_code(const void *ucontext);

/*
 * Guest memory in [start, start + len) was unmapped, remapped, lost its exec
 * permission or was written behind the guest's back: forget translations.
 * Thread-safe; other CPUs stop using them at their next safe point at latest.
 */
void tb_invalidate_range(uint64_t start, uint64_t len);

/*
 * A write to @addr failed because page_protect() made the page read-only:
 * drop the code there and unprotect.  Returns false if no code was there.
 * For system calls that write guest memory in the kernel (EFAULT path).
 */
bool tb_unprotect_for_write(uint64_t addr, uint64_t len);

/* A second thread or a shared mapping appeared: tso=auto turns ordering on. */
void engine_set_parallel(void);
bool engine_parallel(void);

/* fork: take and release every engine lock around it. */
void engine_fork_start(void);
void engine_fork_end(bool child);

/* Hooks: every unit entered at @pc calls @fn first.  Removal by the id. */
typedef void TBHookFn(CPUArchState *env, void *opaque);
int tb_hook_add(uint64_t pc, TBHookFn *fn, void *opaque);
void tb_hook_remove(int id);

/*
 * Watches: an address in [start, end) that @wants says yes to is hooked with
 * @reached (whose @opaque is NULL; the pc is in env->rip), for ranges with
 * many addresses of which few will ever run.  @wants is asked whenever a unit
 * is made, with the engine's lock held: it must be quick, and must neither
 * block nor call the engine.  When its answer for an address changes, call
 * tb_watch_changed().  After tb_watch_remove() @wants is not called any more;
 * @reached may still be running.  Code of the range that ran before the watch
 * was there is not hooked.
 */
typedef struct TBWatch TBWatch;
typedef bool TBWatchFn(uint64_t pc, void *opaque);
TBWatch *tb_watch_add(uint64_t start, uint64_t end, TBWatchFn *wants,
                      TBHookFn *reached, void *opaque);
void tb_watch_remove(TBWatch *w);
void tb_watch_changed(uint64_t pc);

/*
 * Bridges: whoever executes @pc runs @fn instead of guest code, and goes on
 * behind the call as if it had executed RET.  The address need not be mapped.
 * The state is exact for @fn, which may change it, run a nested cpu_exec(), or
 * leave with cpu_loop_exit(); a fault in it is a guest exception at @pc.  No
 * lock is taken and no table is searched on the way.  Hooks at @pc run first.
 * Without @fn cpu_exec() returns EXCP_HLT_BRIDGE with rip = @pc.  One bridge
 * per address: adding a second fails.
 */
bool tb_bridge_add(uint64_t pc, TBHookFn *fn, void *opaque);
void tb_bridge_remove(uint64_t pc);

/*
 * Run everything exclusive to this CPU: other CPUs are stopped at safe points
 * between start and end.
 */
void cpu_exclusive_start(CPUArchState *env);
void cpu_exclusive_end(CPUArchState *env);

/* `-d stats`: print counters to the log. */
void engine_print_stats(void);

/* Symbol lookup for perf maps and logs; NULL if unknown (may be unset). */
extern const char *(*engine_lookup_symbol)(uint64_t pc, uint64_t *start,
                                           uint64_t *size);

/* Does this host have a code generator?  If not, the interpreter is used. */
bool engine_has_generator(void);

/* Name of the code generator, for -version and -d stats. */
const char *engine_name(void);

#endif
