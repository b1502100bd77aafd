/*
 * Sequences with a purpose, for what single instructions and random sequences
 * do not reach: code that changes itself, loops and calls, flags that travel,
 * control words, state images.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa.h"

/*
 * Bytes whose operands are right as they are.  emitted() ends a run of them
 * and records the instructions from offset @from on.
 */
static void emitted(IsaCase *c, unsigned from)
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

static void raw(IsaCase *c, const void *bytes, unsigned len)
{
    memcpy(c->code + c->len, bytes, len);
    c->len += len;
}

static void raw32(IsaCase *c, uint32_t v)
{
    raw(c, &v, 4);
}

#define RAW(c, ...) do {                            \
        static const uint8_t bytes_[] = { __VA_ARGS__ };  \
        raw(c, bytes_, sizeof(bytes_));             \
    } while (0)

static void some_random(IsaGen *g, IsaCase *c, unsigned max)
{
    unsigned n = 1 + below(g, max);

    while (n-- && c->len < 96 && isa_add_random(g, NULL, c)) {
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
    emitted(c, 0);
    some_random(g, c, 3);
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
    emitted(c, 0);
    some_random(g, c, 2);
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
    emitted(c, 0);
    some_random(g, c, 2);
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

/* All flags defined: CMP EAX, EAX where something left one undefined. */
static void define_flags(IsaCase *c)
{
    if (c->undef) {
        unsigned from = c->len;

        RAW(c, 0x39, 0xc0);
        emitted(c, from);
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
        some_random(g, c, 3);
    } while (below(g, 2) && c->len < 40);
    define_flags(c);
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
    some_random(g, c, 2);
    define_flags(c);
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
            some_random(g, c, 1);
            define_flags(c);
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
            some_random(g, c, 1);
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
        emitted(c, from);
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
    some_random(g, c, 2);
    from = c->len;
    RAW(c, 0x0f, 0xae, 0x14, 0x25);                 /* ldmxcsr */
    raw32(c, MEM_BASE + 32);
    RAW(c, 0xd9, 0x2c, 0x25);                       /* fldcw */
    raw32(c, MEM_BASE + 36);
    emitted(c, from);
    some_random(g, c, 5);
}

/* An image is saved, changed over, and loaded again. */
static void images(IsaGen *g, IsaCase *c)
{
    uint32_t at = RO_BASE - 4096 + 1024;    /* nobody else looks there */
    bool xsave = c->features >> X86_FEAT_XSAVE & 1 && below(g, 2);
    uint8_t save = xsave ? 0x24 : 0x04;             /* modrm */
    unsigned from;
    static const uint8_t zero[832];

    isa_poke(at, zero, sizeof(zero));
    isa_wipe(c, at, 832);
    isa_in.gpr[0] = below(g, 2) ? 7 : below(g, 8);
    isa_in.gpr[R_EDX_] = 0;
    c->fixed |= 1 | 1u << R_EDX_;
    raw(c, (uint8_t[]) { 0x0f, 0xae, save, 0x25 }, 4);
    raw32(c, at);
    emitted(c, 0);
    some_random(g, c, 4);
    from = c->len;
    RAW(c, 0xb8);                                   /* mov eax, mask */
    raw32(c, below(g, 8));
    RAW(c, 0x31, 0xd2);                             /* xor edx, edx */
    raw(c, (uint8_t[]) { 0x0f, 0xae, save + 8, 0x25 }, 4);
    raw32(c, at);
    emitted(c, from);
    some_random(g, c, 2);
}

/*
 * A system call that fails: one the kernel does not have, or CLOSE of -1.
 * RCX and R11 are what is looked at.
 */
static void system_call(IsaGen *g, IsaCase *c)
{
    unsigned from;

    some_random(g, c, 3);
    define_flags(c);
    from = c->len;
    if (below(g, 2)) {
        RAW(c, 0xb8);                               /* mov eax, number */
        raw32(c, 0x1000 + below(g, 0x1000));
    } else {
        RAW(c, 0xbf, 0xff, 0xff, 0xff, 0xff);       /* mov edi, -1 */
        RAW(c, 0xb8, 3, 0, 0, 0);
    }
    RAW(c, 0x0f, 0x05);                             /* syscall */
    emitted(c, from);
    some_random(g, c, 3);
}

const char *const isa_scenarios[] = {
    "popf", "patch-next", "patch-loop", "patch-string", "loop", "call",
    "flags", "control", "images", "syscall",
};
const unsigned isa_n_scenarios = ARRAY_SIZE(isa_scenarios);

void isa_scenario(IsaGen *g, unsigned which, uint64_t pc, IsaCase *c)
{
    static void (*const make[])(IsaGen *g, IsaCase *c) = {
        popf, patch_next, patch_loop, patch_string, loop, call, flags, control,
        images, system_call,
    };

    isa_start(g, c, pc);
    c->first_row = ISA_SCENARIO_ROW + which;
    make[which](g, c);
    isa_finish(c);
}
