/*
 * Scenarios about the way code takes: returns to other places than the call
 * came from, jumps through tables, far returns, instructions that end in a
 * page that cannot be executed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "scenario.h"

#define COUNTER 15                      /* R15 counts down in loops */

static void start_loop(IsaGen *g, IsaCase *c, unsigned most)
{
    c->any_order = true;
    c->fixed |= 1u << COUNTER;
    isa_in.gpr[COUNTER] = 1 + below(g, most);
}

/* DEC R15D; JNZ to offset @top. */
static void end_loop(IsaCase *c, unsigned top)
{
    RAW(c, 0x41, 0xff, 0xcf, 0x0f, 0x85);
    raw32(c, top - c->len - 4);
}

/* RAX points to code: no random stores through it. */
static void forget_code(IsaCase *c)
{
    RAW(c, 0xb8);                                   /* mov eax, .. */
    raw32(c, MEM_BASE + 1024);
}

/* A function that returns @skip bytes behind the call. */
static void return_elsewhere(IsaCase *c, uint8_t skip)
{
    RAW(c, 0xe8, 0x05, 0, 0, 0);                    /* call F */
    RAW(c, 0x48, 0xff, 0xc0);                       /* inc rax */
    RAW(c, 0xeb, 0x06);                             /* jmp END */
    RAW(c, 0x48, 0x83, 0x04, 0x24, skip);           /* F: add [rsp], skip */
    RAW(c, 0xc3);
}

/* A function that calls itself R14 times. */
static void recursion(IsaGen *g, IsaCase *c)
{
    RAW(c, 0x41, 0xbe);                             /* mov r14d, depth */
    raw32(c, 1 + below(g, 100));
    RAW(c, 0xe8, 0x02, 0, 0, 0, 0xeb, 0x0f);        /* call F; jmp END */
    RAW(c, 0x41, 0xff, 0xce, 0x74, 0x05);           /* F: dec r14d; jz +5 */
    RAW(c, 0xe8, 0xf6, 0xff, 0xff, 0xff);           /* call F */
    RAW(c, 0x48, 0x8d, 0x40, 0x01, 0xc3);           /* lea rax, [rax+1]; ret */
}

/* Calls and returns that do not match. */
void isa_scenario_returns(IsaGen *g, IsaCase *c)
{
    unsigned top;

    start_loop(g, c, 6);
    top = c->len;
    for (unsigned n = 1 + below(g, 3); n; n--) {
        switch (below(g, 5)) {
        case 0:
            return_elsewhere(c, below(g, 2) ? 3 : 0);
            break;
        case 1:                                     /* lea rax; push; ret */
            RAW(c, 0x48, 0x8d, 0x05, 0x04, 0, 0, 0);
            RAW(c, 0x50, 0xc3, 0xff, 0xc3, 0x90);
            break;
        case 2:                                     /* call; pop; jmp rax */
            RAW(c, 0xe8, 0x02, 0, 0, 0);
            RAW(c, 0xeb, 0x07);
            RAW(c, 0x58, 0xff, 0xc3);               /* F: pop rax; inc ebx */
            RAW(c, 0xff, 0xe0, 0x90, 0x90);         /* jmp rax */
            break;
        case 3:                                     /* two frames at once */
            RAW(c, 0x49, 0x89, 0xe4);               /* mov r12, rsp */
            RAW(c, 0xe8, 0x02, 0, 0, 0, 0xeb, 0x0d);
            RAW(c, 0xe8, 0x01, 0, 0, 0, 0xc3);      /* F: call G; ret */
            RAW(c, 0x4c, 0x89, 0xe4);               /* G: mov rsp, r12 */
            RAW(c, 0xff, 0xc2, 0xeb, 0x00);
            break;
        default:
            recursion(g, c);
            break;
        }
    }
    end_loop(c, top);
    forget_code(c);
    isa_emitted(c, 0);
    isa_some(g, c, 2);
}

/* A loop of jumps or calls through a table, each time to another block. */
void isa_scenario_jumps(IsaGen *g, IsaCase *c)
{
    static const uint8_t blocks[4][4] = {
        { 0x48, 0x01, 0xd3, 0x90 },                 /* add rbx, rdx */
        { 0x48, 0x31, 0xf3, 0x90 },                 /* xor rbx, rsi */
        { 0x48, 0xc1, 0xc3, 0x05 },                 /* rol rbx, 5 */
        { 0x48, 0x0f, 0xaf, 0xda },                 /* imul rbx, rdx */
    };
    uint32_t table = MEM_BASE + 256;
    unsigned how = below(g, 3), top, base;
    uint64_t targets[4];

    start_loop(g, c, 40);
    top = c->len;
    RAW(c, 0x4c, 0x89, 0xf0, 0x83, 0xe0, 0x03);     /* mov rax, r14; and 3 */
    RAW(c, 0x49, 0xc1, 0xce, 0x03);                 /* ror r14, 3 */
    switch (how) {
    case 0:                                         /* jmp [rax * 8 + ..] */
        RAW(c, 0xff, 0x24, 0xc5);
        raw32(c, table);
        break;
    case 1:                                         /* mov rax, [..]; jmp */
        RAW(c, 0x48, 0x8b, 0x04, 0xc5);
        raw32(c, table);
        RAW(c, 0xff, 0xe0);
        break;
    default:                                        /* call [..]; jmp TAIL */
        RAW(c, 0xff, 0x14, 0xc5);
        raw32(c, table);
        RAW(c, 0xeb, 24);
        break;
    }
    base = c->len;
    for (unsigned i = 0; i < 4; i++) {
        targets[i] = c->pc + c->len;
        raw(c, blocks[i], 4);
        if (how == 2) {
            RAW(c, 0xc3, 0x90);
        } else {
            RAW(c, 0xeb, base + 24 - c->len - 2);
        }
    }
    isa_poke(table, targets, sizeof(targets));
    end_loop(c, top);
    forget_code(c);
    isa_emitted(c, 0);
    isa_some(g, c, 2);
}

/*
 * An instruction that ends in the next page, which is not there or must not
 * be executed; or one behind which that page begins.
 */
void isa_scenario_edge(IsaGen *g, IsaCase *c)
{
    uint64_t end = (below(g, 2) ? EDGE_BASE : EDGE_NX_BASE) + 4096, start;
    uint8_t bytes[64];
    unsigned len, cut, tries = 0, row = c->first_row;

    do {
        isa_start(g, c, c->pc);
        c->first_row = row;
        if (!isa_add_random(g, NULL, c)) {
            return;
        }
    } while ((c->alone || c->step[0].own_order) && tries++ < 50);
    len = c->len;
    memcpy(bytes, c->code, len);
    for (unsigned i = 0; i < 15; i++) {
        bytes[len + i] = isa_rand(g);
    }
    cut = below(g, 3) ? 1 + below(g, len) : len;
    start = end - cut;
    memcpy((void *)start, bytes, cut);
    if (end == EDGE_NX_BASE + 4096) {
        memcpy((void *)end, bytes + cut, 15);
    }
    for (unsigned i = 0; i < c->n_steps; i++) {
        c->step[i].off += start - c->pc;
    }
    c->len = 0;
    RAW(c, 0xff, 0x25, 0, 0, 0, 0);                 /* jmp [rip] */
    raw64(c, start);
}

/* IRET, far returns and far jumps, mostly to where they may go. */
void isa_scenario_far(IsaGen *g, IsaCase *c)
{
    static const uint16_t selectors[] = { 0, 3, 0x10, 0x2b, 0xfff8, 0x1b };
    uint32_t flags = (isa_rand(g) & 0x8d5) | 0x202, to;
    uint16_t cs = 0x33, ss = 0x2b;
    unsigned kind = below(g, 4), at;

    if (below(g, 6) == 0) {
        cs = selectors[below(g, ARRAY_SIZE(selectors))];
    }
    if (below(g, 6) == 0) {
        ss = selectors[1 + below(g, 2)];
    }
    isa_some(g, c, 2);
    isa_define_flags(c);
    at = c->len;
    switch (kind) {
    case 0:
        RAW(c, 0x48, 0x89, 0xe0, 0x6a, ss);         /* mov rax, rsp; push ss */
        RAW(c, 0x50, 0x68);                         /* push rax; push flags */
        raw32(c, flags);
        break;
    default:
        break;
    }
    if (kind < 2) {
        RAW(c, 0x68);                               /* push cs */
        raw32(c, cs);
        RAW(c, 0x48, 0x8d, 0x05, 0x05, 0, 0, 0);    /* lea rax, [END] */
        RAW(c, 0x50, 0x48, kind ? 0xcb : 0xcf);     /* push; retf or iret */
        RAW(c, 0xff, 0xc3);                         /* inc ebx: not executed */
    } else {
        /* offset and selector where RDI points to */
        to = c->pc + c->len + 5 + 2 + 2;
        RAW(c, 0xbf);
        raw32(c, MEM_BASE + 64);
        RAW(c, 0xff, kind == 2 ? 0x2f : 0x1f);      /* jmp or call far */
        if (kind == 3) {
            RAW(c, 0xeb, 0x03);                     /* behind the call */
            RAW(c, 0xff, 0xc3, 0xcb);               /* F: inc ebx; retf */
        } else {
            RAW(c, 0xff, 0xc3);
        }
        isa_poke(MEM_BASE + 64, &to, 4);
        isa_poke(MEM_BASE + 68, &cs, 2);
    }
    forget_code(c);
    isa_emitted(c, at);
    isa_some(g, c, 2);
}
