/*
 * Reading guest code and leaving a unit: which bytes may be read, which flags
 * the code behind an exit may still look at, exits and exceptions on the main
 * path and beside it.
 *
 * Code is only read from pages the engine opened, and every byte read is
 * reported as part of the unit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/i386/translate/internal.h"

/* Limits that keep a unit reasonable rather than possible. */
/* More jumps make longer units, but much more to translate. */
#define MAX_UNIT_JUMPS   1
#define LOOKAHEAD_INSNS  8      /* per exit */

/* --- reading guest code ------------------------------------------------ */

/* May code be read from the page of @addr? */
static inline bool open_page(DisasContext *s, uint64_t addr)
{
    uint64_t page = addr & ~UINT64_C(0xfff);

    if (likely(s->n_pages && page == s->page[s->last_page])) {
        return true;
    }
    for (unsigned i = 0; i < s->n_pages; i++) {
        if (s->page[i] == page) {
            s->last_page = i;
            return true;
        }
    }
    if (s->n_pages == TRANSLATE_MAX_PAGES ||
        !s->rq->open_page(s->rq->opaque, page)) {
        return false;
    }
    s->last_page = s->n_pages;
    s->page[s->n_pages++] = page;
    return true;
}

/* Report [start, start + len) as read.  False: no room, it was not. */
static bool add_range(DisasContext *s, uint64_t start, unsigned len)
{
    TranslateResult *rs = s->rs;

    for (unsigned i = 0; i < rs->nb_ranges; i++) {
        TranslateRange *r = &rs->ranges[i];

        if (start >= r->start && start + len <= r->start + r->len) {
            return true;
        }
        if (start == r->start + r->len) {
            r->len += len;
            return true;
        }
    }
    if (rs->nb_ranges == TRANSLATE_MAX_RANGES) {
        return false;
    }
    rs->ranges[rs->nb_ranges++] = (TranslateRange) {
        .start = start, .len = len,
    };
    return true;
}

/*
 * Instructions decoded of late: the search for flags looks at what a unit at
 * the exit's target translates soon after.  An entry holds the bytes it was
 * made from and is good as long as they are there.  Translation lock.
 */
#define RECENT_BITS      10
#define RECENT_BYTES     16     /* the longest instruction and a bit */

typedef struct RecentInsn {
    uint64_t features;
    uint8_t bytes[RECENT_BYTES];
    X86Insn insn;           /* len 0: none */
} RecentInsn;

static RecentInsn recent[1u << RECENT_BITS];

static int decode_recent(DisasContext *s, uint64_t pc, const uint8_t *code,
                         const X86Insn **insn)
{
    /* what the decoder may touch behind an instruction stays zero */
    static uint8_t window[64];
    RecentInsn *e = &recent[pc * UINT64_C(0x9e3779b97f4a7c15) >>
                            (64 - RECENT_BITS)];
    int r;

    *insn = &e->insn;
    if (e->insn.pc == pc && e->insn.len && e->features == s->features &&
        !memcmp(e->bytes, code, RECENT_BYTES)) {
        return X86_DECODE_OK;
    }
    e->insn.len = 0;
    memcpy(window, code, RECENT_BYTES);     /* may fault */
    memcpy(e->bytes, window, RECENT_BYTES);
    e->features = s->features;
    r = x86_decode(&e->insn, window, sizeof(window), pc, s->features);
    if (r != X86_DECODE_OK) {
        s->edge.len = e->insn.len;
        e->insn.len = 0;
        *insn = &s->edge;
    }
    return r;
}

int fetch_insn(DisasContext *s, uint64_t pc, const X86Insn **insn,
               uint64_t *fault)
{
    const uint8_t *code = (const uint8_t *)(uintptr_t)pc;
    size_t avail = 4096 - (pc & 0xfff);
    int r;

    if (!open_page(s, pc)) {
        *fault = pc;
        return FETCH_FAULT;
    }
    if (likely(avail >= RECENT_BYTES)) {
        r = decode_recent(s, pc, code, insn);
    } else {
        *insn = &s->edge;
        r = x86_decode(&s->edge, code, avail, pc, s->features);
        if (r == X86_DECODE_NEED_MORE) {
            if (!open_page(s, pc + avail)) {
                *fault = pc + avail;
                return FETCH_FAULT;
            }
            r = x86_decode(&s->edge, code, X86_MAX_INSN_LEN, pc, s->features);
        }
    }
    if (!add_range(s, pc, (*insn)->len ? (*insn)->len : 1)) {
        return FETCH_FULL;
    }
    return r;
}

/* --- flags behind an exit ---------------------------------------------- */

/*
 * Which of the flags in @need may be read at or behind @pc before they are
 * overwritten.  @budget limits how far to look.
 */
static uint32_t flags_live(DisasContext *s, uint64_t pc, uint32_t need,
                           unsigned budget)
{
    uint32_t live = 0;
    const X86Insn *insn;
    const X86Row *row;
    uint64_t fault;

    while (need && budget && s->lookahead) {
        budget--;
        s->lookahead--;
        if (s->rq->has_hook && s->rq->has_hook(s->rq->opaque, pc)) {
            break;
        }
        if (fetch_insn(s, pc, &insn, &fault) != X86_DECODE_OK) {
            break;
        }
        row = x86_insn_row(insn);
        live |= need & x86_insn_flags_read(insn);
        need &= ~(live | x86_insn_flags_killed(insn));
        pc += insn->len;
        switch (row->branch) {
        case X86_BR_NONE:
            if (row->flags & X86_ROW_PRIV) {
                return live | need;
            }
            break;
        case X86_BR_CALL:
        case X86_BR_JMP:
            pc = insn->target;
            break;
        case X86_BR_JCC:
        case X86_BR_LOOP:
            if (need) {
                live |= flags_live(s, insn->target, need, budget / 2);
                need &= ~live;
            }
            break;
        default:
            return live | need;
        }
    }
    return live | need;
}

static uint32_t exit_flags(DisasContext *s, uint64_t pc)
{
    if (s->rq->simple || s->rq->max_insns == 1) {
        return CC_ALL;
    }
    return flags_live(s, pc, CC_ALL, LOOKAHEAD_INSNS);
}

/* --- exits ------------------------------------------------------------- */

void gen_goto(DisasContext *s, uint64_t pc)
{
    if (pc <= s->insn.pc) {
        tcg_gen_poll(s->tcg, pc);
    }
    tcg_gen_exit_direct(s->tcg, pc, exit_flags(s, pc));
    s->ended = true;
}

/* A label whose code (an exit to @pc or an exception) comes later. */
static struct X86SideExit *side_exit(DisasContext *s, uint64_t pc, int excp)
{
    struct X86SideExit *x;

    if (s->n_side == ARRAY_SIZE(s->side)) {
        s->tcg->overflow = true;
        return &s->side[0];
    }
    x = &s->side[s->n_side++];
    x->label = tcg_label_new(s->tcg, true);
    x->pc = pc;
    x->excp = excp;
    x->poll = excp < 0 && pc <= s->insn.pc;
    x->fn = NULL;
    return x;
}

static unsigned side_label(DisasContext *s, uint64_t pc, int excp)
{
    return side_exit(s, pc, excp)->label;
}

unsigned gen_side_exit(DisasContext *s, uint64_t pc)
{
    return side_label(s, pc, -1);
}

struct X86SideExit *gen_side_path(DisasContext *s, X86SideFn *fn)
{
    struct X86SideExit *x = side_exit(s, x86_insn_next(&s->insn), -1);

    x->fn = fn;
    x->insn_pc = s->insn.pc;
    return x;
}

static void gen_raise(DisasContext *s, int excp, uint32_t error_code,
                      uint64_t pc)
{
    tcg_gen_st_env(s->tcg, MO_32, ENV(error_code), imm64(s, error_code));
    tcg_gen_exit_reason(s->tcg, excp, imm64(s, pc));
}

void place_side_exits(DisasContext *s)
{
    for (unsigned i = 0; i < s->n_side; i++) {
        const struct X86SideExit *x = &s->side[i];

        tcg_label_here(s->tcg, x->label);
        if (x->excp >= 0) {
            gen_raise(s, x->excp, 0, x->pc);
            continue;
        }
        if (x->fn) {
            tcg_gen_insn_start(s->tcg, x->insn_pc);
            x->fn(s, x);
        }
        if (x->poll) {
            tcg_gen_poll(s->tcg, x->pc);
        }
        tcg_gen_exit_direct(s->tcg, x->pc, exit_flags(s, x->pc));
    }
}

void gen_exception(DisasContext *s, int excp, uint32_t error_code)
{
    gen_raise(s, excp, error_code, s->insn.pc);
    s->ended = true;
}

void gen_exception_if(DisasContext *s, int excp, TCGCond cond, TCGWidth w,
                      TCGv a, TCGv b)
{
    tcg_gen_brcond(s->tcg, cond, w, a, b, side_label(s, s->insn.pc, excp));
}

/*
 * Does the main path of a conditional branch go to its target?  Then the
 * unit ends there; otherwise it falls through.
 */
static bool branch_ends(DisasContext *s, uint64_t target)
{
    return target <= s->insn.pc && !s->rq->simple;
}

void gen_branch_cc(DisasContext *s, unsigned cond, uint64_t target)
{
    if (branch_ends(s, target)) {
        tcg_gen_brcc(s->tcg, cond ^ 1,
                     side_label(s, x86_insn_next(&s->insn), -1));
        gen_goto(s, target);
    } else {
        tcg_gen_brcc(s->tcg, cond, side_label(s, target, -1));
        s->n_jumps++;
        s->end_after |= s->rq->simple || s->n_jumps > MAX_UNIT_JUMPS;
    }
}

void gen_branch_cond(DisasContext *s, TCGCond cond, TCGWidth w, TCGv a,
                     TCGv b, uint64_t target)
{
    tcg_gen_brcond(s->tcg, cond, w, a, b, side_label(s, target, -1));
    s->n_jumps++;
    s->end_after |= s->rq->simple || s->n_jumps > MAX_UNIT_JUMPS;
}

void gen_jump(DisasContext *s, uint64_t target)
{
    TranslateResult *rs = s->rs;
    bool seen = false;

    /* Following a jump into this very unit would unroll a loop. */
    for (unsigned i = 0; i < rs->nb_ranges; i++) {
        seen |= target - rs->ranges[i].start < rs->ranges[i].len;
    }
    if (seen || s->rq->simple || ++s->n_jumps > MAX_UNIT_JUMPS) {
        gen_goto(s, target);
        return;
    }
    if (target <= s->insn.pc) {
        /* every loop has a safe point, also one that the unit follows */
        tcg_gen_poll(s->tcg, target);
    }
    s->next_pc = target;
}
