#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn the decoder's table into encoding templates for the ISA tests.

usage: gen-forms.py gen-insns.py insns.tbl OUTPUT

One template per row of the table: what the bytes of an instance must look
like, as masks of allowed values for each field.
"""
import importlib.util
import sys


def mask(values, default):
    return sum(1 << v for v in values) if values is not None else default


def main():
    spec = importlib.util.spec_from_file_location('gen_insns', sys.argv[1])
    gen = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gen)
    table = gen.Table(sys.argv[2])
    gen.Lookup(table)
    out = ['/* Generated from insns.tbl; see forms.h. */']
    for r in table.rows:
        c = r.constraints
        # Rows that prefixes do not select never get F2 or F3 here: those are
        # tried by the prefix group.
        pp = mask(c.get('pp'), 1 if r.vex else 3)
        out.append(
            '    { .row = %d, .vex = %d, .map = %d, .opcode = 0x%02x, '
            '.nopcode = %d, .pp = 0x%x, .mod = 0x%x, .reg = 0x%02x, '
            '.rm = 0x%02x, .w = 0x%x, .b = 0x%x, .l = 0x%x },' % (
                r.index, r.vex, r.map, r.opcodes[0], len(r.opcodes), pp,
                mask(c.get('mod'), 3), mask(c.get('reg'), 0xff),
                mask(c.get('rm'), 0xff), mask(c.get('w'), 3),
                mask(c.get('b'), 3), mask(c.get('l'), 3)))
    with open(sys.argv[3], 'w') as f:
        f.write('\n'.join(out) + '\n')


if __name__ == '__main__':
    main()
