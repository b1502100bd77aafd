/*
 * What a code generator offers.  One is linked in per host (tcg/<host>); the
 * interpreter (tcg/interp) offers the same and is always there, so the engine
 * holds a pointer to the one in use.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_BACKEND_H
#define TCG_BACKEND_H

#include "tcg/tcg.h"

/*
 * Where code goes: written through rw, executed at rx (two mappings of the
 * same memory; equal for the interpreter).
 */
typedef struct TCGCodeBuf {
    uint8_t *rw;
    const uint8_t *rx;
    size_t size;
} TCGCodeBuf;

typedef struct TCGBackend {
    const char *name;

    /*
     * Probe host features; @overrides is QEMU_HOST_FEATURES ("-avx2,-sse4.1",
     * or NULL).  Pins globals (TCGVal.pinned).  Returns false with a message on
     * stderr if the host lacks the minimum or a name is unknown.
     */
    bool (*init)(TCGContext *s, const char *overrides);
    /* Text of the features in use, for -version and -d stats. */
    const char *(*features)(void);

    /*
     * Emit the common code (entry, exits, indirect miss) once.  Returns bytes
     * used.  Afterwards enter() works.
     */
    size_t (*gen_prologue)(TCGContext *s, TCGCodeBuf buf);

    /*
     * Generate code for the optimised unit in @s.  @cookies[i] is what enter()
     * returns when exit i (numbered in op order over exit_direct, then
     * push_ret) is taken unlinked.  Fills s->exits and s->marks.  Returns the
     * number of bytes, or -1: the buffer is too small or, when s->overflow is
     * set, the unit is too complex and a smaller one should be tried.
     */
    ptrdiff_t (*gen_code)(TCGContext *s, TCGCodeBuf buf,
                          const uintptr_t *cookies);
    /*
     * Exceptions of guest instructions are host faults in their code: SIGSEGV
     * and SIGBUS of accesses, SIGFPE of a division or of the host FPU.  Code
     * that computes floating point without the FPU raises an unmasked exception
     * by an illegal instruction.
     *
     * The front end ends a unit behind ld_mxcsr and helpers that change MXCSR
     * (TCG_HF_MXCSR): a generator may choose code by MXCSR when a unit begins.
     */

    /*
     * Run a unit.  Returns the cookie of an unlinked direct exit, or 0 when
     * rip is in the CPU state: exception_index >= 0 says why, -1 means "find
     * the unit at rip and go on".  Host FPU carries the guest's MXCSR inside.
     */
    uintptr_t (*enter)(void *env, const void *code);

    /*
     * Link or unlink an exit of a unit (atomic with respect to running
     * threads): @target is the host entry of another unit, or NULL for the
     * exit's own stub.  @code is the unit's rx start, @rw its rw start.
     */
    void (*patch_exit)(const TCGExit *e, const uint8_t *rx, uint8_t *rw,
                       const void *target);

    /*
     * A host fault hit at @uc inside code of a unit: store pinned registers
     * from the signal context to the CPU state.
     */
    void (*sync_from_ucontext)(void *env, const void *uc);
    /* The opposite, for retrying after state was changed; may be NULL. */
    void (*sync_to_ucontext)(const void *env, void *uc);

    /*
     * What else a fault needs, behind sync_from_ucontext(): @state is that of
     * the mark (TCGInsnMark.host), not 0.  May be NULL when marks have none.
     */
    void (*settle_state)(void *env, unsigned state, const void *uc);
    /* Code at @rx, which may have run, is about to be replaced by other code
     * that is written elsewhere.  May be NULL. */
    void (*replaced)(const void *rx, size_t size);

    /*
     * The FPU trapped in a unit (SIGFPE): true if the generator wanted that and
     * has changed @uc so that the unit goes on.  May be NULL.
     */
    bool (*fix_fault)(void *env, void *uc);

    /*
     * The interpreter has no host pc in a unit: this returns the rx address of
     * the op that is running (comparable with marks' code_offset), or NULL
     * when the CPU is not in the middle of one (outside enter(), or inside a
     * helper).  NULL for real code generators: there the host pc is the answer.
     * Async-signal-safe.
     */
    const void *(*fault_pc)(const void *env);

    /*
     * A helper is left by unwinding instead of returning: collect the sticky
     * exception flags the host FPU holds for the guest into the CPU state's
     * MXCSR, and give the FPU back to C code.  @uc is the signal context when
     * a fault handler unwinds (the handler's own FPU state is fresh), else
     * NULL.  The CPU state has everything else already.  May be NULL when
     * the host FPU never holds guest state.
     */
    void (*abandon)(void *env, const void *uc);

    /*
     * In a helper that leaves the guest's MXCSR in the FPU
     * (TCG_HF_FPU_LIVE): from there into the CPU state, before other code of
     * the guest runs, and back.  May be NULL likewise.
     */
    void (*fpu_save)(void *env);
    void (*fpu_load)(const void *env);

    /* Disassemble host code to the log, or hex when there is no disassembler. */
    void (*disas)(const uint8_t *rx, size_t len);
} TCGBackend;

extern const TCGBackend tcg_interp_backend;

/*
 * Traps the interpreter finds itself, where a real code generator lets the
 * host CPU fault; numbered like the x86 vectors they become.
 */
enum {
    TCG_TRAP_DIV = 0,       /* divu2, divs2: zero divisor or overflow */
    TCG_TRAP_ALIGN = 13,    /* TCG_F_ALIGN and a misaligned address */
    TCG_TRAP_FP = 19,       /* unmasked SIMD floating-point exception; the
                               sticky flags are in the CPU state */
};
/*
 * Set by the engine before the first enter().  Called in the middle of a unit
 * with every global in the CPU state except rip and the flags, which follow
 * from the mark of @pc (an rx address in the unit).  Does not return.
 */
extern void (*tcg_interp_trap)(void *env, int trap, const void *pc);
/* NULL on hosts without a code generator. */
extern const TCGBackend *const tcg_host_backend;

/*
 * An atomic op of @w on any address, also a misaligned one; the old value.  A
 * code generator may call it for what its host cannot do.
 */
uint64_t tcg_atomic_rmw(TCGOpcode opc, unsigned w, uint64_t addr, uint64_t a,
                        uint64_t b);

#endif
