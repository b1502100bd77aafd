#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Pass-through with real guests.

Each module has cases(emulator, folder of the host's libkzttest, scratch
folder, check) and calls check(name, function) for every case.
"""
import argparse
import importlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
# What measures the emulator's process.
MEASURES = ('dl-growth-on', 'dl-growth-slot', 'options-start_cost')
MODULES = ('options', 'planning', 'libtest', 'dl', 'programs',
           'abi')


def host_library(d, cc):
    """The host's copy of the test library, where no build folder has it."""
    subprocess.run([cc, '-O1', '-w', '-Wno-psabi', '-shared', '-fPIC',
                    '-pthread', '-Wl,-soname,libkzttest.so.1', '-o',
                    d / 'libkzttest.so.1', HERE / 'libkzttest.c'], check=True)
    return str(d)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--module', action='append')
    ap.add_argument('--only', default='',
                    help='regular expression: in the case\'s name')
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--nested', action='store_true',
                    help='the emulator runs in another one: leave out what '
                    'would measure that')
    ap.add_argument('--host-cc', default='gcc',
                    help='the compiler for the emulator\'s host')
    ap.add_argument('--host-libraries',
                    help='names of the libraries the host has; others need '
                    'not run natively')
    args = ap.parse_args()
    count = {'passed': 0, 'failed': 0, 'skipped': 0}
    emu = os.path.abspath(args.emulator)
    skips = set()

    def check(name, fn):
        if not re.search(args.only, name):
            return
        if args.nested and name in MEASURES:
            count['skipped'] += 1
            print(f'SKIP kzt/{name}: would measure the outer emulator')
            return
        try:
            fn()
            count['passed'] += 1
            print(f'ok   kzt/{name}', flush=True)
        except (AssertionError, subprocess.TimeoutExpired, OSError) as e:
            count['failed'] += 1
            print(f'FAIL kzt/{name}: {e}', flush=True)
        except Exception as e:  # pylint: disable=broad-except
            if type(e).__name__ != 'Skip':
                raise
            count['skipped'] += 1
            if str(e) not in skips:
                print(f'SKIP kzt/{name}: {e}', flush=True)
                skips.add(str(e))

    with tempfile.TemporaryDirectory(prefix='kzt-host-') as h:
        host = host_library(pathlib.Path(h), args.host_cc)
        for m in args.module or MODULES:
            start = time.monotonic()
            with tempfile.TemporaryDirectory(prefix='kzt-') as d:
                module = importlib.import_module(m)
                module.LONG = args.long
                module.HOST_LIBRARIES = args.host_libraries
                module.cases(emu, host, d, check)
            print(f'     {m}: {time.monotonic() - start:.1f} s', flush=True)
    print('kzt: {passed} passed, {failed} failed, {skipped} skipped'
          .format(**count))
    return 1 if count['failed'] or not count['passed'] else 0


if __name__ == '__main__':
    sys.exit(main())
