# SPDX-License-Identifier: GPL-2.0-or-later
"""Long double: x87 instructions, the C library's functions, printing.

x87/longdouble.c prints what each function returned for random arguments.  On
the x87 of a host all of it must be the same as natively.  The portable code
(QEMU_X87=soft, foreign hosts) computes the transcendental instructions with
128 bits and rounds once, where each CPU model has its own last bit: there
they may be one unit away, and library functions made of several of them three.
"""
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
COUNT = 2000
UNITS = {'insn': 1, 'libm': 3}      # of the last place, portable code


def build(exe):
    subprocess.run(['gcc', '-O2', '-D_GNU_SOURCE', '-static', '-o', exe,
                    HERE / 'x87/longdouble.c', '-lm'], check=True)


def output(cmd, env):
    p = subprocess.run(list(map(str, cmd)), capture_output=True, text=True,
                       env={**os.environ, **env}, stdin=subprocess.DEVNULL)
    return [line.split() for line in p.stdout.splitlines()]


def position(text):
    """Of a number in hex digits, among all in order."""
    exp, mant = int(text[:4], 16), int(text[4:], 16)
    n = ((exp & 0x7fff) << 63) + (mant & (1 << 63) - 1)
    return -n if exp >> 15 else n


def compare(want, got, soft):
    """Functions that differ too much, and a text about the rest."""
    bad, other, total = [], 0, 0
    if len(want) < 50 or len(want) != len(got):
        return ['number of functions'], ''
    for w, g in zip(want, got):
        total += len(w) - 2
        if w == g:
            continue
        limit = UNITS.get(w[0], 0) if soft else 0
        if w[:2] != g[:2] or len(w) != len(g) or not limit:
            bad.append(w[1])
            continue
        apart = [abs(position(a) - position(b))
                 for a, b in zip(w[2:], g[2:])]
        other += sum(a > 0 for a in apart)
        if max(apart) > limit:
            bad.append(f'{w[1]} by {max(apart)}')
    return bad, f'{len(want)} functions, {total} results' + \
        (f', {other} of them 1 to 3 units away' if soft else '')


def check_one(command, env, exe, count, soft, name, report):
    want = output([exe, count], {})
    bad, text = compare(want, output([*command, exe, count], env), soft)
    report('FAIL' if bad else 'ok', f'long double {name}', text +
           (f'; differ: {" ".join(bad[:12])}' if bad else ''))


def check(emu, work, report):
    exe = work / 'longdouble'
    build(exe)
    check_one([emu], {}, exe, COUNT, False, 'tcg', report)
    check_one([emu, '-accel', 'interp'], {}, exe, COUNT // 4, False, 'interp',
              report)
    check_one([emu], {'QEMU_X87': 'soft'}, exe, COUNT, True, 'portable',
              report)
