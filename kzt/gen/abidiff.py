#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Do structures mean the same on both sides?

    abidiff.py --cc loongarch64-linux-gnu-gcc kzt/libs/z.desc ...

Every structure, union and enumeration that a prototype of the library reaches,
through pointers and fields, is laid out by the x86-64 compiler and by the
compiler of the host (both compile the same list of sizes and offsets; libclang
finds what to ask for).  A difference that the description does not name
(`differs STRUCT` or `differs STRUCT.FIELD`) is printed, and the exit status is
1.  So is a long double in a structure: it has the same size everywhere and
another format.  Headers come from this machine, those of the C library from
the host compiler.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import clang.cindex as cx
from clang.cindex import TypeKind as K

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from generate import read_desc, words   # noqa: E402
from scan import bare, exported, is_function_pointer, parse     # noqa: E402

# The C library's own business; no library passes them by value.
IGNORED = {'_IO_FILE', '__va_list_tag', '_IO_marker', '_IO_codecvt',
           '_IO_wide_data'}


class Collector:
    def __init__(self):
        self.records = {}       # C spelling -> [field]
        self.enums = set()
        self.long_double = []

    def type(self, t):
        t = t.get_canonical()
        while t.kind in (K.POINTER, K.CONSTANTARRAY, K.INCOMPLETEARRAY):
            if is_function_pointer(t):
                to = t.get_pointee().get_canonical()
                return self.function(to) if to.kind == K.FUNCTIONPROTO \
                    else None
            t = (t.get_pointee() if t.kind == K.POINTER else
                 t.element_type).get_canonical()
        if t.kind == K.FUNCTIONPROTO:
            return self.function(t)
        if t.kind == K.ENUM:
            self.enums.add(self.spelling(t))
        if t.kind != K.RECORD or t.get_size() <= 0 or bare(t) in IGNORED:
            return None
        name = self.spelling(t)
        if name in self.records:
            return None
        fields = self.records.setdefault(name, [])
        for f in t.get_fields():
            # what the C library keeps inside has other names elsewhere
            if f.spelling and not f.is_bitfield() and \
                    not bare(t).startswith('__'):
                fields.append((f.spelling,
                               f.type.get_size() > 0))
            if f.type.get_canonical().kind == K.LONGDOUBLE:
                self.long_double.append((name, f.spelling))
            self.type(f.type)
        return None

    def function(self, t):
        self.type(t.get_result())
        for a in t.argument_types():
            self.type(a)

    @staticmethod
    def spelling(t):
        return re.sub(r'\b(const|volatile) ', '', t.spelling)


def questions(c):
    """[(what, C expression)]; anonymous types cannot be named."""
    out = []
    for name, fields in sorted(c.records.items()):
        if '(' in name:
            continue
        out.append((name, f'sizeof({name})'))
        out.append((name, f'_Alignof({name})'))
        for f, has_size in fields:
            what = f'{name}.{f}'
            out.append((what, f'__builtin_offsetof({name}, {f})'))
            if has_size:
                out.append((what, f'sizeof((({name} *)0)->{f})'))
    for name in sorted(c.enums):
        if '(' not in name:
            out.append((name, f'sizeof({name})'))
    return out


def answers(cc, desc, exprs, d, foreign):
    src = os.path.join(d, 'q.c')
    with open(src, 'w') as f:
        for x in words(desc, 'headers'):
            f.write(f'#include <{x}>\n' if x[0] != '+' else
                    f'#include "{os.path.abspath(x[1:])}"\n')
        f.write('const unsigned long kzt_answers[] = {\n' + ''.join(
            f'    {e} + 1,\n' for e in exprs) + '};\n')
    args = ['-D' + x for x in words(desc, 'define')] + words(desc, 'cflags')
    for pc in words(desc, 'pkg-config'):
        args += subprocess.run(['pkg-config', '--cflags', pc], text=True,
                               stdout=subprocess.PIPE,
                               check=True).stdout.split()
    if foreign:
        args += ['-idirafter', '/usr/include', '-idirafter',
                 '/usr/include/x86_64-linux-gnu']
    p = subprocess.run([cc, '-S', '-w', '-O0', '-o', '-', *args, src],
                       text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False)
    if p.returncode:
        raise RuntimeError(f'{cc}: {p.stderr[-600:]}')
    text = p.stdout.split('kzt_answers:', 1)[1]
    return [int(n) for n in re.findall(r'^\s+\.(?:quad|dword)\s+(\d+)', text,
                                       re.M)][:len(exprs)]


def compare(path, cc, library=None):
    """[line] about what differs, and how many types were compared."""
    desc = read_desc(path)
    known = set(' '.join(desc.get('differs', [])).split())
    names = exported(library or '/usr/lib/x86_64-linux-gnu/' +
                     desc['host'][0])
    c = Collector()
    for cur in parse(desc, 'x86_64-linux-gnu').cursor.get_children():
        if cur.kind == cx.CursorKind.FUNCTION_DECL and \
                cur.spelling in names:
            c.function(cur.type.get_canonical())
    q = questions(c)
    bad = [f'{n}.{f}: a long double' for n, f in c.long_double]
    with tempfile.TemporaryDirectory() as d:
        exprs = [e for _, e in q]
        here = answers('gcc', desc, exprs, d, False)
        there = answers(cc, desc, exprs, d, True)
    if not len(q) == len(here) == len(there):
        raise RuntimeError(f'{len(q)} questions, {len(here)} and '
                           f'{len(there)} answers')
    for (what, expr), a, b in zip(q, here, there):
        if a != b:
            bad.append(f'{what}: {expr} is {a - 1} on x86-64, {b - 1} there')
    bad = [x for x in bad if not known & {
        x.split(':')[0].replace('struct ', ''),
        x.split(':')[0].replace('struct ', '').split('.')[0]}]
    return bad, len(c.records) + len(c.enums)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--cc', required=True, help="the host's compiler")
    ap.add_argument('--library', help='if it is not installed')
    ap.add_argument('descriptions', nargs='+')
    args = ap.parse_args()
    failed = False
    for path in args.descriptions:
        bad, n = compare(path, args.cc, args.library)
        print(f'{os.path.basename(path)}: {n} types, {len(bad)} differ')
        for line in bad:
            print('    ' + line)
        failed |= bool(bad)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
