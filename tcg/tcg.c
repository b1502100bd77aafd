/*
 * Contexts, values and labels of the IR: what a translation unit is made of
 * before anything is said with it.  Builders of ops are in tcg-op.c.
 *
 * All arrays have their full size from the start; running out of one sets
 * `overflow` and hands out a harmless last element, so that a front end needs
 * to look only once, at the end of a unit.
 *
 * Locking: none; a context belongs to the holder of the translation lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"

/*
 * One piece, large enough for calloc() to get it from the kernel: most of it is
 * never touched.
 */
typedef struct TCGArrays {
    TCGContextFull context;
    TCGVal vals[TCG_MAX_VALS];
    TCGLabelInfo labels[TCG_MAX_LABELS];
    TCGInsnMark marks[TCG_MAX_OPS];
    TCGPassData pass_data;
    TCGOp ops[TCG_MAX_OPS + 1];
} TCGArrays;

TCGContext *tcg_context_new(void)
{
    TCGArrays *a = calloc(1, sizeof(*a));
    TCGContext *s;

    if (!a) {
        return NULL;
    }
    s = &a->context.pub;
    s->ops = a->ops;
    s->vals = a->vals;
    s->labels = a->labels;
    s->marks = a->marks;
    s->pass_data = &a->pass_data;
    s->nb_vals = 1;
    return s;
}

void tcg_context_free(TCGContext *s)
{
    if (s) {
        free(s->backend_data);
        free(container_of(s, TCGArrays, context.pub));
    }
}

TCGv tcg_global_new(TCGContext *s, TCGType type, uint32_t offset,
                    const char *name)
{
    TCGv v = ++s->nb_globals;

    assert(v < TCG_MAX_VALS && s->nb_vals == v);
    s->vals[v] = (TCGVal) {
        .kind = TCG_VAL_GLOBAL, .type = type, .pinned = 0xff,
        .offset = offset, .name = name,
    };
    s->nb_vals = v + 1;
    return v;
}

void tcg_unit_start(TCGContext *s, uint64_t pc)
{
    s->pc = pc;
    s->nb_ops = 0;
    s->nb_vals = s->nb_globals + 1;
    s->nb_labels = 0;
    s->nb_cc = 0;
    s->nb_exits = 0;
    s->nb_marks = 0;
    s->overflow = false;
}

static TCGv new_val(TCGContext *s, TCGValKind kind, TCGType type)
{
    TCGVal *v;

    if (unlikely(s->nb_vals >= TCG_MAX_VALS)) {
        s->overflow = true;
        return TCG_MAX_VALS - 1;
    }
    v = &s->vals[s->nb_vals];
    v->kind = kind;
    v->type = type;
    v->pinned = 0xff;
    v->offset = 0;
    v->value = 0;
    return s->nb_vals++;
}

TCGv tcg_temp(TCGContext *s)
{
    return new_val(s, TCG_VAL_TEMP, TCG_I64);
}

TCGv tcg_temp_local(TCGContext *s)
{
    return new_val(s, TCG_VAL_LOCAL, TCG_I64);
}

TCGv tcg_temp_vec(TCGContext *s)
{
    return new_val(s, TCG_VAL_TEMP, TCG_VEC);
}

TCGv tcg_const(TCGContext *s, uint64_t value)
{
    TCGContextFull *f = container_of(s, TCGContextFull, pub);
    uint32_t h = (uint32_t)((value * 0x9e3779b97f4a7c15ull) >> 32) %
                 TCG_CONST_HASH_SIZE;
    TCGv v = f->const_hash[h];

    if (v > s->nb_globals && v < s->nb_vals &&
        s->vals[v].kind == TCG_VAL_CONST && s->vals[v].value == value) {
        return v;
    }
    v = new_val(s, TCG_VAL_CONST, TCG_I64);
    s->vals[v].value = value;
    f->const_hash[h] = v;
    return v;
}

unsigned tcg_label_new(TCGContext *s, bool side)
{
    unsigned l = s->nb_labels;

    if (unlikely(l >= TCG_MAX_LABELS)) {
        s->overflow = true;
        return TCG_MAX_LABELS - 1;
    }
    s->labels[l] = (TCGLabelInfo) { .side = side };
    s->nb_labels = l + 1;
    return l;
}

void tcg_label_here(TCGContext *s, unsigned label)
{
    debug_assert(s->overflow || !s->labels[label].placed);
    s->labels[label].placed = true;
    tcg_emit(s, TCG_OP_label, MO_64)->imm = label;
}

TCGOp *tcg_emit(TCGContext *s, TCGOpcode opc, TCGWidth w)
{
    TCGOp *op;

    if (unlikely(s->nb_ops >= TCG_MAX_OPS)) {
        s->overflow = true;
        op = &s->ops[TCG_MAX_OPS];
    } else {
        op = &s->ops[s->nb_ops++];
    }
    memset(op, 0, sizeof(*op));
    op->opc = opc;
    op->w = w;
    return op;
}
