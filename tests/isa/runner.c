/*
 * The ISA test program: see isa.h.
 *
 *   isa-test features                    print the features this CPU has
 *   isa-test run SEED FIRST COUNT MASK   a hash per block of cases
 *   isa-test run ... fine [RECORD]       a hash per case; those that are 0 in
 *                                        the record are left out
 *   isa-test show SEED CASE MASK         one case: code, state before, after
 *   isa-test fixed FILE MASK [N]         the cases of a file, or show one
 *   isa-test scenarios                   numbers and names of the scenarios
 *   isa-test model                       whether exactly what CPUID announces
 *                                        can be executed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa.h"
#include <cpuid.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#define BLOCK 32

/*
 * Where user space ends (without the last bit of it), and so does a C library
 * and an emulator put what is its own: an address there may be mapped in one
 * and not in the other.  What lies above LOW_END may be so on a foreign host.
 */
#define NEAR_END 0x7ff000000000ull
#define USER_END 0x800000000000ull
#define LOW_END  0x100000000ull

static int have_avx;
/* The last case met an address that says nothing. */
static enum { WILD_NO, WILD_SOMEWHERE, WILD_NEAR_END } wild;
extern const char __executable_start[], etext[];
/* A case may jump anywhere, into this program as well. */
static volatile bool in_case;

/* Is @rip where a fault means that the test is broken? */
static bool is_own_code(uint64_t rip)
{
    if (in_case) {
        return rip >= (uintptr_t)isa_run && rip < (uintptr_t)isa_fault;
    }
    return rip >= (uintptr_t)__executable_start && rip < (uintptr_t)etext;
}

void isa_on_fault(int sig, siginfo_t *si, void *p)
{
    static const int order[16] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
        REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13,
        REG_R14, REG_R15,
    };
    ucontext_t *uc = p;
    greg_t *r = uc->uc_mcontext.gregs;
    uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
    uint32_t magic;

    if (is_own_code(r[REG_RIP])) {
        fprintf(stderr, "isa-test: signal %d outside of a case\n", sig);
        _exit(3);
    }
    for (unsigned i = 0; i < 16; i++) {
        isa_out.gpr[i] = r[order[i]];
    }
    isa_out.rflags = r[REG_EFL] & ~0x10000ull;
    isa_out.rip = r[REG_RIP];
    isa_out.signo = sig;
    isa_out.code = si->si_code;
    isa_out.addr = (uintptr_t)si->si_addr;
    if (sig == SIGSEGV && isa_out.addr >= LOW_END &&
        isa_out.addr < USER_END) {
        wild = isa_out.addr >= NEAR_END ? WILD_NEAR_END : WILD_SOMEWHERE;
    }
    memcpy(isa_out.fx, fp, 416);
    memcpy(&magic, fp + 464, 4);
    if (have_avx && magic == 0x46505853) {
        uint64_t xstate_bv;

        memcpy(&xstate_bv, fp + 512, 8);
        if (xstate_bv & 4) {
            memcpy(isa_out.ymmh, fp + 576, 256);
        }
        if (!(xstate_bv & 2)) {
            memset(isa_out.fx + 160, 0, 256);
        }
    }
    r[REG_EFL] &= ~0x500ull;
    r[REG_RIP] = (greg_t)(uintptr_t)isa_leave;
}

static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;

    while (n >= 8) {
        uint64_t v;

        memcpy(&v, b, 8);
        h = (h ^ v) * 0x9fb21c651e98df25ull;
        h ^= h >> 29;
        b += 8;
        n -= 8;
    }
    while (n--) {
        h = (h ^ *b++) * 0x100000001b3ull;
    }
    return h;
}

static void fill_memory(IsaGen *g)
{
    uint64_t *m = (uint64_t *)MEM_BASE, *s = (uint64_t *)STACK_BASE;
    uint64_t *b = (uint64_t *)(RO_BASE - 4096);

    for (unsigned i = 0; i < MEM_SIZE / 8; i++) {
        m[i] = i & 1 ? isa_value(g) : isa_rand(g);
    }
    for (unsigned i = 0; i < 512; i++) {
        b[i] = isa_rand(g);
        s[i] = isa_value(g);
    }
    /* what is there besides must not tell of earlier blocks */
    memset((void *)(RO_BASE - AREA), 0, AREA - 4096);
    memset((void *)(STACK_BASE + 4096), 0, AREA - 4096);
}

/* At a fault in step @i: flags that are undefined there. */
static uint32_t flags_at_fault(const IsaCase *c, unsigned i)
{
    return c->any_order ? 0x8d5 : c->step[i].undef;
}

/* What does not count: see docs/devel/testing.rst. */
static void normalise(const IsaCase *c)
{
    uint8_t *fx = isa_out.fx;
    uint32_t ignore = c->undef;

    for (unsigned i = 0; isa_out.signo && i < c->n_steps; i++) {
        if (c->pc + c->step[i].off == isa_out.rip) {
            ignore = flags_at_fault(c, i);
            if (c->step[i].own_order) {
                isa_out.addr = isa_out.code = 0;
            }
            if (isa_out.signo == SIGFPE && (c->step[i].steps ||
                (c->step[i].halves && c->features & ISA_HALVES))) {
                fx[24] &= 0xc0;
                isa_out.code = 0;
            }
        }
    }
    isa_out.rflags &= ~(uint64_t)ignore;
    memset(fx + 6, 0, 2 + 16);          /* FOP, FIP, FDP */
    memset(fx + 28, 0, 4);              /* MXCSR_MASK */
    for (unsigned i = 0; i < 8; i++) {
        memset(fx + 32 + i * 16 + 10, 0, 6);
    }
    memset(fx + 416, 0, 96);
    if (!isa_out.signo) {
        isa_out.rip = 0;
    }
}

/*
 * An emulator may treat code differently that is written again and again.
 * Every other page is mapped anew often enough to be taken for fresh code.
 */
static void renew_code(uint64_t pc)
{
    uint64_t page = pc & ~4095ull;

    if (!(page >> 12 & 1) && pc / SLOT_SIZE % 8 == 0) {
        mmap((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
}

void isa_run_case(const IsaCase *c)
{
    renew_code(c->pc);
    memcpy((void *)c->pc, c->code, c->len);
    memset(&isa_out, 0, sizeof(isa_out));
    wild = WILD_NO;
    in_case = true;
    isa_run((void *)c->pc, have_avx);
    in_case = false;
    normalise(c);
    for (unsigned i = 0; i < c->n_wipe; i++) {
        memset((void *)c->wipe[i].addr, 0, c->wipe[i].len);
    }
}

static bool make_case(uint64_t seed, uint64_t n, uint64_t features, IsaCase *c)
{
    IsaGen g = { seed ^ n * 0xd1342543de82ef95ull, features };
    uint64_t pc = CODE_BASE + n % (CODE_PAGES * 4096 / SLOT_SIZE) * SLOT_SIZE;
    const IsaForm *f = &isa_forms[n % isa_n_forms];
    unsigned extra = 0;

    if (n / isa_n_forms % 3 == 2) {
        extra = 1 + below(&g, below(&g, 4) ? 6 : 40);
    }
    if (n % 16 == 15) {
        isa_scenario(&g, n / 16 % isa_n_scenarios, pc, c);
        return true;
    }
    return isa_generate(&g, f, extra, pc, c);
}

static bool one_case(uint64_t seed, uint64_t n, uint64_t features, IsaCase *c)
{
    if (!make_case(seed, n, features, c)) {
        return false;
    }
    isa_run_case(c);
    return true;
}

static uint64_t case_hash(void)
{
    uint64_t h = hash_bytes(1, &isa_out, sizeof(isa_out));

    h = hash_bytes(h, (void *)MEM_BASE, MEM_SIZE);
    h = hash_bytes(h, (void *)(RO_BASE - 4096), 4096);
    return hash_bytes(h, (void *)STACK_BASE, 4096);
}

/* Every block starts from fresh memory, so that a block can be repeated. */
static void start_block(uint64_t seed, uint64_t n)
{
    IsaGen g = { seed ^ (n / BLOCK + 77) * 0x2545f4914f6cdd1dull, 0 };

    fill_memory(&g);
}

static void dump(const char *what, const IsaState *s)
{
    printf("%s: sig %" PRIu64 " code %" PRIu64 " addr %#" PRIx64 " rip %#"
           PRIx64 " rflags %#" PRIx64 "\n", what, s->signo, s->code, s->addr,
           s->rip, s->rflags);
    for (unsigned i = 0; i < 16; i++) {
        printf("%s: r%-2u %016" PRIx64 "  ymm%-2u ", what, i, s->gpr[i], i);
        for (int k = 15; k >= 0; k--) {
            printf("%02x", s->ymmh[i][k]);
        }
        printf("_");
        for (int k = 15; k >= 0; k--) {
            printf("%02x", s->fx[160 + i * 16 + k]);
        }
        printf("\n");
    }
    printf("%s: fcw %02x%02x fsw %02x%02x ftw %02x mxcsr %02x%02x\n", what,
           s->fx[1], s->fx[0], s->fx[3], s->fx[2], s->fx[4], s->fx[25],
           s->fx[24]);
    for (unsigned i = 0; i < 8; i++) {
        printf("%s: st%u ", what, i);
        for (int k = 9; k >= 0; k--) {
            printf("%02x", s->fx[32 + i * 16 + k]);
        }
        printf("\n");
    }
}

/* Bytes of [@base, @base + @size) that differ from @before. */
static void dump_changes(uint64_t base, const uint8_t *before, size_t size)
{
    const uint8_t *now = (const uint8_t *)base;

    for (size_t i = 0; i < size; i++) {
        if (now[i] != before[i]) {
            printf("mem %#" PRIx64 ": %02x -> %02x\n", base + i, before[i],
                   now[i]);
        }
    }
}

static const char *case_name(const IsaCase *c)
{
    return c->first_row == ISA_FIXED_ROW ? "fixed"
        : c->first_row >= ISA_SCENARIO_ROW
        ? isa_scenario_name(c->first_row - ISA_SCENARIO_ROW)
        : x86_op_names[x86_rows[c->first_row].op];
}

static void print_code(const IsaCase *c)
{
    for (unsigned off = 0; off < c->len - 26;) {
        X86Insn in;
        char text[128];

        if (x86_decode(&in, c->code + off, 15, c->pc + off, c->features) !=
            X86_DECODE_OK) {
            printf("  (illegal)");
            in.len = 15;
        } else {
            x86_insn_print(text, sizeof(text), &in, X86_SYNTAX_INTEL);
            printf("  %-40s", text);
        }
        for (unsigned i = 0; i < in.len; i++) {
            printf(" %02x", c->code[off + i]);
        }
        printf("\n");
        off += in.len;
    }
}

/* Run the case that has been set up, and tell everything about it. */
static void show_case(const IsaCase *c, uint64_t n)
{
    static uint8_t mem[MEM_SIZE], rw[4096], stack[4096];

    printf("case %" PRIu64 " row %u %s, undefined flags %#x, memory before "
           "%016" PRIx64 "\n", n, c->first_row, case_name(c), c->undef,
           hash_bytes(7, (void *)MEM_BASE, MEM_SIZE));
    memcpy(mem, (void *)MEM_BASE, MEM_SIZE);
    memcpy(rw, (void *)(RO_BASE - 4096), sizeof(rw));
    memcpy(stack, (void *)STACK_BASE, sizeof(stack));
    print_code(c);
    isa_run_case(c);
    dump("in ", &isa_in);
    dump("out", &isa_out);
    dump_changes(MEM_BASE, mem, MEM_SIZE);
    dump_changes(RO_BASE - 4096, rw, sizeof(rw));
    dump_changes(STACK_BASE, stack, sizeof(stack));
    printf("hash %016" PRIx64 "\n", case_hash());
}

static void show(uint64_t seed, uint64_t n, uint64_t features)
{
    IsaCase c;

    start_block(seed, n);
    for (uint64_t i = n / BLOCK * BLOCK; i < n; i++) {
        one_case(seed, i, features, &c);
    }
    if (!make_case(seed, n, features, &c)) {
        printf("case %" PRIu64 ": no case\n", n);
        return;
    }
    show_case(&c, n);
}

/* Run all cases of @path, or show number @only. */
static int run_fixed(const char *path, uint64_t features, const char *only)
{
    FILE *f = fopen(path, "r");
    char line[1024];
    uint64_t n = 0;

    if (!f) {
        perror(path);
        return 2;
    }
    while (fgets(line, sizeof(line), f)) {
        char *end = line + strcspn(line, "#\n");
        uint64_t pc = CODE_BASE + (n % 256) * SLOT_SIZE;
        IsaCase c;

        while (end > line && (end[-1] == ' ' || end[-1] == '\t')) {
            end--;
        }
        *end = '\0';
        if (!*line) {
            continue;
        }
        start_block(1, n * BLOCK);
        if (!isa_fixed(line, features, pc, &c)) {
            return 2;
        }
        if (only) {
            if (strtoull(only, NULL, 0) == n) {
                show_case(&c, n);
            }
        } else {
            isa_run_case(&c);
            printf("%" PRIu64 " %u %016" PRIx64 "\n", n, c.first_row,
                   case_hash());
        }
        n++;
    }
    fclose(f);
    if (!only) {
        printf("cases %" PRIu64 "\n", n);
    }
    return 0;
}

/* A file of 16-bit values, one for each case, behind a line of text. */
static const uint16_t *read_record(const char *path)
{
    static uint16_t values[1 << 20];
    FILE *f = fopen(path, "r");

    if (!f || fscanf(f, "%*[^\n]") != 0 || fgetc(f) != '\n') {
        fprintf(stderr, "isa-test: cannot read %s\n", path);
        exit(2);
    }
    (void)!fread(values, 2, ARRAY_SIZE(values), f);
    fclose(f);
    return values;
}

static int run(uint64_t seed, uint64_t first, uint64_t count,
               uint64_t features, bool fine, const uint16_t *record)
{
    static const char *const marks[] = {
        [WILD_NO] = "", [WILD_SOMEWHERE] = " wild", [WILD_NEAR_END] = " end",
    };
    uint64_t done = 0;

    for (uint64_t n = first / BLOCK * BLOCK; n < first + count; n += BLOCK) {
        uint64_t h = 0;

        start_block(seed, n);
        for (uint64_t i = n; i < n + BLOCK; i++) {
            IsaCase c;

            if ((record && !record[i]) || !one_case(seed, i, features, &c)) {
                continue;
            }
            h = h * 31 + case_hash();
            done++;
            if (fine) {
                printf("%" PRIu64 " %u %016" PRIx64 "%s\n", i, c.first_row,
                       case_hash(), marks[wild]);
            }
        }
        if (!fine) {
            printf("%08x\n", (uint32_t)(h ^ h >> 32));
        }
    }
    printf("cases %" PRIu64 "\n", done);
    return 0;
}

static uint64_t cpu_features(void)
{
    static const struct { uint32_t leaf, sub, reg, bit; int feat; } t[] = {
#define F(leaf, sub, reg, bit, feat, name) \
        { leaf, sub, reg, bit, X86_FEAT_##feat }
#include "features.h.inc"
#undef F
    };
    uint64_t have = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
        uint32_t r[4] = { 0 };

        if (__get_cpuid_count(t[i].leaf, t[i].sub, &r[0], &r[1], &r[2],
                              &r[3]) && (r[t[i].reg] >> t[i].bit & 1)) {
            have |= 1ull << t[i].feat;
        }
    }
    if (!(getauxval(AT_HWCAP2) & 2)) {      /* the kernel does not allow it */
        have &= ~(1ull << X86_FEAT_FSGSBASE);
    }
    return have;
}

int main(int argc, char **argv)
{
    static uint8_t altstack[65536];
    stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };
    struct sigaction sa = { .sa_sigaction = isa_fault,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK |
                                        SA_NODEFER };
    static const int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
    int prot = PROT_READ | PROT_WRITE;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

    if (argc == 2 && !strcmp(argv[1], "features")) {
        /* not those a program has no use for */
        printf("%#" PRIx64 "\n", cpu_features() &
               ~(1ull << X86_FEAT_XSAVES | 1ull << X86_FEAT_INVPCID |
                 1ull << X86_FEAT_OSPKE));
        return 0;
    }
    if (argc == 2 && !strcmp(argv[1], "scenarios")) {
        for (unsigned i = 0; i < isa_n_scenarios; i++) {
            printf("%u %s\n", ISA_SCENARIO_ROW + i, isa_scenario_name(i));
        }
        return 0;
    }
    if (argc < 2 || argc < (!strcmp(argv[1], "model") ? 2 :
                            !strcmp(argv[1], "fixed") ? 4 : 5)) {
        fprintf(stderr, "usage: isa-test features|scenarios|model|run|show|fixed ...\n");
        return 2;
    }
    alarm(900);                     /* a case that does not end */
    have_avx = cpu_features() >> X86_FEAT_AVX & 1;
    if (cpu_features() >> X86_FEAT_FSGSBASE & 1) {
        isa_fsgsbase = 1;
        asm("rdfsbase %0" : "=r"(isa_fs_base));
    }
    sigaltstack(&ss, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(sigs); i++) {
        sigaction(sigs[i], &sa, NULL);
    }
    mmap((void *)CODE_BASE, CODE_PAGES * 4096, prot | PROT_EXEC, flags, -1, 0);
    mmap((void *)MEM_BASE, MEM_SIZE, prot, flags, -1, 0);
    mmap((void *)(RO_BASE - AREA), AREA, prot, flags, -1, 0);
    mmap((void *)RO_BASE, AREA, PROT_READ, flags, -1, 0);
    mmap((void *)STACK_BASE, AREA, prot, flags, -1, 0);
    mmap((void *)EDGE_BASE, 4096, prot | PROT_EXEC, flags, -1, 0);
    mmap((void *)EDGE_NX_BASE, 4096, prot | PROT_EXEC, flags, -1, 0);
    mmap((void *)EDGE_NX_BASE + 4096, 4096, prot, flags, -1, 0);

    if (!strcmp(argv[1], "fixed")) {
        return run_fixed(argv[2], strtoull(argv[3], NULL, 0), argv[4]);
    }
    if (!strcmp(argv[1], "model")) {
        return isa_check_model(cpu_features());
    }
    uint64_t seed = strtoull(argv[2], NULL, 0);
    uint64_t first = strtoull(argv[3], NULL, 0);

    if (!strcmp(argv[1], "show")) {
        show(seed, first, strtoull(argv[4], NULL, 0));
        return 0;
    }
    return run(seed, first, strtoull(argv[4], NULL, 0),
               strtoull(argv[5], NULL, 0), argc > 6,
               argc > 7 ? read_record(argv[7]) : NULL);
}
