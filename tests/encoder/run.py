#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The LoongArch64 encoder against LLVM's assembler: each instruction of the
tables with the limits of its operands and with random ones.

The encoder is compiled for the machine at hand (it only writes words).
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DIR = ROOT / 'tcg/loongarch64'
ROW = re.compile(r'^LA\((\w+), "([^"]+)", "(\w+)", (\w+), (\w+)\)')
REGS = {'R': '$r', 'F': '$f', 'V': '$vr', 'X': '$xr', 'C': '$fcc',
        'T': '$fcsr'}
LLVM = ('llvm-mc-22', 'llvm-mc-21', 'llvm-mc-20')
FEATURES = ('+d,+lsx,+lasx,+lbt,+lvz,+frecipe,+lam-bh,+lamcas,+ld-seq-sa,'
            '+div32,+scq,+ual')


def rows():
    for name in 'la-base.def', 'la-lsx.def', 'la-lasx.def':
        for line in (DIR / name).read_text().splitlines():
            m = ROW.match(line)
            if m:
                yield m.groups()


def limits(enc):
    """[(lowest, highest, multiple)] of the immediates of an encoding."""
    out = []
    for part in enc.split('_')[1:] or [enc]:
        m = re.fullmatch(r'([USAM]L?)(\d+)(?:X(\d+))?', part)
        if not m:
            continue
        kind, bits, scale = m[1], int(m[2]), int(m[3] or 1)
        if kind == 'ML':
            return 'ML', bits
        if kind == 'A':
            out.append((1, 4, 1))
        elif kind == 'U':
            out.append((0, (1 << bits) - 1, 1))
        else:
            out.append((-(1 << bits - 1) * scale, ((1 << bits - 1) - 1) * scale,
                        scale))
    return out


def immediates(enc, pick):
    """One choice of the immediates: 0 all low, 1 all high, else random."""
    lim = limits(enc)
    if lim and lim[0] == 'ML':
        top = (1 << lim[1]) - 1
        lsb = (0, top)[pick] if pick < 2 else random.randint(0, top)
        msb = (0, top)[pick] if pick < 2 else random.randint(lsb, top)
        return [msb, lsb]
    return [(lo, hi)[pick] if pick < 2 else
            random.randrange(lo, hi + 1, step) for lo, hi, step in lim]


def instances(name, kinds, enc, count):
    """Operand lists, as numbers."""
    for pick in range(count):
        imm = immediates(enc, pick)
        ops = []
        for at, k in enumerate(kinds):
            # a number in a register's field comes first: preld, preldx
            if k == 'I' and not kinds.startswith('IR', at):
                ops.append(imm.pop(0))
            else:
                top = {'C': 7, 'T': 3}.get(k, 31)
                ops.append((0, top)[pick] if pick < 2 else
                           random.randint(0, top))
        if name.startswith('am') and kinds == 'RRR' and ops[0] in ops[1:]:
            # all three alike are no instruction
            ops[0] = next(r for r in range(1, 4) if r not in ops[1:])
        yield ops


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--count', type=int, default=24)
    args = ap.parse_args()
    llvm = next((x for x in LLVM if shutil.which(x)), None)
    cc = os.environ.get('CC', 'gcc')
    if not llvm or not shutil.which(cc):
        print(f'SKIP encoder: needs a C compiler and {LLVM[0]}')
        print('encoder: 0 passed, 0 failed, 1 skipped')
        return 0
    random.seed(1)
    texts, calls, owner = [], [], []
    for name, text, kinds, enc, _ in rows():
        for ops in instances(name, kinds, enc, args.count):
            shown = ', '.join(REGS.get(k, '') + str(o)
                              for k, o in zip(kinds, ops))
            texts.append(f'{text} {shown}')
            calls.append(f'la_{name}(a, {", ".join(map(str, ops))});')
            owner.append(name)
    with tempfile.TemporaryDirectory(prefix='encoder-') as d:
        d = pathlib.Path(d)
        body = '\n'.join(f'static void part{n}(LAAsm *a) {{\n' +
                         '\n'.join(calls[n:n + 2000]) + '\n}'
                         for n in range(0, len(calls), 2000))
        (d / 't.c').write_text(
            '#include "la-asm.h"\n' + body + f'''
static uint32_t out[{len(calls)}];
int main(void) {{
    LAAsm a = {{ .p = out }};
''' + '\n'.join(f'    part{n}(&a);' for n in range(0, len(calls), 2000)) + '''
    for (size_t i = 0; i < sizeof(out) / 4; i++) {
        printf("%08x\\n", out[i]);
    }
    return 0;
}
''')
        subprocess.run([cc, '-O0', '-w', '-I', DIR, '-I', ROOT / 'include',
                        '-o', d / 't', d / 't.c'], check=True)
        have = subprocess.run([d / 't'], capture_output=True, text=True,
                              check=True).stdout.split()
        (d / 't.s').write_text('\n'.join(texts) + '\n')
        p = subprocess.run([llvm, '-triple=loongarch64', f'-mattr={FEATURES}',
                            '-show-encoding', d / 't.s'],
                           capture_output=True, text=True)
    errors = {int(m[1]): m[2] for m in re.finditer(
        r'^\S*t\.s:(\d+):\d+: error: (.*)$', p.stderr, re.M)}
    words = [bytes(int(b, 16) for b in m[1].split(','))[::-1].hex()
             for m in re.finditer(r'encoding: \[([^\]]+)\]', p.stdout)]
    want, it = [], iter(words)
    for n in range(len(texts)):
        want.append(None if n + 1 in errors else next(it, None))
    bad = {}
    for n, (w, h) in enumerate(zip(want, have)):
        if w != h:
            why = errors.get(n + 1, w)
            bad.setdefault(owner[n], f'{texts[n]}: {h}, {llvm} {why}')
    for line in list(bad.values())[:20]:
        print('FAIL encoder/' + line)
    names = len(set(owner))
    print(f'{"FAIL" if bad else "ok  "} encoder: {names} instructions, '
          f'{len(texts)} cases, {len(bad)} instructions differ')
    print(f'encoder: {names - len(bad)} passed, {len(bad)} failed, 0 skipped')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
