#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The dl API through pass-through: the guest's answer is the answer.

Each row is a run of tests/kzt/dl.c natively and with pass-through off and on
in every way; what it prints must be the same.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROWS = ('open', 'dependency', 'close', 'reopen', 'sym', 'versions', 'errors',
        'info', 'namespaces', 'modes', 'objects', 'many', 'threads')
LINKS = {'pie': [], 'nopie-now': ['-no-pie', '-fno-pie', '-Wl,-z,now'],
         'lazy': ['-Wl,-z,lazy'], 'noplt': ['-fno-plt'],
         'norelro': ['-Wl,-z,norelro,-z,lazy']}
INTERPOSE = {'none': [], 'crc32': ['-DOWN_CRC32'],
             'combine': ['-DOWN_COMBINE', '-Wl,-z,lazy'],
             'both-lazy': ['-DOWN_CRC32', '-DOWN_COMBINE', '-Wl,-z,lazy']}
WAYS = {'off': 'off', 'on': 'all,+experimental',
        'slot': 'all,+experimental,method=slot',
        'entry': 'all,+experimental,method=entry',
        'shadow': 'all,+experimental,shadow'}
# Functions that must have run natively, where nothing forbids it.
NATIVE = {'open': ('crc32', 'kt_i32'), 'reopen': ('kt_i32',),
          'modes': ('kt_i32',), 'dependency': ('compress',)}
MANY = 530


def build(d):
    """The guest's libraries and programs; they are ordinary ones."""
    def cc(name, src, *flags):
        subprocess.run(['gcc', '-O1', '-o', d / name, HERE / src, *flags],
                       check=True, cwd=d)

    def lib(name, macro, *flags):
        cc(name, 'dl-libs.c', '-shared', '-fPIC', f'-D{macro}', *flags)

    (d / 'v.map').write_text('DL_1 { global: dl_version; local: *; };\n'
                             'DL_2 { } DL_1;\n')
    (d / 'dl.c.txt').write_text('text\n')
    cc('libkzttest.so.1', 'libkzttest.c', '-shared', '-fPIC', '-pthread',
       '-w', '-Wno-psabi', '-Wl,-soname,libkzttest.so.1')
    origin = '-Wl,-rpath,$ORIGIN'
    lib('libdlplugin.so', 'PLUGIN', './libkzttest.so.1', origin,
        '-Wl,-z,lazy')
    lib('libdlnext.so', 'NEXT', '-Wl,--no-as-needed', './libkzttest.so.1',
        origin)
    lib('libdlversions.so', 'VERSIONS', '-Wl,--version-script=v.map')
    lib('libdlmissing.so', 'MISSING')
    (d / 'many').mkdir()
    lib('many/libmany0.so', 'MANY=1', '-nostdlib')
    for i in range(1, MANY):
        shutil.copy(d / 'many/libmany0.so', d / f'many/libmany{i}.so')
    for name, flags in INTERPOSE.items():
        cc(f'interpose-{name}', 'dl-interpose.c', '-w', '-lz', *flags)
    cc('libdlpre.so', 'dl-interpose.c', '-DPRELOAD', '-shared', '-fPIC')
    for name, flags in LINKS.items():
        cc(f'dl-{name}', 'dl.c', '-w', '-lz', *flags)
    if shutil.which('musl-gcc'):
        m = d / 'musl'
        m.mkdir()
        for name, src, *flags in (
                ('libkzttest.so.1', 'libkzttest.c', '-shared', '-fPIC',
                 '-Wno-psabi', '-Wl,-soname,libkzttest.so.1'),
                ('dl-musl', 'dl-musl.c', './libkzttest.so.1', origin)):
            subprocess.run(['musl-gcc', '-O1', '-w', '-pthread', '-o',
                            m / name, HERE / src, *flags], check=True, cwd=m)
    return d


class Suite:
    """@emu: the emulator, or a command that ends with it."""

    def __init__(self, emu, hostlibs, d):
        self.emu = [emu] if isinstance(emu, str) else emu
        self.d = d
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith('QEMU_')}
        # For the host's loader alone: the guest does not see it.
        self.emu_env = {**self.env, 'LD_LIBRARY_PATH': str(hostlibs)}
        self.expected = {}

    def run(self, cmd, env):
        p = subprocess.run(cmd, env=env, capture_output=True, text=True,
                           timeout=120, errors='replace', check=False)
        return p.returncode, p.stdout, p.stderr

    def guest(self, link, row):
        return [str(self.d / f'dl-{link}'), row, str(self.d)]

    def native(self, link, row):
        if (link, row) not in self.expected:
            self.expected[link, row] = self.run(self.guest(link, row),
                                                self.env)
            assert self.expected[link, row][0] == 0, self.expected[link, row]
        return self.expected[link, row]

    def emulated(self, link, row, way, *options, **env):
        return self.run([*self.emu, '-U', 'LD_LIBRARY_PATH', '-kzt',
                         WAYS[way], *options, *self.guest(link, row)],
                        {**self.emu_env, **env})

    def row(self, link, row, way):
        """The same output; natively where that is told."""
        status, out, _ = self.native(link, row)
        got, text, log = self.emulated(link, row, way, '-d', 'kzt')
        assert (got, text) == (status, out), \
            f'status {got}\n' + difference(out, text) + log[-800:]
        assert 'internal error' not in log, log[-800:]
        for fn in NATIVE.get(row, ()) if way in ('on', 'slot', 'entry') \
                else ():
            assert re.search(rf'\b{fn}\b.*guest-owner-target', log), \
                f'{fn} did not run natively\n{log[-1500:]}'

    def interpose(self, name, way, preload):
        """A function that the program or a preloaded library provides."""
        env = {'LD_PRELOAD': str(self.d / 'libdlpre.so')} if preload else {}
        prog = [str(self.d / f'interpose-{name}')]
        status, out, log = self.run(prog, {**self.env, **env})
        assert status == 0 and ('preloaded' in out) == preload, (out, log)
        got, text, log = self.run(
            [*self.emu, '-U', 'LD_LIBRARY_PATH', '-kzt', WAYS[way], '-d',
             'kzt', *(x for k, v in env.items() for x in ('-E', f'{k}={v}')),
             *prog], self.emu_env)
        assert (got, text) == (status, out), \
            difference(out, text) + log[-1500:]

    def musl(self, way):
        """A guest with another C library than the host's."""
        m = self.d / 'musl'
        prog = [str(m / 'dl-musl'), str(m / 'libkzttest.so.1')]
        status, out, log = self.run(prog, self.env)
        assert status == 0, (out, log)
        got, text, log = self.run([*self.emu, '-U', 'LD_LIBRARY_PATH', '-kzt',
                                   WAYS[way], '-d', 'kzt', *prog],
                                  self.emu_env)
        assert (got, text) == (status, out), \
            difference(out, text) + log[-1500:]
        if way in ('on', 'slot', 'entry'):
            assert re.search(r'\bkt_sort\b.*guest-owner-target', log)

    def source(self, row, way, source):
        """Events from one source alone, which may not see dlopen() at all:
        then the call works all the same, emulated."""
        status, out, _ = self.native('pie', row)
        got, text, log = self.emulated('pie', row, way, '-d', 'kzt',
                                       QEMU_LOADER_SOURCES=source)
        assert (got, text) == (status, out), \
            difference(out, text) + log[-800:]
        native = re.search(r'\bkt_i32\b.*guest-owner-target', log)
        assert bool(native) == (source != 'entry'), log[-800:]

    def growth(self, way):
        """Libraries come and go for long: memory stays."""
        peaks = []
        for rounds in (100, 1500):
            p = subprocess.Popen([*self.emu, '-U', 'LD_LIBRARY_PATH', '-kzt',
                                  WAYS[way], *self.guest('pie', 'reopen'),
                                  str(rounds)], env=self.emu_env,
                                 stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(p.pid, 0)
            p.returncode = status
            assert status == 0, status
            peaks.append(usage.ru_maxrss)
        assert peaks[1] < peaks[0] + 4096, peaks

    def too_many(self):
        """A registration that fails says why."""
        _, _, log = self.emulated('pie', 'many', 'on', '-d', 'loader')
        assert 'too many objects' in log, log[-800:]


def difference(a, b):
    for x, y in zip(a.splitlines() + ['(end)'], b.splitlines() + ['(end)']):
        if x != y:
            return f'expected: {x}\ngot:      {y}\n'
    return ''


def cases(emu, hostlibs, d, check):
    """check(name, function) runs one case."""
    d = pathlib.Path(d) / 'dl'
    d.mkdir()
    suite = Suite(emu, hostlibs, build(d))
    for row in ROWS:
        for way in WAYS:
            check(f'dl-{row}-{way}', lambda: suite.row('pie', row, way))
    for link in list(LINKS)[1:]:
        for row in ('dependency', 'sym', 'info', 'reopen', 'close'):
            for way in ('on', 'slot', 'entry'):
                check(f'dl-{row}-{link}-{way}',
                      lambda: suite.row(link, row, way))
    for way in WAYS if (d / 'musl').exists() else ():
        check(f'dl-musl-{way}', lambda: suite.musl(way))
    for name in INTERPOSE:
        for way in WAYS:
            check(f'interpose-{name}-{way}',
                  lambda: suite.interpose(name, way, False))
        check(f'interpose-{name}-preload',
              lambda: suite.interpose(name, 'on', True))
    for source in ('r_debug', 'relro', 'mmap', 'entry', 'ldso-hook'):
        for row in ('open', 'reopen', 'modes'):
            for way in ('on', 'slot'):
                check(f'dl-{row}-{way}-{source}',
                      lambda: suite.source(row, way, source))
    for way in ('on', 'slot'):
        check(f'dl-growth-{way}', lambda: suite.growth(way))
    check('dl-too-many', suite.too_many)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--host-libs', required=True,
                    help='directory with the host\'s libkzttest')
    ap.add_argument('--only', default='')
    args = ap.parse_args()
    count = {'passed': 0, 'failed': 0}

    def check(name, fn):
        if args.only not in name:
            return
        try:
            fn()
            count['passed'] += 1
            print(f'ok   kzt/{name}')
        except (AssertionError, subprocess.TimeoutExpired) as e:
            count['failed'] += 1
            print(f'FAIL kzt/{name}: {e}')

    with tempfile.TemporaryDirectory(prefix='kzt-dl-') as d:
        cases(os.path.abspath(args.emulator), os.path.abspath(args.host_libs),
              d, check)
    print('dl: {passed} passed, {failed} failed, 0 skipped'.format(**count))
    return 1 if count['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
