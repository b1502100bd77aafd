/*
 * Bridges: guest addresses that run native functions.
 *
 * The engine runs bridge_run() at each of them (see tb_bridge_add()).  Slot
 * bridges are numbered places in guest mappings of BLOCK_SIZE bytes whose
 * contents never count: the engine reads no code at a bridge.  The first place
 * is where callbacks return to.
 *
 * Locking: one mutex around making and retiring.  A call takes none; nor do
 * lookups: records are added at the head of their list and never freed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"
#include "kzt/kzt.h"
#include <pthread.h>

#define SLOT_SIZE   16
#define BLOCK_SIZE  0x10000
#define BLOCK_SLOTS (BLOCK_SIZE / SLOT_SIZE)
#define MAX_BLOCKS  64
#define HASH_BITS   12

typedef struct Bridge {
    KztBridgeInfo info;
    uint64_t addr;
    _Atomic bool retired;
    struct Bridge *next_created;
    struct Bridge *next_same;           /* in by_native */
    _Atomic(struct Bridge *) next_entry;    /* in entries */
} Bridge;

const KztProcessOps *kzt_process;
uint64_t kzt_return_marker;
KztGuestRuntime kzt_runtime;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
KZT_FORK_GUARD(mutex)
static uint64_t blocks[MAX_BLOCKS];
static Bridge *slots[MAX_BLOCKS * BLOCK_SLOTS];
static _Atomic unsigned nb_slots;   /* used, over all blocks */
static unsigned nb_blocks;
static _Atomic(Bridge *) by_native[1u << HASH_BITS], entries[1u << HASH_BITS];
static Bridge *first, **last = &first;
static bool counting;

/* The guest's errno of the running thread, found once per thread. */
static __thread uint64_t errno_thread, errno_addr;

static void set_guest_errno(CPUArchState *env, int value)
{
    if (!errno_addr || errno_thread != env->fs_base) {
        if (!kzt_runtime.errno_location) {
            return;
        }
        errno_addr = kzt_guest_call(env, kzt_runtime.errno_location, 0, NULL);
        errno_thread = env->fs_base;
    }
    *(int32_t *)(uintptr_t)errno_addr = value;
}

/*
 * Registers that hold results survive finding out where errno is.
 */
static void pass_errno(CPUArchState *env)
{
    int value = errno;
    VReg result[2] = { env->vregs[0], env->vregs[1] };

    set_guest_errno(env, value);
    env->vregs[0] = result[0];
    env->vregs[1] = result[1];
}

static void bridge_run(CPUArchState *env, void *opaque)
{
    Bridge *b = opaque;

    if (unlikely(kzt_top_call && env->regs[R_ESP] > kzt_top_call->sp)) {
        kzt_unwind_check(env);
    }
    errno = 0;
    b->info.function->wrapper(env, b->info.function, b->info.native);
    if (unlikely(errno)) {
        pass_errno(env);
    }
}

static void bridge_run_counted(CPUArchState *env, void *opaque)
{
    Bridge *b = opaque;

    __atomic_fetch_add(&b->info.calls, 1, __ATOMIC_RELAXED);
    bridge_run(env, opaque);
}

static unsigned hash(uint64_t v)
{
    return (v ^ v >> HASH_BITS ^ v >> (2 * HASH_BITS)) &
           ((1u << HASH_BITS) - 1);
}

/* A new slot address; 0 when there is no room.  Mutex held. */
static uint64_t new_slot(Bridge *b)
{
    static const uint8_t fill[16] = { 0x0f, 0x0b };
    unsigned n = atomic_load(&nb_slots);

    if (n == nb_blocks * BLOCK_SLOTS) {
        uint64_t addr = nb_blocks == MAX_BLOCKS ? 0 :
                        kzt_process->map_code(BLOCK_SIZE, "kzt-bridge", fill);

        if (!addr) {
            return 0;
        }
        blocks[nb_blocks++] = addr;
    }
    slots[n] = b;
    atomic_store(&nb_slots, n + 1);
    return blocks[n / BLOCK_SLOTS] + n % BLOCK_SLOTS * SLOT_SIZE;
}

bool kzt_bridge_init(const KztProcessOps *ops, const char **why)
{
    kzt_process = ops;
    pthread_mutex_lock(&mutex);
    kzt_return_marker = new_slot(NULL);
    pthread_mutex_unlock(&mutex);
    if (!kzt_return_marker) {
        *why = "no guest memory for bridges";
        return false;
    }
    if (!tb_bridge_add(kzt_return_marker, NULL, NULL)) {
        *why = "out of memory";
        return false;
    }
    return true;
}

static Bridge *new_bridge(const KztLibrary *lib, const KztFunction *f,
                          void *native, uint64_t guest_addr)
{
    Bridge *b = calloc(1, sizeof(*b));

    if (b) {
        b->info = (KztBridgeInfo) {
            .lib = lib, .function = f, .native = native,
            .guest_addr = guest_addr,
        };
    }
    return b;
}

static TBHookFn *runner(void)
{
    return counting ? bridge_run_counted : bridge_run;
}

static void remember(Bridge *b)
{
    *last = b;
    last = &b->next_created;
}

static Bridge *same_native(const void *native)
{
    return atomic_load_explicit(&by_native[hash((uintptr_t)native)],
                                memory_order_acquire);
}

/* Mutex held; the record is complete. */
static void add_native(Bridge *b)
{
    unsigned h = hash((uintptr_t)b->info.native);

    b->next_same = atomic_load(&by_native[h]);
    atomic_store(&by_native[h], b);
}

/*
 * The record of this very bridge, be it retired: a library that comes back to
 * its old place gets its old records.  Mutex held.
 */
static Bridge *find_bridge(const KztFunction *f, const void *native,
                           uint64_t guest_addr, bool entry)
{
    Bridge *b = same_native(native);

    while (b && (b->info.native != native || b->info.function != f ||
                 b->info.guest_addr != guest_addr ||
                 b->info.entry != entry)) {
        b = b->next_same;
    }
    return b;
}

uint64_t kzt_bridge_slot(const KztLibrary *lib, const KztFunction *f,
                         void *native, uint64_t guest_addr)
{
    uint64_t addr = 0;
    Bridge *b;

    if (!f->wrapper) {
        return 0;
    }
    pthread_mutex_lock(&mutex);
    b = find_bridge(f, native, guest_addr, false);
    if (b) {
        b->retired = false;
        addr = b->addr;
    } else if ((b = new_bridge(lib, f, native, guest_addr)) != NULL) {
        addr = b->addr = new_slot(b);
        if (addr && tb_bridge_add(addr, runner(), b)) {
            add_native(b);
            remember(b);
        } else {
            /* a slot stays behind that leads nowhere */
            if (addr) {
                slots[atomic_load(&nb_slots) - 1] = NULL;
            }
            free(b);
            addr = 0;
        }
    }
    pthread_mutex_unlock(&mutex);
    return addr;
}

/* The bridge at the guest function @addr, or NULL.  No lock. */
static Bridge *entry_at(uint64_t addr)
{
    Bridge *b = atomic_load_explicit(&entries[hash(addr)],
                                     memory_order_acquire);

    while (b && b->addr != addr) {
        b = atomic_load_explicit(&b->next_entry, memory_order_acquire);
    }
    return b;
}

bool kzt_bridge_entry_add(const KztLibrary *lib, const KztFunction *f,
                          void *native, uint64_t guest_addr)
{
    bool ok, old;
    Bridge *b;

    if (!f->wrapper) {
        return false;
    }
    pthread_mutex_lock(&mutex);
    b = entry_at(guest_addr);
    if (b) {
        /* Aliases of one function are one bridge. */
        ok = b->info.native == native &&
             b->info.function->wrapper == f->wrapper;
        pthread_mutex_unlock(&mutex);
        return ok;
    }
    b = find_bridge(f, native, guest_addr, true);
    old = b != NULL;
    b = old ? b : new_bridge(lib, f, native, guest_addr);
    ok = b && tb_bridge_add(guest_addr, runner(), b);
    if (ok) {
        unsigned h = hash(guest_addr);

        b->addr = guest_addr;
        b->info.entry = true;
        b->retired = false;
        atomic_store(&b->next_entry, atomic_load(&entries[h]));
        atomic_store(&entries[h], b);
        if (!old) {
            add_native(b);
            remember(b);
        }
    } else if (!old) {
        free(b);
    }
    pthread_mutex_unlock(&mutex);
    return ok;
}

void kzt_bridge_publish(const KztCallbackType *type, void *native)
{
    uint64_t addr = (uintptr_t)native;

    if (addr < 4096 || addr > -4096ull || entry_at(addr) ||
        kzt_closure_target(native) || kzt_process->page_flags(addr, NULL)) {
        return;
    }
    kzt_bridge_entry_add(NULL, &type->to_native, native, addr);
}

bool kzt_bridge_closure(const void *thunk, TBHookFn *fn, void *opaque)
{
    return tb_bridge_add((uintptr_t)thunk, fn, opaque);
}

/* The record stays: a thread may be inside, and reports want it. */
static void remove_entry(_Atomic(Bridge *) *p)
{
    Bridge *b = atomic_load(p);

    atomic_store(p, atomic_load(&b->next_entry));
    b->retired = true;
    tb_bridge_remove(b->addr);
}

/* Remove the entry bridges in [start, end).  Mutex held. */
static void remove_entries(unsigned h, uint64_t start, uint64_t end)
{
    _Atomic(Bridge *) *p = &entries[h];
    Bridge *b;

    while ((b = atomic_load(p)) != NULL) {
        if (b->addr >= start && b->addr < end) {
            remove_entry(p);
        } else {
            p = &b->next_entry;
        }
    }
}

void kzt_bridge_entry_remove(uint64_t guest_addr)
{
    pthread_mutex_lock(&mutex);
    remove_entries(hash(guest_addr), guest_addr, guest_addr + 1);
    pthread_mutex_unlock(&mutex);
}

void kzt_bridge_retire(uint64_t start, uint64_t end)
{
    pthread_mutex_lock(&mutex);
    for (unsigned i = 0; i < ARRAY_SIZE(entries); i++) {
        remove_entries(i, start, end);
    }
    for (Bridge *b = first; b; b = b->next_created) {
        if (b->info.guest_addr >= start && b->info.guest_addr < end) {
            b->retired = true;
        }
    }
    pthread_mutex_unlock(&mutex);
}

/* The bridge of the slot at @addr, or NULL.  No lock. */
static Bridge *slot_at(uint64_t addr)
{
    unsigned n = atomic_load(&nb_slots);

    for (unsigned i = 0; i * BLOCK_SLOTS < n; i++) {
        uint64_t offset = addr - blocks[i];

        if (offset < BLOCK_SIZE) {
            unsigned k = i * BLOCK_SLOTS + offset / SLOT_SIZE;

            return k < n && offset % SLOT_SIZE == 0 ? slots[k] : NULL;
        }
    }
    return NULL;
}

void *kzt_bridge_native(uint64_t addr)
{
    Bridge *b = slot_at(addr);

    return b ? b->info.native : NULL;
}

void *kzt_bridge_direct(const KztCallbackType *type, uint64_t fn)
{
    Bridge *b = slot_at(fn);

    if (b) {
        return b->info.native;
    }
    b = entry_at(fn);
    return b && b->info.function->wrapper == type->to_native.wrapper
           ? b->info.native : NULL;
}

uint64_t kzt_bridge_guest(const KztCallbackType *type, const void *native)
{
    for (Bridge *b = same_native(native); b; b = b->next_same) {
        if (b->info.native == native && !b->retired &&
            b->info.function->wrapper == type->to_native.wrapper) {
            return b->addr;
        }
    }
    return 0;
}

bool kzt_bridge_lookup(uint64_t addr, KztBridgeInfo *info)
{
    Bridge *b = slot_at(addr);

    if (!b) {
        b = entry_at(addr);
    }
    if (b) {
        *info = b->info;
    }
    return b != NULL;
}

bool kzt_in_native(CPUArchState *env)
{
    KztBridgeInfo info;

    return kzt_process && kzt_bridge_lookup(env->rip, &info);
}

void kzt_bridge_count_calls(void)
{
    counting = true;
}

void kzt_bridge_foreach(bool (*fn)(const KztBridgeInfo *, void *), void *opaque)
{
    Bridge *b;

    pthread_mutex_lock(&mutex);
    b = first;
    pthread_mutex_unlock(&mutex);
    for (; b && fn(&b->info, opaque); b = b->next_created) {
    }
}

void kzt_bridge_set_runtime(const KztGuestRuntime *rt)
{
    kzt_runtime = *rt;
}
