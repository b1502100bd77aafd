#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn library descriptions and prototype lists into C.

    generate.py OUT.c A.desc B.desc ...
    generate.py --explain A.desc ...        what is not carried, and why

Each description has its list beside it (A.protos; sig.py explains its
signatures).  The output holds one wrapper per signature, one host entry per
callback signature, and the tables of include/kzt/library.h.  Python's standard
library is enough; meson runs this.  docs/devel/kzt-libraries.rst documents
the keys of a description.
"""
import fnmatch
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from emit import MODES, Emitter     # noqa: E402
from sig import Parser, Unsupported     # noqa: E402

KEYS = {'library', 'summary', 'sonames', 'host', 'headers', 'cflags',
        'pkg-config', 'define', 'stable', 'policy', 'convert', 'forever',
        'shadow', 'leave', 'fresh', 'allocates', 'noreturn', 'emulate',
        'excludes', 'only', 'data', 'printf', 'vprintf',
        'scanf', 'vscanf', 'sentinel', 'count', 'words', 'select', 'same',
        'prototype', 'differs', 'plain', 'array', 'when',
        'variant', 'variant-out'}
VARIADIC = ('printf', 'vprintf', 'scanf', 'vscanf', 'sentinel', 'count',
            'variant', 'variant-out')
POLICY = {'stateless': 'KZT_STATELESS', 'opaque': 'KZT_OPAQUE',
          'shared-struct': 'KZT_SHARED_STRUCT'}


def read_desc(path):
    desc = {}
    for line in open(path):
        line = line.split('#')[0].strip()
        if line:
            key, _, value = line.partition(' ')
            if key not in KEYS:
                sys.exit('%s: unknown key %s' % (path, key))
            desc.setdefault(key, []).append(value.strip())
    return desc


def words(desc, key):
    return ' '.join(desc.get(key, [])).split()


def matching(name, lines):
    """The text behind the first line whose comma list of patterns has it."""
    for line in lines:
        patterns, _, rest = line.partition(' ')
        if any(fnmatch.fnmatchcase(name, p) for p in patterns.split(',')):
            return rest.strip() or 'the description says so'
    return None


def cstr(s):
    return 'NULL' if s is None else \
        '"%s"' % s.replace('\\', '\\\\').replace('"', '\\"')


def how_variadic(name, desc):
    for kind in VARIADIC:
        if any(fnmatch.fnmatchcase(name, p) for p in words(desc, kind)):
            return (kind,)
    for line in desc.get('words', []):
        n, *names = line.split()
        if name in names:
            return ('words', n)
    for line in desc.get('select', []):
        fn, *rest = line.split()
        if fn == name:
            return ('select', *rest)
    return None


def conditions(name, desc):
    """`when NAME ARG=VALUE ARG=H`: a pointer that is a FILE * then."""
    out = []
    for line in desc.get('when', []):
        fn, cond, what = line.split()
        if fn == name:
            arg, _, value = cond.partition('=')
            out.append((int(arg), int(value), int(what.split('=')[0])))
    return tuple(out)


def row(g, name, sig, desc):
    """What a library's table says: wrapper, why not, flags."""
    fresh = matching(name, desc.get('fresh', []))
    only = words(desc, 'only')
    flags, wrapper = [], None
    why = matching(name, desc.get('excludes', []))
    if why:
        flags.append('KZT_FN_NOT_NATIVE')
    else:
        why = matching(name, desc.get('emulate', []))
        if not why and only and name not in only:
            why = 'not known to give the same result on both sides'
        if why:
            flags += ['KZT_FN_NOT_NATIVE', 'KZT_FN_HARMLESS']
    if not why:
        try:
            wrapper = g.wrapper(Parser(sig).proto(), how_variadic(name, desc),
                                fresh and tuple(fresh.split(',')),
                                conditions(name, desc))
        except Unsupported as e:
            why = str(e)
    if 'F[' in sig:
        flags.append('KZT_FN_CALLBACK')
    if '.)' in sig:
        flags.append('KZT_FN_VARIADIC')
    if 'T[' in sig:
        flags.append('KZT_FN_STRUCTS')
    if name in words(desc, 'allocates'):
        flags.append('KZT_FN_ALLOCATES')
    if name in words(desc, 'noreturn'):
        flags.append('KZT_FN_NORETURN')
    return wrapper, why, ' | '.join(flags) or '0'


def read_protos(path, desc):
    """structures: name -> (size, fields); functions: name -> signature."""
    structs, functions = {}, {}
    lines = [line for line in open(path)]
    better = {p.split()[0]: 'fn ' + p for p in desc.get('prototype', [])}
    lines = [line for line in lines if line.split()[:1] != ['fn'] or
             line.split()[1] not in better] + list(better.values())
    for line in lines:
        f = line.split()
        if not f or f[0] == '#':
            continue
        if f[0] == 'st':
            structs[f[1]] = (int(f[2]), [
                (int(off), field, sig) for off, field, sig in
                (x.split(':', 2) for x in f[3:])])
        elif f[0] == 'fn':
            if f[1] in functions:
                sys.exit('%s: %s twice' % (path, f[1]))
            functions[f[1]] = line.split(None, 2)[2].strip()
    return structs, functions


def arrays(desc):
    """`array STRUCT.FIELD OFFSET`: how many there are, a long there."""
    return dict((f, int(off)) for f, off in
                (line.split() for line in desc.get('array', [])))


def table(g, cname, rows):
    """Rows and their text, without addresses (see KztRow)."""
    text, where = [], {None: 0}
    end = 1

    def offset(s):
        nonlocal end
        if s not in where:
            where[s] = end
            text.append(s)
            end += len(s.encode()) + 1
        return where[s]

    g.body.append('static const KztRow rows_%s[] = {\n%s\n};\n' % (
        cname, '\n'.join('    { %d, %d, %d, %d, %s },' % (
            offset(fn), offset(sig), offset(why), g.number(wrapper), flags)
                         for fn, sig, wrapper, why, flags in rows)))
    g.body.append('static const char text_%s[] =\n    "\\0"\n%s;\n' % (
        cname, '\n'.join('    %s "\\0"' % cstr(s) for s in text)))
    g.body.append('static _Atomic(KztFunction *) made_%s[%d];\n' %
                  (cname, max(len(rows), 1)))


def strings(g, cname, kind, names):
    g.body.append('static const char *const %s_%s[] = { %s };\n' %
                  (kind, cname, ', '.join([cstr(s) for s in names] +
                                          ['NULL'])))


def library(g, path):
    desc = read_desc(path)
    name = desc['library'][0]
    cname = re.sub(r'\W', '_', name)
    structs, functions = read_protos(os.path.splitext(path)[0] + '.protos',
                                     desc)
    modes = {s: mode for mode in MODES for s in words(desc, mode)}
    g.begin_library(cname, structs, modes, set(words(desc, 'leave')),
                    set(words(desc, 'plain')), arrays(desc))
    try:
        for s in modes:
            g.struct(s)
    except Unsupported as e:
        sys.exit('%s: struct %s: %s' % (path, s, e))
    rows = [(fn, functions[fn], *row(g, fn, functions[fn], desc))
            for fn in sorted(functions, key=str.encode)]
    table(g, cname, rows)
    g.refused += [(name, fn, sig, why) for fn, sig, _, why, _ in rows if why]
    strings(g, cname, 'sonames', words(desc, 'sonames'))
    strings(g, cname, 'data', words(desc, 'data'))
    g.body.append(
        'static const KztLibrary lib_%s = {\n'
        '    .name = %s,\n    .sonames = sonames_%s,\n'
        '    .host_soname = %s,\n    .summary = %s,\n    .stable = %s,\n'
        '    .policy = %s,\n    .rows = rows_%s,\n    .strings = text_%s,\n'
        '    .functions = made_%s,\n'
        '    .nb_functions = %d,\n    .data = data_%s,\n};\n' %
        (cname, cstr(name), cname, cstr(desc['host'][0]),
         cstr(desc['summary'][0]),
         'true' if desc['stable'][0] == 'yes' else 'false',
         POLICY[desc['policy'][0]], cname, cname, cname, len(functions), cname))
    return name, cname


def main():
    g = Emitter()
    libs = sorted(library(g, p) for p in sys.argv[2:])
    if sys.argv[1] == '--explain':
        for name, fn, sig, why in g.refused:
            print(f'{name}: {fn} {sig}: {why}')
        return
    with open(sys.argv[1], 'w') as f:
        f.write('/* Made by kzt/gen/generate.py. */\n'
                '#include "kzt/carry.h"\n\n')
        f.write('\n'.join(g.head) + '\n\n' + '\n'.join(g.body) + '\n')
        f.write('KztWrapper *const kzt_wrappers[] = {\n    NULL,\n%s};\n\n' %
                ''.join('    %s,\n' % w for w in g.wrappers.values()))
        f.write('const KztLibrary *const kzt_libraries[] = {\n')
        for _, c in libs:
            f.write('    &lib_%s,\n' % c)
        f.write('    NULL\n};\n')


if __name__ == '__main__':
    main()
