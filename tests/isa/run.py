#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every instruction form against the host CPU.

Builds the test program (a guest program, see isa.h), runs it natively and under
each accelerator, and compares the hashes of the states: first the cases in the
file "regressions", then random ones.  A difference is narrowed to its case and
printed with its code and what is not as it should be.
"""
import argparse
import array
import collections
import concurrent.futures
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import kernels
import longdouble
import models

ROOT = HERE.parent.parent
REGRESSIONS = HERE / 'regressions'
SEED = 20240229
NO_APPROX, HALVES, NO_TRANS = 1 << 63, 1 << 62, 1 << 61    # see isa.h
RECORD = HERE / 'recorded.bin'
RECORDED = 262144       # cases of the record
STEP = 20000            # cases a process runs
BLOCK = 32              # cases that share memory, see runner.c


def compile_test(work, exe, flags):
    subprocess.run(['gcc', '-O2', '-w', '-static', '-no-pie', *flags, '-I',
                    work, '-I', work / 'target/i386', '-I', ROOT / 'include',
                    '-I', ROOT, '-o', exe, HERE / 'exec.S',
                    *sorted(HERE.glob('*.c')), ROOT / 'target/i386/decode.c',
                    ROOT / 'target/i386/decode-print.c'], check=True)


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
    compile_test(work, exe, [])
    rows = {}
    for line in (work / 'list').read_text().splitlines():
        row, name, group, enc, *_ = line.split()
        rows[int(row)] = (name, group, enc)
    for line in output([exe, 'scenarios'])[0]:
        row, name = line.split()
        rows[int(row)] = (name, 'scenario', '-')
    return exe, rows


def output(cmd, **kw):
    # A wild address of a case must not meet the heap in some runs only.
    p = subprocess.run(['setarch', '-R', *map(str, cmd)], capture_output=True, text=True,
                       stdin=subprocess.DEVNULL, **kw)
    return p.stdout.splitlines(), p.returncode, p.stderr


class Config:
    """One way to run the emulator."""

    def __init__(self, name, command, env, count, bits):
        self.name = name
        self.command = command
        self.env = {**os.environ, **env}
        self.count = count
        self.bits = bits

    def setup(self, exe, host):
        """Find out which features can be compared; an error text or None."""
        self.exe = exe
        out, rc, err = self.run('features')
        if rc:
            return f'features: status {rc}: {err[-300:]}'
        self.features = host & int(out[0], 16) | self.bits
        return None

    def run(self, *args):
        return output(self.command + [self.exe, *args], env=self.env)

    def both(self, *args):
        return output([self.exe, *args]), self.run(*args)

    def random(self, seed, first, count):
        return self.both('run', seed, first, count, hex(self.features), 'fine')

    def show(self, *args):
        """Print how a case differs."""
        (want, _, _), (got, rc, err) = self.both(*args)
        for line in want:
            if not line.startswith(('in ', 'out', 'mem', 'hash')):
                print('   ', line)
        for line in difflib.unified_diff(want, got, 'native', 'emulated',
                                         n=0, lineterm=''):
            if not line.startswith('@@'):
                print('   ', line)
        if rc:
            print(f'    emulated: status {rc} {err[-200:]}')


def by_case(lines):
    """Lines "case row hash" by case."""
    return {x.split()[0]: ' '.join(x.split()[:3]) for x in lines
            if len(x.split()) >= 3}


def run_fixed(cfg, show):
    """The cases of the file; returns how many there are and differ."""
    args = ('fixed', REGRESSIONS, hex(cfg.features))
    (want, rc, err), (got, _, _) = cfg.both(*args)
    if rc:
        print(f'isa/{cfg.name}: {err}')
        return 0, 1
    got = by_case(got)
    bad = [n for n, line in by_case(want).items() if got.get(n) != line]
    for n in bad[:show]:
        print(f'isa/{cfg.name}: regression {n}')
        cfg.show(*args, n)
    return len(want) - 1, len(bad)


class Results:
    """What the random cases of a configuration came to."""

    def __init__(self):
        self.cases = 0
        self.unknown = 0                    # cases that say nothing
        self.bad = {}                       # row: cases
        self.seen = collections.Counter()   # row: number of cases
        self.errors = 0

    def add(self, cfg, first, native, emulated):
        (want, wrc, werr), (got, grc, gerr) = native, emulated
        if wrc:
            print(f'FAIL isa/{cfg.name}: native run from {first}: status '
                  f'{wrc} {werr[-200:]}')
            self.errors += 1
            return
        have = by_case(got[:-1])
        blocks, unknown = set(), set()
        for w in want[:-1]:
            case, row, value, *mark = w.split()
            block = int(case) // BLOCK
            # Just under the end of user space an emulator has memory of its
            # own: such a case and what follows it in its block say nothing.
            if mark == ['end']:
                unknown.add(block)
            if block in unknown:
                self.unknown += 1
                continue
            self.cases += 1
            self.seen[int(row)] += 1
            # Memory carries on inside a block: only the first difference of
            # one counts.
            if have.get(case) == f'{case} {row} {value}' or block in blocks:
                continue
            blocks.add(block)
            self.bad.setdefault(int(row), []).append(int(case))
            if case not in have:
                print(f'isa/{cfg.name}: run from {first} ended at case {case}: '
                      f'status {grc} {gerr[-200:]}')
                break

    def report(self, cfg, rows, args):
        worst = sorted(self.bad.items(), key=lambda b: -len(b[1]))
        shown = 0
        for row, cases in worst:
            op, group, enc = rows[row]
            if args.group and args.group not in (op, group):
                continue
            print(f'isa/{cfg.name}: {group} {op} ({enc}): {len(cases)} cases '
                  f'differ, first {cases[:4]}')
            if shown < args.show:
                shown += 1
                cfg.show('show', args.seed, cases[0], hex(cfg.features))
        if self.unknown:
            print(f'isa/{cfg.name}: {self.unknown} cases not compared: an '
                  f'address just under the end of user space')


def table(results, rows):
    """Print forms and cases of each group for each configuration."""
    columns = []
    for res in results.values():
        forms, cases = collections.Counter(), collections.Counter()
        for row, n in res.seen.items():
            for group in rows[row][1], 'total':
                forms[group] += 1
                cases[group] += n
        columns.append((forms, cases))
    groups = sorted({g for forms, _ in columns for g in forms} - {'total'})
    print(f'{"group":10}' + ''.join(f'{name:>22}' for name in results))
    print(' ' * 10 + f'{"forms      cases":>22}' * len(results))
    for g in groups + ['total']:
        print(f'{g:10}' + ''.join(f'{forms[g]:11}{cases[g]:11}'
                                  for forms, cases in columns))


def run_random(cfg, rows, args):
    """Random cases; returns their results and how many differ."""
    results = Results()
    end = args.first + cfg.count
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        jobs = [(first, pool.submit(cfg.random, args.seed, first,
                                    min(STEP, end - first)))
                for first in range(args.first, end, STEP)]
        for first, job in jobs:
            results.add(cfg, first, *job.result())
    results.report(cfg, rows, args)
    return results, results.errors + sum(map(len, results.bad.values()))


class Record:
    """What the CPU left, for machines that do not have one: a line of text,
    then 16 bits of the hash for each case.  0: not a case, or one that meets
    an address that may be mapped elsewhere."""

    def __init__(self, path=RECORD):
        self.path = path
        with open(path, 'rb') as f:
            self.about = json.loads(f.readline())
            self.values = array.array('H', f.read())
        self.features = int(self.about['features'], 16)

    @staticmethod
    def fold(text):
        v = int(text, 16)
        return (v ^ v >> 16 ^ v >> 32 ^ v >> 48) & 0xffff or 1

    def compare(self, run, first, count):
        """Run cases with run(arguments ...); returns how many there were,
        those that differ, and how the run ended if not well."""
        out, rc, err = run('run', self.about['seed'], first, count,
                           hex(self.features), 'fine', self.path)
        got = by_case(out)
        done, bad, blocks = 0, [], set()
        for i in range(first, min(first + count, len(self.values))):
            if not self.values[i]:
                continue
            line = got.get(str(i))
            if not line:
                return done, bad, f'ended before {i}: {rc} {err[-200:]}'
            done += 1
            if self.fold(line.split()[2]) != self.values[i] and \
                    i // BLOCK not in blocks:
                blocks.add(i // BLOCK)
                bad.append((i, int(line.split()[1])))
        return done, bad, None


def write_record(work, exe, host, path, count=RECORDED):
    """Run cases here and write down what the CPU left.  A case that meets the
    test program itself is left out: one at another address shows which.  Cases
    that are left out change what those behind them find, so until nothing
    changes."""
    other = work / 'isa-other'
    compile_test(work, other, ['-O1', '-Wl,-Ttext-segment=0x2b340000'])
    cpu = re.search(r'model name\s*: (.*)',
                    pathlib.Path('/proc/cpuinfo').read_text())
    bits = NO_APPROX | HALVES | NO_TRANS
    head = json.dumps({'what': 'hashes of tests/isa/run.py --record',
                       'cpu': cpu[1] if cpu else '?', 'seed': SEED,
                       'cases': count, 'features': hex(host | bits)})
    values = array.array('H', [1]) * count
    while True:
        path.write_bytes(head.encode() + b'\n' + values.tobytes())
        new = array.array('H', [0]) * count
        for first in range(0, count, STEP):
            lines = [set(), set()]
            for i, prog in enumerate((exe, other)):
                out, rc, err = output([prog, 'run', SEED, first,
                                       min(STEP, count - first),
                                       hex(host | bits), 'fine', path])
                if rc:
                    sys.exit(f'isa: recording: status {rc} {err}')
                lines[i] = set(out[:-1])
            for line in lines[0] & lines[1]:
                case, _, value, *mark = line.split()
                if not mark and int(case) < count:
                    new[int(case)] = Record.fold(value)
        if new == values:
            break
        values = new
    print(f'{path}: {count - values.count(0)} cases')


def check_record(exe, host, rows):
    """Whether this CPU leaves what is recorded; a verdict and its reason."""
    try:
        record = Record()
    except OSError as e:
        return 'FAIL', str(e)
    if record.features & ~host & (NO_TRANS - 1):
        return 'SKIP', 'the recorded CPU has more features'
    done, bad = 0, []
    for first in range(0, len(record.values), STEP):
        n, b, error = record.compare(lambda *a: output([exe, *a]), first, STEP)
        done, bad = done + n, bad + b
        if error:
            return 'FAIL', error
    if bad:
        return 'FAIL', f'{len(bad)} of {done} cases are not as recorded, ' \
            f'first {[(i, rows[r][0]) for i, r in bad[:4]]}; after a change ' \
            'of instructions or generator: tests/isa/run.py --record'
    return 'ok', f'{done} cases recorded on {record.about["cpu"]}'


NO_AVX = '-avx2,-avx,-fma,-bmi2,-bmi1,-sse4.1,-sse4.2,-ssse3'


def configs(emu, n):
    tcg = [emu, '-accel', 'tcg,cold=0']     # what runs once is translated
    return [
        Config('tcg', tcg, {}, n, 0),
        Config('tcg-sse2', tcg, {'QEMU_HOST_FEATURES': NO_AVX},
               n if n > 1000000 else n // 4, HALVES),
        Config('tcg-x87', tcg, {'QEMU_X87': 'soft'}, n // 8, NO_TRANS),
        Config('tcg-single', tcg + ['-one-insn-per-tb'], {}, n // 8, 0),
        Config('cold', [emu, '-accel', 'tcg,cold=255'], {}, n // 4, 0),
        Config('interp', [emu, '-accel', 'interp'], {}, n // 4 if n > 1000000
               else n // 8, NO_APPROX),
    ]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator')
    ap.add_argument('--record', action='store_true',
                    help='write down what this CPU leaves, for other machines')
    ap.add_argument('--build')
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--cases', type=int)
    ap.add_argument('--first', type=int, default=0)
    ap.add_argument('--seed', type=int, default=SEED)
    ap.add_argument('--only', help='a configuration')
    ap.add_argument('--group', help='report this group or operation only')
    ap.add_argument('--show', type=int, default=6,
                    help='failing operations to show')
    args = ap.parse_args()
    if os.uname().machine != 'x86_64':
        print('SKIP isa: needs an x86-64 CPU\nisa: 0 passed, 0 failed, '
              '1 skipped')
        return 0
    count = {'ok': 0, 'FAIL': 0, 'SKIP': 0}
    emu = os.path.abspath(args.emulator or 'build/qemu-x86_64')
    results = {}

    def report(verdict, name, why):
        count[verdict] += 1
        print(f'{verdict:4} isa/{name}: {why}', flush=True)

    with tempfile.TemporaryDirectory(prefix='isa-') as d:
        exe, rows = build(pathlib.Path(d))
        host = int(output([exe, 'features'])[0][0], 16)
        if args.record:
            write_record(pathlib.Path(d), exe, host, RECORD)
            return 0
        if not args.only or args.only == 'record':
            verdict, why = check_record(exe, host, rows)
            report(verdict, 'record', why)
        if not args.only or args.only == 'models':
            models.check(emu, exe, args.long, report)
        if not args.only or args.only == 'longdouble':
            longdouble.check(emu, pathlib.Path(d), report)
        if not args.only or args.only == 'kernels':
            kernels.check(emu, NO_AVX, pathlib.Path(d), report)
        # one number of twenty makes no case
        for cfg in configs(emu, args.cases or
                           (2140000 if args.long else 200000)):
            if args.only and args.only != cfg.name:
                continue
            error = cfg.setup(exe, host)
            if error:
                report('FAIL', cfg.name, error)
                continue
            n_fixed, bad_fixed = run_fixed(cfg, args.show)
            results[cfg.name], bad = run_random(cfg, rows, args)
            bad += bad_fixed
            report('FAIL' if bad else 'ok', cfg.name,
                   f'{n_fixed} regressions, {results[cfg.name].cases} cases, '
                   f'{bad} differences')
    if results:
        table(results, rows)
    print(f'isa: {count["ok"]} passed, {count["FAIL"]} failed, '
          f'{count["SKIP"]} skipped')
    return 1 if count['FAIL'] else 0


if __name__ == '__main__':
    sys.exit(main())
