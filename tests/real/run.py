#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run real programs natively and in the emulator and compare.

Cases come from cases/*.toml.  Each case runs twice in a fresh directory of its
own: natively, and under the emulator with default options.  Standard output
and exit status must be identical (standard error too where `stderr = true`).

A case:
    [[case]]
    name = "bash-pipes"
    sh = "..."            # a script for /bin/bash -c (bash itself emulated)
    run = ["prog", "a"]   # or a program and its arguments
    build = "..."         # a script run natively once, in directory $BUILT
    needs = ["git"]       # programs; the case is skipped without them
    paths = ["/usr/..."]  # files; likewise
    timeout = 120         # seconds for the emulated run
    drop = ["regex"]      # parts of the output that may differ
    long = true           # only with --long
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/usr/games:/usr/lib/go/bin'


def load_cases():
    cases = []
    for f in sorted((HERE / 'cases').glob('*.toml')):
        for case in tomllib.loads(f.read_text())['case']:
            case['group'] = f.stem
            cases.append(case)
    names = [c['name'] for c in cases]
    dup = {n for n in names if names.count(n) > 1}
    assert not dup, f'duplicate case names: {dup}'
    return cases


def missing(case):
    for prog in case.get('needs', []):
        if not shutil.which(prog, path=PATH):
            return f'{prog} is not installed'
    for p in case.get('paths', []):
        if not os.path.exists(p):
            return f'{p} is not there'
    return None


def argv_of(case):
    if 'sh' in case:
        return ['/bin/bash', '-c', case['sh']]
    prog = case['run'][0]
    if '/' not in prog:
        prog = shutil.which(prog, path=PATH)
    return [prog] + case['run'][1:]


def base_env(work, top, built):
    return {'PATH': PATH, 'HOME': work, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC',
            'TERM': 'dumb', 'DATA': str(HERE / 'data'), 'BUILT': built,
            'GOCACHE': os.path.join(top, 'gocache'), 'USER': 'tester',
            'GO111MODULE': 'off'}


def run_once(case, prefix, timeout, built):
    """One run; returns (status, stdout, stderr, seconds)."""
    with tempfile.TemporaryDirectory(prefix='real-') as top:
        # One depth and length of path natively and emulated.
        work = os.path.join(top, 'work')
        os.mkdir(work)
        env = base_env(work, top, built)
        for k in ('QEMU_HOST_PAGESIZE', 'QEMU_HOST_FEATURES', 'QEMU_ACCEL'):
            if prefix and k in os.environ:
                env[k] = os.environ[k]
        start = time.monotonic()
        p = subprocess.Popen(prefix + argv_of(case), cwd=work, env=env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = p.communicate(timeout=timeout)
            status = p.returncode
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            out, err = p.communicate()
            status = f'timeout after {timeout} s'
        finally:
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return (status, out.replace(work.encode(), b'$WORK'),
                err.replace(work.encode(), b'$WORK'),
                time.monotonic() - start)


def normalise(case, data):
    for pat in case.get('drop', []):
        data = re.sub(pat.encode(), b'', data, flags=re.M)
    return data


def first_difference(a, b):
    la, lb = a.split(b'\n'), b.split(b'\n')
    for i in range(max(len(la), len(lb))):
        x = la[i] if i < len(la) else b'<end>'
        y = lb[i] if i < len(lb) else b'<end>'
        if x != y:
            return (f'    line {i + 1}\n      native:   {x[:160]!r}\n'
                    f'      emulated: {y[:160]!r}')
    return ''


def run_case(case, emulator):
    why = missing(case)
    if why:
        return case, 'SKIP', why, 0, 0
    with tempfile.TemporaryDirectory(prefix='built-') as built:
        if 'build' in case:
            p = subprocess.run(['/bin/bash', '-ec', case['build']], cwd=built,
                               env={**os.environ, 'DATA': str(HERE / 'data'),
                                    'BUILT': built, 'PATH': PATH},
                               stdin=subprocess.DEVNULL, capture_output=True,
                               text=True)
            if p.returncode:
                if case.get('build_may_fail'):
                    return (case, 'SKIP', 'cannot be set up here: ' +
                            p.stderr[-200:].strip(), 0, 0)
                return (case, 'FAIL', 'build: ' + p.stderr[-300:], 0, 0)
        return compare(case, emulator, built)


def compare(case, emulator, built):
    timeout = case.get('timeout', 120)
    # Native runs of timing-sensitive programs may fail on a busy machine: the
    # reference gets three tries, the emulator one.
    for _ in range(3):
        nst, nout, nerr, nsec = run_once(case, [], timeout, built)
        if nst == case.get('status', 0):
            break
    if isinstance(nst, str) or nst != case.get('status', 0):
        return (case, 'FAIL', f'native run: status {nst}, expected '
                f'{case.get("status", 0)}: {nerr[-300:]!r}', nsec, 0)
    if not nout and not case.get('silent'):
        return case, 'FAIL', 'native run prints nothing to compare', nsec, 0
    est, eout, eerr, esec = run_once(case, emulator, timeout, built)
    nout, eout = normalise(case, nout), normalise(case, eout)
    problems = []
    if est != nst:
        problems.append(f'status: native {nst}, emulated {est}')
    if eout != nout:
        problems.append('output differs:\n' + first_difference(nout, eout))
    if case.get('stderr') and normalise(case, nerr) != normalise(case, eerr):
        problems.append('stderr differs:\n' + first_difference(nerr, eerr))
    if problems:
        tail = eerr[-400:].decode(errors='replace')
        return (case, 'FAIL', '\n  '.join(problems) +
                (f'\n    stderr: {tail}' if tail else ''), nsec, esec)
    return case, 'ok', f'{len(nout)} bytes compared', nsec, esec


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    ap.add_argument('--list', action='store_true')
    ap.add_argument('names', nargs='*', help='case names or groups')
    args = ap.parse_args()

    cases = [c for c in load_cases()
             if not args.names or c['name'] in args.names
             or c['group'] in args.names]
    if args.list:
        for c in cases:
            print(f'{c["group"]:12} {c["name"]}')
        return 0
    emulator = [os.path.abspath(args.emulator.split()[0])]
    emulator += args.emulator.split()[1:]
    count = {'ok': 0, 'FAIL': 0, 'SKIP': 0}
    todo = []
    for c in cases:
        if c.get('long') and not args.long and c['name'] not in args.names:
            continue
        todo.append(c)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for case, verdict, why, nsec, esec in pool.map(
                lambda c: run_case(c, emulator), todo):
            count[verdict] += 1
            print(f'{verdict:4} real/{case["name"]} [{nsec:.2f} s native, '
                  f'{esec:.2f} s emulated] {why}', flush=True)
    print(f'real: {count["ok"]} passed, {count["FAIL"]} failed, '
          f'{count["SKIP"]} skipped')
    return 1 if count['FAIL'] else 0


if __name__ == '__main__':
    sys.exit(main())
