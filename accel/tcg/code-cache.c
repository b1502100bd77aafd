/*
 * Memory for generated code: where it is, who may write it, when it is reused.
 *
 * One stretch of address space is reserved for execution and one for writing;
 * both are divided into chunks of 64 KiB.  A chunk in use is a piece of shared
 * memory mapped at the same offset in both stretches, so no address is ever
 * writable and executable.  Beside it, each chunk owns a stretch of ordinary
 * memory for the records of its units, which live and die with it.
 *
 * Fork.  A shared mapping would let parent and child overwrite each other's
 * code.  Nothing is copied at fork: both sides go on executing the same
 * chunks, and whichever wants to write one (emit, link, unlink) first replaces
 * it by a copy of its own at the same address (chunk_own()).  The memory of a
 * chunk has no name and no descriptor, so the kernel frees it with its last
 * mapping.  Links that merely save time are not worth a copy in a child that
 * calls exec() next: see code_cache_want_link().
 *
 * Turnover.  Chunks are filled in order of age.  Above a limit the oldest one
 * is retired whenever a new one is opened: its units are taken out of the
 * tables, and its memory is reused once every CPU has passed a point where it
 * holds no pointer into it (internal.h).  Nobody waits for that unless
 * everything is in use.
 *
 * The interpreter needs no executable memory: with it the two stretches are
 * one, private, and survive fork by themselves.
 *
 * Locking: engine lock, except code_cache_find() and code_cache_contains().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/tcg/internal.h"
#include "qemu/log.h"
#include <sys/mman.h>
#include <sched.h>

#define CHUNK_SIZE      (64u * 1024)
#define CHUNK_MIN_ROOM  1024u           /* less than this: chunk is full */
#define META_SIZE       (128u * 1024)   /* address space per chunk */
#define META_INDEX      1024u           /* units per chunk at most */
#define CODE_ALIGN      32u

#if defined(__loongarch__)
#define DEFAULT_SIZE    (64u << 20)     /* direct jumps reach 128 MiB */
#elif defined(__aarch64__)
#define DEFAULT_SIZE    (96u << 20)
#else
#define DEFAULT_SIZE    (256u << 20)
#endif
#define MIN_SIZE        (16 * CHUNK_SIZE)
#define MAX_SIZE        (1u << 30)      /* TBRef, and what jumps reach */

/* Link attempts from a chunk shared with another process before it is copied. */
#define LINK_PATIENCE   32

typedef enum ChunkState {
    CHUNK_FREE,
    CHUNK_OPEN,         /* units are being added */
    CHUNK_FULL,
    CHUNK_RETIRED,      /* units are gone, CPUs may still be in it */
    CHUNK_PERMANENT,
} ChunkState;

typedef struct Chunk {
    uint8_t state;
    bool mapped;
    uint16_t link_attempts;
    uint32_t used;              /* bytes of code */
    uint32_t meta_used;
    _Atomic uint32_t nb_tb;     /* read by code_cache_find() */
    uint64_t fork_epoch;        /* ours alone if equal to cache.fork_epoch */
    uint64_t born, retired;     /* engine.epoch */
    uint64_t serial;            /* order of opening */
} Chunk;

typedef struct Deferred {
    struct Deferred *next;
    void *ptr;
    uint64_t epoch;
} Deferred;

static struct {
    uint8_t *rx, *rw, *meta;
    size_t size;
    unsigned nb_chunks, limit, in_use, cursor, nb_retired;
    unsigned open;              /* CHUNK_OPEN chunk, or 0 */
    bool single;                /* rx == rw */
    uint64_t fork_epoch, serial;
    Chunk *chunks;
    Deferred *deferred;
} cache;

static uint8_t *chunk_rx(unsigned c)
{
    return cache.rx + (size_t)c * CHUNK_SIZE;
}

static uint8_t *chunk_rw(unsigned c)
{
    return cache.rw + (size_t)c * CHUNK_SIZE;
}

static uint8_t *chunk_meta(unsigned c)
{
    return cache.meta + (size_t)c * META_SIZE;
}

static TB *chunk_tb(unsigned c, unsigned i)
{
    uint8_t *meta = chunk_meta(c);

    return (TB *)(meta + ((uint32_t *)meta)[i]);
}

static void *reserve(size_t size, void *hint, int prot)
{
    void *p = mmap(hint, size, prot,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

/*
 * Executable memory close to the emulator's own text lets generated code call
 * helpers with short displacements.
 */
static void *near_text(size_t size)
{
    uintptr_t text = (uintptr_t)&code_cache_init & ~(uintptr_t)0x1fffff;

    return text > size + (64u << 20) ?
           (void *)(text - size - (32u << 20)) : NULL;
}

bool code_cache_init(size_t size)
{
    bool fixed = size != 0;

    size = fixed ? MIN(MAX(size, MIN_SIZE), MAX_SIZE) : DEFAULT_SIZE;
    size = ROUND_UP(size, (size_t)CHUNK_SIZE);
    cache.single = engine.cfg.interp;
    for (;;) {
        cache.nb_chunks = size / CHUNK_SIZE;
        cache.rx = reserve(size, near_text(size),
                           cache.single ? PROT_READ | PROT_WRITE : PROT_NONE);
        cache.rw = cache.single ? cache.rx : reserve(size, NULL, PROT_NONE);
        cache.meta = reserve((size_t)cache.nb_chunks * META_SIZE, NULL,
                             PROT_READ | PROT_WRITE);
        if (cache.rx && cache.rw && cache.meta) {
            break;
        }
        /* A limited address space: be content with less. */
        if (cache.rx) {
            munmap(cache.rx, size);
        }
        if (cache.rw && !cache.single) {
            munmap(cache.rw, size);
        }
        if (cache.meta) {
            munmap(cache.meta, (size_t)cache.nb_chunks * META_SIZE);
        }
        size = ROUND_UP(size / 2, (size_t)CHUNK_SIZE);
        if (size < MIN_SIZE) {
            error_report("no address space for the code cache");
            return false;
        }
    }
    cache.size = size;
    tb_meta_base = cache.meta;
    cache.chunks = calloc(cache.nb_chunks, sizeof(Chunk));
    if (!cache.chunks) {
        error_report("no memory for the code cache");
        return false;
    }
    /* A spare eighth bridges the time until retired chunks are free. */
    cache.limit = cache.nb_chunks - cache.nb_chunks / 8;
    return true;
}

/*
 * Memory for chunk @c that is mapped twice, with the first @keep bytes of what
 * is there now.  Shared anonymous memory needs no descriptor and is subject to
 * no file size limit, both of which a guest may have used up; mremap() with an
 * old size of 0 maps it a second time.
 *
 * Replacing a mapping is one step for other threads: one that executes there
 * right now waits in its page fault and continues in equal code.
 */
static bool map_anonymous(unsigned c, size_t keep)
{
    uint8_t *rx = chunk_rx(c), *rw, *alias;

    rw = mmap(chunk_rw(c), CHUNK_SIZE, PROT_READ | PROT_WRITE,
              MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED |
              (keep ? 0 : MAP_POPULATE), -1, 0);
    if (rw == MAP_FAILED) {
        return false;
    }
    if (keep) {
        memcpy(rw, rx, keep);
    }
    alias = mremap(rw, 0, CHUNK_SIZE, MREMAP_MAYMOVE);
    if (alias == MAP_FAILED) {
        return false;
    }
    if (mprotect(alias, CHUNK_SIZE, PROT_READ | PROT_EXEC) ||
        mremap(alias, CHUNK_SIZE, CHUNK_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
               rx) != rx) {
        munmap(alias, CHUNK_SIZE);
        return false;
    }
    return true;
}

/* The same where mremap() cannot do that. */
static bool map_memfd(unsigned c, size_t keep)
{
    int fd = memfd_create("translated-code", MFD_CLOEXEC);
    bool ok;

    if (fd < 0) {
        return false;
    }
    ok = ftruncate(fd, CHUNK_SIZE) == 0 &&
         (!keep || pwrite(fd, chunk_rx(c), keep, 0) == (ssize_t)keep) &&
         mmap(chunk_rw(c), CHUNK_SIZE, PROT_READ | PROT_WRITE,
              MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED &&
         mmap(chunk_rx(c), CHUNK_SIZE, PROT_READ | PROT_EXEC,
              MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED;
    close(fd);
    return ok;
}

static bool chunk_map(unsigned c, size_t keep)
{
    Chunk *k = &cache.chunks[c];

    if (!cache.single && !map_anonymous(c, keep) && !map_memfd(c, keep)) {
        error_report("cannot map memory for code: %s", strerror(errno));
        return false;
    }
    k->mapped = true;
    k->fork_epoch = cache.fork_epoch;
    k->link_attempts = 0;
    return true;
}

static inline bool chunk_is_ours(const Chunk *k)
{
    return cache.single || (k->mapped && k->fork_epoch == cache.fork_epoch);
}

static bool chunk_own(unsigned c)
{
    if (chunk_is_ours(&cache.chunks[c])) {
        return true;
    }
    engine.stats.chunks_copied++;
    return chunk_map(c, cache.chunks[c].used);
}

void code_cache_forked(void)
{
    cache.fork_epoch++;
    engine.stats.forks++;
}

/*
 * Reclaiming.
 */

/*
 * May something that existed in [born, retired) be in use by a CPU?  A CPU
 * whose pins change while we look counts as using it.
 */
static bool cpus_may_use(uint64_t born, uint64_t retired)
{
    for (EngineCPU *cpu = engine.cpus; cpu; cpu = cpu->next) {
        uint32_t changes = atomic_load(&cpu->pin_changes);
        uint64_t seen = atomic_load(&cpu->epoch);
        uint64_t from = atomic_load(&cpu->pin_start);
        uint64_t to = atomic_load(&cpu->pin_end);

        if ((seen && seen < retired) ||
            (from && from < retired && born <= to) ||
            changes != atomic_load(&cpu->pin_changes)) {
            return true;
        }
    }
    return false;
}

static void reclaim(void)
{
    Deferred **pd = &cache.deferred;

    fence_heavy();
    while (*pd) {
        Deferred *d = *pd;

        if (cpus_may_use(0, d->epoch)) {
            pd = &d->next;
            continue;
        }
        *pd = d->next;
        free(d->ptr);
        free(d);
    }
    for (unsigned c = 1; c < cache.nb_chunks && cache.nb_retired; c++) {
        Chunk *k = &cache.chunks[c];

        if (k->state == CHUNK_RETIRED && !cpus_may_use(k->born, k->retired)) {
            k->state = CHUNK_FREE;
            atomic_store(&k->nb_tb, 0);
            cache.nb_retired--;
            cache.in_use--;
        }
    }
}

void engine_free_later(void *p)
{
    Deferred *d = malloc(sizeof(*d));

    if (d) {
        d->ptr = p;
        d->next = cache.deferred;
        d->epoch = atomic_fetch_add(&engine.epoch, 1) + 1;
        cache.deferred = d;
    }
}

static void chunk_retire(unsigned c)
{
    Chunk *k = &cache.chunks[c];
    unsigned n = atomic_load(&k->nb_tb);

    for (unsigned i = 0; i < n; i++) {
        tb_retire(chunk_tb(c, i), false);
    }
    k->state = CHUNK_RETIRED;
    k->retired = atomic_fetch_add(&engine.epoch, 1) + 1;
    cache.nb_retired++;
    engine.stats.chunks_retired++;
}

static void retire_oldest(void)
{
    unsigned best = 0;

    for (unsigned c = 1; c < cache.nb_chunks; c++) {
        Chunk *k = &cache.chunks[c];

        if (k->state == CHUNK_FULL &&
            (!best || k->serial < cache.chunks[best].serial)) {
            best = c;
        }
    }
    if (best) {
        chunk_retire(best);
    }
}

void code_cache_retire_all(void)
{
    cache.open = 0;
    for (unsigned c = 1; c < cache.nb_chunks; c++) {
        ChunkState st = cache.chunks[c].state;

        if (st == CHUNK_FULL || st == CHUNK_OPEN) {
            chunk_retire(c);
        }
    }
    tb_retire_done();
}

/*
 * Filling.
 */

static unsigned find_free(void)
{
    for (unsigned i = 0; i < cache.nb_chunks; i++) {
        unsigned c = cache.cursor + i;

        c = c >= cache.nb_chunks ? c - cache.nb_chunks : c;
        if (c && cache.chunks[c].state == CHUNK_FREE) {
            cache.cursor = c + 1 < cache.nb_chunks ? c + 1 : 1;
            return c;
        }
    }
    return 0;
}

static bool chunk_open(void)
{
    unsigned c;
    Chunk *k;

    if (cache.open) {
        cache.chunks[cache.open].state = CHUNK_FULL;
        cache.open = 0;
    }
    if (cache.nb_retired || cache.deferred) {
        reclaim();
    }
    if (cache.in_use - cache.nb_retired >= cache.limit) {
        retire_oldest();
        tb_retire_done();
        reclaim();
    }
    c = find_free();
    if (!c) {
        return false;
    }
    k = &cache.chunks[c];
    if (k->used && engine.backend->replaced) {
        engine.backend->replaced(chunk_rx(c), CHUNK_SIZE);
    }
    k->used = 0;
    if (!chunk_is_ours(k) && !chunk_map(c, 0)) {
        return false;
    }
    k->state = CHUNK_OPEN;
    k->meta_used = META_INDEX * sizeof(uint32_t);
    k->born = atomic_load(&engine.epoch);
    k->serial = ++cache.serial;
    k->link_attempts = 0;
    atomic_store(&k->nb_tb, 0);
    cache.in_use++;
    cache.open = c;
    engine.stats.chunks_opened++;
    return true;
}

bool code_cache_begin(CodeSpace *cs, bool fresh)
{
    Chunk *k = &cache.chunks[cache.open];

    if (fresh || !cache.open || CHUNK_SIZE - k->used < CHUNK_MIN_ROOM ||
        atomic_load(&k->nb_tb) >= META_INDEX ||
        META_SIZE - k->meta_used < META_SIZE / 8) {
        if (!chunk_open()) {
            return false;
        }
        k = &cache.chunks[cache.open];
    } else if (!chunk_own(cache.open)) {
        return false;
    }
    cs->chunk = cache.open;
    cs->meta_mark = k->meta_used;
    cs->buf.rw = chunk_rw(cs->chunk) + k->used;
    cs->buf.rx = chunk_rx(cs->chunk) + k->used;
    cs->buf.size = CHUNK_SIZE - k->used;
    return true;
}

void *code_cache_alloc(CodeSpace *cs, size_t size)
{
    Chunk *k = &cache.chunks[cs->chunk];
    void *p;

    size = ROUND_UP(size, (size_t)8);
    if (META_SIZE - k->meta_used < size) {
        return NULL;
    }
    p = chunk_meta(cs->chunk) + k->meta_used;
    k->meta_used += size;
    return p;
}

void code_cache_abort(CodeSpace *cs)
{
    cache.chunks[cs->chunk].meta_used = cs->meta_mark;
}

void code_cache_commit(CodeSpace *cs, TB *tb)
{
    Chunk *k = &cache.chunks[cs->chunk];
    uint8_t *meta = chunk_meta(cs->chunk);
    unsigned n = atomic_load(&k->nb_tb);

    ((uint32_t *)meta)[n] = (uint8_t *)tb - meta;
    k->used = ROUND_UP(k->used + tb->code_size, CODE_ALIGN);
    k->used = MIN(k->used, CHUNK_SIZE);
    atomic_store_explicit(&k->nb_tb, n + 1, memory_order_release);
}

TCGCodeBuf code_cache_permanent(void)
{
    TCGCodeBuf buf = { 0 };
    Chunk *k = &cache.chunks[0];

    if (chunk_map(0, 0)) {
        k->state = CHUNK_PERMANENT;
        cache.in_use++;
        cache.cursor = 1;
        buf.rw = chunk_rw(0);
        buf.rx = chunk_rx(0);
        buf.size = CHUNK_SIZE;
    }
    return buf;
}

void code_cache_permanent_used(size_t bytes)
{
    cache.chunks[0].used = bytes;
    perfmap_prologue(cache.rx, bytes);
}

/*
 * Looking.
 */

bool code_cache_contains(uintptr_t host_pc)
{
    return host_pc - (uintptr_t)cache.rx < cache.size;
}

TB *code_cache_find(uintptr_t host_pc)
{
    uintptr_t off = host_pc - (uintptr_t)cache.rx;
    unsigned c = off / CHUNK_SIZE;
    unsigned lo = 0, hi;
    TB *tb;

    if (off >= cache.size || !c) {
        return NULL;
    }
    hi = atomic_load_explicit(&cache.chunks[c].nb_tb, memory_order_acquire);
    while (hi - lo > 1) {
        unsigned mid = (lo + hi) / 2;

        if ((uintptr_t)chunk_tb(c, mid)->code <= host_pc) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    if (!hi) {
        return NULL;
    }
    tb = chunk_tb(c, lo);
    return host_pc - (uintptr_t)tb->code < tb->code_size ? tb : NULL;
}

uint8_t *code_cache_writable(const uint8_t *rx)
{
    unsigned c = (rx - cache.rx) / CHUNK_SIZE;

    if (!chunk_own(c)) {
        /* The old code would go on running: there is no way to continue. */
        abort();
    }
    return cache.rw + (rx - cache.rx);
}

bool code_cache_want_link(const uint8_t *rx)
{
    Chunk *k = &cache.chunks[(rx - cache.rx) / CHUNK_SIZE];

    return chunk_is_ours(k) || ++k->link_attempts > LINK_PATIENCE;
}

size_t code_cache_used(void)
{
    size_t sum = 0;

    for (unsigned c = 0; c < cache.nb_chunks; c++) {
        if (cache.chunks[c].state != CHUNK_FREE) {
            sum += cache.chunks[c].used;
        }
    }
    return sum;
}

size_t code_cache_size(void)
{
    return cache.size;
}
