#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged ELF files through the whole emulator.

The header checks themselves are fuzzed in process (tests/unit/test-elfload.c,
tests/fuzz/fuzz-elfload.c); here truncated and mutated programs are loaded and
run.  Whatever is in the file, the emulator ends by itself with one of its
messages, or the guest ends by its own exit or a guest signal that is
reported; a crash of the emulator or a hang fails.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import subprocess
import sys
import tempfile

PROGRAM = '''
    .globl _start
_start: mov $1, %eax
    mov $1, %edi
    lea msg(%rip), %rsi
    mov $3, %edx
    syscall
    mov $60, %eax
    xor %edi, %edi
    syscall
    .data
msg: .ascii "ok\\n"
    .bss
    .skip 9000
'''
OWN = ('Error while loading', 'qemu-x86_64: ', 'qemu: uncaught target signal')


def mutate(rng, data):
    b = bytearray(data)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(b[:rng.randrange(len(b))])
    span = 64 if kind == 1 else 64 + 56 * 6
    for _ in range(rng.randrange(1, 6)):
        i = rng.randrange(span)
        b[i] = rng.choice([0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)])
    if kind == 3:
        i = 64 + 8 * rng.randrange(7 * 4)
        b[i:i + 8] = rng.choice([0, 1, 1 << 63, (1 << 64) - 1, 1 << 47,
                                 4095, (1 << 64) - 4096]).to_bytes(8, 'little')
    return bytes(b)


def run_one(emu, path, data):
    path.write_bytes(data)
    path.chmod(0o755)
    try:
        p = subprocess.run([emu, path], capture_output=True, timeout=20,
                           stdin=subprocess.DEVNULL, cwd=path.parent)
    except subprocess.TimeoutExpired:
        return 'hangs'
    err = p.stderr.decode(errors='replace')
    if p.returncode < 0 and 'uncaught target signal' not in err:
        return f'died of signal {-p.returncode}: {err[-200:]}'
    if p.returncode in (1, 255) and err and not err.startswith(OWN):
        return f'status {p.returncode} with {err[-200:]!r}'
    return None


def kzt_dynamic(tmp, count):
    """The dynamic parser's own loop, with the sanitizers."""
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    exe = tmp / 'fuzz-kzt-dynamic'
    subprocess.run(['gcc', '-std=gnu11', '-D_GNU_SOURCE', '-O1', '-g',
                    '-fsanitize=address,undefined',
                    '-fno-sanitize-recover=all', '-DFUZZ_LOOP',
                    '-Iinclude', '-I.', '-o', exe,
                    'tests/fuzz/fuzz-kzt-dynamic.c', 'kzt/dynamic.c',
                    'kzt/image.c'], cwd=root, check=True)
    p = subprocess.run([exe, str(count), str(random.randrange(1 << 30))],
                       capture_output=True, text=True, errors='replace')
    print(f'{"FAIL" if p.returncode else "ok  "} fuzz/kzt-dynamic '
          f'{(p.stdout if not p.returncode else p.stderr[-600:]).strip()}')
    return p.returncode == 0


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--seed', type=int, default=1)
    args = ap.parse_args()
    emu = os.path.abspath(args.emulator)
    n = 20000 if args.long else 2000
    rng = random.Random(args.seed)
    failures = []
    with tempfile.TemporaryDirectory(prefix='fuzz-') as d:
        d = pathlib.Path(d)
        parser_ok = kzt_dynamic(d, 20000000 if args.long else 1000000)
        (d / 'p.s').write_text(PROGRAM)
        originals = []
        for name, flags in (('static', ['-static']),
                            ('pie', ['-static-pie', '-fPIE'])):
            subprocess.run(['gcc', '-nostdlib', *flags, '-o', d / name,
                            d / 'p.s'], check=True)
            p = subprocess.run([emu, d / name], capture_output=True)
            assert p.stdout == b'ok\n', (name, p)
            originals.append((d / name).read_bytes())
        originals.append(pathlib.Path('/bin/true').read_bytes())
        jobs = [(i, mutate(rng, rng.choice(originals))) for i in range(n)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for (i, data), bad in zip(jobs, pool.map(
                    lambda j: run_one(emu, d / f'f{j[0]}', j[1]), jobs)):
                if bad:
                    failures.append(f'file {i} (seed {args.seed}): {bad}')
                (d / f'f{i}').unlink(missing_ok=True)
    for f in failures[:10]:
        print('   ', f)
    print(f'{"FAIL" if failures else "ok  "} fuzz/elf-files {n} files, '
          f'{len(failures)} failures')
    passed = (not failures) + parser_ok
    print(f'fuzz: {passed} passed, {2 - passed} failed, 0 skipped')
    return 0 if passed == 2 else 1


if __name__ == '__main__':
    sys.exit(main())
