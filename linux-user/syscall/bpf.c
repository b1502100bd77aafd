/*
 * Classic BPF for seccomp filters.
 *
 * Pure logic.  bpf_valid() accepts what the kernel's checks accept, and
 * bpf_run() relies on it: loads are in range, jumps go forward and stay inside,
 * the last instruction returns.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bpf.h"

static bool insn_valid(const struct sock_filter *f, unsigned pc, unsigned len)
{
    switch (f->code) {
    case BPF_LD | BPF_W | BPF_ABS:
        return !(f->k & 3) && f->k < sizeof(struct seccomp_data);
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_ALU | BPF_ADD | BPF_K:
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
        return true;
    case BPF_ALU | BPF_DIV | BPF_K:
        return f->k != 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
        return f->k < 32;
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
        return f->k < BPF_MEMWORDS;
    case BPF_JMP | BPF_JA:
        return f->k < len - pc - 1;
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X:
        return pc + 1 + f->jt < len && pc + 1 + f->jf < len;
    default:
        return false;
    }
}

bool bpf_valid(const struct sock_filter *f, unsigned len)
{
    for (unsigned pc = 0; pc < len; pc++) {
        if (!insn_valid(&f[pc], pc, len)) {
            return false;
        }
    }
    return f[len - 1].code == (BPF_RET | BPF_K) ||
           f[len - 1].code == (BPF_RET | BPF_A);
}

static uint32_t alu(unsigned op, uint32_t a, uint32_t b)
{
    switch (op) {
    case BPF_ADD: return a + b;
    case BPF_SUB: return a - b;
    case BPF_MUL: return a * b;
    case BPF_DIV: return a / b;
    case BPF_AND: return a & b;
    case BPF_OR:  return a | b;
    case BPF_XOR: return a ^ b;
    case BPF_LSH: return b < 32 ? a << b : 0;
    case BPF_RSH: return b < 32 ? a >> b : 0;
    default:      return -a;
    }
}

static bool compare(unsigned op, uint32_t a, uint32_t b)
{
    switch (op) {
    case BPF_JEQ: return a == b;
    case BPF_JGT: return a > b;
    case BPF_JGE: return a >= b;
    default:      return (a & b) != 0;
    }
}

/* Run one valid program; every path ends in a RET because jumps go forward. */
uint32_t bpf_run(const struct sock_filter *f, const struct seccomp_data *data)
{
    uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = { 0 };

    for (;; f++) {
        uint32_t b = BPF_SRC(f->code) == BPF_X ? x : f->k;

        switch (BPF_CLASS(f->code)) {
        case BPF_LD:
        case BPF_LDX: {
            uint32_t v;

            switch (BPF_MODE(f->code)) {
            case BPF_ABS:
                memcpy(&v, (const char *)data + f->k, 4);
                break;
            case BPF_LEN:
                v = sizeof(*data);
                break;
            case BPF_MEM:
                v = mem[f->k];
                break;
            default:
                v = f->k;
                break;
            }
            if (BPF_CLASS(f->code) == BPF_LD) {
                a = v;
            } else {
                x = v;
            }
            break;
        }
        case BPF_ST:
            mem[f->k] = a;
            break;
        case BPF_STX:
            mem[f->k] = x;
            break;
        case BPF_ALU:
            if (BPF_OP(f->code) == BPF_DIV && b == 0) {
                return 0;
            }
            a = alu(BPF_OP(f->code), a, b);
            break;
        case BPF_JMP:
            if (BPF_OP(f->code) == BPF_JA) {
                f += f->k;
            } else {
                f += compare(BPF_OP(f->code), a, b) ? f->jt : f->jf;
            }
            break;
        case BPF_MISC:
            if (BPF_MISCOP(f->code) == BPF_TAX) {
                x = a;
            } else {
                a = x;
            }
            break;
        default:
            return BPF_RVAL(f->code) == BPF_A ? a : f->k;
        }
    }
}
