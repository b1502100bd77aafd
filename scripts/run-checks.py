#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the test suites and add up what they report.

Every suite is a command that ends with a line `NAME: N passed, N failed, N
skipped`; unit tests are TAP programs under `meson test`.  The last line
printed is the total, `N passed, N failed, N skipped`; the exit status is 1 if
anything failed or a suite ended without its line.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINE = re.compile(r'(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$')


def stream(cmd, **kw):
    """Run, echo the output, return (status, lines)."""
    lines = []
    p = subprocess.Popen(cmd, cwd=ROOT, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors='replace',
                         stdin=subprocess.DEVNULL, **kw)
    for line in p.stdout:
        lines.append(line.rstrip('\n'))
        print(line, end='', flush=True)
    return p.wait(), lines


def script(cmd):
    """A suite that prints its own closing line."""
    status, lines = stream(cmd)
    for line in reversed(lines[-5:]):
        m = LINE.search(line)
        if m:
            p, f, s = (int(x or 0) for x in m.groups())
            if status and not f:
                f += 1
            return p, f, s
    print(f'{cmd[0]}: ended with status {status} and no count')
    return 0, 1, 0


def checker(cmd):
    """A checker: one test, passed when it exits 0."""
    status, _ = stream(cmd)
    return (1, 0, 0) if status == 0 else (0, 1, 0)


def with_kzt(emu, cmd):
    """A suite for emulators with pass-through."""
    out = subprocess.run([emu, '-version'], capture_output=True, text=True,
                         check=False).stdout
    if 'pass-through not built in' in out:
        print('SKIP: the emulator is built without pass-through')
        return 0, 0, 1
    return script(cmd)


def docs():
    """The manual builds without a warning."""
    if not shutil.which('sphinx-build'):
        print('SKIP docs: sphinx-build is not installed')
        return 0, 0, 1
    with tempfile.TemporaryDirectory() as out:
        return checker(['sphinx-build', '-q', '-W', '--keep-going',
                        '-d', f'{out}/doctrees', 'docs', f'{out}/html'])


def unit(build, long):
    """@long: the decoder against Zydis on 100 million byte strings."""
    env = {**os.environ, 'TEST_DECODE_COUNT': '50000000'} if long else None
    status, _ = stream(['meson', 'test', '-C', build, '--suite', 'unit',
                        '--num-processes', str(os.cpu_count() or 1),
                        '--print-errorlogs'], env=env)
    p = f = s = 0
    log = pathlib.Path(build) / 'meson-logs' / 'testlog.json'
    if not log.exists():
        print('unit: no test ran')
        return 0, 1, 0
    for line in log.read_text().splitlines():
        t = json.loads(line)
        oks = re.findall(r'^(not ok|ok)\b(.*)$', t.get('stdout', ''), re.M)
        for verdict, rest in oks:
            if verdict == 'not ok':
                f += 1
            elif '# SKIP' in rest:
                s += 1
            else:
                p += 1
        if t['result'] not in ('OK', 'SKIP') and \
                not any(v == 'not ok' for v, _ in oks):
            print(f'unit: {t["name"]}: {t["result"]}')
            f += 1
    if status and not f:
        f = 1
    print(f'unit: {p} passed, {f} failed, {s} skipped')
    return p, f, s


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--build', required=True)
    ap.add_argument('--only', action='append', default=[])
    ap.add_argument('--long', action='store_true')
    args = ap.parse_args()
    emu = os.path.abspath(args.emulator)
    build = os.path.abspath(args.build)
    long = ['--long'] if args.long else []

    suites = [
        ('style', lambda: checker(['scripts/checkstyle'])),
        ('layers', lambda: checker(['scripts/checklayers'])),
        ('docs', docs),
        ('lift', lambda: script(['scripts/checklift'])),
        ('unit', lambda: unit(build, args.long)),
        ('cli', lambda: script(['tests/cli/run.py', '--emulator', emu])),
        ('guest', lambda: script(['tests/guest/run.py', '--emulator', emu])),
        ('isa', lambda: script(['tests/isa/run.py', '--emulator', emu,
                                '--build', build] + long)),
        ('loader', lambda: script(['tests/loader/run.py', '--emulator',
                                   emu] + long)),
        ('kzt', lambda: with_kzt(emu, ['tests/kzt/run.py', '--emulator', emu]
                                 + long)),
        ('pagesize', lambda: script(['tests/pagesize/run.py', '--emulator',
                                     emu] + long)),
        ('real', lambda: script(['tests/real/run.py', '--emulator', emu]
                                + long)),
        ('fuzz', lambda: script(['tests/fuzz/run.py', '--emulator', emu]
                                + long)),
        ('encoder', lambda: script(['tests/encoder/run.py'])),
        ('hosts', lambda: script(['tests/hosts/run.py'] + long)),
        ('sanitizers', lambda: script(['tests/sanitizers/run.py'] + long)),
    ]
    total = [0, 0, 0]
    rows = []
    for name, fn in suites:
        if args.only and name not in args.only:
            continue
        print(f'== {name}', flush=True)
        start = time.monotonic()
        counts = fn()
        rows.append((name, counts, time.monotonic() - start))
        total = [a + b for a, b in zip(total, counts)]
    print('== summary')
    for name, (p, f, s), sec in rows:
        print(f'{name:12} {p:6} passed {f:4} failed {s:4} skipped'
              f' {sec:8.1f} s')
    print(f'{total[0]} passed, {total[1]} failed, {total[2]} skipped')
    return 1 if total[1] or not total[0] else 0


if __name__ == '__main__':
    sys.exit(main())
