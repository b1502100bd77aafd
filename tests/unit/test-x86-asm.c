/*
 * The encoder of the x86-64 code generator: instructions whose encoding has an
 * exception of its own, byte by byte.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <glib.h>
#include "tcg/x86_64/x86-asm.h"

static void test_encoder(void)
{
    uint8_t buf[32];
    X86Asm a = { .rx_off = 0 };
    X86Rm sib = x86_sib(X86_NOREG, X86_R12, 3, 0x10);

#define CHECK(call, ...)                                                \
    do {                                                                \
        static const uint8_t want[] = { __VA_ARGS__ };                  \
                                                                        \
        a.p = buf;                                                      \
        call;                                                           \
        g_assert_cmpmem(buf, a.p - buf, want, sizeof(want));            \
    } while (0)
    /* bases and indices with encodings of their own */
    CHECK(x86_rm(&a, x86_op_w(X_MOV_LOAD, MO_64), X86_R12,
                 x86_mem(X86_RBP, 0)), 0x4c, 0x8b, 0x65, 0x00);
    CHECK(x86_rm(&a, x86_op_w(X_MOV_LOAD, MO_32), X86_R13,
                 x86_mem(X86_R13, 0)), 0x45, 0x8b, 0x6d, 0x00);
    CHECK(x86_rm(&a, X_LEA | X_W, X86_RAX, x86_mem(X86_R12, 0)),
          0x49, 0x8d, 0x04, 0x24);
    CHECK(x86_rm(&a, X_LEA | X_W, X86_RAX, x86_mem(X86_RSP, 8)),
          0x48, 0x8d, 0x44, 0x24, 0x08);
    CHECK(x86_rm(&a, X_LEA | X_W, X86_R11, sib),
          0x4e, 0x8d, 0x1c, 0xe5, 0x10, 0x00, 0x00, 0x00);
    /* byte registers */
    CHECK(x86_rm(&a, x86_op_w(X_MOV_STORE, MO_8), X86_RSI,
                 x86_mem(X86_RSI, 0)), 0x40, 0x88, 0x36);
    CHECK(x86_rr(&a, X_MOVZX8, X86_RAX, X86_R13), 0x41, 0x0f, 0xb6, 0xc5);
    CHECK(x86_test_i(&a, MO_8, x86_reg(X86_RDI), 0x40),
          0x40, 0xf6, 0xc7, 0x40);
    CHECK(x86_test_i(&a, MO_64, x86_reg(X86_RDI), 0x40),
          0x40, 0xf6, 0xc7, 0x40);
    CHECK(x86_test_i(&a, MO_32, x86_reg(X86_R8), 0x12345678),
          0x41, 0xf7, 0xc0, 0x78, 0x56, 0x34, 0x12);
    /* immediates */
    CHECK(x86_alu_i(&a, ALU_ADD, MO_64, x86_mem(X86_RBP, -0x80), 0x7f),
          0x48, 0x83, 0x45, 0x80, 0x7f);
    CHECK(x86_alu_i(&a, ALU_ADD, MO_64, x86_mem(X86_RBP, 0x80), 0x80),
          0x48, 0x81, 0x85, 0x80, 0, 0, 0, 0x80, 0, 0, 0);
    CHECK(x86_alu_i(&a, ALU_ADD, MO_16, x86_reg(X86_RAX), 0x1234),
          0x66, 0x81, 0xc0, 0x34, 0x12);
    CHECK(x86_alu_i(&a, ALU_CMP, MO_8, x86_sib(X86_R10, X86_R11, 2, 0), 0x80),
          0x43, 0x80, 0x3c, 0x9a, 0x80);
    CHECK(x86_movi(&a, X86_R11, 0x123456789abcdef0),
          0x49, 0xbb, 0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12);
    CHECK(x86_movi(&a, X86_R10, -1ull), 0x49, 0xc7, 0xc2, 0xff, 0xff, 0xff,
          0xff);
    CHECK(x86_movi(&a, X86_RAX, 0x80000000), 0xb8, 0, 0, 0, 0x80);
    /* shifts, lock, groups */
    CHECK(x86_shift_i(&a, SH_SHL, MO_64, x86_reg(X86_R9), 1),
          0x49, 0xd1, 0xe1);
    CHECK(x86_shift_i(&a, SH_SAR, MO_16, x86_reg(X86_R14), 5),
          0x66, 0x41, 0xc1, 0xfe, 0x05);
    CHECK(x86_rm(&a, x86_op_w(X_CMPXCHG, MO_64) | X_LOCK, X86_R10,
                 x86_mem(X86_R13, 0)), 0xf0, 0x4d, 0x0f, 0xb1, 0x55, 0x00);
    CHECK(x86_rm(&a, x86_op_w(X_XADD, MO_8) | X_LOCK, X86_RCX,
                 x86_mem(X86_RAX, 0)), 0xf0, 0x0f, 0xc0, 0x08);
    CHECK(x86_rm_i8(&a, X_GROUP8, 4, x86_reg(X86_R10), 0),
          0x41, 0x0f, 0xba, 0xe2, 0x00);
    /* VEX */
    CHECK(x86_op(&a, X_SHLX | X_W, X86_R10, X86_R11, x86_mem(X86_RBP, 8), 0),
          0xc4, 0x62, 0xa1, 0xf7, 0x55, 0x08);
    CHECK(x86_rm_i8(&a, X_RORX, X86_RAX, x86_reg(X86_RBX), 8),
          0xc4, 0xe3, 0x7b, 0xf0, 0xc3, 0x08);
    CHECK(x86_op(&a, X_ANDN | X_W, X86_R13, X86_R10, x86_mem(X86_RSP, 0), 0),
          0xc4, 0x62, 0xa8, 0xf2, 0x2c, 0x24);
    CHECK(x86_op(&a, X_0F | X_66 | X_VEX | X_L | 0xfe, 1, 2, x86_reg(3), 0),
          0xc5, 0xed, 0xfe, 0xcb);
    CHECK(x86_op(&a, X_0F | X_66 | X_VEX | X_L | 0xfe, 1, 2, x86_reg(11), 0),
          0xc4, 0xc1, 0x6d, 0xfe, 0xcb);
    /* legacy SSE */
    CHECK(x86_rm(&a, X_0F | X_F2 | 0x59, 4, x86_mem(X86_RBX, 0x18)),
          0xf2, 0x0f, 0x59, 0x63, 0x18);
    CHECK(x86_rr(&a, X_0F | 0x28, 13, 10), 0x45, 0x0f, 0x28, 0xea);
    CHECK(x86_rm(&a, X_0F38 | X_66, 9, x86_mem(X86_R12, 0)),
          0x66, 0x45, 0x0f, 0x38, 0x00, 0x0c, 0x24);
    CHECK(x86_rr(&a, X_0F | X_66 | X_W | 0x7e, 9, X86_R13),
          0x66, 0x4d, 0x0f, 0x7e, 0xcd);
#undef CHECK
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/x86_64/encoder", test_encoder);
    return g_test_run();
}
