#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""AddressSanitizer and UndefinedBehaviorSanitizer: unit tests and a set of
guest programs must run without a report."""
import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = [
    ['/bin/true'],
    ['/bin/ls', '-l', '/usr/share/doc/bash'],
    ['/bin/bash', '-c', 'echo a | cat; for i in 1 2 3; do (exit $i); done'],
    ['/usr/bin/python3', '-c', 'import math, json, threading\n'
     't = threading.Thread(target=lambda: print(6 * 7))\n'
     't.start(); t.join(); print(math.sin(1), json.dumps([1, 2.5]))'],
    ['/bin/busybox', 'sh', '-c', 'echo static | busybox md5sum'],
    ['/usr/bin/perl', '-e', 'print join(",", map { $_ ** 2 } 1..20), "\\n"'],
    ['/usr/bin/sort', '/etc/passwd'],
]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--builddir', default=str(ROOT / 'build-sanitizers'))
    args = ap.parse_args()
    count = {'ok': 0, 'FAIL': 0, 'SKIP': 0}

    def report(verdict, name, why=''):
        count[verdict] += 1
        print(f'{verdict:4} sanitizers/{name} {why}', flush=True)

    env = dict(os.environ, ASAN_OPTIONS='detect_leaks=0:'
               'allow_user_segv_handler=1:handle_segv=0:handle_sigbus=0:'
               'handle_sigfpe=0:handle_sigill=0:use_sigaltstack=0:'
               'abort_on_error=0:exitcode=99',
               UBSAN_OPTIONS='halt_on_error=1:exitcode=98:'
               'print_stacktrace=1')
    p = subprocess.run([ROOT / 'configure', f'--builddir={args.builddir}',
                        '--enable-sanitizers'], capture_output=True,
                       text=True)
    if p.returncode == 0:
        p = subprocess.run(['ninja', '-C', args.builddir],
                           capture_output=True, text=True)
    if p.returncode:
        report('FAIL', 'build', (p.stdout + p.stderr)[-1500:])
    else:
        report('ok', 'build')
        p = subprocess.run(['meson', 'test', '-C', args.builddir, '--suite',
                            'unit', '--timeout-multiplier', '6',
                            '--print-errorlogs'], capture_output=True,
                           text=True, env=dict(env, QEMU_TEST_QUICK='1'))
        if p.returncode:
            report('FAIL', 'unit', p.stdout[-2500:])
        else:
            report('ok', 'unit')
        emu = os.path.join(args.builddir, 'qemu-x86_64')
        for argv in PROGRAMS:
            name = os.path.basename(argv[0])
            if not os.path.exists(argv[0]):
                report('SKIP', name, 'not installed')
                continue
            want = subprocess.run(argv, capture_output=True)
            got = subprocess.run([emu] + argv, capture_output=True, env=env,
                                 timeout=300)
            if (got.returncode, got.stdout) == (want.returncode,
                                                want.stdout):
                report('ok', name, f'{len(want.stdout)} bytes')
            else:
                report('FAIL', name, f'status {got.returncode}: '
                       f'{got.stderr[-1500:].decode(errors="replace")}')
    print(f'sanitizers: {count["ok"]} passed, {count["FAIL"]} failed, '
          f'{count["SKIP"]} skipped')
    return 1 if count['FAIL'] else 0


if __name__ == '__main__':
    sys.exit(main())
