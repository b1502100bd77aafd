#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What pass-through costs and brings: the same program natively, emulated and
with native libraries, interleaved; minima of CPU time.  Exits 1 when a goal
is missed (--goals)."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# name, unit, what, goal: ns for 'ns', share of native speed for 'x'
ROWS = [('own', 'ns', 'int f(int) of the program itself', None),
        ('call', 'ns', 'int f(int) of a library', 20),
        ('struct', 'ns', 'a structure of two doubles there and back', None),
        ('callback', 'ns', 'a library calls int f(int) of the program', 60),
        ('deflate', 'x', 'zlib compress2()', 0.9),
        ('inflate', 'x', 'zlib uncompress()', 0.9),
        ('sha256', 'x', 'SHA256() of libcrypto', 0.9),
        ('evp', 'x', 'EVP_DigestUpdate() in pieces of 4 KiB', 0.9),
        ('composite', 'x', 'pixman_image_composite32()', 0.9)]


def build(d):
    for sub in 'guest', 'host':
        (d / sub).mkdir()
        subprocess.run(['gcc', '-O2', '-w', '-shared', '-fPIC', '-pthread',
                        '-Wl,-soname,libkzttest.so.1', '-o',
                        d / sub / 'libkzttest.so.1', HERE / 'libkzttest.c'],
                       check=True, stderr=subprocess.DEVNULL)
    flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'pixman-1',
                            'zlib', 'libcrypto'], capture_output=True,
                           text=True, check=True).stdout.split()
    subprocess.run(['gcc', '-O2', '-w', '-o', d / 'bench', HERE / 'bench.c',
                    d / 'guest/libkzttest.so.1', f'-Wl,-rpath,{d}/guest',
                    *flags], check=True)
    return d / 'bench'


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--rounds', type=int, default=3)
    ap.add_argument('--only', default='')
    ap.add_argument('--goals', action='store_true')
    args = ap.parse_args()
    emu = os.path.abspath(args.emulator)
    missed = 0
    with tempfile.TemporaryDirectory(prefix='kzt-bench-') as t:
        d = pathlib.Path(t)
        prog = build(d)
        env = {'PATH': '/usr/bin:/bin', 'LD_LIBRARY_PATH': str(d / 'host')}
        guest = [emu, '-E', 'LD_LIBRARY_PATH=']
        ways = {'native': [], 'emulated': guest + ['-kzt', 'off'],
                'entry': guest + ['-kzt', 'on,+experimental'],
                'slot': guest + ['-kzt', 'on,+experimental,method=slot']}
        print(f'{"":52}' + ''.join(f'{w:>11}' for w in ways) +
              '  of native')
        for name, unit, what, goal in ROWS:
            if args.only not in name:
                continue
            best = dict.fromkeys(ways, 1e99)
            for _ in range(args.rounds):
                for w, prefix in ways.items():
                    p = subprocess.run([*prefix, prog, name], env=env,
                                       capture_output=True, text=True,
                                       check=True)
                    best[w] = min(best[w], float(p.stdout))
            got = best['native'] / best['entry']
            ok = goal is None or (best['entry'] <= goal if unit == 'ns'
                                  else got >= goal)
            missed += not ok
            print(f'{name:10} {what:41}' +
                  ''.join(f'{v:8.2f} ns' for v in best.values()) +
                  f'{got:10.2f}' + ('' if ok else f'   goal {goal}'),
                  flush=True)
    return 1 if args.goals and missed else 0


if __name__ == '__main__':
    sys.exit(main())
