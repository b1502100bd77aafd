/*
 * Building a unit: fetch and decode guest code along its likely path, hand
 * each instruction to its translator, place side exits, and find out which
 * flags the code behind an exit may still read.
 *
 * The main path follows direct jumps and falls through conditional branches;
 * a backward conditional branch is taken to be a loop and ends the unit on its
 * taken side.  Code is only read from pages the engine opened, and every byte
 * read is reported as part of the unit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "target/i386/translate/internal.h"

/* Limits that keep a unit reasonable rather than possible. */
#define MAX_UNIT_INSNS   80
#define MAX_UNIT_JUMPS   6
#define LOOKAHEAD_INSNS  8      /* per exit */
#define LOOKAHEAD_TOTAL  48     /* per unit */

/* The page whose entry points the process emulates. */
#define VSYSCALL_PAGE UINT64_C(0xffffffffff600000)

/* Dispatch: filled from the tables once. */
static struct {
    X86TransFn *fn;
    int arg;
} dispatch[X86_OP_COUNT];

static TCGv global_regs[16], global_vregs[16];

static const char *const reg_names[16] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
static const char *const vreg_names[16] = {
    "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
    "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
};

static void fill_dispatch(void)
{
    for (unsigned t = 0; x86_trans_tables[t]; t++) {
        for (const X86TransEntry *e = x86_trans_tables[t]; e->op; e++) {
            dispatch[e->op].fn = e->fn;
            dispatch[e->op].arg = e->arg;
        }
    }
}

uint64_t x86_translate_supported(void)
{
    uint64_t missing = 0;

    fill_dispatch();
    for (unsigned i = 1; i < x86_n_rows; i++) {
        const X86Row *row = &x86_rows[i];

        if (!dispatch[row->op].fn && !(row->flags & X86_ROW_PRIV)) {
            uint64_t own = row->features;

            /* of two features the second one ("+avx") is not at fault */
            if (own & (own - 1)) {
                own &= ~(UINT64_C(1) << X86_FEAT_AVX);
            }
            missing |= own;
        }
    }
    return ~missing;
}

void x86_translate_init(TCGContext *s)
{
    for (unsigned i = 0; i < 16; i++) {
        global_regs[i] = tcg_global_new(s, TCG_I64, ENV(regs[0]) + 8 * i,
                                        reg_names[i]);
    }
    for (unsigned i = 0; i < 16; i++) {
        global_vregs[i] = tcg_global_new(s, TCG_VEC, ENV(vregs[0]) +
                                         sizeof(VReg) * i, vreg_names[i]);
    }
    s->env_cc_op = ENV(cc_op);
    s->env_cc_dst = ENV(cc_dst);
    s->env_cc_src = ENV(cc_src);
    s->env_cc_src2 = ENV(cc_src2);
    s->env_rip = ENV(rip);
    s->env_common = ENV(common);
    s->env_mxcsr = ENV(mxcsr);
    s->env_vtmp = ENV(vtmp);
    fill_dispatch();
}

/* --- reading guest code ------------------------------------------------ */

/* May code be read from the page of @addr? */
static bool open_page(DisasContext *s, uint64_t addr)
{
    uint64_t page = addr & ~UINT64_C(0xfff);

    for (unsigned i = 0; i < s->n_pages; i++) {
        if (s->page[i] == page) {
            return true;
        }
    }
    if (s->n_pages == TRANSLATE_MAX_PAGES ||
        !s->rq->open_page(s->rq->opaque, page)) {
        return false;
    }
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

/* What fetch() makes of an instruction, besides what x86_decode() says. */
enum {
    FETCH_FAULT = 100,      /* *fault is the first byte that is not there */
    FETCH_FULL,             /* no room to report it */
};

static int fetch(DisasContext *s, uint64_t pc, X86Insn *insn, uint64_t *fault)
{
    const uint8_t *code = (const uint8_t *)(uintptr_t)pc;
    size_t avail = 4096 - (pc & 0xfff);
    int r;

    if (!open_page(s, pc)) {
        *fault = pc;
        return FETCH_FAULT;
    }
    r = x86_decode(insn, code, avail, pc, s->features);
    if (r == X86_DECODE_NEED_MORE) {
        if (!open_page(s, pc + avail)) {
            *fault = pc + avail;
            return FETCH_FAULT;
        }
        r = x86_decode(insn, code, X86_MAX_INSN_LEN, pc, s->features);
    }
    if (!add_range(s, pc, insn->len ? insn->len : 1)) {
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
    uint64_t fault;
    X86Insn insn;

    while (need && budget && s->lookahead) {
        budget--;
        s->lookahead--;
        if (s->rq->has_hook && s->rq->has_hook(s->rq->opaque, pc)) {
            break;
        }
        if (fetch(s, pc, &insn, &fault) != X86_DECODE_OK) {
            break;
        }
        live |= need & x86_insn_flags_read(&insn);
        need &= ~(live | x86_insn_flags_killed(&insn));
        pc += insn.len;
        switch (x86_insn_row(&insn)->branch) {
        case X86_BR_NONE:
            if (x86_insn_row(&insn)->flags & X86_ROW_PRIV) {
                return live | need;
            }
            break;
        case X86_BR_CALL:
        case X86_BR_JMP:
            pc = insn.target;
            break;
        case X86_BR_JCC:
        case X86_BR_LOOP:
            if (need) {
                live |= flags_live(s, insn.target, need, budget / 2);
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
static unsigned side_label(DisasContext *s, uint64_t pc, int excp)
{
    struct X86SideExit *x;

    if (s->n_side == ARRAY_SIZE(s->side)) {
        s->tcg->overflow = true;
        return s->side[0].label;
    }
    x = &s->side[s->n_side++];
    x->label = tcg_label_new(s->tcg, true);
    x->pc = pc;
    x->excp = excp;
    x->poll = excp < 0 && pc <= s->insn.pc;
    return x->label;
}

unsigned gen_side_exit(DisasContext *s, uint64_t pc)
{
    return side_label(s, pc, -1);
}

static void gen_raise(DisasContext *s, int excp, uint32_t error_code,
                      uint64_t pc)
{
    tcg_gen_st_env(s->tcg, MO_32, ENV(error_code), imm64(s, error_code));
    tcg_gen_exit_reason(s->tcg, excp, imm64(s, pc));
}

static void place_side_exits(DisasContext *s)
{
    for (unsigned i = 0; i < s->n_side; i++) {
        const struct X86SideExit *x = &s->side[i];

        tcg_label_here(s->tcg, x->label);
        if (x->excp >= 0) {
            gen_raise(s, x->excp, 0, x->pc);
            continue;
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
    } else {
        s->next_pc = target;
    }
}

/* --- the unit ---------------------------------------------------------- */

static bool writes_memory(const X86Insn *insn)
{
    const X86Row *row = x86_insn_row(insn);

    return row->mem & X86_ACC_W || row->flags & X86_ROW_STRING ||
           (row->flags & X86_ROW_STACK && insn->op != X86_OP_POP &&
            insn->op != X86_OP_RET && insn->op != X86_OP_LEAVE) ||
           insn->op == X86_OP_MASKMOVQ || insn->op == X86_OP_MASKMOVDQU ||
           insn->op == X86_OP_VMASKMOVDQU;
}

static void translate_insn(DisasContext *s)
{
    const X86Insn *insn = &s->insn;

    tcg_gen_insn_start(s->tcg, insn->pc);
    s->next_pc = x86_insn_next(insn);
    if (x86_insn_row(insn)->flags & X86_ROW_PRIV) {
        gen_gp(s);
    } else if (dispatch[insn->op].fn) {
        dispatch[insn->op].fn(s, insn, dispatch[insn->op].arg);
    } else {
        qemu_log_mask(LOG_UNIMP, "no translation for %s at 0x%" PRIx64 "\n",
                      x86_op_names[insn->op], insn->pc);
        gen_illegal(s);
    }
}

static void log_insn(const X86Insn *insn)
{
    char text[160], hex[2 * X86_MAX_INSN_LEN + 1];
    const uint8_t *p = (const uint8_t *)(uintptr_t)insn->pc;

    x86_insn_print(text, sizeof(text), insn, X86_SYNTAX_ATT);
    for (unsigned i = 0; i < insn->len; i++) {
        snprintf(hex + 2 * i, 3, "%02x", p[i]);
    }
    qemu_log("0x%016" PRIx64 ":  %-30s  %s\n", insn->pc, hex, text);
}

/* The first instruction cannot be executed at all. */
static void translate_bad_start(DisasContext *s, int why, uint64_t fault)
{
    uint64_t pc = s->rq->pc;

    s->insn.pc = pc;
    tcg_gen_insn_start(s->tcg, pc);
    switch (why) {
    case FETCH_FAULT:
        s->rs->fetch_fault = true;
        tcg_gen_st_env(s->tcg, MO_64, ENV(cr2), imm64(s, fault));
        gen_exception(s, EXCP0E_PAGE, PG_ERROR_I | PG_ERROR_U);
        break;
    case X86_DECODE_TOO_LONG:
        gen_gp(s);
        break;
    default:
        gen_illegal(s);
        break;
    }
}

static bool unit_is_full(const DisasContext *s, unsigned max_insns)
{
    return s->rs->insns >= max_insns ||
           s->tcg->nb_ops > TCG_MAX_OPS / 2 ||
           s->tcg->nb_vals > TCG_MAX_VALS / 2 ||
           s->n_side > ARRAY_SIZE(s->side) - 8;
}

static void translate_path(DisasContext *s)
{
    const TranslateRequest *rq = s->rq;
    unsigned max_insns = MIN(rq->max_insns, MAX_UNIT_INSNS);
    bool log = qemu_loglevel_mask(LOG_IN_ASM) && qemu_log_in_filter(rq->pc);
    uint64_t pc = rq->pc;

    if (unlikely((pc & ~UINT64_C(0xfff)) == VSYSCALL_PAGE)) {
        s->insn.pc = pc;
        tcg_gen_insn_start(s->tcg, pc);
        tcg_gen_exit_reason(s->tcg, EXCP_VSYSCALL, imm64(s, pc));
        return;
    }
    if (log) {
        qemu_log("----------------\nIN: 0x%016" PRIx64 "\n", pc);
    }
    for (;;) {
        uint64_t fault = 0;
        int r;

        if (s->rs->insns && rq->has_hook && rq->has_hook(rq->opaque, pc)) {
            gen_goto(s, pc);
            return;
        }
        r = fetch(s, pc, &s->insn, &fault);
        if (r != X86_DECODE_OK) {
            /* Behind the first instruction: a unit of its own raises it. */
            if (s->rs->insns) {
                s->insn.pc = pc;
                gen_goto(s, pc);
            } else {
                translate_bad_start(s, r, fault);
            }
            return;
        }
        s->rs->insns++;
        if (unlikely(log)) {
            log_insn(&s->insn);
        }
        translate_insn(s);
        if (s->ended) {
            return;
        }
        pc = s->next_pc;
        if (s->end_after || unit_is_full(s, max_insns) ||
            (rq->end_after_store && writes_memory(&s->insn)) ||
            s->tcg->overflow) {
            gen_goto(s, pc);
            return;
        }
    }
}

bool x86_translate_unit(TCGContext *tcg, const TranslateRequest *rq,
                        TranslateResult *rs)
{
    DisasContext s;

    /* side[] and the rest of insn are written before they are read */
    memset(&s, 0, offsetof(DisasContext, side));
    s.n_side = 0;
    s.n_pages = 0;
    s.tcg = tcg;
    s.rq = rq;
    s.rs = rs;
    s.features = rq->model ? x86_model_features(rq->model) :
                 X86_FEATURES_ALL;
    s.lookahead = LOOKAHEAD_TOTAL;
    memcpy(s.regs, global_regs, sizeof(s.regs));
    memcpy(s.vregs, global_vregs, sizeof(s.vregs));
    memset(rs, 0, sizeof(*rs));

    tcg_unit_start(tcg, rq->pc);
    if (rq->gen_entry) {
        rq->gen_entry(rq->opaque, tcg);
    }
    translate_path(&s);
    place_side_exits(&s);
    return !tcg->overflow;
}
