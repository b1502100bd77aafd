#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Count executed LoongArch instructions per executed guest instruction.

The kernels run in the loongarch64 build under Debian's qemu-loongarch64, and
directly under Debian's qemu-x86_64, with the same CPU model, so that the same
guest code runs; a plugin counts in both.  A run of the same program that does
nothing is subtracted from either, so that starting up counts nothing;
translating the kernel does count.

The counted host has no vector unit, so the kernels are compiled without
vectorisation.  What vectors their libraries use does count.
"""
import argparse
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INT = ('sieve', 'qsort', 'crc', 'hash', 'interp', 'fib', 'string', 'sha256',
       'lz', 'json')
FP = ('nbody', 'spectral', 'mandel', 'libm', 'matrix')
CPU = 'Nehalem'
PREFIXES = ('/opt/loong64/bin/loongarch64-linux-gnu-',
            'loongarch64-linux-gnu-')


class Counter:
    def __init__(self, work, timeout):
        self.work = work
        self.timeout = timeout
        self.plugin = work / 'count.so'
        subprocess.run(['gcc', '-O2', '-w', '-shared', '-fPIC', '-o', self.plugin,
                        HERE / 'count-plugin.c'], check=True)

    def run(self, emulator, argv):
        """Instructions executed, or None."""
        out = self.work / 'count'
        out.unlink(missing_ok=True)
        try:
            subprocess.run([emulator[0], '-plugin', f'{self.plugin},out={out}',
                            *emulator[1:], *argv], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, timeout=self.timeout,
                           stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return None
        return int(out.read_text()) if out.exists() else None


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--builddir', default=str(ROOT / 'build-loongarch64'))
    ap.add_argument('--timeout', type=int, default=300)
    ap.add_argument('--emulator', help='measure this file, build nothing')
    ap.add_argument('--host', default='qemu-loongarch64',
                    help='the emulator of the host')
    ap.add_argument('--sysroot', help="the host's libraries")
    ap.add_argument('kernels', nargs='*')
    args = ap.parse_args()
    prefix = next((p for p in PREFIXES if shutil.which(p + 'gcc')), None)
    if not prefix or not all(map(shutil.which, (args.host, 'qemu-x86_64'))):
        print('bench-loongarch: needs a loongarch64 cross compiler and '
              'qemu-user')
        return 1
    if not args.emulator:
        for cmd in ([ROOT / 'configure', f'--builddir={args.builddir}',
                     f'--cross-prefix={prefix}'],
                    ['ninja', '-C', args.builddir, 'qemu-x86_64']):
            subprocess.run(cmd, check=True, stdout=subprocess.DEVNULL)
    sysroot = args.sysroot or subprocess.run(
        [prefix + 'gcc', '-print-sysroot'], text=True,
        capture_output=True).stdout.strip()
    host = [args.host, '-L', sysroot, args.emulator or
            os.path.join(args.builddir, 'qemu-x86_64'), '-accel', 'tcg',
            '-cpu', CPU]
    guest = [shutil.which('qemu-x86_64'), '-cpu', CPU]
    with tempfile.TemporaryDirectory(prefix='bench-') as d:
        work = pathlib.Path(d)
        exe = work / 'kernels'
        subprocess.run(['gcc', '-O2', '-fno-tree-vectorize', '-w', '-static',
                        '-no-pie', '-o', exe, HERE / 'kernels.c', '-lm'],
                       check=True)
        counter = Counter(work, args.timeout)
        base = [counter.run(e, [exe]) for e in (guest, host)]
        print(f'{"kernel":10} {"guest":>14} {"host":>15} {"ratio":>7}')
        for kind, names in ('integer', INT), ('floating point', FP):
            ratios = []
            for name in names:
                if args.kernels and name not in args.kernels:
                    continue
                n = [counter.run(e, [exe, name]) for e in (guest, host)]
                if None in n:
                    print(f'{name:10} more than {args.timeout} s')
                    continue
                n = [a - b for a, b in zip(n, base)]
                ratios.append(n[1] / n[0])
                print(f'{name:10} {n[0]:14} {n[1]:15} {ratios[-1]:7.2f}',
                      flush=True)
            if ratios:
                print(f'{kind}: geometric mean {mean(ratios):.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
