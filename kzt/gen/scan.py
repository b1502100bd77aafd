#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the prototype list of a library from its installed headers.

    scan.py kzt/libs/z.desc [LIBRARY.so] > kzt/libs/z.protos

Needs libclang and its Python binding (Debian: python3-clang).  The list is
committed, so that building needs neither.  Only functions that the library
exports (its .so is asked, by nm) and declares in its headers are listed.

A line is `fn NAME SIGNATURE` or `st STRUCT OFFSET:FIELD:TYPE ...` (structures
with function pointers).  Types:

    v  void                     c C s S i I l L  integers of 8, 16, 32, 64 bits,
    f d  float, double                           capital = unsigned
    D  long double              p  pointer
    F[r(args)]  pointer to a function           T[name]  pointer to a structure
    {types}  structure by value                 with function pointers
    .  at the end: variadic     ?text?  something that cannot be carried
"""
import re
import subprocess
import sys

import clang.cindex as cx
from clang.cindex import TypeKind as K

INTS = {
    K.BOOL: 'C', K.CHAR_S: 'c', K.SCHAR: 'c', K.UCHAR: 'C', K.SHORT: 's',
    K.USHORT: 'S', K.INT: 'i', K.UINT: 'I', K.LONG: 'l', K.ULONG: 'L',
    K.LONGLONG: 'l', K.ULONGLONG: 'L', K.WCHAR: 'i',
    K.FLOAT: 'f', K.DOUBLE: 'd', K.LONGDOUBLE: 'D', K.VOID: 'v',
}


def read_desc(path):
    desc = {}
    for line in open(path):
        line = line.split('#')[0].strip()
        if line:
            key, _, value = line.partition(' ')
            desc.setdefault(key, []).append(value.strip())
    return desc


def function_fields(t):
    """(offset in bytes, name, type) of the function pointers in a record."""
    out = []
    for f in t.get_fields():
        ft = f.type.get_canonical()
        if ft.kind == K.POINTER and \
                ft.get_pointee().kind in (K.FUNCTIONPROTO, K.FUNCTIONNOPROTO):
            out.append((t.get_offset(f.spelling) // 8, f.spelling, ft))
    return out


def record_name(t):
    return re.sub(r'^(const |volatile |struct |union )*', '',
                  t.get_canonical().spelling)


class Scanner:
    def __init__(self):
        self.structs = {}

    def struct(self, t):
        name = record_name(t)
        if name not in self.structs:
            self.structs[name] = None
            self.structs[name] = [(o, n, self.type(ft, 1))
                                  for o, n, ft in function_fields(t)]
        return name

    def record(self, t):
        decl = t.get_declaration()
        if decl.kind != cx.CursorKind.STRUCT_DECL:
            return '?union?'
        parts = []
        for f in t.get_fields():
            if f.is_bitfield():
                return '?bit-field?'
            ft = f.type.get_canonical()
            if ft.kind == K.CONSTANTARRAY:
                parts += [self.type(ft.element_type, 1)] * ft.element_count
            else:
                parts.append(self.type(ft, 1))
        return '{' + ''.join(parts) + '}'

    def type(self, t, depth=0):
        t = t.get_canonical()
        if t.kind in INTS:
            return INTS[t.kind]
        if t.kind == K.ENUM:
            u = t.get_declaration().enum_type.get_canonical()
            return INTS.get(u.kind, '?enum?')
        if t.kind in (K.INCOMPLETEARRAY, K.CONSTANTARRAY):
            return 'p' if 'va_list' not in t.spelling else '?va_list?'
        if t.kind == K.POINTER:
            to = t.get_pointee().get_canonical()
            if to.kind == K.FUNCTIONPROTO:
                return 'F[' + self.function(to, depth + 1) + ']'
            if to.kind == K.FUNCTIONNOPROTO:
                return '?function without prototype?'
            if '__va_list_tag' in to.spelling:
                return '?va_list?'
            if to.kind == K.RECORD and depth == 0 and function_fields(to):
                return 'T[' + self.struct(to) + ']'
            return 'p'
        if t.kind == K.RECORD:
            return self.record(t)
        return '?' + t.spelling + '?'

    def function(self, t, depth=0):
        s = self.type(t.get_result(), depth) + '('
        s += ''.join(self.type(a, depth) for a in t.argument_types())
        return s + ('.' if t.is_function_variadic() else '') + ')'


def exported(library):
    out = subprocess.run(['nm', '-D', '--defined-only', library],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    names = set()
    for line in out.splitlines():
        f = line.split()
        if len(f) == 3 and f[1] in 'TWi':
            names.add(f[2].split('@')[0])
    return names


def main():
    desc = read_desc(sys.argv[1])
    index = cx.Index.create()
    src = ''.join('#include <%s>\n' % h
                  for h in ' '.join(desc['headers']).split())
    args = ' '.join(desc.get('cflags', [])).split()
    for pc in ' '.join(desc.get('pkg-config', [])).split():
        args += subprocess.run(['pkg-config', '--cflags', pc], text=True,
                               stdout=subprocess.PIPE).stdout.split()
    res = subprocess.run(['clang-14', '-print-resource-dir'], text=True,
                         stdout=subprocess.PIPE).stdout.strip() \
        if desc.get('clang') else ''
    inc = subprocess.run(['gcc', '-print-file-name=include'], text=True,
                         stdout=subprocess.PIPE).stdout.strip()
    args += ['-I', (res + '/include') if res else inc]
    tu = index.parse('scan.c', args=['-target', 'x86_64-linux-gnu'] + args,
                     unsaved_files=[('scan.c', src)])
    for d in tu.diagnostics:
        if d.severity >= 3:
            sys.exit('scan.py: %s' % d)
    names = exported(sys.argv[2] if len(sys.argv) > 2 else
                     '/usr/lib/x86_64-linux-gnu/' + desc['host'][0])
    sc = Scanner()
    lines = {}
    for c in tu.cursor.get_children():
        if c.kind == cx.CursorKind.FUNCTION_DECL and c.spelling in names:
            t = c.type.get_canonical()
            if t.kind == K.FUNCTIONNOPROTO:
                lines[c.spelling] = 'fn %s %s()' % (
                    c.spelling, sc.type(t.get_result()))
            else:
                lines[c.spelling] = 'fn %s %s' % (c.spelling, sc.function(t))
    print('# SPDX-License-Identifier: GPL-2.0-or-later')
    print('# Made by kzt/gen/scan.py; do not edit.')
    for name, fields in sorted(sc.structs.items()):
        print('st', name, ' '.join('%d:%s:%s' % f for f in fields))
    for name in sorted(lines):
        print(lines[name])


if __name__ == '__main__':
    main()
