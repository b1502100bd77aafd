/*
 * The interpreter as a code generator: portable, and the reference for the
 * others.  Packing is in pack.c, the loop in exec.c.
 *
 * It needs nothing of the host but C: guest registers live in a frame while a
 * unit runs, vector registers in the CPU state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "interp.h"
#include "qemu/log.h"

static bool interp_init(TCGContext *s, const char *overrides)
{
    InterpLayout *l = &interp_layout;

    l->common = s->env_common;
    l->rip = s->env_rip;
    l->mxcsr = s->env_mxcsr;
    l->cc_op = s->env_cc_op;
    l->cc_dst = s->env_cc_dst;
    l->cc_src = s->env_cc_src;
    l->cc_src2 = s->env_cc_src2;
    l->nb_regs = 0;
    for (TCGv v = 1; v <= s->nb_globals; v++) {
        if (s->vals[v].type == TCG_I64) {
            assert(l->nb_regs < ARRAY_SIZE(l->reg_offset));
            l->reg_offset[l->nb_regs++] = s->vals[v].offset;
        }
    }
    free(s->backend_data);
    s->backend_data = malloc(interp_packer_size());
    interp_exec(NULL, NULL);
    return s->backend_data != NULL;
}

static const char *interp_features(void)
{
    return "portable C";
}

static size_t interp_gen_prologue(TCGContext *s, TCGCodeBuf buf)
{
    return 0;
}

static void interp_patch_exit(const TCGExit *e, const uint8_t *rx, uint8_t *rw,
                              const void *target)
{
    __atomic_store_n((uint64_t *)(rw + e->jump_offset), (uintptr_t)target,
                     __ATOMIC_RELEASE);
}

static const void *interp_fault_pc(const void *env)
{
    const CPUCommon *c =
        (const CPUCommon *)((const uint8_t *)env + interp_layout.common);

    return (const void *)(uintptr_t)c->scratch[0];
}

static void interp_sync_from(void *env, const void *uc)
{
    if (interp_fault_pc(env)) {
        interp_sync(env, true);
    }
}

static void interp_sync_to(const void *env, void *uc)
{
    if (interp_fault_pc(env)) {
        interp_sync((void *)env, false);
    }
}

/* One line per instruction: the handler by its address, and the fields. */
static void interp_disas(const uint8_t *rx, size_t len)
{
    static const char *const names[H_MAX] = {
#define X(n) #n ".8rr", #n ".8ri", #n ".16rr", #n ".16ri", \
             #n ".32rr", #n ".32ri", #n ".64rr", #n ".64ri",
        INTERP_ALU(X)
#undef X
#define X(n) "set" #n ".8rr", "set" #n ".8ri", "set" #n ".16rr", \
             "set" #n ".16ri", "set" #n ".32rr", "set" #n ".32ri", \
             "set" #n ".64rr", "set" #n ".64ri",
        INTERP_COND(X)
#undef X
#define X(n) "br" #n ".8rr", "br" #n ".8ri", "br" #n ".16rr", \
             "br" #n ".16ri", "br" #n ".32rr", "br" #n ".32ri", \
             "br" #n ".64rr", "br" #n ".64ri",
        INTERP_COND(X)
#undef X
#define X(n) "sel" #n ".8", "sel" #n ".16", "sel" #n ".32", "sel" #n ".64",
        INTERP_COND(X)
#undef X
#define X(n) #n ".8", #n ".16", #n ".32", #n ".64",
        INTERP_UNARY(X)
        INTERP_CARRY(X)
#undef X
#define X(n) #n ".32", #n ".64",
        INTERP_WIDE(X)
#undef X
#define X(n) #n " b", #n " bi", #n " b ordered", #n " bi ordered",
        INTERP_MEM(X)
#undef X
#define X(n) #n,
        INTERP_OTHER(X)
#undef X
    };
    const InterpInsn *p = (const InterpInsn *)rx;

    for (size_t i = 0; i < len / sizeof(*p); i++) {
        const char *name = "...";

        for (unsigned h = 0; h < H_MAX; h++) {
            if ((uint32_t)interp_handlers[h] == p[i].handler) {
                name = names[h];
                break;
            }
        }
        qemu_log("  %6zx: %-16s d=%u a=%u b=%u c=%u imm=%d\n", i * sizeof(*p),
                 name, p[i].d, p[i].a, p[i].b, p[i].c, p[i].imm);
    }
}

const TCGBackend tcg_interp_backend = {
    .name = "interp",
    .init = interp_init,
    .features = interp_features,
    .gen_prologue = interp_gen_prologue,
    .gen_code = interp_pack,
    .enter = interp_exec,
    .patch_exit = interp_patch_exit,
    .sync_from_ucontext = interp_sync_from,
    .sync_to_ucontext = interp_sync_to,
    .fault_pc = interp_fault_pc,
    .disas = interp_disas,
};
