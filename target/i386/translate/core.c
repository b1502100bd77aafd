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
#define MAX_LOOP_BYTES   0x4000

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

/* What an instruction means for the flags before it. */
typedef struct InsnSurvey {
    bool made;
    bool known;             /* false: better not to rely on it */
    bool looks;             /* something happens that shows them to others */
    bool sets;              /* it makes a new record */
    uint16_t writes;        /* registers it changes */
    uint16_t reads, kills;  /* flags */
} InsnSurvey;

static void survey(const X86Insn *insn, InsnSurvey *v)
{
    const X86Row *row = x86_insn_row(insn);
    bool stack = row->flags & X86_ROW_STACK;

    *v = (InsnSurvey) {
        .made = true,
        .known = !(row->flags & (X86_ROW_PRIV | X86_ROW_UD)),
        .looks = stack || insn->op == X86_OP_DIV || insn->op == X86_OP_IDIV,
        .sets = (row->eflags_write | row->eflags_undef) & CC_ALL,
        .writes = stack ? 1u << R_ESP : 0,
        .reads = x86_insn_flags_read(insn) & CC_ALL,
        .kills = x86_insn_flags_killed(insn) & CC_ALL,
    };
    for (unsigned i = 0; i < insn->n_operands; i++) {
        const X86Operand *o = &insn->operand[i];

        if (o->kind == X86_OPND_MEM && o->access) {
            v->looks = true;
        } else if ((o->kind == X86_OPND_GPR || o->kind == X86_OPND_GPRH) &&
                   o->access & X86_ACC_W) {
            v->writes |= 1u << o->reg;
        }
    }
    switch (row->group) {
    case X86_GRP_ALU:
        v->writes |= insn->op == X86_OP_CMPXCHG ||
                     insn->op == X86_OP_CMPXCHG8B ||
                     insn->op == X86_OP_CMPXCHG16B
                     ? 1u << R_EAX | 1u << R_EDX : 0;
        break;
    case X86_GRP_SHIFT:
    case X86_GRP_BIT:
        break;
    case X86_GRP_MULDIV:
        v->writes |= insn->n_operands == 1 ? 1u << R_EAX | 1u << R_EDX : 0;
        break;
    case X86_GRP_MOVE:
        v->writes |= insn->op == X86_OP_CBW || insn->op == X86_OP_CWD
                     ? 1u << R_EAX | 1u << R_EDX : 0;
        v->known &= insn->op != X86_OP_XLAT;
        break;
    case X86_GRP_STACK:
        v->writes |= insn->op == X86_OP_LEAVE ? 1u << R_EBP : 0;
        v->known &= insn->op != X86_OP_ENTER;
        break;
    case X86_GRP_CONTROL:
        v->writes |= row->branch == X86_BR_LOOP ? 1u << R_ECX : 0;
        v->known &= row->branch != X86_BR_NONE;
        break;
    case X86_GRP_SYSTEM:
    case X86_GRP_STRING:
        v->known = false;
        break;
    default:
        /* vectors and the x87: any may raise a floating-point exception */
        v->looks = true;
        v->writes |= 1u << R_ECX;       /* PCMPxSTRI */
        break;
    }
}

/*
 * Instructions decoded of late: the search for flags looks at what a unit at
 * the exit's target translates soon after.  An entry holds the bytes it was
 * made from and is good as long as they are there.  Translation lock.
 */
#define RECENT_BITS      8
#define RECENT_BYTES     16     /* the longest instruction and a bit */

typedef struct RecentInsn {
    uint64_t features;
    uint8_t bytes[RECENT_BYTES];
    X86Insn insn;           /* len 0: none */
    InsnSurvey survey;
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
    e->survey.made = false;
    return r;
}

/* @insn has been fetched, @own is for one that is not kept. */
static const InsnSurvey *survey_of(const DisasContext *s, const X86Insn *insn,
                                   InsnSurvey *own)
{
    InsnSurvey *v = own;

    own->made = false;
    if (insn != &s->edge) {
        v = &((RecentInsn *)container_of(insn, RecentInsn, insn))->survey;
    }
    if (!v->made) {
        survey(insn, v);
    }
    return v;
}

/* The code at @pc, as far as it is not to be found elsewhere. */
static const uint8_t *code_at(const DisasContext *s, uint64_t pc)
{
    uint64_t offset = pc - s->rq->pc;

    return s->rq->bytes && offset < s->rq->nbytes ?
           s->rq->bytes + offset : (const uint8_t *)(uintptr_t)pc;
}

int fetch_insn(DisasContext *s, uint64_t pc, const X86Insn **insn,
               uint64_t *fault)
{
    const uint8_t *code = code_at(s, pc);
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

/* What becomes of the flags behind an exit. */
typedef struct FlagsBehind {
    uint32_t live;          /* may be read before they are overwritten */
    bool looked;            /* until then a fault handler, or whoever takes an
                               interrupt, may look at all of them */
    uint32_t changed;       /* registers that change before the last such look */
} FlagsBehind;

/* A point on the way. */
typedef struct FlagsPath {
    uint64_t pc;
    uint32_t need;          /* flags that have not been overwritten */
    uint32_t merged;        /* ... when others were: part of a new record, which
                               is not made unless somebody looks */
    uint32_t written;       /* registers that have changed */
} FlagsPath;

static void look(FlagsBehind *f, const FlagsPath *p)
{
    f->looked = true;
    f->changed |= p->written;
    f->live |= p->merged;
}

/*
 * Which of the flags in @p.need may be read at or behind @p.pc before they are
 * overwritten?  @budget limits how far to look.
 */
static void flags_behind(DisasContext *s, FlagsBehind *f, FlagsPath p,
                         unsigned budget)
{
    const X86Insn *insn;
    const InsnSurvey *v;
    InsnSurvey own;
    uint64_t fault;

    while (p.need) {
        bool back = false;

        if (!budget || !s->lookahead) {
            break;
        }
        budget--;
        s->lookahead--;
        if ((s->rq->has_hook && s->rq->has_hook(s->rq->opaque, p.pc)) ||
            fetch_insn(s, p.pc, &insn, &fault) != X86_DECODE_OK) {
            break;
        }
        v = survey_of(s, insn, &own);
        if (!v->known) {
            break;
        }
        if (v->looks) {
            look(f, &p);
        }
        f->live |= p.need & v->reads;
        p.need &= ~(f->live | v->kills);
        if (v->sets) {
            p.merged = p.need;
        }
        p.written |= v->writes;
        p.pc += insn->len;
        switch (x86_insn_row(insn)->branch) {
        case X86_BR_NONE:
            continue;
        case X86_BR_CALL:
        case X86_BR_JMP:
            back = insn->target < p.pc;
            p.pc = insn->target;
            break;
        case X86_BR_JCC:
        case X86_BR_LOOP:
            back = insn->target < p.pc;
            if (p.need) {
                FlagsPath other = p;

                other.pc = insn->target;
                flags_behind(s, f, other, budget / 2);
                p.need &= ~f->live;
            }
            break;
        default:
            f->live |= p.need;
            f->looked = true;
            return;
        }
        if (back) {
            look(f, &p);        /* a safe point */
        }
    }
    if (p.need) {
        f->live |= p.need;
        f->looked = true;
    }
}

/*
 * Prepare an exit to @pc: returns the flags to store there.  When none is
 * read behind it, but somebody may look, the record is left by reference.
 */
static uint32_t exit_flags(DisasContext *s, uint64_t pc)
{
    FlagsBehind f = { 0 };
    FlagsPath p = { .pc = pc, .need = CC_ALL };

    if (s->rq->simple || s->rq->max_insns == 1) {
        return CC_ALL;
    }
    flags_behind(s, &f, p, LOOKAHEAD_INSNS);
    if (f.live) {
        return f.looked ? CC_ALL : f.live;
    }
    if (f.looked) {
        /* register r is the global with bit r */
        tcg_gen_cc_ref(s->tcg, f.changed);
    }
    return 0;
}

bool reads_flags_at(DisasContext *s, uint64_t pc)
{
    const X86Insn *insn;
    const InsnSurvey *v;
    InsnSurvey own;
    uint64_t fault;

    if (fetch_insn(s, pc, &insn, &fault) != X86_DECODE_OK) {
        return false;
    }
    v = survey_of(s, insn, &own);
    return v->known && v->reads;
}

/* --- exits ------------------------------------------------------------- */

static void gen_exit(DisasContext *s, uint64_t pc, bool poll)
{
    uint32_t live = exit_flags(s, pc);

    if (poll) {
        tcg_gen_poll(s->tcg, pc);   /* takes care of the flags it shows */
    }
    tcg_gen_exit_direct(s->tcg, pc, live);
}

void gen_goto(DisasContext *s, uint64_t pc)
{
    gen_exit(s, pc, pc <= s->insn.pc && !s->polled);
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
    x->poll = excp < 0 && pc <= s->insn.pc && !s->polled;
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
        gen_exit(s, x->pc, x->poll);
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

bool in_loop(DisasContext *s, uint64_t pc)
{
    return s->rq->closes_loop && s->rq->closes_loop(s->rq->opaque, pc);
}

/*
 * Does the main path of a conditional branch go to its target?  Then the
 * unit ends there; otherwise it falls through.  Far back there is no loop, but
 * code for rare cases: traces of just-in-time compilers have their exits there.
 */
static bool branch_ends(DisasContext *s, uint64_t target)
{
    if (s->rq->simple || s->insn.pc - target >= MAX_LOOP_BYTES) {
        return false;
    }
    /* an outer loop's end in the middle of this one */
    return target == s->rq->pc || in_loop(s, target) ||
           !in_loop(s, x86_insn_next(&s->insn));
}

/* Behind a branch: few are in a unit, but those of the rest of its loop. */
static void count_branch(DisasContext *s)
{
    if (s->rq->simple) {
        s->end_after = true;
    } else if (++s->n_jumps > MAX_UNIT_JUMPS) {
        if (in_loop(s, x86_insn_next(&s->insn))) {
            s->n_jumps = 0;
        } else {
            s->long_enough = true;
        }
    }
}

void gen_branch_cc(DisasContext *s, unsigned cond, uint64_t target)
{
    if (s->rq->rounds && target == s->rq->pc) {
        tcg_gen_brcc(s->tcg, cond, side_label(s, target, -1));
        gen_goto(s, x86_insn_next(&s->insn));
    } else if (branch_ends(s, target)) {
        tcg_gen_brcc(s->tcg, cond ^ 1,
                     side_label(s, x86_insn_next(&s->insn), -1));
        gen_goto(s, target);
    } else {
        tcg_gen_brcc(s->tcg, cond, side_label(s, target, -1));
        count_branch(s);
    }
}

void gen_branch_cond(DisasContext *s, TCGCond cond, TCGWidth w, TCGv a,
                     TCGv b, uint64_t target)
{
    tcg_gen_brcond(s->tcg, cond, w, a, b, side_label(s, target, -1));
    count_branch(s);
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
        s->polled = true;
    }
    s->next_pc = target;
}
