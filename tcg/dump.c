/*
 * Units as text, for `-d op` and `-d op_opt`, for tests and for people.  The
 * format is described in docs/devel/ir.rst; tests compare it literally.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "qemu/log.h"

static const char *const cond_names[] = {
    [TCG_COND_EQ] = "eq", [TCG_COND_NE] = "ne", [TCG_COND_LT] = "lt",
    [TCG_COND_GE] = "ge", [TCG_COND_LTU] = "ltu", [TCG_COND_GEU] = "geu",
    [TCG_COND_LE] = "le", [TCG_COND_GT] = "gt", [TCG_COND_LEU] = "leu",
    [TCG_COND_GTU] = "gtu", [TCG_COND_TSTEQ] = "tsteq",
    [TCG_COND_TSTNE] = "tstne",
};

static const char *const ccc_names[] = {
    "o", "no", "b", "ae", "e", "ne", "be", "a",
    "s", "ns", "p", "np", "l", "ge", "le", "g",
};

static const char *const kind_names[CC_KIND_MAX] = {
    [CC_KIND_DYNAMIC] = "dynamic", [CC_KIND_EFLAGS] = "eflags",
    [CC_KIND_ADD] = "add", [CC_KIND_ADC] = "adc", [CC_KIND_SUB] = "sub",
    [CC_KIND_SBB] = "sbb", [CC_KIND_CMP] = "cmp", [CC_KIND_LOGIC] = "logic",
    [CC_KIND_INC] = "inc", [CC_KIND_DEC] = "dec", [CC_KIND_SHL] = "shl",
    [CC_KIND_SHR] = "shr", [CC_KIND_SAR] = "sar", [CC_KIND_SHLV] = "shlv",
    [CC_KIND_SHRV] = "shrv", [CC_KIND_SARV] = "sarv", [CC_KIND_MUL] = "mul",
    [CC_KIND_ANDN] = "andn", [CC_KIND_BLS] = "bls", [CC_KIND_ZC] = "zc",
    [CC_KIND_Z] = "z",
};

static const struct {
    uint32_t flag;
    char letter;
} flag_letters[] = {
    { TCG_CC_C, 'c' }, { TCG_CC_P, 'p' }, { TCG_CC_A, 'a' },
    { TCG_CC_Z, 'z' }, { TCG_CC_S, 's' }, { TCG_CC_O, 'o' },
};

/* A bounded text buffer; len counts what would have been written. */
typedef struct Out {
    char *buf;
    size_t size, len;
    bool comma;
} Out;

static void QEMU_PRINTF(2, 3) put(Out *o, const char *fmt, ...)
{
    va_list ap;
    size_t room = o->len < o->size ? o->size - o->len : 0;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(room ? o->buf + o->len : NULL, room, fmt, ap);
    va_end(ap);
    if (n > 0) {
        o->len += n;
    }
}

static void sep(Out *o)
{
    put(o, o->comma ? ", " : " ");
    o->comma = true;
}

static void put_val(Out *o, const TCGContext *s, TCGv v)
{
    const TCGVal *val = &s->vals[v];

    if (v == TCGV_NONE) {
        put(o, "-");
    } else if (v >= s->nb_vals) {
        put(o, "?%u", v);
    } else if (val->kind == TCG_VAL_GLOBAL) {
        put(o, "%s", val->name);
    } else if (val->kind == TCG_VAL_CONST) {
        put(o, "$0x%" PRIx64, val->value);
    } else {
        char c = val->type == TCG_VEC ? 'v' :
                 val->kind == TCG_VAL_LOCAL ? 'l' : 't';

        put(o, "%c%u", c, v - s->nb_globals - 1);
    }
}

static void put_operand(Out *o, const TCGContext *s, TCGv v)
{
    sep(o);
    put_val(o, s, v);
}

static void put_mem(Out *o, const TCGContext *s, const TCGOp *op)
{
    bool any = false;

    sep(o);
    put(o, "[");
    if (op->src[0]) {
        put_val(o, s, op->src[0]);
        any = true;
    }
    if (op->src[1]) {
        put(o, any ? " + " : "");
        put_val(o, s, op->src[1]);
        put(o, "*%u", 1u << op->cond);
        any = true;
    }
    if (!any) {
        put(o, "0x%" PRIx64, (uint64_t)op->imm);
    } else if (op->imm < 0) {
        put(o, " - 0x%" PRIx64, -(uint64_t)op->imm);
    } else if (op->imm) {
        put(o, " + 0x%" PRIx64, (uint64_t)op->imm);
    }
    put(o, "]");
}

static void put_flags(Out *o, uint32_t mask)
{
    put(o, "{");
    for (unsigned i = 0; i < ARRAY_SIZE(flag_letters); i++) {
        if (mask & flag_letters[i].flag) {
            put(o, "%c", flag_letters[i].letter);
        }
    }
    put(o, "}");
}

/* "(cmp.32 rax, t5)": a record, or nothing when it was not filled in. */
static void put_record(Out *o, const TCGContext *s, const TCGOp *op,
                       unsigned first)
{
    unsigned n = tcg_cc_kind_operands(op->aux);

    if (op->aux == CC_KIND_DYNAMIC) {
        if (op->flags & TCG_F_CC_IN_ENV) {
            put(o, " (env)");
        }
        return;
    }
    put(o, " (%s.%u", op->aux < CC_KIND_MAX ? kind_names[op->aux] : "?",
        tcg_width_bits(op->w));
    for (unsigned i = 0; i < n; i++) {
        put(o, i ? ", " : " ");
        put_val(o, s, op->src[first + i]);
    }
    put(o, ")");
    if (op->flags & TCG_F_CC_STORE) {
        put(o, " store");
    }
    if (op->flags & TCG_F_CC_IN_ENV) {
        put(o, " env");
    }
}

static void put_vector(Out *o, const TCGContext *s, const TCGOp *op)
{
    const TCGVopDef *def = &tcg_vop_defs[op->aux];
    static const char elem[] = { 'b', 'w', 'd', 'q' };

    put(o, "v%s", def->name);
    if (def->flags & TCG_VF_E) {
        put(o, ".%c", elem[op->cond & 3]);
    }
    put(o, op->flags & TCG_F_SCALAR ? ".s" : ".%u", 8u << op->w);
    if (op->flags & TCG_F_ZERO_UPPER) {
        put(o, ".z");
    }
    put_operand(o, s, op->dst[0]);
    for (unsigned i = 0; def->sig[i + 1]; i++) {
        if (def->sig[i + 1] == 'I') {
            sep(o);
            put(o, "$0x%" PRIx64, (uint64_t)op->imm);
        } else {
            put_operand(o, s, op->src[i]);
        }
    }
}

static void put_call(Out *o, const TCGContext *s, const TCGOp *op)
{
    put(o, "call %s", op->helper->name);
    o->comma = false;
    if (op->helper->has_ret) {
        put_operand(o, s, op->dst[0]);
        put(o, " =");
        o->comma = false;
    }
    for (unsigned i = 0; i < op->helper->nargs; i++) {
        put_operand(o, s, op->src[i]);
    }
}

static bool width_printed(unsigned opc)
{
    switch (opc) {
    case TCG_OP_nop:
    case TCG_OP_insn_start:
    case TCG_OP_label:
    case TCG_OP_br:
    case TCG_OP_brcc:
    case TCG_OP_setcc:
    case TCG_OP_movcc:
    case TCG_OP_cc_set:
    case TCG_OP_cc_get:
    case TCG_OP_mb:
    case TCG_OP_lea_env:
    case TCG_OP_ld_mxcsr:
    case TCG_OP_st_mxcsr:
    case TCG_OP_extract:
    case TCG_OP_deposit:
        return false;
    default:
        return opc < TCG_OP_call;
    }
}

static void put_name(Out *o, const TCGOp *op)
{
    const char *name = tcg_op_defs[op->opc].name;

    put(o, "%s", name);
    if (op->opc == TCG_OP_extu || op->opc == TCG_OP_exts) {
        put(o, ".%u", tcg_width_bits(op->cond));
    }
    if (width_printed(op->opc)) {
        put(o, ".%u", 8u << op->w);
    }
    if (op->opc == TCG_OP_brcond || op->opc == TCG_OP_setcond ||
        op->opc == TCG_OP_movcond) {
        put(o, ".%s", cond_names[op->cond]);
    }
    if (op->opc == TCG_OP_brcc || op->opc == TCG_OP_setcc ||
        op->opc == TCG_OP_movcc) {
        put(o, ".%s", ccc_names[op->cond & 15]);
    }
    if (op->flags & TCG_F_ALIGN) {
        put(o, ".aligned");
    }
    if (op->flags & TCG_F_ATOMIC) {
        put(o, ".ordered");
    }
    if (op->flags & TCG_F_NOTEMPORAL) {
        put(o, ".nt");
    }
}

static void put_cc_op(Out *o, const TCGContext *s, const TCGOp *op)
{
    put_name(o, op);
    if (op->dst[0]) {
        put_operand(o, s, op->dst[0]);
    }
    switch (op->opc) {
    case TCG_OP_cc_set:
        put_record(o, s, op, 0);
        for (unsigned i = 0; i < 3; i++) {
            if (op->src[3 + i]) {
                put(o, " save ");
                put_val(o, s, op->src[3 + i]);
                put(o, "=");
                put_val(o, s, op->src[i]);
            }
        }
        for (unsigned i = 0; i < 3; i++) {
            if (op->cond >> i & 1) {
                put(o, " put%u", i);
            }
        }
        put(o, " #%u", op->cc_id);
        if (op->imm) {
            put(o, " ");
            put_flags(o, op->imm);
        }
        return;
    case TCG_OP_cc_get:
        sep(o);
        put_flags(o, op->imm);
        break;
    case TCG_OP_movcc:
        put_operand(o, s, op->src[3]);
        put_operand(o, s, op->src[4]);
        break;
    case TCG_OP_brcc:
        put(o, " L%u", (unsigned)op->imm);
        break;
    }
    put_record(o, s, op, 0);
}

static void put_exit(Out *o, const TCGContext *s, const TCGOp *op)
{
    put_name(o, op);
    if (op->src[0]) {
        put_operand(o, s, op->src[0]);
    }
    if (op->opc == TCG_OP_exit_direct || op->opc == TCG_OP_poll) {
        put(o, " 0x%" PRIx64, (uint64_t)op->imm);
    } else if (op->opc == TCG_OP_exit_reason) {
        put(o, " excp 0x%" PRIx64, (uint64_t)op->imm);
    }
    if (op->opc == TCG_OP_exit_direct && op->dst[1] != TCG_CC_ALL) {
        put(o, " ");
        put_flags(o, op->dst[1]);
    }
    put_record(o, s, op, 1);
}

static void put_plain(Out *o, const TCGContext *s, const TCGOp *op)
{
    const TCGOpDef *def = &tcg_op_defs[op->opc];
    unsigned n = tcg_op_srcs(op);

    put_name(o, op);
    for (unsigned i = 0; i < def->dsts; i++) {
        put_operand(o, s, op->dst[i]);
    }
    if (tcg_op_is_mem(op->opc)) {
        put_mem(o, s, op);
    }
    for (unsigned i = tcg_op_is_mem(op->opc) ? 2 : 0; i < n; i++) {
        put_operand(o, s, op->src[i]);
    }
    switch (op->opc) {
    case TCG_OP_extract:
    case TCG_OP_deposit:
        put(o, ", %u:%u", (unsigned)op->imm & 0xff,
            (unsigned)(op->imm >> 8) & 0xff);
        break;
    case TCG_OP_extract2:
        put(o, ", %u", (unsigned)op->imm);
        break;
    case TCG_OP_brcond:
    case TCG_OP_brret:
    case TCG_OP_br:
    case TCG_OP_label:
        sep(o);
        put(o, "L%u", (unsigned)op->imm);
        break;
    case TCG_OP_ld_env:
    case TCG_OP_st_env:
    case TCG_OP_lea_env:
    case TCG_OP_vld_env:
    case TCG_OP_vst_env:
        sep(o);
        put(o, "env[0x%x]", (unsigned)op->imm);
        break;
    case TCG_OP_push_ret:
        put(o, " 0x%" PRIx64, (uint64_t)op->imm);
        break;
    }
}

int tcg_op_print(const TCGContext *s, const TCGOp *op, char *buf, size_t len)
{
    Out o = { .buf = buf, .size = len };

    switch (op->opc) {
    case TCG_OP_insn_start:
        put(&o, "---- 0x%" PRIx64, (uint64_t)op->imm);
        put_record(&o, s, op, 0);
        break;
    case TCG_OP_v:
        put_vector(&o, s, op);
        break;
    case TCG_OP_call:
        put_call(&o, s, op);
        break;
    case TCG_OP_exit_direct:
    case TCG_OP_exit_indirect:
    case TCG_OP_exit_ret:
    case TCG_OP_exit_reason:
    case TCG_OP_poll:
        put_exit(&o, s, op);
        break;
    case TCG_OP_brcc:
    case TCG_OP_cc_set:
    case TCG_OP_cc_get:
    case TCG_OP_setcc:
    case TCG_OP_movcc:
        put_cc_op(&o, s, op);
        break;
    default:
        put_plain(&o, s, op);
        break;
    }
    return o.len;
}

void tcg_dump_ops(const TCGContext *s)
{
    char buf[256];

    for (unsigned i = 0; i < s->nb_ops; i++) {
        const TCGOp *op = &s->ops[i];
        const char *indent = op->opc == TCG_OP_insn_start ||
                             op->opc == TCG_OP_label ? "" : "    ";

        if (op->opc != TCG_OP_nop) {
            tcg_op_print(s, op, buf, sizeof(buf));
            qemu_log("%s%s\n", indent, buf);
        }
    }
}
