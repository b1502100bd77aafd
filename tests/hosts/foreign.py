# SPDX-License-Identifier: GPL-2.0-or-later
"""A foreign host: its compiler, its emulator, the build for it, and programs of
this machine that must do there what they do here."""
import concurrent.futures
import importlib.util
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

HELLO = r'''
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
static int hits;
static void on(int s) { hits += s; }
static void *th(void *p) { *(int *)p = 5; return p; }
int main(int argc, char **argv)
{
    int x = 0; pthread_t t; char *m;
    signal(SIGUSR1, on); raise(SIGUSR1);
    pthread_create(&t, 0, th, &x); pthread_join(t, 0);
    m = mmap(0, 4096 * 5, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(m + 4096, 4096); m[2 * 4096] = 7;
    mprotect(m + 4096 * 3, 4096, PROT_READ);
    printf("hello %s %.12f %d %d %d %.6Lf\n", argv[1], sin(1.5), hits, x,
           m[2 * 4096], 1.5L * 3);
    return 3;
}
'''


BINFMT = pathlib.Path('/proc/sys/fs/binfmt_misc')
MAGIC = (r'\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00'
         r'\x02\x00')
MASK = (r'\xff\xff\xff\xff\xff\xff\xff\xfc\x00\xff\xff\xff\xff\xff\xff\xff'
        r'\xfe\xff\xff\xff')


# A program of this machine that starts one of the host: the one it is told
# (what the kernel starts), or always the same.
STARTER = r'''
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    static char *first[] = { QEMU, "-L", ROOT, EMULATOR };
    int n = sizeof(first) / sizeof(first[0]);
    char *args[argc + n];
    memcpy(args, first, sizeof(first));
    memcpy(args + n, argv + 1, argc * sizeof(*argv));
    return execv(QEMU, args);
}
'''


def starter(out, host, emulator=''):
    subprocess.run(
        ['gcc', '-w', '-static', '-O1', f'-DQEMU="{host.qemu}"',
         f'-DROOT="{host.sysroot}"',
         '-DEMULATOR=' + (f'"{emulator}"' if emulator else ''), '-xc', '-',
         '-o', out], input=STARTER, text=True, check=True)
    return str(out)


class HostFormat:
    """While it lasts, the kernel runs files of the host (with the emulator
    among them: execve in a guest re-enters it).  Their libraries are found
    whatever the environment of the guest is."""

    def __init__(self, folder, host):
        self.host = host
        self.interpreter = starter(os.path.join(folder, f'run-{host.name}'),
                                   host)

    def __enter__(self):
        self.entry = None
        if os.geteuid() == 0:
            if not (BINFMT / 'register').exists():
                subprocess.run(['mount', '-t', 'binfmt_misc', 'binfmt_misc',
                                BINFMT], capture_output=True)
            if (BINFMT / 'register').exists():
                name = f'hosts-test-{self.host.name}-{os.getpid()}'
                (BINFMT / 'register').write_text(
                    f':{name}:M::{MAGIC}{self.host.machine}:{MASK}:'
                    f'{self.interpreter}:')
                self.entry = BINFMT / name
        return self.entry

    def __exit__(self, *exc):
        if self.entry:
            self.entry.write_text('-1')


class Host:
    """@machine: its number in ELF files, as binfmt_misc wants it."""

    def __init__(self, name, machine, prefixes, *options):
        self.name, self.machine, self.options = name, machine, options
        self.qemu = f'/usr/bin/qemu-{name}'
        self.prefix = next((p for p in prefixes if shutil.which(p + 'gcc')),
                           None)
        self.sysroot = self.compiler('-print-sysroot') if self.prefix else ''
        if self.prefix and self.sysroot in ('', '/'):
            self.sysroot = '/usr/' + self.compiler('-dumpmachine')

    def compiler(self, question):
        return subprocess.run([self.prefix + 'gcc', question], text=True,
                              capture_output=True).stdout.strip()

    def missing(self):
        if os.uname().machine != 'x86_64' or not self.prefix or \
                not os.path.exists(self.qemu):
            return f'needs an x86-64 machine, a {self.name} cross compiler ' \
                   f'and qemu-{self.name}'
        return None

    def build(self, builddir):
        """Returns the emulator's command, or None and why not."""
        p = subprocess.run([ROOT / 'configure', f'--builddir={builddir}',
                            f'--cross-prefix={self.prefix}', *self.options],
                           capture_output=True, text=True)
        if p.returncode == 0:
            p = subprocess.run(['ninja', '-C', builddir, 'qemu-x86_64'],
                               capture_output=True, text=True)
        if p.returncode:
            return None, (p.stdout + p.stderr)[-1500:]
        return [self.qemu, '-L', self.sysroot,
                os.path.join(builddir, 'qemu-x86_64')], ''


class Comparison:
    """Programs, run here and by the emulator @emu on the host."""

    def __init__(self, host, emu, can_exec, report):
        self.host, self.emu, self.can_exec = host, emu, can_exec
        self.report = report

    def __call__(self, name, argv, timeout=120, execs=False, accel='tcg'):
        report = self.report
        if execs and not self.can_exec:
            report('SKIP', name, 'binfmt_misc cannot be used here')
            return
        env = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C', 'HOME': '/tmp',
               'QEMU_LD_PREFIX': self.host.sysroot}
        kw = dict(env=env, stdin=subprocess.DEVNULL, capture_output=True,
                  text=True, errors='replace')
        want = subprocess.run(argv, **kw)
        options = ['-accel', accel] if accel else []
        try:
            got = subprocess.run(self.emu + options + argv, timeout=timeout,
                                 **kw)
        except subprocess.TimeoutExpired:
            report('FAIL', name, f'timeout after {timeout} s')
            return
        if (got.returncode, got.stdout) == (want.returncode, want.stdout):
            report('ok', name, f'{len(want.stdout)} bytes, status '
                   f'{want.returncode}')
        else:
            report('FAIL', name, f'status {got.returncode} (native '
                   f'{want.returncode}), stdout {got.stdout[:200]!r} (native '
                   f'{want.stdout[:200]!r}), stderr {got.stderr[-300:]!r}')


def hellos(folder, compare, accels):
    src = pathlib.Path(folder) / 'hello.c'
    src.write_text(HELLO)
    for name, flags in (('static', ['-static']), ('dynamic', []),
                        ('static-pie', ['-static-pie'])):
        exe = os.path.join(folder, 'hello-' + name)
        subprocess.run(['gcc', '-O1', '-w', *flags, '-o', exe, src,
                        '-lm', '-lpthread'], check=True)
        for accel in accels:
            compare(f'hello-{name}' + (f' -accel {accel}' if accel else ''),
                    [exe, 'world'], accel=accel)


def busybox(compare, report, **options):
    bb = '/bin/busybox'
    if not os.path.exists(bb):
        report('SKIP', 'busybox', 'busybox-static is not installed')
        return
    for name, argv in (
            ('true', ['true']), ('ls', ['ls', '-ln', '/etc/passwd']),
            ('sort', ['sort', '/etc/passwd']),
            ('md5sum', ['md5sum', bb]),
            ('awk', ['awk', 'BEGIN { for (i = 0; i < 2000; i++) '
                     's += i * 1.5; print s, sqrt(2) }']),
            ('sed', ['sed', 's/o/0/g', '/etc/passwd']),
            ('sh', ['sh', '-c', 'x=$(echo a | cat); for i in 1 2 3; do '
                    'echo $x$i; done; exit 4']),
            ('gzip', ['sh', '-c', 'busybox gzip -c /etc/services | '
                      'busybox gunzip | busybox md5sum']),
            ('find', ['find', '/usr/share/doc/bash']),
            ('expr', ['expr', '7', '*', '191'])):
        compare('busybox-' + name, [bb] + argv, execs=name in ('sh', 'gzip'),
                **options)


BASH = ['/bin/bash', '-c', 'for i in {1..20}; do echo $((i*i)); done | '
        'sort -n | tail -3; exit 6']


def suite(script, emu, report, *args):
    """The verdicts of another suite as tests of this one."""
    p = subprocess.run([ROOT / 'tests' / script / 'run.py', '--nested',
                        '--emulator', ' '.join(emu), *args],
                       capture_output=True, text=True)
    lines = [x for x in p.stdout.splitlines()
             if x.startswith(('ok ', 'FAIL ', 'SKIP '))]
    if not lines or (p.returncode and
                     not any(x.startswith('FAIL') for x in lines)):
        report('FAIL', script, (p.stdout + p.stderr)[-500:])
    for line in lines:
        verdict, _, rest = line.partition(' ')
        report(verdict, rest.strip())


def isa(emu, report, cases, ways=('interp', 'tcg,cold=0', 'tcg,cold=255')):
    """Instructions: what a CPU has left is recorded by tests/isa."""
    spec = importlib.util.spec_from_file_location('isa',
                                                  ROOT / 'tests/isa/run.py')
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    record = tests.Record()
    with tempfile.TemporaryDirectory(prefix='hosts-isa-') as d, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        exe, rows = tests.build(pathlib.Path(d))
        for accel in ways:
            run = tests.Config(accel, emu + ['-accel', accel], {}, cases, 0)
            error = run.setup(exe, record.features)
            if error or record.features & ~run.features & (tests.NO_TRANS - 1):
                report('FAIL', f'isa -accel {accel}', error or
                       'features of the record are missing')
                continue
            # A process for a few cases: what it maps as it grows must not come
            # to lie where a case expects nothing.
            step = len(record.values) // 512 * 32
            count = max(cases // 16, 32)
            pieces = [(i * step + at, min(2048, count - at))
                      for i in range(16) for at in range(0, count, 2048)]
            done, bad, errors = 0, [], []
            for n, b, e in pool.map(
                    lambda piece: record.compare(run.run, *piece), pieces):
                done, bad = done + n, bad + b
                if e:
                    errors.append(e)
            report('FAIL' if bad or errors else 'ok', f'isa -accel {accel}',
                   f'{done} cases' + ''.join(f'; {e}' for e in errors) +
                   (f', {len(bad)} differ: ' + ' '.join(
                       f'{i}:{rows[r][0]}' for i, r in bad[:12])
                    if bad else ''))
        exe = pathlib.Path(d) / 'longdouble'
        tests.longdouble.build(exe)
        tests.longdouble.check_one(emu, {}, exe, 500, True, 'tcg', report)
