#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest programs: compiled for x86-64, run natively to prove the expectation,
then under the emulator; output and exit status must be the same.

A program may say how it wants to be treated in comments of its own:

    /* flags: -O2 -static */     more compiler flags
    /* args: a b */              its arguments
    /* timeout: 60 */            seconds, under the emulator
    /* only: native */           compile and run natively only
    /* also: -d nochain */       run once more with these emulator options
    /* known: why */             it is known to differ: counts as skipped then
    /* longargs: a b */          its arguments with --long
    /* env: A=1 B=2 */           environment of the emulator
    /* large: why */             skipped with larger host pages, which cannot
                                 do what it tests (--nested included)
    /* nested: why */            skipped with --nested, where the emulator's
                                 host is an emulated kernel itself

Standard error is not compared.  A program that prints `SKIP why` natively is
skipped.  The last line is `guest: N passed, N failed, N skipped`.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def directives(src):
    text = src.read_text()
    out = {'flags': '', 'args': '', 'timeout': '60', 'only': '', 'also': [],
           'known': '', 'nested': '', 'large': '', 'longargs': '', 'env': ''}
    for key, value in re.findall(r'/\* (\w+): (.*?) \*/', text):
        if key == 'also':
            out['also'].append(shlex.split(value))
        elif key in out:
            out[key] = value
    return out


# What the emulator says to -accel tcg on a host that has the interpreter alone.
NO_GENERATOR = b'no code generator for this host'


def run(cmd, cwd, timeout, env=None):
    try:
        p = subprocess.run(cmd, cwd=cwd, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=timeout, env=env)
    except subprocess.TimeoutExpired as e:
        return 'timeout', e.stdout or b'', e.stderr or b''
    return p.returncode, p.stdout, p.stderr


def difference(native, got):
    if native[:2] == got[:2]:
        return None
    lines = [f'status {got[0]}, native {native[0]}']
    a = native[1].decode(errors='replace').splitlines()
    b = got[1].decode(errors='replace').splitlines()
    for i in range(max(len(a), len(b))):
        x = a[i] if i < len(a) else '(nothing)'
        y = b[i] if i < len(b) else '(nothing)'
        if x != y:
            lines.append(f'line {i + 1}: {y!r}, native {x!r}')
            break
    err = got[2].decode(errors='replace').strip().splitlines()
    lines += [f'stderr: {x}' for x in err[-4:]]
    return '; '.join(lines)


class Tests:
    def __init__(self, args, work):
        self.args = args
        self.work = work
        self.emulator = shlex.split(args.emulator)
        self.count = {'ok': 0, 'FAIL': 0, 'SKIP': 0}

    def one(self, src):
        """All verdicts of one program: (verdict, name, why)."""
        d = directives(src)
        if self.args.nested and d['nested']:
            return [('SKIP', src.stem, d['nested'])]
        large = int(os.environ.get('QEMU_HOST_PAGESIZE', '0')) > 4096
        if d['large'] and (large or self.args.nested):
            return [('SKIP', src.stem, d['large'])]
        base = {**os.environ}
        if self.args.nested:
            base['GUEST_NESTED'] = '1'
        env = {**base, **dict(x.split('=') for x in d['env'].split())}
        if self.args.long and d['longargs']:
            d['args'] = d['longargs']
            d['timeout'] = str(float(d['timeout']) * 5)
        exe = self.work / src.stem
        cwd = self.work / (src.stem + '.dir')
        cwd.mkdir()
        cc = [self.args.cc, '-std=gnu11', '-O1', '-g', '-pthread', '-w',
              f'-I{HERE}', str(src), '-o', str(exe)]
        cc += shlex.split(d['flags']) + shlex.split(self.args.cflags)
        cc += ['-lm', '-lrt', '-ldl']
        p = subprocess.run(cc, capture_output=True, text=True)
        if p.returncode:
            return [('FAIL', src.stem, 'does not compile: ' + p.stderr[:300])]
        argv = [str(exe)] + shlex.split(d['args'])
        # On a busy machine a program that measures time may fail natively:
        # the reference gets three tries, the emulator one.
        for _ in range(3):
            native = run(argv, cwd, 60, base)
            if b'FAIL' not in native[1] and native[0] != 'timeout':
                break
        m = re.match(rb'SKIP (.*)', native[1])
        if m:
            return [('SKIP', src.stem, m[1].decode())]
        if b'FAIL' in native[1] or native[0] == 'timeout':
            return [('FAIL', src.stem, 'natively: '
                     + native[1].decode(errors='replace')[-300:])]
        if d['only'] == 'native':
            return [('ok', src.stem, 'native only')]
        out = []
        for extra in [[]] + d['also']:
            name = src.stem + (' ' + ' '.join(extra) if extra else '')
            got = run(self.emulator + extra + argv, cwd,
                      float(d['timeout']) * self.args.slow, env)
            why = difference(native, got)
            if got[0] == 1 and NO_GENERATOR in got[2]:
                out.append(('SKIP', name, 'the host has no code generator'))
            elif why and d['known']:
                out.append(('SKIP', name, f'{d["known"]}: {why}'))
            else:
                out.append(('FAIL', name, why) if why else ('ok', name, ''))
        return out

    def report(self, verdicts):
        for verdict, name, why in verdicts:
            self.count[verdict] += 1
            print(f'{verdict:4} guest/{name} {why}'.rstrip(), flush=True)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True,
                    help='command that runs an x86-64 program')
    ap.add_argument('--cc', default='gcc')
    ap.add_argument('--cflags', default='', help='for every program')
    ap.add_argument('--jobs', type=int, default=1)
    ap.add_argument('--slow', type=float, default=1.0,
                    help='factor on every time limit')
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--nested', action='store_true',
                    help='the host is itself emulated (qemu-user)')
    ap.add_argument('--keep', help='work directory to leave behind')
    ap.add_argument('names', nargs='*', help='programs to run (default all)')
    args = ap.parse_args()

    def finish(count):
        print(f'guest: {count["ok"]} passed, {count["FAIL"]} failed, '
              f'{count["SKIP"]} skipped')
        return 1 if count['FAIL'] else 0

    if os.uname().machine != 'x86_64' or not shutil.which(args.cc):
        print('SKIP guest: needs an x86-64 machine with a C compiler')
        return finish({'ok': 0, 'FAIL': 0, 'SKIP': 1})

    if args.nested:
        # The host of the emulator loses over execve what it keeps ignored.
        for s in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT:
            if signal.getsignal(s) == signal.SIG_IGN:
                signal.signal(s, signal.SIG_DFL)

    sources = sorted(HERE.glob('*.c'))
    if args.names:
        sources = [s for s in sources if s.stem in args.names]
    work = pathlib.Path(args.keep or tempfile.mkdtemp(prefix='guest-'))
    if args.keep:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
    tests = Tests(args, work)
    try:
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for verdicts in pool.map(tests.one, sources):
                tests.report(verdicts)
    finally:
        if not args.keep:
            shutil.rmtree(work, ignore_errors=True)
    return finish(tests.count)


if __name__ == '__main__':
    sys.exit(main())
