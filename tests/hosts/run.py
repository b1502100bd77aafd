#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulator on a foreign host: cross-built for loongarch64 and run under
Debian's qemu-loongarch64, which enforces 16 KiB pages; and, in short, for
aarch64, which has the interpreter alone (aarch64.py).

The x86-64 programs are this machine's own, so this suite needs an x86-64
machine, cross compilers and qemu-user.
"""
import argparse
import concurrent.futures
import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import aarch64
import foreign

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PREFIXES = ('/opt/loong64/bin/loongarch64-linux-gnu-',
            'loongarch64-linux-gnu-')

# What takes long in an emulator inside an emulator; --long runs all.
SLOW = ('mem-threads', 'proc-exec', 'sig-million')
# What executes programs, which the kernel must know how to start.
EXECS = ('proc-exec', 'sys-new', 'sys-proc', 'sys-seccomp')


# What of tests/kzt is run, and with --long.
KZT = ('^(lib-|options-|plan-plain-(call|pointer|late|reopen)-lazy|'
       'plan-shared|dl-[a-z]+-on$|dl-(sym|info|reopen)-slot$)')
KZT_LONG = '^(lib-|options-|plan-|dl-|interpose-)'
# Programs whose libraries the sysroot has.
KZT_PROGRAMS = '^(git-|zlib-threads|fdtget|fdtdump|dtc)'


def wrapped(work, emu, host, report, everything):
    """tests/loader and tests/kzt, which want the emulator as one program."""
    exe = foreign.starter(work / 'qemu-x86_64', host, emu[3])
    kzt = ['--host-cc', host.prefix + 'gcc', '--host-libraries', 'z fdt m kzttest']
    parts = [('loader',),
             ('kzt', *kzt, '--module', 'libtest', '--module', 'options',
              '--only', KZT_LONG if everything else KZT),
             ('kzt', *kzt, '--module', 'planning', '--only',
              KZT_LONG if everything else KZT),
             ('kzt', *kzt, '--module', 'dl', '--only',
              KZT_LONG if everything else KZT)]
    if everything:
        parts.append(('kzt', *kzt, '--module', 'programs', '--only',
                      KZT_PROGRAMS))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done in [pool.submit(foreign.suite, part[0], [exe], report, *part[1:])
                     for part in parts]:
            done.result()


def programs(work):
    """More programs of this machine: name, arguments, whether it executes
    others, whether it takes long."""
    go = None
    if shutil.which('go'):
        go = [str(work / 'threads')]
        subprocess.run(['go', 'build', '-o', go[0], HERE / 'threads.go'],
                       check=True, env={**os.environ, 'HOME': str(work),
                                        'GOCACHE': str(work / 'go')})
    (work / 'unit.c').write_text('''
#include <stdio.h>
static double mean(const int *v, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++) {
        s += v[i] * .5;
    }
    return n ? s / n : 0;
}
int main(int argc, char **argv)
{
    return printf("%f\\n", mean(&argc, argc)) > 0;
}
''')
    lua = 'local t = 0 for i = 1, 3e4 do t = t + math.sin(i) / i end ' \
          'print(t, ("x"):rep(9):gsub("x", "%0y"))'
    js = 'let a = []; for (let i = 0; i < 3e4; i++) a.push(Math.sqrt(i)); ' \
         'console.log(a.reduce((x, y) => x + y, 0), JSON.stringify({a: [1, ' \
         '{b: 3}]}), require("crypto").createHash("sha256").update("x")' \
         '.digest("hex"))'
    numbers = 'import decimal, fractions, struct; decimal.getcontext().prec = ' \
              '50; print(decimal.Decimal(2).sqrt(), fractions.Fraction(1, 3) ** ' \
              '9, struct.pack("<efd", .1, .2, .3).hex(), 7 ** 99 % 1000003)'
    return [
        ('go-threads', go, False, False),
        ('luajit', ['/usr/bin/luajit', '-joff', '-e', lua], False, False),
        ('luajit-jit', ['/usr/bin/luajit', '-e', lua], False, False),
        ('node-version', ['/usr/bin/node', '--version'], False, False),
        ('node', ['/usr/bin/node', '-e', js], False, True),
        ('gcc', ['/bin/sh', '-c', f'cd {work} && gcc -O2 -c -o unit.o unit.c && '
                 'cksum unit.o'], True, True),
        ('python-numbers', ['/usr/bin/python3', '-c', numbers], False, True),
        ('git-log', ['/usr/bin/git', '-C', str(ROOT), 'log', '--oneline',
                     '-20'], False, True),
        ('tar', ['/bin/sh', '-c', 'tar -C /usr/share/doc -cf - bash | gzip -9n '
                 '| sha256sum'], True, True),
    ]


def unit(run, builddir, report):
    """The unit tests, with what is used of GLib in tests/unit/foreign."""
    p = subprocess.run(['ninja', '-C', builddir], capture_output=True,
                       text=True)
    if p.returncode:
        report('FAIL', 'unit', p.stdout[-1500:])
        return
    tests = sorted(f for f in (pathlib.Path(builddir) / 'tests/unit').iterdir()
                   if f.name.startswith('test-') and f.is_file())
    env = dict(os.environ, QEMU_TEST_QUICK='1')

    def one(exe):
        return subprocess.run(run + [exe, '--tap'], capture_output=True,
                              text=True, env=env, errors='replace')

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for exe, p in zip(tests, pool.map(one, tests)):
            lines = p.stdout.splitlines()
            plan = next((int(x[3:].split()[0]) for x in lines
                         if x.startswith('1..')), -1)
            ok = sum(x.startswith('ok ') for x in lines)
            skipped = sum('# SKIP' in x for x in lines)
            if p.returncode or ok != plan:
                report('FAIL', f'unit/{exe.name}', f'{ok} of {plan}, status '
                       f'{p.returncode}: {p.stdout[-300:]}')
            elif plan == 0:
                report('SKIP', f'unit/{exe.name}', 'not for this host')
            else:
                report('ok', f'unit/{exe.name}', f'{ok - skipped} subtests' +
                       (f', {skipped} skipped' if skipped else ''))


def guest_programs(emu, report, can_exec, everything):
    """The guest test programs, each as a test of this suite."""
    names = {f.stem for f in (ROOT / 'tests/guest').glob('*.c')}
    if not everything:
        names -= set(SLOW)
    if not can_exec:
        report('SKIP', 'guest/' + ', '.join(sorted(names & set(EXECS))),
               'binfmt_misc cannot be used here')
        names -= set(EXECS)
    args = ['--jobs', str(os.cpu_count() or 1), '--slow', '2',
            *sorted(names)]
    foreign.suite('guest', emu, report, *args)
    if everything:
        foreign.suite('guest', emu + ['-accel', 'interp'], report, *args)


def vectors(host, builddir, report, cases):
    """On an emulator with LSX and LASX: the generator's own test, and recorded
    cases, for each set of vector instructions."""
    test = os.path.join(builddir, 'tests/unit/test-tcg-backend')
    # an instruction that traps may cost version 10.0 the rest of its block
    run = [host[0], '-one-insn-per-tb', *host[1:], test]
    p = subprocess.run(run, capture_output=True, text=True, errors='replace',
                       env=dict(os.environ, QEMU_TEST_QUICK='1'))
    for line in p.stdout.splitlines():
        if line.startswith(('ok ', 'not ok ')):
            name = 'unit' + next(x for x in line.split() if x[0] == '/')
            if '# SKIP' in line:
                report('SKIP', name, 'the same as another one here')
            else:
                report('ok' if line[0] == 'o' else 'FAIL', name)
    if p.returncode:
        report('FAIL', 'test-tcg-backend', p.stderr[-300:])
    for features in '', '-lasx', '-lasx,-lsx':
        os.environ['QEMU_HOST_FEATURES'] = features
        foreign.isa(host + [os.path.join(builddir, 'qemu-x86_64')],
            lambda v, name, *why: report(v, f'{name} {features}', *why), cases,
            ('tcg,cold=0',))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--vectors', metavar='HOST', help='another qemu-loongarch64 '
                    'and its options, which has LSX and LASX: test those alone')
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--builddir', default=str(ROOT / 'build-loongarch64'))
    args = ap.parse_args()
    count = {'ok': 0, 'FAIL': 0, 'SKIP': 0}

    def report(verdict, name, why=''):
        count[verdict] += 1
        print(f'{verdict:4} hosts/{name} {why}', flush=True)

    def finish():
        print(f'hosts: {count["ok"]} passed, {count["FAIL"]} failed, '
              f'{count["SKIP"]} skipped')
        return 1 if count['FAIL'] else 0

    if not args.vectors:
        aarch64.check(report, args.long)
    host = foreign.Host('loongarch64', r'\x02\x01', PREFIXES)
    if host.missing():
        report('SKIP', 'loongarch64', host.missing())
        return finish()
    emu, why = host.build(args.builddir)
    if not emu:
        report('FAIL', 'build', why)
        return finish()
    report('ok', 'build')
    if args.vectors:
        subprocess.run(['ninja', '-C', args.builddir,
                        'tests/unit/test-tcg-backend'], check=True,
                       stdout=subprocess.DEVNULL)
        vectors([*args.vectors.split(), '-L', host.sysroot], args.builddir, report,
                200000 if args.long else 20000)
        return finish()

    with tempfile.TemporaryDirectory(prefix='hosts-') as d, \
            foreign.HostFormat(d, host) as can_exec:
        compare = foreign.Comparison(host, emu, can_exec, report)
        foreign.hellos(d, compare, ('tcg', 'interp'))
        foreign.busybox(compare, report)
        compare('true', ['/bin/true'])
        compare('echo', ['/bin/echo', 'dynamic', 'hello'])
        compare('bash', foreign.BASH, execs=True)
        py = 'import hashlib, json, zlib; d = json.dumps(list(range(3000))); ' \
             'print(zlib.crc32(zlib.compress(d.encode())), sum(x ** .5 for x ' \
             'in json.loads(d)), hashlib.sha256(d.encode()).hexdigest())'
        for name, argv in (
                ('python', ['/usr/bin/python3', '-c', py]),
                ('perl', ['/usr/bin/perl', '-e', 'for (1 .. 3000) { $h{$_ % 97} '
                          '.= $_ * 1.25; } print join ",", map { length } '
                          '@h{sort keys %h}']),
                ('sqlite3', ['/usr/bin/sqlite3', ':memory:', 'create table t (a,'
                             ' b); insert into t select value, value * 0.5 from '
                             'generate_series(1, 2000); select sum(a), avg(b) '
                             'from t;']),
                ('openssl', ['/usr/bin/openssl', 'dgst', '-sha256',
                             '/etc/services']),
                ('xz', ['/usr/bin/xz', '-c', '/etc/services'])):
            if os.path.exists(argv[0]):
                compare(name, argv)
            else:
                report('SKIP', name, 'not installed')
        for name, argv, execs, long in programs(pathlib.Path(d)):
            if long and not args.long:
                continue
            if argv and os.path.exists(argv[0]):
                compare(name, argv, timeout=300, execs=execs)
            else:
                report('SKIP', name, 'not installed')
        sys.path.insert(0, str(ROOT / 'tests/kzt'))
        importlib.import_module('hosts').cases(emu, d, report)
        wrapped(pathlib.Path(d), emu, host, report, args.long)
        unit(emu[:-1], args.builddir, report)
        foreign.isa(emu, report, 200000 if args.long else 20000)
        foreign.suite('pagesize', emu, report)
        guest_programs(emu, report, bool(can_exec), args.long)
    return finish()


if __name__ == '__main__':
    sys.exit(main())
