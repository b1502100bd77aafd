/*
 * The x86-64 guest CPU: registers as the rest of the emulator sees them.
 *
 * While translated code runs, registers that the code generator pins live in
 * host registers and the fields here are stale; they are exact whenever
 * cpu_exec() has returned, a helper that says so is called, or a fault has
 * been mapped back to the guest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_CPU_H
#define I386_CPU_H

#include "qemu/osdep.h"
#include "exec/cpu-common.h"

enum {
    R_EAX, R_ECX, R_EDX, R_EBX, R_ESP, R_EBP, R_ESI, R_EDI,
    R_R8, R_R9, R_R10, R_R11, R_R12, R_R13, R_R14, R_R15,
};

enum { R_ES, R_CS, R_SS, R_DS, R_FS, R_GS };

#define CC_C  0x0001u
#define CC_P  0x0004u
#define CC_A  0x0010u
#define CC_Z  0x0040u
#define CC_S  0x0080u
#define CC_O  0x0800u
#define CC_ALL (CC_C | CC_P | CC_A | CC_Z | CC_S | CC_O)

#define TF_MASK   0x00000100u
#define IF_MASK   0x00000200u
#define DF_MASK   0x00000400u
#define IOPL_MASK 0x00003000u
#define NT_MASK   0x00004000u
#define RF_MASK   0x00010000u
#define AC_MASK   0x00040000u
#define ID_MASK   0x00200000u

/* Exceptions, SDM volume 3, table 6-1. */
enum {
    EXCP00_DIVZ = 0, EXCP01_DB = 1, EXCP03_INT3 = 3, EXCP04_INTO = 4,
    EXCP05_BOUND = 5, EXCP06_ILLOP = 6, EXCP07_PREX = 7, EXCP0B_NOSEG = 11,
    EXCP0C_STACK = 12, EXCP0D_GPF = 13, EXCP0E_PAGE = 14,
    EXCP10_COPR = 16, EXCP11_ALGN = 17, EXCP13_SIMD = 19,
};

/* Page fault error code bits, SDM volume 3, section 4.7. */
#define PG_ERROR_P  0x01u
#define PG_ERROR_W  0x02u
#define PG_ERROR_U  0x04u
#define PG_ERROR_I  0x10u

/* One 80-bit x87 register; MMX registers are its low 64 bits. */
typedef struct X87Reg {
    uint64_t mant;
    uint16_t exp;       /* sign and exponent */
    uint16_t pad[3];
} X87Reg;

/* A vector register; q[0..1] is the XMM part. */
typedef union QEMU_ALIGNED(32) VReg {
    uint8_t  b[32];
    uint16_t w[16];
    uint32_t l[8];
    uint64_t q[4];
    float    f[8];
    double   d[4];
} VReg;

/*
 * Layout: the hot area comes first.  regs[] is at offset 0 and everything up
 * to and including `common` lies in the first 512 bytes, so that code
 * generators can point their state register into its middle.
 */
typedef struct QEMU_ALIGNED(64) CPUArchState {
    uint64_t regs[16];
    uint64_t rip;

    /* Lazy flags: see include/tcg/tcg-cc.h for what each kind means. */
    uint64_t cc_dst;
    uint64_t cc_src;
    uint64_t cc_src2;
    uint32_t cc_op;
    uint32_t mxcsr;     /* exact unless translated code runs (host FPU) */
    int64_t df;         /* +1, or -1 when EFLAGS.DF is set */
    uint64_t fs_base;
    uint64_t gs_base;

    CPUCommon common;

    VReg vregs[16];
    VReg vtmp[4];       /* operands of vector helpers */

    /* x87; physical register i is fpregs[i], ST(j) = fpregs[(fpstt+j) & 7] */
    X87Reg fpregs[8];
    uint32_t fpstt;     /* TOP, 0..7 */
    uint16_t fpus;      /* status word without TOP */
    uint16_t fpuc;      /* control word */
    uint8_t fptags[8];  /* 1 = empty, 0 = in use */
    uint64_t fpip, fpdp;
    uint16_t fpop;
    uint16_t fpus_next; /* status word of a store that has not happened yet */
    uint8_t fp_skip;    /* ... which must not happen */
    uint32_t mxcsr_before;  /* MXCSR if the store of VCVTPS2PH faults */

    /* EFLAGS bits outside CC_ALL and DF: TF, AC, NT, RF, ID (IF reads 1) */
    uint32_t eflags_other;
    uint16_t segs[6];   /* selectors, by R_ES... */

    /* The last exception: number in common.exception_index */
    uint32_t error_code;
    uint64_t cr2;       /* faulting address */
    uint64_t xcr0;      /* state components enabled for XSAVE */
    int host_si_code;   /* si_code of the host fault, when it came from one */

    uint64_t tsc_offset;
    uint64_t random_state;      /* of RDRAND, when it is to be reproducible */
    bool random_seeded;
    const struct X86CPUModel *model;    /* CPUID contents, shared, read-only */
} CPUArchState;

QEMU_BUILD_BUG_ON(offsetof(CPUArchState, common) +
                  offsetof(CPUCommon, task) > 512);

static inline CPUArchState *cpu_from_common(CPUCommon *c)
{
    return container_of(c, CPUArchState, common);
}

/*
 * EFLAGS as an architecture register.  cpu_get_eflags() evaluates the lazy
 * flags of a CPU whose state is exact; cpu_set_eflags() takes the bits that
 * user mode may change from @mask.
 */
uint32_t cpu_get_eflags(const CPUArchState *env);
void cpu_set_eflags(CPUArchState *env, uint32_t eflags, uint32_t mask);

/* Reset to the state a new Linux process starts with (model kept). */
void cpu_x86_reset(CPUArchState *env);

/*
 * MXCSR: the host FPU follows the guest's rounding mode and masks while guest
 * code runs.  cpu_set_mxcsr() stores and arms it; cpu_sync_mxcsr() collects
 * the sticky exception flags of the host into env->mxcsr.
 */
void cpu_set_mxcsr(CPUArchState *env, uint32_t mxcsr);
void cpu_sync_mxcsr(CPUArchState *env);

/*
 * Images for signal frames, core files and the debugger, SDM volume 1
 * chapters 10 and 13.  @buf holds cpu_xsave_size() bytes (FXSAVE: 512).
 * Loading validates and returns false when #GP would be raised.
 */
size_t cpu_xsave_size(const CPUArchState *env);
void cpu_xsave(CPUArchState *env, void *buf, uint64_t mask);
bool cpu_xrstor(CPUArchState *env, const void *buf, uint64_t mask);
void cpu_fxsave(CPUArchState *env, void *buf);
bool cpu_fxrstor(CPUArchState *env, const void *buf);

/*
 * CPU models.  x86_cpu_model() parses "model,+feat,-feat,feat=on"; on error it
 * returns NULL and *err is a malloc'ed message.  Models are immutable.
 */
const struct X86CPUModel *x86_cpu_model(const char *spec, char **err);
void x86_cpu_list(FILE *out);
void x86_cpuid(const struct X86CPUModel *m, uint32_t leaf, uint32_t subleaf,
               uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx);
/* AT_HWCAP (CPUID.1:EDX), AT_HWCAP2, and the "flags" line of /proc/cpuinfo. */
uint32_t x86_cpu_hwcap(const struct X86CPUModel *m);
uint32_t x86_cpu_hwcap2(const struct X86CPUModel *m);
void x86_cpu_flag_names(const struct X86CPUModel *m, FILE *out);

#endif
