/*
 * Library descriptions as the rest of the pass-through sees them: constant
 * tables that kzt/gen/generate.py made from kzt/libs.
 *
 * A table says which functions of a guest library may run as the host's, and
 * which wrapper carries a call across.  It knows nothing about guest objects,
 * slots or decisions.  Everything here is immutable and may be read by any
 * thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_LIBRARY_H
#define KZT_LIBRARY_H

#include "qemu/osdep.h"

struct CPUArchState;
typedef struct KztFunction KztFunction;
typedef struct KztLibrary KztLibrary;

/*
 * Carry one call: the CPU state is as at the first instruction of the callee
 * (return address on the stack).  Reads the arguments from @env, calls @native,
 * leaves the result in the guest's result registers.  Does not return to the
 * guest: the bridge does.  Shared by all functions of one signature.
 */
typedef void KztWrapper(struct CPUArchState *env, const KztFunction *f,
                        void *native);

/* KztFunction.flags */
enum {
    KZT_FN_CALLBACK   = 1,  /* guest function pointers go in, or come out */
    KZT_FN_VARIADIC   = 2,  /* carried by a description of its arguments */
    KZT_FN_NOT_NATIVE = 4,  /* described as one that has to stay emulated */
    KZT_FN_STRUCTS    = 8,  /* pointers inside structures are converted */
    KZT_FN_ALLOCATES  = 16, /* the guest frees the result with its free() */
    KZT_FN_NORETURN   = 32, /* never returns in the ordinary way */
    KZT_FN_HARMLESS = 64,   /* may stay emulated while others are native: it
                               shares no state with them */
};

struct KztFunction {
    const char *name;
    const char *version;        /* symbol version, or NULL: any */
    const char *signature;      /* "i(pi)": readable, equal for equal wrappers */
    KztWrapper *wrapper;        /* NULL: cannot be carried, see why_not */
    const char *why_not;        /* one line, or NULL */
    uint32_t flags;             /* KZT_FN_* */
};

/* What functions of the library share with each other beside arguments. */
typedef enum KztStatePolicy {
    KZT_STATELESS,      /* nothing: any function may be native by itself */
    KZT_OPAQUE,         /* objects only the library looks into: all functions
                           on an object must be on one side */
    KZT_SHARED_STRUCT,  /* as opaque, and the program reads and writes
                           public structures in between */
} KztStatePolicy;

/*
 * One function as the tables have it, without an address in it: thousands of
 * rows cost nothing until somebody asks for one.
 */
typedef struct KztRow {
    uint32_t name, signature, why_not;  /* offsets in strings; 0: none */
    uint16_t wrapper;                   /* 0: none */
    uint16_t flags;
} KztRow;

struct KztLibrary {
    const char *name;                   /* "z", as in -kzt LIST */
    const char *const *sonames;         /* of the guest's, NULL-terminated */
    const char *host_soname;            /* for dlopen() */
    const char *summary;                /* one line */
    bool stable;                        /* on by default */
    KztStatePolicy policy;
    const KztRow *rows;                 /* sorted by name (strcmp) */
    const char *strings;
    unsigned nb_functions;
    _Atomic(KztFunction *) *functions;  /* rows that somebody asked for */
    /*
     * Data symbols with the same contents on both sides, NULL-terminated.  A
     * program that uses another one keeps the library emulated.
     */
    const char *const *data;
};

/* All libraries, NULL-terminated, sorted by name. */
extern const KztLibrary *const kzt_libraries[];

const KztLibrary *kzt_library_by_name(const char *name);
/* By a guest DT_SONAME or file name without directory. */
const KztLibrary *kzt_library_by_soname(const char *soname);

/* How many functions can be carried across, and whether one has @flag. */
unsigned kzt_library_carried(const KztLibrary *lib);
bool kzt_library_has(const KztLibrary *lib, uint32_t flag);

/*
 * The function @name, in any version the library has it; NULL when it is not
 * described.  Valid for ever.
 */
const KztFunction *kzt_library_function(const KztLibrary *lib,
                                        const char *name,
                                        const char *version);

/* Made by the generator: wrappers by KztRow.wrapper. */
extern KztWrapper *const kzt_wrappers[];

#endif
