/*
 * Building a unit: decode guest code along its likely path and hand each
 * instruction to its translator.
 *
 * The main path follows direct jumps and falls through conditional branches;
 * a backward conditional branch is taken to be a loop and ends the unit on its
 * taken side.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "target/i386/translate/internal.h"
#include "target/i386/x87/x87.h"

#define MAX_UNIT_INSNS   80
#define MORE_UNIT_INSNS  4      /* ... to what reads flags */
#define LOOKAHEAD_TOTAL  48     /* instructions decoded only for their flags */

/* The page whose entry points the process emulates. */
#define VSYSCALL_PAGE UINT64_C(0xffffffffff600000)

static TCGv global_regs[16], global_vregs[16];

static const char *const reg_names[16] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
static const char *const vreg_names[16] = {
    "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
    "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
};

void x86_translate_init(TCGContext *s)
{
    const char *x87 = getenv("QEMU_X87");

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
    x86_fill_dispatch();
    if (x87 && strcmp(x87, "soft")) {
        error_report("QEMU_X87 can be 'soft', not '%s'", x87);
        exit(1);
    }
    x87_host_init(x87);
}

/* A row with a memory operand may have a register in its place. */
static bool has_memory(const X86Insn *insn)
{
    for (unsigned i = 0; i < insn->n_operands; i++) {
        if (insn->operand[i].kind == X86_OPND_MEM) {
            return true;
        }
    }
    return false;
}

static bool writes_memory(const X86Insn *insn)
{
    const X86Row *row = x86_insn_row(insn);

    return (row->mem & X86_ACC_W && has_memory(insn)) ||
           row->flags & X86_ROW_STRING ||
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
    } else if (x86_dispatch[insn->op].fn) {
        x86_dispatch[insn->op].fn(s, insn, x86_dispatch[insn->op].arg);
    } else {
        qemu_log_mask(LOG_UNIMP, "no translation for %s at 0x%" PRIx64 "\n",
                      x86_op_names[insn->op], insn->pc);
        gen_illegal(s);
    }
}

/*
 * Stores that hit the unit itself: it is left behind them, and entered again
 * only if its code is what it was.  "Near" is a little more than the longest
 * unit on either side, whose end is not known yet.
 */
#define NEAR_BYTES ((MAX_UNIT_INSNS + MORE_UNIT_INSNS) * X86_MAX_INSN_LEN)

/* Address of the store, before the instruction; none if it cannot be told. */
static TCGv store_address(DisasContext *s)
{
    const X86Insn *insn = &s->insn;
    const X86Row *row = x86_insn_row(insn);

    if (row->mem & X86_ACC_W && has_memory(insn) && !row->branch &&
        !insn->mem.vsib &&
        insn->op != X86_OP_BTS && insn->op != X86_OP_BTR &&
        insn->op != X86_OP_BTC && !(row->flags & X86_ROW_STACK) &&
        x86_insn_mem_size(insn) <= 32) {
        TCGv t = temp(s);

        tcg_gen_mov(s->tcg, t, mem_address(s, insn));
        return t;
    }
    return TCGV_NONE;
}

static void leave_if_near(DisasContext *s, TCGv addr)
{
    TCGv off = temp(s);

    tcg_gen2(s->tcg, TCG_OP_sub, MO_64, off, addr,
             imm64(s, s->rq->pc - NEAR_BYTES));
    tcg_gen_brcond(s->tcg, TCG_COND_LTU, MO_64, off,
                   imm64(s, 2 * NEAR_BYTES), gen_side_exit(s, s->next_pc));
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
        if ((uint64_t)((int64_t)(fault << 16) >> 16) != fault) {
            gen_gp(s);      /* not an address at all */
            break;
        }
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

/*
 * May the unit end before @pc although there is nothing to stop it?  Flags are
 * best read in the unit that makes them.
 */
static bool good_end(DisasContext *s, uint64_t pc)
{
    return s->rq->simple || s->rq->max_insns < MAX_UNIT_INSNS ||
           s->rs->insns >= MAX_UNIT_INSNS + MORE_UNIT_INSNS ||
           s->tcg->overflow || !reads_flags_at(s, pc);
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
        uint64_t start, size;
        const char *name = rq->symbol ? rq->symbol(pc, &start, &size) : NULL;

        qemu_log("----------------\nIN: 0x%016" PRIx64 " %s\n", pc,
                 name ? name : "");
    }
    for (;;) {
        const X86Insn *insn;
        uint64_t fault = 0;
        bool guarded;
        TCGv store;
        int r;

        if (s->rs->insns &&
            ((rq->has_hook && rq->has_hook(rq->opaque, pc)) ||
             (rq->has_unit && rq->has_unit(rq->opaque, pc) &&
              good_end(s, pc)))) {
            gen_goto(s, pc);
            return;
        }
        if (s->n_jumps && in_loop(s, pc)) {
            s->n_jumps = 0;     /* the rest of the loop as a unit of its own */
        }
        r = fetch_insn(s, pc, &insn, &fault);
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
        s->insn = *insn;
        s->rs->insns++;
        if (unlikely(log)) {
            log_insn(&s->insn);
        }
        guarded = rq->leave_after_own_store && writes_memory(&s->insn);
        store = guarded ? store_address(s) : TCGV_NONE;
        translate_insn(s);
        if (s->ended) {
            return;
        }
        if (unlikely(guarded)) {
            if (s->insn.op == X86_OP_PUSH) {
                leave_if_near(s, gpr(s, R_ESP));
            } else if (store) {
                leave_if_near(s, store);
            } else {
                s->end_after = true;
            }
        }
        pc = s->next_pc;
        if (s->end_after ||
            ((s->long_enough || unit_is_full(s, max_insns)) &&
             good_end(s, pc)) ||
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
    if (rq->rounds) {
        tcg_gen_poll(tcg, rq->pc);
        s.polled = true;
    }
    translate_path(&s);
    place_side_exits(&s);
    return !tcg->overflow;
}
