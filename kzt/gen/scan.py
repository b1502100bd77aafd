#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the prototype list of a library from its installed headers.

    scan.py kzt/libs/z.desc [LIBRARY.so] > kzt/libs/z.protos

Needs libclang and its Python binding (Debian: python3-clang).  The list is
committed, so that building needs neither.  Only functions that the library
exports (its .so is asked, by nm) and declares in its headers are listed; what
it exports beside them is said on standard error.

A line is `fn NAME SIGNATURE` or `st STRUCT SIZE OFFSET:FIELD:TYPE ...`
(structures with function pointers); sig.py explains the types.
"""
import os
import re
import subprocess
import sys

import clang.cindex as cx
from clang.cindex import TypeKind as K

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from generate import read_desc, words   # noqa: E402
from sig import Parser, Unsupported, layout     # noqa: E402

INTS = {
    K.BOOL: 'C', K.CHAR_S: 'c', K.SCHAR: 'c', K.UCHAR: 'C', K.SHORT: 's',
    K.USHORT: 'S', K.INT: 'i', K.UINT: 'I', K.LONG: 'l', K.ULONG: 'L',
    K.LONGLONG: 'l', K.ULONGLONG: 'L', K.WCHAR: 'i', K.INT128: 'q',
    K.UINT128: 'Q', K.FLOAT: 'f', K.DOUBLE: 'd', K.LONGDOUBLE: 'D',
    K.VOID: 'v',
}
COMPLEX = {'_Complex float': 'x', '_Complex double': 'y',
           '_Complex long double': 'z'}


def bare(t):
    """'struct foo' as foo, without qualifiers."""
    return re.sub(r'^(const |volatile |struct |union )*', '',
                  t.get_canonical().spelling)


def is_function_pointer(t):
    return t.kind == K.POINTER and t.get_pointee().get_canonical().kind in (
        K.FUNCTIONPROTO, K.FUNCTIONNOPROTO)


class Scanner:
    def __init__(self, described):
        self.structs = {}           # name -> (size, fields)
        self.described = described  # those whose functions are converted

    def holds_functions(self, t):
        """A record with function pointers, or with pointers to described
        records."""
        for f in t.get_fields():
            ft = f.type.get_canonical()
            while ft.kind == K.CONSTANTARRAY:
                ft = ft.element_type.get_canonical()
            if is_function_pointer(ft):
                return True
            if ft.kind == K.POINTER and bare(t) in self.described and \
                    bare(ft.get_pointee()) in self.described:
                return True
            if ft.kind == K.RECORD and self.holds_functions(ft):
                return True
        return False

    def fields(self, t, base=0):
        out = []
        for f in t.get_fields():
            off = base + t.get_offset(f.spelling) // 8 if f.spelling else base
            self.field(f.type.get_canonical(), f.spelling, off, out)
        return out

    def field(self, ft, name, off, out):
        if ft.kind == K.CONSTANTARRAY:
            for i in range(ft.element_count):
                el = ft.element_type.get_canonical()
                self.field(el, '%s.%d' % (name, i), off + i * el.get_size(),
                           out)
        elif is_function_pointer(ft):
            out.append((off, name, self.type(ft, 1)))
        elif ft.kind == K.POINTER and bare(ft.get_pointee()) in self.described:
            out.append((off, name, self.type(ft, 1)))
        elif ft.kind == K.RECORD:
            out += [(o, name + '.' + n, s) for o, n, s in
                    self.fields(ft, off)]

    def struct(self, t):
        name = bare(t)
        if name not in self.structs:
            self.structs[name] = None
            self.structs[name] = (t.get_size(), self.fields(t))
        return name

    def record(self, t):
        union = t.get_declaration().kind == cx.CursorKind.UNION_DECL
        parts, unit = [], -1
        for f in t.get_fields():
            ft = f.type.get_canonical()
            if f.is_bitfield():
                # the storage units they lie in
                off = t.get_offset(f.spelling) // 8
                start = off // ft.get_size() * ft.get_size()
                if start > unit:
                    parts.append(self.type(ft, 1))
                    unit = start + ft.get_size() - 1
            elif ft.kind == K.CONSTANTARRAY:
                inner = [self.type(ft.element_type, 1)] * ft.element_count
                parts += ['{' + ''.join(inner) + '}'] if union else inner
            else:
                parts.append(self.type(ft, 1))
        text = ('<%s>' if union else '{%s}') % ''.join(parts)
        try:
            _, size, align = layout(Parser(text).type())
        except Unsupported:
            return text
        # packed, over-aligned, zero-length ...
        if size != t.get_size() or align != t.get_align():
            return '?a structure of unusual layout?'
        return text

    def pointer(self, t, depth):
        to = t.get_pointee().get_canonical()
        if to.kind == K.FUNCTIONPROTO:
            return 'F[' + self.function(to, depth + 1) + ']'
        if to.kind == K.FUNCTIONNOPROTO:
            return '?a function without prototype?'
        if is_function_pointer(to):
            inner = self.pointer(to, depth)
            return 'P' + inner[1:] if inner[0] == 'F' else inner
        if '__va_list_tag' in to.spelling:
            return 'A'
        if bare(to) == '_IO_FILE':
            return 'H'
        if to.kind == K.RECORD and self.holds_functions(to) and \
                (depth == 0 or bare(to) in self.described):
            return 'T[' + self.struct(to) + ']'
        return 'p'

    def type(self, t, depth=0):
        t = t.get_canonical()
        if t.kind in INTS:
            return INTS[t.kind]
        if t.kind == K.ENUM:
            u = t.get_declaration().enum_type.get_canonical()
            return INTS.get(u.kind, '?an enumeration?')
        if t.kind == K.COMPLEX:
            return COMPLEX[t.spelling]
        if t.kind in (K.INCOMPLETEARRAY, K.CONSTANTARRAY):
            return 'A' if 'va_list' in t.spelling else 'p'
        if t.kind == K.POINTER:
            return self.pointer(t, depth)
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
    names = {}
    for line in out.splitlines():
        f = line.split()
        if len(f) == 3:
            names[f[2].split('@')[0]] = f[1]
    return names


def parse(desc, target):
    """The headers as a translation unit for @target."""
    src = ''.join('#include <%s>\n' % h if h[0] != '+' else
                  '#include "%s"\n' % h[1:] for h in words(desc, 'headers'))
    args = ['-D' + d for d in words(desc, 'define')] + words(desc, 'cflags')
    for pc in words(desc, 'pkg-config'):
        args += subprocess.run(['pkg-config', '--cflags', pc], text=True,
                               stdout=subprocess.PIPE).stdout.split()
    inc = subprocess.run(['gcc', '-print-file-name=include'], text=True,
                         stdout=subprocess.PIPE).stdout.strip()
    tu = cx.Index.create().parse(
        'scan.c', args=['-target', target, '-I', inc] + args,
        unsaved_files=[('scan.c', src)])
    for d in tu.diagnostics:
        if d.severity >= 3:
            sys.exit('scan.py: %s' % d)
    return tu


def scan(desc, names, target='x86_64-linux-gnu'):
    described = {s for m in ('convert', 'shadow', 'forever')
                 for s in words(desc, m)}
    sc = Scanner(described)
    lines = {}
    for c in parse(desc, target).cursor.get_children():
        if c.kind in (cx.CursorKind.STRUCT_DECL,
                      cx.CursorKind.TYPEDEF_DECL) and \
                bare(c.type) in described and c.type.get_size() > 0:
            sc.struct(c.type.get_canonical())
        if c.kind == cx.CursorKind.FUNCTION_DECL and \
                names.get(c.spelling, ' ') in 'TWi':
            t = c.type.get_canonical()
            if t.kind == K.FUNCTIONNOPROTO:
                lines[c.spelling] = sc.type(t.get_result()) + '()'
            else:
                lines[c.spelling] = sc.function(t)
    return lines, sc.structs


def main():
    desc = read_desc(sys.argv[1])
    names = exported(sys.argv[2] if len(sys.argv) > 2 else
                     '/usr/lib/x86_64-linux-gnu/' + desc['host'][0])
    lines, structs = scan(desc, names)
    print('# SPDX-License-Identifier: GPL-2.0-or-later')
    print('# Made by kzt/gen/scan.py; do not edit.')
    for name, (size, fields) in sorted(structs.items()):
        print('st', name, size, ' '.join('%d:%s:%s' % f for f in fields))
    for name in sorted(lines):
        print('fn', name, lines[name])
    own = set(lines) | {p.split()[0] for p in desc.get('prototype', [])}
    hidden = [n for n, kind in sorted(names.items())
              if kind in 'TWi' and n not in own]
    data = [n for n, kind in sorted(names.items()) if kind in 'BDRV' and
            n not in words(desc, 'data')]
    if hidden:
        print('not in the headers:', *hidden, file=sys.stderr)
    if data:
        print('data, not described:', *data, file=sys.stderr)


if __name__ == '__main__':
    main()
