/*
 * The dynamic section of one guest object, read from guest memory: no files,
 * no section headers.
 *
 * Everything in it is untrusted.  Sizes and products are checked for overflow,
 * counts are limited, strings must end inside the string table, and what is
 * wrong becomes an error bit; a table that cannot be used is left empty.
 *
 * Pure logic on an explicit context: no globals, no system calls.  A
 * KztDynamic may be read by several threads at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KZT_DYNAMIC_H
#define KZT_DYNAMIC_H

#include "qemu/osdep.h"
#include "kzt/memory.h"

#define KZT_MAX_DYN_ENTRIES     4096
#define KZT_MAX_VERSION_RECORDS 4096
#define KZT_MAX_HASH_STEPS      (1u << 20)
#define KZT_MAX_NEEDED          1024

typedef enum KztDynamicStatus {
    KZT_DYNAMIC_EMPTY,          /* no entry could be used */
    KZT_DYNAMIC_READY,          /* read up to DT_NULL */
    KZT_DYNAMIC_TRUNCATED,      /* unreadable or too long before DT_NULL */
} KztDynamicStatus;

enum {
    KZT_DYNERR_RELENT   = 1 << 0,   /* DT_SYMENT or DT_RELRENT is odd */
    KZT_DYNERR_RELAENT  = 1 << 1,   /* DT_RELAENT is not 24 */
    KZT_DYNERR_PLTREL   = 1 << 2,   /* DT_PLTREL is not DT_RELA */
    KZT_DYNERR_PLTSZ    = 1 << 3,   /* DT_PLTRELSZ is no multiple of 24 */
    KZT_DYNERR_GNU_HASH = 1 << 4,   /* DT_GNU_HASH cannot be used */
    KZT_DYNERR_BOUNDS   = 1 << 5,   /* a table is outside of the object */
    KZT_DYNERR_HASH     = 1 << 6,   /* DT_HASH cannot be used */
    KZT_DYNERR_VERSIONS = 1 << 7,   /* a version record is damaged */
    KZT_DYNERR_NEEDED   = 1 << 8,   /* too many DT_NEEDED */
};

/* A table in guest memory; count 0: there is none. */
typedef struct KztTable {
    uint64_t addr;
    uint64_t size;              /* bytes; 0 when only the start is known */
    uint64_t count;             /* entries */
} KztTable;

/* Layout of the file format: usable for bulk reads. */
typedef struct KztRela {
    uint64_t offset;
    uint64_t info;
    int64_t addend;
} KztRela;

static inline uint32_t kzt_rela_type(const KztRela *r)
{
    return (uint32_t)r->info;
}

static inline uint32_t kzt_rela_sym(const KztRela *r)
{
    return r->info >> 32;
}

typedef struct KztSymbol {
    uint32_t name;              /* offset in the string table */
    uint8_t info, other;
    uint16_t shndx;             /* 0: undefined here */
    uint64_t value, size;
} KztSymbol;

/* One version this object defines (verdef) or needs (verneed). */
typedef struct KztVersion {
    uint16_t index;             /* as in versym, without the hidden bit */
    bool defined;
    bool weak;
    bool base;                  /* the object's own name (VER_FLG_BASE) */
    uint32_t hash;
    uint32_t name;              /* offsets in the string table */
    uint32_t file;              /* needed: DT_NEEDED name; else 0 */
} KztVersion;

#define KZT_VERSYM_HIDDEN 0x8000
#define KZT_VER_LOCAL     0
#define KZT_VER_GLOBAL    1

typedef struct KztDynamic {
    const KztMemory *memory;
    uint64_t load_bias, dynamic_addr;
    uint64_t start, end;        /* the object's span */
    KztDynamicStatus status;
    uint32_t errors;            /* KZT_DYNERR_* */
    uint32_t nb_entries;        /* DT_NULL not counted */

    KztTable strtab;            /* bytes */
    KztTable symtab;            /* count from the hash tables */
    KztTable versym, rela, jmprel, relr;
    KztTable verneed, verdef;   /* records */
    KztTable hash;              /* SysV: count = buckets */
    KztTable gnu_hash;          /* count = buckets */
    KztTable init_array, fini_array, preinit_array;
    uint64_t init, fini, pltgot;
    uint64_t debug;             /* DT_DEBUG's value, 0 */
    uint64_t debug_addr;        /* where that value lies, 0: no DT_DEBUG */
    uint64_t flags, flags_1, gnu_flags_1;
    bool bind_now, symbolic, textrel;
    bool has_soname, has_rpath, has_runpath;
    uint32_t soname, rpath, runpath;    /* offsets in the string table */
    uint32_t nb_needed;
    uint32_t nb_versions;
    uint32_t *needed;           /* string offsets */
    KztVersion *versions;       /* by index; owned */

    /* GNU hash table parameters. */
    uint32_t gnu_symoffset, gnu_bloom_words, gnu_bloom_shift;
    uint32_t sysv_chains;
} KztDynamic;

/*
 * Read the dynamic section at @dynamic_addr of an object loaded at @load_bias
 * with span [start, end).  Without a span (start == end) pointers are taken as
 * relocated when the guest has memory there, else as relative to the bias.
 * Returns status; *d is valid in any case and to be freed.
 */
KztDynamicStatus kzt_dynamic_parse(KztDynamic *d, const KztMemory *m,
                                   uint64_t dynamic_addr, uint64_t load_bias,
                                   uint64_t start, uint64_t end);
void kzt_dynamic_free(KztDynamic *d);

/* What the ELF header and program headers in memory say about an object. */
typedef struct KztImage {
    uint64_t header;            /* address of the ELF header */
    uint64_t load_bias;
    uint64_t start, end;        /* pages of all PT_LOAD */
    uint64_t dynamic_addr;      /* 0: none */
    uint64_t relro_start, relro_end;    /* PT_GNU_RELRO; equal: none */
    uint64_t entry;
    uint64_t phdr;
    uint16_t phnum, type;
    bool has_tls, has_interp;
} KztImage;

/*
 * The image whose ELF header lies at @header; NULL on success, else what is
 * wrong with it.
 */
const char *kzt_image_read(KztImage *img, const KztMemory *m,
                           uint64_t header);
/*
 * The image that has its dynamic section at @dynamic_addr: tries the load
 * bias, then searches down from the dynamic section, a page at a time, for a
 * header whose PT_DYNAMIC agrees.  NULL on success.
 */
const char *kzt_image_find(KztImage *img, const KztMemory *m,
                           uint64_t dynamic_addr, uint64_t load_bias);

/*
 * The string at offset @off: its length, with up to size - 1 bytes and a NUL
 * in @buf.  -1 when it does not end inside the table or cannot be read.
 */
int64_t kzt_dynamic_string(const KztDynamic *d, uint32_t off, char *buf,
                           size_t size);
/* Is the string at @off equal to @s?  Reads no more than it needs. */
bool kzt_dynamic_string_is(const KztDynamic *d, uint32_t off, const char *s);

/* Entry @i of the dynamic symbol table. */
bool kzt_dynamic_symbol(const KztDynamic *d, uint32_t i, KztSymbol *out);
/* Entry @i of versym, hidden bit included; KZT_VER_GLOBAL without a table. */
uint16_t kzt_dynamic_versym(const KztDynamic *d, uint32_t i);
/* The version record with this index (hidden bit ignored), or NULL. */
const KztVersion *kzt_dynamic_version(const KztDynamic *d, uint16_t index);

/*
 * Up to @n relocations from @first on of rela or jmprel; how many were read.
 */
size_t kzt_dynamic_relocs(const KztDynamic *d, const KztTable *t,
                          uint64_t first, KztRela *out, size_t n);
/*
 * The addresses RELR describes, in order: calls @fn until it returns false.
 * Returns false when the table is damaged.
 */
bool kzt_dynamic_relr(const KztDynamic *d,
                      bool (*fn)(uint64_t addr, void *opaque), void *opaque);

/*
 * Look up a defined symbol.  @version NULL: the default (or unversioned) one;
 * otherwise exactly that version.  Returns the index, 0 when there is none.
 */
uint32_t kzt_dynamic_lookup(const KztDynamic *d, const char *name,
                            const char *version, KztSymbol *out);

/* The hash functions of the two tables. */
uint32_t kzt_gnu_hash(const char *name);
uint32_t kzt_sysv_hash(const char *name);

/* "empty", "ready", "truncated"; error bits as "RELENT|BOUNDS" into @buf. */
const char *kzt_dynamic_status_name(int status);
char *kzt_dynamic_errors_text(uint32_t errors, char *buf, size_t size);

#endif
