#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every instruction form against the host CPU.

Builds the test program (a guest program, see isa.h), runs it natively and under
each accelerator, and compares the hashes of the states.  A difference is
narrowed to its case and printed with code, state before and after.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SEED = 20240229
NO_APPROX, HALVES = 1 << 63, 1 << 62


def build(work):
    inc = work / 'target' / 'i386'
    inc.mkdir(parents=True)
    gen = ROOT / 'target/i386/gen-insns.py'
    tbl = ROOT / 'target/i386/insns.tbl'
    subprocess.run([sys.executable, gen, tbl, '--ops',
                    inc / 'insns-ops.h.inc', '--tables',
                    inc / 'insns-tables.c.inc', '--list', work / 'list'],
                   check=True)
    subprocess.run([sys.executable, HERE / 'gen-forms.py', gen, tbl,
                    work / 'isa-forms.h.inc'], check=True)
    exe = work / 'isa-test'
    subprocess.run(['gcc', '-O2', '-w', '-static', '-no-pie', '-I', work, '-I',
                    inc, '-I', ROOT / 'include', '-I', ROOT, '-o', exe,
                    HERE / 'exec.S', HERE / 'generate.c', HERE / 'runner.c',
                    ROOT / 'target/i386/decode.c',
                    ROOT / 'target/i386/decode-print.c'], check=True)
    rows = {}
    for line in (work / 'list').read_text().splitlines():
        row, name, group, enc, *_ = line.split()
        rows[int(row)] = (name, group, enc)
    return exe, rows


def output(cmd, **kw):
    p = subprocess.run(list(map(str, cmd)), capture_output=True, text=True,
                       stdin=subprocess.DEVNULL, **kw)
    return p.stdout.splitlines(), p.returncode, p.stderr


def compare(exe, prefix, env, first, count, feats, fine=False):
    args = ['run', SEED, first, count, hex(feats)] + (['fine'] if fine else [])
    want = output([exe] + args)
    got = output(prefix + [exe] + args, env=env)
    return want, got


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--build')
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--cases', type=int)
    ap.add_argument('--first', type=int, default=0)
    ap.add_argument('--only', help='an accelerator')
    ap.add_argument('--group', help='report this group or operation only')
    ap.add_argument('--show', type=int, default=6,
                    help='failing operations to show')
    args = ap.parse_args()
    if os.uname().machine != 'x86_64':
        print('SKIP isa: needs an x86-64 CPU\nisa: 0 passed, 0 failed, '
              '1 skipped')
        return 0
    emu = os.path.abspath(args.emulator)
    n = args.cases or (2000000 if args.long else 200000)
    # name, command, environment, cases, bits of isa.h
    accels = [
        ('tcg', [emu], {}, n, 0),
        ('tcg-sse2', [emu], {'QEMU_HOST_FEATURES': '-avx2,-avx,-fma,-bmi2,'
                             '-bmi1,-sse4.1,-sse4.2,-ssse3'}, n // 4, HALVES),
        ('interp', [emu, '-accel', 'interp'], {}, n // 8, NO_APPROX),
    ]
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix='isa-') as d:
        exe, rows = build(pathlib.Path(d))
        host = int(output([exe, 'features'])[0][0], 16)
        for name, prefix, env, count, bits in accels:
            if args.only and args.only != name:
                continue
            env = {**os.environ, **env}
            out, rc, err = output(prefix + [exe, 'features'], env=env)
            if rc:
                print(f'FAIL isa/{name}: features: status {rc}: {err[-300:]}')
                failed += 1
                continue
            feats = host & int(out[0], 16) | bits
            step = 20000
            cases = 0
            bad = collections.OrderedDict()
            seen = collections.Counter()
            with concurrent.futures.ThreadPoolExecutor(
                    os.cpu_count() or 1) as pool:
                jobs = [(f, pool.submit(compare, exe, prefix, env, f,
                                        min(step, args.first + count - f),
                                        feats, True))
                        for f in range(args.first, args.first + count, step)]
                for first, job in jobs:
                    (want, wrc, werr), (got, grc, gerr) = job.result()
                    if wrc:
                        print(f'FAIL isa/{name}: native run from {first}: '
                              f'status {wrc} {werr[-200:]}')
                        failed += 1
                        continue
                    cases += int(want[-1].split()[1])
                    for w in want[:-1]:
                        seen[int(w.split()[1])] += 1
                    if got == want:
                        continue
                    g = dict((x.split()[0], x) for x in got[:-1]
                             if len(x.split()) == 3)
                    blocks = set()
                    for w in want[:-1]:
                        idx, row, _ = w.split()
                        if g.get(idx) != w and int(idx) // 32 not in blocks:
                            # Memory carries on inside a block: only the first
                            # difference of one counts.
                            blocks.add(int(idx) // 32)
                            bad.setdefault(rows[int(row)], []).append(
                                int(idx))
                            if idx not in g:
                                print(f'isa/{name}: run from {first} ended at '
                                      f'case {idx}: status {grc} '
                                      f'{gerr[-200:]}')
                                break
            shown = 0
            for (op, group, enc), idx in sorted(bad.items(),
                                                key=lambda b: -len(b[1])):
                if args.group and args.group not in (op, group):
                    continue
                print(f'isa/{name}: {group} {op} ({enc}): {len(idx)} cases '
                      f'differ, first {idx[:4]}')
                if shown < args.show:
                    shown += 1
                    s = ['show', SEED, idx[0], hex(feats)]
                    w = output([exe] + s)[0]
                    g, rc, err = output(prefix + [exe] + s, env=env)
                    i = 0
                    for i, line in enumerate(w):
                        if not line.startswith(('in ', 'out')):
                            print('   ', line)
                    for a, b in zip(w, g + [''] * len(w)):
                        if a != b:
                            print(f'    native   {a}\n    emulated {b}')
                    if rc:
                        print(f'    emulated: status {rc} {err[-200:]}')
            groups = collections.Counter()
            for row, k in seen.items():
                groups[rows[row][1]] += k
            forms = collections.Counter(rows[r][1] for r in seen)
            print(f'isa/{name}: ' + ', '.join(
                f'{g} {forms[g]} forms {k} cases'
                for g, k in sorted(groups.items())))
            nbad = sum(len(i) for i in bad.values())
            print(f'{"FAIL" if nbad else "ok  "} isa/{name}: {cases} cases, '
                  f'{nbad} differences')
            if nbad:
                failed += 1
            else:
                passed += 1
    print(f'isa: {passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
