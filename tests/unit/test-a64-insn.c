/*
 * What signal handlers on AArch64 read from an instruction and from the records
 * of a frame.  The encodings are the GNU assembler's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "qemu/a64-insn.h"

#define NONE INT_MIN                /* no load or store with a base */

/* X2 is the base, X3 an index of 5 or, where extended from W3, -4. */
static const struct {
    uint32_t insn;
    bool writes;
    int offset;
    const char *text;
} insns[] = {
    { 0xf9000041, true, 0, "str x1, [x2]" },
    { 0x39000c41, true, 3, "strb w1, [x2, #3]" },
    { 0x3d800440, true, 16, "str q0, [x2, #16]" },
    { 0xfc237840, true, 40, "str d0, [x2, x3, lsl #3]" },
    { 0xf81f8041, true, -8, "stur x1, [x2, #-8]" },
    { 0x3c9f0040, true, -16, "stur q0, [x2, #-16]" },
    { 0xf8000841, true, 0, "sttr x1, [x2]" },
    { 0xf8008c41, true, 8, "str x1, [x2, #8]!" },
    { 0xa9000c41, true, 0, "stp x1, x3, [x2]" },
    { 0xa8000c41, true, 0, "stnp x1, x3, [x2]" },
    { 0xad000440, true, 0, "stp q0, q1, [x2]" },
    { 0xc8047c41, true, 0, "stxr w4, x1, [x2]" },
    { 0x8804fc41, true, 0, "stlxr w4, w1, [x2]" },
    { 0x889ffc41, true, 0, "stlr w1, [x2]" },
    { 0x99004041, true, 4, "stlur w1, [x2, #4]" },
    { 0xc85f7c41, true, 0, "ldxr x1, [x2]" },
    { 0x885ffc41, true, 0, "ldaxr w1, [x2]" },
    { 0xc87f0c41, true, 0, "ldxp x1, x3, [x2]" },
    { 0xc8e1fc43, true, 0, "casal x1, x3, [x2]" },
    { 0x88a17c43, true, 0, "cas w1, w3, [x2]" },
    { 0x48207c44, true, 0, "casp x0, x1, x4, x5, [x2]" },
    { 0xb8210043, true, 0, "ldadd w1, w3, [x2]" },
    { 0xf8e18043, true, 0, "swpal x1, x3, [x2]" },
    { 0xb821305f, true, 0, "stset w1, [x2]" },
    { 0x4c007040, true, 0, "st1 {v0.16b}, [x2]" },
    { 0x0d9f9040, true, 0, "st1 {v0.s}[1], [x2], #4" },
    { 0x4c000840, true, 0, "st4 {v0.4s-v3.4s}, [x2]" },
    { 0xd50b7422, true, NONE, "dc zva, x2" },
    { 0xf9400041, false, 0, "ldr x1, [x2]" },
    { 0x39c00c41, false, 3, "ldrsb w1, [x2, #3]" },
    { 0xb9800441, false, 4, "ldrsw x1, [x2, #4]" },
    { 0x3dc00440, false, 16, "ldr q0, [x2, #16]" },
    { 0xbc63d840, false, -16, "ldr s0, [x2, w3, sxtw #2]" },
    { 0xf85f8041, false, -8, "ldur x1, [x2, #-8]" },
    { 0xa9400c41, false, 0, "ldp x1, x3, [x2]" },
    { 0x69400c41, false, 0, "ldpsw x1, x3, [x2]" },
    { 0x6d400440, false, 0, "ldp d0, d1, [x2]" },
    { 0x88dffc41, false, 0, "ldar w1, [x2]" },
    { 0xb8bfc041, false, 0, "ldapr w1, [x2]" },
    { 0x99404041, false, 4, "ldapur w1, [x2, #4]" },
    { 0xf8408441, false, 0, "ldr x1, [x2], #8" },
    { 0x58000001, false, NONE, "ldr x1, ." },
    { 0x9c000000, false, NONE, "ldr q0, ." },
    { 0x4c407040, false, 0, "ld1 {v0.16b}, [x2]" },
    { 0x0d409040, false, 0, "ld1 {v0.s}[1], [x2]" },
    { 0x4d40c840, false, 0, "ld1r {v0.4s}, [x2]" },
    { 0xf9800040, false, 0, "prfm pldl1keep, [x2]" },
    { 0x91000c41, false, NONE, "add x1, x2, #0x3" },
    { 0xd503201f, false, NONE, "nop" },
    { 0x14000000, false, NONE, "b ." },
    { 0x1e622820, false, NONE, "fadd d0, d1, d2" },
};

static void test_insns(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
        const char *text = insns[i].text;
        uint64_t regs[31] = { [2] = 0x123456789000 };
        uintptr_t addr = 0;
        bool operand;

        regs[3] = strstr(text, "sxtw") ? 0x5fffffffc : 5;
        g_test_message("%s", text);
        g_assert_cmpint(a64_insn_writes(insns[i].insn), ==, insns[i].writes);
        operand = a64_insn_operand(insns[i].insn, regs, 0, &addr);
        g_assert_cmpint(operand, ==, insns[i].offset != NONE);
        if (operand) {
            g_assert_cmphex(addr, ==, regs[2] + insns[i].offset);
        }
    }
}

static void test_records(void)
{
    const uint32_t load = 0xf9400041, store = 0xf9000041;
    struct {
        A64FrameRecord first, esr, end;
    } frame = {
        .first = { 0x46508001, 16 },        /* as of vector registers */
        .esr = { A64_ESR_MAGIC, 16 },
    };
    const uint8_t *at = (const uint8_t *)&frame;

    /* Data aborts from user space: WnR decides, unless it says read. */
    frame.esr.esr = 0x92000047;
    g_assert_cmphex(a64_frame_esr(at, sizeof(frame)), ==, 0x92000047);
    g_assert_true(a64_fault_is_write(at, sizeof(frame), (uintptr_t)&load));
    frame.esr.esr = 0x92000007;
    g_assert_true(!a64_fault_is_write(at, sizeof(frame), (uintptr_t)&load));
    g_assert_true(a64_fault_is_write(at, sizeof(frame), (uintptr_t)&store));
    /* Cache maintenance is no write; nor is an instruction abort. */
    frame.esr.esr = 0x92000147;
    g_assert_true(!a64_fault_is_write(at, sizeof(frame), (uintptr_t)&load));
    frame.esr.esr = 0x82000007;
    g_assert_true(!a64_fault_is_write(at, sizeof(frame), (uintptr_t)&store));
    /* No such record, and a damaged list. */
    frame.esr.magic = 0;
    frame.esr.size = 0;
    g_assert_cmphex(a64_frame_esr(at, sizeof(frame)), ==, 0);
    g_assert_true(a64_fault_is_write(at, sizeof(frame), (uintptr_t)&store));
    frame.first.size = 0x10000;
    g_assert_cmphex(a64_frame_esr(at, sizeof(frame)), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/a64-insn/insns", test_insns);
    g_test_add_func("/a64-insn/records", test_records);
    return g_test_run();
}
