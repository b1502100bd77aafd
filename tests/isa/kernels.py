# SPDX-License-Identifier: GPL-2.0-or-later
"""Ordinary loops compiled for x86-64-v3: the same results to the last bit.

The program of the folder "kernels" prints a hash of what each of its loops
computed.  It is compiled by each compiler there is, run natively, and run in
the emulator in several ways.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
COMPILERS = [('gcc', ['-O3']), ('gcc', ['-Ofast']), ('clang', ['-O3'])]


def build(cc, flags, exe):
    objs = []

    def one(src):
        obj = exe.with_name(f'{exe.name}-{src.stem}.o')
        subprocess.run([cc, '-D_GNU_SOURCE', '-march=x86-64-v3', *flags, '-c',
                        src, '-o', obj], check=True)
        return obj

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        objs = list(pool.map(one, sorted((HERE / 'kernels').glob('*.c'))))
    subprocess.run([cc, '-o', exe, *objs, '-lm'], check=True)


def output(cmd, env=None):
    p = subprocess.run(cmd, capture_output=True, text=True, env=env,
                       stdin=subprocess.DEVNULL)
    return p.stdout.splitlines() + ([f'status {p.returncode}']
                                    if p.returncode else [])


def check(emu, no_avx, work, report):
    """Report a verdict for each compiler and way to run."""
    ways = [
        ('max', [emu], {}, 20),
        ('Haswell', [emu, '-cpu', 'Haswell'], {}, 20),
        ('sse2 host', [emu], {'QEMU_HOST_FEATURES': no_avx}, 4),
        ('interp', [emu, '-accel', 'interp'], {}, 1),
    ]
    with open('/proc/cpuinfo') as f:
        words = f.read().split()
    if not {'avx2', 'bmi2', 'fma', 'movbe', 'aes', 'pclmulqdq'} <= set(words):
        report('SKIP', 'kernels', 'this CPU is not x86-64-v3 with AES')
        return
    for i, (cc, flags) in enumerate(COMPILERS):
        name = f'kernels {cc} {" ".join(flags)}'
        if not shutil.which(cc):
            report('SKIP', name, f'{cc} is not installed')
            continue
        exe = work / f'kernels-{i}'
        build(cc, flags, exe)
        native = {n: output([exe, str(n)]) for n in {w[3] for w in ways}}
        for way, command, env, n in ways:
            if '-Ofast' in flags and way == 'interp':
                continue        # it computes what RCPPS of a CPU approximates
            want = native[n]
            got = output([*command, exe, str(n)], {**os.environ, **env})
            bad = [w.split()[0] for w, g in zip(want, got) if w != g]
            if len(want) < 30 or len(want) != len(got):
                bad.append(got[-1] if got else 'no output')
            report('FAIL' if bad else 'ok', f'{name}, {way}',
                   f'{len(want)} kernels' +
                   (f', differ: {" ".join(bad)}' if bad else ''))
