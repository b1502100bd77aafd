# SPDX-License-Identifier: GPL-2.0-or-later
"""The test library, from a guest program: every class of arguments, callbacks,
threads, signals, faults ... in every way of calling.  The native run is the
expectation."""
import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
WAYS = {'off': 'off', 'on': 'on,+experimental',
        'slot': 'on,+experimental,method=slot',
        'entry': 'on,+experimental,method=entry'}


def build(d, cc='gcc'):
    """The guest's copy of the library and the program; x86-64."""
    guest = d / 'guest'
    guest.mkdir()
    subprocess.run([cc, '-O1', '-w', '-shared', '-fPIC', '-pthread',
                    '-Wl,-soname,libkzttest.so.1', '-o',
                    guest / 'libkzttest.so.1', HERE / 'libkzttest.c'],
                   check=True)
    subprocess.run([cc, '-O1', '-w', '-pthread', '-o', d / 'libtest',
                    HERE / 'libtest.c', guest / 'libkzttest.so.1',
                    f'-Wl,-rpath,{guest}'], check=True)
    return d / 'libtest'


# What qemu-user 7.2 as the host of the emulator says when it aborts, by chance,
# at the first thread of a child whose parent had threads that were just ending.
HOST_ABORTS = 'plugins/core.c'


def run(cmd, **kw):
    for _ in range(3):
        p = subprocess.run(cmd, capture_output=True, text=True, timeout=300,
                           check=False, **kw)
        if HOST_ABORTS not in p.stderr:
            break
    return p.returncode, p.stdout, p.stderr


def cases(emu, hostlibs, d, check):
    d = pathlib.Path(d)
    prog = build(d)
    want = run([prog])

    def one(way, more=()):
        report = d / f'{way}.json'
        env = {'PATH': '/usr/bin:/bin', 'LD_LIBRARY_PATH': hostlibs}
        got = run([emu, '-E', 'LD_LIBRARY_PATH=', '-kzt', WAYS[way],
                   '-kzt-report', str(report), *more, prog], env=env)
        assert got == want, f'{got}, natively {want}'
        if way != 'off':
            calls = sum(f['calls'] for f in
                        json.loads(report.read_text())['functions']
                        if f['library'] == 'kzttest')
            assert calls > 250000, f'{calls} native calls'

    def native():
        assert want[0] == 0 and 'FAIL' not in want[1], want

    check('lib-native', native)
    for way in WAYS:
        check(f'lib-{way}', lambda way=way: one(way))
    check('lib-interp', lambda: one('on', ['-accel', 'interp']))
