/*
 * What CPUID announces is what can be executed: every form is tried, and must
 * raise #UD exactly when a feature it needs is not there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa.h"

/* Left out elsewhere because of what they return; here they are welcome. */
static bool is_harmless(unsigned op)
{
    switch (op) {
    case X86_OP_RDRAND: case X86_OP_RDSEED: case X86_OP_RDPID:
    case X86_OP_RDTSC: case X86_OP_RDTSCP: case X86_OP_CPUID:
    case X86_OP_XGETBV: case X86_OP_RDFSBASE: case X86_OP_RDGSBASE:
    case X86_OP_SERIALIZE: case X86_OP_RDPKRU:
        return true;
    default:
        return false;
    }
}

/* Whose legality is not a matter of a feature in user mode. */
static bool is_left_out(unsigned op)
{
    switch (op) {
    case X86_OP_SYSENTER: case X86_OP_SYSEXIT: case X86_OP_SYSRET:
    case X86_OP_SYSCALL:
        return true;
    default:
        return false;
    }
}

typedef enum Verdict { NOT_TRIED, GOOD, BAD } Verdict;

static Verdict try_form(IsaGen *g, const IsaForm *form)
{
    const X86Row *row = &x86_rows[form->row];
    IsaCase c;
    X86Insn in;
    bool legal;

    isa_start(g, &c, CODE_BASE);
    isa_encode(g, form, c.code);
    if (x86_decode(&in, c.code, 15, c.pc, X86_FEATURES_ALL) != X86_DECODE_OK ||
        in.row != form->row) {
        return NOT_TRIED;
    }
    legal = x86_decode(&in, c.code, 15, c.pc, g->features) == X86_DECODE_OK;
    if (!legal || is_harmless(row->op)) {
        isa_in.gpr[1] = 0;              /* of XGETBV */
        c.len = legal ? in.len : 15;
    } else if (isa_append(g, &c) != ISA_APPENDED) {
        return NOT_TRIED;
    }
    legal &= !(x86_insn_row(&in)->flags & X86_ROW_UD);
    isa_finish(&c);
    isa_run_case(&c);
    return (isa_out.signo == SIGILL) == legal ? BAD : GOOD;
}

/* The line "flags" of /proc/cpuinfo says the same. */
static unsigned check_names(uint64_t features)
{
    static const struct { int feat; const char *name; } t[] = {
#define F(leaf, sub, reg, bit, feat, name) { X86_FEAT_##feat, name }
#include "features.h.inc"
#undef F
    };
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[8192];
    unsigned bad = 0;

    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "flags", 5)) {
            continue;
        }
        line[strcspn(line, "\n")] = ' ';
        for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
            char word[32];
            bool named;

            snprintf(word, sizeof(word), " %s ", t[i].name);
            named = strstr(line, word);
            if (named != (features >> t[i].feat & 1)) {
                printf("%s: %s in /proc/cpuinfo, but not in CPUID\n",
                       t[i].name, named ? "is" : "is not");
                bad++;
            }
        }
        break;
    }
    if (f) {
        fclose(f);
    }
    return bad;
}

int isa_check_model(uint64_t features)
{
    IsaGen g = { 1, features };
    unsigned tried = 0, bad = check_names(features);

    for (unsigned i = 0; i < isa_n_forms; i++) {
        const X86Row *row = &x86_rows[isa_forms[i].row];
        Verdict v = NOT_TRIED;

        if (is_left_out(row->op) ||
            (isa_excluded(row->op) && !is_harmless(row->op) &&
             !(row->features & ~features))) {
            continue;
        }
        for (unsigned n = 0; n < 40 && v == NOT_TRIED; n++) {
            v = try_form(&g, &isa_forms[i]);
        }
        tried += v != NOT_TRIED;
        if (v == BAD) {
            printf("%s (%u): %s\n", x86_op_names[row->op], isa_forms[i].row,
                   isa_out.signo == SIGILL ? "announced, but illegal"
                                           : "not announced, but legal");
            bad++;
        }
    }
    printf("forms %u bad %u\n", tried, bad);
    return bad != 0;
}
