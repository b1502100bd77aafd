# SPDX-License-Identifier: GPL-2.0-or-later
"""The C text of wrappers (guest calls native), host entries (native calls
guest), callback types and structure tables."""
import re

from sig import (BASE, Parser, Unsupported, classes, functions, is_x87, layout,
                 long_doubles, places, result_in_memory)

INT_REGS = ['R_EDI', 'R_ESI', 'R_EDX', 'R_ECX', 'R_R8', 'R_R9']
MODES = {'convert': 'KZT_STRUCT_INPLACE', 'forever': 'KZT_STRUCT_FOREVER',
         'shadow': 'KZT_STRUCT_SHADOW'}


def source(place, k=0):
    """C lvalue of one eightbyte of an argument in the guest's state."""
    if place.parts is None:
        return '*kzt_stack(env, %d)' % (place.stack + 8 * k)
    cls, n = place.parts[k]
    return 'env->regs[%s]' % INT_REGS[n] if cls == 'INT' else \
        'env->vregs[%d].q[0]' % n


def result_parts(t):
    """C lvalues of the eightbytes of a result in registers."""
    ints, sses = ['R_EAX', 'R_EDX'], [0, 1]
    return ['env->regs[%s]' % ints.pop(0) if c == 'INT' else
            'env->vregs[%d].q[0]' % sses.pop(0) for c in classes(t)]


def declare(ctype, name):
    return ctype + ('' if ctype.endswith('*') else ' ') + name


class Emitter:
    def __init__(self):
        self.by_value = {}      # signature -> C type
        self.callbacks = {}     # key -> C name
        self.wrappers = {}      # key -> C name
        self.head, self.body = [], []
        self.refused = []       # (library, function, signature, why)
        self.lib = ''

    def begin_library(self, cname, structs, modes, leave, plain, arrays):
        """structs: name -> (size, [(offset, field, signature)])."""
        self.lib, self.structs, self.modes = cname, structs, modes
        self.leave, self.plain, self.arrays = leave, plain, arrays
        self.tables = {}

    def number(self, wrapper):
        """Index in kzt_wrappers[]; names are given in order."""
        return int(wrapper[4:]) + 1 if wrapper else 0

    # C types

    def ctype(self, t):
        if t.kind == 'v':
            return 'void'
        if t.kind in 'FPT':
            return 'void *'
        if t.kind not in '{<':
            return BASE[t.kind][0]
        key = t.text()
        if key not in self.by_value:
            inner = ''.join('    %s;\n' % declare(self.ctype(m), 'm%d' % i)
                            for i, m in enumerate(t.sub))
            name = '%s kzt_s%d' % ('struct' if t.kind == '{' else 'union',
                                   len(self.by_value))
            self.by_value[key] = name
            self.head.append('/* %s */\n%s {\n%s};' % (key, name, inner))
        return self.by_value[key]

    def fn_type(self, p):
        return '%s (*)(%s)' % (self.ctype(p.result), ', '.join(
            self.ctype(a) for a in p.args) or 'void')

    def key(self, p):
        """Equal for equal wrappers: structures are a library's own."""
        text = p.text()
        return self.lib + ': ' + text if 'T[' in text else text

    def callback(self, p):
        key = self.key(p)
        if key not in self.callbacks:
            if p.variadic:
                raise Unsupported('a callback with variable arguments')
            if any(a.kind in 'AH' for a in p.walk()):
                raise Unsupported('a callback with a va_list or a FILE *')
            name = 'cb%d' % len(self.callbacks)
            self.callbacks[key] = name
            self.head.append('static const KztCallbackType %s;' % name)
            try:
                self.host_entry(name, p)
            except Unsupported:
                del self.callbacks[key]
                raise
        return self.callbacks[key]

    def struct(self, name):
        """The table of a structure with function pointers."""
        if name not in self.structs or name not in self.modes:
            raise Unsupported('function pointers inside struct ' + name)
        c = 'st_' + re.sub(r'\W', '_', self.lib + '_' + name)
        if name in self.tables:
            return c
        self.tables[name] = c
        self.head.append('static const KztStruct %s;' % c)
        size, fields = self.structs[name]
        rows = []
        for off, field, sig in fields:
            if name + '.' + field in self.leave:
                continue
            t = Parser(sig).type()
            if t.kind == 'P':
                raise Unsupported('field %s (leave it)' % field)
            if t.kind == 'T':
                rows.append('    { %d, %d, NULL, &%s },' %
                            (off, self.arrays.get(name + '.' + field, -1),
                             self.struct(t.name)))
            else:
                rows.append('    { %d, -1, &%s, NULL },' %
                            (off, self.callback(t.sub)))
        self.body.append(
            'static const KztField %s_fields[] = {\n%s\n};\n'
            'static const KztStruct %s = {\n    "%s", %s, %d, %d, %s_fields\n'
            '};\n' % (c, '\n'.join(rows), c, name, MODES[self.modes[name]],
                      size, len(rows), c))
        return c

    def field_mask(self, struct, names):
        fields = [f for _, f, _ in self.structs[struct][1]
                  if struct + '.' + f not in self.leave]
        return sum(1 << fields.index(n) for n in names if n != '-')

    def members(self, v, t, way, out):
        """Convert what differs inside an aggregate @v."""
        for off in long_doubles(t):
            out.append('    kzt_f80_to_%s((char *)&%s + %d);' %
                       (way, v, off))
        if t.kind == '<' and 'F[' in t.text():
            raise Unsupported('a function pointer inside a union')
        for off, proto in functions(t):
            out.append('    kzt_pointer_to_%s(&%s, (char *)&%s + %d);' %
                       ('native' if way == 'host' else 'guest',
                        self.callback(proto), v, off))

    # one value out of the guest's state, and one into it

    def load(self, v, t, place, out):
        """Declare @v and read it."""
        decl = declare(self.ctype(t), v)
        if t.is_aggregate():
            out.append('    %s;' % decl)
            size = layout(t)[1]
            if place.parts is None:
                out.append('    memcpy(&%s, kzt_stack(env, %d), sizeof(%s));'
                           % (v, place.stack, v))
            else:
                for k in range(len(place.parts)):
                    out.append('    memcpy((char *)&%s + %d, &%s, %d);' %
                               (v, 8 * k, source(place, k),
                                min(8, size - 8 * k)))
            self.members(v, t, 'host', out)
            return
        src = source(place)
        if t.kind == 'f':
            value = 'kzt_f32(%s)' % src
        elif t.kind == 'd':
            value = 'kzt_f64(%s)' % src
        elif t.kind == 'D':
            value = 'kzt_get_f80(kzt_stack(env, %d))' % place.stack
        elif t.kind == 'F':
            value = 'kzt_closure(&%s, %s)' % (self.callback(t.sub), src)
        elif t.kind == 'H':
            value = 'kzt_file(env, %s)' % src
        elif t.is_pointer():
            value = '(void *)(uintptr_t)%s' % src
        else:
            value = '(%s)%s' % (self.ctype(t), src)
        out.append('    %s = %s;' % (decl, value))

    def store(self, v, t, place, out):
        """Put @v where the guest function expects an argument."""
        if t.is_aggregate():
            self.members(v, t, 'guest', out)
            if place.parts is None:
                out.append('    memcpy(kzt_stack(env, %d), &%s, sizeof(%s));'
                           % (place.stack, v, v))
                return
            size = layout(t)[1]
            for k in range(len(place.parts)):
                out.append('    memcpy(&%s, (char *)&%s + %d, %d);' %
                           (source(place, k), v, 8 * k,
                            min(8, size - 8 * k)))
            return
        if t.kind == 'D':
            out.append('    kzt_set_f80(kzt_stack(env, %d), %s);' %
                       (place.stack, v))
            return
        if t.kind == 'F':
            v = 'kzt_guest_function(&%s, %s)' % (self.callback(t.sub), v)
        elif t.is_pointer():
            v = '(uintptr_t)' + v
        elif t.kind == 'f':
            v = 'kzt_bits32(%s)' % v
        elif t.kind == 'd':
            v = 'kzt_bits64(%s)' % v
        out.append('    %s = %s;' % (source(place), v))

    def put_result(self, r, out):
        """Native result `r` into the guest's result registers."""
        if r.kind == 'v':
            return
        if r.text() == 'D':
            out.append('    kzt_push_f80(env, r);')
        elif is_x87(r):
            out.append('    kzt_push_f80(env, r.m0);')
        elif r.kind == 'z':
            out.append('    kzt_push_f80(env, __imag__ r);')
            out.append('    kzt_push_f80(env, __real__ r);')
        elif result_in_memory(r):
            self.members('r', r, 'guest', out)
            out.append('    memcpy((void *)(uintptr_t)hidden, &r, sizeof(r));')
            out.append('    env->regs[R_EAX] = hidden;')
        elif r.is_aggregate():
            size = layout(r)[1]
            self.members('r', r, 'guest', out)
            for k, part in enumerate(result_parts(r)):
                out.append('    memcpy(&%s, (char *)&r + %d, %d);' %
                           (part, 8 * k, min(8, size - 8 * k)))
        elif r.kind == 'f':
            out.append('    kzt_put_f32(env, r);')
        elif r.kind == 'd':
            out.append('    kzt_put_f64(env, r);')
        elif r.kind == 'F':
            out.append('    env->regs[R_EAX] = kzt_guest_function(&%s, r);' %
                       self.callback(r.sub))
        elif r.kind == 'T' and r.name not in self.plain:
            out.append('    env->regs[R_EAX] = (uintptr_t)'
                       'kzt_struct_to_guest(&%s, r);' % self.struct(r.name))
        elif r.is_pointer():
            out.append('    env->regs[R_EAX] = (uintptr_t)r;')
        else:
            out.append('    env->regs[R_EAX] = %sr;' %
                       ('(uint32_t)' if r.kind in 'csiCSI' else ''))

    def get_result(self, r, out):
        """`r` from the guest's result registers."""
        if r.text() == 'D':
            out.append('    r = kzt_pop_f80(env);')
        elif is_x87(r):
            out.append('    r.m0 = kzt_pop_f80(env);')
        elif r.kind == 'z':
            out.append('    __real__ r = kzt_pop_f80(env);')
            out.append('    __imag__ r = kzt_pop_f80(env);')
        elif r.kind == 'v':
            pass
        elif result_in_memory(r):
            self.members('r', r, 'host', out)
        elif r.is_aggregate():
            size = layout(r)[1]
            for k, part in enumerate(result_parts(r)):
                out.append('    memcpy((char *)&r + %d, &%s, %d);' %
                           (8 * k, part, min(8, size - 8 * k)))
            self.members('r', r, 'host', out)
        elif r.kind == 'f':
            out.append('    r = kzt_f32(env->vregs[0].q[0]);')
        elif r.kind == 'd':
            out.append('    r = kzt_f64(env->vregs[0].q[0]);')
        elif r.kind == 'F':
            out.append('    r = kzt_closure(&%s, env->regs[R_EAX]);' %
                       self.callback(r.sub))
        elif r.kind == 'T' and r.name not in self.plain:
            out.append('    r = kzt_struct_to_native(&%s, (void *)(uintptr_t)'
                       'env->regs[R_EAX]);' % self.struct(r.name))
        elif r.is_pointer():
            out.append('    r = (void *)(uintptr_t)env->regs[R_EAX];')
        else:
            out.append('    r = (%s)env->regs[R_EAX];' % self.ctype(r))

    # guest calls native

    def function(self, name, key, lines):
        self.body.append(
            '/* %s */\nstatic void %s(CPUArchState *env, const KztFunction *f,'
            '\n%svoid *native)\n{\n%s\n}\n' %
            (key, name, ' ' * (len(name) + 13), '\n'.join(lines)))

    def wrapper(self, p, how=None, fresh=None, conditions=()):
        """@how: (kind, words) of a variadic description; @fresh: fields that
        hold something before the call; @conditions: (argument, value, other
        argument that is a FILE * then)."""
        key = self.key(p)
        for c in conditions:
            key += ' when %d=%d %d=H' % c
        if how:
            key += ' ' + ' '.join(how)
            if how[0] == 'select':
                key += ' ' + self.lib
        if fresh:
            key += ' fresh ' + ','.join(fresh)
        if key in self.wrappers:
            return self.wrappers[key]
        if p.result.kind in 'AHP':
            raise Unsupported('a va_list, a FILE * or a pointer to a function '
                              'pointer as result')
        has_list = any(a.kind == 'A' for a in p.args)
        if p.variadic and not how:
            raise Unsupported('variable arguments')
        if has_list and not (how and how[0] in ('vprintf', 'vscanf')):
            raise Unsupported('a va_list')
        where, ints, sses, stack = places(p)
        pre, post, vals = [], [], []
        if result_in_memory(p.result):
            pre.append('    uint64_t hidden = env->regs[R_EDI];')
        for i, (a, place) in enumerate(zip(p.args, where)):
            v = 'a%d' % i
            if a.kind == 'A':
                pre.append('    KztVaList %s;' % v)
                pre.append('    kzt_va_list_%s(&%s, %s, a%d);' %
                           (how[0][1:], v, source(place), i - 1))
                vals.append('kzt_va_host(&%s)' % v)
                continue
            self.load(v, a, place, pre)
            vals.append(v)
            if a.kind == 'P':
                cb = self.callback(a.sub)
                pre.append('    kzt_pointer_to_native(&%s, %s);' % (cb, v))
                post.append('    kzt_pointer_to_guest(&%s, %s);' % (cb, v))
            elif a.kind == 'T' and a.name in self.plain:
                continue
            elif a.kind == 'H':
                post.append('    kzt_file_done(env, %s);' % v)
            elif a.kind == 'T':
                st = self.struct(a.name)
                if fresh:
                    pre.append('    kzt_struct_fields_to_native(&%s, %s, %#x);'
                               % (st, v, self.field_mask(a.name, fresh)))
                else:
                    pre.append('    %s = kzt_struct_to_native(&%s, %s);' %
                               (v, st, v))
                post.append('    kzt_struct_to_guest(&%s, %s);' % (st, v))
        for arg, value, stream in conditions:
            pre.append('    if (a%d == %d) {\n        a%d = kzt_file(env, '
                       '(uintptr_t)a%d);\n    }' %
                       (arg, value, stream, stream))
        self.put_result(p.result, post)
        rt = self.ctype(p.result)
        if p.variadic:
            call = self.variadic_call(p, how, ints, sses, stack)
        else:
            call = ['((%s)native)(%s);' % (self.fn_type(p), ', '.join(vals))]
            if p.result.kind != 'v':
                call[0] = '%s = %s' % (declare(rt, 'r'), call[0])
        name = 'wrap%d' % len(self.wrappers)
        self.wrappers[key] = name
        self.function(name, key, pre + ['    ' + c for c in call] + post)
        return name

    def push(self, t, v, named):
        """Add a value to the argument list of a native call."""
        if t.kind == 'd':
            return 'kzt_arg_double(&args, %s, %s);' % (v, named)
        if t.kind == 'D':
            return 'kzt_arg_long_double(&args, %s, %s);' % (v, named)
        if t.is_pointer():
            return 'kzt_arg_int(&args, (intptr_t)%s);' % v
        if t.kind in 'lL':
            return 'kzt_arg_int(&args, (int64_t)%s);' % v
        if t.kind in 'csiCSI':
            return 'kzt_arg_int(&args, (int32_t)%s);' % v
        raise Unsupported('variable arguments behind such an argument')

    def variadic_call(self, p, how, ints, sses, stack):
        out = ['KztArgs args;', 'KztVaSource va;', '', 'kzt_args_begin(&args);']
        out += [self.push(a, 'a%d' % i, 'true') for i, a in enumerate(p.args)]
        out.append('kzt_va_begin(&va, env, %d, %d, %d);' % (ints, sses, stack))
        last = len(p.args) - 1
        if how[0] in ('printf', 'scanf', 'sentinel', 'count', 'variant',
                      'variant-out'):
            out.append('kzt_va_%s(&args, &va, a%d);' %
                       (how[0].replace('-', '_'), last))
        elif how[0] == 'words':
            out.append('kzt_va_words(&args, &va, %d);' % int(how[1]))
        elif how[0] == 'select':
            out += self.select(how)
        else:
            raise Unsupported('variable arguments')
        out.append('kzt_host_call(native, &args);')
        r = p.result
        if r.kind == 'd':
            out.append('double r = args.fp_result;')
        elif r.kind != 'v':
            if r.is_aggregate() or r.kind in 'fDFT':
                raise Unsupported('such a result with variable arguments')
            c = self.ctype(r)
            cast = '(uintptr_t)' if r.is_pointer() else ''
            out.append('%s = (%s)%sargs.int_result;' %
                       (declare(c, 'r'), c, cast))
        return out

    def select(self, how):
        """how: select, argument index, OP=TYPES ..."""
        out = ['switch (a%d) {' % int(how[1])]
        for item in how[2:]:
            op, _, sig = item.partition('=')
            out.append('default:' if op == '*' else 'case %s:' % op)
            for t in Parser('v(%s)' % sig).proto().args:
                if t.kind == 'F':
                    v = 'kzt_closure(&%s, kzt_va_int(&va))' % \
                        self.callback(t.sub)
                elif t.kind == 'T':
                    v = 'kzt_struct_to_native(&%s, (void *)(uintptr_t)' \
                        'kzt_va_int(&va))' % self.struct(t.name)
                elif t.kind == 'd':
                    v = 'kzt_va_double(&va)'
                else:
                    v = '(%s)kzt_va_int(&va)' % self.ctype(t)
                out.append('    ' + self.push(t, v, 'false'))
            out.append('    break;')
        return out + ['}']

    # native calls guest

    def host_entry(self, name, p):
        where, _, _, stack = places(p)
        r = p.result
        rt = self.ctype(r)
        args = ', '.join(declare(self.ctype(a), 'a%d' % i)
                         for i, a in enumerate(p.args)) or 'void'
        out, post = [], []
        if result_in_memory(r):
            out.append('    env->regs[R_EDI] = (uintptr_t)&r;')
        for i, (a, place) in enumerate(zip(p.args, where)):
            if a.kind == 'P':
                cb = self.callback(a.sub)
                out.append('    kzt_pointer_to_guest(&%s, a%d);' % (cb, i))
                post.append('    kzt_pointer_to_native(&%s, a%d);' % (cb, i))
            elif a.kind == 'T' and a.name not in self.plain:
                st = self.struct(a.name)
                out.append('    a%d = kzt_struct_to_guest(&%s, a%d);' %
                           (i, st, i))
                post.append('    kzt_struct_to_native(&%s, a%d);' % (st, i))
            self.store('a%d' % i, a, place, out)
        out.append('    kzt_call(&call);')
        self.get_result(r, out)
        text = '/* %s */\nstatic %s(%s)\n{\n' % (
            self.key(p), declare(rt, name + '_entry'), args)
        used = any('env' in line for line in out + post)
        text += '    KztCall call;\n    %skzt_call_begin(&call, %d);\n' % \
            ('CPUArchState *env = ' if used else '', stack - 8)
        if r.kind != 'v':
            text += '    %s;\n' % declare(rt, 'r')
        text += '\n' + '\n'.join(out + post) + '\n    kzt_call_end(&call);\n'
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
