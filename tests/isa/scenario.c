/*
 * Sequences with a purpose, for what single instructions and random sequences
 * do not reach: code that changes itself, loops and calls, flags that travel,
 * control words, state images.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "scenario.h"

void isa_emitted(IsaCase *c, unsigned from)
{
    unsigned end = c->len;
    X86Insn in;

    for (c->len = from; c->len < end; ) {
        if (x86_decode(&in, c->code + c->len, end - c->len, c->pc + c->len,
                       c->features) != X86_DECODE_OK) {
            break;
        }
        isa_add_step(c, &in);
    }
    c->len = end;
}

void isa_some(IsaGen *g, IsaCase *c, unsigned max)
{
    unsigned n = 1 + below(g, max);

    while (n-- && c->len < 96 && isa_add_random(g, NULL, c)) {
    }
}

void isa_define_flags(IsaCase *c)
{
    if (c->undef) {
        unsigned from = c->len;

        RAW(c, 0x39, 0xc0);
        isa_emitted(c, from);
    }
}

/* POPF of values that are safe, then what depends on them. */
static void popf(IsaGen *g, IsaCase *c)
{
    uint32_t v = (isa_rand(g) & 0x200ad5) | 0x200;

    if (below(g, 4)) {
        v |= isa_rand(g) & 0x400;
    }
    if (below(g, 4) == 0) {
        RAW(c, 0x66, 0x68);                         /* push imm16 */
        raw(c, &v, 2);
        RAW(c, 0x66, 0x9d);
    } else {
        RAW(c, 0x68);
        raw32(c, v);
        RAW(c, 0x9d);
    }
    if (below(g, 2)) {
        RAW(c, 0x9c, 0x59);                         /* pushf; pop rcx */
    }
    isa_emitted(c, 0);
    isa_some(g, c, 3);
    if (!c->undef) {
        RAW(c, 0x9c, 0x58);                         /* pushf; pop rax */
    }
}

/* A store into the immediate of an instruction that follows. */
static void patch_next(IsaGen *g, IsaCase *c)
{
    uint32_t gap = below(g, 4), value = isa_rand(g), disp = gap + 2;

    switch (below(g, 4)) {
    case 0:
        RAW(c, 0xc6, 0x05);                         /* mov byte [..], imm */
        raw32(c, disp);
        raw(c, &value, 1);
        break;
    case 1:
        RAW(c, 0x66, 0xc7, 0x05);
        raw32(c, disp);
        raw(c, &value, 2);
        break;
    case 2:
        RAW(c, 0xc7, 0x05);
        raw32(c, disp);
        raw32(c, value);
        break;
    default:
        RAW(c, 0x48, 0x89, 0x15);                   /* mov [..], rdx */
        raw32(c, disp);
        break;
    }
    while (gap--) {
        RAW(c, 0x90);
    }
    RAW(c, 0x48, 0xb9);                             /* mov rcx, imm64 */
    raw32(c, isa_rand(g));
    raw32(c, isa_rand(g));
    isa_emitted(c, 0);
    isa_some(g, c, 2);
}

/* A loop whose body changes its own immediate. */
static void patch_loop(IsaGen *g, IsaCase *c)
{
    uint8_t count = 1 + below(g, 5);

    RAW(c, 0xb9);                                   /* mov ecx, count */
    raw32(c, count);
    RAW(c, 0x05);                                   /* L: add eax, imm32 */
    raw32(c, isa_rand(g));
    RAW(c, 0x81, 0x05, 0xf2, 0xff, 0xff, 0xff);     /* add [L + 1], imm32 */
    raw32(c, isa_rand(g));
    RAW(c, 0xff, 0xc9, 0x75, 0xed);                 /* dec ecx; jnz L */
    isa_emitted(c, 0);
    isa_some(g, c, 2);
}

/* REP STOSB or MOVSB over the instructions behind it. */
static void patch_string(IsaGen *g, IsaCase *c)
{
    uint8_t n = 1 + below(g, 6);

    isa_in.rflags &= ~0x400ull;
    RAW(c, 0x48, 0x8d, 0x3d, 0x08, 0, 0, 0);        /* lea rdi, [rip + 8] */
    RAW(c, 0xb9);
    raw32(c, n);
    RAW(c, 0x90);
    if (below(g, 2)) {
        isa_in.gpr[0] = 0x90;
        RAW(c, 0xf3, 0xaa);
    } else {
        static const uint8_t nops[8] = {
            0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90
        };

        isa_poke(MEM_BASE + 128, nops, sizeof(nops));
        isa_in.gpr[R_ESI_] = MEM_BASE + 128;
        RAW(c, 0xf3, 0xa4);
    }
    /* six of: inc edx, or what is left of them */
    RAW(c, 0xff, 0xc2, 0xff, 0xc2, 0xff, 0xc2);
    if (n & 1) {
        /* a single byte of "inc edx" is left: make it whole */
        c->code[c->len - 6 + n] = 0x90;
    }
}

/* Random instructions, a few times. */
static void loop(IsaGen *g, IsaCase *c)
{
    uint32_t count = 2 + below(g, 4);
    unsigned top;

    /* r15 counts, and only MOV and LEA change it: flags cross the back edge */
    c->fixed |= 1u << 15;
    c->kept = 1u << 15;
    isa_in.gpr[15] = count;
    c->any_order = true;
    top = c->len;
    do {
        isa_some(g, c, 3);
    } while (below(g, 2) && c->len < 40);
    isa_define_flags(c);
    RAW(c, 0x4d, 0x8d, 0x7f, 0xff);                 /* lea r15, [r15 - 1] */
    RAW(c, 0x4c, 0x87, 0xf9, 0xe3, 0x05);           /* xchg rcx, r15; jrcxz */
    RAW(c, 0x4c, 0x87, 0xf9);                       /* xchg rcx, r15 */
    RAW(c, 0xeb);
    raw(c, &(uint8_t) { top - c->len - 1 }, 1);
    RAW(c, 0x4c, 0x87, 0xf9);
}

/* A call of code behind a jump, which returns. */
static void call(IsaGen *g, IsaCase *c)
{
    unsigned jump, call_at, n = 1 + below(g, 2);

    c->any_order = true;
    c->kept = 1u << R_ESP_;
    RAW(c, 0xeb, 0);                                /* jmp over */
    jump = c->len;
    isa_some(g, c, 2);
    isa_define_flags(c);
    if (below(g, 2)) {
        RAW(c, 0xc3);
    } else {
        RAW(c, 0xc2, 0x08, 0x00);
    }
    c->code[jump - 1] = c->len - jump;
    while (n--) {
        RAW(c, 0xe8);
        call_at = c->len;
        raw32(c, jump - call_at - 4);
        if (c->len < 96) {
            isa_some(g, c, 1);
            isa_define_flags(c);
        }
    }
}

/* An instruction that sets flags, and everything that reads them. */
static void flags(IsaGen *g, IsaCase *c)
{
    unsigned from;

    for (unsigned tries = 0; tries < 200; tries++) {
        const IsaForm *f = &isa_forms[below(g, isa_n_forms)];
        const X86Row *row = &x86_rows[f->row];

        if (row->eflags_write & 0x8d5 && !row->branch &&
            isa_add_random(g, f, c) && (below(g, 2) || c->len > 40)) {
            break;
        }
    }
    for (unsigned i = below(g, 6) + 1; i && c->len < 96; i--) {
        uint8_t cc = below(g, 16), r = below(g, 4), q = below(g, 16);

        if (c->undef) {
            isa_some(g, c, 1);
            continue;
        }
        from = c->len;
        switch (below(g, 7)) {
        case 0:                                     /* jcc over inc */
            raw(c, (uint8_t[]) { 0x70 | cc, 3, 0x49, 0xff, 0xc0 | r }, 5);
            break;
        case 1:                                     /* setcc */
            raw(c, (uint8_t[]) { 0x40, 0x0f, 0x90 | cc, 0xc0 | r }, 4);
            break;
        case 2:                                     /* cmovcc r, r8.. */
            raw(c, (uint8_t[]) { 0x49, 0x0f, 0x40 | cc,
                                 0xc0 | r << 3 | (q & 7) }, 4);
            break;
        case 3:                                     /* adc, sbb */
            raw(c, (uint8_t[]) { 0x48 | (q >> 3), cc & 1 ? 0x11 : 0x19,
                                 0xc0 | r << 3 | (q & 3) }, 3);
            break;
        case 4:                                     /* inc, dec keep C */
            raw(c, (uint8_t[]) { 0x48, 0xff, 0xc0 | (q & 8) | r }, 3);
            break;
        case 5:                                     /* rcl, rcr by 1 */
            raw(c, (uint8_t[]) { 0x48, 0xd1, 0xd0 | (q & 8) | r }, 3);
            break;
        default:                                    /* pushf; pop */
            raw(c, (uint8_t[]) { 0x9c, 0x58 | r }, 2);
            break;
        }
        isa_emitted(c, from);
    }
}

/* Control words change in the middle. */
static void control(IsaGen *g, IsaCase *c)
{
    uint32_t mxcsr = isa_rand(g) & 0xffc0;
    uint16_t fcw = isa_rand(g) & 0xf7f;
    unsigned from;

    if (below(g, 4)) {
        mxcsr |= 0x1f80;
        fcw |= 0x3f;
    }
    isa_poke(MEM_BASE + 32, &mxcsr, 4);
    isa_poke(MEM_BASE + 36, &fcw, 2);
    isa_some(g, c, 2);
    from = c->len;
    RAW(c, 0x0f, 0xae, 0x14, 0x25);                 /* ldmxcsr */
    raw32(c, MEM_BASE + 32);
    RAW(c, 0xd9, 0x2c, 0x25);                       /* fldcw */
    raw32(c, MEM_BASE + 36);
    isa_emitted(c, from);
    isa_some(g, c, 5);
}

/*
 * A system call that fails: one the kernel does not have, or CLOSE of -1.
 * RCX and R11 are what is looked at.
 */
static void system_call(IsaGen *g, IsaCase *c)
{
    unsigned from;

    isa_some(g, c, 3);
    isa_define_flags(c);
    from = c->len;
    if (below(g, 2)) {
        RAW(c, 0xb8);                               /* mov eax, number */
        raw32(c, 0x1000 + below(g, 0x1000));
    } else {
        RAW(c, 0xbf, 0xff, 0xff, 0xff, 0xff);       /* mov edi, -1 */
        RAW(c, 0xb8, 3, 0, 0, 0);
    }
    RAW(c, 0x0f, 0x05);                             /* syscall */
    /* no store through RCX into the code: lea rcx, [rcx + ...] */
    RAW(c, 0x48, 0x8d, 0x89);
    raw32(c, 0x40000000);
    isa_emitted(c, from);
    isa_some(g, c, 3);
}

static const IsaScenario table[] = {
    { "popf", popf },
    { "patch-next", patch_next },
    { "patch-loop", patch_loop },
    { "patch-string", patch_string },
    { "loop", loop },
    { "call", call },
    { "flags", flags },
    { "control", control },
    { "syscall", system_call },
    { "images", isa_scenario_images },
    { "shift", isa_scenario_shift },
    { "cmpxchg", isa_scenario_cmpxchg },
    { "random", isa_scenario_random },
    { "group", isa_scenario_group },
    { "returns", isa_scenario_returns },
    { "jumps", isa_scenario_jumps },
    { "edge", isa_scenario_edge },
    { "far", isa_scenario_far },
    { "segment", isa_scenario_segment },
    { "traps", isa_scenario_traps },
    { "trace", isa_scenario_trace },
    { "selectors", isa_scenario_selectors },
};
const unsigned isa_n_scenarios = ARRAY_SIZE(table);

const char *isa_scenario_name(unsigned which)
{
    return table[which].name;
}

void isa_scenario(IsaGen *g, unsigned which, uint64_t pc, IsaCase *c)
{
    isa_start(g, c, pc);
    c->first_row = ISA_SCENARIO_ROW + which;
    table[which].make(g, c);
    isa_finish(c);
}
