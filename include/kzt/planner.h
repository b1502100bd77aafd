/*
 * The patch planner: one recorded decision for each slot.
 *
 * A slot is a word the guest's loader relocated.  The planner looks at what
 * the loader put there, asks who owns that address and whether a described
 * native library can stand in for the owner, and answers with a decision.
 * It writes nothing: kzt/apply.h does.  It knows relocations, not ELF tables;
 * owners, not link maps; and asks everything else through KztPlanOps.
 *
 * Pure: no globals, no system calls, no allocation except in KztCounts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_PLANNER_H
#define KZT_PLANNER_H

#include "qemu/osdep.h"
#include "kzt/memory.h"

/* Relocations that make slots (values of the x86-64 psABI). */
#define KZT_R_64         1
#define KZT_R_GLOB_DAT   6
#define KZT_R_JUMP_SLOT  7
#define KZT_R_RELATIVE   8
#define KZT_R_IRELATIVE 37

/*
 * KZT_REASONS(X): X(enumerator, name in logs and reports, what it means).
 * The first is the only one that leads to native code.
 */
#define KZT_REASONS(X) \
    X(NATIVE, "guest-owner-target", \
      "runs native: the wrapper of the object that owns the value") \
    X(LOCAL_SYMBOL, "local-symbol", \
      "the relocation names no symbol other objects could provide") \
    X(NOT_A_SLOT, "not-a-slot", \
      "the relocation type does not hold the address of a function") \
    X(UNREADABLE, "unreadable", \
      "the slot or the symbol cannot be read") \
    X(UNBOUND, "unbound", \
      "the slot has no value (an undefined weak symbol)") \
    X(NO_GUEST_OWNER, "no-guest-owner", \
      "no guest object holds the address in the slot") \
    X(SELF_PLT, "self-plt", \
      "not bound yet: the slot leads back into its own object's PLT") \
    X(NO_DESCRIPTION, "no-description", \
      "the owner is not a described library") \
    X(NO_NATIVE_LIBRARY, "no-native-library", \
      "the host has no such library") \
    X(NO_PROTOTYPE, "no-prototype", \
      "the description does not know the symbol") \
    X(UNSUPPORTED_ABI, "unsupported-abi", \
      "the prototype cannot be carried across, or must not be") \
    X(NATIVE_SYMBOL_MISSING, "native-symbol-missing", \
      "the host's library lacks the symbol in the needed version") \
    X(MIXED_STATE, "mixed-state", \
      "native and emulated code would share private state") \
    X(INTERPOSED, "interposed", \
      "another object replaces functions the library itself calls") \
    X(DISABLED, "disabled", \
      "switched off by the user, or experimental and not switched on") \
    X(AMBIGUOUS, "ambiguous", \
      "functions with different prototypes share the address") \
    X(NO_BRIDGE, "no-bridge", \
      "no bridge could be made") \
    X(CHANGED, "changed", \
      "the slot was written by somebody else in between") \
    X(WRITE_FAILED, "write-failed", \
      "the slot cannot be written") \
    X(ROLLED_BACK, "rolled-back", \
      "another slot of the same transaction failed")

typedef enum KztReason {
#define KZT_REASON_ENUM(id, name, help) KZT_REASON_##id,
    KZT_REASONS(KZT_REASON_ENUM)
#undef KZT_REASON_ENUM
    KZT_REASON_COUNT
} KztReason;

/* How the call gets to native code. */
typedef enum KztMethod {
    KZT_METHOD_NONE,        /* it does not: the guest's code runs */
    KZT_METHOD_SLOT,        /* the slot is replaced by a bridge address */
    KZT_METHOD_ENTRY,       /* the guest function's first instruction is a
                               bridge; the slot stays */
} KztMethod;

typedef enum KztMethodChoice {
    KZT_CHOICE_AUTO, KZT_CHOICE_SLOT, KZT_CHOICE_ENTRY
} KztMethodChoice;

/* What the owner of the value is to the object with the slot. */
typedef enum KztRelation {
    KZT_RELATION_NONE,      /* nobody owns the value */
    KZT_RELATION_SELF,
    KZT_RELATION_PROGRAM,   /* the main program provides the symbol */
    KZT_RELATION_LOADER,
    KZT_RELATION_LIBRARY,
} KztRelation;

/* A guest object, as far as deciding needs it. */
typedef struct KztPlanObject {
    uint64_t id;            /* generation: never used again */
    uint64_t start, end;    /* half open */
    const char *name;
    bool is_program, is_loader;
} KztPlanObject;

/* One relocation that may be a slot.  Strings belong to the caller. */
typedef struct KztSlot {
    uint32_t type;          /* KZT_R_* */
    uint32_t index;         /* in its table */
    bool jmprel;            /* of the PLT's table, not of the general one */
    uint64_t addr;          /* where the word is */
    int64_t addend;
    const char *symbol;     /* NULL: the relocation has no symbol */
    const char *version;    /* NULL: unversioned */
    uint8_t sym_bind;       /* STB_* */
    uint8_t sym_type;       /* STT_* */
    bool sym_defined;       /* the object itself defines it ... */
    uint64_t sym_value;     /* ... here (bias added) */
} KztSlot;

/* What the description says; KZT_REASON_NATIVE means "yes". */
typedef struct KztTarget {
    const char *library;    /* name of the description; NULL if none */
    const void *function;   /* to hand to bridge(); opaque here */
    const char *source;     /* where the native code is, for the log */
    bool entry_ambiguous;   /* an entry bridge at the value would be wrong */
} KztTarget;

/*
 * Questions the planner asks.  They are asked in the order of the design, and
 * none is asked after the first refusal.
 */
typedef struct KztPlanOps {
    void *opaque;
    const KztMemory *mem;
    /* The guest object that holds @addr. */
    bool (*owner)(void *opaque, uint64_t addr, KztPlanObject *out);
    /*
     * Is @owner a described library, does the host have it?  NATIVE,
     * NO_DESCRIPTION or NO_NATIVE_LIBRARY; sets t->library if described.
     */
    KztReason (*library)(void *opaque, const KztPlanObject *owner,
                         KztTarget *t);
    /*
     * The function of that library: NATIVE, NO_PROTOTYPE, UNSUPPORTED_ABI,
     * NATIVE_SYMBOL_MISSING, MIXED_STATE or DISABLED.  @value is its guest
     * address.
     */
    KztReason (*function)(void *opaque, const KztPlanObject *owner,
                          const char *symbol, const char *version,
                          uint64_t value, KztTarget *t);
    /* A guest-callable address for @t (method slot); 0 if none can be made. */
    uint64_t (*bridge)(void *opaque, const KztPlanObject *owner,
                       uint64_t value, const KztTarget *t);
} KztPlanOps;

typedef struct KztDecision {
    KztPlanObject object;
    KztSlot slot;
    uint64_t old_value, new_value;  /* equal unless the slot is written */
    KztPlanObject owner;            /* of old_value; all zero if none */
    KztRelation relation;
    KztMethod method;
    KztReason reason;
    KztTarget target;
} KztDecision;

/* May a relocation of @type hold a function's address? */
bool kzt_reloc_is_slot(uint32_t type);

/* Decide about one slot; the current value is read from guest memory. */
void kzt_plan_slot(const KztPlanOps *ops, KztMethodChoice choice,
                   const KztPlanObject *object, const KztSlot *slot,
                   KztDecision *out);

/*
 * True if @value, found in JUMP_SLOT number @index of @object, is the
 * object's own PLT entry for it: the slot has not been bound.
 */
bool kzt_slot_is_lazy(const KztMemory *mem, const KztPlanObject *object,
                      uint32_t index, uint64_t value);

const char *kzt_reason_name(KztReason reason);
const char *kzt_reason_help(KztReason reason);
const char *kzt_method_name(KztMethod method);
const char *kzt_relation_name(KztRelation relation);
const char *kzt_reloc_name(uint32_t type);

/*
 * One line without a newline, as `-d kzt` prints it.  Returns the length the
 * whole line has, as snprintf() does; symbol names are printed as they are
 * except for control characters, which become '?'.
 */
int kzt_decision_format(const KztDecision *d, char *buf, size_t size);

/* Decisions by (library or "", reason).  Zero-initialised is empty. */
typedef struct KztCountRow {
    char *library;          /* "" for decisions about no described library */
    uint64_t by_reason[KZT_REASON_COUNT];
} KztCountRow;

typedef struct KztCounts {
    KztCountRow *rows;
    size_t nb, alloc;
} KztCounts;

void kzt_counts_add(KztCounts *c, const KztDecision *d);
uint64_t kzt_counts_get(const KztCounts *c, const char *library,
                        KztReason reason);
uint64_t kzt_counts_total(const KztCounts *c, KztReason reason);
void kzt_counts_free(KztCounts *c);

#endif
