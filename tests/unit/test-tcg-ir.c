/*
 * Builders, dumps and passes: small units written by hand, and the text they
 * must have before and after tcg_optimize().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "tcg/tcg.h"
#include "tcg/tcg-vop.h"

static TCGContext *s;
static TCGv rax, rbx, rcx, rsp, x0, x1;

static void setup(void)
{
    s = tcg_context_new();
    rax = tcg_global_new(s, TCG_I64, 0, "rax");
    rbx = tcg_global_new(s, TCG_I64, 8, "rbx");
    rcx = tcg_global_new(s, TCG_I64, 16, "rcx");
    rsp = tcg_global_new(s, TCG_I64, 24, "rsp");
    x0 = tcg_global_new(s, TCG_VEC, 64, "x0");
    x1 = tcg_global_new(s, TCG_VEC, 96, "x1");
}

static char *text(void)
{
    GString *t = g_string_new(NULL);
    char buf[200];

    for (unsigned i = 0; i < s->nb_ops; i++) {
        int n = tcg_op_print(s, &s->ops[i], buf, sizeof(buf));

        g_assert_cmpint(n, ==, strlen(buf));
        g_string_append_printf(t, "%s\n", buf);
    }
    return g_string_free(t, FALSE);
}

static void expect(const char *want)
{
    g_autofree char *got = text();

    g_assert_cmpstr(got, ==, want);
}

static TCGv c(uint64_t x)
{
    return tcg_const(s, x);
}

static void start(void)
{
    tcg_unit_start(s, 0x1000);
    s->precise_flags = false;
    tcg_gen_insn_start(s, 0x1000);
}

static void finish(const char *want)
{
    tcg_optimize(s);
    g_assert_false(s->overflow);
    expect(want);
}

static void test_dump(void)
{
    TCGv t = tcg_temp(s), v;

    start();
    t = tcg_temp(s);
    v = tcg_temp_vec(s);
    tcg_gen2(s, TCG_OP_add, MO_32, t, rax, c(0x10));
    tcg_gen_ld(s, TCG_OP_ld, MO_16, t,
               (TCGMem) { .base = rbx, .index = rcx, .scale = 2,
                          .disp = -8 });
    tcg_gen_st(s, MO_64, (TCGMem) { .disp = 0x123456789 }, rax);
    tcg_gen_exts(s, MO_64, MO_8, rax, t);
    tcg_gen_extract(s, rax, rbx, 8, 4);
    tcg_gen_brcond(s, TCG_COND_LTU, MO_32, rax, c(5), tcg_label_new(s, true));
    tcg_gen_setcc(s, CCC_BE, t);
    tcg_gen_cc_set(s, CC_KIND_SUB, MO_8, rax, t, TCGV_NONE);
    tcg_gen_vld(s, VW_16, TCG_F_ALIGN, v, (TCGMem) { .base = rax });
    tcg_gen_v(s, VOP_fadd, VW_16, MO_64, TCG_F_SCALAR, x0, x0, v, 0, 0);
    tcg_gen_v(s, VOP_pshufd, VW_32, 0, TCG_F_ZERO_UPPER, x1, x0, 0, 0, 0x1b);
    tcg_gen_exit_direct(s, 0x2000, TCG_CC_C | TCG_CC_O);
    expect("---- 0x1000\n"
           "add.32 t0, rax, $0x10\n"
           "ld.16 t0, [rbx + rcx*4 - 0x8]\n"
           "st.64 [0x123456789], rax\n"
           "exts.8.64 rax, t0\n"
           "extract rax, rbx, 8:4\n"
           "brcond.32.ltu rax, $0x5, L0\n"
           "setcc.be t0\n"
           "cc_set (sub.8 rax, t0) #1\n"
           "vld.128.aligned v1, [rax]\n"
           "vfadd.q.s x0, x0, v1\n"
           "vpshufd.256.z x1, x0, $0x1b\n"
           "exit_direct 0x2000 {co}\n");
}

/* cmp; jcc and what the two exits need */
static void test_fusion(void)
{
    unsigned side;

    start();
    side = tcg_label_new(s, true);
    tcg_gen_cc_set(s, CC_KIND_CMP, MO_64, rax, rbx, TCGV_NONE);
    tcg_gen_brcc(s, CCC_L, side);
    tcg_gen_exit_direct(s, 0x2000, 0);
    tcg_label_here(s, side);
    tcg_gen_exit_direct(s, 0x3000, TCG_CC_ALL);
    finish("---- 0x1000 (env)\n"
           "cc_set (cmp.64 rax, rbx) #1 {cpazso}\n"
           "brcc.l L0 (cmp.64 rax, rbx)\n"
           "exit_direct 0x2000 {}\n"
           "label L0\n"
           "exit_direct 0x3000 (cmp.64 rax, rbx) store\n");
}

/* Flags that are overwritten unread cost nothing, nor what feeds them. */
static void test_dead_flags(void)
{
    TCGv t = tcg_temp(s);

    start();
    t = tcg_temp(s);
    tcg_gen_setcc(s, CCC_B, t);
    tcg_gen2(s, TCG_OP_add, MO_64, rax, rax, c(1));
    tcg_gen_cc_set(s, CC_KIND_INC, MO_64, rax, t, TCGV_NONE);
    tcg_gen_insn_start(s, 0x1003);
    tcg_gen2(s, TCG_OP_add, MO_64, rbx, rbx, rax);
    tcg_gen_cc_set(s, CC_KIND_ADD, MO_64, rbx, rax, TCGV_NONE);
    tcg_gen_exit_direct(s, 0x2000, TCG_CC_ALL);
    finish("---- 0x1000 (env)\n"
           "add.64 rax, rax, $0x1\n"
           "---- 0x1003 (inc.64 rax, -)\n"
           "add.64 rbx, rbx, rax\n"
           "cc_set (add.64 rbx, rax) #2 {cpazso}\n"
           "exit_direct 0x2000 (add.64 rbx, rax) store\n");
}

/* Only Z is read: the carry is not computed, the result is enough. */
static void test_partial_flags(void)
{
    TCGv t;
    unsigned side;

    start();
    t = tcg_temp(s);
    side = tcg_label_new(s, true);
    tcg_gen_setcc(s, CCC_B, t);
    tcg_gen2(s, TCG_OP_sub, MO_32, rcx, rcx, c(1));
    tcg_gen_cc_set(s, CC_KIND_DEC, MO_32, rcx, t, TCGV_NONE);
    tcg_gen_brcc(s, CCC_NE, side);
    tcg_gen_exit_direct(s, 0x2000, 0);
    tcg_label_here(s, side);
    tcg_gen_exit_direct(s, 0x1000, 0);
    finish("---- 0x1000 (env)\n"
           "sub.32 rcx, rcx, $0x1\n"
           "cc_set (logic.32 rcx) #1 {z}\n"
           "brcc.ne L0 (logic.32 rcx)\n"
           "exit_direct 0x2000 {}\n"
           "label L0\n"
           "exit_direct 0x1000 {}\n");
}

/* An operand that changes before the flags are read is saved. */
static void test_saved_operand(void)
{
    start();
    tcg_gen_cc_set(s, CC_KIND_CMP, MO_32, rax, rbx, TCGV_NONE);
    tcg_gen_insn_start(s, 0x1002);
    tcg_gen_mov(s, rbx, rcx);
    tcg_gen_insn_start(s, 0x1005);
    tcg_gen_setcc(s, CCC_B, rax);
    tcg_gen_exit_direct(s, 0x2000, 0);
    finish("---- 0x1000 (env)\n"
           "cc_set (cmp.32 rax, rbx) save t0=rbx #1 {c}\n"
           "---- 0x1002 (cmp.32 rax, rbx)\n"
           "mov.64 rbx, rcx\n"
           "---- 0x1005 (cmp.32 rax, -)\n"
           "setcc.b rax (cmp.32 rax, t0)\n"
           "exit_direct 0x2000 {}\n");
}

/*
 * Flags that are read behind a load must be right should it fault: a temp goes
 * to the CPU state.
 */
static void test_fault_record(void)
{
    TCGv t, u;

    for (int precise = 0; precise < 2; precise++) {
        start();
        s->precise_flags = precise;
        t = tcg_temp(s);
        tcg_gen_ld(s, TCG_OP_ld, MO_64, t, (TCGMem) { .base = rbx });
        tcg_gen_cc_set(s, CC_KIND_CMP, MO_64, t, rax, TCGV_NONE);
        tcg_gen_insn_start(s, 0x1003);
        tcg_gen_ld(s, TCG_OP_ld, MO_64, rcx, (TCGMem) { .base = rcx });
        tcg_gen_insn_start(s, 0x1006);
        if (!precise) {
            u = tcg_temp(s);
            tcg_gen_setcc(s, CCC_E, u);
            tcg_gen_mov(s, rax, u);
        }
        tcg_gen_exit_direct(s, 0x2000, 0);
        g_assert_cmpint(s->ops[2].opc, ==, TCG_OP_cc_set);
        tcg_optimize(s);
        g_assert_cmpint(s->ops[2].opc, ==, TCG_OP_cc_set);
        g_assert_cmpint(s->ops[2].cond, ==, 1);
        g_assert_cmpint(s->ops[3].opc, ==, TCG_OP_insn_start);
        g_assert_cmpint(s->ops[3].aux, ==, CC_KIND_CMP);
        g_assert_cmpint(s->ops[3].src[0], ==, TCGV_NONE);
        g_assert_cmpint(s->ops[3].src[1], ==, rax);
    }
}

/* Flags nobody reads behind an exit, but may look at: by reference. */
static void test_reference(void)
{
    TCGv t;
    unsigned l;

    start();
    t = tcg_temp(s);
    tcg_gen_ld(s, TCG_OP_ld, MO_64, t, (TCGMem) { .base = rbx });
    tcg_gen_cc_set(s, CC_KIND_CMP, MO_64, t, c(-1), TCGV_NONE);
    l = tcg_label_new(s, true);
    tcg_gen_brcc(s, CCC_E, l);
    tcg_gen_cc_set(s, CC_KIND_CMP, MO_32, rax, rcx, TCGV_NONE);
    tcg_gen_cc_ref(s, 1u << (rcx - 1));
    tcg_gen_exit_direct(s, 0x2000, 0);
    tcg_label_here(s, l);
    tcg_gen_cc_ref(s, 0);
    tcg_gen_exit_direct(s, 0x3000, 0);
    tcg_optimize(s);
    g_assert_cmpint(s->ops[2].opc, ==, TCG_OP_cc_set);
    g_assert_cmpint(s->ops[2].cond, ==, 1);     /* the loaded value is put */
    g_assert_cmpint(s->ops[4].opc, ==, TCG_OP_cc_set);
    g_assert_cmpint(s->ops[4].cond, ==, 2);     /* rcx will change */
    g_assert_cmpint(s->ops[5].opc, ==, TCG_OP_st_env);
    g_assert_cmphex(s->vals[s->ops[5].src[0]].value, ==,
                    TCG_CC_OP(CC_KIND_CMP, MO_32) | (uint64_t)rax << 8);
    g_assert_cmpint(s->ops[8].opc, ==, TCG_OP_st_env);
    g_assert_cmphex((uint32_t)s->vals[s->ops[8].src[0]].value, ==,
                    (uint32_t)(TCG_CC_OP(CC_KIND_CMP, MO_64) |
                               TCG_CC_REF_CONST << 13 | ~0u << 23));
}

static uint64_t nothing(void *env)
{
    return 0;
}

/* A helper that may fault finds the flags in the CPU state. */
static void test_helper(void)
{
    static const TCGHelper h = {
        "faulty", (uintptr_t)nothing, TCG_HF_FAULTS, 1, 0, 0,
    };

    start();
    tcg_gen_cc_set(s, CC_KIND_LOGIC, MO_64, rax, TCGV_NONE, TCGV_NONE);
    tcg_gen_call(s, &h, TCGV_NONE, 0, NULL);
    tcg_gen_exit_direct(s, 0x2000, TCG_CC_Z);
    finish("---- 0x1000 (env)\n"
           "cc_set (logic.64 rax) store #1 {cpazso}\n"
           "call faulty\n"
           "exit_direct 0x2000 {z} (env)\n");
}

/* push: address folding, and the write of rsp stays behind the store */
static void test_address(void)
{
    TCGv t, u;

    start();
    t = tcg_temp(s);
    u = tcg_temp(s);
    tcg_gen2(s, TCG_OP_sub, MO_64, t, rsp, c(8));
    tcg_gen_st(s, MO_64, (TCGMem) { .base = t }, rax);
    tcg_gen_mov(s, rsp, t);
    tcg_gen_insn_start(s, 0x1001);
    tcg_gen2(s, TCG_OP_shl, MO_64, u, rbx, c(3));
    tcg_gen_ld(s, TCG_OP_ld, MO_32, rax,
               (TCGMem) { .base = rcx, .index = u, .disp = 4 });
    tcg_gen_exit_direct(s, 0x2000, 0);
    finish("---- 0x1000 (env)\n"
           "st.64 [rsp - 0x8], rax\n"
           "sub.64 rsp, rsp, $0x8\n"
           "---- 0x1001 (env)\n"
           "ld.32 rax, [rcx + rbx*8 + 0x4]\n"
           "exit_direct 0x2000 {} (env)\n");
}

/* Extensions of what is extended already vanish; results go home directly. */
static void test_extension(void)
{
    TCGv t, u, w;

    start();
    t = tcg_temp(s);
    u = tcg_temp(s);
    w = tcg_temp(s);
    tcg_gen2(s, TCG_OP_add, MO_32, t, rbx, rcx);
    tcg_gen_extu(s, MO_64, MO_32, rax, t);
    tcg_gen_ld(s, TCG_OP_ld, MO_8, u, (TCGMem) { .base = rsp });
    tcg_gen_extu(s, MO_64, MO_8, rbx, u);
    tcg_gen_extu(s, MO_64, MO_16, w, rax);
    tcg_gen_st(s, MO_8, (TCGMem) { .base = rsp }, w);
    tcg_gen_exit_direct(s, 0x2000, 0);
    finish("---- 0x1000 (env)\n"
           "add.32 rax, rbx, rcx\n"
           "ld.8 rbx, [rsp]\n"
           "st.8 [rsp], rax\n"
           "exit_direct 0x2000 {} (env)\n");
}

static void test_constants(void)
{
    TCGv t, u;
    unsigned never;

    start();
    t = tcg_temp(s);
    u = tcg_temp(s);
    never = tcg_label_new(s, true);
    tcg_gen_movi(s, t, 0x12);
    tcg_gen2(s, TCG_OP_shl, MO_64, u, t, c(4));
    tcg_gen2(s, TCG_OP_add, MO_8, rax, rax, u);
    tcg_gen_brcond(s, TCG_COND_EQ, MO_64, u, c(5), never);
    tcg_gen_mov(s, rbx, u);
    tcg_gen2(s, TCG_OP_xor, MO_64, rcx, rcx, rcx);
    tcg_gen_exit_direct(s, 0x2000, 0);
    tcg_label_here(s, never);
    tcg_gen_exit_direct(s, 0x3000, 0);
    finish("---- 0x1000 (env)\n"
           "add.8 rax, rax, $0x120\n"
           "mov.64 rbx, $0x120\n"
           "mov.64 rcx, $0x0\n"
           "exit_direct 0x2000 {} (env)\n");
}

/* A write nobody sees goes; one before a load that may fault stays. */
static void test_dead_store(void)
{
    start();
    tcg_gen_movi(s, rax, 1);
    tcg_gen_movi(s, rax, 2);
    tcg_gen_ld(s, TCG_OP_ld, MO_64, rbx, (TCGMem) { .base = rcx });
    tcg_gen_movi(s, rax, 3);
    tcg_gen_v(s, VOP_zero, VW_16, 0, 0, x0, 0, 0, 0, 0);
    tcg_gen_v(s, VOP_zero, VW_16, 0, TCG_F_ZERO_UPPER, x0, 0, 0, 0, 0);
    tcg_gen_exit_direct(s, 0x2000, 0);
    finish("---- 0x1000 (env)\n"
           "mov.64 rax, $0x2\n"
           "ld.64 rbx, [rcx]\n"
           "mov.64 rax, $0x3\n"
           "vzero.128.z x0\n"
           "exit_direct 0x2000 {} (env)\n");
}

/* In front of a loop flags that its body may read go to the CPU state. */
static void test_loop(void)
{
    TCGv n;
    unsigned head;

    start();
    n = tcg_temp_local(s);
    head = tcg_label_new(s, false);
    tcg_gen_cc_set(s, CC_KIND_LOGIC, MO_64, rax, TCGV_NONE, TCGV_NONE);
    tcg_gen_movi(s, n, 4);
    tcg_label_here(s, head);
    tcg_gen_setcc(s, CCC_E, rbx);
    tcg_gen2(s, TCG_OP_sub, MO_64, n, n, c(1));
    tcg_gen_cc_set(s, CC_KIND_LOGIC, MO_64, n, TCGV_NONE, TCGV_NONE);
    tcg_gen_brcond(s, TCG_COND_NE, MO_64, n, c(0), head);
    tcg_gen_exit_direct(s, 0x2000, 0);
    finish("---- 0x1000 (env)\n"
           "cc_set (logic.64 rax) store #1 {z}\n"
           "mov.64 l0, $0x4\n"
           "label L0\n"
           "setcc.e rbx (env)\n"
           "sub.64 l0, l0, $0x1\n"
           "cc_set (logic.64 l0) store #2 {z}\n"
           "brcond.64.ne l0, $0x0, L0\n"
           "exit_direct 0x2000 {} (env)\n");
}

static void test_limits(void)
{
    start();
    for (unsigned i = 0; i < TCG_MAX_OPS + 10; i++) {
        tcg_gen_mov(s, rax, rbx);
    }
    g_assert_true(s->overflow);
    start();
    g_assert_false(s->overflow);
    for (unsigned i = 0; i < TCG_MAX_VALS + 10; i++) {
        tcg_temp(s);
    }
    g_assert_true(s->overflow);
    start();
    g_assert_cmpint(c(77), ==, c(77));
    g_assert_cmpint(c(77), !=, c(78));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    setup();
    g_test_add_func("/tcg/ir/dump", test_dump);
    g_test_add_func("/tcg/ir/fusion", test_fusion);
    g_test_add_func("/tcg/ir/dead-flags", test_dead_flags);
    g_test_add_func("/tcg/ir/partial-flags", test_partial_flags);
    g_test_add_func("/tcg/ir/saved-operand", test_saved_operand);
    g_test_add_func("/tcg/ir/fault-record", test_fault_record);
    g_test_add_func("/tcg/ir/reference", test_reference);
    g_test_add_func("/tcg/ir/helper", test_helper);
    g_test_add_func("/tcg/ir/address", test_address);
    g_test_add_func("/tcg/ir/extension", test_extension);
    g_test_add_func("/tcg/ir/constants", test_constants);
    g_test_add_func("/tcg/ir/dead-store", test_dead_store);
    g_test_add_func("/tcg/ir/loop", test_loop);
    g_test_add_func("/tcg/ir/limits", test_limits);
    return g_test_run();
}
