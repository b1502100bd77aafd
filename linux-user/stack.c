/*
 * The main stack of the guest: argument and environment strings, auxiliary
 * vector, and the registers a new process starts with (System V ABI for
 * x86-64, section 3.4).
 *
 * Runs once, before the first guest thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "linux-user/loader.h"
#include "linux-user/mmap-internal.h"
#include "user/options.h"
#include "user/uaccess.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* What the kernel keeps free below a stack. */
#define STACK_GAP (256 * TARGET_PAGE_SIZE)

/*
 * What is there from the start: memory the kernel is to read or write has to
 * be, for its faults do not make the stack grow as the guest's do.
 */
#define STACK_MIN         (8ull << 20)
#define STACK_MAX         (1ull << 30)
#define STACK_UNLIMITED   (256ull << 20)

/* What is left free for it to grow, should the limit be raised later. */
#define STACK_ROOM_MIN    (128ull << 20)
#define STACK_ROOM_MAX    (64ull << 30)

/* RLIMIT_STACK, between @min and @max. */
static uint64_t stack_limit(uint64_t min, uint64_t max, uint64_t unlimited)
{
    struct rlimit lim;

    if (getrlimit(RLIMIT_STACK, &lim) < 0) {
        return min;
    }
    return lim.rlim_cur == RLIM_INFINITY ? unlimited :
           ROUND_UP(MIN(MAX(lim.rlim_cur, min), max), TARGET_PAGE_SIZE);
}

static int64_t map_stack(uint64_t size)
{
    return target_mmap(0, size, PAGE_READ | PAGE_WRITE,
                       TARGET_MAP_PRIVATE | TARGET_MAP_ANONYMOUS |
                       TARGET_MAP_NORESERVE | TARGET_MAP_STACK, -1, 0);
}

int stack_reserve(uint64_t size)
{
    bool given = size;
    uint64_t room;
    int64_t base;

    if (!given) {
        size = stack_limit(STACK_MIN, STACK_MAX, STACK_UNLIMITED);
    }
    /* The main stack is the highest thing in the guest's memory. */
    base = map_stack(size);
    if (base < 0 && !given) {
        size = STACK_MIN;       /* RLIMIT_AS, for one */
        base = map_stack(size);
    }
    if (base < 0) {
        return base;
    }
#ifdef MADV_NOHUGEPAGE
    /* A few pages are used at its top: no huge page for them. */
    target_madvise(base, size, MADV_NOHUGEPAGE);
#endif
    mmap_set_attr(base, base + size, REGION_GROWSDOWN, 0);
    mmap_set_name(base, size, "[stack]");
    guest_image.stack_base = base;
    guest_image.stack_top = base + size;
    room = MIN(stack_limit(STACK_ROOM_MIN, STACK_ROOM_MAX, STACK_ROOM_MAX),
               guest_layout.mmap_top / 8);
    base -= STACK_GAP + (room > size ? room - size : 0);
    guest_layout.mmap_top = base & -host_page_size;
    return 0;
}

/* A stack under construction; @sp moves down. */
typedef struct Builder {
    uint64_t sp, limit;
    bool full;
} Builder;

/* Reserve @len bytes below what is there. */
static uint64_t push_bytes(Builder *b, const void *data, size_t len)
{
    if (b->full || len > b->sp - b->limit) {
        b->full = true;
        return b->sp;
    }
    b->sp -= len;
    if (!copy_to_guest(b->sp, data, len)) {
        b->full = true;
    }
    return b->sp;
}

static uint64_t push_string(Builder *b, const char *s)
{
    return push_bytes(b, s, strlen(s) + 1);
}

/* Strings in the order of @v, ascending in memory; their addresses to @ptrs. */
static uint64_t push_vector(Builder *b, char **v, int n, uint64_t *ptrs)
{
    while (n-- > 0) {
        ptrs[n] = push_string(b, v[n]);
    }
    return b->sp;
}

static uint64_t push_random(Builder *b, CPUArchState *env)
{
    uint64_t bytes[2] = { 0 };

    if (env->random_seeded) {
        bytes[0] = qemu_random_step(&env->random_state);
        bytes[1] = qemu_random_step(&env->random_state);
    } else if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
        const void *host = (const void *)(uintptr_t)getauxval(AT_RANDOM);

        if (host) {
            memcpy(bytes, host, sizeof(bytes));
        }
    }
    return push_bytes(b, bytes, sizeof(bytes));
}

static void add_aux(ImageInfo *info, uint64_t type, uint64_t value)
{
    assert(info->auxv_words + 2 <= ARRAY_SIZE(info->auxv));
    info->auxv[info->auxv_words++] = type;
    info->auxv[info->auxv_words++] = value;
}

/* Largest signal frame: siginfo, ucontext, XSAVE area with its alignment. */
static uint64_t min_sigstack(const CPUArchState *env)
{
    return ROUND_UP(440 + 64 + 4 + 16 + cpu_xsave_size(env), 16);
}

static void fill_auxv(ImageInfo *info, const CPUArchState *env,
                      uint64_t random, uint64_t execfn, uint64_t platform)
{
    if (info->vdso_base) {
        add_aux(info, AT_SYSINFO_EHDR, info->vdso_base);
    }
    add_aux(info, AT_MINSIGSTKSZ, min_sigstack(env));
    add_aux(info, AT_HWCAP, x86_cpu_hwcap(env->model));
    add_aux(info, AT_PAGESZ, TARGET_PAGE_SIZE);
    add_aux(info, AT_CLKTCK, sysconf(_SC_CLK_TCK));
    add_aux(info, AT_PHDR, info->phdr);
    add_aux(info, AT_PHENT, sizeof(Elf64_Phdr));
    add_aux(info, AT_PHNUM, info->phnum);
    add_aux(info, AT_BASE, info->interp_base);
    add_aux(info, AT_FLAGS, 0);
    add_aux(info, AT_ENTRY, info->entry);
    add_aux(info, AT_UID, getuid());
    add_aux(info, AT_EUID, geteuid());
    add_aux(info, AT_GID, getgid());
    add_aux(info, AT_EGID, getegid());
    add_aux(info, AT_SECURE, getauxval(AT_SECURE));
    add_aux(info, AT_RANDOM, random);
    add_aux(info, AT_HWCAP2, x86_cpu_hwcap2(env->model));
    add_aux(info, AT_EXECFN, execfn);
    add_aux(info, AT_PLATFORM, platform);
    add_aux(info, AT_NULL, 0);
}

static void set_registers(CPUArchState *env, const ImageInfo *info)
{
    env->regs[R_ESP] = info->start_stack;
    env->rip = info->start_pc;
}

int stack_build(const LoadRequest *req, int argc, char **argv,
                CPUArchState *env)
{
    ImageInfo *info = &guest_image;
    Builder b = { info->stack_top, info->stack_base + 65536, false };
    uint64_t *words, random, execfn, platform, size;
    int envc = 0, n = 0;

    while (req->envp[envc]) {
        envc++;
    }
    if (info->exec_stack) {
        target_mprotect(info->stack_base, info->stack_top - info->stack_base,
                        PAGE_READ | PAGE_WRITE | PAGE_EXEC);
    }
    /* argc, argv, NULL, envp, NULL; the auxiliary vector follows. */
    size = 1 + argc + 1 + envc + 1;
    words = xcalloc(size + ARRAY_SIZE(info->auxv), sizeof(*words));

    push_bytes(&b, "\0\0\0\0\0\0\0", 8);
    execfn = push_string(&b, info->filename);
    info->env_end = b.sp;
    info->env_start = push_vector(&b, req->envp, envc, words + 1 + argc + 1);
    info->arg_end = b.sp;
    info->arg_start = push_vector(&b, argv, argc, words + 1);
    platform = push_string(&b, "x86_64");
    random = push_random(&b, env);
    words[n++] = argc;

    fill_auxv(info, env, random, execfn, platform);
    memcpy(words + size, info->auxv, info->auxv_words * sizeof(*words));
    b.sp &= ~15ull;
    if (((size + info->auxv_words) & 1) != 0) {
        b.sp -= 8;
    }
    push_bytes(&b, words, (size + info->auxv_words) * sizeof(*words));
    free(words);
    if (b.full) {
        return -E2BIG;
    }
    info->start_stack = b.sp;
    info->auxv_addr = b.sp + size * sizeof(*words);
    info->argc = argc;
    info->argv = argv;
    info->envp = req->envp;
    set_registers(env, info);
    return 0;
}
