/*
 * The patch planner: what becomes of one slot, and how that reads.
 *
 * Asks the questions of include/kzt/planner.h in a fixed order and stops at
 * the first refusal; any doubt leaves the guest's own code in place.  Knows
 * neither descriptions nor bridges nor the registry, only the operations it
 * is given, and writes nothing but the decision.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/planner.h"
#include <elf.h>

static const char *const reason_names[] = {
#define KZT_REASON_NAME(id, name, help) [KZT_REASON_##id] = name,
    KZT_REASONS(KZT_REASON_NAME)
#undef KZT_REASON_NAME
};

static const char *const reason_helps[] = {
#define KZT_REASON_HELP(id, name, help) [KZT_REASON_##id] = help,
    KZT_REASONS(KZT_REASON_HELP)
#undef KZT_REASON_HELP
};

static const char *const method_names[] = {
    [KZT_METHOD_NONE] = "none",
    [KZT_METHOD_SLOT] = "slot",
    [KZT_METHOD_ENTRY] = "entry",
};

static const char *const relation_names[] = {
    [KZT_RELATION_NONE] = "none",
    [KZT_RELATION_SELF] = "self",
    [KZT_RELATION_PROGRAM] = "program",
    [KZT_RELATION_LOADER] = "loader",
    [KZT_RELATION_LIBRARY] = "library",
};

const char *kzt_reason_name(KztReason reason)
{
    return (unsigned)reason < KZT_REASON_COUNT ? reason_names[reason] : "?";
}

const char *kzt_reason_help(KztReason reason)
{
    return (unsigned)reason < KZT_REASON_COUNT ? reason_helps[reason] : "?";
}

const char *kzt_method_name(KztMethod method)
{
    return (unsigned)method < ARRAY_SIZE(method_names) ? method_names[method]
                                                       : "?";
}

const char *kzt_relation_name(KztRelation relation)
{
    return (unsigned)relation < ARRAY_SIZE(relation_names)
           ? relation_names[relation] : "?";
}

const char *kzt_reloc_name(uint32_t type)
{
    switch (type) {
    case KZT_R_64:
        return "64";
    case KZT_R_GLOB_DAT:
        return "GLOB_DAT";
    case KZT_R_JUMP_SLOT:
        return "JUMP_SLOT";
    case KZT_R_RELATIVE:
        return "RELATIVE";
    case KZT_R_IRELATIVE:
        return "IRELATIVE";
    default:
        return "other";
    }
}

bool kzt_reloc_is_slot(uint32_t type)
{
    return type == KZT_R_64 || type == KZT_R_GLOB_DAT ||
           type == KZT_R_JUMP_SLOT;
}

/*
 * An unbound entry is "push $index; jmp", after an endbr64 where the PLT is
 * built for indirect branch tracking.
 */
bool kzt_slot_is_lazy(const KztMemory *mem, const KztPlanObject *object,
                      uint32_t index, uint64_t value)
{
    static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
    uint8_t code[9];
    const uint8_t *push = code;
    uint32_t pushed;

    if (value < object->start || value >= object->end ||
        !kzt_read(mem, value, code, 5)) {
        return false;
    }
    if (!memcmp(code, endbr64, sizeof(endbr64))) {
        if (!kzt_read(mem, value, code, sizeof(code))) {
            return false;
        }
        push += sizeof(endbr64);
    }
    memcpy(&pushed, push + 1, sizeof(pushed));
    return push[0] == 0x68 && pushed == index;
}

/* Data, thread-local storage and addresses inside of something. */
static bool holds_function(const KztSlot *slot)
{
    if (!kzt_reloc_is_slot(slot->type)) {
        return false;
    }
    /* The addend of a JUMP_SLOT means nothing: guest loaders ignore it. */
    if (slot->type == KZT_R_64 && slot->addend) {
        return false;
    }
    return slot->sym_type == STT_NOTYPE || slot->sym_type == STT_FUNC ||
           slot->sym_type == STT_GNU_IFUNC;
}

static KztRelation relation_of(const KztPlanObject *object,
                               const KztPlanObject *owner)
{
    if (owner->id == object->id) {
        return KZT_RELATION_SELF;
    }
    if (owner->is_program) {
        return KZT_RELATION_PROGRAM;
    }
    return owner->is_loader ? KZT_RELATION_LOADER : KZT_RELATION_LIBRARY;
}

/*
 * A bridge at the function's entry covers every way to it and leaves its
 * address alone.  A JUMP_SLOT is called and nothing else, so its value can
 * change unseen.  What other slots hold may be compared, stored or handed to
 * dladdr(): there only the entry will do, whatever the choice.
 */
static KztReason choose_method(const KztPlanOps *ops, KztMethodChoice choice,
                               KztDecision *d)
{
    bool slot = d->slot.type == KZT_R_JUMP_SLOT &&
                (choice == KZT_CHOICE_SLOT ||
                 (choice == KZT_CHOICE_AUTO && d->target.entry_ambiguous));

    if (slot) {
        uint64_t bridge = ops->bridge(ops->opaque, &d->owner, d->old_value,
                                      &d->target);

        if (bridge) {
            d->method = KZT_METHOD_SLOT;
            d->new_value = bridge;
            return KZT_REASON_NATIVE;
        }
        if (choice == KZT_CHOICE_SLOT) {
            return KZT_REASON_NO_BRIDGE;
        }
    }
    if (d->target.entry_ambiguous) {
        return KZT_REASON_AMBIGUOUS;
    }
    d->method = KZT_METHOD_ENTRY;
    return KZT_REASON_NATIVE;
}

static KztReason decide(const KztPlanOps *ops, KztMethodChoice choice,
                        KztDecision *d)
{
    const KztSlot *slot = &d->slot;
    KztReason reason;

    if (!holds_function(slot)) {
        return KZT_REASON_NOT_A_SLOT;
    }
    if (!slot->symbol || !*slot->symbol || slot->sym_bind == STB_LOCAL) {
        return KZT_REASON_LOCAL_SYMBOL;
    }
    if (slot->addr % sizeof(uint64_t) ||
        !kzt_read_u64(ops->mem, slot->addr, &d->old_value)) {
        return KZT_REASON_UNREADABLE;
    }
    d->new_value = d->old_value;
    if (!d->old_value) {
        return KZT_REASON_UNBOUND;
    }
    if (!ops->owner(ops->opaque, d->old_value, &d->owner)) {
        d->owner = (KztPlanObject) { 0 };
        return KZT_REASON_NO_GUEST_OWNER;
    }
    d->relation = relation_of(&d->object, &d->owner);
    if (slot->type == KZT_R_JUMP_SLOT && d->relation == KZT_RELATION_SELF &&
        kzt_slot_is_lazy(ops->mem, &d->object, slot->index, d->old_value)) {
        return KZT_REASON_SELF_PLT;
    }
    reason = ops->library(ops->opaque, &d->owner, &d->target);
    if (reason != KZT_REASON_NATIVE) {
        return reason;
    }
    reason = ops->function(ops->opaque, &d->owner, slot->symbol,
                           slot->version, d->old_value, &d->target);
    if (reason != KZT_REASON_NATIVE) {
        return reason;
    }
    return choose_method(ops, choice, d);
}

void kzt_plan_slot(const KztPlanOps *ops, KztMethodChoice choice,
                   const KztPlanObject *object, const KztSlot *slot,
                   KztDecision *out)
{
    *out = (KztDecision) { .object = *object, .slot = *slot };
    out->reason = decide(ops, choice, out);
}

/* Text into a buffer that may be too small, counting what it would take. */
typedef struct Line {
    char *buf;
    size_t size, len;
} Line;

static void QEMU_PRINTF(2, 3) put(Line *l, const char *fmt, ...)
{
    size_t room = l->len < l->size ? l->size - l->len : 0;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(room ? l->buf + l->len : NULL, room, fmt, ap);
    va_end(ap);
    l->len += n > 0 ? n : 0;
}

/* Names come from guest memory: a line stays a line. */
static void put_name(Line *l, const char *s)
{
    for (; *s; s++) {
        unsigned char c = *s;

        put(l, "%c", c < 0x20 || c == 0x7f ? '?' : c);
    }
}

int kzt_decision_format(const KztDecision *d, char *buf, size_t size)
{
    Line l = { buf, size, 0 };

    if (size) {
        *buf = '\0';
    }
    put_name(&l, d->object.name ? d->object.name : "?");
    put(&l, ": %s[%s%" PRIu32 "] ", kzt_reloc_name(d->slot.type),
        d->slot.jmprel ? "plt:" : "", d->slot.index);
    put_name(&l, d->slot.symbol && *d->slot.symbol ? d->slot.symbol : "-");
    if (d->slot.version) {
        put(&l, "@");
        put_name(&l, d->slot.version);
    }
    put(&l, " at %" PRIx64 ": %" PRIx64, d->slot.addr, d->old_value);
    if (d->relation != KZT_RELATION_NONE) {
        put(&l, " of ");
        put_name(&l, d->owner.name ? d->owner.name : "?");
        put(&l, " (%s)", kzt_relation_name(d->relation));
    }
    switch (d->method) {
    case KZT_METHOD_SLOT:
        put(&l, " -> slot %" PRIx64, d->new_value);
        break;
    case KZT_METHOD_ENTRY:
        put(&l, " -> entry");
        break;
    case KZT_METHOD_NONE:
        put(&l, " stays");
        break;
    }
    if (d->target.library) {
        put(&l, ", ");
        put_name(&l, d->target.library);
        if (d->target.source) {
            put(&l, " in ");
            put_name(&l, d->target.source);
        }
    }
    put(&l, ": %s", kzt_reason_name(d->reason));
    return l.len;
}

static KztCountRow *find_row(const KztCounts *c, const char *library)
{
    for (size_t i = 0; i < c->nb; i++) {
        if (!strcmp(c->rows[i].library, library)) {
            return &c->rows[i];
        }
    }
    return NULL;
}

static KztCountRow *new_row(KztCounts *c, const char *library)
{
    KztCountRow *row;

    if (c->nb == c->alloc) {
        size_t alloc = c->alloc ? c->alloc * 2 : 8;
        KztCountRow *rows = realloc(c->rows, alloc * sizeof(*rows));

        if (!rows) {
            return NULL;
        }
        c->rows = rows;
        c->alloc = alloc;
    }
    row = &c->rows[c->nb];
    *row = (KztCountRow) { .library = strdup(library) };
    if (!row->library) {
        return NULL;
    }
    c->nb++;
    return row;
}

void kzt_counts_add(KztCounts *c, const KztDecision *d)
{
    const char *library = d->target.library ? d->target.library : "";
    KztCountRow *row = find_row(c, library);

    if (!row) {
        row = new_row(c, library);
    }
    if (row && (unsigned)d->reason < KZT_REASON_COUNT) {
        row->by_reason[d->reason]++;
    }
}

uint64_t kzt_counts_get(const KztCounts *c, const char *library,
                        KztReason reason)
{
    const KztCountRow *row = find_row(c, library ? library : "");

    return row ? row->by_reason[reason] : 0;
}

uint64_t kzt_counts_total(const KztCounts *c, KztReason reason)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < c->nb; i++) {
        sum += c->rows[i].by_reason[reason];
    }
    return sum;
}

void kzt_counts_free(KztCounts *c)
{
    for (size_t i = 0; i < c->nb; i++) {
        free(c->rows[i].library);
    }
    free(c->rows);
    *c = (KztCounts) { 0 };
}
