# SPDX-License-Identifier: GPL-2.0-or-later
"""Signatures: the language of prototype lists, and where the System V x86-64
ABI puts arguments and results.

    v  void                     c C s S i I l L q Q  integers of 8, 16, 32,
    f d D  float, double,             64, 128 bits, capital = unsigned
           long double          x y z  _Complex of those
    p  pointer                  H  FILE *            A  va_list
    F[r(args)]  pointer to a function
    P[r(args)]  pointer to such a pointer
    T[name]     pointer to a structure that holds function pointers
    {types}  structure by value     <types>  union by value
    .  at the end: variadic     ?text?  something that cannot be carried
"""

# letter: C type, scalars inside as (offset, letter), size, alignment
BASE = {
    'c': ('int8_t', 'c', 1), 'C': ('uint8_t', 'C', 1),
    's': ('int16_t', 's', 2), 'S': ('uint16_t', 'S', 2),
    'i': ('int32_t', 'i', 4), 'I': ('uint32_t', 'I', 4),
    'l': ('int64_t', 'l', 8), 'L': ('uint64_t', 'L', 8),
    'p': ('void *', 'p', 8), 'H': ('void *', 'p', 8), 'A': ('void *', 'p', 8),
    'f': ('float', 'f', 4), 'd': ('double', 'd', 8),
    'D': ('long double', 'D', 16),
    'q': ('__int128', 'll', 16), 'Q': ('unsigned __int128', 'LL', 16),
    'x': ('float _Complex', 'ff', 4), 'y': ('double _Complex', 'dd', 8),
    'z': ('long double _Complex', 'DD', 16),
}
SIZE = {'c': 1, 's': 2, 'i': 4, 'l': 8, 'p': 8, 'f': 4, 'd': 8, 'D': 16}


class Unsupported(Exception):
    pass


class Type:
    """kind: 'v', a letter of BASE, 'F' or 'P' (sub: Proto), 'T' (name), '{' or
    '<' (sub: list of types)."""

    def __init__(self, kind, sub=None, name=None):
        self.kind, self.sub, self.name = kind, sub, name

    def text(self):
        if self.kind in 'FP':
            return '%s[%s]' % (self.kind, self.sub.text())
        if self.kind == 'T':
            return 'T[%s]' % self.name
        if self.kind in '{<':
            return self.kind + ''.join(t.text() for t in self.sub) + \
                '}>'['{<'.index(self.kind)]
        return self.kind

    def is_pointer(self):
        return self.kind in 'pFPTHA'

    def is_aggregate(self):
        """Copied as bytes, not as one register."""
        return self.kind in '{<qQxyz'


class Proto:
    def __init__(self, result, args, variadic):
        self.result, self.args, self.variadic = result, args, variadic

    def text(self):
        return '%s(%s%s)' % (self.result.text(),
                             ''.join(a.text() for a in self.args),
                             '.' if self.variadic else '')

    def walk(self):
        """All types, those of function pointers inside too."""
        for t in [self.result] + self.args:
            yield t
            if t.kind in 'FP':
                yield from t.sub.walk()


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
        if c in 'FP':
            self.i += 1
            p = self.proto()
            self.i += 1
            return Type(c, p)
        if c == 'T':
            self.i += 1
            return Type('T', name=self.until(']'))
        if c in '{<':
            sub = []
            while self.peek() not in '}>':
                sub.append(self.type())
            self.i += 1
            return Type(c, sub)
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


def layout(t):
    """([(offset, scalar letter)], size, alignment)"""
    if t.kind in 'FPT':
        return [(0, 'p')], 8, 8
    if t.kind not in '{<':
        _, parts, align = BASE[t.kind]
        step = SIZE[parts[0].lower() if parts[0] != 'D' else 'D']
        return ([(i * step, c) for i, c in enumerate(parts)],
                step * len(parts), align)
    out, pos, size, align = [], 0, 0, 1
    for m in t.sub:
        inner, n, al = layout(m)
        pos = 0 if t.kind == '<' else (size + al - 1) // al * al
        out += [(pos + o, c) for o, c in inner]
        size = max(size, pos + n)
        align = max(align, al)
    return out, (size + align - 1) // align * align, align


def functions(t, base=0):
    """(offset, Proto) of the function pointers in a structure by value."""
    if t.kind == 'F':
        return [(base, t.sub)]
    out, pos = [], 0
    for m in t.sub if t.kind == '{' else []:
        _, n, al = layout(m)
        pos = (pos + al - 1) // al * al
        out += functions(m, base + pos)
        pos += n
    return out


def long_doubles(t):
    return [o for o, c in layout(t)[0] if c == 'D'] if t.kind != 'v' else []


def is_x87(t):
    """Returned on the x87 stack as one value."""
    return t.text() in ('D', '{D}', '<D>')


def classes(t):
    """Register classes of the eightbytes of an argument; [] is memory."""
    if t.kind == 'v':
        return []
    fields, size, _ = layout(t)
    if size > 16 or size == 0 or any(c == 'D' for _, c in fields):
        return []
    cls = ['SSE'] * ((size + 7) // 8)
    for o, c in fields:
        if c not in 'fd':
            cls[o // 8] = 'INT'
    return cls


def result_in_memory(t):
    return t.kind not in 'vz' and not classes(t) and not is_x87(t)


class Place:
    """Where one argument is: parts (class, register number), or a stack
    offset from the caller's rsp at the call instruction's target."""

    def __init__(self, parts, stack):
        self.parts, self.stack = parts, stack


def places(p):
    """[Place] of the arguments, and what is used: ints, sses, stack end."""
    ints = 1 if result_in_memory(p.result) else 0
    sses, stack, out = 0, 8, []
    for a in p.args:
        cls = classes(a)
        if cls and ints + cls.count('INT') <= 6 and \
                sses + cls.count('SSE') <= 8:
            parts = []
            for c in cls:
                if c == 'INT':
                    parts.append(('INT', ints))
                    ints += 1
                else:
                    parts.append(('SSE', sses))
                    sses += 1
            out.append(Place(parts, None))
            continue
        _, size, align = layout(a)
        if align > 8:
            # The return address makes rsp + 8 the aligned address.
            stack = (stack - 8 + align - 1) // align * align + 8
        out.append(Place(None, stack))
        stack += (size + 7) // 8 * 8
    return out, ints, sses, stack
