#!/usr/bin/env python3
"""Turn insns.tbl into the C tables of the decoder.

usage: gen-insns.py insns.tbl --ops FILE      operation, feature, group enums
       gen-insns.py insns.tbl --tables FILE   rows and lookup tables
       gen-insns.py insns.tbl --list FILE     one line per form, for tests

The lookup structure: one root entry per (space, map, opcode) holds 0 (no such
instruction), a row number, or 0x8000 + the index of a node.  A node is a kind
followed by one entry per value of what the kind names (prefix, modrm.reg...).

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re
import sys

MAPS = {'0f': 1, '0f38': 2, '0f3a': 3}
PPS = {'np': {0}, '66': {1}, 'f3': {2}, 'f2': {3}, 'np66': {0, 1}}
CONDS = ['o', 'no', 'b', 'nb', 'z', 'nz', 'be', 'nbe',
         's', 'ns', 'p', 'np', 'l', 'nl', 'le', 'nle']
COND_READ = ['O', 'O', 'C', 'C', 'Z', 'Z', 'ZC', 'ZC',
             'S', 'S', 'P', 'P', 'SO', 'SO', 'SOZ', 'SOZ']
EFLAG = {'C': 0x1, 'P': 0x4, 'A': 0x10, 'Z': 0x40, 'S': 0x80, 'T': 0x100,
         'I': 0x200, 'D': 0x400, 'O': 0x800, '*': 0x8d5}
FLAG_WORDS = {'lock': 'LOCK', 'priv': 'PRIV', 'cond': 'FCOND', 'd64': 'D64',
              'f64': 'F64', 'byte': 'BYTE', 'rep': 'REP', 'stk': 'STACK',
              'ud': 'UD', 'str': 'STRING'}
ROW_FLAGS = {'LOCK': 0x1, 'PRIV': 0x2, 'ALIGN': 0x4, 'FCOND': 0x8,
             'D64': 0x10, 'F64': 0x20, 'BYTE': 0x40, 'VEX': 0x80,
             'VVVV': 0x100, 'REP': 0x200, 'MODRM': 0x400, 'STACK': 0x800,
             'UD': 0x1000, 'STRING': 0x2000, 'VSIB': 0x4000, 'CC': 0x8000,
             'MODREG': 0x10000, 'NO66': 0x20000, 'SLOW': 0x40000}
LOCS = ['none', 'E', 'G', 'R', 'M', 'I', 'J', 'O', 'S', 'C', 'D', 'V', 'W',
        'U', 'H', 'L', 'P', 'Q', 'N', 'B', 'Z', 'X', 'STi', 'A', 'CLreg',
        'DXreg', 'ONE', 'FS', 'GS', 'ST0']
FIXED = {'AL': ('A', 'b'), 'AX': ('A', 'w'), 'CL': ('CLreg', 'b'),
         'DX': ('DXreg', 'w'), '1': ('ONE', 'b'), 'FS': ('FS', 'v'),
         'GS': ('GS', 'v'), 'ST0': ('ST0', '10'), 'STi': ('STi', '10')}
# operand locations that use the modrm byte, and what they say about mod
MODRM_LOCS = set('EGRMSCDVWUPQNX') | {'STi'}
MEM_LOCS, REG_LOCS = {'M', 'X'}, {'U', 'N', 'R'}

# (register size, memory size) for operand size 1 2 4 8 and VEX.L 0 1
FIXED_SIZES = {'b': 1, 'sb': 1, 'w': 2, 'd': 4, 'q': 8, 'dq': 16}
SPLIT_SIZES = {'db': (4, 1), 'dw': (4, 2), 'dd': (4, 4), 'qd': (8, 4)}


def type_sizes(t):
    """Rows of eight sizes (operand size x L): register and memory."""
    def both(f):
        r = [f(1 << o, l) for o in range(4) for l in range(2)]
        return r, r
    if t in FIXED_SIZES:
        return both(lambda o, l: FIXED_SIZES[t])
    if t in SPLIT_SIZES:
        r, m = SPLIT_SIZES[t]
        return [r] * 8, [m] * 8
    if t == 'vw':
        return both(lambda o, l: o)[0], [2] * 8
    if t == 'v':
        return both(lambda o, l: o)
    if t == 'a':
        return [8] * 8, [8] * 8
    if t == 'y':
        return both(lambda o, l: 8 if o == 8 else 4)
    if t == 'z':
        return both(lambda o, l: 2 if o == 2 else 4)
    if t == 'zd':
        return both(lambda o, l: 2 if o == 2 else 4)[0], [4] * 8
    if t in ('env', 'sav'):
        small, big = (14, 28) if t == 'env' else (94, 108)
        return both(lambda o, l: small if o == 2 else big)
    if t == 'p':
        return both(lambda o, l: o + 2)
    if t in 'xhfe':
        div = {'x': 1, 'h': 2, 'f': 4, 'e': 8}[t]
        return both(lambda o, l: (16 << l) // div)
    if t.isdigit():
        return both(lambda o, l: int(t))
    sys.exit('unknown operand size ' + t)


class Row:
    def __init__(self):
        self.flags = set()
        self.constraints = {}
        self.alt = None
        self.names = None
        self.cond = None


def eflags(text):
    m = 0
    for c in text:
        m |= EFLAG[c]
    return m


def parse_operand(text):
    if text in FIXED:
        return FIXED[text]
    loc, size = text[0], text[1:]
    if loc not in LOCS:
        sys.exit('unknown operand ' + text)
    return (loc, size)


def parse_encoding(text):
    toks = text.split('.')
    vex = toks[0] == 'vex'
    if vex:
        toks = toks[1:]
    cons = {}
    n_hex = sum(1 for t in toks if re.fullmatch(r'[0-9a-f]{2}(\+|\+cc)?', t)
                and t not in ('b0', 'b1'))
    has_map = any(t in MAPS for t in toks)
    if toks[0] in PPS and (has_map or n_hex > 1 or toks[0] in ('np', 'np66')):
        cons['pp'] = PPS[toks[0]]
        toks = toks[1:]
    map_ = 0
    if toks[0] in MAPS:
        map_ = MAPS[toks[0]]
        toks = toks[1:]
    opcode, plus = None, ''
    for t in toks:
        m = re.fullmatch(r'([0-9a-f]{2})(\+|\+cc)?', t)
        if m and opcode is None:
            opcode, plus = int(m.group(1), 16), m.group(2) or ''
        elif re.fullmatch(r'/[0-7]', t):
            cons['reg'] = {int(t[1])}
        elif t in ('mem', 'reg'):
            cons['mod'] = {int(t == 'reg')}
        elif t.startswith('rm='):
            cons['rm'] = {int(t[3:])}
        elif t in ('w0', 'w1'):
            cons['w'] = {int(t[1])}
        elif t in ('b0', 'b1'):
            cons['b'] = {int(t[1])}
        elif t in ('l0', 'l1'):
            cons['l'] = {int(t[1])}
        elif t == 'lig':
            cons['lig'] = True
        else:
            sys.exit('bad encoding ' + text)
    return vex, cons, map_, opcode, plus


class Table:
    def __init__(self, path):
        self.rows = []
        self.groups = []
        self.ops = ['invalid']
        self.op_names = {}
        self.feats = []
        self.types = []
        with open(path) as f:
            for n, line in enumerate(f, 1):
                self.where = '%s:%d' % (path, n)
                line = line.split('#')[0].split()
                if not line:
                    continue
                if line[0] == '%group':
                    self.groups.append(line[1])
                    continue
                self.line(*line)

    def line(self, name, enc, operands, feats, *attrs):
        ops = [] if operands == '-' else operands.split(',')
        fl = feats.split('/')
        variants = re.match(r'\[(m?v?)\](.*)', name)
        if not variants:
            vex = enc.startswith('vex.')
            if not vex:
                self.add(name, enc, ops, feats, attrs)
            elif '.lig' in enc or '.l0' in enc or '.l1' in enc:
                self.add(name, enc, ops, fl[0], attrs)
            else:
                self.add_vex(name, enc, ops, fl, attrs)
            return
        kinds, base = variants.groups()
        # [m]: m= and attributes such as rw are for the legacy rows
        legacy = [o for o in ops if o[0] != 'H']
        lattrs = list(attrs)
        if len(legacy) != len(ops):
            lattrs.append('rw')
        lenc = re.sub(r'\.(lig|l[01])\b', '', enc)
        lenc = re.sub(r'\.w[01]\b', '', lenc)
        self.add(base, lenc, legacy, fl[0], [a for a in lattrs if a[:2] != 'm='])
        if 'm' in kinds:
            feat = [a[2:] for a in attrs if a.startswith('m=')][0]
            conv = {'V': 'P', 'W': 'Q', 'U': 'N'}
            mops = [conv[o[0]] + 'q' if o[0] in conv else o for o in legacy]
            self.add(base, lenc.replace('66.', 'np.', 1), mops, feat,
                     [a for a in lattrs if a[:2] != 'm='])
        if 'v' in kinds:
            vattrs = [re.sub('^n=', 'n=', a) for a in attrs if a[:2] != 'm=']
            vattrs = ['n=' + ':'.join('v' + x if x else '' for x in
                                      a[2:].split(':'))
                      if a.startswith('n=') else a for a in vattrs]
            self.add_vex('v' + base, 'vex.' + enc, ops, fl[1:], vattrs)

    def add_vex(self, name, enc, ops, fl, attrs):
        if '.lig' in enc:
            self.add(name, enc, ops, fl[0], attrs)
        elif len(fl) == 1:
            self.add(name, enc + '.l0', ops, fl[0], attrs)
        elif fl[0] == fl[1]:
            self.add(name, enc, ops, fl[0], attrs)
        else:
            self.add(name, enc + '.l0', ops, fl[0], attrs)
            self.add(name, enc + '.l1', ops, fl[1], attrs)

    def add(self, name, enc, operands, feats, attrs):
        vex, cons, map_, opcode, plus = parse_encoding(enc)
        for cc in range(16) if plus == '+cc' else [None]:
            r = Row()
            r.where, r.name, r.group = self.where, name, self.groups[-1]
            r.enc = enc
            r.constraints = {k: v for k, v in cons.items() if k != 'lig'}
            r.vex, r.map, r.cond = vex, map_, cc
            r.opcodes = [opcode + cc] if cc is not None else \
                list(range(opcode, (opcode | 7) + 1)) if plus == '+' else \
                [opcode]
            r.operands = [parse_operand(o) for o in operands]
            r.feats = [] if feats == '-' else feats.split('+')
            for f in r.feats:
                if f not in self.feats:
                    self.feats.append(f)
            self.properties(r, attrs)
            if name not in self.ops:
                self.ops.append(name)
            if r.names:
                self.op_names[name] = r.names
            for o in r.operands:
                if o[1] not in self.types:
                    self.types.append(o[1])
            self.rows.append(r)

    def properties(self, r, attrs):
        locs = [o[0] for o in r.operands]
        acc = ['w'] + ['r'] * 4 if locs else []
        r.r = r.w = r.u = 0
        r.branch = 'NONE'
        unal = al = addr = False
        for a in attrs:
            if a in FLAG_WORDS:
                r.flags.add(FLAG_WORDS[a])
            elif a == 'rw':
                acc[0] = 'rw'
            elif a == 'ro':
                acc = ['r'] * 5
            elif a == 'addr':
                addr = True
            elif a == 'unal':
                unal = True
            elif a == 'al':
                al = True
            elif a[:2] == 'a=':
                acc = a[2:].split(',')
            elif a[:2] == 'r=':
                r.r = eflags(a[2:])
            elif a[:2] == 'w=':
                r.w = eflags(a[2:])
            elif a[:2] == 'u=':
                r.u = eflags(a[2:])
            elif a[:3] == 'br=':
                r.branch = a[3:].upper()
            elif a[:4] == 'alt=':
                r.alt = a[4:]
            elif a[:2] == 'n=':
                r.names = a[2:].split(':')
            else:
                sys.exit('%s: unknown attribute %s' % (r.where, a))
        if r.cond is not None:
            r.flags.add('CC')
            r.r = eflags(COND_READ[r.cond])
        r.access = []
        r.mem = 0
        for i, loc in enumerate(locs):
            v = {'r': 1, 'w': 2, 'rw': 3}[acc[i]]
            if loc in 'IJ' or loc == 'ONE':
                v = 1
            if addr and loc in 'EM':
                v = 0
            r.access.append(v)
            if loc in ('E', 'M', 'W', 'Q', 'O', 'X'):
                r.mem = v
        c = r.constraints
        if r.vex:
            r.flags.add('VEX')
        if set(locs) & {'H', 'B'}:
            r.flags.add('VVVV')
        if 'X' in locs:
            r.flags |= {'VSIB', 'SLOW'}
        if set(locs) & {'S', 'C', 'D'}:
            r.flags.add('SLOW')
        if set(locs) & {'C', 'D'}:
            r.flags.add('MODREG')
        elif set(locs) & REG_LOCS:
            c['mod'] = {1}
        if set(locs) & MEM_LOCS:
            c['mod'] = {0}
        if set(locs) & MODRM_LOCS or set(c) & {'mod', 'reg', 'rm'}:
            r.flags.add('MODRM')
        if c.get('pp') == {1}:
            r.flags.add('NO66')
        wide = any(o[0] in 'WM' and o[1] in ('x', 'dq') for o in r.operands)
        if al or (wide and not r.vex and not unal and
                  r.group not in ('system',)):
            r.flags.add('ALIGN')


DIMS = [('b', 2), ('pp', 4), ('mod', 2), ('reg', 8), ('rm', 8), ('w', 2),
        ('l', 2)]


class Lookup:
    def __init__(self, table):
        self.nodes = []
        self.cache = {}
        self.roots = {}
        buckets = {}
        for i, r in enumerate(table.rows, 1):
            r.index = i
            for op in r.opcodes:
                buckets.setdefault((r.vex, r.map, op), []).append(r)
        for key, rows in buckets.items():
            self.roots[key] = self.build(rows, {})

    def build(self, rows, fixed):
        if not rows:
            return 0
        for d, n in DIMS:
            if d in fixed or not any(d in r.constraints for r in rows):
                continue
            out = []
            for v in range(n):
                sub = [r for r in rows
                       if v in r.constraints.get(d, range(n))]
                out.append(self.build(sub, dict(fixed, **{d: v})))
            if len(set(out)) == 1:
                return out[0]
            node = tuple([[x for x, _ in DIMS].index(d)] + out)
            if node not in self.cache:
                self.cache[node] = len(self.nodes)
                self.nodes.extend(node)
            return 0x8000 | self.cache[node]
        rows = sorted(rows, key=lambda r: -len(r.constraints))
        if len(rows) > 1 and \
                len(rows[0].constraints) == len(rows[1].constraints):
            sys.exit('%s and %s overlap' % (rows[0].where, rows[1].where))
        return rows[0].index


def cname(prefix, name):
    return 'X86_%s_%s' % (prefix, name.upper())


def emit_ops(t, out):
    out.append('/* Generated from insns.tbl; see decode.h. */')
    for prefix, names in (('OP', t.ops), ('FEAT', t.feats),
                          ('GRP', t.groups)):
        out.append('enum {')
        out += ['    %s,' % cname(prefix, n) for n in names]
        out.append('    X86_%s_COUNT' % prefix)
        out.append('};')
    if len(t.feats) > 64:
        sys.exit('more than 64 features')


def emit_tables(t, out):
    look = Lookup(t)
    out.append('/* Generated from insns.tbl; see decode.c. */')
    out.append('enum {')
    out += ['    LOC_%s,' % x for x in LOCS]
    out.append('};')
    for d, _ in DIMS:
        out.append('#define NODE_%s %d' % (d.upper(),
                                           [x for x, _ in DIMS].index(d)))
    for i, what in enumerate(('reg', 'mem')):
        out.append('static const uint16_t x86_size_%s[%d][8] = {' %
                   (what, len(t.types)))
        for ty in t.types:
            out.append('    { %s }, /* %s */' % (
                ', '.join(map(str, type_sizes(ty)[i])), ty))
        out.append('};')
    out += ['#define TYPE_%s %d' % (ty.upper(), i)
            for i, ty in enumerate(t.types)]
    out.append('const X86Row x86_rows[] = {')
    out.append('    { .op = X86_OP_INVALID },')
    by_name = {}
    for r in t.rows:
        by_name.setdefault(r.name, r)
    for r in t.rows:
        flags = 0
        for f in r.flags:
            flags |= ROW_FLAGS[f]
        feats = 0
        for f in r.feats:
            feats |= 1 << t.feats.index(f)
        locs = ['LOC_' + o[0] for o in r.operands]
        types = [str(t.types.index(o[1])) for o in r.operands]
        out.append('    { .op = %s, .alt = %d, .flags = 0x%x, '
                   '.features = 0x%xull,' % (
                       cname('OP', r.name),
                       by_name[r.alt].index if r.alt else 0, flags, feats))
        out.append('      .eflags_read = 0x%x, .eflags_write = 0x%x, '
                   '.eflags_undef = 0x%x,' % (r.r, r.w, r.u))
        out.append('      .group = %s, .branch = X86_BR_%s, .mem = %d, '
                   '.n_operands = %d,' % (cname('GRP', r.group), r.branch,
                                          r.mem, len(locs)))
        if locs:
            out.append('      .loc = { %s }, .type = { %s }, '
                       '.access = { %s } },' % (
                           ', '.join(locs), ', '.join(types),
                           ', '.join(map(str, r.access))))
        else:
            out[-1] += ' },'
    out.append('};')
    out.append('const unsigned x86_n_rows = %d;' % (len(t.rows) + 1))
    out.append('static const uint16_t x86_nodes[] = {')
    for i in range(0, len(look.nodes), 12):
        out.append('    ' + ', '.join(
            '0x%x' % x for x in look.nodes[i:i + 12]) + ',')
    out.append('};')
    if len(look.nodes) > 0x7fff:
        sys.exit('too many nodes')
    # spaces: 0..3 legacy maps, 4..6 VEX maps 1..3
    out.append('static const uint16_t x86_roots[7][256] = {')
    for space in range(7):
        vex, m = (False, space) if space < 4 else (True, space - 3)
        out.append('    {')
        vals = [look.roots.get((vex, m, op), 0) for op in range(256)]
        for i in range(0, 256, 12):
            out.append('        ' + ', '.join(
                '0x%x' % x for x in vals[i:i + 12]) + ',')
        out.append('    },')
    out.append('};')
    for var, names in (('x86_op_names[X86_OP_COUNT]', t.ops),
                       ('x86_feature_names[X86_FEAT_COUNT]', t.feats),
                       ('x86_group_names[X86_GRP_COUNT]', t.groups)):
        out.append('const char *const %s = {' % var)
        out += ['    "%s",' % n for n in names]
        out.append('};')
    out.append('static const struct { uint16_t op; const char *name[4]; } '
               'x86_sized_names[] = {')
    for n, names in t.op_names.items():
        names = (names + [''] * 4)[:4]
        out.append('    { %s, { %s } },' % (
            cname('OP', n),
            ', '.join('"%s"' % x if x else 'NULL' for x in names)))
    out.append('};')


def emit_list(t, out):
    for i, r in enumerate(t.rows, 1):
        ops = ','.join(o[0] + o[1] for o in r.operands) or '-'
        out.append('%d %s %s %s %s %s' % (
            i, r.name, r.group, r.enc, ops, '+'.join(r.feats) or '-'))


def main():
    table = Table(sys.argv[1])
    for opt, path in zip(sys.argv[2::2], sys.argv[3::2]):
        out = []
        {'--ops': emit_ops, '--tables': emit_tables,
         '--list': emit_list}[opt](table, out)
        with open(path, 'w') as f:
            f.write('\n'.join(out) + '\n')


if __name__ == '__main__':
    main()
