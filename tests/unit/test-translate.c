/*
 * Integer translation against the host CPU: random encodings of the integer
 * groups of the instruction table, one at a time, natively and in the engine;
 * registers, defined flags, memory and the exception must agree.
 *
 * On other hosts only what needs no oracle runs.  TEST_TRANSLATE_COUNT sets the
 * number of cases, TEST_SEED the seed, TEST_ACCEL=interp the interpreter,
 * TEST_OP a name to restrict them to, TEST_VERBOSE=1 lists them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include <glib.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "exec/engine.h"
#include "target/i386/cpu.h"
#include "target/i386/decode.h"
#include "target/i386/helper.h"

#define DATA_SIZE  8192
#define DATA_MID   4096
#define STACK_MID  2048

typedef struct Regs {
    uint64_t gpr[16];
    uint64_t flags;
} Regs;

static uint8_t *code_page, *data_area, *stack_area;
static CPUArchState *env;
static bool emulating;

/* --- the engine's side --------------------------------------------------- */

static int page_flags(uint64_t addr, uint64_t *end)
{
    if (end) {
        *end = (addr | 0xfff) + 1;
    }
    return PAGE_VALID | PAGE_READ | PAGE_WRITE | PAGE_EXEC;
}

static void page_nothing(uint64_t page)
{
}

static const EngineUserOps user_ops = {
    .page_flags = page_flags,
    .page_protect = page_nothing,
    .page_unprotect = page_nothing,
};

static int run_emulated(Regs *r, uint64_t *rip)
{
    int excp;

    memcpy(env->regs, r->gpr, sizeof(r->gpr));
    cpu_set_eflags(env, r->flags, CC_ALL | DF_MASK | AC_MASK | ID_MASK);
    env->rip = (uintptr_t)code_page;
    emulating = true;
    do {
        excp = cpu_exec(env);
    } while (excp == EXCP_INTERRUPT);
    emulating = false;
    memcpy(r->gpr, env->regs, sizeof(r->gpr));
    r->flags = cpu_get_eflags(env);
    *rip = env->rip;
    return excp;
}

#ifdef __x86_64__
/* --- the host's side ------------------------------------------------------ */

/* r: registers in and out; saved_rsp: the test program's own stack. */
struct {
    Regs r;
    uint64_t saved_rsp, code, scratch;
} native_state __attribute__((used));

void native_enter(void);
void native_exit(void);

asm(
    ".text\n"
    ".globl native_enter\n"
    ".globl native_exit\n"
    "native_enter:\n"
    "    push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n"
    "    push %r15\n"
    "    mov %rsp, native_state+136(%rip)\n"
    "    push native_state+128(%rip)\n"
    "    popf\n"
    "    mov native_state+0(%rip), %rax\n"
    "    mov native_state+8(%rip), %rcx\n"
    "    mov native_state+16(%rip), %rdx\n"
    "    mov native_state+24(%rip), %rbx\n"
    "    mov native_state+32(%rip), %rsp\n"
    "    mov native_state+40(%rip), %rbp\n"
    "    mov native_state+48(%rip), %rsi\n"
    "    mov native_state+56(%rip), %rdi\n"
    "    mov native_state+64(%rip), %r8\n"
    "    mov native_state+72(%rip), %r9\n"
    "    mov native_state+80(%rip), %r10\n"
    "    mov native_state+88(%rip), %r11\n"
    "    mov native_state+96(%rip), %r12\n"
    "    mov native_state+104(%rip), %r13\n"
    "    mov native_state+112(%rip), %r14\n"
    "    mov native_state+120(%rip), %r15\n"
    "    jmp *native_state+144(%rip)\n"
    "native_exit:\n"
    "    mov %rax, native_state+0(%rip)\n"
    "    mov %rcx, native_state+8(%rip)\n"
    "    mov %rdx, native_state+16(%rip)\n"
    "    mov %rbx, native_state+24(%rip)\n"
    "    mov %rsp, native_state+32(%rip)\n"
    "    mov %rbp, native_state+40(%rip)\n"
    "    mov %rsi, native_state+48(%rip)\n"
    "    mov %rdi, native_state+56(%rip)\n"
    "    mov %r8, native_state+64(%rip)\n"
    "    mov %r9, native_state+72(%rip)\n"
    "    mov %r10, native_state+80(%rip)\n"
    "    mov %r11, native_state+88(%rip)\n"
    "    mov %r12, native_state+96(%rip)\n"
    "    mov %r13, native_state+104(%rip)\n"
    "    mov %r14, native_state+112(%rip)\n"
    "    mov %r15, native_state+120(%rip)\n"
    "    mov native_state+136(%rip), %rsp\n"
    "    pushf\n"
    "    pop native_state+128(%rip)\n"
    "    pushq $2\n"
    "    popf\n"
    "    pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
    "    ret\n");
QEMU_BUILD_BUG_ON(offsetof(Regs, flags) != 128);

static sigjmp_buf fault_jmp;
static Regs fault_regs;
static int fault_sig;
static uint64_t fault_rip;

static void on_signal(int sig, siginfo_t *info, void *ctx)
{
    static const int order[16] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
        REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
        REG_R15,
    };
    ucontext_t *uc = ctx;

    if (emulating) {
        switch (cpu_handle_host_fault(env, sig, info, ctx)) {
        case HOST_FAULT_RETRY:
            return;
        case HOST_FAULT_GUEST:
            cpu_fault_exit(env);
        default:
            abort();
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        fault_regs.gpr[i] = uc->uc_mcontext.gregs[order[i]];
    }
    fault_regs.flags = uc->uc_mcontext.gregs[REG_EFL];
    fault_rip = uc->uc_mcontext.gregs[REG_RIP];
    fault_sig = sig;
    siglongjmp(fault_jmp, 1);
}

/* The vector the signal stands for; 0x100 for a normal end. */
static int run_native(Regs *r, uint64_t *rip)
{
    native_state.r = *r;
    native_state.code = (uintptr_t)code_page;
    fault_sig = 0;
    if (!sigsetjmp(fault_jmp, 1)) {
        native_enter();
        *r = native_state.r;
        *rip = 0;
        return 0x100;
    }
    asm volatile("cld" : : : "cc");
    *r = fault_regs;
    *rip = fault_rip;
    switch (fault_sig) {
    case SIGFPE:
        return EXCP00_DIVZ;
    case SIGILL:
        return EXCP06_ILLOP;
    case SIGTRAP:
        return EXCP03_INT3;
    case SIGBUS:
        return EXCP0C_STACK;
    default:
        return EXCP0D_GPF;
    }
}

/* --- cases ---------------------------------------------------------------- */

static GRand *rnd;

static uint64_t random_value(void)
{
    static const uint64_t special[] = {
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
        0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000,
        0xffffffffffffffff, 31, 32, 63, 64, 0x100000000,
    };
    uint64_t v = (uint64_t)g_rand_int(rnd) << 32 | g_rand_int(rnd);

    switch (g_rand_int(rnd) & 7) {
    case 0:
    case 1:
        return special[g_rand_int(rnd) % ARRAY_SIZE(special)];
    case 2:
        return (int8_t)v;
    case 3:
        return v & 0xff;
    case 4:
        return (int32_t)v;
    default:
        return v;
    }
}

static bool wanted(const X86Insn *insn, const char *only)
{
    const X86Row *row = x86_insn_row(insn);

    if (only && strcmp(x86_op_names[insn->op], only)) {
        return false;
    }
    switch (row->group) {
    case X86_GRP_ALU:
    case X86_GRP_SHIFT:
    case X86_GRP_MULDIV:
    case X86_GRP_BIT:
    case X86_GRP_MOVE:
    case X86_GRP_STACK:
    case X86_GRP_STRING:
    case X86_GRP_CONTROL:
        break;
    case X86_GRP_SYSTEM:
        switch (insn->op) {
        case X86_OP_CLC: case X86_OP_STC: case X86_OP_CMC:
        case X86_OP_CLD: case X86_OP_STD: case X86_OP_SAHF:
        case X86_OP_LAHF: case X86_OP_LAR: case X86_OP_LSL:
        case X86_OP_VERR: case X86_OP_VERW:
            break;
        default:
            return row->flags & X86_ROW_PRIV && insn->op != X86_OP_HLT;
        }
        break;
    default:
        return false;
    }
    if (insn->seg_prefix == R_FS) {
        return false;       /* this program's thread data */
    }
    for (unsigned i = 0; i < insn->n_operands; i++) {
        if (insn->operand[i].kind == X86_OPND_SEG) {
            return false;
        }
    }
    switch (insn->op) {
    case X86_OP_SYSCALL: case X86_OP_INT: case X86_OP_INT1:
    case X86_OP_RETF: case X86_OP_IRET: case X86_OP_CALLF: case X86_OP_JMPF:
    case X86_OP_POPF: case X86_OP_LSS: case X86_OP_LFS: case X86_OP_LGS:
    case X86_OP_MOVDIRI: case X86_OP_MOVDIR64B:
        return false;
    case X86_OP_JMP: case X86_OP_CALL: case X86_OP_RET: case X86_OP_JCC:
    case X86_OP_LOOP: case X86_OP_LOOPE: case X86_OP_LOOPNE:
    case X86_OP_JRCXZ:
        /* 66: AMD and Intel differ; and the target must be the next insn */
        return !(insn->prefixes & X86_PFX_OPSZ);
    }
    return true;
}

/* One random instruction the test can run; returns false to try again. */
static bool make_insn(uint8_t *p, X86Insn *insn, uint64_t features,
                      const char *only)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 16; i += 4) {
        uint32_t v = g_rand_int(rnd);
        memcpy(p + i, &v, 4);
    }
    switch (g_rand_int(rnd) & 15) {
    case 0: case 1: case 2:
        p[n++] = 0x66;
        break;
    case 3:
        p[n++] = 0xf3;
        break;
    case 4:
        p[n++] = 0xf2;
        break;
    case 5:
        p[n++] = 0xf0;
        break;
    case 6:
        p[n++] = 0x67;
        break;
    case 7:
        p[n++] = 0x67;
        p[n++] = g_rand_int(rnd) & 1 ? 0xf3 : 0x66;
        break;
    }
    if (g_rand_int(rnd) & 1) {
        p[n++] = 0x40 | (g_rand_int(rnd) & 15);
    }
    switch (g_rand_int(rnd) & 7) {
    case 0: case 1: case 2:
        p[n++] = 0x0f;
        break;
    case 3:
        p[n++] = 0x0f;
        p[n++] = 0x38;
        p[n] = 0xf0 | (p[n] & 15);
        break;
    case 4:
        n = 0;
        p[n++] = 0xc4;
        p[n] = (p[n] & 0xe0) | 2 | (g_rand_int(rnd) & 1);
        p[n + 1] &= 0xfb;
        p[n + 2] = 0xf0 | (p[n + 2] & 7);
        break;
    }
    return x86_decode(insn, p, 16, (uintptr_t)code_page, features) ==
           X86_DECODE_OK && wanted(insn, only);
}

/*
 * Somewhere in data_area: mostly around its middle, which is a page boundary,
 * sometimes at its end, where accesses fault.
 */
static uint64_t data_target(void)
{
    uint64_t off = DATA_MID + (g_rand_int(rnd) & 255) - 128;

    if (!(g_rand_int(rnd) & 7)) {
        off = DATA_SIZE - (g_rand_int(rnd) & 31);
    }
    return (uintptr_t)data_area + off;
}

/* Give registers values that make the memory operand point into data_area. */
static bool aim(const X86Insn *insn, Regs *r)
{
    const X86Mem *m = &insn->mem;
    uint64_t target = data_target();
    uint64_t high = (uint64_t)g_rand_int(rnd) << 32;
    bool mem = false;

    for (unsigned i = 0; i < insn->n_operands; i++) {
        mem |= insn->operand[i].kind == X86_OPND_MEM;
    }
    if (x86_insn_row(insn)->flags & X86_ROW_STRING) {
        r->gpr[R_ESI] = target;
        r->gpr[R_EDI] = data_target();
        r->gpr[R_ECX] = g_rand_int(rnd) & 63;
        if (insn->addrsize == 4) {
            r->gpr[R_ESI] |= high;
            r->gpr[R_EDI] |= high;
            r->gpr[R_ECX] |= high;
        }
        return true;
    }
    if (insn->op == X86_OP_XLAT) {
        r->gpr[R_EBX] = target | (insn->addrsize == 4 ? high : 0);
        return true;
    }
    if (!mem || insn->op == X86_OP_LEA) {
        return true;
    }
    if (x86_insn_row(insn)->mem == 0) {
        return true;        /* hints */
    }
    if (m->base == X86_REG_NONE ||
        m->base == m->index || m->base == R_ESP ||
        (insn->op == X86_OP_ENTER)) {
        return false;
    }
    if (insn->op == X86_OP_BT || insn->op == X86_OP_BTS ||
        insn->op == X86_OP_BTR || insn->op == X86_OP_BTC) {
        if (insn->operand[1].kind == X86_OPND_GPR) {
            if (insn->operand[1].reg == m->base) {
                return false;
            }
            r->gpr[insn->operand[1].reg] =
                (int64_t)(int32_t)(g_rand_int(rnd) % 16384) - 8192;
        }
    }
    if (m->index == R_ESP) {
        return false;
    }
    r->gpr[m->base] = target - m->disp - (m->index == X86_REG_NONE ? 0 :
                      r->gpr[m->index] << m->scale);
    if (insn->addrsize == 4) {
        r->gpr[m->base] ^= high;
    }
    return true;
}

static uint32_t undefined_flags(const X86Insn *insn, const Regs *in)
{
    const X86Row *row = x86_insn_row(insn);
    uint32_t undef = row->eflags_undef;
    unsigned bits = insn->operand[0].size * 8;
    unsigned mask = bits == 64 ? 63 : 31, count;

    if (row->flags & X86_ROW_FCOND) {
        const X86Operand *o = &insn->operand[insn->n_operands - 1];

        count = (o->kind == X86_OPND_IMM ? insn->imm : in->gpr[R_ECX]) & mask;
        if (!count) {
            return 0;
        }
        if (count == 1) {
            undef &= ~CC_O;
        }
        if (count >= bits) {
            undef |= CC_C | CC_O;
            if (insn->op == X86_OP_SHLD || insn->op == X86_OP_SHRD) {
                undef = CC_ALL;
            }
        }
    }
    return undef;
}

static void describe(const uint8_t *p, unsigned len, const char *what,
                     const Regs *in, const Regs *want, const Regs *got)
{
    char text[128];
    GString *hex = g_string_new(NULL);
    X86Insn insn;

    for (unsigned i = 0; i < len; i++) {
        g_string_append_printf(hex, "%02x", p[i]);
    }
    g_test_message("%s: %s", what, hex->str);
    for (unsigned pos = 0; pos < len; pos += insn.len) {
        x86_decode(&insn, p + pos, len - pos, (uintptr_t)code_page + pos,
                   X86_FEATURES_ALL);
        x86_insn_print(text, sizeof(text), &insn, X86_SYNTAX_INTEL);
        g_test_message("    %s", text);
    }
    for (unsigned i = 0; i < 17; i++) {
        uint64_t w = i < 16 ? want->gpr[i] : want->flags;
        uint64_t g = i < 16 ? got->gpr[i] : got->flags;

        if (w != g || i == 16) {
            g_test_message("  %s%u: before %016" PRIx64 " host %016" PRIx64
                           " here %016" PRIx64, i < 16 ? "reg " : "flags ", i,
                           i < 16 ? in->gpr[i] : in->flags, w, g);
        }
    }
    g_string_free(hex, TRUE);
    g_test_fail();
}

/* Runs one case; true if the two agree. */
static bool run_case(const uint8_t *p, unsigned len, uint32_t undef,
                     uint32_t fault_undef, const Regs *in)
{
    static uint8_t data0[DATA_SIZE], data1[DATA_SIZE], stack1[4096];
    uint32_t flag_mask = (CC_ALL | DF_MASK) & ~undef;
    Regs want = *in, got = *in;
    uint64_t want_rip, got_rip, end = (uintptr_t)code_page + len;
    int want_excp, got_excp;

    /* native: the instruction, then a jump to native_exit */
    memset(code_page, 0xcc, 512);
    memcpy(code_page, p, len);
    code_page[len] = 0xff;
    code_page[len + 1] = 0x25;
    memset(code_page + len + 2, 0, 4);
    uint64_t exit_addr = (uintptr_t)native_exit;
    memcpy(code_page + len + 6, &exit_addr, 8);
    memcpy(data0, data_area, DATA_SIZE);
    memset(stack_area, 0x5a, 4096);
    uint64_t ret = end;
    memcpy(stack_area + STACK_MID, &ret, 8);
    want_excp = run_native(&want, &want_rip);
    memcpy(data1, data_area, DATA_SIZE);
    memcpy(stack1, stack_area, 4096);

    /* here: the instruction, then int3 */
    memcpy(data_area, data0, DATA_SIZE);
    memset(stack_area, 0x5a, 4096);
    memcpy(stack_area + STACK_MID, &ret, 8);
    code_page[len] = 0xcc;
    tb_invalidate_range((uintptr_t)code_page, 4096);
    got_excp = run_emulated(&got, &got_rip);
    if (got_excp == EXCP03_INT3 && got_rip == end + 1) {
        got_excp = 0x100;
    }
    if (got_excp == EXCP0E_PAGE) {
        got_excp = EXCP0D_GPF;
    }
    if (want_excp != got_excp) {
        g_test_message("host exception %d, here %d", want_excp, got_excp);
        describe(p, len, "exception", in, &want, &got);
        return false;
    }
    if (memcmp(want.gpr, got.gpr, sizeof(want.gpr))) {
        describe(p, len, "registers", in, &want, &got);
        return false;
    }
    if (want_excp != 0x100) {
        flag_mask = (CC_ALL | DF_MASK) & ~fault_undef;
    }
    if ((want.flags ^ got.flags) & flag_mask) {
        describe(p, len, "flags", in, &want, &got);
        return false;
    }
    if (want_excp != 0x100 && want_excp != EXCP03_INT3 &&
        got_rip != want_rip) {
        describe(p, len, "rip", in, &want, &got);
        return false;
    }
    if (memcmp(data1, data_area, DATA_SIZE) ||
        memcmp(stack1, stack_area, 4096)) {
        describe(p, len, "memory", in, &want, &got);
        return false;
    }
    return true;
}

static uint64_t env_number(const char *name, uint64_t def)
{
    const char *v = g_getenv(name);

    return v ? g_ascii_strtoull(v, NULL, 0) : def;
}

static void test_against_host(void)
{
    uint64_t count = env_number("TEST_TRANSLATE_COUNT", 200000);
    const char *only = g_getenv("TEST_OP");
    static unsigned bad[X86_OP_COUNT], seen[X86_OP_COUNT];
    unsigned failed = 0, ran = 0;
    uint64_t features = x86_model_features(env->model);

    rnd = g_rand_new_with_seed(env_number("TEST_SEED", 1));
    while (ran < count && failed < 40) {
        uint8_t p[16];
        X86Insn insn;
        Regs r;

        if (!make_insn(p, &insn, features, only) || bad[insn.op] > 2) {
            continue;
        }
        for (unsigned i = 0; i < 16; i++) {
            r.gpr[i] = random_value();
        }
        r.gpr[R_ESP] = (uintptr_t)stack_area + STACK_MID;
        r.flags = 2 | IF_MASK | (g_rand_int(rnd) & CC_ALL);
        if (!(g_rand_int(rnd) & 3) &&
            x86_insn_row(&insn)->flags & X86_ROW_STRING) {
            r.flags |= DF_MASK;
        }
        if (!aim(&insn, &r)) {
            continue;
        }
        if (insn.op == X86_OP_JCC || insn.op == X86_OP_LOOP ||
            insn.op == X86_OP_LOOPE || insn.op == X86_OP_LOOPNE ||
            insn.op == X86_OP_JRCXZ || insn.op == X86_OP_JMP ||
            insn.op == X86_OP_CALL) {
            if (insn.operand[0].kind == X86_OPND_REL) {
                memset(p + insn.imm_off, 0, insn.len - insn.imm_off);
                if (x86_decode(&insn, p, 16, (uintptr_t)code_page,
                               features) != X86_DECODE_OK) {
                    continue;
                }
            } else if (insn.operand[0].kind == X86_OPND_GPR) {
                r.gpr[insn.operand[0].reg] = (uintptr_t)code_page + insn.len;
            } else {
                uint64_t a = (uintptr_t)code_page + insn.len;
                if (insn.addrsize == 4) {
                    continue;
                }
                uint64_t at = r.gpr[insn.mem.base] + insn.mem.disp +
                    (insn.mem.index == X86_REG_NONE ? 0 :
                     r.gpr[insn.mem.index] << insn.mem.scale);
                if (at + 8 <= (uintptr_t)data_area + DATA_SIZE) {
                    memcpy((void *)(uintptr_t)at, &a, 8);
                }
            }
            if (r.gpr[R_ESP] != (uintptr_t)stack_area + STACK_MID) {
                continue;
            }
        }
        ran++;
        seen[insn.op]++;
        if (!run_case(p, insn.len, undefined_flags(&insn, &r), 0,
                      &r)) {
            bad[insn.op]++;
            failed++;
        }
    }
    if (g_getenv("TEST_VERBOSE")) {
        for (unsigned i = 0; i < X86_OP_COUNT; i++) {
            if (seen[i]) {
                g_test_message("%-12s %u", x86_op_names[i], seen[i]);
            }
        }
    }
    g_test_message("%u cases, %u differences", ran, failed);
    g_rand_free(rnd);
}

/*
 * Sequences: memory operands are based on R13, which nothing writes.  @undef
 * is what is undefined before and after the instruction.
 */
static bool fits_sequence(const X86Insn *insn, uint32_t *undef)
{
    const X86Row *row = x86_insn_row(insn);
    uint32_t defined = row->eflags_write;

    if (row->group > X86_GRP_MOVE || row->flags & (X86_ROW_PRIV | X86_ROW_UD) ||
        insn->op == X86_OP_XLAT || insn->addrsize != 8 ||
        row->eflags_read & *undef) {
        return false;
    }
    for (unsigned i = 0; i < insn->n_operands; i++) {
        const X86Operand *o = &insn->operand[i];

        if (o->kind == X86_OPND_MEM && o->access &&
            (insn->mem.base != R_R13 || insn->mem.index != X86_REG_NONE ||
             insn->mem.disp < -128 || insn->mem.disp > 127)) {
            return false;
        }
        if (o->kind == X86_OPND_GPR && o->access & X86_ACC_W &&
            (o->reg == R_R13 || o->reg == R_ESP)) {
            return false;
        }
    }
    switch (insn->op) {
    case X86_OP_BT: case X86_OP_BTS: case X86_OP_BTR: case X86_OP_BTC:
        if (insn->operand[0].kind == X86_OPND_MEM) {
            return false;
        }
        break;
    case X86_OP_SHLD: case X86_OP_SHRD:
        if (insn->operand[0].size == 2) {
            return false;
        }
        break;
    case X86_OP_BSWAP:
        if (insn->operand[0].size == 2) {
            return false;
        }
        break;
    }
    if (row->flags & X86_ROW_FCOND) {
        if (!x86_insn_flags_killed(insn)) {
            defined = 0;
        }
        *undef |= row->eflags_undef;
        if (insn->operand[0].size < 4) {
            *undef |= CC_C;
            defined &= ~CC_C;
        }
    }
    *undef = (*undef & ~defined) | row->eflags_undef;
    return true;
}

static void test_random_sequences(void)
{
    uint64_t count = env_number("TEST_TRANSLATE_COUNT", 200000) / 4;
    uint64_t features = x86_model_features(env->model);
    unsigned failed = 0;

    rnd = g_rand_new_with_seed(env_number("TEST_SEED", 1) + 1);
    for (uint64_t n = 0; n < count && failed < 20; n++) {
        uint8_t code[256];
        unsigned len = 0, want = 2 + g_rand_int(rnd) % 9;
        uint32_t undef = 0, any = 0;
        Regs r;

        for (unsigned k = 0; k < want;) {
            X86Insn insn;

            if (make_insn(code + len, &insn, features, NULL) &&
                fits_sequence(&insn, &undef)) {
                len += insn.len;
                any |= undef;
                k++;
            }
        }
        for (unsigned i = 0; i < 16; i++) {
            r.gpr[i] = random_value();
        }
        r.gpr[R_ESP] = (uintptr_t)stack_area + STACK_MID;
        r.gpr[R_R13] = (uintptr_t)data_area + DATA_MID;
        r.flags = 2 | IF_MASK | (g_rand_int(rnd) & CC_ALL);
        failed += !run_case(code, len, undef, any, &r);
    }
    g_test_message("%" PRIu64 " sequences, %u differences", count, failed);
    g_rand_free(rnd);
}
#endif

static void setup(void)
{
    const char *accel = g_getenv("TEST_ACCEL");
    EngineConfig cfg = {
        .user = &user_ops,
        .interp = accel && !strcmp(accel, "interp"),
    };
    char *err = NULL;

    g_assert_true(engine_init(&cfg));
    if (g_getenv("TEST_LOG")) {
        const char *bad;
        g_assert_true(qemu_log_parse(g_getenv("TEST_LOG"), &qemu_loglevel,
                                     &bad));
    }
#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif
    code_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    data_area = mmap(NULL, DATA_SIZE + 4096, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    mprotect(data_area + DATA_SIZE, 4096, PROT_NONE);
    stack_area = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < DATA_SIZE; i++) {
        data_area[i] = i * 37 + (i >> 5);
    }
    env = cpu_create(NULL);
    env->model = x86_cpu_model("max", &err);
    g_assert_nonnull(env->model);
    cpu_x86_reset(env);
#ifdef __x86_64__
    static uint8_t altstack[65536];
    stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };
    struct sigaction sa = {
        .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
    };

    sigaltstack(&ss, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    sigaction(SIGFPE, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
    sigaction(SIGTRAP, &sa, NULL);
#endif
}

/* A few sequences with known results, for every host. */
static void test_sequences(void)
{
    /* mov eax,10; xor ecx,ecx; 1: add ecx,eax; dec eax; jnz 1b; int3 */
    static const uint8_t sum[] = {
        0xb8, 10, 0, 0, 0, 0x31, 0xc9, 0x01, 0xc1, 0xff, 0xc8, 0x75, 0xfa,
        0xcc,
    };
    Regs r = { .flags = 2 };
    uint64_t rip;

    memcpy(code_page, sum, sizeof(sum));
    tb_invalidate_range((uintptr_t)code_page, 4096);
    r.gpr[R_ESP] = (uintptr_t)stack_area + STACK_MID;
    g_assert_cmpint(run_emulated(&r, &rip), ==, EXCP03_INT3);
    g_assert_cmpint(r.gpr[R_ECX], ==, 55);
    g_assert_cmpint(r.gpr[R_EAX], ==, 0);
    g_assert_cmphex(r.flags & CC_ALL, ==, CC_Z | CC_P);
    g_assert_cmphex(rip, ==, (uintptr_t)code_page + sizeof(sum));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    setup();
    g_test_add_func("/translate/sequences", test_sequences);
#ifdef __x86_64__
    g_test_add_func("/translate/against-host", test_against_host);
    g_test_add_func("/translate/random-sequences", test_random_sequences);
#endif
    return g_test_run();
}
