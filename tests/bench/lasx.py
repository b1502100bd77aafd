#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Count executed LoongArch instructions for loops of 256-bit instructions, with
LASX and without it.

Debian's qemu-loongarch64 has no vectors, so another one has to be given (10.0 or
later).  It may lack plugins: what it executes of generated code is counted by its
log, one line per instruction.  Each loop runs N and 2 N rounds, whose difference
is what counts.  The number of guest instructions is counted the same way by
qemu-x86_64, if there is one that knows AVX2 (8.0 or later).
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ('saxpy', 'dot', 'compare', 'blend', 'sum', 'matrix')
ROUNDS = 8


def code_cache(emulator, argv, env):
    """Where the generated code is."""
    with tempfile.NamedTemporaryFile(mode='r') as log:
        subprocess.run(['setarch', '-R', *emulator, '-d', 'out_asm', '-D',
                        log.name, *argv], env={**os.environ, **env},
                       stdout=subprocess.DEVNULL)
        start = re.search('^(0x[0-9a-f]+): ', log.read(), re.M)[1]
    return start + '+0x4000000'


def count(emulator, argv, env, where):
    """Lines the emulator logs, one for each instruction it executes in @where."""
    with tempfile.TemporaryDirectory(prefix='lasx-') as d:
        log = os.path.join(d, 'log')
        os.mkfifo(log)
        run = subprocess.Popen(
            ['setarch', '-R', emulator[0], '-one-insn-per-tb', '-d',
             'exec,nochain', '-dfilter', where, '-D', log, *emulator[1:], *argv],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        lines = subprocess.run(['grep', '-c', '^Trace', log],
                               capture_output=True, text=True).stdout
        out = run.communicate()[0]
    return int(lines), out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--host', required=True,
                    help='qemu-loongarch64 with LASX and its options')
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--guest', help='qemu-x86_64 with AVX2')
    ap.add_argument('names', nargs='*', default=NAMES)
    args = ap.parse_args()
    host = [*args.host.split(), args.emulator, '-accel', 'tcg,cold=0']
    with tempfile.TemporaryDirectory(prefix='lasx-') as d:
        exe = os.path.join(d, 'avx2')
        subprocess.run(['gcc', '-O3', '-march=x86-64-v3', '-static', '-no-pie', '-o', exe,
                        HERE / 'avx2.c'], check=True)
        print(f'{"loop":10} {"guest":>9} {"LSX":>9} {"LASX":>9} '
              f'{"LASX/LSX":>9}')
        for name in args.names:
            got, outputs = [], []
            # as on a CPU
            ways = [(host, {'QEMU_HOST_FEATURES': '+exact,-lasx'}, None),
                    (host, {'QEMU_HOST_FEATURES': '+exact'}, None)]
            if args.guest:
                ways.insert(0, ([args.guest], {}, '0x400000+0x400000'))
            for emulator, env, where in ways:
                # the code is not always where it was found
                for _ in range(4):
                    at = where or code_cache(emulator, [exe, '', '1'], env)
                    n, out = zip(*(count(emulator, [exe, name, str(r)], env,
                                         at)
                                   for r in (ROUNDS, 2 * ROUNDS)))
                    if n[0] and n[1] > n[0]:
                        break
                got.append(n[1] - n[0])
                outputs.append(out)
            same = all(o == outputs[0] for o in outputs)
            if not args.guest:
                got.insert(0, 0)
            print(f'{name:10} {got[0]:9} {got[1]:9} {got[2]:9} '
                  f'{got[2] / got[1]:9.2f}{"" if same else "  DIFFERENT"}',
                  flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
