#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn library descriptions and prototype lists into C.

    generate.py OUT.c A.desc B.desc ...

Each description has its list beside it (A.protos, see scan.py for the
signature language).  The output holds one wrapper per signature, one host
entry per callback signature, and the tables of include/kzt/library.h.
Python's standard library is enough; meson runs this.
"""
import os
import re
import sys

INT_REGS = ['R_EDI', 'R_ESI', 'R_EDX', 'R_ECX', 'R_R8', 'R_R9']
BASE = {
    'c': ('int8_t', 1), 'C': ('uint8_t', 1), 's': ('int16_t', 2),
    'S': ('uint16_t', 2), 'i': ('int32_t', 4), 'I': ('uint32_t', 4),
    'l': ('int64_t', 8), 'L': ('uint64_t', 8), 'p': ('void *', 8),
    'f': ('float', 4), 'd': ('double', 8), 'D': ('long double', 16),
}


class Unsupported(Exception):
    pass


class Type:
    """One parsed type: kind 'v', a BASE letter, 'F', 'T' or '{'."""

    def __init__(self, kind, sub=None, name=None):
        self.kind, self.sub, self.name = kind, sub, name

    def text(self):
        if self.kind == 'F':
            return 'F[%s]' % self.sub.text()
        if self.kind == 'T':
            return 'T[%s]' % self.name
        if self.kind == '{':
            return '{%s}' % ''.join(t.text() for t in self.sub)
        return self.kind


class Proto:
    def __init__(self, result, args, variadic):
        self.result, self.args, self.variadic = result, args, variadic

    def text(self):
        return '%s(%s%s)' % (self.result.text(),
                             ''.join(a.text() for a in self.args),
                             '.' if self.variadic else '')


class Parser:
    def __init__(self, text):
        self.s, self.i = text, 0

    def peek(self):
        return self.s[self.i]

    def until(self, end):
        j = self.s.index(end, self.i)
        t, self.i = self.s[self.i:j], j + 1
        return t

    def type(self):
        c = self.peek()
        self.i += 1
        if c == '?':
            raise Unsupported('cannot carry ' + self.until('?'))
        if c == 'F':
            self.i += 1
            p = self.proto()
            self.i += 1
            return Type('F', p)
        if c == 'T':
            self.i += 1
            return Type('T', name=self.until(']'))
        if c == '{':
            sub = []
            while self.peek() != '}':
                sub.append(self.type())
            self.i += 1
            return Type('{', sub)
        if c != 'v' and c not in BASE:
            raise Unsupported('unknown type ' + c)
        return Type(c)

    def proto(self):
        r = self.type()
        self.i += 1
        args, variadic = [], False
        while self.peek() != ')':
            if self.peek() == '.':
                self.i += 1
                variadic = True
            else:
                args.append(self.type())
        self.i += 1
        return Proto(r, args, variadic)


def flatten(t, offset=0):
    """(offset, letter) of the scalars, size and alignment of a structure."""
    out, pos, align = [], offset, 1
    for m in t.sub:
        if m.kind == '{':
            inner, size, al = flatten(m)
        elif m.kind in 'FT':
            inner, size, al = [(0, 'p')], 8, 8
        else:
            size = BASE[m.kind][1]
            inner, al = [(0, m.kind)], size
        pos = (pos + al - 1) // al * al
        out += [(pos + o, c) for o, c in inner]
        pos += size
        align = max(align, al)
    return out, (pos + align - 1) // align * align, align


def struct_classes(t):
    """Register classes of the eightbytes, or None for memory."""
    fields, size, _ = flatten(t)
    if size > 16 or size == 0 or any(c == 'D' for _, c in fields):
        return None
    cls = ['SSE'] * ((size + 7) // 8)
    for o, c in fields:
        if c not in 'fd':
            cls[o // 8] = 'INT'
    return cls


class Generator:
    def __init__(self):
        self.structs = {}       # name -> [(offset, Type)]
        self.by_value = {}      # text -> C name
        self.callbacks = {}     # text -> (C name, Proto)
        self.wrappers = {}      # text -> C name
        self.head, self.body = [], []

    # C types

    def ctype(self, t):
        if t.kind == 'v':
            return 'void'
        if t.kind in 'FT':
            return 'void *'
        if t.kind == '{':
            return 'struct ' + self.struct_by_value(t)
        return BASE[t.kind][0]

    def struct_by_value(self, t):
        key = t.text()
        if key not in self.by_value:
            if key != '{D}' and 'D' in key:
                raise Unsupported('a long double inside a structure')
            inner = ''.join('    %s m%d;\n' % (self.ctype(m), i)
                            for i, m in enumerate(t.sub))
            name = 'kzt_s%d' % len(self.by_value)
            self.by_value[key] = name
            self.head.append('/* %s */\nstruct %s {\n%s};' %
                             (key, name, inner))
        return self.by_value[key]

    def fn_type(self, p):
        return '%s (*)(%s)' % (self.ctype(p.result), ', '.join(
            self.ctype(a) for a in p.args) or 'void')

    def callback(self, p):
        key = p.text()
        if key not in self.callbacks:
            if p.variadic:
                raise Unsupported('a callback with variable arguments')
            name = 'cb%d' % len(self.callbacks)
            self.callbacks[key] = (name, p)
            self.head.append('static const KztCallbackType %s;' % name)
            self.host_entry(name, p)
        return self.callbacks[key][0]

    # where the guest's arguments are

    def place(self, p):
        """Yield for each argument a list of (C lvalue, bytes at)."""
        ints, sses, stack = 0, 0, 8
        if self.in_memory(p.result):
            ints = 1
        for a in p.args:
            cls = self.classes(a)
            n_int, n_sse = cls.count('INT'), cls.count('SSE')
            if cls and ints + n_int <= 6 and sses + n_sse <= 8:
                parts = []
                for c in cls:
                    if c == 'INT':
                        parts.append('env->regs[%s]' % INT_REGS[ints])
                        ints += 1
                    else:
                        parts.append('env->vregs[%d].q[0]' % sses)
                        sses += 1
                yield parts, None
                continue
            size, align = self.size(a)
            if align > 8:
                # The return address makes rsp + 8 the aligned address.
                stack = (stack - 8 + align - 1) // align * align + 8
            yield None, stack
            stack += (size + 7) // 8 * 8
        self.stack_end = stack

    def classes(self, t):
        if t.kind in 'fd':
            return ['SSE']
        if t.kind == 'D':
            return []
        if t.kind == '{':
            return struct_classes(t) or []
        return ['INT']

    def in_memory(self, t):
        # A structure of one long double comes back on the x87 stack.
        return t.kind == '{' and struct_classes(t) is None and \
            t.text() != '{D}'

    def size(self, t):
        if t.kind == '{':
            _, size, align = flatten(t)
            return size, max(align, 8)
        if t.kind == 'D':
            return 16, 16
        return 8, 8

    # guest calls native

    def read_arg(self, i, a, parts, stack, out):
        v = 'a%d' % i
        c = self.ctype(a)
        sep = '' if c.endswith('*') else ' '
        if a.kind == '{':
            out.append('    %s %s;' % (c, v))
            if a.text() == '{D}':
                out.append('    %s.m0 = kzt_get_f80(kzt_stack(env, %d));' %
                           (v, stack))
            elif parts is None:
                src = 'kzt_stack(env, %d)' % stack
                out.append('    memcpy(&%s, %s, sizeof(%s));' % (v, src, v))
            else:
                for k, part in enumerate(parts):
                    n = min(8, flatten(a)[1] - 8 * k)
                    out.append('    memcpy((char *)&%s + %d, &%s, %d);' %
                               (v, 8 * k, part, n))
            return
        src = parts[0] if parts else '*kzt_stack(env, %d)' % stack
        if a.kind in 'fd':
            fn = 'kzt_f32' if a.kind == 'f' else 'kzt_f64'
            out.append('    %s %s = %s(%s);' % (c, v, fn, src))
        elif a.kind == 'D':
            out.append('    %s %s = kzt_get_f80(kzt_stack(env, %d));' %
                       (c, v, stack))
        elif a.kind == 'F':
            out.append('    void *%s = kzt_closure(&%s, %s);' %
                       (v, self.callback(a.sub), src))
        elif c.endswith('*'):
            out.append('    %s%s%s = (void *)(uintptr_t)%s;' %
                       (c, sep, v, src))
        else:
            out.append('    %s %s = (%s)%s;' % (c, v, c, src))

    def write_result(self, r, out):
        if r.kind == 'v':
            return
        if r.kind == 'f':
            out.append('    kzt_put_f32(env, r);')
        elif r.kind == 'd':
            out.append('    kzt_put_f64(env, r);')
        elif r.kind == 'D':
            out.append('    kzt_push_f80(env, r);')
        elif r.kind == 'F':
            out.append('    env->regs[R_EAX] = kzt_guest_function(&%s, r);' %
                       self.callback(r.sub))
        elif r.kind in 'pT':
            out.append('    env->regs[R_EAX] = (uintptr_t)r;')
        elif r.kind == '{':
            self.write_struct(r, out)
        else:
            out.append('    env->regs[R_EAX] = %sr;' %
                       ('(uint32_t)' if r.kind in 'csiCSI' else ''))

    def write_struct(self, r, out):
        if r.text() == '{D}':
            out.append('    kzt_push_f80(env, r.m0);')
            return
        if self.in_memory(r):
            out.append('    memcpy((void *)(uintptr_t)hidden, &r, sizeof(r));')
            out.append('    env->regs[R_EAX] = hidden;')
            return
        ints, sses = ['R_EAX', 'R_EDX'], [0, 1]
        for k, c in enumerate(struct_classes(r)):
            n = min(8, flatten(r)[1] - 8 * k)
            to = 'env->regs[%s]' % ints.pop(0) if c == 'INT' else \
                'env->vregs[%d].q[0]' % sses.pop(0)
            out.append('    memcpy(&%s, (char *)&r + %d, %d);' % (to, 8 * k, n))

    def wrapper(self, p):
        key = p.text()
        if 'T[' in key:
            key = self.lib + ': ' + key     # what is converted differs
        if key in self.wrappers:
            return self.wrappers[key]
        if p.variadic:
            raise Unsupported('variable arguments')
        pre, post, vals = [], [], []
        for i, (a, (parts, stack)) in enumerate(zip(p.args, list(self.place(p)))):
            self.read_arg(i, a, parts, stack, pre)
            vals.append('a%d' % i)
            if a.kind == 'T':
                n = self.convertible(a.name)
                pre.append('    %s_to_native(a%d);' % (n, i))
                post.append('    %s_to_guest(a%d);' % (n, i))
        if self.in_memory(p.result):
            pre.append('    uint64_t hidden = env->regs[R_EDI];')
        name = 'wrap%d' % len(self.wrappers)
        self.wrappers[key] = name
        rt = self.ctype(p.result)
        call = '((%s)native)(%s);' % (self.fn_type(p), ', '.join(vals))
        if p.result.kind != 'v':
            call = '%s%sr = %s' % (rt, '' if rt.endswith('*') else ' ', call)
        self.write_result(p.result, post)
        self.body.append(
            '/* %s */\nstatic void %s(CPUArchState *env, const KztFunction *f,'
            '\n%svoid *native)\n{\n%s\n}\n' %
            (key, name, ' ' * (len(name) + 13),
             '\n'.join(pre + ['    ' + call] + post)))
        return name

    def convertible(self, struct):
        if struct not in self.converted:
            raise Unsupported('functions inside struct ' + struct)
        name = 'conv_' + re.sub(r'\W', '_', self.lib + '_' + struct)
        if name in self.done:
            return name
        self.done.add(name)
        for way, fn in (('native', 'kzt_field_to_native'),
                        ('guest', 'kzt_field_to_guest')):
            lines = ''.join('        %s(&%s, (char *)p + %d);\n' %
                            (fn, self.callback(t.sub), off)
                            for off, t in self.structs[struct])
            self.body.append('static void %s_to_%s(void *p)\n{\n'
                             '    if (p) {\n%s    }\n}\n' %
                             (name, way, lines))
        return name

    # native calls guest

    def host_entry(self, name, p):
        pre, args = [], []
        post = []
        n = 0
        for i, (a, (parts, stack)) in enumerate(zip(p.args, list(self.place(p)))):
            c = self.ctype(a)
            args.append('%s%sa%d' % (c, '' if c.endswith('*') else ' ', i))
            v = 'a%d' % i
            if a.text() == '{D}':
                pre.append('    kzt_set_f80(kzt_stack(env, %d), %s.m0);' %
                           (stack, v))
                continue
            if a.kind == '{':
                if parts is None:
                    pre.append('    memcpy(kzt_stack(env, %d), &%s, sizeof(%s));'
                               % (stack, v, v))
                else:
                    for k, part in enumerate(parts):
                        size = min(8, flatten(a)[1] - 8 * k)
                        pre.append('    memcpy(&%s, (char *)&%s + %d, %d);' %
                                   (part, v, 8 * k, size))
                continue
            if a.kind == 'D':
                pre.append('    kzt_set_f80(kzt_stack(env, %d), %s);' %
                           (stack, v))
                continue
            if a.kind == 'F':
                v = 'kzt_guest_function(&%s, %s)' % (self.callback(a.sub), v)
            elif c.endswith('*'):
                v = '(uintptr_t)' + v
            elif a.kind == 'f':
                v = 'kzt_bits32(%s)' % v
            elif a.kind == 'd':
                v = 'kzt_bits64(%s)' % v
            dst = parts[0] if parts else '*kzt_stack(env, %d)' % stack
            pre.append('    %s = %s;' % (dst, v))
            n += 1
        size = self.stack_end - 8
        rt = self.ctype(p.result)
        hidden = self.in_memory(p.result)
        if hidden:
            pre.append('    env->regs[R_EDI] = (uintptr_t)&r;')
        sses = 'kzt_call(&call);'
        ret = []
        r = p.result
        if r.kind == 'f':
            ret.append('r = kzt_f32(env->vregs[0].q[0]);')
        elif r.kind == 'd':
            ret.append('r = kzt_f64(env->vregs[0].q[0]);')
        elif r.kind == 'D':
            ret.append('r = kzt_pop_f80(env);')
        elif r.text() == '{D}':
            ret.append('r.m0 = kzt_pop_f80(env);')
        elif r.kind == 'F':
            ret.append('r = kzt_closure(&%s, env->regs[R_EAX]);' %
                       self.callback(r.sub))
        elif r.kind == '{' and not hidden:
            ints, sse = ['R_EAX', 'R_EDX'], [0, 1]
            for k, c in enumerate(struct_classes(r)):
                m = min(8, flatten(r)[1] - 8 * k)
                src = 'env->regs[%s]' % ints.pop(0) if c == 'INT' else \
                    'env->vregs[%d].q[0]' % sse.pop(0)
                ret.append('memcpy((char *)&r + %d, &%s, %d);' %
                           (8 * k, src, m))
        elif rt.endswith('*'):
            ret.append('r = (void *)(uintptr_t)env->regs[R_EAX];')
        elif r.kind not in 'v{':
            ret.append('r = (%s)env->regs[R_EAX];' % rt)
        decl = '' if r.kind == 'v' else '    %s%sr;\n' % (
            rt, '' if rt.endswith('*') else ' ')
        text = '/* %s */\nstatic %s%s%s_entry(%s)\n{\n' % (
            p.text(), rt, '' if rt.endswith('*') else ' ', name,
            ', '.join(args) or 'void')
        text += '    KztCall call;\n    CPUArchState *env = kzt_call_begin(' \
                '&call, %d);\n%s\n' % (size, decl)
        for line in pre + ['    ' + sses] + ['    ' + x for x in ret] + post:
            text += line + '\n'
        text += '    kzt_call_end(&call);\n'
        if r.kind != 'v':
            text += '    return r;\n'
        self.body.append(text + '}\n')
        # a native function pointer of this type that the guest calls
        w = self.wrapper(p)
        self.body.append(
            'static const KztCallbackType %s = {\n'
            '    .signature = "%s",\n'
            '    .host_entry = (void (*)(void))%s_entry,\n'
            '    .to_native = { "(function pointer)", NULL, "%s", %s },\n'
            '};\n' % (name, p.text(), name, p.text(), w))


def read_desc(path):
    desc = {}
    for line in open(path):
        line = line.split('#')[0].strip()
        if line:
            key, _, value = line.partition(' ')
            desc.setdefault(key, []).append(value.strip())
    return desc


def cstr(s):
    return 'NULL' if s is None else \
        '"%s"' % s.replace('\\', '\\\\').replace('"', '\\"')


def row(g, name, sig, desc):
    """One line of a library's table."""
    refused = {}
    for e in desc.get('emulate', []):
        fn, _, why = e.partition(' ')
        refused[fn] = why or 'described as one that stays emulated'
    only = desc.get('only')
    flags, wrapper, why = [], 'NULL', None
    try:
        p = Parser(sig).proto()
        if name in refused:
            flags.append('KZT_FN_NOT_NATIVE')
            why = refused[name]
        elif only and name not in ' '.join(only).split():
            flags.append('KZT_FN_NOT_NATIVE')
            why = 'not known to give the same result on both sides'
        else:
            wrapper = g.wrapper(p)
    except Unsupported as e:
        why = str(e)
    if 'F[' in sig:
        flags.append('KZT_FN_CALLBACK')
    if '.)' in sig:
        flags.append('KZT_FN_VARIADIC')
    if 'T[' in sig:
        flags.append('KZT_FN_STRUCTS')
    if name in ' '.join(desc.get('allocates', [])).split():
        flags.append('KZT_FN_ALLOCATES')
    if name in ' '.join(desc.get('noreturn', [])).split():
        flags.append('KZT_FN_NORETURN')
    return '    { %s, NULL, %s,\n      %s, %s, %s },' % (
        cstr(name), cstr(sig), wrapper, cstr(why), ' | '.join(flags) or '0')


def library(g, path):
    desc = read_desc(path)
    name = desc['library'][0]
    cname = re.sub(r'\W', '_', name)
    g.converted = set(' '.join(desc.get('convert', [])).split())
    g.structs, g.done, g.lib = {}, set(), cname
    rows, seen = [], set()
    for line in open(os.path.splitext(path)[0] + '.protos'):
        f = line.split()
        if not f or f[0] == '#':
            continue
        if f[0] == 'st':
            fields = []
            try:
                for x in f[2:]:
                    off, _, sig = x.split(':', 2)
                    fields.append((int(off), Parser(sig).type()))
            except Unsupported:
                continue
            g.structs[f[1]] = fields
    for line in open(os.path.splitext(path)[0] + '.protos'):
        f = line.split(None, 2)
        if f and f[0] == 'fn':
            if f[1] in seen:
                sys.exit('%s: %s twice' % (path, f[1]))
            seen.add(f[1])
            rows.append((f[1], row(g, f[1], f[2].strip(), desc)))
    rows.sort(key=lambda r: r[0].encode())
    policy = {'stateless': 'KZT_STATELESS', 'opaque': 'KZT_OPAQUE',
              'shared-struct': 'KZT_SHARED_STRUCT'}[desc['policy'][0]]
    g.body.append('static const KztFunction fns_%s[] = {\n%s\n};\n' %
                  (cname, '\n'.join(r for _, r in rows)))
    g.body.append('static const char *const sonames_%s[] = { %s, NULL };\n' %
                  (cname, ', '.join(cstr(s) for s in
                                    ' '.join(desc['sonames']).split())))
    g.body.append('static const char *const data_%s[] = { %s };\n' %
                  (cname, ', '.join([cstr(s) for s in ' '.join(
                      desc.get('data', [])).split()] + ['NULL'])))
    g.body.append(
        'static const KztLibrary lib_%s = {\n'
        '    .name = %s,\n    .sonames = sonames_%s,\n'
        '    .host_soname = %s,\n    .summary = %s,\n    .stable = %s,\n'
        '    .policy = %s,\n    .functions = fns_%s,\n'
        '    .nb_functions = %d,\n    .data = data_%s,\n};\n' %
        (cname, cstr(name), cname, cstr(desc['host'][0]),
         cstr(desc['summary'][0]),
         'true' if desc['stable'][0] == 'yes' else 'false',
         policy, cname, len(rows), cname))
    return name, cname


def main():
    g = Generator()
    libs = sorted(library(g, p) for p in sys.argv[2:])
    with open(sys.argv[1], 'w') as f:
        f.write('/* Made by kzt/gen/generate.py. */\n'
                '#include "kzt/carry.h"\n\n')
        f.write('\n'.join(g.head) + '\n\n' + '\n'.join(g.body) + '\n')
        f.write('const KztLibrary *const kzt_libraries[] = {\n')
        for _, c in libs:
            f.write('    &lib_%s,\n' % c)
        f.write('    NULL\n};\n')


if __name__ == '__main__':
    main()
