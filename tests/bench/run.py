#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure speed as ratios: native, this emulator, Debian's qemu-user.

The three take turns in every round, so that noise hits them alike.  Prints
minimum and median of the wall time, the ratios of the minima to native, and
geometric means per class.  Output of the three must be equal.
"""
import argparse
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / 'real' / 'data'
KERNELS = HERE.parent / 'isa' / 'kernels'
# Loops of kernels.c, and how often they run: some 0.2 s natively.
OWN = [('sieve', 'int', 10), ('qsort', 'int', 1), ('crc', 'int', 2),
       ('hash', 'int', 3), ('interp', 'int', 1), ('fib', 'int', 10),
       ('string', 'int', 3), ('sha256', 'int', 5), ('nbody', 'fp', 3),
       ('spectral', 'fp', 25), ('mandel', 'fp', 10), ('libm', 'fp', 3),
       ('matrix', 'simd', 25), ('saxpy', 'simd', 10), ('pixels', 'simd', 8)]
# Loops of tests/isa/kernels, compiled for x86-64-v3, and how often they run.
AVX2 = [('daxpy', 100000), ('matmul-float', 25000), ('horner', 40000),
        ('fft', 5000), ('dct', 80000), ('stencil', 20000),
        ('convolution', 80000), ('half', 200000), ('blend', 12000),
        ('sobel', 22000), ('int8-dot', 10000), ('gather', 20000)]


def cc1():
    """The compiler proper: qemu-user would run a driver's children natively."""
    return subprocess.run(['gcc', '-print-prog-name=cc1'], check=True,
                          capture_output=True, text=True).stdout.strip()


def workloads(work):
    """(name, class, argv); class is int, fp, simd, avx2 or jit."""
    k = str(work / 'kernels')
    text = str(work / 'text')
    out = []
    out += [(n, kind, [k, n, str(count)]) for n, kind, count in OWN]
    for n, count in AVX2:
        out.append(('v3-' + n, 'avx2', [str(work / 'avx2'), str(count), n]))
    out += [
        ('gzip', 'int', ['gzip', '-9c', text]),
        ('xz', 'int', ['xz', '-3c', '-T1', text]),
        ('zstd', 'int', ['zstd', '-9', '-qc', '--single-thread', text]),
        ('sort', 'int', ['sort', '--parallel=1', text]),
        ('python', 'int', ['/usr/bin/python3', '-c', PY]),
        ('perl', 'int', ['perl', '-e', PERL]),
        ('json', 'int', ['/usr/bin/python3', '-c', JSON]),
        ('cc1', 'int', [cc1(), '-quiet', '-O1', '-o', '/dev/null',
                        str(work / 'kernels.i')]),
        ('sqlite', 'int', ['sqlite3', ':memory:', SQL]),
        ('openssl', 'simd', ['openssl', 'dgst', '-sha512', str(work / 'big')]),
        ('ffmpeg', 'simd', ['ffmpeg', '-nostdin', '-v', 'error', '-threads',
                            '1', '-f', 'lavfi', '-i',
                            'testsrc2=s=320x240:d=2', '-c:v', 'mpeg4',
                            '-threads', '1', '-flags', '+bitexact', '-fflags',
                            '+bitexact', '-f', 'avi', '-']),
        ('stockfish', 'int', ['/usr/games/stockfish', 'bench', '16', '1',
                              '9']),
        ('luajit', 'jit', ['luajit', '-e', LUA]),
        ('node', 'jit', ['node', '-e', NODE]),
    ]
    return [w for w in out if shutil.which(w[2][0])]


PY = ('s=0\nfor i in range(400000):\n s=(s*3+i)%1000003\n'
      'd={str(i):i for i in range(60000)}\nprint(s,len(d),sum(d.values()))')
PERL = ('my %h; $h{$_ % 1009} += $_ for 1..600000; my $s=0; '
        '$s += length for keys %h; print "$s\\n"')
JSON = ('import json\nd=[{"a":i,"b":[1.5*i,"x"*9]} for i in range(20000)]\n'
        'for _ in range(3): t=json.dumps(d); d=json.loads(t)\nprint(len(t))')
SQL = ('with recursive n(i) as (select 1 union all select i+1 from n where '
       'i<200000) select count(*), sum(i*i%97), max(hex(i)) from n;')
LUA = ('local t={} for i=1,2e7 do t[i%100]=(t[i%100] or 0)+i end local s=0 '
       'for i=0,99 do s=s+t[i] end print(s)')
NODE = ('let a=[];for(let i=0;i<1e6;i++)a.push({k:i%1000,v:i/3});'
        'let m=new Map();for(const o of a)m.set(o.k,(m.get(o.k)||0)+o.v);'
        'console.log(m.size,a.map(o=>o.v).sort((x,y)=>y-x)[5].toFixed(3))')


# Times and speeds that programs report of themselves.
VOLATILE = re.compile(rb'(nps|time|hashfull|tbhits) \d+')


def once(argv, env):
    start = time.perf_counter()
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True,
                       env=env)
    sec = time.perf_counter() - start
    return sec, p.returncode, VOLATILE.sub(b'', p.stdout)


def peak_rss(argv, env):
    """Peak resident memory of one run in KiB.

    Through time(1): a child of this process would count the interpreter's own
    pages, which it shares until it executes the program.
    """
    p = subprocess.run(['/usr/bin/time', '-f', '%M'] + argv, env=env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, text=True)
    return int(p.stderr.split()[-1])


def geo(xs):
    return math.exp(sum(map(math.log, xs)) / len(xs)) if xs else float('nan')


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--peer', default='/usr/bin/qemu-x86_64')
    ap.add_argument('--rounds', type=int, default=3)
    ap.add_argument('--no-peer', action='store_true')
    ap.add_argument('names', nargs='*')
    args = ap.parse_args()
    emu = [os.path.abspath(args.emulator.split()[0])] + \
        args.emulator.split()[1:]
    peer = None if args.no_peer or not os.path.exists(args.peer) \
        else [args.peer]
    env = {'PATH': '/usr/bin:/bin:/usr/games', 'LC_ALL': 'C', 'HOME': '/tmp'}
    status = 0
    with tempfile.TemporaryDirectory(prefix='bench-') as d:
        work = pathlib.Path(d)
        subprocess.run(['gcc', '-O3', '-w', '-o', work / 'kernels',
                        HERE / 'kernels.c', '-lm'], check=True)
        subprocess.run(['gcc', '-O3', '-march=x86-64-v3', '-w', '-o',
                        work / 'avx2', *sorted(KERNELS.glob('*.c')), '-lm'],
                       check=True)
        subprocess.run(['gcc', '-E', '-o', work / 'kernels.i',
                        DATA / 'kernels.c'], check=True)
        blob = b''.join((b'%d the quick %x brown fox %d\n' %
                         (i * 7919 % 10007, i * i, i)) for i in range(60000))
        (work / 'text').write_bytes(blob)
        (work / 'big').write_bytes(blob * 20)
        who = [('native', []), ('ours', emu)]
        if peer:
            who.append(('qemu', peer))
        ratios = {}
        print(f'{"workload":15} {"class":5} ' + ' '.join(
            f'{n + " min":>11} {"median":>8}' for n, _ in who) +
            '   ours/nat' + ('  qemu/nat  qemu/ours' if peer else ''))
        for name, cls, argv in workloads(work):
            if args.names and name not in args.names \
                    and cls not in args.names:
                continue
            argv = [shutil.which(argv[0])] + argv[1:]
            # qemu-user takes a hundred times as long for AVX2
            here = [w for w in who if w[0] != 'qemu' or cls != 'avx2']
            times = {n: [] for n, _ in here}
            outs = {}
            for _ in range(args.rounds):
                for n, prefix in here:
                    sec, rc, out = once(prefix + argv, env)
                    times[n].append(sec)
                    outs[n] = (rc, out)
            bad = outs['ours'] != outs['native']
            best = {n: min(t) for n, t in times.items()}
            line = f'{name:15} {cls:5} ' + ' '.join(
                f'{best[n]:11.3f} {statistics.median(times[n]):8.3f}'
                for n, _ in here)
            line += f' {best["ours"] / best["native"]:10.2f}'
            if 'qemu' in best:
                line += (f' {best["qemu"] / best["native"]:9.2f}'
                         f' {best["qemu"] / best["ours"]:10.2f}')
                if outs['qemu'] != outs['native']:
                    line += '  (qemu: other output)'
            if bad:
                line += '  OUTPUT DIFFERS'
                status = 1
            else:
                ratios.setdefault(cls, []).append(
                    (best['ours'] / best['native'],
                     best['qemu'] / best['ours'] if 'qemu' in best else 0))
            print(line, flush=True)
        for cls, r in ratios.items():
            print(f'geomean {cls}: ours/native {geo([x for x, _ in r]):.2f}' +
                  (f', qemu/ours {geo([y for _, y in r]):.2f}' if r[0][1]
                   else '') + f' ({len(r)} workloads)')
        if not args.names or 'start' in args.names:
            times = {n: [] for n, _ in who}
            for _ in range(20):
                for n, prefix in who:
                    times[n].append(once(prefix + ['/bin/true'], env)[0])
            print('start /bin/true: ' + ', '.join(
                f'{n} {min(t) * 1e3:.1f} ms (median '
                f'{statistics.median(t) * 1e3:.1f})'
                for n, t in times.items()))
            if 'qemu' in times:
                print('start /bin/true: ours/qemu '
                      f'{min(times["ours"]) / min(times["qemu"]):.2f}')
            print('peak RSS /bin/true: ' + ', '.join(
                f'{n} {peak_rss(prefix + ["/bin/true"], env)} KiB'
                for n, prefix in who))
    return status


if __name__ == '__main__':
    sys.exit(main())
