#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Loader events from real guest loaders: glibc and musl, each source alone.

The guest writes marks to standard error, the emulator its `-d loader` lines;
the order of both is what is tested.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bindings  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MANY = 32           # libraries that come and go together
SOURCES = ('r_debug', 'relro', 'mmap', 'entry', 'ldso-hook')
EVENT = re.compile(r"loader: (\S+) (\S+) ns (\d+) (map|header) \S+ .*"
                   r"gen (\d+) '([^']*)'(.*)")
results = {'passed': 0, 'failed': 0, 'skipped': 0}


class Run:
    """One run of a guest: its lines in order."""

    def __init__(self, emu, prog, *args, sources='', page=0, options=()):
        env = dict(os.environ, QEMU_LOADER_SOURCES=sources)
        env.pop('QEMU_LOG', None)
        if page:
            env['QEMU_HOST_PAGESIZE'] = str(page)
        p = subprocess.run([emu, '-d', 'loader', *options, prog, *args],
                           env=env, capture_output=True, text=True,
                           timeout=300, errors='replace')
        self.status = p.returncode
        self.out = p.stdout
        self.lines = [l for l in p.stderr.splitlines()
                      if ' offset ' not in l]
        self.text = '\n'.join(self.lines)

    def at(self, pattern, start=0):
        """Index of the first line from start on that matches, or fail."""
        for i, line in enumerate(self.lines[start:], start):
            if re.search(pattern, line):
                return i
        raise AssertionError(f'no line {pattern!r} from line {start} on\n'
                             + self.text[-1500:])

    def events(self):
        return [m.groups() for m in map(EVENT.search, self.lines) if m]


def check(name, fn):
    try:
        fn()
        results['passed'] += 1
        print(f'ok   loader/{name}')
    except (AssertionError, subprocess.TimeoutExpired) as e:
        results['failed'] += 1
        print(f'FAIL loader/{name}: {e}')


def only_source(run, source):
    assert run.status == 0, (run.status, run.text[-1500:])
    assert {e[0] for e in run.events()} == {source}, run.text[-1500:]
    bad = [e for e in run.events() if 'rejected' in e[6]]
    assert not bad, bad


def start_case(emu, prog, source, page, libc):
    """At program start every object is known before main()."""
    r = Run(emu, prog, 'none', sources=source, page=page)
    only_source(r, source)
    main = r.at('mark: main')
    r.at(f'loader: {source} .*{libc}')
    assert r.at(f'loader: {source} .*{libc}') < main
    if source in ('entry', 'ldso-hook'):
        assert r.at(f'loader: {source} relocated .*{libc}') < main
    if source == 'relro':
        assert r.at(f'relro-start .*relro .*{libc}') < main


def dlopen_case(emu, prog, plugin, source, page):
    """dlopen(): known before the constructor runs; gone after dlclose()."""
    r = Run(emu, prog, 'dlopen', plugin, sources=source, page=page)
    only_source(r, source)
    name = pathlib.Path(plugin).name
    opened = r.at('mark: dlopen')
    constructor = r.at('mark: constructor', opened)
    assert opened < r.at(f'loader: {source} .*{name}', opened) < constructor
    if source in ('r_debug', 'mmap'):
        gone = r.at(f'loader: gone .*{name}', constructor)
        assert gone < r.at('mark: closed')


def musl_dlopen_case(emu, prog, plugin, source, page):
    """The same for musl, which tells its debugger after constructors and
    never unmaps."""
    r = Run(emu, prog, 'dlopen', plugin, sources=source, page=page)
    only_source(r, source)
    opened = r.at('mark: dlopen')
    at = r.at(f'loader: {source} .*{pathlib.Path(plugin).name}', opened)
    assert at < r.at('mark: opened')
    if source != 'r_debug':
        assert at < r.at('mark: constructor', opened)


def dlmopen_case(emu, prog, plugin, page, source=''):
    r = Run(emu, prog, 'dlmopen', plugin, page=page, sources=source)
    assert r.status == 0, r.text[-1500:]
    ns = re.search(r'mark: namespace (\d+)', r.text).group(1)
    name = pathlib.Path(plugin).name
    assert any(e[2] == ns and e[5].endswith(name) for e in r.events())
    # Mappings do not say what namespace they are for until a list does.
    if source != 'mmap':
        assert any(e[2] == ns and 'libc.so.6' in e[5] for e in r.events())
    assert any(e[2] == '0' and 'libc.so.6' in e[5] for e in r.events())
    if source not in ('relro', 'ldso-hook'):
        r.at(f'loader: gone ns {ns} .*{name}')


def generations_case(emu, prog, plugin, page):
    """The same addresses again and again: a generation each."""
    n = 200
    r = Run(emu, prog, 'cycles', plugin, str(n), page=page)
    assert r.status == 0, r.text[-1500:]
    name = pathlib.Path(plugin).name
    gens = {e[4] for e in r.events() if e[5].endswith(name)}
    assert len(gens) == n, len(gens)
    gone = sum(1 for l in r.lines if 'loader: gone' in l and name in l)
    assert gone == n, gone


def peak(emu, prog, mode, plugin, n):
    """Peak memory of the emulator in KiB after n cycles."""
    env = dict(os.environ, QEMU_LOADER_SOURCES='')
    with open(os.devnull, 'w', encoding='utf-8') as null:
        p = subprocess.Popen([emu, '-d', 'loader', prog, mode, plugin,
                              str(n)], env=env, stdout=null, stderr=null)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = status
    assert status == 0, status
    return usage.ru_maxrss


def growth_case(emu, prog, mode, plugin, low, high):
    few, many = (peak(emu, prog, mode, plugin, n) for n in (low, high))
    print(f'     peak {few} KiB after {low} cycles, {many} KiB after {high}')
    assert many < few + 1024, (few, many)


def growth_cases(emu, prog, plugin, d):
    check('glibc-growth',
          lambda: growth_case(emu, prog, 'cycles', plugin, 200, 3000))
    many = d / 'many'
    many.mkdir()
    for i in range(MANY):
        shutil.copy(plugin, many / f'libplugin{i}.so')
    check('glibc-growth-many-libraries',
          lambda: growth_case(emu, prog, f'many{MANY}', str(many), 20, 250))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--long', action='store_true')
    ap.add_argument('--nested', action='store_true',
                    help='the emulator runs in another one, which has larger '
                    'pages: no simulation, no measuring')
    args = ap.parse_args()
    emu = os.path.abspath(args.emulator)
    version = subprocess.run([emu, '-version'], capture_output=True,
                             text=True, check=True).stdout
    if 'not built in' in version:
        print('SKIP loader: built without pass-through')
        print('loader: 0 passed, 0 failed, 1 skipped')
        return 0
    with tempfile.TemporaryDirectory(prefix='loader-') as d:
        d = pathlib.Path(d)

        def build(cc, name, src, *flags):
            subprocess.run([cc, '-O1', '-o', d / name, HERE / src, *flags],
                           check=True)
            return str(d / name)

        prog = build('gcc', 'guest', 'guest.c', '-Wl,-z,relro,-z,now')
        lazy = build('gcc', 'guest-lazy', 'guest.c', '-no-pie',
                     '-Wl,-z,lazy')
        plugin = build('gcc', 'libplugin.so', 'plugin.c', '-shared', '-fPIC')
        for page in (0,) if args.nested else (0, 16384):
            tag = f'-{page // 1024}k' if page else ''
            for source in SOURCES:
                for kind, p in (('now', prog), ('lazy', lazy)):
                    check(f'glibc-start-{kind}-{source}{tag}',
                          lambda: start_case(emu, p, source, page, 'libc.so'))
                if source != 'entry':
                    check(f'glibc-dlopen-{source}{tag}',
                          lambda: dlopen_case(emu, prog, plugin, source,
                                              page))
            check(f'glibc-dlmopen{tag}',
                  lambda: dlmopen_case(emu, prog, plugin, page))
            check(f'glibc-generations{tag}',
                  lambda: generations_case(emu, prog, plugin, page))
        for source in ('r_debug', 'relro', 'mmap', 'ldso-hook'):
            check(f'glibc-dlmopen-{source}',
                  lambda: dlmopen_case(emu, prog, plugin, 0, source))
        if args.nested:
            print('SKIP loader/glibc-growth: would measure the outer '
                  'emulator')
            results['skipped'] += 1
        else:
            growth_cases(emu, prog, plugin, d)
        bindings.cases(emu, d, build, check, Run)
        if shutil.which('musl-gcc'):
            mprog = build('musl-gcc', 'guest-musl', 'guest.c')
            mplug = build('musl-gcc', 'libplugin-musl.so', 'plugin.c',
                          '-shared', '-fPIC')
            for source in SOURCES:
                libc = r'(musl|libc\.so)'
                check(f'musl-start-{source}',
                      lambda: start_case(emu, mprog, source, 0, libc))
                if source in ('r_debug', 'relro', 'mmap'):
                    check(f'musl-dlopen-{source}',
                          lambda: musl_dlopen_case(emu, mprog, mplug, source,
                                                   0))
        else:
            print('SKIP loader/musl: musl-gcc is not installed')
            results['skipped'] += 1
    print('loader: {passed} passed, {failed} failed, {skipped} skipped'
          .format(**results))
    return 1 if results['failed'] else 0


if __name__ == '__main__':
    raise SystemExit(main())
