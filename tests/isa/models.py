# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU models: CPUID announces what can be executed, and nothing else.

"isa-test model" tries every form of the decoder's table and compares with
what CPUID says.  It runs natively, for each model, and for the largest model
without each of its features (with `long`, also for the smallest one with each
feature it does not have).
"""
import concurrent.futures
import os
import re
import subprocess


LOADER = '/lib64/ld-linux-x86-64.so.2'
LEVELS = {'qemu64': 1, 'Nehalem': 2, 'Haswell': 3, 'max': 3}
# No 64-bit program runs without.
BASE = {'fpu', 'cmov', 'fxsr', 'sse', 'sse2', 'syscall'}


def run(command):
    p = subprocess.run(['setarch', '-R', *map(str, command)],
                       capture_output=True, text=True,
                       stdin=subprocess.DEVNULL)
    lines = (p.stdout + p.stderr).splitlines()
    ok = not p.returncode and re.match(r'forms 1\d\d\d bad 0$',
                                       lines[-1] if lines else '')
    return ok, lines


def check_glibc(emu, report):
    """What the C library makes of the models: its choice of functions."""
    if not os.path.exists(LOADER):
        report('SKIP', 'model glibc', 'no C library of GNU here')
        return
    bad = []
    for model, level in LEVELS.items():
        text = subprocess.run([emu, '-cpu', model, LOADER, '--help'],
                              capture_output=True, text=True).stdout
        got = re.findall(r'x86-64-v(\d) \(supported', text)
        if max(map(int, got), default=1) != level:
            bad.append(f'{model}: {got}')
    report('FAIL' if bad else 'ok', 'model glibc',
           ', '.join(bad) or 'levels of x86-64 as the C library sees them')


def check(emu, exe, long, report):
    text = subprocess.run([emu, '-cpu', 'help'], capture_output=True,
                          text=True).stdout
    models, _, features = text.partition('Features')
    models = re.findall(r'^  (\w+)', models, re.M)
    features = features.split()[1:]
    specs = [(m, [m]) for m in models]
    specs.append(('max without a feature',
                  [f'max,-{f}' for f in features if f not in BASE]))
    if long:
        specs.append(('qemu64 with another feature',
                      [f'qemu64,+{f}' for f in features]))
    check_glibc(emu, report)
    ok, lines = run([exe, 'model'])
    report('ok' if ok else 'FAIL', 'model native', '; '.join(lines[-4:]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for name, models in specs:
            results = list(pool.map(
                lambda m: run([emu, '-cpu', m, exe, 'model']), models))
            bad = [f'{m}: {"; ".join(lines[-4:])}'
                   for m, (ok, lines) in zip(models, results) if not ok]
            report('FAIL' if bad or not models else 'ok', f'model {name}',
                   ' | '.join(bad[:6]) or
                   (results[0][1][-1] if len(models) == 1 else
                    f'{len(models)} of them'))
