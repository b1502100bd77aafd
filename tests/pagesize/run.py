#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""4 KiB programs on larger host pages.

* ELF files whose code and data share a host page, in several alignments, run
  with simulated pages of 16 and 64 KiB; with the loader's old widening
  (QEMU_TEST_WIDEN) they must break, or the test proves nothing.
* The guest programs, those of the loader, and a choice of real ones, with both
  page sizes.
* What large pages cost a program that never mixes them.

With --nested only the ELF files are run, without simulation: the emulator's
host has large pages itself.
"""
import argparse
import os
import pathlib
import re
import resource
import shlex
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
SIZES = (16384, 65536)
GUEST = ['code-modify', 'mem-alias', 'mem-calls', 'mem-coherent', 'mem-eof',
         'mem-futex', 'mem-huge', 'mem-random', 'mem-steps', 'mem-threads',
         'proc-exec', 'proc-fork', 'sig-fault', 'sig-stack', 'sys-code', 'sys-errors',
         'sys-ipc', 'sys-proc', 'thread-many']
REAL = ['bash-script', 'python-mix', 'sqlite3', 'git-work', 'openssl',
        'node-hello', 'gcc-compile-run', 'claude-code']
KERNELS = ('qsort', 'interp', 'string')
REAL_LONG = ['shell', 'languages', 'programs']


def link(work):
    """The program as the linker leaves it."""
    exe = work / 'linked'
    subprocess.run(['gcc', '-O1', '-w', '-ffreestanding', '-fno-pie',
                    '-fno-stack-protector', '-fcf-protection=none',
                    '-fno-asynchronous-unwind-tables', '-nostdlib', '-static',
                    '-no-pie', '-Wl,--build-id=none', '-Wl,-z,norelro',
                    '-Wl,-z,max-page-size=0x1000', '-Wl,-T,'
                    + str(HERE / 'layout.ld'), '-o', exe,
                    HERE / 'shared-page.c'], check=True)
    return bytearray(exe.read_bytes())


def lay_out(image, align, path, unordered=False):
    """Give both segments @align; the data moves away from the code in the
    file, so that the bytes before it are zeros."""
    image = bytearray(image)
    phoff, = struct.unpack_from('<Q', image, 32)
    n, = struct.unpack_from('<H', image, 56)
    for i in range(n):
        at = phoff + 56 * i
        kind, = struct.unpack_from('<I', image, at)
        offset, vaddr, _, filesz = struct.unpack_from('<4Q', image, at + 8)
        if kind != 1:
            continue
        struct.pack_into('<Q', image, at + 48, align)
        if vaddr > 0x402fff:
            where = 0x20000 + vaddr % 0x10000
            data = image[offset:offset + filesz]
            image += bytes(where - len(image)) + data
            struct.pack_into('<Q', image, at + 8, where)
    if unordered:
        first = image[phoff:phoff + 56]
        image[phoff:phoff + 56] = image[phoff + 56:phoff + 112]
        image[phoff + 56:phoff + 112] = first
    path.write_bytes(image)
    path.chmod(0o755)


class Suite:
    def __init__(self, emulator):
        self.emulator = emulator
        self.count = {'ok': 0, 'FAIL': 0, 'SKIP': 0}

    def report(self, verdict, name, why=''):
        self.count[verdict] += 1
        print(f'{verdict:4} pagesize/{name} {why}'.rstrip(), flush=True)

    def run(self, exe, size, extra=(), *args):
        # Code and busy data in one host page: never give up its permissions.
        env = {**os.environ, 'QEMU_STRICT_PAGES': 'on', **dict(extra)}
        if size:
            env['QEMU_HOST_PAGESIZE'] = str(size)
        return subprocess.run(self.emulator + [str(exe), *args], env=env, timeout=60,
                              capture_output=True, text=True)

    def elf(self, exe, name, size, align):
        p = self.run(exe, size)
        ok = (p.returncode, p.stdout) == (0, 'shared page ok\n')
        self.report('ok' if ok else 'FAIL', name,
                    '' if ok else f'status {p.returncode}: '
                    f'{p.stdout} {p.stderr[-200:]}')
        if align and align % (size or 16384) == 0:
            p = self.run(exe, size, [('QEMU_TEST_WIDEN', '1')])
            self.report('FAIL' if p.returncode == 0 else 'ok',
                        name + ' with the old widening',
                        f'breaks (status {p.returncode})' if p.returncode
                        else 'works: the test does not notice')

    def elf_files(self, work, sizes):
        image = link(work)
        for align in (0x1000, 0x4000, 0x10000):
            for unordered in (False, True):
                exe = work / f'align-{align:x}{"-unordered" * unordered}'
                lay_out(image, align, exe, unordered)
                p = subprocess.run([exe], capture_output=True, text=True)
                if p.returncode and not unordered:
                    self.report('FAIL', exe.name, 'natively')
                    continue
                if p.returncode:
                    continue    # the kernel wants ascending segments
                for size in sizes:
                    name = f'{exe.name} on {size // 1024} KiB' if size \
                        else exe.name
                    self.elf(exe, name, size, 0 if unordered else align)

    def others(self, script, size, names, extra=()):
        env = {**os.environ, 'QEMU_HOST_PAGESIZE': str(size)}
        p = subprocess.run([TESTS / script / 'run.py', '--emulator',
                            ' '.join(self.emulator), *extra, *names], env=env,
                           capture_output=True, text=True, errors='replace')
        seen = False
        for line in p.stdout.splitlines():
            m = re.match(r'(ok|FAIL|SKIP) +(\S.*)', line)
            if m:
                seen = True
                self.report(m[1], f'{size // 1024} KiB {m[2]}')
        if not seen:
            self.report('FAIL', f'{size // 1024} KiB {script}',
                        (p.stdout + p.stderr)[-400:])


    def cost(self, work):
        """Processor time on large pages against 4 KiB, the best of rounds in
        turns: nothing but the start may differ."""
        exe = str(work / 'kernels')
        subprocess.run(['gcc', '-O2', '-w', '-o', exe,
                        TESTS / 'bench/kernels.c', '-lm'], check=True)
        for kernel in KERNELS:
            best = {}
            for rounds in range(15):
                for size in (4096, *SIZES):
                    before = resource.getrusage(resource.RUSAGE_CHILDREN)
                    self.run(exe, size, [('QEMU_STRICT_PAGES', 'off')],
                             kernel).check_returncode()
                    after = resource.getrusage(resource.RUSAGE_CHILDREN)
                    best[size] = min(best.get(size, 1e9),
                                     after.ru_utime + after.ru_stime -
                                     before.ru_utime - before.ru_stime)
                worst = max(best.values()) / best[4096]
                if rounds >= 2 and worst < 1.1:
                    break
            self.report('FAIL' if worst > 1.15 else 'ok', f'cost of {kernel}',
                        ', '.join(f'{size // 1024} KiB: {t / best[4096]:.3f}'
                                  for size, t in best.items()))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--nested', action='store_true')
    ap.add_argument('--only', choices=['elf', 'cost', 'guest', 'loader', 'real'])
    args = ap.parse_args()
    suite = Suite(shlex.split(args.emulator))
    if os.uname().machine != 'x86_64':
        suite.report('SKIP', 'all', 'needs an x86-64 machine')
    else:
        with tempfile.TemporaryDirectory(prefix='pagesize-') as d:
            if args.only in (None, 'elf'):
                suite.elf_files(pathlib.Path(d),
                                (None,) if args.nested else SIZES)
            if args.only in (None, 'cost') and not args.nested:
                suite.cost(pathlib.Path(d))
        for size in () if args.nested else SIZES:
            if args.only in (None, 'guest'):
                suite.others('guest', size, [] if args.long else GUEST,
                             ['--long'] if args.long else
                             ['--jobs', str(os.cpu_count() or 1)])
            if args.only in (None, 'loader'):
                suite.others('loader', size, [])
            if args.only in (None, 'real'):
                suite.others('real', size, REAL_LONG if args.long else REAL)
    c = suite.count
    print(f'pagesize: {c["ok"]} passed, {c["FAIL"]} failed, {c["SKIP"]} '
          'skipped')
    return 1 if c['FAIL'] else 0


if __name__ == '__main__':
    sys.exit(main())
