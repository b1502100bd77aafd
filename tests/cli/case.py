# SPDX-License-Identifier: GPL-2.0-or-later
"""What a case of the command line is made of."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TESTS = []


class Skip(Exception):
    pass


def test(fn):
    TESTS.append(fn)
    return fn


class Ctx:
    def __init__(self, emu, work):
        self.emu, self.work = emu, work

    def run(self, *argv, env=None, **kw):
        e = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C'}
        e.update(env or {})
        return subprocess.run([self.emu, *map(str, argv)], env=e, text=True,
                              capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, cwd=self.work, **kw)

    def compile(self, name, text, *flags):
        src = self.work / (name + '.c')
        src.write_text(text)
        subprocess.run(['gcc', '-O1', '-w', '-o', self.work / name, src,
                        *flags], check=True)
        return self.work / name


def expect(p, rc, out=None, err=None, err_re=None):
    assert p.returncode == rc, \
        f'status {p.returncode}, expected {rc}; stderr {p.stderr!r}'
    if out is not None:
        assert p.stdout == out, f'stdout {p.stdout!r}, expected {out!r}'
    if err is not None:
        assert p.stderr == err, f'stderr {p.stderr!r}, expected {err!r}'
    if err_re is not None:
        assert re.search(err_re, p.stderr), \
            f'stderr {p.stderr!r} does not match {err_re!r}'
